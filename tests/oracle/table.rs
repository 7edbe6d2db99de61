//! Tables of expressions: three columns, `expression | record | value`, in `tests/expressions/*.txt`.
//!
//! The record is a name of `records.json`, fields as JSON that differ from it, or both; left out it is that of
//! the last `% record`. The value is as a placeholder prints it; `none`, `""` for an empty text, `! code` for a
//! failure, `refused E0301` for what the checker does not take. A line that begins with `%` holds for the rows
//! below it:
//!
//! - `% in Sales`, `% record full`, `% now 2026-03-02T10:00:00Z`
//! - `% event form.submitted {…}`: the expression stands in a rule on that event, with that payload
//! - `% on form.submitted or note.added`: what the rule listens to, where it is not just that event
//! - `% change {…}`: in a rule on any change, these fields having been so before
//! - `% alone`: no event
//!
//! Each expression is checked, lowered, saved, loaded and run by the machine, and evaluated by the plain
//! evaluator. Both must come to what the column says.

use crate::compile::{Compiled, compile};
use crate::evaluator::{Evaluator, Labelled};
use crate::fits::fits;
use crate::interpreter::{self, Step};
use crate::world::{Fixture, World};
use stagegate::model::{Rule, StmtKind};
use stagegate::schema::Type;
use stagegate::value::Value;

const PROGRAM: &str = include_str!("../expressions/fixture.rules");

/// One row with what holds for it.
#[derive(Debug, Clone)]
pub struct Row {
    /// File and line.
    pub place: String,
    pub expression: String,
    pub record: String,
    pub fields: serde_json::Value,
    pub expected: String,
    pub setting: Setting,
}

#[derive(Debug, Clone)]
pub struct Setting {
    pub pipeline: String,
    pub record: String,
    pub now: String,
    pub event: Option<(String, serde_json::Value)>,
    pub on: Option<String>,
    pub change: Option<serde_json::Value>,
}

impl Default for Setting {
    fn default() -> Self {
        Setting {
            pipeline: "Sales".into(),
            record: "full".into(),
            now: "2026-03-02T10:00:00Z".into(),
            event: None,
            on: None,
            change: None,
        }
    }
}

pub fn read(name: &str, text: &str) -> Vec<Row> {
    let mut setting = Setting::default();
    let mut rows = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = format!("{name}:{}", number + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(directive) = line.strip_prefix("% ") {
            direct(&mut setting, directive, &place);
            continue;
        }
        let columns: Vec<&str> = line.split(" | ").map(str::trim).collect();
        let (expression, record, expected) = match columns.as_slice() {
            [expression, expected] => (*expression, "", *expected),
            [expression, record, expected] => (*expression, *record, *expected),
            _ => panic!("{place}: a row has two or three columns"),
        };
        let (record, fields) = match record.find('{') {
            Some(at) => (record[..at].trim(), parse(&record[at..], &place)),
            None => (record, serde_json::Value::Null),
        };
        let record = if record.is_empty() { setting.record.clone() } else { record.to_owned() };
        let expression = expression.to_owned();
        let (expected, setting) = (expected.to_owned(), setting.clone());
        rows.push(Row { place, expression, record, fields, expected, setting });
    }
    rows
}

fn direct(setting: &mut Setting, directive: &str, place: &str) {
    let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
    let rest = rest.trim();
    match word {
        "in" => setting.pipeline = rest.into(),
        "record" => setting.record = rest.into(),
        "now" => setting.now = rest.into(),
        "event" => {
            let (name, payload) = rest.split_once(' ').unwrap_or((rest, "{}"));
            setting.event = Some((name.into(), parse(payload, place)));
            (setting.change, setting.on) = (None, None);
        }
        "on" => setting.on = Some(rest.into()),
        "change" => {
            setting.change = Some(parse(rest, place));
            (setting.event, setting.on) = (None, None);
        }
        "alone" => (setting.event, setting.on, setting.change) = (None, None, None),
        other => panic!("{place}: `% {other}` means nothing"),
    }
}

fn parse(json: &str, place: &str) -> serde_json::Value {
    serde_json::from_str(json).unwrap_or_else(|e| panic!("{place}: {json}: {e}"))
}

/// Runs all rows; gives what is wrong with them.
pub fn run(mut rows: Vec<Row>) -> Vec<String> {
    let mut wrong = Vec::new();
    // Where something cannot be read, the checker is silent about names that might stand there.
    for prefix in ["refused E01", "refused"] {
        let refused: Vec<Row> = rows.extract_if(.., |row| row.expected.starts_with(prefix)).collect();
        let (text, lines) = program(&refused.iter().collect::<Vec<_>>());
        let codes = compile(&text).err().map_or_else(Vec::new, |refused| refused.places);
        for (row, line) in refused.iter().zip(lines) {
            let wanted = row.expected.trim_start_matches("refused").trim();
            let mut codes = codes.iter().filter(|(at, _)| *at == line).map(|(_, code)| code).peekable();
            if codes.peek().is_none() {
                wrong.push(format!("{}: `{}` is taken", row.place, row.expression));
            } else if !codes.clone().any(|code| code.starts_with(wanted)) {
                let codes: Vec<_> = codes.collect();
                wrong.push(format!("{}: `{}` is refused with {codes:?}", row.place, row.expression));
            }
        }
    }
    // All in one program; rows that the checker takes against its will are told one by one.
    loop {
        let (text, lines) = program(&rows.iter().collect::<Vec<_>>());
        match compile(&text) {
            Ok(compiled) => {
                run_compiled(&compiled, &rows, &mut wrong);
                return wrong;
            }
            Err(refused) => {
                let bad = |at: usize| refused.places.iter().any(|(line, _)| *line == lines[at]);
                let alone: Vec<Row> =
                    (0..rows.len()).filter(|at| bad(*at)).map(|at| rows[at].clone()).collect();
                if alone.is_empty() {
                    wrong.push(format!("the fixture is refused:\n{}", refused.shown));
                    return wrong;
                }
                for row in &alone {
                    let shown = compile(&program(&[row]).0).err().map_or_else(String::new, |r| r.shown);
                    wrong.push(format!("{}: `{}` is refused:\n{shown}", row.place, row.expression));
                }
                rows.retain(|row| {
                    !alone.iter().any(|r| r.place == row.place && r.expression == row.expression)
                });
            }
        }
    }
}

/// The fixture with one rule for each row, and the line of each.
fn program(rows: &[&Row]) -> (String, Vec<usize>) {
    let mut text = String::new();
    let mut lines = vec![0; rows.len()];
    for line in PROGRAM.lines() {
        text.push_str(line);
        text.push('\n');
        let Some(pipeline) = line.trim().strip_prefix("# in ") else { continue };
        for (at, row) in rows.iter().enumerate().filter(|(_, row)| row.setting.pipeline == pipeline) {
            let on = match (&row.setting.on, &row.setting.event, &row.setting.change) {
                (Some(on), ..) => format!(" on {on}"),
                (None, Some((event, _)), _) => format!(" on {event}"),
                (None, None, Some(_)) => " on any change".to_owned(),
                (None, None, None) => String::new(),
            };
            lines[at] = text.lines().count() + 1;
            text.push_str(&format!("rule r{at}{on} {{ let x = {} }}\n", row.expression));
        }
        // What a rule binds is seen from outside only if another reads it.
        let here = rows.iter().enumerate().filter(|(_, row)| row.setting.pipeline == pipeline);
        let readers: String = here.map(|(at, _)| format!(" let y{at} = r{at}.x")).collect();
        text.push_str(&format!("rule reader {{{readers} }}\n"));
    }
    (text, lines)
}

fn run_compiled(of: &Compiled, rows: &[Row], wrong: &mut Vec<String>) {
    let fixture = Fixture::load();
    let labels = Labelled::of(&of.model);
    for (at, row) in rows.iter().enumerate() {
        let rule = rule(of, &format!("r{at}"));
        let world = world(of, &fixture, row);
        let mut walked = world.clone();
        let steps = interpreter::walk(of, &labels, rule, &mut walked, &|_| false);
        let StmtKind::Let { value, .. } = &rule.body.statements[0].kind else { panic!("no let") };
        let shown = show(of, &labels, &world, &steps, &value.ty);
        let mut complain = |what: &str| wrong.push(format!("{}: `{}` {what}", row.place, row.expression));
        if shown != row.expected {
            complain(&format!("should be `{}` and is `{shown}`", row.expected));
        }
        if let Some(Step::Publish(_, v)) = steps.first()
            && !fits(v, &value.ty, &of.model.schema, of.model.stages.len())
        {
            complain(&format!("is {v:?}, which is none of its type {:?}", value.ty));
        }
        let mut run = world.clone();
        let by_machine = interpreter::run(of, of.machine.program().rule(rule.id).body, &mut run, &|_| false);
        if by_machine != steps {
            complain(&format!("is\n   {by_machine:?} by the machine and\n   {steps:?} by the evaluator"));
        }
    }
}

pub fn rule<'a>(of: &'a Compiled, name: &str) -> &'a Rule {
    let rule = of.model.stages.iter().flat_map(|s| &s.rules).find(|r| &*r.name == name);
    rule.unwrap_or_else(|| panic!("no rule `{name}`"))
}

fn world(of: &Compiled, fixture: &Fixture, row: &Row) -> World {
    let setting = &row.setting;
    let mut world = fixture.world(of, &setting.pipeline, &row.record, &row.fields);
    world.now = setting.now.parse().unwrap_or_else(|e| panic!("{}: {}: {e}", row.place, setting.now));
    if let Some((event, payload)) = &setting.event {
        world.event = Some(fixture.event(of, event, payload));
    }
    if let Some(before) = &setting.change {
        world.old = Some(fixture.world(of, &setting.pipeline, &row.record, before).record);
        world.event = Some(crate::world::Happened {
            event: None,
            name: "deal.updated".into(),
            time: world.now,
            payload: Vec::new(),
        });
    }
    world
}

fn show(of: &Compiled, labels: &Labelled, world: &World, steps: &[Step], ty: &Type) -> String {
    match steps {
        [Step::Publish(_, value), Step::Done] => match value {
            Value::None => "none".into(),
            value => {
                let printed = world.with(|at| Evaluator::new(&of.model, labels, at).printed(value, ty));
                if printed.is_empty() { "\"\"".into() } else { printed.trim().to_owned() }
            }
        },
        [Step::Failed(code)] => format!("! {}", code.id()),
        other => format!("{other:?}"),
    }
}

// --- the examples of the functions ---------------------------------------------------------------

/// The rows of the table of built-in functions: each example as it stands, and in the other forms.
pub fn examples() -> Vec<Row> {
    use stagegate::value::functions::{self, SlotKind};
    let setting = Setting { pipeline: "Zulu".into(), ..Setting::default() };
    let mut rows = Vec::new();
    for function in functions::all() {
        for (example, expected) in function.entry().examples {
            let mut expressions = vec![(*example).to_owned()];
            if function.slots()[0].kind == SlotKind::Value {
                expressions.extend(other_forms(function.name(), example));
            }
            for expression in expressions {
                rows.push(Row {
                    place: format!("functions, {}", function.name()),
                    expression,
                    record: "full".into(),
                    fields: serde_json::Value::Null,
                    expected: (*expected).to_owned(),
                    setting: setting.clone(),
                });
            }
        }
    }
    rows
}

/// `len("a")` as `("a").len()` and `("a").len`; `left("a", 1)` as `("a").left(1)`.
fn other_forms(name: &str, example: &str) -> Vec<String> {
    let args = example.strip_prefix(name).and_then(|rest| rest.strip_prefix('('));
    let Some(args) = args.and_then(|args| args.strip_suffix(')')) else { return Vec::new() };
    let (mut depth, mut quoted, mut comma) = (0, false, None);
    for (at, c) in args.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' | '[' if !quoted => depth += 1,
            ')' | ']' if !quoted => depth -= 1,
            ',' if !quoted && depth == 0 && comma.is_none() => comma = Some(at),
            _ => {}
        }
        if depth < 0 {
            return Vec::new();
        }
    }
    match comma {
        None => vec![format!("({args}).{name}()"), format!("({args}).{name}")],
        Some(at) => vec![format!("({}).{name}({})", &args[..at], args[at + 1..].trim())],
    }
}
