//! What is told of a stage, a trigger or a rule when one looks at it closely.

use crate::graph::words;
use crate::graph::{Arrow, Cause, CauseKind, Pipeline, Rule, Stage, To, Warning};
use serde::Serialize;

#[derive(Debug, Clone, Serialize)]
pub struct Info {
    /// `stage`, `trigger` or `rule`
    pub kind: &'static str,
    pub title: String,
    /// What is to be said, under its name.
    pub facts: Vec<(&'static str, String)>,
    pub warnings: Vec<(String, String)>,
    pub place: String,
    /// Whether it never happens.
    pub off: bool,
}

impl Info {
    pub fn of_stage(at: usize, stage: &Stage) -> Info {
        let mut facts = vec![("name", stage.name.clone())];
        facts.extend(words::kind(stage).map(|kind| ("ends in", kind.to_owned())));
        if at == 0 {
            facts.push(("starts", "new records stand here first".into()));
        }
        facts.extend(stage.doc.iter().map(|doc| ("about", doc.clone())));
        facts.push(("rules", stage.rules.len().to_string()));
        if let Some(stay) = &stage.stay {
            facts.push(("came", words::counted(stay.entered, "time")));
            if stay.by_hand > 0 {
                facts.push(("of these", format!("{} by hand or created here", stay.by_hand)));
            }
            facts.push(("here now", stay.standing.to_string()));
            facts.extend(
                stay.median.map(|seconds| ("stay", format!("{} (median)", words::duration(seconds)))),
            );
        }
        Info {
            kind: "stage",
            title: stage.label.clone(),
            facts,
            warnings: told(&stage.warnings),
            place: stage.place.to_string(),
            off: false,
        }
    }

    pub fn of_rule(rule: &Rule) -> Info {
        let mut facts = vec![("name", rule.name.clone())];
        facts.extend(rule.doc.iter().map(|doc| ("about", doc.clone())));
        if rule.then {
            facts.push(("starts", "when the rule above it has ended".into()));
        }
        for clause in &rule.clauses {
            let (name, text) = split(clause);
            facts.push((name, text));
        }
        if !rule.actions.is_empty() {
            facts.push(("asks for", rule.actions.join(", ")));
        }
        facts.extend(rule.runs.map(|runs| ("ran", words::counted(runs, "time"))));
        if rule.disabled {
            facts.push(("switched off", "it is disabled".into()));
        }
        Info {
            kind: "rule",
            title: rule.label.clone().unwrap_or_else(|| rule.name.clone()),
            facts,
            warnings: told(&rule.warnings),
            place: rule.place.to_string(),
            off: rule.disabled,
        }
    }

    pub fn of_cause(pipeline: &Pipeline, arrow: &Arrow, cause: &Cause) -> Info {
        let mut facts = Vec::new();
        let what = cause.events.join(" or ");
        let kind = match &cause.kind {
            CauseKind::Trigger => {
                facts.push(("on", what.clone()));
                "trigger"
            }
            CauseKind::Rule(name) => {
                facts.push(("by rule", name.clone()));
                facts.extend(cause.events.iter().map(|clause| split(clause)));
                "move"
            }
        };
        facts.extend(cause.when.iter().map(|when| ("when", when.clone())));
        facts.extend(cause.doc.iter().map(|doc| ("about", doc.clone())));
        facts.push(("from", words::from(pipeline, arrow)));
        facts.push((
            "to",
            match &arrow.to {
                To::Stage(at) => pipeline.stages.get(*at).map_or("", |stage| &stage.label).to_owned(),
                To::Outside(words) => words.clone(),
            },
        ));
        if cause.backward {
            facts.push(("backward", "also from later stages: `allow backward`".into()));
        }
        facts.extend(cause.actor.iter().map(|actor| ("in the name of", actor.clone())));
        if let Some(passage) = &cause.passage {
            facts.push(("went", words::counted(passage.count, "time")));
            if passage.from.len() > 1 {
                let from: Vec<String> =
                    passage.from.iter().map(|(stage, count)| format!("{stage} {count}")).collect();
                facts.push(("of these from", from.join(", ")));
            }
            facts.extend(passage.median.map(|s| ("after", format!("{} (median)", words::duration(s)))));
        }
        if cause.disabled {
            facts.push(("switched off", "it is disabled".into()));
        }
        let title = match (&cause.label, &cause.kind) {
            (Some(label), _) => label.clone(),
            (None, CauseKind::Trigger) => what,
            (None, CauseKind::Rule(name)) => name.clone(),
        };
        Info {
            kind,
            title,
            facts,
            warnings: told(&cause.warnings),
            place: cause.place.to_string(),
            off: cause.disabled,
        }
    }

    /// All of it as text, a line each.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("{}: {}", self.kind, self.title)];
        lines.extend(self.facts.iter().map(|(name, text)| format!("{name}: {text}")));
        lines.extend(self.warnings.iter().map(|(name, text)| format!("warning {name}: {text}")));
        lines.push(self.place.clone());
        lines.join("\n")
    }
}

/// `after 3 days` as its word and the rest.
fn split(clause: &str) -> (&'static str, String) {
    let words = ["on", "after", "at", "during", "when", "overlap"];
    for word in words {
        if let Some(rest) = clause.strip_prefix(word).and_then(|rest| rest.strip_prefix(' ')) {
            return (word, rest.to_owned());
        }
    }
    ("runs", clause.to_owned())
}

fn told(warnings: &[Warning]) -> Vec<(String, String)> {
    let text = |warning: &Warning| match &warning.help {
        Some(help) => format!("{} ({}); help: {help}", warning.message, warning.place),
        None => format!("{} ({})", warning.message, warning.place),
    };
    warnings.iter().map(|warning| (warning.name.clone(), text(warning))).collect()
}
