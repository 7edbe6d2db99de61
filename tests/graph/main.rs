//! Drawings: what is on them, that it can be read, and that no text of a program breaks out of them.
#![cfg(feature = "graph")]

mod command;
mod drawing;

use stagegate::compiler;
use stagegate::graph::{From, Graph, To};
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn graph_of(text: &str) -> Graph {
    let loaded = compiler::load(&["a.rules".into()], &mut |path| match path.to_str() {
        Some("a.rules") => Ok(text.into()),
        _ => std::fs::read(path),
    });
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{:?}\n{text}", checked.diagnostics));
    Graph::of(&loaded, &model, &checked.diagnostics)
}

fn corpus(name: &str) -> String {
    let path = Path::new(ROOT).join("tests/graph").join(name);
    std::fs::read_to_string(path).expect("a file of the corpus")
}

/// Every program that there is to draw.
fn programs() -> Vec<(String, Graph)> {
    let root = Path::new(ROOT);
    let mut files: Vec<PathBuf> = ["leads", "orders", "sales", "support"]
        .map(|name| root.join(format!("examples/{name}/{name}.rules")))
        .into();
    let own =
        std::fs::read_dir(root.join("tests/graph")).expect("the corpus").flatten().map(|entry| entry.path());
    files.extend(own.filter(|path| path.extension().is_some_and(|e| e == "rules")));
    files.sort();
    let graph = |path: &PathBuf| {
        let loaded = compiler::load(std::slice::from_ref(path), &mut |path| std::fs::read(path));
        let checked = compiler::check(&loaded);
        let model = checked.model.unwrap_or_else(|| panic!("{}: {:?}", path.display(), checked.diagnostics));
        Graph::of(&loaded, &model, &checked.diagnostics)
    };
    files.iter().map(|path| (path.display().to_string(), graph(path))).collect()
}

/// Where each arrow comes from, in the words of the drawing.
#[test]
fn arrows_come_from_where_a_trigger_can_fire() {
    let graph = graph_of(&corpus("ways.rules"));
    let mut told = String::new();
    for pipeline in &graph.pipelines {
        told.push_str(&format!("{}\n", pipeline.name));
        let name = |at: &usize| pipeline.stages[*at].name.clone();
        for arrow in &pipeline.arrows {
            let from = match &arrow.from {
                From::Before(at) => format!("{} and before", name(at)),
                From::Stages(all) => all.iter().map(name).collect::<Vec<_>>().join(" "),
                From::Many(words) | From::Outside(words) => format!("[{words}]"),
                From::Nowhere => "nowhere".into(),
            };
            let to = match &arrow.to {
                To::Stage(at) => name(at),
                To::Outside(words) => format!("[{words}]"),
            };
            let title = |cause: &stagegate::graph::Cause| {
                cause.label.clone().unwrap_or_else(|| format!("{:?}", cause.kind))
            };
            let causes: Vec<String> = arrow.causes.iter().map(title).collect();
            told.push_str(&format!("  {from} -> {to}: {}\n", causes.join(", ")));
        }
    }
    insta::assert_snapshot!(told);
}

#[test]
fn warnings_stand_at_what_they_speak_of() {
    let graph = graph_of(&corpus("warnings.rules"));
    let pipeline = &graph.pipelines[0];
    let names = |warnings: &[stagegate::graph::Warning]| -> Vec<String> {
        warnings.iter().map(|warning| format!("{} {}", warning.name, warning.place)).collect()
    };
    assert_eq!(names(&pipeline.stages[0].rules[0].warnings), ["constant_condition a.rules:7"]);
    assert_eq!(names(&pipeline.stages[0].rules[1].warnings), ["disabled_code a.rules:8"]);
    assert_eq!(names(&pipeline.stages[1].warnings), ["unreachable_stage a.rules:11"]);
    let causes: Vec<_> = pipeline.arrows.iter().flat_map(|arrow| &arrow.causes).collect();
    assert_eq!(names(&causes[0].warnings), [""; 0]);
    assert_eq!(names(&causes[1].warnings), ["shadowed_trigger a.rules:15"]);
    assert_eq!(pipeline.all_warnings().count(), 5);
    let svg = graph.to_svg();
    for name in ["constant_condition", "disabled_code", "unreachable_stage", "shadowed_trigger"] {
        assert!(svg.contains(&format!(">{name}</text>")), "{name}");
        assert!(
            graph.to_mermaid().contains(&format!("⚠ {name}"))
                && graph.to_dot().contains(&format!("⚠ {name}"))
        );
    }
}

#[test]
fn conditions_stand_as_they_are_written_without_comments() {
    let graph = graph_of(&corpus("hostile.rules"));
    let causes: Vec<_> = graph.pipelines[0].arrows.iter().flat_map(|arrow| &arrow.causes).collect();
    let when = "(n is set and n > 5 or title == \"x\") and (day is set or n == 1)";
    assert_eq!(causes[1].when.as_deref(), Some(when));
    assert_eq!(causes[0].events, ["tick(kind: \"a\\\\b\")", "tick(kind: \"</script>\")"]);
}

#[test]
fn flowcharts_of_mermaid() {
    insta::assert_snapshot!("mermaid_hostile", graph_of(&corpus("hostile.rules")).to_mermaid());
    insta::assert_snapshot!("mermaid_ways", graph_of(&corpus("ways.rules")).to_mermaid());
    insta::assert_snapshot!("mermaid_warnings", graph_of(&corpus("warnings.rules")).to_mermaid());
}

#[test]
fn digraphs_of_graphviz() {
    insta::assert_snapshot!("dot_hostile", graph_of(&corpus("hostile.rules")).to_dot());
    insta::assert_snapshot!("dot_ways", graph_of(&corpus("ways.rules")).to_dot());
    insta::assert_snapshot!("dot_warnings", graph_of(&corpus("warnings.rules")).to_dot());
}

/// Outside of quotes there is nothing but ours, and in them nothing that ends them or that Mermaid reads as its own.
#[test]
fn no_text_breaks_out_of_a_flowchart() {
    for (name, graph) in programs() {
        for line in graph.to_mermaid().lines().skip(1) {
            let parts: Vec<&str> = line.split('"').collect();
            assert!(matches!(parts.len(), 1 | 3), "{name}: {line}");
            let Some(text) = parts.get(1) else { continue };
            let text = text.replace("<br/>", "");
            assert!(
                !text.contains(['<', '>', '[', ']', '{', '}', '|', '`', '\\', '&', '%', '$', '@', '~', '*']),
                "{line}"
            );
            for entity in text.split('#').skip(1) {
                let number = entity.split_once(';').map(|(number, _)| number.parse::<u32>());
                assert!(matches!(number, Some(Ok(_))), "{line}");
            }
            assert!(!text.contains("fa:fa-") && !text.contains("--"), "{line}");
        }
    }
}

/// Every text of Graphviz is closed, and says what the program says.
#[test]
fn no_text_breaks_out_of_a_digraph() {
    for (name, graph) in programs() {
        let dot = graph.to_dot();
        let (mut outside, mut texts) = (String::new(), Vec::new());
        let mut text: Option<String> = None;
        let mut chars = dot.chars();
        while let Some(c) = chars.next() {
            match (&mut text, c) {
                (Some(inside), '\\') => match chars.next() {
                    Some('l' | 'n') => inside.push('\n'),
                    Some(c @ ('"' | '\\')) => inside.push(c),
                    other => panic!("{name}: \\{other:?}"),
                },
                (Some(_), '"') => texts.extend(text.take().map(|text| text.replace("&amp;", "&"))),
                (Some(inside), c) => inside.push(c),
                (None, '"') => text = Some(String::new()),
                (None, c) => outside.push(c),
            }
        }
        assert!(text.is_none(), "{name}");
        let harmless = |c: char| c.is_ascii_alphanumeric() || " \n_{}[]=,;->".contains(c);
        assert!(outside.chars().all(harmless), "{name}: {outside}");
        for stage in graph.pipelines.iter().flat_map(|pipeline| &pipeline.stages) {
            assert!(texts.iter().any(|text| text.contains(&stage.label)), "{name}: {}", stage.label);
        }
    }
}
