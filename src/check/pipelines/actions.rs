//! Calls of actions, and every other list of named values: the payload of an event, the fields of a record,
//! what answers an action.

use super::listed;
use crate::check::Checker;
use crate::check::scope::Scope;
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::library;
use crate::model::{self, ExprKind};
use crate::schema::{BUILTIN_FIELDS, Field, Limits, Type};
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;
use std::collections::HashMap;

/// Whose members are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Members {
    Params(ActionId),
    Outputs(ActionId),
    Payload(EventId),
    Fields(EntityId),
}

/// A value for a member, by its position.
pub(super) type Given = (u16, model::Expr);

impl Checker<'_> {
    pub(super) fn call(&mut self, tree: &tree::ActionCall, scope: &mut Scope) -> Option<model::ActionCall> {
        let action = self.action_named(&tree.name)?;
        let members = Members::Params(action);
        let mut params = self.given_members(members, &tree.params, scope);
        self.all_given(members, &tree.params, tree.name.span);
        // What is left out has its default.
        for (i, param) in self.schema.action(action).params.iter().enumerate() {
            let slot = i as u16;
            if let Some(default) = &param.default
                && !params.iter().any(|(given, _)| *given == slot)
            {
                let kind = ExprKind::Const(default.clone());
                params.push((slot, model::Expr { kind, ty: param.ty.clone(), span: tree.span }));
            }
        }
        params.sort_by_key(|(slot, _)| *slot);
        Some(model::ActionCall { action, params, span: tree.span })
    }

    /// The action of a path; a mistake is reported.
    pub(super) fn action_named(&mut self, path: &tree::Path) -> Option<ActionId> {
        let name = path.text();
        if let Some((id, _)) = self.names.actions.get(name.as_str()) {
            return Some(*id);
        }
        let message = format!("there is no action `{name}`");
        let diagnostic =
            Diagnostic::new(Code::UnknownAction, path.span, message).label("not declared anywhere");
        if let Some(library) = library::that_declares("action", &name) {
            self.forgotten_library(library, diagnostic);
            return None;
        }
        if let Some(help) = self.statement_in_braces(path.span, &name) {
            self.report(diagnostic.advised(Some(help)));
            return None;
        }
        if matches!(
            name.as_str(),
            "nothing" | "none" | "anything" | "action" | "actions" | "error" | "errors"
        ) {
            let help = Advice::say("name an action, as in `expect no notify`");
            self.report(diagnostic.advised(Some(help)));
            return None;
        }
        let known = || self.names.actions.keys().map(|k| &**k);
        let help = Advice::near(path.span, &name, known())
            .or_else(|| {
                // `send_email`, `SendSMS`: one of its words is the action.
                let words = words_of(&name);
                let within = known().filter(|k| words.contains(&k.to_lowercase())).max_by_key(|k| k.len())?;
                Some(Advice::say(format!("did you mean `{within}`?")))
            })
            .unwrap_or_else(|| Advice::say(format!("action {name} {{ }}")));
        self.report(diagnostic.advised(Some(help)));
        None
    }

    /// `set { amount: 5 EUR }`: what stands in the braces, as the statement that was meant.
    fn statement_in_braces(&self, place: Span, name: &str) -> Option<Advice> {
        let (_, behind) = self.sources.around(place);
        let inner = behind.trim_start().strip_prefix('{')?;
        let inner = inner.split_once('}').map_or("", |(inner, _)| inner).trim();
        let plain =
            !inner.is_empty() && !inner.contains(['\n', '{', '"']) || inner.matches('"').count() % 2 == 0;
        Some(match name {
            "set" | "update" if plain && !inner.contains('\n') => {
                let pairs: Vec<String> = inner
                    .split(',')
                    .filter_map(|pair| pair.split_once(':'))
                    .map(|(name, value)| format!("{} = {}", name.trim(), value.trim()))
                    .collect();
                match pairs.is_empty() {
                    true => Advice::say("write it without braces: `set name = value`"),
                    false => Advice::say(format!("write it without braces: `set {}`", pairs.join(", "))),
                }
            }
            "set" | "update" => Advice::say("write it without braces: `set name = value, other = value`"),
            "let" => Advice::say("write it without braces: `let name = value`"),
            "move" => Advice::say("write it without braces: `move to Stage`"),
            "wait" => Advice::say("write it without braces: `wait 3 days`"),
            _ => return None,
        })
    }

    pub(super) fn fields_of(&self, of: Members) -> &[Field] {
        match of {
            Members::Params(id) => &self.schema.action(id).params,
            Members::Outputs(id) => &self.schema.action(id).outputs,
            Members::Payload(id) => &self.schema.event(id).payload,
            Members::Fields(id) => &self.schema.entity(id).fields,
        }
    }

    /// The owner's name, what its members are called, and where it is declared.
    fn owner(&self, of: Members) -> (Text, &'static str, Option<Span>) {
        let action = |id: ActionId| {
            let name = &self.schema.action(id).name;
            (name.clone(), self.names.actions.get(&**name).map(|(_, span)| *span))
        };
        match of {
            Members::Params(id) => {
                let (name, span) = action(id);
                (name, "parameter", span)
            }
            Members::Outputs(id) => {
                let (name, span) = action(id);
                (name, "output", span)
            }
            Members::Payload(id) => {
                let name = self.schema.event(id).name.clone();
                let span = self.names.events.get(&*name).map(|(_, span)| *span);
                (name, "member", span)
            }
            Members::Fields(id) => {
                let name = self.schema.entity(id).name.clone();
                let span = self.names.types.get(&*name).map(|(_, span)| *span);
                (name, "field", span)
            }
        }
    }

    /// Checks what is given: known names, each once, of the right type, within the limits.
    pub(super) fn given_members(&mut self, of: Members, args: &[tree::Arg], scope: &mut Scope) -> Vec<Given> {
        let mut made = Vec::with_capacity(args.len());
        let mut given: HashMap<&str, Span> = HashMap::new();
        for arg in args {
            if let Some(before) = given.insert(&arg.name.text, arg.name.span) {
                let (_, noun, _) = self.owner(of);
                self.given_twice(noun, &arg.name, before);
                continue;
            }
            let fields = self.fields_of(of);
            let Some(at) = fields.iter().position(|f| *f.name == *arg.name.text) else {
                if !self.lost.contains(&arg.name.text) {
                    self.unknown_member(of, &arg.name, args);
                }
                continue;
            };
            if matches!(of, Members::Fields(_)) && at < BUILTIN_FIELDS {
                match (of, &*arg.name.text) {
                    // Of a test: `send deal.updated { stage: Won }`.
                    (Members::Fields(entity), "stage" | "pipeline") if scope.test => {
                        self.moved_by_hand(entity, arg);
                    }
                    _ => self.read_only(&arg.name),
                }
                continue;
            }
            let (ty, limits) = (fields[at].ty.clone(), fields[at].limits.clone());
            // Nothing but a text can say which file.
            let file = if scope.test { self.files_meant(&arg.value, &ty, scope) } else { None };
            let value = match (file, of, ty.inner(), &*arg.value.kind) {
                (Some(file), ..) => file,
                // A test that answers an action makes up the identity: `reply to create_chat with { id: "c-7" }`.
                (None, Members::Outputs(_), Type::Opaque(_), tree::ExprKind::Text(_)) => {
                    let text = self.expr(&arg.value, Some(&Type::Text), scope);
                    if text.ty == Type::Error { text } else { model::Expr { ty: ty.clone(), ..text } }
                }
                _ => self.expr(&arg.value, Some(&ty), scope),
            };
            let places = match of {
                Members::Params(id) => self.places.params.get(id.index()),
                Members::Payload(id) => self.places.payloads.get(id.index()),
                Members::Fields(id) => self.places.fields.get(id.index()),
                Members::Outputs(_) => None,
            };
            let place = places.and_then(|p| p.get(at)).copied();
            if limits != Limits::default() {
                let (owner, ..) = self.owner(of);
                let what = format!("`{}` of `{owner}`", arg.name.text);
                self.check_value_limits(&what, &ty, &limits, &value, place);
            }
            made.push((at as u16, value));
        }
        made
    }

    /// Reports everything that must be given and is not, at once.
    pub(super) fn all_given(&mut self, of: Members, args: &[tree::Arg], span: Span) {
        let skip = if matches!(of, Members::Fields(_)) { BUILTIN_FIELDS } else { 0 };
        let fields = self.fields_of(of);
        // A name that is a little wrong has been reported, and is not missing too.
        let misspelt: Vec<&str> = args
            .iter()
            .filter(|a| !fields.iter().any(|f| *f.name == *a.name.text))
            .filter_map(|a| {
                let open = || left_out(fields, skip, args);
                suggest::nearest(&a.name.text, open()).or_else(|| of_one_kind(&a.name.text, open()))
            })
            .collect();
        let missing: Vec<&str> = fields
            .iter()
            .skip(skip)
            .filter(|f| f.default.is_none() && !f.ty.is_optional() && f.ty != Type::Error)
            .filter(|f| !args.iter().any(|a| *a.name.text == *f.name) && !misspelt.contains(&&*f.name))
            .map(|f| &*f.name)
            .collect();
        if missing.is_empty() {
            return;
        }
        let (owner, noun, declared) = self.owner(of);
        let message = format!("`{owner}` needs {}", listed(missing.iter().copied(), "and"));
        let label = match missing.len() {
            1 => format!("one {noun} is missing"),
            n => format!("{n} {noun}s are missing"),
        };
        let holes: Vec<String> = missing.iter().map(|name| format!("{name}: ?")).collect();
        let mut diagnostic = Diagnostic::new(Code::MissingParameter, span, message).label(label);
        if let Some(declared) = declared
            && self.is_own(declared)
        {
            diagnostic = diagnostic.also(declared, "declared here");
        }
        self.report(diagnostic.help(format!("add `{}`", holes.join(", "))));
    }

    /// Whether a place is in a file of the user's: the bundled library's need not be shown.
    pub(super) fn is_own(&self, span: Span) -> bool {
        self.sources.file(span.file).path.is_some()
    }

    fn unknown_member(&mut self, of: Members, name: &tree::Name, args: &[tree::Arg]) {
        let (owner, noun, declared) = self.owner(of);
        let skip = if matches!(of, Members::Fields(_)) { BUILTIN_FIELDS } else { 0 };
        let known: Vec<&str> = self.fields_of(of).iter().skip(skip).map(|f| &*f.name).collect();
        // What is not given yet is meant sooner than what would then stand there twice.
        let near = Advice::near(name.span, &name.text, left_out(self.fields_of(of), skip, args));
        let near = near.or_else(|| {
            let near = Advice::near(name.span, &name.text, known.iter().copied());
            near.map(|near| near.unsure(true))
        });
        let help = near.or_else(|| {
            let meant = of_one_kind(&name.text, left_out(self.fields_of(of), skip, args))?;
            Some(Advice::say(format!("did you mean `{meant}`?")))
        });
        let help = help.or_else(|| match known.len() {
            0 => Some(Advice::say(format!("take `{}` away", name.text))),
            _ => Some(Advice::say(format!("it has {}", listed(known.iter().copied(), "and")))),
        });
        let message = format!("`{owner}` has no {noun} `{}`", name.text);
        let mut diagnostic = Diagnostic::new(Code::UnknownParameter, name.span, message)
            .label(format!("no {noun} of this name"))
            .advised(help);
        if let Some(declared) = declared
            && self.is_own(declared)
        {
            diagnostic = diagnostic.also(declared, "declared here");
        }
        self.report(diagnostic);
    }
}

/// The member that others call by another name: `due` for `deadline`, `body` for `text`.
fn of_one_kind<'f>(name: &str, open: impl Iterator<Item = &'f str> + Clone) -> Option<&'f str> {
    const KINDS: [&[&str]; 5] = [
        &["deadline", "due", "until", "by", "due_date", "duedate", "due_by"],
        &[
            "to",
            "recipient",
            "recipients",
            "user",
            "assignee",
            "assigned_to",
            "responsible",
            "who",
            "owner",
            "for",
        ],
        &["text", "message", "body", "content", "msg", "description"],
        &["title", "subject", "name", "headline", "topic", "summary"],
        &["amount", "price", "total", "value", "sum"],
    ];
    let name = name.to_lowercase();
    let mut kinds = KINDS.iter().filter(|kind| kind.contains(&name.as_str()));
    kinds.find_map(|kind| open.clone().find(|open| kind.contains(open)))
}

/// The names of the members that nothing is given for.
fn left_out<'f>(
    fields: &'f [Field],
    skip: usize,
    args: &'f [tree::Arg],
) -> impl Iterator<Item = &'f str> + Clone {
    let fields = fields.iter().skip(skip).map(|f| &*f.name);
    fields.filter(|f| !args.iter().any(|a| *a.name.text == **f))
}

/// The words of a name, in lower case: `send_email`, `sendEmail`, `mail.send`.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut small = false;
    for c in name.chars() {
        if !c.is_alphanumeric() || c.is_uppercase() && small {
            words.push(String::new());
        }
        small = c.is_lowercase();
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
    }
    words
}
