//! HTTP/1 as far as a WebSocket needs it: heads, bodies to step over, the Upgrade.
