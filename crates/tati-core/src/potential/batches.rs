//! Data as rows of resident tensors, and the seeded order in which mini-batches visit them.

use std::ops::Range;

use burn::tensor::{Int, Tensor};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use crate::{Result, TatiError};

/// Data whose first dimension counts items: tensors, and tuples of them.
pub trait Rows: Clone {
    /// The number of items.
    fn num_rows(&self) -> usize;

    /// The items of `range`, without copying where the backend can.
    fn slice_rows(&self, range: Range<usize>) -> Self;

    /// The items at `indices`, of shape \[rows\], gathered in one operation a tensor.
    fn select_rows(&self, indices: &Tensor<1, Int>) -> Self;

    /// The indices `indices` as a tensor on the data's device.
    fn index_tensor(&self, indices: &[i32]) -> Tensor<1, Int>;
}

macro_rules! rows_of_a_tensor {
    ($kind:ty) => {
        impl<const D: usize> Rows for Tensor<D, $kind> {
            fn num_rows(&self) -> usize {
                self.dims()[0]
            }

            fn slice_rows(&self, range: Range<usize>) -> Self {
                self.clone().narrow(0, range.start, range.len())
            }

            fn select_rows(&self, indices: &Tensor<1, Int>) -> Self {
                self.clone().select(0, indices.clone())
            }

            fn index_tensor(&self, indices: &[i32]) -> Tensor<1, Int> {
                Tensor::from_data(indices, &self.device().inner())
            }
        }
    };
}

rows_of_a_tensor!(burn::tensor::Float);
rows_of_a_tensor!(Int);

impl<A: Rows, B: Rows> Rows for (A, B) {
    fn num_rows(&self) -> usize {
        self.0.num_rows()
    }

    fn slice_rows(&self, range: Range<usize>) -> Self {
        (self.0.slice_rows(range.clone()), self.1.slice_rows(range))
    }

    fn select_rows(&self, indices: &Tensor<1, Int>) -> Self {
        (self.0.select_rows(indices), self.1.select_rows(indices))
    }

    fn index_tensor(&self, indices: &[i32]) -> Tensor<1, Int> {
        self.0.index_tensor(indices)
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

/// The order of mini-batches: each epoch cuts a permutation of the rows, seeded by `(seed, epoch)`, into consecutive
/// batches; the last, smaller one is dropped.
///
/// # Example
/// ```
/// use tati_core::BatchOrder;
///
/// let mut order = BatchOrder::new(10, 3, 42)?;
/// let first: Vec<i32> = order.next_batch().to_vec();
/// let position = order.position();
/// let second: Vec<i32> = order.next_batch().to_vec();
///
/// let mut resumed = BatchOrder::new(10, 3, 42)?;
/// resumed.resume(position)?;
/// assert_eq!(resumed.next_batch(), second);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BatchOrder {
    batch_size: usize,
    seed: u64,
    position: BatchPosition,
    permutation: Vec<i32>,
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
            batch_size,
            seed,
            position: BatchPosition::default(),
            permutation: (0..num_rows as i32).collect(),
        };
        order.permute();
        Ok(order)
    }

    /// The indices of the next batch.
    pub fn next_batch(&mut self) -> &[i32] {
        if self.position.batch == self.batches_per_epoch() {
            self.position.epoch += 1;
            self.position.batch = 0;
            self.permute();
        }
        let start = self.position.batch * self.batch_size;
        self.position.batch += 1;
        &self.permutation[start..start + self.batch_size]
    }

    /// Rows in a batch.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// Batches in a pass over the data.
    pub fn batches_per_epoch(&self) -> usize {
        self.permutation.len() / self.batch_size
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
        if position.batch > self.batches_per_epoch() {
            return Err(TatiError::InvalidSetting {
                name: "batch position",
                value: position.batch.to_string(),
                expected: format!(
                    "at most {}, the batches of an epoch",
                    self.batches_per_epoch()
                ),
            });
        }
        self.position = position;
        self.permute();
        Ok(())
    }

    /// Fills in the permutation of the current epoch, from the identity, so that it depends on nothing before.
    fn permute(&mut self) {
        for (index, row) in self.permutation.iter_mut().enumerate() {
            *row = index as i32;
        }
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(self.position.epoch);
        self.permutation.shuffle(&mut random);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_visits_every_row_once() {
        let mut order = BatchOrder::new(12, 4, 1).unwrap();
        for _ in 0..3 {
            let mut rows: Vec<i32> = (0..3).flat_map(|_| order.next_batch().to_vec()).collect();
            rows.sort_unstable();
            assert_eq!(rows, (0..12).collect::<Vec<_>>());
        }
        assert_eq!(order.position(), BatchPosition { epoch: 2, batch: 3 });
    }

    #[test]
    fn epochs_and_seeds_differ() {
        let epoch = |seed, epoch| {
            let mut order = BatchOrder::new(100, 100, seed).unwrap();
            order.resume(BatchPosition { epoch, batch: 0 }).unwrap();
            order.next_batch().to_vec()
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
