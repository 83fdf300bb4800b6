//! `framescope capture`: sniffs into a file, or prints frames as they come.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::args::Capture;
use super::output::{Failure, Output, complain};
use super::rows::frames_of;
use super::walk::Input;
use crate::capture::live::{
    Aside, Ended, Limits, LiveError, Report, Sink, SniffOptions, Statistics, StopSignal, open_and_forgo, sniff,
};
use crate::dissect::{ReadOptions, Session};
use crate::view::{count, length};

/// The window hears so often how it goes.
const REPORT: Duration = Duration::from_millis(100);

impl From<LiveError> for Failure {
    fn from(error: LiveError) -> Failure {
        Failure::Message(error.to_string())
    }
}

/// `framescope capture -i NAME`
pub fn run(arguments: &Capture, options: ReadOptions, output: &mut Output) -> Result<(), Failure> {
    let stop = StopSignal::by_signals().map_err(LiveError::System)?;
    match &arguments.write {
        None => print(arguments, options, stop, output),
        Some(file) if arguments.reports => report(arguments, file, stop.or_input_ends(), output),
        Some(file) => write(arguments, file, &stop),
    }
}

fn wanted(arguments: &Capture) -> SniffOptions {
    SniffOptions {
        interface: arguments.interface.clone(),
        filter: arguments.filter.clone(),
        promiscuous: arguments.promiscuous,
        snap_len: arguments.snap_len,
        buffer: u32::try_from(arguments.buffer).unwrap_or(u32::MAX),
    }
}

fn limits(arguments: &Capture) -> Limits {
    Limits { packets: arguments.packets, duration: arguments.duration, size: arguments.size }
}

fn sink(arguments: &Capture, file: &Path) -> Result<((), Sink), LiveError> {
    let sink = match arguments.ring_size {
        _ if file == Path::new("-") => Sink::stdout(),
        None => Sink::file(file)?,
        Some(size) => Sink::ring(file, size)?,
    };
    Ok(((), sink))
}

/// Prints frames.
fn print(arguments: &Capture, options: ReadOptions, stop: StopSignal, output: &mut Output) -> Result<(), Failure> {
    let aside = Aside::start(&wanted(arguments), limits(arguments), stop)?;
    let session = Session::new(aside.source().clone(), None).with_options(options);
    let wait = |_: &mut Session| {
        aside.wait();
        #[cfg(unix)]
        if super::output::is_reader_gone() {
            return Err(Failure::ReaderGone);
        }
        Ok(())
    };
    let printed = frames_of(Input::growing(session, wait), (arguments.json, arguments.payload), output)
        .and_then(|()| output.flush());
    let (ended, statistics) = aside.finish();
    printed?;
    summary(arguments, &ended, &statistics)
}

/// Writes packets.
fn write(arguments: &Capture, file: &Path, stop: &StopSignal) -> Result<(), Failure> {
    let (mut card, (), sink) = open_and_forgo(&wanted(arguments), || sink(arguments, file))?;
    let mut turned = false;
    let (ended, statistics) = sniff(&mut card, sink, &limits(arguments), stop, |statistics| {
        if statistics.turns > 0 && !std::mem::replace(&mut turned, true) {
            let size = length(arguments.ring_size.unwrap_or(0));
            complain(&format!(
                "the ring of {size} is full (--ring-size): from here on the oldest packets are overwritten"
            ));
        }
    });
    summary(arguments, &ended, &statistics)
}

/// Writes packets, and tells the window how it goes.
fn report(arguments: &Capture, file: &Path, stop: StopSignal, output: &mut Output) -> Result<(), Failure> {
    // When the window has gone, standard input ends too; the capture is completed all the same.
    let mut tell = |report: &Report| {
        _ = output.line(&report.to_line());
        _ = output.flush();
    };
    let (mut card, (), sink) = match open_and_forgo(&wanted(arguments), || sink(arguments, file)) {
        Ok(opened) => opened,
        Err(error) => {
            tell(&Report::Failed { why: error.to_string(), lacks_rights: error.lacks_rights() });
            return Err(error.into());
        }
    };
    let described = card.described();
    tell(&Report::Started { interface: described.name.clone(), link_type: described.link_type.0 });
    let (mut told, mut last) = (Instant::now(), Statistics::default());
    let (why, statistics) = sniff(&mut card, sink, &limits(arguments), &stop, |statistics| {
        let known = Statistics { elapsed_ns: statistics.elapsed_ns, ..last };
        if told.elapsed() >= REPORT && known != *statistics {
            tell(&Report::Statistics(*statistics));
            (told, last) = (Instant::now(), *statistics);
        }
    });
    tell(&Report::Ended { why, statistics });
    Ok(())
}

#[derive(Serialize)]
struct Summary<'a> {
    interface: &'a str,
    packets: u64,
    octets: u64,
    dropped: u64,
    dropped_by_card: u64,
    elapsed_ns: u64,
    ended: &'a Ended,
}

/// Tells on standard error what was captured, and why it ended.
fn summary(arguments: &Capture, ended: &Ended, statistics: &Statistics) -> Result<(), Failure> {
    let Statistics { packets, octets, dropped, dropped_by_card, elapsed_ns, .. } = *statistics;
    if arguments.json {
        let interface = &arguments.interface;
        let summary = Summary { interface, packets, octets, dropped, dropped_by_card, elapsed_ns, ended };
        // Nobody listening there is no trouble.
        _ = serde_json::to_writer(std::io::stderr(), &summary);
        _ = std::io::Write::write_all(&mut std::io::stderr(), b"\n");
    } else {
        if let Some(why) = limit(ended) {
            complain(&why);
        }
        complain(&format!(
            "{}, {} in {:.1} s on {}; {}",
            count(packets, "packet"),
            length(octets),
            elapsed_ns as f64 / 1e9,
            arguments.interface,
            drops(statistics)
        ));
    }
    match ended {
        Ended::Interface(why) | Ended::Died(why) => Err(Failure::Message(format!(
            "{}: sniffing ended: {why}; what was captured before is kept",
            arguments.interface
        ))),
        // As with every output: whoever read it has gone.
        Ended::File(_) if arguments.write.as_deref() == Some(Path::new("-")) => Err(Failure::ReaderGone),
        Ended::File(why) => Err(Failure::Message(format!(
            "{}: the capture cannot be written further: {why}; what is in it is whole",
            arguments.write.as_deref().unwrap_or(Path::new("the temporary file (TMPDIR)")).display()
        ))),
        Ended::Asked | Ended::Packets(_) | Ended::Duration(_) | Ended::Size(_) => Ok(()),
    }
}

/// Returns which limit acted.
fn limit(ended: &Ended) -> Option<String> {
    Some(match ended {
        Ended::Packets(packets) => format!("ended after {} (--packets)", count(*packets, "packet")),
        Ended::Duration(nanoseconds) => format!("ended after {} s (--duration)", *nanoseconds as f64 / 1e9),
        Ended::Size(octets) => {
            format!("ended as the next packet would make it larger than {} (--size)", length(*octets))
        }
        _ => return None,
    })
}

fn drops(statistics: &Statistics) -> String {
    match (statistics.dropped, statistics.dropped_by_card) {
        (0, 0) => "none dropped".to_owned(),
        (kernel, 0) => {
            format!("{} DROPPED by the kernel; a larger --buffer or a --filter helps", count(kernel, "packet"))
        }
        (kernel, card) => format!("{} DROPPED by the kernel and {card} by the card", count(kernel, "packet")),
    }
}
