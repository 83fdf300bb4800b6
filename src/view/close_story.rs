//! The story of a connection's end, told from what was captured (RFC 6455 §7).

use super::meaning::{count, duration};
use super::payload::printable;
use crate::base::{ConnectionId, Rule, Sender, Timestamp};
use crate::dissect::{CloseRecord, Connection, End, Snapshot, common_timeout};
use crate::ws::close_code_name;

/// The story in sentences: who sent Close first, whether it was answered, who ended TCP and how, after how long without a
/// frame, which pings had no pong, and which code the programs saw. Empty for an attempt that opened nothing.
pub fn close_story(snapshot: &Snapshot, id: ConnectionId) -> Vec<String> {
    let Some(connection) = snapshot.connection(id).filter(|connection| connection.opened) else { return Vec::new() };
    let last_frame = connection.last_frame.and_then(|id| snapshot.frame(id)).map(|frame| frame.time);
    let mut story = Vec::new();
    let first = connection.first_close();
    match first {
        Some((by, close)) => {
            let after = duration(close.time.since(connection.start));
            story.push(format!("The {by} sent Close first, {after} after the start: {}.", told(snapshot, close)));
            story.push(answer(snapshot, connection, by, close));
        }
        None if connection.tcp_end.is_some() => story.push("Neither side sent a Close frame.".to_owned()),
        None => {}
    }
    story.push(tcp_end(connection, first.map(|(_, close)| close), last_frame));
    let unanswered = connection.rules.iter().find(|(rule, _)| *rule == Rule::PingUnanswered).map(|(_, count)| *count);
    if let Some(pings) = unanswered {
        let is = if pings == 1 { "has" } else { "have" };
        story.push(format!("{} {is} no pong.", count(pings, "ping")));
    }
    match (first, connection.tcp_end) {
        (None, Some(_)) => story.push(format!("Both programs see 1006, {}.", close_code_name(1006))),
        (Some((_, close)), _) if is_empty(snapshot, close) => {
            story.push(format!("The body has no code, so the programs see 1005, {}.", close_code_name(1005)));
        }
        _ => {}
    }
    story
}

/// Returns whether a Close frame has no body. That means 1005, which somebody may also write into one although nobody may.
fn is_empty(snapshot: &Snapshot, close: &CloseRecord) -> bool {
    has_octets(snapshot, close, 0)
}

/// Returns whether a Close frame's body has just so many octets.
fn has_octets(snapshot: &Snapshot, close: &CloseRecord, octets: u64) -> bool {
    snapshot.frame(close.frame).is_some_and(|frame| frame.header.payload_len() == octets)
}

/// `1000 Normal Closure, “bye”`
fn told(snapshot: &Snapshot, close: &CloseRecord) -> String {
    let reason = match close.reason.is_empty() {
        true => String::new(),
        false => format!(", “{}”", printable(&close.reason)),
    };
    match close.code {
        Some(_) if is_empty(snapshot, close) => "without a code".to_owned(),
        Some(code) => format!("{code} {}{reason}", close_code_name(code)),
        None if has_octets(snapshot, close, 1) => "with a body that holds no code".to_owned(),
        None => "with a body of which the code is missing".to_owned(),
    }
}

fn answer(snapshot: &Snapshot, connection: &Connection, by: Sender, close: &CloseRecord) -> String {
    let peer = by.peer();
    match Connection::of(&connection.closes, peer) {
        Some(answer) if answer.code == close.code => {
            format!("The {peer} echoed it {} later.", duration(answer.time.since(close.time)))
        }
        Some(answer) => {
            format!(
                "The {peer} answered {} later with another: {}.",
                duration(answer.time.since(close.time)),
                told(snapshot, answer)
            )
        }
        None if connection.missing.iter().any(|missing| *missing > 0) => {
            format!("No Close of the {peer} was captured, but octets are missing.")
        }
        None if connection.tcp_end.is_some() => format!("The {peer} never answered it."),
        None => format!("The {peer} had not answered when the capture ended."),
    }
}

fn tcp_end(connection: &Connection, close: Option<&CloseRecord>, last_frame: Option<Timestamp>) -> String {
    let Some(end) = connection.tcp_end else {
        return match close {
            Some(_) => "TCP was still open when the capture ended.".to_owned(),
            None => "It was still open when the capture ended.".to_owned(),
        };
    };
    let how = match end.how {
        End::Fin => "ended TCP (FIN)",
        End::Reset => "reset TCP (RST)",
    };
    let idle = last_frame.map(|last| end.time.since(last)).and_then(|idle| u64::try_from(idle).ok());
    let Some(idle) = idle else { return format!("The {} {how} without a frame.", end.by) };
    let after = duration(i64::try_from(idle).unwrap_or(i64::MAX));
    let hint = match common_timeout(idle).filter(|_| close.is_none()) {
        Some(seconds) => {
            format!(" Proxies and load balancers often end idle connections after {seconds} s: a hint, no proof.")
        }
        None => String::new(),
    };
    format!("The {} {how} {after} after the last frame.{hint}", end.by)
}
