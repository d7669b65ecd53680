//! Ranks of draws, and the normal scores that stand for them.

use std::sync::Arc;

use super::normal_quantile::normal_quantile;

/// A number and its place.
pub(super) type Placed = (f64, u32);

/// Bits that a pass of the sort looks at; three passes see 32.
const BITS: usize = 11;

/// Memory for sorting.
#[derive(Clone, Default)]
pub(super) struct SortKeys {
    keys: Vec<u64>,
    spare: Vec<u64>,
}

/// Puts `numbers`, all finite, into `sorted` in rising order, each with its place.
///
/// The numbers are sorted by keys of 32 bits, linear in them, that carry the place in their low half; those that share a key are
/// sorted by themselves.
pub(super) fn sort(numbers: &[f64], memory: &mut SortKeys, sorted: &mut Vec<Placed>) {
    let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    // A range that overflows makes all keys 0, one that underflows 0 or the largest: still in order.
    let scale = f64::from(u32::MAX) / (high - low);
    memory.keys.clear();
    memory
        .keys
        .extend(numbers.iter().enumerate().map(|(place, x)| {
            let key = ((x - low) * scale) as u32;
            u64::from(key) << 32 | place as u64
        }));
    let keys = memory.sort();
    sorted.clear();
    sorted.extend(keys.iter().map(|&key| {
        let place = key as u32;
        (numbers[place as usize], place)
    }));
    let mut start = 0;
    for same in keys.chunk_by(|a, b| a >> 32 == b >> 32) {
        let end = start + same.len();
        if same.len() > 1 {
            sorted[start..end].sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
        }
        start = end;
    }
}

impl SortKeys {
    /// Sorts the keys by their high half: a radix sort, from the lowest digit of 11 bits to the highest.
    fn sort(&mut self) -> &[u64] {
        const PASSES: usize = 3;
        let digit = |key: u64, pass: usize| (key >> (32 + pass * BITS)) as usize % (1 << BITS);
        let mut places = [[0_u32; 1 << BITS]; PASSES];
        for &key in &self.keys {
            for (pass, places) in places.iter_mut().enumerate() {
                places[digit(key, pass)] += 1;
            }
        }
        self.spare.resize(self.keys.len(), 0);
        for (pass, places) in places.iter_mut().enumerate() {
            let mut start = 0;
            for place in places.iter_mut() {
                start += std::mem::replace(place, start);
            }
            for &key in &self.keys {
                let place = &mut places[digit(key, pass)];
                self.spare[*place as usize] = key;
                *place += 1;
            }
            std::mem::swap(&mut self.keys, &mut self.spare);
        }
        &self.keys
    }
}

/// The median of sorted numbers, of which there is an even number.
fn median(sorted: &[Placed]) -> f64 {
    let middle = sorted.len() / 2;
    (sorted[middle - 1].0 + sorted[middle].0) / 2.0
}

/// Puts the distances |x − median| of an even number of sorted x into `folded` in rising order, each with its place: the halves
/// below and above the median are merged.
pub(super) fn fold(sorted: &[Placed], folded: &mut Vec<Placed>) {
    let median = median(sorted);
    let (mut below, mut above) = sorted.split_at(sorted.len() / 2);
    let lower = |&(x, place): &Placed| (median - x, place);
    let upper = |&(x, place): &Placed| (x - median, place);
    folded.clear();
    // Which side is next is a coin toss: written so that the processor need not guess.
    while let (Some(low), Some(high)) = (below.last(), above.first()) {
        let [low, high] = [lower(low), upper(high)];
        let take_low = low.0 <= high.0;
        folded.push(if take_low { low } else { high });
        below = &below[..below.len() - usize::from(take_low)];
        above = &above[usize::from(!take_low)..];
    }
    folded.extend(below.iter().rev().map(lower));
    folded.extend(above.iter().map(upper));
}

/// Normal scores of the ranks 1 to n: z = Φ⁻¹((r − 3/8)/(n + 1/4)) (Blom 1958), equal numbers sharing their mean rank.
#[derive(Clone)]
pub(super) struct NormalScores {
    /// z at the ranks 1, 3/2, 2, …, n.
    at_half_ranks: Arc<[f64]>,
}

impl NormalScores {
    /// For `count` numbers.
    pub(super) fn new(count: usize) -> Self {
        let probability = |half: usize| (0.5 * half as f64 + 0.625) / (count as f64 + 0.25);
        let scores = (0..2 * count - 1).map(|half| normal_quantile(probability(half)));
        Self {
            at_half_ranks: scores.collect(),
        }
    }

    /// Writes the score of each number to its place.
    pub(super) fn write(&self, sorted: &[Placed], scores: &mut [f64]) {
        let mut first = 0;
        for equal in sorted.chunk_by(|a, b| a.0 == b.0) {
            let last = first + equal.len() - 1;
            let score = self.at_half_ranks[first + last];
            for &(_, place) in equal {
                scores[place as usize] = score;
            }
            first = last + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sorted_by_comparison(numbers: &[f64]) -> Vec<f64> {
        let mut sorted = numbers.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn check_sort(numbers: &[f64]) {
        let mut sorted = Vec::new();
        sort(numbers, &mut SortKeys::default(), &mut sorted);
        let values: Vec<f64> = sorted.iter().map(|placed| placed.0).collect();
        assert_eq!(values, sorted_by_comparison(numbers));
        assert!(
            sorted
                .iter()
                .all(|&(x, place)| numbers[place as usize].to_bits() == x.to_bits())
        );
        let mut places: Vec<u32> = sorted.iter().map(|placed| placed.1).collect();
        places.sort_unstable();
        assert!(places.iter().copied().eq(0..numbers.len() as u32));
    }

    #[test]
    fn extremes_are_sorted() {
        check_sort(&[0.0]);
        check_sort(&[1.0, 1.0, 1.0]);
        check_sort(&[f64::MAX, -f64::MAX, 0.0, 1.0, f64::MAX]);
        check_sort(&[5e-324, 0.0, 5e-324, -5e-324]);
        // All but one share a key.
        check_sort(&[1e30, 3.0, 1.0, 2.0, -1.0, 2.0]);
    }

    proptest! {
        #[test]
        fn any_numbers_are_sorted(numbers in prop::collection::vec(prop::num::f64::NORMAL | prop::num::f64::ZERO, 1..200)) {
            check_sort(&numbers);
        }

        #[test]
        fn folding_is_sorting_distances(numbers in prop::collection::vec((-40..40).prop_map(f64::from), 1..60)) {
            let numbers: Vec<f64> = numbers.iter().chain(&numbers).map(|x| x / 8.0).collect();
            let (mut sorted, mut folded) = (Vec::new(), Vec::new());
            sort(&numbers, &mut SortKeys::default(), &mut sorted);
            fold(&sorted, &mut folded);
            let median = median(&sorted);
            let distances: Vec<f64> = numbers.iter().map(|x| (x - median).abs()).collect();
            let values: Vec<f64> = folded.iter().map(|placed| placed.0).collect();
            prop_assert_eq!(values, sorted_by_comparison(&distances));
            for &(distance, place) in &folded {
                prop_assert_eq!(distance, distances[place as usize]);
            }
        }
    }

    #[test]
    fn equal_numbers_share_a_rank() {
        let mut scores = [0.0; 5];
        let sorted = [(1.0, 4), (2.0, 0), (2.0, 3), (2.0, 1), (7.0, 2)];
        NormalScores::new(5).write(&sorted, &mut scores);
        let z = |rank: f64| normal_quantile((rank - 0.375) / 5.25);
        assert_eq!(scores, [z(3.0), z(3.0), z(5.0), z(3.0), z(1.0)]);
    }
}
