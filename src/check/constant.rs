//! Constants: evaluates model expressions that need no record, no event, no clock and no time zone, with the
//! same operations as the machine.

use super::Checker;
use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{Conversion, Expr, ExprKind, FnDef, LocalId, Model, OrderOp, PrincipalField, TextPart};
use crate::schema::{Schema, Type};
use crate::syntax::tree;
use crate::value::call::{self, Env};
use crate::value::functions::Function;
use crate::value::ops::{self, ArithOp};
use crate::value::print::{Labels, Printer};
use crate::value::*;
use std::cmp::Ordering;

/// What to do with something that only the run knows.
pub(super) const NOT_CONSTANT: &str =
    "write a value, such as `5` or `2026-01-31`, or a function instead: `fn name() -> bool = …`";

/// How much work one constant may take.
const MOST_STEPS: u32 = 1_000_000;
/// How deep expressions and calls may be nested: the compiler's stack has room for them.
const MOST_DEPTH: u32 = 400;
/// How large a constant may grow: bytes of text, elements of lists.
const MOST_SIZE: usize = 1 << 20;

/// Why there is no value.
enum Stop {
    /// The expression needs the run.
    NotConstant,
    /// It holds a mistake, which has been reported.
    Mistake,
    Failed(Failure),
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Stop {
        Stop::Failed(failure)
    }
}

type Folded = Result<Value, Stop>;

struct Folder<'c> {
    schema: &'c Schema,
    functions: &'c [FnDef],
    /// Whether the text may come to stand in a pipeline with a locale, so that what prints is not known yet.
    localized: bool,
    steps: u32,
    depth: u32,
}

/// The variables at hand.
type Locals = Vec<Option<Value>>;

impl Checker<'_> {
    /// The type and value of an expression that must be constant. Everything that is wrong is reported.
    pub fn constant(&mut self, e: &tree::Expr, want: Option<&Type>) -> Option<(Type, Value)> {
        let before = self.diagnostics.len();
        let mut scope = Scope { constant: true, ..Scope::default() };
        let expr = self.expr(e, want, &mut scope);
        if expr.ty == Type::Error {
            return None;
        }
        match self.evaluate(&expr, false) {
            Ok(value) => return Some((expr.ty, value)),
            Err(Stop::Failed(failure)) => {
                let message = format!("this cannot be computed: {failure}");
                let help = match failure.to_string().contains("zero") {
                    true => "divide by a number that is not 0",
                    false => "write a smaller value",
                };
                let diagnostic = Diagnostic::new(Code::ConstantFails, e.span, message);
                self.report(diagnostic.label("has no value").help(help));
            }
            Err(Stop::NotConstant) if self.diagnostics.len() == before => self.not_constant(e),
            Err(Stop::NotConstant | Stop::Mistake) => {}
        }
        None
    }

    fn not_constant(&mut self, e: &tree::Expr) {
        let message = "a constant is wanted here, and this is only known when the program runs";
        let label = "needs a record, an event, the clock or a time zone";
        self.report(Diagnostic::new(Code::NotConstant, e.span, message).label(label).help(NOT_CONSTANT));
    }

    /// The value of a constant expression; `None` if it needs the run (or holds a mistake).
    pub fn fold(&self, expr: &Expr) -> Option<Result<Value, Failure>> {
        let localized = self.pipelines.iter().any(|pipeline| pipeline.locale.is_some());
        match self.evaluate(expr, localized) {
            Ok(value) => Some(Ok(value)),
            Err(Stop::Failed(failure)) => Some(Err(failure)),
            Err(Stop::NotConstant | Stop::Mistake) => None,
        }
    }

    /// Whether an expression has a value before the run, or fails before it.
    pub fn is_constant(&self, expr: &Expr) -> bool {
        !matches!(self.evaluate(expr, false), Err(Stop::NotConstant | Stop::Mistake))
    }

    fn evaluate(&self, expr: &Expr, localized: bool) -> Folded {
        evaluate(&self.schema, &self.functions, expr, localized)
    }
}

/// The value of an expression of a checked program that needs no record, no event and no time; `None` of all others, and
/// of what fails.
pub(crate) fn folded(model: &Model, expr: &Expr) -> Option<Value> {
    let localized = model.pipelines.iter().any(|pipeline| pipeline.locale.is_some());
    evaluate(&model.schema, &model.functions, expr, localized).ok()
}

fn evaluate(schema: &Schema, functions: &[FnDef], expr: &Expr, localized: bool) -> Folded {
    let mut folder = Folder { schema, functions, localized, steps: 0, depth: 0 };
    bounded(folder.eval(expr, &mut Locals::new())?)
}

impl Folder<'_> {
    fn eval(&mut self, expr: &Expr, locals: &mut Locals) -> Folded {
        self.steps += 1;
        if self.steps > MOST_STEPS || self.depth >= MOST_DEPTH {
            return Err(too_large("this takes too much work to compute"));
        }
        if expr.ty == Type::Error {
            return Err(Stop::Mistake);
        }
        self.depth += 1;
        let result = self.kind(expr, locals);
        self.depth -= 1;
        result
    }

    // One small function for each group: what is on the stack while operands are evaluated stays small.
    fn kind(&mut self, expr: &Expr, locals: &mut Locals) -> Folded {
        match &expr.kind {
            ExprKind::Const(value) => Ok(value.clone()),
            ExprKind::Local(id) => locals.get(id.0 as usize).cloned().flatten().ok_or(Stop::NotConstant),
            ExprKind::PrincipalField { base, field } => self.principal(base, *field, locals),
            ExprKind::FileName(file) => self.file(file, |f| f.name.clone(), locals),
            ExprKind::FileUrl(file) => self.file(file, |f| f.url.clone(), locals),
            ExprKind::Text(parts) => self.text(parts, locals),
            ExprKind::List(elements) => self.list(elements, locals),
            ExprKind::Not(value) => Ok(Value::Bool(!self.truth(value, locals)?)),
            ExprKind::And(left, right) => {
                Ok(Value::Bool(self.truth(left, locals)? && self.truth(right, locals)?))
            }
            ExprKind::Or(left, right) => {
                Ok(Value::Bool(self.truth(left, locals)? || self.truth(right, locals)?))
            }
            ExprKind::If { condition, then, otherwise } => {
                let branch = if self.truth(condition, locals)? { then } else { otherwise };
                self.eval(branch, locals)
            }
            ExprKind::Equal { left, right, negated } => {
                self.compare(left, right, |a, b| compare::equal(a, b) != *negated, locals)
            }
            ExprKind::EqualIgnoreCase { left, right } => {
                self.compare(left, right, compare::eq_ignore_case, locals)
            }
            ExprKind::In { value, list, negated } => {
                self.compare(value, list, |v, l| compare::is_in(v, l) != *negated, locals)
            }
            ExprKind::ContainsText { text, part, negated } => {
                self.compare(text, part, |t, p| compare::contains(t, p) != *negated, locals)
            }
            ExprKind::StartsWith { text, part } => self.compare(text, part, compare::starts_with, locals),
            ExprKind::EndsWith { text, part } => self.compare(text, part, compare::ends_with, locals),
            ExprKind::Order { op, left, right } => self.order(*op, left, right, locals),
            ExprKind::Between { value, low, high } => self.between(value, low, high, locals),
            ExprKind::Matches { text, regex } => self.matches(text, regex, locals),
            ExprKind::IsSet(value) => Ok(Value::Bool(self.eval(value, locals)? != Value::None)),
            ExprKind::IsEmpty(value) => Ok(Value::Bool(compare::is_empty(&self.eval(value, locals)?))),
            ExprKind::Default { left, right } => match self.eval(left, locals)? {
                Value::None => self.eval(right, locals),
                value => Ok(value),
            },
            ExprKind::Arith { op, args } => self.arith(*op, args, locals),
            ExprKind::Convert { to, value } => {
                let value = self.eval(value, locals)?;
                convert(*to, value)
            }
            ExprKind::Call { function, args } => self.call(*function, args, locals),
            ExprKind::ListOp { function, list, local, body } => {
                self.list_op(*function, list, *local, body, locals)
            }
            ExprKind::CallFn { function, args } => self.call_fn(*function, args, locals),
            ExprKind::Field(_)
            | ExprKind::This
            | ExprKind::RefField { .. }
            | ExprKind::RefExists { .. }
            | ExprKind::Payload(_)
            | ExprKind::EventType
            | ExprKind::EventTime
            | ExprKind::Old(_)
            | ExprKind::Output(_)
            | ExprKind::Now
            | ExprKind::Today
            | ExprKind::Stage
            | ExprKind::Pipeline
            | ExprKind::StageIs { .. } => Err(Stop::NotConstant),
        }
    }

    fn truth(&mut self, expr: &Expr, locals: &mut Locals) -> Result<bool, Stop> {
        match self.eval(expr, locals)? {
            Value::Bool(truth) => Ok(truth),
            _ => Err(Stop::NotConstant),
        }
    }

    fn principal(&mut self, base: &Expr, field: PrincipalField, locals: &mut Locals) -> Folded {
        let principal = match self.eval(base, locals)? {
            Value::Principal(principal) => principal,
            Value::None => return Ok(Value::None),
            _ => return Err(Stop::NotConstant),
        };
        match field {
            PrincipalField::Id => Ok(Value::Text(principal.name)),
            PrincipalField::Name => {
                let declared = self.schema.principal_named(&principal.name);
                Ok(Value::Text(declared.map_or(principal.name, |p| p.label.clone())))
            }
            // The entries of users may need constants themselves.
            _ => Err(Stop::NotConstant),
        }
    }

    fn file(&mut self, file: &Expr, part: fn(&File) -> Text, locals: &mut Locals) -> Folded {
        match self.eval(file, locals)? {
            Value::File(file) => Ok(Value::Text(part(&file))),
            Value::None => Ok(Value::None),
            _ => Err(Stop::NotConstant),
        }
    }

    fn text(&mut self, parts: &[TextPart], locals: &mut Locals) -> Folded {
        let mut text = String::new();
        for part in parts {
            match part {
                TextPart::Literal(literal) => text.push_str(literal),
                TextPart::Placeholder { value, format, default } => {
                    self.placeholder(value, format.as_deref(), default.as_deref(), locals, &mut text)?;
                }
            }
            if text.len() > MOST_SIZE {
                return Err(too_large("this text grows too long"));
            }
        }
        Ok(Value::Text(text.into()))
    }

    fn placeholder(
        &mut self,
        value: &Expr,
        format: Option<&str>,
        default: Option<&Expr>,
        locals: &mut Locals,
        text: &mut String,
    ) -> Result<(), Stop> {
        // Instants print in the time zone of a pipeline.
        if holds_instant(&value.ty) || self.localized && value.ty != Type::Text {
            return Err(Stop::NotConstant);
        }
        let (value, ty) = match (self.eval(value, locals)?, default) {
            (Value::None, Some(default)) => (self.eval(default, locals)?, &default.ty),
            (found, _) => (found, &value.ty),
        };
        let schema = self.schema;
        let printer = Printer { schema, labels: Labels::default(), tz: chrono_tz::Tz::UTC, locale: None };
        match format {
            Some(format) => printer.format(&value, format, text)?,
            None => printer.print(&value, ty, text),
        }
        Ok(())
    }

    fn list(&mut self, elements: &[Expr], locals: &mut Locals) -> Folded {
        let mut values = Vec::with_capacity(elements.len());
        for element in elements {
            values.push(self.eval(element, locals)?);
        }
        bounded(Value::List(values.into()))
    }

    fn compare(
        &mut self,
        left: &Expr,
        right: &Expr,
        holds: impl Fn(&Value, &Value) -> bool,
        locals: &mut Locals,
    ) -> Folded {
        let left = self.eval(left, locals)?;
        let right = self.eval(right, locals)?;
        Ok(Value::Bool(holds(&left, &right)))
    }

    fn order(&mut self, op: OrderOp, left: &Expr, right: &Expr, locals: &mut Locals) -> Folded {
        let left = self.eval(left, locals)?;
        let right = self.eval(right, locals)?;
        let order = compare::compare(&left, &right)?;
        Ok(Value::Bool(match op {
            OrderOp::Less => order == Ordering::Less,
            OrderOp::LessOrEqual => order != Ordering::Greater,
            OrderOp::Greater => order == Ordering::Greater,
            OrderOp::GreaterOrEqual => order != Ordering::Less,
        }))
    }

    fn between(&mut self, value: &Expr, low: &Expr, high: &Expr, locals: &mut Locals) -> Folded {
        let value = self.eval(value, locals)?;
        let low = self.eval(low, locals)?;
        if compare::compare(&low, &value)? == Ordering::Greater {
            return Ok(Value::Bool(false));
        }
        let high = self.eval(high, locals)?;
        Ok(Value::Bool(compare::compare(&value, &high)? != Ordering::Greater))
    }

    fn matches(&mut self, text: &Expr, regex: &str, locals: &mut Locals) -> Folded {
        match (self.eval(text, locals)?, regex::Regex::new(regex)) {
            (Value::Text(text), Ok(regex)) => Ok(Value::Bool(regex.is_match(&text))),
            _ => Err(Stop::NotConstant),
        }
    }

    fn arith(&mut self, op: ArithOp, args: &[Expr], locals: &mut Locals) -> Folded {
        let Some(left) = args.first() else { return Err(Stop::NotConstant) };
        let left = self.eval(left, locals)?;
        let right = match args.get(1) {
            Some(right) => self.eval(right, locals)?,
            None => Value::None,
        };
        let needs_zone = match op {
            ArithOp::DateAddTime | ArithOp::DateAddDuration | ArithOp::DateSubDuration => true,
            ArithOp::InstantAddDuration | ArithOp::InstantSubDuration => {
                matches!(right, Value::Duration(d) if d.days != 0)
            }
            _ => false,
        };
        if needs_zone {
            return Err(Stop::NotConstant);
        }
        Ok(ops::arith(op, &left, &right, chrono_tz::Tz::UTC)?)
    }

    fn call(&mut self, function: Function, args: &[Expr], locals: &mut Locals) -> Folded {
        if !is_timeless(function) || args.iter().any(|a| holds_instant(&a.ty)) {
            return Err(Stop::NotConstant);
        }
        if self.localized && function == Function::Format {
            return Err(Stop::NotConstant);
        }
        let mut values = Vec::with_capacity(args.len());
        for arg in args {
            values.push(self.eval(arg, locals)?);
        }
        let env = Env {
            schema: self.schema,
            tz: chrono_tz::Tz::UTC,
            now: chrono::DateTime::UNIX_EPOCH,
            record_id: "",
            hours: None,
            locale: None,
        };
        bounded(call::call(function, &values, &env)?)
    }

    fn list_op(
        &mut self,
        function: Function,
        list: &Expr,
        local: LocalId,
        body: &Expr,
        locals: &mut Locals,
    ) -> Folded {
        let Value::List(items) = self.eval(list, locals)? else { return Err(Stop::NotConstant) };
        let slot = local.0 as usize;
        if locals.len() <= slot {
            locals.resize(slot + 1, None);
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items.iter() {
            locals[slot] = Some(item.clone());
            let result = self.eval(body, locals)?;
            match (function, &result) {
                (Function::Any, Value::Bool(true)) => return Ok(Value::Bool(true)),
                (Function::All, Value::Bool(false)) => return Ok(Value::Bool(false)),
                _ => results.push(result),
            }
        }
        match function {
            Function::Any => Ok(Value::Bool(false)),
            Function::All => Ok(Value::Bool(true)),
            Function::Map => bounded(Value::List(results.into())),
            Function::Filter => {
                let kept = items.iter().zip(&results).filter(|(_, keep)| **keep == Value::Bool(true));
                Ok(Value::List(kept.map(|(item, _)| item.clone()).collect()))
            }
            Function::Sort => Ok(call::sort_by(&items, &results)?),
            _ => Err(Stop::NotConstant),
        }
    }

    fn call_fn(&mut self, function: FnId, args: &[Expr], locals: &mut Locals) -> Folded {
        let functions = self.functions;
        let Some(declared) = functions.get(function.index()) else { return Err(Stop::NotConstant) };
        let mut frame = Locals::with_capacity(args.len());
        for arg in args {
            frame.push(Some(self.eval(arg, locals)?));
        }
        self.eval(&declared.body, &mut frame)
    }
}

/// A conversion of a value that is known.
fn convert(to: Conversion, value: Value) -> Folded {
    if value == Value::None {
        return match to {
            Conversion::Narrow => {
                Err(Failure::new(FailureCode::NotSet, "a value that should be there is not set").into())
            }
            _ => Ok(Value::None),
        };
    }
    Ok(match (to, value) {
        (Conversion::IntToDecimal, value) => ops::int_to_decimal(&value)?,
        (Conversion::ListIntToDecimal, Value::List(items)) => {
            Value::List(items.iter().map(ops::int_to_decimal).collect::<Result<_, _>>()?)
        }
        (Conversion::ToOptional | Conversion::Narrow | Conversion::Widen, value) => value,
        (Conversion::ToList, value) => Value::List([value].into()),
        (Conversion::TextToEmail, Value::Text(text)) => {
            validate::email(&text)?;
            Value::Text(text)
        }
        (Conversion::TextToPhone, Value::Text(text)) => {
            validate::phone(&text)?;
            Value::Text(text)
        }
        (Conversion::TextToUrl, Value::Text(text)) => {
            validate::url(&text)?;
            Value::Text(text)
        }
        (Conversion::TextToOpaque, value) => value,
        (Conversion::TextToRef, Value::Text(text)) => Value::Ref(text),
        // A day's first moment depends on the time zone.
        _ => return Err(Stop::NotConstant),
    })
}

/// Whether a function depends on its arguments alone (and on no time zone, if they hold no instant).
fn is_timeless(function: Function) -> bool {
    !matches!(
        function,
        Function::Pick
            | Function::IsOpen
            | Function::AddWorkdays
            | Function::AddWorkHours
            | Function::StartOfDay
    )
}

fn holds_instant(ty: &Type) -> bool {
    match ty {
        Type::DateTime => true,
        Type::List(inner) | Type::Optional(inner) => holds_instant(inner),
        _ => false,
    }
}

fn too_large(message: &str) -> Stop {
    Stop::Failed(Failure::new(FailureCode::TooLarge, message))
}

/// The value, if it has not grown beyond all measure.
fn bounded(value: Value) -> Folded {
    let mut left = MOST_SIZE;
    if fits(&value, &mut left) { Ok(value) } else { Err(too_large("this value grows too large")) }
}

fn fits(value: &Value, left: &mut usize) -> bool {
    let size = match value {
        Value::Text(text) => text.len().max(1),
        Value::List(items) => return items.iter().all(|item| fits(item, left)),
        _ => 1,
    };
    match left.checked_sub(size) {
        Some(rest) => *left = rest,
        None => return false,
    }
    true
}
