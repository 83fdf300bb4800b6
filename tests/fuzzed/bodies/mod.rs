//! One function for each fuzz target: it takes any octets, and panics where something is wrong.

pub mod capture;
pub mod capture_file;
pub mod deframer;
pub mod http_heads;
pub mod inflate;
