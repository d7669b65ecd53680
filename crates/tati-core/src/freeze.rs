//! Parameters left out of sampling by name.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::Tensor;

use crate::parameters::is_at_or_below;
use crate::{Result, TatiError};

/// `module` with the named parameters frozen: they get no gradient, no sampler moves them, and they are no part of the flat vector.
///
/// A name is the path of a tensor, as `layers.0.weight`, or the beginning of it up to a dot, as `layers.0` for all below. For
/// patterns and predicates there is Burn's `freeze_group`.
///
/// # Errors
/// [`TatiError::InvalidSetting`] for a name that no parameter has, listing those there are.
///
/// # Example
/// ```
/// use burn::nn::LinearConfig;
/// use tati_core::{ParameterLayout, freeze_parameters, open_device};
///
/// let linear = LinearConfig::new(3, 2).init(&open_device("flex")?.autodiff());
/// let linear = freeze_parameters(linear, &["bias"])?;
/// assert_eq!(ParameterLayout::of(&linear)?.num_parameters(), 6);
/// # Ok::<(), tati_core::TatiError>(())
/// ```
pub fn freeze_parameters<M: Module>(module: M, names: &[&str]) -> Result<M> {
    let mut freezer = Freezer {
        names,
        path: Vec::new(),
        seen: Vec::new(),
    };
    let module = module.map(&mut freezer);
    let missing = names
        .iter()
        .find(|name| !freezer.seen.iter().any(|path| is_at_or_below(path, name)));
    match missing {
        None => Ok(module),
        Some(name) => Err(TatiError::InvalidSetting {
            name: "frozen parameter",
            value: format!("`{name}`"),
            expected: format!("one of the model's, {}", freezer.seen.join(", ")),
        }),
    }
}

struct Freezer<'a> {
    names: &'a [&'a str],
    path: Vec<String>,
    seen: Vec<String>,
}

impl ModuleMapper for Freezer<'_> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let is_named = self.names.iter().any(|name| is_at_or_below(&path, name));
        self.seen.push(path);
        if is_named {
            param.set_require_grad(false)
        } else {
            param
        }
    }
}
