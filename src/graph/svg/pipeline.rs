//! One pipeline: its stages, its arrows and what stands on them, its title and the legend.

use super::card::{self, Card, Group, Mark, Row, STRIP};
use super::info::Info;
use super::{n, text};
use crate::graph::layout::{self, Item, Link, Placed, Point};
use crate::graph::measure::{self, Font};
use crate::graph::words;
use crate::graph::{Arrow, From, Pipeline, To};
use crate::markup::escape;
use crate::syntax::tree::StageKind;
use std::fmt::Write;

/// A part of the sheet.
pub struct Drawn {
    pub svg: String,
    pub width: f64,
    pub height: f64,
}

const NAME: Font = Font { size: 21.0, bold: true };
const SUB: Font = Font { size: 12.5, bold: false };
const LEGEND: Font = Font { size: 11.5, bold: false };
const WARN: Font = Font { size: 11.5, bold: true };

/// Which end of a line has the tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tip {
    None,
    Lower,
    Upper,
    /// A line without arrow, which only says which stage comes next.
    Order,
}

/// What is to be laid out: first the stages, then the labels of the arrows in their order.
struct Plan {
    items: Vec<Item>,
    links: Vec<Link>,
    /// By link: its arrow, and its tip.
    drawn: Vec<(Option<usize>, Tip)>,
    /// By arrow: its label among the items, if it joins any stage.
    labels: Vec<Option<usize>>,
}

/// Between what stands beside the column.
const ASIDE: f64 = 22.0;

pub fn draw(pipeline: &Pipeline, closely: bool, infos: &mut Vec<Info>) -> Drawn {
    let stages = card::stages(pipeline);
    let labels: Vec<Card> = pipeline.arrows.iter().map(|arrow| card::label(pipeline, arrow)).collect();
    let plan = plan(pipeline, &stages, &labels);
    let placed = layout::place(&plan.items, &plan.links);
    let mut out = Sheet { out: String::new(), closely, infos };
    let Some(mut placed) = placed else { return out.too_much(pipeline) };
    in_order(&mut placed, stages.len());

    let (left, right, mut low) = bounds(&plan, &placed);
    let every = card::everywhere(pipeline);
    // What belongs to no place in the column stands beside it.
    let mut reach = every.as_ref().map_or(0.0, |every| every.height + ASIDE);
    let mut aside: Vec<(usize, f64)> = Vec::new();
    for (number, card) in labels.iter().enumerate().filter(|(number, _)| plan.labels[*number].is_none()) {
        aside.push((number, reach));
        reach += card.height + ASIDE;
    }
    let mut far = right;
    let x = beside(reach, &plan, &placed);
    let wide = every.iter().chain(aside.iter().map(|(number, _)| &labels[*number]));
    let wide = wide.map(|card| card.width).fold(0.0, f64::max);
    if reach > 0.0 {
        far = far.max(x + wide);
        low = low.max(reach - ASIDE);
    }
    let width = (far - left).max(300.0);
    let mut y = out.title(pipeline, width);
    let _ = writeln!(out.out, "<g transform=\"translate({} {})\">", n(-left), n(y));
    for (number, arrow) in pipeline.arrows.iter().enumerate() {
        let card = &labels[number];
        let middle = match plan.labels[number] {
            Some(item) => placed.items[item],
            None => {
                let top = aside.iter().find(|(aside, _)| *aside == number).map_or(0.0, |(_, top)| *top);
                Point { x: x + card.width / 2.0, y: top + card.height / 2.0 }
            }
        };
        out.arrow(arrow, number, card, middle, &plan, &placed);
    }
    for (link, (arrow, tip)) in placed.links.iter().zip(&plan.drawn) {
        if arrow.is_none() && *tip == Tip::Order {
            let _ = writeln!(out.out, "<path class=\"sg-order\" d=\"{}\"/>", path(link));
        }
    }
    for (at, card) in stages.iter().enumerate() {
        out.stage(pipeline, at, card, placed.items[at]);
    }
    if let Some(every) = &every {
        out.everywhere(pipeline, every, x);
    }
    out.out.push_str("</g>\n");
    y += low;
    y = out.legend(pipeline, width, y);
    Drawn { svg: out.out, width, height: y }
}

fn plan(pipeline: &Pipeline, stages: &[Card], labels: &[Card]) -> Plan {
    let normal = |at: usize| pipeline.stages[at].kind == StageKind::Normal;
    let mut plan = Plan { items: Vec::new(), links: Vec::new(), drawn: Vec::new(), labels: Vec::new() };
    for (at, card) in stages.iter().enumerate() {
        let spine = normal(at) || stages.len() == at + 1 && !(0..at).any(|other| !normal(other));
        plan.items.push(Item { width: card.width, height: card.height, spine, on_line: false });
    }
    // Whether an arrow leads to a stage from the open one before it: then no line need say which comes next.
    let mut led = vec![false; stages.len()];
    for (arrow, card) in pipeline.arrows.iter().zip(labels) {
        let on_spine = match (&arrow.from, &arrow.to) {
            (From::Before(from), To::Stage(to)) => {
                led[*to] = true;
                plan.items[*from].spine && plan.items[*to].spine
            }
            (From::Stages(from), To::Stage(to)) => {
                led[*to] |= pipeline.open_before(*to).is_some_and(|before| from.contains(&before));
                false
            }
            _ => false,
        };
        let loose =
            !matches!(arrow.from, From::Before(_) | From::Stages(_)) && matches!(arrow.to, To::Outside(_));
        plan.labels.push((!loose).then_some(plan.items.len()));
        if !loose {
            plan.items.push(Item { width: card.width, height: card.height, spine: on_spine, on_line: true });
        }
    }
    let mut link = |upper: usize, lower: usize, spine: bool, arrow: Option<usize>, tip: Tip| {
        plan.links.push(Link { upper, lower, spine });
        plan.drawn.push((arrow, tip));
    };
    // Those of the spine first: where all else is equal, what comes first stays in its place.
    for (to, led) in led.iter().enumerate().skip(1) {
        if let Some(before) = pipeline.open_before(to).filter(|_| !led) {
            let spine = plan.items[before].spine && plan.items[to].spine;
            link(before, to, spine, None, Tip::Order);
        }
    }
    for (number, arrow) in pipeline.arrows.iter().enumerate() {
        let Some(label) = plan.labels[number] else { continue };
        let spine = plan.items[label].spine;
        let from: Vec<usize> = match &arrow.from {
            From::Before(at) => vec![*at],
            From::Stages(all) => all.clone(),
            _ => Vec::new(),
        };
        let to = match &arrow.to {
            To::Stage(at) => Some(*at),
            To::Outside(_) => None,
        };
        let back = to.is_some_and(|to| !from.is_empty() && from.iter().all(|from| *from > to));
        match to {
            Some(to) if back => link(to, label, false, Some(number), Tip::Upper),
            Some(to) => link(label, to, spine, Some(number), Tip::Lower),
            None => {}
        }
        for from in from {
            match to.is_some_and(|to| from > to) {
                true => link(label, from, false, Some(number), Tip::None),
                false => link(from, label, spine, Some(number), Tip::None),
            }
        }
    }
    plan
}

/// Stages beside each other stand from left to right where most of them can.
fn in_order(placed: &mut Placed, stages: usize) {
    let mut wrong = 0_i32;
    for (at, a) in placed.items[..stages].iter().enumerate() {
        for b in placed.items[at + 1..stages].iter().filter(|b| (b.x - a.x).abs() > 20.0) {
            wrong += if b.x < a.x { 1 } else { -1 };
        }
    }
    if wrong > 0 {
        placed.items.iter_mut().chain(placed.links.iter_mut().flatten()).for_each(|point| point.x = -point.x);
    }
}

/// The left, the right and the lower end of what was placed.
fn bounds(plan: &Plan, placed: &Placed) -> (f64, f64, f64) {
    let (mut left, mut right, mut low) = (f64::INFINITY, f64::NEG_INFINITY, 0.0_f64);
    for (item, at) in plan.items.iter().zip(&placed.items) {
        left = left.min(at.x - item.width / 2.0);
        right = right.max(at.x + item.width / 2.0);
        low = low.max(at.y + item.height / 2.0);
    }
    for point in placed.links.iter().flatten() {
        left = left.min(point.x - 6.0);
        right = right.max(point.x + 6.0);
    }
    if left > right { (0.0, 0.0, 0.0) } else { (left - 5.0, right + 5.0, low + 5.0) }
}

/// Where something stands that is so high: right of all that is at that height.
fn beside(reach: f64, plan: &Plan, placed: &Placed) -> f64 {
    let reach = reach + 20.0;
    let boxes = plan.items.iter().zip(&placed.items).filter(|(item, at)| at.y - item.height / 2.0 < reach);
    let right = boxes.map(|(item, at)| at.x + item.width / 2.0).fold(f64::NEG_INFINITY, f64::max);
    let lines = placed.links.iter().flat_map(|way| way.windows(2)).filter(|pair| pair[0].y < reach);
    let lines = lines.flatten().map(|point| point.x).fold(right, f64::max);
    lines + 44.0
}

/// A line that is vertical at each of its points.
fn path(way: &[Point]) -> String {
    let mut d = String::new();
    for (at, point) in way.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| way.get(at));
        match before {
            None => {
                let _ = write!(d, "M{} {}", n(point.x), n(point.y));
            }
            Some(before) if (before.x - point.x).abs() < 0.5 => {
                let _ = write!(d, "L{} {}", n(point.x), n(point.y));
            }
            Some(before) => {
                let middle = (before.y + point.y) / 2.0;
                let (x, y, m) = (n(point.x), n(point.y), n(middle));
                let _ = write!(d, "C{} {m} {x} {m} {x} {y}", n(before.x));
            }
        }
    }
    d
}

/// The numbers of the stages at both ends of an arrow.
fn ends(arrow: &Arrow) -> String {
    let mut ends: Vec<usize> = match &arrow.from {
        From::Before(at) => vec![*at],
        From::Stages(all) => all.clone(),
        From::Many(_) | From::Outside(_) | From::Nowhere => Vec::new(),
    };
    if let To::Stage(at) = arrow.to {
        ends.push(at);
    }
    ends.iter().map(usize::to_string).collect::<Vec<_>>().join(" ")
}

struct Sheet<'i> {
    out: String,
    closely: bool,
    infos: &'i mut Vec<Info>,
}

impl Sheet<'_> {
    fn too_much(mut self, pipeline: &Pipeline) -> Drawn {
        let y = self.title(pipeline, 420.0);
        let words = "This is more than can be drawn readably. Draw it with --format dot or mermaid instead.";
        let mut low = y;
        for line in measure::wrap(words, SUB, 420.0, 5) {
            low += 18.0;
            text(&mut self.out, 0.0, low, "sg-sub", &line, SUB);
        }
        Drawn { svg: self.out, width: 420.0, height: low }
    }

    /// Gives the height that it takes.
    fn title(&mut self, pipeline: &Pipeline, width: f64) -> f64 {
        let mut y = 0.0;
        for line in measure::wrap(&pipeline.label, NAME, width, 3) {
            y += 24.0;
            text(&mut self.out, 0.0, y - 4.0, "sg-name", &line, NAME);
        }
        let sub = format!("{} for {} · {}", pipeline.name, pipeline.entity, words::summary(pipeline));
        for line in measure::wrap(&sub, SUB, width, 3) {
            y += 18.0;
            text(&mut self.out, 0.0, y, "sg-sub", &line, SUB);
        }
        for warning in &pipeline.warnings {
            y += 17.0;
            self.warning_sign(0.0, y);
            text(&mut self.out, 16.0, y, "sg-warn", &warning.name, WARN);
        }
        y + 22.0
    }

    fn warning_sign(&mut self, x: f64, y: f64) {
        let _ = writeln!(
            self.out,
            "<path class=\"sg-warn-sign\" d=\"M{} {}l5.8 10.4h-11.6zm-0.8 3.8l0.3 3.2h1l0.3 -3.2zm0.1 4.2v1.4h1.4v-1.4z\" \
             fill-rule=\"evenodd\"/>",
            n(x + 5.8),
            n(y - 9.6)
        );
    }

    fn row(&mut self, row: &Row, left: f64, top: f64) {
        let (x, y) = (left + row.x, top + row.y);
        match row.mark {
            Some(Mark::Rule) => {
                let _ = writeln!(
                    self.out,
                    "<path class=\"sg-bolt\" d=\"M{} {}l-6 6.6h3.4l-1.4 4.6 6 -6.8h-3.4z\"/>",
                    n(x - 9.0),
                    n(y - 10.4)
                );
            }
            Some(Mark::Warning) => self.warning_sign(x - 16.0, y),
            None => {}
        }
        text(&mut self.out, x, y, row.class, &row.text, row.font);
    }

    /// The lines of one thing, and what is told of it.
    fn group(&mut self, group: &Group, left: f64, top: f64, width: f64) {
        let number = self.infos.len();
        let label = escape(&format!("{}: {}", group.info.kind, group.info.title));
        let faint = if group.info.off { " sg-faint" } else { "" };
        let closely = match self.closely {
            true => format!(" data-n=\"{number}\" tabindex=\"0\""),
            false => String::new(),
        };
        let _ =
            writeln!(self.out, "<g class=\"sg-item{faint}\" role=\"group\" aria-label=\"{label}\"{closely}>");
        match self.closely {
            true => {
                let _ = writeln!(
                    self.out,
                    "<rect class=\"sg-hit\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\"/>",
                    n(left + 3.0),
                    n(top + group.top + 2.0),
                    n(width - 6.0),
                    n(group.height - 3.0)
                );
            }
            false => {
                let _ = writeln!(self.out, "<title>{}</title>", escape(&group.info.text()));
            }
        }
        group.rows.iter().for_each(|row| self.row(row, left, top));
        self.out.push_str("</g>\n");
        self.infos.push(group.info.clone());
    }

    fn stage(&mut self, pipeline: &Pipeline, at: usize, card: &Card, middle: Point) {
        let stage = &pipeline.stages[at];
        let (left, top) = (middle.x - card.width / 2.0, middle.y - card.height / 2.0);
        let mut class = String::from("sg-stage");
        match stage.kind {
            StageKind::Normal => {}
            StageKind::Success => class.push_str(" sg-success"),
            StageKind::Failure => class.push_str(" sg-failure"),
        }
        if !stage.warnings.is_empty() {
            class.push_str(" sg-red");
        }
        let (x, y, w, h) = (n(left), n(top), n(card.width), n(card.height));
        let number = if self.closely { format!(" data-stage=\"{at}\"") } else { String::new() };
        let _ = writeln!(self.out, "<g class=\"{class}\"{number}>");
        if stage.kind != StageKind::Normal {
            let _ = writeln!(
                self.out,
                "<rect class=\"sg-double\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"12\"/>",
                n(left - 4.0),
                n(top - 4.0),
                n(card.width + 8.0),
                n(card.height + 8.0)
            );
        }
        let _ = writeln!(
            self.out,
            "<rect class=\"sg-card\" x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" rx=\"9\"/>"
        );
        let head = card.groups.first().map_or(0.0, |group| group.height);
        if card.groups.len() > 1 {
            let (inner, cut) = (card.width - 1.4, top + head);
            let _ = writeln!(
                self.out,
                "<path class=\"sg-band\" d=\"M{} {}v{}a8.3 8.3 0 0 1 8.3 -8.3h{}a8.3 8.3 0 0 1 8.3 8.3v{}z\"/>\n\
                 <path class=\"sg-cut\" d=\"M{} {c}h{}\"/>",
                n(left + 0.7),
                n(cut),
                n(9.0 - head),
                n(inner - 16.6),
                n(head - 9.0),
                n(left + 0.7),
                n(inner),
                c = n(cut),
            );
        } else {
            let _ = writeln!(
                self.out,
                "<rect class=\"sg-band\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8.3\"/>",
                n(left + 0.7),
                n(top + 0.7),
                n(card.width - 1.4),
                n(card.height - 1.4)
            );
        }
        for group in &card.groups {
            self.group(group, left, top, card.width);
        }
        // On top of what a page marks in the groups.
        let (badge, middle) = (left + 22.0, top + 24.0);
        let _ = writeln!(
            self.out,
            "<circle class=\"sg-badge\" cx=\"{}\" cy=\"{}\" r=\"11\"/>\n\
             <text class=\"sg-badge-text\" x=\"{}\" y=\"{}\">{}</text>",
            n(badge),
            n(middle),
            n(badge),
            n(middle + 4.2),
            at + 1
        );
        self.sign(stage.kind, at, left + card.width - 21.0, middle);
        self.out.push_str("</g>\n");
    }

    /// What marks the first stage and the final ones.
    fn sign(&mut self, kind: StageKind, at: usize, x: f64, y: f64) {
        let d = match kind {
            StageKind::Normal if at > 0 => return,
            StageKind::Normal => {
                let _ = writeln!(
                    self.out,
                    "<circle class=\"sg-start\" cx=\"{0}\" cy=\"{1}\" r=\"4.5\"/>\n\
                     <circle class=\"sg-start-ring\" cx=\"{0}\" cy=\"{1}\" r=\"8\"/>",
                    n(x),
                    n(y)
                );
                return;
            }
            StageKind::Success => format!("M{} {}l3 3.2 5.6 -6.4", n(x - 4.4), n(y + 0.4)),
            StageKind::Failure => {
                let (a, b) = (n(x - 3.4), n(y - 3.4));
                format!("M{a} {b}l6.8 6.8m0 -6.8l-6.8 6.8")
            }
        };
        let _ = writeln!(
            self.out,
            "<circle class=\"sg-sign\" cx=\"{}\" cy=\"{}\" r=\"9.5\"/>\n<path class=\"sg-sign-line\" d=\"{d}\"/>",
            n(x),
            n(y)
        );
    }

    fn everywhere(&mut self, pipeline: &Pipeline, card: &Card, left: f64) {
        let red = if pipeline.rules.iter().any(|rule| !rule.warnings.is_empty()) { " sg-red" } else { "" };
        let _ = writeln!(
            self.out,
            "<g class=\"sg-every{red}\">\n<rect class=\"sg-card\" x=\"{}\" y=\"0\" width=\"{}\" height=\"{}\" rx=\"9\"/>",
            n(left),
            n(card.width),
            n(card.height)
        );
        self.strips(card, left, 0.0);
        for group in &card.groups {
            self.group(group, left, 0.0, card.width);
        }
        self.out.push_str("</g>\n");
    }

    /// The dark ends of a box.
    fn strips(&mut self, card: &Card, left: f64, top: f64) {
        let (w, r) = (card.width, 6.0);
        if let Some(row) = &card.above {
            let _ = writeln!(
                self.out,
                "<path class=\"sg-strip\" d=\"M{} {}v{}a{r} {r} 0 0 1 {r} -{r}h{}a{r} {r} 0 0 1 {r} {r}v{}z\"/>",
                n(left),
                n(top + STRIP),
                n(r - STRIP),
                n(w - 2.0 * r),
                n(STRIP - r)
            );
            self.row(row, left, top);
        }
        if let Some(row) = &card.below {
            let _ = writeln!(
                self.out,
                "<path class=\"sg-strip\" d=\"M{} {}v{}a{r} {r} 0 0 0 {r} {r}h{}a{r} {r} 0 0 0 {r} -{r}v{}z\"/>",
                n(left),
                n(top + card.height - STRIP),
                n(STRIP - r),
                n(w - 2.0 * r),
                n(r - STRIP)
            );
            self.row(row, left, top);
        }
    }

    fn arrow(
        &mut self,
        arrow: &Arrow,
        number: usize,
        card: &Card,
        middle: Point,
        plan: &Plan,
        placed: &Placed,
    ) {
        let back = match (&arrow.from, &arrow.to) {
            (From::Stages(all), To::Stage(to)) => all.iter().all(|from| from > to),
            _ => false,
        };
        let mut class = String::from("sg-arrow");
        if matches!(arrow.from, From::Before(_)) {
            class.push_str(" sg-thick");
        }
        if back {
            class.push_str(" sg-back");
        }
        if arrow.causes.iter().all(|cause| cause.disabled) {
            class.push_str(" sg-off");
        }
        if arrow.causes.iter().any(|cause| !cause.warnings.is_empty()) {
            class.push_str(" sg-red");
        }
        let thick = class.contains("sg-thick");
        let ends = match self.closely {
            true => format!(" data-arrow=\"{number}\" data-ends=\"{}\"", ends(arrow)),
            false => String::new(),
        };
        let _ = writeln!(self.out, "<g class=\"{class}\"{ends}>");
        for (way, (of, tip)) in placed.links.iter().zip(&plan.drawn) {
            if *of != Some(number) {
                continue;
            }
            let (long, broad) = if thick { (13.0, 7.0) } else { (10.0, 4.8) };
            let mut way = way.clone();
            let point = match tip {
                Tip::Lower => way.last_mut().map(|end| (end, -1.0)),
                Tip::Upper => way.first_mut().map(|end| (end, 1.0)),
                Tip::None | Tip::Order => None,
            };
            let point = point.map(|(end, up)| {
                let at = *end;
                // The line ends inside of the tip.
                end.y += up * (long - 3.0);
                (at, up)
            });
            let _ = writeln!(self.out, "<path class=\"sg-line\" d=\"{}\"/>", path(&way));
            if let Some((at, up)) = point {
                let _ = writeln!(
                    self.out,
                    "<path class=\"sg-tip\" d=\"M{} {}l{} {}h{}z\"/>",
                    n(at.x),
                    n(at.y),
                    n(broad),
                    n(up * long),
                    n(-2.0 * broad)
                );
            }
        }
        let (left, top) = (middle.x - card.width / 2.0, middle.y - card.height / 2.0);
        let _ = writeln!(
            self.out,
            "<g class=\"sg-label\">\n<rect class=\"sg-box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"6\"/>",
            n(left),
            n(top),
            n(card.width),
            n(card.height)
        );
        self.strips(card, left, top);
        for pair in card.groups.windows(2) {
            let y = top + pair[1].top - 1.0;
            let _ = writeln!(
                self.out,
                "<path class=\"sg-cut\" d=\"M{} {}h{}\"/>",
                n(left + 10.0),
                n(y),
                n(card.width - 20.0)
            );
        }
        for group in &card.groups {
            self.group(group, left, top, card.width);
        }
        self.out.push_str("</g>\n</g>\n");
    }

    /// What the signs mean that there are. Gives where it ends.
    fn legend(&mut self, pipeline: &Pipeline, width: f64, top: f64) -> f64 {
        let arrows = &pipeline.arrows;
        let causes = || arrows.iter().flat_map(|arrow| &arrow.causes);
        let mut entries: Vec<(&str, &str)> = vec![("start", "new records start here")];
        if arrows.iter().any(|arrow| matches!(arrow.from, From::Before(_))) {
            entries.push(("sg-thick", "from the stage above or any before it"));
        }
        if arrows.iter().any(|arrow| matches!(&arrow.from, From::Stages(_))) {
            entries.push(("sg-arrow", "only from where it begins"));
        }
        let back = |arrow: &Arrow| match (&arrow.from, &arrow.to) {
            (From::Stages(all), To::Stage(to)) => all.iter().all(|from| from > to),
            _ => false,
        };
        if arrows.iter().any(back) {
            entries.push(("sg-back", "goes back"));
        }
        if causes().any(|cause| cause.disabled) {
            entries.push(("sg-off", "switched off"));
        }
        if !pipeline.stages.iter().all(|stage| stage.rules.is_empty()) || !pipeline.rules.is_empty() {
            entries.push(("rule", "a rule: what is done there"));
        }
        if pipeline.all_warnings().next().is_some() {
            entries.push(("warning", "a warning of `stagegate check`"));
        }
        let (mut x, mut y) = (0.0, top + 34.0);
        for (sign, words) in entries {
            let swatch = match sign {
                "start" | "rule" | "warning" => 22.0,
                _ => 40.0,
            };
            let wide = swatch + measure::width(words, LEGEND) + 22.0;
            if x > 0.0 && x + wide > width {
                (x, y) = (0.0, y + 19.0);
            }
            match sign {
                "start" => self.sign(StageKind::Normal, 0, x + 8.0, y - 4.0),
                "rule" => {
                    let _ = writeln!(
                        self.out,
                        "<path class=\"sg-bolt\" d=\"M{} {}l-6 6.6h3.4l-1.4 4.6 6 -6.8h-3.4z\"/>",
                        n(x + 12.0),
                        n(y - 10.0)
                    );
                }
                "warning" => self.warning_sign(x + 2.0, y),
                class => {
                    let (broad, long) = if class == "sg-thick" { (7.0, 13.0) } else { (4.8, 10.0) };
                    let _ = writeln!(
                        self.out,
                        "<g class=\"{class}\"><path class=\"sg-line\" d=\"M{} {m}h{}\"/><path class=\"sg-tip\" \
                         d=\"M{} {m}l{} {}v{}z\"/></g>",
                        n(x),
                        n(32.0 - long + 3.0),
                        n(x + 32.0),
                        n(-long),
                        n(broad),
                        n(-2.0 * broad),
                        m = n(y - 4.0),
                    );
                }
            }
            text(&mut self.out, x + swatch, y, "sg-legend", words, LEGEND);
            x += wide;
        }
        y
    }
}
