//! Points that may be among the nearest of one, by bounds of their distances.

/// A point and a lower bound of its squared distance from another, in one number that grows with the bound.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bound(u64);

/// Points that may be among the nearest of one, and upper bounds of their squared distances.
#[derive(Default)]
pub(super) struct Bounds {
    pub(super) lower: Vec<Bound>,
    upper: Vec<f32>,
    /// Room to work in.
    bits: Vec<u32>,
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

    /// The largest of the `count` least upper bounds.
    #[inline(always)]
    pub(super) fn largest_of_least(&mut self, count: usize) -> f32 {
        self.bits.clear();
        self.bits
            .extend(self.upper.iter().map(|upper| upper.to_bits()));
        f32::from_bits(*self.bits.select_nth_unstable(count - 1).1)
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
