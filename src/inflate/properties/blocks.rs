//! Blocks of all kinds, as no compressor makes them.

use super::*;

/// Choices that octets decide, so that less of them decide for something shorter.
struct Draw<'a>(std::slice::Iter<'a, u8>);

impl Draw<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let mut octet = || usize::from(*self.0.next().unwrap_or(&0));
        (octet() << 8 | octet()) % limit.max(1)
    }
}

/// Bits, from the low end of each octet on.
#[derive(Default)]
struct Bits {
    octets: Vec<u8>,
    count: usize,
}

impl Bits {
    fn put(&mut self, value: usize, count: usize) {
        for bit in 0..count {
            if self.count.is_multiple_of(8) {
                self.octets.push(0);
            }
            *self.octets.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.count % 8);
            self.count += 1;
        }
    }

    /// A code begins with its highest bit.
    fn put_code(&mut self, (code, len): (usize, u8)) {
        (0..len).rev().for_each(|bit| self.put(code >> bit, 1));
    }

    fn align(&mut self) {
        self.put(0, self.count.next_multiple_of(8) - self.count);
    }
}

/// The codes of RFC 1951 §3.2.2.
fn codes(lengths: &[u8]) -> Vec<(usize, u8)> {
    let mut codes = vec![(0, 0); lengths.len()];
    let mut next = 0;
    for len in 1..=15 {
        next <<= 1;
        for (code, _) in codes.iter_mut().zip(lengths).filter(|(_, of)| **of == len) {
            (*code, next) = ((next, len), next + 1);
        }
    }
    codes
}

/// Lengths of codes for so many of `all` symbols, `needed` among them: all that bits can tell apart, if not a single one.
fn lengths(draw: &mut Draw<'_>, count: usize, all: usize, most: u8, needed: &[usize]) -> Vec<u8> {
    let mut symbols = needed.to_vec();
    for _ in 0..count {
        let symbol = draw.below(all);
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }
    let mut tree = vec![u8::from(symbols.len() == 1)];
    while tree.len() < symbols.len() {
        // The deepest leaf, for long codes, or any.
        let from = if draw.below(2) == 0 { tree.len() - 1 } else { draw.below(tree.len()) };
        let leaf = (from..tree.len()).chain(0..from).find(|leaf| tree[*leaf] < most).unwrap();
        tree[leaf] += 1;
        tree.push(tree[leaf]);
    }
    let mut lengths = vec![0; all];
    symbols.iter().zip(tree).for_each(|(symbol, len)| lengths[*symbol] = len);
    lengths
}

/// Writes the lengths that stand before a block with codes of its own (RFC 1951 §3.2.7).
fn put_lengths(draw: &mut Draw<'_>, bits: &mut Bits, literals: &[u8], distances: &[u8]) {
    let all = [literals, distances].concat();
    let of_lengths = lengths(draw, 0, 19, 7, &(0..19).collect::<Vec<_>>());
    let codes = codes(&of_lengths);
    bits.put(literals.len() - 257, 5);
    bits.put(distances.len() - 1, 5);
    bits.put(19 - 4, 4);
    for symbol in [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15] {
        bits.put(usize::from(of_lengths[symbol]), 3);
    }
    let mut at = 0;
    while at < all.len() {
        let run = all[at..].iter().take_while(|len| **len == all[at]).count();
        let (symbol, extra, least, most) = match all[at] {
            0 if run >= 11 => (18, 7, 11, 138),
            0 => (17, 3, 3, 10),
            _ => (16, 2, 3, 6),
        };
        let can_repeat = run >= least && (symbol != 16 || at > 0 && all[at - 1] == all[at]);
        if can_repeat && draw.below(5) > 0 {
            let times = run.min(most) - draw.below(run.min(most) - least + 1);
            bits.put_code(codes[symbol]);
            bits.put(times - least, extra);
            at += times;
        } else {
            bits.put_code(codes[usize::from(all[at])]);
            at += 1;
        }
    }
}

/// Some of the symbols that have codes, and mostly an end.
fn put_symbols(draw: &mut Draw<'_>, bits: &mut Bits, literals: &[u8], distances: &[u8]) {
    let used = |lengths: &[u8]| (0..lengths.len()).filter(|it| lengths[*it] > 0).collect::<Vec<_>>();
    let (symbols, ways) = (used(literals), used(distances));
    let (literals, distances) = (codes(literals), codes(distances));
    for _ in 0..draw.below(60) {
        let symbol = symbols[draw.below(symbols.len())];
        let is_copy = symbol > 256;
        if symbol == 256 || is_copy && ways.is_empty() {
            continue;
        }
        bits.put_code(literals[symbol]);
        if is_copy {
            let extra = if (265..285).contains(&symbol) { (symbol - 261) / 4 } else { 0 };
            bits.put(draw.below(1 << extra), extra);
            let way = ways[draw.below(ways.len())];
            bits.put_code(distances[way]);
            let extra = (way / 2).saturating_sub(1);
            bits.put(draw.below(1 << extra), extra);
        }
    }
    if draw.below(40) < 39 {
        bits.put_code(literals[256]);
    }
}

/// A message of some blocks, most of them right.
fn message(draw: &mut Draw<'_>) -> Vec<u8> {
    let mut bits = Bits::default();
    let mut is_last = 0;
    for _ in 0..draw.below(5) {
        if is_last == 1 {
            bits.align();
        }
        is_last = usize::from(draw.below(6) == 1);
        bits.put(is_last, 1);
        let kind = match draw.below(60) {
            59 => 3,
            kind => kind % 3,
        };
        bits.put(kind, 2);
        match kind {
            0 => {
                bits.align();
                let len = draw.below(300);
                bits.put(len, 16);
                bits.put(!len ^ usize::from(draw.below(40) == 1), 16);
                (0..len).for_each(|_| bits.put(draw.below(256), 8));
            }
            1 => {
                let literals: Vec<u8> = (0..288)
                    .map(|it| [8, 9, 7, 8][(it >= 144) as usize + (it >= 256) as usize + (it >= 280) as usize])
                    .collect();
                put_symbols(draw, &mut bits, &literals, &[5; 32]);
            }
            _ => {
                let (all, ways) = (257 + draw.below(30), 1 + draw.below(30));
                let (count, used) = (draw.below(all), draw.below(ways + 1));
                let mut literals = lengths(draw, count, all, 15, &[256]);
                let distances = lengths(draw, used, ways, 15, &[]);
                if draw.below(20) == 1 {
                    // Too many codes, or too few.
                    literals[draw.below(256)] = draw.below(16) as u8;
                }
                put_lengths(draw, &mut bits, &literals, &distances);
                put_symbols(draw, &mut bits, &literals, &distances);
            }
        }
    }
    if is_last == 0 {
        bits.put(0, 3);
    }
    bits.octets
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn blocks_of_all_kinds(
        decisions in prop::collection::vec(any::<u8>(), 0..3000), window in prop::sample::select(vec![0, 700, 1 << 15]),
        part in 1..300_usize, parts in 0..4_usize, ahead: u8,
    ) {
        let window: Vec<u8> = (0..window).map(|at: u32| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        let message = message(&mut Draw(decisions.iter()));
        same_end(&message, &SlidingWindow::of(&window), part, parts, ahead)?;
    }
}
