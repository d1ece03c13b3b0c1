//! Placement: filters say no, scorers say how much, a selector says which.
//!
//! A decision is a pure function of the state, the ask and the dice; only the simulation applies
//! it. Ties go to the lowest host index unless the policy says otherwise.

pub mod best_fit;
pub mod filters;
pub mod first_fit;
pub mod kubernetes;
pub mod next_fit;
pub mod nomad;
pub mod nova;
pub mod random;
pub mod scan;
pub mod shares;

use crate::fact::Reason;
use crate::scenario::{Policy, Scenario};
use crate::state::{Ask, HostId, State};
use rand::Rng;
use shares::Shares;

/// A policy, ready to decide.
#[derive(Debug)]
pub struct Placer {
    policy: Policy,
    shares: Shares,
    inventory: nova::Inventory,
}

impl Placer {
    /// The scenario's policy.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            policy: scenario.placement.policy.clone(),
            shares: Shares::new(scenario),
            inventory: nova::Inventory::new(scenario),
        }
    }

    /// Which host takes the ask, or why none does. Draws from the dice only where the policy is
    /// a random one and some host fits. Cost: one pass over the hosts.
    ///
    /// # Errors
    /// The expected no: what kept most of the hosts that came furthest from taking it.
    pub fn decide(&self, state: &State, ask: Ask, dice: &mut dyn Rng) -> Result<HostId, Reason> {
        let chosen = match &self.policy {
            Policy::FirstFit => first_fit::choose(state, ask),
            Policy::NextFit => next_fit::choose(state, ask),
            Policy::RoundRobin => next_fit::choose_round_robin(state, ask),
            Policy::Random => random::choose(state, ask, dice),
            Policy::BestFit(by) => best_fit::choose(state, ask, by, &self.shares),
            Policy::WorstFit(by) => best_fit::choose_worst(state, ask, by, &self.shares),
            Policy::Kubernetes(profile) => kubernetes::choose(state, ask, profile),
            Policy::Nova(weighers) => nova::choose(state, ask, weighers, &self.inventory),
            Policy::Nomad(rule) => nomad::choose(state, ask, rule, dice),
        };
        chosen.ok_or_else(|| filters::reason(state, ask))
    }
}

/// The policies by name, each with one sentence.
pub const POLICIES: &[(&str, &str)] = &[
    ("first-fit", "the lowest host index that has room"),
    ("next-fit", "the first host with room from the last one used, on and round"),
    ("round-robin", "the first host with room behind the last one used, on and round"),
    ("random", "any host with room, each as likely"),
    (
        "best-fit",
        "the least room left: free shares summed over resources, or `by` resource, one after another",
    ),
    ("worst-fit", "the most room left, measured as for best-fit"),
    ("kubernetes", "the highest score of the Kubernetes scheduler, by `plugins` and `fit`"),
    ("nova", "the highest weight of OpenStack Nova, by `weighers`"),
    ("nomad", "the highest score of HashiCorp Nomad, by `algorithm`, among some random hosts"),
];

impl Policy {
    /// The name in scenario files and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FirstFit => "first-fit",
            Self::NextFit => "next-fit",
            Self::RoundRobin => "round-robin",
            Self::Random => "random",
            Self::BestFit(_) => "best-fit",
            Self::WorstFit(_) => "worst-fit",
            Self::Kubernetes(_) => "kubernetes",
            Self::Nova(_) => "nova",
            Self::Nomad(_) => "nomad",
        }
    }
}
