//! Framescope shows every bit of every WebSocket frame.
//!
//! A capture file is a stream of octets; Framescope keeps an index over it and paints what you look at.
//!
//! ```text
//!  file │ pipe │ network card
//!    │  capture      blocks of a pcap or pcapng file, read with plain positioned reads      → Packet
//!    ▼
//!   net              link, IP (fragments joined), TCP                                       → Segment
//!    │  assembler    order, retransmission, overlap, loss                                   → StreamEvent
//!    ▼
//!   dissect::flow    one TCP connection: ordered events                                     → Data, Gap, Repeat, End
//!    ▼
//!   carrier          a pair of ordered octet streams with ends, and the way home to the file: TCP itself; a layer of
//!    │               records on it (TLS, HTTP/2) has the same seam
//!    ▼
//!   opening          how a WebSocket begins: HTTP/1.1 Upgrade, half of one, or none in the capture
//!    ▼
//!   websocket        two senders: deframer → frames → messages; their conversation: pings, Close, ends
//!    ▼
//!   index            records and findings, append-only  ── Snapshot ──▶ view │ query ──▶ gui │ cli
//!    ▲
//!   payload          octets of messages: spans → unmask → inflate → UTF-8, previews, what is shown and printed
//! ```
//!
//! # Where to read on
//!
//! | question | place |
//! |---|---|
//! | What is the order of the stages? | [`dissect`], then `dissect/channel.rs` |
//! | Where is a gap decided? | `net/assembler.rs`: [`net::Assembler`] says when octets count as missing |
//! | Where does a WebSocket open, and where is a 101 judged? | `dissect/opening/mod.rs` (`Opening::step`), `dissect/opening/exchange.rs` (`answered`), which asks [`http::judge_answer`] |
//! | Where do octets become frames? | [`ws::Deframer`]; `dissect/websocket/sender.rs` makes records of them |
//! | Where is a ping paired with its pong? | `dissect/websocket/conversation.rs` (`Conversation::pong`) |
//! | Where are a frame's octets read for the hex view? | [`dissect::MessageReader::sent_octets`], which asks `dissect/payload/reader.rs` (`PayloadReader::next`), the one place that walks payloads |
//! | Where is a rule's sentence? | [`view`] |
//! | Where does a row get a column, a JSON key, a filter word or an order? | `query/field/`: [`query::entries`] is the one table of all four |
//!
//! # Who may import whom
//!
//! ```text
//!   gui   cli                 paint and print; never parse
//!     view   query            read a Snapshot; never write, no threads
//!       background            threads: one kind of desk for every long question, and the pool that inflates
//!         dissect             the only module that knows every protocol; owns all state
//!   capture  net  tls  http  ws  inflate   siblings: never import one another; octets in, records and findings out
//!             base            words: Span, ids, Field, Finding, Timestamp; `inflate` does without them
//! ```
//!
//! A test (`tests/architecture/`) reads `src/` and holds this table.
//!
//! # Glossary
//!
//! | word | meaning |
//! |---|---|
//! | capture | a pcap or pcapng file, or the spool file that a pipe or a compressed file is written to |
//! | span | a place in the capture: file offset and length, in octets |
//! | flow | a TCP connection; a *connection* is a WebSocket connection |
//! | carrier | the pair of ordered octet streams that a WebSocket came in: a TCP connection, or a stream of a layer on it |
//! | opening | how a WebSocket begins on a carrier, whatever of it the capture holds |
//! | stream offset | octets of one direction of a carrier before this one; of TCP, 0 is the first octet behind the SYN |
//! | segment | what one packet contributes to a stream |
//! | gap | stream octets that the peers exchanged and the capture lacks |
//! | frame, message | as RFC 6455 §5.2 and §5.4 say |
//! | finding | a rule that something on the wire breaks or touches, with its place |
//! | snapshot | the index as it was at one moment; costs nothing to take and never changes |
//!
//! # Limits
//!
//! A capture can be made to hurt: to fill the memory, or to take time that grows faster than it does. Nothing is reserved
//! by a length that the wire claims, and every table whose keys the wire chooses is hashed with seeds of its own run.
//! All else is in proportion to the capture, or has a bound:
//!
//! | what grows with the capture | octets of memory |
//! |---|---|
//! | a frame | 52: a record of 48 and its message's first frame; a message of several frames 32 more. 10 million frames of 2 octets in 20 MB take 0.5 GB |
//! | a ping | 8 more |
//! | a message, where any of the capture is compressed | 4 |
//! | a finding | 32; where octets are missing, 72; about the opening handshake or the end, 170 and the text of the wire that it quotes |
//! | a segment of a TCP connection that is read | 6; 9 where thousands of others come in between, 15 where 8 MiB of them do |
//! | a TCP connection | 80, whatever it carries, if anything, and for ever |
//! | … that carries HTTP and is open | 1,600 more |
//! | … that carries a WebSocket, or asks for one | 2,300 more while it is open, 810 when both sides have ended it |
//! | … that sends compressed messages | up to 32 KiB a side; 64 where it copies from what the capture lacks |
//! | … and has not ended one | what came of it and a quarter more, up to 80 KiB; 250 KiB where that is more |
//! | a connection whose frames or messages are printed | 300 more, while they are |
//! | what is kept of inflated messages, [`dissect::MAX_KEPT_INFLATED`] | up to 64 MiB in all: windows of 4 MiB of the messages that were shown last, messages that `messages` prints behind their judging (4 MiB more a thread while they are inflated), and places to go on from. None of these takes more than three quarters; what finds no room is inflated again |
//! | 4 MiB of inflated messages of one sender | 32 KiB: a checkpoint. Whenever there are 1,024 more of all senders, twice as many MiB |
//!
//! | bound | what it is | what happens there |
//! |---|---|---|
//! | [`dissect::MAX_BACKLOG`] | 64 MiB for what all connections keep because something is missing: segments behind a hole, octets behind an unanswered Upgrade request, heads that are not whole | the connection that has waited longest waits no more: the hole is a `capture.gap` that says so; the octets behind the request are taken for frames if they look like it, else left out; a connection with half a head is not read on |
//! | [`net::MAX_QUEUED_PIECES`], [`net::MAX_QUEUED_OCTETS`] | 4,096 segments and 16 MiB of stream behind the holes of one direction | the hole is a `capture.gap` that says so |
//! | [`net::PATIENCE_SEGMENTS`], [`net::PATIENCE_NANOSECONDS`] | 64 segments or 1 s, when what is missing was acknowledged, and 1 s behind the end of a connection | the hole is a `capture.gap` |
//! | `dissect::opening::recognition::MAX_PIECES`, `MAX_IN_ALL` | 64 segments of each direction of a connection that began before the capture, and 4,096 in all, captured or lost, until it is clear what it carries | those that waited longest are passed over; then the connection is not read on |
//! | `dissect::opening::user_override::MAX_KEPT` | 4,096 segments of a connection that the user says is a WebSocket, while a handshake may come | they are read as frames |
//! | `dissect::opening::MAX_WAITING` | 16,384 segments behind an Upgrade request without an answer | as with the backlog |
//! | `dissect::opening::exchange::MAX_OUTSTANDING` | 1,024 requests of one connection without an answer | the connection is not read on |
//! | `dissect::websocket::conversation::MAX_OUTSTANDING` | 1,024 pings of one sender without a pong | those before are not judged |
//! | [`dissect::MAX_KEPT_TEXT`] | 8,000 octets of a URL, a subprotocol, a list of extensions | `…` where it is cut; the handshake shows all |
//! | [`http::MAX_HEAD_LEN`], `http::head::MAX_FIELDS` | 64 KiB and 4,096 fields of a request or a response | it is not taken for HTTP; the connection is not read on |
//! | [`base::Quote::MAX`], `http::upgrade::MAX_NAMED` | 200 characters of a field in a finding; 16 findings about extensions nobody offered | `…`; one finding more tells how many there are |
//! | [`ws::MAX_CONTROL_PAYLOAD`] | 125 octets of a ping or a pong | a longer one breaks a rule, and its body is not looked into |
//! | [`ws::MAX_CLOSE_BODY`] | 1 KiB of a Close's body | `…` where its reason is cut |
//! | `dissect::websocket::seek::MAX_CANDIDATES`, `MAX_PIECES` | 4 places where frames may go on behind a gap, 64 segments with headers of each | the place with the least evidence is dropped; so is a longer one |
//! | `net::fragments::MAX_DATAGRAMS`, `MAX_OCTETS`, `MAX_PARTS` | 64 IP datagrams in fragments, 4 MiB of them, 2,048 parts of one | the one that waited longest is left out; a warning counts them |
//! | `net::link::MAX_HEADERS`, `net::ip::MAX_EXTENSION_HEADERS` | 8 tags and labels, 16 extension headers | the packet is left out |
//! | `capture::record::MAX_CAPTURED` | 16 MiB of one packet | the capture is damaged there: a warning, and everything before is shown |
//! | `capture::pcapng::MAX_DESCRIPTIONS`, `capture::interface::MAX_NAME` | 65,536 sections and interfaces, 1 KiB of a name: 70 MiB | the same |
//! | [`capture::MAX_UNPACKED`], [`capture::MAX_UNPACKED_RATIO`] | 1 GiB out of a compressed capture, or 200 times its size | the same; unpack it first to read the rest |
//! | [`dissect::MAX_ROWS`] | 3,000,000,000 frames, findings, TCP connections | reading ends there: a warning, and everything before is shown |
//! | [`dissect::MAX_INFLATED`] | 64 MiB of one message, inflated; `--inflate-limit` changes it | `limit.inflate`; what later messages copy from it is unknown |
//! | `dissect::payload::gathered::BATCH` | 16 MiB of compressed messages that wait to be inflated, and 16 more that are being; 24 MiB of room for the next ones | nothing more is gathered meanwhile |
//! | the window of zstd | 128 MiB | the same |
//! | [`view::MAX_INDENTED`] | 8 MiB of indented JSON | it is shown as it was sent |
//!
//! The lists of TCP connections that are not read as WebSockets hold those with the most octets: 1,000 in the window, 10,000 on
//! the command line; both say where they are cut.
//!
//! Not bounded: a pipe and a compressed capture are written to a temporary file (`TMPDIR`) that is as large as what comes
//! out; `--payload` prints a zero for each octet that is missing, up to 1 GiB a hole, and holds what one compressed message
//! inflates to; other messages of more than 1 MiB are read twice instead.
//!
//! `examples/corpus/hostile/` makes captures that go for each of these; `tests/hostile/scale.rs` reads them.

pub mod background;
pub mod base;
pub mod capture;
pub mod cli;
pub mod dissect;
#[cfg(feature = "gui")]
pub mod gui;
pub mod http;
pub mod inflate;
pub mod net;
pub mod query;
pub mod tls;
pub mod view;
pub mod ws;
