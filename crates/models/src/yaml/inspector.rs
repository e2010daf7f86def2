//! Takes YAML that no other inspector knows.

use std::sync::LazyLock;

use bartizan_core::{
    Asset, Category, Claim, Context, Description, Fact, Finding, Import, Inspection, Inspector, Kind, Probe,
    Rule, Severity, Taxonomy, UseKind, redacted,
};

use super::{Stream, parse};
use crate::{
    callables::{Standing, standing},
    json,
};

/// Longest text that is read.
const LONGEST: u64 = 16 << 20;

/// A tag that makes an object.
pub(crate) static OBJECT: Rule = Rule {
    id: "yaml/python-object",
    title: "YAML makes Python objects",
    severity: Severity::Medium,
    category: Category::CodeExecution,
    why: "Tags such as `!!python/object/apply:` make an unsafe YAML loader import a module and call what it names. A \
          configuration that needs one can run anything.",
    fix: "Load YAML with a safe loader only, and write the values without tags.",
    references: &["CVE-2017-18342", "CVE-2020-14343", "https://pyyaml.org/wiki/PyYAMLDocumentation"],
    taxonomy: Taxonomy::UNSAFE_ARTEFACT,
};

/// Modules whose objects configurations of training frameworks hold.
const HARMLESS: &[&str] = &[
    "argparse",
    "collections",
    "datetime",
    "decimal",
    "enum",
    "lightning",
    "numpy",
    "omegaconf",
    "pathlib",
    "pytorch_lightning",
    "torch",
    "transformers",
    "uuid",
];

/// Reads YAML that no other inspector claims.
#[derive(Debug)]
pub(crate) struct Yaml;

impl Inspector for Yaml {
    fn kind(&self) -> Kind {
        Kind::new("yaml")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        static ALL: LazyLock<Vec<&'static Rule>> =
            LazyLock::new(|| [&[&OBJECT][..], json::SHARED_RULES.as_slice()].concat());
        &ALL
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if probe.extension_is(&["yaml", "yml"]) && probe.is_text() { Claim::Name } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let stream = match read(asset, context) {
            Ok(stream) => stream,
            Err(reason) => {
                inspection.coverage.miss(reason);
                return inspection;
            }
        };
        if let Some(error) = &stream.broken {
            inspection.coverage.miss(format!("the YAML could not be read: {error}"));
        }
        for (tag, line) in &stream.tags {
            object(tag, *line, asset, &mut inspection);
        }
        for document in &stream.documents {
            inspection.merge(json::judge(document, asset, context));
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let stream = read(asset, context).unwrap_or_default();
        stream.documents.first().map(|document| json::table(document, context)).unwrap_or_default()
    }
}

fn read(asset: &Asset, context: &Context<'_>) -> Result<Stream, String> {
    let bytes = asset
        .content
        .whole(LONGEST.min(context.limits.held))
        .map_err(|error| format!("the YAML could not be read: {error}"))?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(parse(&text, context.limits.depth, 200_000))
}

/// Judges a tag that makes an object.
pub(crate) fn object(tag: &str, line: u32, asset: &Asset, inspection: &mut Inspection) {
    let Some((what, target)) = tag
        .split_once("python/")
        .and_then(|(_, rest)| rest.split_once(':'))
        .filter(|(what, _)| what.starts_with("object") || matches!(*what, "name" | "module"))
    else {
        return;
    };
    let root = target.split('.').next().unwrap_or_default();
    let (module, name) = target.rsplit_once('.').unwrap_or((target, ""));
    let severity = if standing(target) == Standing::Dangerous {
        Severity::Critical
    } else if HARMLESS.contains(&root) || what == "name" {
        Severity::Low
    } else {
        Severity::Medium
    };
    inspection.know(Fact::Import(Import {
        module: redacted(module),
        name: redacted(name),
        uses: vec![if what.ends_with("apply") { UseKind::Call } else { UseKind::New }],
        offset: None,
        count: 1,
    }));
    let message = format!("an unsafe YAML loader calls `{}` on load", redacted(target));
    inspection.find(Finding::new(&OBJECT, asset, message).severity(severity).line(line).evidence("tag", tag));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::inspect;

    #[test]
    fn usual_configurations_have_nothing_to_report() {
        for text in [
            "model_name: x\nchat_template: '{% for m in messages %}{{ m.content }}{% endfor %}'\nlr: 1e-4\n",
            "on: push\njobs:\n  a:\n    steps:\n      - run: echo ${{ secrets.X }}\n",
            "hparams: !!python/object:argparse.Namespace\n  lr: 0.1\npath: !!python/object/apply:pathlib.PosixPath [a]\n",
            "a: &x {b: 1}\nc: *x\n---\nd: !custom 1\n",
        ] {
            let outcome = inspect(&Yaml, "config.yaml", text);
            assert!(outcome.worst() < Some(Severity::Medium), "{text}: {:#?}", outcome.inspection.findings);
            assert!(outcome.inspection.coverage.is_complete(), "{text}: {:?}", outcome.inspection.coverage);
        }
    }

    #[test]
    fn objects_templates_and_layers_in_yaml_are_judged() {
        for (text, rule) in [
            ("x: !!python/object/apply:os.system ['echo']\n", "yaml/python-object"),
            ("x: !!python/object/new:subprocess.Popen ['echo']\n", "yaml/python-object"),
            ("model_name: x\nscript: \"{{ ''.__class__.__mro__ }}\"\n", "jinja/sandbox-escape"),
            ("chat_template: \"{{ config.__class__ }}\"\nbroken: [\n", "jinja/sandbox-escape"),
            ("class_name: Lambda\nconfig:\n  function: ['4wAA', null, null]\n", "keras/lambda-code"),
        ] {
            let outcome = inspect(&Yaml, "config.yaml", text);
            let found = outcome.inspection.findings.iter().find(|finding| finding.rule.id == rule);
            assert!(found.is_some_and(|f| f.severity >= Severity::High), "{text}: {:#?}", outcome.inspection);
        }
    }
}
