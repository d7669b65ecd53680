//! The shared vocabulary of tati: errors, devices, a module as one flat vector, potentials, and recorded trajectories.
//!
//! This crate knows no sampler and no analysis; `tati-samplers` and `tati-models` build on it.
// Libraries never print: what a run has to say is returned, or belongs to the program.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![warn(missing_docs, clippy::print_stdout, clippy::print_stderr)]

mod atomic_file;
mod device;
mod error;
mod freeze;
mod parameters;
mod potential;
mod simd;
mod table_reader;
mod table_writer;
mod trajectory;

pub use atomic_file::{create_folder_atomically, write_atomically, write_json_atomically};
pub use device::{
    DeviceBackend, PresentDevice, available_devices, device_backends, guard_devices, open_device,
    runs_cubecl_kernels, shares_host_memory,
};
pub use error::{
    Result, TatiError, require_count, require_non_negative, require_positive,
    require_positive_or_infinite,
};
pub use freeze::freeze_parameters;
pub use parameters::{ParameterLayout, ParameterTensor};
pub use potential::{
    AffineSubspace, BatchOrder, BatchPosition, HostEvaluator, Loss, ModelPotential, Potential,
    Progress, Rows, analytic, configurational_temperature_terms,
};
pub use simd::SimdLevel;
pub use table_reader::{TableReader, TableRow, quoted};
pub use table_writer::write_table;
pub use trajectory::{
    ParameterFloat, Precision, ThetaBlock, Trajectory, TrajectoryLayout, TrajectoryTable,
    TrajectoryWriter,
};
