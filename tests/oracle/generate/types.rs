//! The types of the fixture, and what it has of each.

use super::{Function, Generator, Happening};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ty {
    Int,
    Text,
    Bool,
    Decimal,
    Eur,
    Usd,
    Date,
    Time,
    DateTime,
    Duration,
    Email,
    Phone,
    Url,
    File,
    User,
    Department,
    Role,
    Recipient,
    Source,
    Level,
    Weekday,
    Chat,
    Company,
    Deal,
    List(Box<Ty>),
    Opt(Box<Ty>),
}

use Ty::*;

impl Ty {
    pub fn list(self) -> Ty {
        List(Box::new(self))
    }

    pub fn optional(self) -> Ty {
        match self {
            Opt(_) => self,
            other => Opt(Box::new(other)),
        }
    }

    /// Whether values of it stand in an order.
    pub fn is_ordered(&self) -> bool {
        matches!(self, Int | Text | Decimal | Eur | Usd | Date | Time | DateTime | Duration | Email)
    }

    /// Types that no literal is of: the checker converts texts to them.
    pub fn is_contact(&self) -> bool {
        matches!(self, Email | Phone | Url | File)
    }

    /// Whether a placeholder takes it.
    pub fn is_printed(&self) -> bool {
        match self {
            Company | Deal | File => false,
            List(inner) | Opt(inner) => inner.is_printed(),
            _ => true,
        }
    }

    /// As a declaration says it.
    pub fn written(&self) -> String {
        match self {
            Int => "int".into(),
            Text => "text".into(),
            Bool => "bool".into(),
            Decimal => "decimal".into(),
            Eur => "money".into(),
            Usd => "money in USD".into(),
            Date => "date".into(),
            Time => "time".into(),
            DateTime => "datetime".into(),
            Duration => "duration".into(),
            Email => "email".into(),
            Phone => "phone".into(),
            Url => "url".into(),
            File => "file".into(),
            User => "user".into(),
            Department => "department".into(),
            Role => "role".into(),
            Recipient => "recipient".into(),
            Source => "Source".into(),
            Level => "Level".into(),
            Weekday => "weekday".into(),
            Chat => "chat".into(),
            Company => "Company".into(),
            Deal => "Deal".into(),
            List(element) => format!("list of {}", element.written()),
            Opt(inner) => format!("{}?", inner.written()),
        }
    }
}

/// Fields of `Deal`: name, element or whole type, whether optional, whether a list.
const DEAL: &[(&str, Ty, char)] = &[
    ("n", Int, ' '),
    ("m", Int, ' '),
    ("k", Int, '?'),
    ("title", Text, ' '),
    ("note", Text, '?'),
    ("rate", Decimal, ' '),
    ("discount", Decimal, '?'),
    ("price", Eur, ' '),
    ("fee", Eur, '?'),
    ("dollars", Usd, ' '),
    ("tip", Usd, '?'),
    ("vip", Bool, ' '),
    ("paid", Bool, '?'),
    ("begins", Date, ' '),
    ("closes", Date, '?'),
    ("opens", Time, ' '),
    ("shuts", Time, '?'),
    ("meeting", DateTime, ' '),
    ("deadline", DateTime, '?'),
    ("effort", Duration, ' '),
    ("slack", Duration, '?'),
    ("mail", Email, ' '),
    ("mail2", Email, '?'),
    ("tel", Phone, ' '),
    ("tel2", Phone, '?'),
    ("site", Url, ' '),
    ("site2", Url, '?'),
    ("offer", File, ' '),
    ("scan", File, '?'),
    ("responsible", User, ' '),
    ("helper", User, '?'),
    ("team", Department, ' '),
    ("team2", Department, '?'),
    ("job", Role, ' '),
    ("job2", Role, '?'),
    ("to_whom", Recipient, ' '),
    ("cc", Recipient, '?'),
    ("source", Source, ' '),
    ("source2", Source, '?'),
    ("level", Level, ' '),
    ("level2", Level, '?'),
    ("room", Chat, ' '),
    ("room2", Chat, '?'),
    ("company", Company, ' '),
    ("partner", Company, '?'),
    ("parent", Deal, '?'),
    ("words", Text, '*'),
    ("words2", Text, '+'),
    ("ns", Int, '*'),
    ("ns2", Int, '+'),
    ("numbers", Decimal, '*'),
    ("prices", Eur, '*'),
    ("days", Date, '*'),
    ("moments", DateTime, '*'),
    ("efforts", Duration, '*'),
    ("people", User, '*'),
    ("crowd", Recipient, '*'),
    ("sources", Source, '*'),
    ("firms", Company, '*'),
    ("flags", Bool, '*'),
    ("files", File, '*'),
];

const COMPANY: &[(&str, Ty, char)] = &[
    ("id", Text, ' '),
    ("name", Text, ' '),
    ("size", Int, '?'),
    ("budget", Eur, ' '),
    ("mail", Email, '?'),
    ("owner", User, '?'),
    ("parent", Company, '?'),
    ("tags", Text, '*'),
    ("founded", Date, ' '),
    ("created_at", DateTime, ' '),
];

const USER: &[(&str, Ty, char)] = &[
    ("name", Text, ' '),
    ("id", Text, ' '),
    ("email", Email, '?'),
    ("phone", Phone, '?'),
    ("department", Department, '?'),
    ("roles", Role, '*'),
];

const NAMED: &[(&str, Ty, char)] = &[("name", Text, ' '), ("id", Text, ' ')];
const FILE: &[(&str, Ty, char)] = &[("name", Text, ' '), ("url", Url, ' ')];

/// The payload of `form.submitted`, and of `note.added`.
const FORM: &[(&str, Ty, char)] = &[
    ("form", Text, ' '),
    ("fields", Text, '*'),
    ("amount", Eur, '?'),
    ("count", Int, ' '),
    ("since", DateTime, '?'),
];
const NOTE: &[(&str, Ty, char)] = &[("form", Text, ' '), ("count", Int, '?'), ("by", User, ' ')];

fn whole(ty: &Ty, mark: char) -> Ty {
    match mark {
        '?' => ty.clone().optional(),
        '*' => ty.clone().list(),
        '+' => ty.clone().list().optional(),
        _ => ty.clone(),
    }
}

/// The fields that may be set, with their types.
pub fn fields() -> impl Iterator<Item = (&'static str, Ty)> {
    DEAL.iter().map(|(name, ty, mark)| (*name, whole(ty, *mark)))
}

/// What can be read of a value of the type by a dot.
fn members(ty: &Ty) -> &'static [(&'static str, Ty, char)] {
    match ty {
        Company => COMPANY,
        Deal => DEAL,
        User => USER,
        Department | Role | Recipient => NAMED,
        File => FILE,
        _ => &[],
    }
}

/// The functions of the fixture.
pub fn fixture_functions() -> Vec<Function> {
    let function = |name: &str, params: &[Ty], result: Ty| Function {
        name: name.into(),
        params: params.to_vec(),
        result,
    };
    vec![
        function("big", &[Deal], Bool),
        function("twice", &[Int], Int),
        function("four_times", &[Int], Int),
        function("share", &[Eur, Eur], Decimal),
        function("greeting", &[User], Text),
        function("or_dash", &[Text.optional()], Text),
        function("longest", &[Text.list()], Int),
        function("half", &[Decimal], Decimal),
        function("to_all", &[Recipient.list()], Int),
        function("three", &[], Int),
    ]
}

const SIMPLE: &[Ty] = &[
    Int, Text, Bool, Decimal, Eur, Date, DateTime, Duration, Time, Usd, Source, Level, User, Recipient,
    Department, Role, Company, Chat, Weekday, Email, Phone, Url,
];

impl Generator<'_> {
    /// Any type that can be written; without a record nothing has an e-mail address.
    pub fn any_type(&mut self) -> Ty {
        let ty = self.tape.of(SIMPLE).clone();
        let ty = if ty.is_contact() && !self.record { Text } else { ty };
        match self.tape.below(6) {
            0..4 => ty,
            4 => ty.optional(),
            _ => ty.list(),
        }
    }

    pub fn any_simple(&mut self) -> Ty {
        loop {
            let ty = self.tape.of(SIMPLE).clone();
            if self.record || !ty.is_contact() {
                return ty;
            }
        }
    }

    /// Names in scope with their types, as known here: a `T?` that was tested is a `T`.
    fn roots(&self) -> Vec<(String, Ty)> {
        let mut roots: Vec<(String, Ty)> = self.locals.clone();
        let table = |roots: &mut Vec<_>, prefix: &str, table: &[(&str, Ty, char)]| {
            roots.extend(table.iter().map(|(n, ty, mark)| (format!("{prefix}{n}"), whole(ty, *mark))));
        };
        if self.record {
            table(&mut roots, "", DEAL);
            roots.push(("this".into(), Deal));
            if self.reads {
                roots.extend(self.outputs.iter().cloned());
            }
            match self.happening {
                Happening::Nothing => {}
                Happening::Form => table(&mut roots, "event.", FORM),
                Happening::Note => table(&mut roots, "event.", NOTE),
                Happening::Change => table(&mut roots, "old.", DEAL),
            }
        }
        roots.into_iter().filter(|(path, _)| !self.avoid.contains(path)).map(|r| self.known(r)).collect()
    }

    fn known(&self, (path, ty): (String, Ty)) -> (String, Ty) {
        match ty {
            Opt(inner) if self.facts.contains(&path) => (path, *inner),
            ty => (path, ty),
        }
    }

    /// A path to a value of the type, by up to two dots.
    pub fn path(&mut self, wanted: impl Fn(&Ty) -> bool) -> Option<(String, Ty)> {
        let roots = self.roots();
        let dots = if self.tape.one_in(3) { 1 + self.tape.below(2) } else { 0 };
        let mut paths = roots;
        for _ in 0..dots {
            // One base of each kind is enough to choose from.
            let bases: Vec<&(String, Ty)> =
                paths.iter().filter(|(_, ty)| !members(inside(ty)).is_empty()).collect();
            if bases.is_empty() {
                return None;
            }
            let (base, ty) = (*self.tape.of(&bases)).clone();
            let optional = matches!(ty, Opt(_));
            let extended = members(inside(&ty)).iter().map(|(name, ty, mark)| {
                let member = whole(ty, *mark);
                self.known((format!("{base}.{name}"), if optional { member.optional() } else { member }))
            });
            paths = extended.filter(|(path, _)| !self.avoid.contains(path)).collect();
        }
        let fitting: Vec<_> = paths.into_iter().filter(|(_, ty)| wanted(ty)).collect();
        if fitting.is_empty() { None } else { Some(self.tape.of(&fitting).clone()) }
    }
}

fn inside(ty: &Ty) -> &Ty {
    match ty {
        Opt(inner) => inner,
        other => other,
    }
}
