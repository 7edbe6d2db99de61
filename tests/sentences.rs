//! Rules in sentences: those of the examples as they are read, every construct of the language, and that what a rule
//! names is named in its sentences.

use proptest::prelude::*;
use stagegate::compiler;
use stagegate::model::Model;
use stagegate::sentences::{Speaker, Target};
use stagegate::source::Sources;
use stagegate::syntax::tree::ItemKind;
use std::fmt::Write;
use std::path::{Path, PathBuf};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

struct Program {
    model: Model,
    sources: Sources,
    constants: Vec<String>,
}

fn program(path: &Path) -> Program {
    let loaded = compiler::load(&[path.to_path_buf()], &mut |path| std::fs::read(path));
    let checked = compiler::check(&loaded);
    let model = checked.model.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), checked.diagnostics));
    let items = loaded.files.iter().flat_map(|file| &file.items);
    let constants = items.filter_map(|item| match &item.kind {
        ItemKind::Const { name, .. } => Some(name.text.to_string()),
        _ => None,
    });
    Program { model, constants: constants.collect(), sources: loaded.sources }
}

impl Program {
    /// All that is said of it.
    fn said(&self) -> String {
        let speaker = Speaker::new(&self.model, &self.sources, self.constants.clone());
        let mut out = String::new();
        for function in &self.model.functions {
            write!(out, "function {}\n{}", function.name, speaker.function(function).plain())
                .expect("a text");
        }
        for pipeline in &self.model.pipelines {
            writeln!(out, "\n# {}", pipeline.label).expect("a text");
            for stage in pipeline.stages.iter().map(|id| &self.model.stages[id.index()]) {
                writeln!(out, "\n## {}\n", stage.label).expect("a text");
                for trigger in &stage.triggers {
                    out.push_str(&speaker.trigger(stage, trigger).plain());
                }
                let mut above = None;
                for rule in &stage.rules {
                    said(&speaker, rule, above, &mut out);
                    above = Some(rule.id);
                }
            }
            if !pipeline.rules.is_empty() {
                writeln!(out, "\n## In every stage\n").expect("a text");
            }
            pipeline.rules.iter().for_each(|rule| said(&speaker, rule, None, &mut out));
        }
        for test in &self.model.tests {
            writeln!(out, "\n{}", test.name).expect("a text");
            speaker.test(test).iter().for_each(|step| out.push_str(&step.plain()));
        }
        out
    }
}

fn said(
    speaker: &Speaker,
    rule: &stagegate::model::Rule,
    above: Option<stagegate::value::RuleId>,
    out: &mut String,
) {
    let words = speaker.rule(rule.id, above).expect("the rule is there");
    writeln!(out, "\n{} ({})", rule.label.as_deref().unwrap_or("-"), rule.name).expect("a text");
    out.push_str(&words.point.plain());
    words.notes.iter().for_each(|note| writeln!(out, "  ({})", note.plain()).expect("a text"));
}

fn rules_in(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rules"));
    files.sort();
    files
}

#[test]
fn the_examples_are_read_with_pleasure() {
    for name in ["sales", "leads", "orders", "support"] {
        let path = Path::new(ROOT).join("examples").join(name).join(format!("{name}.rules"));
        insta::assert_snapshot!(format!("example-{name}"), program(&path).said());
    }
}

/// Every construct of the language, in programs made for it.
#[test]
fn everything_has_words() {
    for path in rules_in(&Path::new(ROOT).join("tests/sentences")) {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        insta::assert_snapshot!(format!("words-{name}"), program(&path).said());
    }
}

// --- properties ------------------------------------------------------------------------------------------

/// Every program of the test folders that has no errors.
fn corpus() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(ROOT).join("tests"), Path::new(ROOT).join("examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false if path.extension().is_some_and(|extension| extension == "rules") => found.push(path),
                false => {}
            }
        }
    }
    found.sort();
    found
}

/// The numbers of what a part of the model names, by how it is written there.
fn numbers(text: &str, pattern: &str) -> Vec<usize> {
    let pattern = regex::Regex::new(pattern).expect("a pattern");
    pattern.captures_iter(text).map(|found| found[1].parse().expect("a number")).collect()
}

/// What the model of a rule or trigger names, and its sentences do not.
fn unnamed(model: &Model, entity: usize, written: &str, targets: &[Target], said: &str) -> Vec<String> {
    let mut missing = Vec::new();
    for field in numbers(written, r"\b(?:Field|Old)\(FieldId\((\d+)\)\)") {
        let name = model.schema.entities[entity].fields[field].name.replace('_', " ");
        if !said.contains(name.trim()) {
            missing.push(format!("field {name}"));
        }
    }
    for stage in numbers(written, r"(?:Stage|Move)\(StageId\((\d+)\)\)") {
        let label = &model.stages[stage].label;
        if !said.contains(&**label) {
            missing.push(format!("stage {label}"));
        }
    }
    for output in numbers(written, r"Output\(OutputId\((\d+)\)\)") {
        if !targets.contains(&Target::Rule(model.outputs[output].rule)) {
            missing.push(format!("the rule of output {output}"));
        }
    }
    for action in numbers(written, r"action: ActionId\((\d+)\)") {
        if !targets.contains(&Target::Action(stagegate::value::ActionId(action as u16))) {
            missing.push(format!("action {action}"));
        }
    }
    for event in numbers(written, r"event: EventId\((\d+)\)") {
        if !targets.contains(&Target::Event(stagegate::value::EventId(event as u16))) {
            missing.push(format!("event {event}"));
        }
    }
    missing
}

#[test]
fn what_a_rule_names_its_sentences_name() {
    let (mut missing, mut programs) = (Vec::new(), 0);
    for path in corpus() {
        let loaded = compiler::load(std::slice::from_ref(&path), &mut |path| std::fs::read(path));
        let Some(model) = compiler::check(&loaded).model else { continue };
        programs += 1;
        let speaker = Speaker::new(&model, &loaded.sources, []);
        let mut note = |what: &str, name: &str, of: Vec<String>| {
            missing.extend(
                of.into_iter().map(|m| format!("{}: {what} {name} does not name {m}", path.display())),
            );
        };
        for stage in &model.stages {
            let entity = model.pipelines[stage.pipeline.index()].entity.index();
            for trigger in &stage.triggers {
                let point = speaker.trigger(stage, trigger);
                let written = format!("{:?} {:?}", trigger.events, trigger.when);
                let mut targets = Vec::new();
                point.targets(&mut targets);
                note(
                    "a trigger of",
                    &stage.name,
                    unnamed(&model, entity, &written, &targets, &point.plain()),
                );
            }
        }
        let of_stages =
            model.stages.iter().flat_map(|stage| stage.rules.iter().map(|rule| (stage.pipeline, rule)));
        let of_pipelines =
            model.pipelines.iter().flat_map(|pipeline| pipeline.rules.iter().map(|rule| (pipeline.id, rule)));
        for (pipeline, rule) in of_stages.chain(of_pipelines) {
            let entity = model.pipelines[pipeline.index()].entity.index();
            let words = speaker.rule(rule.id, None).expect("the rule is there");
            let said = words.point.plain() + &words.notes.iter().map(|note| note.plain()).collect::<String>();
            let mut targets = Vec::new();
            words.targets(&mut targets);
            note("rule", &rule.name, unnamed(&model, entity, &format!("{rule:?}"), &targets, &said));
        }
        model.functions.iter().for_each(|function| assert!(!speaker.function(function).plain().is_empty()));
        model
            .tests
            .iter()
            .for_each(|test| speaker.test(test).iter().for_each(|step| assert!(!step.text.is_empty())));
    }
    assert!(programs > 50, "only {programs} programs were read");
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// A condition, and what must be named in its sentence.
fn condition() -> impl Strategy<Value = (String, Vec<&'static str>)> {
    let leaf = prop_oneof![
        Just(("amount > 5 EUR", "amount")),
        Just(("delivery_date is set", "delivery date")),
        Just(("urgent", "urgent")),
        Just(("not (title contains \"x\")", "title")),
        Just(("count between 1 and 9", "count")),
        Just(("source in [web, phone]", "source")),
        Just(("tags contains \"hot\"", "tags")),
        Just(("observers.any(x => x.department == sales)", "observers")),
        Just(("(if urgent then count else 3) > 2", "count")),
    ];
    leaf.prop_map(|(text, name)| (text.to_owned(), vec![name])).prop_recursive(5, 24, 3, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.prop_map(|(text, names)| (format!("not ({text})"), names)),
            (two, any::<bool>()).prop_map(|(((a, mut names), (b, more)), all)| {
                names.extend(more);
                (format!("({a}) {} ({b})", if all { "and" } else { "or" }), names)
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_condition_is_said((text, names) in condition()) {
        let program = format!(
            "currency EUR\nenum Source {{ web, phone }}\ndepartment sales\naction tell {{ to: department }}\n\
             entity Deal {{ title: text, amount: money, count: int = 0, urgent: bool = false, source: Source?,\n\
             delivery_date: date?, tags: list of text = [], observers: list of user = [] }}\n\
             pipeline P for Deal {{ stage A {{}} stage B {{ trigger on change of title when {text}\n\
             rule r when {text} {{ if {text} {{ tell {{ to: sales }} }} wait for change of title when {text} }} }} }}\n"
        );
        let loaded = compiler::load(&["p.rules".into()], &mut |_| Ok(program.as_bytes().to_vec()));
        let checked = compiler::check(&loaded);
        let model = checked.model.unwrap_or_else(|| panic!("{text}: {:#?}", checked.diagnostics));
        let speaker = Speaker::new(&model, &loaded.sources, []);
        let stage = &model.stages[1];
        let trigger = speaker.trigger(stage, &stage.triggers[0]).plain();
        let rule = speaker.rule(stage.rules[0].id, None).expect("it is there").point.plain();
        for name in names {
            prop_assert!(trigger.contains(name), "{} is not in {}", name, trigger);
            prop_assert!(rule.matches(name).count() >= 3, "{} is not in {}", name, rule);
        }
    }
}
