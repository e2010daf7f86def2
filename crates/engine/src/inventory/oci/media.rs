//! What layers are: ModelPack (<https://github.com/modelpack/model-spec>), KitOps (<https://kitops.org>), the model
//! formats of Ollama and Docker, and files of plain artifacts that carry a name.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    super::{
        classify,
        record::{AssetKind, FactSummary},
    },
    manifest::Descriptor,
};

/// The part after a prefix, up to a dot, and what such a layer is.
const PARTS: &[(&str, &[(&str, AssetKind)])] = &[
    (
        "application/vnd.cncf.model.",
        &[
            ("weight.config", AssetKind::Configuration),
            ("weight", AssetKind::Model),
            ("dataset", AssetKind::Dataset),
            ("code", AssetKind::Code),
            ("doc", AssetKind::Document),
        ],
    ),
    (
        "application/vnd.kitops.modelkit.",
        &[
            ("modelpart", AssetKind::Model),
            ("model", AssetKind::Model),
            ("dataset", AssetKind::Dataset),
            ("code", AssetKind::Code),
            ("docs", AssetKind::Document),
            ("prompt", AssetKind::Prompt),
        ],
    ),
    (
        "application/vnd.ollama.image.",
        &[
            ("model", AssetKind::Model),
            ("adapter", AssetKind::Model),
            ("projector", AssetKind::Model),
            ("template", AssetKind::Prompt),
            ("system", AssetKind::Prompt),
            ("params", AssetKind::Configuration),
            ("license", AssetKind::Document),
        ],
    ),
    (
        "application/vnd.docker.ai.",
        &[
            ("gguf", AssetKind::Model),
            ("safetensors", AssetKind::Model),
            ("mmproj", AssetKind::Model),
            ("lora", AssetKind::Model),
            ("chat.template", AssetKind::Prompt),
            ("license", AssetKind::Document),
        ],
    ),
];

/// What a layer is; `None` for parts of container images and other things.
pub(super) fn kind(layer: &Descriptor) -> Option<AssetKind> {
    for (prefix, parts) in PARTS {
        if let Some(rest) = layer.media_type.strip_prefix(prefix) {
            return parts
                .iter()
                .find(|(part, _)| {
                    rest.strip_prefix(part).is_some_and(|after| after.is_empty() || after.starts_with('.'))
                })
                .map(|(_, kind)| *kind);
        }
    }
    // A file that was pushed as it is carries its name.
    let rootfs = layer.media_type.contains("rootfs") || layer.media_type.contains("image.layer");
    let title = title(layer)?;
    if rootfs && !title.contains('.') { None } else { classify::by_name(&title) }
}

/// The name of the file that a layer holds.
pub(super) fn title(layer: &Descriptor) -> Option<String> {
    ["org.cncf.model.filepath", "org.opencontainers.image.title"]
        .iter()
        .find_map(|key| layer.annotation(key))
        .map(|title| bartizan_core::truncated(&bartizan_core::printable(title), 500))
        .filter(|title| !title.is_empty())
}

/// Does a configuration of this media type describe a model?
pub(super) fn is_described(media_type: &str) -> bool {
    media_type.starts_with("application/vnd.cncf.model.config.")
        || media_type.starts_with("application/vnd.kitops.modelkit.config.")
        || media_type.starts_with("application/vnd.docker.ai.model.config.")
}

/// What such a configuration says: ModelPack's `config` and `descriptor`, KitOps' `model` and `package`.
pub(super) fn described(config: &Value) -> FactSummary {
    let text = |pointer: &str| {
        let value = config.pointer(pointer)?;
        let value = value.as_str().or_else(|| value.as_array()?.first()?.as_str())?;
        (!value.is_empty()).then(|| bartizan_core::redacted(value))
    };
    let parameters = text("/config/paramSize").and_then(|text| count(&text));
    FactSummary {
        format: text("/config/format"),
        architecture: text("/config/architecture"),
        parameters,
        licence: text("/descriptor/licenses")
            .or_else(|| text("/model/license"))
            .or_else(|| text("/package/license")),
        base_models: Vec::new(),
        datasets: Vec::new(),
    }
}

/// What a manifest's annotations say.
pub(super) fn annotated(annotations: &Option<BTreeMap<String, String>>) -> FactSummary {
    let licence = annotations.as_ref().and_then(|all| all.get("org.opencontainers.image.licenses"));
    FactSummary { licence: licence.map(|text| bartizan_core::redacted(text)), ..FactSummary::default() }
}

/// `8b`, `1.5B`, `350M`: a number of parameters.
fn count(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let (digits, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len()));
    let factor = match unit {
        "" => 1.0,
        "k" => 1e3,
        "m" => 1e6,
        "b" => 1e9,
        "t" => 1e12,
        _ => return None,
    };
    let number = digits.trim().parse::<f64>().ok()? * factor;
    (number.is_finite() && (0.0..1e18).contains(&number)).then_some(number.round() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(media_type: &str, title: Option<&str>) -> Descriptor {
        let annotations = title
            .map(|title| BTreeMap::from([("org.opencontainers.image.title".to_owned(), title.to_owned())]));
        Descriptor { media_type: media_type.to_owned(), digest: String::new(), size: 1, annotations }
    }

    #[test]
    fn layers_are_what_their_media_type_says() {
        for (media_type, title, expected) in [
            ("application/vnd.cncf.model.weight.v1.raw", None, Some(AssetKind::Model)),
            ("application/vnd.cncf.model.weight.config.v1.tar", None, Some(AssetKind::Configuration)),
            ("application/vnd.cncf.model.dataset.v1.tar+gzip", None, Some(AssetKind::Dataset)),
            ("application/vnd.kitops.modelkit.model.v1.tar+gzip", None, Some(AssetKind::Model)),
            ("application/vnd.kitops.modelkit.docs.v1.tar", None, Some(AssetKind::Document)),
            ("application/vnd.ollama.image.model", None, Some(AssetKind::Model)),
            ("application/vnd.docker.image.rootfs.diff.tar.gzip", None, None),
            ("application/octet-stream", Some("weights/a.gguf"), Some(AssetKind::Model)),
            ("application/octet-stream", Some("notes.pdf"), None),
        ] {
            assert_eq!(kind(&layer(media_type, title)), expected, "{media_type}");
        }
    }

    #[test]
    fn sizes_as_people_write_them_become_numbers() {
        assert_eq!(count("8b"), Some(8_000_000_000));
        assert_eq!(count("1.5B"), Some(1_500_000_000));
        assert_eq!(count("350m"), Some(350_000_000));
        assert_eq!((count("many"), count("1e999"), count("-1")), (None, None, None));
    }
}
