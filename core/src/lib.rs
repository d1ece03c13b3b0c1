//! A pure simulator of host fleets: inventory, placement and growth.
//!
//! There is no clock here, no file, no thread, no environment, no `HashMap` and no float in the
//! state. Nothing prints. One scenario, one seed and one version give one stream of facts, on
//! every machine and in every browser; [`observe::Fingerprint`] is the hash of that stream.
//!
//! The modules stand in reading order; each uses only what is listed above it.

pub mod problem;
pub mod source;
pub mod time;
pub mod resources;
pub mod units;
pub mod scenario;
pub mod report;

mod decimal;
mod table;

mod columns;
pub mod inventory;
pub mod samples;
pub mod trace;

pub mod read;
