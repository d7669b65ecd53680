//! What to say of a chain whose potential is no longer a number.

use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::Tensor;
use tati_core::TatiError;

const REMEDY: &str = "the chain has diverged; use a smaller step size, or a prior that keeps the parameters bounded";

/// The error that ends a chain whose potential is not finite.
pub(super) fn error(potential: f64, step: u64, walker: u32, tensor: Option<String>) -> TatiError {
    let place = tensor.map_or(String::new(), |tensor| format!(" (first in the {tensor})"));
    TatiError::NotFinite {
        what: format!("the potential at step {step} of walker {walker}{place}"),
        value: potential,
        remedy: REMEDY,
    }
}

/// The error that ends a chain whose gradient is not finite where its potential still is.
pub(super) fn gradient_error(norm: f64, step: u64, walker: u32) -> TatiError {
    TatiError::NotFinite {
        what: format!("the norm of the gradient at step {step} of walker {walker}"),
        value: norm,
        remedy: REMEDY,
    }
}

/// The first tensor with a parameter or gradient that is not finite.
pub(super) fn first_bad_tensor<M: Module>(
    model: &M,
    gradients: &GradientsParams,
) -> Option<String> {
    let mut search = Search {
        gradients,
        path: Vec::new(),
        parameter: None,
        gradient: None,
    };
    model.visit(&mut search);
    // A gradient is not finite in every tensor once a parameter is not: the parameter says more.
    search.parameter.or(search.gradient)
}

struct Search<'a> {
    gradients: &'a GradientsParams,
    path: Vec<String>,
    parameter: Option<String>,
    gradient: Option<String>,
}

impl ModuleVisitor for Search<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if self.parameter.is_none() && !is_finite(param.val().inner()) {
            self.parameter = Some(format!("parameter `{}`", self.path.join(".")));
        }
        let gradient = self.gradients.get::<D>(param.id);
        if self.gradient.is_none() && gradient.is_some_and(|gradient| !is_finite(gradient)) {
            self.gradient = Some(format!("gradient of `{}`", self.path.join(".")));
        }
    }
}

fn is_finite<const D: usize>(tensor: Tensor<D>) -> bool {
    tensor.to_data().iter::<f64>().all(f64::is_finite)
}
