//! The hosts' own image: what hosts begin with, and what is rolled out on them.

use super::{Amount, Distribution, HostTypeId, Level, PoolId, ZoneId};

id!(/** A row of [`HostRollouts::images`]. */ HostImageId, "hi", u16);

/// The hosts' images. Empty where nothing is rolled out on hosts and no pool says what its hosts run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRollouts {
    /// What the images are called: those of the pools, then those that are rolled out.
    pub images: Vec<String>,
    /// By pool: what its hosts begin with.
    pub first: Vec<HostImageId>,
    /// What is rolled out, in file order.
    pub list: Vec<HostRollout>,
}

/// A new image for some hosts, once or again and again: batch by batch they are emptied, get it and
/// come back. One that is due while another under way has hosts of its own still to do waits
/// for its end.
#[derive(Clone, Debug, PartialEq)]
pub struct HostRollout {
    /// What it is called; names its random streams.
    pub name: String,
    /// What the hosts are to run.
    pub image: HostImageId,
    /// The types of the hosts meant, ascending.
    pub types: Vec<HostTypeId>,
    /// The zones of the hosts meant, ascending; empty: all.
    pub zones: Vec<ZoneId>,
    /// When, ms.
    pub at_ms: u64,
    /// How long after the last one the next is due, ms; at least 1 min. Not used by one alone.
    pub every_ms: u64,
    /// How often, 1 or more.
    pub times: u32,
    /// So many hosts at once; a share is of the hosts meant, rounded up, 1 at least.
    pub batch: Amount,
    /// What fails together: a batch stays within one such place.
    pub within: Level,
    /// So many of the hosts meant may be out of service as a batch begins, those that are down
    /// among them; a share is rounded down, 1 at least. `None`: the batch alone counts.
    pub unavailable: Option<Amount>,
    /// How VMs leave a host.
    pub drain: Drain,
    /// What becomes of VMs that are evicted; instances of services are always started again.
    pub when_evicted: WhenEvicted,
    /// How long a VM that is to be evicted runs on, ms.
    pub grace_ms: u64,
    /// How long a batch may take to be empty, ms, and what is done then; `None`: for ever.
    pub timeout: Option<(u64, OnTimeout)>,
    /// How long an empty host takes to get its image and come back.
    pub rewrite: Distribution,
    /// From the end of a batch to the next, ms.
    pub soak_ms: u64,
    /// Whether VMs go to hosts that have the image first, so that they move about once.
    pub prefers_updated: bool,
}

/// How VMs leave a host that gets an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// By live migration: they run on.
    LiveMigration,
    /// They are ended, and started again elsewhere.
    Eviction,
}

/// What becomes of a VM that is evicted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenEvicted {
    /// It is started again, and waits for room if there is none.
    Restart,
    /// It is lost.
    End,
}

/// What is done when a batch takes too long to be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OnTimeout {
    /// It is only said.
    Wait,
    /// Hosts that are not empty are left out, and take VMs again.
    Skip,
    /// What has nowhere to go is evicted.
    Evict,
    /// Whatever is left is ended at once, whatever its group must keep.
    Force,
    /// The rollout ends.
    Stop,
}

impl OnTimeout {
    /// As in a scenario; one's position is its number.
    pub const NAMES: [&'static str; 5] = ["wait", "skip", "evict", "force", "stop"];

    /// In a few words: what was done.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Wait => "it goes on waiting",
            Self::Skip => "it keeps its image",
            Self::Evict => "what is left is evicted",
            Self::Force => "what is left is ended",
            Self::Stop => "the rollout stops",
        }
    }
}

impl HostRollouts {
    /// Whether hosts have images.
    pub fn are_used(&self) -> bool {
        !self.images.is_empty()
    }

    /// What the hosts of a pool begin with. Only where hosts have images.
    pub fn of_pool(&self, pool: PoolId) -> HostImageId {
        self.first[pool.row()]
    }
}

impl HostRollout {
    /// Whether a host is meant.
    pub fn means(&self, host_type: HostTypeId, zone: ZoneId) -> bool {
        let is_there = self.zones.is_empty() || self.zones.binary_search(&zone).is_ok();
        is_there && self.types.binary_search(&host_type).is_ok()
    }

    /// So many hosts in a batch, of so many meant.
    pub fn batch_of(&self, hosts: u32) -> u32 {
        let count = match self.batch {
            Amount::Count(count) => u64::from(count),
            Amount::Percent(percent) => (u64::from(hosts) * u64::from(percent)).div_ceil(100),
        };
        u32::try_from(count).unwrap_or(u32::MAX).max(1)
    }

    /// So many of so many hosts may be out of service, those that are down among them; `None`: no
    /// bound.
    pub fn unavailable_of(&self, hosts: u32) -> Option<u32> {
        let count = match self.unavailable? {
            Amount::Count(count) => u64::from(count),
            Amount::Percent(percent) => u64::from(hosts) * u64::from(percent) / 100,
        };
        Some(u32::try_from(count).unwrap_or(u32::MAX).max(1))
    }

    /// So many of so many hosts meant are in the next batch while so many of them are down; none
    /// if as many are down as may be out of service.
    pub fn size_of(&self, hosts: u32, down: u32) -> u32 {
        let limit = self.unavailable_of(hosts).unwrap_or(u32::MAX);
        self.batch_of(hosts).min(limit.saturating_sub(down))
    }
}

impl super::Scenario {
    /// Whether VMs can lose their hosts before their time: they are pushed out, or evicted, or
    /// hosts fail.
    pub(crate) fn loses_hosts(&self) -> bool {
        let is_rolled = !self.host_rollouts.list.is_empty();
        self.placement.preemption || self.failures.is_some() || is_rolled
    }
}
