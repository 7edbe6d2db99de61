//! `stagegate doc`: pages that are true, whole and harmless, and folders that are left as they were found.
#![cfg(feature = "doc")]

use html5ever::tokenizer::{
    BufferQueue, StartTag, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};
use stagegate::compiler;
use stagegate::diagnostic::Severity;
use stagegate::doc::{Book, html, markdown};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Words that would do harm in a page, wherever a program may hold text.
const HOSTILE: &str = r#"# <script>alert("head")</script> & a "quote"
currency EUR

## <img src=x onerror=alert(1)> [bad](javascript:alert(1)) **bold** `code`
entity Deal "<b>Deal</b> & Söhne" {
  ## </td></table><script>alert("field")</script>
  title: text max 80
  ## A | B
  kind: enum { a "</span><script>", b "\"quoted\"" } = a
  größe: int = 0
}

## </div><script>alert("event")</script>
event thing.done "</a><script>alert('event')</script>" {
  what: text
}

action tell "<script>alert('action')</script>" {
  to: list of recipient min 1
  text: text
}

user anna "Anna <anna@x.example> & \"friends\""
const WORD = "</code><script>alert(1)</script>"

pipeline Sales "Sales </title><script>" for Deal {
  ## # A heading
  ## <iframe src="https://x.example"></iframe>
  stage New "New </h2>" {
    rule hello "Say </h4><script>hello" when title matches /<\/code>`|x/ and title != WORD {
      tell { to: anna, text: "</q><script>alert('{title}')</script> & {größe}" }
    }
  }
  stage größer "</a>Größer" {
    trigger "</h4><script>" on thing.done(what: "</script>") when kind == a
  }
}

pipeline sales "Other" for Deal {
  stage New { }
}

test "</h2><script>alert('test')</script>" {
  given deal "<script>" { title: "</li><script>", stage: New, pipeline: Sales }
  send thing.done { what: "</script>" } to "<script>"
  expect stage of "<script>" == größer
}
"#;

struct Program {
    title: String,
    loaded: compiler::Loaded,
    checked: compiler::Checked,
}

impl Program {
    fn of(title: &str, path: &Path, text: Option<&str>) -> Program {
        let loaded = compiler::load(&[path.to_path_buf()], &mut |wanted| match text {
            Some(text) if wanted == path => Ok(text.as_bytes().to_vec()),
            _ => std::fs::read(wanted),
        });
        let checked = compiler::check(&loaded);
        assert!(checked.model.is_some(), "{title}: {:#?}", checked.diagnostics);
        Program { title: title.to_owned(), loaded, checked }
    }

    fn book(&self) -> Book<'_> {
        let warnings: Vec<_> =
            self.checked.diagnostics.iter().filter(|d| d.severity() == Severity::Warning).cloned().collect();
        let model = self.checked.model.as_ref().expect("it has no errors");
        Book::new(self.title.clone(), &self.loaded, model, &warnings)
    }
}

fn examples() -> Vec<(String, Program)> {
    let names = ["sales", "leads", "orders", "support"];
    let programs = names.into_iter().map(|name| {
        let path = Path::new(ROOT).join("examples").join(name).join(format!("{name}.rules"));
        (name.to_owned(), Program::of(name, &path, None))
    });
    programs.collect()
}

fn crm() -> Program {
    let text = stagegate::library::named("crm").expect("the library is bundled").text;
    Program::of("The library crm", Path::new("crm"), Some(text))
}

fn everything() -> Program {
    Program::of("Everything", &Path::new(ROOT).join("tests/sentences/everything.rules"), None)
}

// --- Markdown --------------------------------------------------------------------------------------------

#[test]
fn the_examples_as_markdown() {
    for (name, program) in examples() {
        insta::assert_snapshot!(format!("markdown-{name}"), markdown::page(&program.book()));
    }
}

/// With `DOCS_UPDATE=1` it is written.
#[test]
fn the_page_of_the_bundled_library_is_current() {
    let path = Path::new(ROOT).join("docs/crm.md");
    let page = markdown::page(&crm().book());
    if std::env::var_os("DOCS_UPDATE").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let stands = std::fs::read_to_string(&path).expect("the page is there");
    assert!(stands == page, "docs/crm.md is not what the library says (DOCS_UPDATE=1 writes it)");
}

#[test]
fn links_of_markdown_lead_to_headings() {
    let mut programs = examples();
    programs.push(("everything".into(), everything()));
    programs.push(("crm".into(), crm()));
    for (name, program) in programs {
        let page = markdown::page(&program.book());
        let mut seen = BTreeMap::<String, usize>::new();
        let mut anchors = HashSet::new();
        for heading in page.lines().filter(|line| line.starts_with('#')) {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            let kept = words.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
            let slug: String = kept.map(|c| if c == ' ' { '-' } else { c }).collect();
            let count = seen.entry(slug.clone()).or_default();
            anchors.insert(if *count == 0 { slug } else { format!("{slug}-{count}") });
            *count += 1;
        }
        let links: Vec<&str> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
        let broken: Vec<_> = links.iter().filter(|link| !anchors.contains(**link)).collect();
        assert!(broken.is_empty(), "{name}: {broken:?}");
        assert!(name == "crm" || !links.is_empty(), "{name} has links");
    }
}

#[test]
fn hostile_words_do_no_harm_in_markdown() {
    let program = Program::of("Hostile", Path::new("hostile.rules"), Some(HOSTILE));
    let page = markdown::page(&program.book());
    insta::assert_snapshot!("markdown-hostile", page);
    // What a code host would take for HTML: whatever stands outside of code.
    for (event, _) in pulldown(&page) {
        assert!(!event.contains("<script"), "{event}");
    }
}

/// The raw HTML in a page, but for the mark of its head.
fn pulldown(page: &str) -> Vec<(String, usize)> {
    use pulldown_cmark::{Event, Options, Parser};
    let events = Parser::new_ext(page, Options::ENABLE_TABLES).into_offset_iter();
    let raw = events.filter_map(|(event, range)| match event {
        Event::Html(text) | Event::InlineHtml(text) => Some((text.to_string(), range.start)),
        _ => None,
    });
    raw.filter(|(text, _)| !text.starts_with("<!--")).collect()
}

// --- the site --------------------------------------------------------------------------------------------

/// What is found in a page.
#[derive(Default)]
struct Seen {
    open: Vec<String>,
    ids: Vec<String>,
    links: Vec<String>,
    text: String,
    /// The elements, one to a line, indented.
    outline: String,
    wrong: Vec<String>,
}

#[derive(Default)]
struct Reader(RefCell<Seen>);

const EMPTY: [&str; 5] = ["meta", "link", "input", "br", "hr"];

impl TokenSink for Reader {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let mut seen = self.0.borrow_mut();
        match token {
            Token::TagToken(tag) => seen.tag(&tag, line),
            Token::CharacterTokens(text) => seen.text.push_str(&text),
            Token::ParseError(error) => seen.wrong.push(format!("{line}: {error}")),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Seen {
    fn tag(&mut self, tag: &Tag, line: u64) {
        let name = tag.name.to_string();
        if tag.kind != StartTag {
            match self.open.pop() {
                Some(open) if open == name => {}
                open => self.wrong.push(format!("{line}: </{name}> closes {open:?}")),
            }
            return;
        }
        let mut words = name.clone();
        for attribute in &tag.attrs {
            let (key, value) = (attribute.name.local.to_string(), attribute.value.to_string());
            match key.as_str() {
                "id" => self.ids.push(value),
                "href" | "src" => self.links.push(value),
                "class" => words.push_str(&format!(".{}", value.replace(' ', "."))),
                _ if key.starts_with("on") => self.wrong.push(format!("{line}: {key}")),
                _ => {}
            }
        }
        // A drawing is tested where it is made.
        if !self.open.iter().any(|open| open == "svg") {
            self.outline.push_str(&format!("{}{words}\n", "  ".repeat(self.open.len())));
        }
        if !tag.self_closing && !EMPTY.contains(&name.as_str()) {
            self.open.push(name);
        }
    }
}

fn read(page: &str) -> Seen {
    let options = TokenizerOpts { exact_errors: true, ..TokenizerOpts::default() };
    let tokenizer = Tokenizer::new(Reader::default(), options);
    let input = BufferQueue::default();
    input.push_back(page.into());
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let mut seen = tokenizer.sink.0.into_inner();
    if !seen.open.is_empty() {
        seen.wrong.push(format!("never closed: {:?}", seen.open));
    }
    seen
}

/// The bytes behind the `%` of an address.
fn decoded(link: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = link.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digits: Vec<u8> = rest.by_ref().take(2).collect();
        let digits = String::from_utf8(digits).expect("two digits");
        bytes.push(u8::from_str_radix(&digits, 16).expect("two digits"));
    }
    String::from_utf8(bytes).expect("UTF-8")
}

#[test]
fn every_page_is_whole_and_every_link_leads_somewhere() {
    let mut programs = examples();
    programs.push(("hostile".into(), Program::of("Hostile", Path::new("hostile.rules"), Some(HOSTILE))));
    programs.push(("everything".into(), everything()));
    programs.push(("crm".into(), crm()));
    for (name, program) in programs {
        let files = html::site(&program.book());
        assert_eq!(files, html::site(&program.book()), "{name}: the same program, the same site");
        let pages: BTreeMap<&str, Seen> = files
            .iter()
            .filter(|(file, _)| file.ends_with(".html"))
            .map(|(file, text)| (file.as_str(), read(text)))
            .collect();
        let mut wrong = Vec::new();
        for (file, page) in &pages {
            wrong.extend(page.wrong.iter().map(|what| format!("{name}/{file}: {what}")));
            let ids: BTreeSet<&String> = page.ids.iter().collect();
            if ids.len() != page.ids.len() {
                wrong.push(format!("{name}/{file}: an id stands twice"));
            }
            let search = searched(&files["search.js"]);
            for link in page.links.iter().chain(if *file == "index.html" { &search[..] } else { &[] }) {
                let (to, anchor) = link.split_once('#').unwrap_or((link, ""));
                let to = if to.is_empty() { file } else { to };
                let found = match pages.get(to) {
                    Some(page) => anchor.is_empty() || page.ids.contains(&decoded(anchor)),
                    None => anchor.is_empty() && files.contains_key(to),
                };
                if !found && !link.starts_with("https://") {
                    wrong.push(format!("{name}/{file}: {link} leads nowhere"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        // No two files that some system takes for one.
        let small: HashSet<String> = files.keys().map(|file| file.to_lowercase()).collect();
        assert_eq!(small.len(), files.len());
    }
}

/// Where the search leads.
fn searched(script: &str) -> Vec<String> {
    let line = script.lines().next().expect("the first line is the index");
    let json = line.trim_start_matches("const INDEX = ").trim_end_matches(';');
    let index: Vec<serde_json::Value> = serde_json::from_str(json).expect("the index is JSON");
    assert!(!index.is_empty());
    index.iter().map(|entry| entry["h"].as_str().expect("an address").to_owned()).collect()
}

/// Pages are for others, and the folders of whoever made them are not.
#[cfg(feature = "graph")]
#[test]
fn no_page_tells_in_which_folder_the_rules_were() {
    for (name, program) in examples() {
        for (file, text) in html::site(&program.book()) {
            assert!(!text.contains(&format!("examples/{name}")), "{name}: {file}");
        }
    }
}

#[test]
fn a_page_is_built_in_one_way() {
    let examples = examples();
    let (_, support) = examples.iter().find(|(name, _)| name == "support").expect("it is there");
    let files = html::site(&support.book());
    let outline: String = files.keys().map(|file| format!("{file}\n")).collect();
    insta::assert_snapshot!("site-files", outline);
    insta::assert_snapshot!("site-outline", read(&files["pipeline-support.html"]).outline);
}

#[test]
fn warnings_stand_where_they_belong() {
    let program = everything();
    let files = html::site(&program.book());
    let page = &files["pipeline-sales.html"];
    let rule = page
        .split("<article")
        .find(|part| part.contains("· everything.rules") && part.contains("waits in the final stage"));
    let rule = rule.expect("the warning is in the pipeline's page");
    assert!(rule.contains("listens"), "{rule}");
    assert!(page.contains("switched off"));
}

// --- the command -----------------------------------------------------------------------------------------

struct Case {
    folder: tempfile::TempDir,
}

impl Case {
    fn new() -> Case {
        let case = Case { folder: tempfile::tempdir().expect("a folder") };
        std::fs::write(
            case.path("shop.rules"),
            "entity Deal { title: text }\npipeline P for Deal { stage A {} }\n",
        )
        .expect("a file");
        case
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_stagegate"))
            .arg("doc")
            .args(args)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .output()
            .expect("the command starts");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (status.code(), text(stdout), text(stderr))
    }

    fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).expect("a folder");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

#[test]
fn a_site_is_written_and_written_again() {
    let case = Case::new();
    let (code, out, said) = case.run(&["shop.rules"]);
    assert_eq!((code, out.as_str()), (Some(0), ""), "{said}");
    insta::assert_snapshot!(said, @"wrote 5 files: open shop-doc/index.html");
    let first = case.files("shop-doc");
    assert_eq!(
        first,
        [".stagegate-doc", "index.html", "pipeline-p.html", "records.html", "search.js", "style.css"]
    );
    // Another pipeline: the page of the one that is gone goes too.
    std::fs::write(
        case.path("shop.rules"),
        "entity Deal { title: text }\npipeline Q for Deal { stage A {} }\n",
    )
    .expect("a file");
    assert_eq!(case.run(&["shop.rules"]).0, Some(0));
    assert_eq!(
        case.files("shop-doc"),
        [".stagegate-doc", "index.html", "pipeline-q.html", "records.html", "search.js", "style.css"]
    );
}

#[test]
fn a_folder_is_called_after_its_program_and_not_its_tests() {
    let case = Case::new();
    std::fs::create_dir(case.path("tests")).expect("a folder");
    for name in ["first", "second"] {
        let test = format!(
            "use \"../shop.rules\"\ntest \"the {name}\" {{\n  given deal \"1\" {{ title: \"x\" }}\n  expect stage of \"1\" == A\n}}\n"
        );
        std::fs::write(case.path(&format!("tests/{name}.rules")), test).expect("a file");
    }
    let (code, page, said) = case.run(&[".", "--format", "markdown"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(page.contains("\n# Shop\n"), "{page}");
    assert!(page.contains("the first") && page.contains("the second"), "{page}");
    // Two that call something the same are right each for itself.
    for name in ["first", "second"] {
        std::fs::write(case.path(&format!("tests/{name}.rules")), "use \"../shop.rules\"\nconst X = 1\n")
            .expect("a file");
    }
    let (code, page, said) = case.run(&[".", "--format", "markdown"]);
    assert!(code == Some(0) && page.contains("\n# Shop\n"), "{said}{page}");
    std::fs::write(case.path("other.rules"), "const B = 1\n").expect("a file");
    let (code, _, said) = case.run(&["."]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said, @"error: there are several programs in .: name one of other.rules, shop.rules");
    let (code, _, said) = case.run(&["crn"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said, @"error: cannot read crn: there is no such file; did you mean the library `crm`?");
}

#[test]
fn what_others_made_is_left_alone() {
    let case = Case::new();
    std::fs::create_dir(case.path("mine")).expect("a folder");
    std::fs::write(case.path("mine/index.html"), "mine").expect("a file");
    let (code, _, said) = case.run(&["shop.rules", "--output", "mine"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said, @"error: mine holds files that this command did not write: choose another folder with --output");
    assert_eq!(case.files("mine"), ["index.html"]);

    // A file that somebody put into a folder of ours.
    assert_eq!(case.run(&["shop.rules", "-o", "site"]).0, Some(0));
    std::fs::write(case.path("site/notes.txt"), "notes").expect("a file");
    std::fs::write(case.path("site/events.html"), "mine").expect("a file");
    assert_eq!(case.run(&["shop.rules", "-o", "site"]).0, Some(0));
    std::fs::write(
        case.path("shop.rules"),
        "entity Deal { title: text }\nevent a.b\npipeline P for Deal { stage A {} }\n",
    )
    .expect("a file");
    let (code, _, said) = case.run(&["shop.rules", "-o", "site"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said, @"error: site/events.html was not written by this command, and is left as it is: choose another folder with --output");
    assert_eq!(std::fs::read_to_string(case.path("site/events.html")).expect("it is there"), "mine");
    assert_eq!(std::fs::read_to_string(case.path("site/notes.txt")).expect("it is there"), "notes");

    // Whoever changes the list of what is ours does not make us touch anything else.
    std::fs::remove_file(case.path("site/events.html")).expect("it is there");
    std::fs::write(case.path("precious.html"), "mine").expect("a file");
    let list = std::fs::read_to_string(case.path("site/.stagegate-doc")).expect("it is there");
    std::fs::write(case.path("site/.stagegate-doc"), format!("{list}../precious.html\nnotes.txt\n"))
        .expect("a file");
    assert_eq!(case.run(&["shop.rules", "-o", "site"]).0, Some(0));
    assert!(case.path("precious.html").exists() && case.path("site/notes.txt").exists());
}

#[test]
fn markdown_goes_where_it_is_wanted() {
    let case = Case::new();
    let (code, out, said) = case.run(&["shop.rules", "--format", "markdown"]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    assert!(out.starts_with("<!-- Made by `stagegate doc`. -->\n\n# Shop\n"), "{out}");
    assert_eq!(case.run(&["shop.rules", "--format", "markdown", "-o", "-"]).1, out);
    assert_eq!(case.run(&["shop.rules", "--format", "markdown", "-o", "pages"]).0, Some(0));
    assert_eq!(std::fs::read_to_string(case.path("pages/README.md")).expect("it is there"), out);
    for _ in 0..2 {
        assert_eq!(case.run(&["shop.rules", "--format", "markdown", "-o", "shop.md"]).0, Some(0));
    }
    std::fs::write(case.path("mine.md"), "# Mine").expect("a file");
    let (code, _, said) = case.run(&["shop.rules", "--format", "markdown", "-o", "mine.md"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(said, @"error: mine.md was not made by this command, and is left as it is: choose another --output, or delete it");
    assert_eq!(std::fs::read_to_string(case.path("mine.md")).expect("it is there"), "# Mine");
}

#[test]
fn what_cannot_be_done_is_said() {
    let case = Case::new();
    std::fs::write(case.path("file"), "a file").expect("a file");
    std::fs::write(case.path("wrong.rules"), "pipeline").expect("a file");
    std::fs::create_dir(case.path("two")).expect("a folder");
    for name in ["two/a.rules", "two/b.rules"] {
        std::fs::write(case.path(name), "entity Deal { title: text }\n").expect("a file");
    }
    let mut shown = String::new();
    for args in [
        &["shop.rules", "--output", "file"][..],
        &["shop.rules", "--output", "file/below"],
        &["shop.rules", "--output", "-"],
        &["missing.rules"],
        &["two"],
        &["crn"],
    ] {
        let (code, out, said) = case.run(args);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{args:?}");
        shown.push_str(&format!("$ stagegate doc {}\n{said}\n", args.join(" ")));
    }
    insta::assert_snapshot!("refused", shown);
    let (code, _, said) = case.run(&["wrong.rules"]);
    assert_eq!(code, Some(1));
    assert!(said.ends_with("1 error in wrong.rules\n"), "{said}");
    assert!(!case.path("wrong-doc").exists());
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_is_said() {
    use std::os::unix::fs::PermissionsExt;
    let case = Case::new();
    std::fs::create_dir(case.path("locked")).expect("a folder");
    std::fs::set_permissions(case.path("locked"), std::fs::Permissions::from_mode(0o555)).expect("the mode");
    // Whoever may do everything is not stopped by a mode.
    if std::fs::write(case.path("locked/probe"), "").is_ok() {
        return;
    }
    let (code, _, said) = case.run(&["shop.rules", "--output", "locked"]);
    assert_eq!(code, Some(2));
    assert!(said.contains("permission denied"), "{said}");
}

/// Every way a tag may end in the tokens that are looked at.
#[test]
fn the_reader_of_pages_sees_what_is_wrong() {
    for page in ["<p><b>x</p></b>", "<p>", "<p id=\"a\" id=\"b\"></p>", "<p onclick=\"x\"></p>"] {
        assert!(!read(page).wrong.is_empty(), "{page}");
    }
}
