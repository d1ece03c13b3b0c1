//! From pool to pool. VMs of a migration go in waves: each is given room in the new pool, copied,
//! runs in both until all of its wave are copied and have run twice for as long as planned, and is
//! cut over. Hosts that are empty are handed over.
//!
//! A copy is decided on like any request of the new pool, and waits for room in the same room. Until
//! it is cut over, its VM is on the move for the state: it takes room on both hosts, and is one VM.

use super::{Arrived, Comes, Event, Simulation};
use crate::defrag::{Move, Plan};
use crate::demand::FOR_GOOD_MS;
use crate::fact::{Fact, PoolFact, Reason, RequestId};
use crate::observe::Observer;
use crate::scenario::{DemandId, HandOver, HostTypeId, PoolId, PoolMigration, RackId, Scenario};
use crate::state::{Ask, HostId, HostStatus, VmId};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// What is on its way between pools.
#[derive(Debug)]
pub(super) struct PoolMoves {
    /// By migration: when its link is free.
    links: Vec<Time>,
    /// By migration: whether all was moved at the last look.
    are_done: Vec<bool>,
    /// Where the VMs of a demand go that is under way: from which pool, and to which.
    ways: BTreeMap<DemandId, (PoolId, PoolId)>,
    /// By request.
    copies: BTreeMap<RequestId, Copy>,
    waves: BTreeMap<u32, Wave>,
    wave_next: u32,
    /// By hand-over: how many hosts have gone.
    gone: Vec<u32>,
    /// Hosts between two pools, in the order in which they left.
    between: BTreeMap<u32, Between>,
    between_next: u32,
}

/// A VM on its way.
#[derive(Clone, Copy, Debug)]
struct Copy {
    migration: u32,
    wave: u32,
    vm: VmId,
    /// What it asks for in the new pool; held.
    ask: Ask,
    stage: Stage,
}

impl Copy {
    fn waits(&self) -> bool {
        matches!(self.stage, Stage::Waits(_))
    }
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It waits for room.
    Waits(u32),
    /// It is copied until then.
    Copying(Time),
    /// Both run.
    Twice,
}

/// VMs that are cut over together.
#[derive(Debug, Default)]
struct Wave {
    requests: BTreeSet<RequestId>,
    /// How many of them are not copied yet.
    open: u32,
}

/// A host that has left one pool and is not in the other.
#[derive(Clone, Copy, Debug)]
struct Between {
    hand_over: u32,
    host_type: HostTypeId,
    rack: RackId,
    born_ms: i64,
}

impl PoolMoves {
    /// `None` where nothing goes from pool to pool.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        scenario.moves_between_pools().then(|| {
            Box::new(Self {
                links: vec![Time::ZERO; scenario.pool_migrations.len()],
                are_done: vec![false; scenario.pool_migrations.len()],
                ways: BTreeMap::new(),
                copies: BTreeMap::new(),
                waves: BTreeMap::new(),
                wave_next: 0,
                gone: vec![0; scenario.hand_overs.len()],
                between: BTreeMap::new(),
                between_next: 0,
            })
        })
    }

    /// How many hosts have left one pool and are not in the other.
    pub(super) fn hosts_between(&self) -> u64 {
        self.between.len() as u64
    }

    fn copies_of(&self, migration: u32) -> impl Iterator<Item = &Copy> {
        self.copies.values().filter(move |copy| copy.migration == migration)
    }

    /// A copy is out of its wave.
    fn leave_wave(&mut self, request: RequestId, copy: &Copy) {
        let wave = self.waves.get_mut(&copy.wave).expect("a wave is kept until it is cut over");
        wave.requests.remove(&request);
        wave.open -= u32::from(copy.stage != Stage::Twice);
    }
}

impl Simulation {
    fn pool_moves(&mut self) -> &mut PoolMoves {
        self.pool_moves.as_mut().expect("something goes from pool to pool")
    }

    /// The copy of a VM alive.
    fn copy_of(&self, vm: VmId) -> Option<(RequestId, Copy)> {
        let moves = self.pool_moves.as_ref()?;
        let request = RequestId(self.state.vms.find(vm)?.request);
        moves.copies.get(&request).map(|copy| (request, *copy))
    }

    /// The first look at each migration and each hand-over.
    pub(super) fn begin_pool_moves(&mut self) {
        for (row, migration) in self.scenario.pool_migrations.iter().enumerate() {
            let event = Event::MovePools(row as u32);
            self.agenda.push(Time::from_ms(migration.at_ms), event);
        }
        for (row, hand_over) in self.scenario.hand_overs.iter().enumerate() {
            self.agenda.push(Time::from_ms(hand_over.at_ms), Event::HandHostsOver(row as u32));
        }
    }

    /// The next wave of a migration, unless the one before it waits for room.
    pub(super) fn move_pools(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let migration = &scenario.pool_migrations[row as usize];
        self.agenda.push(now.after(migration.every_ms), Event::MovePools(row));
        if self.pool_moves().copies_of(row).any(Copy::waits) {
            return;
        }
        let vms = self.next_wave(migration);
        if vms.is_empty() {
            let moves = self.pool_moves();
            let is_done = moves.copies_of(row).next().is_none();
            let was_done = std::mem::replace(&mut moves.are_done[row as usize], is_done);
            if is_done && !was_done {
                let fact = Fact::Pools(PoolFact::MigrationDone { migration: row });
                observer.hear(now, &fact, &self.state);
            }
            return;
        }
        let moves = self.pool_moves();
        moves.are_done[row as usize] = false;
        let wave = moves.wave_next;
        moves.wave_next += 1;
        let open = vms.len() as u32;
        let fact = PoolFact::WaveBegan { migration: row, wave, vms: open };
        let requests = vms.iter().map(|vm| RequestId(self.state.vms.get(*vm).request)).collect();
        self.pool_moves().waves.insert(wave, Wave { requests, open });
        observer.hear(now, &Fact::Pools(fact), &self.state);
        for demand in vms.iter().map(|vm| self.state.vms.get(*vm).demand).collect::<BTreeSet<_>>() {
            self.send_new_ones(demand, migration);
        }
        for vm in vms {
            self.seek_room(now, row, wave, vm, observer);
        }
    }

    /// The VMs of a wave: those of the first demand that has any in the old pool, then those of
    /// the next, the oldest requests first.
    fn next_wave(&self, migration: &PoolMigration) -> Vec<VmId> {
        let copies = &self.pool_moves.as_ref().expect("there is a migration").copies;
        let mut found: Vec<(usize, u64, VmId)> = Vec::new();
        for (id, vm) in self.state.vms.iter() {
            let order = migration.demands.iter().position(|demand| *demand == vm.demand);
            let is_there = self.state.shapes.pool(vm.ask.shape) == Some(migration.from);
            let has_copy = || copies.contains_key(&RequestId(vm.request));
            let is_free = || !has_copy() && self.state.moves.target(id).is_none();
            if let Some(order) = order.filter(|_| is_there && is_free()) {
                found.push((order, vm.request, id));
            }
        }
        found.sort_unstable();
        let first = found.first().map(|(order, ..)| *order);
        match migration.wave {
            Some(most) => found.truncate(most as usize),
            None => found.retain(|(order, ..)| Some(*order) == first),
        }
        found.into_iter().map(|(.., id)| id).collect()
    }

    /// From now on what a demand asks for is asked for in the new pool.
    fn send_new_ones(&mut self, demand: DemandId, migration: &PoolMigration) {
        let (from, to) = (migration.from, migration.to);
        if self.pool_moves().ways.insert(demand, (from, to)).is_some() {
            return;
        }
        let row = demand.row();
        let mut predicate = self.state.shapes.predicate_of(self.predicates[row]).clone();
        predicate.pool = Some(to);
        self.predicates[row] = self.state.predicate(predicate);
        for flavor in 0..self.flavor_asks[row].len() {
            // The old one stays held: rollouts under way know it.
            let old = self.flavor_asks[row][flavor];
            self.flavor_asks[row][flavor] = self.state.ask_in_pool(old, to);
        }
    }

    /// What a VM that has lost its host asks for: where its demand has begun to move, room in the
    /// new pool.
    pub(super) fn ask_where_it_goes(&mut self, demand: DemandId, ask: Ask) -> Ask {
        let way = self.pool_moves.as_ref().and_then(|moves| moves.ways.get(&demand).copied());
        let Some((_, to)) = way.filter(|way| self.state.shapes.pool(ask.shape) == Some(way.0))
        else {
            return ask;
        };
        let new = self.state.ask_in_pool(ask, to);
        self.state.forget(ask);
        new
    }

    /// A VM's copy is given room in the new pool, or waits for it.
    fn seek_room(
        &mut self,
        now: Time,
        migration: u32,
        wave: u32,
        id: VmId,
        observer: &mut impl Observer,
    ) {
        let vm = *self.state.vms.get(id);
        let to = self.scenario.pool_migrations[migration as usize].to;
        let ask = self.state.ask_in_pool(vm.ask, to);
        let believed = self.state.history.end_of(id);
        let stay_ms = believed.map_or(FOR_GOOD_MS, |end| end.ms().saturating_sub(now.ms()).max(1));
        let request = RequestId(vm.request);
        let arrived = Arrived {
            request,
            demand: vm.demand,
            number: 0,
            at: now,
            ask,
            stay_ms,
            believed_ms: stay_ms,
            boot_ms: 0,
            priority: 0,
            comes: Comes::Copy,
            ticket: None,
        };
        let copy = Copy { migration, wave, vm: id, ask, stage: Stage::Copying(now) };
        self.pool_moves().copies.insert(request, copy);
        match self.decide_copy(now, &arrived) {
            Ok(host) => self.begin_copy(now, &arrived, host, observer),
            Err(reason) => {
                let stage = Stage::Waits(self.enter_room(arrived, reason));
                self.pool_moves().copies.insert(request, Copy { stage, ..copy });
                let fact = PoolFact::CopyWaits { migration, request, reason };
                observer.hear(now, &Fact::Pools(fact), &self.state);
            }
        }
    }

    /// Where a copy goes. It is the same VM: what its tenant's quotas count already is not counted
    /// twice.
    pub(super) fn decide_copy(&mut self, now: Time, arrived: &Arrived) -> Result<HostId, Reason> {
        self.state.count(arrived.ask, -1);
        let decided = self.decide(now, arrived);
        self.state.count(arrived.ask, 1);
        decided
    }

    /// A copy has found a host, and no longer waits.
    pub(super) fn begin_copy(
        &mut self,
        now: Time,
        arrived: &Arrived,
        to: HostId,
        observer: &mut impl Observer,
    ) {
        let request = arrived.request;
        let Copy { migration, vm, .. } = self.pool_moves().copies[&request];
        if self.state.moves.target(vm).is_some() {
            self.give_up_copy(now, vm);
            let fact = Fact::Pools(PoolFact::CopyPutOff { migration, request });
            return observer.hear(now, &fact, &self.state);
        }
        let amounts = self.state.shapes.get(arrived.ask.shape).amounts;
        let kinds = &self.scenario.kinds;
        let amount = |kind: &str| kinds.column(kind).map_or(0, |column| amounts[column]);
        let mib = match (amount("disk"), amount("memory")) {
            (0, memory) => memory as u64,
            (disk, _) => disk as u64 * 1_024,
        };
        let from = self.state.vms.get(vm).host;
        self.state.begin_move(vm, to);
        let bandwidth_mib_s = self.scenario.pool_migrations[migration as usize].bandwidth_mib_s;
        let copies_ms =
            bandwidth_mib_s.map_or(0, |mib_s| libm::ceil(mib as f64 / mib_s * 1e3) as u64);
        let moves = self.pool_moves();
        let link = &mut moves.links[migration as usize];
        let copied = (*link).max(now).after(copies_ms);
        *link = copied;
        moves.copies.entry(request).and_modify(|copy| copy.stage = Stage::Copying(copied));
        self.agenda.push(copied, Event::Copied(vm));
        let takes_ms = copied.since_ms(now);
        let fact = PoolFact::CopyStarted { migration, request, vm, from, to, mib, takes_ms };
        observer.hear(now, &Fact::Pools(fact), &self.state);
    }

    /// A VM should be copied by now.
    pub(super) fn copied(&mut self, now: Time, vm: VmId, observer: &mut impl Observer) {
        let is_due = |copy: &(RequestId, Copy)| copy.1.stage == Stage::Copying(now);
        let Some((request, copy)) = self.copy_of(vm).filter(is_due) else { return };
        let Copy { migration, wave, .. } = copy;
        self.pool_moves().copies.insert(request, Copy { stage: Stage::Twice, ..copy });
        let fact = Fact::Pools(PoolFact::Copied { migration, request, vm });
        observer.hear(now, &fact, &self.state);
        let open = &mut self.pool_moves().waves.get_mut(&wave).expect("its wave is there").open;
        *open -= 1;
        self.close_wave(now, migration, wave);
    }

    /// Once all of a wave are copied they run twice for a while.
    fn close_wave(&mut self, now: Time, migration: u32, number: u32) {
        let twice_ms = self.scenario.pool_migrations[migration as usize].twice_ms;
        let moves = self.pool_moves();
        let Some(wave) = moves.waves.get(&number).filter(|wave| wave.open == 0) else { return };
        if wave.requests.is_empty() {
            moves.waves.remove(&number);
        } else {
            self.agenda.push(now.after(twice_ms), Event::CutOver(number));
        }
    }

    /// A wave has run twice for long enough.
    pub(super) fn cut_over(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        let Some(wave) = self.pool_moves().waves.remove(&number) else { return };
        for request in wave.requests {
            self.cut_one_over(now, request, observer);
        }
    }

    fn cut_one_over(&mut self, now: Time, request: RequestId, observer: &mut impl Observer) {
        let Some(copy) = self.pool_moves().copies.remove(&request) else { return };
        let Copy { migration, vm, ask, .. } = copy;
        let from = self.state.end_move(vm, true);
        let old = self.state.ask_otherwise(vm, ask);
        let to = self.state.vms.get(vm).host;
        let fact = PoolFact::CutOver { migration, request, vm, from, to };
        observer.hear(now, &Fact::Pools(fact), &self.state);
        self.ask_host_rollout_of(now, to);
        self.serve_after_leaving(now, from, old, observer);
        self.state.forget(old);
    }

    /// A host is not emptied while a VM of it runs twice: that one stays until it is cut over.
    pub(super) fn spare_those_that_run_twice(&self, plan: &mut Plan) {
        let stays = |step: &&Move| self.copy_of(step.vm).is_some();
        let spared: BTreeSet<HostId> =
            plan.moves.iter().filter(stays).map(|step| step.from).collect();
        plan.moves.retain(|step| !spared.contains(&step.from));
        plan.emptied.retain(|host| !spared.contains(host));
    }

    /// One of the hosts of a VM fails that takes room in two pools: it goes on in the new pool, if it
    /// runs there, or its copy is dropped. Whether it was such a VM; one whose copy only waits is not.
    pub(super) fn save_by_copy(
        &mut self,
        now: Time,
        vm: VmId,
        observer: &mut impl Observer,
    ) -> bool {
        // A copy that waits for room has nothing to do with the move that its VM is on.
        let Some((request, copy)) = self.copy_of(vm).filter(|(_, copy)| !copy.waits()) else {
            return false;
        };
        let takes_over = |to: HostId| self.state.hosts.status(to) == HostStatus::Up;
        let is_up = self.state.moves.target(vm).is_some_and(takes_over);
        if copy.stage == Stage::Twice && is_up {
            self.pool_moves().leave_wave(request, &copy);
            self.cut_one_over(now, request, observer);
        } else {
            self.drop_copy(now, vm, observer);
        }
        true
    }

    /// A VM ends, or its copy is lost: the copy gives back what it has.
    pub(super) fn drop_copy(&mut self, now: Time, vm: VmId, observer: &mut impl Observer) {
        let Some((request, copy)) = self.copy_of(vm) else { return };
        if copy.waits() {
            return self.give_up_copy(now, vm);
        }
        let moves = self.pool_moves();
        moves.copies.remove(&request);
        moves.leave_wave(request, &copy);
        let Copy { migration, ask, wave, stage, .. } = copy;
        let from = self.state.vms.get(vm).host;
        let to = self.state.end_move(vm, false);
        let fact = PoolFact::CopyDropped { migration, request, vm, from, to };
        observer.hear(now, &Fact::Pools(fact), &self.state);
        self.ask_host_rollout_of(now, from);
        if stage != Stage::Twice {
            self.close_wave(now, migration, wave);
        }
        self.serve_after_leaving(now, to, ask, observer);
        self.state.forget(ask);
    }

    /// A VM is about to lose its host: a copy that waits gets none of the room that this frees.
    pub(super) fn stop_waiting_for_copy(&mut self, now: Time, vm: VmId) {
        if self.copy_of(vm).is_some_and(|(_, copy)| copy.waits()) {
            self.give_up_copy(now, vm);
        }
    }

    /// The same of all VMs on these hosts.
    pub(super) fn stop_waiting_for_copies(
        &mut self,
        now: Time,
        hosts: impl Iterator<Item = HostId>,
    ) {
        if self.pool_moves.is_none() {
            return;
        }
        let residents = self.state.residents.as_ref().expect("kept where hosts fail");
        let vms: Vec<VmId> = hosts.flat_map(|host| residents.on(host)).copied().collect();
        for vm in vms {
            self.stop_waiting_for_copy(now, vm);
        }
    }

    /// A copy that has no room yet, or is not to have it, is not wanted any more.
    pub(super) fn give_up_copy(&mut self, now: Time, vm: VmId) {
        let Some((request, copy)) = self.copy_of(vm) else { return };
        let moves = self.pool_moves();
        moves.copies.remove(&request);
        moves.leave_wave(request, &copy);
        if let Stage::Waits(ticket) = copy.stage {
            self.leave_room(ticket);
        }
        self.close_wave(now, copy.migration, copy.wave);
        self.state.forget(copy.ask);
    }

    /// Somebody looks which hosts of a pool are empty and can go to another. Each is one host more
    /// there: once there are as many as a run can come to, none goes any more.
    pub(super) fn hand_hosts_over(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let rule = &scenario.hand_overs[row as usize];
        let hosts: Vec<HostId> = self.state.hosts.ids().collect();
        for host in hosts.into_iter().rev() {
            let gone = self.pool_moves().gone[row as usize];
            if gone >= rule.hosts_max || self.hosts_left() == 0 {
                return;
            }
            if let Some(host_type) = self.can_go(rule, host) {
                self.hand_over(now, row, host, host_type, observer);
            }
        }
        self.agenda.push(now.after(rule.every_ms), Event::HandHostsOver(row));
    }

    /// What a host is to be in its new pool, if it is empty and the old one can do without it.
    fn can_go(&self, rule: &HandOver, host: HostId) -> Option<HostTypeId> {
        let hosts = &self.state.hosts;
        let (_, becomes) = rule.becomes.iter().find(|(old, _)| *old == hosts.host_type(host))?;
        let total = hosts.pool_total(rule.from);
        let is_idle = hosts.status(host) == HostStatus::Up && hosts.vm_count(host) == 0;
        let waiting = &self.room.by_pool[rule.from.row()];
        let effective = hosts.effective(host);
        let is_dispensable = (0..hosts.kinds()).all(|column| {
            let left = total.capacity[column] - effective[column] - total.leaving[column];
            let wanted = total.used[column] + waiting[column];
            wanted == 0 || wanted as f64 <= (1.0 - rule.headroom) * left as f64
        });
        (is_idle && is_dispensable && total.hosts > rule.keep).then_some(*becomes)
    }

    fn hand_over(
        &mut self,
        now: Time,
        row: u32,
        host: HostId,
        host_type: HostTypeId,
        observer: &mut impl Observer,
    ) {
        let (rack, born_ms) = (self.state.hosts.rack(host), self.state.hosts.born_ms(host));
        let takes_ms = self.scenario.hand_overs[row as usize].takes_ms;
        let fact = Fact::Pools(PoolFact::HandedOver { hand_over: row, host });
        observer.hear(now, &fact, &self.state);
        self.state.cordon(host);
        self.retire(now, host, observer);
        self.serve_after_retirement(now, None, observer);
        let moves = self.pool_moves();
        moves.gone[row as usize] += 1;
        let number = moves.between_next;
        moves.between_next += 1;
        moves.between.insert(number, Between { hand_over: row, host_type, rack, born_ms });
        self.agenda.push(now.after(takes_ms), Event::TakeHostOver(number));
    }

    /// Whether a pool, or any, can still get hosts of another: which may have to get them first.
    pub(super) fn may_be_given_hosts(&self, pool: Option<PoolId>) -> bool {
        let (Some(moves), rules) = (&self.pool_moves, &self.scenario.hand_overs) else {
            return false;
        };
        let (mut seen, mut next) = (vec![pool], 0);
        while let Some(pool) = seen.get(next).copied() {
            next += 1;
            let gives_it = |rule: &HandOver| pool.is_none_or(|pool| rule.to == pool);
            let mut between = moves.between.values();
            if between.any(|between| gives_it(&rules[between.hand_over as usize])) {
                return true;
            }
            if self.hosts_left() == 0 {
                return false;
            }
            for (rule, gone) in rules.iter().zip(&moves.gone) {
                if !gives_it(rule) || *gone >= rule.hosts_max {
                    continue;
                }
                let total = self.state.hosts.pool_total(rule.from);
                if total.hosts > rule.keep || self.may_grow(Some(rule.from)) {
                    return true;
                }
                if !seen.contains(&Some(rule.from)) {
                    seen.push(Some(rule.from));
                }
            }
        }
        false
    }

    /// A host that was handed over goes into service in its new pool.
    pub(super) fn take_host_over(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        let Some(between) = self.pool_moves().between.remove(&number) else { return };
        let Between { hand_over, host_type, rack, born_ms } = between;
        let now_ms = i64::try_from(now.ms()).expect("the scenario check bounds the duration");
        let host = self.add_host(now, host_type, rack, now_ms - born_ms, observer);
        let fact = Fact::Pools(PoolFact::TakenOver { hand_over, host });
        observer.hear(now, &fact, &self.state);
        self.serve_waiting(now, Some(host), None, observer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Transcript;
    use crate::read::{Input, read};
    use crate::source::NoFiles;
    use std::sync::Arc;

    /// The most hosts of a run, and how many go to and fro between two pools.
    fn handed(hosts_max: u64) -> usize {
        let hand_over = |from: &str, to: &str| {
            format!("[[hand-over]]\nfrom = '{from}'\nto = '{to}'\nevery = '1 h'\ntakes = '5 min'\n")
        };
        let text = format!(
            "name = 'full'\nduration = '1 day'\nhost-models.m = {{ cpu = 1 }}\nflavors.f = {{ cpu = 1 }}\n\
             pools = [{{ name = 'a', hosts = {{ model = 'm', count = 3 }} }}, {{ name = 'b' }}]\n\
             demand = [{{ name = 'd', flavor = 'f', alive = 1, pool = 'a' }}]\n{}{}",
            hand_over("a", "b"),
            hand_over("b", "a"),
        );
        let input = Input { file: "full.toml", text: &text, overrides: &[] };
        let read = read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}"));
        let mut simulation =
            Simulation::new(Arc::new(read.scenario), &NoFiles).expect("no file is named");
        simulation.capacity.hosts_max = hosts_max;
        let mut transcript = Transcript::default();
        simulation.advance(simulation.end(), &mut transcript).expect("no trace is read");
        assert!(simulation.state.hosts.rows() as u64 <= hosts_max);
        transcript.lines.iter().filter(|line| line.contains("is handed over")).count()
    }

    #[test]
    fn no_host_goes_once_there_are_as_many_as_there_can_be() {
        assert_eq!(handed(3), 0);
        assert_eq!(handed(4), 1);
        assert_eq!(handed(7), 4);
        assert!(handed(1_000) > 30);
    }
}
