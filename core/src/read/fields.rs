//! The fields of a scenario: every key there is, what it takes and what it is for.
//!
//! The one owner of this knowledge: the checker can read a key only through its [`Field`], unknown
//! keys are what no field names, and the JSON Schema and the reference page are written from here.

/// One key of a table.
pub(crate) struct Field {
    pub(crate) key: &'static str,
    pub(crate) kind: Kind,
    pub(crate) need: Need,
    /// What it means, in sentences.
    pub(crate) doc: &'static str,
    /// A value, as TOML.
    pub(crate) example: &'static str,
}

/// Whether a key must be there.
pub(crate) enum Need {
    /// It must.
    Must,
    /// If not, this is so.
    Else(&'static str),
    /// One of several keys must; the doc says which.
    OneOf,
}

/// A table: its keys.
pub(crate) struct Section {
    /// Its place in the file, as in `[host-models.NAME]`, or what it is where it has several.
    pub(crate) title: &'static str,
    /// An identifier for the schema.
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    /// What the names of resources mean here, if anything.
    pub(crate) resources: Resources,
    pub(crate) fields: &'static [&'static Field],
}

/// What the names of resources (`cpu`, … and the scenario's own) mean as keys of a table.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resources {
    /// Nothing.
    None,
    /// Amounts.
    Amounts,
    /// Ratios.
    Ratios,
}

/// What a key takes.
pub(crate) enum Kind {
    Text,
    /// A name from elsewhere in the file: of what.
    Name(&'static str),
    File,
    TextList,
    Whole,
    Number,
    Flag,
    /// `true`, `false`, or a kind of place.
    FlagOrLevel,
    Length,
    Date,
    Time,
    Share,
    /// A number, or a rate.
    Level,
    /// A distribution of durations; with `true`, `"forever"` too.
    Spread(bool),
    /// A duration, or `"forever"`.
    Wait,
    /// A curve of counts or rates, or just one of them.
    Curve,
    Labels,
    /// Labels to look for: a value, several, or `*`.
    Wanted,
    /// Whole weights by resource.
    ResourceWeights,
    /// A number that may be negative.
    Signed,
    /// A number above 0 by name: of what.
    Weights(&'static str),
    Choice(&'static [&'static str]),
    /// A count or names.
    Zones,
    /// A table, a list of them, or a file.
    Hosts,
    /// Growth: a model and a curve; or a list of them.
    Growth,
    Daily,
    Weekly,
    WhenFull,
    WhenPreempted,
    /// A whole number that may be negative.
    Integer,
    /// How often something fails.
    FailureRate,
    /// One of some words by name: of what.
    Choices(&'static str, &'static [&'static str]),
    /// Bytes or bits a second.
    DataRate,
    /// A resource or a list of them.
    By,
    /// A number, a share or a duration.
    Bound,
    /// `"always"`, or a table of working hours.
    Hours,
    /// A desk, several, or `"self-service"`.
    Desks,
    Table(&'static Section),
    Tables(&'static Section),
    TableOrTables(&'static Section),
    /// Tables by name.
    Named(&'static Section),
    /// A size of data.
    Bytes,
    /// Sizes of data by name.
    Sizes,
    /// So many times something: a number, two of them, or a lognormal.
    Times,
    /// A rate of events.
    Rate,
    /// A number, or whole percents of it.
    Part,
    /// The name of a strategy, or a table that has it.
    Strategy,
    /// A whole number above 0, or a list of them.
    Counts,
    /// A power.
    Watts,
    /// Powers.
    Powers,
    /// Carbon of a kWh, or a region; with a section, a table too.
    Carbon(Option<&'static Section>),
    /// So many factors.
    Factors(usize),
}

macro_rules! sections {
    ($(
        $(#[doc = $doc:literal])*
        $module:ident $title:literal $resources:ident $(with $shared:ident: $($also:ident)*,)? {
            $( $(#[doc = $field_doc:literal])* $name:ident $key:literal $kind:expr, $need:expr, $example:literal; )*
        }
    )*) => {
        $(
            pub(crate) mod $module {
                // A table without fields of its own needs none of these.
                #[allow(unused_imports)]
                use super::{Field, Kind::*, Need::*, Resources, Section};
                $(
                    pub(crate) static $name: Field = Field {
                        key: $key,
                        kind: $kind,
                        need: $need,
                        doc: concat!($($field_doc),*),
                        example: $example,
                    };
                )*
                pub(crate) static SECTION: Section = Section {
                    title: $title,
                    name: stringify!($module),
                    doc: concat!($($doc),*),
                    resources: Resources::$resources,
                    fields: &[$(&$name,)* $($(&super::$shared::$also,)*)?],
                };
            }
        )*

        /// All sections, in the order in which the reference page tells of them.
        pub(crate) static SECTIONS: &[&Section] = &[$(&$module::SECTION),*];
    };
}

/// The names of the policies.
pub(crate) const POLICIES: &[&str] = &[
    "first-fit",
    "last-fit",
    "next-fit",
    "next-fit-closed",
    "round-robin",
    "move-to-front",
    "random",
    "power-of-d",
    "best-fit",
    "worst-fit",
    "best-fit-l1",
    "best-fit-l2",
    "best-fit-linf",
    "worst-fit-l1",
    "worst-fit-l2",
    "worst-fit-linf",
    "dot-product",
    "norm-greedy",
    "cosine",
    "tetris",
    "epvm",
    "balance-fit",
    "greedy-extension",
    "lifetime-bucket",
    "kubernetes",
    "nova",
    "nomad",
    "fgd",
    "rules",
    "scores",
];

/// Who is taken of hosts that are equally good.
pub(crate) const TIES: &[&str] = &["lowest-index", "random"];

/// How a score is made comparable with the others.
pub(crate) const NORMALISERS: &[&str] = &["min-max", "none"];

/// The names of the scores of a rule.
pub(crate) const SCORES: &[&str] = &[
    "best-fit",
    "worst-fit",
    "best-fit-l1",
    "worst-fit-l1",
    "best-fit-l2",
    "worst-fit-l2",
    "best-fit-linf",
    "worst-fit-linf",
    "dot-product",
    "norm-greedy",
    "cosine",
    "tetris",
    "epvm",
    "balance-fit",
    "label",
    "non-empty",
    "extension",
    "image-locality",
];

/// Kinds of place.
pub(crate) const LEVELS: &[&str] = &["host", "rack", "zone"];

/// How Kubernetes' NodeResourcesFit scores.
pub(crate) const FITS: &[&str] = &["least", "most", "ratio"];

/// The algorithms of Nomad.
pub(crate) const ALGORITHMS: &[&str] = &["binpack", "spread"];

/// Which nodes Nomad visits.
pub(crate) const VISITS: &[&str] = &["service", "batch", "all"];

/// How images come to hosts.
pub(crate) const MODES: &[&str] = super::images::MODES;

/// Who is taken up first at a desk.
pub(crate) const ORDERS: &[&str] = &["arrival", "priority"];

/// The days of the week.
pub(crate) const WEEKDAYS: &[&str] =
    &["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// What happens to a migration that does not converge.
pub(crate) const WHEN_STUCK: &[&str] = &["force", "abort", "post-copy"];

/// What becomes of the VMs of a host that fails.
pub(crate) const WHEN_DOWN: &[&str] = &["evacuate", "restart", "lose"];

/// The names of the strategies of rollouts.
pub(crate) const STRATEGIES: &[&str] = &[
    "rolling",
    "recreate",
    "blue-green",
    "canary",
    "routed-canary",
    "flagger",
    "red-black",
    "rolling-red-black",
    "singularity",
    "singularity-incremental",
    "monetate",
    "monetate-full",
];

/// The rules of autoscaling.
pub(crate) const SCALE_RULES: &[&str] = &["hpa", "target-tracking"];

/// Who is first of the jobs that wait.
pub(crate) const JOB_ORDERS: &[&str] =
    &["arrival", "shortest", "priority", "fair-share", "drf", "offers"];

/// Who may go before an earlier job that does not fit.
pub(crate) const BACKFILLS: &[&str] = &["none", "easy", "conservative"];

/// Whose the jobs of a trace are.
pub(crate) const TRACE_TENANTS: &[&str] = &["user", "group"];

/// What is believed of the jobs of a trace.
pub(crate) const ESTIMATES: &[&str] = &["requested", "exact"];

/// What happens when a rollout stands still for too long.
pub(crate) const ON_DEADLINE: &[&str] = &["report", "rollback"];

/// How what a host draws grows with its use.
pub(crate) const POWER_MODELS: &[&str] =
    &["linear", "sqrt", "square", "cubic", "mse", "asymptotic", "constant"];

/// What hosts without VMs are.
pub(crate) const EMPTY_HOSTS: &[&str] = &["on", "off"];

/// How VMs leave a host that gets an image.
pub(crate) const DRAINS: &[&str] = &["live-migration", "eviction"];

/// What becomes of a VM that is evicted.
pub(crate) const WHEN_EVICTED: &[&str] = &["restart", "end"];

/// What is done when a batch of hosts takes too long to be empty.
pub(crate) const ON_TIMEOUT: &[&str] = &crate::scenario::hosts::OnTimeout::NAMES;

/// The names of the curves.
pub(crate) const CURVES: &[&str] = &["constant", "linear", "exponential", "logistic", "steps"];

/// The names of the distributions.
pub(crate) const SPREADS: &[&str] =
    &["constant", "exponential", "lognormal", "weibull", "mixture", "file"];

sections! {
    /// The scenario itself.
    root "" None {
        /// What the scenario is called.
        NAME "name" Text, Must, "\"100 to 2,000 servers\"";
        /// The question it answers.
        QUESTION "question" Text, Else("none"), "\"When must servers be ordered?\"";
        /// The date, or date and time, at which the run begins.
        START "start" Date, Else("2025-01-01"), "\"2011-07-01\"";
        /// How long the run is. Months and years are those of the calendar, from `start` on.
        /// A scenario whose demand is all traces can leave it out: it then ends with the last row.
        DURATION "duration" Length, Else("the end of the traces"), "\"36 months\"";
        /// Where all randomness comes from, 0 to 2^63 − 1: the same seed gives the same run.
        SEED "seed" Whole, Else("1"), "2011";
        /// Up to three resources of the scenario's own, counted in whole units. Their names can
        /// then be used wherever `cpu`, `memory`, … can.
        RESOURCES "resources" TextList, Else("none"), "[\"slots\"]";
        /// Kinds of machine, by name.
        HOST_MODELS "host-models" Named(&super::host_model::SECTION), Else("those of an inventory"), "{ compute = { cpu = 16, memory = \"96 GiB\" } }";
        /// Sets of hosts. At least one.
        POOLS "pools" Tables(&super::pool::SECTION), Must, "[{ name = \"kvm\" }]";
        /// Hosts bought when the fleet fills up.
        PROCUREMENT "procurement" TableOrTables(&super::procurement::SECTION), Else("none"), "{ trigger = \"70%\", batch = 40 }";
        /// Hosts bought by date.
        ORDER "order" Tables(&super::order::SECTION), Else("none"), "[{ at = \"2012-01-01\", hosts = 40 }]";
        /// Named sizes of VMs.
        FLAVORS "flavors" Named(&super::flavor::SECTION), Else("none"), "{ small = { cpu = 1, memory = \"2 GiB\" } }";
        /// What owners of demand are held to, by name.
        TENANTS "tenants" Named(&super::tenant::SECTION), Else("nothing"), "{ web = { quota = { cpu = 200 } } }";
        /// Desks that requests go through before they are placed, by name.
        PROVISIONING "provisioning" Named(&super::desk::SECTION), Else("none: self-service"), "{ tickets = { operators = 3, hands-on = \"30 min\" } }";
        /// What services run, by name.
        IMAGES "images" Named(&super::image::SECTION), Else("none"), "{ web-1 = { size = \"900 MiB\", boot = \"60 s\" } }";
        /// What instances need from others while they boot, by name.
        DEPENDENCIES "dependencies" Named(&super::dependency::SECTION), Else("none"), "{ apt-mirror = { availability = \"99.9%\", outage = \"10 min\" } }";
        /// How images reach hosts.
        DISTRIBUTION "distribution" Table(&super::distribution::SECTION), Else("they are there"), "{ mode = \"registry\", registry = \"10 Gbit/s\" }";
        /// Services: instances of an image that are there all the time.
        SERVICE "service" Tables(&super::service::SECTION), Else("none"), "[{ name = \"web\", image = \"web-1\", flavor = \"small\", instances = 40 }]";
        /// How services come from one image to another.
        ROLLOUT "rollout" Tables(&super::rollout::SECTION), Else("none"), "[{ service = \"web\", image = \"web-2\", at = \"1 day\" }]";
        /// Batch work: where jobs come from.
        JOBS "jobs" Tables(&super::jobs::SECTION), Else("none"), "[{ name = \"night\", flavor = \"core\", rate = \"200 per day\", tasks = 8, run-time = \"1 h\" }]";
        /// Queues in which jobs wait.
        QUEUE "queue" Tables(&super::queue::SECTION), Else("one, `default`"), "[{ name = \"long\", priority = 10 }]";
        /// Which job starts next.
        SCHEDULER "scheduler" Table(&super::scheduler::SECTION), Else("first come, first served"), "{ order = \"arrival\", backfill = \"easy\" }";
        /// How hosts come to run a new image of their own.
        HOST_ROLLOUT "host-rollout" Tables(&super::host_rollout::SECTION), Else("none"), "[{ name = \"kernel\", image = \"6.12\", at = \"1 day\" }]";
        /// Where requests come from. At least one, or a `[[service]]`, or `[[jobs]]`.
        DEMAND "demand" Tables(&super::demand::SECTION), OneOf, "[{ name = \"vms\", flavor = \"small\", alive = 1000 }]";
        /// VMs that leave their pool for another, in waves that run in both for a while.
        POOL_MIGRATION "pool-migration" TableOrTables(&super::pool_migration::SECTION), Else("none"), "[{ from = \"vmware\", to = \"openstack\", at = \"30 days\", run-twice = \"14 days\" }]";
        /// Empty hosts that leave their pool for another.
        HAND_OVER "hand-over" TableOrTables(&super::hand_over::SECTION), Else("none"), "[{ from = \"vmware\", to = \"openstack\", keep = 10 }]";
        /// How hosts are chosen.
        PLACEMENT "placement" Table(&super::placement::SECTION), Else("first-fit"), "{ policy = \"best-fit\" }";
        /// How hosts are emptied by live migration.
        DEFRAG "defrag" Table(&super::defrag::SECTION), Else("hosts are not emptied"), "{ every = \"1 day\" }";
        /// What fails, and what becomes of it.
        FAILURES "failures" Table(&super::failures::SECTION), Else("nothing fails"), "{ hosts = \"5% per year\" }";
        /// What energy costs, in money and in carbon.
        ENERGY "energy" Table(&super::energy::SECTION), Else("no price, and no carbon"), "{ pue = 1.5, price = 0.12, carbon = 412 }";
        /// Values of this file that may be others: what each future draws anew.
        UNCERTAIN "uncertain" Tables(&super::uncertain::SECTION), Else("none"), "[{ name = \"growth\", key = \"demand.vms.alive.to\", low = 5000, high = 10000 }]";
        /// What must hold at the end. `fleetcast run` exits with 1 when something does not.
        EXPECT "expect" Tables(&super::expect::SECTION), Else("none"), "[{ metric = \"refused\", at-most = \"0.1%\" }]";
    }

    /// A kind of machine. What it has of each resource goes under the resource's name: `cpu = 16`,
    /// `memory = "96 GiB"`; at least one. What can be given out is
    /// `floor((total − reserved) × overcommit)`.
    host_model "[host-models.NAME]" Amounts {
        /// Another model, from which all keys are taken that this one does not have.
        EXTENDS "extends" Name("host model"), Else("none"), "\"compute\"";
        /// How often each unit of a resource can be given out; above 0, at most 1000.
        OVERCOMMIT "overcommit" Table(&super::overcommit::SECTION), Else("1 of each"), "{ cpu = 4.0, memory = 1.0 }";
        /// What the host keeps for itself; not more than it has.
        RESERVED "reserved" Table(&super::reserved::SECTION), Else("nothing"), "{ cpu = 1, memory = \"4 GiB\" }";
        /// Price of one host, in whatever currency the scenario is in.
        PRICE "price" Number, Else("0"), "5200";
        /// From order to service; drawn once an order.
        LEAD_TIME "lead-time" Spread(false), Else("`\"0 s\"`"), "\"70 days\"";
        /// Over how long its price and the carbon of its making are spread evenly; at least 1 day.
        USEFUL_LIFE "useful-life" Length, Else("`\"5 years\"`"), "\"4 years\"";
        /// Carbon of making one host, in kg of CO2e.
        EMBODIED "embodied" Number, Else("0"), "1200";
        /// What one host draws.
        POWER "power" Table(&super::power::SECTION), Else("not known: counts as nothing"), "{ idle = \"100 W\", peak = \"350 W\" }";
        /// The age at which a host takes no more VMs; it leaves once it is empty. At least 1 day.
        RETIRE_AFTER "retire-after" Length, Else("never"), "\"5 years\"";
        /// How often each host fails. Only with `[failures]`.
        FAILURE_RATE "failure-rate" FailureRate, Else("`hosts` of `[failures]`"), "\"8% per year\"";
        /// NUMA cells, 2 to 16, over which the cpu and memory that it can give out are split
        /// evenly. A VM lies in one cell, or in as many as its flavor says; one that does not say
        /// and is larger than an empty cell lies in the fewest that an empty host needs for it.
        NUMA_CELLS "numa-cells" Whole, Else("none"), "2";
        /// Labels of its hosts. Those of the pool and of the hosts themselves come on top.
        LABELS "labels" Labels, Else("none"), "{ gen = \"g1\" }";
        /// Taints of its hosts: nothing is placed there that does not tolerate them all. Those of
        /// the pool and of the hosts themselves come on top.
        TAINTS "taints" Labels, Else("none"), "{ dedicated = \"ml\" }";
        /// Soft taints: what does not tolerate them is placed elsewhere if it can be.
        SOFT_TAINTS "soft-taints" Labels, Else("none"), "{ maintenance = \"soon\" }";
    }

    /// What one host draws, by `u`: the cpu that it has given out ÷ the cpu that it can give out,
    /// times `busy` of `[energy]`. Either `points`, or `idle` and `peak`. A host that is down draws
    /// nothing.
    power "power = { … }" None {
        /// With nothing at work; at most 100 kW.
        IDLE "idle" Watts, OneOf, "\"100 W\"";
        /// With all at work.
        PEAK "peak" Watts, OneOf, "\"350 W\"";
        /// How it grows from `idle` to `peak`: with `u` (`linear`), `√u`, `u²`, `u³`, `2u − u^r`
        /// (`mse`) or `(1 + u − e^(−u/α)) / 2` (`asymptotic`), or it is `peak` all the time.
        MODEL "model" Choice(super::POWER_MODELS), Else("`\"linear\"`"), "\"sqrt\"";
        /// `mse`: r.
        CALIBRATION "calibration" Number, Else("1.4"), "1.4";
        /// `asymptotic`: α, the share of use at which all is awake. It must say that.
        ALPHA "alpha" Number, OneOf, "0.3";
        /// `asymptotic`: whether the processor lowers its clock: `u³` in place of `u`.
        DVFS "dvfs" Flag, Else("false"), "true";
        /// Measured powers, evenly spaced from idle to full use, as SPECpower has eleven; straight
        /// lines between them. 2 to 101.
        POINTS "points" Powers, OneOf, "[63, 91, 103, 114, 125, 138, 153, 171, 192, 211, 228]";
    }

    /// How often a resource can be given out, by the resource's name.
    overcommit "overcommit = { … }" Ratios {}

    /// What a host keeps for itself, by the resource's name.
    reserved "reserved = { … }" Amounts {}

    /// A set of hosts.
    pool "[[pools]]" None {
        /// What it is called; unique.
        NAME "name" Text, Must, "\"kvm\"";
        /// How many zones (`z1`, `z2`, …), or their names. Zones of one name are one zone, in
        /// all pools.
        ZONES "zones" Zones, Else("1"), "2";
        /// Racks in each zone, called `POOL-ZONE-r1`, …: hosts fill them one after another, zones
        /// alternating fastest.
        RACKS_PER_ZONE "racks-per-zone" Whole, Else("1"), "4";
        /// The hosts at the start: so many of a model, a list of such, or an inventory (a CSV
        /// file, plain or gzip). Without it the pool starts empty.
        HOSTS "hosts" Hosts, Else("none"), "{ model = \"compute\", count = 100 }";
        /// Labels of its hosts.
        LABELS "labels" Labels, Else("none"), "{ hypervisor = \"kvm\" }";
        /// Taints of its hosts, on top of those of their model.
        TAINTS "taints" Labels, Else("none"), "{ dedicated = \"ml\" }";
        /// Soft taints of its hosts.
        SOFT_TAINTS "soft-taints" Labels, Else("none"), "{ maintenance = \"soon\" }";
        /// How often each unit of a resource can be given out here; for resources that it does not
        /// name, the model says it.
        OVERCOMMIT "overcommit" Table(&super::overcommit::SECTION), Else("that of the model"), "{ cpu = 1.5 }";
        /// The image that its hosts run at the start; those that come later run the newest that was
        /// rolled out on such hosts.
        IMAGE "image" Text, Else("`\"first image\"`"), "\"6.8\"";
        /// Hosts added by a plan: a curve (below) and the model whose hosts follow it.
        GROWTH "growth" Growth, Else("none"), "{ model = \"compute\", curve = \"exponential\", to = 2000 }";
    }

    /// Hosts at the start. Alone or in a list.
    hosts "hosts = { … }" None {
        /// What they are.
        MODEL "model" Name("host model"), Must, "\"compute\"";
        /// How many.
        COUNT "count" Whole, Must, "100";
        /// How old they are at the start.
        AGE "age" Length, Else("`\"0 s\"`"), "\"2 years\"";
        /// Labels of these hosts.
        LABELS "labels" Labels, Else("none"), "{ row = \"north\" }";
        /// Taints of these hosts, on top of those of their model and pool.
        TAINTS "taints" Labels, Else("none"), "{ dedicated = \"ml\" }";
        /// Soft taints of these hosts.
        SOFT_TAINTS "soft-taints" Labels, Else("none"), "{ maintenance = \"soon\" }";
    }

    /// Hosts added by a plan: the keys of a curve, and this one. The curve counts the hosts of
    /// this model in the pool, those of the start included; it never takes hosts away. Its `from`
    /// can be left out: it is then what the pool has of the model at the start.
    growth "growth = { … }" None {
        /// What is added. Can be left out where there is only one model.
        MODEL "model" Name("host model"), Else("the only one"), "\"compute\"";
    }

    /// A curve that stays as it is. A value alone, without a table, means the same.
    curve_constant "curve = \"constant\"" None {
        /// Which curve.
        CURVE "curve" Choice(super::CURVES), Must, "\"constant\"";
        /// Its value: a count, or a rate where the curve is one of rates.
        VALUE "value" Level, Must, "1000";
    }

    /// A straight line.
    curve_linear "curve = \"linear\"" None {
        /// Which curve.
        CURVE "curve" Choice(super::CURVES), Must, "\"linear\"";
        /// At the start: a count, or a rate (`"200 per day"`) where the curve is one of rates.
        FROM "from" Level, Must, "1000";
        /// At the end of `over` and after it.
        TO "to" Level, Must, "12000";
        /// How long it takes, in calendar months and years.
        OVER "over" Length, Else("the run"), "\"36 months\"";
    }

    /// Growth by the same factor each day.
    curve_exponential "curve = \"exponential\"" None {
        /// Which curve.
        CURVE "curve" Choice(super::CURVES), Must, "\"exponential\"";
        /// At the start; above 0.
        FROM "from" Level, Must, "1000";
        /// At the end of `over` and after it; above 0.
        TO "to" Level, Must, "12000";
        /// How long it takes, in calendar months and years.
        OVER "over" Length, Else("the run"), "\"36 months\"";
    }

    /// Growth that slows down towards a ceiling.
    curve_logistic "curve = \"logistic\"" None {
        /// Which curve.
        CURVE "curve" Choice(super::CURVES), Must, "\"logistic\"";
        /// At the start; above 0.
        FROM "from" Level, Must, "1000";
        /// At the end of `over` and after it; above 0.
        TO "to" Level, Must, "12000";
        /// How long it takes, in calendar months and years.
        OVER "over" Length, Else("the run"), "\"36 months\"";
        /// Where it would end; above `from` and `to`.
        CEILING "ceiling" Level, Else("1.05 × the larger of `from` and `to`"), "12600";
    }

    /// Steps, each at once or along a ramp.
    curve_steps "curve = \"steps\"" None {
        /// Which curve.
        CURVE "curve" Choice(super::CURVES), Must, "\"steps\"";
        /// At the start.
        FROM "from" Level, Must, "1000";
        /// The steps, in order of time.
        STEPS "steps" Tables(&super::step::SECTION), Must, "[{ at = \"6 months\", to = 2000 }]";
    }

    /// One step.
    step "steps = [{ … }]" None {
        /// When it begins: a date, or a time since the start.
        AT "at" Time, Must, "\"6 months\"";
        /// The value once it is done.
        TO "to" Level, Must, "2000";
        /// How long it takes, in a straight line; done before the next step.
        RAMP "ramp" Length, Else("at once"), "\"30 days\"";
    }

    /// Hosts bought when the committed share of a pool's scarcest resource, hosts on order
    /// included, is above a trigger. Several make a list, `[[procurement]]`.
    procurement "[procurement]" None {
        /// Where the hosts go. Can be left out where there is only one pool.
        POOL "pool" Name("pool"), Else("the only one"), "\"kvm\"";
        /// What is bought. Can be left out where there is only one model.
        MODEL "model" Name("host model"), Else("the only one"), "\"compute\"";
        /// The committed share above which hosts are ordered; at most 1000%.
        TRIGGER "trigger" Share, Must, "\"70%\"";
        /// Hosts in one order.
        BATCH "batch" Whole, Must, "40";
        /// The most hosts that the pool may have, hosts on order included.
        MAX_HOSTS "max-hosts" Whole, Else("no bound"), "2000";
        /// From order to service; drawn once an order.
        LEAD_TIME "lead-time" Spread(false), Else("that of the model"), "\"70 days\"";
        /// How often someone looks; at least 1 min, and at most 100 million times a run.
        REVIEW "review" Length, Else("`\"1 day\"`"), "\"1 day\"";
    }

    /// Hosts ordered at a date, whatever the fleet looks like by then: an order plan, as `fleetcast
    /// order` finds one. They come after their lead time.
    order "[[order]]" None {
        /// When they are ordered.
        AT "at" Time, Must, "\"2012-01-01\"";
        /// How many.
        HOSTS "hosts" Whole, Must, "40";
        /// Where they go. Can be left out where there is only one pool.
        POOL "pool" Name("pool"), Else("the only one"), "\"kvm\"";
        /// What is bought. Can be left out where there is only one model.
        MODEL "model" Name("host model"), Else("the only one"), "\"compute\"";
        /// From order to service; drawn for each order by itself.
        LEAD_TIME "lead-time" Spread(false), Else("that of the model"), "\"70 days\"";
    }

    /// A size of VM: what it takes of each resource, under the resource's name; at least one.
    flavor "[flavors.NAME]" Amounts {
        /// Another flavor, from which all keys are taken that this one does not have.
        EXTENDS "extends" Name("flavor"), Else("none"), "\"small\"";
        /// NUMA cells of its host that each VM takes, 1 to 16, with an equal part of its cpu and
        /// memory in each. With 2 or more it is placed only on hosts that have so many.
        NUMA_CELLS "numa-cells" Whole, Else("1 on a host with cells, or more if it is larger than one"), "2";
        /// What a JVM needs, in the place of `memory`: HubSpot's formula.
        JVM "jvm" Table(&super::jvm::SECTION), Else("none"), "{ heap = \"2 GiB\", threads = 200 }";
        /// What its VMs really need of their memory: who needs more than it asks for is killed.
        MEMORY_USE "memory-use" Table(&super::memory_use::SECTION), Else("never more than they ask for"), "{ need = [0.92, 1.0] }";
    }

    /// The memory of a JVM: heap + stack × threads + garbage collection's share of the heap + the
    /// machine itself + what is off the heap, in whole MiB, rounded up. HubSpot's formula, of which its
    /// author says that it may be incomplete.
    jvm "jvm = { … }, of a flavor" None {
        /// The largest heap.
        HEAP "heap" Bytes, Must, "\"2 GiB\"";
        /// The most threads.
        THREADS "threads" Whole, Must, "200";
        /// The stack of each.
        STACK "stack" Bytes, Else("`\"1 MiB\"`, as HotSpot has it"), "\"2 MiB\"";
        /// What collecting garbage takes, as a share of the heap; at most 100%.
        GC_SHARE "gc-share" Share, Else("10%"), "\"5%\"";
        /// What the machine itself takes.
        OVERHEAD "overhead" Bytes, Else("`\"128 MiB\"`"), "\"256 MiB\"";
        /// What is allocated beside the heap.
        OFF_HEAP "off-heap" Bytes, Else("nothing"), "\"64 MiB\"";
    }

    /// What VMs really need of their memory, beside what they ask for. A VM that needs more than it
    /// asked for is killed as soon as it needs it, as by the limit of a control group, and starts again
    /// on its host, where it keeps its room: at once the first time, then after waits that grow, as
    /// Kubernetes has it (`CrashLoopBackOff`). It is down meanwhile, and its service without it.
    memory_use "memory-use = { … }, of a flavor" None {
        /// What a VM needs in all, as so many times what the formula of `jvm` says, or `memory`.
        /// Drawn for each VM when it is asked for.
        NEED "need" Times, Must, "[0.92, 1.0]";
        /// What is asked for, by a guess: so many times the heap of `jvm`, or `memory`. Each VM has its
        /// own, but all instances of a service the same.
        GUESS "guess" Times, Else("what the formula says, or `memory`"), "{ median = 1.4, sigma = 0.3 }";
        /// A guess is rounded up to a whole multiple of it.
        ROUND_UP_TO "round-up-to" Bytes, Else("`\"1 MiB\"`"), "\"1 GiB\"";
        /// From ready until a VM needs all that it needs; drawn for each start. Less than 1 s counts as
        /// 1 s.
        REACHED_AFTER "reached-after" Spread(false), Else("`\"1 min\"`"), "{ distribution = \"exponential\", mean = \"2 h\" }";
        /// How long is waited before the second start in a row; the first is at once.
        RESTART_WAIT "restart-wait" Length, Else("`\"10 s\"`, as the kubelet does"), "\"1 s\"";
        /// Each wait is so many times the one before, 1 to 100.
        RESTART_FACTOR "restart-factor" Number, Else("2"), "1.15";
        /// The longest wait.
        RESTART_WAIT_MAX "restart-wait-max" Length, Else("`\"5 min\"`"), "\"1 h\"";
        /// A VM that was up for so long starts at once again, and its waits begin anew.
        CALM_AFTER "calm-after" Length, Else("`\"10 min\"`"), "\"20 min\"";
        /// How long a start takes.
        RESTART_TIME "restart-time" Spread(false), Else("as long as the VM's boot"), "\"30 s\"";
        /// After so many kills a VM is not started again: it ends, and an instance of a service fails
        /// and keeps its room.
        GIVE_UP_AFTER "give-up-after" Whole, Else("it always is"), "5";
    }

    /// So many times something, lognormal.
    times "{ median = …, sigma = … }, so many times" None {
        /// The median; above 0.
        MEDIAN "median" Number, Must, "1.4";
        /// The standard deviation of the logarithm; 0 to 5.
        SIGMA "sigma" Number, Must, "0.3";
    }

    /// A source of requests: `alive`, `rate` or `trace` says when they come.
    demand "[[demand]]" None {
        /// What it is called; unique.
        NAME "name" Text, Must, "\"vms\"";
        /// What each VM is. This or `flavors`; neither with a `trace`.
        FLAVOR "flavor" Name("flavor"), OneOf, "\"small\"";
        /// What the VMs are, each flavor with its weight. Weights are above 0 and need not add
        /// up to 1.
        FLAVORS "flavors" Weights("flavor"), OneOf, "{ small = 0.5, medium = 0.3, large = 0.2 }";
        /// So many VMs at a time, a curve or a number: a VM is asked for when there are fewer.
        ALIVE "alive" Curve, OneOf, "{ curve = \"exponential\", from = 1000, to = 12000 }";
        /// Requests at random (a Poisson process) at this rate: a rate, or a curve of rates.
        RATE "rate" Curve, OneOf, "\"200 per day\"";
        /// Requests from a CSV file, plain or gzip, with columns for arrival, end and size.
        TRACE "trace" File, OneOf, "\"requests.csv.gz\"";
        /// How the rate goes up and down with the day, the week and at events. Only with `rate`.
        SEASON "season" Table(&super::season::SECTION), Else("none"), "{ weekly = { weekend = 0.8 } }";
        /// How long a VM stays, once placed. Not with a `trace`, whose rows say it.
        LIFETIME "lifetime" Spread(true), Else("`\"forever\"`"), "\"90 days\"";
        /// From placement to ready; with an image that is fetched, from when it is there.
        BOOT "boot" Spread(false), Else("that of its `image`, or `\"0 s\"`"), "\"10 s\"";
        /// Who owns the VMs. A trace's column `tenant` goes first.
        TENANT "tenant" Text, Else("`\"default\"`"), "\"web\"";
        /// The pool in which they must run. A trace's column `pool` goes first.
        POOL "pool" Name("pool"), Else("any"), "\"kvm\"";
        /// In its place: how much runs in which pool. Each part is a demand or a service of its own, called
        /// `NAME (POOL)`. What runs in two pools at full size has 1 in both.
        POOLS "pools" Weights("pool"), Else("`pool` alone"), "{ vmware = 0.3, openstack = 0.7 }";
        /// Labels that the host must have.
        LABELS "labels" Labels, Else("none"), "{ gen = \"g2\" }";
        /// The same, where several values will do (`["g1", "g2"]`) or any (`"*"`).
        REQUIRES "requires" Wanted, Else("none"), "{ gen = [\"g2\", \"g3\"] }";
        /// Labels of which the host must have none.
        FORBIDS "forbids" Wanted, Else("none"), "{ gen = \"g1\" }";
        /// Labels that the host had better have.
        PREFERS "prefers" TableOrTables(&super::prefer::SECTION), Else("none"), "{ labels = { disk = \"ssd\" }, weight = 10 }";
        /// Taints that do not keep the VMs away, hard and soft ones, by name and value; `"*"` is any
        /// value, and as a name any taint.
        TOLERATES "tolerates" Labels, Else("none"), "{ dedicated = \"ml\" }";
        /// Whether the host must have no VM of another tenant, and get none while such a VM is
        /// there.
        EXCLUSIVE "exclusive" Flag, Else("that of the tenant"), "true";
        /// Which VMs are placed by one another: kept apart, together, or evenly spread.
        GROUP "group" Table(&super::group::SECTION), Else("none"), "{ size = 3, max-per-host = 1 }";
        /// What its VMs run: with `[distribution]`, a host that lacks a part of it fetches that first.
        IMAGE "image" Name("image"), Else("nothing to fetch"), "\"web-1\"";
        /// The desks that a request goes through before it is placed, one after another: a name or a
        /// list of them. With `alive`, the VMs of the start are there already.
        PROVISIONING "provisioning" Desks, Else("`\"self-service\"`, which is none"), "\"tickets\"";
        /// What happens to a request that fits nowhere: it is refused, or it waits; with
        /// `{ wait = "2 days" }` so long at most.
        WHEN_FULL "when-full" WhenFull, Else("`\"refuse\"`"), "{ wait = \"2 days\" }";
        /// Whom a VM gives way to where `preemption` is on: a request pushes out VMs of lower
        /// priority. A trace's column `priority` goes first.
        PRIORITY "priority" Integer, Else("0"), "100";
        /// Whether its requests push others out, where `preemption` is on.
        PREEMPTS "preempts" Flag, Else("true"), "false";
        /// What happens to a VM that is pushed out: it ends, or it asks again for the rest of its
        /// stay and waits; with `{ wait = "2 days" }` so long at most.
        WHEN_PREEMPTED "when-preempted" WhenPreempted, Else("`\"end\"`"), "\"wait\"";
    }

    /// What services run: an image, and what is wrong with it.
    image "[images.NAME]" None {
        /// All of it, in whole MiB. Without it: as much as its layers.
        SIZE "size" Bytes, Else("that of its layers, or 0"), "\"900 MiB\"";
        /// Its layers, by name, and how large they are. A layer of the same name is the same in all
        /// images; what of the size is in no layer is the image's own.
        LAYERS "layers" Sizes, Else("none"), "{ base = \"600 MiB\", jvm = \"200 MiB\" }";
        /// From placement to ready.
        BOOT "boot" Spread(false), Else("`\"0 s\"`"), "\"60 s\"";
        /// How long an instance is to be ready before it counts as available.
        MIN_READY "min-ready" Length, Else("`\"0 s\"`"), "\"10 s\"";
        /// What must be there when a boot begins: dependencies. Each makes a boot longer by its
        /// `fetch`; one that is not there makes it fail. Those that are there when the run begins
        /// have booted.
        DEPENDS_ON "depends-on" TextList, Else("nothing"), "[\"apt-mirror\", \"config\"]";
        /// How probable it is that a try to boot fails by itself.
        BOOT_FAILS "boot-fails" Share, Else("0%"), "\"0.5%\"";
        /// How often a boot is tried. After the last try that fails it is given up: an instance is
        /// never ready and keeps its room, a VM ends.
        ATTEMPTS "attempts" Whole, Else("until it succeeds"), "3";
        /// From a try that fails to the next: until it is found, and what is waited then. At least 1 s.
        RETRY_AFTER "retry-after" Length, Else("`\"5 min\"`"), "\"1 min\"";
        /// The share of its instances that never become ready, however often they boot. They keep
        /// their room.
        FAILS_TO_BOOT "fails-to-boot" Share, Else("none"), "\"2%\"";
        /// How probable it is that an analysis of a rollout finds it bad.
        FAILS_CHECKS "fails-checks" Share, Else("0%"), "\"90%\"";
        /// Once it has served users for so long, somebody finds it bad: its rollout turns back, or
        /// if that is done, another takes it back.
        FOUND_BAD_AFTER "found-bad-after" Length, Else("never"), "\"20 min\"";
    }

    /// Something that boots need: a mirror, a registry, a server of configuration.
    dependency "[dependencies.NAME]" None {
        /// How probable it is that it is there.
        AVAILABILITY "availability" Share, Else("100%"), "\"99.9%\"";
        /// How long its outages are on average: it goes up and down by itself, as often as gives its
        /// availability, and all boots that begin in an outage fail. Without it each try finds for
        /// itself whether it is there, as if it had a mirror of its own.
        OUTAGE "outage" Length, Else("none are shared"), "\"10 min\"";
        /// Outages that are known, besides.
        OUTAGES "outages" Tables(&super::outage::SECTION), Else("none"), "[{ at = \"2 h\", lasts = \"30 min\" }]";
        /// By how much it makes each boot longer.
        FETCH "fetch" Length, Else("`\"0 s\"`"), "\"12 s\"";
    }

    /// An outage of a dependency.
    outage "[[dependencies.NAME.outages]]" None {
        /// When it begins.
        AT "at" Time, Must, "\"2 h\"";
        /// How long it is.
        LASTS "lasts" Length, Must, "\"30 min\"";
    }

    /// How images reach hosts. A host that lacks layers of a VM's image fetches them before the VM
    /// boots, one thing after another, and keeps them. What is there at the start has its image.
    distribution "[distribution]" None {
        /// From one registry, from other hosts, or not at all.
        MODE "mode" Choice(super::MODES), Must, "\"registry\"";
        /// `registry`: what it sends in all. Hosts that fetch at a time share it evenly.
        REGISTRY "registry" DataRate, Else("`\"10 Gbit/s\"`"), "\"10 Gbit/s\"";
        /// What a host takes.
        HOST "host" DataRate, Else("`\"10 Gbit/s\"`"), "\"1 Gbit/s\"";
        /// `registry`: so many hosts at a time; others stand in line.
        CONCURRENCY "concurrency" Whole, Else("no bound"), "100";
        /// `p2p`: how much of what a host takes is reached, whatever the number of hosts.
        EFFICIENCY "efficiency" Share, Else("60%, as measured for Kraken"), "\"60%\"";
        /// `p2p`: before anything flows.
        SETUP "setup" Length, Else("`\"0 s\"`"), "\"2 s\"";
        /// `p2p`: what the seed sends, to one or to all. Without `seed` and `upload` hosts are as fast
        /// however many there are.
        SEED "seed" DataRate, Else("no bound"), "\"1 Gbit/s\"";
        /// `p2p`: what each host passes on to others.
        UPLOAD "upload" DataRate, Else("no bound"), "\"500 Mbit/s\"";
        /// `p2p`: how much longer the slowest of 100 hosts takes than the median: 1.8 is measured for
        /// Kraken. The times are lognormal.
        SPREAD "spread" Number, Else("1: all take as long"), "1.8";
        /// Boots begin once so much of what is fetched is there; the rest follows. Of images that
        /// start while they are fetched 6.4% is measured (Slacker).
        LAZY "lazy" Share, Else("100%"), "\"6.4%\"";
        /// What a host keeps: the layers used last.
        CACHE "cache" Bytes, Else("all"), "\"50 GiB\"";
    }

    /// A service: so many instances of an image. They are there, and available, when the run begins,
    /// and stay for good; one that loses its host is started again. Those for which there is no room
    /// wait for it. Where they may be is said with the keys of a demand.
    service "[[service]]" None with demand: TENANT POOL POOLS LABELS REQUIRES FORBIDS PREFERS TOLERATES EXCLUSIVE GROUP PRIORITY PREEMPTS, {
        /// What it is called; unique among services and demands.
        NAME "name" Text, Must, "\"web\"";
        /// What its instances run at the start.
        IMAGE "image" Name("image"), Must, "\"web-1\"";
        /// What each takes.
        FLAVOR "flavor" Name("flavor"), Must, "\"small\"";
        /// How many there are to be.
        INSTANCES "instances" Whole, Must, "40";
        /// How long an instance that is taken out of service keeps its room.
        GRACE "grace" Length, Else("`\"0 s\"`"), "\"30 s\"";
        /// How long an instance is to be ready before it counts as available.
        MIN_READY "min-ready" Length, Else("what its image says"), "\"10 s\"";
        /// Requests of its users: what a bad image costs is counted in them.
        REQUESTS "requests" Rate, Else("not counted"), "\"200 per second\"";
        /// The course of its users' requests over time, in place of `requests`: what of them is
        /// served is counted.
        TRAFFIC "traffic" Table(&super::traffic::SECTION), Else("not counted"), "{ rate = \"200 per second\", per-instance = \"10 per second\" }";
        /// The rule by which its instances follow its traffic. While a rollout is under way they stay
        /// as many as they are. Only with `traffic`.
        AUTOSCALE "autoscale" Table(&super::autoscale::SECTION), Else("as many `instances` all the time"), "{ rule = \"hpa\", target = \"60%\", min = 10, max = 100 }";
    }

    /// Batch work: jobs that wait in a queue, start when the scheduler says so, and are there until
    /// they are done. A job has tasks that run together: all find hosts, or none does. Jobs come from
    /// a trace, or are drawn by `rate`, `tasks` and `run-time`. Where tasks may be is said with the
    /// keys of a demand.
    jobs "[[jobs]]" None with demand: TENANT LABELS REQUIRES FORBIDS PREFERS TOLERATES EXCLUSIVE GROUP PRIORITY, {
        /// What they are called; unique among jobs, services and demands.
        NAME "name" Text, Must, "\"night\"";
        /// What each task takes; of a trace, each processor.
        FLAVOR "flavor" Name("flavor"), Must, "\"core\"";
        /// A trace of jobs in the Standard Workload Format, plain or gzip: who never ran is passed
        /// over, who did not say how long he would run knew it.
        SWF "swf" File, OneOf, "\"seth.swf.gz\"";
        /// Whose the jobs of a trace are: each user, or each group, is a tenant (`user 3`).
        TENANTS "tenants" Choice(super::TRACE_TENANTS), Else("all are the `tenant`'s"), "\"user\"";
        /// How long the jobs of a trace are believed to run: as long as was asked for, or as long as
        /// they did.
        ESTIMATES "estimates" Choice(super::ESTIMATES), Else("`\"requested\"`"), "\"exact\"";
        /// How many are submitted, at random: a rate or a curve of rates.
        RATE "rate" Curve, OneOf, "\"200 per day\"";
        /// What multiplies the rate by hour, day and at events.
        SEASON "season" Table(&super::season::SECTION), Else("none"), "{ weekly = { weekend = 0.3 } }";
        /// How many tasks a job has: a number, or several of which each is as likely.
        TASKS "tasks" Counts, Else("1"), "[1, 2, 4, 8]";
        /// How long a job runs.
        RUN_TIME "run-time" Spread(false), OneOf, "{ distribution = \"lognormal\", median = \"1 h\", sigma = 1.2 }";
        /// How long it is believed to run: so many times as long as it does, at the median.
        ESTIMATE_FACTOR "estimate-factor" Number, Else("1"), "3";
        /// σ of the logarithm of that, 0 to 10: some believe too much, some too little.
        ESTIMATE_ERROR "estimate-error" Number, Else("0: all err alike"), "0.5";
        /// Whether a job ends when its estimate is over; if not, it runs on.
        END_AT_ESTIMATE "end-at-estimate" Flag, Else("true"), "false";
        /// The queue that they join.
        QUEUE "queue" Name("queue"), Else("`\"default\"`"), "\"long\"";
    }

    /// A queue in which jobs wait.
    queue "[[queue]]" None {
        /// What it is called; unique.
        NAME "name" Text, Must, "\"long\"";
        /// What its jobs have more of the priority; with the orders `priority`, and within a tenant
        /// `fair-share`, `drf` and `offers`.
        PRIORITY "priority" Integer, Else("0"), "10";
    }

    /// Which of the jobs that wait starts next. Who is first starts if it fits; who is behind it waits,
    /// unless `backfill` lets it go before.
    scheduler "[scheduler]" None {
        /// The pool that jobs run in.
        POOL "pool" Name("pool"), Else("all hosts"), "\"batch\"";
        /// Who is first: who came first; who is believed to run shortest; who has the highest
        /// priority; whose tenant has used least of late for its weight; or whose tenant has the
        /// smallest dominant share now, for its weight. With `offers` nobody says it: tenants are
        /// offered what is free on hosts, the one with the smallest share first, and choose.
        ORDER "order" Choice(super::JOB_ORDERS), Else("`\"arrival\"`"), "\"drf\"";
        /// Who may go before an earlier one that does not fit: nobody; who does not delay the first of
        /// those; or who delays nobody. It goes by what jobs are believed to run.
        BACKFILL "backfill" Choice(super::BACKFILLS), Else("`\"none\"`"), "\"easy\"";
        /// `priority`: for so long a wait a job has one more.
        AGING "aging" Length, Else("none"), "\"1 h\"";
        /// `fair-share`: after so long what was used counts half.
        HALF_LIFE "half-life" Length, Else("`\"7 days\"`"), "\"1 day\"";
        /// How tenants get back what others borrowed of their `guarantee`.
        RECLAIM "reclaim" Table(&super::reclaim::SECTION), Else("after 15 s"), "{ after = \"5 min\" }";
        /// `offers`: how they are made and answered. May stand here with every other order, so that
        /// changing that is all it takes to compare.
        OFFERS "offers" Table(&super::offers::SECTION), Else("every second, refused for 5 s"), "{ hoard = \"1 min\" }";
    }

    /// How jobs get back what others borrowed of their tenant's `guarantee`.
    reclaim "reclaim = { … }" None {
        /// After a job has waited so long for what is its tenant's own, jobs of tenants that have more
        /// than theirs end, the youngest first; 1 s or more.
        AFTER "after" Length, Else("`\"15 s\"`"), "\"5 min\"";
        /// Whether these go on later where they were; if not, they begin anew.
        KEEPS_WORK "keeps-work" Flag, Else("false"), "true";
    }

    /// How tenants are offered hosts, and what they do. As Apache Mesos does it.
    offers "offers = { … }" None {
        /// From round to round, 1 ms or more.
        INTERVAL "interval" Length, Else("`\"1 s\"`"), "\"1 s\"";
        /// For so long a host that a tenant refused is not offered to it again, unless more of it is
        /// free by then; `"0 s"`: it is in the next round.
        REFUSE "refuse" Length, Else("`\"5 s\"`"), "\"5 s\"";
        /// For so long at most a tenant whose next job has several tasks holds back what it was
        /// offered, until there is room for all of them.
        HOARD "hoard" Length, Else("it refuses at once what it does not use"), "\"1 min\"";
    }

    /// Requests of a service's users: `rate` × season × flash crowds. What its instances cannot serve
    /// at an instant is not served at all.
    traffic "traffic = { … }, of a service" None {
        /// Requests before season and crowds: a rate, or a curve of rates.
        RATE "rate" Curve, Must, "\"200 per second\"";
        /// How they go up and down with the day, the week and at events.
        SEASON "season" Table(&super::season::SECTION), Else("none"), "{ weekly = { weekend = 0.8 } }";
        /// Crowds that come all of a sudden. Up to 1,000.
        FLASH "flash" TableOrTables(&super::flash::SECTION), Else("none"), "{ at = \"2 days\", doubles-every = \"10 min\", to = 8, lasts = \"1 hour\" }";
        /// How many of them one instance can serve.
        PER_INSTANCE "per-instance" Rate, Must, "\"10 per second\"";
    }

    /// A flash crowd: requests double again and again, stay for a while, and halve as fast.
    flash "flash = { … }" None {
        /// When it begins.
        AT "at" Time, Must, "\"2 days\"";
        /// How long requests take to double; at least 1 s.
        DOUBLES_EVERY "doubles-every" Length, Must, "\"10 min\"";
        /// Until they are so many times as many.
        TO "to" Number, Must, "8";
        /// How long they stay so many.
        LASTS "lasts" Length, Else("`\"0 s\"`"), "\"1 hour\"";
    }

    /// How many instances a service has for its traffic: by the rule of Kubernetes' horizontal pod
    /// autoscaler, or by target tracking. See the guide.
    autoscale "autoscale = { … }" None {
        /// By which rule.
        RULE "rule" Choice(super::SCALE_RULES), Must, "\"hpa\"";
        /// How busy instances are to be: traffic ÷ what they can serve.
        TARGET "target" Share, Must, "\"60%\"";
        /// Never fewer.
        MIN "min" Whole, Else("1"), "10";
        /// Never more.
        MAX "max" Whole, Must, "100";
        /// Between two looks; at least 1 s.
        PERIOD "period" Length, Else("`\"15 s\"` for `hpa`, `\"1 min\"` for `target-tracking`"), "\"30 s\"";
        /// So near the target nothing changes; for `target-tracking` only when it is quieter.
        TOLERANCE "tolerance" Share, Else("`\"10%\"`"), "\"5%\"";
        /// How long fewer must have been enough before any goes.
        CALM "calm" Length, Else("`\"5 min\"` for `hpa`, `\"15 min\"` for `target-tracking`"), "\"10 min\"";
    }

    /// A rollout: from the image that a service runs to another, or to the same anew. One that is due
    /// while another of the service is under way begins when that has ended and its instances have
    /// terminated.
    rollout "[[rollout]]" None {
        /// Of which service.
        SERVICE "service" Name("service"), Must, "\"web\"";
        /// What it is to run.
        IMAGE "image" Name("image"), Must, "\"web-2\"";
        /// When it begins: a date, or a time since the start.
        AT "at" Time, Else("`every` after the start, or at the start"), "\"1 day\"";
        /// How long after one the next begins; at least 1 s.
        EVERY "every" Length, Else("there is but one"), "\"1 week\"";
        /// How many there are. Only with `every`.
        TIMES "times" Whole, Else("as many as fit into the run"), "10";
        /// How: a name, or a table with the name and more.
        STRATEGY "strategy" Strategy, Else("`\"rolling\"`"), "{ name = \"rolling\", max-surge = \"10%\", max-unavailable = 0 }";
    }

    /// A new image for the hosts themselves. Batch by batch they take no VMs any more, their VMs leave,
    /// they get the image and come back. All VMs of a batch are given a place at once, the largest
    /// first, by the run's own rules of placement; each goes to the host with most left. While one
    /// of them has nowhere to go, none moves and the rollout stands still. `[defrag]` says what
    /// migrations go over, how many go at once, and how VMs are measured (`by`). A host that comes
    /// while a rollout is under way has its image already; one that fails has its turn once it is
    /// back.
    host_rollout "[[host-rollout]]" None {
        /// What it is called; unique.
        NAME "name" Text, Must, "\"kernel\"";
        /// What the hosts are to run: any name.
        IMAGE "image" Text, Must, "\"6.12\"";
        /// The pools whose hosts are meant.
        POOLS "pools" TextList, Else("all"), "[\"kvm\"]";
        /// The zones whose hosts are meant.
        ZONES "zones" TextList, Else("all"), "[\"z1\"]";
        /// Labels that the hosts meant have.
        LABELS "labels" Labels, Else("none"), "{ gen = \"g1\" }";
        /// When it begins: a date, or a time since the start. One that is due while another has
        /// hosts of its own still to do waits for its end.
        AT "at" Time, Else("`every` after the start, or at the start"), "\"1 day\"";
        /// How long after one the next begins; at least 1 min.
        EVERY "every" Length, Else("there is but one"), "\"30 days\"";
        /// How many there are. Only with `every`.
        TIMES "times" Whole, Else("as many as fit into the run"), "12";
        /// How many hosts are out at once: a number, or percents of the hosts meant, rounded up.
        BATCH "batch" Part, Else("1"), "\"5%\"";
        /// What fails together: a batch stays within one such place, and places have their turns in
        /// the order of their first hosts.
        WITHIN "within" Choice(super::LEVELS), Else("`\"rack\"`"), "\"zone\"";
        /// How many of the hosts meant may be out of service, those that are down counted: a
        /// batch is smaller, or waits, as long as there would be more. A number, or percents of the
        /// hosts meant, rounded down, 1 at least.
        MAX_UNAVAILABLE "max-unavailable" Part, Else("the batch, whatever is down"), "\"10%\"";
        /// How VMs leave: they run on elsewhere, or are ended and started again.
        DRAIN "drain" Choice(super::DRAINS), Else("`\"live-migration\"`"), "\"eviction\"";
        /// What becomes of a VM that is evicted: it is started again, and waits where there is no
        /// room, or is lost. Instances of services are always started again.
        WHEN_EVICTED "when-evicted" Choice(super::WHEN_EVICTED), Else("`\"restart\"`"), "\"end\"";
        /// How long a VM that is to be evicted runs on. It is told only while its group keeps
        /// `min-available` without it.
        GRACE "grace" Length, Else("`\"30 s\"`"), "\"2 min\"";
        /// How long a batch may take to be empty; `"forever"` is no bound.
        DRAIN_TIMEOUT "drain-timeout" Wait, Else("`\"forever\"`"), "\"4 hours\"";
        /// What is done then: `wait` only says it; `skip` leaves hosts out that are not empty, `evict`
        /// evicts VMs that have nowhere to go, `force` ends all that are left at once, `stop` ends
        /// the rollout.
        ON_TIMEOUT "on-timeout" Choice(super::ON_TIMEOUT), Else("`\"skip\"`"), "\"evict\"";
        /// How long an empty host takes to get its image and to come back; drawn for each.
        REWRITE "rewrite" Spread(false), Else("`\"20 min\"`"), "\"8 min\"";
        /// From the end of a batch to the next.
        SOAK "soak" Length, Else("`\"0 s\"`"), "\"1 hour\"";
        /// Whether VMs go to hosts that have the image first, so that each moves about once.
        PREFER_UPDATED "prefer-updated" Flag, Else("true"), "false";
    }

    /// As a Kubernetes deployment: some come, some go, until all are new.
    strategy_rolling "strategy = { name = \"rolling\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"rolling\"";
        /// How many instances more than wanted there may be, not counting those that terminate:
        /// a number, or percents of them, rounded up.
        MAX_SURGE "max-surge" Part, Else("`\"25%\"`"), "\"10%\"";
        /// How many fewer may be available: a number, or percents of them, rounded down. If both
        /// come to 0, it is 1.
        MAX_UNAVAILABLE "max-unavailable" Part, Else("`\"25%\"`"), "0";
        /// How long it may make no progress; `"forever"` is no bound.
        PROGRESS_DEADLINE "progress-deadline" Wait, Else("`\"10 min\"`"), "\"20 min\"";
        /// What happens then: it is only said, as in Kubernetes, or the rollout turns back.
        ON_DEADLINE "on-deadline" Choice(super::ON_DEADLINE), Else("`\"report\"`"), "\"rollback\"";
        /// Somebody undoes it so long after its beginning, if it is not done.
        UNDO_AFTER "undo-after" Length, Else("never"), "\"30 min\"";
    }

    /// All old instances go; once they are gone, all new ones come. Nobody is served in between.
    strategy_recreate "strategy = { name = \"recreate\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"recreate\"";
    }

    /// As Argo Rollouts' blue/green: a second stack, then a switch for all users at once.
    strategy_blue_green "strategy = { name = \"blue-green\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"blue-green\"";
        /// So many instances of the new stack are built first, and the others before the switch.
        PREVIEW "preview" Whole, Else("all"), "2";
        /// How long the new stack is analysed before it serves anybody.
        ANALYSIS_BEFORE "analysis-before" Length, Else("not"), "\"5 min\"";
        /// How long after that it is switched to; `"forever"`: when a person says so, who never does.
        PROMOTE_AFTER "promote-after" Wait, Else("`\"0 s\"`"), "\"1 min\"";
        /// How long it is analysed after the switch.
        ANALYSIS_AFTER "analysis-after" Length, Else("not"), "\"5 min\"";
        /// How long the old stack is kept once the new one is found good.
        KEEP_OLD "keep-old" Length, Else("`\"30 s\"`"), "\"10 min\"";
        /// How long the new stack is kept once it was turned back; 0: until the next rollout.
        KEEP_NEW "keep-new" Length, Else("`\"30 s\"`"), "\"0 s\"";
        /// How long it may make no progress; `"forever"` is no bound.
        PROGRESS_DEADLINE "progress-deadline" Wait, Else("`\"10 min\"`"), "\"20 min\"";
        /// What happens then: it is only said, or the rollout turns back.
        ON_DEADLINE "on-deadline" Choice(super::ON_DEADLINE), Else("`\"report\"`"), "\"rollback\"";
    }

    /// As Argo Rollouts' canary without a router: the new version's share of the users' requests is
    /// its share of the instances.
    strategy_canary "strategy = { name = \"canary\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"canary\"";
        /// What is done, one after another; 100% follows. Up to 100.
        STEPS "steps" Tables(&super::canary_step::SECTION), Else("20% and 50%, each with an analysis of 5 min"), "[{ weight = \"20%\" }, { pause = \"10 min\" }, { weight = \"50%\" }, { analysis = \"5 min\" }]";
        /// As for `rolling`.
        MAX_SURGE "max-surge" Part, Else("`\"25%\"`"), "2";
        /// As for `rolling`.
        MAX_UNAVAILABLE "max-unavailable" Part, Else("`\"25%\"`"), "0";
    }

    /// As Argo Rollouts' canary with a router: the weights are exact, and the old version stays
    /// whole.
    strategy_routed_canary "strategy = { name = \"routed-canary\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"routed-canary\"";
        /// What is done, one after another; 100% follows. Up to 100.
        STEPS "steps" Tables(&super::canary_step::SECTION), Else("20% and 50%, each with an analysis of 5 min"), "[{ weight = \"5%\" }, { analysis = \"10 min\" }]";
        /// Whether the old version shrinks as its share does.
        SHRINK_OLD "shrink-old" Flag, Else("false"), "true";
        /// How long the old version is kept once the new one serves everybody.
        KEEP_OLD "keep-old" Length, Else("`\"30 s\"`"), "\"10 min\"";
        /// How long the new version is kept once it was turned back; 0: until the next rollout.
        KEEP_NEW "keep-new" Length, Else("`\"30 s\"`"), "\"0 s\"";
    }

    /// As Flagger: a canary as large as the service gets a larger share at each look; then the service
    /// itself is updated, and the canary goes.
    strategy_flagger "strategy = { name = \"flagger\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"flagger\"";
        /// Between two looks; at least 1 s. One thing is done at each.
        INTERVAL "interval" Length, Else("`\"1 min\"`"), "\"30 s\"";
        /// So many failed checks send it back.
        THRESHOLD "threshold" Whole, Else("1"), "5";
        /// The canary's share grows by so much, in whole percent.
        STEP_WEIGHT "step-weight" Share, Else("`\"10%\"`"), "\"20%\"";
        /// Until so much, in whole percent.
        MAX_WEIGHT "max-weight" Share, Else("`\"50%\"`"), "\"60%\"";
        /// For the service's own update, as for `rolling`.
        MAX_SURGE "max-surge" Part, Else("`\"25%\"`"), "2";
        /// For the service's own update, as for `rolling`.
        MAX_UNAVAILABLE "max-unavailable" Part, Else("`\"25%\"`"), "0";
        /// How long the canary may take to be ready; then it goes back.
        PROGRESS_DEADLINE "progress-deadline" Length, Else("`\"10 min\"`"), "\"20 min\"";
    }

    /// As Spinnaker: a second group of full size, then the first serves nobody any more.
    strategy_red_black "strategy = { name = \"red-black\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"red-black\"";
        /// How long new instances are watched before old ones lose their users.
        WATCH "watch" Length, Else("`\"0 s\"`"), "\"2 min\"";
        /// How long the old group is kept at the end; `"forever"`: until the run ends.
        KEEP_OLD "keep-old" Length, Else("`\"10 min\"`"), "\"1 hour\"";
    }

    /// As Spinnaker, in steps: the second group grows, and the first loses as large a share of its
    /// users.
    strategy_rolling_red_black "strategy = { name = \"rolling-red-black\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"rolling-red-black\"";
        /// How large the second group gets, in whole percent; 100% follows. Up to 100.
        PERCENTAGES "percentages" TextList, Else("`[\"20%\", \"50%\"]`"), "[\"10%\", \"50%\"]";
        /// How long new instances are watched before old ones lose their users.
        WATCH "watch" Length, Else("`\"2 min\"`"), "\"5 min\"";
        /// How long the old group is kept at the end.
        KEEP_OLD "keep-old" Length, Else("`\"10 min\"`"), "\"1 hour\"";
    }

    /// As HubSpot's Singularity and Baragon: all new tasks, then all load balancers or none, then the
    /// old tasks go.
    strategy_singularity "strategy = { name = \"singularity\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"singularity\"";
        /// Between two looks; at least 1 s.
        POLL "poll" Length, Else("`\"5 s\"`"), "\"10 s\"";
        /// How long a change of the load balancers takes.
        BALANCERS "load-balancers" Length, Else("`\"3 s\"`"), "\"12 s\"";
        /// How long tasks may take to be healthy; then the deploy is overdue, and goes back.
        OVERDUE "overdue" Length, Else("`\"175 s\"`"), "\"10 min\"";
        /// So long the new tasks serve before they count.
        WAIT "wait" Length, Else("not"), "\"5 min\"";
        /// Whether an analysis of the image decides. Not with `wait`.
        CHECKS "checks" Flag, Else("false"), "true";
        /// Load balancers that must all change; if one will not, all go back, and so does the deploy.
        AGENTS "agents" Whole, Else("1"), "3";
        /// How probable it is that one does not change when it is told to.
        AGENT_FAILS "agent-fails" Share, Else("0%"), "\"2%\"";
        /// How often it is told to before all go back.
        AGENT_ATTEMPTS "agent-attempts" Whole, Else("5"), "3";
        /// How long it takes them to go back.
        REVERT "revert" Length, Else("`\"3 s\"`"), "\"10 s\"";
    }

    /// The same in groups: one after another comes and as many old tasks go; after some, the rest.
    strategy_singularity_incremental "strategy = { name = \"singularity-incremental\" }" None with strategy_singularity: POLL BALANCERS OVERDUE WAIT CHECKS AGENTS AGENT_FAILS AGENT_ATTEMPTS REVERT, {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"singularity-incremental\"";
        /// Tasks in a group.
        GROUP "group" Whole, Else("1"), "2";
        /// So many groups, then the rest.
        CYCLES "cycles" Whole, Else("3"), "5";
    }

    /// Monetate's twelve steps, from frozen code to a new stack: a few instances join the old stack
    /// at the load balancer and are tested in production, then come all others.
    strategy_monetate "strategy = { name = \"monetate\" }" None {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"monetate\"";
        /// So many meet users first.
        FEW "few" Whole, Else("3"), "5";
        /// How long each stage is worked on, once its instances have booted.
        WORK "work" Table(&super::monetate_stages::SECTION), Else("2 h and 2 min in all"), "{ image = \"20 min\", test-production = \"20 min\" }";
        /// How long each stage waits before it begins.
        WAITS "waits" Table(&super::monetate_stages::SECTION), Else("not"), "{ start-services = \"15.5 hours\" }";
    }

    /// The same, with a whole new stack that replaces the old one at the load balancer.
    strategy_monetate_full "strategy = { name = \"monetate-full\" }" None with strategy_monetate: WORK WAITS, {
        /// Which strategy.
        NAME "name" Choice(super::STRATEGIES), Must, "\"monetate-full\"";
    }

    /// A time for each of Monetate's stages. Those that are not said keep what they have by
    /// themselves.
    monetate_stages "work = { … } and waits = { … }, of monetate" None {
        /// The code is frozen.
        FREEZE "freeze" Length, Else("`\"0 s\"`"), "\"0 s\"";
        /// It gets a tag.
        TAG "tag" Length, Else("`\"1 min\"`"), "\"1 min\"";
        /// It is built.
        BUILD "build" Length, Else("`\"15 min\"`"), "\"15 min\"";
        /// The build is tested.
        TEST_BUILD "test-build" Length, Else("`\"30 min\"`"), "\"30 min\"";
        /// The image is made.
        IMAGE "image" Length, Else("`\"20 min\"`"), "\"20 min\"";
        /// It is configured.
        CONFIGURE "configure" Length, Else("`\"5 min\"`"), "\"5 min\"";
        /// One instance is started; its boot comes on top, as for all that start some.
        LAUNCH "launch" Length, Else("`\"0 s\"`"), "\"0 s\"";
        /// It is tested: an image that fails its checks goes no further.
        TEST_IMAGE "test-image" Length, Else("`\"20 min\"`"), "\"20 min\"";
        /// More are started.
        START_SERVICES "start-services" Length, Else("`\"2 min\"`"), "\"2 min\"";
        /// Users come to them.
        CUTOVER "cutover" Length, Else("`\"1 min\"`"), "\"1 min\"";
        /// They are tested with users: a bad image goes back.
        TEST_PRODUCTION "test-production" Length, Else("`\"20 min\"`"), "\"20 min\"";
        /// All others are started, and serve. Only of `monetate`.
        EXPAND "expand" Length, Else("`\"0 s\"`"), "\"0 s\"";
        /// The old stack goes.
        SHUT_DOWN_OLD "shut-down-old" Length, Else("`\"5 min\"`"), "\"5 min\"";
    }

    /// One step of a canary: one of these keys.
    canary_step "steps = [{ … }], of a canary" None {
        /// The new version's share of the users' requests, in whole percent.
        WEIGHT "weight" Share, OneOf, "\"20%\"";
        /// A pause; `"forever"`: until a person says go, who never does.
        PAUSE "pause" Wait, OneOf, "\"10 min\"";
        /// An analysis that takes so long; how probably it finds the image bad is said there.
        ANALYSIS "analysis" Length, OneOf, "\"5 min\"";
    }

    /// Labels that a host had better have. Of the hosts that will do, those with the highest sum of
    /// weights are chosen from; see the guide.
    prefer "prefers = { … }" None {
        /// All of these: a value, several of which one will do, or `"*"`.
        LABELS "labels" Wanted, Must, "{ disk = \"ssd\" }";
        /// How much it counts, 1 to 100.
        WEIGHT "weight" Whole, Else("1"), "10";
    }

    /// An owner of demand.
    tenant "[tenants.NAME]" None {
        /// The most that its VMs may take together, by resource, and how many they may be.
        QUOTA "quota" Table(&super::quota::SECTION), Else("no bound"), "{ cpu = 200, vms = 100 }";
        /// What is always there for its own jobs. Others may borrow it while it does not need it; see
        /// `reclaim` of the scheduler. Together no more than the hosts for jobs have.
        GUARANTEE "guarantee" Table(&super::guarantee::SECTION), Else("nothing"), "{ cpu = 100 }";
        /// Whether its VMs want hosts without VMs of other tenants. Does not go on to its parts.
        EXCLUSIVE "exclusive" Flag, Else("false"), "true";
        /// How much its jobs count against those of others, with the orders `fair-share`, `drf` and
        /// `offers` of the scheduler, 1 to 1,000,000: with 2 it gets twice as much.
        WEIGHT "weight" Whole, Else("1"), "2";
        /// The tenant that it is a part of, as a team is of a domain and that of a company; there
        /// is a `[tenants.NAME]` for it too. What it takes counts for the quotas of all above it.
        PARENT "parent" Name("tenant"), Else("none"), "\"payments\"";
        /// The desk, or desks, that its requests go through where their demand does not say; also
        /// those of its parts, where they do not say.
        PROVISIONING "provisioning" Desks, Else("that of its `parent`"), "\"tickets\"";
    }

    /// What a tenant's jobs get back from others when they need it, by the resource's name. Of a
    /// resource that is not named they get all they need.
    guarantee "guarantee = { … }" Amounts {}

    /// The most that a tenant's VMs may take together, by the resource's name. A request over it is
    /// refused, or waits, wherever there is room.
    quota "quota = { … }" Amounts {
        /// The most VMs alive.
        VMS "vms" Whole, Else("no bound"), "100";
    }

    /// How long a request may wait.
    wait "when-full = { … }, when-preempted = { … }" None {
        /// So long at most; `"forever"` is no bound.
        WAIT "wait" Wait, Must, "\"2 days\"";
    }

    /// What multiplies a rate. All of it does.
    season "season = { … }" None {
        /// The hours of the day: a peak and a trough, or 24 numbers, from midnight on, of which
        /// only the proportions count.
        DAILY "daily" Daily, Else("none"), "{ peak = 1.8, trough = 0.35, peak-hour = 14 }";
        /// The days of the week: a factor for Saturday and Sunday, or seven, Monday first.
        WEEKLY "weekly" Weekly, Else("none"), "{ weekend = 0.8 }";
        /// Single stretches of time.
        EVENTS "events" Tables(&super::event::SECTION), Else("none"), "[{ at = \"2012-11-23\", lasts = \"1 day\", factor = 5 }]";
        /// Requests come in these hours only. Then the rate is one for each working day: as many
        /// come in its hours as would else in all 24.
        HOURS "hours" Hours, Else("`\"always\"`"), "{ from = \"09:00\", to = \"17:00\" }";
    }

    /// A desk: operators, and what they do to a request before it is placed. A request is approved,
    /// stands in the queue, and is taken up by an operator. All this happens in working hours only.
    desk "[provisioning.NAME]" None {
        /// How many work at a time.
        OPERATORS "operators" Whole, Else("as many as there are tickets"), "3";
        /// How long an operator is at a ticket, in working time; drawn when the request arrives.
        HANDS_ON "hands-on" Spread(false), Else("`\"0 s\"`"), "{ distribution = \"exponential\", mean = \"30 min\" }";
        /// From the request until it may be worked on, in working time; drawn when it arrives.
        APPROVAL "approval" Spread(false), Else("`\"0 s\"`"), "{ distribution = \"lognormal\", median = \"4 h\", sigma = 1 }";
        /// When anything happens here.
        HOURS "hours" Hours, Else("9 to 17 h, Monday to Friday"), "\"always\"";
        /// Who is taken up first: who came first, or whose demand has the higher `priority`. Nobody
        /// is interrupted.
        ORDER "order" Choice(super::ORDERS), Else("`\"arrival\"`"), "\"priority\"";
        /// Tickets join the queue only at multiples of so long since the start, as where somebody
        /// looks once a day; at least 1 min.
        EVERY "every" Length, Else("at once"), "\"1 day\"";
        /// Whether each tenant whose requests come here has operators of its own: an equal part of
        /// them, those that are left over going to the first tenants.
        PER_TENANT "per-tenant" Flag, Else("false"), "true";
    }

    /// Working hours.
    hours "hours = { … }" None {
        /// From: an hour of the day.
        FROM "from" Text, Else("`\"09:00\"`"), "\"08:30\"";
        /// To: a later one, `"24:00"` at most.
        TO "to" Text, Else("`\"17:00\"`"), "\"18:00\"";
        /// On which days.
        DAYS "days" TextList, Else("Monday to Friday"), "[\"monday\", \"tuesday\", \"saturday\"]";
    }

    /// A day with one peak and one trough, twelve hours apart, and a mean of 1.
    daily "daily = { … }" None {
        /// The factor at the peak; above 1.
        PEAK "peak" Number, Must, "1.8";
        /// The factor at the trough; below 1.
        TROUGH "trough" Number, Must, "0.35";
        /// The hour of the peak, 0 to 23.
        PEAK_HOUR "peak-hour" Whole, Else("14"), "14";
    }

    /// A week with another weekend.
    weekly "weekly = { … }" None {
        /// The factor on Saturday and Sunday; other days have 1.
        WEEKEND "weekend" Number, Must, "0.8";
    }

    /// A stretch of time with a factor of its own.
    event "events = [{ … }]" None {
        /// When it begins: a date, or a time since the start.
        AT "at" Time, Must, "\"2012-11-23\"";
        /// How long it lasts.
        LASTS "lasts" Length, Must, "\"1 day\"";
        /// What it multiplies the rate with.
        FACTOR "factor" Number, Must, "5";
    }

    /// VMs that are placed by one another: kept apart, together, or evenly spread. Besides `size` at
    /// least one key is needed.
    group "group = { … }" None {
        /// So many requests, one after another, are a group. Without it all of the demand is one
        /// (or what a trace's column `group` says).
        SIZE "size" Whole, Else("all"), "3";
        /// The most of a group on one host.
        MAX_PER_HOST "max-per-host" Whole, Else("no bound"), "1";
        /// The most of a group in one rack.
        MAX_PER_RACK "max-per-rack" Whole, Else("no bound"), "1";
        /// The most of a group in one zone.
        MAX_PER_ZONE "max-per-zone" Whole, Else("no bound"), "2";
        /// `"host"`, `"rack"` or `"zone"`: at most one of a group in each; another word for
        /// `max-per-host = 1`, …. `true` is `"host"`.
        ANTI_AFFINITY "anti-affinity" FlagOrLevel, Else("false"), "true";
        /// `"host"`, `"rack"` or `"zone"`: all of a group in one. The first goes anywhere, the others
        /// where members are.
        AFFINITY "affinity" Choice(super::LEVELS), Else("none"), "\"rack\"";
        /// At most so many more of a group in one place than where it has fewest, by kind of place. A
        /// place counts if it has a host of the pool and with the labels that the VM asks for.
        MAX_SKEW "max-skew" Table(&super::skew::SECTION), Else("no bound"), "{ zone = 1 }";
        /// So many VMs of a group are not pushed out as long as others can be, as a Kubernetes
        /// disruption budget has it.
        MIN_AVAILABLE "min-available" Whole, Else("0"), "2";
        /// The same as wishes, each with a weight.
        PREFERS "prefers" TableOrTables(&super::group_prefer::SECTION), Else("none"), "{ anti-affinity = \"host\", weight = 10 }";
    }

    /// How uneven a group may be, by kind of place; each 1 or more.
    skew "max-skew = { … }" None {
        /// Over hosts.
        HOST "host" Whole, Else("no bound"), "1";
        /// Over racks.
        RACK "rack" Whole, Else("no bound"), "1";
        /// Over zones.
        ZONE "zone" Whole, Else("no bound"), "1";
    }

    /// What a group had better be: one of `affinity`, `anti-affinity` and `spread`.
    group_prefer "group.prefers = { … }" None {
        /// `"host"`, `"rack"` or `"zone"`: each member in the same one counts for a host.
        AFFINITY "affinity" Choice(super::LEVELS), OneOf, "\"rack\"";
        /// The same against it.
        ANTI_AFFINITY "anti-affinity" Choice(super::LEVELS), OneOf, "\"host\"";
        /// The same for each member by which it would be over `max-skew`.
        SPREAD "spread" Choice(super::LEVELS), OneOf, "\"zone\"";
        /// With `spread`: so many more than in the place with fewest are fine.
        MAX_SKEW "max-skew" Whole, Else("1"), "2";
        /// How much each member counts, 1 to 100.
        WEIGHT "weight" Whole, Else("1"), "10";
    }

    /// Always the same. A duration alone, without a table, means the same.
    spread_constant "distribution = \"constant\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"constant\"";
        /// The duration.
        VALUE "value" Length, Must, "\"90 days\"";
    }

    /// As likely to end in the next hour, however old.
    spread_exponential "distribution = \"exponential\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"exponential\"";
        /// The mean; above 0.
        MEAN "mean" Length, Must, "\"90 days\"";
    }

    /// The logarithm is normal: `median` with `sigma`, or `mean` with `cv`.
    spread_lognormal "distribution = \"lognormal\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"lognormal\"";
        /// Half are shorter.
        MEDIAN "median" Length, OneOf, "\"70 days\"";
        /// Standard deviation of the natural logarithm, 0 to 10.
        SIGMA "sigma" Number, OneOf, "0.5";
        /// The mean.
        MEAN "mean" Length, OneOf, "\"80 days\"";
        /// Standard deviation ÷ mean, 0 to 1000.
        CV "cv" Number, OneOf, "0.5";
    }

    /// Weibull: `shape` with `scale` or with `mean`.
    spread_weibull "distribution = \"weibull\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"weibull\"";
        /// Below 1 the old live on, above 1 they die; 0.05 to 100.
        SHAPE "shape" Number, Must, "0.7";
        /// 63.2 % are shorter.
        SCALE "scale" Length, OneOf, "\"60 days\"";
        /// The mean.
        MEAN "mean" Length, OneOf, "\"80 days\"";
    }

    /// One of several distributions, by weight. At most 4 deep.
    spread_mixture "distribution = \"mixture\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"mixture\"";
        /// The parts: a distribution each, and its weight.
        OF "of" Tables(&super::part::SECTION), Must, "[{ weight = 0.7, distribution = \"exponential\", mean = \"2 days\" }, { weight = 0.3, distribution = \"constant\", value = \"2 years\" }]";
    }

    /// A part of a mixture: the keys of a distribution, and this one.
    part "of = [{ … }]" None {
        /// How likely it is, against the others; above 0.
        WEIGHT "weight" Number, Must, "0.7";
    }

    /// One of the values of a file, each as likely.
    spread_file "distribution = \"file\"" None {
        /// Which distribution.
        DISTRIBUTION "distribution" Choice(super::SPREADS), Must, "\"file\"";
        /// A CSV file, plain or gzip, with the column `lifetime_s`: 1 to 1,000,000 values.
        FILE "file" File, Must, "\"lifetimes.csv\"";
    }

    /// How hosts are chosen among those that can take a VM.
    placement "[placement]" None {
        /// Which policy.
        POLICY "policy" Choice(super::POLICIES), Else("`\"scores\"` or `\"rules\"` where there are such, else `\"first-fit\"`"), "\"best-fit\"";
        /// What best-fit and worst-fit compare: what is left of these resources, the next on
        /// ties. Without it: the sum of the free shares of all resources.
        BY "by" By, Else("all"), "[\"cpu\", \"memory\"]";
        /// How much each resource counts, to the thousandth; one that is not named does not. For
        /// the policies that add shares up.
        WEIGHTS "weights" Weights("resource"), Else("all alike"), "{ cpu = 2, memory = 1 }";
        /// What free amounts are shares of: of what the host could give out, or of the most that a
        /// host of the scenario could.
        NORM "norm" Choice(&["host", "fleet"]), Else("`\"fleet\"` for dot-product, norm-greedy and cosine, else `\"host\"`"), "\"fleet\"";
        /// How many hosts power-of-d draws.
        D "d" Whole, Else("2"), "2";
        /// Which of its draws power-of-d takes: the one with least room left, or with most.
        PREFER "prefer" Choice(&["best", "worst"]), Else("`\"worst\"`"), "\"worst\"";
        /// Whether dot-product takes the largest product or the smallest.
        SENSE "sense" Choice(&["max", "min"]), Else("`\"max\"`"), "\"max\"";
        /// The base of epvm's powers, 1 or more.
        BASE "base" Number, Else("the number of hosts in service"), "100";
        /// The bounds between the buckets of lifetime-bucket: durations, ascending.
        BOUNDS "bounds" TextList, Else("0, 30 min, 1 h, 2 h, 4 h and 8 h"), "[\"0 s\", \"1 h\", \"1 day\"]";
        /// Whether the hosts that lack least of a VM's image come first, whatever the policy: it
        /// chooses among them. Labels that a demand `prefers` and its group count before. Only with
        /// `[distribution]`; not with `kubernetes`, whose plugin `image-locality` does it.
        PREFER_WARM "prefer-warm" Flag, Else("false"), "true";
        /// How wrong policies that go by lifetimes are about them. Without it they know them.
        PREDICTIONS "predictions" Table(&super::predictions::SECTION), Else("the truth"), "{ error = 0.5, misses = \"5%\" }";
        /// What the policy `rules` compares: the first decides, the next on ties. Up to 8.
        RULES "rules" Tables(&super::rule::SECTION), Else("none"), "[{ score = \"non-empty\" }, { score = \"best-fit\", quantum = 0.25 }]";
        /// What the policy `scores` adds up: the host with the highest sum is taken. Up to 8.
        SCORES "scores" Tables(&super::scorer::SECTION), Else("none"), "[{ score = \"best-fit\", weight = 2 }, { expression = \"free_cpu / capacity_cpu - 0.5 * vms\" }]";
        /// `rules` and `scores`: hosts on which one of these expressions is 0 are passed over,
        /// though they have room. Up to 8.
        FILTERS "filters" TextList, Else("none"), "[\"vms < 20\", \"left_memory / capacity_memory >= 0.1\"]";
        /// `rules`, `scores` and `fgd`: which of the hosts that are equally good is taken.
        TIES "ties" Choice(super::TIES), Else("`\"lowest-index\"`"), "\"random\"";
        /// `kubernetes`: the scheduler profile's plugins, with their weights.
        PLUGINS "plugins" Table(&super::plugins::SECTION), Else("those of the default profile"), "{ node-resources-fit = 1 }";
        /// `kubernetes`: how NodeResourcesFit scores: LeastAllocated, MostAllocated, or
        /// RequestedToCapacityRatio by `shape`.
        FIT "fit" Choice(super::FITS), Else("`\"least\"`"), "\"most\"";
        /// `kubernetes`, `fit = "ratio"`: points, ascending in `used`; between them a straight line.
        SHAPE "shape" Tables(&super::shape::SECTION), Else("none"), "[{ used = 0, score = 0 }, { used = 100, score = 10 }]";
        /// `kubernetes`: the resources that its plugins look at, each with its weight for
        /// NodeResourcesFit, 1 to 100. What a request does not ask for is left out, apart from
        /// cpu, memory and disk.
        RESOURCES "resources" ResourceWeights, Else("cpu and memory, 1"), "{ cpu = 1, memory = 1, gpu = 5 }";
        /// `kubernetes`: it scores once it has found room on this percentage of the hosts (on 100
        /// at least), and goes on from there next time; 0 to 100. With 0 it chooses: 50 less one
        /// for each 125 hosts, at least 5, which is what a cluster does that does not set it.
        PERCENTAGE_OF_NODES "percentage-of-nodes-to-score" Whole, Else("100"), "0";
        /// `kubernetes`: whether it looks at a host of each zone in turn, as the scheduler does,
        /// or by index. Of hosts that score the same, the one looked at first is taken.
        ZONE_INTERLEAVE "zone-interleave" Flag, Else("false"), "true";
        /// `nova`: the multipliers of its weighers.
        WEIGHERS "weighers" Table(&super::weighers::SECTION), Else("all 1"), "{ memory = -1 }";
        /// `nomad`: whether full hosts are better or empty ones.
        ALGORITHM "algorithm" Choice(super::ALGORITHMS), Else("`\"binpack\"`"), "\"spread\"";
        /// `nomad`: how many hosts with room it looks at, in random order: as for a service (about
        /// the binary logarithm of the number of hosts), as for a batch job (2), or all.
        VISITS "visits" Choice(super::VISITS), Else("`\"service\"`"), "\"batch\"";
        /// Whether a request that fits nowhere pushes out VMs of lower `priority`. Victims are
        /// chosen as by the Kubernetes scheduler, whatever the policy.
        PREEMPTION "preemption" Flag, Else("false"), "true";
        /// `fgd`: the requests that GPUs are to stay usable for.
        TYPICAL "typical" Tables(&super::typical::SECTION), Else("the commonest of the demand that make up 95 % of its requests"), "[{ cpu = 4, gpu = 0.25, share = 0.6 }, { cpu = 8, gpu = 1, share = 0.4 }]";
    }

    /// What a policy that goes by lifetimes believes of them: the truth × an error, drawn when the
    /// request is made. Half of the predictions are too long, half too short.
    predictions "placement.predictions" None {
        /// σ of the error, which is lognormal with the median 1: with 0.5 two of three predictions
        /// are within a factor of 1.65; 0 to 10.
        ERROR "error" Number, Else("0"), "0.5";
        /// The share of predictions that miss wildly, by `miss-factor` up or down.
        MISSES "misses" Share, Else("none"), "\"5%\"";
        /// The factor of a wild miss, 1 or more; on top of the error.
        MISS_FACTOR "miss-factor" Number, Else("100"), "30";
        /// Whether a VM that is still there when it should have ended is believed to stay as long
        /// again as it has; if not, it is believed to end at any moment.
        REPREDICT "repredict" Flag, Else("true"), "false";
    }

    /// Plugins of a Kubernetes scheduler profile. One that is not named is not used.
    plugins "placement.plugins" None {
        /// Weight of NodeResourcesFit, 0 to 100: how full a host will be.
        NODE_RESOURCES_FIT "node-resources-fit" Whole, Else("0"), "1";
        /// Weight of NodeResourcesBalancedAllocation, 0 to 100: how alike its resources are used.
        BALANCED_ALLOCATION "balanced-allocation" Whole, Else("0"), "1";
        /// Weight of TaintToleration, 0 to 100: the fewer soft taints the better.
        TAINT_TOLERATION "taint-toleration" Whole, Else("0"), "3";
        /// Weight of NodeAffinity, 0 to 100: what a demand `prefers`.
        NODE_AFFINITY "node-affinity" Whole, Else("0"), "2";
        /// Weight of PodTopologySpread, 0 to 100: the soft `spread` of a group.
        POD_TOPOLOGY_SPREAD "pod-topology-spread" Whole, Else("0"), "2";
        /// Weight of InterPodAffinity, 0 to 100: the soft affinity of a group, and its required
        /// `affinity`.
        INTER_POD_AFFINITY "inter-pod-affinity" Whole, Else("0"), "2";
        /// Weight of ImageLocality, 0 to 100: images that a host has fetched already, large and
        /// widespread ones most. Only with `[distribution]`.
        IMAGE_LOCALITY "image-locality" Whole, Else("0"), "1";
    }

    /// A point of a RequestedToCapacityRatio shape.
    shape "placement.shape" None {
        /// Percent used, 0 to 100.
        USED "used" Whole, Must, "80";
        /// The score there, 0 to 10.
        SCORE "score" Whole, Must, "10";
    }

    /// Multipliers of Nova's weighers: above 0 spreads VMs, below 0 packs them, 0 does not count.
    weighers "placement.weighers" None {
        /// CPU: vCPUs left, overcommit included.
        CPU "cpu" Signed, Else("1"), "-1.0";
        /// RAM: memory left, without overcommit.
        MEMORY "memory" Signed, Else("1"), "-1.0";
        /// Disk left, without overcommit.
        DISK "disk" Signed, Else("1"), "0.5";
    }

    /// A typical request of `fgd`: its cpu and its gpu; other resources do not count.
    typical "placement.typical" Amounts {
        /// How often it comes, above 0: its part of the sum of all shares.
        SHARE "share" Number, Must, "0.6";
    }

    /// One rule of the policy `rules`: the host with the lower score comes first. The scores called
    /// like a policy order hosts as that policy does; they measure shares by the `norm` and the
    /// `weights` of the placement.
    rule "rules = [{ … }]" None {
        /// What is compared. `label`: hosts with a label come first; `non-empty`: hosts with a VM
        /// do; `extension`: by how many ms the VM puts off the end of the host's last VM.
        SCORE "score" Choice(super::SCORES), Must, "\"best-fit\"";
        /// Scores count in whole multiples of this, so that near equals tie; above 0.
        QUANTUM "quantum" Number, Else("as they are"), "0.25";
        /// The label's name. Only and always with `label`.
        KEY "key" Text, OneOf, "\"gen\"";
        /// The label's value. Only and always with `label`.
        VALUE "value" Text, OneOf, "\"g2\"";
    }

    /// One score of the policy `scores`: a score of a rule, or an expression. Each is brought to 0
    /// to 1 over the hosts that can take the VM, 1 for the host that it likes best (a score called
    /// like a policy: the one that the policy takes; an expression: the one where it is highest; all
    /// 0 if they are alike), multiplied by its weight and added up. What an expression can use is
    /// in the user's guide.
    scorer "scores = [{ … }]" None {
        /// A score, as in a rule. This or `expression`.
        SCORE "score" Choice(super::SCORES), OneOf, "\"best-fit\"";
        /// Arithmetic over the host and the request, of which more is better. This or `score`.
        EXPRESSION "expression" Text, OneOf, "\"free_cpu / capacity_cpu - 0.5 * vms\"";
        /// What it is multiplied by; below 0 it counts the other way round.
        WEIGHT "weight" Signed, Else("1"), "2";
        /// Whether it is brought to 0 to 1 first, or added as it is (scores of which less is better
        /// with a minus sign).
        NORMALISE "normalise" Choice(super::NORMALISERS), Else("`\"min-max\"`"), "\"none\"";
        /// The label's name. Only and always with `label`.
        KEY "key" Text, OneOf, "\"gen\"";
        /// The label's value. Only and always with `label`.
        VALUE "value" Text, OneOf, "\"g2\"";
    }

    /// How hosts are emptied by live migration: now and then the least used hosts whose VMs all fit
    /// elsewhere. A VM on the move takes room on both hosts.
    defrag "[defrag]" None {
        /// How often a plan is made in a run, the first time after so long; at least 1 min, and at
        /// most 10 million times a run.
        EVERY "every" Length, Else("never; `fleetcast defrag` makes a plan without it"), "\"1 day\"";
        /// What hosts and VMs are measured by, the next on ties: the least used hosts are emptied,
        /// the largest VMs go first, and each to the host with least left.
        BY "by" By, Else("the first resource that is asked for"), "\"memory\"";
        /// The most migrations of one plan.
        MAX_MIGRATIONS "max-migrations" Whole, Else("no bound"), "100";
        /// The most migrations of one VM in one plan.
        MOVES_PER_VM "moves-per-vm" Whole, Else("1"), "2";
        /// So many VMs on the move at a time.
        CONCURRENT "concurrent" Whole, Else("4"), "10";
        /// So many of them from or to one host; they share its bandwidth evenly.
        PER_HOST "per-host" Whole, Else("1"), "2";
        /// How fast memory is copied.
        BANDWIDTH "bandwidth" DataRate, Else("`\"1100 MiB/s\"`"), "\"10 Gbit/s\"";
        /// How fast a VM writes to memory that was copied already, so that it is copied again.
        DIRTY_RATE "dirty-rate" DataRate, Else("`\"100 MiB/s\"`"), "\"50 MiB/s\"";
        /// For how long a VM may stand still while the rest is copied.
        MAX_DOWNTIME "max-downtime" Length, Else("`\"500 ms\"`"), "\"300 ms\"";
        /// So many rounds of copying at most, 1 to 1000.
        MAX_ROUNDS "max-rounds" Whole, Else("30"), "10";
        /// What happens when too much is left then: the VM stands still until all is copied, or
        /// stays where it was, or runs on at the new host and fetches what it lacks.
        WHEN_STUCK "when-stuck" Choice(super::WHEN_STUCK), Else("`\"force\"`"), "\"abort\"";
        /// A migration that takes longer than this for each GiB of memory (2 GiB at least) is
        /// given up.
        TIMEOUT_PER_GIB "timeout-per-gib" Length, Else("none"), "\"800 s\"";
    }

    /// VMs that leave a pool for another. Each is given room in the new pool by the rules of placement,
    /// is copied, runs in both, and is cut over; then the old one is retired. What its demand asks for
    /// from its first wave on is asked for in the new pool.
    pool_migration "[[pool-migration]]" None {
        /// The pool that they leave.
        FROM "from" Name("pool"), Must, "\"vmware\"";
        /// The pool that they go to.
        TO "to" Name("pool"), Must, "\"openstack\"";
        /// The demands or services whose VMs go, in this order; they name `from` as their pool. Jobs
        /// stay where their scheduler is.
        DEMANDS "demands" TextList, Else("all of the pool `from`, but jobs"), "[\"shop\", \"mail\"]";
        /// When the first wave begins.
        AT "at" Time, Must, "\"2016-09-01\"";
        /// How long after one wave the next begins, at least 1 min. A wave of which a copy waits for
        /// room holds up the next.
        EVERY "every" Length, Else("`\"1 day\"`"), "\"7 days\"";
        /// How many VMs are in a wave: of the first demand, then of the next, the oldest requests
        /// first.
        WAVE "wave" Whole, Else("all of one demand"), "8";
        /// What copies go over, one after another: the VM's disk, or its memory where it has none.
        BANDWIDTH "bandwidth" DataRate, Else("they take no time"), "\"1 Gbit/s\"";
        /// How long a wave runs in both pools once all of it is copied.
        RUN_TWICE "run-twice" Length, Else("`\"0 s\"`"), "\"14 days\"";
    }

    /// Hosts that leave a pool for another once they are empty; each is then what the other pool
    /// makes of its model.
    hand_over "[[hand-over]]" None {
        /// The pool that they leave.
        FROM "from" Name("pool"), Must, "\"vmware\"";
        /// The pool that they join.
        TO "to" Name("pool"), Must, "\"openstack\"";
        /// From when on somebody looks.
        AT "at" Time, Else("the start"), "\"2016-09-01\"";
        /// How often somebody looks, at least 1 min.
        EVERY "every" Length, Else("`\"1 day\"`"), "\"7 days\"";
        /// So many hosts at most.
        HOSTS "hosts" Whole, Else("no bound"), "40";
        /// So many stay at least.
        KEEP "keep" Whole, Else("0"), "4";
        /// The share of what stays in the old pool that must be free, of each resource.
        HEADROOM "headroom" Share, Else("0%"), "\"25%\"";
        /// From leaving one pool to service in the other.
        TAKES "takes" Length, Else("`\"0 s\"`"), "\"1 day\"";
    }

    /// What fails, how soon somebody notices, and what becomes of it. A host that fails is out of
    /// service until it is back; its VMs are down. Two policies face the same failures.
    failures "[failures]" None {
        /// How often each host fails, at random (a Poisson process).
        HOSTS "hosts" FailureRate, Else("never"), "\"5% per year\"";
        /// How often each rack does, with all its hosts.
        RACKS "racks" FailureRate, Else("never"), "\"10% per year\"";
        /// How often each zone does.
        ZONES "zones" FailureRate, Else("never"), "\"2% per year\"";
        /// How likely a host that fails takes others of its rack with it.
        BURST "burst" Share, Else("0%"), "\"5%\"";
        /// How many others on average then, 1 or more; geometrically distributed.
        BURST_SIZE "burst-size" Number, Else("2"), "3";
        /// Outages from a CSV file, plain or gzip: `time_s`, one of `host`, `rack` and `zone` with
        /// its name, and `lasts_s`. Hosts without a name go by their number, from 0.
        TRACE "trace" File, Else("none"), "\"outages.csv\"";
        /// How often hosts say that they are alive.
        REPORT_EVERY "report-every" Length, Else("`\"10 s\"`"), "\"10 s\"";
        /// A host that has not done so for that long is taken for down.
        DOWN_AFTER "down-after" Length, Else("`\"60 s\"`"), "\"60 s\"";
        /// From there until its VMs are brought up elsewhere: nothing where a machine decides,
        /// some minutes where somebody makes sure that the host is really dead.
        DECISION "decision" Spread(false), Else("`\"0 s\"`"), "\"15 min\"";
        /// What becomes of the VMs of a host that fails: they are rebuilt elsewhere, as the policy
        /// says, in the order in which they came; or they come up again where they were, once the
        /// host is back; or they are lost. One that fits nowhere stays down until it does, and one
        /// whose host is back first comes up there.
        VMS "vms" Choice(super::WHEN_DOWN), Else("`\"evacuate\"`"), "\"restart\"";
        /// The same for some demands, by name.
        BY_DEMAND "by-demand" Choices("demand", super::WHEN_DOWN), Else("as `vms` says"), "{ db = \"restart\", batch = \"lose\" }";
        /// So many VMs come up on one host at once; others wait for them.
        BUILDS_PER_HOST "builds-per-host" Whole, Else("10"), "10";
        /// How long a host is under repair.
        REPAIR "repair" Spread(false), Else("`\"7 days\"`"), "{ distribution = \"lognormal\", median = \"7 days\", sigma = 0.5 }";
        /// How long a rack is down.
        RACK_REPAIR "rack-repair" Spread(false), Else("`\"4 h\"`"), "\"4 h\"";
        /// How long a zone is down.
        ZONE_REPAIR "zone-repair" Spread(false), Else("`\"6 h\"`"), "\"6 h\"";
        /// Whether hosts that fail by themselves are replaced, not repaired: by a spare, or once one
        /// has come. For each, a new one is ordered at once, which takes the model's `lead-time`.
        CATTLE "cattle" Flag, Else("false"), "true";
        /// `cattle`: spares of each model at the start.
        SPARES "spares" Whole, Else("0"), "4";
        /// `cattle`: from the failure, or from the arrival of a spare, until the new host is in
        /// service.
        SWAP "swap" Spread(false), Else("`\"1 day\"`"), "\"1 day\"";
    }

    /// What energy costs, and how hosts use it. Host models say what they draw with `power`.
    energy "[energy]" None {
        /// What the building draws ÷ what its hosts draw (power usage effectiveness), 1 to 10.
        PUE "pue" Number, Else("1"), "1.5";
        /// Price of a kWh, in the scenario's currency.
        PRICE "price" Number, Else("nothing"), "0.12";
        /// Carbon of a kWh in g of CO2e: a number, a region of AWS, Azure or GCP (the average of
        /// its grid), or a table.
        CARBON "carbon" Carbon(Some(&super::carbon::SECTION)), Else("not known"), "\"eu-central-1\"";
        /// Of the cpu that a host has given out, how much is at work. With 100%, energy is the most
        /// it can be.
        BUSY "busy" Share, Else("100%"), "\"30%\"";
        /// Whether hosts without VMs draw what idle ones do, or are off and draw nothing. They are
        /// off and on at once, as if that took no time.
        EMPTY_HOSTS "empty-hosts" Choice(super::EMPTY_HOSTS), Else("`\"on\"`"), "\"off\"";
    }

    /// The carbon of a kWh over time. Either `level`, perhaps with a shape, or `file`.
    carbon "carbon = { … }" None {
        /// What it is on average: g of CO2e, or a region.
        LEVEL "level" Carbon(None), OneOf, "412";
        /// One factor an hour of the day; their mean counts as 1.
        DAILY "daily" Factors(24), Else("all 1"), "[1.1, 1.1, 1.1, 1.1, 1.1, 1.1, 1, 0.9, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.9, 1, 1.1, 1.2, 1.2, 1.2, 1.1, 1.1, 1.1]";
        /// One factor a month, January first; their mean counts as 1.
        MONTHLY "monthly" Factors(12), Else("all 1"), "[1.2, 1.1, 1, 0.9, 0.8, 0.8, 0.8, 0.9, 1, 1.1, 1.2, 1.2]";
        /// A CSV file, plain or gzip: `time`, such as `2024-01-01T00:00:00` in the scenario's own
        /// time, and g of CO2e a kWh. Rows follow each other at equal distance, 1 min to 1 day. The
        /// file is repeated without end, forwards and backwards: give it whole years.
        FILE "file" File, OneOf, "\"grid-2024.csv\"";
        /// `file`: the column.
        COLUMN "column" Text, Else("`\"g_per_kwh\"`"), "\"NL\"";
    }

    /// A value that nobody is sure of. `fleetcast run` takes the file's own. Where many seeds are run
    /// (`compare`, `size`, `sweep`, `headroom`, `order`), each draws one between `low` and `high` (a triangular
    /// distribution), and so is a future of its own. What `--set` sets is sure.
    uncertain "[[uncertain]]" None {
        /// What it is called. Those of one name are drawn together: a future that is high for one is as
        /// high for all.
        NAME "name" Text, Must, "\"growth\"";
        /// Which value, as for `--set`: the way to a number of this file, with or without a unit.
        KEY "key" Text, Must, "\"demand.vms.alive.to\"";
        /// The lowest that it can be, as the key takes it.
        LOW "low" Bound, Must, "5000";
        /// The likeliest.
        LIKELY "likely" Bound, Else("the value at `key`"), "7000";
        /// The highest, in the same unit.
        HIGH "high" Bound, Must, "10000";
    }

    /// What must hold at the end: a key figure, and at least one bound.
    expect "[[expect]]" None {
        /// The key figure.
        METRIC "metric" Name("key figure"), Must, "\"refused\"";
        /// Whose figure it is: that of one demand. For `requests`, `placed`, `refused`, and for times.
        DEMAND "demand" Name("demand"), Else("that of the whole run"), "\"vms\"";
        /// It is at most this: a number; a percentage, for figures that are part of a whole; a
        /// duration, for times.
        AT_MOST "at-most" Bound, OneOf, "\"0.1%\"";
        /// It is at least this.
        AT_LEAST "at-least" Bound, OneOf, "100";
    }
}
