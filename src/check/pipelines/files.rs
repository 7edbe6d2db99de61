//! Files in tests: a text stands for one, as nothing else can.

use crate::check::Checker;
use crate::check::scope::Scope;
use crate::model::{self, ExprKind};
use crate::schema::Type;
use crate::source::Span;
use crate::syntax::tree;
use crate::value::*;
use std::sync::Arc;

impl Checker<'_> {
    /// A text where a test gives or expects a file, or some; `None` if that is not what stands here.
    pub(super) fn files_meant(
        &mut self,
        value: &tree::Expr,
        ty: &Type,
        scope: &mut Scope,
    ) -> Option<model::Expr> {
        match (ty.inner(), &*value.kind) {
            (Type::File, _) => self.file_meant(value, scope),
            (Type::List(of), tree::ExprKind::List(items)) if **of == Type::File => {
                let files = items.iter().map(|item| match self.file_meant(item, scope) {
                    Some(file) => file,
                    None => self.expr(item, Some(&Type::File), scope),
                });
                Some(list(files.collect(), value.span))
            }
            (Type::List(of), _) if **of == Type::File => {
                Some(list(vec![self.file_meant(value, scope)?], value.span))
            }
            _ => None,
        }
    }

    fn file_meant(&mut self, value: &tree::Expr, scope: &mut Scope) -> Option<model::Expr> {
        if matches!(*value.kind, tree::ExprKind::Hole) {
            return None;
        }
        if !matches!(self.quiet(value, None, scope).ty, Type::Text | Type::Url) {
            return None;
        }
        let text = self.expr(value, None, scope);
        let kind = match self.fold(&text) {
            Some(Ok(Value::Text(text))) => ExprKind::Const(Value::File(Arc::new(File::meant(&text)))),
            // What is not known beforehand is told by who folds it.
            _ => text.kind,
        };
        let ty = if text.ty == Type::Error { Type::Error } else { Type::File };
        Some(model::Expr { kind, ty, span: value.span })
    }

    /// `expect contract of "D-1" == "contract.pdf"`: what of the field's files is compared, their addresses or their names,
    /// and with what. Anything else is left as it is.
    pub(super) fn compared_files(
        ty: Option<&Type>,
        op: tree::BinaryOp,
        field: tree::Expr,
        value: &tree::Expr,
    ) -> (tree::Expr, tree::Expr) {
        let several = match ty.map(Type::inner) {
            Some(Type::File) => false,
            Some(Type::List(of)) if **of == Type::File => true,
            _ => return (field, value.clone()),
        };
        let items = match &*value.kind {
            tree::ExprKind::List(items) => &items[..],
            _ => std::slice::from_ref(value),
        };
        let mut addresses = true;
        for item in items {
            let tree::ExprKind::Text(text) = &*item.kind else { return (field, value.clone()) };
            addresses &= match &text.parts[..] {
                [tree::TextPart::Literal { text, .. }, ..] => validate::is_url(text),
                _ => false,
            };
        }
        let span = field.span;
        let name = |text: &str| tree::Name { text: text.into(), span };
        let part = name(if addresses && !items.is_empty() { "url" } else { "name" });
        let expr = |kind| tree::Expr { kind: Box::new(kind), span };
        if !several {
            return (expr(tree::ExprKind::Member { base: field, name: part }), value.clone());
        }
        // No name that somebody could have written.
        let each = name("each file");
        let body =
            expr(tree::ExprKind::Member { base: expr(tree::ExprKind::Name(each.clone())), name: part });
        let lambda = tree::ArgValue::Lambda { param: each, body };
        let args = vec![tree::CallArg { name: None, value: lambda, span }];
        let parts = expr(tree::ExprKind::MethodCall { base: field, name: name("map"), args });
        // One stands for a list of one, as where actions are expected.
        let alone = matches!(op, tree::BinaryOp::Eq | tree::BinaryOp::Ne)
            && !matches!(&*value.kind, tree::ExprKind::List(_));
        let value = match alone {
            true => {
                tree::Expr { kind: Box::new(tree::ExprKind::List(vec![value.clone()])), span: value.span }
            }
            false => value.clone(),
        };
        (parts, value)
    }
}

fn list(files: Vec<model::Expr>, span: Span) -> model::Expr {
    let ty = match files.iter().any(|file| file.ty == Type::Error) {
        true => Type::Error,
        false => Type::List(Box::new(Type::File)),
    };
    model::Expr { kind: ExprKind::List(files), ty, span }
}
