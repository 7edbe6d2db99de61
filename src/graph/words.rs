//! What is written on stages, rules and arrows: the same in every format.

use super::{Arrow, Cause, CauseKind, From, Graph, Passage, Pipeline, Rule, Stage, Stay, Warning};
use crate::syntax::tree::StageKind;

/// One line on an arrow, a stage or a rule, and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// What its author called it.
    Title(String),
    Event(String),
    When(String),
    Note(String),
    Count(String),
    Warning(String),
}

impl Line {
    pub fn text(&self) -> &str {
        match self {
            Line::Title(text)
            | Line::Event(text)
            | Line::When(text)
            | Line::Note(text)
            | Line::Count(text)
            | Line::Warning(text) => text,
        }
    }
}

/// The lines of a trigger, or of a rule that moves.
pub fn cause(cause: &Cause) -> Vec<Line> {
    let mut lines: Vec<Line> = cause.label.iter().cloned().map(Line::Title).collect();
    match &cause.kind {
        CauseKind::Trigger => lines.push(Line::Event(format!("on {}", cause.events.join(" or ")))),
        CauseKind::Rule(name) => {
            lines.push(Line::Event(format!("by rule {name}")));
            lines.extend(cause.events.iter().cloned().map(Line::Event));
        }
    }
    lines.extend(cause.when.iter().map(|when| Line::When(format!("when {when}"))));
    if cause.disabled {
        lines.push(Line::Note("switched off".into()));
    }
    lines.extend(cause.passage.iter().map(|p| Line::Count(passage(p))));
    lines.extend(warnings(&cause.warnings));
    lines
}

/// The lines of a rule.
pub fn rule(rule: &Rule) -> Vec<Line> {
    let title = rule.label.clone().unwrap_or_else(|| rule.name.clone());
    let mut lines = vec![Line::Title(title)];
    let mut clauses: Vec<&str> = Vec::new();
    if rule.then {
        clauses.push("then");
    }
    clauses.extend(rule.clauses.iter().map(String::as_str));
    if !clauses.is_empty() {
        lines.push(Line::Event(clauses.join(" · ")));
    }
    if rule.disabled {
        lines.push(Line::Note("switched off".into()));
    }
    lines.extend(rule.runs.iter().map(|runs| Line::Count(times(*runs, "ran"))));
    lines.extend(warnings(&rule.warnings));
    lines
}

pub fn warnings(all: &[Warning]) -> impl Iterator<Item = Line> {
    all.iter().map(|warning| Line::Warning(warning.name.clone()))
}

/// What stands at the beginning of an arrow that comes from no stage that could be drawn.
pub fn origin(arrow: &Arrow) -> Option<String> {
    match &arrow.from {
        From::Many(words) => Some(format!("from {words}")),
        From::Outside(words) => Some(format!("from {words}")),
        From::Nowhere => Some("from nowhere".into()),
        From::Before(_) | From::Stages(_) => None,
    }
}

/// Where an arrow begins, in words.
pub fn from(pipeline: &Pipeline, arrow: &Arrow) -> String {
    let label = |at: &usize| pipeline.stages.get(*at).map_or("", |stage| &stage.label).to_owned();
    match &arrow.from {
        From::Before(0) => label(&0),
        From::Before(at) => format!("{} or any stage before it", label(at)),
        From::Stages(all) => all.iter().map(label).collect::<Vec<_>>().join(" or "),
        From::Many(words) | From::Outside(words) => words.clone(),
        From::Nowhere => "nowhere: its condition holds in no stage it could move from".into(),
    }
}

pub fn kind(stage: &Stage) -> Option<&'static str> {
    match stage.kind {
        StageKind::Normal => None,
        StageKind::Success => Some("success"),
        StageKind::Failure => Some("failure"),
    }
}

/// `7 stages, 9 triggers, 20 rules`
pub fn summary(pipeline: &Pipeline) -> String {
    let (triggers, rules) = pipeline.counts();
    let mut all = vec![
        counted(pipeline.stages.len() as u64, "stage"),
        counted(triggers as u64, "trigger"),
        counted(rules as u64, "rule"),
    ];
    match pipeline.all_warnings().count() as u64 {
        0 => {}
        warnings => all.push(counted(warnings, "warning")),
    }
    all.join(", ")
}

/// `Sales, Service · crm.rules`
pub fn title(graph: &Graph) -> String {
    let names: Vec<&str> = graph.pipelines.iter().take(4).map(|p| &*p.label).collect();
    let more = graph.pipelines.len().saturating_sub(names.len());
    let mut title = names.join(", ");
    if more > 0 {
        title.push_str(&format!(" and {more} more"));
    }
    if title.is_empty() { graph.file.clone() } else { title }
}

/// Of the events that were counted, for the foot of a drawing.
pub fn counted_events(graph: &Graph) -> Option<String> {
    let counted_of = graph.counted?;
    let mut text = format!(
        "Counts and median times of {} about {}",
        counted(counted_of.events, "event"),
        counted(counted_of.records, "record")
    );
    if counted_of.rejected > 0 {
        text.push_str(&format!("; {} rejected", counted_of.rejected));
    }
    Some(text)
}

/// `14 times, after 2 days 3 h`
pub fn passage(passage: &Passage) -> String {
    match passage.median {
        Some(seconds) if passage.count > 0 => {
            format!("{}, after {}", times(passage.count, ""), duration(seconds))
        }
        _ => times(passage.count, ""),
    }
}

/// `14 came, 2 are here, stay 2 days 3 h`
pub fn stay(stay: &Stay) -> String {
    let mut text = match (stay.entered, stay.standing) {
        (0, _) => return "none came".into(),
        (came, 0) => format!("{came} came"),
        (came, here) => format!("{came} came, {here} {} here", if here == 1 { "is" } else { "are" }),
    };
    if let Some(seconds) = stay.median {
        text.push_str(&format!(", stayed {}", duration(seconds)));
    }
    text
}

fn times(count: u64, verb: &str) -> String {
    let verb = if verb.is_empty() { String::new() } else { format!("{verb} ") };
    match count {
        0 => format!("never {}", verb.trim_end()).trim_end().to_owned(),
        1 => format!("{verb}once"),
        n => format!("{verb}{n} times"),
    }
}

pub fn counted(n: u64, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

/// The two largest units: `2 days 3 h`, `45 min`.
pub fn duration(seconds: i64) -> String {
    let units = [(86_400, "day"), (3_600, "h"), (60, "min"), (1, "s")];
    let mut left = seconds.max(0);
    let Some(first) = units.iter().position(|(unit, _)| left >= *unit) else { return "no time".into() };
    let mut parts = Vec::new();
    for (unit, name) in &units[first..units.len().min(first + 2)] {
        let n = left / unit;
        left %= unit;
        if n > 0 {
            let plural = if *name == "day" && n != 1 { "s" } else { "" };
            parts.push(format!("{n} {name}{plural}"));
        }
    }
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_in_their_two_largest_units() {
        let told = [0, 1, 59, 60, 3_599, 3_600, 90_061, 86_400, 200_000].map(duration);
        let expected =
            ["no time", "1 s", "59 s", "1 min", "59 min 59 s", "1 h", "1 day 1 h", "1 day", "2 days 7 h"];
        assert_eq!(told, expected);
        assert_eq!(duration(-5), "no time");
    }
}
