//! Bounds: how many hosts no policy can do without.
//!
//! All hosts are taken to be alike. Where they are not, the largest of each resource gives a bound
//! that still holds.

/// Sizes in one resource, each with how many items have it.
pub type Sizes = Vec<(i64, u64)>;

/// Hosts by volume: all sizes ÷ the capacity of one host, rounded up (the bound L1). Capacity is
/// above 0.
pub fn l1(capacity: i64, sizes: &Sizes) -> u64 {
    hosts(
        sizes.iter().map(|(size, number)| i128::from(*size) * i128::from(*number)).sum(),
        capacity,
    )
}

/// Hosts by volume and by items that do not fit beside each other: the bound L2 of Martello and
/// Toth (1990). Never less than [`l1`]. Cost: that of sorting the sizes.
pub fn l2(capacity: i64, sizes: &Sizes) -> u64 {
    let mut sizes: Sizes = sizes.iter().copied().filter(|(size, _)| *size > 0).collect();
    sizes.sort_unstable();
    // How many items, and how much, before each row.
    let mut before: Vec<(u64, i128)> = vec![(0, 0)];
    for (size, number) in &sizes {
        let (items, volume) = *before.last().expect("it begins with nothing");
        before.push((items + number, volume + i128::from(*size) * i128::from(*number)));
    }
    let upto = |size: i64| before[sizes.partition_point(|(other, _)| *other <= size)];
    let (all, half) = (before[sizes.len()], capacity / 2);
    let halves = upto(half);
    let small = sizes.iter().map(|(size, _)| *size).take_while(|size| *size <= half);
    // Items of less than `least` are left out; what is over `capacity - least` is alone on its host;
    // those over half have a host each, with some room for small ones.
    let bound = |least: i64| {
        let shared = upto(capacity - least);
        let alone = all.0 - shared.0;
        let (over_half, over_half_volume) = (shared.0 - halves.0, shared.1 - halves.1);
        let room = i128::from(over_half) * i128::from(capacity) - over_half_volume;
        let small_volume = halves.1 - upto(least - 1).1;
        alone + over_half + hosts(small_volume - room, capacity)
    };
    std::iter::once(0).chain(small).map(bound).max().unwrap_or(0)
}

/// A volume in whole hosts, rounded up; nothing if there is none.
fn hosts(volume: i128, capacity: i64) -> u64 {
    let whole = volume.max(0) as u128;
    u64::try_from(whole.div_ceil(capacity.unsigned_abs().into())).unwrap_or(u64::MAX)
}

/// An item with its stay: it takes `sizes` from `from` until just before `until`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// How much, by resource.
    pub sizes: Vec<i64>,
    /// When it comes.
    pub from: u64,
    /// When it has gone.
    pub until: u64,
}

/// Bounds for items whose stays are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OverTime {
    /// The most hosts at any instant, by volume.
    pub peak_volume: u64,
    /// The same by [`l2`].
    pub peak_l2: u64,
    /// The most items at once of which no two fit on one host (found greedily, largest first, so
    /// there may be more).
    pub peak_clique: u64,
    /// Host × time: hosts by volume, summed over time.
    pub usage_time: u64,
}

/// Bounds with and without migration alike: each instant by itself. `capacity` is by resource,
/// each above 0. Cost: instants × items alive, and for the clique that squared.
pub fn over_time(capacity: &[i64], stays: &[Stay]) -> OverTime {
    let mut instants: Vec<u64> = stays.iter().flat_map(|stay| [stay.from, stay.until]).collect();
    instants.sort_unstable();
    instants.dedup();
    let mut found = OverTime::default();
    for (row, now) in instants.iter().enumerate() {
        let alive = stays.iter().filter(|stay| stay.from <= *now && *now < stay.until);
        let alive: Vec<&[i64]> = alive.map(|stay| stay.sizes.as_slice()).collect();
        let sizes = |column: usize| alive.iter().map(|sizes| (sizes[column], 1)).collect();
        let most = |bound: fn(i64, &Sizes) -> u64| {
            let bounds = capacity.iter().enumerate();
            bounds.map(|(column, of)| bound(*of, &sizes(column))).max().unwrap_or(0)
        };
        let volume = most(l1);
        found.peak_volume = found.peak_volume.max(volume);
        found.peak_l2 = found.peak_l2.max(most(l2));
        found.peak_clique = found.peak_clique.max(clique(capacity, &alive));
        let next = instants.get(row + 1).unwrap_or(now);
        found.usage_time += volume * (next - now);
    }
    found
}

fn clique(capacity: &[i64], items: &[&[i64]]) -> u64 {
    let share = |item: &[i64]| {
        let shares = item.iter().zip(capacity).map(|(size, of)| *size as f64 / *of as f64);
        shares.fold(0.0, f64::max)
    };
    let mut items = items.to_vec();
    items.sort_by(|a, b| share(b).total_cmp(&share(a)));
    let fit = |a: &[i64], b: &[i64]| a.iter().zip(b).zip(capacity).all(|((a, b), of)| a + b <= *of);
    let mut apart: Vec<&[i64]> = Vec::new();
    for item in items {
        if apart.iter().all(|other| !fit(item, other)) {
            apart.push(item);
        }
    }
    apart.len() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(capacity: i64, sizes: &[i64], expected: (u64, u64)) {
        let sizes: Sizes = sizes.iter().map(|size| (*size, 1)).collect();
        assert_eq!((l1(capacity, &sizes), l2(capacity, &sizes)), expected);
    }

    #[test]
    fn items_over_half_need_a_host_each() {
        check(10, &[6, 6, 6], (2, 3));
        check(10, &[6, 6, 6, 4, 4, 4], (3, 3));
        check(10, &[7, 7, 4, 4], (3, 3));
    }

    #[test]
    fn nothing_needs_no_host() {
        check(10, &[], (0, 0));
        check(10, &[0, 0], (0, 0));
    }

    #[test]
    fn equal_items_count_as_often_as_they_are() {
        let alike = (l2(10, &vec![(6, 3), (4, 1)]), l2(10, &vec![(4, 1), (6, 1), (6, 2)]));
        assert_eq!(alike, (3, 3));
    }
}
