//! The window's words about messages that could not be inflated, or not to their end.

use super::*;

/// A message of invalid DEFLATE data is not empty: its octets are on the wire, and it says what of it there is.
#[test]
fn what_cannot_be_inflated_is_not_called_empty() {
    let (mut talk, mut compress) = talk();
    let mut broken = deflate(&mut compress, b"the quick brown fox jumps over the lazy dog");
    // The reserved type of block.
    broken[0] |= 6;
    let next = deflate(&mut compress, b"once more: the quick brown fox jumps over the lazy dog");
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &broken));
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &next));
    talk.finish(Server);
    let mut harness = open_talk(&talk);
    apply(&mut harness, Command::show(RowKind::Messages));
    click(&mut harness, "Inflated");
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    harness.get_by_label_contains("The data is not valid DEFLATE");
    harness.get_by_label(&format!("Nothing could be inflated of the {} octets on the wire.", broken.len()));
    assert!(harness.query_by_label("empty").is_none() && harness.query_by_label_contains("no payload").is_none());
    // The form that is chosen would show nothing.
    click(&mut harness, "Show the octets on the wire");
    harness.get_by_label(&format!("octet 2, {:02x}", broken[0]));
    // What copies from it is not blamed on the capture alone.
    harness.key_press(Key::ArrowDown);
    settle(&mut harness);
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    harness.get_by_label_contains("earlier messages that the capture lacks or that could not be inflated");
}

/// The message that inflates to nothing is empty, and says what was sent for it.
#[test]
fn what_inflates_to_nothing_is_empty() {
    let (mut talk, _) = talk();
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &[0]));
    let mut harness = open_talk(&talk);
    apply(&mut harness, Command::show(RowKind::Messages));
    apply(&mut harness, Command::ShowTab(Tab::Payload));
    harness.get_by_label("The message is empty: it inflates to nothing, from 1 octet on the wire.");
}

/// A few octets that become many are left out of what compression saved; the chip, the summary and the row say so.
#[test]
fn messages_that_were_not_inflated_to_the_end_are_told() {
    let (mut talk, mut compress) = talk();
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflate(&mut compress, b"small")));
    let zeros = vec![b'0'; 2 << 20];
    talk.say(Server, frame::server(FIN | RSV1 | TEXT, &deflate(&mut compress, &zeros)));
    talk.finish(Server);
    let mut harness = open_talk_limited(&talk, InflateLimit::mebibytes(1));
    apply(&mut harness, Command::show(RowKind::Messages));
    harness.get_by_label_contains("deflate, not all inflated");
    assert!(harness.query_by_label_contains("deflate +").is_none());
    harness.get_by_label_contains("octets not inflated ");
    apply(&mut harness, Command::ShowTab(Tab::Handshake));
    harness.get_by_label_contains("without 1 message not inflated to the end");
    // Who points at the row is told which rule that is.
    harness.get_by_label_contains("octets not inflated ").hover();
    harness.run_steps(8);
    harness.get_by_label_contains("A note here, limit.inflate; its field");
}
