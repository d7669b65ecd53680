//! The digits whose class the draws are most and least certain of.

use burn::module::Module;
use burn::tensor::Tensor;
use serde::Serialize;
use tati::Potential;
use tati::landscape::report::{Picture, Section};
use tati::models::{LabelledSet, Loss, Network};
use tati::samplers::PredictiveAverage;

use super::{Reported, headed};
use crate::error::CliError;
use crate::options::data::DataSource;
use crate::options::point::Point;
use crate::text;

/// Pixels of a row of a digit.
const WIDTH: usize = 28;
/// Digits of each kind that are shown.
const SHOWN: usize = 12;
/// Items and draws that are looked at; items evaluated at once.
const MOST_ITEMS: usize = 2000;
const MOST_DRAWS: usize = 100;
const CHUNK: usize = 1000;

#[derive(Serialize)]
pub struct Figures {
    set: &'static str,
    num_items: usize,
    num_draws: u64,
    accuracy: f64,
    negative_log_likelihood: f64,
    expected_calibration_error: f64,
    most_certain: Vec<Digit>,
    least_certain: Vec<Digit>,
}

/// What is thought of a digit.
#[derive(Clone, Serialize)]
struct Digit {
    item: usize,
    label: usize,
    class: usize,
    probability: f64,
    /// The next most probable.
    second_class: usize,
    second_probability: f64,
}

pub fn section(run: &Reported) -> Result<(Section, Figures), CliError> {
    let data = &run.saved.problem.data;
    if !matches!(data.data, Some(DataSource::Mnist | DataSource::Glyphs)) || data.inputs.is_some() {
        return Err(CliError::Other(
            "the data are no images of digits (of mnist or glyphs)".to_string(),
        ));
    }
    let point = run.point()?;
    if !matches!(point.problem.loss, Loss::SoftmaxCrossEntropy) {
        return Err(CliError::Other(
            "the outputs are the logits of classes only with the loss softmax-cross-entropy"
                .to_string(),
        ));
    }
    let (name, set) = match &point.problem.test {
        Some(test) => ("test", test.clone()),
        None => ("training", point.problem.train.clone()),
    };
    let set = set.take(MOST_ITEMS);
    let average = predictive(run, point, &set)?;
    let Some(summary) = average.summary() else {
        return Err(CliError::Other(
            "there are no draws to predict with".to_string(),
        ));
    };
    let rows = average.probabilities().chunks_exact(average.num_classes());
    let labels = average.labels();
    let mut digits: Vec<Digit> = rows
        .enumerate()
        .map(|(item, row)| Digit::of(item, labels[item], row))
        .collect();
    digits.sort_by(|one, other| other.probability.total_cmp(&one.probability));
    let most: Vec<Digit> = digits.iter().take(SHOWN).cloned().collect();
    let least: Vec<Digit> = digits.iter().rev().take(SHOWN).cloned().collect();
    let section = headed("digits").paragraph(&format!(
        "Probabilities of the classes of the first {} for {}, averaged over {}: {:.2} % of the digits are classified rightly, the negative log-likelihood is {:.4}. Those in a red frame are taken for another digit.",
        text::count(set.len(), "digit"),
        if name == "test" { "testing" } else { "training" },
        text::count(summary.num_draws as usize, "draw"),
        100.0 * summary.accuracy,
        summary.negative_log_likelihood
    ));
    let section = pictures(section, "Least certain", &least, &set);
    let section = pictures(section, "Most certain", &most, &set);
    Ok((
        section,
        Figures {
            set: name,
            num_items: set.len(),
            num_draws: summary.num_draws,
            accuracy: summary.accuracy,
            negative_log_likelihood: summary.negative_log_likelihood,
            expected_calibration_error: summary.expected_calibration_error,
            most_certain: most,
            least_certain: least,
        },
    ))
}

type Average = PredictiveAverage<Box<dyn Fn(&Network) -> Tensor<2>>>;

/// The predictions of draws taken evenly from all chains.
fn predictive(run: &Reported, point: &Point, set: &LabelledSet) -> Result<Average, CliError> {
    let (points, labels) = set.to_tensors(&point.device.clone().inner());
    let count = set.len();
    let logits = move |network: &Network| {
        let chunks = (0..count).step_by(CHUNK).map(|start| {
            let rows = CHUNK.min(count - start);
            network.forward(points.clone().narrow(0, start, rows))
        });
        Tensor::cat(chunks.collect(), 0)
    };
    let mut average = Average::with_label_tensor(Box::new(logits), labels)?;
    let draws = run.recording.draws()?;
    let every = (draws.num_chains() * draws.num_draws()).div_ceil(MOST_DRAWS);
    let draws = draws.with_every(every)?;
    let layout = point.potential.layout();
    for chain in 0..draws.num_chains() {
        draws.for_each_block(chain, |block| {
            for position in block.theta.chunks_exact(draws.num_parameters()) {
                let theta = point.potential.positions(position)?.flatten(0, 1);
                let network = layout.unflatten(point.network.clone(), theta)?;
                average.include(&network.valid())?;
            }
            Ok(())
        })?;
    }
    Ok(average)
}

impl Digit {
    fn of(item: usize, label: usize, probabilities: &[f64]) -> Self {
        let mut classes: Vec<usize> = (0..probabilities.len()).collect();
        classes.sort_by(|one, other| probabilities[*other].total_cmp(&probabilities[*one]));
        let (class, second_class) = (classes[0], classes[classes.len().min(2) - 1]);
        Self {
            item,
            label,
            class,
            probability: probabilities[class],
            second_class,
            second_probability: probabilities[second_class],
        }
    }

    fn lines(&self) -> Vec<String> {
        let percent = |probability: f64| match probability > 0.9995 {
            true => "> 99.9 %".to_string(),
            false => format!("{:.1} %", 100.0 * probability),
        };
        let mut lines = vec![format!("{}: {}", self.class, percent(self.probability))];
        if self.second_probability >= 0.001 {
            let second = percent(self.second_probability);
            lines.push(format!("{}: {second}", self.second_class));
        }
        lines.push(format!("is {}, no. {}", self.label, self.item));
        lines
    }
}

fn pictures(section: Section, title: &str, digits: &[Digit], set: &LabelledSet) -> Section {
    let lines: Vec<Vec<String>> = digits.iter().map(Digit::lines).collect();
    let labels: Vec<String> = digits
        .iter()
        .map(|digit| format!("a {}, taken for a {}", digit.label, digit.class))
        .collect();
    let shown = digits.iter().zip(lines.iter().zip(&labels));
    let shown: Vec<Picture<'_>> = shown
        .filter_map(|(digit, (lines, label))| {
            let (pixels, _) = set.get(digit.item)?;
            Some(Picture {
                pixels,
                width: WIDTH,
                label,
                lines,
                marked: digit.class != digit.label,
            })
        })
        .collect();
    section.pictures(title, &shown)
}
