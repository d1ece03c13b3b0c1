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
#[derive(Debug)]
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

    /// Counts what these have used until now; the hosts have so much from now on. Only where that
    /// is not what they had does it matter what the others have used.
    pub(super) fn settle(
        &mut self,
        now: Time,
        capacity: &Amounts,
        tenants: impl Iterator<Item = TenantId>,
    ) {
        tenants.for_each(|tenant| self.count(now, tenant));
        if self.capacity != *capacity {
            for row in 0..self.tenants.len() {
                self.count(now, TenantId::from_row(row));
            }
            self.capacity = *capacity;
        }
    }

    /// What a tenant's jobs take.
    pub(super) fn taken(&self, tenant: TenantId) -> Amounts {
        self.tenants[tenant.row()].taken
    }

    /// Counts what a tenant has used until now: step by step, so that it does not matter how often
    /// somebody asks.
    fn count(&mut self, now: Time, tenant: TenantId) {
        let Some(step_ms) = self.step_ms else { return };
        if self.tenants[tenant.row()].until == now {
            return;
        }
        let share = self.share(&self.tenants[tenant.row()].taken, &self.capacity);
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

    /// The largest share of anything.
    fn share(&self, taken: &Amounts, capacity: &Amounts) -> Share {
        fairness::dominant_share(&taken[..self.kinds], &capacity[..self.kinds])
    }

    fn weight(&self, tenant: TenantId) -> u64 {
        self.weights.get(tenant.row()).copied().unwrap_or(1)
    }

    /// Which of two tenants that take so much takes less for his weight.
    pub(super) fn compare(
        &self,
        (a, of_a): (TenantId, &Amounts),
        (b, of_b): (TenantId, &Amounts),
        capacity: &Amounts,
    ) -> Ordering {
        let (first, second) = (self.share(of_a, capacity), self.share(of_b, capacity));
        first.compare(self.weight(a), second, self.weight(b))
    }

    /// Who has used less for his weight.
    pub(super) fn compare_usage(&self, a: TenantId, b: TenantId) -> Ordering {
        let used = |tenant: TenantId| self.tenants[tenant.row()].used;
        let times = |used: u128, weight: u64| used.saturating_mul(u128::from(weight));
        times(used(a), self.weight(b)).cmp(&times(used(b), self.weight(a)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tenants, who take what they take from the start, among so much.
    fn shares(capacity: &Amounts) -> Shares {
        let (kinds, weights, step_ms) = (1, Vec::new(), Some(10));
        let tenants = vec![Tenant::default(); 2];
        let mut shares = Shares { kinds, weights, step_ms, tenants, capacity: *capacity };
        for (row, taken) in [3, 2].into_iter().enumerate() {
            let amounts = Amounts::from([taken, 0, 0, 0, 0, 0, 0, 0]);
            shares.change(Time::ZERO, TenantId::from_row(row), &amounts, 1);
        }
        shares
    }

    #[test]
    fn it_does_not_matter_of_whom_somebody_asks_when() {
        let few = Amounts::from([7, 0, 0, 0, 0, 0, 0, 0]);
        let many = Amounts::from([11, 0, 0, 0, 0, 0, 0, 0]);
        let (mut often, mut seldom) = (shares(&few), shares(&few));
        let all = || [0, 1].map(TenantId::from_row);
        for (ms, capacity) in [(4, few), (13, few), (29, many), (33, many), (50_000, many)] {
            often.settle(Time::from_ms(ms), &capacity, all().into_iter());
            seldom.settle(Time::from_ms(ms), &capacity, std::iter::once(all()[1]));
        }
        seldom.settle(Time::from_ms(50_000), &many, all().into_iter());
        let used = |shares: &Shares| shares.tenants.iter().map(|of| of.used).collect::<Vec<_>>();
        assert_eq!(used(&often), used(&seldom));
        assert!(used(&often)[0] > used(&often)[1]);
    }
}
