//! The arguments of a call: values, `x => …`, calendars, currencies and formats, each checked as its slot wants it.

use super::super::scope::{LocalBinding, Scope};
use super::super::{Checker, ValueSymbol};
use super::bare;
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Expr, ExprKind, LocalId};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, ArgValue, CallArg, Name};
use crate::value::functions::Function;
use crate::value::{CalendarId, Currency, Value};

/// An argument: the base of `title.len()`, checked already, or one in parentheses.
pub(super) enum Arg<'t> {
    Base(Expr),
    /// The base of `Office.is_open()`.
    Calendar(CalendarId, Span),
    Written(&'t CallArg),
}

impl Arg<'_> {
    pub(super) fn span(&self) -> Span {
        match self {
            Arg::Base(x) => x.span,
            Arg::Calendar(_, span) => *span,
            Arg::Written(arg) => arg.span,
        }
    }

    pub(super) fn name(&self) -> Option<&Name> {
        match self {
            Arg::Base(_) | Arg::Calendar(..) => None,
            Arg::Written(arg) => arg.name.as_ref(),
        }
    }
}

/// A checked argument in its slot.
pub(super) enum Checked {
    Value(Expr),
    Lambda(LocalId, Expr),
    Calendar(CalendarId, Span),
    Currency(Currency, Span),
    Nothing,
}

impl Checked {
    pub(super) fn span(&self) -> Option<Span> {
        match self {
            Checked::Value(x) | Checked::Lambda(_, x) => Some(x.span),
            Checked::Calendar(_, span) | Checked::Currency(_, span) => Some(*span),
            Checked::Nothing => None,
        }
    }
}

impl Checker<'_> {
    pub(super) fn value_argument(&mut self, arg: Arg, scope: &mut Scope) -> Checked {
        let (x, operand) = match arg {
            Arg::Base(x) => (x, true),
            Arg::Written(CallArg { value: ArgValue::Expr(e), .. }) => (self.infer(e, None, scope), false),
            Arg::Written(arg) => (self.no_lambda(arg.span), false),
            Arg::Calendar(_, span) => (self.calendar_base(span), false),
        };
        let x = self.need_set(x, operand, scope);
        Checked::Value(self.some_type(x))
    }

    /// `x => …`
    pub(super) fn lambda_argument(
        &mut self,
        function: Function,
        arg: Arg,
        list: &Type,
        scope: &mut Scope,
    ) -> Checked {
        let Arg::Written(CallArg { value: ArgValue::Lambda { param, body }, .. }) = arg else {
            let message = format!("`{}` wants an expression for each element", function.name());
            let example = match function {
                Function::Map | Function::Sort => "x => …",
                _ => "x => x == …",
            };
            self.wrong(Code::WrongArguments, arg.span(), message, Some(format!("write `{example}`")));
            return Checked::Nothing;
        };
        let element = Function::element(list).cloned().unwrap_or(Type::Error);
        let local = scope.new_local(&param.text, element);
        self.bind_local(param, LocalBinding::Value(local), scope);
        let condition = matches!(function, Function::Any | Function::All | Function::Filter);
        let x = self.apart(scope, |checker, scope| {
            if condition {
                return checker.condition(body, scope);
            }
            let x = checker.infer(body, None, scope);
            checker.need_set(x, false, scope)
        });
        scope.locals.pop();
        Checked::Lambda(local, x)
    }

    /// A calendar before a dot, where the function wants something else.
    #[cold]
    pub(super) fn calendar_base(&mut self, span: Span) -> Expr {
        let message = format!("the calendar {} is no value", self.words(span));
        let help = self.short(span).map(|name| format!("ask it: `is_open({name})`"));
        self.wrong(Code::NotAValue, span, message, help)
    }

    pub(super) fn calendar_argument(&mut self, function: Function, arg: Arg) -> Checked {
        if let Arg::Calendar(id, span) = arg {
            return Checked::Calendar(id, span);
        }
        if let Arg::Written(CallArg { value: ArgValue::Expr(e), .. }) = &arg
            && let tree::ExprKind::Name(name) = &*bare(e).kind
        {
            if let Some((ValueSymbol::Calendar(id), _)) = self.names.values.get(&name.text) {
                return Checked::Calendar(*id, name.span);
            }
            let calendars = self.schema.calendars.iter().map(|c| &*c.name);
            let help = Advice::near(name.span, &name.text, calendars);
            let message = format!("there is no calendar `{}`", name.text);
            self.advise(Code::UnknownCalendar, name.span, message, help);
            return Checked::Nothing;
        }
        let message = format!("`{}` wants the name of a calendar here", function.name());
        let first = self.schema.calendars.first().map(|c| format!("such as `{}`", c.name));
        self.wrong(Code::WrongArguments, arg.span(), message, first);
        Checked::Nothing
    }

    pub(super) fn currency_argument(&mut self, arg: Arg) -> Checked {
        if let Arg::Written(CallArg { value: ArgValue::Expr(e), .. }) = &arg
            && let tree::ExprKind::Name(name) = &*bare(e).kind
        {
            return match self.currency_code(&name.text, name.span) {
                Some(currency) => Checked::Currency(currency, name.span),
                None => Checked::Nothing,
            };
        }
        let help = Some("write its code, such as `EUR`".into());
        self.wrong(Code::WrongArguments, arg.span(), "the code of a currency is wanted here", help);
        Checked::Nothing
    }

    /// `amount.in(EUR)` needs a rate.
    pub(super) fn can_exchange(&mut self, args: &[Checked], span: Span) -> bool {
        let [Checked::Value(money), Checked::Currency(to, _)] = args else { return true };
        let Type::Money(from) = money.ty else { return true };
        let known = match from {
            Some(from) => self.has_rate(from, *to),
            None => self.schema.rates.iter().any(|r| r.base == *to),
        };
        if known {
            return true;
        }
        let (message, help) = match from {
            Some(from) => (
                format!("there is no rate from {from} to {to}"),
                format!(
                    "put `rates {to} {{ {from}: … }}` at the top of the program: what 1 {from} is in {to}"
                ),
            ),
            None => (
                format!("there are no rates to {to}"),
                format!(
                    "put `rates {to} {{ … }}` at the top of the program: what one of each currency is in {to}"
                ),
            ),
        };
        self.report(Diagnostic::new(Code::NoRate, span, message).help(help));
        false
    }

    /// The pattern of `format(x, "pattern")`, if it is constant.
    pub(super) fn format_fits(&mut self, args: &[Checked]) -> bool {
        let [Checked::Value(x), Checked::Value(pattern)] = args else { return true };
        let ExprKind::Const(Value::Text(text)) = &pattern.kind else { return true };
        self.format_is_good(&x.ty, text, pattern.span)
    }
}
