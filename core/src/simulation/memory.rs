//! Memory in a run: VMs that need more than they asked for are killed, and start again where they are.
//!
//! What a VM needs, and what it asks for by a guess, is drawn when it is asked for, in the stream
//! `memory/DEMAND`; a guess that all instances of a service share, in `memory-guesses/SERVICE`. When
//! it needs all of it after a start, and how long a start takes, is of a stream named by the demand,
//! the request's number in it and the start (`memory/web/17/2`). A VM that is killed keeps its room.

use super::{Arrived, Event, Simulation};
use crate::demand::{FOR_GOOD_MS, Request, Size};
use crate::dice::{self, Stream};
use crate::fact::{Fact, MemoryFact, RequestId};
use crate::observe::Observer;
use crate::resources::{Amounts, Builtin};
use crate::scenario::{Arrivals, DemandId, FlavorId, MemoryUse, Scenario};
use crate::state::VmId;
use crate::time::{SECOND_MS, Time};
use std::collections::BTreeMap;

/// Who needs how much.
#[derive(Debug)]
pub(super) struct Memory {
    /// Which column of the amounts memory is.
    column: usize,
    /// By demand.
    demands: Vec<OfDemand>,
    /// Of the requests that are there and whose flavor says what they need.
    needs: BTreeMap<RequestId, Needs>,
    /// VMs that will be killed, or have been.
    doomed: BTreeMap<VmId, Doomed>,
}

#[derive(Debug)]
struct OfDemand {
    dice: Stream,
    /// How many have been drawn.
    made: u32,
    /// Whether what is asked for is settled before the run.
    is_service: bool,
}

/// What a request's VM needs.
#[derive(Clone, Copy, Debug)]
struct Needs {
    demand: DemandId,
    flavor: FlavorId,
    /// Its number among those of its demand.
    number: u32,
    asked_mib: i64,
    need_mib: i64,
    /// How often it has started, and has been killed.
    starts: u32,
    kills: u32,
}

/// A VM that needs more than it asked for.
#[derive(Clone, Copy, Debug)]
struct Doomed {
    request: RequestId,
    stays_for_good: bool,
    is_instance: bool,
    boot_ms: u64,
    /// Since when it is ready, or will be.
    ready: Time,
    /// When it is killed, or starts again; an event at another time is out of date.
    due: Time,
    /// Kills without a calm time between.
    in_a_row: u32,
}

impl Memory {
    /// `None` where nobody needs more than is asked for.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let column = scenario.kinds.column(Builtin::Memory.name())?;
        let of_demand = |demand: &crate::scenario::Demand| OfDemand {
            dice: dice::stream(scenario.seed, &format!("memory/{}", demand.name)),
            made: 0,
            is_service: matches!(demand.arrivals, Arrivals::Instances(_)),
        };
        scenario.flavors.iter().any(|flavor| flavor.memory_use.is_some()).then(|| {
            Box::new(Self {
                column,
                demands: scenario.demands.iter().map(of_demand).collect(),
                needs: BTreeMap::new(),
                doomed: BTreeMap::new(),
            })
        })
    }

    /// A request is there no more.
    pub(super) fn forget(&mut self, request: RequestId) {
        self.needs.remove(&request);
    }
}

/// What all VMs of a flavor ask for in a demand: instances of a service go by one guess.
pub(super) fn amounts_in(scenario: &Scenario, demand: DemandId, flavor: FlavorId) -> Amounts {
    let (flavor, demand) = (&scenario.flavors[flavor.row()], &scenario.demands[demand.row()]);
    let mut amounts = flavor.amounts;
    let guess = flavor.memory_use.as_ref().and_then(|of| of.guess.as_ref());
    if let (Some(guess), Arrivals::Instances(_), Some(column)) =
        (guess, &demand.arrivals, scenario.kinds.column(Builtin::Memory.name()))
    {
        let name = format!("memory-guesses/{}", demand.name);
        amounts[column] = guess.draw(&mut dice::stream(scenario.seed, &name));
    }
    amounts
}

fn rule(scenario: &Scenario, flavor: FlavorId) -> &MemoryUse {
    let rule = scenario.flavors[flavor.row()].memory_use.as_deref();
    rule.expect("who needs memory has a flavor that says how much")
}

impl Simulation {
    /// What a new request's VM will need, and what it asks for.
    #[cold]
    pub(super) fn draw_memory(&mut self, request: &mut Request) {
        let (Some(memory), Size::Flavor(flavor)) = (&mut self.memory, request.size) else { return };
        let of = &self.scenario.flavors[flavor.row()];
        let Some(rule) = of.memory_use.as_deref() else { return };
        let demand = &mut memory.demands[request.demand.row()];
        let need_mib = rule.draw_need(&mut demand.dice);
        let asked_mib = match (&rule.guess, demand.is_service) {
            (Some(guess), false) => {
                let mut amounts = of.amounts;
                amounts[memory.column] = guess.draw(&mut demand.dice);
                request.size = Size::Own(amounts);
                amounts[memory.column]
            }
            _ => {
                let ask = self.flavor_asks[request.demand.row()][flavor.row()];
                self.state.shapes.get(ask.shape).amounts[memory.column]
            }
        };
        let number = demand.made;
        demand.made = number.wrapping_add(1);
        let needs = Needs {
            demand: request.demand,
            flavor,
            number,
            asked_mib,
            need_mib,
            starts: 0,
            kills: 0,
        };
        memory.needs.insert(RequestId(self.request_next), needs);
    }

    /// A request's VM has room. Whatever was to become of an earlier one of this row is past.
    #[cold]
    pub(super) fn tell_needs(
        &mut self,
        now: Time,
        request: RequestId,
        vm: VmId,
        observer: &mut impl Observer,
    ) {
        let Some(memory) = &mut self.memory else { return };
        memory.doomed.remove(&vm);
        let Some(needs) = memory.needs.get(&request) else { return };
        let Needs { demand, asked_mib, need_mib, .. } = *needs;
        let (asked_mib, need_mib) = (asked_mib.unsigned_abs(), need_mib.unsigned_abs());
        let fact = MemoryFact::Needs { request, demand, vm, asked_mib, need_mib };
        observer.hear(now, &Fact::Memory(fact), &self.state);
    }

    /// A request's VM boots for so long: if it needs more than it has, it will be killed.
    #[cold]
    pub(super) fn fill_memory(&mut self, now: Time, arrived: &Arrived, vm: VmId, boot_ms: u64) {
        let doomed = Doomed {
            request: arrived.request,
            stays_for_good: arrived.stay_ms == FOR_GOOD_MS,
            is_instance: self.services.own(arrived.demand),
            boot_ms: arrived.boot_ms,
            ready: now.after(boot_ms),
            due: Time::ZERO,
            in_a_row: 0,
        };
        self.doom(vm, doomed);
    }

    /// When a VM that is ready then is killed, if it ever is.
    fn doom(&mut self, vm: VmId, mut doomed: Doomed) {
        let Some(memory) = &mut self.memory else { return };
        let Some(needs) = memory.needs.get_mut(&doomed.request) else { return };
        if needs.need_mib <= needs.asked_mib {
            return;
        }
        let rule = rule(&self.scenario, needs.flavor);
        let mut dice = luck(&self.scenario, needs);
        needs.starts += 1;
        doomed.due = doomed.ready.after(rule.reached.draw(&mut dice).max(SECOND_MS));
        memory.doomed.insert(vm, doomed);
        self.agenda.push(doomed.due, Event::FillMemory(vm));
    }

    /// The VM that is due now, if it is still there.
    fn doomed_now(&mut self, now: Time, vm: VmId) -> Option<Doomed> {
        let memory = self.memory.as_mut()?;
        let doomed = *memory.doomed.get(&vm).filter(|doomed| doomed.due == now)?;
        let found = self.state.vms.find(vm);
        let is_there = found.is_some_and(|found| found.request == doomed.request.0);
        if !is_there {
            memory.doomed.remove(&vm);
        }
        is_there.then_some(doomed)
    }

    /// A VM needs more memory than it has: it is killed.
    pub(super) fn kill(&mut self, now: Time, vm: VmId, observer: &mut impl Observer) {
        let Some(mut doomed) = self.doomed_now(now, vm) else { return };
        let Doomed { request, is_instance, .. } = doomed;
        // One that terminates is on its way out.
        if is_instance && !self.services.is_up(request, vm) {
            return;
        }
        let scenario = self.scenario.clone();
        let Some(memory) = &mut self.memory else { return };
        let Some(needs) = memory.needs.get_mut(&request) else { return };
        needs.kills += 1;
        let Needs { demand, kills, flavor, .. } = *needs;
        let restarts = &rule(&scenario, flavor).restarts;
        let is_calm = now.since_ms(doomed.ready) >= restarts.calm_ms;
        doomed.in_a_row = if is_calm { 1 } else { doomed.in_a_row + 1 };
        let is_given_up = restarts.kills_max.is_some_and(|max| kills >= max);
        let wait_ms = (!is_given_up).then(|| restarts.wait_ms(doomed.in_a_row));
        doomed.due = now.after(wait_ms.unwrap_or(0));
        memory.doomed.insert(vm, doomed);
        let host = self.state.vms.get(vm).host;
        let fact = MemoryFact::Killed { request, demand, vm, host, kills, wait_ms };
        observer.hear(now, &Fact::Memory(fact), &self.state);
        if is_instance {
            self.take_instance_down(now, request);
        }
        match wait_ms {
            Some(_) => self.agenda.push(doomed.due, Event::Restart(vm)),
            None if is_instance => self.fail_instance(now, request, observer),
            None => self.end_early(now, vm, doomed.stays_for_good, observer),
        }
    }

    /// A VM that was killed starts again.
    pub(super) fn restart(&mut self, now: Time, vm: VmId, observer: &mut impl Observer) {
        let Some(doomed) = self.doomed_now(now, vm) else { return };
        let Doomed { request, is_instance, .. } = doomed;
        if is_instance && !self.services.is_booting(request, vm) {
            return;
        }
        let scenario = self.scenario.clone();
        let needs = self.memory.as_ref().and_then(|memory| memory.needs.get(&request));
        let Some(needs) = needs.copied() else { return };
        let takes = rule(&scenario, needs.flavor).restarts.takes.as_ref();
        let boot_ms = match takes {
            Some(takes) => {
                let name = format!("{}/restart", luck_name(&scenario, &needs));
                takes.draw(&mut dice::stream(scenario.seed, &name))
            }
            None => doomed.boot_ms,
        };
        let (demand, host) = (needs.demand, self.state.vms.get(vm).host);
        let fact = MemoryFact::Restarted { request, demand, vm, host, boot_ms };
        observer.hear(now, &Fact::Memory(fact), &self.state);
        if is_instance {
            self.boot_instance(now, request, boot_ms, observer);
        }
        self.doom(vm, Doomed { ready: now.after(boot_ms), ..doomed });
    }
}

/// What is drawn for the next start.
fn luck(scenario: &Scenario, needs: &Needs) -> Stream {
    dice::stream(scenario.seed, &luck_name(scenario, needs))
}

fn luck_name(scenario: &Scenario, needs: &Needs) -> String {
    let demand = &scenario.demands[needs.demand.row()].name;
    format!("memory/{demand}/{}/{}", needs.number, needs.starts)
}
