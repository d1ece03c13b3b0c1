//! Resources: what hosts have and requests need, in whole units.

/// The most kinds of resource that one scenario can use.
pub const KINDS_MAX: usize = 8;

/// One amount for each kind, in [`Kinds`] order; kinds that the scenario does not use are 0.
/// Never negative in a scenario; what is free on a host can be negative after a ratio changed.
pub type Amounts = [i64; KINDS_MAX];

/// The largest amount a scenario may name: 2^50 of any unit (a petabyte of memory in bytes).
/// Sums over 100,000 hosts and products with a ratio stay inside `i64`.
pub const AMOUNT_MAX: i64 = 1 << 50;

/// One GPU, in milli-GPU: GPUs lie in devices of so much each, and no VM's share of one can lie on
/// two.
pub const DEVICE_MILLI: i64 = 1_000;

/// Whether a request can ask for so many milli-GPU: for a part of one, or for whole ones.
pub fn is_portion(milli_gpu: i64) -> bool {
    milli_gpu <= DEVICE_MILLI || milli_gpu % DEVICE_MILLI == 0
}

/// What to do about a request for neither.
pub(crate) const PORTION_HINT: &str = "ask for up to 1 GPU, or for whole ones";

/// The most GPUs of one host.
pub const DEVICES_MAX: usize = 64;

/// The most NUMA cells of a host.
pub const CELLS_MAX: usize = 16;

/// The five kinds with a fixed unit. A scenario can name up to three more, counted in whole units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Builtin {
    /// Milli-vCPU.
    Cpu,
    /// MiB.
    Memory,
    /// GiB.
    Disk,
    /// Mbit/s.
    Network,
    /// Milli-GPU.
    Gpu,
}

impl Builtin {
    /// All of them, in the order in which every table lists them.
    pub const ALL: [Self; 5] = [Self::Cpu, Self::Memory, Self::Disk, Self::Network, Self::Gpu];

    /// The word for it, in scenario files and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Disk => "disk",
            Self::Network => "network",
            Self::Gpu => "gpu",
        }
    }

    /// The unit of its amounts.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Cpu => "milli-vCPU",
            Self::Memory => "MiB",
            Self::Disk => "GiB",
            Self::Network => "Mbit/s",
            Self::Gpu => "milli-GPU",
        }
    }
}

/// The kinds of resource that one scenario's demand asks for, in column order: builtin kinds
/// first, then the scenario's own in the order it names them. What nobody asks for is no column,
/// so it neither limits a placement nor enters a score.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kinds {
    /// Name and unit of each kind; at most [`KINDS_MAX`].
    list: Vec<(String, String)>,
}

impl Kinds {
    /// The kinds `(name, unit)` in column order.
    ///
    /// # Panics
    /// If there are more than [`KINDS_MAX`].
    pub fn new(list: Vec<(String, String)>) -> Self {
        assert!(list.len() <= KINDS_MAX, "the scenario check bounds the kinds");
        Self { list }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the scenario asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The word for a column.
    pub fn name(&self, column: usize) -> &str {
        &self.list[column].0
    }

    /// The unit of a column.
    pub fn unit(&self, column: usize) -> &str {
        &self.list[column].1
    }

    /// The column of GPUs, which lie in devices of [`DEVICE_MILLI`]: the builtin kind. What else is
    /// called `gpu`, in another unit, is an amount like any other.
    pub fn devices(&self) -> Option<usize> {
        let column = self.column(Builtin::Gpu.name())?;
        (self.unit(column) == Builtin::Gpu.unit()).then_some(column)
    }

    /// The column of a name.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.list.iter().position(|(known, _)| known == name)
    }
}
