//! Users, departments and roles with what is known of them, and calendars.

use super::names::Declarations;
use super::types::label;
use super::{Checker, ValueSymbol};
use crate::diagnostic::{Advice, Code, Diagnostic, suggest};
use crate::schema::{Calendar, PrincipalDef, Type};
use crate::source::Span;
use crate::syntax::tree::{self, CalendarEntry, DateSpan, ExprKind, PrincipalKind, PrincipalValue};
use crate::value::*;
use chrono::{NaiveDate, NaiveTime, Timelike};
use std::collections::HashMap;
use std::collections::HashSet;

/// What may stand in the braces of a user; departments and roles have the first two.
const ENTRIES: &[&str] = &["email", "phone", "department", "roles", "hours", "away"];

const DAY: i64 = 86_400;
const WEEK: i64 = 7 * DAY;

impl Checker<'_> {
    /// Users, departments and roles without their entries, so that constants may name them; and calendars.
    pub(super) fn declare_people(&mut self, all: &Declarations) {
        for principal in &all.principals {
            self.schema.principals.push(PrincipalDef {
                kind: principal.kind,
                name: principal.name.text.clone().into(),
                label: label(principal.label.as_ref(), &principal.name.text),
                email: None,
                phone: None,
                department: None,
                roles: Vec::new(),
                hours: None,
                away: Vec::new(),
            });
        }
        for calendar in &all.calendars {
            let calendar = self.calendar(calendar);
            self.schema.calendars.push(calendar);
        }
    }

    /// What stands in the braces of users, departments and roles.
    pub(super) fn people_entries(&mut self, all: &Declarations) {
        for (i, principal) in all.principals.iter().enumerate() {
            let mut first: HashMap<&str, Span> = HashMap::new();
            for entry in &principal.entries {
                if let Some(before) = first.insert(&entry.name.text, entry.name.span) {
                    let message = format!("`{}` has two entries `{}`", principal.name.text, entry.name.text);
                    self.twice(entry.name.span, before, message, None);
                    continue;
                }
                self.entry(i, principal, entry);
            }
        }
    }

    fn entry(&mut self, i: usize, principal: &tree::Principal, entry: &tree::PrincipalEntry) {
        let name = &*entry.name.text;
        let (kind, allowed) = match principal.kind {
            PrincipalKind::User => ("user", ENTRIES),
            PrincipalKind::Department => ("department", &ENTRIES[..2]),
            PrincipalKind::Role => ("role", &ENTRIES[..2]),
        };
        if !allowed.contains(&name) {
            let help = Advice::near(entry.name.span, name, allowed.iter().copied())
                .unwrap_or_else(|| Advice::say(format!("a {kind} may have {}", quoted(allowed))));
            let message = format!("a {kind} has no entry `{name}`");
            let diagnostic = Diagnostic::new(Code::BadEntry, entry.name.span, message);
            self.report(diagnostic.label("not known here").advised(Some(help)));
            return;
        }
        let value = match &entry.value {
            PrincipalValue::Dates(dates) => {
                let away = days(dates);
                if name == "away" {
                    self.schema.principals[i].away = away;
                } else {
                    let message = format!("`{name}` cannot be dates");
                    self.report(
                        Diagnostic::new(Code::BadEntry, entry.span, message).label("only `away` has dates"),
                    );
                }
                return;
            }
            PrincipalValue::Expr(value) => value,
        };
        match name {
            "email" => {
                self.schema.principals[i].email = self.contact(value, &Type::Email);
            }
            "phone" => {
                self.schema.principals[i].phone = self.contact(value, &Type::Phone);
            }
            "department" => {
                self.schema.principals[i].department = self.principal(value, PrincipalKind::Department);
            }
            "roles" => {
                let names = match &*value.kind {
                    ExprKind::List(names) => names.iter().collect(),
                    _ => vec![value],
                };
                let roles = names.into_iter().filter_map(|n| self.principal(n, PrincipalKind::Role));
                let mut roles: Vec<PrincipalId> = roles.collect();
                let mut seen = HashSet::new();
                roles.retain(|role| seen.insert(*role));
                self.schema.principals[i].roles = roles;
            }
            "hours" => {
                let name = match &*value.kind {
                    ExprKind::Name(name) => self.resolve_calendar(name),
                    _ => {
                        let message = "`hours` is the name of a calendar";
                        let diagnostic = Diagnostic::new(Code::BadEntry, value.span, message);
                        self.report(diagnostic.label("no name").help("hours: Office"));
                        None
                    }
                };
                self.schema.principals[i].hours = name;
            }
            _ => {
                let message = "`away` is one or more days";
                let diagnostic = Diagnostic::new(Code::BadEntry, value.span, message).label("no dates");
                self.report(diagnostic.help("away: 2026-08-01..2026-08-14, 2026-12-24"));
            }
        }
    }

    fn contact(&mut self, value: &tree::Expr, ty: &Type) -> Option<Text> {
        match self.constant(value, Some(ty))? {
            (_, Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A declared department or role by its name.
    fn principal(&mut self, value: &tree::Expr, wanted: PrincipalKind) -> Option<PrincipalId> {
        let noun = match wanted {
            PrincipalKind::User => "user",
            PrincipalKind::Department => "department",
            PrincipalKind::Role => "role",
        };
        let ExprKind::Name(name) = &*value.kind else {
            let message = format!("the name of a {noun} is wanted here");
            let meant = match &*value.kind {
                ExprKind::Text(_) => self.sources.text(value.span).trim_matches('"').to_owned(),
                _ => String::new(),
            };
            let mut all = self.schema.principals.iter().filter(|p| p.kind == wanted);
            let known = all
                .clone()
                .find(|p| *p.name == *meant || *p.label == *meant)
                .or_else(|| all.next())
                .map(|p| p.name.to_string());
            let sure = known.as_ref().is_some_and(|known| *known == meant);
            let help = known.map(|known| {
                let help = format!("write `{known}`, without quotes");
                Advice::write(value.span, known).saying(help).unsure(!sure)
            });
            let help = help.or_else(|| Some(Advice::say(format!("declare one: `{noun} name \"Name\"`"))));
            let diagnostic = Diagnostic::new(Code::BadEntry, value.span, message);
            self.report(diagnostic.label("no name").advised(help));
            return None;
        };
        let found = self.names.values.get(&name.text).copied();
        if let Some((ValueSymbol::Principal(id), _)) = found
            && self.schema.principal(id).kind == wanted
        {
            return Some(id);
        }
        let known = self.schema.principals.iter().filter(|p| p.kind == wanted).map(|p| &*p.name);
        let listed: Vec<String> = known.clone().take(12).map(|known| format!("`{known}`")).collect();
        let help = Advice::near(name.span, &name.text, known).or_else(|| {
            let listed = listed.join(", ");
            (found.is_some() && !listed.is_empty()).then(|| Advice::say(format!("one of {listed}")))
        });
        let mut diagnostic = match found {
            Some((_, span)) => {
                let message = format!("`{}` is no {noun}", name.text);
                Diagnostic::new(Code::WrongKind, name.span, message)
                    .label(format!("a {noun} is wanted here"))
                    .also(span, "declared here")
            }
            None => {
                let message = format!("there is no {noun} `{}`", name.text);
                Diagnostic::new(Code::UnknownPrincipal, name.span, message).label("not declared anywhere")
            }
        };
        if help.is_none() {
            let name = if found.is_none() { name.text.to_string() } else { format!("{}_{noun}", name.text) };
            diagnostic = diagnostic.help(format!("{noun} {name}"));
        }
        self.report(diagnostic.advised(help));
        None
    }

    /// The calendar of a name; a mistake is reported.
    pub fn resolve_calendar(&mut self, name: &tree::Name) -> Option<CalendarId> {
        let found = self.names.values.get(&name.text).copied();
        if let Some((ValueSymbol::Calendar(id), _)) = found {
            return Some(id);
        }
        let calendars = || self.schema.calendars.iter().map(|c| &*c.name);
        let help = Advice::near(name.span, &name.text, calendars()).unwrap_or_else(|| {
            let listed: Vec<String> = calendars().take(12).map(|c| format!("`{c}`")).collect();
            Advice::say(match listed.is_empty() {
                true => "declare one: `calendar Office { mon..fri 09:00-18:00 }`".to_owned(),
                false => format!("one of {}", listed.join(", ")),
            })
        });
        let diagnostic = match found {
            Some((_, span)) => {
                let message = format!("`{}` is no calendar", name.text);
                Diagnostic::new(Code::WrongKind, name.span, message)
                    .label("a calendar is wanted here")
                    .also(span, "declared here")
            }
            None => {
                let message = format!("there is no calendar `{}`", name.text);
                Diagnostic::new(Code::UnknownCalendar, name.span, message).label("not declared anywhere")
            }
        };
        self.report(diagnostic.advised(Some(help)));
        None
    }

    fn calendar(&mut self, tree: &tree::Calendar) -> Calendar {
        let mut calendar = Calendar {
            name: tree.name.text.clone().into(),
            label: label(tree.label.as_ref(), &tree.name.text),
            timezone: chrono_tz::Tz::UTC,
            week: Default::default(),
            closed: Vec::new(),
        };
        let mut timezone: Option<Span> = None;
        let mut spans = Vec::new();
        for entry in &tree.entries {
            match entry {
                CalendarEntry::Timezone(name) => {
                    if let Some(first) = timezone.replace(name.span) {
                        let message = format!("the calendar `{}` has two time zones", tree.name.text);
                        self.twice(name.span, first, message, None);
                    } else if let Some(tz) = self.timezone(name) {
                        calendar.timezone = tz;
                    }
                }
                CalendarEntry::Open { days, hours, .. } => {
                    for day in days.iter().flat_map(weekdays) {
                        for hours in hours {
                            calendar.week[day].push((hours.from, hours.to));
                            spans.push((day, hours));
                        }
                    }
                }
                CalendarEntry::Closed { dates, .. } => calendar.closed.extend(days(dates)),
            }
        }
        if spans.is_empty() {
            let message = format!("the calendar `{}` never opens", tree.name.text);
            let diagnostic = Diagnostic::new(Code::BadCalendar, tree.name.span, message);
            self.report(diagnostic.label("no working hours").help("mon..fri 09:00-18:00"));
        }
        self.overlaps(&spans);
        for day in &mut calendar.week {
            day.sort_unstable();
        }
        calendar
    }

    fn overlaps(&mut self, spans: &[(usize, &tree::HourSpan)]) {
        let mut open: Vec<(i64, i64, Span)> = spans
            .iter()
            .map(|(day, hours)| {
                let from = *day as i64 * DAY + seconds(hours.from);
                let to = *day as i64 * DAY + seconds(hours.to);
                (from, if to > from { to } else { to + DAY }, hours.span)
            })
            .collect();
        open.sort_unstable_by_key(|(from, to, span)| (*from, *to, span.start));
        let mut said = HashSet::new();
        let mut latest: Option<(i64, Span)> = None;
        // Twice round: Sunday night may reach into Monday.
        let again = open.iter().map(|(from, to, span)| (from + WEEK, to + WEEK, *span));
        for (from, to, span) in open.iter().copied().chain(again) {
            if let Some((until, other)) = latest
                && from < until
            {
                let (one, two) = if other.start <= span.start { (other, span) } else { (span, other) };
                if said.insert((one, two)) {
                    let message = "these working hours overlap";
                    let mut diagnostic = Diagnostic::new(Code::BadCalendar, two, message);
                    diagnostic = if one == two {
                        diagnostic.label("two times on one day").help("name each day once")
                    } else {
                        let begins = until > to;
                        let hours = |span: Span| spans.iter().find(|(_, h)| h.span == span).map(|(_, h)| *h);
                        let help = match hours(other) {
                            Some(_) if begins => format!("take `{}` away", self.sources.text(span)),
                            Some(other) => format!("begin it at `{}`", other.to.format("%H:%M")),
                            None => "take one of them away".to_owned(),
                        };
                        diagnostic.label("begins before the other ends").also(one, "the other").help(help)
                    };
                    self.report(diagnostic);
                }
            }
            if latest.is_none_or(|(until, _)| to > until) {
                latest = Some((to, span));
            }
        }
    }

    /// The time zone of a name such as `Europe/Rome`; a mistake is reported.
    pub(super) fn timezone(&mut self, name: &tree::Str) -> Option<chrono_tz::Tz> {
        if let Ok(tz) = name.text.parse() {
            return Some(tz);
        }
        let message = format!("there is no time zone `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::UnknownTimezone, name.span, message)
            .label("not the name of a time zone")
            .help(match nearest_timezone(&name.text) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "timezone \"Europe/Rome\"".to_owned(),
            });
        self.report(diagnostic);
        None
    }
}

/// The zone that was probably meant: `Europe/Roma`, `rome`, `europe/rome`.
fn nearest_timezone(name: &str) -> Option<&'static str> {
    let zones = || chrono_tz::TZ_VARIANTS.iter().map(|tz| tz.name());
    let parts = |zone: &'static str| zone.rsplit_once('/').unwrap_or(("", zone));
    let asked = name.trim().replace(' ', "_");
    let (region, city) = asked.rsplit_once('/').unwrap_or(("", &asked));
    // A mistake in the city: of the same region, or of any if none was named.
    let around = || {
        zones().filter(|zone| {
            let (zone, _) = zone.rsplit_once('/').unwrap_or_default();
            !zone.is_empty() && (region.is_empty() || zone.eq_ignore_ascii_case(region))
        })
    };
    zones()
        .find(|zone| zone.eq_ignore_ascii_case(&asked))
        .or_else(|| zones().find(|zone| parts(zone).1.eq_ignore_ascii_case(city)))
        .or_else(|| {
            let near = suggest::nearest(city, around().map(|zone| parts(zone).1))?;
            around().find(|zone| parts(zone).1 == near)
        })
}

/// First and last days.
fn days(dates: &[DateSpan]) -> Vec<(NaiveDate, NaiveDate)> {
    dates.iter().map(|d| (d.from, d.to)).collect()
}

/// The days from one to the other, over the end of the week if need be.
fn weekdays(days: &tree::WeekdaySpan) -> impl Iterator<Item = usize> + use<> {
    let (from, to) = (usize::from(days.from % 7), usize::from(days.to % 7));
    (from..=if to < from { to + 7 } else { to }).map(|day| day % 7)
}

fn seconds(time: NaiveTime) -> i64 {
    i64::from(time.num_seconds_from_midnight())
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}
