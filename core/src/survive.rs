//! What a fleet survives, for people: the loss of any host, rack or zone, and what the worst of
//! each leaves without a place.

use crate::explain;
use crate::loss::{self, Homeless, Loss, Losses, Lost, Scale, Survey};
use crate::report::Moment;
use crate::scenario::Scenario;
use crate::state::State;
use crate::time::Time;
use crate::units::format_amount;
use crate::verdict::{moment, reason_name, reason_words};
use crate::words::{count, plural};
use serde::Serialize;
use std::collections::BTreeMap;

/// The most VMs without a place that are named.
pub const NAMED_MAX: usize = 20;

/// What a fleet survives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Account {
    /// In one sentence.
    pub answer: String,
    /// When.
    pub at: Moment,
    /// Hosts in service then.
    pub hosts: u64,
    /// VMs alive.
    pub vms: u64,
    /// `none`, `host`, `rack` or `zone`: it survives the loss of any such, and of any before it.
    pub survives: &'static str,
    /// Each host, each rack, each zone, and the hosts with the most on them.
    pub levels: Vec<Level>,
}

/// All losses of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Level {
    /// `host`, `rack`, `zone` or `largest`.
    pub level: &'static str,
    /// How many there are.
    pub losses: u64,
    /// How many leave no VM without a place.
    pub survived: u64,
    /// Whether nothing but this one is there: its loss is the loss of all.
    pub is_all: bool,
    /// The worst; `None` if every one is survived.
    pub worst: Option<Worst>,
}

/// What a loss leaves without a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// What is lost.
    pub lost: String,
    /// How many hosts that is.
    pub hosts: u64,
    /// How many VMs are on them.
    pub vms: u64,
    /// How many of them have no place.
    pub unplaced: u64,
    /// What these take, by resource.
    pub unplaced_amounts: BTreeMap<String, i64>,
    /// Why, and how many.
    pub why: BTreeMap<String, u64>,
    /// The largest of them, at most [`NAMED_MAX`].
    pub largest: Vec<Vm>,
}

/// A VM without a place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Vm {
    /// Number of the request it was made for.
    pub request: u64,
    /// What it takes, in words.
    pub size: String,
    /// Why it has no place.
    pub reason: String,
}

/// Tries the loss of each host, each rack, each zone and the `largest` hosts with the most on
/// them. `is_done` hears how many losses of which kind were tried, and of how many.
pub fn account(
    scenario: &Scenario,
    state: &State,
    at: Time,
    largest: u32,
    mut is_done: impl FnMut(&'static str, u64, u64),
) -> Account {
    let mut losses = Losses::new(scenario, state, at);
    let scales = [Scale::Host, Scale::Rack, Scale::Zone, Scale::Largest(largest)];
    let surveys =
        scales.map(|scale| losses.survey(scale, |done, all| is_done(level_name(scale), done, all)));
    let held = surveys[..3].iter().take_while(|survey| survey.survives()).count();
    let tell = |survey: &Survey| Level {
        level: level_name(survey.scale),
        losses: survey.losses,
        survived: survey.survived,
        is_all: matches!(survey.scale, Scale::Rack | Scale::Zone) && survey.losses == 1,
        worst: survey.worst.as_ref().map(|loss| worst(scenario, losses.state(), loss)),
    };
    let levels: Vec<Level> = surveys.iter().map(tell).collect();
    let vms = losses.state().vms.alive() as u64;
    let hosts = losses.state().hosts.total().hosts.into();
    Account {
        answer: answer(&levels, &surveys, hosts, vms),
        at: moment(scenario, at),
        hosts,
        vms,
        survives: ["none", "host", "rack", "zone"][held],
        levels,
    }
}

fn level_name(scale: Scale) -> &'static str {
    match scale {
        Scale::Host => "host",
        Scale::Rack => "rack",
        Scale::Zone => "zone",
        Scale::Largest(_) => "largest",
    }
}

fn worst(scenario: &Scenario, state: &State, loss: &Loss) -> Worst {
    let kinds = &scenario.kinds;
    let amounts = loss::sum(&loss.homeless);
    let by_kind = (0..kinds.len()).map(|c| (kinds.name(c).to_owned(), amounts[c]));
    let why = loss::reasons(&loss.homeless).into_iter();
    let name = |vm: &Homeless| Vm {
        request: vm.request,
        size: size(scenario, &vm.amounts),
        reason: reason_name(kinds, vm.reason),
    };
    let host = |host| explain::place(scenario, state, host).name;
    Worst {
        lost: match &loss.lost {
            Lost::Host(one) => host(*one),
            Lost::Rack(rack) => scenario.racks[rack.row()].name.clone(),
            Lost::Zone(zone) => scenario.zones[zone.row()].clone(),
            Lost::Largest(list) => {
                list.iter().map(|one| host(*one)).collect::<Vec<_>>().join(" and ")
            }
        },
        hosts: loss.hosts,
        vms: loss.vms,
        unplaced: loss.homeless.len() as u64,
        unplaced_amounts: by_kind.collect(),
        why: why.map(|(reason, count)| (reason_name(kinds, reason), count)).collect(),
        largest: loss.homeless.iter().take(NAMED_MAX).map(name).collect(),
    }
}

/// Amounts in words: `4 vCPU 16 GiB`.
fn size(scenario: &Scenario, amounts: &crate::resources::Amounts) -> String {
    let kinds = &scenario.kinds;
    let columns = (0..kinds.len()).filter(|column| amounts[*column] > 0);
    let texts = columns.map(|c| format_amount(kinds.name(c), kinds.unit(c), amounts[c]));
    texts.collect::<Vec<_>>().join(" ")
}

fn answer(levels: &[Level], surveys: &[Survey], hosts: u64, vms: u64) -> String {
    if hosts == 0 {
        return "no host is in service".to_owned();
    }
    if vms == 0 {
        return "no VM is alive: nothing can be lost".to_owned();
    }
    let (mut held, mut failed) = (Vec::new(), Vec::new());
    for (level, survey) in levels.iter().zip(surveys).take(3) {
        match (survey.survives(), &level.worst) {
            (true, _) => held.push(format!("any {}", level.level)),
            (false, _) if level.is_all => failed.push(format!("there is only one {}", level.level)),
            (false, Some(worst)) => failed.push(not_survived(level, worst)),
            (false, None) => {}
        }
    }
    let held = match held.as_slice() {
        [] => None,
        [first, rest @ ..] => {
            let rest: String = rest.iter().map(|more| format!(" and of {more}")).collect();
            Some(format!("the fleet survives the loss of {first}{rest}"))
        }
    };
    held.into_iter().chain(failed).collect::<Vec<_>>().join("; ")
}

/// The worst of a level in a few words.
fn not_survived(level: &Level, worst: &Worst) -> String {
    let why = worst.why.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
    let why = why.map_or(String::new(), |(reason, _)| format!(", {}", reason_words(reason)));
    format!(
        "{} of {} can be lost: without {}, {} of {} have no place{why}",
        count(level.survived),
        plural(level.losses, level.level),
        worst.lost,
        count(worst.unplaced),
        plural(worst.vms, "VM"),
    )
}
