//! Filters: whether a host can take an ask at all, and if not, why not.
//!
//! A host is turned away by the first filter in this order: quota, service, pool, labels,
//! forbidden labels, taints, exclusive tenants, resources, devices, NUMA cells, group. So each host
//! that does not fit counts once, and the counts sum to the fleet.
//!
//! On a host with NUMA cells a request takes as many as its flavor says (`numa-cells`), as much in
//! each; one that does not say takes one, or, if it is larger than an empty one, the fewest that
//! an empty host needs. So many cells must have room. A host without cells will do for who wants
//! at most one.

use super::mates::Mates;
use crate::fact::Reason;
use crate::resources::Amounts;
use crate::scenario::{HostTypeId, ImageId, Level, TenantId};
use crate::state::devices::Portion;
use crate::state::shapes::{TypeVerdict, Wish};
use crate::state::{Ask, Columns, HostId, HostStatus, Images, ShapeId, State};
use std::collections::BTreeMap;

/// What a host can lack of an image, as far as it counts for how welcome it is, MiB: 1 PiB.
const LACKING_MAX: u64 = (1 << 30) - 1;

/// An ask with its parts looked up once, to be held against many hosts.
#[derive(Clone, Copy)]
pub struct Filter<'s> {
    state: &'s State,
    shape: ShapeId,
    amounts: &'s Amounts,
    verdicts: &'s [TypeVerdict],
    portion: Portion,
    /// NUMA cells that it declares; `None`: they keep it off no host.
    cells: Option<u8>,
    mates: Option<Mates<'s>>,
    /// Which levels of affinity make hosts welcome.
    levels: [bool; Level::ALL.len()],
    wishes: Option<&'s [Wish]>,
    /// Its image, where hosts that lack less of it are the more welcome.
    warm: Option<(&'s Images, ImageId)>,
    /// Only hosts that are just so welcome.
    welcome: Option<i64>,
    tenant: TenantId,
    /// Quotas that the tenant would break, as in [`Reason::Quota`].
    quota: u16,
    is_exclusive: bool,
}

impl<'s> Filter<'s> {
    /// The filters of an ask.
    #[inline(always)]
    pub fn new(state: &'s State, ask: Ask) -> Self {
        let amounts = &state.shapes.get(ask.shape).amounts;
        let gpus = state.devices.column().map_or(0, |column| amounts[column]);
        let predicate = state.shapes.predicate(ask.shape);
        let cells = predicate.cells;
        Self {
            state,
            shape: ask.shape,
            amounts,
            portion: Portion::of(gpus),
            cells: (state.cells.are_used() || cells > 1).then_some(cells),
            verdicts: state.shapes.verdicts(ask.shape),
            mates: Mates::new(state, ask),
            levels: [true; Level::ALL.len()],
            wishes: state.shapes.wishes(ask.shape),
            warm: predicate.image.and_then(|image| warm(state, image)),
            welcome: None,
            tenant: ask.tenant,
            quota: state.tenancy.over(ask.tenant, amounts),
            is_exclusive: state.is_exclusive(ask),
        }
    }

    /// The same of a VM that its tenant's quotas count already: none of them keeps it off.
    pub fn counted(self) -> Self {
        Self { quota: 0, ..self }
    }

    /// What the ask takes.
    pub fn amounts(&self) -> &'s Amounts {
        self.amounts
    }

    /// Whether the host can take it. The same answer as [`Self::admit`], sooner.
    #[inline(always)]
    pub fn admits(&self, host: HostId) -> bool {
        self.quota == 0
            && self.admits_row(self.state.hosts.columns(), host.row())
            && self.state.hosts.status(host) == HostStatus::Up
            && self.group_admits(host)
    }

    /// Whether no host can take it, since its tenant has a quota.
    #[inline]
    pub fn quota(&self) -> Option<Reason> {
        (self.quota != 0).then_some(Reason::Quota(self.quota))
    }

    /// What of it depends only on the row of a host or of its class.
    #[inline(always)]
    pub fn admits_row(&self, columns: &Columns, row: usize) -> bool {
        let host_type = columns.host_type(row);
        columns.has_room(row, self.amounts)
            && self.verdicts[host_type.row()] == TypeVerdict::Admitted
            && self.is_type_welcome(host_type)
            && self.has_devices(columns, row)
            && self.has_cells(columns, row)
    }

    /// Whether what is free of GPUs lies on devices as the ask needs it.
    #[inline]
    fn has_devices(&self, columns: &Columns, row: usize) -> bool {
        self.portion.count == 0 || self.portion.fits(self.state.layouts.parts(columns.layout(row)))
    }

    /// How much more CPU and memory would have to be free in a host's NUMA cells: `None` if they
    /// keep it off no host, `Some(None)` if the host has too few of them.
    pub fn cells_missing(&self, host: HostId) -> Option<Option<[i64; 2]>> {
        let (columns, row) = (self.state.hosts.columns(), host.row());
        let need = self.state.cells.need(columns.host_type(row), self.amounts, self.cells?);
        let is_free = need.count == 0;
        (!is_free).then(|| need.missing(self.state.layouts.parts(columns.cells(row))))
    }

    /// Whether what is free of CPU and memory lies in NUMA cells as the ask needs it.
    #[inline]
    fn has_cells(&self, columns: &Columns, row: usize) -> bool {
        self.cells.is_none_or(|declared| {
            let need = self.state.cells.need(columns.host_type(row), self.amounts, declared);
            need.fits(self.state.layouts.parts(columns.cells(row)))
        })
    }

    /// Whether two hosts with the same row can differ for the ask.
    #[inline]
    pub fn is_grouped(&self) -> bool {
        self.mates.is_some() || self.warm.is_some() || self.state.tenancy.has_exclusive()
    }

    /// What of it depends on the host itself: who is on it, and its group's members.
    #[inline]
    pub fn group_admits(&self, host: HostId) -> bool {
        self.tenants_allow(host) && self.group_allows(host).is_ok() && self.is_welcome(host)
    }

    #[inline]
    fn tenants_allow(&self, host: HostId) -> bool {
        self.state.tenancy.admits(host, self.tenant, self.is_exclusive)
    }

    /// Whether the host can take it.
    ///
    /// # Errors
    /// The first filter that says no. `NoHosts` stands for a host that has left service, `Down`
    /// for one that is to come back.
    pub fn admit(&self, host: HostId) -> Result<(), Reason> {
        let hosts = &self.state.hosts;
        match (hosts.status(host), self.quota()) {
            (HostStatus::Retired, _) => return Err(Reason::NoHosts),
            (HostStatus::Down, _) => return Err(Reason::Down),
            (_, Some(quota)) => return Err(quota),
            (HostStatus::Cordoned | HostStatus::Draining, None) => return Err(Reason::Cordoned),
            (HostStatus::Up, None) => {}
        }
        self.type_admits(hosts.columns(), host.row())?;
        if !self.tenants_allow(host) {
            return Err(Reason::Exclusive);
        }
        self.has_room(hosts.columns(), host.row())?;
        self.group_allows(host)
    }

    fn type_admits(&self, columns: &Columns, row: usize) -> Result<(), Reason> {
        match self.verdicts[columns.host_type(row).row()] {
            TypeVerdict::Admitted => Ok(()),
            TypeVerdict::WrongPool => Err(Reason::Pool),
            TypeVerdict::LabelMissing => Err(Reason::Labels),
            TypeVerdict::LabelForbidden => Err(Reason::Forbidden),
            TypeVerdict::Tainted => Err(Reason::Taints),
        }
    }

    fn has_room(&self, columns: &Columns, row: usize) -> Result<(), Reason> {
        match self.short(columns, row) {
            0 if !self.has_devices(columns, row) => Err(Reason::Devices),
            0 if !self.has_cells(columns, row) => Err(Reason::Cells),
            0 => Ok(()),
            short => Err(Reason::Short(short)),
        }
    }

    /// The resources of which a row has too little, as in [`Reason::Short`].
    fn short(&self, columns: &Columns, row: usize) -> u8 {
        (0..columns.kinds()).fold(0, |short, column| {
            let asked = self.amounts[column];
            short | u8::from(asked > 0 && asked > columns.free(row, column)) << column
        })
    }

    #[inline]
    fn group_allows(&self, host: HostId) -> Result<(), Reason> {
        match self.mates {
            Some(mates) => mates.allow(host),
            None => Ok(()),
        }
    }

    /// How welcome the host is: the weights of all that is preferred, summed; of those that are as
    /// welcome, the less it lacks of the image. A host is chosen from those that are most welcome.
    pub fn wish(&self, host: HostId) -> i64 {
        let host_type = self.state.hosts.host_type(host);
        let mates = self.mates.map_or(0, |mates| mates.wish(self.levels, host));
        let wish = self.type_wish(host_type) + mates;
        match self.warm {
            None => wish,
            Some((images, image)) => {
                let lacking = images.lacking_mib(host, image).min(LACKING_MAX);
                wish.saturating_mul(LACKING_MAX as i64 + 1).saturating_sub(lacking as i64)
            }
        }
    }

    #[inline]
    fn type_wish(&self, host_type: HostTypeId) -> i64 {
        self.wishes.map_or(0, |wishes| wishes[host_type.row()].sum())
    }

    /// Whether some hosts can be more welcome than others.
    #[inline]
    pub fn has_wishes(&self) -> bool {
        self.wishes.is_some() || self.differ_in_type()
    }

    /// Whether hosts of one type can be.
    #[inline]
    pub fn differ_in_type(&self) -> bool {
        self.warm.is_some() || self.mates.is_some_and(|mates| mates.group().rule.has_wishes())
    }

    /// The same without affinity at a level, which another has a say in.
    pub fn but_level(mut self, level: Level) -> Self {
        self.levels[level.row()] = false;
        self
    }

    /// The same for hosts that are just so welcome.
    pub fn as_welcome(self, level: i64) -> Self {
        Self { welcome: Some(level), ..self }
    }

    #[inline]
    fn is_type_welcome(&self, host_type: HostTypeId) -> bool {
        match self.welcome {
            Some(level) if !self.differ_in_type() => self.type_wish(host_type) == level,
            _ => true,
        }
    }

    #[inline]
    fn is_welcome(&self, host: HostId) -> bool {
        match self.welcome {
            Some(level) if self.differ_in_type() => self.wish(host) == level,
            _ => true,
        }
    }

    /// Everything that keeps the host from taking it: each filter is asked, whatever the others
    /// say. The first is that of [`Self::admit`]; empty if the host can take it.
    pub fn objections(&self, host: HostId) -> Vec<Reason> {
        let hosts = &self.state.hosts;
        let mut found = Vec::new();
        match hosts.status(host) {
            HostStatus::Retired => return vec![Reason::NoHosts],
            HostStatus::Down => return vec![Reason::Down],
            _ => {}
        }
        found.extend(self.quota());
        if hosts.status(host) != HostStatus::Up {
            found.push(Reason::Cordoned);
        }
        let host_type = hosts.host_type(host);
        if self.verdicts[host_type.row()] == TypeVerdict::WrongPool {
            found.push(Reason::Pool);
        }
        let shapes = &self.state.shapes;
        if !shapes.labels_missing(self.shape, host_type).is_empty() {
            found.push(Reason::Labels);
        }
        if shapes.labels_forbidden(self.shape, host_type).next().is_some() {
            found.push(Reason::Forbidden);
        }
        if shapes.taints_in_the_way(self.shape, host_type).next().is_some() {
            found.push(Reason::Taints);
        }
        if !self.tenants_allow(host) {
            found.push(Reason::Exclusive);
        }
        let (columns, row) = (hosts.columns(), host.row());
        let short = self.short(columns, row);
        if short != 0 {
            found.push(Reason::Short(short));
        }
        let gpus = self.state.devices.column().map_or(0, |column| 1 << column);
        if short & gpus == 0 && !self.has_devices(columns, row) {
            found.push(Reason::Devices);
        }
        let lies_in_cells = |column: &usize| self.state.cells.has_column(*column);
        let is_short = |column: usize| short >> column & 1 == 1;
        let is_short = (0..columns.kinds()).filter(lies_in_cells).any(is_short);
        if !is_short && !self.has_cells(columns, row) {
            found.push(Reason::Cells);
        }
        found.extend(self.mates.into_iter().flat_map(|mates| mates.objections(host)));
        found
    }
}

/// What is asked of hosts where those that lack less of an image are the more welcome.
#[cold]
fn warm(state: &State, image: ImageId) -> Option<(&Images, ImageId)> {
    let images = state.images.as_deref().filter(|images| images.prefers_warm())?;
    Some((images, image))
}

/// How many hosts in service each reason turned away. Sums to the hosts in service that do not
/// fit. Cost: one pass over the hosts or their classes.
pub fn tally(state: &State, ask: Ask) -> BTreeMap<Reason, u32> {
    let mut tally = BTreeMap::new();
    each_verdict(state, ask, |verdict, hosts| {
        if let Err(reason) = verdict {
            *tally.entry(reason).or_default() += hosts;
        }
    });
    tally
}

/// Why nobody takes the ask: of the hosts that came through most filters, the reason that turned
/// away most; equal counts go to the first in the order of [`Reason`].
pub fn reason(state: &State, ask: Ask) -> Reason {
    let (mut tally, mut is_passed_over) = (BTreeMap::new(), false);
    each_verdict(state, ask, |verdict, hosts| match verdict {
        Ok(()) => is_passed_over = true,
        Err(reason) => *tally.entry(reason).or_insert(0) += hosts,
    });
    if is_passed_over {
        return Reason::PassedOver;
    }
    if tally.is_empty() && state.hosts.total().down > 0 {
        return Reason::Down;
    }
    let furthest = tally.keys().map(stage).max().unwrap_or(0);
    let mut found = (Reason::NoHosts, 0);
    for (reason, count) in tally {
        if stage(&reason) == furthest && count > found.1 {
            found = (reason, count);
        }
    }
    found.0
}

/// What [`Filter::admit`] says of the hosts in service: a verdict, and of how many. The same
/// verdict may come again.
fn each_verdict(state: &State, ask: Ask, mut tell: impl FnMut(Result<(), Reason>, u32)) {
    let filter = Filter::new(state, ask);
    let in_service = state.hosts.total().hosts;
    if let (Some(quota), 1..) = (filter.quota(), in_service) {
        return tell(Err(quota), in_service);
    }
    let by_host = |host| match filter.admit(host) {
        Err(Reason::NoHosts | Reason::Down) => {}
        verdict => tell(verdict, 1),
    };
    let Some(classes) = state.classes().filter(|_| !state.tenancy.has_exclusive()) else {
        return state.hosts.ids().for_each(by_host);
    };
    let (columns, mut in_classes) = (classes.columns(), 0);
    for row in 0..columns.rows() {
        let members = classes.members(row);
        let hosts = members.len() as u32;
        in_classes += hosts;
        let verdict = filter.type_admits(columns, row).and_then(|()| filter.has_room(columns, row));
        match verdict {
            _ if hosts == 0 => {}
            Ok(()) if ask.group.is_some() => {
                members.iter().for_each(|host| tell(filter.group_allows(host), 1));
            }
            _ => tell(verdict, hosts),
        }
    }
    // Who takes no VMs is in no class.
    if in_service > in_classes {
        tell(Err(Reason::Cordoned), in_service - in_classes);
    }
}

/// How many VMs of an ask the fleet has room for, one beside the other, apart from the rules of
/// its group. O(classes of hosts), or O(hosts) where there are none.
pub fn slots(state: &State, ask: Ask) -> u64 {
    let filter = Filter::new(state, Ask { group: None, ..ask });
    if filter.quota().is_some() {
        return 0;
    }
    let room = |columns: &Columns, row: usize| {
        let amounts = filter.amounts().iter().enumerate().filter(|(_, amount)| **amount > 0);
        let fits = amounts.map(|(column, amount)| columns.free(row, column) / amount);
        fits.min().and_then(|count| u64::try_from(count).ok()).unwrap_or(0)
    };
    let Some(classes) = state.classes().filter(|_| !filter.is_grouped()) else {
        let hosts = state.hosts.ids().filter(|host| filter.admits(*host));
        return hosts.map(|host| room(state.hosts.columns(), host.row())).sum();
    };
    let columns = classes.columns();
    let rows = (0..columns.rows()).filter(|row| filter.admits_row(columns, *row));
    rows.map(|row| classes.members(row).len() as u64 * room(columns, row)).sum()
}

/// How many filters a host came through before it was turned away.
fn stage(reason: &Reason) -> u8 {
    match reason {
        Reason::NoHosts | Reason::Down => 0,
        Reason::Quota(_) => 1,
        Reason::Cordoned => 2,
        Reason::Pool => 3,
        Reason::Labels => 4,
        Reason::Forbidden => 5,
        Reason::Taints => 6,
        Reason::Exclusive => 7,
        Reason::Short(_) => 8,
        Reason::Devices => 9,
        Reason::Cells => 10,
        Reason::GroupPerHost
        | Reason::GroupPerRack
        | Reason::GroupPerZone
        | Reason::Affinity(_)
        | Reason::Skew(_) => 11,
        Reason::PassedOver => 12,
    }
}
