//! Proves policies by their own examples.

use bartizan_core::{Asset, Content, Files, State};
use serde_json::Value as Json;

use super::Policy;
use crate::{
    rule::{Catalogue, Framework},
    terraform::{Settings, read},
};

/// On the line that the finding has to name.
const MARK: &str = "# <- fails";
/// On the line before, where the line itself takes no comment.
const MARK_ABOVE: &str = "# v fails";
/// Examples of each kind that are looked at.
const MOST: usize = 1_000;

/// What became of the examples of one policy.
#[derive(Clone, Debug)]
pub struct Proof {
    /// The policy's id.
    pub rule: &'static str,
    /// Its file.
    pub path: String,
    /// One by one.
    pub examples: Vec<Example>,
    /// Why there is nothing to try, if so.
    pub untried: Option<&'static str>,
}

/// What became of one example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// `failing`, `passing` or `unknown`.
    pub kind: &'static str,
    /// Which of its kind, from 1.
    pub number: usize,
    /// What is not as it should be; `None` when all is.
    pub wrong: Option<String>,
}

/// Tries every example of a policy.
pub fn prove(policy: &Policy, interrupted: &dyn Fn() -> bool) -> Proof {
    let mut proof =
        Proof { rule: policy.rule.id, path: policy.path.clone(), examples: Vec::new(), untried: None };
    let is_terraform =
        policy.controls.iter().any(|control| control.frameworks.contains(&Framework::Terraform));
    if !is_terraform {
        proof.untried = Some("only examples in Terraform are tried");
        return proof;
    }
    let catalogue = Catalogue::new(policy.controls.clone());
    for kind in ["failing", "passing", "unknown"] {
        let texts = policy.examples.get(kind).and_then(Json::as_array).into_iter().flatten();
        for (text, number) in texts.filter_map(Json::as_str).take(MOST).zip(1..) {
            if interrupted() {
                proof.untried = Some("it was interrupted");
                return proof;
            }
            let wrong = wrong(kind, text, &catalogue, interrupted);
            proof.examples.push(Example { kind, number, wrong });
        }
    }
    if proof.examples.is_empty() {
        proof.untried = Some("it has no examples");
    }
    proof
}

/// What an example gets wrong.
pub(crate) fn wrong(
    kind: &str,
    text: &str,
    catalogue: &Catalogue,
    interrupted: &dyn Fn() -> bool,
) -> Option<String> {
    let content = Content::from_bytes(text.to_owned());
    let tree = Files::of([("main.tf", content.clone())]);
    let reading = read(&tree, &Settings::default(), interrupted);
    if let Some(unread) = reading.unread.first() {
        return Some(format!("line {}: {}", unread.line.unwrap_or(1), unread.message));
    }
    let asset = Asset::new(".", content);
    let findings = reading.findings(&[catalogue], &asset, interrupted);
    let states: Vec<(State, u32)> = findings
        .iter()
        .filter_map(|finding| {
            Some((finding.infrastructure.as_ref()?.state, finding.at.line.unwrap_or_default()))
        })
        .collect();
    match kind {
        "failing" => {
            let mut lines: Vec<u32> =
                states.iter().filter(|(state, _)| *state == State::Fail).map(|(_, line)| *line).collect();
            lines.sort_unstable();
            lines.dedup();
            let marked = marked(text);
            if lines.is_empty() {
                Some("it does not fail".to_owned())
            } else if !marked.is_empty() && lines != marked {
                Some(format!(
                    "it fails on {} instead of {}, which the example marks",
                    shown(&lines),
                    shown(&marked)
                ))
            } else {
                None
            }
        }
        "passing" => states.first().map(|(state, line)| match state {
            State::Unknown => format!("line {line} is not decided"),
            _ => format!("line {line} fails"),
        }),
        _ if states.is_empty() => Some("it passes".to_owned()),
        _ => states
            .iter()
            .find(|(state, _)| *state != State::Unknown)
            .map(|(_, line)| format!("line {line} fails")),
    }
}

/// The lines that an example marks.
pub(crate) fn marked(text: &str) -> Vec<u32> {
    text.lines()
        .zip(1..)
        .filter_map(|(line, number)| match line {
            line if line.contains(MARK) => Some(number),
            line if line.contains(MARK_ABOVE) => Some(number + 1),
            _ => None,
        })
        .collect()
}

fn shown(lines: &[u32]) -> String {
    let numbers: Vec<String> = lines.iter().map(u32::to_string).collect();
    match numbers.as_slice() {
        [one] => format!("line {one}"),
        several => format!("lines {}", several.join(", ")),
    }
}
