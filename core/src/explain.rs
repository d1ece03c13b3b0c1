//! Explain: the account of one decision. Why a request went where it went; or why nowhere, and
//! the smallest change that would make it fit.
//!
//! Nothing here is part of a run: everything is tried on copies of the state.

use crate::dice::Stream;
use crate::fact::{Reason, RequestId};
use crate::placement::account::Account;
use crate::placement::filters::{self, Filter};
use crate::placement::{Placer, Query, compose};
use crate::report::Moment;
use crate::resources::{Amounts, KINDS_MAX, Kinds};
use crate::scenario::{
    DemandId, HostTypeId, LabelId, Level, RackId, Scenario, Selector, TenantId, WhenFull,
};
use crate::state::devices::Portion;
use crate::state::tenancy::VMS_BIT;
use crate::state::{Ask, HostId, Spot, State, Vm, VmId};
use crate::time::Time;
use crate::units::format_amount;
use crate::verdict::{moment, reason_name};
use crate::words::{count, plural};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most hosts in [`Explanation::candidates`].
pub const CANDIDATES_MAX: usize = 10;
/// The most VMs that [`Change::Move`] moves.
pub const MOVES_MAX: usize = 3;
/// On how many hosts VMs to move are looked for: those that lack least.
const MOVE_HOSTS_MAX: usize = 64;
/// How many sets of VMs on one host are weighed.
const MOVE_SETS_MAX: usize = 10_000;
/// How often a host is looked at for a VM that is to move, over the whole search.
const MOVE_LOOKS_MAX: usize = 10_000_000;

/// Which decision is to be explained. The ask is held in the state.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The request's number.
    pub request: RequestId,
    /// Its name, if it has one.
    pub name: Option<&'a str>,
    /// Where it came from.
    pub demand: DemandId,
    /// Who owns it.
    pub tenant: TenantId,
    /// When it is decided.
    pub at: Time,
    /// What it asks for.
    pub ask: Ask,
    /// How long its VM will stay, ms; `u64::MAX`: for good.
    pub stay_ms: u64,
}

/// The account of one decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Explanation {
    /// The answer, in one sentence.
    pub answer: String,
    /// The request's number, from 0 in order of arrival.
    pub request: u64,
    /// What its trace calls it, where that is not simply its row number.
    pub name: Option<String>,
    /// When it arrived.
    pub at: Moment,
    /// Where it came from.
    pub demand: String,
    /// Who owns it.
    pub tenant: String,
    /// How much it asks for.
    pub asks: Vec<Quantity>,
    /// The pool it must run in; `None`: any.
    pub pool: Option<String>,
    /// Labels that its host must have, `key=value`.
    pub labels: Vec<String>,
    /// The other rules of its host and its group, in words.
    pub rules: Vec<String>,
    /// How its group is kept apart, if it is in one.
    pub group: Option<GroupLimits>,
    /// The policy's name.
    pub policy: String,
    /// What became of it at its arrival.
    pub outcome: Outcome,
    /// Where it went.
    pub host: Option<Place>,
    /// The reason that counts for a refusal, as in a report's `refused_by`.
    pub reason: Option<String>,
    /// What became of it after it had waited; filled by who runs on.
    pub later: Option<Later>,
    /// Which filter turned away how many hosts.
    pub funnel: Funnel,
    /// What [`Candidate::score`] is, if the policy has one.
    pub score: Option<String>,
    /// What each of the policy's scorers says of each of [`Self::candidates`], in their order;
    /// `None` for a policy that does not score.
    pub scores: Option<Account>,
    /// The host chosen, then each host that would be next if those before it took no VMs (for a
    /// policy that normalises scores over all candidates: those with the next highest totals); at
    /// most [`CANDIDATES_MAX`].
    pub candidates: Vec<Candidate>,
    /// What would make it fit, if it does not: the least of each kind.
    pub changes: Vec<Change>,
}

/// What became of a request at its arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It found a host.
    Placed,
    /// It found none and waits.
    Waits,
    /// It found none, for good.
    Refused,
}

/// What became of a request that waited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Later {
    /// When.
    pub at: Moment,
    /// How long it had waited, s.
    pub waited_s: f64,
    /// Where it was placed; `None`: refused after all.
    pub host: Option<Place>,
}

/// So much of a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quantity {
    /// The resource.
    pub resource: String,
    /// In [`Self::unit`].
    pub amount: i64,
    /// The unit of the amount.
    pub unit: String,
    /// The same for people: `16 GiB`.
    pub text: String,
}

/// The most of one group that may share a place; `None`: any number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupLimits {
    /// On one host.
    pub per_host: Option<u32>,
    /// In one rack.
    pub per_rack: Option<u32>,
    /// In one zone.
    pub per_zone: Option<u32>,
}

/// A host and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The host's index.
    pub host: usize,
    /// Its name in the inventory; `h` and its index where it has none.
    pub name: String,
    /// Its model.
    pub model: String,
    /// Its pool.
    pub pool: String,
    /// Its rack.
    pub rack: String,
    /// Its zone.
    pub zone: String,
}

/// Which filter turned away how many hosts: [`Self::fit`] and the counts sum to
/// [`Self::in_service`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Funnel {
    /// `0 of 500 hosts fit: 310 not enough free memory, 150 wrong pool, 40 anti-affinity`.
    pub sentence: String,
    /// Hosts in service.
    pub in_service: u64,
    /// Hosts that can take it.
    pub fit: u64,
    /// The rest, each host at the first filter that says no; most first.
    pub turned_away: Vec<TurnedAway>,
}

/// What one filter turned away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurnedAway {
    /// As in a report's `refused_by`.
    pub reason: String,
    /// The same in words.
    pub words: String,
    /// How many hosts.
    pub hosts: u64,
}

/// A host that can take it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Candidate {
    /// Which.
    pub place: Place,
    /// What would be left free on it, of each resource.
    pub left: Vec<Quantity>,
    /// The policy's score of it.
    pub score: Option<f64>,
}

/// One change that alone would make it fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// More room on one host: the one that lacks least, relative to what is asked for.
    MoreRoom {
        /// What to do, in words.
        sentence: String,
        /// On which.
        place: Place,
        /// How much more it would have to have free.
        more: Vec<Quantity>,
    },
    /// A rule that the request is held to.
    DropRule {
        /// What to do, in words.
        sentence: String,
        /// The rule: `pool`, `labels`, `cordoned`, `group-per-host`, …
        rule: String,
        /// How many hosts would take it without this rule.
        hosts: u64,
        /// The first of them.
        place: Place,
    },
    /// VMs that each fit elsewhere, all on one host.
    Move {
        /// What to do, in words.
        sentence: String,
        /// From which host.
        place: Place,
        /// Which, and where to.
        vms: Vec<Moved>,
    },
    /// One more host.
    AddHost {
        /// What to do, in words.
        sentence: String,
        /// Its model.
        model: String,
        /// In which pool.
        pool: String,
        /// In which rack.
        rack: String,
    },
}

impl Change {
    /// What to do, in words.
    pub fn sentence(&self) -> &str {
        match self {
            Self::MoreRoom { sentence, .. }
            | Self::DropRule { sentence, .. }
            | Self::Move { sentence, .. }
            | Self::AddHost { sentence, .. } => sentence,
        }
    }
}

/// A VM to move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Number of the request it was made for.
    pub request: u64,
    /// Where that came from.
    pub demand: String,
    /// What it takes.
    pub takes: Vec<Quantity>,
    /// Where it fits.
    pub to: Place,
}

/// Explains the decision that the policy is about to take. `dice` stands where the decision's
/// draw begins. Cost: some passes over the hosts, and for a refusal one over the VMs.
pub fn explain(
    scenario: &Scenario,
    state: &State,
    placer: &Placer,
    dice: &Stream,
    question: &Question<'_>,
) -> Explanation {
    let (kinds, ask) = (&scenario.kinds, question.ask);
    let tell = Tell { scenario, state };
    let funnel = funnel(&tell, ask);
    let mut candidates = candidates(&tell, placer, dice, question);
    let scores = scores(&tell, placer, question, &mut candidates);
    let host = candidates.first().map(|candidate| candidate.place.clone());
    let demand = &scenario.demands[question.demand.row()];
    let outcome = match (&host, demand.when_full) {
        (Some(_), _) => Outcome::Placed,
        (None, WhenFull::Wait { .. }) => Outcome::Waits,
        (None, WhenFull::Refuse) => Outcome::Refused,
    };
    let needs_change = host.is_none() && funnel.fit == 0;
    let changes = if needs_change { changes(&tell, ask) } else { Vec::new() };
    let limit = |max: u32| (max != u32::MAX).then_some(max);
    let group = ask.group.map(|group| state.groups.get(group).rule).map(|rule| GroupLimits {
        per_host: limit(rule.per_host_max),
        per_rack: limit(rule.per_rack_max),
        per_zone: limit(rule.per_zone_max),
    });
    let labels = state.shapes.labels(ask.shape);
    Explanation {
        answer: answer(question, outcome, host.as_ref(), &funnel, placer),
        request: question.request.0,
        name: question.name.map(str::to_owned),
        at: moment(scenario, question.at),
        demand: demand.name.clone(),
        tenant: scenario.tenants[question.tenant.row()].clone(),
        asks: quantities(kinds, &state.shapes.get(ask.shape).amounts, |amount| amount > 0),
        pool: state.shapes.pool(ask.shape).map(|pool| scenario.pools[pool.row()].name.clone()),
        labels: labels.iter().map(|label| scenario.labels[label.row()].clone()).collect(),
        rules: tell.rules(ask),
        group,
        policy: placer.policy_name().to_owned(),
        outcome,
        reason: host.is_none().then(|| reason_name(kinds, filters::reason(state, ask))),
        host,
        later: None,
        funnel,
        score: scores.as_ref().and_then(Account::words),
        scores,
        candidates,
        changes,
    }
}

/// What a host is called, and where it stands.
pub fn place(scenario: &Scenario, state: &State, host: HostId) -> Place {
    let host_type = &scenario.host_types[state.hosts.host_type(host).row()];
    let named = scenario.hosts.get(host.row()).and_then(|spec| spec.name.as_deref());
    Place {
        host: host.row(),
        name: named.map_or_else(|| host.to_string(), str::to_owned),
        model: scenario.models[host_type.model.row()].name.clone(),
        pool: scenario.pools[host_type.pool.row()].name.clone(),
        rack: scenario.racks[state.hosts.rack(host).row()].name.clone(),
        zone: scenario.zones[state.hosts.zone(host).row()].clone(),
    }
}

fn answer(
    question: &Question<'_>,
    outcome: Outcome,
    host: Option<&Place>,
    funnel: &Funnel,
    placer: &Placer,
) -> String {
    let policy = placer.policy_name();
    let request = match question.name {
        Some(name) => format!("request {} (`{name}`)", question.request.0),
        None => format!("request {}", question.request.0),
    };
    match (host, outcome) {
        (Some(Place { name, .. }), _) => match funnel.fit {
            1 => format!("{request} goes to `{name}`, the only host that fits"),
            fit => format!(
                "{request} goes to `{name}`, which {policy} chose of {} that fit",
                plural(fit, "host")
            ),
        },
        (None, _) if funnel.fit > 0 => {
            let fit = plural(funnel.fit, "host");
            if placer.has_filters() {
                return format!(
                    "{request} finds no host: {fit} would do, but the policy's filters turn them \
                     away"
                );
            }
            format!(
                "{request} finds no host: {fit} would do, but {policy} does not go back to them"
            )
        }
        (None, Outcome::Waits) => format!("{request} waits: {}", funnel.sentence),
        (None, _) => format!("{request} is refused: {}", funnel.sentence),
    }
}

fn funnel(tell: &Tell<'_>, ask: Ask) -> Funnel {
    let kinds = &tell.scenario.kinds;
    let in_service = u64::from(tell.state.hosts.total().hosts);
    let mut tally: Vec<(Reason, u32)> = filters::tally(tell.state, ask).into_iter().collect();
    tally.sort_by_key(|(reason, hosts)| (u32::MAX - hosts, *reason));
    let turned_away = |(reason, hosts): (Reason, u32)| TurnedAway {
        reason: reason_name(kinds, reason),
        words: objection(kinds, reason),
        hosts: hosts.into(),
    };
    let turned_away: Vec<TurnedAway> = tally.into_iter().map(turned_away).collect();
    let fit = in_service - turned_away.iter().map(|away| away.hosts).sum::<u64>();
    let parts = turned_away.iter().map(|away| format!("{} {}", count(away.hosts), away.words));
    let parts = parts.collect::<Vec<_>>().join(", ");
    let sentence = match (in_service, parts.as_str()) {
        (0, _) => "no host is in service".to_owned(),
        (_, "") => format!("all {} fit", plural(in_service, "host")),
        _ => format!("{} of {} fit: {parts}", count(fit), plural(in_service, "host")),
    };
    Funnel { sentence, in_service, fit, turned_away }
}

/// Why a host does not take a request.
fn objection(kinds: &Kinds, reason: Reason) -> String {
    match reason {
        Reason::NoHosts => "not in service".to_owned(),
        Reason::Down => "down".to_owned(),
        Reason::Quota(_) => {
            let name = reason_name(kinds, reason);
            format!("over the quota of {}", name.trim_start_matches("quota-").replace('+', " and "))
        }
        Reason::Pool => "wrong pool".to_owned(),
        Reason::Labels => "without the labels".to_owned(),
        Reason::Forbidden => "with forbidden labels".to_owned(),
        Reason::Taints => "with taints".to_owned(),
        Reason::Exclusive => "with other tenants' VMs".to_owned(),
        Reason::Cordoned => "leaving service".to_owned(),
        Reason::Short(_) => {
            format!("not enough free {}", reason_name(kinds, reason).replace('+', " and "))
        }
        Reason::Devices => "free GPUs in pieces".to_owned(),
        Reason::Cells => "too little in their NUMA cells".to_owned(),
        Reason::GroupPerHost => "anti-affinity".to_owned(),
        Reason::GroupPerRack => "the group's limit for their rack".to_owned(),
        Reason::GroupPerZone => "the group's limit for their zone".to_owned(),
        Reason::Affinity(level) => format!("not in the group's {}", level.name()),
        Reason::Skew(level) => format!("the group's skew over {}s", level.name()),
        Reason::PassedOver => "passed over by the policy".to_owned(),
    }
}

/// Asks the policy again and again, each time without the hosts it has named so far: so the order
/// is the policy's own, whatever it compares. One that normalises is asked once.
fn candidates(
    tell: &Tell<'_>,
    placer: &Placer,
    dice: &Stream,
    question: &Question<'_>,
) -> Vec<Candidate> {
    let ask = question.ask;
    let query = Query { ask, now: question.at, stay_ms: question.stay_ms };
    let (state, kinds) = (tell.state, &tell.scenario.kinds);
    let asked = &state.shapes.get(ask.shape).amounts;
    let mut rest = state.clone();
    let mut found = Vec::new();
    while found.len() < CANDIDATES_MAX
        && let Ok(host) = placer.decide(&rest, query, &mut dice.clone())
    {
        // Of hosts that are as welcome to the request; then come those that are less so.
        let mut next = vec![host];
        if placer.normalises() {
            let tell = Tell { state: &rest, ..*tell };
            next.extend(next_by_total(&tell, placer, &query, host));
        }
        next.iter().for_each(|host| rest.cordon(*host));
        found.extend(next);
    }
    found.truncate(CANDIDATES_MAX);
    let candidate = |host: HostId| {
        let left = std::array::from_fn(|column| match column < kinds.len() {
            true => state.hosts.free(host, column) - asked[column],
            false => 0,
        });
        let left = quantities(kinds, &left, |_| true);
        Candidate { place: tell.place(host), left, score: None }
    };
    found.into_iter().map(candidate).collect()
}

/// The hosts with the highest totals but the one chosen. Asked again without that one, a policy
/// that normalises would say other totals.
fn next_by_total(
    tell: &Tell<'_>,
    placer: &Placer,
    query: &Query,
    chosen: HostId,
) -> impl Iterator<Item = HostId> {
    let filter = Filter::new(tell.state, query.ask);
    let hosts: Vec<HostId> = tell.state.hosts.ids().filter(|host| filter.admits(*host)).collect();
    let account = placer.account(tell.state, query, &hosts, tell.words());
    let rows = account.map(|account| account.rows).unwrap_or_default();
    let mut rest: Vec<(f64, HostId)> = rows
        .iter()
        .zip(hosts)
        .filter(|(row, host)| *host != chosen && row.is_candidate())
        .map(|(row, host)| (row.first().unwrap_or(f64::NEG_INFINITY), host))
        .collect();
    rest.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    rest.into_iter().take(CANDIDATES_MAX - 1).map(|(_, host)| host)
}

/// The matrix of candidates and scorers; gives each candidate what decides first.
fn scores(
    tell: &Tell<'_>,
    placer: &Placer,
    question: &Question<'_>,
    candidates: &mut [Candidate],
) -> Option<Account> {
    let query = Query { ask: question.ask, now: question.at, stay_ms: question.stay_ms };
    let hosts: Vec<HostId> =
        candidates.iter().map(|candidate| HostId::from_row(candidate.place.host)).collect();
    let account = placer.account(tell.state, &query, &hosts, tell.words())?;
    for (candidate, row) in candidates.iter_mut().zip(&account.rows) {
        candidate.score = row.first();
    }
    Some(account)
}

/// What would make it fit, the least of each kind.
fn changes(tell: &Tell<'_>, ask: Ask) -> Vec<Change> {
    let near = Near::of(tell.state, ask);
    let mut changes: Vec<Change> = near.more_room(tell, ask).into_iter().collect();
    changes.extend(near.rules(tell, ask));
    changes.extend(near.moves(tell, ask));
    changes.extend(add_host(tell, ask));
    changes
}

/// The hosts that are near to taking it.
struct Near {
    /// Only short of room: how short, relative to what is asked for, and which.
    short: Vec<(f64, HostId)>,
    /// Short of room, or the group has its share: VMs that leave may help. As above.
    crowded: Vec<(f64, HostId)>,
    /// Held up by one rule alone: how many, and the first.
    by_rule: BTreeMap<Reason, (u64, HostId)>,
}

impl Near {
    fn of(state: &State, ask: Ask) -> Self {
        let filter = Filter::new(state, ask);
        let mut near = Self { short: Vec::new(), crowded: Vec::new(), by_rule: BTreeMap::new() };
        for host in state.hosts.ids() {
            let objections = filter.objections(host);
            let is_of_vms = |reason: &Reason| !is_of_host(*reason);
            if objections.iter().all(is_of_vms) {
                near.crowded.push((lack(state, ask, host), host));
            }
            match objections.as_slice() {
                [Reason::NoHosts | Reason::Down] => {}
                short if is_short(short) && filter.cells_missing(host) != Some(None) => {
                    near.short.push((lack(state, ask, host), host));
                }
                [rule] => near.by_rule.entry(*rule).or_insert((0, host)).0 += 1,
                _ => {}
            }
        }
        near.crowded.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        near
    }

    fn more_room(&self, tell: &Tell<'_>, ask: Ask) -> Option<Change> {
        let least = self.short.iter().min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let host = least?.1;
        let asked = &tell.state.shapes.get(ask.shape).amounts;
        let more = quantities(&tell.scenario.kinds, &missing(tell.state, ask, host), |a| a > 0);
        let place = tell.place(host);
        let effective = tell.state.hosts.effective(host);
        let beyond = match asked.iter().zip(effective).any(|(asked, whole)| asked > whole) {
            true => format!("; that is more than an empty `{}` has", place.model),
            false => String::new(),
        };
        let filter = Filter::new(tell.state, ask);
        let is_in_pieces = filter.objections(host).contains(&Reason::Devices);
        let pieces = match (is_in_pieces, filter.cells_missing(host).is_some()) {
            (false, false) => "",
            (true, false) => ", on the GPUs that have most left",
            (false, true) => ", in the NUMA cells that have most left",
            (true, true) => ", on the GPUs and in the NUMA cells that have most left",
        };
        let sentence = format!(
            "`{}` would take it with {} more free{pieces}{beyond}",
            place.name,
            list(&more)
        );
        Some(Change::MoreRoom { sentence, place, more })
    }

    fn rules(&self, tell: &Tell<'_>, ask: Ask) -> Vec<Change> {
        let change = |(rule, (hosts, host)): (&Reason, &(u64, HostId))| {
            let place = tell.place(*host);
            Change::DropRule {
                sentence: tell.without(ask, *rule, *hosts, *host),
                rule: reason_name(&tell.scenario.kinds, *rule),
                hosts: *hosts,
                place,
            }
        };
        // With other hosts to choose from, a group would have other places to be spread over.
        let moves_places = |rule: &Reason| {
            tell.state.is_spread(ask)
                && matches!(rule, Reason::Pool | Reason::Labels | Reason::Forbidden)
        };
        self.by_rule.iter().filter(|(rule, _)| !moves_places(rule)).map(change).collect()
    }

    /// The fewest VMs, of one host, that each fit elsewhere and whose leaving makes room.
    fn moves(&self, tell: &Tell<'_>, ask: Ask) -> Option<Change> {
        let hosts = &self.crowded[..self.crowded.len().min(MOVE_HOSTS_MAX)];
        let mut vms: BTreeMap<HostId, Vec<VmId>> = BTreeMap::new();
        hosts.iter().for_each(|(_, host)| drop(vms.insert(*host, Vec::new())));
        for (id, vm) in tell.state.vms.iter() {
            if let Some(vms) = vms.get_mut(&vm.host) {
                vms.push(id);
            }
        }
        let mut trial = Trial { state: tell.state.clone(), ask, looks: MOVE_LOOKS_MAX };
        for size in 1..=MOVES_MAX {
            for (_, host) in hosts {
                if let Some(moved) = trial.fewest(*host, &vms[host], size) {
                    return Some(tell.moving(*host, &moved));
                }
            }
        }
        None
    }
}

/// Whether an objection would stay if all VMs left the host.
fn is_of_host(reason: Reason) -> bool {
    matches!(
        reason,
        Reason::NoHosts
            | Reason::Down
            | Reason::Quota(_)
            | Reason::Cordoned
            | Reason::Pool
            | Reason::Labels
            | Reason::Forbidden
            | Reason::Taints
            | Reason::Affinity(_)
    )
}

/// Whether a host is kept off by too little room alone, in sum or in its parts.
fn is_short(objections: &[Reason]) -> bool {
    let is_of_room =
        |reason: &Reason| matches!(reason, Reason::Short(_) | Reason::Devices | Reason::Cells);
    !objections.is_empty() && objections.iter().all(is_of_room)
}

/// How much more would have to be free on a host, by column, wherever it lies in NUMA cells.
fn missing_in_sum(state: &State, asked: &Amounts, host: HostId) -> Amounts {
    let kinds = state.hosts.kinds();
    std::array::from_fn(|column| match column < kinds && asked[column] > 0 {
        true if state.devices.column() == Some(column) => {
            let parts = state.layouts.parts(state.hosts.layout(host));
            Portion::of(asked[column]).missing(parts)
        }
        true => (asked[column] - state.hosts.free(host, column)).max(0),
        false => 0,
    })
}

/// The same, in the NUMA cells that lack least.
fn missing(state: &State, ask: Ask, host: HostId) -> Amounts {
    let filter = Filter::new(state, ask);
    let mut missing = missing_in_sum(state, filter.amounts(), host);
    if let Some(in_cells) = filter.cells_missing(host).flatten() {
        for (column, missing) in missing.iter_mut().enumerate() {
            if let Some(kind) = state.cells.pair(column) {
                *missing = in_cells[kind];
            }
        }
    }
    missing
}

/// The same relative to what is asked for, summed.
fn lack(state: &State, ask: Ask, host: HostId) -> f64 {
    let asked = &state.shapes.get(ask.shape).amounts;
    let missing = missing(state, ask, host);
    let short = missing.iter().zip(asked).filter(|(missing, _)| **missing > 0);
    short.map(|(missing, asked)| *missing as f64 / *asked as f64).sum()
}

/// A copy of the state on which moves are tried; as it was between two tries.
struct Trial {
    state: State,
    ask: Ask,
    /// How many more looks at a host the search may take.
    looks: usize,
}

impl Trial {
    /// So many VMs of a host whose move makes room, and where each goes; sets of small VMs first.
    fn fewest(&mut self, host: HostId, vms: &[VmId], size: usize) -> Option<Vec<(VmId, HostId)>> {
        let asked = self.state.shapes.get(self.ask.shape).amounts;
        let missing = missing_in_sum(&self.state, &asked, host);
        let effective = *self.state.hosts.effective(host);
        // VMs that ask for the same are as good as each other: as many as a set has are enough.
        let mut by_ask: BTreeMap<_, Vec<VmId>> = BTreeMap::new();
        for id in vms {
            let vm = self.state.vms.get(*id);
            let same = by_ask.entry((vm.ask.shape, vm.ask.group)).or_default();
            if same.len() < size {
                same.push(*id);
            }
        }
        let amounts = |id: &VmId| self.state.shapes.get(self.state.vms.get(*id).ask.shape).amounts;
        let weight = |amounts: &Amounts| -> f64 {
            let shares = amounts.iter().zip(&effective).filter(|(_, whole)| **whole > 0);
            shares.map(|(amount, whole)| *amount as f64 / *whole as f64).sum()
        };
        let mut choice: Vec<(VmId, Amounts)> =
            by_ask.into_values().flatten().map(|id| (id, amounts(&id))).collect();
        choice.sort_by(|a, b| weight(&a.1).total_cmp(&weight(&b.1)).then(a.0.cmp(&b.0)));

        let mut sets = Sets::new(choice.len(), size);
        for _ in 0..MOVE_SETS_MAX {
            let set = sets.next()?;
            let frees = |column: usize| set.iter().map(|row| choice[*row].1[column]).sum::<i64>();
            if (0..KINDS_MAX).all(|column| missing[column] == 0 || missing[column] <= frees(column))
            {
                let set: Vec<VmId> = set.iter().map(|row| choice[*row].0).collect();
                if let Some(moved) = self.moves(host, &set) {
                    return Some(moved);
                }
            }
        }
        None
    }

    /// Where the VMs go so that the ask fits on their host, if they can.
    fn moves(&mut self, host: HostId, set: &[VmId]) -> Option<Vec<(VmId, HostId)>> {
        let mut end = |vm: &VmId| (self.state.spot(*vm), self.state.end(*vm));
        let ended: Vec<(Spot, Vm)> = set.iter().map(&mut end).collect();
        let mut started = Vec::new();
        let mut moved = Vec::new();
        if Filter::new(&self.state, self.ask).admits(host) {
            let like = ended[0].1;
            let here = Vm { host, ask: self.ask, ..like };
            started.push(self.state.start(here));
            for (id, (_, vm)) in set.iter().zip(&ended) {
                let Some(to) = self.elsewhere(host, vm.ask) else { break };
                started.push(self.state.start(Vm { host: to, ..*vm }));
                moved.push((*id, to));
            }
        }
        // Undone in reverse: so each VM gets its row, its devices and its cells back.
        for vm in started.into_iter().rev() {
            self.state.end(vm);
        }
        for (spot, vm) in ended.into_iter().rev() {
            self.state.start_on(vm, Time::from_ms(u64::MAX), spot);
        }
        (moved.len() == set.len()).then_some(moved)
    }

    /// The first other host that takes a VM, within the looks that are left.
    fn elsewhere(&mut self, host: HostId, ask: Ask) -> Option<HostId> {
        let filter = Filter::new(&self.state, ask);
        let looks = &mut self.looks;
        let mut hosts = self.state.hosts.ids().take_while(|_| {
            *looks = looks.saturating_sub(1);
            *looks > 0
        });
        hosts.find(|other| *other != host && filter.admits(*other))
    }
}

/// All sets of `size` rows below `rows`, those of low rows first: `01 02 12 03 13 23`.
struct Sets {
    rows: usize,
    set: Vec<usize>,
    has_begun: bool,
}

impl Sets {
    fn new(rows: usize, size: usize) -> Self {
        Self { rows, set: (0..size).collect(), has_begun: false }
    }

    fn next(&mut self) -> Option<&[usize]> {
        if self.has_begun {
            // The lowest row that can go up without meeting its neighbour; those below it start
            // again.
            let free = (0..self.set.len()).find(|place| {
                self.set.get(place + 1).is_none_or(|above| self.set[*place] + 1 < *above)
            })?;
            self.set[free] += 1;
            (0..free).for_each(|place| self.set[place] = place);
        }
        self.has_begun = true;
        self.set.last().is_some_and(|last| *last < self.rows).then_some(&self.set)
    }
}

/// An empty host that would take it, in a rack of its pool where the group may have one more.
fn add_host(tell: &Tell<'_>, ask: Ask) -> Option<Change> {
    let scenario = tell.scenario;
    let mut trial = tell.state.clone();
    let racks = |row: usize| {
        let host_type = HostTypeId::from_row(row);
        let racks = &scenario.pools[scenario.host_types[row].pool.row()].racks;
        // Racks differ only for a group.
        let racks = &racks[..if ask.group.is_some() { racks.len() } else { 1 }];
        racks.iter().map(move |rack| (host_type, *rack))
    };
    let fits = |(host_type, rack): &(HostTypeId, RackId)| {
        let host = trial.add_host(*host_type, *rack, 0);
        Filter::new(&trial, ask).admits(host)
    };
    let (host_type, rack) = (0..scenario.host_types.len()).flat_map(racks).find(fits)?;
    let host_type = &scenario.host_types[host_type.row()];
    let model = scenario.models[host_type.model.row()].name.clone();
    let pool = scenario.pools[host_type.pool.row()].name.clone();
    let rack = scenario.racks[rack.row()].name.clone();
    let sentence = format!("one more `{model}` in rack `{rack}` of pool `{pool}` would take it");
    Some(Change::AddHost { sentence, model, pool, rack })
}

/// What sentences are made from.
#[derive(Clone, Copy)]
struct Tell<'a> {
    scenario: &'a Scenario,
    state: &'a State,
}

impl Tell<'_> {
    fn words(&self) -> compose::Tell<'_> {
        compose::Tell { labels: &self.scenario.labels, kinds: &self.scenario.kinds }
    }

    fn place(&self, host: HostId) -> Place {
        place(self.scenario, self.state, host)
    }

    /// What an ask is held to beyond its pool, its labels and its group's limits.
    fn rules(&self, ask: Ask) -> Vec<String> {
        let rules = &self.state.shapes.predicate(ask.shape).rules;
        let all = |selector: &Selector| {
            selector.0.iter().map(|any| self.any_of(any)).collect::<Vec<_>>().join(" and ")
        };
        let weighed = |words: String, weight: i64| format!("{words} (weight {weight})");
        let mut told = Vec::new();
        if !rules.requires.0.is_empty() {
            told.push(format!("has {}", all(&rules.requires)));
        }
        if !rules.forbids.is_empty() {
            told.push(format!("has not {}", self.any_of(&rules.forbids)));
        }
        for taint in &rules.tolerates {
            told.push(format!("tolerates `{}`", self.scenario.taints[taint.row()].name));
        }
        if self.state.is_exclusive(ask) {
            told.push("has no VMs of other tenants".to_owned());
        }
        for preference in &rules.prefers {
            told.push(weighed(format!("prefers {}", all(&preference.selector)), preference.weight));
        }
        let image = self.state.shapes.predicate(ask.shape).image;
        if let Some(image) = image.filter(|_| self.scenario.placement.prefers_warm) {
            let name = &self.scenario.images[image.row()].name;
            told.push(format!("prefers hosts that lack least of the image `{name}`"));
        }
        let Some(group) = ask.group else { return told };
        let rule = self.state.groups.get(group).rule;
        told.extend(rule.together.map(|level| format!("in the {} of its group", level.name())));
        for level in Level::ALL {
            let (row, name) = (level.row(), level.name());
            if rule.skew_max[row] != u32::MAX {
                told.push(format!("its group spread over {name}s, skew {}", rule.skew_max[row]));
            }
            match rule.near[row] {
                0 => {}
                near if near > 0 => {
                    told.push(weighed(format!("prefers the {name}s of its group"), near))
                }
                near => told.push(weighed(format!("prefers {name}s without its group"), -near)),
            }
            if let Some(soft) = rule.soft_skew[row] {
                let words = format!("prefers its group spread over {name}s, skew {}", soft.max);
                told.push(weighed(words, soft.weight));
            }
        }
        told
    }

    /// How much more quota an ask needs.
    fn more_quota(&self, ask: Ask) -> String {
        let (tenancy, kinds) = (&self.state.tenancy, &self.scenario.kinds);
        let asked = &self.state.shapes.get(ask.shape).amounts;
        // The nearest that objects; those above it are told once it does not.
        let objects = |tenant: &TenantId| tenancy.over_own(*tenant, asked) != 0;
        let owner = tenancy.line_of(ask.tenant).find(objects).unwrap_or(ask.tenant);
        let (rules, taken) = (tenancy.rules_of(owner), tenancy.taken(owner));
        let over = tenancy.over_own(owner, asked);
        let more = std::array::from_fn(|column| match over & (1 << column) {
            0 => 0,
            _ => taken.amounts[column] + asked[column] - rules.quota[column],
        });
        let more = quantities(kinds, &more, |amount| amount > 0);
        let vms = (over & VMS_BIT != 0).then(|| plural(taken.vms + 1 - rules.vms_max, "VM"));
        let amounts = (!more.is_empty()).then(|| list(&more));
        let more = [vms, amounts].into_iter().flatten().collect::<Vec<_>>().join(" and ");
        let tenant = &self.scenario.tenants[owner.row()];
        format!("with {more} more quota for tenant `{tenant}`")
    }

    /// Labels of which one is enough.
    fn any_of(&self, labels: &[LabelId]) -> String {
        let labels = labels.iter().map(|label| format!("`{}`", self.scenario.labels[label.row()]));
        match labels.collect::<Vec<_>>().join(" or ") {
            none if none.is_empty() => "a label that no host has".to_owned(),
            some => some,
        }
    }

    /// What it would be without a rule.
    fn without(&self, ask: Ask, rule: Reason, hosts: u64, host: HostId) -> String {
        let label = |label: LabelId| format!("`{}`", self.scenario.labels[label.row()]);
        let dropped = match rule {
            Reason::Pool => {
                let pool = self.state.shapes.pool(ask.shape);
                let pool = pool.map_or("", |pool| &self.scenario.pools[pool.row()].name);
                format!("outside pool `{pool}`")
            }
            Reason::Labels => {
                let host_type = self.state.hosts.host_type(host);
                let missing = self.state.shapes.labels_missing(ask.shape, host_type);
                let missing: Vec<String> = missing.iter().map(|any| self.any_of(any)).collect();
                format!("without asking for {}", missing.join(", "))
            }
            Reason::Forbidden => {
                let host_type = self.state.hosts.host_type(host);
                let labels = self.state.shapes.labels_forbidden(ask.shape, host_type);
                format!("without forbidding {}", labels.map(label).collect::<Vec<_>>().join(", "))
            }
            Reason::Taints => {
                let host_type = self.state.hosts.host_type(host);
                let taints = self.state.shapes.taints_in_the_way(ask.shape, host_type);
                let taints =
                    taints.map(|taint| format!("`{}`", self.scenario.taints[taint.row()].name));
                format!("tolerating {}", taints.collect::<Vec<_>>().join(", "))
            }
            Reason::Quota(_) => self.more_quota(ask),
            Reason::Exclusive => "beside VMs of other tenants".to_owned(),
            Reason::GroupPerHost => "with one more of its group on a host".to_owned(),
            Reason::GroupPerRack => "with one more of its group in a rack".to_owned(),
            Reason::GroupPerZone => "with one more of its group in a zone".to_owned(),
            Reason::Affinity(level) => format!("outside the {} of its group", level.name()),
            Reason::Skew(level) => {
                format!("if its group were spread less evenly over {}s", level.name())
            }
            Reason::Cells => "across NUMA cells".to_owned(),
            Reason::Cordoned
            | Reason::Short(_)
            | Reason::Devices
            | Reason::NoHosts
            | Reason::Down
            | Reason::PassedOver => "if hosts that are leaving service took VMs".to_owned(),
        };
        let others = match hosts {
            1 => String::new(),
            _ => format!(" and {}", plural(hosts - 1, "other")),
        };
        format!("{dropped}, `{}`{others} would take it", self.place(host).name)
    }

    fn moving(&self, host: HostId, moves: &[(VmId, HostId)]) -> Change {
        let place = self.place(host);
        let moved = |(vm, to): &(VmId, HostId)| {
            let vm = self.state.vms.get(*vm);
            let amounts = &self.state.shapes.get(vm.ask.shape).amounts;
            Moved {
                request: vm.request,
                demand: self.scenario.demands[vm.demand.row()].name.clone(),
                takes: quantities(&self.scenario.kinds, amounts, |amount| amount > 0),
                to: self.place(*to),
            }
        };
        let vms: Vec<Moved> = moves.iter().map(moved).collect();
        let each = vms.iter().map(|vm| {
            format!("the VM of request {} ({}) to `{}`", vm.request, list(&vm.takes), vm.to.name)
        });
        let each = each.collect::<Vec<_>>().join(", ");
        let sentence = format!("`{}` would take it after moving {each}", place.name);
        Change::Move { sentence, place, vms }
    }
}

/// Amounts with their units, those that are wanted.
fn quantities(kinds: &Kinds, amounts: &Amounts, is_wanted: impl Fn(i64) -> bool) -> Vec<Quantity> {
    let wanted = (0..kinds.len()).filter(|column| is_wanted(amounts[*column]));
    let quantity = |column: usize| Quantity {
        resource: kinds.name(column).to_owned(),
        amount: amounts[column],
        unit: kinds.unit(column).to_owned(),
        text: format_amount(kinds.name(column), kinds.unit(column), amounts[column]),
    };
    wanted.map(quantity).collect()
}

/// `2 vCPU and 512 MiB of memory`.
pub fn list(quantities: &[Quantity]) -> String {
    let said = |quantity: &Quantity| match quantity.resource.as_str() {
        "cpu" | "gpu" => quantity.text.clone(),
        resource if resource == quantity.unit => quantity.text.clone(),
        resource => format!("{} of {resource}", quantity.text),
    };
    match quantities {
        [] => "nothing".to_owned(),
        [one] => said(one),
        [first @ .., last] => {
            let first = first.iter().map(said).collect::<Vec<_>>().join(", ");
            format!("{first} and {}", said(last))
        }
    }
}
