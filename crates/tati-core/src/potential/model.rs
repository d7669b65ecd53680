//! A Burn module, its loss and its data as a potential.

mod affine_outputs;
mod closed_form;
mod evaluation;
mod full_batch;
mod loss;
mod many_points;

use std::ops::Range;

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};

use super::batches::{BatchOrder, BatchPosition, Rows};
use super::{AffineSubspace, Potential, Progress, blocks_of_points, position_data};
use crate::{ParameterLayout, Result, TatiError, require_count, shares_host_memory};
use affine_outputs::AffineOutputs;
use closed_form::ClosedForm;
use evaluation::Evaluation;

pub use loss::Loss;

/// Rows evaluated together in host memory, a number that keeps the activations of small networks in cache.
const ROWS_PER_CHUNK: usize = 1000;
/// Rows evaluated together on other devices, where small pieces would leave most of the device idle.
const ROWS_PER_DEVICE_CHUNK: usize = 10_000;

/// The loss of a Burn module over data, as a function of its parameters:
///
/// ```text
/// U(θ) = (1/n) Σᵢ loss(model(θ), itemᵢ)
/// ```
///
/// over all n items, or over the current mini-batch. The loss closure gets a model and some rows of the data and returns
/// their *mean* loss, of shape \[1\]. Requests do not advance the mini-batch; [`next_batch`](Self::next_batch) does.
///
/// It serves two ways of working: a training loop over modules ([`gradients`](Self::gradients)) and methods over the flat
/// parameter vector ([`Potential`]).
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig, loss::CrossEntropyLossConfig};
/// use burn::tensor::{Int, Tensor};
/// use tati_core::{ModelPotential, Potential, open_device};
///
/// let device = open_device("flex")?.autodiff();
/// let model = LinearConfig::new(2, 3).init(&device);
/// let inputs = Tensor::<2>::from_data([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], &device);
/// let labels = Tensor::<1, Int>::from_data([0, 1, 2], &device);
/// let mut potential = ModelPotential::new(
///     model.clone(),
///     (inputs, labels),
///     |model: &Linear, (inputs, labels)| {
///         let logits = model.forward(inputs);
///         CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, labels)
///     },
/// )?
/// .with_batch_size(2, 42)?;
///
/// potential.next_batch();
/// let (loss, gradients) = potential.gradients(&model);
/// let theta = potential.layout().flatten(&model)?;
/// let (energy, gradient) = potential.energy_and_gradient(&theta)?;
/// assert!((loss - energy).abs() < 1e-6);
/// assert_eq!(gradient.dims(), [9]);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ModelPotential<M, R, L> {
    model: M,
    layout: ParameterLayout,
    data: R,
    loss: L,
    /// The network and its loss apart, where the outputs are affine in the parameters.
    affine: Option<AffineOutputs<M, R>>,
    /// Gradients that do without the tape.
    closed_form: Option<ClosedForm<M, R>>,
    batches: Batches<R>,
    /// Whether the data live in host memory.
    on_host: bool,
}

#[derive(Clone, Debug)]
enum Batches<R> {
    Full,
    /// The rows in the order's residence, and where the current batch lies among them.
    Mini {
        order: BatchOrder,
        resident: R,
        current: Range<usize>,
    },
}

impl<M, R, L> ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    /// The full-batch potential of `model`, which must be on an autodiff device, over `data`.
    ///
    /// # Errors
    /// If there are no data, or the module has no trainable parameters.
    pub fn new(model: M, data: R, loss: L) -> Result<Self> {
        if data.num_rows() == 0 {
            return Err(TatiError::ShapeMismatch {
                what: "number of data items".to_string(),
                expected: "at least 1".to_string(),
                found: "0".to_string(),
            });
        }
        Ok(Self {
            layout: ParameterLayout::of(&model)?,
            on_host: shares_host_memory(&data.device()),
            model,
            data,
            loss,
            affine: None,
            closed_form: None,
            batches: Batches::Full,
        })
    }

    /// The same potential over mini-batches of `batch_size` rows in an order seeded by `seed` ([`BatchOrder`]), at its first
    /// batch. A batch as large as the data is the full batch.
    ///
    /// # Errors
    /// If `batch_size` is 0 or exceeds the number of data items.
    pub fn with_batch_size(mut self, batch_size: usize, seed: u64) -> Result<Self> {
        let mut order = BatchOrder::new(self.data.num_rows(), batch_size, seed)?;
        self.batches = if batch_size == self.data.num_rows() {
            Batches::Full
        } else {
            let rows = order.resident_rows();
            let rows = Tensor::from_data(rows.as_slice(), &self.data.device().inner());
            let current = order.next_batch();
            Batches::Mini {
                resident: self.data.select_rows(&rows),
                order,
                current,
            }
        };
        Ok(self)
    }

    /// The same potential with its model and data on `device`, its mini-batches where they were.
    pub fn to_device(self, device: &Device) -> Self {
        let plain = device.clone().inner();
        let move_rows = |rows: &R| rows.without_autodiff().to_device(&plain);
        Self {
            model: self.model.fork(&device.clone().autodiff()),
            on_host: shares_host_memory(&plain),
            data: move_rows(&self.data),
            batches: match self.batches {
                Batches::Full => Batches::Full,
                Batches::Mini {
                    order,
                    resident,
                    current,
                } => Batches::Mini {
                    resident: move_rows(&resident),
                    order,
                    current,
                },
            },
            ..self
        }
    }

    /// Goes to the next mini-batch. Does nothing in full-batch mode.
    pub fn next_batch(&mut self) {
        if let Batches::Mini { order, current, .. } = &mut self.batches {
            *current = order.next_batch();
        }
    }

    /// The order of mini-batches; `None` in full-batch mode.
    pub fn batch_order(&self) -> Option<&BatchOrder> {
        match &self.batches {
            Batches::Full => None,
            Batches::Mini { order, .. } => Some(order),
        }
    }

    /// Where the order of mini-batches stands, for [`resume_batches`](Self::resume_batches); `None` in full-batch mode.
    pub fn batch_position(&self) -> Option<BatchPosition> {
        self.batch_order().map(BatchOrder::position)
    }

    /// Continues the order of mini-batches from a saved position: the next call of [`next_batch`](Self::next_batch) goes to
    /// the batch it would have gone to. The current batch is left as it is.
    ///
    /// # Errors
    /// If the position does not fit the number of batches. In full-batch mode any position is refused.
    pub fn resume_batches(&mut self, position: BatchPosition) -> Result<()> {
        match &mut self.batches {
            Batches::Mini { order, .. } => order.resume(position),
            Batches::Full => Err(TatiError::InvalidSetting {
                name: "batch position",
                value: format!("{position:?}"),
                expected: "left out for a full batch".to_string(),
            }),
        }
    }

    /// How the flat vector is laid out.
    pub fn layout(&self) -> &ParameterLayout {
        &self.layout
    }

    /// The number of data items n.
    pub fn num_rows(&self) -> usize {
        self.data.num_rows()
    }

    /// The loss of `model` over the current batch and its gradients, ready for `optim.step(step_size, model, gradients)`.
    pub fn gradients(&self, model: &M) -> (f64, GradientsParams) {
        let (loss, gradients) = self.loss_and_gradients(model);
        (loss.read(), gradients)
    }

    /// [`gradients`](Self::gradients) without waiting for the loss where it is on a device with a memory of its own.
    pub fn loss_and_gradients(&self, model: &M) -> (Loss, GradientsParams) {
        let model = std::slice::from_ref(model);
        let pieces = self.pieces();
        let mut evaluated = match pieces.as_slice() {
            [(_, whole)] => self.evaluation().gradients(model, whole.clone()),
            _ => self.losses_and_gradients(model),
        };
        evaluated.swap_remove(0)
    }

    fn evaluation(&self) -> Evaluation<'_, M, R, L> {
        Evaluation {
            loss: &self.loss,
            closed_form: self.closed_form.as_ref(),
            on_host: self.on_host,
        }
    }

    fn model_at(&self, position: &Tensor<1>) -> Result<M> {
        self.layout
            .unflatten(self.model.clone(), position.clone().inner())
    }

    /// The batch in pieces with their share of it.
    fn pieces(&self) -> Vec<(f64, R)> {
        let (rows, range) = match &self.batches {
            Batches::Full => (&self.data, 0..self.data.num_rows()),
            Batches::Mini {
                resident, current, ..
            } => (resident, current.clone()),
        };
        let rows_per_chunk = if self.on_host {
            ROWS_PER_CHUNK
        } else {
            ROWS_PER_DEVICE_CHUNK
        };
        chunks(range.len(), rows_per_chunk)
            .into_iter()
            .map(|chunk| {
                let share = chunk.len() as f64 / range.len() as f64;
                (
                    share,
                    rows.slice_rows(range.start + chunk.start..range.start + chunk.end),
                )
            })
            .collect()
    }
}

impl<M, R, L> Potential for ModelPotential<M, R, L>
where
    M: Module,
    R: Rows,
    L: Fn(&M, R) -> Tensor<1> + Sync,
{
    fn num_parameters(&self) -> usize {
        self.layout.num_parameters()
    }

    fn energy_and_gradient(&self, position: &Tensor<1>) -> Result<(f64, Tensor<1>)> {
        let model = self.model_at(position)?;
        let (loss, gradients) = self.gradients(&model);
        Ok((loss, self.layout.flatten_gradients(&model, &gradients)?))
    }

    fn energy(&self, position: &Tensor<1>) -> Result<f64> {
        let model = self.model_at(position)?.valid();
        Ok(self.losses_of(&[model])[0])
    }

    /// The values are those of [`energy_and_gradient`](Self::energy_and_gradient), on all threads, whatever their number; to rounding
    /// with gradients in [closed form](Self::with_closed_form_gradients).
    fn energies_and_gradients(&self, positions: &Tensor<2>) -> Result<(Vec<f64>, Tensor<2>)> {
        require_count("number of points", positions.dims()[0], 1..)?;
        let rows = positions.clone().iter_dim(0);
        let models = rows
            .map(|row| self.model_at(&row.flatten(0, 1)))
            .collect::<Result<Vec<_>>>()?;
        let evaluated = self.gradients_of(&models);
        let energies = evaluated.iter().map(|(energy, _)| *energy).collect();
        let gradients = models
            .iter()
            .zip(&evaluated)
            .map(|(model, (_, gradients))| {
                let gradient = self.layout.flatten_gradients(model, gradients)?;
                Ok(gradient.unsqueeze::<2>())
            });
        Ok((energies, Tensor::cat(gradients.collect::<Result<_>>()?, 0)))
    }

    /// Walks the data in chunks with the points inside, so that each chunk is read from memory once, on all threads. The
    /// values are those of [`energy`](Self::energy), whatever the number of threads.
    fn energies(&self, positions: &Tensor<2>) -> Result<Vec<f64>> {
        let [num_points, _] = positions.dims();
        let mut energies = Vec::with_capacity(num_points);
        for block in blocks_of_points(num_points, self.layout.num_parameters()) {
            let models = block
                .map(|point| {
                    let row = positions.clone().narrow(0, point, 1);
                    Ok(self.model_at(&row.flatten(0, 1))?.valid())
                })
                .collect::<Result<Vec<_>>>()?;
            energies.extend(self.losses_of(&models));
        }
        Ok(energies)
    }

    fn positions(&self, theta: &[f64]) -> Result<Tensor<2>> {
        let dtype = self.layout.dtype();
        let data = position_data(theta, self.layout.num_parameters())?.convert_dtype(dtype);
        Ok(Tensor::from_data(
            data,
            (&self.data.device().inner(), dtype),
        ))
    }

    fn energies_in_subspace(
        &self,
        subspace: &AffineSubspace,
        coefficients: &[f64],
        progress: &mut Progress<'_>,
    ) -> Result<Vec<f64>> {
        match &self.affine {
            Some(affine) => self.losses_by_outputs(affine, subspace, coefficients, progress),
            None => super::energies_point_by_point(self, subspace, coefficients, progress),
        }
    }
}

fn chunks(rows: usize, rows_per_chunk: usize) -> Vec<Range<usize>> {
    (0..rows)
        .step_by(rows_per_chunk)
        .map(|start| start..(start + rows_per_chunk).min(rows))
        .collect()
}
