//! Relatives of every kind and strangers that look alike, each made here from a seed.

use bartizan_core::Confidence;

use super::*;

fn told(a: &Sketch, b: &Sketch) -> (Relation, Descent) {
    let comparison = compare(a, b);
    (comparison.relation, comparison.descent)
}

/// One matrix, or all of them, by place.
fn zipped(a: &Tensors, b: &Tensors, mix: impl Fn(&[f32], &[f32]) -> Vec<f32>) -> Tensors {
    let one = |((name, shape, a), (_, _, b)): (&Tensor, &Tensor)| (name.clone(), shape.clone(), mix(a, b));
    a.iter().zip(b).map(one).collect()
}

/// Norms and biases as they are before training: the same in every model.
fn with_untrained_vectors(mut tensors: Tensors) -> Tensors {
    for layer in 0..2 {
        tensors.push((format!("{layer}.norm"), vec![48], vec![1.0; 48]));
        tensors.push((format!("{layer}.bias"), vec![96], vec![0.0; 96]));
    }
    tensors
}

/// Blocks of 32 as ggml's `block_q8_0` and `block_q4_0` lay them out: scale, then codes.
fn blocks(tensors: &Tensors, four: bool) -> Vec<TensorSource> {
    let block = |values: &[f32]| {
        let peak = values.iter().copied().fold(0.0f32, |most, v| if v.abs() > most.abs() { v } else { most });
        let scale = f16::from_f32(if four { peak / -8.0 } else { peak.abs() / 127.0 });
        let code = |value: f32| (value / scale.to_f32()).round();
        let mut bytes = scale.to_le_bytes().to_vec();
        let nibble = |value: f32| (code(value) + 8.0).clamp(0.0, 15.0) as u8;
        match four {
            true => bytes.extend((0..16).map(|i| nibble(values[i]) | nibble(values[i + 16]) << 4)),
            false => bytes.extend(values.iter().map(|value| code(*value) as i8 as u8)),
        }
        bytes
    };
    let source = |(name, shape, values): &Tensor| TensorSource {
        name: name.clone(),
        dtype: if four { "q4_0" } else { "q8_0" }.to_owned(),
        shape: shape.clone(),
        content: Content::from_bytes(values.chunks(32).flat_map(block).collect::<Vec<u8>>()),
    };
    tensors.iter().map(source).collect()
}

/// A model whose rows are a multiple of 32 long.
fn wide(seed: u64) -> Tensors {
    let mut random = Random::keyed(seed, 3, 3);
    [("embed", [300, 64]), ("0.q", [64, 64]), ("0.up", [160, 64]), ("0.down", [64, 160])]
        .map(|(name, shape)| drawn(&mut random, name, &shape))
        .to_vec()
}

#[test]
fn blocks_of_ggml_are_quantisations_of_the_model_they_were_made_from() {
    let base = wide(1);
    let a = sketch(sources(&base));
    for four in [false, true] {
        let quantised = sketch(blocks(&base, four));
        assert_eq!(told(&a, &quantised), (Relation::Quantised, Descent::BFromA));
        assert_eq!(told(&quantised, &a), (Relation::Quantised, Descent::AFromB));
        assert_eq!(relation(&sketch(sources(&wide(2))), &quantised), Relation::Unrelated);
    }
    // Two quantisations of one model know each other, too.
    assert_eq!(relation(&sketch(blocks(&base, false)), &sketch(blocks(&base, true))), Relation::Quantised);
}

#[test]
fn a_low_rank_update_merged_into_the_base_is_training() {
    let base = model(1);
    let a = sketch(sources(&base));
    let updated: Tensors = base
        .iter()
        .enumerate()
        .map(|(at, (name, shape, values))| {
            let mut random = Random::keyed(at as u64, 8, 8);
            let (rows, columns) = (shape[0] as usize, shape[1] as usize);
            let up = drawn(&mut random, "up", &[shape[0], 4]).2;
            let down = drawn(&mut random, "down", &[4, shape[1]]).2;
            let product =
                |i: usize, j: usize| (0..4).map(|k| up[i * 4 + k] * down[k * columns + j]).sum::<f32>();
            let values = (0..rows * columns).map(|at| values[at] + 0.1 * product(at / columns, at % columns));
            (name.clone(), shape.clone(), values.collect())
        })
        .collect();
    assert_eq!(relation(&a, &sketch(sources(&updated))), Relation::Finetuned);
}

#[test]
fn merges_with_any_weights_name_both_parents() {
    let (one, other) = (model(1), model(2));
    let linear = |share: f32| {
        zipped(&one, &other, |a, b| a.iter().zip(b).map(|(a, b)| share * a + (1.0 - share) * b).collect())
    };
    let spherical = |share: f32| {
        zipped(&one, &other, |a, b| {
            let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
            let angle = (dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()).acos();
            let (of_a, of_b) =
                ((share * angle).sin() / angle.sin(), ((1.0 - share) * angle).sin() / angle.sin());
            a.iter().zip(b).map(|(a, b)| of_a * a + of_b * b).collect()
        })
    };
    let parents = [sketch(sources(&one)), sketch(sources(&other))];
    for merged in [linear(0.3), linear(0.5), linear(0.7), spherical(0.3), spherical(0.5), spherical(0.6)] {
        let merged = sketch(sources(&merged));
        for parent in &parents {
            assert_eq!(relation(parent, &merged), Relation::Merge);
        }
        let graph = Graph::of(&[
            member("one", &parents[0], "mit", None),
            member("other", &parents[1], "mit", None),
            member("merged", &merged, "mit", None),
        ]);
        let from: Vec<&str> = graph
            .edges
            .iter()
            .filter(|edge| edge.kind == EdgeKind::MergedFrom && edge.directed)
            .map(|edge| graph.node(&edge.to).unwrap().name.as_str())
            .collect();
        assert!(from.contains(&"one") && from.contains(&"other") && from.len() == 2, "{from:?}");
    }
}

#[test]
fn pruning_of_any_strength_is_pruning() {
    let base = model(1);
    let a = sketch(sources(&base));
    for below in [0.2, 0.4, 0.7, 1.1] {
        let pruned = changed(&base, |_, value| if value.abs() < below { 0.0 } else { value });
        assert_eq!(told(&a, &sketch(sources(&pruned))), (Relation::Pruned, Descent::BFromA), "{below}");
    }
    // Values at places that have nothing to do with their size.
    let dropped = changed(&base, |at, value| if jitter(at) > 0.3 { 0.0 } else { value });
    assert_eq!(told(&sketch(sources(&dropped)), &a), (Relation::Pruned, Descent::AFromB));
}

#[test]
fn several_changes_at_once_leave_the_relation_visible() {
    let base = with_untrained_vectors(model(1));
    let a = sketch(sources(&base));
    let mut child: Tensors = changed(&base, |at, value| value + 0.05 * jitter(at));
    child.retain(|(name, _, _)| name != "embed");
    child.push(drawn(&mut Random::keyed(4, 4, 4), "classifier", &[7, 48]));
    child.reverse();
    for (at, tensor) in child.iter_mut().enumerate() {
        if tensor.1.len() == 2 && at % 2 == 0 {
            *tensor = transposed(tensor);
        }
        tensor.0 = format!("layer.{at}");
    }
    let brain = encoded(&child, "bf16", |value| bf16::from_f32(value).to_le_bytes().to_vec());
    assert_eq!(relation(&a, &sketch(brain)), Relation::Finetuned);
    let scaled = changed(&child, |_, value| 7.5 * value);
    assert_eq!(relation(&a, &sketch(sources(&scaled))), Relation::Finetuned);
}

#[test]
fn a_changed_value_that_no_sample_meets_is_seen_in_a_model_that_is_read_whole() {
    let base = model(1);
    let a = sketch(sources(&base));
    // The embedding has 9,600 elements, of which 2,048 are samples.
    for at in (5..9600).step_by(960) {
        let mut edited = base.clone();
        edited[0].2[at] += 1.0;
        let edited = sketch(sources(&edited));
        assert_ne!(a.digest(), edited.digest(), "{at}");
        assert_eq!(relation(&a, &edited), Relation::Finetuned, "{at}");
    }
}

#[test]
fn strangers_of_one_architecture_stay_strangers() {
    let base = sketch(sources(&with_untrained_vectors(model(1))));
    for seed in 2..12 {
        let other = with_untrained_vectors(model(seed));
        let comparison = compare(&base, &sketch(sources(&other)));
        assert_eq!(comparison.relation, Relation::Unrelated, "{seed}");
        assert!(comparison.score < 0.02, "{seed}: {}", comparison.score);
        let brain = encoded(&other, "bf16", |value| bf16::from_f32(value).to_le_bytes().to_vec());
        assert_eq!(relation(&base, &sketch(brain)), Relation::Unrelated, "{seed}");
    }
}

#[test]
fn norms_and_biases_in_common_relate_nobody() {
    let vectors: Tensors = (0..6)
        .map(|at| drawn(&mut Random::keyed(at, 2, 2), &format!("norm.{at}"), &[if at < 3 { 48 } else { 96 }]))
        .collect();
    let with_vectors = |seed| {
        let mut tensors = model(seed);
        tensors.extend(vectors.iter().map(|(name, shape, values)| {
            (name.clone(), shape.clone(), values.iter().map(|value| 1.0 + 0.1 * value).collect())
        }));
        tensors
    };
    let comparison = compare(&sketch(sources(&with_vectors(1))), &sketch(sources(&with_vectors(2))));
    assert_eq!(comparison.relation, Relation::Unrelated, "{comparison:?}");
}

#[test]
fn models_that_hold_constants_alone_are_not_related() {
    let constant = |value: f32, shape: [u64; 2]| {
        let count = (shape[0] * shape[1]) as usize;
        sketch(sources(&vec![("w".to_owned(), shape.to_vec(), vec![value; count])]))
    };
    for (one, other) in [(1.0, 1.0), (0.0, 0.0), (1.0, 2.0)] {
        let comparison = compare(&constant(one, [48, 48]), &constant(other, [48, 48]));
        assert_eq!((comparison.related, comparison.notes.len()), (false, 2), "{one} {other}");
    }
}

#[test]
fn tiny_models_are_not_related_by_chance() {
    let tiny = |seed: u64, shape: &[u64]| {
        let mut random = Random::keyed(seed, 4, 1);
        let tensors: Tensors = (0..3).map(|at| drawn(&mut random, &format!("t{at}"), shape)).collect();
        sketch(sources(&tensors))
    };
    for shape in [&[2u64, 2][..], &[4, 4], &[5, 5], &[8, 8], &[3, 12], &[20]] {
        let base = tiny(0, shape);
        for seed in 1..60 {
            let comparison = compare(&base, &tiny(seed, shape));
            assert!(!comparison.related, "{shape:?} {seed}: {comparison:?}");
        }
    }
}

#[test]
fn values_that_are_no_numbers_neither_relate_nor_stop_anything() {
    let base = model(1);
    let broken = changed(&base, |at, value| if at % 3 == 0 { f32::NAN } else { value });
    let infinite = changed(&model(2), |_, _| f32::INFINITY);
    let (a, broken, infinite) =
        (sketch(sources(&base)), sketch(sources(&broken)), sketch(sources(&infinite)));
    assert!(compare(&a, &broken).related);
    assert!(!compare(&a, &infinite).related && !compare(&infinite, &infinite).related);
}

#[test]
fn of_a_family_the_nearest_is_the_parent_and_the_card_that_keeps_silent_is_found_once() {
    let base = model(1);
    let tuned = changed(&base, |at, value| value + 0.1 * jitter(at));
    let rounded = changed(&base, |_, value| (value * 20.0).round() / 20.0);
    let graph = Graph::of(&[
        member("base", &sketch(sources(&base)), "mit", None),
        member("tuned", &sketch(sources(&tuned)), "mit", Some("base")),
        member("rounded", &sketch(sources(&rounded)), "mit", None),
    ]);
    let name = |id: &str| graph.node(id).unwrap().name.clone();
    let parents = |of: &str| {
        let up = graph.edges.iter().filter(|edge| edge.directed && name(&edge.from) == of);
        up.map(|edge| name(&edge.to)).collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(parents("rounded").into_iter().collect::<Vec<_>>(), ["base"]);
    assert_eq!(parents("tuned").into_iter().collect::<Vec<_>>(), ["base"]);
    let [finding] = graph.findings() else { panic!("{:?}", graph.findings()) };
    assert_eq!((finding.at.path.as_str(), finding.confidence), ("rounded", Confidence::High));
    assert!(finding.message.contains("`base`"), "{}", finding.message);
}

#[test]
fn training_the_norms_alone_is_training() {
    let mut base = model(1);
    base.push(drawn(&mut Random::keyed(3, 1, 4), "norm", &[48]));
    let a = sketch(sources(&base));
    let mut tuned = base.clone();
    if let Some((_, _, values)) = tuned.last_mut() {
        values.iter_mut().enumerate().for_each(|(at, value)| *value += 0.05 * jitter(at));
    }
    assert_eq!(relation(&a, &sketch(sources(&tuned))), Relation::Finetuned);
}

#[test]
fn norms_near_one_that_were_cast_are_no_training() {
    let mut base = model(1);
    for at in 0..8 {
        let (name, shape, values) = drawn(&mut Random::keyed(at, 1, 4), &format!("norm.{at}"), &[48]);
        base.push((name, shape, values.iter().map(|value| 1.0 + 0.1 * value).collect()));
    }
    let brain = encoded(&base, "bf16", |value| bf16::from_f32(value).to_le_bytes().to_vec());
    assert_eq!(relation(&sketch(sources(&base)), &sketch(brain)), Relation::SameWeightsCast);
}
