//! What a dotted Python name in a configuration would do when it is called.

/// What is known of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Calling it runs commands or code, loads code, or reads, writes or sends at the caller's wish.
    Dangerous,
    /// It resolves another name, which is what matters.
    Indirect,
    /// A part of a framework that models are made of.
    Framework,
    /// Nothing is known.
    Unknown,
}

/// Whole modules.
const DANGEROUS_MODULES: &[&str] = &[
    "_ctypes",
    "_io",
    "_osx_support",
    "_aix_support",
    "_pickle",
    "_posixsubprocess",
    "_pyrepl",
    "_socket",
    "_winapi",
    "asyncio",
    "bdb",
    "cProfile",
    "cloudpickle",
    "code",
    "codeop",
    "commands",
    "compileall",
    "ctypes",
    "cffi",
    "dill",
    "distutils",
    "doctest",
    "ensurepip",
    "ftplib",
    "http",
    "httpx",
    "idlelib",
    "imaplib",
    "importlib",
    "io",
    "lib2to3",
    "marshal",
    "nt",
    "os",
    "paramiko",
    "pdb",
    "pexpect",
    "pickle",
    "cPickle",
    "pip",
    "pkgutil",
    "platform",
    "popen2",
    "posix",
    "profile",
    "pty",
    "pydoc",
    "py_compile",
    "requests",
    "runpy",
    "setuptools",
    "sh",
    "shelve",
    "shutil",
    "site",
    "smtplib",
    "socket",
    "socketserver",
    "subprocess",
    "sys",
    "telnetlib",
    "test",
    "threading",
    "timeit",
    "trace",
    "urllib",
    "urllib2",
    "urllib3",
    "venv",
    "webbrowser",
    "winreg",
    "xmlrpc",
    "zipimport",
    "multiprocessing",
    "jsonpickle",
    "fileinput",
    "glob",
    "tempfile",
];

/// Single names, and families where the entry ends in `*`.
const DANGEROUS_NAMES: &[&str] = &[
    "builtins.exec",
    "builtins.eval",
    "builtins.compile",
    "builtins.open",
    "builtins.__import__",
    "builtins.getattr",
    "builtins.setattr",
    "builtins.delattr",
    "builtins.input",
    "builtins.breakpoint",
    "builtins.globals",
    "builtins.vars",
    "__builtin__.*",
    "eval",
    "exec",
    "open",
    "compile",
    "__import__",
    "types.FunctionType",
    "types.CodeType",
    "operator.methodcaller",
    "_operator.methodcaller",
    "operator.attrgetter",
    "_operator.attrgetter",
    "joblib.load",
    "numpy.load",
    "numpy.loadtxt",
    "numpy.fromfile",
    "numpy.distutils*",
    "numpy.f2py*",
    "numpy.testing*",
    "numpy.ctypeslib*",
    "pandas.read_pickle",
    "pandas.eval",
    "pandas.io*",
    "torch.load",
    "torch.hub.*",
    "torch.package*",
    "torch.utils.cpp_extension*",
    "torch.ops.load_library",
    "torch.classes.load_library",
    "torch.utils.collect_env*",
    "torch.utils.bottleneck*",
    "torch.distributed.rpc*",
    "torch.serialization.*",
    "torch._dynamo*",
    "torch._inductor*",
    "torch.jit.unsupported_tensor_ops*",
    "torch.utils.data.datapipes.utils*",
    "tensorflow.py_function",
    "tensorflow.io*",
    "keras.utils.get_file",
    "sklearn.utils._testing*",
    "scipy.io*",
    "logging.config*",
    "logging.FileHandler",
    "mlflow.projects*",
    "mlflow.run",
    "transformers.utils.import_utils*",
    "nltk.data.load",
    "yaml.load",
    "yaml.unsafe_load",
    "yaml.full_load",
    "lightning.app*",
    "pytorch_lightning.utilities.cloud_io.load",
    "omegaconf.OmegaConf.load",
];

/// They find or call the object that an argument names.
const INDIRECT: &[&str] = &[
    "hydra.utils.get_method",
    "hydra.utils.get_class",
    "hydra.utils.get_object",
    "hydra.utils.get_static_method",
    "hydra.utils.call",
    "hydra.utils.instantiate",
    "hydra._internal.utils._locate",
    "functools.partial",
    "functools.reduce",
    "builtins.map",
    "builtins.filter",
];

const FRAMEWORKS: &[&str] = &[
    "accelerate",
    "albumentations",
    "apex",
    "audiocraft",
    "bitsandbytes",
    "builtins",
    "catboost",
    "collections",
    "dac",
    "datasets",
    "datetime",
    "decimal",
    "detectron2",
    "diffusers",
    "einops",
    "encodec",
    "espnet",
    "espnet2",
    "fairseq",
    "flax",
    "fractions",
    "gluonts",
    "gym",
    "gymnasium",
    "hydra",
    "hydra_plugins",
    "itertools",
    "jax",
    "keras",
    "kornia",
    "lightgbm",
    "lightning",
    "lightning_fabric",
    "lightning_utilities",
    "math",
    "megatron",
    "mmcv",
    "mmdet",
    "mmengine",
    "monai",
    "nemo",
    "nemo_run",
    "nemo_text_processing",
    "numpy",
    "omegaconf",
    "optax",
    "pandas",
    "pathlib",
    "peft",
    "pytorch_lightning",
    "quantile_forest",
    "random",
    "scipy",
    "segmentation_models_pytorch",
    "sentence_transformers",
    "sklearn",
    "skops",
    "speechbrain",
    "stable_baselines3",
    "tensorflow",
    "tf_keras",
    "timm",
    "tokenizers",
    "torch",
    "torch_geometric",
    "torchaudio",
    "torchmetrics",
    "torchtext",
    "torchtune",
    "torchvision",
    "transformer_engine",
    "transformers",
    "trl",
    "ultralytics",
    "uni2ts",
    "uuid",
    "wandb",
    "xgboost",
    "imblearn",
    "statsmodels",
    "prophet",
    "spacy",
    "thinc",
    "functools",
    "operator",
    "copy",
    "typing",
    "enum",
    "re",
];

/// What calling this name would do, by its name alone.
pub(crate) fn standing(dotted: &str) -> Standing {
    let dotted = dotted.trim();
    let top = dotted.split('.').next().unwrap_or_default();
    let listed = |list: &[&str]| {
        list.iter().any(|name| match name.strip_suffix('*') {
            Some(prefix) => dotted.starts_with(prefix),
            None => *name == dotted,
        })
    };
    // A dunder on the way reaches from any module to any other.
    let reaches_out =
        dotted.split('.').any(|part| part.starts_with("__") && part.ends_with("__") && part.len() > 4);
    if DANGEROUS_MODULES.contains(&top) || listed(DANGEROUS_NAMES) || reaches_out || re_exports(dotted) {
        Standing::Dangerous
    } else if listed(INDIRECT) {
        Standing::Indirect
    } else if FRAMEWORKS.contains(&top) {
        Standing::Framework
    } else {
        Standing::Unknown
    }
}

/// A module seen through another one: `pathlib.os.system`, `torch.serialization.os.system`.
fn re_exports(dotted: &str) -> bool {
    let mut parts = dotted.split('.').skip(1);
    parts.any(|part| {
        matches!(
            part,
            "os" | "subprocess"
                | "sys"
                | "shutil"
                | "socket"
                | "builtins"
                | "importlib"
                | "ctypes"
                | "pickle"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for dangerous in [
            "os.system",
            "subprocess.Popen",
            "builtins.eval",
            "torch.hub.load",
            "pathlib.os.system",
            "torch.nn.Module.__init__.__globals__",
        ] {
            assert_eq!(standing(dangerous), Standing::Dangerous, "{dangerous}");
        }
        for framework in [
            "torch.optim.AdamW",
            "nemo.collections.asr.modules.ConformerEncoder",
            "builtins.dict",
            "sklearn.pipeline.Pipeline",
        ] {
            assert_eq!(standing(framework), Standing::Framework, "{framework}");
        }
        assert_eq!(standing("src.models.Net"), Standing::Unknown);
        assert_eq!(standing("hydra.utils.get_method"), Standing::Indirect);
        assert_eq!(standing("ostrich.Feather"), Standing::Unknown);
    }
}
