//! Moves in a run: now and then a plan to empty hosts, and VMs that set out for it.

use super::{Event, Simulation};
use crate::defrag::{self, Lanes, Move};
use crate::fact::{Fact, RequestId};
use crate::migration::PreCopy;
use crate::observe::Observer;
use crate::scenario::Scenario;
use crate::state::{HostId, VmId};
use crate::time::Time;
use std::collections::BTreeMap;

/// The plan under way.
#[derive(Debug)]
pub(super) struct Movers {
    lanes: Lanes,
    /// Moves that have not begun, in order.
    left: Vec<Move>,
    /// Those that have, by number.
    under_way: BTreeMap<u32, (Move, PreCopy)>,
    number_next: u32,
}

impl Movers {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            lanes: Lanes::new(&scenario.defrag),
            left: Vec::new(),
            under_way: BTreeMap::new(),
            number_next: 0,
        }
    }

    /// Whether there is a lane for a move.
    pub(super) fn has_lane(&self, step: &Move) -> bool {
        self.lanes.admit(step.from, step.to)
    }
}

impl Simulation {
    /// Which hosts could be emptied now, and how.
    pub fn plan(&self) -> defrag::Plan {
        let rule = &self.scenario.defrag;
        defrag::plan(&self.state, &rule.by, rule.limits)
    }

    /// Makes a plan, unless one is still under way, and begins it.
    pub(super) fn plan_moves(&mut self, now: Time, observer: &mut impl Observer) {
        if let Some(every_ms) = self.scenario.defrag.every_ms {
            self.agenda.push(now.after(every_ms), Event::PlanMoves);
        }
        if !self.movers.left.is_empty() || !self.movers.under_way.is_empty() {
            return;
        }
        let mut plan = self.plan();
        if self.pool_moves.is_some() {
            self.spare_those_that_run_twice(&mut plan);
        }
        let count = |list: usize| u32::try_from(list).expect("a plan has fewer moves than VMs");
        let (hosts, migrations) = (count(plan.emptied.len()), count(plan.moves.len()));
        observer.hear(now, &Fact::MovesPlanned { hosts, migrations }, &self.state);
        self.movers.left = plan.moves;
        self.set_out(now, observer);
    }

    /// All VMs set out that may: in the order of the plan, as far as there are lanes and room. A
    /// host is given up when one of its VMs would find no room even once all moves have ended.
    pub(super) fn set_out(&mut self, now: Time, observer: &mut impl Observer) {
        self.set_out_from_hosts(now, observer);
        let mut left = std::mem::take(&mut self.movers.left);
        let mut given_up: Option<HostId> = None;
        let mut row = 0;
        // VMs with a move before this one that has not begun.
        let mut behind: Vec<VmId> = Vec::new();
        left.retain(|step| {
            row += 1;
            if given_up == Some(step.from) {
                return false;
            }
            if self.movers.lanes.are_full() {
                return true;
            }
            let is_behind = behind.contains(&step.vm) || self.state.moves.target(step.vm).is_some();
            let vm = self.state.vms.find(step.vm).filter(|vm| vm.request == step.request);
            match vm {
                // It has ended, or been pushed out.
                None => return false,
                Some(_) if is_behind => {}
                // Its move before this one came to nothing.
                Some(vm) if vm.host != step.from => return false,
                Some(_) if !self.movers.lanes.admit(step.from, step.to) => {}
                Some(_) => {
                    let is_in_use = self.state.hosts.vm_count(step.to) > 0;
                    if is_in_use && defrag::admits_move(&mut self.state, step.vm, step.to) {
                        self.begin_move(now, step, observer);
                        return false;
                    }
                    if self.movers.under_way.is_empty() {
                        given_up = Some(step.from);
                        return false;
                    }
                }
            }
            behind.push(step.vm);
            true
        });
        self.movers.left = left;
    }

    fn begin_move(&mut self, now: Time, step: &Move, observer: &mut impl Observer) {
        self.state.begin_move(step.vm, step.to);
        self.set_off(now, step, observer);
    }

    /// A VM that has its room on the other host sets out; there is a lane for it.
    pub(super) fn set_off(&mut self, now: Time, step: &Move, observer: &mut impl Observer) {
        let scenario = &self.scenario;
        let how = defrag::migration(&self.state, &scenario.kinds, step.ask, &scenario.defrag);
        self.movers.lanes.take(step.from, step.to);
        let number = self.movers.number_next;
        self.movers.number_next = number.wrapping_add(1);
        self.movers.under_way.insert(number, (*step, how));
        let takes_ms = how.takes_ms();
        self.agenda.push(now.after(takes_ms), Event::Arrive(number));
        let request = RequestId(step.request);
        let Move { vm, from, to, .. } = *step;
        let fact = Fact::MigrationStarted { request, vm, from, to, takes_ms };
        observer.hear(now, &fact, &self.state);
    }

    /// The time of a move is over, unless its VM ended on the way.
    pub(super) fn end_move(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        if let Some((step, how)) = self.movers.under_way.remove(&number) {
            let ms = libm::ceil(how.downtime_ms) as u64;
            let mib = libm::ceil(how.sent_mib) as u64;
            if !how.has_moved() {
                self.movers.left.retain(|other| other.from != step.from);
            }
            self.leave_lane(now, &step, how.has_moved(), (ms, mib), observer);
        }
    }

    /// A VM on the move ends where it was; one that runs in two pools can go on in the new one.
    pub(super) fn break_off(&mut self, now: Time, vm: VmId, observer: &mut impl Observer) {
        self.stop_waiting_for_copy(now, vm);
        if self.give_place_up(now, vm, observer) || self.save_by_copy(now, vm, observer) {
            return;
        }
        let mut under_way = self.movers.under_way.iter();
        let number = under_way.find(|(_, (step, _))| step.vm == vm).map(|(number, _)| *number);
        if let Some((step, _)) = number.and_then(|number| self.movers.under_way.remove(&number)) {
            self.leave_lane(now, &step, false, (0, 0), observer);
        }
    }

    fn leave_lane(
        &mut self,
        now: Time,
        step: &Move,
        has_moved: bool,
        (downtime_ms, sent_mib): (u64, u64),
        observer: &mut impl Observer,
    ) {
        let left = self.state.end_move(step.vm, has_moved);
        self.movers.lanes.give(step.from, step.to);
        let request = RequestId(step.request);
        let Move { vm, from, to, .. } = *step;
        let fact = Fact::MigrationEnded { request, vm, from, to, has_moved, downtime_ms, sent_mib };
        observer.hear(now, &fact, &self.state);
        self.serve_after_leaving(now, left, step.ask, observer);
        self.ask_host_rollout_of(now, from);
        self.ask_host_rollout_of(now, to);
        // Whatever ends at this instant makes room before anybody sets out.
        self.agenda.push(now, Event::SetOut);
    }
}
