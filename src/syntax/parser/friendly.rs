//! The names of the grammar's rules as people know them: one table, complete by the compiler's own check.

use super::Rule;
use std::fmt;

/// What may be expected at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Friendly {
    /// Described: "a name".
    Thing(&'static str),
    /// Typed as it stands, a word of the language.
    Word(&'static str),
    /// Typed as it stands, a sign.
    Sign(&'static str),
    /// What can follow nearly everywhere, and helps nobody.
    Operator,
}

impl fmt::Display for Friendly {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Friendly::Thing(thing) => f.write_str(thing),
            Friendly::Word(text) | Friendly::Sign(text) => write!(f, "`{text}`"),
            Friendly::Operator => f.write_str("an operator"),
        }
    }
}

/// What people call a rule of the grammar.
pub(super) fn friendly(rule: Rule) -> Friendly {
    use Friendly::{Operator, Sign, Thing, Word};
    match rule {
        Rule::EOI => Thing("nothing more"),
        Rule::WHITESPACE => Thing("a blank"),
        Rule::program | Rule::declaration | Rule::declaration_alone | Rule::declarations_alone => {
            Thing("a declaration")
        }
        Rule::use_decl => Word("use"),
        Rule::currency_decl => Word("currency"),
        Rule::rates_decl | Rule::rates_head | Rule::rates_head_alone => Word("rates"),
        Rule::const_decl => Word("const"),
        Rule::fn_decl => Word("fn"),
        Rule::type_decl => Word("type"),
        Rule::entity_decl | Rule::entity_head | Rule::entity_head_alone => Word("entity"),
        Rule::extend_decl | Rule::extend_head | Rule::extend_head_alone => Word("extend"),
        Rule::enum_decl | Rule::enum_head | Rule::enum_head_alone => Word("enum"),
        Rule::event_decl | Rule::event_head | Rule::event_head_alone => Word("event"),
        Rule::action_decl | Rule::action_head | Rule::action_head_alone => Word("action"),
        Rule::principal_decl | Rule::principal_head | Rule::principal_head_alone => Word("user"),
        Rule::calendar_decl | Rule::calendar_head | Rule::calendar_head_alone => Word("calendar"),
        Rule::pipeline_decl | Rule::pipeline_head | Rule::pipeline_head_alone => Word("pipeline"),
        Rule::test_decl | Rule::test_head | Rule::test_head_alone => Word("test"),
        Rule::stage_decl | Rule::stage_head | Rule::stage_head_alone => Word("stage"),
        Rule::trigger_decl => Word("trigger"),
        Rule::rule_decl | Rule::rule_head | Rule::rule_head_alone => Word("rule"),

        Rule::rate | Rule::rate_alone => Thing("a currency and its rate"),
        Rule::fn_params => Sign("("),
        Rule::fn_param => Thing("a parameter"),
        Rule::fields
        | Rule::enum_body
        | Rule::principal_body
        | Rule::block
        | Rule::args
        | Rule::brace_open => Sign("{"),
        Rule::field | Rule::field_alone => Thing("a field"),
        Rule::default | Rule::assign => Sign("="),
        Rule::limit | Rule::limit_min => Word("min"),
        Rule::limit_max => Word("max"),
        Rule::limit_matches => Word("matches"),
        Rule::type_expr | Rule::plain_type | Rule::list_type | Rule::money_type | Rule::enum_type => {
            Thing("a type")
        }
        Rule::enum_value | Rule::enum_value_alone => Thing("a value's name"),
        Rule::event_parent => Word("is"),
        Rule::event_on | Rule::on_clause => Word("on"),
        Rule::action_outputs | Rule::arrow => Sign("->"),
        Rule::principal_entry | Rule::principal_entry_alone | Rule::arg => Thing("an entry `name: value`"),
        Rule::principal_away => Word("away"),
        Rule::date_spans | Rule::date_span | Rule::date => Thing("a date"),
        Rule::calendar_entry | Rule::calendar_entry_alone => Thing("days and hours"),
        Rule::calendar_timezone => Word("timezone"),
        Rule::calendar_closed => Word("closed"),
        Rule::calendar_open | Rule::weekday_span => Thing("a day of the week"),
        Rule::hour_span => Thing("hours, as in 09:00-18:00"),
        Rule::pipeline_member | Rule::pipeline_member_alone => Thing("a stage"),
        Rule::setting => Word("timezone"),
        Rule::stage_member | Rule::stage_member_alone => Thing("a trigger or a rule"),

        Rule::trigger_clause | Rule::when_clause => Word("when"),
        Rule::allow_backward => Word("allow"),
        Rule::as_clause => Word("as"),
        Rule::events | Rule::event_pattern | Rule::named_event => Thing("an event"),
        Rule::event_settings | Rule::call_args | Rule::paren_open | Rule::paren_expr => Sign("("),
        Rule::change_event => Word("change"),
        Rule::change_from => Word("from"),
        Rule::change_to => Word("to"),
        Rule::any_change => Word("any"),
        Rule::count_event => Thing("a count of events"),
        Rule::absence_event => Word("no"),
        Rule::span_of_time | Rule::duration => Thing("a duration"),
        Rule::rule_clause => Thing("a clause of the rule"),
        Rule::after_clause => Word("after"),
        Rule::at_clause | Rule::at_most => Word("at"),
        Rule::else_skip | Rule::else_block | Rule::else_if => Word("else"),
        Rule::during_clause => Word("during"),
        Rule::hours_of => Word("hours"),
        Rule::once_clause => Word("once"),
        Rule::overlap_clause => Word("overlap"),
        Rule::detached_clause => Word("detached"),

        Rule::statement | Rule::statement_alone => Thing("a statement"),
        Rule::let_stmt => Word("let"),
        Rule::set_stmt => Word("set"),
        Rule::assignment => Thing("a field"),
        Rule::move_stmt => Word("move"),
        Rule::if_stmt | Rule::if_branch | Rule::if_head | Rule::if_head_alone => Word("if"),
        Rule::for_stmt | Rule::for_head | Rule::for_head_alone => Word("for"),
        Rule::wait_stmt | Rule::wait_until | Rule::wait_for => Word("wait"),
        Rule::stop_stmt => Word("stop"),
        Rule::action_stmt | Rule::action_call | Rule::let_action => Thing("an action"),

        Rule::change_value
        | Rule::signed_number
        | Rule::path_value
        | Rule::constant
        | Rule::expr
        | Rule::operand
        | Rule::primary
        | Rule::call_or_name
        | Rule::plain_name
        | Rule::word_literal
        | Rule::call_arg
        | Rule::list_expr
        | Rule::if_expr
        | Rule::sum
        | Rule::sum_operand
        | Rule::literal
        | Rule::number_like
        | Rule::datetime
        | Rule::time
        | Rule::money
        | Rule::hole
        | Rule::op_not
        | Rule::op_negate
        | Rule::lambda
        | Rule::bracket_open
        | Rule::reserved => Thing("a value"),
        Rule::an_operator
        | Rule::sum_sign
        | Rule::op_sign
        | Rule::op_word
        | Rule::signs
        | Rule::words
        | Rule::test
        | Rule::is_test
        | Rule::between
        | Rule::member
        | Rule::expect_op
        | Rule::op_eq
        | Rule::op_ne
        | Rule::op_le
        | Rule::op_ge
        | Rule::op_lt
        | Rule::op_gt
        | Rule::op_like
        | Rule::op_default
        | Rule::op_add
        | Rule::op_sub
        | Rule::op_mul
        | Rule::op_div
        | Rule::op_and
        | Rule::op_or
        | Rule::op_in
        | Rule::op_not_in
        | Rule::op_contains
        | Rule::op_not_contains
        | Rule::op_starts_with
        | Rule::op_ends_with => Operator,
        Rule::op_minus => Sign("-"),
        Rule::matches
        | Rule::word_end
        | Rule::kw_between
        | Rule::kw_is
        | Rule::kw_matches
        | Rule::kw_contains
        | Rule::kw_starts
        | Rule::kw_ends
        | Rule::kw_not => Operator,

        Rule::day => Thing("a date"),
        Rule::clock => Thing("a time"),
        Rule::zone => Thing("an offset"),
        Rule::time_unit => Thing("a unit of time"),
        Rule::currency_code => Thing("a currency's code"),
        Rule::integer | Rule::decimal => Thing("a number"),
        Rule::regex | Rule::regex_class | Rule::regex_char => Thing("a regular expression, as in /^[A-Z]+$/"),
        Rule::text | Rule::text_chars | Rule::text_char | Rule::block_chars | Rule::escape => Thing("a text"),
        Rule::quote | Rule::block_quote => Sign("\""),
        Rule::placeholder => Thing("a placeholder"),

        Rule::step | Rule::step_alone => Thing("a step"),
        Rule::given => Word("given"),
        Rule::at_step => Word("at"),
        Rule::wait_step => Word("wait"),
        Rule::send => Word("send"),
        Rule::reply_with | Rule::reply_fails => Word("reply"),
        Rule::expect_step | Rule::expect_field | Rule::expect_action => Word("expect"),

        Rule::name | Rule::ident_char | Rule::path => Thing("a name"),
        Rule::brace_close => Sign("}"),
        Rule::paren_close => Sign(")"),
        Rule::bracket_close => Sign("]"),
        Rule::comma => Sign(","),
        Rule::colon => Sign(":"),
        Rule::dot => Sign("."),
        Rule::dots => Sign(".."),
        Rule::fat_arrow => Sign("=>"),
        Rule::question => Sign("?"),

        Rule::kw_action => Word("action"),
        Rule::kw_after => Word("after"),
        Rule::kw_allow => Word("allow"),
        Rule::kw_and => Word("and"),
        Rule::kw_any => Word("any"),
        Rule::kw_as => Word("as"),
        Rule::kw_at => Word("at"),
        Rule::kw_away => Word("away"),
        Rule::kw_backward => Word("backward"),
        Rule::kw_calendar => Word("calendar"),
        Rule::kw_change => Word("change"),
        Rule::kw_closed => Word("closed"),
        Rule::kw_const => Word("const"),
        Rule::kw_currency => Word("currency"),
        Rule::kw_department => Word("department"),
        Rule::kw_detached => Word("detached"),
        Rule::kw_disabled => Word("disabled"),
        Rule::kw_during => Word("during"),
        Rule::kw_else => Word("else"),
        Rule::kw_empty => Word("empty"),
        Rule::kw_entity => Word("entity"),
        Rule::kw_enum => Word("enum"),
        Rule::kw_event => Word("event"),
        Rule::kw_expect => Word("expect"),
        Rule::kw_extend => Word("extend"),
        Rule::kw_fails => Word("fails"),
        Rule::kw_failure => Word("failure"),
        Rule::kw_false => Word("false"),
        Rule::kw_final => Word("final"),
        Rule::kw_fn => Word("fn"),
        Rule::kw_for => Word("for"),
        Rule::kw_from => Word("from"),
        Rule::kw_given => Word("given"),
        Rule::kw_hours => Word("hours"),
        Rule::kw_if => Word("if"),
        Rule::kw_in => Word("in"),
        Rule::kw_let => Word("let"),
        Rule::kw_list => Word("list"),
        Rule::kw_locale => Word("locale"),
        Rule::kw_max => Word("max"),
        Rule::kw_min => Word("min"),
        Rule::kw_money => Word("money"),
        Rule::kw_most => Word("most"),
        Rule::kw_move => Word("move"),
        Rule::kw_no => Word("no"),
        Rule::kw_none => Word("none"),
        Rule::kw_of => Word("of"),
        Rule::kw_on => Word("on"),
        Rule::kw_once => Word("once"),
        Rule::kw_or => Word("or"),
        Rule::kw_overlap => Word("overlap"),
        Rule::kw_parallel => Word("parallel"),
        Rule::kw_pipeline => Word("pipeline"),
        Rule::kw_queue => Word("queue"),
        Rule::kw_rates => Word("rates"),
        Rule::kw_reply => Word("reply"),
        Rule::kw_restart => Word("restart"),
        Rule::kw_role => Word("role"),
        Rule::kw_rule => Word("rule"),
        Rule::kw_send => Word("send"),
        Rule::kw_set => Word("set"),
        Rule::kw_skip => Word("skip"),
        Rule::kw_stage => Word("stage"),
        Rule::kw_stop => Word("stop"),
        Rule::kw_success => Word("success"),
        Rule::kw_test => Word("test"),
        Rule::kw_then => Word("then"),
        Rule::kw_timezone => Word("timezone"),
        Rule::kw_to => Word("to"),
        Rule::kw_trigger => Word("trigger"),
        Rule::kw_true => Word("true"),
        Rule::kw_type => Word("type"),
        Rule::kw_until => Word("until"),
        Rule::kw_use => Word("use"),
        Rule::kw_user => Word("user"),
        Rule::kw_wait => Word("wait"),
        Rule::kw_when => Word("when"),
        Rule::kw_with => Word("with"),
        Rule::kw_within => Word("within"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_name_that_people_understand() {
        for rule in Rule::all_rules() {
            let shown = friendly(*rule).to_string();
            assert!(!shown.contains('_'), "{rule:?} is shown as {shown}");
            assert!(!shown.trim_matches('`').is_empty(), "{rule:?} has no name");
        }
    }
}
