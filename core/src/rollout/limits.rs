//! Limits: how many instances more, and how many fewer, a rollout may have on its way.

pub use crate::scenario::Amount;

impl Amount {
    fn is_zero(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }
}

/// The limits of a service of a known size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// So many instances more than the replicas at most, not counting those that terminate.
    pub surge: u32,
    /// So many fewer than the replicas may be available.
    pub unavailable: u32,
}

/// Neither more nor fewer: nothing could ever change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoWay;

impl std::fmt::Display for NoWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("surge and unavailable are both 0, so that nothing can change")
    }
}

impl std::error::Error for NoWay {}

impl Limits {
    /// The limits in instances, as Kubernetes rounds them: surge up, unavailable down; if both
    /// come to 0, one instance may be unavailable; never more than there are.
    ///
    /// # Errors
    /// If both are written as 0.
    pub fn new(replicas: u32, surge: Amount, unavailable: Amount) -> Result<Self, NoWay> {
        if surge.is_zero() && unavailable.is_zero() {
            return Err(NoWay);
        }
        Ok(Self::rounded(replicas, surge, unavailable))
    }

    /// As [`Limits::new`]; where both are written as 0 as well, one instance may be unavailable,
    /// as Argo Rollouts has it.
    pub fn rounded(replicas: u32, surge: Amount, unavailable: Amount) -> Self {
        let surge = match surge {
            Amount::Count(count) => count,
            Amount::Percent(percent) => share_up(replicas, percent),
        };
        let unavailable = match unavailable {
            Amount::Count(count) => count,
            Amount::Percent(percent) => share_down(replicas, percent),
        };
        let at_least = u32::from(surge == 0);
        Self { surge, unavailable: unavailable.max(at_least).min(replicas) }
    }
}

/// So many percent of a number, rounded up.
pub fn share_up(of: u32, percent: u32) -> u32 {
    narrow((u64::from(of) * u64::from(percent)).div_ceil(100))
}

/// So many percent of a number, rounded down.
pub fn share_down(of: u32, percent: u32) -> u32 {
    narrow(u64::from(of) * u64::from(percent) / 100)
}

fn narrow(count: u64) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use Amount::{Count, Percent};

    fn check(replicas: u32, surge: Amount, unavailable: Amount, expected: (u32, u32)) {
        let limits = Limits::new(replicas, surge, unavailable).expect("they are not both 0");
        assert_eq!((limits.surge, limits.unavailable), expected);
    }

    #[test]
    fn surge_is_rounded_up_and_unavailable_down() {
        check(10, Percent(25), Percent(25), (3, 2));
        check(4, Percent(25), Percent(25), (1, 1));
        check(10, Count(5), Count(0), (5, 0));
    }

    #[test]
    fn there_is_always_a_way() {
        check(3, Percent(0), Percent(1), (0, 1));
        check(3, Count(0), Count(9), (0, 3));
        assert_eq!(Limits::new(3, Percent(0), Count(0)), Err(NoWay));
    }
}
