//! An array of objects, one for each diagnostic.

use super::Finding;

pub fn array(findings: &[Finding]) -> String {
    // Texts and numbers only: this cannot fail.
    serde_json::to_string_pretty(findings).unwrap_or_else(|_| "[]".into()) + "\n"
}
