//! Everything the user can make the window do: text, tooltip and shortcut of each, once.

use std::path::PathBuf;

use egui::{Key, KeyboardShortcut, Modifiers};

use super::details::Tab;
use crate::base::ConnectionId;
use crate::dissect::Decision;
use crate::net::Flow;
use crate::query::{RowId, RowKind, SortKey};

/// A wish of the user. Panels return one, [`super::window::Window::apply`] fulfils it.
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
    SortBy(SortKey),
    /// Show the rows of one connection, or of all.
    SelectConnection(Option<ConnectionId>),
    /// Choose a TCP connection to read as a WebSocket.
    Treat,
    /// Read the TCP connections between two ends as the user says.
    Decide(Flow, Decision),
    /// A connection that was recognised without its handshake is a WebSocket.
    Confirm(ConnectionId),
    /// It is none.
    Reject(ConnectionId),
    /// Select a row, wherever it is.
    SelectRow(RowId),
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
    /// Type into the filter.
    FocusFilter,
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

impl Command {
    /// The commands that have a shortcut, in the order in which help lists them.
    pub const WITH_SHORTCUT: &'static [Command] = &[
        Command::Open,
        #[cfg(feature = "live")]
        Command::Live,
        #[cfg(feature = "live")]
        Command::Save,
        Command::CloseCapture,
        Command::Quit,
        Command::Stop,
        Command::Treat,
        Command::FocusFilter,
        Command::ShowFrames,
        Command::ShowMessages,
        Command::ShowFindings,
        Command::Cross,
        Command::NextRow,
        Command::PreviousRow,
        Command::PageDown,
        Command::PageUp,
        Command::FirstRow,
        Command::LastRow,
        Command::NextFrame,
        Command::PreviousFrame,
        Command::ShowTab(Tab::Bits),
        Command::ShowTab(Tab::Payload),
        Command::ShowTab(Tab::Handshake),
        Command::ShowTab(Tab::Segments),
        Command::CopyRow,
        Command::ToggleTheme,
        Command::ZoomIn,
        Command::ZoomOut,
        Command::ZoomReset,
        Command::Help,
    ];

    /// The list of `kind`.
    pub fn show(kind: RowKind) -> Command {
        match kind {
            RowKind::Frames => Command::ShowFrames,
            RowKind::Messages => Command::ShowMessages,
            RowKind::Findings => Command::ShowFindings,
        }
    }

    /// What a button or the list of shortcuts calls it.
    pub fn text(&self) -> &'static str {
        match self {
            Command::Open => "Open…",
            Command::OpenPath(_) => "Open",
            Command::OpenSample(_) => "Open sample",
            Command::Live => "Live…",
            Command::StartLive { elevated: false } => "Start",
            Command::StartLive { elevated: true } => "Start as administrator…",
            Command::RestartLive => "Restart",
            Command::Save => "Save…",
            Command::SaveAs(_) => "Save",
            Command::Discard => "Discard…",
            Command::DiscardForGood => "Discard",
            Command::Recover(_) => "Open unsaved capture",
            Command::CloseCapture => "Close capture",
            Command::Stop => "Stop",
            Command::ToggleTheme => "Dark or light",
            Command::ShowFrames => "Frames",
            Command::ShowMessages => "Messages",
            Command::ShowFindings => "Findings",
            Command::Cross => "Frame to message and back",
            Command::SortBy(_) => "Sort",
            Command::SelectConnection(None) => "All connections",
            Command::SelectConnection(Some(_)) => "Show connection",
            Command::Treat => "Treat a TCP connection as WebSocket…",
            Command::Decide(_, Decision::WebSocket { .. }) => "Treat as WebSocket",
            Command::Confirm(_) => "Confirm",
            Command::Decide(_, Decision::NotWebSocket) | Command::Reject(_) => "Not a WebSocket",
            Command::SelectRow(_) => "Select row",
            Command::NextRow => "Next row",
            Command::PreviousRow => "Previous row",
            Command::PageDown => "Page down",
            Command::PageUp => "Page up",
            Command::FirstRow => "First row",
            Command::LastRow => "Last row",
            Command::FollowNewest => "Follow newest",
            Command::NextFrame => "Next frame of the message",
            Command::PreviousFrame => "Previous frame of the message",
            Command::ShowTab(tab) => tab.text(),
            Command::FocusFilter => "Filter",
            Command::ClearFilter => "Show all rows",
            Command::CopyRow => "Copy row",
            Command::ZoomIn => "Larger",
            Command::ZoomOut => "Smaller",
            Command::ZoomReset => "Usual size",
            Command::Help => "Help",
            Command::Quit => "Quit",
        }
    }

    /// What the tooltip says, without the shortcut.
    pub fn tooltip(&self) -> &'static str {
        match self {
            Command::Open => "Open a pcap or pcapng file, plain or compressed with gzip or zstd",
            Command::OpenPath(_) => "Open this capture",
            Command::OpenSample(_) => "Open this built-in capture",
            Command::Live => "Sniff a network interface and see frames as they come",
            Command::StartLive { elevated: false } => "Start to sniff this interface",
            Command::StartLive { elevated: true } => {
                "Ask for an administrator's password and start the process that sniffs with it; it gives the rights away at once"
            }
            Command::RestartLive => {
                "Sniff the same interface again; what was captured so far stays among the unsaved captures"
            }
            Command::Save => "Save what was sniffed as a pcapng file",
            Command::SaveAs(_) => "Save it there",
            Command::Discard => "Delete what was sniffed",
            Command::DiscardForGood => "Delete what was sniffed; this cannot be undone",
            Command::Recover(_) => "Open what was sniffed and not saved",
            Command::CloseCapture => "Close the capture and go back to the start screen",
            Command::Stop => "Stop reading and judging; what was found so far stays",
            Command::ToggleTheme => "Switch between the dark and the light theme",
            Command::ShowFrames => "One row for each frame",
            Command::ShowMessages => "One row for each data message, its frames joined",
            Command::ShowFindings => "One row for each rule that is broken, and for whatever else is worth knowing",
            Command::Cross => {
                "From a frame to the message it belongs to, from a message to its first frame, from a finding to its frame"
            }
            Command::SortBy(_) => {
                "Click to sort; again for the other direction, once more for the order of the capture"
            }
            Command::SelectConnection(None) => "Show the rows of all connections",
            Command::SelectConnection(Some(_)) => "Show the rows of this connection",
            Command::Treat => "Read a TCP connection as a WebSocket although no opening handshake says that it is one",
            Command::Decide(_, Decision::WebSocket { .. }) => {
                "Read the capture again, and this TCP connection as frames"
            }
            Command::Confirm(_) => "Say that this is a WebSocket; the evidence is still shown",
            Command::Decide(_, Decision::NotWebSocket) | Command::Reject(_) => {
                "Read the capture again, without taking this TCP connection for a WebSocket"
            }
            Command::SelectRow(_) => "Show its details below",
            Command::NextRow => "Select the row below",
            Command::PreviousRow => "Select the row above",
            Command::PageDown => "Go down as many rows as are in sight",
            Command::PageUp => "Go up as many rows as are in sight",
            Command::FirstRow => "Select the first row",
            Command::LastRow => "Select the last row",
            Command::FollowNewest => "Scroll to the newest row and stay there",
            Command::NextFrame => "Show the next frame of this message",
            Command::PreviousFrame => "Show the frame before of this message",
            Command::ShowTab(tab) => tab.tooltip(),
            Command::FocusFilter => "Type which rows to show",
            Command::ClearFilter => "Empty the filter",
            Command::CopyRow => "Copy the selected row as a line of text",
            Command::ZoomIn => "Make everything larger",
            Command::ZoomOut => "Make everything smaller",
            Command::ZoomReset => "Back to the usual size",
            Command::Help => "Shortcuts, filter terms, and what this program is",
            Command::Quit => "Close the window",
        }
    }

    /// The key that does it.
    pub fn shortcut(&self) -> Option<KeyboardShortcut> {
        let key = |modifiers, key| Some(KeyboardShortcut::new(modifiers, key));
        let (plain, command) = (Modifiers::NONE, Modifiers::COMMAND);
        match self {
            Command::Open => key(command, Key::O),
            Command::Live => key(command, Key::L),
            Command::Save => key(command, Key::S),
            Command::CloseCapture => key(command, Key::W),
            Command::Quit => key(command, Key::Q),
            Command::Stop => key(plain, Key::Escape),
            Command::Treat => key(command, Key::R),
            Command::FocusFilter => key(command, Key::F),
            Command::ShowFrames => key(command, Key::Num1),
            Command::ShowMessages => key(command, Key::Num2),
            Command::ShowFindings => key(command, Key::Num3),
            Command::Cross => key(plain, Key::Enter),
            Command::NextRow => key(plain, Key::ArrowDown),
            Command::PreviousRow => key(plain, Key::ArrowUp),
            Command::PageDown => key(plain, Key::PageDown),
            Command::PageUp => key(plain, Key::PageUp),
            Command::FirstRow => key(plain, Key::Home),
            Command::LastRow => key(plain, Key::End),
            Command::NextFrame => key(Modifiers::ALT, Key::ArrowRight),
            Command::PreviousFrame => key(Modifiers::ALT, Key::ArrowLeft),
            Command::ShowTab(Tab::Bits) => key(Modifiers::ALT, Key::Num1),
            Command::ShowTab(Tab::Payload) => key(Modifiers::ALT, Key::Num2),
            Command::ShowTab(Tab::Handshake) => key(Modifiers::ALT, Key::Num3),
            Command::ShowTab(Tab::Segments) => key(Modifiers::ALT, Key::Num4),
            Command::CopyRow => key(command, Key::C),
            Command::ToggleTheme => key(command, Key::T),
            Command::ZoomIn => key(command, Key::Plus),
            Command::ZoomOut => key(command, Key::Minus),
            Command::ZoomReset => key(command, Key::Num0),
            Command::Help => key(plain, Key::F1),
            _ => None,
        }
    }

    /// The tooltip with the shortcut behind it.
    pub fn hint(&self, ctx: &egui::Context) -> String {
        match self.shortcut() {
            Some(shortcut) => format!("{} ({})", self.tooltip(), ctx.format_shortcut(&shortcut)),
            None => self.tooltip().to_owned(),
        }
    }

    /// The command whose shortcut was pressed in this pass, if typing does not go into a text field.
    pub fn pressed(ctx: &egui::Context) -> Option<Command> {
        let typing = ctx.text_edit_focused();
        let busy = typing || ctx.memory(|memory| memory.focused().is_some());
        let text_selected = ctx
            .with_plugin(|state: &mut egui::text_selection::LabelSelectionState| state.has_selection())
            .unwrap_or(false);
        ctx.input_mut(|input| {
            // The backends turn this key into an event of its own.
            if !typing && !text_selected && input.events.contains(&egui::Event::Copy) {
                return Some(Command::CopyRow);
            }
            // With more modifiers first: `consume_shortcut` ignores additional Shift and Alt.
            let mut commands: Vec<&Command> = Command::WITH_SHORTCUT.iter().collect();
            let plain = |command: &Command| command.shortcut().is_some_and(|shortcut| shortcut.modifiers.is_none());
            commands.sort_by_key(|command| plain(command));
            commands
                .into_iter()
                .filter(|command| match command {
                    Command::Stop | Command::Help => !typing,
                    // Keys that a focused button or field has its own use for.
                    command => !(busy && plain(command)),
                })
                .find(|command| command.shortcut().is_some_and(|shortcut| input.consume_shortcut(&shortcut)))
                .cloned()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortcut_does_one_thing() {
        for (index, command) in Command::WITH_SHORTCUT.iter().enumerate() {
            let shortcut = command.shortcut().unwrap();
            assert!(!command.text().is_empty() && !command.tooltip().is_empty());
            for other in &Command::WITH_SHORTCUT[index + 1..] {
                assert_ne!(Some(shortcut), other.shortcut(), "{command:?} and {other:?}");
            }
        }
    }
}
