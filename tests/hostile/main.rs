//! Synthetic captures of everything that is rare, broken or meant to hurt: what was sent is found, what was not sent is
//! not, and nothing takes the program down.

mod closing;
#[path = "../common/mod.rs"]
mod common;
mod conflicts;
mod decisions;
mod findings;
mod fragments;
mod handshake;
mod late;
mod lengths;
mod links;
mod long_closes;
mod loss;
mod midstream;
mod noise;
mod pairing;
mod scale;
mod seeking;
mod segments;
mod snap;
mod stories;
