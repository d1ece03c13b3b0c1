//! Failures in a run: hosts go down, alone or with their rack or zone; their VMs are brought up
//! elsewhere, or where they were; hosts come back.
//!
//! An instance of a service is simply started again, somewhere.
//!
//! What belongs to a failure is drawn from a stream of its own, named by what fails and by how
//! often it has: so two policies face the same failures, whatever is placed where.

use super::{Arrived, Comes, Event, Simulation};
use crate::dice::{self, Stream};
use crate::fact::{Cause, Fact, Reason, RequestId};
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::scenario::failures::{Domain, Replacement, WhenDown};
use crate::scenario::{Failures, ModelId, RackId, Scenario, ZoneId};
use crate::state::{Ask, HostId, HostStatus, VmId};
use crate::time::Time;
use rand::RngExt;
use rand_distr::{Distribution as _, Exp1};
use std::collections::{BTreeMap, VecDeque};

/// The most others of a burst, where chance would go on for ever.
const BURST_MAX: u64 = 100_000;

/// What is down, until when, and what is to become of it.
#[derive(Debug)]
pub(super) struct Breakdowns {
    rule: Failures,
    seed: u64,
    /// How many failures of each host were drawn.
    drawn: Vec<u32>,
    racks_drawn: Vec<u32>,
    zones_drawn: Vec<u32>,
    hosts: BTreeMap<HostId, Broken>,
    /// VMs that are down, by request.
    vms: BTreeMap<u64, Fallen>,
    /// Those of them whose end is on the agenda, by their old ids.
    by_vm: BTreeMap<VmId, u64>,
    /// Requests to be evacuated together.
    incidents: BTreeMap<u32, Vec<u64>>,
    incident_next: u32,
    /// When the last builds on each host end: one entry a lane that is taken.
    builds: BTreeMap<HostId, Vec<Time>>,
    stock: Vec<Stock>,
}

/// A host that is down.
#[derive(Debug)]
struct Broken {
    /// When it is back; `None`: once there is a spare for it.
    until: Option<Time>,
    /// Not before this, whatever there is.
    not_before: Time,
    is_replaced: bool,
    /// The VMs that it had.
    vms: Vec<u64>,
}

/// A VM that is down.
#[derive(Clone, Copy, Debug)]
struct Fallen {
    arrived: Arrived,
    vm: VmId,
    host: HostId,
    /// Its ticket, where it waits for room.
    ticket: Option<u32>,
    incident: u32,
}

/// Spares of a model, and who waits for one.
#[derive(Clone, Debug, Default)]
struct Stock {
    spares: u32,
    queue: VecDeque<(HostId, u64)>,
}

/// What belongs to one failure.
struct Draws {
    /// From the failure until VMs are brought up elsewhere, ms.
    decided_ms: u64,
    dice: Stream,
}

/// When the hosts of a failure are back.
enum Outage {
    /// Each is repaired or replaced by itself.
    Hosts,
    /// All after so many ms, unhurt.
    Lasts(u64),
}

impl Breakdowns {
    /// `None` where nothing fails.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let rule = Failures::clone(scenario.failures.as_deref()?);
        let spares = rule.replacement.as_ref().map_or(0, |replacement| replacement.spares);
        let stock = Stock { spares, queue: VecDeque::new() };
        Some(Box::new(Self {
            rule,
            seed: scenario.seed,
            drawn: Vec::new(),
            racks_drawn: vec![0; scenario.racks.len()],
            zones_drawn: vec![0; scenario.zones.len()],
            hosts: BTreeMap::new(),
            vms: BTreeMap::new(),
            by_vm: BTreeMap::new(),
            incidents: BTreeMap::new(),
            incident_next: 0,
            builds: BTreeMap::new(),
            stock: vec![stock; scenario.models.len()],
        }))
    }

    /// The stream of the n-th failure of something.
    fn stream(&self, what: &str, row: usize, number: u32) -> Stream {
        dice::stream(self.seed, &format!("failures/{what}/{row}/{number}"))
    }

    /// How long until something fails the next time, ms; its number goes up by one. `None`: never.
    fn next_ms(&self, what: &str, row: usize, number: u32, per_ms: f64) -> Option<u64> {
        let unit: f64 = Exp1.sample(&mut self.stream(what, row, number));
        // A float that is too large becomes the largest integer: never.
        (per_ms > 0.0).then(|| libm::ceil(unit / per_ms) as u64)
    }

    /// What belongs to the n-th failure, beside its time.
    fn draws(&self, what: &str, row: usize, number: u32) -> Draws {
        let mut dice = self.stream(what, row, number);
        let _time: f64 = Exp1.sample(&mut dice);
        let since_report = dice.random::<f64>() * self.rule.report_every_ms as f64;
        let known_ms = self.rule.down_after_ms + since_report as u64;
        Draws { decided_ms: known_ms + self.rule.decision.draw(&mut dice), dice }
    }

    /// How many other hosts a host takes with it.
    fn burst(&self, dice: &mut Stream) -> u64 {
        let Some(burst) = self.rule.burst else { return 0 };
        let (comes, size): (f64, f64) = (dice.random(), dice.random());
        if comes >= burst.share {
            return 0;
        }
        // Geometric from 1 up with this mean: each more with the probability 1 − 1/mean.
        let goes_on = 1.0 - 1.0 / burst.others;
        let more = if goes_on > 0.0 { libm::log1p(-size) / libm::log(goes_on) } else { 0.0 };
        (1 + libm::floor(more) as u64).min(BURST_MAX)
    }

    /// A lane for a VM that comes up on a host: how long until it is ready, ms.
    fn build(&mut self, now: Time, host: HostId, boot_ms: u64) -> u64 {
        let lanes = self.builds.entry(host).or_default();
        lanes.retain(|end| *end > now);
        let begins = match lanes.len() < self.rule.builds_per_host as usize {
            true => now,
            // The lane that is free first.
            false => {
                let (row, end) =
                    lanes.iter().copied().enumerate().min_by_key(|lane| lane.1).unwrap_or((0, now));
                lanes.swap_remove(row);
                end
            }
        };
        let ready = begins.after(boot_ms);
        if ready > now {
            lanes.push(ready);
        } else if lanes.is_empty() {
            self.builds.remove(&host);
        }
        ready.since_ms(now)
    }
}

impl Simulation {
    fn breakdowns(&mut self) -> &mut Breakdowns {
        self.breakdowns.as_mut().expect("there are no failures without their rules")
    }

    /// The first failures of racks and zones, and those of the list.
    pub(super) fn begin_failures(&mut self) {
        let Some(breakdowns) = &self.breakdowns else { return };
        let rule = &breakdowns.rule;
        let racks = (0..breakdowns.racks_drawn.len()).filter_map(|row| {
            let ms = breakdowns.next_ms("rack", row, 0, rule.racks_per_ms)?;
            Some((ms, Event::FailRack(u32::try_from(row).ok()?)))
        });
        let zones = (0..breakdowns.zones_drawn.len()).filter_map(|row| {
            let ms = breakdowns.next_ms("zone", row, 0, rule.zones_per_ms)?;
            Some((ms, Event::FailZone(row as u16)))
        });
        let listed = rule.outages.iter().enumerate();
        let listed = listed.map(|(row, outage)| (outage.at_ms, Event::FailListed(row as u32)));
        for (ms, event) in racks.chain(zones).chain(listed) {
            self.agenda.push(Time::from_ms(ms), event);
        }
    }

    /// A host has come: its next failure.
    pub(super) fn expect_failure(&mut self, now: Time, host: HostId) {
        let Some(breakdowns) = &mut self.breakdowns else { return };
        let row = host.row();
        if breakdowns.drawn.len() <= row {
            breakdowns.drawn.resize(row + 1, 0);
        }
        let model = self.scenario.host_types[self.state.hosts.host_type(host).row()].model;
        let per_ms = breakdowns.rule.of_model(model);
        if let Some(ms) = breakdowns.next_ms("host", row, breakdowns.drawn[row], per_ms) {
            self.agenda.push(now.after(ms), Event::Fail(host));
        }
    }

    /// A host fails of itself, unless it is down already or gone.
    pub(super) fn fail(&mut self, now: Time, host: HostId, observer: &mut impl Observer) {
        if self.state.hosts.status(host) == HostStatus::Retired {
            return;
        }
        let breakdowns = self.breakdowns();
        let number = breakdowns.drawn[host.row()];
        breakdowns.drawn[host.row()] += 1;
        let mut draws = breakdowns.draws("host", host.row(), number);
        let others = breakdowns.burst(&mut draws.dice);
        self.expect_failure(now, host);
        if self.state.hosts.status(host) == HostStatus::Down {
            return;
        }
        let mut struck = vec![(host, Cause::Own)];
        let rack = self.state.hosts.rack(host);
        let mut mates = if others == 0 { Vec::new() } else { self.hosts_where(|h| h.0 == rack) };
        mates.retain(|mate| *mate != host);
        for _ in 0..others.min(mates.len() as u64) {
            let mate = mates.swap_remove(draws.dice.random_range(0..mates.len() as u64) as usize);
            struck.push((mate, Cause::Burst(host)));
        }
        self.strike(now, &struck, &Outage::Hosts, draws, observer);
    }

    pub(super) fn fail_rack(&mut self, now: Time, rack: u32, observer: &mut impl Observer) {
        let row = rack as usize;
        let breakdowns = self.breakdowns();
        let number = breakdowns.racks_drawn[row];
        breakdowns.racks_drawn[row] += 1;
        let mut draws = breakdowns.draws("rack", row, number);
        let lasts_ms = breakdowns.rule.rack_repair.draw(&mut draws.dice);
        let per_ms = breakdowns.rule.racks_per_ms;
        if let Some(ms) = breakdowns.next_ms("rack", row, number + 1, per_ms) {
            self.agenda.push(now.after(ms), Event::FailRack(rack));
        }
        self.fail_domain(now, Domain::Rack(RackId::from_row(row)), lasts_ms, draws, observer);
    }

    pub(super) fn fail_zone(&mut self, now: Time, zone: u16, observer: &mut impl Observer) {
        let row = usize::from(zone);
        let breakdowns = self.breakdowns();
        let number = breakdowns.zones_drawn[row];
        breakdowns.zones_drawn[row] += 1;
        let mut draws = breakdowns.draws("zone", row, number);
        let lasts_ms = breakdowns.rule.zone_repair.draw(&mut draws.dice);
        let per_ms = breakdowns.rule.zones_per_ms;
        if let Some(ms) = breakdowns.next_ms("zone", row, number + 1, per_ms) {
            self.agenda.push(now.after(ms), Event::FailZone(zone));
        }
        self.fail_domain(now, Domain::Zone(ZoneId::from_row(row)), lasts_ms, draws, observer);
    }

    /// An outage of the scenario's list.
    pub(super) fn fail_listed(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let breakdowns = self.breakdowns();
        let outage = breakdowns.rule.outages[row as usize];
        let mut draws = breakdowns.draws("listed", row as usize, 0);
        let dice = &mut draws.dice;
        match (outage.what, outage.lasts_ms) {
            (Domain::Host(host), lasts_ms) => {
                let host = HostId::from_row(host as usize);
                if host.row() < self.state.hosts.rows() {
                    let outage = lasts_ms.map_or(Outage::Hosts, Outage::Lasts);
                    self.strike(now, &[(host, Cause::Listed)], &outage, draws, observer);
                }
            }
            (what, lasts_ms) => {
                let rule = &breakdowns.rule;
                let repair = match what {
                    Domain::Zone(_) => &rule.zone_repair,
                    _ => &rule.rack_repair,
                };
                let lasts_ms = lasts_ms.unwrap_or_else(|| repair.draw(dice));
                self.fail_domain(now, what, lasts_ms, draws, observer);
            }
        }
    }

    fn fail_domain(
        &mut self,
        now: Time,
        what: Domain,
        lasts_ms: u64,
        draws: Draws,
        observer: &mut impl Observer,
    ) {
        let (hosts, cause) = match what {
            Domain::Host(row) => (vec![HostId::from_row(row as usize)], Cause::Listed),
            Domain::Rack(rack) => (self.hosts_where(|h| h.0 == rack), Cause::Rack(rack)),
            Domain::Zone(zone) => (self.hosts_where(|h| h.1 == zone), Cause::Zone(zone)),
        };
        let struck: Vec<_> = hosts.into_iter().map(|host| (host, cause)).collect();
        self.strike(now, &struck, &Outage::Lasts(lasts_ms), draws, observer);
    }

    /// Hosts that have not left service, by rack and zone.
    fn hosts_where(&self, is_there: impl Fn((RackId, ZoneId)) -> bool) -> Vec<HostId> {
        let hosts = &self.state.hosts;
        let is_meant = |host: &HostId| {
            hosts.status(*host) != HostStatus::Retired
                && is_there((hosts.rack(*host), hosts.zone(*host)))
        };
        hosts.ids().filter(is_meant).collect()
    }

    /// These hosts go down at once. First none of them takes VMs any more, and copies of theirs that
    /// wait for room in another pool wait no longer; then migrations from and to them end; then they
    /// fail, one after another; and then who waits may have the places of VMs that are down in
    /// quotas and groups.
    fn strike(
        &mut self,
        now: Time,
        struck: &[(HostId, Cause)],
        outage: &Outage,
        mut draws: Draws,
        observer: &mut impl Observer,
    ) {
        let decided = now.after(draws.decided_ms);
        let mut standing = Vec::new();
        for (host, cause) in struck {
            match self.state.hosts.status(*host) {
                HostStatus::Retired => continue,
                HostStatus::Down => {
                    self.stay_down(now, *host, outage);
                    continue;
                }
                HostStatus::Up => self.state.drain(*host),
                HostStatus::Cordoned | HostStatus::Draining => {}
            }
            standing.push((*host, *cause));
        }
        self.stop_waiting_for_copies(now, standing.iter().map(|(host, _)| *host));
        let is_struck = |host: &HostId| standing.iter().any(|(struck, _)| struck == host);
        let moving = self
            .state
            .moves
            .iter()
            .filter(|(vm, to)| is_struck(to) || is_struck(&self.state.vms.get(*vm).host));
        for vm in moving.map(|(vm, _)| vm).collect::<Vec<_>>() {
            self.break_off(now, vm, observer);
        }
        let incident = self.breakdowns().incident_next;
        self.breakdowns().incident_next += 1;
        let (mut evacuees, mut places) = (Vec::new(), Vec::new());
        for (host, cause) in standing {
            // One that was leaving may have left with its last migration.
            if self.state.hosts.status(host) != HostStatus::Retired {
                let step = (incident, &mut evacuees, &mut places);
                self.go_down(now, (host, cause), outage, &mut draws.dice, step, observer);
            }
        }
        if !evacuees.is_empty() {
            self.breakdowns().incidents.insert(incident, evacuees);
            self.agenda.push(decided, Event::Evacuate(incident));
        }
        self.serve_after_failure(now, &places, observer);
        for ask in places {
            self.state.forget(ask);
        }
    }

    /// A host that is down already stays so until this is over too.
    fn stay_down(&mut self, now: Time, host: HostId, outage: &Outage) {
        let Outage::Lasts(ms) = outage else { return };
        let end = now.after(*ms);
        let Some(broken) = self.breakdowns().hosts.get_mut(&host) else { return };
        broken.not_before = broken.not_before.max(end);
        if broken.until.is_some_and(|until| until < end) {
            broken.until = Some(end);
            self.agenda.push(end, Event::Repair(host));
        }
    }

    /// One host goes down with its VMs.
    fn go_down(
        &mut self,
        now: Time,
        (host, cause): (HostId, Cause),
        outage: &Outage,
        dice: &mut Stream,
        (incident, evacuees, places): (u32, &mut Vec<u64>, &mut Vec<Ask>),
        observer: &mut impl Observer,
    ) {
        let residents = self.state.residents.as_ref().expect("kept where hosts fail");
        let ids = residents.on(host).to_vec();
        let vms = u32::try_from(ids.len()).expect("a host has fewer VMs than there are rows");
        let mut fallen = Vec::with_capacity(ids.len());
        for id in ids {
            let marks = self.marks.as_ref().expect("VMs that can lose their hosts have marks");
            let down_left_ms = marks.of(id).down_until.since_ms(now);
            let (arrived, _) = self.take_off(now, id, Comes::Down);
            fallen.push((arrived, id, down_left_ms));
        }
        self.stop_pulls(now, host);
        let is_leaving = self.state.hosts.status(host) == HostStatus::Cordoned;
        let until = match is_leaving {
            true => None,
            false => {
                self.state.fail(host);
                self.host_went_down(now, host);
                self.next_repair(now, host, outage, dice)
            }
        };
        if let Some(broken) = self.breakdowns().hosts.get_mut(&host) {
            broken.vms = fallen.iter().map(|(arrived, ..)| arrived.request.0).collect();
        }
        observer.hear(now, &Fact::HostFailed { host, cause, vms, until }, &self.state);
        for (arrived, vm, down_left_ms) in fallen {
            let Arrived { request, demand, ask, .. } = arrived;
            let tenant = ask.tenant;
            let fact = Fact::VmDown { request, demand, tenant, vm, host, down_left_ms };
            observer.hear(now, &fact, &self.state);
            places.push(self.state.ask_once_more(ask));
            let is_instance = self.services.own(demand);
            let when = match self.breakdowns().rule.of_demand(demand) {
                // A service starts again what it has lost.
                WhenDown::Lose if is_instance => WhenDown::Evacuate,
                when => when,
            };
            let is_task = self.is_of_jobs(demand);
            if is_task {
                self.lose_task(now, request, vm);
            }
            let is_lost = is_task || when == WhenDown::Lose;
            // An instance that terminates is over with its host.
            let is_over = is_instance && !self.lose_instance(now, request);
            if is_lost || is_over {
                self.state.forget(ask);
                if let Some(memory) = &mut self.memory {
                    memory.forget(request);
                }
                let fact = Fact::VmGone { request, demand, tenant, down_ms: 0, is_lost };
                observer.hear(now, &fact, &self.state);
                continue;
            }
            let breakdowns = self.breakdowns();
            breakdowns.vms.insert(request.0, Fallen { arrived, vm, host, ticket: None, incident });
            if arrived.stay_ms != crate::demand::FOR_GOOD_MS {
                breakdowns.by_vm.insert(vm, request.0);
            }
            // A host that leaves does not come back for its VMs.
            if when == WhenDown::Evacuate || is_leaving {
                evacuees.push(request.0);
            }
        }
        if is_leaving {
            self.retire(now, host, observer);
        }
    }

    /// When a host that fails now is back; `None`: once there is a spare for it.
    fn next_repair(
        &mut self,
        now: Time,
        host: HostId,
        outage: &Outage,
        dice: &mut Stream,
    ) -> Option<Time> {
        let model = self.scenario.host_types[self.state.hosts.host_type(host).row()].model;
        let scenario = self.scenario.clone();
        let breakdowns = self.breakdowns();
        breakdowns.builds.remove(&host);
        let mut broken =
            Broken { until: None, not_before: now, is_replaced: false, vms: Vec::new() };
        let mut order_ms = None;
        match (outage, &breakdowns.rule.replacement) {
            (Outage::Lasts(ms), _) => {
                broken.until = Some(now.after(*ms));
                broken.not_before = now.after(*ms);
            }
            (Outage::Hosts, None) => {
                broken.until = Some(now.after(breakdowns.rule.repair.draw(dice)));
            }
            (Outage::Hosts, Some(Replacement { swap, .. })) => {
                let swap_ms = swap.draw(dice);
                order_ms = Some(scenario.models[model.row()].lead_time.draw(dice));
                broken.is_replaced = true;
                let stock = &mut breakdowns.stock[model.row()];
                if stock.spares > 0 {
                    stock.spares -= 1;
                    broken.until = Some(now.after(swap_ms));
                } else {
                    stock.queue.push_back((host, swap_ms));
                }
            }
        }
        let until = broken.until;
        breakdowns.hosts.insert(host, broken);
        if let Some(until) = until {
            self.agenda.push(until, Event::Repair(host));
        }
        if let Some(ms) = order_ms {
            self.agenda.push(now.after(ms), Event::StockSpare(model.row() as u32));
        }
        until
    }

    /// A spare arrives: for the host that has waited longest, or for the shelf.
    pub(super) fn stock_spare(&mut self, now: Time, model: u32) {
        let breakdowns = self.breakdowns();
        let model = ModelId::from_row(model as usize);
        let stock = &mut breakdowns.stock[model.row()];
        let Some((host, swap_ms)) = stock.queue.pop_front() else {
            stock.spares += 1;
            return;
        };
        let broken = breakdowns.hosts.get_mut(&host).expect("who waits for a spare is down");
        let until = now.after(swap_ms).max(broken.not_before);
        broken.until = Some(until);
        self.agenda.push(until, Event::Repair(host));
    }

    /// A host is in service again. Those of its VMs that are still down and have not looked
    /// elsewhere come up on it; then whoever waits may have what is left.
    pub(super) fn repair(&mut self, now: Time, host: HostId, observer: &mut impl Observer) {
        let breakdowns = self.breakdowns();
        let is_due = |broken: &&Broken| broken.until == Some(now);
        if breakdowns.hosts.get(&host).filter(is_due).is_none() {
            return;
        }
        let Some(broken) = breakdowns.hosts.remove(&host) else { return };
        let now_ms = i64::try_from(now.ms()).expect("the scenario check bounds the duration");
        self.state.revive(host, broken.is_replaced.then_some(now_ms));
        if broken.is_replaced {
            self.forget_images(now, host);
        }
        let fact = Fact::HostBack { host, is_new: broken.is_replaced };
        observer.hear(now, &fact, &self.state);
        self.host_is_back(now, host, broken.is_replaced, observer);
        self.age_again(now, host, broken.is_replaced, observer);
        for request in broken.vms {
            let Some(fallen) = self.breakdowns().vms.get(&request).copied() else { continue };
            if fallen.host != host || fallen.ticket.is_some() {
                continue;
            }
            let arrived = fallen.arrived;
            match Filter::new(&self.state, arrived.ask).admits(host) {
                true => {
                    self.place(now, &arrived, host, observer);
                    self.serve_mates(now, arrived.ask, observer);
                }
                false => self.settle(now, &arrived, observer),
            }
        }
        self.serve_waiting(now, Some(host), None, observer);
    }

    /// VMs that went down together are brought up elsewhere, as far as they are still down.
    pub(super) fn evacuate(&mut self, now: Time, incident: u32, observer: &mut impl Observer) {
        let Some(requests) = self.breakdowns().incidents.remove(&incident) else { return };
        for request in requests {
            let fallen = self.breakdowns().vms.get(&request).copied();
            let is_due = |fallen: &Fallen| fallen.incident == incident && fallen.ticket.is_none();
            if let Some(fallen) = fallen.filter(is_due) {
                self.settle(now, &fallen.arrived, observer);
            }
        }
    }

    /// A VM that is down fits nowhere: it waits until it does.
    pub(super) fn get_stuck(
        &mut self,
        now: Time,
        arrived: Arrived,
        reason: Reason,
        observer: &mut impl Observer,
    ) {
        let ticket = self.enter_room(arrived, reason);
        if let Some(fallen) = self.breakdowns().vms.get_mut(&arrived.request.0) {
            fallen.ticket = Some(ticket);
        }
        let fact = Fact::VmStuck { request: arrived.request, reason };
        observer.hear(now, &fact, &self.state);
    }

    /// A VM that was down has come up on a host, where it boots for so many ms: where it was
    /// before, and how long until it is ready, ms.
    pub(super) fn come_back(
        &mut self,
        now: Time,
        arrived: &Arrived,
        (vm, boot_ms): (VmId, u64),
        host: HostId,
    ) -> (HostId, u64) {
        let breakdowns = self.breakdowns();
        let fallen = breakdowns.vms.remove(&arrived.request.0).expect("it was down");
        breakdowns.by_vm.remove(&fallen.vm);
        let boot_ms = breakdowns.build(now, host, boot_ms);
        let marks = self.marks.as_mut().expect("VMs that can lose their hosts have marks");
        marks.of_mut(vm).down_until = now.after(boot_ms);
        (fallen.host, boot_ms)
    }

    /// The time of a VM that has lost its host is over: it is gone, if it is still down.
    #[cold]
    pub(super) fn end_while_down(&mut self, now: Time, id: VmId, observer: &mut impl Observer) {
        let Some(breakdowns) = &mut self.breakdowns else { return };
        if let Some(request) = breakdowns.by_vm.remove(&id) {
            self.end_fallen(now, RequestId(request), observer);
        }
    }

    /// A VM that is down is not wanted any more; whether it is down.
    pub(super) fn end_fallen(
        &mut self,
        now: Time,
        request: RequestId,
        observer: &mut impl Observer,
    ) -> bool {
        let Some(breakdowns) = &mut self.breakdowns else { return false };
        let Some(fallen) = breakdowns.vms.remove(&request.0) else { return false };
        if let Some(ticket) = fallen.ticket {
            self.leave_room(ticket);
        }
        let Arrived { demand, ask, at, .. } = fallen.arrived;
        let (tenant, down_ms) = (ask.tenant, now.since_ms(at));
        self.state.forget(ask);
        if let Some(memory) = &mut self.memory {
            memory.forget(request);
        }
        let fact = Fact::VmGone { request, demand, tenant, down_ms, is_lost: false };
        observer.hear(now, &fact, &self.state);
        true
    }
}
