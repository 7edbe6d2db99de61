//! Broken events, and what is said of each to whoever sent it.

use stagegate::compiler;
use stagegate::event::decode::{Decoded, Decoder};
use stagegate::program::Program;
use std::fmt::Write;

const RULES: &str = r#"
use crm
currency EUR
user anna "Anna"
department sales "Sales"
enum Size { small, medium, large }
entity Room {
  name: text
  seats: int min 1 max 500 = 10
  rate: decimal?
  price: money in EUR?
  budget: money?
  open: bool?
  since: date?
  opens: time?
  checked: datetime?
  length: duration?
  size: Size?
  keeper: user?
  contact: email?
  phone: phone?
  page: url?
  plan: file?
  deal: Deal?
  tags: list of text = []
  prices: list of money = []
  code: text? matches /^R[0-9]+$/
}
event room.booked on Room { by: text, guests: int }
pipeline Rooms for Room { stage Free { } stage Taken { trigger on room.booked } }
pipeline Sales for Deal { stage New { } }
"#;

fn program() -> Program {
    let loaded = compiler::load(&["x.rules".into()], &mut |_| Ok(RULES.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    let messages: Vec<_> = checked.diagnostics.iter().map(|d| &d.message).collect();
    let model = checked.model.unwrap_or_else(|| panic!("{messages:?}"));
    stagegate::lower::lower(&model, &loaded.sources).expect("the rules compile")
}

/// What comes of a line.
fn said(decoder: &mut Decoder<'_>, line: &str) -> String {
    match decoder.decode(line) {
        Ok(Decoded::Event(event)) => format!("accepted: {:?}", event.body),
        Ok(Decoded::Skipped) => "skipped".into(),
        Err(why) => {
            let mut text = format!("{}: {}", why.code, why.message);
            if let Some(expected) = why.expected {
                let _ = write!(text, "; expected: {expected}");
            }
            if let Some(pointer) = why.pointer {
                let _ = write!(text, " ({pointer})");
            }
            text
        }
    }
}

fn whole(kind: &str, subject: &str, data: &str) -> String {
    format!(
        r#"{{"specversion":"1.0","id":"1","source":"/t","type":"{kind}","subject":"{subject}","time":"2026-03-02T10:00:00Z","data":{data}}}"#
    )
}

#[test]
fn a_line_that_is_no_event_is_told_why() {
    let program = program();
    let mut decoder = Decoder::new(&program);
    let mut shown = String::new();
    for line in [
        "hello",
        "id,type,subject",
        "<event/>",
        "null",
        "5",
        "\"deal.created\"",
        "[]",
        r#"[{"specversion":"1.0"}]"#,
        "[1,",
        "{",
        r#"{"specversion":"1.0","#,
        r#"{"specversion":"1.0""#,
        r#"{"specversion":"1.0"},"#,
        r#"{"specversion":"1.0"} {"specversion":"1.0"}"#,
        r#"{"specversion":"1.0",}"#,
        r#"{"specversion" "1.0"}"#,
        r#"{"specversion":"1.0" "id":"1"}"#,
        r#"{'specversion':'1.0'}"#,
        r#"{specversion:"1.0"}"#,
        r#"{"id":'1'}"#,
        r#"{"é":"é","id":}"#,
        r#"{"id":yes}"#,
        r#"{"id":01}"#,
        r#"{"id":1.}"#,
        r#"{"id":NaN}"#,
        r#"{"id":"C:\deals"}"#,
        "{\"id\":\"a\tb\"}",
        r#"{"id":"1","id":"2"}"#,
        r#"{"id":"1"}"#,
        r#"{"Type":"room.booked"}"#,
        r#"{"type":""}"#,
        r#"{"type":5}"#,
        r#"{"type":"\ud800"}"#,
        r#"{"type":"room.booked"}"#,
        r#"{"specversion":1.0,"type":"room.booked"}"#,
        r#"{"specversion":"0.3","type":"room.booked"}"#,
        r#"{"specversion":"1.0","type":"room.booked"}"#,
        r#"{"specversion":"1.0","type":"room.booked","ID":"1"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":""}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":17}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":null}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"R-1"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"room/"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"Room/1"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"kitchen/1"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"deal/1"}"#,
        r#"{"specversion":"1.0","type":"room.created","id":"1","source":"/t","subject":"deal/1"}"#,
        r#"{"type":"room.booked","time":"yesterday"}"#,
        r#"{"type":"room.booked","time":"2026-03-02"}"#,
        r#"{"type":"room.booked","time":"2026-03-02T10:00:00"}"#,
        r#"{"type":"room.booked","time":"2026-02-30T10:00:00Z"}"#,
        r#"{"type":"room.booked","time":1767348000}"#,
        r#"{"type":"stagegate.clock"}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"room/1","data_base64":"eA=="}"#,
        r#"{"specversion":"1.0","type":"room.booked","id":"1","source":"/t","subject":"room/1","partitionkey":5}"#,
    ] {
        let _ = writeln!(shown, "{line}\n    {}", said(&mut decoder, line));
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn a_payload_that_breaks_its_declaration_is_told_why() {
    let program = program();
    let mut decoder = Decoder::new(&program);
    let mut shown = String::new();
    for (kind, data) in [
        ("booked", r#""by anna""#),
        ("booked", "[]"),
        ("booked", "5"),
        ("booked", "{}"),
        ("booked", r#"{"by":"anna"}"#),
        ("booked", r#"{"by":"anna","guest":3}"#),
        ("booked", r#"{"By":"anna","gusets":3}"#),
        ("booked", r#"{"by":null,"guests":3}"#),
        ("booked", r#"{"by":"anna","guests":"3"}"#),
        ("booked", r#"{"by":"anna","guests":"three"}"#),
        ("booked", r#"{"by":"anna","guests":2.5}"#),
        ("booked", r#"{"by":"anna","guests":99999999999999999999}"#),
        ("booked", r#"{"by":7,"guests":3}"#),
        ("booked", r#"{"by":["anna"],"guests":3}"#),
        ("booked", r#"{"by":"\udc00","guests":3}"#),
        // Of a member that comes twice each must be right.
        ("booked", r#"{"by":"anna","guests":"x","guests":2}"#),
        ("booked", r#"{"by":"anna","guests":2,"guests":"x"}"#),
        ("booked", r#"{"by":"anna","guests":1,"guests":2}"#),
        ("booked", r#"{"\ud800":1}"#),
        ("updated", r#"{"id":"2"}"#),
        ("updated", r#"{"stage":"Taken"}"#),
        ("updated", r#"{"pipeline":"Rooms"}"#),
        ("updated", r#"{"created_at":"2026-03-02T10:00:00Z"}"#),
        ("updated", r#"{"name":null}"#),
        ("updated", r#"{"seats":0}"#),
        ("updated", r#"{"seats":501}"#),
        ("updated", r#"{"code":"X1"}"#),
        ("updated", r#"{"rate":"1,5"}"#),
        ("updated", r#"{"rate":"1 000"}"#),
        ("updated", r#"{"rate":0.1000000000000000055511151231257827}"#),
        ("updated", r#"{"rate":true}"#),
        ("updated", r#"{"price":"ten"}"#),
        ("updated", r#"{"price":"12,50 EUR"}"#),
        ("updated", r#"{"price":"EUR 12.50"}"#),
        ("updated", r#"{"price":"12.50EUR"}"#),
        ("updated", r#"{"price":"12.50 eur"}"#),
        ("updated", r#"{"price":"12.50 XQZ"}"#),
        ("updated", r#"{"price":"12.50 USD"}"#),
        ("updated", r#"{"price":"1 234 EUR"}"#),
        ("updated", r#"{"price":"€12.50"}"#),
        ("updated", r#"{"price":"12.50"}"#),
        ("updated", r#"{"budget":12.50}"#),
        ("updated", r#"{"budget":{"amount":"12.50"}}"#),
        ("updated", r#"{"budget":{"currency":"EUR"}}"#),
        ("updated", r#"{"budget":{"amount":"1,5","currency":"EUR"}}"#),
        ("updated", r#"{"budget":{"amount":1.5,"currency":"Euro"}}"#),
        ("updated", r#"{"budget":{"amount":1.5,"currency":null}}"#),
        ("updated", r#"{"budget":["12.50","EUR"]}"#),
        ("updated", r#"{"open":"true"}"#),
        ("updated", r#"{"open":1}"#),
        ("updated", r#"{"open":"yes"}"#),
        ("updated", r#"{"since":"02.03.2026"}"#),
        ("updated", r#"{"since":"2026-02-30"}"#),
        ("updated", r#"{"since":"2026-03-02T10:00:00Z"}"#),
        ("updated", r#"{"since":20260302}"#),
        ("updated", r#"{"opens":"24:00"}"#),
        ("updated", r#"{"opens":"9am"}"#),
        ("updated", r#"{"checked":"2026-03-02"}"#),
        ("updated", r#"{"checked":"2026-03-02T10:00"}"#),
        ("updated", r#"{"checked":1767348000}"#),
        ("updated", r#"{"length":"2h"}"#),
        ("updated", r#"{"length":"P1M"}"#),
        ("updated", r#"{"length":"PT0.5S"}"#),
        ("updated", r#"{"length":3600}"#),
        ("updated", r#"{"size":"Small"}"#),
        ("updated", r#"{"size":"huge"}"#),
        ("updated", r#"{"size":1}"#),
        ("updated", r#"{"keeper":""}"#),
        ("updated", r#"{"keeper":"sales"}"#),
        ("updated", r#"{"keeper":{"name":"anna"}}"#),
        ("updated", r#"{"contact":"anna"}"#),
        ("updated", r#"{"contact":"anna @example.com"}"#),
        ("updated", r#"{"phone":"12"}"#),
        ("updated", r#"{"phone":39055123}"#),
        ("updated", r#"{"page":"example.com"}"#),
        ("updated", r#"{"page":"https://"}"#),
        ("updated", r#"{"page":"https://a b"}"#),
        ("updated", r#"{"plan":"plan.pdf"}"#),
        ("updated", r#"{"plan":{"name":"plan.pdf"}}"#),
        ("updated", r#"{"plan":{"name":"plan.pdf","url":"plan.pdf"}}"#),
        ("updated", r#"{"plan":{"name":"plan.pdf","url":"file:///tmp/plan.pdf"}}"#),
        ("updated", r#"{"plan":{"name":5,"url":"https://example.com/plan.pdf"}}"#),
        ("updated", r#"{"deal":"D-1"}"#),
        ("updated", r#"{"deal":"contact/C-1"}"#),
        ("updated", r#"{"deal":"deal/"}"#),
        ("updated", r#"{"tags":"vip"}"#),
        ("updated", r#"{"tags":["vip",5]}"#),
        ("updated", r#"{"tags":["vip",null]}"#),
        ("updated", r#"{"prices":["1 EUR",{"amount":"x","currency":"EUR"}]}"#),
        ("updated", &format!(r#"{{"contact":"{}"}}"#, "long ".repeat(40))),
        ("moved", "{}"),
        ("moved", r#"{"stage":5}"#),
        ("moved", r#"{"stage":null}"#),
        ("moved", r#"{"stage":"Taken","pipeline":"Room"}"#),
        ("created", "{}"),
        ("created", r#"{"nmae":"Blue"}"#),
        ("created", r#"{"name":"Blue","id":"2"}"#),
        ("created", r#"{"name":"Blue","stage":1}"#),
    ] {
        let line = whole(&format!("room.{kind}"), "room/R-1", data);
        let _ = writeln!(shown, "{kind} {data}\n    {}", said(&mut decoder, &line));
    }
    for (kind, data) in [
        ("action.completed", "{}"),
        ("action.completed", r#"{"action":7}"#),
        ("action.completed", r#"{"action":"room/R-1/2","outputs":[]}"#),
        ("action.failed", r#"{"reason":"no"}"#),
        ("action.failed", r#"{"action":"room/R-1/2","reason":5}"#),
    ] {
        let line = whole(kind, "room/R-1", data);
        let _ = writeln!(shown, "{kind} {data}\n    {}", said(&mut decoder, &line));
    }
    // Nothing of the reader's own words.
    for leaked in ["EOF", "at line", "struct ", "invalid type", "expected ident", "RawValue", "Envelope"] {
        assert!(!shown.contains(leaked), "{leaked} in:\n{shown}");
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn deep_nesting_is_no_danger() {
    let program = program();
    let mut decoder = Decoder::new(&program);
    let deep = "[".repeat(100_000);
    let closed = format!("{deep}{}", "]".repeat(100_000));
    assert_eq!(
        said(&mut decoder, &deep),
        "not-json: this is no JSON: the line ends too early: an event is one whole line, at character 100000"
    );
    assert!(said(&mut decoder, &closed).starts_with("not-an-event"));
    // What nothing reads need only be well nested.
    let line = whole("room.booked", "room/1", &format!(r#"{{"by":"a","guests":1,"more":{closed}}}"#));
    assert!(said(&mut decoder, &line).starts_with("accepted"));
    let line = whole("room.updated", "room/1", &format!(r#"{{"tags":{closed}}}"#));
    assert!(said(&mut decoder, &line).starts_with("wrong-type: item 1 of `tags` cannot be the list [[["));
    let objects = format!("{}{}", r#"{"a":"#.repeat(100_000), "1".to_owned() + &"}".repeat(100_000));
    let line = whole("room.updated", "room/1", &format!(r#"{{"plan":{objects}}}"#));
    assert!(said(&mut decoder, &line).starts_with("missing: `plan.name` is missing"));
}

/// The payload is read before it is known what follows it.
#[test]
fn it_makes_no_difference_where_the_payload_stands() {
    let program = program();
    let attributes = [
        r#""specversion":"1.0""#,
        r#""id":"1""#,
        r#""source":"/t""#,
        r#""type":"room.booked""#,
        r#""subject":"room/R-1""#,
        r#""time":"2026-03-02T10:00:00Z""#,
    ];
    // With each, how often a member is counted that nobody declared.
    let payloads = [
        (r#""data":{"by":"anna","guests":3}"#, 0),
        (r#""data": { "guests" : 3 , "colour":"red", "by" : "anna" } "#, 1),
        (r#""data":{"by":"anna","guests":"three","colour":"red"}"#, 0),
        (r#""data":{"by":"anna","colour":"red"}"#, 1),
        (r#""data":{"by":"anna","guests":3,"colour":"red",}"#, 0),
        (r#""data":{"by":"anna","guests":3,"colour":"red""#, 0),
        (r#""data":{"by":"anna","guests":3},"data":{"by":"boris","guests":4}"#, 0),
        (r#""data":[]"#, 0),
    ];
    for (payload, counted) in payloads {
        let mut said_of_all = Vec::new();
        for at in 0..=attributes.len() {
            let (before, behind) = attributes.split_at(at);
            let line = [before, &[payload], behind].concat().join(",");
            let mut decoder = Decoder::new(&program);
            let said = said(&mut decoder, &format!("{{{line}}}"));
            // What is no JSON is told with its place.
            let said = said.split(" at column").next().unwrap_or_default().to_owned();
            let said = if said.starts_with("not-json") { "not-json".to_owned() } else { said };
            said_of_all.push((said, decoder.unknown_members));
        }
        said_of_all.dedup();
        assert_eq!(said_of_all.len(), 1, "{payload}: {said_of_all:#?}");
        let unknown = &said_of_all[0].1;
        assert_eq!(unknown.get("room.booked.colour").copied().unwrap_or_default(), counted, "{payload}");
    }
}
