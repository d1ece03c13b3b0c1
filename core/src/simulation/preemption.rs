//! Pushing out: a request that fits nowhere takes the place of VMs of lower priority.
//!
//! Whom it pushes out says [`preemption`]. They end or ask again, as their demand says; who asks
//! again can push out others in turn, of lower priority still.

use super::marks::Marks;
use super::{Arrived, Comes, Simulation};
use crate::dice;
use crate::fact::{Fact, Reason, RequestId};
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::placement::preemption::{self, Resident, Trial, Victims};
use crate::scenario::{Scenario, WhenPreempted};
use crate::state::{Ask, GroupId, HostId, State, VmId};
use crate::time::Time;
use rand::RngExt;
use std::collections::{BTreeMap, VecDeque};

/// Hosts on which somebody could be pushed out are looked for until there are so many, or a tenth
/// of the fleet, as the Kubernetes scheduler does.
const CANDIDATES_MIN: usize = 100;

/// Where the search for victims begins.
#[derive(Debug)]
pub(super) struct Preemption {
    dice: dice::Stream,
}

impl Preemption {
    /// `None` where nobody is pushed out.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let dice = dice::stream(scenario.seed, "preemption");
        scenario.placement.preemption.then_some(Self { dice })
    }
}

/// A host of the state on trial for an ask.
struct HostOnTrial<'s> {
    state: &'s mut State,
    host: HostId,
    ask: Ask,
}

impl Trial<VmId> for HostOnTrial<'_> {
    fn take_off(&mut self, id: VmId) {
        self.state.lift(id);
    }

    fn let_back(&mut self, id: VmId) {
        let spot = self.state.spot(id);
        self.state.put(id, self.host, spot);
    }

    fn fits(&self) -> bool {
        Filter::new(self.state, self.ask).admits(self.host)
    }
}

impl Simulation {
    /// A request that fits nowhere pushes others out, if that helps it; and so do those others.
    pub(super) fn push_out(
        &mut self,
        now: Time,
        arrived: &Arrived,
        reason: Reason,
        observer: &mut impl Observer,
    ) {
        let mut homeless = VecDeque::new();
        let mut freed: Vec<(HostId, Vec<Ask>)> = Vec::new();
        if !self.take_a_place(now, arrived, reason, &mut homeless, &mut freed, observer) {
            self.find_no_room(now, arrived, reason, observer);
            return;
        }
        while let Some((victim, when)) = homeless.pop_front() {
            let WhenPreempted::Wait { ms_max } = when else {
                self.refuse(now, &victim, reason, observer);
                continue;
            };
            let Err(reason) = self.decide(now, &victim).map(|host| {
                self.place(now, &victim, host, observer);
            }) else {
                continue;
            };
            if !self.take_a_place(now, &victim, reason, &mut homeless, &mut freed, observer) {
                self.wait(now, victim, reason, ms_max, observer);
            }
        }
        self.serve_mates(now, arrived.ask, observer);
        // More may have been given up than was taken.
        for (host, asks) in freed {
            for ask in &asks {
                self.serve_waiting(now, Some(host), Some(*ask), observer);
            }
            for ask in asks {
                self.state.forget(ask);
            }
        }
    }

    /// Places a request where its victims were; whether it found some. They become homeless. What
    /// they asked for is held once more, for who waits for its room.
    fn take_a_place(
        &mut self,
        now: Time,
        arrived: &Arrived,
        reason: Reason,
        homeless: &mut VecDeque<(Arrived, WhenPreempted)>,
        freed: &mut Vec<(HostId, Vec<Ask>)>,
        observer: &mut impl Observer,
    ) -> bool {
        let preempts = self.scenario.demands[arrived.demand.row()].preempts;
        // A quota is no lack of room, and hosts that are passed over have some.
        if !preempts || matches!(reason, Reason::PassedOver | Reason::Quota(_)) {
            return false;
        }
        let Some((host, victims)) = self.find_victims(arrived) else { return false };
        let mut asks = Vec::new();
        for victim in victims.list {
            let (victim, when) = self.evict(now, victim.id, arrived.request, reason, observer);
            asks.push(self.state.ask_once_more(victim.ask));
            homeless.push_back((victim, when));
        }
        freed.push((host, asks));
        self.place(now, arrived, host, observer);
        true
    }

    /// The host whose victims hurt least. Of a large fleet only a part is looked at, from a host
    /// drawn at random on.
    fn find_victims(&mut self, arrived: &Arrived) -> Option<(HostId, Victims<VmId>)> {
        let state = &mut self.state;
        let (preemption, marks) = (self.preemption.as_mut()?, self.marks.as_ref()?);
        let rows = state.hosts.rows();
        let enough = (rows / 10).max(CANDIDATES_MIN);
        let start = if enough < rows { preemption.dice.random_range(0..rows) } else { 0 };
        let (mut candidates, mut has_harmless) = (Vec::new(), false);
        for host in (start..rows).chain(0..start).map(HostId::from_row) {
            let Some(residents) = residents(state, marks, host, arrived) else {
                continue;
            };
            let allowed = allowed(state, &residents);
            let mut trial = HostOnTrial { state: &mut *state, host, ask: arrived.ask };
            let allowed = |group: usize| allowed.get(&group).copied().unwrap_or(0);
            let found = preemption::victims(arrived.priority, residents, allowed, &mut trial);
            let Some(victims) = found else { continue };
            has_harmless |= victims.violations == 0;
            candidates.push((host, victims));
            if has_harmless && candidates.len() >= enough {
                break;
            }
        }
        candidates.sort_by_key(|(host, _)| *host);
        preemption::pick(candidates)
    }

    /// A VM is pushed out; what it asks for now, and what is to become of it.
    fn evict(
        &mut self,
        now: Time,
        id: VmId,
        by: RequestId,
        reason: Reason,
        observer: &mut impl Observer,
    ) -> (Arrived, WhenPreempted) {
        let (victim, host) = self.take_off(now, id, Comes::Again);
        let Arrived { request, demand, ask: Ask { tenant, .. }, .. } = victim;
        let fact = Fact::Preempted { request, demand, tenant, vm: id, host, by, reason };
        observer.hear(now, &fact, &self.state);
        if self.is_of_jobs(demand) {
            self.lose_task(now, request, id);
            return (victim, WhenPreempted::End);
        }
        if self.services.own(demand) && !self.lose_instance(now, request) {
            return (victim, WhenPreempted::End);
        }
        (victim, self.scenario.demands[demand.row()].when_preempted)
    }
}

/// The VMs of a host, if pushing out those of lower priority can help the request at all: the
/// host takes such requests, and they take enough of each resource.
fn residents(
    state: &State,
    marks: &Marks,
    host: HostId,
    arrived: &Arrived,
) -> Option<Vec<Resident<VmId>>> {
    let ids = state.residents.as_ref()?.on(host);
    let filter = Filter::new(state, arrived.ask);
    let hosts = &state.hosts;
    let kinds = hosts.kinds();
    let mut missing = *filter.amounts();
    for (column, missing) in missing.iter_mut().enumerate().take(kinds) {
        *missing -= hosts.free(host, column);
    }
    let is_victim = |id: &&VmId| {
        marks.of(**id).priority < arrived.priority && state.moves.target(**id).is_none()
    };
    let victims: Vec<VmId> = ids.iter().filter(is_victim).copied().collect();
    for id in &victims {
        let amounts = &state.shapes.get(state.vms.get(*id).ask.shape).amounts;
        for (missing, amount) in missing.iter_mut().zip(amounts) {
            *missing -= amount;
        }
    }
    let is_short = (0..kinds).any(|column| missing[column] > 0 && filter.amounts()[column] > 0);
    if victims.is_empty() || is_short {
        return None;
    }
    let resident = |id: &VmId| {
        let vm = state.vms.get(*id);
        let bound = vm.ask.group.filter(|group| state.groups.get(*group).rule.available_min > 0);
        Resident {
            id: *id,
            priority: marks.of(*id).priority,
            started: vm.placed,
            budgets: bound.map(GroupId::row).into_iter().collect(),
        }
    };
    Some(victims.iter().map(resident).collect())
}

/// How many VMs each group of these residents can do without, by its row.
fn allowed(state: &State, residents: &[Resident<VmId>]) -> BTreeMap<usize, i64> {
    let mut allowed = BTreeMap::new();
    for row in residents.iter().flat_map(|resident| &resident.budgets) {
        allowed.entry(*row).or_insert_with(|| {
            let id = GroupId::from_row(*row);
            let group = state.groups.get(id);
            let moving =
                state.moves.iter().filter(|(vm, _)| state.vms.get(*vm).ask.group == Some(id));
            let placed = i64::from(group.placed()) - moving.count() as i64;
            placed - i64::from(group.rule.available_min)
        });
    }
    allowed
}
