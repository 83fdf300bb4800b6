//! Columns that rows of several kinds have.

use super::entry::{Column, Shown, TerminalColumn};

pub(super) const NUMBER: Column = Column::at(0, "#", 56.0, "The number, from 1").spoken("Number");
pub(super) const CONNECTION: Column =
    Column::at(10, "Conn.", 44.0, "The connection, as numbered in the list on the left")
        .spoken("Connection")
        .shown(Shown::OfSeveralConnections)
        .gives_way(7);
pub(super) const TIME: Column =
    Column::at(20, "Time (UTC)", 122.0, "When the packet with the first octet was captured, in UTC")
        .spoken("Time")
        .gives_way(5);
pub(super) const DELTA: Column = Column::at(30, "Δ", 78.0, "Time since the frame before on the same connection")
    .spoken("Time since the frame before")
    .gives_way(2);
pub(super) const SENDER: Column =
    Column::at(40, "From", 68.0, "Who sent it: an arrow to the right for the client, to the left for the server");
pub(super) const LENGTH: Column =
    Column::at(70, "Octets", 84.0, "Payload octets on the wire, as the header declares them");
pub(super) const FINDINGS: Column = Column::at(100, "", 40.0, "How bad the worst finding is").spoken("Findings");
pub(super) const PAYLOAD: Column = Column::at(90, "Payload", 0.0, "How the payload begins; octets where it is no text");
pub(super) const TERMINAL_CONNECTION: TerminalColumn = TerminalColumn { place: 1, heading: "conn", width: 5, gap: 1 };
pub(super) const TERMINAL_TIME: TerminalColumn = TerminalColumn { place: 2, heading: "time (UTC)", width: 15, gap: 2 };
pub(super) const TERMINAL_SENDER: TerminalColumn = TerminalColumn { place: 3, heading: "sender", width: 6, gap: 2 };
pub(super) const TERMINAL_LENGTH: TerminalColumn = TerminalColumn { place: 6, heading: "length", width: 11, gap: 1 };
pub(super) const TERMINAL_PAYLOAD: TerminalColumn = TerminalColumn { place: 7, heading: "payload", width: 0, gap: 2 };
