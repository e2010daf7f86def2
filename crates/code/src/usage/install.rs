//! Commands that install packages.

use super::{
    Found, naming,
    options::positional,
    requirement::{self, Requirement},
};

/// `pip install a==1 "b>=2" -r requirements.txt`.
pub(super) fn install(words: &[String], line: u32, found: &mut Found) {
    let with_value = [
        "-r",
        "--requirement",
        "-c",
        "--constraint",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-t",
        "--target",
        "--prefix",
        "--root",
        "--platform",
        "--python-version",
        "--timeout",
        "--group",
        "-G",
        "--optional",
        "--python",
        "-p",
        "--trusted-host",
        "--retries",
        "--cache-dir",
        "--index",
        "--source",
    ];
    for word in positional(words, &with_value) {
        if word.starts_with('.') || word.contains(['$', '{', '/']) && !word.contains("://") || word == "pip" {
            continue;
        }
        // `poetry add name@^1` and `name@latest`.
        let word =
            word.split_once('@').filter(|_| !word.contains("://")).map_or(word.as_str(), |(name, _)| name);
        if let Some(package) = requirement::parse(word) {
            found.add(package.usage("pypi", "pip install", Some(u64::from(line))));
        }
    }
}

pub(super) fn conda(words: &[String], line: u32, found: &mut Found) {
    for word in positional(words, &["-c", "--channel", "-n", "--name", "-p", "--prefix", "--file"]) {
        if let Some(package) = conda_requirement(&word) {
            found.add(package.usage("conda", "conda install", Some(u64::from(line))));
        }
    }
}

/// `channel::name=1.2=build`, `name>=1`.
pub(crate) fn conda_requirement(text: &str) -> Option<Requirement> {
    let text = text.rsplit("::").next()?.trim();
    match text.split_once('=') {
        Some((name, version)) if !version.starts_with('=') && !name.ends_with(['<', '>', '!', '~']) => {
            let version = version.split('=').next()?;
            let exact = !version.is_empty() && !version.contains(['*', '<', '>', ',']);
            let name = requirement::parse(name)?.name;
            Some(Requirement { name, version: Some(version.to_owned()), exact })
        }
        _ => requirement::parse(&text.replace(' ', "")),
    }
}

pub(super) fn node(words: &[String], line: u32, found: &mut Found) {
    for word in positional(words, &["--prefix", "--registry", "--filter", "-C", "-w"]) {
        if word.starts_with(['.', '/']) || word.contains("://") || !naming::is_plausible(&word) {
            continue;
        }
        let scoped = word.starts_with('@');
        let body = word.trim_start_matches('@');
        let (name, version) =
            body.split_once('@').map_or((body, None), |(name, version)| (name, Some(version)));
        let exact = version.is_some_and(|version| {
            version.starts_with(|c: char| c.is_ascii_digit()) && version.split('.').count() >= 3
        });
        let name = if scoped { format!("@{name}") } else { name.to_owned() };
        let version = version.map(str::to_owned);
        found.add(Requirement { name, version, exact }.usage("npm", "npm install", Some(u64::from(line))));
    }
}
