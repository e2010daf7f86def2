//! What projects say that they need: `pyproject.toml`, `setup.cfg`, `setup.py`, `Pipfile`, conda environments and
//! `package.json`.

use bartizan_core::document::{Node, Value};
use ruff_python_ast::{
    Expr, PySourceType, Stmt,
    visitor::{Visitor, walk_expr},
};
use ruff_text_size::Ranged;

use crate::usage::{
    Found, install,
    requirement::{self, Requirement},
    shell,
};

/// Adds the requirements of a list.
fn list(node: Option<&Node>, api: &str, found: &mut Found) {
    for item in node.map(Node::items).unwrap_or_default() {
        if let Some(package) = item.text().and_then(requirement::parse) {
            found.add(package.usage("pypi", api, Some(u64::from(item.line))));
        }
    }
}

/// Lists by the name of a group.
fn groups(node: Option<&Node>, api: &str, found: &mut Found) {
    for (_, group) in node.map(Node::pairs).unwrap_or_default() {
        list(Some(group), api, found);
    }
}

/// `pyproject.toml` (<https://packaging.python.org/en/latest/specifications/pyproject-toml/>), with the tables of poetry,
/// pdm, uv and hatch.
pub(super) fn pyproject(root: &Node, found: &mut Found) {
    let project = root.get("project");
    list(project.and_then(|project| project.get("dependencies")), "pyproject dependencies", found);
    let optional = project.and_then(|project| project.get("optional-dependencies"));
    groups(optional, "pyproject optional-dependencies", found);
    groups(root.get("dependency-groups"), "pyproject dependency-groups", found);
    let tool = |name: &str| root.get("tool").and_then(|tool| tool.get(name));
    if let Some(poetry) = tool("poetry") {
        table(poetry.get("dependencies"), "poetry dependencies", found);
        table(poetry.get("dev-dependencies"), "poetry dev-dependencies", found);
        for (_, group) in poetry.get("group").map(Node::pairs).unwrap_or_default() {
            table(group.get("dependencies"), "poetry group", found);
        }
    }
    groups(tool("pdm").and_then(|pdm| pdm.get("dev-dependencies")), "pdm dev-dependencies", found);
    list(tool("uv").and_then(|uv| uv.get("dev-dependencies")), "uv dev-dependencies", found);
    let environments = tool("hatch").and_then(|hatch| hatch.get("envs"));
    for (_, environment) in environments.map(Node::pairs).unwrap_or_default() {
        list(environment.get("dependencies"), "hatch environment", found);
    }
}

/// `Pipfile` (<https://pipenv.pypa.io/en/latest/pipfile.html>).
pub(super) fn pipfile(root: &Node, found: &mut Found) {
    for (name, section) in root.pairs() {
        if !matches!(name.as_str(), "source" | "requires" | "scripts" | "pipenv") {
            table(Some(section), "Pipfile", found);
        }
    }
}

/// A table of names and versions: `name = "^1.0"`, `name = {version = "1.0"}`, `name = {git = "…", rev = "…"}`.
fn table(node: Option<&Node>, api: &str, found: &mut Found) {
    for (name, value) in node.map(Node::pairs).unwrap_or_default() {
        if name == "python" || value.get("path").is_some() || value.get("file").is_some() {
            continue;
        }
        let text = |key: &str| value.text_of(key);
        let revision = ["rev", "ref", "tag"].iter().find_map(|key| text(key));
        let written = value.text().or_else(|| text("version")).or(revision).filter(|text| *text != "*");
        let exact = written.is_some_and(|version| match revision {
            Some(_) => crate::usage::naming::is_commit(version),
            // A bare version is exact for poetry; `^` and `~` are not.
            None => {
                version.trim_start_matches('=').trim_start().starts_with(|c: char| c.is_ascii_digit())
                    && !version.contains([',', '*', '<', '>', '|', ' '])
            }
        });
        let version =
            written.map(|text| if exact { text.trim_start_matches('=') } else { text }.trim().to_owned());
        let package = Requirement { name: name.clone(), version, exact };
        found.add(package.usage("pypi", api, Some(u64::from(value.line))));
    }
}

/// `setup.cfg` (<https://setuptools.pypa.io/en/latest/userguide/declarative_config.html>).
pub(super) fn setup_configuration(text: &str, found: &mut Found) {
    let (mut section, mut reads) = (String::new(), false);
    for (number, line) in (1u64..).zip(text.lines()) {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            (section, reads) = (name.trim().to_ascii_lowercase(), false);
            continue;
        }
        let entry = if line.starts_with(char::is_whitespace) {
            bare
        } else {
            let (key, value) = bare.split_once('=').unwrap_or((bare, ""));
            reads = section == "options" && key.trim() == "install_requires"
                || section == "options.extras_require";
            value.trim()
        };
        if reads && let Some(package) = requirement::parse(entry) {
            found.add(package.usage("pypi", "setup.cfg", Some(number)));
        }
    }
}

/// `setup.py`: the lists given to `setup(…)`, and those that it names. Nothing runs.
pub(super) fn setup_script(source: &str, found: &mut Found) {
    if crate::python::is_too_deep(source) {
        found.cut = true;
        return;
    }
    let parsed = ruff_python_parser::parse_unchecked_source(source, PySourceType::Python);
    let mut setup = Setup { source, constants: Vec::new(), left: 20_000, found };
    for statement in parsed.suite() {
        if let Stmt::Assign(assign) = statement {
            for target in &assign.targets {
                if let Expr::Name(name) = target {
                    setup.constants.push((name.id.as_str(), &assign.value));
                }
            }
        }
    }
    setup.visit_body(parsed.suite());
}

struct Setup<'a, 'f> {
    source: &'a str,
    constants: Vec<(&'a str, &'a Expr)>,
    /// Values that may still be looked at: names can multiply them.
    left: usize,
    found: &'f mut Found,
}

impl<'a> Visitor<'a> for Setup<'a, '_> {
    fn visit_expr(&mut self, expression: &'a Expr) {
        if let Expr::Call(call) = expression {
            let called = match &*call.func {
                Expr::Name(name) => name.id.as_str(),
                Expr::Attribute(attribute) => attribute.attr.as_str(),
                _ => "",
            };
            if called == "setup" {
                for keyword in &call.arguments.keywords {
                    let name = keyword.arg.as_ref().map_or("", |name| name.as_str());
                    if matches!(name, "install_requires" | "extras_require" | "tests_require") {
                        self.texts(&keyword.value, 0);
                    }
                }
            }
        }
        walk_expr(self, expression);
    }
}

impl<'a> Setup<'a, '_> {
    /// Every text in a value, through lists, dictionaries, sums and names of constants.
    fn texts(&mut self, value: &'a Expr, depth: usize) {
        if depth > 8 || self.left == 0 {
            return;
        }
        self.left = self.left.saturating_sub(1);
        let deeper = depth.saturating_add(1);
        match value {
            Expr::StringLiteral(literal) => {
                let before = self.source.get(..literal.start().to_usize()).unwrap_or_default();
                let line = memchr::memchr_iter(b'\n', before.as_bytes()).count().saturating_add(1);
                if let Some(package) = requirement::parse(literal.value.to_str()) {
                    self.found.add(package.usage("pypi", "setup.py", u64::try_from(line).ok()));
                }
            }
            Expr::List(list) => list.elts.iter().for_each(|item| self.texts(item, deeper)),
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|item| self.texts(item, deeper)),
            Expr::Dict(pairs) => pairs.items.iter().for_each(|item| self.texts(&item.value, deeper)),
            Expr::BinOp(sum) => {
                self.texts(&sum.left, deeper);
                self.texts(&sum.right, deeper);
            }
            Expr::Name(name) => {
                let value = self.constants.iter().rev().find(|(known, _)| *known == name.id.as_str());
                if let Some((_, value)) = value.copied() {
                    self.texts(value, deeper);
                }
            }
            _ => {}
        }
    }
}

/// A conda environment (<https://docs.conda.io/projects/conda/en/latest/user-guide/tasks/manage-environments.html>).
pub(super) fn conda(root: &Node, found: &mut Found) {
    for item in root.get("dependencies").map(Node::items).unwrap_or_default() {
        let line = Some(u64::from(item.line));
        match &item.value {
            Value::Text(text) => {
                if let Some(package) =
                    install::conda_requirement(text).filter(|package| package.name != "python")
                {
                    found.add(package.usage("conda", "conda environment", line));
                }
            }
            Value::Object(_) => list(item.get("pip"), "conda environment pip", found),
            _ => {}
        }
    }
}

/// `package.json` (<https://docs.npmjs.com/cli/configuring-npm/package-json>).
pub(super) fn package(root: &Node, found: &mut Found) {
    for key in ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"] {
        for (name, value) in root.get(key).map(Node::pairs).unwrap_or_default() {
            let Some(text) = value.text() else { continue };
            if let Some(package) = npm(name, text) {
                found.add(package.usage("npm", &format!("package.json {key}"), Some(u64::from(value.line))));
            }
        }
    }
    for (_, script) in root.get("scripts").map(Node::pairs).unwrap_or_default() {
        if let Some(text) = script.text() {
            shell::read(text, script.line, found);
        }
    }
}

/// A package of npm with its version or range; `None` for what lies in the same repository.
pub(super) fn npm(name: &str, range: &str) -> Option<Requirement> {
    let range = range.trim();
    let here = ["workspace:", "file:", "link:", "portal:", "catalog:", ".", "/"];
    if here.iter().any(|start| range.starts_with(start)) {
        return range.starts_with("catalog:").then(|| Requirement {
            name: name.to_owned(),
            version: None,
            exact: false,
        });
    }
    // `npm:other@1.0` installs another package under this name.
    let (name, range) = match range.strip_prefix("npm:") {
        Some(range) if !range.starts_with(|c: char| c == '@' || c.is_ascii_alphabetic()) => (name, range),
        Some(other) => {
            match other.rfind('@').filter(|at| *at > 0).and_then(|at| other.split_at_checked(at)) {
                Some((name, version)) => (name, version.trim_start_matches('@')),
                None => (other, ""),
            }
        }
        None => (name, range),
    };
    if range.contains("://") || range.contains('/') {
        let revision = range.split_once('#').map(|(_, revision)| revision.to_owned());
        let exact = revision.as_deref().is_some_and(crate::usage::naming::is_commit);
        return Some(Requirement { name: name.to_owned(), version: revision, exact });
    }
    let version =
        Some(range.trim_start_matches('=')).filter(|range| !matches!(*range, "" | "*" | "latest" | "x"));
    let exact = version.is_some_and(is_exact);
    Some(Requirement { name: name.to_owned(), version: version.map(str::to_owned), exact })
}

/// `1.2.3`, `1.2.3-beta.1`: three numbers and no operator.
pub(super) fn is_exact(version: &str) -> bool {
    let core = version.trim_start_matches('v').split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
        && !version.contains([' ', '|'])
}

#[cfg(test)]
mod tests {
    use super::super::{
        syntax,
        tests::{shown, with},
    };
    use super::*;

    #[test]
    fn projects_of_python_name_their_packages() {
        let text = "[build-system]\nrequires = [\"setuptools\"]\n[project]\nname = \"p\"\ndependencies = [\"torch==2.4.1\", \"transformers>=4.45,<5\"]\n\
                    [project.optional-dependencies]\ngpu = [\"bitsandbytes==0.44.1\"]\n[dependency-groups]\ndev = [\"pytest\", {include-group = \"x\"}]\n\
                    [tool.poetry.dependencies]\npython = \"^3.11\"\nopenai = \"^1.30\"\nfaiss-cpu = {version = \"1.8.0\", optional = true}\nlocal = {path = \"../x\"}\nany = \"*\"\n\
                    clip = {git = \"https://github.com/openai/CLIP.git\", rev = \"main\"}\n[tool.uv]\ndev-dependencies = [\"ruff\"]\n";
        let root = syntax::toml(text).unwrap();
        assert_eq!(
            shown(&with(|found| pyproject(&root, found))),
            [
                "5 library torch 2.4.1 pinned",
                "5 library transformers >=4.45,<5",
                "7 library bitsandbytes 0.44.1 pinned",
                "9 library pytest",
                "12 library openai ^1.30",
                "13 library faiss-cpu 1.8.0 pinned",
                "15 library any",
                "16 library clip main",
                "18 library ruff",
            ]
        );
        let root = syntax::toml(
            "[[source]]\nurl = \"x\"\n[packages]\ntorch = \"==2.1\"\n[dev-packages]\npytest = \"*\"\n",
        )
        .unwrap();
        assert_eq!(
            shown(&with(|found| pipfile(&root, found))),
            ["4 library torch 2.1 pinned", "6 library pytest"]
        );
    }

    #[test]
    fn setup_files_are_read_and_never_run() {
        let text = "[metadata]\nname = torch\n[options]\npackages = find:\ninstall_requires =\n    torch>=2 ; extra\n    # no\n    openai\npython_requires = >=3.9\n\
                    [options.extras_require]\ndev = pytest\n  ruff==0.5\n";
        assert_eq!(
            shown(&with(|found| setup_configuration(text, found))),
            ["6 library torch >=2", "8 library openai", "11 library pytest", "12 library ruff 0.5 pinned"]
        );
        let script = "from setuptools import setup\nBASE = ['torch==2.0',\n  'openai']\nEXTRA = {'a': ['einops']}\n\
                      setup(name='x', install_requires=BASE + ['datasets'], extras_require=EXTRA, classifiers=['not-this'])\n";
        assert_eq!(
            shown(&with(|found| setup_script(script, found))),
            ["2 library torch 2.0 pinned", "3 library openai", "4 library einops", "5 library datasets"]
        );
        assert_eq!(with(|found| setup_script("A = B\nB = A\nsetup(install_requires=A)\n", found)), []);
    }

    #[test]
    fn environments_of_conda_have_packages_of_both_kinds() {
        let text = "name: t\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - numpy=1.26.4\n  - conda-forge::faiss>=1.8\n  - pip:\n      - accelerate==1.0.1\n";
        let documents = syntax::yaml(text, 16);
        assert_eq!(
            shown(&with(|found| conda(&documents[0], found))),
            ["5 library numpy 1.26.4 pinned", "6 library faiss >=1.8", "8 library accelerate 1.0.1 pinned"]
        );
    }

    #[test]
    fn packages_of_npm_have_ranges_aliases_and_addresses() {
        let text = "{\n\"dependencies\": {\n\"openai\": \"^4.67.0\",\n\"ai\": \"4.0.0\",\n\"a\": \"npm:@s/b@1.2.3\",\n\"w\": \"workspace:*\",\n\
                    \"g\": \"github:o/n#main\"},\n\"devDependencies\": {\"t\": \"latest\"},\n\"scripts\": {\"pull\": \"ollama pull llama3\"}}";
        let root = syntax::json(text, 16).unwrap();
        assert_eq!(
            shown(&with(|found| package(&root, found))),
            [
                "3 library openai ^4.67.0",
                "4 library ai 4.0.0 pinned",
                "5 library @s/b 1.2.3 pinned",
                "7 library g main",
                "8 library t",
                "9 model llama3",
            ]
        );
    }
}
