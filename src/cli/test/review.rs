//! `stagegate test --review`: the scenarios that differ from their snapshots, one after the other, for somebody at a
//! terminal to decide.

use super::super::exit::{self, Failure};
use super::super::input::Style;
use super::scenarios::{Decided, Tested};
use super::shown;
use std::io::{self, IsTerminal};

/// What somebody answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accept,
    Reject,
    Skip,
    Quit,
}

impl Answer {
    fn of(key: char) -> Option<Answer> {
        Some(match key.to_ascii_lowercase() {
            'a' | 'y' => Answer::Accept,
            'r' | 'n' => Answer::Reject,
            's' => Answer::Skip,
            'q' | '\u{1b}' => Answer::Quit,
            _ => return None,
        })
    }
}

const QUESTION: &str = "[a]ccept  [r]eject  [s]kip  [q]uit? ";

/// # Errors
/// If nobody is there to answer.
pub(super) fn refuse_without_terminal() -> Result<(), Failure> {
    if io::stdin().is_terminal() && io::stderr().is_terminal() {
        return Ok(());
    }
    let message = "--review asks at a terminal, and there is none here: `stagegate test` shows what differs, and \
                   `stagegate test --accept` takes it";
    Err(Failure::usage(message))
}

/// Asks for each that differs.
///
/// # Errors
/// If there is no answer, or a snapshot cannot be written.
pub(super) fn review(pending: Vec<&mut Tested>, style: Style) -> Result<(), Failure> {
    let terminal = console::Term::stderr();
    ask(pending, style, &mut || terminal.read_char(), &mut |text| exit::say(text))
}

fn ask(
    pending: Vec<&mut Tested>,
    style: Style,
    key: &mut dyn FnMut() -> io::Result<char>,
    say: &mut dyn FnMut(&str),
) -> Result<(), Failure> {
    let all = pending.len();
    if all == 0 {
        say("nothing to review: every scenario goes as its snapshot says\n");
        return Ok(());
    }
    let mut quit = false;
    for (number, tested) in pending.into_iter().enumerate() {
        if quit {
            tested.decided = Some(Decided::Later);
            continue;
        }
        let diff = shown::diff(tested, style.color).unwrap_or_default();
        let what = tested.message().map(|(_, message)| message).unwrap_or_default();
        say(&format!("{} of {all}: {}: {what}\n\n{diff}\n{QUESTION}", number + 1, tested.name()));
        let answer = loop {
            let pressed = key().map_err(|error| {
                say("\n");
                Failure::usage(format!("there is no answer: {}", exit::plain(&error)))
            })?;
            match Answer::of(pressed) {
                Some(answer) => break answer,
                None => say("\na, r, s or q? "),
            }
        };
        let done = match answer {
            Answer::Accept => {
                tested.accept()?;
                "accepted"
            }
            Answer::Reject => {
                tested.decided = Some(Decided::Rejected);
                "rejected: the snapshot stays, the rules are to be mended"
            }
            Answer::Skip => {
                tested.decided = Some(Decided::Later);
                "left for later"
            }
            Answer::Quit => {
                tested.decided = Some(Decided::Later);
                quit = true;
                "left for later, with all that follow"
            }
        };
        say(&format!("{done}\n\n"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::scenarios::{Came, Files};
    use super::*;
    use std::path::Path;

    fn pending(folder: &Path, names: &[&str]) -> Vec<Tested> {
        let tested = |name: &&str| {
            let events = folder.join(format!("{name}.events.jsonl"));
            let files = Files { name: format!("tests/{name}"), events };
            let now = format!("# What happens in {name}\n\nnow\n");
            Tested { files, came: Came::New { now }, decided: None, counts: Default::default() }
        };
        names.iter().map(tested).collect()
    }

    /// Answers with these keys, until there are no more.
    fn answer(tested: &mut [Tested], keys: &str) -> (Result<(), Failure>, String) {
        let mut keys = keys.chars();
        let mut said = String::new();
        let style = Style::plain(80);
        let mut key = || keys.next().ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof));
        let result = ask(tested.iter_mut().collect(), style, &mut key, &mut |text| said.push_str(text));
        (result, said)
    }

    #[test]
    fn each_answer_does_what_it_says() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tested = pending(folder.path(), &["a", "b", "c", "d", "e"]);
        // Another key is no answer.
        let (result, said) = answer(&mut tested, "xarsq");
        assert!(result.is_ok());
        assert!(said.contains("1 of 5: tests/a: ") && said.contains("\na, r, s or q? "), "{said}");
        assert!(said.contains("4 of 5") && !said.contains("5 of 5"), "{said}");
        let decided: Vec<Option<Decided>> = tested.iter().map(|tested| tested.decided).collect();
        let later = Some(Decided::Later);
        assert_eq!(decided, [None, Some(Decided::Rejected), later, later, later]);
        let written: Vec<bool> = tested.iter().map(|tested| tested.files.snapshot().exists()).collect();
        assert_eq!(written, [true, false, false, false, false]);
        assert!(tested[0].passed() && !tested[1].passed() && !tested[2].passed());
    }

    #[test]
    fn without_an_answer_nothing_is_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut tested = pending(folder.path(), &["a"]);
        let (result, _) = answer(&mut tested, "");
        assert!(result.is_err());
        assert!(!tested[0].files.snapshot().exists());
    }

    #[test]
    fn with_nothing_to_ask_it_says_so() {
        let (result, said) = answer(&mut [], "");
        assert!(result.is_ok());
        assert_eq!(said, "nothing to review: every scenario goes as its snapshot says\n");
    }
}
