//! `-A`, `-W`, `-D` and `# stagegate: allow(…)`.

use crate::case::Case;
use stagegate::compiler;

/// With the warning `unknown_warning` in its second line.
const WARNS: &str = "user anna\n# stagegate: allow(unusedd)\nuser bert\n";

#[test]
fn warnings_alone_are_no_failure_and_denied_they_are() {
    let case = Case::new(&[("a.rules", WARNS)]);
    let exit = |flags: &[&str]| case.exit(&[&["check", "a.rules"], flags].concat());
    assert_eq!(exit(&[]), Some(0));
    assert_eq!(exit(&["--deny", "warnings"]), Some(1));
    assert_eq!(exit(&["-D", "unknown_warning"]), Some(1));
    assert_eq!(exit(&["-Dmisplaced_allow"]), Some(0));
    // The later counts.
    assert_eq!(exit(&["-D", "warnings", "-A", "unknown_warning"]), Some(0));
    assert_eq!(exit(&["-A", "unknown_warning", "-D", "warnings"]), Some(1));
    assert_eq!(exit(&["-D", "warnings", "-W", "misplaced_allow,unknown_warning"]), Some(0));
}

#[test]
fn what_is_said_with_levels() {
    let case = Case::new(&[("a.rules", WARNS)]);
    let mut shown = String::new();
    for flags in [
        &[][..],
        &["-D", "warnings"],
        &["-A", "unknown_warning"],
        &["-A", "unknown_warnings"],
        &["-D", "E0301"],
        &["-W", "e"],
    ] {
        shown.push_str(&format!(
            "$ check {}\n{}\n",
            flags.join(" "),
            case.shown(&[&["check", "a.rules"], flags].concat())
        ));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_denied_warning_keeps_a_program_from_being_compiled_and_run() {
    let case = Case::new(&[("a.rules", WARNS), ("events.jsonl", "")]);
    assert_eq!(case.exit(&["compile", "a.rules", "-D", "warnings"]), Some(1));
    assert!(!case.folder.path().join("a.stagegate").exists());
    assert_eq!(case.exit(&["run", "a.rules", "events.jsonl", "-D", "warnings"]), Some(1));
    assert_eq!(case.exit(&["compile", "a.rules", "-A", "warnings"]), Some(0));
    assert_eq!(case.exit(&["run", "a.rules", "events.jsonl"]), Some(0));
}

/// The warnings of a program of one file.
fn warnings(text: &str) -> Vec<String> {
    let loaded = compiler::load(&["a.rules".into()], &mut |_| Ok(text.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    let place = |d: &stagegate::diagnostic::Diagnostic| loaded.sources.position(d.span()).line;
    checked.diagnostics.iter().map(|d| format!("{} in line {}", d.code.id(), place(d))).collect()
}

/// A comment that is itself wrong shows how far an `allow` reaches.
#[test]
fn an_allow_reaches_as_far_as_what_it_stands_over() {
    let inner = "# stagegate: allow(nothing_like_it)";
    let program = |head: &str, over_pipeline: &str, over_stage: &str, over_rule: &str, behind: &str| {
        format!(
            "{head}\nentity E {{ n: int }}\n{over_pipeline}\npipeline P for E {{\n{over_stage}\nstage A {{ {behind}\n\
             {over_rule}\n## Doc.\nrule r {{\n{inner}\nset n = 1\n}}\n}}\n{inner}\nstage B {{ }}\n}}\n\
             {inner}\nuser u\n"
        )
    };
    let allow = "# stagegate: allow(unknown_warning)";
    let lines = |program: String| -> Vec<String> {
        let all = warnings(&program);
        all.iter().filter_map(|w| w.strip_prefix("unknown_warning in line ")).map(str::to_owned).collect()
    };
    assert_eq!(lines(program("", "", "", "", "")), ["10", "14", "17"]);
    assert_eq!(lines(program(allow, "", "", "", "")), [""; 0]);
    assert_eq!(lines(program("", allow, "", "", "")), ["17"]);
    assert_eq!(lines(program("", "", allow, "", "")), ["14", "17"]);
    assert_eq!(lines(program("", "", "", allow, "")), ["14", "17"]);
    assert_eq!(lines(program("", "", "", "", allow)), ["14", "17"]);
    assert_eq!(lines(program("", "", "", "# stagegate: allow(unused, unknown_warning)", "")), ["14", "17"]);
    assert_eq!(lines(program("", "", "# stagegate: allow(warnings)\n# Because.\n", "", "")), ["16", "19"]);
    assert_eq!(lines(program("", "", "", "", "# stagegate: allow(unused)")), ["10", "14", "17"]);
}

#[test]
fn an_allow_in_the_text_wins_over_the_command_line() {
    let text = format!("# stagegate: allow(unknown_warning)\n{WARNS}");
    let case = Case::new(&[("a.rules", &text)]);
    assert_eq!(case.exit(&["check", "a.rules", "-D", "warnings"]), Some(0));
}

#[test]
fn an_allow_over_what_cannot_be_read_is_not_blamed() {
    assert_eq!(
        warnings("user a\n# stagegate: allow(unused)\nuser\nuser b\n# stagegate: allow(unused)\n"),
        ["E0126 in line 3"]
    );
}
