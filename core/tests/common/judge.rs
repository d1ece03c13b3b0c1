//! A second, plain account of a run: it hears the facts, keeps its own books, and fails on the
//! first fact that the books do not bear out. It uses nothing of the engine but the facts, the
//! state that it checks, and the stream of requests.

// Columns run through several arrays at once here: a range says it plainest.
#![allow(unreachable_pub, clippy::needless_range_loop)]

use fleetcast_core::demand::{Request, Requests, Size};
use fleetcast_core::fact::{Fact, Reason};
use fleetcast_core::observe::Observer;
use fleetcast_core::resources::Amounts;
use fleetcast_core::scenario::*;
use fleetcast_core::source::Files;
use fleetcast_core::state::{GroupKey, HostId, HostStatus, State};
use fleetcast_core::time::Time;
use num_rational::BigRational;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub struct Judge {
    scenario: Arc<Scenario>,
    requests: Requests,
    now: u64,
    hosts: Vec<Host>,
    vms: BTreeMap<usize, Vm>,
    /// Requests that wait, the first to come first.
    waiting: Vec<Want>,
    /// The request that has arrived and is not placed, waiting or refused yet.
    current: Option<Want>,
    last_host: Option<usize>,
    /// Hosts that were ever used, the last used first.
    recent: Vec<usize>,
    orders: Vec<Order>,
    /// Hosts that the order which has just arrived still owes.
    delivery_left: u32,
    /// When each procurement is looked at next.
    reviews: Vec<u64>,
    /// Hosts added by orders, by host type.
    bought: BTreeMap<usize, u64>,
    gave_up_at: Option<u64>,
    vms_made: u64,
    ended: bool,
    pub told: Told,
}

/// What was seen, so that a test can say that it saw something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    pub requests: u64,
    pub placed: u64,
    pub refused: u64,
    pub waited: u64,
    pub departed: u64,
    pub added: u64,
    pub retired: u64,
    pub ordered: u64,
}

struct Host {
    host_type: HostTypeId,
    pool: PoolId,
    labels: Vec<LabelId>,
    taints: Vec<TaintId>,
    rack: RackId,
    zone: ZoneId,
    effective: Amounts,
    free: Amounts,
    vms: u32,
    status: HostStatus,
    /// When it reaches its age.
    ages_at: Option<u64>,
}

#[derive(Clone)]
struct Vm {
    want: Want,
    host: usize,
    placed: u64,
    ends: Option<u64>,
    /// The how manieth VM of the run.
    number: u64,
}

#[derive(Clone)]
struct Want {
    request: u64,
    demand: DemandId,
    tenant: TenantId,
    amounts: Amounts,
    pool: Option<PoolId>,
    labels: Vec<LabelId>,
    rules: HostRules,
    group: Option<(GroupKey, GroupRule)>,
    arrived: u64,
    stay_ms: u64,
    boot_ms: u64,
    reason: Option<Reason>,
    wait_ms_max: Option<u64>,
}

struct Order {
    procurement: usize,
    hosts: u32,
    due: u64,
    is_here: bool,
}

impl Judge {
    pub fn new(scenario: &Arc<Scenario>, files: &dyn Files) -> Self {
        Self {
            scenario: Arc::clone(scenario),
            requests: Requests::new(scenario, files).expect("the files are there"),
            now: 0,
            hosts: Vec::new(),
            vms: BTreeMap::new(),
            waiting: Vec::new(),
            current: None,
            last_host: None,
            recent: Vec::new(),
            orders: Vec::new(),
            delivery_left: 0,
            reviews: vec![0; scenario.procurement.len()],
            bought: BTreeMap::new(),
            gave_up_at: None,
            vms_made: 0,
            ended: false,
            told: Told::default(),
        }
    }

    /// What must hold once the run is over.
    pub fn close(&mut self) {
        assert!(self.ended, "the run has ended");
        let told = self.told;
        let still = self.waiting.len() as u64;
        assert_eq!(told.requests, told.placed + told.refused + still, "requests are accounted for");
        assert_eq!(told.placed, told.departed + self.vms.len() as u64);
    }

    /// What must hold when the instant `now` is over and nothing more happens before `next`.
    fn instant_is_over(&mut self, next: u64) {
        assert!(self.current.is_none(), "an arrival has its answer at once");
        assert_eq!(self.delivery_left, 0, "an order's hosts come with it");
        self.nobody_waits_for_nothing();
        self.check_reviews_before(next);
        let scenario = Arc::clone(&self.scenario);
        for vm in self.vms.values() {
            assert!(vm.ends.is_none_or(|ends| ends >= next), "a VM outstays its time");
        }
        for want in &self.waiting {
            let gives_up = want.wait_ms_max.map(|ms| want.arrived.saturating_add(ms));
            assert!(gives_up.is_none_or(|ms| ms >= next), "a request waits for too long");
        }
        for order in &self.orders {
            assert!(order.is_here || order.due >= next, "an order is late");
        }
        for host in self.hosts.iter().filter(|host| host.status != HostStatus::Retired) {
            let is_old = host.ages_at.is_some_and(|ms| ms < next);
            assert_eq!(is_old, host.status == HostStatus::Cordoned, "a host's age cordons it");
            assert!(!is_old || host.vms > 0, "a cordoned host leaves as soon as it is empty");
        }
        for plan in &scenario.growth {
            let up = self.up(plan.host_type);
            let wanted = plan.curve.count_at(next - 1);
            assert!(up >= wanted, "the plan wants {wanted} hosts before {next} ms, {up} are up");
        }
    }

    fn up(&self, host_type: HostTypeId) -> u64 {
        let is_up = |h: &&Host| h.host_type == host_type && h.status == HostStatus::Up;
        self.hosts.iter().filter(is_up).count() as u64
    }

    /// Somebody waits only as long as no host would take him.
    fn nobody_waits_for_nothing(&self) {
        for want in &self.waiting {
            let fits = self.fits(want);
            let request = want.request;
            assert!(fits.is_empty(), "q{request} waits at {} ms, but {fits:?} fit", self.now);
        }
    }

    /// The hosts that would take the request, ascending. The filters, a second time.
    fn fits(&self, want: &Want) -> Vec<usize> {
        let mates: Vec<usize> = match &want.group {
            Some((key, _)) => self.members(key).collect(),
            None => Vec::new(),
        };
        let is_over = self.is_over_quota(want);
        let admits = |&row: &usize| {
            let host = &self.hosts[row];
            // Closed next fit never goes back.
            let is_behind = self.last_host.is_some_and(|last| row < last);
            host.status == HostStatus::Up
                && !is_over
                && self.bear(row, want)
                && !(is_behind && self.scenario.placement.policy == Policy::NextFitClosed)
                && want.pool.is_none_or(|pool| pool == host.pool)
                && want.labels.iter().all(|label| host.labels.contains(label))
                && self.is_admitted(host, &want.rules)
                && self.has_room(host, &want.amounts)
                && want
                    .group
                    .as_ref()
                    .is_none_or(|(_, rule)| self.group_allows(want, rule, &mates, row))
        };
        (0..self.hosts.len()).filter(admits).collect()
    }

    /// Which place of a level a host is in.
    fn place_of(&self, level: Level, row: usize) -> usize {
        match level {
            Level::Host => row,
            Level::Rack => self.hosts[row].rack.row(),
            Level::Zone => self.hosts[row].zone.row(),
        }
    }

    fn mates_there(&self, mates: &[usize], level: Level, row: usize) -> i64 {
        let here = self.place_of(level, row);
        mates.iter().filter(|mate| self.place_of(level, **mate) == here).count() as i64
    }

    /// The fewest mates in any place with a host that could take the request, taints aside.
    fn fewest(&self, want: &Want, mates: &[usize], level: Level) -> i64 {
        let rules = HostRules { tolerates: self.all_taints(), ..want.rules.clone() };
        let counts = |row: &usize| {
            let host = &self.hosts[*row];
            host.status != HostStatus::Retired
                && want.pool.is_none_or(|pool| pool == host.pool)
                && want.labels.iter().all(|label| host.labels.contains(label))
                && self.is_admitted(host, &rules)
        };
        let rows = (0..self.hosts.len()).filter(counts);
        rows.map(|row| self.mates_there(mates, level, row)).min().unwrap_or(0)
    }

    fn all_taints(&self) -> Vec<TaintId> {
        (0..self.scenario.taints.len()).map(TaintId::from_row).collect()
    }

    fn group_allows(&self, want: &Want, rule: &GroupRule, mates: &[usize], row: usize) -> bool {
        let most = [rule.per_host_max, rule.per_rack_max, rule.per_zone_max];
        Level::ALL.into_iter().all(|level| {
            let there = self.mates_there(mates, level, row);
            let max = rule.skew_max[level.row()];
            there < i64::from(most[level.row()])
                && (rule.together != Some(level) || mates.is_empty() || there > 0)
                && (max == u32::MAX
                    || there + 1 - self.fewest(want, mates, level) <= i64::from(max))
        })
    }

    /// Of hosts that would take the request those that it prefers.
    fn most_welcome(&self, want: &Want, fits: Vec<usize>) -> Vec<usize> {
        let mates: Vec<usize> = match &want.group {
            Some((key, _)) => self.members(key).collect(),
            None => Vec::new(),
        };
        let wish = |row: usize| {
            let host = &self.hosts[row];
            let met = |any: &Vec<LabelId>| any.iter().any(|label| host.labels.contains(label));
            let met = want.rules.prefers.iter().filter(|p| p.selector.0.iter().all(met));
            let taints = host.taints.iter().filter(|taint| {
                !self.scenario.taints[taint.row()].is_hard && !want.rules.tolerates.contains(taint)
            });
            let mut sum =
                met.map(|preference| preference.weight).sum::<i64>() - taints.count() as i64;
            if let Some((_, rule)) = &want.group {
                for level in Level::ALL {
                    let there = self.mates_there(&mates, level, row);
                    sum += rule.near[level.row()] * there;
                    if let Some(soft) = rule.soft_skew[level.row()] {
                        let over =
                            there + 1 - self.fewest(want, &mates, level) - i64::from(soft.max);
                        sum -= soft.weight * over.max(0);
                    }
                }
            }
            sum
        };
        let most = fits.iter().map(|row| wish(*row)).max();
        fits.into_iter().filter(|row| Some(wish(*row)) == most).collect()
    }

    fn is_over_quota(&self, want: &Want) -> bool {
        let Some(rules) = self.scenario.tenant_rules.get(want.tenant.row()) else { return false };
        let mine = || self.vms.values().filter(|vm| vm.want.tenant == want.tenant);
        let is_over = |column: usize| {
            let taken: i64 = mine().map(|vm| vm.want.amounts[column]).sum();
            let asked = want.amounts[column];
            asked > 0 && i128::from(taken) + i128::from(asked) > i128::from(rules.quota[column])
        };
        mine().count() as u64 + 1 > rules.vms_max || (0..self.scenario.kinds.len()).any(is_over)
    }

    /// Whether a request and all VMs of other tenants on a host want each other.
    fn bear(&self, row: usize, want: &Want) -> bool {
        let is_exclusive = |want: &Want| {
            let rules = self.scenario.tenant_rules.get(want.tenant.row());
            want.rules.is_exclusive || rules.is_some_and(|rules| rules.is_exclusive)
        };
        let mut there = self.vms.values().filter(|vm| vm.host == row);
        !there.any(|vm| {
            vm.want.tenant != want.tenant && (is_exclusive(&vm.want) || is_exclusive(want))
        })
    }

    fn is_admitted(&self, host: &Host, rules: &HostRules) -> bool {
        let has = |label: &LabelId| host.labels.contains(label);
        let keeps_away = |taint: &&TaintId| {
            self.scenario.taints[taint.row()].is_hard && !rules.tolerates.contains(taint)
        };
        rules.requires.0.iter().all(|any| any.iter().any(has))
            && !rules.forbids.iter().any(has)
            && !host.taints.iter().any(|taint| keeps_away(&taint))
    }

    fn members<'a>(&'a self, key: &'a GroupKey) -> impl Iterator<Item = usize> + 'a {
        let is_member = move |vm: &&Vm| vm.want.group.as_ref().is_some_and(|(of, _)| of == key);
        self.vms.values().filter(is_member).map(|vm| vm.host)
    }

    fn has_room(&self, host: &Host, amounts: &Amounts) -> bool {
        let mut columns = 0..self.scenario.kinds.len();
        columns.all(|column| amounts[column] == 0 || amounts[column] <= host.free[column])
    }

    /// The policy, a second time; `None`: any of them will do.
    fn choose(&self, want: &Want, fits: &[usize]) -> Option<usize> {
        let last = self.last_host;
        let from = |start: usize| fits.iter().copied().find(|row| *row >= start).unwrap_or(fits[0]);
        let left = |norm, measure: &Measure, row| self.left(norm, measure, want, row);
        let plain = Measure::plain(ShareOf::Host);
        Some(match &self.scenario.placement.policy {
            Policy::FirstFit | Policy::NextFitClosed => fits[0],
            Policy::LastFit => fits[fits.len() - 1],
            Policy::NextFit => from(last.unwrap_or(0)),
            Policy::RoundRobin => from(last.map_or(0, |row| row + 1)),
            Policy::MoveToFront => {
                let place = |row: &usize| self.recent.iter().position(|recent| recent == row);
                *fits.iter().min_by_key(|row| place(row).unwrap_or(usize::MAX)).expect("one fits")
            }
            Policy::BestFit(FitBy::Columns(columns)) => {
                least(fits, |row| self.left_of(want, columns, row))
            }
            Policy::WorstFit(FitBy::Columns(columns)) => {
                least(fits, |row| Reverse(self.left_of(want, columns, row)))
            }
            Policy::BestFit(FitBy::Shares) => least(fits, |row| left(Norm::L1, &plain, row)),
            Policy::WorstFit(FitBy::Shares) => {
                least(fits, |row| Reverse(left(Norm::L1, &plain, row)))
            }
            Policy::BestFit(FitBy::Norm(norm, measure)) => {
                least(fits, |row| left(*norm, measure, row))
            }
            Policy::WorstFit(FitBy::Norm(norm, measure)) => {
                least(fits, |row| Reverse(left(*norm, measure, row)))
            }
            Policy::DotProduct { measure, wants_most: true } => {
                least(fits, |row| Reverse(self.alignment(measure, want, row)))
            }
            Policy::DotProduct { measure, wants_most: false } => {
                least(fits, |row| self.alignment(measure, want, row))
            }
            Policy::Tetris => least(fits, |row| Reverse(self.alignment(&plain, want, row))),
            Policy::NormGreedy(measure) => least(fits, |row| left(Norm::L2, measure, row)),
            Policy::BalanceFit => least(fits, |row| {
                let shares = self.shares(&plain, row, |column| self.left_in(want, column, row));
                let ends = shares.iter().map(|(share, _)| share).max().cloned();
                let ends = ends.zip(shares.iter().map(|(share, _)| share).min().cloned());
                (ends.map(|(most, least)| most - least), left(Norm::L1, &plain, row))
            }),
            Policy::GreedyExtension(measure) => {
                least(fits, |row| (self.extension_ms(want, row), left(Norm::L1, measure, row)))
            }
            Policy::LifetimeBucket { measure, bounds_ms } => least(fits, |row| {
                let extension_ms = self.extension_ms(want, row);
                let passed = bounds_ms.iter().filter(|bound| extension_ms > **bound).count();
                (passed, left(Norm::L1, measure, row))
            }),
            // Chance, scores that are floats, and the field's schedulers: told by the cases, and
            // GPUs by `devices.rs`.
            Policy::Random
            | Policy::Kubernetes(_)
            | Policy::Nova(_)
            | Policy::Nomad(_)
            | Policy::PowerOfD { .. }
            | Policy::Cosine(_)
            | Policy::Epvm { .. }
            | Policy::Compose(_)
            | Policy::Fgd(_) => return None,
        })
    }

    fn left_in(&self, want: &Want, column: usize, row: usize) -> i64 {
        self.hosts[row].free[column] - want.amounts[column]
    }

    fn left_of(&self, want: &Want, columns: &[usize], row: usize) -> Vec<i64> {
        columns.iter().map(|column| self.left_in(want, *column, row)).collect()
    }

    /// Amounts as shares, each with its weight; what is a share of nothing is left out.
    fn shares(
        &self,
        measure: &Measure,
        row: usize,
        amount: impl Fn(usize) -> i64,
    ) -> Vec<(BigRational, BigRational)> {
        let scenario = &self.scenario;
        let types = scenario.host_types.iter();
        let of_types = types.map(|t| scenario.models[t.model.row()].effective);
        let most = |column: usize| of_types.clone().map(|amounts| amounts[column]).max();
        let whole = |column: usize| match measure.of {
            ShareOf::Host => self.hosts[row].effective[column],
            ShareOf::Fleet => most(column).expect("there is a type"),
        };
        let columns = (0..scenario.kinds.len()).filter(|column| whole(*column) > 0);
        let share = |column: usize| {
            let share = BigRational::new(amount(column).into(), whole(column).into());
            (share, BigRational::new(measure.weights_milli[column].into(), 1_000.into()))
        };
        columns.map(share).collect()
    }

    fn left(&self, norm: Norm, measure: &Measure, want: &Want, row: usize) -> BigRational {
        let shares =
            self.shares(measure, row, |column| self.left_in(want, column, row)).into_iter();
        let zero = BigRational::from_integer(0.into());
        match norm {
            Norm::L1 => shares.map(|(share, weight)| share * weight).sum(),
            Norm::L2 => shares.map(|(share, weight)| share.clone() * share * weight).sum(),
            Norm::Linf => shares.map(|(share, weight)| share * weight).max().unwrap_or(zero),
        }
    }

    fn alignment(&self, measure: &Measure, want: &Want, row: usize) -> BigRational {
        let asked = self.shares(measure, row, |column| want.amounts[column]);
        let free = self.shares(measure, row, |column| self.hosts[row].free[column]);
        let products = asked.into_iter().zip(free);
        products.map(|((asked, weight), (free, _))| asked * free * weight).sum()
    }

    /// By how much the host's last VM would end later.
    fn extension_ms(&self, want: &Want, row: usize) -> u64 {
        let residents = self.vms.values().filter(|vm| vm.host == row);
        let host_ends = residents.map(|vm| vm.ends.unwrap_or(u64::MAX)).max().unwrap_or(self.now);
        self.now.saturating_add(want.stay_ms).saturating_sub(host_ends)
    }

    fn want(&self, request: Request, number: u64) -> Want {
        let demand = &self.scenario.demands[request.demand.row()];
        Want {
            request: number,
            demand: request.demand,
            tenant: request.tenant,
            amounts: match request.size {
                Size::Flavor(flavor) => self.scenario.flavors[flavor.row()].amounts,
                Size::Own(amounts) => amounts,
            },
            pool: request.pool,
            labels: demand.labels.clone(),
            rules: demand.rules.clone(),
            group: request.group.zip(demand.group),
            arrived: request.at.ms(),
            stay_ms: request.stay_ms,
            boot_ms: request.boot_ms,
            reason: None,
            wait_ms_max: match demand.when_full {
                WhenFull::Refuse => None,
                WhenFull::Wait { ms_max } => Some(ms_max),
            },
        }
    }

    fn listen(&mut self, fact: &Fact<'_>) {
        let now = self.now;
        match *fact {
            Fact::HostAdded { host, host_type, rack } => {
                assert_eq!(host.row(), self.hosts.len(), "host indices count up");
                self.add_host(host_type, rack);
            }
            Fact::HostCordoned { host } => {
                let host = &mut self.hosts[host.row()];
                assert_eq!(host.status, HostStatus::Up);
                assert!(host.ages_at.is_some_and(|ms| ms <= now), "only age cordons a host");
                host.status = HostStatus::Cordoned;
            }
            Fact::HostRetired { host } => {
                let host = &mut self.hosts[host.row()];
                assert_eq!((host.status, host.vms), (HostStatus::Cordoned, 0));
                host.status = HostStatus::Retired;
                self.told.retired += 1;
            }
            Fact::Ordered { order, host_type, hosts, lead_ms } => {
                assert_eq!(order as usize, self.orders.len(), "order numbers count up");
                self.take_order(host_type, hosts, lead_ms);
                self.told.ordered += 1;
            }
            Fact::Delivered { order, hosts } => {
                let order = &mut self.orders[order as usize];
                assert_eq!((order.due, order.hosts, order.is_here), (now, hosts, false));
                order.is_here = true;
                self.delivery_left = hosts;
            }
            Fact::Requested { request, demand, tenant, name, .. } => {
                self.nobody_waits_for_nothing();
                self.check_reviews_before(now + 1);
                let mut next = Request::default();
                let is_there = self.requests.next_into(&mut next).expect("the trace is there");
                assert!(is_there, "there is one more request");
                assert_eq!((next.at.ms(), next.demand, next.tenant), (now, demand, tenant));
                assert_eq!(next.name.as_deref(), name);
                assert_eq!(request.0, self.told.requests, "request numbers count up");
                assert!(self.current.is_none());
                self.current = Some(self.want(next, request.0));
                self.told.requests += 1;
            }
            Fact::Placed { request, demand, tenant, vm, host, waited_ms, boot_ms } => {
                let want = self.take_placed(request.0);
                assert_eq!((want.demand, want.tenant), (demand, tenant));
                assert_eq!((waited_ms, boot_ms), (now - want.arrived, want.boot_ms));
                self.place(want, vm.row(), host.row());
                self.told.placed += 1;
            }
            Fact::Waiting { request, reason } => {
                let mut want = self.current.take().expect("a request has arrived");
                assert_eq!(want.request, request.0);
                assert!(want.wait_ms_max.is_some(), "this demand does not wait");
                assert!(self.fits(&want).is_empty(), "{request} waits though a host fits");
                want.reason = Some(reason);
                self.waiting.push(want);
                self.told.waited += 1;
            }
            Fact::Refused { request, demand, tenant, reason, waited_ms } => {
                let want = match self.current.take_if(|want| want.request == request.0) {
                    Some(want) => want,
                    None => {
                        self.gave_up_at = Some(now);
                        self.take_waiting(request.0)
                    }
                };
                assert_eq!((want.demand, want.tenant), (demand, tenant));
                assert!(want.reason.is_none_or(|first| first == reason), "the first reason stands");
                assert_eq!(waited_ms, now - want.arrived);
                assert_eq!(waited_ms, want.wait_ms_max.unwrap_or(0), "it waited its time");
                let fits = self.fits(&want);
                assert!(fits.is_empty(), "{request} is refused though {fits:?} fit");
                self.told.refused += 1;
            }
            Fact::Departed { request, vm, host } => {
                let vm = self.vms.remove(&vm.row()).expect("the VM is there");
                assert_eq!((vm.want.request, vm.host), (request.0, host.row()));
                assert_eq!(vm.ends, Some(now), "a VM ends when its time is over");
                let before = |other: &&Vm| other.ends == Some(now) && other.number < vm.number;
                assert!(!self.vms.values().any(|v| before(&v)), "first placed, first gone");
                let kinds = self.scenario.kinds.len();
                let host = &mut self.hosts[vm.host];
                for column in 0..kinds {
                    host.free[column] += vm.want.amounts[column];
                }
                host.vms -= 1;
                self.told.departed += 1;
            }
            Fact::Withdrawn { .. }
            | Fact::InstanceReady { .. }
            | Fact::InstanceAvailable { .. }
            | Fact::InstanceFailed { .. }
            | Fact::InstanceTerminating { .. }
            | Fact::RolloutStarted { .. }
            | Fact::RolloutScaled { .. }
            | Fact::RolloutRouted { .. }
            | Fact::TrafficServed { .. }
            | Fact::Autoscaled { .. }
            | Fact::ScaledOut { .. }
            | Fact::RolloutServes { .. }
            | Fact::RolloutCheckFailed { .. }
            | Fact::RolloutStep { .. }
            | Fact::RolloutWaits { .. }
            | Fact::RolloutOverdue { .. }
            | Fact::RolledBack { .. }
            | Fact::RolloutStands { .. }
            | Fact::RolloutEnded { .. }
            | Fact::RolloutReleased { .. } => panic!("there are no services in these runs: {fact}"),
            Fact::JobSubmitted { .. }
            | Fact::JobStarted { .. }
            | Fact::JobEnded { .. }
            | Fact::JobInterrupted { .. }
            | Fact::JobPreempted { .. }
            | Fact::JobRefused { .. }
            | Fact::Offers(_) => panic!("there are no jobs in these runs: {fact}"),
            Fact::Preempted { .. }
            | Fact::Evicted { .. }
            | Fact::HostRollout { .. }
            | Fact::Resumed { .. }
            | Fact::Lost { .. }
            | Fact::MovesPlanned { .. }
            | Fact::Pools(_)
            | Fact::Memory(_)
            | Fact::MigrationStarted { .. }
            | Fact::MigrationEnded { .. }
            | Fact::Approved { .. }
            | Fact::TakenUp { .. }
            | Fact::HandedOff { .. }
            | Fact::PullStarted { .. }
            | Fact::Pulled { .. }
            | Fact::BootTried { .. }
            | Fact::BootGivenUp { .. }
            | Fact::Provisioned { .. }
            | Fact::HostFailed { .. }
            | Fact::HostBack { .. }
            | Fact::VmDown { .. }
            | Fact::VmStuck { .. }
            | Fact::VmBack { .. }
            | Fact::VmLate { .. }
            | Fact::VmGone { .. } => {
                panic!("nobody fails, is pushed out or moved in these runs: {fact}")
            }
            Fact::Ended => {
                assert_eq!(now, self.scenario.duration_ms, "the run ends at its end");
                self.instant_is_over(now + 1);
                self.ended = true;
            }
        }
    }

    fn add_host(&mut self, host_type: HostTypeId, rack: RackId) {
        let scenario = Arc::clone(&self.scenario);
        let what = &scenario.host_types[host_type.row()];
        let model = &scenario.models[what.model.row()];
        let first = scenario.hosts.get(self.hosts.len());
        let mut age_ms = 0;
        if let Some(spec) = first {
            assert_eq!((self.now, spec.host_type, spec.rack), (0, host_type, rack));
            age_ms = spec.age_ms;
        } else {
            let racks = &scenario.pools[what.pool.row()].racks;
            let of_pool = self.hosts.iter().filter(|host| host.pool == what.pool).count();
            assert_eq!(rack, racks[of_pool % racks.len()], "new hosts go from rack to rack");
            if self.delivery_left > 0 {
                self.delivery_left -= 1;
                *self.bought.entry(host_type.row()).or_default() += 1;
            } else {
                let plans = scenario.growth.iter().filter(|plan| plan.host_type == host_type);
                let wanted = plans.map(|plan| plan.curve.count_at(self.now)).max();
                let up = self.up(host_type);
                assert!(wanted.is_some_and(|wanted| up < wanted), "no plan wants this host");
            }
        }
        let effective = model.effective;
        self.hosts.push(Host {
            host_type,
            pool: what.pool,
            labels: what.labels.clone(),
            taints: what.taints.clone(),
            rack,
            zone: scenario.racks[rack.row()].zone,
            effective,
            free: effective,
            vms: 0,
            status: HostStatus::Up,
            ages_at: model.retire_after_ms.map(|ms| self.now + ms.saturating_sub(age_ms)),
        });
        self.told.added += 1;
    }

    fn place(&mut self, want: Want, vm: usize, host: usize) {
        let fits = self.fits(&want);
        let request = want.request;
        assert!(fits.contains(&host), "q{request} was placed on h{host}, only {fits:?} fit");
        // These two have formulas of their own for what is preferred.
        let weighs =
            matches!(self.scenario.placement.policy, Policy::Kubernetes(_) | Policy::Nova(_));
        let fits = if weighs { fits } else { self.most_welcome(&want, fits) };
        assert!(fits.contains(&host), "q{request} was placed on h{host}, but prefers {fits:?}");
        if let Some(chosen) = self.choose(&want, &fits) {
            let policy = &self.scenario.placement.policy;
            assert_eq!(host, chosen, "{policy:?} for q{request} among {fits:?}");
        }
        let kinds = self.scenario.kinds.len();
        for column in 0..kinds {
            self.hosts[host].free[column] -= want.amounts[column];
        }
        self.hosts[host].vms += 1;
        self.last_host = Some(host);
        self.recent.retain(|row| *row != host);
        self.recent.insert(0, host);
        let ends = (want.stay_ms != u64::MAX).then(|| self.now.saturating_add(want.stay_ms));
        let vm_of_run = Vm { want, host, placed: self.now, ends, number: self.vms_made };
        self.vms_made += 1;
        assert!(self.vms.insert(vm, vm_of_run).is_none(), "the VM's id was free");
    }

    fn take_placed(&mut self, request: u64) -> Want {
        if let Some(want) = self.current.take_if(|want| want.request == request) {
            return want;
        }
        for earlier in self.waiting.iter().take_while(|want| want.request != request) {
            assert!(self.fits(earlier).is_empty(), "q{} came first and fits", earlier.request);
        }
        self.take_waiting(request)
    }

    fn take_waiting(&mut self, request: u64) -> Want {
        let row = self.waiting.iter().position(|want| want.request == request);
        self.waiting.remove(row.expect("the request waits"))
    }

    fn on_order(&self, procurement: usize) -> u64 {
        let open = |order: &&Order| order.procurement == procurement && !order.is_here;
        self.orders.iter().filter(open).map(|order| u64::from(order.hosts)).sum()
    }

    /// Batches to order: the rule of `Procurement`, a second time.
    fn hosts_to_order(&self, procurement: &Procurement) -> u64 {
        let scenario = &self.scenario;
        let effective = |t: HostTypeId| {
            scenario.models[scenario.host_types[t.row()].model.row()].effective //
        };
        let pool_of = |t: HostTypeId| scenario.host_types[t.row()].pool;
        let pool = pool_of(procurement.host_type);
        let here = |host: &&Host| host.pool == pool && host.status != HostStatus::Retired;
        let mut hosts = self.hosts.iter().filter(here).count() as u64;
        let brings = effective(procurement.host_type);
        let mut capacity = [0i128; 8];
        let mut committed = [0i128; 8];
        for column in 0..scenario.kinds.len() {
            for host in self.hosts.iter().filter(here) {
                committed[column] += i128::from(host.effective[column] - host.free[column]);
                if host.status == HostStatus::Up {
                    capacity[column] += i128::from(host.effective[column]);
                }
            }
            for want in &self.waiting {
                if want.pool.is_none_or(|wanted| wanted == pool) {
                    committed[column] += i128::from(want.amounts[column]);
                }
            }
        }
        for (row, other) in scenario.procurement.iter().enumerate() {
            if pool_of(other.host_type) == pool {
                let coming = self.on_order(row);
                hosts += coming;
                for column in 0..scenario.kinds.len() {
                    let amount = effective(other.host_type)[column];
                    capacity[column] += i128::from(amount) * i128::from(coming);
                }
            }
        }
        let mut ordered = 0;
        let batch = u64::from(procurement.batch);
        let hosts_max = procurement.hosts_max.map_or(u64::MAX, u64::from);
        loop {
            let is_reached = (0..scenario.kinds.len()).any(|column| {
                brings[column] > 0
                    && committed[column] > 0
                    && committed[column] as f64 >= procurement.trigger * capacity[column] as f64
            });
            if !is_reached || hosts + ordered + batch > hosts_max {
                return ordered;
            }
            ordered += batch;
            for column in 0..scenario.kinds.len() {
                capacity[column] += i128::from(brings[column]) * i128::from(batch);
            }
        }
    }

    fn take_order(&mut self, host_type: HostTypeId, hosts: u32, lead_ms: u64) {
        let scenario = Arc::clone(&self.scenario);
        let due_now = (0..self.reviews.len()).filter(|row| self.reviews[*row] == self.now);
        let mut of_type = due_now.filter(|row| scenario.procurement[*row].host_type == host_type);
        let row = of_type.next().expect("somebody looks at this instant");
        let procurement = &scenario.procurement[row];
        assert_eq!(u64::from(hosts), self.hosts_to_order(procurement), "hosts ordered");
        if let Distribution::Constant(ms) = procurement.lead_time {
            assert_eq!(lead_ms, ms);
        }
        self.reviews[row] += procurement.review_ms;
        let due = self.now + lead_ms;
        self.orders.push(Order { procurement: row, hosts, due, is_here: false });
    }

    /// Reviews that are past without an order had none to place.
    fn check_reviews_before(&mut self, end: u64) {
        let scenario = Arc::clone(&self.scenario);
        for (row, procurement) in scenario.procurement.iter().enumerate() {
            while self.reviews[row] < end.min(scenario.duration_ms + 1) {
                // Where somebody gave up at the same instant, he may have counted or not.
                if self.gave_up_at != Some(self.reviews[row]) {
                    let missed = self.hosts_to_order(procurement);
                    assert_eq!(missed, 0, "nothing ordered at {} ms", self.reviews[row]);
                }
                self.reviews[row] += procurement.review_ms;
            }
        }
    }

    /// Every number of the state against the books.
    fn compare(&self, fact: &Fact<'_>, state: &State) {
        let kinds = self.scenario.kinds.len();
        assert_eq!(state.hosts.rows(), self.hosts.len());
        let mut taken = vec![[0i64; 8]; self.hosts.len()];
        let mut seen = BTreeSet::new();
        for (id, vm) in state.vms.iter() {
            let mine = self.vms.get(&id.row()).expect("the VM is in the books");
            assert!(seen.insert(vm.request), "a request has one VM");
            assert_eq!((vm.request, vm.host.row()), (mine.want.request, mine.host));
            assert_eq!((vm.placed.ms(), vm.demand), (mine.placed, mine.want.demand));
            assert_eq!(state.shapes.get(vm.ask.shape).amounts, mine.want.amounts);
            assert_ne!(self.hosts[mine.host].status, HostStatus::Retired, "its host is in service");
            for column in 0..kinds {
                taken[mine.host][column] += mine.want.amounts[column];
            }
            assert_eq!(vm.ask.group.is_some(), mine.want.group.is_some());
            if let (Some(group), Some((key, rule))) = (vm.ask.group, &mine.want.group) {
                self.check_group(state, group, key, *rule, mine.host);
            }
        }
        assert_eq!(state.vms.alive(), self.vms.len());
        assert_eq!(seen.len(), self.vms.len(), "every VM is in one place");
        assert_eq!(state.waiting, self.waiting.len() as u64);
        assert_eq!(state.last_placed.map(HostId::row), self.last_host);
        for (row, mine) in self.hosts.iter().enumerate() {
            let host = HostId::from_row(row);
            let hosts = &state.hosts;
            assert_eq!((hosts.status(host), hosts.vm_count(host)), (mine.status, mine.vms));
            assert_eq!((hosts.host_type(host), hosts.rack(host)), (mine.host_type, mine.rack));
            assert_eq!((hosts.zone(host), *hosts.effective(host)), (mine.zone, mine.effective));
            for (column, taken) in taken[row].iter().enumerate().take(kinds) {
                let free = hosts.free(host, column);
                assert!(free >= 0, "{host} is over capacity in column {column} after {fact}");
                assert_eq!(free + taken, mine.effective[column], "{host}: free + taken");
            }
        }
        self.check_totals(state, None);
        for pool in 0..self.scenario.pools.len() {
            self.check_totals(state, Some(PoolId::from_row(pool)));
        }
        // Between a departure and what it makes room for, the engine holds on to what left.
        if matches!(fact, Fact::Requested { .. } | Fact::Ended) {
            self.check_held(state);
        }
    }

    fn check_group(
        &self,
        state: &State,
        id: fleetcast_core::state::GroupId,
        key: &GroupKey,
        rule: GroupRule,
        host: usize,
    ) {
        let (host_id, here) = (HostId::from_row(host), &self.hosts[host]);
        let (mut on_host, mut in_rack, mut in_zone) = (0, 0, 0);
        for mate in self.members(key) {
            on_host += u32::from(mate == host);
            in_rack += u32::from(self.hosts[mate].rack == here.rack);
            in_zone += u32::from(self.hosts[mate].zone == here.zone);
        }
        let group = state.groups.get(id);
        assert_eq!(group.on_host(host_id), on_host);
        assert_eq!((group.in_rack(here.rack), group.in_zone(here.zone)), (in_rack, in_zone));
        assert!(on_host <= rule.per_host_max, "{on_host} of {key:?} on {host_id}");
        assert!(in_rack <= rule.per_rack_max, "{in_rack} of {key:?} in {}", here.rack);
        assert!(in_zone <= rule.per_zone_max, "{in_zone} of {key:?} in {}", here.zone);
    }

    fn check_totals(&self, state: &State, pool: Option<PoolId>) {
        let mut plain = fleetcast_core::state::hosts::Totals::default();
        let in_service = |host: &&Host| {
            host.status != HostStatus::Retired && pool.is_none_or(|pool| pool == host.pool)
        };
        for host in self.hosts.iter().filter(in_service) {
            plain.hosts += 1;
            plain.hosts_used += u32::from(host.vms > 0);
            for column in 0..self.scenario.kinds.len() {
                plain.used[column] += host.effective[column] - host.free[column];
                plain.capacity[column] += host.effective[column];
                if host.status == HostStatus::Cordoned {
                    plain.leaving[column] += host.effective[column];
                }
            }
        }
        let total = pool.map_or(state.hosts.total(), |pool| state.hosts.pool_total(pool));
        assert_eq!(*total, plain, "totals of {pool:?}");
    }

    /// Shapes and groups are held for VMs, for those who wait, and for no one else.
    fn check_held(&self, state: &State) {
        let wants = || {
            let alive = self.vms.values().map(|vm| &vm.want);
            alive.chain(&self.waiting).chain(&self.current)
        };
        let groups: BTreeSet<&GroupKey> =
            wants().filter_map(|want| want.group.as_ref()).map(|(key, _)| key).collect();
        assert_eq!(state.groups.held(), groups.len(), "groups held");
        let pinned = self.scenario.demands.iter().flat_map(|demand| {
            let of = |flavor: &Flavor| {
                (flavor.amounts, demand.pool, demand.labels.clone(), demand.rules.clone())
            };
            self.scenario.flavors.iter().map(of)
        });
        let shape =
            |want: &Want| (want.amounts, want.pool, want.labels.clone(), want.rules.clone());
        let shapes: BTreeSet<_> = wants().map(shape).chain(pinned).collect();
        assert_eq!(state.shapes.held(), shapes.len(), "shapes held");
    }
}

/// The host with the least score; ties go to the lowest index.
fn least<S: Ord>(fits: &[usize], score: impl Fn(usize) -> S) -> usize {
    *fits.iter().min_by_key(|row| (score(**row), **row)).expect("one fits")
}

impl Observer for Judge {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        assert!(!self.ended, "nothing follows the end");
        assert!(now.ms() >= self.now, "facts come in the order of time");
        if now.ms() > self.now {
            self.instant_is_over(now.ms());
        }
        self.now = now.ms();
        self.listen(fact);
        self.compare(fact, state);
    }
}
