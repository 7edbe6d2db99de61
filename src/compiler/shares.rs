//! `20%` where a whole number is wanted: the number without the sign, and not a fifth.

use super::Loaded;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;
use crate::syntax::tree::{Field, ItemKind, TypeExpr, TypeKind};
use std::collections::HashMap;

/// A share that was told of as a plain number is a whole one where the field or parameter is an `int`.
pub fn of_whole_numbers(loaded: &Loaded, diagnostics: &mut [Diagnostic]) {
    let share = |d: &Diagnostic| {
        d.code == Code::UnknownCharacter && matches!(loaded.sources.text(d.span()), "%" | "percent" | "pct")
    };
    if !diagnostics.iter().any(share) {
        return;
    }
    let whole = whole_numbers(loaded);
    for diagnostic in diagnostics.iter_mut().filter(|d| share(d)) {
        let span = diagnostic.span();
        let text = &loaded.sources.file(span.file).text;
        let before = text.get(..span.start as usize).unwrap_or_default().trim_end();
        let rest = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_');
        let number = &before[rest.len()..];
        let (name, sign) = name_before(rest);
        if number.is_empty() || sign.is_empty() || whole.get(name) != Some(&true) {
            continue;
        }
        diagnostic.labels[0].message = Some(format!("`{name}` is a whole number"));
        diagnostic.help = Some(number.to_owned());
        let gone = Span { start: before.len() as u32, ..span };
        diagnostic.fix.clear();
        *diagnostic = diagnostic.clone().fix(gone, "");
    }
}

/// The name before `=`, `:` or a comparison at the end of a text, and that sign.
fn name_before(text: &str) -> (&str, &str) {
    let text = text.trim_end();
    let rest = text.trim_end_matches(['=', ':', '<', '>', '!']);
    let sign = &text[rest.len()..];
    let rest = rest.trim_end();
    let start = rest.rfind(|c: char| !unicode_ident::is_xid_continue(c));
    let start = start.map_or(0, |at| at + rest[at..].chars().next().map_or(0, char::len_utf8));
    (&rest[start..], sign)
}

/// The names of fields and parameters, and whether all of that name are whole numbers.
fn whole_numbers(loaded: &Loaded) -> HashMap<&str, bool> {
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
            *known.entry(&*field.name.text).or_insert(true) &= is_whole(&field.ty);
        }
    }
    known
}

fn is_whole(ty: &TypeExpr) -> bool {
    match &ty.kind {
        TypeKind::Name(name) => &*name.text == "int",
        TypeKind::Optional(inner) => is_whole(inner),
        _ => false,
    }
}
