//! Devices: the GPUs of each host, and who has how much of which.
//!
//! A host with g GPUs has g devices of 1,000 each. A VM that asks for less than one shares a
//! device: the one with least left that has enough, ties to the lowest, unless the policy names
//! another. A VM that asks for n whole ones gets n free devices, the lowest first. A scenario
//! that asks for no GPUs has no devices, and pays nothing for them.

use super::layouts::{LayoutId, Layouts};
use super::{HostId, VmId, push_snugly};
use crate::resources::{DEVICE_MILLI, DEVICES_MAX};

/// Some devices of one host: bit d stands for device d.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeviceSet(u64);

impl DeviceSet {
    /// One device.
    pub fn one(device: usize) -> Self {
        Self(1 << device)
    }

    /// The devices, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..DEVICES_MAX).filter(move |device| self.0 >> device & 1 == 1)
    }

    /// How many there are.
    pub fn count(self) -> usize {
        self.0.count_ones() as usize
    }
}

/// What an amount of GPUs takes: so many devices, so much of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Portion {
    /// How many devices; 0: the amount does not lie in devices.
    pub count: usize,
    /// How much of each, 1..=1,000.
    pub each: i64,
}

impl Portion {
    /// What so many milli-GPU take. More than one device and not whole ones (no scenario that was
    /// checked asks for it) is more than any host has.
    pub fn of(amount: i64) -> Self {
        match amount {
            ..=0 => Self::default(),
            1..DEVICE_MILLI => Self { count: 1, each: amount },
            _ if amount % DEVICE_MILLI != 0 => Self { count: usize::MAX, each: DEVICE_MILLI },
            _ => Self { count: (amount / DEVICE_MILLI) as usize, each: DEVICE_MILLI },
        }
    }

    /// Whether it is a part of one device.
    pub fn is_shared(self) -> bool {
        self.count == 1 && self.each < DEVICE_MILLI
    }

    /// How much more would have to be left of the devices that have most, of those with so much
    /// left, ascending; and of all devices that are not there.
    pub fn missing(self, parts: &[i64]) -> i64 {
        let most = parts.iter().rev().take(self.count);
        let short: i64 = most.map(|left| (self.each - left).max(0)).sum();
        let absent = i64::try_from(self.count.saturating_sub(parts.len())).unwrap_or(i64::MAX);
        short.saturating_add(absent.saturating_mul(self.each))
    }

    /// Whether devices with so much left, ascending, have room for it.
    #[inline]
    pub fn fits(self, parts: &[i64]) -> bool {
        let Some(first) = parts.len().checked_sub(self.count) else { return false };
        parts.get(first).is_none_or(|left| *left >= self.each)
    }
}

/// All devices.
#[derive(Clone, Debug)]
pub struct Devices {
    /// The column of GPUs; `None`: nobody asks for any.
    column: Option<usize>,
    /// By host: where its devices begin in `left`; its last entry is where they end.
    begin: Vec<u32>,
    /// What is left of each device, host by host.
    left: Vec<u16>,
    /// By VM row, of VMs with GPUs: their devices.
    of_vm: Vec<DeviceSet>,
}

impl Devices {
    pub(super) fn new(column: Option<usize>) -> Self {
        Self { column, begin: vec![0], left: Vec::new(), of_vm: Vec::new() }
    }

    /// The column of GPUs, if they lie in devices.
    #[inline]
    pub fn column(&self) -> Option<usize> {
        self.column
    }

    /// What is left of each device of a host.
    pub fn left(&self, host: HostId) -> &[u16] {
        match self.begin.get(host.row()..host.row() + 2) {
            Some(ends) => &self.left[ends[0] as usize..ends[1] as usize],
            None => &[],
        }
    }

    /// The devices of a VM that has GPUs.
    pub fn of(&self, vm: VmId) -> DeviceSet {
        self.of_vm.get(vm.row()).copied().unwrap_or_default()
    }

    /// The devices of a host that the usual rule gives for an amount, for which they have room.
    pub fn usual(&self, host: HostId, amount: i64) -> DeviceSet {
        let portion = Portion::of(amount);
        let fitting = self.left(host).iter().enumerate();
        let fitting = fitting.filter(|(_, left)| i64::from(**left) >= portion.each);
        if portion.each < DEVICE_MILLI {
            let least = fitting.min_by_key(|(_, left)| **left);
            return least.map_or(DeviceSet::default(), |(device, _)| DeviceSet::one(device));
        }
        let lowest = fitting.take(portion.count);
        lowest.fold(DeviceSet::default(), |set, (device, _)| DeviceSet(set.0 | 1 << device))
    }

    /// A host goes into service with so many milli-GPU; its layout.
    pub(super) fn add_host(&mut self, amount: i64, layouts: &mut Layouts) -> LayoutId {
        let count = usize::try_from(amount / DEVICE_MILLI).unwrap_or(0).min(DEVICES_MAX);
        (0..count).for_each(|_| push_snugly(&mut self.left, DEVICE_MILLI as u16));
        let end = u32::try_from(self.left.len()).expect("hosts and their devices are bounded");
        push_snugly(&mut self.begin, end);
        layouts.hold(&[DEVICE_MILLI; DEVICES_MAX][..count])
    }

    /// A VM takes an amount of these devices; the host's layout then.
    pub(super) fn take(
        &mut self,
        vm: VmId,
        host: HostId,
        (amount, set): (i64, DeviceSet),
        layouts: &mut Layouts,
    ) -> LayoutId {
        while self.of_vm.len() <= vm.row() {
            push_snugly(&mut self.of_vm, DeviceSet::default());
        }
        self.of_vm[vm.row()] = set;
        let portion = Portion::of(amount);
        assert!(set.count() == portion.count, "a VM gets as many devices as it asks for");
        self.change(host, set, -portion.each);
        self.layout(host, layouts)
    }

    /// From now on a VM's devices are these.
    pub(super) fn name(&mut self, vm: VmId, set: DeviceSet) {
        if let Some(named) = self.of_vm.get_mut(vm.row()) {
            *named = set;
        }
    }

    /// A VM gives an amount back; the host's layout then.
    pub(super) fn give(
        &mut self,
        vm: VmId,
        host: HostId,
        amount: i64,
        layouts: &mut Layouts,
    ) -> LayoutId {
        self.change(host, self.of(vm), Portion::of(amount).each);
        self.layout(host, layouts)
    }

    fn change(&mut self, host: HostId, set: DeviceSet, by: i64) {
        let begin = self.begin[host.row()] as usize;
        for device in set.iter() {
            let left = &mut self.left[begin + device];
            let now = i64::from(*left) + by;
            assert!((0..=DEVICE_MILLI).contains(&now), "a device has room for who takes it");
            *left = now as u16;
        }
    }

    fn layout(&self, host: HostId, layouts: &mut Layouts) -> LayoutId {
        let left = self.left(host);
        let mut parts = [0; DEVICES_MAX];
        let parts = &mut parts[..left.len()];
        for (part, left) in parts.iter_mut().zip(left) {
            *part = i64::from(*left);
        }
        parts.sort_unstable();
        layouts.hold(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `left` is what a host has left of each device; `expected`, which it gives for the amount.
    #[track_caller]
    fn check(left: &[u16], amount: i64, expected: &[usize]) {
        let mut devices = Devices::new(Some(0));
        devices.left = left.to_vec();
        devices.begin.push(left.len() as u32);
        let mut parts: Vec<i64> = left.iter().copied().map(i64::from).collect();
        parts.sort_unstable();
        let fits = Portion::of(amount).fits(&parts);
        assert_eq!(fits, !expected.is_empty(), "{left:?} for {amount}");
        assert_eq!(fits, Portion::of(amount).missing(&parts) == 0, "{left:?} for {amount}");
        if fits {
            let found: Vec<usize> = devices.usual(HostId::from_row(0), amount).iter().collect();
            assert_eq!(found, expected, "{left:?} for {amount}");
        }
    }

    #[test]
    fn what_is_missing_is_missing_on_the_emptiest_devices() {
        let missing = |parts: &[i64], amount| Portion::of(amount).missing(parts);
        assert_eq!(missing(&[100, 600, 900], 1_000), 100);
        assert_eq!(missing(&[100, 600, 900], 2_000), 500);
        assert_eq!(missing(&[100, 600, 900], 950), 50);
        assert_eq!(missing(&[1_000], 3_000), 2_000);
        assert_eq!(missing(&[], 250), 250);
        assert_eq!(missing(&[5], 0), 0);
    }

    #[test]
    fn a_share_goes_where_least_is_left_and_whole_ones_to_the_lowest() {
        check(&[1_000, 700, 300, 700], 301, &[1]);
        check(&[1_000, 700, 300, 700], 300, &[2]);
        check(&[1_000, 700, 300, 700], 701, &[0]);
        check(&[1_000, 700, 300, 700], 1_000, &[0]);
        check(&[300, 1_000, 0, 1_000, 1_000], 2_000, &[1, 3]);
        check(&[300, 1_000, 0, 1_000], 3_000, &[]);
        check(&[600, 600], 1_000, &[]);
        check(&[600, 600], 700, &[]);
        check(&[1_000, 1_000], 1_500, &[]);
        check(&[], 1, &[]);
        check(&[1_000; 64], 64_000, &(0..64).collect::<Vec<_>>());
    }
}
