//! Files that are prompts by their name or place, and what their front matter says about the model.

use bartizan_core::{Asset, Usage, UsageKind};

use super::{settings, syntax};
use crate::usage::Found;

/// Names the file itself as a prompt.
pub(super) fn name(asset: &Asset, text: &str, found: &mut Found) {
    let mut digest = blake3_of(text);
    digest.truncate(32);
    found.add(Usage {
        version: Some(digest),
        pinned: true,
        api: Some("file".to_owned()),
        via: Some("literal"),
        local: true,
        line: Some(1),
        ..Usage::of(UsageKind::Prompt, asset.path.to_string())
    });
}

fn blake3_of(text: &str) -> String {
    bartizan_core::Prompt::new("", text).blake3
}

/// Reads the front matter: YAML between two lines of `---`.
pub(super) fn front_matter(text: &str, depth: usize, found: &mut Found) {
    let Some(rest) = text.trim_start_matches('\u{feff}').strip_prefix("---") else { return };
    let Some((first, rest)) = rest.split_once('\n').filter(|(first, _)| first.trim().is_empty()) else {
        return;
    };
    let mut matter = format!("{first}\n");
    for line in rest.lines() {
        if line.trim_end() == "---" {
            for document in syntax::yaml(&matter, depth) {
                settings::read(&document, "prompt", found);
            }
            return;
        }
        matter.push_str(line);
        matter.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use bartizan_core::Content;

    use super::super::tests::{shown, with};
    use super::*;

    #[test]
    fn a_prompt_is_named_with_its_model() {
        let text = "---\nname: x\nmodel:\n  api: chat\n  configuration:\n    type: azure_openai\n    azure_deployment: gpt-4o\n---\nsystem: Use gpt-3.5-turbo.\n";
        let asset = Asset::new("prompts/x.prompty", Content::from_bytes(text.as_bytes().to_vec()));
        let usages = with(|found| {
            name(&asset, text, found);
            front_matter(text, 16, found);
        });
        let shown = shown(&usages);
        assert!(shown[0].starts_with("1 prompt prompts/x.prompty "), "{shown:?}");
        assert_eq!(shown[1..], ["7 model gpt-4o"]);
        assert_eq!(with(|found| front_matter("---\nmodel: gpt-4o\n", 16, found)), []);
    }
}
