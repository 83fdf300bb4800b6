//! Everything the user can do, as data: what it is called, what its tooltip says, which key does it.
//!
//! Panels return a [`Command`]; [`super::window::Window::apply`] is the one function that does what it says.

use std::ops::Range;
use std::path::PathBuf;

use egui::{Event, Key, KeyboardShortcut, Modifiers};

use super::details::Tab;
use super::pane::Pane;
use crate::base::{ConnectionId, FrameId, PacketId};
use crate::dissect::UserDecision;
use crate::net::Flow;
use crate::query::{RowField, RowId, RowKind};

/// A wish of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Choose a capture with the desktop's dialog.
    Open,
    /// Open the capture at this path.
    OpenPath(PathBuf),
    /// Open the built-in sample with this index.
    OpenSample(usize),
    /// Choose an interface to sniff.
    Live,
    /// Sniff what was chosen; `elevated` asks for a password first.
    StartLive {
        /// With an administrator's rights.
        elevated: bool,
    },
    /// Sniff the same once more.
    RestartLive,
    /// Save what was sniffed.
    Save,
    /// … at this path.
    SaveAs(PathBuf),
    /// Delete what was sniffed, after a question.
    Discard,
    /// Delete it.
    DiscardForGood,
    /// Open a capture that was sniffed and not saved.
    Recover(PathBuf),
    /// Back to the start screen.
    CloseCapture,
    /// End the reading, keep what was found.
    Stop,
    /// Dark to light, light to dark.
    ToggleTheme,
    /// List frames.
    ShowFrames,
    /// List messages.
    ShowMessages,
    /// List findings.
    ShowFindings,
    /// Show the other list at the selected row's place: a frame's message, a message's first frame.
    Cross,
    /// List the rows in the order of a column: ascending, then descending, then as they were captured.
    SortBy(RowField),
    /// Show the rows of one connection, or of all.
    SelectConnection(Option<ConnectionId>),
    /// Choose a TCP connection to read as a WebSocket.
    Treat,
    /// Read the TCP connections between two ends as the user says.
    Decide(Flow, UserDecision),
    /// A connection that was recognised without its handshake is a WebSocket.
    Confirm(ConnectionId),
    /// It is none.
    Reject(ConnectionId),
    /// Select a row, wherever it is.
    SelectRow(RowId),
    /// Ask for the number of a row, and select it.
    GoTo,
    /// Select again what was selected before.
    Back,
    /// Select again what was selected when going back.
    Forward,
    /// One row down.
    NextRow,
    /// One row up.
    PreviousRow,
    /// A page down.
    PageDown,
    /// A page up.
    PageUp,
    /// The first row.
    FirstRow,
    /// The last row.
    LastRow,
    /// Keep the newest row in sight.
    FollowNewest,
    /// The next frame of the message.
    NextFrame,
    /// The frame before of the message.
    PreviousFrame,
    /// Show a tab of the details.
    ShowTab(Tab),
    /// Show the hex dump of the frame.
    ShowHex,
    /// Show the hex dump of the frame as it was sent.
    ShowWire,
    /// Show the packets that brought the frame, among them this one.
    ShowPacket(PacketId),
    /// Read at least so many octets of the frame's payload.
    ReadPayload(u64),
    /// Show another frame of the message, and octets of its payload with what they inflate to selected.
    ShowOctets {
        /// The frame.
        frame: FrameId,
        /// Octets of its payload.
        payload: Range<u64>,
        /// Octets of what the message inflates to.
        plain: Range<u64>,
    },
    /// End the inflating that is under way.
    StopInflating,
    /// Inflate after all.
    Inflate,
    /// Inflate the message further than others.
    InflateFurther,
    /// Select nothing in the frame any more.
    Deselect,
    /// Give the focus to the next pane.
    NextPane,
    /// Give the focus to the pane before.
    PreviousPane,
    /// Type into the filter.
    FocusFilter,
    /// Show the rows that pass this filter.
    FilterBy(String),
    /// Show all rows again.
    ClearFilter,
    /// Copy the selected row as text.
    CopyRow,
    /// Everything larger.
    ZoomIn,
    /// Everything smaller.
    ZoomOut,
    /// The usual size.
    ZoomReset,
    /// Shortcuts, filter terms and what this program is.
    Help,
    /// Close the window.
    Quit,
}

const fn key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

const fn alt(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::ALT, key)
}

const fn shift(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::SHIFT, key)
}

const fn ctrl(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::COMMAND, key)
}

/// The keys, in the order in which help lists them.
pub const SHORTCUTS: &[(Command, KeyboardShortcut)] = &[
    (Command::Open, ctrl(Key::O)),
    #[cfg(feature = "live")]
    (Command::Live, ctrl(Key::L)),
    #[cfg(feature = "live")]
    (Command::Save, ctrl(Key::S)),
    (Command::Treat, ctrl(Key::R)),
    (Command::CloseCapture, ctrl(Key::W)),
    (Command::Quit, ctrl(Key::Q)),
    (Command::ShowFrames, ctrl(Key::Num1)),
    (Command::ShowMessages, ctrl(Key::Num2)),
    (Command::ShowFindings, ctrl(Key::Num3)),
    (Command::FocusFilter, ctrl(Key::F)),
    (Command::GoTo, ctrl(Key::G)),
    (Command::Back, alt(Key::ArrowLeft)),
    (Command::Forward, alt(Key::ArrowRight)),
    (Command::PreviousFrame, key(Key::OpenBracket)),
    (Command::NextFrame, key(Key::CloseBracket)),
    (Command::Cross, key(Key::Enter)),
    (Command::Deselect, key(Key::Escape)),
    (Command::NextRow, key(Key::ArrowDown)),
    (Command::PreviousRow, key(Key::ArrowUp)),
    (Command::PageDown, key(Key::PageDown)),
    (Command::PageUp, key(Key::PageUp)),
    (Command::FirstRow, key(Key::Home)),
    (Command::LastRow, key(Key::End)),
    (Command::NextPane, key(Key::F6)),
    (Command::PreviousPane, shift(Key::F6)),
    (Command::ShowTab(Tab::Bits), alt(Key::Num1)),
    (Command::ShowTab(Tab::Payload), alt(Key::Num2)),
    (Command::ShowTab(Tab::Handshake), alt(Key::Num3)),
    (Command::ShowTab(Tab::Segments), alt(Key::Num4)),
    (Command::CopyRow, ctrl(Key::C)),
    (Command::ToggleTheme, ctrl(Key::T)),
    (Command::ZoomIn, ctrl(Key::Plus)),
    (Command::ZoomOut, ctrl(Key::Minus)),
    (Command::ZoomReset, ctrl(Key::Num0)),
    (Command::Help, key(Key::F1)),
];

/// The keys of a shortcut as they are called on this system.
pub fn key_text(ctx: &egui::Context, shortcut: &KeyboardShortcut) -> String {
    match shortcut.logical_key {
        // egui calls them OpenBracket and CloseBracket.
        bracket @ (Key::OpenBracket | Key::CloseBracket) => bracket.symbol_or_name().to_owned(),
        _ => ctx.format_shortcut(shortcut),
    }
}

/// Keys that a focused button or column head has its own use for.
const KEYS_OF_WIDGETS: [Key; 5] = [Key::Enter, Key::Space, Key::Escape, Key::ArrowDown, Key::ArrowUp];

impl Command {
    /// The list of `kind`.
    pub fn show(kind: RowKind) -> Command {
        match kind {
            RowKind::Frames => Command::ShowFrames,
            RowKind::Messages => Command::ShowMessages,
            RowKind::Findings => Command::ShowFindings,
        }
    }

    /// Returns whether it moves the selection along the list, as keys that are held down do.
    pub fn is_step(&self) -> bool {
        matches!(self, Command::NextRow | Command::PreviousRow | Command::PageDown | Command::PageUp)
    }

    /// The words of a button or of the list of keys, and those of the tooltip.
    fn words(&self) -> [&'static str; 2] {
        match self {
            Command::Open => ["Open…", "Open a pcap or pcapng file, plain or compressed with gzip or zstd"],
            Command::OpenPath(_) => ["Open", "Open this capture"],
            Command::OpenSample(_) => ["Open sample", "Open this built-in capture"],
            Command::Live => ["Live…", "Sniff a network interface and see frames as they come"],
            Command::StartLive { elevated: false } => ["Start", "Start to sniff this interface"],
            Command::StartLive { elevated: true } => [
                "Start as administrator…",
                "Ask for an administrator's password and start the process that sniffs with it; it gives the rights away at once",
            ],
            Command::RestartLive => {
                ["Restart", "Sniff the same interface again; what was captured so far stays among the unsaved captures"]
            }
            Command::Save => ["Save…", "Save what was sniffed as a pcapng file"],
            Command::SaveAs(_) => ["Save", "Save it there"],
            Command::Discard => ["Discard…", "Delete what was sniffed"],
            Command::DiscardForGood => ["Discard", "Delete what was sniffed; this cannot be undone"],
            Command::Recover(_) => ["Open unsaved capture", "Open what was sniffed and not saved"],
            Command::CloseCapture => ["Close capture", "Close the capture and go back to the start screen"],
            Command::Stop => ["Stop", "Stop reading and judging; what was found so far stays"],
            Command::ToggleTheme => ["Dark or light", "Switch between the dark and the light theme"],
            Command::ShowFrames => ["Frames", "One row for each frame"],
            Command::ShowMessages => ["Messages", "One row for each data message, its frames joined"],
            Command::ShowFindings => {
                ["Findings", "One row for each rule that is broken, and for whatever else is worth knowing"]
            }
            Command::Cross => [
                "Frame to message and back",
                "From a frame to the message it belongs to, from a message to its first frame, from a finding to its frame",
            ],
            Command::SortBy(_) => {
                ["Sort", "Click to sort; again for the other direction, once more for the order of the capture"]
            }
            Command::SelectConnection(None) => ["All connections", "Show the rows of all connections"],
            Command::SelectConnection(Some(_)) => ["Show connection", "Show the rows of this connection"],
            Command::Treat => [
                "Treat a TCP connection as WebSocket…",
                "Read a TCP connection as a WebSocket although no opening handshake says that it is one",
            ],
            Command::Decide(_, UserDecision::WebSocket { .. }) => {
                ["Treat as WebSocket", "Read the capture again, and this TCP connection as frames"]
            }
            Command::Confirm(_) => ["Confirm", "Say that this is a WebSocket; the evidence is still shown"],
            Command::Decide(_, UserDecision::NotWebSocket) | Command::Reject(_) => {
                ["Not a WebSocket", "Read the capture again, without taking this TCP connection for a WebSocket"]
            }
            Command::SelectRow(_) => ["Go to", "Select the row and show its details"],
            Command::GoTo => ["Go to…", "Go to a frame, a message, a finding or a connection by its number"],
            Command::Back => ["Back", "Select again what was selected before"],
            Command::Forward => ["Forward", "Select again what was selected when going back"],
            Command::NextRow => ["Next row", "Select the row below"],
            Command::PreviousRow => ["Previous row", "Select the row above"],
            Command::PageDown => ["Page down", "Go down as many rows as are in sight"],
            Command::PageUp => ["Page up", "Go up as many rows as are in sight"],
            Command::FirstRow => ["First row", "Select the first row"],
            Command::LastRow => ["Last row", "Select the last row, and follow the newest where more come"],
            Command::FollowNewest => ["Follow newest", "Scroll to the newest row and stay there"],
            Command::NextFrame => ["Next frame of the message", "Show the next frame of this message"],
            Command::PreviousFrame => ["Previous frame of the message", "Show the frame before of this message"],
            Command::ShowTab(tab) => tab.words(),
            Command::ShowHex => ["Open hex dump", "Show the octets"],
            Command::ShowWire => ["Show the octets on the wire", "Show the octets as they were sent"],
            Command::ShowPacket(_) => ["Show packet", "Show the packet among those that brought the frame"],
            Command::ReadPayload(_) => ["Show more", "Show more of the payload"],
            Command::ShowOctets { .. } => ["Show octets", "Show the octets that this comes from"],
            Command::StopInflating => ["Cancel", "End the inflating"],
            Command::Inflate => ["Inflate", "Inflate the message after all"],
            Command::InflateFurther => ["Inflate further", "Inflates this message up to 16 times as far"],
            Command::Deselect => ["Deselect", "Select nothing in the frame any more"],
            Command::NextPane => ["Next pane", "Go to the next part of the window; arrows go about within it"],
            Command::PreviousPane => {
                ["Previous pane", "Go to the part of the window before; arrows go about within it"]
            }
            Command::FocusFilter | Command::FilterBy(_) => ["Filter", "Type which rows to show"],
            Command::ClearFilter => ["Show all rows", "Empty the filter"],
            Command::CopyRow => ["Copy row", "Copy the selected row as a line of text"],
            Command::ZoomIn => ["Larger", "Make everything larger"],
            Command::ZoomOut => ["Smaller", "Make everything smaller"],
            Command::ZoomReset => ["Usual size", "Back to the usual size"],
            Command::Help => ["Help", "Shortcuts, filter terms, and what this program is"],
            Command::Quit => ["Quit", "Close the window"],
        }
    }

    /// The words of a button or of the list of keys.
    pub fn text(&self) -> &'static str {
        self.words()[0]
    }

    /// The words of the tooltip, without the shortcut.
    pub fn tooltip(&self) -> &'static str {
        self.words()[1]
    }

    /// The key that does it.
    pub fn shortcut(&self) -> Option<KeyboardShortcut> {
        SHORTCUTS.iter().find(|(command, _)| command == self).map(|(_, shortcut)| *shortcut)
    }

    /// The tooltip with the shortcut behind it.
    pub fn hint(&self, ctx: &egui::Context) -> String {
        match self.shortcut() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), key_text(ctx, &shortcut)),
            None => self.tooltip().to_owned(),
        }
    }

    /// The command whose shortcut was pressed in this pass, as far as nothing else has a use for the key: a text field takes
    /// whatever is typed without Ctrl, and a focused widget what it is worked with.
    pub fn pressed(ctx: &egui::Context) -> Option<Command> {
        let is_typing = ctx.text_edit_focused();
        let pane = Pane::focused(ctx);
        let is_widget_focused = pane.is_none() && ctx.memory(|memory| memory.focused().is_some());
        let is_text_selected = ctx
            .with_plugin(|state: &mut egui::text_selection::LabelSelectionState| state.has_selection())
            .unwrap_or(false);
        let is_free = |shortcut: &KeyboardShortcut| match shortcut.modifiers {
            modifiers if modifiers.command => true,
            _ if is_typing => shortcut.logical_key == Key::F6,
            modifiers if !modifiers.is_none() => true,
            _ if is_widget_focused => !KEYS_OF_WIDGETS.contains(&shortcut.logical_key),
            _ => !pane.is_some_and(|pane| pane.uses(shortcut.logical_key)),
        };
        ctx.input_mut(|input| {
            // The backends turn this key into an event of its own.
            if !is_typing && !is_text_selected && input.events.contains(&Event::Copy) {
                return Some(Command::CopyRow);
            }
            // With more modifiers first: `consume_shortcut` ignores additional Shift and Alt.
            let mut shortcuts: Vec<_> = SHORTCUTS.iter().filter(|(_, shortcut)| is_free(shortcut)).collect();
            shortcuts.sort_by_key(|(_, shortcut)| shortcut.modifiers.is_none());
            shortcuts
                .into_iter()
                .find(|(_, shortcut)| input.consume_shortcut(shortcut))
                .map(|(command, _)| command.clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortcut_does_one_thing() {
        for (index, (command, shortcut)) in SHORTCUTS.iter().enumerate() {
            assert!(!command.text().is_empty() && !command.tooltip().is_empty());
            for (other, another) in &SHORTCUTS[index + 1..] {
                assert!(shortcut != another && command != other, "{command:?} and {other:?}");
            }
        }
    }
}
