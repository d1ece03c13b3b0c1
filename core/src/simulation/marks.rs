//! Marks: what must be known of a VM that can lose its host before its time, by its row.

use super::{Arrived, Comes, Simulation};
use crate::demand::FOR_GOOD_MS;
use crate::fact::RequestId;
use crate::scenario::Scenario;
use crate::state::{HostId, VmId};
use crate::time::Time;

/// What is remembered of each VM. Kept only where VMs can lose their hosts.
#[derive(Debug)]
pub(super) struct Marks(Vec<Mark>);

/// What is remembered of one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub(super) priority: i32,
    /// When it would end; the last instant there is: it stays for good.
    ends: Time,
    boot_ms: u64,
    /// Its number among those of its demand.
    number: u32,
    /// Until when it is still down, though it has a host again.
    pub(super) down_until: Time,
}

impl Marks {
    /// `None` where no VM loses its host.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        scenario.loses_hosts().then(|| Self(Vec::new()))
    }

    /// What is known of a VM.
    pub(super) fn of(&self, vm: VmId) -> &Mark {
        &self.0[vm.row()]
    }

    pub(super) fn of_mut(&mut self, vm: VmId) -> &mut Mark {
        &mut self.0[vm.row()]
    }

    /// A VM has come.
    pub(super) fn remember(&mut self, vm: VmId, arrived: &Arrived, ends: Time) {
        let ends = if arrived.stay_ms == FOR_GOOD_MS { Time::from_ms(u64::MAX) } else { ends };
        let Arrived { priority, boot_ms, number, .. } = *arrived;
        let mark = Mark { priority, ends, boot_ms, number, down_until: Time::ZERO };
        match self.0.get_mut(vm.row()) {
            Some(old) => *old = mark,
            None => self.0.push(mark),
        }
    }
}

impl Simulation {
    /// Takes a VM off its host before its time; what it asks for now, and where it was. Its end,
    /// if it has one, is still on the agenda.
    pub(super) fn take_off(&mut self, now: Time, id: VmId, comes: Comes) -> (Arrived, HostId) {
        let marks = self.marks.as_ref().expect("VMs that can lose their hosts have marks");
        let mark = *marks.of(id);
        self.give_up_copy(now, id);
        let stays_for_good = mark.ends == Time::from_ms(u64::MAX);
        let believed = self.state.history.end_of(id);
        let vm = if stays_for_good { self.state.end(id) } else { self.state.end_early(id) };
        let stay_ms = if stays_for_good { FOR_GOOD_MS } else { mark.ends.since_ms(now) };
        let arrived = Arrived {
            request: RequestId(vm.request),
            demand: vm.demand,
            at: now,
            ask: self.ask_where_it_goes(vm.demand, vm.ask),
            stay_ms,
            believed_ms: believed.map_or(stay_ms, |end| end.ms().saturating_sub(now.ms()).max(1)),
            boot_ms: mark.boot_ms,
            priority: mark.priority,
            comes,
            ticket: None,
            number: mark.number,
        };
        (arrived, vm.host)
    }
}
