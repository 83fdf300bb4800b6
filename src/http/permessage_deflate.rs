//! The parameters of permessage-deflate (RFC 7692 §7.1), as offered and as accepted.

use super::Head;
use super::upgrade::{Extension, extensions};
use crate::base::{Fact, Quote};

const FIELD: &str = "sec-websocket-extensions";

const NAME: &str = "permessage-deflate";
const SERVER_NO_CONTEXT_TAKEOVER: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT_TAKEOVER: &str = "client_no_context_takeover";
const SERVER_MAX_WINDOW_BITS: &str = "server_max_window_bits";
const CLIENT_MAX_WINDOW_BITS: &str = "client_max_window_bits";
const PARAMETERS: [&str; 4] =
    [SERVER_NO_CONTEXT_TAKEOVER, CLIENT_NO_CONTEXT_TAKEOVER, SERVER_MAX_WINDOW_BITS, CLIENT_MAX_WINDOW_BITS];
/// Offers of the extension that are looked at. Real clients make one or two.
const MAX_OFFERS: usize = 16;

/// One offer of the extension, or the answer to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeflateParameters {
    /// The server keeps no window from message to message.
    pub server_no_context_takeover: bool,
    /// Nor does the client.
    pub client_no_context_takeover: bool,
    /// The base-2 logarithm of the server's window: 8 to 15; 15 where nothing is said.
    pub server_max_window_bits: Option<u8>,
    /// That of the client's. In an offer, `Some(None)` says only that the client understands the parameter.
    pub client_max_window_bits: Option<Option<u8>>,
}

/// Tells permessage-deflate from other extensions.
pub fn is_deflate(extension: &Extension) -> bool {
    extension.name.eq_ignore_ascii_case(NAME)
}

impl DeflateParameters {
    /// Reads the parameters of an offer, or of the answer to one.
    ///
    /// # Errors
    /// The first parameter that is unknown, repeated or has an invalid value.
    pub fn read(extension: &Extension, is_offer: bool) -> Result<DeflateParameters, Fact> {
        let mut read = DeflateParameters::default();
        for (name, value) in &extension.parameters {
            let (value, parameter) = (value.as_deref(), PARAMETERS.into_iter().find(|parameter| parameter == name));
            let Some(parameter) = parameter else {
                return Err(Fact::DeflateParameterUnknown { parameter: Quote::new(name) });
            };
            let repeated = match parameter {
                SERVER_NO_CONTEXT_TAKEOVER => std::mem::replace(&mut read.server_no_context_takeover, true),
                CLIENT_NO_CONTEXT_TAKEOVER => std::mem::replace(&mut read.client_no_context_takeover, true),
                SERVER_MAX_WINDOW_BITS => read.server_max_window_bits.replace(bits(parameter, value)?).is_some(),
                _ if is_offer && value.is_none() => read.client_max_window_bits.replace(None).is_some(),
                _ => read.client_max_window_bits.replace(Some(bits(parameter, value)?)).is_some(),
            };
            if repeated {
                return Err(Fact::DeflateParameterTwice { parameter });
            }
            if let (SERVER_NO_CONTEXT_TAKEOVER | CLIENT_NO_CONTEXT_TAKEOVER, Some(value)) = (parameter, value) {
                return Err(Fact::DeflateParameterWithValue { parameter, value: Quote::new(value) });
            }
        }
        Ok(read)
    }

    /// The first thing in an answer that does not fit the offer.
    fn misfit(&self, offer: &DeflateParameters) -> Option<Fact> {
        if offer.server_no_context_takeover && !self.server_no_context_takeover {
            return Some(Fact::DeflateContextNotAgreed { parameter: SERVER_NO_CONTEXT_TAKEOVER });
        }
        match (offer.server_max_window_bits, self.server_max_window_bits) {
            (Some(most), None) => {
                return Some(Fact::DeflateWindowNotAgreed { parameter: SERVER_MAX_WINDOW_BITS, most });
            }
            (Some(most), Some(bits)) if bits > most => return Some(Fact::DeflateServerWindow { bits, most }),
            _ => {}
        }
        match (offer.client_max_window_bits, self.client_max_window_bits) {
            (None, Some(_)) => Some(Fact::DeflateParameterUnasked { parameter: CLIENT_MAX_WINDOW_BITS }),
            (Some(Some(most)), Some(Some(bits))) if bits > most => Some(Fact::DeflateClientWindow { bits, most }),
            _ => None,
        }
    }
}

/// The value of a window parameter (RFC 7692 §7.1.2): 8 to 15, without leading zeros.
fn bits(parameter: &'static str, value: Option<&str>) -> Result<u8, Fact> {
    let value = value.ok_or(Fact::DeflateParameterWithoutValue { parameter })?;
    let number = value.parse::<u8>().ok().filter(|bits| (8..=15).contains(bits) && !value.starts_with(['0', '+']));
    number.ok_or_else(|| Fact::DeflateParameterInvalid { parameter, value: Quote::new(value) })
}

/// Judges the offers of a request.
pub(super) fn judge_offers(request: &Head, broken: &mut impl FnMut(&'static str, Fact)) {
    for offer in extensions(request).iter().filter(|extension| is_deflate(extension)).take(MAX_OFFERS) {
        if let Err(fact) = DeflateParameters::read(offer, true) {
            broken(FIELD, fact);
        }
    }
}

/// Judges the answer of a 101 to them, against the request where that was captured.
pub(super) fn judge_accepted(request: Option<&Head>, response: &Head, broken: &mut impl FnMut(&'static str, Fact)) {
    let mut broken = |fact| broken(FIELD, fact);
    let accepted = extensions(response);
    let mut accepted = accepted.iter().filter(|extension| is_deflate(extension));
    let Some(first) = accepted.next() else { return };
    if accepted.next().is_some() {
        broken(Fact::DeflateAcceptedTwice);
    }
    let answer = match DeflateParameters::read(first, false) {
        Ok(answer) => answer,
        Err(fact) => return broken(fact),
    };
    let offers = request.map(extensions).unwrap_or_default();
    let offers = offers.iter().filter(|extension| is_deflate(extension)).take(MAX_OFFERS);
    let mut misfit = None;
    for offer in offers.filter_map(|offer| DeflateParameters::read(offer, true).ok()) {
        match answer.misfit(&offer) {
            None => return,
            Some(fact) => misfit = misfit.or(Some(fact)),
        }
    }
    // It fits none of the offers: what is wrong with regard to the first, which the client would like best.
    if let Some(fact) = misfit {
        broken(fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(offer: &str, answer: &str) -> usize {
        let head = |value: &str| match value {
            "" => "\r\n".to_owned(),
            value => format!("Sec-WebSocket-Extensions: {value}\r\n\r\n"),
        };
        let request = Head::request(format!("GET / HTTP/1.1\r\n{}", head(offer)).as_bytes()).unwrap();
        let response = Head::response(format!("HTTP/1.1 101 \r\n{}", head(answer)).as_bytes()).unwrap();
        let mut found = 0;
        judge_offers(&request, &mut |_, _| found += 1);
        judge_accepted(Some(&request), &response, &mut |_, _| found += 1);
        found
    }

    #[test]
    fn what_the_rfc_allows() {
        for (offer, answer) in [
            ("permessage-deflate", "permessage-deflate"),
            ("permessage-deflate", ""),
            ("Permessage-Deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits=15"),
            ("permessage-deflate; client_max_window_bits=\"10\"", "permessage-deflate; client_max_window_bits=10"),
            ("permessage-deflate; client_max_window_bits=10", "permessage-deflate"),
            // A server may bind itself, and forbid the client to keep its window, unasked (§7.1.1.2, §7.1.2.1).
            ("permessage-deflate", "permessage-deflate; server_max_window_bits=9; client_no_context_takeover"),
            ("permessage-deflate; server_max_window_bits=12", "permessage-deflate; server_max_window_bits=8"),
            // The second of two offers is accepted.
            ("permessage-deflate; server_max_window_bits=10, permessage-deflate", "permessage-deflate"),
        ] {
            assert_eq!(judge(offer, answer), 0, "{offer} → {answer}");
        }
    }

    #[test]
    fn what_it_does_not() {
        for (offer, answer) in [
            ("permessage-deflate; x=1", ""),
            ("permessage-deflate; server_max_window_bits", ""),
            ("permessage-deflate; server_max_window_bits=7", ""),
            ("permessage-deflate; client_max_window_bits=08", ""),
            ("permessage-deflate; server_no_context_takeover=1", ""),
            ("permessage-deflate; server_no_context_takeover; server_no_context_takeover", ""),
            ("permessage-deflate", "permessage-deflate; client_max_window_bits=12"),
            ("permessage-deflate; client_max_window_bits=10", "permessage-deflate; client_max_window_bits=11"),
            ("permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate"),
            ("permessage-deflate; server_max_window_bits=10", "permessage-deflate; server_max_window_bits=11"),
            ("permessage-deflate; server_no_context_takeover", "permessage-deflate"),
            ("permessage-deflate", "permessage-deflate; server_max_window_bits=16"),
            ("permessage-deflate", "permessage-deflate; mystery"),
            ("permessage-deflate", "permessage-deflate, permessage-deflate"),
        ] {
            assert_eq!(judge(offer, answer), 1, "{offer} → {answer}");
        }
    }
}
