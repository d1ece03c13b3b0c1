//! Failures: how many hosts to keep in reserve, and whether the rest holds what fails.

pub mod spares;
pub mod headroom;
