//! Turns what a graph does into findings.

use std::collections::BTreeMap;

use bartizan_core::{Asset, Context, Finding, Inspection, Severity, redacted};

use super::{
    graph::{Constant, Graphs, Node, Place, Scope, Tracer},
    knowledge::{self, Operand, Operator, Worth},
    rules,
};
use crate::location;

/// Judges everything that was found.
pub(super) fn judge(asset: &Asset, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    suspects(asset, graphs, context, inspection);
    assets(asset, graphs, context, inspection);
    custom(asset, graphs, inspection);
}

/// A place in the asset.
fn at(finding: Finding, place: Place) -> Finding {
    match place {
        Place::Offset(offset) => finding.offset(offset),
        Place::Line(line) => finding.line(line),
    }
}

/// The same deed done several times is one finding.
struct Deed<'a> {
    scope: &'a Scope,
    node: &'a Node,
    operator: &'static Operator,
    severity: Severity,
    content: Option<String>,
    count: u64,
}

fn suspects(asset: &Asset, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    let mut tracer = Tracer::new(graphs);
    let mut deeds: BTreeMap<(&str, Vec<String>), Deed<'_>> = BTreeMap::new();
    for (visited, (index, node)) in graphs.suspects.iter().enumerate() {
        if visited.is_multiple_of(1024) && context.interrupted() {
            inspection.coverage.miss("the time ran out before all operators were judged");
            break;
        }
        let (Some(operator), Some(scope)) =
            (knowledge::operator_named(&node.operator), graphs.scopes.get(*index))
        else {
            continue;
        };
        let targets = targets(operator, node, *index, &mut tracer);
        let Some(severity) = severity(operator, &targets, graphs) else { continue };
        let texts: Vec<String> = targets.into_iter().map(|target| target.text).collect();
        let content = operator
            .content
            .and_then(|content| node.input(content))
            .and_then(|input| tracer.strings(*index, input).into_iter().next())
            .map(|constant| constant.text);
        let deed = Deed { scope, node, operator, severity, content, count: 0 };
        let same = deeds.entry((&node.operator, texts)).or_insert(deed);
        same.count += 1;
        same.severity = same.severity.max(severity);
    }
    // The worst ones come first: many harmless ones must not push them over the limit.
    let mut deeds: Vec<_> = deeds.into_iter().collect();
    deeds.sort_by_key(|(_, deed)| std::cmp::Reverse(deed.severity));
    for ((_, targets), deed) in deeds.into_iter().take(context.limits.findings) {
        inspection.find(finding(asset, &targets, &deed));
    }
}

/// The constant paths or addresses that an operator is given.
fn targets(operator: &Operator, node: &Node, scope: usize, tracer: &mut Tracer<'_>) -> Vec<Constant> {
    match operator.target {
        Operand::Nothing => Vec::new(),
        Operand::Input(index) => {
            node.input(index).map(|input| tracer.strings(scope, input)).unwrap_or_default()
        }
        Operand::Attribute(key) => {
            let texts = node.attribute(key).iter().filter(|text| !text.is_empty());
            texts.map(|text| Constant { node: String::new(), text: text.clone() }).collect()
        }
    }
}

fn severity(operator: &Operator, targets: &[Constant], graphs: &Graphs) -> Option<Severity> {
    match operator.worth {
        Worth::Always(severity) => Some(severity),
        Worth::Given(severity, harmless) => {
            let harmful = |target: &Constant| !harmless.iter().any(|prefix| target.text.starts_with(prefix));
            targets.iter().any(harmful).then_some(severity)
        }
        Worth::Outside(severity) => {
            let constant = |tensor: &str, target: &Constant| tensor.split(':').next() == Some(&target.node);
            // A loader replaces an asset's constant by the file below `assets`.
            let is_asset =
                |target: &&Constant| graphs.assets.iter().any(|(tensor, _)| constant(tensor, target));
            let outside = |target: &&Constant| location::escape(&target.text).is_some();
            let mut leading = targets.iter().filter(outside).filter(|target| !is_asset(target)).peekable();
            leading.peek()?;
            // A training graph still has the path on the machine that it was made on.
            let declared = |target: &Constant| graphs.declared.iter().any(|tensor| constant(tensor, target));
            Some(if leading.all(declared) { Severity::Low } else { severity })
        }
    }
}

fn finding(asset: &Asset, targets: &[String], deed: &Deed<'_>) -> Finding {
    let Deed { scope, node, operator, .. } = deed;
    let shown: Vec<String> = targets.iter().map(|target| format!("`{}`", redacted(target))).collect();
    let what = operator.deed(&shown);
    let operator_name = redacted(&node.operator);
    let mut place = String::new();
    if let Some(constant) = &scope.hidden_in {
        place = format!(", in a graph inside the constant `{}`", redacted(constant));
    } else if let Some(function) = &scope.function {
        place = format!(", in its function `{}`", redacted(function));
    }
    let times = if deed.count > 1 { format!(", {} times", deed.count) } else { String::new() };
    let message = format!("When it runs, this graph {what} ({operator_name}{place}{times}).");
    let finding = Finding::new(operator.rule, asset, message).severity(deed.severity);
    let mut finding =
        at(finding, node.place).evidence("operator", &node.operator).evidence("node", &node.name);
    for target in targets {
        finding = finding.evidence("target", target);
    }
    if let Some(content) = &deed.content {
        finding = finding.evidence("content", content);
    }
    if let Some(function) = &scope.function {
        finding = finding.evidence("function", function);
    }
    if let Some(constant) = &scope.hidden_in {
        finding = finding.evidence("constant", constant);
    }
    finding
}

fn assets(asset: &Asset, graphs: &Graphs, context: &Context<'_>, inspection: &mut Inspection) {
    for (_, file) in graphs.assets.iter().take(context.limits.findings) {
        let Some(escape) = location::escape(file) else { continue };
        let message =
            format!("On load, this model reads the asset `{}`, which {}.", redacted(file), escape.words());
        inspection.find(Finding::new(&rules::ASSET, asset, message).evidence("asset", file));
    }
}

fn custom(asset: &Asset, graphs: &Graphs, inspection: &mut Inspection) {
    let foreign = |name: &&String| {
        !knowledge::is_standard(name)
            && !graphs.functions.contains(*name)
            && knowledge::operator_named(name).is_none()
    };
    let names: Vec<&String> = graphs.operators.keys().filter(foreign).collect();
    for (companion, severity) in [(true, Severity::Info), (false, Severity::Low)] {
        let names: Vec<&String> =
            names.iter().copied().filter(|name| knowledge::is_companion(name) == companion).collect();
        let Some(first) = names.first().and_then(|name| graphs.operators.get(*name)) else { continue };
        let listed = names.iter().take(8).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let message = format!("To run, this graph needs native code for {}.", redacted(&listed));
        let finding = Finding::new(&rules::CUSTOM, asset, message).severity(severity);
        inspection.find(at(finding, first.place).evidence("operators", &listed));
    }
}
