//! Fragmentation gradient descent: the host where the GPUs left to typical requests shrink least.
//!
//! What of a host's idle GPUs a typical request cannot use is its fragment: all of it if the
//! request needs no GPU or the host cannot take it (CPU, devices with enough left, pool and
//! labels), else what lies on devices with less left than it needs of each. The expected fragment
//! of a host is `F = Σ p_m · fragment_m` over the typical requests m with their shares p. Score:
//! `int(100 · sigmoid((F before − F after) / 1000))`, most first; a request that shares a GPU is
//! scored on each device and takes the best, the first on ties. Source: Weng et al., "Beware of
//! Fragmentation: Scheduling GPU-Sharing Workloads with Fragmentation Gradient Descent" (USENIX
//! ATC 2023), and their simulator (`pkg/utils/frag.go`, `plugin/fgd_score.go`).
//! Good for: GPUs shared by parts, with a mix of requests that stays. Bad for: fleets without
//! GPUs, where all hosts score alike. Ties are frequent: they go to the lowest index, which packs;
//! by chance is what the source did and packs far worse. Cost: one pass over the hosts or their
//! classes; a score is computed once for each way in which devices are left.

use super::random::below;
use super::scan;
use crate::resources::Amounts;
use crate::scenario::{FgdRule, HostType, Scenario, Ties, Typical};
use crate::state::devices::Portion;
use crate::state::{Ask, Columns, DeviceSet, HostId, LayoutId, State};
use rand::Rng;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::sync::Arc;

/// So many scores are remembered at most, in a few dozen bytes each.
const MEMORY_MAX: usize = 1 << 20;

/// The policy, ready to score.
#[derive(Debug)]
pub struct Gradient {
    gpu: Option<usize>,
    cpu: Option<usize>,
    ties: Ties,
    typical: Vec<Target>,
    /// The CPU that typical requests with GPUs ask for, ascending, each once. All that matters of
    /// a host's CPU is how many of them it has.
    steps: Vec<i64>,
    /// By host type: what its pool and labels allow, as a row of `allowed`.
    allowed_of: Vec<usize>,
    /// Which typical requests some host types admit.
    allowed: Vec<Vec<bool>>,
    memory: RefCell<Memory>,
}

/// A typical request.
#[derive(Debug)]
struct Target {
    /// How many of `steps` its CPU comes to.
    step: usize,
    portion: Portion,
    share: f64,
}

/// Scores that were computed before: a cache, which decides nothing.
#[derive(Debug, Default)]
struct Memory {
    /// By GPUs asked for, by layout row.
    pages: Vec<(i64, Vec<Seen>)>,
    /// How many rows there are on all pages.
    rows: usize,
}

/// The scores of one layout. It is known by its parts' place in memory, which is kept meanwhile.
#[derive(Clone, Debug, Default)]
struct Seen {
    parts: Option<Arc<[i64]>>,
    scores: Vec<(Steps, i64)>,
}

/// What of a host matters beside its devices: CPU steps before and after, and what is allowed.
type Steps = (usize, usize, usize);

impl Gradient {
    /// Of a scenario's host types.
    pub fn new(scenario: &Scenario, rule: &FgdRule) -> Self {
        let cpus = rule.typical.iter().filter(|typical| typical.gpu > 0);
        let mut steps: Vec<i64> = cpus.map(|typical| typical.cpu).collect();
        steps.sort_unstable();
        steps.dedup();
        let target = |typical: &Typical| Target {
            step: steps.partition_point(|step| *step <= typical.cpu),
            portion: Portion::of(typical.gpu),
            share: typical.share,
        };
        let is_allowed = |host_type: &HostType, typical: &Typical| {
            typical.pool.is_none_or(|pool| pool == host_type.pool)
                && typical.labels.iter().all(|label| host_type.labels.contains(label))
        };
        let mut allowed: Vec<Vec<bool>> = Vec::new();
        let mut row = |host_type: &HostType| {
            let admits = rule.typical.iter().map(|typical| is_allowed(host_type, typical));
            let admits: Vec<bool> = admits.collect();
            allowed.iter().position(|known| *known == admits).unwrap_or_else(|| {
                allowed.push(admits);
                allowed.len() - 1
            })
        };
        Self {
            gpu: rule.gpu,
            cpu: rule.cpu,
            ties: rule.ties,
            typical: rule.typical.iter().map(target).collect(),
            allowed_of: scenario.host_types.iter().map(&mut row).collect(),
            allowed,
            steps,
            memory: RefCell::default(),
        }
    }

    /// The host with the highest score. Draws only among several that tie, if ties are random.
    pub fn choose(&self, state: &State, ask: Ask, dice: &mut dyn Rng) -> Option<HostId> {
        let asked = &state.shapes.get(ask.shape).amounts;
        let gpu = self.gpus(asked);
        let page = self.memory.borrow_mut().page(gpu);
        let score = |asked: &Amounts, columns: &Columns, row: usize| {
            let layout = columns.layout(row);
            let parts = state.layouts.parts(layout);
            let steps = self.steps_of(asked, columns, row);
            let compute = || self.score_of(parts, gpu, steps);
            self.memory.borrow_mut().recall(page, (layout, parts), steps, compute)
        };
        if self.ties == Ties::LowestIndex {
            return scan::least(state, ask, |asked, columns, row| {
                Reverse(score(asked, columns, row))
            });
        }
        let filter = scan::choosy(state, ask);
        let (candidates, columns) = (scan::candidates(state, &filter), scan::columns(state));
        let scores = candidates.iter().map(|candidate| score(asked, columns, candidate.row));
        let scores: Vec<i64> = scores.collect();
        let best = scores.iter().max()?;
        let tied = candidates.iter().zip(&scores).filter(|(_, score)| *score == best);
        let tied: Vec<_> = tied.map(|(candidate, _)| *candidate).collect();
        let hosts = scan::alike(state, &filter, &tied);
        match hosts.len() {
            1 => Some(hosts[0]),
            several => Some(hosts[below(dice, several)]),
        }
    }

    /// The device of a host that a request for a part of a GPU takes; `None` for other requests.
    pub fn device(&self, state: &State, ask: Ask, host: HostId) -> Option<DeviceSet> {
        let asked = &state.shapes.get(ask.shape).amounts;
        let portion = Portion::of(self.gpus(asked));
        if !portion.is_shared() {
            return None;
        }
        let parts: Vec<i64> = state.devices.left(host).iter().copied().map(i64::from).collect();
        let steps = self.steps_of(asked, state.hosts.columns(), host.row());
        let before = self.fragment(&parts, steps.0, steps.2);
        let mut best: Option<(i64, usize)> = None;
        for device in (0..parts.len()).filter(|device| parts[*device] >= portion.each) {
            let mut after = parts.clone();
            after[device] -= portion.each;
            let score = graded(before - self.fragment(&after, steps.1, steps.2));
            if best.is_none_or(|(most, _)| score > most) {
                best = Some((score, device));
            }
        }
        best.map(|(_, device)| DeviceSet::one(device))
    }

    /// The score of a host that takes the ask.
    pub fn score(&self, state: &State, ask: Ask, host: HostId) -> i64 {
        let asked = &state.shapes.get(ask.shape).amounts;
        let columns = state.hosts.columns();
        let steps = self.steps_of(asked, columns, host.row());
        let parts = state.layouts.parts(columns.layout(host.row()));
        self.score_of(parts, self.gpus(asked), steps)
    }

    fn gpus(&self, asked: &Amounts) -> i64 {
        self.gpu.map_or(0, |column| asked[column])
    }

    #[inline]
    fn steps_of(&self, asked: &Amounts, columns: &Columns, row: usize) -> Steps {
        let allowed = self.allowed_of[columns.host_type(row).row()];
        let Some(cpu) = self.cpu else { return (self.steps.len(), self.steps.len(), allowed) };
        let free = columns.free(row, cpu);
        let has = |free: i64| self.steps.partition_point(|step| *step <= free);
        (has(free), has(free - asked[cpu]), allowed)
    }

    /// The score of devices that have so much left, ascending, for so many GPUs.
    fn score_of(&self, parts: &[i64], gpu: i64, (before, after, allowed): Steps) -> i64 {
        let was = self.fragment(parts, before, allowed);
        let portion = Portion::of(gpu);
        let mut parts = parts.to_vec();
        if !portion.is_shared() {
            // Whole GPUs are those with most left: the last.
            let first = parts.len() - portion.count;
            parts[first..].fill(0);
            return graded(was - self.fragment(&parts, after, allowed));
        }
        let first = parts.partition_point(|left| *left < portion.each);
        let mut best = i64::MIN;
        for device in first..parts.len() {
            if device > first && parts[device] == parts[device - 1] {
                continue;
            }
            parts[device] -= portion.each;
            best = best.max(graded(was - self.fragment(&parts, after, allowed)));
            parts[device] += portion.each;
        }
        best
    }

    /// F: what typical requests cannot use of devices that have so much left, on a host with so
    /// many CPU steps. The order of the devices does not matter: their sums are whole numbers.
    fn fragment(&self, parts: &[i64], steps: usize, allowed: usize) -> f64 {
        let idle: i64 = parts.iter().sum();
        let targets = self.typical.iter().zip(&self.allowed[allowed]);
        targets.fold(0.0, |sum, (target, is_allowed)| {
            let Portion { count, each } = target.portion;
            let (mut enough, mut crumbs) = (0, 0);
            for left in parts {
                match *left >= each {
                    true => enough += 1,
                    false => crumbs += left,
                }
            }
            let can_run = count > 0 && *is_allowed && target.step <= steps && enough >= count;
            sum + target.share * if can_run { crumbs } else { idle } as f64
        })
    }
}

/// A fall of F as a score, 0 to 100.
fn graded(fall: f64) -> i64 {
    let sigmoid = 1.0 / (1.0 + libm::exp(-(fall / 1000.0)));
    (100.0 * sigmoid) as i64
}

impl Memory {
    /// Where the scores for so many GPUs are kept. Forgets all if they are too many.
    fn page(&mut self, gpu: i64) -> usize {
        if self.rows > MEMORY_MAX {
            *self = Self::default();
        }
        let known = self.pages.iter().position(|(asked, _)| *asked == gpu);
        known.unwrap_or_else(|| {
            self.pages.push((gpu, Vec::new()));
            self.pages.len() - 1
        })
    }

    /// A layout's score, from memory if it was seen before.
    #[inline]
    fn recall(
        &mut self,
        page: usize,
        (layout, parts): (LayoutId, &Arc<[i64]>),
        steps: Steps,
        compute: impl FnOnce() -> i64,
    ) -> i64 {
        let page = &mut self.pages[page].1;
        if page.len() <= layout.row() {
            self.rows += layout.row() + 1 - page.len();
            page.resize_with(layout.row() + 1, Seen::default);
        }
        let row = &mut page[layout.row()];
        if !row.parts.as_ref().is_some_and(|known| Arc::ptr_eq(known, parts)) {
            *row = Seen { parts: Some(Arc::clone(parts)), scores: Vec::new() };
        }
        if let Some((_, score)) = row.scores.iter().find(|(known, _)| *known == steps) {
            return *score;
        }
        let score = compute();
        row.scores.push((steps, score));
        score
    }
}
