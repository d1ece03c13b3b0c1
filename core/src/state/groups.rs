//! Groups: requests that are placed by one another, and where their members are.

use crate::scenario::{DemandId, GroupRule, RackId, ZoneId, id};
use crate::state::HostId;
use std::collections::BTreeMap;

id!(/** A row of [`Groups`], used again once the group has no member. */ GroupId, "g", u32);

/// What a group is called: its demand, and its number or name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKey {
    /// The n-th group of a demand.
    Number(DemandId, u64),
    /// A named group of a demand's trace.
    Named(DemandId, Box<str>),
}

/// A group with a member alive or waiting.
#[derive(Clone, Debug)]
pub struct Group {
    key: GroupKey,
    /// How many may share a place.
    pub rule: GroupRule,
    /// Members alive or waiting.
    holders: u32,
    /// Members alive.
    members: u32,
    on_host: BTreeMap<HostId, u32>,
    in_rack: BTreeMap<RackId, u32>,
    in_zone: BTreeMap<ZoneId, u32>,
}

impl Group {
    /// Members alive.
    pub fn members(&self) -> u32 {
        self.members
    }

    /// The hosts with a member, each with how many.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = (HostId, u32)> {
        self.on_host.iter().map(|(host, count)| (*host, *count))
    }

    /// Members on a host.
    pub fn on_host(&self, host: HostId) -> u32 {
        self.on_host.get(&host).copied().unwrap_or(0)
    }

    /// Members that run; one on the move counts on both hosts.
    pub fn placed(&self) -> u32 {
        self.in_zone.values().sum()
    }

    /// Members in a rack.
    pub fn in_rack(&self, rack: RackId) -> u32 {
        self.in_rack.get(&rack).copied().unwrap_or(0)
    }

    /// Members in a zone.
    pub fn in_zone(&self, zone: ZoneId) -> u32 {
        self.in_zone.get(&zone).copied().unwrap_or(0)
    }
}

/// All groups with a member alive or waiting.
#[derive(Clone, Debug, Default)]
pub struct Groups {
    rows: Vec<Option<Group>>,
    vacant: Vec<GroupId>,
    by_key: BTreeMap<GroupKey, GroupId>,
}

impl Groups {
    /// How many groups have a member.
    pub fn held(&self) -> usize {
        self.rows.len() - self.vacant.len()
    }

    /// A group that has a member.
    ///
    /// # Panics
    /// If it has none.
    pub fn get(&self, group: GroupId) -> &Group {
        self.rows[group.row()].as_ref().expect("the group has a member")
    }

    fn get_mut(&mut self, group: GroupId) -> &mut Group {
        self.rows[group.row()].as_mut().expect("the group has a member")
    }

    /// One more request of a group.
    pub(crate) fn hold(&mut self, key: GroupKey, rule: GroupRule) -> GroupId {
        if let Some(known) = self.by_key.get(&key).copied() {
            self.get_mut(known).holders += 1;
            return known;
        }
        let group = Group {
            key: key.clone(),
            rule,
            holders: 1,
            members: 0,
            on_host: BTreeMap::new(),
            in_rack: BTreeMap::new(),
            in_zone: BTreeMap::new(),
        };
        let id = match self.vacant.pop() {
            Some(id) => {
                self.rows[id.row()] = Some(group);
                id
            }
            None => {
                self.rows.push(Some(group));
                GroupId::from_row(self.rows.len() - 1)
            }
        };
        self.by_key.insert(key, id);
        id
    }

    /// One more request of a group that has a member.
    pub(crate) fn hold_again(&mut self, id: GroupId) {
        self.get_mut(id).holders += 1;
    }

    /// One request of a group less; the last one takes the group along.
    pub(crate) fn release(&mut self, id: GroupId) {
        let group = self.get_mut(id);
        group.holders -= 1;
        if group.holders == 0 {
            let group = self.rows[id.row()].take().expect("the group was there");
            self.by_key.remove(&group.key);
            self.vacant.push(id);
        }
    }

    /// A member was placed.
    pub(crate) fn enter(&mut self, id: GroupId, host: HostId, rack: RackId, zone: ZoneId) {
        let group = self.get_mut(id);
        group.members += 1;
        *group.on_host.entry(host).or_default() += 1;
        *group.in_rack.entry(rack).or_default() += 1;
        *group.in_zone.entry(zone).or_default() += 1;
    }

    /// A member left.
    pub(crate) fn leave(&mut self, id: GroupId, host: HostId, rack: RackId, zone: ZoneId) {
        fn less<K: Ord>(counts: &mut BTreeMap<K, u32>, key: K) {
            if let Some(count) = counts.get_mut(&key) {
                *count -= 1;
                if *count == 0 {
                    counts.remove(&key);
                }
            }
        }
        let group = self.get_mut(id);
        group.members -= 1;
        less(&mut group.on_host, host);
        less(&mut group.in_rack, rack);
        less(&mut group.in_zone, zone);
    }
}
