//! Relaxing: a scenario without one of its rules, so that the rule has a price.

use crate::scenario::{
    DemandId, FlavorId, GroupRule, HostRules, Scenario, Selector, TenantId, TenantRules,
};

/// Something that keeps VMs from hosts, or a fleet from being right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// One of the expectations, by place.
    Expectation(usize),
    /// How a demand's groups are spread or kept together.
    Group(DemandId),
    /// The pool that a demand must run in.
    Pool(DemandId),
    /// The labels that a demand's hosts must have.
    Labels(DemandId),
    /// The labels that they must not have.
    Forbids(DemandId),
    /// That a demand's VMs share their hosts with no other tenant.
    Alone(DemandId),
    /// The same of a tenant.
    TenantAlone(TenantId),
    /// What a tenant may take at most.
    Quota(TenantId),
    /// That a flavor's VMs sit in so many NUMA cells.
    Cells(FlavorId),
    /// That hosts with hard taints take only who tolerates them.
    Taints,
}

/// All rules of a scenario, in its order. An expectation is one only if there are others.
pub fn rules(scenario: &Scenario) -> Vec<Rule> {
    let mut rules = Vec::new();
    if scenario.expectations.len() > 1 {
        rules.extend((0..scenario.expectations.len()).map(Rule::Expectation));
    }
    for (row, demand) in scenario.demands.iter().enumerate() {
        let id = DemandId::from_row(row);
        let HostRules { requires, forbids, is_exclusive, .. } = &demand.rules;
        let of_demand = [
            (demand.group.as_ref().is_some_and(binds), Rule::Group(id)),
            (demand.pool.is_some() && scenario.pools.len() > 1, Rule::Pool(id)),
            (!demand.labels.is_empty() || !requires.0.is_empty(), Rule::Labels(id)),
            (!forbids.is_empty(), Rule::Forbids(id)),
            (*is_exclusive, Rule::Alone(id)),
        ];
        rules.extend(of_demand.into_iter().filter(|(is_there, _)| *is_there).map(|(_, rule)| rule));
    }
    for (row, tenant) in scenario.tenant_rules.iter().enumerate() {
        let id = TenantId::from_row(row);
        if tenant.is_exclusive {
            rules.push(Rule::TenantAlone(id));
        }
        if tenant.quota != TenantRules::NONE.quota || tenant.vms_max != TenantRules::NONE.vms_max {
            rules.push(Rule::Quota(id));
        }
    }
    let in_cells = scenario.flavors.iter().enumerate().filter(|(_, flavor)| flavor.cells > 0);
    rules.extend(in_cells.map(|(row, _)| Rule::Cells(FlavorId::from_row(row))));
    if scenario.taints.iter().any(|taint| taint.is_hard) {
        rules.push(Rule::Taints);
    }
    rules
}

/// Whether it can keep a VM from a host.
fn binds(group: &GroupRule) -> bool {
    let GroupRule { per_host_max, per_rack_max, per_zone_max, together, skew_max, .. } = group;
    [per_host_max, per_rack_max, per_zone_max]
        .into_iter()
        .chain(skew_max)
        .any(|max| *max < u32::MAX)
        || together.is_some()
}

impl Rule {
    /// What it is called, in the scenario's names.
    pub fn name(self, scenario: &Scenario) -> String {
        let demand = |id: DemandId| &scenario.demands[id.row()].name;
        let tenant = |id: TenantId| &scenario.tenants[id.row()];
        match self {
            Self::Expectation(row) => format!("expectation: {}", scenario.expectations[row].metric),
            Self::Group(id) => format!("{}: group", demand(id)),
            Self::Pool(id) => format!("{}: pool", demand(id)),
            Self::Labels(id) => format!("{}: labels", demand(id)),
            Self::Forbids(id) => format!("{}: forbidden labels", demand(id)),
            Self::Alone(id) => format!("{}: own hosts", demand(id)),
            Self::TenantAlone(id) => format!("tenant {}: own hosts", tenant(id)),
            Self::Quota(id) => format!("tenant {}: quota", tenant(id)),
            Self::Cells(id) => format!("flavor {}: NUMA cells", scenario.flavors[id.row()].name),
            Self::Taints => "taints".to_owned(),
        }
    }

    /// The scenario without it.
    pub fn dropped(self, scenario: &Scenario) -> Scenario {
        let mut free = scenario.clone();
        match self {
            Self::Expectation(row) => {
                free.expectations.remove(row);
            }
            Self::Group(id) => {
                if let Some(group) = &mut free.demands[id.row()].group {
                    group.per_host_max = u32::MAX;
                    group.per_rack_max = u32::MAX;
                    group.per_zone_max = u32::MAX;
                    group.skew_max = GroupRule::NONE.skew_max;
                    group.together = None;
                }
            }
            Self::Pool(id) => free.demands[id.row()].pool = None,
            Self::Labels(id) => {
                let demand = &mut free.demands[id.row()];
                demand.labels.clear();
                demand.rules.requires = Selector::default();
            }
            Self::Forbids(id) => free.demands[id.row()].rules.forbids.clear(),
            Self::Alone(id) => free.demands[id.row()].rules.is_exclusive = false,
            Self::TenantAlone(id) => free.tenant_rules[id.row()].is_exclusive = false,
            Self::Quota(id) => {
                let rules = &mut free.tenant_rules[id.row()];
                (rules.quota, rules.vms_max) = (TenantRules::NONE.quota, u64::MAX);
            }
            Self::Cells(id) => free.flavors[id.row()].cells = 0,
            Self::Taints => {
                for taint in &mut free.taints {
                    taint.is_hard = false;
                }
            }
        }
        free
    }
}
