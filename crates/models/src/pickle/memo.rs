//! The memo: objects by number.

use std::collections::HashMap;

use super::value::Packed;

/// Dense as long as indices grow evenly, sparse for wild ones.
#[derive(Default)]
pub(super) struct Memo {
    dense: Vec<Packed>,
    sparse: HashMap<u64, Packed>,
    /// Entries of `dense` that were set.
    filled: u64,
}

/// A slot that was never set; no packed value has this tag.
const VACANT: Packed = Packed::VACANT;

impl Memo {
    /// How many entries there are: the index that `MEMOIZE` uses next.
    #[inline]
    pub(super) fn count(&self) -> u64 {
        self.filled + self.sparse.len() as u64
    }

    #[inline]
    pub(super) fn get(&self, index: u64) -> Option<Packed> {
        match usize::try_from(index).ok().and_then(|index| self.dense.get(index)) {
            Some(value) if *value != VACANT => Some(*value),
            _ if self.sparse.is_empty() => None,
            _ => self.sparse.get(&index).copied(),
        }
    }

    /// Sets an entry; false when the memo is full.
    #[inline]
    pub(super) fn set(&mut self, index: u64, value: Packed, most: usize) -> bool {
        let length = self.dense.len();
        if index == length as u64 && length < most {
            if !self.sparse.is_empty() {
                self.sparse.remove(&index);
            }
            // Growing by half keeps the peak of old plus new below what doubling needs.
            if length == self.dense.capacity() {
                self.dense.reserve_exact((length / 2).max(1024));
            }
            self.dense.push(value);
            self.filled += 1;
            return true;
        }
        self.set_elsewhere(index, value, most)
    }

    fn set_elsewhere(&mut self, index: u64, value: Packed, most: usize) -> bool {
        let length = self.dense.len() as u64;
        if index < length {
            if let Some(slot) = usize::try_from(index).ok().and_then(|index| self.dense.get_mut(index)) {
                self.filled += u64::from(*slot == VACANT);
                *slot = value;
                self.sparse.remove(&index);
            }
            return true;
        }
        if index < length + 1024 && (index as usize) < most {
            self.dense.resize(index as usize, VACANT);
            self.sparse.remove(&index);
            self.dense.push(value);
            self.filled += 1;
            return true;
        }
        // Sparse entries cost about six times a dense one.
        if self.sparse.len() >= most / 8 {
            return false;
        }
        self.sparse.insert(index, value);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_wherever_they_were_put() {
        let mut memo = Memo::default();
        for index in [0, 1, 5, 1 << 31, 3, 1 << 31, 2000, 4] {
            assert!(memo.set(index, Packed::int(index as i64), 1 << 20));
        }
        for index in [0, 1, 5, 1 << 31, 3, 2000, 4] {
            assert_eq!(memo.get(index), Some(Packed::int(index as i64)));
        }
        assert_eq!(memo.get(2), None);
        assert_eq!(memo.count(), 7);
    }

    #[test]
    fn wild_indices_cannot_fill_the_memory() {
        let mut memo = Memo::default();
        let refused = (0..100_000u64).find(|step| !memo.set(step * 1_000_000, Packed::ATOM, 8192));
        assert!(refused.is_some_and(|step| step < 3000));
    }
}
