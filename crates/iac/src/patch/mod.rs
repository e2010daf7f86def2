//! Mends findings in the text that people wrote.
//!
//! [`mend`] takes findings whose rule has a patch, splices the patch into the original bytes, reads everything anew and
//! keeps the change only when the finding is gone, nothing as bad came instead, and no other line is different. The text is
//! never written from the tree: indentation, comments, byte order mark and line ends stay as they are.
//!
//! * `splice`: changes of a text, and the proof that they change nothing else
//! * `layout`: how new lines look between those that are there
//! * `place`: where in a file a patch belongs, through variables and locals
//! * `mend`: one finding after the other, each proved

mod layout;
mod mend;
mod place;
mod splice;
#[cfg(test)]
mod tests;

pub use mend::{ChangedFile, Fixed, Mended, Refused, Request, mend};
