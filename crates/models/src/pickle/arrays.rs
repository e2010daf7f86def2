//! Arrays that joblib writes into the pickle itself.
//!
//! joblib's pickler replaces each array by a `NumpyArrayWrapper`; right after the `BUILD` that sets the wrapper's
//! state follow the raw bytes of the array, aligned by a padding whose length is the first byte, or, for arrays of
//! objects, another pickle. A disassembler that does not know this loses step at the first array.
//! Source: `joblib/numpy_pickle.py`, `NumpyArrayWrapper.read_array`.

use super::{
    machine::{End, Machine, Stopped},
    value::{Packed, Value},
};

/// What matters of a NumPy dtype: how many bytes an element has, and whether it holds objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    /// Bytes per element; `None` when the type string is not understood.
    pub(super) size: Option<u64>,
    pub(super) holds_objects: bool,
}

impl Dtype {
    /// Reads a type string: `f8`, `<i4`, `|O`, `U10`, `V16`, …
    pub(super) fn parse(text: &str) -> Self {
        let unknown = Self { size: None, holds_objects: false };
        let text = text.trim_start_matches(['<', '>', '|', '=']);
        let Some(code) = text.chars().next() else { return unknown };
        let digits = text.get(code.len_utf8()..).unwrap_or_default();
        let unit = digits.find('[').and_then(|cut| digits.get(..cut)).unwrap_or(digits);
        let count = if unit.is_empty() { None } else { unit.parse::<u64>().ok() };
        match code {
            'O' => Self { size: Some(8), holds_objects: true },
            '?' if unit.is_empty() => Self { size: Some(1), holds_objects: false },
            'U' => Self { size: count.and_then(|count| count.checked_mul(4)), holds_objects: false },
            'b' | 'i' | 'u' | 'f' | 'c' | 'm' | 'M' | 'S' | 'a' | 'V' => {
                Self { size: count, holds_objects: false }
            }
            _ => unknown,
        }
    }
}

/// The state of a wrapper: keys and values.
type Fields = Vec<(Packed, Packed)>;

impl Machine<'_> {
    pub(super) fn make_dtype(&mut self, text: Option<Packed>) -> Packed {
        const MOST: usize = 1 << 20;
        let dtype = match text.and_then(|text| self.text_of(text)) {
            Some(text) => Dtype::parse(&text),
            None => Dtype { size: None, holds_objects: false },
        };
        if self.dtypes.len() >= MOST {
            return Packed::UNKNOWN;
        }
        self.dtypes.push(dtype);
        Packed::dtype(self.dtypes.len() as u32 - 1)
    }

    /// `dtype.__setstate__`: (version, byte order, subarray, names, fields, item size, alignment, flags, …). The
    /// lowest flag says that elements hold references.
    pub(super) fn build_dtype(&mut self, index: u32, state: Packed) {
        let items = self.items(state);
        let number = |at: usize| match items.get(at).map(|item| item.unpack()) {
            Some(Value::Int(number)) => Some(number),
            _ => None,
        };
        let (size, flags) = (number(5), number(7));
        if let Some(dtype) = self.dtypes.get_mut(index as usize) {
            if let Some(size) = size.and_then(|size| u64::try_from(size).ok()).filter(|size| *size > 0) {
                dtype.size = Some(size);
            }
            if flags.is_some_and(|flags| flags & 1 == 1) {
                dtype.holds_objects = true;
            }
        }
    }

    /// Moves over the array that follows the `BUILD` of a wrapper.
    pub(super) fn inline_array(&mut self, state: Packed) -> Result<(), Stopped> {
        let lost = Stopped::Unsupported(&"an inline array's shape or type is not understood");
        let fields = match state.unpack() {
            Value::Container(serial) => self.dicts.remove(&serial),
            _ => None,
        };
        let Some(fields) = fields else { return Err(lost) };
        let Some(Value::Dtype(dtype)) = self.field(&fields, "dtype").map(Packed::unpack) else {
            return Err(lost);
        };
        let Some(dtype) = self.dtypes.get(dtype as usize).copied() else { return Err(lost) };
        if dtype.holds_objects {
            return match self.run_nested() {
                End::Stop(_) => Ok(()),
                End::Truncated => Err(Stopped::Truncated),
                End::Broken(_) | End::Limit(_) => {
                    Err(Stopped::Broken(&"the pickle inside an array of objects is broken"))
                }
            };
        }
        let shape = match self.field(&fields, "shape").map(Packed::unpack) {
            Some(Value::Tuple { start, length }) => self.tuples.items(start, length),
            _ => None,
        };
        let elements = shape.and_then(|shape| {
            shape.iter().try_fold(1u64, |product, size| match size.unpack() {
                Value::Int(size) => product.checked_mul(u64::try_from(size).ok()?),
                _ => None,
            })
        });
        let (Some(elements), Some(size)) = (elements, dtype.size) else { return Err(lost) };
        let Some(bytes) = elements.checked_mul(size) else {
            return Err(Stopped::Broken(&"an inline array's size overflows"));
        };
        // Wrappers written before joblib 1.2 do not align and have no such field; `None` means the same.
        if let Some(Value::Int(_)) = self.field(&fields, "numpy_array_alignment_bytes").map(Packed::unpack) {
            let padding = self.source.u8()?;
            self.source.skip(u64::from(padding))?;
        }
        self.source.skip(bytes)?;
        self.arrays.0 += 1;
        self.arrays.1 = self.arrays.1.saturating_add(bytes);
        if let Some(top) = self.stack.last_mut() {
            *top = Packed::ATOM;
        }
        Ok(())
    }

    fn field(&self, fields: &Fields, wanted: &str) -> Option<Packed> {
        fields
            .iter()
            .find(|(key, _)| self.text_of(*key).is_some_and(|key| key == wanted))
            .map(|(_, value)| *value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_strings_have_the_sizes_numpy_gives_them() {
        for (text, size, objects) in [
            ("f8", Some(8), false),
            ("<i4", Some(4), false),
            ("|O", Some(8), true),
            ("O8", Some(8), true),
            ("U10", Some(40), false),
            ("S7", Some(7), false),
            ("V16", Some(16), false),
            ("M8[ns]", Some(8), false),
            ("b1", Some(1), false),
            ("?", Some(1), false),
            ("q", None, false),
            ("", None, false),
        ] {
            assert_eq!(Dtype::parse(text), Dtype { size, holds_objects: objects }, "{text}");
        }
    }
}
