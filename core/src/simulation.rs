//! The simulation: one loop that takes what is due, changes the state, and tells what happened.
//!
//! [`Event`] is what is due and stays private; [`Fact`] is what has happened. Each event has one
//! arm in one match, and each arm is one call.

mod capacity;
mod waiting;

use crate::agenda::{Agenda, Class, Classed};
use crate::demand::{FOR_GOOD_MS, Request, Requests, Size};
use crate::dice;
use crate::fact::{Fact, Reason, RequestId};
use crate::observe::{Fingerprint, Observer, Summary};
use crate::placement::Placer;
use crate::problem::{Problem, Problems};
use crate::report::Report;
use crate::scenario::{DemandId, Flavor, Scenario, TenantId, WhenFull};
use crate::source::Files;
use crate::state::{Ask, HostId, HostStatus, Search, State, Vm, VmId};
use crate::time::Time;
use crate::verdict;
use capacity::Capacity;
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
    /// Somebody looks whether hosts must be ordered.
    Review(u32),
    /// A request has waited long enough.
    GiveUp(u32),
}

impl Classed for Event {
    #[inline]
    fn class(&self) -> Class {
        match self {
            Self::Depart(_) | Self::Deliver(_) | Self::Grow(_) | Self::Age(_) => {
                Class::CapacityFreed
            }
            Self::Review(_) | Self::GiveUp(_) => Class::Controller,
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
    /// What each flavor asks for in each demand, held for good.
    flavor_asks: Vec<Vec<Ask>>,
    request_next: u64,
    has_begun: bool,
    has_ended: bool,
}

/// A request on its way to a host.
#[derive(Clone, Copy, Debug)]
struct Arrived {
    request: RequestId,
    demand: DemandId,
    tenant: TenantId,
    at: Time,
    ask: Ask,
    stay_ms: u64,
    boot_ms: u64,
}

/// Runs a scenario to its end and reports.
///
/// # Errors
/// If a file that was checked cannot be read any more.
pub fn run(scenario: &Arc<Scenario>, files: &dyn Files) -> Result<Report, Problems> {
    let mut observers = (Summary::new(scenario), Fingerprint::new());
    let mut simulation = Simulation::new(Arc::clone(scenario), files)?;
    simulation.advance(simulation.end(), &mut observers)?;
    Ok(verdict::report(scenario, &observers.0, observers.1.hex()))
}

impl Simulation {
    /// A run that has not begun.
    ///
    /// # Errors
    /// If a file that was checked cannot be read any more.
    pub fn new(scenario: Arc<Scenario>, files: &dyn Files) -> Result<Self, Problems> {
        let mut state = State::new(&scenario);
        let mut flavor_asks = Vec::new();
        for demand in &scenario.demands {
            let ask = |flavor: &Flavor| state.ask(&flavor.amounts, demand.pool, &demand.labels);
            flavor_asks.push(scenario.flavors.iter().map(ask).collect());
        }
        Ok(Self {
            requests: Requests::new(&scenario, files)?,
            placer: Placer::new(&scenario),
            placement_dice: dice::stream(scenario.seed, "placement"),
            capacity: Capacity::new(&scenario),
            room: WaitingRoom::new(&scenario),
            state,
            agenda: Agenda::new(),
            flavor_asks,
            request_next: 0,
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

    /// When the run ends.
    pub fn end(&self) -> Time {
        Time::from_ms(self.scenario.duration_ms)
    }

    /// Runs up to and with the instant `until`; whether there is more to come.
    ///
    /// # Errors
    /// If a trace cannot be read any more. The run cannot go on then.
    pub fn advance<O: Observer>(&mut self, until: Time, observer: &mut O) -> Result<bool, Problem> {
        let until = until.min(self.end());
        if !self.has_begun {
            self.has_begun = true;
            self.begin(observer);
        }
        while !self.has_ended {
            let arrival = self.requests.next_at().filter(|at| *at <= until);
            let before = arrival.map_or((until, Class::Observation), |at| (at, Class::Failure));
            if let Some((now, event)) = self.agenda.pop_until(before.0, before.1) {
                self.happen(now, event, observer);
            } else if arrival.is_some() {
                let request = self.requests.take_next()?.expect("its instant was told");
                self.arrive(request, observer);
            } else {
                break;
            }
        }
        if until == self.end() && !self.has_ended {
            self.has_ended = true;
            observer.hear(until, &Fact::Ended, &self.state);
        }
        Ok(!self.has_ended)
    }

    fn happen(&mut self, now: Time, event: Event, observer: &mut impl Observer) {
        match event {
            Event::Depart(vm) => self.depart(now, vm, observer),
            Event::Deliver(order) => self.deliver(now, order, observer),
            Event::Grow(plan) => self.grow(now, plan as usize, observer),
            Event::Age(host) => self.cordon(now, host, observer),
            Event::Review(procurement) => self.review(now, procurement as usize, observer),
            Event::GiveUp(ticket) => self.give_up(now, ticket, observer),
        }
    }

    fn arrive(&mut self, request: Request, observer: &mut impl Observer) {
        let now = request.at;
        let (scenario, state) = (&self.scenario, &mut self.state);
        let demand = &scenario.demands[request.demand.row()];
        let mut ask = match request.size {
            Size::Flavor(flavor) if request.pool == demand.pool => {
                state.ask_again(self.flavor_asks[request.demand.row()][flavor.row()])
            }
            Size::Flavor(flavor) => {
                let amounts = &scenario.flavors[flavor.row()].amounts;
                state.ask(amounts, request.pool, &demand.labels)
            }
            Size::Own(amounts) => state.ask(&amounts, request.pool, &demand.labels),
        };
        if let Some((key, rule)) = request.group.zip(demand.group) {
            ask = state.ask_in_group(ask, key, rule);
        }
        let arrived = Arrived {
            request: RequestId(self.request_next),
            demand: request.demand,
            tenant: request.tenant,
            at: now,
            ask,
            stay_ms: request.stay_ms,
            boot_ms: request.boot_ms,
        };
        self.request_next += 1;
        let fact = Fact::Requested {
            request: arrived.request,
            demand: arrived.demand,
            tenant: arrived.tenant,
            name: request.name.as_deref(),
        };
        observer.hear(now, &fact, &self.state);
        match self.decide(arrived.ask) {
            Ok(host) => self.place(now, &arrived, host, observer),
            Err(reason) => match self.scenario.demands[arrived.demand.row()].when_full {
                WhenFull::Refuse => self.refuse(now, &arrived, reason, observer),
                WhenFull::Wait { ms_max } => self.wait(now, arrived, reason, ms_max, observer),
            },
        }
    }

    fn decide(&mut self, ask: Ask) -> Result<HostId, Reason> {
        self.placer.decide(&self.state, ask, &mut self.placement_dice)
    }

    fn place(&mut self, now: Time, arrived: &Arrived, host: HostId, observer: &mut impl Observer) {
        let vm = self.state.start(Vm {
            request: arrived.request.0,
            placed: now,
            host,
            ask: arrived.ask,
            demand: arrived.demand,
        });
        if arrived.stay_ms != FOR_GOOD_MS {
            self.agenda.push(now.after(arrived.stay_ms), Event::Depart(vm));
        }
        let fact = Fact::Placed {
            request: arrived.request,
            demand: arrived.demand,
            tenant: arrived.tenant,
            vm,
            host,
            waited_ms: now.since_ms(arrived.at),
            boot_ms: arrived.boot_ms,
        };
        observer.hear(now, &fact, &self.state);
    }

    fn refuse(
        &mut self,
        now: Time,
        arrived: &Arrived,
        reason: Reason,
        observer: &mut impl Observer,
    ) {
        self.state.forget(arrived.ask);
        let fact = Fact::Refused {
            request: arrived.request,
            demand: arrived.demand,
            tenant: arrived.tenant,
            reason,
            waited_ms: now.since_ms(arrived.at),
        };
        observer.hear(now, &fact, &self.state);
    }

    fn depart(&mut self, now: Time, id: VmId, observer: &mut impl Observer) {
        let vm = self.state.end(id);
        let host = vm.host;
        let fact = Fact::Departed { request: RequestId(vm.request), vm: id, host };
        observer.hear(now, &fact, &self.state);
        match self.state.hosts.status(host) {
            HostStatus::Cordoned if self.state.hosts.vm_count(host) == 0 => {
                self.retire(now, host, observer);
            }
            _ => {}
        }
        self.serve_waiting(now, Some(host), vm.ask.group, observer);
        self.state.forget(vm.ask);
    }
}
