//! What Python's own and well-known callables can do.

/// What calling something does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Capability {
    /// Runs Python code given as text or as a code object.
    Execute,
    /// Hands a text to a shell.
    Shell,
    /// Starts a program.
    Process,
    /// Opens a connection.
    Connect,
    /// Makes a descriptor point to another.
    Duplicate,
    /// Sends data out.
    Send,
    /// Brings data in.
    Fetch,
    /// Brings data in and writes it to a file.
    FetchToFile,
    /// Builds objects from bytes, running what these ask for.
    Deserialise,
    /// Opens a file.
    Open,
    /// Removes files.
    Remove,
    /// Loads or calls machine code.
    Native,
    /// Loads a native library, whose initialisers run.
    Library,
}

use Capability::{
    Connect, Deserialise, Duplicate, Execute, Fetch, FetchToFile, Library, Native, Open, Process, Remove,
    Send, Shell,
};

/// Exact names, and the prefix of a family where the entry ends in `*`.
const TABLE: &[(&str, Capability)] = &[
    ("builtins.exec", Execute),
    ("builtins.eval", Execute),
    ("builtins.execfile", Execute),
    ("runpy.run_path", Execute),
    ("runpy.run_module", Execute),
    ("code.InteractiveInterpreter().runcode", Execute),
    ("code.InteractiveInterpreter().runsource", Execute),
    ("types.FunctionType", Execute),
    ("timeit.timeit", Execute),
    ("cProfile.run", Execute),
    ("profile.run", Execute),
    ("os.system", Shell),
    ("os.popen*", Shell),
    ("posix.system", Shell),
    ("nt.system", Shell),
    ("subprocess.getoutput", Shell),
    ("subprocess.getstatusoutput", Shell),
    ("commands.getoutput", Shell),
    ("commands.getstatusoutput", Shell),
    ("asyncio.create_subprocess_shell", Shell),
    ("platform.popen", Shell),
    ("subprocess.run", Process),
    ("subprocess.call", Process),
    ("subprocess.check_call", Process),
    ("subprocess.check_output", Process),
    ("subprocess.Popen", Process),
    ("os.exec*", Process),
    ("os.spawn*", Process),
    ("os.posix_spawn*", Process),
    ("os.startfile", Process),
    ("pty.spawn", Process),
    ("asyncio.create_subprocess_exec", Process),
    ("socket.socket().connect", Connect),
    ("socket.socket().connect_ex", Connect),
    ("socket.create_connection", Connect),
    ("os.dup2", Duplicate),
    ("requests.post", Send),
    ("requests.put", Send),
    ("requests.patch", Send),
    ("requests.Session().post", Send),
    ("requests.Session().put", Send),
    ("requests.session().post", Send),
    ("httpx.post", Send),
    ("httpx.put", Send),
    ("httpx.Client().post", Send),
    ("aiohttp.ClientSession().post", Send),
    ("socket.socket().send", Send),
    ("socket.socket().sendall", Send),
    ("socket.socket().sendto", Send),
    ("socket.create_connection().sendall", Send),
    ("socket.create_connection().send", Send),
    ("smtplib.SMTP().sendmail", Send),
    ("smtplib.SMTP().send_message", Send),
    ("smtplib.SMTP_SSL().sendmail", Send),
    ("ftplib.FTP().storbinary", Send),
    ("http.client.HTTPConnection().request", Send),
    ("http.client.HTTPSConnection().request", Send),
    ("urllib.request.Request", Send),
    ("socket.gethostbyname", Send),
    ("socket.getaddrinfo", Send),
    ("requests.get", Fetch),
    ("requests.request", Fetch),
    ("requests.Session().get", Fetch),
    ("requests.session().get", Fetch),
    ("httpx.get", Fetch),
    ("httpx.Client().get", Fetch),
    ("urllib.request.urlopen", Fetch),
    ("urllib.urlopen", Fetch),
    ("urllib2.urlopen", Fetch),
    ("urllib3.PoolManager().request", Fetch),
    ("http.client.HTTPSConnection().getresponse", Fetch),
    ("http.client.HTTPConnection().getresponse", Fetch),
    ("socket.socket().recv", Fetch),
    ("socket.create_connection().recv", Fetch),
    ("urllib.request.urlretrieve", FetchToFile),
    ("urllib.urlretrieve", FetchToFile),
    ("wget.download", FetchToFile),
    ("pickle.load", Deserialise),
    ("pickle.loads", Deserialise),
    ("pickle.Unpickler", Deserialise),
    ("_pickle.load*", Deserialise),
    ("cPickle.load*", Deserialise),
    ("dill.load*", Deserialise),
    ("cloudpickle.load*", Deserialise),
    ("joblib.load", Deserialise),
    ("marshal.load", Deserialise),
    ("marshal.loads", Deserialise),
    ("shelve.open", Deserialise),
    ("torch.load", Deserialise),
    ("numpy.load", Deserialise),
    ("yaml.load", Deserialise),
    ("yaml.load_all", Deserialise),
    ("yaml.unsafe_load*", Deserialise),
    ("yaml.full_load*", Deserialise),
    ("pandas.read_pickle", Deserialise),
    ("jsonpickle.decode", Deserialise),
    ("builtins.open", Open),
    ("io.open", Open),
    ("codecs.open", Open),
    ("shutil.rmtree", Remove),
    ("os.remove", Remove),
    ("os.unlink", Remove),
    ("ctypes.windll.kernel32.VirtualAlloc", Native),
    ("ctypes.windll.kernel32.RtlMoveMemory", Native),
    ("ctypes.windll.kernel32.CreateThread", Native),
    ("ctypes.windll.kernel32.WriteProcessMemory", Native),
    ("ctypes.CDLL", Library),
    ("ctypes.PyDLL", Library),
    ("ctypes.WinDLL", Library),
    ("ctypes.OleDLL", Library),
    ("ctypes.cdll.LoadLibrary", Library),
    ("torch.ops.load_library", Library),
    ("torch.classes.load_library", Library),
    ("tensorflow.load_op_library", Library),
    ("tensorflow.load_library", Library),
    ("ctypes.CDLL().system", Native),
    ("ctypes.PyDLL().system", Native),
    ("ctypes.cdll.LoadLibrary().system", Native),
    ("ctypes.CDLL().execve", Native),
    ("ctypes.CDLL().mprotect", Native),
    ("ctypes.pythonapi.PyRun_SimpleString", Native),
];

/// What calling this dotted name does, when it is something that matters here.
pub(super) fn capability(dotted: &str) -> Option<Capability> {
    TABLE
        .iter()
        .find(|(name, _)| match name.strip_suffix('*') {
            Some(prefix) => dotted.starts_with(prefix) && !dotted.contains("()"),
            None => *name == dotted,
        })
        .map(|(_, capability)| *capability)
}

/// Names that need no import.
pub(super) const BUILTINS: &[&str] = &[
    "exec",
    "eval",
    "execfile",
    "compile",
    "open",
    "getattr",
    "setattr",
    "__import__",
    "globals",
    "locals",
    "vars",
    "chr",
    "ord",
    "str",
    "bytes",
    "bytearray",
    "int",
    "map",
    "filter",
    "list",
    "tuple",
    "reversed",
    "print",
    "input",
    "dict",
    "__builtins__",
    "raw_input",
    "unichr",
    "reload",
    "object",
    "super",
    "hex",
];

/// Functions and methods that a model's loader or server calls by name.
pub(super) const LOADER_FUNCTIONS: &[&str] = &[
    "__call__",
    "__init__",
    "__new__",
    "__reduce__",
    "__reduce_ex__",
    "__setstate__",
    "_load_pyfunc",
    "execute",
    "forward",
    "from_pretrained",
    "generate",
    "handle",
    "inference",
    "init_model",
    "initialize",
    "input_fn",
    "load_context",
    "load_model",
    "model_fn",
    "output_fn",
    "postprocess",
    "predict",
    "predict_fn",
    "preprocess",
    "setup",
];

/// Base classes (last name) whose subclasses a framework instantiates on its own when a repository or archive names
/// them.
pub(super) const LOADED_BASES: &[&str] = &[
    "BaseHandler",
    "ImageClassifier",
    "PreTrainedModel",
    "PretrainedConfig",
    "PreTrainedConfig",
    "PreTrainedTokenizer",
    "PreTrainedTokenizerFast",
    "ProcessorMixin",
    "PythonModel",
    "TextHandler",
    "VisionHandler",
];

/// Classes that a server looks for by this very name.
pub(super) const LOADED_CLASSES: &[&str] = &["EndpointHandler", "TritonPythonModel"];
