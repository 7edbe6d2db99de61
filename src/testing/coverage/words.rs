//! What no test has seen, in words.

use super::{Branch, FileCoverage, Item, Kind};
use std::collections::{HashMap, HashSet};

/// Something that was never seen, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    pub line: usize,
    pub column: usize,
    pub words: String,
}

impl FileCoverage {
    /// What was never seen, in the order of the text. What follows from another thing that was never seen (a clause in a
    /// rule that never ran) is left out.
    pub fn unseen(&self) -> Vec<Unseen> {
        let items = || self.items.values();
        let missing = |item: &&Item| item.share().seen < item.share().all;
        let stages: HashSet<(&Option<String>, &Option<String>)> = items()
            .filter(|item| item.kind == Kind::Stage && item.counts[0] == 0)
            .map(|stage| (&stage.pipeline, &stage.stage))
            .collect();
        let idle: HashSet<&String> = items()
            .filter(|item| item.kind == Kind::Rule && item.counts[0] == 0)
            .filter_map(|rule| rule.owner.as_ref())
            .collect();
        let mut rules_of_stage: HashMap<(&Option<String>, &Option<String>), usize> = HashMap::new();
        for rule in items().filter(|item| item.kind == Kind::Rule && item.stage.is_some()) {
            *rules_of_stage.entry((&rule.pipeline, &rule.stage)).or_default() += 1;
        }
        let follows = |item: &Item| match item.kind {
            Kind::Stage | Kind::Trigger { .. } => false,
            // What decides about a rule is told beside it, where it was asked at all.
            _ => {
                (item.stage.is_some() && stages.contains(&(&item.pipeline, &item.stage)))
                    || item.kind != Kind::Rule
                        && item.owner.as_ref().is_some_and(|owner| idle.contains(owner))
                        && (item.in_body || item.counts == [0, 0])
            }
        };
        let mut unseen = Vec::new();
        for item in items().filter(missing).filter(|item| !follows(item)) {
            let rules = rules_of_stage.get(&(&item.pipeline, &item.stage)).copied().unwrap_or(0);
            for words in item.unseen(rules) {
                unseen.push(Unseen { line: item.line, column: item.column, words });
            }
        }
        unseen
    }
}

impl Item {
    /// What of it was never seen: of each of its counts that is missing. `rules` stand in the stage that it is.
    fn unseen(&self, rules: usize) -> Vec<String> {
        let text = &self.text;
        let within = self.owner.as_ref().map(|owner| format!(", in {owner}")).unwrap_or_default();
        let [first, second] = self.counts;
        let one = |words: String| vec![words];
        match self.kind {
            Kind::Stage => one(match rules {
                0 => format!("no record ever came to stage `{text}`"),
                1 => format!("no record ever came to stage `{text}`: its rule never ran"),
                n => format!("no record ever came to stage `{text}`: its {n} rules never ran"),
            }),
            Kind::Trigger { choosy } => match (first, second) {
                (0, 0) => one(format!("trigger {text} never fired: nothing came that it listens to")),
                (0, _) => one(format!("trigger {text} never fired")),
                (_, 0) if choosy => {
                    one(format!("trigger {text} never refused: each time something came, it fired"))
                }
                _ => Vec::new(),
            },
            Kind::Rule => one(format!("rule `{text}` never ran")),
            Kind::Branch(branch) => one(match branch {
                Branch::If => format!("what `if {text}` leads to never ran{within}"),
                Branch::Else => format!("the `else` of `if {text}` never ran{within}"),
                Branch::Loop => format!("`{text}` never had anything to go through{within}"),
                Branch::Answer => format!("`{text}` never got an answer{within}"),
                Branch::NoAnswer => format!("`{text}` always got an answer: its `else` never ran{within}"),
                Branch::Heard => format!("`{text}` never heard what it waits for{within}"),
                Branch::TooLong => format!("`{text}` never took too long: its `else` never ran{within}"),
            }),
            Kind::Clause => match (first, second) {
                (0, 0) => one(format!("`{text}` was never asked{within}")),
                (0, _) => one(format!("`{text}` was never true{within}")),
                (_, 0) => one(format!("`{text}` was never false{within}")),
                _ => Vec::new(),
            },
            Kind::Statement => Vec::new(),
        }
    }
}
