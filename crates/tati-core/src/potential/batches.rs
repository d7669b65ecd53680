//! Data as rows of resident tensors, and the seeded order in which mini-batches visit them.

use std::ops::Range;

use burn::tensor::{Device, Float, Int, Tensor};
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

use crate::{Result, TatiError};

/// Data whose first dimension counts items: tensors, and tuples of them.
pub trait Rows: Clone + Send + Sync {
    /// The number of items.
    fn num_rows(&self) -> usize;

    /// The device that the data are on.
    fn device(&self) -> Device;

    /// The items of `range`, without copying where the backend can.
    fn slice_rows(&self, range: Range<usize>) -> Self;

    /// The items at `indices`, of shape \[rows\], gathered in one operation a tensor.
    fn select_rows(&self, indices: &Tensor<1, Int>) -> Self;

    /// The same items off the autodiff tape.
    fn without_autodiff(&self) -> Self;

    /// The same items on `device`.
    fn to_device(&self, device: &Device) -> Self;

    /// Reads all data once, in the order of memory.
    fn read_through(&self);
}

macro_rules! rows_of_a_tensor {
    ($kind:ty) => {
        impl<const D: usize> Rows for Tensor<D, $kind> {
            fn num_rows(&self) -> usize {
                self.dims()[0]
            }

            fn device(&self) -> Device {
                Tensor::device(self)
            }

            fn slice_rows(&self, range: Range<usize>) -> Self {
                self.clone().narrow(0, range.start, range.len())
            }

            fn select_rows(&self, indices: &Tensor<1, Int>) -> Self {
                self.clone().select(0, indices.clone())
            }

            fn without_autodiff(&self) -> Self {
                self.clone().inner()
            }

            fn to_device(&self, device: &Device) -> Self {
                Tensor::to_device(self.clone(), device)
            }

            fn read_through(&self) {
                std::hint::black_box(self.clone().sum());
            }
        }
    };
}

rows_of_a_tensor!(Float);
rows_of_a_tensor!(Int);

impl<A: Rows, B: Rows> Rows for (A, B) {
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    fn device(&self) -> Device {
        self.0.device()
    }

    fn slice_rows(&self, range: Range<usize>) -> Self {
        (self.0.slice_rows(range.clone()), self.1.slice_rows(range))
    }

    fn select_rows(&self, indices: &Tensor<1, Int>) -> Self {
        (self.0.select_rows(indices), self.1.select_rows(indices))
    }

    fn without_autodiff(&self) -> Self {
        (self.0.without_autodiff(), self.1.without_autodiff())
    }

    fn to_device(&self, device: &Device) -> Self {
        (self.0.to_device(device), self.1.to_device(device))
    }

    fn read_through(&self) {
        self.0.read_through();
        self.1.read_through();
    }
}

/// Where a [`BatchOrder`] stands. With the order's size and seed it determines every batch to come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchPosition {
    /// Passes over the data completed.
    pub epoch: u64,
    /// Batches taken of the current pass.
    pub batch: usize,
}

/// The order of mini-batches, each a slice of data that are shuffled once.
///
/// The rows are permuted once and closed to a ring. Each epoch cuts the ring at a fresh random place into consecutive
/// batches and visits them in a fresh random order, so every row is equally likely in every batch, no row comes twice in an
/// epoch, and a batch costs no copy. Everything follows from the seed, the epoch and the batch.
///
/// # Example
/// ```
/// use tati_core::BatchOrder;
///
/// let mut order = BatchOrder::new(10, 3, 42)?;
/// let rows = order.resident_rows();
/// let first = order.next_batch();
/// let position = order.position();
/// let second = order.next_batch();
/// assert_eq!(rows[second.clone()].len(), 3);
///
/// let mut resumed = BatchOrder::new(10, 3, 42)?;
/// resumed.resume(position)?;
/// assert_eq!(resumed.next_batch(), second);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchOrder {
    num_rows: usize,
    batch_size: usize,
    seed: u64,
    position: BatchPosition,
    /// Where the ring is cut in this epoch, and the order of the pieces.
    cut: usize,
    pieces: Vec<usize>,
}

impl BatchOrder {
    /// An order over `num_rows` rows in batches of `batch_size`.
    ///
    /// # Errors
    /// If `batch_size` is 0 or exceeds the number of rows.
    pub fn new(num_rows: usize, batch_size: usize, seed: u64) -> Result<Self> {
        if batch_size == 0 || batch_size > num_rows || i32::try_from(num_rows).is_err() {
            return Err(TatiError::InvalidSetting {
                name: "batch_size",
                value: batch_size.to_string(),
                expected: format!("between 1 and the number of data items, {num_rows}"),
            });
        }
        let mut order = Self {
            num_rows,
            batch_size,
            seed,
            position: BatchPosition::default(),
            cut: 0,
            pieces: (0..num_rows / batch_size).collect(),
        };
        order.cut_ring();
        Ok(order)
    }

    /// The rows in the order in which they must lie in memory: a permutation, followed by its first `batch_size − 1` rows
    /// again, so that a batch across the ring's seam is a slice too.
    pub fn resident_rows(&self) -> Vec<i32> {
        let mut rows: Vec<i32> = (0..self.num_rows as i32).collect();
        rows.shuffle(&mut self.random(0));
        rows.extend_from_within(..self.batch_size - 1);
        rows
    }

    /// Where the next batch lies among [`resident_rows`](Self::resident_rows).
    pub fn next_batch(&mut self) -> Range<usize> {
        if self.position.batch == self.pieces.len() {
            self.position.epoch += 1;
            self.position.batch = 0;
            self.cut_ring();
        }
        let piece = self.pieces[self.position.batch];
        self.position.batch += 1;
        let start = (self.cut + piece * self.batch_size) % self.num_rows;
        start..start + self.batch_size
    }

    /// Rows in a batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The seed that the order follows from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Batches in a pass over the data.
    pub fn batches_per_epoch(&self) -> usize {
        self.pieces.len()
    }

    /// Where the order stands; save it to resume.
    pub fn position(&self) -> BatchPosition {
        self.position
    }

    /// Continues from a saved position.
    ///
    /// # Errors
    /// If the position has more batches than an epoch.
    pub fn resume(&mut self, position: BatchPosition) -> Result<()> {
        if position.batch > self.pieces.len() {
            return Err(TatiError::InvalidSetting {
                name: "batch position",
                value: position.batch.to_string(),
                expected: format!("at most {}, the batches of an epoch", self.pieces.len()),
            });
        }
        self.position = position;
        self.cut_ring();
        Ok(())
    }

    /// The cut and order of the current epoch, from the seed and nothing before.
    fn cut_ring(&mut self) {
        let mut random = self.random(self.position.epoch + 1);
        self.cut = random.random_range(0..self.num_rows);
        for (index, piece) in self.pieces.iter_mut().enumerate() {
            *piece = index;
        }
        self.pieces.shuffle(&mut random);
    }

    fn random(&self, stream: u64) -> ChaCha8Rng {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(stream);
        random
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch_of(order: &mut BatchOrder) -> Vec<i32> {
        let rows = order.resident_rows();
        let batches = order.batches_per_epoch();
        (0..batches)
            .flat_map(|_| rows[order.next_batch()].to_vec())
            .collect()
    }

    #[test]
    fn an_epoch_visits_no_row_twice() {
        for (num_rows, batch_size) in [(12, 4), (13, 4), (7, 7), (9, 1)] {
            let mut order = BatchOrder::new(num_rows, batch_size, 1).unwrap();
            for _ in 0..5 {
                let mut rows = epoch_of(&mut order);
                rows.sort_unstable();
                rows.dedup();
                assert_eq!(rows.len(), num_rows / batch_size * batch_size);
            }
        }
    }

    /// Over many epochs the rows of an uneven cut are visited equally often: within 5 standard deviations.
    #[test]
    fn every_row_is_equally_likely() {
        let (num_rows, epochs) = (10, 20_000);
        let mut order = BatchOrder::new(num_rows, 4, 3).unwrap();
        let mut visits = vec![0.0; num_rows];
        for row in (0..epochs).flat_map(|_| epoch_of(&mut order)) {
            visits[row as usize] += 1.0;
        }
        // 8 of 10 rows are in an epoch.
        let (mean, deviation) = (0.8 * f64::from(epochs), (0.16 * f64::from(epochs)).sqrt());
        for visits in visits {
            assert!(
                (visits - mean).abs() < 5.0 * deviation,
                "{visits} visits for {mean}"
            );
        }
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let epoch = |seed, epoch| {
            let mut order = BatchOrder::new(100, 10, seed).unwrap();
            order.resume(BatchPosition { epoch, batch: 0 }).unwrap();
            epoch_of(&mut order)
        };
        assert_ne!(epoch(1, 0), epoch(1, 1));
        assert_ne!(epoch(1, 0), epoch(2, 0));
        assert_eq!(epoch(1, 5), epoch(1, 5));
    }

    #[test]
    fn batch_sizes_that_do_not_fit_are_refused() {
        for batch_size in [0, 11] {
            let message = BatchOrder::new(10, batch_size, 0).unwrap_err().to_string();
            assert!(message.contains("`batch_size`"), "{message}");
        }
    }
}
