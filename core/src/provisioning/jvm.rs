//! Memory of a JVM: what to ask a scheduler for. HubSpot's formula; its author warns that it may
//! be incomplete. A task that takes more than it asked for is killed.

/// A JVM, in MiB.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Jvm {
    /// The largest heap.
    pub heap_mib: f64,
    /// Threads at most.
    pub threads: u32,
    /// The stack of each.
    pub stack_mib: f64,
    /// What collecting garbage takes, as a share of the heap.
    pub gc_share: f64,
    /// What the machine itself takes.
    pub jvm_mib: f64,
    /// What is allocated beside the heap.
    pub off_heap_mib: f64,
}

impl Jvm {
    /// What to ask for, MiB.
    pub fn request_mib(&self) -> f64 {
        self.heap_mib
            + self.stack_mib * f64::from(self.threads)
            + self.gc_share * self.heap_mib
            + self.jvm_mib
            + self.off_heap_mib
    }

    /// How many of them fit into so much.
    pub fn tasks_in(&self, mib: f64) -> u64 {
        (mib / self.request_mib()) as u64
    }
}
