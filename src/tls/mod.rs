//! TLS as far as it can be told apart without its secrets (RFC 8446).

mod client_hello;

pub use client_hello::ClientHello;
