//! Words that mean something of their own, and so can name nothing else.

/// Types of the language.
pub const TYPES: &[&str] = &[
    "text",
    "int",
    "decimal",
    "money",
    "bool",
    "date",
    "time",
    "datetime",
    "duration",
    "email",
    "phone",
    "url",
    "file",
    "user",
    "department",
    "role",
    "recipient",
    "weekday",
];

/// Words that cannot stand as an operand, so that a name like this could never be read.
const OPERATORS: &[&str] = &["and", "or", "not", "if", "then", "else", "true", "false", "none"];

/// Fields that every record has.
pub const BUILTIN_FIELDS: &[&str] = &["id", "created_at", "stage", "stage_entered_at"];

/// What happens to every record; after the entity's lower-case name.
pub const LIFE_CYCLE: &[&str] = &["created", "updated", "moved", "deleted"];

/// Why an enum value cannot have this name.
pub fn reserved_enum_value(name: &str) -> Option<String> {
    operator(name)
}

/// Why a user, department, role, calendar, constant, function or parameter cannot have this name.
pub fn reserved_value(name: &str) -> Option<String> {
    operator(name).or_else(|| scope(name))
}

/// Why a field of an entity cannot have this name.
pub fn reserved_field(name: &str) -> Option<String> {
    if BUILTIN_FIELDS.contains(&name) {
        return Some(format!("every record has a field `{name}` already"));
    }
    reserved_value(name)
}

/// Why a member of an event's payload cannot have this name.
pub fn reserved_payload(name: &str) -> Option<String> {
    match name {
        "type" => Some("`event.type` is the name of the event that happened".into()),
        "time" => Some("`event.time` is when the event happened".into()),
        _ => None,
    }
}

/// Whether the word cannot stand as an operand.
pub fn is_operator(name: &str) -> bool {
    OPERATORS.contains(&name)
}

fn operator(name: &str) -> Option<String> {
    is_operator(name).then(|| format!("`{name}` is a word of the language"))
}

fn scope(name: &str) -> Option<String> {
    let what = match name {
        "this" => "the record itself",
        "event" => "the event at hand",
        "old" => "the record before a change",
        "now" => "the moment of the event",
        "today" => "the day of the event",
        "stage" => "the stage in which the record stands",
        "pipeline" => "the pipeline in which the record stands",
        _ => return None,
    };
    Some(format!("`{name}` is {what}"))
}
