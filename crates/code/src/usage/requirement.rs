//! One requirement of Python's packaging: `name[extra]>=1.0 ; marker`, `name @ address`
//! (<https://peps.python.org/pep-0508/>).

use bartizan_core::{Usage, UsageKind};

/// A package and what version of it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) name: String,
    /// An exact version without its operator, or the constraint as written.
    pub(crate) version: Option<String>,
    pub(crate) exact: bool,
}

impl Requirement {
    /// As a usage. `from`: which ecosystem. `api`: what names it.
    pub(crate) fn usage(self, provider: &str, api: &str, line: Option<u64>) -> Usage {
        Usage {
            version: self.version,
            pinned: self.exact,
            provider: Some(provider.to_owned()),
            api: Some(api.to_owned()),
            via: Some("literal"),
            line,
            ..Usage::of(UsageKind::Library, self.name)
        }
    }
}

/// The one spelling of a package's name that manifests, locks and commands share: `pyannote.audio` is `pyannote-audio`
/// (<https://peps.python.org/pep-0503/#normalized-names>).
pub(crate) fn normalised(name: &str) -> String {
    let parts: Vec<&str> = name.split(['-', '_', '.']).filter(|part| !part.is_empty()).collect();
    parts.join("-").to_ascii_lowercase()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 120
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Reads one requirement; `None` when it names no package.
pub(crate) fn parse(text: &str) -> Option<Requirement> {
    let text = text.trim();
    if text.contains("://") && !text.contains(" @ ") && !text.split("://").next()?.contains('@') {
        return address(text);
    }
    let text = text.split(';').next()?.split(" #").next()?.trim();
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    if !is_name(name) {
        return None;
    }
    let mut rest = rest.trim();
    if let Some(extras) = rest.strip_prefix('[') {
        rest = extras.split_once(']')?.1.trim();
    }
    if let Some(target) = rest.strip_prefix('@') {
        let found = address(target.trim());
        let version = found.and_then(|found| found.version);
        let exact = version.as_deref().is_some_and(super::naming::is_commit);
        return Some(Requirement { name: name.to_owned(), version, exact });
    }
    let constraint: String =
        rest.trim_matches(['(', ')']).split("--").next()?.chars().filter(|c| !c.is_whitespace()).collect();
    if constraint.is_empty() {
        return Some(Requirement { name: name.to_owned(), version: None, exact: false });
    }
    if !constraint.starts_with(['=', '<', '>', '~', '!', '^']) {
        return None;
    }
    let exact = constraint.trim_start_matches('=');
    let is_exact = constraint.starts_with("==") && !exact.contains([',', '*', '<', '>', '!', '~']);
    let version = if is_exact { exact.to_owned() } else { constraint };
    Some(Requirement { name: name.to_owned(), version: Some(version), exact: is_exact })
}

/// `git+https://host/owner/name.git@revision#egg=name`, or the address of a wheel.
fn address(text: &str) -> Option<Requirement> {
    let text = text.split(" ;").next()?.split_whitespace().next()?;
    let (location, fragment) = text.split_once('#').unwrap_or((text, ""));
    let (location, revision) = match location.rsplit_once('@') {
        Some((before, revision)) if !revision.contains('/') => (before, Some(revision.to_owned())),
        _ => (location, None),
    };
    let last = location.trim_end_matches('/').rsplit('/').next()?;
    let egg = fragment.split('&').find_map(|part| part.strip_prefix("egg="));
    if last.ends_with(".whl") {
        let mut parts = last.split('-');
        let name = parts.next()?.replace('_', "-");
        let version = parts.next().map(str::to_owned);
        return is_name(&name).then_some(Requirement { name, version, exact: true });
    }
    let name = egg.unwrap_or_else(|| last.trim_end_matches(".git"));
    let name = name.split('[').next()?;
    let exact = revision.as_deref().is_some_and(super::naming::is_commit);
    is_name(name).then(|| Requirement { name: name.to_owned(), version: revision, exact })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_package_has_one_name() {
        for (written, expected) in
            [("LangChain_OpenAI", "langchain-openai"), ("pyannote.audio", "pyannote-audio"), ("a-_.b", "a-b")]
        {
            assert_eq!(normalised(written), expected);
        }
    }

    #[test]
    fn requirements_are_read_as_pip_reads_them() {
        let cases = [
            ("transformers==4.41.2", Some(("transformers", Some("4.41.2"), true))),
            ("torch>=2.1", Some(("torch", Some(">=2.1"), false))),
            ("datasets", Some(("datasets", None, false))),
            ("openai ~= 1.30", Some(("openai", Some("~=1.30"), false))),
            (
                "sentence-transformers==2.7.0 ; python_version > \"3.8\"",
                Some(("sentence-transformers", Some("2.7.0"), true)),
            ),
            ("uvicorn[standard]>=0.2,<1", Some(("uvicorn", Some(">=0.2,<1"), false))),
            ("torch==2.*", Some(("torch", Some("==2.*"), false))),
            ("x==1.0 --hash=sha256:aa", Some(("x", Some("1.0"), true))),
            ("git+https://github.com/huggingface/peft.git@v0.3", Some(("peft", Some("v0.3"), false))),
            ("clip @ git+https://github.com/openai/CLIP.git", Some(("clip", None, false))),
            (
                "https://h/x/llama_cpp_python-0.2.1-cp311-linux.whl",
                Some(("llama-cpp-python", Some("0.2.1"), true)),
            ),
            ("", None),
            ("=1", None),
            ("./local", None),
            ("name whatever", None),
        ];
        for (text, expected) in cases {
            let found = parse(text);
            let shown = found.as_ref().map(|r| (r.name.as_str(), r.version.as_deref(), r.exact));
            assert_eq!(shown, expected, "{text}");
        }
    }
}
