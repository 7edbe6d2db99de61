//! Rules: when they start, what they wait for before their body begins, and when those that wait for others go on.

use super::Life;
use super::effect::{EffectKind, Mover};
use super::eligible::Eligible;
use super::patterns::Occasion;
use super::record::Reason;
use super::tables::Tables;
use super::trace::{SkipReason, Trace};
use super::waiting::{Happening, Listener, Phase, Run, State};
use crate::program::{During, EventPattern, Rule, Timing};
use crate::syntax::tree::Overlap;
use crate::value::calendar::Hours;
use crate::value::time::add_duration;
use crate::value::*;
use crate::vm::wrong_type;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

/// How far a run has come when nothing more can be done for it now.
pub(super) enum Step {
    /// Done, skipped or failed.
    Ended,
    Waits(State),
    /// Its last act: a move, left to the caller.
    Move(StageId),
}

impl<'a> Life<'a, '_> {
    /// Starts the rules of a stage that the record has just entered.
    pub(super) fn start_entry_rules(&mut self, stage: StageId) {
        let visit = self.record.visits;
        for rule in &self.program().stage(stage).entry_rules {
            // One of them may have moved the record on: the others do not start.
            if self.record.visits != visit || self.stopped {
                return;
            }
            self.start(*rule, None);
        }
    }

    /// Starts those of the rules that listen to this, until the record is gone from where they are. Only those are asked that
    /// are found by the event, but where somebody watches all of them: it must come to the same.
    pub(super) fn start_listening(
        &mut self,
        rules: &[RuleId],
        found: impl FnOnce(&'a Tables) -> &'a Eligible,
        occasion: &Occasion<'_>,
        gone: impl Fn(&Self) -> bool,
    ) {
        if rules.is_empty() {
            return;
        }
        let program = self.program();
        let schema = &program.schema;
        let is_heard = |rule: RuleId, (pattern, n): (&EventPattern, u16)| {
            occasion.matches(pattern, schema, Listener::Rule(rule, n))
        };
        if self.watch.is_some() || self.trace.is_some() {
            for id in rules {
                if gone(self) || self.stopped {
                    return;
                }
                if program.rule(*id).on.iter().zip(0..).any(|pattern| is_heard(*id, pattern)) {
                    self.start(*id, Some(occasion));
                }
            }
            return;
        }
        let Some(candidates) = found(self.tables).of(occasion.event) else { return };
        let mut started = None;
        for (candidate, certain) in candidates.of(occasion.payload) {
            if gone(self) || self.stopped {
                return;
            }
            let (id, n) = (RuleId(candidate.number), candidate.pattern);
            // One that listens to the event twice starts once.
            if started == Some(id) {
                continue;
            }
            let pattern = program.rule(id).on.get(usize::from(n));
            if certain || pattern.is_some_and(|pattern| is_heard(id, (pattern, n))) {
                started = Some(id);
                self.start(id, Some(occasion));
            }
        }
    }

    pub(super) fn start(&mut self, id: RuleId, occasion: Option<&Occasion<'_>>) {
        let rule = self.program().rule(id);
        if self.is_at_once(id, rule) {
            match self.holds(rule.when, occasion) {
                Ok(true) if self.ask_all(id, occasion) => return,
                Ok(true) => {}
                Ok(false) => return,
                Err(failure) => return self.fail(id, failure, 0),
            }
        }
        if rule.once && self.record.used.binary_search(&id).is_ok() {
            return self.note(|| Trace::RuleSkipped { rule: id, why: SkipReason::UsedUp });
        }
        let run = Run::new(id, self.record.visits, self.now);
        let under_way = self
            .record
            .waiting
            .as_ref()
            .map_or(0, |waiting| waiting.runs.iter().filter(|other| other.rule == id).count());
        let mut wait = None;
        if under_way > 0 && !rule.on.is_empty() {
            match rule.overlap {
                Overlap::Parallel => {}
                Overlap::Skip => {
                    return self.note(|| Trace::RuleSkipped { rule: id, why: SkipReason::UnderWay });
                }
                Overlap::Restart => self.cancel(id),
                Overlap::Queue => wait = Some(State::Queue),
            }
        }
        if under_way >= self.options.runs && rule.overlap != Overlap::Restart {
            return self.emit(EffectKind::RuleCancelled { rule: id, reason: "too many runs under way" });
        }
        if rule.then && self.above_is_under_way(&run) {
            wait = Some(State::Predecessor);
        }
        match wait {
            Some(state) => self.keep(run, state, occasion),
            None => self.go(run, Phase::Timing, occasion),
        }
        self.settle();
    }

    /// Whether nothing can come between the start of a rule and the end of its body, if that does not wait, and nobody wants to
    /// know of either.
    fn is_at_once(&self, id: RuleId, rule: &Rule) -> bool {
        self.watch.is_none()
            && self.trace.is_none()
            && self.record.waiting.is_none()
            && !(rule.once || rule.then)
            && rule.timing.is_none()
            && rule.during.is_none()
            && rule.when_awaits.is_empty()
            && self.options.runs > 0
            && self.tables.outputs_of_rule(id).is_empty()
    }

    fn cancel(&mut self, rule: RuleId) {
        if let Some(waiting) = &mut self.record.waiting {
            waiting.runs.retain(|run| run.rule != rule);
        }
        self.note(|| Trace::RuleCancelled { rule });
    }

    /// Lets the runs go on that wait for others which have ended or bound something, one after the other.
    pub(super) fn settle(&mut self) {
        while let Some(number) = self.settled() {
            let Some(mut run) = self.take(number) else { return };
            let phase = match &run.state {
                State::Outputs { phase, .. } => *phase,
                _ => Phase::Timing,
            };
            if run.state == State::Predecessor {
                run.since = self.now;
            }
            if run.state == State::Queue {
                // Its own event brings it, which came earlier.
                let now = std::mem::replace(&mut self.cause, run.cause.clone());
                self.go(run, phase, None);
                self.cause = now;
            } else {
                self.go(run, phase, None);
            }
        }
    }

    /// The first run whose waiting for others is over.
    fn settled(&self) -> Option<u64> {
        let runs = &self.record.waiting.as_ref()?.runs;
        // Nothing that has not started starts any more.
        let mut runs = runs.iter().filter(|run| !self.stopped || run.frame.is_some());
        let mut earlier: Vec<RuleId> = Vec::new();
        let found = runs.find(|run| match &run.state {
            State::Predecessor => !self.above_is_under_way(run),
            State::Queue => {
                let first = !earlier.contains(&run.rule);
                earlier.push(run.rule);
                first
            }
            State::Outputs { outputs, .. } => !self.is_pending(outputs, run.visit),
            _ => {
                if self.program().rule(run.rule).overlap == Overlap::Queue {
                    earlier.push(run.rule);
                }
                false
            }
        });
        found.map(|run| run.number)
    }

    /// Whether the rule above a `then` rule has started on the same visit and not ended. A disabled one has ended.
    fn above_is_under_way(&self, run: &Run) -> bool {
        let Some(above) = run.rule.0.checked_sub(1).map(RuleId) else { return false };
        let program = self.program();
        program.rule(above).stage == program.rule(run.rule).stage && self.is_under_way(above, run.visit)
    }

    fn is_under_way(&self, rule: RuleId, visit: u32) -> bool {
        let waiting = self.record.waiting.as_ref();
        waiting.is_some_and(|w| w.runs.iter().any(|run| run.rule == rule && run.visit == visit))
    }

    /// Takes a run as far as it goes now. What started it is given, or kept in the run.
    pub(super) fn go(&mut self, mut run: Run, phase: Phase, occasion: Option<&Occasion<'_>>) {
        run.state = State::Going;
        let event = run.event.take();
        let kept = event.as_deref().map(|happening| self.recall(happening));
        let step = self.go_from(&mut run, phase, occasion.or(kept.as_ref()));
        run.event = event;
        match step {
            Step::Ended => {}
            Step::Waits(state) => self.keep(run, state, occasion),
            Step::Move(to) => self.enter(to, Mover::Rule(run.rule), None),
        }
    }

    fn go_from(&mut self, run: &mut Run, from: Phase, own: Option<&Occasion<'_>>) -> Step {
        let mut phase = from;
        loop {
            let (step, next) = match phase {
                Phase::Timing => (self.timing(run, own), Phase::Opening),
                Phase::Opening => (self.opening(run, own), Phase::Condition),
                Phase::Condition => (self.condition(run, own), Phase::Body),
                Phase::Body => return self.go_on(run, own),
            };
            match step {
                Ok(None) => phase = next,
                Ok(Some(step)) => return step,
                Err(failure) => {
                    self.fail(run.rule, failure, 0);
                    return Step::Ended;
                }
            }
        }
    }

    /// `after` and `at`.
    fn timing(&mut self, run: &Run, own: Option<&Occasion<'_>>) -> Result<Option<Step>, Failure> {
        let rule = self.program().rule(run.rule);
        let awaits = match &rule.timing {
            None => return Ok(None),
            Some(Timing::After { awaits, .. } | Timing::At { awaits, .. }) => awaits,
        };
        if let Some(step) = self.wait_for_outputs(awaits, run, Phase::Timing)? {
            return Ok(Some(step));
        }
        match &rule.timing {
            Some(Timing::After { delay, .. }) => {
                let Value::Duration(delay) = self.evaluate(*delay, run.since, own)? else {
                    return Err(wrong_type());
                };
                let due = add_duration(run.since, delay, self.timezone(rule))?;
                Ok((due > self.now).then_some(Step::Waits(State::Time(Some(due)))))
            }
            Some(Timing::At { else_skip, .. }) => match self.instant(run, own)? {
                Some(at) if at < self.now && *else_skip => {
                    self.note(|| Trace::RuleSkipped { rule: run.rule, why: SkipReason::Passed });
                    Ok(Some(Step::Ended))
                }
                Some(at) if at <= self.now => Ok(None),
                at => Ok(Some(Step::Waits(State::Time(at)))),
            },
            None => Ok(None),
        }
    }

    /// What `at` comes to now.
    pub(super) fn instant(
        &mut self,
        run: &Run,
        own: Option<&Occasion<'_>>,
    ) -> Result<Option<DateTime<Utc>>, Failure> {
        let Some(Timing::At { instant, .. }) = &self.program().rule(run.rule).timing else {
            return Err(wrong_type());
        };
        match self.evaluate(*instant, run.since, own)? {
            Value::DateTime(at) => Ok(Some(at)),
            Value::None => Ok(None),
            _ => Err(wrong_type()),
        }
    }

    /// `during`: asked when the time has come, and again when the opening has.
    fn opening(&mut self, run: &Run, own: Option<&Occasion<'_>>) -> Result<Option<Step>, Failure> {
        let program = self.program();
        let rule = program.rule(run.rule);
        let schema = &program.schema;
        let hours_of_pipeline = program.pipeline(rule.pipeline).hours;
        let (calendar, away) = match &rule.during {
            None => return Ok(None),
            Some(During::Calendar(calendar)) => (Some(*calendar), &[][..]),
            Some(During::HoursOf(user)) => {
                let user = match self.evaluate(*user, self.now, own)? {
                    Value::Principal(user) => schema.principal_named(&user.name),
                    Value::None => None,
                    _ => return Err(wrong_type()),
                };
                let hours = user.and_then(|user| user.hours).or(hours_of_pipeline);
                (hours, user.map_or(&[][..], |user| &user.away))
            }
        };
        let calendar = calendar.and_then(|calendar| schema.calendars.get(calendar.index()));
        let hours = Hours { calendar, away, tz: self.timezone(rule) };
        if hours.is_open(self.now) {
            return Ok(None);
        }
        Ok(Some(Step::Waits(State::Opening(hours.next_opening(self.now)?))))
    }

    fn condition(&mut self, run: &mut Run, own: Option<&Occasion<'_>>) -> Result<Option<Step>, Failure> {
        let (id, rule) = (run.rule, self.program().rule(run.rule));
        if let Some(step) = self.wait_for_outputs(&rule.when_awaits, run, Phase::Condition)? {
            return Ok(Some(step));
        }
        if !rule.on.is_empty() {
            // What others read of an `on` rule is its last run's.
            self.forget(id);
        }
        let used = self.record.used.binary_search(&id);
        let why = if rule.once && used.is_ok() {
            Some(SkipReason::UsedUp)
        } else if !self.holds(rule.when, own)? {
            Some(SkipReason::ConditionFalse)
        } else {
            None
        };
        if let Some(why) = why {
            self.note(|| Trace::RuleSkipped { rule: id, why });
            return Ok(Some(Step::Ended));
        }
        if rule.once
            && let Err(at) = used
        {
            self.record.used.insert(at, id);
        }
        self.note(|| Trace::RuleStarted { rule: id });
        run.frame = Some(self.machine.begin(rule.body, self.buffers.frame.take()));
        Ok(None)
    }

    /// A rule that reads outputs waits for those that may still come; it goes on if all are bound, or need not be.
    pub(super) fn wait_for_outputs(
        &mut self,
        outputs: &[OutputId],
        run: &Run,
        phase: Phase,
    ) -> Result<Option<Step>, Failure> {
        if self.is_pending(outputs, run.visit) {
            return Ok(Some(Step::Waits(State::Outputs { outputs: outputs.to_vec(), phase })));
        }
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
        Ok(None)
    }

    /// Whether one of the outputs is not bound and its rule has not ended. For `on` rules nobody waits.
    fn is_pending(&self, outputs: &[OutputId], visit: u32) -> bool {
        let program = self.program();
        outputs.iter().any(|id| {
            let Some(output) = program.outputs.get(id.index()) else { return false };
            !self.record.outputs.contains_key(id)
                && program.rule(output.rule).on.is_empty()
                && self.is_under_way(output.rule, visit)
        })
    }

    /// Keeps a run until what it waits for has come.
    pub(super) fn keep(&mut self, mut run: Run, state: State, occasion: Option<&Occasion<'_>>) {
        let looks = self.tables.looks(self.program(), &run);
        if run.event.is_none() && looks.event {
            run.event = occasion.map(|occasion| occasion.kept(looks.old));
        }
        run.cause = Some(self.cause());
        run.state = state;
        let (rule, until) = (run.rule, run.due());
        let waiting = self.waiting();
        if run.number == 0 {
            waiting.numbered += 1;
            run.number = waiting.numbered;
        }
        waiting.steps += 1;
        run.order = waiting.steps;
        waiting.insert(run);
        self.note(|| Trace::RuleWaits { rule, until });
    }

    /// Takes a run out of the record: it goes on, or is put back.
    pub(super) fn take(&mut self, number: u64) -> Option<Run> {
        let waiting = self.record.waiting.as_mut()?;
        let at = waiting.position(number)?;
        Some(waiting.runs.remove(at))
    }

    /// An event that was kept, as code sees it.
    pub(super) fn recall<'h>(&self, happening: &'h Happening) -> Occasion<'h>
    where
        'a: 'h,
    {
        let program = self.program();
        let name = match happening.event.and_then(|event| program.schema.events.get(event.index())) {
            Some(event) => &*event.name,
            None => self.tables.updated_name(self.record.subject.entity),
        };
        Occasion {
            event: happening.event,
            name,
            time: happening.time,
            payload: &happening.payload,
            changed: None,
            old: happening.old.as_deref(),
            completed: &[],
        }
    }

    pub(super) fn timezone(&self, rule: &Rule) -> Tz {
        self.program().pipeline(rule.pipeline).timezone
    }

    pub(super) fn fail(&mut self, rule: RuleId, failure: Failure, statement: u32) {
        if !self.tables.outputs_of_rule(rule).is_empty() {
            let reason = Reason { code: failure.code, message: failure.message.as_str().into() };
            self.record.failures.insert(rule, reason);
        }
        self.note(|| Trace::RuleFailed { rule, failure: failure.clone() });
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
