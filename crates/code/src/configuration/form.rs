//! Which kind of configuration a file is, by its name and first bytes.

use bartizan_core::{Kind, Probe};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Dockerfile,
    /// YAML of any kind: what it is for shows inside.
    Yaml,
    /// TOML of any kind.
    Toml,
    Environment,
    /// Lists for pip; the flag is set for lists that only constrain.
    Requirements(bool),
    /// `[[package]]` in TOML: uv, poetry, pdm and pylock.
    PythonLock,
    Pipfile,
    PipfileLock,
    Pyproject,
    SetupConfiguration,
    SetupScript,
    Conda,
    PackageManifest,
    PackageLock,
    YarnLock,
    PnpmLock,
    BunLock,
    /// JSON of a client of the Model Context Protocol.
    Servers,
    /// JSON that names container images for an editor.
    Devcontainer,
    Script,
    Makefile,
    Prompt,
    /// Ollama's recipe of a model.
    Modelfile,
}

impl Form {
    /// What the file is called when nobody else knows it.
    pub(super) fn kind(self) -> Kind {
        Kind::new(match self {
            Self::Dockerfile => "dockerfile",
            Self::Yaml | Self::Conda => "yaml",
            Self::Toml | Self::Pyproject | Self::Pipfile => "toml",
            Self::Environment => "environment-file",
            Self::Requirements(_) => "requirements",
            Self::PythonLock
            | Self::PipfileLock
            | Self::PackageLock
            | Self::YarnLock
            | Self::PnpmLock
            | Self::BunLock => "lock-file",
            Self::SetupConfiguration => "ini",
            Self::SetupScript => "python",
            Self::PackageManifest | Self::Servers | Self::Devcontainer => "json",
            Self::Script => "shell-script",
            Self::Makefile => "makefile",
            Self::Prompt => "prompt",
            Self::Modelfile => "modelfile",
        })
    }

    /// The form of a file; `None` when it is no configuration.
    pub(super) fn of(probe: &Probe<'_>) -> Option<Self> {
        let path = probe.asset.path.as_str().replace('!', "/");
        // What is installed there says itself what it uses, and is not this project's.
        let installed = ["node_modules/", "site-packages/", "dist-packages/"];
        if probe.is_empty() || installed.iter().any(|folder| path.contains(folder)) {
            return None;
        }
        let utf16 = probe.head.starts_with(b"\xff\xfe") || probe.head.starts_with(b"\xfe\xff");
        if !(probe.is_text() || utf16) {
            return None;
        }
        Self::named(&path.to_ascii_lowercase(), probe.name(), &probe.extension)
            .or_else(|| Self::announced(probe))
    }

    fn named(path: &str, written: &str, extension: &str) -> Option<Self> {
        let name = written.to_ascii_lowercase();
        let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
        let lists = ["requirements", "constraints"];
        Some(match name.as_str() {
            "cargo.toml" | "rustfmt.toml" | "clippy.toml" | "deny.toml" => return None,
            "pyproject.toml" => Self::Pyproject,
            "setup.cfg" => Self::SetupConfiguration,
            "setup.py" => Self::SetupScript,
            "pipfile" => Self::Pipfile,
            "pipfile.lock" => Self::PipfileLock,
            "uv.lock" | "poetry.lock" | "pdm.lock" => Self::PythonLock,
            "package.json" => Self::PackageManifest,
            "package-lock.json" | "npm-shrinkwrap.json" => Self::PackageLock,
            "yarn.lock" => Self::YarnLock,
            "pnpm-lock.yaml" => Self::PnpmLock,
            "bun.lock" => Self::BunLock,
            "mcp.json"
            | ".mcp.json"
            | "claude_desktop_config.json"
            | "mcp_config.json"
            | "mcp_settings.json"
            | "mcp-config.json"
            | "cline_mcp_settings.json"
            | "mcp_servers.json" => Self::Servers,
            "settings.json" if path.contains(".vscode/") || path.contains(".gemini/") => Self::Servers,
            "devcontainer.json" | ".devcontainer.json" => Self::Devcontainer,
            "makefile" | "gnumakefile" => Self::Makefile,
            "modelfile" => Self::Modelfile,
            "environment.yml" | "environment.yaml" | "conda.yml" | "conda.yaml" => Self::Conda,
            "agents.md"
            | "claude.md"
            | "gemini.md"
            | ".cursorrules"
            | ".windsurfrules"
            | ".clinerules"
            | "copilot-instructions.md" => Self::Prompt,
            _ if name.starts_with("pylock.") && extension == "toml" => Self::PythonLock,
            _ if is_dockerfile(&name, stem, extension) => Self::Dockerfile,
            _ if is_environment(&name, extension) => Self::Environment,
            _ if matches!(extension, "prompt" | "prompty") || name.ends_with(".prompt.md") => Self::Prompt,
            _ if is_prompt(path, stem, extension) => Self::Prompt,
            _ if matches!(extension, "txt" | "in" | "pip" | "lock")
                && (lists.iter().any(|list| stem.contains(list)) || path.contains("requirements/")) =>
            {
                Self::Requirements(stem.contains("constraint"))
            }
            _ if matches!(extension, "yaml" | "yml") => Self::Yaml,
            _ => match extension {
                "toml" => Self::Toml,
                "sh" | "bash" | "zsh" | "ksh" | "slurm" | "sbatch" => Self::Script,
                "mk" => Self::Makefile,
                "modelfile" => Self::Modelfile,
                _ => return None,
            },
        })
    }

    /// By its first bytes.
    fn announced(probe: &Probe<'_>) -> Option<Self> {
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        if probe.starts_with(b"#!") {
            let line = probe.head.split(|byte| *byte == b'\n').next().unwrap_or_default();
            let shell = [&b"/sh"[..], b"bash", b"zsh", b" sh", b"/dash", b"/ksh"];
            return shell
                .iter()
                .any(|name| memchr::memmem::find(line, name).is_some())
                .then_some(Self::Script);
        }
        let servers =
            probe.extension_is(&["json"]) && (says(b"\"mcpServers\"") || says(b"\"context_servers\""));
        servers.then_some(Self::Servers)
    }
}

fn is_dockerfile(name: &str, stem: &str, extension: &str) -> bool {
    let names = ["dockerfile", "containerfile"];
    // `Dockerfile.gpu` and `gpu.Dockerfile`, but not `dockerfile.py` and `dockerfile.md`.
    let other =
        ["py", "md", "rs", "go", "js", "ts", "txt", "dockerignore", "json", "yml", "yaml", "tmpl", "html"];
    names.iter().any(|known| {
        name == *known
            || extension == *known
            || (name.starts_with(&format!("{known}."))
                || name.starts_with(&format!("{known}-"))
                || name.starts_with(&format!("{known}_")))
                && !other.contains(&extension)
            || stem == *known && !other.contains(&extension)
    })
}

fn is_environment(name: &str, extension: &str) -> bool {
    let other = ["py", "js", "ts", "mjs", "cjs", "json", "md", "yaml", "yml", "sh", "rs", "go"];
    name == ".env"
        || name == ".envrc"
        || extension == "env"
        || name.starts_with(".env.") && !other.contains(&extension)
        || matches!(name, "env.example" | "env.sample" | "env.template" | "example.env" | "dotenv")
}

/// Texts in a folder of prompts, or called so.
fn is_prompt(path: &str, stem: &str, extension: &str) -> bool {
    let text = matches!(extension, "md" | "txt" | "jinja" | "jinja2" | "j2" | "mustache" | "hbs" | "tmpl");
    let folder = |part: &str| {
        matches!(
            part,
            "prompts"
                | "prompt"
                | "prompt_templates"
                | "prompt-templates"
                | "system_prompts"
                | "system-prompts"
        )
    };
    let about = ["readme", "license", "licence", "changelog", "contributing", "requirements"];
    let mut folders = path.rsplit('/').skip(1);
    text && !about.contains(&stem)
        && (folders.any(folder)
            || ["system_prompt", "system-prompt", "systemprompt"].contains(&stem)
            || stem.ends_with(".prompt")
            || stem.ends_with("_prompt"))
}

#[cfg(test)]
mod tests {
    use bartizan_core::{Asset, Content};

    use super::*;

    #[test]
    fn files_are_told_apart_by_their_names_and_first_bytes() {
        for (path, head, expected) in [
            ("Dockerfile", "FROM x", Some(Form::Dockerfile)),
            ("docker/Dockerfile.gpu", "FROM x", Some(Form::Dockerfile)),
            ("gpu.Dockerfile", "FROM x", Some(Form::Dockerfile)),
            ("Containerfile", "FROM x", Some(Form::Dockerfile)),
            ("dockerfile.py", "x", None),
            ("requirements-dev.txt", "a", Some(Form::Requirements(false))),
            ("requirements/base.txt", "a", Some(Form::Requirements(false))),
            ("ml/requirements.lock", "a", Some(Form::Requirements(false))),
            ("constraints.txt", "a", Some(Form::Requirements(true))),
            ("dev_requirements.in", "a", Some(Form::Requirements(false))),
            ("notes.txt", "a", None),
            (".env.local", "A=b", Some(Form::Environment)),
            ("a/.mcp.json", "{}", Some(Form::Servers)),
            ("tools.json", "{\"mcpServers\": {}}", Some(Form::Servers)),
            ("data.json", "{}", None),
            ("run", "#!/usr/bin/env bash\n", Some(Form::Script)),
            ("run", "#!/usr/bin/env python\n", None),
            ("prompts/answer.md", "You are", Some(Form::Prompt)),
            ("prompts/README.md", "You are", None),
            ("docs/answer.md", "You are", None),
            ("node_modules/x/package.json", "{}", None),
            ("a.tar!node_modules/x/package.json", "{}", None),
            ("web/package.json", "{}", Some(Form::PackageManifest)),
            ("requirements.txt", "\u{1}", None),
        ] {
            let asset = Asset::new(path, Content::from_bytes(head.as_bytes().to_vec()));
            assert_eq!(Form::of(&Probe::new(&asset).unwrap()), expected, "{path}");
        }
    }
}
