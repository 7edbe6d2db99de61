//! A scenario that failed, as people see it: what is wrong with its events, or how it differs from its snapshot.

use super::super::input::{self, Style};
use super::super::unified;
use super::scenarios::{Came, Decided, Tested, body};
use crate::diagnostic::{Rendered, render};

/// What is said of a scenario behind its name.
pub(super) fn note(scenario: &Tested) -> &'static str {
    match scenario.decided {
        Some(Decided::Rejected) => return "  (rejected)",
        Some(Decided::Later) => return "  (left for later)",
        None => {}
    }
    match &scenario.came {
        Came::Accepted { new: true } => "  (snapshot written)",
        Came::Accepted { new: false } => "  (snapshot written again)",
        Came::New { .. } => "  (no snapshot yet)",
        Came::Same | Came::Changed { .. } | Came::Broken { .. } => "",
    }
}

/// Why a scenario failed, with all that helps.
pub(super) fn failure(scenario: &Tested, style: Style) -> String {
    let Some((code, message)) = scenario.message() else { return String::new() };
    let name = scenario.name();
    if let Came::Broken { problems, sources } = &scenario.came {
        let how = Rendered { color: style.color, width: style.width };
        let drawn: Vec<String> =
            problems.iter().map(|problem| format!("{name}: {}", render(problem, sources, how))).collect();
        return drawn.join("\n");
    }
    let cross = if style.color { "\u{1b}[31m×\u{1b}[0m" } else { "×" };
    let diff = diff(scenario, style.color).unwrap_or_default();
    let help = match &scenario.came {
        Came::New { .. } => "if this is what should happen, `stagegate test --accept` writes the snapshot",
        _ => "if this is what should happen now, `stagegate test --accept` writes the snapshot again",
    };
    format!("{name}: {}\n\n  {cross} {message}\n\n{diff}\n  help: {help}\n", code.id())
}

/// How it differs from its snapshot.
pub(super) fn diff(scenario: &Tested, colored: bool) -> Option<String> {
    let now = scenario.now()?;
    let snapshot = input::shown(&scenario.files.snapshot());
    Some(match &scenario.came {
        // The head differs by no more than who wrote it.
        Came::Changed { old, .. } => {
            let head = &old[..old.len() - body(old).len()];
            let now = format!("{head}{}", body(now));
            unified::diff([&snapshot, "what happens now"], [old, &now], colored)
        }
        _ => unified::diff(["no snapshot", "what happens now"], ["", now], colored),
    })
}
