//! How images reach hosts.

use super::{Policy, Score};

/// How an image reaches a host that has not got all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDistribution {
    /// From where.
    pub source: ImageSource,
    /// What a host takes, bytes a second, 1 or more.
    pub host_rate: u64,
    /// What a host keeps, MiB: the layers used last; `u64::MAX`: all.
    pub cache_mib: u64,
    /// So many millionths of what is fetched must be there before the VM boots, 0..=1,000,000.
    pub needed_ppm: u32,
}

/// From where an image comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageSource {
    /// It is there already.
    PrePulled,
    /// From one registry. Hosts that pull at a time share it evenly.
    Registry {
        /// What it sends in all, bytes a second, 1 or more.
        rate: u64,
        /// So many hosts at a time, 1 or more; others wait in line. `u32::MAX`: no bound.
        hosts_max: u32,
    },
    /// From other hosts. A host's own rate counts already what of it is reached.
    Peers {
        /// Before anything flows, ms; 0 where a rate below has a bound.
        setup_ms: u64,
        /// What the seed sends, bytes a second, 1 or more; `u64::MAX`: no bound.
        seed_rate: u64,
        /// What a host passes on, bytes a second; `u64::MAX`: no bound.
        upload_rate: u64,
        /// The 99th percentile of how long it takes a host ÷ the median, in thousandths, 1,000 or more.
        spread_milli: u32,
    },
}

impl super::Scenario {
    /// How hosts fetch images; `None` where they have all.
    pub fn fetches(&self) -> Option<ImageDistribution> {
        self.distribution.filter(|rule| rule.source != ImageSource::PrePulled)
    }

    /// Whether decisions look at what hosts have of an image.
    pub fn looks_at_images(&self) -> bool {
        self.fetches().is_some() && (self.placement.prefers_warm || self.scores_images())
    }

    /// Whether the policy scores how widespread an image is.
    pub fn scores_images(&self) -> bool {
        match &self.placement.policy {
            Policy::Kubernetes(profile) => profile.wishes.image_locality > 0,
            Policy::Compose(compose) => {
                compose.scores().any(|score| *score == Score::ImageLocality)
            }
            _ => false,
        }
    }
}
