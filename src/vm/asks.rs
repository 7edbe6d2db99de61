//! Bodies made ready: most of them only ask for actions, with parameters that are constants, fields or texts with fields in
//! them. What each parameter is made of is read from the code once, and then put together without registers.
//!
//! Whatever does not fit, or does not come out (a field to print that is not set), is left to the interpreter, which runs the
//! body from its beginning: nothing has been asked for by then. Nobody may watch: what is not run cannot be seen.

mod written;

use super::{EventView, Machine, Scratch};
use crate::model::Conversion;
use crate::program::instr::Instr;
use crate::program::{CallId, Chunk, ChunkId, ChunkKind, Program};
use crate::schema::{FIELD_STAGE, Type};
use crate::value::print::Names;
use crate::value::*;
use std::sync::{Arc, OnceLock};
use written::Written;

/// Longer texts cost fuel, and may be too long: the interpreter sees to that.
const SHORT: usize = 1 << 12;
/// Longer bodies are left to the interpreter too, which makes a text once that is used several times.
const SHORT_BODY: usize = 1 << 10;

/// One action, and what its parameters are made of.
#[derive(Debug)]
pub(crate) struct Ask {
    pub call: CallId,
    /// By the number of the parameter, in the order of the call.
    params: Vec<(u16, Source)>,
    /// As they are written, if those of the whole body are known to keep their limits.
    written: Option<Written>,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
enum Source {
    Const(u32),
    Field(FieldId),
    /// One without which the rule fails.
    FieldOnceSet(FieldId),
    /// A member of the event, if it is this one.
    Payload(EventId, u16),
    // Shared, for one register may be used several times.
    Text(Arc<[Piece]>),
    List(Arc<[Source]>),
    /// A list of constants.
    Made(Value),
}

/// A part of a text.
#[derive(Debug, Clone)]
enum Piece {
    Const(u32),
    /// A value, as one of this type prints.
    Value(Source, Type),
}

/// What a body looks at.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub record: &'a [Value],
    pub event: Option<EventView<'a>>,
    /// The rule's pipeline, which prints in its own way.
    pub home: PipelineId,
}

/// The actions for which a body asks, if that is all it does; found out when it first runs.
pub(super) type Asks = OnceLock<Option<Vec<Ask>>>;

fn ready(program: &Program, names: &Names, chunk: &Chunk) -> Option<Vec<Ask>> {
    let mut asks = asks(program, chunk)?;
    // All of them are written, or none.
    let written: Option<Vec<Written>> =
        asks.iter().map(|ask| written::written(program, names, ask)).collect();
    for (ask, written) in asks.iter_mut().zip(written.into_iter().flatten()) {
        ask.written = Some(written);
    }
    Some(asks)
}

fn asks(program: &Program, chunk: &Chunk) -> Option<Vec<Ask>> {
    if !matches!(chunk.kind, ChunkKind::Body) || chunk.code.len() > SHORT_BODY {
        return None;
    }
    let mut registers: Vec<Option<Source>> = vec![None; chunk.registers.len()];
    let mut text: Option<Vec<Piece>> = None;
    let mut list: Option<Vec<Source>> = None;
    let mut asks = Vec::new();
    for instr in &chunk.code {
        let (to, source) = match *instr {
            Instr::Const { to, constant } => (to, Source::Const(constant)),
            Instr::Field { to, field } => (to, Source::Field(field)),
            Instr::FieldOnceSet { to, field } => (to, Source::FieldOnceSet(field)),
            Instr::Stage { to } => (to, Source::FieldOnceSet(FIELD_STAGE)),
            Instr::Payload { to, event, slot } => (to, Source::Payload(event, slot)),
            Instr::Copy { to, from } => (to, registers.get(from.index())?.clone()?),
            Instr::Convert { conversion, to, from } => {
                let source = registers.get(from.index())?.clone()?;
                match (conversion, source) {
                    (Conversion::ToOptional | Conversion::Widen, source) => (to, source),
                    (Conversion::Narrow, Source::Field(field)) => (to, Source::FieldOnceSet(field)),
                    _ => return None,
                }
            }
            Instr::TextBegin if text.is_none() => {
                text = Some(Vec::new());
                continue;
            }
            Instr::Piece { constant } => {
                text.as_mut()?.push(Piece::Const(constant));
                continue;
            }
            Instr::Print { value } | Instr::PrintText { value } => {
                let source = registers.get(value.index())?.clone()?;
                if matches!(source, Source::Text(_) | Source::List(_) | Source::Made(_)) {
                    return None;
                }
                let ty = chunk.registers.get(value.index())?.inner().clone();
                text.as_mut()?.push(Piece::Value(source, ty));
                continue;
            }
            Instr::ListBegin { .. } if list.is_none() => {
                list = Some(Vec::new());
                continue;
            }
            Instr::ListPush { value } => {
                let source = registers.get(value.index())?.clone()?;
                // Lists of lists of lists could come to more than there is memory.
                if matches!(source, Source::List(_) | Source::Made(_)) {
                    return None;
                }
                list.as_mut()?.push(source);
                continue;
            }
            Instr::ListEnd { to } => (to, Source::list(list.take()?, program)),
            Instr::TextEnd { to } => (to, Source::Text(text.take()?.into())),
            Instr::Action { call: id } => {
                let call = program.code.calls.get(id.0 as usize)?;
                if call.answer.is_some() || text.is_some() || list.is_some() {
                    return None;
                }
                let source = |register: usize| registers.get(register)?.clone();
                let params =
                    call.params.iter().map(|(number, register)| Some((*number, source(register.index())?)));
                asks.push(Ask { call: id, params: params.collect::<Option<_>>()?, written: None });
                continue;
            }
            Instr::Stop => return Some(asks),
            _ => return None,
        };
        *registers.get_mut(to.index())? = Some(source);
    }
    None
}

impl Source {
    fn list(items: Vec<Source>, program: &Program) -> Source {
        let constant = |item: &Source| match item {
            Source::Const(constant) => program.code.constants.get(*constant as usize).cloned(),
            _ => None,
        };
        match items.iter().map(constant).collect() {
            Some(values) => Source::Made(Value::List(values)),
            None => Source::List(items.into()),
        }
    }

    /// The value where it lies, if it need not be made.
    fn value<'a>(&'a self, program: &'a Program, subject: Subject<'a>) -> Option<&'a Value> {
        match self {
            Source::Const(constant) => program.code.constants.get(*constant as usize),
            Source::Field(field) => subject.record.get(field.index()),
            Source::FieldOnceSet(field) => {
                subject.record.get(field.index()).filter(|value| !matches!(value, Value::None))
            }
            Source::Payload(event, slot) => {
                let view = subject.event.filter(|view| view.event == Some(*event))?;
                view.payload.get(usize::from(*slot))
            }
            Source::Made(value) => Some(value),
            Source::Text(_) | Source::List(_) => None,
        }
    }
}

impl Machine {
    /// The actions for which a body asks, if that is all it does.
    pub(crate) fn asks(&self, body: ChunkId) -> Option<&[Ask]> {
        let (asks, chunk) = (self.asks.get(body.0 as usize)?, self.program.code.chunks.get(body.0 as usize)?);
        asks.get_or_init(|| ready(&self.program, &self.names, chunk)).as_deref()
    }

    /// The values of the parameters. `None`: the interpreter is to run the body.
    pub(crate) fn params(
        &self,
        ask: &Ask,
        subject: Subject<'_>,
        scratch: &mut Scratch,
    ) -> Option<Vec<(u16, Value)>> {
        let mut params = scratch.params.pop().unwrap_or_default();
        params.clear();
        for (number, source) in &ask.params {
            params.push((*number, self.made(source, subject, scratch)?));
        }
        Some(params)
    }

    fn made(&self, source: &Source, subject: Subject<'_>, scratch: &mut Scratch) -> Option<Value> {
        match source {
            Source::Text(pieces) => Some(Value::Text(self.text(pieces, subject, scratch)?)),
            Source::List(items) => {
                let value = |item| Source::value(item, &self.program, subject);
                if items.iter().all(|item| value(item).is_some()) {
                    // Of what lies somewhere a list is made without another one between.
                    let items = items.iter().map(|item| value(item).cloned().unwrap_or(Value::None));
                    return Some(Value::List(items.collect()));
                }
                let items = items.iter().map(|item| self.made(item, subject, scratch));
                Some(Value::List(items.collect::<Option<_>>()?))
            }
            _ => source.value(&self.program, subject).cloned(),
        }
    }

    fn text(&self, pieces: &[Piece], subject: Subject<'_>, scratch: &mut Scratch) -> Option<Text> {
        let printer = self.printer(subject.home);
        let text = &mut scratch.text;
        text.clear();
        for piece in pieces {
            let before = text.len();
            match piece {
                Piece::Const(constant) => match self.program.code.constants.get(*constant as usize)? {
                    Value::Text(constant) => text.push_str(constant),
                    _ => return None,
                },
                Piece::Value(source, ty) => match source.value(&self.program, subject)? {
                    Value::None => return None,
                    Value::Text(value) => text.push_str(value),
                    value => printer.print(value, ty, text),
                },
            }
            if text.len() - before > SHORT {
                return None;
            }
        }
        (text.len() <= SHORT).then(|| scratch.texts.text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compiler, lower};

    /// How many actions each body asks for that is made ready, by rule.
    fn ready(rules: &str) -> Vec<(String, Option<usize>)> {
        let text = format!(
            "entity Card {{ name: text size: int? owner: user? }}\n\
             event bell.rang on Card {{ tone: text }}\n\
             action say {{ text: text to: list of recipient? }}\n\
             user anna \"Anna\"\n\
             pipeline Main \"Main\" for Card {{ stage Start \"Start\" {{ {rules} }} }}"
        );
        let loaded = compiler::load(&["case.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
        let checked = compiler::check(&loaded);
        let model = checked.model.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
        let machine = Machine::new(lower::lower(&model, &loaded.sources).expect("code")).expect("it can run");
        let asks = |body| machine.asks(body).map(<[Ask]>::len);
        machine.program().rules.iter().map(|rule| (rule.name.to_string(), asks(rule.body))).collect()
    }

    #[test]
    fn bodies_that_only_ask_are_made_ready() {
        let rules = r#"
            rule one { say { text: "hello" } }
            rule two { say { text: "{name} in {stage}", to: anna } say { text: name } }
            rule people when owner is set { say { text: "{owner} has {name}", to: owner } }
            rule counts { say { text: "{1 + 2}" } }
            rule branches { if size is set { say { text: "{size}" } } }
            rule sets { set size = 1 say { text: "set" } }
            rule hears on bell.rang { say { text: "{event.tone}" } }
            rule waits { say { text: "soon" } wait 1 day say { text: "now" } }
        "#;
        let found = ready(rules);
        let found: Vec<(&str, Option<usize>)> = found.iter().map(|(name, asks)| (&**name, *asks)).collect();
        let wanted = [
            ("one", Some(1)),
            ("two", Some(2)),
            ("people", Some(1)),
            ("counts", None),
            ("branches", None),
            ("sets", None),
            ("hears", Some(1)),
            ("waits", None),
        ];
        assert_eq!(found, wanted);
    }
}
