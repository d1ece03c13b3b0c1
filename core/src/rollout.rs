//! Rollouts: how the instances of a service come to run a new image, and what that costs.
//!
//! A strategy is a planner. It remembers nothing: from what is there and what was decided before
//! ([`plan::View`]) it says what to do now and what it waits for ([`plan::Plan`]). So it can be
//! asked at any time, about a real service as well as about a simulated one, and a controller
//! that was restarted goes on where it stood.
//!
//! [`timeline`] lets a planner loose on one service of equal instances, each of which takes one
//! slot, and writes down what happens; [`figures`] sums that up. [`rolling`], [`recreate`],
//! [`blue_green`], [`canary`] and [`routed`] are planned so. [`flagger`], [`spinnaker`],
//! [`singularity`] and [`monetate`] have clocks or stages of their own, and [`hosts`] is about
//! the hosts' image instead of a service's.

pub mod limits;
pub mod plan;
mod instances;
pub mod timeline;
pub mod figures;
pub mod rolling;
pub mod recreate;
pub mod analysis;
pub mod blue_green;
pub mod canary;
pub mod routed;
pub mod flagger;
pub mod spinnaker;
pub mod singularity;
pub mod monetate;
pub mod hosts;
