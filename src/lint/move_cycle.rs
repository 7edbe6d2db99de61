//! `move_cycle`: moves and changes of fields that chase each other, until the engine cuts the chain.
//!
//! What can follow what at once is a graph of rules and triggers. Where it goes round, an example is sought and tried:
//! only a chain that was really cut is told of.

use super::reason::{Answer, Place, Reason};
use super::situation::{condition, eligible};
use super::trial::{self, Settled, Trial};
use super::{Placed, Program};
use crate::diagnostic::{Code, Diagnostic};
use crate::engine::effect::{Effect, EffectKind, Mover};
use crate::model::{Condition, EventPattern, Stage, Stmt, StmtKind, Trigger};
use crate::source::Span;
use crate::value::{FieldId, PipelineId, RuleId, StageId, TriggerId};
use std::collections::{HashMap, HashSet};

/// So many beginnings of one circle are tried.
const MOST_BEGINNINGS: usize = 24;
/// In so many stages, and by so many fields.
const MOST_PLACES: usize = 4;
/// So many steps of a circle are shown.
const MOST_SHOWN: usize = 8;
/// A value that grows until it is too large has been changed more often than this.
const GROWTH: usize = 8;

/// Something that runs at once when something else has happened.
#[derive(Clone, Copy)]
enum Node<'p> {
    Rule(Placed<'p>),
    Trigger(&'p Stage, &'p Trigger),
}

/// What a rule does before it waits.
#[derive(Default)]
struct Does {
    moves: Vec<(StageId, Span)>,
    sets: Vec<(FieldId, Span)>,
}

/// What makes rules and triggers run.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Happening {
    Entry(StageId),
    Change(PipelineId, FieldId),
    AnyChange(PipelineId),
}

/// One step of a chain that was cut: who did it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    MovedByRule(RuleId, StageId),
    MovedByTrigger(TriggerId),
    Set(RuleId, FieldId),
}

/// A chain that goes round.
struct Example {
    /// The events that begin it.
    lines: Vec<String>,
    /// One round.
    steps: Vec<Step>,
    /// Whether it ends because a value has grown too large, and not because it is cut off.
    grows: bool,
}

pub fn check(program: &Program, trial: &mut Option<Trial>, found: &mut Vec<Diagnostic>) {
    let at_once = |p: &Placed| !p.rule.disabled && p.rule.timing.is_none() && p.rule.during.is_none();
    let rules = program.rules().filter(at_once).map(Node::Rule);
    let triggers = program.triggers().filter(|(_, t)| !t.disabled).map(|(s, t)| Node::Trigger(s, t));
    let nodes: Vec<Node> = rules.chain(triggers).collect();
    let does: Vec<Does> = nodes.iter().map(does).collect();
    let next = edges(program, &nodes, &does);
    let mut said: HashSet<Step> = HashSet::new();
    for circle in circles(&next) {
        let beginnings = circle.iter().filter_map(|at| nodes.get(*at));
        for start in beginnings.take(MOST_BEGINNINGS) {
            if trial.as_ref().is_some_and(Trial::is_enough) {
                return;
            }
            let Some(example) = example(program, start, trial) else { continue };
            if !example.steps.iter().any(|step| said.contains(step)) {
                found.extend(diagnostic(program, &example));
            }
            said.extend(example.steps);
        }
    }
}

fn does(node: &Node) -> Does {
    let mut does = Does::default();
    match node {
        Node::Trigger(stage, trigger) => does.moves.push((stage.id, trigger.span)),
        Node::Rule(placed) => {
            collect(&placed.rule.body.statements, &mut does);
        }
    }
    does
}

/// Says whether what stands behind may be reached at once.
fn collect(statements: &[Stmt], does: &mut Does) -> bool {
    for statement in statements {
        match &statement.kind {
            StmtKind::Action(_) | StmtKind::Let { .. } => {}
            StmtKind::Set(fields) => does.sets.extend(fields.iter().map(|(f, _)| (*f, statement.span))),
            StmtKind::Move(stage) => {
                does.moves.push((*stage, statement.span));
                return false;
            }
            StmtKind::If { branches, otherwise } => {
                let mut goes_on = otherwise.is_none();
                for block in branches.iter().map(|(_, b)| b).chain(otherwise) {
                    goes_on |= collect(block, does);
                }
                if !goes_on {
                    return false;
                }
            }
            StmtKind::For { body, .. } => {
                collect(body, does);
            }
            // A wait of nothing does not suspend, but who writes that means time to pass.
            _ => return false,
        }
    }
    true
}

/// For each node those that it can make run at once. Behind the nodes stand the stages and the changes of fields:
/// what leads to one leads to all that hear of it, and there are no more edges than words in the program.
fn edges(program: &Program, nodes: &[Node], does: &[Does]) -> Vec<Vec<usize>> {
    let mut next: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut places: HashMap<Happening, usize> = HashMap::new();
    let mut of = |happening: Happening, next: &mut Vec<Vec<usize>>| {
        *places.entry(happening).or_insert_with(|| {
            next.push(Vec::new());
            next.len() - 1
        })
    };
    for (at, node) in nodes.iter().enumerate() {
        let (pipeline, patterns): (_, &[EventPattern]) = match node {
            Node::Rule(placed) => {
                if let (Some(stage), true) = (placed.stage, placed.rule.on.is_empty()) {
                    let entry = of(Happening::Entry(stage.id), &mut next);
                    next[entry].push(at);
                }
                (placed.pipeline.id, &placed.rule.on)
            }
            Node::Trigger(stage, trigger) => (stage.pipeline, &trigger.events),
        };
        for pattern in patterns {
            match pattern {
                EventPattern::Change { fields, .. } => {
                    for field in fields {
                        let change = of(Happening::Change(pipeline, *field), &mut next);
                        next[change].push(at);
                    }
                }
                EventPattern::AnyChange => {
                    let change = of(Happening::AnyChange(pipeline), &mut next);
                    next[change].push(at);
                }
                _ => {}
            }
        }
        for (stage, _) in &does[at].moves {
            let entry = of(Happening::Entry(*stage), &mut next);
            next[at].push(entry);
        }
        // A change is heard where the record stands by then, too.
        let moved_to = does[at].moves.iter().map(|(stage, _)| program.stage(*stage).pipeline);
        let mut heard_in: Vec<PipelineId> = std::iter::once(pipeline).chain(moved_to).collect();
        heard_in.sort_unstable();
        heard_in.dedup();
        for pipeline in heard_in {
            for (field, _) in &does[at].sets {
                let change = of(Happening::Change(pipeline, *field), &mut next);
                next[at].push(change);
                let any = of(Happening::AnyChange(pipeline), &mut next);
                next[at].push(any);
            }
        }
    }
    for edges in &mut next {
        edges.sort_unstable();
        edges.dedup();
    }
    next
}

/// The groups of nodes that lead to each other. Without recursion: the chain may be long.
fn circles(next: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let count = next.len();
    let (mut index, mut low) = (vec![usize::MAX; count], vec![0; count]);
    let mut on_stack = vec![false; count];
    let (mut stack, mut groups, mut counter) = (Vec::new(), Vec::new(), 0);
    for root in 0..count {
        if index[root] != usize::MAX {
            continue;
        }
        let mut way: Vec<(usize, usize)> = vec![(root, 0)];
        while let Some((node, edge)) = way.last_mut() {
            let node = *node;
            if *edge == 0 {
                index[node] = counter;
                low[node] = counter;
                counter += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(to) = next[node].get(*edge) {
                *edge += 1;
                if index[*to] == usize::MAX {
                    way.push((*to, 0));
                } else if on_stack[*to] {
                    low[node] = low[node].min(index[*to]);
                }
                // The count of edges must not be nothing again for a node that has been begun.
                continue;
            }
            way.pop();
            if let Some((above, _)) = way.last() {
                low[*above] = low[*above].min(low[node]);
            }
            if low[node] == index[node] {
                let mut group = Vec::new();
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    group.push(member);
                    if member == node {
                        break;
                    }
                }
                if group.len() > 1 || next[node].contains(&node) {
                    group.sort_unstable();
                    groups.push(group);
                }
            }
        }
    }
    groups
}

/// Events on which a chain that this node begins goes round, and the steps of one round.
fn example(program: &Program, node: &Node, trial: &mut Option<Trial>) -> Option<Example> {
    let (pipeline, stage, when, patterns): (_, Option<&Stage>, &Option<Condition>, &[EventPattern]) =
        match node {
            Node::Rule(placed) => (placed.pipeline, placed.stage, &placed.rule.when, &placed.rule.on),
            Node::Trigger(stage, trigger) => {
                (program.pipeline(stage.pipeline), None, &trigger.when, &trigger.events)
            }
        };
    let stages: Vec<StageId> = match (node, stage) {
        (_, Some(stage)) => vec![stage.id],
        (Node::Trigger(on, trigger), None) => eligible(program, on, trigger).take(MOST_PLACES).collect(),
        (Node::Rule(_), None) => pipeline.stages.iter().copied().take(MOST_PLACES).collect(),
    };
    let place = Place { entity: Some(pipeline.entity), event: None };
    for from in stages {
        let mut reason = Reason::new(program.model);
        let here = reason.stands_in(pipeline.entity, [from]);
        let holds = here.and(condition(&mut reason, when, &place).holds());
        let Answer::Yes(witness) = reason.possible(&holds) else { continue };
        let settled = Settled::of(&reason, &witness);
        let changes: Vec<Option<FieldId>> = match patterns {
            [] => vec![None],
            patterns => changes(patterns).into_iter().map(Some).collect(),
        };
        for change in changes.into_iter().take(MOST_PLACES) {
            let mut settled = settled.clone();
            let second = match change {
                None => None,
                Some(field) => {
                    for pattern in patterns {
                        if let EventPattern::Change { fields, from, to } = pattern
                            && fields.as_slice() == [field]
                        {
                            from.iter().for_each(|v| drop(settled.old.insert(field, v.clone())));
                            to.iter().for_each(|v| drop(settled.fields.insert(field, v.clone())));
                        }
                    }
                    match trial::updated(program, pipeline, field, &mut settled) {
                        Some(line) => Some(line),
                        None => continue,
                    }
                }
            };
            let Some(first) = trial::created(program, pipeline, program.stage(from), &settled) else {
                continue;
            };
            let lines: Vec<String> = std::iter::once(first).chain(second).collect();
            let Some(effects) = trial.get_or_insert_with(|| Trial::new(program)).run(&lines) else {
                continue;
            };
            for (at, effects) in effects.iter().enumerate() {
                let grows = trial::outgrew(effects) && !trial::is_endless(effects);
                if !grows && !trial::is_endless(effects) {
                    continue;
                }
                let Some((steps, rounds)) = round(effects) else { continue };
                if !grows || rounds > GROWTH {
                    return Some(Example { lines: lines[..=at].to_vec(), steps, grows });
                }
            }
        }
    }
    None
}

/// The fields whose change a pattern hears, of those that are named.
fn changes(patterns: &[EventPattern]) -> Vec<FieldId> {
    let fields = patterns.iter().filter_map(|pattern| match pattern {
        EventPattern::Change { fields, .. } => Some(fields.clone()),
        _ => None,
    });
    fields.flatten().collect()
}

/// The steps that come again and again before the chain ends, and how often they do.
fn round(effects: &[Effect]) -> Option<(Vec<Step>, usize)> {
    let steps: Vec<Step> = effects
        .iter()
        .filter_map(|effect| match &effect.kind {
            EffectKind::StageChanged { by: Mover::Rule(rule), to, .. } => Some(Step::MovedByRule(*rule, *to)),
            EffectKind::StageChanged { by: Mover::Trigger(trigger), .. } => {
                Some(Step::MovedByTrigger(*trigger))
            }
            EffectKind::FieldsChanged { rule, changes } => {
                changes.first().map(|(field, ..)| Step::Set(*rule, *field))
            }
            _ => None,
        })
        .collect();
    let last = steps.last()?;
    let length = steps.iter().rev().skip(1).position(|step| step == last)? + 1;
    let rounds = steps.iter().filter(|step| *step == last).count();
    let mut round = steps[steps.len() - length..].to_vec();
    // It begins where the text does.
    let first = round.iter().enumerate().min_by_key(|(_, step)| match step {
        Step::MovedByRule(rule, _) | Step::Set(rule, _) => (0, rule.0),
        Step::MovedByTrigger(trigger) => (1, trigger.0),
    })?;
    let first = first.0;
    round.rotate_left(first);
    Some((round, rounds))
}

fn diagnostic(program: &Program, example: &Example) -> Option<Diagnostic> {
    let Example { lines, steps, grows } = example;
    let mut labels: Vec<(Span, String)> = Vec::new();
    for step in steps {
        let (span, what) = match step {
            Step::MovedByTrigger(id) => {
                let (stage, trigger) = program.triggers().find(|(_, t)| t.id == *id)?;
                (trigger.span, format!("this moves the record to `{}`", stage.name))
            }
            Step::MovedByRule(id, to) => {
                let placed = program.rules().find(|p| p.rule.id == *id)?;
                let does = does(&Node::Rule(placed));
                let (_, span) = does.moves.iter().find(|(stage, _)| stage == to)?;
                (
                    *span,
                    format!("rule `{}` moves the record to `{}`", placed.rule.name, program.stage(*to).name),
                )
            }
            Step::Set(id, field) => {
                let placed = program.rules().find(|p| p.rule.id == *id)?;
                let does = does(&Node::Rule(placed));
                let (_, span) = does.sets.iter().find(|(f, _)| f == field)?;
                let name = &program.model.schema.entity(placed.pipeline.entity).fields[field.index()].name;
                (*span, format!("rule `{}` changes `{name}`", placed.rule.name))
            }
        };
        if !labels.iter().any(|(other, _)| *other == span) {
            labels.push((span, what));
        }
    }
    let several = labels.len() > 1;
    let shown: Vec<_> = labels.into_iter().take(MOST_SHOWN).enumerate().collect();
    let (_, (span, what)) = shown.first()?;
    if program.is_bundled(span.file) {
        return None;
    }
    let message = match (several, steps.iter().any(|s| !matches!(s, Step::Set(..)))) {
        (true, true) => "these moves and changes chase each other without end",
        (true, false) => "these changes chase each other without end",
        (false, _) => "this change brings itself about again, without end",
    };
    let number =
        |at: usize, what: &str| if several { format!("{}. {what}", at + 1) } else { what.to_owned() };
    let mut diagnostic = Diagnostic::new(Code::MoveCycle, *span, message).label(number(0, what));
    for (at, (span, what)) in shown.iter().skip(1) {
        diagnostic = diagnostic.also(*span, number(*at, what));
    }
    let events = if lines.len() == 1 { "this event" } else { "these events" };
    let end = if *grows { "a value is too large" } else { "a run cuts it off" };
    Some(diagnostic.help(format!(
        "say in a `when` where it is to end; it goes round on {events}, until {end}:\n{}",
        lines.join("\n")
    )))
}
