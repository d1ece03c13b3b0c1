//! Desks, their working hours, and who goes through them.

use super::check::{Check, Table, node_text};
use super::fields::{ORDERS, WEEKDAYS, demand, desk, hours, root};
use super::findings::At;
use super::load::Load;
use super::spreads::{self, Allow};
use super::tree::{Node, Value};
use crate::hours::Hours;
use crate::scenario::{Desk, DeskId, Distribution, Stop, TenantId};
use crate::time::{HOUR_MS, MINUTE_MS};
use crate::units::shorten;
use std::collections::{BTreeMap, BTreeSet};

/// The most operators of a desk.
const OPERATORS_MAX: u64 = 1_000_000;

/// The most desks on a request's way.
const STOPS_MAX: usize = 16;

/// What a demand says that is none.
const SELF_SERVICE: &str = "self-service";

/// The desks of a scenario.
#[derive(Default)]
pub(crate) struct Desks {
    drafts: Vec<Draft>,
    /// By name; `None`: something is wrong with it.
    rows: BTreeMap<String, Option<usize>>,
}

/// A desk before its tenants are known.
struct Draft {
    desk: Desk,
    at: At,
    is_per_tenant: bool,
}

/// Rows of the desks on a demand's way.
#[derive(Clone, Default)]
pub(crate) struct Way(Vec<usize>);

impl Desks {
    /// Reads the desks.
    pub(crate) fn read(&mut self, check: &mut Check<'_>, node: &Node) {
        let Some(entries) = node.table() else {
            let message = format!("`{}` has a table for each desk", root::PROVISIONING.key);
            let hint = format!("write it like `{}`", root::PROVISIONING.example);
            check.error_hint(node.at, message, hint);
            return;
        };
        for entry in entries {
            if !check.is_name(root::PROVISIONING.key, &entry.key, entry.key_at) {
                continue;
            }
            if entry.key == SELF_SERVICE {
                let message = format!("`{SELF_SERVICE}` has a meaning of its own");
                check.error_hint(
                    entry.key_at,
                    message,
                    "it is no desk at all: choose another name",
                );
                continue;
            }
            let at = entry.key_at;
            let Some(table) = check.open(&entry.key, &entry.node, at, &[&desk::SECTION]) else {
                self.rows.insert(entry.key.clone(), None);
                continue;
            };
            let draft = read_desk(check, &entry.key, &table);
            let row = draft.is_some().then_some(self.drafts.len());
            self.rows.insert(entry.key.clone(), row);
            self.drafts.extend(draft);
        }
    }

    /// Reads which desks a demand's requests go through.
    pub(crate) fn read_way(&self, check: &mut Check<'_>, node: &Node) -> Option<Way> {
        let key = demand::PROVISIONING.key;
        if let Value::Text(text) = &node.value {
            if text == SELF_SERVICE {
                return Some(Way::default());
            }
            return Some(Way(vec![self.row(check, node)?]));
        }
        let Value::List(nodes) = &node.value else {
            let message =
                format!("`{key}` is a desk's name or a list of them, not {}", node.kind());
            check.error_hint(node.at, message, "write it like `\"tickets\"`");
            return None;
        };
        if nodes.is_empty() || nodes.len() > STOPS_MAX {
            let message = format!("`{key}` names 1 to {STOPS_MAX} desks, not {}", nodes.len());
            let hint = format!("without desks it is `\"{SELF_SERVICE}\"`");
            check.error_hint(node.at, message, hint);
            return None;
        }
        let rows = nodes.iter().map(|node| self.row(check, node)).collect::<Vec<_>>();
        rows.into_iter().collect::<Option<Vec<_>>>().map(Way)
    }

    fn row(&self, check: &mut Check<'_>, node: &Node) -> Option<usize> {
        let name = check.text(demand::PROVISIONING.key, node)?;
        let row = self.rows.get(name).copied();
        if row.is_none() {
            check.unknown_name(node.at, "desk", name, self.rows.keys().map(String::as_str));
        }
        row.flatten()
    }

    /// Whether one of the desks on a way takes up tickets by priority.
    pub(crate) fn is_by_priority(&self, way: &Way) -> bool {
        way.0.iter().any(|row| self.drafts[*row].desk.is_by_priority)
    }

    /// The desks, those with teams split, and the stops of each demand.
    pub(crate) fn resolve(
        &self,
        check: &mut Check<'_>,
        load: &Load,
    ) -> (Vec<Desk>, Vec<Vec<Stop>>) {
        let mut desks = Vec::new();
        let mut stops = Vec::new();
        for (row, draft) in self.drafts.iter().enumerate() {
            let users = users(load, row);
            if users.is_empty() {
                let message = format!("no demand goes through the desk `{}`", draft.desk.name);
                let hint = format!("name it in a demand: `provisioning = \"{}\"`", draft.desk.name);
                check.warning(draft.at, message, hint);
            }
            let teams = teams(check, load, draft, &users);
            let add = |(tenant, desk): (Option<usize>, Desk)| {
                desks.push(desk);
                (tenant.map(TenantId::from_row), DeskId::from_row(desks.len() - 1))
            };
            let teams = teams.into_iter().map(add).collect();
            stops.push(Stop { name: draft.desk.name.clone(), teams });
        }
        let way = |way: &Way| way.0.iter().map(|row| stops[*row].clone()).collect();
        (desks, load.demands.iter().map(|draft| way(&draft.way)).collect())
    }
}

/// The tenants whose requests can come to a desk.
fn users(load: &Load, row: usize) -> BTreeSet<usize> {
    let demands = load.demands.iter().filter(|demand| demand.way.0.contains(&row));
    let mut users = BTreeSet::new();
    for demand in demands {
        match demand.is_traced() {
            // Its rows can be anybody's.
            true => users.extend(0..load.tenants.len()),
            false => {
                users.insert(demand.tenant);
            }
        }
    }
    users
}

/// The teams of a desk, by the tenant whose tickets they work on.
fn teams(
    check: &mut Check<'_>,
    load: &Load,
    draft: &Draft,
    users: &BTreeSet<usize>,
) -> Vec<(Option<usize>, Desk)> {
    if !draft.is_per_tenant || users.len() < 2 {
        return vec![(None, draft.desk.clone())];
    }
    let number = u32::try_from(users.len()).unwrap_or(u32::MAX);
    if draft.desk.operators.is_some_and(|operators| operators < number) {
        let message = format!(
            "`operators = {}` cannot be split over {number} tenants",
            draft.desk.operators.unwrap_or(0)
        );
        check.error_hint(
            draft.at,
            message,
            format!("give it {number} or more, or no `per-tenant`"),
        );
    }
    let team = |(place, tenant): (usize, &usize)| {
        let left_over = |operators: u32| u32::from((place as u64) < u64::from(operators % number));
        let desk = Desk {
            name: format!("{} ({})", draft.desk.name, load.tenants[*tenant]),
            operators: draft.desk.operators.map(|all| all / number + left_over(all)),
            ..draft.desk.clone()
        };
        (Some(*tenant), desk)
    };
    users.iter().enumerate().map(team).collect()
}

fn read_desk(check: &mut Check<'_>, name: &str, table: &Table<'_>) -> Option<Draft> {
    use desk::{APPROVAL, EVERY, HANDS_ON, HOURS, OPERATORS, ORDER, PER_TENANT};
    let operators = match table.get(&OPERATORS) {
        Some(node) => check.whole(OPERATORS.key, node, 1, OPERATORS_MAX).map(Some),
        None => Some(None),
    };
    let allow = Allow { forever: false, zero: true };
    let hands_on = match table.get(&HANDS_ON) {
        Some(node) => spreads::read(check, HANDS_ON.key, node, allow),
        None => Some(Distribution::Constant(0)),
    };
    let approval = match table.get(&APPROVAL) {
        Some(node) => spreads::read(check, APPROVAL.key, node, allow),
        None => Some(Distribution::Constant(0)),
    };
    let hours = match table.get(&HOURS) {
        Some(node) => read_hours(check, node),
        None => Some(office(check)),
    };
    let order = match table.get(&ORDER) {
        Some(node) => check.choice(ORDER.key, node, "order", ORDERS),
        None => Some("arrival"),
    };
    let every_ms = match table.get(&EVERY) {
        Some(node) => check.length_ms(EVERY.key, node, MINUTE_MS).map(Some),
        None => Some(None),
    };
    let is_per_tenant = match table.get(&PER_TENANT) {
        Some(node) => check.flag(PER_TENANT.key, node),
        None => Some(false),
    };
    let says_nothing = [&OPERATORS, &HANDS_ON, &APPROVAL, &EVERY].map(|field| table.get(field));
    if says_nothing.iter().all(Option::is_none) && !check.findings.is_broken() {
        let message = format!("requests lose no time at the desk `{}`", shorten(name));
        check.error_hint(table.at, message, "add `operators` and `hands-on`, or `approval`");
        return None;
    }
    let desk = Desk {
        name: name.to_owned(),
        hours: hours?,
        approval: approval?,
        operators: operators?.map(|operators| operators as u32),
        hands_on: hands_on?,
        every_ms: every_ms?,
        is_by_priority: order? == "priority",
    };
    Some(Draft { desk, at: table.at, is_per_tenant: is_per_tenant? })
}

/// 9 to 17 h, Monday to Friday.
fn office(check: &Check<'_>) -> Hours {
    Hours::new(&check.calendar, 9 * HOUR_MS, 17 * HOUR_MS, WEEKDAY)
}

const WEEKDAY: [bool; 7] = [true, true, true, true, true, false, false];

/// Reads working hours.
pub(crate) fn read_hours(check: &mut Check<'_>, node: &Node) -> Option<Hours> {
    use hours::{DAYS, FROM, TO};
    let key = desk::HOURS.key;
    if let Value::Text(_) = &node.value {
        return check.choice(key, node, "working hours", &["always"]).map(|_| Hours::always());
    }
    let table = check.open(key, node, node.at, &[&hours::SECTION])?;
    let from_ms = match table.get(&FROM) {
        Some(node) => hour_ms(check, FROM.key, node),
        None => Some(9 * HOUR_MS),
    };
    let to_ms = match table.get(&TO) {
        Some(node) => hour_ms(check, TO.key, node),
        None => Some(17 * HOUR_MS),
    };
    let days = match table.get(&DAYS) {
        Some(node) => read_days(check, node),
        None => Some(WEEKDAY),
    };
    let (from_ms, to_ms, days) = (from_ms?, to_ms?, days?);
    if from_ms >= to_ms {
        let message = "the working day ends before it begins";
        let hint = "`from` is an earlier hour of the same day than `to`";
        check.error_hint(table.at_key(&TO), message, hint);
        return None;
    }
    Some(Hours::new(&check.calendar, from_ms, to_ms, days))
}

/// An hour of the day, ms after midnight.
fn hour_ms(check: &mut Check<'_>, key: &str, node: &Node) -> Option<u64> {
    let text = check.text(key, node)?;
    let number = |text: &str| {
        let is_plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if is_plain { text.parse::<u64>().ok() } else { None }
    };
    let parsed = text.split_once(':').and_then(|(h, m)| Some((number(h)?, number(m)?)));
    match parsed {
        Some((h, m)) if (h < 24 && m < 60) || (h, m) == (24, 0) => {
            Some(h * HOUR_MS + m * MINUTE_MS)
        }
        _ => {
            let message = format!("`{}` is not an hour of the day", node_text(node));
            check.error_hint(node.at, message, "write it like `\"08:30\"`");
            None
        }
    }
}

fn read_days(check: &mut Check<'_>, node: &Node) -> Option<[bool; 7]> {
    let key = hours::DAYS.key;
    let Value::List(nodes) = &node.value else {
        let message = format!("`{key}` is a list of days, not {}", node.kind());
        check.error_hint(node.at, message, format!("write it like `{}`", hours::DAYS.example));
        return None;
    };
    let mut days = [false; 7];
    for node in nodes {
        let day = check.choice(key, node, "day", WEEKDAYS)?;
        for (is_open, name) in days.iter_mut().zip(WEEKDAYS) {
            *is_open |= *name == day;
        }
    }
    if nodes.is_empty() {
        check.error_hint(node.at, format!("`{key}` is empty"), "name at least one");
        return None;
    }
    Some(days)
}
