//! The values inside ggml's quantised blocks, from the layouts of `block_q4_0` … `block_q8_K` (ggml-common.h).
//!
//! Each function gives one element of one block. `d` is the block's scale, `m` its minimum, both half precision.

use half::f16;

use super::element::byte;

fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([byte(block, at), byte(block, at + 1)]).to_f32()
}

fn signed(block: &[u8], at: usize) -> f32 {
    f32::from(byte(block, at).cast_signed())
}

/// 4 bits of element `i` of 32: the first half lies in the low bits.
fn four(block: &[u8], from: usize, i: usize) -> u8 {
    let both = byte(block, from + i % 16);
    if i < 16 { both & 15 } else { both >> 4 }
}

/// The fifth bit of element `i` of 32.
fn fifth(block: &[u8], from: usize, i: usize) -> u8 {
    (byte(block, from + i / 8) >> (i % 8) & 1) << 4
}

/// d (2) · 32 × 4 bits, minus 8.
pub(super) fn q4_0(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * (f32::from(four(block, 2, i)) - 8.0)
}

/// d (2) · m (2) · 32 × 4 bits.
pub(super) fn q4_1(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * f32::from(four(block, 4, i)) + half_at(block, 2)
}

/// d (2) · 32 fifth bits · 32 × 4 bits, minus 16.
pub(super) fn q5_0(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * (f32::from(four(block, 6, i) | fifth(block, 2, i)) - 16.0)
}

/// d (2) · m (2) · 32 fifth bits · 32 × 4 bits.
pub(super) fn q5_1(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * f32::from(four(block, 8, i) | fifth(block, 4, i)) + half_at(block, 2)
}

/// d (2) · 32 × i8.
pub(super) fn q8_0(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * signed(block, 2 + i)
}

/// d (2) · sum (2) · 32 × i8.
pub(super) fn q8_1(block: &[u8], i: usize) -> f32 {
    half_at(block, 0) * signed(block, 4 + i)
}

/// 16 × (4-bit scale, 4-bit minimum) · 256 × 2 bits · d (2) · dmin (2).
pub(super) fn q2_k(block: &[u8], i: usize) -> f32 {
    let packed = byte(block, i / 16);
    let (d, dmin) = (half_at(block, 80), half_at(block, 82));
    let bits = byte(block, 16 + 32 * (i / 128) + i % 32) >> (2 * (i % 128 / 32)) & 3;
    d * f32::from(packed & 15) * f32::from(bits) - dmin * f32::from(packed >> 4)
}

/// 256 third bits · 256 × 2 bits · 16 × 6-bit scales (12) · d (2).
pub(super) fn q3_k(block: &[u8], i: usize) -> f32 {
    let group = i / 16;
    let low = byte(block, 96 + group % 8) >> (4 * (group / 8)) & 15;
    let high = byte(block, 104 + group % 4) >> (2 * (group / 4)) & 3;
    let scale = f32::from(low | high << 4) - 32.0;
    let bits = byte(block, 32 + 32 * (i / 128) + i % 32) >> (2 * (i % 128 / 32)) & 3;
    // A set bit means "not minus four".
    let third = byte(block, i % 32) >> (i / 32) & 1;
    half_at(block, 108) * scale * (f32::from(bits) - if third == 0 { 4.0 } else { 0.0 })
}

/// Scale and minimum of group `j` of 8, six bits each, packed into 12 bytes from `from`.
fn scale_and_minimum(block: &[u8], from: usize, j: usize) -> (f32, f32) {
    let at = |k: usize| byte(block, from + k);
    let (scale, minimum) = if j < 4 {
        (at(j) & 63, at(j + 4) & 63)
    } else {
        (at(j + 4) & 15 | (at(j - 4) >> 6) << 4, at(j + 4) >> 4 | (at(j) >> 6) << 4)
    };
    (f32::from(scale), f32::from(minimum))
}

/// 4 bits of element `i` of 256: 64 at a time share 32 bytes, the first 32 in the low bits.
fn four_of_256(block: &[u8], from: usize, i: usize) -> u8 {
    byte(block, from + 32 * (i / 64) + i % 32) >> (4 * (i % 64 / 32)) & 15
}

/// d (2) · dmin (2) · 8 scales and minima (12) · 256 × 4 bits.
pub(super) fn q4_k(block: &[u8], i: usize) -> f32 {
    let (scale, minimum) = scale_and_minimum(block, 4, i / 32);
    half_at(block, 0) * scale * f32::from(four_of_256(block, 16, i)) - half_at(block, 2) * minimum
}

/// d (2) · dmin (2) · 8 scales and minima (12) · 256 fifth bits (32) · 256 × 4 bits.
pub(super) fn q5_k(block: &[u8], i: usize) -> f32 {
    let (scale, minimum) = scale_and_minimum(block, 4, i / 32);
    let fifth = (byte(block, 16 + i % 32) >> (i / 32) & 1) << 4;
    half_at(block, 0) * scale * f32::from(four_of_256(block, 48, i) | fifth) - half_at(block, 2) * minimum
}

/// 256 × 4 low bits (128) · 256 × 2 high bits (64) · 16 × i8 scales · d (2), minus 32.
pub(super) fn q6_k(block: &[u8], i: usize) -> f32 {
    let (half, within) = (i / 128, i % 128);
    let low = byte(block, 64 * half + within % 64) >> (4 * (within / 64)) & 15;
    let high = byte(block, 128 + 32 * half + within % 32) >> (2 * (within / 32)) & 3;
    let scale = signed(block, 192 + i / 16);
    half_at(block, 208) * scale * (f32::from(low | high << 4) - 32.0)
}

/// d (4) · 256 × i8 · 16 sums.
pub(super) fn q8_k(block: &[u8], i: usize) -> f32 {
    let d = f32::from_le_bytes([byte(block, 0), byte(block, 1), byte(block, 2), byte(block, 3)]);
    d * signed(block, 4 + i)
}

#[cfg(test)]
mod tests {
    use half::f16;
    use proptest::prelude::*;

    use super::super::element::Encoding;

    /// The blocks from the first byte to the last, as a reader meets them, in the order in which ggml's own loops put
    /// the values down; written apart from the code above, which goes from an element to its bits.
    fn in_order(encoding: Encoding, block: &[u8]) -> Vec<f32> {
        let half = |at: usize| f16::from_bits(u16::from_le_bytes([block[at], block[at + 1]])).to_f32();
        let mut out = Vec::new();
        match encoding {
            Encoding::Q4_0 | Encoding::Q4_1 => {
                let (from, offset, minimum) =
                    if encoding == Encoding::Q4_0 { (2, 8, 0.0) } else { (4, 0, half(2)) };
                let low = block[from..from + 16].iter().map(|both| i32::from(both % 16));
                let high = block[from..from + 16].iter().map(|both| i32::from(both / 16));
                out.extend(low.chain(high).map(|code| (code - offset) as f32 * half(0) + minimum));
            }
            Encoding::Q5_0 | Encoding::Q5_1 => {
                let (from, offset, minimum) =
                    if encoding == Encoding::Q5_0 { (2, 16, 0.0) } else { (4, 0, half(2)) };
                let fifth = u32::from_le_bytes(block[from..from + 4].try_into().unwrap());
                let four = &block[from + 4..from + 20];
                for j in 0..32u32 {
                    let four = if j < 16 { four[j as usize] % 16 } else { four[j as usize - 16] / 16 };
                    let code = i32::from(four) + 16 * ((fifth >> j) & 1) as i32;
                    out.push((code - offset) as f32 * half(0) + minimum);
                }
            }
            Encoding::Q2K => {
                let (scales, quants) = (&block[..16], &block[16..80]);
                let mut group = 0;
                for part in quants.chunks(32) {
                    for shift in [0, 2, 4, 6] {
                        for sixteen in part.chunks(16) {
                            let scale = half(80) * f32::from(scales[group] & 15);
                            let minimum = half(82) * f32::from(scales[group] >> 4);
                            out.extend(sixteen.iter().map(|q| scale * f32::from(q >> shift & 3) - minimum));
                            group += 1;
                        }
                    }
                }
            }
            Encoding::Q3K => {
                let word =
                    |at: usize| u32::from_le_bytes(block[96 + at * 4..100 + at * 4].try_into().unwrap());
                let (one, two, three) = (word(0), word(1), word(2));
                let (low, high) = (0x0f0f_0f0f, 0x0303_0303);
                let words = [
                    (one & low) | ((three & high) << 4),
                    (two & low) | (((three >> 2) & high) << 4),
                    ((one >> 4) & low) | (((three >> 4) & high) << 4),
                    ((two >> 4) & low) | (((three >> 6) & high) << 4),
                ];
                let scales: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
                let (masks, mut mask, mut group) = (&block[..32], 1u8, 0);
                for part in block[32..96].chunks(32) {
                    for shift in [0, 2, 4, 6] {
                        for half_of in 0..2 {
                            let scale = half(108) * f32::from(i16::from(scales[group]) - 32);
                            for l in half_of * 16..half_of * 16 + 16 {
                                let minus = if masks[l] & mask == 0 { 4 } else { 0 };
                                out.push(scale * f32::from(i16::from(part[l] >> shift & 3) - minus));
                            }
                            group += 1;
                        }
                        mask = mask.wrapping_shl(1);
                    }
                }
            }
            Encoding::Q4K | Encoding::Q5K => {
                let packed = &block[4..16];
                let pair = |j: usize| match j {
                    0..4 => (packed[j] & 63, packed[j + 4] & 63),
                    _ => (
                        packed[j + 4] % 16 + 16 * (packed[j - 4] >> 6),
                        packed[j + 4] / 16 + 16 * (packed[j] >> 6),
                    ),
                };
                let five = encoding == Encoding::Q5K;
                let (fifths, quants) =
                    if five { (&block[16..48], &block[48..176]) } else { (&block[..0], &block[16..144]) };
                for (j, part) in quants.chunks(32).enumerate() {
                    for high in [false, true] {
                        let group = 2 * j + usize::from(high);
                        let (scale, minimum) = pair(group);
                        for (l, q) in part.iter().enumerate() {
                            let four = if high { q / 16 } else { q % 16 };
                            let fifth = if five && fifths[l] & (1 << group) != 0 { 16 } else { 0 };
                            let value = half(0) * f32::from(scale) * f32::from(four + fifth);
                            out.push(value - half(2) * f32::from(minimum));
                        }
                    }
                }
            }
            Encoding::Q6K => {
                out.resize(256, 0.0);
                let (mut low, mut high, mut scales) = (&block[..128], &block[128..192], &block[192..208]);
                for y in out.chunks_mut(128) {
                    for l in 0..32 {
                        let codes = [
                            (low[l] % 16) | (high[l] & 3) << 4,
                            (low[l + 32] % 16) | (high[l] >> 2 & 3) << 4,
                            (low[l] / 16) | (high[l] >> 4 & 3) << 4,
                            (low[l + 32] / 16) | (high[l] >> 6 & 3) << 4,
                        ];
                        for (k, code) in codes.into_iter().enumerate() {
                            let scale = f32::from(scales[l / 16 + 2 * k] as i8);
                            y[l + 32 * k] = half(208) * scale * f32::from(i16::from(code) - 32);
                        }
                    }
                    (low, high, scales) = (&low[64..], &high[32..], &scales[8..]);
                }
            }
            Encoding::Q8_0 => out.extend(block[2..34].iter().map(|q| half(0) * f32::from(*q as i8))),
            other => panic!("{other:?}"),
        }
        out
    }

    proptest! {
        #[test]
        fn every_element_has_the_value_that_a_reader_of_the_whole_block_gives(
            mut bytes in proptest::collection::vec(any::<u8>(), 256),
        ) {
            for encoding in [
                Encoding::Q4_0, Encoding::Q4_1, Encoding::Q5_0, Encoding::Q5_1, Encoding::Q8_0,
                Encoding::Q2K, Encoding::Q3K, Encoding::Q4K, Encoding::Q5K, Encoding::Q6K,
            ] {
                let (elements, size) = encoding.block();
                // Scales that are numbers.
                for at in [1, 3, 81, 83, 109, 209] {
                    bytes[at] = bytes[at] & 0x83 | 0x30;
                }
                let block = &bytes[..size as usize];
                let whole = in_order(encoding, block);
                prop_assert_eq!(whole.len() as u64, elements);
                for (index, expected) in whole.iter().enumerate() {
                    let value = encoding.value(block, index);
                    prop_assert!((value - expected).abs() <= 1e-5 * (1.0 + expected.abs()), "{:?} {}", encoding, index);
                }
            }
        }
    }
}
