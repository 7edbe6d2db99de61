//! What the language has and this version does not run yet: everything that needs time to pass, and locales.
//!
//! The checker accepts all of it. Here each use is reported with its place; what is `disabled` is left alone.

use crate::diagnostic::{Code, Diagnostic};
use crate::model::{EventPattern, Model, Pipeline, Rule, Stmt, StmtKind, TimingKind};
use crate::source::{Sources, Span};
use crate::syntax::tree::Overlap;

pub(super) fn not_in_this_version(model: &Model, sources: &Sources) -> Vec<Diagnostic> {
    let mut found = Later { sources, diagnostics: Vec::new() };
    for pipeline in &model.pipelines {
        found.pipeline(pipeline);
        for stage in pipeline.stages.iter().filter_map(|stage| model.stages.get(stage.index())) {
            for trigger in stage.triggers.iter().filter(|trigger| !trigger.disabled) {
                found.patterns(&trigger.events, "trigger");
            }
            stage.rules.iter().for_each(|rule| found.rule(rule));
        }
        pipeline.rules.iter().for_each(|rule| found.rule(rule));
    }
    found.diagnostics
}

struct Later<'a> {
    sources: &'a Sources,
    diagnostics: Vec<Diagnostic>,
}

impl Later<'_> {
    fn report(&mut self, code: Code, span: Span, what: &str, label: &str, help: &str) {
        let message = format!("{what} does not run in this version yet");
        self.diagnostics.push(Diagnostic::new(code, span, message).label(label).help(help));
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        if pipeline.locale.is_some() {
            let span = self.word(pipeline.span, "locale");
            self.report(
                Code::LocaleLater,
                span,
                "`locale`",
                "prints numbers and dates the way of a country",
                "leave `locale` out: values then print in the plain form, `7000.00 EUR` and `2026-03-02`",
            );
        }
    }

    fn patterns(&mut self, patterns: &[EventPattern], owner: &str) {
        for pattern in patterns {
            let (span, what, label) = match pattern {
                EventPattern::Count { span, .. } => {
                    (*span, "counting events", "waits until the event has come so often")
                }
                EventPattern::Absence { span, .. } => {
                    (*span, "waiting for silence", "happens when nothing comes")
                }
                EventPattern::Named(_) | EventPattern::Change { .. } | EventPattern::AnyChange => continue,
            };
            self.report(
                Code::PatternLater,
                span,
                what,
                label,
                &format!("put `disabled` before the {owner} to run the rest"),
            );
        }
    }

    fn rule(&mut self, rule: &Rule) {
        if rule.disabled {
            return;
        }
        let help = format!("put `disabled` before `rule {}` to run the rest", rule.name);
        if rule.then {
            let span = self.word(rule.span, "then");
            self.report(
                Code::OrderLater,
                span,
                "`then rule`",
                "starts when the rule above has ended",
                &format!(
                    "write `rule {}`: rules of a stage start one after the other, in this order",
                    rule.name
                ),
            );
        }
        self.patterns(&rule.on, "rule");
        if let Some(timing) = &rule.timing {
            let (what, label) = match timing.kind {
                TimingKind::After(_) => ("`after`", "starts the rule later"),
                TimingKind::At { .. } => ("`at`", "starts the rule at an instant"),
            };
            self.report(Code::TimingLater, timing.span, what, label, &help);
        }
        if let Some(during) = &rule.during {
            self.report(
                Code::TimingLater,
                during.span,
                "`during`",
                "starts the rule when the calendar is open",
                &help,
            );
        }
        let overlap = match rule.overlap {
            Overlap::Parallel => None,
            Overlap::Skip => Some("`overlap skip`"),
            Overlap::Restart => Some("`overlap restart`"),
            Overlap::Queue => Some("`overlap queue`"),
        };
        if let Some(overlap) = overlap {
            let span = self.word(rule.span, "overlap");
            let label = "says what happens while the rule is still waiting";
            self.report(
                Code::OrderLater,
                span,
                overlap,
                label,
                "leave it out: no rule waits in this version",
            );
        }
        if rule.detached {
            let span = self.word(rule.span, "detached");
            let label = "lets the rule wait beyond its stage";
            self.report(
                Code::OrderLater,
                span,
                "`detached`",
                label,
                "leave it out: no rule waits in this version",
            );
        }
        self.statements(&rule.body.statements, &help);
    }

    fn statements(&mut self, statements: &[Stmt], help: &str) {
        for statement in statements {
            let mut wait = |what: &str, label: &str| {
                self.report(Code::WaitLater, statement.span, what, label, help);
            };
            match &statement.kind {
                StmtKind::Wait(_) => wait("`wait`", "suspends the rule for a time"),
                StmtKind::WaitUntil(_) => wait("`wait until`", "suspends the rule until an instant"),
                StmtKind::WaitFor { events, otherwise, .. } => {
                    wait("`wait for`", "suspends the rule until an event");
                    self.patterns(events, "rule");
                    self.statements(otherwise.as_deref().unwrap_or_default(), help);
                }
                StmtKind::LetAction { at_most, otherwise, .. } => {
                    if let Some(at_most) = at_most {
                        self.report(
                            Code::WaitLater,
                            at_most.span,
                            "`at most`",
                            "waits so long for the answer",
                            help,
                        );
                    }
                    self.statements(otherwise.as_deref().unwrap_or_default(), help);
                }
                StmtKind::If { branches, otherwise } => {
                    branches.iter().for_each(|(_, body)| self.statements(body, help));
                    self.statements(otherwise.as_deref().unwrap_or_default(), help);
                }
                StmtKind::For { body, .. } => self.statements(body, help),
                StmtKind::Action(_)
                | StmtKind::Let { .. }
                | StmtKind::Set(_)
                | StmtKind::Move(_)
                | StmtKind::Stop => {}
            }
        }
    }

    /// The first place of a word in the text under a span, outside of texts and comments: the model keeps no
    /// places of single words.
    fn word(&self, span: Span, word: &str) -> Span {
        let text = self.sources.text(span);
        let bytes = text.as_bytes();
        let part_of_name =
            |at: usize| text[at..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        let mut at = 0;
        let mut after_name = false;
        while at < bytes.len() {
            if !text.is_char_boundary(at) {
                at += 1;
                continue;
            }
            match bytes[at] {
                b'#' => at += text[at..].find('\n').unwrap_or(text.len() - at),
                b'"' => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != b'"' {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    after_name = false;
                    at += 1;
                }
                _ => {
                    let end = at + word.len();
                    if !after_name && text[at..].starts_with(word) && !part_of_name(end) {
                        let start = span.start as usize + at;
                        return Span::new(span.file, start, start + word.len());
                    }
                    after_name = part_of_name(at);
                    at += 1;
                }
            }
        }
        span
    }
}
