//! Lineage from end to end, on models that are made here.

mod relatives;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bartizan_core::{Content, ReadAt};
use half::{bf16, f16};
use proptest::prelude::*;

use super::{
    graph::{Declared, EdgeKind, Graph, Member, Source},
    view::Random,
    *,
};

/// A tensor of about normal values.
fn drawn(random: &mut Random, name: &str, shape: &[u64]) -> (String, Vec<u64>, Vec<f32>) {
    let count = shape.iter().product::<u64>();
    let mut uniform = || (random.below(1 << 24) as f32 + 0.5) / (1 << 24) as f32;
    let values = (0..count).map(|_| (0..12).map(|_| uniform()).sum::<f32>() - 6.0).collect();
    (name.to_owned(), shape.to_vec(), values)
}

/// Name, shape, values.
type Tensor = (String, Vec<u64>, Vec<f32>);
type Tensors = Vec<Tensor>;

fn model(seed: u64) -> Tensors {
    let mut random = Random::keyed(seed, 7, 7);
    let mut tensors = vec![drawn(&mut random, "embed", &[200, 48])];
    for layer in 0..2 {
        for (name, shape) in [("q", [48, 48]), ("v", [48, 48]), ("up", [96, 48]), ("down", [48, 96])] {
            tensors.push(drawn(&mut random, &format!("{layer}.{name}"), &shape));
        }
    }
    tensors
}

fn sources(tensors: &Tensors) -> Vec<TensorSource> {
    encoded(tensors, "f32", |value| value.to_le_bytes().to_vec())
}

fn encoded(tensors: &Tensors, dtype: &str, encode: impl Fn(f32) -> Vec<u8>) -> Vec<TensorSource> {
    let source = |(name, shape, values): &(String, Vec<u64>, Vec<f32>)| TensorSource {
        name: name.clone(),
        dtype: dtype.to_owned(),
        shape: shape.clone(),
        content: Content::from_bytes(values.iter().flat_map(|value| encode(*value)).collect::<Vec<u8>>()),
    };
    tensors.iter().map(source).collect()
}

fn sketch(sources: Vec<TensorSource>) -> Sketch {
    let sketch = Sketch::of("test", sources, &|| false);
    assert_eq!(sketch.gaps, Vec::<String>::new());
    sketch
}

fn changed(tensors: &Tensors, change: impl Fn(usize, f32) -> f32) -> Tensors {
    let change = |(name, shape, values): &(String, Vec<u64>, Vec<f32>)| {
        let values = values.iter().enumerate().map(|(at, value)| change(at, *value)).collect();
        (name.clone(), shape.clone(), values)
    };
    tensors.iter().map(change).collect()
}

/// Noise that depends on the place alone.
fn jitter(at: usize) -> f32 {
    let mut random = Random::keyed(at as u64, 99, 1);
    (0..12).map(|_| random.below(1 << 20) as f32 / (1 << 20) as f32).sum::<f32>() - 6.0
}

fn relation(a: &Sketch, b: &Sketch) -> Relation {
    let comparison = compare(a, b);
    assert_eq!(comparison.related, comparison.relation != Relation::Unrelated);
    comparison.relation
}

#[test]
fn each_relative_is_told_by_its_weights() {
    let base = model(1);
    let a = sketch(sources(&base));
    let mut renamed: Tensors = base
        .iter()
        .enumerate()
        .map(|(at, (_, shape, values))| (format!("t{at}"), shape.clone(), values.clone()))
        .collect();
    renamed.reverse();
    assert_eq!(relation(&a, &sketch(sources(&renamed))), Relation::SameWeights);
    assert_eq!(relation(&a, &sketch(sources(&changed(&base, |_, v| 3.0 * v)))), Relation::SameWeights);
    let halves = encoded(&base, "f16", |value| f16::from_f32(value).to_le_bytes().to_vec());
    assert_eq!(relation(&a, &sketch(halves)), Relation::SameWeightsCast);
    let brain = encoded(&renamed, "bf16", |value| bf16::from_f32(value).to_le_bytes().to_vec());
    assert_eq!(relation(&a, &sketch(brain)), Relation::SameWeightsCast);
    let bytes = encoded(&base, "i8", |value| ((value * 20.0).round() as i8).to_le_bytes().to_vec());
    let quantised = compare(&a, &sketch(bytes));
    assert_eq!((quantised.relation, quantised.descent), (Relation::Quantised, Descent::BFromA));
    assert_eq!(
        relation(&a, &sketch(sources(&changed(&base, |_, v| (v * 20.0).round() / 20.0)))),
        Relation::Quantised
    );
    let tuned = changed(&base, |at, value| value + 0.1 * jitter(at));
    assert_eq!(relation(&a, &sketch(sources(&tuned))), Relation::Finetuned);
    let pruned = compare(&a, &sketch(sources(&changed(&base, |_, v| if v.abs() < 0.4 { 0.0 } else { v }))));
    assert_eq!((pruned.relation, pruned.descent), (Relation::Pruned, Descent::BFromA));
    assert_eq!(relation(&a, &sketch(sources(&model(2)))), Relation::Unrelated);
}

#[test]
fn a_mean_with_other_weights_is_a_merge_of_both() {
    let (base, other) = (model(1), model(2));
    let mixed: Tensors = base
        .iter()
        .zip(&other)
        .map(|((name, shape, a), (_, _, b))| {
            (name.clone(), shape.clone(), a.iter().zip(b).map(|(a, b)| 0.5 * a + 0.5 * b).collect())
        })
        .collect();
    let mixed = sketch(sources(&mixed));
    for parent in [base, other] {
        let comparison = compare(&sketch(sources(&parent)), &mixed);
        assert_eq!((comparison.relation, comparison.descent), (Relation::Merge, Descent::BFromA));
    }
}

fn transposed((name, shape, values): &(String, Vec<u64>, Vec<f32>)) -> (String, Vec<u64>, Vec<f32>) {
    let (rows, columns) = (shape[0] as usize, shape[1] as usize);
    let values = (0..columns).flat_map(|j| (0..rows).map(move |i| values[i * columns + j])).collect();
    (name.clone(), vec![shape[1], shape[0]], values)
}

#[test]
fn layers_stored_the_other_way_round_are_the_same() {
    let base = model(3);
    let turned: Tensors = base.iter().map(transposed).collect();
    assert_eq!(relation(&sketch(sources(&base)), &sketch(sources(&turned))), Relation::SameWeights);
}

fn in_order((name, shape, values): &(String, Vec<u64>, Vec<f32>), seed: u64) -> (String, Vec<u64>, Vec<f32>) {
    let (rows, columns) = (shape[0] as usize, shape[1] as usize);
    let mut random = Random::keyed(seed, 5, 5);
    let mut shuffle = |count: usize| {
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, random.below(at as u64 + 1) as usize);
        }
        order
    };
    let (by_row, by_column) = (shuffle(rows), shuffle(columns));
    let values = by_row.iter().flat_map(|i| by_column.iter().map(|j| values[*i * columns + *j])).collect();
    (name.clone(), shape.clone(), values)
}

#[test]
fn rows_and_columns_in_another_order_are_recognised_and_scattered_values_are_not() {
    let base = model(4);
    let a = sketch(sources(&base));
    let permuted: Tensors = base.iter().enumerate().map(|(at, tensor)| in_order(tensor, at as u64)).collect();
    assert_eq!(relation(&a, &sketch(sources(&permuted))), Relation::Permuted);
    let scattered: Tensors = base
        .iter()
        .map(|(name, shape, values)| {
            let flat = in_order(&(name.clone(), vec![values.len() as u64, 1], values.clone()), 8);
            (name.clone(), shape.clone(), flat.2)
        })
        .collect();
    assert_eq!(relation(&a, &sketch(sources(&scattered))), Relation::Unrelated);
    // The hidden units of single layers: everything else stays where it was.
    let some: Tensors = base
        .iter()
        .map(|tensor| if tensor.0.ends_with("up") { in_order(tensor, 3) } else { tensor.clone() })
        .collect();
    assert_eq!(relation(&a, &sketch(sources(&some))), Relation::Permuted);
}

#[test]
fn a_longer_vocabulary_and_a_new_head_do_not_hide_the_base() {
    let base = model(5);
    let a = sketch(sources(&base));
    let mut grown = base.clone();
    let more = drawn(&mut Random::keyed(6, 6, 6), "more", &[9, 48]);
    if let Some((_, shape, values)) = grown.first_mut() {
        shape[0] += 9;
        values.extend(more.2);
    }
    let comparison = compare(&a, &sketch(sources(&grown)));
    assert_eq!(comparison.relation, Relation::Finetuned);
    assert_eq!(comparison.tensors.len(), base.len());
    grown.push(drawn(&mut Random::keyed(9, 6, 6), "head", &[5, 48]));
    assert_eq!(relation(&a, &sketch(sources(&grown))), Relation::Finetuned);
    let shorter: Tensors = base.iter().filter(|(name, _, _)| !name.starts_with("1.")).cloned().collect();
    assert_eq!(relation(&a, &sketch(sources(&shorter))), Relation::Pruned);
}

#[test]
fn tables_that_every_model_has_relate_nobody() {
    let with_table = |seed| {
        let table =
            (0..256 * 64).map(|at| ((at / 64) as f32 / 10_000f32.powf((at % 64) as f32 / 64.0)).sin());
        let mut tensors = vec![("table".to_owned(), vec![256, 64], table.collect())];
        tensors.push(drawn(&mut Random::keyed(seed, 1, 1), "w", &[48, 48]));
        tensors
    };
    let comparison = compare(&sketch(sources(&with_table(1))), &sketch(sources(&with_table(2))));
    assert_eq!(comparison.relation, Relation::Unrelated);
    assert_eq!(comparison.tensors.len(), 1);
}

#[test]
fn what_cannot_be_read_is_named() {
    let mut given = sources(&model(1));
    given.push(TensorSource {
        name: "odd".to_owned(),
        dtype: "iq4_nl".to_owned(),
        shape: vec![32],
        content: Content::from_bytes(vec![0; 18]),
    });
    given.push(TensorSource {
        name: "short".to_owned(),
        dtype: "f32".to_owned(),
        shape: vec![1 << 40],
        content: Content::from_bytes(vec![0; 18]),
    });
    let sketch = Sketch::of("test", given, &|| false);
    assert_eq!(sketch.gaps.len(), 2, "{:?}", sketch.gaps);
    assert!(sketch.gaps.iter().any(|gap| gap.contains("iq4_nl")));
    assert_eq!(sketch.tensors(), 9);
}

/// As many bytes as asked for, made from their addresses.
struct Endless {
    size: u64,
    read: AtomicU64,
}

impl ReadAt for Endless {
    fn size(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.read.fetch_add(buffer.len() as u64, Ordering::Relaxed);
        for (at, byte) in buffer.iter_mut().enumerate() {
            // bfloat16 between 2^-7 and 2: the high bytes from a narrow range.
            let place = offset + at as u64;
            let mixed = (place >> 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40;
            *byte = if place.is_multiple_of(2) { mixed as u8 } else { 0x3c + (mixed >> 8) as u8 % 4 };
        }
        Ok(buffer.len())
    }
}

#[test]
fn of_a_model_with_seven_billion_parameters_less_than_one_percent_is_read() {
    let mut shapes = vec![vec![32_000, 4096], vec![32_000, 4096], vec![4096]];
    for _ in 0..32 {
        shapes.extend(std::iter::repeat_n(vec![4096, 4096], 4));
        shapes.extend([vec![11_008, 4096], vec![11_008, 4096], vec![4096, 11_008], vec![4096], vec![4096]]);
    }
    let size: u64 = shapes.iter().map(|shape| 2 * shape.iter().product::<u64>()).sum();
    let endless = Arc::new(Endless { size, read: AtomicU64::new(0) });
    let whole = Content::from_source(endless.clone());
    let mut at = 0;
    let tensors = shapes.into_iter().enumerate().map(|(index, shape)| {
        let length = 2 * shape.iter().product::<u64>();
        let content = whole.slice(at, length).unwrap();
        at += length;
        TensorSource { name: format!("t{index}"), dtype: "bf16".to_owned(), shape, content }
    });
    let sketch = sketch(tensors.collect());
    let read = endless.read.load(Ordering::Relaxed);
    assert!(read * 100 < size, "{read} of {size} bytes");
    assert_eq!(sketch.read, read);
    let kept = sketch.to_bytes().len();
    assert!(kept < 2_000_000, "{kept} bytes are kept");
}

fn member(path: &str, sketch: &Sketch, licence: &str, base: Option<&str>) -> Member {
    Member {
        path: path.to_owned(),
        names: vec![path.to_owned()],
        sketch: sketch.clone(),
        files: Default::default(),
        declared: base
            .map(|target| Declared {
                kind: EdgeKind::FineTunedFrom,
                target: target.to_owned(),
                source: Source::Card,
            })
            .into_iter()
            .collect(),
        licences: vec![licence.to_owned()],
        has_card: true,
    }
}

#[test]
fn declarations_that_the_weights_contradict_and_looser_licences_are_found() {
    let base = model(1);
    let parent = sketch(sources(&base));
    let child = sketch(sources(&changed(&base, |at, value| value + 0.1 * jitter(at))));
    let stranger = sketch(sources(&model(2)));
    let graph = Graph::of(&[
        member("org/parent", &parent, "cc-by-nc-4.0", None),
        member("org/child", &child, "apache-2.0", Some("Org/Parent")),
        member("org/liar", &stranger, "mit", Some("org/parent")),
    ]);
    let found: Vec<(&str, &str)> =
        graph.findings().iter().map(|finding| (finding.rule.id, finding.at.path.as_str())).collect();
    assert!(found.contains(&("provenance/lineage-disagrees", "org/liar")), "{found:?}");
    assert!(found.contains(&("provenance/licence-looser-than-ancestor", "org/child")), "{found:?}");
    assert!(!found.contains(&("provenance/lineage-disagrees", "org/child")), "{found:?}");
    // What was not made from it owes it nothing.
    assert!(!found.contains(&("provenance/licence-looser-than-ancestor", "org/liar")), "{found:?}");
    let observed = graph.edges.iter().find(|edge| edge.source == Source::Weights).unwrap();
    assert!(observed.directed && graph.node(&observed.to).unwrap().name == "org/parent");
    insta::assert_snapshot!(tree(&graph));
    assert!(dot(&graph).starts_with("digraph lineage {"));
}

#[test]
fn models_that_declare_each_other_make_a_graph_that_ends() {
    let one = sketch(sources(&model(1)));
    let other = sketch(sources(&changed(&model(1), |at, value| value + 0.1 * jitter(at))));
    let graph = Graph::of(&[
        member("one", &one, "mit", Some("other")),
        member("other", &other, "cc-by-nc-4.0", Some("one")),
        member("\u{1b}[31m\n\"self", &sketch(sources(&model(2))), "mit", Some("\u{1b}[31m\n\"self")),
    ]);
    let tree = tree(&graph);
    assert!(tree.contains("one (mit)") && tree.contains("other (cc-by-nc-4.0)"), "{tree}");
    for text in [tree, dot(&graph)] {
        assert!(!text.contains('\u{1b}') && text.lines().count() < 20, "{text}");
    }
    assert!(graph.findings().iter().any(|finding| finding.rule.id == LICENCE_LOOSER.id));
}

#[test]
fn a_card_that_keeps_silent_about_the_base_is_found() {
    let base = model(1);
    let parent = sketch(sources(&base));
    let child = sketch(sources(&changed(&base, |_, v| if v.abs() < 0.4 { 0.0 } else { v })));
    let graph = Graph::of(&[member("parent", &parent, "mit", None), member("child", &child, "mit", None)]);
    let paths: Vec<&str> = graph.findings().iter().map(|finding| finding.at.path.as_str()).collect();
    assert_eq!(paths, ["child"]);
}

#[test]
fn a_sketch_is_the_same_after_it_was_kept_and_its_digest_ignores_names() {
    let one = sketch(sources(&model(1)));
    let kept = Sketch::from_bytes(&one.to_bytes()).unwrap();
    assert_eq!(kept, one);
    let mut renamed: Tensors = model(1).into_iter().map(|(name, s, v)| (format!("x.{name}"), s, v)).collect();
    renamed.reverse();
    assert_eq!(sketch(sources(&renamed)).digest(), one.digest());
    assert_ne!(sketch(sources(&model(2))).digest(), one.digest());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damaged_sketches_are_refused(at in 0usize..4000, bit in 0u8..8, cut in 0usize..4000) {
        let mut random = Random::keyed(1, 1, 1);
        let whole = sketch(sources(&vec![drawn(&mut random, "w", &[48, 48])])).to_bytes();
        let mut flipped = whole.clone();
        let place = at % flipped.len();
        flipped[place] ^= 1 << bit;
        prop_assert!(Sketch::from_bytes(&flipped).is_err());
        prop_assert!(Sketch::from_bytes(&whole[..cut % whole.len()]).is_err());
    }

    #[test]
    fn bodies_that_no_sketch_has_never_panic(body in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut bytes = b"bartizan-sketch\0\x01".to_vec();
        bytes.extend_from_slice(blake3::hash(&body).as_bytes());
        bytes.extend(&body);
        if let Ok(sketch) = Sketch::from_bytes(&bytes) {
            let _ = compare(&sketch, &sketch);
        }
    }

    #[test]
    fn tensors_of_any_shape_are_sketched_and_kept(
        shape in proptest::collection::vec(0u64..40, 0..5),
        seed in any::<u64>(),
    ) {
        let tensor = drawn(&mut Random::keyed(seed, 0, 0), "w", &shape);
        let one = Sketch::of("s", sources(&vec![tensor]), &|| false);
        prop_assert_eq!(&Sketch::from_bytes(&one.to_bytes()).unwrap(), &one);
        prop_assert!(compare(&one, &one).score >= 0.0);
    }

    #[test]
    fn lying_tensors_never_panic(
        dtype in proptest::sample::select(vec!["f32", "q4_k", "i8", "bf16", "x", "q6_k"]),
        shape in proptest::collection::vec(any::<u64>(), 0..4),
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let content = Content::from_bytes(bytes);
        let source = TensorSource { name: "w".into(), dtype: dtype.into(), shape, content };
        let one = Sketch::of("s", vec![source], &|| false);
        let _ = compare(&one, &one);
    }
}
