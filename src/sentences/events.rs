//! What happens to a record: events and patterns of events as clauses, as in "when an invoice is paid".
//!
//! A label such as `Invoice paid` is turned into a clause only where it is plainly English; any other stands as it is, in
//! quotation marks.

use super::words::{self, article, lower_first, spaced};
use super::{Prose, Scope, Speaker, Target};
use crate::model::{EventPattern, NamedEvent};
use crate::schema::Type;
use crate::value::*;

/// A label as a clause, in parts that a sentence may need apart.
#[derive(Debug, PartialEq)]
enum Clause {
    /// `an e-mail` · `is received`
    Happens { noun: String, verb: String, many: bool },
    /// `there is` · `missed call`
    There { noun: String },
    /// `the client replied`
    Said(String),
    /// `“Rechnung bezahlt” happens`
    Label(String),
}

/// What is said to have been done.
const DONE: &[&str] = &[
    "paid",
    "sent",
    "made",
    "taken",
    "given",
    "written",
    "seen",
    "read",
    "lost",
    "won",
    "sold",
    "bought",
    "found",
    "put",
    "set",
    "held",
    "kept",
    "begun",
    "done",
    "shown",
    "chosen",
    "broken",
    "drawn",
    "withdrawn",
    "met",
];

/// What ends in `ed`, and is not done by somebody.
const GONE: &[&str] =
    &["arrived", "expired", "returned", "happened", "failed", "started", "ended", "finished", "appeared"];

/// What a subject did, without an `ed`.
const DID: &[&str] = &["came", "went", "wrote", "left", "fell", "rose", "ran", "grew", "said"];

const STATES: &[&str] = &[
    "overdue",
    "ready",
    "due",
    "late",
    "open",
    "empty",
    "full",
    "missing",
    "available",
    "unavailable",
    "complete",
];

/// What may stand alone after "there is".
const THINGS: &[&str] = &[
    "call",
    "message",
    "chat",
    "visit",
    "meeting",
    "payment",
    "reply",
    "answer",
    "complaint",
    "e-mail",
    "email",
    "event",
    "request",
    "order",
    "invoice",
    "letter",
    "parcel",
    "problem",
    "question",
    "review",
    "comment",
    "refund",
    "return",
];

const SUBJECTS: &[&str] = &[
    "the",
    "a",
    "an",
    "we",
    "our",
    "they",
    "their",
    "somebody",
    "someone",
    "nobody",
    "everybody",
    "it",
    "he",
    "she",
];

const AFTER_VERB: &[&str] = &[
    "by", "to", "from", "in", "on", "for", "at", "with", "again", "back", "over", "out", "up", "off", "into",
    "of",
];

impl Clause {
    fn of(label: &str) -> Clause {
        let label = label.trim();
        let plain = label.chars().all(|c| c.is_ascii() && !c.is_ascii_control());
        let parts: Vec<&str> = label.split_whitespace().collect();
        let lower: Vec<String> = parts.iter().map(|word| word.to_lowercase()).collect();
        let (Some(first), true) = (lower.first(), plain && parts.len() <= 10) else {
            return Clause::Label(label.to_owned());
        };
        if SUBJECTS.contains(&first.as_str()) && parts.len() > 2 {
            return Clause::Said(lower_first(label));
        }
        let verb = lower.iter().enumerate().skip(1).find(|(at, word)| {
            let followed = lower.get(at + 1).is_none_or(|next| AFTER_VERB.contains(&next.as_str()));
            let almost = *at > 0 && lower[at - 1] == "almost";
            let done = word.ends_with("ed") && word.len() > 4 || DONE.contains(&word.as_str());
            followed && (done || STATES.contains(&word.as_str()) || almost) || DID.contains(&word.as_str())
        });
        if let Some((at, word)) = verb {
            let start = if lower[at - 1] == "almost" { at - 1 } else { at };
            if start == 0 {
                return Clause::Label(label.to_owned());
            }
            let noun = lower_first(&parts[..start].join(" "));
            // Of "link in an e-mail" the link counts.
            let head =
                lower[..start].iter().position(|word| AFTER_VERB.contains(&word.as_str())).unwrap_or(start);
            let many = words::plural(&lower[head.max(1) - 1]);
            let rest = lower_first(&parts[start..].join(" "));
            let verb = if DID.contains(&word.as_str()) {
                rest
            } else if GONE.contains(&word.as_str()) {
                format!("{} {rest}", if many { "have" } else { "has" })
            } else {
                format!("{} {rest}", if many { "are" } else { "is" })
            };
            return Clause::Happens { noun, verb, many };
        }
        let head = lower.iter().position(|word| AFTER_VERB.contains(&word.as_str())).unwrap_or(lower.len());
        if head > 0 && THINGS.contains(&lower[head - 1].as_str()) {
            return Clause::There { noun: lower_first(label) };
        }
        Clause::Label(label.to_owned())
    }

    /// `an invoice is paid`
    fn affirmed(&self) -> String {
        match self {
            Clause::Happens { noun, verb, many: true } => format!("{noun} {verb}"),
            Clause::Happens { noun, verb, many: false } => format!("{} {noun} {verb}", article(noun)),
            Clause::There { noun } => format!("there is {} {noun}", article(noun)),
            Clause::Said(text) => text.clone(),
            Clause::Label(label) => format!("“{label}” happens"),
        }
    }

    /// `no invoice is paid`
    fn denied(&self) -> String {
        match self {
            Clause::Happens { noun, verb, .. } => format!("no {noun} {verb}"),
            Clause::There { noun } => format!("there is no {noun}"),
            Clause::Said(text) => format!("it does not happen that {text},"),
            Clause::Label(label) => format!("“{label}” does not happen"),
        }
    }
}

impl Speaker<'_> {
    /// `an invoice is paid`, leading to the event.
    pub(super) fn event(&self, id: EventId) -> Prose {
        Prose::name(Clause::of(&self.label(id)).affirmed(), Target::Event(id))
    }

    fn label(&self, id: EventId) -> String {
        match self.model.schema.events.get(id.index()) {
            // One without a label is called by its name: `invoice.paid`.
            Some(event) if event.label != event.name => event.label.to_string(),
            Some(event) => spaced(&words::upper_first(&event.name.replace('.', " "))),
            None => "?".to_owned(),
        }
    }

    fn named_event(&self, named: &NamedEvent, say: fn(&Clause) -> String, scope: Scope) -> Prose {
        let clause = Clause::of(&self.label(named.event));
        let mut out = Prose::name(say(&clause), Target::Event(named.event));
        let settings = self.settings(named, scope);
        if !settings.is_empty() {
            out.put(" (");
            out.push(settings);
            out.put(")");
        }
        out
    }

    /// `template: “Offer” or “Short offer”`
    fn settings(&self, named: &NamedEvent, scope: Scope) -> Prose {
        let Some(event) = self.model.schema.events.get(named.event.index()) else { return Prose::new() };
        let settings = named.settings.iter().filter_map(|(slot, wanted)| {
            let field = event.payload.get(usize::from(*slot))?;
            let element = match field.ty.inner() {
                Type::List(element) => element,
                ty => ty,
            };
            let wanted = wanted.iter().map(|value| self.constant(value, element, scope)).collect();
            let name = Prose::name(spaced(&field.name), Target::Payload(named.event, *slot));
            Some(name.say(": ").with(Prose::listed(wanted, "or")))
        });
        Prose::joined(settings.collect(), "; ")
    }

    /// What has to happen, as a clause.
    pub(super) fn pattern(&self, pattern: &EventPattern, scope: Scope) -> Prose {
        match pattern {
            EventPattern::Named(named) => self.named_event(named, Clause::affirmed, scope),
            EventPattern::Change { fields, from, to } => {
                let names: Vec<Prose> = fields.iter().map(|field| self.field(*field, scope)).collect();
                let last = fields.last().map_or(String::new(), |field| self.field_name(*field, scope));
                let mut out = Prose::listed(names, "or");
                out.put(if words::plural(&last) { " change" } else { " changes" });
                let ty = fields.first().and_then(|field| self.field_type(*field, scope));
                let ty = ty.unwrap_or(&Type::Never);
                for (word, value) in [(" from ", from), (" to ", to)] {
                    if let Some(value) = value {
                        out.put(word);
                        out.push(self.constant(value, ty, scope));
                    }
                }
                out
            }
            EventPattern::AnyChange => {
                Prose::text("anything about ").with(self.record(scope.entity)).say(" changes")
            }
            EventPattern::Count { count, event, within, .. } => {
                let within = words::duration(*within);
                let times = format!(" for the {} time within {within}", words::ordinal(*count));
                self.named_event(event, Clause::affirmed, scope).say(&times)
            }
            EventPattern::Absence { event, period, .. } => {
                let period = format!(" for {}", words::duration(*period));
                self.named_event(event, Clause::denied, scope).say(&period)
            }
        }
    }

    /// Any of several.
    pub(super) fn patterns(&self, patterns: &[EventPattern], scope: Scope) -> Prose {
        Prose::joined(patterns.iter().map(|pattern| self.pattern(pattern, scope)).collect(), " or ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_clauses_where_they_are_plainly_english() {
        for (label, affirmed, denied) in [
            ("Invoice paid", "an invoice is paid", "no invoice is paid"),
            ("E-mail received", "an e-mail is received", "no e-mail is received"),
            (
                "Document opened by the client",
                "a document is opened by the client",
                "no document is opened by the client",
            ),
            (
                "Link in an e-mail clicked",
                "a link in an e-mail is clicked",
                "no link in an e-mail is clicked",
            ),
            ("QR code scanned", "a QR code is scanned", "no QR code is scanned"),
            ("Delivery arrived", "a delivery has arrived", "no delivery has arrived"),
            ("Task almost overdue", "a task is almost overdue", "no task is almost overdue"),
            ("Task status changed", "a task status is changed", "no task status is changed"),
            ("Documents signed", "documents are signed", "no documents are signed"),
            (
                "Visitor came back to the site",
                "a visitor came back to the site",
                "no visitor came back to the site",
            ),
            ("Missed call", "there is a missed call", "there is no missed call"),
            ("Message in a channel", "there is a message in a channel", "there is no message in a channel"),
            ("The client replied", "the client replied", "it does not happen that the client replied,"),
            ("Rechnung bezahlt", "“Rechnung bezahlt” happens", "“Rechnung bezahlt” does not happen"),
            ("Оплачено", "“Оплачено” happens", "“Оплачено” does not happen"),
            ("Paid", "“Paid” happens", "“Paid” does not happen"),
            ("", "“” happens", "“” does not happen"),
        ] {
            let clause = Clause::of(label);
            assert_eq!((clause.affirmed(), clause.denied()), (affirmed.to_owned(), denied.to_owned()));
        }
    }
}
