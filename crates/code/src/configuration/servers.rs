//! Configurations of clients of the Model Context Protocol: which servers they start or call
//! (<https://modelcontextprotocol.io/docs/develop/connect-local-servers>).

use bartizan_core::{Usage, UsageKind, document::Node};

use super::manifest;
use crate::usage::{
    Found, image,
    requirement::{self, Requirement},
    shell, thing,
};

/// Where editors and assistants keep their servers.
const PLACES: &[&[&str]] = &[
    &["mcpServers"],
    &["servers"],
    &["mcp", "servers"],
    &["mcp", "mcpServers"],
    &["context_servers"],
    &["mcp_servers"],
    &["projects", "*", "mcpServers"],
];

/// Reads every server of a document.
pub(super) fn read(root: &Node, found: &mut Found) {
    for place in PLACES {
        let mut nodes = vec![root];
        for part in *place {
            nodes = nodes
                .into_iter()
                .flat_map(|node| {
                    let all = node.pairs().iter().filter(move |(key, _)| *part == "*" || key == part);
                    all.map(|(_, value)| value)
                })
                .collect();
        }
        for (name, entry) in nodes.into_iter().flat_map(Node::pairs) {
            server(name, entry, found);
        }
    }
}

fn server(name: &str, entry: &Node, found: &mut Found) {
    // Zed nests what to start: `command: {path: …, args: […]}`.
    let nested = entry.get("command").filter(|command| command.is_object());
    let start = nested.unwrap_or(entry);
    let program = start.text_of("command").or_else(|| start.text_of("path"));
    let address = ["url", "serverUrl", "httpUrl"].iter().find_map(|key| entry.text_of(key));
    let mut usage = Usage {
        via: Some("literal"),
        line: Some(u64::from(entry.line)),
        ..Usage::of(UsageKind::McpServer, name)
    };
    match (program, address) {
        (Some(program), _) => {
            let mut words = vec![program.to_owned()];
            words.extend(start.get("args").into_iter().flat_map(Node::items).filter_map(Node::scalar));
            // Some write the whole line as the command.
            if words.len() == 1 {
                words = shell::split(program);
            }
            started(&mut usage, &words, entry.line, found);
        }
        (None, Some(address)) => {
            usage.provider = host(address);
            usage.api = Some("mcp url".to_owned());
        }
        (None, None) => return,
    }
    for (key, value) in entry.get("env").map(Node::pairs).unwrap_or_default() {
        if let Some(text) = value.text() {
            thing::environment(key, text, "mcp environment", value.line, found);
        }
    }
    found.add(usage);
}

/// What a command line starts: a package of npm or PyPI, an image, or a program of this machine.
fn started(usage: &mut Usage, words: &[String], line: u32, found: &mut Found) {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    // `cmd /c npx …` on Windows, and programs that only start another one.
    let skipped = ["cmd", "cmd.exe", "/c", "/C", "env", "sh", "bash", "-c", "exec", "sudo"];
    let words: Vec<&str> = words.into_iter().skip_while(|word| skipped.contains(word)).collect();
    let Some((program, arguments)) = words.split_first() else { return };
    let program = program.rsplit(['/', '\\']).next().unwrap_or(program);
    let program = program.trim_end_matches(".exe").trim_end_matches(".cmd");
    usage.api = Some(format!("mcp {}", bartizan_core::truncated(program, 60)));
    let (package, provider) = match program {
        "npx" | "bunx" => (npm_package(arguments), "npm"),
        "pnpm" | "yarn" | "npm" | "bun" => {
            let runs = arguments.first().is_some_and(|verb| matches!(*verb, "dlx" | "exec" | "x"));
            (arguments.get(1..).filter(|_| runs).and_then(npm_package), "npm")
        }
        "uvx" => (python_package(arguments), "pypi"),
        "pipx" => (arguments.get(1..).and_then(python_package), "pypi"),
        "uv" => match arguments {
            ["tool", "run", rest @ ..] => (python_package(rest), "pypi"),
            ["run", rest @ ..] => (option(rest, &["--with"]).and_then(requirement::parse), "pypi"),
            _ => (None, ""),
        },
        "docker" | "podman" | "nerdctl" => {
            let before = found.usages.len();
            let line_of: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            image::started("", &line_of, line, found);
            let image = found.usages.get(before..).unwrap_or_default().iter();
            if let Some(image) = image.rev().find(|usage| usage.kind == UsageKind::Container) {
                usage.version.clone_from(&image.version);
                usage.pinned = image.pinned;
                usage.provider = Some("oci".to_owned());
            }
            return;
        }
        _ => (None, ""),
    };
    let Some(package) = package else {
        usage.provider = Some("local".to_owned());
        return;
    };
    usage.version.clone_from(&package.version);
    usage.pinned = package.exact;
    usage.provider = Some(provider.to_owned());
    found.add(package.usage(provider, "mcp", Some(u64::from(line))));
}

fn option<'w>(words: &[&'w str], names: &[&str]) -> Option<&'w str> {
    let at = words.iter().position(|word| names.contains(word))?;
    words.get(at.checked_add(1)?).copied()
}

/// The package that `npx -y name@version …` fetches.
fn npm_package(words: &[&str]) -> Option<Requirement> {
    let named = option(words, &["-p", "--package"]);
    let text = named.or_else(|| words.iter().find(|word| !word.starts_with('-')).copied())?;
    if text.starts_with(['.', '/', '~']) || text.contains("://") || text.contains('\\') {
        return None;
    }
    let scoped = usize::from(text.starts_with('@'));
    match text.get(scoped..)?.find('@').and_then(|at| text.split_at_checked(at.checked_add(scoped)?)) {
        Some((name, version)) => manifest::npm(name, version.get(1..)?),
        None => manifest::npm(text, ""),
    }
}

/// The package that `uvx --from name==version …` fetches.
fn python_package(words: &[&str]) -> Option<Requirement> {
    let named = option(words, &["--from", "--spec"]);
    let with_value = ["--python", "-p", "--with", "--index-url", "--default-index", "--directory", "--index"];
    let mut rest = words.iter();
    let mut first = None;
    while let Some(word) = rest.next() {
        if with_value.contains(word) {
            rest.next();
        } else if !word.starts_with('-') {
            first = Some(*word);
            break;
        }
    }
    let text = named.or(first)?;
    match text.split_once('@').filter(|_| !text.contains("://")) {
        Some((name, version)) if !name.is_empty() => {
            let exact = version.starts_with(|c: char| c.is_ascii_digit());
            let version = Some(version.trim().to_owned()).filter(|version| version != "latest");
            Some(Requirement { name: requirement::parse(name)?.name, version, exact })
        }
        _ => requirement::parse(text),
    }
}

/// The host of an address, without what may be secret in it.
fn host(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    (!host.is_empty() && !host.contains('$')).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::{
        syntax,
        tests::{shown, with},
    };

    #[test]
    fn servers_tell_what_they_start_and_whether_it_is_fixed() {
        let text = r#"{"mcpServers": {
            "files": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-filesystem@0.6.2", "."]},
            "fetch": {"command": "/usr/bin/uvx", "args": ["mcp-server-fetch"]},
            "git": {"command": "uvx", "args": ["--from", "mcp-git==1.2.0", "mcp-git"]},
            "hub": {"command": "docker", "args": ["run", "-i", "--rm", "-e", "TOKEN", "ghcr.io/x/mcp:1.0"]},
            "own": {"command": "node", "args": ["dist/server.js"], "env": {"MODEL": "gpt-4o", "API_KEY": "gpt-4"}},
            "web": {"url": "https://user:pw@mcp.example.org/sse?token=abc"},
            "win": {"command": "cmd", "args": ["/c", "npx", "-y", "pkg"]},
            "none": {"disabled": true}}}"#;
        let root = syntax::json(text, 16).unwrap();
        let usages = with(|found| super::read(&root, found));
        assert_eq!(
            shown(&usages),
            [
                "2 library @modelcontextprotocol/server-filesystem 0.6.2 pinned",
                "2 mcp-server files 0.6.2 pinned",
                "3 library mcp-server-fetch",
                "3 mcp-server fetch",
                "4 library mcp-git 1.2.0 pinned",
                "4 mcp-server git 1.2.0 pinned",
                "5 container ghcr.io/x/mcp:1.0 1.0",
                "5 mcp-server hub 1.0",
                "6 mcp-server own",
                "6 model gpt-4o",
                "7 mcp-server web",
                "8 library pkg",
                "8 mcp-server win",
            ]
        );
        let web = usages.iter().find(|usage| usage.name == "web").unwrap();
        assert_eq!(web.provider.as_deref(), Some("mcp.example.org"));
        assert!(!format!("{usages:?}").contains("abc"));
    }

    #[test]
    fn every_place_of_servers_is_known() {
        for text in [
            r#"{"servers": {"a": {"command": "npx", "args": ["x"]}}}"#,
            r#"{"mcp": {"servers": {"a": {"command": "npx x"}}}}"#,
            r#"{"context_servers": {"a": {"command": {"path": "npx", "args": ["x"]}}}}"#,
        ] {
            let root = syntax::json(text, 16).unwrap();
            let found = shown(&with(|found| super::read(&root, found)));
            assert_eq!(found, ["1 library x", "1 mcp-server a"], "{text}");
        }
    }
}
