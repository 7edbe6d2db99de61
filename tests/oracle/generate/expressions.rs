//! Expressions of a wanted type.

use super::types::Ty;
use super::types::Ty::*;
use super::{Generator, Level as L, Text as T};

const NUMBERS: &[&str] = &["0", "1", "2", "3", "7", "42", "1_000", "100", "9223372036854775807", "ZERO"];
const DECIMALS: &[&str] =
    &["0.5", "1.0", "2.345", "0.1", "100.25", "0.000000001", "999999999999999999999999999.5", "HALF"];
const TEXTS: &[&str] =
    &["a", "", " ", "Chairs", "ß", "b, c", "\\\"\\\\\\{\\}", "\\u{1F44D}", "Σς", "İ", "1", "a@b.example"];
const DATES: &[&str] =
    &["2026-03-29", "2026-10-25", "2024-02-29", "2026-01-31", "9999-12-31", "0001-01-01", "EPOCH"];
const TIMES: &[&str] = &["10:00", "02:30", "00:00", "23:59:59"];
const INSTANTS: &[&str] = &[
    "2026-03-02T10:00Z",
    "2026-03-29T01:00Z",
    "2026-10-25T00:30Z",
    "2026-10-25T01:30:15.5Z",
    "2026-03-01T10:00-05:00",
    "9999-12-31T23:59:59Z",
];
const LOCAL_INSTANTS: &[&str] = &["now", "created_at", "2026-03-29T02:30", "2026-10-25T02:30"];
const DURATIONS: &[&str] =
    &["1 day", "2 hours 30 minutes", "90 seconds", "1 week 1 hour", "0 seconds", "400_000 days"];
const WHOLE_DAYS: &[&str] = &["1 day", "2 weeks", "0 days", "1 week 3 days", "400_000 days"];
const TIME_FORMATS: &[&str] = &["%d.%m.%Y", "%A %-d %B", "%j"];
const NUMBER_FORMATS: &[&str] = &["0", "#,##0.00", "0.0#", "0%"];

impl Generator<'_> {
    /// An expression of this type, whatever stands around it.
    pub(super) fn exact(&mut self, ty: &Ty, depth: usize) -> T {
        if depth == 0 || self.budget == 0 {
            return self.leaf(ty);
        }
        self.budget -= 1;
        match self.tape.below(10) {
            0..3 => self.leaf(ty),
            3..7 => self.exact_operation(ty, depth - 1),
            7 => self.choice(ty, depth - 1),
            8 => self.with_default(ty, depth - 1),
            _ => self.call_or_operation(ty, depth - 1),
        }
    }

    /// An expression that converts to this type without a word, where it is known what is wanted.
    pub(super) fn loose(&mut self, ty: &Ty, depth: usize) -> T {
        if self.tape.below(3) > 0 {
            return self.exact(ty, depth);
        }
        match ty {
            Decimal => self.exact(&Int, depth),
            Recipient => {
                let kind = self.tape.of(&[User, Department, Role]).clone();
                self.exact(&kind, depth)
            }
            Text if self.record => self.exact(&Email, depth),
            Email if self.record => {
                T::new(self.tape.word(&["\"x@example.com\"", "\"{n}@{title}\""]), L::Postfix)
            }
            Phone if self.record => T::new(self.tape.word(&["\"+39 123\"", "\"{n}\""]), L::Postfix),
            Url if self.record => {
                T::new(self.tape.word(&["\"https://example.com\"", "\"https://{title}\""]), L::Postfix)
            }
            List(element) if self.tape.below(2) == 0 => self.loose(element, depth),
            List(element) => self.list_of(element, depth, true),
            Opt(_) if self.tape.below(3) == 0 => T::new("none", L::Postfix),
            Opt(inner) => self.loose(inner, depth),
            ty => self.exact(ty, depth),
        }
    }

    fn leaf(&mut self, ty: &Ty) -> T {
        if self.tape.below(4) != 3
            && let Some((path, _)) = self.path(|found| found == ty)
        {
            return T::new(path, L::Postfix);
        }
        self.literal(ty)
    }

    fn literal(&mut self, ty: &Ty) -> T {
        let one = |text: &str| T::new(text, L::Postfix);
        match ty {
            Int => one(self.tape.word(NUMBERS)),
            Decimal => one(self.tape.word(DECIMALS)),
            Bool => one(self.tape.word(&["true", "false"])),
            Text => one(&format!("\"{}\"", self.tape.word(TEXTS))),
            Eur => {
                T::new(self.tape.word(&["1 EUR", "0 EUR", "0.005 EUR", "19.99 EUR", "LIMIT"]), L::Negative)
            }
            Usd => T::new(self.tape.word(&["1 USD", "0.05 USD", "250 USD"]), L::Negative),
            Date if self.record && self.tape.one_in(4) => one("today"),
            Date => one(self.tape.word(DATES)),
            Time => one(self.tape.word(TIMES)),
            DateTime if self.record && self.tape.one_in(3) => one(self.tape.word(LOCAL_INSTANTS)),
            DateTime => one(self.tape.word(INSTANTS)),
            Duration => T::new(self.tape.word(DURATIONS), L::Negative),
            User => one(self.tape.word(&["anna", "bob", "carla", "BOSS"])),
            Department => one(self.tape.word(&["sales", "delivery"])),
            Role => one(self.tape.word(&["manager", "closer"])),
            Recipient => {
                one(self.tape.word(&["(if true then anna else sales)", "(if false then manager else sales)"]))
            }
            Source => one(self.tape.word(&["Source.web", "Source.phone", "MAIN"])),
            Level => one(self.tape.word(&["Level.low", "Level.high", "Level.web"])),
            Weekday => one(self.tape.word(&["weekday(2026-03-29)", "2026-10-26.weekday"])),
            Chat => {
                let id = self.literal(&Text).text;
                one(&format!("chat({id})"))
            }
            Company => one(self.tape.word(&["Company(\"C-1\")", "Company(\"C-2\")", "Company(\"C-404\")"])),
            Deal => one(self.tape.word(&["Deal(\"D-1\")", "Deal(\"D-2\")"])),
            // There is none of these: fields of every record.
            Email => self.field_or(&["anna.email ?? mail", "mail"]),
            Phone => self.field_or(&["anna.phone ?? tel", "tel"]),
            Url => self.field_or(&["site", "offer.url"]),
            File => self.field_or(&["offer"]),
            List(element) => self.list_of(element, 0, false),
            Opt(inner) => match self.tape.below(3) {
                0 => {
                    let list = self.list_of(inner, 0, false);
                    T::new(format!("{}.first", list.at(L::Postfix)), L::Postfix)
                }
                1 => {
                    let value = self.literal(inner);
                    T::new(format!("if true then {} else none", value.at(L::Or)), L::If)
                }
                _ => {
                    let value = self.literal(inner);
                    T::new(format!("if false then {} else none", value.at(L::Or)), L::If)
                }
            },
        }
    }

    /// Something of the record; where there is none, of the first parameter that has it.
    fn field_or(&mut self, texts: &[&'static str]) -> T {
        assert!(self.record, "no literal of this type");
        let text = self.tape.word(texts);
        T::new(text, if text.contains("??") { L::Default } else { L::Postfix })
    }

    /// `[a, b]`, the first exactly of the type.
    pub(super) fn list_of(&mut self, element: &Ty, depth: usize, loose: bool) -> T {
        let mut items = vec![self.exact(element, depth).text];
        for _ in 0..self.tape.below(3) {
            items.push(if loose {
                self.loose_element(element, depth)
            } else {
                self.exact(element, depth).text
            });
        }
        T::new(format!("[{}]", items.join(", ")), L::Postfix)
    }

    fn loose_element(&mut self, element: &Ty, depth: usize) -> String {
        match element {
            Decimal | Recipient => self.loose(element, depth).text,
            _ => self.exact(element, depth).text,
        }
    }

    /// `if c then a else b`
    fn choice(&mut self, ty: &Ty, depth: usize) -> T {
        let condition = self.condition(depth);
        let then = self.knowing(&condition.yes, |g| g.exact(ty, depth));
        let otherwise = self.knowing(&condition.no, |g| g.exact(ty, depth));
        let text =
            format!("if {} then {} else {}", condition.text.at(L::Or), then.at(L::Or), otherwise.at(L::If));
        // Behind a comparison: what is known after it is then known of nothing.
        if *ty == Bool { T::new(format!("({text}) == true"), L::Compare) } else { T::new(text, L::If) }
    }

    /// `a ?? b`
    fn with_default(&mut self, ty: &Ty, depth: usize) -> T {
        let left = match ty {
            Opt(_) => self.exact(ty, depth),
            ty => self.exact(&ty.clone().optional(), depth),
        };
        let right = self.exact(ty, depth);
        let text = format!("{} ?? {}", left.at(L::Add), right.at(L::Add));
        // A bare `none` under `??` would be an odd thing to write.
        T::new(text, L::Default)
    }

    /// A call of one of the program's functions, if one gives the type.
    fn call_or_operation(&mut self, ty: &Ty, depth: usize) -> T {
        let fitting: Vec<_> = self.functions.iter().filter(|f| f.result == *ty).cloned().collect();
        if fitting.is_empty() {
            return self.exact_operation(ty, depth);
        }
        let function = self.tape.of(&fitting).clone();
        let args: Vec<T> = function.params.iter().map(|p| self.loose(p, depth)).collect();
        self.written_call(&function.name, &args)
    }

    /// A call in one of its three forms.
    fn written_call(&mut self, name: &str, args: &[T]) -> T {
        let texts = |args: &[T]| args.iter().map(|a| a.text.clone()).collect::<Vec<_>>().join(", ");
        let method = self.tape.below(3);
        let text = match args.split_first() {
            // Behind a record, a person or a file a field might be meant.
            Some((first, [])) if method == 2 && !matches!(name, "name" | "value") => {
                format!("{}.{name}", first.at(L::Postfix))
            }
            Some((first, rest)) if method == 1 => format!("{}.{name}({})", first.at(L::Postfix), texts(rest)),
            _ => format!("{name}({})", texts(args)),
        };
        T::new(text, L::Postfix)
    }

    fn call(&mut self, name: &str, types: &[Ty], depth: usize) -> T {
        let args: Vec<T> = types
            .iter()
            .map(|ty| match ty {
                Decimal if self.tape.one_in(3) => self.exact(&Int, depth),
                ty => self.exact(ty, depth),
            })
            .collect();
        self.written_call(name, &args)
    }

    /// `list.any(x => …)`, in both forms.
    pub(super) fn with_arrow(
        &mut self,
        name: &str,
        list: &T,
        element: &Ty,
        body: impl FnOnce(&mut Self) -> String,
    ) -> T {
        let local = self.name();
        self.locals.push((local.clone(), element.clone()));
        let body = body(self);
        self.locals.retain(|(name, _)| *name != local);
        let text = match self.tape.below(2) {
            0 => format!("{}.{name}({local} => {body})", list.at(L::Postfix)),
            _ => format!("{name}({}, {local} => {body})", list.text),
        };
        T::new(text, L::Postfix)
    }

    fn binary(&mut self, left: &Ty, operator: &str, right: &Ty, level: L, depth: usize) -> T {
        let tighter = if level == L::Add { L::Mul } else { L::Negative };
        let left = self.exact(left, depth).at(level);
        let right = self.exact(right, depth).at(tighter);
        T::new(format!("{left} {operator} {right}"), level)
    }

    fn add(&mut self, left: &Ty, right: &Ty, depth: usize) -> T {
        let operator = self.tape.word(&["+", "-"]);
        self.binary(left, operator, right, L::Add, depth)
    }

    fn negative(&mut self, ty: &Ty, depth: usize) -> T {
        let inner = self.exact(ty, depth).at(L::Negative);
        T::new(format!("-{inner}"), L::Negative)
    }

    fn number(&mut self) -> Ty {
        self.tape.of(&[Int, Decimal]).clone()
    }

    fn a_date(&mut self) -> Ty {
        self.tape.of(&[Date, DateTime]).clone()
    }

    /// An operator or a built-in function that gives the type.
    pub(super) fn exact_operation(&mut self, ty: &Ty, depth: usize) -> T {
        if ty.is_ordered() && *ty != Email && self.tape.one_in(12) {
            let name = self.tape.word(&["min", "max"]);
            return self.call(name, &[ty.clone(), ty.clone()], depth);
        }
        if !matches!(ty, Opt(_) | Bool) && self.tape.one_in(16) {
            return self.call("pick", &[ty.clone().list()], depth);
        }
        match ty {
            Int => match self.tape.below(14) {
                0 | 1 => self.add(&Int, &Int, depth),
                2 => self.binary(&Int, "*", &Int, L::Mul, depth),
                3 => self.negative(&Int, depth),
                4 => self.call("len", &[Text], depth),
                5 => {
                    let list = self.any_simple().list();
                    self.call("count", &[list], depth)
                }
                6 => {
                    let name = self.tape.word(&["floor", "ceil"]);
                    let number = self.number();
                    self.call(name, &[number], depth)
                }
                7 => self.call("abs", &[Int], depth),
                8 => self.call("sum", &[Int.list()], depth),
                9 => {
                    let name = self.tape.word(&["year", "month", "day"]);
                    let date = self.a_date();
                    self.call(name, &[date], depth)
                }
                10 => {
                    let time = self.tape.of(&[Time, DateTime]).clone();
                    self.call("hour", &[time], depth)
                }
                11 => {
                    let (a, b) = (self.a_date(), self.a_date());
                    self.call("days_between", &[a, b], depth)
                }
                _ => self.binary(&Int, "*", &Int, L::Mul, depth),
            },
            Decimal => match self.tape.below(10) {
                0 => self.binary(&Int, "/", &Int, L::Mul, depth),
                1 => {
                    let other = self.number();
                    self.add(&Decimal, &other, depth)
                }
                2 => {
                    let other = self.number();
                    self.add(&other, &Decimal, depth)
                }
                3 => {
                    let (operator, other) = (self.tape.word(&["*", "/"]), self.number());
                    self.binary(&Decimal, operator, &other, L::Mul, depth)
                }
                4 => {
                    let money = self.tape.of(&[Eur, Usd, Duration]).clone();
                    self.binary(&money, "/", &money, L::Mul, depth)
                }
                5 => {
                    let x = self.number();
                    match self.tape.below(3) {
                        0 => self.call("round", &[x], depth),
                        1 => self.call("round", &[x, Int], depth),
                        _ => {
                            let x = self.exact(&x, depth).at(L::Postfix);
                            let digits = self.tape.word(&["2", "-2", "28", "-29"]);
                            T::new(format!("{x}.round(digits: {digits})"), L::Postfix)
                        }
                    }
                }
                6 => self.call("abs", &[Decimal], depth),
                7 => {
                    let money = self.tape.of(&[Eur, Usd]).clone();
                    self.call("value", &[money], depth)
                }
                8 => self.call("sum", &[Decimal.list()], depth),
                _ => self.negative(&Decimal, depth),
            },
            Eur | Usd => match self.tape.below(8) {
                0 => self.add(ty, ty, depth),
                1 => {
                    let (operator, number) = (self.tape.word(&["*", "/"]), self.number());
                    self.binary(ty, operator, &number, L::Mul, depth)
                }
                2 => {
                    let number = self.number();
                    self.binary(&number, "*", ty, L::Mul, depth)
                }
                3 => self.negative(ty, depth),
                4 => {
                    let name = self.tape.word(&["round", "floor", "ceil", "abs"]);
                    self.call(name, std::slice::from_ref(ty), depth)
                }
                5 => self.call("sum", &[ty.clone().list()], depth),
                _ => {
                    let (from, to) = if *ty == Eur { (Usd, "EUR") } else { (Eur, "USD") };
                    let money = self.exact(&from, depth);
                    match self.tape.below(2) {
                        0 => T::new(format!("{}.in({to})", money.at(L::Postfix)), L::Postfix),
                        _ => T::new(format!("in({}, {to})", money.text), L::Postfix),
                    }
                }
            },
            Bool => match self.tape.below(3) {
                // Behind a comparison: what is known after it is then known of nothing.
                0 | 1 => {
                    let condition = self.condition(depth).text.at(L::Default);
                    T::new(format!("({condition}) == true"), L::Compare)
                }
                _ => {
                    let list = self.exact(&Bool.list(), depth).at(L::Postfix);
                    let text = format!("{list}.any(b => b)");
                    T::new(text, L::Postfix)
                }
            },
            Date => match self.tape.below(7) {
                0 => {
                    let date = self.exact(&Date, depth).at(L::Add);
                    let operator = self.tape.word(&["+", "-"]);
                    T::new(format!("{date} {operator} {}", self.tape.word(WHOLE_DAYS)), L::Add)
                }
                1 => self.call("date", &[DateTime], depth),
                2 => self.call("add_months", &[Date, Int], depth),
                3 => self.months(&Date, depth),
                4 => self.in_calendar("add_workdays", &Date, depth),
                5 => self.call("start_of_month", &[Date], depth),
                _ => self.call("date", &[DateTime], depth),
            },
            Time => self.call("time", &[DateTime], depth),
            DateTime => match self.tape.below(10) {
                0 | 1 => self.add(&DateTime, &Duration, depth),
                2 => self.binary(&Date, "+", &Time, L::Add, depth),
                // Not of whole days written out: that would be a date.
                3 => {
                    let date = self.exact(&Date, depth).at(L::Add);
                    let operator = self.tape.word(&["+", "-"]);
                    let lengths = ["2 hours", "1 day 30 minutes", "24 hours", "100 days 1 second"];
                    T::new(format!("{date} {operator} {}", self.tape.word(&lengths)), L::Add)
                }
                4 => {
                    let date = self.a_date();
                    self.call("start_of_day", &[date], depth)
                }
                5 => self.call("start_of_month", &[DateTime], depth),
                6 => self.months(&DateTime, depth),
                7 => self.in_calendar("add_work_hours", &DateTime, depth),
                8 => self.call("add_months", &[DateTime, Int], depth),
                _ => self.add(&DateTime, &Duration, depth),
            },
            Duration => match self.tape.below(8) {
                0 | 1 => self.add(&Duration, &Duration, depth),
                2 => self.binary(&Duration, "*", &Int, L::Mul, depth),
                3 => self.binary(&Int, "*", &Duration, L::Mul, depth),
                4 => {
                    let number = self.number();
                    self.binary(&Duration, "/", &number, L::Mul, depth)
                }
                5 => self.negative(&Duration, depth),
                6 => {
                    let date = self.a_date();
                    self.binary(&date, "-", &date, L::Add, depth)
                }
                _ => self.call("sum", &[Duration.list()], depth),
            },
            Text => self.text(depth),
            Weekday => {
                let date = self.a_date();
                self.call("weekday", &[date], depth)
            }
            Chat => {
                let id = self.exact(&Text, depth).text;
                T::new(format!("chat({id})"), L::Postfix)
            }
            Company | Deal if self.tape.one_in(3) => {
                let id = self.exact(&Text, depth).text;
                T::new(format!("{}({id})", ty.written()), L::Postfix)
            }
            List(element) => self.list(element, depth),
            Opt(inner) => match self.tape.below(4) {
                0 | 1 => {
                    let name = self.tape.word(&["first", "last"]);
                    self.call(name, &[(**inner).clone().list()], depth)
                }
                2 if inner.is_ordered() => {
                    let name = self.tape.word(&["min", "max"]);
                    self.call(name, &[(**inner).clone().list()], depth)
                }
                2 => self.leaf(ty),
                _ => {
                    let condition = self.condition(depth);
                    let then = self.knowing(&condition.yes, |g| g.exact(inner, depth));
                    let text = format!("if {} then {} else none", condition.text.at(L::Or), then.at(L::Or));
                    T::new(text, L::If)
                }
            },
            ty => self.leaf(ty),
        }
    }

    fn months(&mut self, ty: &Ty, depth: usize) -> T {
        let date = self.exact(ty, depth);
        let months = self.tape.word(&["1", "-1", "12", "-13", "1_000"]);
        self.written_call("add_months", &[date, T::new(months, L::Postfix)])
    }

    fn in_calendar(&mut self, name: &str, ty: &Ty, depth: usize) -> T {
        let at = self.exact(ty, depth);
        let count = match self.tape.below(3) {
            0 => T::new(self.tape.word(&["1", "5", "0"]), L::Postfix),
            1 => T::new(self.tape.word(&["-3", "-1"]), L::Negative),
            _ => self.exact(&Int, 0),
        };
        let calendar = match self.tape.below(4) {
            0 if self.record => None,
            0 | 1 => Some("Office"),
            2 => Some("calendar: Rome"),
            _ => Some("Night"),
        };
        let args: Vec<T> =
            [Some(at), Some(count), calendar.map(|c| T::new(c, L::Postfix))].into_iter().flatten().collect();
        self.written_call(name, &args)
    }

    fn text(&mut self, depth: usize) -> T {
        match self.tape.below(12) {
            0..4 => self.template(depth),
            4 => {
                let name = self.tape.word(&["lower", "upper", "trim"]);
                self.call(name, &[Text], depth)
            }
            5 => self.call("replace", &[Text, Text, Text], depth),
            6 => {
                let name = self.tape.word(&["left", "right"]);
                let text = self.exact(&Text, depth);
                let n = self.tape.word(&["1", "0", "3", "1_000"]);
                self.written_call(name, &[text, T::new(n, L::Postfix)])
            }
            7 => self.call("join", &[Text.list(), Text], depth),
            8 => {
                let money = self.tape.of(&[Eur, Usd]).clone();
                self.call("currency", &[money], depth)
            }
            9 => {
                let ty = self.tape.of(&[Int, Decimal, Eur, Date, DateTime]).clone();
                let value = self.exact(&ty, depth);
                let pattern = self.pattern(&ty).unwrap_or("0");
                self.written_call("format", &[value, T::new(format!("\"{pattern}\""), L::Postfix)])
            }
            10 => {
                let name = self.tape.word(&["left", "right"]);
                self.call(name, &[Text, Int], depth)
            }
            _ => {
                let pieces = self.call("split", &[Text, Text], depth).at(L::Postfix);
                let other = self.exact(&Text, depth).at(L::Add);
                T::new(format!("{pieces}.last ?? {other}"), L::Default)
            }
        }
    }

    fn pattern(&mut self, ty: &Ty) -> Option<&'static str> {
        match ty {
            Int | Decimal | Eur | Usd => Some(self.tape.word(NUMBER_FORMATS)),
            Date | DateTime => Some(self.tape.word(TIME_FORMATS)),
            Time => Some("%H-%M"),
            _ => None,
        }
    }

    /// A text with placeholders.
    pub(super) fn template(&mut self, depth: usize) -> T {
        let mut text = String::from("\"");
        for _ in 0..=self.tape.below(3) {
            text.push_str(self.tape.word(TEXTS));
            let ty = self.any_simple();
            let ty = if ty.is_printed() { ty } else { Text };
            let ty = if self.tape.one_in(5) { ty.list() } else { ty };
            match self.tape.below(4) {
                0 => {
                    let value = self.exact(&ty, depth).text;
                    text.push_str(&format!("{{{value}}}"));
                }
                1 => {
                    let value = self.exact(&ty, depth).text;
                    match self.pattern(&ty) {
                        Some(pattern) => text.push_str(&format!("{{{value}: \"{pattern}\"}}")),
                        None => text.push_str(&format!("{{{value}}}")),
                    }
                }
                _ => {
                    // Directly in a placeholder the default may be a text whatever the type.
                    let value = self.exact(&ty.optional(), depth).at(L::Add);
                    let default = self.exact(&Text, depth).at(L::Add);
                    text.push_str(&format!("{{{value} ?? {default}}}"));
                }
            }
        }
        text.push_str(self.tape.word(TEXTS));
        text.push('"');
        T::new(text, L::Postfix)
    }

    fn list(&mut self, element: &Ty, depth: usize) -> T {
        let whole = element.clone().list();
        match self.tape.below(8) {
            0 | 1 => self.list_of(element, depth, true),
            2 => {
                let list = self.exact(&whole, depth);
                self.with_arrow("filter", &list, element, |g| g.condition(depth).text.text)
            }
            3 => {
                let from = self.any_simple();
                let list = self.exact(&from.clone().list(), depth);
                self.with_arrow("map", &list, &from, |g| g.exact(element, depth).text)
            }
            4 if element.is_ordered() => self.call("sort", &[whole], depth),
            4 | 5 => {
                let list = self.exact(&whole, depth);
                let key = self.tape.of(&[Int, Text, Decimal, Date, Eur]).clone();
                self.with_arrow("sort", &list, element, |g| g.exact(&key, depth).text)
            }
            6 if *element == Text => self.call("split", &[Text, Text], depth),
            6 => self.leaf(&whole),
            _ => self.call("unique", &[whole], depth),
        }
    }
}
