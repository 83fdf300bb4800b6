//! Numbers that look random and are the same for the same seed.

use super::peer::Message;
use crate::truth::{CLIENT, SERVER};

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }

    /// Returns whether something that happens `per_mille` times in a thousand happens now.
    pub fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    pub fn fill(&mut self, octets: &mut [u8]) {
        for chunk in octets.chunks_mut(8) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
    }

    /// Returns who speaks: the client `per_mille` times in a thousand.
    pub fn sender(&mut self, per_mille: u64) -> usize {
        if self.chance(per_mille) { CLIENT } else { SERVER }
    }

    /// A line as stock exchanges send them.
    pub fn json(&mut self) -> String {
        const WORDS: [&str; 8] = ["alpha", "bravo", "charlie", "delta", "échange", "消息", "golf", "hotel 🎉"];
        let (id, price) = (self.below(1_000_000), self.below(100_000));
        let (word, other) = (WORDS[self.below(8) as usize], WORDS[self.below(8) as usize]);
        format!(
            "{{\"id\":{id},\"event\":\"trade\",\"symbol\":\"{word}\",\"price\":{price}.25,\"venue\":\"{other}\",\"flags\":[1,2,3],\"live\":true}}"
        )
    }

    /// A message of up to forty such lines; one in ten in three frames.
    pub fn chat(&mut self) -> Message {
        self.lines(40, Random::json)
    }

    /// A message of up to eighty orders, each with a number that compresses badly. Compressed it fills about a segment, and
    /// there are as many frames in the corpus as in the one that the goals were found with.
    pub fn orders(&mut self) -> Message {
        self.lines(80, |random| {
            let (line, number) = (random.json(), u128::from(random.next()) << 64 | u128::from(random.next()));
            format!("{{\"order\":\"{number:032x}\",\"fill\":{line}}}\n")
        })
    }

    fn lines(&mut self, most: u64, mut line: impl FnMut(&mut Random) -> String) -> Message {
        let sender = self.sender(300);
        let lines = 1 + self.below(most);
        let payload: String = (0..lines).map(|_| line(self)).collect();
        let fragments = if self.chance(100) { 3 } else { 1 };
        Message { sender, opcode: 1, compressed: false, fragments, payload: payload.into_bytes() }
    }
}
