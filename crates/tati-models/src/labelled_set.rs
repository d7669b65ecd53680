//! Labelled points in host memory: the one form that images, playground points and tables take here.

use burn::tensor::{Device, Int, Tensor, TensorData};
use rand::SeedableRng;
use rand::rngs::ChaCha8Rng;
use rand::seq::SliceRandom;

use tati_core::{Result, TatiError, require_count};

/// Points with a class each.
///
/// Features are stored row by row, `dimension` of them a point; labels are below `classes`. Both hold from
/// construction on, so that a class index can be handed to a loss unchecked.
///
/// # Example
/// ```
/// use tati_models::LabelledSet;
///
/// let set = LabelledSet::new(vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0], vec![0, 1, 1], 2, 2)?;
/// assert_eq!(set.get(1), Some(([2.0, 3.0].as_slice(), 1)));
/// let (train, test) = set.shuffle(7).split_at(2);
/// assert_eq!((train.len(), test.len()), (2, 1));
///
/// let device = tati_core::open_device("flex")?;
/// let (points, labels) = train.to_tensors(&device);
/// assert_eq!((points.dims(), labels.dims()), ([2, 2], [2]));
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct LabelledSet {
    features: Vec<f32>,
    labels: Vec<u32>,
    dimension: usize,
    classes: usize,
}

impl LabelledSet {
    /// The most classes that a set may have: labels fit every device's integers, and a stray large number in a
    /// table does not ask for a huge network.
    pub const MAX_CLASSES: usize = 65_536;

    /// A set of `labels.len()` points with `dimension` features each.
    ///
    /// # Errors
    /// [`TatiError::ShapeMismatch`] unless there are `labels.len() · dimension` features;
    /// [`TatiError::InvalidSetting`] if `dimension` is zero, `classes` is not in 1 ..=
    /// [`MAX_CLASSES`](Self::MAX_CLASSES), or a label is not below `classes`.
    pub fn new(
        features: Vec<f32>,
        labels: Vec<u32>,
        dimension: usize,
        classes: usize,
    ) -> Result<Self> {
        require_count("dimension", dimension, 1..)?;
        if classes == 0 || classes > Self::MAX_CLASSES {
            return Err(TatiError::InvalidSetting {
                name: "classes",
                value: classes.to_string(),
                expected: format!("from 1 to {}", Self::MAX_CLASSES),
            });
        }
        if labels.len().checked_mul(dimension) != Some(features.len()) {
            return Err(TatiError::ShapeMismatch {
                what: "features of a labelled set".to_string(),
                expected: format!("{} points of {dimension}", labels.len()),
                found: format!("{} numbers", features.len()),
            });
        }
        if let Some(label) = labels.iter().find(|&&label| label as usize >= classes) {
            return Err(TatiError::InvalidSetting {
                name: "label",
                value: label.to_string(),
                expected: format!("below {classes}, the number of classes"),
            });
        }
        Ok(Self {
            features,
            labels,
            dimension,
            classes,
        })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there is no point.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// Features of one point: pixels of an image, columns of a table.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Number of classes, whether or not each occurs.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// All features, point after point.
    pub fn features(&self) -> &[f32] {
        &self.features
    }

    /// All labels.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Features and label of one point, or `None` past the end.
    pub fn get(&self, index: usize) -> Option<(&[f32], u32)> {
        let label = *self.labels.get(index)?;
        let start = index * self.dimension;
        Some((&self.features[start..start + self.dimension], label))
    }

    /// Features and label of each point in turn.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&[f32], u32)> {
        self.features
            .chunks_exact(self.dimension)
            .zip(self.labels.iter().copied())
    }

    /// The first `count` points, or all if there are fewer.
    pub fn take(mut self, count: usize) -> Self {
        let count = count.min(self.len());
        self.labels.truncate(count);
        self.features.truncate(count * self.dimension);
        self
    }

    /// The first `count` points (or all, if there are fewer) and the rest.
    pub fn split_at(mut self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        let rest = Self {
            labels: self.labels.split_off(count),
            features: self.features.split_off(count * self.dimension),
            dimension: self.dimension,
            classes: self.classes,
        };
        (self, rest)
    }

    /// The same points in an order that depends on their number and `seed` alone.
    pub fn shuffle(self, seed: u64) -> Self {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        let mut features = Vec::with_capacity(self.features.len());
        for &index in &order {
            let start = index * self.dimension;
            features.extend_from_slice(&self.features[start..start + self.dimension]);
        }
        Self {
            features,
            labels: order.iter().map(|&index| self.labels[index]).collect(),
            ..self
        }
    }

    /// Features of shape `[len, dimension]` and labels of shape `[len]` on `device`, in its default types.
    pub fn to_tensors(&self, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        self.clone().into_tensors(device)
    }

    /// What [`to_tensors`](Self::to_tensors) gives, without a copy of the features where the device shares the
    /// host's memory.
    pub fn into_tensors(self, device: &Device) -> (Tensor<2>, Tensor<1, Int>) {
        let count = self.len();
        let features = TensorData::new(self.features, [count, self.dimension]);
        let labels = TensorData::new(self.labels, [count]);
        (
            Tensor::from_data(features, device),
            Tensor::from_data(labels, device),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Point i has the features (10 i, 10 i + 1) and the label i mod 3.
    fn sample(count: usize) -> LabelledSet {
        let features = (0..count)
            .flat_map(|i| [10.0 * i as f32, 10.0 * i as f32 + 1.0])
            .collect();
        let labels = (0..count).map(|i| i as u32 % 3).collect();
        LabelledSet::new(features, labels, 2, 3).unwrap()
    }

    #[test]
    fn inconsistent_parts_are_refused() {
        let message = |result: Result<LabelledSet>| result.unwrap_err().to_string();
        assert_eq!(
            message(LabelledSet::new(vec![0.0; 5], vec![0; 3], 2, 1)),
            "features of a labelled set: expected 3 points of 2, found 5 numbers"
        );
        assert_eq!(
            message(LabelledSet::new(vec![0.0; 3], vec![0, 7, 1], 1, 2)),
            "`label` is 7: it must be below 2, the number of classes"
        );
        assert_eq!(
            message(LabelledSet::new(vec![], vec![], 0, 2)),
            "`dimension` is 0: it must be at least 1"
        );
        assert!(LabelledSet::new(vec![], vec![], 1, 0).is_err());
        assert!(LabelledSet::new(vec![], vec![], 1, LabelledSet::MAX_CLASSES + 1).is_err());
    }

    #[test]
    fn splitting_keeps_points_and_labels_together() {
        let (first, rest) = sample(7).split_at(3);
        assert_eq!((first.len(), rest.len()), (3, 4));
        assert_eq!(first, sample(7).take(3));
        assert_eq!(rest.get(0), Some(([30.0, 31.0].as_slice(), 0)));
        let (all, none) = sample(4).split_at(9);
        assert_eq!(all, sample(4).take(100));
        assert!(none.is_empty() && none.get(0).is_none() && none.iter().len() == 0);
    }

    #[test]
    fn shuffling_permutes_points_with_their_labels() {
        let shuffled = sample(50).shuffle(1);
        assert_eq!(shuffled, sample(50).shuffle(1));
        assert_ne!(shuffled, sample(50).shuffle(2));
        let mut seen: Vec<usize> = shuffled
            .iter()
            .map(|(features, label)| {
                let index = features[0] as usize / 10;
                assert_eq!(features[1], features[0] + 1.0);
                assert_eq!(label as usize, index % 3);
                index
            })
            .collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn tensors_hold_the_same_numbers() {
        let device = tati_core::open_device("flex").unwrap();
        for set in [sample(5), sample(5).take(0)] {
            let (points, labels) = set.to_tensors(&device);
            assert_eq!(points.dims(), [set.len(), 2]);
            assert_eq!(
                points.into_data().try_to_vec::<f32>().unwrap(),
                set.features()
            );
            let labels: Vec<u32> = labels
                .into_data()
                .iter::<i64>()
                .map(|label| label as u32)
                .collect();
            assert_eq!(labels, set.labels());
        }
    }
}
