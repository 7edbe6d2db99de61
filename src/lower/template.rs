//! Texts with placeholders: written piece by piece into the machine's output, without texts in between.

use super::code::Builder;
use super::expr::constant;
use crate::model::{Conversion, Expr, ExprKind, TextPart};
use crate::program::instr::{Instr, Reg};
use crate::schema::Type;
use crate::value::{Text, Value};

impl<'m> Builder<'_, 'm> {
    pub(super) fn text_into(&mut self, parts: &'m [TextPart], to: Reg) {
        self.emit(Instr::TextBegin);
        self.parts(parts);
        self.emit(Instr::TextEnd { to });
    }

    fn parts(&mut self, parts: &'m [TextPart]) {
        for part in parts {
            match part {
                TextPart::Literal(text) => self.piece(text),
                TextPart::Placeholder { value, format, default: None } => {
                    self.placeholder(value, format.as_ref())
                }
                TextPart::Placeholder { value, format, default: Some(default) } => {
                    self.print_or(value, format.as_ref(), default);
                }
            }
        }
    }

    fn piece(&mut self, text: &Text) {
        if !text.is_empty() {
            let constant = self.lowering.constant(&Value::Text(text.clone()), &Type::Text);
            self.emit(Instr::Piece { constant });
        }
    }

    fn placeholder(&mut self, value: &'m Expr, format: Option<&Text>) {
        let outer = self.set_span(value.span);
        match &value.kind {
            // A text in a text is written where it stands.
            ExprKind::Text(parts) if format.is_none() => self.parts(parts),
            ExprKind::Convert { to: Conversion::Widen, value: inner }
                if format.is_none() && is_text(&inner.ty) && is_text(&value.ty) =>
            {
                self.placeholder(inner, format);
            }
            // Printing fails by itself where nothing is set.
            ExprKind::Convert { to: Conversion::Narrow, value: inner } => self.print_operand(inner, format),
            ExprKind::If { condition, then, otherwise } => {
                let (no, end) = (self.label(), self.label());
                self.condition(condition, false, no);
                self.placeholder(then, format);
                self.jump(end);
                self.place(no);
                self.placeholder(otherwise, format);
                self.place(end);
            }
            ExprKind::Default { left, right } if format.is_none() => self.print_or(left, None, right),
            _ => match constant(value) {
                Some(Value::Text(text)) if format.is_none() => self.piece(&text),
                _ => self.print_operand(value, format),
            },
        }
        self.set_span(outer);
    }

    /// Writes `default` where the value is not set.
    fn print_or(&mut self, value: &'m Expr, format: Option<&Text>, default: &'m Expr) {
        let (unset, end) = (self.label(), self.label());
        let operand = self.operand(value);
        self.jump_if_none(operand.reg, true, unset);
        self.print(operand.reg, &value.ty, format);
        self.give(operand);
        self.jump(end);
        self.place(unset);
        self.placeholder(default, None);
        self.place(end);
    }

    fn print_operand(&mut self, value: &'m Expr, format: Option<&Text>) {
        let operand = self.operand(value);
        self.print(operand.reg, &value.ty, format);
        self.give(operand);
    }

    fn print(&mut self, value: Reg, ty: &Type, format: Option<&Text>) {
        let instr = match format {
            Some(format) => {
                let format = self.lowering.constant(&Value::Text(format.clone()), &Type::Text);
                Instr::PrintFormat { value, format }
            }
            None if is_text(ty.inner()) => Instr::PrintText { value },
            None => Instr::Print { value },
        };
        self.emit(instr);
    }
}

/// Types whose values are printed as they are.
pub(super) fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Email | Type::Phone | Type::Url | Type::Opaque(_))
}
