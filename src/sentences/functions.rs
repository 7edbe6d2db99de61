//! Calls of functions, built in and of the program's own.

use super::values::peeled;
use super::words::spaced;
use super::{Prose, Scope, Speaker, Target};
use crate::model::{Expr, ExprKind, LocalId};
use crate::schema::Type;
use crate::value::functions::Function;
use crate::value::*;

/// How `pick` chooses.
const PICKED: &str = " (picked by the id of the record, so that the work is shared out)";

impl Speaker<'_> {
    /// A call of a built-in function without `=>`.
    pub(super) fn call(&self, function: Function, args: &[Expr], scope: Scope) -> Prose {
        let arg = |at: usize| match args.get(at) {
            Some(arg) => self.operand_of(arg, scope),
            None => Prose::text("nothing"),
        };
        let of = |before: &str| Prose::text(before).with(arg(0));
        let whole = |at: usize| match args.get(at).map(|arg| &peeled(arg).kind) {
            Some(ExprKind::Const(Value::Int(number))) => Some(*number),
            _ => None,
        };
        match function {
            Function::Len => of("the length of "),
            Function::Lower => arg(0).say(" in small letters"),
            Function::Upper => arg(0).say(" in capital letters"),
            Function::Trim => arg(0).say(" without spaces around it"),
            Function::Replace => arg(0).say(" with ").with(arg(2)).say(" in place of every ").with(arg(1)),
            Function::Split => of("the parts of ").say(" between each ").with(arg(1)),
            Function::Left => Prose::text("the first ").with(arg(1)).say(" letters of ").with(arg(0)),
            Function::Right => Prose::text("the last ").with(arg(1)).say(" letters of ").with(arg(0)),
            Function::Join => arg(0).say(" with ").with(arg(1)).say(" between them"),
            Function::Round => match whole(1) {
                Some(0) => arg(0).say(" rounded to a whole number"),
                _ => arg(0).say(" rounded to ").with(arg(1)).say(" digits after the point"),
            },
            Function::Floor => arg(0).say(" rounded down"),
            Function::Ceil => arg(0).say(" rounded up"),
            Function::Abs => arg(0).say(" without its sign"),
            Function::Min if args.len() > 1 => {
                Prose::text("the smaller of ").with(arg(0)).say(" and ").with(arg(1))
            }
            Function::Max if args.len() > 1 => {
                Prose::text("the larger of ").with(arg(0)).say(" and ").with(arg(1))
            }
            Function::Min => of("the smallest of "),
            Function::Max => of("the largest of "),
            Function::Count => match args.first() {
                Some(list) => Prose::text("the number of ").with(self.value(list, scope).bare()),
                None => Prose::text("the number of "),
            },
            Function::First => of("the first of "),
            Function::Last => of("the last of "),
            // Those with `=>` are elsewhere.
            Function::Any | Function::All | Function::Filter | Function::Map => arg(0),
            Function::Sort => arg(0).say(" in order"),
            Function::Unique => arg(0).say(" without repetitions"),
            Function::Sum => of("the sum of "),
            Function::Pick => match args.first().map(|list| &peeled(list).kind) {
                Some(ExprKind::Const(list @ Value::List(items))) if !items.is_empty() => {
                    let ty = args.first().map_or(&Type::Never, |list| &peeled(list).ty);
                    self.any_of(list, ty, scope).say(PICKED)
                }
                Some(ExprKind::List(items)) => self.all_of(items, "or", scope).say(PICKED),
                _ => of("one of ").say(PICKED),
            },
            Function::Date => of("the day of "),
            Function::Time => of("the time of day of "),
            Function::Year => of("the year of "),
            Function::Month => of("the month of "),
            Function::Day => of("the day of the month of "),
            Function::Weekday => of("the weekday of "),
            Function::Hour => of("the hour of "),
            Function::DaysBetween => of("the number of days from ").say(" to ").with(arg(1)),
            Function::AddMonths => match whole(1) {
                Some(n) if n < 0 => Prose::text(super::words::counted(n.saturating_neg(), "month"))
                    .say(" before ")
                    .with(arg(0)),
                Some(n) => Prose::text(super::words::counted(n, "month")).say(" after ").with(arg(0)),
                None => arg(1).say(" months after ").with(arg(0)),
            },
            Function::AddWorkdays => {
                arg(1).say(" working days after ").with(arg(0)).with(self.by(args.get(2)))
            }
            Function::AddWorkHours => {
                arg(1).say(" working hours after ").with(arg(0)).with(self.by(args.get(2)))
            }
            Function::StartOfDay => of("the beginning of the day of "),
            Function::StartOfMonth => of("the first of the month of "),
            Function::IsOpen => Prose::text("whether ").with(self.open(args, false, scope)),
            Function::In => {
                let code = match args.get(1).map(|arg| &peeled(arg).kind) {
                    Some(ExprKind::Const(Value::Text(code))) => code.to_string(),
                    _ => "?".to_owned(),
                };
                arg(0).say(&format!(" in {code}"))
            }
            Function::Currency => of("the currency of "),
            Function::Value => arg(0).say(" without its currency"),
            Function::Format => match (args.first(), args.get(1)) {
                (Some(value), Some(format)) => self.written_by(value, format, scope),
                _ => arg(0),
            },
        }
    }

    /// ` by the Office hours`
    fn by(&self, calendar: Option<&Expr>) -> Prose {
        Prose::text(" (by ").with(self.calendar_argument(calendar)).say(")")
    }

    fn calendar_argument(&self, calendar: Option<&Expr>) -> Prose {
        match calendar.map(|calendar| &peeled(calendar).kind) {
            Some(ExprKind::Const(Value::Int(number))) => match u16::try_from(*number) {
                Ok(number) => self.calendar(CalendarId(number)),
                Err(_) => Prose::text("?"),
            },
            _ => Prose::text("the hours of the pipeline"),
        }
    }

    /// `Office hours`, leading to the calendar.
    pub fn calendar(&self, id: CalendarId) -> Prose {
        let calendar = self.model.schema.calendars.get(id.index());
        Prose::name(calendar.map_or("?", |calendar| &calendar.label), Target::Calendar(id))
    }

    /// `now is within the Office hours`
    pub(super) fn open(&self, args: &[Expr], negated: bool, scope: Scope) -> Prose {
        let at = match args.get(1) {
            Some(at) => self.value(at, scope),
            None => Prose::text("now"),
        };
        at.say(if negated { " is not within " } else { " is within " })
            .with(self.calendar_argument(args.first()))
    }

    /// A call with `=>` that gives no answer of yes or no.
    pub(super) fn list_op(
        &self,
        function: Function,
        list: &Expr,
        local: LocalId,
        body: &Expr,
        scope: Scope,
    ) -> Prose {
        let list = self.value(list, scope);
        let each = self.each(local, scope);
        match function {
            Function::Map => self.value(body, scope).say(" for each ").with(each).say(" of ").with(list),
            Function::Sort => {
                list.say(" in the order of ").with(self.value(body, scope)).say(", for each ").with(each)
            }
            Function::Filter => {
                let those = Prose::text("each ").with(each).say(" of ").with(list).say(" for which ");
                those.with(self.inline(body, scope))
            }
            _ => {
                let word = if function == Function::All { "every " } else { "at least one " };
                let those = Prose::text("whether for ").say(word).with(each).say(" of ").with(list).say(" ");
                those.with(self.inline(body, scope))
            }
        }
    }

    /// The name that stands for each element.
    pub(super) fn each(&self, local: LocalId, scope: Scope) -> Prose {
        match scope.frame.locals.get(usize::from(local.0)) {
            Some(local) => Prose::own(spaced(&local.name)),
            None => Prose::text("?"),
        }
    }

    /// A call of one of the program's own functions.
    pub(super) fn own_function(&self, id: FnId, args: &[Expr], scope: Scope) -> Prose {
        let Some(function) = self.model.functions.get(id.0 as usize) else { return Prose::text("?") };
        if function.result == Type::Bool {
            return Prose::text("whether ").with(self.own_test(id, args, false, scope));
        }
        let name = Prose::name(spaced(&function.name), Target::Function(id));
        let args: Vec<Prose> = args.iter().map(|arg| self.value(arg, scope)).collect();
        match args.is_empty() {
            true => Prose::text("the ").with(name),
            false => Prose::text("the ").with(name).say(" of ").with(Prose::listed(args, "and")),
        }
    }

    /// A function that answers yes or no: `the deal is big`.
    pub(super) fn own_test(&self, id: FnId, args: &[Expr], negated: bool, scope: Scope) -> Prose {
        let Some(function) = self.model.functions.get(id.0 as usize) else { return Prose::text("?") };
        let not = if negated { "not " } else { "" };
        let words = spaced(&function.name);
        if let ([one], Some((verb, rest))) = (args, words.split_once(' '))
            && matches!(verb, "is" | "has" | "was" | "can" | "may" | "must")
            && !rest.is_empty()
        {
            let verb = match (verb, negated) {
                ("has", true) => "does not have ".to_owned(),
                _ => format!("{verb} {not}"),
            };
            let rest = Prose::name(rest, Target::Function(id));
            return self.value(one, scope).say(" ").say(&verb).with(rest);
        }
        let name = Prose::name(words, Target::Function(id));
        let holds = Prose::text("“").with(name).say(&format!("” is {not}true"));
        match args.is_empty() {
            true => holds,
            false => holds.say(" of ").with(self.all_of(args, "and", scope)),
        }
    }
}
