//! How a sketch is kept in a file.
//!
//! 16 bytes `bartizan-sketch\0`, a version byte, 32 bytes of BLAKE3 over everything behind them, then the sketch in postcard's
//! encoding. A reader refuses what does not match its digest, what another version wrote, and numbers that no sketch
//! has: sketches come from strangers too.

use serde::{Deserialize, Serialize};

use super::{
    profile::Norms,
    sketch::{ANCHOR, Halves, MOST_TENSORS, Sketch, TensorSketch},
    view::{SAMPLES, View},
};

const MAGIC: &[u8; 16] = b"bartizan-sketch\0";
const VERSION: u8 = 1;
/// Largest sketch that is read, in bytes: a model of some 100,000 tensors.
pub const LARGEST: u64 = 512 << 20;

/// Why a file is not a sketch that can be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SketchError {
    /// Something else.
    #[error("it is not a sketch: `bartizan lineage sketch` writes them")]
    Foreign,
    /// Of a newer or older bartizan.
    #[error("it is a sketch of version {0}, this bartizan reads version {VERSION}: sketch the model again")]
    Version(u8),
    /// Cut or changed.
    #[error("its digest does not match its content: it was cut or changed; sketch the model again")]
    Damaged,
    /// Well encoded, but no sketch looks like this.
    #[error("it is no sketch that bartizan wrote: {0}")]
    Unsound(&'static str),
}

#[derive(Serialize, Deserialize)]
struct Stored {
    label: String,
    gaps: Vec<String>,
    read: u64,
    size: u64,
    tensors: Vec<TensorSketch>,
}

impl Sketch {
    /// The bytes to keep.
    pub fn to_bytes(&self) -> Vec<u8> {
        let stored = Stored {
            label: self.label.clone(),
            gaps: self.gaps.clone(),
            read: self.read,
            size: self.size,
            tensors: self.tensors.clone(),
        };
        // Strings, vectors and numbers always encode.
        let body = postcard::to_allocvec(&stored).unwrap_or_default();
        let mut bytes = Vec::with_capacity(body.len() + 49);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(blake3::hash(&body).as_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads what [`Sketch::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`SketchError`] for anything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SketchError> {
        let rest = bytes.strip_prefix(MAGIC.as_slice()).ok_or(SketchError::Foreign)?;
        let (version, rest) = rest.split_first().ok_or(SketchError::Damaged)?;
        if *version != VERSION {
            return Err(SketchError::Version(*version));
        }
        let (digest, body) = rest.split_first_chunk::<32>().ok_or(SketchError::Damaged)?;
        if blake3::hash(body) != *digest {
            return Err(SketchError::Damaged);
        }
        let (stored, left): (Stored, &[u8]) =
            postcard::take_from_bytes(body).map_err(|_| SketchError::Unsound("it ends too soon"))?;
        if !left.is_empty() {
            return Err(SketchError::Unsound("bytes follow it"));
        }
        if stored.tensors.len() > MOST_TENSORS {
            return Err(SketchError::Unsound("it has too many tensors"));
        }
        for tensor in &stored.tensors {
            check(tensor)?;
        }
        let Stored { label, gaps, read, size, tensors } = stored;
        Ok(Self { label, tensors, gaps, read, size })
    }

    /// Identifies the weights: the same for the same samples (for the same values, where all of them were read),
    /// whatever the tensors or the file are called and in whichever order they stand. 64 hexadecimal digits.
    pub fn digest(&self) -> String {
        let whole = self.tensors.iter().all(|tensor| tensor.regular || tensor.profile.is_some());
        let values = |tensor: &TensorSketch| tensor.profile.as_ref().filter(|_| whole).map(|all| all.values);
        let mut parts: Vec<_> = self
            .tensors
            .iter()
            .map(|tensor| (tensor.shape.clone(), tensor.kind(), tensor.fingerprint, values(tensor)))
            .collect();
        parts.sort();
        let mut hasher = blake3::Hasher::new();
        hasher.update(b"bartizan lineage 1");
        for (shape, dtype, fingerprint, values) in parts {
            hasher.update(&(shape.len() as u64).to_le_bytes());
            for size in shape {
                hasher.update(&size.to_le_bytes());
            }
            hasher.update(&(dtype.len() as u64).to_le_bytes());
            hasher.update(dtype.as_bytes());
            hasher.update(&fingerprint);
            hasher.update(&values.unwrap_or_default().to_le_bytes());
        }
        hasher.finalize().to_hex().to_string()
    }
}

/// Does a tensor have what its shape calls for, and finite numbers only?
fn check(tensor: &TensorSketch) -> Result<(), SketchError> {
    if tensor.shape.len() > 64 {
        return Err(SketchError::Unsound("a tensor has more than 64 dimensions"));
    }
    let view = View::of(&tensor.shape).ok_or(SketchError::Unsound("a tensor has no elements"))?;
    let expected: u64 = match view.canonical().tiles().as_slice() {
        tiles if tiles.len() <= SAMPLES => tiles.iter().map(|tile| tile.height * tile.width).sum(),
        _ => return Err(SketchError::Unsound("a tensor has too many samples")),
    };
    if tensor.samples.len() as u64 != expected || !tensor.samples.0.len().is_multiple_of(2) {
        return Err(SketchError::Unsound("a tensor has another number of samples than its shape calls for"));
    }
    let finite = |halves: &Halves| halves.values().iter().all(|value| value.is_finite());
    if !tensor.scale.is_finite() || tensor.scale <= 0.0 || !finite(&tensor.samples) {
        return Err(SketchError::Unsound("a sample is not a number"));
    }
    let fits = |anchor: &super::sketch::Anchor| {
        anchor.octave < 64 && anchor.samples.len() <= ANCHOR && finite(&anchor.samples)
    };
    if tensor.anchors.len() > 2 || !tensor.anchors.iter().all(fits) {
        return Err(SketchError::Unsound("an anchor is not one"));
    }
    let sound =
        |profile: &super::profile::Profile| [&profile.short, &profile.long].into_iter().all(Norms::is_sound);
    if tensor.profile.as_ref().is_some_and(|profile| !sound(profile)) {
        return Err(SketchError::Unsound("a profile is not one"));
    }
    Ok(())
}
