//! GPUs device by device, and fragmentation gradient descent, judged by a plain second account.

mod common;

use common::{add_hosts, bare, padded};
use fleetcast_core::dice::{self, Stream};
use fleetcast_core::fact::Reason;
use fleetcast_core::placement::Placer;
use fleetcast_core::resources::{Builtin, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{Ask, HostId, Search, State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::RngExt;

/// What a host has left: CPU, and each GPU.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    cpu: i64,
    gpus: Vec<i64>,
}

/// CPU and GPUs of a request.
type Size = (i64, i64);

impl Plain {
    fn fits(&self, (cpu, gpu): Size) -> bool {
        let full = self.gpus.iter().filter(|left| **left == 1_000).count() as i64;
        let is_whole = gpu % 1_000 == 0;
        let has_gpus = if is_whole { gpu / 1_000 <= full } else { self.shares(gpu).count() > 0 };
        cpu <= self.cpu && has_gpus
    }

    /// The devices with enough left for a part of one.
    fn shares(&self, gpu: i64) -> impl Iterator<Item = usize> {
        (0..self.gpus.len()).filter(move |device| self.gpus[*device] >= gpu)
    }

    /// The devices that the request takes by the usual rule.
    fn usual(&self, gpu: i64) -> Vec<usize> {
        if gpu % 1_000 != 0 {
            let least = self.shares(gpu).min_by_key(|device| self.gpus[*device]);
            return vec![least.expect("it fits")];
        }
        let full = (0..self.gpus.len()).filter(|device| self.gpus[*device] == 1_000);
        full.take((gpu / 1_000) as usize).collect()
    }

    fn change(&mut self, (cpu, gpu): Size, devices: &[usize], sign: i64) {
        self.cpu += sign * cpu;
        for device in devices {
            self.gpus[*device] += sign * gpu.min(1_000);
        }
    }

    /// F, as the paper writes it.
    fn fragment(&self, typical: &[Typical]) -> f64 {
        let idle: i64 = self.gpus.iter().sum();
        let of = |typical: &Typical| {
            let cannot = typical.gpu == 0 || !self.fits_typical(typical);
            let crumbs = self.gpus.iter().filter(|left| **left < typical.gpu.min(1_000));
            if cannot { idle } else { crumbs.sum() }
        };
        typical.iter().fold(0.0, |sum, typical| sum + typical.share * of(typical) as f64)
    }

    fn fits_typical(&self, typical: &Typical) -> bool {
        let each = typical.gpu.min(1_000);
        let count = (typical.gpu + 999) / 1_000;
        self.shares(each).count() as i64 >= count && self.cpu >= typical.cpu
    }

    /// The score, and the devices that give it.
    fn gradient(&self, (cpu, gpu): Size, typical: &[Typical]) -> (i64, Vec<usize>) {
        let choices = match gpu % 1_000 {
            0 => vec![self.usual(gpu)],
            _ => self.shares(gpu).map(|device| vec![device]).collect(),
        };
        let mut best: Option<(i64, Vec<usize>)> = None;
        for devices in choices {
            let mut after = self.clone();
            after.change((cpu, gpu), &devices, -1);
            let fall = self.fragment(typical) - after.fragment(typical);
            let score = (100.0 * (1.0 / (1.0 + libm::exp(-(fall / 1000.0))))) as i64;
            if best.as_ref().is_none_or(|(most, _)| score > *most) {
                best = Some((score, devices));
            }
        }
        best.expect("it fits")
    }
}

fn scenario(dice: &mut Stream) -> (Scenario, Vec<Plain>) {
    let kinds = [Builtin::Cpu, Builtin::Gpu];
    let kinds = kinds.map(|kind| (kind.name().to_owned(), kind.unit().to_owned()));
    let mut scenario = bare(&[]);
    scenario.kinds = Kinds::new(kinds.into());
    let mut hosts = Vec::new();
    for _ in 0..dice.random_range(1..=3) {
        let (cpu, gpus) = (dice.random_range(8..=60i64), dice.random_range(0..=6usize));
        let count = dice.random_range(1..=6);
        add_hosts(&mut scenario, &[cpu, 1_000 * gpus as i64], count);
        hosts.extend(vec![Plain { cpu, gpus: vec![1_000; gpus] }; count]);
    }
    (scenario, hosts)
}

const SIZES: [Size; 9] =
    [(1, 0), (2, 100), (1, 250), (4, 250), (2, 470), (3, 500), (4, 810), (6, 1_000), (9, 2_000)];

/// Arrivals and departures at random, and each of them twice.
fn live(case: u64) -> [usize; 2] {
    let dice = &mut dice::stream(case, "devices");
    let (mut scenario, mut plain) = scenario(dice);
    let typical: Vec<Typical> = SIZES[..dice.random_range(1..=SIZES.len())]
        .iter()
        .map(|(cpu, gpu)| {
            let share = dice.random::<f64>();
            Typical { cpu: *cpu, gpu: *gpu, share, pool: None, labels: Vec::new() }
        })
        .collect();
    let is_gradient = case.is_multiple_of(2);
    if is_gradient {
        let typical = typical.clone();
        let rule = FgdRule { gpu: Some(1), cpu: Some(0), typical, ties: Ties::LowestIndex };
        scenario.placement.policy = Policy::Fgd(rule);
    }
    let mut state = State::new(&scenario);
    state.search(if case % 4 < 2 { Search::Hosts } else { Search::Classes });
    for spec in &scenario.hosts {
        state.add_host(spec.host_type, spec.rack, 0);
    }
    let placer = Placer::new(&scenario);
    let mut alive: Vec<(VmId, Size, Vec<usize>)> = Vec::new();
    let mut counts = [0, 0];
    for _ in 0..160 {
        if !alive.is_empty() && dice.random_range(0..5u8) < 2 {
            let (id, size, devices) = alive.swap_remove(dice.random_range(0..alive.len()));
            let vm = state.end(id);
            state.forget(vm.ask);
            plain[vm.host.row()].change(size, &devices, 1);
        } else {
            let size = SIZES[dice.random_range(0..SIZES.len())];
            let ask = state.ask(&padded(&[size.0, size.1]), None, &[]);
            let told = decide(&plain, size, is_gradient.then_some(&typical[..]));
            let found = placer.decide(&state, ask, dice);
            assert_eq!(found.ok().map(HostId::row), told.as_ref().map(|(host, _)| *host));
            match told {
                Some((host, devices)) => {
                    let id = start(&mut state, &placer, ask, HostId::from_row(host));
                    let ours: Vec<usize> = state.devices.of(id).iter().collect();
                    assert!(size.1 == 0 || ours == devices, "{ours:?} {devices:?}");
                    plain[host].change(size, &devices, -1);
                    alive.push((id, size, devices));
                    counts[0] += 1;
                }
                None => {
                    let has_gpus = |host: &Plain| host.gpus.iter().sum::<i64>() >= size.1;
                    let is_enough = |host: &Plain| host.cpu >= size.0 && has_gpus(host);
                    let is_in_pieces = plain.iter().any(is_enough);
                    assert_eq!(found == Err(Reason::Devices), is_in_pieces, "{found:?}");
                    counts[1] += usize::from(is_in_pieces);
                    state.forget(ask);
                }
            }
        }
        for (host, plain) in state.hosts.ids().zip(&plain) {
            let left: Vec<i64> = state.devices.left(host).iter().copied().map(i64::from).collect();
            assert_eq!(&Plain { cpu: state.hosts.free(host, 0), gpus: left.clone() }, plain);
            assert_eq!(state.hosts.free(host, 1), left.iter().sum::<i64>());
            let mut ascending = left;
            ascending.sort_unstable();
            assert_eq!(**state.layouts.parts(state.hosts.layout(host)), ascending);
        }
    }
    for (id, ..) in alive {
        let vm = state.end(id);
        state.forget(vm.ask);
    }
    let kinds_of_host: std::collections::BTreeSet<usize> =
        plain.iter().map(|host| host.gpus.len()).chain([0]).collect();
    assert_eq!(state.layouts.held(), kinds_of_host.len(), "empty hosts and the plain layout");
    counts
}

/// The host and the devices, by looking at all of them.
fn decide(plain: &[Plain], size: Size, typical: Option<&[Typical]>) -> Option<(usize, Vec<usize>)> {
    let mut fitting = (0..plain.len()).filter(|host| plain[*host].fits(size));
    let Some(typical) = typical else {
        return fitting.next().map(|host| (host, plain[host].usual(size.1)));
    };
    let scored = fitting.map(|host| (plain[host].gradient(size, typical), host));
    let best = scored.min_by_key(|((score, _), host)| (-score, *host));
    best.map(|((_, devices), host)| (host, devices))
}

fn start(state: &mut State, placer: &Placer, ask: Ask, host: HostId) -> VmId {
    let demand = DemandId::from_row(0);
    let vm = Vm { request: 0, placed: Time::ZERO, host, ask, demand };
    let devices = placer.device(state, ask, host);
    state.start_on(vm, Time::from_ms(u64::MAX), devices)
}

#[test]
fn two_thousand_random_fleets_agree_with_a_plain_account() {
    let mut sums = [0, 0];
    for case in 0..2_000 {
        let counts = live(case);
        sums = [sums[0] + counts[0], sums[1] + counts[1]];
    }
    println!("{} placed, {} refused with GPUs in pieces", sums[0], sums[1]);
    assert!(sums[0] > 50_000 && sums[1] > 1_000, "both come often: {sums:?}");
}
