//! The ends of connections, in words.

use super::common::frame::{self, CLOSE, FIN, PING, TEXT};
use super::common::rows;
use super::common::tcp::Talk;
use super::common::tcp::Who::{Client, Server};
use framescope::base::ConnectionId;
use framescope::view::close_story;

/// The story of a conversation.
fn story(talk: impl FnOnce(&mut Talk)) -> String {
    let mut conversation = Talk::upgraded();
    talk(&mut conversation);
    close_story(&rows::read(&conversation.capture().pcap()), ConnectionId(0)).join(" ")
}

#[test]
fn who_closed_and_how() {
    let bye = |who| match who {
        Client => frame::client(CLOSE, &frame::close(1000, "bye")),
        Server => frame::server(CLOSE, &frame::close(1000, "bye")),
    };
    let clean = story(|talk| {
        talk.say(Client, bye(Client));
        talk.say(Server, bye(Server));
        talk.finish(Server);
    });
    assert!(clean.starts_with("The client sent Close first, "), "{clean}");
    assert!(clean.contains(": 1000 Normal Closure, “bye”. The server echoed it "), "{clean}");
    assert!(clean.contains("The server ended TCP (FIN) "), "{clean}");
    let silent = story(|talk| {
        talk.say(Server, bye(Server));
        talk.finish(Client);
    });
    assert!(silent.contains("The client never answered it. The client ended TCP (FIN)"), "{silent}");
    let other = story(|talk| {
        talk.say(Server, frame::server(CLOSE, &frame::close(4001, "")));
        talk.say(Client, frame::client(CLOSE, &frame::close(1002, "")));
    });
    assert!(other.contains("4001 private use") && other.contains("with another: 1002 Protocol error"), "{other}");
    assert!(other.ends_with("TCP was still open when the capture ended."), "{other}");
}

#[test]
fn without_a_close() {
    let crash = story(|talk| {
        talk.say(Client, frame::client(FIN | TEXT, b"hello"));
        talk.say(Server, frame::server(PING, b"?"));
        talk.ack(Server);
        talk.last().flags |= super::common::tcp::RST;
    });
    assert!(crash.starts_with("Neither side sent a Close frame. The server reset TCP (RST) "), "{crash}");
    assert!(crash.contains("1 ping has no pong.") && crash.ends_with("Both programs see 1006, Abnormal Closure."));
    assert_eq!(story(|_| {}), "It was still open when the capture ended.");
    let bare = story(|talk| talk.say(Client, frame::client(CLOSE, b"")));
    assert!(bare.contains("without a code") && bare.contains("the programs see 1005"), "{bare}");
}
