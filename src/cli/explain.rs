//! `stagegate explain`: what a message means, with a wrong and a right program.

use super::Color;
use super::Result;
use super::exit::Exit;
use super::terminal::{Screen, page};
use crate::diagnostic::{Code, suggest};

/// Explain what a message of the checker means.
///
/// For every code and every warning there is a page: what it means, a wrong program, the right one, and why it is so.
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  \
    stagegate explain E0201\n  \
    stagegate explain shadowed_trigger\n  \
    stagegate explain                 lists all codes and warnings")]
pub struct Args {
    /// Codes, as `E0201`, and names of warnings. Left out: all of them are listed.
    #[arg(value_name = "CODE", value_parser = code)]
    codes: Vec<Code>,
}

fn code(text: &str) -> std::result::Result<Code, String> {
    // `201` and `e201` too: the letter and the noughts are easily forgotten.
    let digits = text.strip_prefix(['E', 'e']).unwrap_or(text);
    let digits = Some(digits).filter(|digits| (1..=4).contains(&digits.len()));
    let number = digits.and_then(|digits| digits.parse::<u16>().ok()).map(|n| format!("E{n:04}"));
    if let Some(code) = Code::named(number.as_deref().unwrap_or(text)) {
        return Ok(code);
    }
    let ids: Vec<&str> = Code::ALL.iter().map(|code| code.id()).collect();
    let near = suggest::did_you_mean(text, ids.iter().copied()).map(|help| format!("; {help}"));
    Err(format!(
        "there is no such code and no such warning{}",
        near.unwrap_or_else(|| "; `stagegate explain` lists all".into())
    ))
}

pub fn run(args: &Args) -> Result {
    let width = Screen::stdout(Color::Auto).width.min(100);
    if args.codes.is_empty() {
        page(&list())?;
        return Ok(Exit::Clean);
    }
    let pages: Vec<String> = args.codes.iter().map(|code| shown(code.page(), width)).collect();
    page(&pages.join("\n"))?;
    Ok(Exit::Clean)
}

/// All codes with their titles.
fn list() -> String {
    let width = Code::ALL.iter().map(|code| code.id().len()).max().unwrap_or(0);
    let line = |code: &Code| format!("{:width$}  {}\n", code.id(), code.title());
    Code::ALL.iter().map(line).collect()
}

/// A page as it reads well in a terminal: programs indented instead of fenced, lines as long as fit.
fn shown(page: &str, width: usize) -> String {
    let mut out = String::new();
    let mut paragraph = String::new();
    let mut program = false;
    for line in page.lines() {
        if line.starts_with("```") {
            program = !program;
        } else if program {
            out.push_str(if line.is_empty() { "" } else { "    " });
            out.push_str(line);
            out.push('\n');
        } else if line.is_empty() {
            fill(&mut out, &paragraph, width);
            paragraph.clear();
            out.push('\n');
        } else {
            paragraph.push_str(line.strip_prefix("# ").unwrap_or(line));
            paragraph.push(' ');
        }
    }
    fill(&mut out, &paragraph, width);
    out
}

/// Breaks a paragraph into lines.
fn fill(out: &mut String, paragraph: &str, width: usize) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    if column > 0 {
        out.push('\n');
    }
}
