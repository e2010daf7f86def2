//! From how a name is used to how bad that is.
//!
//! The order matters: exact knowledge first, then structure (writes on imports, dotted names, computed names), then
//! where the name lives. A name that is called and falls through everything is suspicious.

use bartizan_core::{
    Confidence::{self, High, Low, Medium},
    Rule, Severity, UseKind,
};

use super::{
    knowledge::{self, Effect},
    names::{Name, Names, Origin},
    rules,
};

/// A judgement about one name.
#[derive(Clone, Debug)]
pub(super) struct Grade {
    pub(super) rule: &'static Rule,
    pub(super) severity: Severity,
    pub(super) confidence: Confidence,
    /// What the name does, if that is known.
    pub(super) does: Option<&'static str>,
}

impl Grade {
    const fn of(rule: &'static Rule) -> Self {
        Self { rule, severity: rule.severity, confidence: High, does: None }
    }

    const fn with(rule: &'static Rule, severity: Severity, confidence: Confidence) -> Self {
        Self { rule, severity, confidence, does: None }
    }
}

/// Judges a name by what it is and how it is used; `None` when there is nothing to say.
pub(super) fn grade(name: &Name, names: &Names) -> Option<Grade> {
    match name.origin {
        Origin::Computed => {
            let called = name.uses.iter().any(|used| used.how != UseKind::Reference);
            Some(if called {
                Grade::of(&rules::COMPUTED_CALL)
            } else {
                Grade::with(&rules::COMPUTED_CALL, Severity::High, Medium)
            })
        }
        Origin::Extension(_) => Some(if name.uses.iter().any(|used| used.how != UseKind::Reference) {
            Grade::of(&rules::EXTENSION_REGISTRY)
        } else {
            Grade::with(&rules::EXTENSION_REGISTRY, Severity::Medium, Medium)
        }),
        Origin::Returned(of) => returned(name, names.get(of)),
        Origin::Partial => None,
        Origin::Instance => instance(name),
        Origin::Module => {
            // The import by call has its own grade; writing to the module is another matter.
            is_written(name).then(|| Grade::of(&rules::GLOBAL_WRITE))
        }
        Origin::Import | Origin::Attribute => imported(name),
    }
}

fn is_written(name: &Name) -> bool {
    name.is_used_as(UseKind::Assign) || name.is_used_as(UseKind::Insert)
}

/// Something that a call returned is itself called, or instances of it are made.
fn returned(name: &Name, of: Option<&Name>) -> Option<Grade> {
    if !name.is_called() && !name.is_used_as(UseKind::New) {
        return None;
    }
    // cloudpickle and dill make code objects and call what makes them; that is told already.
    if of.and_then(|of| knowledge::denied(&of.qualified())).is_some_and(|(effect, _)| effect == Effect::Embed)
    {
        return None;
    }
    // What `partial`, `attrgetter` and their like return does what they were given.
    let known = of.is_some_and(|of| knowledge::is_seen(&format!("{}()", of.qualified()), UseKind::Call));
    (!known).then(|| Grade::of(&rules::COMPUTED_CALL))
}

/// A method or call of an instance that the pickle made.
fn instance(name: &Name) -> Option<Grade> {
    if name.name.contains("__") {
        return Some(Grade::of(&rules::REFLECTION));
    }
    name.is_called().then(|| Grade::with(&rules::COMPUTED_CALL, Severity::High, Medium))
}

fn imported(name: &Name) -> Option<Grade> {
    let qualified = name.qualified();
    if is_written(name) {
        return Some(Grade::of(&rules::GLOBAL_WRITE));
    }
    if qualified.ends_with("operator.attrgetter") && fetches_reach(name) {
        return Some(Grade::of(&rules::REFLECTION));
    }
    if knowledge::is_safe(&qualified) {
        return None;
    }
    if name.uses.iter().all(|used| knowledge::is_seen(&qualified, used.how) || used.how == UseKind::Build)
        && knowledge::is_seen(&qualified, UseKind::Reference)
    {
        return None;
    }
    if is_harmless_type(name) {
        return None;
    }
    if let Some((effect, does)) = knowledge::denied(&qualified) {
        // `NEWOBJ` makes an instance without running its `__init__`, which is where something would be loaded.
        let is_class = knowledge::is_class(&name.module, &name.name);
        if effect == Effect::Load && is_class && name.is_used_as(UseKind::New) && !name.is_called() {
            return Some(Grade { does: Some(does), ..Grade::with(&rules::UNSAFE_LOAD, Severity::Low, Low) });
        }
        return Some(Grade { does: Some(does), ..by_effect(effect) });
    }
    if let Some(grade) = dotted(name) {
        return Some(grade);
    }
    let (module, called) = (name.module.as_str(), name.is_called());
    let is_class = knowledge::is_class(module, &name.name);
    if module == "__main__" || module == "__mp_main__" {
        return Some(if called && !is_class {
            Grade::with(&rules::UNKNOWN_CALL, Severity::High, Low)
        } else {
            Grade::with(&rules::CUSTOM_CLASS, Severity::Medium, Medium)
        });
    }
    if knowledge::is_stdlib(module) {
        return stdlib(name, is_class);
    }
    if knowledge::is_framework(module) {
        return framework(name, is_class);
    }
    Some(if called {
        Grade::with(&rules::UNKNOWN_CALL, Severity::High, Low)
    } else if is_class {
        Grade::with(&rules::UNKNOWN_IMPORT, Severity::Low, Low)
    } else {
        Grade::with(&rules::UNKNOWN_IMPORT, Severity::Medium, Low)
    })
}

/// Does an `attrgetter` fetch what leads out of an object, or what a module runs commands with?
fn fetches_reach(name: &Name) -> bool {
    const REACHING: &[&str] = &[
        "call",
        "check_output",
        "compile",
        "eval",
        "exec",
        "loads",
        "open",
        "popen",
        "run",
        "spawn",
        "system",
    ];
    name.uses.iter().flat_map(|used| &used.arguments).any(|argument| {
        let path = argument.trim_matches('"');
        path.contains("__") || path.rsplit('.').next().is_some_and(|last| REACHING.contains(&last))
    })
}

/// cloudpickle fetches types that have no importable name by `_builtin_type("NoneType")`.
fn is_harmless_type(name: &Name) -> bool {
    const HARMLESS: &[&str] = &[
        "NoneType",
        "NotImplementedType",
        "EllipsisType",
        "ellipsis",
        "mappingproxy",
        "MappingProxyType",
        "MethodType",
        "SimpleNamespace",
        "dict_keys",
        "dict_values",
        "dict_items",
    ];
    name.name == "_builtin_type"
        && knowledge::denied(&name.qualified()).is_some_and(|(effect, _)| effect == Effect::Embed)
        && name.uses.iter().filter(|used| used.how != UseKind::Reference).all(|used| {
            matches!(used.arguments.as_slice(), [one] if used.count == 1 && HARMLESS.contains(&one.trim_matches('"')))
        })
}

fn by_effect(effect: Effect) -> Grade {
    match effect {
        Effect::Execute | Effect::Import => Grade::of(&rules::CODE_EXECUTION),
        Effect::Reflect => Grade::of(&rules::REFLECTION),
        Effect::Native => Grade::of(&rules::NATIVE_CODE),
        Effect::Load => Grade::of(&rules::UNSAFE_LOAD),
        Effect::File => Grade::of(&rules::FILE_ACCESS),
        Effect::Network => Grade::of(&rules::NETWORK_ACCESS),
        Effect::Disrupt => Grade::of(&rules::RESOURCE_ATTACK),
        Effect::Embed => Grade::with(&rules::EMBEDDED_CODE, Severity::High, Low),
    }
}

/// Names with dots: `Outer.Inner` and `Class.method` are honest, `module.function` and dunders are not.
fn dotted(name: &Name) -> Option<Grade> {
    let parts: Vec<&str> = name.name.split('.').collect();
    let climbs = |part: &&str| part.starts_with("__") && part.ends_with("__");
    if name.origin == Origin::Attribute || parts.len() > 1 {
        // `__new__` and `__init__` of a class are what some reducers call.
        let harmless =
            |part: &&str| matches!(*part, "__new__" | "__init__" | "__setstate__" | "__name__" | "__doc__");
        if parts.iter().any(|part| climbs(part) && !harmless(part)) {
            return Some(Grade::of(&rules::REFLECTION));
        }
    }
    if parts.len() < 2 || name.origin == Origin::Attribute {
        return None;
    }
    // The far end may be dangerous on its own account: `logging` + `os.system`.
    let far = parts.windows(2).enumerate().find_map(|(at, _)| {
        let end = parts.get(at..).map(|rest| rest.join("."))?;
        knowledge::denied(&end).filter(|_| knowledge::is_stdlib(&end) || knowledge::is_framework(&end))
    });
    if let Some((_, does)) = far {
        return Some(Grade { does: Some(does), ..Grade::of(&rules::DOTTED_IMPORT) });
    }
    let first = parts.first().copied().unwrap_or_default();
    (!knowledge::is_class(&name.module, first)).then(|| Grade::of(&rules::DOTTED_IMPORT))
}

fn stdlib(name: &Name, is_class: bool) -> Option<Grade> {
    if knowledge::is_harmless_module(&name.module) {
        // Honest picklers call types and reconstructors, not functions.
        let odd = name.is_called() && !is_class;
        return odd.then(|| Grade::with(&rules::STDLIB_CALL, Severity::Medium, Low));
    }
    // Exceptions are pickled by calling their class; `len` and its like only say how to compute something later.
    if name.module == "builtins" && !name.is_called() {
        return (!is_class).then(|| Grade::with(&rules::STDLIB_IMPORT, Severity::Low, Medium));
    }
    if name.module == "builtins" && is_class {
        return None;
    }
    Some(if name.is_called() {
        Grade::of(&rules::STDLIB_CALL)
    } else if name.is_used_as(UseKind::New) || !is_class {
        Grade::with(&rules::STDLIB_IMPORT, Severity::Medium, Medium)
    } else {
        Grade::with(&rules::STDLIB_IMPORT, Severity::Low, Medium)
    })
}

fn framework(name: &Name, is_class: bool) -> Option<Grade> {
    // `NEWOBJ` runs `__new__` of a type and fails on anything else; a mere reference runs nothing.
    if !name.is_called() {
        return None;
    }
    // Making an instance of a class by hand is what `NEWOBJ` does.
    if name.name.strip_suffix(".__new__").is_some_and(|class| knowledge::is_class(&name.module, class))
        || name.name == "__new__" && knowledge::is_class("", &name.module)
    {
        return None;
    }
    // What Cython and the tree modules generate to restore extension types.
    if name.name.starts_with("__pyx_unpickle_") || name.name == "newObj" {
        return None;
    }
    Some(if !is_class {
        Grade::with(&rules::FRAMEWORK_CALL, Severity::High, Medium)
    } else if name.uses.iter().all(|used| used.arguments.iter().all(|argument| is_plain(argument))) {
        Grade::with(&rules::FRAMEWORK_CALL, Severity::Low, Low)
    } else {
        Grade::with(&rules::FRAMEWORK_CALL, Severity::Medium, Low)
    })
}

/// Members of enumerations and loss objects are made from a word or a number. Paths, addresses and code are longer.
fn is_plain(argument: &str) -> bool {
    let word = argument.trim_matches('"');
    word.len() <= 40 && word.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | ' '))
}
