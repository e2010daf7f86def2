//! Files of environment variables: `.env` and its relatives. Values of secrets are not looked at.

use crate::usage::{Found, thing, variables::Variables};

/// Reads the file.
pub(super) fn read(text: &str, found: &mut Found) {
    let mut variables = Variables::default();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
        let Some((key, value)) = line.split_once('=').filter(|_| !line.starts_with('#')) else { continue };
        let key = key.trim();
        if thing::is_secret(&key.to_ascii_lowercase()) {
            continue;
        }
        let value = unquoted(value);
        let value = variables.expand(value);
        thing::environment(key, &value, "environment file", number, found);
        variables.set(key, value);
    }
}

/// The value without its quotes, or without the comment behind it.
fn unquoted(value: &str) -> &str {
    let value = value.trim();
    for quote in ['"', '\''] {
        if let Some((inner, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inner;
        }
    }
    value.split(" #").next().unwrap_or(value).trim_end()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{shown, with};
    use super::read;

    #[test]
    fn models_are_named_and_secrets_are_not_read() {
        let text = "OPENAI_API_KEY=sk-proj-abcdefghijklmnop\n# OLD_MODEL=gpt-3.5-turbo\nexport OPENAI_MODEL=\"gpt-4o-mini\" # x\n\
                    HF_MODEL_ID = mistralai/Mistral-7B-v0.1\nEMBEDDING_MODEL=${HF_MODEL_ID}\nMODEL_TOKEN=gpt-4o\n\
                    LOG_LEVEL=debug\nALLOWED_MODELS=gpt-4o,claude-3-5-sonnet-20241022\nDATASET=org/data\n";
        assert_eq!(
            shown(&with(|found| read(text, found))),
            [
                "3 model gpt-4o-mini",
                "4 model mistralai/Mistral-7B-v0.1",
                "5 model mistralai/Mistral-7B-v0.1",
                "8 model claude-3-5-sonnet-20241022 20241022 pinned",
                "8 model gpt-4o",
                "9 dataset org/data",
            ]
        );
    }
}
