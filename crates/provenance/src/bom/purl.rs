//! Package URLs (ECMA-427).

use std::fmt::{self, Write as _};

/// A package URL. Only what a registry hands out has one: no local file does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purl {
    kind: &'static str,
    namespace: Vec<String>,
    name: String,
    version: Option<String>,
    qualifiers: Vec<(&'static str, String)>,
}

impl Purl {
    /// A model of the Hugging Face hub: `org/name`, or `name` of the oldest ones.
    pub fn huggingface(id: &str, revision: Option<&str>) -> Option<Self> {
        let mut parts: Vec<String> = id.split('/').map(str::to_owned).collect();
        if parts.len() > 2 || parts.iter().any(|part| !is_hub_name(part)) {
            return None;
        }
        let name = parts.pop()?;
        let version = revision.map(|revision| {
            let is_commit = revision.len() == 40 && revision.bytes().all(|b| b.is_ascii_hexdigit());
            if is_commit { revision.to_ascii_lowercase() } else { revision.to_owned() }
        });
        Some(Self { kind: "huggingface", namespace: parts, name, version, qualifiers: Vec::new() })
    }

    /// A distribution of PyPI; its name is normalised as PEP 503 says.
    pub fn pypi(name: &str, version: Option<&str>) -> Option<Self> {
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let mut normal = String::new();
        for c in name.chars() {
            match c {
                '.' | '_' | '-' if normal.ends_with('-') => {}
                '.' | '_' | '-' => normal.push('-'),
                c => normal.push(c.to_ascii_lowercase()),
            }
        }
        Some(Self::plain("pypi", Vec::new(), normal, version))
    }

    /// A package of npm, with its scope.
    pub fn npm(name: &str, version: Option<&str>) -> Option<Self> {
        let is_name = |part: &str| {
            !part.is_empty()
                && !part.chars().any(|c| c.is_whitespace() || c.is_control() || matches!(c, '/' | '\\'))
        };
        let (namespace, name) = match name.split_once('/') {
            Some((scope, name)) if scope.starts_with('@') => (vec![scope.to_owned()], name),
            Some(_) => return None,
            None => (Vec::new(), name),
        };
        if !is_name(name) || !namespace.iter().all(|scope| is_name(scope)) {
            return None;
        }
        Some(Self::plain("npm", namespace, name.to_owned(), version))
    }

    /// A registered model of MLflow: `name`, `models:/name/3` or `models:/name@alias`. Which server has it, nobody says.
    pub fn mlflow(name: &str, version: Option<&str>) -> Option<Self> {
        let bare = name.strip_prefix("models:/").unwrap_or(name).trim_start_matches('/');
        let (bare, own) = match bare.split_once(['/', '@']) {
            Some((bare, own)) => (bare, Some(own)),
            None => (bare, None),
        };
        let version = version.or(own).filter(|version| !version.is_empty());
        if bare.is_empty() || bare.contains(':') || version.is_some_and(|version| version.contains('/')) {
            return None;
        }
        Some(Self::plain("mlflow", Vec::new(), bare.to_owned(), version))
    }

    /// A package of conda, from whichever channel.
    pub fn conda(name: &str, version: Option<&str>) -> Option<Self> {
        let name = name.rsplit("::").next().unwrap_or(name);
        is_word(name).then(|| Self::plain("conda", Vec::new(), name.to_ascii_lowercase(), version))
    }

    /// A crate of Rust's registry.
    pub fn cargo(name: &str, version: Option<&str>) -> Option<Self> {
        is_word(name).then(|| Self::plain("cargo", Vec::new(), name.to_owned(), version))
    }

    /// A Go module.
    pub fn golang(name: &str, version: Option<&str>) -> Option<Self> {
        let mut parts: Vec<String> = name.to_ascii_lowercase().split('/').map(str::to_owned).collect();
        if !parts.iter().all(|part| is_word(part)) {
            return None;
        }
        let name = parts.pop()?;
        Some(Self::plain("golang", parts, name, version))
    }

    /// A container image reference: `registry/repository:tag@digest`, everything but the repository optional.
    pub fn image(reference: &str, version: Option<&str>) -> Option<Self> {
        let image = Image::parse(reference, version)?;
        let mut parts: Vec<String> = image.repository.split('/').map(str::to_owned).collect();
        let name = parts.pop()?;
        let mut qualifiers = Vec::new();
        if let Some(digest) = image.digest {
            let registry = image.registry.unwrap_or("docker.io");
            qualifiers.push(("repository_url", format!("{registry}/{}", image.repository)));
            if let Some(tag) = image.tag {
                qualifiers.push(("tag", tag.to_owned()));
            }
            let version = Some(digest.to_owned());
            return Some(Self { kind: "oci", namespace: Vec::new(), name, version, qualifiers });
        }
        if let Some(registry) = image.registry {
            qualifiers.push(("repository_url", registry.to_owned()));
        }
        Some(Self {
            kind: "docker",
            namespace: parts,
            name,
            version: image.tag.map(str::to_owned),
            qualifiers,
        })
    }

    fn plain(kind: &'static str, namespace: Vec<String>, name: String, version: Option<&str>) -> Self {
        Self { kind, namespace, name, version: version.map(str::to_owned), qualifiers: Vec::new() }
    }
}

/// The parts of an image reference.
struct Image<'a> {
    registry: Option<&'a str>,
    repository: &'a str,
    tag: Option<&'a str>,
    digest: Option<&'a str>,
}

impl<'a> Image<'a> {
    fn parse(reference: &'a str, version: Option<&'a str>) -> Option<Self> {
        let (rest, mut digest) = reference.split_once('@').map_or((reference, None), |(r, d)| (r, Some(d)));
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (rest, mut tag) = match rest.get(slash..)?.find(':') {
            Some(colon) => (rest.get(..slash + colon)?, rest.get(slash + colon + 1..)),
            None => (rest, None),
        };
        match version {
            Some(version) if version.contains(':') => digest = digest.or(version.rsplit('@').next()),
            Some(version) if tag.is_none() => tag = Some(version),
            _ => {}
        }
        let (registry, repository) = match rest.split_once('/') {
            Some((host, path)) if host.contains(['.', ':']) || host == "localhost" => (Some(host), path),
            _ => (None, rest),
        };
        let is_path = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
        let is_clean = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || c == '$');
        let known = registry.into_iter().chain(tag).chain(digest).all(is_clean);
        let named = repository.chars().all(is_path) && repository.split('/').all(|part| !part.is_empty());
        (known && named).then_some(Self { registry, repository, tag, digest })
    }
}

fn is_word(part: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '~');
    !part.is_empty() && part.chars().all(is_name) && part.chars().any(|c| c.is_ascii_alphanumeric())
}

fn is_hub_name(part: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    !part.is_empty() && part.len() <= 96 && part.chars().all(is_name) && part != "." && part != ".."
}

impl fmt::Display for Purl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}", self.kind)?;
        for part in self.namespace.iter().chain([&self.name]) {
            write!(f, "/{}", Encoded(part))?;
        }
        if let Some(version) = &self.version {
            write!(f, "@{}", Encoded(version))?;
        }
        for (index, (key, value)) in self.qualifiers.iter().enumerate() {
            write!(f, "{}{key}={}", if index == 0 { '?' } else { '&' }, Encoded(value))?;
        }
        Ok(())
    }
}

/// Percent-encoded but for unreserved characters and the colon.
struct Encoded<'a>(&'a str);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_' | b'~' | b':') {
                f.write_char(char::from(byte))?;
            } else {
                write!(f, "%{byte:02X}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(purl: Option<Purl>) -> String {
        purl.map(|purl| purl.to_string()).unwrap_or_default()
    }

    #[test]
    fn package_urls_are_as_the_standard_spells_them() {
        assert_eq!(
            shown(Purl::huggingface("Qwen/Qwen2-7B", Some("ABCDEF0123456789ABCDEF0123456789ABCDEF01"))),
            "pkg:huggingface/Qwen/Qwen2-7B@abcdef0123456789abcdef0123456789abcdef01"
        );
        assert_eq!(shown(Purl::huggingface("gpt2", None)), "pkg:huggingface/gpt2");
        assert_eq!(shown(Purl::huggingface("a/b/c", None)), "");
        assert_eq!(shown(Purl::huggingface("../x", None)), "");
        assert_eq!(shown(Purl::pypi("Foo__bar.Baz", Some("1.0+cu121"))), "pkg:pypi/foo-bar-baz@1.0%2Bcu121");
        assert_eq!(shown(Purl::npm("@scope/pkg", Some("2.0.0"))), "pkg:npm/%40scope/pkg@2.0.0");
        assert_eq!(shown(Purl::npm("a/b", None)), "");
    }

    #[test]
    fn other_registries_have_their_types() {
        assert_eq!(shown(Purl::mlflow("models:/fraud/3", None)), "pkg:mlflow/fraud@3");
        assert_eq!(shown(Purl::mlflow("models:/fraud@champion", None)), "pkg:mlflow/fraud@champion");
        assert_eq!(shown(Purl::mlflow("fraud", Some("7"))), "pkg:mlflow/fraud@7");
        assert_eq!(shown(Purl::mlflow("runs:/0a1b/model", None)), "");
        assert_eq!(shown(Purl::conda("conda-forge::NumPy", Some("2.1"))), "pkg:conda/numpy@2.1");
        assert_eq!(shown(Purl::cargo("tokenizers", None)), "pkg:cargo/tokenizers");
        assert_eq!(shown(Purl::golang("github.com/A/b", Some("v1.0.0"))), "pkg:golang/github.com/a/b@v1.0.0");
        assert_eq!(shown(Purl::golang("a//b", None)), "");
    }

    #[test]
    fn images_keep_registry_tag_and_digest() {
        assert_eq!(shown(Purl::image("python:3.12", None)), "pkg:docker/python@3.12");
        assert_eq!(shown(Purl::image("python", Some("3.12"))), "pkg:docker/python@3.12");
        assert_eq!(
            shown(Purl::image("nvcr.io/nvidia/pytorch:24.05-py3", Some("24.05-py3"))),
            "pkg:docker/nvidia/pytorch@24.05-py3?repository_url=nvcr.io"
        );
        assert_eq!(
            shown(Purl::image("localhost:5000/a/b:t@sha256:00ff", None)),
            "pkg:oci/b@sha256:00ff?repository_url=localhost:5000%2Fa%2Fb&tag=t"
        );
        assert_eq!(shown(Purl::image("${BASE}", None)), "");
    }
}
