//! The boxes of the drawing: what is written in them, line by line, and how large that makes them.

use super::info::Info;
use crate::graph::measure::{Font, width, wrap};
use crate::graph::words::{self, Line};
use crate::graph::{Arrow, Pipeline, Rule, Stage, To};
use crate::syntax::tree::StageKind;

/// Stages are so wide at least and at most.
const STAGE: (f64, f64) = (190.0, 310.0);
/// The text on an arrow is no wider than this.
const LABEL: f64 = 236.0;
const PAD: f64 = 12.0;
/// Where the text of a rule begins, and that of a stage.
const RULE_INDENT: f64 = 30.0;
const STAGE_INDENT: f64 = 42.0;

const HEAD: Font = Font { size: 15.0, bold: true };
const TITLE: Font = Font { size: 12.5, bold: true };
const TEXT: Font = Font { size: 12.5, bold: false };
const SMALL: Font = Font { size: 11.5, bold: false };
const COUNT: Font = Font { size: 11.5, bold: true };

/// A line of text where it stands in its box: the left end of its base line.
#[derive(Debug, Clone)]
pub struct Row {
    pub text: String,
    pub font: Font,
    pub class: &'static str,
    pub x: f64,
    pub y: f64,
    pub mark: Option<Mark>,
}

/// A little picture before a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    Rule,
    Warning,
}

/// Lines about one thing.
#[derive(Debug, Clone)]
pub struct Group {
    pub info: Info,
    pub rows: Vec<Row>,
    pub top: f64,
    pub height: f64,
}

#[derive(Debug, Clone)]
pub struct Card {
    pub width: f64,
    pub height: f64,
    /// The first is that of the stage itself, of a stage.
    pub groups: Vec<Group>,
    /// What stands on a strip above, or below.
    pub above: Option<Row>,
    pub below: Option<Row>,
}

pub const STRIP: f64 = 21.0;

/// Puts lines below each other.
struct Pen {
    rows: Vec<Row>,
    y: f64,
    wide: f64,
}

impl Pen {
    fn at(y: f64, wide: f64) -> Pen {
        Pen { rows: Vec::new(), y, wide }
    }

    fn write(
        &mut self,
        text: &str,
        font: Font,
        class: &'static str,
        x: f64,
        mark: Option<Mark>,
        most: usize,
    ) {
        let lines = wrap(text, font, self.wide - x - PAD, most);
        for (at, text) in lines.into_iter().enumerate() {
            self.y += (font.size * 1.32).round();
            let mark = mark.filter(|_| at == 0);
            self.rows.push(Row { text, font, class, x, y: self.y, mark });
        }
    }

    fn lines(&mut self, lines: &[Line], x: f64) {
        for (at, line) in lines.iter().enumerate() {
            let mark = (at == 0 && x == RULE_INDENT).then_some(Mark::Rule);
            match line {
                Line::Title(text) if mark.is_some() => self.write(text, TEXT, "sg-title", x, mark, 4),
                Line::Title(text) => self.write(text, TITLE, "sg-title", x, mark, 4),
                Line::Event(text) => self.write(text, SMALL, "sg-event", x, mark, 5),
                Line::When(text) => self.write(text, SMALL, "sg-when", x, mark, 4),
                Line::Note(text) => self.write(text, SMALL, "sg-note", x, mark, 2),
                Line::Count(text) => self.write(text, COUNT, "sg-count", x, mark, 2),
                Line::Warning(text) => {
                    let x = if x == RULE_INDENT { x } else { x + 16.0 };
                    self.write(
                        text,
                        COUNT,
                        "sg-warn",
                        x + if x == RULE_INDENT { 16.0 } else { 0.0 },
                        Some(Mark::Warning),
                        2,
                    );
                }
            }
        }
    }

    fn group(&mut self, info: Info, top: f64, below: f64) -> Group {
        self.y += below;
        Group { info, rows: std::mem::take(&mut self.rows), top, height: self.y - top }
    }
}

/// How wide the lines are, with the edges.
fn natural(groups: &[Group]) -> f64 {
    let rows = groups.iter().flat_map(|group| &group.rows);
    rows.map(|row| row.x + width(&row.text, row.font) + PAD).fold(0.0, f64::max)
}

/// All stages of a pipeline, equally wide.
pub fn stages(pipeline: &Pipeline) -> Vec<Card> {
    let draft: Vec<Card> =
        pipeline.stages.iter().enumerate().map(|(at, stage)| self::stage(at, stage, STAGE.1)).collect();
    let wide = draft.iter().map(|card| natural(&card.groups)).fold(STAGE.0, f64::max).min(STAGE.1).ceil();
    pipeline.stages.iter().enumerate().map(|(at, stage)| self::stage(at, stage, wide)).collect()
}

fn stage(at: usize, stage: &Stage, wide: f64) -> Card {
    // At the right end of a final stage's head stands its mark.
    let room = if at == 0 || stage.kind != StageKind::Normal { 26.0 } else { 0.0 };
    let mut pen = Pen::at(9.0, wide - room);
    pen.write(&stage.label, HEAD, "sg-head", STAGE_INDENT, None, 4);
    pen.wide = wide;
    if let Some(stay) = &stage.stay {
        pen.write(&words::stay(stay), COUNT, "sg-count", STAGE_INDENT, None, 3);
    }
    pen.lines(&words::warnings(&stage.warnings).collect::<Vec<_>>(), STAGE_INDENT);
    let mut groups = vec![pen.group(Info::of_stage(at, stage), 0.0, 10.0)];
    if !stage.rules.is_empty() {
        pen.y += 5.0;
        groups.extend(rules(&mut pen, &stage.rules));
        pen.y += 5.0;
    }
    Card { width: wide, height: pen.y, groups, above: None, below: None }
}

fn rules<'r>(pen: &'r mut Pen, rules: &'r [Rule]) -> impl Iterator<Item = Group> + 'r {
    rules.iter().map(|rule| {
        let top = pen.y;
        pen.lines(&words::rule(rule), RULE_INDENT);
        pen.group(Info::of_rule(rule), top, 5.0)
    })
}

/// The rules that hold in every stage.
pub fn everywhere(pipeline: &Pipeline) -> Option<Card> {
    if pipeline.rules.is_empty() {
        return None;
    }
    let of = |wide: f64| {
        let mut pen = Pen::at(STRIP + 5.0, wide);
        let groups: Vec<Group> = rules(&mut pen, &pipeline.rules).collect();
        let above = strip("In every stage", wide, 0.0);
        Card { width: wide, height: pen.y + 4.0, groups, above: Some(above), below: None }
    };
    let wide = natural(&of(STAGE.1).groups).clamp(STAGE.0, STAGE.1).ceil();
    Some(of(wide))
}

/// What stands on an arrow. `None` for one that has nothing to say.
pub fn label(pipeline: &Pipeline, arrow: &Arrow) -> Card {
    let draft = label_of(pipeline, arrow, LABEL);
    let strips = draft.above.iter().chain(&draft.below);
    let strips = strips.map(|row| width(&row.text, row.font) + 2.0 * PAD).fold(0.0, f64::max);
    let wide = natural(&draft.groups).max(strips).clamp(60.0, LABEL.max(strips)).ceil();
    label_of(pipeline, arrow, wide)
}

fn label_of(pipeline: &Pipeline, arrow: &Arrow, wide: f64) -> Card {
    let above = words::origin(arrow).map(|text| strip(&text, wide, 0.0));
    let mut pen = Pen::at(if above.is_some() { STRIP } else { 0.0 } + 4.0, wide);
    let groups: Vec<Group> = arrow
        .causes
        .iter()
        .map(|cause| {
            let top = pen.y;
            pen.lines(&words::cause(cause), PAD);
            let group = pen.group(Info::of_cause(pipeline, arrow, cause), top, 7.0);
            pen.y += 3.0;
            group
        })
        .collect();
    pen.y -= 2.0;
    let mut height = pen.y;
    let below = match &arrow.to {
        To::Outside(words) => {
            let row = strip(&format!("to {words}"), wide, height);
            height += STRIP;
            Some(row)
        }
        To::Stage(_) => None,
    };
    Card { width: wide, height, groups, above, below }
}

fn strip(text: &str, wide: f64, top: f64) -> Row {
    let font = COUNT;
    let text = wrap(text, font, wide.max(LABEL) - 2.0 * PAD, 1).concat();
    let x = ((wide - width(&text, font)) / 2.0).max(PAD);
    Row { text, font, class: "sg-strip-text", x, y: top + 15.0, mark: None }
}
