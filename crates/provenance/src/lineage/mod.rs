//! Lineage: which model descends from which, as declared and as its weights show.
