//! A module as one flat vector of its trainable floats, and back.

mod position;
mod tensor;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::optim::GradientsParams;
use burn::tensor::{DType, Element, Tensor};

use crate::{Result, TatiError};

pub use tensor::ParameterTensor;
pub(crate) use tensor::is_at_or_below;

/// How the float tensors of a module lie in one flat vector θ of length N: in the order in which Burn visits the module
/// (the order of its fields), each row-major, frozen tensors left out.
///
/// # Example
/// ```
/// use burn::{module::Module, nn::LinearConfig};
/// use tati_core::{ParameterLayout, open_device};
///
/// let device = open_device("flex")?.autodiff();
/// let linear = LinearConfig::new(3, 2).init(&device);
/// let layout = ParameterLayout::of(&linear)?;
/// assert_eq!(layout.num_parameters(), 8);
/// assert_eq!(layout.tensors()[1].name, "bias");
///
/// let theta = layout.flatten(&linear)?;
/// let doubled = layout.unflatten(linear, theta.mul_scalar(2.0))?;
/// # Ok::<(), tati_core::TatiError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ParameterLayout {
    tensors: Vec<ParameterTensor>,
    num_parameters: usize,
    dtype: DType,
}

impl ParameterLayout {
    /// The layout of `module`, which must be on an autodiff device: a tensor is trainable if it requires gradients. Freeze
    /// tensors beforehand with Burn's `freeze_group` or `no_grad`.
    ///
    /// # Errors
    /// If the module has no trainable float tensor, or trainable ones of different precision.
    pub fn of<M: Module>(module: &M) -> Result<Self> {
        let mut survey = Survey::default();
        module.visit(&mut survey);
        let mut dtypes = survey.dtypes.iter();
        let Some((first_name, dtype)) = dtypes.next() else {
            return Err(TatiError::ShapeMismatch {
                what: "trainable parameters of the module".to_string(),
                expected: "at least one float tensor that requires gradients (is the module on an \
                           autodiff device?)"
                    .to_string(),
                found: "none".to_string(),
            });
        };
        if let Some((name, other)) = dtypes.find(|(_, other)| other != dtype) {
            return Err(TatiError::ShapeMismatch {
                what: format!("precision of parameter `{name}`"),
                expected: format!("{dtype:?} as of `{first_name}`"),
                found: format!("{other:?}"),
            });
        }
        Ok(Self {
            num_parameters: survey.next_offset,
            dtype: *dtype,
            tensors: survey.tensors,
        })
    }

    /// N, the length of the flat vector.
    pub fn num_parameters(&self) -> usize {
        self.num_parameters
    }

    /// The precision of the flat vector.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// Every float tensor of the module in visit order, frozen ones included.
    pub fn tensors(&self) -> &[ParameterTensor] {
        &self.tensors
    }

    /// The parameters of `module` as one vector of shape \[N\], off the autodiff tape.
    ///
    /// # Errors
    /// If `module` is not laid out like the module this layout was made of.
    pub fn flatten<M: Module>(&self, module: &M) -> Result<Tensor<1>> {
        self.collect(module, |param: ErasedParam<'_>| Ok(param.value))
    }

    /// The parameters of `module` written to `flat`, of length N, in the precision of its elements.
    ///
    /// # Errors
    /// If `module` is not laid out like the module this layout was made of.
    pub fn copy_to_host<M: Module, E: Element>(&self, module: &M, flat: &mut Vec<E>) -> Result<()> {
        flat.clear();
        let mut copier = Copier {
            layout: self,
            flat,
            next: 0,
            mismatch: None,
        };
        module.visit(&mut copier);
        let (next, mismatch) = (copier.next, copier.mismatch);
        self.check(next, mismatch)
    }

    /// The gradients of `module` as one vector of shape \[N\]; zeros for tensors that the loss does not depend on.
    ///
    /// # Errors
    /// If `module` is not laid out like the module this layout was made of.
    pub fn flatten_gradients<M: Module>(
        &self,
        module: &M,
        gradients: &GradientsParams,
    ) -> Result<Tensor<1>> {
        self.collect(module, |param: ErasedParam<'_>| {
            Ok((param.gradient)(gradients).unwrap_or_else(|| param.value.zeros_like()))
        })
    }

    /// Puts the parts of `flat`, of shape \[N\], in the places of the gradients of `module`; a tensor without a gradient stays
    /// without.
    ///
    /// # Errors
    /// If `flat` does not have length N, or `module` is not laid out like the module this layout was made of.
    pub fn replace_gradients<M: Module>(
        &self,
        module: &M,
        gradients: &mut GradientsParams,
        flat: Tensor<1>,
    ) -> Result<()> {
        self.check_length(&flat)?;
        let mut replacer = Replacer {
            layout: self,
            gradients,
            flat,
            next: 0,
            mismatch: None,
        };
        module.visit(&mut replacer);
        let (next, mismatch) = (replacer.next, replacer.mismatch);
        self.check(next, mismatch)
    }

    /// `module` with its trainable parameters replaced by those of `flat`, of shape \[N\]; ids, frozen tensors and the
    /// autodiff state of each parameter are kept.
    ///
    /// # Errors
    /// If `flat` does not have length N, or `module` is not laid out like the module this layout was made of.
    pub fn unflatten<M: Module>(&self, module: M, flat: Tensor<1>) -> Result<M> {
        self.check_length(&flat)?;
        let mut writer = Writer {
            layout: self,
            flat,
            next: 0,
            mismatch: None,
        };
        let module = module.map(&mut writer);
        let (next, mismatch) = (writer.next, writer.mismatch);
        self.check(next, mismatch)?;
        Ok(module)
    }

    fn check_length(&self, flat: &Tensor<1>) -> Result<()> {
        let length = flat.shape().num_elements();
        if length == self.num_parameters {
            return Ok(());
        }
        Err(TatiError::ShapeMismatch {
            what: "length of the flat parameter vector".to_string(),
            expected: self.num_parameters.to_string(),
            found: length.to_string(),
        })
    }

    fn collect<M: Module>(
        &self,
        module: &M,
        part: impl FnMut(ErasedParam<'_>) -> Result<Tensor<1>>,
    ) -> Result<Tensor<1>> {
        let mut reader = Reader {
            layout: self,
            part,
            parts: Vec::with_capacity(self.tensors.len()),
            next: 0,
            mismatch: None,
        };
        module.visit(&mut reader);
        self.check(reader.next, reader.mismatch)?;
        Ok(Tensor::cat(reader.parts, 0))
    }

    fn check(&self, visited: usize, mismatch: Option<TatiError>) -> Result<()> {
        if let Some(mismatch) = mismatch {
            return Err(mismatch);
        }
        if visited != self.tensors.len() {
            return Err(TatiError::ShapeMismatch {
                what: "float tensors of the module".to_string(),
                expected: self.tensors.len().to_string(),
                found: visited.to_string(),
            });
        }
        Ok(())
    }

    /// The entry of the `index`-th visited tensor, if its shape agrees.
    fn entry(&self, index: usize, shape: &[usize]) -> Result<&ParameterTensor> {
        let expected = self.tensors.get(index);
        match expected {
            Some(tensor) if tensor.shape == shape => Ok(tensor),
            _ => Err(TatiError::ShapeMismatch {
                what: format!(
                    "shape of float tensor {index} of the module{}",
                    expected.map_or(String::new(), |tensor| format!(" (`{}`)", tensor.name))
                ),
                expected: expected.map_or("no such tensor".to_string(), |tensor| {
                    format!("{:?}", tensor.shape)
                }),
                found: format!("{shape:?}"),
            }),
        }
    }
}

#[derive(Default)]
struct Survey {
    path: Vec<String>,
    tensors: Vec<ParameterTensor>,
    dtypes: Vec<(String, DType)>,
    next_offset: usize,
}

impl ModuleVisitor for Survey {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_string());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        let tensor = param.val();
        let shape = tensor.shape().to_vec();
        let offset = tensor.is_require_grad().then_some(self.next_offset);
        if offset.is_some() {
            self.next_offset += shape.iter().product::<usize>();
            self.dtypes.push((name.clone(), tensor.dtype()));
        }
        self.tensors.push(ParameterTensor {
            name,
            shape,
            offset,
        });
    }
}

/// A parameter of any rank, flattened.
struct ErasedParam<'a> {
    value: Tensor<1>,
    gradient: &'a dyn Fn(&GradientsParams) -> Option<Tensor<1>>,
}

struct Reader<'a, F> {
    layout: &'a ParameterLayout,
    part: F,
    parts: Vec<Tensor<1>>,
    next: usize,
    mismatch: Option<TatiError>,
}

impl<F: FnMut(ErasedParam<'_>) -> Result<Tensor<1>>> ModuleVisitor for Reader<'_, F> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        let shape = value.shape().to_vec();
        let length: usize = shape.iter().product();
        let id: ParamId = param.id;
        let part = self.layout.entry(self.next, &shape).and_then(|entry| {
            if entry.is_frozen() {
                return Ok(None);
            }
            (self.part)(ErasedParam {
                value: value.reshape([length]),
                gradient: &|gradients| {
                    gradients
                        .get::<D>(id)
                        .map(|gradient| gradient.inner().reshape([length]))
                },
            })
            .map(Some)
        });
        match part {
            Ok(part) => self.parts.extend(part),
            Err(error) => self.mismatch = self.mismatch.take().or(Some(error)),
        }
        self.next += 1;
    }
}

struct Copier<'a, E> {
    layout: &'a ParameterLayout,
    flat: &'a mut Vec<E>,
    next: usize,
    mismatch: Option<TatiError>,
}

impl<E: Element> ModuleVisitor for Copier<'_, E> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let value = param.val().inner();
        match self.layout.entry(self.next, &value.shape()) {
            Ok(entry) if entry.is_frozen() => {}
            Ok(_) => {
                let data = value.into_data();
                match data.as_slice::<E>() {
                    Ok(values) => self.flat.extend_from_slice(values),
                    Err(_) => self.flat.extend(data.iter::<E>()),
                }
            }
            Err(error) => self.mismatch = self.mismatch.take().or(Some(error)),
        }
        self.next += 1;
    }
}

struct Replacer<'a> {
    layout: &'a ParameterLayout,
    gradients: &'a mut GradientsParams,
    flat: Tensor<1>,
    next: usize,
    mismatch: Option<TatiError>,
}

impl ModuleVisitor for Replacer<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.val().shape();
        match self.layout.entry(self.next, &shape) {
            Ok(entry) => {
                let there = self.gradients.remove::<D>(param.id).is_some();
                if let Some(offset) = entry.offset.filter(|_| there) {
                    let part = self.flat.clone().narrow(0, offset, entry.len());
                    self.gradients
                        .register(param.id, part.reshape::<D, _>(shape));
                }
            }
            Err(error) => self.mismatch = self.mismatch.take().or(Some(error)),
        }
        self.next += 1;
    }
}

struct Writer<'a> {
    layout: &'a ParameterLayout,
    flat: Tensor<1>,
    next: usize,
    mismatch: Option<TatiError>,
}

impl ModuleMapper for Writer<'_> {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (id, tensor, mapper) = param.consume();
        let entry = self.layout.entry(self.next, &tensor.shape().to_vec());
        self.next += 1;
        let tensor = match entry {
            Ok(entry) => match entry.offset {
                Some(offset) => self.replacement(tensor, offset, entry.len()),
                None => tensor,
            },
            Err(error) => {
                self.mismatch = self.mismatch.take().or(Some(error));
                tensor
            }
        };
        Param::from_mapped_value(id, tensor, mapper)
    }
}

impl Writer<'_> {
    /// `length` elements of the flat vector in the shape and autodiff state of `tensor`.
    fn replacement<const D: usize>(
        &self,
        tensor: Tensor<D>,
        offset: usize,
        length: usize,
    ) -> Tensor<D> {
        let part = self
            .flat
            .clone()
            .narrow(0, offset, length)
            .reshape(tensor.shape());
        if !tensor.is_autodiff() {
            return part;
        }
        let mut lifted = Tensor::from_inner(part);
        if let Some(strategy) = tensor.gradient_checkpointing_strategy() {
            lifted = lifted.with_gradient_checkpointing_strategy(strategy);
        }
        lifted.set_require_grad(tensor.is_require_grad())
    }
}
