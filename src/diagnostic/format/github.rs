//! Workflow commands of GitHub Actions, which show each diagnostic at its line in a pull request:
//! `::error file=…,line=…,col=…,endLine=…,endColumn=…,title=…::message`.

use super::{Finding, severity_word};
use std::fmt::Write;

pub fn command(finding: &Finding, title: &str) -> String {
    let mut out = format!("::{} ", severity_word(finding.severity));
    if let Some(label) = finding.labels.first() {
        let place = &label.place;
        // Writing to a text cannot fail.
        let _ = write!(
            out,
            "file={},line={},col={},endLine={},endColumn={},",
            property(&place.file),
            place.line,
            place.column,
            place.end_line,
            place.end_column
        );
    }
    let mut message = finding.message.clone();
    for label in &finding.labels {
        if let Some(text) = &label.message {
            let _ = write!(message, "\n{}:{}: {text}", label.place.file, label.place.line);
        }
    }
    if let Some(help) = &finding.help {
        let _ = write!(message, "\nhelp: {help}");
    }
    let title = property(&format!("{}: {title}", finding.code));
    let _ = writeln!(out, "title={title}::{}", data(&message));
    out
}

/// What stands behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind `=`.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Severity;
    use crate::diagnostic::format::{Label, Place};

    #[test]
    fn signs_with_a_meaning_are_written_out() {
        let finding = Finding {
            code: "E0101",
            severity: Severity::Error,
            message: "100% of\r\n`a::b, c`".into(),
            help: Some("x, y: z".into()),
            labels: vec![Label { place: Place::start_of("C:\\a,b%.rules"), message: None }],
            fix: Vec::new(),
        };
        assert_eq!(
            command(&finding, "this, that: all"),
            "::error file=C%3A\\a%2Cb%25.rules,line=1,col=1,endLine=1,endColumn=1,\
             title=E0101%3A this%2C that%3A all::100%25 of%0D%0A`a::b, c`%0Ahelp: x, y: z\n"
        );
    }
}
