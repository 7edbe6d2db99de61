//! The SVG and the page: that every XML parser reads them, that nothing overlaps, and that nothing lies outside.

use super::{ROOT, corpus, graph_of, programs};
use proptest::prelude::*;
use roxmltree::{Document, Node};
use std::fmt::Write;
use std::path::Path;

#[derive(Debug, Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    fn meets(&self, other: &Area) -> bool {
        // Edges may touch.
        let e = 0.2;
        self.left + e < other.right
            && other.left + e < self.right
            && self.top + e < other.bottom
            && other.top + e < self.bottom
    }

    fn holds(&self, other: &Area) -> bool {
        let e = 0.2;
        self.left <= other.left + e
            && self.top <= other.top + e
            && other.right <= self.right + e
            && other.bottom <= self.bottom + e
    }
}

fn number(node: Node, name: &str) -> f64 {
    node.attribute(name).and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// How far a node is moved by those around it.
fn moved(node: Node) -> (f64, f64) {
    let (mut x, mut y) = (0.0, 0.0);
    for around in node.ancestors() {
        let Some(text) = around.attribute("transform") else { continue };
        let inside = text.strip_prefix("translate(").and_then(|text| text.strip_suffix(')')).expect("a move");
        let (dx, dy) = inside.split_once(' ').expect("two numbers");
        x += dx.parse::<f64>().expect("a number");
        y += dy.parse::<f64>().expect("a number");
    }
    (x, y)
}

fn area(node: Node) -> Area {
    let (dx, dy) = moved(node);
    let (left, top) = (number(node, "x") + dx, number(node, "y") + dy);
    Area { left, top, right: left + number(node, "width"), bottom: top + number(node, "height") }
}

fn has(node: Node, class: &str) -> bool {
    node.attribute("class").is_some_and(|all| all.split(' ').any(|one| one == class))
}

/// What must hold of every drawing.
fn check(name: &str, svg: &str) {
    let document = Document::parse(svg).unwrap_or_else(|e| panic!("{name}: {e}"));
    let root = document.root_element();
    let paper = Area { left: 0.0, top: 0.0, right: number(root, "width"), bottom: number(root, "height") };
    assert_eq!(root.attribute("viewBox"), Some(&*format!("0 0 {} {}", paper.right, paper.bottom)));
    assert!(paper.right >= 300.0 && paper.bottom < 200_000.0, "{name}: {paper:?}");
    let boxes: Vec<(Node, Area)> = document
        .descendants()
        .filter(|node| has(*node, "sg-card") || has(*node, "sg-box"))
        .map(|node| (node, area(node)))
        .collect();
    for (at, (a, one)) in boxes.iter().enumerate() {
        assert!(paper.holds(one), "{name}: {one:?} lies outside");
        for (b, other) in &boxes[at + 1..] {
            assert!(!one.meets(other), "{name}: {one:?} and {other:?} overlap: {a:?} {b:?}");
        }
    }
    for node in document.descendants().filter(|node| node.has_tag_name("text")) {
        let (dx, dy) = moved(node);
        let (x, y) = (number(node, "x") + dx, number(node, "y") + dy);
        let wide = number(node, "textLength");
        let middle = if has(node, "sg-badge-text") { 6.0 } else { 0.0 };
        let text = Area { left: x - middle, top: y - 9.0, right: x + wide, bottom: y + 3.0 };
        assert!(paper.holds(&text), "{name}: {:?} lies outside", node.text());
        // A line in a box lies in it, and in no other.
        let own = boxes.iter().filter(|(_, area)| area.meets(&text)).count();
        let inside = boxes.iter().filter(|(_, area)| area.holds(&text)).count();
        let free = ["sg-name", "sg-sub", "sg-legend"].iter().any(|class| has(node, class));
        let of_pipeline = has(node, "sg-warn") && inside == 0;
        let expected = if free || of_pipeline { 0 } else { 1 };
        assert!((own, inside) == (expected, expected), "{name}: {:?} {text:?} {own} {inside}", node.text());
    }
    // Lines: the points are absolute, and they touch no box but where they begin and end.
    for node in document.descendants().filter(|node| has(*node, "sg-line") || has(*node, "sg-order")) {
        let d = node.attribute("d").expect("a way");
        if d.contains('h') {
            continue;
        }
        let (dx, dy) = moved(node);
        let numbers: Vec<f64> = d
            .split(['M', 'L', 'C', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().expect("a number"))
            .collect();
        for pair in numbers.chunks(2) {
            let point =
                Area { left: pair[0] + dx, top: pair[1] + dy, right: pair[0] + dx, bottom: pair[1] + dy };
            assert!(paper.holds(&point), "{name}: {point:?} lies outside");
            let through = |(_, area): &&(Node, Area)| {
                area.left + 1.0 < point.left
                    && point.left + 1.0 < area.right
                    && area.top + 14.0 < point.top
                    && point.top + 14.0 < area.bottom
            };
            assert!(!boxes.iter().any(|found| through(&found)), "{name}: {d} goes through a box");
        }
    }
}

#[test]
fn nothing_overlaps_and_nothing_lies_outside() {
    for (name, graph) in programs() {
        check(&name, &graph.to_svg());
        for pipeline in &graph.pipelines {
            check(&name, &graph.only(&pipeline.name).expect("it is there").to_svg());
        }
    }
}

/// The classes and texts of a drawing without any place.
fn structure(svg: &str) -> String {
    fn tell(node: Node, depth: usize, out: &mut String) {
        for child in node.children().filter(|child| child.is_element() && !child.has_tag_name("style")) {
            let class = child.attribute("class").unwrap_or_default();
            let text = child.text().map(str::trim).filter(|text| !text.is_empty());
            let label = child.attribute("aria-label").map(|label| format!(" [{label}]"));
            let tag = child.tag_name().name();
            let _ = writeln!(
                out,
                "{}{tag} {class}{}{}",
                "  ".repeat(depth),
                label.unwrap_or_default(),
                text.map(|text| format!(": {}", text.replace('\n', " / "))).unwrap_or_default()
            );
            tell(child, depth + 1, out);
        }
    }
    let document = Document::parse(svg).expect("it is XML");
    let mut out = String::new();
    tell(document.root_element(), 0, &mut out);
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn structures() {
    insta::assert_snapshot!("svg_warnings", structure(&graph_of(&corpus("warnings.rules")).to_svg()));
    insta::assert_snapshot!("svg_hostile", structure(&graph_of(&corpus("hostile.rules")).to_svg()));
}

#[test]
fn a_drawing_is_always_the_same() {
    for (name, graph) in programs() {
        let again = graph.clone();
        assert!(graph.to_svg() == again.to_svg() && graph.to_html() == again.to_html(), "{name}");
    }
}

/// The picture in the documentation is what the command draws. `DOCS_UPDATE=1` draws it anew.
#[test]
fn the_picture_in_the_documentation_is_current() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_stagegate"))
        .args(["graph", "examples/sales/sales.rules"])
        .current_dir(ROOT)
        .output()
        .expect("it starts");
    let path = Path::new(ROOT).join("docs/graph.svg");
    if std::env::var_os("DOCS_UPDATE").is_some() {
        std::fs::write(&path, &output.stdout).expect("the picture can be written");
    }
    assert!(std::fs::read(&path).expect("the picture") == output.stdout, "DOCS_UPDATE=1 draws it anew");
}

#[test]
fn a_page_stands_alone_and_no_text_breaks_out_of_it() {
    for (name, graph) in programs() {
        let html = graph.to_html();
        assert_eq!(html.matches("</script").count(), 2, "{name}");
        assert_eq!(html.matches("<script").count(), 2, "{name}");
        assert!(!html.contains("<img") && !html.contains(" src=\"") && !html.contains("<link"), "{name}");
        assert!(!html.contains("url(") && !html.contains("@import"), "{name}");
        assert!(!html.contains("<!--"), "{name}: a mark of the page is left");
        let data = html.split_once("id=\"data\">").and_then(|(_, rest)| rest.split_once("</script>"));
        let data: Vec<serde_json::Value> =
            serde_json::from_str(data.expect("the data").0).expect("it is JSON");
        // Each thing that can be looked at has what is told of it.
        let svg =
            html.split_once("<svg").and_then(|(_, rest)| rest.split_once("</svg>")).expect("a drawing").0;
        let svg = format!("<svg{svg}</svg>");
        let document = Document::parse(&svg).unwrap_or_else(|e| panic!("{name}: {e}"));
        let numbers: Vec<usize> = document
            .descendants()
            .filter_map(|node| node.attribute("data-n"))
            .map(|number| number.parse().expect("a number"))
            .collect();
        assert_eq!(numbers, (0..data.len()).collect::<Vec<_>>(), "{name}");
        check(&name, &svg);
    }
}

/// Every id that the script asks for stands in the page, and every class in its style.
#[test]
fn the_script_knows_the_page() {
    let page = graph_of(&corpus("warnings.rules")).to_html();
    let (before, script) = page.rsplit_once("<script>").expect("a script");
    for id in script.split("getElementById(\"").skip(1).filter_map(|rest| rest.split_once('"')) {
        assert!(before.contains(&format!("id=\"{}\"", id.0)), "{}", id.0);
    }
}

#[test]
fn more_than_can_be_read_is_said_and_not_drawn() {
    let mut rules = String::from("entity Card { }\nevent tick { }\npipeline P for Card {\n");
    for at in 0..2_000 {
        let _ = writeln!(rules, "  stage S{at} {{ {} }}", if at > 0 { "trigger on tick" } else { "" });
    }
    rules.push_str("}\n");
    let svg = graph_of(&rules).to_svg();
    assert!(svg.contains("more than can be drawn") && svg.len() < 20_000);
    check("two thousand stages", &svg);
}

fn label() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z ,.]{1,24}", "[\\x20-\\x7e]{1,60}", "\\PC{1,40}", "[A-Za-z]{30,90}",].prop_map(
        |text| text.replace('\\', "\\\\").replace('"', "\\\"").replace('{', "\\{").replace('}', "\\}"),
    )
}

/// A trigger: its label, the stages it asks for, whether it leads back.
type Made = (Option<String>, Vec<usize>, bool);

fn program() -> impl Strategy<Value = String> {
    let trigger = (prop::option::of(label()), prop::collection::vec(0..9_usize, 0..4), any::<bool>());
    let stage = (
        label(),
        prop::collection::vec(trigger, 0..5),
        prop::collection::vec((label(), prop::option::of(0..9_usize)), 0..4),
    );
    (prop::collection::vec(stage, 1..9), 0..3_usize, label()).prop_map(|(stages, last, title)| {
        let count = stages.len();
        let finals = last.min(count - 1);
        let mut rules = String::from("entity Card { n: int? }\nevent tick { kind: int? }\n");
        let _ = writeln!(rules, "pipeline P \"{title}\" for Card {{");
        let mut kind = 0;
        for (at, (label, triggers, own)) in stages.into_iter().enumerate() {
            let word = match count - at {
                left if left > finals => "",
                left if left % 2 == 0 => "success ",
                _ => "failure ",
            };
            let _ = writeln!(rules, "  {word}stage S{at} \"{label}\" {{");
            for (label, from, back) in triggers as Vec<Made> {
                kind += 1;
                let back = back || at == 0;
                let label = label.map(|label| format!("\"{label}\" ")).unwrap_or_default();
                let from: Vec<String> =
                    from.iter().map(|from| format!("stage == S{}", from % count)).collect();
                let when =
                    if from.is_empty() { String::new() } else { format!(" when {}", from.join(" or ")) };
                let back = if back { " allow backward" } else { "" };
                let _ = writeln!(rules, "    trigger {label}on tick(kind: {kind}){when}{back}");
            }
            for (number, (label, to)) in own.into_iter().enumerate() {
                let to = to.map(|to| to % count).filter(|to| *to != at);
                let body = to.map(|to| format!("move to S{to}")).unwrap_or_else(|| "set n = 1".into());
                let _ = writeln!(rules, "    rule r{number} \"{label}\" on tick {{ {body} }}");
            }
            rules.push_str("  }\n");
        }
        rules.push_str("}\n");
        rules
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn any_pipeline_can_be_drawn(rules in program()) {
        let graph = graph_of(&rules);
        check(&rules, &graph.to_svg());
        prop_assert!(!graph.to_mermaid().is_empty() && !graph.to_dot().is_empty());
    }
}
