//! Borrowing: a tenant's jobs may take more than what it is guaranteed while nobody else needs that,
//! and are ended when its owner does.
//!
//! The rules are those of queues in Kubernetes' Kueue (`reclaimWithinCohort: Any`) and of the capacity
//! scheduler of Hadoop YARN: who waits for no more than its guarantee gets its own back after a
//! grace; jobs end that were started last, whole gangs, and only of tenants that have more than
//! their guarantee of something that is missed. As in Kueue, those that turn out not to be needed
//! are spared, and one job may take its tenant below its guarantee where it reached beyond it.

use crate::jobs::queue::Room;
use crate::resources::Amounts;
use crate::scenario::TenantId;
use std::collections::BTreeMap;

/// What tenants are guaranteed.
#[derive(Clone, Debug)]
pub struct Guarantees<'s> {
    kinds: usize,
    of: &'s [Option<Amounts>],
}

/// A job that runs.
#[derive(Clone, Copy, Debug)]
pub struct Runs {
    /// Whose it is.
    pub tenant: TenantId,
    /// What it takes.
    pub amounts: Amounts,
}

impl<'s> Guarantees<'s> {
    /// By tenant; `None`: nothing, `i64::MAX`: all that it wants. Of so many kinds of resources.
    pub fn new(of: &'s [Option<Amounts>], kinds: usize) -> Self {
        Self { kinds, of }
    }

    fn of(&self, tenant: TenantId) -> Option<&Amounts> {
        self.of.get(tenant.row())?.as_ref()
    }

    /// Whether a tenant that takes so much, a job that asks for so much among it, has its own.
    pub fn covers(&self, tenant: TenantId, taken: &Amounts, asked: &Amounts) -> bool {
        self.of(tenant).is_some_and(|guarantee| {
            (0..self.kinds).all(|kind| asked[kind] <= 0 || taken[kind] <= guarantee[kind])
        })
    }

    /// Whether a job of a tenant that takes so much has something that is borrowed and missed.
    fn is_borrowed(&self, taken: &Amounts, job: &Runs, missed: &Amounts) -> bool {
        let guarantee = self.of(job.tenant);
        (0..self.kinds).any(|kind| {
            let own = guarantee.map_or(0, |guarantee| guarantee[kind]);
            missed[kind] > 0 && job.amounts[kind] > 0 && taken[kind] > own
        })
    }

    /// What is missed of what is asked for where so much is free; all of it, if there is enough of
    /// everything in sum: then it is in pieces.
    fn missed(&self, asked: &Amounts, free: &Amounts) -> Amounts {
        let mut short = Amounts::default();
        for kind in 0..self.kinds {
            short[kind] = (asked[kind] - free[kind]).max(0);
        }
        if short == Amounts::default() { *asked } else { short }
    }

    /// Which jobs, by place in the list, end so that one of another tenant can start; `None` if that
    /// cannot be. The list has the youngest first. `free` is what all hosts have free, `taken` says
    /// what a tenant's jobs take, `fits` whether the job has room without some.
    pub fn victims(
        &self,
        (tenant, asked): (TenantId, &Amounts),
        mut free: Amounts,
        running: &[Runs],
        taken: impl Fn(TenantId) -> Amounts,
        mut fits: impl FnMut(&[usize]) -> bool,
    ) -> Option<Vec<usize>> {
        let mut victims = Vec::new();
        if fits(&victims) {
            return Some(victims);
        }
        let mut left: BTreeMap<TenantId, Amounts> = BTreeMap::new();
        let mut others: Vec<usize> =
            (0..running.len()).filter(|row| running[*row].tenant != tenant).collect();
        loop {
            let (missed, before) = (self.missed(asked, &free), victims.len());
            let mut has_room = false;
            others.retain(|row| {
                let job = &running[*row];
                let left = left.entry(job.tenant).or_insert_with(|| taken(job.tenant));
                if has_room || !self.is_borrowed(left, job, &missed) {
                    return true;
                }
                left.iter_mut().zip(&job.amounts).for_each(|(left, amount)| *left -= amount);
                free.add(&job.amounts);
                victims.push(*row);
                has_room = fits(&victims);
                false
            });
            if has_room {
                break;
            }
            // What was short may be there by now, but in pieces.
            if victims.len() == before {
                return None;
            }
        }
        // The last one is needed; the others may not be.
        for place in (0..victims.len().saturating_sub(1)).rev() {
            let spared = victims.remove(place);
            if !fits(&victims) {
                victims.insert(place, spared);
            }
        }
        Some(victims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jobs as `tenant amount`, the youngest first; a job of tenant 0 asks for so much where so much is
    /// free; tenants are guaranteed 4, 4 and nothing.
    fn check(asked: i64, free: i64, running: &str, expected: Option<&[usize]>) {
        let only = |amount| Amounts::from([amount, 0, 0, 0, 0, 0, 0, 0]);
        let runs = |job: &str| {
            let (tenant, amount) = job.split_once(' ').unwrap();
            let tenant = TenantId::from_row(tenant.parse().unwrap());
            Runs { tenant, amounts: only(amount.parse().unwrap()) }
        };
        let running: Vec<Runs> = running.split(", ").map(runs).collect();
        let guarantees = [Some(only(4)), Some(only(4)), None];
        let taken = |tenant| {
            let of = running.iter().filter(|job| job.tenant == tenant);
            only(of.map(|job| job.amounts[0]).sum())
        };
        let freed = |rows: &[usize]| rows.iter().map(|row| running[*row].amounts[0]).sum::<i64>();
        let fits = |rows: &[usize]| free + freed(rows) >= asked;
        let of = (TenantId::from_row(0), &only(asked));
        let victims =
            Guarantees::new(&guarantees, 1).victims(of, only(free), &running, taken, fits);
        assert_eq!(victims.as_deref(), expected, "{running:?}");
    }

    #[test]
    fn the_youngest_end_that_are_borrowed() {
        check(2, 2, "1 6", Some(&[]));
        check(2, 0, "1 2, 2 2, 1 4", Some(&[0]));
        // The second tenant has its own once the first is gone.
        check(4, 0, "1 2, 1 2, 2 2, 1 2", Some(&[0, 2]));
        check(4, 0, "1 2, 1 2", None);
        // A whole gang, though it reached beyond by one only.
        check(1, 0, "1 5", Some(&[0]));
        // Who is not needed is spared.
        check(4, 0, "2 1, 2 1, 2 4", Some(&[2]));
        check(4, 1, "2 1, 2 1, 2 2", Some(&[0, 2]));
        // Nobody's own is taken by himself.
        check(2, 0, "0 9, 1 4", None);
    }

    #[test]
    fn what_is_in_pieces_is_missed_once_there_is_enough_in_sum() {
        // The first resource is short, of the second there is enough, but not where it is asked for.
        let amounts = |first, second| Amounts::from([first, second, 0, 0, 0, 0, 0, 0]);
        let runs = |row, amounts| Runs { tenant: TenantId::from_row(row), amounts };
        let running = [runs(1, amounts(0, 3)), runs(2, amounts(2, 0)), runs(3, amounts(2, 1))];
        let guarantees = [Some(amounts(2, 2)), None, None, Some(amounts(2, 1))];
        let guarantees = Guarantees::new(&guarantees, 2);
        let victims = |free, needed: &[usize]| {
            let of = (TenantId::from_row(0), &amounts(2, 2));
            let taken = |tenant: TenantId| running[tenant.row() - 1].amounts;
            let fits = |rows: &[usize]| needed.iter().all(|row| rows.contains(row));
            guarantees.victims(of, free, &running, taken, fits)
        };
        assert_eq!(victims(amounts(0, 2), &[1]), Some(vec![1]));
        assert_eq!(victims(amounts(0, 2), &[0, 1]), Some(vec![1, 0]));
        // Still short, so nothing in pieces helps; and what is somebody's own stays.
        assert_eq!(victims(amounts(-1, 2), &[0, 1]), None);
        assert_eq!(victims(amounts(0, 2), &[1, 2]), None);
    }
}
