//! The binary format before JSON: `LearnerModelParam`, then objective and booster by name, then the booster's own bytes.
//!
//! Its layout depends on the version and on the objective, so that only the header and the counts of trees are read.

use bartizan_core::{Cursor, Truncated};

use super::summary::Summary;

const BOOSTERS: &[&[u8]] = &[b"gbtree", b"gblinear", b"dart"];
/// `base_score` to `reserved`: 136 bytes.
const HEADER: usize = 136;

/// Does this look like the binary format? The names of objective and booster follow the fixed header.
pub(super) fn is_legacy(head: &[u8]) -> bool {
    let skip = if head.starts_with(b"binf") { 4 } else { 0 };
    header(head.get(skip..).unwrap_or_default()).is_ok_and(|(objective, booster, _)| {
        objective.contains(':') || BOOSTERS.contains(&booster.as_bytes())
    })
}

/// Objective, booster, offset after them.
fn header(bytes: &[u8]) -> Result<(String, String, usize), Truncated> {
    let mut cursor = Cursor::new(bytes);
    cursor.take(HEADER)?;
    let objective = name(&mut cursor)?;
    let booster = name(&mut cursor)?;
    Ok((objective, booster, cursor.position()))
}

fn name(cursor: &mut Cursor<'_>) -> Result<String, Truncated> {
    let position = cursor.position();
    let length = cursor.u64_le()?;
    let length = usize::try_from(length).ok().filter(|length| (1..=64).contains(length));
    let text = cursor.take(length.ok_or(Truncated { offset: position, wanted: 1 })?)?;
    let plain =
        text.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'_' | b'-' | b'@'));
    if plain {
        Ok(String::from_utf8_lossy(text).into_owned())
    } else {
        Err(Truncated { offset: position, wanted: 1 })
    }
}

/// Reads what of the format is the same in every version.
pub(super) fn read(bytes: &[u8]) -> Summary {
    let mut summary = Summary::default();
    let skip = if bytes.starts_with(b"binf") { 4 } else { 0 };
    let body = bytes.get(skip..).unwrap_or_default();
    let Ok((objective, booster, position)) = header(body) else {
        summary.broken = Some("the binary header ends early".to_owned());
        return summary;
    };
    let mut cursor = Cursor::new(body);
    cursor.seek(4);
    for key in ["num_feature", "num_class"] {
        if let Ok(value) = cursor.i32_le() {
            summary.parameters.push((key.to_owned(), value.to_string()));
        }
    }
    cursor.seek(20);
    if let (Ok(major), Ok(minor)) = (cursor.u32_le(), cursor.u32_le())
        && major > 0
    {
        summary.version = Some(format!("{major}.{minor}"));
    }
    cursor.seek(position);
    if booster != "gblinear"
        && let Ok(trees) = cursor.i32_le()
    {
        let smallest = 148; // a tree's own header
        let room = body.len().saturating_sub(position) as u64;
        summary.tree_count = u64::try_from(trees).unwrap_or(0);
        if trees < 0 || summary.tree_count.saturating_mul(smallest) > room {
            // Told by the same rule as in the other forms.
            summary.parameters.push(("num_trees".to_owned(), trees.to_string()));
            summary.counted = true;
            summary.tree_count = 0;
        }
    }
    summary.parameters.push(("objective".to_owned(), objective));
    summary.parameters.push(("booster".to_owned(), booster));
    summary
}
