//! TorchScript source: the files in `code/` of a scripted or traced module.
//!
//! They look like Python and are not: PyTorch's own compiler reads them when the module is loaded, and knows only
//! operators. `torch.NAME` is an operator of ATen, `ops.LIBRARY.NAME` one of a registered library, `__torch__.…` a
//! class of the module itself. Nearly all compute. A few read, write or map files.

use bartizan_core::{
    Asset, Category, Content, Context, Fact, Finding, Import, Inspection, Rule, Severity, Taxonomy, UseKind,
};

use crate::archive::Tally;

const GUIDE: &str = "https://pytorch.org/docs/stable/jit_language_reference.html";
const SECURITY: &str = "https://github.com/pytorch/pytorch/security/policy";

pub(super) static DANGEROUS_OPERATOR: Rule = Rule {
    id: "torchscript/dangerous-operator",
    title: "TorchScript operator that touches files or loads code",
    severity: Severity::High,
    category: Category::FileAccess,
    why: "The module's code calls an operator that reads, writes or maps files, or loads further code. It runs when \
          the module is used, with the rights of whoever uses it.",
    fix: "Do not use the module. Ask for the weights alone, as safetensors, and build the module from source you trust.",
    references: &[GUIDE, SECURITY],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static FOREIGN_NAME: Rule = Rule {
    id: "torchscript/foreign-name",
    title: "Python in the place of TorchScript",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "TorchScript knows no imports and no operating system. Code that names them was not written by PyTorch's \
          compiler, and waits for something that runs it as Python.",
    fix: "Do not load the module, and do not run its code. Ask for the weights alone.",
    references: &[GUIDE, SECURITY],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

pub(super) static CUSTOM_OPERATOR: Rule = Rule {
    id: "torchscript/custom-operator",
    title: "TorchScript operator of an extension library",
    severity: Severity::Low,
    category: Category::CustomCode,
    why: "The module needs a native library that is not part of PyTorch. Loading that library runs its code.",
    fix: "Know where the library comes from before you install it.",
    references: &[GUIDE],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Operators of ATen that touch files: from_file maps any file and creates it when asked, save and load pickle.
const FILE_OPERATORS: &[&str] = &["from_file", "save", "load", "load_library", "load_inline"];

/// Operators of other libraries that touch files or connect.
const LIBRARY_OPERATORS: &[&str] = &[
    "read_file",
    "write_file",
    "load_library",
    "load_library_permanently",
    "from_file",
    "save",
    "load",
    "_load_for_lite_interpreter",
];

/// Modules of PyTorch's Python side that no TorchScript names.
const PYTHON_SIDE: &[&str] = &[
    "hub",
    "utils",
    "package",
    "multiprocessing",
    "serialization",
    "_dynamo",
    "_inductor",
    "library",
    "cpp_extension",
];

/// Libraries of operators that come with PyTorch and its own companions.
const KNOWN_LIBRARIES: &[&str] = &[
    "aten",
    "prim",
    "prims",
    "quantized",
    "_quantized",
    "quantized_decomposed",
    "torchvision",
    "torchaudio",
    "torchtext",
    "image",
    "video_reader",
    "onednn",
    "mkldnn",
    "mkl",
    "xnnpack",
    "prepacked",
    "sparse",
    "static_runtime",
    "metal",
    "vulkan",
    "cuda",
    "inductor",
    "fb",
    "fbgemm",
    "torch_sparse",
    "torch_scatter",
    "torch_cluster",
    "torch_spline_conv",
    "pyg",
    "profiler",
    "rngprim",
    "debugprims",
    "streams",
    "c10d",
    "_c10d_functional",
    "symm_mem",
    "tensorexpr",
    "neuron",
    "torch_ipex",
    "detectron2",
    "executorch",
    "torchao",
    "mobile_optimized",
];

/// Python modules that execute, connect, or touch files.
const PYTHON_MODULES: &[&str] = &[
    "os",
    "sys",
    "subprocess",
    "socket",
    "shutil",
    "ctypes",
    "importlib",
    "builtins",
    "__builtins__",
    "pty",
    "marshal",
    "pickle",
    "requests",
    "urllib",
    "runpy",
    "platform",
    "posix",
    "nt",
    "webbrowser",
    "cffi",
    "multiprocessing",
];

/// Python functions that do the same.
const PYTHON_FUNCTIONS: &[&str] = &["eval", "exec", "__import__", "open", "compile", "execfile"];

/// Judges every name that a source file calls or imports.
pub(super) fn inspect(
    inspection: &mut Inspection,
    tally: &mut Tally,
    asset: &Asset,
    name: &str,
    content: &Content,
    context: &Context<'_>,
) {
    let Ok(source) = content.whole(context.limits.held) else {
        return inspection.coverage.miss(format!("TorchScript source {name} is too large"));
    };
    let mut libraries = std::collections::BTreeMap::new();
    for use_ in uses(&source) {
        let (rule, message) = match judge(&use_) {
            Judgement::Fine => continue,
            Judgement::Library(library) => {
                *libraries.entry(library).or_insert(0u64) += 1;
                continue;
            }
            Judgement::Dangerous => {
                (&DANGEROUS_OPERATOR, format!("when used, this module runs `{}`", use_.name))
            }
            Judgement::Foreign => {
                (&FOREIGN_NAME, format!("the module's code names `{}`, which is Python", use_.name))
            }
        };
        let finding = Finding::new(rule, asset, message)
            .path(asset.path.member(name))
            .line(use_.line)
            .evidence("operator", &use_.name);
        tally.find(inspection, finding);
    }
    for (library, count) in libraries {
        let finding = Finding::new(
            &CUSTOM_OPERATOR,
            asset,
            format!("the module calls operators of the extension library `{library}`"),
        )
        .path(asset.path.member(name))
        .evidence("library", &library);
        tally.find(inspection, finding);
        let import = Import {
            module: library,
            name: "*".to_owned(),
            uses: vec![UseKind::Plugin],
            offset: None,
            count,
        };
        inspection.know(Fact::Import(import));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Judgement {
    Fine,
    Library(String),
    Dangerous,
    Foreign,
}

fn judge(use_: &Use) -> Judgement {
    let parts: Vec<&str> = use_.name.split('.').collect();
    if use_.imported {
        return match parts.first() {
            Some(&("__torch__" | "torch" | "typing" | "__future__")) | None => Judgement::Fine,
            _ => Judgement::Foreign,
        };
    }
    match parts.as_slice() {
        ["torch", module, ..] if parts.len() > 2 && PYTHON_SIDE.contains(module) => Judgement::Dangerous,
        ["torch", "jit", function] if function.contains("load") || function.contains("save") => {
            Judgement::Dangerous
        }
        ["torch", "ops", rest @ ..] => operator(rest),
        ["ops", rest @ ..] => operator(rest),
        ["torch", function] if FILE_OPERATORS.contains(function) && use_.called => Judgement::Dangerous,
        [module, _, ..] if PYTHON_MODULES.contains(module) && use_.called => Judgement::Foreign,
        [function] if PYTHON_FUNCTIONS.contains(function) && use_.called => Judgement::Foreign,
        _ => Judgement::Fine,
    }
}

fn operator(parts: &[&str]) -> Judgement {
    match parts {
        [function] if LIBRARY_OPERATORS.contains(function) => Judgement::Dangerous,
        [_, function, ..] if LIBRARY_OPERATORS.contains(function) => Judgement::Dangerous,
        [library, _, ..] if !KNOWN_LIBRARIES.contains(library) => Judgement::Library((*library).to_owned()),
        _ => Judgement::Fine,
    }
}

/// A dotted name in code: never one in a string or comment.
#[derive(Debug, PartialEq, Eq)]
struct Use {
    name: String,
    line: u32,
    called: bool,
    imported: bool,
}

/// Every dotted name that begins an expression or an import.
fn uses(source: &[u8]) -> Vec<Use> {
    let mut uses = Vec::new();
    let mut lexer = Lexer { source, at: 0, line: 1 };
    let mut previous = Token::Other;
    let mut importing = false;
    let mut pending = lexer.next();
    while let Some(token) = pending {
        pending = lexer.next();
        match &token {
            Token::Name(word) if word == "import" || word == "from" => importing = true,
            Token::Name(word) if !matches!(previous, Token::Dot) => {
                let line = lexer.line;
                let defining = matches!(&previous, Token::Name(word) if word == "def" || word == "class");
                let mut name = word.clone();
                let mut last = token.clone();
                while matches!(pending, Some(Token::Dot)) {
                    match lexer.next() {
                        Some(Token::Name(part)) => {
                            name.push('.');
                            name.push_str(&part);
                            last = Token::Name(part);
                            pending = lexer.next();
                        }
                        other => pending = other,
                    }
                }
                let called = matches!(pending, Some(Token::Open));
                if !defining && (importing || called || name.contains('.')) {
                    uses.push(Use { name, line, called, imported: importing });
                }
                importing = false;
                previous = last;
                continue;
            }
            Token::Line => importing = false,
            _ => {}
        }
        previous = token;
    }
    uses
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Name(String),
    Dot,
    Open,
    Line,
    Other,
}

struct Lexer<'a> {
    source: &'a [u8],
    at: usize,
    line: u32,
}

impl Lexer<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let byte = *self.source.get(self.at)?;
            self.at += 1;
            return Some(match byte {
                b' ' | b'\t' | b'\r' | 0x0c => continue,
                b'\\' if self.source.get(self.at) == Some(&b'\n') => {
                    self.at += 1;
                    self.line = self.line.saturating_add(1);
                    continue;
                }
                b'#' => {
                    let rest = self.source.get(self.at..).unwrap_or_default();
                    self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    continue;
                }
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    Token::Line
                }
                b'.' => Token::Dot,
                b'(' => Token::Open,
                b'"' | b'\'' => {
                    self.skip_string(byte);
                    Token::Other
                }
                _ if is_word(byte) && !byte.is_ascii_digit() => self.word(),
                // Digits take their letters along: 1e5, 0x1f.
                _ if byte.is_ascii_digit() => {
                    while self.source.get(self.at).is_some_and(|next| is_word(*next) || *next == b'.') {
                        self.at += 1;
                    }
                    Token::Other
                }
                _ => Token::Other,
            });
        }
    }

    fn word(&mut self) -> Token {
        let start = self.at - 1;
        while self.source.get(self.at).is_some_and(|next| is_word(*next)) {
            self.at += 1;
        }
        Token::Name(String::from_utf8_lossy(self.source.get(start..self.at).unwrap_or_default()).into_owned())
    }

    fn skip_string(&mut self, quote: u8) {
        let triple = self.source.get(self.at..self.at + 2) == Some(&[quote, quote]);
        if triple {
            self.at += 2;
        }
        while let Some(byte) = self.source.get(self.at) {
            self.at += 1;
            match *byte {
                b'\\' => self.at += 1,
                b'\n' => {
                    self.line = self.line.saturating_add(1);
                    if !triple {
                        return;
                    }
                }
                byte if byte == quote => {
                    if !triple {
                        return;
                    }
                    if self.source.get(self.at..self.at + 2) == Some(&[quote, quote]) {
                        self.at += 2;
                        return;
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(source: &str) -> Vec<(String, Judgement)> {
        uses(source.as_bytes())
            .iter()
            .map(|use_| (use_.name.clone(), judge(use_)))
            .filter(|(_, judgement)| *judgement != Judgement::Fine)
            .collect()
    }

    #[test]
    fn what_the_compiler_writes_for_an_ordinary_module_is_fine() {
        let source = "
class Net(Module):
  __parameters__ = [\"weight\", \"os.system\", ]
  training : bool
  fc : __torch__.torch.nn.modules.linear.Linear
  def forward(self: __torch__.Net, x: Tensor) -> Tensor:
    _0 = __torch__.torch.nn.functional.___torch_mangle_1.relu
    bias = self.bias  # torch.save(x)
    _1 = ops.prim.NumToTensor(torch.size(x, 0))
    x0 = torch.conv2d(x, self.weight, bias, [1, 1], [0, 0], [1, 1], 1)
    if torch.__isnot__(bias, None):
      ops.prim.RaiseException(\"eval(torch.from_file)\", \"builtins.RuntimeError\")
    return ops.quantized.linear(x0, annotate(List[int], []), 1.0e5)
  def eval(self: __torch__.Net) -> None:
    return (self.saver).save(None)
";
        assert_eq!(judged(source), []);
    }

    #[test]
    fn operators_that_touch_files_and_python_are_not() {
        use Judgement::*;
        let cases = [
            ("_0 = torch.from_file(\"/etc/passwd\", True, 8)", "torch.from_file", Dangerous),
            ("torch.save(x, \"/tmp/x\")", "torch.save", Dangerous),
            ("torch . save(x)", "torch.save", Dangerous),
            ("torch.ops.load_library(\"x.so\")", "torch.ops.load_library", Dangerous),
            ("ops.aten.from_file(\"x\")", "ops.aten.from_file", Dangerous),
            ("ops.image.read_file(\"x\")", "ops.image.read_file", Dangerous),
            ("torch.jit._load_x(\"x\")", "torch.jit._load_x", Dangerous),
            ("torch.hub.load(\"x\")", "torch.hub.load", Dangerous),
            ("import os", "os", Foreign),
            ("from subprocess import run", "subprocess", Foreign),
            ("os.system(\"echo\")", "os.system", Foreign),
            ("x = eval(\"1\")", "eval", Foreign),
            ("ops.evil.run(x)", "ops.evil.run", Library("evil".to_owned())),
        ];
        for (source, name, judgement) in cases {
            let found = judged(source);
            assert_eq!(found.first(), Some(&(name.to_owned(), judgement)), "{source}");
        }
    }
}
