//! Element types, as `descr` spells them.

use super::literal::Literal;

/// An element type.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Dtype {
    /// As the header spells it; fields of a structure are joined by commas.
    pub(super) name: String,
    /// Bytes of one element; `None` when the spelling is not known.
    pub(super) size: Option<u64>,
    /// Does it hold Python objects anywhere?
    pub(super) objects: bool,
}

impl Dtype {
    /// From a text such as `<f4`, or a list of `(name, type)` or `(name, type, shape)`. `None` for anything else, or
    /// when structures are nested too deeply.
    pub(super) fn of(descr: &Literal, depth: usize) -> Option<Self> {
        let depth = depth.checked_sub(1)?;
        match descr {
            Literal::Text(text) => Some(Self::scalar(text)),
            // `(type, shape)` as a type of its own.
            Literal::Sequence(items)
                if matches!(items.as_slice(), [Literal::Text(_), Literal::Sequence(shape)]
                if shape.iter().all(|size| matches!(size, Literal::Number(_)))) =>
            {
                let [inner, shape] = items.as_slice() else { return None };
                let inner = Self::of(inner, depth)?;
                let size =
                    inner.size.zip(elements(Some(shape))).and_then(|(size, count)| size.checked_mul(count));
                Some(Self { size, ..inner })
            }
            Literal::Sequence(fields) => {
                let mut whole = Self { name: String::new(), size: Some(0), objects: false };
                for field in fields {
                    let Literal::Sequence(parts) = field else { return None };
                    let inner = Self::of(parts.get(1)?, depth)?;
                    let count = elements(parts.get(2));
                    let bytes = inner.size.zip(count).and_then(|(size, count)| size.checked_mul(count));
                    whole.size = whole.size.zip(bytes).and_then(|(sum, bytes)| sum.checked_add(bytes));
                    whole.objects |= inner.objects;
                    if whole.name.len() < 200 {
                        let comma = if whole.name.is_empty() { "" } else { "," };
                        whole.name = format!("{}{comma}{}", whole.name, inner.name);
                    }
                }
                Some(whole)
            }
            _ => None,
        }
    }

    fn scalar(text: &str) -> Self {
        let plain = text.trim_start_matches(['<', '>', '|', '=']);
        // Dates carry a unit: `M8[ns]`.
        let plain = plain.split('[').next().unwrap_or_default();
        let (kind, digits) = plain.split_at(plain.find(|c: char| c.is_ascii_digit()).unwrap_or(plain.len()));
        let count: Option<u64> = if digits.is_empty() { None } else { digits.parse().ok() };
        let size = match (kind, count) {
            ("U", Some(count)) => count.checked_mul(4),
            ("b" | "i" | "u" | "f" | "c" | "S" | "a" | "V" | "M" | "m", Some(count)) => Some(count),
            ("?" | "bool" | "B" | "b", None) => Some(1),
            ("int" | "uint" | "float" | "complex", Some(bits)) => Some(bits / 8),
            _ => None,
        };
        let objects = kind == "O" || kind == "object";
        Self { name: text.to_owned(), size, objects }
    }
}

/// The product of a field's shape: a number, a tuple, or absent.
fn elements(shape: Option<&Literal>) -> Option<u64> {
    match shape {
        None => Some(1),
        Some(Literal::Number(count)) => *count,
        Some(Literal::Sequence(sizes)) => sizes.iter().try_fold(1u64, |product, size| match size {
            Literal::Number(Some(size)) => product.checked_mul(*size),
            _ => None,
        }),
        Some(_) => None,
    }
}
