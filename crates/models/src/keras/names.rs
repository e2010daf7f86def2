//! Where a module stands: inside Keras, beside it, or somewhere no layer lives.

/// What a module path means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// None given, or Keras itself.
    Keras,
    /// A well-known package of layers and functions for Keras.
    Companion,
    /// Python's own built-in functions and types.
    Builtins,
    /// The script that saved the model: cannot be imported by anyone else.
    Main,
    /// A module of Python or of a library that runs commands, code or connections.
    Dangerous,
    /// Anything else.
    Unknown,
}

const KERAS: &[&str] = &[
    "keras",
    "tf_keras",
    "tensorflow.keras",
    "tensorflow.python.keras",
    "keras_core",
    "tensorflow.python.trackable",
    "tensorflow.python.training.tracking",
];

const COMPANIONS: &[&str] = &[
    "keras_cv",
    "keras_hub",
    "keras_nlp",
    "keras_rs",
    "keras_tuner",
    "kerascv",
    "official.nlp",
    "official.vision",
    "tensorflow_addons",
    "tensorflow_hub",
    "tensorflow_model_optimization",
    "tensorflow_probability",
    "tensorflow_recommenders",
    "tensorflow_text",
    "tensorflow_decision_forests",
];

/// First components of module paths that lead to commands, code, files or the network.
const DANGEROUS: &[&str] = &[
    "__builtin__",
    "_io",
    "_posixsubprocess",
    "_winapi",
    "ast",
    "asyncio",
    "bdb",
    "code",
    "codeop",
    "commands",
    "cProfile",
    "cloudpickle",
    "ctypes",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "fileinput",
    "ftplib",
    "glob",
    "http",
    "idlelib",
    "imaplib",
    "importlib",
    "io",
    "joblib",
    "lib2to3",
    "linecache",
    "logging",
    "marshal",
    "mmap",
    "multiprocessing",
    "nt",
    "operator",
    "os",
    "pathlib",
    "pdb",
    "pickle",
    "pip",
    "pkgutil",
    "platform",
    "popen2",
    "posix",
    "posixpath",
    "profile",
    "pty",
    "pydoc",
    "requests",
    "runpy",
    "setuptools",
    "shelve",
    "shutil",
    "signal",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "sqlite3",
    "ssl",
    "subprocess",
    "sys",
    "tarfile",
    "tempfile",
    "test",
    "threading",
    "timeit",
    "trace",
    "types",
    "urllib",
    "urllib3",
    "uuid",
    "venv",
    "webbrowser",
    "xmlrpc",
    "zipfile",
    "zipimport",
];

/// Modules of Python that private modules of Keras import, and that can be reached through them.
const REACHABLE: &[&str] = &[
    "builtins",
    "code",
    "ctypes",
    "importlib",
    "marshal",
    "multiprocessing",
    "os",
    "pathlib",
    "pickle",
    "posix",
    "requests",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "tarfile",
    "tempfile",
    "threading",
    "urllib",
    "webbrowser",
    "zipfile",
];

/// Does the path climb from a module of Keras into one that the module itself imports: `keras.utils.io_utils.os`?
pub(super) fn climbs_out(module: &str, class: &str) -> bool {
    let path = module.split('.').skip(1).chain(class.split('.').rev().skip(1));
    path.into_iter().any(|part| REACHABLE.contains(&part))
}

/// Built-in functions of Python that run, import or open.
pub(super) const DANGEROUS_BUILTINS: &[&str] = &[
    "__import__",
    "breakpoint",
    "compile",
    "delattr",
    "eval",
    "exec",
    "execfile",
    "exit",
    "getattr",
    "globals",
    "input",
    "locals",
    "memoryview",
    "open",
    "setattr",
    "vars",
];

/// Where Keras keeps functions that models really name: activations, losses, operations.
const FUNCTION_MODULES: &[&str] = &[
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "ops",
    "regularizers",
    "nn",
    "math",
    "numpy",
    "backend",
    "layers",
    "optimizers",
    "random",
    "applications",
    "legacy",
];

/// Names inside Keras and TensorFlow that download, load, or lower the guard.
const GADGETS: &[&str] = &[
    "get_file",
    "enable_unsafe_deserialization",
    "load_model",
    "load_weights",
    "load_img",
    "save_model",
    "save_img",
    "extract_archive",
    "deserialize_keras_object",
    "get_from_module",
    "get_custom_objects",
    "model_from_json",
    "model_from_yaml",
    "model_from_config",
    "image_dataset_from_directory",
    "text_dataset_from_directory",
    "run_from_graph_file",
    "read_file",
    "write_file",
    "py_func",
    "py_function",
    "numpy_function",
    "eager_py_func",
    "load_library",
    "load_op_library",
    "func_load",
    "get_json_type",
    "_load_state",
    "_extract_archive",
    "plot_model",
    "download_and_extract",
    "audio_dataset_from_directory",
    "timeseries_dataset_from_array_file",
    "pythonify_logs",
    "ask_to_proceed_with_overwrite",
    "run_pytest",
    "execute",
    "func_dump",
    "set_custom_objects",
];

fn within(module: &str, package: &str) -> bool {
    module.strip_prefix(package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Where a module stands.
pub(super) fn origin(module: &str) -> Origin {
    let root = module.split('.').next().unwrap_or_default();
    if module.is_empty() || KERAS.iter().any(|package| within(module, package)) {
        Origin::Keras
    } else if COMPANIONS.iter().any(|package| within(module, package)) || root == "tensorflow" {
        Origin::Companion
    } else if root == "builtins" {
        Origin::Builtins
    } else if root == "__main__" {
        Origin::Main
    } else if DANGEROUS.contains(&root) {
        Origin::Dangerous
    } else {
        Origin::Unknown
    }
}

/// Is this name of Keras or TensorFlow one that reaches beyond the model?
pub(super) fn is_gadget(module: &str, name: &str, function: bool) -> bool {
    if GADGETS.contains(&name) {
        return true;
    }
    // Functions elsewhere in Keras are tools, not parts of models.
    let parts = module.split('.').skip(1);
    let tools = ["utils", "config", "saving", "export", "datasets", "models", "tools", "src"];
    let place =
        parts.clone().find(|part| *part != "src" && *part != "api" && *part != "python" && *part != "keras");
    function
        && !module.split('.').any(|part| FUNCTION_MODULES.contains(&part))
        && place.is_none_or(|place| tools.contains(&place))
        && !module.is_empty()
        && (place.is_some() || module.contains("src"))
}
