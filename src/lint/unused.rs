//! `unused`: outputs that nothing reads, and constants, functions, calendars and types that nothing names.
//!
//! What a file declares for others is used by programs that are not at hand: only the files that a program is
//! asked for by name, and only of programs with a pipeline, are looked at for declarations.

use super::words::Words;
use super::{Program, statements, tree_blocks};
use crate::check::model_exprs;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Body, ExprKind, LocalId, StmtKind};
use crate::syntax::tree::{self, ItemKind, Name};
use crate::value::OutputId;
use std::collections::{HashMap, HashSet};

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    outputs(program, found);
    declarations(program, found);
}

/// Whoever begins a name with `_` says that it is only there to be there.
fn meant(name: &str) -> bool {
    name.starts_with('_')
}

fn declarations(program: &Program, found: &mut Vec<Diagnostic>) {
    let own = |item: &tree::Item| program.loaded.roots.contains(&item.span.file);
    let has_pipeline = |item: &tree::Item| matches!(item.kind, ItemKind::Pipeline(_)) && own(item);
    if !program.items().any(has_pipeline) {
        return;
    }
    let declared: Vec<(&'static str, &Name)> = program
        .items()
        .filter(|item| own(item))
        .filter_map(|item| match &item.kind {
            ItemKind::Const { name, .. } => Some(("constant", name)),
            ItemKind::Fn(function) => Some(("function", &function.name)),
            ItemKind::Calendar(calendar) => Some(("calendar", &calendar.name)),
            ItemKind::Entity(entity) => Some(("entity", &entity.name)),
            ItemKind::Enum { name, .. } => Some(("enum", name)),
            ItemKind::Opaque { name, .. } => Some(("type", name)),
            _ => None,
        })
        .filter(|(_, name)| !meant(&name.text))
        .collect();
    if declared.is_empty() {
        return;
    }
    let words = Words::of(program.items());
    for (what, name) in declared {
        if words.hold(&name.text) {
            continue;
        }
        let message = format!("the {what} `{}` is never used", name.text);
        found.push(
            Diagnostic::new(Code::Unused, name.span, message).label("nothing in the program names it").help(
                match what {
                    // Its name is that of its events: with another one they would not be understood.
                    "entity" => {
                        "delete it; or, if it is kept for later, put `# stagegate: allow(unused)` above it"
                            .into()
                    }
                    _ => format!("delete it; or, if it is kept for later, call it `_{}`", name.text),
                },
            ),
        );
    }
}

/// What the `let`s of rules bind.
fn outputs(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut names: HashMap<(u32, u32), &Name> = HashMap::new();
    for rule in program.rule_trees() {
        let mut open: Vec<&tree::Stmt> = rule.body.statements.iter().collect();
        while let Some(statement) = open.pop() {
            if let tree::StmtKind::Let { name, .. } | tree::StmtKind::LetAction { name, .. } = &statement.kind
            {
                names.insert((name.span.file.0, statement.span.start), name);
            }
            open.extend(tree_blocks(statement).into_iter().flat_map(|block| &block.statements));
        }
    }
    for placed in program.rules().filter(|p| !p.rule.disabled && !program.is_bundled(p.rule.span.file)) {
        let read = locals_read(&placed.rule.body);
        let published = |id: &Option<OutputId>| {
            id.is_some_and(|id| program.model.outputs.get(id.index()).is_some_and(|o| o.read))
        };
        statements(&placed.rule.body.statements, &mut |statement| {
            let name =
                || names.get(&(statement.span.file.0, statement.span.start)).filter(|n| !meant(&n.text));
            match &statement.kind {
                StmtKind::Let { local, publish, .. } if !read.contains(local) && !published(publish) => {
                    let Some(name) = name() else { return };
                    let message = format!("`{}` is never used", name.text);
                    found.push(
                        Diagnostic::new(Code::Unused, name.span, message)
                            .label("nothing reads this value")
                            .help("delete this line"),
                    );
                }
                StmtKind::LetAction { call, bind, publish, at_most: None, otherwise: None }
                    if !bind.iter().any(|local| read.contains(local)) && !publish.iter().any(published) =>
                {
                    let Some(name) = name() else { return };
                    let action = &program.model.schema.action(call.action).name;
                    let message = format!("`{}` is never used", name.text);
                    found.push(
                        Diagnostic::new(Code::Unused, name.span, message)
                            .label(format!("nothing reads what `{action}` gives"))
                            .help(format!(
                                "write `{action} {{ … }}` alone, and the rule goes on at once; or, to wait until it \
                                 is done, `let _{} = {action} {{ … }}`",
                                name.text
                            )),
                    );
                }
                _ => {}
            }
        });
    }
}

/// The variables that a body reads.
fn locals_read(body: &Body) -> HashSet<LocalId> {
    let mut read = HashSet::new();
    statements(&body.statements, &mut |statement| {
        for e in super::expressions(statement) {
            model_exprs(e, |e| {
                if let ExprKind::Local(id) = e.kind {
                    read.insert(id);
                }
            });
        }
    });
    read
}
