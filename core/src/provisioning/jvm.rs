//! Memory of a JVM: what to ask a scheduler for. HubSpot's formula; its author warns that it may
//! be incomplete. A task that takes more than it asked for is killed.

use crate::dice::Stream;
use rand::RngExt;
use rand_distr::{Distribution as _, StandardNormal};

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

/// How much a team asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Asks {
    /// What the formula says.
    ByFormula,
    /// So many times the heap, at the median, with an error whose logarithm has this σ.
    TimesHeap {
        /// 1 asks for the heap alone.
        factor: f64,
        /// 0: all guess alike.
        sigma: f64,
    },
}

/// What comes of it over many tasks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Toll {
    /// The share of tasks that need more than they asked for: they are killed, start again, and are
    /// killed again.
    pub killed: f64,
    /// What was asked for and is not needed, over what was asked for.
    pub waste: f64,
}

/// Draws so many tasks: heaps log-uniform and threads uniform between bounds, and a need that is
/// between `need_min` and all of what the formula says, uniform. They are killed by a limit of memory
/// as a control group has it: as soon as they need more.
pub fn toll(
    asks: Asks,
    tasks: u32,
    heap_mib: (f64, f64),
    threads: (u32, u32),
    need_min: f64,
    dice: &mut Stream,
) -> Toll {
    let (mut killed, mut asked_mib, mut unused_mib) = (0, 0.0, 0.0);
    for _ in 0..tasks {
        let (low, high) = (libm::log(heap_mib.0), libm::log(heap_mib.1));
        let heap = libm::exp(low + dice.random::<f64>() * (high - low));
        let jvm = Jvm {
            heap_mib: heap,
            threads: dice.random_range(threads.0..=threads.1),
            stack_mib: 1.0,
            gc_share: 0.1,
            jvm_mib: 128.0,
            off_heap_mib: 0.0,
        };
        let need = jvm.request_mib() * (need_min + dice.random::<f64>() * (1.0 - need_min));
        let error: f64 = StandardNormal.sample(dice);
        let asked = match asks {
            Asks::ByFormula => jvm.request_mib(),
            Asks::TimesHeap { factor, sigma } => heap * factor * libm::exp(sigma * error),
        };
        killed += u32::from(need > asked);
        asked_mib += asked;
        unused_mib += (asked - need).max(0.0);
    }
    Toll { killed: f64::from(killed) / f64::from(tasks), waste: unused_mib / asked_mib }
}
