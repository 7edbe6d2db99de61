//! Rule bodies, run twice: by walking the checked statements, and by the machine through its exits. Both
//! give the same sequence of steps, or one of them is wrong.

use crate::compile::Compiled;
use crate::evaluator::{Evaluator, Labelled, Locals};
use crate::world::World;
use stagegate::model::{ActionCall, Expr, Rule, Stmt, StmtKind};
use stagegate::program::{CallId, ChunkId};
use stagegate::schema::Type;
use stagegate::value::*;
use stagegate::vm::{Exit, Scratch};

/// What a body asks of its surroundings.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    Await(Vec<OutputId>),
    Ask { action: ActionId, params: Vec<(u16, Value)>, answered: bool },
    Set(Vec<(FieldId, Value)>),
    Publish(OutputId, Value),
    Move(StageId),
    Done,
    Failed(FailureCode),
}

/// Which of the actions under a `let` fail, by their number in the body.
pub type Fails<'a> = &'a dyn Fn(usize) -> bool;

// --- by walking ----------------------------------------------------------------------------------

struct Walk<'a> {
    of: &'a Compiled,
    labels: &'a Labelled,
    world: &'a mut World,
    locals: Locals,
    steps: Vec<Step>,
    asked: usize,
    fails: Fails<'a>,
}

/// Why a block is not gone through to its end.
enum End {
    Stop,
    Move(StageId),
    Failure(FailureCode),
}

impl From<Failure> for End {
    fn from(failure: Failure) -> Self {
        End::Failure(failure.code)
    }
}

/// Runs a body by walking its statements; the world is changed by what it sets.
pub fn walk(of: &Compiled, labels: &Labelled, rule: &Rule, world: &mut World, fails: Fails) -> Vec<Step> {
    let mut walk = Walk { of, labels, world, locals: Locals::new(), steps: Vec::new(), asked: 0, fails };
    let end = walk.block(&rule.body.statements);
    walk.steps.push(match end {
        Ok(()) | Err(End::Stop) => Step::Done,
        Err(End::Move(stage)) => Step::Move(stage),
        Err(End::Failure(code)) => Step::Failed(code),
    });
    walk.steps
}

impl Walk<'_> {
    fn eval(&mut self, e: &Expr) -> Result<Value, Failure> {
        let (model, labels, locals) = (&self.of.model, self.labels, &mut self.locals);
        self.world.with(|at| Evaluator::new(model, labels, at).eval(e, locals))
    }

    fn block(&mut self, statements: &[Stmt]) -> Result<(), End> {
        statements.iter().try_for_each(|s| self.statement(s))
    }

    fn statement(&mut self, statement: &Stmt) -> Result<(), End> {
        if !statement.awaits.is_empty() {
            self.steps.push(Step::Await(statement.awaits.clone()));
        }
        match &statement.kind {
            StmtKind::Action(call) => self.ask(call, false)?,
            StmtKind::LetAction { call, bind, publish, at_most, otherwise } => {
                if let Some(at_most) = at_most {
                    self.eval(at_most)?;
                }
                self.ask(call, true)?;
                self.asked += 1;
                if !(self.fails)(self.asked) {
                    let outputs = answer(self.of, call.action, self.asked);
                    for ((local, publish), value) in bind.iter().zip(publish).zip(outputs) {
                        self.locals.insert(*local, value.clone());
                        if let Some(output) = publish {
                            self.publish(*output, value);
                        }
                    }
                } else if let Some(otherwise) = otherwise {
                    for local in bind {
                        self.locals.insert(*local, Value::None);
                    }
                    self.block(otherwise)?;
                } else {
                    return Err(End::Failure(FailureCode::NotSet));
                }
            }
            StmtKind::Let { local, value, publish } => {
                let value = self.eval(value)?;
                self.locals.insert(*local, value.clone());
                if let Some(output) = publish {
                    self.publish(*output, value);
                }
            }
            StmtKind::Set(fields) => {
                let mut values = Vec::new();
                for (field, value) in fields {
                    values.push((*field, self.eval(value)?));
                }
                set(self.world, &values);
                self.steps.push(Step::Set(values));
            }
            StmtKind::Move(stage) => return Err(End::Move(*stage)),
            StmtKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.eval(condition)? == Value::Bool(true) {
                        return self.block(body);
                    }
                }
                if let Some(otherwise) = otherwise {
                    self.block(otherwise)?;
                }
            }
            StmtKind::For { local, list, body } => {
                let Value::List(items) = self.eval(list)? else {
                    return Err(End::Failure(FailureCode::WrongType));
                };
                for item in items.iter() {
                    self.locals.insert(*local, item.clone());
                    self.block(body)?;
                }
            }
            StmtKind::Stop => return Err(End::Stop),
            StmtKind::Wait(_) | StmtKind::WaitUntil(_) | StmtKind::WaitFor { .. } => {
                unreachable!("bodies that wait are not made here")
            }
        }
        Ok(())
    }

    fn ask(&mut self, call: &ActionCall, answered: bool) -> Result<(), End> {
        let mut params = Vec::new();
        for (param, value) in &call.params {
            params.push((*param, self.eval(value)?));
        }
        self.steps.push(Step::Ask { action: call.action, params, answered });
        Ok(())
    }

    fn publish(&mut self, output: OutputId, value: Value) {
        if !self.of.model.outputs[output.index()].read {
            return;
        }
        self.world.outputs.insert(output, value.clone());
        self.steps.push(Step::Publish(output, value));
    }
}

// --- by the machine ------------------------------------------------------------------------------

/// Runs a body by the machine; the world is changed by what it sets.
pub fn run(of: &Compiled, body: ChunkId, world: &mut World, fails: Fails) -> Vec<Step> {
    let machine = &of.machine;
    let code = &machine.program().code;
    let mut scratch = Scratch::default();
    let mut frame = machine.begin(body, None);
    let mut steps = Vec::new();
    let mut asked = 0;
    loop {
        // A frame is plain data: it must survive being written down at every exit.
        let bytes = postcard::to_allocvec(&frame).expect("a frame");
        assert_eq!(postcard::from_bytes::<stagegate::vm::Frame>(&bytes).expect("a frame"), frame);
        match world.with(|at| machine.resume(&mut scratch, &mut frame, &at)) {
            Exit::Done => {
                steps.push(Step::Done);
                return steps;
            }
            Exit::Failed(failure) => {
                steps.push(Step::Failed(failure.code));
                return steps;
            }
            Exit::Move(stage) => {
                steps.push(Step::Move(stage));
                return steps;
            }
            Exit::Action(CallId(id)) => {
                let call = &code.calls[id as usize];
                let params = call.params.iter().map(|(p, reg)| (*p, frame.get(*reg).clone()));
                let params = params.collect();
                steps.push(Step::Ask { action: call.action, params, answered: call.answer.is_some() });
                let Some(wanted) = &call.answer else { continue };
                asked += 1;
                if !fails(asked) {
                    frame.answer(wanted, answer(of, call.action, asked));
                } else if let Some(otherwise) = wanted.otherwise {
                    frame.go_to(otherwise);
                } else {
                    steps.push(Step::Failed(FailureCode::NotSet));
                    return steps;
                }
            }
            Exit::Set(id) => {
                let fields = &code.sets[id.0 as usize].fields;
                let values: Vec<_> = fields.iter().map(|(f, r)| (*f, frame.get(*r).clone())).collect();
                set(world, &values);
                steps.push(Step::Set(values));
            }
            Exit::Publish(output, reg) => {
                let value = frame.get(reg).clone();
                world.outputs.insert(output, value.clone());
                steps.push(Step::Publish(output, value));
            }
            Exit::Await(list) => steps.push(Step::Await(code.awaits[list as usize].clone())),
            other => panic!("an exit of a body that waits: {other:?}"),
        }
    }
}

// --- what both have around them ------------------------------------------------------------------

fn set(world: &mut World, values: &[(FieldId, Value)]) {
    for (field, value) in values {
        world.record[field.index()] = value.clone();
    }
}

/// What an action answers: depends on nothing but its count.
fn answer(of: &Compiled, action: ActionId, count: usize) -> Vec<Value> {
    let outputs = of.model.schema.action(action).outputs.iter();
    let value = |ty: &Type| match ty {
        Type::Optional(_) if count.is_multiple_of(2) => Value::None,
        Type::Int => Value::Int(count as i64),
        _ => Value::Text(format!("answer {count}").into()),
    };
    outputs.map(|output| value(&output.ty)).collect()
}
