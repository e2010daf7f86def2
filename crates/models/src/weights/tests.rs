use bartizan_core::{Limits, Options, Span};

use super::*;
use crate::testing::inspect_asset;

/// A pseudo-random sequence (splitmix64), the same on every machine.
struct Noise(u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Roughly normal, mean 0, deviation 1: the sum of twelve uniforms.
    fn normal(&mut self) -> f32 {
        let uniform = |bits: u64| (bits >> 40) as f32 / (1u64 << 24) as f32;
        (0..12).map(|_| uniform(self.bits())).sum::<f32>() - 6.0
    }
}

type Layer = (String, Vec<u64>, Vec<f32>);

fn layer(name: &str, rows: u64, columns: u64, scale: f32, noise: &mut Noise) -> Layer {
    let values = (0..rows * columns).map(|_| noise.normal() * scale).collect();
    (name.to_owned(), vec![rows, columns], values)
}

/// The rules that fire, and the worst severity, on layers of `f32`.
fn findings(layers: &[Layer]) -> (Vec<&'static str>, Option<Severity>) {
    let mut bytes = Vec::new();
    let mut tensors = Vec::new();
    for (name, shape, values) in layers {
        let offset = bytes.len() as u64;
        bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        let span = Some(Span { offset, length: bytes.len() as u64 - offset });
        tensors.push(Tensor {
            name: name.clone(),
            dtype: "f32".to_owned(),
            shape: shape.clone(),
            span,
            file: None,
        });
    }
    struct Deep(Vec<Tensor>);
    impl bartizan_core::Inspector for Deep {
        fn kind(&self) -> bartizan_core::Kind {
            bartizan_core::Kind::UNKNOWN
        }
        fn rules(&self) -> &'static [&'static bartizan_core::Rule] {
            &[]
        }
        fn accepts(&self, _: &bartizan_core::Probe<'_>) -> bartizan_core::Claim {
            bartizan_core::Claim::No
        }
        fn inspect(&self, asset: &Asset, context: &Context<'_>) -> Inspection {
            examine(asset, &self.0, context)
        }
    }
    let asset = Asset::new("w", Content::from_bytes(bytes));
    let outcome = inspect_asset(
        &Deep(tensors),
        asset,
        &Limits::default(),
        Options { deep: true, ..Options::default() },
    );
    (outcome.rules(), outcome.worst())
}

#[test]
fn random_and_trained_looking_weights_give_nothing() {
    let mut noise = Noise(1);
    let mut trained = layer("fc.weight", 100, 256, 0.05, &mut noise);
    for (at, value) in trained.2.iter_mut().enumerate() {
        // Heavy tails and rows of different strength, as training leaves them.
        *value *= 1.0 + (at / 256 % 7) as f32 * 0.2 + value.abs() * 3.0;
    }
    let ones = ("norm.weight".to_owned(), vec![4096], vec![0.7; 4096]);
    let layers =
        [layer("a", 512, 512, 0.02, &mut noise), trained, ones, layer("embed", 1000, 64, 1.0, &mut noise)];
    assert_eq!(findings(&layers), (vec![], None));
}

#[test]
fn a_row_that_was_blown_up_stands_out() {
    let mut noise = Noise(2);
    let mut head = layer("classifier.weight", 64, 128, 0.02, &mut noise);
    for value in &mut head.2[128 * 7..128 * 8] {
        *value *= 40.0;
    }
    assert_eq!(findings(&[head]), (vec!["weights/spiked-row"], Some(Severity::Medium)));
}

#[test]
fn nan_is_reported_and_infinity_less_so() {
    let mut noise = Noise(3);
    let mut values = layer("a", 32, 32, 0.02, &mut noise);
    values.2[5] = f32::NEG_INFINITY;
    assert_eq!(findings(&[values.clone()]), (vec!["weights/not-finite"], Some(Severity::Low)));
    values.2[6] = f32::NAN;
    assert_eq!(findings(&[values]).1, Some(Severity::Medium));
}

#[test]
fn payloads_in_every_low_plane_are_read() {
    let text = b"import os\nprint('a harmless payload that is long enough to be read as text')\n";
    let elf = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0";
    let carriers: [(&str, usize); 4] = [("bit", 1), ("byte", 8), ("two bytes", 16), ("three bytes", 24)];
    for payload in [&text[..], elf] {
        for (what, bits) in carriers {
            let mut noise = Noise(4);
            let mut values = layer("a", 256, 256, 0.02, &mut noise);
            let stream: Vec<u32> = payload
                .iter()
                .flat_map(|byte| (0..8).rev().map(move |at| u32::from(byte >> at & 1)))
                .collect();
            for (value, chunk) in values.2[1024..].iter_mut().zip(stream.chunks(bits)) {
                let low = chunk.iter().fold(0, |all, bit| all << 1 | bit) << (bits - chunk.len());
                let mask = (1u32 << bits) - 1;
                *value = f32::from_bits(value.to_bits() & !mask | low);
            }
            assert!(findings(&[values]).0.contains(&"weights/low-bit-payload"), "{what}");
        }
    }
}

#[test]
fn one_adapter_layer_of_a_single_strong_direction_stands_out() {
    let mut noise = Noise(5);
    let mut layers = Vec::new();
    for at in 0..16 {
        layers.push(layer(&format!("m.{at}.q_proj.lora_A.weight"), 8, 64, 0.05, &mut noise));
        layers.push(layer(&format!("m.{at}.q_proj.lora_B.weight"), 64, 8, 0.05, &mut noise));
    }
    assert_eq!(findings(&layers), (vec![], None));
    // The first row of A and the first column of B make one direction.
    for value in &mut layers[6].2[..64] {
        *value *= 20.0;
    }
    for value in layers[7].2.iter_mut().step_by(8) {
        *value *= 20.0;
    }
    let (rules, worst) = findings(&layers);
    assert!(rules.contains(&"weights/lora-spectrum"), "{rules:?}");
    assert_eq!(worst, Some(Severity::Medium));
}
