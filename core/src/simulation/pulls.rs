//! Images on their way to hosts. A VM whose host lacks a part of its image boots when that is there;
//! a host keeps what it has fetched, and fetches no layer twice at a time.

use super::boots::Coming;
use super::{Event, Simulation};
use crate::dice;
use crate::fact::{Fact, Stage};
use crate::observe::Observer;
use crate::provisioning::pulls::{MIB, Pulls};
use crate::scenario::{ImageDistribution, ImageSource, Scenario};
use crate::state::HostId;
use crate::time::Time;
use rand_distr::{Distribution as _, StandardNormal};
use std::collections::BTreeMap;

/// The 99th percentile of the normal distribution, in σ.
const NORMAL_P99: f64 = 2.326_347_874_040_841;

/// What hosts fetch. What they have is part of the state.
#[derive(Debug)]
pub(super) struct ImagePulls {
    pulls: Pulls<HostId, Job>,
    /// The latest look at what is due; earlier ones are over.
    look: u32,
    rule: ImageDistribution,
    seed: u64,
    /// By host: how often it has fetched something.
    begun: BTreeMap<HostId, u32>,
}

/// Layers on their way to a host, or what of them is needed first, and who waits for them.
#[derive(Debug)]
struct Job {
    layers: Vec<(u32, u64)>,
    /// Whether the layers are there once it is done; else the rest of them follows.
    is_all: bool,
    waiting: Vec<Coming>,
}

/// Whether a VM that lacks these layers waits for a job: where it can boot on a part of them, not
/// for the rest.
fn is_awaited(job: &Job, lacking: &[(u32, u64)], is_lazy: bool) -> bool {
    (!is_lazy || !job.is_all) && job.layers.iter().any(|layer| lacking.contains(layer))
}

impl ImagePulls {
    /// `None` where nothing is fetched.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let (rule, seed) = (scenario.fetches()?, scenario.seed);
        Some(Self { pulls: Pulls::new(rule), look: 0, rule, seed, begun: BTreeMap::new() })
    }

    /// How much longer the next pull of a host takes than the median.
    fn factor(&mut self, host: HostId) -> f64 {
        let ImageSource::Peers { spread_milli: spread_milli @ 1_001.., .. } = self.rule.source
        else {
            return 1.0;
        };
        let number = self.begun.entry(host).or_default();
        let name = format!("pulls/{}/{number}", host.row());
        *number = number.wrapping_add(1);
        let normal: f64 = StandardNormal.sample(&mut dice::stream(self.seed, &name));
        libm::exp(libm::log(f64::from(spread_milli) / 1e3) / NORMAL_P99 * normal)
    }

    /// A host fetches layers for a VM: first what must be there before it boots.
    fn fetch(&mut self, now: Time, host: HostId, layers: Vec<(u32, u64)>, coming: Coming) {
        let mib: u64 = layers.iter().map(|(_, mib)| mib).sum();
        let all = (u128::from(mib) * MIB) as f64 * self.factor(host);
        let first = all * f64::from(self.rule.needed_ppm) / 1e6;
        let is_all = first >= all;
        let job = Job { layers: layers.clone(), is_all, waiting: vec![coming] };
        self.pulls.fetch(now, host, first as u128, job);
        if !is_all {
            let rest = Job { layers, is_all: true, waiting: Vec::new() };
            self.pulls.fetch(now, host, (all - first) as u128, rest);
        }
    }
}

impl Simulation {
    /// A host has left, or is another machine now: what it had is gone.
    pub(super) fn forget_images(&mut self, now: Time, host: HostId) {
        if let Some(images) = &mut self.state.images {
            images.forget(host);
        }
        self.stop_pulls(now, host);
    }

    /// A host is out of service: what it fetches does not come, and others have more of what is
    /// sent. It keeps what it had.
    pub(super) fn stop_pulls(&mut self, now: Time, host: HostId) {
        let Some(pulls) = &mut self.image_pulls else { return };
        if pulls.pulls.stop(now, host) {
            self.look_at_pulls();
        }
    }

    /// A VM was placed: whether its host must fetch something before it boots.
    pub(super) fn pull(
        &mut self,
        now: Time,
        coming: Coming,
        host: HostId,
        observer: &mut impl Observer,
    ) -> bool {
        if self.image_pulls.is_none() {
            return false;
        }
        let image = self.image_of(&coming.arrived);
        let is_there = self.is_there(now, &coming.arrived);
        let Some((image, images)) = image.zip(self.state.images.as_mut()) else { return false };
        let lacking: Vec<_> = images.lacking(host, image).collect();
        if lacking.is_empty() {
            images.touch(host, image);
            return false;
        }
        if is_there {
            let layers = images.layers(image).to_vec();
            images.add_layers(host, &layers);
            return false;
        }
        let Some(pulls) = &self.image_pulls else { return false };
        let is_coming =
            |id: u32| pulls.pulls.of(host).any(|job| job.layers.iter().any(|l| l.0 == id));
        let missing: Vec<_> = lacking.iter().filter(|(id, _)| !is_coming(*id)).copied().collect();
        let mib = missing.iter().map(|(_, mib)| mib).sum();
        let is_lazy = pulls.rule.needed_ppm < 1_000_000;
        // What it needs first of what is on its way may be there.
        let has_all = !pulls.pulls.of(host).any(|job| is_awaited(job, &lacking, is_lazy));
        if missing.is_empty() && has_all {
            return false;
        }
        let (request, vm) = (coming.arrived.request, coming.vm);
        observer.hear(now, &Fact::PullStarted { request, vm, host, mib }, &self.state);
        let pulls = self.image_pulls.as_mut().expect("something is fetched");
        if missing.is_empty() {
            let is_awaited = |job: &&mut Job| is_awaited(job, &lacking, is_lazy);
            let last = pulls.pulls.of_mut(host).rev().find(is_awaited);
            last.expect("what is lacking and not missing is coming").waiting.push(coming);
            return true;
        }
        pulls.fetch(now, host, missing, coming);
        self.look_at_pulls();
        true
    }

    /// Somebody looks when the next host should be done.
    fn look_at_pulls(&mut self) {
        let Some(pulls) = &mut self.image_pulls else { return };
        if let Some(due) = pulls.pulls.next_due() {
            pulls.look = pulls.look.wrapping_add(1);
            self.agenda.push(due, Event::Pulled(pulls.look));
        }
    }

    /// A host should have what it fetched, unless others came between.
    pub(super) fn pulled(&mut self, now: Time, look: u32, observer: &mut impl Observer) {
        let Some(pulls) = self.image_pulls.as_mut().filter(|pulls| pulls.look == look) else {
            return;
        };
        let done = pulls.pulls.done(now);
        if let Some(images) = &mut self.state.images {
            let whole = done.iter().filter(|(_, job)| job.is_all);
            whole.for_each(|(host, job)| images.add_layers(*host, &job.layers));
        }
        self.look_at_pulls();
        for (host, job) in done {
            for coming in job.waiting {
                self.boot_pulled(now, host, coming, observer);
            }
        }
    }

    /// The image of a VM is there: it boots, if it still exists.
    fn boot_pulled(
        &mut self,
        now: Time,
        host: HostId,
        mut coming: Coming,
        observer: &mut impl Observer,
    ) {
        if !self.is_still_there(&coming) {
            return;
        }
        let (request, vm) = (coming.arrived.request, coming.vm);
        let took_ms = now.since_ms(coming.placed);
        observer.hear(now, &Fact::Pulled { request, vm, host, took_ms }, &self.state);
        coming.stages.add(Stage::Pull, took_ms);
        self.boot(now, coming, observer);
    }
}
