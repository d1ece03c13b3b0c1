//! Images: which layers hosts have fetched and kept.

use super::HostId;
use crate::scenario::{Image, ImageId, Scenario};
use std::collections::BTreeMap;

/// A layer, and its MiB.
pub type Sized = (u32, u64);

/// Layers, and what hosts have of them.
#[derive(Clone, Debug)]
pub struct Images {
    /// By image: its layers, those of 0 MiB left out.
    layers: Vec<Vec<Sized>>,
    caches: BTreeMap<HostId, Cache>,
    /// By image: how many hosts have all of it. `None` where nobody asks.
    holders: Option<Vec<u32>>,
    /// What a host keeps, MiB.
    cache_mib: u64,
    /// Whether a host that lacks less of an image is the more welcome to it.
    prefers_warm: bool,
}

/// What a host has, the layer used last at the end.
#[derive(Clone, Debug, Default)]
struct Cache {
    layers: Vec<Sized>,
}

impl Cache {
    /// A layer is used: it is there, or comes now. What was used least recently goes if all of it
    /// is too much.
    fn use_layer(&mut self, layer: Sized, mib_max: u64) {
        self.layers.retain(|(id, _)| *id != layer.0);
        self.layers.push(layer);
        let mut all: u64 = self.layers.iter().map(|(_, mib)| mib).sum();
        while all > mib_max {
            all -= self.layers.remove(0).1;
        }
    }

    /// A layer that is there is used.
    fn touch(&mut self, layer: u32) {
        if let Some(place) = self.layers.iter().position(|(id, _)| *id == layer) {
            self.layers[place..].rotate_left(1);
        }
    }

    fn has(&self, layer: u32) -> bool {
        self.layers.iter().any(|(id, _)| *id == layer)
    }
}

impl Images {
    /// `None` where nothing is fetched.
    pub fn new(scenario: &Scenario) -> Option<Self> {
        let rule = scenario.fetches()?;
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
        Some(Self {
            layers: scenario.images.iter().enumerate().map(layers_of).collect(),
            caches: BTreeMap::new(),
            holders: scenario.scores_images().then(|| vec![0; scenario.images.len()]),
            cache_mib: rule.cache_mib,
            prefers_warm: scenario.placement.prefers_warm,
        })
    }

    /// The layers of an image.
    pub fn layers(&self, image: ImageId) -> &[Sized] {
        &self.layers[image.row()]
    }

    /// The layers of an image that a host lacks.
    pub fn lacking(&self, host: HostId, image: ImageId) -> impl Iterator<Item = Sized> {
        let cache = self.caches.get(&host);
        let lacks = move |layer: &&Sized| cache.is_none_or(|cache| !cache.has(layer.0));
        self.layers(image).iter().filter(lacks).copied()
    }

    /// How much of an image a host lacks, MiB.
    pub fn lacking_mib(&self, host: HostId, image: ImageId) -> u64 {
        self.lacking(host, image).map(|(_, mib)| mib).sum()
    }

    /// How large an image is, MiB, apart from what is in no layer.
    pub fn mib(&self, image: ImageId) -> u64 {
        self.layers(image).iter().map(|(_, mib)| mib).sum()
    }

    /// How many hosts have all of an image; 0 where no policy scores that.
    pub fn holders(&self, image: ImageId) -> u32 {
        self.holders.as_ref().map_or(0, |holders| holders[image.row()])
    }

    /// The images of which a host that has fetched anything has all.
    fn held(&self, host: HostId) -> Vec<ImageId> {
        if !self.caches.contains_key(&host) {
            return Vec::new();
        }
        let images = (0..self.layers.len()).map(ImageId::from_row);
        images.filter(|image| self.lacking(host, *image).next().is_none()).collect()
    }

    /// Whether hosts that lack less are the more welcome.
    pub fn prefers_warm(&self) -> bool {
        self.prefers_warm
    }

    /// An image of which a host has all is used there.
    pub(crate) fn touch(&mut self, host: HostId, image: ImageId) {
        if let Some(cache) = self.caches.get_mut(&host) {
            self.layers[image.row()].iter().for_each(|(layer, _)| cache.touch(*layer));
        }
    }

    /// Layers come to a host.
    pub(crate) fn add_layers(&mut self, host: HostId, layers: &[Sized]) {
        self.count(host, |count| *count -= 1);
        let cache = self.caches.entry(host).or_default();
        for layer in layers {
            cache.use_layer(*layer, self.cache_mib);
        }
        self.count(host, |count| *count += 1);
    }

    /// A host has nothing any more.
    pub(crate) fn forget(&mut self, host: HostId) {
        self.count(host, |count| *count -= 1);
        self.caches.remove(&host);
    }

    /// Whoever has all of an image counts for it.
    fn count(&mut self, host: HostId, change: impl Fn(&mut u32)) {
        if self.holders.is_none() {
            return;
        }
        let held = self.held(host);
        if let Some(holders) = &mut self.holders {
            held.iter().for_each(|image| change(&mut holders[image.row()]));
        }
    }
}
