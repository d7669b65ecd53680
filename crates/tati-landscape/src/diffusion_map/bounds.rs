//! Points that may be among the nearest of one, by bounds of their distances.

/// A point and a lower bound of its squared distance from another, in one number that grows with the bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bound(u64);

/// Points that may be among the nearest of one, and upper bounds of their squared distances.
#[derive(Default)]
pub(super) struct Bounds {
    pub(super) lower: Vec<Bound>,
    upper: Vec<f32>,
}

impl Bound {
    pub(super) fn new(point: u32, lower: f32) -> Self {
        // Numbers that are not negative have the order of their bits.
        Self(u64::from(lower.to_bits()) << 32 | u64::from(point))
    }

    pub(super) fn point(self) -> u32 {
        self.0 as u32
    }

    pub(super) fn lower(self) -> f32 {
        f32::from_bits((self.0 >> 32) as u32)
    }
}

impl Bounds {
    pub(super) fn clear(&mut self) {
        self.lower.clear();
        self.upper.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.lower.len()
    }

    #[inline(always)]
    pub(super) fn push(&mut self, point: u32, lower: f32, upper: f32) {
        self.lower.push(Bound::new(point, lower));
        self.upper.push(upper);
    }

    /// A number that at least `count` of the upper bounds do not exceed, and not many more.
    #[inline(always)]
    pub(super) fn reach_of(&self, count: usize) -> f32 {
        /// Enough that what is found exceeds the least such number by a tenth at most.
        const HALVINGS: usize = 10;

        // Numbers that are not negative have the order of their bits.
        let (mut low, mut high) = (u32::MAX, 0);
        for upper in &self.upper {
            low = low.min(upper.to_bits());
            high = high.max(upper.to_bits());
        }
        for _ in 0..HALVINGS {
            let middle = low + (high - low) / 2;
            let within: u32 = (self.upper.iter())
                .map(|upper| u32::from(upper.to_bits() <= middle))
                .sum();
            if within as usize >= count {
                high = middle;
            } else {
                low = middle;
            }
        }
        f32::from_bits(high)
    }

    /// Leaves out points farther away.
    #[inline(always)]
    pub(super) fn keep_within(&mut self, reach: f32) {
        let mut kept = 0;
        for at in 0..self.lower.len() {
            let lower = self.lower[at];
            (self.lower[kept], self.upper[kept]) = (lower, self.upper[at]);
            kept += usize::from(lower.lower() <= reach);
        }
        self.lower.truncate(kept);
        self.upper.truncate(kept);
    }
}
