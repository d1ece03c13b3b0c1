//! The fleet: host models, pools with their zones, racks and hosts, growth and procurement.

use super::check::{Check, ENTRIES_MAX, Table, Wide, node_text};
use super::curves::{self, Of};
use super::energy::read_upkeep;
use super::fields::{
    Field, growth, host_model, hosts, overcommit, pool, procurement, reserved, root,
};
use super::findings::At;
use super::spreads::{self, Allow};
use super::tree::{Entry, Node, Value};
use crate::inventory::{InventoryHost, read_inventory};
use crate::problem::Problems;
use crate::resources::{AMOUNT_MAX, Builtin, CELLS_MAX, DEVICE_MILLI, DEVICES_MAX};
use crate::scenario::{
    Curve, Distribution, Growth, HOSTS_MAX, HostSpec, HostTypeId, ModelId, Pool, PoolId,
    Procurement, Rack, RackId, Taint, Upkeep, ZoneId,
};
use crate::time::{DAY_MS, MINUTE_MS};
use crate::units::{Decimal, format_amount, shorten};
use std::collections::{BTreeMap, BTreeSet};

/// The most zones of a pool, the most racks in one of its zones, and the most racks of all.
const ZONES_MAX: u64 = 1_000;
const RACKS_PER_ZONE_MAX: u64 = 10_000;
const RACKS_MAX: usize = 1_000_000;

/// The most reviews of all procurement rules.
const REVIEWS_MAX: f64 = 1e8;

/// Where `extends` must end.
const EXTENDS_MAX: usize = 100;

/// A host model with all the kinds that it has.
#[derive(Clone)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) total: Wide,
    pub(crate) effective: Wide,
    pub(crate) reserved: Wide,
    overcommit: [Decimal; 8],
    pub(crate) price_cents: u64,
    pub(crate) lead_time: Distribution,
    pub(crate) retire_after_ms: Option<u64>,
    /// Failures per ms, and where that is said.
    failure_rate: Option<(f64, At)>,
    pub(crate) cells: u8,
    pub(crate) upkeep: Upkeep,
    marks: Marks,
}

type Labels = BTreeMap<String, String>;

/// What hosts are marked with.
#[derive(Clone, Default)]
pub(crate) struct Marks {
    pub(crate) labels: Labels,
    pub(crate) taints: Labels,
    pub(crate) soft_taints: Labels,
}

impl Marks {
    /// These on top: of one key, the later value counts.
    fn extend(&mut self, more: &Self) {
        let copy = |labels: &Labels| labels.clone().into_iter();
        self.labels.extend(copy(&more.labels));
        self.taints.extend(copy(&more.taints));
        self.soft_taints.extend(copy(&more.soft_taints));
    }
}

/// What a host can be, its labels as `key=value`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Type {
    pub(crate) model: usize,
    pub(crate) pool: usize,
    pub(crate) labels: Vec<String>,
    /// Sorted.
    pub(crate) taints: Vec<Taint>,
}

/// A pool as written.
pub(crate) struct Draft<'t> {
    table: Table<'t>,
    marks: Marks,
    zones: Vec<String>,
    racks_per_zone: usize,
    /// Whether it says its zones or racks itself; if not, an inventory can.
    has_grid: bool,
    /// Racks in the order in which new hosts fill them.
    racks: Vec<RackId>,
    host_count: usize,
    /// Hosts whose inventory says the zone, not the rack, by zone.
    in_zone: BTreeMap<ZoneId, usize>,
    /// Racks by the name that an inventory gives them.
    rack_names: BTreeMap<String, RackId>,
    /// The same as `racks`, to find.
    known_racks: BTreeSet<RackId>,
}

/// The fleet so far.
#[derive(Default)]
pub(crate) struct Fleet {
    pub(crate) models: Vec<Model>,
    model_rows: BTreeMap<String, usize>,
    /// How many of `models` the scenario names; others are of inventories.
    named_models: usize,
    pub(crate) pools: Vec<Pool>,
    pub(crate) pool_rows: BTreeMap<String, usize>,
    pool_marks: Vec<Marks>,
    /// What a pool sells each unit of a resource at, by pool.
    pool_overcommit: Vec<[Option<Decimal>; 8]>,
    /// Models as pools with an overcommit of their own sell them, by model and pool.
    pool_models: BTreeMap<(usize, usize), usize>,
    pub(crate) zones: Vec<String>,
    zone_ids: BTreeMap<String, ZoneId>,
    pub(crate) racks: Vec<Rack>,
    rack_ids: BTreeMap<(ZoneId, String), RackId>,
    pub(crate) types: Vec<Type>,
    type_ids: BTreeMap<Type, HostTypeId>,
    pub(crate) hosts: Vec<HostSpec>,
    /// How many hosts of a model are in a pool at the start.
    counts: BTreeMap<(usize, usize), u64>,
    pub(crate) growth: Vec<Growth>,
    /// The most hosts that all growth plans come to, replacements included.
    planned_hosts: f64,
    pub(crate) procurement: Vec<Procurement>,
    /// What is ordered by date.
    ordered: Vec<(HostTypeId, u64)>,
    /// How often someone looks whether to order, by all rules together.
    reviews: f64,
}

/// The tables of a named section, each with the keys that it inherits, in file order.
pub(crate) fn inherited<'t>(
    check: &mut Check<'_>,
    key: &str,
    what: &str,
    extends: &'static Field,
    node: &'t Node,
) -> Vec<(&'t Entry, Vec<&'t Entry>)> {
    let Some(entries) = node.table() else {
        let message = format!("`{key}` is a table of tables, not {}", node.kind());
        check.error_hint(node.at, message, format!("write it like `[{key}.small]`"));
        return Vec::new();
    };
    if entries.len() > ENTRIES_MAX {
        check.error(node.at, format!("`{key}` has more than {ENTRIES_MAX} entries"));
        return Vec::new();
    }
    let rows: BTreeMap<&str, usize> =
        entries.iter().enumerate().map(|(row, entry)| (entry.key.as_str(), row)).collect();
    let parent = |entry: &'t Entry| match entry.node.find(extends.key).map(|node| &node.value) {
        Some(Value::Text(name)) => rows.get(name.as_str()).copied(),
        _ => None,
    };
    let mut list = Vec::new();
    for (row, entry) in entries.iter().enumerate() {
        if !check.is_name(what, &entry.key, entry.key_at) {
            continue;
        }
        let Some(own) = entry.node.table() else {
            let message =
                format!("`{}` is a table, not {}", shorten(&entry.key), entry.node.kind());
            check.error_hint(entry.node.at, message, format!("write it like `[{key}.small]`"));
            continue;
        };
        if let Some(node) = entry.node.find(extends.key)
            && let Some(name) = check.name(extends.key, node)
            && !rows.contains_key(name)
        {
            check.unknown_name(node.at, what, name, rows.keys().copied());
        }
        let mut merged: Vec<&Entry> = own.iter().collect();
        let mut keys: BTreeSet<&str> = own.iter().map(|entry| entry.key.as_str()).collect();
        let mut chain = vec![row];
        let mut at = parent(entry);
        while let Some(next) = at {
            if chain.contains(&next) {
                // Told once, at the first of its members.
                if next == row && chain.iter().min() == Some(&row) {
                    let names = chain.iter().chain([&row]).take(12);
                    let names: Vec<&str> = names.map(|row| entries[*row].key.as_str()).collect();
                    let node_at = entry.node.find(extends.key).map_or(entry.key_at, |n| n.at);
                    let message = format!("`{}` extends itself", shorten(&entry.key));
                    check.error_hint(node_at, message, shorten(&names.join(" → ")));
                }
                break;
            }
            if chain.len() > EXTENDS_MAX {
                let message = format!("`extends` goes more than {EXTENDS_MAX} steps from here");
                check.error(entry.key_at, message);
                break;
            }
            chain.push(next);
            for inherited in entries[next].node.table().unwrap_or(&[]) {
                if keys.insert(&inherited.key) {
                    merged.push(inherited);
                }
            }
            at = parent(&entries[next]);
        }
        list.push((entry, merged));
    }
    list
}

/// Each as `key=value`.
fn names(labels: &Labels) -> impl Iterator<Item = String> {
    labels.iter().map(|(key, value)| format!("{key}={value}"))
}

/// `floor((total − reserved) × ratio)`; `None` if that cannot be counted.
fn effective(total: i64, reserved: i64, ratio: Decimal) -> Option<i64> {
    ratio.of_amount(total - reserved).filter(|amount| *amount <= AMOUNT_MAX)
}

impl Fleet {
    /// Reads the host models.
    pub(crate) fn read_models(&mut self, check: &mut Check<'_>, node: &Node) {
        let key = root::HOST_MODELS.key;
        for (entry, merged) in inherited(check, key, "host model", &host_model::EXTENDS, node) {
            let table = check.open_entries(merged, entry.key_at, &[&host_model::SECTION]);
            let model = read_model(check, &entry.key, &table);
            self.model_rows.insert(entry.key.clone(), self.models.len());
            self.models.push(model);
        }
        self.named_models = self.models.len();
    }

    /// Failures of each model's hosts per ms, where those that do not say it have the usual rate.
    pub(crate) fn failure_rates(&self, usual: f64) -> Vec<f64> {
        let rate = |model: &Model| model.failure_rate.map_or(usual, |(per_ms, _)| per_ms);
        self.models.iter().map(rate).collect()
    }

    /// Warns of failure rates in a scenario in which nothing fails.
    pub(crate) fn check_failure_rates(&self, check: &mut Check<'_>) {
        // Models of pools with an overcommit of their own say it at the same place.
        let said: BTreeSet<At> =
            self.models.iter().filter_map(|model| Some(model.failure_rate?.1)).collect();
        for at in said {
            let hint = "add `[failures]`, which says what happens then";
            check.warning(at, "nothing fails, so `failure-rate` decides nothing", hint);
        }
    }

    /// About how many hosts there will be, orders not counted.
    pub(crate) fn hosts_planned(&self) -> f64 {
        self.hosts.len() as f64 + self.planned_hosts
    }

    /// The most hosts that there can be.
    pub(crate) fn hosts_most(&self) -> u64 {
        let plans = [self.growth.len(), self.procurement.len(), self.ordered.len()];
        let comes_more = plans.iter().any(|plans| *plans > 0);
        if comes_more { HOSTS_MAX } else { self.hosts.len() as u64 }
    }

    fn model_named(&self, check: &mut Check<'_>, key: &str, node: &Node) -> Option<usize> {
        let name = check.name(key, node)?;
        let row = self.model_rows.get(name).copied();
        if row.is_none() {
            let known = self.model_rows.keys().map(String::as_str);
            check.unknown_name(node.at, "host model", name, known);
        }
        row
    }

    /// The pool that a table names, or the only one.
    pub(crate) fn pool_of(
        &self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        field: &'static Field,
    ) -> Option<usize> {
        match table.get(field) {
            Some(node) => self.pool_named(check, field.key, node),
            None if self.pools.len() == 1 => Some(0),
            None => {
                if !check.findings.is_broken() && !self.pools.is_empty() {
                    let hint = format!("add `{} = {}`", field.key, field.example);
                    check.error_hint(table.at, "`pool` is missing", hint);
                }
                None
            }
        }
    }

    /// The model that a table names, or the only one.
    pub(crate) fn model_of(
        &self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        field: &'static Field,
    ) -> Option<usize> {
        match table.get(field) {
            Some(node) => self.model_named(check, field.key, node),
            None if self.named_models == 1 => Some(0),
            None => {
                if !check.findings.is_broken() {
                    let hint = format!("add `{} = {}`", field.key, field.example);
                    check.error_hint(table.at, "`model` is missing", hint);
                }
                None
            }
        }
    }

    /// The pool that a node names.
    pub(crate) fn pool_named(
        &self,
        check: &mut Check<'_>,
        key: &str,
        node: &Node,
    ) -> Option<usize> {
        let name = check.name(key, node)?;
        let row = self.pool_rows.get(name).copied();
        if row.is_none() {
            check.unknown_name(node.at, "pool", name, self.pool_rows.keys().map(String::as_str));
        }
        row
    }

    /// Opens the pools: afterwards they are known by name.
    pub(crate) fn open_pools<'t>(
        &mut self,
        check: &mut Check<'_>,
        node: &'t Node,
    ) -> Vec<Draft<'t>> {
        let nodes = check.list(root::POOLS.key, node, false);
        if nodes.is_empty() && !check.findings.has_errors() {
            check.error_hint(node.at, "there are no pools", "add one with `[[pools]]`");
        }
        let mut drafts = Vec::new();
        for node in nodes {
            drafts.extend(self.open_pool(check, node));
        }
        drafts
    }

    /// Reads the opened pools' racks, hosts and growth.
    pub(crate) fn read_pools(&mut self, check: &mut Check<'_>, mut drafts: Vec<Draft<'_>>) {
        self.make_racks(check, &mut drafts, false);
        for row in 0..drafts.len() {
            self.read_hosts(check, &mut drafts, row);
        }
        self.make_racks(check, &mut drafts, true);
        for (row, draft) in drafts.iter().enumerate() {
            self.pools[row].racks.clone_from(&draft.racks);
            if let Some(node) = draft.table.get(&pool::GROWTH) {
                for node in check.list(pool::GROWTH.key, node, true) {
                    let growth = self.read_growth(check, node, row, &draft.marks);
                    self.growth.extend(growth);
                }
            }
        }
        self.pool_marks = drafts.into_iter().map(|draft| draft.marks).collect();
    }

    fn open_pool<'t>(&mut self, check: &mut Check<'_>, node: &'t Node) -> Option<Draft<'t>> {
        let table = check.open(root::POOLS.key, node, node.at, &[&pool::SECTION])?;
        let name_node = table.must(check, &pool::NAME);
        let name = name_node.and_then(|node| check.name(pool::NAME.key, node));
        let name = name.unwrap_or_default().to_owned();
        if self.pool_rows.contains_key(&name) && name_node.is_some() {
            let at = name_node.map_or(table.at, |node| node.at);
            let message = format!("two pools are called `{}`", shorten(&name));
            check.error_hint(at, message, "give each a name of its own");
        }
        self.pool_rows.entry(name.clone()).or_insert(self.pools.len());
        self.pools.push(Pool { name, racks: Vec::new() });
        let marks = read_marks(check, &table, [&pool::LABELS, &pool::TAINTS, &pool::SOFT_TAINTS]);
        let ratios = table.get(&pool::OVERCOMMIT).and_then(|node| {
            let key = pool::OVERCOMMIT.key;
            let inner = check.open(key, node, node.at, &[&overcommit::SECTION])?;
            Some(check.ratios(&inner))
        });
        self.pool_overcommit.push(ratios.unwrap_or([None; 8]));
        let zones = table.get(&pool::ZONES).and_then(|node| read_zones(check, node));
        let racks = table
            .get(&pool::RACKS_PER_ZONE)
            .and_then(|node| check.whole(pool::RACKS_PER_ZONE.key, node, 1, RACKS_PER_ZONE_MAX));
        let has_grid = zones.is_some() || racks.is_some();
        Some(Draft {
            table,
            marks,
            zones: zones.unwrap_or_else(|| vec!["z1".to_owned()]),
            racks_per_zone: racks.map_or(1, |racks| racks as usize),
            has_grid,
            racks: Vec::new(),
            host_count: 0,
            in_zone: BTreeMap::new(),
            rack_names: BTreeMap::new(),
            known_racks: BTreeSet::new(),
        })
    }

    /// Makes the racks of pools that say how many they have; at the end those of all others that
    /// have none.
    fn make_racks(&mut self, check: &mut Check<'_>, drafts: &mut [Draft<'_>], is_end: bool) {
        for (row, draft) in drafts.iter_mut().enumerate() {
            let has_inventory = draft
                .table
                .get(&pool::HOSTS)
                .is_some_and(|node| matches!(node.value, Value::Text(_)));
            let is_due = is_end || draft.has_grid || !has_inventory;
            if is_due && draft.racks.is_empty() {
                let racks = draft.zones.len() * draft.racks_per_zone;
                if self.racks.len() + racks > RACKS_MAX {
                    let message = format!("there are more than {RACKS_MAX} racks");
                    check.error(draft.table.at, message);
                    draft.racks_per_zone = 1;
                    draft.zones.truncate(1);
                }
                draft.racks = self.grid(row, draft);
            }
        }
    }

    fn grid(&mut self, pool: usize, draft: &Draft<'_>) -> Vec<RackId> {
        let mut racks = Vec::new();
        for number in 1..=draft.racks_per_zone {
            for zone in &draft.zones {
                let zone_id = self.zone(zone);
                racks.push(self.rack(zone_id, self.grid_name(pool, zone, number)));
            }
        }
        racks
    }

    fn grid_name(&self, pool: usize, zone: &str, number: usize) -> String {
        format!("{}-{zone}-r{number}", self.pools[pool].name)
    }

    fn zone(&mut self, name: &str) -> ZoneId {
        if let Some(id) = self.zone_ids.get(name) {
            return *id;
        }
        let id = ZoneId::from_row(self.zones.len());
        self.zones.push(name.to_owned());
        self.zone_ids.insert(name.to_owned(), id);
        id
    }

    fn rack(&mut self, zone: ZoneId, name: String) -> RackId {
        if let Some(id) = self.rack_ids.get(&(zone, name.clone())) {
            return *id;
        }
        let id = RackId::from_row(self.racks.len());
        self.racks.push(Rack { name: name.clone(), zone });
        self.rack_ids.insert((zone, name), id);
        id
    }

    fn host_type(
        &mut self,
        check: &mut Check<'_>,
        model: usize,
        pool: usize,
        marks: &[&Marks],
    ) -> HostTypeId {
        let mut merged = self.models[model].marks.clone();
        marks.iter().for_each(|more| merged.extend(more));
        let labels = names(&merged.labels).collect();
        let hard = names(&merged.taints).map(|name| Taint { name, is_hard: true });
        let soft = names(&merged.soft_taints).map(|name| Taint { name, is_hard: false });
        let mut taints: Vec<Taint> = hard.chain(soft).collect();
        taints.sort_unstable();
        let model = self.pool_model(check, model, pool);
        let host_type = Type { model, pool, labels, taints };
        if let Some(id) = self.type_ids.get(&host_type) {
            return *id;
        }
        let id = HostTypeId::from_row(self.types.len());
        self.types.push(host_type.clone());
        self.type_ids.insert(host_type, id);
        id
    }

    /// What each kind of host of one pool is in another: the same machine, sold and marked as that
    /// pool does.
    pub(crate) fn types_in(
        &mut self,
        check: &mut Check<'_>,
        from: usize,
        to: usize,
    ) -> Vec<(HostTypeId, HostTypeId)> {
        let marks = self.pool_marks[to].clone();
        let mut list = Vec::new();
        for row in 0..self.types.len() {
            let Type { model, pool, .. } = self.types[row];
            let sold = |entry: &(&(usize, usize), &usize)| *entry.1 == model && entry.0.1 == from;
            let machine = self.pool_models.iter().find(sold).map_or(model, |(key, _)| key.0);
            if pool == from {
                let becomes = self.host_type(check, machine, to, &[&marks]);
                list.push((HostTypeId::from_row(row), becomes));
            }
        }
        list
    }

    /// A model as a pool sells it.
    fn pool_model(&mut self, check: &mut Check<'_>, model: usize, pool: usize) -> usize {
        let ratios = self.pool_overcommit[pool];
        if ratios == [None; 8] {
            return model;
        }
        if let Some(known) = self.pool_models.get(&(model, pool)) {
            return *known;
        }
        let mut sold = self.models[model].clone();
        for (column, ratio) in ratios.into_iter().enumerate() {
            let Some(ratio) = ratio else { continue };
            sold.overcommit[column] = ratio;
            let free = effective(sold.total[column], sold.reserved[column], ratio);
            sold.effective[column] = free.unwrap_or_else(|| {
                let (kind, name) = (&check.kind_names()[column], shorten(&self.pools[pool].name));
                let message = format!("pool `{name}` makes more {kind} than can be counted");
                check.error(At::File, message);
                0
            });
        }
        if let Some(message) = uneven(sold.cells.into(), &sold.effective) {
            let name = shorten(&self.pools[pool].name);
            let message = format!("with the overcommit of pool `{name}`, {message}");
            check.error_hint(At::File, message, UNEVEN_HINT);
        }
        let row = self.models.len();
        self.models.push(sold);
        self.pool_models.insert((model, pool), row);
        row
    }

    fn read_hosts(&mut self, check: &mut Check<'_>, drafts: &mut [Draft<'_>], row: usize) {
        let Some(node) = drafts[row].table.get(&pool::HOSTS) else { return };
        match &node.value {
            Value::Text(_) => self.read_inventory(check, drafts, row, node),
            Value::Table(_) | Value::List(_) => {
                for node in check.list(pool::HOSTS.key, node, true) {
                    self.read_count(check, &mut drafts[row], row, node);
                }
            }
            _ => {
                let message = format!("`hosts` is a table or a file, not {}", node.kind());
                let hint = format!("write it like `{}`", pool::HOSTS.example);
                check.error_hint(node.at, message, hint);
            }
        }
    }

    fn read_count(
        &mut self,
        check: &mut Check<'_>,
        draft: &mut Draft<'_>,
        pool: usize,
        node: &Node,
    ) {
        let Some(table) = check.open(pool::HOSTS.key, node, node.at, &[&hosts::SECTION]) else {
            return;
        };
        let model = table.must(check, &hosts::MODEL);
        let model = model.and_then(|node| self.model_named(check, hosts::MODEL.key, node));
        let count_node = table.must(check, &hosts::COUNT);
        let count = count_node.and_then(|node| check.whole(hosts::COUNT.key, node, 0, HOSTS_MAX));
        let age_ms = match table.get(&hosts::AGE) {
            Some(node) => check.length_ms(hosts::AGE.key, node, 0),
            None => Some(0),
        };
        let marks =
            read_marks(check, &table, [&hosts::LABELS, &hosts::TAINTS, &hosts::SOFT_TAINTS]);
        let (Some(model), Some(count), Some(age_ms)) = (model, count, age_ms) else { return };
        if self.hosts.len() as u64 + count > HOSTS_MAX {
            let at = count_node.map_or(table.at, |node| node.at);
            check.error(at, format!("a scenario has at most {HOSTS_MAX} hosts"));
            return;
        }
        let host_type = self.host_type(check, model, pool, &[&draft.marks, &marks]);
        *self.counts.entry((model, pool)).or_default() += count;
        for _ in 0..count {
            let rack = draft.racks[draft.host_count % draft.racks.len()];
            draft.host_count += 1;
            self.hosts.push(HostSpec { name: None, host_type, rack, age_ms });
        }
    }

    fn read_inventory(
        &mut self,
        check: &mut Check<'_>,
        drafts: &mut [Draft<'_>],
        pool: usize,
        node: &Node,
    ) {
        let Some(file) = check.file(pool::HOSTS.key, node) else { return };
        let Some(reader) = check.open_file(node, file) else { return };
        let mut problems = Problems::default();
        let rows = read_inventory(file, reader, &check.own, &mut problems);
        check.findings.adopt(node.at, problems);
        let rows = rows.unwrap_or_default();
        if self.hosts.len() as u64 + rows.len() as u64 > HOSTS_MAX {
            check.error(node.at, format!("a scenario has at most {HOSTS_MAX} hosts"));
            return;
        }
        for host in rows {
            let row = match &host.pool {
                None => Some(pool),
                Some(name) => self.pool_rows.get(name).copied(),
            };
            let Some(row) = row else {
                let name = host.pool.as_deref().unwrap_or_default();
                let known = self.pool_rows.keys().map(String::as_str);
                let hint = check.name_hint("pool", name, known);
                let message = format!("no pool is called `{}`", shorten(name));
                check.findings.error_elsewhere(node.at, file, host.line, message, Some(hint));
                continue;
            };
            let Some(model) = self.inventory_model(check, node.at, file, &host) else { continue };
            let draft = &mut drafts[row];
            let rack = self.inventory_rack(draft, row, &host);
            if self.racks.len() > RACKS_MAX || self.zones.len() > usize::from(u16::MAX) {
                check.error(node.at, "the inventory names too many zones or racks");
                return;
            }
            draft.host_count += 1;
            let marks = Marks {
                labels: host.labels.into_iter().collect(),
                taints: host.taints.into_iter().collect(),
                soft_taints: host.soft_taints.into_iter().collect(),
            };
            let host_type = self.host_type(check, model, row, &[&draft.marks, &marks]);
            *self.counts.entry((model, row)).or_default() += 1;
            let name = Some(host.name.into_boxed_str());
            self.hosts.push(HostSpec { name, host_type, rack, age_ms: host.age_ms });
        }
    }

    /// The model of a row: the scenario's of that name, with the row's own amounts if it has
    /// some; or one made for it.
    fn inventory_model(
        &mut self,
        check: &mut Check<'_>,
        at: At,
        file: &str,
        host: &InventoryHost,
    ) -> Option<usize> {
        let mut amounts: Wide = [0; 8];
        let said = host.amounts.iter().chain(&host.own);
        for (amount, said) in amounts.iter_mut().zip(said) {
            *amount = *said;
        }
        let is_sized = amounts.iter().any(|amount| *amount > 0);
        let base = host.model.as_deref().and_then(|name| self.model_rows.get(name).copied());
        let base = base.filter(|row| *row < self.named_models);
        if let (None, Some(name), false) = (base, &host.model, is_sized) {
            let known = self.models[..self.named_models].iter().map(|m| m.name.as_str());
            let hint = check.name_hint("host model", name, known);
            let message = format!("no host model is called `{}`", shorten(name));
            check.findings.error_elsewhere(at, file, host.line, message, Some(hint));
            return None;
        }
        let mut model = match base {
            Some(row) => {
                let same = |(total, amount): (&i64, &i64)| *amount == 0 || total == amount;
                if self.models[row].total.iter().zip(&amounts).all(same) {
                    return Some(row);
                }
                self.models[row].clone()
            }
            None => Model {
                name: host.model.clone().unwrap_or_default(),
                total: [0; 8],
                effective: [0; 8],
                reserved: [0; 8],
                overcommit: [Decimal::ONE; 8],
                price_cents: 0,
                lead_time: Distribution::Constant(0),
                retire_after_ms: None,
                failure_rate: None,
                cells: 0,
                upkeep: Upkeep::default(),
                marks: Marks::default(),
            },
        };
        for (column, amount) in amounts.into_iter().enumerate() {
            if amount > 0 {
                model.total[column] = amount;
            }
            let free = effective(
                model.total[column],
                model.reserved[column].min(model.total[column]),
                model.overcommit[column],
            );
            model.effective[column] = free.unwrap_or(AMOUNT_MAX);
        }
        if let Some(message) = uneven(model.cells.into(), &model.effective) {
            let hint = UNEVEN_HINT.to_owned();
            check.findings.error_elsewhere(at, file, host.line, message, Some(hint));
            return None;
        }
        let size = size_name(check, &model.total);
        model.name = match (&*model.name, base) {
            ("", _) => size,
            (name, None) => match self.model_rows.get(name) {
                Some(row) if self.models[*row].total != model.total => format!("{name} ({size})"),
                _ => name.to_owned(),
            },
            (name, Some(_)) => format!("{name} ({size})"),
        };
        if let Some(row) = self.model_rows.get(&model.name) {
            return Some(*row);
        }
        let row = self.models.len();
        self.model_rows.insert(model.name.clone(), row);
        self.models.push(model);
        Some(row)
    }

    /// Where a row's host stands: what the row does not say comes from the pool, round and round.
    fn inventory_rack(
        &mut self,
        draft: &mut Draft<'_>,
        pool: usize,
        host: &InventoryHost,
    ) -> RackId {
        let next_zone = draft.zones[draft.host_count % draft.zones.len()].clone();
        let rack = match (&host.zone, &host.rack) {
            (Some(zone), Some(rack)) => {
                let zone = self.zone(zone);
                self.rack(zone, rack.clone())
            }
            (Some(zone_name), None) => {
                let zone = self.zone(zone_name);
                let count = draft.in_zone.entry(zone).or_default();
                let number = 1 + *count % draft.racks_per_zone;
                *count += 1;
                let name = self.grid_name(pool, zone_name, number);
                self.rack(zone, name)
            }
            (None, Some(rack)) => match draft.rack_names.get(rack) {
                Some(id) => *id,
                None => {
                    let zone = self.zone(&next_zone);
                    self.rack(zone, rack.clone())
                }
            },
            (None, None) if draft.has_grid => draft.racks[draft.host_count % draft.racks.len()],
            (None, None) => {
                let zone = self.zone(&next_zone);
                let name = self.grid_name(pool, &next_zone, 1);
                self.rack(zone, name)
            }
        };
        if let Some(name) = &host.rack {
            draft.rack_names.entry(name.clone()).or_insert(rack);
        }
        if !draft.has_grid && draft.known_racks.insert(rack) {
            draft.racks.push(rack);
        }
        rack
    }

    fn read_growth(
        &mut self,
        check: &mut Check<'_>,
        node: &Node,
        pool: usize,
        marks: &Marks,
    ) -> Option<Growth> {
        let which = curves::section(check, node, node.at)?;
        let sections = [&growth::SECTION, which];
        let table = check.open(pool::GROWTH.key, node, node.at, &sections)?;
        let model = self.model_of(check, &table, &growth::MODEL);
        let count = model.and_then(|model| self.counts.get(&(model, pool)).copied()).unwrap_or(0);
        let curve = curves::read_table(check, &table, which, Of::Count, Some(count as f64))?;
        let (from, most) = ends(&curve);
        if most > HOSTS_MAX as f64 {
            check.error(table.at, format!("this grows to more than {HOSTS_MAX} hosts"));
            return None;
        }
        let model = model?;
        let lives = match self.models[model].retire_after_ms {
            Some(age_ms) => 1.0 + check.run_ms() as f64 / age_ms as f64,
            None => 1.0,
        };
        self.planned_hosts += most * lives;
        if self.planned_hosts > HOSTS_MAX as f64 {
            let message = format!(
                "with those that replace aged hosts, this plan comes to more than {HOSTS_MAX} hosts"
            );
            let hint = "raise `retire-after`, plan fewer hosts, or shorten `duration`";
            check.error_hint(table.at, message, hint);
            return None;
        }
        if from != count as f64 && !matches!(curve, Curve::Constant(_)) {
            let name = shorten(&self.models[model].name);
            let message =
                format!("the plan begins at {from} of `{name}`, and the pool has {count}");
            let hint = "leave out `from`: it is what the pool has at the start";
            check.warning(table.at, message, hint);
        }
        let host_type = self.host_type(check, model, pool, &[marks]);
        Some(Growth { host_type, curve })
    }

    /// Reads the procurement rules.
    pub(crate) fn read_procurement(&mut self, check: &mut Check<'_>, node: &Node) {
        for node in check.list(root::PROCUREMENT.key, node, true) {
            let rule = self.read_rule(check, node);
            if let Some(rule) = &rule
                && self.procurement.iter().any(|other| other.host_type == rule.host_type)
            {
                let message = "there is another rule for this pool and model";
                check.error_hint(node.at, message, "delete one of them");
            }
            self.procurement.extend(rule);
        }
    }

    fn read_rule(&mut self, check: &mut Check<'_>, node: &Node) -> Option<Procurement> {
        use procurement::{BATCH, LEAD_TIME, MAX_HOSTS, MODEL, POOL, REVIEW, TRIGGER};
        let key = root::PROCUREMENT.key;
        let table = check.open(key, node, node.at, &[&procurement::SECTION])?;
        let pool = self.pool_of(check, &table, &POOL);
        let model = self.model_of(check, &table, &MODEL);
        let trigger = table.must(check, &TRIGGER).and_then(|node| {
            let share = check.share(TRIGGER.key, node)?;
            if share > 0.0 && share <= 10.0 {
                return Some(share);
            }
            let message =
                format!("`trigger` is above 0% and at most 1000%, not `{}`", node_text(node));
            let hint = (share > 10.0).then(|| format!("did you mean `\"{}%\"`?", node_text(node)));
            check.findings.error(node.at, message, hint);
            None
        });
        let batch = table.must(check, &BATCH);
        let batch = batch.and_then(|node| check.whole(BATCH.key, node, 1, HOSTS_MAX));
        let hosts_max = match table.get(&MAX_HOSTS) {
            Some(node) => Some(check.whole(MAX_HOSTS.key, node, 0, HOSTS_MAX)?),
            None => None,
        };
        let lead_time = match table.get(&LEAD_TIME) {
            Some(node) => {
                spreads::read(check, LEAD_TIME.key, node, Allow { forever: false, zero: true })
            }
            None => model.map(|model| self.models[model].lead_time.clone()),
        };
        let review_ms = match table.get(&REVIEW) {
            Some(node) => check.length_ms(REVIEW.key, node, MINUTE_MS),
            None => Some(DAY_MS),
        };
        self.reviews += review_ms.map_or(0.0, |ms| check.run_ms() as f64 / ms as f64);
        if self.reviews > REVIEWS_MAX {
            let at = table.at_key(&REVIEW);
            let message = "someone would look more than 100 million times whether to order";
            check.error_hint(at, message, "raise `review`, or shorten `duration`");
            return None;
        }
        let (model, pool) = (model?, pool?);
        let marks = self.pool_marks[pool].clone();
        Some(Procurement {
            host_type: self.host_type(check, model, pool, &[&marks]),
            trigger: trigger?,
            batch: u32::try_from(batch?).expect("bounded by the number of hosts"),
            hosts_max: hosts_max
                .map(|hosts| u32::try_from(hosts).expect("bounded by the number of hosts")),
            lead_time: lead_time?,
            review_ms: review_ms?,
        })
    }

    /// What hosts are that are ordered by date; they count as planned.
    pub(crate) fn ordered_type(
        &mut self,
        check: &mut Check<'_>,
        table: &Table<'_>,
        model: usize,
        pool: usize,
        hosts: u64,
    ) -> Option<HostTypeId> {
        self.planned_hosts += hosts as f64;
        if self.planned_hosts > HOSTS_MAX as f64 {
            let message = format!("all that is planned and ordered is more than {HOSTS_MAX} hosts");
            check.error_hint(table.at, message, "plan or order fewer");
            return None;
        }
        let marks = self.pool_marks[pool].clone();
        let host_type = self.host_type(check, model, pool, &[&marks]);
        self.ordered.push((host_type, hosts));
        Some(host_type)
    }

    /// Whether the amounts of all hosts, those to come included, can be added up.
    pub(crate) fn check_sums(&self, check: &mut Check<'_>) {
        let mut sums = [0_i128; 8];
        let mut add = |host_type: HostTypeId, hosts: i128| {
            let model = &self.models[self.types[host_type.row()].model];
            for (sum, amount) in sums.iter_mut().zip(model.effective) {
                *sum += i128::from(amount) * hosts;
            }
        };
        for host in &self.hosts {
            add(host.host_type, 1);
        }
        for growth in &self.growth {
            let (_, most) = ends(&growth.curve);
            add(growth.host_type, most as i128);
        }
        for (host_type, hosts) in &self.ordered {
            add(*host_type, i128::from(*hosts));
        }
        for rule in &self.procurement {
            add(rule.host_type, i128::from(rule.hosts_max.unwrap_or(rule.batch)));
        }
        for (column, sum) in sums.iter().enumerate() {
            if *sum > i128::from(i64::MAX / 2) {
                let name = &check.kind_names()[column];
                let message = format!("the {name} of all hosts is more than can be counted");
                check.error(At::File, message);
            }
        }
    }

    /// Rows of the types that can take a demand: of its pool, with its labels.
    pub(crate) fn candidates(&self, pool: Option<usize>, labels: &[String]) -> Vec<usize> {
        let fits = |host_type: &Type| {
            pool.is_none_or(|pool| pool == host_type.pool)
                && labels.iter().all(|label| host_type.labels.binary_search(label).is_ok())
        };
        (0..self.types.len()).filter(|row| fits(&self.types[*row])).collect()
    }

    /// The ids that [`crate::scenario::HostType`] is made of.
    pub(crate) fn ids(host_type: &Type) -> (ModelId, PoolId) {
        (ModelId::from_row(host_type.model), PoolId::from_row(host_type.pool))
    }
}

/// What a curve begins with, and the most it comes to.
fn ends(curve: &Curve) -> (f64, f64) {
    match curve {
        Curve::Constant(value) => (*value, *value),
        Curve::Linear { from, to, .. }
        | Curve::Exponential { from, to, .. }
        | Curve::Logistic { from, to, .. } => (*from, from.max(*to)),
        Curve::Steps(steps) => {
            (steps[0].value, steps.iter().fold(0.0, |most, step| step.value.max(most)))
        }
    }
}

fn read_zones(check: &mut Check<'_>, node: &Node) -> Option<Vec<String>> {
    let key = pool::ZONES.key;
    match &node.value {
        Value::Number(_) => {
            let count = check.whole(key, node, 1, ZONES_MAX)?;
            Some((1..=count).map(|number| format!("z{number}")).collect())
        }
        Value::List(nodes) => {
            if nodes.is_empty() || nodes.len() as u64 > ZONES_MAX {
                check.error(node.at, format!("`zones` has 1 to {ZONES_MAX} names"));
                return None;
            }
            let mut zones: Vec<String> = Vec::new();
            for node in nodes {
                let Some(name) = check.name(key, node) else { continue };
                if zones.iter().any(|zone| zone == name) {
                    check.error(node.at, format!("the zone `{}` is there twice", shorten(name)));
                }
                zones.push(name.to_owned());
            }
            (!zones.is_empty()).then_some(zones)
        }
        _ => {
            let message = format!("`zones` is a count or a list of names, not {}", node.kind());
            check.error_hint(node.at, message, "write it like `2` or `[\"a\", \"b\"]`");
            None
        }
    }
}

fn read_model(check: &mut Check<'_>, name: &str, table: &Table<'_>) -> Model {
    let kinds = check.kind_names();
    let (total, is_any) = check.amounts(table);
    // What a model lacks that extends another is that one's fault.
    let is_own = table.get(&host_model::EXTENDS).is_none();
    if !is_any && is_own && !check.findings.is_broken() {
        let message = format!("the host model `{}` has no resources", shorten(name));
        check.error_hint(table.at, message, "add what it has, such as `cpu = 16`");
    }
    let mut kept = [0; 8];
    if let Some(node) = table.get(&host_model::RESERVED)
        && let Some(inner) =
            check.open(host_model::RESERVED.key, node, node.at, &[&reserved::SECTION])
    {
        kept = check.amounts(&inner).0;
        for (column, kind) in kinds.iter().enumerate() {
            if kept[column] > total[column] {
                let unit = Builtin::ALL.get(column).map_or(kind.as_str(), |kind| kind.unit());
                let at = node.find(kind).map_or(node.at, |node| node.at);
                let (keeps, has) = (
                    format_amount(kind, unit, kept[column]),
                    format_amount(kind, unit, total[column]),
                );
                let message = format!("`{}` keeps {keeps} of {has} {kind}", shorten(name));
                check.error_hint(at, message, "a host cannot keep more than it has");
                kept[column] = 0;
            }
        }
    }
    let mut ratios = [None; 8];
    if let Some(node) = table.get(&host_model::OVERCOMMIT)
        && let Some(inner) =
            check.open(host_model::OVERCOMMIT.key, node, node.at, &[&overcommit::SECTION])
    {
        ratios = check.ratios(&inner);
    }
    check_gpus(check, table, total, kept);
    let ratios = ratios.map(|ratio| ratio.unwrap_or(Decimal::ONE));
    let mut free = [0; 8];
    for column in 0..8 {
        free[column] =
            effective(total[column], kept[column], ratios[column]).unwrap_or_else(|| {
                let at = table.at_key(&host_model::OVERCOMMIT);
                let message = format!("this makes more {} than can be counted", kinds[column]);
                check.error(at, message);
                0
            });
    }
    let price_cents = table.get(&host_model::PRICE).and_then(|node| {
        check.number(host_model::PRICE.key, node, 0.0, 1e12)?;
        let cents = check.decimal(host_model::PRICE.key, node)?.to_hundredths();
        if cents.is_none() {
            let message = format!("`price` has at most two decimals, not `{}`", node_text(node));
            check.error_hint(node.at, message, "round it");
        }
        cents
    });
    let lead_time = table.get(&host_model::LEAD_TIME).and_then(|node| {
        let allow = Allow { forever: false, zero: true };
        spreads::read(check, host_model::LEAD_TIME.key, node, allow)
    });
    let retire_after_ms = table
        .get(&host_model::RETIRE_AFTER)
        .and_then(|node| check.length_ms(host_model::RETIRE_AFTER.key, node, DAY_MS));
    let failure_rate = table.get(&host_model::FAILURE_RATE).and_then(|node| {
        let per_ms = check.failure_rate(host_model::FAILURE_RATE.key, node)?;
        Some((per_ms, table.at_key(&host_model::FAILURE_RATE)))
    });
    let cells = table.get(&host_model::NUMA_CELLS).and_then(|node| {
        let cells = check.whole(host_model::NUMA_CELLS.key, node, 2, CELLS_MAX as u64)?;
        if let Some(message) = uneven(cells as i64, &free) {
            check.error_hint(node.at, message, UNEVEN_HINT);
        }
        Some(cells as u8)
    });
    let upkeep = read_upkeep(check, table, price_cents.is_some());
    let fields = [&host_model::LABELS, &host_model::TAINTS, &host_model::SOFT_TAINTS];
    let marks = read_marks(check, table, fields);
    Model {
        name: name.to_owned(),
        total,
        effective: free,
        reserved: kept,
        overcommit: ratios,
        price_cents: price_cents.unwrap_or(0),
        lead_time: lead_time.unwrap_or(Distribution::Constant(0)),
        retire_after_ms,
        failure_rate,
        cells: cells.unwrap_or(0),
        upkeep,
        marks,
    }
}

/// A host has whole GPUs and keeps whole ones: each is a device.
fn check_gpus(check: &mut Check<'_>, table: &Table<'_>, total: Wide, kept: Wide) {
    let gpu = Builtin::Gpu;
    let node_in = |field: Option<&'static Field>| match field {
        Some(field) => table.get(field).and_then(|node| node.find(gpu.name())),
        None => table.resource(gpu.name()),
    };
    let (row, many) = (gpu as usize, DEVICES_MAX as i64 * DEVICE_MILLI);
    for (amount, has, field) in
        [(total[row], "has", None), (kept[row], "keeps", Some(&host_model::RESERVED))]
    {
        let at = node_in(field).map_or(table.at, |node| node.at);
        if amount % DEVICE_MILLI != 0 {
            let message = format!("a host {has} whole GPUs, not {}", shown_gpus(amount));
            let hint = "only a request can be for a part of one";
            check.error_hint(at, message, hint);
        } else if amount > many {
            check.error(at, format!("a host has at most {DEVICES_MAX} GPUs"));
        }
    }
}

/// What to do about amounts that do not divide evenly over NUMA cells.
pub(super) const UNEVEN_HINT: &str = "cpu in milli-cpu and memory in MiB are divided by it";

/// What is wrong if CPU or memory does not divide evenly over so many NUMA cells (0: none).
pub(super) fn uneven(cells: i64, amounts: &Wide) -> Option<String> {
    let uneven = |kind: &Builtin| cells > 0 && amounts[*kind as usize] % cells != 0;
    let kind = [Builtin::Cpu, Builtin::Memory].into_iter().find(uneven)?;
    let amount = format_amount(kind.name(), kind.unit(), amounts[kind as usize]);
    Some(format!("{amount} of {} cannot be split evenly over {cells} NUMA cells", kind.name()))
}

fn shown_gpus(amount: i64) -> String {
    format_amount(Builtin::Gpu.name(), Builtin::Gpu.unit(), amount)
}

/// Reads the labels and taints that a table gives its hosts.
fn read_marks(
    check: &mut Check<'_>,
    table: &Table<'_>,
    [labels, taints, soft_taints]: [&'static Field; 3],
) -> Marks {
    let mut read = |field: &'static Field| match table.get(field) {
        Some(node) => check.labels(field.key, node),
        None => BTreeMap::new(),
    };
    Marks { labels: read(labels), taints: read(taints), soft_taints: read(soft_taints) }
}

/// A name for a machine of this size: `48 vCPU / 192 GiB`.
fn size_name(check: &Check<'_>, total: &Wide) -> String {
    let kinds = check.kind_names();
    let parts = kinds.iter().zip(total).enumerate().filter(|(_, (_, amount))| **amount > 0);
    let parts = parts.map(|(column, (name, amount))| {
        let unit = Builtin::ALL.get(column).map_or(name.as_str(), |kind| kind.unit());
        format_amount(name, unit, *amount)
    });
    parts.collect::<Vec<_>>().join(" / ")
}
