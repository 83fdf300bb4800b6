//! How fast the parts are that every packet, frame or payload octet passes, each by itself. How fast the whole is, is
//! told by `benches/table`.
//!
//! ```sh
//! cargo bench --no-default-features              # all
//! cargo bench --no-default-features -- unmask    # those with that name
//! ```

mod capture;
mod frames;
mod inflate;
mod payload;
mod random;
mod tcp;

fn main() {
    divan::main();
}
