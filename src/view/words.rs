//! Sentences in a language, made of facts when they are shown.
//!
//! ```text
//!   Fact ── key ───────▶ message of assets/locale/…/findings.ftl ─┐
//!     └──── arguments ──▶ numbers, words to choose by, wire text ──┴▶ Fluent ─▶ sentence
//! ```

use std::borrow::Cow;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};

use crate::base::{Argument, Fact, Rule};

/// The largest number that Fluent holds exactly.
const MAX_EXACT: u64 = 1 << 53;

const ENGLISH: [&str; 2] =
    [include_str!("../../assets/locale/en/findings.ftl"), include_str!("../../assets/locale/en/explanations.ftl")];

/// The messages of one language.
pub struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl Words {
    /// The messages in English.
    pub fn english() -> Words {
        Words::of("en", ENGLISH)
    }

    fn of(language: &str, catalogues: [&str; 2]) -> Words {
        let mut bundle = FluentBundle::new_concurrent(language.parse().into_iter().collect());
        // Marks around each value would be seen on terminals and in files.
        bundle.set_use_isolating(false);
        for catalogue in catalogues {
            // A test proves that there are no errors; without them, nothing of the catalogue would be left out.
            let (Ok(messages) | Err((messages, _))) = FluentResource::try_new(catalogue.to_owned());
            bundle.add_resource_overriding(messages);
        }
        // Fails only where there is a function of that name.
        drop(bundle.add_function("HEX", |values, _| match values {
            [FluentValue::Number(number)] => format!("{:X}", number.value as u64).into(),
            _ => FluentValue::Error,
        }));
        Words { bundle }
    }

    /// The sentence of a finding, with the actual values.
    pub fn sentence(&self, fact: &Fact) -> String {
        let mut arguments = FluentArgs::new();
        fact.arguments(&mut |name, argument| arguments.set(name, self.value(argument)));
        self.message(fact.key(), Some(&arguments)).into_owned()
    }

    /// Returns what a rule is for: two sentences for someone who has not read the RFC.
    pub fn explanation(&self, rule: Rule) -> String {
        self.message(&explanation_key(rule), None).into_owned()
    }

    /// The message with this id, or its attribute behind a dot; the key itself where there is none.
    fn message<'a>(&'a self, key: &'a str, arguments: Option<&'a FluentArgs<'_>>) -> Cow<'a, str> {
        let (id, attribute) = key.split_once('.').map_or((key, None), |(id, attribute)| (id, Some(attribute)));
        let pattern = self.bundle.get_message(id).and_then(|message| match attribute {
            Some(attribute) => message.get_attribute(attribute).map(|attribute| attribute.value()),
            None => message.value(),
        });
        match pattern {
            Some(pattern) => self.bundle.format_pattern(pattern, arguments, &mut Vec::new()),
            None => Cow::Borrowed(key),
        }
    }

    fn value<'a>(&self, argument: Argument<'a>) -> FluentValue<'a> {
        match argument {
            Argument::Number(number) if number <= MAX_EXACT => number.into(),
            Argument::Number(number) => number.to_string().into(),
            Argument::Word(word) | Argument::Name(word) => word.into(),
            Argument::Quote(quote) if quote.is_cut() => format!("{}…", quote.shown()).into(),
            Argument::Quote(quote) => quote.shown().into(),
            Argument::Text(octets) => String::from_utf8_lossy(octets).escape_debug().to_string().into(),
            Argument::Hex(octets) => hex(octets).into(),
            Argument::Randoms(randoms) => {
                randoms.iter().map(|random| hex(random)).collect::<Vec<_>>().join(", ").into()
            }
            Argument::Nanoseconds(nanoseconds) => seconds(nanoseconds).into(),
            Argument::Fact(fact) => self.sentence(fact).into(),
        }
    }
}

fn explanation_key(rule: Rule) -> String {
    format!("explain-{}", rule.id().replace('.', "-"))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// A time a person reads.
fn seconds(nanoseconds: u64) -> String {
    const SECOND: u64 = 1_000_000_000;
    match nanoseconds {
        0..SECOND => format!("{} ms", nanoseconds / 1_000_000),
        _ => format!("{:.1} s", nanoseconds as f64 / SECOND as f64),
    }
}

#[cfg(test)]
mod tests;
