//! Which names lead out of a template, and which belong there.

/// Attributes through which any Python object leads to every class, module and function of the interpreter.
pub(super) const INTERNALS: &[&str] = &[
    "__base__",
    "__bases__",
    "__builtins__",
    "__class__",
    "__closure__",
    "__code__",
    "__dict__",
    "__func__",
    "__getattr__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__init__",
    "__init_subclass__",
    "__loader__",
    "__mro__",
    "__module__",
    "__new__",
    "__objclass__",
    "__reduce__",
    "__reduce_ex__",
    "__self__",
    "__spec__",
    "__subclasses__",
    "__wrapped__",
    "_module",
    "_TemplateReference__context",
    "ag_code",
    "ag_frame",
    "co_code",
    "co_consts",
    "cr_code",
    "cr_frame",
    "f_back",
    "f_builtins",
    "f_globals",
    "f_locals",
    "func_code",
    "func_globals",
    "gi_code",
    "gi_frame",
    "im_func",
    "im_self",
    "tb_frame",
    "tb_next",
];

/// Names of functions that run code or commands: called, they need no further proof.
pub(super) const EXECUTES: &[&str] = &[
    "__import__",
    "check_call",
    "check_output",
    "compile",
    "eval",
    "exec",
    "execfile",
    "execv",
    "execve",
    "execvp",
    "getoutput",
    "getstatusoutput",
    "import_module",
    "import_string",
    "popen",
    "posix_spawn",
    "run_module",
    "run_path",
    "spawnl",
    "spawnv",
    "startfile",
    "system",
    "Popen",
];

/// Modules that no template is ever given.
pub(super) const MODULES: &[&str] = &[
    "builtins",
    "ctypes",
    "importlib",
    "marshal",
    "os",
    "pickle",
    "posix",
    "pty",
    "requests",
    "runpy",
    "shutil",
    "socket",
    "subprocess",
    "sys",
    "urllib",
    "__builtin__",
    "__builtins__",
];

/// Global functions of Python that reach anything by themselves.
pub(super) const REACHING_BUILTINS: &[&str] =
    &["breakpoint", "delattr", "getattr", "globals", "locals", "open", "setattr", "vars", "input"];

/// What the usual renderers give a template besides its data: transformers, vLLM, llama.cpp, jinja2 itself.
pub(super) const GIVEN_FUNCTIONS: &[&str] = &[
    "_",
    "caller",
    "cycler",
    "date_string",
    "debug",
    "dict",
    "enumerate",
    "float",
    "gettext",
    "int",
    "joiner",
    "len",
    "lipsum",
    "list",
    "loop",
    "max",
    "min",
    "namespace",
    "ngettext",
    "now",
    "print",
    "raise_exception",
    "range",
    "set",
    "sorted",
    "str",
    "strftime",
    "strftime_now",
    "sum",
    "super",
    "tojson",
    "tuple",
    "zip",
];

/// Objects of web frameworks and of the template engine that lead to settings and secrets, with what they offer.
pub(super) const HOST_OBJECTS: &[(&str, &[&str])] = &[
    ("request", &["application", "args", "cookies", "environ", "headers", "values", "form", "get_json"]),
    ("config", &["items", "from_envvar", "from_object", "from_pyfile", "from_file", "get_namespace"]),
    ("g", &["pop", "setdefault"]),
    ("session", &["cookies"]),
    ("os", &["environ", "environb", "getenv"]),
    ("self", &["_TemplateReference__context"]),
];

/// Names that stand for the process's environment or settings wherever they are read.
pub(super) const SECRET_NAMES: &[&str] =
    &["SECRET_KEY", "environ", "environb", "getenv", "get_flashed_messages", "current_app", "url_for"];

/// Filters that look up an attribute by a name given as a value.
pub(super) const ATTRIBUTE_FILTERS: &[&str] =
    &["map", "selectattr", "rejectattr", "sort", "groupby", "unique", "min", "max", "sum", "join"];

/// Functions that fetch from the network.
pub(super) const FETCHES: &[&str] = &["urlopen", "urlretrieve", "create_connection"];

/// Is it a name that leads to the interpreter's internals?
pub(super) fn is_internal(name: &str) -> bool {
    INTERNALS.contains(&name)
}

/// Is it a name with two underscores on both sides?
pub(super) fn is_dunder(name: &str) -> bool {
    name.len() > 4
        && name.starts_with("__")
        && name.ends_with("__")
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
