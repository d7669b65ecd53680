//! `tati inputs`: what the network predicts on a grid of inputs.

use burn::tensor::activation::{sigmoid, softmax};
use burn::tensor::{Tensor, TensorData};
use serde::Serialize;
use tati::landscape::InputGrid;
use tati::landscape::plot::{ColorScale, Contour, Curve, Curves, Grid};
use tati::models::{Features, Loss, Network};
use tati::require_count;

use crate::error::CliError;
use crate::options::draws::Selection;
use crate::options::out::{OutFolder, OutOptions};
use crate::options::point::{Point, PointOptions};
use crate::options::range::NamedRange;
use crate::output::Outcome;
use crate::program::Program;
use crate::text;

/// What the network predicts on a grid of inputs, at its last state or averaged over draws
#[derive(clap::Args, Clone, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
#[command(
    allow_negative_numbers = true,
    after_help = "Examples:\n  tati inputs RUN --input x1=-6:6 --input x2=-6:6 --out inputs\n  tati inputs RUN --input x1=-6:6 --hold 0,1 --average --burn-in 100 --probabilities --json"
)]
pub struct InputsArgs {
    #[command(flatten)]
    #[serde(flatten)]
    point: PointOptions,
    /// An input and its range, once or more; of data whose inputs are made of features, a feature
    #[arg(long, value_name = "xI=LOW:HIGH", required = true)]
    input: Vec<NamedRange>,
    /// Points along each
    #[arg(long, value_name = "N", default_value_t = 41)]
    points: usize,
    /// Values of all inputs, for those that are held [default: 0 each]
    #[arg(
        long,
        value_name = "V,…",
        value_delimiter = ',',
        allow_hyphen_values = true
    )]
    hold: Option<Vec<f64>>,
    /// Probabilities of the classes instead of the network's outputs
    #[arg(long)]
    probabilities: bool,
    /// Mean and spread over the draws
    #[arg(long, conflicts_with_all = ["parameters", "walker"])]
    average: bool,
    #[command(flatten)]
    #[serde(flatten)]
    draws: Selection,
    #[command(flatten)]
    #[serde(flatten)]
    out: OutOptions,
}

/// What stands above the figures.
const TITLE: &str = "Predictions of the network";

#[derive(Serialize)]
struct Results {
    shape: Vec<usize>,
    axes: Vec<OfAxis>,
    num_outputs: usize,
    /// Row-major of the shape and, fastest, the outputs.
    #[serde(skip_serializing_if = "Option::is_none")]
    outputs: Option<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mean: Option<Vec<f64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    standard_deviation: Option<Vec<f64>>,
    num_draws: usize,
    files: Vec<String>,
}

#[derive(Serialize)]
struct OfAxis {
    name: String,
    values: Vec<f64>,
}

pub fn run(arguments: &InputsArgs, program: &Program) -> Result<Outcome, CliError> {
    if let Some(outcome) = program.dry_run(arguments) {
        return outcome;
    }
    let out = arguments.out.open()?;
    let point = arguments.point.open(program)?;
    let features = point.saved.problem.data.inputs.clone();
    let grid = grid(arguments, &point, features.as_ref())?;
    let loss = point.problem.loss;
    if arguments.probabilities && !gives_probabilities(loss) {
        return Err(CliError::Usage(format!(
            "`--probabilities` means nothing for the loss {loss}: leave it out"
        )));
    }
    let forward = |network: &Network, points: Tensor<2>| {
        let inputs = match &features {
            Some(features) => made_of(features, points),
            None => points,
        };
        let outputs = network.forward(inputs);
        match (arguments.probabilities, loss) {
            (true, Loss::SoftmaxCrossEntropy) => softmax(outputs, 1),
            (true, Loss::SigmoidCrossEntropy) => sigmoid(outputs),
            _ => outputs,
        }
    };
    let mut results = Results {
        shape: grid.shape(),
        axes: Vec::new(),
        num_outputs: 0,
        outputs: None,
        mean: None,
        standard_deviation: None,
        num_draws: 1,
        files: Vec::new(),
    };
    let axes = grid.axes().iter();
    results.axes = axes
        .map(|axis| OfAxis {
            name: axis.name.clone(),
            values: axis.values.clone(),
        })
        .collect();
    let source = arguments.point.run.display().to_string();
    if arguments.average {
        let recording = arguments
            .draws
            .open(std::slice::from_ref(&arguments.point.run))?
            .arranged(point.potential.layout().tensors())?;
        let found = grid.predict_draws(&point.network, &recording.draws()?, forward)?;
        results.num_outputs = found.num_outputs;
        results.num_draws = found.num_draws;
        if let Some(mut out) = out {
            out.table("inputs", |file| found.write_csv(file))?;
            if !results.line(
                &mut out,
                "mean",
                &found.mean,
                &found.standard_deviation,
                &source,
            )? {
                results.maps(&mut out, "mean", &found.mean, &source)?;
                results.maps(
                    &mut out,
                    "standard-deviation",
                    &found.standard_deviation,
                    &source,
                )?;
            }
            results.files = out.finish()?;
        }
        results.mean = Some(found.mean);
        results.standard_deviation = Some(found.standard_deviation);
    } else {
        let found = grid.predict(&point.network, forward)?;
        results.num_outputs = found.num_outputs;
        if let Some(mut out) = out {
            out.table("inputs", |file| found.write_csv(file))?;
            if !results.line(&mut out, "output", &found.outputs, &[], &source)? {
                results.maps(&mut out, "output", &found.outputs, &source)?;
            }
            results.files = out.finish()?;
        }
        results.outputs = Some(found.outputs);
    }
    Outcome::new(&results, results.text())
}

/// The grid over inputs, or over the features that they are made of.
fn grid(
    arguments: &InputsArgs,
    point: &Point,
    features: Option<&Features>,
) -> Result<InputGrid, CliError> {
    let numbers = arguments
        .input
        .iter()
        .map(|input| {
            let number = input
                .name
                .strip_prefix('x')
                .and_then(|number| number.parse().ok());
            number.filter(|number| *number > 0).ok_or_else(|| {
                CliError::Usage(format!(
                    "`--input {}` is no input: they are x1, x2, …",
                    input.name
                ))
            })
        })
        .collect::<Result<Vec<usize>, _>>()?;
    let most = numbers.iter().copied().max().unwrap_or(1);
    let dimension = match (features, &arguments.hold) {
        (None, _) => point.problem.network.inputs(),
        (Some(_), Some(hold)) => hold.len(),
        (Some(_), None) => most,
    };
    let hold = arguments
        .hold
        .clone()
        .unwrap_or_else(|| vec![0.0; dimension]);
    if hold.len() != dimension {
        return Err(CliError::Usage(format!(
            "`--hold` has {}: the network has {}",
            text::count(hold.len(), "value"),
            text::count(dimension, "input")
        )));
    }
    if let Some(features) = features {
        // Refuses features that are not there.
        let held: Vec<f32> = hold.iter().map(|value| *value as f32).collect();
        features.of_point(&held)?;
    }
    let mut grid = InputGrid::new(hold);
    for (number, input) in numbers.iter().zip(&arguments.input) {
        require_count("number of an input", *number, 1..=dimension)?;
        grid = grid.with_input(number - 1, input.ends.range(), arguments.points)?;
    }
    Ok(grid)
}

/// Inputs made of features.
fn made_of(features: &Features, points: Tensor<2>) -> Tensor<2> {
    let [rows, width] = points.dims();
    let device = points.device();
    let values: Vec<f32> = points.into_data().iter::<f32>().collect();
    // That the features are there has been checked before.
    let inputs = values
        .chunks_exact(width)
        .flat_map(|point| features.of_point(point).unwrap_or_default());
    let inputs: Vec<f32> = inputs.collect();
    Tensor::from_data(TensorData::new(inputs, [rows, features.len()]), &device)
}

fn gives_probabilities(loss: Loss) -> bool {
    matches!(
        loss,
        Loss::SoftmaxCrossEntropy | Loss::SigmoidCrossEntropy | Loss::Log
    )
}

impl Results {
    /// A figure of all outputs along a single input, with bands of their `spread`; `false` where there are more inputs, or one point.
    fn line(
        &self,
        out: &mut OutFolder,
        name: &str,
        values: &[f64],
        spread: &[f64],
        source: &str,
    ) -> Result<bool, CliError> {
        let axis = match self.axes.as_slice() {
            [axis] if axis.values.len() > 1 => axis,
            _ => return Ok(false),
        };
        let of_output = |values: &[f64], output: usize| -> Vec<f64> {
            let from = values.iter().skip(output);
            from.step_by(self.num_outputs).copied().collect()
        };
        let outputs: Vec<(String, Vec<f64>, Vec<f64>)> = (0..self.num_outputs)
            .map(|output| {
                let label = format!("output {output}");
                (label, of_output(values, output), of_output(spread, output))
            })
            .collect();
        let curves: Vec<Curve<'_>> = outputs
            .iter()
            .map(|(label, y, error)| Curve {
                label,
                x: &axis.values,
                y,
                error,
            })
            .collect();
        let figure = Curves {
            curves: &curves,
            x_label: &axis.name,
            y_label: match spread {
                [] => "output",
                _ => "mean ± standard deviation",
            },
            title: TITLE,
            source,
        };
        out.figure(name, |file| figure.save(file))?;
        Ok(true)
    }

    /// A figure of each output, over two inputs.
    fn maps(
        &self,
        out: &mut OutFolder,
        name: &str,
        values: &[f64],
        source: &str,
    ) -> Result<(), CliError> {
        let [x, y] = self.axes.as_slice() else {
            return Ok(());
        };
        if x.values.len() < 2 || y.values.len() < 2 {
            return Ok(());
        }
        let [rows, columns] = [x.values.len(), y.values.len()];
        for output in 0..self.num_outputs {
            let places =
                (0..columns).flat_map(|column| (0..rows).map(move |row| row * columns + column));
            let of_output: Vec<f64> = places
                .map(|place| values[place * self.num_outputs + output])
                .collect();
            let label = format!("{} of output {output}", name.replace('-', " "));
            let figure = Contour {
                grid: Grid {
                    x: &x.values,
                    y: &y.values,
                    values: &of_output,
                },
                scale: ColorScale::Linear,
                x_label: &x.name,
                y_label: &y.name,
                value_label: &label,
                title: TITLE,
                source,
                ..Contour::default()
            };
            out.figure(&format!("{name}{output}"), |file| figure.save(file))?;
        }
        Ok(())
    }

    fn text(&self) -> String {
        let shape: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        let mut text = format!(
            "Predictions on {} inputs, {}, of {}\n",
            shape.join(" × "),
            text::count(self.num_outputs, "output"),
            text::count(self.num_draws, "draw")
        );
        let named = [
            ("outputs", &self.outputs),
            ("mean", &self.mean),
            ("standard deviation", &self.standard_deviation),
        ];
        for (name, values) in named {
            let Some(values) = values else {
                continue;
            };
            let least = values.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            text.push_str(&format!(
                "{name} from {} to {}\n",
                text::number(least),
                text::number(greatest)
            ));
        }
        text + &text::files(&self.files)
    }
}
