//! Closed forms judge the engine: queues and loss systems whose answers are known exactly. Seeds
//! are fixed; each tolerance is a few standard errors of what is estimated, and says which.

mod common;

use common::{add_flavor, add_hosts, bare, demand, rate};
use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Summary};
use fleetcast_core::resources::AMOUNT_MAX;
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::{DAY_MS, HOUR_MS, Time};
use std::sync::Arc;

/// One host of so many slots; requests of one slot, at a rate, for so long.
fn slots(count: i64, per_ms: f64, lifetime: Distribution, when_full: WhenFull) -> Scenario {
    let mut scenario = bare(&["slots"]);
    add_hosts(&mut scenario, &[count], 1);
    add_flavor(&mut scenario, &[1]);
    let mut demand = demand(&scenario, "vms", rate(per_ms), lifetime);
    demand.when_full = when_full;
    scenario.demands.push(demand);
    scenario
}

fn run<O: Observer>(scenario: Scenario, mut observer: O) -> O {
    let mut simulation = Simulation::new(Arc::new(scenario), &NoFiles).expect("no file is named");
    simulation.advance(simulation.end(), &mut observer).expect("no trace is read");
    observer
}

/// Lifetimes of mean 10 s, of every shape.
fn lifetimes() -> Vec<Distribution> {
    let exponential = |mean_ms| Distribution::Exponential { mean_ms };
    let sigma: f64 = 1.0;
    vec![
        Distribution::Constant(10_000),
        exponential(10_000.0),
        Distribution::Lognormal { mu: libm::log(10_000.0) - sigma * sigma / 2.0, sigma },
        Distribution::Weibull { shape: 2.0, scale_ms: 10_000.0 / libm::tgamma(1.5) },
        Distribution::Mixture(vec![(3.0, exponential(4_000.0)), (1.0, exponential(28_000.0))]),
        Distribution::Sample(vec![1_000, 4_000, 25_000]),
    ]
}

/// The number alive, at equal distances after a while.
struct Sampler {
    next_ms: u64,
    every_ms: u64,
    alive: usize,
    samples: Vec<usize>,
}

impl Sampler {
    fn new(from_ms: u64, every_ms: u64) -> Self {
        Self { next_ms: from_ms, every_ms, alive: 0, samples: Vec::new() }
    }
}

impl Observer for Sampler {
    fn hear(&mut self, now: Time, _: &Fact<'_>, state: &State) {
        while self.next_ms < now.ms() {
            self.samples.push(self.alive);
            self.next_ms += self.every_ms;
        }
        self.alive = state.vms.alive();
    }
}

fn moments(samples: &[usize]) -> (f64, f64) {
    let n = samples.len() as f64;
    let mean = samples.iter().sum::<usize>() as f64 / n;
    let squares = samples.iter().map(|x| (*x as f64 - mean) * (*x as f64 - mean));
    (mean, squares.sum::<f64>() / (n - 1.0))
}

#[test]
fn vms_alive_are_rate_times_mean_lifetime() {
    // 2 a second for 10 s each: 20 alive. Over T the time average has a variance of at most
    // 2 λ ∫ t P(L > t) dt ÷ T = λ E[L²] ÷ T.
    for lifetime in lifetimes() {
        let (per_ms, warm_ms, end_ms) = (0.002, 500_000, 10_500_000u64);
        let mut scenario = slots(AMOUNT_MAX, per_ms, lifetime.clone(), WhenFull::Refuse);
        scenario.duration_ms = end_ms;
        let mut summary = Summary::new(&scenario);
        let mut simulation =
            Simulation::new(Arc::new(scenario), &NoFiles).expect("no file is named");
        let mut area_to = |until: u64| {
            simulation.advance(Time::from_ms(until), &mut summary).expect("no trace is read");
            summary.alive.area(Time::from_ms(until)) as f64
        };
        let mean = (-area_to(warm_ms) + area_to(end_ms)) / (end_ms - warm_ms) as f64;
        assert_eq!(summary.total.refused, 0);
        let square = second_moment(&lifetime);
        let error = libm::sqrt(per_ms * square / (end_ms - warm_ms) as f64);
        assert!((mean - 20.0).abs() < 4.0 * error, "{lifetime:?}: {mean}, error {error}");
    }
}

/// E[L²], ms².
fn second_moment(lifetime: &Distribution) -> f64 {
    match lifetime {
        Distribution::Constant(ms) => (*ms as f64) * (*ms as f64),
        Distribution::Exponential { mean_ms } => 2.0 * mean_ms * mean_ms,
        Distribution::Lognormal { mu, sigma } => libm::exp(2.0 * mu + 2.0 * sigma * sigma),
        Distribution::Weibull { shape, scale_ms } => {
            scale_ms * scale_ms * libm::tgamma(1.0 + 2.0 / shape)
        }
        Distribution::Mixture(parts) => {
            let weights: f64 = parts.iter().map(|part| part.0).sum();
            parts.iter().map(|(weight, part)| weight * second_moment(part)).sum::<f64>() / weights
        }
        Distribution::Sample(values) => {
            let squares = values.iter().map(|ms| (*ms as f64) * (*ms as f64));
            squares.sum::<f64>() / values.len() as f64
        }
    }
}

#[test]
fn vms_alive_at_an_instant_are_poisson_whatever_their_lifetime() {
    // M/G/∞: the number alive is Poisson(λ E[L]). Samples 10 mean lifetimes apart are all but
    // independent, and exactly so for the constant.
    for lifetime in lifetimes() {
        let n = 6_000;
        let mut scenario = slots(AMOUNT_MAX, 0.000_5, lifetime.clone(), WhenFull::Refuse);
        scenario.duration_ms = 500_000 + n * 100_000;
        let samples = run(scenario, Sampler::new(500_000, 100_000)).samples;
        let (mean, variance) = moments(&samples);
        let n = samples.len() as f64;
        assert!((mean - 5.0).abs() < 4.0 * libm::sqrt(5.0 / n), "{lifetime:?}: mean {mean}");
        // Var(s²) ≈ (μ4 − σ⁴) ÷ n, with μ4 = m + 3m² for a Poisson number of mean m.
        let error = libm::sqrt((5.0 + 2.0 * 25.0) / n);
        assert!((variance - 5.0).abs() < 4.0 * error, "{lifetime:?}: variance {variance}");
        let chi_square = chi_square_of_poisson(&samples, 5.0);
        // Cells 0 to 12 and the rest: 13 degrees of freedom, 0.999 quantile 34.5.
        assert!(chi_square < 34.5, "{lifetime:?}: chi-square {chi_square}");
    }
}

fn chi_square_of_poisson(samples: &[usize], mean: f64) -> f64 {
    let mut probability = libm::exp(-mean);
    let (mut left, mut sum) = (1.0, 0.0);
    let n = samples.len() as f64;
    let cell = |found: usize, probability: f64| {
        let gap = found as f64 - n * probability;
        gap * gap / (n * probability)
    };
    for k in 0..=12usize {
        sum += cell(samples.iter().filter(|x| **x == k).count(), probability);
        left -= probability;
        probability *= mean / (k + 1) as f64;
    }
    sum + cell(samples.iter().filter(|x| **x > 12).count(), left)
}

/// Arrivals in equal stretches of time.
struct Counter {
    length_ms: u64,
    counts: Vec<usize>,
}

impl Observer for Counter {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if matches!(fact, Fact::Requested { .. }) {
            self.counts[(now.ms() / self.length_ms) as usize] += 1;
        }
    }
}

fn counts(arrivals: Arrivals, length_ms: u64, stretches: u64) -> Vec<usize> {
    let mut scenario = slots(AMOUNT_MAX, 1.0, Distribution::Constant(1), WhenFull::Refuse);
    scenario.demands[0].arrivals = arrivals;
    scenario.duration_ms = length_ms * stretches;
    let counts = vec![0; stretches as usize + 1];
    run(scenario, Counter { length_ms, counts }).counts
}

#[test]
fn poisson_counts_have_their_mean_as_variance() {
    let n = 4_000;
    let mut counts = counts(rate(0.02), 1_000, n);
    counts.truncate(n as usize);
    let (mean, variance) = moments(&counts);
    let error = libm::sqrt((20.0 + 2.0 * 400.0) / n as f64);
    assert!((mean - 20.0).abs() < 4.0 * libm::sqrt(20.0 / n as f64), "mean {mean}");
    assert!((variance - 20.0).abs() < 4.0 * error, "variance {variance}");
    // Neighbours know nothing of each other.
    let pairs = counts.windows(2).map(|w| (w[0] as f64 - mean) * (w[1] as f64 - mean));
    let correlation = pairs.sum::<f64>() / (n - 1) as f64 / variance;
    assert!(correlation.abs() < 4.0 / libm::sqrt(n as f64), "correlation {correlation}");
}

#[test]
fn seasons_multiply_hours_days_and_events() {
    // Noon is as busy as it gets; the start is a Monday.
    let hourly = std::array::from_fn(|hour| if hour == 12 { 12.5 } else { 0.5 });
    let event = SeasonEvent { at_ms: 2 * DAY_MS, lasts_ms: DAY_MS, factor: 3.0 };
    let daily = [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5];
    let season = Season { hourly, daily, events: vec![event], hours: None };
    let per_ms = Curve::Constant(500.0 / HOUR_MS as f64);
    let counts = counts(Arrivals::Rate { per_ms, season }, HOUR_MS, 7 * 24);
    let expected = |hour: usize| {
        let (day, hour) = (hour / 24, hour % 24);
        // Straight lines between middles: 11:30 to 12:30 rises from 0.5 to 12.5, and falls after.
        let within = match hour {
            11 | 13 => (0.5 + (0.5 + 6.5) / 2.0) / 2.0,
            12 => (6.5 + 12.5) / 2.0,
            _ => 0.5,
        };
        500.0 * within * daily[day] * if day == 2 { 3.0 } else { 1.0 }
    };
    for (hour, count) in counts.iter().enumerate().take(7 * 24) {
        let (found, wanted) = (*count as f64, expected(hour));
        let error = libm::sqrt(wanted);
        assert!((found - wanted).abs() < 4.5 * error, "hour {hour}: {found}, expected {wanted}");
    }
    let total: f64 = (0..7 * 24).map(expected).sum();
    let found = counts.iter().sum::<usize>() as f64;
    assert!((found - total).abs() < 4.0 * libm::sqrt(total), "{found} in all, expected {total}");
}

fn erlang_b(offered: f64, servers: u32) -> f64 {
    (1..=servers).fold(1.0, |b, k| offered * b / (f64::from(k) + offered * b))
}

/// P(wait) and the mean wait in service times.
fn erlang_c(offered: f64, servers: u32) -> (f64, f64) {
    let (b, c) = (erlang_b(offered, servers), f64::from(servers));
    let waits = b / (1.0 - offered / c * (1.0 - b));
    (waits, waits / (c - offered))
}

#[test]
fn erlang_s_formulas_give_the_known_values() {
    // The curve of M/M/10 at 6 erlang, and textbook M/M/c values.
    let near = |found: f64, known: f64| (found - known).abs() < 1e-6;
    assert!((erlang_c(6.0, 10).0 - 0.1013).abs() < 1e-4);
    for (offered, servers, waits, wait) in [
        (0.5, 1, 0.5, 1.0),
        (1.5, 2, 0.642857, 1.285714),
        (2.4, 3, 0.647191, 1.078652),
        (8.0, 10, 0.409180, 0.204590),
        (40.0, 50, 0.086953, 0.008695),
    ] {
        let found = erlang_c(offered, servers);
        assert!(near(found.0, waits) && near(found.1, wait), "{servers} servers: {found:?}");
    }
}

#[test]
fn a_full_host_refuses_as_erlang_b_says() {
    // Erlang B holds whatever the lifetimes are (insensitivity), so any shape will do.
    for (offered, servers) in [(1.0, 1), (1.5, 3), (8.0, 10), (10.0, 10)] {
        for lifetime in lifetimes() {
            let per_ms = offered / 10_000.0;
            let mut scenario = slots(servers.into(), per_ms, lifetime.clone(), WhenFull::Refuse);
            scenario.duration_ms = (60_000.0 / per_ms) as u64;
            let summary = Summary::new(&scenario);
            let summary = run(scenario, summary);
            let (refused, requests) = (summary.total.refused as f64, summary.total.requests as f64);
            let found = refused / requests;
            let known = erlang_b(offered, servers);
            // Refusals come in clusters: allow for 6 in a row, and 4 standard errors.
            let error = libm::sqrt(6.0 * known * (1.0 - known) / requests);
            let case = format!("{offered} erlang, {servers} slots, {lifetime:?}");
            assert!((found - known).abs() < 4.0 * error, "{case}: {found}, expected {known}");
            // Those carried are those not refused (Little).
            let carried = summary.alive.mean(summary.now);
            let expected = offered * (1.0 - known);
            assert!((carried / expected - 1.0).abs() < 0.04, "{case}: {carried} carried");
        }
    }
}

/// Who had to wait, and for how long.
#[derive(Default)]
struct Waits {
    placed: u64,
    waited: u64,
    waited_ms: u64,
}

impl Observer for Waits {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::Placed { waited_ms, .. } = *fact
            && now.ms() > 1_000_000
        {
            self.placed += 1;
            self.waited += u64::from(waited_ms > 0);
            self.waited_ms += waited_ms;
        }
    }
}

#[test]
fn requests_wait_as_erlang_c_says() {
    // Neighbours share their queue, so that the errors are those of far fewer requests. The
    // tolerances are about 4 standard deviations, as eight other seeds showed them with 300,000
    // requests; for 50 servers they are scaled to 2 million.
    for (offered, servers, requests, waits_by, wait_by) in [
        (0.5, 1, 300_000.0, 0.006, 0.04),
        (1.5, 2, 300_000.0, 0.01, 0.08),
        (2.4, 3, 300_000.0, 0.012, 0.1),
        (8.0, 10, 300_000.0, 0.02, 0.13),
        (40.0, 50, 2_000_000.0, 0.009, 0.18),
    ] {
        let per_ms = offered / 10_000.0;
        let lifetime = Distribution::Exponential { mean_ms: 10_000.0 };
        let when_full = WhenFull::Wait { ms_max: u64::MAX };
        let mut scenario = slots(servers.into(), per_ms, lifetime, when_full);
        scenario.duration_ms = (requests / per_ms) as u64;
        let waits = run(scenario, Waits::default());
        let placed = waits.placed as f64;
        let (found, wait) =
            (waits.waited as f64 / placed, waits.waited_ms as f64 / placed / 10_000.0);
        let (known, known_wait) = erlang_c(offered, servers);
        let case = format!("{offered} erlang, {servers} slots");
        assert!((found - known).abs() < waits_by, "{case}: {found} wait, expected {known}");
        assert!((wait / known_wait - 1.0).abs() < wait_by, "{case}: {wait}, expected {known_wait}");
    }
}

#[test]
fn one_server_makes_wait_as_pollaczek_and_khinchin_say() {
    // M/G/1 at a load of 0.8: Wq = ρ (1 + cs²) ÷ (2 (1 − ρ)) service times.
    let sigma = libm::sqrt(libm::log(2.0));
    for (lifetime, square, known) in [
        (Distribution::Constant(10_000), 1.0, 2.0),
        (Distribution::Exponential { mean_ms: 10_000.0 }, 2.0, 4.0),
        (
            Distribution::Lognormal { mu: libm::log(10_000.0) - sigma * sigma / 2.0, sigma },
            2.0,
            4.0,
        ),
    ] {
        assert!((second_moment(&lifetime) / 1e8 - square).abs() < 1e-9);
        let when_full = WhenFull::Wait { ms_max: u64::MAX };
        let mut scenario = slots(1, 0.000_08, lifetime.clone(), when_full);
        scenario.duration_ms = (400_000.0 / 0.000_08) as u64;
        let waits = run(scenario, Waits::default());
        let wait = waits.waited_ms as f64 / waits.placed as f64 / 10_000.0;
        assert!((wait / known - 1.0).abs() < 0.08, "{lifetime:?}: {wait}, expected {known}");
    }
}
