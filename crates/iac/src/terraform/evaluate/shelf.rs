//! Things that are made while others are borrowed.

use std::cell::OnceCell;

/// A list that grows behind a shared reference: templates are parsed during evaluation, and live as long as the files.
#[derive(Debug)]
pub(in crate::terraform) struct Shelf<T>(OnceCell<Box<(T, Shelf<T>)>>);

impl<T> Default for Shelf<T> {
    fn default() -> Self {
        Self(OnceCell::new())
    }
}

impl<T> Shelf<T> {
    /// Adds a thing behind the others.
    pub(in crate::terraform) fn add(&self, thing: T) -> &T {
        let mut shelf = self;
        while let Some(taken) = shelf.0.get() {
            shelf = &taken.1;
        }
        &shelf.0.get_or_init(|| Box::new((thing, Self::default()))).0
    }
}
