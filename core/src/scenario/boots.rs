//! What boots need from others, and what becomes of those that fail.

id!(/** A row of [`Scenario::dependencies`](super::Scenario::dependencies). */ DependencyId, "b", u32);

/// Something that instances fetch from while they boot.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependency {
    /// What it is called; names its random stream.
    pub name: String,
    /// How probable it is that it is there, above 0 and at most 1.
    pub availability: f64,
    /// How long its outages are on average, ms, at least 1 s: who boots in one meets it. `None`:
    /// each boot finds for itself whether it is there.
    pub outage_ms: Option<u64>,
    /// Outages that are known, by when they begin: from, to, ms. None of them overlap.
    pub known: Vec<(u64, u64)>,
    /// By how much it makes a boot longer, ms.
    pub fetch_ms: u64,
}

/// How often an image's boot is tried.
#[derive(Clone, Debug, PartialEq)]
pub struct Tries {
    /// What each try needs.
    pub needs: Vec<DependencyId>,
    /// How probable it is that a try fails by itself, 0..=1.
    pub fails: f64,
    /// So many tries at most, 1 or more; `None`: until one succeeds.
    pub most: Option<u32>,
    /// From a try that fails to the next, or until it is given up, ms, at least 1 s.
    pub again_ms: u64,
}

impl Default for Tries {
    /// The first try succeeds.
    fn default() -> Self {
        Self { needs: Vec::new(), fails: 0.0, most: None, again_ms: Self::AGAIN_MS }
    }
}

impl Tries {
    /// How long it takes to find that a try has failed where nothing else is said, ms.
    pub const AGAIN_MS: u64 = 5 * crate::time::MINUTE_MS;

    /// Whether a try can fail, or takes longer for what it needs.
    pub fn matter(&self) -> bool {
        self.fails > 0.0 || !self.needs.is_empty()
    }
}

impl super::Demand {
    /// Whether the requests of time 0 stand for VMs that are there when the run begins.
    pub fn is_there_at_start(&self) -> bool {
        !matches!(self.arrivals, super::Arrivals::Rate { .. } | super::Arrivals::Trace(_))
    }
}

impl super::Scenario {
    /// Whether a boot can fail, or needs something.
    pub fn tries_boots(&self) -> bool {
        self.images.iter().any(|image| image.tries.matter())
    }
}
