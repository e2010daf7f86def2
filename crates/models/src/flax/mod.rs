//! Flax checkpoints: MessagePack with extensions for arrays.
//!
//! `flax.serialization.msgpack_serialize` writes nested maps of parameters; arrays are extension 1 (`[shape, dtype
//! name, bytes]`), complex numbers 2, array scalars 3
//! (<https://flax-linen.readthedocs.io/en/latest/api_reference/flax.serialization.html>). Nothing in it runs by itself; an
//! extension that is none of these is decoded by whatever code the reader registered for it.

use bartizan_core::{
    Asset, Category, Claim, Confidence, Context, Description, Fact, Finding, Inspection, Inspector, Kind,
    Model, Probe, Rule, Section, Severity, Taxonomy, redacted,
};

mod messagepack;
#[cfg(test)]
mod tests;

static UNKNOWN_EXTENSION: Rule = Rule {
    id: "flax/unknown-extension",
    title: "Checkpoint holds a MessagePack extension that Flax does not write",
    severity: Severity::Medium,
    category: Category::CustomCode,
    why: "What an extension becomes is decided by the code that the reader registered for its number; some programs put \
          pickles there.",
    fix: "Load the checkpoint with Flax's own functions only, which refuse what they do not know.",
    references: &["https://github.com/msgpack/msgpack/blob/master/spec.md#extension-types"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static OBJECT_ARRAY: Rule = Rule {
    id: "flax/object-array",
    title: "Checkpoint holds an array of Python objects",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "Flax cannot read an array of objects from bytes: the bytes would be taken for pointers, or are a pickle.",
    fix: "Do not load it; ask for a checkpoint of numbers.",
    references: &["CWE-502"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

static TRAILING: Rule = Rule {
    id: "flax/trailing-data",
    title: "Bytes follow the checkpoint",
    severity: Severity::Low,
    category: Category::Integrity,
    why: "Readers stop at the end of the first value; what follows is carried along unseen.",
    fix: "Save the checkpoint anew.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Reads Flax checkpoints.
#[derive(Debug)]
pub(crate) struct Checkpoint;

impl Inspector for Checkpoint {
    fn kind(&self) -> Kind {
        Kind::new("flax-msgpack")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: &[&Rule] = &[&UNKNOWN_EXTENSION, &OBJECT_ARRAY, &TRAILING];
        ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["msgpack", "flax"])
            || (probe.extension.is_empty() && probe.name().starts_with("checkpoint"));
        let map = matches!(probe.head.first(), Some(0x80..=0x8f | 0xde | 0xdf));
        // The first key is a text.
        let key = match probe.head.first() {
            Some(0x80..=0x8f) => probe.head.get(1),
            Some(0xde) => probe.head.get(3),
            Some(0xdf) => probe.head.get(5),
            _ => None,
        };
        match (named, map && matches!(key, Some(0xa0..=0xbf | 0xd9..=0xdb))) {
            (true, true) => Claim::Shape,
            (true, false) if probe.extension == "msgpack" => Claim::Name,
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let contents = messagepack::read(&asset.content, context);
        let mut inspection = Inspection::new();
        if let Some((offset, reason)) = contents.broken {
            inspection.coverage.miss_at(offset, reason);
        }
        for (rule, extensions) in
            [(&UNKNOWN_EXTENSION, &contents.unknown), (&OBJECT_ARRAY, &contents.objects)]
        {
            for extension in extensions.iter().take(context.limits.findings) {
                let place = redacted(&extension.path);
                let message = match rule.id {
                    "flax/object-array" => format!("the array `{place}` is one of Python objects"),
                    _ => format!(
                        "`{place}` is an extension of number {}, {} bytes",
                        extension.number, extension.length
                    ),
                };
                let finding = Finding::new(rule, asset, message)
                    .offset(extension.offset)
                    .evidence("key", &extension.path);
                inspection.find(finding.confidence(Confidence::Medium));
            }
        }
        if let Some(offset) = contents.trailing {
            let left = asset.content.len().saturating_sub(offset);
            inspection.find(Finding::new(&TRAILING, asset, format!("{left} bytes follow")).offset(offset));
        }
        let parameters =
            contents.tensors.iter().try_fold(0u64, |sum, tensor| sum.checked_add(tensor.elements()?));
        inspection.know(Fact::Model(Model {
            framework: Some("flax".into()),
            parameters,
            ..Model::of("flax-msgpack")
        }));
        if !contents.tensors.is_empty() {
            inspection.know(Fact::Tensors { tensors: contents.tensors, omitted: contents.omitted });
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut tensors = Section::new("tensors", &["name", "dtype", "shape", "offset", "length"]);
        for tensor in messagepack::read(&asset.content, context).tensors {
            let shape = tensor.shape.iter().map(u64::to_string).collect::<Vec<_>>();
            let span = tensor.span.map_or((0, 0), |span| (span.offset, span.length));
            let row =
                vec![tensor.name.into(), tensor.dtype.into(), shape.into(), span.0.into(), span.1.into()];
            tensors.push(context.limits.rows, row);
        }
        Description { sections: vec![tensors] }
    }
}
