//! Facts: the values of fields as numbers that questions can be asked of.

use super::{Asked, Machine, SHORT_LIST, SHORT_TEXT, Subject, Test};
use crate::model::OrderOp;
use crate::value::*;
use ahash::{HashMap, HashMapExt};
use chrono::{Datelike, NaiveDate};
use memchr::memmem::Finder;

/// What can be known of a record and an event.
#[derive(Debug)]
pub(super) enum Fact {
    /// The answer of a test: one for yes.
    Test(Test),
    /// What a field says: one for yes.
    Truth(FieldId),
    IsSet(FieldId),
    /// Numbers, in their order.
    Int(FieldId),
    Date(FieldId),
    Amount(FieldId, Currency),
    /// The bit of the value of an enum, or none.
    Enum(FieldId),
    /// The bit of a text, or of each that is in a list, if it is one of these.
    Text(FieldId, Bits),
    List(FieldId, Bits),
    /// Whether a text has this in it, or at its beginning: one for yes.
    Has(FieldId, Box<Finder<'static>>),
    Begins(FieldId, Text),
}

/// Texts that somebody asks for, each with a bit of its own.
#[derive(Debug)]
pub(super) struct Bits(HashMap<Text, u64>);

impl Bits {
    /// No more fit.
    pub const MOST: usize = 64;

    pub fn new() -> Bits {
        Bits(HashMap::new())
    }

    /// The bit of a text; `None`: there is none left.
    pub fn add(&mut self, text: &Text) -> Option<u64> {
        let count = self.0.len();
        if count == Bits::MOST && !self.0.contains_key(text) {
            return None;
        }
        Some(*self.0.entry(text.clone()).or_insert(1 << (count % Bits::MOST)))
    }

    #[inline(never)]
    fn of(&self, text: &Text) -> u64 {
        self.0.get(text).copied().unwrap_or_default()
    }

    #[inline(never)]
    fn of_all(&self, items: &[Value]) -> u64 {
        let bit = |item: &Value| if let Value::Text(text) = item { self.of(text) } else { 0 };
        items.iter().fold(0, |all, item| all | bit(item))
    }
}

impl Fact {
    /// `None`: the interpreter is to say what comes of it.
    #[inline(always)]
    pub fn of(&self, machine: &Machine, subject: Subject<'_>) -> Option<u64> {
        let record = subject.record;
        match self {
            Fact::Test(test) => test.answer(machine, subject).map(u64::from),
            Fact::Truth(field) => match record.get(field.index())? {
                Value::Bool(value) => Some(u64::from(*value)),
                _ => None,
            },
            Fact::IsSet(field) => Some(u64::from(!matches!(record.get(field.index())?, Value::None))),
            Fact::Int(field) => match record.get(field.index())? {
                Value::Int(value) => Some(ordered(*value)),
                _ => None,
            },
            Fact::Date(field) => match record.get(field.index())? {
                Value::Date(date) => Some(day(*date)),
                _ => None,
            },
            Fact::Amount(field, currency) => match record.get(field.index())? {
                Value::Money(money) if money.currency == *currency => Some(amount(money)),
                _ => None,
            },
            Fact::Enum(field) => match record.get(field.index())? {
                Value::Enum(at) => Some(bit(*at).unwrap_or_default()),
                _ => Some(0),
            },
            Fact::Text(field, bits) => match record.get(field.index())? {
                Value::Text(text) => Some(bits.of(text)),
                _ => Some(0),
            },
            Fact::List(field, bits) => match record.get(field.index())? {
                Value::List(items) if items.len() <= SHORT_LIST => Some(bits.of_all(items)),
                _ => None,
            },
            Fact::Has(field, part) => match record.get(field.index())? {
                Value::Text(text) if text.len() <= SHORT_TEXT => {
                    Some(u64::from(part.find(text.as_bytes()).is_some()))
                }
                _ => None,
            },
            Fact::Begins(field, part) => match record.get(field.index())? {
                Value::Text(text) => Some(u64::from(text.starts_with(&**part))),
                _ => None,
            },
        }
    }
}

/// The bit of a value of an enum; there are none of those behind the first 64.
pub(super) fn bit(at: u16) -> Option<u64> {
    1_u64.checked_shl(at.into())
}

/// Whole numbers in their order, without a sign.
pub(super) fn ordered(number: i64) -> u64 {
    number.cast_unsigned() ^ (1 << 63)
}

pub(super) fn day(date: NaiveDate) -> u64 {
    ordered(date.num_days_from_ce().into())
}

/// So many digits of an amount behind the point are told apart.
const DIGITS: u32 = 4;

/// Amounts in the order of their numbers: twice the number of the smallest parts that are told apart, and one more if something
/// is left. Those that are too large stand beyond all that are compared with.
#[inline(never)]
fn amount(money: &Money) -> u64 {
    let (digits, scale) = (money.amount.mantissa(), money.amount.scale());
    let power = |by: u32| {
        compare::POWERS.get(by as usize).map_or_else(|| 10_i128.pow(by), |power| i128::from(*power))
    };
    let doubled = if scale <= DIGITS {
        2 * digits * power(DIGITS - scale)
    } else {
        let part = power(scale - DIGITS);
        2 * digits.div_euclid(part) + i128::from(digits.rem_euclid(part) != 0)
    };
    ordered(doubled.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
}

/// An amount to compare with: exact, and none of the largest or smallest.
pub(super) fn exact(money: &Money) -> Option<u64> {
    let amount = amount(money);
    let few = money.amount.normalize().scale() <= DIGITS;
    (few && amount != u64::MIN && amount != u64::MAX).then_some(amount)
}

/// What is asked of numbers in their order by comparing them with one of them. `None`: none can be so.
pub(super) fn order(op: OrderOp, number: u64) -> Option<Asked> {
    match op {
        OrderOp::Less => Asked::between(0, number.checked_sub(1)?),
        OrderOp::LessOrEqual => Asked::between(0, number),
        OrderOp::Greater => Asked::between(number.checked_add(1)?, u64::MAX),
        OrderOp::GreaterOrEqual => Asked::between(number, u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rust_decimal::Decimal;
    use std::cmp::Ordering;

    const OPS: [OrderOp; 4] =
        [OrderOp::Less, OrderOp::LessOrEqual, OrderOp::Greater, OrderOp::GreaterOrEqual];

    fn money(digits: i128, scale: u32) -> Money {
        let digits = digits.clamp(-Decimal::MAX.mantissa(), Decimal::MAX.mantissa());
        let currency = Currency::parse("EUR").expect("there is one");
        Money { amount: Decimal::from_i128_with_scale(digits, scale), currency }
    }

    /// Many digits, or few; often almost alike.
    fn digits() -> impl Strategy<Value = i128> {
        prop_oneof![
            -300..300_i128,
            any::<i64>().prop_map(i128::from),
            any::<i128>(),
            (0..30_u32).prop_map(|by| 10_i128.pow(by))
        ]
    }

    proptest! {
        #[test]
        fn amounts_stand_as_their_numbers_do(a in digits(), b in digits(), scales in (0..29_u32, 0..29_u32)) {
            let (a, b) = (money(a, scales.0), money(b, scales.1));
            if let Some(wanted) = exact(&b) {
                for op in OPS {
                    let asked = order(op, wanted).expect("it is none of the largest");
                    prop_assert_eq!(asked.of(amount(&a)), op.holds(a.amount.cmp(&b.amount)), "{:?} {:?}", a, b);
                }
            }
        }

        #[test]
        fn whole_numbers_stand_as_they_do(a in any::<i64>(), b in any::<i64>(), near in -2..3_i64) {
            for (a, b) in [(a, b), (a, a.saturating_add(near)), (i64::MAX, a), (i64::MIN, a), (a, i64::MIN), (a, i64::MAX)] {
                for op in OPS {
                    let holds = order(op, ordered(b)).is_some_and(|asked| asked.of(ordered(a)));
                    prop_assert_eq!(holds, op.holds(a.cmp(&b)), "{} {}", a, b);
                }
            }
        }
    }

    #[test]
    fn a_bit_is_one_of_several() {
        let bits: Vec<u64> = (0..64).filter_map(bit).collect();
        assert_eq!((bits.len(), bit(64)), (64, None));
        for wanted in &bits {
            let asked = Asked::one_of(wanted | 4);
            for fact in &bits {
                assert_eq!(asked.of(*fact), fact == wanted || *fact == 4);
            }
            assert!(!asked.of(0) && asked.of(u64::MAX));
        }
    }

    #[test]
    fn as_many_texts_have_bits_as_there_are() {
        let mut bits = Bits::new();
        let texts: Vec<Text> = (0..70).map(|n| format!("text {n}").into()).collect();
        let given: Vec<Option<u64>> = texts.iter().map(|text| bits.add(text)).collect();
        assert!(given[..64].iter().all(Option::is_some) && given[64..].iter().all(Option::is_none));
        assert_eq!(given.iter().flatten().fold(0, |all, bit| all | bit), u64::MAX);
        assert_eq!(bits.add(&texts[7]), given[7]);
        assert_eq!(bits.of(&texts[69]), 0);
        assert_eq!(money(1, 0).amount.cmp(&Decimal::ONE), Ordering::Equal);
    }
}
