//! The fingerprint: a hash of the fact stream. Same scenario, seed and version: same fingerprint,
//! on every machine.

use super::Observer;
use crate::fact::{
    Answer, BootFault, Cause, Fact, HostStep, HostWait, MemoryFact, OfferFact, PoolFact, Reason,
    Stage, Stall, WhyStuck,
};
use crate::rollout::plan::Wait;
use crate::state::State;
use crate::time::Time;
use xxhash_rust::xxh3::Xxh3;

/// XXH3 (64 bits) over the facts, each written as a tag and little-endian numbers.
#[derive(Clone)]
pub struct Fingerprint {
    hash: Xxh3,
    /// Facts written and not hashed yet. Hashing a few KiB at once is faster than a few bytes
    /// at a time, and comes to the same.
    pending: Box<[u8; PENDING_MAX]>,
    pending_len: usize,
}

const PENDING_MAX: usize = 4096;

impl std::fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fingerprint({})", self.hex())
    }
}

impl Fingerprint {
    /// Of no facts yet.
    pub fn new() -> Self {
        Self { hash: Xxh3::new(), pending: Box::new([0; PENDING_MAX]), pending_len: 0 }
    }

    /// 16 hex digits.
    pub fn hex(&self) -> String {
        let mut hash = self.hash.clone();
        hash.update(&self.pending[..self.pending_len]);
        format!("{:016x}", hash.digest())
    }

    #[inline(never)]
    fn write<const N: usize>(&mut self, tag: u8, now: Time, numbers: [u64; N]) {
        self.write_here(tag, now, numbers);
    }

    /// The same, for what is common: where it is called.
    #[inline(always)]
    fn write_here<const N: usize>(&mut self, tag: u8, now: Time, numbers: [u64; N]) {
        let bytes = self.room(9 + 8 * N);
        bytes[0] = tag;
        bytes[1..9].copy_from_slice(&now.ms().to_le_bytes());
        for (place, number) in bytes[9..].chunks_exact_mut(8).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
    }

    fn write_name(&mut self, name: &str) {
        for part in name.as_bytes().chunks(PENDING_MAX) {
            self.room(part.len()).copy_from_slice(part);
        }
    }

    /// Room for so many bytes more, at most [`PENDING_MAX`], to be written at once.
    #[inline]
    fn room(&mut self, bytes: usize) -> &mut [u8] {
        if self.pending_len + bytes > PENDING_MAX {
            self.hash.update(&self.pending[..self.pending_len]);
            self.pending_len = 0;
        }
        let from = self.pending_len;
        self.pending_len += bytes;
        &mut self.pending[from..from + bytes]
    }
}

impl Default for Fingerprint {
    fn default() -> Self {
        Self::new()
    }
}

impl Observer for Fingerprint {
    /// Where a fact is told its kind is known: what is common is decided there and then.
    #[inline(always)]
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Requested { request, demand, tenant, name: None, .. } => {
                self.write_here(5, now, [request.0, row(demand.row()), row(tenant.row())]);
            }
            Fact::Placed { request, vm, host, waited_ms, boot_ms, .. } => {
                let numbers = [request.0, row(vm.row()), row(host.row()), waited_ms, boot_ms];
                self.write_here(6, now, numbers);
            }
            Fact::Departed { request, vm, host } => {
                self.write_here(9, now, [request.0, row(vm.row()), row(host.row())]);
            }
            _ => self.hear_rest(now, fact),
        }
    }
}

impl Fingerprint {
    #[cold]
    fn hear_pools(&mut self, now: Time, fact: &PoolFact) {
        match *fact {
            PoolFact::WaveBegan { migration, wave, vms } => {
                self.write(130, now, [migration.into(), wave.into(), vms.into()]);
            }
            PoolFact::CopyStarted { migration, request, vm, from, to, mib, takes_ms } => {
                let (vm, from, to) = (row(vm.row()), row(from.row()), row(to.row()));
                self.write(131, now, [migration.into(), request.0, vm, from, to, mib, takes_ms]);
            }
            PoolFact::CopyWaits { migration, request, reason } => {
                self.write(132, now, [migration.into(), request.0, code(reason)]);
            }
            PoolFact::Copied { migration, request, vm } => {
                self.write(133, now, [migration.into(), request.0, row(vm.row())]);
            }
            PoolFact::CutOver { migration, request, vm, from, to } => {
                let (vm, from, to) = (row(vm.row()), row(from.row()), row(to.row()));
                self.write(134, now, [migration.into(), request.0, vm, from, to]);
            }
            PoolFact::CopyDropped { migration, request, vm, from, to } => {
                let (vm, from, to) = (row(vm.row()), row(from.row()), row(to.row()));
                self.write(135, now, [migration.into(), request.0, vm, from, to]);
            }
            PoolFact::CopyPutOff { migration, request } => {
                self.write(139, now, [migration.into(), request.0]);
            }
            PoolFact::MigrationDone { migration } => self.write(136, now, [migration.into()]),
            PoolFact::HandedOver { hand_over, host } => {
                self.write(137, now, [hand_over.into(), row(host.row())]);
            }
            PoolFact::TakenOver { hand_over, host } => {
                self.write(138, now, [hand_over.into(), row(host.row())]);
            }
        }
    }

    #[cold]
    fn hear_memory(&mut self, now: Time, fact: &MemoryFact) {
        match *fact {
            MemoryFact::Needs { request, vm, asked_mib, need_mib, .. } => {
                self.write(150, now, [request.0, row(vm.row()), asked_mib, need_mib]);
            }
            MemoryFact::Killed { request, vm, kills, wait_ms, .. } => {
                let wait_ms = wait_ms.unwrap_or(u64::MAX);
                self.write(151, now, [request.0, row(vm.row()), kills.into(), wait_ms]);
            }
            MemoryFact::Restarted { request, vm, boot_ms, .. } => {
                self.write(152, now, [request.0, row(vm.row()), boot_ms]);
            }
        }
    }

    fn hear_rest(&mut self, now: Time, fact: &Fact<'_>) {
        match *fact {
            Fact::Placed { .. } | Fact::Departed { .. } => {}
            Fact::Memory(ref fact) => self.hear_memory(now, fact),
            Fact::Pools(ref fact) => self.hear_pools(now, fact),
            Fact::HostAdded { host, host_type, rack } => {
                self.write(0, now, [row(host.row()), row(host_type.row()), row(rack.row())]);
            }
            Fact::HostCordoned { host } => self.write(1, now, [row(host.row())]),
            Fact::HostRetired { host } => self.write(2, now, [row(host.row())]),
            Fact::Ordered { order, host_type, hosts, lead_ms } => {
                let numbers = [order.into(), row(host_type.row()), hosts.into(), lead_ms];
                self.write(3, now, numbers);
            }
            Fact::Delivered { order, hosts } => self.write(4, now, [order.into(), hosts.into()]),
            Fact::Requested { request, demand, tenant, name, .. } => {
                self.write(5, now, [request.0, row(demand.row()), row(tenant.row())]);
                if let Some(name) = name {
                    self.write_name(name);
                }
            }
            Fact::Waiting { request, reason } => self.write(7, now, [request.0, code(reason)]),
            Fact::Refused { request, reason, waited_ms, .. } => {
                self.write(8, now, [request.0, code(reason), waited_ms]);
            }
            Fact::Ended => self.write(10, now, []),
            Fact::Evicted { request, vm, host, rollout, .. } => {
                let numbers = [request.0, row(vm.row()), row(host.row()), rollout.0.into()];
                self.write(90, now, numbers);
            }
            Fact::HostRollout { rollout, step } => {
                let (tag, numbers) = host_step_code(step);
                let [a, b, c, d, e] = numbers;
                self.write(tag, now, [rollout.0.into(), a, b, c, d, e]);
            }
            Fact::Preempted { request, vm, host, by, reason, .. } => {
                let numbers = [request.0, row(vm.row()), row(host.row()), by.0, code(reason)];
                self.write(11, now, numbers);
            }
            Fact::Resumed { request, vm, host, waited_ms, boot_ms, .. } => {
                let numbers = [request.0, row(vm.row()), row(host.row()), waited_ms, boot_ms];
                self.write(12, now, numbers);
            }
            Fact::Lost { request, waited_ms, .. } => self.write(13, now, [request.0, waited_ms]),
            Fact::MovesPlanned { hosts, migrations } => {
                self.write(14, now, [hosts.into(), migrations.into()]);
            }
            Fact::MigrationStarted { request, vm, from, to, takes_ms } => {
                let (from, to) = (row(from.row()), row(to.row()));
                self.write(15, now, [request.0, row(vm.row()), from, to, takes_ms]);
            }
            Fact::MigrationEnded { request, vm, from, to, has_moved, downtime_ms, sent_mib } => {
                let (from, to) = (row(from.row()), row(to.row()));
                let ended = [has_moved.into(), downtime_ms, sent_mib];
                let [moved, downtime_ms, sent_mib] = ended;
                let numbers = [request.0, row(vm.row()), from, to, moved, downtime_ms, sent_mib];
                self.write(16, now, numbers);
            }
            Fact::HostFailed { host, cause, vms, until } => {
                let until_ms = until.map_or(u64::MAX, Time::ms);
                let [kind, of] = match cause {
                    Cause::Own => [0, 0],
                    Cause::Burst(host) => [1, row(host.row())],
                    Cause::Rack(rack) => [2, row(rack.row())],
                    Cause::Zone(zone) => [3, row(zone.row())],
                    Cause::Listed => [4, 0],
                };
                self.write(60, now, [row(host.row()), kind, of, vms.into(), until_ms]);
            }
            Fact::HostBack { host, is_new } => {
                self.write(61, now, [row(host.row()), is_new.into()]);
            }
            Fact::VmDown { request, vm, host, down_left_ms, .. } => {
                let numbers = [request.0, row(vm.row()), row(host.row()), down_left_ms];
                self.write(62, now, numbers);
            }
            Fact::VmStuck { request, reason } => self.write(63, now, [request.0, code(reason)]),
            Fact::VmBack { request, vm, from, host, down_ms, boot_ms, .. } => {
                let (from, host) = (row(from.row()), row(host.row()));
                self.write(64, now, [request.0, row(vm.row()), from, host, down_ms, boot_ms]);
            }
            Fact::VmLate { request, vm, late_ms, boot_ms, .. } => {
                self.write(102, now, [request.0, row(vm.row()), late_ms, boot_ms]);
            }
            Fact::VmGone { request, down_ms, is_lost, .. } => {
                self.write(65, now, [request.0, down_ms, is_lost.into()]);
            }
            Fact::Approved { request, desk, work_ms } => {
                self.write(70, now, [request.0, row(desk.row()), work_ms]);
            }
            Fact::TakenUp { request, desk, queued_ms } => {
                self.write(71, now, [request.0, row(desk.row()), queued_ms]);
            }
            Fact::HandedOff { request, desk, to } => {
                let to = to.map_or(u64::MAX, |to| row(to.row()));
                self.write(72, now, [request.0, row(desk.row()), to]);
            }
            Fact::PullStarted { request, vm, host, mib } => {
                self.write(75, now, [request.0, row(vm.row()), row(host.row()), mib]);
            }
            Fact::Pulled { request, vm, host, took_ms } => {
                self.write(76, now, [request.0, row(vm.row()), row(host.row()), took_ms]);
            }
            Fact::Provisioned { request, vm, stages, .. } => {
                self.write(73, now, [request.0, row(vm.row())]);
                for (stage, ms) in Stage::ALL.map(|stage| (stage, stages.ms(stage))) {
                    if let Some(code) = stage_code(stage, ms) {
                        self.write(74, now, [code, ms]);
                    }
                }
            }
            Fact::BootTried { request, vm, attempt, fault, takes_ms } => {
                let [kind, outage] = fault.map_or([0, 0], fault_code);
                let numbers = [request.0, row(vm.row()), attempt.into(), kind, outage, takes_ms];
                self.write(100, now, numbers);
            }
            Fact::BootGivenUp { request, vm, fault, .. } => {
                let [kind, outage] = fault_code(fault);
                self.write(101, now, [request.0, row(vm.row()), kind, outage]);
            }
            Fact::Withdrawn { request, waited_ms, .. } => {
                self.write(40, now, [request.0, waited_ms]);
            }
            Fact::InstanceReady { request, service } => {
                self.write(41, now, [request.0, row(service.row())]);
            }
            Fact::InstanceAvailable { request, service } => {
                self.write(42, now, [request.0, row(service.row())]);
            }
            Fact::InstanceFailed { request, service } => {
                self.write(43, now, [request.0, row(service.row())]);
            }
            Fact::InstanceTerminating { request, service, grace_ms } => {
                self.write(44, now, [request.0, row(service.row()), grace_ms]);
            }
            Fact::RolloutStarted { rollout, service, plan, from, to, is_way_back, .. } => {
                let [from, to] = [from, to].map(|image| row(image.row()));
                let (service, back) = (row(service.row()), is_way_back.into());
                self.write(45, now, [rollout.0.into(), service, plan.into(), from, to, back]);
            }
            Fact::RolloutScaled { rollout, version, from, to } => {
                let version = row(version.row());
                self.write(46, now, [rollout.0.into(), version, from.into(), to.into()]);
            }
            Fact::RolloutRouted { rollout, weight } => {
                self.write(47, now, [rollout.0.into(), weight.into()]);
            }
            Fact::RolloutStep { rollout, step } => {
                self.write(48, now, [rollout.0.into(), step.into()]);
            }
            Fact::RolloutWaits { rollout, wait } => {
                let [kind, number] = wait_code(wait);
                self.write(49, now, [rollout.0.into(), kind, number]);
            }
            Fact::RolloutOverdue { rollout } => self.write(50, now, [rollout.0.into()]),
            Fact::RolledBack { rollout, reason } => {
                self.write(51, now, [rollout.0.into(), reason as u64]);
            }
            Fact::RolloutStands { rollout, row } => {
                let weight = row.weight.map_or(u64::MAX, u64::from);
                let new = [row.new, row.new_ready, row.new_available, row.new_serving];
                let [new, ready, available, serving] = new.map(u64::from);
                self.write(52, now, [rollout.0.into(), new, ready, available, serving, weight]);
                let old = [row.old, row.old_available, row.old_serving].map(u64::from);
                let rest = [row.terminating, row.pending, row.used].map(u64::from);
                let ([old, available, serving], [leaving, pending, used]) = (old, rest);
                self.write(53, now, [old, available, serving, leaving, pending, used]);
            }
            Fact::RolloutEnded { rollout, outcome } => {
                self.write(54, now, [rollout.0.into(), outcome as u64]);
            }
            Fact::RolloutServes { rollout, version, most } => {
                let version = row(version.row());
                self.write(55, now, [rollout.0.into(), version, most.into()]);
            }
            Fact::RolloutReleased { rollout } => self.write(57, now, [rollout.0.into()]),
            Fact::TrafficServed {
                service,
                lasts_ms,
                requests_milli,
                unserved_milli,
                overload_ms,
                instance_ms,
                serving,
            } => {
                let id = row(service.row());
                self.write(80, now, [id, lasts_ms, requests_milli, unserved_milli]);
                self.write(81, now, [overload_ms, instance_ms, serving.into()]);
            }
            Fact::Autoscaled { service, from, to } => {
                self.write(82, now, [row(service.row()), from.into(), to.into()]);
            }
            Fact::ScaledOut { service, took_ms } => {
                self.write(83, now, [row(service.row()), took_ms]);
            }
            Fact::JobSubmitted { job, estimate_ms } => {
                let [tenant, queue] = [job.tenant.row(), job.queue.row()].map(row);
                let (id, tasks) = (job.id.0.into(), job.tasks.into());
                self.write(
                    110,
                    now,
                    [id, row(job.demand.row()), tenant, queue, tasks, estimate_ms],
                );
            }
            Fact::JobStarted { job, waited_ms, .. } => {
                self.write(111, now, [job.id.0.into(), waited_ms]);
            }
            Fact::JobEnded { job, waited_ms, run_ms, is_killed } => {
                self.write(112, now, [job.id.0.into(), waited_ms, run_ms, is_killed.into()]);
            }
            Fact::JobInterrupted { job, ran_ms } => {
                self.write(113, now, [job.id.0.into(), ran_ms]);
            }
            Fact::JobPreempted { job, by, ran_ms, kept_ms } => {
                self.write(117, now, [job.id.0.into(), by.0.into(), ran_ms, kept_ms]);
            }
            Fact::JobRefused { job } => self.write(114, now, [job.id.0.into()]),
            Fact::Offers(OfferFact { tenant, answer }) => {
                let Answer { made, accepted, declined, lost, held, amounts } = answer;
                let counts = [made, accepted, declined, lost, held].map(u64::from);
                let [made, accepted, declined, lost, held] = counts;
                self.write(115, now, [row(tenant.row()), made, accepted, declined, lost, held]);
                self.write(116, now, amounts.map(i64::cast_unsigned));
            }
            Fact::RolloutCheckFailed { rollout, failed } => {
                self.write(56, now, [rollout.0.into(), failed.into()]);
            }
        }
    }
}

/// The tag of a step of a host rollout, and its numbers.
fn host_step_code(step: HostStep) -> (u8, [u64; 5]) {
    match step {
        HostStep::Started { plan, image, hosts } => {
            (91, [plan.into(), row(image.row()), hosts.into(), 0, 0])
        }
        HostStep::Draining { host, vms } => (92, [row(host.row()), vms.into(), 0, 0, 0]),
        HostStep::Planned { hosts, moves } => (93, [hosts.into(), moves.into(), 0, 0, 0]),
        HostStep::Stalled(Stall { host, vm, request, why, .. }) => {
            let [kind, number] = match why {
                WhyStuck::NoRoom(reason) => [0, code(reason)],
                WhyStuck::Copy => [1, 0],
                WhyStuck::Budget(min) => [2, min.into()],
            };
            (94, [row(host.row()), row(vm.row()), request.0, kind, number])
        }
        HostStep::Rewriting { host, until } => (95, [row(host.row()), until.ms(), 0, 0, 0]),
        HostStep::Done { host } => (96, [row(host.row()), 0, 0, 0, 0]),
        HostStep::Overdue { host, then } => (97, [row(host.row()), then as u64, 0, 0, 0]),
        HostStep::GivenUp { host } => (97, [row(host.row()), u64::MAX, 0, 0, 0]),
        HostStep::Waits(wait) => {
            let [kind, number] = match wait {
                HostWait::Soak(until) => [0, until.ms()],
                HostWait::Down(hosts) => [1, hosts.into()],
                HostWait::Limit(hosts) => [2, hosts.into()],
            };
            (98, [kind, number, 0, 0, 0])
        }
        HostStep::Ended(outcome) => (99, [outcome as u64, 0, 0, 0, 0]),
    }
}

/// A kind of wait, and its number.
fn wait_code(wait: Wait) -> [u64; 2] {
    match wait {
        Wait::Slots { without } => [0, without.into()],
        Wait::Instances { version, missing } => [1 + row(version.row()), missing.into()],
        Wait::Terminations { count } => [3, count.into()],
        Wait::Pause(at) => [4, at.ms()],
        Wait::Analysis(at) => [5, at.ms()],
        Wait::Kept(at) => [6, at.ms()],
        Wait::Person => [7, 0],
        Wait::Work(at) => [8, at.ms()],
        Wait::Look(at) => [9, at.ms()],
        Wait::Balancers => [10, 0],
    }
}

fn row(row: usize) -> u64 {
    row as u64
}

/// Why a try to boot failed, and in which outage.
fn fault_code(fault: BootFault) -> [u64; 2] {
    match fault {
        BootFault::Own => [1, 0],
        BootFault::Missing { dependency, outage } => {
            [2 + row(dependency.row()), outage.map_or(u64::MAX, u64::from)]
        }
    }
}

/// The number of a stage; `None`: it is not written, since it is younger than the others and took
/// no time.
fn stage_code(stage: Stage, ms: u64) -> Option<u64> {
    match stage {
        Stage::Approval => Some(0),
        Stage::Queue => Some(1),
        Stage::HandsOn => Some(2),
        Stage::OffHours => Some(3),
        Stage::Room => Some(4),
        Stage::Boot => Some(5),
        Stage::Pull => (ms > 0).then_some(6),
        Stage::Retries => (ms > 0).then_some(100),
    }
}

fn code(reason: Reason) -> u64 {
    match reason {
        Reason::NoHosts => 0,
        Reason::Pool => 1,
        Reason::Labels => 2,
        Reason::Cordoned => 3,
        Reason::GroupPerHost => 4,
        Reason::GroupPerRack => 5,
        Reason::GroupPerZone => 6,
        Reason::PassedOver => 7,
        Reason::Forbidden => 8,
        Reason::Taints => 9,
        Reason::Exclusive => 10,
        Reason::Devices => 11,
        Reason::Affinity(level) => 12 + row(level.row()),
        Reason::Skew(level) => 15 + row(level.row()),
        Reason::Cells => 18,
        Reason::Down => 60,
        Reason::Quota(quotas) => 512 + u64::from(quotas),
        Reason::Short(columns) => 256 + u64::from(columns),
    }
}
