//! A model card (after Mitchell et al. 2019): what a model is, how it was made, how good it is, and what it cannot do.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::{Deserialize, Serialize};

use crate::{Architecture, Calibration, evaluation::Interval};

/// The card of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelCard {
    /// Name of the model.
    pub name: String,
    /// What it is for, in one sentence.
    pub purpose: String,
    /// Sizes.
    pub architecture: Architecture,
    /// Networks whose logits are averaged.
    pub members: usize,
    /// Numbers that were learnt, over all members.
    pub parameters: usize,
    /// SHA-256 of the file of weights, hexadecimal.
    pub digest: String,
    /// Size of the file of weights.
    pub bytes: usize,
    /// The command that makes these very weights again.
    pub command: String,
    /// Where the command gave these very bytes.
    pub reproduced_on: String,
    /// What it was trained on: source and number of texts.
    pub data: BTreeMap<String, usize>,
    /// The categories in the order of the logits.
    pub categories: Vec<Category>,
    /// Figures by name, measured on projects that were not trained on.
    pub figures: BTreeMap<String, Interval>,
    /// What it cannot do.
    pub limits: Vec<String>,
}

/// What the card says of one category.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Is it reported? Off where it does not beat chance.
    pub on: bool,
    /// Turns its logit into a probability.
    pub calibration: Calibration,
    /// Probability from which a text is worth a look.
    pub report_from: f64,
    /// Area under the curve on projects that were not trained on.
    pub auc: Option<Interval>,
}

impl ModelCard {
    /// The card as Markdown.
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        let Architecture { buckets, embedding, widths, channels, hidden, .. } = &self.architecture;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "# Model card: {}\n\n{}\n", self.name, self.purpose);
        let _ = writeln!(text, "| | |\n|---|---|");
        let _ = writeln!(
            text,
            "| network | {} × ({buckets} hashed tokens × {embedding}, convolutions of width {widths:?} × {channels}, maximum, \
             {hidden} hidden units) |",
            self.members
        );
        let _ = writeln!(text, "| parameters | {} |", self.parameters);
        let _ = writeln!(text, "| size | {} bytes |", self.bytes);
        let _ = writeln!(text, "| SHA-256 | `{}` |", self.digest);
        let _ = writeln!(text, "| made by | `{}` |", self.command);
        let _ = writeln!(text, "| same bytes on | {} |", self.reproduced_on);
        let _ = writeln!(text, "\n## Data\n\n| source | texts |\n|---|---|");
        for (source, texts) in &self.data {
            let _ = writeln!(text, "| {source} | {texts} |");
        }
        let _ = writeln!(text, "\n## Figures (with 95 % intervals)\n\n| figure | value |\n|---|---|");
        for (name, figure) in &self.figures {
            let _ = writeln!(text, "| {name} | {} |", interval(Some(figure)));
        }
        let _ = writeln!(
            text,
            "\n## Categories\n\n| category | area under the curve | reported |\n|---|---|---|"
        );
        for category in &self.categories {
            let on = if category.on { format!("from {:.2}", category.report_from) } else { "no".to_owned() };
            let _ = writeln!(text, "| {} | {} | {on} |", category.name, interval(category.auc.as_ref()));
        }
        let _ = writeln!(text, "\n## Limits\n");
        for limit in &self.limits {
            let _ = writeln!(text, "* {limit}");
        }
        text
    }
}

fn interval(figure: Option<&Interval>) -> String {
    figure.map_or_else(
        || "not measured".to_owned(),
        |figure| format!("{:.3} ({:.3} to {:.3})", figure.value, figure.low, figure.high),
    )
}
