//! Autocovariances by fast Fourier transform.

use std::cell::RefCell;
use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

thread_local! {
    static PLANNER: RefCell<FftPlanner<f64>> = RefCell::new(FftPlanner::new());
}

/// The autocovariances of series of one length n, with the memory that computing them needs:
///
/// ```text
/// C(t) = (1/n) Σᵢ (xᵢ − x̄)(xᵢ₊ₜ − x̄),  i = 0 … n − 1 − t
/// ```
#[derive(Clone)]
pub(crate) struct Autocovariance {
    fft: Arc<dyn Fft<f64>>,
    buffer: Vec<Complex<f64>>,
    scratch: Vec<Complex<f64>>,
    power: Vec<f64>,
    lags: Vec<f64>,
}

impl Autocovariance {
    /// For series of `length` numbers.
    pub(crate) fn new(length: usize) -> Self {
        let padded = fast_length(2 * length);
        let fft = PLANNER.with_borrow_mut(|planner| planner.plan_fft_forward(padded));
        Self {
            buffer: vec![Complex::default(); padded],
            scratch: vec![Complex::default(); fft.get_inplace_scratch_len()],
            power: vec![0.0; padded],
            lags: vec![0.0; length],
            fft,
        }
    }

    /// C(0) … C(n − 1), averaged over series that stand one after the other; `means` are theirs.
    pub(crate) fn average(&mut self, series: &[f64], means: &[f64]) -> &[f64] {
        let length = self.lags.len();
        self.power.fill(0.0);
        // Two real series are one complex series, whose autocovariance has the sum of theirs as its real part.
        let pairs = series.chunks(2 * length).zip(means.chunks(2));
        for (series, means) in pairs {
            let (first, second) = series.split_at(length);
            if let [first_mean, second_mean] = *means {
                let both = first.iter().zip(second);
                for (z, (x, y)) in self.buffer.iter_mut().zip(both) {
                    *z = Complex::new(x - first_mean, y - second_mean);
                }
            } else {
                for (z, x) in self.buffer.iter_mut().zip(first) {
                    *z = Complex::new(x - means[0], 0.0);
                }
            }
            self.buffer[length..].fill(Complex::default());
            self.fft
                .process_with_scratch(&mut self.buffer, &mut self.scratch);
            for (power, z) in self.power.iter_mut().zip(&self.buffer) {
                *power += z.norm_sqr();
            }
        }
        // The power is real, so that its inverse transform is the conjugate of its transform.
        for (z, &power) in self.buffer.iter_mut().zip(&self.power) {
            *z = Complex::new(power, 0.0);
        }
        self.fft
            .process_with_scratch(&mut self.buffer, &mut self.scratch);
        let scale = 1.0 / (self.power.len() as f64 * series.len() as f64);
        for (lag, z) in self.lags.iter_mut().zip(&self.buffer) {
            *lag = z.re * scale;
        }
        &self.lags
    }
}

/// The smallest 2ᵃ3ᵇ of at least `length`: the transforms of these lengths are the fastest.
fn fast_length(length: usize) -> usize {
    let mut best = length.next_power_of_two();
    let mut power_of_three = 1;
    while power_of_three < best {
        let mut candidate = power_of_three;
        while candidate < length {
            candidate *= 2;
        }
        best = best.min(candidate);
        power_of_three *= 3;
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_give_the_sums_over_products() {
        let length = 37;
        for count in 1..=4 {
            let series: Vec<f64> = (0..count * length)
                .map(|i| ((i * i) as f64 * 0.37).sin() + 3.0)
                .collect();
            let means: Vec<f64> = series
                .chunks(length)
                .map(|x| x.iter().sum::<f64>() / length as f64)
                .collect();
            let mut autocovariance = Autocovariance::new(length);
            let lags = autocovariance.average(&series, &means);
            assert_eq!(lags.len(), length);
            for (lag, &value) in lags.iter().enumerate() {
                let products = series.chunks(length).zip(&means).map(|(x, mean)| {
                    let pairs = x.iter().zip(&x[lag..]);
                    pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>()
                });
                let expected = products.sum::<f64>() / (count * length) as f64;
                assert!(
                    (value - expected).abs() < 1e-14,
                    "{count} series, lag {lag}"
                );
            }
        }
    }

    #[test]
    fn lengths_have_no_factors_but_two_and_three() {
        for (length, fast) in [
            (1, 1),
            (5, 6),
            (10, 12),
            (97, 108),
            (5000, 5184),
            (8192, 8192),
        ] {
            assert_eq!(fast_length(length), fast);
        }
    }
}
