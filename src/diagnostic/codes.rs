//! The catalogue of codes. A code is never reused or renumbered.
//!
//! `E01xx` syntax, `E02xx` names, `E03xx` types, `E04xx` stages, triggers and timing, `E05xx` actions and
//! placeholders, `E06xx` schema and events, `E07xx` what this version cannot run yet, `E08xx` tests that fail, `E09xx`
//! settings. Warnings have names instead of numbers.

/// How much a diagnostic matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Warning,
    Error,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $title:literal;)*) => {
        /// The code of a diagnostic.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the catalogue.
            pub const ALL: &'static [Code] = &[$(Code::$variant,)*];

            /// As printed: `E0201`.
            pub fn id(self) -> &'static str {
                match self { $(Code::$variant => $code,)* }
            }

            /// What the code is about, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Code::$variant => $title,)* }
            }

            /// The page that explains it, in Markdown: the meaning, a wrong and a right program, why it is so.
            /// Each code has its own in `docs/errors`, also a new one.
            pub fn page(self) -> &'static str {
                match self {
                    $(Code::$variant => include_str!(concat!("../../docs/errors/", $code, ".md")),)*
                }
            }
        }
    };
}

impl Code {
    /// Codes are errors; named warnings have names instead of `E…` codes.
    pub fn severity(self) -> Severity {
        if self.id().starts_with('E') { Severity::Error } else { Severity::Warning }
    }

    /// The code of an id as printed: `E0201`, `unused`.
    pub fn named(id: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }

    /// Every named warning.
    pub fn warnings() -> impl Iterator<Item = Code> {
        Code::ALL.iter().copied().filter(|code| code.severity() == Severity::Warning)
    }

    /// Whether it says that kinds of values do not go together.
    pub fn is_about_types(self) -> bool {
        self.id().starts_with("E03")
    }

    /// Whether it says that a name is not declared, and stands at that name. Where a declaration could not
    /// be read this is no news.
    pub fn is_unknown_name(self) -> bool {
        matches!(
            self,
            Code::UnknownType
                | Code::UnknownEntity
                | Code::UnknownEvent
                | Code::UnknownPrincipal
                | Code::UnknownCalendar
                | Code::UnknownStage
                | Code::UnknownAction
                | Code::BadActor
                | Code::UnknownName
                | Code::UnknownMember
                | Code::UnknownFunction
        )
    }
}

codes! {
    // --- E01xx: syntax -------------------------------------------------------------------------
    Syntax = "E0101", "something else was expected here";
    UnclosedText = "E0102", "a text that is not closed";
    UnclosedPlaceholder = "E0103", "a placeholder that is not closed";
    LoneBrace = "E0104", "a brace in a text without a backslash";
    BadEscape = "E0105", "a backslash before something that needs none";
    EmptyPlaceholder = "E0106", "a placeholder with nothing in it";
    JsonBraces = "E0107", "braces in a text that were meant as braces";
    PlaceholderNotAllowed = "E0108", "a placeholder where the text must be fixed";
    CommentInPlaceholder = "E0109", "a comment inside a placeholder";
    UnclosedRegex = "E0110", "a regular expression that is not closed";
    UnclosedBracket = "E0111", "a bracket that is not closed";
    StrayBracket = "E0112", "a closing bracket that closes nothing";
    AssignForEquals = "E0113", "`=` where `==` is meant";
    ForeignOperator = "E0114", "an operator of another language";
    WrongQuotes = "E0115", "quotation marks of another kind";
    GluedNumber = "E0116", "a number with letters directly behind it";
    GroupedNumber = "E0117", "a number with separators of another kind";
    CurrencySign = "E0118", "a currency sign instead of a code";
    WrongTime = "E0119", "a time of day of another shape";
    WrongDate = "E0120", "a date of another shape";
    BadDate = "E0121", "a date or time that does not exist";
    WrongDuration = "E0122", "a duration of another shape";
    NumberTooBig = "E0123", "a number out of range";
    WrongName = "E0124", "a name with signs in it";
    WordAsName = "E0125", "a word of the language used as a name";
    NameMissing = "E0126", "a declaration without a name";
    ActionWithoutBraces = "E0127", "an action without its braces";
    CommaMissing = "E0128", "a comma that is needed here";
    UnknownKeyword = "E0129", "a word that is near to one of the language";
    TooDeep = "E0130", "too many levels inside each other";
    FileTooLong = "E0131", "a file that is too long";
    ChainedComparison = "E0132", "comparisons that are chained";
    MisplacedNot = "E0133", "`not` behind a tighter operator";
    ClauseTwice = "E0134", "a clause that stands twice";
    WrongPlace = "E0135", "a declaration in the wrong place";
    UnknownCharacter = "E0136", "a character that means nothing here";
    UnknownWeekday = "E0137", "a day of the week that is not known";
    // --- E02xx: names --------------------------------------------------------------------------
    DuplicateName = "E0201", "a name is declared twice";
    ReservedName = "E0202", "a name means something else already";
    UnknownType = "E0203", "no such type";
    UnknownEntity = "E0204", "no such entity";
    UnknownEvent = "E0205", "no such event";
    UnknownPrincipal = "E0206", "no such user, department or role";
    UnknownCalendar = "E0207", "no such calendar";
    UnknownLibrary = "E0208", "no such library";
    FileNotFound = "E0209", "a file cannot be found";
    FileUnreadable = "E0210", "a file cannot be read";
    UseCycle = "E0211", "files use each other in a circle";
    ConstantCycle = "E0212", "constants need each other in a circle";
    Recursion = "E0213", "a function calls itself";
    WrongKind = "E0214", "a name of another kind";
    // Names in expressions.
    HiddenName = "E0230", "a local name hides another";
    UnknownName = "E0231", "no such name";
    UnknownMember = "E0232", "no such field, output or value";
    UnknownFunction = "E0233", "no such function";
    NotAValue = "E0234", "a name that is no value";
    NoEvent = "E0235", "`event` where there is none";
    NoOld = "E0236", "`old` where nothing changes";
    NoRecord = "E0237", "a record where there is none";
    // --- E03xx: types --------------------------------------------------------------------------
    WrongType = "E0301", "another kind of value is wanted";
    MayBeEmpty = "E0302", "a value that may be empty";
    NotComparable = "E0303", "things that cannot be compared";
    NotOrdered = "E0304", "things without an order";
    CurrencyMismatch = "E0305", "amounts of different currencies";
    NoRate = "E0306", "no exchange rate";
    NoArithmetic = "E0307", "arithmetic that does not exist";
    TextAddition = "E0308", "texts that are added";
    BadPattern = "E0309", "a bad regular expression";
    BadAddress = "E0310", "a bad e-mail address, phone number or URL";
    WrongArguments = "E0311", "arguments that a function does not take";
    NeedsZone = "E0312", "a datetime without a time zone";
    MixedList = "E0313", "a list of different things";
    BranchesDiffer = "E0314", "branches of different kinds";
    UnknownKind = "E0315", "a value of no known kind";
    NotAList = "E0316", "a list is wanted";
    Hole = "E0317", "a hole to be filled";
    // --- E04xx: stages, triggers, rules, timing ------------------------------------------------
    StageAfterFinal = "E0401", "a stage behind the final ones";
    NeverFires = "E0402", "a trigger that can never fire";
    UnknownStage = "E0403", "no such stage";
    LifeCycleEvent = "E0404", "an event that is not named";
    EventNotOnEntity = "E0405", "an event that cannot happen to this entity";
    UnknownSetting = "E0406", "no such setting of an event";
    EmptySetting = "E0407", "a setting that nothing matches";
    NotWatchable = "E0408", "a field that cannot be watched";
    ChangeOfSeveral = "E0409", "`from` or `to` of several fields";
    ChangeToItself = "E0410", "a change that is none";
    BadCount = "E0411", "a count of events out of range";
    BadPeriod = "E0412", "a time that is not longer than nothing";
    BadActor = "E0413", "no user to move a record";
    AfterAndAt = "E0414", "both `after` and `at`";
    ThenWithoutRule = "E0415", "a `then rule` with no rule above";
    ThenWithOn = "E0416", "`then` together with `on`";
    PipelineRuleWithoutOn = "E0417", "a rule of a pipeline without an event";
    OverlapWithoutOn = "E0418", "`overlap` without `on`";
    AtReads = "E0419", "something that `at` cannot read";
    BadDuring = "E0420", "no working hours";
    BadInstant = "E0421", "no moment in time";
    MoveToOwnStage = "E0422", "a move to the rule's own stage";
    MoveToPipeline = "E0423", "a move to another pipeline that cannot be";
    Unreachable = "E0424", "statements that are never reached";
    OutputElsewhere = "E0425", "an output read from another stage";
    NoSuchOutput = "E0426", "no such output of a rule";
    OutputNotReadable = "E0427", "an output that cannot be read here";
    OutputCircle = "E0428", "outputs that are computed from each other";
    UnknownRecord = "E0429", "no such record in a test";
    NothingToExpect = "E0430", "an expectation that nothing can change";
    // --- E05xx: actions and placeholders -------------------------------------------------------
    UnknownAction = "E0501", "no such action";
    UnknownParameter = "E0502", "no such parameter";
    MissingParameter = "E0503", "a parameter that is missing";
    GivenTwice = "E0504", "something that is given twice";
    BreaksLimit = "E0505", "a value that breaks its limit";
    ReadOnlyField = "E0506", "a field that cannot be set";
    // Placeholders.
    UnsetPlaceholder = "E0530", "a placeholder that may be empty";
    NotPrintable = "E0531", "what cannot be written in a text";
    BadFormat = "E0532", "a format that does not fit";
    // --- E06xx: schema and events --------------------------------------------------------------
    CurrencyTwice = "E0602", "a program with two currencies";
    UnknownCurrency = "E0603", "no such currency";
    BadRate = "E0604", "an exchange rate that cannot be";
    LimitNotAllowed = "E0605", "a limit that the type does not have";
    BadLimit = "E0606", "a limit that cannot be";
    DefaultBreaksLimit = "E0607", "a default breaks its limits";
    NotConstant = "E0608", "a constant is wanted";
    ConstantFails = "E0609", "a constant cannot be computed";
    EventCycle = "E0610", "events are kinds of each other in a circle";
    EventEntities = "E0611", "an event happens to more than its parent";
    BadEntry = "E0612", "an entry that cannot stand here";
    UnknownTimezone = "E0613", "no such time zone";
    BadCalendar = "E0614", "working hours that cannot be";
    EmptyDeclaration = "E0616", "a declaration with nothing in it";
    TooMany = "E0617", "more than a program can hold";
    BadSetting = "E0618", "a setting that cannot be";
    UnknownLocale = "E0619", "no such locale";
    // --- E07xx: what cannot be compiled here ---------------------------------------------------
    NoLocales = "E0705", "a locale, in a build of stagegate without locales";
    TooLarge = "E0706", "more than a compiled program can hold";
    // --- E08xx: what a test found when it ran ---------------------------------------------------
    ExpectationFailed = "E0801", "a test expected something else";
    StepFailed = "E0802", "a step of a test that could not be done";
    SnapshotDiffers = "E0803", "a scenario went another way than its snapshot";
    ScenarioBroken = "E0804", "a scenario that cannot be played";

    // --- E09xx: settings in TOML -----------------------------------------------------------------
    SettingUnknown = "E0901", "no such setting";
    SettingWrong = "E0902", "a setting that cannot have this value";
    // --- warnings: their ids are names ---------------------------------------------------------
    ShadowedTrigger = "shadowed_trigger", "a trigger behind one that always comes first";
    UnreachableStage = "unreachable_stage", "a stage that nothing leads to";
    ShadowedName = "shadowed_name", "a field that hides a name of the program";
    MoveCycle = "move_cycle", "moves and changes that chase each other";
    ConstantCondition = "constant_condition", "a condition that is always true or never";
    WriteConflict = "write_conflict", "two rules that set one field differently";
    Unused = "unused", "something that nothing uses";
    WaitsInFinalStage = "waits_in_final_stage", "a rule that waits in a final stage";
    NeverStarts = "never_starts", "a `then rule` that never starts";
    DisabledCode = "disabled_code", "a trigger or a rule that is disabled";
    ConfusableName = "confusable_name", "a name that looks like another";
    UnknownWarning = "unknown_warning", "an `allow` of a warning that does not exist";
    MisplacedAllow = "misplaced_allow", "an `allow` that has no effect";
}
