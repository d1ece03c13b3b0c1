//! Demand: requests, each complete when it is made.
//!
//! Whatever belongs to a VM (size, lifetime, boot time, group) is drawn here, never when it is
//! placed: so two policies face the same demand, and a demand's draws depend on no other.

pub mod alive;
pub mod distribution;
pub mod jobs;
mod memory;
pub mod poisson;
pub mod predictions;
pub mod traced;

use crate::dice;
use crate::problem::{Problem, Problems};
use crate::resources::Amounts;
use crate::scenario::{Arrivals, Demand, DemandId, FlavorId, PoolId, Scenario, TenantId};
use crate::source::Files;
use crate::state::groups::GroupKey;
use crate::time::Time;
use predictions::Predictor;
use rand::RngExt;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// A request as it arrives.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// When.
    pub at: Time,
    /// From which demand.
    pub demand: DemandId,
    /// Who owns it.
    pub tenant: TenantId,
    /// What it asks for.
    pub size: Size,
    /// The pool it must run in; `None`: any.
    pub pool: Option<PoolId>,
    /// Its group.
    pub group: Option<GroupKey>,
    /// Whom it goes before.
    pub priority: i32,
    /// How long its VM stays once placed, ms; `u64::MAX`: for good.
    pub stay_ms: u64,
    /// How long it is believed to stay, ms.
    pub believed_ms: u64,
    /// How long from placement to ready, ms.
    pub boot_ms: u64,
    /// What a trace calls it, where that is not simply its row number.
    pub name: Option<Box<str>>,
}

impl Default for Request {
    /// Room for one, as [`Requests::next_into`] wants it.
    fn default() -> Self {
        Self {
            at: Time::ZERO,
            demand: DemandId::from_row(0),
            tenant: TenantId::from_row(0),
            size: Size::Flavor(FlavorId::from_row(0)),
            pool: None,
            group: None,
            priority: 0,
            stay_ms: 0,
            believed_ms: 0,
            boot_ms: 0,
            name: None,
        }
    }
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// A flavor of the scenario.
    Flavor(FlavorId),
    /// Amounts of its own.
    Own(Amounts),
}

/// Stays for good.
pub const FOR_GOOD_MS: u64 = u64::MAX;

/// All demands of a scenario as one stream of requests, in order of arrival; at one instant in
/// the order of the file.
#[derive(Debug)]
pub struct Requests {
    sources: Vec<Source>,
    /// When the next request of each source arrives, and the source's row.
    order: BinaryHeap<Reverse<(Time, usize)>>,
}

#[derive(Debug)]
enum Source {
    Drawn(Box<Drawn>),
    Traced(Box<traced::Traced>),
}

impl Requests {
    /// All demands at their beginning.
    ///
    /// # Errors
    /// If a trace that was checked cannot be opened or read any more.
    pub fn new(scenario: &Scenario, files: &dyn Files) -> Result<Self, Problems> {
        let (mut sources, mut order) = (Vec::new(), BinaryHeap::new());
        for (row, demand) in scenario.demands.iter().enumerate() {
            let id = DemandId::from_row(row);
            let source = match &demand.arrivals {
                Arrivals::Trace(trace) => {
                    let traced = traced::Traced::new(scenario, id, demand, trace, files)?;
                    Source::Traced(Box::new(traced))
                }
                // The demands of jobs and of services stand behind all others.
                Arrivals::Jobs(_) | Arrivals::Instances(_) => break,
                _ => Source::Drawn(Box::new(Drawn::new(scenario, id, demand))),
            };
            order.extend(source.next_at().map(|at| Reverse((at, row))));
            sources.push(source);
        }
        Ok(Self { sources, order })
    }

    /// When the next request arrives.
    #[inline]
    pub fn next_at(&self) -> Option<Time> {
        self.order.peek().map(|Reverse((at, _))| *at)
    }

    /// Reads the next request into `request`; whether there was one. One request's room serves
    /// all: a run's requests are many, and each is read once.
    ///
    /// # Errors
    /// If a trace cannot be read any more.
    #[inline(always)]
    pub fn next_into(&mut self, request: &mut Request) -> Result<bool, Problem> {
        let Some(mut first) = self.order.peek_mut() else { return Ok(false) };
        let source = &mut self.sources[first.0.1];
        match source {
            Source::Drawn(drawn) => drawn.make(first.0.0, request),
            Source::Traced(traced) => traced.make(request)?,
        }
        match source.next_at() {
            Some(at) => first.0.0 = at,
            None => drop(PeekMut::pop(first)),
        }
        Ok(true)
    }
}

impl Source {
    /// When its next request arrives.
    fn next_at(&self) -> Option<Time> {
        match self {
            Self::Drawn(drawn) => drawn.next_at,
            Self::Traced(traced) => traced.next_at(),
        }
    }
}

/// A demand whose requests are drawn.
#[derive(Debug)]
struct Drawn {
    id: DemandId,
    demand: Demand,
    times: Times,
    /// Flavors with the sum of the weights up to and with each.
    mix: Vec<(f64, FlavorId)>,
    flavor_dice: dice::Stream,
    lifetime_dice: dice::Stream,
    boot_dice: dice::Stream,
    predictor: Option<Predictor>,
    made: u64,
    next_at: Option<Time>,
}

#[derive(Debug)]
enum Times {
    Alive(alive::Alive),
    Poisson(Box<poisson::Poisson>),
}

impl Times {
    /// The next instant of arrival; `None` after the last.
    #[inline(always)]
    fn next_at(&mut self) -> Option<Time> {
        match self {
            Self::Alive(alive) => alive.next_at(),
            Self::Poisson(poisson) => poisson.next(),
        }
    }

    /// Who arrived at that instant stays so long, ms; how long it is to stay.
    fn settle(&mut self, at: Time, stay_ms: u64) -> u64 {
        match self {
            // A life of no time at all would be asked for again at once, and for ever.
            Self::Alive(alive) => {
                let stay_ms = stay_ms.max(1);
                alive.add(at, stay_ms);
                stay_ms
            }
            Self::Poisson(_) => stay_ms,
        }
    }
}

impl Drawn {
    fn new(scenario: &Scenario, id: DemandId, demand: &Demand) -> Self {
        let dice = |purpose| dice::stream(scenario.seed, &format!("{purpose}/{}", demand.name));
        let mut times = match &demand.arrivals {
            Arrivals::Alive(curve) => {
                Times::Alive(alive::Alive::new(curve.clone(), scenario.duration_ms))
            }
            Arrivals::Rate { per_ms, season } => Times::Poisson(Box::new(poisson::Poisson::new(
                per_ms.clone(),
                season.clone(),
                scenario.calendar,
                scenario.duration_ms,
                dice("arrivals"),
            ))),
            Arrivals::Trace(_) | Arrivals::Jobs(_) | Arrivals::Instances(_) => {
                unreachable!("they are not drawn")
            }
        };
        let mut sum = 0.0;
        let mut add = |&(flavor, weight): &(FlavorId, f64)| {
            sum += weight;
            (sum, flavor)
        };
        Self {
            id,
            demand: demand.clone(),
            next_at: times.next_at(),
            times,
            mix: demand.mix.iter().map(&mut add).collect(),
            flavor_dice: dice("flavors"),
            lifetime_dice: dice("lifetimes"),
            boot_dice: dice("boots"),
            predictor: Predictor::of(scenario, &demand.name),
            made: 0,
        }
    }

    /// The request that arrives at `at`, the instant told by `next_at`.
    #[inline(always)]
    fn make(&mut self, at: Time, request: &mut Request) {
        let lifetime = &self.demand.lifetime;
        // Who is there at the start is in the middle of its life.
        let stay_ms = match (&self.times, at) {
            (Times::Alive(_), Time::ZERO) => lifetime.draw_rest(&mut self.lifetime_dice),
            _ => lifetime.draw(&mut self.lifetime_dice),
        };
        let stay_ms = self.times.settle(at, stay_ms);
        self.next_at = self.times.next_at();
        let number = self.made;
        self.made += 1;
        request.at = at;
        request.demand = self.id;
        request.tenant = self.demand.tenant;
        request.size = Size::Flavor(self.draw_flavor());
        request.pool = self.demand.pool;
        request.group = self.demand.group.map(|rule| {
            GroupKey::Number(self.id, rule.size.map_or(0, |size| number / u64::from(size)))
        });
        request.priority = self.demand.priority;
        request.stay_ms = stay_ms;
        request.believed_ms = predictions::believed_ms(&mut self.predictor, stay_ms);
        request.boot_ms = self.demand.boot.draw(&mut self.boot_dice);
        request.name = None;
    }

    #[inline(always)]
    fn draw_flavor(&mut self) -> FlavorId {
        let (sum, last) = *self.mix.last().expect("a drawn demand has a flavor");
        if self.mix.len() == 1 {
            return last;
        }
        let drawn = self.flavor_dice.random::<f64>() * sum;
        let row = self.mix.partition_point(|(upto, _)| *upto <= drawn);
        self.mix.get(row).map_or(last, |(_, flavor)| *flavor)
    }
}
