//! The tree as indented text, for tests and for the curious: one line for each declaration, clause and
//! statement, expressions with all their parentheses.

use super::tree::*;
use std::fmt::{self, Write};

/// Writes the tree of a file.
pub fn dump(file: &File) -> String {
    let mut out = Dump { text: String::new(), level: 0 };
    for item in &file.items {
        out.item(item);
    }
    out.text
}

struct Dump {
    text: String,
    level: usize,
}

impl Dump {
    fn line(&mut self, line: impl fmt::Display) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{:indent$}{line}", "", indent = self.level * 2);
    }

    fn inside(&mut self, write: impl FnOnce(&mut Self)) {
        self.level += 1;
        write(self);
        self.level -= 1;
    }

    fn doc(&mut self, doc: &Option<std::sync::Arc<str>>) {
        for line in doc.iter().flat_map(|d| d.lines()) {
            self.line(format_args!("## {line}"));
        }
    }

    fn item(&mut self, item: &Item) {
        self.doc(&item.doc);
        match &item.kind {
            ItemKind::UseLibrary(name) => self.line(format_args!("use {}", name.text)),
            ItemKind::UseFile(path) => self.line(format_args!("use {:?}", path.text)),
            ItemKind::Currency(name) => self.line(format_args!("currency {}", name.text)),
            ItemKind::Rates { base, rates } => {
                self.line(format_args!("rates {}", base.text));
                self.inside(|d| {
                    for (name, rate) in rates {
                        d.line(format_args!("{}: {}", name.text, rate.value));
                    }
                });
            }
            ItemKind::Entity(e) => {
                self.line(format_args!("entity {}{}", e.name.text, label(&e.label)));
                self.inside(|d| d.fields(&e.fields));
            }
            ItemKind::Extend { entity, fields } => {
                self.line(format_args!("extend {}", entity.text));
                self.inside(|d| d.fields(fields));
            }
            ItemKind::Enum { name, values } => {
                self.line(format_args!("enum {}", name.text));
                self.inside(|d| {
                    for value in values {
                        d.doc(&value.doc);
                        d.line(format_args!("{}{}", value.name.text, label(&value.label)));
                    }
                });
            }
            ItemKind::Opaque { name, label: l } => self.line(format_args!("type {}{}", name.text, label(l))),
            ItemKind::Event(e) => {
                let parent = e.parent.as_ref().map_or(String::new(), |p| format!(" is {}", p.text()));
                let on: Vec<&str> = e.on.iter().map(|n| &*n.text).collect();
                let on = if on.is_empty() { String::new() } else { format!(" on {}", on.join(", ")) };
                self.line(format_args!("event {}{}{parent}{on}", e.name.text(), label(&e.label)));
                self.inside(|d| d.fields(&e.payload));
            }
            ItemKind::Action(a) => {
                self.line(format_args!("action {}{}", a.name.text(), label(&a.label)));
                self.inside(|d| d.fields(&a.params));
                if !a.outputs.is_empty() {
                    self.line("->");
                    self.inside(|d| d.fields(&a.outputs));
                }
            }
            ItemKind::Principal(p) => {
                let kind = match p.kind {
                    PrincipalKind::User => "user",
                    PrincipalKind::Department => "department",
                    PrincipalKind::Role => "role",
                };
                self.line(format_args!("{kind} {}{}", p.name.text, label(&p.label)));
                self.inside(|d| {
                    for entry in &p.entries {
                        let value = match &entry.value {
                            PrincipalValue::Expr(e) => expr(e),
                            PrincipalValue::Dates(dates) => spans(dates),
                        };
                        d.line(format_args!("{}: {value}", entry.name.text));
                    }
                });
            }
            ItemKind::Calendar(c) => {
                self.line(format_args!("calendar {}{}", c.name.text, label(&c.label)));
                self.inside(|d| {
                    for entry in &c.entries {
                        match entry {
                            CalendarEntry::Timezone(zone) => d.line(format_args!("timezone {:?}", zone.text)),
                            CalendarEntry::Closed { dates, .. } => {
                                d.line(format_args!("closed {}", spans(dates)));
                            }
                            CalendarEntry::Open { days, hours, .. } => {
                                let days: Vec<_> =
                                    days.iter().map(|s| format!("{}..{}", s.from, s.to)).collect();
                                let hours: Vec<_> =
                                    hours.iter().map(|h| format!("{}-{}", h.from, h.to)).collect();
                                d.line(format_args!("days {} {}", days.join(", "), hours.join(", ")));
                            }
                        }
                    }
                });
            }
            ItemKind::Const { name, value } => {
                self.line(format_args!("const {} = {}", name.text, expr(value)))
            }
            ItemKind::Fn(f) => {
                let params: Vec<_> = f.params.iter().map(|(n, t)| format!("{}: {}", n.text, ty(t))).collect();
                self.line(format_args!("fn {}({}) -> {}", f.name.text, params.join(", "), ty(&f.result)));
                self.inside(|d| d.line(expr(&f.body)));
            }
            ItemKind::Pipeline(p) => self.pipeline(p),
            ItemKind::Test(t) => {
                self.line(format_args!("test {:?}", t.name.text));
                self.inside(|d| t.steps.iter().for_each(|s| d.step(s)));
            }
        }
    }

    fn fields(&mut self, fields: &[Field]) {
        for field in fields {
            self.doc(&field.doc);
            let mut line = format!("{}: {}", field.name.text, ty(&field.ty));
            for limit in &field.limits {
                line += &match limit {
                    Limit::Min(e, _) => format!(" min {}", expr(e)),
                    Limit::Max(e, _) => format!(" max {}", expr(e)),
                    Limit::Matches(regex, _) => format!(" matches /{}/", regex.text),
                };
            }
            if let Some(default) = &field.default {
                line += &format!(" = {}", expr(default));
            }
            self.line(line);
        }
    }

    // --- pipelines ---------------------------------------------------------------------------------

    fn pipeline(&mut self, pipeline: &Pipeline) {
        let Pipeline { name, label: l, entity, settings, members } = pipeline;
        self.line(format_args!("pipeline {}{} for {}", name.text, label(l), entity.text));
        self.inside(|d| {
            for setting in settings {
                let value = match &setting.value {
                    SettingValue::Text(text) => format!("{:?}", text.text),
                    SettingValue::Name(name) => name.text.to_string(),
                };
                d.line(format_args!("{} {value}", setting.name.text));
            }
            for member in members {
                match member {
                    PipelineMember::Stage(stage) => d.stage(stage),
                    PipelineMember::Rule(rule) => d.rule(rule),
                }
            }
        });
    }

    fn stage(&mut self, stage: &Stage) {
        self.doc(&stage.doc);
        let kind = match stage.kind {
            StageKind::Normal => "",
            StageKind::Success => "success ",
            StageKind::Failure => "failure ",
        };
        self.line(format_args!("{kind}stage {}{}", stage.name.text, label(&stage.label)));
        self.inside(|d| {
            for member in &stage.members {
                match member {
                    StageMember::Trigger(trigger) => d.trigger(trigger),
                    StageMember::Rule(rule) => d.rule(rule),
                }
            }
        });
    }

    fn trigger(&mut self, trigger: &Trigger) {
        self.doc(&trigger.doc);
        let disabled = if trigger.disabled.is_some() { "disabled " } else { "" };
        self.line(format_args!("{disabled}trigger{}", label(&trigger.label)));
        self.inside(|d| {
            d.line(format_args!("on {}", patterns(&trigger.events)));
            if let Some(condition) = &trigger.when {
                d.line(format_args!("when {}", expr(condition)));
            }
            if trigger.backward.is_some() {
                d.line("allow backward");
            }
            if let Some(actor) = &trigger.actor {
                d.line(format_args!("as {}", actor.text()));
            }
        });
    }

    fn rule(&mut self, rule: &Rule) {
        self.doc(&rule.doc);
        let disabled = if rule.disabled.is_some() { "disabled " } else { "" };
        let then = if rule.then.is_some() { "then " } else { "" };
        self.line(format_args!("{disabled}{then}rule {}{}", rule.name.text, label(&rule.label)));
        self.inside(|d| {
            for clause in &rule.clauses {
                match &clause.kind {
                    ClauseKind::On(events) => d.line(format_args!("on {}", patterns(events))),
                    ClauseKind::After(e) => d.line(format_args!("after {}", expr(e))),
                    ClauseKind::At { instant, else_skip } => {
                        let skip = if else_skip.is_some() { " else skip" } else { "" };
                        d.line(format_args!("at {}{skip}", expr(instant)));
                    }
                    ClauseKind::During(During::Calendar(name)) => {
                        d.line(format_args!("during {}", name.text))
                    }
                    ClauseKind::During(During::HoursOf(e)) => {
                        d.line(format_args!("during hours of {}", expr(e)))
                    }
                    ClauseKind::When(e) => d.line(format_args!("when {}", expr(e))),
                    ClauseKind::Once => d.line("once"),
                    ClauseKind::Overlap(mode) => {
                        d.line(format_args!("overlap {}", format!("{mode:?}").to_lowercase()));
                    }
                    ClauseKind::Detached => d.line("detached"),
                }
            }
            d.block(&rule.body);
        });
    }

    // --- statements --------------------------------------------------------------------------------

    fn block(&mut self, block: &Block) {
        self.line("{");
        self.inside(|d| block.statements.iter().for_each(|s| d.statement(s)));
        self.line("}");
    }

    fn statement(&mut self, statement: &Stmt) {
        match &statement.kind {
            StmtKind::Action(call) => self.call("", call),
            StmtKind::LetAction { name, call, at_most, otherwise } => {
                self.call(&format!("let {} = ", name.text), call);
                self.inside(|d| d.limits(at_most, otherwise));
            }
            StmtKind::Let { name, value } => self.line(format_args!("let {} = {}", name.text, expr(value))),
            StmtKind::Set(changes) => {
                let changes: Vec<_> =
                    changes.iter().map(|a| format!("{} = {}", a.field.text, expr(&a.value))).collect();
                self.line(format_args!("set {}", changes.join(", ")));
            }
            StmtKind::Move(MoveTarget::Stage(path)) => self.line(format_args!("move to {}", path.text())),
            StmtKind::Move(MoveTarget::Hole(_)) => self.line("move to ?"),
            StmtKind::If { branches, otherwise } => {
                for (n, (condition, block)) in branches.iter().enumerate() {
                    let word = if n == 0 { "if" } else { "else if" };
                    self.line(format_args!("{word} {}", expr(condition)));
                    self.block(block);
                }
                if let Some(block) = otherwise {
                    self.line("else");
                    self.block(block);
                }
            }
            StmtKind::For { name, list, body } => {
                self.line(format_args!("for {} in {}", name.text, expr(list)));
                self.block(body);
            }
            StmtKind::Wait(e) => self.line(format_args!("wait {}", expr(e))),
            StmtKind::WaitUntil(e) => self.line(format_args!("wait until {}", expr(e))),
            StmtKind::WaitFor { events, when, at_most, otherwise } => {
                self.line(format_args!("wait for {}", patterns(events)));
                self.inside(|d| {
                    if let Some(when) = when {
                        d.line(format_args!("when {}", expr(when)));
                    }
                    d.limits(at_most, otherwise);
                });
            }
            StmtKind::Stop => self.line("stop"),
        }
    }

    fn limits(&mut self, at_most: &Option<Expr>, otherwise: &Option<Block>) {
        if let Some(at_most) = at_most {
            self.line(format_args!("at most {}", expr(at_most)));
        }
        if let Some(block) = otherwise {
            self.line("else");
            self.block(block);
        }
    }

    fn call(&mut self, before: &str, call: &ActionCall) {
        self.line(format_args!("{before}{}", call.name.text()));
        self.inside(|d| d.args(&call.params));
    }

    fn args(&mut self, args: &[Arg]) {
        for arg in args {
            self.line(format_args!("{}: {}", arg.name.text, expr(&arg.value)));
        }
    }

    fn step(&mut self, step: &Step) {
        let args = match &step.kind {
            StepKind::Given { entity, id, fields } => {
                self.line(format_args!("given {} {:?}", entity.text, id.text));
                fields.as_slice()
            }
            StepKind::At(e) => {
                self.line(format_args!("at {}", expr(e)));
                &[]
            }
            StepKind::Wait(e) => {
                self.line(format_args!("wait {}", expr(e)));
                &[]
            }
            StepKind::Send { event, payload, to } => {
                self.line(format_args!("send {} to {:?}", event.text(), to.text));
                payload
            }
            StepKind::ReplyWith { action, outputs } => {
                self.line(format_args!("reply to {}", action.text()));
                outputs
            }
            StepKind::ReplyFails { action, reason } => {
                self.line(format_args!("reply to {} fails {:?}", action.text(), reason.text));
                &[]
            }
            StepKind::ExpectField { field, of, op, value } => {
                let test = match op {
                    ExpectOp::Binary(op) => format!("{} {}", symbol(*op), expr(value)),
                    ExpectOp::Is(test) => test_words(*test).to_owned(),
                };
                self.line(format_args!("expect {} of {:?} {test}", field.text, of.text));
                &[]
            }
            StepKind::ExpectAction { no, count, action, params } => {
                let no = if no.is_some() { "no " } else { "" };
                let count = count.map_or(String::new(), |c| format!("{c} "));
                self.line(format_args!("expect {no}{count}{}", action.text()));
                params
            }
        };
        self.inside(|d| d.args(args));
    }
}

fn label(label: &Option<Str>) -> String {
    label.as_ref().map_or(String::new(), |l| format!(" {:?}", l.text))
}

fn spans(dates: &[DateSpan]) -> String {
    dates.iter().map(|s| format!("{}..{}", s.from, s.to)).collect::<Vec<_>>().join(", ")
}

fn ty(t: &TypeExpr) -> String {
    match &t.kind {
        TypeKind::Name(name) => name.text.to_string(),
        TypeKind::MoneyIn(code) => format!("money in {}", code.text),
        TypeKind::Enum(values) => {
            let values: Vec<_> =
                values.iter().map(|v| format!("{}{}", v.name.text, label(&v.label))).collect();
            format!("enum {{ {} }}", values.join(", "))
        }
        TypeKind::ListOf(inner) => format!("list of {}", ty(inner)),
        TypeKind::Optional(inner) => format!("({})?", ty(inner)),
    }
}

fn patterns(events: &[EventPattern]) -> String {
    events.iter().map(pattern).collect::<Vec<_>>().join(" or ")
}

fn pattern(event: &EventPattern) -> String {
    let side = |word: &str, value: &Option<Expr>| {
        value.as_ref().map_or(String::new(), |v| format!(" {word} {}", expr(v)))
    };
    match &event.kind {
        EventPatternKind::Named(event) => named(event),
        EventPatternKind::Change { fields, from, to } => {
            let fields: Vec<&str> = fields.iter().map(|f| &*f.text).collect();
            format!("change of {}{}{}", fields.join(", "), side("from", from), side("to", to))
        }
        EventPatternKind::AnyChange => "any change".into(),
        EventPatternKind::Count { count, event, within, .. } => {
            format!("{count} {} within {}", named(event), expr(within))
        }
        EventPatternKind::Absence { event, period } => format!("no {} for {}", named(event), expr(period)),
        EventPatternKind::Hole => "?".into(),
    }
}

fn named(event: &NamedEvent) -> String {
    let settings: Vec<_> =
        event.settings.iter().map(|a| format!("{}: {}", a.name.text, expr(&a.value))).collect();
    if settings.is_empty() {
        event.name.text()
    } else {
        format!("{}({})", event.name.text(), settings.join(", "))
    }
}

/// An expression on one line; every operator in parentheses, those that the author wrote in `( )!`.
pub fn expr(e: &Expr) -> String {
    match &*e.kind {
        ExprKind::Literal(l) => literal(l),
        ExprKind::Text(text) => text_lit(text),
        ExprKind::List(items) => format!("[{}]", items.iter().map(expr).collect::<Vec<_>>().join(", ")),
        ExprKind::Name(name) => name.text.to_string(),
        ExprKind::Member { base, name } => format!("{}.{}", expr(base), name.text),
        ExprKind::Call { name, args } => format!("{}({})", name.text, call_args(args)),
        ExprKind::MethodCall { base, name, args } => {
            format!("{}.{}({})", expr(base), name.text, call_args(args))
        }
        ExprKind::Not(e) => format!("(not {})", expr(e)),
        ExprKind::Neg(e) => format!("(-{})", expr(e)),
        ExprKind::Binary { op, left, right, .. } => {
            format!("({} {} {})", expr(left), symbol(*op), expr(right))
        }
        ExprKind::Between { value, low, high } => {
            format!("({} between {} and {})", expr(value), expr(low), expr(high))
        }
        ExprKind::Matches { value, regex } => format!("({} matches /{}/)", expr(value), regex.text),
        ExprKind::Is { value, test, .. } => format!("({} {})", expr(value), test_words(*test)),
        ExprKind::If { condition, then, otherwise } => {
            format!("(if {} then {} else {})", expr(condition), expr(then), expr(otherwise))
        }
        ExprKind::Paren(e) => format!("({})!", expr(e)),
        ExprKind::Hole => "?".into(),
        ExprKind::Error => "<error>".into(),
    }
}

fn call_args(args: &[CallArg]) -> String {
    let args: Vec<_> = args
        .iter()
        .map(|arg| {
            let name = arg.name.as_ref().map_or(String::new(), |n| format!("{}: ", n.text));
            match &arg.value {
                ArgValue::Expr(e) => format!("{name}{}", expr(e)),
                ArgValue::Lambda { param, body } => format!("{name}{} => {}", param.text, expr(body)),
            }
        })
        .collect();
    args.join(", ")
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Int(n) => n.to_string(),
        Literal::Decimal(d) => d.to_string(),
        Literal::Money { amount, currency, .. } => format!("{amount} {currency}"),
        Literal::Duration { days, seconds } => format!("<{days} days {seconds} seconds>"),
        Literal::Date(date) => date.to_string(),
        Literal::Time(time) => time.to_string(),
        Literal::LocalDateTime(at) => at.format("%Y-%m-%dT%H:%M:%S%.f").to_string(),
        Literal::Instant(at) => at.format("%Y-%m-%dT%H:%M:%S%.fZ").to_string(),
        Literal::Bool(b) => b.to_string(),
        Literal::None => "none".into(),
    }
}

fn text_lit(text: &TextLit) -> String {
    let mut out = String::from("\"");
    for part in &text.parts {
        match part {
            TextPart::Literal { text, .. } => {
                for c in text.chars() {
                    match c {
                        '"' | '\\' | '{' | '}' => out.extend(['\\', c]),
                        '\n' => out.push_str("\\n"),
                        c => out.push(c),
                    }
                }
            }
            TextPart::Placeholder { value, format, .. } => {
                out.push('{');
                out.push_str(&expr(value));
                if let Some(format) = format {
                    let _ = write!(out, ": {:?}", format.text);
                }
                out.push('}');
            }
        }
    }
    out.push('"');
    out
}

fn symbol(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Or => "or",
        BinaryOp::And => "and",
        BinaryOp::Eq => "==",
        BinaryOp::Ne => "!=",
        BinaryOp::Lt => "<",
        BinaryOp::Le => "<=",
        BinaryOp::Gt => ">",
        BinaryOp::Ge => ">=",
        BinaryOp::EqIgnoreCase => "~=",
        BinaryOp::In => "in",
        BinaryOp::NotIn => "not in",
        BinaryOp::Contains => "contains",
        BinaryOp::NotContains => "not contains",
        BinaryOp::StartsWith => "starts with",
        BinaryOp::EndsWith => "ends with",
        BinaryOp::Default => "??",
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
    }
}

fn test_words(test: IsTest) -> &'static str {
    match test {
        IsTest::Set => "is set",
        IsTest::NotSet => "is not set",
        IsTest::Empty => "is empty",
        IsTest::NotEmpty => "is not empty",
        IsTest::Success => "is success",
        IsTest::Failure => "is failure",
        IsTest::Final => "is final",
        IsTest::NotSuccess => "is not success",
        IsTest::NotFailure => "is not failure",
        IsTest::NotFinal => "is not final",
    }
}
