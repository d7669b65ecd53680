//! Points that may be among the nearest of one, by bounds of their distances.

use super::boxes::{OfBox, POINTS_PER_BOX};

/// A point and a lower bound of its squared distance from another, in one number that grows with the bound.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bound(u64);

/// Points that may be among the nearest of one, and upper bounds of their squared distances.
#[derive(Default)]
pub(super) struct Bounds {
    /// How many there are; what comes after them is room.
    count: usize,
    lower: Vec<Bound>,
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
        self.count = 0;
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    pub(super) fn lower(&self) -> &[Bound] {
        &self.lower[..self.count]
    }

    /// Adds those points of a box whose lower bounds, `lowers`, are within reach.
    #[inline(always)]
    pub(super) fn add(&mut self, points: &[u32], lowers: &OfBox, uppers: &OfBox, reach: f32) {
        /// Points compared at a time.
        const GROUP: usize = 16;

        let most = self.count + POINTS_PER_BOX;
        if self.lower.len() < most {
            self.lower.resize(2 * most, Bound(0));
            self.upper.resize(2 * most, 0.0);
        }
        let lower = &mut self.lower[self.count..most];
        let upper = &mut self.upper[self.count..most];
        let mut added = 0;
        let bounds = lowers.as_chunks::<GROUP>().0.iter();
        let bounds = bounds.zip(uppers.as_chunks::<GROUP>().0);
        for (points, (lowers, uppers)) in points.chunks(GROUP).zip(bounds) {
            let mut has_near = false;
            for &bound in lowers {
                has_near |= bound <= reach;
            }
            if has_near {
                for ((&point, &bound), &above) in points.iter().zip(lowers).zip(uppers) {
                    (lower[added], upper[added]) = (Bound::new(point, bound), above);
                    added += usize::from(bound <= reach);
                }
            }
        }
        self.count += added;
    }

    /// A number that at least `count` of the upper bounds do not exceed, and not many more.
    #[inline(always)]
    pub(super) fn reach_of(&self, count: usize) -> f32 {
        /// Enough that what is found exceeds the least such number by a tenth at most.
        const HALVINGS: usize = 10;

        // Numbers that are not negative have the order of their bits.
        let (mut low, mut high) = (u32::MAX, 0);
        for upper in &self.upper[..self.count] {
            low = low.min(upper.to_bits());
            high = high.max(upper.to_bits());
        }
        for _ in 0..HALVINGS {
            let middle = low + (high - low) / 2;
            let within: u32 = (self.upper[..self.count].iter())
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
        let (lower, upper) = (&mut self.lower[..self.count], &mut self.upper[..self.count]);
        let mut kept = 0;
        for at in 0..lower.len() {
            let own = lower[at];
            (lower[kept], upper[kept]) = (own, upper[at]);
            kept += usize::from(own.lower() <= reach);
        }
        self.count = kept;
    }
}
