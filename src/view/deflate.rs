//! The parameters of permessage-deflate as they were offered and accepted, each in words (RFC 7692 §7.1).

use super::meaning::count;
use crate::base::Sender;
use crate::http::{DeflateParameters, Extension, extensions_in, is_deflate};

/// Offers of a client that are told apart; real ones make one or two.
const MOST: usize = 4;
/// Octets of the largest window (RFC 1951 §2): what holds where nothing is agreed on.
const LARGEST: u64 = 1 << 15;

/// A parameter of permessage-deflate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeflateParameter {
    /// Its name, as in the RFC.
    pub name: String,
    /// The client's offer: `yes` if it named the parameter without a value; empty if it did not.
    pub offered: String,
    /// The server's answer; empty for nothing.
    pub accepted: String,
    /// The rule that holds because of that.
    pub meaning: String,
    /// The RFC and the section that state it.
    pub section: &'static str,
}

/// The parameters of permessage-deflate out of the values of both `Sec-WebSocket-Extensions`; nothing where the server did
/// not accept it. `offered` is `None` where the request was not captured.
pub fn deflate_parameters(offered: Option<&str>, accepted: &str) -> Vec<DeflateParameter> {
    let answers = extensions_in(accepted);
    let Some(answer) = answers.iter().find(|extension| is_deflate(extension)) else { return Vec::new() };
    let offers: Option<Vec<Extension>> =
        offered.map(|offered| extensions_in(offered).into_iter().filter(is_deflate).take(MOST).collect());
    let agreed = DeflateParameters::read(answer, false).unwrap_or_default();
    let is_offered = offers.as_ref().is_some_and(|offers| offers.iter().any(|it| said(it, CLIENT_BITS).is_some()));
    let known = [
        (SERVER_NO_TAKEOVER, takeover(Sender::Server, agreed.server_no_context_takeover), "RFC 7692 §7.1.1.1"),
        (CLIENT_NO_TAKEOVER, takeover(Sender::Client, agreed.client_no_context_takeover), "RFC 7692 §7.1.1.2"),
        (SERVER_BITS, window(Sender::Server, agreed.server_max_window_bits, true), "RFC 7692 §7.1.2.1"),
        (CLIENT_BITS, window(Sender::Client, agreed.client_max_window_bits.flatten(), is_offered), "RFC 7692 §7.1.2.2"),
    ];
    let mut rows: Vec<DeflateParameter> = known
        .into_iter()
        .map(|(name, meaning, section)| DeflateParameter {
            name: name.to_owned(),
            offered: offers_of(offers.as_deref(), name),
            accepted: said(answer, name).unwrap_or_default(),
            meaning,
            section,
        })
        .collect();
    for (name, _) in &answer.parameters {
        if !rows.iter().any(|row| row.name == *name) && rows.len() < 4 + MOST {
            rows.push(DeflateParameter {
                name: super::printable(name),
                offered: offers_of(offers.as_deref(), name),
                accepted: said(answer, name).unwrap_or_default(),
                meaning: "permessage-deflate has no such parameter: the client must fail the connection".to_owned(),
                section: "RFC 7692 §7.1",
            });
        }
    }
    rows
}

const SERVER_NO_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_BITS: &str = "server_max_window_bits";
const CLIENT_BITS: &str = "client_max_window_bits";

/// Returns what an extension says about a parameter.
fn said(extension: &Extension, name: &str) -> Option<String> {
    let (_, value) = extension.parameters.iter().find(|(known, _)| known == name)?;
    Some(value.as_ref().map_or_else(|| "yes".to_owned(), |value| super::printable(value)))
}

/// Returns what the offers say, in their order; once, where all say the same.
fn offers_of(offers: Option<&[Extension]>, name: &str) -> String {
    let Some(offers) = offers else { return "not captured".to_owned() };
    let said: Vec<Option<String>> = offers.iter().map(|offer| said(offer, name)).collect();
    match said.first() {
        Some(first) if said.iter().all(|it| it == first) => first.clone().unwrap_or_default(),
        _ => {
            let words = said.into_iter().map(|said| said.unwrap_or_else(|| "no".to_owned()));
            words.collect::<Vec<_>>().join(" or ")
        }
    }
}

fn takeover(sender: Sender, is_off: bool) -> String {
    match is_off {
        true => format!(
            "The {sender} starts each message with an empty window: any of its messages can be inflated alone, and what \
             they repeat of each other is sent again."
        ),
        false => format!(
            "Context takeover: the {sender} keeps its window from message to message, and sends what they repeat as a \
             short reference. To inflate one of its messages takes those before it."
        ),
    }
}

fn window(sender: Sender, bits: Option<u8>, may_be_limited: bool) -> String {
    match bits {
        Some(bits) => {
            let octets = 1u64 << bits.min(15);
            let receiver = if sender == Sender::Client { "server" } else { "client" };
            let part = match LARGEST / octets {
                0 | 1 => "as far as DEFLATE can".to_owned(),
                part => format!("1/{part} of what DEFLATE can"),
            };
            format!(
                "The {sender} refers back at most 2^{bits} = {} ({part}), so the {receiver} needs no more memory than \
                 that to inflate.",
                count(octets, "octet")
            )
        }
        None if may_be_limited => {
            format!("No limit: the {sender} may refer back 2^15 = {}, as far as DEFLATE can.", count(LARGEST, "octet"))
        }
        None => format!(
            "The {sender} did not say that it can limit its window, so the server could not ask for it: 2^15 = {}.",
            count(LARGEST, "octet")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(offered: Option<&str>, accepted: &str) -> Vec<(String, String, String)> {
        let rows = deflate_parameters(offered, accepted);
        rows.into_iter().map(|row| (row.offered, row.accepted, row.meaning)).collect()
    }

    #[test]
    fn each_parameter_in_words() {
        let offered = "permessage-deflate; client_max_window_bits";
        let accepted = "permessage-deflate; server_no_context_takeover; client_max_window_bits=\"10\"";
        let rows = rows(Some(offered), accepted);
        assert_eq!((rows[0].0.as_str(), rows[0].1.as_str()), ("", "yes"));
        assert!(rows[0].2.starts_with("The server starts each message with an empty window"), "{rows:?}");
        assert!(rows[1].2.starts_with("Context takeover: the client keeps its window"), "{rows:?}");
        assert!(rows[2].2.starts_with("No limit: the server may refer back 2^15 = 32,768 octets"), "{rows:?}");
        assert_eq!((rows[3].0.as_str(), rows[3].1.as_str()), ("yes", "10"));
        assert!(rows[3].2.contains("2^10 = 1,024 octets (1/32 of what DEFLATE can), so the server"), "{rows:?}");
    }

    #[test]
    fn several_offers_and_none_at_all() {
        let offers = "permessage-deflate; server_max_window_bits=9, permessage-deflate";
        assert_eq!(rows(Some(offers), "permessage-deflate")[2].0, "9 or no");
        let alone = rows(None, "permessage-deflate; made_up=1");
        assert_eq!((alone[0].0.as_str(), alone.len()), ("not captured", 5));
        assert!(alone[4].2.contains("no such parameter"));
        assert!(rows(Some(offers), "").is_empty() && rows(Some(offers), "x-webkit-deflate-frame").is_empty());
        assert!(rows(Some("permessage-deflate"), "permessage-deflate")[3].2.contains("could not ask"));
    }
}
