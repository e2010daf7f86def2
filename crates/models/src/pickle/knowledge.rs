//! What names mean: tables made from `knowledge.toml`, `census.toml`, `python2.toml` and `stdlib.toml` at build time.

use bartizan_core::UseKind;

/// What a denied name does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Runs commands or code.
    Execute,
    /// Imports modules.
    Import,
    /// Reaches into the interpreter.
    Reflect,
    /// Loads native code.
    Native,
    /// Loads further serialised data.
    Load,
    /// Reads, writes or deletes files.
    File,
    /// Connects.
    Network,
    /// Ends or blocks the process.
    Disrupt,
    /// Rebuilds code that is not run yet.
    Embed,
}

/// What the machine does when a name is called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Role {
    /// Nothing in particular.
    #[default]
    Plain,
    /// `getattr(object, "name")`.
    GetAttribute,
    /// `import_module("name")`.
    ImportModule,
    /// Imports a module by its first argument and takes the attribute named by the second.
    ImportAttribute,
    /// Calls its first argument with the first tuple that follows.
    Apply,
    /// Keeps a callable and its arguments for later.
    Partial,
    /// Makes an instance of its first argument.
    Construct,
    /// `copyreg.add_extension(module, name, code)`.
    RegisterExtension,
    /// `numpy.dtype("f8", …)`.
    Dtype,
    /// Rebuilds a PyTorch tensor from a storage.
    Tensor,
    /// Calls, or will call, the callables among its arguments.
    HigherOrder,
    /// Joins two strings.
    Concatenate,
    /// Allocates as many bytes as its first argument says.
    Allocate,
    /// Returns its first argument in another encoding.
    Encode,
    /// Loads a checkpoint from the bytes that it is given.
    LoadBytes,
    /// joblib's wrapper, after whose state an array follows in the stream.
    ArrayWrapper,
}

include!(concat!(env!("OUT_DIR"), "/pickle_knowledge.rs"));

/// The role of an imported name.
pub(super) fn role(module: &str, name: &str) -> Role {
    match (module, name) {
        ("builtins", "getattr") => Role::GetAttribute,
        ("builtins", "__import__") | ("importlib", "import_module" | "__import__") => Role::ImportModule,
        ("importlib._bootstrap", "_gcd_import" | "__import__") => Role::ImportModule,
        ("copyreg", "_reconstructor" | "__newobj__" | "__newobj_ex__") => Role::Construct,
        ("copyreg", "add_extension") => Role::RegisterExtension,
        ("numpy", "dtype") => Role::Dtype,
        ("torch._utils", name) if name.starts_with("_rebuild_") => Role::Tensor,
        ("functools", "partial") => Role::Partial,
        ("functools", "reduce" | "partialmethod") => Role::HigherOrder,
        ("numpy.random._pickle" | "numpy.random", ctor)
            if ctor.starts_with("__") && ctor.ends_with("_ctor") =>
        {
            Role::HigherOrder
        }
        ("torch._tensor", "_rebuild_from_type" | "_rebuild_from_type_v2") => Role::Apply,
        ("jax._src.array" | "jax.array", "_reconstruct_array") => Role::Apply,
        ("numpy.core" | "numpy._core", "_ufunc_reconstruct") => Role::ImportAttribute,
        (module, "subimport") if module.rsplit('.').any(|part| part.starts_with("cloudpickle")) => {
            Role::ImportModule
        }
        ("builtins", "map" | "filter" | "apply" | "iter") => Role::HigherOrder,
        ("itertools", "starmap" | "accumulate" | "takewhile" | "dropwhile" | "filterfalse" | "groupby") => {
            Role::HigherOrder
        }
        ("operator" | "_operator", "add" | "concat" | "__add__" | "__concat__" | "iadd" | "iconcat") => {
            Role::Concatenate
        }
        ("builtins", "bytearray" | "bytes" | "range") => Role::Allocate,
        ("torch.storage", "_load_from_bytes") => Role::LoadBytes,
        ("_codecs", "encode") => Role::Encode,
        ("joblib.numpy_pickle" | "sklearn.externals.joblib.numpy_pickle", "NumpyArrayWrapper") => {
            Role::ArrayWrapper
        }
        _ => Role::Plain,
    }
}

/// Where Python 3 finds a name of Python 2.
pub(super) fn python2<'a>(module: &'a str, name: &'a str) -> Option<(&'a str, &'a str)> {
    let both = format!("{module} {name}");
    if let Ok(at) = PYTHON2_NAMES.binary_search_by(|(key, _)| (*key).cmp(&both)) {
        return PYTHON2_NAMES.get(at).and_then(|(_, target)| target.split_once(' '));
    }
    let at = PYTHON2_MODULES.binary_search_by(|(key, _)| (*key).cmp(module)).ok()?;
    PYTHON2_MODULES.get(at).map(|(_, target)| (*target, name))
}

/// The deny entry of a qualified name: exact, or of the innermost module that is listed whole.
pub(super) fn denied(qualified: &str) -> Option<(Effect, &'static str)> {
    let entry = |key: &str| {
        let at = DENY.binary_search_by(|(name, _)| (*name).cmp(key)).ok()?;
        DENY.get(at).and_then(|(_, entry)| DENY_ENTRIES.get(usize::from(*entry))).copied()
    };
    if let Some(found) = entry(qualified) {
        return Some(found);
    }
    let mut module = qualified;
    loop {
        // A method of a denied class is denied with it.
        if let Some(found) = entry(&format!("{module}.*")).or_else(|| entry(module)) {
            return Some(found);
        }
        (module, _) = module.rsplit_once('.')?;
    }
}

fn contains(table: &[&str], name: &str) -> bool {
    table.binary_search(&name).is_ok()
}

/// May it be called without harm?
pub(super) fn is_safe(qualified: &str) -> bool {
    contains(SAFE, qualified)
}

/// Did real objects use the name in this way?
pub(super) fn is_seen(qualified: &str, how: UseKind) -> bool {
    let bit = match how {
        UseKind::Reference | UseKind::Plugin => 1,
        UseKind::Call => 2,
        UseKind::New => 4,
        UseKind::Instance => 8,
        UseKind::Build => 16,
        UseKind::Assign => 32,
        UseKind::Insert => 64,
    };
    CENSUS
        .binary_search_by(|(name, _)| (*name).cmp(qualified))
        .ok()
        .and_then(|at| CENSUS.get(at))
        .is_some_and(|(_, seen)| seen & bit != 0)
}

/// Is it part of a framework that models are made of?
pub(super) fn is_framework(module: &str) -> bool {
    contains(FRAMEWORKS, module.split('.').next().unwrap_or_default())
}

/// Is it part of Python's standard library?
pub(super) fn is_stdlib(module: &str) -> bool {
    contains(STDLIB, module.split('.').next().unwrap_or_default())
}

/// Is nothing in this module able to do harm?
pub(super) fn is_harmless_module(module: &str) -> bool {
    contains(HARMLESS, module)
}

/// Does the name look like a class, or is it known to be one?
pub(super) fn is_class(module: &str, name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    last.trim_start_matches('_').starts_with(|c: char| c.is_uppercase())
        || contains(CLASSES, &format!("{module}.{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_specific_entry_wins() {
        assert_eq!(denied("os.system").map(|(effect, _)| effect), Some(Effect::Execute));
        assert_eq!(denied("os.remove").map(|(effect, _)| effect), Some(Effect::File));
        assert_eq!(denied("subprocess.Popen.communicate").map(|(effect, _)| effect), Some(Effect::Execute));
        assert_eq!(denied("osx.system"), None);
        assert_eq!(denied("collections.OrderedDict"), None);
    }

    #[test]
    fn python_2_names_are_found_where_python_3_keeps_them() {
        assert_eq!(python2("__builtin__", "eval"), Some(("builtins", "eval")));
        assert_eq!(python2("__builtin__", "xrange"), Some(("builtins", "range")));
        assert_eq!(python2("commands", "getoutput"), Some(("subprocess", "getoutput")));
        assert_eq!(python2("os", "system"), None);
    }
}
