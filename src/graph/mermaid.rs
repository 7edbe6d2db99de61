//! The drawing as a flowchart of Mermaid.
//!
//! Every text of a program stands in quotes, and of its characters only letters, digits and harmless marks stand as
//! they are: the rest are `#…;`, which no part of Mermaid takes for anything.

use super::words::{self, Line};
use super::{Arrow, From, Graph, Pipeline, Stage, To};
use crate::syntax::tree::StageKind;
use std::fmt::Write;

pub fn write(graph: &Graph) -> String {
    let mut out = String::from("flowchart TD\n");
    let mut links = Links::default();
    for (number, pipeline) in graph.pipelines.iter().enumerate() {
        self::pipeline(&mut out, &mut links, number, pipeline);
    }
    if graph.pipelines.is_empty() {
        out.push_str("  empty[\"no pipelines\"]\n");
    }
    out.push_str("  classDef success fill:#e3f6e8,stroke:#15803d,stroke-width:2px,color:#0f172a\n");
    out.push_str("  classDef failure fill:#f1f1f4,stroke:#52525b,stroke-width:2px,color:#0f172a\n");
    out.push_str("  classDef warning stroke:#c81e1e,stroke-width:3px,color:#c81e1e\n");
    out.push_str("  classDef pill fill:#f8fafc,stroke:#64748b,stroke-dasharray:4 3,color:#334155\n");
    for (class, nodes) in [
        ("success", &links.success),
        ("failure", &links.failure),
        ("pill", &links.pills),
        ("warning", &links.warned),
    ] {
        if !nodes.is_empty() {
            let _ = writeln!(out, "  class {} {class}", nodes.join(","));
        }
    }
    if !links.red.is_empty() {
        let red: Vec<String> = links.red.iter().map(usize::to_string).collect();
        let _ = writeln!(out, "  linkStyle {} stroke:#c81e1e,color:#c81e1e", red.join(","));
    }
    out
}

/// What is styled at the end: Mermaid counts links.
#[derive(Default)]
struct Links {
    count: usize,
    red: Vec<usize>,
    success: Vec<String>,
    failure: Vec<String>,
    warned: Vec<String>,
    pills: Vec<String>,
}

fn pipeline(out: &mut String, links: &mut Links, number: usize, pipeline: &Pipeline) {
    let title = format!("{} · {}", pipeline.label, pipeline.entity);
    let mut lines = vec![text(&title)];
    lines.extend(pipeline.warnings.iter().map(|warning| warned(&warning.name)));
    if pipeline.arrows.iter().any(|arrow| matches!(arrow.from, From::Before(_))) {
        lines.push(text("thick: from there or any stage before"));
    }
    let _ = writeln!(out, "  subgraph p{number}[\"{}\"]", lines.join(" · "));
    // Else a part that nothing leads into would lie on its side.
    out.push_str("    direction TB\n");
    if !pipeline.rules.is_empty() {
        let mut lines = vec![text("In every stage")];
        lines.extend(pipeline.rules.iter().flat_map(rule));
        let _ = writeln!(out, "    p{number}every[\"{}\"]", lines.join("<br/>"));
        if pipeline.rules.iter().any(|rule| !rule.warnings.is_empty()) {
            links.warned.push(format!("p{number}every"));
        }
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        let id = format!("p{number}s{at}");
        let label = self::stage(at, stage);
        match stage.kind {
            StageKind::Normal => {
                let _ = writeln!(out, "    {id}[\"{label}\"]");
            }
            StageKind::Success => {
                let _ = writeln!(out, "    {id}([\"{label}\"])");
                links.success.push(id.clone());
            }
            StageKind::Failure => {
                let _ = writeln!(out, "    {id}([\"{label}\"])");
                links.failure.push(id.clone());
            }
        }
        if !stage.warnings.is_empty() || stage.rules.iter().any(|rule| !rule.warnings.is_empty()) {
            links.warned.push(id);
        }
    }
    let mut pills = 0;
    let mut pill = |out: &mut String, links: &mut Links, label: &str| {
        let id = format!("p{number}x{pills}");
        pills += 1;
        let _ = writeln!(out, "    {id}([\"{}\"])", text(label));
        links.pills.push(id.clone());
        id
    };
    for arrow in &pipeline.arrows {
        let mut ends = Vec::new();
        match &arrow.from {
            From::Before(at) => ends.push(format!("p{number}s{at}")),
            From::Stages(all) => ends.extend(all.iter().map(|at| format!("p{number}s{at}"))),
            From::Many(words) | From::Outside(words) => ends.push(pill(out, links, words)),
            From::Nowhere => ends.push(pill(out, links, "nowhere")),
        }
        let target = match &arrow.to {
            To::Stage(at) => format!("p{number}s{at}"),
            To::Outside(words) => pill(out, links, words),
        };
        let label = self::label(arrow);
        let off = arrow.causes.iter().all(|cause| cause.disabled);
        let link = match &arrow.from {
            _ if off => "-.->",
            From::Before(_) => "==>",
            _ => "-->",
        };
        for from in ends {
            let _ = writeln!(out, "    {from} {link}|\"{label}\"| {target}");
            if arrow.causes.iter().any(|cause| !cause.warnings.is_empty()) {
                links.red.push(links.count);
            }
            links.count += 1;
        }
    }
    // Stages to which no arrow leads from the one before keep their place all the same.
    for at in 1..pipeline.stages.len() {
        let Some(before) = pipeline.open_before(at) else { continue };
        let drawn = pipeline.arrows.iter().any(|arrow| {
            arrow.to == To::Stage(at)
                && (arrow.from == From::Before(before) || arrow.from == From::Stages(vec![before]))
        });
        if !drawn {
            let _ = writeln!(out, "    p{number}s{before} ~~~ p{number}s{at}");
            links.count += 1;
        }
    }
    out.push_str("  end\n");
}

fn stage(at: usize, stage: &Stage) -> String {
    let mut lines = vec![text(&format!("{} {}", at + 1, stage.label))];
    if let Some(kind) = words::kind(stage) {
        lines.push(text(kind));
    }
    lines.extend(stage.stay.iter().map(|stay| text(&words::stay(stay))));
    lines.extend(stage.warnings.iter().map(|warning| warned(&warning.name)));
    lines.extend(stage.rules.iter().flat_map(rule));
    lines.join("<br/>")
}

fn rule(rule: &super::Rule) -> Vec<String> {
    let lines = words::rule(rule);
    let line = |(at, line): (usize, &Line)| match line {
        Line::Warning(name) => warned(name),
        line if at == 0 => format!("• {}", text(line.text())),
        line => text(line.text()),
    };
    lines.iter().enumerate().map(line).collect()
}

fn label(arrow: &Arrow) -> String {
    let of = |cause: &super::Cause| {
        let line = |line: &Line| match line {
            Line::Warning(name) => warned(name),
            line => text(line.text()),
        };
        words::cause(cause).iter().map(line).collect::<Vec<_>>().join("<br/>")
    };
    arrow.causes.iter().map(of).collect::<Vec<_>>().join("<br/>· · ·<br/>")
}

fn warned(name: &str) -> String {
    format!("⚠ {}", text(name))
}

/// A text between quotes.
pub(super) fn text(text: &str) -> String {
    let mut out = String::new();
    for (at, c) in text.char_indices() {
        let harmless = c.is_alphanumeric()
            || matches!(
                c,
                ' ' | ',' | '(' | ')' | '/' | '=' | '?' | '!' | '\'' | '…' | '·' | '›' | '•' | '–' | '—'
            )
            || c > '\u{24f}' && !c.is_control();
        // `1. text`, `- text` and `_text_` would be marks of a list or of emphasis, `fa:fa-car` an icon.
        let inside = at > 0 && text[at + c.len_utf8()..].starts_with(|next: char| next.is_alphanumeric());
        let word = text[..at].ends_with(|before: char| before.is_alphabetic());
        if harmless || (matches!(c, '.' | '_') && inside && word) {
            out.push(c);
        } else {
            let _ = write!(out, "#{};", u32::from(c));
            // An icon is one in whatever form it is written.
            if c == ':' && text[at + 1..].starts_with("fa-") {
                out.push('\u{200b}');
            }
        }
    }
    out
}
