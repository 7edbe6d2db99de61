//! Prints a program for people: pipelines, stages, triggers and rules in the order of the text, each with its code.
//!
//! The first column is the position that jumps name; the last says from which line and column of the file named above
//! an instruction comes, wherever that changes.

mod instruction;

use super::file::FORMAT_VERSION;
use super::literal::{literal, quoted, type_name};
use super::{ChunkId, ChunkKind, During, EventPattern, NamedEvent, Program, Rule, Timing, Trigger};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree::{Overlap, StageKind};
use crate::value::*;
use std::fmt::Write;

/// The listing of a program.
pub fn listing(program: &Program) -> String {
    let mut listing = Listing { program, out: String::new() };
    listing.program();
    listing.out
}

/// Code as text, with that of the functions it calls and with names only: of two versions of a program, pieces that do
/// the same have the same.
pub fn fingerprint(program: &Program, chunk: ChunkId) -> String {
    let listing = Listing { program, out: String::new() };
    let (mut text, mut todo, mut seen) = (String::new(), vec![chunk], Vec::new());
    while let Some(id) = todo.pop() {
        let Some(chunk) = program.code.chunks.get(id.0 as usize) else { continue };
        if seen.contains(&id) {
            continue;
        }
        seen.push(id);
        for instr in &chunk.code {
            let _ = writeln!(text, "{}", listing.instruction(chunk, *instr));
            if let super::instr::Instr::CallFn { function, .. } = instr {
                todo.extend(program.code.functions.get(*function as usize).map(|function| function.chunk));
            }
        }
    }
    text
}

/// A piece of code as text, with names only and without that of the functions it calls; the types of its values stand
/// there too, and the conditions of what it waits for.
pub fn own_code(program: &Program, chunk: ChunkId) -> String {
    let listing = Listing { program, out: String::new() };
    let (mut text, mut todo) = (String::new(), vec![chunk]);
    while let Some(chunk) = todo.pop().and_then(|id| program.code.chunks.get(id.0 as usize)) {
        let types: Vec<String> = chunk.registers.iter().map(|ty| type_name(program, ty)).collect();
        let _ = writeln!(text, "{}", types.join(", "));
        if let ChunkKind::Function { params, result } = &chunk.kind {
            let _ = writeln!(text, "{params} parameters, {}", type_name(program, result));
        }
        for instr in &chunk.code {
            let _ = writeln!(text, "{}", listing.instruction(chunk, *instr));
            let wait = match instr {
                super::instr::Instr::WaitFor { wait } => program.code.waits.get(wait.0 as usize),
                _ => None,
            };
            if let Some((wait, when)) = wait.and_then(|wait| Some((wait, wait.when?))) {
                let _ = writeln!(text, "when, with {:?}", wait.captures);
                todo.push(when);
            }
        }
    }
    text
}

/// Events that are listened to, as text.
pub fn patterns(program: &Program, patterns: &[EventPattern], stage: StageId) -> String {
    Listing { program, out: String::new() }.patterns(patterns, stage)
}

/// What a named event wants, as text.
pub fn event_text(program: &Program, event: &NamedEvent) -> String {
    Listing { program, out: String::new() }.named_event(event)
}

struct Listing<'p> {
    program: &'p Program,
    out: String,
}

/// Writing to a string cannot fail.
macro_rules! put {
    ($listing:expr, $($arg:tt)*) => {{ let _ = writeln!($listing.out, $($arg)*); }};
}

impl Listing<'_> {
    fn program(&mut self) {
        let program = self.program;
        put!(self, "# program {}", program.hash());
        put!(
            self,
            "# form {FORMAT_VERSION}, time zones {}, Unicode {}, locales {}",
            program.data.timezones,
            program.data.unicode,
            program.data.locales.as_deref().unwrap_or("none")
        );
        if program.reads_references {
            put!(self, "# reads records through references");
        }
        for function in &program.code.functions {
            self.function(&function.name, function.chunk);
        }
        for number in 0..program.pipelines.len() {
            self.pipeline(PipelineId(number as u16));
        }
    }

    fn function(&mut self, name: &str, chunk: ChunkId) {
        let Some(code) = self.program.code.chunks.get(chunk.0 as usize) else { return };
        let ChunkKind::Function { params, result } = &code.kind else { return };
        let params: Vec<String> = code.registers[..usize::from(*params).min(code.registers.len())]
            .iter()
            .enumerate()
            .map(|(n, ty)| format!("r{n}: {}", type_name(self.program, ty)))
            .collect();
        let place = code.span(0).map_or(String::new(), |span| format!("    # {}", self.place(span)));
        put!(self, "\nfn {name}({}) -> {}{place}", params.join(", "), type_name(self.program, result));
        self.code(chunk, 1);
    }

    fn pipeline(&mut self, id: PipelineId) {
        let program = self.program;
        let Some(pipeline) = program.pipelines.get(id.index()) else { return };
        let entity = type_name(self.program, &Type::Entity(pipeline.entity));
        put!(
            self,
            "\npipeline {} {} for {entity}, time zone {}{}{}",
            pipeline.name,
            quoted(&pipeline.label),
            pipeline.timezone,
            match pipeline.hours {
                Some(calendar) => format!(", hours {}", self.calendar(calendar)),
                None => String::new(),
            },
            match &pipeline.locale {
                Some(locale) => format!(", locale {locale}"),
                None => String::new(),
            }
        );
        for stage_id in &pipeline.stages {
            let Some(stage) = program.stages.get(stage_id.index()) else { continue };
            let kind = match stage.kind {
                StageKind::Normal => "",
                StageKind::Success => "success ",
                StageKind::Failure => "failure ",
            };
            put!(self, "\n  {kind}stage {} {}", stage.name, quoted(&stage.label));
            let triggers = program.triggers.iter().enumerate();
            for (number, trigger) in triggers.filter(|(_, trigger)| trigger.stage == *stage_id) {
                self.trigger(number, trigger);
            }
            for rule in program.rules.iter().filter(|rule| rule.stage == Some(*stage_id)) {
                self.rule(rule, 2);
            }
        }
        for rule in program.rules.iter().filter(|rule| rule.pipeline == id && rule.stage.is_none()) {
            self.rule(rule, 1);
        }
        if pipeline.triggers_by_event.iter().all(Vec::is_empty) && pipeline.triggers_on_change.is_empty() {
            return;
        }
        put!(self, "\n  # who listens to what, in this order");
        for (event, triggers) in pipeline.triggers_by_event.iter().enumerate() {
            if !triggers.is_empty() {
                let name = self.event(EventId(event as u16));
                put!(self, "  {name}: {}", trigger_list(triggers));
            }
        }
        if !pipeline.triggers_on_change.is_empty() {
            put!(self, "  changes: {}", trigger_list(&pipeline.triggers_on_change));
        }
    }

    fn trigger(&mut self, number: usize, trigger: &Trigger) {
        let disabled = if trigger.disabled { "disabled " } else { "" };
        let label = trigger.label.as_ref().map_or(String::new(), |label| format!(" {}", quoted(label)));
        let backward = if trigger.backward { ", allow backward" } else { "" };
        let events = self.patterns(&trigger.events, trigger.stage);
        put!(
            self,
            "\n    {disabled}trigger {number}{label} on {events}{backward}    # {}",
            self.place(trigger.span)
        );
        self.part("when", trigger.when, 3);
        self.part("as", trigger.actor, 3);
    }

    fn rule(&mut self, rule: &Rule, depth: usize) {
        let indent = "  ".repeat(depth);
        let mut head = String::new();
        for (word, present) in [("disabled ", rule.disabled), ("then ", rule.then)] {
            head.push_str(if present { word } else { "" });
        }
        let _ = write!(head, "rule {}", rule.name);
        if let Some(label) = &rule.label {
            let _ = write!(head, " {}", quoted(label));
        }
        if rule.on.is_empty() {
            head.push_str(" on entry");
        } else {
            let pipeline = self.program.pipelines.get(rule.pipeline.index());
            let first = pipeline.and_then(|pipeline| pipeline.stages.first().copied());
            let stage = rule.stage.or(first).unwrap_or(StageId(0));
            let _ = write!(head, " on {}", self.patterns(&rule.on, stage));
        }
        for (words, present) in [(", once", rule.once), (", detached", rule.detached)] {
            head.push_str(if present { words } else { "" });
        }
        head.push_str(match rule.overlap {
            Overlap::Parallel => "",
            Overlap::Skip => ", overlap skip",
            Overlap::Restart => ", overlap restart",
            Overlap::Queue => ", overlap queue",
        });
        if let Some(During::Calendar(calendar)) = rule.during {
            let _ = write!(head, ", during {}", self.calendar(calendar));
        }
        put!(self, "\n{indent}{head}    # {}", self.place(rule.span));
        match &rule.timing {
            Some(Timing::After { delay, awaits }) => {
                self.awaits(awaits, depth + 1);
                self.part("after", Some(*delay), depth + 1);
            }
            Some(Timing::At { instant, awaits, else_skip, .. }) => {
                self.awaits(awaits, depth + 1);
                self.part(if *else_skip { "at, else skip" } else { "at" }, Some(*instant), depth + 1);
            }
            None => {}
        }
        if let Some(During::HoursOf(user)) = rule.during {
            self.part("during hours of", Some(user), depth + 1);
        }
        self.awaits(&rule.when_awaits, depth + 1);
        self.part("when", rule.when, depth + 1);
        self.part("do", Some(rule.body), depth + 1);
    }

    fn awaits(&mut self, outputs: &[OutputId], depth: usize) {
        if !outputs.is_empty() {
            put!(self, "{}waits for {}", "  ".repeat(depth), self.outputs(outputs));
        }
    }

    fn part(&mut self, name: &str, chunk: Option<ChunkId>, depth: usize) {
        if let Some(chunk) = chunk {
            put!(self, "{}{name}:", "  ".repeat(depth));
            self.code(chunk, depth + 1);
        }
    }

    fn code(&mut self, id: ChunkId, depth: usize) {
        let program = self.program;
        let Some(chunk) = program.code.chunks.get(id.0 as usize) else { return };
        let indent = "  ".repeat(depth);
        let mut statement = 0;
        let file = chunk.spans.first().map(|(_, span)| span.file);
        let mut shown = None;
        for (pc, instr) in chunk.code.iter().enumerate() {
            let pc = pc as u32;
            let span = chunk.span(pc);
            if chunk.statement(pc) != statement {
                statement = chunk.statement(pc);
                put!(self, "{indent}# statement {statement}");
            }
            let text = self.instruction(chunk, *instr);
            let place = match span {
                Some(span) if shown == Some(span) => String::new(),
                // The head above names the file.
                Some(span) if Some(span.file) == file => {
                    let place = self.place(span);
                    let file =
                        self.program.files.get(span.file.0 as usize).map_or(0, |file| file.name.len() + 1);
                    format!("  # {}", place.get(file..).unwrap_or_default())
                }
                Some(span) => format!("  # {}", self.place(span)),
                None => String::new(),
            };
            shown = span;
            let line = format!("{indent}{pc:>4}  {text:<44}{place}");
            put!(self, "{}", line.trim_end());
        }
        for wait in chunk.code.iter().filter_map(|instr| match instr {
            super::instr::Instr::WaitFor { wait } => program.code.waits.get(wait.0 as usize),
            _ => None,
        }) {
            self.part("wait for … when", wait.when, depth);
        }
    }

    // --- names ---

    fn place(&self, span: Span) -> String {
        match self.program.files.get(span.file.0 as usize) {
            Some(file) => {
                let (line, column) = file.position(span.start);
                format!("{}:{line}:{column}", file.name)
            }
            None => "?".to_owned(),
        }
    }

    fn event(&self, id: EventId) -> String {
        self.program.schema.events.get(id.index()).map_or("?".into(), |event| event.name.to_string())
    }

    fn calendar(&self, id: CalendarId) -> String {
        self.program.schema.calendars.get(id.index()).map_or("?".into(), |calendar| calendar.name.to_string())
    }

    /// `Sales.Won`
    fn output(&self, id: OutputId) -> String {
        let output = self.program.outputs.get(id.index());
        let rule = output.and_then(|output| self.program.rules.get(output.rule.index()));
        match (rule, output) {
            (Some(rule), Some(output)) => format!("{}.{}", rule.name, output.path),
            _ => "?".to_owned(),
        }
    }

    fn outputs(&self, ids: &[OutputId]) -> String {
        ids.iter().map(|id| self.output(*id)).collect::<Vec<_>>().join(", ")
    }

    fn field(&self, entity: Option<EntityId>, field: FieldId) -> String {
        let entity = entity.and_then(|entity| self.program.schema.entities.get(entity.index()));
        entity
            .and_then(|entity| entity.fields.get(field.index()))
            .map_or("?".into(), |field| field.name.to_string())
    }

    fn slot(&self, event: EventId, slot: u16) -> String {
        let event = self.program.schema.events.get(event.index());
        event
            .and_then(|event| event.payload.get(usize::from(slot)))
            .map_or("?".into(), |field| field.name.to_string())
    }

    fn patterns(&self, patterns: &[EventPattern], stage: StageId) -> String {
        let stage = self.program.stages.get(stage.index());
        let pipeline = stage.and_then(|stage| self.program.pipelines.get(stage.pipeline.index()));
        let entity = pipeline.map(|pipeline| pipeline.entity);
        let pattern = |pattern: &EventPattern| match pattern {
            EventPattern::Named(event) => self.named_event(event),
            EventPattern::Change { fields, from, to } => {
                let names: Vec<String> = fields.iter().map(|field| self.field(entity, *field)).collect();
                let ty = entity
                    .and_then(|entity| self.program.schema.entities.get(entity.index()))
                    .and_then(|entity| entity.fields.get(fields.first()?.index()))
                    .map_or(Type::Never, |field| field.ty.clone());
                let mut text = format!("change of {}", names.join(", "));
                for (word, value) in [("from", from), ("to", to)] {
                    if let Some(value) = value {
                        let _ = write!(text, " {word} {}", literal(self.program, value, &ty));
                    }
                }
                text
            }
            EventPattern::AnyChange => "any change".to_owned(),
            EventPattern::Count { count, event, within } => {
                let within = literal(self.program, &Value::Duration(*within), &Type::Duration);
                format!("{count} {} within {within}", self.named_event(event))
            }
            EventPattern::Absence { event, period } => {
                let period = literal(self.program, &Value::Duration(*period), &Type::Duration);
                format!("no {} for {period}", self.named_event(event))
            }
        };
        patterns.iter().map(pattern).collect::<Vec<_>>().join(" or ")
    }

    fn named_event(&self, event: &NamedEvent) -> String {
        let mut text = self.event(event.event);
        if event.settings.is_empty() {
            return text;
        }
        let def = self.program.schema.events.get(event.event.index());
        let settings: Vec<String> = event
            .settings
            .iter()
            .map(|(slot, values)| {
                let ty = def
                    .and_then(|def| def.payload.get(usize::from(*slot)))
                    .map_or(Type::Never, |f| f.ty.clone());
                let ty = match ty.inner() {
                    Type::List(element) => element,
                    ty => ty,
                };
                let values: Vec<String> =
                    values.iter().map(|value| literal(self.program, value, ty)).collect();
                let values = if let [one] = values.as_slice() {
                    one.clone()
                } else {
                    format!("[{}]", values.join(", "))
                };
                format!("{}: {values}", self.slot(event.event, *slot))
            })
            .collect();
        let _ = write!(text, "({})", settings.join(", "));
        text
    }
}

fn trigger_list(triggers: &[(TriggerId, u16)]) -> String {
    triggers.iter().map(|(id, _)| format!("trigger {}", id.0)).collect::<Vec<_>>().join(", ")
}
