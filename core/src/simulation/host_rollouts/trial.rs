//! Where the VMs of a batch could go, tried on the state itself, which is afterwards as it was.

use crate::defrag;
use crate::dice;
use crate::fact::WhyStuck;
use crate::placement::filters::{self, Filter};
use crate::placement::{Placer, Query};
use crate::resources::KINDS_MAX;
use crate::rollout::hosts::{Fleet, rank};
use crate::scenario::Scenario;
use crate::state::{Ask, Columns, HostId, Spot, State, VmId};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet};

/// VMs that are to be evicted: their requests, and when.
pub(in super::super) type Notices = BTreeMap<VmId, (u64, Time)>;

/// The fleet, with VMs moved on trial.
pub(in super::super) struct Trial<'s> {
    state: &'s mut State,
    scenario: &'s Scenario,
    placer: &'s Placer,
    /// By host: whether it has the image; `None`: that does not matter.
    updated: Option<&'s [bool]>,
    /// VMs that are to be evicted.
    notices: &'s Notices,
    /// VMs that end of themselves.
    ending: &'s BTreeSet<VmId>,
    now: Time,
    /// Those that were moved, and where they were.
    moved: Vec<(VmId, Place)>,
}

/// Where a VM was: on which host, how it lay there, and where it stood among that host's VMs.
type Place = (HostId, Spot, usize);

/// How much is free, in the order of the columns that VMs and hosts are measured by.
type Free = [i64; KINDS_MAX];

impl<'s> Trial<'s> {
    pub(in super::super) fn new(
        (state, scenario, placer): (&'s mut State, &'s Scenario, &'s Placer),
        (updated, notices, ending): (Option<&'s [bool]>, &'s Notices, &'s BTreeSet<VmId>),
        now: Time,
    ) -> Self {
        Self { state, scenario, placer, updated, notices, ending, now, moved: Vec::new() }
    }

    /// All are where they were, in the order in which they stood there.
    pub(in super::super) fn undo(self) {
        for (vm, (from, spot, row)) in self.moved.into_iter().rev() {
            self.state.lift(vm);
            self.state.put_back(vm, from, spot, row);
        }
    }

    /// Columns that VMs and hosts are measured by, as migrations have it.
    fn measured(&self, of: impl Fn(usize) -> i64) -> Free {
        let kinds = self.state.hosts.kinds();
        let mut columns = self.scenario.defrag.by.iter().copied().filter(|by| *by < kinds);
        std::array::from_fn(|_| columns.next().map_or(0, &of))
    }

    /// The best host that takes a VM which is nowhere now.
    fn target(&self, ask: Ask) -> Option<HostId> {
        if self.placer.has_filters() {
            // Only the policy knows its own filters.
            let query = Query { ask, now: self.now, stay_ms: u64::MAX };
            let mut dice = dice::stream(self.scenario.seed, "host-rollouts");
            return self.placer.decide(self.state, query, &mut dice).ok();
        }
        let filter = Filter::new(self.state, ask);
        let is_second = |host: HostId| {
            self.updated.is_some_and(|updated| !updated.get(host.row()).is_some_and(|is| *is))
        };
        let free =
            |columns: &Columns, row: usize| self.measured(|column| columns.free(row, column));
        let ranked = |host: HostId, free: Free| rank(is_second(host), free, host);
        let Some(classes) = self.state.classes().filter(|_| !filter.is_grouped()) else {
            let columns = self.state.hosts.columns();
            let fits = self.state.hosts.ids().filter(|host| filter.admits(*host));
            return fits.min_by_key(|host| ranked(*host, free(columns, host.row())));
        };
        if filter.quota().is_some() {
            return None;
        }
        let columns = classes.columns();
        let best = |row: usize| {
            // All members of a class have the same free: the first that has the image, or the first.
            let members = classes.members(row);
            let host = members.iter().find(|host| !is_second(*host)).or(members.first())?;
            Some(ranked(host, free(columns, row)))
        };
        let rows = (0..columns.rows()).filter(|row| !classes.members(*row).is_empty());
        let best = rows.filter(|row| filter.admits_row(columns, *row)).filter_map(best).min();
        best.map(|(_, _, host)| host)
    }
}

impl Fleet for Trial<'_> {
    type Host = HostId;
    type Vm = VmId;
    type Size = Free;
    type Reason = WhyStuck;

    fn vms(&self, host: HostId) -> Vec<(VmId, Free)> {
        let residents = self.state.residents.as_ref().expect("kept where hosts get images");
        let stays = |vm: &&VmId| {
            self.state.moves.target(**vm).is_none()
                && !self.notices.contains_key(*vm)
                && !self.ending.contains(*vm)
        };
        let size = |vm: &VmId| {
            let amounts = &self.state.shapes.get(self.state.vms.get(*vm).ask.shape).amounts;
            (*vm, self.measured(|column| amounts[column]))
        };
        residents.on(host).iter().filter(stays).map(size).collect()
    }

    fn rehouse(&mut self, from: HostId, vm: VmId) -> Result<HostId, WhyStuck> {
        let ask = self.state.vms.get(vm).ask;
        let Scenario { kinds, defrag, .. } = self.scenario;
        if !defrag::migration(self.state, kinds, ask, defrag).has_moved() {
            return Err(WhyStuck::Copy);
        }
        let residents = self.state.residents.as_ref().expect("kept where hosts get images");
        let row = residents.on(from).iter().position(|other| *other == vm);
        let row = row.expect("it is on its host");
        let spot = self.state.lift(vm);
        match self.target(ask) {
            Some(to) => {
                self.state.put(vm, to, Spot::default());
                self.moved.push((vm, (from, spot, row)));
                Ok(to)
            }
            None => {
                let reason = filters::reason(self.state, ask);
                self.state.put(vm, from, spot);
                Err(WhyStuck::NoRoom(reason))
            }
        }
    }
}
