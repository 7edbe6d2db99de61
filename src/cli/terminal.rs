//! The terminal: whether there is one, how wide it is, whether it takes colours; tables that fit it, and the pager.

use super::exit::Failure;
use super::{Color, input};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// Narrower than this nothing can be laid out.
const NARROWEST: usize = 40;
/// Longer lines are hard to read.
const WIDEST: usize = 120;
/// Where there is no terminal.
const DEFAULT: usize = 100;

/// What is written to, and how.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    pub color: bool,
    pub width: usize,
}

impl Screen {
    /// Standard output.
    pub fn stdout(color: Color) -> Screen {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let columns = if terminal { terminal_size::terminal_size_of(stdout) } else { None };
        Screen::new(color, terminal, columns.map(|(width, _)| width.0))
    }

    /// Standard error.
    pub fn stderr(color: Color) -> Screen {
        let stderr = io::stderr();
        let terminal = stderr.is_terminal();
        let columns = if terminal { terminal_size::terminal_size_of(stderr) } else { None };
        Screen::new(color, terminal, columns.map(|(width, _)| width.0))
    }

    fn new(color: Color, terminal: bool, columns: Option<u16>) -> Screen {
        let width = columns.filter(|width| *width > 0).map(usize::from);
        let width = width.map_or(DEFAULT, |width| width.clamp(NARROWEST, WIDEST));
        Screen { color: colored(color, terminal, |name| std::env::var(name).ok()), width }
    }

    /// A text in a colour, by its number of the terminal.
    pub fn paint(self, code: &str, text: &str) -> String {
        if self.color && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}

/// Whether to use colours: as it was said, else as the environment wants it, else on a terminal that knows them.
fn colored(color: Color, terminal: bool, variable: impl Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).filter(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if set("NO_COLOR").is_some() => false,
        Color::Auto if set("CLICOLOR_FORCE").is_some_and(|value| value != "0") => true,
        Color::Auto if set("CLICOLOR").is_some_and(|value| value == "0") => false,
        Color::Auto => terminal && set("TERM").is_none_or(|value| value != "dumb"),
    }
}

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    Left,
    /// For numbers.
    Right,
}

/// Where a colour begins and ends in a cell while the table is laid out: characters of no width, which no terminal shows.
const BEGINS: char = '\u{2063}';
const ENDS: char = '\u{2062}';

/// A table that is no wider than `width`: what does not fit is broken into lines. Cells may be painted, as a whole.
pub fn table(columns: &[(&str, Column)], rows: &[Vec<String>], width: usize) -> String {
    use comfy_table::{Cell, CellAlignment, ContentArrangement, Table};
    let colors = std::cell::RefCell::new(std::collections::VecDeque::new());
    let marked = |text: &str| match text.strip_prefix("\u{1b}[").and_then(|rest| rest.split_once('m')) {
        Some((code, rest)) => {
            colors.borrow_mut().push_back(format!("\u{1b}[{code}m"));
            format!("{BEGINS}{}{ENDS}", rest.trim_end_matches("\u{1b}[0m"))
        }
        None => text.replace([BEGINS, ENDS], ""),
    };
    let mut table = Table::new();
    table.load_preset(comfy_table::presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table.set_width(u16::try_from(width).unwrap_or(u16::MAX));
    let cell = |at: usize, text: &str| {
        let right = columns.get(at).is_some_and(|(_, column)| *column == Column::Right);
        Cell::new(marked(text)).set_alignment(if right { CellAlignment::Right } else { CellAlignment::Left })
    };
    if columns.iter().any(|(title, _)| !title.is_empty()) {
        table.set_header(columns.iter().enumerate().map(|(at, (title, _))| cell(at, title)));
    }
    for row in rows {
        table.add_row(row.iter().enumerate().map(|(at, text)| cell(at, text)));
    }
    // Two blanks between columns, none at the sides.
    let last = columns.len().saturating_sub(1);
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if at == last { 0 } else { 2 }));
    }
    let text = table.to_string();
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        for c in line.trim_end().chars() {
            match c {
                // Cells begin in the order in which they were given.
                BEGINS => out.push_str(&colors.borrow_mut().pop_front().unwrap_or_default()),
                ENDS => out.push_str("\u{1b}[0m"),
                c => out.push(c),
            }
        }
        out.push('\n');
    }
    out
}

/// `--no-pager` was given.
static NO_PAGER: OnceLock<()> = OnceLock::new();

pub fn without_pager() {
    let _ = NO_PAGER.set(());
}

/// Writes a long result to standard output: by a pager, as git does, where that is a terminal.
///
/// # Errors
/// As [`input::print`]. A pager that ends early, or that cannot be started, is no error.
pub fn page(text: &str) -> Result<(), Failure> {
    let stdout = io::stdout();
    if NO_PAGER.get().is_some() || !stdout.is_terminal() {
        return input::print(text);
    }
    let height = terminal_size::terminal_size_of(&stdout).map_or(0, |(_, height)| usize::from(height.0));
    let Some(pager) = pager(|name| std::env::var(name).ok()) else { return input::print(text) };
    // What is on the screen at once needs none.
    if text.lines().count() < height {
        return input::print(text);
    }
    if paged(&pager, text) { Ok(()) } else { input::print(text) }
}

/// The pager that is wanted; `None` if none is.
fn pager(variable: impl Fn(&str) -> Option<String>) -> Option<String> {
    let wanted = ["STAGEGATE_PAGER", "PAGER"].into_iter().find_map(&variable);
    let pager = wanted.unwrap_or_else(|| "less".to_owned());
    let pager = pager.trim();
    (!pager.is_empty() && pager != "cat").then(|| pager.to_owned())
}

/// Whether a pager took the text, be it only its beginning.
fn paged(pager: &str, text: &str) -> bool {
    // Its name may come with flags, and is a matter of the shell, as for git.
    let first = pager.split_whitespace().next().unwrap_or_default();
    let plain = first.chars().all(|c| c.is_alphanumeric() || "/._-+".contains(c));
    if plain && !is_there(first) {
        return false;
    }
    let mut command = if cfg!(windows) {
        let mut words = pager.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", pager]);
        command
    };
    // One screen is left at once, colours are shown, and the text stays when it ends.
    if std::env::var_os("LESS").is_none() {
        command.env("LESS", "FRX");
    }
    if std::env::var_os("LV").is_none() {
        command.env("LV", "-c");
    }
    let Ok(mut child) = command.stdin(Stdio::piped()).spawn() else { return false };
    if let Some(mut stdin) = child.stdin.take() {
        // Who has read enough goes away.
        let _ = stdin.write_all(text.as_bytes());
    }
    match child.wait() {
        // Of the shell: there is no such command, or it cannot be run.
        Ok(status) => !matches!(status.code(), Some(126 | 127)),
        Err(_) => true,
    }
}

/// Whether there is such a program.
fn is_there(name: &str) -> bool {
    if name.contains('/') || cfg!(windows) {
        return cfg!(windows) || Path::new(name).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_used_where_they_are_wanted() {
        let with = |set: &'static [(&str, &str)]| {
            move |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned())
        };
        let decide = |color, terminal, set: &'static [(&str, &str)]| colored(color, terminal, with(set));
        assert!(decide(Color::Auto, true, &[]));
        assert!(!decide(Color::Auto, false, &[]));
        assert!(!decide(Color::Auto, true, &[("NO_COLOR", "1")]));
        assert!(decide(Color::Auto, true, &[("NO_COLOR", "")]));
        assert!(decide(Color::Auto, false, &[("CLICOLOR_FORCE", "1")]));
        assert!(!decide(Color::Auto, false, &[("CLICOLOR_FORCE", "0")]));
        assert!(!decide(Color::Auto, true, &[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]));
        assert!(!decide(Color::Auto, true, &[("CLICOLOR", "0")]));
        assert!(!decide(Color::Auto, true, &[("TERM", "dumb")]));
        assert!(decide(Color::Always, false, &[("NO_COLOR", "1")]));
        assert!(!decide(Color::Never, true, &[("CLICOLOR_FORCE", "1")]));
    }

    #[test]
    fn the_pager_is_the_first_that_is_named() {
        let with = |set: &'static [(&str, &str)]| {
            pager(move |name| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned()))
        };
        assert_eq!(with(&[]).as_deref(), Some("less"));
        assert_eq!(with(&[("PAGER", "more -s")]).as_deref(), Some("more -s"));
        assert_eq!(with(&[("PAGER", "more"), ("STAGEGATE_PAGER", "most")]).as_deref(), Some("most"));
        assert_eq!(with(&[("PAGER", "more"), ("STAGEGATE_PAGER", "")]), None);
        assert_eq!(with(&[("PAGER", "cat")]), None);
    }

    #[test]
    fn a_table_fits_where_it_stands() {
        let rows = vec![
            vec!["rule Sales.New.welcome".to_owned(), "notify".to_owned(), "12".to_owned()],
            vec!["rule Sales.Won.tell_everybody_about_it".to_owned(), "post".to_owned(), "3".to_owned()],
        ];
        let columns = [("rule", Column::Left), ("what", Column::Left), ("new", Column::Right)];
        let wide = table(&columns, &rows, 80);
        let expected = "\
rule                                    what    new
rule Sales.New.welcome                  notify   12
rule Sales.Won.tell_everybody_about_it  post      3
";
        assert_eq!(wide, expected);
        let painted = |text: &String| format!("\u{1b}[32m{text}\u{1b}[0m");
        let painted: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(painted).collect()).collect();
        let head = columns.map(|(name, column)| (format!("\u{1b}[1m{name}\u{1b}[0m"), column));
        let head: Vec<(&str, Column)> = head.iter().map(|(name, column)| (name.as_str(), *column)).collect();
        for width in [40, 80] {
            let colored = table(&head, &painted, width);
            assert_eq!(console::strip_ansi_codes(&colored), table(&columns, &rows, width));
            assert_eq!(colored.matches("\u{1b}[32m").count(), 6);
            assert_eq!(colored.matches("\u{1b}[1m").count(), 3);
        }
        assert!(table(&head, &painted, 80).contains("\u{1b}[32m12\u{1b}[0m"));
        for width in [20, 30, 40] {
            let narrow = table(&columns, &rows, width);
            assert!(narrow.lines().all(|line| line.chars().count() <= width), "{width}: {narrow}");
            assert!(narrow.contains("12"), "{narrow}");
        }
    }
}
