//! Comments that take findings back: ours, and those that other scanners understand.
//!
//! * `# bartizan:ignore iac/rule reason`, for one instance `# bartizan:ignore iac/rule["eu"] reason`
//! * `#checkov:skip=CKV_AWS_18:reason`
//! * `#trivy:ignore:AVD-AWS-0089`, `#tfsec:ignore:aws-s3-enable-bucket-logging`

use std::{collections::BTreeMap, sync::Arc};

use super::project::Project;
use crate::{
    resource::{Resource, Suppression},
    source::{FileId, Place},
    syntax::{Body, Comment},
};

/// Gives each resource the comments in it and right above it.
pub(super) fn attach(project: &Project, resources: &mut [Resource]) {
    let mut comments: BTreeMap<FileId, Vec<Suppression>> = BTreeMap::new();
    for module in project.modules.values() {
        for (file, document) in module.files() {
            let found: Vec<Suppression> = document
                .comments
                .iter()
                .flat_map(|comment| parse(comment, *file, &document.body, project))
                .collect();
            if !found.is_empty() {
                comments.insert(*file, found);
            }
        }
    }
    for resource in resources {
        let Some(found) = comments.get(&resource.at.file) else { continue };
        let own_line = project.sources.line(resource.at);
        for suppression in found {
            let inside = resource.at.encloses(suppression.at);
            let above = !inside
                && suppression.covers.is_none_or(|covers| covers == resource.at)
                && project.sources.end_line(suppression.at) + 1 == own_line;
            if inside || above || suppression.covers == Some(resource.at) {
                let mut own = suppression.clone();
                own.covers = own.covers.filter(|covers| *covers != resource.at);
                resource.suppressions.push(own);
            }
        }
    }
}

fn parse(comment: &Comment, file: FileId, body: &Body, project: &Project) -> Vec<Suppression> {
    let text = comment.text.trim();
    let at = comment.span.of(file);
    let make = |rule: &str, key: Option<&str>, reason: &str, covers| Suppression {
        rule: rule.trim().into(),
        key: key.map(Into::into),
        reason: reason.trim().into(),
        at,
        covers,
    };
    if let Some(rest) =
        text.split_once("bartizan:ignore").map(|(_, rest)| rest.trim_start_matches([':', ' ']))
    {
        let (rule, reason) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (rule, key) = match rule.split_once('[') {
            Some((rule, key)) => (rule, key.strip_suffix(']')),
            None => (rule, None),
        };
        return vec![make(rule, key, reason, covered(at, body, project))];
    }
    if let Some(rest) = text.split_once("checkov:skip=").map(|(_, rest)| rest) {
        let (rules, reason) = rest.split_once(':').unwrap_or((rest, ""));
        // In Checkov, the comment is for the whole block that it stands in.
        return rules.split(',').map(|rule| make(rule, None, reason, None)).collect();
    }
    let mut found = Vec::new();
    for word in text.split_whitespace() {
        let id = ["trivy:ignore:", "tfsec:ignore:"].iter().find_map(|sign| word.strip_prefix(sign));
        if let Some(id) = id {
            let id = id.split([':', '[']).next().unwrap_or(id);
            found.push(make(id, None, text, covered(at, body, project)));
        }
    }
    found
}

/// What a comment is about: the attribute or block on its line, or on the next line that is no comment.
fn covered(comment: Place, body: &Body, project: &Project) -> Option<Place> {
    let line = project.sources.line(comment);
    let text = &project.sources.file(comment.file)?.text;
    let before = text.get(..comment.start as usize)?.rsplit('\n').next()?;
    let wanted = if before.trim().is_empty() {
        let behind = text.get(comment.end as usize..)?;
        let skipped = behind.lines().skip(1).take_while(|line| {
            let line = line.trim_start();
            line.starts_with('#') || line.starts_with("//") || line.is_empty()
        });
        line + 1 + skipped.count() as u32
    } else {
        line
    };
    on_line(body, comment.file, wanted, project)
}

/// The attribute or block that begins on a line.
fn on_line(body: &Body, file: FileId, line: u32, project: &Project) -> Option<Place> {
    for attribute in &body.attributes {
        let place = attribute.span.of(file);
        if project.sources.line(place) == line {
            return Some(place);
        }
    }
    for block in &body.blocks {
        let place = block.span.of(file);
        let (first, last) = (project.sources.line(place), project.sources.end_line(place));
        if first == line {
            return Some(place);
        }
        if first < line && line <= last {
            return on_line(&block.body, file, line, project);
        }
    }
    None
}

/// Does a comment cover a finding of this rule about this instance at this place?
pub(crate) fn covering<'r>(
    resource: &'r Resource,
    id: &str,
    aliases: &[Arc<str>],
    at: Place,
) -> Option<&'r Suppression> {
    resource.suppressions.iter().find(|suppression| {
        let named = &*suppression.rule == id
            || &*suppression.rule == "*"
            || aliases.iter().any(|alias| is_alias(alias, &suppression.rule));
        let key = suppression.key.as_deref().is_none_or(|key| resource.link.key.as_deref() == Some(key));
        let place = suppression
            .covers
            .is_none_or(|covers| covers.encloses(at) || at == resource.header || at == resource.at);
        named && key && place
    })
}

/// `AVD-AWS-0089`, `AWS-0089` and `aws-0089` are one name.
fn is_alias(alias: &str, name: &str) -> bool {
    let plain = |text: &str| text.trim_start_matches("AVD-").trim_start_matches("avd-").to_ascii_lowercase();
    plain(alias) == plain(name)
}
