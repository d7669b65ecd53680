//! The potential on lines, planes and grids of parameters, at nested scales, and along trajectories.
//!
//! ```text
//! U(θ₀ + Σₖ cₖ dₖ)   for every combination of coefficients c
//! ```
//!
//! | you want | you call |
//! |---|---|
//! | a line or a plane | [`Surface::over`] |
//! | the same at the scales ±10, ±1, …, ±10⁻⁵ | [`ZoomConfig::evaluate`] |
//! | a grid of named parameters | [`Surface::over_parameters`] |
//! | a recorded trajectory on other data | [`TrajectoryPotential::of`] |
//! | where a trajectory lies on a plane | [`TrajectoryProjection::of`] |
//! | directions that suit the network's scales | [`RandomDirectionConfig::draw`] |

mod axis;
mod evaluate;
mod parameter_grid;
mod projection;
mod random_direction;
mod trajectory;
mod zoom;

pub use axis::Axis;
pub use evaluate::{GridMinimum, Surface};
pub use parameter_grid::ParameterAxis;
pub use projection::TrajectoryProjection;
pub use random_direction::RandomDirectionConfig;
pub use trajectory::TrajectoryPotential;
pub use zoom::ZoomConfig;

pub(crate) use axis::grid_points;
