//! The bit grid as text: the RFC's figure, two columns a bit.
//!
//! ```text
//!         0                   1                   2                   3
//!         0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!        +-+-+-+-+-------+-+-------------+---------------+---------------+
//!      0 |F|R|R|R|opcode |M| Payload len |    Payload    |
//! ```

use unicode_width::UnicodeWidthStr as _;

use super::table::fit;
use crate::view::{BitGrid, Boundary, Cell, Content, Glyph, GridRow, count};

/// Columns of a row without the closing bar.
const WIDTH: usize = 64;

/// The diagram, line by line.
pub fn lines(grid: &BitGrid) -> Vec<String> {
    let mut lines = vec![
        "        0                   1                   2                   3".to_owned(),
        "        0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1".to_owned(),
    ];
    let mut above: Option<&GridRow> = None;
    for row in &grid.rows {
        lines.push(format!("       {}", border(above, Some(row))));
        for (index, line) in row_lines(row).into_iter().enumerate() {
            let label = if index == 0 { format!("{:>6} ", row.octet) } else { " ".repeat(7) };
            let mark = if index == 0 { boundary_mark(row.octet, &row.boundaries) } else { String::new() };
            lines.push(format!("{label}{line}{mark}").trim_end().to_owned());
        }
        above = Some(row);
    }
    lines.push(format!("       {}", border(above, None)));
    if grid.cut > 0 {
        lines.push(format!("        … and {} behind", count(grid.cut, "payload octet")));
    }
    lines
}

fn boundary_mark(octet: u64, boundaries: &[Boundary]) -> String {
    boundaries
        .iter()
        .map(|boundary| format!("  <- octet {}: packet {}", octet + u64::from(boundary.column / 8), boundary.packet))
        .collect()
}

/// The line between two rows: bars where cells end, and gaps where a field goes on.
fn border(above: Option<&GridRow>, below: Option<&GridRow>) -> String {
    let mut line = [b' '; WIDTH + 1];
    for row in [above, below].into_iter().flatten() {
        for cell in &row.cells {
            let (start, end) = (usize::from(cell.column) * 2, usize::from(cell.column + cell.width) * 2);
            line[start..=end].iter_mut().for_each(|column| {
                if *column == b' ' {
                    *column = b'-';
                }
            });
            line[start] = b'+';
            line[end] = b'+';
        }
    }
    // Where one header field stands above and below, it goes on: the RFC draws such an edge open.
    if let (Some(above), Some(below)) = (above, below) {
        let is_header = |cell: &&Cell| matches!(cell.content, Content::Header { .. });
        for upper in above.cells.iter().filter(is_header).filter(|cell| cell.joins_below) {
            for lower in below.cells.iter().filter(is_header).filter(|cell| cell.field == upper.field) {
                let start = usize::from(upper.column.max(lower.column)) * 2 + 1;
                let end = usize::from((upper.column + upper.width).min(lower.column + lower.width)) * 2;
                for column in line.iter_mut().take(end).skip(start) {
                    *column = b' ';
                }
            }
        }
    }
    String::from_utf8_lossy(&line).trim_end().to_owned()
}

/// The lines of a row between two borders: the bits stand at the foot, what they are above.
fn row_lines(row: &GridRow) -> Vec<String> {
    let cells: Vec<CellText> = row.cells.iter().map(cell_text).collect();
    let height = cells.iter().map(|cell| cell.above.len()).max().unwrap_or_default();
    let line = |text: &dyn Fn(&CellText) -> &str| {
        let mut line = String::from("|");
        for (cell, content) in row.cells.iter().zip(&cells) {
            line.push_str(&centred(text(content), usize::from(cell.width) * 2 - 1));
            line.push('|');
        }
        line
    };
    let above = (0..height).map(|index| line(&|cell| cell.above.get(index).map_or("", String::as_str)));
    above.chain([line(&|cell| &cell.bits)]).collect()
}

fn centred(text: &str, width: usize) -> String {
    let space = width.saturating_sub(text.width());
    fit(&format!("{}{text}", " ".repeat(space / 2)), width)
}

/// The text of a cell.
struct CellText {
    above: Vec<String>,
    bits: String,
}

/// Name, value or meaning, and bits of a cell, as far as its width can hold them.
fn cell_text(cell: &Cell) -> CellText {
    let width = usize::from(cell.width) * 2 - 1;
    match &cell.content {
        // FIN, RSV1 … stand upright, as in the RFC.
        Content::Header { name, bits, .. } if cell.width == 1 => {
            CellText { above: name.chars().map(String::from).collect(), bits: spaced_bits(*bits, 1) }
        }
        Content::Header { name, short_name, bits, value, meaning } => {
            let short_continued = format!("{short_name} (continued)");
            let name = [name, &short_continued].into_iter().find(|name| name.width() <= width);
            let name = name.map_or(*short_name, String::as_str);
            let shown = [meaning, value].into_iter().find(|text| text.width() <= width).filter(|_| !cell.joins_above);
            CellText {
                above: vec![name.to_owned(), shown.cloned().unwrap_or_default()],
                bits: spaced_bits(*bits, cell.width),
            }
        }
        Content::Octet { wire, key, plain, glyph, .. } => {
            let glyph = match glyph {
                Glyph::Char(character, _) if !character.is_control() => format!(" '{character}'"),
                Glyph::Char(..) | Glyph::None => String::new(),
                Glyph::Continuation => "  ..".to_owned(),
            };
            let value = match (wire, key, plain) {
                (Some(wire), Some(key), Some(plain)) => format!("{wire:02x}^{key:02x}={plain:02x}{glyph}"),
                (Some(wire), ..) => format!("{wire:02x}{glyph}"),
                (None, ..) => "not captured".to_owned(),
            };
            CellText {
                above: vec![value],
                bits: wire.map_or("? ? ? ? ? ? ? ?".to_owned(), |octet| spaced_bits(u32::from(octet), 8)),
            }
        }
    }
}

fn spaced_bits(bits: u32, width: u8) -> String {
    let digits: Vec<&str> = (0..width).rev().map(|bit| if bits >> bit & 1 == 1 { "1" } else { "0" }).collect();
    digits.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::FrameView;

    #[test]
    fn the_rfcs_masked_hello() {
        let (view, _) = FrameView::from_octets(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").unwrap();
        let text = lines(&BitGrid::new(&view, 64)).join("\n");
        assert_eq!(
            text.lines().nth(3).unwrap(),
            "     0 |F|R|R|R|opcode |M| Payload len |          Masking-key          |"
        );
        assert!(text.contains("|1|0|0|0|0 0 0 1|1|0 0 0 0 1 0 1|0 0 1 1 0 1 1 1 1 1 1 1 1 0 1 0|"));
        assert!(text.contains("7f^37=48 'H'"));
    }
}
