//! The model card of a component.

use std::collections::BTreeSet;

use bartizan_core::Direction;

use super::document::{
    Considerations, DatasetReference, Environment, Fairness, Format, ModelCard, ModelParameters, Named,
    PerformanceMetric, Property, QuantitativeAnalysis,
};
use crate::bom::{Graph, Relation, graph};

/// Everything that the component's card says about a subject.
pub(in crate::bom) fn statements<'a>(
    node: &'a graph::Component,
    about: &str,
) -> impl Iterator<Item = String> + use<'a> {
    let all: BTreeSet<&str> = node
        .statements
        .iter()
        .filter(|(subject, _)| *subject == about)
        .map(|(_, text)| text.as_str())
        .collect();
    all.into_iter().map(str::to_owned)
}

/// The same as one text.
pub(super) fn joined(node: &graph::Component, about: &str) -> Option<String> {
    let all: Vec<String> = statements(node, about).collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

/// `None` when nothing is known.
pub(super) fn model_card(graph: &Graph, at: usize, node: &graph::Component) -> Option<ModelCard> {
    let parameters = parameters(graph, at, node);
    let metrics: Vec<PerformanceMetric> = node
        .metrics
        .iter()
        .map(|metric| PerformanceMetric {
            kind: metric.name.clone(),
            value: metric.value.clone(),
            slice: metric.slice.clone(),
        })
        .collect();
    let mut properties: BTreeSet<Property> = BTreeSet::new();
    for about in ["training", "out-of-scope", "citation"] {
        for value in statements(node, about) {
            properties.insert(Property { name: format!("bartizan:{about}"), value });
        }
    }
    let considerations = considerations(node);
    let is_empty = metrics.is_empty()
        && considerations.is_none()
        && properties.is_empty()
        && parameters.task.is_none()
        && parameters.model_architecture.is_none()
        && parameters.datasets.is_empty()
        && parameters.inputs.is_empty()
        && parameters.outputs.is_empty();
    (!is_empty).then(|| ModelCard {
        model_parameters: parameters,
        quantitative_analysis: (!metrics.is_empty())
            .then_some(QuantitativeAnalysis { performance_metrics: metrics }),
        considerations,
        properties: properties.into_iter().collect(),
    })
}

fn parameters(graph: &Graph, at: usize, node: &graph::Component) -> ModelParameters {
    let architecture = node.model.get("architecture").cloned();
    let datasets: BTreeSet<&str> = graph
        .links_of(at)
        .iter()
        .filter(|link| matches!(link.relation, Relation::TrainedOn | Relation::EvaluatedOn))
        .filter_map(|link| graph.components.get(link.parent))
        .map(|dataset| dataset.reference.as_str())
        .collect();
    let ports = |direction: Direction| {
        node.ports
            .iter()
            .filter(|port| port.direction == direction)
            .map(|port| Format { format: port.format.clone() })
            .collect()
    };
    ModelParameters {
        task: node.model.get("task").cloned(),
        architecture_family: architecture.as_deref().and_then(family),
        model_architecture: architecture,
        datasets: datasets
            .into_iter()
            .map(|reference| DatasetReference { reference: reference.to_owned() })
            .collect(),
        inputs: ports(Direction::Input),
        outputs: ports(Direction::Output),
    }
}

/// `LlamaForCausalLM` is a Llama.
fn family(architecture: &str) -> Option<String> {
    let (family, _) = architecture.split_once("For")?;
    (!family.is_empty()).then(|| family.to_owned())
}

fn considerations(node: &graph::Component) -> Option<Considerations> {
    let environment: Vec<Property> = statements(node, "environment")
        .map(|value| Property { name: "bartizan:environment".to_owned(), value })
        .collect();
    let all = Considerations {
        use_cases: statements(node, "use").collect(),
        technical_limitations: statements(node, "limitation").collect(),
        ethical_considerations: statements(node, "ethics").map(|name| Named { name }).collect(),
        fairness_assessments: statements(node, "bias").map(|harms| Fairness { harms }).collect(),
        environmental_considerations: (!environment.is_empty())
            .then_some(Environment { properties: environment }),
    };
    let is_empty = all.use_cases.is_empty()
        && all.technical_limitations.is_empty()
        && all.ethical_considerations.is_empty()
        && all.fairness_assessments.is_empty()
        && all.environmental_considerations.is_none();
    (!is_empty).then_some(all)
}
