//! One line for each: `sales.rules:12:5: error[E0201]: message`, as editors and `grep` read it.

use super::{Finding, severity_word};

pub fn line(finding: &Finding) -> String {
    let place = finding.labels.first().map(|label| &label.place);
    let at = place.map_or(String::new(), |p| format!("{}:{}:{}: ", p.file, p.line, p.column));
    // What the user wrote may stand in the message, and may have line breaks.
    let message = finding.message.replace(['\r', '\n'], " ");
    format!("{at}{}[{}]: {message}\n", severity_word(finding.severity), finding.code)
}
