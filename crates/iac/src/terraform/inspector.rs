//! The inspectors of Terraform: of a folder with configuration, and of its files.

use std::sync::Arc;

use bartizan_core::{
    Asset, Category, Cell, Claim, Context, Description, Files, Finding, Inspection, Inspector, Kind, Probe,
    Rule, Section, Severity, State, Taxonomy, Tree, redacted,
};

use super::{
    plan,
    project::{holds_configuration, is_configuration},
    roots::{Reading, Settings, read},
};
use crate::{
    brought::Brought,
    judge::{judge, path_of},
    rule::{Framework, RULES, builtin},
    value::shown,
};

/// Configuration that cannot be read.
pub(crate) static UNPARSED: Rule = Rule {
    id: "iac/unparsed",
    title: "Configuration that cannot be read",
    severity: Severity::Low,
    category: Category::Coverage,
    why: "A part of this configuration does not follow the language, so nothing can be said about that part. Whatever is \
          insecure in it stays unseen.",
    fix: "Correct the line that the message names; `terraform validate` and `tofu validate` tell more.",
    references: &["https://developer.hashicorp.com/terraform/language/syntax/configuration"],
    taxonomy: Taxonomy { cwe: &["CWE-436"], nist_ai_rmf: &["MEASURE 2.7"], ..Taxonomy::NONE },
};

/// A module that is fetched from elsewhere.
pub(crate) static REMOTE: Rule = Rule {
    id: "iac/remote-module",
    title: "A module from elsewhere is not judged",
    severity: Severity::Info,
    category: Category::SupplyChain,
    why: "The module is fetched when Terraform is initialised. It is not part of what was scanned, so what it makes was not \
          judged, and its outputs are unknown.",
    fix: "Scan a plan too (`terraform show -json`), which holds what the module makes.",
    references: &["https://developer.hashicorp.com/terraform/language/modules/sources"],
    taxonomy: Taxonomy { cwe: &["CWE-1357"], nist_ai_rmf: &["MAP 4.1"], ..Taxonomy::NONE },
};

/// Reads all configuration in and below the folder that is scanned.
#[derive(Debug, Default)]
pub struct TerraformInspector {
    /// What the user says besides the files.
    pub settings: Settings,
}

/// Names the files of a configuration, and reads one that stands alone: in an archive, or given by itself.
#[derive(Debug, Default)]
pub struct TerraformFileInspector {
    /// Rules that the user brings.
    pub brought: Arc<Brought>,
}

impl Inspector for TerraformInspector {
    fn kind(&self) -> Kind {
        Kind::new("terraform")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        // A folder inside another one is read with that one: modules call each other across folders.
        match probe.content().tree() {
            Some(tree) if probe.asset.siblings.is_none() && holds_configuration(tree.as_ref()) => {
                Claim::Certain
            }
            _ => Claim::No,
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let Some(tree) = asset.content.tree() else { return Inspection::new() };
        inspect(tree.as_ref(), &self.settings, asset, context)
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let Some(tree) = asset.content.tree() else { return Description::default() };
        describe(&read(tree.as_ref(), &self.settings, &|| context.interrupted()), context)
    }
}

impl Inspector for TerraformFileInspector {
    fn kind(&self) -> Kind {
        Kind::new("terraform-file")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        const OWN: &[&Rule] = &[&REMOTE, &UNPARSED];
        OWN
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        if is_configuration(probe.name()) && probe.is_text() { Claim::Shape } else { Claim::No }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        // A file with neighbours is read with them, by the inspector of the folder. No folder of an archive is an asset.
        if asset.siblings.is_some() && asset.depth == 0 {
            return Inspection::new();
        }
        let lone = Files::of([(asset.path.name(), asset.content.clone())]);
        let settings = Settings { brought: Arc::clone(&self.brought), ..Settings::default() };
        let mut inspection = inspect(&lone, &settings, asset, context);
        for finding in &mut inspection.findings {
            finding.at.path = asset.path.clone();
        }
        inspection
    }

    fn describe(&self, asset: &Asset, context: &Context<'_>) -> Description {
        let lone = Files::of([(asset.path.name(), asset.content.clone())]);
        describe(&read(&lone, &Settings::default(), &|| context.interrupted()), context)
    }
}

/// Reads the JSON of a plan, with the configuration beside it where there is one.
#[derive(Debug, Default)]
pub struct PlanInspector {
    /// Rules that the user brings.
    pub brought: Arc<Brought>,
}

impl Inspector for PlanInspector {
    fn kind(&self) -> Kind {
        Kind::new("terraform-plan")
    }

    fn rules(&self) -> &'static [&'static Rule] {
        RULES
    }

    fn accepts(&self, probe: &Probe<'_>) -> Claim {
        let head = String::from_utf8_lossy(&probe.head);
        let has = |key: &str| head.contains(key);
        if probe.first_visible() == Some(b'{') && has("\"format_version\"") && has("\"terraform_version\"") {
            Claim::Certain
        } else {
            Claim::No
        }
    }

    fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
        let mut inspection = Inspection::new();
        let interrupted = || context.interrupted();
        let bytes = match asset.content.whole(context.limits.held) {
            Ok(bytes) => bytes,
            Err(error) => {
                inspection.coverage.miss(format!("it cannot be read: {error}"));
                return inspection;
            }
        };
        let parsed = std::str::from_utf8(&bytes).map_err(|error| error.to_string()).and_then(|text| {
            serde_json::from_str(text).map(|plan| (text, plan)).map_err(|error| error.to_string())
        });
        let (text, plan): (&str, serde_json::Value) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                inspection.coverage.miss(format!("it is no JSON: {error}"));
                return inspection;
            }
        };
        // The configuration of the same folder tells lines, origins and comments.
        let beside = asset
            .siblings
            .as_ref()
            .filter(|tree| tree.list("").iter().any(|entry| is_configuration(&entry.path)));
        let mut reading = match beside {
            Some(tree) => read(tree.as_ref(), &Settings::default(), &interrupted),
            None => Reading::default(),
        };
        let name = asset.path.name().to_owned();
        let file = reading.sources.add(name.as_str(), text);
        let Some(mut resources) = plan::resources(&plan, file, &reading.sources) else {
            inspection.coverage.miss("it has no planned values");
            return inspection;
        };
        if let Some(root) = reading.roots.iter().find(|root| root.folder.is_empty()) {
            plan::join(&mut resources, &root.resources);
        }
        let folder = asset.path.as_str().strip_suffix(&name).unwrap_or_default().trim_end_matches('/');
        let at = Asset { path: bartizan_core::AssetPath::new(folder), ..asset.clone() };
        let catalogues = [builtin(), &self.brought.catalogue];
        let found = judge(&resources, &reading.sources, &catalogues, Framework::Plan, &at, &interrupted);
        inspection.findings.extend(found);
        inspection
    }
}

fn inspect(tree: &dyn Tree, settings: &Settings, asset: &Asset, context: &Context<'_>) -> Inspection {
    let interrupted = || context.interrupted();
    let reading = read(tree, settings, &interrupted);
    let mut inspection = Inspection::new();
    report_unread(&reading, asset, &mut inspection);
    for (place, source) in &reading.remote {
        let message = format!("the module `{}` is not part of what is scanned", redacted(source));
        let finding = Finding::new(&REMOTE, asset, message)
            .path(path_of(asset, reading.sources.path(place.file)))
            .line(reading.sources.line(*place))
            .evidence("source", source);
        inspection.find(finding);
    }
    let catalogues = [builtin(), &settings.brought.catalogue];
    inspection.findings.extend(reading.findings(&catalogues, asset, &interrupted));
    // One module fails for one root and is undecided for another: the failure is what is told.
    inspection.findings.sort_by_key(|finding| {
        match finding.infrastructure.as_ref().map(|about| about.state) {
            Some(State::Unknown) => 1,
            _ => 0,
        }
    });
    inspection
}

/// What a configuration makes, with the attributes as evaluated.
fn describe(reading: &Reading, context: &Context<'_>) -> Description {
    let mut section = Section::new("resources", &["address", "file", "line", "attributes"]);
    for resource in reading.roots.iter().flat_map(|root| &root.resources) {
        let row = vec![
            Cell::Text(redacted(&resource.address)),
            Cell::Text(redacted(reading.sources.path(resource.at.file))),
            Cell::Number(u64::from(reading.sources.line(resource.at))),
            Cell::Text(shown(&resource.body)),
        ];
        section.push(context.limits.rows, row);
    }
    Description { sections: vec![section] }
}

fn report_unread(reading: &Reading, asset: &Asset, inspection: &mut Inspection) {
    for unread in &reading.unread {
        let place = match unread.line {
            Some(line) => format!("{}:{line}", unread.path),
            None => unread.path.clone(),
        };
        inspection.coverage.miss(format!("{}: {}", redacted(&place), unread.message));
        let mut finding = Finding::new(&UNPARSED, asset, unread.message.clone())
            .path(path_of(asset, &unread.path))
            .evidence("reason", &unread.message);
        finding.at.line = unread.line;
        inspection.find(finding);
    }
}
