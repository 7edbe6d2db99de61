//! Actions that are asked for only to be written: the JSON of their parameters, without the values between.
//!
//! What is the same each time is written when a body is made ready. That parameters break no limit is known then too, or a
//! length says so; where it is not, the values are made.

use super::{Ask, Piece, SHORT, Source, Subject};
use crate::program::Program;
use crate::schema::{Field, Type};
use crate::value::json::{self, plain};
use crate::value::limits::check_limits;
use crate::value::print::{Json, Labels, Names, Printer};
use crate::value::*;
use rust_decimal::prelude::ToPrimitive;

/// The parameters of one action, piece by piece, each with a comma before it.
pub(super) type Written = Box<[Part]>;

#[derive(Debug)]
pub(super) enum Part {
    Json(Box<[u8]>),
    /// A value, as one of this type is written.
    Value(Source, Type),
    /// One that is left out if it is unset, with what stands before it.
    Member(Box<[u8]>, Source, Type),
    /// The inside of a string.
    Text(Box<[Inside]>, Longest),
}

/// So many bytes a text may have; with more it is not known whether it breaks a limit.
type Longest = usize;

/// A part of a string.
#[derive(Debug)]
pub(super) enum Inside {
    Json(Box<[u8]>),
    /// A value, as one of this type prints.
    Printed(Source, Type),
}

/// How the parameters are written, if nothing can be wrong with them.
pub(super) fn written(program: &Program, names: &Names, ask: &Ask) -> Option<Written> {
    let call = program.code.calls.get(ask.call.0 as usize)?;
    let declared = &program.schema.actions.get(call.action.index())?.params;
    let mut writer = Writer { program, names: names.labels(), parts: Vec::new(), json: Vec::new() };
    for (number, source) in &ask.params {
        writer.param(declared.get(usize::from(*number))?, source)?;
    }
    writer.end();
    Some(writer.parts.into())
}

/// The value of a source that has always the same.
fn constant<'a>(program: &'a Program, source: &'a Source) -> Option<&'a Value> {
    match source {
        Source::Const(constant) => program.code.constants.get(*constant as usize),
        Source::Made(value) => Some(value),
        _ => None,
    }
}

struct Writer<'p> {
    program: &'p Program,
    names: Labels<'p>,
    parts: Vec<Part>,
    /// What stands behind them, and is the same each time.
    json: Vec<u8>,
}

impl Writer<'_> {
    fn end(&mut self) {
        if !self.json.is_empty() {
            self.parts.push(Part::Json(std::mem::take(&mut self.json).into()));
        }
    }

    fn part(&mut self, part: Part) {
        self.end();
        self.parts.push(part);
    }

    /// `None`: it may break a limit.
    fn param(&mut self, param: &Field, source: &Source) -> Option<()> {
        let limits = &param.limits;
        let free = limits.min.is_none() && limits.max.is_none() && limits.matches.is_none();
        let mut name = b",".to_vec();
        plain::string(&param.name, &mut name);
        name.push(b':');
        if let Some(value) = constant(self.program, source) {
            if limits.matches.is_some() || check_limits(value, &param.ty, limits, None).is_err() {
                return None;
            }
            if !matches!(value, Value::None) {
                self.json.append(&mut name);
                json::write(value, &param.ty, &self.program.schema, self.names, &mut self.json);
            }
            return Some(());
        }
        match source {
            Source::Text(pieces) => {
                let most = limits.max.map_or(Some(SHORT), |max| max.to_usize())?;
                if limits.min.is_some() || limits.matches.is_some() {
                    return None;
                }
                self.json.append(&mut name);
                self.text(pieces, most.min(SHORT))
            }
            Source::List(items) => {
                let count = items.len().into();
                let enough =
                    limits.min.is_none_or(|min| min <= count) && limits.max.is_none_or(|max| count <= max);
                if !enough || limits.matches.is_some() {
                    return None;
                }
                self.json.append(&mut name);
                self.list(items, &param.ty)
            }
            _ if !free => None,
            _ => {
                self.part(Part::Member(name.into(), source.clone(), param.ty.clone()));
                Some(())
            }
        }
    }

    fn text(&mut self, pieces: &[Piece], most: Longest) -> Option<()> {
        let mut insides = Vec::new();
        for piece in pieces {
            insides.push(match piece {
                Piece::Const(constant) => match self.program.code.constants.get(*constant as usize)? {
                    Value::Text(constant) => {
                        let mut json = Vec::new();
                        plain::inside(constant, &mut json);
                        Inside::Json(json.into())
                    }
                    _ => return None,
                },
                Piece::Value(source, ty) => Inside::Printed(source.clone(), ty.clone()),
            });
        }
        self.json.push(b'"');
        self.part(Part::Text(insides.into(), most));
        self.json.push(b'"');
        Some(())
    }

    fn list(&mut self, items: &[Source], ty: &Type) -> Option<()> {
        let Type::List(element) = ty.inner() else { return None };
        self.json.push(b'[');
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.json.push(b',');
            }
            match item {
                Source::Text(pieces) => self.text(pieces, SHORT)?,
                Source::List(_) => return None,
                item => match constant(self.program, item) {
                    Some(value) => {
                        json::write(value, element, &self.program.schema, self.names, &mut self.json)
                    }
                    None => self.part(Part::Value(item.clone(), (**element).clone())),
                },
            }
        }
        self.json.push(b']');
        Some(())
    }
}

impl crate::vm::Machine {
    /// Appends the parameters of an action as the members of a JSON object, without its braces. `None`: their values are to be
    /// made; something may have been appended then.
    pub(crate) fn write_params(
        &self,
        ask: &Ask,
        subject: Subject<'_>,
        out: &mut Vec<u8>,
    ) -> Option<std::ops::Range<usize>> {
        let (from, names) = (out.len(), self.names.labels());
        for part in ask.written.as_deref()? {
            match part {
                Part::Json(json) => out.extend_from_slice(json),
                Part::Value(source, ty) => {
                    let value = source.value(&self.program, subject)?;
                    json::write(value, ty, &self.program.schema, names, out);
                }
                Part::Member(name, source, ty) => match source.value(&self.program, subject)? {
                    Value::None => {}
                    value => {
                        out.extend_from_slice(name);
                        json::write(value, ty, &self.program.schema, names, out);
                    }
                },
                Part::Text(insides, most) => {
                    let from = out.len();
                    self.write_text(insides, subject, out)?;
                    // With escapes it is not shorter than without.
                    if out.len() - from > *most {
                        return None;
                    }
                }
            }
        }
        // The first one stands without its comma.
        Some((from + 1).min(out.len())..out.len())
    }

    fn write_text(&self, insides: &[Inside], subject: Subject<'_>, out: &mut Vec<u8>) -> Option<()> {
        let printer = self.printer(subject.home);
        for inside in insides {
            match inside {
                Inside::Json(json) => out.extend_from_slice(json),
                Inside::Printed(source, ty) => match source.value(&self.program, subject)? {
                    Value::None => return None,
                    Value::Text(value) => plain::inside(value, out),
                    value => printer.print(value, ty, &mut Json(out)),
                },
            }
        }
        Some(())
    }

    pub(super) fn printer(&self, home: PipelineId) -> Printer<'_> {
        let pipeline = self.program.pipelines.get(home.index());
        Printer {
            schema: &self.program.schema,
            labels: self.labels(),
            tz: pipeline.map_or(chrono_tz::Tz::UTC, |pipeline| pipeline.timezone),
            locale: self.locale(home),
        }
    }
}
