//! Decisions as lines of JSON, for machines.

use super::Explainer;
use super::clauses::{Clause, Truth};
use super::decision::{About, Decision};
use crate::engine::trace::{SkipReason, Trace, TriggerOutcome};
use crate::program::literal::stage_name;
use crate::source::Span;
use serde::Serialize;
use std::borrow::Cow;

#[derive(Serialize)]
struct Line<'a> {
    time: String,
    record: String,
    /// Where the record stood.
    stage: Option<String>,
    /// The event that brought the decision, or that set the timer which did.
    event: &'a str,
    source: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    timer: bool,
    decision: &'static str,
    /// A rule's path, a trigger's label.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    /// The stage to which a trigger moves.
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<String>,
    #[serde(flatten)]
    place: Option<Place<'a>>,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    clauses: Vec<JsonClause<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
}

/// A clause of a condition.
#[derive(Serialize)]
pub struct JsonClause<'a> {
    text: &'a str,
    line: usize,
    column: usize,
    /// `true`, `false`, `"not reached"`, `"unset"` or `"failed"`.
    value: serde_json::Value,
    /// The function in whose text it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    function: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    operands: Vec<JsonOperand<'a>>,
}

#[derive(Serialize)]
struct JsonOperand<'a> {
    text: &'a str,
    value: &'a str,
}

impl Explainer<'_> {
    /// One decision as a line, without its end.
    pub fn line(&self, decision: &Decision<'_>) -> String {
        let noted = &decision.noted;
        let entity = &self.program.schema.entity(noted.subject.entity).wire_name;
        let (what, name, to) = match decision.about {
            About::Trigger(id) => {
                let trigger = self.program.trigger(id);
                let to = stage_name(self.program, trigger.stage);
                ("trigger", trigger.label.as_deref().map(Cow::Borrowed), Some(to))
            }
            About::Rule(id) => ("rule", Some(Cow::Borrowed(&*self.program.rule(id).path)), None),
            About::Wait(id) => ("wait", Some(Cow::Borrowed(&*self.program.rule(id).path)), None),
            About::Event => ("event", None, None),
        };
        let until = match &noted.trace {
            Trace::RuleWaits { until, .. } => until.map(instant),
            _ => None,
        };
        let line = Line {
            time: instant(noted.time),
            record: format!("{entity}/{}", noted.subject.id),
            stage: noted.place.map(|place| stage_name(self.program, place.stage)),
            event: &noted.cause.id,
            source: &noted.cause.source,
            timer: noted.timer,
            decision: what,
            name,
            to,
            place: self.span(decision.about).map(|span| self.place(span)),
            outcome: outcome(decision),
            reason: decision.reason.as_deref(),
            until,
            nearest: decision.nearest.as_deref(),
            clauses: self.json_clauses(decision),
        };
        // It holds nothing that JSON cannot.
        serde_json::to_string(&line).unwrap_or_default()
    }

    fn place(&self, span: Span) -> Place<'_> {
        let file = self.sources.file(span.file);
        Place { file: &file.name, line: file.position(span.start as usize).line }
    }

    /// The clauses of the condition that was asked, those of functions behind the question to them.
    pub fn json_clauses<'d>(&self, decision: &'d Decision<'_>) -> Vec<JsonClause<'d>> {
        let mut out = Vec::new();
        if let Some(condition) = &decision.condition {
            condition.clauses.iter().for_each(|clause| self.json_clause(clause, &mut out));
        }
        out
    }

    fn json_clause<'d>(&self, clause: &'d Clause<'_>, out: &mut Vec<JsonClause<'d>>) {
        let position = self.sources.file(clause.span.file).position(clause.span.start as usize);
        out.push(JsonClause {
            text: &clause.text,
            line: position.line,
            column: position.column,
            value: match &clause.truth {
                Truth::True => true.into(),
                Truth::False => false.into(),
                Truth::NotReached => "not reached".into(),
                Truth::Unset => "unset".into(),
                Truth::Failed(_) => "failed".into(),
            },
            function: clause.function,
            operands: clause
                .operands
                .iter()
                .map(|operand| JsonOperand { text: &operand.text, value: &operand.value })
                .collect(),
        });
        clause.inside.iter().for_each(|clause| self.json_clause(clause, out));
    }
}

fn instant(at: chrono::DateTime<chrono::Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)
}

/// The outcome in a word for machines.
pub fn outcome(decision: &Decision<'_>) -> &'static str {
    use super::decision::Outcome;
    match &decision.noted.trace {
        Trace::Duplicate => "duplicate",
        Trace::Echo => "echo",
        Trace::OutcomeIgnored => "outcome-ignored",
        Trace::TriggerTried { outcome, .. } => match outcome {
            TriggerOutcome::Fired => "fired",
            TriggerOutcome::SameStage => "same-stage",
            TriggerOutcome::EarlierStage => "earlier-stage",
            TriggerOutcome::FinalStage => "final-stage",
            TriggerOutcome::OtherSettings => "other-settings",
            TriggerOutcome::ConditionFalse => "condition-false",
            TriggerOutcome::ConditionFailed(_) => "condition-failed",
        },
        Trace::RuleStarted { .. } => "started",
        Trace::RuleSkipped { why, .. } => match why {
            SkipReason::ConditionFalse => "condition-false",
            SkipReason::UsedUp => "used-up",
            SkipReason::Passed => "passed",
            SkipReason::UnderWay => "under-way",
        },
        Trace::RuleWaits { .. } => "waits",
        Trace::RuleFailed { .. } if decision.condition.is_some() => "condition-failed",
        Trace::RuleFailed { .. } => "failed",
        Trace::RuleCancelled { .. } => "cancelled",
        Trace::WaitConditionFailed { .. } => "condition-failed",
        Trace::ActorUnknown { .. } => "actor-unknown",
        Trace::Condition { .. } | Trace::Branches { .. } | Trace::TimerFired { .. } => match decision.outcome
        {
            Outcome::Happened => "heard",
            Outcome::Failed => "condition-failed",
            _ => "condition-false",
        },
    }
}
