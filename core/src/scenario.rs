//! A scenario, checked: every name resolved, every default filled in, nothing left to doubt.
//!
//! [`read()`](crate::read::read) turns text into this value or into problems. The engine trusts it.

mod desks;
mod distribution;
pub mod energy;
pub mod failures;
mod planned;
pub mod memory;
mod pool_moves;
mod uncertain;

pub use desks::{Desk, DeskId, Stop};
pub use distribution::{ImageDistribution, ImageSource};
pub use energy::{Energy, Power, Upkeep};
pub use failures::Failures;
pub use memory::MemoryUse;
pub use planned::PlannedOrder;
pub use pool_moves::{HandOver, PoolMigration};
pub use uncertain::Uncertain;

use crate::expression::Expression;
use crate::hours::Hours;
use crate::migration::{Link, WhenStuck};
use crate::resources::{Amounts, Kinds};
use crate::time::Calendar;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $letter:literal, $int:ty) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name($int);

        impl $name {
            /// The id of a row.
            ///
            /// # Panics
            /// If the row is beyond what the id can hold.
            pub fn from_row(row: usize) -> Self {
                Self(<$int>::try_from(row).expect("the scenario check bounds the rows"))
            }

            /// The row it names.
            pub const fn row(self) -> usize {
                self.0 as usize
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, concat!($letter, "{}"), self.0)
            }
        }
    };
}
pub(crate) use id;

pub mod batch;
mod boots;
pub mod services;
pub mod hosts;
mod traffic;

pub use batch::{Batch, JobOrder, JobStream, QueueId};
pub use boots::{Dependency, DependencyId, Tries};
pub use hosts::{HostImageId, HostRollout, HostRollouts};
pub use services::{
    Accepted, Agents, Amount, CanaryStep, Defects, Image, ImageId, Kept, Layer, Patience, Rollout,
    Service, ServiceId, Strategy,
};
pub use traffic::{Autoscale, Flash, ScaleRule, Traffic};

id!(/** A row of [`Scenario::models`]. */ ModelId, "m", u32);
id!(/** A row of [`Scenario::pools`]. */ PoolId, "p", u16);
id!(/** A row of [`Scenario::zones`]. */ ZoneId, "z", u16);
id!(/** A row of [`Scenario::racks`]. */ RackId, "r", u32);
id!(/** A row of [`Scenario::host_types`]. */ HostTypeId, "t", u32);
id!(/** A row of [`Scenario::labels`]. */ LabelId, "l", u32);
id!(/** A row of [`Scenario::taints`]. */ TaintId, "x", u32);
id!(/** A row of [`Scenario::flavors`]. */ FlavorId, "f", u32);
id!(/** A row of [`Scenario::demands`]. */ DemandId, "d", u16);
id!(/** A row of [`Scenario::tenants`]. */ TenantId, "n", u32);

/// The most hosts that a scenario begins with, comes to by plan, and orders.
pub const HOSTS_MAX: u64 = 5_000_000;

/// The whole of it.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What it is called.
    pub name: String,
    /// The question it answers; may be empty.
    pub question: String,
    /// The date of time 0.
    pub calendar: Calendar,
    /// When the run ends, ms after the start, at least 1. Events at this very instant still
    /// happen. A scenario that does not say it ends with the last row of its traces.
    pub duration_ms: u64,
    /// Where all randomness comes from.
    pub seed: u64,
    /// The resources that demand asks for: the columns of all [`Amounts`].
    pub kinds: Kinds,
    /// Labels of hosts as `key=value`, sorted, each once.
    pub labels: Vec<String>,
    /// Taints of hosts, sorted, each once.
    pub taints: Vec<Taint>,
    /// Kinds of machine. A pool that sells a machine's resources otherwise has one of its own,
    /// of the same name.
    pub models: Vec<HostModel>,
    /// Named sets of hosts.
    pub pools: Vec<Pool>,
    /// Names of the zones.
    pub zones: Vec<String>,
    /// The racks, each in a zone.
    pub racks: Vec<Rack>,
    /// What the hosts of a run can be: each combination of model, pool and labels once.
    pub host_types: Vec<HostType>,
    /// The hosts in service at time 0, in inventory order: host index = position.
    pub hosts: Vec<HostSpec>,
    /// Hosts added by a plan.
    pub growth: Vec<Growth>,
    /// Hosts added by orders.
    pub procurement: Vec<Procurement>,
    /// Hosts ordered by date, in file order.
    pub orders: Vec<PlannedOrder>,
    /// Named request sizes.
    pub flavors: Vec<Flavor>,
    /// Who owns demand; never empty (`default`).
    pub tenants: Vec<String>,
    /// What each tenant is held to, by tenant; those behind the end to nothing.
    pub tenant_rules: Vec<TenantRules>,
    /// Who works on requests before they are placed.
    pub desks: Vec<Desk>,
    /// How images reach hosts; `None`: they are there.
    pub distribution: Option<ImageDistribution>,
    /// Where requests come from, in file order; then those of batch work and those of the services,
    /// in their order.
    pub demands: Vec<Demand>,
    /// What services run.
    pub images: Vec<Image>,
    /// What boots of images need from others.
    pub dependencies: Vec<Dependency>,
    /// Services, in file order.
    pub services: Vec<Service>,
    /// What is rolled out, in file order.
    pub rollouts: Vec<Rollout>,
    /// Batch work; `None`: there is none.
    pub batch: Option<Box<Batch>>,
    /// The hosts' own images, and what is rolled out on hosts.
    pub host_rollouts: HostRollouts,
    /// VMs that leave a pool for another, in file order.
    pub pool_migrations: Vec<PoolMigration>,
    /// Hosts that do, in file order.
    pub hand_overs: Vec<HandOver>,
    /// How hosts are chosen.
    pub placement: Placement,
    /// How hosts are emptied.
    pub defrag: Defrag,
    /// What fails; `None`: nothing.
    pub failures: Option<Box<Failures>>,
    /// What energy costs.
    pub energy: Energy,
    /// What is drawn anew in each future, in file order; a run has the file's own values.
    pub uncertain: Vec<Uncertain>,
    /// What must hold.
    pub expectations: Vec<Expectation>,
    /// What the reader of a report should know: what looks unintended here, as sentences.
    pub notes: Vec<String>,
}

/// A kind of machine.
#[derive(Clone, Debug, PartialEq)]
pub struct HostModel {
    /// What it is called.
    pub name: String,
    /// Physical amounts, before reserve and overcommit.
    pub total: Amounts,
    /// What the host keeps for itself.
    pub reserved: Amounts,
    /// What can be given out: `floor((total − reserved) × ratio)`, as OpenStack Placement.
    pub effective: Amounts,
    /// Price of one, in the scenario's currency, in hundredths; 0 when not said.
    pub price_cents: u64,
    /// How long from order to service.
    pub lead_time: Distribution,
    /// Age at which a host takes no more VMs and leaves once it is empty; `None`: never.
    pub retire_after_ms: Option<u64>,
    /// NUMA cells over which CPU and memory are split evenly, 2..=16; 0: none.
    pub cells: u8,
    /// What it costs beside its price.
    pub upkeep: Upkeep,
}

/// A named set of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// What it is called.
    pub name: String,
    /// Its racks in the order in which new hosts fill them, one after another, round and round:
    /// zones alternate fastest. Never empty.
    pub racks: Vec<RackId>,
}

/// A rack: a set of hosts that fails and fills together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rack {
    /// What it is called, unique in its zone.
    pub name: String,
    /// Where it stands.
    pub zone: ZoneId,
}

/// All that a host is, apart from where it stands: hosts of one type differ only in what is free.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostType {
    /// Its machine.
    pub model: ModelId,
    /// Its pool.
    pub pool: PoolId,
    /// Its labels, ascending.
    pub labels: Vec<LabelId>,
    /// Its taints, ascending.
    pub taints: Vec<TaintId>,
}

/// A mark on hosts that keeps VMs away which do not tolerate it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Taint {
    /// `key=value`.
    pub name: String,
    /// Whether nothing that does not tolerate it is placed there; else it is placed elsewhere if
    /// it can be.
    pub is_hard: bool,
}

/// One host at time 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostSpec {
    /// Its name in the inventory; `None` for counted hosts, which are called after their index.
    pub name: Option<Box<str>>,
    /// What it is.
    pub host_type: HostTypeId,
    /// Where it stands.
    pub rack: RackId,
    /// How old it is at time 0, ms.
    pub age_ms: u64,
}

/// Hosts added by a plan: the pool's hosts of this type follow the curve, never fewer than before.
#[derive(Clone, Debug, PartialEq)]
pub struct Growth {
    /// What the new hosts are (this names their pool too).
    pub host_type: HostTypeId,
    /// How many hosts of the plan there are at a time, those of time 0 included.
    pub curve: Curve,
}

/// A count that changes over time.
#[derive(Clone, Debug, PartialEq)]
pub enum Curve {
    /// The same all the time.
    Constant(f64),
    /// From `from` at time 0 to `to` at `over_ms` and `to` after it, in a straight line.
    Linear {
        /// At time 0.
        from: f64,
        /// At `over_ms` and after.
        to: f64,
        /// Above 0.
        over_ms: u64,
    },
    /// The same by a constant factor per time: `from (to/from)^(t/over)`. Both above 0.
    Exponential {
        /// At time 0.
        from: f64,
        /// At `over_ms` and after.
        to: f64,
        /// Above 0.
        over_ms: u64,
    },
    /// The same along a logistic curve with the ceiling `ceiling` (above `from` and `to`).
    Logistic {
        /// At time 0.
        from: f64,
        /// At `over_ms` and after.
        to: f64,
        /// Above 0.
        over_ms: u64,
        /// Where it would end.
        ceiling: f64,
    },
    /// From each step's time on its value; times ascend from 0.
    Steps(Vec<Step>),
}

/// One step of [`Curve::Steps`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When it begins, ms.
    pub at_ms: u64,
    /// The value once it is done.
    pub value: f64,
    /// How long the change takes, in a straight line, ms; 0: at once. Ends before the next step.
    pub ramp_ms: u64,
}

/// Hosts added by orders, when committed capacity reaches a trigger (committed ÷ (in
/// service + on order), the scarcest resource counting).
#[derive(Clone, Debug, PartialEq)]
pub struct Procurement {
    /// What is ordered (this names the pool too).
    pub host_type: HostTypeId,
    /// Share of the pool's capacity, in service or on order, that may be committed, 0..; order
    /// when more is.
    pub trigger: f64,
    /// Hosts in one order, at least 1.
    pub batch: u32,
    /// The most hosts that may be in service and on order together; `None`: no bound.
    pub hosts_max: Option<u32>,
    /// From order to service; drawn once an order.
    pub lead_time: Distribution,
    /// How often someone looks, ms, at least 1 min.
    pub review_ms: u64,
}

/// A named request size.
#[derive(Clone, Debug, PartialEq)]
pub struct Flavor {
    /// What it is called.
    pub name: String,
    /// What one VM takes.
    pub amounts: Amounts,
    /// NUMA cells that it wants, 1..=16; 0: it does not say.
    pub cells: u8,
    /// What its VMs really need of their memory; `None`: never more than they ask for.
    pub memory_use: Option<Box<MemoryUse>>,
}

/// A source of requests.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// What it is called; names its random streams.
    pub name: String,
    /// When requests come.
    pub arrivals: Arrivals,
    /// What they ask for and how long they stay; not used by a trace, whose rows say it.
    pub mix: Vec<(FlavorId, f64)>,
    /// How long a VM stays once placed. `Constant(u64::MAX)`: for good. Not used by a trace.
    pub lifetime: Distribution,
    /// How long from placement to ready.
    pub boot: Distribution,
    /// Who owns it; a trace's rows can say otherwise.
    pub tenant: TenantId,
    /// The pool it must run in; `None`: any. A trace's rows can say otherwise.
    pub pool: Option<PoolId>,
    /// Labels that the host must have.
    pub labels: Vec<LabelId>,
    /// What else its host must be, or had better be.
    pub rules: HostRules,
    /// How requests are grouped and kept apart.
    pub group: Option<GroupRule>,
    /// What its VMs run; `None`: nothing that a host would have to fetch. Not that of instances.
    pub image: Option<ImageId>,
    /// The desks that a request goes through, one after another, before it is placed.
    pub stops: Vec<Stop>,
    /// What happens to a request that does not fit.
    pub when_full: WhenFull,
    /// Where VMs are pushed out: those of higher priority push out others. A trace's rows can say
    /// otherwise.
    pub priority: i32,
    /// Whether its requests push others out.
    pub preempts: bool,
    /// What happens to its VMs when they are pushed out.
    pub when_preempted: WhenPreempted,
}

/// Which hosts will do, beyond a pool and labels that must be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostRules {
    /// Labels that the host must have.
    pub requires: Selector,
    /// Labels of which it must have none, ascending.
    pub forbids: Vec<LabelId>,
    /// Labels that it had better have.
    pub prefers: Vec<Preference>,
    /// Taints that do not keep the VM away, ascending.
    pub tolerates: Vec<TaintId>,
    /// Whether it must be empty or of the same tenant, and stay so while the VM is there.
    pub is_exclusive: bool,
}

/// Labels that are looked for: all of these, each met by any of several labels.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector(pub Vec<Vec<LabelId>>);

impl Selector {
    /// Whether a host with these labels is meant.
    pub fn selects(&self, labels: &[LabelId]) -> bool {
        self.0.iter().all(|any| any.iter().any(|label| labels.contains(label)))
    }
}

/// Labels that a host had better have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference {
    /// Which.
    pub selector: Selector,
    /// How much it counts, 1..=100.
    pub weight: i64,
}

/// What a tenant is held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TenantRules {
    /// The most that its VMs may take together; `i64::MAX`: no bound.
    pub quota: Amounts,
    /// The most VMs alive; `u64::MAX`: no bound.
    pub vms_max: u64,
    /// Whether all its VMs want hosts without VMs of other tenants.
    pub is_exclusive: bool,
    /// The tenant that it is a part of: its VMs count for that one's quota too, and so on up.
    pub parent: Option<TenantId>,
}

impl TenantRules {
    /// Held to nothing, and a part of none.
    pub const NONE: Self = Self {
        quota: [i64::MAX; crate::resources::KINDS_MAX],
        vms_max: u64::MAX,
        is_exclusive: false,
        parent: None,
    };
}

impl Scenario {
    /// The seed so many after the scenario's own: those of a series of runs. It stays one that a file
    /// can name.
    pub fn seed_after(&self, number: u64) -> u64 {
        self.seed.wrapping_add(number) & (i64::MAX as u64)
    }

    /// The most that any host can give out of each resource.
    pub fn largest_host(&self) -> Amounts {
        let models = self.host_types.iter().map(|host_type| host_type.model);
        let effective = models.map(|model| self.models[model.row()].effective);
        effective.fold(Amounts::default(), |most, amounts| {
            std::array::from_fn(|column| most[column].max(amounts[column]))
        })
    }

    /// A tenant, the one that it is a part of, and so on up.
    pub fn line_of(&self, tenant: TenantId) -> impl Iterator<Item = TenantId> {
        let parent = |tenant: &TenantId| self.tenant_rules.get(tenant.row())?.parent;
        std::iter::successors(Some(tenant), parent)
    }
}

/// When requests come. One a demand, so its size does not matter.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "one a demand, never moved in the loop")]
pub enum Arrivals {
    /// So many at a time that the VMs asked for and not yet ended follow the curve.
    Alive(Curve),
    /// A Poisson process.
    Rate {
        /// Requests per ms before season, following a curve.
        per_ms: Curve,
        /// What multiplies it.
        season: Season,
    },
    /// The rows of a file.
    Trace(TraceFile),
    /// Tasks of jobs, which are asked for when their job starts: a row of [`Batch::streams`].
    Jobs(u32),
    /// Instances of a service, which are asked for as it needs them.
    Instances(ServiceId),
}

/// What multiplies a rate over the day, the week and at events. Times are the scenario's clock.
#[derive(Clone, Debug, PartialEq)]
pub struct Season {
    /// One factor an hour, mean 1; between two hours' middles a straight line.
    pub hourly: [f64; 24],
    /// One factor a day, Monday first.
    pub daily: [f64; 7],
    /// Stretches of time with a factor of their own; where two meet, both multiply.
    pub events: Vec<SeasonEvent>,
    /// Requests come in these hours only, as many on a working day as the rate says of a day.
    pub hours: Option<Hours>,
}

/// A stretch of time with a factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SeasonEvent {
    /// From, ms.
    pub at_ms: u64,
    /// For how long, ms.
    pub lasts_ms: u64,
    /// Times so much.
    pub factor: f64,
}

/// A trace that was checked from its first row to its last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFile {
    /// The file, as the scenario names it.
    pub file: String,
    /// How many requests it has.
    pub rows: u64,
    /// Whether arrivals ascend; if not, the rows are held in memory and sorted, stable.
    pub is_sorted: bool,
    /// The last instant at which something arrives or departs, ms.
    pub last_ms: u64,
}

/// A distribution of durations, in ms. Draws are whole ms, rounded, from 1 ms up
/// (0 stays 0 for `Constant`).
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Always the same.
    Constant(u64),
    /// Exponential with this mean.
    Exponential {
        /// Above 0.
        mean_ms: f64,
    },
    /// Lognormal: `exp(N(mu, sigma))` with mu in ln ms.
    Lognormal {
        /// Of the logarithm.
        mu: f64,
        /// Of the logarithm, from 0 up.
        sigma: f64,
    },
    /// Weibull.
    Weibull {
        /// Above 0.
        shape: f64,
        /// Above 0.
        scale_ms: f64,
    },
    /// One of several, by weight (above 0).
    Mixture(Vec<(f64, Distribution)>),
    /// One of the values of a file, each as likely, in file order. Never empty.
    Sample(Vec<u64>),
}

/// How requests are grouped, and how many of one group may share a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupRule {
    /// So many consecutive requests make a group; `None`: all requests of the demand are one
    /// (a trace's `group` column says otherwise).
    pub size: Option<u32>,
    /// The most of one group on one host (1 = anti-affinity); `u32::MAX`: no bound.
    pub per_host_max: u32,
    /// The most of one group in one rack.
    pub per_rack_max: u32,
    /// The most of one group in one zone.
    pub per_zone_max: u32,
    /// So many of a group's VMs are not pushed out if others can be; 0: no bound.
    pub available_min: u32,
    /// All of a group are in one such place: where others are, or anywhere if none is yet.
    pub together: Option<Level>,
    /// By level: in each place at most so many more than in the place with fewest; `u32::MAX`: no
    /// bound.
    pub skew_max: [u32; Level::ALL.len()],
    /// By level: what each member in the same place counts for a host, or against it.
    pub near: [i64; Level::ALL.len()],
    /// By level: what each member counts against a host that is over a skew.
    pub soft_skew: [Option<SoftSkew>; Level::ALL.len()],
}

impl GroupRule {
    /// Held to nothing.
    pub const NONE: Self = Self {
        size: None,
        per_host_max: u32::MAX,
        per_rack_max: u32::MAX,
        per_zone_max: u32::MAX,
        available_min: 0,
        together: None,
        skew_max: [u32::MAX; Level::ALL.len()],
        near: [0; Level::ALL.len()],
        soft_skew: [None; Level::ALL.len()],
    };

    /// Whether it looks at how evenly members are spread.
    pub fn is_spread(&self) -> bool {
        self.skew_max != Self::NONE.skew_max || self.soft_skew != Self::NONE.soft_skew
    }

    /// Whether it makes some hosts more welcome than others.
    pub fn has_wishes(&self) -> bool {
        self.near != Self::NONE.near || self.soft_skew != Self::NONE.soft_skew
    }
}

/// How large a place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A host.
    Host,
    /// A rack.
    Rack,
    /// A zone.
    Zone,
}

impl Level {
    /// From small to large: a level's position is its row.
    pub const ALL: [Self; 3] = [Self::Host, Self::Rack, Self::Zone];

    /// Its row.
    pub const fn row(self) -> usize {
        self as usize
    }

    /// `host`, `rack` or `zone`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Rack => "rack",
            Self::Zone => "zone",
        }
    }
}

/// How evenly members had better be spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoftSkew {
    /// So many more than in the place with fewest are fine, from 1 up.
    pub max: u32,
    /// How much each member beyond that counts, 1..=100.
    pub weight: i64,
}

/// What happens to a request that does not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenFull {
    /// It is refused for good.
    Refuse,
    /// It waits, first come first served among those that fit, and is refused after so long.
    Wait {
        /// Ms; `u64::MAX`: for ever.
        ms_max: u64,
    },
}

/// What happens to a VM that is pushed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenPreempted {
    /// It ends.
    End,
    /// It asks again, for the rest of its stay, and waits if nothing fits.
    Wait {
        /// Ms, after which it ends; `u64::MAX`: for ever.
        ms_max: u64,
    },
}

/// How hosts are chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Placement {
    /// The policy.
    pub policy: Policy,
    /// Whether requests push out VMs of lower priority where nothing fits.
    pub preemption: bool,
    /// Whether hosts that lack less of a VM's image are the more welcome to it.
    pub prefers_warm: bool,
    /// How wrong it is about lifetimes; `None`: it knows them.
    pub predictions: Option<Predictions>,
}

/// What a policy that goes by lifetimes believes of them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predictions {
    /// σ of the logarithm of predicted ÷ true, from 0 up.
    pub error: f64,
    /// The share that misses wildly, 0..=1.
    pub misses: f64,
    /// By what further factor, 1 or more.
    pub miss_factor: f64,
    /// Whether a VM that outlives its prediction is believed to stay as long again as it has.
    pub repredicts: bool,
}

impl Policy {
    /// Whether decisions depend on how long VMs stay.
    pub fn knows_lifetimes(&self) -> bool {
        match self {
            Self::GreedyExtension(_) | Self::LifetimeBucket { .. } => true,
            Self::Compose(compose) => {
                let is_of_time =
                    |variable: &Variable| matches!(variable, Variable::Extension | Variable::Stay);
                compose.scores().any(|score| *score == Score::Extension)
                    || compose.formulas().any(|f| f.uses().any(|v| is_of_time(&v)))
            }
            _ => false,
        }
    }
}

/// How hosts are emptied by live migration.
#[derive(Clone, Debug, PartialEq)]
pub struct Defrag {
    /// How often, ms; `None`: never in a run.
    pub every_ms: Option<u64>,
    /// What hosts and VMs are measured by: these columns, the first deciding, the next on ties.
    pub by: Vec<usize>,
    /// Bounds of one plan.
    pub limits: PlanLimits,
    /// So many VMs on the move at a time, at least 1.
    pub concurrent_max: u32,
    /// So many of them from or to one host, at least 1. They share its bandwidth.
    pub per_host_max: u32,
    /// What they go over.
    pub link: Link,
}

/// Bounds of a plan to empty hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// So many migrations at most.
    pub migrations_max: u32,
    /// So many of one VM at most.
    pub moves_per_vm: u32,
}

impl Default for Defrag {
    /// As a scenario that says nothing has it.
    fn default() -> Self {
        Self {
            every_ms: None,
            by: vec![0],
            limits: PlanLimits { migrations_max: u32::MAX, moves_per_vm: 1 },
            concurrent_max: 4,
            per_host_max: 1,
            link: Link {
                bandwidth_mib_s: 1_100.0,
                dirty_mib_s: 100.0,
                downtime_max_ms: 500.0,
                rounds_max: 30,
                when_stuck: WhenStuck::Force,
                timeout_s_per_gib: None,
            },
        }
    }
}

/// A named policy with its parameters. Names and formulas: [`crate::placement`].
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// Lowest index.
    FirstFit,
    /// Highest index.
    LastFit,
    /// From the last host used, on and round.
    NextFit,
    /// From the last host used, on and never back.
    NextFitClosed,
    /// From behind the last host used, on and round.
    RoundRobin,
    /// The one used last.
    MoveToFront,
    /// Any, each as likely.
    Random,
    /// The best of a few drawn at random.
    PowerOfD {
        /// How many are drawn, with replacement; 1 or more.
        draws: u32,
        /// The draw with most left (worst fit); else the one with least.
        prefers_most: bool,
        /// How what is left is measured: the sum of its shares.
        measure: Measure,
    },
    /// Least free share after, summed over resources, or least free of the named columns,
    /// one after another.
    BestFit(FitBy),
    /// Most of the same.
    WorstFit(FitBy),
    /// Most (or least) aligned: the dot product of what is asked and what is free.
    DotProduct {
        /// What both are shares of.
        measure: Measure,
        /// The largest product; else the smallest.
        wants_most: bool,
    },
    /// Least sum of squares of what is left.
    NormGreedy(Measure),
    /// The smallest angle between what is asked and what is free. Weights do not count.
    Cosine(ShareOf),
    /// The dot product over the host's own capacity.
    Tetris,
    /// Least opportunity cost: `Σ base^(load after) − base^(load before)`.
    Epvm {
        /// 1 or more; `None`: the number of hosts in service.
        base: Option<f64>,
    },
    /// Least difference between the largest and the smallest share left, then best fit.
    BalanceFit,
    /// Shortest extension of the time until the host is empty, then best fit.
    GreedyExtension(Measure),
    /// The same, by bucket.
    LifetimeBucket {
        /// For best fit within a bucket.
        measure: Measure,
        /// Bounds between buckets, ms, ascending.
        bounds_ms: Vec<u64>,
    },
    /// The scenario's own.
    Compose(Compose),
    /// The Kubernetes scheduler.
    Kubernetes(KubernetesProfile),
    /// OpenStack Nova, by the weighers in this order.
    Nova(Vec<NovaWeigher>),
    /// HashiCorp Nomad.
    Nomad(NomadRule),
    /// Fragmentation gradient descent.
    Fgd(FgdRule),
}

/// What of a Kubernetes scheduler profile looks at resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KubernetesProfile {
    /// Weight of NodeResourcesFit; 0: not in the profile.
    pub fit_weight: i64,
    /// Weight of NodeResourcesBalancedAllocation; 0: not in the profile.
    pub balance_weight: i64,
    /// How NodeResourcesFit scores.
    pub fit: FitScore,
    /// What both plugins look at; may be empty.
    pub resources: Vec<KubernetesResource>,
    /// Weights of the plugins that look at preferences.
    pub wishes: WishWeights,
    /// Which nodes are scored; `None`: all that have room, by index.
    pub sampling: Option<KubernetesSampling>,
}

/// Weights of the Kubernetes plugins that look at preferences; 0: not in the profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WishWeights {
    /// Soft taints.
    pub taint_toleration: i64,
    /// Preferred labels.
    pub node_affinity: i64,
    /// Soft skew.
    pub pod_topology_spread: i64,
    /// Soft affinity and anti-affinity, and required affinity of the VMs there.
    pub inter_pod_affinity: i64,
    /// Images that are there.
    pub image_locality: i64,
}

impl WishWeights {
    /// Those of the default profile.
    pub const DEFAULT: Self = Self {
        taint_toleration: 3,
        node_affinity: 2,
        pod_topology_spread: 2,
        inter_pod_affinity: 2,
        image_locality: 1,
    };
    /// None of them.
    pub const NONE: Self = Self {
        taint_toleration: 0,
        node_affinity: 0,
        pod_topology_spread: 0,
        inter_pod_affinity: 0,
        image_locality: 0,
    };
}

/// Which nodes a Kubernetes scheduler looks at, and in which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubernetesSampling {
    /// Of how many percent of the nodes it wants room before it scores, 1..=100; 0: it chooses.
    pub percentage: u64,
    /// Whether it goes from zone to zone; else by index.
    pub interleaves_zones: bool,
}

/// A resource in a Kubernetes profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KubernetesResource {
    /// Its column.
    pub column: usize,
    /// How much it counts for NodeResourcesFit, 1..=100.
    pub weight: i64,
    /// Whether it is left out where a request does not ask for it.
    pub is_extended: bool,
}

/// How NodeResourcesFit scores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FitScore {
    /// The emptier the better.
    Least,
    /// The fuller the better.
    Most,
    /// As a shape says: points `(percent used, score 0..=10)`, percent ascending, never empty.
    Ratio(Vec<(i64, i64)>),
}

/// A weigher of OpenStack Nova.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NovaWeigher {
    /// The resource it weighs.
    pub column: usize,
    /// What its normalised weight is multiplied by; below 0 it packs.
    pub multiplier: f64,
    /// Whether it counts what overcommit adds (CPU) or what the machine has (RAM, disk).
    pub is_overcommitted: bool,
}

/// How fragmentation gradient descent decides.
#[derive(Clone, Debug, PartialEq)]
pub struct FgdRule {
    /// The column of GPUs; `None`: nobody asks for any, and all hosts are alike.
    pub gpu: Option<usize>,
    /// The column of CPU; `None`: nobody asks for it.
    pub cpu: Option<usize>,
    /// The requests that GPUs are kept usable for.
    pub typical: Vec<Typical>,
    /// Who is taken of hosts that score alike.
    pub ties: Ties,
}

/// A request that comes often.
#[derive(Clone, Debug, PartialEq)]
pub struct Typical {
    /// Milli-vCPU.
    pub cpu: i64,
    /// Milli-GPU.
    pub gpu: i64,
    /// Of all typical requests, 0..=1.
    pub share: f64,
    /// The pool it runs in; `None`: any.
    pub pool: Option<PoolId>,
    /// Labels that its host has.
    pub labels: Vec<LabelId>,
}

/// How Nomad schedules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NomadRule {
    /// What a good node is.
    pub algorithm: NomadAlgorithm,
    /// Which nodes are visited.
    pub walk: NomadWalk,
    /// The column of CPU; `None`: nobody asks for it.
    pub cpu: Option<usize>,
    /// The column of memory.
    pub memory: Option<usize>,
}

/// What Nomad takes for a good node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NomadAlgorithm {
    /// A full one.
    Binpack,
    /// An empty one.
    Spread,
}

/// Which nodes Nomad visits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NomadWalk {
    /// As for a service job: about the binary logarithm of the nodes, at random.
    Service,
    /// As for a batch job: two, at random.
    Batch,
    /// All of them.
    All,
}

/// What best-fit and worst-fit compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FitBy {
    /// `Σ_r (free_r − d_r) / effective_r`, exactly.
    Shares,
    /// What is left of these columns, the first deciding, the next on ties.
    Columns(Vec<usize>),
    /// A norm of the shares that are left.
    Norm(Norm, Measure),
}

/// How the shares of several resources become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Norm {
    /// Their weighted sum.
    L1,
    /// The weighted sum of their squares.
    L2,
    /// The largest weighted one.
    Linf,
}

/// What makes amounts of several resources comparable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// Amounts are shares of this.
    pub of: ShareOf,
    /// How much each resource counts, in thousandths, 0 to 1,000,000,000.
    pub weights_milli: Amounts,
}

/// What an amount is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShareOf {
    /// What the host could give out.
    Host,
    /// The most that a host of the scenario could, resource by resource.
    Fleet,
}

impl Measure {
    /// All resources count alike.
    pub fn plain(of: ShareOf) -> Self {
        Self { of, weights_milli: [1_000; crate::resources::KINDS_MAX] }
    }
}

/// A policy of the scenario's own.
#[derive(Clone, Debug, PartialEq)]
pub struct Compose {
    /// A host is a candidate if none of these is 0. At most [`RULES_MAX`].
    pub filters: Vec<Formula>,
    /// How candidates are compared.
    pub order: Order,
    /// For all scores that measure shares.
    pub measure: Measure,
    /// Who is taken of those that are equally good.
    pub ties: Ties,
}

impl Compose {
    /// Rules alone; ties go to the lowest index.
    pub fn of_rules(rules: Vec<Rule>, measure: Measure) -> Self {
        let order = Order::Rules(rules);
        Self { filters: Vec::new(), order, measure, ties: Ties::LowestIndex }
    }

    /// All scores of it.
    pub fn scores(&self) -> impl Iterator<Item = &Score> {
        let (rules, scores) = match &self.order {
            Order::Rules(rules) => (rules.as_slice(), &[][..]),
            Order::Scores(scores) => (&[][..], scores.as_slice()),
        };
        let of_rules = rules.iter().map(|rule| &rule.score);
        of_rules.chain(scores.iter().map(|weighted| &weighted.score))
    }

    /// All expressions of it.
    pub fn formulas(&self) -> impl Iterator<Item = &Formula> {
        let of_scores = self.scores().filter_map(|score| match score {
            Score::Expression(formula) => Some(formula),
            _ => None,
        });
        self.filters.iter().chain(of_scores)
    }
}

/// How candidates are compared. Never empty, at most [`RULES_MAX`].
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// By one rule after another, the least first.
    Rules(Vec<Rule>),
    /// By the sum of weighted scores, the most first.
    Scores(Vec<Weighted>),
}

/// The most rules, scores and filters of a policy, each.
pub const RULES_MAX: usize = 8;

/// Who is taken of hosts that are equally good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ties {
    /// The one with the lowest index.
    LowestIndex,
    /// Any, each as likely.
    Random,
}

/// A score that is added up with others.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// What is scored.
    pub score: Score,
    /// What it is multiplied by.
    pub weight: f64,
    /// Whether it is brought to 0..=1 over the candidates first, 1 for the best. If not, it counts
    /// as it is, with a sign that makes the most the best.
    pub is_normalised: bool,
}

/// An expression over a host and a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    /// The expression; its names are rows of [`Self::variables`].
    pub expression: Expression,
    /// What the names mean.
    pub variables: Vec<Variable>,
}

impl Formula {
    /// The variables that the expression uses.
    pub fn uses(&self) -> impl Iterator<Item = Variable> {
        self.expression.names().map(|row| self.variables[row])
    }
}

/// What an expression can ask for. Amounts are in vCPU, GiB, Mbit/s and GPUs; the scenario's own
/// kinds as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variable {
    /// What is free of this column, before the VM is placed.
    Free(usize),
    /// The same after it is.
    Left(usize),
    /// What is taken, before.
    Used(usize),
    /// What the host can give out.
    Capacity(usize),
    /// What its machine has.
    Total(usize),
    /// What the request asks for.
    Asked(usize),
    /// Price of the host.
    Price,
    /// Hosts in service.
    Hosts,
    /// How long the VM is believed to stay, h.
    Stay,
    /// VMs on the host.
    Vms,
    /// The host's index.
    Index,
    /// The host's age, days.
    Age,
    /// By how much the VM puts off the end of the host's last VM, h.
    Extension,
    /// A resource that nobody asks for: 0.
    Nothing,
}

/// A score, coarsened or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// What is compared.
    pub score: Score,
    /// Scores count in whole multiples of this, above 0; `None`: as they are.
    pub quantum: Option<f64>,
}

/// A number for a host and a request; less is better, apart from expressions.
#[derive(Clone, Debug, PartialEq)]
pub enum Score {
    /// What is left, least first.
    BestFit(Norm),
    /// What is left, most first.
    WorstFit(Norm),
    /// As the policy.
    DotProduct,
    /// As the policy.
    NormGreedy,
    /// As the policy.
    Cosine,
    /// As the policy.
    Tetris,
    /// As the policy.
    Epvm,
    /// As the policy, before its ties.
    BalanceFit,
    /// 0 for hosts with this label, else 1. `None`: a label that no host has.
    Label(Option<LabelId>),
    /// 0 for hosts with a VM, else 1.
    NonEmpty,
    /// By how much the VM puts off the end of the host's last VM, ms.
    Extension,
    /// How much of the VM's image is there, as Kubernetes scores it: 0..=100, most first.
    ImageLocality,
    /// The scenario's own; the one score of which more is better. Not in rules.
    Expression(Formula),
}

/// What must hold at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// The key figure's name, as in [`crate::report::METRICS`].
    pub metric: String,
    /// Whose figure it is; `None`: that of the run.
    pub demand: Option<DemandId>,
    /// At most / at least; at least one is given.
    pub at_most: Option<Bound>,
    /// At least.
    pub at_least: Option<Bound>,
}

/// A bound on a key figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bound {
    /// In the metric's own unit.
    Value(f64),
    /// As a share 0..=1 of the metric's whole (`refused` of `requests`).
    Share(f64),
}
