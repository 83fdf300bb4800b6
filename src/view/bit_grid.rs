//! The RFC 6455 §5.2 figure, 32 bits wide, with one frame's bits and values in it.
//!
//! ```text
//!   0                   1                   2                   3
//!   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//!  +-+-+-+-+-------+-+-------------+-------------------------------+
//!  |F|R|R|R| opcode|M| Payload len |    Extended payload length    |
//! ```
//!
//! Every row holds 32 bits; a field that crosses a row is cut there and the parts join, as the RFC draws it.

use super::{FrameView, meaning, value_text};
use crate::base::{FieldFamily, PacketId, Severity};
use crate::ws::{FieldId, Opcode, close_code_name, field};

/// Bits in a row of the figure.
pub const ROW_BITS: u8 = 32;

/// The figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BitGrid {
    /// The rows from the top.
    pub rows: Vec<GridRow>,
    /// Payload octets that the figure does not show, because it was asked for fewer rows.
    pub cut: u64,
    /// The status code that the first two payload octets of a Close frame are, and its name.
    pub close_code: Option<(u16, &'static str)>,
}

/// 32 bits of the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GridRow {
    /// Octet of the frame the row starts with.
    pub octet: u64,
    /// The cells from the left. The last row may end early.
    pub cells: Vec<Cell>,
    /// The starts of TCP segments in this row.
    pub boundaries: Vec<Boundary>,
}

/// A part of a field within one row: for the payload, one octet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// First bit within the row, 0–31.
    pub column: u8,
    /// Width in bits, 1–32.
    pub width: u8,
    /// Whose part it is.
    pub field: FieldId,
    /// The things that stand in it.
    pub content: Content,
    /// The field started in an earlier row.
    pub joins_above: bool,
    /// The field goes on in the next row.
    pub joins_below: bool,
    /// The severity of the worst finding about it.
    pub severity: Option<Severity>,
}

impl Cell {
    /// The family that gives the cell its colour.
    pub fn family(&self) -> FieldFamily {
        field(self.field).family
    }
}

/// The content of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A header field, or the part of it in this row.
    Header {
        /// Its name as the RFC spells it, with ` (continued)` on later rows.
        name: String,
        /// A name for a narrow cell.
        short_name: &'static str,
        /// This part's bits, most significant first, as a number.
        bits: u32,
        /// The whole field's value: `1`, `0x1`, `65,536`, `37 fa 21 3d`.
        value: String,
        /// The meaning of the value.
        meaning: String,
    },
    /// One payload octet.
    Octet {
        /// Its index in the payload, from 0.
        index: u64,
        /// As sent; `None` where the capture lacks it.
        wire: Option<u8>,
        /// The key octet that it was masked with; `None` in an unmasked frame.
        key: Option<u8>,
        /// Unmasked.
        plain: Option<u8>,
        /// The character that it stands for.
        glyph: Glyph,
    },
}

/// The character that a payload octet stands for in text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// No readable text.
    None,
    /// The first octet of this character, which takes so many octets in UTF-8.
    Char(char, u8),
    /// A later octet of the character.
    Continuation,
}

/// The start of a TCP segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Boundary {
    /// The bit within the row before which it starts, 0–31.
    pub column: u8,
    /// The packet that brought it.
    pub packet: PacketId,
}

impl BitGrid {
    /// The figure of `view` with its header and at most `max_payload` payload octets.
    pub fn new(view: &FrameView, max_payload: usize) -> BitGrid {
        let mut cells = header_cells(view);
        let shown = view.payload.octets.len().min(max_payload);
        let glyphs = glyphs(view, shown);
        for (index, glyph) in glyphs.into_iter().enumerate() {
            cells.push((
                u64::from(view.header.header_len()) * 8 + index as u64 * 8,
                octet_cell(view, index as u64, glyph),
            ));
        }
        let mut rows: Vec<GridRow> = Vec::new();
        for (bit, cell) in cells {
            let row = (bit / u64::from(ROW_BITS)) as usize;
            while rows.len() <= row {
                rows.push(GridRow { octet: rows.len() as u64 * 4, cells: Vec::new(), boundaries: Vec::new() });
            }
            rows[row].cells.push(cell);
        }
        for mark in view.segments.iter().filter(|mark| mark.at > 0) {
            if let Some(row) = usize::try_from(mark.at / 4).ok().and_then(|row| rows.get_mut(row)) {
                let column = (mark.at % 4) as u8 * 8;
                if row.cells.iter().any(|cell| cell.column <= column && column < cell.column + cell.width) {
                    row.boundaries.push(Boundary { column, packet: mark.packet });
                }
            }
        }
        let cut = view.header.payload_len().saturating_sub(shown as u64);
        BitGrid { rows, cut, close_code: close_code(view).filter(|_| shown >= 2) }
    }
}

/// The header's cells with their first bit in the frame: a field that crosses a row is cut there.
fn header_cells(view: &FrameView) -> Vec<(u64, Cell)> {
    let row_bits = u32::from(ROW_BITS);
    let mut cells = Vec::new();
    for part in view.header.fields() {
        let (start, end) = (u32::from(part.at), u32::from(part.at) + u32::from(part.bits));
        let mut at = start;
        while at < end {
            let stop = end.min((at / row_bits + 1) * row_bits);
            let row = field(part.id);
            let continued = if at > start { " (continued)" } else { "" };
            let bits = part.value >> (end - stop) & (u64::MAX >> (64 - (stop - at)));
            cells.push((
                u64::from(at),
                Cell {
                    column: (at % row_bits) as u8,
                    width: (stop - at) as u8,
                    field: part.id,
                    content: Content::Header {
                        name: format!("{}{continued}", row.label),
                        short_name: row.short_label,
                        bits: bits as u32,
                        value: value_text(view, part.id),
                        meaning: meaning(view, part.id),
                    },
                    joins_above: at > start,
                    joins_below: stop < end,
                    severity: view.severity_of(part.id),
                },
            ));
            at = stop;
        }
    }
    cells
}

fn octet_cell(view: &FrameView, index: u64, glyph: Glyph) -> Cell {
    let column = ((u64::from(view.header.header_len()) + index) % 4) as u8 * 8;
    let marks = |finding: &&crate::base::Finding| match finding.place {
        crate::base::Place::PayloadOctets { at, len } => at <= index && index - at < len,
        _ => false,
    };
    Cell {
        column,
        width: 8,
        field: FieldId::Payload,
        content: Content::Octet {
            index,
            wire: view.wire_octet(index),
            key: view.key_octet(index),
            plain: view.plain_octet(index),
            glyph,
        },
        joins_above: index > 0,
        joins_below: index + 1 < view.header.payload_len(),
        severity: view.findings.iter().filter(marks).map(crate::base::Finding::severity).max(),
    }
}

/// Returns what the first two payload octets of a Close frame say, if both were captured.
fn close_code(view: &FrameView) -> Option<(u16, &'static str)> {
    let code = u16::from_be_bytes([view.plain_octet(0)?, view.plain_octet(1)?]);
    (view.header.opcode() == Opcode::CLOSE && !view.compressed).then(|| (code, close_code_name(code)))
}

/// Returns what each of the first `n` payload octets stands for: text where the frame says text, else printable ASCII.
fn glyphs(view: &FrameView, n: usize) -> Vec<Glyph> {
    let mut glyphs = vec![Glyph::None; n];
    if view.compressed {
        return glyphs;
    }
    let mut plain = view.plain().octets;
    plain.truncate(n);
    if !matches!(view.data_opcode, Opcode::TEXT | Opcode::CONTINUATION | Opcode::CLOSE) {
        for (glyph, octet) in glyphs.iter_mut().zip(&plain) {
            if octet.is_ascii_graphic() || *octet == b' ' {
                *glyph = Glyph::Char(char::from(*octet), 1);
            }
        }
        return glyphs;
    }
    // A Close body starts with a code, which is no text.
    let mut at = if view.header.opcode() == Opcode::CLOSE { n.min(2) } else { 0 };
    for chunk in plain[at..].utf8_chunks() {
        for character in chunk.valid().chars() {
            let len = character.len_utf8();
            glyphs[at] = Glyph::Char(character, len as u8);
            glyphs[at + 1..at + len].fill(Glyph::Continuation);
            at += len;
        }
        at += chunk.invalid().len();
    }
    for (index, glyph) in glyphs.iter_mut().enumerate() {
        if view.payload.is_missing(index as u64) {
            *glyph = Glyph::None;
        }
    }
    glyphs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(octets: &[u8]) -> BitGrid {
        BitGrid::new(&FrameView::from_octets(octets).unwrap().0, 64)
    }

    /// Bits of all cells of a row side by side must be the row's octets.
    #[test]
    fn the_cells_hold_the_frames_bits_without_hole_or_overlap() {
        let frames: [&[u8]; 6] = [
            b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
            b"\x81\x05Hello",
            b"\x82\x7e\x01\x00abcd",
            b"\x82\xfe\x01\x00\x01\x02\x03\x04abcd",
            b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00abcd",
            b"\xf2\xff\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0cabcd",
        ];
        for octets in frames {
            let mut bits = Vec::new();
            for (row, expected) in grid(octets).rows.iter().zip((0..).step_by(4)) {
                assert_eq!(row.octet, expected);
                for cell in &row.cells {
                    assert_eq!(usize::from(cell.column), bits.len() % 32);
                    let value = match &cell.content {
                        Content::Header { bits, .. } => *bits,
                        Content::Octet { wire, .. } => u32::from(wire.unwrap()),
                    };
                    bits.extend((0..cell.width).rev().map(|bit| value >> bit & 1));
                }
            }
            let whole: Vec<u32> =
                octets.iter().flat_map(|octet| (0..8).rev().map(move |bit| u32::from(octet >> bit & 1))).collect();
            assert_eq!(bits, whole);
        }
    }

    #[test]
    fn fields_that_cross_a_row_join() {
        let grid = grid(b"\x82\xff\x00\x00\x00\x00\x00\x00\x00\x01\x01\x02\x03\x04a");
        let parts = |id| {
            let cells = grid.rows.iter().flat_map(|row| &row.cells).filter(move |cell| cell.field == id);
            cells.map(|cell| (cell.column, cell.width, cell.joins_above, cell.joins_below)).collect::<Vec<_>>()
        };
        assert_eq!(parts(FieldId::ExtendedLen64), [(16, 16, false, true), (0, 32, true, true), (0, 16, true, false)]);
        assert_eq!(parts(FieldId::MaskingKey), [(16, 16, false, true), (0, 16, true, false)]);
        assert_eq!(parts(FieldId::Payload), [(16, 8, false, false)]);
    }

    #[test]
    fn a_long_payload_is_cut_with_a_count() {
        let (view, _) = FrameView::from_octets(b"\x82\x0aabcdefghij").unwrap();
        let grid = BitGrid::new(&view, 4);
        assert_eq!(grid.cut, 6);
        let glyphs = |octets: &[u8]| super::glyphs(&FrameView::from_octets(octets).unwrap().0, octets.len() - 2);
        assert_eq!(
            glyphs("\x01\x04a好".as_bytes())[..3],
            [Glyph::Char('a', 1), Glyph::Char('好', 3), Glyph::Continuation]
        );
    }
}
