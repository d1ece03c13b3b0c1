//! Facts: what has happened, told to observers. The engine's own plans are never facts.

pub mod hosts;
mod jobs;
mod memory;
mod pools;
mod stages;

pub use hosts::{HostOutcome, HostRolloutId, HostStep, HostWait, Stall, WhyStuck};
pub use jobs::{Answer, JobId, JobOf, OfferFact};
pub use memory::MemoryFact;
pub use pools::PoolFact;
pub use stages::{Stage, Stages};

use crate::rollout::plan::{Version, Wait};
use crate::rollout::timeline::{Outcome, Row};
use crate::scenario::{
    DemandId, DependencyId, DeskId, HostTypeId, ImageId, Level, RackId, ServiceId, TenantId, ZoneId,
};
use crate::state::{Ask, HostId, VmId};
use crate::time::Time;

/// A request's number: 0, 1, 2 … in the order of arrival over all demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl std::fmt::Display for RequestId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "q{}", self.0)
    }
}

/// Why no host took a request: which filter turned away most of the hosts that came furthest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// No host is in service.
    NoHosts,
    /// The tenant would have more than its quota: bit r stands for column r of the scenario's kinds,
    /// bit 8 for the number of VMs.
    Quota(u16),
    /// No host of the pool.
    Pool,
    /// None has the labels.
    Labels,
    /// All have a label that the request forbids.
    Forbidden,
    /// All have a taint that the request does not tolerate.
    Taints,
    /// None takes new VMs: they are to leave service.
    Cordoned,
    /// All hold VMs of other tenants, and one side wants none beside it.
    Exclusive,
    /// Too little of these resources: bit r stands for column r of the scenario's kinds.
    Short(u8),
    /// Enough GPUs are free on the host, but not together: no single device has enough left, or too
    /// few whole ones are free.
    Devices,
    /// Enough is free on the host, but not in its NUMA cells: too few have enough left, or there are
    /// too few.
    Cells,
    /// One more of the group on the host would be too many.
    GroupPerHost,
    /// One more of the group in the rack would be too many.
    GroupPerRack,
    /// One more of the group in the zone would be too many.
    GroupPerZone,
    /// The group is in other such places.
    Affinity(Level),
    /// One more of the group in the place would be too many more than where it has fewest.
    Skew(Level),
    /// Hosts have room, but the policy passes them over: closed next fit does not go back to them,
    /// or a filter of the scenario's own says no.
    PassedOver,
    /// All hosts are down.
    Down,
}

/// Why a host is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It failed by itself.
    Own,
    /// This host failed, and took it with it.
    Burst(HostId),
    /// Its rack failed.
    Rack(RackId),
    /// Its zone failed.
    Zone(ZoneId),
    /// The scenario's list of outages says so of it.
    Listed,
}

/// A rollout's number: 0, 1, 2 … in the order in which they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RolloutId(pub u32);

impl std::fmt::Display for RolloutId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "rollout {}", self.0)
    }
}

/// Why a rollout turned back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WhyBack {
    /// It stood still for longer than it may.
    Deadline,
    /// An analysis said no.
    Analysis,
    /// Somebody undid it.
    Undone,
    /// The new image was found bad in production.
    FoundBad,
    /// Instances failed for good.
    Failed,
    /// A load balancer would not change, and so none did.
    Balancers,
}

impl WhyBack {
    /// All of them: one's position is its number.
    pub const ALL: [Self; 6] = [
        Self::Deadline,
        Self::Analysis,
        Self::Undone,
        Self::FoundBad,
        Self::Failed,
        Self::Balancers,
    ];

    /// In a few words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Deadline => "it stood still for too long",
            Self::Analysis => "an analysis found the image bad",
            Self::Undone => "somebody undid it",
            Self::FoundBad => "the image was found bad in production",
            Self::Failed => "instances failed for good",
            Self::Balancers => "a load balancer would not change",
        }
    }
}

/// Why a try to boot failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootFault {
    /// By itself.
    Own,
    /// Something that it needs was not there.
    Missing {
        /// What.
        dependency: DependencyId,
        /// The number of the outage, from 0, which all meet that try in it; `None`: this try alone
        /// met it.
        outage: Option<u32>,
    },
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact<'a> {
    /// A host went into service.
    HostAdded {
        /// Which; indices are given in order and never again.
        host: HostId,
        /// What it is.
        host_type: HostTypeId,
        /// Where it stands.
        rack: RackId,
    },
    /// A host reached its age: it takes no new VMs and leaves when empty.
    HostCordoned {
        /// Which.
        host: HostId,
    },
    /// A host left service, empty.
    HostRetired {
        /// Which.
        host: HostId,
    },
    /// Hosts were ordered.
    Ordered {
        /// Number of the order, from 0.
        order: u32,
        /// What.
        host_type: HostTypeId,
        /// How many.
        hosts: u32,
        /// When they will be in service, ms from now.
        lead_ms: u64,
    },
    /// An order arrived; its `HostAdded` facts follow.
    Delivered {
        /// Number of the order.
        order: u32,
        /// How many.
        hosts: u32,
    },
    /// A request arrived.
    Requested {
        /// Its number.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// What it is called, where a trace's `vm_id` is not simply its row number.
        name: Option<&'a str>,
        /// What it asks for; held at this instant.
        ask: Ask,
    },
    /// A request found a host.
    Placed {
        /// Which request.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// The VM made for it.
        vm: VmId,
        /// Where it runs.
        host: HostId,
        /// How long it waited for room, ms.
        waited_ms: u64,
        /// From now until it is ready, ms.
        boot_ms: u64,
    },
    /// A request found no host and waits.
    Waiting {
        /// Which request.
        request: RequestId,
        /// Why.
        reason: Reason,
    },
    /// A request found no host, for good.
    Refused {
        /// Which request.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// Why.
        reason: Reason,
        /// How long it had waited, ms.
        waited_ms: u64,
    },
    /// A VM ended.
    Departed {
        /// The request it was made for.
        request: RequestId,
        /// Which VM; its id may be used again.
        vm: VmId,
        /// Where it ran.
        host: HostId,
    },
    /// A VM was pushed out by a request of higher priority. Right after the request is placed
    /// comes what becomes of the VM: `Resumed`, `Waiting` or `Lost`.
    Preempted {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// Which VM; its id may be used again.
        vm: VmId,
        /// Where it ran.
        host: HostId,
        /// Who pushed it out.
        by: RequestId,
        /// Why that one found no room.
        reason: Reason,
    },
    /// A request whose VM was pushed out found a host again.
    Resumed {
        /// Which request.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// The VM made for it now.
        vm: VmId,
        /// Where it runs.
        host: HostId,
        /// How long it waited for room, ms.
        waited_ms: u64,
        /// From now until it is ready, ms.
        boot_ms: u64,
    },
    /// A request whose VM was pushed out is not to have another.
    Lost {
        /// Which request.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// How long it had waited, ms.
        waited_ms: u64,
    },
    /// Somebody looked which hosts can be emptied.
    MovesPlanned {
        /// How many can.
        hosts: u32,
        /// By how many migrations.
        migrations: u32,
    },
    /// A VM set out for another host. It takes room on both.
    MigrationStarted {
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it runs.
        from: HostId,
        /// Where it goes.
        to: HostId,
        /// How long that takes, ms.
        takes_ms: u64,
    },
    /// A VM arrived at another host, or stayed where it was.
    MigrationEnded {
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it ran.
        from: HostId,
        /// Where it went.
        to: HostId,
        /// Whether it is there now; not if it could not be copied, or ended on the way.
        has_moved: bool,
        /// For how long it stood still, ms.
        downtime_ms: u64,
        /// What was copied, MiB; 0 where it ended on the way.
        sent_mib: u64,
    },
    /// A host failed: it is out of service, and has no VMs any more. A `VmDown` follows for each.
    HostFailed {
        /// Which.
        host: HostId,
        /// Why.
        cause: Cause,
        /// How many VMs it had.
        vms: u32,
        /// When it will be back, as far as is known; `None`: it waits for a spare, or is not to
        /// come back.
        until: Option<Time>,
    },
    /// A host that had failed is in service again, empty.
    HostBack {
        /// Which.
        host: HostId,
        /// Whether it is another machine in the same place.
        is_new: bool,
    },
    /// A VM is down: its host failed.
    VmDown {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// Which VM; its id may be used again.
        vm: VmId,
        /// Where it ran.
        host: HostId,
        /// How long it would still have been down since its last failure, ms; 0 if it was up.
        down_left_ms: u64,
    },
    /// A VM that is down fits nowhere, and waits for room or for its host.
    VmStuck {
        /// The request it was made for.
        request: RequestId,
        /// Why.
        reason: Reason,
    },
    /// A VM that was down has a host again.
    VmBack {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// The VM made for it now.
        vm: VmId,
        /// Where it ran.
        from: HostId,
        /// Where it runs.
        host: HostId,
        /// How long it was down, ms.
        down_ms: u64,
        /// From now until it is ready, ms.
        boot_ms: u64,
    },
    /// A VM that was down and has a host again boots only now: its image had to come, or tries to
    /// boot it failed.
    VmLate {
        /// The request it was made for.
        request: RequestId,
        /// Who owns it.
        tenant: TenantId,
        /// The VM made for it now.
        vm: VmId,
        /// From when it went down until it was to be ready, as `VmBack` told, ms.
        told_ms: u64,
        /// How much later it will be, ms.
        late_ms: u64,
        /// From now until it is ready, ms.
        boot_ms: u64,
    },
    /// A VM that was down is gone for good.
    VmGone {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// How long it was down, ms.
        down_ms: u64,
        /// Whether it was lost with its host; else its time was over.
        is_lost: bool,
    },
    /// A request may be worked on at a desk: it is approved, and stands in the queue.
    Approved {
        /// Which request.
        request: RequestId,
        /// At which desk.
        desk: DeskId,
        /// How long an operator will be at it, ms of working time.
        work_ms: u64,
    },
    /// An operator took up a request.
    TakenUp {
        /// Which request.
        request: RequestId,
        /// At which desk.
        desk: DeskId,
        /// How long it stood in the queue, ms of working time.
        queued_ms: u64,
    },
    /// An operator is done with a request.
    HandedOff {
        /// Which request.
        request: RequestId,
        /// At which desk.
        desk: DeskId,
        /// Where it goes; `None`: it can be placed.
        to: Option<DeskId>,
    },
    /// A VM's host lacks a part of its image, which it fetches, or fetches already.
    PullStarted {
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it runs.
        host: HostId,
        /// What is fetched for it, MiB; the rest is on its way for others.
        mib: u64,
    },
    /// A VM's image is there, and it boots.
    Pulled {
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// Where it runs.
        host: HostId,
        /// How long it waited for its image, ms.
        took_ms: u64,
    },
    /// It is known when a request's VM is ready, and where the time went. Told where requests go
    /// through desks or hosts fetch images, of each once: when it boots.
    Provisioned {
        /// Which request.
        request: RequestId,
        /// Where it came from.
        demand: DemandId,
        /// The VM.
        vm: VmId,
        /// From request to ready.
        stages: Stages,
    },
    /// A try to boot began. Told of images whose boots can fail.
    BootTried {
        /// The request it was made for.
        request: RequestId,
        /// Which VM.
        vm: VmId,
        /// The how-manieth try, from 1.
        attempt: u32,
        /// Why it fails; `None`: it does not.
        fault: Option<BootFault>,
        /// From now until the VM is ready, or until it is found that it is not, ms.
        takes_ms: u64,
    },
    /// Nobody tries any more to boot a VM. One that is no instance ends.
    BootGivenUp {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Which VM.
        vm: VmId,
        /// Why the last try failed.
        fault: BootFault,
    },
    /// An instance that waited for room is not wanted any more.
    Withdrawn {
        /// The request it was to be made for.
        request: RequestId,
        /// Its service's demand.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// How long it had waited, ms.
        waited_ms: u64,
        /// Whether it had a VM that was pushed out.
        is_again: bool,
    },
    /// An instance has booted.
    InstanceReady {
        /// The request it was made for.
        request: RequestId,
        /// Of which service.
        service: ServiceId,
    },
    /// An instance has been ready for long enough, and serves users.
    InstanceAvailable {
        /// The request it was made for.
        request: RequestId,
        /// Of which service.
        service: ServiceId,
    },
    /// An instance should be ready now, and never will be: its image fails to boot there.
    InstanceFailed {
        /// The request it was made for.
        request: RequestId,
        /// Of which service.
        service: ServiceId,
    },
    /// An instance is taken out of service, and keeps its room for a while.
    InstanceTerminating {
        /// The request it was made for.
        request: RequestId,
        /// Of which service.
        service: ServiceId,
        /// For so long, ms.
        grace_ms: u64,
    },
    /// A rollout began.
    RolloutStarted {
        /// Its number.
        rollout: RolloutId,
        /// Of which service.
        service: ServiceId,
        /// Its row among the scenario's rollouts.
        plan: u32,
        /// What runs.
        from: ImageId,
        /// What is to run.
        to: ImageId,
        /// Whether it takes back an earlier one whose image was found bad.
        is_way_back: bool,
        /// What each instance asks for, apart from its group; held for good.
        ask: Ask,
        /// How many instances the service is to have meanwhile.
        replicas: u32,
    },
    /// A rollout decided how many instances of a version there shall be.
    RolloutScaled {
        /// Its number.
        rollout: RolloutId,
        /// Which version.
        version: Version,
        /// There were so many.
        from: u32,
        /// There shall be so many.
        to: u32,
    },
    /// A rollout gave the new version so many percent of the users' requests.
    RolloutRouted {
        /// Its number.
        rollout: RolloutId,
        /// Percent.
        weight: u32,
    },
    /// A rollout said how many available instances of a version are behind the load balancer.
    RolloutServes {
        /// Its number.
        rollout: RolloutId,
        /// Which version.
        version: Version,
        /// So many at most; `u32::MAX`: all there are.
        most: u32,
    },
    /// A check of the new version failed.
    RolloutCheckFailed {
        /// Its number.
        rollout: RolloutId,
        /// So many have so far.
        failed: u32,
    },
    /// What a service's users asked for since it was last looked at, and what they got.
    TrafficServed {
        /// Whose.
        service: ServiceId,
        /// Since the last look, ms.
        lasts_ms: u64,
        /// Thousandths of requests.
        requests_milli: u64,
        /// Those that nobody could serve.
        unserved_milli: u64,
        /// How long there were more than could be served, ms.
        overload_ms: u64,
        /// Instances that held room × ms.
        instance_ms: u64,
        /// Instances that serve now.
        serving: u32,
    },
    /// A service's rule wants more instances, or fewer.
    Autoscaled {
        /// Whose.
        service: ServiceId,
        /// How many there were to be.
        from: u32,
        /// How many there are to be.
        to: u32,
    },
    /// All instances that a service's rule asked for at one look are available.
    ScaledOut {
        /// Whose.
        service: ServiceId,
        /// Since that look, ms.
        took_ms: u64,
    },
    /// A rollout is done with a step of its strategy.
    RolloutStep {
        /// Its number.
        rollout: RolloutId,
        /// The step, from 0.
        step: u32,
    },
    /// A rollout waits for something, or for something else than before.
    RolloutWaits {
        /// Its number.
        rollout: RolloutId,
        /// For what.
        wait: Wait,
    },
    /// A rollout has stood still for longer than it may.
    RolloutOverdue {
        /// Its number.
        rollout: RolloutId,
    },
    /// A rollout turned back.
    RolledBack {
        /// Its number.
        rollout: RolloutId,
        /// Why.
        reason: WhyBack,
    },
    /// What there is from now on; the time in the row is the time since the rollout began. The
    /// last row before the next instant counts.
    RolloutStands {
        /// Its number.
        rollout: RolloutId,
        /// What there is.
        row: Row,
    },
    /// A rollout is done. Instances may still terminate; rows go on until none does.
    RolloutEnded {
        /// Its number.
        rollout: RolloutId,
        /// How.
        outcome: Outcome,
    },
    /// A rollout has ended, and none of the instances that it took out of service has room any
    /// more.
    RolloutReleased {
        /// Its number.
        rollout: RolloutId,
    },
    /// A job was submitted, and waits.
    JobSubmitted {
        /// Which, and whose.
        job: JobOf,
        /// How long it is believed to run, ms.
        estimate_ms: u64,
    },
    /// A job started: its tasks are asked for and placed right after.
    JobStarted {
        /// Which, and whose.
        job: JobOf,
        /// How long it waited, all in all, ms.
        waited_ms: u64,
        /// Whether it starts anew: it has run before and was put back.
        is_again: bool,
    },
    /// A job is over. Its tasks have just left.
    JobEnded {
        /// Which, and whose.
        job: JobOf,
        /// How long it waited, all in all, ms.
        waited_ms: u64,
        /// How long it ran, ms.
        run_ms: u64,
        /// Whether it was ended because its estimate was over.
        is_killed: bool,
    },
    /// A job lost a task, and ended with all of them. It waits again, and will begin anew.
    JobInterrupted {
        /// Which, and whose.
        job: JobOf,
        /// For how long it ran in vain, ms.
        ran_ms: u64,
    },
    /// A job ended so that one of another tenant gets what it is guaranteed. It waits again.
    JobPreempted {
        /// Which, and whose.
        job: JobOf,
        /// For which other.
        by: JobId,
        /// How long it ran since it last started, ms.
        ran_ms: u64,
        /// What of it is not to be done again, ms.
        kept_ms: u64,
    },
    /// A job needs more than there is, and will never start.
    JobRefused {
        /// Which, and whose.
        job: JobOf,
    },
    /// A tenant was offered hosts for its jobs.
    Offers(OfferFact),
    /// A VM is ended so that its host can get a new image. Then comes what becomes of it: `Resumed`,
    /// `Waiting` or `Lost`.
    Evicted {
        /// The request it was made for.
        request: RequestId,
        /// Where that came from.
        demand: DemandId,
        /// Who owns it.
        tenant: TenantId,
        /// Which VM; its id may be used again.
        vm: VmId,
        /// Where it ran.
        host: HostId,
        /// For which rollout.
        rollout: HostRolloutId,
    },
    /// Hosts get a new image.
    HostRollout {
        /// Number of the rollout.
        rollout: HostRolloutId,
        /// What it did, or what happened to it.
        step: HostStep,
    },
    /// Something happened between pools.
    Pools(PoolFact),
    /// Something happened for want of memory.
    Memory(MemoryFact),
    /// The run is over.
    Ended,
}
