//! The examples as a user runs them, and what they write.

mod example;

mod curvature;
mod first_steps;
mod funnel;
mod kill_and_resume;
mod mnist;
mod samplers;
mod store_in_python;
