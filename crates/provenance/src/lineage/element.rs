//! How the elements of a tensor are stored, and the value behind each.

use half::{bf16, f16};

use super::blocks;

/// How elements are stored: one by one, or in blocks that share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    F64,
    F32,
    F16,
    Bf16,
    /// 1 sign bit, 4 of the exponent, 3 of the fraction; no infinities.
    F8E4M3,
    F8E5M2,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    Q4_0,
    Q4_1,
    Q5_0,
    Q5_1,
    Q8_0,
    Q8_1,
    Q2K,
    Q3K,
    Q4K,
    Q5K,
    Q6K,
    Q8K,
    /// Eight signed 4-bit numbers in a 32-bit word, lowest bits first.
    Packed4,
    /// The same in the order 0 2 4 6 1 3 5 7.
    Interleaved4,
    /// Two indices into the table of 4-bit normal floats in a byte, high bits first; the scale is left out.
    NormalFloat4,
}

impl Encoding {
    /// The encoding behind a format's name for an element type; `None` for what is not read: booleans, complex
    /// numbers, big-endian elements, and quantisations that need code books.
    pub(super) fn named(dtype: &str) -> Option<Self> {
        let lower = dtype.to_ascii_lowercase();
        if let Some(numpy) = lower.strip_prefix(['<', '|', '=']) {
            return Self::of_numpy(numpy);
        }
        Some(match lower.as_str() {
            "f64" | "float64" | "double" => Self::F64,
            "f32" | "float32" | "float" => Self::F32,
            "f16" | "float16" | "half" => Self::F16,
            "bf16" | "bfloat16" => Self::Bf16,
            "f8_e4m3" | "f8_e4m3fn" | "float8_e4m3fn" | "float8e4m3fn" => Self::F8E4M3,
            "f8_e5m2" | "float8_e5m2" | "float8e5m2" => Self::F8E5M2,
            "i8" | "int8" | "qint8" => Self::I8,
            "u8" | "uint8" | "quint8" => Self::U8,
            "i16" | "int16" => Self::I16,
            "u16" | "uint16" => Self::U16,
            "i32" | "int32" | "qint32" => Self::I32,
            "u32" | "uint32" => Self::U32,
            "i64" | "int64" => Self::I64,
            "u64" | "uint64" => Self::U64,
            "q4_0" => Self::Q4_0,
            "q4_1" => Self::Q4_1,
            "q5_0" => Self::Q5_0,
            "q5_1" => Self::Q5_1,
            "q8_0" => Self::Q8_0,
            "q8_1" => Self::Q8_1,
            "q2_k" => Self::Q2K,
            "q3_k" => Self::Q3K,
            "q4_k" => Self::Q4K,
            "q5_k" => Self::Q5K,
            "q6_k" => Self::Q6K,
            "q8_k" => Self::Q8K,
            _ => return None,
        })
    }

    /// NumPy counts bytes where others count bits.
    fn of_numpy(name: &str) -> Option<Self> {
        Some(match name {
            "f8" => Self::F64,
            "f4" => Self::F32,
            "f2" => Self::F16,
            "i1" => Self::I8,
            "u1" => Self::U8,
            "i2" => Self::I16,
            "u2" => Self::U16,
            "i4" => Self::I32,
            "u4" => Self::U32,
            "i8" => Self::I64,
            "u8" => Self::U64,
            _ => return None,
        })
    }

    /// Elements and bytes of one block.
    pub(super) const fn block(self) -> (u64, u64) {
        match self {
            Self::F64 | Self::I64 | Self::U64 => (1, 8),
            Self::F32 | Self::I32 | Self::U32 => (1, 4),
            Self::F16 | Self::Bf16 | Self::I16 | Self::U16 => (1, 2),
            Self::F8E4M3 | Self::F8E5M2 | Self::I8 | Self::U8 => (1, 1),
            Self::Q4_0 => (32, 18),
            Self::Q4_1 => (32, 20),
            Self::Q5_0 => (32, 22),
            Self::Q5_1 => (32, 24),
            Self::Q8_0 => (32, 34),
            Self::Q8_1 => (32, 36),
            Self::Q2K => (256, 84),
            Self::Q3K => (256, 110),
            Self::Q4K => (256, 144),
            Self::Q5K => (256, 176),
            Self::Q6K => (256, 210),
            Self::Q8K => (256, 292),
            Self::Packed4 | Self::Interleaved4 => (8, 4),
            Self::NormalFloat4 => (2, 1),
        }
    }

    /// Is it a quantisation: integers, 8-bit floats, or blocks?
    pub(super) const fn is_quantised(self) -> bool {
        !matches!(
            self,
            Self::F64
                | Self::F32
                | Self::F16
                | Self::Bf16
                | Self::I16
                | Self::U16
                | Self::I32
                | Self::U32
                | Self::I64
                | Self::U64
        )
    }

    /// The value of element `index` of a block; zero where the block is too short.
    pub(super) fn value(self, block: &[u8], index: usize) -> f32 {
        match self {
            Self::F64 => f64::from_le_bytes(word(block)) as f32,
            Self::F32 => f32::from_le_bytes(word(block)),
            Self::F16 => f16::from_le_bytes(word(block)).to_f32(),
            Self::Bf16 => bf16::from_le_bytes(word(block)).to_f32(),
            Self::F8E4M3 => e4m3(byte(block, 0)),
            Self::F8E5M2 => f16::from_bits(u16::from(byte(block, 0)) << 8).to_f32(),
            Self::I8 => f32::from(i8::from_le_bytes(word(block))),
            Self::U8 => f32::from(byte(block, 0)),
            Self::I16 => f32::from(i16::from_le_bytes(word(block))),
            Self::U16 => f32::from(u16::from_le_bytes(word(block))),
            Self::I32 => i32::from_le_bytes(word(block)) as f32,
            Self::U32 => u32::from_le_bytes(word(block)) as f32,
            Self::I64 => i64::from_le_bytes(word(block)) as f32,
            Self::U64 => u64::from_le_bytes(word(block)) as f32,
            Self::Q4_0 => blocks::q4_0(block, index),
            Self::Q4_1 => blocks::q4_1(block, index),
            Self::Q5_0 => blocks::q5_0(block, index),
            Self::Q5_1 => blocks::q5_1(block, index),
            Self::Q8_0 => blocks::q8_0(block, index),
            Self::Q8_1 => blocks::q8_1(block, index),
            Self::Q2K => blocks::q2_k(block, index),
            Self::Q3K => blocks::q3_k(block, index),
            Self::Q4K => blocks::q4_k(block, index),
            Self::Q5K => blocks::q5_k(block, index),
            Self::Q6K => blocks::q6_k(block, index),
            Self::Q8K => blocks::q8_k(block, index),
            Self::Packed4 => nibble(block, index) - 8.0,
            Self::Interleaved4 => {
                // Where each element lies when the even ones come first.
                let place = if index.is_multiple_of(2) { index / 2 } else { 4 + index / 2 };
                nibble(block, place) - 8.0
            }
            Self::NormalFloat4 => {
                let both = byte(block, 0);
                let code = if index == 0 { both >> 4 } else { both & 15 };
                NORMAL_FLOAT.get(usize::from(code)).copied().unwrap_or(0.0)
            }
        }
    }
}

/// The 16 values of the 4-bit normal float (QLoRA, Dettmers et al. 2023, appendix E).
const NORMAL_FLOAT: [f32; 16] = [
    -1.0,
    -0.696_192_8,
    -0.525_073_05,
    -0.394_917_5,
    -0.284_441_38,
    -0.184_773_43,
    -0.091_050_036,
    0.0,
    0.079_580_3,
    0.160_930_2,
    0.246_112_3,
    0.337_915_24,
    0.440_709_83,
    0.562_617,
    0.722_956_84,
    1.0,
];

/// Element `index` of packed 4-bit numbers, lowest bits first.
fn nibble(bytes: &[u8], index: usize) -> f32 {
    f32::from((byte(bytes, index / 2) >> (4 * (index % 2))) & 15)
}

/// One byte; zero past the end.
pub(super) fn byte(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The first `N` bytes; zeros past the end.
fn word<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

/// OCP 8-bit floating point, E4M3: bias 7, all ones is NaN.
fn e4m3(bits: u8) -> f32 {
    let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 3 & 15), f32::from(bits & 7));
    match (exponent, bits & 7) {
        (15, 7) => f32::NAN,
        (0, _) => sign * fraction / 8.0 * 2f32.powi(-6),
        _ => sign * (1.0 + fraction / 8.0) * 2f32.powi(exponent - 7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn eight_bit_floats_have_the_values_of_their_specification() {
        // OCP OFP8, table 2: largest, smallest normal, smallest subnormal.
        for (bits, value) in
            [(0x7e, 448.0), (0x08, 2f32.powi(-6)), (0x01, 2f32.powi(-9)), (0xb8, -1.0), (0x3c, 1.5)]
        {
            assert_eq!(Encoding::F8E4M3.value(&[bits], 0), value, "{bits:02x}");
        }
        assert!(Encoding::F8E4M3.value(&[0x7f], 0).is_nan());
        for (bits, value) in [(0x7b, 57344.0), (0x04, 2f32.powi(-14)), (0x01, 2f32.powi(-16)), (0xbc, -1.0)] {
            assert_eq!(Encoding::F8E5M2.value(&[bits], 0), value, "{bits:02x}");
        }
    }

    #[test]
    fn packed_words_unpack_in_their_exporters_order() {
        let word = 0x7654_3210u32.to_le_bytes();
        let flat: Vec<f32> = (0..8).map(|i| Encoding::Packed4.value(&word, i)).collect();
        assert_eq!(flat, [-8.0, -7.0, -6.0, -5.0, -4.0, -3.0, -2.0, -1.0]);
        // Elements 0 2 4 6 1 3 5 7, packed in this order.
        let word = 0x7531_6420u32.to_le_bytes();
        let interleaved: Vec<f32> = (0..8).map(|i| Encoding::Interleaved4.value(&word, i)).collect();
        assert_eq!(interleaved, flat);
        assert_eq!(Encoding::NormalFloat4.value(&[0xf0], 0), 1.0);
        assert_eq!(Encoding::NormalFloat4.value(&[0xf0], 1), -1.0);
    }

    #[test]
    fn names_are_known_in_every_formats_spelling() {
        assert_eq!(Encoding::named("<f8"), Some(Encoding::F64));
        assert_eq!(Encoding::named("F8_E4M3"), Some(Encoding::F8E4M3));
        assert_eq!(Encoding::named("|i1"), Some(Encoding::I8));
        for not_read in ["f8", ">f4", "bool", "iq4_nl", "mxfp4", "c64", "O", "?"] {
            assert_eq!(Encoding::named(not_read), None, "{not_read}");
        }
    }
}
