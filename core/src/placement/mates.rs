//! Mates: what the placed members of a group say of a host for one more.
//!
//! A place is a host, a rack or a zone. Sources: server groups of OpenStack Nova (affinity: only
//! places that the group uses, any if it uses none); PodTopologySpread of Kubernetes v1.34.1
//! (`members + 1 − fewest ≤ max-skew`, where only places count that have a host in service of the
//! request's pool and labels, taints aside).

use crate::fact::Reason;
use crate::scenario::{HostTypeId, Level};
use crate::state::shapes::TypeVerdict;
use crate::state::{Ask, Group, HostId, Hosts, State};

/// A group's members, seen by one more.
#[derive(Clone, Copy)]
pub struct Mates<'s> {
    group: &'s Group,
    hosts: &'s Hosts,
    /// By level: how many are in the place that has fewest; 0 where no rule asks.
    fewest: [u32; Level::ALL.len()],
}

impl<'s> Mates<'s> {
    /// The members of an ask's group; `None` if it is in none.
    #[inline]
    pub fn new(state: &'s State, ask: Ask) -> Option<Self> {
        ask.group.map(|group| Self::of(state, ask, state.groups.get(group)))
    }

    #[inline(never)]
    fn of(state: &'s State, ask: Ask, group: &'s Group) -> Self {
        let mut mates = Self { group, hosts: &state.hosts, fewest: [0; 3] };
        if group.rule.is_spread() {
            let rule = &group.rule;
            let counts = Level::ALL.map(|level| {
                let is_asked =
                    rule.skew_max[level.row()] != u32::MAX || rule.soft_skew[level.row()].is_some();
                if is_asked { mates.count_fewest(state, ask, level) } else { 0 }
            });
            mates.fewest = counts;
        }
        mates
    }

    /// Members in the host's place.
    #[inline]
    pub fn there(&self, level: Level, host: HostId) -> u32 {
        match level {
            Level::Host => self.group.on_host(host),
            Level::Rack => self.group.in_rack(self.hosts.rack(host)),
            Level::Zone => self.group.in_zone(self.hosts.zone(host)),
        }
    }

    /// The group.
    pub fn group(&self) -> &'s Group {
        self.group
    }

    /// The first of the [`Self::objections`].
    #[inline(never)]
    pub fn allow(self, host: HostId) -> Result<(), Reason> {
        self.objections(host).next().map_or(Ok(()), Err)
    }

    /// Each rule that one more on the host would break.
    #[inline]
    pub fn objections(self, host: HostId) -> impl Iterator<Item = Reason> + use<'s> {
        const LIMITS: [Reason; 3] =
            [Reason::GroupPerHost, Reason::GroupPerRack, Reason::GroupPerZone];
        let rule = &self.group.rule;
        let most = [rule.per_host_max, rule.per_rack_max, rule.per_zone_max];
        let limits = Level::ALL.into_iter().filter(move |level| {
            most[level.row()] != u32::MAX && self.there(*level, host) >= most[level.row()]
        });
        let apart = rule.together.filter(move |level| {
            self.group.members() > 0 && self.there(*level, host) == 0 //
        });
        let skewed = Level::ALL.into_iter().filter(move |level| {
            let max = rule.skew_max[level.row()];
            max != u32::MAX
                && self.there(*level, host) >= self.fewest[level.row()].saturating_add(max)
        });
        let limits = limits.map(|level| LIMITS[level.row()]);
        limits.chain(apart.map(Reason::Affinity)).chain(skewed.map(Reason::Skew))
    }

    /// How welcome the host is: weights times members, summed; `levels` says which levels of
    /// affinity count.
    #[inline]
    pub fn wish(&self, levels: [bool; Level::ALL.len()], host: HostId) -> i64 {
        let rule = &self.group.rule;
        let of = |level: Level| {
            let (row, there) = (level.row(), i64::from(self.there(level, host)));
            let near = if levels[row] { rule.near[row] * there } else { 0 };
            let over = rule.soft_skew[row].map_or(0, |soft| {
                let fine = i64::from(self.fewest[row]) + i64::from(soft.max);
                soft.weight * (there + 1 - fine).max(0)
            });
            near - over
        };
        Level::ALL.into_iter().map(of).sum()
    }

    /// Members in the place, of those that could take the ask, that has fewest.
    fn count_fewest(&self, state: &State, ask: Ask, level: Level) -> u32 {
        let verdicts = state.shapes.verdicts(ask.shape);
        let counts = |host_type: HostTypeId| {
            matches!(verdicts[host_type.row()], TypeVerdict::Admitted | TypeVerdict::Tainted)
        };
        let racks = self.hosts.census().racks(counts);
        let fewest = match level {
            Level::Zone => {
                racks.map(|(rack, _)| self.group.in_zone(self.hosts.zone_of(rack))).min()
            }
            Level::Rack => racks.map(|(rack, _)| self.group.in_rack(rack)).min(),
            Level::Host => {
                let all: u32 = racks.map(|(_, hosts)| hosts).sum();
                let mut used = 0;
                let mut fewest = None;
                for (host, members) in self.group.hosts() {
                    if counts(self.hosts.host_type(host)) {
                        used += 1;
                        fewest = Some(fewest.map_or(members, |least: u32| least.min(members)));
                    }
                }
                // A host without a member has fewest.
                if all > used { Some(0) } else { fewest }
            }
        };
        fewest.unwrap_or(0)
    }
}
