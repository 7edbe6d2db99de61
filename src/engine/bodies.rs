//! Bodies of rules: they run until they end or wait, and go on when what they wait for has come.

use super::effect::{EffectKind, Params};
use super::patterns::{Occasion, count};
use super::rules::Step;
use super::trace::Trace;
use super::waiting::{ForEvent, Listener, Phase, Run, State};
use super::watch::Watch;
use super::{Life, with_context};
use crate::event::decode::outputs;
use crate::event::{Event, EventBody};
use crate::program::{CallId, EventPattern, SetId, WaitFor, WaitForId};
use crate::value::limits::check_limits;
use crate::value::time::add_duration;
use crate::value::*;
use crate::vm::asks::Subject;
use crate::vm::observe::Seen;
use crate::vm::{Exit, Frame, wrong_type};
use chrono::{DateTime, Utc};
use std::collections::BTreeMap;

/// How a body goes on after the host has done what it asked for.
enum Next {
    GoOn,
    /// At an `else`.
    GoOnAt(u32),
    Wait(State),
}

impl Life<'_, '_> {
    /// Runs a body until it ends or waits.
    pub(super) fn go_on(&mut self, run: &mut Run, own: Option<&Occasion<'_>>) -> Step {
        let Some(mut frame) = run.frame.take() else { return Step::Ended };
        let step = self.body(run, &mut frame, own);
        match step {
            Step::Waits(_) => run.frame = Some(frame),
            // Only one body is at work at a time.
            Step::Ended | Step::Move(_) => self.buffers.frame = Some(frame),
        }
        step
    }

    /// Runs a body that only asks for actions, the short way. False: it is none, or the interpreter is to run it.
    pub(super) fn ask_all(&mut self, id: RuleId, occasion: Option<&Occasion<'_>>) -> bool {
        let (program, machine) = (self.program(), self.machine);
        let rule = program.rule(id);
        let Some(asks) = machine.asks(rule.body) else { return false };
        let event = occasion.map(Occasion::view);
        let subject = Subject { record: &self.record.values, event, home: rule.pipeline };
        let buffers = &mut *self.buffers;
        let mut all = std::mem::take(&mut buffers.params);
        if let Some(written) = &mut buffers.written {
            let before = written.len();
            let params = asks.iter().map_while(|ask| machine.write_params(ask, subject, written));
            all.extend(params.map(Params::Written));
            if all.len() < asks.len() {
                written.truncate(before);
                all.clear();
            }
        }
        if all.is_empty() {
            let params = asks.iter().map_while(|ask| machine.params(ask, subject, &mut buffers.scratch));
            all.extend(params.map(Params::Values));
        }
        let complete = all.len() == asks.len();
        for (ask, params) in asks.iter().zip(all.drain(..)).filter(|_| complete) {
            let Some(call) = program.code.calls.get(ask.call.0 as usize) else { continue };
            let action = call.action;
            match params {
                Params::Values(params) => {
                    // One that its limits refuse is told of; the body goes on.
                    let _ = self.ask(id, action, params);
                }
                params => self.emit(EffectKind::ActionRequested { rule: id, action, params }),
            }
        }
        self.buffers.params = all;
        complete
    }

    fn body(&mut self, run: &mut Run, frame: &mut Frame, own: Option<&Occasion<'_>>) -> Step {
        let program = self.program();
        loop {
            let waited = run.waits.last().map(|event| event.as_deref().map(|event| self.recall(event)));
            let occasion = match &waited {
                Some(occasion) => occasion.as_ref(),
                None => own,
            };
            let (machine, scratch) = (self.machine, &mut self.buffers.scratch);
            let home = program.rule(run.rule).pipeline;
            let mut values = None;
            let sites =
                self.watch.as_ref().filter(|watch| watch.bodies).and_then(|watch| watch.sites.clone());
            let mut counting = self.watch.as_deref_mut().and_then(Watch::counting);
            let exit = with_context(self.record, self.view, self.now, home, occasion, |context| {
                if let Some(counting) = &mut counting {
                    return machine.resume_watched(scratch, frame, context, counting);
                }
                let Some(sites) = &sites else { return machine.resume(scratch, frame, context) };
                let (chunk, mut seen) = (frame.chunk, Seen::branches(sites));
                let exit = machine.resume_watched(scratch, frame, context, &mut seen);
                values = Some((chunk, seen.into_values()));
                exit
            });
            if let Some((chunk, values)) = values.filter(|(_, values)| !values.is_empty()) {
                let rule = run.rule;
                self.note(|| Trace::Branches { rule, chunk, values });
            }
            let next = match exit {
                Exit::Done => return Step::Ended,
                Exit::Move(stage) => return Step::Move(stage),
                Exit::Failed(failure) => Err(failure),
                Exit::Action(call) => self.act(run, frame, call),
                Exit::Set(set) => self.set(run, frame, set),
                Exit::Publish(output, register) => {
                    self.publish(run, output, frame.get(register));
                    Ok(Next::GoOn)
                }
                Exit::Await(list) => {
                    let list = program.code.awaits.get(list as usize).map_or(&[][..], Vec::as_slice);
                    match self.wait_for_outputs(list, run, Phase::Body) {
                        Ok(Some(step)) => {
                            // It asks again when it goes on: the rule may have ended without them.
                            frame.go_to(frame.pc.saturating_sub(1));
                            return step;
                        }
                        Ok(None) => Ok(Next::GoOn),
                        Err(failure) => Err(failure),
                    }
                }
                Exit::Wait(register) => self.until_after(run, frame.get(register)),
                Exit::WaitUntil(register) => match frame.get(register) {
                    Value::DateTime(at) => Ok(self.until(*at)),
                    _ => Err(wrong_type()),
                },
                Exit::WaitFor(wait) => self.wait_for(run, frame, wait),
                Exit::EndWaits(keep) => {
                    run.waits.truncate(usize::from(keep));
                    Ok(Next::GoOn)
                }
            };
            match next {
                // Most bodies end with an action.
                Ok(Next::GoOn) if self.watch.is_none() && self.machine.is_over(frame) => return Step::Ended,
                Ok(Next::GoOn) => {}
                Ok(Next::GoOnAt(pc)) => frame.go_to(pc),
                Ok(Next::Wait(state)) => return Step::Waits(state),
                Err(failure) => {
                    let statement = frame.statement(program);
                    self.fail(run.rule, failure, statement);
                    return Step::Ended;
                }
            }
        }
    }

    /// Keeps what a rule bound for others, but not in the place of what a later visit has bound.
    fn publish(&mut self, run: &Run, output: OutputId, value: &Value) {
        let program = self.program();
        let read = program.outputs.get(output.index()).is_some_and(|output| output.read);
        let stage = program.rule(run.rule).stage;
        let late = stage.is_some()
            && run.visit != self.record.visits
            && self.record.place.map(|place| place.stage) == stage;
        if read && !late {
            self.record.outputs.insert(output, value.clone());
        }
    }

    fn after(&self, run: &Run, duration: &Value) -> Result<DateTime<Utc>, Failure> {
        let Value::Duration(duration) = duration else { return Err(wrong_type()) };
        add_duration(self.now, *duration, self.timezone(self.program().rule(run.rule)))
    }

    fn until_after(&self, run: &Run, duration: &Value) -> Result<Next, Failure> {
        Ok(self.until(self.after(run, duration)?))
    }

    /// Nothing or less does not suspend.
    fn until(&self, at: DateTime<Utc>) -> Next {
        if at > self.now { Next::Wait(State::Until(at)) } else { Next::GoOn }
    }

    /// `wait for`
    fn wait_for(&mut self, run: &mut Run, frame: &Frame, id: WaitForId) -> Result<Next, Failure> {
        let program = self.program();
        let wait = program.code.waits.get(id.0 as usize).ok_or_else(wrong_type)?;
        let until = wait.at_most.map(|register| self.after(run, frame.get(register))).transpose()?;
        if until.is_some_and(|until| until <= self.now) {
            run.waits.push(None);
            return Ok(Next::GoOnAt(wait.otherwise));
        }
        let silences = wait.events.iter().zip(0..).filter_map(|(pattern, n)| match pattern {
            EventPattern::Absence { period, .. } => {
                let tz = self.timezone(program.rule(run.rule));
                Some((n, (add_duration(self.now, *period, tz).ok()?, self.cause())))
            }
            _ => None,
        });
        let silences = silences.collect();
        Ok(Next::Wait(State::Event(ForEvent { wait: id, until, counts: BTreeMap::new(), silences })))
    }

    /// Bodies that waited for this when it joined the queue go on, in the order in which they began to wait.
    pub(super) fn resume_waiting(&mut self, occasion: &Occasion<'_>, joined: u64) {
        let Some(waiting) = &self.record.waiting else { return };
        let waiting = waiting.runs.iter().filter(|run| run.order <= joined);
        let mut waiting: Vec<(u64, u64)> = waiting
            .filter(|run| matches!(run.state, State::Event(_)))
            .map(|run| (run.order, run.number))
            .collect();
        waiting.sort_unstable();
        for (order, number) in waiting {
            // One before may have moved the record, or have been waited for by this one.
            let still = self.record.waiting.as_ref().and_then(|waiting| {
                let run = waiting.runs.get(waiting.position(number)?)?;
                Some(run.order == order)
            });
            if still != Some(true) {
                continue;
            }
            let Some(mut run) = self.take(number) else { continue };
            if self.hears(&mut run, occasion) && self.wait_condition(&run, Some(occasion)) {
                let looks = self.tables.looks(self.program(), &run);
                run.waits.push(looks.event.then(|| occasion.kept(looks.old)));
                self.go(run, Phase::Body, None);
                self.settle();
            } else {
                self.waiting().insert(run);
            }
        }
    }

    /// Whether this is what the body waits for. Its own counts go on, and its silences begin anew.
    fn hears(&self, run: &mut Run, occasion: &Occasion<'_>) -> bool {
        let program = self.program();
        let tz = self.timezone(program.rule(run.rule));
        let schema = &program.schema;
        let State::Event(waiting) = &mut run.state else { return false };
        let Some(wait) = program.code.waits.get(waiting.wait.0 as usize) else { return false };
        let mut heard = false;
        for (pattern, n) in wait.events.iter().zip(0..) {
            match pattern {
                EventPattern::Count { count: wanted, event, within } => {
                    if occasion.is(event, schema) {
                        let times = waiting.counts.entry(n).or_default();
                        heard |= count(times, self.now, *wanted, *within, tz);
                    }
                }
                EventPattern::Absence { event, period } => {
                    if occasion.is(event, schema) {
                        match add_duration(self.now, *period, tz) {
                            Ok(due) => waiting.silences.insert(n, (due, self.cause())),
                            Err(_) => waiting.silences.remove(&n),
                        };
                    }
                }
                EventPattern::Named(_) | EventPattern::Change { .. } | EventPattern::AnyChange => {
                    heard |= occasion.matches(pattern, schema, Listener::Rule(run.rule, n));
                }
            }
        }
        heard
    }

    /// The condition of a `wait for`; one that cannot be evaluated counts as false.
    pub(super) fn wait_condition(&mut self, run: &Run, occasion: Option<&Occasion<'_>>) -> bool {
        let (Some(wait), Some(frame)) = (self.wait_of(run), &run.frame) else { return false };
        let Some(when) = wait.when else { return true };
        let captures: Vec<Value> =
            wait.captures.iter().map(|register| frame.get(*register).clone()).collect();
        match self.condition_value(when, &captures, occasion) {
            Ok(value) => value == Value::Bool(true),
            Err(failure) => {
                let rule = run.rule;
                self.note(|| Trace::WaitConditionFailed { rule, failure });
                false
            }
        }
    }

    /// The `wait for` at which a body stands.
    pub(super) fn wait_of(&self, run: &Run) -> Option<&WaitFor> {
        let State::Event(waiting) = &run.state else { return None };
        self.machine.program().code.waits.get(waiting.wait.0 as usize)
    }

    /// `set`: all fields together, or none.
    fn set(&mut self, run: &Run, frame: &Frame, set: SetId) -> Result<Next, Failure> {
        let program = self.program();
        let Some(set) = program.code.sets.get(set.0 as usize) else { return Ok(Next::GoOn) };
        let entity = program.schema.entity(self.record.subject.entity);
        let values = || set.fields.iter().map(|(field, register)| (*field, frame.get(*register)));
        for (field, value) in values() {
            let Some(field) = entity.fields.get(field.index()) else { continue };
            let limited = check_limits(value, &field.ty, &field.limits, self.tables.pattern(field));
            if let Err(failure) = limited {
                return Err(Failure { message: format!("`{}`: {failure}", field.name), ..failure });
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
        Ok(Next::GoOn)
    }

    /// Asks for an action, and under a `let` for its outcome.
    fn act(&mut self, run: &Run, frame: &mut Frame, id: CallId) -> Result<Next, Failure> {
        let program = self.program();
        let Some(call) = program.code.calls.get(id.0 as usize) else { return Ok(Next::GoOn) };
        let params = call.params.iter().map(|(number, register)| (*number, frame.get(*register).clone()));
        let asked = self.ask(run.rule, call.action, params.collect());
        let Some(answer) = &call.answer else { return Ok(Next::GoOn) };
        match asked {
            Ok(()) if self.options.simulate => match self.answer(frame, call.action, answer) {
                Ok(()) => Ok(Next::GoOn),
                Err(failure) => answer.otherwise.map(Next::GoOnAt).ok_or(failure),
            },
            Ok(()) => {
                let until = answer.at_most.map(|register| self.after(run, frame.get(register)));
                let until = until.transpose()?;
                if until.is_some_and(|until| until <= self.now) {
                    return answer.otherwise.map(Next::GoOnAt).ok_or_else(no_answer);
                }
                Ok(Next::Wait(State::Answer { call: id, effect: self.record.effects, until }))
            }
            Err(failure) => answer.otherwise.map(Next::GoOnAt).ok_or(failure),
        }
    }

    /// The outcome of an action goes to the body that waits for it; false if none does.
    pub(super) fn outcome(&mut self, event: &Event) -> bool {
        let Some((number, call)) = self.record.awaiting(&self.program().schema, event) else { return false };
        let program = self.program();
        let Some(call) = program.code.calls.get(call.0 as usize) else { return false };
        let Some(answer) = &call.answer else { return false };
        let result = match &event.body {
            EventBody::Completed { outputs: given, .. } => {
                // A bad one has been rejected before.
                let Ok(values) = outputs(program, call.action, given) else { return false };
                Ok(values)
            }
            EventBody::Failed { reason, .. } => Err(Failure::new(FailureCode::ActionFailed, &**reason)),
            _ => return false,
        };
        let Some(mut run) = self.take(number) else { return false };
        match (result, &mut run.frame) {
            (Ok(values), Some(frame)) => {
                frame.answer(answer, values);
                self.go(run, Phase::Body, None);
            }
            (Err(failure), Some(_)) => self.unanswered(run, failure),
            (_, None) => {}
        }
        self.settle();
        self.drain();
        true
    }

    /// A body whose action failed or took too long goes on at the `else`, or fails.
    pub(super) fn unanswered(&mut self, mut run: Run, failure: Failure) {
        let State::Answer { call, .. } = run.state else { return };
        let program = self.program();
        let answer = program.code.calls.get(call.0 as usize).and_then(|call| call.answer.as_ref());
        let Some(frame) = &mut run.frame else { return };
        match answer.and_then(|answer| answer.otherwise) {
            Some(otherwise) => {
                frame.go_to(otherwise);
                self.go(run, Phase::Body, None);
            }
            None => {
                let statement = frame.statement(program);
                self.fail(run.rule, failure, statement);
            }
        }
    }
}

pub(super) fn no_answer() -> Failure {
    Failure::new(FailureCode::NoAnswer, "no outcome of the action has come in time")
}
