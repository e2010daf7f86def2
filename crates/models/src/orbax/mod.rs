//! Orbax checkpoints: folders of array stores with JSON beside them.
//!
//! Orbax writes `_METADATA` (the tree of parameters and how each is stored), `_CHECKPOINT_METADATA`, and the arrays
//! either as Zarr folders (`.zarray`) or in an OCDBT database (`manifest.ocdbt` and `d/…`), all through TensorStore
//! (<https://orbax.readthedocs.io/>, <https://google.github.io/tensorstore/kvstore/ocdbt/>). Small values may lie in
//! `checkpoint`, a MessagePack file that the Flax inspector reads. Arrays are numbers; but Zarr lets a store name its
//! codecs, and the codec `pickle` unpickles every chunk.

use std::sync::LazyLock;

use bartizan_core::{
    Asset, Category, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Model, Probe,
    Reference, Rule, Severity, Taxonomy, redacted,
};

use crate::json::{self, Node, Value};

static PICKLE_CODEC: Rule = Rule {
    id: "orbax/pickle-codec",
    title: "Array store unpickles its chunks",
    severity: Severity::High,
    category: Category::CodeExecution,
    why: "The store's metadata names a codec that unpickles every chunk when it is read, which runs whatever the pickle \
          says.",
    fix: "Do not open it; store arrays of numbers without object codecs.",
    references: &["https://numcodecs.readthedocs.io/en/stable/other/pickles.html", "CWE-502"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static OUTSIDE: Rule = Rule {
    id: "orbax/path-traversal",
    title: "Checkpoint metadata names a file outside the checkpoint",
    severity: Severity::High,
    category: Category::PathTraversal,
    why: "The loader opens the path that the metadata names; it leaves the checkpoint's folder.",
    fix: "Do not load it.",
    references: &["CWE-22"],
    taxonomy: Taxonomy { cwe: &["CWE-22"], ..Taxonomy::TAMPERED_ARTEFACT },
};

/// First bytes of an OCDBT manifest.
const MANIFEST: &[u8] = &[0x0c, 0xdb, 0x3a, 0x2a];

/// Keys under which TensorStore and Zarr metadata give paths.
const PATHS: &[&str] = &["path", "base", "kvstore", "manifest", "file", "filename"];

/// Reads the metadata files of Orbax checkpoints and Zarr stores.
#[derive(Debug)]
pub(crate) struct Metadata;

impl Inspector for Metadata {
    fn kind(&self) -> Kind {
        Kind::new("orbax")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: LazyLock<Vec<&'static Rule>> =
            LazyLock::new(|| [&[&PICKLE_CODEC, &OUTSIDE][..], json::SHARED_RULES.as_slice()].concat());
        &ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.starts_with(MANIFEST) {
            return Claim::Certain;
        }
        if probe.first_visible() != Some(b'{') || !probe.is_text() {
            return Claim::No;
        }
        let head = String::from_utf8_lossy(&probe.head);
        let has = |keys: &[&str]| keys.iter().all(|key| head.contains(&format!("\"{key}\"")));
        let orbax = has(&["tree_metadata"]) || has(&["item_handlers"]) || has(&["value_metadata"]);
        let zarr = has(&["zarr_format"]) || has(&["zarr_consolidated_format"]);
        if orbax || zarr { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        inspection.know(Fact::Model(Model { framework: Some("orbax".into()), ..Model::of("orbax") }));
        if asset.content.head(4).is_ok_and(|head| head.as_ref() == MANIFEST) {
            inspection.kind = Some(Kind::new("ocdbt"));
            return inspection;
        }
        let Some(document) = json::read(asset, context, &mut inspection) else { return inspection };
        walk(&document.root, "", asset, &mut inspection);
        inspection.merge(json::judge(&document.root, asset, context));
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let document = json::read(asset, context, &mut Inspection::new());
        document.map(|document| json::table(&document.root, context)).unwrap_or_default()
    }
}

fn walk(node: &Node, key: &str, asset: &Asset, inspection: &mut Inspection) {
    match &node.value {
        Value::List(items) => items.iter().for_each(|item| walk(item, key, asset, inspection)),
        Value::Object(pairs) => {
            // Zarr 2 calls a codec's name `id`, Zarr 3 `name`; both list codecs under these keys.
            let codec = node.text_of("id").or_else(|| node.text_of("name")).unwrap_or_default();
            let listed = matches!(key, "filters" | "codecs" | "compressor" | "object_codec");
            if listed
                && codec
                    .rsplit('.')
                    .next()
                    .is_some_and(|name| matches!(name, "pickle" | "Pickle" | "dill" | "cloudpickle"))
            {
                let message =
                    format!("reading a chunk of this store unpickles it (codec `{}`)", redacted(codec));
                inspection.find(
                    Finding::new(&PICKLE_CODEC, asset, message).line(node.line).evidence("codec", codec),
                );
            }
            pairs.iter().for_each(|(key, value)| walk(value, key, asset, inspection));
        }
        Value::Text(path) if PATHS.contains(&key) => {
            let leaves = path.split(['/', '\\']).any(|part| part == "..");
            inspection.know(Fact::Reference(Reference { role: "array-store", target: redacted(path) }));
            if leaves {
                let message = format!("the metadata names `{}`", redacted(path));
                inspection
                    .find(Finding::new(&OUTSIDE, asset, message).line(node.line).evidence("path", path));
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::inspect;

    #[test]
    fn metadata_and_manifests_are_known_and_clean() {
        let metadata = r#"{"tree_metadata": {"('params', 'w')": {"key_metadata": [{"key": "params", "key_type": 2}], "value_metadata": {"value_type": "jax.Array", "skip_deserialize": false}}}, "use_zarr3": false}"#;
        let zarr = r#"{"chunks": [2], "compressor": {"id": "zstd", "level": 1}, "dtype": "<f4", "filters": null, "shape": [2], "zarr_format": 2}"#;
        for (name, text) in [("_METADATA", metadata), (".zarray", zarr)] {
            let outcome = inspect(&Metadata, name, text);
            assert_eq!(outcome.claim, Claim::Shape, "{name}");
            assert!(outcome.inspection.findings.is_empty() && outcome.inspection.coverage.is_complete());
        }
        let manifest = inspect(&Metadata, "manifest.ocdbt", [MANIFEST, &[0; 40]].concat());
        assert_eq!((manifest.claim, manifest.inspection.kind), (Claim::Certain, Some(Kind::new("ocdbt"))));
    }

    #[test]
    fn stores_that_unpickle_or_lead_outside_are_found() {
        for (text, rule) in [
            (
                r#"{"dtype": "|O", "filters": [{"id": "pickle", "protocol": 5}], "zarr_format": 2}"#,
                "orbax/pickle-codec",
            ),
            (r#"{"zarr_format": 3, "codecs": [{"name": "numcodecs.pickle"}]}"#, "orbax/pickle-codec"),
            (
                r#"{"tree_metadata": {}, "kvstore": {"driver": "file", "path": "../../other"}}"#,
                "orbax/path-traversal",
            ),
        ] {
            assert_eq!(inspect(&Metadata, "_METADATA", text).rules(), [rule], "{text}");
        }
    }
}
