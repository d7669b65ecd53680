//! The loss over all data, whatever the mini-batch.

use burn::module::Module;
use burn::tensor::Tensor;

use super::{Batches, ModelPotential, Rows};

impl<M, R, L> ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Clone + Sync,
{
    /// The loss of `model` over all n items, without its gradients: for what compares models, as an exchange of replicas does.
    pub fn full_batch_loss(&self, model: &M) -> f64 {
        let model = [model.valid()];
        if let Batches::Full = self.batches {
            return self.losses_of(&model)[0];
        }
        let full = Self {
            batches: Batches::Full,
            ..self.clone()
        };
        full.losses_of(&model)[0]
    }
}
