//! The front page, a page for each pipeline, and the page of examples.

use super::{INDEX, Site, rule_id, stage_id, trigger_id};
use crate::doc::{LEGEND, PipelinePart, RulePart, StagePart, TriggerPart, comments};
use crate::sentences::Target;
use crate::syntax::tree::StageKind;
use maud::{Markup, PreEscaped, html};

impl Site<'_> {
    pub(super) fn index(&self) -> String {
        let book = self.book;
        let body = html! {
            h1 { (book.title) }
            @if !book.intro.is_empty() {
                div.doc.intro { (PreEscaped(comments::to_html(&book.intro, 1))) }
            }
            @for (part, file) in book.pipelines.iter().zip(&self.files) {
                section.card {
                    h2 { a href=(file) { (part.pipeline.label) } }
                    p.quiet { (self.about(part)) }
                    (self.doc(part.doc.as_deref()))
                    (self.way(part, file))
                }
            }
            @if !self.pages.is_empty() {
                section {
                    h2 { "Reference" }
                    ul.plain { @for (file, title) in &self.pages { li { a href=(file) { (title) } " " span.quiet { (self.counts(title)) } } } }
                }
            }
            @if !book.left.is_empty() {
                section {
                    h2 { "Not used here" }
                    p.quiet { "What a bundled library has beside what these rules use." }
                    @for ((library, kind), names) in &book.left {
                        details {
                            summary { (kind) " of the library " code { (library) } " (" (names.len()) ")" }
                            p { @for (at, name) in names.iter().enumerate() { @if at > 0 { ", " } code { (name) } } }
                        }
                    }
                }
            }
            @if !book.warnings.is_empty() {
                section { h2 { "Worth a look" } (self.warnings(&book.warnings)) }
            }
            @if !book.pipelines.is_empty() { (self.how_to_read()) }
        };
        self.page(INDEX, "", body)
    }

    fn counts(&self, title: &str) -> String {
        let book = self.book;
        let count = |n: usize, one: &str| format!("{n} {one}{}", if n == 1 { "" } else { "s" });
        match title {
            "Records" => {
                format!("{}, {}", count(book.entities.len(), "kind"), count(book.enums.len(), "list"))
            }
            "Events" => count(book.events.len(), "event"),
            "Actions" => count(book.actions.len(), "action"),
            "Examples" => count(book.tests.len(), "example"),
            _ => String::new(),
        }
    }

    fn how_to_read(&self) -> Markup {
        html! {
            section.legend {
                h2 { "How to read this" }
                ul {
                    @for line in LEGEND { li { (PreEscaped(comments::to_inline_html(line))) } }
                    li { "In a text that is sent, " span.blank { "this" } " is filled in from the record." }
                }
            }
        }
    }

    /// `for every deal · Office hours · Europe/Berlin`
    fn about(&self, part: &PipelinePart) -> Markup {
        let pipeline = part.pipeline;
        let entity = Target::Entity(pipeline.entity);
        let label = &self.book.model.schema.entity(pipeline.entity).label;
        html! {
            "For records of the kind "
            @match self.href(&entity) { Some(href) => { a.n.record href=(href) { (label) } } None => { (label) } }
            @if let Some(hours) = pipeline.hours { " · " (self.prose(&self.book.speaker.calendar(hours))) }
            " · times of " (pipeline.timezone.name().replace('_', " "))
            @if let Some(locale) = &pipeline.locale { " · written the way of “" (locale) "”" }
        }
    }

    /// The stages of a pipeline, one after the other.
    fn way(&self, part: &PipelinePart, file: &str) -> Markup {
        html! {
            ol.way {
                @for stage in &part.stages {
                    li class=(kind(stage.stage.kind)) {
                        a href=(format!("{file}#{}", super::escaped(&stage_id(&stage.stage.name)))) { (stage.stage.label) }
                    }
                }
            }
        }
    }

    pub(super) fn pipeline(&self, at: usize) -> String {
        let (part, file) = (&self.book.pipelines[at], &self.files[at]);
        self.found(&*part.pipeline.label, "pipeline", file.clone(), part.doc.as_deref().unwrap_or_default());
        let body = html! {
            h1 { (part.pipeline.label) }
            p.quiet { (self.about(part)) }
            (self.doc(part.doc.as_deref()))
            (self.way(part, file))
            @if let Some(drawing) = self.book.drawing(part) {
                div.drawing tabindex="0" { (PreEscaped(drawing)) }
            }
            @for stage in &part.stages { (self.stage(part, stage, file)) }
            @if !part.rules.is_empty() {
                section.stage #in-every-stage {
                    h2 { "In every stage" }
                    @for rule in &part.rules { (self.rule(rule, file)) }
                }
            }
        };
        self.page(file, &part.pipeline.label, body)
    }

    fn stage(&self, part: &PipelinePart, stage: &StagePart, file: &str) -> Markup {
        let (id, label) = (stage_id(&stage.stage.name), &stage.stage.label);
        self.found(
            &**label,
            "stage",
            format!("{file}#{}", super::escaped(&id)),
            stage.doc.as_deref().unwrap_or_default(),
        );
        let first = part.stages.first().is_some_and(|first| first.stage.id == stage.stage.id);
        html! {
            section class={ "stage " (kind(stage.stage.kind)) } id=(id) {
                h2 {
                    (label)
                    @match stage.stage.kind {
                        StageKind::Normal => {}
                        StageKind::Success => { " " span.badge.success { "success" } }
                        StageKind::Failure => { " " span.badge.failure { "failure" } }
                    }
                    @if first { " " span.badge { "start" } }
                }
                (self.doc(stage.doc.as_deref()))
                h3 { "How it gets here" }
                @if first { p { "Every new record starts here, unless it comes with another stage." } }
                @match &stage.moved {
                    Some(moved) => { p { (self.prose(moved)) } }
                    None if stage.triggers.is_empty() && !first => {
                        p.quiet { "No event and no rule leads here: people move it." }
                    }
                    None => {}
                }
                @for trigger in &stage.triggers { (self.trigger(trigger, file)) }
                h3 { "What happens then" }
                @if stage.rules.is_empty() { p.quiet { "Nothing." } }
                @for rule in &stage.rules { (self.rule(rule, file)) }
            }
        }
    }

    fn trigger(&self, part: &TriggerPart, file: &str) -> Markup {
        let id = trigger_id(part.trigger.id);
        let label = part.trigger.label.as_deref();
        self.found(label.unwrap_or("Trigger"), "trigger", format!("{file}#{id}"), part.point.plain());
        html! {
            article class=(if part.trigger.disabled { "trigger off" } else { "trigger" }) id=(id) {
                h4 {
                    @if let Some(label) = label { (label) } @else { "Trigger" }
                    @if part.trigger.disabled { " " span.badge { "switched off" } }
                    (self.at(&part.place))
                }
                (self.doc(part.doc.as_deref()))
                div.words { (self.point(&part.point)) }
                (self.warnings(&part.warnings))
            }
        }
    }

    fn rule(&self, part: &RulePart, file: &str) -> Markup {
        let (rule, id) = (part.rule, rule_id(part.rule.id));
        let label = rule.label.as_deref();
        let text = format!("{}\n{}", part.words.point.plain(), rule.name);
        self.found(label.unwrap_or(&rule.name), "rule", format!("{file}#{id}"), text);
        html! {
            article class=(if rule.disabled { "rule off" } else { "rule" }) id=(id) {
                h4 {
                    (label.unwrap_or(&rule.name))
                    @if rule.disabled { " " span.badge { "switched off" } }
                    (self.at(&format!("{} · {}", rule.name, part.place)))
                }
                (self.doc(part.doc.as_deref()))
                div.words { (self.point(&part.words.point)) }
                @for note in &part.words.notes { p.note { (self.prose(note)) } }
                (self.warnings(&part.warnings))
            }
        }
    }

    /// Where in the text it stands.
    fn at(&self, place: &str) -> Markup {
        html! { " " span.at { (place) } }
    }

    pub(super) fn examples(&self) -> Markup {
        html! {
            h1 { "Examples" }
            p.quiet { "What the tests of these rules show." }
            @for (at, test) in self.book.tests.iter().enumerate() {
                @let id = format!("example-{}", at + 1);
                @let () = self.found(test.name, "example", format!("{}#{id}", super::EXAMPLES), "");
                article.example id=(id) {
                    h2 { (test.name) (self.at(&test.place)) }
                    (self.doc(test.doc.as_deref()))
                    ul.steps-of-test { @for step in &test.steps { li { (self.point(step)) } } }
                }
            }
        }
    }
}

fn kind(kind: StageKind) -> &'static str {
    match kind {
        StageKind::Normal => "normal",
        StageKind::Success => "success",
        StageKind::Failure => "failure",
    }
}
