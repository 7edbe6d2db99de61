//! The drawing as a page: one file, with all that it needs in it, that asks nothing of any network.

use super::svg;
use super::{Graph, words};
use crate::markup::escape;

const PAGE: &str = include_str!("page.html");
const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub fn write(graph: &Graph) -> String {
    let (drawing, infos) = svg::draw(graph, true);
    let title = words::title(graph);
    let warnings: usize = graph.pipelines.iter().map(|pipeline| pipeline.all_warnings().count()).sum();
    // Of a text nothing can end the element that it stands in.
    let data = serde_json::to_string(&infos).unwrap_or_else(|_| "[]".into()).replace('<', "\\u003c");
    let warnings = match warnings {
        0 => String::new(),
        n => format!(
            "<button id=\"warnings\" type=\"button\" title=\"Show the next warning\">{}</button>",
            words::counted(n as u64, "warning")
        ),
    };
    // Each part once, in the order of the page: what a program says is never looked through for marks.
    let parts = [
        ("TITLE", escape(&title)),
        ("STYLE", STYLE.into()),
        ("NAME", escape(&title)),
        ("WARNINGS", warnings),
    ];
    let rest = [("DRAWING", drawing), ("DATA", data), ("SCRIPT", SCRIPT.into())];
    let (mut page, mut left) = (String::new(), PAGE);
    for (mark, part) in parts.into_iter().chain(rest) {
        let (before, after) = left.split_once(&format!("<!--{mark}-->")).unwrap_or((left, ""));
        page.push_str(before);
        page.push_str(&part);
        left = after;
    }
    page.push_str(left);
    page
}
