//! Rules about hosts, tenants and groups: each in a fleet of a few hosts, with the answer worked
//! out by hand; and the Kubernetes plugins against their formulas over nodes and pods.

mod common;

use common::{add_flavor, add_hosts, bare, padded};
use fleetcast_core::dice;
use fleetcast_core::fact::Reason;
use fleetcast_core::placement::kubernetes::cluster::{Labels, Node, Pod};
use fleetcast_core::placement::kubernetes::inter_pod::{self, Term};
use fleetcast_core::placement::kubernetes::node_affinity::{self, Preference as PodPreference};
use fleetcast_core::placement::kubernetes::taints::{self, Effect, Taint as NodeTaint, Toleration};
use fleetcast_core::placement::kubernetes::topology::{self, Spread};
use fleetcast_core::placement::{Placer, filters};
use fleetcast_core::scenario::*;
use fleetcast_core::state::{Ask, GroupKey, Predicate, Search, State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::RngExt;
use std::collections::BTreeMap;

/// A fleet, and what is asked of it in turn.
struct World {
    scenario: Scenario,
    state: State,
    placer: Placer,
    vms: Vec<VmId>,
}

/// Hosts of 4 cpu, one a word: `zone/rack` and then `key=value` for a label, `!key=value` for a
/// taint, `~key=value` for a soft one.
fn world(hosts: &[&str], change: impl FnOnce(&mut Scenario)) -> World {
    let mut scenario = bare(&["cpu"]);
    add_flavor(&mut scenario, &[1]);
    let of = |word: &str, sign: char| word.strip_prefix(sign).map(str::to_owned);
    let words = || hosts.iter().flat_map(|host| host.split(' ').skip(1));
    let is_label = |word: &&str| !word.starts_with(['!', '~']);
    let mut labels: Vec<String> = words().filter(is_label).map(str::to_owned).collect();
    labels.sort();
    labels.dedup();
    scenario.labels = labels;
    let taint = |word: &str| {
        let hard = of(word, '!').map(|name| Taint { name, is_hard: true });
        hard.or_else(|| of(word, '~').map(|name| Taint { name, is_hard: false }))
    };
    scenario.taints = words().filter_map(taint).collect();
    scenario.taints.sort();
    scenario.taints.dedup();
    (scenario.zones, scenario.racks) = (Vec::new(), Vec::new());
    let mut racks = BTreeMap::new();
    for host in hosts {
        let (zone, rack) = host.split(' ').next().and_then(|p| p.split_once('/')).expect("z/r");
        let zone_row = scenario.zones.iter().position(|name| name == zone);
        let zone_row = zone_row.unwrap_or_else(|| {
            scenario.zones.push(zone.into());
            scenario.zones.len() - 1
        });
        let rack_id = *racks.entry((zone_row, rack)).or_insert_with(|| {
            scenario.racks.push(Rack { name: rack.into(), zone: ZoneId::from_row(zone_row) });
            RackId::from_row(scenario.racks.len() - 1)
        });
        let host_type = add_hosts(&mut scenario, &[4], 0);
        let row = |name: &str| scenario.labels.iter().position(|label| label == name);
        let words = || host.split(' ').skip(1);
        let labels: Vec<LabelId> = words().filter_map(row).map(LabelId::from_row).collect();
        let row = |word: &str| {
            let taint = taint(word)?;
            scenario.taints.iter().position(|known| *known == taint)
        };
        let taints: Vec<TaintId> = words().filter_map(row).map(TaintId::from_row).collect();
        let of_type = &mut scenario.host_types[host_type.row()];
        (of_type.labels, of_type.taints) = (labels, taints);
        scenario.hosts.push(HostSpec { name: None, host_type, rack: rack_id, age_ms: 0 });
    }
    scenario.pools[0].racks = (0..scenario.racks.len()).map(RackId::from_row).collect();
    scenario.tenants = ["a", "b"].map(str::to_owned).to_vec();
    let arrivals = common::rate(1.0);
    let demand = common::demand(&scenario, "d", arrivals, Distribution::Constant(1));
    scenario.demands.push(demand);
    change(&mut scenario);
    let mut state = State::new(&scenario);
    for host in &scenario.hosts {
        state.add_host(host.host_type, host.rack, 0);
    }
    World { placer: Placer::new(&scenario), state, scenario, vms: Vec::new() }
}

impl World {
    fn label(&self, name: &str) -> LabelId {
        LabelId::from_row(self.scenario.labels.iter().position(|l| l == name).expect("a label"))
    }

    /// An ask of the demand for so much, in its group if it has one, for tenant `a` (0) or `b`.
    fn ask(&mut self, amount: i64, tenant: usize, change: impl FnOnce(&mut Predicate)) -> Ask {
        let demand = &self.scenario.demands[0];
        let rules = demand.rules.clone();
        let mut predicate =
            Predicate { pool: None, labels: Vec::new(), rules, cells: 0, image: None };
        change(&mut predicate);
        let predicate = self.state.predicate(predicate);
        let tenant = TenantId::from_row(tenant);
        let ask = self.state.ask_of(&padded(&[amount]), predicate, tenant);
        match demand.group {
            Some(rule) => {
                let key = GroupKey::Number(DemandId::from_row(0), 0);
                self.state.ask_in_group(ask, key, rule)
            }
            None => ask,
        }
    }

    /// Where it goes, by scan and by classes; it is placed there.
    fn place(&mut self, ask: Ask) -> Result<usize, Reason> {
        let mut dice = dice::stream(1, "placement");
        let mut classed = self.state.clone();
        classed.search(Search::Classes);
        let by_classes = self.placer.decide(&classed, ask, &mut dice.clone());
        let found = self.placer.decide(&self.state, ask, &mut dice);
        assert_eq!(found, by_classes);
        let tally = filters::tally(&self.state, ask);
        let fits = self.state.hosts.ids().filter(|host| {
            filters::Filter::new(&self.state, ask).admits(*host) //
        });
        let turned_away: u32 = tally.values().sum();
        assert_eq!(turned_away as usize + fits.count(), self.state.hosts.rows(), "{tally:?}");
        let host = found?;
        let (placed, demand) = (Time::ZERO, DemandId::from_row(0));
        self.vms.push(self.state.start(Vm { request: 0, placed, host, ask, demand }));
        Ok(host.row())
    }

    /// Places requests of 1 cpu of tenant `a` until one finds no host.
    fn fill(&mut self, most: usize) -> (Vec<usize>, Option<Reason>) {
        let mut hosts = Vec::new();
        for _ in 0..most {
            let ask = self.ask(1, 0, |_| ());
            match self.place(ask) {
                Ok(host) => hosts.push(host),
                Err(reason) => return (hosts, Some(reason)),
            }
        }
        (hosts, None)
    }
}

fn in_group(change: impl FnOnce(&mut GroupRule)) -> impl FnOnce(&mut Scenario) {
    let mut rule = GroupRule::NONE;
    change(&mut rule);
    move |scenario| scenario.demands[0].group = Some(rule)
}

#[test]
fn labels_are_required_any_of_several_and_forbidden() {
    let mut world = world(&["z/r g=1", "z/r g=2 s=1", "z/r g=3"], |_| ());
    let [one, two, three] = ["g=1", "g=2", "g=3"].map(|name| world.label(name));
    let ssd = world.label("s=1");
    let mut check = |requires: &[&[LabelId]], forbids: &[LabelId], expected| {
        let requires = Selector(requires.iter().map(|any| any.to_vec()).collect());
        let ask = world.ask(1, 0, |predicate| {
            predicate.rules.requires = requires;
            predicate.rules.forbids = forbids.to_vec();
        });
        assert_eq!(world.place(ask), expected);
    };
    check(&[&[two, three]], &[], Ok(1));
    check(&[&[two, three], &[ssd]], &[], Ok(1));
    check(&[&[two, three]], &[ssd], Ok(2));
    check(&[&[one], &[ssd]], &[], Err(Reason::Labels));
    check(&[&[]], &[], Err(Reason::Labels));
    check(&[], &[one, two, three], Err(Reason::Forbidden));
}

#[test]
fn taints_keep_away_who_does_not_tolerate_all_of_them() {
    let mut world = world(&["z/r !gpu=only !os=old", "z/r ~power=low", "z/r"], |_| ());
    let mut check = |tolerates: &[usize], amount, expected| {
        let tolerates = tolerates.iter().map(|row| TaintId::from_row(*row)).collect();
        let ask = world.ask(amount, 0, |predicate| predicate.rules.tolerates = tolerates);
        assert_eq!(world.place(ask), expected);
    };
    // The taints are gpu=only, os=old, power=low; a soft one is the last resort, not a wall.
    check(&[], 4, Ok(2));
    check(&[0], 3, Ok(1));
    check(&[0], 2, Err(Reason::Short(1)));
    check(&[0, 1], 3, Ok(0));
    check(&[0, 2], 4, Err(Reason::Short(1)));
    check(&[], 1, Ok(1));
}

#[test]
fn a_host_is_kept_for_one_tenant_while_an_exclusive_vm_is_there() {
    let mut world = world(&["z/r", "z/r", "z/r"], |scenario| {
        // Tenant b is exclusive in all it does.
        scenario.tenant_rules =
            vec![TenantRules::NONE, TenantRules { is_exclusive: true, ..TenantRules::NONE }];
    });
    let mut place = |tenant, amount| {
        let ask = world.ask(amount, tenant, |_| ());
        world.place(ask)
    };
    assert_eq!(place(0, 1), Ok(0));
    assert_eq!(place(1, 1), Ok(1), "not beside another tenant");
    assert_eq!(place(0, 4), Ok(2), "nor another tenant beside it");
    assert_eq!(place(0, 3), Ok(0));
    assert_eq!(place(0, 1), Err(Reason::Short(1)));
    assert_eq!(place(1, 3), Ok(1), "its own tenant may");
    assert_eq!(place(1, 1), Err(Reason::Short(1)));
    // The exclusive VMs leave: whoever comes first has the host.
    for vm in [world.vms.remove(4), world.vms.remove(1)] {
        let vm = world.state.end(vm);
        world.state.forget(vm.ask);
    }
    let ask = world.ask(1, 0, |_| ());
    assert_eq!(world.place(ask), Ok(1));
    let ask = world.ask(1, 1, |_| ());
    assert_eq!(world.place(ask), Err(Reason::Exclusive), "tenant a is everywhere now");
}

#[test]
fn a_quota_bounds_a_tenant_wherever_there_is_room() {
    let mut world = world(&["z/r", "z/r"], |scenario| {
        let mut rules = TenantRules { vms_max: 3, ..TenantRules::NONE };
        rules.quota[0] = 5;
        scenario.tenant_rules = vec![rules];
    });
    let mut place = |tenant, amount| {
        let ask = world.ask(amount, tenant, |_| ());
        world.place(ask)
    };
    assert_eq!(place(0, 3), Ok(0));
    assert_eq!(place(0, 3), Err(Reason::Quota(1)), "6 of 5 cpu");
    assert_eq!(place(1, 3), Ok(1), "another tenant has none");
    assert_eq!(place(0, 1), Ok(0));
    assert_eq!(place(0, 0), Ok(0), "nothing of cpu breaks no quota of it");
    assert_eq!(place(0, 1), Err(Reason::Quota(1 << 8)), "a fourth VM");
    assert_eq!(place(0, 2), Err(Reason::Quota(1 << 8 | 1)));
    // What leaves gives its quota back.
    let vm = world.vms.remove(0);
    let vm = world.state.end(vm);
    world.state.forget(vm.ask);
    let ask = world.ask(3, 0, |_| ());
    assert_eq!(world.place(ask), Ok(0));
}

#[test]
fn a_group_stays_where_its_first_member_went() {
    let hosts = ["a/1", "a/1", "a/2", "b/1"];
    let check = |level, expected: &[usize], reason| {
        let mut world = world(&hosts, in_group(|rule| rule.together = Some(level)));
        // The first host has no room left for the first.
        let full = world.ask(4, 0, |_| ());
        let full = Ask { group: None, ..full };
        assert_eq!(world.place(full), Ok(0));
        assert_eq!(world.fill(99), (expected.to_vec(), Some(reason)));
    };
    // Two in one rack, one of them full; then the zone.
    check(Level::Host, &[1; 4], Reason::Affinity(Level::Host));
    check(Level::Rack, &[1; 4], Reason::Affinity(Level::Rack));
    check(Level::Zone, &[1, 1, 1, 1, 2, 2, 2, 2], Reason::Affinity(Level::Zone));
}

#[test]
fn skew_is_counted_against_the_place_with_fewest() {
    let hosts = ["a/1", "a/1", "b/1"];
    let skew = |level: Level, max: u32| {
        in_group(move |rule: &mut GroupRule| rule.skew_max[level.row()] = max)
    };
    // First fit, but one zone is never more than 1 ahead: a b a b …, until b is full at 4; a may
    // have one more than b.
    let (hosts_used, reason) = world(&hosts, skew(Level::Zone, 1)).fill(99);
    assert_eq!(hosts_used, [0, 2, 0, 2, 0, 2, 0, 2, 1]);
    assert_eq!(reason, Some(Reason::Skew(Level::Zone)));
    let (hosts_used, _) = world(&hosts, skew(Level::Host, 2)).fill(6);
    assert_eq!(hosts_used, [0, 0, 1, 1, 2, 0]);
    // A zone that could not take them (hosts of other labels) is no place; a tainted one is.
    let labelled = ["a/1 g=1", "b/1 g=1 !x=1", "c/1"];
    let mut world = world(&labelled, skew(Level::Zone, 1));
    let label = world.label("g=1");
    let mut place = || {
        let ask = world.ask(1, 0, |predicate| predicate.labels = vec![label]);
        world.place(ask)
    };
    assert_eq!(place(), Ok(0));
    assert_eq!(place(), Err(Reason::Skew(Level::Zone)), "the tainted zone b has none");
}

#[test]
fn what_is_preferred_comes_before_the_policy() {
    let hosts = ["z/r g=1", "z/r g=2 ~x=1", "z/r g=2 s=1", "z/r g=1 s=1"];
    let world = world(&hosts, |scenario| {
        scenario.placement.policy = Policy::LastFit;
    });
    let [two, ssd] = ["g=2", "s=1"].map(|name| world.label(name));
    let preference = |label, weight| Preference { selector: Selector(vec![vec![label]]), weight };
    let check = |prefers: &[Preference], expected: &[usize]| {
        let mut world = World {
            scenario: world.scenario.clone(),
            state: world.state.clone(),
            placer: Placer::new(&world.scenario),
            vms: Vec::new(),
        };
        for host in expected {
            let ask = world.ask(4, 0, |predicate| predicate.rules.prefers = prefers.to_vec());
            assert_eq!(world.place(ask), Ok(*host));
        }
    };
    // Without preferences only the soft taint counts: last fit, the tainted one last.
    check(&[], &[3, 2, 0, 1]);
    // Sums 0, 5 - 1, 5 + 2, 2.
    check(&[preference(two, 5), preference(ssd, 2)], &[2, 1, 3, 0]);
    // Sums 0, 0, 1, 0: the taint takes all that `g=2` gives.
    check(&[preference(two, 1)], &[2, 3, 1, 0]);
}

#[test]
fn soft_affinity_counts_members_and_never_refuses() {
    let hosts = ["a/1", "a/2", "b/3"];
    let near = |level: Level, weight: i64| {
        in_group(move |rule: &mut GroupRule| rule.near[level.row()] = weight)
    };
    // Worst fit would spread them; affinity keeps them on the host, then in the zone.
    let spreads = |scenario: &mut Scenario| {
        scenario.placement.policy = Policy::WorstFit(FitBy::Shares);
    };
    let both = |rule: fn(&mut GroupRule)| {
        move |scenario: &mut Scenario| {
            spreads(scenario);
            in_group(rule)(scenario);
        }
    };
    let fill = |mut world: World, count| world.fill(count).0;
    assert_eq!(fill(world(&hosts, near(Level::Host, -3)), 6), [0, 1, 2, 0, 1, 2]);
    assert_eq!(fill(world(&hosts, near(Level::Zone, -3)), 5), [0, 2, 0, 2, 0]);
    assert_eq!(
        fill(world(&hosts, both(|rule| rule.near = [5, 0, 1])), 9),
        [0, 0, 0, 0, 1, 1, 1, 1, 2]
    );
    // Soft skew 1 over zones: a b a b …; b is full at 4, and the rest goes to a all the same.
    let soft = Some(SoftSkew { max: 1, weight: 1 });
    let soft_skew = in_group(move |rule| rule.soft_skew[Level::Zone.row()] = soft);
    assert_eq!(fill(world(&hosts, soft_skew), 12), [0, 2, 0, 2, 0, 2, 0, 2, 1, 1, 1, 1]);
}

#[test]
fn nova_weighs_soft_affinity_beside_its_resources() {
    let weigher = NovaWeigher { column: 0, multiplier: 1.0, is_overcommitted: true };
    let policy = |near: i64, multiplier| {
        move |scenario: &mut Scenario| {
            scenario.placement.policy = Policy::Nova(vec![NovaWeigher { multiplier, ..weigher }]);
            in_group(move |rule| rule.near[0] = near)(scenario);
        }
    };
    let fill = |mut world: World| world.fill(4).0;
    let hosts = ["z/r", "z/r", "z/r"];
    // Free cpu 1, 3/4, … of the largest, affinity 1: the first host, as long as it has room.
    assert_eq!(fill(world(&hosts, policy(7, 1.0))), [0, 0, 0, 0]);
    assert_eq!(fill(world(&hosts, policy(-7, 1.0))), [0, 1, 2, 0]);
    // Packing counts twice as much as soft anti-affinity: 2 × (−3/4 …) against −1 … 0.
    assert_eq!(fill(world(&hosts, policy(-1, -2.0))), [0, 1, 2, 0]);
    assert_eq!(fill(world(&hosts, policy(-1, -8.0))), [0, 0, 0, 0]);
}

/// Random fleets and groups: the engine's Kubernetes policy takes the node that the formulas over
/// nodes and pods score highest.
#[test]
fn kubernetes_scores_are_those_of_its_plugins_over_nodes_and_pods() {
    const KEYS: [&str; 3] = ["kubernetes.io/hostname", "rack", "zone"];
    let mut refusals = 0;
    for case in 0..400 {
        let dice = &mut dice::stream(case, "kubernetes");
        let count = dice.random_range(2..10usize);
        let words: Vec<String> = (0..count)
            .map(|_| {
                let (zone, rack) = (dice.random_range(0..3u8), dice.random_range(0..2u8));
                let label = ["", " g=1", " g=2", " g=1 s=1"][dice.random_range(0..4usize)];
                let taint = ["", "", " ~x=1", " ~x=1 ~y=1", " !h=1"][dice.random_range(0..5usize)];
                format!("z{zone}/z{zone}r{rack}{label}{taint}")
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let mut rule = GroupRule::NONE;
        for level in 0..3 {
            if dice.random_range(0..3u8) == 0 {
                rule.near[level] = dice.random_range(-3..4);
            }
            if dice.random_range(0..3u8) == 0 {
                let (max, weight) = (dice.random_range(1..4), 1);
                rule.soft_skew[level] = Some(SoftSkew { max, weight });
            }
            if dice.random_range(0..8u8) == 0 {
                rule.skew_max[level] = dice.random_range(1..4);
            }
        }
        if dice.random_range(0..6u8) == 0 {
            rule.together = Some(Level::ALL[dice.random_range(0..3usize)]);
        }
        let mut world = world(&words, |scenario| {
            scenario.demands[0].group = Some(rule);
            scenario.placement.policy = Policy::Kubernetes(KubernetesProfile {
                fit_weight: 0,
                balance_weight: 0,
                fit: FitScore::Least,
                resources: Vec::new(),
                wishes: WishWeights::DEFAULT,
                sampling: None,
            });
        });
        let scenario = world.scenario.clone();
        let mut rules = HostRules::default();
        for (row, _) in scenario.labels.iter().enumerate() {
            if dice.random_range(0..2u8) == 0 {
                let selector = Selector(vec![vec![LabelId::from_row(row)]]);
                rules.prefers.push(Preference { selector, weight: dice.random_range(1..101) });
            }
        }
        let some = (0..scenario.taints.len()).filter(|_| dice.random_range(0..3u8) == 0);
        rules.tolerates = some.map(TaintId::from_row).collect();

        let pair = |text: &str| {
            let (key, value) = text.split_once('=').expect("a key and a value");
            (key.to_owned(), value.to_owned())
        };
        let node = |(row, spec): (usize, &HostSpec)| {
            let host_type = &scenario.host_types[spec.host_type.row()];
            let rack = &scenario.racks[spec.rack.row()];
            let labels = host_type.labels.iter().map(|label| pair(&scenario.labels[label.row()]));
            let mut labels: Labels = labels.collect();
            labels.insert(KEYS[0].into(), format!("h{row}"));
            labels.insert(KEYS[1].into(), rack.name.clone());
            labels.insert(KEYS[2].into(), scenario.zones[rack.zone.row()].clone());
            let taint = |id: &TaintId| {
                let taint = &scenario.taints[id.row()];
                let (key, value) = pair(&taint.name);
                let hard = [Effect::PreferNoSchedule, Effect::NoSchedule];
                NodeTaint { key, value, effect: hard[usize::from(taint.is_hard)] }
            };
            let taints = host_type.taints.iter().map(taint).collect();
            Node { labels, taints, ..Node::default() }
        };
        let mut nodes: Vec<Node> = scenario.hosts.iter().enumerate().map(node).collect();
        let mates = Labels::from([("app".to_owned(), "g".to_owned())]);
        let term = |level: usize, weight: i64| Term {
            weight,
            key: KEYS[level].into(),
            selector: mates.clone(),
        };
        let mut pod = Pod { labels: mates.clone(), ..Pod::default() };
        for level in 0..3 {
            match rule.near[level] {
                near if near > 0 => pod.affinity.preferred.push(term(level, near)),
                near if near < 0 => pod.anti_affinity.preferred.push(term(level, -near)),
                _ => {}
            }
            let spread = |max: u32, is_hard| Spread {
                max_skew: max.into(),
                key: KEYS[level].into(),
                is_hard,
                selector: mates.clone(),
                domains_min: 0,
            };
            pod.spread.extend(rule.soft_skew[level].map(|soft| spread(soft.max, false)));
            let max = Some(rule.skew_max[level]).filter(|max| *max != u32::MAX);
            pod.spread.extend(max.map(|max| spread(max, true)));
        }
        pod.affinity.required.extend(rule.together.map(|level| term(level.row(), 1)));
        pod.preferred_nodes = rules
            .prefers
            .iter()
            .map(|preference| {
                let label = preference.selector.0[0][0];
                let labels = Labels::from([pair(&scenario.labels[label.row()])]);
                PodPreference { weight: preference.weight, labels }
            })
            .collect();
        pod.tolerations = rules
            .tolerates
            .iter()
            .map(|taint| {
                let (key, value) = pair(&scenario.taints[taint.row()].name);
                Toleration { key, value: Some(value), effect: None }
            })
            .collect();

        for _ in 0..12 {
            let apart = inter_pod::admitted(&pod, &nodes);
            let even = topology::admitted(&pod, &nodes);
            let has_room = |row: &usize| nodes[*row].pods.len() < 4;
            let admits = |row: &usize| {
                apart[*row] && even[*row] && has_room(row) && taints::admits(&pod, &nodes[*row])
            };
            let feasible: Vec<usize> = (0..nodes.len()).filter(admits).collect();
            let of = |row: &usize| &nodes[*row];
            let chosen: Vec<&Node> = feasible.iter().map(of).collect();
            let zeros = || vec![0; chosen.len()];
            let parts = [
                (3, taints::scores(&pod, &chosen)),
                (2, node_affinity::scores(&pod, &chosen).unwrap_or_else(zeros)),
                (2, topology::scores(&pod, &chosen, &nodes).unwrap_or_else(zeros)),
                (2, inter_pod::scores(&pod, &chosen, &nodes, 1).unwrap_or_else(zeros)),
            ];
            let total = |at: usize| parts.iter().map(|(weight, all)| weight * all[at]).sum::<i64>();
            let best = (0..feasible.len()).max_by_key(|at| (total(*at), std::cmp::Reverse(*at)));
            let expected = best.map(|at| feasible[at]);
            let ask = world.ask(1, 0, |predicate| predicate.rules = rules.clone());
            let found = world.place(ask);
            assert_eq!(found.ok(), expected, "case {case}: {rule:?} {rules:?} {words:?}");
            match expected {
                Some(row) => nodes[row].pods.push(pod.clone()),
                None => refusals += 1,
            }
        }
    }
    assert!(refusals > 50, "some find no node: {refusals}");
}
