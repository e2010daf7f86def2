//! The controls that come with the program.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};

use bartizan_core::Rule;

use super::{Control, Framework, RuleError, control};

include!(concat!(env!("OUT_DIR"), "/rules.rs"));

/// Controls by the types of resources that they are about.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    controls: Vec<Control>,
    by_kind: HashMap<(Framework, Arc<str>), Vec<usize>>,
    /// Those about every type: `*`.
    any: HashMap<Framework, Vec<usize>>,
}

/// Types that stand for no resource.
const DECLARATIONS: &[&str] = &["module", "variable", "output", "terraform"];

impl Catalogue {
    /// A catalogue of these controls.
    pub fn new(controls: Vec<Control>) -> Self {
        let mut by_kind: HashMap<(Framework, Arc<str>), Vec<usize>> = HashMap::new();
        let mut any: HashMap<Framework, Vec<usize>> = HashMap::new();
        for (index, control) in controls.iter().enumerate() {
            for framework in &control.frameworks {
                for kind in &control.resources {
                    if &**kind == "*" {
                        any.entry(*framework).or_default().push(index);
                        continue;
                    }
                    by_kind.entry((*framework, Arc::clone(kind))).or_default().push(index);
                }
            }
        }
        Self { controls, by_kind, any }
    }

    /// Every control.
    pub fn controls(&self) -> &[Control] {
        &self.controls
    }

    /// The controls about a type of resource.
    pub fn of<'c>(&'c self, framework: Framework, kind: &Arc<str>) -> impl Iterator<Item = &'c Control> {
        let found = self.by_kind.get(&(framework, Arc::clone(kind)));
        // A rule about all types means what is made, not what is declared or only read.
        let made = !(kind.contains('.') || DECLARATIONS.contains(&&**kind));
        let any = self.any.get(&framework).filter(|_| made);
        found
            .into_iter()
            .flatten()
            .chain(any.into_iter().flatten())
            .filter_map(|index| self.controls.get(*index))
    }
}

/// The controls that come with the program, compiled when first asked for.
pub fn builtin() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    // A test proves that all of them compile.
    CATALOGUE.get_or_init(|| Catalogue::new(compile().into_iter().flatten().collect()))
}

/// Compiles every control.
pub(super) fn compile() -> Vec<Result<Control, RuleError>> {
    let files: Vec<serde_json::Value> = serde_json::from_str(CONTROLS).unwrap_or_default();
    files.iter().zip(RULES).map(|(file, rule)| control(file, rule)).collect()
}
