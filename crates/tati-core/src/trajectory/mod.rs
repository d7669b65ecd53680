//! Recorded trajectories: a folder that any Zarr reader opens, written as a run goes and complete up to its last flush.
//!
//! Each file is written under a temporary name that is then renamed, so that a process may be killed at any moment. A flush writes
//! chunks, then the metadata of arrays, of groups, and last of the root, which counts the draws and has all metadata inline: our
//! reader looks at nothing else. A resume announces fewer draws before it takes chunks away.
//!
//! Identical runs, interrupted or not, leave identical bytes: no time stamps, metadata sorted by key, chunks padded with the fill
//! value.

mod array;
mod chunks;
mod csv;
mod files;
mod layout;
mod metadata;
mod precision;
mod reader;
mod resume;
mod table;
mod writer;

#[cfg(test)]
mod fault_tests;
#[cfg(test)]
mod tests;

pub use layout::TrajectoryLayout;
pub use precision::{ParameterFloat, Precision};
pub use reader::{ThetaBlock, Trajectory};
pub use table::TrajectoryTable;
pub use writer::TrajectoryWriter;
