//! `confusable_name`: a name that looks like another, or mixes letters of two alphabets that look alike.

use super::Program;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Letters of other alphabets, and the Latin ones that nobody can tell them from. Those that merely resemble one
/// are not here.
const LOOK_ALIKES: &[(&str, &str)] = &[
    // Cyrillic
    ("асеорхуіјѕһԛԝӏɡ", "aceopxyijshqwlg"),
    ("АВСЕНІЈКМОРЅТХУԌԚԜҮ", "ABCEHIJKMOPSTXYGQWY"),
    // Greek
    ("ονα", "ova"),
    ("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧϹϳϲ", "ABEZHIKMNOPTYXCjc"),
    // Armenian
    ("օսհոցզ", "ouhngq"),
    // Latin
    ("ı", "i"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alphabet {
    Latin,
    Cyrillic,
    Greek,
    Armenian,
    /// Of which nothing looks like anything here.
    Other,
}

impl Alphabet {
    fn of(c: char) -> Option<Alphabet> {
        if !c.is_alphabetic() {
            return None;
        }
        Some(match c {
            'a'..='z'
            | 'A'..='Z'
            | '\u{c0}'..='\u{2af}'
            | '\u{1e00}'..='\u{1eff}'
            | '\u{ff21}'..='\u{ff5a}' => Alphabet::Latin,
            '\u{400}'..='\u{52f}' => Alphabet::Cyrillic,
            '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}' => Alphabet::Greek,
            '\u{530}'..='\u{58f}' => Alphabet::Armenian,
            _ => Alphabet::Other,
        })
    }

    fn adjective(self) -> &'static str {
        match self {
            Alphabet::Latin => "Latin",
            Alphabet::Cyrillic => "Cyrillic",
            Alphabet::Greek => "Greek",
            Alphabet::Armenian => "Armenian",
            Alphabet::Other => "other",
        }
    }
}

/// The Latin letter that looks like this one.
fn latin(c: char) -> Option<char> {
    // Letters of full width.
    if ('\u{ff21}'..='\u{ff3a}').contains(&c) || ('\u{ff41}'..='\u{ff5a}').contains(&c) {
        return char::from_u32(u32::from(c) - 0xfee0);
    }
    LOOK_ALIKES.iter().find_map(|(other, latin)| {
        let at = other.chars().position(|o| o == c)?;
        latin.chars().nth(at)
    })
}

/// What a name looks like: equal for names that look alike.
fn look(name: &str) -> String {
    name.chars().map(|c| latin(c).unwrap_or(c)).collect()
}

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut names = Vec::new();
    for item in program.items() {
        declared(item, &mut names);
    }
    // Only a name with a letter beyond ASCII can be taken for another of these.
    if names.iter().all(|name| name.text.is_ascii()) {
        return;
    }
    let mut by_look: HashMap<String, Vec<&Name>> = HashMap::new();
    for name in &names {
        let others = by_look.entry(look(&name.text)).or_default();
        if others.iter().all(|other| other.text != name.text) {
            others.push(name);
        }
    }
    let near = fields_at_hand(program);
    let mut said: HashSet<Arc<str>> = HashSet::new();
    for name in names.iter().filter(|name| !name.text.is_ascii() && !program.is_bundled(name.span.file)) {
        let alike = by_look.get(&look(&name.text)).into_iter().flatten();
        // Of two that are both not ASCII the later one is told of.
        let other = alike
            .filter(|other| other.text != name.text)
            .find(|other| other.text.is_ascii() || before(other.span, name.span));
        let mixed = strange(&name.text);
        if other.is_none() && mixed.is_none() || !said.insert(name.text.clone()) {
            continue;
        }
        // Of several of that name the one that a rule would read.
        let other = other.map(|other| {
            let at_hand = |n: &&&Name| n.text == other.text && near.contains(&n.span);
            *names.iter().find(at_hand).unwrap_or(other)
        });
        found.push(diagnostic(name, other, mixed));
    }
}

/// The places of the fields that the rules of pipelines read by their bare names.
fn fields_at_hand(program: &Program) -> HashSet<Span> {
    let entities: HashSet<&str> = program.pipeline_trees().map(|p| &*p.entity.text).collect();
    let fields = program.items().filter_map(|item| match &item.kind {
        ItemKind::Entity(entity) if entities.contains(&*entity.name.text) => Some(&entity.fields),
        ItemKind::Extend { entity, fields } if entities.contains(&*entity.text) => Some(fields),
        _ => None,
    });
    fields.flatten().map(|field| field.name.span).collect()
}

fn before(a: Span, b: Span) -> bool {
    (a.file, a.start) < (b.file, b.start)
}

fn diagnostic(
    name: &Name,
    other: Option<&Name>,
    mixed: Option<(Vec<char>, Alphabet, Alphabet)>,
) -> Diagnostic {
    let letters = |letters: &[char]| letters.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" ");
    let label = match &mixed {
        Some((which, alphabet, _)) => {
            let is = if which.len() == 1 { "is" } else { "are" };
            format!("{} {is} {}", letters(which), alphabet.adjective())
        }
        None => {
            let which: Vec<char> = name.text.chars().filter(|c| latin(*c).is_some()).collect();
            match which.first().and_then(|c| Alphabet::of(*c)) {
                Some(alphabet) => format!("{} letters", alphabet.adjective()),
                None => "other letters".into(),
            }
        }
    };
    match other {
        Some(other) => Diagnostic::new(
            Code::ConfusableName,
            name.span,
            format!("`{}` looks like `{}`, and is another name", name.text, other.text),
        )
        .label(label)
        .also(other.span, "the name that it looks like")
        .help(format!("write `{}`, or choose another name", other.text)),
        None => {
            let (_, alphabet, rest) = mixed.unwrap_or((Vec::new(), Alphabet::Other, Alphabet::Other));
            let message =
                format!("`{}` mixes {} and {} letters", name.text, alphabet.adjective(), rest.adjective());
            let plain = if rest == Alphabet::Latin { look(&name.text) } else { turned(&name.text, rest) };
            Diagnostic::new(Code::ConfusableName, name.span, message)
                .label(label)
                .help(format!("write `{plain}`, all in {} letters, everywhere", rest.adjective()))
        }
    }
}

/// The name with its Latin letters replaced by those of an alphabet that look like them.
fn turned(name: &str, to: Alphabet) -> String {
    name.chars().map(|c| counterpart(c, to).unwrap_or(c)).collect()
}

/// The letter of another alphabet that looks like a Latin one.
fn counterpart(c: char, to: Alphabet) -> Option<char> {
    LOOK_ALIKES.iter().find_map(|(other, latin)| {
        let at = latin.chars().position(|l| l == c)?;
        other.chars().nth(at).filter(|o| Alphabet::of(*o) == Some(to))
    })
}

/// The letters that are of another alphabet than the rest of their word, if each of them looks like one of that
/// alphabet: whoever reads the name takes it for a word of one alphabet. A word that changes its alphabet where it
/// changes its case, as `SMSкод`, is two words.
fn strange(name: &str) -> Option<(Vec<char>, Alphabet, Alphabet)> {
    name.split(|c: char| !c.is_alphabetic()).find_map(|word| {
        let chars: Vec<char> = word.chars().collect();
        let alphabets: Vec<Alphabet> = chars.iter().filter_map(|c| Alphabet::of(*c)).collect();
        let first = *alphabets.first()?;
        let second = *alphabets.iter().find(|a| **a != first)?;
        if alphabets.iter().any(|a| *a != first && *a != second)
            || alphabets.contains(&Alphabet::Other)
            || first != Alphabet::Latin && second != Alphabet::Latin
        {
            return None;
        }
        let other = if first == Alphabet::Latin { second } else { first };
        let bounds = || (1..chars.len()).filter(|i| alphabets[*i] != alphabets[*i - 1]);
        if bounds().all(|i| chars[i].is_uppercase() != chars[i - 1].is_uppercase()) && bounds().count() == 1 {
            return None;
        }
        let of = |a: Alphabet| -> Vec<char> {
            let mut found: Vec<char> = Vec::new();
            for (c, _) in chars.iter().zip(&alphabets).filter(|(_, b)| **b == a) {
                if !found.contains(c) {
                    found.push(*c);
                }
            }
            found
        };
        let (foreign, plain) = (of(other), of(Alphabet::Latin));
        if foreign.iter().all(|c| latin(*c).is_some()) {
            Some((foreign, other, Alphabet::Latin))
        } else if plain.iter().all(|c| counterpart(*c, other).is_some()) {
            Some((plain, Alphabet::Latin, other))
        } else {
            None
        }
    })
}

/// Every name that an item declares.
fn declared<'t>(item: &'t Item, names: &mut Vec<&'t Name>) {
    let fields = |fields: &'t [Field], names: &mut Vec<&'t Name>| {
        for field in fields {
            names.push(&field.name);
            if let TypeKind::Enum(values) = &field.ty.kind {
                names.extend(values.iter().map(|v| &v.name));
            }
        }
    };
    match &item.kind {
        ItemKind::UseLibrary(_)
        | ItemKind::UseFile(_)
        | ItemKind::Currency(_)
        | ItemKind::Rates { .. }
        | ItemKind::Test(_) => {}
        ItemKind::Entity(entity) => {
            names.push(&entity.name);
            fields(&entity.fields, names);
        }
        ItemKind::Extend { fields: added, .. } => fields(added, names),
        ItemKind::Enum { name, values } => {
            names.push(name);
            names.extend(values.iter().map(|v| &v.name));
        }
        ItemKind::Opaque { name, .. } | ItemKind::Const { name, .. } => names.push(name),
        ItemKind::Event(event) => {
            names.extend(&event.name.parts);
            fields(&event.payload, names);
        }
        ItemKind::Action(action) => {
            names.extend(&action.name.parts);
            fields(&action.params, names);
            fields(&action.outputs, names);
        }
        ItemKind::Principal(principal) => names.push(&principal.name),
        ItemKind::Calendar(calendar) => names.push(&calendar.name),
        ItemKind::Fn(function) => {
            names.push(&function.name);
            names.extend(function.params.iter().map(|(name, _)| name));
        }
        ItemKind::Pipeline(pipeline) => {
            names.push(&pipeline.name);
            for member in &pipeline.members {
                match member {
                    PipelineMember::Rule(rule) => of_rule(rule, names),
                    PipelineMember::Stage(stage) => {
                        names.push(&stage.name);
                        for member in &stage.members {
                            if let StageMember::Rule(rule) = member {
                                of_rule(rule, names);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn of_rule<'t>(rule: &'t Rule, names: &mut Vec<&'t Name>) {
    names.push(&rule.name);
    let mut open: Vec<&Stmt> = rule.body.statements.iter().collect();
    while let Some(statement) = open.pop() {
        match &statement.kind {
            StmtKind::Let { name, .. } | StmtKind::LetAction { name, .. } | StmtKind::For { name, .. } => {
                names.push(name);
            }
            _ => {}
        }
        open.extend(super::tree_blocks(statement).into_iter().flat_map(|block| &block.statements));
    }
}
