//! Losses: what has no place when a host, a rack or a zone is gone. Asked by placing its VMs again,
//! the largest first, with the scenario's own policy and rules, on a copy of the state: a sum of
//! free space says nothing about holes. After each loss the copy is as it was.

use crate::demand::FOR_GOOD_MS;
use crate::dice;
use crate::fact::Reason;
use crate::placement::{Placer, Query};
use crate::resources::{Amounts, KINDS_MAX};
use crate::scenario::{RackId, Scenario, ZoneId};
use crate::state::{HostId, HostStatus, Spot, State, VmId};
use crate::time::Time;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Hosts that are lost together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lost {
    /// One host.
    Host(HostId),
    /// The hosts of a rack.
    Rack(RackId),
    /// The hosts of a zone.
    Zone(ZoneId),
    /// The hosts with the most on them.
    Largest(Vec<HostId>),
}

/// Kinds of [`Lost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// Each host.
    Host,
    /// Each rack.
    Rack,
    /// Each zone.
    Zone,
    /// So many hosts, those with the most on them.
    Largest(u32),
}

/// A VM that has no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Homeless {
    /// Which.
    pub vm: VmId,
    /// Number of the request it was made for.
    pub request: u64,
    /// What it takes.
    pub amounts: Amounts,
    /// Why it has none.
    pub reason: Reason,
}

/// A loss, and what then has no place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// What is lost.
    pub lost: Lost,
    /// How many hosts that is.
    pub hosts: u64,
    /// How many VMs are on them.
    pub vms: u64,
    /// Those of them that have no place, the largest first.
    pub homeless: Vec<Homeless>,
}

/// All losses of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Which kind.
    pub scale: Scale,
    /// How many there are.
    pub losses: u64,
    /// How many leave no VM without a place.
    pub survived: u64,
    /// The one that leaves most without a place: the largest share of all capacity, in any
    /// resource; of equals the first.
    pub worst: Option<Loss>,
}

impl Survey {
    /// Whether the fleet survives every one of them; not if there is only one rack or zone, or
    /// none: nothing is left then.
    pub fn survives(&self) -> bool {
        let is_all = matches!(self.scale, Scale::Rack | Scale::Zone) && self.losses == 1;
        self.losses == self.survived && !(is_all && self.losses > 0)
    }
}

/// Tries losses on a fleet.
#[derive(Debug)]
pub struct Losses<'s> {
    scenario: &'s Scenario,
    placer: Placer,
    state: State,
    now: Time,
    on_host: Vec<Vec<VmId>>,
    largest: Amounts,
}

impl<'s> Losses<'s> {
    /// Of a fleet as it is. VMs on the move count as arrived. Cost: that of a copy.
    pub fn new(scenario: &'s Scenario, state: &State, now: Time) -> Self {
        let mut state = state.clone();
        let moving: Vec<VmId> = state.moves.iter().map(|(vm, _)| vm).collect();
        for vm in moving {
            state.end_move(vm, true);
        }
        let mut on_host = vec![Vec::new(); state.hosts.rows()];
        for (id, vm) in state.vms.iter() {
            on_host[vm.host.row()].push(id);
        }
        let mut largest = Amounts::default();
        for host in state.hosts.ids() {
            for (most, amount) in largest.iter_mut().zip(state.hosts.effective(host)) {
                *most = (*most).max(*amount);
            }
        }
        Self { scenario, placer: Placer::new(scenario), state, now, on_host, largest }
    }

    /// The fleet, as it is between two losses.
    pub fn state(&self) -> &State {
        &self.state
    }

    /// All losses of a kind, in order: hosts in service, or racks and zones with such.
    pub fn of(&self, scale: Scale) -> Vec<Lost> {
        let hosts = &self.state.hosts;
        let in_service = || hosts.ids().filter(|host| hosts.status(*host).is_in_service());
        let mut found: Vec<Lost> = match scale {
            Scale::Host => in_service().map(Lost::Host).collect(),
            Scale::Rack => in_service().map(|host| Lost::Rack(hosts.rack(host))).collect(),
            Scale::Zone => in_service().map(|host| Lost::Zone(hosts.zone(host))).collect(),
            Scale::Largest(count) => {
                let mut full: Vec<HostId> = in_service().collect();
                full.sort_by(|a, b| {
                    let share = |host: HostId| self.share(&self.used(host), &self.largest);
                    share(*b).total_cmp(&share(*a)).then(a.cmp(b))
                });
                full.truncate(count as usize);
                full.sort();
                if full.is_empty() { Vec::new() } else { vec![Lost::Largest(full)] }
            }
        };
        found.sort();
        found.dedup();
        found
    }

    fn used(&self, host: HostId) -> Amounts {
        let hosts = &self.state.hosts;
        std::array::from_fn(|column| match column < hosts.kinds() {
            true => hosts.effective(host)[column] - hosts.free(host, column),
            false => 0,
        })
    }

    /// The largest share that some amounts are of others, in any column.
    fn share(&self, amounts: &Amounts, of: &Amounts) -> f64 {
        let shares = (0..KINDS_MAX).filter(|column| of[*column] > 0);
        shares.map(|column| amounts[column] as f64 / of[column] as f64).fold(0.0, f64::max)
    }

    /// The hosts of a loss that are in service.
    fn hosts_of(&self, lost: &Lost) -> Vec<HostId> {
        let hosts = &self.state.hosts;
        let is_meant = |host: &HostId| match lost {
            Lost::Host(one) => host == one,
            Lost::Rack(rack) => hosts.rack(*host) == *rack,
            Lost::Zone(zone) => hosts.zone(*host) == *zone,
            Lost::Largest(list) => list.contains(host),
        };
        let candidates: Vec<HostId> = match lost {
            Lost::Host(one) => vec![*one],
            Lost::Largest(list) => list.clone(),
            _ => hosts.ids().filter(is_meant).collect(),
        };
        candidates.into_iter().filter(|host| hosts.status(*host).is_in_service()).collect()
    }

    /// What has no place when these are lost. The fleet is afterwards as it was.
    pub fn lose(&mut self, lost: Lost) -> Loss {
        let gone = self.hosts_of(&lost);
        let was_up = |host: &&HostId| self.state.hosts.status(**host) == HostStatus::Up;
        let drained: Vec<HostId> = gone.iter().filter(was_up).copied().collect();
        for host in &drained {
            self.state.drain(*host);
        }
        let mut vms: Vec<VmId> =
            gone.iter().flat_map(|host| self.on_host[host.row()].iter().copied()).collect();
        vms.sort_by(|a, b| {
            let size = |vm: VmId| {
                let shape = self.state.vms.get(vm).ask.shape;
                self.share(&self.state.shapes.get(shape).amounts, &self.largest)
            };
            let request = |vm: VmId| self.state.vms.get(vm).request;
            size(*b).total_cmp(&size(*a)).then(request(*a).cmp(&request(*b)))
        });
        let from: Vec<(VmId, HostId, Spot)> = vms
            .iter()
            .map(|vm| (*vm, self.state.vms.get(*vm).host, self.state.lift(*vm)))
            .collect();
        let last_placed = self.state.last_placed;
        // Each loss by itself: the draws of one change nothing in another.
        let mut dice = dice::stream(self.scenario.seed, "losses");
        let (mut homeless, mut placed) = (Vec::new(), Vec::new());
        for (vm, ..) in &from {
            let row = *self.state.vms.get(*vm);
            let end = self.state.history.end_of(*vm);
            let stay_ms = end.map_or(FOR_GOOD_MS, |end| end.since_ms(self.now).max(1));
            let query = Query { ask: row.ask, now: self.now, stay_ms };
            match self.placer.decide(&self.state, query, &mut dice) {
                Ok(host) => {
                    let devices = self.placer.device(&self.state, row.ask, host);
                    self.state.put(*vm, host, devices.into());
                    self.state.last_placed = Some(host);
                    placed.push(*vm);
                }
                Err(reason) => {
                    let amounts = self.state.shapes.get(row.ask.shape).amounts;
                    homeless.push(Homeless { vm: *vm, request: row.request, amounts, reason });
                }
            }
        }
        for vm in placed.into_iter().rev() {
            self.state.lift(vm);
        }
        for (vm, host, spot) in from.iter().rev() {
            self.state.put(*vm, *host, *spot);
        }
        for host in drained {
            self.state.resume(host);
        }
        self.state.last_placed = last_placed;
        Loss { lost, hosts: gone.len() as u64, vms: from.len() as u64, homeless }
    }

    /// Tries all losses of a kind; `is_done` hears after each how many are, of how many. Cost: a
    /// decision for each VM.
    pub fn survey(&mut self, scale: Scale, mut is_done: impl FnMut(u64, u64)) -> Survey {
        let all = self.of(scale);
        let losses = all.len() as u64;
        let mut survey = Survey { scale, losses, survived: 0, worst: None };
        let mut worst = (0.0, 0);
        for (done, lost) in all.into_iter().enumerate() {
            let loss = self.lose(lost);
            survey.survived += u64::from(loss.homeless.is_empty());
            let weight = (self.weight(&loss), loss.homeless.len());
            if weight > worst {
                (worst, survey.worst) = (weight, Some(loss));
            }
            is_done(done as u64 + 1, losses);
        }
        survey
    }

    /// What the fleet survives: 0 nothing, 1 the loss of any host, 2 of any rack too, 3 of any zone
    /// too. Stops at the first kind that it does not survive.
    pub fn level(&mut self) -> u8 {
        let scales = [Scale::Host, Scale::Rack, Scale::Zone].into_iter();
        scales.take_while(|scale| self.survey(*scale, |_, _| ()).survives()).count() as u8
    }

    fn weight(&self, loss: &Loss) -> f64 {
        self.share(&sum(&loss.homeless), &self.state.hosts.total().capacity)
    }
}

/// What VMs take together.
pub fn sum(homeless: &[Homeless]) -> Amounts {
    let mut sum = Amounts::default();
    for vm in homeless {
        for (sum, amount) in sum.iter_mut().zip(vm.amounts) {
            *sum += amount;
        }
    }
    sum
}

/// How many VMs have no place for each reason, the most frequent first.
pub fn reasons(homeless: &[Homeless]) -> Vec<(Reason, u64)> {
    let mut counts: BTreeMap<Reason, u64> = BTreeMap::new();
    for vm in homeless {
        *counts.entry(vm.reason).or_default() += 1;
    }
    let mut counts: Vec<(Reason, u64)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    counts
}

/// What a fleet survives, as [`Losses::level`] tells it.
pub fn survives(scenario: &Scenario, state: &State, now: Time) -> u8 {
    Losses::new(scenario, state, now).level()
}
