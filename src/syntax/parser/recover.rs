//! Reading a file piece by piece. A good file is cut at its declarations, each of which the grammar reads
//! whole. Only a broken piece is cut finer: a declaration into its head and members, a rule into its
//! statements, so that each mistake is reported where it is and hides no other.

use super::builder::{Builder, Node, Words, doc_above};
use super::cut::{DECLARATIONS, MEMBERS, Piece, Place};
use super::pipelines::{PipelinePart, StageHead};
use super::scan::{Bracket, Kind, Scan};
use super::{Grammar, MAX_DEPTH, Rule};
use crate::diagnostic::Diagnostic;
use crate::source::{FileId, Span};
use crate::syntax::tree::{self, *};
use pest::Parser;
use std::cell::{Cell, RefCell};
use std::sync::Arc;

pub(super) type PestError = Box<pest::error::Error<Rule>>;

/// Reads the pieces of one file.
pub(super) struct Reader<'a> {
    pub file: FileId,
    pub scan: &'a Scan<'a>,
    pub comments: &'a [Comment],
    pub errors: RefCell<Vec<Diagnostic>>,
    /// What the pieces that could not be read would have declared.
    pub broken: RefCell<Vec<Name>>,
    pub words: Words,
    /// How many blocks of broken pieces are around us.
    pub depth: Cell<u32>,
}

/// How it went with a piece.
enum Read<T> {
    Good(T),
    /// Something was said of it already.
    Spoiled,
    Failed(PestError),
}

impl<'a> Reader<'a> {
    pub fn file(&self) -> Vec<Item> {
        let pieces = self.declarations();
        let mut items = Vec::with_capacity(pieces.len());
        let mut index = 0;
        while let Some(piece) = pieces.get(index) {
            index += 1;
            let before = self.errors.borrow().len();
            match self.read(Rule::declaration_alone, piece, |b, n| b.item(n)) {
                Read::Good(item) => {
                    // A day that is none was left out: what the calendar lacks may be that.
                    if let ItemKind::Calendar(calendar) = &item.kind
                        && self.errors.borrow().len() > before
                    {
                        self.broken.borrow_mut().push(calendar.name.clone());
                    }
                    items.push(item);
                }
                Read::Spoiled => self.broken_declarations(piece, None, &mut items),
                Read::Failed(error) => {
                    // A name that looks like the next declaration may have cut this one short.
                    if let Some(next) = pieces.get(index) {
                        let both = piece.start..next.end;
                        if let Some(read) = self.read_several(&both) {
                            items.extend(read);
                            index += 1;
                            continue;
                        }
                    }
                    self.broken_declarations(piece, Some(error), &mut items);
                }
            }
        }
        items
    }

    // --- one piece, by the grammar -----------------------------------------------------------------

    fn read<T>(
        &self,
        rule: Rule,
        piece: &Piece,
        build: impl FnOnce(&Builder, &Node) -> Option<T>,
    ) -> Read<T> {
        let Some((start, end)) = self.bytes(piece) else { return Read::Spoiled };
        if self.scan.is_spoiled(start, end) {
            return Read::Spoiled;
        }
        let text = self.scan.text.get(start as usize..end as usize).unwrap_or_default();
        match Grammar::parse(rule, text) {
            Err(error) => Read::Failed(Box::new(error)),
            Ok(mut pairs) => {
                let builder = self.builder(start as usize);
                pairs.next().and_then(|node| build(&builder, &node)).map_or(Read::Spoiled, Read::Good)
            }
        }
    }

    fn read_several(&self, piece: &Piece) -> Option<Vec<Item>> {
        let (start, end) = self.bytes(piece)?;
        if self.scan.is_spoiled(start, end) {
            return None;
        }
        let text = self.scan.text.get(start as usize..end as usize)?;
        let pairs = Grammar::parse(Rule::declarations_alone, text).ok()?;
        let builder = self.builder(start as usize);
        Some(pairs.filter_map(|n| builder.item(&n)).collect())
    }

    fn builder(&self, base: usize) -> Builder<'_> {
        Builder {
            file: self.file,
            text: self.scan.text,
            base,
            comments: self.comments,
            errors: &self.errors,
            words: &self.words,
        }
    }

    /// Reads a piece that cannot be cut finer, and explains what is wrong with it.
    fn part<T>(
        &self,
        rule: Rule,
        place: Place,
        piece: &Piece,
        build: impl FnOnce(&Builder, &Node) -> Option<T>,
    ) -> Option<T> {
        match self.read(rule, piece, build) {
            Read::Good(part) => Some(part),
            Read::Spoiled => {
                self.lose(piece);
                None
            }
            Read::Failed(error) => {
                self.explain(&error, piece, place);
                self.lose(piece);
                None
            }
        }
    }

    /// Cuts a broken piece finer; if that finds no mistake, the piece's own error is the one to explain.
    fn finer<T>(
        &self,
        error: Option<PestError>,
        piece: &Piece,
        place: Place,
        cut: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let before = self.errors.borrow().len();
        let found = cut();
        if let Some(error) = error
            && self.errors.borrow().len() == before
        {
            self.explain(&error, piece, place);
            self.lose(piece);
            return None;
        }
        if found.is_none() {
            self.lose(piece);
        }
        found
    }

    fn span(&self, piece: &Piece) -> Span {
        let (start, end) = self.bytes(piece).unwrap_or_default();
        Span { file: self.file, start, end }
    }

    fn doc(&self, piece: &Piece) -> Option<Arc<str>> {
        doc_above(self.scan.text, self.comments, self.span(piece).start as usize)
    }

    // --- declarations ------------------------------------------------------------------------------

    fn broken_declarations(&self, piece: &Piece, error: Option<PestError>, items: &mut Vec<Item>) {
        if let Some(item) = self.meant_use(piece) {
            items.push(item);
            return;
        }
        let pieces = self.at_margins(piece);
        if pieces.len() < 2 {
            items.extend(self.broken_declaration(piece, error));
            return;
        }
        for piece in &pieces {
            if let Some(item) = self.meant_use(piece) {
                items.push(item);
                continue;
            }
            match self.read(Rule::declaration_alone, piece, |b, n| b.item(n)) {
                Read::Good(item) => items.push(item),
                Read::Spoiled => items.extend(self.broken_declaration(piece, None)),
                Read::Failed(error) => items.extend(self.broken_declaration(piece, Some(error))),
            }
        }
    }

    fn broken_declaration(&self, piece: &Piece, error: Option<PestError>) -> Option<Item> {
        let kind = self.finer(error, piece, Place::Declaration, || {
            let (head, body, rest) = self.split(piece)?;
            let word = self.meant(self.scan.word(piece.start), &DECLARATIONS);
            let kind = self.broken_kind(word, &head, &body, &rest);
            if word != "action" && DECLARATIONS.contains(&word) {
                self.refuse(&rest);
            }
            kind
        })?;
        Some(Item { kind, doc: self.doc(piece), span: self.span(piece) })
    }

    fn broken_kind(&self, word: &str, head: &Piece, body: &Piece, rest: &Piece) -> Option<ItemKind> {
        let head_place = Place::Head;
        Some(match word {
            "pipeline" => {
                let head = self.part(Rule::pipeline_head_alone, head_place, head, |b, n| b.pipeline_head(n));
                let (mut settings, mut members) = (Vec::new(), Vec::new());
                let before = self.broken.borrow().len();
                for member in self.pipeline_members(body) {
                    match self.pipeline_member(&member) {
                        Some(PipelinePart::Setting(setting)) => settings.push(setting),
                        Some(PipelinePart::Member(member)) => members.push(member),
                        None => {}
                    }
                }
                let head = head?;
                self.part_lost(&head.name, body, before);
                ItemKind::Pipeline(Pipeline {
                    name: head.name,
                    label: head.label,
                    entity: head.entity,
                    settings,
                    members,
                })
            }
            "entity" => {
                let head = self.part(Rule::entity_head_alone, head_place, head, |b, n| {
                    Some((b.head_name(n)?, b.label(n)))
                });
                let fields = self.fields(body);
                let (name, label) = head?;
                ItemKind::Entity(Entity { name, label, fields })
            }
            "extend" => {
                let entity = self.part(Rule::extend_head_alone, head_place, head, |b, n| b.head_name(n));
                let fields = self.fields(body);
                ItemKind::Extend { entity: entity?, fields }
            }
            "enum" => {
                let name = self.part(Rule::enum_head_alone, head_place, head, |b, n| b.head_name(n));
                let values = self
                    .enum_values(body)
                    .iter()
                    .filter_map(|p| {
                        self.part(Rule::enum_value_alone, Place::EnumValue, p, |b, n| b.enum_value(n))
                    })
                    .collect();
                ItemKind::Enum { name: name?, values }
            }
            "event" => {
                let event = self.part(Rule::event_head_alone, head_place, head, |b, n| b.event_head(n));
                let payload = self.fields(body);
                ItemKind::Event(Event { payload, ..event? })
            }
            "action" => {
                let action = self.part(Rule::action_head_alone, head_place, head, |b, n| b.action_head(n));
                let params = self.fields(body);
                let mut outputs = Vec::new();
                let open = rest.start + 1;
                if self.scan.word(rest.start) == "->"
                    && self.scan.kind(open) == Some(Kind::Open(Bracket::Brace))
                {
                    outputs = self.fields(&self.inside(open));
                    self.refuse(&(self.after(open)..rest.end));
                } else {
                    self.refuse(rest);
                }
                ItemKind::Action(ActionDecl { params, outputs, ..action? })
            }
            "user" | "department" | "role" => {
                let principal =
                    self.part(Rule::principal_head_alone, head_place, head, |b, n| b.principal_head(n));
                let entries = self
                    .entries(body)
                    .iter()
                    .filter_map(|p| {
                        self.part(Rule::principal_entry_alone, Place::Entry, p, |b, n| b.principal_entry(n))
                    })
                    .collect();
                ItemKind::Principal(Principal { entries, ..principal? })
            }
            "calendar" => {
                let before = self.broken.borrow().len();
                let head = self.part(Rule::calendar_head_alone, head_place, head, |b, n| {
                    Some((b.head_name(n)?, b.label(n)))
                });
                let entries = self
                    .calendar_entries(body)
                    .iter()
                    .filter_map(|p| {
                        self.part(Rule::calendar_entry_alone, Place::Calendar, p, |b, n| b.calendar_entry(n))
                    })
                    .collect();
                let (name, label) = head?;
                self.part_lost(&name, body, before);
                ItemKind::Calendar(Calendar { name, label, entries })
            }
            "rates" => {
                let base = self.part(Rule::rates_head_alone, head_place, head, |b, n| b.head_name(n));
                let rates = self
                    .entries(body)
                    .iter()
                    .filter_map(|p| self.part(Rule::rate_alone, Place::Entry, p, |b, n| b.rate(n)))
                    .collect();
                ItemKind::Rates { base: base?, rates }
            }
            "test" => {
                let name = self.part(Rule::test_head_alone, head_place, head, |b, n| b.label(n));
                let steps = self
                    .steps(body)
                    .iter()
                    .filter_map(|p| self.part(Rule::step_alone, Place::Step, p, |b, n| b.step(n)))
                    .collect();
                ItemKind::Test(Test { name: name?, steps })
            }
            _ => return None,
        })
    }

    /// If something of a declaration could not be read, its name is among the broken ones too: what it
    /// lacks may be what was lost.
    fn part_lost(&self, name: &Name, body: &Piece, before: usize) {
        let spoiled = self.bytes(body).is_some_and(|(start, end)| self.scan.is_spoiled(start, end));
        let mut broken = self.broken.borrow_mut();
        if spoiled || broken.len() > before {
            broken.push(name.clone());
        }
    }

    fn fields(&self, body: &Piece) -> Vec<Field> {
        self.field_pieces(body)
            .iter()
            .filter_map(|p| self.part(Rule::field_alone, Place::Field, p, |b, n| b.field(n)))
            .collect()
    }

    // --- stages and rules --------------------------------------------------------------------------

    fn pipeline_member(&self, piece: &Piece) -> Option<PipelinePart> {
        let place = Place::PipelineMember;
        let error = match self.read(Rule::pipeline_member_alone, piece, |b, n| b.pipeline_part(n)) {
            Read::Good(part) => return Some(part),
            Read::Spoiled => None,
            Read::Failed(error) => Some(error),
        };
        self.finer(error, piece, place, || {
            Some(PipelinePart::Member(match self.meant(self.member_word(piece), &MEMBERS) {
                "stage" => PipelineMember::Stage(self.stage(piece)?),
                "rule" => PipelineMember::Rule(self.rule(piece)?),
                _ => return None,
            }))
        })
    }

    fn stage(&self, piece: &Piece) -> Option<Stage> {
        let (head, body, rest) = self.split(piece)?;
        let head = self.part(Rule::stage_head_alone, Place::Head, &head, |b, n| b.stage_head(n));
        let members = self.stage_members(&body).iter().filter_map(|p| self.stage_member(p)).collect();
        self.refuse(&rest);
        let StageHead { kind, name, label } = head?;
        Some(Stage { kind, name, label, members, doc: self.doc(piece), span: self.span(piece) })
    }

    fn stage_member(&self, piece: &Piece) -> Option<StageMember> {
        let error = match self.read(Rule::stage_member_alone, piece, |b, n| b.stage_member(n)) {
            Read::Good(member) => return Some(member),
            Read::Spoiled => None,
            Read::Failed(error) => Some(error),
        };
        self.finer(error, piece, Place::StageMember, || match self.meant(self.member_word(piece), &MEMBERS) {
            "rule" => self.rule(piece).map(StageMember::Rule),
            _ => None,
        })
    }

    fn rule(&self, piece: &Piece) -> Option<tree::Rule> {
        let open = self.first_brace(piece)?;
        if let Some(colon) = self.colon_for_brace(&(piece.start..open)) {
            let head = piece.start..colon;
            self.part(Rule::rule_head_alone, Place::Head, &head, |b, n| b.rule_head(n));
            self.say_colon_for_brace(colon, "what a rule does stands");
            return None;
        }
        let head = self.part(Rule::rule_head_alone, Place::Head, &(piece.start..open), |b, n| b.rule_head(n));
        let body = self.block(open);
        self.refuse(&(self.after(open)..piece.end));
        Some(head?.with_body(body, self.doc(piece), self.span(piece)))
    }

    // --- statements --------------------------------------------------------------------------------

    /// The block that opens at a token.
    fn block(&self, open: usize) -> Block {
        let inside = self.inside(open);
        let span = self.span(&(open..self.after(open)));
        let depth = self.depth.get();
        let mut statements = Vec::new();
        // What is nested deeper has been reported.
        if depth < MAX_DEPTH {
            self.depth.set(depth + 1);
            statements = self.statements(&inside).iter().filter_map(|p| self.statement(p)).collect();
            self.depth.set(depth);
        }
        Block { statements, span }
    }

    fn statement(&self, piece: &Piece) -> Option<Stmt> {
        let error = match self.read(Rule::statement_alone, piece, |b, n| b.statement(n)) {
            Read::Good(statement) => return Some(statement),
            Read::Spoiled => None,
            Read::Failed(error) => Some(error),
        };
        self.finer(error, piece, Place::Statement, || {
            let kind = match self.scan.word(piece.start) {
                "if" => self.if_statement(piece)?,
                "for" => self.for_statement(piece)?,
                "let" | "wait" => self.with_else(piece)?,
                _ => return None,
            };
            Some(Stmt { kind, span: self.span(piece) })
        })
    }

    fn if_statement(&self, piece: &Piece) -> Option<StmtKind> {
        if self.then_for_braces(piece) {
            return None;
        }
        let mut branches = Vec::new();
        let mut otherwise = None;
        let mut whole = true;
        let mut at = piece.start;
        loop {
            let open = self.first_brace(&(at..piece.end))?;
            if self.body_without_braces(&(at..open)) {
                return None;
            }
            // Behind `elif` the condition stands without its `if`.
            let condition = match self.scan.word(at) {
                "if" => self.part(Rule::if_head_alone, Place::Head, &(at..open), |b, n| b.inner_expr(n)),
                _ => None,
            };
            let block = self.block(open);
            match condition {
                Some(condition) => branches.push((condition, block)),
                None => whole = false,
            }
            at = self.after(open);
            if at + 1 >= piece.end || !self.is_else(at) {
                break;
            }
            match self.say_other_else(at) {
                Some("else if") => continue,
                Some(_) => whole = false,
                None => {}
            }
            at += 1;
            if self.scan.word(at) != "if" {
                if self.body_without_braces(&(at - 1..self.first_brace(&(at..piece.end)).unwrap_or(at))) {
                    return None;
                }
                if self.scan.kind(at) == Some(Kind::Open(Bracket::Brace)) {
                    otherwise = Some(self.block(at));
                    at = self.after(at);
                }
                break;
            }
        }
        self.refuse(&(at..piece.end));
        whole.then_some(StmtKind::If { branches, otherwise })
    }

    fn for_statement(&self, piece: &Piece) -> Option<StmtKind> {
        let open = self.first_brace(piece)?;
        if self.body_without_braces(&(piece.start..open)) {
            return None;
        }
        let head = self.part(Rule::for_head_alone, Place::Head, &(piece.start..open), |b, n| b.for_head(n));
        let body = self.block(open);
        self.refuse(&(self.after(open)..piece.end));
        let (name, list) = head?;
        Some(StmtKind::For { name, list, body })
    }

    /// A `let` of an action or a `wait for`, with an `else { … }`.
    fn with_else(&self, piece: &Piece) -> Option<StmtKind> {
        let mut at = piece.start;
        while at + 1 < piece.end {
            if self.scan.word(at) == "else" && self.scan.kind(at + 1) == Some(Kind::Open(Bracket::Brace)) {
                break;
            }
            at = self.after(at);
        }
        if at + 1 >= piece.end {
            return None;
        }
        let main =
            self.part(Rule::statement_alone, Place::Statement, &(piece.start..at), |b, n| b.statement(n));
        let block = self.block(at + 1);
        self.refuse(&(self.after(at + 1)..piece.end));
        let mut kind = main?.kind;
        if let StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } = &mut kind {
            *otherwise = Some(block);
        }
        Some(kind)
    }
}
