//! Lowering: from the checked model to the program.
//!
//! `code` builds one chunk: registers, jumps, places. `expr`, `template` and `body` write the instructions of
//! expressions, texts and rule bodies; `dispatch` the tables that lead from an event to the triggers and rules that
//! could care; `missing` says what this build cannot run.

mod body;
mod code;
mod dispatch;
mod expr;
mod missing;
mod template;

use crate::diagnostic::{Code as DiagnosticCode, Diagnostic};
use crate::model::{self, Model};
use crate::program::sites::{Site, Sites};
use crate::program::{
    ActionCall, Chunk, ChunkId, ChunkKind, Code, DataVersions, Function, Output, Program, SourceName,
};
use crate::schema::Type;
use crate::source::{Sources, Span};
use crate::value::*;
use code::Builder;
use std::collections::HashMap;

/// The program of a checked model, or what in it this version cannot run.
pub fn lower(model: &Model, sources: &Sources) -> Result<Program, Vec<Diagnostic>> {
    Lowering::new(model).program(sources)
}

/// As [`lower`], with the places at which the values of expressions can be watched: the program is the same.
pub fn lower_observed(model: &Model, sources: &Sources) -> Result<(Program, Sites), Vec<Diagnostic>> {
    let mut lowering = Lowering::new(model);
    lowering.sites = Some(Vec::new());
    lowering.watched(sources)
}

/// By test and step: the code of a condition that is expected.
pub type Expectations = Vec<Vec<Option<ChunkId>>>;

/// As [`lower`], with code more than the program needs: what the tests expect. Gives for each test and step the code
/// of a condition that is expected, as a `bool` about the record.
pub fn lower_with_tests(
    model: &Model,
    sources: &Sources,
) -> Result<(Program, Expectations), Vec<Diagnostic>> {
    let mut lowering = Lowering::new(model);
    let conditions = model.tests.iter().map(|test| lowering.expectations(test)).collect();
    Ok((lowering.program(sources)?, conditions))
}

/// As [`lower_with_tests`], with the places at which the values of expressions can be watched.
pub fn lower_tests_observed(
    model: &Model,
    sources: &Sources,
) -> Result<(Program, Expectations, Sites), Vec<Diagnostic>> {
    let mut lowering = Lowering::new(model);
    lowering.sites = Some(Vec::new());
    let conditions = model.tests.iter().map(|test| lowering.expectations(test)).collect();
    let (program, sites) = lowering.watched(sources)?;
    Ok((program, conditions, sites))
}

/// As [`lower_with_tests`], with everything computed that is known before the run: two programs that come to the same have
/// the same code more often. It is for comparing, not for running: where a rule stands in its text is lost.
pub fn lower_folded(model: &Model, sources: &Sources) -> Result<(Program, Expectations), Vec<Diagnostic>> {
    let mut lowering = Lowering { folding: true, ..Lowering::new(model) };
    let conditions = model.tests.iter().map(|test| lowering.expectations(test)).collect();
    Ok((lowering.program(sources)?, conditions))
}

/// What all chunks share: the code so far, and what of its tables is there already.
struct Lowering<'m> {
    model: &'m Model,
    code: Code,
    /// Of constants, by their exact bytes: equal amounts may carry different digits.
    constants: HashMap<Vec<u8>, u32>,
    regexes: HashMap<Text, u16>,
    payloads: HashMap<Vec<(EventId, u16)>, u32>,
    awaits: HashMap<Vec<OutputId>, u32>,
    /// Where values can be seen, if anyone wants to know.
    sites: Option<Vec<Site>>,
    /// Whether what is known before the run is computed now.
    folding: bool,
    diagnostics: Vec<Diagnostic>,
}

impl<'m> Lowering<'m> {
    fn new(model: &'m Model) -> Self {
        Lowering {
            model,
            code: Code::default(),
            constants: HashMap::new(),
            regexes: HashMap::new(),
            payloads: HashMap::new(),
            awaits: HashMap::new(),
            sites: None,
            folding: false,
            diagnostics: Vec::new(),
        }
    }

    /// The value of an expression that is known, if that is to be computed.
    fn folded(&self, expr: &model::Expr) -> Option<Value> {
        let may = self.folding && !matches!(expr.kind, model::ExprKind::Local(_) | model::ExprKind::Field(_));
        if may { crate::check::folded(self.model, expr) } else { None }
    }

    /// The whole program.
    fn program(self, sources: &Sources) -> Result<Program, Vec<Diagnostic>> {
        Ok(self.watched(sources)?.0)
    }

    fn watched(mut self, sources: &Sources) -> Result<(Program, Sites), Vec<Diagnostic>> {
        let model = self.model;
        let functions = model.functions.iter().map(|function| self.function(function)).collect();
        self.code.functions = functions;
        let (pipelines, stages, triggers, rules) = self.pipelines();

        let mut diagnostics = missing::not_in_this_build(model, sources);
        diagnostics.append(&mut self.diagnostics);
        if !diagnostics.is_empty() {
            diagnostics.sort_by_key(|d| (d.span().file, d.span().start));
            return Err(diagnostics);
        }
        let outputs = model.outputs.iter().map(|output| Output {
            rule: output.rule,
            path: output.path.as_str().into(),
            ty: output.ty.clone(),
            read: output.read,
        });
        let sites = Sites::new(self.sites.unwrap_or_default(), self.code.chunks.len());
        let program = Program {
            schema: model.schema.clone(),
            pipelines,
            stages,
            triggers,
            rules,
            outputs: outputs.collect(),
            code: self.code,
            reads_references: model.reads_references,
            data: DataVersions::of_this_build(),
            files: sources.files().map(|(_, file)| SourceName::of(&file.name, &file.text)).collect(),
        };
        Ok((program, sites))
    }

    /// The code of each step that expects a condition of a record.
    fn expectations(&mut self, test: &'m model::test::Test) -> Vec<Option<ChunkId>> {
        use model::test::{Expected, StepKind};
        let model = self.model;
        let code = |step: &'m model::test::Step| match &step.kind {
            StepKind::ExpectField { subject, expected: Expected::Holds(condition), .. } => {
                let mut pipelines = model.pipelines.iter();
                let pipeline = pipelines.find(|pipeline| pipeline.entity == subject.entity)?;
                Some(self.expression(condition, pipeline.id, Type::Bool))
            }
            _ => None,
        };
        test.steps.iter().map(code).collect()
    }

    fn function(&mut self, function: &'m model::FnDef) -> Function {
        let kind = ChunkKind::Function {
            params: function.params.len().min(usize::from(u16::MAX)) as u16,
            result: function.result.clone(),
        };
        let mut builder = Builder::new(self, kind, None, &function.frame, function.body.span);
        for param in &function.params {
            builder.bind_new_local(*param);
        }
        builder.return_value(&function.body);
        Function { name: function.name.clone().into(), chunk: builder.finish() }
    }

    /// A chunk that gives the value of an expression, as a `result`.
    fn expression(&mut self, condition: &'m model::Condition, pipeline: PipelineId, result: Type) -> ChunkId {
        let kind = ChunkKind::Expression { captures: 0, result };
        let mut builder = Builder::new(self, kind, Some(pipeline), &condition.frame, condition.expr.span);
        builder.return_value(&condition.expr);
        builder.finish()
    }

    fn add_chunk(&mut self, chunk: Chunk) -> ChunkId {
        self.code.chunks.push(chunk);
        ChunkId(self.code.chunks.len() as u32 - 1)
    }

    fn add_call(&mut self, call: ActionCall) -> usize {
        self.code.calls.push(call);
        self.code.calls.len() - 1
    }

    fn constant(&mut self, value: &Value, ty: &Type) -> u32 {
        // Both always serialize; without bytes there would just be no sharing.
        let key = postcard::to_allocvec(&(value, ty)).unwrap_or_default();
        let next = self.code.constants.len() as u32;
        if !key.is_empty()
            && let Some(known) = self.constants.get(&key)
        {
            return *known;
        }
        self.constants.insert(key, next);
        self.code.constants.push(value.clone());
        self.code.constant_types.push(ty.clone());
        next
    }

    fn regex(&mut self, regex: &Text, span: Span) -> u16 {
        if let Some(known) = self.regexes.get(regex) {
            return *known;
        }
        let Ok(next) = u16::try_from(self.code.regexes.len()) else {
            self.too_large(span, "patterns after `matches`");
            return 0;
        };
        self.regexes.insert(regex.clone(), next);
        self.code.regexes.push(regex.clone());
        next
    }

    fn payload(&mut self, table: &[(EventId, u16)]) -> u32 {
        if let Some(known) = self.payloads.get(table) {
            return *known;
        }
        let next = self.code.payloads.len() as u32;
        self.payloads.insert(table.to_vec(), next);
        self.code.payloads.push(table.to_vec());
        next
    }

    fn await_list(&mut self, outputs: &[OutputId]) -> u32 {
        if let Some(known) = self.awaits.get(outputs) {
            return *known;
        }
        let next = self.code.awaits.len() as u32;
        self.awaits.insert(outputs.to_vec(), next);
        self.code.awaits.push(outputs.to_vec());
        next
    }

    /// Says, once for each place, that something does not fit into a compiled program.
    fn too_large(&mut self, span: Span, what: &str) {
        let diagnostic = Diagnostic::new(
            DiagnosticCode::TooLarge,
            span,
            format!("this is more than a compiled program can hold: too many {what}"),
        );
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic.help("split it into several smaller ones"));
        }
    }
}

impl DataVersions {
    /// Of the data that this build of Stagegate holds.
    pub fn of_this_build() -> DataVersions {
        let (major, minor, update) = char::UNICODE_VERSION;
        DataVersions {
            timezones: chrono_tz::IANA_TZDB_VERSION.to_owned(),
            unicode: format!("{major}.{minor}.{update}"),
            locales: crate::value::locale::CLDR.map(str::to_owned),
        }
    }
}

impl SourceName {
    fn of(name: &str, text: &str) -> SourceName {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(breaks.map(|(at, _)| at as u32 + 1)).collect();
        SourceName { name: name.to_owned(), lines }
    }
}
