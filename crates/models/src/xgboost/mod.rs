//! XGBoost models: JSON, UBJSON and the binary format of versions before 3
//! (<https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html>).
//!
//! They are data: trees as arrays of numbers, parameters as text. What can go wrong is memory: the predictor follows the
//! child indices of a tree without checking them. And texts can carry what something else will unpack.

use bartizan_core::{
    Asset, Category, Cell, Claim, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Metadata,
    Model, Probe, Rule, Section, Severity, Taxonomy,
};

mod legacy;
mod summary;
#[cfg(test)]
mod tests;
mod ubjson;

use summary::Summary;

static TREE: Rule = Rule {
    id: "xgboost/inconsistent-tree",
    title: "A tree points outside itself",
    severity: Severity::Medium,
    category: Category::Integrity,
    why: "XGBoost follows the child indices of a tree without checking them; indices outside the tree, or fewer nodes than \
          announced, make it read memory that is not the model's.",
    fix: "Train or export the model again; do not use this file.",
    references: &["https://xgboost.readthedocs.io/en/stable/tutorials/saving_model.html"],
    taxonomy: Taxonomy { cwe: &["CWE-125", "CWE-129"], ..Taxonomy::TAMPERED_ARTEFACT },
};

static COUNT: Rule = Rule {
    id: "xgboost/absurd-count",
    title: "The model announces counts that it does not hold",
    severity: Severity::Medium,
    category: Category::ResourceExhaustion,
    why: "A loader reserves memory for what the header announces. Counts far beyond the file's content exhaust it.",
    fix: "Do not load the file.",
    references: &[],
    taxonomy: Taxonomy::DENIAL_OF_SERVICE,
};

static PAYLOAD: Rule = Rule {
    id: "xgboost/hidden-payload",
    title: "A text attribute hides a file",
    severity: Severity::Medium,
    category: Category::Disguise,
    why: "XGBoost keeps attributes as plain text. One that decodes to a pickle, an archive or a program waits for a script to \
          unpack it.",
    fix: "Find out who wrote the attribute; remove it.",
    references: &[],
    taxonomy: Taxonomy::TAMPERED_ARTEFACT,
};

/// Reads XGBoost models.
#[derive(Debug)]
pub(crate) struct XgboostInspector;

#[derive(Clone, Copy, PartialEq)]
enum Form {
    Json,
    Ubjson,
    Legacy,
}

fn form(head: &[u8]) -> Option<Form> {
    let says = |text: &[u8]| memchr::memmem::find(head, text).is_some();
    let shaped = says(b"learner")
        && (says(b"gradient_booster") || says(b"learner_model_param") || says(b"attributes"));
    let visible = head.iter().copied().find(|byte| !byte.is_ascii_whitespace());
    if head.starts_with(b"{L\0\0\0\0\0\0\0") && shaped {
        Some(Form::Ubjson)
    } else if visible == Some(b'{') && says(b"\"learner\"") && shaped {
        Some(Form::Json)
    } else if legacy::is_legacy(head) {
        Some(Form::Legacy)
    } else {
        None
    }
}

impl Inspector for XgboostInspector {
    fn kind(&self) -> Kind {
        Kind::new("xgboost")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const { &[&TREE, &COUNT, &PAYLOAD] }
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        match form(&probe.head) {
            Some(Form::Ubjson) => Claim::Certain,
            Some(Form::Json) => Claim::Shape,
            Some(Form::Legacy) if probe.starts_with(b"binf") => Claim::Certain,
            Some(Form::Legacy) => Claim::Shape,
            None => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let (form, summary) = match read(asset, context) {
            Ok(read) => read,
            Err(reason) => {
                inspection.coverage.miss(reason);
                return inspection;
            }
        };
        know(&summary, form, &mut inspection);
        judge(&summary, asset, context, &mut inspection);
        if let Some(reason) = summary.broken {
            inspection.coverage.miss(reason);
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let Ok((_, summary)) = read(asset, context) else { return Description::default() };
        let mut header = Section::new("header", &["parameter", "value"]);
        for (key, value) in summary.parameters.iter().chain(&summary.attributes) {
            header.push(
                context.limits.rows,
                vec![bartizan_core::redacted(key).into(), bartizan_core::redacted(value).into()],
            );
        }
        let mut trees = Section::new("trees", &["tree", "nodes"]);
        for (number, tree) in summary.trees.iter().enumerate() {
            trees.push(context.limits.rows, vec![Cell::Number(number as u64), Cell::Number(tree.nodes)]);
        }
        Description { sections: vec![header, trees] }
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<(Form, Summary), String> {
    let bytes = asset
        .content
        .whole(context.limits.held)
        .map_err(|error| format!("the model could not be read: {error}"))?;
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    let form = form(head).ok_or("it is not a model of XGBoost")?;
    let summary = match form {
        Form::Json => summary::from_json(&bytes)?,
        Form::Ubjson => ubjson::read(&bytes, context.limits.depth),
        Form::Legacy => legacy::read(&bytes),
    };
    Ok((form, summary))
}

fn know(summary: &Summary, form: Form, inspection: &mut Inspection) {
    let mut model = Model::of("xgboost");
    model.framework = Some("xgboost".to_owned());
    model.framework_version = summary.version.clone();
    model.format_version = Some(match form {
        Form::Json => "json".to_owned(),
        Form::Ubjson => "ubjson".to_owned(),
        Form::Legacy => "binary".to_owned(),
    });
    model.architecture = summary.parameter("booster").map(str::to_owned);
    model.task = summary.parameter("objective").map(str::to_owned);
    inspection.know(Fact::Model(model));
    inspection.know(Fact::Metadata(Metadata::new("trees", summary.tree_count.to_string())));
    for (key, value) in summary.parameters.iter().chain(&summary.attributes).take(64) {
        inspection.know(Fact::Metadata(Metadata::new(key, value)));
    }
}

fn judge(summary: &Summary, asset: &Asset, context: &Context<'_>, inspection: &mut Inspection) {
    if let Some(position) = summary.trees.iter().position(|tree| tree.outside || tree.uneven) {
        let what = if summary.trees.get(position).is_some_and(|tree| tree.outside) {
            "has children outside the tree"
        } else {
            "has arrays of different lengths"
        };
        let message = format!("tree {position} {what}");
        inspection.find(Finding::new(&TREE, asset, message).evidence("tree", position.to_string()));
    }
    let number = |key: &str| summary.parameter(key).and_then(|value| value.parse::<i64>().ok());
    if let Some(announced) = number("num_trees").filter(|announced| {
        summary.broken.is_none()
            && summary.counted
            && u64::try_from(*announced).ok() != Some(summary.tree_count)
    }) {
        let message = format!("the model announces {announced} trees and holds {}", summary.tree_count);
        inspection.find(Finding::new(&COUNT, asset, message).evidence("num_trees", announced.to_string()));
    }
    for key in ["num_feature", "num_class", "num_target", "num_parallel_tree", "size_leaf_vector"] {
        if let Some(value) = number(key).filter(|value| *value < 0 || *value > i64::from(i32::MAX)) {
            let message = format!("`{key}` is {value}");
            inspection.find(Finding::new(&COUNT, asset, message).evidence("parameter", key));
        }
    }
    for (key, value) in summary.attributes.iter().chain(&summary.parameters) {
        let Some((what, bytes)) = crate::embedded::payload(value) else { continue };
        let message = format!("the attribute `{key}` holds {what} as text");
        inspection.find(Finding::new(&PAYLOAD, asset, message).evidence("attribute", key));
        if let Err(limit) =
            context.emit(asset.child(&format!("attributes/{key}"), bartizan_core::Content::from_bytes(bytes)))
        {
            inspection.coverage.miss(limit.to_string());
        }
    }
}
