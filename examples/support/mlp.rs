//! A multilayer perceptron on digits, trained for a while.

use std::path::PathBuf;

use burn::module::Module;
use burn::optim::AdamConfig;
use burn::tensor::{Device, Int, Tensor};
use tati::models::{Mlp, MlpConfig, softmax_cross_entropy};
use tati::{ModelPotential, Potential, TatiError, require_count, require_positive};

use super::{Failure, digits, progress};

/// Images and labels, resident on the device.
pub type Rows = (Tensor<2>, Tensor<1, Int>);
/// The mean cross-entropy of a network over some rows.
pub type Loss = fn(&Mlp, Rows) -> Tensor<1>;
pub type MlpPotential = ModelPotential<Mlp, Rows, Loss>;

/// What to train and on what.
#[derive(clap::Args, Clone, Debug)]
pub struct MlpOptions {
    /// mnist or glyphs; MNIST with glyphs in its place if left out
    #[arg(long)]
    pub data: Option<String>,
    /// Folder with the four IDX files of MNIST
    #[arg(long)]
    pub data_dir: Option<PathBuf>,
    /// Training images, the first of the set
    #[arg(long, default_value_t = 5_000)]
    pub items: usize,
    /// Units of each hidden layer, with commas between them; a perceptron without hidden layers if nothing follows
    #[arg(long, num_args = 0.., value_delimiter = ',', default_value = "32")]
    pub hidden: Vec<usize>,
    /// Training steps of Adam with mini-batches
    #[arg(long, default_value_t = 2_000)]
    pub train_steps: usize,
    /// Learning rate of Adam, falling to nothing along the training
    #[arg(long, default_value_t = 2e-3)]
    pub learning_rate: f64,
}

/// Images in a mini-batch of training.
const BATCH_SIZE: usize = 200;

/// A trained network and its data.
pub struct TrainedMlp {
    pub dataset: &'static str,
    pub origin: String,
    pub classes: usize,
    pub model: Mlp,
    /// The loss over all training images.
    pub potential: MlpPotential,
    pub train_loss: f64,
    pub train_accuracy: f64,
    pub test_accuracy: f64,
}

impl MlpOptions {
    pub fn train(&self, device: &Device, seed: u64) -> Result<TrainedMlp, Failure> {
        require_count("items", self.items, 2..)?;
        require_count("train_steps", self.train_steps, 1..)?;
        require_positive("learning_rate", self.learning_rate)?;
        let (dataset, digits) = digits::load(
            self.data.as_deref(),
            self.data_dir.clone(),
            "mnist or glyphs",
        )?;
        let origin = digits.origin.to_string();
        let classes = digits.train.classes();
        let config = MlpConfig::new(self.hidden.clone())
            .with_inputs(digits.train.dimension())
            .with_outputs(classes);
        config.validate()?;
        device.seed(seed);
        let mut model = config.init(device);
        // Data are constants: off the tape.
        let plain = device.clone().inner();
        let train = digits.train.take(self.items).into_tensors(&plain);
        let test = digits.test.into_tensors(&plain);
        let loss: Loss =
            |model, (images, labels)| softmax_cross_entropy(model.forward(images), labels);
        let potential = ModelPotential::new(model.clone(), train.clone(), loss)?;
        let batch_size = BATCH_SIZE.min(potential.num_rows());
        let mut batches = potential.clone().with_batch_size(batch_size, seed)?;
        let mut optimizer = AdamConfig::new().init();
        let bar = progress("training", self.train_steps);
        for step in 0..self.train_steps {
            let (_, gradients) = batches.gradients(&model);
            let left = 1.0 - step as f64 / self.train_steps as f64;
            model = optimizer.step(self.learning_rate * left, model, gradients);
            batches.next_batch();
            bar.inc(1);
        }
        bar.finish_and_clear();
        let theta = potential.layout().flatten(&model)?;
        let train_loss = potential.energy(&theta)?;
        if !train_loss.is_finite() {
            return Err(Failure::Tati(TatiError::NotFinite {
                what: "the loss after training".to_string(),
                value: train_loss,
                remedy: "take a smaller learning rate",
            }));
        }
        Ok(TrainedMlp {
            dataset,
            origin,
            classes,
            train_loss,
            train_accuracy: accuracy(&model, train),
            test_accuracy: accuracy(&model, test),
            model,
            potential,
        })
    }
}

fn accuracy(model: &Mlp, (images, labels): Rows) -> f64 {
    let guesses = model.valid().forward(images).argmax(1).flatten::<1>(0, 1);
    guesses.equal(labels).float().mean().into_scalar::<f64>()
}
