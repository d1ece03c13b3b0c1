//! The event loop alone: our agenda against a binary heap, desque and nexosim.
//!
//! Each engine runs the same self-scheduling events: so many chains, each event scheduling the
//! next of its chain after the next gap of one shared list. The order in which events happen goes
//! into a digest, which must be the same for all.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use fleetcast_benches::exponential_ms;
use fleetcast_core::agenda::{Agenda, Class, Classed};
use fleetcast_core::time::Time;
use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{EventSinkReader, EventSource, Output, SinkState, event_slot};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

/// So many gaps between events, used round and round.
const GAPS: usize = 1 << 16;
static GAPS_MS: LazyLock<Arc<[u64]>> = LazyLock::new(|| exponential_ms(100_000_000.0, GAPS).into());

/// Who happened, in which order; and the gaps used so far.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct Told {
    digest: u64,
    gaps: usize,
}

impl Told {
    #[inline]
    fn hear(&mut self, chain: u32) {
        self.digest = self.digest.wrapping_mul(31).wrapping_add(chain.into());
    }

    #[inline]
    fn gap_ms(&mut self, gaps_ms: &[u64]) -> u64 {
        self.gaps += 1;
        gaps_ms[self.gaps % GAPS]
    }
}

/// An event: `left` more of its chain follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Link {
    chain: u32,
    left: u32,
}

impl Classed for Link {
    fn class(&self) -> Class {
        Class::CapacityFreed
    }
}

fn with_agenda(chains: u32, links: u32) -> u64 {
    let (mut told, gaps_ms) = (Told::default(), &**GAPS_MS);
    let mut agenda = Agenda::new();
    for chain in 0..chains {
        agenda.push(Time::from_ms(told.gap_ms(gaps_ms)), Link { chain, left: links - 1 });
    }
    while let Some((now, Link { chain, left })) = agenda.pop() {
        told.hear(chain);
        if left > 0 {
            agenda.push(now.after(told.gap_ms(gaps_ms)), Link { chain, left: left - 1 });
        }
    }
    told.digest
}

fn with_binary_heap(chains: u32, links: u32) -> u64 {
    let (mut told, gaps_ms) = (Told::default(), &**GAPS_MS);
    let mut heap = BinaryHeap::new();
    let mut sequence = 0u64;
    let mut push = |heap: &mut BinaryHeap<_>, at_ms: u64, link: Link| {
        sequence += 1;
        heap.push(Reverse((at_ms, link.class(), sequence, link)));
    };
    for chain in 0..chains {
        push(&mut heap, told.gap_ms(gaps_ms), Link { chain, left: links - 1 });
    }
    while let Some(Reverse((now_ms, _, _, Link { chain, left }))) = heap.pop() {
        told.hear(chain);
        if left > 0 {
            push(&mut heap, now_ms + told.gap_ms(gaps_ms), Link { chain, left: left - 1 });
        }
    }
    told.digest
}

struct DesqueState {
    told: Told,
    gaps_ms: Arc<[u64]>,
}

impl desque::SimState<u64> for DesqueState {}

impl desque::serial::Event<DesqueState, u64> for Link {
    fn execute(
        &mut self,
        simulation: &mut desque::serial::Simulation<DesqueState, u64>,
    ) -> desque::Result {
        let state = simulation.state_mut();
        state.told.hear(self.chain);
        if self.left == 0 {
            return Ok(());
        }
        let gap_ms = state.told.gap_ms(&state.gaps_ms);
        let at_ms = simulation.current_time() + gap_ms;
        simulation.schedule(Self { left: self.left - 1, ..*self }, at_ms)
    }
}

fn with_desque(chains: u32, links: u32) -> u64 {
    let state = DesqueState { told: Told::default(), gaps_ms: GAPS_MS.clone() };
    let mut simulation = desque::serial::Simulation::new(state, 0);
    for chain in 0..chains {
        let state = simulation.state_mut();
        let at_ms = state.told.gap_ms(&state.gaps_ms);
        let link = Link { chain, left: links - 1 };
        simulation.schedule(link, at_ms).expect("it is in the future");
    }
    simulation.run().expect("no event fails");
    simulation.state().told.digest
}

#[derive(Default, Serialize, Deserialize)]
struct NexosimModel {
    told: Told,
    digest: Output<u64>,
}

#[Model]
impl NexosimModel {
    fn begin(&mut self, (chains, links): (u32, u32), context: &Context<Self>) {
        for chain in 0..chains {
            self.schedule(Link { chain, left: links - 1 }, context);
        }
    }

    fn schedule(&mut self, link: Link, context: &Context<Self>) {
        let gap = Duration::from_millis(self.told.gap_ms(&GAPS_MS));
        context.schedule_event(gap, schedulable!(Self::happen), link).expect("it is in the future");
    }

    #[nexosim(schedulable)]
    fn happen(&mut self, link: Link, context: &Context<Self>) {
        self.told.hear(link.chain);
        if link.left > 0 {
            self.schedule(Link { left: link.left - 1, ..link }, context);
        }
    }

    async fn end(&mut self) {
        self.digest.send(self.told.digest).await;
    }
}

fn with_nexosim(chains: u32, links: u32) -> u64 {
    let (mut model, mailbox) = (NexosimModel::default(), Mailbox::new());
    let (sink, mut digest) = event_slot(SinkState::Enabled);
    model.digest.connect_sink(sink);
    // One thread: it is the fastest for one model.
    let mut bench = SimInit::with_num_threads(1);
    let begin = EventSource::new().connect(NexosimModel::begin, &mailbox).register(&mut bench);
    let end = EventSource::new().connect(NexosimModel::end, &mailbox).register(&mut bench);
    let bench = bench.add_model(model, mailbox, "chains");
    let mut simulation = bench.init(MonotonicTime::EPOCH).expect("the bench is complete");
    simulation.process_event(&begin, (chains, links)).expect("the model begins");
    simulation.run().expect("no event fails");
    simulation.process_event(&end, ()).expect("the model ends");
    digest.try_read().expect("the model sent its digest")
}

type Engine = (&'static str, fn(u32, u32) -> u64);

fn loops(criterion: &mut Criterion) {
    let engines: [Engine; 4] = [
        ("fleetcast agenda", with_agenda),
        ("BinaryHeap", with_binary_heap),
        ("desque", with_desque),
        ("nexosim", with_nexosim),
    ];
    for (chains, links) in [(1_000, 50), (50_000, 2)] {
        let expected = with_binary_heap(chains, links);
        let name = format!("event loop: {links} events in each of {chains} chains");
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(u64::from(chains) * u64::from(links)));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        group.warm_up_time(Duration::from_secs(1));
        for (engine, run) in engines {
            assert_eq!(run(chains, links), expected, "{engine} keeps the order");
            group.bench_function(engine, |b| b.iter(|| run(black_box(chains), links)));
        }
        group.finish();
    }
}

/// The hold model: take the first, schedule one more; so many are always pending.
fn hold(criterion: &mut Criterion) {
    const OPERATIONS: usize = 200_000;
    let gaps_ms = &**GAPS_MS;
    for pending in [1_000u32, 100_000, 1_000_000] {
        let mut group = criterion.benchmark_group(format!("hold, {pending} pending"));
        group.throughput(Throughput::Elements(OPERATIONS as u64));
        group.sample_size(10).measurement_time(Duration::from_secs(2));
        group.warm_up_time(Duration::from_secs(1));

        let (mut agenda, mut heap) = (Agenda::new(), BinaryHeap::new());
        let (mut told, mut told_by_heap) = (Told::default(), Told::default());
        let mut sequence = 0u64;
        for chain in 0..pending {
            let link = Link { chain, left: 0 };
            agenda.push(Time::from_ms(told.gap_ms(gaps_ms)), link);
            heap.push(Reverse((told_by_heap.gap_ms(gaps_ms), link.class(), sequence, link)));
            sequence += 1;
        }
        let mut hold_agenda = || {
            for _ in 0..OPERATIONS {
                let (now, link) = agenda.pop().expect("it never runs out");
                told.hear(link.chain);
                agenda.push(now.after(told.gap_ms(gaps_ms)), link);
            }
            told.digest
        };
        let mut hold_heap = || {
            for _ in 0..OPERATIONS {
                let Reverse((now_ms, class, _, link)) = heap.pop().expect("it never runs out");
                told_by_heap.hear(link.chain);
                heap.push(Reverse((now_ms + told_by_heap.gap_ms(gaps_ms), class, sequence, link)));
                sequence += 1;
            }
            told_by_heap.digest
        };
        assert_eq!(hold_agenda(), hold_heap(), "both keep the order");
        group.bench_function(BenchmarkId::from_parameter("fleetcast agenda"), |b| {
            b.iter(&mut hold_agenda);
        });
        group.bench_function(BenchmarkId::from_parameter("BinaryHeap"), |b| {
            b.iter(&mut hold_heap);
        });
        group.finish();
    }
}

criterion_group!(benches, loops, hold);
criterion_main!(benches);
