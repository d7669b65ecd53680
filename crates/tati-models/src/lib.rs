//! The networks and data sets that tati's examples and program sample: perceptron, MLP and LeNet; MNIST, drawn
//! digits, playground points and CSV tables.
//!
//! | you have | you call | you get |
//! |---|---|---|
//! | MNIST on disk, or a network | [`MnistConfig::load`] | [`Digits`] |
//! | neither | [`GlyphsConfig::generate`] | [`Digits`], drawn by code |
//! | two dimensions to look at | [`PlaygroundConfig::generate`] | [`LabelledSet`] |
//! | a table | [`read_csv`] | [`LabelledSet`] |
//! | other inputs than the features | [`Features::apply`] | [`LabelledSet`] |
//! | a network by name, and a [`Loss`] | [`network_potential`] | [`NetworkPotential`] |
//!
//! Every network is an ordinary Burn module that maps `[batch, inputs]` to `[batch, classes]` logits; every data
//! set becomes tensors by [`LabelledSet::to_tensors`].
//!
//! # Example
//! ```
//! use tati_models::{GlyphsConfig, PerceptronConfig};
//!
//! let device = tati_core::open_device("flex")?;
//! let digits = GlyphsConfig::new().with_train(100).with_test(20).generate()?;
//! let (images, labels) = digits.test.to_tensors(&device);
//! let logits = PerceptronConfig::new().init(&device).forward(images);
//! assert_eq!(logits.dims(), [20, 10]);
//! assert_eq!(labels.dims(), [20]);
//! # Ok::<(), tati_core::TatiError>(())
//! ```
// Libraries never print: what a run has to say is returned, or belongs to the program.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod activation;
mod closed_form;
mod csv_table;
mod digits;
mod download;
mod feature;
mod glyphs;
mod idx;
mod labelled_set;
mod lenet;
mod linear;
mod loss;
mod mlp;
mod mnist;
mod names;
mod network;
mod perceptron;
mod playground;
mod softmax_cross_entropy;

pub use activation::Activation;
pub use csv_table::{read_csv, write_csv};
pub use digits::{Digits, DigitsOrigin};
pub use feature::Features;
pub use glyphs::GlyphsConfig;
pub use labelled_set::LabelledSet;
pub use lenet::{LeNet, LeNetConfig};
pub use loss::Loss;
pub use mlp::{Mlp, MlpConfig};
pub use mnist::{MNIST_FOLDER_VARIABLE, MnistConfig, read_mnist_folder};
pub use network::{
    LabelledRows, Network, NetworkConfig, NetworkLoss, NetworkPotential, network_potential,
};
pub use perceptron::{Perceptron, PerceptronConfig};
pub use playground::{PlaygroundConfig, PlaygroundShape};
pub use softmax_cross_entropy::{softmax_cross_entropy, softmax_cross_entropy_and_slope};
