//! Placement: filters say no, scorers say how much, a selector says which.
//!
//! A decision is a pure function of the state, the ask and the dice; only the simulation applies
//! it. Ties go to the lowest host index unless the policy says otherwise.

pub mod balance_fit;
pub mod best_fit;
pub mod compose;
pub mod cosine;
pub mod dot_product;
pub mod epvm;
pub mod filters;
pub mod first_fit;
pub mod fractions;
pub mod kubernetes;
pub mod last_fit;
pub mod lifetimes;
pub mod move_to_front;
pub mod next_fit;
pub mod nomad;
pub mod norm_greedy;
pub mod nova;
pub mod power_of_d;
pub mod preemption;
pub mod random;
pub mod scan;
pub mod shares;

use crate::fact::Reason;
use crate::resources::Kinds;
use crate::scenario::{FitBy, Measure, Norm, Policy, Scenario, ShareOf};
use crate::state::{Ask, HostId, State};
use crate::time::Time;
use compose::Composed;
use fractions::Fractions;
use rand::Rng;
use shares::Shares;

/// What a policy is asked. An [`Ask`] alone is one at the start that stays for good.
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// What is to be placed.
    pub ask: Ask,
    /// When.
    pub now: Time,
    /// How long the VM will stay, ms; `u64::MAX`: for good.
    pub stay_ms: u64,
}

impl Query {
    /// When the VM will end.
    pub fn ends(&self) -> Time {
        self.now.after(self.stay_ms)
    }
}

impl From<Ask> for Query {
    fn from(ask: Ask) -> Self {
        Self { ask, now: Time::ZERO, stay_ms: u64::MAX }
    }
}

/// A policy, ready to decide.
#[derive(Debug)]
pub struct Placer {
    policy: Policy,
    shares: Shares,
    inventory: nova::Inventory,
    fractions: Fractions,
    composed: Option<Composed>,
}

impl Placer {
    /// The scenario's policy.
    pub fn new(scenario: &Scenario) -> Self {
        let policy = scenario.placement.policy.clone();
        let (measure, degree) = measure(&policy);
        let fractions = Fractions::new(scenario, &measure);
        let composed = match &policy {
            Policy::Compose(compose) => {
                let own = Fractions::new(scenario, &Measure::plain(ShareOf::Host));
                Some(Composed::new(scenario, compose, own))
            }
            _ => None,
        };
        let inventory = nova::Inventory::new(scenario);
        let shares = Shares::new(scenario, &measure, degree);
        Self { policy, shares, fractions, composed, inventory }
    }

    /// Which host takes the ask, or why none does. Draws from the dice only where the policy is
    /// a random one and some host fits. Cost: one pass over the hosts.
    ///
    /// # Errors
    /// The expected no: what kept most of the hosts that came furthest from taking it.
    pub fn decide(
        &self,
        state: &State,
        query: impl Into<Query>,
        dice: &mut dyn Rng,
    ) -> Result<HostId, Reason> {
        let query: Query = query.into();
        let (ask, shares) = (query.ask, &self.shares);
        let chosen = match &self.policy {
            Policy::FirstFit => first_fit::choose(state, ask),
            Policy::LastFit => last_fit::choose(state, ask),
            Policy::NextFit => next_fit::choose(state, ask),
            Policy::NextFitClosed => next_fit::choose_closed(state, ask),
            Policy::RoundRobin => next_fit::choose_round_robin(state, ask),
            Policy::MoveToFront => move_to_front::choose(state, ask),
            Policy::Random => random::choose(state, ask, dice),
            Policy::PowerOfD { draws, prefers_most, .. } => {
                power_of_d::choose(state, ask, (*draws, *prefers_most), shares, dice)
            }
            Policy::BestFit(by) => best_fit::choose(state, ask, by, shares),
            Policy::WorstFit(by) => best_fit::choose_worst(state, ask, by, shares),
            Policy::DotProduct { wants_most, .. } => {
                dot_product::choose(state, ask, *wants_most, shares)
            }
            Policy::Tetris => dot_product::choose(state, ask, true, shares),
            Policy::NormGreedy(_) => norm_greedy::choose(state, ask, shares),
            Policy::Cosine(_) => cosine::choose(state, ask, &self.fractions),
            Policy::Epvm { base } => epvm::choose(state, ask, *base, &self.fractions),
            Policy::BalanceFit => balance_fit::choose(state, ask, shares),
            Policy::GreedyExtension(_) => lifetimes::choose(state, &query, shares),
            Policy::LifetimeBucket { bounds_ms, .. } => {
                lifetimes::choose_bucket(state, &query, bounds_ms, shares)
            }
            Policy::Compose(_) => {
                let composed = self.composed.as_ref().expect("made with the placer");
                composed.choose(state, &query)
            }
            Policy::Kubernetes(profile) => kubernetes::choose(state, ask, profile),
            Policy::Nova(weighers) => nova::choose(state, ask, weighers, &self.inventory),
            Policy::Nomad(rule) => nomad::choose(state, ask, rule, dice),
        };
        chosen.ok_or_else(|| filters::reason(state, ask))
    }

    /// The policy's name.
    pub fn policy_name(&self) -> &'static str {
        self.policy.name()
    }

    /// What the policy compares, on a host that takes the ask; `None` for one that does not
    /// score. For people: decisions compare exactly.
    pub fn score(&self, state: &State, ask: Ask, host: HostId) -> Option<f64> {
        match &self.policy {
            Policy::BestFit(by) | Policy::WorstFit(by) => {
                Some(best_fit::score(state, ask, by, &self.fractions, host))
            }
            _ => None,
        }
    }

    /// What [`Self::score`] is, in words.
    pub fn score_words(&self, kinds: &Kinds) -> Option<String> {
        match &self.policy {
            Policy::BestFit(by) => {
                Some(format!("{}, least first", best_fit::score_words(by, kinds)))
            }
            Policy::WorstFit(by) => {
                Some(format!("{}, most first", best_fit::score_words(by, kinds)))
            }
            _ => None,
        }
    }
}

/// What a policy measures shares by, and whether it multiplies them with each other.
fn measure(policy: &Policy) -> (Measure, u64) {
    match policy {
        Policy::BestFit(FitBy::Norm(norm, measure))
        | Policy::WorstFit(FitBy::Norm(norm, measure)) => {
            (*measure, if *norm == Norm::L2 { 2 } else { 1 })
        }
        Policy::DotProduct { measure, .. } | Policy::NormGreedy(measure) => (*measure, 2),
        Policy::Tetris => (Measure::plain(ShareOf::Host), 2),
        Policy::PowerOfD { measure, .. }
        | Policy::GreedyExtension(measure)
        | Policy::LifetimeBucket { measure, .. } => (*measure, 1),
        Policy::Cosine(of) => (Measure::plain(*of), 1),
        _ => (Measure::plain(ShareOf::Host), 1),
    }
}

/// The policies by name, each with one sentence.
pub const POLICIES: &[(&str, &str)] = &[
    ("first-fit", "the lowest host index that has room"),
    ("last-fit", "the highest host index that has room"),
    ("next-fit", "the first host with room from the last one used, on and round"),
    ("next-fit-closed", "the first host with room from the last one used, on and never back"),
    ("round-robin", "the first host with room behind the last one used, on and round"),
    ("move-to-front", "the host with room that was used last"),
    ("random", "any host with room, each as likely"),
    ("power-of-d", "the emptiest (or fullest) of `d` hosts drawn at random"),
    (
        "best-fit",
        "the least room left: free shares summed over resources, or `by` resource, one after another",
    ),
    ("worst-fit", "the most room left, measured as for best-fit"),
    ("best-fit-l1", "the least weighted sum of shares left, of the host or of the largest host"),
    ("best-fit-l2", "the least weighted sum of squares of shares left"),
    ("best-fit-linf", "the least of the largest weighted share left"),
    ("worst-fit-l1", "the most, measured as for best-fit-l1"),
    ("worst-fit-l2", "the most, measured as for best-fit-l2"),
    ("worst-fit-linf", "the most, measured as for best-fit-linf"),
    ("dot-product", "the largest product of what is asked and what is free"),
    ("norm-greedy", "the least sum of squares left, as shares of the largest host"),
    ("cosine", "the smallest angle between what is asked and what is free"),
    ("tetris", "the largest product of what is asked and what is free, as shares of the host"),
    ("epvm", "the least opportunity cost, exponential in the load"),
    ("balance-fit", "the shares left nearest to each other, then best-fit"),
    ("greedy-extension", "the host whose last VM's end is put off least, then best-fit"),
    ("lifetime-bucket", "the same in buckets of time"),
    ("rules", "the scenario's own `rules`, one after another"),
    ("kubernetes", "the highest score of the Kubernetes scheduler, by `plugins` and `fit`"),
    ("nova", "the highest weight of OpenStack Nova, by `weighers`"),
    ("nomad", "the highest score of HashiCorp Nomad, by `algorithm`, among some random hosts"),
];

impl Policy {
    /// The name in scenario files and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FirstFit => "first-fit",
            Self::LastFit => "last-fit",
            Self::NextFit => "next-fit",
            Self::NextFitClosed => "next-fit-closed",
            Self::RoundRobin => "round-robin",
            Self::MoveToFront => "move-to-front",
            Self::Random => "random",
            Self::PowerOfD { .. } => "power-of-d",
            Self::BestFit(FitBy::Norm(Norm::L1, _)) => "best-fit-l1",
            Self::BestFit(FitBy::Norm(Norm::L2, _)) => "best-fit-l2",
            Self::BestFit(FitBy::Norm(Norm::Linf, _)) => "best-fit-linf",
            Self::BestFit(_) => "best-fit",
            Self::WorstFit(FitBy::Norm(Norm::L1, _)) => "worst-fit-l1",
            Self::WorstFit(FitBy::Norm(Norm::L2, _)) => "worst-fit-l2",
            Self::WorstFit(FitBy::Norm(Norm::Linf, _)) => "worst-fit-linf",
            Self::WorstFit(_) => "worst-fit",
            Self::DotProduct { .. } => "dot-product",
            Self::NormGreedy(_) => "norm-greedy",
            Self::Cosine(_) => "cosine",
            Self::Tetris => "tetris",
            Self::Epvm { .. } => "epvm",
            Self::BalanceFit => "balance-fit",
            Self::GreedyExtension(_) => "greedy-extension",
            Self::LifetimeBucket { .. } => "lifetime-bucket",
            Self::Compose(_) => "rules",
            Self::Kubernetes(_) => "kubernetes",
            Self::Nova(_) => "nova",
            Self::Nomad(_) => "nomad",
        }
    }
}
