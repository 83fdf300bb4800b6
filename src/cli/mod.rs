//! The command line: the same answers as the window's, as tables and JSON lines.

mod args;
#[cfg(feature = "live")]
mod capture;
mod check;
mod decode;
mod diagram;
#[cfg(feature = "live")]
mod interfaces;
mod json;
mod json_line;
mod json_message;
mod others;
mod output;
mod rows;
mod show;
mod stats;
mod table;
mod walk;

use crate::dissect::{Decisions, InflateLimit, ReadOptions};
use std::process::ExitCode;

use clap::Parser as _;

use args::{Arguments, Command, ReadArguments};
use output::{Failure, Output};

/// Runs the program with its arguments; what it returns is the exit status: 0 done, 1 `check` found a violation, 2 the
/// command line or the file could not be used.
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) if !error.use_stderr() => {
            // Help and version are what was asked for; a reader that has gone wants no more of them.
            let _ = error.print();
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            output::complain(&output::one_line(&error.to_string()));
            return ExitCode::from(2);
        }
    };
    if let Err(failure) = forgo_rights(&arguments) {
        output::complain(&failure);
        return ExitCode::from(2);
    }
    let mut output = Output::new();
    let result = run(arguments, &mut output).and_then(|()| output.flush());
    match result {
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(Failure::Violations) => ExitCode::from(1),
        Err(Failure::Message(message)) => {
            output::complain(&message);
            ExitCode::from(2)
        }
    }
}

/// Only the command that sniffs uses the right to sniff that the program's file may give (`setcap`): the window and the
/// other commands read what strangers sent, and need none.
#[cfg(feature = "live")]
fn forgo_rights(arguments: &Arguments) -> Result<(), String> {
    use crate::capture::live;
    if matches!(arguments.command, Some(Command::Capture(_))) || live::is_root() {
        return Ok(());
    }
    live::forgo_rights().map_err(|error| live::LiveError::Kept(error).to_string())
}

#[cfg(not(feature = "live"))]
fn forgo_rights(_arguments: &Arguments) -> Result<(), String> {
    Ok(())
}

fn run(arguments: Arguments, output: &mut Output) -> Result<(), Failure> {
    let options = options(&arguments)?;
    match (&arguments.file, &arguments.command) {
        (Some(file), Some(_)) => {
            let file = file.display();
            return Err(Failure::Message(format!("{file} stands before the subcommand; the capture comes behind it")));
        }
        (Some(word), None) if !arguments.rest.is_empty() => {
            let word = word.display();
            return Err(Failure::Message(format!("there is no subcommand {word}; framescope --help lists them")));
        }
        _ => {}
    }
    match arguments.command {
        None => open_window(arguments.file, options),
        Some(Command::Connections(list)) if list.others => others::run(&list.list, options, output),
        Some(Command::Connections(list)) => rows::connections(&list, options, output),
        Some(Command::Frames(list)) => rows::frames(&list, options, output),
        Some(Command::Messages(list)) => rows::messages(&list, options, output),
        Some(Command::Check(list)) => check::run(&list, options, output),
        Some(Command::Show(show)) => show::run(&show, options, output),
        Some(Command::Decode(decode)) => decode::run(&decode, output),
        Some(Command::Stats(stats)) => stats::run(&stats, options, output),
        #[cfg(feature = "live")]
        Some(Command::Interfaces { json }) => interfaces::run(json, output),
        #[cfg(feature = "live")]
        Some(Command::Capture(capture)) => capture::run(&capture, options, output),
    }
}

/// Returns the user's options for reading a capture, before and behind the subcommand.
fn options(arguments: &Arguments) -> Result<ReadOptions, Failure> {
    let before = arguments.reading.clone();
    let reading = match arguments.command.as_ref().map(Command::reading) {
        None => before,
        Some(Ok(behind)) => before.and(behind),
        Some(Err(command)) => {
            if let Some(option) = before.given() {
                return Err(Failure::Message(format!("{option}: {command} reads no capture")));
            }
            before
        }
    };
    #[cfg(feature = "live")]
    if let Some(Command::Capture(args::Capture { write: Some(_), .. })) = &arguments.command
        && let Some(option) = reading.given()
    {
        return Err(Failure::Message(format!("{option}: capture with -w only writes packets, and reads none")));
    }
    let inflate_limit = reading.inflate_limit.map_or_else(InflateLimit::default, InflateLimit::mebibytes);
    Ok(ReadOptions { decisions: decisions(&reading)?, inflate_limit })
}

/// Returns the user's word on TCP connections.
fn decisions(reading: &ReadArguments) -> Result<Decisions, Failure> {
    let mut decisions = Decisions::default();
    for (option, texts, is_websocket) in
        [("--as-websocket", &reading.as_websocket, true), ("--not-websocket", &reading.not_websocket, false)]
    {
        for text in texts {
            let mut said = Decisions::default();
            let read = said.read(text, is_websocket);
            read.map_err(|why| Failure::Message(format!("{option}: {why}; connections --others lists them")))?;
            for (ends, decision) in said.iter() {
                if decisions.about(ends).is_some_and(|known| known != *decision) {
                    return Err(Failure::Message(format!(
                        "{option}: another option says something else about the ends {} and {}",
                        ends.opener, ends.peer
                    )));
                }
                decisions.decide(*ends, *decision);
            }
        }
    }
    Ok(decisions)
}

#[cfg(feature = "gui")]
fn open_window(file: Option<std::path::PathBuf>, options: ReadOptions) -> Result<(), Failure> {
    crate::gui::run(file, options).map_err(Failure::Message)
}

#[cfg(not(feature = "gui"))]
fn open_window(_file: Option<std::path::PathBuf>, _options: ReadOptions) -> Result<(), Failure> {
    Err(Failure::Message(
        "this build has no window; use a subcommand, for example: framescope frames FILE (framescope --help lists them)"
            .to_owned(),
    ))
}
