//! Shell scripts and the recipes of Makefiles.

use crate::usage::{Found, shell, thing, variables::Variables};

/// Reads a shell script.
pub(super) fn script(text: &str, found: &mut Found) {
    shell::read(text, 1, found);
}

/// Reads a Makefile: its variables and its recipes.
pub(super) fn makefile(text: &str, found: &mut Found) {
    let mut variables = Variables::default();
    let mut lines = (1u32..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        let mut whole = line.to_owned();
        while whole.ends_with('\\') && whole.len() < 65_536 {
            let Some((_, more)) = lines.next() else { break };
            // The shell reads the continuation too, and counts its lines.
            whole.push('\n');
            whole.push_str(more);
        }
        if let Some(recipe) = whole.strip_prefix('\t') {
            let command = recipe.trim_start_matches(['@', '-', '+', ' ']);
            shell::script(&shell_references(command), number, &mut variables.clone(), found);
        } else if let Some((name, value)) = definition(&whole) {
            let value = variables.expand(&shell_references(value));
            thing::environment(name, &value, "make", number, found);
            variables.set(name, value);
        }
    }
}

/// `NAME = value`, `NAME := value`, `NAME ?= value`, also exported.
fn definition(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+']).trim();
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then(|| (name, value.split(" #").next().unwrap_or(value).trim()))
}

/// `$(NAME)` of make as `${NAME}`, and `$$` as `$`.
fn shell_references(text: &str) -> String {
    let (mut out, mut rest) = (String::with_capacity(text.len()), text);
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        out.push('$');
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            rest = after;
        } else if let Some((name, after)) = rest.strip_prefix('(').and_then(|inner| inner.split_once(')'))
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        {
            out.push('{');
            out.push_str(name);
            out.push('}');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::tests::{shown, with};
    use super::*;

    #[test]
    fn recipes_are_read_with_their_variables() {
        let text = "MODEL ?= org/m-7b\nPIP := pip install\n# X = gpt-4\n\nserve: setup\n\t@vllm serve $(MODEL) \\\n\t  --port 80\n\
                    setup:\n\t-$(PIP) openai\n\tpip install torch==2.1.0\n\tfor m in a b; do ollama pull $$m; done\n";
        assert_eq!(
            shown(&with(|found| makefile(text, found))),
            [
                "1 model org/m-7b",
                "6 model org/m-7b",
                "9 library openai",
                "10 library torch 2.1.0 pinned",
                "11 model a",
                "11 model b",
            ]
        );
    }

    #[test]
    fn scripts_are_read_to_their_end() {
        let text = "#!/bin/sh\nset -e\nMODEL=${1:-Qwen/Qwen2-7B}\nhf download \"$MODEL\" --revision main\n";
        let shown = shown(&with(|found| script(text, found)));
        assert_eq!(shown, ["3 model Qwen/Qwen2-7B", "4 model Qwen/Qwen2-7B main"]);
    }
}
