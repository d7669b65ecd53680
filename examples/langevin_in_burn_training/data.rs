//! Digits as Burn's data loaders want them.

use std::sync::Arc;

use burn::data::dataloader::batcher::Batcher;
use burn::data::dataloader::{DataLoader, DataLoaderBuilder, DataLoaderIterator};
use burn::data::dataset::{Dataset, InMemDataset};
use burn::tensor::{Device, Int, Tensor, TensorData};
use clap::ValueEnum;
use tati::prelude::*;

use crate::Options;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DataSource {
    /// From $TATI_MNIST_DIR or Burn's cache, or else downloaded
    Mnist,
    /// Drawn by code
    Glyphs,
}

/// Digits to train and to validate with.
pub struct Task {
    pub name: &'static str,
    pub origin: String,
    train: Arc<InMemDataset<Digit>>,
    valid: Arc<InMemDataset<Digit>>,
    batch_size: usize,
    seed: u64,
}

#[derive(Clone, Debug)]
struct Digit {
    pixels: Vec<f32>,
    label: u32,
}

impl Task {
    /// The first digits of MNIST or glyphs, as many as asked for.
    pub fn load(options: &Options, seed: u64) -> Result<Self, TatiError> {
        let mnist = |download| MnistConfig::new().with_download(download).load();
        let glyphs = || {
            let config = GlyphsConfig::new();
            config
                .with_train(options.train_items)
                .with_test(options.valid_items)
                .generate()
        };
        let (name, digits) = match options.data {
            Some(DataSource::Mnist) => ("mnist", mnist(true)?),
            Some(DataSource::Glyphs) => ("glyphs", glyphs()?),
            // Only absence is made up for: a broken file must be seen.
            None => match mnist(false) {
                Err(error @ TatiError::DatasetUnavailable { .. }) => {
                    eprintln!("{error}. Going on with the bundled glyphs.");
                    ("glyphs", glyphs()?)
                }
                digits => ("mnist", digits?),
            },
        };
        Ok(Self {
            name,
            origin: digits.origin.to_string(),
            train: first("train_items", options.train_items, &digits.train)?,
            valid: first("valid_items", options.valid_items, &digits.test)?,
            batch_size: options.batch_size,
            seed,
        })
    }

    pub fn num_train_items(&self) -> usize {
        self.train.len()
    }

    /// Loaders for training, shuffled and at the epoch after `epochs_done`, and for validation.
    pub fn loaders(
        &self,
        device: &Device,
        epochs_done: usize,
    ) -> (Arc<dyn DataLoader<Batch>>, Arc<dyn DataLoader<Batch>>) {
        let builder = || {
            // Without one, Burn takes the device with the highest priority.
            DataLoaderBuilder::new(ToTensors)
                .batch_size(self.batch_size)
                .set_device(device.clone())
        };
        let train = builder().shuffle(self.seed).build(self.train.clone());
        let valid = builder().build(self.valid.clone());
        (
            Arc::new(Continued {
                loader: train,
                epochs_done,
            }),
            valid,
        )
    }
}

fn first(
    name: &'static str,
    count: usize,
    set: &LabelledSet,
) -> Result<Arc<InMemDataset<Digit>>, TatiError> {
    if count > set.len() {
        return Err(TatiError::InvalidSetting {
            name,
            value: count.to_string(),
            expected: format!("at most {}, as many as there are", set.len()),
        });
    }
    let digits = set.iter().take(count).map(|(pixels, label)| Digit {
        pixels: pixels.to_vec(),
        label,
    });
    Ok(Arc::new(InMemDataset::new(digits.collect())))
}

/// A mini-batch on a device.
#[derive(Clone, Debug)]
pub struct Batch {
    pub images: Tensor<2>,
    pub labels: Tensor<1, Int>,
}

struct ToTensors;

impl Batcher<Digit, Batch> for ToTensors {
    fn batch(&self, digits: Vec<Digit>, device: &Device) -> Batch {
        let count = digits.len();
        let labels: Vec<u32> = digits.iter().map(|digit| digit.label).collect();
        let pixels: Vec<f32> = digits.into_iter().flat_map(|digit| digit.pixels).collect();
        let dimension = pixels.len() / count;
        Batch {
            images: Tensor::from_data(TensorData::new(pixels, [count, dimension]), device),
            labels: Tensor::from_data(TensorData::new(labels, [count]), device),
        }
    }
}

/// A shuffled loader that goes on where an earlier run ended.
///
/// Burn's checkpoints hold the model, the optimizer and the learning rate, but not the generator that shuffles the data. Each
/// pass over a loader draws one order from it, so what has been drawn already is drawn again and dropped.
struct Continued {
    loader: Arc<dyn DataLoader<Batch>>,
    epochs_done: usize,
}

impl DataLoader<Batch> for Continued {
    fn iter<'a>(&'a self) -> Box<dyn DataLoaderIterator<Batch> + 'a> {
        self.loader.iter()
    }

    fn num_items(&self) -> usize {
        self.loader.num_items()
    }

    /// The learner moves its loader once, before its first epoch, which seeds the copy's generator.
    fn to_device(&self, device: &Device) -> Arc<dyn DataLoader<Batch>> {
        let loader = self.loader.to_device(device);
        for _ in 0..self.epochs_done {
            loader.iter();
        }
        loader
    }

    fn slice(&self, start: usize, end: usize) -> Arc<dyn DataLoader<Batch>> {
        self.loader.slice(start, end)
    }
}
