//! Which type becomes which without a word, and what to say where one does not.

use super::super::Checker;
use super::super::pipelines::walk::model_exprs;
use super::super::scope::Scope;
use super::literals::element;
use super::{constant, mistake, node};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::model::{Conversion, Expr, ExprKind, TextPart};
use crate::schema::Type;
use crate::source::Span;
use crate::value::{Currency, Value, validate};

impl Checker<'_> {
    /// `title contains "a" or "b"`: before the second text, what is asked of the first, `title contains`.
    fn asked_before(&self, place: Span) -> Option<String> {
        let before = self.sources.around(place).0.trim_end();
        let rest = before.strip_suffix("or").or_else(|| before.strip_suffix("and"))?.trim_end();
        let rest = rest.strip_suffix('"')?;
        let rest = rest[..rest.rfind('"')?].trim_end();
        let signs = ["not contains", "contains", "starts with", "ends with", "==", "!=", "~="];
        let sign = signs.into_iter().find(|sign| rest.ends_with(sign))?;
        let subject = rest.strip_suffix(sign)?.trim_end();
        let name = |c: char| unicode_ident::is_xid_continue(c) || c == '.';
        let subject = &subject[subject.trim_end_matches(name).len()..];
        subject.starts_with(unicode_ident::is_xid_start).then(|| format!("{subject} {sign}"))
    }

    /// The expression as exactly the wanted type, or a mistake that has been reported.
    pub(in crate::check) fn convert(&mut self, x: Expr, want: &Type, scope: &mut Scope) -> Expr {
        let x = match self.address(x, want) {
            Ok(x) => x,
            Err(mistake) => return mistake,
        };
        match self.coerce(x, want) {
            Ok(x) => x,
            Err(x) => {
                // Only the question mark is too much.
                if x.ty.is_optional() && *x.ty.inner() != Type::Never && self.goes(x.ty.inner(), want) {
                    let x = self.need_set(x, false, scope);
                    return self.coerce(x, want).unwrap_or_else(|x| mistake(x.span));
                }
                self.wrong_type(&x, want, scope.test);
                mistake(x.span)
            }
        }
    }

    /// Whether the expression can become the type without a word.
    pub(super) fn coerces(&self, x: &Expr, want: &Type) -> bool {
        self.goes(&x.ty, want)
    }

    pub(super) fn fits_hole(&self, from: &Type, want: &Type) -> bool {
        self.goes(from, want)
    }

    fn goes(&self, from: &Type, want: &Type) -> bool {
        if from == want || matches!(from, Type::Error | Type::Never) || *want == Type::Error {
            return true;
        }
        match (from, want) {
            (Type::Optional(from), Type::Optional(to)) => {
                **from == Type::Never || **from == **to || step(from, to).is_some()
            }
            (_, Type::Optional(to)) => self.goes(from, to),
            (Type::Optional(_), _) => false,
            (Type::List(_), Type::List(_)) => step(from, want).is_some(),
            (_, Type::List(to)) => self.goes(from, to),
            _ => step(from, want).is_some(),
        }
    }

    /// The expression as exactly the type, if that goes without a word; else the expression as it was.
    pub(super) fn coerce(&self, x: Expr, want: &Type) -> Result<Expr, Expr> {
        if x.ty == *want {
            return Ok(x);
        }
        if x.ty == Type::Error || *want == Type::Error {
            return Ok(mistake(x.span));
        }
        let span = x.span;
        match (&x.ty, want) {
            (Type::Optional(from), Type::Optional(to)) => {
                if **from == Type::Never {
                    return Ok(Expr { ty: want.clone(), ..x });
                }
                match step(from, to) {
                    Some(to) => Ok(converted(x, to, want)),
                    None => Err(x),
                }
            }
            (_, Type::Optional(to)) => {
                if !self.goes(&x.ty, to) {
                    return Err(x);
                }
                let x = self.coerce(x, to)?;
                match x.kind {
                    ExprKind::Const(value) => Ok(constant(value, want.clone(), span)),
                    _ => Ok(converted(x, Conversion::ToOptional, want)),
                }
            }
            (Type::Optional(_), _) => Err(x),
            (Type::List(_), Type::List(to)) => {
                let Some(how) = step(&x.ty, want) else { return Err(x) };
                match x.kind {
                    ExprKind::List(items) => {
                        let items =
                            items.into_iter().map(|i| self.coerce(i, to).unwrap_or_else(|i| i)).collect();
                        Ok(node(ExprKind::List(items), want.clone(), span))
                    }
                    _ => Ok(converted(x, how, want)),
                }
            }
            (_, Type::List(to)) => {
                if !self.goes(&x.ty, to) {
                    return Err(x);
                }
                let x = self.coerce(x, to)?;
                match x.kind {
                    ExprKind::Const(value) => Ok(constant(Value::List([value].into()), want.clone(), span)),
                    _ => Ok(converted(x, Conversion::ToList, want)),
                }
            }
            (from, to) => match step(from, to) {
                Some(how) => Ok(converted(x, how, want)),
                None => Err(x),
            },
        }
    }

    /// A text of the program where an e-mail address, a phone number or a URL is wanted: what is constant in
    /// it is checked here, the rest in the run. Anything else stays as it is.
    pub(super) fn address(&mut self, x: Expr, want: &Type) -> Result<Expr, Expr> {
        let want = element(want);
        let to = match want {
            Type::Email => Conversion::TextToEmail,
            Type::Phone => Conversion::TextToPhone,
            Type::Url => Conversion::TextToUrl,
            _ => return Ok(x),
        };
        if x.ty != Type::Text {
            return Ok(x);
        }
        let span = x.span;
        match x.kind {
            ExprKind::Const(Value::Text(text)) => {
                let checked = match want {
                    Type::Email => validate::email(&text),
                    Type::Phone => validate::phone(&text),
                    _ => validate::url(&text),
                };
                match checked {
                    Ok(()) => Ok(constant(Value::Text(text), want.clone(), span)),
                    Err(failure) => Err(self.bad_address(span, failure.message, want)),
                }
            }
            ExprKind::Text(parts) => {
                let fixed = parts.iter().filter_map(|part| match part {
                    TextPart::Literal(text) => Some(&**text),
                    TextPart::Placeholder { .. } => None,
                });
                let fixed: String = fixed.collect();
                let wrong = match want {
                    Type::Phone => None,
                    _ if fixed.contains(char::is_whitespace) => Some("white space"),
                    Type::Email if fixed.matches('@').count() > 1 => Some("a second `@`"),
                    _ => None,
                };
                if let Some(wrong) = wrong {
                    let what = if *want == Type::Email { "an e-mail address" } else { "a URL" };
                    return Err(self.bad_address(span, format!("there cannot be {wrong} in {what}"), want));
                }
                let text = node(ExprKind::Text(parts), Type::Text, span);
                Ok(node(ExprKind::Convert { to, value: Box::new(text) }, want.clone(), span))
            }
            kind => Ok(node(kind, x.ty, span)),
        }
    }

    #[cold]
    fn bad_address(&mut self, span: Span, message: String, want: &Type) -> Expr {
        let help = match want {
            Type::Email => "write it like `anna@example.com`",
            Type::Phone => "write it like `+39 06 1234567`",
            _ => "write it like `https://example.com/page`",
        };
        self.wrong(Code::BadAddress, span, message, Some(help.into()))
    }

    /// The type that two sides have in common, question marks left aside.
    pub(super) fn common_type(&self, a: &Type, b: &Type) -> Option<Type> {
        let text = |ty: &Type| matches!(ty, Type::Text | Type::Email | Type::Phone | Type::Url);
        let whom = |ty: &Type| matches!(ty, Type::User | Type::Department | Type::Role | Type::Recipient);
        let number = |ty: &Type| matches!(ty, Type::Int | Type::Decimal);
        match (a, b) {
            (a, b) if a == b => Some(a.clone()),
            (Type::Error, _) | (_, Type::Error) => Some(Type::Error),
            (Type::Never, other) | (other, Type::Never) => Some(other.clone()),
            (Type::List(x), Type::List(y)) => {
                let common = self.common_type(x, y)?.list();
                // Lists within lists are not converted.
                (self.goes(a, &common) && self.goes(b, &common)).then_some(common)
            }
            (a, b) if number(a) && number(b) => Some(Type::Decimal),
            (a, b) if text(a) && text(b) => Some(Type::Text),
            (a, b) if whom(a) && whom(b) => Some(Type::Recipient),
            _ => None,
        }
    }

    /// The type that holds both: of branches, of the elements of a list.
    pub(super) fn join_types(&self, a: &Type, b: &Type) -> Option<Type> {
        let common = match (a.inner(), b.inner()) {
            (Type::Money(_), Type::Money(_)) if a.inner() != b.inner() => Type::Money(None),
            (a, b) => self.common_type(a, b)?,
        };
        Some(if a.is_optional() || b.is_optional() { common.optional() } else { common })
    }

    /// The expression as the common type of both sides, optional if it was.
    pub(super) fn side(&self, x: Expr, common: &Type) -> Expr {
        let want = if x.ty.is_optional() { common.clone().optional() } else { common.clone() };
        self.coerce(x, &want).unwrap_or_else(|x| mistake(x.span))
    }

    /// Where nothing says what `none` or `[]` is of.
    pub(super) fn some_type(&mut self, x: Expr) -> Expr {
        if *element(&x.ty) != Type::Never {
            return x;
        }
        let message = format!("nothing says what {} could hold", self.words(x.span));
        let help = match &x.ty {
            Type::List(_) => "write what is in it, such as `[\"first\"]`, or use `[]` where a list is wanted",
            _ => "write a value, such as `0` or `\"\"`, or use `none` where a value is wanted",
        };
        self.wrong(Code::UnknownKind, x.span, message, Some(help.into()))
    }

    // --- what does not go together -----------------------------------------------------------------

    #[cold]
    fn wrong_type(&mut self, x: &Expr, want: &Type, test: bool) {
        if let (Type::Money(have), Type::Money(wanted)) = (x.ty.inner(), element(want)) {
            self.wrong_currency(x, *have, *wanted);
            return;
        }
        let span = x.span;
        let message = if x.ty == Type::Never.optional() {
            format!("`none` cannot stand here: {} is always needed", self.a(want.inner()))
        } else {
            let have = match &x.kind {
                ExprKind::Const(Value::Text(_)) | ExprKind::Text(_) => "a text".to_string(),
                _ => self.a(&x.ty),
            };
            let wanted = match want.inner() {
                Type::Bool => "`true` or `false`".to_owned(),
                // Written out where it is declared: its name says little.
                Type::Enum(id) if self.schema.enumeration(*id).name.contains('.') => self.listed_values(*id),
                want => self.a(want),
            };
            match &x.kind {
                ExprKind::Text(_) | ExprKind::Const(Value::Text(_)) => {
                    format!("{wanted} is wanted here, and this is {have}")
                }
                _ => format!("{wanted} is wanted here, and {} is {have}", self.words(span)),
            }
        };
        let help = self.help_for_type(x, want).or_else(|| {
            let text = self.short(x.span)?;
            if *want == Type::Bool
                && matches!(x.kind, ExprKind::Const(Value::Text(_)))
                && let Some(asked) = self.asked_before(x.span)
            {
                return Some(Advice::write(x.span, format!("{asked} {text}")));
            }
            if *want == Type::Bool && x.ty != Type::Never.optional() {
                return self
                    .question(text, &x.ty)
                    .map(|q| Advice::say(format!("ask something of it: `{q}`")));
            }
            if let (Type::Department, Type::User) = (&x.ty, element(want)) {
                return Some(Advice::say(self.users_instead()));
            }
            if let (Type::List(_), ExprKind::List(_) | ExprKind::Const(_)) = (&x.ty, &x.kind)
                && !matches!(want.inner(), Type::List(_))
            {
                return Some(Advice::say("write one value, without `[` and `]`"));
            }
            // A time from now on, where a moment is wanted.
            match (want.inner(), &x.ty) {
                (Type::DateTime, Type::Duration) => {
                    return Some(Advice::write(x.span, format!("now + {text}")));
                }
                (Type::Date, Type::Duration) => {
                    return Some(Advice::write(x.span, format!("today + {text}")));
                }
                _ => {}
            }
            // Rules only hand on files that there are.
            let example = self.example(want.inner()).filter(|_| test || *element(want) != Type::File);
            example.map(|example| Advice::say(format!("write something such as `{example}`")))
        });
        self.report(Diagnostic::new(Code::WrongType, span, message).advised(help));
    }

    /// A rule only hands on files that there are.
    fn where_files_are(&self) -> Option<String> {
        let made = |o: &crate::schema::Field| *o.ty.inner() == Type::File;
        let (action, output) =
            self.schema.actions.iter().find_map(|a| Some((a, a.outputs.iter().find(|o| made(o))?)))?;
        Some(format!(
            "take it from a field or an event, or from an action: `let made = {} {{ … }}`, then `made.{}`",
            action.name, output.name
        ))
    }

    pub(super) fn help_for_type(&self, x: &Expr, want: &Type) -> Option<Advice> {
        let text = self.short(x.span)?;
        if x.ty.is_optional() {
            return None;
        }
        let write = |text: String| Advice::write(x.span, text);
        let wanted = element(want);
        Some(match (&x.ty, wanted) {
            (Type::Int | Type::Decimal, Type::Money(currency)) if matches!(x.kind, ExprKind::Const(_)) => {
                self.with_currency(x.span, text, *currency)
            }
            (Type::Money(_), Type::Int) => write(format!("floor({text}.value)"))
                .saying(format!("write `floor({text}.value)` for the plain number, rounded down")),
            (Type::Money(_), Type::Decimal) => {
                write(format!("{text}.value")).saying(format!("write `{text}.value` for the plain number"))
            }
            (Type::Decimal, Type::Int) => match &x.kind {
                ExprKind::Const(Value::Decimal(d)) if d.is_integer() => write(d.normalize().to_string()),
                ExprKind::Const(Value::Decimal(d)) => Advice::say(format!(
                    "write a whole number: `{}` or `{}`",
                    d.floor().normalize(),
                    d.ceil().normalize()
                )),
                _ => Advice::say(format!("write `floor({text})` or `ceil({text})` for a whole number")),
            },
            (Type::Int | Type::Decimal, Type::Duration) => {
                let whole = matches!(x.ty, Type::Int);
                match (&x.kind, whole) {
                    (ExprKind::Const(Value::Int(1)), _) => {
                        Advice::say("write the unit: `1 day`, or `1 hour`, `1 minute`")
                    }
                    (ExprKind::Const(_), true) => Advice::say(format!(
                        "write the unit: `{text} days`, or `{text} hours`, `{text} minutes`"
                    )),
                    (_, true) => Advice::say(format!("say of what: `({text}) * 1 day`")),
                    _ => Advice::say("write a whole number and its unit, such as `90 minutes`"),
                }
            }
            (Type::DateTime, Type::Date) => write(format!("date({text})")),
            (Type::DateTime, Type::Time) => write(format!("time({text})")),
            (Type::Date, Type::DateTime) => write(format!("start_of_day({text})"))
                .saying(format!("write `start_of_day({text})`, or add a time: `{text} + 09:00`")),
            (Type::Text, _)
                if matches!(x.kind, ExprKind::Const(_)) && self.without_quotes(x, want).is_some() =>
            {
                return self.without_quotes(x, want);
            }
            (Type::Text, Type::Email | Type::Phone | Type::Url) => write(format!("\"{{{text}}}\""))
                .saying(format!("write `\"{{{text}}}\"`: then the run checks that it is one")),
            (Type::Text, Type::Opaque(id)) => {
                let name = &self.schema.opaques.get(id.index())?.name;
                let made = self
                    .schema
                    .actions
                    .iter()
                    .find(|a| a.outputs.iter().any(|o| o.ty.inner() == wanted))
                    .map(|a| {
                        format!(
                            "take it from `let x = {} {{ … }}`, or from a field of type `{name}`, or ",
                            a.name
                        )
                    })
                    .unwrap_or_default();
                Advice::say(format!("{made}write `{name}({text})`"))
            }
            (Type::Text, Type::File) => Advice::say(self.where_files_are()?),
            (Type::List(of), Type::File) if **of == Type::Text => Advice::say(self.where_files_are()?),
            (Type::Text, Type::Entity(id)) => write(format!("{}({text})", self.schema.entity(*id).name)),
            (Type::Text, Type::Enum(id)) => Advice::say(self.listed_values(*id)),
            (Type::Text, Type::User | Type::Department | Type::Role | Type::Recipient) => {
                Advice::say("write the name of one that is declared, without quotes")
            }
            (Type::List(inner), _)
                if **inner == *want && !matches!(x.kind, ExprKind::List(_) | ExprKind::Const(_)) =>
            {
                Advice::say(match self.default_text(want) {
                    Some(default) => format!("write `{text}.first ?? {default}`"),
                    None => format!("write `{text}.first`, and say what holds if the list is empty"),
                })
            }
            // Perhaps the type is what is wrong.
            (Type::Int | Type::Decimal, Type::Text) if matches!(x.kind, ExprKind::Const(_)) => {
                write(format!("\"{text}\"")).unsure(true)
            }
            (from, Type::Text) if self.printable(from) => write(format!("\"{{{text}}}\"")),
            (Type::User, Type::Department) => Advice::say(format!("write `{text}.department`")),
            _ => return None,
        })
    }

    /// Whom to name where only users can stand.
    fn users_instead(&self) -> String {
        let users =
            self.schema.principals.iter().filter(|p| p.kind == crate::syntax::tree::PrincipalKind::User);
        let names: Vec<&str> = users.map(|p| &*p.name).take(2).collect();
        match names.is_empty() {
            true => "name users: `user anna \"Anna\"` declares one".into(),
            false => format!("name users: `[{}]`", names.join(", ")),
        }
    }

    /// A number where an amount of the currency is wanted.
    pub(super) fn with_currency(&self, span: Span, number: &str, currency: Option<Currency>) -> Advice {
        match currency.or(self.schema.currency) {
            Some(currency) => {
                let amount = format!("{number} {currency}");
                let help = format!("write the currency: `{amount}`");
                Advice::write(span, amount).saying(help)
            }
            None if self.lost_currency => Advice::say(format!("write the currency: `{number} EUR`")),
            None => Advice::say(format!(
                "put `currency EUR` at the top of the program, and write the currency here: `{number} EUR`"
            )),
        }
    }

    /// Two amounts that do not go together: reports it on `x`, which is of currency `have`.
    #[cold]
    pub(super) fn wrong_currency(&mut self, x: &Expr, have: Option<Currency>, want: Option<Currency>) {
        // `[in_eur, in_usd].sum`: one of its parts is to blame.
        if let (None, Some(want)) = (have, want)
            && let Some((part, have)) = widened(x, want)
        {
            return self.wrong_currency(&part, Some(have), Some(want));
        }
        // What the currency of the program should be has been asked.
        if self.lost_currency && (have.is_none() || want.is_none()) {
            return;
        }
        let words = self.words(x.span);
        let text = self.short(x.span).unwrap_or("amount").to_string();
        let (message, help) = match (have, want) {
            (Some(have), Some(want)) => {
                let known = self.has_rate(have, want);
                let exchanged = match &x.kind {
                    ExprKind::Const(Value::Money(m)) if m.amount.is_zero() => format!("0 {want}"),
                    ExprKind::Const(_) => format!("({text}).in({want})"),
                    _ => format!("{text}.in({want})"),
                };
                let help = match x.ty.inner() {
                    Type::List(_) => Advice::say(format!("write the amounts in {want}")),
                    _ if exchanged.starts_with("0 ") => Advice::write(x.span, exchanged).unsure(true),
                    _ if known => Advice::write(x.span, exchanged).unsure(x.ty.is_optional()),
                    _ => Advice::say(format!(
                        "write `{exchanged}`, and put `rates {want} {{ {have}: 0.9 }}` at the top of the program, with what one {have} is in {want}"
                    )),
                };
                (format!("{words} is in {have}, and {want} is wanted here"), help)
            }
            (_, want) => {
                let currency = want.or(have).map_or("EUR".to_string(), |c| c.to_string());
                let rates = self.schema.rates.iter().any(|r| want == Some(r.base));
                let exchanged = format!("{text}.in({currency})");
                let help = match (rates, self.schema.currency) {
                    (true, _) => Advice::write(x.span, exchanged)
                        .unsure(matches!(x.ty, Type::List(_) | Type::Optional(_))),
                    // Then amounts without a currency of their own are in this one.
                    (false, None) => {
                        let help = format!("put `currency {currency}` at the top of the program");
                        let diagnostic = Diagnostic::new(
                            Code::CurrencyMismatch,
                            x.span,
                            format!("nothing says in which currency {words} is"),
                        );
                        self.report(diagnostic.help(help).mended_with_others());
                        return;
                    }
                    (false, Some(_)) => Advice::say(format!(
                        "write `{exchanged}`, and put `rates {currency} {{ USD: 0.9 }}` at the top of the program, with what one of each other currency is in {currency}"
                    )),
                };
                (format!("nothing says in which currency {words} is"), help)
            }
        };
        self.report(Diagnostic::new(Code::CurrencyMismatch, x.span, message).advised(Some(help)));
    }

    /// Two amounts of different currencies: reports it on the side that is better changed.
    #[cold]
    pub(super) fn currencies_differ(&mut self, left: &Expr, right: &Expr) {
        let (Type::Money(l), Type::Money(r)) = (left.ty.inner(), right.ty.inner()) else { return };
        let change_right = match (l, r) {
            (Some(l), Some(r)) => {
                let (to_left, to_right) = (self.has_rate(*r, *l), self.has_rate(*l, *r));
                to_left && !to_right || to_left == to_right && self.schema.currency == Some(*l)
            }
            (l, _) => l.is_some(),
        };
        match change_right {
            true => self.wrong_currency(right, *r, *l),
            false => self.wrong_currency(left, *l, *r),
        }
    }

    /// Whether amounts of the one currency can be told in the other.
    pub(super) fn has_rate(&self, from: Currency, to: Currency) -> bool {
        from == to
            || self.schema.rates.iter().any(|r| r.base == to && r.rates.iter().any(|(c, _)| *c == from))
    }
}

/// The first part of an expression that lost its currency on the way, because another part has another one.
fn widened(x: &Expr, want: Currency) -> Option<(Expr, Currency)> {
    let mut found: Option<(Expr, Currency)> = None;
    model_exprs(x, |e| {
        let inner = match &e.kind {
            ExprKind::Convert { to: Conversion::Widen, value } => &**value,
            _ => return,
        };
        if let Type::Money(Some(have)) = inner.ty.inner()
            && *have != want
            && found.is_none()
        {
            found = Some((inner.clone(), *have));
        }
    });
    found
}

/// The conversion that leads from the one type to the other in one step.
fn step(from: &Type, to: &Type) -> Option<Conversion> {
    Some(match (from, to) {
        (Type::Int, Type::Decimal) => Conversion::IntToDecimal,
        (Type::User | Type::Department | Type::Role, Type::Recipient)
        | (Type::Email | Type::Phone | Type::Url, Type::Text)
        | (Type::Money(Some(_)), Type::Money(None)) => Conversion::Widen,
        (Type::List(from), Type::List(_)) if **from == Type::Never => Conversion::Widen,
        (Type::List(from), Type::List(to)) => match step(from, to)? {
            Conversion::IntToDecimal => Conversion::ListIntToDecimal,
            Conversion::Widen => Conversion::Widen,
            _ => return None,
        },
        _ => return None,
    })
}

/// Writes a conversion out; constants are converted at once.
fn converted(x: Expr, to: Conversion, ty: &Type) -> Expr {
    let span = x.span;
    let kind = match (to, x.kind) {
        (Conversion::Widen, ExprKind::Const(value)) => ExprKind::Const(value),
        (Conversion::IntToDecimal, ExprKind::Const(Value::Int(n))) => {
            ExprKind::Const(Value::Decimal(n.into()))
        }
        (Conversion::ListIntToDecimal, ExprKind::Const(Value::List(items))) => {
            let items = items.iter().map(|item| match item {
                Value::Int(n) => Value::Decimal((*n).into()),
                other => other.clone(),
            });
            ExprKind::Const(Value::List(items.collect()))
        }
        (to, kind) => ExprKind::Convert { to, value: Box::new(Expr { kind, ty: x.ty, span }) },
    };
    node(kind, ty.clone(), span)
}
