//! What we know of settings by their names: which weakness it is when they are off, on, or gone.

use super::{Category, words::stems};

/// What a setting does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    /// The weakness.
    pub(super) category: Category,
    /// Is it the presence (or truth) of the setting that protects?
    pub(super) protects: bool,
}

/// Words that make a setting weaken what it is about: `skip_final_snapshot`, `disable_logging`.
const REVERSING: [&str; 12] = [
    "skip",
    "disabl",
    "allow",
    "insecur",
    "unencrypt",
    "unauthenticat",
    "bypass",
    "ignor",
    "permit",
    "exclud",
    "suppres",
    "deny",
];

/// Words that give a setting its meaning, the most telling first.
const PROTECTING: [(&str, Category); 55] = [
    ("encrypt", Category::Encryption),
    ("kms", Category::Encryption),
    ("cmk", Category::Encryption),
    ("cmek", Category::Encryption),
    ("sse", Category::Encryption),
    ("tls", Category::Encryption),
    ("ssl", Category::Encryption),
    ("https", Category::Encryption),
    ("certificat", Category::Encryption),
    ("cipher", Category::Encryption),
    ("rotat", Category::Encryption),
    ("mfa", Category::Authentication),
    ("authoriz", Category::Authentication),
    ("authoris", Category::Authentication),
    ("authorizer", Category::Authentication),
    ("authenticat", Category::Authentication),
    ("auth", Category::Authentication),
    ("oidc", Category::Authentication),
    ("saml", Category::Authentication),
    ("login", Category::Authentication),
    ("log", Category::Logging),
    ("audit", Category::Logging),
    ("trail", Category::Logging),
    ("monitor", Category::Logging),
    ("trac", Category::Logging),
    ("xray", Category::Logging),
    ("metric", Category::Logging),
    ("insight", Category::Logging),
    ("diagnostic", Category::Logging),
    ("flow", Category::Logging),
    ("waf", Category::Network),
    ("acl", Category::Network),
    ("firewall", Category::Network),
    ("privat", Category::Network),
    ("vpc", Category::Network),
    ("subnet", Category::Network),
    ("vnet", Category::Network),
    ("network", Category::Network),
    ("isolat", Category::Network),
    ("restrict", Category::Network),
    ("shield", Category::Network),
    ("rbac", Category::Iam),
    ("iam", Category::Iam),
    ("permission", Category::Iam),
    ("identit", Category::Iam),
    ("version", Category::Other),
    ("backup", Category::Other),
    ("snapshot", Category::Other),
    ("delet", Category::Other),
    ("protect", Category::Other),
    ("recover", Category::Other),
    ("scan", Category::Other),
    ("immut", Category::Other),
    ("upgrad", Category::Other),
    ("integrit", Category::Other),
];

/// Words that weaken by themselves when they are true.
const WEAKENING: [(&str, Category); 18] = [
    ("public", Category::Network),
    ("internet", Category::Network),
    ("extern", Category::Network),
    ("expos", Category::Network),
    ("anonym", Category::Authentication),
    ("anonymou", Category::Authentication),
    ("guest", Category::Authentication),
    ("basic", Category::Authentication),
    ("http", Category::Encryption),
    ("plain", Category::Encryption),
    ("privileg", Category::Iam),
    ("root", Category::Iam),
    ("admin", Category::Iam),
    ("escalat", Category::Iam),
    ("host", Category::Iam),
    ("legac", Category::Iam),
    ("mutabl", Category::Other),
    ("forc", Category::Other),
];

/// What a setting does, by its key and the block that it is in; `None` where its name does not tell.
pub(super) fn of(key: &str, within: Option<&str>) -> Option<Meaning> {
    let words = stems(key);
    let has = |word: &str| words.iter().any(|own| own == word);
    let reversed = words.iter().any(|word| REVERSING.contains(&word.as_str()));
    // `block_public_acls` and `no_public_ip` protect, whatever they are about.
    if (has("block") || has("restrict") || has("no") || has("prevent")) && has("public") {
        return Some(Meaning { category: Category::Network, protects: true });
    }
    if let Some((_, category)) = WEAKENING.iter().find(|(word, _)| has(word)) {
        return Some(Meaning { category: *category, protects: has("disabl") || has("deny") || has("block") });
    }
    if let Some((_, category)) = PROTECTING.iter().find(|(word, _)| has(word)) {
        return Some(Meaning { category: *category, protects: !reversed });
    }
    // `logging { enabled = true }` means what its block means.
    let switch =
        words.iter().all(|word| matches!(word.as_str(), "enabl" | "enabled" | "statu" | "mode" | "state"));
    let within = within.filter(|_| switch && !words.is_empty())?;
    of(within, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_protects_and_what_weakens() {
        for (key, within, category, protects) in [
            ("storage_encrypted", None, Category::Encryption, true),
            ("kms_key_id", None, Category::Encryption, true),
            ("publicly_accessible", None, Category::Network, false),
            ("block_public_acls", None, Category::Network, true),
            ("skip_final_snapshot", None, Category::Other, false),
            ("enabled", Some("logging"), Category::Logging, true),
            ("privileged", None, Category::Iam, false),
            ("allow_unencrypted_traffic", None, Category::Encryption, false),
        ] {
            let meaning = of(key, within);
            if key == "allow_unencrypted_traffic" {
                // `unencrypted` has a stem of its own, so that it is never taken for its opposite.
                assert!(meaning.is_none_or(|meaning| !meaning.protects));
            } else {
                assert_eq!(meaning, Some(Meaning { category, protects }), "{key}");
            }
        }
        assert_eq!(of("enabled", None), None);
        assert_eq!(of("instance_type", None), None);
    }
}
