//! From text to a checked model and a machine that runs what was compiled, saved and loaded again.

use stagegate::model::Model;
use stagegate::program::Program;
use stagegate::value::{EntityId, EventId, PipelineId};
use stagegate::vm::Machine;
use stagegate::{compiler, diagnostic, lower};
use std::path::Path;

/// One program in both forms.
pub struct Compiled {
    pub model: Model,
    pub machine: Machine,
}

/// What the compiler says against a program.
pub struct Refused {
    /// Line (from 1) and code of each message.
    pub places: Vec<(usize, String)>,
    /// As people see it.
    pub shown: String,
}

pub fn compile(text: &str) -> Result<Compiled, Refused> {
    let loaded = compiler::load(&["test.rules".into()], &mut |_: &Path| Ok(text.as_bytes().to_vec()));
    let checked = compiler::check(&loaded);
    let refused = |diagnostics: &[diagnostic::Diagnostic]| {
        let mut refused = Refused { places: Vec::new(), shown: String::new() };
        for d in diagnostics.iter().filter(|d| d.severity() == diagnostic::Severity::Error) {
            let span = d.span();
            let line = loaded.sources.file(span.file).position(span.start as usize).line;
            refused.places.push((line, d.code.id().to_owned()));
            let style = diagnostic::Rendered { color: false, width: 120 };
            refused.shown.push_str(&diagnostic::render(d, &loaded.sources, style));
        }
        refused
    };
    let found = refused(&checked.diagnostics);
    let Some(model) = checked.model else { return Err(found) };
    assert!(found.places.is_empty(), "a model although there are errors:\n{}", found.shown);
    let program = lower::lower(&model, &loaded.sources).map_err(|d| refused(&d))?;
    let saved = program.to_bytes().unwrap_or_else(|e| panic!("what was lowered is not saved: {e}\n{text}"));
    let loaded =
        Program::from_bytes(&saved).unwrap_or_else(|e| panic!("what was saved is refused: {e}\n{text}"));
    assert_eq!(loaded, program, "a program changed on its way through a file:\n{text}");
    // Proves the program before it is run.
    let machine = Machine::new(loaded).unwrap_or_else(|e| panic!("what was loaded is refused: {e}\n{text}"));
    Ok(Compiled { model, machine })
}

impl Compiled {
    pub fn pipeline(&self, name: &str) -> PipelineId {
        let pipeline = self.model.pipelines.iter().find(|p| &*p.name == name);
        pipeline.unwrap_or_else(|| panic!("no pipeline `{name}`")).id
    }

    pub fn entity(&self, name: &str) -> EntityId {
        EntityId(position(self.model.schema.entities.iter().map(|e| &*e.name), name))
    }

    pub fn event(&self, name: &str) -> EventId {
        EventId(position(self.model.schema.events.iter().map(|e| &*e.name), name))
    }
}

fn position<'a>(mut names: impl Iterator<Item = &'a str>, name: &str) -> u16 {
    names.position(|n| n == name).unwrap_or_else(|| panic!("no `{name}`")) as u16
}
