//! The series: levels over time in a bounded number of rows, with exact extremes.

use super::power::FleetPower;
use super::{Observer, times};
use crate::fact::Fact;
use crate::report::{SERIES_ROWS_MAX, Series, SeriesColumn};
use crate::resources::Kinds;
use crate::scenario::{PoolId, Scenario};
use crate::state::State;
use crate::time::Time;

const LEVELS: [(&str, &str); 4] =
    [("hosts", "hosts"), ("hosts_used", "hosts"), ("alive", "VMs"), ("waiting", "requests")];
const COUNTS: [&str; 3] = ["requests", "placed", "refused"];

/// Records a [`Series`].
#[derive(Debug)]
pub struct SeriesRecorder {
    kinds: Kinds,
    step_ms: u64,
    /// Until when the series runs.
    end_ms: u64,
    levels: Vec<Level>,
    /// The pools whose hosts have levels of their own, behind the others.
    pools: Vec<String>,
    /// VMs that take room in two of them.
    twice: i64,
    /// What hosts draw, each, and together in mW, where that is known: a level before that of desks.
    power: Option<(FleetPower, i64)>,
    /// Tickets in the queues of desks: the last level, where there are desks.
    queued: Option<i64>,
    counts: [Vec<u64>; COUNTS.len()],
    /// The row under way.
    row: u64,
}

/// One level: its value since `since_ms`, and what the rows say of it.
#[derive(Clone, Debug, Default)]
struct Level {
    value: i64,
    since_ms: u64,
    /// Value × ms so far in this row.
    area: i128,
    min: i64,
    max: i64,
    rows: Vec<(f64, i64, i64)>,
}

impl Level {
    fn set(&mut self, now_ms: u64, value: i64) {
        if value != self.value {
            self.area += times(self.value, now_ms - self.since_ms);
            self.since_ms = now_ms;
            self.value = value;
            self.min = self.min.min(value);
            self.max = self.max.max(value);
        }
    }

    /// Ends the row at `end_ms`, which is `length_ms` after its beginning.
    fn close(&mut self, end_ms: u64, length_ms: u64) {
        self.area += times(self.value, end_ms - self.since_ms);
        let mean =
            if length_ms == 0 { self.value as f64 } else { self.area as f64 / length_ms as f64 };
        self.rows.push((mean, self.min, self.max));
        self.since_ms = end_ms;
        self.area = 0;
        (self.min, self.max) = (self.value, self.value);
    }
}

/// Hosts and used hosts of each pool, and VMs that take room twice.
fn pool_levels(pools: &[String]) -> usize {
    if pools.is_empty() { 0 } else { 2 * pools.len() + 1 }
}

impl SeriesRecorder {
    /// Rows of equal length over the scenario's duration.
    pub fn new(scenario: &Scenario) -> Self {
        let end_ms = scenario.duration_ms;
        let is_told = scenario.moves_between_pools();
        let pools = scenario.pools.iter().filter(|_| is_told).map(|pool| pool.name.clone());
        let pools: Vec<String> = pools.collect();
        let has_desks = !scenario.desks.is_empty();
        let power = FleetPower::new(scenario).map(|power| (power, 0));
        let more = usize::from(power.is_some()) + usize::from(has_desks);
        let levels = LEVELS.len() + 2 * scenario.kinds.len() + pool_levels(&pools);
        Self {
            kinds: scenario.kinds.clone(),
            step_ms: end_ms.div_ceil(SERIES_ROWS_MAX as u64).max(1),
            end_ms,
            levels: vec![Level::default(); levels + more],
            pools,
            twice: 0,
            power,
            queued: has_desks.then_some(0),
            counts: Default::default(),
            row: 0,
        }
    }

    fn note_pools(&mut self, now_ms: u64, fact: &Fact<'_>, state: &State) {
        if let Fact::Pools(fact) = fact {
            self.twice += fact.twice().map_or(0, |(.., more)| more);
        }
        let levels = &mut self.levels[LEVELS.len() + 2 * self.kinds.len()..];
        for row in 0..self.pools.len() {
            let total = state.hosts.pool_total(PoolId::from_row(row));
            levels[2 * row].set(now_ms, total.hosts.into());
            levels[2 * row + 1].set(now_ms, total.hosts_used.into());
        }
        levels[2 * self.pools.len()].set(now_ms, self.twice);
    }

    fn note_power(&mut self, now_ms: u64, fact: &Fact<'_>, state: &State) {
        let Some((power, drawn_mw)) = &mut self.power else { return };
        power.hear(fact, state, |_, more| *drawn_mw += more);
        let place = self.levels.len() - 1 - usize::from(self.queued.is_some());
        self.levels[place].set(now_ms, (*drawn_mw + 500) / 1_000);
    }

    fn row_of(&self, now_ms: u64) -> u64 {
        // The last instant of the run belongs to the last row.
        now_ms.min(self.end_ms.saturating_sub(1)) / self.step_ms
    }

    fn close_rows_before(&mut self, row: u64) {
        while self.row < row {
            self.row += 1;
            for level in &mut self.levels {
                level.close(self.row * self.step_ms, self.step_ms);
            }
        }
    }

    fn count(&mut self, which: usize) {
        let row = self.row as usize;
        let counts = &mut self.counts[which];
        if counts.len() <= row {
            counts.resize(row + 1, 0);
        }
        counts[row] += 1;
    }

    /// The series so far; whole once the run has ended.
    pub fn series(&self) -> Series {
        let rows = self.levels[0].rows.len();
        let levels = LEVELS.iter().map(|(name, unit)| ((*name).to_owned(), (*unit).to_owned()));
        let kinds = (0..self.kinds.len()).flat_map(|column| {
            let (name, unit) = (self.kinds.name(column), self.kinds.unit(column));
            ["used", "capacity"].map(|what| (format!("{name}_{what}"), unit.to_owned()))
        });
        let of_level = |((name, unit), level): ((String, String), &Level)| SeriesColumn {
            name,
            unit,
            is_count: false,
            mean: level.rows.iter().map(|row| row.0).collect(),
            min: level.rows.iter().map(|row| row.1).collect(),
            max: level.rows.iter().map(|row| row.2).collect(),
        };
        let of_count = |(name, counts): (&&str, &Vec<u64>)| {
            let at = |row: usize| counts.get(row).copied().unwrap_or(0) as i64;
            let values: Vec<i64> = (0..rows).map(at).collect();
            SeriesColumn {
                name: (*name).to_owned(),
                unit: "requests".to_owned(),
                is_count: true,
                mean: values.iter().map(|value| *value as f64).collect(),
                min: values.clone(),
                max: values,
            }
        };
        let pools = self.pools.iter().flat_map(|pool| {
            ["hosts", "hosts_used"].map(|what| (format!("pool_{pool}_{what}"), "hosts".to_owned()))
        });
        let twice = self.pools.first().map(|_| ("vms_twice".to_owned(), "VMs".to_owned()));
        let power = self.power.as_ref().map(|_| ("power_w".to_owned(), "W".to_owned()));
        let queued = self.queued.map(|_| ("queued".to_owned(), "tickets".to_owned()));
        let levels = levels.chain(kinds).chain(pools).chain(twice).chain(power).chain(queued);
        let levels = levels.zip(&self.levels).map(of_level);
        let counts = COUNTS.iter().zip(&self.counts).map(of_count);
        Series { step_ms: self.step_ms, columns: levels.chain(counts).collect() }
    }
}

impl Observer for SeriesRecorder {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, state: &State) {
        let now_ms = now.ms();
        self.close_rows_before(self.row_of(now_ms));
        let total = state.hosts.total();
        let fixed = [
            i64::from(total.hosts),
            i64::from(total.hosts_used),
            state.vms.alive() as i64,
            state.waiting as i64,
        ];
        for (level, value) in self.levels.iter_mut().zip(fixed) {
            level.set(now_ms, value);
        }
        for column in 0..self.kinds.len() {
            let levels = &mut self.levels[LEVELS.len() + 2 * column..];
            levels[0].set(now_ms, total.used[column]);
            levels[1].set(now_ms, total.capacity[column]);
        }
        if !self.pools.is_empty() {
            self.note_pools(now_ms, fact, state);
        }
        self.note_power(now_ms, fact, state);
        if let Some(queued) = &mut self.queued {
            match fact {
                Fact::Approved { .. } => *queued += 1,
                Fact::TakenUp { .. } => *queued -= 1,
                _ => {}
            }
            let queued = *queued;
            self.levels.last_mut().expect("there are levels").set(now_ms, queued);
        }
        match fact {
            Fact::Requested { .. } => self.count(0),
            Fact::Placed { .. } => self.count(1),
            Fact::Refused { .. } => self.count(2),
            Fact::Ended => {
                let length_ms = now_ms - self.row * self.step_ms;
                for level in &mut self.levels {
                    level.close(now_ms, length_ms);
                }
            }
            _ => {}
        }
    }
}
