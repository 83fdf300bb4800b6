//! Speed of the parts that every packet, frame or payload octet passes, each by itself. The speed of the whole is told
//! by `benches/table`.
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
