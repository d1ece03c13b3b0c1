//! The state of the fleet at one instant: hosts, VMs, groups and who waits.
//!
//! Every number has one owner here, and only the simulation changes it. Policies and observers
//! look.

pub mod groups;
pub mod hosts;
pub mod shapes;
pub mod vms;

pub use groups::{GroupId, Groups};
pub use hosts::{HostId, HostStatus, Hosts};
pub use shapes::{Shape, ShapeId, Shapes};
pub use vms::{Vm, VmId, Vms};

use crate::scenario::Scenario;

/// The fleet at one instant.
#[derive(Debug)]
pub struct State {
    /// Hosts and what is free on them.
    pub hosts: Hosts,
    /// VMs alive.
    pub vms: Vms,
    /// What requests ask for, each distinct ask once.
    pub shapes: Shapes,
    /// Groups with a member alive or waiting.
    pub groups: Groups,
    /// Requests waiting for room.
    pub waiting: u64,
    /// Where the latest VM was placed: next-fit and round-robin go on from here.
    pub last_placed: Option<HostId>,
}

impl State {
    /// A fleet without hosts.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            hosts: Hosts::new(scenario),
            vms: Vms::default(),
            shapes: Shapes::new(scenario),
            groups: Groups::default(),
            waiting: 0,
            last_placed: None,
        }
    }
}
