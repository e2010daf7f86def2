//! CatBoost models: `CBM1`, a size and a flatbuffer of that size, then tables of categories; or JSON
//! (<https://catboost.ai/docs/en/concepts/export-coreml>).
//!
//! They are data. What a model can carry besides is a file in its metadata or behind its end.

use bartizan_core::{
    Asset, Category, Cell, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Metadata,
    Model, Probe, Rule, Section, Severity, Taxonomy,
};

static HIDDEN: Rule = Rule {
    id: "catboost/hidden-payload",
    title: "The model carries a file that is no model",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "A pickle, archive or program in the metadata of a model, or behind its end, waits for a script to unpack it.",
    fix: "Find out who added it; export the model again.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Reads CatBoost models.
#[derive(Debug)]
pub(crate) struct CatboostInspector;

/// Magic and size.
const HEADER: u64 = 8;
/// How much of the flatbuffer's end, where the metadata is, is searched.
const SEARCHED: u64 = 8 << 20;

impl Inspector for CatboostInspector {
    fn kind(&self) -> Kind {
        Kind::new("catboost")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&HIDDEN] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.starts_with(b"CBM1") {
            return Claim::Certain;
        }
        let says = |text: &[u8]| memchr::memmem::find(&probe.head, text).is_some();
        let json = probe.first_visible() == Some(b'{')
            && (says(b"\"oblivious_trees\"")
                || says(b"\"catboost_version_info\"")
                || (says(b"\"features_info\"") && says(b"\"float_features\"")));
        if json { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let mut model = Model::of("catboost");
        model.framework = Some("catboost".to_owned());
        let searched = match texts(asset, context) {
            Ok(texts) => texts,
            Err(reason) => {
                inspection.coverage.miss(reason);
                inspection.know(Fact::Model(model));
                return inspection;
            }
        };
        for text in &searched {
            if let Some(version) = text.split("CatBoost release ").nth(1) {
                model.framework_version = version
                    .split(['.', ' ', '\n'])
                    .take(3)
                    .map(str::to_owned)
                    .reduce(|one, two| format!("{one}.{two}"));
            }
            if let Some((_, after)) = text.split_once("\"loss_function\":{\"type\":\"") {
                model.task = after.split('"').next().map(str::to_owned);
            }
            let Some((what, bytes)) = crate::embedded::payload(text) else { continue };
            inspection.find(
                Finding::new(&HIDDEN, asset, format!("the metadata holds {what} as text"))
                    .evidence("content", what),
            );
            if let Err(limit) =
                context.emit(asset.child("metadata", bartizan_core::Content::from_bytes(bytes)))
            {
                inspection.coverage.miss(limit.to_string());
            }
        }
        for (key, value) in [("objective", &model.task), ("catboost_version", &model.framework_version)] {
            if let Some(value) = value {
                inspection.know(Fact::Metadata(Metadata::new(key, value)));
            }
        }
        inspection.know(Fact::Model(model));
        behind(asset, &mut inspection);
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut section = Section::new("texts", &["text"]);
        for text in texts(asset, context).unwrap_or_default() {
            section.push(context.limits.rows, vec![Cell::Text(bartizan_core::redacted(&text))]);
        }
        Description { sections: vec![section] }
    }
}

/// Size of the flatbuffer, as the header says; `None` for JSON.
fn announced(asset: &Asset) -> Option<u64> {
    let head = asset.content.head(HEADER).ok()?;
    let size: [u8; 4] = head.strip_prefix(b"CBM1")?.try_into().ok()?;
    Some(u64::from(u32::from_le_bytes(size)))
}

/// The texts of the model's metadata.
fn texts(asset: &Asset, context: &Context<'_>) -> Result<Vec<String>, String> {
    let Some(size) = announced(asset) else { return json_texts(asset, context) };
    let Some(end) = size.checked_add(HEADER).filter(|end| *end <= asset.content.len()) else {
        return Err(format!("the header announces {size} bytes, the file has fewer"));
    };
    let start = end.saturating_sub(SEARCHED).max(HEADER);
    let bytes = asset
        .content
        .read(start, end - start, SEARCHED)
        .map_err(|error| format!("the model could not be read: {error}"))?;
    let mut texts = Vec::new();
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\n' | b'\t') || *byte >= 0x80;
    for run in bytes.split(|byte| !is_text(byte)).filter(|run| run.len() >= 8) {
        if let Ok(text) = std::str::from_utf8(run) {
            texts.push(text.to_owned());
        }
    }
    Ok(texts)
}

fn json_texts(asset: &Asset, context: &Context<'_>) -> Result<Vec<String>, String> {
    let bytes = asset
        .content
        .whole(context.limits.held)
        .map_err(|error| format!("the model could not be read: {error}"))?;
    #[derive(serde::Deserialize)]
    struct File {
        #[serde(default)]
        model_info: serde_json::Map<String, serde_json::Value>,
    }
    let file: File = serde_json::from_slice(&bytes)
        .map_err(|error| format!("the JSON is not a model of CatBoost: {error}"))?;
    let mut texts = Vec::new();
    for (key, value) in file.model_info {
        match value {
            serde_json::Value::String(text) => texts.push(text),
            other => texts.push(format!("{{\"{key}\":{other}}}")),
        }
    }
    Ok(texts)
}

/// A file behind the flatbuffer, where only tables of categories may be.
fn behind(asset: &Asset, inspection: &mut Inspection) {
    let Some(end) = announced(asset).and_then(|size| size.checked_add(HEADER)) else { return };
    let tail = asset.content.tail(end).head(64).unwrap_or_default();
    let found = match crate::embedded::recognise(&tail) {
        Some(what) => Some(what),
        // A pickle's end is out of sight here.
        None if matches!(tail.as_ref(), [0x80, 4 | 5, 0x95, ..]) => Some("a pickle"),
        None => None,
    };
    if let Some(what) = found {
        let message = format!("{what} lies behind the model");
        inspection.find(Finding::new(&HIDDEN, asset, message).offset(end).evidence("content", what));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing;

    fn model(metadata: &str, behind: &[u8]) -> Vec<u8> {
        let body =
            [b"\x10\0\0\0FlabuffersModel_v1\0".as_slice(), metadata.as_bytes(), b"\0params\0"].concat();
        [b"CBM1".as_slice(), &(body.len() as u32).to_le_bytes(), &body, behind].concat()
    }

    #[test]
    fn an_ordinary_model_is_described_without_a_finding() {
        let bytes = model("{\"loss_function\":{\"type\":\"Logloss\",\"params\":{}}}", b"");
        let outcome = testing::inspect(&CatboostInspector, "m.cbm", bytes);
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, None));
        assert!(outcome.inspection.coverage.is_complete());
        assert!(outcome.inspection.facts.contains(&Fact::Metadata(Metadata::new("objective", "Logloss"))));
    }

    #[test]
    fn files_inside_and_behind_the_model_are_found() {
        let rules = |bytes| testing::inspect(&CatboostInspector, "m.cbm", bytes).rules();
        assert_eq!(rules(model("gASVBQAAAAAAAACMAWGULg==", b"")), ["catboost/hidden-payload"]);
        assert_eq!(rules(model("x", b"PK\x03\x04zip")), ["catboost/hidden-payload"]);
    }

    #[test]
    fn a_lying_size_is_incomplete() {
        let outcome = testing::inspect(&CatboostInspector, "m.cbm", &b"CBM1\xff\xff\xff\xffx"[..]);
        assert!(!outcome.inspection.coverage.is_complete());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            testing::inspect(&CatboostInspector, "m.cbm", [b"CBM1".as_slice(), &bytes].concat());
        }
    }
}
