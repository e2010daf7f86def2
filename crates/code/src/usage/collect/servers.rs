//! Servers of the Model Context Protocol that code starts: what the command runs is their name.

use super::{
    super::{flow::Known, naming, program::ValueId},
    Collector,
};

/// Options of package runners whose value names the package.
const PACKAGE_OPTIONS: &[&str] = &["--from", "--package", "-p"];

impl Collector<'_> {
    /// What a call with `command` and `args` starts.
    pub(super) fn server(&self, id: ValueId) -> Vec<Known> {
        for prefix in ["", "params.", "0.", "fullCommand."] {
            let argument = |name: &str| self.flow.argument(id, &format!("{prefix}{name}"));
            let mut commands: Vec<Known> =
                argument("command").into_iter().flat_map(|value| self.flow.texts(value)).collect();
            if prefix.is_empty() && commands.is_empty() {
                commands = argument("0").into_iter().flat_map(|value| self.flow.texts(value)).collect();
            }
            let Some(command) = commands.into_iter().next() else { continue };
            let words: Vec<String> = argument("args")
                .into_iter()
                .chain(argument("1"))
                .flat_map(|value| self.flow.leaves_of_list(value))
                .map(|known| known.text)
                .collect();
            let text = server_name(&command.text, &words);
            return vec![Known::new(text, command.via)];
        }
        Vec::new()
    }
}

/// The package, image or script that a command runs; the command itself when it is its own program.
fn server_name(command: &str, words: &[String]) -> String {
    let program = command.rsplit(['/', '\\']).next().unwrap_or(command);
    let program = program.trim_end_matches(".exe").trim_end_matches(".cmd");
    let starts_another = matches!(
        program,
        "npx"
            | "uvx"
            | "uv"
            | "bunx"
            | "bun"
            | "pnpm"
            | "yarn"
            | "npm"
            | "pipx"
            | "docker"
            | "podman"
            | "deno"
    ) || naming::is_interpreter(program);
    if !starts_another {
        return program.to_owned();
    }
    let mut rest = words.iter().map(String::as_str);
    let mut last = None;
    while let Some(word) = rest.next() {
        if PACKAGE_OPTIONS.contains(&word) || word == "-m" {
            return rest.next().unwrap_or(program).to_owned();
        }
        if let Some(package) = word.strip_prefix("--package=").or_else(|| word.strip_prefix("--from=")) {
            return package.to_owned();
        }
        // Options of `docker run` and `uv run` that take a value.
        let takes_value = matches!(
            word,
            "-e" | "--env"
                | "-v"
                | "--volume"
                | "--mount"
                | "--name"
                | "--network"
                | "--with"
                | "--directory"
                | "--env-file"
                | "--project"
        );
        if takes_value {
            rest.next();
        } else if !word.starts_with('-') && !matches!(word, "run" | "dlx" | "exec" | "x" | "tool" | "-y") {
            last = Some(word);
            break;
        }
    }
    last.unwrap_or(program).to_owned()
}

#[cfg(test)]
mod tests {
    use super::server_name;

    #[test]
    fn a_server_is_called_after_what_its_command_runs() {
        let cases: &[(&str, &[&str], &str)] = &[
            ("npx", &["-y", "@acme/files@1.0", "/tmp"], "@acme/files@1.0"),
            ("npx", &["--package=mcp-x", "mcp"], "mcp-x"),
            ("uvx", &["mcp-server-git", "--repository", "."], "mcp-server-git"),
            ("uvx", &["--from", "git+https://x.example/y", "run"], "git+https://x.example/y"),
            ("uv", &["--directory", "/srv", "run", "server.py"], "server.py"),
            ("docker", &["run", "-i", "--rm", "-e", "TOKEN", "ghcr.io/x/y:1"], "ghcr.io/x/y:1"),
            ("python", &["-m", "my_server"], "my_server"),
            ("/usr/bin/python3.12", &["app/server.py"], "app/server.py"),
            ("node", &["build/index.js"], "build/index.js"),
            ("/opt/bin/my-server", &["--stdio"], "my-server"),
            ("npx", &[], "npx"),
        ];
        for (command, words, expected) in cases {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(server_name(command, &words), *expected, "{command} {words:?}");
        }
    }
}
