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
            let span = self.setting(pipeline.span, "locale");
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
            let span = self.then(rule.span);
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
            let span = self.clause(rule.span, "overlap");
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
            let span = self.clause(rule.span, "detached");
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

    /// The place of a word behind a name, before the first brace: the model keeps no places of single words.
    fn clause(&self, name: Span, word: &str) -> Span {
        let found = words_after(self.text(name), name.end as usize).find(|found| found.text == word);
        found.map_or(name, |found| Span::new(name.file, found.start, found.start + word.len()))
    }

    /// The place of a setting of a pipeline with a text as its value.
    fn setting(&self, pipeline: Span, word: &str) -> Span {
        let text = self.text(pipeline);
        let braces = text.get(pipeline.end as usize..).and_then(|rest| rest.find('{')).unwrap_or(0);
        let mut words = words_after(text, pipeline.end as usize + braces + 1);
        words.ends_at_brace = false;
        let found = words.find(|found| {
            found.text == word && text[found.start + word.len()..].trim_start().starts_with('"')
        });
        found.map_or(pipeline, |found| Span::new(pipeline.file, found.start, found.start + word.len()))
    }

    /// The place of `then` in front of `rule` and the rule's name.
    fn then(&self, name: Span) -> Span {
        let before = self.text(name).get(..name.start as usize).unwrap_or_default().trim_end();
        let before = before.strip_suffix("rule").map(str::trim_end);
        match before.and_then(|before| before.strip_suffix("then")) {
            Some(before) => Span::new(name.file, before.len(), before.len() + "then".len()),
            None => name,
        }
    }

    fn text(&self, span: Span) -> &str {
        &self.sources.file(span.file).text
    }
}

/// The words of a text from a place on, without those in texts, comments and regular expressions.
struct Words<'a> {
    text: &'a str,
    at: usize,
    ends_at_brace: bool,
    after_matches: bool,
}

struct Word<'a> {
    text: &'a str,
    start: usize,
}

fn words_after(text: &str, at: usize) -> Words<'_> {
    Words { text, at, ends_at_brace: true, after_matches: false }
}

impl<'a> Iterator for Words<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        loop {
            let rest = self.text.get(self.at..)?;
            let c = rest.chars().next()?;
            let part_of_word = |c: char| c.is_alphanumeric() || c == '_';
            match c {
                '{' if self.ends_at_brace => return None,
                '#' => self.at += rest.find('\n').unwrap_or(rest.len()),
                '"' => self.at += 1 + closing(&rest[1..], '"'),
                '/' if self.after_matches => self.at += 1 + closing(&rest[1..], '/'),
                c if part_of_word(c) => {
                    let word = &rest[..rest.find(|c| !part_of_word(c)).unwrap_or(rest.len())];
                    let start = self.at;
                    self.at += word.len();
                    self.after_matches = word == "matches";
                    return Some(Word { text: word, start });
                }
                c => self.at += c.len_utf8(),
            }
            self.after_matches &= c.is_whitespace();
        }
    }
}

/// How many bytes up to the mark that closes a text, itself counted.
fn closing(text: &str, mark: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            c if c == mark && !escaped => return at + c.len_utf8(),
            c => escaped = c == '\\' && !escaped,
        }
    }
    text.len()
}
