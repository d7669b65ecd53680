//! What Burn's learner asks of a model: a training step and an inference step.

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::Device;
use burn::train::{ClassificationOutput, InferenceStep, TrainOutput, TrainStep};
use tati::models::{LeNet, LeNetConfig};

use crate::data::Batch;

/// LeNet-5 with its mean cross-entropy.
#[derive(Module, Debug)]
pub struct Classifier {
    network: LeNet,
}

impl Classifier {
    pub fn new(device: &Device) -> Self {
        Self {
            network: LeNetConfig::new().init(device),
        }
    }

    fn classify(&self, batch: Batch) -> ClassificationOutput {
        let logits = self.network.forward(batch.images);
        let cross_entropy = CrossEntropyLossConfig::new().init(&logits.device());
        let loss = cross_entropy.forward(logits.clone(), batch.labels.clone());
        ClassificationOutput::new(loss, logits, batch.labels)
    }
}

impl TrainStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> TrainOutput<ClassificationOutput> {
        let output = self.classify(batch);
        TrainOutput::new(self, output.loss.backward(), output)
    }
}

impl InferenceStep for Classifier {
    type Input = Batch;
    type Output = ClassificationOutput;

    fn step(&self, batch: Batch) -> ClassificationOutput {
        self.classify(batch)
    }
}
