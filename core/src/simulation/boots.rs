//! Boots that can fail: a try meets what its image needs from others, or not, and is begun anew
//! until one succeeds or nobody tries any more.
//!
//! What a boot needs must be there at the instant at which a try begins. A dependency with outages
//! has one course that all boots share; of one without, each try finds for itself whether it is
//! there. That luck is of a stream named by the demand and by the request's number in it.

use super::{Arrived, Comes, Event, Simulation};
use crate::demand::FOR_GOOD_MS;
use crate::dice::{self, Stream};
use crate::fact::{BootFault, Fact, RequestId, Stage, Stages};
use crate::observe::Observer;
use crate::provisioning::dependency::Course;
use crate::scenario::{Dependency, DependencyId, ImageId, Scenario, Tries};
use crate::state::VmId;
use crate::time::Time;
use rand::RngExt;
use std::collections::BTreeMap;

/// A VM that has a host and is to boot there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coming {
    pub(super) arrived: Arrived,
    pub(super) vm: VmId,
    pub(super) placed: Time,
    pub(super) boot_ms: u64,
    pub(super) is_instance: bool,
    pub(super) stages: Stages,
}

/// What boots need, and those that are being tried.
#[derive(Debug)]
pub(super) struct Boots {
    courses: Vec<Needed>,
    /// By demand: how many requests it has made.
    made: Vec<u32>,
    trying: BTreeMap<u32, Trying>,
    next: u32,
}

/// A dependency as boots find it.
#[derive(Debug)]
struct Needed {
    /// `None`: each try finds for itself.
    course: Option<Course>,
    known: Vec<(u64, u64)>,
    missing: f64,
}

/// A boot whose last try failed.
#[derive(Debug)]
struct Trying {
    coming: Coming,
    image: ImageId,
    dice: Stream,
    begun: Time,
    tries: u32,
    fault: BootFault,
}

impl Needed {
    fn new(seed: u64, dependency: &Dependency) -> Self {
        let dice = || dice::stream(seed, &format!("dependencies/{}", dependency.name));
        let course = |ms| Course::new(dependency.availability, ms, dice());
        Self {
            course: dependency.outage_ms.map(course),
            known: dependency.known.clone(),
            missing: 1.0 - dependency.availability,
        }
    }

    /// The outage that a try of this luck meets: its number, where others meet it too.
    fn outage_at(&mut self, now: Time, luck: f64) -> Option<Option<u32>> {
        let is_now = |(from, to): &(u64, u64)| (*from..*to).contains(&now.ms());
        let number = |row: usize| u32::try_from(row).expect("the scenario check bounds outages");
        if let Some(row) = self.known.iter().position(is_now) {
            return Some(Some(number(row)));
        }
        match &mut self.course {
            Some(course) => course.outage_at(now).map(|n| Some(n + number(self.known.len()))),
            None => (luck < self.missing).then_some(None),
        }
    }
}

impl Boots {
    /// `None` where every boot succeeds.
    pub(super) fn new(scenario: &Scenario) -> Option<Box<Self>> {
        let needed = |dependency| Needed::new(scenario.seed, dependency);
        scenario.tries_boots().then(|| {
            Box::new(Self {
                courses: scenario.dependencies.iter().map(needed).collect(),
                made: vec![0; scenario.demands.len()],
                trying: BTreeMap::new(),
                next: 0,
            })
        })
    }

    /// The number of a new request among those of its demand.
    pub(super) fn number(&mut self, demand: usize) -> u32 {
        let number = self.made[demand];
        self.made[demand] = number.wrapping_add(1);
        number
    }

    /// Why a try that begins now fails, if it does. Its luck is drawn whole, so that what is
    /// found does not change the luck of the next.
    fn fault(&mut self, now: Time, tries: &Tries, dice: &mut Stream) -> Option<BootFault> {
        let own: f64 = dice.random();
        let mut fault = (own < tries.fails).then_some(BootFault::Own);
        for id in tries.needs.iter().rev() {
            let luck: f64 = dice.random();
            if let Some(outage) = self.courses[id.row()].outage_at(now, luck) {
                fault = Some(BootFault::Missing { dependency: *id, outage });
            }
        }
        fault
    }
}

impl Simulation {
    /// What a request's VM runs.
    pub(super) fn image_of(&self, arrived: &Arrived) -> Option<ImageId> {
        match self.services.own(arrived.demand) {
            true => Some(self.services.image_of(arrived.request)),
            false => self.scenario.demands[arrived.demand.row()].image,
        }
    }

    /// Whether a VM is there when the run begins: it has what it needs.
    pub(super) fn is_there(&self, now: Time, arrived: &Arrived) -> bool {
        now == Time::ZERO && self.scenario.demands[arrived.demand.row()].is_there_at_start()
    }

    /// Whether a VM's boot is tried, and not just waited for.
    pub(super) fn tries_boot(&self, now: Time, arrived: &Arrived) -> bool {
        self.boots.is_some()
            && !self.is_there(now, arrived)
            && self
                .image_of(arrived)
                .is_some_and(|image| self.scenario.images[image.row()].tries.matter())
    }

    /// A VM has all it needs from its host: it boots.
    pub(super) fn boot(&mut self, now: Time, coming: Coming, observer: &mut impl Observer) {
        let Coming { arrived, vm, boot_ms, is_instance, stages, .. } = coming;
        if !self.tries_boot(now, &arrived) {
            self.tell_late(now, &coming, boot_ms, observer);
            self.account(now, &arrived, vm, stages, boot_ms, observer);
            if is_instance {
                self.boot_instance(now, arrived.request, boot_ms, observer);
            }
            if self.memory.is_some() {
                self.fill_memory(now, &arrived, vm, boot_ms);
            }
            return;
        }
        let Some(image) = self.image_of(&arrived) else { return };
        let demand = &self.scenario.demands[arrived.demand.row()].name;
        let number = arrived.number;
        let name = match arrived.comes {
            Comes::First => format!("tries/{demand}/{number}"),
            // It has booted before.
            _ => format!("tries/{demand}/{number}/{}", now.ms()),
        };
        let dice = dice::stream(self.scenario.seed, &name);
        let (begun, fault) = (now, BootFault::Own);
        self.try_boot(now, Trying { coming, image, dice, begun, tries: 0, fault }, observer);
    }

    /// A try begins.
    fn try_boot(&mut self, now: Time, mut trying: Trying, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        let rule = &scenario.images[trying.image.row()].tries;
        let Some(boots) = &mut self.boots else { return };
        trying.tries += 1;
        let fault = boots.fault(now, rule, &mut trying.dice);
        let Coming { arrived, vm, boot_ms, is_instance, mut stages, .. } = trying.coming;
        let request = arrived.request;
        let fetch = |id: &DependencyId| scenario.dependencies[id.row()].fetch_ms;
        let takes_ms = match fault {
            None => boot_ms + rule.needs.iter().map(fetch).sum::<u64>(),
            Some(_) => rule.again_ms,
        };
        let attempt = trying.tries;
        observer.hear(now, &Fact::BootTried { request, vm, attempt, fault, takes_ms }, &self.state);
        let Some(fault) = fault else {
            stages.add(Stage::Retries, now.since_ms(trying.begun));
            self.tell_late(now, &trying.coming, takes_ms, observer);
            self.account(now, &arrived, vm, stages, takes_ms, observer);
            if is_instance {
                self.boot_instance(now, request, takes_ms, observer);
            }
            if self.memory.is_some() {
                self.fill_memory(now, &arrived, vm, takes_ms);
            }
            return;
        };
        trying.fault = fault;
        if let Some(boots) = &mut self.boots {
            let id = boots.next;
            boots.next = boots.next.wrapping_add(1);
            boots.trying.insert(id, trying);
            self.agenda.push(now.after(takes_ms), Event::TryAgain(id));
        }
    }

    /// A VM boots now for so long. If it was down, it was told to be ready sooner.
    fn tell_late(
        &mut self,
        now: Time,
        coming: &Coming,
        boot_ms: u64,
        observer: &mut impl Observer,
    ) {
        let Coming { arrived, vm, placed, boot_ms: told_boot_ms, .. } = *coming;
        let (told, ready) = (placed.after(told_boot_ms), now.after(boot_ms));
        if arrived.comes != Comes::Down || ready <= told {
            return;
        }
        if let Some(marks) = &mut self.marks {
            marks.of_mut(vm).down_until = ready;
        }
        let (request, tenant) = (arrived.request, arrived.ask.tenant);
        let (told_ms, late_ms) = (told.since_ms(arrived.at), ready.since_ms(told));
        let fact = Fact::VmLate { request, tenant, vm, told_ms, late_ms, boot_ms };
        observer.hear(now, &fact, &self.state);
    }

    /// It is found that a try has failed, if its VM still exists.
    pub(super) fn try_again(&mut self, now: Time, id: u32, observer: &mut impl Observer) {
        let trying = self.boots.as_mut().and_then(|boots| boots.trying.remove(&id));
        let Some(trying) = trying else { return };
        let Coming { arrived, vm, is_instance, .. } = trying.coming;
        let is_wanted = !is_instance || self.services.is_booting(arrived.request, vm);
        if !is_wanted || !self.is_still_there(&trying.coming) {
            return;
        }
        let most = self.scenario.images[trying.image.row()].tries.most;
        if most.is_none_or(|most| trying.tries < most) {
            return self.try_boot(now, trying, observer);
        }
        let (request, demand, fault) = (arrived.request, arrived.demand, trying.fault);
        observer.hear(now, &Fact::BootGivenUp { request, demand, vm, fault }, &self.state);
        match is_instance {
            true => self.fail_instance(now, request, observer),
            false => self.end_early(now, vm, arrived.stay_ms == FOR_GOOD_MS, observer),
        }
    }

    /// Whether a VM that is to boot has not lost its host meanwhile, and has not ended.
    pub(super) fn is_still_there(&self, coming: &Coming) -> bool {
        let RequestId(request) = coming.arrived.request;
        let found = self.state.vms.find(coming.vm);
        found.is_some_and(|found| found.request == request && found.placed == coming.placed)
    }

    /// A VM ends before its time. Its end, if it has one, is still on the agenda.
    pub(super) fn end_early(
        &mut self,
        now: Time,
        id: VmId,
        stays_for_good: bool,
        observer: &mut impl Observer,
    ) {
        if self.pool_moves.is_some() {
            self.drop_copy(now, id, observer);
        }
        if self.state.moves.target(id).is_some() {
            self.break_off(now, id, observer);
        }
        let vm = if stays_for_good { self.state.end(id) } else { self.state.end_early(id) };
        let host = vm.host;
        let fact = Fact::Departed { request: RequestId(vm.request), vm: id, host };
        observer.hear(now, &fact, &self.state);
        self.serve_after_leaving(now, host, vm.ask, observer);
        self.state.forget(vm.ask);
        if let Some(memory) = &mut self.memory {
            memory.forget(RequestId(vm.request));
        }
    }
}
