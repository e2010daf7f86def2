//! Container images, and what is told to run in them.

use bartizan_core::{Usage, UsageKind};

use super::{
    Found, naming,
    shell::{self, assignment},
    thing,
};

/// `docker run --gpus all -e MODEL_ID=x image --model-id y`.
pub(super) fn run(words: &[String], line: u32, found: &mut Found) {
    let with_value = [
        "-p",
        "--publish",
        "-v",
        "--volume",
        "-e",
        "--env",
        "--name",
        "--gpus",
        "--network",
        "--shm-size",
        "-w",
        "--workdir",
        "--runtime",
        "--ipc",
        "--restart",
        "--platform",
        "--entrypoint",
        "-u",
        "--user",
        "--mount",
        "--env-file",
        "-h",
        "--hostname",
        "--memory",
        "-m",
        "--cpus",
        "--device",
        "--net",
        "-l",
        "--label",
        "--ulimit",
    ];
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if let Some(setting) = word.strip_prefix("--env=") {
            set(setting, line, found);
        } else if with_value.contains(&word.as_str()) {
            let value = words.next().map(String::as_str).unwrap_or_default();
            if matches!(word.as_str(), "-e" | "--env") {
                set(value, line, found);
            }
        } else if !word.starts_with('-') {
            image(word, "docker", line, found);
            let rest: Vec<String> = words.cloned().collect();
            started(word, &rest, line, found);
            return;
        }
    }
}

fn set(setting: &str, line: u32, found: &mut Found) {
    if let Some((key, value)) = assignment(setting) {
        thing::environment(key, value, "docker", line, found);
    }
}

/// A container image: `registry/name:tag@digest`.
pub(crate) fn image(name: &str, api: &str, line: u32, found: &mut Found) {
    if !naming::is_plausible(name) || found.built.contains(name) {
        return;
    }
    let (tagged, digest) =
        name.split_once('@').map_or((name, None), |(tagged, digest)| (tagged, Some(digest)));
    let tag = tagged.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    found.add(Usage {
        version: digest.or(tag).map(str::to_owned),
        pinned: digest.is_some(),
        provider: Some("oci".to_owned()),
        api: Some(api.to_owned()),
        via: Some("literal"),
        line: Some(u64::from(line)),
        ..Usage::of(UsageKind::Container, name)
    });
}

/// `docker build -t name .`, `docker tag old name`: what has this name is no image of others.
pub(super) fn built(verb: &str, words: &[String], found: &mut Found) {
    if found.built.len() > 1000 {
        return;
    }
    if verb == "tag" {
        found.built.extend(words.last().cloned());
    }
    for (at, word) in words.iter().enumerate() {
        if matches!(word.as_str(), "-t" | "--tag") {
            found.built.extend(words.get(at.saturating_add(1)).cloned());
        } else if let Some(name) = word.strip_prefix("--tag=") {
            found.built.insert(name.to_owned());
        }
    }
}

/// `docker exec -it name command …`, `kubectl exec pod -c name -- command …`, `docker compose exec service command …`.
pub(super) fn inside(words: &[String], line: u32, found: &mut Found) {
    let with_value = [
        "-e",
        "--env",
        "-u",
        "--user",
        "-w",
        "--workdir",
        "-c",
        "--container",
        "-n",
        "--namespace",
        "-f",
        "-p",
    ];
    let mut rest = words;
    let mut named = false;
    while let Some((word, after)) = rest.split_first() {
        rest = after;
        if word == "--" {
            break;
        } else if with_value.contains(&word.as_str()) {
            rest = after.get(1..).unwrap_or_default();
        } else if matches!(word.as_str(), "exec" | "run") && !named {
            // The verb of `docker compose`.
        } else if !word.starts_with('-') {
            named = true;
            if !after.iter().any(|word| word == "--") {
                break;
            }
        }
    }
    if found.depth < 8 {
        found.depth = found.depth.saturating_add(1);
        shell::words(rest, line, found);
        found.depth = found.depth.saturating_sub(1);
    }
}

/// Reads the words that an image is started with. Where they begin with options only, the image's own program takes
/// them; images of servers also take a model or a verb first.
pub(crate) fn started(image: &str, words: &[String], line: u32, found: &mut Found) {
    let Some(first) = words.first() else { return };
    let program = image.split('@').next().unwrap_or(image).rsplit('/').next().unwrap_or(image);
    let program = program.split(':').next().unwrap_or(program);
    let own: &[&str] = if first.starts_with('-') && !program.is_empty() {
        &[program]
    } else if program.contains("vllm") && naming::is_hub_id(first) {
        &["vllm", "serve"]
    } else if program == "ollama" && matches!(first.as_str(), "pull" | "run") {
        &["ollama"]
    } else {
        &[]
    };
    let whole: Vec<String> = own.iter().map(|word| (*word).to_owned()).chain(words.iter().cloned()).collect();
    shell::words(&whole, line, found);
}
