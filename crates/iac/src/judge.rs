//! From resources and controls to findings.

use bartizan_core::{Asset, AssetPath, Confidence, Finding, Infrastructure, State, redacted};

use crate::{
    resource::Resource,
    rule::{Catalogue, Category, Control, Framework, Graph, Outcome, Subject, Truth, Witness, evaluate},
    source::{Place, Sources},
    terraform::covering,
    value::{Data, names_a_secret, shown},
};

/// Applies every control of the catalogues, one catalogue after the other, to every resource of a root.
pub fn judge(
    resources: &[Resource],
    sources: &Sources,
    catalogues: &[&Catalogue],
    framework: Framework,
    asset: &Asset,
    interrupted: &dyn Fn() -> bool,
) -> Vec<Finding> {
    let graph = Graph::new(resources);
    let mut findings = Vec::new();
    for (catalogue, resource) in
        catalogues.iter().flat_map(|catalogue| resources.iter().map(move |resource| (catalogue, resource)))
    {
        if interrupted() {
            break;
        }
        for control in catalogue.of(framework, &resource.kind) {
            if let Some(outcome) = decide(control, resource, &graph) {
                findings.push(finding(control, resource, &outcome, sources, asset));
            }
        }
    }
    findings
}

/// What a control says of a resource: nothing when it passes.
pub fn decide(control: &Control, resource: &Resource, graph: &Graph<'_>) -> Option<Outcome> {
    let subject = Subject::new(resource, graph);
    let when = control.when.as_ref().map(|when| evaluate(when, subject));
    if when.as_ref().is_some_and(|when| when.truth == Truth::False) {
        return None;
    }
    let fails = evaluate(&control.fails, subject);
    match (fails.truth, when) {
        (Truth::False, _) => None,
        // Whether it applies is what nobody knows.
        (Truth::True, Some(when)) if when.truth == Truth::Unknown => Some(when),
        _ => Some(fails),
    }
}

/// The asset path of a file of the scanned root.
pub(crate) fn path_of(asset: &Asset, file: &str) -> AssetPath {
    match asset.path.as_str() {
        "." | "" => AssetPath::new(file),
        root => AssetPath::new(format!("{root}/{file}")),
    }
}

pub(crate) fn finding(
    control: &Control,
    resource: &Resource,
    outcome: &Outcome,
    sources: &Sources,
    asset: &Asset,
) -> Finding {
    let witness = &outcome.witness;
    let at = witness.at.filter(|at| resource.at.encloses(*at)).unwrap_or(resource.header);
    let secret = is_secret(control, witness);
    let value = witness.value.as_ref().map(|value| match &value.data {
        Data::Null | Data::Bool(_) => shown(value),
        _ if secret => "(sensitive)".to_owned(),
        _ => shown(value),
    });
    let suppression = covering(resource, control.rule.id, &control.aliases, at);
    let state = match (outcome.truth, suppression) {
        (_, Some(_)) => State::Suppressed,
        (Truth::Unknown, None) => State::Unknown,
        _ => State::Fail,
    };
    let said = match (&state, witness.path.as_str(), &value) {
        (State::Unknown, path, _) => undecided(path, witness),
        (_, "", _) => String::new(),
        (_, path, Some(value)) => format!(": `{path}` is {value}"),
        (_, path, None) => format!(": `{path}` is not set"),
    };
    let address = &resource.address;
    let message = format!("`{address}`: {}{said}", control.rule.title);
    let confidence =
        if resource.certain && state != State::Unknown { Confidence::High } else { Confidence::Medium };
    let mut finding = Finding::new(control.rule, asset, message)
        .confidence(confidence)
        .path(path_of(asset, sources.path(at.file)))
        .lines(sources.line(at), sources.end_line(at))
        .offset(u64::from(at.start))
        .evidence("resource", address);
    if !witness.path.is_empty() {
        finding = finding.evidence("attribute", &witness.path);
    }
    finding.infrastructure = Some(Box::new(Infrastructure {
        resource: redacted(address),
        tier: control.tier,
        aliases: control.aliases.iter().map(|alias| alias.to_string()).collect(),
        value,
        provenance: provenance(outcome, sources, witness.at.unwrap_or(at), secret),
        unresolved: witness
            .unresolved
            .as_ref()
            .filter(|_| state == State::Unknown)
            .map(|unresolved| redacted(&unresolved.reference)),
        state,
        suppressed: suppression.map(|suppression| redacted(&suppression.reason)),
    }));
    finding
}

/// Why a question is open.
fn undecided(path: &str, witness: &Witness) -> String {
    let Some(unresolved) = &witness.unresolved else {
        return ": not decided, because a value is not known".to_owned();
    };
    let (reference, why) = (&unresolved.reference, unresolved.why);
    if path.is_empty() {
        format!(": not decided, because `{reference}` is not known ({why})")
    } else {
        format!(": not decided, because `{path}` depends on `{reference}`, which is not known ({why})")
    }
}

/// Must the value stay hidden, whoever forgot to declare it sensitive?
fn is_secret(control: &Control, witness: &Witness) -> bool {
    let last = witness.path.rsplit('.').next().unwrap_or_default();
    let origin = witness.value.as_ref().and_then(|value| value.from.as_ref());
    control.category == Category::Secrets
        || names_a_secret(last)
        || origin.is_some_and(|from| from.steps().any(|step| names_a_secret(&step.reference)))
}

/// "`public = var.open`, set in `prod.tfvars:3`".
fn provenance(outcome: &Outcome, sources: &Sources, at: Place, secret: bool) -> Option<String> {
    let value = outcome.witness.value.as_ref()?;
    let from = value.from.as_ref()?;
    let text = sources.text(at);
    // A whole block says less than the reference itself.
    let head = if secret || text.contains(['\n', '{']) || text.len() > 160 {
        None
    } else {
        Some(redacted(&squeezed(text)))
    };
    let mut out = String::new();
    for (index, step) in from.steps().enumerate() {
        match (index, &head) {
            (0, Some(head)) => out.push_str(&format!("`{head}`")),
            (0, None) => out.push_str(&format!("`{}`", step.reference)),
            _ => out.push_str(&format!("; `{}`", step.reference)),
        }
        if let Some(place) = step.at {
            out.push_str(&format!(", {} `{}`", step.how, sources.shown(place)));
        }
    }
    Some(out)
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
