//! The order plan: what to buy by which date, so that the expectations hold in nearly all futures.
//!
//! A future says when it needs its hosts ([`Need`]) and how long orders take in it ([`Leads`]). A plan
//! orders each batch at the last review at which it still comes in time in every future that it was
//! made from ([`envelope`]). [`make`] proves that by running it, mends it where a future fails, trims
//! what is not needed, and then tests it on futures that it was *not* made from: a plan that fits the
//! futures it has seen says little about others. Where the test fails, what it has seen is learned, and
//! the next test, with new futures, is the stricter ([`tests_for`]), so that the promise holds however
//! many tests there were. Who runs futures, and on how many cores, is the caller's.

use crate::futures::Future;
use std::collections::BTreeMap;

/// How sure a promise is: it is wrong with at most this chance.
pub const DOUBT: f64 = 0.05;

/// Futures of a test that may fail.
const FAILED_MAX: u32 = 2;

/// The most tests.
const ROUNDS_MAX: u32 = 5;

/// How often the futures in which a plan fails get a stricter rule.
const MENDS_MAX: u32 = 5;

/// The most plans that are run to find a leaner one.
const TRIMS_MAX: u32 = 24;

/// Futures to learn from, so that one that holds in all of them would hold in the share `sure` of all,
/// were it not made for them: the least n with sure^n ≤ 5 % (Wilks 1941). 59 for 95 %.
pub fn training_for(sure: f64) -> u32 {
    libm::ceil(libm::log(DOUBT) / libm::log(sure)) as u32
}

/// How many new futures test number `round` (from 1) has, for a plan that may fail in [`FAILED_MAX`] of
/// them: the fewest for which a plan that holds in less than the share `sure` of all futures passes
/// with a chance of at most `doubt` ÷ 2^round. All tests together are wrong with at most `doubt`.
pub fn tests_for(sure: f64, doubt: f64, round: u32) -> u32 {
    let doubt = doubt / libm::pow(2.0, f64::from(round));
    let (mut low, mut high) = (FAILED_MAX, 1 << 20);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        match at_most(FAILED_MAX, middle, 1.0 - sure) <= doubt {
            true => high = middle,
            false => low = middle,
        }
    }
    high
}

/// The chance of at most `most` successes in `tries`, each with the chance `p` (0 < p < 1).
fn at_most(most: u32, tries: u32, p: f64) -> f64 {
    let (hit, miss) = (libm::log(p), libm::log1p(-p));
    let mut ways = 0.0; // The logarithm of "tries over hits".
    let mut sum = 0.0;
    for hits in 0..=most.min(tries) {
        if hits > 0 {
            ways += libm::log(f64::from(tries - hits + 1)) - libm::log(f64::from(hits));
        }
        sum += libm::exp(ways + f64::from(hits) * hit + f64::from(tries - hits) * miss);
    }
    sum.min(1.0)
}

/// The interval of a share of which `hits` of `tries` were seen, with 95 % confidence (Wilson 1927).
pub fn wilson(hits: u32, tries: u32) -> (f64, f64) {
    let (n, z) = (f64::from(tries.max(1)), 1.959_963_984_540_054);
    let share = f64::from(hits) / n;
    let middle = share + z * z / (2.0 * n);
    let half = z * libm::sqrt(share * (1.0 - share) / n + z * z / (4.0 * n * n));
    let whole = 1.0 + z * z / n;
    (((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0))
}

/// When a future needs its hosts: for each, the first having come first, ms. Ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// By host.
    pub at_ms: Vec<u64>,
    /// How strict the rule is that this was found with: a row of the caller's list of rules, which goes
    /// from lenient to strict.
    pub rule: usize,
}

/// How long an order takes that is placed at each review, ms.
pub type Leads = Vec<u64>;

/// When one can order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviews {
    /// The instants, ms, ascending from 0.
    pub at_ms: Vec<u64>,
    /// Hosts are ordered in whole batches of so many, at least 1.
    pub batch: u32,
}

/// Batches ordered at each review.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Plan(pub Vec<u32>);

impl Plan {
    /// All batches.
    pub fn batches(&self) -> u64 {
        self.0.iter().map(|batches| u64::from(*batches)).sum()
    }

    /// What is ordered: the review's instant, ms, and hosts.
    pub fn orders<'p>(&'p self, reviews: &'p Reviews) -> impl Iterator<Item = (u64, u32)> + 'p {
        let each = reviews.at_ms.iter().zip(&self.0).filter(|(_, batches)| **batches > 0);
        each.map(|(at_ms, batches)| (*at_ms, batches.saturating_mul(reviews.batch)))
    }

    /// Host-months that the hosts of the plan are there for until `end_ms`.
    pub fn host_ms(&self, reviews: &Reviews, leads: &Leads, end_ms: u64) -> f64 {
        let each = self.0.iter().zip(&reviews.at_ms).zip(leads);
        let there = each.map(|((batches, at_ms), lead_ms)| {
            let hosts = f64::from(*batches) * f64::from(reviews.batch);
            hosts * end_ms.saturating_sub(at_ms.saturating_add(*lead_ms)) as f64
        });
        there.fold(0.0, |sum, ms| sum + ms)
    }

    /// All orders one review later; what falls off the end is not ordered.
    fn later(&self) -> Self {
        let mut later = self.0.clone();
        later.pop();
        later.insert(0, 0);
        Self(later)
    }

    /// A batch fewer, of the last order.
    fn fewer(&self) -> Option<Self> {
        let mut fewer = self.clone();
        let last = fewer.0.iter_mut().rfind(|batches| **batches > 0)?;
        *last -= 1;
        Some(fewer)
    }

    /// The order at one review moved to the next one.
    fn put_off(&self, row: usize) -> Option<Self> {
        let mut later = self.clone();
        let batches = std::mem::take(later.0.get_mut(row).filter(|batches| **batches > 0)?);
        *later.0.get_mut(row + 1)? += batches;
        Some(later)
    }
}

/// The plan that orders each batch at the last review from which it comes in time in all these futures;
/// and how many batches cannot come in time, and are ordered at once.
pub fn envelope<'f>(
    futures: impl Iterator<Item = (&'f Need, &'f Leads)> + Clone,
    reviews: &Reviews,
) -> (Plan, u32) {
    let mut plan = Plan(vec![0; reviews.at_ms.len()]);
    let most = futures.clone().map(|(need, _)| need.at_ms.len()).max().unwrap_or(0);
    let mut late = 0;
    // A later batch is needed later, in fewer futures: it is never ordered earlier.
    let mut earliest = 0;
    for first in (0..most).step_by(reviews.batch as usize) {
        let comes_in_time = |row: &usize| {
            futures.clone().all(|(need, leads)| match need.at_ms.get(first) {
                Some(by_ms) => reviews.at_ms[*row].saturating_add(leads[*row]) <= *by_ms,
                None => true,
            })
        };
        match (earliest..reviews.at_ms.len()).rev().find(comes_in_time) {
            Some(row) => (earliest, plan.0[row]) = (row, plan.0[row] + 1),
            None => {
                late += 1;
                plan.0[earliest] += 1;
            }
        }
    }
    (plan, late)
}

/// Runs futures.
pub trait Runs {
    /// What ends a search.
    type Error;

    /// When each of these futures needs its hosts, by a rule at least as strict as the one beside it
    /// (a row from 0); `None` for one that no number of hosts helps.
    ///
    /// # Errors
    /// What ends the search.
    fn needs(&mut self, of: &[(Future, usize)]) -> Result<Vec<Option<Need>>, Self::Error>;

    /// How long orders take in a future, by review.
    fn leads(&mut self, of: Future) -> Result<Leads, Self::Error>;

    /// In which of these futures the expectations do not hold with a plan; in order. With `is_first`
    /// one that fails is enough.
    ///
    /// # Errors
    /// What ends the search.
    fn fails(
        &mut self,
        plan: &Plan,
        of: &[Future],
        is_first: bool,
    ) -> Result<Vec<Future>, Self::Error>;
}

/// What a plan promises, and how that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The plan.
    pub plan: Plan,
    /// Futures that it was made from.
    pub learned: Vec<Future>,
    /// How many futures were looked at before the last test: those, and those that earlier plans were
    /// tested on.
    pub seen: u32,
    /// Those of them in which it does not hold.
    pub failed: Vec<Future>,
    /// Those in which no number of hosts helps.
    pub hopeless: Vec<Future>,
    /// Whether those are too many of all that were seen for any plan to keep the promise.
    pub is_hopeless: bool,
    /// The futures of this plan's test; none if it was not worth one.
    pub tested: Vec<Future>,
    /// Those in which it did not hold.
    pub failed_test: Vec<Future>,
    /// How many tests there were.
    pub rounds: u32,
    /// Batches that had to be ordered before the start to be sure.
    pub late: u32,
    /// When each future needs its hosts, and how long orders take there.
    pub known: BTreeMap<Future, (Need, Leads)>,
}

impl Made {
    /// Whether the test was passed: the promise stands.
    pub fn is_proved(&self) -> bool {
        !self.tested.is_empty() && self.failed_test.len() <= FAILED_MAX as usize
    }
}

/// Makes a plan that holds in the share `sure` of all futures, and proves it; the proof is wrong with a
/// chance of at most `doubt`: [`DOUBT`], shared among the plans from which one is chosen. `training`
/// futures are learned from first; `seed` is the first of all.
///
/// # Errors
/// The first of `runs`.
pub fn make<R: Runs>(
    runs: &mut R,
    reviews: &Reviews,
    sure: f64,
    doubt: f64,
    training: u32,
    seed: u64,
) -> Result<Made, R::Error> {
    let future = |number: u32| Future::Seed(seed.wrapping_add(number.into()) & (i64::MAX as u64));
    let mut made = Made {
        plan: Plan(vec![0; reviews.at_ms.len()]),
        learned: Vec::new(),
        seen: training,
        failed: Vec::new(),
        hopeless: Vec::new(),
        is_hopeless: false,
        tested: Vec::new(),
        failed_test: Vec::new(),
        rounds: 0,
        late: 0,
        known: BTreeMap::new(),
    };
    // All that was seen: a plan is trimmed only as long as it holds in all of these.
    let mut seen: Vec<Future> = (0..training).map(future).collect();
    let mut next = training;
    learn(runs, &mut made, &seen.clone())?;
    loop {
        mend(runs, &mut made, reviews)?;
        let hopeless_max = (1.0 - sure) * seen.len() as f64;
        made.is_hopeless = made.hopeless.len() as f64 > hopeless_max;
        if made.is_hopeless || made.failed.len() as f64 > hopeless_max {
            return Ok(made);
        }
        let holding: Vec<Future> = seen
            .iter()
            .filter(|of| !made.hopeless.contains(of) && !made.failed.contains(of))
            .copied()
            .collect();
        trim(runs, &mut made.plan, &holding)?;
        made.rounds += 1;
        let tests = tests_for(sure, doubt, made.rounds);
        made.tested = (next..next + tests).map(future).collect();
        next += tests;
        made.failed_test = runs.fails(&made.plan, &made.tested, false)?;
        if made.is_proved() || made.rounds == ROUNDS_MAX {
            return Ok(made);
        }
        // What that plan's test said, it says of no other.
        seen.append(&mut made.tested);
        made.seen = seen.len() as u32;
        let failed = std::mem::take(&mut made.failed_test);
        learn(runs, &mut made, &failed)?;
    }
}

/// Finds out what these futures need.
fn learn<R: Runs>(runs: &mut R, made: &mut Made, futures: &[Future]) -> Result<(), R::Error> {
    let asked: Vec<(Future, usize)> = futures.iter().map(|of| (*of, 0)).collect();
    for (of, need) in futures.iter().zip(runs.needs(&asked)?) {
        made.learned.push(*of);
        match need {
            Some(need) => {
                let leads = runs.leads(*of)?;
                made.known.insert(*of, (need, leads));
            }
            None => made.hopeless.push(*of),
        }
    }
    Ok(())
}

/// The envelope of all that is known, with stricter rules for the futures in which it fails.
fn mend<R: Runs>(runs: &mut R, made: &mut Made, reviews: &Reviews) -> Result<(), R::Error> {
    for last in (0..=MENDS_MAX).rev() {
        let known = made.known.values().map(|(need, leads)| (need, leads));
        (made.plan, made.late) = envelope(known, reviews);
        let futures: Vec<Future> = made.known.keys().copied().collect();
        made.failed = runs.fails(&made.plan, &futures, false)?;
        if made.failed.is_empty() || last == 0 {
            return Ok(());
        }
        let stricter: Vec<(Future, usize)> =
            made.failed.iter().map(|of| (*of, made.known[of].0.rule + 1)).collect();
        let mut is_news = false;
        for ((of, _), need) in stricter.iter().zip(runs.needs(&stricter)?) {
            // Where no rule is stricter, or the strictest does not help, that was all.
            if let Some(need) = need {
                let known = made.known.get_mut(of).expect("it was known before");
                known.0 = need;
                is_news = true;
            }
        }
        if !is_news {
            return Ok(());
        }
    }
    Ok(())
}

/// Takes away what is not needed: all orders later, the last batches, then each order later.
fn trim<R: Runs>(runs: &mut R, plan: &mut Plan, futures: &[Future]) -> Result<(), R::Error> {
    let mut left = TRIMS_MAX;
    let mut hardest: Vec<Future> = futures.to_vec();
    let mut holds = |plan: &Plan, left: &mut u32| -> Result<bool, R::Error> {
        *left -= 1;
        let failed = runs.fails(plan, &hardest, true)?;
        // Who fails once is asked first from then on.
        if let Some(of) = failed.first() {
            hardest.retain(|other| other != of);
            hardest.insert(0, *of);
        }
        Ok(failed.is_empty())
    };
    while left > 0 && plan.batches() > 0 {
        let later = plan.later();
        if !holds(&later, &mut left)? {
            break;
        }
        *plan = later;
    }
    while left > 0 {
        let Some(fewer) = plan.fewer() else { return Ok(()) };
        if !holds(&fewer, &mut left)? {
            break;
        }
        *plan = fewer;
    }
    for row in (0..plan.0.len()).rev() {
        let Some(later) = plan.put_off(row).filter(|_| left > 0) else { continue };
        if holds(&later, &mut left)? {
            *plan = later;
        }
    }
    Ok(())
}

/// One plan in one future.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// Whether the expectations held.
    pub holds: bool,
    /// What its hosts cost until the end.
    pub cost: f64,
}

/// What one may be sorry for with a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Regret {
    /// Futures in which it holds.
    pub held: u32,
    /// What it costs, averaged over the futures.
    pub cost: f64,
    /// How much more it costs than the cheapest plan that holds there, at most; a miss counts as what
    /// a miss costs, and not at all where that is not said.
    pub largest: f64,
    /// The same on average.
    pub mean: f64,
}

/// The regrets of plans, of which `outcomes` has one a plan and future; and which is the least: of those
/// that hold in the share `sure` (of all, where a miss has a price), the one whose largest regret is
/// smallest (Savage 1951), of equals the smallest mean. `None` if no plan may be chosen.
pub fn regrets(
    outcomes: &[Vec<Outcome>],
    miss: Option<f64>,
    sure: f64,
) -> (Vec<Regret>, Option<usize>) {
    let futures = outcomes.first().map_or(0, Vec::len);
    let best = |future: usize| {
        let there = outcomes.iter().map(|plan| plan[future]);
        let costs = there.filter_map(|of| match (of.holds, miss) {
            (true, _) => Some(of.cost),
            (false, Some(miss)) => Some(of.cost + miss),
            (false, None) => None,
        });
        costs.fold(f64::INFINITY, f64::min)
    };
    let best: Vec<f64> = (0..futures).map(best).collect();
    let of_plan = |plan: &Vec<Outcome>| {
        let mut regret = Regret { held: 0, cost: 0.0, largest: 0.0, mean: 0.0 };
        let mut counted = 0_u32;
        for (of, best) in plan.iter().zip(&best) {
            regret.held += u32::from(of.holds);
            regret.cost += of.cost / futures as f64;
            let cost = if of.holds { Some(of.cost) } else { miss.map(|miss| of.cost + miss) };
            if let Some(cost) = cost {
                regret.largest = regret.largest.max(cost - best);
                regret.mean += cost - best;
                counted += 1;
            }
        }
        regret.mean /= f64::from(counted.max(1));
        regret
    };
    let regrets: Vec<Regret> = outcomes.iter().map(of_plan).collect();
    let may_be = |of: &Regret| miss.is_some() || f64::from(of.held) >= sure * futures as f64;
    let rows = (0..regrets.len()).filter(|row| futures > 0 && may_be(&regrets[*row]));
    let least = rows.min_by(|a, b| {
        let (a, b) = (&regrets[*a], &regrets[*b]);
        a.largest.total_cmp(&b.largest).then(a.mean.total_cmp(&b.mean))
    });
    (regrets, least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice;
    use rand::RngExt as _;
    use std::convert::Infallible;

    /// Futures in which a number of hosts is needed from some instants on, which are drawn.
    struct World {
        reviews: Reviews,
        /// With these seeds no number of hosts helps.
        hopeless: std::ops::Range<u64>,
        /// Up to how many ms later a future needs its hosts than the earliest.
        spread_ms: u64,
        runs: u32,
    }

    const END_MS: u64 = 1_000;

    impl World {
        fn truth(&self, of: Future) -> (Need, Leads) {
            let Future::Seed(seed) = of else { panic!("{of:?}") };
            let mut dice = dice::stream(seed, "world");
            let slow = dice.random_range(0..=self.spread_ms);
            let hosts = 12 - (slow * 8 / self.spread_ms.max(1)) as usize;
            let at_ms = (0..hosts as u64).map(|host| 300 + slow + 40 * host).collect();
            let leads = self.reviews.at_ms.iter().map(|_| dice.random_range(50..=150)).collect();
            (Need { at_ms, rule: 0 }, leads)
        }

        fn is_hopeless(&self, of: Future) -> bool {
            matches!(of, Future::Seed(seed) if self.hopeless.contains(&seed))
        }

        fn holds(&self, plan: &Plan, of: Future) -> bool {
            if self.is_hopeless(of) {
                return false;
            }
            let (need, leads) = self.truth(of);
            let mut comes: Vec<u64> = Vec::new();
            for ((batches, at_ms), lead_ms) in plan.0.iter().zip(&self.reviews.at_ms).zip(&leads) {
                let hosts = (batches * self.reviews.batch) as usize;
                comes.extend(std::iter::repeat_n(at_ms + lead_ms, hosts));
            }
            comes.sort();
            need.at_ms.iter().enumerate().all(|(row, by)| comes.get(row).is_some_and(|at| at <= by))
        }
    }

    impl Runs for World {
        type Error = Infallible;

        fn needs(&mut self, of: &[(Future, usize)]) -> Result<Vec<Option<Need>>, Infallible> {
            let need = |(of, rule): &(Future, usize)| {
                (*rule == 0 && !self.is_hopeless(*of)).then(|| self.truth(*of).0)
            };
            Ok(of.iter().map(need).collect())
        }

        fn leads(&mut self, of: Future) -> Result<Leads, Infallible> {
            Ok(self.truth(of).1)
        }

        fn fails(
            &mut self,
            plan: &Plan,
            of: &[Future],
            is_first: bool,
        ) -> Result<Vec<Future>, Infallible> {
            self.runs += of.len() as u32;
            let failed = of.iter().copied().filter(|of| !self.holds(plan, *of));
            Ok(failed.take(if is_first { 1 } else { usize::MAX }).collect())
        }
    }

    fn world(batch: u32) -> World {
        let at_ms = (0..END_MS).step_by(20).collect();
        World { reviews: Reviews { at_ms, batch }, hopeless: 0..0, spread_ms: 200, runs: 0 }
    }

    #[test]
    fn as_many_futures_are_run_as_the_formulas_say() {
        assert_eq!([0.9, 0.95, 0.99].map(training_for), [29, 59, 299]);
        // None may fail: sure^n. Two: by the binomial distribution's table.
        assert!((at_most(0, 59, 0.05) - 0.95_f64.powi(59)).abs() < 1e-12);
        assert!((at_most(2, 10, 0.5) - 56.0 / 1024.0).abs() < 1e-12);
        for round in 1..=3 {
            let (tests, doubt) = (tests_for(0.95, DOUBT, round), 0.05 / 2_f64.powi(round as i32));
            assert!(at_most(2, tests, 0.05) <= doubt && at_most(2, tests - 1, 0.05) > doubt);
        }
    }

    #[test]
    fn the_interval_is_wilsons() {
        // Newcombe 1998, table I: 81 of 263 is 0.2553 to 0.3662.
        let (low, high) = wilson(81, 263);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        assert!(wilson(200, 200).1 > 1.0 - 1e-12 && wilson(0, 200).0 < 1e-12);
    }

    #[test]
    fn each_batch_is_ordered_as_late_as_all_futures_allow() {
        let reviews = Reviews { at_ms: vec![0, 10, 20, 30], batch: 2 };
        let need = |at_ms: &[u64]| Need { at_ms: at_ms.to_vec(), rule: 0 };
        let (a, b) = (need(&[25, 26, 40]), need(&[31]));
        let (slow, fast) = (vec![5, 15, 5, 5], vec![5, 5, 5, 5]);
        let plan = |futures: &[(&Need, &Leads)]| envelope(futures.iter().copied(), &reviews);
        assert_eq!(plan(&[(&a, &fast)]), (Plan(vec![0, 0, 1, 1]), 0));
        assert_eq!(plan(&[(&a, &slow), (&b, &fast)]), (Plan(vec![0, 0, 1, 1]), 0));
        let early = need(&[24, 24, 24]);
        assert_eq!(plan(&[(&early, &slow), (&b, &fast)]), (Plan(vec![2, 0, 0, 0]), 0));
        assert_eq!(plan(&[(&need(&[4, 40, 40]), &fast)]), (Plan(vec![1, 0, 0, 1]), 1));
    }

    #[test]
    fn a_plan_holds_in_unseen_futures_as_often_as_it_promises() {
        for (batch, seed) in [(1, 1), (3, 100_000), (5, 200_000)] {
            let mut world = world(batch);
            let reviews = world.reviews.clone();
            let made = make(&mut world, &reviews, 0.95, DOUBT, 59, seed).unwrap();
            assert!(made.is_proved(), "{made:?}");
            let unseen = (0..2_000).map(|row| Future::Seed(seed + 50_000 + row));
            let held = unseen.filter(|of| world.holds(&made.plan, *of)).count();
            assert!(held >= 1_900, "{held} of 2,000 with batches of {batch}");
        }
    }

    #[test]
    fn what_a_test_said_is_not_told_of_the_plan_that_follows() {
        // All that was learned from first can be helped, and nothing that it is tested on.
        let mut world = world(1);
        world.hopeless = 60..u64::MAX;
        let reviews = world.reviews.clone();
        let made = make(&mut world, &reviews, 0.95, DOUBT, 59, 1).unwrap();
        assert!(made.is_hopeless && !made.is_proved() && made.rounds == 1);
        assert!(made.tested.is_empty() && made.failed_test.is_empty());
        assert_eq!(made.seen, 59 + tests_for(0.95, DOUBT, 1));
    }

    #[test]
    fn few_hopeless_futures_of_many_do_not_make_a_proved_plan_hopeless() {
        // More than one in twenty of those learned from, but not of all that were seen.
        let tested = 60..60 + u64::from(tests_for(0.95, DOUBT, 1));
        let mut world = world(1);
        world.hopeless = tested.end - 8..tested.end;
        let reviews = world.reviews.clone();
        let made = make(&mut world, &reviews, 0.95, DOUBT, 59, 1).unwrap();
        assert!(made.is_proved() && !made.is_hopeless, "{made:?}");
        assert!(made.hopeless.len() as f64 > 0.05 * made.learned.len() as f64);
    }

    #[test]
    fn plans_to_choose_from_share_the_doubt() {
        let mut world = world(1);
        let reviews = world.reviews.clone();
        let one = make(&mut world, &reviews, 0.95, DOUBT, 59, 1).unwrap();
        let of_four = make(&mut world, &reviews, 0.95, DOUBT / 4.0, 59, 1).unwrap();
        assert!(one.is_proved() && of_four.is_proved());
        let tests = of_four.tested.len() as u32;
        assert!(tests > one.tested.len() as u32);
        assert!(at_most(FAILED_MAX, tests, 0.05) <= 0.05 / 8.0);
    }

    #[test]
    fn what_had_to_be_ordered_before_the_start_is_told() {
        let mut world = world(1);
        world.reviews.at_ms = (400..END_MS).step_by(20).collect();
        let reviews = world.reviews.clone();
        let made = make(&mut world, &reviews, 0.95, DOUBT, 59, 1).unwrap();
        assert!(!made.is_proved() && made.late > 0 && !made.failed.is_empty());
    }

    #[test]
    fn regret_is_what_the_best_plan_would_have_saved() {
        let outcome = |holds, cost| Outcome { holds, cost };
        let outcomes = [
            vec![outcome(true, 10.0), outcome(false, 10.0)],
            vec![outcome(true, 14.0), outcome(true, 16.0)],
            vec![outcome(true, 20.0), outcome(true, 20.0)],
        ];
        let (regrets, least) = super::regrets(&outcomes, None, 0.95);
        let figures: Vec<_> = regrets.iter().map(|of| (of.held, of.largest, of.mean)).collect();
        assert_eq!(figures, [(1, 0.0, 0.0), (2, 4.0, 2.0), (2, 10.0, 7.0)]);
        assert_eq!(least, Some(1));
        assert_eq!(super::regrets(&outcomes, Some(3.0), 0.95).1, Some(0), "a miss is cheap");
        assert_eq!(super::regrets(&outcomes[..1], None, 0.95).1, None);
    }
}
