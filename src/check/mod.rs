//! The checker: from syntax trees to the checked model, or to what is wrong.
//!
//! Order of work: `names` collects every declared name (duplicates are errors), `schema` resolves the
//! declarations, `functions` computes constants and checks functions, `pipelines` checks stages, triggers
//! and rules with the help of [`expr`]. Checks collect diagnostics and go on: a node with a mistake gets [`Type::Error`](crate::schema::Type), which
//! silences what would only follow from it.

mod constant;
pub mod expr;
mod functions;
mod helps;
mod limits;
mod names;
mod people;
mod pipelines;
mod schema;
pub mod scope;
mod settings;
mod types;
mod walk;
mod words;

pub(crate) use constant::folded;
pub(crate) use pipelines::walk::{model_children, model_exprs};

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::model;
use crate::schema::{Schema, Type};
use crate::source::{Sources, Span};
use crate::syntax::tree;
use crate::value::*;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// The state of one check. Each file of this module adds its own `impl Checker`.
pub struct Checker<'a> {
    pub sources: &'a Sources,
    pub names: Names,
    pub schema: Schema,
    /// Where each declaration of the schema stands, for "the other place".
    pub places: Places,
    /// By position: the constants.
    pub constants: Vec<Constant>,
    pub functions: Vec<model::FnDef>,
    /// By [`PipelineId`]: what expressions and moves need to know of pipelines before they are checked.
    pub pipelines: Vec<PipelineInfo>,
    /// By [`StageId`].
    pub stages: Vec<StageInfo>,
    /// By [`OutputId`].
    pub outputs: Vec<OutputInfo>,
    /// By [`RuleId`].
    pub rules: Vec<RuleInfo>,
    pub rule_names: RuleNames,
    pub trigger_count: u32,
    pub reads_references: bool,
    /// Names that were declared in what could not be placed, such as the fields of an `extend` of no entity: not to
    /// find them is no second mistake.
    pub lost: HashSet<Arc<str>>,
    /// Whether a pipeline had to be left out.
    pub lost_pipeline: bool,
    /// Whether the program says its currency, but not one that there is.
    pub lost_currency: bool,
    pub diagnostics: Vec<Diagnostic>,
}

/// Every declared name, by kind. Within a kind a name is declared once.
#[derive(Default)]
pub struct Names {
    pub types: HashMap<Arc<str>, (TypeSymbol, Span)>,
    pub events: HashMap<Arc<str>, (EventId, Span)>,
    pub actions: HashMap<Arc<str>, (ActionId, Span)>,
    pub functions: HashMap<Arc<str>, (FnId, Span)>,
    pub pipelines: HashMap<Arc<str>, (PipelineId, Span)>,
    /// Users, departments, roles, calendars and constants.
    pub values: HashMap<Arc<str>, (ValueSymbol, Span)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeSymbol {
    Entity(EntityId),
    Enum(EnumId),
    Opaque(OpaqueId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueSymbol {
    Principal(PrincipalId),
    Calendar(CalendarId),
    /// Position in [`Checker::constants`].
    Constant(u32),
}

/// A constant: `None` while it could not be computed because of a mistake.
pub struct Constant {
    pub name: Arc<str>,
    pub ty: Type,
    pub value: Option<Value>,
    pub span: Span,
}

/// Where things are declared: spans of names.
#[derive(Default)]
pub struct Places {
    /// By [`EntityId`], then by [`FieldId`] (built-in ones: the entity's name).
    pub fields: Vec<Vec<Span>>,
    /// By [`EventId`], then by slot of the payload.
    pub payloads: Vec<Vec<Span>>,
    /// By [`ActionId`], then by parameter.
    pub params: Vec<Vec<Span>>,
    /// By [`EnumId`], then by value; empty for built-in enums.
    pub enum_values: Vec<Vec<Span>>,
}

pub struct PipelineInfo {
    pub name: Arc<str>,
    pub entity: EntityId,
    pub timezone: chrono_tz::Tz,
    pub hours: Option<CalendarId>,
    pub locale: Option<Text>,
    /// In order.
    pub stages: Vec<StageId>,
    pub span: Span,
}

pub struct StageInfo {
    pub name: Arc<str>,
    pub pipeline: PipelineId,
    pub kind: crate::syntax::tree::StageKind,
    pub span: Span,
}

/// What a `let` at the top of a rule's body binds.
pub struct OutputInfo {
    pub rule: RuleId,
    pub rule_name: Arc<str>,
    /// The stage of the rule; rules of a pipeline bind nothing for others.
    pub stage: StageId,
    /// `room.id`, or `x`
    pub path: String,
    /// Without the question mark that a condition on the rule brings.
    pub ty: Type,
    /// Whether the type is known: that of a plain `let` only once its rule has been checked.
    pub known: bool,
    /// Whether it may stay unbound although the rule ended well: a condition, `once`, `on`, an `else`, a branch.
    pub optional: bool,
    pub on_rule: bool,
    pub disabled: bool,
    pub read: bool,
    pub span: Span,
}

/// What reading a rule's outputs needs to know of it.
pub struct RuleInfo {
    pub name: Arc<str>,
    pub pipeline: PipelineId,
    /// `None` for a rule that stands directly in its pipeline.
    pub stage: Option<StageId>,
    pub disabled: bool,
    pub on: bool,
    pub span: Span,
}

/// Rules and their outputs by name.
#[derive(Default)]
pub struct RuleNames {
    pub in_stage: HashMap<(StageId, Arc<str>), RuleId>,
    /// Those of all stages of a pipeline, in program order.
    pub in_pipeline: HashMap<(PipelineId, Arc<str>), Vec<RuleId>>,
    /// By `room.id` or `x`.
    pub outputs: HashMap<(RuleId, Arc<str>), OutputId>,
    /// The outputs of each rule that has any.
    pub of_rule: HashMap<RuleId, Vec<OutputId>>,
    /// Whether an output was read before its type was known: then there is another round.
    pub read_unknown: bool,
}

impl<'a> Checker<'a> {
    fn new(sources: &'a Sources) -> Self {
        Checker {
            sources,
            names: Names::default(),
            schema: Schema::default(),
            places: Places::default(),
            constants: Vec::new(),
            functions: Vec::new(),
            pipelines: Vec::new(),
            stages: Vec::new(),
            outputs: Vec::new(),
            rules: Vec::new(),
            rule_names: RuleNames::default(),
            trigger_count: 0,
            reads_references: false,
            lost: HashSet::new(),
            lost_pipeline: false,
            lost_currency: false,
            diagnostics: Vec::new(),
        }
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }
}

/// Checks a whole program: its files, each after those that it uses. The model is there if there is no error.
pub fn check_program(sources: &Sources, files: &[tree::File]) -> (Option<model::Model>, Vec<Diagnostic>) {
    let mut checker = Checker::new(sources);
    // A line that cannot be read leaves its first word.
    checker.lost_currency = files.iter().flat_map(|f| &f.broken).any(|name| &*name.text == "currency");
    let model = checker.program(files);
    let lost = std::mem::take(&mut checker.lost);
    let declared = |code| matches!(code, Code::UnknownEntity | Code::UnknownType);
    checker
        .diagnostics
        .retain(|d| !d.code.is_unknown_name() || declared(d.code) || !lost.contains(sources.text(d.span())));
    let errors = checker.diagnostics.iter().any(|d| d.severity() == Severity::Error);
    (model.filter(|_| !errors), checker.diagnostics)
}

impl Checker<'_> {
    fn program(&mut self, files: &[tree::File]) -> Option<model::Model> {
        let all = self.collect_names(files.iter().flat_map(|f| &f.items))?;
        self.currency_and_rates(&all);
        let placed = self.declare_types(&all);
        self.declare_people(&all);
        let pipelines = self.declare_pipelines(&all);
        self.constants_and_functions(&all);
        self.limits_and_defaults(&placed);
        self.people_entries(&all);
        let (pipelines, stages) = self.pipelines(&pipelines);
        let tests = self.tests(&all.tests);
        self.frames_fit(&all, &pipelines, &stages);
        let outputs = std::mem::take(&mut self.outputs).into_iter().map(|output| model::Output {
            rule: output.rule,
            path: output.path,
            // Whoever reads it asks the type whether the rule may have ended without it.
            ty: if output.optional { output.ty.optional() } else { output.ty },
            read: output.read,
        });
        let constants = std::mem::take(&mut self.constants).into_iter().filter_map(|constant| {
            Some(model::Constant { name: constant.name, ty: constant.ty, value: constant.value? })
        });
        Some(model::Model {
            constants: constants.collect(),
            outputs: outputs.collect(),
            schema: std::mem::take(&mut self.schema),
            functions: std::mem::take(&mut self.functions),
            pipelines,
            stages,
            rule_count: self.rules.len() as u32,
            trigger_count: self.trigger_count,
            reads_references: self.reads_references,
            tests,
        })
    }

    /// Variables are counted in 16 bits.
    fn frames_fit(
        &mut self,
        all: &names::Declarations,
        pipelines: &[model::Pipeline],
        stages: &[model::Stage],
    ) {
        let triggers = stages.iter().flat_map(|s| &s.triggers);
        let rules = || stages.iter().flat_map(|s| &s.rules).chain(pipelines.iter().flat_map(|p| &p.rules));
        let frames = (self.functions.iter().zip(&all.functions).map(|(f, tree)| (&f.frame, tree.name.span)))
            .chain(triggers.filter_map(|t| Some((&t.when.as_ref()?.frame, t.span))))
            .chain(rules().filter_map(|r| Some((&r.when.as_ref()?.frame, r.span))))
            .chain(rules().map(|r| (&r.body.frame, r.span)));
        let full: Vec<Span> = frames.filter(|(f, _)| f.locals.len() > names::MOST).map(|(_, s)| s).collect();
        for span in full {
            self.too_many(span, "names in one place (`let`, `for` and `=>`)");
        }
    }
}
