//! What an archive is, told by the names of its members.

use std::collections::HashSet;

use bartizan_core::Kind;

/// What an archive is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flavour {
    pub(super) kind: Kind,
    /// For PyTorch's archives: the folder that holds everything, with its slash.
    pub(super) torch_root: Option<String>,
}

/// Tells the flavour from all names.
pub(super) fn flavour(names: &[String]) -> Flavour {
    let set: HashSet<&str> = names.iter().map(String::as_str).collect();
    if let Some((kind, root)) = torch(names, &set) {
        return Flavour { kind: Kind::new(kind), torch_root: Some(root.to_owned()) };
    }
    let has = |name: &str| set.contains(name);
    let any = |suffix: &str| names.iter().any(|name| name.ends_with(suffix));
    let files = || names.iter().filter(|name| !name.ends_with('/'));
    let kind = if files().next().is_some() && files().all(|name| name.ends_with(".npy")) {
        "npz"
    } else if has("config.json") && has("metadata.json") {
        "keras"
    } else if has("schema.json") {
        "skops"
    } else if has("MAR-INF/MANIFEST.json") {
        "mar"
    } else if has("_stable_baselines3_version") {
        "stable-baselines3"
    } else if any(".dist-info/WHEEL") {
        "wheel"
    } else if has("META-INF/MANIFEST.MF") {
        "jar"
    } else if has("[Content_Types].xml") {
        "ooxml"
    } else if has("model.ini")
        && names.iter().any(|name| name.starts_with("domains/") || name.starts_with("trees/"))
    {
        "h2o-mojo"
    } else {
        "zip"
    };
    Flavour { kind: Kind::new(kind), torch_root: None }
}

/// PyTorch puts everything into one folder named after the file: `data.pkl` beside `version` and `data/0`, `data/1`…
/// A TorchScript module has `constants.pkl` and `code/` too, a package `.data/extern_modules`.
fn torch<'a>(names: &'a [String], set: &HashSet<&str>) -> Option<(&'static str, &'a str)> {
    const MARKS: &[&str] = &["data.pkl", "constants.pkl", ".data/extern_modules"];
    /// An honest archive has one such folder; a hostile one must not make this quadratic.
    const MOST_ROOTS: usize = 16;
    let root_of = |name: &'a String| {
        let root = MARKS.iter().find_map(|mark| name.strip_suffix(mark))?;
        (root.is_empty() || root.ends_with('/')).then_some(root)
    };
    names.iter().filter_map(root_of).take(MOST_ROOTS).find_map(|root| {
        let has = |rest: &str| set.contains(format!("{root}{rest}").as_str());
        if has(".data/extern_modules") {
            return Some(("torch-package", root));
        }
        let code = format!("{root}code/");
        if has("constants.pkl") && names.iter().any(|name| name.starts_with(&code)) {
            return Some(("torchscript", root));
        }
        let tells = ["version", ".data/version", "byteorder", ".format_version", "data/0", "tensors/0"];
        (has("data.pkl") && tells.iter().any(|rest| has(rest))).then_some(("torch-zip", root))
    })
}

impl Flavour {
    /// Is this member the raw bytes of a tensor, which no loader unpickles or runs?
    pub(super) fn is_tensor_bytes(&self, name: &str) -> bool {
        let Some(root) = &self.torch_root else { return false };
        let Some(rest) = name.strip_prefix(root.as_str()) else { return false };
        if rest.strip_prefix(".data/").is_some_and(|rest| rest.ends_with(".storage")) {
            return true;
        }
        rest.split_once('/').is_some_and(|(folder, number)| {
            matches!(folder, "data" | "tensors" | "constants" | "xl_model_data")
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// Is this one of PyTorch's one-line notes: version, byte order, alignment, serialisation id?
    pub(super) fn is_note(&self, name: &str) -> bool {
        let Some(root) = &self.torch_root else { return false };
        name.strip_prefix(root.as_str()).is_some_and(|rest| {
            matches!(
                rest,
                "version"
                    | "byteorder"
                    | ".data/version"
                    | ".data/serialization_id"
                    | ".data/python_version"
                    | ".format_version"
                    | ".storage_alignment"
            )
        })
    }

    /// Is this TorchScript source?
    pub(super) fn is_script(&self, name: &str) -> bool {
        self.kind.name() == "torchscript"
            && self
                .torch_root
                .as_ref()
                .and_then(|root| name.strip_prefix(root.as_str()))
                .is_some_and(|rest| rest.starts_with("code/") && rest.ends_with(".py"))
    }
}
