//! Declarations other than pipelines: entities, events, actions, people, calendars, constants, tests.

use super::Rule;
use super::builder::{Builder, Node, row};
use super::statements::child;
use crate::diagnostic::{Code, Diagnostic, suggest};
use crate::syntax::tree::*;

const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/// Statements begin with these, so no action may have such a name.
const STATEMENTS: [&str; 7] = ["let", "set", "move", "if", "for", "wait", "stop"];

impl Builder<'_> {
    /// A declaration; `None` for the end of input.
    pub fn item(&self, node: &Node) -> Option<Item> {
        let name = || child(node, Rule::name);
        let head = |rule| child(node, rule);
        let kind = match node.as_rule() {
            Rule::use_decl => match self.label(node) {
                Some(file) => ItemKind::UseFile(file),
                None => ItemKind::UseLibrary(self.name(&name()?)),
            },
            Rule::currency_decl => ItemKind::Currency(self.name(&name()?)),
            Rule::rates_decl => ItemKind::Rates {
                base: self.head_name(&head(Rule::rates_head)?)?,
                rates: self.each(node, Rule::rate, |n| self.rate(n)),
            },
            Rule::entity_decl => {
                let head = head(Rule::entity_head)?;
                ItemKind::Entity(Entity {
                    name: self.head_name(&head)?,
                    label: self.label(&head),
                    fields: self.fields(node),
                })
            }
            Rule::extend_decl => ItemKind::Extend {
                entity: self.head_name(&head(Rule::extend_head)?)?,
                fields: self.fields(node),
            },
            Rule::enum_decl => ItemKind::Enum {
                name: self.head_name(&head(Rule::enum_head)?)?,
                values: self.enum_values(node),
            },
            Rule::type_decl => ItemKind::Opaque { name: self.name(&name()?), label: self.label(node) },
            Rule::event_decl => {
                let mut event = self.event_head(&head(Rule::event_head)?)?;
                event.payload = self.fields(node);
                ItemKind::Event(event)
            }
            Rule::action_decl => {
                let mut action = self.action_head(&head(Rule::action_head)?)?;
                action.params = self.fields(node);
                if let Some(outputs) = child(node, Rule::action_outputs) {
                    action.outputs = self.fields(&outputs);
                }
                ItemKind::Action(action)
            }
            Rule::principal_decl => {
                let mut principal = self.principal_head(&head(Rule::principal_head)?)?;
                if let Some(body) = child(node, Rule::principal_body) {
                    principal.entries = body.into_inner().filter_map(|n| self.principal_entry(&n)).collect();
                }
                ItemKind::Principal(principal)
            }
            Rule::calendar_decl => {
                let head = head(Rule::calendar_head)?;
                ItemKind::Calendar(Calendar {
                    name: self.head_name(&head)?,
                    label: self.label(&head),
                    entries: node.clone().into_inner().filter_map(|n| self.calendar_entry(&n)).collect(),
                })
            }
            Rule::const_decl => {
                ItemKind::Const { name: self.value_name(&name()?), value: self.inner_expr(node)? }
            }
            Rule::fn_decl => ItemKind::Fn(self.function(node)?),
            Rule::pipeline_decl => ItemKind::Pipeline(self.pipeline(node)?),
            Rule::test_decl => ItemKind::Test(Test {
                name: self.label(&head(Rule::test_head)?)?,
                steps: row(node.clone().into_inner().filter_map(|n| self.step(&n))),
            }),
            _ => return None,
        };
        Some(Item { kind, doc: self.doc(node), span: self.span(node) })
    }

    fn each<T>(&self, node: &Node, rule: Rule, build: impl std::ops::Fn(&Node) -> Option<T>) -> Vec<T> {
        row(node.clone().into_inner().filter(|n| n.as_rule() == rule).filter_map(|n| build(&n)))
    }

    /// The name in a head.
    pub fn head_name(&self, node: &Node) -> Option<Name> {
        child(node, Rule::name).map(|n| self.name(&n))
    }

    pub fn rate(&self, node: &Node) -> Option<(Name, Number)> {
        let name = self.head_name(node)?;
        let number = child(node, Rule::decimal).or_else(|| child(node, Rule::integer))?;
        let sign = child(node, Rule::op_minus);
        let mut span = self.token_span(&number);
        let mut value = self.decimal(&number)?;
        if let Some(sign) = sign {
            span = self.token_span(&sign).to(span);
            value = -value;
        }
        Some((name, Number { value, span }))
    }

    // --- fields and types --------------------------------------------------------------------------

    /// The fields in the braces of a declaration.
    pub fn fields(&self, node: &Node) -> Vec<Field> {
        child(node, Rule::fields).map_or_else(Vec::new, |n| self.each(&n, Rule::field, |f| self.field(f)))
    }

    pub fn field(&self, node: &Node) -> Option<Field> {
        let mut limits = Vec::new();
        let mut default = None;
        for part in node.clone().into_inner() {
            let span = self.span(&part);
            let bound = || child(&part, Rule::sum).map(|n| self.expr(&n));
            match part.as_rule() {
                Rule::limit_min => limits.push(Limit::Min(bound()?, span)),
                Rule::limit_max => limits.push(Limit::Max(bound()?, span)),
                Rule::limit_matches => {
                    limits.push(Limit::Matches(self.regex(&child(&part, Rule::regex)?), span))
                }
                Rule::default => default = self.inner_expr(&part),
                _ => {}
            }
        }
        Some(Field {
            name: self.head_name(node)?,
            ty: self.type_expr(&child(node, Rule::type_expr)?)?,
            limits,
            default,
            doc: self.doc(node),
            span: self.span(node),
        })
    }

    fn type_expr(&self, node: &Node) -> Option<TypeExpr> {
        let mut ty = None;
        for part in node.clone().into_inner() {
            match part.as_rule() {
                Rule::question => {
                    let inner: TypeExpr = ty?;
                    let span = inner.span.to(self.token_span(&part));
                    ty = Some(TypeExpr { kind: TypeKind::Optional(Box::new(inner)), span });
                }
                _ => ty = self.plain_type(&part),
            }
        }
        ty
    }

    fn plain_type(&self, node: &Node) -> Option<TypeExpr> {
        let kind = match node.as_rule() {
            Rule::name => TypeKind::Name(self.name(node)),
            Rule::money_type => TypeKind::MoneyIn(self.head_name(node)?),
            Rule::enum_type => TypeKind::Enum(self.enum_values(node)),
            Rule::list_type => {
                TypeKind::ListOf(Box::new(self.plain_type(&node.clone().into_inner().last()?)?))
            }
            _ => return None,
        };
        Some(TypeExpr { kind, span: self.span(node) })
    }

    fn enum_values(&self, node: &Node) -> Vec<EnumValue> {
        child(node, Rule::enum_body)
            .map_or_else(Vec::new, |n| self.each(&n, Rule::enum_value, |v| self.enum_value(v)))
    }

    pub fn enum_value(&self, node: &Node) -> Option<EnumValue> {
        Some(EnumValue { name: self.head_name(node)?, label: self.label(node), doc: self.doc(node) })
    }

    // --- events, actions, functions ----------------------------------------------------------------

    /// An event without its payload.
    pub fn event_head(&self, node: &Node) -> Option<Event> {
        let parent = child(node, Rule::event_parent).and_then(|n| child(&n, Rule::path));
        Some(Event {
            name: self.path(&child(node, Rule::path)?),
            label: self.label(node),
            parent: parent.map(|n| self.path(&n)),
            on: child(node, Rule::event_on)
                .map_or_else(Vec::new, |n| self.each(&n, Rule::name, |name| Some(self.name(name)))),
            payload: Vec::new(),
        })
    }

    /// An action without its parameters and outputs.
    pub fn action_head(&self, node: &Node) -> Option<ActionDecl> {
        let name = self.path(&child(node, Rule::path)?);
        if let Some(first) = name.parts.first()
            && (STATEMENTS.contains(&&*first.text) || super::RESERVED.contains(&&*first.text))
        {
            self.report(
                Diagnostic::new(
                    Code::WordAsName,
                    first.span,
                    format!("`{}` is a word of the language and cannot name an action", first.text),
                )
                .label("this word begins something else in a rule")
                .help(format!("app.{}", name.text())),
            );
        }
        Some(ActionDecl { name, label: self.label(node), params: Vec::new(), outputs: Vec::new() })
    }

    fn function(&self, node: &Node) -> Option<Fn> {
        let params = child(node, Rule::fn_params)?;
        Some(Fn {
            name: self.value_name(&child(node, Rule::name)?),
            params: self.each(&params, Rule::fn_param, |n| {
                Some((self.value_name(&child(n, Rule::name)?), self.type_expr(&child(n, Rule::type_expr)?)?))
            }),
            result: self.type_expr(&child(node, Rule::type_expr)?)?,
            body: self.inner_expr(node)?,
        })
    }

    // --- people and calendars ----------------------------------------------------------------------

    /// A user, department or role without the entries.
    pub fn principal_head(&self, node: &Node) -> Option<Principal> {
        let kind = match node.clone().into_inner().next()?.as_rule() {
            Rule::kw_user => PrincipalKind::User,
            Rule::kw_department => PrincipalKind::Department,
            _ => PrincipalKind::Role,
        };
        let name = self.value_name(&child(node, Rule::name)?);
        Some(Principal { kind, name, label: self.label(node), entries: Vec::new() })
    }

    pub fn principal_entry(&self, node: &Node) -> Option<PrincipalEntry> {
        let span = self.span(node);
        match node.as_rule() {
            Rule::principal_away => Some(PrincipalEntry {
                name: self.name(&child(node, Rule::kw_away)?),
                value: PrincipalValue::Dates(self.date_spans(&child(node, Rule::date_spans)?)),
                span,
            }),
            Rule::arg => {
                let Arg { name, value, span } = self.arg(node)?;
                Some(PrincipalEntry { name, value: PrincipalValue::Expr(value), span })
            }
            _ => None,
        }
    }

    fn date_spans(&self, node: &Node) -> Vec<DateSpan> {
        self.each(node, Rule::date_span, |n| {
            let mut dates = n.clone().into_inner().filter(|d| d.as_rule() == Rule::date);
            let from = self.date(&dates.next()?)?;
            let to = match dates.next() {
                Some(to) => self.date(&to)?,
                None => from,
            };
            let span = self.span(n);
            if to < from {
                self.report(
                    Diagnostic::new(Code::BadDate, span, "these days end before they begin")
                        .label("the first day stands first, and both belong to it")
                        .help(format!("{to}..{from}")),
                );
            }
            Some(DateSpan { from: from.min(to), to: to.max(from), span })
        })
    }

    pub fn calendar_entry(&self, node: &Node) -> Option<CalendarEntry> {
        let span = self.span(node);
        Some(match node.as_rule() {
            Rule::calendar_timezone => CalendarEntry::Timezone(self.label(node)?),
            Rule::calendar_closed => {
                CalendarEntry::Closed { dates: self.date_spans(&child(node, Rule::date_spans)?), span }
            }
            Rule::calendar_open => CalendarEntry::Open {
                days: self.each(node, Rule::weekday_span, |n| self.weekday_span(n)),
                hours: self.each(node, Rule::hour_span, |n| self.hour_span(n)),
                span,
            },
            _ => return None,
        })
    }

    fn weekday_span(&self, node: &Node) -> Option<WeekdaySpan> {
        let names = || node.clone().into_inner().filter(|n| n.as_rule() == Rule::name);
        // `Monday..Friday` is one mistake.
        let written: Vec<_> = names().map(|n| n.as_str().to_owned()).collect();
        if let [from, to] = written.as_slice()
            && let (Some(from), Some(to)) = (weekday_meant(from), weekday_meant(to))
            && (!WEEKDAYS.contains(&written[0].as_str()) && !WEEKDAYS.contains(&written[1].as_str()))
        {
            let span = self.span(node);
            let days = format!("{from}..{to}");
            let message = format!("`{}` are no days of the week here", written.join(".."));
            self.report(
                Diagnostic::new(Code::UnknownWeekday, span, message)
                    .label("one of mon, tue, wed, thu, fri, sat, sun")
                    .help(days.clone())
                    .fix(span, days),
            );
            return None;
        }
        let mut days = names();
        let from = self.weekday(&days.next()?)?;
        let to = match days.next() {
            Some(to) => self.weekday(&to)?,
            None => from,
        };
        Some(WeekdaySpan { from, to, span: self.span(node) })
    }

    fn weekday(&self, node: &Node) -> Option<u8> {
        let word = node.as_str();
        if let Some(index) = WEEKDAYS.iter().position(|d| *d == word) {
            return u8::try_from(index).ok();
        }
        let problem = Diagnostic::new(
            Code::UnknownWeekday,
            self.token_span(node),
            format!("`{word}` is no day of the week"),
        )
        .label("one of mon, tue, wed, thu, fri, sat, sun");
        let several = match word.to_lowercase().as_str() {
            "weekdays" | "weekday" | "workdays" | "workday" | "werktage" => Some("mon..fri"),
            "weekend" | "weekends" | "wochenende" => Some("sat..sun"),
            "daily" | "everyday" | "always" => Some("mon..sun"),
            _ => None,
        };
        self.report(match several.or_else(|| weekday_meant(word)) {
            Some(day) => problem.help(day).fix(self.token_span(node), day),
            None => problem.maybe_help(suggest::did_you_mean(word, WEEKDAYS)),
        });
        None
    }

    fn hour_span(&self, node: &Node) -> Option<HourSpan> {
        let mut times = node.clone().into_inner().filter(|n| n.as_rule() == Rule::time);
        let from = self.time(&times.next()?)?;
        let to = self.closing_time(&times.next()?)?;
        Some(HourSpan { from, to, span: self.span(node) })
    }
}

/// `Monday`, and the two letters of `Mo..Fr`.
fn weekday_meant(word: &str) -> Option<&'static str> {
    let lower = word.to_lowercase();
    let long = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    // `Tu`, `tues`, `Tuesday`, `Tuesdays`: two letters are enough to tell them apart.
    let index = long.iter().position(|day| {
        lower.len() >= 2 && (day.starts_with(&lower) || lower.strip_suffix('s') == Some(*day))
    })?;
    WEEKDAYS.get(index).copied()
}
