//! Reading a scenario: text becomes a [`Scenario`], or all that is wrong with it at once.
//!
//! The text becomes a tree of values that know their places ([`tree`]); overrides are put in; then
//! each part is checked through the table of fields ([`fields`]), which also writes the JSON
//! Schema and the reference page. Nothing stops at the first problem.

mod fields;
mod findings;
mod tree;
mod set;
mod check;
mod curves;
mod spreads;
mod energy;
mod fleet;
mod rules;
mod pool_shares;
mod groups;
mod boots;
mod memory;
mod images;
mod desks;
mod load;
mod clusters;
mod compose;
mod gradient;
mod policies;
mod migrations;
mod planned;
mod pool_moves;
mod failures;
mod traffic;
mod services;
mod rollouts;
mod jobs;
mod host_rollouts;
mod goals;
mod reference;
mod schema;
mod written;

pub use reference::reference;
pub use schema::schema;
pub use written::{Written, written};

use crate::problem::{Problem, Problems};
use crate::resources::{Builtin, Kinds};
use crate::scenario::{
    Demand, Flavor, FlavorId, HostModel, HostType, LabelId, Placement, Policy, PoolId, Scenario,
    Taint, TaintId, TenantId, TenantRules,
};
use crate::source::Files;
use crate::time::SECOND_MS;
use crate::units::shorten;
use check::{Check, Wide};
use fields::{demand, host_model, quota, root};
use findings::{At, Findings};
use fleet::Fleet;
use jobs::Jobs;
use load::Load;
use services::Services;
use std::collections::BTreeSet;
use tree::{Node, Value};

/// What is to be read.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The file, as the user named it; `.json` at its end means JSON, all else TOML.
    pub file: &'a str,
    /// What is in it.
    pub text: &'a str,
    /// What is put in the place of the file's own values, in this order.
    pub overrides: &'a [Override],
}

/// One value that goes before the file's, as `--set KEY=VALUE` gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The way to it, with dots: `demand.0.alive.to`, `pools.kvm.zones`. A list is entered by
    /// position, from 0, or by the `name` of one of its tables; what has dots in its name is put
    /// in quotes. Tables that are not there are made.
    pub key: String,
    /// A TOML value; if it is none, it is text.
    pub value: String,
}

/// A scenario, and what looks unintended in it.
#[derive(Clone, Debug)]
pub struct Read {
    /// The scenario.
    pub scenario: Scenario,
    /// Warnings only.
    pub warnings: Problems,
}

/// Reads a scenario and the files that it names.
///
/// # Errors
/// Everything that is wrong, in the order of the file, and warnings among it. At least one is an
/// error.
pub fn read(input: &Input<'_>, files: &dyn Files) -> Result<Read, Problems> {
    let text = input.text.strip_prefix('\u{feff}').unwrap_or(input.text);
    let mut findings = Findings::default();
    let mut tree = tree::parse(input.file, text, &mut findings);
    if let Some(tree) = &mut tree {
        for (row, set) in input.overrides.iter().enumerate() {
            set::apply(tree, row, set, &mut findings);
        }
    }
    let mut check = Check::new(input.file, files, findings);
    let mut scenario = tree.as_ref().and_then(|tree| read_tree(&mut check, tree));
    if let (Some(tree), Some(read)) = (&tree, &scenario)
        && !read.uncertain.is_empty()
        && !check.findings.has_errors()
    {
        // What is uncertain must be right at either end.
        for is_high in [false, true] {
            let tree = planned::at_end(tree, &read.uncertain, is_high);
            let mut at_end = Check::new(input.file, files, Findings::default());
            read_tree(&mut at_end, &tree);
            if at_end.findings.has_errors() {
                (check, scenario) = (at_end, None);
                break;
            }
        }
    }
    let has_errors = check.findings.has_errors();
    let keys: Vec<&str> = input.overrides.iter().map(|set| set.key.as_str()).collect();
    let problems = check.findings.finish(input.file, text, &keys);
    match scenario {
        Some(mut scenario) if !has_errors => {
            scenario.notes = problems.list.iter().map(Problem::sentence).collect();
            Ok(Read { scenario, warnings: problems })
        }
        _ => Err(problems),
    }
}

/// Checks everything; a scenario comes out if nothing that it needs is missing.
fn read_tree(check: &mut Check<'_>, tree: &Node) -> Option<Scenario> {
    read_own_kinds(check, tree);
    let table = check.open("the scenario", tree, At::File, &[&root::SECTION])?;
    let name = table.must(check, &root::NAME).and_then(|node| check.name(root::NAME.key, node));
    let question = table.get(&root::QUESTION).and_then(|node| check.text(root::QUESTION.key, node));
    if let Some(node) = table.get(&root::START)
        && let Some(start) = check.date(root::START.key, node)
    {
        if (1..=8_000).contains(&start.year()) {
            check.calendar.start = start;
        } else {
            check.error(node.at, "`start` is between the years 1 and 8000");
        }
    }
    let seed = match table.get(&root::SEED) {
        Some(node) => check.whole(root::SEED.key, node, 0, i64::MAX as u64),
        None => Some(1),
    };
    let duration_node = table.get(&root::DURATION);
    check.duration_ms =
        duration_node.and_then(|node| check.calendar_ms(root::DURATION.key, node, 1));
    let demand_node = table.get(&root::DEMAND);
    let others = [&root::SERVICE, &root::JOBS];
    if demand_node.is_none() && others.iter().all(|field| table.get(field).is_none()) {
        check.missing(table.at, &root::DEMAND);
    }
    if duration_node.is_none() && !demand_node.is_some_and(is_all_traces) {
        let hint = format!("add `duration = {}`", root::DURATION.example);
        if !check.findings.is_broken() {
            check.error_hint(At::File, "`duration` is missing", hint);
        }
    }
    let mut fleet = Fleet::default();
    if let Some(node) = table.get(&root::HOST_MODELS) {
        fleet.read_models(check, node);
    }
    let pools_node = table.must(check, &root::POOLS);
    let pools = pools_node.map(|node| fleet.open_pools(check, node));
    let mut load = Load::default();
    if let Some(node) = table.get(&root::FLAVORS) {
        load.read_flavors(check, node);
    }
    if let Some(node) = table.get(&root::PROVISIONING) {
        load.desks.read(check, node);
    }
    if let Some(node) = table.get(&root::TENANTS) {
        load.read_tenants(check, node);
    }
    if let Some(node) = demand_node {
        load.read_demands(check, &fleet, node);
    }
    let jobs = Jobs::read(check, &fleet, &mut load, &table);
    let mut services = Services::default();
    if let Some(node) = table.get(&root::DEPENDENCIES) {
        services.dependencies.read(check, node);
    }
    if let Some(node) = table.get(&root::IMAGES) {
        services.read_images(check, node);
    }
    if let Some(node) = table.get(&root::SERVICE) {
        services.read_services(check, &fleet, &mut load, node);
    }
    let images = images::read_images_of(check, &mut load, &services, demand_node);
    let distribution = match table.get(&root::DISTRIBUTION) {
        Some(node) => images::read_distribution(check, node),
        None => None,
    };
    load.need_tenant();
    if duration_node.is_none() && load.traces_end_ms > 0 {
        check.duration_ms = Some(load.traces_end_ms);
    } else if duration_node.is_none() {
        check.duration_ms = Some(SECOND_MS);
    }
    let rollouts = match table.get(&root::ROLLOUT) {
        Some(node) => rollouts::read_rollouts(check, &services, node),
        None => Vec::new(),
    };
    fleet.read_pools(check, pools.unwrap_or_default());
    if let Some(node) = table.get(&root::PROCUREMENT) {
        fleet.read_procurement(check, node);
    }
    let orders = match table.get(&root::ORDER) {
        Some(node) => planned::read_orders(check, &mut fleet, node),
        None => Vec::new(),
    };
    let host_rollouts = host_rollouts::read_host_rollouts(
        check,
        &fleet,
        pools_node,
        table.get(&root::HOST_ROLLOUT),
    );
    let pool_migrations = match table.get(&root::POOL_MIGRATION) {
        Some(node) => pool_moves::read_migrations(check, &fleet, &load, node),
        None => Vec::new(),
    };
    let hand_overs = match table.get(&root::HAND_OVER) {
        Some(node) => pool_moves::read_hand_overs(check, &mut fleet, node),
        None => Vec::new(),
    };
    let (columns, kinds) = columns(check, &load);
    let labels = labels(&fleet, &load);
    let mut placement =
        policies::read_placement(check, table.get(&root::PLACEMENT), &kinds, &labels);
    if let Some(placement) = &placement {
        images::check_placement(check, table.get(&root::PLACEMENT), placement, distribution);
    }
    let defrag = migrations::read_defrag(check, table.get(&root::DEFRAG), &kinds);
    let failures = failures::read_failures(check, table.get(&root::FAILURES), &fleet, &load);
    let energy = energy::read_energy(check, table.get(&root::ENERGY), &fleet, &kinds);
    let uncertain = match table.get(&root::UNCERTAIN) {
        Some(node) => planned::read_uncertain(check, tree, node),
        None => Vec::new(),
    };
    let expectations = match table.get(&root::EXPECT) {
        Some(node) => goals::read_expectations(check, node, &load),
        None => Vec::new(),
    };
    if check.findings.has_errors() {
        return None;
    }
    fleet.check_sums(check);
    load.check_sizes(check, &fleet);
    load.check_tenants(check);
    load.check_requests(check);
    if placement.as_ref().is_some_and(|placement| !placement.preemption) {
        load.check_priorities(check);
    }
    let project = |wide: &Wide| {
        let mut amounts = [0; 8];
        for (amount, column) in amounts.iter_mut().zip(&columns) {
            *amount = wide[*column];
        }
        amounts
    };
    let ids = |list: &[String]| {
        let id = |label: &String| {
            let row = labels.binary_search(label).expect("all labels were gathered");
            LabelId::from_row(row)
        };
        list.iter().map(id).collect::<Vec<_>>()
    };
    if let Some(Placement { policy: Policy::Fgd(rule), .. }) = &mut placement
        && rule.typical.is_empty()
    {
        let label = |label: &String| ids(std::slice::from_ref(label))[0];
        rule.typical = gradient::from_load(&load, check.run_ms(), label);
    }
    let taints: BTreeSet<&Taint> = fleet.types.iter().flat_map(|t| &t.taints).collect();
    let taints: Vec<Taint> = taints.into_iter().cloned().collect();
    let host_types = fleet.types.iter().map(|host_type| {
        let (model, pool) = Fleet::ids(host_type);
        let taint = |taint: &Taint| {
            TaintId::from_row(taints.binary_search(taint).expect("all taints were gathered"))
        };
        let taints = host_type.taints.iter().map(taint).collect();
        HostType { model, pool, labels: ids(&host_type.labels), taints }
    });
    let (desks, ways) = load.desks.resolve(check, &load);
    let demands = load.demands.iter().zip(ways).zip(images).map(|((draft, stops), image)| Demand {
        name: draft.name.clone(),
        arrivals: draft.arrivals.clone(),
        mix: draft.mix.iter().map(|(row, weight)| (FlavorId::from_row(*row), *weight)).collect(),
        lifetime: draft.lifetime.clone(),
        boot: draft.boot.clone(),
        tenant: TenantId::from_row(draft.tenant),
        pool: draft.pool.map(PoolId::from_row),
        labels: ids(&draft.labels),
        rules: draft.rules.resolve(&labels, &taints),
        group: draft.group,
        image,
        stops,
        when_full: draft.when_full,
        priority: draft.priority,
        preempts: draft.preempts,
        when_preempted: draft.when_preempted,
    });
    let models = fleet.models.iter().map(|model| HostModel {
        name: model.name.clone(),
        total: project(&model.total),
        reserved: project(&model.reserved),
        effective: project(&model.effective),
        price_cents: model.price_cents,
        lead_time: model.lead_time.clone(),
        retire_after_ms: model.retire_after_ms,
        cells: model.cells,
        upkeep: model.upkeep.clone(),
    });
    let flavors = load.flavors.iter().map(|draft| Flavor {
        name: draft.name.clone(),
        amounts: project(&draft.amounts),
        cells: draft.cells,
        memory_use: draft.memory_use.clone(),
    });
    let tenant_rules = load.held_by_tenant().into_iter().map(|held| {
        let Some(held) = held else { return TenantRules::NONE };
        let mut quota = TenantRules::NONE.quota;
        for (quota, column) in quota.iter_mut().zip(&columns) {
            *quota = held.quota[*column].unwrap_or(i64::MAX);
        }
        let vms_max = held.vms_max.unwrap_or(u64::MAX);
        let parent = load.parent_of(held).map(TenantId::from_row);
        TenantRules { quota, vms_max, is_exclusive: held.is_exclusive, parent }
    });
    let tenant_rules = tenant_rules.collect();
    let (host_types, demands) = (host_types.collect(), demands.collect());
    let (models, flavors) = (models.collect(), flavors.collect());
    Some(Scenario {
        name: name?.to_owned(),
        question: question.unwrap_or_default().to_owned(),
        calendar: check.calendar,
        duration_ms: check.duration_ms?,
        seed: seed?,
        kinds,
        labels,
        taints,
        models,
        pools: fleet.pools,
        zones: fleet.zones,
        racks: fleet.racks,
        host_types,
        hosts: fleet.hosts,
        growth: fleet.growth,
        procurement: fleet.procurement,
        orders,
        flavors,
        desks,
        distribution,
        batch: jobs.finish(&load, &columns),
        tenants: load.tenants,
        tenant_rules,
        demands,
        images: services.images,
        dependencies: services.dependencies.list,
        services: services.services,
        rollouts,
        host_rollouts: host_rollouts?,
        pool_migrations,
        hand_overs,
        placement: placement?,
        defrag: defrag?,
        failures: failures?,
        energy: energy?,
        uncertain,
        expectations,
        notes: Vec::new(),
    })
}

/// The scenario's own kinds come first: their names are keys elsewhere.
fn read_own_kinds(check: &mut Check<'_>, tree: &Node) {
    let key = root::RESOURCES.key;
    let Some(node) = tree.find(key) else { return };
    let Value::List(nodes) = &node.value else {
        let message = format!("`{key}` is a list of names, not {}", node.kind());
        check.error_hint(node.at, message, format!("write it like `{}`", root::RESOURCES.example));
        return;
    };
    if nodes.len() > 3 {
        let message = format!("`{key}` has up to three names, not {}", nodes.len());
        check.error(node.at, message);
    }
    for node in nodes.iter().take(3) {
        let Some(name) = check.name(key, node) else { continue };
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
        let sections = [&host_model::SECTION, &quota::SECTION];
        let is_key =
            |key: &str| sections.iter().flat_map(|s| s.fields).any(|field| field.key == key);
        let message = if name.chars().count() > 40 || !name.chars().all(is_plain) {
            format!("`{}` is not a name for a resource", shorten(name))
        } else if Builtin::ALL.iter().any(|kind| kind.name() == name) || is_key(name) {
            format!("`{name}` has a meaning of its own")
        } else if check.own.iter().any(|own| own == name) {
            format!("`{name}` is there twice")
        } else {
            check.own.push(name.to_owned());
            continue;
        };
        let hint = "use up to 40 small letters, digits, `-` and `_`, as in `slots`";
        check.error_hint(node.at, message, hint);
    }
}

fn is_all_traces(node: &Node) -> bool {
    match &node.value {
        Value::List(nodes) => nodes.iter().all(|node| node.find(demand::TRACE.key).is_some()),
        _ => false,
    }
}

/// The kinds that somebody asks for: their columns among all kinds, and their names.
fn columns(check: &Check<'_>, load: &Load) -> (Vec<usize>, Kinds) {
    let names = check.kind_names();
    let columns: Vec<usize> = (0..names.len()).filter(|column| load.uses[*column]).collect();
    let kinds = columns.iter().map(|column| {
        let name = names[*column].clone();
        let unit = Builtin::ALL.get(*column).map_or(name.clone(), |kind| kind.unit().to_owned());
        (name, unit)
    });
    let kinds = Kinds::new(kinds.collect());
    (columns, kinds)
}

/// All labels of hosts and of demands, sorted.
fn labels(fleet: &Fleet, load: &Load) -> Vec<String> {
    let of_hosts = fleet.types.iter().flat_map(|host_type| &host_type.labels);
    let of_demands = load.demands.iter().flat_map(|demand| &demand.labels);
    let of_rules = load.demands.iter().flat_map(|demand| demand.rules.labels());
    let all: BTreeSet<String> = of_hosts.chain(of_demands).cloned().chain(of_rules).collect();
    all.into_iter().collect()
}
