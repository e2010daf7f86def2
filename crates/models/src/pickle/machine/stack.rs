//! Stack, marks, memo, and what shared references multiply to.

use super::{super::value::Packed, Machine, Step, Stopped, UNDERFLOW};

impl Machine<'_> {
    #[inline]
    pub(super) fn push(&mut self, value: Packed) -> Step {
        self.stack.push(value);
        Ok(())
    }

    #[inline]
    pub(super) fn top(&self) -> Step<Packed> {
        match self.stack.last() {
            Some(top) if self.stack.len() > self.marks.last().copied().unwrap_or(0) => Ok(*top),
            _ => Err(UNDERFLOW),
        }
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Step<Packed> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    /// May objects from `from` on be taken, or does a mark stand between?
    pub(super) fn above_mark(&self, from: usize) -> Step {
        if from >= self.marks.last().copied().unwrap_or(0) { Ok(()) } else { Err(UNDERFLOW) }
    }

    /// The object just below `from`.
    #[inline]
    pub(super) fn below(&self, from: usize) -> Step<Packed> {
        let at = from.checked_sub(1).ok_or(UNDERFLOW)?;
        self.above_mark(at)?;
        self.stack.get(at).copied().ok_or(UNDERFLOW)
    }

    #[inline]
    pub(super) fn mark(&mut self) -> Step<usize> {
        self.marks.pop().ok_or(Stopped::Broken(&"there is no mark"))
    }

    #[inline]
    pub(super) fn memorise(&mut self, index: u64, value: Packed, at: u64) -> Step {
        // CPython's C unpickler allocates twice the index.
        if index > 1 << 24 && index / 100 > self.opcodes {
            self.oddities.memo_bomb.get_or_insert((at, index));
        }
        if self.memo.set(index, value, self.context.limits.memo) {
            Ok(())
        } else {
            Err(Stopped::Broken(&"the memo holds more entries than allowed"))
        }
    }

    #[inline]
    pub(super) fn recall(&mut self, index: u64) -> Step {
        match self.memo.get(index) {
            Some(value) => {
                if value.is_composite() {
                    self.shared.insert(value.identity());
                }
                self.push(value)
            }
            None => Err(Stopped::Broken(&"the memo has no such entry")),
        }
    }

    pub(super) fn container(&mut self) -> Packed {
        self.containers += 1;
        Packed::container(self.containers)
    }

    #[inline]
    pub(super) fn tuple(&mut self, length: usize) -> Step {
        let from = self.stack.len().checked_sub(length).ok_or(UNDERFLOW)?;
        self.above_mark(from)?;
        let tuple = self.tuple_of(from);
        self.push(tuple)
    }

    pub(super) fn tuple_of(&mut self, from: usize) -> Packed {
        let tuple = self.tuples.keep(self.stack.get(from..).unwrap_or_default());
        self.weigh(tuple, from);
        self.stack.truncate(from);
        tuple
    }

    /// Adds to a composite's weight what its shared items weigh ("billion laughs").
    #[inline]
    pub(super) fn weigh(&mut self, composite: Packed, from: usize) {
        if !self.shared.is_empty() {
            self.weigh_items(composite, from);
        }
    }

    pub(super) fn weigh_items(&mut self, composite: Packed, from: usize) {
        let mut sum = 0u64;
        for item in self.stack.get(from..).unwrap_or_default() {
            if item.is_composite() {
                let known = self.weights.get(&item.identity()).copied();
                let weight =
                    known.or_else(|| self.shared.contains(&item.identity()).then_some(1)).unwrap_or(0);
                sum = sum.saturating_add(weight);
            }
        }
        if sum > 0 {
            let weight = self.weights.entry(composite.identity()).or_insert(0);
            *weight = weight.saturating_add(sum);
            let limit = (1u64 << 24).max(self.source.size().saturating_mul(16));
            if *weight > limit && self.oddities.multiplied.is_none() {
                self.oddities.multiplied = Some((self.source.offset(), *weight));
            }
        }
    }
}
