//! WebSocket: frame headers, masking, messages and the rules of RFC 6455.
