//! A plan for people: what it gives, what it costs, and each step.

use super::{Plan, migration, schedule};
use crate::explain::{self, Place};
use crate::report::Moment;
use crate::scenario::Scenario;
use crate::state::State;
use crate::time::Time;
use crate::verdict::moment;
use crate::words::{count, duration, plural};
use serde::Serialize;

/// A plan, told.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// What it gives, in one sentence.
    pub answer: String,
    /// When it is made.
    pub at: Moment,
    /// Hosts in service then.
    pub hosts: u64,
    /// Hosts with a VM on them.
    pub hosts_used: u64,
    /// Hosts that it empties.
    pub hosts_emptied: u64,
    /// By how many migrations.
    pub migrations: u64,
    /// How many of them end where they began, because too much of the memory changes.
    pub failed: u64,
    /// Hosts emptied ÷ migrations; `None` without migrations.
    pub hosts_per_migration: Option<f64>,
    /// From the first to set out to the last to arrive, s, if nothing else happens.
    pub takes_s: f64,
    /// For how long VMs stand still, all together, s.
    pub downtime_s: f64,
    /// For how long one stands still at most, s.
    pub downtime_max_s: f64,
    /// Memory copied, GiB.
    pub sent_gib: f64,
    /// The migrations, in order.
    pub steps: Vec<Step>,
}

/// One migration.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Step {
    /// Its number, from 1.
    pub step: u64,
    /// Number of the request that the VM was made for.
    pub request: u64,
    /// What its trace calls it, where that is known.
    pub name: Option<String>,
    /// Where it is.
    pub from: Place,
    /// Where it goes.
    pub to: Place,
    /// When it sets out, s from the beginning of the plan.
    pub starts_s: f64,
    /// How long it takes, s.
    pub takes_s: f64,
    /// For how long the VM stands still, s.
    pub downtime_s: f64,
    /// Whether it arrives.
    pub has_moved: bool,
    /// Hosts emptied once this one and all before it have arrived.
    pub hosts_emptied: u64,
}

/// Tells a plan made in this state. `name_of` is what a request is called, if it has a name.
pub fn account(
    scenario: &Scenario,
    state: &State,
    at: Time,
    plan: &Plan,
    name_of: impl Fn(u64) -> Option<String>,
) -> Account {
    let rule = &scenario.defrag;
    let how = |ask| migration(state, &scenario.kinds, ask, rule);
    let times = schedule(&plan.moves, rule, |step| how(step.ask).takes_ms());
    let place = |host| explain::place(scenario, state, host);
    let seconds = |ms: u64| ms as f64 / 1e3;
    let mut emptied = 0;
    let mut steps = Vec::with_capacity(plan.moves.len());
    let (mut downtime_ms, mut downtime_max_ms, mut sent_mib, mut failed) = (0.0, 0.0, 0.0, 0);
    for (row, step) in plan.moves.iter().enumerate() {
        let how = how(step.ask);
        let is_last = plan.moves.get(row + 1).is_none_or(|next| next.from != step.from);
        emptied += u64::from(is_last && how.has_moved());
        failed += u64::from(!how.has_moved());
        downtime_ms += how.downtime_ms;
        downtime_max_ms = how.downtime_ms.max(downtime_max_ms);
        sent_mib += how.sent_mib;
        steps.push(Step {
            step: row as u64 + 1,
            request: step.request,
            name: name_of(step.request),
            from: place(step.from),
            to: place(step.to),
            starts_s: seconds(times[row].0),
            takes_s: seconds(how.takes_ms()),
            downtime_s: how.downtime_ms / 1e3,
            has_moved: how.has_moved(),
            hosts_emptied: emptied,
        });
    }
    let takes_s = seconds(times.iter().map(|time| time.1).max().unwrap_or(0));
    let total = state.hosts.total();
    let migrations = plan.moves.len() as u64;
    let mut account = Account {
        answer: String::new(),
        at: moment(scenario, at),
        hosts: total.hosts.into(),
        hosts_used: total.hosts_used.into(),
        hosts_emptied: emptied,
        migrations,
        failed,
        hosts_per_migration: (migrations > 0).then(|| emptied as f64 / migrations as f64),
        takes_s,
        downtime_s: downtime_ms / 1e3,
        downtime_max_s: downtime_max_ms / 1e3,
        sent_gib: sent_mib / 1_024.0,
        steps,
    };
    account.answer = answer(&account);
    account
}

fn answer(account: &Account) -> String {
    let Account { hosts_used, hosts_emptied, migrations, failed, takes_s, .. } = *account;
    if hosts_used == 0 {
        return "no host has a VM on it".to_owned();
    }
    if migrations == 0 {
        return match hosts_used {
            1 => "the one host in use has no other to be emptied into".to_owned(),
            _ => format!(
                "none of the {} hosts in use can be emptied: of each, not all VMs fit on others",
                count(hosts_used)
            ),
        };
    }
    if failed > 0 {
        return format!(
            "empties {hosts_emptied} of {} in use: {} of {} would end where they began, \
             because their memory changes too fast",
            plural(hosts_used, "host"),
            count(failed),
            plural(migrations, "migration"),
        );
    }
    let per_host = match migrations % hosts_emptied {
        0 => count(migrations / hosts_emptied),
        _ => format!("{:.1}", migrations as f64 / hosts_emptied as f64),
    };
    format!(
        "empties {} of {} in use with {}, {} a host, in {}",
        count(hosts_emptied),
        plural(hosts_used, "host"),
        plural(migrations, "migration"),
        per_host,
        duration(takes_s),
    )
}
