//! The signature of an MLflow model: `inputs` and `outputs`, each JSON in a text
//! (<https://mlflow.org/docs/latest/ml/model/signatures/>).

use bartizan_core::{Direction, Fact, Inspection, Port, redacted};

use crate::{
    document::Node,
    json::{self, Reading},
};

/// The most columns of a side.
const MOST: usize = 10_000;

/// Adds what goes in and out. A signature that is no JSON tells nothing: MLflow ignores it too.
pub(super) fn ports(document: &Node, inspection: &mut Inspection) {
    let Some(signature) = document.get("signature") else { return };
    let reading = Reading { depth: 32, values: 100_000, skip: &[] };
    for (key, direction) in [("inputs", Direction::Input), ("outputs", Direction::Output)] {
        let Some(text) = signature.text_at(key) else { continue };
        let Ok(columns) = json::parse(text.as_bytes(), reading) else { continue };
        for (at, column) in columns.root.items().iter().take(MOST).enumerate() {
            let name = column.text_of("name").map_or_else(|| at.to_string(), redacted);
            let spec = column.get("tensor-spec");
            let dtype = spec.and_then(|spec| spec.text_of("dtype")).or_else(|| column.text_of("type"));
            let sizes = spec.and_then(|spec| spec.get("shape")).map(json::Node::items).unwrap_or_default();
            let size = |size: &json::Node| match size.scalar().as_deref() {
                None | Some("-1") => "?".to_owned(),
                Some(size) => redacted(size),
            };
            inspection.know(Fact::Port(Port {
                direction,
                name,
                dtype: dtype.map(|dtype| redacted(dtype).to_ascii_lowercase()),
                shape: sizes.iter().take(64).map(size).collect(),
            }));
        }
    }
}
