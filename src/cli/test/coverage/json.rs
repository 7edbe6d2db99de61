//! One object for programs.

use crate::testing::coverage::{Branch, Coverage, Item, Kind, Share};
use serde::Serialize;

#[derive(Serialize)]
struct Object<'c> {
    #[serde(flatten)]
    share: JsonShare,
    files: Vec<File<'c>>,
}

#[derive(Serialize)]
struct JsonShare {
    seen: usize,
    all: usize,
    /// Rounded down to a tenth.
    percent: f64,
}

impl From<Share> for JsonShare {
    fn from(share: Share) -> JsonShare {
        JsonShare { seen: share.seen, all: share.all, percent: share.permille() as f64 / 10.0 }
    }
}

#[derive(Serialize)]
struct File<'c> {
    file: &'c str,
    #[serde(flatten)]
    share: JsonShare,
    items: Vec<JsonItem<'c>>,
    never: Vec<Never>,
}

#[derive(Serialize)]
struct JsonItem<'c> {
    kind: &'static str,
    line: usize,
    column: usize,
    /// A path, a name or the text itself.
    text: &'c str,
    #[serde(rename = "in", skip_serializing_if = "Option::is_none")]
    owner: Option<&'c str>,
    #[serde(flatten)]
    counts: Counts,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Counts {
    Ran {
        count: u64,
    },
    Tried {
        fired: u64,
        refused: u64,
        /// Whether it chooses: only then is a refusal wanted.
        chooses: bool,
    },
    Asked {
        r#true: u64,
        r#false: u64,
    },
}

#[derive(Serialize)]
struct Never {
    line: usize,
    column: usize,
    message: String,
}

pub(super) fn object(coverage: &Coverage) -> String {
    let files = coverage.files.iter().map(|(name, file)| File {
        file: name,
        share: file.share().into(),
        items: file.items.values().filter(|item| item.kind != Kind::Statement).map(item).collect(),
        never: file
            .unseen()
            .into_iter()
            .map(|unseen| Never { line: unseen.line, column: unseen.column, message: unseen.words })
            .collect(),
    });
    let object = Object { share: coverage.share().into(), files: files.collect() };
    // It holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(&object).unwrap_or_default();
    text.push('\n');
    text
}

fn item(item: &Item) -> JsonItem<'_> {
    let [first, second] = item.counts;
    let counts = match item.kind {
        Kind::Trigger { choosy: chooses } => Counts::Tried { fired: first, refused: second, chooses },
        Kind::Clause => Counts::Asked { r#true: first, r#false: second },
        _ => Counts::Ran { count: first },
    };
    let kind = match item.kind {
        Kind::Stage => "stage",
        Kind::Trigger { .. } => "trigger",
        Kind::Rule => "rule",
        Kind::Clause => "clause",
        Kind::Statement => "statement",
        Kind::Branch(branch) => match branch {
            Branch::If => "if",
            Branch::Else => "else",
            Branch::Loop => "for",
            Branch::Answer => "answer",
            Branch::NoAnswer => "no-answer",
            Branch::Heard => "heard",
            Branch::TooLong => "too-long",
        },
    };
    let owner = item.owner.as_deref().filter(|_| item.kind != Kind::Rule);
    JsonItem { kind, line: item.line, column: item.column, text: &item.text, owner, counts }
}
