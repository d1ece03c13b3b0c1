//! Services: their instances are VMs like all others, asked for and ended by what the service
//! needs.
//!
//! pending → booting → ready → available → terminating → gone, or booting → failed. An instance is a request of its
//! service's demand, so placement, quotas, groups and the waiting room know nothing of services.
//! It stays for good, until it is taken out of service; it keeps its room for a grace then. One
//! that loses its host asks again with the same request.

use super::rollouts::{Due, UnderWay, Watched};
use super::traffic::Follower;
use super::{Comes, Event, Simulation};
use crate::demand::{FOR_GOOD_MS, Request, Size};
use crate::dice;
use crate::fact::{Fact, RequestId};
use crate::observe::Observer;
use crate::rollout::plan::{Counts, Status, Version};
use crate::scenario::{Arrivals, DemandId, ImageId, Scenario, ServiceId};
use crate::state::{Ask, GroupKey, VmId};
use crate::time::Time;
use rand::RngExt;
use std::collections::{BTreeMap, VecDeque};

/// How far an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Pending,
    Failed,
    Booting,
    Ready,
    Available,
    Terminating,
    /// Its row is vacant: what is still planned for it finds nobody.
    Gone,
}

#[derive(Clone, Copy, Debug)]
struct Instance {
    service: ServiceId,
    version: Version,
    image: ImageId,
    stage: Stage,
    request: RequestId,
    /// Its place in the waiting room.
    ticket: Option<u32>,
    vm: Option<VmId>,
    boot_ms: u64,
    /// Whether it never becomes ready.
    fails: bool,
    min_ready_ms: u64,
    /// When it goes on to its next stage; an event at another time is out of date.
    due: Time,
}

/// A service as it is.
#[derive(Debug)]
pub(super) struct Running {
    /// What it runs, apart from what a rollout under way brings.
    pub(super) image: ImageId,
    /// Its instances, by row, in the order in which they were made.
    members: Vec<u32>,
    pub(super) counts: [Counts; 2],
    pub(super) terminating: u32,
    /// Instances that have room.
    pub(super) used: u32,
    /// How many instances it ever had: they make up its groups.
    made: u64,
    boot_dice: dice::Stream,
    pub(super) defect_dice: dice::Stream,
    pub(super) under_way: Option<Box<UnderWay>>,
    /// What is known of its traffic, if it has any.
    pub(super) follower: Option<Box<Follower>>,
    /// Rollouts that are due and wait for the one under way: rows of the scenario's.
    pub(super) queue: VecDeque<Due>,
    /// Whether its rollout will be asked at this instant.
    pub(super) is_asked: bool,
}

/// All services, and their instances.
#[derive(Debug)]
pub(super) struct Services {
    /// The row of the first service's demand: those behind it are services' too.
    first_demand: usize,
    pub(super) list: Vec<Running>,
    instances: Vec<Instance>,
    /// Rows of instances that are gone, to be used again.
    vacant: Vec<u32>,
    by_request: BTreeMap<RequestId, u32>,
    /// At the very beginning instances are there already.
    is_beginning: bool,
    pub(super) rollouts_begun: u32,
    /// Rollouts whose image will be found bad, by number.
    pub(super) watched: BTreeMap<u32, Watched>,
}

impl Running {
    /// Instances that serve users.
    pub(super) fn serving(&self) -> u32 {
        let [old, new] = self.counts.map(|counts| counts.available);
        self.under_way.as_ref().map_or(old, |under_way| under_way.serving(old, new))
    }

    /// What progress is judged by: instances of the target, of the other version, all that are
    /// ready, all that are available.
    pub(super) fn progress(&self, status: &Status) -> [u32; 4] {
        let target = self.counts[status.target.row()];
        let other = self.counts[status.target.other().row()];
        let (ready, available) = (target.ready + other.ready, target.available + other.available);
        [target.wanted, other.wanted, ready, available]
    }
}

impl Services {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let is_service = |demand: &crate::scenario::Demand| {
            matches!(demand.arrivals, Arrivals::Instances(_)) //
        };
        let list = scenario.services.iter().map(|service| Running {
            image: service.image,
            members: Vec::new(),
            counts: [Counts::default(); 2],
            terminating: 0,
            used: 0,
            made: 0,
            boot_dice: dice::stream(scenario.seed, &format!("boots/{}", service.name)),
            defect_dice: dice::stream(scenario.seed, &format!("defects/{}", service.name)),
            under_way: None,
            follower: None,
            queue: VecDeque::new(),
            is_asked: false,
        });
        Self {
            first_demand: scenario.demands.iter().position(is_service).unwrap_or(usize::MAX),
            list: list.collect(),
            instances: Vec::new(),
            vacant: Vec::new(),
            by_request: BTreeMap::new(),
            is_beginning: false,
            rollouts_begun: 0,
            watched: BTreeMap::new(),
        }
    }

    /// Whether a demand is a service's.
    #[inline]
    pub(super) fn own(&self, demand: DemandId) -> bool {
        demand.row() >= self.first_demand
    }

    /// The VMs of instances, and the image of each.
    pub(super) fn images(&self) -> impl Iterator<Item = (VmId, ImageId)> {
        self.list.iter().flat_map(|running| {
            let coming =
                running.under_way.as_ref().map_or(running.image, |under_way| under_way.to());
            let instances = running.members.iter().map(|row| &self.instances[*row as usize]);
            instances.filter_map(move |instance| {
                let image = if instance.version == Version::Old { running.image } else { coming };
                Some((instance.vm?, image))
            })
        })
    }

    fn row_of(&self, request: RequestId) -> u32 {
        *self.by_request.get(&request).expect("an instance is known by its request")
    }

    /// What the instance of a request runs.
    pub(super) fn image_of(&self, request: RequestId) -> ImageId {
        self.instances[self.row_of(request) as usize].image
    }

    /// Whether the instance of a request terminates.
    pub(super) fn is_terminating(&self, request: RequestId) -> bool {
        self.instances[self.row_of(request) as usize].stage == Stage::Terminating
    }

    /// How many instances of the service whose demand this is are available; `None`: it is none's.
    pub(super) fn available(&self, demand: DemandId) -> Option<u64> {
        let running = self.list.get(demand.row().checked_sub(self.first_demand)?)?;
        Some(running.counts.iter().map(|counts| u64::from(counts.available)).sum())
    }

    /// Whether the instance of a request boots as this VM.
    pub(super) fn is_booting(&self, request: RequestId, vm: VmId) -> bool {
        self.by_request.get(&request).is_some_and(|row| {
            let instance = &self.instances[*row as usize];
            instance.stage == Stage::Booting && instance.vm == Some(vm)
        })
    }

    /// Whether the instance of a request has booted as this VM, and does not terminate.
    pub(super) fn is_up(&self, request: RequestId, vm: VmId) -> bool {
        self.by_request.get(&request).is_some_and(|row| {
            let instance = &self.instances[*row as usize];
            let is_up = matches!(instance.stage, Stage::Ready | Stage::Available);
            is_up && instance.vm == Some(vm)
        })
    }

    /// How long the instance of a request boots once it has room, ms.
    pub(super) fn boot_ms(&self, request: RequestId) -> u64 {
        if self.is_beginning { 0 } else { self.instances[self.row_of(request) as usize].boot_ms }
    }

    /// The instance of a request waits, with this ticket.
    pub(super) fn wait(&mut self, request: RequestId, ticket: u32) {
        let row = self.row_of(request);
        self.instances[row as usize].ticket = Some(ticket);
    }

    fn add(&mut self, instance: Instance) -> u32 {
        let row = match self.vacant.pop() {
            Some(row) => {
                self.instances[row as usize] = instance;
                row
            }
            None => {
                self.instances.push(instance);
                u32::try_from(self.instances.len() - 1).expect("instances are VMs, and bounded")
            }
        };
        self.by_request.insert(instance.request, row);
        let running = &mut self.list[instance.service.row()];
        running.members.push(row);
        let counts = &mut running.counts[instance.version.row()];
        counts.wanted += 1;
        counts.pending += 1;
        row
    }

    /// An instance is not there any more.
    fn remove(&mut self, row: u32) {
        let instance = &mut self.instances[row as usize];
        instance.stage = Stage::Gone;
        let Instance { service, request, .. } = *instance;
        self.by_request.remove(&request);
        self.list[service.row()].members.retain(|member| *member != row);
        self.vacant.push(row);
    }

    /// Takes an instance out of the counts of its version, as far as it was.
    fn discount(&mut self, row: u32) {
        let Instance { service, version, stage, .. } = self.instances[row as usize];
        let counts = &mut self.list[service.row()].counts[version.row()];
        counts.wanted -= 1;
        counts.pending -= u32::from(stage == Stage::Pending);
        counts.ready -= u32::from(stage >= Stage::Ready);
        counts.available -= u32::from(stage == Stage::Available);
        counts.failed -= u32::from(stage == Stage::Failed);
    }

    /// The instances of a version that go first when so many are to go: those that are as little
    /// along as possible, of equals the youngest.
    fn victims(&self, service: ServiceId, version: Version, count: u32) -> Vec<u32> {
        let members = self.list[service.row()].members.iter().rev().copied();
        let mut rows: Vec<u32> = members
            .filter(|row| {
                let instance = &self.instances[*row as usize];
                instance.version == version && instance.stage < Stage::Terminating
            })
            .collect();
        rows.sort_by_key(|row| self.instances[*row as usize].stage);
        rows.truncate(count as usize);
        rows
    }

    /// A rollout is over: what is new is old from now on, if the service stays with it.
    pub(super) fn settle_on(&mut self, service: ServiceId, image: ImageId) {
        let running = &mut self.list[service.row()];
        running.image = image;
        running.counts.swap(Version::Old.row(), Version::New.row());
        for row in &running.members {
            let version = &mut self.instances[*row as usize].version;
            *version = version.other();
        }
    }
}

impl Simulation {
    /// All instances that services begin with, and the first look at each rollout.
    pub(super) fn begin_services(&mut self, observer: &mut impl Observer) {
        let scenario = self.scenario.clone();
        self.services.is_beginning = true;
        for (row, service) in scenario.services.iter().enumerate() {
            for _ in 0..service.instances {
                let id = ServiceId::from_row(row);
                self.make_instance(Time::ZERO, id, Version::Old, service.image, observer);
            }
        }
        self.services.is_beginning = false;
        for (row, rollout) in scenario.rollouts.iter().enumerate() {
            let row = u32::try_from(row).expect("the scenario check bounds rollouts");
            self.agenda.push(Time::from_ms(rollout.at_ms), Event::RollOut(row));
        }
    }

    /// What each instance of a service asks for, apart from its group; held for good.
    pub(super) fn ask_of_service(&self, service: ServiceId) -> Ask {
        let demand = self.scenario.services[service.row()].demand.row();
        let (flavor, _) = self.scenario.demands[demand].mix[0];
        self.flavor_asks[demand][flavor.row()]
    }

    /// A new instance, which gets room or waits for it.
    pub(super) fn make_instance(
        &mut self,
        now: Time,
        service: ServiceId,
        version: Version,
        image: ImageId,
        observer: &mut impl Observer,
    ) {
        let scenario = self.scenario.clone();
        let (rule, id) = (&scenario.services[service.row()], image);
        let image = &scenario.images[id.row()];
        let demand = &scenario.demands[rule.demand.row()];
        let running = &mut self.services.list[service.row()];
        let number = running.made;
        running.made += 1;
        let boot_ms = image.boot.draw(&mut running.boot_dice);
        let fails_to_boot = image.defects.fails_to_boot;
        let fails = fails_to_boot > 0.0 && running.defect_dice.random::<f64>() < fails_to_boot;
        let mut request = Request {
            at: now,
            demand: rule.demand,
            tenant: demand.tenant,
            size: Size::Flavor(demand.mix[0].0),
            pool: demand.pool,
            group: demand.group.map(|group| {
                let number = group.size.map_or(0, |size| number / u64::from(size));
                GroupKey::Number(rule.demand, number)
            }),
            priority: demand.priority,
            stay_ms: FOR_GOOD_MS,
            believed_ms: FOR_GOOD_MS,
            boot_ms,
            name: None,
        };
        let arrived = self.arrive(&mut request, Some(id), observer);
        self.services.add(Instance {
            service,
            version,
            image: id,
            stage: Stage::Pending,
            request: arrived.request,
            ticket: None,
            vm: None,
            boot_ms,
            fails,
            min_ready_ms: rule.min_ready_ms.unwrap_or(image.min_ready_ms),
            due: now,
        });
        self.explain_instance(now, &arrived);
        self.settle(now, &arrived, observer);
    }

    /// The instance of a request has got room, and boots for so long; `None`: its image is not there
    /// yet, and [`Self::boot_instance`] tells.
    pub(super) fn start_instance(
        &mut self,
        now: Time,
        request: RequestId,
        vm: VmId,
        boot_ms: Option<u64>,
        observer: &mut impl Observer,
    ) {
        let row = self.services.row_of(request);
        let is_beginning = self.services.is_beginning;
        let instance = &mut self.services.instances[row as usize];
        instance.stage = Stage::Booting;
        instance.ticket = None;
        instance.vm = Some(vm);
        instance.due = now.after(boot_ms.unwrap_or(u64::MAX));
        if is_beginning {
            (instance.min_ready_ms, instance.fails) = (0, false);
        }
        let (service, version, due) = (instance.service, instance.version, instance.due);
        let running = &mut self.services.list[service.row()];
        running.counts[version.row()].pending -= 1;
        running.used += 1;
        match boot_ms {
            Some(0) => self.boot_ends(now, row, observer),
            Some(_) => self.agenda.push(due, Event::Booted(row)),
            None => {}
        }
        self.ask_rollout(now, service);
    }

    /// The image of an instance is there: it boots for so long, if it is still wanted.
    pub(super) fn boot_instance(
        &mut self,
        now: Time,
        request: RequestId,
        boot_ms: u64,
        observer: &mut impl Observer,
    ) {
        let row = self.services.row_of(request);
        let instance = &mut self.services.instances[row as usize];
        if instance.stage != Stage::Booting {
            return;
        }
        instance.due = now.after(boot_ms);
        match boot_ms {
            0 => self.boot_ends(now, row, observer),
            _ => self.agenda.push(now.after(boot_ms), Event::Booted(row)),
        }
    }

    /// An instance should have booted by now.
    pub(super) fn boot_ends(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let instance = &mut self.services.instances[row as usize];
        if instance.stage != Stage::Booting || instance.due != now {
            return;
        }
        let Instance { service, version, request, min_ready_ms, .. } = *instance;
        if instance.fails {
            return self.fail_instance(now, request, observer);
        }
        instance.stage = Stage::Ready;
        instance.due = now.after(min_ready_ms);
        self.services.list[service.row()].counts[version.row()].ready += 1;
        observer.hear(now, &Fact::InstanceReady { request, service }, &self.state);
        match min_ready_ms {
            0 => self.prove(now, row, observer),
            ms => self.agenda.push(now.after(ms), Event::Proved(row)),
        }
        self.ask_rollout(now, service);
    }

    /// An instance never becomes ready. It keeps its room.
    pub(super) fn fail_instance(
        &mut self,
        now: Time,
        request: RequestId,
        observer: &mut impl Observer,
    ) {
        let row = self.services.row_of(request);
        let instance = &mut self.services.instances[row as usize];
        instance.stage = Stage::Failed;
        let Instance { service, version, .. } = *instance;
        self.services.list[service.row()].counts[version.row()].failed += 1;
        observer.hear(now, &Fact::InstanceFailed { request, service }, &self.state);
        self.ask_rollout(now, service);
    }

    /// An instance that was up is not ready any more: it boots again, or fails.
    pub(super) fn take_instance_down(&mut self, now: Time, request: RequestId) {
        let row = self.services.row_of(request);
        let instance = &mut self.services.instances[row as usize];
        let was_available = instance.stage == Stage::Available;
        instance.stage = Stage::Booting;
        instance.due = now.after(u64::MAX);
        let Instance { service, version, .. } = *instance;
        let counts = &mut self.services.list[service.row()].counts[version.row()];
        counts.ready -= 1;
        counts.available -= u32::from(was_available);
        self.ask_rollout(now, service);
    }

    /// An instance may have been ready for long enough.
    pub(super) fn prove(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let instance = &mut self.services.instances[row as usize];
        if instance.stage != Stage::Ready || instance.due != now {
            return;
        }
        instance.stage = Stage::Available;
        let Instance { service, version, request, .. } = *instance;
        self.services.list[service.row()].counts[version.row()].available += 1;
        observer.hear(now, &Fact::InstanceAvailable { request, service }, &self.state);
        self.tell_of_instance(now, service);
        self.ask_rollout(now, service);
        self.note_scaled_out(now, service, observer);
    }

    /// So many instances of a version are taken out of service.
    pub(super) fn terminate_instances(
        &mut self,
        now: Time,
        service: ServiceId,
        version: Version,
        count: u32,
        observer: &mut impl Observer,
    ) {
        let grace_ms = self.scenario.services[service.row()].grace_ms;
        for row in self.services.victims(service, version, count) {
            // Room that another gave up may have changed it meanwhile.
            let Instance { stage, request, .. } = self.services.instances[row as usize];
            self.services.discount(row);
            if stage == Stage::Pending {
                self.withdraw(now, row, observer);
                continue;
            }
            self.services.list[service.row()].terminating += 1;
            let instance = &mut self.services.instances[row as usize];
            instance.stage = Stage::Terminating;
            instance.due = now.after(grace_ms);
            let fact = Fact::InstanceTerminating { request, service, grace_ms };
            observer.hear(now, &fact, &self.state);
            match grace_ms {
                0 => self.end_instance(now, row, observer),
                ms => self.agenda.push(now.after(ms), Event::Gone(row)),
            }
        }
    }

    /// An instance that waits for room is not wanted any more.
    fn withdraw(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let Instance { ticket, request, .. } = self.services.instances[row as usize];
        if self.end_fallen(now, request, observer) {
            self.services.remove(row);
            return;
        }
        let ticket = ticket.expect("who has no room waits for it");
        let arrived = self.stop_waiting(ticket);
        self.services.remove(row);
        let (demand, tenant) = (arrived.demand, arrived.ask.tenant);
        let is_again = arrived.comes != Comes::First;
        let waited_ms = now.since_ms(arrived.at);
        self.state.forget(arrived.ask);
        if let Some(memory) = &mut self.memory {
            memory.forget(request);
        }
        let fact = Fact::Withdrawn { request, demand, tenant, waited_ms, is_again };
        observer.hear(now, &fact, &self.state);
    }

    /// An instance may have terminated by now.
    pub(super) fn end_instance(&mut self, now: Time, row: u32, observer: &mut impl Observer) {
        let Instance { stage, due, vm, service, .. } = self.services.instances[row as usize];
        if stage != Stage::Terminating || due != now {
            return;
        }
        self.services.remove(row);
        let running = &mut self.services.list[service.row()];
        running.terminating -= 1;
        running.used -= 1;
        let vm = vm.expect("who terminates has room");
        self.depart(now, vm, observer);
        self.ask_rollout(now, service);
    }

    /// An instance has lost its host: whether it asks again, with the same request. One that
    /// terminates does not.
    pub(super) fn lose_instance(&mut self, now: Time, request: RequestId) -> bool {
        let row = self.services.row_of(request);
        let Instance { service, version, stage, .. } = self.services.instances[row as usize];
        self.services.list[service.row()].used -= 1;
        self.ask_rollout(now, service);
        if stage == Stage::Terminating {
            self.services.list[service.row()].terminating -= 1;
            self.services.remove(row);
            return false;
        }
        self.services.discount(row);
        let instance = &mut self.services.instances[row as usize];
        instance.stage = Stage::Pending;
        instance.vm = None;
        let counts = &mut self.services.list[service.row()].counts[version.row()];
        counts.wanted += 1;
        counts.pending += 1;
        true
    }
}
