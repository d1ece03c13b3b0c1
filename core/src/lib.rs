//! A pure simulator of host fleets: inventory, placement and growth.
//!
//! There is no clock here, no file, no thread, no environment, no `HashMap` and no float in the
//! state. Nothing prints. One scenario, one seed and one version give one stream of facts, on
//! every machine and in every browser; [`observe::Fingerprint`] is the hash of that stream.
//!
//! The modules stand in reading order; each uses only what is listed above it.

// `core/clippy.toml` lists what keeps the core pure, each with its reason.
#![cfg_attr(not(test), deny(clippy::disallowed_methods, clippy::disallowed_types))]
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod resources;
pub mod time;
pub mod hours;
pub mod problem;
pub mod source;
pub mod units;
pub mod fairness;
pub mod power;
pub mod grid;
pub mod words;
pub mod ticks;
pub mod migration;
pub mod expression;
pub mod scenario;
mod decimal;
mod table;
mod columns;
pub mod trace;
pub mod swf;
pub mod inventory;
pub mod samples;
pub mod intensities;
pub mod outages;
pub mod report;
pub mod expected;
pub mod curve;
pub mod dice;
pub mod paired;
pub mod agenda;
pub mod orders;
pub mod failures;
pub mod provisioning;
pub mod rollout;
pub mod state;
pub mod demand;
pub mod traffic;
pub mod autoscale;
pub mod read;
pub mod futures;
pub mod fact;
pub mod placement;
pub mod jobs;
pub mod bounds;
pub mod stranding;
pub mod loss;
pub mod observe;
pub mod frames;
pub mod verdict;
pub mod comparison;
pub mod sensitivity;
pub mod assumptions;
pub mod sizing;
pub mod relax;
pub mod explain;
pub mod defrag;
pub mod survive;
pub mod headroom;
pub mod simulation;
pub mod trials;
pub mod order_plan;
