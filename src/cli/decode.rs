//! `framescope decode`: frames out of pasted octets.

use std::io::Read as _;

use super::args::Decode;
use super::output::{Failure, Output, complain};
use super::{json, show};
use crate::base::{Breach, Finding, Sender};
use crate::view::FrameView;
use crate::ws::{CloseBody, Negotiated, Opcode, judge_close, judge_header};

/// More pasted text than anybody pastes, in octets.
const MAX_INPUT: u64 = 64 << 20;

/// `framescope decode [HEX…]`
pub fn run(arguments: &Decode, output: &mut Output) -> Result<(), Failure> {
    let text = if arguments.hex.is_empty() { standard_input()? } else { arguments.hex.join(" ") };
    let octets = parse_hex(&text).map_err(Failure::Message)?;
    if octets.is_empty() {
        return Err(Failure::Message(
            "no octets: give them in hex, for example: framescope decode 81 05 48656c6c6f".into(),
        ));
    }
    let mut rest = &octets[..];
    let mut number = 0;
    while !rest.is_empty() {
        let at = octets.len() - rest.len();
        let Some((mut view, taken)) = FrameView::from_octets(rest) else {
            let why = format!("octets {at} to {} are the start of a frame header that is not whole", octets.len() - 1);
            if number == 0 {
                return Err(Failure::Message(why));
            }
            output.flush()?;
            complain(&format!("warning: {why}"));
            return Ok(());
        };
        number += 1;
        judge(&mut view);
        if arguments.json {
            json::pasted(number, &view, arguments.payload, output)?;
        } else {
            if number > 1 {
                output.line("")?;
            }
            show::frame(&view, number, output)?;
        }
        rest = &rest[taken..];
    }
    Ok(())
}

/// Judges what can be judged without knowing who sent the frame; of what may have been negotiated, permessage-deflate
/// is given the benefit of the doubt.
fn judge(view: &mut FrameView) {
    let negotiated = Negotiated { deflate: true, other: false };
    let mut breaches = Vec::new();
    judge_header(&view.header, Sender::Unknown, negotiated, None, |breach| breaches.push(breach));
    if view.header.opcode() == Opcode::CLOSE && view.captured_len == view.header.payload_len() {
        let plain = view.plain();
        if let Some(body) = CloseBody::parse(&plain.octets, plain.total) {
            judge_close(&body, |breach| breaches.push(breach));
        }
    }
    let told = breaches.into_iter().map(|breach| {
        let rule = breach.rule();
        let Breach { place, fact } = breach.tell(&view.header, Sender::Unknown, negotiated.deflate);
        let (connection, frame, message, sender) = (None, None, None, Sender::Unknown);
        Finding { rule, connection, frame, message, sender, place, fact }
    });
    view.findings = told.collect();
}

fn standard_input() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_INPUT).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => Failure::Message(
            "standard input is not text: give the octets in hex, for example through xxd -p".to_owned(),
        ),
        _ => Failure::Message(format!("cannot read standard input: {error}")),
    })?;
    Ok(text)
}

/// Octets in hex. Spaces, `:`, `,`, `-`, `0x` and `\x` are ignored.
fn parse_hex(text: &str) -> Result<Vec<u8>, String> {
    let mut digits = Vec::new();
    let mut characters = text.chars().peekable();
    let mut position = 0;
    while let Some(character) = characters.next() {
        position += 1;
        if character.is_whitespace() || matches!(character, ':' | ',' | '-') {
            continue;
        }
        if matches!(character, '0' | '\\') && digits.len() % 2 == 0 && matches!(characters.peek(), Some('x' | 'X')) {
            characters.next();
            position += 1;
            continue;
        }
        match character.to_digit(16) {
            Some(digit) => digits.push(digit as u8),
            None => return Err(format!("“{character}” at position {position} is no hex digit")),
        }
    }
    if digits.len() % 2 == 1 {
        return Err(format!("{} hex digits: an octet has two, so one is missing", digits.len()));
    }
    Ok(digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_as_people_paste_it() {
        for text in
            ["8105 4865", "81:05:48:65", "0x81, 0x05,0x48 0x65", "81\n05\t48 65", r"\x81\x05\x48\x65", "81-05-48-65"]
        {
            assert_eq!(parse_hex(text).unwrap(), [0x81, 5, 0x48, 0x65]);
        }
        assert!(parse_hex("81 0").unwrap_err().contains("one is missing"));
        assert!(parse_hex("8g").unwrap_err().contains("position 2"));
    }
}
