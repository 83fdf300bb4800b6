//! The frame's octets as a hex dump, 16 a row; or those that its message inflates to.

use super::{FrameView, InflatedView, Octets};
use crate::ws::FieldId;

/// Octets in a row of the dump.
pub const ROW_OCTETS: u64 = 16;

/// In which form the payload is dumped; the header is the same in all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HexForm {
    /// As sent.
    #[default]
    Wire,
    /// Unmasked.
    Unmasked,
    /// The octets that the message of the frame inflates to, without any header.
    Inflated,
}

/// One octet of the dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HexOctet {
    /// Its value; `None` where the capture lacks it, or what it is copied from.
    pub value: Option<u8>,
    /// The field it belongs to.
    pub field: FieldId,
    /// Set if a TCP segment starts with it (the frame's first octet does not count); of an inflated octet, if it is the
    /// first one of another frame.
    pub starts_segment: bool,
}

/// 16 octets of the dump.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HexRow {
    /// Octet of the frame the row starts with.
    pub at: u64,
    /// The octets.
    pub octets: Vec<HexOctet>,
}

/// Returns the number of octets of the frame that a dump can show: the header and the payload up to the last captured
/// octet that is known of (`payload_end`, in octets of the payload).
pub fn hex_len(view: &FrameView, payload_end: u64) -> u64 {
    u64::from(view.header.header_len()).saturating_add(payload_end.min(view.header.payload_len()))
}

/// Row `row` of the dump of `view`. `payload` holds (at least) the payload octets of that row, as sent.
pub fn hex_rows(view: &FrameView, payload: &Octets, form: HexForm, rows: std::ops::Range<u64>) -> Vec<HexRow> {
    let header = view.header.octets();
    let end = hex_len(view, payload.end());
    let octet = |at: u64| {
        let value = match at.checked_sub(header.len() as u64) {
            None => header.get(at as usize).copied(),
            Some(index) => payload.get(index).map(|octet| match form {
                HexForm::Wire => octet,
                HexForm::Unmasked | HexForm::Inflated => octet ^ view.key_octet(index).unwrap_or(0),
            }),
        };
        let starts_segment = at > 0 && view.segments.binary_search_by_key(&at, |mark| mark.at).is_ok();
        HexOctet { value, field: view.field_at(at), starts_segment }
    };
    rows.map(|row| row.saturating_mul(ROW_OCTETS))
        .take_while(|at| *at < end)
        .map(|at| HexRow { at, octets: (at..end.min(at + ROW_OCTETS)).map(octet).collect() })
        .collect()
}

/// Rows of what a message inflates to, those of which every octet is held.
pub fn inflated_rows(view: &InflatedView, rows: std::ops::Range<u64>) -> Vec<HexRow> {
    let octet = |at: u64| HexOctet {
        value: view.inflated.plain.get(at),
        field: FieldId::Payload,
        starts_segment: view.starts_frame(at),
    };
    rows.map(|row| row.saturating_mul(ROW_OCTETS))
        .map(|at| at..view.len().min(at.saturating_add(ROW_OCTETS)))
        .filter(|octets| !octets.is_empty() && view.holds(octets))
        .map(|octets| HexRow { at: octets.start, octets: octets.map(octet).collect() })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms() {
        let (view, _) = FrameView::from_octets(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58").unwrap();
        let values = |form| {
            let rows = hex_rows(&view, &view.payload, form, 0..9);
            assert_eq!(rows.len(), 1);
            rows[0].octets.iter().filter_map(|octet| octet.value).collect::<Vec<_>>()
        };
        assert_eq!(values(HexForm::Wire), b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
        assert_eq!(values(HexForm::Unmasked), b"\x81\x85\x37\xfa\x21\x3dHello");
    }
}
