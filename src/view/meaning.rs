//! Meanings of the values of a frame, in words.

use super::FrameView;
use crate::ws::{FieldId, Opcode};

/// `1 octet`, `5 octets`, `65,536 octets`.
pub fn count(n: u64, unit: &str) -> String {
    format!("{} {unit}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A length that a person reads: `125 B`, `1.5 KiB`, `64.0 KiB`, `8.0 EiB`.
pub fn length(octets: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if octets < 1024 {
        return format!("{octets} B");
    }
    let mut value = octets as f64 / 1024.0;
    let mut unit = 0;
    while value >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// The field's value as a number or as octets, the way a person would write it down: `1`, `0x1`, `65,536`,
/// `37 fa 21 3d`. Empty for an absent field.
pub fn value_text(view: &FrameView, field: FieldId) -> String {
    let Some(bits) = view.header.field(field) else {
        return match field {
            FieldId::Payload if view.header.payload_len() < 1024 => count(view.header.payload_len(), "octet"),
            FieldId::Payload => {
                let len = view.header.payload_len();
                format!("{} ({})", count(len, "octet"), length(len))
            }
            _ => String::new(),
        };
    };
    match field {
        FieldId::Opcode => format!("0x{:X}", bits.value),
        FieldId::MaskingKey => {
            let key = (bits.value as u32).to_be_bytes();
            format!("{:02x} {:02x} {:02x} {:02x}", key[0], key[1], key[2], key[3])
        }
        _ => grouped(bits.value),
    }
}

/// Returns what this value of the field means, in a few words. Empty for an absent field.
pub fn meaning(view: &FrameView, field: FieldId) -> String {
    let header = &view.header;
    let Some(value) = header.field(field).map(|field| field.value) else {
        return if field == FieldId::Payload { payload_meaning(view) } else { String::new() };
    };
    let words = match (field, value) {
        (FieldId::Fin, 0) if header.opcode().is_control() => "cut, which control frames must not be",
        (FieldId::Fin, 0) => "more frames follow",
        (FieldId::Fin, _) if header.opcode() == Opcode::CONTINUATION => "last frame of the message",
        (FieldId::Fin, _) if header.opcode().is_control() => "whole, as control frames must be",
        (FieldId::Fin, _) => "the whole message",
        (FieldId::Rsv1, 0) if view.deflate && view.compressed => "compression is told on the first frame",
        (FieldId::Rsv1, 0) if view.deflate => "not compressed",
        (FieldId::Rsv1, 1) if view.deflate => "compressed (permessage-deflate)",
        (FieldId::Rsv1 | FieldId::Rsv2 | FieldId::Rsv3, 0) => "reserved, 0",
        (FieldId::Rsv1 | FieldId::Rsv2 | FieldId::Rsv3, _) => "set, and nothing gives it a meaning",
        (FieldId::Opcode, _) => header.opcode().name(),
        (FieldId::Mask, 0) => "not masked",
        (FieldId::Mask, _) => "masked: a masking-key follows",
        (FieldId::PayloadLen, 126) => "the length follows in 16 bits",
        (FieldId::PayloadLen, 127) => "the length follows in 64 bits",
        (FieldId::MaskingKey, 0) => "all zero: masks nothing",
        (FieldId::MaskingKey, _) => "XORed with the payload",
        (FieldId::PayloadLen | FieldId::ExtendedLen16 | FieldId::ExtendedLen64, octets) => {
            return match octets {
                0 => "no payload".to_owned(),
                1..1024 => count(octets, "octet"),
                _ => format!("{} ({})", count(octets, "octet"), length(octets)),
            };
        }
        (FieldId::Payload, _) => return payload_meaning(view),
    };
    words.to_owned()
}

fn payload_meaning(view: &FrameView) -> String {
    let declared = view.header.payload_len();
    if declared == 0 {
        return "none".to_owned();
    }
    let mut words = match view.header.opcode() {
        Opcode::TEXT => "text",
        Opcode::BINARY => "binary data",
        Opcode::CONTINUATION => "the message's next part",
        Opcode::CLOSE => "status code and reason",
        Opcode::PING => "to be sent back in a pong",
        Opcode::PONG => "a ping's octets, sent back",
        _ => "nobody knows what",
    }
    .to_owned();
    if view.compressed {
        words.push_str(", compressed");
    }
    if view.captured_len < declared {
        words.push_str(&format!(", {} captured", count(view.captured_len, "octet")));
    }
    words
}

/// Returns what the frame is, in one line: `text frame from the client, final, 5 octets, masked`.
pub fn frame_title(view: &FrameView) -> String {
    let header = &view.header;
    let from = match view.sender {
        crate::base::Sender::Unknown => String::new(),
        sender => format!(" from the {sender}"),
    };
    format!(
        "{} frame{from}, {}, {}, {}",
        header.opcode(),
        if header.fin() { "final" } else { "not final" },
        count(header.payload_len(), "octet"),
        if header.masked() { "masked" } else { "not masked" },
    )
}

/// A difference of times with three digits: `12.3 ms`, `4.05 s`, `-3 µs`.
pub fn duration(nanoseconds: i64) -> String {
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let ns = nanoseconds.unsigned_abs();
    let scaled = |unit: u64, name: &str| {
        let value = ns as f64 / unit as f64;
        let digits = if value < 9.995 { 2 } else { usize::from(value < 99.95) };
        format!("{sign}{value:.digits$} {name}")
    };
    match ns {
        0..1_000 => format!("{sign}{ns} ns"),
        1_000..1_000_000 => scaled(1_000, "µs"),
        1_000_000..1_000_000_000 => scaled(1_000_000, "ms"),
        1_000_000_000..120_000_000_000 => scaled(1_000_000_000, "s"),
        120_000_000_000..7_200_000_000_000 => scaled(60_000_000_000, "min"),
        _ => scaled(3_600_000_000_000, "h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_a_person_reads() {
        assert_eq!(count(1, "octet"), "1 octet");
        assert_eq!(count(65_536, "octet"), "65,536 octets");
        assert_eq!(count(u64::MAX, "octet"), "18,446,744,073,709,551,615 octets");
        assert_eq!((length(0), length(1023), length(1024)), ("0 B".into(), "1023 B".into(), "1.0 KiB".into()));
        assert_eq!((length(1 << 20), length(u64::MAX)), ("1.0 MiB".into(), "16.0 EiB".into()));
        assert_eq!(length((1 << 20) - 1), "1.0 MiB");
    }
}
