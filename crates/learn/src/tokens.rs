//! Positions and their tokens.
//!
//! A text is a list of positions (a line, a statement, a word: the caller decides), and each position carries a set
//! of tokens. Tokens become numbers by hashing ("feature hashing", Weinberger et al. 2009), so that no vocabulary has
//! to be shipped and an unseen token costs nothing.

use std::hash::Hasher as _;

use fnv::FnvHasher;

/// The id that means "no token".
pub const PADDING: u32 = 0;

/// Maps a token to an id in `1..buckets`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hashing {
    buckets: u32,
}

impl Hashing {
    /// Hashing into so many buckets, the one of [`PADDING`] included. At least two.
    pub fn new(buckets: u32) -> Self {
        Self { buckets: buckets.max(2) }
    }

    /// The id of a token (64-bit FNV-1a, folded).
    pub fn id(self, token: &str) -> u32 {
        let mut hasher = FnvHasher::default();
        hasher.write(token.as_bytes());
        let hash = hasher.finish();
        // The low bits of FNV alone are weak for short texts.
        let folded = hash ^ (hash >> 32);
        1 + u32::try_from(folded % u64::from(self.buckets - 1)).unwrap_or(0)
    }
}

/// How much of a text is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Positions; what follows is not read.
    pub positions: usize,
    /// Tokens of one position; what follows is not read.
    pub tokens: usize,
}

/// A text as ids.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sequence {
    /// The ids of each position.
    pub positions: Vec<Vec<u32>>,
}

impl Sequence {
    /// Hashes the tokens of each position.
    pub fn new<P, T>(positions: P, hashing: Hashing, bounds: Bounds) -> Self
    where
        P: IntoIterator,
        P::Item: IntoIterator<Item = T>,
        T: AsRef<str>,
    {
        let positions = positions.into_iter().take(bounds.positions).map(|tokens| {
            tokens.into_iter().take(bounds.tokens).map(|token| hashing.id(token.as_ref())).collect()
        });
        Self { positions: positions.collect() }
    }

    /// The distinct ids, sorted.
    pub fn bag(&self) -> Vec<u32> {
        let mut ids: Vec<u32> =
            self.positions.iter().flatten().copied().filter(|id| *id != PADDING).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_stay_within_the_buckets_and_never_mean_padding() {
        for buckets in [0, 1, 2, 3, 4096] {
            let hashing = Hashing::new(buckets);
            for token in ["", "a", "b", "a longer token", "ünïcode"] {
                let id = hashing.id(token);
                assert!(id >= 1 && id < buckets.max(2), "{id} of {buckets}");
            }
        }
    }

    #[test]
    fn a_token_keeps_its_id_for_ever_because_the_weights_depend_on_it() {
        let hashing = Hashing::new(8192);
        assert_eq!(
            [hashing.id("a"), hashing.id("key:enabled")],
            [hashing.id("a"), hashing.id("key:enabled")]
        );
        assert_eq!(hashing.id("foobar"), 1 + ((0x8594_4171_f739_67e8_u64 ^ 0x8594_4171) % 8191) as u32);
    }

    #[test]
    fn a_text_is_cut_at_its_bounds() {
        let bounds = Bounds { positions: 2, tokens: 3 };
        let text = vec![vec!["a"; 9]; 9];
        let sequence = Sequence::new(text, Hashing::new(64), bounds);
        assert_eq!(sequence.positions.len(), 2);
        assert!(sequence.positions.iter().all(|tokens| tokens.len() == 3));
        assert_eq!(sequence.bag().len(), 1);
    }
}
