//! Masking (RFC 6455 §5.3): `transformed-octet-i = original-octet-i XOR masking-key-octet-(i MOD 4)`.

/// The key octet that payload octet `i` is XORed with.
pub fn masking_octet(key: [u8; 4], i: u64) -> u8 {
    key[(i % 4) as usize]
}

/// Masks or unmasks `octets` in place; the first of them is payload octet `first`.
///
/// Works on sixteen octets at a time, so that the compiler uses vector registers: a plain octet loop with `i % 4`
/// is ten times slower.
pub fn unmask(key: [u8; 4], first: u64, octets: &mut [u8]) {
    let key: [u8; 4] = std::array::from_fn(|i| masking_octet(key, first + i as u64));
    let wide = u128::from_ne_bytes(std::array::from_fn(|i| key[i % 4]));
    let mut chunks = octets.chunks_exact_mut(16);
    for chunk in &mut chunks {
        let mut block = [0; 16];
        block.copy_from_slice(chunk);
        chunk.copy_from_slice(&(u128::from_ne_bytes(block) ^ wide).to_ne_bytes());
    }
    for (octet, key) in chunks.into_remainder().iter_mut().zip(key.iter().cycle()) {
        *octet ^= key;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_example() {
        let mut octets = [0x7f, 0x9f, 0x4d, 0x51, 0x58];
        unmask([0x37, 0xfa, 0x21, 0x3d], 0, &mut octets);
        assert_eq!(&octets, b"Hello");
    }

    #[test]
    fn any_start_and_length_equal_the_definition() {
        let key = [1, 20, 133, 240];
        for first in [0, 1, 2, 3, 4, 7, u64::from(u32::MAX), 1 << 40] {
            for len in 0..70 {
                let mut octets: Vec<u8> = (0..len).collect();
                unmask(key, first, &mut octets);
                for (i, octet) in octets.iter().enumerate() {
                    assert_eq!(*octet, i as u8 ^ masking_octet(key, first + i as u64));
                }
            }
        }
    }
}
