//! What training must keep: right gradients, convergence, the same weights from the same seed, and agreement with the
//! inference that ships without it.
#![cfg(feature = "train")]
#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that meets something unexpected ends there; clippy knows test functions only"
)]

use bartizan_learn::{
    Architecture, Network, Sequence,
    evaluation::auc,
    random::Random,
    train::{self, Example, Options, Pair},
    weights,
};

fn architecture() -> Architecture {
    Architecture {
        buckets: 40,
        embedding: 4,
        widths: vec![1, 3, 5],
        channels: 5,
        hidden: 6,
        categories: 3,
        context: true,
    }
}

fn text(random: &mut Random) -> Sequence {
    let positions = (0..2 + random.below(9))
        .map(|_| (0..1 + random.below(4)).map(|_| u32::try_from(1 + random.below(39)).unwrap()).collect())
        .collect();
    Sequence { positions }
}

fn texts(count: usize) -> Vec<Sequence> {
    let mut random = Random::new(11);
    (0..count).map(|_| text(&mut random)).collect()
}

/// Larger weights than training starts from, so that no gradient is lost in rounding.
fn network() -> Network {
    let mut network = weights::random(&architecture(), &mut Random::new(2)).unwrap();
    network.embedding.iter_mut().for_each(|value| *value *= 40.0);
    network
}

#[test]
fn inference_in_plain_rust_agrees_with_the_training_graph() {
    let texts = texts(30);
    let network = network();
    let graph = train::logits(&network, &texts.iter().collect::<Vec<_>>()).unwrap();
    for (text, expected) in texts.iter().zip(graph) {
        for (ours, theirs) in network.logits(text).iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} {theirs}");
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences_in_every_tensor() {
    let texts = texts(12);
    let examples: Vec<Example<'_>> = texts[..8]
        .iter()
        .enumerate()
        .map(|(i, sequence)| Example {
            sequence,
            category: i % 3,
            label: i % 2 == 0,
            weight: 1.0 + (i % 3) as f32,
        })
        .collect();
    let pairs = [
        Pair { lower: &texts[8], higher: &texts[9], category: 0 },
        Pair { lower: &texts[10], higher: &texts[11], category: 2 },
    ];
    let options = Options::default();
    let network = network();
    let (_, gradients) = train::loss_and_gradients(&network, &options, &examples, &pairs).unwrap();
    let loss = |network: &Network| {
        f64::from(train::loss_and_gradients(network, &options, &examples, &pairs).unwrap().0)
    };
    let step = 1e-3_f32;
    let mut random = Random::new(4);
    for (tensor, gradient) in gradients.iter().enumerate() {
        for _ in 0..6 {
            let index = random.below(gradient.len());
            let moved = |by: f32| {
                let mut other = network.clone();
                *value_mut(&mut other, tensor, index) += by;
                loss(&other)
            };
            let numeric = (moved(step) - moved(-step)) / f64::from(2.0 * step);
            let exact = f64::from(gradient[index]);
            // A maximum or a ReLU may switch within the step, where the loss has a kink.
            assert!(
                (numeric - exact).abs() < 2e-3 + 0.03 * exact.abs(),
                "tensor {tensor} [{index}]: {numeric} {exact}"
            );
        }
        assert!(gradient.iter().any(|value| *value != 0.0), "tensor {tensor} gets no gradient");
    }
}

fn value_mut(network: &mut Network, tensor: usize, index: usize) -> &mut f32 {
    let convolutions = network.architecture.widths.len() * 2;
    let values = match tensor {
        0 => &mut network.embedding,
        t if t <= convolutions && t % 2 == 1 => &mut network.convolutions[(t - 1) / 2].weight,
        t if t <= convolutions => &mut network.convolutions[(t - 1) / 2].bias,
        t if t == convolutions + 1 => &mut network.hidden.weight,
        t if t == convolutions + 2 => &mut network.hidden.bias,
        t if t == convolutions + 3 => &mut network.heads.weight,
        _ => &mut network.heads.bias,
    };
    &mut values[index]
}

/// Texts in which token 5 right after token 9 decides: a bag of tokens cannot tell, a convolution can.
fn ordered(count: usize) -> Vec<(Sequence, bool)> {
    let mut random = Random::new(8);
    (0..count)
        .map(|i| {
            let mut text = Sequence {
                positions: (0..8).map(|_| vec![u32::try_from(10 + random.below(29)).unwrap()]).collect(),
            };
            let at = random.below(7);
            let label = i % 2 == 0;
            let (first, second) = if label { (9, 5) } else { (5, 9) };
            text.positions[at] = vec![first];
            text.positions[at + 1] = vec![second];
            (text, label)
        })
        .collect()
}

fn learn(seed: u64, epochs: usize) -> (Network, Vec<(Sequence, bool)>) {
    let all = ordered(400);
    let examples: Vec<Example<'_>> = all[..300]
        .iter()
        .map(|(sequence, label)| Example { sequence, category: 1, label: *label, weight: 1.0 })
        .collect();
    let options =
        Options { epochs, seed, learning_rate: 1e-2, dropout: 0.1, token_dropout: 0.0, ..Options::default() };
    let architecture = Architecture { channels: 12, hidden: 12, embedding: 8, ..architecture() };
    let network = train::train(&architecture, &options, &examples, &[], &mut |_, _| true).unwrap();
    (network, all)
}

#[test]
fn training_learns_an_order_that_no_bag_of_tokens_can_show() {
    let (network, all) = learn(1, 12);
    let scores: Vec<(f64, bool)> =
        all[300..].iter().map(|(text, label)| (f64::from(network.logits(text)[1]), *label)).collect();
    assert!(auc(&scores).unwrap() > 0.97, "{:?}", auc(&scores));
}

#[test]
fn the_same_seed_gives_the_same_weights_bit_for_bit_and_another_seed_gives_others() {
    let bits = |network: &Network| -> Vec<u32> {
        network
            .tensors()
            .iter()
            .flat_map(|(_, _, values)| values.iter().map(|value| value.to_bits()))
            .collect()
    };
    let first = bits(&learn(3, 2).0);
    assert_eq!(first, bits(&learn(3, 2).0));
    assert_ne!(first, bits(&learn(4, 2).0));
}

#[test]
fn pairs_alone_teach_which_text_belongs_more() {
    let all = ordered(200);
    let (yes, no): (Vec<_>, Vec<_>) = all.iter().partition(|(_, label)| *label);
    let pairs: Vec<Pair<'_>> =
        no.iter().zip(&yes).map(|(no, yes)| Pair { lower: &no.0, higher: &yes.0, category: 0 }).collect();
    // One example only, of another category: the pairs must do the work.
    let example = [Example { sequence: &all[0].0, category: 2, label: true, weight: 0.01 }];
    let options = Options {
        epochs: 150,
        pairs: 32,
        pair_weight: 1.0,
        learning_rate: 1e-2,
        dropout: 0.0,
        token_dropout: 0.0,
        ..Options::default()
    };
    let architecture = Architecture { channels: 12, hidden: 12, embedding: 8, ..architecture() };
    let network = train::train(&architecture, &options, &example, &pairs, &mut |_, _| true).unwrap();
    let right =
        pairs.iter().filter(|pair| network.logits(pair.lower)[0] < network.logits(pair.higher)[0]).count();
    assert!(right * 10 > pairs.len() * 9, "{right} of {}", pairs.len());
}

#[test]
fn nothing_to_train_on_and_a_caller_that_stops_are_errors() {
    let texts = texts(1);
    let example = [Example { sequence: &texts[0], category: 0, label: true, weight: 1.0 }];
    let options = Options::default();
    assert!(train::train(&architecture(), &options, &[], &[], &mut |_, _| true).is_err());
    assert!(train::train(&architecture(), &options, &example, &[], &mut |_, _| false).is_err());
}
