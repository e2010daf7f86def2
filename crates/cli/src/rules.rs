//! `bartizan rules`.

use std::io::{self, Write};

use anyhow::{Result, bail};
use bartizan_core::Rule;

use crate::{
    arguments::{RulesArguments, RulesFormat},
    output,
    rules_test::{self, RulesAction},
};

pub(crate) fn run(arguments: &RulesArguments) -> Result<u8> {
    if let Some(RulesAction::Test(arguments)) = &arguments.action {
        return rules_test::run(arguments);
    }
    let mut rules = bartizan_engine::all_rules().to_vec();
    if let Some(wanted) = &arguments.rule {
        rules.retain(|rule| rule.id == wanted || rule.domain() == wanted);
        if rules.is_empty() {
            let names = bartizan_engine::all_rules().iter().flat_map(|rule| [rule.id, rule.domain()]);
            let hint = match bartizan_engine::nearest(wanted, names) {
                Some(name) => format!("did you mean {name}?"),
                None => "`bartizan rules` lists them all".to_owned(),
            };
            bail!("there is no rule `{wanted}`; {hint}");
        }
    }
    let one = arguments.rule.as_deref().is_some_and(|wanted| wanted.contains('/'));
    output::write_styled(None, &mut |out| match arguments.format {
        RulesFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &rules)?;
            writeln!(out)
        }
        RulesFormat::Markdown => rules.iter().try_for_each(|rule| markdown(rule, out)),
        RulesFormat::Table if one => rules.iter().try_for_each(|rule| explain(rule, out)),
        RulesFormat::Table => list(&rules, out),
    })?;
    Ok(0)
}

fn list(rules: &[&Rule], out: &mut dyn Write) -> io::Result<()> {
    let width = rules.iter().map(|rule| rule.id.len()).max().unwrap_or(0);
    for rule in rules {
        writeln!(out, "{:width$}  {:8}  {}", rule.id, rule.severity.name(), rule.title)?;
    }
    Ok(())
}

fn explain(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    let bold = anstyle::Style::new().bold();
    writeln!(out, "{bold}{}{bold:#} ({}): {}\n", rule.id, rule.severity, rule.title)?;
    writeln!(out, "Why it matters\n  {}\n", rule.why)?;
    writeln!(out, "What to do\n  {}\n", rule.fix)?;
    let ids = classifications(rule);
    if !ids.is_empty() {
        writeln!(out, "Classified as\n  {}\n", ids.join(", "))?;
    }
    for reference in rule.references {
        writeln!(out, "See {reference}")?;
    }
    Ok(())
}

fn classifications(rule: &Rule) -> Vec<&'static str> {
    let taxonomy = &rule.taxonomy;
    [
        taxonomy.cwe,
        taxonomy.atlas,
        taxonomy.owasp_llm,
        taxonomy.owasp_ml,
        taxonomy.owasp_agentic,
        taxonomy.nist_ai_rmf,
        taxonomy.eu_ai_act,
    ]
    .concat()
}

fn markdown(rule: &Rule, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", rule.id)?;
    let category = serde_json::to_value(rule.category)?;
    let category = category.as_str().unwrap_or_default();
    writeln!(out, "**{}** · severity {} · {}\n", rule.title, rule.severity, category)?;
    writeln!(out, "## Why it matters\n\n{}\n\n## What to do\n\n{}", rule.why, rule.fix)?;
    let ids = classifications(rule);
    if !ids.is_empty() {
        writeln!(out, "\n## Classified as\n")?;
        for id in ids {
            writeln!(out, "- {id}")?;
        }
    }
    if !rule.references.is_empty() {
        writeln!(out, "\n## References\n")?;
        for reference in rule.references {
            writeln!(out, "- {reference}")?;
        }
    }
    Ok(())
}
