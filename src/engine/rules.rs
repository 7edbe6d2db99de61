//! Rules: when they start, and how their bodies run until they end.
//!
//! A [`Run`] is all there is to a rule under way. In this version every run goes from its beginning to its end
//! in one go; one that is plain data can be kept in the record and go on another day.

use super::effect::{EffectKind, Mover};
use super::patterns::Occasion;
use super::record::Reason;
use super::trace::{SkipReason, Trace};
use super::{Life, with_context};
use crate::program::{CallId, SetId};
use crate::value::limits::check_limits;
use crate::value::*;
use crate::vm::{Exit, Frame};
use serde::{Deserialize, Serialize};

/// A rule under way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    pub rule: RuleId,
    pub frame: Frame,
}

/// How a body goes on after the host has done what it asked for.
pub(super) enum Next {
    GoOn,
    /// At an `else`.
    GoOnAt(u32),
    Fail(Failure),
}

impl Life<'_, '_> {
    /// Starts the rules of a stage that the record has just entered.
    pub(super) fn start_entry_rules(&mut self, stage: StageId) {
        let visit = self.visit;
        for rule in &self.program().stage(stage).entry_rules {
            // One of them may have moved the record on: the others do not start.
            if self.visit != visit || self.stopped {
                return;
            }
            self.start(*rule, None);
        }
    }

    pub(super) fn start_if_listening(&mut self, rule: RuleId, occasion: &Occasion<'_>) {
        let program = self.program();
        if program.rule(rule).on.iter().any(|pattern| occasion.matches(pattern, &program.schema)) {
            self.start(rule, Some(occasion));
        }
    }

    fn start(&mut self, id: RuleId, occasion: Option<&Occasion<'_>>) {
        let program = self.program();
        let rule = program.rule(id);
        if rule.once && self.record.used.binary_search(&id).is_ok() {
            return self.note(|| Trace::RuleSkipped { rule: id, why: SkipReason::UsedUp });
        }
        if !rule.on.is_empty() {
            // What others read of an `on` rule is its last run's.
            self.forget(id);
        }
        if rule.timing.is_some() || rule.during.is_some() || rule.then {
            return self.fail(id, not_in_this_version("rules that wait before they start"), 0);
        }
        if let Err(failure) = self.awaited(&rule.when_awaits) {
            return self.fail(id, failure, 0);
        }
        match self.holds(rule.when, occasion) {
            Ok(true) => {}
            Ok(false) => {
                return self.note(|| Trace::RuleSkipped { rule: id, why: SkipReason::ConditionFalse });
            }
            Err(failure) => return self.fail(id, failure, 0),
        }
        if rule.once
            && let Err(at) = self.record.used.binary_search(&id)
        {
            self.record.used.insert(at, id);
        }
        self.note(|| Trace::RuleStarted { rule: id });
        let frame = self.machine.begin(rule.body, self.buffers.frame.take());
        let mut run = Run { rule: id, frame };
        let moved = self.go_on(&mut run, occasion);
        // Only one body is under way at a time: a move is made after the one that asks for it has ended.
        self.buffers.frame = Some(run.frame);
        if let Some(to) = moved {
            self.enter(to, Mover::Rule(id), None);
        }
    }

    /// Runs a body until it ends. A move is its last act, left to the caller: it is given back.
    fn go_on(&mut self, run: &mut Run, occasion: Option<&Occasion<'_>>) -> Option<StageId> {
        let program = self.program();
        loop {
            let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
            let exit = with_context(self.record, self.view, self.now, occasion, |context| {
                machine.resume(scratch, &mut run.frame, context)
            });
            let next = match exit {
                Exit::Done => return None,
                Exit::Move(stage) => return Some(stage),
                Exit::Failed(failure) => Next::Fail(failure),
                Exit::Action(call) => self.act(run, call),
                Exit::Set(set) => self.set(run, set),
                Exit::Publish(output, register) => {
                    let read = program.outputs.get(output.index()).is_some_and(|output| output.read);
                    if read {
                        self.record.outputs.insert(output, run.frame.get(register).clone());
                    }
                    Next::GoOn
                }
                Exit::Await(list) => match program.code.awaits.get(list as usize) {
                    Some(outputs) => self.awaited(outputs).map_or_else(Next::Fail, |()| Next::GoOn),
                    None => Next::GoOn,
                },
                Exit::Wait(_) | Exit::WaitUntil(_) | Exit::WaitFor(_) => {
                    Next::Fail(not_in_this_version("`wait`"))
                }
            };
            match next {
                Next::GoOn => {}
                Next::GoOnAt(pc) => run.frame.go_to(pc),
                Next::Fail(failure) => {
                    let statement = run.frame.statement(program);
                    self.fail(run.rule, failure, statement);
                    return None;
                }
            }
        }
    }

    /// A rule that reads outputs goes on if they are bound, or need not be. All rules above have ended.
    fn awaited(&self, outputs: &[OutputId]) -> Result<(), Failure> {
        for id in outputs {
            let Some(output) = self.program().outputs.get(id.index()) else { continue };
            if self.record.outputs.contains_key(id) || output.ty.is_optional() {
                continue;
            }
            return Err(match self.record.failures.get(&output.rule) {
                Some(reason) => Failure::new(reason.code, &*reason.message),
                None => Failure::new(
                    FailureCode::NoOutput,
                    format!("`{}` ended without `{}`", self.program().rule(output.rule).name, output.path),
                ),
            });
        }
        Ok(())
    }

    /// `set`: all fields together, or none.
    fn set(&mut self, run: &Run, set: SetId) -> Next {
        let program = self.program();
        let Some(set) = program.code.sets.get(set.0 as usize) else { return Next::GoOn };
        let entity = program.schema.entity(self.record.subject.entity);
        let values = || set.fields.iter().map(|(field, register)| (*field, run.frame.get(*register)));
        for (field, value) in values() {
            let Some(field) = entity.fields.get(field.index()) else { continue };
            let limited = check_limits(value, &field.ty, &field.limits, self.tables.pattern(field));
            if let Err(failure) = limited {
                return Next::Fail(Failure { message: format!("`{}`: {failure}", field.name), ..failure });
            }
        }
        if let Some(change) = self.change(values(), self.now) {
            let changes = change.changed.iter();
            let changes = changes
                .map(|(field, after)| (*field, change.old[field.index()].clone(), after.clone()))
                .collect();
            self.emit(EffectKind::FieldsChanged { rule: run.rule, changes });
            self.join(change);
        }
        Next::GoOn
    }

    /// Asks for an action.
    fn act(&mut self, run: &mut Run, call: CallId) -> Next {
        let program = self.program();
        let Some(call) = program.code.calls.get(call.0 as usize) else { return Next::GoOn };
        let asked = self.ask(run, call);
        let Some(answer) = &call.answer else { return Next::GoOn };
        match asked {
            Ok(()) if self.options.simulate => {
                self.answer(run, call.action, answer);
                Next::GoOn
            }
            Ok(()) => Next::Fail(not_in_this_version("waiting for the outcome of an action")),
            Err(failure) => answer.otherwise.map_or(Next::Fail(failure), Next::GoOnAt),
        }
    }

    pub(super) fn fail(&mut self, rule: RuleId, failure: Failure, statement: u32) {
        if !self.tables.outputs_of_rule(rule).is_empty() {
            let reason = Reason { code: failure.code, message: failure.message.as_str().into() };
            self.record.failures.insert(rule, reason);
        }
        self.emit(EffectKind::RuleFailed {
            rule,
            code: failure.code.id(),
            message: failure.message,
            statement,
        });
    }

    /// Forgets what the last run of a rule left for others.
    fn forget(&mut self, rule: RuleId) {
        for output in self.tables.outputs_of_rule(rule) {
            self.record.outputs.remove(output);
        }
        self.record.failures.remove(&rule);
    }
}

fn not_in_this_version(what: &str) -> Failure {
    Failure::new(FailureCode::NotInThisVersion, format!("this version does not run {what}"))
}
