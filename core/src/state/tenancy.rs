//! Tenancy: what each tenant takes in all, and which hosts tenants keep to themselves.
//!
//! Kept only where a quota or an exclusive VM can ask for it.

use super::{HostId, push_snugly};
use crate::resources::Amounts;
use crate::scenario::{Scenario, TenantId, TenantRules};
use std::collections::BTreeMap;

/// The bit of a quota of VMs, behind those of the columns, in [`Tenancy::over`].
pub const VMS_BIT: u16 = 1 << 8;

/// What tenants have, and where.
#[derive(Clone, Debug)]
pub struct Tenancy {
    kinds: usize,
    /// By tenant; those behind the end are held to nothing.
    rules: Vec<TenantRules>,
    has_quotas: bool,
    has_exclusive: bool,
    /// By tenant, where there are quotas.
    taken: Vec<Taken>,
    /// By host, where VMs can be exclusive: who is there.
    residents: Vec<BTreeMap<TenantId, Resident>>,
}

/// What a tenant's VMs take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// All of them together.
    pub amounts: Amounts,
    /// How many they are.
    pub vms: u64,
}

/// A tenant on a host.
#[derive(Clone, Copy, Debug, Default)]
struct Resident {
    vms: u32,
    exclusive: u32,
}

impl Tenancy {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let rules = scenario.tenant_rules.clone();
        let is_bound = |rules: &TenantRules| {
            TenantRules { is_exclusive: false, parent: None, ..*rules } != TenantRules::NONE //
        };
        let of_demands = scenario.demands.iter().any(|demand| demand.rules.is_exclusive);
        Self {
            kinds: scenario.kinds.len(),
            has_quotas: rules.iter().any(is_bound),
            has_exclusive: of_demands || rules.iter().any(|rules| rules.is_exclusive),
            taken: vec![Taken::default(); rules.len()],
            rules,
            residents: Vec::new(),
        }
    }

    /// Whether it can matter to two hosts that are otherwise alike who is on them.
    #[inline]
    pub fn has_exclusive(&self) -> bool {
        self.has_exclusive
    }

    /// Whether two requests that are otherwise alike can be decided otherwise because one is this
    /// tenant's.
    pub fn decides(&self, tenant: TenantId) -> bool {
        self.has_exclusive || self.has_quota(tenant)
    }

    /// Whether a tenant, or one that it is a part of, has a quota.
    pub fn has_quota(&self, tenant: TenantId) -> bool {
        self.has_quotas && self.line_of(tenant).any(|tenant| self.has_own_quota(tenant))
    }

    fn has_own_quota(&self, tenant: TenantId) -> bool {
        let rules = self.rules_of(tenant);
        rules.vms_max != u64::MAX || rules.quota[..self.kinds].iter().any(|q| *q != i64::MAX)
    }

    /// Whether two tenants' VMs count for one quota.
    pub fn shares_quota(&self, one: TenantId, other: TenantId) -> bool {
        let counts = |tenant: TenantId| {
            self.has_own_quota(tenant) && self.line_of(other).any(|of_other| of_other == tenant)
        };
        self.has_quotas && self.line_of(one).any(counts)
    }

    /// A tenant, the one that it is a part of, and so on up.
    pub fn line_of(&self, tenant: TenantId) -> impl Iterator<Item = TenantId> {
        std::iter::successors(Some(tenant), |tenant| self.rules.get(tenant.row())?.parent)
    }

    /// What a tenant is held to.
    #[inline]
    pub fn rules_of(&self, tenant: TenantId) -> TenantRules {
        self.rules.get(tenant.row()).copied().unwrap_or(TenantRules::NONE)
    }

    /// What a tenant and all its parts take; nothing where no tenant has a quota.
    pub fn taken(&self, tenant: TenantId) -> Taken {
        self.taken.get(tenant.row()).copied().unwrap_or_default()
    }

    /// Which quotas one more VM would break, of the tenant or of one that it is a part of: bit r
    /// for column r, [`VMS_BIT`] for their number. What a VM does not ask for breaks none.
    #[inline]
    pub fn over(&self, tenant: TenantId, asked: &Amounts) -> u16 {
        if self.has_quotas { self.over_quotas(tenant, asked) } else { 0 }
    }

    fn over_quotas(&self, tenant: TenantId, asked: &Amounts) -> u16 {
        self.line_of(tenant).fold(0, |over, tenant| over | self.over_own(tenant, asked))
    }

    /// The same of a tenant's own quota.
    pub fn over_own(&self, tenant: TenantId, asked: &Amounts) -> u16 {
        let (rules, taken) = (self.rules_of(tenant), self.taken(tenant));
        let vms = if taken.vms >= rules.vms_max { VMS_BIT } else { 0 };
        (0..self.kinds).fold(vms, |over, column| {
            let is_over = asked[column] > 0
                && taken.amounts[column].saturating_add(asked[column]) > rules.quota[column];
            over | u16::from(is_over) << column
        })
    }

    /// Whether so many VMs more would break a quota, of the tenant or of one that it is a part of.
    pub fn is_over_with(&self, tenant: TenantId, vms: u64, asked: &Amounts) -> bool {
        let is_over = |tenant: TenantId| {
            let vms = self.taken(tenant).vms.saturating_add(vms);
            self.over_own(tenant, asked) != 0 || vms > self.rules_of(tenant).vms_max
        };
        self.has_quotas && self.line_of(tenant).any(is_over)
    }

    /// Whether so many VMs would break one if nobody had any.
    pub fn is_over_alone(&self, tenant: TenantId, vms: u64, asked: &Amounts) -> bool {
        let is_over = |tenant: TenantId| {
            let rules = self.rules_of(tenant);
            let quotas = asked.iter().zip(&rules.quota).take(self.kinds);
            vms > rules.vms_max
                || quotas.into_iter().any(|(asked, most)| *asked > 0 && asked > most)
        };
        self.has_quotas && self.line_of(tenant).any(is_over)
    }

    /// Whether those on a host and a VM bear each other.
    #[inline]
    pub fn admits(&self, host: HostId, tenant: TenantId, is_exclusive: bool) -> bool {
        let Some(residents) = self.residents.get(host.row()) else { return true };
        let mut others = residents.iter().filter(|(other, _)| **other != tenant);
        !others.any(|(_, other)| is_exclusive || other.exclusive > 0)
    }

    /// A tenant's VMs are one more, or (with the sign −1) one less.
    #[inline(always)]
    pub(super) fn count(&mut self, tenant: TenantId, amounts: &Amounts, sign: i64) {
        if self.has_quotas {
            self.count_upwards(tenant, amounts, sign);
        }
    }

    #[inline(never)]
    fn count_upwards(&mut self, tenant: TenantId, amounts: &Amounts, sign: i64) {
        let mut next = Some(tenant);
        while let Some(taken) = next.and_then(|tenant| self.taken.get_mut(tenant.row())) {
            taken.vms = taken.vms.wrapping_add_signed(sign);
            (0..self.kinds).for_each(|column| taken.amounts[column] += sign * amounts[column]);
            next = next.and_then(|tenant| self.rules[tenant.row()].parent);
        }
    }

    #[inline(always)]
    pub(super) fn start(
        &mut self,
        host: HostId,
        tenant: TenantId,
        amounts: &Amounts,
        is_exclusive: bool,
    ) {
        self.count(tenant, amounts, 1);
        if self.has_exclusive {
            self.come(host, tenant, is_exclusive);
        }
    }

    #[inline(never)]
    fn come(&mut self, host: HostId, tenant: TenantId, is_exclusive: bool) {
        while self.residents.len() <= host.row() {
            push_snugly(&mut self.residents, BTreeMap::new());
        }
        let resident = self.residents[host.row()].entry(tenant).or_default();
        resident.vms += 1;
        resident.exclusive += u32::from(is_exclusive);
    }

    #[inline(always)]
    pub(super) fn end(
        &mut self,
        host: HostId,
        tenant: TenantId,
        amounts: &Amounts,
        is_exclusive: bool,
    ) {
        self.count(tenant, amounts, -1);
        if self.has_exclusive {
            self.go(host, tenant, is_exclusive);
        }
    }

    #[inline(never)]
    fn go(&mut self, host: HostId, tenant: TenantId, is_exclusive: bool) {
        let residents = &mut self.residents[host.row()];
        let resident = residents.get_mut(&tenant).expect("it was counted when it started");
        resident.vms -= 1;
        resident.exclusive -= u32::from(is_exclusive);
        if resident.vms == 0 {
            residents.remove(&tenant);
        }
    }
}
