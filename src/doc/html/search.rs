//! What the search box looks through.

use serde::Serialize;

/// Something that may be found.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    #[serde(rename = "t")]
    pub title: String,
    #[serde(rename = "k")]
    pub kind: String,
    #[serde(rename = "h")]
    pub href: String,
    #[serde(rename = "x")]
    pub text: String,
}

/// The script with what it looks through. The order is that of the pages, so that the same program gives the same file.
pub(super) fn script(script: &str, found: &[Found]) -> String {
    // A list of texts is JSON in any case.
    let json = serde_json::to_string(found).unwrap_or_else(|_| "[]".to_owned());
    format!("const INDEX = {json};\n{script}")
}
