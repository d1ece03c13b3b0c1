//! How images reach hosts.

/// How an image reaches a host that has not got all of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageDistribution {
    /// From where.
    pub source: ImageSource,
    /// What a host takes, bytes a second, 1 or more.
    pub host_rate: u64,
    /// What a host keeps, MiB: the layers used last; `u64::MAX`: all.
    pub cache_mib: u64,
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
        /// Before anything flows, ms.
        setup_ms: u64,
    },
}
