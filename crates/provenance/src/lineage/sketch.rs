//! A model's sketch: some samples of every tensor, small enough to keep and enough to recognise descendants by.

use bartizan_core::ReadError;
use half::f16;
use serde::{Deserialize, Serialize};

use super::{
    element::Encoding,
    elements::{Elements, Layout, TensorSource, Unread},
    grid, packed,
    profile::Profile,
    regular,
    view::{Random, SAMPLES, View, distinct},
};

/// Bytes that may be read for profiles at least, and as a share of the model: one part in so many.
const PROFILE_BYTES: u64 = 32 << 20;
const PROFILE_SHARE: u64 = 400;
/// Rows, columns and stretches that are read for the question whether values lie on a grid, elements of each, and of
/// each column.
const GRID_LINES: u64 = 8;
const GRID_ELEMENTS: u64 = 2048;
const GRID_ROWS: u64 = 64;
/// Groups that share a scale begin at multiples of this.
const ALIGNED: u64 = 256;
/// A tensor that is read whole for its profile is held whole up to this many bytes.
const HELD: u64 = 8 << 20;
/// Tensors that are sketched at most; the largest mixtures of experts have about 100,000.
pub(super) const MOST_TENSORS: usize = 250_000;
/// Samples of one anchor.
pub(super) const ANCHOR: usize = 256;
/// Length of one stretch of an anchor.
const STRETCH: u64 = 16;

/// Everything that is kept of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Sketch {
    /// What it was made of, for reports: a path, a name.
    pub label: String,
    /// One per tensor that was read.
    pub(super) tensors: Vec<TensorSketch>,
    /// What was not read, and why.
    pub gaps: Vec<String>,
    /// Bytes that were read.
    pub read: u64,
    /// Bytes that the tensors take.
    pub size: u64,
}

/// The narrowest floating-point type that holds every sample exactly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Precision {
    /// 8 bits of precision.
    Bf16,
    /// 11 bits.
    F16,
    /// More.
    Wide,
}

/// What is kept of one tensor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct TensorSketch {
    pub(super) name: String,
    pub(super) dtype: String,
    pub(super) shape: Vec<u64>,
    /// Largest magnitude among the samples.
    pub(super) scale: f32,
    /// Samples divided by the scale, in the order of the tiles of the canonical matrix.
    pub(super) samples: Halves,
    /// Of the samples' bits, before they were rounded for keeping.
    pub(super) fingerprint: [u8; 8],
    pub(super) precision: Precision,
    /// Is it made by a formula? It then says nothing.
    pub(super) regular: bool,
    /// Is it stored in a quantised type, or does it lie on a grid?
    pub(super) quantised: bool,
    pub(super) profile: Option<Profile>,
    /// Samples of the first 2^k rows.
    pub(super) anchors: Vec<Anchor>,
}

impl TensorSketch {
    /// The element type under one name, however its format spells it.
    pub(super) fn kind(&self) -> String {
        Encoding::named(&self.dtype).map_or_else(|| self.dtype.clone(), |encoding| format!("{encoding:?}"))
    }
}

/// Samples of the first `2^octave` rows, divided by the tensor's scale: comparable when a vocabulary was resized.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Anchor {
    pub(super) octave: u8,
    pub(super) samples: Halves,
}

/// Half-precision numbers, little-endian.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Halves(pub(super) Vec<u8>);

impl Halves {
    fn of(values: &[f32], scale: f32) -> Self {
        Self(values.iter().flat_map(|value| f16::from_f32(value / scale).to_le_bytes()).collect())
    }

    pub(super) fn values(&self) -> Vec<f32> {
        self.0.as_chunks::<2>().0.iter().map(|pair| f16::from_le_bytes(*pair).to_f32()).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len() / 2
    }
}

impl Sketch {
    /// Sketches a model. Tensors that cannot be read are named in the gaps, never passed over in silence; `stop` is
    /// asked between tensors.
    pub fn of(label: impl Into<String>, sources: Vec<TensorSource>, stop: &dyn Fn() -> bool) -> Self {
        let mut sketch =
            Self { label: label.into(), tensors: Vec::new(), gaps: Vec::new(), read: 0, size: 0 };
        let (mut sources, unread) = packed::unpack(sources);
        sketch.gaps.extend(unread);
        if let Some(more) = sources.len().checked_sub(MOST_TENSORS).filter(|more| *more > 0) {
            sketch.gaps.push(format!("{more} tensors beyond the first {MOST_TENSORS} were not sketched"));
            sources.truncate(MOST_TENSORS);
        }
        let mut opened = Vec::new();
        let mut refused: Vec<(String, Unread)> = Vec::new();
        for source in sources {
            sketch.size = sketch.size.saturating_add(source.content.len());
            match Open::of(source) {
                Ok(open) => opened.extend(open),
                Err((name, why)) => refused.push((name, why)),
            }
        }
        sketch.refuse(&refused);
        let profiled = profiled(&opened, sketch.size);
        let rare = rare(&opened);
        for ((mut open, profile), rare) in opened.into_iter().zip(profiled).zip(rare) {
            if stop() {
                sketch.gaps.push("stopped before all tensors were read".to_owned());
                break;
            }
            match open.sketch(profile, rare) {
                Ok(tensor) => sketch.tensors.push(tensor),
                Err(error) => sketch.gaps.push(format!("tensor `{}`: {error}", open.name)),
            }
            sketch.read = sketch.read.saturating_add(open.elements.read);
        }
        sketch
    }

    /// How many tensors it holds.
    pub fn tensors(&self) -> usize {
        self.tensors.len()
    }

    /// Number of elements of all tensors.
    pub fn parameters(&self) -> u64 {
        let elements = |tensor: &TensorSketch| View::of(&tensor.shape).map_or(0, View::elements);
        self.tensors.iter().map(elements).fold(0, u64::saturating_add)
    }

    /// Are its tensors the two halves of low-rank updates?
    pub fn is_adapter(&self) -> bool {
        let halves = ["lora_a", "lora_b", "lora_up", "lora_down", "lora.up", "lora.down", "lora_embedding"];
        let is_half = |tensor: &&TensorSketch| {
            let name = tensor.name.to_ascii_lowercase();
            halves.iter().any(|half| name.contains(half))
        };
        let count = self.tensors.iter().filter(is_half).count();
        count > 0 && count * 2 >= self.tensors.len()
    }

    /// Names what was refused, the same reasons together.
    fn refuse(&mut self, refused: &[(String, Unread)]) {
        let mut by_reason: std::collections::BTreeMap<String, (usize, &str)> = Default::default();
        for (name, why) in refused {
            by_reason.entry(why.to_string()).or_insert((0, name)).0 += 1;
        }
        for (reason, (count, first)) in by_reason.into_iter().take(32) {
            let more = if count > 1 { format!(" and {} more", count - 1) } else { String::new() };
            self.gaps.push(format!("tensor `{first}`{more}: {reason}"));
        }
    }
}

/// A tensor that is ready to be read.
struct Open {
    name: String,
    dtype: String,
    shape: Vec<u64>,
    view: View,
    bytes: u64,
    stored_quantised: bool,
    elements: Elements,
}

/// Height and width.
type Extent = (usize, usize);

impl Open {
    /// `None` for a tensor that holds nothing to compare: no elements, or truth values.
    fn of(source: packed::Source) -> Result<Option<Self>, (String, Unread)> {
        let packed::Source { name, dtype, shape, content, layout } = source;
        let Some(view) = View::of(&shape) else {
            let empty = shape.contains(&0);
            let wrong = Unread::Length { bytes: content.len(), elements: u64::MAX, dtype };
            return if empty { Ok(None) } else { Err((name, wrong)) };
        };
        let layout = match layout.or_else(|| Encoding::named(&dtype).map(Layout::Flat)) {
            Some(layout) => layout,
            None if matches!(dtype.trim_start_matches('|'), "bool" | "b1" | "?" | "string") => {
                return Ok(None);
            }
            None => return Err((name, Unread::Encoding(dtype))),
        };
        let stored_quantised = match layout {
            Layout::Flat(encoding) => encoding.is_quantised(),
            Layout::PackedRows { .. } => true,
        };
        let bytes = content.len();
        match Elements::new(content, layout, view.elements(), &dtype) {
            Ok(elements) => Ok(Some(Self { name, dtype, shape, view, bytes, stored_quantised, elements })),
            Err(why) => Err((name, why)),
        }
    }

    fn sketch(&mut self, profile: bool, rare: bool) -> Result<TensorSketch, ReadError> {
        if profile && self.bytes <= HELD {
            self.elements.hold()?;
        }
        let (samples, widths) = self.samples()?;
        let scale = samples.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let scale = if scale > 0.0 { scale } else { 1.0 };
        let mut tiles = Vec::new();
        let mut rest = samples.as_slice();
        for (height, width) in widths {
            let (tile, after) = rest.split_at_checked(height * width).unwrap_or((rest, &[]));
            tiles.push((tile, width));
            rest = after;
        }
        let regular = regular::is_regular(&tiles);
        let quantised = self.stored_quantised || (!regular && grid::is_quantised(&samples, &self.lines()?));
        let anchors = if rare && !regular { self.anchors(scale)? } else { Vec::new() };
        let profile = if profile && !regular { Profile::of(&mut self.elements, self.view)? } else { None };
        Ok(TensorSketch {
            name: self.name.clone(),
            dtype: self.dtype.clone(),
            shape: self.shape.clone(),
            scale,
            fingerprint: fingerprint(&samples),
            precision: precision(&samples),
            samples: Halves::of(&samples, scale),
            regular,
            quantised,
            profile,
            anchors,
        })
    }

    /// The samples in the canonical order, and height and width of each tile.
    fn samples(&mut self) -> Result<(Vec<f32>, Vec<Extent>), ReadError> {
        let canonical = self.view.canonical();
        let mut samples = Vec::with_capacity(SAMPLES);
        let mut sizes = Vec::new();
        for tile in canonical.tiles() {
            let (height, width) = (tile.height as usize, tile.width as usize);
            sizes.push((height, width));
            if canonical.is_vector() {
                self.elements.append(tile.column, tile.width, &mut samples)?;
            } else if self.view.is_transposed() {
                let mut stored = Vec::with_capacity(height * width);
                for row in 0..tile.width {
                    let start = (tile.column + row) * self.view.columns + tile.row;
                    self.elements.append(start, tile.height, &mut stored)?;
                }
                let at = |i: usize, j: usize| stored.get(j * height + i).copied().unwrap_or(0.0);
                samples
                    .extend((0..height).flat_map(|i| (0..width).map(move |j| (i, j))).map(|(i, j)| at(i, j)));
            } else {
                for row in 0..tile.height {
                    let start = (tile.row + row) * self.view.columns + tile.column;
                    self.elements.append(start, tile.width, &mut samples)?;
                }
            }
        }
        Ok((samples, sizes))
    }

    /// Lines of values that may share a scale: rows, columns, and stretches of what is stored one after the other.
    fn lines(&mut self) -> Result<grid::Lines, ReadError> {
        let View { rows, columns } = self.view;
        let mut random = Random::keyed(rows, columns, 1);
        let mut lines = grid::Lines::default();
        let all = self.view.elements();
        let places = all.div_ceil(ALIGNED);
        for place in distinct(places, GRID_LINES.min(places), &mut random) {
            let mut values = Vec::new();
            let start = place * ALIGNED;
            self.elements.append(start, GRID_ELEMENTS.min(all - start), &mut values)?;
            lines.stretches.push(values);
        }
        if self.view.canonical().is_vector() {
            return Ok(lines);
        }
        let mut across = Vec::new();
        for row in distinct(rows, GRID_LINES.min(rows), &mut random) {
            let mut values = Vec::new();
            self.elements.append(row * columns, columns.min(GRID_ELEMENTS), &mut values)?;
            across.push(values);
        }
        let width = GRID_LINES.min(columns);
        let column = random.below(columns - width + 1);
        let mut down = vec![Vec::new(); width as usize];
        for row in 0..rows.min(GRID_ROWS) {
            let mut values = Vec::new();
            self.elements.append(row * columns + column, width, &mut values)?;
            down.iter_mut().zip(values).for_each(|(line, value)| line.push(value));
        }
        lines.whole = vec![across, down];
        Ok(lines)
    }

    /// Samples of the first 2^k rows, for the two largest k.
    fn anchors(&mut self, scale: f32) -> Result<Vec<Anchor>, ReadError> {
        let View { rows, columns } = self.view;
        if rows < 16 || columns < STRETCH {
            return Ok(Vec::new());
        }
        let top = rows.ilog2();
        let mut anchors = Vec::new();
        for octave in [top - 1, top] {
            let mut random = Random::keyed(columns, u64::from(octave), 2);
            let across = columns / STRETCH;
            let cells = (1u64 << octave).saturating_mul(across);
            let mut samples = Vec::with_capacity(ANCHOR);
            for cell in distinct(cells, (ANCHOR as u64 / STRETCH).min(cells), &mut random) {
                let start = cell / across * columns + cell % across * STRETCH;
                self.elements.append(start, STRETCH, &mut samples)?;
            }
            anchors.push(Anchor { octave: octave as u8, samples: Halves::of(&samples, scale) });
        }
        Ok(anchors)
    }
}

/// Which tensors are read whole for their profile: the smallest, until the budget is used up.
fn profiled(opened: &[Open], size: u64) -> Vec<bool> {
    let mut order: Vec<(u64, usize)> =
        opened.iter().enumerate().map(|(index, open)| (open.bytes, index)).collect();
    order.sort_unstable();
    let mut budget = PROFILE_BYTES.max(size / PROFILE_SHARE);
    let mut chosen = vec![false; opened.len()];
    for (bytes, index) in order {
        let Some(left) = budget.checked_sub(bytes) else { break };
        budget = left;
        if let Some(chosen) = chosen.get_mut(index) {
            *chosen = true;
        }
    }
    chosen
}

/// Which tensors have a shape that hardly any other has, as embeddings and heads do.
fn rare(opened: &[Open]) -> Vec<bool> {
    let mut counts: std::collections::BTreeMap<View, usize> = Default::default();
    for open in opened {
        *counts.entry(open.view).or_default() += 1;
    }
    opened.iter().map(|open| counts.get(&open.view).is_some_and(|count| *count <= 2)).collect()
}

fn fingerprint(samples: &[f32]) -> [u8; 8] {
    let mut hasher = blake3::Hasher::new();
    for value in samples {
        // Zero has two signs and one value.
        hasher.update(&(if *value == 0.0 { 0.0 } else { *value }).to_le_bytes());
    }
    hasher.finalize().as_bytes().first_chunk().copied().unwrap_or_default()
}

fn precision(samples: &[f32]) -> Precision {
    if samples.iter().all(|value| value.to_bits().trailing_zeros() >= 16) {
        return Precision::Bf16;
    }
    if samples.iter().all(|value| f16::from_f32(*value).to_f32() == *value) {
        return Precision::F16;
    }
    Precision::Wide
}
