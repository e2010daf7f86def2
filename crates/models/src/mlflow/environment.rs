//! What a model wants installed: `requirements.txt`, `conda.yaml`, `python_env.yaml`
//! (<https://pip.pypa.io/en/stable/reference/requirements-file-format/>).

use bartizan_core::{
    Asset, Category, Claim, Context, Dependency, Fact, Finding, Inspection, Inspector, Kind, Probe, Rule,
    Severity, Taxonomy,
};

static INDEX: Rule = Rule {
    id: "requirements/other-source",
    title: "Packages come from elsewhere than the usual index",
    severity: Severity::Low,
    category: Category::SupplyChain,
    why: "Another index, an address without TLS, or a link to an archive decides which code is installed; with \
          `--extra-index-url`, whoever registers the same name with a higher version on either index wins.",
    fix: "Install from one index, pin versions, and use hashes (`--require-hashes`).",
    references: &["https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url"],
    taxonomy: Taxonomy { cwe: &["CWE-427", "CWE-829"], ..Taxonomy::UNSAFE_ARTEFACT },
};

/// Reads lists of Python packages.
#[derive(Debug)]
pub(crate) struct EnvironmentInspector;

/// Larger lists are not read.
const LARGEST: u64 = 4 << 20;

impl Inspector for EnvironmentInspector {
    fn kind(&self) -> Kind {
        Kind::new("requirements")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&INDEX] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let name = probe.name();
        let list = name.starts_with("requirements") && probe.extension_is(&["txt", "in"]);
        let file = matches!(
            name,
            "conda.yaml" | "conda.yml" | "python_env.yaml" | "environment.yml" | "environment.yaml"
        );
        if (list || file) && probe.is_text() { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let bytes = match asset.content.whole(LARGEST.min(context.limits.held)) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("the list could not be read: {error}"));
                return inspection;
            }
        };
        let text = String::from_utf8_lossy(&bytes);
        for (number, line) in (1u32..).zip(text.lines()) {
            let line = line.split(" #").next().unwrap_or_default().trim();
            // Items of YAML lists, quoted or not.
            let entry = line.strip_prefix("- ").unwrap_or(line).trim_matches(['"', '\'']);
            if let Some(what) = other_source(entry) {
                let message = format!("{what}: `{}`", bartizan_core::redacted(entry));
                inspection.find(Finding::new(&INDEX, asset, message).line(number).evidence("entry", entry));
            } else if let Some((name, version)) = package(entry) {
                inspection.know(Fact::Dependency(Dependency {
                    role: "package",
                    name,
                    version,
                    relation: None,
                }));
            }
        }
        inspection
    }
}

fn other_source(entry: &str) -> Option<&'static str> {
    let option = entry.split(['=', ' ']).next().unwrap_or_default();
    let official = ["https://pypi.org/", "https://download.pytorch.org/", "https://pypi.nvidia.com"];
    let address = entry.find("://").map(|at| entry.get(..at).unwrap_or_default());
    match option {
        "--index-url" | "-i" | "--extra-index-url" | "--find-links" | "-f" => {
            let known = official.iter().any(|address| entry.contains(address));
            (!known).then_some("packages come from another index")
        }
        "--trusted-host" => Some("the index is used without checking its certificate"),
        _ if address.is_some_and(|scheme| {
            scheme.ends_with("git+http") || scheme.ends_with(" http") || scheme == "http"
        }) =>
        {
            Some("a package comes over a connection without TLS")
        }
        _ if entry.contains(" @ https://") => Some("a package comes from a direct address"),
        _ => None,
    }
}

/// `name==1.0`, `name=1.0` of conda, `name>=1`: an exact version is the only one that is known.
fn package(entry: &str) -> Option<(String, Option<String>)> {
    let end = entry.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.')))?;
    let (name, rest) = entry.split_at(end);
    let rest = rest.trim_start();
    let starts = name.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    if !starts || !rest.starts_with(['=', '>', '<', '~', '!', '[', ';']) {
        return None;
    }
    let constraint =
        rest.strip_prefix('[').and_then(|extras| extras.split_once(']')).map_or(rest, |(_, rest)| rest);
    let version = constraint.trim_start().strip_prefix('=').map(|version| {
        let version = version.trim_start_matches('=').trim_start();
        version.split([';', ' ', '=']).next().unwrap_or_default().to_owned()
    });
    let exact = version.filter(|version| !version.is_empty() && !version.contains([',', '*', '<', '>', '!']));
    Some((name.to_owned(), exact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_exact_version_is_one() {
        for (entry, version) in [
            ("torch==2.4.0", Some("2.4.0")),
            ("uvicorn[standard]==0.2 ; python_version > \"3.8\"", Some("0.2")),
            ("numpy=1.26.4=py310_0", Some("1.26.4")),
            ("torch>=2.1", None),
            ("torch==2.*", None),
            ("torch~=2.1", None),
            ("torch==2.1,!=2.1.1", None),
        ] {
            assert_eq!(package(entry).unwrap().1.as_deref(), version, "{entry}");
        }
    }
}
