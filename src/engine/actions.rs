//! Actions: their parameters against the limits, and the answers of a run without an outside world.

use super::Life;
use super::effect::{EffectKind, Params};
use crate::program::Answer;
use crate::schema::{Schema, Type};
use crate::syntax::tree::PrincipalKind;
use crate::value::limits::check_limits;
use crate::value::*;
use crate::vm::Frame;
use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::Arc;

impl Life<'_, '_> {
    /// Asks the outside world for an action, or says in its place which limit refuses it.
    pub(super) fn ask(
        &mut self,
        rule: RuleId,
        id: ActionId,
        mut params: Vec<(u16, Value)>,
    ) -> Result<(), Failure> {
        let action = self.program().schema.action(id);
        params.retain(|(_, value)| !matches!(value, Value::None));
        for (number, value) in &params {
            if let Some(param) = action.params.get(usize::from(*number))
                && let Err(failure) =
                    check_limits(value, &param.ty, &param.limits, self.tables.pattern(param))
            {
                let message = format!("`{}` of `{}`: {failure}", param.name, action.name);
                self.emit(EffectKind::ActionRefused {
                    rule,
                    action: id,
                    code: failure.code.id(),
                    message: message.clone(),
                });
                return Err(Failure::new(failure.code, message));
            }
        }
        self.emit(EffectKind::ActionRequested { rule, action: id, params: Params::Values(params) });
        Ok(())
    }

    /// Answers a `let` at once: with what stands ready, else with made-up outputs.
    pub(super) fn answer(
        &mut self,
        frame: &mut Frame,
        action: ActionId,
        answer: &Answer,
    ) -> Result<(), Failure> {
        if let Some(ready) = self.buffers.replies.get_mut(&action).and_then(VecDeque::pop_front) {
            match ready {
                Ok(outputs) => frame.answer(answer, outputs),
                Err(reason) => return Err(Failure::new(FailureCode::ActionFailed, &*reason)),
            }
            return Ok(());
        }
        let program = self.program();
        let definition = program.schema.action(action);
        // One of an earlier version counts on where that of this one stands.
        let counted = program.schema.actions.iter().position(|other| other.name == definition.name);
        let counted = counted.map_or(action, |first| ActionId(first as u16));
        let count = self.record.simulated.entry(counted).or_insert(0);
        *count += 1;
        let count = *count;
        let simulation = Simulation {
            schema: &program.schema,
            record: &self.record.subject.id,
            action: &definition.name,
            count,
            now: self.record.clock,
        };
        let outputs = definition.outputs.iter().map(|output| simulation.value(&output.ty));
        frame.answer(answer, outputs);
        Ok(())
    }
}

/// Makes up the outputs of one call: from the record's id, the action and how many calls of it the record has
/// had answered, and from nothing else, so that a replay gives the same.
struct Simulation<'a> {
    schema: &'a Schema,
    record: &'a str,
    action: &'a str,
    count: u64,
    now: DateTime<Utc>,
}

impl Simulation<'_> {
    /// - texts, opaque ids, references and principals: `D-1/create_chat/1`;
    /// - numbers: the count; money: so much of the program's currency; durations: so many hours;
    /// - `https://simulated.invalid/D-1/create_chat/1`, `create_chat.1@simulated.invalid`, `+0000000001`;
    /// - files: that name at that URL;
    /// - dates and times: now (UTC); `true`; an enum's first value; a list of one such value.
    fn value(&self, ty: &Type) -> Value {
        match ty {
            Type::Text | Type::Opaque(_) => Value::Text(self.id()),
            Type::Int => Value::Int(i64::try_from(self.count).unwrap_or(i64::MAX)),
            Type::Decimal => Value::Decimal(Decimal::from(self.count)),
            Type::Money(currency) => {
                match currency.or(self.schema.currency).or_else(|| Currency::parse("EUR")) {
                    Some(currency) => Value::Money(Money { amount: Decimal::from(self.count), currency }),
                    None => Value::None,
                }
            }
            Type::Bool => Value::Bool(true),
            Type::Date => Value::Date(self.now.date_naive()),
            Type::Time => Value::Time(self.now.time()),
            Type::DateTime => Value::DateTime(self.now),
            Type::Duration => {
                let hours = i64::try_from(self.count).unwrap_or(i64::MAX);
                Value::Duration(Duration { days: 0, seconds: hours.saturating_mul(3600) })
            }
            Type::Email => Value::Text(format!("{}.{}@simulated.invalid", self.action, self.count).into()),
            Type::Phone => Value::Text(format!("+{:010}", self.count).into()),
            Type::Url => Value::Text(self.url()),
            Type::File => Value::File(Arc::new(File { name: self.id(), url: self.url() })),
            Type::User | Type::Recipient => self.principal(PrincipalKind::User),
            Type::Department => self.principal(PrincipalKind::Department),
            Type::Role => self.principal(PrincipalKind::Role),
            Type::Enum(_) => Value::Enum(0),
            Type::Entity(_) => Value::Ref(self.id()),
            Type::List(element) => Value::List([self.value(element)].into()),
            Type::Optional(inner) => self.value(inner),
            // No output can have these.
            Type::Stage(_) | Type::Pipeline(_) | Type::Never | Type::Error => Value::None,
        }
    }

    /// `D-1/create_chat/1`
    fn id(&self) -> Text {
        format!("{}/{}/{}", self.record, self.action, self.count).into()
    }

    fn url(&self) -> Text {
        let mut url = String::from("https://simulated.invalid/");
        for byte in self.record.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
                url.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                let _ = write!(url, "%{byte:02X}");
            }
        }
        let _ = write!(url, "/{}/{}", self.action, self.count);
        url.into()
    }

    fn principal(&self, kind: PrincipalKind) -> Value {
        Value::Principal(Principal { kind, name: self.id() })
    }
}
