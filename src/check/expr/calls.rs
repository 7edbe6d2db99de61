//! Calls: built-in functions in their three forms, functions of the program, `chat("c-1")`.

use super::super::scope::Scope;
use super::super::{Checker, TypeSymbol};
use super::arguments::{Arg, Checked};
use super::familiar::Given as Written;
use super::quotes::written_date;
use super::{bare, constant, mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Conversion, Expr, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{self, ArgValue, CallArg, Name};
use crate::value::functions::{
    self, Filled, Function, Given, Param, SignatureError, SlotKind, calendar_type,
};
use crate::value::{CalendarId, FnId, Value};
use std::sync::Arc;

impl Checker<'_> {
    /// `name(…)`
    pub(super) fn function_call(
        &mut self,
        name: &Name,
        args: &[CallArg],
        span: Span,
        scope: &mut Scope,
    ) -> Expr {
        if let Some((id, _)) = self.names.functions.get(&name.text) {
            let id = *id;
            return self.own_function(id, name, args.iter().map(Arg::Written).collect(), span, scope);
        }
        if let Some(function) = functions::named(&name.text) {
            return self.builtin(function, args.iter().map(Arg::Written).collect(), span, scope);
        }
        if let Some((symbol, _)) = self.names.types.get(&name.text) {
            let symbol = *symbol;
            return self.identity(symbol, name, args, span, scope);
        }
        let given = self.written_args(args, scope);
        self.unknown_function(name, span, given);
        self.look_into(args, scope);
        mistake(span)
    }

    /// `base.name(…)`
    pub(super) fn method_call(
        &mut self,
        base: &tree::Expr,
        name: &Name,
        args: &[CallArg],
        span: Span,
        _hint: Option<&Type>,
        scope: &mut Scope,
    ) -> Expr {
        if let tree::ExprKind::Name(calendar) = &*bare(base).kind
            && let Some(id) = self.calendar_in_sight(calendar, scope)
        {
            return self.method_of_calendar((id, calendar.span), name, args, span, scope);
        }
        let base = self.infer(base, None, scope);
        if base.ty == Type::Error {
            self.look_into(args, scope);
            return mistake(span);
        }
        self.method_on(base, name, args, span, scope)
    }

    /// `Office.is_open()`
    pub(super) fn method_of_calendar(
        &mut self,
        (id, place): (CalendarId, Span),
        name: &Name,
        args: &[CallArg],
        span: Span,
        scope: &mut Scope,
    ) -> Expr {
        let Some(function) = functions::named(&name.text) else {
            let message = format!("a calendar has no `{}`", name.text);
            let help = self.short(place).map(|name| format!("ask it: `is_open({name})`"));
            return self.wrong(Code::UnknownMember, name.span, message, help);
        };
        let base = std::iter::once(Arg::Calendar(id, place));
        self.builtin(function, base.chain(args.iter().map(Arg::Written)).collect(), span, scope)
    }

    pub(super) fn method_on(
        &mut self,
        base: Expr,
        name: &Name,
        args: &[CallArg],
        span: Span,
        scope: &mut Scope,
    ) -> Expr {
        let own = self.names.functions.get(&name.text).map(|(id, _)| *id);
        let builtin = functions::named(&name.text);
        if own.is_some() || builtin.is_some() {
            let all = std::iter::once(Arg::Base(base)).chain(args.iter().map(Arg::Written)).collect();
            return match (own, builtin) {
                (Some(id), _) => self.own_function(id, name, all, span, scope),
                (None, Some(function)) => self.builtin(function, all, span, scope),
                (None, None) => mistake(span),
            };
        }
        let first = self.short(base.span).map(|text| Written { text: text.to_owned(), ty: base.ty.clone() });
        let given = first.zip(self.written_args(args, scope)).map(|(first, mut rest)| {
            rest.insert(0, first);
            rest
        });
        self.unknown_function(name, span, given);
        self.look_into(args, scope);
        mistake(span)
    }

    /// Mistakes inside arguments of what is not known.
    fn look_into(&mut self, args: &[CallArg], scope: &mut Scope) {
        for arg in args {
            let ArgValue::Expr(e) = &arg.value else { continue };
            // Names may be those of calendars and currencies.
            if !matches!(&*bare(e).kind, tree::ExprKind::Name(_)) {
                self.infer(e, None, scope);
            }
        }
    }

    /// `given`: the arguments, if they fit into a sentence.
    #[cold]
    fn unknown_function(&mut self, name: &Name, span: Span, given: Option<Vec<Written>>) {
        if self.names.actions.contains_key(&name.text) {
            let message = format!("`{}` is an action, no function", name.text);
            let help = format!("write it as a statement of a rule: `{} {{ … }}`", name.text);
            self.report(Diagnostic::new(Code::UnknownFunction, name.span, message).help(help));
            return;
        }
        let help = given.and_then(|given| self.familiar(name, span, &given)).or_else(|| {
            let mut known: Vec<&str> = self.names.functions.keys().map(|n| &**n).collect();
            known.extend(functions::all().map(|function| function.name()));
            let types = self.names.types.iter().filter(|(_, (s, _))| !matches!(s, TypeSymbol::Enum(_)));
            known.extend(types.map(|(n, _)| &**n));
            Advice::near(name.span, &name.text, known)
        });
        let message = format!("there is no function `{}`", name.text);
        self.report(Diagnostic::new(Code::UnknownFunction, name.span, message).advised(help));
    }

    // --- `chat("c-1")`, `Company("C-1")` -------------------------------------------------------------

    fn identity(
        &mut self,
        symbol: TypeSymbol,
        name: &Name,
        args: &[CallArg],
        span: Span,
        scope: &mut Scope,
    ) -> Expr {
        let (ty, to) = match symbol {
            TypeSymbol::Opaque(id) => (Type::Opaque(id), Conversion::TextToOpaque),
            TypeSymbol::Entity(id) => (Type::Entity(id), Conversion::TextToRef),
            TypeSymbol::Enum(id) => {
                let value = self.schema.enumeration(id).values.first().map(|v| v.name.clone());
                let help = value.map(|v| format!("write one of its values: `{}.{v}`", name.text));
                let message = format!("`{}` is an enum, no function", name.text);
                return self.wrong(Code::UnknownFunction, name.span, message, help);
            }
        };
        let [CallArg { name: None, value: ArgValue::Expr(e), .. }] = args else {
            let message = format!("`{}(…)` wants one text, the identity", name.text);
            let help = Some(format!("write `{}(\"…\")`", name.text));
            return self.wrong(Code::WrongArguments, span, message, help);
        };
        let x = self.expr(e, Some(&Type::Text), scope);
        match (x.kind, &ty) {
            _ if x.ty == Type::Error => mistake(span),
            (ExprKind::Const(Value::Text(id)), Type::Entity(_)) => constant(Value::Ref(id), ty, span),
            (ExprKind::Const(value), _) => constant(value, ty, span),
            (kind, _) => {
                let value = Box::new(node(kind, x.ty, x.span));
                node(ExprKind::Convert { to, value }, ty, span)
            }
        }
    }

    // --- functions of the program --------------------------------------------------------------------

    fn own_function(&mut self, id: FnId, name: &Name, args: Vec<Arg>, span: Span, scope: &mut Scope) -> Expr {
        let Some(def) = self.functions.get(id.0 as usize) else { return mistake(span) };
        let params: Vec<(Arc<str>, Type)> = def
            .params
            .iter()
            .filter_map(|p| def.frame.locals.get(usize::from(p.0)))
            .map(|l| (l.name.clone(), l.ty.clone()))
            .collect();
        let result = def.result.clone();
        let mut slots: Vec<Option<Expr>> = params.iter().map(|_| None).collect();
        let mut broken = false;
        for (at, arg) in args.into_iter().enumerate() {
            let slot = match arg.name() {
                Some(given) => params.iter().position(|(name, _)| *name == given.text),
                None => (at < params.len()).then_some(at),
            };
            let Some(slot) = slot.filter(|s| slots[*s].is_none()) else {
                self.wrong_parameter(name, &params, &arg);
                return mistake(span);
            };
            let want = &params[slot].1;
            let x = match arg {
                Arg::Base(x) => self.convert(x, want, scope),
                Arg::Written(CallArg { value: ArgValue::Expr(e), .. }) => self.expr(e, Some(want), scope),
                Arg::Written(arg) => self.no_lambda(arg.span),
                Arg::Calendar(_, span) => self.calendar_base(span),
            };
            broken |= x.ty == Type::Error;
            slots[slot] = Some(x);
        }
        let missing: Vec<_> = params
            .iter()
            .zip(&slots)
            .filter(|(_, s)| s.is_none())
            .map(|((n, _), _)| format!("`{n}`"))
            .collect();
        if !missing.is_empty() {
            let usage: Vec<_> = params
                .iter()
                .map(|(n, ty)| match (ty, scope.entity) {
                    (Type::Entity(wanted), Some(own)) if *wanted == own => "this",
                    _ => &**n,
                })
                .collect();
            let message = format!("`{}` also wants {}", name.text, missing.join(" and "));
            let help = Some(format!("write `{}({})`", name.text, usage.join(", ")));
            return self.wrong(Code::WrongArguments, span, message, help);
        }
        if broken || result == Type::Error {
            return mistake(span);
        }
        node(ExprKind::CallFn { function: id, args: slots.into_iter().flatten().collect() }, result, span)
    }

    #[cold]
    fn wrong_parameter(&mut self, name: &Name, params: &[(Arc<str>, Type)], arg: &Arg) {
        let listed: Vec<_> =
            params.iter().map(|(n, ty)| format!("{n}: {}", self.schema.type_name(ty))).collect();
        let message = match arg.name() {
            Some(given) if params.iter().any(|(n, _)| *n == given.text) => {
                format!("`{}` is given twice", given.text)
            }
            Some(given) => format!("`{}` has no parameter `{}`", name.text, given.text),
            None => format!("this is one argument too many for `{}`", name.text),
        };
        let help = format!("it is declared as `{}({})`", name.text, listed.join(", "));
        self.report(Diagnostic::new(Code::WrongArguments, arg.span(), message).help(help));
    }

    #[cold]
    pub(super) fn no_lambda(&mut self, span: Span) -> Expr {
        let message = "an expression with `=>` stands only in `any`, `all`, `filter`, `map` and `sort`";
        self.wrong(Code::WrongArguments, span, message, None)
    }

    // --- built-in functions --------------------------------------------------------------------------

    fn builtin(&mut self, function: Function, args: Vec<Arg>, span: Span, scope: &mut Scope) -> Expr {
        let names: Vec<Option<&str>> = args.iter().map(|a| a.name().map(|n| &*n.text)).collect();
        let bound = match function.bind(&names) {
            Ok(bound) => bound,
            Err(error) => {
                let spans: Vec<_> = args.iter().map(Arg::span).collect();
                self.does_not_fit(function, &error, span, |arg| spans.get(arg).copied(), &[]);
                return mistake(span);
            }
        };
        let mut args: Vec<Option<Arg>> = args.into_iter().map(Some).collect();
        let mut checked: Vec<Checked> = Vec::with_capacity(bound.len());
        let mut broken = false;
        for (slot, at) in function.slots().iter().zip(&bound) {
            let Some(arg) = at.and_then(|at| args.get_mut(at)).and_then(Option::take) else {
                checked.push(Checked::Nothing);
                continue;
            };
            let one = match slot.kind {
                SlotKind::Value => self.value_argument(arg, scope),
                SlotKind::Lambda => {
                    let list = match checked.first() {
                        Some(Checked::Value(list)) => list.ty.clone(),
                        _ => Type::Error,
                    };
                    if !matches!(list, Type::List(_) | Type::Error) {
                        // Nothing could be said of the elements.
                        let error = SignatureError::Wanted { slot: 0, expected: "a list" };
                        self.does_not_fit(function, &error, span, |_| None, &checked);
                        return mistake(span);
                    }
                    self.lambda_argument(function, arg, &list, scope)
                }
                SlotKind::Calendar => self.calendar_argument(function, arg),
                SlotKind::Currency => self.currency_argument(arg),
                SlotKind::Hidden => Checked::Nothing,
            };
            broken |= matches!(&one, Checked::Value(x) | Checked::Lambda(_, x) if x.ty == Type::Error)
                || matches!(one, Checked::Nothing);
            checked.push(one);
        }
        if broken {
            return mistake(span);
        }
        let given: Vec<Given> = checked
            .iter()
            .map(|c| match c {
                Checked::Value(x) => Given::Value(&x.ty),
                Checked::Lambda(_, body) => Given::Lambda(&body.ty),
                Checked::Calendar(..) => Given::Calendar,
                Checked::Currency(currency, _) => Given::Currency(*currency),
                Checked::Nothing => Given::Nothing,
            })
            .collect();
        let signature = match function.signature(&given) {
            Ok(signature) => signature,
            Err(error) => {
                self.does_not_fit(function, &error, span, |_| None, &checked);
                return mistake(span);
            }
        };
        if function == Function::In && !self.can_exchange(&checked, span)
            || function == Function::Format && !self.format_fits(&checked)
        {
            return mistake(span);
        }
        let (mut values, mut body) = (Vec::new(), None);
        let mut checked = checked.into_iter();
        for param in signature.params {
            let argument = checked.next();
            match (param, argument) {
                (Param::Value(ty), Some(Checked::Value(x))) => {
                    values.push(self.coerce(x, &ty).unwrap_or_else(|x| mistake(x.span)));
                }
                (Param::Lambda(ty), Some(Checked::Lambda(local, x))) => {
                    body = Some((local, self.coerce(x, &ty).unwrap_or_else(|x| mistake(x.span))));
                }
                (Param::Calendar, Some(Checked::Calendar(id, at))) => {
                    values.push(constant(Value::Int(i64::from(id.0)), calendar_type(), at));
                }
                (Param::Currency, Some(Checked::Currency(currency, at))) => {
                    values.push(constant(Value::Text(currency.code().into()), Type::Text, at));
                }
                (Param::Filled(Filled::Constant(value, ty)), _) => values.push(constant(value, ty, span)),
                (Param::Filled(Filled::Now), _) if scope.constant => {
                    let message = format!(
                        "`{}` without an instant asks the clock, and a constant cannot",
                        function.name()
                    );
                    let given =
                        self.sources.text(span).trim_end().trim_end_matches(')').trim_end().to_owned();
                    let comma = if given.ends_with('(') { "" } else { ", " };
                    let help = format!("say when: `{given}{comma}at: 2026-01-31T09:30Z)`");
                    return self.wrong(Code::NotConstant, span, message, Some(help));
                }
                (Param::Filled(Filled::Now), _) => values.push(node(ExprKind::Now, Type::DateTime, span)),
                (Param::Filled(Filled::Hours), _) => {
                    values.push(constant(Value::None, calendar_type(), span));
                }
                _ => {}
            }
        }
        let kind = match body {
            Some((local, body)) => {
                let list = values.into_iter().next().unwrap_or_else(|| mistake(span));
                ExprKind::ListOp { function, list: Box::new(list), local, body: Box::new(body) }
            }
            None => ExprKind::Call { function, args: values },
        };
        node(kind, signature.result, span)
    }

    #[cold]
    fn does_not_fit(
        &mut self,
        function: Function,
        error: &SignatureError,
        span: Span,
        argument: impl Fn(usize) -> Option<Span>,
        checked: &[Checked],
    ) {
        let name = function.name();
        let mut usage = Some(Advice::say(format!("write it as `{}`", function.entry().usage)));
        let at = |slot: usize| checked.get(slot).and_then(Checked::span);
        let (place, message) = match error {
            SignatureError::TooMany { arg, at_most } => {
                let most = match at_most {
                    1 => "one argument".to_string(),
                    n => format!("{n} arguments"),
                };
                if function == Function::Date
                    && let Some(date) = self.date_of_parts(span)
                {
                    usage = Some(Advice::write(span, date));
                }
                (argument(*arg), format!("`{name}` takes at most {most}"))
            }
            SignatureError::Missing { names } => {
                let names: Vec<_> = names.iter().map(|n| format!("`{n}`")).collect();
                (None, format!("`{name}` also wants {}", names.join(" and ")))
            }
            SignatureError::UnknownName { arg } => {
                (argument(*arg), format!("`{name}` has no argument of this name"))
            }
            SignatureError::Twice { arg, name: slot } => (argument(*arg), format!("`{slot}` is given twice")),
            SignatureError::AfterNamed { arg } => {
                (argument(*arg), "an argument without a name stands before those with one".into())
            }
            SignatureError::Optional { slot } => {
                (at(*slot), format!("this may be empty, and `{name}` wants a value"))
            }
            SignatureError::Wanted { slot, expected } => {
                let is = match checked.get(*slot) {
                    Some(Checked::Value(x) | Checked::Lambda(_, x)) => {
                        format!(", and {} is {}", self.words(x.span), self.a(&x.ty))
                    }
                    _ => String::new(),
                };
                if let Some(Checked::Value(x)) = checked.get(*slot) {
                    usage = self.other_argument(function, x, span).or(usage);
                }
                (at(*slot), format!("`{name}` wants {expected}{is}"))
            }
            SignatureError::Different { slot } => {
                if let (Some(Checked::Value(a)), Some(Checked::Value(b))) =
                    (checked.first(), checked.get(*slot))
                {
                    if let (Type::Money(_), Type::Money(_)) = (&a.ty, &b.ty) {
                        self.currencies_differ(a, b);
                        return;
                    }
                    usage = None;
                    let message =
                        format!("{} and {} do not go together in `{name}`", self.a(&a.ty), self.a(&b.ty));
                    (Some(b.span), message)
                } else {
                    (at(*slot), format!("the arguments of `{name}` do not go together"))
                }
            }
        };
        let place = place.unwrap_or(span);
        self.report(Diagnostic::new(Code::WrongArguments, place, message).advised(usage));
    }

    /// What to write instead of an argument that a function does not take.
    fn other_argument(&self, function: Function, x: &Expr, span: Span) -> Option<Advice> {
        let text = self.short(x.span)?;
        let sure = |advice: Advice| Some(advice.unsure(x.ty.is_optional()));
        let day = match &x.kind {
            ExprKind::Const(Value::Text(text)) => written_date(text),
            _ => None,
        };
        match (function, x.ty.inner(), day) {
            (Function::Len, Type::List(_), _) => sure(Advice::write(span, format!("count({text})"))),
            (Function::Count, Type::Text | Type::Email | Type::Phone | Type::Url, _) => {
                sure(Advice::write(span, format!("len({text})")))
            }
            (Function::Date, Type::Date, _) => sure(Advice::write(span, text)),
            // `date("2026-03-01")`
            (Function::Date, Type::Text, Some(day)) => Some(Advice::write(span, day)),
            (
                Function::Year
                | Function::Month
                | Function::Day
                | Function::Weekday
                | Function::DaysBetween
                | Function::AddMonths
                | Function::AddWorkdays
                | Function::StartOfDay
                | Function::StartOfMonth,
                Type::Text,
                Some(day),
            ) => {
                let help = format!("write `{day}`, without quotes");
                Some(Advice::write(x.span, day).saying(help))
            }
            _ => None,
        }
    }

    /// `date(2026, 3, 1)`
    fn date_of_parts(&self, span: Span) -> Option<String> {
        let parts = self.short(span)?.strip_prefix("date(")?.strip_suffix(')')?;
        let parts: Option<Vec<u32>> = parts.split(',').map(|p| p.trim().parse().ok()).collect();
        match parts?[..] {
            [year, month, day] => {
                let date = chrono::NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
                Some(date.to_string())
            }
            _ => None,
        }
    }
}
