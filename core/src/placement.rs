//! Placement: filters say no, scorers say how much, a selector says which.
//!
//! A decision is a pure function of the state, the ask and the dice; only the simulation applies
//! it. Ties go to the lowest host index unless the policy says otherwise.

pub mod account;
pub mod balance_fit;
pub mod best_fit;
pub mod compose;
pub mod cosine;
pub mod dot_product;
pub mod epvm;
pub mod fgd;
pub mod filters;
pub mod first_fit;
pub mod fractions;
pub mod kubernetes;
pub mod last_fit;
pub mod lifetimes;
pub mod mates;
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
use crate::scenario::{
    Compose, FitBy, KubernetesProfile, Measure, Norm, Order, Policy, Scenario, ShareOf,
};
use crate::state::{Ask, DeviceSet, HostId, State};
use crate::time::Time;
use account::{Account, Cell, Scorer, Wants};
use compose::Composed;
use fgd::Gradient;
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
    gradient: Option<Gradient>,
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
        let gradient = match &policy {
            Policy::Fgd(rule) => Some(Gradient::new(scenario, rule)),
            _ => None,
        };
        let inventory = nova::Inventory::new(scenario);
        let shares = Shares::new(scenario, &measure, degree);
        Self { policy, shares, fractions, composed, inventory, gradient }
    }

    /// Which host takes the ask, or why none does. Draws from the dice only where the policy is
    /// a random one and some host fits. Cost: one pass over the hosts.
    ///
    /// # Errors
    /// The expected no: what kept most of the hosts that came furthest from taking it.
    #[inline]
    pub fn decide(
        &self,
        state: &State,
        query: impl Into<Query>,
        dice: &mut dyn Rng,
    ) -> Result<HostId, Reason> {
        self.decide_query(state, &query.into(), dice)
    }

    fn decide_query(
        &self,
        state: &State,
        query: &Query,
        dice: &mut dyn Rng,
    ) -> Result<HostId, Reason> {
        let (ask, shares) = (query.ask, &self.shares);
        // Where no host will do, none is looked at.
        let over = state.tenancy.over(ask.tenant, &state.shapes.get(ask.shape).amounts);
        if over != 0 && state.hosts.total().hosts > 0 {
            return Err(Reason::Quota(over));
        }
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
            Policy::GreedyExtension(_) => lifetimes::choose(state, query, shares),
            Policy::LifetimeBucket { bounds_ms, .. } => {
                lifetimes::choose_bucket(state, query, bounds_ms, shares)
            }
            Policy::Compose(_) => {
                let composed = self.composed.as_ref().expect("made with the placer");
                composed.choose(state, query, dice)
            }
            Policy::Kubernetes(profile) => kubernetes::choose(state, ask, profile),
            Policy::Nova(weighers) => nova::choose(state, ask, weighers, &self.inventory),
            Policy::Nomad(rule) => nomad::choose(state, ask, rule, dice),
            Policy::Fgd(_) => self.gradient().choose(state, ask, dice),
        };
        chosen.ok_or_else(|| filters::reason(state, ask))
    }

    fn gradient(&self) -> &Gradient {
        self.gradient.as_ref().expect("made with the placer")
    }

    /// The device of the chosen host for a request that shares a GPU, where the policy names one;
    /// `None`: the usual one.
    pub fn device(&self, state: &State, ask: Ask, host: HostId) -> Option<DeviceSet> {
        self.gradient.as_ref()?.device(state, ask, host)
    }

    /// Where the search for this query would go on, for a policy that stops once it has found
    /// enough: for [`History::set_scan_start`](crate::state::History::set_scan_start), once the
    /// decision is carried out. Cost: that of the decision; nothing for other policies.
    #[inline]
    pub fn next_scan_start(&self, state: &State, ask: Ask) -> Option<u64> {
        match &self.policy {
            Policy::Kubernetes(KubernetesProfile { sampling: Some(sampling), .. }) => {
                Some(kubernetes::sampling::search(state, ask, sampling).next_start)
            }
            _ => None,
        }
    }

    /// The policy's name.
    pub fn policy_name(&self) -> &'static str {
        self.policy.name()
    }

    /// What the policy compares, on hosts that take the ask; `None` for one that does not score.
    /// For people: decisions compare exactly. Cost: for policies that normalise over candidates
    /// one pass over the hosts, else one look at each of these.
    pub fn account(
        &self,
        state: &State,
        query: &Query,
        hosts: &[HostId],
        tell: compose::Tell<'_>,
    ) -> Option<Account> {
        let (ask, fractions, kinds) = (query.ask, &self.fractions, tell.kinds);
        let asked = &state.shapes.get(ask.shape).amounts;
        let columns = state.hosts.columns();
        let one = |words: &str, wants, raw: &dyn Fn(usize) -> f64| {
            let scorer = Scorer::plain(self.policy.name(), words, wants);
            Account::compared(vec![scorer], hosts, |host| vec![Cell::plain(raw(host.row()))])
        };
        let aligned = "what is asked × what is free, as shares, summed over resources";
        Some(match &self.policy {
            Policy::FirstFit
            | Policy::LastFit
            | Policy::NextFit
            | Policy::NextFitClosed
            | Policy::RoundRobin
            | Policy::MoveToFront
            | Policy::Random => return None,
            Policy::BestFit(by) => {
                best_fit::account(state, ask, by, (fractions, kinds, Wants::Least), hosts)
            }
            Policy::Fgd(_) => {
                let words = "how little less typical requests can use, 0 to 100";
                let scorer = Scorer::plain(self.policy.name(), words, Wants::Most);
                Account::compared(vec![scorer], hosts, |host| {
                    vec![Cell::plain(self.gradient().score(state, ask, host) as f64)]
                })
            }
            Policy::WorstFit(by) => {
                best_fit::account(state, ask, by, (fractions, kinds, Wants::Most), hosts)
            }
            Policy::PowerOfD { prefers_most, .. } => {
                let wants = if *prefers_most { Wants::Most } else { Wants::Least };
                one(best_fit::norm_words(Norm::L1), wants, &|row| {
                    fractions.left(Norm::L1, asked, columns, row)
                })
            }
            Policy::DotProduct { wants_most, .. } => {
                let wants = if *wants_most { Wants::Most } else { Wants::Least };
                one(aligned, wants, &|row| fractions.alignment(asked, columns, row))
            }
            Policy::Tetris => {
                one(aligned, Wants::Most, &|row| fractions.alignment(asked, columns, row))
            }
            Policy::NormGreedy(_) => one(best_fit::norm_words(Norm::L2), Wants::Least, &|row| {
                fractions.left(Norm::L2, asked, columns, row)
            }),
            Policy::Cosine(_) => {
                let words = "the cosine between what is asked and what is free";
                one(words, Wants::Most, &|row| fractions.cosine(asked, columns, row))
            }
            Policy::Epvm { base } => {
                let base = epvm::base_of(state, *base);
                one("the rise of the opportunity cost", Wants::Least, &|row| {
                    fractions.opportunity_cost(base, asked, columns, row)
                })
            }
            Policy::BalanceFit => {
                let words = "the largest share left less the smallest";
                let scorers = vec![
                    Scorer::plain("imbalance", words, Wants::Least),
                    Scorer::plain("left", best_fit::norm_words(Norm::L1), Wants::Least),
                ];
                Account::compared(scorers, hosts, |host| {
                    let left = fractions.left(Norm::L1, asked, columns, host.row());
                    let imbalance = fractions.imbalance(asked, columns, host.row());
                    vec![Cell::plain(imbalance), Cell::plain(left)]
                })
            }
            Policy::GreedyExtension(_) => lifetimes::account(state, query, None, fractions, hosts),
            Policy::LifetimeBucket { bounds_ms, .. } => {
                lifetimes::account(state, query, Some(bounds_ms), fractions, hosts)
            }
            Policy::Compose(_) => {
                let composed = self.composed.as_ref().expect("made with the placer");
                composed.account(state, query, hosts, &tell)
            }
            Policy::Kubernetes(profile) => kubernetes::account(state, ask, profile, hosts),
            Policy::Nova(weighers) => {
                nova::account(state, ask, weighers, &self.inventory, hosts, kinds)
            }
            Policy::Nomad(rule) => nomad::account(state, ask, rule, hosts),
        })
    }

    /// Whether a host's total depends on who else is a candidate.
    pub fn normalises(&self) -> bool {
        match &self.policy {
            Policy::Nova(_) => true,
            Policy::Compose(compose) => matches!(compose.order, Order::Scores(_)),
            _ => false,
        }
    }

    /// Whether a decision depends on the state and the ask alone: not on dice, nor on when it is
    /// made, nor on how long the VM will stay.
    pub fn goes_by_state(&self) -> bool {
        match &self.policy {
            Policy::FirstFit
            | Policy::LastFit
            | Policy::NextFit
            | Policy::NextFitClosed
            | Policy::RoundRobin
            | Policy::MoveToFront
            | Policy::BestFit(_)
            | Policy::WorstFit(_)
            | Policy::DotProduct { .. }
            | Policy::Tetris
            | Policy::NormGreedy(_)
            | Policy::Cosine(_)
            | Policy::Epvm { .. }
            | Policy::BalanceFit
            | Policy::Kubernetes(_)
            | Policy::Nova(_) => true,
            Policy::Random
            | Policy::PowerOfD { .. }
            | Policy::GreedyExtension(_)
            | Policy::LifetimeBucket { .. }
            | Policy::Compose(_)
            | Policy::Nomad(_)
            | Policy::Fgd(_) => false,
        }
    }

    /// Whether it is filters of the scenario's own that turn away hosts which could take an ask.
    pub fn has_filters(&self) -> bool {
        self.composed.as_ref().is_some_and(Composed::has_filters)
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
    ("scores", "the highest sum of the scenario's own weighted `scores` and expressions"),
    ("kubernetes", "the highest score of the Kubernetes scheduler, by `plugins` and `fit`"),
    ("nova", "the highest weight of OpenStack Nova, by `weighers`"),
    ("fgd", "the host whose free GPUs stay most usable for typical requests, devices counted"),
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
            Self::Compose(Compose { order: Order::Rules(_), .. }) => "rules",
            Self::Compose(Compose { order: Order::Scores(_), .. }) => "scores",
            Self::Kubernetes(_) => "kubernetes",
            Self::Nova(_) => "nova",
            Self::Nomad(_) => "nomad",
            Self::Fgd(_) => "fgd",
        }
    }
}
