//! What to say of a chain whose potential is no longer a number.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use tati_core::TatiError;

const REMEDY: &str =
    "the chain has diverged; use a smaller step size, or a prior that keeps the parameters bounded";

/// The error that ends a chain whose potential is not finite, with the tensor to look at.
pub(crate) fn error(potential: f64, step: u64, walker: u32, suspect: Option<String>) -> TatiError {
    let suspect = suspect.map_or(String::new(), |suspect| format!(" ({suspect})"));
    TatiError::NotFinite {
        what: format!("the potential at step {step} of walker {walker}{suspect}"),
        value: potential,
        remedy: REMEDY,
    }
}

/// The error that ends a chain whose gradient is not finite where its potential still is.
pub(crate) fn gradient_error(norm: f64, step: u64, walker: u32) -> TatiError {
    TatiError::NotFinite {
        what: format!("the norm of the gradient at step {step} of walker {walker}"),
        value: norm,
        remedy: REMEDY,
    }
}

/// The first tensor with a parameter that is not finite, or else with such a gradient, or else with the largest parameter.
pub(crate) fn suspect<M: Module>(model: &M, gradients: &GradientsParams) -> Option<String> {
    let mut search = Search {
        gradients,
        path: Vec::new(),
        parameter: None,
        gradient: None,
        largest: None,
    };
    model.visit(&mut search);
    // Once a parameter is not finite, no gradient is: the parameter says more.
    let first = |what: &str, name| format!("first not finite in the {what} `{name}`");
    search
        .parameter
        .map(|name| first("parameter", name))
        .or(search.gradient.map(|name| first("gradient of", name)))
        .or(search
            .largest
            .map(|(size, name)| format!("largest parameter {size:.1e}, in `{name}`")))
}

struct Search<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    parameter: Option<String>,
    gradient: Option<String>,
    largest: Option<(f64, String)>,
}

impl ModuleVisitor for Search<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let size = largest_size(param.val().inner());
        if !size.is_finite() && self.parameter.is_none() {
            self.parameter = Some(name.clone());
        }
        let gradient = self.gradients.get::<D>(param.id).map(largest_size);
        if gradient.is_some_and(|size| !size.is_finite()) && self.gradient.is_none() {
            self.gradient = Some(name.clone());
        }
        if self
            .largest
            .as_ref()
            .is_none_or(|(largest, _)| size > *largest)
        {
            self.largest = Some((size, name));
        }
    }
}

/// The largest absolute value, or one that is not finite.
fn largest_size<const D: usize>(tensor: Tensor<D>) -> f64 {
    let mut largest: f64 = 0.0;
    for value in tensor.to_data().iter::<f64>() {
        if !value.is_finite() {
            return value;
        }
        largest = largest.max(value.abs());
    }
    largest
}
