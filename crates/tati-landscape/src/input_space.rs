//! What a network predicts on a grid of inputs, for one parameter vector and over draws.

use std::ops::RangeInclusive;
use std::path::Path;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{DType, Device, Tensor, TensorData};
use tati_core::{ParameterLayout, Result, TatiError, require_count, write_table};

use crate::Draws;
use crate::surface::{Axis, grid_points};

/// Inputs that a network sees at once.
const INPUTS_PER_CHUNK: usize = 1000;

/// A grid in the space of a network's inputs: some inputs take equidistant values of an interval, the others are held.
///
/// # Example
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use tati_core::open_device;
/// use tati_landscape::InputGrid;
///
/// let model = LinearConfig::new(3, 1).init(&open_device("flex")?);
/// // The first and the third input vary, the second is held at 0.5.
/// let grid = InputGrid::new(vec![0.0, 0.5, 0.0])
///     .with_input(0, -1.0..=1.0, 5)?
///     .with_input(2, 0.0..=1.0, 3)?;
/// let predictions = grid.predict(&model, |model: &Linear, inputs| model.forward(inputs))?;
/// assert_eq!((grid.shape(), predictions.num_outputs), (vec![5, 3], 1));
/// assert_eq!(predictions.outputs.len(), 15);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct InputGrid {
    held: Vec<f64>,
    /// The inputs that vary, in the order of the axes.
    varied: Vec<usize>,
    axes: Vec<Axis>,
}

/// What a network predicts on a grid of inputs.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// The axes of the grid.
    pub axes: Vec<Axis>,
    /// The number of outputs of the network.
    pub num_outputs: usize,
    /// The outputs at every input, row-major of the shape of the axes and, fastest, the outputs.
    pub outputs: Vec<f64>,
}

/// Mean and spread of what a network predicts on a grid of inputs, over draws of its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct PredictionSpread {
    /// The axes of the grid.
    pub axes: Vec<Axis>,
    /// The number of outputs of the network.
    pub num_outputs: usize,
    /// The number of draws of all chains.
    pub num_draws: usize,
    /// The mean over draws, row-major of the shape of the axes and, fastest, the outputs.
    pub mean: Vec<f64>,
    /// The standard deviation over draws, with 1/(number of draws), laid out as the mean.
    pub standard_deviation: Vec<f64>,
}

impl InputGrid {
    /// A grid of one point: all inputs held at `held`, one a column of the network's input.
    pub fn new(held: Vec<f64>) -> Self {
        Self {
            held,
            varied: Vec::new(),
            axes: Vec::new(),
        }
    }

    /// The same, with one input more that takes `points` equidistant values of `range`; its axis is called `x1` for input 0, and so on.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if there is no such input or it varies already, there is no point, or the range is empty.
    pub fn with_input(
        mut self,
        input: usize,
        range: RangeInclusive<f64>,
        points: usize,
    ) -> Result<Self> {
        require_count("input", input, 0..self.held.len())?;
        if self.varied.contains(&input) {
            return Err(TatiError::InvalidSetting {
                name: "input",
                value: format!("{input} twice"),
                expected: "given one interval".to_string(),
            });
        }
        self.axes
            .push(Axis::equidistant(format!("x{}", input + 1), range, points)?);
        self.varied.push(input);
        Ok(self)
    }

    /// The axes, in the order in which they were given.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The number of points of each axis.
    pub fn shape(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.values.len()).collect()
    }

    /// What `model` predicts: `forward` takes it from inputs of shape \[batch, inputs\] to outputs of shape \[batch, outputs\], as
    /// logits, probabilities or values.
    ///
    /// # Errors
    /// [`TatiError::InvalidSetting`] if no input varies or the grid has more than 10⁸ points; [`TatiError::ShapeMismatch`] if the
    /// model has no parameters, or `forward` does not give one row an input.
    pub fn predict<M: Module>(
        &self,
        model: &M,
        forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    ) -> Result<Predictions> {
        let chunks = self.chunks(model)?;
        let (num_outputs, outputs) = run(&model.valid(), &chunks, &forward)?;
        Ok(Predictions {
            axes: self.axes.clone(),
            num_outputs,
            outputs,
        })
    }

    /// Mean and spread over all `draws` of what `model` predicts with their parameters. The model must be on an autodiff device, as
    /// for [`ParameterLayout::of`].
    ///
    /// # Errors
    /// As of [`predict`](Self::predict); [`TatiError::ShapeMismatch`] if the draws have another number of parameters than the
    /// model; what reading the draws reports.
    pub fn predict_draws<M: Module>(
        &self,
        model: &M,
        draws: &Draws<'_>,
        forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
    ) -> Result<PredictionSpread> {
        let layout = ParameterLayout::of(model)?;
        let chunks = self.chunks(model)?;
        let (device, _) = place_of(model)?;
        let mut moments = Moments::default();
        for chain in 0..draws.num_chains() {
            draws.for_each_block(chain, |block| {
                for theta in block.theta.chunks_exact(draws.num_parameters()) {
                    let theta = tensor(theta.to_vec(), [theta.len()], layout.dtype(), &device);
                    let model = layout.unflatten(model.clone(), theta)?.valid();
                    let (num_outputs, outputs) = run(&model, &chunks, &forward)?;
                    moments.add(num_outputs, &outputs);
                }
                Ok(())
            })?;
        }
        Ok(PredictionSpread {
            axes: self.axes.clone(),
            num_outputs: moments.num_outputs,
            num_draws: moments.count,
            standard_deviation: moments.standard_deviation(),
            mean: moments.mean,
        })
    }

    /// The inputs of the grid as tensors of the model's device and precision.
    fn chunks<M: Module>(&self, model: &M) -> Result<Vec<Tensor<2>>> {
        let width = self.held.len();
        let points = grid_points(&self.axes)?;
        let points: Vec<&[f64]> = points.chunks_exact(self.axes.len()).collect();
        let (device, dtype) = place_of(model)?;
        let chunks = points.chunks(INPUTS_PER_CHUNK).map(|points| {
            let mut rows = Vec::with_capacity(points.len() * width);
            for point in points {
                let start = rows.len();
                rows.extend_from_slice(&self.held);
                for (input, value) in self.varied.iter().zip(*point) {
                    rows[start + input] = *value;
                }
            }
            tensor(rows, [points.len(), width], dtype, &device)
        });
        Ok(chunks.collect())
    }
}

impl Predictions {
    /// Writes one row an input with a column an axis, then `output0`, `output1`, … Every number reads back as it was.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let columns = [("output", self.outputs.as_slice())];
        write_predictions(path.as_ref(), &self.axes, self.num_outputs, &columns)
    }
}

impl PredictionSpread {
    /// Writes one row an input with a column an axis, then `mean0`, `mean1`, …, `standard_deviation0`, … Every number reads back as
    /// it was.
    ///
    /// # Errors
    /// [`TatiError::File`] if it cannot be written.
    pub fn write_csv(&self, path: impl AsRef<Path>) -> Result<()> {
        let columns = [
            ("mean", self.mean.as_slice()),
            ("standard_deviation", self.standard_deviation.as_slice()),
        ];
        write_predictions(path.as_ref(), &self.axes, self.num_outputs, &columns)
    }
}

fn write_predictions(
    path: &Path,
    axes: &[Axis],
    num_outputs: usize,
    columns: &[(&str, &[f64])],
) -> Result<()> {
    let names = axes.iter().map(|axis| axis.name.clone());
    let of_outputs = columns
        .iter()
        .flat_map(|(name, _)| (0..num_outputs).map(move |output| format!("{name}{output}")));
    let header: Vec<String> = names.chain(of_outputs).collect();
    let points = grid_points(axes)?;
    let rows = points
        .chunks_exact(axes.len())
        .enumerate()
        .map(|(row, point)| {
            let place = row * num_outputs..(row + 1) * num_outputs;
            let outputs = columns
                .iter()
                .flat_map(|(_, values)| &values[place.clone()]);
            let numbers = point.iter().chain(outputs).copied().collect();
            (Vec::<usize>::new(), numbers)
        });
    write_table(path, header.iter().map(String::as_str), rows)
}

/// The outputs of every chunk one after the other, and how many an input has.
fn run<M>(
    model: &M,
    chunks: &[Tensor<2>],
    forward: impl Fn(&M, Tensor<2>) -> Tensor<2>,
) -> Result<(usize, Vec<f64>)> {
    let mut num_outputs = 0;
    let mut values = Vec::new();
    for chunk in chunks {
        let [inputs, _] = chunk.dims();
        let outputs = forward(model, chunk.clone());
        let [rows, columns] = outputs.dims();
        if rows != inputs || columns == 0 {
            return Err(TatiError::ShapeMismatch {
                what: "shape of the outputs".to_string(),
                expected: format!("[{inputs}, outputs]"),
                found: format!("[{rows}, {columns}]"),
            });
        }
        num_outputs = columns;
        values.extend(outputs.inner().into_data().iter::<f64>());
    }
    Ok((num_outputs, values))
}

/// Running mean and sum of squared deviations of every output.
#[derive(Default)]
struct Moments {
    num_outputs: usize,
    count: usize,
    mean: Vec<f64>,
    squares: Vec<f64>,
}

impl Moments {
    fn add(&mut self, num_outputs: usize, outputs: &[f64]) {
        self.num_outputs = num_outputs;
        self.mean.resize(outputs.len(), 0.0);
        self.squares.resize(outputs.len(), 0.0);
        self.count += 1;
        let moments = self.mean.iter_mut().zip(&mut self.squares);
        for ((mean, squares), output) in moments.zip(outputs) {
            let deviation = output - *mean;
            *mean += deviation / self.count as f64;
            *squares += deviation * (output - *mean);
        }
    }

    fn standard_deviation(&self) -> Vec<f64> {
        let squares = self.squares.iter();
        squares
            .map(|sum| (sum / self.count as f64).sqrt())
            .collect()
    }
}

fn tensor<const D: usize>(
    values: Vec<f64>,
    shape: [usize; D],
    dtype: DType,
    device: &Device,
) -> Tensor<D> {
    Tensor::from_data(
        TensorData::new(values, shape).convert_dtype(dtype),
        (device, dtype),
    )
}

/// The device, without autodiff, and the precision of a model's first float tensor.
fn place_of<M: Module>(model: &M) -> Result<(Device, DType)> {
    struct FirstTensor(Option<(Device, DType)>);
    impl ModuleVisitor for FirstTensor {
        fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
            let value = param.val();
            self.0
                .get_or_insert_with(|| (value.device().inner(), value.dtype()));
        }
    }
    let mut first = FirstTensor(None);
    model.visit(&mut first);
    first.0.ok_or_else(|| TatiError::ShapeMismatch {
        what: "parameters of the model".to_string(),
        expected: "at least one float tensor".to_string(),
        found: "none".to_string(),
    })
}
