//! The loss of models over some rows with its gradients, and what threads must not share on the way.

use std::sync::atomic::{AtomicU64, Ordering};

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

use super::closed_form::ClosedForm;
use super::{Loss, Rows};

/// What threads share of a potential: the model need not be `Sync`.
pub(super) struct Evaluation<'a, M, R, L> {
    pub(super) loss: &'a L,
    pub(super) closed_form: Option<&'a ClosedForm<M, R>>,
    pub(super) on_host: bool,
}

impl<M: Module, R: Rows, L: Fn(&M, R) -> Tensor<1>> Evaluation<'_, M, R, L> {
    /// The loss of each of `models` over `rows` and its gradients.
    pub(super) fn gradients(&self, models: &[M], rows: R) -> Vec<(Loss, GradientsParams)> {
        if self.on_host {
            // Matrix products read in strides, and would wait for every line that is not in cache yet.
            rows.read_through();
        }
        if let Some(closed_form) = self.closed_form {
            let evaluated = closed_form.gradients(models, rows.without_autodiff());
            models.iter().for_each(sweep_tape);
            let known = |(loss, gradients)| (Loss::Known(loss), gradients);
            return evaluated.into_iter().map(known).collect();
        }
        let one = |model: &M| {
            let (loss, gradients) = backward(self.loss, model, rows.clone());
            let loss = if self.on_host {
                Loss::Known(loss.into_scalar::<f64>())
            } else {
                Loss::OnDevice(Box::new(loss))
            };
            (loss, gradients)
        };
        models.iter().map(one).collect()
    }
}

/// The loss of `model` over `rows` and its gradients, by Burn's tape.
pub(super) fn backward<M: Module, R, L: Fn(&M, R) -> Tensor<1>>(
    loss: &L,
    model: &M,
    rows: R,
) -> (Tensor<1>, GradientsParams) {
    let loss = loss(model, rows);
    let value = loss.clone().inner();
    (value, GradientsParams::from_grads(loss.backward(), model))
}

/// Models between two sweeps: a sweep looks at all graphs of the process.
const MODELS_PER_SWEEP: u64 = 64;

/// Has Burn drop what its tape keeps of parameters that are gone. An optimizer puts the parameters of each step on the tape, and only
/// a backward pass takes them off again, which gradients in closed form have no use for.
fn sweep_tape<M: Module>(model: &M) {
    static SEEN: AtomicU64 = AtomicU64::new(0);

    let seen = SEEN.fetch_add(1, Ordering::Relaxed);
    if !seen.is_multiple_of(MODELS_PER_SWEEP) {
        return;
    }
    if let Some(device) = model.devices().into_iter().next() {
        let leaf = Tensor::<1>::zeros([1], &device.inner().autodiff()).require_grad();
        drop(leaf.backward());
    }
}

/// Gives a module leaves of its own on the tape, of the same parameters. Burn keeps the graphs of modules that share leaves as one:
/// threads would wait for each other's backward pass, and may do so for ever, each holding a lock that the other wants.
pub(super) struct OwnLeaves;

impl ModuleMapper for OwnLeaves {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        if !tensor.is_autodiff() {
            return Param::from_mapped_value(id, tensor, mapper);
        }
        let requires_gradient = tensor.is_require_grad();
        let strategy = tensor.gradient_checkpointing_strategy();
        let mut leaf = Tensor::from_inner(tensor.inner());
        if let Some(strategy) = strategy {
            leaf = leaf.with_gradient_checkpointing_strategy(strategy);
        }
        Param::from_mapped_value(id, leaf.set_require_grad(requires_gradient), mapper)
    }
}

/// `sum ← sum + weight · part` for every parameter of `model`.
pub(super) fn accumulate<M: Module>(
    model: &M,
    sum: &mut GradientsParams,
    part: GradientsParams,
    weight: f64,
) {
    struct Accumulator<'a> {
        sum: &'a mut GradientsParams,
        part: GradientsParams,
        weight: f64,
    }
    impl ModuleVisitor for Accumulator<'_> {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            if let Some(part) = self.part.remove::<D>(param.id) {
                let part = part.mul_scalar(self.weight);
                let sum = match self.sum.remove::<D>(param.id) {
                    Some(sum) => sum + part,
                    None => part,
                };
                self.sum.register(param.id, sum);
            }
        }
    }
    model.visit(&mut Accumulator { sum, part, weight });
}
