//! Images: how long until all hosts have one.

/// How an image reaches hosts that all begin at once. Rates in MB/s, above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distribution {
    /// All take it from one registry.
    Central {
        /// What the registry sends in all.
        registry_mb_s: f64,
        /// What a host takes.
        host_mb_s: f64,
        /// So many hosts at once, then the next so many, each such wave as long as a full one;
        /// `None`: all.
        concurrency: Option<u64>,
    },
    /// Hosts pass it on to one another as fast as any scheme could.
    PeerBound {
        /// What the seed sends.
        seed_mb_s: f64,
        /// What a host takes.
        host_mb_s: f64,
        /// What a host passes on.
        host_up_mb_s: f64,
    },
    /// Hosts pass it on to one another as real systems do.
    Peer {
        /// What a host could take.
        host_mb_s: f64,
        /// How much of that it gets; Kraken is measured at about 0.6.
        efficiency: f64,
        /// Before anything flows, s.
        setup_s: f64,
    },
}

/// What has to be moved of an image of which a share, from 0 to 1, is there already, MB.
pub fn missing_mb(size_mb: f64, cached: f64) -> f64 {
    size_mb * (1.0 - cached)
}

impl Distribution {
    /// Until so many hosts have so many MB, s.
    pub fn seconds(&self, mb: f64, hosts: u64) -> f64 {
        let all_mb = mb * hosts as f64;
        match *self {
            Self::Central { registry_mb_s, host_mb_s, concurrency } => {
                let at_once = concurrency.unwrap_or(hosts).clamp(1, hosts.max(1));
                let wave = (mb / host_mb_s).max(mb * at_once as f64 / registry_mb_s);
                hosts.div_ceil(at_once) as f64 * wave
            }
            Self::PeerBound { seed_mb_s, host_mb_s, host_up_mb_s } => {
                let together = seed_mb_s + hosts as f64 * host_up_mb_s;
                (mb / seed_mb_s).max(mb / host_mb_s).max(all_mb / together)
            }
            Self::Peer { host_mb_s, efficiency, setup_s } => {
                setup_s + mb / (efficiency * host_mb_s)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_the_bottleneck_of_a_large_fleet() {
        let registry =
            Distribution::Central { registry_mb_s: 1_250.0, host_mb_s: 1_250.0, concurrency: None };
        assert_eq!(registry.seconds(2_000.0, 2_000), 3_200.0);
        let peers = Distribution::Peer { host_mb_s: 1_250.0, efficiency: 0.6, setup_s: 0.0 };
        assert!((peers.seconds(2_000.0, 2_000) - 2.67).abs() < 0.01);
        assert!((missing_mb(2_000.0, 0.8) - 400.0).abs() < 1e-9);
    }
}
