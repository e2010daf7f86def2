//! `*.index.json`: which shard of a model holds which tensor.
//!
//! `{"metadata": {"total_size": …}, "weight_map": {"tensor": "model-00001-of-00002.safetensors", …}}`. The loader
//! opens every file that the map names.

use std::collections::BTreeMap;

use bartizan_core::{
    Asset, Claim, Context, Description, EntryKind, Fact, Finding, Inspection, Inspector, Kind, Metadata,
    Probe, Reference, Rule, Section, redacted,
};
use serde::Deserialize;

use super::rules;
use crate::location;

/// The inspector of shard indexes, for safetensors and pickle shards alike.
#[derive(Debug)]
pub(crate) struct WeightIndex;

#[derive(Debug, Deserialize)]
struct Index {
    #[serde(default)]
    metadata: serde_json::Map<String, serde_json::Value>,
    weight_map: BTreeMap<String, String>,
}

impl Index {
    fn read(asset: &Asset, context: &Context<'_>) -> Result<Self, String> {
        let bytes = asset.content.whole(context.limits.held).map_err(|error| error.to_string())?;
        serde_json::from_slice(&bytes).map_err(|error| error.to_string())
    }

    /// How many tensors each shard holds.
    fn shards(&self) -> BTreeMap<&str, u64> {
        let mut shards = BTreeMap::new();
        for shard in self.weight_map.values() {
            let count: &mut u64 = shards.entry(shard.as_str()).or_default();
            *count = count.saturating_add(1);
        }
        shards
    }
}

static RULES: &[&Rule] = &[&rules::SHARD_ESCAPES, &rules::SHARD_MISSING];

impl Inspector for WeightIndex {
    fn kind(&self) -> Kind {
        Kind::new("weight-index")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.name().ends_with(".index.json");
        if probe.first_visible() != Some(b'{') {
            return Claim::No;
        }
        let key = b"\"weight_map\"";
        if memchr::memmem::find(&probe.head, key).is_some() {
            return Claim::Certain;
        }
        if named { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let index = match Index::read(asset, context) {
            Ok(index) => index,
            Err(error) => {
                inspection.coverage.miss(format!("not readable as a shard index: {error}"));
                return inspection;
            }
        };
        for (key, value) in &index.metadata {
            inspection.know(Fact::Metadata(Metadata::new(key, value.to_string())));
        }
        let mut missing = Vec::new();
        for shard in index.shards().keys() {
            inspection.know(Fact::Reference(Reference { role: "shard", target: redacted(shard) }));
            if let Some(escape) = location::escape(shard) {
                let message = format!(
                    "The index makes the loader open `{}`, which {}.",
                    redacted(shard),
                    escape.words()
                );
                inspection.find(Finding::new(&rules::SHARD_ESCAPES, asset, message).evidence("shard", shard));
                continue;
            }
            let Some(siblings) = &asset.siblings else { continue };
            match siblings.entry(&location::normalised(shard)) {
                None => missing.push(*shard),
                Some(entry) if entry.kind == EntryKind::LinkOutside => {
                    let message =
                        format!("The shard `{}` is a link that leaves the folder.", redacted(shard));
                    inspection
                        .find(Finding::new(&rules::SHARD_ESCAPES, asset, message).evidence("shard", shard));
                }
                Some(_) => {}
            }
        }
        if let Some(first) = missing.first() {
            let message = format!("{} shards are not beside the index, `{first}` first.", missing.len());
            inspection.find(Finding::new(&rules::SHARD_MISSING, asset, message).evidence("shard", first));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut shards = Section::new("shards", &["file", "tensors"]);
        if let Ok(index) = Index::read(asset, context) {
            for (shard, count) in index.shards() {
                shards.push(context.limits.rows, vec![redacted(shard).into(), count.into()]);
            }
        }
        Description { sections: vec![shards] }
    }
}

#[cfg(test)]
mod tests {
    use bartizan_core::Severity;

    use super::*;
    use crate::testing::{inspect, survives};

    #[test]
    fn a_shard_outside_the_folder_is_high_and_one_beside_is_nothing() {
        let json = |shard: &str| format!(r#"{{"metadata":{{}},"weight_map":{{"a":{shard:?}}}}}"#);
        let outcome = inspect(&WeightIndex, "model.safetensors.index.json", json("../../x.bin"));
        assert_eq!((outcome.claim, outcome.worst()), (Claim::Certain, Some(Severity::High)));
        let outcome = inspect(&WeightIndex, "i.json", json("model-00001-of-00002.safetensors"));
        assert_eq!(outcome.worst(), None);
        survives(&WeightIndex, "i.json", json("/x").as_bytes());
    }
}
