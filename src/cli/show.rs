//! `framescope show`: one frame, bit by bit.

use super::args::Show;
use super::output::{Failure, Output};
use super::rows::frame_is_ready;
use super::walk::{Input, walk};
use super::{diagram, json};
use crate::base::FrameId;
use crate::dissect::ReadOptions;
use crate::view::{BitGrid, FrameView, PayloadKind, Words, count, field_tree, frame_title, payload_text, printable};

/// Payload octets in the diagram.
const DIAGRAM_OCTETS: u64 = 64;
/// Payload octets shown as text.
const TEXT_OCTETS: u64 = 4096;

/// `framescope show FILE --frame N`
pub fn run(arguments: &Show, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let number = arguments.frame;
    let id = FrameId::from_number(number);
    let mut done = false;
    let mut found = 0;
    let result = walk(Input::open(&arguments.file, options)?, |snapshot, moment| {
        found = snapshot.frame_count();
        let Some(id) = id else { return Ok(()) };
        if done || !frame_is_ready(snapshot, id, moment) {
            return Ok(());
        }
        done = true;
        if arguments.json {
            json::FrameRows::default().row(snapshot, id, arguments.payload, output)?;
        } else {
            let view = FrameView::load(snapshot, id, TEXT_OCTETS)
                .map_err(|error| Failure::Message(format!("the capture cannot be read any more: {error}")))?;
            if let Some(view) = view {
                frame(&view, number, output)?;
            }
        }
        // The rest of the capture has nothing to add.
        output.flush()?;
        Err(Failure::ReaderGone)
    });
    match result {
        Err(Failure::ReaderGone) if done => Ok(()),
        Ok(()) => Err(Failure::Message(match found {
            0 => "the capture has no WebSocket frames".to_owned(),
            _ => format!("there is no frame {number}: the capture has frames 1 to {found}"),
        })),
        other => other,
    }
}

/// The diagram, the fields, the findings and the payload of one frame.
pub fn frame(view: &FrameView, number: u64, output: &mut Output) -> Result<(), Failure> {
    output.line(&format!("Frame {number}: {}", frame_title(view)))?;
    if let (Some(time), Some(connection)) = (view.time, view.connection) {
        let message = view.message.map_or(String::new(), |message| format!(", message {message}"));
        output.line(&format!("{time}, connection {connection}{message}, stream offset {}", view.at_in_stream))?;
    }
    output.line("")?;
    for line in diagram::lines(&BitGrid::new(view, DIAGRAM_OCTETS as usize)) {
        output.line(&line)?;
    }
    output.line("")?;
    for row in field_tree(view) {
        let indent = "  ".repeat(usize::from(row.depth));
        let label = format!("{indent}{}", row.label);
        let value = if row.bits.len() > 1 { format!("{} ({})", row.bits, row.value) } else { row.value.clone() };
        output.line(format!("{label:<26} {:<30} {:<40} {}", printable(&value), row.meaning, row.section).trim_end())?;
    }
    let words = Words::english();
    for finding in &view.findings {
        output.line(&format!(
            "{}: {} [{}{}{}]",
            finding.severity().as_str(),
            printable(&words.sentence(&finding.fact)),
            finding.rule.id(),
            if finding.rule.section().is_empty() { "" } else { ", " },
            finding.rule.section()
        ))?;
    }
    payload(view, output)
}

fn payload(view: &FrameView, output: &mut Output) -> Result<(), Failure> {
    let text = payload_text(&view.plain(), view.data_opcode, view.compressed).with_indented();
    match text.kind {
        PayloadKind::Text | PayloadKind::Json if view.header.opcode() != crate::ws::Opcode::CLOSE => {
            output.line("")?;
            for line in text.indented.as_deref().unwrap_or(&text.text).lines() {
                output.line(&printable(line))?;
            }
            if text.not_shown > 0 {
                output.line(&format!("… {} more", count(text.not_shown, "octet")))?;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}
