//! Tenants as a tree: quotas at every level, sums by level, desks from above, and nobody's demand
//! changes what another draws.

use fleetcast_core::fact::Fact;
use fleetcast_core::observe::Observer;
use fleetcast_core::problem::Problem;
use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::{Simulation, run};
use fleetcast_core::source::NoFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Room for 100 VMs, and what is added.
fn text(more: &str) -> String {
    format!(
        "name = \"tree\"\nduration = \"10 days\"\nresources = [\"slots\"]\n\
         host-models.host.slots = 10\npools = [{{ name = \"all\", hosts = {{ model = \"host\", count = 10 }} }}]\n\
         flavors.one.slots = 1\n{more}"
    )
}

fn scenario(more: &str) -> Scenario {
    let text = text(more);
    let input = Input { file: "tree.toml", text: &text, overrides: &[] };
    read(&input, &NoFiles).unwrap_or_else(|problems| panic!("{problems:#?}")).scenario
}

fn report(more: &str) -> Report {
    run(&Arc::new(scenario(more)), &NoFiles).expect("no file is named")
}

fn problems(more: &str) -> String {
    let text = text(more);
    let input = Input { file: "tree.toml", text: &text, overrides: &[] };
    let problems = read(&input, &NoFiles).expect_err("something is wrong");
    let tell = |problem: &Problem| {
        format!("{}; {}\n", problem.message, problem.hint.as_deref().unwrap_or_default())
    };
    problems.list.iter().map(tell).collect()
}

/// Two domains of a company, and three teams.
const TREE: &str = r#"
[tenants.company]
quota = { slots = 30 }
[tenants.payments]
parent = "company"
quota = { vms = 20 }
[tenants.search]
parent = "company"
[tenants.cards]
parent = "payments"
quota = { vms = 15 }
[tenants.wallets]
parent = "payments"
[tenants.index]
parent = "search"
"#;

fn demand(team: &str, alive: u32) -> String {
    format!(
        "[[demand]]\nname = \"{team}\"\ntenant = \"{team}\"\nflavor = \"one\"\nalive = {alive}\n"
    )
}

#[test]
fn a_quota_binds_at_every_level() {
    let teams = [demand("cards", 16), demand("wallets", 6), demand("index", 12)].concat();
    let report = report(&format!("{TREE}{teams}"));
    let placed = |name: &str| {
        let tenant = report.tenants.iter().find(|tenant| tenant.name == name).expect("it is there");
        (tenant.requests, tenant.placed)
    };
    // 15 by its own quota, 20 − 15 by that of its domain, 30 − 20 by that of the company.
    assert_eq!(placed("cards"), (16, 15));
    assert_eq!(placed("wallets"), (6, 5));
    assert_eq!(placed("index"), (12, 10));
    assert_eq!(placed("payments"), (22, 20), "a domain's figures are those of its teams");
    assert_eq!(placed("search"), (12, 10));
    assert_eq!(placed("company"), (34, 30));
    let refused: Vec<_> = report.refused_by.into_iter().collect();
    assert_eq!(refused, [("quota-slots".to_owned(), 2), ("quota-vms".to_owned(), 2)]);
    let parents: BTreeMap<_, _> = report
        .tenants
        .iter()
        .map(|tenant| (tenant.name.as_str(), tenant.parent.as_deref()))
        .collect();
    assert_eq!(parents["cards"], Some("payments"));
    assert_eq!(parents["company"], None);
}

#[test]
fn who_waits_for_a_domains_quota_gets_what_a_sister_gives_back() {
    let teams = "[[demand]]\nname = \"cards\"\ntenant = \"cards\"\nflavor = \"one\"\n\
                 alive = { curve = \"steps\", from = 15, steps = [{ at = \"1 day\", to = 0 }] }\n\
                 lifetime = \"1 day\"\n\
                 [[demand]]\nname = \"wallets\"\ntenant = \"wallets\"\nflavor = \"one\"\nalive = 12\nwhen-full = \"wait\"\n";
    let report = report(&format!("{TREE}{teams}"));
    // 12 want in beside 15, and 20 is the domain's bound: 7 wait until the sister's days are over.
    assert!(report.waited_by["quota-vms"] >= 7, "{:?}", report.waited_by);
    assert_eq!((report.placed + report.refused, report.waiting), (report.requests, 0));
    assert_eq!(report.alive, 12);
}

#[test]
fn a_demand_takes_the_desk_of_its_nearest_ancestor() {
    let desks = "provisioning.central = { operators = 2, hands-on = \"1 h\" }\n\
                 provisioning.own = { operators = 1, hands-on = \"1 h\" }\n";
    let tree = TREE
        .replace("[tenants.company]", "[tenants.company]\nprovisioning = \"central\"")
        .replace("[tenants.payments]", "[tenants.payments]\nprovisioning = \"own\"");
    let rate = |team: &str, more: &str| {
        format!(
            "[[demand]]\nname = \"{team}\"\ntenant = \"{team}\"\nflavor = \"one\"\n\
             rate = \"3 per day\"\nlifetime = \"1 h\"\n{more}\n"
        )
    };
    let more = [
        rate("cards", ""),
        rate("index", ""),
        rate("wallets", "provisioning = \"self-service\""),
        rate("others", ""),
    ];
    let scenario = scenario(&format!("{desks}{tree}{}", more.concat()));
    let desks = |row: usize| {
        let stops = &scenario.demands[row].stops;
        stops.iter().map(|stop| stop.name.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(desks(0), ["own"]);
    assert_eq!(desks(1), ["central"]);
    assert!(desks(2).is_empty(), "a demand that says it has the word");
    assert!(desks(3).is_empty(), "who is in no tree goes to no desk");
}

#[test]
fn what_is_wrong_with_a_tree_is_told() {
    let one = demand("a", 1);
    let ring = format!("tenants.a.parent = \"b\"\ntenants.b.parent = \"a\"\n{one}");
    assert!(problems(&ring).contains("the tenant `a` is a part of itself"), "{}", problems(&ring));
    let own = format!("tenants.a.parent = \"a\"\n{one}");
    assert!(problems(&own).contains("the tenant `a` is a part of itself"));
    let unknown = format!("tenants.a.parent = \"compny\"\ntenants.company.quota.vms = 1\n{one}");
    assert!(problems(&unknown).contains("did you mean `company`"), "{}", problems(&unknown));
    let line = |row: usize| format!("tenants.t{row}.parent = \"t{}\"\n", row + 1);
    let lines: String = (0..17).map(line).collect();
    let deep = format!("{lines}tenants.t17.quota.vms = 1\n{one}");
    assert!(problems(&deep).contains("more than 16 levels"), "{}", problems(&deep));
    let desk = format!("tenants.a.provisioning = \"tickets\"\n{one}");
    assert!(problems(&desk).contains("no desk"), "{}", problems(&desk));
}

/// When requests of each demand come, how long they stay and what desks take for them.
#[derive(Default)]
struct Draws(BTreeMap<String, Vec<(u64, u64)>>, Vec<usize>, Arc<Vec<String>>);

impl Observer for Draws {
    fn hear(&mut self, now: Time, fact: &Fact<'_>, _: &State) {
        match *fact {
            Fact::Requested { demand, .. } => {
                self.1.push(demand.row());
                let name = self.2[demand.row()].clone();
                self.0.entry(name).or_default().push((now.ms(), 0));
            }
            Fact::Approved { request, work_ms, .. } => {
                let name = &self.2[self.1[request.0 as usize]];
                self.0.entry(format!("{name} at work")).or_default().push((0, work_ms));
            }
            _ => {}
        }
    }
}

#[test]
fn one_tenants_demand_leaves_anothers_draws_untouched() {
    let draws = |cards: u32| {
        let rate = |team: &str, per_day: u32| {
            format!(
                "[[demand]]\nname = \"{team}\"\ntenant = \"{team}\"\nflavor = \"one\"\n\
                 rate = \"{per_day} per day\"\nlifetime = \"1 h\"\n"
            )
        };
        let desk = "provisioning.central = { operators = 2, hours = \"always\", hands-on = \
                    { distribution = \"exponential\", mean = \"1 h\" } }\n";
        let tree =
            TREE.replace("[tenants.company]", "[tenants.company]\nprovisioning = \"central\"");
        let teams = [rate("cards", cards), rate("index", 6)].concat();
        let scenario = Arc::new(scenario(&format!("{desk}{tree}{teams}")));
        let names = scenario.demands.iter().map(|demand| demand.name.clone()).collect();
        let mut draws = Draws(BTreeMap::new(), Vec::new(), Arc::new(names));
        let mut simulation = Simulation::new(scenario, &NoFiles).expect("no file is named");
        simulation.advance(simulation.end(), &mut draws).expect("no trace is read");
        draws.0
    };
    let (few, many) = (draws(3), draws(9));
    assert!(many["cards"].len() > 2 * few["cards"].len());
    assert_eq!(few["index"], many["index"]);
    assert_eq!(few["index at work"], many["index at work"]);
    assert!(few["index"].len() > 30);
}
