//! What the checker hands to lowering beside the text itself: numbers, what is awaited, what is bound for others,
//! what is filled in.

use stagegate::compiler;
use stagegate::model::{Condition, ExprKind, Model, Rule, Stmt, StmtKind, TimingKind};
use std::fmt::Write;

fn model(text: &str) -> Model {
    let loaded = compiler::load(&["main.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    assert!(!checked.has_errors(), "{:#?}", checked.diagnostics);
    checked.model.unwrap()
}

struct Shown<'m> {
    model: &'m Model,
    out: String,
}

impl Shown<'_> {
    fn outputs(&self, of: &[stagegate::value::OutputId]) -> String {
        of.iter().map(|id| self.model.outputs[id.index()].path.clone()).collect::<Vec<_>>().join(" ")
    }

    fn condition(&mut self, what: &str, condition: &Condition) {
        let ty = self.model.schema.type_name(&condition.expr.ty);
        let awaits = self.outputs(&condition.awaits);
        writeln!(self.out, "  {what}: {ty}, awaits [{awaits}]").unwrap();
    }

    fn rule(&mut self, rule: &Rule) {
        writeln!(self.out, "rule {} {}", rule.id.0, rule.name).unwrap();
        match rule.timing.as_ref().map(|t| &t.kind) {
            Some(TimingKind::After(duration)) => self.condition("after", duration),
            Some(TimingKind::At { instant, fields, .. }) => {
                self.condition("at", instant);
                let entity = self.model.schema.entity(self.model.pipelines[0].entity);
                let fields: Vec<&str> = fields.iter().map(|f| &*entity.fields[f.index()].name).collect();
                writeln!(self.out, "  moved by [{}]", fields.join(" ")).unwrap();
            }
            None => {}
        }
        if let Some(when) = &rule.when {
            self.condition("when", when);
        }
        self.block(&rule.body.statements, 1);
        for local in &rule.body.frame.locals {
            writeln!(self.out, "  local {}: {}", local.name, self.model.schema.type_name(&local.ty)).unwrap();
        }
    }

    fn block(&mut self, statements: &[Stmt], depth: usize) {
        for statement in statements {
            let (name, published) = match &statement.kind {
                StmtKind::Action(call) => {
                    let action = self.model.schema.action(call.action);
                    let given = call.params.iter().map(|(slot, value)| {
                        let constant = matches!(value.kind, ExprKind::Const(_));
                        let name = &action.params[usize::from(*slot)].name;
                        if constant { format!("{name}=") } else { name.to_string() }
                    });
                    (format!("{} {}", action.name, given.collect::<Vec<_>>().join(" ")), Vec::new())
                }
                StmtKind::LetAction { publish, .. } => {
                    ("let action".into(), publish.iter().copied().flatten().collect())
                }
                StmtKind::Let { publish, .. } => ("let".into(), publish.iter().copied().collect()),
                other => {
                    let text = format!("{other:?}");
                    (text.split(|c: char| !c.is_alphanumeric()).next().unwrap().to_lowercase(), Vec::new())
                }
            };
            let indent = "  ".repeat(depth);
            let (published, awaits) = (self.outputs(&published), self.outputs(&statement.awaits));
            writeln!(self.out, "{indent}{}. {name} -> [{published}], awaits [{awaits}]", statement.number)
                .unwrap();
            match &statement.kind {
                StmtKind::If { branches, otherwise } => {
                    branches.iter().for_each(|(_, block)| self.block(block, depth + 1));
                    otherwise.iter().for_each(|block| self.block(block, depth + 1));
                }
                StmtKind::For { body, .. } => self.block(body, depth + 1),
                StmtKind::LetAction { otherwise, .. } | StmtKind::WaitFor { otherwise, .. } => {
                    otherwise.iter().for_each(|block| self.block(block, depth + 1));
                }
                _ => {}
            }
        }
    }
}

#[test]
fn numbers_outputs_and_defaults_are_written_out() {
    let model = model(
        r#"
        use crm
        currency EUR
        department sales "Sales"
        fn due(d: Deal) -> date = (d.begins ?? date(d.created_at)) + 1 day

        pipeline Sales for Deal {
          stage New {
            rule kickoff when amount > 5 EUR {
              let room = create_chat { name: title, members: sales } at most 2 days else {
                notify { to: sales, text: "no chat" }
              }
              if amount > 9 EUR { let bonus = amount * 2 } else { comment { text: "small" } }
              for each in observers { let inner = each.name }
              let total = amount * 3
              comment { text: "{room.id ?? chat("none")}" }
            }
            rule invite when kickoff.room.id is set {
              add_to_chat { chat: kickoff.room.id, members: sales }
              if kickoff.bonus is set { comment { text: "{kickoff.bonus} {kickoff.total ?? 0 EUR}" } }
            }
            rule early at begins { stop }
            rule later at due(this) - 1 day else skip { stop }
            rule both at (closes ?? begins) - 1 hour { stop }
            rule slow after 3 days { wait 1 day stop }
          }
          rule log on call.missed { comment { text: event.line } }
          stage Next { trigger on call.missed rule last { comment { text: "{New.kickoff.total ?? 0 EUR}" } } }
        }
        "#,
    );
    let mut shown = Shown { model: &model, out: String::new() };
    let rules = model.stages.iter().flat_map(|s| &s.rules).chain(&model.pipelines[0].rules);
    rules.for_each(|rule| shown.rule(rule));
    for output in &model.outputs {
        let ty = model.schema.type_name(&output.ty);
        writeln!(shown.out, "output {} of rule {}: {ty}, read {}", output.path, output.rule.0, output.read)
            .unwrap();
    }
    let trigger = &model.stages[1].triggers[0];
    let actor = trigger.actor.as_ref().map(|a| model.schema.type_name(&a.expr.ty));
    writeln!(shown.out, "trigger {} in the name of a {}", trigger.id.0, actor.unwrap_or_default()).unwrap();
    insta::assert_snapshot!(shown.out);
}
