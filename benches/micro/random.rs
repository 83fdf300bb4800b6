//! Numbers that look random and are the same in every run, and text made of them.

/// The multiplier and the high half of Knuth's MMIX generator (TAOCP 2, §3.3.4).
pub struct Random(pub u64);

impl Random {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 32) * n) >> 32
    }

    /// A message of `len` octets or a little more, as chats and exchanges send them; with other characters than ASCII's
    /// where it is `mixed`.
    pub fn message(&mut self, len: usize, mixed: bool) -> String {
        const ASCII: [&str; 4] = ["alpha", "bravo", "charlie", "delta"];
        const MIXED: [&str; 4] = ["échange", "消息", "привет", "hotel 🎉"];
        let mut text = String::new();
        while text.len() < len {
            let (id, price) = (self.below(1_000_000), self.below(100_000));
            let words = if mixed { MIXED } else { ASCII };
            let (word, other) = (words[self.below(4) as usize], words[self.below(4) as usize]);
            text.push_str(&format!(
                r#"{{"id":{id},"symbol":"{word}","price":{price}.25,"text":"{other} {word} {other}","live":true}}"#
            ));
        }
        text
    }
}
