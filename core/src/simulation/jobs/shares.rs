//! What tenants' jobs take now, and what they have used of late.

use crate::fairness::{self, Share};
use crate::resources::Amounts;
use crate::scenario::batch::{Batch, JobOrder};
use crate::scenario::{Scenario, TenantId};
use crate::time::Time;
use std::cmp::Ordering;

/// In so many steps what was used comes to count half.
const STEPS_PER_HALF_LIFE: u64 = 32;

/// 2^(−1/32), in 2^−32.
const STEP_FACTOR: u128 = 4_202_935_003;

/// After so many steps nothing is left of any amount.
const STEPS_MAX: u64 = 128 * STEPS_PER_HALF_LIFE;

/// Shares are counted in billionths.
const BILLION: i128 = 1_000_000_000;

/// All tenants.
#[derive(Clone, Debug)]
pub(super) struct Shares {
    kinds: usize,
    weights: Vec<u64>,
    /// `None` where nobody asks what was used.
    step_ms: Option<u64>,
    tenants: Vec<Tenant>,
    /// What shares are shares of.
    capacity: Amounts,
}

#[derive(Clone, Copy, Debug, Default)]
struct Tenant {
    taken: Amounts,
    /// Billionths × ms, less what is forgotten of it.
    used: u128,
    /// Until when that is counted.
    until: Time,
}

impl Shares {
    pub(super) fn new(scenario: &Scenario, batch: &Batch) -> Self {
        let step_ms = match batch.scheduler.order {
            JobOrder::FairShare { half_life_ms } => {
                Some((half_life_ms / STEPS_PER_HALF_LIFE).max(1))
            }
            _ => None,
        };
        Self {
            kinds: scenario.kinds.len(),
            weights: batch.weights.clone(),
            step_ms,
            tenants: vec![Tenant::default(); scenario.tenants.len()],
            capacity: Amounts::default(),
        }
    }

    /// A tenant takes so much more, or (with the sign −1) less.
    pub(super) fn change(&mut self, now: Time, tenant: TenantId, amounts: &Amounts, sign: i64) {
        self.count(now, tenant);
        let taken = &mut self.tenants[tenant.row()].taken;
        taken.iter_mut().zip(amounts).for_each(|(taken, amount)| *taken += sign * amount);
    }

    /// Counts what all have used until now; the hosts have so much from now on.
    pub(super) fn settle(&mut self, now: Time, capacity: &Amounts) {
        for row in 0..self.tenants.len() {
            self.count(now, TenantId::from_row(row));
        }
        self.capacity = *capacity;
    }

    /// Counts what a tenant has used until now: step by step, so that it does not matter how often
    /// somebody asks.
    fn count(&mut self, now: Time, tenant: TenantId) {
        let Some(step_ms) = self.step_ms else { return };
        let share = self.share(tenant, &self.capacity);
        let per_ms = (i128::from(share.part) * BILLION / i128::from(share.whole)).unsigned_abs();
        let of = &mut self.tenants[tenant.row()];
        let (mut at, now) = (of.until.ms(), now.ms());
        if now / step_ms - at / step_ms > STEPS_MAX {
            at = now - now % step_ms - STEPS_MAX * step_ms;
        }
        while at < now {
            let step_ends = (at / step_ms + 1) * step_ms;
            let until = step_ends.min(now);
            of.used += per_ms * u128::from(until - at);
            if until == step_ends {
                of.used = (of.used * STEP_FACTOR) >> 32;
            }
            at = until;
        }
        of.until = Time::from_ms(now);
    }

    /// The largest share that a tenant has of anything.
    fn share(&self, tenant: TenantId, capacity: &Amounts) -> Share {
        let taken = &self.tenants[tenant.row()].taken;
        fairness::dominant_share(&taken[..self.kinds], &capacity[..self.kinds])
    }

    fn weight(&self, tenant: TenantId) -> u64 {
        self.weights.get(tenant.row()).copied().unwrap_or(1)
    }

    /// Who takes less for his weight.
    pub(super) fn compare(&self, a: TenantId, b: TenantId, capacity: &Amounts) -> Ordering {
        let (first, second) = (self.share(a, capacity), self.share(b, capacity));
        first.compare(self.weight(a), second, self.weight(b))
    }

    /// Who has used less for his weight.
    pub(super) fn compare_usage(&self, a: TenantId, b: TenantId) -> Ordering {
        let used = |tenant: TenantId| self.tenants[tenant.row()].used;
        let times = |used: u128, weight: u64| used.saturating_mul(u128::from(weight));
        times(used(a), self.weight(b)).cmp(&times(used(b), self.weight(a)))
    }
}
