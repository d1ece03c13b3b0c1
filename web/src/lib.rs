//! Fleetcast in the browser, as far as it needs no browser: what the page knows and does
//! ([`model`]), what it draws ([`map`], [`paint`], [`chart`], [`rollout`]), and what its worker does
//! ([`desk`], which hands it [`sheet`]s). All of it is tested natively; the two programs `app` and `worker` connect it to
//! the browser.
//!
//! The modules stand in reading order; each uses only what is listed above it.

pub mod builtin;
pub mod knobs;
pub mod sheet;
pub mod protocol;
pub mod ask;
pub mod job;
pub mod turning;
pub mod desk;
pub mod map;
pub mod paint;
pub mod chart;
pub mod link;
pub mod opened;
pub mod cards;
pub mod rollout;
pub mod tell;
pub mod effect;
pub mod compare;
pub mod model;
