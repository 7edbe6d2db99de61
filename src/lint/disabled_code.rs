//! `disabled_code`: a trigger or a rule that is kept but does not run.

use super::Program;
use crate::diagnostic::{Code, Diagnostic};
use crate::source::Span;

pub fn check(program: &Program, found: &mut Vec<Diagnostic>) {
    let mut say = |word: Span, what: String| {
        found.push(
            Diagnostic::new(Code::DisabledCode, word, format!("{what} is disabled"))
                .label("it is checked, but it never runs")
                .help("take `disabled` away to let it run, or delete it"),
        );
    };
    for rule in program.rule_trees() {
        if let Some(word) = rule.disabled {
            say(word, format!("rule `{}`", rule.name.text));
        }
    }
    for trigger in program.trigger_trees() {
        if let Some(word) = trigger.disabled {
            let what = match &trigger.label {
                Some(label) => format!("trigger \"{}\"", label.text),
                None => "this trigger".into(),
            };
            say(word, what);
        }
    }
}
