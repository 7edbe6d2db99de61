//! The drawing as SVG. `card` makes the boxes, `info` says what is told of each thing, `pipeline` draws one pipeline, and
//! here they are put onto one sheet.

mod card;
mod info;
mod pipeline;

pub use info::Info;

use super::words;
use super::{Graph, measure};
use crate::markup::escape;
use measure::Font;
use std::fmt::Write;

/// The rules of style of every drawing. All are about what is inside of `.stagegate-graph`.
pub const STYLE: &str = include_str!("style.css");

const MARGIN: f64 = 28.0;
const BETWEEN: f64 = 64.0;

pub fn write(graph: &Graph) -> String {
    draw(graph, false).0
}

/// The drawing, and what is told of each thing in it. One to be looked at closely has no words that show by themselves.
pub fn draw(graph: &Graph, closely: bool) -> (String, Vec<Info>) {
    let mut infos = Vec::new();
    let pipelines: Vec<pipeline::Drawn> =
        graph.pipelines.iter().map(|pipeline| pipeline::draw(pipeline, closely, &mut infos)).collect();
    // Beside each other, in rows about as wide as the sheet is high.
    let area: f64 = pipelines.iter().map(|p| (p.width + BETWEEN) * (p.height + BETWEEN)).sum();
    let widest = pipelines.iter().map(|p| p.width).fold(300.0, f64::max);
    let wide = widest.max((area * 1.5).sqrt());
    let (mut x, mut y, mut row, mut width) = (0.0, 0.0, 0.0_f64, 0.0_f64);
    let mut places = Vec::new();
    for drawn in &pipelines {
        if x > 0.0 && x + drawn.width > wide {
            (x, y) = (0.0, y + row + BETWEEN);
            row = 0.0;
        }
        places.push((x + MARGIN, y + MARGIN));
        width = width.max(x + drawn.width);
        x += drawn.width + BETWEEN;
        row = row.max(drawn.height);
    }
    width = width.max(300.0);
    let mut body = String::new();
    for (number, (drawn, (x, y))) in pipelines.iter().zip(places).enumerate() {
        let number = if closely { format!(" data-pipeline=\"{number}\"") } else { String::new() };
        let _ = write!(body, "<g{number} transform=\"translate({} {})\">\n{}</g>\n", n(x), n(y), drawn.svg);
    }
    let mut bottom = y + row + MARGIN;
    let mut foot = graph.file.clone();
    if let Some(counted) = words::counted_events(graph) {
        foot = format!("{counted} · {foot}");
    }
    let font = Font { size: 11.5, bold: false };
    for line in measure::wrap(&foot, font, width, 3) {
        bottom += 17.0;
        text(&mut body, MARGIN, bottom, "sg-legend", &line, font);
    }
    let (width, height) = ((width + 2.0 * MARGIN).ceil(), (bottom + MARGIN).ceil());
    let title = words::title(graph);
    let told: Vec<String> = graph
        .pipelines
        .iter()
        .map(|pipeline| format!("{}: {}", pipeline.label, words::summary(pipeline)))
        .collect();
    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"stagegate-graph\" viewBox=\"0 0 {w} {h}\" width=\"{w}\" \
         height=\"{h}\" style=\"max-width:100%;height:auto\" role=\"graphics-document document\" aria-label=\"{label}\">\n\
         <title>{label}</title>\n<desc>{desc}</desc>\n<style>\n{STYLE}</style>\n\
         <rect class=\"sg-paper\" width=\"{w}\" height=\"{h}\"/>\n{body}</svg>\n",
        w = n(width),
        h = n(height),
        label = escape(&title),
        desc = escape(&told.join("; ")),
    );
    (out, infos)
}

/// A line of text, as wide as it was measured whatever the font.
fn text(out: &mut String, x: f64, y: f64, class: &str, text: &str, font: Font) {
    let wide = measure::width(text, font);
    let held = match text.is_ascii() && wide > 30.0 {
        true => format!(" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\"", n(wide)),
        false => String::new(),
    };
    let _ =
        writeln!(out, "<text class=\"{class}\" x=\"{}\" y=\"{}\"{held}>{}</text>", n(x), n(y), escape(text));
}

/// A length with at most one digit behind the point.
fn n(length: f64) -> String {
    let rounded = (length * 10.0).round() / 10.0;
    if rounded == 0.0 { "0".into() } else { format!("{rounded}") }
}
