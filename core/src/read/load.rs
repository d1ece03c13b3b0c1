//! The load: flavors, and the demands that ask for them.

use super::check::{Check, Table, Wide};
use super::curves::{self, Of};
use super::desks::{Desks, Way, read_hours};
use super::fields::{
    Field, daily, demand, event, flavor, jobs, jvm, root, season, service, wait, weekly,
};
use super::findings::At;
use super::fleet::{Fleet, UNEVEN_HINT, inherited, uneven};
use super::groups::read_group;
use super::memory;
use super::pool_shares::{PoolShare, read_shares};
use super::rules::{Rules, Tenant, Tenants, read_rules, read_tenants};
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::demand::poisson;
use crate::problem::Problems;
use crate::provisioning::jvm::Jvm;
use crate::resources::{AMOUNT_MAX, Builtin, CELLS_MAX, PORTION_HINT, is_portion};
use crate::scenario::{
    Arrivals, Distribution, GroupRule, MemoryUse, Season, SeasonEvent, ServiceId, TraceFile,
    WhenFull, WhenPreempted,
};
use crate::trace::survey;
use crate::units::{format_amount, shorten};
use std::collections::{BTreeMap, BTreeSet};

/// The most demands times flavors: a run looks up what each flavor asks for in each demand.
const ASKS_MAX: usize = 1_000_000;

/// The most requests of a run: more take hours.
const REQUESTS_MAX: f64 = 1e9;

/// The most events of one season.
const EVENTS_MAX: usize = 1_000;

/// A flavor with all the kinds that it asks for.
pub(crate) struct FlavorDraft {
    pub(crate) name: String,
    pub(crate) amounts: Wide,
    pub(crate) cells: u8,
    pub(crate) memory_use: Option<Box<MemoryUse>>,
}

/// A demand, its labels as `key=value` and its other names as rows.
#[derive(Clone)]
pub(crate) struct DemandDraft {
    pub(crate) name: String,
    /// What it is a part of, in one of several pools.
    pub(crate) part_of: Option<String>,
    /// Where it says when requests come.
    pub(crate) at: At,
    pub(crate) arrivals: Arrivals,
    /// Rows of flavors, and their weights.
    pub(crate) mix: Vec<(usize, f64)>,
    /// How often so much CPU and so many GPUs are asked for, in any unit.
    pub(crate) asked: BTreeMap<[i64; 2], f64>,
    pub(crate) lifetime: Distribution,
    pub(crate) boot: Distribution,
    pub(crate) tenant: usize,
    pub(crate) pool: Option<usize>,
    pub(crate) labels: Vec<String>,
    pub(crate) rules: Rules,
    pub(crate) group: Option<GroupRule>,
    pub(crate) way: Way,
    pub(crate) when_full: WhenFull,
    pub(crate) priority: i32,
    pub(crate) preempts: bool,
    pub(crate) when_preempted: WhenPreempted,
}

/// The load so far.
#[derive(Default)]
pub(crate) struct Load {
    pub(crate) flavors: Vec<FlavorDraft>,
    flavor_rows: BTreeMap<String, usize>,
    pub(crate) demands: Vec<DemandDraft>,
    names: BTreeSet<String>,
    pub(crate) tenants: Vec<String>,
    tenant_rows: BTreeMap<String, usize>,
    /// What requests go through.
    pub(crate) desks: Desks,
    /// What some of them are held to.
    pub(crate) held: Tenants,
    /// Which kinds somebody asks for.
    pub(crate) uses: [bool; 8],
    /// The last instant of all traces, ms.
    pub(crate) traces_end_ms: u64,
    /// What is still to be held against the hosts, once they are known.
    asks: Vec<Ask>,
    /// Where priorities are said.
    priorities: Vec<At>,
    /// How many services there are.
    services: usize,
}

/// The sizes of one demand and the hosts that it may use.
struct Ask {
    at: At,
    pool: Option<usize>,
    labels: Vec<String>,
    rules: Rules,
    /// What to call it, and its size.
    sizes: Vec<(String, Wide)>,
    /// As in [`DemandDraft`].
    asked: BTreeMap<[i64; 2], f64>,
}

/// Whose VMs are, and where they may be.
struct Owner {
    tenant: usize,
    pool: Option<usize>,
    /// A pool that is not there would make noise later.
    is_pool_known: bool,
    labels: Vec<String>,
    rules: Option<Rules>,
    group: Option<GroupRule>,
    priority: Option<i32>,
    preempts: Option<bool>,
}

impl Owner {
    fn ask(&self, at: At) -> Ask {
        Ask {
            at,
            pool: self.pool,
            labels: self.labels.clone(),
            rules: self.rules.clone().unwrap_or_default(),
            sizes: Vec::new(),
            asked: BTreeMap::new(),
        }
    }
}

/// CPU and GPUs.
fn cpu_and_gpu(amounts: &[i64]) -> [i64; 2] {
    [Builtin::Cpu, Builtin::Gpu].map(|kind| amounts[kind as usize])
}

impl DemandDraft {
    /// Whether its requests are the rows of a file.
    pub(crate) fn is_traced(&self) -> bool {
        matches!(self.arrivals, Arrivals::Trace(_))
    }

    /// How many requests are to be expected, and how to make them fewer.
    pub(crate) fn requests(&self, run_ms: u64) -> (f64, &'static str) {
        match &self.arrivals {
            Arrivals::Alive(curve) => {
                // A life of no time at all counts as 1 ms.
                let lives_ms = self.lifetime.mean_within_ms(run_ms).max(1.0);
                let is_for_good = lives_ms >= run_ms as f64;
                let ends = if is_for_good { 0.0 } else { curve.area(run_ms) / lives_ms };
                let requests = curve.max_in(0, run_ms) + ends;
                (requests, "lengthen `lifetime`, lower the count, or shorten `duration`")
            }
            Arrivals::Rate { per_ms, season } => {
                let requests = poisson::candidates(per_ms, season, run_ms);
                (requests, "lower the rate or its `season`, or shorten `duration`")
            }
            Arrivals::Trace(trace) => (trace.rows as f64, "take a part of the trace"),
            // Its instances are counted with its rollouts.
            Arrivals::Instances(_) => (0.0, ""),
            // Tasks are counted with their jobs.
            Arrivals::Jobs(_) => (0.0, ""),
        }
    }
}

impl Load {
    /// Reads the flavors.
    pub(crate) fn read_flavors(&mut self, check: &mut Check<'_>, node: &Node) {
        let key = root::FLAVORS.key;
        for (entry, merged) in inherited(check, key, "flavor", &flavor::EXTENDS, node) {
            let table = check.open_entries(merged, entry.key_at, &[&flavor::SECTION]);
            let errors_before = check.findings.error_count();
            let (mut amounts, _) = check.amounts(&table);
            let heap_mib = read_jvm(check, &table, &mut amounts);
            // What is lacking because it is wrong, or another's fault, is told already.
            let is_own = table.get(&flavor::EXTENDS).is_none();
            let gpu = Builtin::Gpu;
            if let Some(node) = table.resource(gpu.name())
                && !is_portion(amounts[gpu as usize])
            {
                let asked = format_amount(gpu.name(), gpu.unit(), amounts[gpu as usize]);
                let message = format!("{asked} is neither a part of one nor whole ones");
                check.error_hint(node.at, message, PORTION_HINT);
            }
            let is_right = is_own && check.findings.error_count() == errors_before;
            if amounts == [0; 8] && is_right && !check.findings.is_broken() {
                let message = format!("the flavor `{}` asks for nothing", shorten(&entry.key));
                check.error_hint(table.at, message, "add what it takes, such as `cpu = 2`");
            }
            self.flavor_rows.insert(entry.key.clone(), self.flavors.len());
            let cells = read_cells(check, &table, &amounts);
            let asked_mib = amounts[Builtin::Memory as usize];
            let memory_use = memory::read(check, &table, asked_mib, heap_mib).map(Box::new);
            self.flavors.push(FlavorDraft { name: entry.key.clone(), amounts, cells, memory_use });
        }
    }

    fn flavor_named(&self, check: &mut Check<'_>, name: &str, at: At) -> Option<usize> {
        let row = self.flavor_rows.get(name).copied();
        if row.is_none() {
            check.unknown_name(at, "flavor", name, self.flavor_rows.keys().map(String::as_str));
        }
        row
    }

    /// The row of a tenant, new or not.
    pub(crate) fn tenant(&mut self, name: &str) -> usize {
        if let Some(row) = self.tenant_rows.get(name) {
            return *row;
        }
        let row = self.tenants.len();
        self.tenants.push(name.to_owned());
        self.tenant_rows.insert(name.to_owned(), row);
        row
    }

    /// Reads what tenants are held to.
    pub(crate) fn read_tenants(&mut self, check: &mut Check<'_>, node: &Node) {
        self.held = read_tenants(check, &self.desks, node);
    }

    /// By tenant: what it is held to, of all kinds.
    pub(crate) fn held_by_tenant(&self) -> Vec<Option<&Tenant>> {
        self.tenants.iter().map(|name| self.held.find(name)).collect()
    }

    /// Warns of tenants that own no demand.
    pub(crate) fn check_tenants(&self, check: &mut Check<'_>) {
        let owns_none = |held: &&Tenant| !self.tenant_rows.contains_key(&held.name);
        for tenant in self.held.list.iter().filter(owns_none) {
            let known = self.tenants.iter().map(String::as_str);
            let hint = check.name_hint("tenant", &tenant.name, known);
            let message = format!("no demand belongs to the tenant `{}`", shorten(&tenant.name));
            check.warning(tenant.at, message, hint);
        }
    }

    /// Warns of what is guaranteed to jobs where there are none.
    pub(crate) fn check_guarantees(&self, check: &mut Check<'_>) {
        for tenant in self.held.list.iter().filter(|tenant| tenant.guarantee.is_some()) {
            let name = shorten(&tenant.name);
            let message = format!("`{name}` is guaranteed something for its jobs, and has none");
            check.warning(tenant.at, message, "add jobs with `[[jobs]]`");
        }
    }

    /// Reads the demands. The pools must be known by name.
    pub(crate) fn read_demands(&mut self, check: &mut Check<'_>, fleet: &Fleet, node: &Node) {
        let nodes = check.list(root::DEMAND.key, node, false);
        if nodes.is_empty() && !check.findings.has_errors() {
            check.error_hint(node.at, "there is no demand", "add one with `[[demand]]`");
        }
        for node in nodes {
            if let Some(table) = check.open(root::DEMAND.key, node, node.at, &[&demand::SECTION]) {
                let draft = self.read_demand(check, fleet, &table);
                let shares = read_shares(check, fleet, &table);
                match draft {
                    Some(draft) if draft.is_traced() && !shares.is_empty() => {
                        let message = "a trace is in one pool, or says in its column `pool` where";
                        let at = table.at_key(&demand::POOLS);
                        check.error_hint(at, message, "leave `pools` out");
                    }
                    Some(draft) if !shares.is_empty() => {
                        self.demands.extend(shares.iter().map(|share| share.of(&draft)));
                    }
                    draft => self.demands.extend(draft),
                }
            }
        }
    }

    /// There is always a tenant, and all that others are parts of.
    pub(crate) fn need_tenant(&mut self) {
        if self.tenants.is_empty() {
            self.tenant("default");
        }
        for row in 0..self.tenants.len() {
            let line: Vec<String> =
                self.held.line_of(&self.tenants[row]).map(|above| above.name.clone()).collect();
            line.iter().for_each(|name| {
                self.tenant(name);
            });
        }
    }

    /// The desks of a tenant's requests: its own, or those of the nearest above it.
    fn way_of_tenant(&self, tenant: usize) -> Way {
        let mut line = self.held.line_of(&self.tenants[tenant]);
        line.find_map(|tenant| tenant.way.clone()).unwrap_or_default()
    }

    /// The row of the tenant that another is a part of.
    pub(crate) fn parent_of(&self, tenant: &Tenant) -> Option<usize> {
        self.tenant_rows.get(tenant.parent.as_deref()?).copied()
    }

    fn read_demand(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        table: &Table<'_>,
    ) -> Option<DemandDraft> {
        let name = self.read_name(check, table, &demand::NAME);
        let owner = self.read_owner(check, fleet, table);
        let way = match table.get(&demand::PROVISIONING) {
            Some(node) => self.desks.read_way(check, node),
            None => Some(self.way_of_tenant(owner.tenant)),
        };
        // There a priority decides something, whoever is pushed out.
        if way.as_ref().is_some_and(|way| self.desks.is_by_priority(way)) {
            let at = table.at_key(&demand::PRIORITY);
            self.priorities.retain(|other| *other != at);
        }
        let when_full = match table.get(&demand::WHEN_FULL) {
            Some(node) => read_wait(check, &demand::WHEN_FULL, "refuse", node)
                .map(|wait| wait.map_or(WhenFull::Refuse, |ms_max| WhenFull::Wait { ms_max })),
            None => Some(WhenFull::Refuse),
        };
        let when_preempted = match table.get(&demand::WHEN_PREEMPTED) {
            Some(node) => {
                read_wait(check, &demand::WHEN_PREEMPTED, "end", node).map(|wait| match wait {
                    Some(ms_max) => WhenPreempted::Wait { ms_max },
                    None => WhenPreempted::End,
                })
            }
            None => Some(WhenPreempted::End),
        };
        let boot = match table.get(&demand::BOOT) {
            Some(node) => {
                spreads::read(check, demand::BOOT.key, node, Allow { forever: false, zero: true })
            }
            None => Some(Distribution::Constant(0)),
        };
        let lifetime = match table.get(&demand::LIFETIME) {
            Some(node) => {
                let allow = Allow { forever: true, zero: false };
                spreads::read(check, demand::LIFETIME.key, node, allow)
            }
            None => Some(Distribution::Constant(u64::MAX)),
        };
        let mut ask = owner.ask(table.at);
        let arrivals = self.read_arrivals(check, fleet, table, &mut ask, owner.group.as_ref());
        let says = [&demand::ALIVE, &demand::RATE].into_iter().find(|key| table.get(key).is_some());
        let mix = match table.get(&demand::TRACE) {
            Some(_) => Some(Vec::new()),
            None => self.read_mix(check, table, &mut ask),
        };
        let asked = std::mem::take(&mut ask.asked);
        if owner.is_pool_known {
            self.asks.push(ask);
        }
        Some(DemandDraft {
            name: name?,
            part_of: None,
            at: says.map_or(table.at, |key| table.at_key(key)),
            arrivals: arrivals?,
            mix: mix?,
            asked,
            lifetime: lifetime?,
            boot: boot?,
            tenant: owner.tenant,
            pool: owner.pool,
            labels: owner.labels,
            rules: owner.rules?,
            group: owner.group,
            way: way?,
            when_full: when_full?,
            priority: owner.priority?,
            preempts: owner.preempts?,
            when_preempted: when_preempted?,
        })
    }

    /// The name of a demand or a service, which no other has.
    fn read_name(
        &mut self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        field: &'static Field,
    ) -> Option<String> {
        let node = table.must(check, field)?;
        let name = check.name(field.key, node)?;
        if !self.names.insert(name.to_owned()) {
            let message = format!("two demands are called `{}`", shorten(name));
            check.error_hint(node.at, message, "give each a name of its own");
        }
        Some(name.to_owned())
    }

    /// The keys that demands and services share: whose the VMs are, and where they may be.
    fn read_owner(&mut self, check: &mut Check<'_>, fleet: &Fleet, table: &Table<'_>) -> Owner {
        let tenant = match table.get(&demand::TENANT) {
            Some(node) => check.name(demand::TENANT.key, node).unwrap_or("default"),
            None => "default",
        };
        let tenant = self.tenant(tenant);
        let pool_node = table.knows(&demand::POOL).then(|| table.get(&demand::POOL)).flatten();
        let pool = pool_node.and_then(|node| fleet.pool_named(check, demand::POOL.key, node));
        let labels = match table.get(&demand::LABELS) {
            Some(node) => check.labels(demand::LABELS.key, node),
            None => BTreeMap::new(),
        };
        let labels = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let rules = read_rules(check, table);
        let group = table.get(&demand::GROUP).and_then(|node| read_group(check, node));
        let priority = match table.get(&demand::PRIORITY) {
            Some(node) => {
                self.priorities.push(table.at_key(&demand::PRIORITY));
                check.integer(demand::PRIORITY.key, node)
            }
            None => Some(0),
        };
        let preempts = match table.knows(&demand::PREEMPTS).then(|| table.get(&demand::PREEMPTS)) {
            Some(Some(node)) => check.flag(demand::PREEMPTS.key, node),
            _ => Some(true),
        };
        let is_pool_known = pool_node.is_none() || pool.is_some();
        Owner { tenant, pool, is_pool_known, labels, rules, group, priority, preempts }
    }

    /// Reads what a service's instances are: a demand without requests of its own.
    pub(crate) fn read_instances(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        table: &Table<'_>,
    ) -> Option<()> {
        let name = self.read_name(check, table, &service::NAME);
        let owner = self.read_owner(check, fleet, table);
        let service = ServiceId::from_row(self.services);
        self.services += 1;
        let arrivals = Arrivals::Instances(service);
        let draft = self.read_silent(check, table, (name, &service::FLAVOR), owner, arrivals)?;
        self.demands.push(draft);
        Some(())
    }

    /// Reads what a job's tasks are: a demand without requests of its own, in the scheduler's pool.
    pub(crate) fn read_tasks(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        table: &Table<'_>,
        stream: usize,
        pool: Option<usize>,
    ) -> Option<()> {
        let name = self.read_name(check, table, &jobs::NAME);
        let mut owner = self.read_owner(check, fleet, table);
        owner.pool = pool;
        let at = table.at_key(&demand::PRIORITY);
        self.priorities.retain(|other| *other != at);
        let arrivals = Arrivals::Jobs(u32::try_from(stream).ok()?);
        let draft = self.read_silent(check, table, (name, &jobs::FLAVOR), owner, arrivals)?;
        self.demands.push(DemandDraft {
            when_full: WhenFull::Refuse,
            preempts: false,
            when_preempted: WhenPreempted::End,
            ..draft
        });
        Some(())
    }

    /// Reads a demand of one flavor whose requests are made elsewhere: they stay until they are
    /// ended, and wait for room.
    fn read_silent(
        &mut self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        (name, flavor_field): (Option<String>, &'static Field),
        owner: Owner,
        arrivals: Arrivals,
    ) -> Option<DemandDraft> {
        let flavor = table.must(check, flavor_field).and_then(|node| {
            let name = check.name(flavor_field.key, node)?;
            let row = self.flavor_named(check, name, node.at)?;
            if matches!(arrivals, Arrivals::Jobs(_)) && self.flavors[row].memory_use.is_some() {
                let message = "tasks of jobs are not killed for want of memory in a run";
                let hint = format!("give them a flavor without `{}`", flavor::MEMORY_USE.key);
                check.error_hint(node.at, message, hint);
            }
            Some(row)
        });
        let mut ask = owner.ask(table.at);
        if let Some(row) = flavor {
            self.use_flavor(row, 1.0, &mut ask);
        }
        let asked = std::mem::take(&mut ask.asked);
        if owner.is_pool_known {
            self.asks.push(ask);
        }
        Some(DemandDraft {
            name: name?,
            part_of: None,
            at: table.at,
            arrivals,
            mix: vec![(flavor?, 1.0)],
            asked,
            lifetime: Distribution::Constant(u64::MAX),
            boot: Distribution::Constant(0),
            tenant: owner.tenant,
            pool: owner.pool,
            labels: owner.labels,
            rules: owner.rules?,
            group: owner.group,
            way: Way::default(),
            when_full: WhenFull::Wait { ms_max: u64::MAX },
            priority: owner.priority?,
            preempts: owner.preempts?,
            when_preempted: WhenPreempted::Wait { ms_max: u64::MAX },
        })
    }

    fn use_flavor(&mut self, row: usize, weight: f64, ask: &mut Ask) {
        let flavor = &self.flavors[row];
        *ask.asked.entry(cpu_and_gpu(&flavor.amounts)).or_default() += weight;
        for (used, amount) in self.uses.iter_mut().zip(flavor.amounts) {
            *used |= amount > 0;
        }
        ask.sizes.push((format!("`{}`", shorten(&flavor.name)), flavor.amounts));
    }

    fn read_arrivals(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        table: &Table<'_>,
        ask: &mut Ask,
        group: Option<&GroupRule>,
    ) -> Option<Arrivals> {
        let alive = table.get(&demand::ALIVE);
        let rate = table.get(&demand::RATE);
        let trace = table.get(&demand::TRACE);
        let said = [(&demand::ALIVE, alive), (&demand::RATE, rate), (&demand::TRACE, trace)];
        let said: Vec<_> = said.iter().filter(|(_, node)| node.is_some()).collect();
        if said.is_empty() && !check.findings.is_broken() {
            let message = "this demand does not say when requests come";
            check.error_hint(table.at, message, "add `alive`, `rate` or `trace`");
        }
        for pair in said.windows(2) {
            let (first, second) = (pair[0].0, pair[1].0);
            let message = format!("`{}` and `{}` exclude each other", first.key, second.key);
            check.error_hint(table.at_key(second), message, "delete one of them");
        }
        if let (Some(_), None) = (table.get(&demand::SEASON), rate)
            && !said.is_empty()
        {
            let message = "`season` multiplies a `rate`, and there is none";
            check.error_hint(table.at_key(&demand::SEASON), message, "delete it, or use `rate`");
        }
        let season = match table.get(&demand::SEASON) {
            Some(node) => read_season(check, node),
            None => Some(EVEN_SEASON),
        };
        let alive = alive.map(|node| {
            curves::read(check, demand::ALIVE.key, node, Of::Count).map(Arrivals::Alive)
        });
        let rate = rate.map(|node| {
            let per_ms = curves::read(check, demand::RATE.key, node, Of::Rate);
            Some(Arrivals::Rate { per_ms: per_ms?, season: season? })
        });
        let trace = trace.map(|node| self.read_trace(check, fleet, table, node, ask, group));
        alive.or(rate).or(trace).flatten()
    }

    fn read_mix(
        &mut self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        ask: &mut Ask,
    ) -> Option<Vec<(usize, f64)>> {
        let mix = match (table.get(&demand::FLAVOR), table.get(&demand::FLAVORS)) {
            (Some(node), None) => {
                let name = check.name(demand::FLAVOR.key, node)?;
                vec![(self.flavor_named(check, name, node.at)?, 1.0)]
            }
            (None, Some(node)) => {
                let Some(entries) = node.table() else {
                    let message = format!("`flavors` is a table, not {}", node.kind());
                    let hint = format!("write it like `{}`", demand::FLAVORS.example);
                    check.error_hint(node.at, message, hint);
                    return None;
                };
                if entries.is_empty() {
                    check.error_hint(node.at, "`flavors` is empty", "name at least one");
                    return None;
                }
                let mut mix = Vec::new();
                for entry in entries {
                    let row = self.flavor_named(check, &entry.key, entry.key_at);
                    let weight = check.positive(&entry.key, &entry.node, 1e9);
                    mix.extend(row.zip(weight));
                }
                (mix.len() == entries.len()).then_some(mix)?
            }
            (Some(_), Some(_)) => {
                let at = table.at_key(&demand::FLAVORS);
                let message = "`flavor` and `flavors` exclude each other";
                check.error_hint(at, message, "delete one of them");
                return None;
            }
            (None, None) => {
                if !check.findings.is_broken() {
                    let hint = format!("add `flavor = {}`", demand::FLAVOR.example);
                    check.error_hint(table.at, "this demand has no `flavor` or `flavors`", hint);
                }
                return None;
            }
        };
        for (row, weight) in &mix {
            self.use_flavor(*row, *weight, ask);
        }
        Some(mix)
    }

    fn read_trace(
        &mut self,
        check: &mut Check<'_>,
        fleet: &Fleet,
        table: &Table<'_>,
        node: &Node,
        ask: &mut Ask,
        group: Option<&GroupRule>,
    ) -> Option<Arrivals> {
        for field in [&demand::FLAVOR, &demand::FLAVORS, &demand::LIFETIME] {
            if table.get(field).is_some() {
                let message = format!("`{}` is not for a trace", field.key);
                check.error_hint(table.at_key(field), message, "the rows of the trace say it");
            }
        }
        let file = check.file(demand::TRACE.key, node)?;
        let reader = check.open_file(node, file)?;
        let mut problems = Problems::default();
        let survey = survey(file, reader, &check.own, &mut problems);
        check.findings.adopt(node.at, problems);
        let survey = survey?;
        for name in &survey.tenants {
            self.tenant(name);
        }
        for name in &survey.pools {
            if !fleet.pool_rows.contains_key(name) && !check.findings.is_broken() {
                let known = fleet.pool_rows.keys().map(String::as_str);
                let hint = check.name_hint("pool", name, known);
                let message =
                    format!("the trace names the pool `{}`, which is not there", shorten(name));
                check.error_hint(node.at, message, hint);
            }
        }
        for (size, rows) in &survey.sizes {
            *ask.asked.entry(*size).or_default() += *rows as f64;
        }
        for (name, rows) in survey.flavors.iter().zip(&survey.flavor_rows) {
            let Some(row) = self.flavor_rows.get(name) else {
                if !check.findings.is_broken() {
                    let known = self.flavor_rows.keys().map(String::as_str);
                    let hint = check.name_hint("flavor", name, known);
                    let message = format!(
                        "rows of the trace leave their size to the flavor `{}`, which is not there",
                        shorten(name)
                    );
                    check.error_hint(node.at, message, hint);
                }
                continue;
            };
            let flavor = &self.flavors[*row];
            for (used, amount) in self.uses.iter_mut().zip(flavor.amounts) {
                *used |= amount > 0;
            }
            *ask.asked.entry(cpu_and_gpu(&flavor.amounts)).or_default() += *rows as f64;
            ask.sizes.push((format!("`{}`", shorten(name)), flavor.amounts));
        }
        let largest = survey.largest.iter().chain(&survey.largest_own);
        for (column, amount) in largest.enumerate() {
            self.uses[column] |= *amount > 0;
            // Each kind for itself: the rows with the most of two kinds can be different ones.
            let mut size = [0; 8];
            size[column] = *amount;
            ask.sizes.push(("a row of the trace".to_owned(), size));
        }
        if survey.has_groups {
            match group {
                Some(GroupRule { size: Some(_), .. }) => {
                    let message = "the trace says in its column `group` what a group is";
                    let hint = "leave out `size`";
                    check.error_hint(table.at_key(&demand::GROUP), message, hint);
                }
                Some(_) => {}
                None => {
                    let message = "the trace has groups, and nothing says what they mean";
                    let hint = "add `group = { max-per-host = 1 }` to keep them apart";
                    check.warning(node.at, message, hint);
                }
            }
        }
        self.traces_end_ms = self.traces_end_ms.max(survey.last_ms);
        Some(Arrivals::Trace(TraceFile {
            file: file.to_owned(),
            rows: survey.rows,
            is_sorted: survey.is_sorted,
            last_ms: survey.last_ms,
        }))
    }

    /// Warns of priorities in a scenario in which nobody is pushed out.
    pub(crate) fn check_priorities(&self, check: &mut Check<'_>) {
        for at in &self.priorities {
            let hint = "add `preemption = true` to `[placement]`";
            check.warning(*at, "nobody is pushed out, so `priority` decides nothing", hint);
        }
    }

    /// A service that was just read runs in several pools: so many more services, each with a demand.
    pub(crate) fn split_instances(&mut self, shares: &[PoolShare]) {
        let Some(whole) = self.demands.pop() else { return };
        self.services -= 1;
        for share in shares {
            let arrivals = Arrivals::Instances(ServiceId::from_row(self.services));
            self.services += 1;
            self.demands.push(DemandDraft { arrivals, ..share.of(&whole) });
        }
    }

    /// Turns away what would run for hours: demands that make too many requests, each and all
    /// together.
    pub(crate) fn check_requests(&self, check: &mut Check<'_>) {
        let (flavors, demands) = (self.flavors.len(), self.demands.len());
        if flavors * demands > ASKS_MAX {
            let message = format!(
                "{demands} demands with {flavors} flavors are too many: their product is at most \
                 {ASKS_MAX}"
            );
            check.error_hint(At::File, message, "leave out the flavors that no demand names");
        }
        let run_ms = check.run_ms();
        let mut all = 0.0;
        for draft in &self.demands {
            let (requests, hint) = draft.requests(run_ms);
            all += requests;
            if requests > REQUESTS_MAX {
                let message = format!(
                    "the demand `{}` would make {} requests, and {} are the most",
                    shorten(&draft.name),
                    about(requests),
                    about(REQUESTS_MAX)
                );
                check.error_hint(draft.at, message, hint);
            }
        }
        if all > REQUESTS_MAX && !check.findings.has_errors() {
            let message = format!(
                "the demands together would make {} requests, and {} are the most",
                about(all),
                about(REQUESTS_MAX)
            );
            check.error_hint(At::File, message, "shorten `duration`, or scale the demands down");
        }
    }

    /// Warns of demands that no host can ever take.
    pub(crate) fn check_sizes(&self, check: &mut Check<'_>, fleet: &Fleet) {
        let kinds = check.kind_names();
        for ask in &self.asks {
            let types = fleet.candidates(ask.pool, &ask.labels);
            if types.is_empty() {
                let (message, hint) = if fleet.types.is_empty() {
                    ("there are no hosts, and none will come", "give a pool `hosts` or `growth`")
                } else if ask.labels.is_empty() {
                    ("the pool of this demand never has hosts", "give it `hosts` or `growth`")
                } else {
                    ("no host has the labels that this demand needs", "compare the `labels`")
                };
                check.warning(ask.at, message, hint);
                continue;
            }
            ask.rules.check(check, fleet, ask.at);
            let mut types = types;
            types.retain(|row| ask.rules.admits(&fleet.types[*row]));
            if types.is_empty() {
                let message = "no host will do for this demand: each lacks a label, has one that it \
                               forbids, or has a taint that it does not tolerate";
                check.warning(ask.at, message, "compare `requires`, `forbids` and `tolerates`");
                continue;
            }
            let models: BTreeSet<usize> = types.iter().map(|row| fleet.types[*row].model).collect();
            for (what, size) in &ask.sizes {
                let fits = |model: &usize| {
                    fleet.models[*model].effective.iter().zip(size).all(|(has, asks)| has >= asks)
                };
                if models.iter().any(fits) {
                    continue;
                }
                let most = |column: usize| {
                    models.iter().map(|row| fleet.models[*row].effective[column]).max().unwrap_or(0)
                };
                let short = (0..kinds.len()).find(|column| most(*column) < size[*column]);
                let message = match short {
                    Some(column) => {
                        let kind = &kinds[column];
                        let unit = Builtin::ALL.get(column).map_or(kind.as_str(), |k| k.unit());
                        let asks = format_amount(kind, unit, size[column]);
                        let has = format_amount(kind, unit, most(column));
                        format!("{what} asks for more {kind} than a host has: {asks} of {has}")
                    }
                    None => format!("{what} fits on no host: each has too little of something"),
                };
                check.warning(ask.at, message, "such requests will be refused, or wait");
            }
        }
    }
}

/// A large count in words: `2.5 billion`.
fn about(count: f64) -> String {
    let billions = count / 1e9;
    if billions < 1e6 {
        return format!("{} billion", crate::words::amount(billions));
    }
    "more than a million billion".to_owned()
}

pub(crate) const EVEN_SEASON: Season =
    Season { hourly: [1.0; 24], daily: [1.0; 7], events: Vec::new(), hours: None };

/// How long a request waits, ms (`u64::MAX`: for ever); `Some(None)`: not at all, which is called
/// `no`.
fn read_wait(
    check: &mut Check<'_>,
    field: &'static Field,
    no: &'static str,
    node: &Node,
) -> Option<Option<u64>> {
    let key = field.key;
    match &node.value {
        Value::Text(_) => match check.choice(key, node, "rule", &[no, "wait"])? {
            "wait" => Some(Some(u64::MAX)),
            _ => Some(None),
        },
        Value::Table(_) => {
            let table = check.open(key, node, node.at, &[&wait::SECTION])?;
            let node = table.must(check, &wait::WAIT)?;
            let is_forever = matches!(&node.value, Value::Text(text) if text.trim() == "forever");
            let ms_max =
                if is_forever { u64::MAX } else { check.length_ms(wait::WAIT.key, node, 1)? };
            Some(Some(ms_max))
        }
        _ => {
            let message = format!("`{key}` is `{no}` or `wait`, not {}", node.kind());
            let hint = "write it like `\"wait\"` or `{ wait = \"2 days\" }`";
            check.error_hint(node.at, message, hint);
            None
        }
    }
}

/// The largest factor of a season.
const FACTOR_MAX: f64 = 1_000_000.0;

pub(crate) fn read_season(check: &mut Check<'_>, node: &Node) -> Option<Season> {
    let table = check.open(demand::SEASON.key, node, node.at, &[&season::SECTION])?;
    let hourly = match table.get(&season::DAILY) {
        Some(node) => read_daily(check, node),
        None => Some(EVEN_SEASON.hourly),
    };
    let daily = match table.get(&season::WEEKLY) {
        Some(node) => read_weekly(check, node),
        None => Some(EVEN_SEASON.daily),
    };
    let mut events = Vec::new();
    if let Some(node) = table.get(&season::EVENTS) {
        let nodes = check.list(season::EVENTS.key, node, false);
        if nodes.len() > EVENTS_MAX {
            check.error(node.at, format!("`events` has more than {EVENTS_MAX} entries"));
            return None;
        }
        for node in nodes {
            events.extend(read_event(check, node));
        }
    }
    let hours = match table.get(&season::HOURS) {
        Some(node) => read_hours(check, node).map(|hours| Some(hours).filter(|h| !h.is_always())),
        None => Some(None),
    };
    Some(Season { hourly: hourly?, daily: daily?, events, hours: hours? })
}

/// A list of so many factors.
pub(crate) fn factors<const N: usize>(
    check: &mut Check<'_>,
    key: &str,
    node: &Node,
) -> Option<[f64; N]> {
    let Value::List(nodes) = &node.value else { return None };
    if nodes.len() != N {
        let message = format!("`{key}` has {N} numbers, not {}", nodes.len());
        check.error(node.at, message);
        return None;
    }
    let mut factors = [0.0; N];
    let mut is_right = true;
    for (factor, node) in factors.iter_mut().zip(nodes) {
        match check.number(key, node, 0.0, FACTOR_MAX) {
            Some(number) => *factor = number,
            None => is_right = false,
        }
    }
    if is_right && factors.iter().all(|factor| *factor == 0.0) {
        check.error(node.at, format!("`{key}` has a number above 0"));
        return None;
    }
    is_right.then_some(factors)
}

fn read_daily(check: &mut Check<'_>, node: &Node) -> Option<[f64; 24]> {
    let key = season::DAILY.key;
    if matches!(node.value, Value::List(_)) {
        let factors: [f64; 24] = factors(check, key, node)?;
        let mean = factors.iter().sum::<f64>() / 24.0;
        return Some(factors.map(|factor| factor / mean));
    }
    let table = check.open(key, node, node.at, &[&daily::SECTION])?;
    let peak_node = table.must(check, &daily::PEAK);
    let peak = peak_node.and_then(|node| check.number(daily::PEAK.key, node, 1.0, 24.0));
    let trough_node = table.must(check, &daily::TROUGH);
    let trough = trough_node.and_then(|node| check.number(daily::TROUGH.key, node, 0.0, 1.0));
    let hour = match table.get(&daily::PEAK_HOUR) {
        Some(node) => check.whole(daily::PEAK_HOUR.key, node, 0, 23),
        None => Some(14),
    };
    let (peak, trough, hour) = (peak?, trough?, hour?);
    let day = day_with(peak, trough, hour);
    if day.is_none() {
        let message = format!("no day has the peak {peak}, the trough {trough} and a mean of 1");
        check.error_hint(table.at, message, "give the 24 hours as a list");
    }
    day
}

/// A day with a peak and a trough twelve hours apart and a mean of 1: between them goes a power of
/// the raised cosine, wide for a low peak and narrow for a high one.
fn day_with(peak: f64, trough: f64, peak_hour: u64) -> Option<[f64; 24]> {
    if peak == 1.0 && trough == 1.0 {
        return Some([1.0; 24]);
    }
    let day = |power: f64| {
        let mut hours = [0.0; 24];
        for (hour, factor) in hours.iter_mut().enumerate() {
            let away = (hour + 24 - peak_hour as usize) % 24;
            let angle = std::f64::consts::TAU * away as f64 / 24.0;
            // Exactly 0 at the trough, where the cosine of π would leave a trace.
            let wave = if away == 12 { 0.0 } else { (1.0 + libm::cos(angle)) / 2.0 };
            *factor = match away {
                0 => peak,
                _ => trough + (peak - trough) * libm::pow(wave, power),
            };
        }
        hours
    };
    let mean = |power| day(power).iter().sum::<f64>() / 24.0;
    let (mut low, mut high) = (1e-3, 1e3);
    if mean(low) < 1.0 || mean(high) > 1.0 {
        return None;
    }
    // Each step halves the bracket: 200 are more than an f64 can tell apart.
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if mean(middle) > 1.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(day(high))
}

fn read_weekly(check: &mut Check<'_>, node: &Node) -> Option<[f64; 7]> {
    let key = season::WEEKLY.key;
    if matches!(node.value, Value::List(_)) {
        return factors(check, key, node);
    }
    let table = check.open(key, node, node.at, &[&weekly::SECTION])?;
    let node = table.must(check, &weekly::WEEKEND)?;
    let weekend = check.number(weekly::WEEKEND.key, node, 0.0, FACTOR_MAX)?;
    Some([1.0, 1.0, 1.0, 1.0, 1.0, weekend, weekend])
}

fn read_event(check: &mut Check<'_>, node: &Node) -> Option<SeasonEvent> {
    let table = check.open(season::EVENTS.key, node, node.at, &[&event::SECTION])?;
    let at = table.must(check, &event::AT);
    let at_ms = at.and_then(|node| check.time_ms(event::AT.key, node));
    let lasts = table.must(check, &event::LASTS);
    let lasts_ms = lasts.and_then(|node| check.length_ms(event::LASTS.key, node, 1));
    let factor = table.must(check, &event::FACTOR);
    let factor = factor.and_then(|node| check.number(event::FACTOR.key, node, 0.0, FACTOR_MAX));
    Some(SeasonEvent { at_ms: at_ms?, lasts_ms: lasts_ms?, factor: factor? })
}

/// The memory of a flavor that is a JVM; its heap, MiB.
fn read_jvm(check: &mut Check<'_>, table: &Table<'_>, amounts: &mut Wide) -> Option<i64> {
    use jvm::{GC_SHARE, HEAP, OFF_HEAP, OVERHEAD, STACK, THREADS};
    let node = table.get(&flavor::JVM)?;
    let of = check.open(flavor::JVM.key, node, node.at, &[&jvm::SECTION])?;
    if table.resource(Builtin::Memory.name()).is_some() {
        let message = "`memory` and `jvm` say the same thing";
        check.error_hint(node.at, message, "delete one of them");
    }
    let heap = of.must(check, &HEAP).and_then(|node| check.mib(HEAP.key, node));
    let threads = of.must(check, &THREADS);
    let threads = threads.and_then(|node| check.whole(THREADS.key, node, 0, 1_000_000));
    let mut mib = |field: &'static Field, default: u64| match of.get(field) {
        Some(node) => check.mib(field.key, node),
        None => Some(default),
    };
    let (stack, overhead, off_heap) = (mib(&STACK, 1), mib(&OVERHEAD, 128), mib(&OFF_HEAP, 0));
    let gc_share = match of.get(&GC_SHARE) {
        Some(node) => check.share(GC_SHARE.key, node).filter(|share| {
            if *share > 1.0 {
                check.error(node.at, format!("`{}` is at most 100%", GC_SHARE.key));
            }
            *share <= 1.0
        }),
        None => Some(0.1),
    };
    let request = || {
        let jvm = Jvm {
            heap_mib: heap? as f64,
            threads: u32::try_from(threads?).ok()?,
            stack_mib: stack? as f64,
            gc_share: gc_share?,
            jvm_mib: overhead? as f64,
            off_heap_mib: off_heap? as f64,
        };
        Some(jvm.request_mib())
    };
    // What is wrong with it is told; the memory is not lacking then.
    amounts[Builtin::Memory as usize] = request().map_or(1, |mib| libm::ceil(mib) as i64);
    if amounts[Builtin::Memory as usize] > AMOUNT_MAX {
        check.error(node.at, "a JVM of that size is more than a scenario can hold");
    }
    i64::try_from(heap?).ok()
}

/// The NUMA cells that a flavor wants; 0: it does not say.
fn read_cells(check: &mut Check<'_>, table: &Table<'_>, amounts: &Wide) -> u8 {
    let Some(node) = table.get(&flavor::NUMA_CELLS) else { return 0 };
    let key = flavor::NUMA_CELLS.key;
    let Some(cells) = check.whole(key, node, 1, CELLS_MAX as u64) else { return 0 };
    if let Some(message) = uneven(cells as i64, amounts) {
        check.error_hint(node.at, message, UNEVEN_HINT);
    }
    cells as u8
}
