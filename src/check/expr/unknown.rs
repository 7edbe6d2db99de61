//! What to say of a name that means nothing, or nothing that could stand there.

use super::super::scope::Scope;
use super::super::{Checker, TypeSymbol};
use super::literals::element;
use super::names::SPECIAL;
use super::quotes::truth;
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::schema::{BUILTIN_FIELDS, Type};
use crate::syntax::tree::Name;
use crate::value::{EntityId, functions};
use std::sync::Arc;

/// What other languages call the record at hand.
const RECORD: [&str; 4] = ["record", "self", "item", "object"];

impl Checker<'_> {
    pub(super) fn unknown_field(&mut self, entity: EntityId, name: &Name) {
        let entity = self.schema.entity(entity);
        let message = format!("`{}` has no field `{}`", entity.name, name.text);
        let help = Advice::near(name.span, &name.text, entity.fields.iter().map(|f| &*f.name));
        let help = help.unwrap_or_else(|| {
            Advice::say(format!(
                "declare it: `extend {} {{ {}: text? }}`, with its type",
                entity.name, name.text
            ))
        });
        self.report(Diagnostic::new(Code::UnknownMember, name.span, message).advised(Some(help)));
    }

    /// `deal.title`, `Deal.title`: the fields of the record itself are written bare.
    pub(super) fn record_by_name(&mut self, first: &Name, second: &Name, scope: &Scope) -> bool {
        let Some(entity) = scope.entity else { return false };
        let record = self.schema.entity(entity).name.clone();
        let own = first.text.to_lowercase() == record.to_lowercase() || RECORD.contains(&&*first.text);
        if !own {
            return false;
        }
        if self.field_named(entity, &second.text).is_none() {
            self.unknown_field(entity, second);
            return true;
        }
        let hidden = scope.local_named(&second.text).is_some();
        let meant = if hidden { format!("this.{}", second.text) } else { second.text.to_string() };
        let message = format!("the fields of the `{record}` itself are written without `{}`", first.text);
        let help = Advice::write(first.span.to(second.span), meant);
        let diagnostic = Diagnostic::new(Code::UnknownName, first.span, message).label("not needed");
        self.report(diagnostic.advised(Some(help)));
        true
    }

    /// A local name that is still free, for the value of `of`.
    pub(super) fn free_name(&self, of: &str, scope: &Scope) -> String {
        let letter: String = of.chars().take(1).collect::<String>().to_lowercase();
        let candidates = [letter, format!("the_{of}"), format!("{of}_before")];
        let numbered = (2..).map(|n| format!("{of}_{n}"));
        let free = |name: &String| {
            self.hidden_by(&Arc::from(name.as_str()), scope).is_none()
                && !self.names_some_value(name)
                && !super::super::words::is_operator(name)
        };
        candidates.into_iter().chain(numbered.take(1000)).find(free).unwrap_or_default()
    }

    #[cold]
    pub(super) fn unknown_value(&mut self, chain: &[&Name], hint: Option<&Type>, scope: &Scope) {
        let name = chain[0];
        let text = &name.text;
        // Where the other side has a mistake in its declaration nothing is known of what belongs there.
        if chain.len() == 1 && hint.map(element) == Some(&Type::Error) {
            return;
        }
        if chain.len() == 1
            && let Some(meant) = of_another_language(text)
        {
            let message = format!("`{text}` is written `{meant}` here");
            let help = Advice::write(name.span, meant);
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
            return;
        }
        let path = chain.iter().map(|name| &*name.text).collect::<Vec<_>>().join(".");
        if chain.len() > 1 && self.names.events.contains_key(path.as_str()) {
            let (before, _) = self.sources.around(name.span);
            let help = match before.trim_end().ends_with("until") {
                true => format!("wait for {path}"),
                false => format!("it is listened to with `on {path}`, or waited for with `wait for {path}`"),
            };
            let message = format!("`{path}` is an event, no value");
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).help(help));
            return;
        }
        if chain.len() == 1 && is_weekday(text) && !matches!(hint.map(element), Some(Type::Enum(_))) {
            let message = format!("`{text}` is no day by itself");
            let help =
                Advice::say("count it from `today`, as in `today + 7 days`, or write the date: `2026-03-02`");
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
            return;
        }
        // `to: Sales`, where there is a department `sales` and a pipeline `Sales`.
        if chain.len() == 1
            && let Some(meant) = hint.and_then(|hint| self.in_another_case(text, element(hint)))
        {
            let message = format!("there is no `{text}` that could stand here");
            let help = Advice::say(format!("did you mean `{meant}`?")).fixed(name.span, &meant);
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
            return;
        }
        // `text: Chairs`: what is near is sooner of the language than what is meant.
        if chain.len() == 1
            && scope.constant
            && matches!(hint.map(element), Some(Type::Text))
            && !self.names_in_sight(scope).iter().any(|n| n.to_lowercase() == text.to_lowercase())
        {
            let message = format!("there is no `{text}` here");
            let help = Advice::write(name.span, format!("\"{text}\""))
                .saying(format!("a text stands in quotes: `\"{text}\"`"));
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
            return;
        }
        // `title == Chairs`, `title contains web`: a text without its quotes, unless a name is hardly different.
        if chain.len() == 1
            && !scope.constant
            && scope.entity.is_some()
            && matches!(hint.map(element), Some(Type::Text))
            && crate::value::Currency::parse(text).is_none()
            && !self.schema.enums.iter().any(|e| e.values.iter().any(|v| *v.name == **text))
            && !self.names.functions.contains_key(text)
            && !self.names.actions.contains_key(text)
            && !self.names.types.contains_key(text)
            && functions::named(text).is_none()
        {
            let in_sight = self.names_in_sight(scope);
            let near = suggest::nearest(text, in_sight.iter().map(|s| &**s))
                .is_some_and(|near| text.chars().count() > 3 && strsim::osa_distance(text, near) <= 2);
            if !near
                || text.starts_with(char::is_uppercase)
                    && !in_sight.iter().any(|n| n.eq_ignore_ascii_case(text))
            {
                let message = format!("there is no `{text}` here");
                let help = Advice::write(name.span, format!("\"{text}\""))
                    .saying(format!("a text stands in quotes: `\"{text}\"`"))
                    .unsure(!text.starts_with(char::is_uppercase));
                self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
                return;
            }
        }
        // Names that mean something, but no value.
        let other = if self.names.functions.contains_key(text) || functions::named(text).is_some() {
            let given =
                match self.names.functions.get(text).and_then(|(id, _)| self.functions.get(id.index())) {
                    Some(function) if function.params.len() == 1 => {
                        let param = function.frame.locals.first().map(|l| l.ty.inner());
                        let own = scope.entity.map(Type::Entity);
                        if param.is_some() && param == own.as_ref() { "this" } else { "…" }
                    }
                    _ if matches!(&**text, "weekday" | "year" | "month" | "day") => "today",
                    _ if matches!(&**text, "hour" | "minute") => "now",
                    _ => "…",
                };
            Some((format!("`{text}` is a function"), Some(format!("write `{text}({given})`"))))
        } else if self.names.actions.contains_key(text) {
            let help = format!("bind what it gives in a rule: `let x = {text} {{ … }}`");
            Some((format!("`{text}` is an action, no value"), Some(help)))
        } else if let Some((symbol, _)) = self.names.types.get(text) {
            let help = match symbol {
                TypeSymbol::Enum(id) => self
                    .schema
                    .enumeration(*id)
                    .values
                    .first()
                    .map(|v| format!("write one of its values: `{text}.{}`", v.name)),
                TypeSymbol::Opaque(_) | TypeSymbol::Entity(_) => {
                    Some(format!("write `{text}(\"…\")` to name one"))
                }
            };
            Some((format!("`{text}` is a type, no value"), help))
        } else if self.stage_around(text, scope) {
            Some((format!("`{text}` is a stage"), Some(format!("write `stage == {text}`"))))
        } else if self.names.pipelines.contains_key(text) {
            Some((format!("`{text}` is a pipeline"), Some(format!("write `pipeline == {text}`"))))
        } else if crate::value::Currency::parse(text).is_some() {
            Some((
                format!("`{text}` is a currency, no value"),
                Some(format!("write an amount: `100 {text}`")),
            ))
        } else {
            None
        };
        if let Some((message, help)) = other {
            self.report(Diagnostic::new(Code::NotAValue, name.span, message).maybe_help(help));
            return;
        }
        if let Some(Type::Enum(id)) = hint.map(element) {
            let id = *id;
            let values = self.schema.enumeration(id).values.iter().map(|v| &*v.name);
            let near = Advice::near(name.span, text, values);
            // A value of the enum is the better guess, unless a name is hardly different.
            let in_sight = self.names_in_sight(scope);
            let elsewhere = suggest::nearest(text, in_sight.iter().map(|s| &**s))
                .is_some_and(|near| text.len() > 4 && strsim::osa_distance(text, near) <= 1);
            if near.is_some() || !elsewhere {
                let message = format!("`{}` has no value `{text}`", self.schema.enumeration(id).name);
                let help = near.unwrap_or_else(|| Advice::say(self.listed_values(id)));
                self.report(Diagnostic::new(Code::UnknownMember, name.span, message).advised(Some(help)));
                return;
            }
        }
        if let Some(Type::Stage(entity)) = hint.map(element)
            && chain.len() == 1
        {
            let entity = *entity;
            let pipelines = self.pipelines.iter().filter(|p| p.entity == entity);
            let stages = pipelines.flat_map(|p| &p.stages).filter_map(|s| self.stages.get(s.index()));
            let known: Vec<_> = stages.map(|s| s.name.clone()).collect();
            let help = Advice::near(name.span, text, known.iter().map(|n| &**n)).or_else(|| {
                let listed: Vec<_> = known.iter().map(|n| format!("`{n}`")).collect();
                (!listed.is_empty()).then(|| Advice::say(format!("one of {}", listed.join(", "))))
            });
            let message = format!("there is no stage `{text}`");
            self.report(Diagnostic::new(Code::UnknownMember, name.span, message).advised(help));
            return;
        }
        let in_sight = self.names_in_sight(scope);
        // `ticket.title`, whatever the record is called.
        if let [_, second, ..] = chain
            && let Some(entity) = scope.entity
            && self.field_named(entity, &second.text).is_some_and(|f| f.index() >= BUILTIN_FIELDS)
            && !self.near_something_with_parts(entity, text, &in_sight)
        {
            let record = &self.schema.entity(entity).name;
            let message =
                format!("there is no `{text}` here, and `{}` is a field of `{record}`", second.text);
            let help = Advice::write(name.span.to(second.span), second.text.to_string());
            self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(Some(help)));
            return;
        }
        let help = Advice::near(name.span, text, in_sight.iter().map(|s| &**s)).or_else(|| {
            let has = |e: &&crate::schema::Enum| e.values.iter().any(|v| *v.name == **text);
            let of = self.schema.enums.iter().find(has)?;
            (!of.name.contains('.')).then(|| Advice::say(format!("did you mean `{}.{text}`?", of.name)))
        });
        let help =
            help.or_else(|| self.unbound_answer(chain)).or_else(|| self.declare_value(chain, hint, scope));
        let message = match scope.entity {
            Some(entity) if chain.len() == 1 => {
                let record = &self.schema.entity(entity).name;
                format!("there is no `{text}` here: neither a field of `{record}` nor anything declared")
            }
            _ => format!("there is no `{text}` here"),
        };
        self.report(Diagnostic::new(Code::UnknownName, name.span, message).advised(help));
    }

    /// The user, department or role of a name that is written with other capitals, if one can stand there.
    fn in_another_case(&self, name: &str, want: &Type) -> Option<String> {
        let fits = |p: &&crate::schema::PrincipalDef| match want {
            Type::Recipient => true,
            Type::User | Type::Department | Type::Role => super::names::principal_type(p.kind) == *want,
            _ => false,
        };
        let mut all = self.schema.principals.iter().filter(fits);
        all.find(|p| p.name.to_lowercase() == name.to_lowercase()).map(|p| p.name.to_string())
    }

    /// `room.id` below a `create_chat { … }` that nothing binds.
    fn unbound_answer(&self, chain: &[&Name]) -> Option<Advice> {
        let [first, second] = chain else { return None };
        let text = &self.sources.file(first.span.file).text;
        // Only a little is looked through: the same rule.
        let before = text.get(..first.span.start as usize)?;
        let from = before.rfind("rule ").unwrap_or(0);
        let gives = |a: &&crate::schema::ActionDef| a.outputs.iter().any(|o| *o.name == *second.text);
        let asked = self.schema.actions.iter().filter(gives);
        let last = asked.filter_map(|a| Some((before[from..].rfind(&*a.name)?, &a.name))).max()?;
        Some(Advice::say(format!("bind what the action gives: `let {} = {} {{ … }}`", first.text, last.1)))
    }

    /// What to declare, or to write, for a name that is near to nothing.
    fn declare_value(&self, chain: &[&Name], hint: Option<&Type>, scope: &Scope) -> Option<Advice> {
        let name = &chain[0].text;
        let wanted = hint.map(element);
        if chain.len() == 1 {
            match wanted {
                Some(Type::User | Type::Recipient) => {
                    return Some(Advice::say(format!("declare it: `user {name}`")));
                }
                Some(Type::Department) => {
                    return Some(Advice::say(format!("declare it: `department {name}`")));
                }
                Some(Type::Role) => return Some(Advice::say(format!("declare it: `role {name}`"))),
                Some(Type::Text | Type::Email | Type::Phone | Type::Url) if scope.constant => {
                    return Some(Advice::say(format!("a text stands in quotes: `\"{name}\"`")));
                }
                _ => {}
            }
        }
        // A field, of a record that is not at hand.
        let owner = match scope.entity {
            Some(_) => None,
            None => self.schema.entities.iter().find(|e| e.fields.iter().any(|f| *f.name == **name)),
        };
        if let Some(owner) = owner {
            let param = scope.locals.iter().find(|l| match l.binding {
                super::super::scope::LocalBinding::Value(id) => {
                    let local = scope.frame.locals.get(usize::from(id.0));
                    matches!(local.map(|l| l.ty.inner()), Some(Type::Entity(id)) if self.schema.entity(*id).name == owner.name)
                }
                super::super::scope::LocalBinding::Outputs(_) => false,
            });
            return Some(Advice::say(match param {
                Some(param) => format!("write `{}.{name}`", param.name),
                None => {
                    let field = owner.fields.iter().find(|f| *f.name == **name);
                    let ty = field.map_or("text".into(), |f| self.schema.type_name(&f.ty));
                    format!(
                        "`{name}` is a field: a function reads it of a record, as in `fn example(d: {}) -> {ty} = d.{name}`",
                        owner.name
                    )
                }
            }));
        }
        let entity = self.schema.entity(scope.entity.filter(|_| !scope.constant && chain.len() == 1)?);
        let ty = match wanted {
            Some(Type::Bool) => "bool = false".to_owned(),
            Some(ty @ (Type::Money(_) | Type::Int | Type::Decimal | Type::Date | Type::DateTime)) => {
                format!("{}?", self.schema.type_name(ty))
            }
            _ => "text?".to_owned(),
        };
        Some(Advice::say(format!(
            "if it is a field, declare it: `extend {} {{ {name}: {ty} }}`, with its type",
            entity.name
        )))
    }

    fn stage_around(&self, name: &str, scope: &Scope) -> bool {
        let Some(pipeline) = scope.pipeline.and_then(|p| self.pipelines.get(p.index())) else { return false };
        pipeline.stages.iter().any(|s| self.stages.get(s.index()).is_some_and(|s| &*s.name == name))
    }

    /// Whether a name is near one that something can stand behind: a reference, an answer, a rule.
    fn near_something_with_parts(&self, entity: EntityId, name: &str, in_sight: &[String]) -> bool {
        let Some(near) = suggest::nearest(name, in_sight.iter().map(|s| &**s)) else { return false };
        let field = self.schema.entity(entity).fields.iter().find(|f| *f.name == *near);
        field.is_none_or(|f| matches!(f.ty.inner(), Type::Entity(_) | Type::User | Type::File))
    }

    fn names_in_sight(&self, scope: &Scope) -> Vec<String> {
        let mut names: Vec<String> = scope.locals.iter().map(|l| l.name.to_string()).collect();
        if let Some(entity) = scope.entity {
            names.extend(self.schema.entity(entity).fields.iter().map(|f| f.name.to_string()));
        }
        names.extend(self.names.values.keys().map(|n| n.to_string()));
        if let Some(stage) = scope.stage {
            names.extend(
                self.rule_names.in_stage.keys().filter(|(s, _)| *s == stage).map(|(_, n)| n.to_string()),
            );
        }
        names.extend(SPECIAL.iter().map(|s| s.to_string()));
        names
    }
}

fn is_weekday(name: &str) -> bool {
    let days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    days.contains(&name.to_lowercase().as_str())
}

/// What other languages, and people, call a word of this one.
fn of_another_language(name: &str) -> Option<&'static str> {
    match name {
        "null" | "NULL" | "Null" | "nil" | "None" | "NONE" | "undefined" | "nothing" => Some("none"),
        "Now" | "NOW" => Some("now"),
        "Today" | "TODAY" => Some("today"),
        "tomorrow" | "TOMORROW" => Some("today + 1 day"),
        "yesterday" | "YESTERDAY" => Some("today - 1 day"),
        other => truth(other),
    }
}
