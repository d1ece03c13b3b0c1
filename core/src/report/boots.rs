//! What a report says of boots.

use super::Moment;
use serde::{Deserialize, Serialize};

/// Boots of images that can fail to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootsReport {
    /// Tries that began.
    pub tries: u64,
    /// Tries that succeeded.
    pub succeeded: u64,
    /// Tries that failed.
    pub failed: u64,
    /// Of them, first tries.
    pub failed_first: u64,
    /// Boots that nobody tries any more.
    pub given_up: u64,
    /// What they failed for want of, most first; those that failed by themselves have no name.
    pub by: Vec<BlamedReport>,
    /// The outage that most boots met; `None` if none met one.
    #[serde(default)]
    pub worst: Option<OutageMet>,
}

/// What tries failed for want of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BlamedReport {
    /// The dependency; `None`: they failed by themselves.
    pub dependency: Option<String>,
    /// Tries that failed.
    pub failed: u64,
    /// Boots that were given up after such a try.
    pub given_up: u64,
}

/// An outage that boots met.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OutageMet {
    /// Of what.
    pub dependency: String,
    /// When the last of them met it first.
    pub at: Moment,
    /// How many VMs were to boot in it.
    pub boots: u64,
}
