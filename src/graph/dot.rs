//! The drawing as a digraph of Graphviz.

use super::words::{self, Line};
use super::{Arrow, From, Graph, Pipeline, Stage, To};
use crate::syntax::tree::StageKind;
use std::fmt::Write;

const RED: &str = "#c81e1e";

pub fn write(graph: &Graph) -> String {
    let mut out = String::from("digraph stagegate {\n");
    let _ = writeln!(out, "  label={};", quoted(&[words::title(graph)], 'c'));
    out.push_str(
        "  labelloc=t;\n  rankdir=TB;\n  fontname=\"Helvetica\";\n  \
         node [shape=box, style=\"rounded,filled\", fillcolor=\"#ffffff\", color=\"#475569\", fontname=\"Helvetica\", \
         fontsize=11];\n  \
         edge [color=\"#475569\", fontname=\"Helvetica\", fontsize=10];\n",
    );
    for (number, pipeline) in graph.pipelines.iter().enumerate() {
        self::pipeline(&mut out, number, pipeline);
    }
    out.push_str("}\n");
    out
}

fn pipeline(out: &mut String, number: usize, pipeline: &Pipeline) {
    let mut title = vec![format!("{} · {}", pipeline.label, pipeline.entity)];
    title.extend(pipeline.warnings.iter().map(|warning| format!("⚠ {}", warning.name)));
    if pipeline.arrows.iter().any(|arrow| matches!(arrow.from, From::Before(_))) {
        title.push("bold: from there or any stage before".into());
    }
    let _ = writeln!(out, "  subgraph cluster_{number} {{\n    label={};", quoted(&title, 'c'));
    let red = if pipeline.warnings.is_empty() { "#cbd5e1" } else { RED };
    let _ = writeln!(out, "    color=\"{red}\";");
    if !pipeline.rules.is_empty() {
        let mut lines = vec!["In every stage".to_owned()];
        lines.extend(pipeline.rules.iter().flat_map(rule));
        let red = pipeline.rules.iter().any(|rule| !rule.warnings.is_empty());
        let _ = writeln!(
            out,
            "    p{number}_every [label={}, style=\"rounded,dashed\"{}];",
            quoted(&lines, 'l'),
            if red { format!(", color=\"{RED}\"") } else { String::new() }
        );
    }
    for (at, stage) in pipeline.stages.iter().enumerate() {
        let _ = writeln!(out, "    p{number}_s{at} [{}];", self::stage(at, stage));
    }
    let mut pills = 0;
    let mut pill = |out: &mut String, label: &str| {
        let id = format!("p{number}_x{pills}");
        pills += 1;
        let label = quoted(&[label.to_owned()], 'c');
        let _ = writeln!(out, "    {id} [label={label}, style=\"rounded,dashed\", fontsize=10];");
        id
    };
    for arrow in &pipeline.arrows {
        let mut ends = Vec::new();
        match &arrow.from {
            From::Before(at) => ends.push((*at, format!("p{number}_s{at}"))),
            From::Stages(all) => ends.extend(all.iter().map(|at| (*at, format!("p{number}_s{at}")))),
            From::Many(words) | From::Outside(words) => ends.push((0, pill(out, words))),
            From::Nowhere => ends.push((0, pill(out, "nowhere"))),
        }
        let (target, stage) = match &arrow.to {
            To::Stage(at) => (format!("p{number}_s{at}"), *at),
            To::Outside(words) => (pill(out, words), usize::MAX),
        };
        for (before, from) in ends {
            let mut settings = vec![format!("label={}", quoted(&label(arrow), 'l'))];
            if arrow.causes.iter().any(|cause| !cause.warnings.is_empty()) {
                settings.push(format!("color=\"{RED}\", fontcolor=\"{RED}\""));
            }
            if arrow.causes.iter().all(|cause| cause.disabled) {
                settings.push("style=dashed".into());
            } else if matches!(arrow.from, From::Before(_)) {
                settings.push("style=bold".into());
            }
            // The order of the stages is theirs, not that of the arrows that lead back.
            if before > stage {
                settings.push("constraint=false".into());
            }
            let _ = writeln!(out, "    {from} -> {target} [{}];", settings.join(", "));
        }
    }
    for at in 1..pipeline.stages.len() {
        if let Some(before) = pipeline.open_before(at) {
            let _ = writeln!(out, "    p{number}_s{before} -> p{number}_s{at} [style=invis, weight=10];");
        }
    }
    out.push_str("  }\n");
}

fn stage(at: usize, stage: &Stage) -> String {
    let mut lines = vec![format!("{} {}", at + 1, stage.label)];
    lines.extend(words::kind(stage).map(str::to_owned));
    lines.extend(stage.stay.iter().map(words::stay));
    lines.extend(stage.warnings.iter().map(|warning| format!("⚠ {}", warning.name)));
    lines.extend(stage.rules.iter().flat_map(rule));
    let mut settings = format!("label={}", quoted(&lines, 'l'));
    let color = match stage.kind {
        StageKind::Normal => None,
        StageKind::Success => Some(("#15803d", "#e3f6e8")),
        StageKind::Failure => Some(("#52525b", "#f1f1f4")),
    };
    let red = !stage.warnings.is_empty() || stage.rules.iter().any(|rule| !rule.warnings.is_empty());
    if let Some((stroke, fill)) = color {
        let stroke = if red { RED } else { stroke };
        let _ = write!(settings, ", color=\"{stroke}\", fillcolor=\"{fill}\", peripheries=2");
    } else if red {
        let _ = write!(settings, ", color=\"{RED}\"");
    }
    settings
}

fn rule(rule: &super::Rule) -> Vec<String> {
    let line = |(at, line): (usize, &Line)| match line {
        Line::Warning(name) => format!("    ⚠ {name}"),
        line if at == 0 => format!("• {}", line.text()),
        line => format!("    {}", line.text()),
    };
    words::rule(rule).iter().enumerate().map(line).collect()
}

fn label(arrow: &Arrow) -> Vec<String> {
    let mut lines = Vec::new();
    for cause in &arrow.causes {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.extend(words::cause(cause).into_iter().map(|line| match line {
            Line::Warning(name) => format!("⚠ {name}"),
            line => line.text().to_owned(),
        }));
    }
    lines
}

/// Lines as one text of Graphviz, each set to the left (`l`) or the middle (`c`).
pub(super) fn quoted(lines: &[String], align: char) -> String {
    let mut out = String::from("\"");
    for (at, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '"' => out.push_str("\\\""),
                '\\' => out.push_str("\\\\"),
                // It takes `&lt;` for a character.
                '&' => out.push_str("&amp;"),
                c => out.push(c),
            }
        }
        match align {
            'l' => out.push_str("\\l"),
            _ if at + 1 < lines.len() => out.push_str("\\n"),
            _ => {}
        }
    }
    out.push('"');
    out
}
