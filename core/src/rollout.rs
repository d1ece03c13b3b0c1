//! Rollouts: how the instances of a service come to run a new image, and what that costs.
//!
//! A strategy is a planner. It remembers nothing: from what is there and what was decided before
//! ([`plan::View`]) it says what to do now and what it waits for ([`plan::Plan`]). So it can be
//! asked at any time, about a real service as well as about a simulated one, and a controller
//! that was restarted goes on where it stood.
//!
//! [`timeline`] lets a planner loose on one service of equal instances, each of which takes one
//! slot, and writes down what happens; [`figures`] sums that up. Every strategy is planned so,
//! those with clocks or stages of their own as well; only [`hosts`] is about the hosts' image
//! instead of a service's.
//!
//! ```
//! use fleetcast_core::rollout::{figures::Figures, limits::{Amount, Limits}};
//! use fleetcast_core::rollout::{rolling::Rolling, timeline::{self, Service}};
//!
//! let quarter = Amount::Percent(25);
//! let limits = Limits::new(10, quarter, quarter).expect("a quarter of 10 is not 0");
//! let update = Rolling { replicas: 10, limits, deadline: None, undo_at: None };
//! let service = Service {
//!     replicas: 10,
//!     new_boot_ms: vec![Some(60_000)],
//!     grace_ms: 30_000,
//!     ..Service::default()
//! };
//! let figures = Figures::new(&timeline::run(&update, &service), 10);
//! assert_eq!(figures.duration_ms, 120_000);
//! assert_eq!(figures.min_available, 8);
//! // Those that terminate hold their slots: 18 at once, not the 13 that the limits say.
//! assert_eq!(figures.peak_used, 18);
//! ```

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
pub mod chosen;
