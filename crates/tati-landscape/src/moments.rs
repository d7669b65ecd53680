//! Mean and variance of a stream of numbers, mergeable.

/// Count, mean and variance of the numbers seen so far.
///
/// One number after the other is added as Welford (1962) does, two parts are merged as Chan, Golub and LeVeque (1979) do:
///
/// ```text
/// δ = mean₂ − mean₁,  mean = mean₁ + δ n₂/n,  Σ(x − mean)² = Σ₁ + Σ₂ + δ² n₁n₂/n
/// ```
///
/// so that nothing cancels, however large the mean is against the spread.
///
/// # Example
/// ```
/// use tati_landscape::RunningMoments;
///
/// let mut moments = RunningMoments::default();
/// for x in [1.0, 2.0, 3.0] {
///     moments.push(x);
/// }
/// moments.merge(&RunningMoments::of(&[4.0, 5.0]));
/// assert_eq!([moments.mean(), moments.variance()], [3.0, 2.5]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunningMoments {
    count: usize,
    mean: f64,
    squared_deviations: f64,
}

impl RunningMoments {
    /// Of these numbers, in two passes.
    pub fn of(numbers: &[f64]) -> Self {
        if numbers.is_empty() {
            return Self::default();
        }
        let count = numbers.len();
        let mean = sum_of(numbers, |x| x) / count as f64;
        // What rounding left in the mean is in the sum of deviations.
        let left = sum_of(numbers, |x| x - mean) / count as f64;
        let mean = mean + left;
        Self {
            count,
            mean,
            squared_deviations: sum_of(numbers, |x| (x - mean) * (x - mean)),
        }
    }

    /// Adds a number.
    pub fn push(&mut self, x: f64) {
        self.count += 1;
        let deviation = x - self.mean;
        self.mean += deviation / self.count as f64;
        self.squared_deviations += deviation * (x - self.mean);
    }

    /// Adds the numbers that `other` has seen.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        let [first, second] = [self.count, other.count].map(|count| count as f64);
        let share = second / (first + second);
        let difference = other.mean - self.mean;
        self.count += other.count;
        self.mean += difference * share;
        self.squared_deviations +=
            other.squared_deviations + difference * difference * first * share;
    }

    /// How many numbers there were.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Their mean; 0 if there were none.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// The unbiased estimate Σ(x − mean)²/(n − 1) of the variance; NaN of fewer than two numbers.
    pub fn variance(&self) -> f64 {
        match self.count {
            0 | 1 => f64::NAN,
            count => self.squared_deviations / (count - 1) as f64,
        }
    }

    /// Σ(x − mean)²/n, the variance of the numbers themselves; NaN if there were none.
    pub fn population_variance(&self) -> f64 {
        self.squared_deviations / self.count as f64
    }
}

/// Σ f(x), in lanes: the same on every machine, and not bound by the latency of an addition.
fn sum_of(numbers: &[f64], f: impl Fn(f64) -> f64) -> f64 {
    let mut lanes = [0.0; 8];
    let (blocks, rest) = numbers.as_chunks::<8>();
    for block in blocks {
        for (lane, &x) in lanes.iter_mut().zip(block) {
            *lane += f(x);
        }
    }
    let rest: f64 = rest.iter().map(|&x| f(x)).sum();
    lanes.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn merged(numbers: &[f64], cuts: &[usize]) -> RunningMoments {
        let mut whole = RunningMoments::default();
        let mut rest = numbers;
        for (place, &cut) in cuts.iter().enumerate() {
            let (part, after) = rest.split_at(cut.min(rest.len()));
            rest = after;
            if place % 2 == 0 {
                whole.merge(&RunningMoments::of(part));
            } else {
                part.iter().for_each(|&x| whole.push(x));
            }
        }
        whole.merge(&RunningMoments::of(rest));
        whole
    }

    proptest! {
        #[test]
        fn any_chunking_gives_the_same(
            deviations in prop::collection::vec(-1.0..1.0_f64, 2..300),
            cuts in prop::collection::vec(0_usize..60, 0..9),
            offset in prop::sample::select(vec![0.0, 1.0, -1e3, 1e6]),
        ) {
            let numbers: Vec<f64> = deviations.iter().map(|x| offset + x).collect();
            let whole = RunningMoments::of(&numbers);
            let parts = merged(&numbers, &cuts);
            prop_assert_eq!(parts.count(), whole.count());
            let scale = 1.0 + offset.abs();
            prop_assert!((parts.mean() - whole.mean()).abs() <= 1e-12 * scale);
            // Numbers of size `offset` are themselves only known to ε · offset.
            let tolerance = 1e-12 + 4.0 * f64::EPSILON * offset.abs();
            prop_assert!((parts.variance() - whole.variance()).abs() <= tolerance);
        }
    }

    #[test]
    fn a_mean_far_above_the_spread_costs_no_digits() {
        let numbers: Vec<f64> = (0..1000).map(|i| 1e9 + f64::from(i % 2)).collect();
        let mut pushed = RunningMoments::default();
        numbers.iter().for_each(|&x| pushed.push(x));
        for moments in [RunningMoments::of(&numbers), pushed] {
            assert_eq!(moments.mean(), 1e9 + 0.5);
            assert!((moments.population_variance() - 0.25).abs() < 1e-12);
        }
        // The textbook formula has lost them all.
        let mean_square = numbers.iter().map(|x| x * x).sum::<f64>() / 1000.0;
        assert!((mean_square - (1e9 + 0.5) * (1e9 + 0.5) - 0.25).abs() > 1.0);
    }

    #[test]
    fn too_few_numbers_have_no_variance() {
        assert!(RunningMoments::of(&[3.0]).variance().is_nan());
        assert!(RunningMoments::default().population_variance().is_nan());
        let mut merged = RunningMoments::default();
        merged.merge(&RunningMoments::default());
        assert_eq!(merged, RunningMoments::default());
    }
}
