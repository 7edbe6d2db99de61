//! From a checked program and its text to what is drawn.

use super::{Arrow, By, Cause, CauseKind, From, Graph, Pipeline, Place, Rule, Stage, To, Warning};
use crate::compiler::Loaded;
use crate::diagnostic::{Diagnostic, Severity, escaped};
use crate::lint;
use crate::model::{self, Model, Stmt, StmtKind};
use crate::source::Span;
use crate::syntax::tree::{self, ClauseKind, ItemKind, PipelineMember, StageKind, StageMember};
use crate::value::{StageId, TriggerId};
use std::collections::HashMap;

/// An arrow comes from so many stages of their own; from more it says so in words.
const FEW: usize = 3;

/// What is drawn, with files called by what a function makes of their names.
pub fn graph(loaded: &Loaded, model: &Model, warnings: &[Diagnostic], called: fn(&str) -> &str) -> Graph {
    let mut builder = Builder::new(loaded, model, warnings);
    builder.called = called;
    let file = loaded.roots.first().map_or("", |root| called(&loaded.sources.file(*root).name));
    let mut pipelines: Vec<Pipeline> = model.pipelines.iter().map(|p| builder.pipeline(p)).collect();
    for pipeline in &mut pipelines {
        pipeline.arrows.sort_by_key(|arrow| match arrow.to {
            To::Stage(stage) => stage,
            To::Outside(_) => usize::MAX,
        });
    }
    Graph { file: clean(file), pipelines, counted: None }
}

/// What the text says of the parts of the model: by the place that the model keeps.
struct Builder<'p> {
    loaded: &'p Loaded,
    model: &'p Model,
    pipelines: HashMap<Span, &'p tree::Item>,
    stages: HashMap<Span, &'p tree::Stage>,
    triggers: HashMap<Span, &'p tree::Trigger>,
    rules: HashMap<Span, &'p tree::Rule>,
    /// By the extent of what they speak of.
    warnings: HashMap<Span, Vec<Warning>>,
    ways: HashMap<TriggerId, Vec<StageId>>,
    /// What a file is called.
    called: fn(&str) -> &str,
}

impl<'p> Builder<'p> {
    fn new(loaded: &'p Loaded, model: &'p Model, warnings: &[Diagnostic]) -> Self {
        let mut builder = Builder {
            loaded,
            model,
            pipelines: HashMap::new(),
            stages: HashMap::new(),
            triggers: HashMap::new(),
            rules: HashMap::new(),
            warnings: HashMap::new(),
            ways: lint::ways(loaded, model),
            called: |name| name,
        };
        let mut extents = Vec::new();
        for item in loaded.files.iter().flat_map(|file| &file.items) {
            let ItemKind::Pipeline(pipeline) = &item.kind else { continue };
            builder.pipelines.insert(pipeline.name.span, item);
            extents.push(item.span);
            for member in &pipeline.members {
                match member {
                    PipelineMember::Rule(rule) => {
                        builder.rules.insert(rule.name.span, rule);
                        extents.push(rule.span);
                    }
                    PipelineMember::Stage(stage) => {
                        builder.stages.insert(stage.name.span, stage);
                        extents.push(stage.span);
                        for member in &stage.members {
                            match member {
                                StageMember::Rule(rule) => {
                                    builder.rules.insert(rule.name.span, rule);
                                    extents.push(rule.span);
                                }
                                StageMember::Trigger(trigger) => {
                                    builder.triggers.insert(trigger.span, trigger);
                                    extents.push(trigger.span);
                                }
                            }
                        }
                    }
                }
            }
        }
        for warning in warnings.iter().filter(|d| d.severity() == Severity::Warning) {
            let at = warning.span();
            let holds =
                |e: &&Span| e.file == at.file && e.start <= at.start && at.start < e.end.max(e.start + 1);
            // The innermost.
            let extent = extents.iter().filter(holds).min_by_key(|e| e.end - e.start);
            if let Some(extent) = extent {
                let place = builder.place(at);
                builder.warnings.entry(*extent).or_default().push(Warning {
                    name: warning.code.id().to_owned(),
                    message: clean(&warning.message),
                    help: warning.help.as_deref().map(clean),
                    place,
                });
            }
        }
        builder
    }

    fn place(&self, span: Span) -> Place {
        let file = clean((self.called)(&self.loaded.sources.file(span.file).name));
        Place { file, line: self.loaded.sources.position(span).line }
    }

    fn warnings(&self, extent: Option<Span>) -> Vec<Warning> {
        extent.and_then(|extent| self.warnings.get(&extent)).cloned().unwrap_or_default()
    }

    /// The text of a span in one line, without comments.
    fn text(&self, span: Span) -> String {
        let whole = self.loaded.sources.text(span);
        let comments = self.loaded.files.iter().find(|f| f.file == span.file).map(|f| &f.comments);
        let mut text = String::new();
        let mut at = 0;
        for comment in comments.into_iter().flatten() {
            if span.start <= comment.span.start && comment.span.end <= span.end {
                let (start, end) = (comment.span.start - span.start, comment.span.end - span.start);
                text.push_str(whole.get(at..start as usize).unwrap_or_default());
                text.push(' ');
                at = end as usize;
            }
        }
        text.push_str(whole.get(at..).unwrap_or_default());
        let words: Vec<&str> = text.split_whitespace().collect();
        clean(&words.join(" "))
    }

    fn pipeline(&self, pipeline: &model::Pipeline) -> Pipeline {
        let tree = self.pipelines.get(&pipeline.span);
        let stages: Vec<&model::Stage> =
            pipeline.stages.iter().filter_map(|id| self.model.stages.get(id.index())).collect();
        let mut drawn = Pipeline {
            name: clean(&pipeline.name),
            label: shown(&pipeline.label, &pipeline.name),
            entity: clean(&self.model.schema.entity(pipeline.entity).name),
            stages: stages.iter().map(|stage| self.stage(stage)).collect(),
            rules: pipeline.rules.iter().map(|rule| self.rule(rule)).collect(),
            arrows: Vec::new(),
            warnings: self.warnings(tree.map(|tree| tree.span)),
            place: self.place(pipeline.span),
        };
        for (at, stage) in stages.iter().enumerate() {
            for trigger in &stage.triggers {
                let from = self.ways.get(&trigger.id).map(Vec::as_slice).unwrap_or_default();
                let from: Vec<usize> =
                    from.iter().filter_map(|id| stages.iter().position(|stage| stage.id == *id)).collect();
                let from = origin(&drawn, &from, at);
                add(&mut drawn.arrows, from, To::Stage(at), self.trigger(stage, trigger));
            }
        }
        for (at, stage) in stages.iter().enumerate() {
            for rule in &stage.rules {
                self.moves(&mut drawn, &From::Stages(vec![at]), pipeline, rule);
            }
        }
        for rule in &pipeline.rules {
            self.moves(&mut drawn, &From::Many("any stage".into()), pipeline, rule);
        }
        // What rules of other pipelines bring here.
        let others = self.model.stages.iter().filter(|stage| stage.pipeline != pipeline.id);
        let of_stages = others.flat_map(|stage| stage.rules.iter().map(move |rule| (Some(stage), rule)));
        let others = self.model.pipelines.iter().filter(|other| other.id != pipeline.id);
        let of_pipelines = others.clone().flat_map(|other| other.rules.iter().map(|rule| (None, rule)));
        for (stage, rule) in of_stages.chain(of_pipelines) {
            for target in targets(rule) {
                let Some(at) = stages.iter().position(|stage| stage.id == target) else { continue };
                let home = self.model.pipelines.iter().find(|p| match stage {
                    Some(stage) => p.id == stage.pipeline,
                    None => p.rules.iter().any(|r| r.id == rule.id),
                });
                let home = home.map_or(String::new(), |home| shown(&home.label, &home.name));
                let from = match stage {
                    Some(stage) => format!("{home} › {}", shown(&stage.label, &stage.name)),
                    None => format!("{home} › any stage"),
                };
                add(&mut drawn.arrows, From::Outside(from), To::Stage(at), self.mover(rule, target));
            }
        }
        drawn
    }

    fn stage(&self, stage: &model::Stage) -> Stage {
        let tree = self.stages.get(&stage.span);
        Stage {
            id: stage.id,
            name: clean(&stage.name),
            label: shown(&stage.label, &stage.name),
            kind: stage.kind,
            doc: tree.and_then(|tree| tree.doc.as_deref()).map(doc),
            rules: stage.rules.iter().map(|rule| self.rule(rule)).collect(),
            warnings: self.warnings(tree.map(|tree| tree.span)),
            place: self.place(stage.span),
            stay: None,
        }
    }

    fn rule(&self, rule: &model::Rule) -> Rule {
        let tree = self.rules.get(&rule.span);
        let clauses = tree.map(|tree| tree.clauses.as_slice()).unwrap_or_default();
        let mut actions = Vec::new();
        lint::statements(&rule.body.statements, &mut |statement: &Stmt| {
            let call = match &statement.kind {
                StmtKind::Action(call) | StmtKind::LetAction { call, .. } => call,
                _ => return,
            };
            let action = self.model.schema.actions.get(call.action.index());
            if let Some(name) =
                action.map(|action| clean(&action.name)).filter(|name| !actions.contains(name))
            {
                actions.push(name);
            }
        });
        Rule {
            id: rule.id,
            name: clean(&rule.name),
            label: given(rule.label.as_deref()),
            disabled: rule.disabled,
            then: rule.then,
            clauses: clauses.iter().map(|clause| self.text(clause.span)).collect(),
            actions,
            doc: tree.and_then(|tree| tree.doc.as_deref()).map(doc),
            warnings: self.warnings(tree.map(|tree| tree.span)),
            place: self.place(rule.span),
            runs: None,
        }
    }

    fn trigger(&self, stage: &model::Stage, trigger: &model::Trigger) -> Cause {
        let tree = self.triggers.get(&trigger.span);
        let events = tree.map(|tree| tree.events.as_slice()).unwrap_or_default();
        Cause {
            by: By::Trigger(trigger.id),
            to: stage.id,
            kind: CauseKind::Trigger,
            label: given(trigger.label.as_deref()),
            events: events.iter().map(|event| self.text(event.span)).collect(),
            when: tree.and_then(|tree| tree.when.as_ref()).map(|when| self.text(when.span)),
            actor: tree.and_then(|tree| tree.actor.as_ref()).map(|actor| clean(&actor.text())),
            backward: trigger.backward,
            disabled: trigger.disabled,
            doc: tree.and_then(|tree| tree.doc.as_deref()).map(doc),
            warnings: self.warnings(tree.map(|tree| tree.span)),
            place: self.place(trigger.span),
            passage: None,
        }
    }

    /// The arrows of a rule's `move to`.
    fn moves(&self, drawn: &mut Pipeline, from: &From, pipeline: &model::Pipeline, rule: &model::Rule) {
        for target in targets(rule) {
            let Some(stage) = self.model.stages.get(target.index()) else { continue };
            let to = match pipeline.stages.iter().position(|id| *id == target) {
                Some(at) => To::Stage(at),
                None => {
                    let home = self.model.pipelines.iter().find(|p| p.id == stage.pipeline);
                    let home = home.map_or(String::new(), |home| shown(&home.label, &home.name));
                    To::Outside(format!("{home} › {}", shown(&stage.label, &stage.name)))
                }
            };
            add(&mut drawn.arrows, from.clone(), to, self.mover(rule, target));
        }
    }

    fn mover(&self, rule: &model::Rule, target: StageId) -> Cause {
        let tree = self.rules.get(&rule.span);
        let (mut events, mut when) = (Vec::new(), None);
        for clause in tree.map(|tree| tree.clauses.as_slice()).unwrap_or_default() {
            match &clause.kind {
                ClauseKind::When(condition) => when = Some(self.text(condition.span)),
                ClauseKind::On(_) | ClauseKind::After(_) | ClauseKind::At { .. } | ClauseKind::During(_) => {
                    events.push(self.text(clause.span));
                }
                ClauseKind::Once | ClauseKind::Overlap(_) | ClauseKind::Detached => {}
            }
        }
        Cause {
            by: By::Rule(rule.id),
            to: target,
            kind: CauseKind::Rule(clean(&rule.name)),
            label: given(rule.label.as_deref()),
            events,
            when,
            actor: None,
            backward: false,
            disabled: rule.disabled,
            doc: None,
            warnings: Vec::new(),
            place: self.place(rule.span),
            passage: None,
        }
    }
}

/// Where a rule may move the record, each stage once.
fn targets(rule: &model::Rule) -> Vec<StageId> {
    let mut found = Vec::new();
    lint::statements(&rule.body.statements, &mut |statement: &Stmt| {
        if let StmtKind::Move(stage) = statement.kind
            && !found.contains(&stage)
        {
            found.push(stage);
        }
    });
    found
}

/// Parallel moves are one arrow.
fn add(arrows: &mut Vec<Arrow>, from: From, to: To, cause: Cause) {
    match arrows.iter_mut().find(|arrow| arrow.from == from && arrow.to == to) {
        Some(arrow) => arrow.causes.push(cause),
        None => arrows.push(Arrow { from, to, causes: vec![cause] }),
    }
}

/// The stages from which a trigger may move to another, as they are drawn.
fn origin(pipeline: &Pipeline, from: &[usize], to: usize) -> From {
    let stages = &pipeline.stages;
    let open = |at: &usize| stages[*at].kind == StageKind::Normal;
    let before: Vec<usize> = (0..to).filter(open).collect();
    let others: Vec<usize> = (0..stages.len()).filter(|at| *at != to).collect();
    let others_open: Vec<usize> = others.iter().copied().filter(open).collect();
    if from.is_empty() {
        return From::Nowhere;
    }
    if from == before
        && let Some(nearest) = before.last()
    {
        return From::Before(*nearest);
    }
    if from.len() <= FEW && from.len() < others.len() {
        return From::Stages(from.to_vec());
    }
    let missing = |all: &[usize]| -> Option<Vec<usize>> {
        let covers = from.iter().all(|at| all.contains(at));
        covers.then(|| all.iter().copied().filter(|at| !from.contains(at)).collect())
    };
    let label = |at: &usize| stages[*at].label.clone();
    let candidates =
        [("any earlier stage", &before), ("any open stage", &others_open), ("any stage", &others)];
    for (words, all) in candidates {
        if missing(all).is_some_and(|missing| missing.is_empty()) {
            return From::Many(words.into());
        }
    }
    for (words, all) in candidates {
        if let Some(missing) = missing(all).filter(|missing| missing.len() <= 2) {
            let missing: Vec<String> = missing.iter().map(label).collect();
            return From::Many(format!("{words} but {}", missing.join(" and ")));
        }
    }
    if from.len() <= FEW {
        return From::Stages(from.to_vec());
    }
    From::Many(from.iter().map(label).collect::<Vec<_>>().join(", "))
}

/// A text of the program without what a terminal, a page or a drawing would take for an order.
fn clean(text: &str) -> String {
    escaped(text).into_owned()
}

/// A label, or the name where that shows nothing.
fn shown(label: &str, name: &str) -> String {
    clean(if label.trim().is_empty() { name } else { label })
}

/// The label of what need not have one.
fn given(label: Option<&str>) -> Option<String> {
    label.filter(|label| !label.trim().is_empty()).map(clean)
}

fn doc(text: &str) -> String {
    clean(&text.split_whitespace().collect::<Vec<_>>().join(" "))
}
