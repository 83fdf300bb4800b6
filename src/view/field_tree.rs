//! The fields of a frame as a list: value, meaning, section, findings.

use std::ops::Range;

use super::{FrameView, meaning, value_text};
use crate::base::{FieldFamily, Finding};
use crate::ws::{CloseBody, close_code_name};
use crate::ws::{FIELDS, FieldId, Opcode, field};

/// One line of the field tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeRow {
    /// 0 for a field, 1 for a part of one.
    pub depth: u8,
    /// The field that is selected with the line.
    pub field: FieldId,
    /// The octets of the frame that are selected with the line.
    pub octets: Range<u64>,
    /// Its name.
    pub label: String,
    /// Its bits as 0 and 1, where they are few; else empty.
    pub bits: String,
    /// Its value.
    pub value: String,
    /// The meaning of the value.
    pub meaning: String,
    /// The RFC and the section that define it.
    pub section: &'static str,
    /// The family that gives it its colour.
    pub family: FieldFamily,
    /// The findings about it, worst first.
    pub findings: Vec<Finding>,
}

/// The fields of `view` in wire order; a Close frame's body is taken apart.
pub fn field_tree(view: &FrameView) -> Vec<TreeRow> {
    let octet1 = view.header.octets()[1];
    let mut rows: Vec<TreeRow> =
        FIELDS.iter().filter(|field| field.id.is_present(octet1)).map(|field| row(view, field.id)).collect();
    if view.header.opcode() == Opcode::CLOSE {
        rows.extend(close_rows(view));
    }
    rows
}

fn row(view: &FrameView, id: FieldId) -> TreeRow {
    let table = field(id);
    let mut findings: Vec<_> = view.findings_of(id).cloned().collect();
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
    TreeRow {
        depth: 0,
        field: id,
        octets: view.octets_of(id),
        label: table.label.to_owned(),
        bits: view
            .header
            .field(id)
            .filter(|part| part.bits <= 16)
            .map_or(String::new(), |part| format!("{:0width$b}", part.value, width = usize::from(part.bits))),
        value: value_text(view, id),
        meaning: meaning(view, id),
        section: table.section,
        family: table.family,
        findings,
    }
}

fn close_rows(view: &FrameView) -> Vec<TreeRow> {
    let plain = view.plain();
    let Some(body) = CloseBody::parse(plain.before_holes(), plain.total) else { return Vec::new() };
    let start = u64::from(view.header.header_len());
    let part = |octets: Range<u64>, label: &str, value: String, meaning: String, section| TreeRow {
        depth: 1,
        field: FieldId::Payload,
        octets,
        label: label.to_owned(),
        bits: String::new(),
        value,
        meaning,
        section,
        family: FieldFamily::Payload,
        findings: Vec::new(),
    };
    match body {
        CloseBody::Empty => Vec::new(),
        CloseBody::OneOctet(octet) => {
            vec![part(
                start..start + 1,
                "Status code",
                format!("{octet:02x}"),
                "cut: a code has two octets".into(),
                "RFC 6455 §5.5.1",
            )]
        }
        CloseBody::Code { code, reason, is_whole } => {
            let mut rows = vec![part(
                start..start + 2,
                "Status code",
                code.to_string(),
                close_code_name(code).to_owned(),
                "RFC 6455 §7.4",
            )];
            if !reason.is_empty() || !is_whole {
                let octets = start + 2..start + 2 + reason.len() as u64;
                rows.push(part(octets, "Reason", body.reason(), String::new(), "RFC 6455 §7.1.6"));
            }
            rows
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_frame_is_taken_apart() {
        let (view, _) = FrameView::from_octets(b"\x88\x05\x03\xe8bye").unwrap();
        let rows = field_tree(&view);
        let labels: Vec<_> = rows.iter().map(|row| (row.label.as_str(), row.value.as_str())).collect();
        assert_eq!(
            labels,
            [
                ("FIN", "1"),
                ("RSV1", "0"),
                ("RSV2", "0"),
                ("RSV3", "0"),
                ("opcode", "0x8"),
                ("MASK", "0"),
                ("Payload len", "5"),
                ("Payload Data", "5 octets"),
                ("Status code", "1000"),
                ("Reason", "bye")
            ]
        );
        assert_eq!((rows[4].bits.as_str(), rows[9].octets.clone()), ("1000", 4..7));
    }
}
