//! Host rollouts in a run: batch by batch, hosts are emptied, get their image and come back, among
//! everything else that happens on the fleet.
//!
//! The rule is that of [`crate::rollout::hosts`]. A batch takes no VMs any more; then all its VMs are
//! given a place at once, or none of them is and the rollout stands still until there is news that
//! could help the VM it lacks a place for. Room that was found is taken before the VMs set out. What
//! goes wrong on the way (a target fails, a VM comes late) is planned anew.

mod evictions;
mod queue;
pub(super) mod trial;

use super::{Event, Simulation};
use crate::defrag::Move;
use crate::dice;
use crate::fact::{
    Fact, HostOutcome, HostRolloutId, HostStep, HostWait, RequestId, Stall, WhyStuck,
};
use crate::observe::Observer;
use crate::placement::filters::Filter;
use crate::rollout::hosts::{by_domain, next_batch, plan};
use crate::scenario::hosts::{Drain, HostImageId, HostRollout, HostRollouts, OnTimeout};
use crate::scenario::{DemandId, HostTypeId, Level, Scenario, ZoneId};
use crate::state::{Ask, HostId, HostStatus, State, VmId};
use crate::time::Time;
use queue::Queue;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use trial::{Notices, Trial};

/// The hosts' images, and what is rolled out on hosts.
#[derive(Debug)]
pub(super) struct RollingHosts {
    rule: HostRollouts,
    seed: u64,
    /// By host.
    images: Vec<HostImageId>,
    /// Rows of the rollouts that have begun, the latest last.
    released: Vec<u32>,
    /// Rows of those that are due and wait for others, and how often each was due before.
    due: VecDeque<(u32, u64)>,
    begun: u32,
    /// Those under way, by number.
    under_way: BTreeMap<u32, Box<UnderWay>>,
    /// Hosts of a batch, and whose that is.
    out: BTreeMap<HostId, u32>,
    /// Moves that have their room and have not begun, in order.
    queued: Queue,
    /// Something has happened while a rollout acted.
    is_told: bool,
}

/// A rollout that is not over.
#[derive(Debug)]
struct UnderWay {
    id: HostRolloutId,
    plan: u32,
    /// How often it was due before.
    round: u64,
    /// By host: whether it is meant, and whether it has the image.
    meant: Vec<bool>,
    is_updated: Vec<bool>,
    /// So many are meant.
    hosts: u32,
    /// Those still to do, by domain.
    left: VecDeque<(HostId, u32)>,
    /// How many of those meant are down.
    down: u32,
    is_partial: bool,
    /// The hosts that are being emptied.
    batch: Vec<HostId>,
    /// Those that get their image, and until when.
    rewriting: BTreeMap<HostId, Time>,
    phase: Phase,
    stuck: Option<Stall>,
    /// What has no place yet, each such thing once; only while something is stuck.
    homeless: Vec<(DemandId, Ask)>,
    wait: Option<HostWait>,
    notices: Notices,
    is_asked: bool,
}

/// How far a rollout is with its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// It has none; the next may begin then.
    Between(Time),
    /// It is being emptied.
    Draining {
        since: Time,
        how: How,
        is_overdue: bool,
    },
    /// It gets its image.
    Rewriting,
    Over(HostOutcome),
}

/// How VMs are made to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Move,
    MoveOrEvict,
    Evict,
    Force,
}

impl RollingHosts {
    /// `None` where hosts have no images.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let rule = &scenario.host_rollouts;
        rule.are_used().then(|| {
            Box::new(Self {
                rule: rule.clone(),
                seed: scenario.seed,
                images: Vec::new(),
                released: Vec::new(),
                due: VecDeque::new(),
                begun: 0,
                under_way: BTreeMap::new(),
                out: BTreeMap::new(),
                queued: Queue::default(),
                is_told: false,
            })
        })
    }

    /// The images of all hosts, by host.
    pub(super) fn images(&self) -> &[HostImageId] {
        &self.images
    }

    /// What a host of this type that comes now runs: the newest image of such hosts.
    fn newest(&self, scenario: &Scenario, host_type: HostTypeId, zone: ZoneId) -> HostImageId {
        let rollouts = self.released.iter().rev().map(|row| &self.rule.list[*row as usize]);
        let newest = rollouts.into_iter().find(|rollout| rollout.means(host_type, zone));
        newest.map_or_else(
            || self.rule.of_pool(scenario.host_types[host_type.row()].pool),
            |rollout| rollout.image,
        )
    }
}

impl UnderWay {
    fn means(&self, host: HostId) -> bool {
        self.meant.get(host.row()).copied().unwrap_or(false)
    }

    fn has_left(&self, is_meant: impl Fn(HostId) -> bool) -> bool {
        let left = self.left.iter().map(|(host, _)| host);
        left.chain(&self.batch).chain(self.rewriting.keys()).any(|host| is_meant(*host))
    }

    /// Whether news can help it where it stands still: something has changed on a host, VMs have
    /// come or gone. That may give any VM without a place one, and so leave another's to the one
    /// that is stuck.
    fn can_be_helped(&self, state: &State, host: Option<HostId>, moved: &[Ask]) -> bool {
        let is_mate =
            |ask: Ask| ask.group.is_some() && moved.iter().any(|it| it.group == ask.group);
        // Its own room on the host that it is to leave counts against it in a quota.
        let has_room = |ask: Ask, host: HostId| {
            state.tenancy.has_quota(ask.tenant)
                || Filter::new(state, Ask { group: None, ..ask }).admits(host)
        };
        let has_place =
            |ask: Ask| state.is_spread(ask) || host.is_some_and(|host| has_room(ask, host));
        let mut asks = self.homeless.iter().map(|(_, ask)| *ask);
        match self.stuck.map(|stall| stall.why) {
            None | Some(WhyStuck::Copy) => false,
            Some(WhyStuck::Budget(_)) => {
                let moves = !matches!(self.phase, Phase::Draining { how: How::Evict, .. });
                asks.any(|ask| is_mate(ask) || moves && has_place(ask))
            }
            Some(WhyStuck::NoRoom(_)) => asks.any(|ask| is_mate(ask) || has_place(ask)),
        }
    }
}

impl Simulation {
    /// The images of the hosts, by host; `None` where hosts have none.
    pub fn host_images(&self) -> Option<&[HostImageId]> {
        self.rolling.as_ref().map(|rolling| rolling.images())
    }

    fn rolling(&mut self) -> &mut RollingHosts {
        self.rolling.as_mut().expect("nothing is rolled out where hosts have no images")
    }

    fn rule_of(&self, row: u32) -> &HostRollout {
        &self.scenario.host_rollouts.list[row as usize]
    }

    /// The first look at each rollout.
    pub(super) fn begin_host_rollouts(&mut self) {
        for (row, rollout) in self.scenario.host_rollouts.list.iter().enumerate() {
            let row = u32::try_from(row).expect("the scenario check bounds rollouts");
            self.agenda.push(Time::from_ms(rollout.at_ms), Event::RollOutHosts(row));
        }
    }

    /// A host has come, or is another machine: it has the newest image.
    pub(super) fn install(&mut self, host: HostId) {
        let Some(rolling) = &mut self.rolling else { return };
        let hosts = &self.state.hosts;
        let image = rolling.newest(&self.scenario, hosts.host_type(host), hosts.zone(host));
        match rolling.images.get_mut(host.row()) {
            Some(old) => *old = image,
            None => rolling.images.push(image),
        }
    }

    /// A host rollout of the scenario is due.
    pub(super) fn roll_out_hosts(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let rule = self.rule_of(row);
        let (times, every_ms) = (rule.times, rule.every_ms);
        let round = now.since_ms(Time::from_ms(rule.at_ms)).checked_div(every_ms).unwrap_or(0);
        if round + 1 < u64::from(times) {
            self.agenda.push(now.after(every_ms), Event::RollOutHosts(row));
        }
        self.rolling().due.push_back((row, round));
        self.begin_due(now, observer);
    }

    /// Begins those that are due, one after another, until one has to wait for one under way.
    fn begin_due(&mut self, now: Time, observer: &mut impl Observer) {
        while let Some((row, round)) = self.rolling().due.front().copied() {
            let scenario = self.scenario.clone();
            let rule = &scenario.host_rollouts.list[row as usize];
            let hosts = &self.state.hosts;
            let is_meant = |host: HostId| rule.means(hosts.host_type(host), hosts.zone(host));
            let Some(rolling) = &self.rolling else { return };
            if rolling.under_way.values().any(|other| other.has_left(is_meant)) {
                return;
            }
            self.rolling().due.pop_front();
            let number = self.begin_host_rollout(now, (row, round), observer);
            self.roll_on(now, number, observer);
        }
    }

    /// The hosts that a rollout means as it begins, by domain, and how many of them are down.
    pub(super) fn meant_hosts(&self, rule: &HostRollout) -> (VecDeque<(HostId, u32)>, u32) {
        let hosts = &self.state.hosts;
        let is_meant = |host: &HostId| {
            let stays = !matches!(hosts.status(*host), HostStatus::Cordoned | HostStatus::Retired);
            stays && rule.means(hosts.host_type(*host), hosts.zone(*host))
        };
        let those = hosts.ids().filter(is_meant);
        let left = by_domain(those.map(|host| (host, domain(&self.state, rule.within, host))));
        let is_down = |host: &HostId| hosts.status(*host) == HostStatus::Down;
        let down = left.iter().filter(|(host, _)| is_down(host)).count() as u32;
        (left, down)
    }

    /// The number of the rollout that begins.
    fn begin_host_rollout(
        &mut self,
        now: Time,
        (row, round): (u32, u64),
        observer: &mut impl Observer,
    ) -> u32 {
        let scenario = self.scenario.clone();
        let rule = &scenario.host_rollouts.list[row as usize];
        let (left, down) = self.meant_hosts(rule);
        let mut meant = vec![false; self.state.hosts.rows()];
        left.iter().for_each(|(host, _)| meant[host.row()] = true);
        let (count, is_updated) = (left.len() as u32, vec![false; meant.len()]);
        let rolling = self.rolling();
        let number = rolling.begun;
        rolling.begun += 1;
        rolling.released.retain(|other| *other != row);
        rolling.released.push(row);
        let rollout = HostRolloutId(number);
        let under_way = UnderWay {
            id: rollout,
            plan: row,
            round,
            meant,
            is_updated,
            hosts: count,
            left,
            down,
            is_partial: false,
            batch: Vec::new(),
            rewriting: BTreeMap::new(),
            phase: Phase::Between(now),
            stuck: None,
            homeless: Vec::new(),
            wait: None,
            notices: BTreeMap::new(),
            is_asked: false,
        };
        rolling.under_way.insert(number, Box::new(under_way));
        let step = HostStep::Started { plan: row, image: rule.image, hosts: count };
        observer.hear(now, &Fact::HostRollout { rollout, step }, &self.state);
        number
    }

    /// A rollout is asked to act once all else is done at this instant.
    fn ask_host_rollout(&mut self, now: Time, number: u32) {
        let rolling = self.rolling();
        match rolling.under_way.get_mut(&number) {
            Some(under_way) if !under_way.is_asked => {
                under_way.is_asked = true;
                self.agenda.push(now, Event::RollHosts(number));
            }
            Some(_) => {}
            None => rolling.is_told = true,
        }
    }

    /// The rollout that a host is out for, if it is, is asked to act.
    pub(super) fn ask_host_rollout_of(&mut self, now: Time, host: HostId) {
        let Some(rolling) = &self.rolling else { return };
        if let Some(number) = rolling.out.get(&host).copied() {
            self.ask_host_rollout(now, number);
        }
    }

    /// A VM may have left a host, VMs of these asks may have come or gone, places may have gone:
    /// rollouts that this can help are asked to act. The cost where nothing is rolled out: one
    /// test.
    #[inline]
    pub(super) fn tell_host_rollouts(&mut self, now: Time, host: Option<HostId>, moved: &[Ask]) {
        if self.rolling.is_some() {
            self.find_host_rollouts(now, host, moved);
        }
    }

    #[cold]
    fn find_host_rollouts(&mut self, now: Time, host: Option<HostId>, moved: &[Ask]) {
        if let Some(host) = host {
            self.ask_host_rollout_of(now, host);
        }
        let Some(rolling) = &mut self.rolling else { return };
        rolling.is_told = true;
        let state = &self.state;
        let is_helped = |it: &UnderWay| !it.is_asked && it.can_be_helped(state, host, moved);
        let helped = rolling.under_way.iter().filter(|(_, under_way)| is_helped(under_way));
        for number in helped.map(|(number, _)| *number).collect::<Vec<_>>() {
            self.ask_host_rollout(now, number);
        }
    }

    /// A host that failed is back, as another machine or as it was.
    pub(super) fn host_is_back(
        &mut self,
        now: Time,
        host: HostId,
        is_new: bool,
        observer: &mut impl Observer,
    ) {
        if self.rolling.is_none() {
            return;
        }
        if is_new {
            self.install(host);
        }
        let mut those = Vec::new();
        for (number, under_way) in &mut self.rolling().under_way {
            if !under_way.means(host) {
                continue;
            }
            under_way.down -= 1;
            let place = under_way.left.iter().position(|(left, _)| *left == host);
            let gets_it = is_new && place.is_some();
            if let Some(place) = place.filter(|_| is_new) {
                under_way.left.remove(place);
                under_way.is_updated[host.row()] = true;
            }
            those.push((*number, gets_it));
        }
        for (number, gets_it) in those {
            if gets_it {
                let (rollout, step) = (HostRolloutId(number), HostStep::Done { host });
                observer.hear(now, &Fact::HostRollout { rollout, step }, &self.state);
            }
            self.ask_host_rollout(now, number);
        }
    }

    /// A host has failed. One that was out is to be done once it is back.
    pub(super) fn host_went_down(&mut self, now: Time, host: HostId) {
        let Some(rolling) = &mut self.rolling else { return };
        for under_way in rolling.under_way.values_mut().filter(|it| it.means(host)) {
            under_way.down += 1;
        }
        let Some(number) = rolling.out.remove(&host) else { return };
        if let Some(under_way) = rolling.under_way.get_mut(&number) {
            let within = rolling.rule.list[under_way.plan as usize].within;
            if under_way.rewriting.remove(&host).is_none() {
                under_way.batch.retain(|member| *member != host);
            }
            under_way.left.push_back((host, domain(&self.state, within, host)));
        }
        self.ask_host_rollout(now, number);
    }

    /// A rollout was asked to act. When it is over, others may begin.
    pub(super) fn roll_hosts(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        if self.roll_on(now, number, observer) {
            self.begin_due(now, observer);
        }
    }

    /// A rollout acts until it has to wait for something; whether it is over now.
    fn roll_on(&mut self, now: Time, number: u32, observer: &mut impl Observer) -> bool {
        let Some(mut under_way) = self.rolling().under_way.remove(&number) else { return false };
        under_way.is_asked = false;
        self.rolling().is_told = false;
        while self.go_on(now, &mut under_way, observer) {}
        if let Phase::Over(outcome) = under_way.phase {
            self.tell(now, under_way.id, HostStep::Ended(outcome), observer);
            return true;
        }
        let is_told = self.rolling().is_told;
        self.rolling().under_way.insert(number, under_way);
        if is_told {
            self.ask_host_rollout(now, number);
        }
        false
    }

    fn tell(
        &mut self,
        now: Time,
        rollout: HostRolloutId,
        step: HostStep,
        observer: &mut impl Observer,
    ) {
        observer.hear(now, &Fact::HostRollout { rollout, step }, &self.state);
    }

    /// One thing that a rollout does now; whether it did any.
    fn go_on(&mut self, now: Time, it: &mut UnderWay, observer: &mut impl Observer) -> bool {
        match it.phase {
            Phase::Between(from) => self.take_next_batch(now, it, from, observer),
            Phase::Draining { .. } if it.batch.is_empty() => self.end_batch(now, it),
            Phase::Draining { since, how, is_overdue } => {
                self.drain_batch(now, it, (since, how, is_overdue), observer)
            }
            Phase::Rewriting if it.rewriting.is_empty() => self.end_batch(now, it),
            Phase::Rewriting | Phase::Over(_) => false,
        }
    }

    fn end_batch(&mut self, now: Time, it: &mut UnderWay) -> bool {
        it.stuck = None;
        it.phase = Phase::Between(now.after(self.rule_of(it.plan).soak_ms));
        true
    }

    fn take_next_batch(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        from: Time,
        observer: &mut impl Observer,
    ) -> bool {
        if it.left.is_empty() {
            let outcome = if it.is_partial { HostOutcome::Partial } else { HostOutcome::Complete };
            it.phase = Phase::Over(outcome);
            return false;
        }
        let rule = self.rule_of(it.plan);
        let (size, drain) = (rule.size_of(it.hosts, it.down), rule.drain);
        let wait = if now < from {
            Some(HostWait::Soak(from))
        } else {
            (size == 0).then_some(HostWait::Limit(it.down))
        };
        let hosts = &self.state.hosts;
        let batch = match wait {
            Some(_) => Vec::new(),
            None => {
                let is_up = |host| hosts.status(host) == HostStatus::Up;
                next_batch(&mut it.left, size as usize, is_up)
            }
        };
        if batch.is_empty() {
            // Those that leave service, or have left it, need no image.
            it.left.retain(|(host, _)| {
                matches!(hosts.status(*host), HostStatus::Up | HostStatus::Down)
            });
            if it.left.is_empty() {
                return true;
            }
            let wait = wait.unwrap_or(HostWait::Down(it.left.len() as u32));
            if it.wait.replace(wait) != Some(wait) {
                self.tell(now, it.id, HostStep::Waits(wait), observer);
                if let HostWait::Soak(until) = wait {
                    self.agenda.push(until, Event::RollHosts(it.id.0));
                }
            }
            return false;
        }
        it.wait = None;
        for host in &batch {
            self.state.drain(*host);
            self.rolling().out.insert(*host, it.id.0);
            let vms = self.state.hosts.vm_count(*host);
            self.tell(now, it.id, HostStep::Draining { host: *host, vms }, observer);
        }
        // Who was to come to one of them goes elsewhere.
        self.agenda.push(now, Event::SetOut);
        it.batch = batch;
        let how = if drain == Drain::Eviction { How::Evict } else { How::Move };
        it.phase = Phase::Draining { since: now, how, is_overdue: false };
        if let Some((ms, _)) = self.rule_of(it.plan).timeout {
            self.agenda.push(now.after(ms), Event::RollHosts(it.id.0));
        }
        true
    }

    fn drain_batch(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        (since, how, is_overdue): (Time, How, bool),
        observer: &mut impl Observer,
    ) -> bool {
        self.evict_those_due(now, it, observer);
        if it.batch.iter().all(|host| self.state.hosts.vm_count(*host) == 0) {
            self.rewrite(now, it, observer);
            return false;
        }
        if let Some((ms, then)) = self.rule_of(it.plan).timeout
            && !is_overdue
            && now >= since.after(ms)
        {
            it.phase = Phase::Draining { since, how, is_overdue: true };
            self.be_overdue(now, it, then, observer);
            return true;
        }
        let is_blocked = match how {
            How::Move | How::MoveOrEvict => {
                self.give_places(now, it, how == How::MoveOrEvict, observer)
            }
            How::Evict => self.give_notices(now, it, observer),
            How::Force => {
                self.evict_all(now, it, observer);
                None
            }
        };
        let is_done = it.batch.iter().all(|host| self.state.hosts.vm_count(*host) == 0);
        it.homeless = if is_blocked.is_some() { self.homeless(it) } else { Vec::new() };
        match is_blocked {
            // What is still on its way may change it.
            Some(_) if self.is_in_flight(it) => {}
            Some(stall) => {
                if it.stuck.replace(stall) != Some(stall) {
                    self.tell(now, it.id, HostStep::Stalled(stall), observer);
                }
            }
            None => it.stuck = None,
        }
        is_done
    }

    /// What those VMs of the batch are that have no place and were not told to go, each such thing
    /// once.
    fn homeless(&self, it: &UnderWay) -> Vec<(DemandId, Ask)> {
        let has_none = |vm: &VmId| {
            self.state.moves.target(*vm).is_none() && !it.notices.contains_key(vm) //
        };
        let what = |vm: VmId| {
            let vm = self.state.vms.get(vm);
            (vm.demand, vm.ask)
        };
        let vms = self.residents(it).into_iter().filter(has_none);
        let mut those: Vec<(DemandId, Ask)> = vms.map(what).collect();
        those.sort_unstable_by_key(|(demand, ask)| (*demand, ask.shape, ask.group, ask.tenant));
        those.dedup();
        those
    }

    /// Whether VMs of the batch are on their way, or about to end.
    fn is_in_flight(&self, it: &UnderWay) -> bool {
        let moves = !self.state.moves.is_empty();
        let is_moving = |vm: &VmId| self.state.moves.target(*vm).is_some();
        !it.notices.is_empty() || moves && self.residents(it).iter().any(is_moving)
    }

    /// The VMs on the hosts of the batch.
    fn residents(&self, it: &UnderWay) -> Vec<VmId> {
        let residents = self.state.residents.as_ref().expect("kept where hosts get images");
        it.batch.iter().flat_map(|host| residents.on(*host)).copied().collect()
    }

    /// All VMs of the batch that have no place yet are given one each, or none is; where those
    /// without are evicted, they are, but for those that end of themselves. What stands in the
    /// way, if anything.
    fn give_places(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        evicts: bool,
        observer: &mut impl Observer,
    ) -> Option<Stall> {
        let mut ending = BTreeSet::new();
        loop {
            let updated = self.rule_of(it.plan).prefers_updated.then_some(&*it.is_updated);
            let mut trial = Trial::new(
                (&mut self.state, &self.scenario, &self.placer),
                (updated, &it.notices, &ending),
                now,
            );
            let found = plan(&mut trial, &it.batch);
            trial.undo();
            match found {
                Ok(ways) => {
                    self.reserve(now, it, &ways, observer);
                    return None;
                }
                Err((_, vm, why)) if !evicts => return Some(self.stall(vm, why)),
                Err((_, vm, _)) if self.ends_anyhow(vm) => {
                    ending.insert(vm);
                }
                Err((_, vm, _)) => {
                    if let Err(min) = self.give_notice(now, it, vm, observer) {
                        return Some(self.stall(vm, WhyStuck::Budget(min)));
                    }
                }
            }
        }
    }

    fn stall(&self, vm: VmId, why: WhyStuck) -> Stall {
        let row = self.state.vms.get(vm);
        let request = RequestId(row.request);
        Stall { host: row.host, vm, request, demand: row.demand, why }
    }

    /// Room that was found is taken.
    fn reserve(
        &mut self,
        now: Time,
        it: &UnderWay,
        ways: &[(HostId, VmId, HostId)],
        observer: &mut impl Observer,
    ) {
        if ways.is_empty() {
            return;
        }
        for (from, vm, to) in ways {
            let row = *self.state.vms.get(*vm);
            self.state.begin_move(*vm, *to);
            let step = Move { vm: *vm, request: row.request, ask: row.ask, from: *from, to: *to };
            self.rolling().queued.push(step);
        }
        let (hosts, moves) = (it.batch.len() as u32, ways.len() as u32);
        self.tell(now, it.id, HostStep::Planned { hosts, moves }, observer);
        self.agenda.push(now, Event::SetOut);
    }

    /// Those that have their room set out as far as there are lanes. A host that is to be emptied by
    /// now takes nobody: who was to go there stays, and its rollout looks for another place.
    pub(super) fn set_out_from_hosts(&mut self, now: Time, observer: &mut impl Observer) {
        let Some(rolling) = &self.rolling else { return };
        let hosts = &self.state.hosts;
        let is_lost = |step: &&Move| hosts.status(step.to) != HostStatus::Up;
        let lost: Vec<VmId> = rolling.queued.iter().filter(is_lost).map(|step| step.vm).collect();
        for vm in lost {
            self.give_place_up(now, vm, observer);
        }
        let rolling = self.rolling();
        let mut queued = std::mem::take(&mut rolling.queued);
        queued.retain(|step| {
            let has_lane = self.movers.has_lane(step);
            if has_lane {
                self.set_off(now, step, observer);
            }
            !has_lane
        });
        self.rolling().queued = queued;
    }

    /// A VM that has its room elsewhere and has not set out stays where it is; whether there was
    /// one such.
    pub(super) fn give_place_up(
        &mut self,
        now: Time,
        vm: VmId,
        observer: &mut impl Observer,
    ) -> bool {
        let Some(rolling) = &mut self.rolling else { return false };
        let Some(step) = rolling.queued.remove(vm) else { return false };
        let left = self.state.end_move(vm, false);
        self.ask_host_rollout_of(now, step.from);
        self.serve_after_leaving(now, left, step.ask, observer);
        true
    }

    /// The batch is empty: its hosts get their image.
    fn rewrite(&mut self, now: Time, it: &mut UnderWay, observer: &mut impl Observer) {
        it.stuck = None;
        it.notices.clear();
        it.phase = Phase::Rewriting;
        let rule = &self.scenario.host_rollouts.list[it.plan as usize];
        let seed = self.rolling.as_ref().map_or(0, |rolling| rolling.seed);
        for host in std::mem::take(&mut it.batch) {
            let name = format!("rewrites/{}/{}/{}", rule.name, host.row(), it.round);
            let at = now.after(rule.rewrite.draw(&mut dice::stream(seed, &name)));
            it.rewriting.insert(host, at);
            self.agenda.push(at, Event::Rewritten(host));
            let step = HostStep::Rewriting { host, until: at };
            observer.hear(now, &Fact::HostRollout { rollout: it.id, step }, &self.state);
        }
    }

    /// A host should have its image by now.
    pub(super) fn end_rewrite(&mut self, now: Time, host: HostId, observer: &mut impl Observer) {
        let rolling = self.rolling();
        let Some(number) = rolling.out.get(&host).copied() else { return };
        let Some(under_way) = rolling.under_way.get_mut(&number) else { return };
        if under_way.rewriting.get(&host) != Some(&now) {
            return;
        }
        under_way.rewriting.remove(&host);
        under_way.is_updated[host.row()] = true;
        let plan = under_way.plan;
        rolling.images[host.row()] = rolling.rule.list[plan as usize].image;
        self.bring_back(now, host, HostRolloutId(number), HostStep::Done { host }, observer);
        self.ask_host_rollout(now, number);
    }

    /// A host takes VMs again.
    fn bring_back(
        &mut self,
        now: Time,
        host: HostId,
        rollout: HostRolloutId,
        step: HostStep,
        observer: &mut impl Observer,
    ) {
        self.rolling().out.remove(&host);
        self.state.resume(host);
        self.tell(now, rollout, step, observer);
        self.age_again(now, host, false, observer);
        self.serve_waiting(now, Some(host), None, observer);
    }

    /// The batch has taken too long to be empty.
    fn be_overdue(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        then: OnTimeout,
        observer: &mut impl Observer,
    ) {
        let hosts = &self.state.hosts;
        let is_empty = |host: &&HostId| hosts.vm_count(**host) == 0;
        let (empty, full): (Vec<_>, Vec<_>) = it.batch.iter().partition(is_empty);
        for host in &full {
            self.tell(now, it.id, HostStep::Overdue { host: *host, then }, observer);
        }
        let is_overdue = true;
        match then {
            OnTimeout::Wait => return,
            OnTimeout::Evict => {
                it.phase = Phase::Draining { since: now, how: How::MoveOrEvict, is_overdue };
            }
            OnTimeout::Force => {
                it.phase = Phase::Draining { since: now, how: How::Force, is_overdue };
            }
            OnTimeout::Skip => {
                it.is_partial = true;
                it.batch = empty;
                self.leave_out(now, it, &full, observer);
            }
            OnTimeout::Stop => {
                it.phase = Phase::Over(HostOutcome::Stopped);
                it.batch = Vec::new();
                self.leave_out(now, it, &full, observer);
                self.leave_out(now, it, &empty, observer);
            }
        }
        it.stuck = None;
    }

    /// Hosts take VMs again as they are; who has not set out stays.
    fn leave_out(
        &mut self,
        now: Time,
        it: &mut UnderWay,
        members: &[HostId],
        observer: &mut impl Observer,
    ) {
        self.take_notices_back(now, it);
        let mut queued: BTreeMap<HostId, Vec<VmId>> = BTreeMap::new();
        for step in self.rolling().queued.iter() {
            queued.entry(step.from).or_default().push(step.vm);
        }
        for host in members {
            for vm in queued.remove(host).unwrap_or_default() {
                self.give_place_up(now, vm, observer);
            }
            let step = HostStep::GivenUp { host: *host };
            self.bring_back(now, *host, it.id, step, observer);
        }
    }
}

/// What a host fails with.
fn domain(state: &State, within: Level, host: HostId) -> u32 {
    let row = match within {
        Level::Host => host.row(),
        Level::Rack => state.hosts.rack(host).row(),
        Level::Zone => state.hosts.zone(host).row(),
    };
    u32::try_from(row).expect("hosts and places are bounded")
}
