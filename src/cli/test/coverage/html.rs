//! One page that stands alone: the table, and each file with its lines marked.

use super::lcov::lines;
use crate::markup::escape;
use crate::testing::coverage::{Coverage, FileCoverage, Share, Unseen};
use std::collections::HashMap;
use std::fmt::Write;

/// It is well-formed XML too, so that strict readers read it.
pub(super) fn page(coverage: &Coverage) -> String {
    let share = coverage.share();
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <title>Coverage: {}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header><h1>What the tests have seen</h1><p class=\"big\">{}</p>{}<p>{} of {} things in the rules</p></header>\n",
        share.percent(),
        share.percent(),
        bar(share),
        share.seen,
        share.all
    );
    out.push_str("<nav><table><thead><tr><th>file</th><th>seen</th><th></th><th></th></tr></thead><tbody>\n");
    for (number, (name, file)) in coverage.files.iter().enumerate() {
        let share = file.share();
        let _ = writeln!(
            out,
            "<tr><td><a href=\"#file-{number}\">{}</a></td><td class=\"number\">{}/{}</td><td>{}</td>\
             <td class=\"number\">{}</td></tr>",
            escape(name),
            share.seen,
            share.all,
            bar(share),
            share.percent()
        );
    }
    out.push_str("</tbody></table></nav>\n<main>\n");
    for (number, (name, file)) in coverage.files.iter().enumerate() {
        section(number, name, file, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn bar(share: Share) -> String {
    let percent = share.permille() as f64 / 10.0;
    format!(
        "<span class=\"bar\" title=\"{}\"><span style=\"width:{percent}%\"></span></span>",
        share.percent()
    )
}

fn section(number: usize, name: &str, file: &FileCoverage, out: &mut String) {
    let unseen = file.unseen();
    let _ = writeln!(out, "<section id=\"file-{number}\"><h2>{}</h2>", escape(name));
    if unseen.is_empty() {
        out.push_str("<p class=\"good\">All of it was seen.</p>\n");
    } else {
        out.push_str("<details open=\"open\"><summary>Never seen in a test</summary><ul>\n");
        for Unseen { line, words, .. } in &unseen {
            let _ =
                writeln!(out, "<li><a href=\"#line-{number}-{line}\">line {line}</a> {}</li>", marked(words));
        }
        out.push_str("</ul></details>\n");
    }
    let counts = lines(file);
    let mut shares: HashMap<usize, Share> = HashMap::new();
    for item in file.items.values() {
        shares.entry(item.line).or_default().add(item.share());
    }
    out.push_str("<table class=\"source\"><tbody>\n");
    for (at, text) in file.text.lines().enumerate() {
        let line = at + 1;
        let count = counts.get(&line).copied();
        let share = shares.get(&line).copied().unwrap_or_default();
        let class = match count {
            None => "",
            Some(0) => "never",
            Some(_) if share.seen < share.all => "partly",
            Some(_) => "seen",
        };
        let shown = count.map_or(String::new(), |count| format!("{count}×"));
        let _ = write!(
            out,
            "<tr id=\"line-{number}-{line}\" class=\"{class}\"><td class=\"line\">{line}</td>\
             <td class=\"count\">{shown}</td><td class=\"text\"><code>{}</code>",
            escape(text)
        );
        for Unseen { words, .. } in unseen.iter().filter(|unseen| unseen.line == line) {
            let _ = write!(out, "<span class=\"note\">{}</span>", marked(words));
        }
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table></section>\n");
}

/// What stands in backticks, as code.
fn marked(words: &str) -> String {
    let mut out = String::new();
    for (at, part) in words.split('`').enumerate() {
        let part = escape(part);
        match at % 2 {
            0 => out.push_str(&part),
            _ => {
                let _ = write!(out, "<code>{part}</code>");
            }
        }
    }
    out
}

const STYLE: &str = "
:root { color-scheme: light dark; --ground: #ffffff; --ink: #1c2430; --faint: #66707f; --line: #e2e6ec; --card: #f6f8fa;
  --seen: #e3f5e6; --seen-mark: #2f9e44; --never: #fde4e4; --never-mark: #d6336c; --partly: #fff3d6; --partly-mark: #e8890c;
  --link: #1c5fbf; }
@media (prefers-color-scheme: dark) { :root { --ground: #14181f; --ink: #dde3ec; --faint: #8b95a5; --line: #2a313c;
  --card: #1b2029; --seen: #16291c; --seen-mark: #51cf66; --never: #361a22; --never-mark: #ff6b81; --partly: #33280f;
  --partly-mark: #fcc419; --link: #7db4ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 2rem 1rem 4rem; background: var(--ground); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.25rem; margin: 0; font-weight: 600; }
h2 { font-size: 1.1rem; margin: 2.5rem 0 .75rem; }
header p { margin: .25rem 0; color: var(--faint); }
header .big { font-size: 2.75rem; font-weight: 650; color: var(--ink); line-height: 1.2; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
nav { margin-top: 1.5rem; }
table { border-collapse: collapse; }
nav th { text-align: left; font-weight: 600; color: var(--faint); }
nav td, nav th { padding: .3rem 1.25rem .3rem 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; vertical-align: middle; width: 10rem; height: .5rem; border-radius: .25rem;
  background: var(--line); overflow: hidden; }
.bar span { display: block; height: 100%; background: var(--seen-mark); }
.good { color: var(--seen-mark); }
details { margin-bottom: 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem;
  padding: .75rem 1rem; }
summary { cursor: pointer; font-weight: 600; }
ul { margin: .5rem 0 0; padding-left: 1.25rem; }
code { font: 13px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
.source { width: 100%; border: 1px solid var(--line); border-radius: .5rem; overflow: hidden; }
.source td { padding: 0 .6rem; vertical-align: top; }
.source .line, .source .count { text-align: right; color: var(--faint); user-select: none; white-space: nowrap;
  font: 12px/1.75 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; width: 1%; }
.source .text { width: 100%; }
.source .text code { white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 2; }
.source .line { border-left: .3rem solid transparent; }
.seen .text { background: var(--seen); } .seen .line { border-left-color: var(--seen-mark); }
.never .text { background: var(--never); } .never .line { border-left-color: var(--never-mark); }
.partly .text { background: var(--partly); } .partly .line { border-left-color: var(--partly-mark); }
.note { display: block; font-size: .85rem; color: var(--faint); padding-left: 1.5rem; }
.note::before { content: \"\\2191\\00a0\"; }
tr:target .line { font-weight: 700; color: var(--ink); }
tr:target { outline: 2px solid var(--link); outline-offset: -2px; }
@media (max-width: 40rem) { .bar { width: 5rem; } .source td { padding: 0 .3rem; } }
";
