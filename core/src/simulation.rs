//! The simulation: one loop that takes what is due, changes the state, and tells what happened.
//!
//! [`Event`] is what is due and stays private; [`Fact`] is what has happened. Each event has one
//! arm in one match, and each arm is one call.

mod boots;
mod capacity;
pub mod contrast;
mod failures;
pub mod foresight;
mod jobs;
pub mod host_foresight;
mod host_rollouts;
mod marks;
mod memory;
mod moves;
mod pipeline;
mod pool_moves;
mod preemption;
mod pulls;
mod rollouts;
mod services;
mod traffic;
mod waiting;

use crate::agenda::{Agenda, Class, Classed};
use crate::demand::{FOR_GOOD_MS, Request, Requests, Size};
use crate::dice;
use crate::explain::{self, Explanation};
use crate::fact::{Fact, Reason, RequestId};
use crate::observe::{Fingerprint, Observer, Summary};
use crate::placement::{Placer, Query};
use crate::problem::{Problem, Problems};
use crate::report::Report;
use crate::scenario::{
    Demand, DemandId, DeskId, Flavor, FlavorId, ImageId, PoolId, Scenario, ServiceId, WhenFull,
};
use crate::source::Files;
use crate::state::{Ask, HostId, HostStatus, Predicate, PredicateId, Search, State, Vm, VmId};
use crate::time::Time;
use crate::verdict;
use boots::{Boots, Coming};
use capacity::Capacity;
pub use capacity::lead_ms;
use contrast::Contraster;
use failures::Breakdowns;
use host_rollouts::RollingHosts;
use jobs::Jobs;
use marks::Marks;
use memory::Memory;
use moves::Movers;
use pipeline::{Pipeline, TicketId};
use pool_moves::PoolMoves;
use preemption::Preemption;
use pulls::ImagePulls;
use services::Services;
use std::sync::Arc;
use waiting::WaitingRoom;

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Event {
    /// A VM's life is over.
    Depart(VmId),
    /// An order arrives.
    Deliver(u32),
    /// A growth plan wants more hosts.
    Grow(u32),
    /// A host has reached its age.
    Age(HostId),
    /// An order by date is due.
    Order(u32),
    /// Somebody looks whether hosts must be ordered.
    Review(u32),
    /// A request has waited long enough.
    GiveUp(u32),
    /// A VM was believed to end by now.
    Outlived(VmId),
    /// Somebody looks which hosts can be emptied.
    PlanMoves,
    /// VMs that are to move may set out.
    SetOut,
    /// A VM arrives at another host.
    Arrive(u32),
    /// A host, a rack or a zone fails: of itself, or by the list of outages.
    Fail(HostId),
    FailRack(u32),
    FailZone(u16),
    FailListed(u32),
    /// A host that failed is repaired or replaced.
    Repair(HostId),
    /// A spare of a model arrives.
    StockSpare(u32),
    /// VMs that went down together are brought up elsewhere.
    Evacuate(u32),
    /// A ticket may be worked on.
    Approve(TicketId),
    /// A desk opens.
    Open(DeskId),
    /// An operator is done with a ticket.
    HandOff(TicketId),
    /// A host should have fetched an image.
    Pulled(u32),
    /// A try to boot was found to have failed.
    TryAgain(u32),
    /// An instance of a service should have booted.
    Booted(u32),
    /// An instance should have been ready for long enough.
    Proved(u32),
    /// An instance should have terminated.
    Gone(u32),
    /// A rollout is due.
    RollOut(u32),
    /// A service's rollout is asked what to do.
    Consult(ServiceId),
    /// The image of a rollout is found bad.
    FoundBad(u32),
    /// A service's traffic is looked at.
    Follow(ServiceId),
    /// The next job of a stream comes.
    SubmitJob(u32),
    /// Who of the jobs that wait starts.
    Schedule,
    /// A job should be done.
    JobEnds(u32),
    /// A job has lost tasks.
    BreakJob(u32),
    /// A rollout on hosts is due.
    RollOutHosts(u32),
    /// A rollout on hosts is asked what to do.
    RollHosts(u32),
    /// A host should have its new image.
    Rewritten(HostId),
    /// A migration's next wave.
    MovePools(u32),
    /// A VM should be copied to another pool.
    Copied(VmId),
    /// A wave has run in both pools for long enough.
    CutOver(u32),
    /// Somebody looks which hosts can leave their pool.
    HandHostsOver(u32),
    /// A host that left its pool is to be in another.
    TakeHostOver(u32),
    /// A VM needs all of its memory.
    FillMemory(VmId),
    /// A VM that was killed starts again.
    Restart(VmId),
}

impl Classed for Event {
    #[inline]
    fn class(&self) -> Class {
        match self {
            Self::Depart(_)
            | Self::Deliver(_)
            | Self::Grow(_)
            | Self::Age(_)
            | Self::Arrive(_)
            | Self::Repair(_)
            | Self::StockSpare(_)
            | Self::JobEnds(_)
            | Self::BreakJob(_)
            | Self::Rewritten(_)
            | Self::CutOver(_)
            | Self::TakeHostOver(_)
            | Self::Gone(_) => Class::CapacityFreed,
            Self::Booted(_)
            | Self::Proved(_)
            | Self::Pulled(_)
            | Self::Copied(_)
            | Self::Restart(_)
            | Self::TryAgain(_) => Class::Boot,
            Self::RollOut(_)
            | Self::MovePools(_)
            | Self::HandHostsOver(_)
            | Self::Consult(_)
            | Self::FoundBad(_)
            | Self::Follow(_)
            | Self::Order(_)
            | Self::Review(_)
            | Self::GiveUp(_)
            | Self::Outlived(_)
            | Self::PlanMoves
            | Self::SetOut
            | Self::Approve(_)
            | Self::Open(_)
            | Self::HandOff(_)
            | Self::RollOutHosts(_)
            | Self::RollHosts(_)
            | Self::Evacuate(_) => Class::Controller,
            Self::Fail(_)
            | Self::FailRack(_)
            | Self::FailZone(_)
            | Self::FailListed(_)
            | Self::FillMemory(_) => Class::Failure,
            Self::SubmitJob(_) => Class::Arrival,
            // All that comes at an instant is known by then.
            Self::Schedule => Class::Observation,
        }
    }
}

/// A run of a scenario, under way.
#[derive(Debug)]
pub struct Simulation {
    scenario: Arc<Scenario>,
    state: State,
    agenda: Agenda<Event>,
    requests: Requests,
    placer: Placer,
    placement_dice: dice::Stream,
    capacity: Capacity,
    room: WaitingRoom,
    /// Requests at desks; `None` where there are none.
    pipeline: Option<Pipeline>,
    /// Images on their way to hosts; `None` where all have all.
    image_pulls: Option<ImagePulls>,
    /// Boots that can fail; `None` where none does.
    boots: Option<Box<Boots>>,
    /// Who needs more memory than it asks for; `None` where nobody does.
    memory: Option<Box<Memory>>,
    /// Whether decisions look at what hosts have of images.
    looks_at_images: bool,
    /// Whether it is told where requests' time goes.
    tells_stages: bool,
    /// What must be known of VMs that can lose their hosts; `None` where none does.
    marks: Option<Marks>,
    /// `None` where nobody is pushed out.
    preemption: Option<Preemption>,
    /// What is down; `None` where nothing fails.
    breakdowns: Option<Box<Breakdowns>>,
    /// VMs on the move and those that are to follow.
    movers: Movers,
    /// The hosts' images, and who gets another; `None` where hosts have none.
    rolling: Option<Box<RollingHosts>>,
    /// Services, their instances and their rollouts.
    services: Services,
    /// Batch work; `None` where there is none.
    jobs: Option<Box<Jobs>>,
    /// What goes from pool to pool; `None` where nothing does.
    pool_moves: Option<Box<PoolMoves>>,
    /// What each flavor asks for in each demand, held for good.
    flavor_asks: Vec<Vec<Ask>>,
    /// Which hosts will do for each demand, in its own pool.
    predicates: Vec<PredicateId>,
    /// Whether what was believed of a VM's stay is believed anew once it is over.
    repredicts: bool,
    request_next: u64,
    /// The request that [`Self::advance_to_request`] stopped at.
    undecided: Option<(Time, Arrived)>,
    /// The instance that somebody asks about, and the account of the decision about it.
    asked_about: Option<RequestId>,
    explained: Option<Box<Explanation>>,
    /// The request to stop at when it leaves the last desk, and its name.
    watched: Option<(RequestId, Option<Box<str>>)>,
    has_begun: bool,
    has_ended: bool,
}

/// A request on its way to a host.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    request: RequestId,
    demand: DemandId,
    at: Time,
    ask: Ask,
    stay_ms: u64,
    believed_ms: u64,
    boot_ms: u64,
    priority: i32,
    comes: Comes,
    /// What is remembered of its way through desks.
    ticket: Option<TicketId>,
    /// Its number among those of its demand, from 0; always 0 where no boot can fail.
    number: u32,
}

/// Why a request is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comes {
    /// It has just been made.
    First,
    /// Its VM was pushed out.
    Again,
    /// Its VM is down.
    Down,
    /// Its VM is to run in another pool.
    Copy,
}

impl Arrived {
    /// How long its VM would stay and is believed to, ms, if it came up now: time goes on for who
    /// is down.
    #[inline]
    fn stays_ms(&self, now: Time) -> (u64, u64) {
        if self.comes != Comes::Down {
            return (self.stay_ms, self.believed_ms);
        }
        let down_ms = now.since_ms(self.at);
        let left = |ms: u64| match ms {
            FOR_GOOD_MS => FOR_GOOD_MS,
            ms => ms.saturating_sub(down_ms),
        };
        (left(self.stay_ms), left(self.believed_ms).max(1))
    }
}

/// A request that the run stopped at: it has arrived, and nothing is decided.
#[derive(Clone, Debug)]
pub struct Undecided {
    arrived: Arrived,
    now: Time,
    name: Option<Box<str>>,
}

impl Undecided {
    /// Its number.
    pub fn request(&self) -> RequestId {
        self.arrived.request
    }

    /// What it asks for, while the run stands still.
    pub fn ask(&self) -> Ask {
        self.arrived.ask
    }

    /// When it is decided: when it arrived, or left the last desk.
    pub fn at(&self) -> Time {
        self.now
    }
}

/// Runs a scenario to its end and reports.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn run(scenario: &Arc<Scenario>, files: &dyn Files) -> Result<Report, Problems> {
    let summary = Summary::new(scenario);
    let mut observers = (summary, Fingerprint::new(), Contraster::new(scenario));
    let mut simulation = Simulation::new(Arc::clone(scenario), files)?;
    simulation.advance(simulation.end(), &mut observers)?;
    let (summary, fingerprint, contraster) = observers;
    let mut report = verdict::report(scenario, &summary, fingerprint.hex());
    report.contrast = contraster.map(|contraster| contraster.finish(files)).transpose()?;
    Ok(report)
}

/// Which hosts will do for a demand's requests of a pool that want so many NUMA cells.
fn predicate(demand: &Demand, pool: Option<PoolId>, cells: u8) -> Predicate {
    let (labels, rules) = (demand.labels.clone(), demand.rules.clone());
    Predicate { pool, labels, rules, cells, image: None }
}

impl Simulation {
    /// A run that has not begun.
    ///
    /// # Errors
    /// If a file that was checked cannot be read any more.
    pub fn new(scenario: Arc<Scenario>, files: &dyn Files) -> Result<Self, Problems> {
        let mut state = State::new(&scenario);
        let (mut flavor_asks, mut predicates) = (Vec::new(), Vec::new());
        for (row, demand) in scenario.demands.iter().enumerate() {
            let own = state.predicate(predicate(demand, demand.pool, 0));
            let ask = |(column, flavor): (usize, &Flavor)| {
                let predicate = match flavor.cells {
                    0 => own,
                    cells => state.predicate(predicate(demand, demand.pool, cells)),
                };
                let (demand_id, id) = (DemandId::from_row(row), FlavorId::from_row(column));
                let amounts = memory::amounts_in(&scenario, demand_id, id);
                state.ask_of(&amounts, predicate, demand.tenant)
            };
            flavor_asks.push(scenario.flavors.iter().enumerate().map(ask).collect());
            predicates.push(own);
        }
        Ok(Self {
            requests: Requests::new(&scenario, files)?,
            placer: Placer::new(&scenario),
            placement_dice: dice::stream(scenario.seed, "placement"),
            capacity: Capacity::new(&scenario),
            room: WaitingRoom::new(&scenario),
            pipeline: Pipeline::new(&scenario),
            image_pulls: ImagePulls::new(&scenario),
            boots: Boots::new(&scenario),
            memory: Memory::new(&scenario),
            looks_at_images: scenario.looks_at_images(),
            tells_stages: scenario.tells_stages(),
            marks: Marks::new(&scenario),
            preemption: Preemption::new(&scenario),
            breakdowns: Breakdowns::new(&scenario),
            movers: Movers::new(&scenario),
            rolling: RollingHosts::new(&scenario),
            services: Services::new(&scenario),
            jobs: Jobs::new(&scenario, files)?,
            pool_moves: PoolMoves::new(&scenario),
            state,
            agenda: Agenda::new(),
            flavor_asks,
            predicates,
            repredicts: scenario.placement.predictions.is_some_and(|rule| rule.repredicts),
            request_next: 0,
            undecided: None,
            asked_about: None,
            explained: None,
            watched: None,
            has_begun: false,
            has_ended: false,
            scenario,
        })
    }

    /// What decisions look through from now on. Facts are the same.
    pub fn search(&mut self, search: Search) {
        self.state.search(search);
    }

    /// The scenario that runs.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// The fleet as it is.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The hosts of services' instances, with the image that each runs.
    pub fn images(&self) -> impl Iterator<Item = (HostId, ImageId)> {
        let host_of = |vm| self.state.vms.find(vm).map(|vm| vm.host);
        self.services.images().filter_map(move |(vm, image)| Some((host_of(vm)?, image)))
    }

    /// When the run ends.
    pub fn end(&self) -> Time {
        Time::from_ms(self.scenario.duration_ms)
    }

    /// Runs up to and with the instant `until`; whether there is more to come.
    ///
    /// # Errors
    /// If a trace cannot be read any more. The run cannot go on then.
    pub fn advance<O: Observer>(&mut self, until: Time, observer: &mut O) -> Result<bool, Problem> {
        self.advance_unless(until, |_, _| false, observer)?;
        Ok(!self.has_ended)
    }

    /// Runs up to a request and stops when it has arrived and is not yet decided; `None` if no
    /// such request comes. `is_it` is asked for each request, with its name if it has one. The
    /// next [`Self::advance`] begins with the decision.
    ///
    /// # Errors
    /// If a trace cannot be read any more. The run cannot go on then.
    pub fn advance_to_request<O: Observer>(
        &mut self,
        is_it: impl FnMut(RequestId, Option<&str>) -> bool,
        observer: &mut O,
    ) -> Result<Option<Undecided>, Problem> {
        let name = self.advance_unless(self.end(), is_it, observer)?;
        let found = self.undecided.zip(name);
        Ok(found.map(|((now, arrived), name)| Undecided { arrived, now, name }))
    }

    /// How many requests have arrived.
    pub fn requests_arrived(&self) -> u64 {
        self.request_next
    }

    /// If a request is an instance's, the run stands still right after the decision about it, and
    /// [`Self::take_explained`] has its account. To be said before the run begins.
    pub fn ask_about(&mut self, request: RequestId) {
        self.asked_about = Some(request);
    }

    /// The account of the instance that was asked about, once it is there. The run does not go on
    /// before it is taken.
    pub fn take_explained(&mut self) -> Option<Box<Explanation>> {
        self.explained.take()
    }

    /// An instance has arrived and is not decided on yet.
    fn explain_instance(&mut self, now: Time, arrived: &Arrived) {
        if self.asked_about == Some(arrived.request) {
            let undecided = Undecided { arrived: *arrived, now, name: None };
            self.explained = Some(Box::new(self.explain(&undecided)));
        }
    }

    /// The account of the decision about a request that the run stopped at.
    pub fn explain(&self, undecided: &Undecided) -> Explanation {
        let arrived = &undecided.arrived;
        let question = explain::Question {
            request: arrived.request,
            name: undecided.name.as_deref(),
            demand: arrived.demand,
            tenant: arrived.ask.tenant,
            at: undecided.now,
            ask: arrived.ask,
            stay_ms: arrived.believed_ms,
        };
        explain::explain(&self.scenario, &self.state, &self.placer, &self.placement_dice, &question)
    }

    /// Runs up to and with `until`, unless a request comes that is to be stopped at: then its
    /// name (if it has one) is returned.
    fn advance_unless<O: Observer>(
        &mut self,
        until: Time,
        mut is_stop: impl FnMut(RequestId, Option<&str>) -> bool,
        observer: &mut O,
    ) -> Result<Option<Option<Box<str>>>, Problem> {
        let until = until.min(self.end());
        if !self.has_begun {
            self.has_begun = true;
            self.begin(observer);
            self.begin_services(observer);
            self.begin_traffic();
            self.begin_jobs();
            self.begin_host_rollouts();
            self.begin_pool_moves();
        }
        if let Some((now, arrived)) = self.undecided.take() {
            self.settle(now, &arrived, observer);
        }
        let mut request = Request::default();
        if self.explained.is_some() {
            return Ok(None);
        }
        while !self.has_ended {
            let arrival = self.requests.next_at().filter(|at| *at <= until);
            let before = arrival.map_or((until, Class::Observation), |at| (at, Class::Failure));
            if let Some((now, event)) = self.agenda.pop_until(before.0, before.1) {
                self.happen(now, event, observer);
                if self.undecided.is_some() || self.explained.is_some() {
                    return Ok(self.watched.take().map(|(_, name)| name));
                }
            } else if arrival.is_some() {
                self.requests.next_into(&mut request)?;
                let is_stop = is_stop(RequestId(self.request_next), request.name.as_deref());
                let arrived = self.arrive(&mut request, None, observer);
                if self.goes_to_desks(&arrived) {
                    if is_stop {
                        self.watched = Some((arrived.request, request.name.take()));
                    }
                    self.submit(arrived, observer);
                    continue;
                }
                if is_stop {
                    return Ok(Some(self.stop_at(&arrived, &mut request)));
                }
                self.settle(arrived.at, &arrived, observer);
            } else {
                break;
            }
        }
        if let Some(problem) = self.jobs.as_mut().and_then(|jobs| jobs.problem.take()) {
            return Err(*problem);
        }
        if until == self.end() && !self.has_ended {
            self.has_ended = true;
            observer.hear(until, &Fact::Ended, &self.state);
        }
        Ok(None)
    }

    /// The run stands still before the decision; the request's name.
    #[cold]
    fn stop_at(&mut self, arrived: &Arrived, request: &mut Request) -> Option<Box<str>> {
        self.undecided = Some((arrived.at, *arrived));
        request.name.take()
    }

    #[inline(always)]
    fn happen(&mut self, now: Time, event: Event, observer: &mut impl Observer) {
        match event {
            Event::Depart(vm) => self.depart(now, vm, observer),
            Event::Deliver(order) => self.deliver(now, order, observer),
            Event::Grow(plan) => self.grow(now, plan as usize, observer),
            Event::Age(host) => self.cordon(now, host, observer),
            Event::Order(order) => self.order_planned(now, order as usize, observer),
            Event::Review(procurement) => self.review(now, procurement as usize, observer),
            Event::GiveUp(ticket) => self.give_up(now, ticket, observer),
            Event::Outlived(vm) => self.believe_anew(now, vm),
            Event::PlanMoves => self.plan_moves(now, observer),
            Event::SetOut => self.set_out(now, observer),
            Event::Arrive(number) => self.end_move(now, number, observer),
            Event::Fail(host) => self.fail(now, host, observer),
            Event::FailRack(rack) => self.fail_rack(now, rack, observer),
            Event::FailZone(zone) => self.fail_zone(now, zone, observer),
            Event::FailListed(outage) => self.fail_listed(now, outage, observer),
            Event::Repair(host) => self.repair(now, host, observer),
            Event::StockSpare(model) => self.stock_spare(now, model),
            Event::Evacuate(incident) => self.evacuate(now, incident, observer),
            Event::Approve(ticket) => self.approve(now, ticket, observer),
            Event::Open(desk) => self.open(now, desk, observer),
            Event::HandOff(ticket) => self.hand_off(now, ticket, observer),
            Event::Pulled(look) => self.pulled(now, look, observer),
            Event::TryAgain(id) => self.try_again(now, id, observer),
            Event::Booted(row) => self.boot_ends(now, row, observer),
            Event::Proved(row) => self.prove(now, row, observer),
            Event::Gone(row) => self.end_instance(now, row, observer),
            Event::RollOut(plan) => self.roll_out(now, plan, observer),
            Event::Consult(service) => self.consult(now, service, observer),
            Event::FoundBad(rollout) => self.find_bad(now, rollout, observer),
            Event::Follow(service) => self.follow_traffic(now, service, observer),
            Event::SubmitJob(stream) => self.submit_job(now, stream, observer),
            Event::Schedule => self.schedule(now, observer),
            Event::JobEnds(start) => self.end_job(now, start, observer),
            Event::BreakJob(start) => self.break_job(now, start, observer),
            Event::RollOutHosts(rollout) => self.roll_out_hosts(now, rollout, observer),
            Event::RollHosts(rollout) => self.roll_hosts(now, rollout, observer),
            Event::Rewritten(host) => self.end_rewrite(now, host, observer),
            Event::MovePools(row) => self.move_pools(now, row, observer),
            Event::Copied(vm) => self.copied(now, vm, observer),
            Event::CutOver(wave) => self.cut_over(now, wave, observer),
            Event::HandHostsOver(row) => self.hand_hosts_over(now, row, observer),
            Event::TakeHostOver(number) => self.take_host_over(now, number, observer),
            Event::FillMemory(vm) => self.kill(now, vm, observer),
            Event::Restart(vm) => self.restart(now, vm, observer),
        }
    }

    /// What a request's VM will run, where decisions look at what hosts have of it. Who is there
    /// when the run begins has what it needs anywhere.
    #[cold]
    fn image_looked_at(&self, request: &Request, own: Option<ImageId>) -> Option<ImageId> {
        let demand = &self.scenario.demands[request.demand.row()];
        let is_there = request.at == Time::ZERO && demand.is_there_at_start();
        own.or(demand.image).filter(|_| !is_there)
    }

    /// A request is heard of; that of an instance with its image.
    #[inline(always)]
    fn arrive(
        &mut self,
        request: &mut Request,
        image: Option<ImageId>,
        observer: &mut impl Observer,
    ) -> Arrived {
        let now = request.at;
        if self.memory.is_some() {
            self.draw_memory(request);
        }
        let image = match self.looks_at_images {
            true => self.image_looked_at(request, image),
            false => None,
        };
        let (scenario, state) = (&self.scenario, &mut self.state);
        let demand = &scenario.demands[request.demand.row()];
        let usual = self.predicates[request.demand.row()];
        let with_image = |state: &State, cells: u8| match request.pool == demand.pool {
            // Its demand may go to another pool by now.
            true => Predicate { image, cells, ..state.shapes.predicate_of(usual).clone() },
            false => Predicate { image, ..predicate(demand, request.pool, cells) },
        };
        let own = match request.pool == demand.pool && image.is_none() {
            true => usual,
            false => state.predicate(with_image(state, 0)),
        };
        let ask = match request.size {
            Size::Flavor(flavor) if request.pool == demand.pool && image.is_none() => {
                state.ask_again(self.flavor_asks[request.demand.row()][flavor.row()])
            }
            Size::Flavor(flavor) => {
                let own = match scenario.flavors[flavor.row()].cells {
                    0 => own,
                    cells => state.predicate(with_image(state, cells)),
                };
                // A service may ask for what it guesses.
                let usual = self.flavor_asks[request.demand.row()][flavor.row()];
                let amounts = state.shapes.get(usual.shape).amounts;
                state.ask_of(&amounts, own, request.tenant)
            }
            Size::Own(amounts) => state.ask_of(&amounts, own, request.tenant),
        };
        let group = request.group.take().zip(demand.group);
        let ask = Ask {
            shape: ask.shape,
            group: group.map(|(key, rule)| state.groups.hold(key, rule)),
            tenant: request.tenant,
        };
        let arrived = Arrived {
            request: RequestId(self.request_next),
            demand: request.demand,
            at: now,
            ask,
            stay_ms: request.stay_ms,
            believed_ms: request.believed_ms,
            boot_ms: request.boot_ms,
            priority: request.priority,
            comes: Comes::First,
            ticket: None,
            number: self.boots.as_mut().map_or(0, |boots| boots.number(request.demand.row())),
        };
        self.request_next += 1;
        let fact = Fact::Requested {
            request: arrived.request,
            demand: arrived.demand,
            tenant: arrived.ask.tenant,
            name: request.name.as_deref(),
            ask: arrived.ask,
        };
        observer.hear(now, &fact, &self.state);
        arrived
    }

    /// A request that has arrived is decided.
    #[inline(always)]
    fn settle(&mut self, now: Time, arrived: &Arrived, observer: &mut impl Observer) {
        match self.decide(now, arrived) {
            Ok(host) => {
                self.place(now, arrived, host, observer);
                self.serve_mates(now, arrived.ask, observer);
            }
            Err(reason) if self.preemption.is_some() => {
                self.push_out(now, arrived, reason, observer);
            }
            Err(reason) => self.find_no_room(now, arrived, reason, observer),
        }
    }

    /// A VM of this ask has come: one more where its group had fewest makes room for the group
    /// elsewhere.
    #[inline]
    fn serve_mates(&mut self, now: Time, ask: Ask, observer: &mut impl Observer) {
        if self.state.is_spread(ask) {
            self.serve_waiting(now, None, Some(ask), observer);
        }
    }

    /// No host takes a request, and it pushes nobody out.
    fn find_no_room(
        &mut self,
        now: Time,
        arrived: &Arrived,
        reason: Reason,
        observer: &mut impl Observer,
    ) {
        if arrived.comes == Comes::Down {
            return self.get_stuck(now, *arrived, reason, observer);
        }
        match self.scenario.demands[arrived.demand.row()].when_full {
            WhenFull::Refuse => self.refuse(now, arrived, reason, observer),
            WhenFull::Wait { ms_max } => self.wait(now, *arrived, reason, ms_max, observer),
        }
    }

    fn decide(&mut self, now: Time, arrived: &Arrived) -> Result<HostId, Reason> {
        let (_, stay_ms) = arrived.stays_ms(now);
        let query = Query { ask: arrived.ask, now, stay_ms };
        self.placer.decide(&self.state, query, &mut self.placement_dice)
    }

    fn place(
        &mut self,
        now: Time,
        arrived: &Arrived,
        host: HostId,
        observer: &mut impl Observer,
    ) -> VmId {
        let vm = Vm {
            request: arrived.request.0,
            placed: now,
            host,
            ask: arrived.ask,
            demand: arrived.demand,
        };
        if let Some(place) = self.placer.next_scan_start(&self.state, arrived.ask) {
            self.state.history.set_scan_start(place);
        }
        let (stay_ms, believed_ms) = arrived.stays_ms(now);
        let (ends, believed) = (now.after(stay_ms), now.after(believed_ms));
        let devices = self.placer.device(&self.state, arrived.ask, host);
        let vm = self.state.start_on(vm, believed, devices);
        if stay_ms != FOR_GOOD_MS {
            self.agenda.push(ends, Event::Depart(vm));
        }
        if believed_ms < stay_ms && self.repredicts {
            self.agenda.push(believed, Event::Outlived(vm));
        }
        if let Some(marks) = &mut self.marks {
            marks.remember(vm, arrived, ends);
        }
        let Arrived { request, demand, ask: Ask { tenant, .. }, mut boot_ms, .. } = *arrived;
        let is_instance = self.services.own(demand);
        if is_instance {
            boot_ms = self.services.boot_ms(request);
        }
        let waited_ms = now.since_ms(arrived.at);
        let fact = match arrived.comes {
            Comes::First => Fact::Placed { request, demand, tenant, vm, host, waited_ms, boot_ms },
            Comes::Again => Fact::Resumed { request, demand, tenant, vm, host, waited_ms, boot_ms },
            Comes::Down => {
                let from;
                (from, boot_ms) = self.come_back(now, arrived, (vm, boot_ms), host);
                let down_ms = waited_ms;
                Fact::VmBack { request, demand, tenant, vm, from, host, down_ms, boot_ms }
            }
            Comes::Copy => unreachable!("a copy is no VM of its own"),
        };
        observer.hear(now, &fact, &self.state);
        if self.memory.is_some() {
            self.tell_needs(now, request, vm, observer);
        }
        let (mut boots, mut tried) = (Some(boot_ms), None);
        if self.tells_stages {
            let stages = self.stages_until(now, arrived);
            let coming =
                Coming { arrived: *arrived, vm, placed: now, boot_ms, is_instance, stages };
            if self.pull(now, coming, host, observer) {
                boots = None;
            } else if self.tries_boot(now, arrived) {
                (boots, tried) = (None, Some(coming));
            } else {
                self.account(now, arrived, vm, stages, boot_ms, observer);
            }
        }
        if is_instance {
            self.start_instance(now, request, vm, boots, observer);
        }
        if let Some(coming) = tried {
            self.boot(now, coming, observer);
        }
        if self.memory.is_some()
            && let Some(boot_ms) = boots
        {
            self.fill_memory(now, arrived, vm, boot_ms);
        }
        if self.rolling.is_some() && arrived.ask.group.is_some() {
            self.tell_host_rollouts(now, None, &[arrived.ask]);
        }
        vm
    }

    /// A VM that is still there is believed to stay as long again as it has. The row may be
    /// another VM's by now: then what was believed of this one is another time.
    fn believe_anew(&mut self, now: Time, id: VmId) {
        let Some(vm) = self.state.vms.find(id) else { return };
        if self.state.history.end_of(id) != Some(now) {
            return;
        }
        let end = now.after(now.since_ms(vm.placed).max(1));
        self.state.put_off(id, end);
        self.agenda.push(end, Event::Outlived(id));
    }

    fn refuse(
        &mut self,
        now: Time,
        arrived: &Arrived,
        reason: Reason,
        observer: &mut impl Observer,
    ) {
        self.state.forget(arrived.ask);
        if let Some(memory) = &mut self.memory {
            memory.forget(arrived.request);
        }
        if let Some(ticket) = arrived.ticket {
            self.tear_up(ticket);
        }
        let Arrived { request, demand, ask: Ask { tenant, .. }, .. } = *arrived;
        let waited_ms = now.since_ms(arrived.at);
        let fact = if arrived.comes == Comes::Again {
            Fact::Lost { request, demand, tenant, waited_ms }
        } else {
            Fact::Refused { request, demand, tenant, reason, waited_ms }
        };
        observer.hear(now, &fact, &self.state);
    }

    fn depart(&mut self, now: Time, id: VmId, observer: &mut impl Observer) {
        if self.state.vms.find(id).is_none() {
            // It lost its host before its time.
            self.state.vms.vacate(id);
            self.end_while_down(now, id, observer);
            return;
        }
        if self.pool_moves.is_some() {
            self.drop_copy(now, id, observer);
        }
        if self.state.moves.target(id).is_some() {
            self.break_off(now, id, observer);
        }
        let vm = self.state.end(id);
        let host = vm.host;
        let fact = Fact::Departed { request: RequestId(vm.request), vm: id, host };
        observer.hear(now, &fact, &self.state);
        self.serve_after_leaving(now, host, vm.ask, observer);
        self.state.forget(vm.ask);
        if let Some(memory) = &mut self.memory {
            memory.forget(RequestId(vm.request));
        }
    }

    /// A VM of this ask has left a host: a host that is to leave service does so once it is
    /// empty, and who waits may have room.
    #[inline(always)]
    fn serve_after_leaving(
        &mut self,
        now: Time,
        host: HostId,
        ask: Ask,
        observer: &mut impl Observer,
    ) {
        let is_leaving = self.state.hosts.status(host) == HostStatus::Cordoned;
        if is_leaving && self.state.hosts.vm_count(host) == 0 {
            self.retire(now, host, observer);
            self.serve_after_retirement(now, Some(ask), observer);
        } else {
            self.serve_waiting(now, Some(host), Some(ask), observer);
        }
    }
}
