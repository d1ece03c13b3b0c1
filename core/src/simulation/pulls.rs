//! Images on their way to hosts. A VM whose host lacks a part of its image boots when that is there;
//! a host keeps what it has fetched, and fetches no layer twice at a time.

use super::boots::Coming;
use super::{Event, Simulation};
use crate::fact::{Fact, Stage};
use crate::observe::Observer;
use crate::provisioning::pulls::Pulls;
use crate::scenario::{Image, ImageDistribution, ImageSource, Scenario};
use crate::state::HostId;
use crate::time::Time;
use std::collections::BTreeMap;

/// Layers, what hosts have of them, and what they fetch.
#[derive(Debug)]
pub(super) struct ImagePulls {
    rule: ImageDistribution,
    /// By image: its layers and their MiB, those of 0 left out.
    layers: Vec<Vec<(u32, u64)>>,
    caches: BTreeMap<HostId, Cache>,
    pulls: Pulls<HostId, Job>,
    /// The latest look at what is due; earlier ones are over.
    look: u32,
}

/// What a host has, the layer used last at the end.
#[derive(Debug, Default)]
struct Cache {
    layers: Vec<(u32, u64)>,
}

/// Layers on their way to a host, and who waits for them.
#[derive(Debug)]
struct Job {
    layers: Vec<(u32, u64)>,
    waiting: Vec<Coming>,
}

impl Cache {
    /// A layer is used: it is there, or comes now. What was used least recently goes if all of it
    /// is too much.
    fn use_layer(&mut self, layer: (u32, u64), mib_max: u64) {
        self.layers.retain(|(id, _)| *id != layer.0);
        self.layers.push(layer);
        let mut all: u64 = self.layers.iter().map(|(_, mib)| mib).sum();
        while all > mib_max {
            all -= self.layers.remove(0).1;
        }
    }

    fn has(&self, layer: u32) -> bool {
        self.layers.iter().any(|(id, _)| *id == layer)
    }
}

impl ImagePulls {
    /// `None` where nothing is fetched.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let rule = scenario.distribution.filter(|rule| rule.source != ImageSource::PrePulled)?;
        // What is in no named layer is the image's own, and has its row as its number.
        let mut ids: BTreeMap<&str, u32> = BTreeMap::new();
        for layer in scenario.images.iter().flat_map(|image| &image.layers) {
            let id = (scenario.images.len() + ids.len()) as u32;
            ids.entry(&layer.name).or_insert(id);
        }
        let layers_of = |(row, image): (usize, &Image)| {
            let named: u64 = image.layers.iter().map(|layer| layer.size_mib).sum();
            let layers =
                image.layers.iter().map(|layer| (ids[layer.name.as_str()], layer.size_mib));
            let all = layers.chain([(row as u32, image.size_mib - named)]);
            all.filter(|(_, mib)| *mib > 0).collect()
        };
        let layers = scenario.images.iter().enumerate().map(layers_of).collect();
        Some(Self { rule, layers, caches: BTreeMap::new(), pulls: Pulls::new(rule), look: 0 })
    }

    fn use_layers(&mut self, host: HostId, layers: &[(u32, u64)]) {
        let cache = self.caches.entry(host).or_default();
        for layer in layers {
            cache.use_layer(*layer, self.rule.cache_mib);
        }
    }
}

impl Simulation {
    /// A host has left, or is another machine now: what it had is gone.
    pub(super) fn forget_images(&mut self, host: HostId) {
        if let Some(pulls) = &mut self.image_pulls {
            pulls.caches.remove(&host);
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
        let Some((image, pulls)) = image.zip(self.image_pulls.as_mut()) else { return false };
        let layers = pulls.layers[image.row()].clone();
        if is_there {
            pulls.use_layers(host, &layers);
            return false;
        }
        let cache = pulls.caches.entry(host).or_default();
        let lacking: Vec<_> = layers.iter().filter(|(id, _)| !cache.has(*id)).copied().collect();
        if lacking.is_empty() {
            pulls.use_layers(host, &layers);
            return false;
        }
        let is_coming =
            |id: u32| pulls.pulls.of(host).any(|job| job.layers.iter().any(|l| l.0 == id));
        let missing: Vec<_> = lacking.iter().filter(|(id, _)| !is_coming(*id)).copied().collect();
        let mib = missing.iter().map(|(_, mib)| mib).sum();
        let (request, vm) = (coming.arrived.request, coming.vm);
        observer.hear(now, &Fact::PullStarted { request, vm, host, mib }, &self.state);
        let pulls = self.image_pulls.as_mut().expect("something is fetched");
        if missing.is_empty() {
            let is_lacking =
                |job: &&mut Job| job.layers.iter().any(|layer| lacking.contains(layer));
            let last = pulls.pulls.of_mut(host).rev().find(is_lacking);
            last.expect("what is lacking and not missing is coming").waiting.push(coming);
            return true;
        }
        pulls.pulls.fetch(now, host, mib, Job { layers: missing, waiting: vec![coming] });
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
        for (host, job) in &done {
            pulls.use_layers(*host, &job.layers);
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
