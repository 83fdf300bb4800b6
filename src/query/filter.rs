//! The filter that a row must pass to be seen.
//!
//! ```text
//!   opcode:text sender:client len>100 -finding:note conn:2 fin:0 chat "a:b"
//! ```
//!
//! Terms are separated by spaces and all must hold; `-` in front of one means that it must not. What stands in quotation
//! marks is a word, whatever it holds.

use super::field::{
    Entry, FrameSource, Measure, MessageSource, RowField, Term as FieldTerm, Value, filtered, frame_value,
    message_value,
};
use crate::base::{FrameId, Rule, Sender, Severity};
use crate::dissect::{FindingRecord, FrameRecord, Message, Snapshot};
use crate::ws::Opcode;

/// Terms that are about no field.
const WORDS: [(&str, &str); 3] = [
    ("chat", "any other word: in the URL, the opcode's or the sender's name; token=x and ws://host are words too"),
    ("\"room:7\"", "a word that would mean something else without the quotation marks, or that holds spaces"),
    ("-opcode:ping", "a minus sign turns a term round"),
];

/// The terms that can be written, each with an example and what it does.
pub fn filter_terms() -> impl Iterator<Item = (&'static str, &'static str)> {
    let told = filtered().filter(|(_, term)| !term.what.is_empty());
    told.map(|(_, term)| (term.example, term.what)).chain(WORDS)
}

/// The choice of the rows that are to be seen. The empty filter lets everything pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    negated: bool,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    /// One bit for each opcode that passes.
    Opcode(u16),
    Sender(Sender),
    /// The number of a row.
    Ordinal(RowField, u64),
    /// Octets, per cent, or nanoseconds.
    Quantity(RowField, Comparison, u64),
    Finding(FindingTest),
    Bit(RowField, bool),
    /// In lower case.
    Word(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Less,
    AtMost,
    Equal,
    AtLeast,
    More,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum FindingTest {
    Any,
    Severity(Severity),
    /// A part of a rule's id.
    Rule(String),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// One sentence that says which term is not understood, and what could be written.
    pub fn parse(text: &str) -> Result<Filter, String> {
        terms(text).into_iter().map(Term::parse).collect::<Result<_, _>>().map(|terms| Filter { terms })
    }

    /// Only what belongs to the connection with this number, besides what the filter says.
    pub fn of_connection(mut self, number: u64) -> Filter {
        self.terms.insert(0, Term { negated: false, test: Test::Ordinal(RowField::Connection, number) });
        self
    }

    /// Returns whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Returns whether a row that was judged must be judged again when findings about it are added.
    pub(super) fn asks_for_findings(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Finding(_)))
    }

    /// Returns whether what a compressed message inflates to matters.
    pub(super) fn asks_for_plain(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Quantity(RowField::Plain | RowField::Ratio, ..)))
    }

    /// Returns whether it matters which ping a pong answers.
    pub(super) fn asks_for_round_trip(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.test, Test::Quantity(RowField::RoundTrip, ..)))
    }

    /// Returns whether a frame is to be seen.
    pub fn frame(&self, snapshot: &Snapshot, id: FrameId, frame: &FrameRecord) -> bool {
        let subject = Subject::Frame(FrameSource::of(snapshot, id, frame));
        let finding = |wanted: &FindingTest| frame.has_findings() && wanted.is_met_by_frame(snapshot, id);
        self.terms.iter().all(|term| subject.meets(term, &finding))
    }

    /// Returns whether a finding is to be seen. Its sender is whose doing it is; what else is asked of frames is asked of the
    /// frame that it is about, and does not hold where it is about none. Words are also looked for in the rule's name.
    pub fn finding(&self, snapshot: &Snapshot, finding: &FindingRecord) -> bool {
        let frame = finding.frame().and_then(|id| FrameSource::new(snapshot, id));
        let subject = frame.map(Subject::Frame);
        let connection = finding.connection();
        self.terms.iter().all(|term| {
            let holds = match &term.test {
                Test::Sender(sender) => finding.sender == *sender,
                Test::Ordinal(RowField::Connection, number) => connection.is_some_and(|id| id.number() == *number),
                Test::Finding(wanted) => wanted.is_met(finding),
                Test::Word(word) => {
                    let url = connection.and_then(|id| snapshot.connection(id)?.url.as_deref());
                    let mentions = |text: &str| contains_ignoring_case(text, word);
                    mentions(finding.rule.id())
                        || mentions(finding.sender.as_str())
                        || url.is_some_and(mentions)
                        || frame.is_some_and(|frame| mentions(frame.header.opcode().name()))
                }
                _ => {
                    return subject.as_ref().map_or(term.negated, |subject| subject.meets(term, &|_| false));
                }
            };
            holds != term.negated
        })
    }

    /// Returns whether a message is to be seen. Its length is that of its frames together; bits are those of its first frame.
    pub fn message(&self, snapshot: &Snapshot, message: &Message) -> bool {
        let Some(source) = MessageSource::new(snapshot, message) else { return false };
        let subject = Subject::Message(source);
        let finding = |wanted: &FindingTest| {
            snapshot.message_frames(message).into_iter().any(|id| wanted.is_met_by_frame(snapshot, id))
        };
        self.terms.iter().all(|term| subject.meets(term, &finding))
    }
}

/// The row that a filter is asked about.
enum Subject<'a> {
    Frame(FrameSource<'a>),
    Message(MessageSource<'a>),
}

impl Subject<'_> {
    fn value(&self, field: RowField) -> Value {
        match self {
            Subject::Frame(source) => frame_value(field, source),
            Subject::Message(source) => message_value(field, source),
        }
    }

    fn meets(&self, term: &Term, finding: &dyn Fn(&FindingTest) -> bool) -> bool {
        let holds = match &term.test {
            Test::Opcode(mask) => {
                matches!(self.value(RowField::Opcode), Value::Opcode(opcode) if mask >> opcode.value() & 1 == 1)
            }
            Test::Sender(sender) => self.value(RowField::Sender) == Value::Sender(*sender),
            Test::Ordinal(field, number) => self.value(*field) == Value::Number(*number),
            Test::Quantity(field, order, than) => match self.value(*field) {
                Value::Ratio { part, whole } => order.holds(part.saturating_mul(100), whole.saturating_mul(*than)),
                value => value.number().is_some_and(|number| order.holds(number, *than)),
            },
            Test::Finding(wanted) => finding(wanted),
            Test::Bit(field, set) => self.value(*field) == Value::Flag(*set),
            Test::Word(word) => self.mentions(word),
        };
        holds != term.negated
    }

    fn mentions(&self, word: &str) -> bool {
        let mentions = |text: &str| contains_ignoring_case(text, word);
        let url = match self {
            Subject::Frame(FrameSource { indexed, .. }) => {
                indexed.and_then(|it| it.snapshot.connection(it.record.connection))
            }
            Subject::Message(it) => it.snapshot.connection(it.message.connection),
        };
        [RowField::Opcode, RowField::Sender].into_iter().any(|field| match self.value(field) {
            Value::Opcode(opcode) => mentions(opcode.name()),
            Value::Sender(sender) => mentions(sender.as_str()),
            _ => false,
        }) || mentions(url.and_then(|connection| connection.url.as_deref()).unwrap_or(""))
    }
}

/// Returns whether `text` holds `word`, which is in lower case.
fn contains_ignoring_case(text: &str, word: &str) -> bool {
    word.is_empty() || text.as_bytes().windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

impl FindingTest {
    fn is_met(&self, finding: &FindingRecord) -> bool {
        match self {
            FindingTest::Any => true,
            FindingTest::Severity(severity) => finding.severity() == *severity,
            FindingTest::Rule(part) => finding.rule.id().contains(part.as_str()),
        }
    }

    fn is_met_by_frame(&self, snapshot: &Snapshot, id: FrameId) -> bool {
        snapshot.finding_records_of_frame(id).into_iter().any(|finding| self.is_met(finding))
    }

    fn parse(text: &str) -> Result<FindingTest, String> {
        let severities = [Severity::Note, Severity::Warning, Severity::Violation];
        if let Some(severity) = severities.into_iter().find(|severity| severity.as_str() == text) {
            return Ok(FindingTest::Severity(severity));
        }
        match Rule::ALL.iter().any(|rule| rule.id().contains(text)) {
            true => Ok(FindingTest::Rule(text.to_owned())),
            false => Err(format!("no rule's name contains “{text}”; try finding:violation")),
        }
    }
}

impl Comparison {
    fn holds(self, value: u64, than: u64) -> bool {
        match self {
            Comparison::Less => value < than,
            Comparison::AtMost => value <= than,
            Comparison::Equal => value == than,
            Comparison::AtLeast => value >= than,
            Comparison::More => value > than,
        }
    }
}

/// Cuts a filter into its terms, at the spaces that are not between quotation marks.
fn terms(text: &str) -> Vec<&str> {
    let mut quoted = false;
    let is_between = |character: char| {
        quoted ^= character == '"';
        character.is_whitespace() && !quoted
    };
    text.split(is_between).filter(|term| !term.is_empty()).collect()
}

impl Term {
    fn parse(text: &str) -> Result<Term, String> {
        let lower = text.to_lowercase();
        let (negated, text) = match lower.strip_prefix('-') {
            Some(rest) if !rest.is_empty() => (true, rest),
            _ => (false, lower.as_str()),
        };
        let test = match text.strip_prefix('"') {
            // The mark at the end is not typed yet, perhaps.
            Some(word) => Test::Word(word.trim_end_matches('"').to_owned()),
            None => Test::parse(text)?,
        };
        Ok(Term { negated, test })
    }
}

impl Test {
    fn parse(text: &str) -> Result<Test, String> {
        for (entry, term) in filtered().filter(|(entry, _)| is_quantity(entry.measure)) {
            let signed = |key: &&str| text.strip_prefix(*key).filter(|rest| rest.starts_with(['<', '>', '=', ':']));
            if let Some(rest) = term.keys.iter().find_map(signed) {
                return quantity(entry, term, rest);
            }
        }
        let Some((key, value)) = key_and_value(text) else {
            return Ok(match term_of(text) {
                Some((Entry { field: RowField::Findings, .. }, _)) => Test::Finding(FindingTest::Any),
                _ => Test::Word(text.to_owned()),
            });
        };
        let Some((entry, term)) = term_of(key) else {
            return Err(format!(
                "“{key}:” is not known; try {}; \"{key}:{value}\" with quotation marks is a word",
                tried().join(", ")
            ));
        };
        if value.is_empty() {
            return Err(format!("“{key}:” needs a value, as in {}", term.example));
        }
        match entry.field {
            RowField::Opcode => opcodes(value),
            RowField::Sender => match value {
                "client" => Ok(Test::Sender(Sender::Client)),
                "server" => Ok(Test::Sender(Sender::Server)),
                _ => Err(format!("a sender is client or server, not “{value}”")),
            },
            RowField::Findings => FindingTest::parse(value).map(Test::Finding),
            field if entry.measure == Measure::Bit => match value {
                "0" | "no" | "false" => Ok(Test::Bit(field, false)),
                "1" | "yes" | "true" => Ok(Test::Bit(field, true)),
                _ => Err(format!("{key} is 0 or 1, not “{value}”")),
            },
            field => match value.parse() {
                Ok(number) if number > 0 => Ok(Test::Ordinal(field, number)),
                _ => Err(format!("{key} is a number from 1, as in {}, not “{value}”", term.example)),
            },
        }
    }
}

/// The entry whose term has this name.
fn term_of(key: &str) -> Option<(&'static Entry, FieldTerm)> {
    filtered().find(|(_, term)| term.keys.contains(&key))
}

/// The names that a mistyped one may stand for, with the sign behind them.
fn tried() -> Vec<String> {
    let told = filtered().filter(|(_, term)| !term.what.is_empty());
    told.map(|(entry, term)| match entry.measure {
        measure if is_quantity(measure) => format!("{}>", term.keys[0]),
        _ if term.example == term.keys[0] => term.example.to_owned(),
        _ => format!("{}:", term.keys[0]),
    })
    .collect()
}

/// Tells that values of this kind are compared by how much they are.
fn is_quantity(measure: Measure) -> bool {
    matches!(measure, Measure::Count | Measure::Octets | Measure::PerCent | Measure::Duration)
}

/// Cuts `opcode:text` or `opcode=text` in two. `None` where it is a word: before the sign stands no name, as in `12:30` and
/// `/chat?a=1`; behind it an address, as in `ws://host`; or a name before `=` is none of ours, as in `token=x`. A name before
/// `:` that is none of ours is more often a mistake than a word.
fn key_and_value(text: &str) -> Option<(&str, &str)> {
    let at = text.find([':', '='])?;
    let (key, value) = (&text[..at], &text[at + 1..]);
    let is_name = key.starts_with(|first: char| first.is_ascii_alphabetic())
        && key.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
    let is_ours = match text.as_bytes()[at] {
        b':' => !value.starts_with("//"),
        _ => term_of(key).is_some(),
    };
    (is_name && is_ours).then_some((key, value))
}

fn opcodes(list: &str) -> Result<Test, String> {
    let mut mask = 0;
    for word in list.split(',').filter(|word| !word.is_empty()) {
        let number = match word.strip_prefix("0x") {
            Some(hex) => u8::from_str_radix(hex, 16).ok(),
            None => word.parse().ok(),
        };
        let of_name = |word: &str| (0..16).filter(|value| Opcode::of(*value).name().starts_with(word)).collect();
        let values: Vec<u8> = number.map_or_else(|| of_name(word), |number| vec![number]);
        if values.is_empty() || values.iter().any(|value| *value > 15) {
            return Err(format!("“{word}” is no opcode; try text, binary, close, ping, pong or 0–15"));
        }
        mask |= values.iter().fold(0u16, |mask, value| mask | 1 << value);
    }
    Ok(Test::Opcode(mask))
}

/// Reads `>=100` behind the name of a quantity: how to compare, and what with.
fn quantity(entry: &Entry, term: FieldTerm, text: &str) -> Result<Test, String> {
    let signs = [
        (">=", Comparison::AtLeast),
        ("<=", Comparison::AtMost),
        (">", Comparison::More),
        ("<", Comparison::Less),
        ("=", Comparison::Equal),
        (":", Comparison::Equal),
    ];
    let (order, number) = signs
        .into_iter()
        .find_map(|(sign, order)| Some((order, text.strip_prefix(sign)?)))
        .unwrap_or((Comparison::Equal, text));
    let (number, what, also) = match entry.measure {
        Measure::Duration => (time(number), "milliseconds", ", or a unit, as in rtt>2s"),
        Measure::PerCent => (plain_number(number.trim_end_matches('%')), "per cent", ""),
        Measure::Octets => (plain_number(number), "a number of octets", ""),
        _ => (plain_number(number), "a number", ""),
    };
    let complaint = || format!("“{}” needs {what}, as in {}{also}", term.keys[0], term.example);
    number.map(|number| Test::Quantity(entry.field, order, number)).ok_or_else(complaint)
}

fn plain_number(text: &str) -> Option<u64> {
    text.replace([',', '_'], "").parse().ok()
}

/// A time in nanoseconds; milliseconds where no unit is given.
fn time(text: &str) -> Option<u64> {
    let units = [("ns", 1.0), ("µs", 1e3), ("us", 1e3), ("ms", 1e6), ("s", 1e9)];
    let (number, unit) =
        units.into_iter().find_map(|(name, unit)| Some((text.strip_suffix(name)?, unit))).unwrap_or((text, 1e6));
    let number: f64 = number.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then_some((number * unit) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Filter::parse(text).unwrap_err()
    }

    #[test]
    fn every_term_of_the_help_is_understood() {
        for term in filter_terms().map(|(term, _)| term).chain(filtered().map(|(_, term)| term.example)) {
            assert_eq!(Filter::parse(term).unwrap().terms.len(), 1, "{term}");
        }
        assert!(Filter::parse("  ").unwrap().is_empty());
    }

    #[test]
    fn terms() {
        let tests =
            |text: &str| Filter::parse(text).unwrap().terms.into_iter().map(|term| term.test).collect::<Vec<_>>();
        assert_eq!(tests("opcode:text,9 OPCODE:0xA"), [Test::Opcode(1 << 1 | 1 << 9), Test::Opcode(1 << 10)]);
        let quantity = |field, order, number| Test::Quantity(field, order, number);
        let lengths = [(Comparison::AtLeast, 1000), (Comparison::Equal, 5)];
        assert_eq!(tests("len>=1,000 len:5"), lengths.map(|(order, len)| quantity(RowField::Length, order, len)));
        let compressed = [(RowField::Plain, Comparison::Less, 9), (RowField::Ratio, Comparison::More, 100)];
        assert_eq!(tests("plain<9 ratio>100%"), compressed.map(|(field, order, than)| quantity(field, order, than)));
        let times = [50_000_000, 2_000_000_000, 300_000, 300_000, 1_500_000];
        let times = times.map(|ns| quantity(RowField::RoundTrip, Comparison::More, ns));
        assert_eq!(tests("rtt>50 rtt>2s rtt>300µs rtt>300us rtt>1.5ms"), times);
        assert_eq!(tests("mask:0"), [Test::Bit(RowField::Masked, false)]);
        assert_eq!(tests("finding:unmasked"), [Test::Finding(FindingTest::Rule("unmasked".into()))]);
        assert!(Filter::parse("-chat").unwrap().terms[0].negated);
    }

    #[test]
    fn words_may_hold_the_signs_of_terms() {
        let word = |text: &str| match &Filter::parse(text).unwrap().terms[..] {
            [Term { test: Test::Word(word), .. }] => word.clone(),
            terms => panic!("{text}: {terms:?}"),
        };
        for text in ["token=x", "/chat?room=7", "12:30", "ws://example.test:80/a", "[::1]:80", "=", ":x", "a-b:c"] {
            assert_eq!(word(text), text);
        }
        assert_eq!(word("\"opcode:text\""), "opcode:text");
        assert_eq!(word("-\"Order 17\""), "order 17");
        assert_eq!((word("\"half"), word("\"")), ("half".to_owned(), String::new()));
        assert!(contains_ignoring_case("any text", "") && contains_ignoring_case("", ""));
        assert_eq!(Filter::parse("\"a b\" fin:0 \"c:d").unwrap().terms.len(), 3);
        // What is a key of ours stays one, with either sign.
        assert_eq!(Filter::parse("opcode=text"), Filter::parse("opcode:text"));
        assert_eq!(Filter::parse("fin=0"), Filter::parse("fin:0"));
        assert!(error("colour:red").contains("\"colour:red\" with quotation marks is a word"));
    }

    #[test]
    fn errors_say_what_could_be_written() {
        assert!(error("colour:red").contains("“colour:” is not known"));
        assert!(error("opcode:").contains("as in opcode:text"));
        assert!(error("opcode:bogus").contains("no opcode"));
        assert!(error("len>x").contains("len>100"));
        assert!(error("plain>x").contains("plain>100") && error("ratio:").contains("ratio>100"));
        assert!(error("rtt>-1").contains("rtt>50") && error("rtt>x").contains("rtt>2s"));
        assert!(error("conn:0").contains("from 1"));
        assert!(error("finding:bogus").contains("no rule"));
    }
}
