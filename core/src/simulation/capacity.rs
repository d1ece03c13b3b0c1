//! Capacity: hosts come by plan and by order, and leave by age.

use super::{Event, Simulation};
use crate::dice;
use crate::fact::Fact;
use crate::observe::Observer;
use crate::resources::Amounts;
use crate::scenario::{
    HOSTS_MAX, HostType, HostTypeId, PlannedOrder, PoolId, Procurement, RackId, Scenario,
};
use crate::state::{HostId, HostStatus};
use crate::time::Time;

/// What is planned, ordered and where it will stand.
#[derive(Debug)]
pub(super) struct Capacity {
    /// The rack of a pool's next host: its position in the pool's list.
    next_rack: Vec<usize>,
    /// Hosts of each growth plan that take VMs.
    planned_up: Vec<u64>,
    /// When each growth plan is looked at next, ms; an event for another time is out of date.
    next_look_ms: Vec<Option<u64>>,
    /// Orders placed, by number.
    orders: Vec<Order>,
    /// What comes by order, each type of host once.
    on_order: Vec<OnOrder>,
    lead_dice: Vec<dice::Stream>,
    /// The most hosts that a run can come to, those that have left included.
    pub(super) hosts_max: u64,
}

#[derive(Clone, Copy, Debug)]
struct Order {
    host_type: HostTypeId,
    hosts: u32,
    /// Whether it was placed because of its date.
    is_planned: bool,
}

/// Hosts of a type that come by order.
#[derive(Clone, Copy, Debug)]
struct OnOrder {
    host_type: HostTypeId,
    /// How many are ordered and not there.
    hosts: u64,
    /// How many orders by date have not arrived, those still to be placed included.
    plans: u32,
}

impl Capacity {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let stream = |row| dice::stream(scenario.seed, &format!("lead-times/{row}"));
        Self {
            next_rack: vec![0; scenario.pools.len()],
            planned_up: vec![0; scenario.growth.len()],
            next_look_ms: vec![None; scenario.growth.len()],
            orders: Vec::new(),
            on_order: on_order(scenario),
            lead_dice: (0..scenario.procurement.len()).map(stream).collect(),
            hosts_max: HOSTS_MAX,
        }
    }

    fn on_order(&mut self, host_type: HostTypeId) -> &mut OnOrder {
        let found = self.on_order.iter_mut().find(|of| of.host_type == host_type);
        found.expect("all types that are ordered are there from the start")
    }

    fn next_rack(&mut self, scenario: &Scenario, pool: PoolId) -> RackId {
        let racks = &scenario.pools[pool.row()].racks;
        let next = &mut self.next_rack[pool.row()];
        let rack = racks[*next % racks.len()];
        *next += 1;
        rack
    }
}

impl Simulation {
    /// The hosts of time 0, and the first look at every plan.
    pub(super) fn begin(&mut self, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        for spec in &scenario.hosts {
            let pool = scenario.host_types[spec.host_type.row()].pool;
            self.capacity.next_rack[pool.row()] += 1;
            let age_ms = i64::try_from(spec.age_ms).expect("the scenario check bounds ages");
            self.add_host(Time::ZERO, spec.host_type, spec.rack, age_ms, observer);
        }
        for plan in 0..scenario.growth.len() {
            self.follow(Time::ZERO, plan, observer);
        }
        for (order, planned) in scenario.orders.iter().enumerate() {
            self.agenda.push(Time::from_ms(planned.at_ms), Event::Order(row(order)));
        }
        for procurement in 0..scenario.procurement.len() {
            self.agenda.push(Time::ZERO, Event::Review(row(procurement)));
        }
        self.begin_failures();
        if let Some(every_ms) = scenario.defrag.every_ms {
            self.agenda.push(Time::from_ms(every_ms), Event::PlanMoves);
        }
    }

    pub(super) fn add_host(
        &mut self,
        now: Time,
        host_type: HostTypeId,
        rack: RackId,
        age_ms: i64,
        observer: &mut impl Observer,
    ) -> HostId {
        let now_ms = i64::try_from(now.ms()).expect("the scenario check bounds the duration");
        let host = self.state.add_host(host_type, rack, now_ms - age_ms);
        self.install(host);
        observer.hear(now, &Fact::HostAdded { host, host_type, rack }, &self.state);
        for (plan, up) in self.scenario.growth.iter().zip(&mut self.capacity.planned_up) {
            *up += u64::from(plan.host_type == host_type);
        }
        let model = self.scenario.host_types[host_type.row()].model;
        if let Some(age_max_ms) = self.scenario.models[model.row()].retire_after_ms {
            let left_ms = age_max_ms.saturating_sub(age_ms.unsigned_abs());
            self.agenda.push(now.after(left_ms), Event::Age(host));
        }
        self.expect_failure(now, host);
        host
    }

    /// A host is back that has missed its age, or is a new machine that has it before it.
    pub(super) fn age_again(
        &mut self,
        now: Time,
        host: HostId,
        is_new: bool,
        observer: &mut impl Observer,
    ) {
        let Some(age_max_ms) = self.age_max_ms(host) else { return };
        if is_new {
            self.agenda.push(now.after(age_max_ms), Event::Age(host));
        } else {
            self.cordon(now, host, observer);
        }
    }

    /// The age at which a host takes no more VMs, ms; `None`: it never does.
    fn age_max_ms(&self, host: HostId) -> Option<u64> {
        let model = self.scenario.host_types[self.state.hosts.host_type(host).row()].model;
        self.scenario.models[model.row()].retire_after_ms
    }

    /// New hosts of a type, in the pool's next racks; whoever waits may have them.
    fn add_hosts(
        &mut self,
        now: Time,
        host_type: HostTypeId,
        count: u64,
        observer: &mut impl Observer,
    ) {
        let pool = self.scenario.host_types[host_type.row()].pool;
        for _ in 0..count {
            let rack = self.capacity.next_rack(&self.scenario, pool);
            let host = self.add_host(now, host_type, rack, 0, observer);
            self.serve_waiting(now, Some(host), None, observer);
        }
    }

    /// The time has come at which a plan wants more hosts, as far as was known.
    pub(super) fn grow(&mut self, now: Time, plan: usize, observer: &mut impl Observer) {
        if self.capacity.next_look_ms[plan] == Some(now.ms()) {
            self.follow(now, plan, observer);
        }
    }

    /// As many hosts as the plan says now, and the time of its next one.
    fn follow(&mut self, now: Time, plan: usize, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let growth = &scenario.growth[plan];
        let wanted = growth.curve.count_at(now.ms()).min(HOSTS_MAX);
        let missing = wanted.saturating_sub(self.capacity.planned_up[plan]);
        self.add_hosts(now, growth.host_type, missing, observer);
        let up = self.capacity.planned_up[plan];
        let next_ms = growth.curve.first_above(up, now.ms() + 1, scenario.duration_ms);
        let is_known = self.capacity.next_look_ms[plan] == next_ms;
        self.capacity.next_look_ms[plan] = next_ms;
        if let Some(ms) = next_ms.filter(|_| !is_known) {
            self.agenda.push(Time::from_ms(ms), Event::Grow(row(plan)));
        }
    }

    /// A host has reached its age. A plan that counts it replaces it at once, or wants the next
    /// host sooner where its curve has fallen meanwhile.
    pub(super) fn cordon(&mut self, now: Time, host: HostId, observer: &mut impl Observer) {
        // It may be down, gone, or another machine by now.
        let is_of_age =
            self.age_max_ms(host).is_some_and(|max| self.state.hosts.age_ms(host, now) >= max);
        if self.state.hosts.status(host) != HostStatus::Up || !is_of_age {
            return;
        }
        self.state.cordon(host);
        observer.hear(now, &Fact::HostCordoned { host }, &self.state);
        if self.state.hosts.vm_count(host) == 0 {
            self.retire(now, host, observer);
            self.serve_after_retirement(now, None, observer);
        }
        let host_type = self.state.hosts.host_type(host);
        let scenario = self.scenario.clone();
        let counts_it = |plan: &usize| scenario.growth[*plan].host_type == host_type;
        for plan in (0..scenario.growth.len()).filter(counts_it) {
            self.capacity.planned_up[plan] -= 1;
        }
        for plan in (0..scenario.growth.len()).filter(counts_it) {
            self.follow(now, plan, observer);
        }
    }

    pub(super) fn retire(&mut self, now: Time, host: HostId, observer: &mut impl Observer) {
        self.state.retire(host);
        self.forget_images(now, host);
        observer.hear(now, &Fact::HostRetired { host }, &self.state);
    }

    /// Orders as many batches as bring what is committed below the trigger again.
    pub(super) fn review(&mut self, now: Time, row: usize, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let procurement = &scenario.procurement[row];
        let hosts = self.hosts_to_order(procurement);
        if hosts > 0 {
            let lead_ms = procurement.lead_time.draw(&mut self.capacity.lead_dice[row]);
            let order = Order { host_type: procurement.host_type, hosts, is_planned: false };
            self.place_order(now, order, lead_ms, observer);
        }
        self.agenda
            .push(now.after(procurement.review_ms), Event::Review(super::capacity::row(row)));
    }

    /// An order by date is due.
    pub(super) fn order_planned(&mut self, now: Time, row: usize, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let planned = &scenario.orders[row];
        // Rules may have ordered all that a run can have.
        let hosts = u64::from(planned.hosts).min(self.hosts_left());
        let hosts = u32::try_from(hosts).expect("no more than planned");
        if hosts == 0 {
            self.capacity.on_order(planned.host_type).plans -= 1;
            return;
        }
        let lead_ms = lead_ms(&scenario, row);
        let order = Order { host_type: planned.host_type, hosts, is_planned: true };
        self.place_order(now, order, lead_ms, observer);
    }

    fn place_order(&mut self, now: Time, order: Order, lead_ms: u64, observer: &mut impl Observer) {
        let number = row(self.capacity.orders.len());
        self.capacity.orders.push(order);
        let Order { host_type, hosts, .. } = order;
        self.capacity.on_order(host_type).hosts += u64::from(hosts);
        self.agenda.push(now.after(lead_ms), Event::Deliver(number));
        let fact = Fact::Ordered { order: number, host_type, hosts, lead_ms };
        observer.hear(now, &fact, &self.state);
    }

    /// Hosts to order now: whole batches, 0 for none.
    fn hosts_to_order(&self, procurement: &Procurement) -> u32 {
        let scenario = &self.scenario;
        let pool = scenario.host_types[procurement.host_type.row()].pool;
        let total = self.state.hosts.pool_total(pool);
        let (mut capacity, mut hosts) = (total.capacity, u64::from(total.hosts + total.down));
        for (column, amount) in capacity.iter_mut().enumerate() {
            *amount -= total.leaving[column];
        }
        for on_order in &self.capacity.on_order {
            let host_type = &scenario.host_types[on_order.host_type.row()];
            if host_type.pool == pool {
                let effective = scenario.models[host_type.model.row()].effective;
                add(&mut capacity, &effective, on_order.hosts);
                hosts += on_order.hosts;
            }
        }
        let mut committed = total.used;
        add(&mut committed, &self.room.by_pool[pool.row()], 1);
        let model = scenario.host_types[procurement.host_type.row()].model;
        let effective = scenario.models[model.row()].effective;
        let hosts_max = procurement.hosts_max.map_or(HOSTS_MAX, u64::from);
        let left = self.hosts_left();
        let batch = u64::from(procurement.batch);
        let mut ordered = 0;
        while is_reached(procurement.trigger, &committed, &capacity, &effective)
            && hosts + batch <= hosts_max
            && ordered + batch <= left
        {
            add(&mut capacity, &effective, batch);
            hosts += batch;
            ordered += batch;
        }
        u32::try_from(ordered).expect("HOSTS_MAX fits")
    }

    /// How many hosts more there can be than have come, are on order or are between two pools.
    pub(super) fn hosts_left(&self) -> u64 {
        let between = self.pool_moves.as_ref().map_or(0, |moves| moves.hosts_between());
        let on_order = self.capacity.on_order.iter().map(|of| of.hosts);
        let coming = on_order.sum::<u64>() + between;
        self.capacity.hosts_max.saturating_sub(self.state.hosts.rows() as u64 + coming)
    }

    /// Whether a pool, or all together, can still get hosts that take VMs: new ones by plan or
    /// order, or those that are down or drained for now.
    pub(super) fn may_grow(&self, pool: Option<PoolId>) -> bool {
        let (scenario, hosts) = (&self.scenario, &self.state.hosts);
        let total = pool.map_or(hosts.total(), |pool| hosts.pool_total(pool));
        let is_of = |host_type: HostTypeId| {
            pool.is_none_or(|pool| scenario.host_types[host_type.row()].pool == pool)
        };
        let mut plans = scenario.growth.iter().zip(&self.capacity.next_look_ms);
        total.down > 0
            || total.draining > 0
            || plans.any(|(plan, next_ms)| next_ms.is_some() && is_of(plan.host_type))
            || scenario.procurement.iter().any(|procurement| is_of(procurement.host_type))
            || self.capacity.on_order.iter().any(|of| of.plans > 0 && is_of(of.host_type))
    }

    /// An order arrives.
    pub(super) fn deliver(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        let order = self.capacity.orders[number as usize];
        let on_order = self.capacity.on_order(order.host_type);
        on_order.hosts -= u64::from(order.hosts);
        on_order.plans -= u32::from(order.is_planned);
        let fact = Fact::Delivered { order: number, hosts: order.hosts };
        observer.hear(now, &fact, &self.state);
        self.add_hosts(now, order.host_type, order.hosts.into(), observer);
    }
}

/// How long an order by date takes, ms. It draws from a stream named after what is ordered and when;
/// orders of one kind and time have a number too.
pub fn lead_ms(scenario: &Scenario, order: usize) -> u64 {
    let PlannedOrder { host_type, at_ms, lead_time, .. } = &scenario.orders[order];
    let is_like = |of: &&PlannedOrder| of.host_type == *host_type && of.at_ms == *at_ms;
    let number = scenario.orders[..order].iter().filter(is_like).count();
    let HostType { model, pool, .. } = &scenario.host_types[host_type.row()];
    let (model, pool) = (&scenario.models[model.row()].name, &scenario.pools[pool.row()].name);
    let stream = format!("orders/{pool}/{model}/{at_ms}/{number}");
    lead_time.draw(&mut dice::stream(scenario.seed, &stream))
}

/// All types of hosts that come by order: nothing is ordered yet.
fn on_order(scenario: &Scenario) -> Vec<OnOrder> {
    let mut found: Vec<OnOrder> = Vec::new();
    let by_rule = scenario.procurement.iter().map(|rule| (rule.host_type, 0));
    let by_date = scenario.orders.iter().map(|order| (order.host_type, 1));
    for (host_type, plans) in by_rule.chain(by_date) {
        match found.iter_mut().find(|of| of.host_type == host_type) {
            Some(of) => of.plans += plans,
            None => found.push(OnOrder { host_type, hosts: 0, plans }),
        }
    }
    found
}

/// Whether committed ÷ capacity reaches the trigger in a resource that such hosts bring.
fn is_reached(trigger: f64, committed: &Amounts, capacity: &Amounts, effective: &Amounts) -> bool {
    let columns = committed.iter().zip(capacity).zip(effective);
    columns.filter(|(_, brings)| **brings > 0).any(|((committed, capacity), _)| {
        *committed > 0 && *committed as f64 >= trigger * *capacity as f64
    })
}

fn add(sum: &mut Amounts, amounts: &Amounts, times: u64) {
    let times = i64::try_from(times).expect("hosts are bounded");
    for (sum, amount) in sum.iter_mut().zip(amounts) {
        *sum += amount * times;
    }
}

fn row(row: usize) -> u32 {
    u32::try_from(row).expect("the scenario check bounds plans, and time bounds orders")
}
