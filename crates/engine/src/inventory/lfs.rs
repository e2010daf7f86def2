//! Pointers of git LFS: small text files that stand for large ones.
//!
//! <https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md>

use bartizan_core::Content;

use super::record::ContentDigest;

/// The specification's limit.
const LONGEST: u64 = 1024;

/// What a pointer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pointer {
    pub(crate) digest: ContentDigest,
    pub(crate) size: u64,
}

/// Reads a pointer; `None` for everything else.
pub(crate) fn pointer(content: &Content) -> Option<Pointer> {
    if content.tree().is_some() || content.len() > LONGEST {
        return None;
    }
    let bytes = content.whole(LONGEST).ok()?;
    let mut lines = std::str::from_utf8(&bytes).ok()?.lines();
    let version = lines.next()?.strip_prefix("version ")?;
    if !["https://git-lfs.github.com/spec/v1", "https://hawser.github.com/spec/v1"].contains(&version) {
        return None;
    }
    let (mut digest, mut size) = (None, None);
    for line in lines {
        match line.split_once(' ')? {
            ("oid", value) => digest = Some(ContentDigest::sha256(value.strip_prefix("sha256:")?)?),
            ("size", value) => size = Some(value.parse().ok()?),
            _ => {}
        }
    }
    Some(Pointer { digest: digest?, size: size? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pointer_gives_digest_and_size_and_a_lookalike_nothing() {
        let oid = "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393";
        let text = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n");
        let read = |text: &str| pointer(&Content::from_bytes(text.as_bytes().to_vec()));
        let found = read(&text).unwrap();
        assert_eq!((found.digest.value.as_str(), found.size), (oid, 12345));
        for broken in [
            text.replace("12345", "-1"),
            text.replace("sha256:4d", "sha256:zz"),
            text.replace("version ", "versions "),
            text.replace("size", "length"),
            format!("{text}{}", "x".repeat(2000)),
            String::new(),
        ] {
            assert_eq!(read(&broken), None, "{broken}");
        }
    }
}
