//! The fixed facts about a field of a wire format, independent of any value.

/// Fields of one family share a colour everywhere: diagram, tree, hex dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FieldFamily {
    /// Single bits: FIN, RSV1–3, MASK.
    Flag,
    /// The opcode.
    Opcode,
    /// The three payload length fields.
    Length,
    /// The masking key.
    MaskingKey,
    /// Payload octets.
    Payload,
}

/// One row of a field table (DESIGN decision 6): parsing, diagram, tree, hex highlighting, JSON and filters read it.
#[derive(Debug, PartialEq, Eq)]
pub struct Field<Id: 'static> {
    /// The field's id.
    pub id: Id,
    /// Its key in JSON and filters.
    pub key: &'static str,
    /// Its name as the RFC's figure spells it.
    pub label: &'static str,
    /// A name that fits a narrow cell.
    pub short_label: &'static str,
    /// Its width in bits; 0 where the width depends on other fields (the payload).
    pub bits: u8,
    /// The family that it belongs to, which gives it its colour.
    pub family: FieldFamily,
    /// The section that defines it.
    pub section: &'static str,
    /// Its purpose, in two sentences.
    pub explanation: &'static str,
}
