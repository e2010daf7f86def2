//! Jinja templates: chat templates of language models, and prompt templates.
//!
//! A chat template turns a conversation into the text a model reads. It is a program: Jinja expressions call methods
//! and follow attributes of Python objects, and a renderer without a sandbox lets them reach everything
//! (CVE-2024-34359). The language: <https://jinja.palletsprojects.com/en/stable/templates/>.
//!
//! The template is read with a reader of its own and not with another engine's parser, for two reasons. What matters is
//! what *Python's* `jinja2` makes of it, which decodes `\x5f` and accepts tags that other engines refuse; and one tag
//! that cannot be understood must not hide the others. The reader follows constants, so a name that is put together
//! from pieces is judged as the name it becomes.

use bartizan_core::{
    Asset, Claim, Confidence, Context, Description, Fact, Finding, Inspection, Inspector, Kind, Probe,
    Prompt, Reference, Rule, Section, Severity, redacted,
};

mod constant;
mod expression;
mod lexer;
mod names;
pub(crate) mod rules;
mod statement;

#[cfg(test)]
mod tests;

use lexer::Piece;
use statement::{Reading, Tag};

/// Longest template that is read.
const LONGEST: u64 = 4 << 20;

/// Reads template files.
#[derive(Debug)]
pub(crate) struct Template;

/// Where a template was found, and how sure it is that it is one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The asset that findings are about.
    pub(crate) asset: &'a Asset,
    /// What the template is called: `default`, `tool_use`, a key.
    pub(crate) name: &'a str,
    /// The line of the asset that holds the whole template; `None` when the asset is the template.
    pub(crate) line: Option<u32>,
    /// How sure it is that someone renders it.
    pub(crate) role: Role,
}

/// How sure it is that a text is rendered as a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// It is a template file, or stands where loaders look for one.
    Template,
    /// Its key calls it a template, but another language may be meant.
    Likely,
    /// It is one, but no loader renders it: it stands beside the one that they do.
    Dormant,
    /// It only looks like one: what cannot be anything else is reported.
    Lookalike,
}

/// Does a text look like a template?
pub(crate) fn looks_like_template(text: &str) -> bool {
    (text.contains("{{") && text.contains("}}")) || (text.contains("{%") && text.contains("%}"))
}

/// Reads one template.
pub(crate) fn analyse(source: &str, place: Place<'_>, context: &Context<'_>) -> Inspection {
    let mut inspection = Inspection::new();
    if source.len() as u64 > LONGEST {
        inspection
            .coverage
            .miss(format!("template `{}` is longer than {LONGEST} bytes", redacted(place.name)));
        return inspection;
    }
    let reading = statement::read(&lexer::lex(source), &|| context.interrupted());
    if place.role != Role::Lookalike {
        inspection.know(Fact::Prompt(Prompt::new(redacted(place.name), source)));
    }
    if place.role == Role::Template {
        for (line, reason) in reading.problems.iter().take(4) {
            let line = place.line.unwrap_or(*line);
            inspection.coverage.miss(format!("template `{}`, line {line}: {reason}", redacted(place.name)));
        }
    }
    report(&reading, place, &mut inspection);
    inspection
}

fn report(reading: &Reading, place: Place<'_>, inspection: &mut Inspection) {
    for tag in &reading.tags {
        for rule in rules::ALL.iter().copied() {
            if let Some(finding) = judge(tag, rule, place) {
                inspection.find(finding);
            }
        }
    }
    if place.role != Role::Lookalike {
        for (target, line) in &reading.loads {
            inspection.find(loaded(target, *line, place));
            if !target.is_empty() {
                inspection.know(Fact::Reference(Reference { role: "template", target: redacted(target) }));
            }
        }
    }
}

/// One finding for everything that a tag does against a rule.
fn judge(tag: &Tag, rule: &'static Rule, place: Place<'_>) -> Option<Finding> {
    let mut whats: Vec<&str> =
        tag.hits.iter().filter(|hit| hit.rule.id == rule.id).map(|hit| hit.what.as_str()).collect();
    whats.dedup();
    let line = tag.hits.iter().find(|hit| hit.rule.id == rule.id)?.line;
    let certain = place.role != Role::Lookalike || rule.severity == Severity::Critical;
    if !certain {
        return None;
    }
    let list =
        whats.iter().take(6).map(|what| format!("`{}`", redacted(what))).collect::<Vec<_>>().join(", ");
    let message = match rule.id {
        "jinja/sandbox-escape" => {
            format!("when rendered, the template reaches Python's internals through {list}")
        }
        "jinja/code-execution" => format!("when rendered, the template calls {list}"),
        "jinja/hidden-name" => format!("the template puts together or spells by number the name {list}"),
        "jinja/dynamic-attribute" => format!("the template reaches attributes by computed name with {list}"),
        "jinja/private-attribute" => format!("the template reads {list}"),
        "jinja/secret-access" => format!("when rendered, the template reads {list}"),
        "jinja/file-access" => format!("when rendered, the template calls {list}"),
        "jinja/network-access" => format!("when rendered, the template connects with {list}"),
        "jinja/content-trigger" => {
            format!("only when the user's text holds certain words, the template adds {list}")
        }
        "jinja/resource-exhaustion" => format!("rendering the template needs {list}"),
        _ => format!("the template calls {list}, which its renderer has to provide"),
    };
    let mut finding = Finding::new(rule, place.asset, message)
        .line(place.line.unwrap_or(line))
        .evidence("template", place.name)
        .evidence("expression", &tag.source);
    if place.line.is_some() {
        finding = finding.evidence("template-line", line.to_string());
    }
    Some(match place.role {
        Role::Lookalike => finding.confidence(Confidence::Medium),
        Role::Dormant => finding.severity(Severity::Low).evidence("rendered", "by no loader"),
        Role::Template | Role::Likely => finding,
    })
}

fn loaded(target: &str, line: u32, place: Place<'_>) -> Finding {
    let outside = target.starts_with(['/', '\\'])
        || target.contains("://")
        || target.split(['/', '\\']).any(|part| part == "..")
        || target.get(1..3).is_some_and(|drive| drive == ":\\" || drive == ":/");
    let rule = if outside { &rules::FILE_ACCESS } else { &rules::LOADS_TEMPLATE };
    let shown = if target.is_empty() { "a computed name" } else { target };
    Finding::new(rule, place.asset, format!("the template loads another one: `{}`", redacted(shown)))
        .line(place.line.unwrap_or(line))
        .evidence("target", shown)
}

impl Inspector for Template {
    fn kind(&self) -> Kind {
        Kind::new("jinja")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        rules::ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let named = probe.extension_is(&["jinja", "j2", "jinja2", "template"]);
        if !probe.is_text() {
            return Claim::No;
        }
        let head = String::from_utf8_lossy(&probe.head);
        if named && looks_like_template(&head) {
            Claim::Shape
        } else if named && probe.extension != "template" {
            Claim::Name
        } else {
            Claim::No
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        match asset.content.whole(LONGEST.min(context.limits.held)) {
            Ok(bytes) => {
                let source = String::from_utf8_lossy(&bytes);
                let name = asset.path.name().to_owned();
                let place = Place { asset, name: &name, line: None, role: Role::Template };
                inspection.merge(analyse(&source, place, context));
            }
            Err(error) => inspection.coverage.miss(format!("the template could not be read: {error}")),
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let mut tags = Section::new("tags", &["line", "what", "source"]);
        let bytes = asset.content.whole(LONGEST.min(context.limits.held)).unwrap_or_default();
        let source = String::from_utf8_lossy(&bytes);
        for piece in lexer::lex(&source).pieces {
            let (line, what, text) = match piece {
                Piece::Text { .. } => continue,
                Piece::Output { line, source, .. } => (line, "output", source),
                Piece::Statement { line, source, .. } => (line, "statement", source),
            };
            let row = vec![u64::from(line).into(), what.into(), redacted(text.trim()).into()];
            tags.push(context.limits.rows, row);
        }
        Description { sections: vec![tags] }
    }
}
