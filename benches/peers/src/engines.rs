//! The engines that answer conditions, each in the form its users would use it: expressions compiled once, the values of a
//! record converted once for all conditions that are asked about it, and what the engine can keep is kept.
//!
//! ZEN computes with decimals, the others with floats where an amount may have cents; the amounts here have at most two
//! digits behind the point, and no float of such a number is on the other side of another. Dates are the number 20260301.

use crate::native::{self, Deal, Segment, Source};
use crate::workload::deals::{CITIES, SEGMENTS, SOURCES, TAGS, WORDS, day};
use crate::workload::rules::{Condition, Listener, Term};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What answers conditions about a deal.
pub trait Peer: Sized {
    const NAME: &'static str;
    /// A deal as the engine wants it.
    type Ready;

    fn new(triggers: &[Listener]) -> Self;

    /// Makes the deal ready; what there is of another one may be used again.
    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal);

    fn holds(&mut self, condition: usize, deal: &Deal, ready: &mut Self::Ready) -> bool;
}

/// How a language writes conditions.
trait Notation {
    const AND: &'static str = " && ";
    const OR: &'static str = " || ";
    fn term(&self, term: &Term) -> String;

    fn condition(&self, condition: &Condition) -> String {
        let clause = |clause: &Vec<Term>| {
            let terms: Vec<String> = clause.iter().map(|term| self.term(term)).collect();
            if terms.len() == 1 { terms.concat() } else { format!("({})", terms.join(Self::OR)) }
        };
        condition.iter().map(clause).collect::<Vec<_>>().join(Self::AND)
    }
}

/// Most of them are alike.
struct Common {
    not: &'static str,
    field: fn(&str) -> String,
    contains: fn(&str, &str) -> String,
    starts: fn(&str, &str) -> String,
    /// A member of a list in a field.
    has: fn(&str, &str) -> String,
    /// A field in a list of texts.
    among: fn(&str, &[String]) -> String,
    /// How a whole number of euros is written.
    euro: fn(i64) -> String,
}

impl Common {
    fn term(&self, term: &Term) -> String {
        let field = |name: &str| (self.field)(name);
        let list = |positions: &[usize], of: &[&str]| -> Vec<String> {
            positions.iter().map(|at| format!("{:?}", of[*at])).collect()
        };
        let number = |after: &i32| day(*after).replace('-', "");
        let not = |inner: String| format!("{}({inner})", self.not);
        match term {
            Term::AmountFrom(cents) => format!("{} >= {}", field("amount"), (self.euro)(*cents)),
            Term::AmountBelow(cents) => format!("{} < {}", field("amount"), (self.euro)(*cents)),
            Term::AmountBetween(from, to) => {
                let (amount, and) = (field("amount"), if self.not == "not " { " and " } else { " && " });
                format!("({amount} >= {}{and}{amount} <= {})", (self.euro)(*from), (self.euro)(*to))
            }
            Term::SourceIn(all) => (self.among)(&field("source"), &list(all, &SOURCES)),
            Term::SourceIsNot(one) => format!("{} != {:?}", field("source"), SOURCES[*one]),
            Term::SegmentIn(all) => (self.among)(&field("segment"), &list(all, &SEGMENTS)),
            Term::SegmentIsNot(one) => format!("{} != {:?}", field("segment"), SEGMENTS[*one]),
            Term::TitleContains(word) => (self.contains)(&field("title"), WORDS[*word]),
            Term::TitleLacks(word) => not((self.contains)(&field("title"), WORDS[*word])),
            Term::TitleStarts(word) => (self.starts)(&field("title"), WORDS[*word]),
            Term::CityIs(city) => format!("{} == {:?}", field("city"), CITIES[*city]),
            Term::CityIsNot(city) => format!("{} != {:?}", field("city"), CITIES[*city]),
            Term::CityIn(all) => (self.among)(&field("city"), &list(all, &CITIES)),
            Term::Tagged(tag) => (self.has)(&field("tags"), TAGS[*tag]),
            Term::NotTagged(tag) => not((self.has)(&field("tags"), TAGS[*tag])),
            Term::DueUntil(after) => format!("{} <= {}", field("due"), number(after)),
            Term::DueAfter(after) => format!("{} > {}", field("due"), number(after)),
            Term::ScoreFrom(score) => format!("{} >= {score}", field("score")),
            Term::ScoreBelow(score) => format!("{} < {score}", field("score")),
            Term::Returning(true) => field("returning_customer"),
            Term::Returning(false) => not(field("returning_customer")),
        }
    }
}

fn decimal(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn float(cents: i64) -> f64 {
    cents as f64 / 100.0
}

fn source(source: Source) -> &'static str {
    SOURCES.get(source as usize).copied().unwrap_or("other")
}

fn segment(segment: Segment) -> &'static str {
    SEGMENTS[segment as usize]
}

/// Functions in Rust.
pub struct Native(Vec<fn(&Deal) -> bool>);

impl Peer for Native {
    const NAME: &'static str = "native";
    type Ready = ();

    fn new(triggers: &[Listener]) -> Self {
        Native(native::conditions(triggers.len()).to_vec())
    }

    fn prepare(&mut self, ready: &mut Option<()>, _: &Deal) {
        *ready = Some(());
    }

    fn holds(&mut self, condition: usize, deal: &Deal, (): &mut ()) -> bool {
        self.0[condition](deal)
    }
}

pub struct Zen {
    expressions: Vec<zen_expression::Expression<zen_expression::expression::Standard>>,
    vm: zen_expression::vm::VM,
}

impl Notation for Zen {
    const AND: &'static str = " and ";
    const OR: &'static str = " or ";
    fn term(&self, term: &Term) -> String {
        Common {
            not: "not ",
            field: str::to_owned,
            contains: |field, word| format!("contains({field}, {word:?})"),
            starts: |field, word| format!("startsWith({field}, {word:?})"),
            has: |field, word| format!("contains({field}, {word:?})"),
            among: |field, list| format!("{field} in [{}]", list.join(", ")),
            euro: decimal,
        }
        .term(term)
    }
}

impl Peer for Zen {
    const NAME: &'static str = "zen-expression";
    type Ready = zen_expression::Scope;

    fn new(triggers: &[Listener]) -> Self {
        let mut zen = Zen { expressions: Vec::new(), vm: zen_expression::vm::VM::new() };
        for trigger in triggers {
            let text = zen.condition(&trigger.when);
            zen.expressions.push(zen_expression::compile_expression(&text).expect("it is an expression"));
        }
        zen
    }

    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal) {
        use zen_expression::variable::{Symbol, Variable};
        let text = |text: &str| Variable::String(Symbol::from(text));
        let object = [
            ("title", text(&deal.title)),
            ("amount", Variable::Number(rust_decimal::Decimal::new(deal.cents, 2))),
            ("source", text(source(deal.source))),
            ("segment", text(segment(deal.segment))),
            ("city", text(&deal.city)),
            ("tags", Variable::from_array(deal.tags.iter().map(|tag| text(tag)).collect())),
            ("score", Variable::Number(deal.score.into())),
            ("due", Variable::Number(deal.due.0.into())),
            ("returning_customer", Variable::Bool(deal.returning_customer)),
        ];
        let object = object.into_iter().map(|(name, value)| (Symbol::from_static(name), value)).collect();
        let base = Variable::from_object(object);
        match ready {
            Some(scope) => scope.set_base(base),
            None => *ready = Some(zen_expression::Scope::new(base)),
        }
    }

    fn holds(&mut self, condition: usize, _: &Deal, ready: &mut Self::Ready) -> bool {
        let value = self.expressions[condition].evaluate_with_scope(ready, &mut self.vm);
        matches!(value, Ok(zen_expression::Variable::Bool(true)))
    }
}

pub struct Cel {
    programs: Vec<cel::Program>,
    env: Arc<cel::Env>,
}

impl Notation for Cel {
    fn term(&self, term: &Term) -> String {
        Common {
            not: "!",
            field: str::to_owned,
            contains: |field, word| format!("{field}.contains({word:?})"),
            starts: |field, word| format!("{field}.startsWith({word:?})"),
            has: |field, word| format!("{word:?} in {field}"),
            among: |field, list| format!("{field} in [{}]", list.join(", ")),
            euro: decimal,
        }
        .term(term)
    }
}

impl Peer for Cel {
    const NAME: &'static str = "cel";
    type Ready = cel::Context<'static, 'static>;

    fn new(triggers: &[Listener]) -> Self {
        let env = Arc::new(cel::Env::stdlib());
        let mut cel = Cel { programs: Vec::new(), env: env.clone() };
        for trigger in triggers {
            cel.programs.push(env.compile(&cel.condition(&trigger.when)).expect("it is an expression"));
        }
        cel
    }

    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal) {
        let context = ready.get_or_insert_with(|| cel::Context::with_env(self.env.clone()));
        context.add_variable_from_value("title", &*deal.title);
        context.add_variable_from_value("amount", cel::Value::Float(float(deal.cents)));
        context.add_variable_from_value("source", source(deal.source));
        context.add_variable_from_value("segment", segment(deal.segment));
        context.add_variable_from_value("city", &*deal.city);
        let tags: Vec<&str> = deal.tags.iter().map(|tag| &**tag).collect();
        context.add_variable_from_value("tags", tags);
        context.add_variable_from_value("score", cel::Value::Int(deal.score));
        context.add_variable_from_value("due", cel::Value::Int(deal.due.0.into()));
        context.add_variable_from_value("returning_customer", cel::Value::Bool(deal.returning_customer));
    }

    fn holds(&mut self, condition: usize, _: &Deal, ready: &mut Self::Ready) -> bool {
        matches!(self.programs[condition].execute(ready), Ok(cel::Value::Bool(true)))
    }
}

pub struct Vrl {
    programs: Vec<vrl::compiler::Program>,
    state: vrl::compiler::state::RuntimeState,
    zone: vrl::compiler::TimeZone,
}

impl Notation for Vrl {
    fn term(&self, term: &Term) -> String {
        Common {
            not: "!",
            field: |name| format!(".{name}"),
            contains: |field, word| format!("contains({field}, {word:?})"),
            starts: |field, word| format!("starts_with({field}, {word:?})"),
            has: |field, word| format!("includes({field}, {word:?})"),
            among: |field, list| format!("includes([{}], {field})", list.join(", ")),
            euro: decimal,
        }
        .term(term)
    }
}

impl Peer for Vrl {
    const NAME: &'static str = "vrl";
    type Ready = vrl::compiler::TargetValue;

    fn new(triggers: &[Listener]) -> Self {
        use vrl::compiler::{CompileConfig, state::ExternalEnv};
        use vrl::value::Kind;
        use vrl::value::kind::Collection;
        // With the types of the fields nothing is checked again while it runs.
        let text = || Kind::bytes();
        let fields = [
            ("title", text()),
            ("amount", Kind::float()),
            ("source", text()),
            ("segment", text()),
            ("city", text()),
            ("tags", Kind::array(Collection::from_unknown(text()))),
            ("score", Kind::integer()),
            ("due", Kind::integer()),
            ("returning_customer", Kind::boolean()),
        ];
        let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, kind)| (name.into(), kind)).collect();
        let external = ExternalEnv::new_with_kind(Kind::object(fields), Kind::object(Collection::empty()));
        let functions = library::functions();
        let mut vrl = Vrl { programs: Vec::new(), state: Default::default(), zone: Default::default() };
        for trigger in triggers {
            let text = vrl.condition(&trigger.when);
            let compiled =
                vrl::compiler::compile_with_external(&text, &functions, &external, CompileConfig::default());
            match compiled {
                Ok(compiled) => vrl.programs.push(compiled.program),
                Err(errors) => panic!("{text}: {errors:?}"),
            }
        }
        vrl
    }

    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal) {
        use vrl::value::{ObjectMap, Secrets, Value};
        let object: ObjectMap = [
            ("title", Value::from(&*deal.title)),
            ("amount", Value::from_f64_or_zero(float(deal.cents))),
            ("source", Value::from(source(deal.source))),
            ("segment", Value::from(segment(deal.segment))),
            ("city", Value::from(&*deal.city)),
            ("tags", Value::Array(deal.tags.iter().map(|tag| Value::from(&**tag)).collect())),
            ("score", Value::Integer(deal.score)),
            ("due", Value::Integer(deal.due.0.into())),
            ("returning_customer", Value::Boolean(deal.returning_customer)),
        ]
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect();
        let value = Value::Object(object);
        match ready {
            Some(target) => target.value = value,
            None => {
                let metadata = Value::Object(BTreeMap::new());
                *ready = Some(vrl::compiler::TargetValue { value, metadata, secrets: Secrets::default() });
            }
        }
    }

    fn holds(&mut self, condition: usize, _: &Deal, ready: &mut Self::Ready) -> bool {
        let mut context = vrl::compiler::Context::new(ready, &mut self.state, &self.zone);
        matches!(self.programs[condition].resolve(&mut context), Ok(vrl::value::Value::Boolean(true)))
    }
}

/// The functions of VRL's standard library that are needed here, as they stand there: the whole library brings 200 crates.
mod library {
    use vrl::compiler::prelude::*;

    #[derive(Debug, Clone, Copy)]
    pub struct Test {
        pub name: &'static str,
        pub first: u16,
        pub test: fn(&Value, &Value) -> bool,
    }

    #[derive(Debug, Clone)]
    struct Call {
        value: Box<dyn Expression>,
        item: Box<dyn Expression>,
        test: fn(&Value, &Value) -> bool,
    }

    impl Function for Test {
        fn identifier(&self) -> &'static str {
            self.name
        }

        fn usage(&self) -> &'static str {
            ""
        }

        fn category(&self) -> &'static str {
            ""
        }

        fn return_kind(&self) -> u16 {
            kind::BOOLEAN
        }

        fn examples(&self) -> &'static [Example] {
            &[]
        }

        fn parameters(&self) -> &'static [Parameter] {
            const OF_TEXTS: &[Parameter] =
                &[Parameter::required("value", kind::BYTES, ""), Parameter::required("item", kind::ANY, "")];
            const OF_LISTS: &[Parameter] =
                &[Parameter::required("value", kind::ARRAY, ""), Parameter::required("item", kind::ANY, "")];
            if self.first == kind::ARRAY { OF_LISTS } else { OF_TEXTS }
        }

        fn compile(
            &self,
            _: &state::TypeState,
            _: &mut FunctionCompileContext,
            arguments: ArgumentList,
        ) -> Compiled {
            let (value, item) = (arguments.required("value"), arguments.required("item"));
            Ok(Call { value, item, test: self.test }.as_expr())
        }
    }

    impl FunctionExpression for Call {
        fn resolve(&self, context: &mut Context) -> Resolved {
            let value = self.value.resolve(context)?;
            let item = self.item.resolve(context)?;
            Ok((self.test)(&value, &item).into())
        }

        fn type_def(&self, _: &state::TypeState) -> TypeDef {
            TypeDef::boolean().infallible()
        }
    }

    pub fn functions() -> Vec<Box<dyn Function>> {
        fn texts(value: &Value, item: &Value, test: fn(&str, &str) -> bool) -> bool {
            match (value.to_str_lossy(), item.to_str_lossy()) {
                (Some(text), Some(part)) => test(&text, &part),
                _ => false,
            }
        }
        vec![
            Box::new(Test {
                name: "contains",
                first: kind::BYTES,
                test: |value, item| texts(value, item, |text, part| text.contains(part)),
            }),
            Box::new(Test {
                name: "starts_with",
                first: kind::BYTES,
                test: |value, item| texts(value, item, |text, part| text.starts_with(part)),
            }),
            Box::new(Test {
                name: "includes",
                first: kind::ARRAY,
                test: |value, item| value.as_array().is_some_and(|list| list.iter().any(|one| one == item)),
            }),
        ]
    }
}

pub struct Rhai {
    engine: rhai::Engine,
    expressions: Vec<rhai::AST>,
}

impl Notation for Rhai {
    fn term(&self, term: &Term) -> String {
        Common {
            not: "!",
            field: str::to_owned,
            contains: |field, word| format!("{field}.contains({word:?})"),
            starts: |field, word| format!("{field}.starts_with({word:?})"),
            has: |field, word| format!("{word:?} in {field}"),
            among: |field, list| format!("{field} in [{}]", list.join(", ")),
            euro: decimal,
        }
        .term(term)
    }
}

impl Peer for Rhai {
    const NAME: &'static str = "rhai";
    type Ready = rhai::Scope<'static>;

    fn new(triggers: &[Listener]) -> Self {
        let mut rhai = Rhai { engine: rhai::Engine::new(), expressions: Vec::new() };
        rhai.engine.set_optimization_level(rhai::OptimizationLevel::Full);
        for trigger in triggers {
            let text = rhai.condition(&trigger.when);
            rhai.expressions.push(rhai.engine.compile_expression(text).expect("it is an expression"));
        }
        rhai
    }

    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal) {
        let scope = ready.get_or_insert_with(rhai::Scope::new);
        scope.clear();
        scope.push_constant("title", deal.title.clone());
        scope.push_constant("amount", float(deal.cents));
        scope.push_constant("source", source(deal.source));
        scope.push_constant("segment", segment(deal.segment));
        scope.push_constant("city", deal.city.clone());
        scope.push_constant("tags", deal.tags.iter().map(|tag| tag.into()).collect::<rhai::Array>());
        scope.push_constant("score", deal.score);
        scope.push_constant("due", i64::from(deal.due.0));
        scope.push_constant("returning_customer", deal.returning_customer);
    }

    fn holds(&mut self, condition: usize, _: &Deal, ready: &mut Self::Ready) -> bool {
        self.engine.eval_ast_with_scope(ready, &self.expressions[condition]).unwrap_or(false)
    }
}

pub struct Evalexpr(Vec<evalexpr::Node>);

impl Notation for Evalexpr {
    fn term(&self, term: &Term) -> String {
        Common {
            not: "!",
            field: str::to_owned,
            // It has no such functions for texts, so that its users bring their own.
            contains: |field, word| format!("text_contains({field}, {word:?})"),
            starts: |field, word| format!("text_starts({field}, {word:?})"),
            has: |field, word| format!("contains({field}, {word:?})"),
            among: |field, list| format!("contains(({}), {field})", list.join(", ")),
            euro: decimal,
        }
        .term(term)
    }
}

impl Peer for Evalexpr {
    const NAME: &'static str = "evalexpr";
    type Ready = evalexpr::HashMapContext;

    fn new(triggers: &[Listener]) -> Self {
        let mut all = Evalexpr(Vec::new());
        for trigger in triggers {
            let text = all.condition(&trigger.when);
            all.0.push(evalexpr::build_operator_tree(&text).expect("it is an expression"));
        }
        all
    }

    fn prepare(&mut self, ready: &mut Option<Self::Ready>, deal: &Deal) {
        use evalexpr::{
            ContextWithMutableFunctions, ContextWithMutableVariables, Function, HashMapContext, Value,
        };
        let context = ready.get_or_insert_with(|| {
            let mut context = HashMapContext::new();
            let function = |test: fn(&str, &str) -> bool| {
                Function::new(move |argument: &Value| {
                    let both = argument.as_fixed_len_tuple(2)?;
                    match (&both[0], &both[1]) {
                        (Value::String(text), Value::String(word)) => Ok(Value::Boolean(test(text, word))),
                        (other, _) => Err(evalexpr::EvalexprError::expected_string(other.clone())),
                    }
                })
            };
            let contains = function(|text, word| text.contains(word));
            context.set_function("text_contains".into(), contains).expect("it takes functions");
            let starts = function(|text, word| text.starts_with(word));
            context.set_function("text_starts".into(), starts).expect("it takes functions");
            context
        });
        let text = |text: &str| Value::String(text.to_owned());
        for (name, value) in [
            ("title", text(&deal.title)),
            ("amount", Value::Float(float(deal.cents))),
            ("source", text(source(deal.source))),
            ("segment", text(segment(deal.segment))),
            ("city", text(&deal.city)),
            ("tags", Value::Tuple(deal.tags.iter().map(|tag| text(tag)).collect())),
            ("score", Value::Int(deal.score)),
            ("due", Value::Int(deal.due.0.into())),
            ("returning_customer", Value::Boolean(deal.returning_customer)),
        ] {
            context.set_value(name.to_owned(), value).expect("its type is always the same");
        }
    }

    fn holds(&mut self, condition: usize, _: &Deal, ready: &mut Self::Ready) -> bool {
        self.0[condition].eval_boolean_with_context(ready).unwrap_or(false)
    }
}
