//! SARIF 2.1.0, the format of analysis results that code hosts and editors read.

use super::{Edit, Finding, Place, severity_word};
use crate::diagnostic::Code;
use serde_json::{Value, json};
use std::path::Path;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// A log with one run. `unreadable` are files that could not be checked, with the reason; `folder` is where paths
/// are relative to.
pub fn log(findings: &[Finding], unreadable: &[(String, String)], folder: Option<&Path>) -> String {
    let mut codes: Vec<&'static str> = findings.iter().map(|f| f.code).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().filter_map(|id| Code::named(id)).map(rule).collect();
    let uri = |file: &str| uri(file, folder);
    let results: Vec<Value> =
        findings.iter().map(|f| result(f, codes.binary_search(&f.code).ok(), &uri)).collect();
    let notifications: Vec<Value> = unreadable
        .iter()
        .map(|(file, reason)| {
            json!({
                "level": "error",
                "message": { "text": reason },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": uri(file) } } }],
            })
        })
        .collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "stagegate",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    // Texts and numbers only: this cannot fail.
    serde_json::to_string_pretty(&log).unwrap_or_default() + "\n"
}

fn rule(code: Code) -> Value {
    json!({
        "id": code.id(),
        "name": format!("{code:?}"),
        "shortDescription": { "text": code.title() },
        "help": { "text": code.page(), "markdown": code.page() },
        "defaultConfiguration": { "level": severity_word(code.severity()) },
    })
}

fn result(finding: &Finding, rule: Option<usize>, uri: &dyn Fn(&str) -> String) -> Value {
    let mut text = finding.message.clone();
    if let Some(help) = &finding.help {
        text.push_str(&format!("\nhelp: {help}"));
    }
    let location =
        |place: &Place| json!({ "artifactLocation": { "uri": uri(&place.file) }, "region": region(place) });
    let mut result = json!({
        "ruleId": finding.code,
        "level": severity_word(finding.severity),
        "message": { "text": text },
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = rule.into();
    }
    if let Some((first, others)) = finding.labels.split_first() {
        let mut place = json!({ "physicalLocation": location(&first.place) });
        if let Some(message) = &first.message {
            place["message"] = json!({ "text": message });
        }
        result["locations"] = json!([place]);
        let related = others.iter().enumerate().map(|(number, label)| {
            json!({
                "id": number + 1,
                "physicalLocation": location(&label.place),
                "message": { "text": label.message.as_deref().unwrap_or("the other place") },
            })
        });
        let related: Vec<Value> = related.collect();
        if !related.is_empty() {
            result["relatedLocations"] = related.into();
        }
    }
    if !finding.fix.is_empty() {
        result["fixes"] = json!([fix(finding, uri)]);
    }
    result
}

fn fix(finding: &Finding, uri: &dyn Fn(&str) -> String) -> Value {
    let mut files: Vec<&str> = finding.fix.iter().map(|edit| &*edit.place.file).collect();
    files.dedup();
    let replacement = |edit: &Edit| json!({ "deletedRegion": region(&edit.place), "insertedContent": { "text": edit.text } });
    let changes: Vec<Value> = files
        .iter()
        .map(|file| {
            let own = finding.fix.iter().filter(|edit| edit.place.file == *file);
            json!({
                "artifactLocation": { "uri": uri(file) },
                "replacements": own.map(replacement).collect::<Vec<_>>(),
            })
        })
        .collect();
    let description = finding.help.as_deref().unwrap_or(&finding.message);
    json!({ "description": { "text": description }, "artifactChanges": changes })
}

fn region(place: &Place) -> Value {
    json!({
        "startLine": place.line,
        "startColumn": place.column,
        "endLine": place.end_line,
        "endColumn": place.end_column,
    })
}

/// A path as a URI: relative to the folder wherever the file lies in it.
fn uri(file: &str, folder: Option<&Path>) -> String {
    if file == "<stdin>" || file == "-" {
        return "stdin".into();
    }
    if crate::library::named(file).is_some() {
        return format!("stagegate:{file}");
    }
    let path = Path::new(file);
    let path = folder.and_then(|folder| path.strip_prefix(folder).ok()).unwrap_or(path);
    let text = path.to_string_lossy();
    let text = if std::path::MAIN_SEPARATOR == '\\' { text.replace('\\', "/") } else { text.into_owned() };
    let text = text.strip_prefix("./").unwrap_or(&text);
    let mut out = String::from(if path.is_absolute() { "file://" } else { "" });
    if path.is_absolute() && !text.starts_with('/') {
        out.push('/');
    }
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_relative_uri_where_it_can_be() {
        let here = Some(Path::new("/home/a"));
        assert_eq!(uri("./rules/a b.rules", here), "rules/a%20b.rules");
        assert_eq!(uri("/home/a/ü.rules", here), "%C3%BC.rules");
        assert_eq!(uri("/srv/x.rules", here), "file:///srv/x.rules");
        assert_eq!(uri("a:b.rules", here), "a%3Ab.rules");
        assert_eq!(uri("crm", here), "stagegate:crm");
    }
}
