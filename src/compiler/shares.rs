//! Numbers of everyday speech, where the rest of the sentence tells what is meant: `20%` of a whole number, `10k` of an
//! amount, and `is bigger than` before either.

use super::Loaded;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Field, ItemKind, TypeExpr, TypeKind};
use rust_decimal::Decimal;
use std::collections::HashMap;

/// What a field or parameter of a name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Whole,
    Decimal,
    Money,
    /// Something else, or now this and now that.
    Other,
}

/// How a comparison is said, the longer before the shorter, and how it is written.
const SAID: [(&str, &str); 32] = [
    ("is greater than or equal to", ">="),
    ("is bigger than or equal to", ">="),
    ("is more than or equal to", ">="),
    ("is less than or equal to", "<="),
    ("is smaller than or equal to", "<="),
    ("is greater than", ">"),
    ("is bigger than", ">"),
    ("is larger than", ">"),
    ("is higher than", ">"),
    ("is more than", ">"),
    ("is smaller than", "<"),
    ("is lower than", "<"),
    ("is less than", "<"),
    ("is at least", ">="),
    ("is at most", "<="),
    ("is above", ">"),
    ("is over", ">"),
    ("is below", "<"),
    ("is under", "<"),
    ("is not equal to", "!="),
    ("is equal to", "=="),
    ("equals", "=="),
    ("is not", "!="),
    ("is", "=="),
    ("greater than", ">"),
    ("bigger than", ">"),
    ("more than", ">"),
    ("less than", "<"),
    ("smaller than", "<"),
    ("above", ">"),
    ("over", ">"),
    ("below", "<"),
];

/// Gives each such number the form that it has where it stands.
pub fn in_their_sentences(loaded: &Loaded, diagnostics: &mut Vec<Diagnostic>) {
    let share = |d: &Diagnostic| {
        d.code == Code::UnknownCharacter && matches!(loaded.sources.text(d.span()), "%" | "percent" | "pct")
    };
    let thousands = |d: &Diagnostic| {
        d.code == Code::GluedNumber
            && loaded.sources.text(d.span()).ends_with(['k', 'K'])
            && !d.fix.is_empty()
    };
    if !diagnostics.iter().any(|d| share(d) || thousands(d)) {
        return;
    }
    let holds = held(loaded);
    let currency = currency(loaded);
    let mut said = Vec::new();
    for diagnostic in diagnostics.iter_mut().filter(|d| share(d) || thousands(d)) {
        let span = diagnostic.span();
        let text = &loaded.sources.file(span.file).text;
        let before = text.get(..span.start as usize).unwrap_or_default().trim_end_matches([' ', '\t']);
        let digits =
            |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '_' | '.')).len();
        let percent = share(diagnostic);
        let (rest, number) = match percent {
            true => before.split_at(digits(before)),
            false => (before, diagnostic.help.as_deref().unwrap_or_default()),
        };
        let sentence = sentence(rest);
        if number.is_empty() {
            continue;
        }
        let kind = holds.get(sentence.name).copied().filter(|_| !sentence.sign.is_empty());
        // A part of something: `amount * 20%`.
        let factor = sentence.sign.is_empty() && rest.trim_end().ends_with('*');
        let (ours, label) = match (percent, kind) {
            (true, Some(Holds::Whole)) if !number.contains('.') => {
                (number.to_owned(), format!("`{}` is a whole number", sentence.name))
            }
            (true, Some(Holds::Decimal)) => match part_of(number) {
                Some(part) => (part, "a share is a plain number".to_owned()),
                None => continue,
            },
            (true, None) if factor => match part_of(number) {
                Some(part) => (part, "a share is a plain number".to_owned()),
                None => continue,
            },
            (false, Some(Holds::Money)) => {
                let coded = code_at(&text[span.end as usize..]);
                match (coded, &currency) {
                    (false, Some(code)) => {
                        (format!("{number} {code}"), format!("`{}` is an amount of money", sentence.name))
                    }
                    _ => (number.to_owned(), "a number is written with all its digits".to_owned()),
                }
            }
            (false, _) => (number.to_owned(), "a number is written with all its digits".to_owned()),
            _ => continue,
        };
        let start = match percent {
            true => rest.len(),
            false => span.start as usize,
        };
        let whole = Span::new(span.file, start, span.end as usize);
        diagnostic.fix.clear();
        let mended = match &sentence.words {
            // All of it is said in words: one mistake.
            Some((at, ours_sign)) => {
                let all = Span::new(span.file, *at, span.end as usize);
                said.push((all, span));
                let written = text.get(all.range()).unwrap_or_default();
                diagnostic.message = format!("`{written}` is written another way here");
                diagnostic.labels[0].span = all;
                diagnostic.labels[0].message = Some(format!("this is written `{ours_sign} {ours}`"));
                let set = if *ours_sign == "=" { "set " } else { "" };
                diagnostic.help = Some(format!("{set}{} {ours_sign} {ours}", sentence.name));
                diagnostic.clone().fix(all, format!("{ours_sign} {ours}"))
            }
            None => {
                diagnostic.labels[0].message = Some(label);
                diagnostic.help = Some(ours.clone());
                diagnostic.clone().fix(whole, ours)
            }
        };
        *diagnostic = mended;
    }
    // What else was said of the same words is told with them.
    diagnostics.retain(|d| {
        let at = d.span();
        !said
            .iter()
            .any(|(all, _)| at.file == all.file && all.start <= at.start && at.end <= all.end && at != *all)
    });
}

/// What stands before a number: a name, and how it is compared or given.
struct Sentence<'t> {
    name: &'t str,
    sign: &'t str,
    /// Said in words: where they begin, and the sign that is written instead.
    words: Option<(usize, &'static str)>,
}

fn sentence(text: &str) -> Sentence<'_> {
    let text = text.trim_end();
    let rest = text.trim_end_matches(['=', ':', '<', '>', '!']);
    let sign = &text[rest.len()..];
    if !sign.is_empty() {
        return Sentence { name: last_name(rest), sign, words: None };
    }
    let apart = |rest: &str| rest.ends_with([' ', '\t']);
    for (words, ours) in SAID {
        if let Some(rest) = text.strip_suffix(words)
            && apart(rest)
        {
            return Sentence { name: last_name(rest), sign: ours, words: Some((rest.len(), ours)) };
        }
    }
    // `set probability to 20%`
    if let Some(rest) = text.strip_suffix("to")
        && apart(rest)
    {
        let name = last_name(rest);
        let before = rest.trim_end().strip_suffix(name).unwrap_or_default().trim_end();
        if before.ends_with("set") {
            return Sentence { name, sign: "=", words: Some((rest.len(), "=")) };
        }
    }
    Sentence { name: "", sign: "", words: None }
}

/// The name at the end of a text.
fn last_name(text: &str) -> &str {
    let text = text.trim_end();
    let start = text.rfind(|c: char| !unicode_ident::is_xid_continue(c));
    let start = start.map_or(0, |at| at + text[at..].chars().next().map_or(0, char::len_utf8));
    &text[start..]
}

/// `20` as `0.2`.
fn part_of(number: &str) -> Option<String> {
    let number: Decimal = number.replace('_', "").parse().ok()?;
    Some(number.checked_div(Decimal::ONE_HUNDRED)?.normalize().to_string())
}

/// Whether the code of a currency stands there.
fn code_at(text: &str) -> bool {
    let text = text.trim_start_matches([' ', '\t']);
    let end = text.find(|c: char| !unicode_ident::is_xid_continue(c)).unwrap_or(text.len());
    end == 3 && text.bytes().take(3).all(|b| b.is_ascii_uppercase())
}

fn currency(loaded: &Loaded) -> Option<String> {
    let mut items = loaded.files.iter().flat_map(|file| &file.items);
    items.find_map(|item| match &item.kind {
        ItemKind::Currency(name) => Some(name.text.to_string()),
        _ => None,
    })
}

/// The names of fields and parameters, and what all of that name hold.
fn held(loaded: &Loaded) -> HashMap<&str, Holds> {
    let mut known = HashMap::new();
    for item in loaded.files.iter().flat_map(|file| &file.items) {
        let fields: &[Field] = match &item.kind {
            ItemKind::Entity(entity) => &entity.fields,
            ItemKind::Extend { fields, .. } => fields,
            ItemKind::Event(event) => &event.payload,
            ItemKind::Action(action) => &action.params,
            _ => continue,
        };
        for field in fields {
            let holds = what_holds(&field.ty);
            let of_name = known.entry(&*field.name.text).or_insert(holds);
            if *of_name != holds {
                *of_name = Holds::Other;
            }
        }
    }
    known
}

fn what_holds(ty: &TypeExpr) -> Holds {
    match &ty.kind {
        TypeKind::Name(name) => match &*name.text {
            "int" => Holds::Whole,
            "decimal" => Holds::Decimal,
            "money" => Holds::Money,
            _ => Holds::Other,
        },
        TypeKind::MoneyIn(_) => Holds::Money,
        TypeKind::Optional(inner) => what_holds(inner),
        _ => Holds::Other,
    }
}
