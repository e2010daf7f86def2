//! Names and paths: which of them mean the same.

/// The folder of a path; empty at the top. Members of containers lie in their container.
pub(super) fn folder(path: &str) -> &str {
    path.rsplit_once(['/', '!']).map_or("", |(folder, _)| folder)
}

/// The last part of a path.
pub(super) fn file(path: &str) -> &str {
    path.rsplit(['/', '!']).next().unwrap_or(path)
}

/// The file's name without its extension.
pub(super) fn stem(path: &str) -> &str {
    let name = file(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

/// Does the path lie in the folder, at any depth?
pub(super) fn lies_in(path: &str, folder: &str) -> bool {
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with(['/', '!']))
}

/// A path relative to a folder, without `.` and `..`; `None` when it leaves the inventory or is no relative path.
pub(super) fn resolve(base: &str, path: &str) -> Option<String> {
    if path.starts_with(['/', '~']) || path.contains("://") || path.contains('\\') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The id of a model or dataset on the Hugging Face hub, when the text is one or the address of one.
pub(super) fn hub_id(text: &str) -> Option<&str> {
    let text = text.trim();
    let hosts =
        ["https://huggingface.co/", "http://huggingface.co/", "https://hf.co/", "hf://", "huggingface.co/"];
    let (id, is_address) = match hosts.iter().find_map(|host| text.strip_prefix(host)) {
        Some(rest) => (rest.strip_prefix("datasets/").unwrap_or(rest), true),
        None => (text, false),
    };
    let id = id.trim_end_matches('/');
    let id = if is_address { id.split("/tree/").next().unwrap_or(id) } else { id };
    let mut parts = id.split('/');
    let is_name = |part: &str| {
        !part.is_empty()
            && part.len() <= 96
            && !part.starts_with('.')
            && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'))
    };
    match (parts.next(), parts.next(), parts.next()) {
        (Some(owner), Some(name), None) if is_name(owner) && is_name(name) => Some(id),
        _ => None,
    }
}

/// The name that the shards of one model share: `model-00001-of-00003.safetensors` is one of `model.safetensors`.
pub(super) fn without_shard(path: &str) -> Option<String> {
    let (stem, extension) = path.rsplit_once('.')?;
    let (rest, total) = stem.rsplit_once("-of-")?;
    let (base, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| text.len() >= 3 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(total) && digits(number) && !base.is_empty()).then(|| format!("{base}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_resolved_inside_the_inventory() {
        assert_eq!(resolve("src", "../models/a.pt").as_deref(), Some("models/a.pt"));
        assert_eq!(resolve("", "./a"), Some("a".into()));
        assert_eq!(resolve("src", "../../etc"), None);
        assert_eq!(resolve("", "/etc/passwd"), None);
        assert!(lies_in("a/b/c", "a/b") && !lies_in("a/bc", "a/b") && lies_in("a.zip!x", "a.zip"));
        assert_eq!((folder("a/b.c"), file("a/b.c"), stem("a/b.c.d")), ("a", "b.c", "b.c"));
    }

    #[test]
    fn hub_ids_are_recognised_in_addresses_too() {
        assert_eq!(
            hub_id("https://huggingface.co/meta-llama/Meta-Llama-3-8B"),
            Some("meta-llama/Meta-Llama-3-8B")
        );
        assert_eq!(hub_id("org/name"), Some("org/name"));
        assert_eq!(hub_id("./org/name"), None);
        assert_eq!(hub_id("name"), None);
    }

    #[test]
    fn shards_share_a_name() {
        assert_eq!(
            without_shard("m/model-00001-of-00003.safetensors").as_deref(),
            Some("m/model.safetensors")
        );
        assert_eq!(without_shard("m/model.safetensors"), None);
    }
}
