//! Values from scanned files, made fit to print.

/// How many characters of a value a report keeps.
const LONGEST: usize = 200;

/// The value with control characters escaped: what a hostile file holds cannot move the cursor or end a line.
pub fn printable(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        // Bidirectional overrides reorder what a reader sees (CVE-2021-42574).
        let reorders =
            matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}');
        if c.is_control() || reorders {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

/// The value cut to `most` characters, with how many were left out.
pub fn truncated(value: &str, most: usize) -> String {
    match value.char_indices().nth(most) {
        Some((cut, _)) => {
            let left_out = value.get(cut..).map_or(0, |rest| rest.chars().count());
            format!("{}… (+{left_out} characters)", value.get(..cut).unwrap_or_default())
        }
        None => value.to_owned(),
    }
}

/// The value printable, cut to 200 characters, and with what looks like a credential blanked: vendor token prefixes,
/// `Bearer …`, passwords in URLs, and values after `password=`, `token=`, `secret=`, `api_key=`.
pub fn redacted(value: &str) -> String {
    redacted_within(value, LONGEST)
}

/// The same with another bound, for passages of prose.
pub fn redacted_within(value: &str, most: usize) -> String {
    truncated(&printable(&blank_secrets(value)), most)
}

const TOKEN_PREFIXES: &[&str] = &[
    "hf_",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "sk-",
    "AKIA",
    "ASIA",
    "xoxb-",
    "xoxp-",
    "glpat-",
    "AIza",
    "npm_",
];
const LABELS: &[&str] =
    &["password=", "passwd=", "token=", "secret=", "api_key=", "apikey=", "access_key=", "bearer "];

fn blank_secrets(value: &str) -> String {
    let is_token = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '+');
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        let lower_starts =
            |label: &&&str| rest.get(..label.len()).is_some_and(|s| s.eq_ignore_ascii_case(label));
        let at_boundary = !out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let kept = if let Some(label) = LABELS.iter().find(lower_starts) {
            Some(label.len())
        } else {
            TOKEN_PREFIXES
                .iter()
                .find(|prefix| at_boundary && rest.starts_with(**prefix))
                .map(|prefix| prefix.len())
        };
        if let Some(kept) = kept {
            let (shown, after) = rest.split_at(kept);
            let end = after.find(|c| !is_token(c)).unwrap_or(after.len());
            if end >= 8 && !(shown == "hf_" && is_word(after)) {
                out.push_str(shown);
                out.push_str("***");
                rest = after.get(end..).unwrap_or_default();
                continue;
            }
        }
        if let Some(after) = rest.strip_prefix("://") {
            let authority = after.find(['/', '?', '#', ' ', '"', '\'']).unwrap_or(after.len());
            let credentials = after.get(..authority).and_then(|a| a.rfind('@'));
            if let Some(at) = credentials {
                out.push_str("://***");
                rest = after.get(at..).unwrap_or_default();
                continue;
            }
        }
        out.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Is what follows `hf_` part of an ordinary name, such as `hf_transfer` or `hf_hub_download`, rather than of a token?
/// Tokens are 34 letters and digits; one that was cut still has some.
fn is_word(after: &str) -> bool {
    after.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(after.len()) < 16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_do_not_reach_a_report() {
        assert_eq!(
            redacted("curl -H 'Authorization: Bearer abcdefgh12345'"),
            "curl -H 'Authorization: Bearer ***'"
        );
        assert_eq!(redacted("https://user:pw@example.invalid/x"), "https://***@example.invalid/x");
        assert_eq!(redacted("hf_abcdefghijklmnop;ls"), "hf_***;ls");
        assert_eq!(redacted("org/hf_transfer and hf_hub_download"), "org/hf_transfer and hf_hub_download");
        assert_eq!(redacted("task-runner sk-"), "task-runner sk-");
    }

    #[test]
    fn control_characters_and_length_are_tamed() {
        assert_eq!(redacted("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(redacted("a\u{202e}b"), "a\\u{202e}b");
        assert!(redacted(&"é".repeat(1000)).ends_with("… (+800 characters)"));
    }
}
