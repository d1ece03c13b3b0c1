//! Pulls: what hosts fetch, and when they have it. Each host fetches one thing after another; hosts
//! that fetch from one registry at a time share what it sends evenly, as long as none gets more
//! than it takes. Hosts that pass it on to one another share what the seed and all of them send.
//!
//! All hosts get the same at any instant, so one number, what each host that was there all the time
//! would have got, says for all when they are done: processor sharing by virtual time. Amounts are
//! thousandths of a byte, since a byte a second is one of these a ms.

use crate::scenario::{ImageDistribution, ImageSource};
use crate::time::Time;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// One MiB, in thousandths of a byte.
pub const MIB: u128 = 1_000 << 20;

/// What hosts fetch. `H` names a host, `J` what it fetches.
#[derive(Clone, Debug)]
pub struct Pulls<H, J> {
    rule: ImageDistribution,
    /// By host: what it fetches, in order, each with how much it is. The first is under way, or its host
    /// stands in line.
    hosts: BTreeMap<H, VecDeque<(u128, J)>>,
    /// Hosts under way, by where each will be done.
    under_way: BTreeSet<(u128, u64, H)>,
    /// Hosts in line.
    line: VecDeque<H>,
    /// What a host has got that was there since the registry began to send.
    each: u128,
    /// When that was so.
    at: Time,
    begun: u64,
}

impl<H: Copy + Ord, J> Pulls<H, J> {
    /// Nothing yet.
    pub fn new(rule: ImageDistribution) -> Self {
        Self {
            rule,
            hosts: BTreeMap::new(),
            under_way: BTreeSet::new(),
            line: VecDeque::new(),
            each: 0,
            at: Time::ZERO,
            begun: 0,
        }
    }

    /// What a host fetches now and next.
    pub fn of(&self, host: H) -> impl Iterator<Item = &J> {
        self.hosts.get(&host).into_iter().flatten().map(|(_, job)| job)
    }

    /// The same, to be added to.
    pub fn of_mut(&mut self, host: H) -> impl DoubleEndedIterator<Item = &mut J> {
        self.hosts.get_mut(&host).into_iter().flatten().map(|(_, job)| job)
    }

    /// How fast each host fetches, in thousandths of a byte a ms.
    fn rate(&self) -> u128 {
        let host = u128::from(self.rule.host_rate);
        match self.rule.source {
            ImageSource::Registry { rate, .. } if !self.under_way.is_empty() => {
                host.min((u128::from(rate) / self.under_way.len() as u128).max(1))
            }
            // Nobody has more than the seed has sent.
            ImageSource::Peers { seed_rate, upload_rate, .. } if !self.under_way.is_empty() => {
                let (seed, upload) = (u128::from(seed_rate), u128::from(upload_rate));
                let share = (seed / self.under_way.len() as u128).saturating_add(upload);
                host.min(seed).min(share.max(1))
            }
            _ => host,
        }
    }

    /// Time goes on.
    fn go_on(&mut self, now: Time) {
        self.each += self.rate() * u128::from(now.since_ms(self.at));
        self.at = now;
    }

    /// A host is to fetch so much, in thousandths of a byte, once it has what it is to fetch
    /// before that.
    pub fn fetch(&mut self, now: Time, host: H, amount: u128, job: J) {
        let jobs = self.hosts.entry(host).or_default();
        jobs.push_back((amount, job));
        if jobs.len() == 1 {
            self.go_on(now);
            self.join(host);
        }
    }

    /// A host begins with its first, or stands in line.
    fn join(&mut self, host: H) {
        let is_full = match self.rule.source {
            ImageSource::Registry { hosts_max, .. } => self.under_way.len() >= hosts_max as usize,
            _ => false,
        };
        if is_full {
            self.line.push_back(host);
            return;
        }
        let mut amount = self.hosts[&host][0].0;
        if let ImageSource::Peers { setup_ms, .. } = self.rule.source {
            // All have the same rate at all times: time is as good an amount as bytes.
            amount += u128::from(setup_ms) * self.rate();
        }
        self.under_way.insert((self.each + amount, self.begun, host));
        self.begun += 1;
    }

    /// A host fetches nothing any more; whether it did. Another in line has its place.
    pub fn stop(&mut self, now: Time, host: H) -> bool {
        if self.hosts.remove(&host).is_none() {
            return false;
        }
        self.go_on(now);
        self.under_way.retain(|(.., other)| *other != host);
        self.line.retain(|other| *other != host);
        self.fill();
        true
    }

    /// When the next host is done, if nothing changes before.
    pub fn next_due(&self) -> Option<Time> {
        let (target, ..) = self.under_way.first()?;
        let ms = (target.saturating_sub(self.each)).div_ceil(self.rate());
        Some(self.at.after(u64::try_from(ms).unwrap_or(u64::MAX)))
    }

    /// The hosts that are done by now, each with what it fetched. They begin with their next.
    pub fn done(&mut self, now: Time) -> Vec<(H, J)> {
        self.go_on(now);
        let mut done = Vec::new();
        while let Some((_, _, host)) = self.under_way.first().filter(|(at, ..)| *at <= self.each) {
            let host = *host;
            self.under_way.pop_first();
            let jobs = self.hosts.get_mut(&host).expect("a host that fetches has something to");
            let (_, job) = jobs.pop_front().expect("it has something to fetch");
            let has_more = !jobs.is_empty();
            if !has_more {
                self.hosts.remove(&host);
            }
            done.push((host, job));
            if has_more {
                self.line.push_back(host);
            }
        }
        self.fill();
        done
    }

    /// Hosts in line begin, as far as they may.
    fn fill(&mut self) {
        let free = match self.rule.source {
            ImageSource::Registry { hosts_max, .. } => {
                (hosts_max as usize).saturating_sub(self.under_way.len())
            }
            _ => usize::MAX,
        };
        for host in self.line.drain(..free.min(self.line.len())).collect::<Vec<_>>() {
            self.join(host);
        }
        if self.under_way.is_empty() {
            self.each = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REGISTRY: ImageDistribution = ImageDistribution {
        source: ImageSource::Registry { rate: 1_250 << 20, hosts_max: u32::MAX },
        host_rate: 125 << 20,
        cache_mib: u64::MAX,
        needed_ppm: 1_000_000,
    };

    const PEERS: ImageSource = ImageSource::Peers {
        setup_ms: 0,
        seed_rate: u64::MAX,
        upload_rate: u64::MAX,
        spread_milli: 1_000,
    };

    /// When each of some fetches `(at s, host, MiB)` is done, s.
    fn ends(rule: ImageDistribution, fetches: &[(u64, u32, u64)]) -> Vec<(u32, f64)> {
        let mut pulls = Pulls::new(rule);
        let mut ends = Vec::new();
        let mut coming = fetches.iter().peekable();
        loop {
            let next = coming.peek().map(|(at, ..)| Time::from_ms(at * 1_000));
            match (pulls.next_due(), next) {
                (None, None) => return ends,
                (Some(due), next) if next.is_none_or(|next| due <= next) => {
                    let done = pulls.done(due);
                    ends.extend(done.iter().map(|(host, ())| (*host, due.ms() as f64 / 1e3)));
                }
                (_, next) => {
                    let (_, host, mib) = coming.next().unwrap();
                    pulls.fetch(next.unwrap(), *host, u128::from(*mib) * MIB, ());
                }
            }
        }
    }

    fn all_at_once(rule: ImageDistribution, hosts: u32, mib: u64) -> f64 {
        let fetches: Vec<_> = (0..hosts).map(|host| (0, host, mib)).collect();
        ends(rule, &fetches).into_iter().map(|(_, end)| end).fold(0.0, f64::max)
    }

    /// The cases of `image_distribution`, MiB for MB.
    #[test]
    fn all_at_once_is_the_formula() {
        assert_eq!(all_at_once(REGISTRY, 100, 2_000), 160.0);
        assert_eq!(all_at_once(REGISTRY, 5, 2_000), 16.0);
        assert_eq!(all_at_once(REGISTRY, 100, 400), 32.0);
        let source = ImageSource::Registry { rate: 1_250 << 20, hosts_max: 10 };
        assert_eq!(all_at_once(ImageDistribution { source, ..REGISTRY }, 100, 2_000), 160.0);
        let peers = ImageDistribution { source: PEERS, host_rate: 300 << 20, ..REGISTRY };
        assert_eq!(all_at_once(peers, 2_600, 3_000), 10.0);
        let ImageSource::Peers { seed_rate, upload_rate, spread_milli, .. } = PEERS else { return };
        let source = ImageSource::Peers { setup_ms: 2_500, seed_rate, upload_rate, spread_milli };
        assert_eq!(all_at_once(ImageDistribution { source, ..peers }, 2_600, 3_000), 12.5);
    }

    /// The bound of any scheme: max(S ÷ seed, S ÷ host, H S ÷ (seed + H upload)).
    #[test]
    fn peers_are_as_fast_as_the_seed_and_all_of_them_allow() {
        let peers = |seed: u64, upload: u64, host: u64, hosts: u32| {
            let source = ImageSource::Peers {
                setup_ms: 0,
                seed_rate: seed << 20,
                upload_rate: upload << 20,
                spread_milli: 1_000,
            };
            let rule = ImageDistribution { source, host_rate: host << 20, ..REGISTRY };
            all_at_once(rule, hosts, 2_000)
        };
        assert_eq!(peers(1_250, 125, 125, 100), 16.0);
        assert_eq!(peers(100, 125, 125, 100), 20.0);
        // 100 × 2,000 ÷ (1,000 + 100 × 10).
        assert_eq!(peers(1_000, 10, 125, 100), 100.0);
        // 10 × 2,000 ÷ (1,000 + 10 × 10), to the next ms.
        assert_eq!(peers(1_000, 10, 125, 10), 18.182);
    }

    #[test]
    fn who_stops_leaves_its_share_and_its_place_to_others() {
        let source = ImageSource::Registry { rate: 10 << 20, hosts_max: 2 };
        let rule = ImageDistribution { source, host_rate: 10 << 20, ..REGISTRY };
        let mut pulls = Pulls::new(rule);
        for host in 0..3 {
            pulls.fetch(Time::ZERO, host, 100 * MIB, ());
        }
        // 25 each by then; the second has 75 left, and shares with the third from now on.
        assert!(pulls.stop(Time::from_ms(5_000), 0) && !pulls.stop(Time::from_ms(5_000), 0));
        assert_eq!(pulls.next_due(), Some(Time::from_ms(20_000)));
        assert_eq!(pulls.done(Time::from_ms(20_000)), [(1, ())]);
        assert_eq!(pulls.next_due(), Some(Time::from_ms(22_500)));
    }

    #[test]
    fn who_comes_later_shares_what_is_left() {
        // 10 a second in all, 10 a host: the first has 50 after 5 s, both go on with 5 a second.
        let rule = ImageDistribution {
            source: ImageSource::Registry { rate: 10 << 20, hosts_max: u32::MAX },
            host_rate: 10 << 20,
            ..REGISTRY
        };
        assert_eq!(ends(rule, &[(0, 0, 100), (5, 1, 100)]), [(0, 15.0), (1, 20.0)]);
        // The same host: one after the other.
        assert_eq!(ends(rule, &[(0, 0, 100), (5, 0, 100)]), [(0, 10.0), (0, 20.0)]);
    }
}
