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
