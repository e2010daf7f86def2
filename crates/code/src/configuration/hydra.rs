//! Objects that Hydra makes: `_target_` is the callee, and the other keys are its arguments
//! (<https://hydra.cc/docs/advanced/instantiate_objects/overview/>).

use bartizan_core::{UsageKind, document::Node};

use crate::usage::{Found, catalogue::Catalogue, naming, provider, thing};

/// Names what the callee loads, by the catalogue of calls. Gives the key that held it.
pub(super) fn read<'n>(node: &'n Node, found: &mut Found) -> Option<&'n str> {
    let target = node.text_of("_target_")?;
    let argument = |wanted: &str| -> Option<(&'n str, &'n Node)> {
        if let Ok(position) = wanted.parse::<usize>() {
            return Some(("_args_", node.get("_args_")?.items().get(position)?));
        }
        node.pairs().iter().find(|(key, _)| key == wanted).map(|(key, value)| (key.as_str(), value))
    };
    let text = |wanted: &[String]| {
        wanted.iter().find_map(|wanted| {
            let (key, value) = argument(wanted)?;
            Some((key, value.text()?, value.line))
        })
    };
    for entry in Catalogue::get().uses(target) {
        if !matches!(entry.kind, UsageKind::Model | UsageKind::Dataset) || entry.decorates {
            continue;
        }
        let is_given = |wanted: &String| argument(wanted).is_some_and(|(_, value)| says_yes(value));
        let is_left_out = entry.by_default && entry.given.iter().all(|wanted| argument(wanted).is_none());
        if !entry.given.is_empty() && !is_left_out && !entry.given.iter().any(is_given) {
            continue;
        }
        let Some((key, name, line)) = text(&entry.name) else { continue };
        let is_other = entry.unless.iter().any(|other| other == name);
        // Interpolations stand for what is set elsewhere.
        if is_other || entry.strict && !naming::is_model(name) || name.contains("${") {
            continue;
        }
        let revision = text(&entry.revision).map(|(_, revision, _)| revision.to_owned());
        let by_hub = naming::hub_id(name);
        let provider = match &by_hub {
            Some(_) => "huggingface",
            None => entry.provider.as_deref().or_else(|| provider::by_name_or_hub(name)).unwrap_or_default(),
        };
        let (name, at) = by_hub.unwrap_or_else(|| (name.to_owned(), None));
        let api = format!("hydra {target}");
        let tell = if entry.kind == UsageKind::Model { thing::model } else { thing::dataset };
        tell(&name, revision.or(at), provider, &api, line, found);
        return Some(key);
    }
    None
}

/// Is the argument neither false nor nothing?
fn says_yes(value: &Node) -> bool {
    value.scalar().is_none_or(|text| !matches!(text.as_str(), "" | "false" | "False" | "null" | "None"))
}

#[cfg(test)]
mod tests {
    use super::super::{
        settings, syntax,
        tests::{shown, with},
    };

    #[test]
    fn arguments_of_known_callees_are_found_once() {
        for (text, expected) in [
            (
                "_target_: timm.create_model\nmodel_name: convnext_tiny.fb_in22k\npretrained: true\n",
                &["2 model convnext_tiny.fb_in22k"][..],
            ),
            ("_target_: timm.create_model\nmodel_name: convnext_tiny\npretrained: false\n", &[]),
            (
                "m:\n  _target_: transformers.AutoModel.from_pretrained\n  _args_: [org/a-7b]\n  revision: v2\n",
                &["3 model org/a-7b v2"],
            ),
            ("_target_: datasets.load_dataset\npath: org/data\nsplit: train\n", &["2 dataset org/data"]),
            ("_target_: datasets.load_dataset\npath: ${data.path}\n", &[]),
            ("_target_: my.project.Model\nname: org/a-7b\n", &[]),
        ] {
            let documents = syntax::yaml(text, 32);
            assert_eq!(
                shown(&with(|found| settings::read(&documents[0], "settings", found))),
                expected,
                "{text}"
            );
        }
    }
}
