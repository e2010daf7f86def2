//! A tensor as a matrix, and the positions at which it is sampled.
//!
//! Dimensions of size one are dropped, the first that is left counts the rows and all others together the columns. The
//! *canonical* matrix has its shorter side first: a layer stored as `in × out` is then sampled at the same places as
//! one stored as `out × in`. Positions depend on the two sizes alone.

/// How many elements of a tensor are sampled.
pub(super) const SAMPLES: usize = 2048;
/// Elements in one tile or stretch of a matrix.
const TILE: u64 = 256;
/// Side of a square tile, and length of a stretch of a vector.
const SIDE: u64 = 16;

/// The two sizes of a tensor, as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct View {
    pub(super) rows: u64,
    pub(super) columns: u64,
}

/// The sizes of the canonical matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Canonical {
    pub(super) short: u64,
    pub(super) long: u64,
}

/// A rectangle of the canonical matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    pub(super) row: u64,
    pub(super) column: u64,
    pub(super) height: u64,
    pub(super) width: u64,
}

impl View {
    /// `None` for a tensor without elements, or one whose size overflows.
    pub(super) fn of(shape: &[u64]) -> Option<Self> {
        let mut sizes = shape.iter().copied().filter(|size| *size != 1);
        let rows = sizes.next().unwrap_or(1);
        let columns = sizes.try_fold(1u64, |product, size| product.checked_mul(size))?;
        let elements = rows.checked_mul(columns)?;
        (elements > 0).then_some(Self { rows, columns })
    }

    pub(super) fn elements(self) -> u64 {
        self.rows.saturating_mul(self.columns)
    }

    pub(super) fn is_transposed(self) -> bool {
        self.rows > self.columns
    }

    pub(super) fn canonical(self) -> Canonical {
        Canonical { short: self.rows.min(self.columns), long: self.rows.max(self.columns) }
    }
}

impl Canonical {
    pub(super) fn is_vector(self) -> bool {
        self.short == 1
    }

    pub(super) fn is_square(self) -> bool {
        self.short == self.long
    }

    /// Rectangles that hold the sampled positions, each position once.
    pub(super) fn tiles(self) -> Vec<Tile> {
        let Self { short, long } = self;
        let elements = short.saturating_mul(long);
        if elements <= SAMPLES as u64 {
            return vec![Tile { row: 0, column: 0, height: short, width: long }];
        }
        let height = SIDE.min(short);
        let width = if self.is_vector() { SIDE } else { (TILE / height).min(long) };
        let (down, across) = (short / height, long / width);
        let wanted = SAMPLES as u64 / (height * width);
        let cell = |row: u64, column: u64| Tile { row: row * height, column: column * width, height, width };
        let mut random = Random::keyed(short, long, 0);
        if self.is_square() {
            return mirrored(down, wanted, &mut random).into_iter().map(|(i, j)| cell(i, j)).collect();
        }
        let cells = down.saturating_mul(across);
        distinct(cells, wanted.min(cells), &mut random)
            .into_iter()
            .map(|at| cell(at / across, at % across))
            .collect()
    }

    /// For a square matrix: at which place of the samples the mirrored element of each sample lies. It is there,
    /// because the tiles lie symmetrically.
    pub(super) fn mirror(self) -> Vec<usize> {
        let tiles = self.tiles();
        let mut places = Vec::with_capacity(SAMPLES);
        let mut base = Vec::with_capacity(tiles.len());
        let mut sum = 0usize;
        for tile in &tiles {
            base.push(sum);
            sum += (tile.height * tile.width) as usize;
        }
        for tile in &tiles {
            let partner = tiles.iter().position(|other| (other.row, other.column) == (tile.column, tile.row));
            let from = partner.and_then(|at| base.get(at).copied()).unwrap_or(0);
            for i in 0..tile.height as usize {
                for j in 0..tile.width as usize {
                    places.push(from + j * tile.height as usize + i);
                }
            }
        }
        places
    }
}

/// Cells of a square grid that lie symmetrically to its diagonal.
fn mirrored(side: u64, wanted: u64, random: &mut Random) -> Vec<(u64, u64)> {
    let pairs = side * side.saturating_sub(1) / 2;
    let mut cells = Vec::new();
    // Where the entries of a row of the upper triangle begin, counted row by row.
    let begin = |row: u64| row * (2 * side - row - 1) / 2;
    for index in distinct(pairs, (wanted / 2).min(pairs), random) {
        let (mut row, mut past) = (0, side);
        while past - row > 1 {
            let middle = row + (past - row) / 2;
            if begin(middle) <= index { row = middle } else { past = middle }
        }
        let column = row + 1 + (index - begin(row));
        cells.extend([(row, column), (column, row)]);
    }
    let left = wanted.saturating_sub(cells.len() as u64).min(side);
    cells.extend(distinct(side, left, random).into_iter().map(|at| (at, at)));
    cells
}

/// `count` different numbers below `limit`, sorted (Floyd's algorithm).
pub(super) fn distinct(limit: u64, count: u64, random: &mut Random) -> Vec<u64> {
    let mut chosen = std::collections::BTreeSet::new();
    for top in limit.saturating_sub(count)..limit {
        let candidate = random.below(top + 1);
        if !chosen.insert(candidate) {
            chosen.insert(top);
        }
    }
    chosen.into_iter().collect()
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine. Nothing secret depends on it.
pub(super) struct Random(u64);

impl Random {
    /// A generator that depends on these numbers alone.
    pub(super) fn keyed(one: u64, two: u64, three: u64) -> Self {
        let mut random = Self(0x6261_7274_697a_616e);
        for part in [one, two, three] {
            random.0 = random.next() ^ part;
        }
        random
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `limit`; zero when that is zero.
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn positions(canonical: Canonical) -> Vec<(u64, u64)> {
        let tiles = canonical.tiles();
        tiles
            .iter()
            .flat_map(|tile| {
                (0..tile.height)
                    .flat_map(move |i| (0..tile.width).map(move |j| (tile.row + i, tile.column + j)))
            })
            .collect()
    }

    proptest! {
        #[test]
        fn positions_lie_inside_and_are_drawn_once(rows in 1u64..5000, columns in 1u64..5000) {
            let canonical = View { rows, columns }.canonical();
            let positions = positions(canonical);
            let distinct: std::collections::BTreeSet<_> = positions.iter().collect();
            prop_assert_eq!(distinct.len(), positions.len());
            prop_assert!(positions.len() <= SAMPLES && positions.len() as u64 >= (rows * columns).min(256));
            prop_assert!(positions.iter().all(|(row, column)| *row < canonical.short && *column < canonical.long));
        }

        #[test]
        fn a_square_matrix_is_sampled_symmetrically(side in 1u64..3000) {
            let canonical = Canonical { short: side, long: side };
            let positions = positions(canonical);
            let mirror = canonical.mirror();
            for (place, (row, column)) in positions.iter().enumerate() {
                prop_assert_eq!(positions[mirror[place]], (*column, *row));
            }
        }
    }

    #[test]
    fn a_huge_matrix_costs_few_stretches() {
        let tiles = View { rows: 128_256, columns: 16_384 }.canonical().tiles();
        assert_eq!(tiles.len(), 8);
    }
}
