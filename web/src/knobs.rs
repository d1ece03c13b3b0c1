//! The handful of values that a planner turns most, found in a scenario.

use fleetcast_core::read::{Override, Read};
use fleetcast_core::scenario::{Arrivals, Curve, Distribution, Scenario};
use fleetcast_core::units::{format_duration_ms, format_share};
use serde::{Deserialize, Serialize};

/// A value to turn: what `--set KEY=VALUE` would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Knob {
    /// The key of the override.
    pub key: String,
    /// What it is, for people.
    pub label: String,
    /// What it stands at, as one would type it.
    pub value: String,
    /// How it is typed.
    pub kind: KnobKind,
}

/// How a value is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KnobKind {
    /// One of the policies.
    Policy,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// `70%`.
    Share,
    /// `70 days`.
    Length,
}

impl KnobKind {
    /// The TOML value of what was typed.
    pub fn toml(self, typed: &str) -> String {
        let typed = typed.trim();
        match self {
            Self::Policy | Self::Length => quoted(typed),
            Self::Share if typed.ends_with('%') => quoted(typed),
            Self::Share => quoted(&format!("{typed}%")),
            Self::Whole | Self::Number => typed.to_owned(),
        }
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The most knobs of one kind: nobody turns thirty.
const EACH_MAX: usize = 3;

/// The knobs of a scenario, in the order in which they are shown. `try_set` says whether the
/// scenario is still right with such a change: a value can be written in several ways, and only
/// one is right for this file.
pub fn knobs(scenario: &Scenario, try_set: impl Fn(Override) -> Option<Read>) -> Vec<Knob> {
    let knob = |kind, label: String, key: String, value: String| Knob { key, label, value, kind };
    let mut found = Vec::new();
    let policy = scenario.placement.policy.name().to_owned();
    found.push(knob(KnobKind::Policy, "Policy".into(), "placement.policy".into(), policy));
    let several = scenario.demands.len() > 1;
    for demand in scenario.demands.iter().take(EACH_MAX) {
        let name = step(&demand.name);
        let of = if several { format!(", {}", demand.name) } else { String::new() };
        let Arrivals::Alive(curve) = &demand.arrivals else { continue };
        let (key, value) = match curve {
            Curve::Constant(value) => (format!("demand.{name}.alive"), value),
            Curve::Linear { to, .. }
            | Curve::Exponential { to, .. }
            | Curve::Logistic { to, .. } => (format!("demand.{name}.alive.to"), to),
            Curve::Steps(_) => continue,
        };
        found.push(knob(KnobKind::Whole, format!("VMs in the end{of}"), key, value.to_string()));
    }
    let several = scenario.pools.len() > 1;
    for pool in scenario.pools.iter().take(EACH_MAX) {
        let row = scenario.pools.iter().position(|other| other.name == pool.name);
        let count = scenario.hosts.iter().filter(|host| {
            let pool = scenario.host_types[host.host_type.row()].pool;
            Some(pool.row()) == row
        });
        let of = if several { format!(", {}", pool.name) } else { String::new() };
        let key = format!("pools.{}.hosts.count", step(&pool.name));
        let label = format!("Hosts at the start{of}");
        found.push(knob(KnobKind::Whole, label, key, count.count().to_string()));
    }
    if let [procurement] = scenario.procurement.as_slice() {
        for key in ["procurement.trigger", "procurement.0.trigger"] {
            let value = format_share(procurement.trigger);
            found.push(knob(
                KnobKind::Share,
                "Order when committed reaches".into(),
                key.into(),
                value,
            ));
        }
    }
    for model in scenario.models.iter().take(EACH_MAX) {
        let name = step(&model.name);
        let several = scenario.models.len() > 1;
        let of = if several { format!(", {}", model.name) } else { String::new() };
        if let (Distribution::Constant(ms), false) =
            (&model.lead_time, scenario.procurement.is_empty())
        {
            let key = format!("host-models.{name}.lead-time");
            let value = format_duration_ms(*ms);
            found.push(knob(KnobKind::Length, format!("Lead time{of}"), key, value));
        }
        if let Some(column) = scenario.kinds.column("cpu") {
            let base = model.total[column] - model.reserved[column];
            if base > 0 {
                let ratio = model.effective[column] as f64 / base as f64;
                let value = format!("{:.2}", ratio);
                let value = value.trim_end_matches('0').trim_end_matches('.').to_owned();
                let key = format!("host-models.{name}.overcommit.cpu");
                found.push(knob(KnobKind::Number, format!("CPU overcommit{of}"), key, value));
            }
        }
    }
    found.push(knob(KnobKind::Whole, "Seed".into(), "seed".into(), scenario.seed.to_string()));
    // What cannot be set in this file (hosts from an inventory, a list where a table was thought
    // of) is no knob.
    found.retain(|knob| {
        let value = knob.kind.toml(&knob.value);
        try_set(Override { key: knob.key.clone(), value }).is_some_and(|read| {
            read.scenario.host_types.len() == scenario.host_types.len()
                && read.scenario.procurement.len() == scenario.procurement.len()
                && read.scenario.hosts.len() == scenario.hosts.len()
        })
    });
    let mut labels = Vec::new();
    found.retain(|knob| {
        let is_new = !labels.contains(&knob.label);
        labels.push(knob.label.clone());
        is_new
    });
    found
}

/// A name as a step of a key.
fn step(name: &str) -> String {
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if is_plain { name.to_owned() } else { format!("\"{name}\"") }
}

#[cfg(test)]
mod tests {
    use crate::ask::Ask;
    use crate::builtin;
    use crate::knobs::KnobKind;

    fn check(file: &str, expected: &str) {
        let ask = Ask::of(file, builtin::find(file).unwrap().text());
        let knobs = ask.knobs();
        let said: Vec<String> =
            knobs.iter().map(|knob| format!("{}={}", knob.key, knob.value)).collect();
        assert_eq!(said.join("\n"), expected);
    }

    #[test]
    fn knobs_are_found_in_scenarios() {
        check(
            "first.toml",
            "placement.policy=first-fit\ndemand.vms.alive.to=150\npools.main.hosts.count=20\n\
             host-models.server.overcommit.cpu=1\nseed=1",
        );
        check(
            "mercadolibre.toml",
            "placement.policy=best-fit\ndemand.web.alive.to=7000\ndemand.services.alive.to=5000\n\
             pools.kvm.hosts.count=100\nprocurement.trigger=70%\n\
             host-models.compute.lead-time=70 days\nhost-models.compute.overcommit.cpu=4\nseed=2011",
        );
    }

    #[test]
    fn what_is_typed_becomes_toml() {
        assert_eq!(KnobKind::Share.toml(" 70 "), "\"70%\"");
        assert_eq!(KnobKind::Length.toml("70 days"), "\"70 days\"");
        assert_eq!(KnobKind::Policy.toml("a\"b"), "\"a\\\"b\"");
        assert_eq!(KnobKind::Whole.toml("12"), "12");
    }
}
