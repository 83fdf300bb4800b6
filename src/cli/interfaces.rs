//! `framescope interfaces`: what can be sniffed.

use super::output::{Failure, Output};
use super::{json, table};
use crate::capture::live;

/// `framescope interfaces`
pub fn run(as_json: bool, output: &mut Output) -> Result<(), Failure> {
    let interfaces =
        live::interfaces().map_err(|error| Failure::Message(format!("cannot list the network interfaces: {error}")))?;
    if as_json {
        return interfaces.iter().try_for_each(|interface| json::write(interface, output));
    }
    output.line("name             state           link type        addresses")?;
    for interface in interfaces {
        let state = [(interface.up, "up", "down"), (interface.loopback, "loopback", "")];
        let state: Vec<&str> = state.iter().map(|(is, yes, no)| if *is { *yes } else { *no }).collect();
        let mut line = format!(
            "{} {} {} {}",
            table::fit(&interface.name, 16),
            table::fit(state.join(" ").trim_end(), 15),
            table::fit(interface.link_name.unwrap_or(""), 16),
            interface.addresses.join(" ")
        );
        if let Some(description) = &interface.description {
            line.push_str(&format!("  ({description})"));
        }
        output.line(line.trim_end())?;
    }
    Ok(())
}
