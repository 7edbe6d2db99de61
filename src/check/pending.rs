//! Stands in for the parts of the checker that are still on their way. To be removed with them.

use super::Checker;
use super::scope::Scope;
use crate::model;
use crate::schema::Type;
use crate::syntax::tree;

impl Checker<'_> {
    pub fn expr(&mut self, e: &tree::Expr, _want: Option<&Type>, _scope: &mut Scope) -> model::Expr {
        model::Expr { kind: model::ExprKind::Const(crate::value::Value::None), ty: Type::Error, span: e.span }
    }

    pub fn pipelines(&mut self, _items: &[&tree::Item]) -> (Vec<model::Pipeline>, Vec<model::Stage>) {
        (Vec::new(), Vec::new())
    }
}
