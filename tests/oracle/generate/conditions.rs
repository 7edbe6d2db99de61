//! Tests, and what is known to be set where they hold and where they do not.

use super::{Facts, Generator, Level, Text, Ty};

/// A condition: what is known where it is true, and where it is false.
pub struct Condition {
    pub text: Text,
    pub yes: Facts,
    pub no: Facts,
}

/// A path that was tested, and those on the way to it.
fn tested(path: &str) -> Facts {
    let dots = path.match_indices('.').map(|(at, _)| path[..at].to_owned());
    dots.chain([path.to_owned()]).collect()
}

fn plain(text: Text) -> Condition {
    Condition { text, yes: Facts::new(), no: Facts::new() }
}

impl Generator<'_> {
    /// Writes with more known.
    pub fn knowing<T>(&mut self, facts: &Facts, write: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.facts.clone();
        self.facts.extend(facts.iter().cloned());
        let result = write(self);
        self.facts = before;
        result
    }

    pub fn condition(&mut self, depth: usize) -> Condition {
        if depth == 0 || self.budget == 0 {
            return self.test(0);
        }
        self.budget = self.budget.saturating_sub(1);
        match self.tape.below(6) {
            0..3 => self.test(depth - 1),
            3 => {
                let left = self.condition(depth - 1);
                let right = self.knowing(&left.yes, |g| g.condition(depth - 1));
                let text = format!("{} and {}", left.text.at(Level::And), right.text.at(Level::Not));
                let yes = left.yes.union(&right.yes).cloned().collect();
                let no = left.no.intersection(&right.no).cloned().collect();
                Condition { text: Text::new(text, Level::And), yes, no }
            }
            4 => {
                let left = self.condition(depth - 1);
                let right = self.knowing(&left.no, |g| g.condition(depth - 1));
                let text = format!("{} or {}", left.text.at(Level::Or), right.text.at(Level::And));
                let yes = left.yes.intersection(&right.yes).cloned().collect();
                let no = left.no.union(&right.no).cloned().collect();
                Condition { text: Text::new(text, Level::Or), yes, no }
            }
            _ => {
                let inner = self.condition(depth - 1);
                let text = Text::new(format!("not {}", inner.text.at(Level::Not)), Level::Not);
                Condition { text, yes: inner.no, no: inner.yes }
            }
        }
    }

    fn test(&mut self, depth: usize) -> Condition {
        match self.tape.below(10) {
            0 => match self.path(|ty| *ty == Ty::Bool) {
                Some((path, _)) => plain(Text::new(path, Level::Postfix)),
                None => plain(Text::new("true", Level::Postfix)),
            },
            1 => plain(Text::new(self.tape.word(&["true", "false"]), Level::Postfix)),
            2 | 3 => self.test_of_optional(depth),
            4 | 5 => plain(self.comparison(depth)),
            6 => plain(self.membership(depth)),
            7 => plain(self.text_test(depth)),
            8 => plain(self.other_test(depth)),
            _ => plain(self.exact_operation(&Ty::Bool, depth)),
        }
    }

    fn test_of_optional(&mut self, depth: usize) -> Condition {
        let Some((path, Ty::Opt(inner))) = self.path(|ty| matches!(ty, Ty::Opt(_))) else {
            return plain(Text::new("false", Level::Postfix));
        };
        let set = tested(&path);
        let empty = matches!(&*inner, Ty::Text | Ty::List(_));
        let comparable = !matches!(&*inner, Ty::List(_));
        // Without a record nothing is there to compare an e-mail address with.
        let tests = if inner.is_contact() && !self.record { 2 } else { 10 };
        let (test, true_means_set) = match self.tape.below(tests) {
            0 => ("is set".to_owned(), true),
            1 => ("is not set".to_owned(), false),
            2 if empty => ("is not empty".into(), true),
            3 if empty => ("is empty".into(), false),
            4 => ("== none".into(), false),
            5 => ("!= none".into(), true),
            6 => (format!("== {}", self.exact(&inner, depth).at(Level::Default)), true),
            7 => (format!("!= {}", self.exact(&inner, depth).at(Level::Default)), false),
            8 if comparable => {
                (format!("in {}", self.exact(&(*inner).clone().list(), depth).at(Level::Default)), true)
            }
            9 if comparable => {
                (format!("not in {}", self.exact(&(*inner).clone().list(), depth).at(Level::Default)), false)
            }
            _ => ("is set".into(), true),
        };
        let text = Text::new(format!("{path} {test}"), Level::Compare);
        match true_means_set {
            true => Condition { text, yes: set, no: Facts::new() },
            false => Condition { text, yes: Facts::new(), no: set },
        }
    }

    fn two(&mut self, left: &Ty, operator: &str, right: &Ty, depth: usize) -> Text {
        let left = self.exact(left, depth).at(Level::Default);
        let right = self.exact(right, depth).at(Level::Default);
        Text::new(format!("{left} {operator} {right}"), Level::Compare)
    }

    fn comparison(&mut self, depth: usize) -> Text {
        let ty = self.any_simple();
        // Of numbers with numbers, not always of one kind.
        let other = match &ty {
            Ty::Int | Ty::Decimal if self.tape.one_in(3) => Ty::Decimal,
            Ty::Recipient if self.tape.one_in(3) => Ty::User,
            ty => ty.clone(),
        };
        if ty.is_ordered() && ty != Ty::Email && self.tape.below(2) == 0 {
            if self.tape.one_in(3) {
                let value = self.exact(&ty, depth).at(Level::Default);
                let low = self.exact(&other, depth).at(Level::Default);
                let high = self.exact(&ty, depth).at(Level::Default);
                return Text::new(format!("{value} between {low} and {high}"), Level::Compare);
            }
            let operator = self.tape.word(&["<", "<=", ">", ">="]);
            return self.two(&ty, operator, &other, depth);
        }
        let operator = self.tape.word(&["==", "!="]);
        match &ty {
            // A bare value means one of the enum on the other side.
            Ty::Source if self.tape.below(2) == 0 => {
                let value = self.tape.word(&["web", "phone", "referral"]);
                let other = self.exact(&ty, depth).at(Level::Default);
                Text::new(format!("{other} {operator} {value}"), Level::Compare)
            }
            Ty::Weekday if self.tape.below(2) == 0 => {
                let other = self.exact(&ty, depth).at(Level::Default);
                Text::new(format!("{other} {operator} sun"), Level::Compare)
            }
            _ => self.two(&ty, operator, &other, depth),
        }
    }

    fn membership(&mut self, depth: usize) -> Text {
        let ty = self.any_simple();
        if ty.is_contact() {
            return self.two(&ty, "==", &ty, depth);
        }
        let list = ty.clone().list();
        match self.tape.below(4) {
            0 => self.two(&ty, "in", &list, depth),
            1 => self.two(&ty, "not in", &list, depth),
            2 => self.two(&list, "contains", &ty, depth),
            _ => self.two(&list, "not contains", &ty, depth),
        }
    }

    fn text_test(&mut self, depth: usize) -> Text {
        let operator = self.tape.word(&[
            "contains",
            "starts with",
            "ends with",
            "~=",
            "not contains",
            "matches /^[A-Z]/",
            "matches /\\d+|ß/",
            "is empty",
            "is not empty",
        ]);
        if operator.starts_with("matches") || operator.starts_with("is") {
            let text = self.exact(&Ty::Text, depth).at(Level::Default);
            return Text::new(format!("{text} {operator}"), Level::Compare);
        }
        self.two(&Ty::Text, operator, &Ty::Text, depth)
    }

    fn other_test(&mut self, depth: usize) -> Text {
        match self.tape.below(6) {
            0 if self.record => {
                let test = self.tape.word(&[
                    "stage is final",
                    "stage is not final",
                    "stage is success",
                    "stage is failure",
                    "stage == stage",
                    "stage != this.stage",
                ]);
                Text::new(test, Level::Compare)
            }
            1 => {
                let element = self.any_simple();
                let list = self.exact(&element.clone().list(), depth).at(Level::Default);
                let test = self.tape.word(&["is empty", "is not empty"]);
                Text::new(format!("{list} {test}"), Level::Compare)
            }
            2 if self.record => {
                let at = self.exact(&Ty::DateTime, depth).text;
                let calendar = self.tape.word(&["Office", "Rome", "Night"]);
                match self.tape.below(3) {
                    0 => Text::new(format!("is_open({calendar}, {at})"), Level::Postfix),
                    1 => Text::new(format!("is_open({calendar}, at: {at})"), Level::Postfix),
                    _ => Text::new(format!("is_open({calendar})"), Level::Postfix),
                }
            }
            3 => {
                let company = self.exact(&Ty::Company, depth);
                // Not of a path: then more would be known after it.
                Text::new(format!("[{}].all(c => c is set)", company.text), Level::Postfix)
            }
            4 => {
                let name = self.tape.word(&["any", "all"]);
                let element = self.any_simple();
                let list = self.exact(&element.clone().list(), depth);
                self.with_arrow(name, &list, &element, |g| g.condition(depth).text.text)
            }
            _ => self.two(&Ty::Bool, "==", &Ty::Bool, depth),
        }
    }
}
