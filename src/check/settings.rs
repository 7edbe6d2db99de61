//! What holds for the whole program: its currency and rates; and what must be known of pipelines before
//! anything in them is checked.

use super::names::Declarations;
use super::{Checker, PipelineInfo, StageInfo};
use crate::diagnostic::{Advice, Code, Diagnostic};
use crate::schema::Rates;
use crate::source::Span;
use crate::syntax::tree::{self, PipelineMember, SettingValue};
use crate::value::locale::{self, Locale};
use crate::value::*;
use rust_decimal::Decimal;
use std::collections::HashMap;

const SETTINGS: &[&str] = &["timezone", "hours", "locale"];

impl Checker<'_> {
    pub(super) fn currency_and_rates(&mut self, all: &Declarations) {
        let mut first: Option<(Currency, Span)> = None;
        for name in &all.currencies {
            let Some(currency) = self.currency(name) else {
                self.lost_currency = true;
                continue;
            };
            match first {
                None => first = Some((currency, name.span)),
                // The files of a program may each say the same.
                Some((before, _)) if before == currency => {}
                Some((before, span)) => {
                    let message = format!("the currency of a program is either {before} or {currency}");
                    let diagnostic = Diagnostic::new(Code::CurrencyTwice, name.span, message)
                        .label("another currency")
                        .also(span, "first said here");
                    self.report(diagnostic.help(format!("money in {currency}")));
                }
            }
        }
        self.schema.currency = first.map(|(currency, _)| currency);
        let mut known: HashMap<(Currency, Currency), Span> = HashMap::new();
        for (base, rates) in &all.rates {
            let base_currency = self.currency(base);
            let mut list = Vec::new();
            for (name, number) in *rates {
                let currency = self.currency(name);
                if number.value <= Decimal::ZERO {
                    let message = format!("the rate of {} must be more than 0", name.text);
                    let diagnostic = Diagnostic::new(Code::BadRate, number.span, message);
                    self.report(
                        diagnostic.label(format!("what one {} is worth in {}", name.text, base.text)),
                    );
                    continue;
                }
                let (Some(base_currency), Some(currency)) = (base_currency, currency) else { continue };
                if base_currency == currency {
                    let message = format!("one {currency} is always worth one {currency}");
                    self.report(Diagnostic::new(Code::BadRate, name.span, message).label("not needed"));
                } else if let Some(before) = known.insert((base_currency, currency), name.span) {
                    let message = format!("the rate from {currency} to {base_currency} is given twice");
                    self.twice(name.span, before, message, None);
                } else {
                    list.push((currency, number.value));
                }
            }
            let Some(base) = base_currency else { continue };
            match self.schema.rates.iter_mut().find(|r| r.base == base) {
                Some(rates) => rates.rates.extend(list),
                None => self.schema.rates.push(Rates { base, rates: list }),
            }
        }
    }

    /// Numbers pipelines and stages. A pipeline for an entity that does not exist is left out: of what stands
    /// in it nothing could be said. The result are the others.
    pub(super) fn declare_pipelines<'t>(&mut self, all: &Declarations<'t>) -> Vec<&'t tree::Item> {
        let mut known = Vec::new();
        let mut first: HashMap<&str, Span> = HashMap::new();
        for (item, tree) in all.pipelines.iter().copied() {
            let name = &tree.name;
            let again = first.insert(&name.text, name.span);
            if let Some(before) = again {
                self.twice(name.span, before, format!("pipeline `{}` is declared twice", name.text), None);
            }
            let stages: Vec<&tree::Stage> = tree
                .members
                .iter()
                .filter_map(|m| match m {
                    PipelineMember::Stage(stage) => Some(stage),
                    PipelineMember::Rule(_) => None,
                })
                .collect();
            self.unique("stage", stages.iter().map(|s| &s.name));
            let (timezone, hours, locale) = self.settings(tree);
            let Some(entity) = self.resolve_entity(&tree.entity) else {
                self.lost_pipeline = true;
                self.lost.extend(stages.iter().map(|s| &s.name).chain([name]).map(|n| n.text.clone()));
                continue;
            };
            if stages.is_empty() {
                let message = format!("the pipeline `{}` has no stages", name.text);
                let diagnostic = Diagnostic::new(Code::EmptyDeclaration, name.span, message);
                self.report(diagnostic.label("a record has nowhere to stand").help("stage New { }"));
            }
            let id = PipelineId(self.pipelines.len() as u16);
            let from = self.stages.len();
            self.stages.extend(stages.iter().map(|stage| StageInfo {
                name: stage.name.text.clone(),
                pipeline: id,
                kind: stage.kind,
                span: stage.name.span,
            }));
            self.pipelines.push(PipelineInfo {
                name: name.text.clone(),
                entity,
                timezone,
                hours,
                locale,
                stages: (from..self.stages.len()).map(|i| StageId(i as u16)).collect(),
                span: name.span,
            });
            self.names.pipelines.entry(name.text.clone()).or_insert((id, name.span));
            known.push(item);
        }
        known
    }

    fn settings(&mut self, tree: &tree::Pipeline) -> (chrono_tz::Tz, Option<CalendarId>, Option<Text>) {
        let (mut timezone, mut hours, mut chosen) = (chrono_tz::Tz::UTC, None, None);
        let mut first: HashMap<&str, Span> = HashMap::new();
        for setting in &tree.settings {
            let name = &*setting.name.text;
            if let Some(before) = first.insert(name, setting.name.span) {
                let message = format!("the pipeline `{}` has two settings `{name}`", tree.name.text);
                self.twice(setting.name.span, before, message, None);
                continue;
            }
            match (name, &setting.value) {
                ("timezone", SettingValue::Text(text)) => {
                    timezone = self.timezone(text).unwrap_or(timezone);
                }
                ("hours", SettingValue::Name(name)) => hours = self.resolve_calendar(name),
                ("locale", SettingValue::Text(text)) if locale::is_name(&text.text) => {
                    chosen = self.locale(text);
                }
                ("timezone" | "hours" | "locale", _) => {
                    let (message, help) = match name {
                        "timezone" => ("`timezone` is the name of a zone", "timezone \"Europe/Rome\""),
                        "hours" => ("`hours` is the name of a calendar", "hours Office"),
                        _ => {
                            ("`locale` is the code of a language, with or without a country", "locale \"it\"")
                        }
                    };
                    let near = match &setting.value {
                        SettingValue::Text(text) if name == "locale" => locale::meant(&text.text),
                        _ => None,
                    };
                    let help = near.map_or(help.to_owned(), |near| format!("locale \"{near}\""));
                    let diagnostic = Diagnostic::new(Code::BadSetting, setting.span, message);
                    self.report(diagnostic.label("not possible").help(help));
                }
                _ => {
                    let help = Advice::near(setting.name.span, name, SETTINGS.iter().copied())
                        .unwrap_or_else(|| Advice::say("a pipeline may have `timezone`, `hours`, `locale`"));
                    let message = format!("a pipeline has no setting `{name}`");
                    let diagnostic = Diagnostic::new(Code::BadSetting, setting.name.span, message);
                    self.report(diagnostic.label("not known here").advised(Some(help)));
                }
            }
        }
        (timezone, hours, chosen)
    }

    /// A build without locales takes any: what it compiles says so.
    fn locale(&mut self, name: &tree::Str) -> Option<Text> {
        if locale::CLDR.is_none() || Locale::new(&name.text).is_some() {
            return Some(name.text.clone().into());
        }
        let message = format!("there is no locale `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownLocale, name.span, message)
            .label("not the code of a language")
            .help(match locale::meant(&name.text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "locale \"it\"".to_owned(),
            });
        self.report(diagnostic);
        None
    }
}
