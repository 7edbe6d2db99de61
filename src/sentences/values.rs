//! Values and what is computed, as noun phrases: "the contact’s name", "3 days before the delivery date".

use super::words::{self, spaced};
use super::{Piece, Prose, Scope, Speaker, Target};
use crate::model::{Conversion, Expr, ExprKind, LocalId, PrincipalField, TextPart};
use crate::schema::Type;
use crate::source::Span;
use crate::value::ops::ArithOp;
use crate::value::print::{Labels, Printer};
use crate::value::*;
use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

/// An expression without the conversions around it.
pub(super) fn peeled(expr: &Expr) -> &Expr {
    match &expr.kind {
        ExprKind::Convert { to, value }
            if !matches!(to, Conversion::TextToOpaque | Conversion::TextToRef) =>
        {
            peeled(value)
        }
        _ => expr,
    }
}

impl Speaker<'_> {
    /// A value as a noun phrase.
    pub(super) fn value(&self, expr: &Expr, scope: Scope) -> Prose {
        match &expr.kind {
            ExprKind::Const(value) => self.written(value, &expr.ty, expr.span, scope),
            ExprKind::Local(id) => self.local(*id, scope),
            ExprKind::Field(field) => self.field(*field, scope),
            ExprKind::This => self.record(scope.entity),
            ExprKind::RefField { base, entity, field } => {
                let inner = Scope { entity: Some(*entity), ..scope };
                let name = self.field_name(*field, inner);
                let name = Prose::name(name, Target::Field(*entity, *field));
                match peeled(base).kind {
                    ExprKind::This => Prose::text("the ").with(name),
                    _ => self.operand_of(base, scope).say("’s ").with(name),
                }
            }
            ExprKind::Payload(slots) => match slots.first() {
                Some((event, slot)) => {
                    let field = self.model.schema.events.get(event.index());
                    let field = field.and_then(|event| event.payload.get(usize::from(*slot)));
                    let name = field.map_or("?".to_owned(), |field| spaced(&field.name));
                    Prose::text("the event’s ").with(Prose::name(name, Target::Payload(*event, *slot)))
                }
                None => Prose::text("nothing"),
            },
            ExprKind::EventType => Prose::text("the kind of event"),
            ExprKind::EventTime => Prose::text("the time of the event"),
            ExprKind::Old(field) => {
                let name = self.field_name(*field, scope);
                match scope.entity {
                    Some(entity) => {
                        Prose::text("the former ").with(Prose::name(name, Target::Field(entity, *field)))
                    }
                    None => Prose::text(format!("the former {name}")),
                }
            }
            ExprKind::Output(id) => self.output(*id),
            ExprKind::Now => Prose::text("now"),
            ExprKind::Today => Prose::text("today"),
            ExprKind::Stage => Prose::text("the stage"),
            ExprKind::Pipeline => Prose::text("the pipeline"),
            ExprKind::PrincipalField { base, field } => {
                let name = match field {
                    PrincipalField::Id => "id",
                    PrincipalField::Name => "name",
                    PrincipalField::Email => "e-mail address",
                    PrincipalField::Phone => "phone number",
                    PrincipalField::Department => "department",
                    PrincipalField::Roles => "roles",
                };
                self.operand_of(base, scope).say("’s ").say(name)
            }
            ExprKind::FileName(file) => Prose::text("the name of ").with(self.value(file, scope)),
            ExprKind::FileUrl(file) => Prose::text("the address of ").with(self.value(file, scope)),
            ExprKind::Text(parts) => Prose(vec![Piece::Quote(self.template(parts, scope))]),
            ExprKind::List(items) if items.is_empty() => Prose::text("nothing"),
            ExprKind::List(items) => self.all_of(items, "and", scope),
            ExprKind::If { condition, then, otherwise } if *expr.ty.inner() != Type::Bool => {
                let then = self.value(then, scope).say(" if ").with(self.inline(condition, scope));
                then.say(", otherwise ").with(self.value(otherwise, scope))
            }
            ExprKind::Default { left, right } => {
                self.value(left, scope).say(", or else ").with(self.value(right, scope))
            }
            ExprKind::Arith { op, args } => self.arithmetic(*op, args, scope),
            ExprKind::Convert { to: Conversion::TextToOpaque | Conversion::TextToRef, value } => {
                self.identity(&expr.ty).say(" ").with(self.value(value, scope))
            }
            ExprKind::Convert { value, .. } => self.value(value, scope),
            ExprKind::Call { function, args } => self.call(*function, args, scope),
            ExprKind::ListOp { function, list, local, body } => {
                self.list_op(*function, list, *local, body, scope)
            }
            ExprKind::CallFn { function, args } => self.own_function(*function, args, scope),
            // What is yes or no.
            ExprKind::RefExists { .. }
            | ExprKind::Not(_)
            | ExprKind::And(..)
            | ExprKind::Or(..)
            | ExprKind::If { .. }
            | ExprKind::Equal { .. }
            | ExprKind::EqualIgnoreCase { .. }
            | ExprKind::Order { .. }
            | ExprKind::Between { .. }
            | ExprKind::In { .. }
            | ExprKind::ContainsText { .. }
            | ExprKind::StartsWith { .. }
            | ExprKind::EndsWith { .. }
            | ExprKind::Matches { .. }
            | ExprKind::IsSet(_)
            | ExprKind::IsEmpty(_)
            | ExprKind::StageIs { .. } => Prose::text("whether ").with(self.inline(expr, scope)),
        }
    }

    /// `a, b and c`
    pub(super) fn all_of(&self, items: &[Expr], last: &str, scope: Scope) -> Prose {
        Prose::listed(items.iter().map(|item| self.value(item, scope)).collect(), last)
    }

    /// `the delivery date`
    pub(super) fn field(&self, field: FieldId, scope: Scope) -> Prose {
        let name = self.field_name(field, scope);
        match scope.entity {
            Some(entity) => Prose::text("the ").with(Prose::name(name, Target::Field(entity, field))),
            None => Prose::text(format!("the {name}")),
        }
    }

    pub(super) fn field_name(&self, field: FieldId, scope: Scope) -> String {
        let fields = scope.entity.and_then(|id| self.model.schema.entities.get(id.index()));
        let field = fields.and_then(|entity| entity.fields.get(field.index()));
        field.map_or("?".to_owned(), |field| spaced(&field.name))
    }

    pub(super) fn field_type(&self, field: FieldId, scope: Scope) -> Option<&Type> {
        let entity = self.model.schema.entities.get(scope.entity?.index())?;
        entity.fields.get(field.index()).map(|field| &field.ty)
    }

    /// A name of the rule's own: `the id of room`, `the colleague`.
    fn local(&self, id: LocalId, scope: Scope) -> Prose {
        let Some(local) = scope.frame.locals.get(usize::from(id.0)) else { return Prose::text("?") };
        if let Type::Entity(entity) = local.ty.inner()
            && scope.entity.is_none()
            && scope.frame.locals.iter().filter(|other| other.ty == local.ty).count() == 1
        {
            return self.record(Some(*entity));
        }
        own(&local.name)
    }

    /// What another rule bound.
    fn output(&self, id: OutputId) -> Prose {
        let Some(output) = self.model.outputs.get(id.index()) else { return Prose::text("?") };
        own(&output.path).say(" in the rule ").with(self.rule_name(output.rule))
    }

    /// A rule by its name, leading to it.
    pub fn rule_name(&self, id: RuleId) -> Prose {
        match self.home(id) {
            Some(home) => {
                let name = home.rule.label.as_deref().unwrap_or(&home.rule.name);
                Prose(vec![Piece::Quote(Prose::name(name, Target::Rule(id)))])
            }
            None => Prose::text("?"),
        }
    }

    /// `the group chat`, in front of its id.
    fn identity(&self, ty: &Type) -> Prose {
        match ty.inner() {
            Type::Entity(id) => self.record(Some(*id)),
            Type::Opaque(id) => {
                let label = self.model.schema.opaques.get(id.index()).map_or("?", |opaque| &opaque.label);
                Prose::text("the ").with(Prose::name(words::lower_first(label), Target::Opaque(*id)))
            }
            _ => Prose::text("the"),
        }
    }

    /// A text with its blanks.
    fn template(&self, parts: &[TextPart], scope: Scope) -> Prose {
        let mut out = Prose::new();
        for part in parts {
            match part {
                TextPart::Literal(text) => out.put(text),
                TextPart::Placeholder { value, format, default } => {
                    let mut shown = self.value(value, scope).bare();
                    // What is known beforehand is no blank.
                    if let (ExprKind::Const(_), None, [Piece::Quote(text)]) =
                        (&peeled(value).kind, format, &shown.0[..])
                    {
                        out.push(text.clone());
                        continue;
                    }
                    if let Some(format) = format {
                        shown.put(&self.written_like(value, format));
                    }
                    if let Some(default) = default {
                        shown.put(", or else ");
                        shown.push(self.value(default, scope));
                    }
                    out.0.push(Piece::Blank(shown));
                }
            }
        }
        out
    }

    /// ` as 31.12.2026`: what a format makes of a value of the type.
    fn written_like(&self, value: &Expr, format: &str) -> String {
        let sample = match peeled(value).ty.inner() {
            Type::Int => Value::Int(1234),
            Type::Decimal => Value::Decimal(Decimal::new(12345, 1)),
            Type::Money(currency) => {
                let currency = currency.or(Currency::parse("EUR"));
                match currency {
                    Some(currency) => Value::Money(Money { amount: Decimal::new(12345, 1), currency }),
                    None => return format!(" as `{format}`"),
                }
            }
            Type::Date => Value::Date(NaiveDate::from_ymd_opt(2026, 12, 31).unwrap_or_default()),
            Type::Time => Value::Time(NaiveTime::from_hms_opt(14, 30, 0).unwrap_or_default()),
            Type::DateTime => {
                let day = NaiveDate::from_ymd_opt(2026, 12, 31).unwrap_or_default();
                let at = day.and_hms_opt(14, 30, 0).unwrap_or_default();
                Value::DateTime(DateTime::<Utc>::from_naive_utc_and_offset(at, Utc))
            }
            _ => return format!(" as `{format}`"),
        };
        let printer =
            Printer { schema: &self.model.schema, labels: Labels::default(), tz: Tz::UTC, locale: None };
        let mut shown = String::new();
        match printer.format(&sample, format, &mut shown) {
            Ok(()) => format!(", written like {shown}"),
            Err(_) => format!(", written as {format}"),
        }
    }

    pub(super) fn written_by(&self, value: &Expr, format: &Expr, scope: Scope) -> Prose {
        match &peeled(format).kind {
            ExprKind::Const(Value::Text(format)) => {
                self.value(value, scope).say(&self.written_like(value, format))
            }
            _ => self.value(value, scope).say(", written like ").with(self.value(format, scope)),
        }
    }

    /// A value as it stands in the text: by a constant's name, it leads there.
    fn written(&self, value: &Value, ty: &Type, span: Span, scope: Scope) -> Prose {
        let source = self.source(span);
        if self.constants.contains(source) {
            let shown = self.constant(value, ty, scope);
            return match &shown.0[..] {
                [Piece::Quote(inner)] => {
                    Prose(vec![Piece::Quote(Prose::name(inner.plain(), Target::Constant(source.to_owned())))])
                }
                _ => Prose::name(shown.plain(), Target::Constant(source.to_owned())),
            };
        }
        // In the units in which it was written: two weeks, not 14 days.
        if let Value::Duration(duration) = value
            && duration.total_seconds() > 0
            && source.starts_with(|c: char| c.is_ascii_digit())
            && source.chars().all(|c| c.is_ascii_alphanumeric() || c.is_ascii_whitespace())
        {
            return Prose::text(source.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        self.constant(value, ty, scope)
    }

    fn source(&self, span: Span) -> &str {
        let file = self.sources.files().find(|(id, _)| *id == span.file).map(|(_, file)| file);
        file.and_then(|file| file.text.get(span.range())).unwrap_or_default()
    }

    /// A value that is known beforehand.
    pub fn constant_value(&self, value: &Value, ty: &Type) -> Prose {
        let frame = crate::model::Frame::default();
        self.constant(value, ty, Scope { frame: &frame, entity: None, pipeline: None })
    }

    pub(super) fn constant(&self, value: &Value, ty: &Type, scope: Scope) -> Prose {
        let schema = &self.model.schema;
        match value {
            Value::None => Prose::text("nothing"),
            Value::Bool(yes) => Prose::text(if *yes { "yes" } else { "no" }),
            Value::Int(number) => Prose::text(words::grouped(&number.to_string())),
            Value::Decimal(number) => Prose::text(words::number(*number)),
            Value::Money(money) => Prose::text(words::money(money)),
            Value::Text(text) => match ty.inner() {
                Type::Opaque(_) => self.identity(ty).say(" ").with(Prose::quote(&**text)),
                _ => Prose::quote(&**text),
            },
            Value::Date(date) => Prose::text(words::date(*date)),
            Value::Time(time) => Prose::text(words::time(*time)),
            Value::DateTime(at) => {
                let pipeline = scope.pipeline.and_then(|id| self.model.pipelines.get(id.index()));
                let tz = pipeline.map_or(Tz::UTC, |pipeline| pipeline.timezone);
                let local = time::to_local(*at, tz);
                let zone = if pipeline.is_none() { " UTC" } else { "" };
                Prose::text(format!("{}, {}{zone}", words::date(local.date()), words::time(local.time())))
            }
            Value::Duration(duration) => Prose::text(words::duration(*duration)),
            Value::Enum(position) => match ty.inner() {
                Type::Enum(id) => {
                    let values = schema.enums.get(id.index()).map(|def| &def.values);
                    let value = values.and_then(|values| values.get(usize::from(*position)));
                    let label = value.map_or("?", |value| &value.label);
                    Prose::name(label, Target::Enum(*id))
                }
                _ => Prose::text(format!("value {position}")),
            },
            Value::Stage(id) => self.stage(*id),
            Value::Pipeline(id) => {
                let label = self.model.pipelines.get(id.index()).map_or("?", |pipeline| &pipeline.label);
                Prose::name(label, Target::Pipeline(*id))
            }
            Value::Principal(principal) => match schema.principal_named(&principal.name) {
                Some(declared) => Prose::name(&*declared.label, Target::Principal(principal.name.clone())),
                None => Prose::text(&*principal.name),
            },
            Value::Ref(id) => self.identity(ty).say(" ").with(Prose::quote(&**id)),
            Value::File(file) => Prose::text("the file ").with(Prose::quote(&*file.name)),
            Value::List(items) if items.is_empty() => Prose::text("nothing"),
            Value::List(items) => {
                let element = match ty.inner() {
                    Type::List(element) => element,
                    ty => ty,
                };
                let items = items.iter().map(|item| self.constant(item, element, scope)).collect();
                Prose::listed(items, "and")
            }
        }
    }

    /// `a, b or c`, of a list that is known beforehand.
    pub(super) fn any_of(&self, list: &Value, ty: &Type, scope: Scope) -> Prose {
        let element = match ty.inner() {
            Type::List(element) => element,
            ty => ty,
        };
        match list {
            Value::List(items) => {
                Prose::listed(items.iter().map(|item| self.constant(item, element, scope)).collect(), "or")
            }
            value => self.constant(value, element, scope),
        }
    }

    fn arithmetic(&self, op: ArithOp, args: &[Expr], scope: Scope) -> Prose {
        use ArithOp::*;
        let (Some(left), right) = (args.first(), args.get(1)) else { return Prose::text("nothing") };
        let Some(right) = right else {
            return match op {
                NegInt | NegDecimal | NegMoney | NegDuration => {
                    Prose::text("−").with(self.operand(left, true, scope))
                }
                _ => self.value(left, scope),
            };
        };
        let sign = match op {
            AddInt | AddDecimal | AddMoney | AddDuration => " + ",
            SubInt | SubDecimal | SubMoney | SubDuration => " − ",
            MulInt | MulDecimal | MulMoneyDecimal | MulDecimalMoney | MulDurationInt | MulIntDuration => {
                " × "
            }
            DivDecimal | DivMoneyDecimal | DivMoney | DivDurationDecimal | DivDuration => " ÷ ",
            DateAddTime => {
                return self.value(left, scope).say(" at ").with(self.value(right, scope));
            }
            DateAddDuration | DateAddDays | InstantAddDuration => {
                return self.shifted(left, right, " after ", " from ", scope);
            }
            DateSubDuration | DateSubDays | InstantSubDuration => {
                return self.shifted(left, right, " before ", " before ", scope);
            }
            SubDate | SubInstant => {
                let from = Prose::text("the time from ").with(self.value(right, scope));
                return from.say(" to ").with(self.value(left, scope));
            }
            NegInt | NegDecimal | NegMoney | NegDuration => return self.value(left, scope),
        };
        let tight = matches!(sign, " × " | " ÷ ");
        let left = self.operand(left, tight, scope);
        left.say(sign).with(self.operand(right, tight || sign == " − ", scope))
    }

    /// A part of a longer phrase, in brackets where it would be read wrongly.
    pub(super) fn operand_of(&self, expr: &Expr, scope: Scope) -> Prose {
        match &peeled(expr).kind {
            ExprKind::If { .. } | ExprKind::Default { .. } => {
                Prose::text("(").with(self.value(expr, scope)).say(")")
            }
            _ => self.value(expr, scope),
        }
    }

    /// A part of a sum or a product, in brackets where it would be read wrongly.
    fn operand(&self, expr: &Expr, tight: bool, scope: Scope) -> Prose {
        use ArithOp::*;
        let inner = peeled(expr);
        let loose = match &inner.kind {
            ExprKind::Arith { op, args } if args.len() > 1 => {
                tight
                    && matches!(
                        op,
                        AddInt
                            | SubInt
                            | AddDecimal
                            | SubDecimal
                            | AddMoney
                            | SubMoney
                            | AddDuration
                            | SubDuration
                    )
                    || !matches!(
                        op,
                        AddInt
                            | SubInt
                            | AddDecimal
                            | SubDecimal
                            | AddMoney
                            | SubMoney
                            | AddDuration
                            | SubDuration
                            | MulInt
                            | MulDecimal
                            | MulMoneyDecimal
                            | MulDecimalMoney
                            | MulDurationInt
                            | MulIntDuration
                            | DivDecimal
                            | DivMoneyDecimal
                            | DivMoney
                            | DivDurationDecimal
                            | DivDuration
                    )
                    || tight
                        && matches!(
                            op,
                            DivDecimal | DivMoneyDecimal | DivMoney | DivDurationDecimal | DivDuration
                        )
            }
            ExprKind::If { .. } | ExprKind::Default { .. } => true,
            _ => false,
        };
        match loose {
            true => Prose::text("(").with(self.value(inner, scope)).say(")"),
            false => self.value(inner, scope),
        }
    }

    /// `3 days before the delivery date`, `1 hour from now`, `21 days ago`
    fn shifted(&self, at: &Expr, by: &Expr, word: &str, from_now: &str, scope: Scope) -> Prose {
        let by = self.operand_of(by, scope);
        match (&peeled(at).kind, word) {
            (ExprKind::Now, " before ") => by.say(" ago"),
            (ExprKind::Now | ExprKind::Today, _) => by.say(from_now).with(self.operand_of(at, scope)),
            _ => by.say(word).with(self.operand_of(at, scope)),
        }
    }
}

/// `room.id` as `the id of room`, `colleague` as `the colleague`, `x` as it is.
pub(super) fn own(name: &str) -> Prose {
    match name.split_once('.') {
        Some((of, what)) => Prose::text(format!("the {} of ", spaced(what))).with(Prose::own(spaced(of))),
        None if name.chars().count() == 1 => Prose::own(name),
        None => Prose::text("the ").with(Prose::own(spaced(name))),
    }
}
