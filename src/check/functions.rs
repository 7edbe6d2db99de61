//! Constants and functions of the program. They may need each other, in any order of declaration but never
//! in a circle: so they are checked after what they need.

use super::names::{Declarations, MOST};
use super::scope::{LocalBinding, Scope};
use super::{Checker, Constant, ValueSymbol, words};
use crate::diagnostic::{self, Code, Diagnostic};
use crate::model::{self, FnDef, Frame, Local, LocalId};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;
use std::collections::HashSet;

/// So many functions may call each other in one line: the machine's stack has room for them.
const MOST_CALLS: usize = 200;

/// Which constants and functions need which: first the constants, then the functions, by number.
struct Needs {
    /// Each with the place that names it.
    of: Vec<Vec<(usize, Span)>>,
    constants: usize,
}

impl Checker<'_> {
    pub(super) fn constants_and_functions(&mut self, all: &Declarations) {
        for (name, _) in &all.constants {
            self.constants.push(Constant {
                name: name.text.clone(),
                ty: Type::Error,
                value: None,
                span: name.span,
            });
        }
        for function in &all.functions {
            let declared = self.signature(function);
            self.functions.push(declared);
        }
        let needs = self.needs(all);
        for item in self.in_order(&needs, all) {
            match item.checked_sub(needs.constants) {
                None => self.declare_constant(item, all.constants[item].1),
                Some(function) => self.function_body(function, all.functions[function]),
            }
        }
    }

    fn declare_constant(&mut self, i: usize, value: &tree::Expr) {
        if let Some((ty, value)) = self.constant(value, None) {
            self.constants[i].ty = ty;
            self.constants[i].value = Some(value);
        }
    }

    fn signature(&mut self, function: &tree::Fn) -> FnDef {
        let mut frame = Frame::default();
        let params = match function.params.get(MOST) {
            Some((name, _)) => {
                self.too_many(name.span, "parameters of a function");
                &function.params[..MOST]
            }
            None => &function.params[..],
        };
        for (name, ty) in params {
            let ty = self.resolve_type_at(ty, &format!("{}.{}", function.name.text, name.text));
            if let Some(why) = words::reserved_value(&name.text) {
                self.reserved(name.span, &name.text, why);
            }
            frame.locals.push(Local { name: name.text.clone(), ty });
        }
        let result = self.resolve_type_at(&function.result, &function.name.text);
        FnDef {
            name: function.name.text.clone(),
            params: (0..params.len()).map(|i| LocalId(i as u16)).collect(),
            // Until the body is checked.
            body: model::Expr {
                kind: model::ExprKind::Const(Value::None),
                ty: Type::Error,
                span: function.body.span,
            },
            result,
            frame,
        }
    }

    fn function_body(&mut self, i: usize, function: &tree::Fn) {
        let declared = &self.functions[i];
        let result = declared.result.clone();
        let params = declared.params.clone();
        let mut scope = Scope { frame: declared.frame.clone(), ..Scope::default() };
        for (id, (name, _)) in params.into_iter().zip(&function.params) {
            self.bind_local(name, LocalBinding::Value(id), &mut scope);
        }
        let want = (result != Type::Error).then_some(&result);
        let body = self.expr(&function.body, want, &mut scope);
        let declared = &mut self.functions[i];
        declared.body = body;
        declared.frame = scope.frame;
    }

    fn needs(&self, all: &Declarations) -> Needs {
        let constants = all.constants.len();
        let bodies = all.constants.iter().map(|c| c.1).chain(all.functions.iter().map(|f| &f.body));
        let of = bodies.map(|body| {
            let mut needs = Vec::new();
            let mut seen = HashSet::new();
            super::walk::tree_exprs(body, |e| {
                let found = match &*e.kind {
                    tree::ExprKind::Name(name) => match self.names.values.get(&name.text) {
                        Some((ValueSymbol::Constant(i), _)) => Some((*i as usize, name.span)),
                        _ => None,
                    },
                    tree::ExprKind::Call { name, .. } | tree::ExprKind::MethodCall { name, .. } => {
                        let function = self.names.functions.get(&name.text);
                        function.map(|(id, _)| (id.index() + constants, name.span))
                    }
                    _ => None,
                };
                if let Some(found) = found
                    && seen.insert(found.0)
                {
                    needs.push(found);
                }
            });
            needs
        });
        Needs { of: of.collect(), constants }
    }

    /// Each item after what it needs. A circle is reported and cut.
    fn in_order(&mut self, needs: &Needs, all: &Declarations) -> Vec<usize> {
        let count = needs.of.len();
        let mut order = Vec::with_capacity(count);
        // How many calls deep a function is; `None`: not yet known.
        let mut depth: Vec<Option<usize>> = vec![None; count];
        // Where an item stands on the way.
        let mut place: Vec<Option<usize>> = vec![None; count];
        for start in 0..count {
            if depth[start].is_some() {
                continue;
            }
            // The way from the start: each item, and how many of its needs have been followed.
            let mut way = vec![(start, 0)];
            place[start] = Some(0);
            while let Some((item, followed)) = way.last_mut() {
                let (item, next) = (*item, needs.of[*item].get(*followed).copied());
                *followed += 1;
                match next {
                    Some((next, _)) if depth[next].is_some() => {}
                    Some((next, _)) => match place[next] {
                        Some(from) => self.report_circle(&way[from..], needs, all),
                        None => {
                            place[next] = Some(way.len());
                            way.push((next, 0));
                        }
                    },
                    None => {
                        let below = needs.of[item].iter().filter_map(|(n, _)| depth[*n]).max().unwrap_or(0);
                        let deep = if item < needs.constants { below } else { below + 1 };
                        if deep == MOST_CALLS + 1 {
                            let name = &all.functions[item - needs.constants].name;
                            let message = format!(
                                "`{}` calls functions that call functions more than {MOST_CALLS} deep",
                                name.text
                            );
                            let diagnostic = Diagnostic::new(Code::TooMany, name.span, message);
                            self.report(
                                diagnostic.label("too deep").help("put some of them together into one"),
                            );
                        }
                        depth[item] = Some(deep);
                        place[item] = None;
                        order.push(item);
                        way.pop();
                    }
                }
            }
        }
        order
    }

    fn report_circle(&mut self, circle: &[(usize, usize)], needs: &Needs, all: &Declarations) {
        let name = |item: usize| match item.checked_sub(needs.constants) {
            None => all.constants[item].0,
            Some(function) => &all.functions[function].name,
        };
        let names: Vec<&tree::Name> = circle.iter().map(|(item, _)| name(*item)).collect();
        let functions = circle.iter().all(|(item, _)| *item >= needs.constants);
        let (code, verb) =
            if functions { (Code::Recursion, "calls") } else { (Code::ConstantCycle, "needs") };
        let chain = || diagnostic::circle(names.iter().map(|n| &*n.text), verb);
        let message = match (functions, names.len()) {
            (true, 1) => format!("the function `{}` calls itself", names[0].text),
            (true, _) => format!("these functions call each other in a circle: {}", chain()),
            (false, 1) => format!("the constant `{}` needs itself", names[0].text),
            (false, _) => format!("these need each other in a circle: {}", chain()),
        };
        let help = match functions {
            true => "take one of these calls away: what is done for each of a list is written with `map`, `filter` or `sum`".to_owned(),
            false => format!("give one of them a value of its own: `const {} = 5`", names[0].text),
        };
        let mut diagnostic = Diagnostic::new(code, names[0].span, message).help(help);
        // Where each names the next one; the walk has just counted on.
        for (n, (item, followed)) in circle.iter().enumerate().take(6) {
            if let Some((_, span)) = followed.checked_sub(1).and_then(|f| needs.of[*item].get(f)) {
                let next = names[(n + 1) % names.len()];
                diagnostic = diagnostic.also(*span, format!("`{}` {verb} `{}`", names[n].text, next.text));
            }
        }
        self.report(diagnostic);
    }
}
