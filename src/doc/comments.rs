//! Doc comments: Markdown of somebody else, which may do no harm to the page it stands in.

use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Markdown as HTML. Raw HTML is shown as text, links lead to the web or a place of the page only, pictures are their
/// descriptions, and headings stand below those of the page.
pub fn to_html(markdown: &str, below: usize) -> String {
    let mut out = String::new();
    html::push_html(&mut out, harmless(markdown, below).into_iter());
    out
}

/// As [`to_html`], without the paragraph around a single one: for a cell of a table.
pub fn to_inline_html(markdown: &str) -> String {
    let text = to_html(markdown, 6);
    let trimmed = text.trim();
    let single = trimmed.strip_prefix("<p>").and_then(|rest| rest.strip_suffix("</p>"));
    single.filter(|inner| !inner.contains("<p>")).unwrap_or(trimmed).to_owned()
}

fn harmless(markdown: &str, below: usize) -> Vec<Event<'_>> {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    // Whether each open link leads anywhere.
    let mut links = Vec::new();
    let mut out = Vec::new();
    for event in Parser::new_ext(markdown, options) {
        match event {
            Event::Html(text) | Event::InlineHtml(text) => out.push(Event::Text(text)),
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                links.push(leads_somewhere(dest_url));
                if leads_somewhere(dest_url) {
                    out.push(event);
                }
            }
            Event::End(TagEnd::Link) => {
                if links.pop() == Some(true) {
                    out.push(event);
                }
            }
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => {}
            Event::Start(Tag::HtmlBlock) => out.push(Event::Start(Tag::Paragraph)),
            Event::End(TagEnd::HtmlBlock) => out.push(Event::End(TagEnd::Paragraph)),
            Event::Start(Tag::Heading { level, .. }) => {
                let (level, none) = (lower(level, below), None::<CowStr>);
                out.push(Event::Start(Tag::Heading { level, id: none, classes: vec![], attrs: vec![] }));
            }
            Event::End(TagEnd::Heading(level)) => out.push(Event::End(TagEnd::Heading(lower(level, below)))),
            event => out.push(event),
        }
    }
    out
}

fn leads_somewhere(url: &str) -> bool {
    let url = url.trim().to_ascii_lowercase();
    ["https://", "http://", "mailto:"].iter().any(|scheme| url.starts_with(scheme))
}

fn lower(level: HeadingLevel, below: usize) -> HeadingLevel {
    HeadingLevel::try_from((level as usize + below).min(6)).unwrap_or(HeadingLevel::H6)
}

/// Markdown for a Markdown page: raw HTML in it is escaped, headings are bold lines, and what leads to another kind of
/// address than a page is no link; the rest is as it was.
pub fn to_markdown(markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
    let mut out = String::new();
    let mut from = 0;
    for (event, range) in Parser::new_ext(markdown, options).into_offset_iter() {
        if range.start < from {
            continue;
        }
        let (text, until) = match event {
            Event::Html(_) | Event::InlineHtml(_) => {
                (markdown[range.clone()].replace('<', "&lt;"), range.end)
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) if is_odd(&dest_url) => {
                // Without what makes it a link.
                let text = markdown[range.clone()].replace('[', "\\[").replace('<', "&lt;");
                (text, range.end)
            }
            Event::Start(Tag::Heading { .. }) => {
                let text = to_markdown(heading(&markdown[range.clone()]));
                (format!("**{text}**\n"), range.end)
            }
            _ => continue,
        };
        out.push_str(&markdown[from..range.start]);
        out.push_str(&text);
        from = until;
    }
    out.push_str(&markdown[from..]);
    out
}

/// An address of another kind than that of a page or of mail: it may be a command.
fn is_odd(url: &str) -> bool {
    let scheme = url.split(['/', '#', '?']).next().unwrap_or_default();
    scheme.contains(':') && !leads_somewhere(url)
}

/// The words of a heading.
fn heading(text: &str) -> &str {
    let line = text.trim().lines().next().unwrap_or_default();
    line.trim_start_matches('#').trim_end_matches('#').trim()
}

/// As [`to_markdown`], on one line of a table.
pub fn to_markdown_cell(markdown: &str) -> String {
    let flowing = markdown.split_whitespace().collect::<Vec<_>>().join(" ");
    to_markdown(&flowing).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_do_no_harm() {
        let hostile = "Hi <script>alert(1)</script> [x](javascript:alert(1)) ![p](http://a/b.png) [ok](https://a.example)\n\n\
            <iframe src=x>\n\n# Big\n\n`a < b`";
        let page = to_html(hostile, 3);
        assert!(
            !page.contains("<script") && !page.contains("<iframe") && !page.contains("javascript:"),
            "{page}"
        );
        assert!(!page.contains("<img") && page.contains("<a href=\"https://a.example\">"), "{page}");
        assert!(page.contains("<h4>Big</h4>") && page.contains("<code>a &lt; b</code>"), "{page}");
        assert_eq!(to_inline_html("Only *this*."), "Only <em>this</em>.");
        let text = to_markdown(hostile);
        assert!(!text.contains(" [x](javascript") && text.contains("[ok](https://a.example)"), "{text}");
        assert!(text.contains("**Big**"), "{text}");
        assert_eq!(to_markdown("Big\n===\n\n[a](b.md#c)"), "**Big**\n\n[a](b.md#c)");
        assert!(!text.contains("<script") && !text.contains("<iframe") && text.contains("`a < b`"), "{text}");
        assert_eq!(to_markdown_cell("a | b\nc"), "a \\| b c");
    }
}
