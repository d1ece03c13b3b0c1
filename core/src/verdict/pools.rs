//! What went from pool to pool, in the report and in words.

use super::{by_reason, date, level, moment, seconds};
use crate::observe::Summary;
use crate::observe::pool_moves::{Account, Handed, PoolAccount, PoolMoves};
use crate::report::Report;
use crate::report::pools::{DoubleRoom, HandOverReport, PoolMigrationReport, PoolReport};
use crate::scenario::{HandOver, Pool, PoolId, PoolMigration, Scenario};
use crate::words::{self, plural};

/// Fills in what a report says of pools; nothing where nothing goes from one to another.
pub(super) fn fill(scenario: &Scenario, summary: &Summary, report: &mut Report) {
    if let Some(moves) = &summary.pool_moves {
        report.pool_migrations = migrations(scenario, summary, moves);
        report.hand_overs = hand_overs(scenario, moves);
        report.pools = pools(scenario, moves);
    }
}

fn name(scenario: &Scenario, pool: PoolId) -> String {
    scenario.pools[pool.row()].name.clone()
}

fn migrations(
    scenario: &Scenario,
    summary: &Summary,
    moves: &PoolMoves,
) -> Vec<PoolMigrationReport> {
    let kinds = &scenario.kinds;
    let migrations = scenario.pool_migrations.iter().zip(&moves.migrations);
    let report = |(rule, account): (&PoolMigration, &Account)| {
        let double = |column: usize| {
            let (peak, unit) = (account.double[column].peak, kinds.unit(column).to_owned());
            (kinds.name(column).to_owned(), DoubleRoom { peak, unit })
        };
        PoolMigrationReport {
            from: name(scenario, rule.from),
            to: name(scenario, rule.to),
            began: account.began.map(|at| moment(scenario, at)),
            done: account.done.map(|at| moment(scenario, at)),
            waves: account.waves,
            moved: account.moved,
            dropped: account.dropped,
            left: account.left,
            copied_gib: account.mib as f64 / 1_024.0,
            peak_twice: level(account.twice.peak),
            peak_twice_at: (account.twice.peak > 0).then(|| moment(scenario, account.peak_at)),
            mean_twice: account.twice.mean(summary.now),
            double_room: (0..kinds.len()).map(double).collect(),
            waited_by: by_reason(kinds, &account.waited_by),
            longest_wait_s: seconds(account.longest_wait_ms),
        }
    };
    migrations.map(report).collect()
}

fn hand_overs(scenario: &Scenario, moves: &PoolMoves) -> Vec<HandOverReport> {
    let hand_overs = scenario.hand_overs.iter().zip(&moves.hand_overs);
    let report = |(rule, handed): (&HandOver, &Handed)| HandOverReport {
        from: name(scenario, rule.from),
        to: name(scenario, rule.to),
        hosts: handed.hosts,
        arrived: handed.arrived,
        first: handed.first.map(|at| moment(scenario, at)),
        last: handed.last.map(|at| moment(scenario, at)),
    };
    hand_overs.map(report).collect()
}

fn pools(scenario: &Scenario, moves: &PoolMoves) -> Vec<PoolReport> {
    let pools = scenario.pools.iter().zip(&moves.pools);
    let report = |(pool, account): (&Pool, &PoolAccount)| {
        let fullest = account.fullest;
        PoolReport {
            name: pool.name.clone(),
            hosts_at_start: account.hosts_at_start,
            hosts: level(account.hosts.value),
            peak_hosts: level(account.hosts.peak),
            peak_hosts_used: level(account.hosts_used.peak),
            fullest: fullest.map_or(0.0, |fullest| fullest.share),
            fullest_of: fullest.map(|fullest| scenario.kinds.name(fullest.column).to_owned()),
            fullest_at: fullest.map(|fullest| moment(scenario, fullest.at)),
        }
    };
    pools.map(report).collect()
}

/// What became of migrations and hand-overs, in words.
pub(super) fn sentences(scenario: &Scenario, summary: &Summary, report: &Report) -> Vec<String> {
    let Some(moves) = &summary.pool_moves else { return Vec::new() };
    let mut said = Vec::new();
    for (told, account) in report.pool_migrations.iter().zip(&moves.migrations) {
        let (from, to) = (&told.from, &told.to);
        if account.began.is_none() {
            said.push(format!("nothing went from {from} to {to}"));
            continue;
        }
        let vms = plural(told.moved, "VM");
        let end = match account.done {
            Some(at) => format!("went from {from} to {to}, the last by {}", date(scenario, at)),
            None => format!(
                "went from {from} to {to}, and {} {} not",
                plural(told.left, "VM"),
                if told.left == 1 { "has" } else { "have" }
            ),
        };
        let twice = format!("at most {} at once took room in both", told.peak_twice);
        let column = scenario.kinds.column("memory").unwrap_or(0);
        let room = told.double_room.get(scenario.kinds.name(column)).map(|room| {
            let name = scenario.kinds.name(column);
            let (factor, unit) = words::scale(&room.unit, room.peak as f64);
            format!(", {} {unit} of {name}", words::amount(room.peak as f64 / factor))
        });
        let waited: u64 = told.waited_by.values().sum();
        let waits = (waited > 0).then(|| {
            let longest = words::duration(told.longest_wait_s);
            let copies = if waited == 1 { "copy" } else { "copies" };
            format!(", {} {copies} waited for room, up to {longest}", words::count(waited))
        });
        let (room, waits) = (room.unwrap_or_default(), waits.unwrap_or_default());
        said.push(format!("{vms} {end} ({twice}{room}{waits})"));
    }
    said.extend(report.hand_overs.iter().filter(|handed| handed.hosts > 0).map(|handed| {
        format!("{} handed {} over to {}", handed.from, plural(handed.hosts, "host"), handed.to)
    }));
    said
}
