//! Evictions: VMs that are ended so that their host can get its image, and what becomes of them.
//!
//! A VM is told, runs on for the grace, and is ended. It is told only while so many of its group are
//! left as the group must keep (`min-available`), as a Kubernetes disruption budget has it: those on
//! the move, those told before, and instances of a service that do not serve yet are not left.

use super::super::{Comes, Simulation};
use super::{RollingHosts, UnderWay};
use crate::fact::{Fact, HostRolloutId, Reason, RequestId, Stall, WhyStuck};
use crate::observe::Observer;
use crate::scenario::ServiceId;
use crate::scenario::hosts::WhenEvicted;
use crate::state::{Ask, State, VmId};
use crate::time::Time;
use std::collections::BTreeSet;

impl RollingHosts {
    /// The VMs that a rollout told to go and that are still on hosts of its batch.
    fn told(&self, it: &UnderWay, state: &State) -> impl Iterator<Item = VmId> {
        let is_there = |vm: VmId, request: u64| {
            let found = state.vms.find(vm).filter(|found| found.request == request);
            found.is_some_and(|found| self.out.get(&found.host) == Some(&it.id.0))
        };
        let told = it.notices.iter().map(|(vm, (request, _))| (*vm, *request));
        told.filter(move |(vm, request)| is_there(*vm, *request)).map(|(vm, _)| vm)
    }

    /// The same of all rollouts; one of them acts, and is not among those under way.
    fn told_in_all<'s>(
        &'s self,
        acts: &'s UnderWay,
        state: &'s State,
    ) -> impl Iterator<Item = VmId> + 's {
        let others = self.under_way.values().map(|other| &**other);
        others.chain([acts]).flat_map(move |it| self.told(it, state))
    }
}

impl Simulation {
    /// One more instance of a service serves: its group may do without another.
    pub(in super::super) fn tell_of_instance(&mut self, now: Time, service: ServiceId) {
        let Some(rolling) = &self.rolling else { return };
        let demand = self.scenario.services[service.row()].demand;
        let is_held = |it: &UnderWay| {
            it.stuck.is_some_and(|stall| matches!(stall.why, WhyStuck::Budget(_)))
                && it.homeless.iter().any(|(of, _)| *of == demand)
        };
        let held = rolling.under_way.iter().filter(|(_, it)| is_held(it));
        for number in held.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.ask_host_rollout(now, number);
        }
    }

    /// VMs that were told to go stay: their groups may do without others.
    pub(super) fn take_notices_back(&mut self, now: Time, it: &mut UnderWay) {
        let told = std::mem::take(&mut it.notices);
        let stays = told.keys().filter_map(|vm| self.state.vms.find(*vm));
        let asks: Vec<Ask> = stays.map(|vm| vm.ask).collect();
        if !asks.is_empty() {
            self.tell_host_rollouts(now, None, &asks);
        }
    }

    /// All VMs of the batch are told to go, as far as their groups can do without them; who stands
    /// in the way, if anybody.
    pub(super) fn give_notices(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        observer: &mut impl Observer,
    ) -> Option<Stall> {
        let mut blocked = None;
        for vm in self.residents(it) {
            let is_moving = self.state.moves.target(vm).is_some();
            if is_moving || it.notices.contains_key(&vm) || self.ends_anyhow(vm) {
                continue;
            }
            if let Err(min) = self.give_notice(now, it, vm, observer) {
                blocked.get_or_insert_with(|| self.stall(vm, WhyStuck::Budget(min)));
            }
        }
        blocked
    }

    /// A VM is told to go.
    ///
    /// # Errors
    /// If its group cannot do without it now: how many the group must keep.
    pub(super) fn give_notice(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        vm: VmId,
        observer: &mut impl Observer,
    ) -> Result<(), u32> {
        self.spare(it, vm)?;
        let grace_ms = self.rule_of(it.plan).grace_ms;
        let request = self.state.vms.get(vm).request;
        it.notices.insert(vm, (request, now.after(grace_ms)));
        match grace_ms {
            0 => self.evict_those_due(now, it, observer),
            ms => self.agenda.push(now.after(ms), super::Event::RollHosts(it.id.0)),
        }
        Ok(())
    }

    /// Whether the group of a VM can do without it.
    fn spare(&self, it: &UnderWay, vm: VmId) -> Result<(), u32> {
        let row = self.state.vms.get(vm);
        let Some(id) = row.ask.group else { return Ok(()) };
        let group = self.state.groups.get(id);
        let min = group.rule.available_min;
        if min == 0 {
            return Ok(());
        }
        let is_mate = |vm: VmId| {
            let mate = self.state.vms.find(vm);
            mate.is_some_and(|mate| mate.ask.group == Some(id))
        };
        let moving = self.state.moves.iter().filter(|(vm, _)| is_mate(*vm)).count();
        let told = self.rolling.iter().flat_map(|rolling| rolling.told_in_all(it, &self.state));
        let told = told.filter(|vm| is_mate(*vm)).count() as u64;
        let mut left = u64::from(group.placed()).saturating_sub(moving as u64);
        if group.rule.size.is_none()
            && let Some(available) = self.services.available(row.demand)
        {
            left = left.min(available);
        }
        if left > u64::from(min) + told { Ok(()) } else { Err(min) }
    }

    /// Whether it is an instance that terminates already.
    pub(super) fn ends_anyhow(&self, vm: VmId) -> bool {
        let vm = self.state.vms.get(vm);
        self.services.own(vm.demand) && self.services.is_terminating(RequestId(vm.request))
    }

    /// VMs that were told are ended when their grace is over.
    pub(super) fn evict_those_due(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        observer: &mut impl Observer,
    ) {
        let told = self.rolling.iter().flat_map(|rolling| rolling.told(it, &self.state));
        let told: BTreeSet<VmId> = told.collect();
        it.notices.retain(|vm, _| told.contains(vm));
        let due: Vec<VmId> =
            it.notices.iter().filter(|(_, (_, at))| *at <= now).map(|(vm, _)| *vm).collect();
        for vm in due {
            it.notices.remove(&vm);
            if !self.ends_anyhow(vm) {
                self.evict_from_host(now, it, vm, observer);
            }
        }
    }

    /// All VMs of the batch are ended at once.
    pub(super) fn evict_all(&mut self, now: Time, it: &mut UnderWay, observer: &mut impl Observer) {
        it.notices.clear();
        for vm in self.residents(it) {
            self.evict_from_host(now, it, vm, observer);
        }
    }

    fn evict_from_host(
        &mut self,
        now: Time,
        it: &UnderWay,
        id: VmId,
        observer: &mut impl Observer,
    ) {
        if self.state.moves.target(id).is_some() {
            self.break_off(now, id, observer);
            // One that runs in two pools may go on in the other.
            let left = self.state.vms.find(id).map(|vm| vm.host);
            if !it.batch.iter().any(|host| Some(*host) == left) {
                return;
            }
        }
        let restarts = self.rule_of(it.plan).when_evicted == WhenEvicted::Restart;
        let rollout: HostRolloutId = it.id;
        let (victim, host) = self.take_off(now, id, Comes::Again);
        let place = self.state.ask_once_more(victim.ask);
        let (request, demand, tenant) = (victim.request, victim.demand, victim.ask.tenant);
        let fact = Fact::Evicted { request, demand, tenant, vm: id, host, rollout };
        observer.hear(now, &fact, &self.state);
        let restarts = match self.services.own(demand) {
            true => self.lose_instance(now, request),
            // Its job begins anew, with all its tasks.
            false if self.is_of_jobs(demand) => {
                self.lose_task(now, request, id);
                false
            }
            false => restarts,
        };
        let to = restarts.then(|| self.decide(now, &victim));
        match to {
            None => self.refuse(now, &victim, Reason::Cordoned, observer),
            Some(Ok(to)) => {
                self.place(now, &victim, to, observer);
                self.serve_mates(now, victim.ask, observer);
            }
            Some(Err(reason)) => self.wait(now, victim, reason, u64::MAX, observer),
        }
        self.serve_waiting(now, Some(host), Some(place), observer);
        self.state.forget(place);
    }
}
