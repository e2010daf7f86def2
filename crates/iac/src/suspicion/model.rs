//! The shipped network, and what it suspects.

use std::sync::LazyLock;

use bartizan_learn::{Error, Hashing, ModelCard, Sequence, weights::Ensemble};
use serde::Serialize;

use super::{
    BOUNDS, Category,
    tokens::{self, Position},
    tree::Resource,
};

const WEIGHTS: &[u8] = include_bytes!("weights.safetensors");
const CARD: &str = include_str!("card.json");

/// A network with its card.
#[derive(Clone, Debug)]
pub struct Model {
    card: ModelCard,
    ensemble: Ensemble,
    hashing: Hashing,
}

/// A block that looks weaker than blocks of its kind should.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Suspicion {
    /// Which of the blocks that were given.
    pub block: usize,
    /// What it looks weak in.
    pub category: Category,
    /// Calibrated probability that a label would say so, 0 to 1.
    pub score: f64,
    /// First and last line of what caused it, the strongest cause first. The block's first line alone means that
    /// something is missing rather than wrong.
    pub lines: Vec<(usize, usize)>,
}

/// Causes that are named for one suspicion.
const MAX_CAUSES: usize = 3;

impl Model {
    /// Reads weights and a card. Weights that the card does not describe are an error.
    pub fn new(weights: &[u8], card: &str) -> Result<Self, Error> {
        let card: ModelCard =
            serde_json::from_str(card).map_err(|error| Error::Weights(format!("model card: {error}")))?;
        let ensemble = Ensemble::from_bytes(weights, &card.digest)?;
        if ensemble.architecture() != Some(&card.architecture) || card.categories.len() != Category::ALL.len()
        {
            return Err(Error::Architecture("the card and the weights are of different networks"));
        }
        let hashing = Hashing::new(u32::try_from(card.architecture.buckets).unwrap_or(u32::MAX));
        Ok(Self { card, ensemble, hashing })
    }

    /// The network that is part of this program.
    pub fn shipped() -> Result<Self, Error> {
        Self::new(WEIGHTS, CARD)
    }

    /// What the network is, how it was made, and what it cannot do.
    pub fn card(&self) -> &ModelCard {
        &self.card
    }

    /// The calibrated probability that a block is weak, for each category in the order of [`Category::ALL`].
    pub fn probabilities(&self, resource: &Resource) -> Vec<f64> {
        let sequence = self.sequence(&tokens::positions(resource));
        let logits = self.ensemble.logits(&sequence);
        let categories = self.card.categories.iter().zip(logits);
        categories.map(|(category, logit)| category.calibration.probability(logit)).collect()
    }

    /// What looks weak in some blocks, the most suspicious first. Categories that do not beat chance stay silent, and
    /// so does everything below the score from which its category is worth a look.
    pub fn judge(&self, blocks: &[Resource]) -> Vec<Suspicion> {
        let mut found: Vec<Suspicion> =
            blocks.iter().enumerate().flat_map(|(index, block)| self.suspicions(index, block)).collect();
        found.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.block.cmp(&b.block)));
        found
    }

    fn suspicions(&self, block: usize, resource: &Resource) -> Vec<Suspicion> {
        let positions = tokens::positions(resource);
        let verdict = self.ensemble.judge(&self.sequence(&positions));
        let categories = Category::ALL.into_iter().zip(&self.card.categories);
        categories
            .zip(verdict.logits.iter().zip(&verdict.causes))
            .filter(|((_, known), _)| known.on)
            .filter_map(|((category, known), (logit, causes))| {
                let score = known.calibration.probability(*logit);
                (score >= known.report_from).then(|| Suspicion {
                    block,
                    category,
                    score,
                    lines: lines(&positions, causes),
                })
            })
            .collect()
    }

    fn sequence(&self, positions: &[Position]) -> Sequence {
        Sequence::new(positions.iter().map(|position| &position.tokens), self.hashing, BOUNDS)
    }
}

/// What looks weak in some blocks, by the network that is part of this program.
pub fn judge(blocks: &[Resource]) -> Result<Vec<Suspicion>, &'static Error> {
    // A parsed constant, not state: it is the same at every call.
    static SHIPPED: LazyLock<Result<Model, Error>> = LazyLock::new(Model::shipped);
    SHIPPED.as_ref().map(|model| model.judge(blocks))
}

/// The lines of the strongest causes: those at least half as strong as the strongest.
fn lines(positions: &[Position], causes: &[f32]) -> Vec<(usize, usize)> {
    let mut ranked: Vec<(f32, (usize, usize))> =
        causes.iter().copied().zip(positions.iter().map(|position| position.lines)).collect();
    ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
    let strongest = ranked.first().map_or(0.0, |cause| cause.0);
    let mut lines = Vec::new();
    for (cause, at) in ranked {
        let counts = cause > 0.0 && cause >= strongest / 2.0;
        if counts && lines.len() < MAX_CAUSES && !lines.contains(&at) {
            lines.push(at);
        }
    }
    lines.extend(positions.first().filter(|_| lines.is_empty()).map(|head| head.lines));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suspicion::reader;

    fn blocks(text: &str) -> Vec<Resource> {
        reader::read(text).unwrap()
    }

    #[test]
    fn the_shipped_weights_are_those_of_the_card_and_small() {
        let model = Model::shipped().unwrap();
        assert_eq!(model.card().bytes, WEIGHTS.len());
        assert!(WEIGHTS.len() <= 3 << 20, "{} bytes", WEIGHTS.len());
        let names: Vec<&str> =
            model.card().categories.iter().map(|category| category.name.as_str()).collect();
        assert_eq!(names, Category::ALL.map(Category::name));
        assert!(model.card().categories.iter().any(|category| category.on));
    }

    #[test]
    fn weights_and_card_of_different_networks_are_refused() {
        assert!(matches!(Model::new(&[0; 64], CARD), Err(Error::Digest { .. })));
        assert!(Model::new(WEIGHTS, "{}").is_err());
    }

    #[test]
    fn a_weaker_copy_of_a_block_is_more_suspicious() {
        let model = Model::shipped().unwrap();
        let pairs = [
            (Category::Encryption, "storage_encrypted = true", "storage_encrypted = false"),
            (Category::Network, "publicly_accessible = false", "publicly_accessible = true"),
        ];
        for (category, clean, weak) in pairs {
            let score = |line: &str| {
                let text =
                    format!("resource \"aws_db_instance\" \"a\" {{\n  engine = \"mysql\"\n  {line}\n}}\n");
                model.probabilities(&blocks(&text)[0])[category.index()]
            };
            assert!(score(weak) > score(clean), "{weak}: {} {}", score(weak), score(clean));
        }
    }

    #[test]
    fn suspicions_are_ranked_within_bounds_and_name_lines_of_their_block() {
        let text = "resource \"aws_s3_bucket\" \"a\" {\n  bucket = \"x\"\n}\n\nresource \"aws_security_group\" \"b\" {\n  ingress {\n    from_port   = 22\n    to_port     = 22\n    cidr_blocks = [\"0.0.0.0/0\"]\n  }\n}\n";
        let blocks = blocks(text);
        let suspicions = judge(&blocks).unwrap();
        assert!(suspicions.is_sorted_by(|a, b| a.score >= b.score));
        for suspicion in &suspicions {
            let block = &blocks[suspicion.block];
            assert!((0.0..=1.0).contains(&suspicion.score));
            assert!(!suspicion.lines.is_empty() && suspicion.lines.len() <= MAX_CAUSES);
            assert!(
                suspicion.lines.iter().all(|(first, last)| block.lines.0 <= *first && *last <= block.lines.1)
            );
        }
    }

    #[test]
    fn names_do_not_change_a_verdict() {
        let model = Model::shipped().unwrap();
        let named = |name: &str| {
            let text =
                format!("# {name}\nresource \"aws_s3_bucket\" \"{name}\" {{\n  bucket = \"{name}\"\n}}\n");
            model.probabilities(&blocks(&text)[0])
        };
        assert_eq!(named("positive1"), named("good_example"));
    }

    #[test]
    fn hostile_blocks_are_judged_within_bounds() {
        let many = "  x = [{ y = { z = [\"0.0.0.0/0\"] } }]\n".replace('x', "k");
        let body: String = (0..5000).map(|i| many.replace('k', &format!("k{i}"))).collect();
        let found = judge(&blocks(&format!("resource \"a_b\" \"c\" {{\n{body}}}\n"))).unwrap();
        assert!(found.len() <= Category::ALL.len());
        assert_eq!(judge(&[]).unwrap(), []);
    }
}
