//! The drawing of a program: its pipelines, the stages in their order, the triggers as arrows, the rules in the stages, and
//! the warnings of the checker at what they speak of.
//!
//! A [`Graph`] is what is drawn, whatever it is drawn as: `build` makes it from a checked program, `traffic` counts what
//! events did on its arrows. `mermaid` and `dot` leave the layout to other programs; `svg` and `html` lay it out here
//! (`layout`, with the widths of text from `measure`).

mod build;
mod dot;
#[cfg(feature = "graph")]
mod html;
#[cfg(feature = "graph")]
mod layout;
#[cfg(feature = "graph")]
mod measure;
mod mermaid;
#[cfg(feature = "graph")]
mod svg;
mod traffic;
pub mod words;

pub use traffic::{Passage, Stay, Traffic};

use crate::compiler::Loaded;
use crate::diagnostic::Diagnostic;
use crate::model::Model;
use crate::syntax::tree::StageKind;
use crate::value::{RuleId, StageId, TriggerId};

/// What is drawn of a program. No text in it holds control characters.
///
/// ```
/// use stagegate::{compiler, graph::Graph};
///
/// let text = "entity Card { }\nevent done\n\
///             pipeline Work for Card { stage Open success stage Closed { trigger on done } }";
/// let loaded = compiler::load(&["work.rules".into()], &mut |_| Ok(text.into()));
/// let checked = compiler::check(&loaded);
/// let model = checked.model.expect("it has no errors");
/// let graph = Graph::of(&loaded, &model, &checked.diagnostics);
/// assert_eq!(graph.pipelines[0].stages.len(), 2);
/// assert!(graph.to_mermaid().contains("|\"on done\"|"));
/// ```
#[derive(Debug, Clone)]
pub struct Graph {
    /// The file of the program, as people know it.
    pub file: String,
    /// In the order of the program.
    pub pipelines: Vec<Pipeline>,
    /// What was counted, if events were.
    pub counted: Option<Counted>,
}

/// The events whose traffic is on the arrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub events: u64,
    pub rejected: u64,
    pub records: u64,
}

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: String,
    pub label: String,
    /// The entity whose records go through it.
    pub entity: String,
    /// In order.
    pub stages: Vec<Stage>,
    /// The rules that hold in every stage.
    pub rules: Vec<Rule>,
    /// By the stage they lead to.
    pub arrows: Vec<Arrow>,
    pub warnings: Vec<Warning>,
    pub place: Place,
}

#[derive(Debug, Clone)]
pub struct Stage {
    pub(crate) id: StageId,
    pub name: String,
    pub label: String,
    pub kind: StageKind,
    pub doc: Option<String>,
    pub rules: Vec<Rule>,
    pub warnings: Vec<Warning>,
    pub place: Place,
    pub stay: Option<Stay>,
}

#[derive(Debug, Clone)]
pub struct Rule {
    pub(crate) id: RuleId,
    pub name: String,
    pub label: Option<String>,
    pub disabled: bool,
    /// Starts when the rule above it has ended.
    pub then: bool,
    /// As they stand in the text: `after 3 days`, `when amount > 0 EUR`.
    pub clauses: Vec<String>,
    /// The actions it asks for, each once.
    pub actions: Vec<String>,
    pub doc: Option<String>,
    pub warnings: Vec<Warning>,
    pub place: Place,
    /// How often it ran.
    pub runs: Option<u64>,
}

/// All moves from the same stages to the same stage.
#[derive(Debug, Clone)]
pub struct Arrow {
    pub from: From,
    pub to: To,
    /// What moves a record this way: at least one.
    pub causes: Vec<Cause>,
}

/// Where an arrow comes from. Stages are meant by their number in the pipeline, from 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// From the nearest open stage before, or any open one before that.
    Before(usize),
    /// From just these: at most three.
    Stages(Vec<usize>),
    /// From many places; in words: `any stage`, `any stage but New`.
    Many(String),
    /// From a stage of another pipeline: `Sales › Won`.
    Outside(String),
    /// Its condition holds in no stage from which it may move a record.
    Nowhere,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum To {
    Stage(usize),
    /// A stage of another pipeline: `Service › New`.
    Outside(String),
}

/// A trigger, or a rule that moves the record on.
#[derive(Debug, Clone)]
pub struct Cause {
    pub(crate) by: By,
    /// The stage it leads to.
    pub(crate) to: StageId,
    pub kind: CauseKind,
    pub label: Option<String>,
    /// Of a trigger what it listens to, as in the text; of a rule its clauses but `when`.
    pub events: Vec<String>,
    pub when: Option<String>,
    /// `as responsible`
    pub actor: Option<String>,
    pub backward: bool,
    pub disabled: bool,
    pub doc: Option<String>,
    pub warnings: Vec<Warning>,
    pub place: Place,
    pub passage: Option<Passage>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CauseKind {
    Trigger,
    /// The rule of this name, by `move to`.
    Rule(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum By {
    Trigger(TriggerId),
    Rule(RuleId),
}

/// A warning of the checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// `unreachable_stage`
    pub name: String,
    pub message: String,
    pub help: Option<String>,
    pub place: Place,
}

/// Where something stands in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub file: String,
    /// From 1.
    pub line: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}:{}", self.file, self.line)
    }
}

impl Graph {
    /// The drawing of a checked program, with these warnings of the checker where they belong to a pipeline.
    pub fn of(loaded: &Loaded, model: &Model, warnings: &[Diagnostic]) -> Graph {
        build::graph(loaded, model, warnings, |name| name)
    }

    /// As [`Graph::of`], with files called by their last name: for pages that are read elsewhere, where the folders of
    /// whoever made them say nothing.
    pub fn with_short_names(loaded: &Loaded, model: &Model, warnings: &[Diagnostic]) -> Graph {
        build::graph(loaded, model, warnings, |name| name.rsplit(['/', '\\']).next().unwrap_or(name))
    }

    /// The drawing of only one of its pipelines.
    pub fn only(&self, pipeline: &str) -> Option<Graph> {
        let found = self.pipelines.iter().find(|p| p.name == pipeline)?;
        Some(Graph { file: self.file.clone(), pipelines: vec![found.clone()], counted: self.counted })
    }

    /// Writes what was counted on its arrows and stages.
    pub fn count(&mut self, traffic: &Traffic) {
        traffic.write_on(self);
    }

    /// A flowchart in the language of [Mermaid](https://mermaid.js.org).
    pub fn to_mermaid(&self) -> String {
        mermaid::write(self)
    }

    /// A digraph in the language of [Graphviz](https://graphviz.org).
    pub fn to_dot(&self) -> String {
        dot::write(self)
    }

    /// A drawing that stands alone: no fonts, scripts or files beside it. It may be put into a page as it is, several
    /// times too.
    #[cfg(feature = "graph")]
    pub fn to_svg(&self) -> String {
        svg::write(self)
    }

    /// A page that stands alone, with the drawing to look around in and to search.
    #[cfg(feature = "graph")]
    pub fn to_html(&self) -> String {
        html::write(self)
    }
}

impl Pipeline {
    /// How many triggers and rules it has.
    pub fn counts(&self) -> (usize, usize) {
        let causes = self.arrows.iter().flat_map(|arrow| &arrow.causes);
        let triggers = causes.filter(|cause| cause.kind == CauseKind::Trigger).count();
        (triggers, self.rules.len() + self.stages.iter().map(|stage| stage.rules.len()).sum::<usize>())
    }

    /// Every warning in it.
    pub fn all_warnings(&self) -> impl Iterator<Item = &Warning> {
        let causes = self.arrows.iter().flat_map(|arrow| &arrow.causes);
        // Those of a rule stand at the rule.
        let triggers = causes.filter(|cause| cause.kind == CauseKind::Trigger);
        let rules = self.stages.iter().flat_map(|stage| &stage.rules).chain(&self.rules);
        let stages = self.stages.iter().flat_map(|stage| &stage.warnings);
        let below = rules.flat_map(|r| &r.warnings).chain(triggers.flat_map(|c| &c.warnings));
        self.warnings.iter().chain(stages).chain(below)
    }

    /// The open stage before another.
    pub(crate) fn open_before(&self, stage: usize) -> Option<usize> {
        (0..stage.min(self.stages.len())).rev().find(|at| self.stages[*at].kind == StageKind::Normal)
    }
}
