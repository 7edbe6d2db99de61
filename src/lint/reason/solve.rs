//! Whether a formula can be true: a search over the regions into which its constants cut the values of its terms.

use super::{Formula, Point, Question, Reason, Term, TermId, Test};
use crate::schema::Type;
use crate::value::{Value, compare};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// So many parts of a formula are looked at before the search gives up.
const MOST_STEPS: usize = 30_000;

/// So many terms may have to be decided at once.
const MOST_DECISIONS: usize = 200;

/// Whether a formula can be true.
#[derive(Debug)]
pub enum Answer {
    /// Certainly never.
    No,
    /// Here is where; certainly only if nothing in it is free.
    Yes(Witness),
    /// The search was too long.
    Unknown,
}

/// Where a formula is true: what was decided of its terms.
#[derive(Debug, Default)]
pub struct Witness {
    pub terms: BTreeMap<TermId, Region>,
    /// Whether something had to be assumed that no value was found for.
    #[cfg(test)]
    pub free: bool,
    points: HashMap<TermId, Vec<Point>>,
}

/// Some of the values of a term: those for which every test in the formula has one answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Region {
    /// `none`
    Unset,
    /// It could not be found.
    Failure,
    /// The constant of this number.
    At(usize),
    /// Below the constant of this number, and above the one before.
    Before(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    True,
    False,
    Failure,
    /// This must be decided first.
    Needs(Wanted),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Term(TermId),
    Atom { atom: u32, may_fail: bool },
}

impl From<bool> for Outcome {
    fn from(b: bool) -> Self {
        if b { Outcome::True } else { Outcome::False }
    }
}

struct Search<'r> {
    reason: &'r Reason<'r>,
    points: HashMap<TermId, Vec<Point>>,
    terms: BTreeMap<TermId, Region>,
    /// `None`: it fails.
    atoms: BTreeMap<u32, Option<bool>>,
    steps: usize,
}

impl Reason<'_> {
    /// Whether the formula can be true.
    pub fn possible(&self, f: &Formula) -> Answer {
        match f {
            Formula::Known(true) => return Answer::Yes(Witness::default()),
            Formula::Known(false) | Formula::Fails => return Answer::No,
            _ => {}
        }
        let mut points: HashMap<TermId, BTreeSet<Point>> = HashMap::new();
        f.visit(&mut |f| {
            let Formula::Test(id, test) = f else { return };
            let of = points.entry(*id).or_default();
            match test {
                Test::OneOf(values) => of.extend(values.iter().cloned()),
                Test::Less(value) | Test::Greater(value) => {
                    of.insert(value.clone());
                }
                Test::Asks(
                    Question::IgnoringCase(text)
                    | Question::Contains(text)
                    | Question::Starts(text)
                    | Question::Ends(text),
                    _,
                ) => {
                    of.insert(Point::Text(text.clone()));
                }
                // Of this text it is known what the answer is.
                Test::Asks(Question::IsEmpty, _) if !matches!(self.term(*id).ty, Type::List(_)) => {
                    of.insert(Point::Text("".into()));
                }
                Test::IsSet | Test::Asks(..) | Test::IsOfKind(..) | Test::Compared(_) => {}
            }
        });
        let points = points.into_iter().map(|(id, points)| {
            let term = self.term(id);
            let points = match &term.domain {
                Some(domain) => domain.clone(),
                None => points.into_iter().collect(),
            };
            (id, points)
        });
        let points = points.collect();
        let mut search = Search {
            reason: self,
            points,
            terms: BTreeMap::new(),
            atoms: BTreeMap::new(),
            steps: MOST_STEPS,
        };
        match search.find(f) {
            Some(true) => Answer::Yes(Witness {
                #[cfg(test)]
                free: !search.atoms.is_empty(),
                terms: search.terms,
                points: search.points,
            }),
            Some(false) => Answer::No,
            None => Answer::Unknown,
        }
    }
}

impl Search<'_> {
    /// `None`: the search was too long.
    fn find(&mut self, f: &Formula) -> Option<bool> {
        if self.terms.len() + self.atoms.len() > MOST_DECISIONS {
            return None;
        }
        let wanted = match self.outcome(f) {
            Outcome::True => return (self.steps > 0).then_some(true),
            Outcome::False | Outcome::Failure => return (self.steps > 0).then_some(false),
            Outcome::Needs(wanted) => wanted,
        };
        match wanted {
            Wanted::Term(id) => {
                for region in self.regions(id) {
                    if self.steps == 0 {
                        return None;
                    }
                    self.terms.insert(id, region);
                    if self.find(f)? {
                        return Some(true);
                    }
                }
                self.terms.remove(&id);
            }
            Wanted::Atom { atom, may_fail } => {
                let outcomes = [Some(true), Some(false), None];
                for outcome in &outcomes[..if may_fail { 3 } else { 2 }] {
                    if self.steps == 0 {
                        return None;
                    }
                    self.atoms.insert(atom, *outcome);
                    if self.find(f)? {
                        return Some(true);
                    }
                }
                self.atoms.remove(&atom);
            }
        }
        Some(false)
    }

    /// Every region of a term's values that has a value in it.
    fn regions(&self, id: TermId) -> Vec<Region> {
        let (term, points) = (self.reason.term(id), &self.points[&id]);
        let mut regions = Vec::new();
        if term.domain.is_some() {
            regions.extend((0..points.len()).map(Region::At));
        } else {
            // What is known exactly comes first.
            regions.extend((0..points.len()).filter(|at| attainable(term, &points[*at])).map(Region::At));
            let between = |at: usize| (at.checked_sub(1).map(|at| &points[at]), points.get(at));
            let gaps = (0..=points.len()).filter(|at| {
                let (below, above) = between(*at);
                gap(term, below, above)
            });
            regions.extend(gaps.map(Region::Before));
        }
        if term.optional {
            regions.push(Region::Unset);
        }
        if term.may_fail {
            regions.push(Region::Failure);
        }
        regions
    }

    /// What is known of the formula by what is decided so far. As in the run, from left to right.
    fn outcome(&mut self, f: &Formula) -> Outcome {
        self.steps = self.steps.saturating_sub(1);
        match f {
            Formula::Known(b) => (*b).into(),
            Formula::Fails => Outcome::Failure,
            Formula::Free { atom, may_fail } => match self.atoms.get(atom) {
                Some(Some(b)) => (*b).into(),
                Some(None) => Outcome::Failure,
                None => Outcome::Needs(Wanted::Atom { atom: *atom, may_fail: *may_fail }),
            },
            Formula::Test(id, test) => match self.terms.get(id) {
                Some(region) => self.answer(*id, *region, test),
                None => Outcome::Needs(Wanted::Term(*id)),
            },
            Formula::Not(inner) => match self.outcome(inner) {
                Outcome::True => Outcome::False,
                Outcome::False => Outcome::True,
                other => other,
            },
            Formula::And(a, b) => match self.outcome(a) {
                Outcome::True => self.outcome(b),
                other => other,
            },
            Formula::Or(a, b) => match self.outcome(a) {
                Outcome::False => self.outcome(b),
                other => other,
            },
            Formula::If(condition, then, otherwise) => match self.outcome(condition) {
                Outcome::True => self.outcome(then),
                Outcome::False => self.outcome(otherwise),
                other => other,
            },
            Formula::Holds(inner) => match self.outcome(inner) {
                Outcome::Failure => Outcome::False,
                other => other,
            },
        }
    }

    fn answer(&self, id: TermId, region: Region, test: &Test) -> Outcome {
        if region == Region::Failure {
            return Outcome::Failure;
        }
        let points = &self.points[&id];
        // Where a point stands beside the region.
        let place = |point: &Point| points.binary_search(point).ok();
        match test {
            Test::IsSet => (region != Region::Unset).into(),
            Test::OneOf(values) => match region {
                Region::At(at) => values.contains(&points[at]).into(),
                _ => Outcome::False,
            },
            Test::Less(point) => match (region, place(point)) {
                (Region::Unset, _) | (_, None) => Outcome::Failure,
                (Region::At(at), Some(point)) => (at < point).into(),
                (Region::Before(at), Some(point)) => (at <= point).into(),
                (Region::Failure, _) => Outcome::Failure,
            },
            Test::Greater(point) => match (region, place(point)) {
                (Region::Unset, _) | (_, None) => Outcome::Failure,
                (Region::At(at) | Region::Before(at), Some(point)) => (at > point).into(),
                (Region::Failure, _) => Outcome::Failure,
            },
            Test::Asks(question, atom) => {
                let value = match region {
                    Region::Unset => None,
                    Region::At(at) => Some(&points[at]),
                    Region::Before(_) | Region::Failure => {
                        return match self.atoms.get(atom) {
                            Some(Some(b)) => (*b).into(),
                            Some(None) => Outcome::Failure,
                            None => Outcome::Needs(Wanted::Atom { atom: *atom, may_fail: false }),
                        };
                    }
                };
                match (question, value) {
                    (Question::IsEmpty, None) => Outcome::True,
                    (Question::IgnoringCase(_), None) => Outcome::False,
                    (_, None) => Outcome::Failure,
                    (question, Some(Point::Text(text))) => {
                        let text = Value::Text(text.clone());
                        let other = |part: &crate::value::Text| Value::Text(part.clone());
                        match question {
                            Question::IsEmpty => compare::is_empty(&text).into(),
                            Question::IgnoringCase(part) => {
                                compare::eq_ignore_case(&text, &other(part)).into()
                            }
                            Question::Contains(part) => compare::contains(&text, &other(part)).into(),
                            Question::Starts(part) => compare::starts_with(&text, &other(part)).into(),
                            Question::Ends(part) => compare::ends_with(&text, &other(part)).into(),
                            Question::Other => match self.atoms.get(atom) {
                                Some(Some(b)) => (*b).into(),
                                Some(None) => Outcome::Failure,
                                None => Outcome::Needs(Wanted::Atom { atom: *atom, may_fail: false }),
                            },
                        }
                    }
                    (_, Some(_)) => Outcome::Failure,
                }
            }
            Test::IsOfKind(kinds, atom) => match region {
                Region::At(at) => match points[at] {
                    Point::Stage(id) => {
                        let stage = self.reason.model.stages.get(usize::from(id));
                        stage.is_some_and(|stage| kinds.contains(&stage.kind)).into()
                    }
                    _ => Outcome::Failure,
                },
                Region::Before(_) => match self.atoms.get(atom) {
                    Some(Some(b)) => (*b).into(),
                    Some(None) => Outcome::Failure,
                    None => Outcome::Needs(Wanted::Atom { atom: *atom, may_fail: false }),
                },
                Region::Unset | Region::Failure => Outcome::Failure,
            },
            Test::Compared(outcomes) => match region {
                Region::At(at) => match points[at] {
                    Point::Order(n) => match outcomes[usize::from(n)] {
                        Some(b) => b.into(),
                        None => Outcome::Failure,
                    },
                    _ => Outcome::Failure,
                },
                _ => Outcome::Failure,
            },
        }
    }
}

/// Whether the value can be exactly this.
fn attainable(term: &Term, point: &Point) -> bool {
    let Point::Number(n) = point else { return true };
    if Reason::is_whole(term) && !n.fract().is_zero() {
        return false;
    }
    term.bounds.0.is_none_or(|min| min <= *n) && term.bounds.1.is_none_or(|max| *n <= max)
}

/// Whether there is a value between two.
fn gap(term: &Term, below: Option<&Point>, above: Option<&Point>) -> bool {
    match (below, above) {
        (Some(Point::Date(a)), Some(Point::Date(b))) => a.succ_opt().is_some_and(|next| next < *b),
        (Some(Point::Length(a)), Some(Point::Length(b))) => a + 1 < *b,
        (None | Some(Point::Number(_)), None | Some(Point::Number(_))) => {
            let number = |p: Option<&Point>| match p {
                Some(Point::Number(n)) => Some(*n),
                _ => None,
            };
            between(term, number(below), number(above)).is_some()
        }
        _ => true,
    }
}

/// A number of the term's kind, within its bounds, strictly between two.
fn between(term: &Term, below: Option<Decimal>, above: Option<Decimal>) -> Option<Decimal> {
    let (min, max) = term.bounds;
    // The least that it can be, and whether it can be that itself.
    let low = match (below, min) {
        (Some(below), Some(min)) if min > below => Some((min, true)),
        (Some(below), _) => Some((below, false)),
        (None, min) => min.map(|min| (min, true)),
    };
    let high = match (above, max) {
        (Some(above), Some(max)) if max < above => Some((max, true)),
        (Some(above), _) => Some((above, false)),
        (None, max) => max.map(|max| (max, true)),
    };
    if Reason::is_whole(term) {
        let low = low.and_then(|(n, itself)| match itself {
            true => Some(n.ceil()),
            false => n.floor().checked_add(Decimal::ONE),
        });
        let high = high.and_then(|(n, itself)| match itself {
            true => Some(n.floor()),
            false => n.ceil().checked_sub(Decimal::ONE),
        });
        return match (low, high) {
            (Some(low), Some(high)) => (low <= high).then_some(low),
            (Some(low), None) => Some(low),
            (None, Some(high)) => Some(high),
            (None, None) => Some(Decimal::ZERO),
        };
    }
    match (low, high) {
        (Some((low, a)), Some((high, b))) => {
            if low == high {
                (a && b).then_some(low)
            } else if low > high {
                None
            } else if a {
                Some(low)
            } else if b {
                Some(high)
            } else {
                // At the end of the digits there may be no number between two: then nothing is said.
                low.checked_add(high).map(|sum| sum / Decimal::TWO).or(Some(low))
            }
        }
        (Some((low, true)), None) => Some(low),
        (Some((low, false)), None) => low.checked_add(Decimal::ONE).or(Some(low)),
        (None, Some((high, true))) => Some(high),
        (None, Some((high, false))) => high.checked_sub(Decimal::ONE).or(Some(high)),
        (None, None) => Some(Decimal::ZERO),
    }
}

impl Witness {
    /// A value in the region that was decided for a term; `None`: none is known (or it is the failure to find one).
    pub fn value(&self, reason: &Reason<'_>, id: TermId) -> Option<Value> {
        let term = reason.term(id);
        let points = self.points.get(&id)?;
        match *self.terms.get(&id)? {
            Region::Unset => Some(Value::None),
            Region::Failure => None,
            Region::At(at) => points.get(at)?.value(&term.ty),
            Region::Before(at) => {
                let below = at.checked_sub(1).and_then(|at| points.get(at));
                inside(term, below, points.get(at))?.value(&term.ty)
            }
        }
    }
}

/// A value strictly between two.
fn inside(term: &Term, below: Option<&Point>, above: Option<&Point>) -> Option<Point> {
    let day = chrono::Duration::days(1);
    Some(match (below, above) {
        (None, None) => return None,
        (Some(Point::Number(_)), _) | (_, Some(Point::Number(_))) => {
            let number = |p: Option<&Point>| match p {
                Some(Point::Number(n)) => Some(*n),
                _ => None,
            };
            Point::Number(between(term, number(below), number(above))?.normalize())
        }
        (Some(Point::Date(date)), _) => Point::Date(date.succ_opt()?),
        (None, Some(Point::Date(date))) => Point::Date(date.pred_opt()?),
        (Some(Point::Length(n)), _) => Point::Length(n + 1),
        (None, Some(Point::Length(n))) => Point::Length(n - 1),
        (Some(Point::Instant(at)), None) => Point::Instant(at.checked_add_signed(day)?),
        (None, Some(Point::Instant(at))) => Point::Instant(at.checked_sub_signed(day)?),
        (Some(Point::Instant(a)), Some(Point::Instant(b))) => Point::Instant(*a + (*b - *a) / 2),
        // Behind a text and before every longer one that does not begin with it.
        (Some(Point::Text(text)), above) => {
            let longer = Point::Text(format!("{text} x").into());
            if above.is_some_and(|above| longer >= *above) {
                return None;
            }
            longer
        }
        (None, Some(Point::Text(text))) => {
            if text.is_empty() {
                return None;
            }
            let some = ["Anything", "A", ""].into_iter().map(|t| Point::Text(t.into()));
            some.into_iter().find(|some| *some < Point::Text(text.clone()))?
        }
        _ => return None,
    })
}
