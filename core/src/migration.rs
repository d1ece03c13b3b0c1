//! Live migration by pre-copy: how long it takes and how long the VM stands still.
//!
//! All memory is copied while the VM runs, then what it has written meanwhile, and so on; when
//! what is left can be copied within the downtime allowed, the VM is paused for it (Clark et al.,
//! NSDI 2005). With memory M, bandwidth B and dirty rate D, round i copies `V_i` (`V_0 = M`) in
//! `t_i = V_i / B`, and leaves `V_{i+1} = min(M, D t_i)`.

/// What a migration goes over, and when it is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// How fast memory is copied, MiB/s; above 0.
    pub bandwidth_mib_s: f64,
    /// How fast a VM writes to memory that was copied already, MiB/s; 0 or more.
    pub dirty_mib_s: f64,
    /// For how long a VM may stand still, ms.
    pub downtime_max_ms: f64,
    /// So many rounds at most.
    pub rounds_max: u32,
    /// What happens behind the last round if too much is left.
    pub when_stuck: WhenStuck,
    /// A migration that takes longer than so many seconds a GiB of memory (2 GiB at least) is
    /// given up then; `None`: it takes its time.
    pub timeout_s_per_gib: Option<f64>,
}

/// What happens to a migration that does not converge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenStuck {
    /// The VM is paused until all is copied, however long that is.
    Force,
    /// The VM stays where it was.
    Abort,
    /// The VM runs on at its new host, and fetches what it still lacks from the old one.
    PostCopy,
}

/// How a migration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Within the downtime allowed.
    Ok,
    /// After a longer pause.
    Forced,
    /// By post-copy.
    PostCopied,
    /// The VM stayed where it was.
    Aborted,
}

/// A migration, computed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PreCopy {
    /// How it ended.
    pub outcome: Outcome,
    /// Rounds copied while the VM ran.
    pub rounds: u32,
    /// From beginning to end, ms.
    pub total_ms: f64,
    /// For how long the VM stood still, ms.
    pub downtime_ms: f64,
    /// Copied in all, MiB.
    pub sent_mib: f64,
}

impl PreCopy {
    /// Whether what was left became little enough.
    pub fn has_converged(&self) -> bool {
        self.outcome == Outcome::Ok
    }

    /// Whether the VM is on its new host in the end.
    pub fn has_moved(&self) -> bool {
        self.outcome != Outcome::Aborted
    }

    /// From beginning to end in whole ms, rounded up.
    pub fn takes_ms(&self) -> u64 {
        // As whole numbers of any run: a float that is too large becomes the largest integer.
        libm::ceil(self.total_ms) as u64
    }
}

/// The migration of a VM with so much memory.
pub fn pre_copy(memory_mib: f64, link: &Link) -> PreCopy {
    let at_once_mib = link.bandwidth_mib_s * link.downtime_max_ms / 1e3;
    let (mut left, mut sent, mut rounds) = (memory_mib, 0.0, 0);
    while left > at_once_mib && rounds < link.rounds_max {
        sent += left;
        left = memory_mib.min(link.dirty_mib_s * left / link.bandwidth_mib_s);
        rounds += 1;
    }
    let ms = |mib: f64| mib / link.bandwidth_mib_s * 1e3;
    let paused = |outcome| PreCopy {
        outcome,
        rounds,
        total_ms: ms(sent + left),
        downtime_ms: ms(left),
        sent_mib: sent + left,
    };
    let unmoved = |total_ms: f64| PreCopy {
        outcome: Outcome::Aborted,
        rounds,
        total_ms,
        downtime_ms: 0.0,
        sent_mib: total_ms / 1e3 * link.bandwidth_mib_s,
    };
    let is_stuck = left > at_once_mib;
    let found = match (is_stuck, link.when_stuck) {
        (false, _) => paused(Outcome::Ok),
        (true, WhenStuck::Force) => paused(Outcome::Forced),
        (true, WhenStuck::Abort) => unmoved(ms(sent)),
        // Each page goes over once: what was copied before is fetched again only where it has
        // changed, which the formula takes for little.
        (true, WhenStuck::PostCopy) => PreCopy {
            outcome: Outcome::PostCopied,
            rounds: rounds.min(1),
            total_ms: ms(memory_mib),
            downtime_ms: 0.0,
            sent_mib: memory_mib,
        },
    };
    let time_ms = link.timeout_s_per_gib.map(|s| timeout_s(memory_mib / 1_024.0, s) * 1e3);
    match time_ms {
        Some(time_ms) if found.total_ms > time_ms => unmoved(time_ms),
        _ => found,
    }
}

/// After how many seconds a migration of so many GiB is given up, as OpenStack Nova has it: so
/// many a GiB (800 there), 2 GiB at least.
pub fn timeout_s(gib: f64, s_per_gib: f64) -> f64 {
    gib.max(2.0) * s_per_gib
}

/// OpenStack Nova's patience: after how many seconds it allows how many ms of downtime. It begins
/// with `1 / steps` of `downtime_ms` and comes to all of it in equal steps, one every `delay_s`
/// a GiB.
pub fn nova_downtime_steps(
    gib: u64,
    downtime_ms: u64,
    steps: u64,
    delay_s: u64,
) -> Vec<(u64, u64)> {
    let first = downtime_ms / steps;
    let more = downtime_ms - first;
    (0..=steps).map(|step| (step * delay_s * gib, first + more * step / steps)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Link = Link {
        bandwidth_mib_s: 1_000.0,
        dirty_mib_s: 100.0,
        downtime_max_ms: 500.0,
        rounds_max: 30,
        when_stuck: WhenStuck::Force,
        timeout_s_per_gib: None,
    };

    fn check(memory_mib: f64, link: &Link, expected: &str) {
        let found = pre_copy(memory_mib, link);
        let PreCopy { outcome, rounds, total_ms, downtime_ms, .. } = found;
        assert_eq!(format!("{outcome:?} {rounds} {total_ms:.1} {downtime_ms:.1}"), expected);
    }

    #[test]
    fn rounds_shrink_until_the_rest_is_copied_at_once() {
        check(0.0, &PLAIN, "Ok 0 0.0 0.0");
        check(400.0, &PLAIN, "Ok 0 400.0 400.0");
        check(1_000.0, &PLAIN, "Ok 1 1100.0 100.0");
        check(8_192.0, &PLAIN, "Ok 2 9093.1 81.9");
    }

    #[test]
    fn who_writes_faster_than_the_link_is_stuck() {
        let fast = Link { dirty_mib_s: 2_000.0, rounds_max: 3, ..PLAIN };
        check(1_000.0, &fast, "Forced 3 4000.0 1000.0");
        check(
            1_000.0,
            &Link { when_stuck: WhenStuck::Abort, ..fast.clone() },
            "Aborted 3 3000.0 0.0",
        );
        check(
            1_000.0,
            &Link { when_stuck: WhenStuck::PostCopy, ..fast },
            "PostCopied 1 1000.0 0.0",
        );
    }

    #[test]
    fn patience_ends() {
        let slow = Link { bandwidth_mib_s: 1.0, dirty_mib_s: 0.0, ..PLAIN };
        let impatient = Link { timeout_s_per_gib: Some(800.0), ..slow.clone() };
        check(4_096.0, &slow, "Ok 1 4096000.0 0.0");
        check(4_096.0, &impatient, "Aborted 1 3200000.0 0.0");
        check(1_024.0, &impatient, "Ok 1 1024000.0 0.0");
    }

    /// The closed form `(M/B)(1 − r^(k+1)) / (1 − r)` with r = D/B after k rounds.
    #[test]
    fn the_rounds_are_a_geometric_sum() {
        for (memory, dirty) in [(8_192.0, 50.0), (65_536.0, 800.0), (1_000.0, 999.0)] {
            let link = Link { dirty_mib_s: dirty, rounds_max: 1_000, ..PLAIN };
            let found = pre_copy(memory, &link);
            let (r, k) = (dirty / 1_000.0, f64::from(found.rounds));
            let total_ms = memory * (1.0 - libm::pow(r, k + 1.0)) / (1.0 - r);
            assert!((found.total_ms - total_ms).abs() < 1e-6 * total_ms, "{found:?} {total_ms}");
            let downtime_ms = libm::pow(r, k) * memory;
            assert!((found.downtime_ms - downtime_ms).abs() < 1e-6 * downtime_ms, "{found:?}");
        }
    }
}
