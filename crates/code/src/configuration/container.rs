//! What a container is told to run.

use crate::usage::{Found, naming, shell};

/// Reads the words that an image is started with. Where they begin with options only, the image's own program takes
/// them; images of servers also take a model or a verb first.
pub(super) fn command(image: &str, words: &[String], line: u32, found: &mut Found) {
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
