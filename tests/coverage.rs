//! `stagegate test --coverage` as its users see it, and its forms for machines read by readers of those forms.

#[path = "support/folder.rs"]
mod folder;

use folder::{shown, stdout};
use proptest::prelude::*;
use stagegate::compiler;
use stagegate::engine::counts::Counts;
use stagegate::testing::Suite;
use stagegate::testing::coverage::{Coverage, Plan, Share};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/coverage"))
}

fn test(args: &[&str]) -> Output {
    folder::run(folder(), &[&["test"], args].concat())
}

#[test]
fn the_table_says_what_was_never_seen() {
    insta::assert_snapshot!("table", shown(&test(&["shop.rules", "--coverage"])));
}

#[test]
fn a_filter_counts_only_what_it_leaves() {
    insta::assert_snapshot!(
        "filtered",
        shown(&test(&["--coverage", "shop.rules", "--filter", "another form"]))
    );
}

#[test]
fn too_little_fails() {
    let mut said = String::new();
    let cases: &[&[&str]] = &[
        &["people.rules", "--min-coverage", "0"],
        &["people.rules", "--min-coverage", "12.5"],
        &["people.rules", "--min-coverage", "90%", "--coverage"],
        &["people.rules", "--min-coverage", "101"],
        &["people.rules", "--min-coverage", "much"],
        &["people.rules", "--coverage", "htlm"],
        &["people.rules", "--coverage", "--coverage-output", "out.html"],
        &["people.rules", "--coverage", "json", "--format", "json"],
        &["people.rules", "--coverage", "lcov", "--coverage-output", "no/such/folder.info"],
    ];
    for case in cases {
        said.push_str(&format!("$ stagegate test {}\n{}\n", case.join(" "), shown(&test(case))));
    }
    insta::assert_snapshot!("too-little", said);
}

/// A share is not rounded before it is compared.
#[test]
fn a_share_is_compared_exactly() {
    let share = Share { seen: 13, all: 16 };
    assert_eq!(share.percent(), "81.2 %");
    for (percent, less) in
        [("81.25", false), ("81.2", false), ("81.2500000001", true), ("81.26", true), ("81.3", true)]
    {
        assert_eq!(share.is_less_than(percent.parse().expect("a number")), less, "{percent}");
    }
    let third = Share { seen: 1, all: 3 };
    assert!(!third.is_less_than("33.333333".parse().expect("a number")));
    assert!(third.is_less_than("33.333334".parse().expect("a number")));
    assert!(!Share::default().is_less_than("100".parse().expect("a number")));
}

#[test]
fn lcov_is_read_by_a_reader_of_lcov() {
    let output = test(&["shop.rules", "--coverage", "lcov"]);
    let text = stdout(&output);
    insta::assert_snapshot!("lcov", text);
    // The tests are told to people meanwhile.
    assert!(String::from_utf8_lossy(&output.stderr).contains("3 passed, 1 failed in shop.rules"));
    let report = lcov::Report::from_reader(lcov::Reader::new(text.as_bytes())).expect("a tracefile");
    let files: Vec<String> =
        report.sections.keys().map(|key| key.source_file.display().to_string()).collect();
    assert_eq!(files, ["people.rules", "shop.rules"]);
    // What it says of itself is what the reader counts.
    let mut records = BTreeMap::new();
    for record in lcov::Reader::new(text.as_bytes()) {
        use lcov::Record::*;
        let (name, count) = match record.expect("a record") {
            FunctionData { .. } => ("functions", 1),
            FunctionsFound { found } => ("functions", -i64::from(found)),
            BranchData { .. } => ("branches", 1),
            BranchesFound { found } => ("branches", -i64::from(found)),
            LineData { .. } => ("lines", 1),
            LinesFound { found } => ("lines", -i64::from(found)),
            _ => continue,
        };
        *records.entry(name).or_insert(0) += count;
    }
    assert_eq!(records, BTreeMap::from([("functions", 0), ("branches", 0), ("lines", 0)]));
    // Each line is one of the file, and holds something.
    let source = std::fs::read_to_string(folder().join("shop.rules")).expect("a file");
    for (key, section) in &report.sections {
        if key.source_file != Path::new("shop.rules") {
            continue;
        }
        for line in section.lines.keys() {
            let line = source.lines().nth(line.line as usize - 1).expect("a line");
            assert!(!line.trim().is_empty() && !line.trim_start().starts_with('#'), "{line:?}");
        }
    }
}

#[test]
fn json_is_one_object() {
    let output = test(&["shop.rules", "--coverage", "json"]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    insta::assert_snapshot!("json", stdout(&output));
    let mut all = 0;
    for file in object["files"].as_array().expect("files") {
        let items = file["items"].as_array().expect("items");
        let wanted = |item: &serde_json::Value| match item["kind"].as_str() {
            Some("clause") => 2,
            Some("trigger") => 1 + u64::from(item["chooses"] == true),
            Some(_) => 1,
            None => panic!("no kind"),
        };
        let sum: u64 = items.iter().map(wanted).sum();
        assert_eq!(file["all"], sum);
        all += sum;
        assert_eq!(file["seen"] == file["all"], file["never"].as_array().is_some_and(Vec::is_empty));
    }
    assert_eq!(object["all"], all);
}

#[test]
fn the_page_is_well_formed_and_stands_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("coverage.html");
    let output =
        test(&["shop.rules", "--coverage", "html", "--coverage-output", path.to_str().expect("UTF-8")]);
    assert!(stdout(&output).contains("3 passed, 1 failed"));
    let page = std::fs::read_to_string(&path).expect("a page");
    let (_, body) = page.split_once("</style>").expect("a style");
    insta::assert_snapshot!("page", body);
    let mut reader = quick_xml::Reader::from_str(&page);
    reader.config_mut().check_end_names = true;
    let (mut rows, mut ids, mut links) = (0, Vec::new(), Vec::new());
    loop {
        use quick_xml::events::Event;
        let event = reader.read_event().expect("well-formed");
        match &event {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("an attribute");
                    let value = String::from_utf8_lossy(&attribute.value).into_owned();
                    match attribute.key.as_ref() {
                        b"id" => ids.push(value),
                        b"href" => links.push(value),
                        b"src" => panic!("it loads something: {value}"),
                        _ => {}
                    }
                }
                rows += usize::from(tag.name().as_ref() == b"tr");
            }
            _ => {}
        }
    }
    assert!(rows > 100, "a row for each line");
    for link in links {
        let id = link.strip_prefix('#').expect("a link within the page");
        assert!(ids.iter().any(|other| other == id), "{link} leads nowhere");
    }
}

#[test]
fn programs_that_share_files_are_added() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
    write("people.rules", "user anna \"Anna\"\nuser bob \"Bob\"\nfn is_anna(u: user) -> bool = u == anna\n");
    let program = |who: &str| {
        format!(
            "use \"people.rules\"\nentity Card {{ who: user }}\naction tell {{ text: text }}\n\
             pipeline {who} for Card {{\n  stage A {{\n    rule r when is_anna(who) {{\n      tell {{ text: \"x\" }}\n    \
             }}\n  }}\n}}\ntest \"t\" {{\n  given card \"1\" {{ who: {who} }}\n}}\n"
        )
    };
    write("a.rules", &program("anna"));
    write("b.rules", &program("bob"));
    let said = folder::run(folder.path(), &["test", "--coverage"]);
    insta::assert_snapshot!("several", shown(&said));
}

/// The program of the fixture, and how its tests are run.
fn coverage_of(wanted: impl Fn(&str) -> bool) -> (Coverage, usize) {
    let loaded = compiler::load(&[folder().join("shop.rules")], &mut |path| std::fs::read(path));
    let model = compiler::check(&loaded).model.expect("a program without errors");
    let suite = Suite::counting(&model, &loaded.sources).expect("a suite");
    let plan = Plan::new(&loaded, &model, suite.program(), suite.sites().expect("it counts"));
    let mut counts = Counts::default();
    let outcomes = suite.run(wanted);
    outcomes.iter().for_each(|outcome| counts.add(&outcome.counts));
    (Coverage::of(&plan, &counts, &loaded.sources), outcomes.len())
}

const NAMES: [&str; 4] = [
    "a small order",
    "a large order asks for its price",
    "an urgent order that is paid at once, which nobody thanks for",
    "another form",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_coverage_of_two_halves_is_that_of_all(half in proptest::collection::vec(any::<bool>(), 4)) {
        let first = |name: &str| NAMES.iter().position(|n| *n == name).is_some_and(|at| half[at]);
        let (mut one, ran) = coverage_of(first);
        let (other, others) = coverage_of(|name| !first(name));
        let (all, of) = coverage_of(|_| true);
        prop_assert_eq!(ran + others, of);
        prop_assert_eq!(of, NAMES.len());
        one.add(other);
        prop_assert_eq!(one, all);
    }
}
