//! Figures of a rollout: what it cost and what its users felt.

use super::timeline::{Row, Run};
use crate::time::Time;

/// What a rollout comes to. Times are since its beginning, ms; areas are instances × ms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Until the service ran what it should run, or until nothing more was done.
    pub duration_ms: u64,
    /// Until the last slot was given back.
    pub released_ms: u64,
    /// The most slots held at once.
    pub peak_used: u32,
    /// The same without instances that terminate.
    pub peak_used_without_terminating: u32,
    /// Slots above the replicas, at most.
    pub surge_peak: u32,
    /// The most instances that had no slot at once.
    pub pending_peak: u32,
    /// The fewest instances that served users.
    pub min_available: u32,
    /// What users missed: replicas less instances that served, over the duration.
    pub unavailable_ms: u64,
    /// What the rollout took: slots above the replicas, until released.
    pub surge_ms: u64,
    /// How long users met both versions, ms.
    pub mixed_ms: u64,
    /// The new version's share of the requests, summed over time, ms: times the requests a second
    /// these are the bad requests of a bad version. Where a router decides until released, else
    /// until done.
    pub exposure_ms: f64,
    /// From the decision to go back until the old version served everybody, ms.
    pub turn_back_ms: Option<u64>,
}

impl Figures {
    /// The figures of a rollout on so many replicas.
    pub fn new(run: &Run, replicas: u32) -> Self {
        let (end, released) = (run.ended_at, run.released_at);
        let is_routed = run.rows.first().is_some_and(|row| row.weight.is_some());
        let served_until = if is_routed { released } else { end };
        let peak = |of: fn(&Row) -> u32| run.rows.iter().map(of).max().unwrap_or(0);
        let peak_used = peak(|row| row.used);
        let missing = |row: &Row| u64::from(replicas.saturating_sub(row.serving()));
        let surge = |row: &Row| u64::from(row.used.saturating_sub(replicas));
        let whole = |until: Time, of: &dyn Fn(&Row) -> u64| -> u64 {
            stretches(&run.rows, until).map(|(row, ms)| of(row) * ms).sum()
        };
        let before_end = run.rows.iter().filter(|row| row.at <= end);
        Self {
            duration_ms: end.ms(),
            released_ms: released.ms(),
            peak_used,
            peak_used_without_terminating: peak(|row| row.used - row.terminating),
            surge_peak: peak_used.saturating_sub(replicas),
            pending_peak: peak(|row| row.pending),
            min_available: before_end.map(Row::serving).min().unwrap_or(0),
            unavailable_ms: whole(end, &missing),
            surge_ms: whole(released, &surge),
            mixed_ms: whole(end, &|row| u64::from(row.is_mixed())),
            exposure_ms: stretches(&run.rows, served_until)
                .fold(0.0, |sum, (row, ms)| sum + row.new_share() * ms as f64),
            turn_back_ms: run.turned_back_at.and_then(|at| turn_back_ms(run, at)),
        }
    }
}

/// With a router: until it sends nobody to the new version. Else until all is done.
fn turn_back_ms(run: &Run, decided: Time) -> Option<u64> {
    let is_routed = run.rows.first().is_some_and(|row| row.weight.is_some());
    if !is_routed {
        return Some(run.ended_at.since_ms(decided));
    }
    let before = run.rows.partition_point(|row| row.at <= decided).saturating_sub(1);
    let back = run.rows[before..].iter().find(|row| row.weight == Some(0));
    back.map(|row| row.at.since_ms(decided))
}

/// The rows before a time, and how long each held, ms.
fn stretches(rows: &[Row], until: Time) -> impl Iterator<Item = (&Row, u64)> {
    let ends = rows.iter().skip(1).map(|row| row.at).chain([until]);
    rows.iter().zip(ends).map(move |(row, end)| (row, end.min(until).since_ms(row.at)))
}
