//! The kernel of a sampler's step, and its launch.

use burn::backend::{TensorMetadata, cubecl::dtype_to_storage_type};
use burn_cubecl::cubecl::{
    self,
    ir::ElemType,
    prelude::*,
    std::tensor::layout::linear::{LinearView, LinearViewLaunch, LinearViewMut},
};
use burn_cubecl::{CubeBackend, ops::numeric::empty_device_dtype, tensor::CubeTensor};

use super::philox::{Counter, normals};
use super::sums::{ElementSums, NUM_SUMS, THREADS, write_sums_of_cube};
use super::update::{Compiled, Element, Family, Force, add_prior, apply};
use super::{Input, Kept, Output, SamplerOps, Step, has_sums};
use crate::fused::philox::GROUP;
use crate::prior::PriorShape;

/// Philox blocks of a group: a thread takes one block, four elements, at a time.
const BLOCKS: usize = GROUP / 4;
/// Cubes above which threads take more blocks instead: enough to fill any device.
const MOST_CUBES: usize = 4096;

/// Cubes that a tensor of `elements` is spread over.
pub(super) fn num_cubes(elements: usize) -> usize {
    num_blocks(elements)
        .div_ceil(THREADS as usize)
        .clamp(1, MOST_CUBES)
}

/// Blocks of all groups, the last one whole.
fn num_blocks(elements: usize) -> usize {
    elements.div_ceil(GROUP) * BLOCKS
}

impl SamplerOps for CubeBackend {
    fn sampler_step(input: Input<Self>, step: Step) -> Output<Self> {
        let compiled = Compiled::of(&step.update, step.observe);
        let elements = input.position.shape().num_elements();
        let cubes = num_cubes(elements);
        let dtype = dtype_to_storage_type(input.position.dtype);
        let address_type = input.position.required_address_type();
        let client = input.position.client.clone();

        let mut arrays = Arrays::default();
        let position = arrays.add_updated(input.position);
        let gradient = arrays.add(input.gradient);
        let momentum = input.momentum.map(|array| arrays.add_updated(array));
        let variance = input.variance.map(|array| arrays.add_updated(array));
        let previous = input
            .previous_gradient
            .map(|array| arrays.add_updated(array));
        let center = input.center.map(|array| arrays.add(array));
        let sums = has_sums(&step.update, step.observe).then(|| {
            let like = &position.output;
            empty_device_dtype(
                client.clone(),
                like.device.clone(),
                [cubes, NUM_SUMS].into(),
                like.dtype,
            )
        });
        let (momentum, new_momentum, momentum_output) = parts(momentum);
        let (variance, new_variance, variance_output) = parts(variance);
        let (previous, new_previous, previous_output) = parts(previous);
        // Every array has the elements of the position, which the kernel does not look past.
        unsafe {
            step_kernel::launch_unchecked(
                &client,
                CubeCount::Static(cubes as u32, 1, 1),
                CubeDim::new_1d(THREADS),
                address_type,
                position.read,
                gradient,
                momentum.into(),
                variance.into(),
                previous.into(),
                center.into(),
                position.written,
                new_momentum.into(),
                new_variance.into(),
                new_previous.into(),
                sums.clone().map(CubeTensor::into_linear_view).into(),
                step.update.launch(dtype),
                PriorShape::launch(step.prior, dtype),
                step.noise.stream.at_step(step.noise.step).launch(),
                num_blocks(elements),
                elements,
                compiled,
                dtype,
            );
        }
        Output {
            position: position.output,
            momentum: momentum_output,
            variance: variance_output,
            previous_gradient: previous_output,
            sums: sums.into(),
        }
    }
}

#[allow(clippy::too_many_arguments)]
#[cube(launch_unchecked, address_type = "dynamic")]
fn step_kernel<F: Float>(
    position: LinearView<'_, F>,
    gradient: LinearView<'_, F>,
    momentum: ComptimeOption<LinearView<'_, F>>,
    variance: ComptimeOption<LinearView<'_, F>>,
    previous_gradient: ComptimeOption<LinearView<'_, F>>,
    center: ComptimeOption<LinearView<'_, F>>,
    mut new_position: LinearViewMut<'_, F>,
    mut new_momentum: ComptimeOption<LinearViewMut<'_, F>>,
    mut new_variance: ComptimeOption<LinearViewMut<'_, F>>,
    mut new_previous_gradient: ComptimeOption<LinearViewMut<'_, F>>,
    mut rows: ComptimeOption<LinearViewMut<'_, F>>,
    family: Family,
    force: Force,
    counter: Counter,
    blocks: usize,
    elements: usize,
    #[comptime] compiled: Compiled,
    #[define(F)] _dtype: ElemType,
) {
    let mut sums = ElementSums::<F>::new();
    let mut block = ABSOLUTE_POS;
    while block < blocks {
        let noise = normals::<F>(block as u32, &counter, compiled.noisy);
        let first = (block / comptime!(BLOCKS)) * comptime!(GROUP) + block % comptime!(BLOCKS);
        #[unroll]
        for nth in 0..4usize {
            let index = first + comptime!(nth * BLOCKS);
            #[comptime]
            let normal = match nth {
                0usize => noise.first,
                1usize => noise.second,
                2usize => noise.third,
                _ => noise.fourth,
            };
            if index < elements {
                let mut element = Element::<F> {
                    position: position.read(index),
                    momentum: read(&momentum, index),
                    variance: read(&variance, index),
                    previous_gradient: read(&previous_gradient, index),
                    gradient: gradient.read(index),
                };
                let center = read(&center, index);
                add_prior::<F>(&force, center, &mut element, &mut sums, compiled.observe);
                apply::<F>(&family, normal, &mut element, &mut sums, compiled);
                new_position.write(index, element.position);
                write(&mut new_momentum, index, element.momentum);
                write(&mut new_variance, index, element.variance);
                write(&mut new_previous_gradient, index, element.previous_gradient);
            }
        }
        block += CUBE_COUNT * CUBE_DIM as usize;
    }
    #[comptime]
    match &mut rows {
        ComptimeOption::Some(rows) => write_sums_of_cube::<F>(&sums, rows),
        ComptimeOption::None => {}
    }
}

/// An element of an array, 0 where there is none.
#[cube]
fn read<F: Float>(array: &ComptimeOption<LinearView<'_, F>>, index: usize) -> F {
    #[comptime]
    match array {
        ComptimeOption::Some(array) => array.read(index),
        ComptimeOption::None => F::new(0.0f32),
    }
}

#[cube]
fn write<F: Float>(array: &mut ComptimeOption<LinearViewMut<'_, F>>, index: usize, value: F) {
    #[comptime]
    match array {
        ComptimeOption::Some(array) => array.write(index, value),
        ComptimeOption::None => {}
    }
}

/// The arguments of a launch that are arrays, in the order of the kernel.
#[derive(Default)]
struct Arrays {
    count: usize,
}

/// An array that a step updates: in place where nothing else holds it.
struct Updated {
    read: LinearViewLaunch,
    written: LinearViewLaunch,
    output: CubeTensor,
}

impl Arrays {
    fn add(&mut self, array: CubeTensor) -> LinearViewLaunch {
        self.count += 1;
        array.into_linear_view()
    }

    fn add_updated(&mut self, array: CubeTensor) -> Updated {
        let place = self.count;
        if array.can_mut() && array.is_nonoverlapping() {
            return Updated {
                written: array.as_linear_view_alias(place),
                read: self.add(array.clone()),
                output: array,
            };
        }
        let output = empty_device_dtype(
            array.client.clone(),
            array.device.clone(),
            array.shape(),
            array.dtype,
        );
        Updated {
            read: self.add(array),
            written: output.clone().into_linear_view(),
            output,
        }
    }
}

type Parts = (
    Option<LinearViewLaunch>,
    Option<LinearViewLaunch>,
    Kept<CubeBackend>,
);

fn parts(updated: Option<Updated>) -> Parts {
    match updated {
        Some(updated) => (
            Some(updated.read),
            Some(updated.written),
            Kept::Array(updated.output),
        ),
        None => (None, None, Kept::Nothing),
    }
}

impl Kept<CubeBackend> {
    fn map<X>(self, f: impl FnOnce(CubeTensor) -> X) -> Option<X> {
        match self {
            Self::Nothing => None,
            Self::Array(array) => Some(f(array)),
        }
    }
}

impl From<Option<CubeTensor>> for Kept<CubeBackend> {
    fn from(array: Option<CubeTensor>) -> Self {
        array.map_or(Self::Nothing, Self::Array)
    }
}
