//! Lock files: every package with its exact version. They are long, so the readers of lines keep nothing.

use bartizan_core::document::Node;

use super::manifest;
use crate::usage::{Found, requirement::Requirement};

fn package(name: &str, version: Option<&str>, provider: &str, api: &str, line: u32, found: &mut Found) {
    let version = version.filter(|version| !version.is_empty()).map(str::to_owned);
    let package = Requirement { name: name.to_owned(), exact: version.is_some(), version };
    found.add(package.usage(provider, api, Some(u64::from(line))));
}

/// `[[package]]` tables of uv, poetry and pdm, and `[[packages]]` of pylock
/// (<https://packaging.python.org/en/latest/specifications/pylock-toml/>).
pub(super) fn python(root: &Node, found: &mut Found) {
    let packages = ["package", "packages"].iter().filter_map(|key| root.get(key));
    for entry in packages.flat_map(Node::items) {
        // The project itself is in its lock too.
        let source = entry.get("source");
        let own = ["editable", "virtual", "directory"];
        let is_own = source.is_some_and(|source| {
            own.iter().any(|key| source.get(key).is_some()) || source.text_of("type") == Some("directory")
        });
        if !is_own && let Some(name) = entry.text_of("name") {
            package(name, entry.text_of("version"), "pypi", "lock", entry.line, found);
        }
    }
}

/// `Pipfile.lock`.
pub(super) fn pipenv(root: &Node, found: &mut Found) {
    for (_, section) in root.pairs().iter().filter(|(name, _)| name != "_meta") {
        for (name, entry) in section.pairs() {
            let version = entry.text_of("version").map(|version| version.trim_start_matches('='));
            if entry.get("path").is_none() && entry.get("file").is_none() {
                package(name, version.or_else(|| entry.text_of("ref")), "pypi", "lock", entry.line, found);
            }
        }
    }
}

/// `package-lock.json` (<https://docs.npmjs.com/cli/configuring-npm/package-lock-json>), all its versions.
pub(super) fn npm(root: &Node, found: &mut Found) {
    if let Some(packages) = root.get("packages") {
        for (path, entry) in packages.pairs() {
            let Some((_, name)) = path.rsplit_once("node_modules/") else { continue };
            if entry.get("link").is_none() {
                let name = entry.text_of("name").unwrap_or(name);
                package(name, entry.text_of("version"), "npm", "lock", entry.line, found);
            }
        }
    } else {
        nested(root, found);
    }
}

/// The first version nests what a package brings for itself; the document's reader bounds how deeply.
fn nested(node: &Node, found: &mut Found) {
    for (name, entry) in node.get("dependencies").map(Node::pairs).unwrap_or_default() {
        if let Some(locked) = entry.text_of("version").and_then(|version| manifest::npm(name, version)) {
            found.add(locked.usage("npm", "lock", Some(u64::from(entry.line))));
        }
        nested(entry, found);
    }
}

/// `yarn.lock`, both the own notation of version 1 and the YAML of later ones.
pub(super) fn yarn(text: &str, found: &mut Found) {
    let mut open: Option<(String, u32)> = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        if !line.starts_with(char::is_whitespace) {
            let first = line.trim_end_matches(':').split(", ").next().unwrap_or_default().trim_matches('"');
            open = specified(first).map(|name| (name, number));
            continue;
        }
        let (key, value) = line.trim().split_once([' ', ':']).unwrap_or_default();
        if key == "version"
            && let Some((name, line)) = open.take()
        {
            package(&name, Some(value.trim_matches([' ', '"'])), "npm", "lock", line, found);
        }
    }
}

/// The package that `name@range`, `@scope/name@npm:range` or `alias@npm:name@range` asks for; `None` for one of this
/// repository.
fn specified(text: &str) -> Option<String> {
    let at = text.get(1..)?.find('@')?.checked_add(1)?;
    let (name, range) = text.split_at_checked(at)?;
    if name.starts_with("__") {
        return None;
    }
    Some(manifest::npm(name, range.get(1..)?)?.name)
}

/// `pnpm-lock.yaml`: the keys below `packages`, read by lines, because these files are the longest of all.
pub(super) fn pnpm(text: &str, found: &mut Found) {
    let mut inside = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        if !line.starts_with(char::is_whitespace) {
            inside = line.trim_end() == "packages:";
            continue;
        }
        let is_key = inside && line.starts_with("  ") && !line.starts_with("   ");
        let Some(key) = line
            .trim()
            .strip_suffix(':')
            .or_else(|| Some(line.trim().split_once(": ")?.0))
            .filter(|_| is_key)
        else {
            continue;
        };
        let key = key.trim_matches(['\'', '"']).trim_start_matches('/');
        let key = key.split('(').next().unwrap_or(key);
        let scoped = usize::from(key.starts_with('@'));
        // `name@1.0.0`, or `name/1.0.0_peer@2.0.0` of older versions.
        let older = key.rfind('/').filter(|at| {
            let last = key.get(at.saturating_add(1)..).unwrap_or_default();
            *at > 0 && manifest::is_exact(last.split('_').next().unwrap_or_default())
        });
        let newer = || key.get(scoped..)?.find('@')?.checked_add(scoped);
        let parted = older.or_else(newer);
        let Some((name, version)) = parted.and_then(|at| key.split_at_checked(at)) else { continue };
        let version = version.get(1..).unwrap_or_default().split('_').next().unwrap_or_default();
        if version.starts_with(|c: char| c.is_ascii_digit()) {
            package(name, Some(version), "npm", "lock", number, found);
        }
    }
}

/// `bun.lock`: `"name": ["name@1.0.0", …]`.
pub(super) fn bun(root: &Node, found: &mut Found) {
    for (_, entry) in root.get("packages").map(Node::pairs).unwrap_or_default() {
        let Some(text) = entry.items().first().and_then(Node::text) else { continue };
        let at = text.rfind('@').filter(|at| *at > 0);
        if let Some((name, version)) = at.and_then(|at| text.split_at_checked(at)) {
            let version = version.trim_start_matches('@');
            if version.starts_with(|c: char| c.is_ascii_digit()) {
                package(name, Some(version), "npm", "lock", entry.line, found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        syntax,
        tests::{shown, with},
    };
    use super::*;

    #[test]
    fn locks_of_python_name_every_package_but_the_project() {
        let uv = "version = 1\n[[package]]\nname = \"mine\"\nversion = \"0.1\"\nsource = { editable = \".\" }\n\n[[package]]\nname = \"torch\"\nversion = \"2.5.1\"\n\
                  source = { registry = \"https://pypi.org/simple\" }\ndependencies = [{ name = \"not-this\" }]\n";
        let root = syntax::toml(uv).unwrap();
        assert_eq!(shown(&with(|found| python(&root, found))), ["7 library torch 2.5.1 pinned"]);
        let pipenv_lock = "{\"_meta\": {\"hash\": {\"sha256\": \"x\"}},\n\"default\": {\n\"torch\": {\"version\": \"==2.1\"}}, \"develop\": {\"x\": {\"ref\": \"abc\"}}}";
        let root = syntax::json(pipenv_lock, 16).unwrap();
        assert_eq!(
            shown(&with(|found| pipenv(&root, found))),
            ["3 library torch 2.1 pinned", "3 library x abc pinned"]
        );
    }

    #[test]
    fn locks_of_npm_name_every_package() {
        let three = "{\"packages\": {\"\": {\"name\": \"mine\"},\n\"node_modules/openai\": {\"version\": \"4.1.0\"},\n\
                     \"node_modules/a/node_modules/@s/b\": {\"version\": \"1.0.0\"}, \"node_modules/w\": {\"link\": true}}}";
        let root = syntax::json(three, 16).unwrap();
        assert_eq!(
            shown(&with(|found| npm(&root, found))),
            ["2 library openai 4.1.0 pinned", "3 library @s/b 1.0.0 pinned"]
        );
        let one = "{\"dependencies\": {\"a\": {\"version\": \"1.0.0\",\n\"dependencies\": {\"b\": {\"version\": \"2.0.0\"}}}}}";
        let root = syntax::json(one, 16).unwrap();
        assert_eq!(
            shown(&with(|found| npm(&root, found))),
            ["1 library a 1.0.0 pinned", "2 library b 2.0.0 pinned"]
        );
    }

    #[test]
    fn locks_of_yarn_pnpm_and_bun_are_read() {
        let text = "# yarn lockfile v1\n\n\"@s/b@^1.0\", \"@s/b@^1.1\":\n  version \"1.2.3\"\n  dependencies:\n    version \"9\"\n\nopenai@^4:\n  version \"4.1.0\"\n";
        assert_eq!(
            shown(&with(|found| yarn(text, found))),
            ["3 library @s/b 1.2.3 pinned", "8 library openai 4.1.0 pinned"]
        );
        let berry = "__metadata:\n  version: 8\n\n\"ai@npm:^4.0.0\":\n  version: 4.0.1\n\n\"mine@workspace:.\":\n  version: 0.0.0-use.local\n";
        assert_eq!(shown(&with(|found| yarn(berry, found))), ["4 library ai 4.0.1 pinned"]);
        let text = "lockfileVersion: '9.0'\nimporters:\n  .:\n    x: 1\npackages:\n\n  '@s/b@1.0.0(c@2.0.0)':\n    resolution: {integrity: x}\n  openai@4.1.0:\n    engines: {}\n  /old/1.2.3_x@1.0.0:\n    dev: true\nsnapshots:\n  not@1.0.0: {}\n";
        assert_eq!(
            shown(&with(|found| pnpm(text, found))),
            ["7 library @s/b 1.0.0 pinned", "9 library openai 4.1.0 pinned", "11 library old 1.2.3 pinned"]
        );
        let root = syntax::json(
            "{\"packages\": {\"openai\": [\"openai@4.1.0\", \"\", {}], \"w\": [\"w@workspace:x\"],}}",
            16,
        )
        .unwrap();
        assert_eq!(shown(&with(|found| bun(&root, found))), ["1 library openai 4.1.0 pinned"]);
    }
}
