//! Headroom against the plain thing: a run in which the service really comes, at that instant.

use fleetcast_core::fact::Fact;
use fleetcast_core::headroom::{self, Asked};
use fleetcast_core::loss::Losses;
use fleetcast_core::observe::Observer;
use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::{DemandId, FlavorId, Scenario};
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::State;
use fleetcast_core::time::Time;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::sync::Arc;

/// Deterministic policies: what is drawn at random is drawn elsewhere in a run.
const POLICIES: [&str; 6] =
    ["first-fit", "best-fit", "worst-fit", "next-fit", "round-robin", "kubernetes"];

/// How many come, and with which rules.
#[derive(Clone, Debug)]
struct Comer {
    instances: u32,
    cpu: u32,
    pool: Option<usize>,
    max_per_host: Option<u32>,
    quota_cpu: Option<u32>,
}

fn comers() -> impl Strategy<Value = Comer> {
    let max_per_host = prop_oneof![2 => Just(None), 1 => (1..4u32).prop_map(Some)];
    let quota = prop_oneof![2 => Just(None), 1 => (1..40u32).prop_map(Some)];
    (1..12u32, 1..9u32, prop::option::of(0..2usize), max_per_host, quota).prop_map(
        |(instances, cpu, pool, max_per_host, quota_cpu)| Comer {
            instances,
            cpu,
            pool,
            max_per_host,
            quota_cpu,
        },
    )
}

fn text(policy: &str, hosts: (u32, u32), comer: &Comer) -> String {
    let pool = comer.pool.map_or(String::new(), |row| format!("pool = \"p{row}\"\n"));
    let group = comer
        .max_per_host
        .map_or(String::new(), |most| format!("group = {{ max-per-host = {most} }}\n"));
    let (tenant, tenants) = match comer.quota_cpu {
        None => ("", String::new()),
        Some(cpu) => ("tenant = \"t\"\n", format!("[tenants.t]\nquota = {{ cpu = {cpu} }}\n")),
    };
    format!(
        "name = \"x\"\nduration = \"1 h\"\n\
         [host-models.m]\ncpu = 16\nmemory = \"64 GiB\"\n\
         [[pools]]\nname = \"p0\"\nhosts = {{ model = \"m\", count = {} }}\n\
         [[pools]]\nname = \"p1\"\nhosts = {{ model = \"m\", count = {} }}\n\
         [flavors.one]\ncpu = {}\nmemory = \"4 GiB\"\n{tenants}\
         [[demand]]\nname = \"base\"\ntrace = \"base.csv\"\n\
         [[demand]]\nname = \"comer\"\ntrace = \"comer.csv\"\n{pool}{tenant}{group}\
         [placement]\npolicy = \"{policy}\"\n",
        hosts.0, hosts.1, comer.cpu
    )
}

/// Counts the requests of the service that found a place.
#[derive(Default)]
struct Placed(u32);

impl Observer for Placed {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, state: &State) {
        if let Fact::Placed { vm, .. } = fact {
            self.0 += u32::from(state.vms.get(*vm).demand.row() == 1);
        }
    }
}

proptest! {
    #[test]
    fn so_many_find_a_place_as_when_they_really_come(
        policy in prop::sample::select(&POLICIES),
        hosts in (1..5u32, 1..5u32),
        base in prop::collection::vec((0..1_000u32, 1..4_000u32, 1..12u32, 1..40u32), 1..60),
        comer in comers(),
    ) {
        const HEAD: &str = "arrival_s,departure_s,vcpu,mem_mib\n";
        let mut base_csv = HEAD.to_owned();
        let mut base = base;
        base.sort_unstable();
        for (at, stays, cpu, memory) in base {
            // Nothing changes between the look and the service.
            let end = at + stays + u32::from(at + stays == 1_500);
            writeln!(base_csv, "{at},{end},{cpu},{}", memory * 1024).expect("text");
        }
        let mut comer_csv = HEAD.to_owned();
        for _ in 0..comer.instances {
            // Behind all of the others.
            writeln!(comer_csv, "1500,9999,{},4096", comer.cpu).expect("text");
        }
        let mut files = MemoryFiles::default();
        files.insert("base.csv", base_csv.into_bytes());
        files.insert("comer.csv", comer_csv.into_bytes());
        let text = text(policy, hosts, &comer);
        let input = Input { file: "x.toml", text: &text, overrides: &[] };
        let scenario: Arc<Scenario> = Arc::new(read(&input, &files).expect("our own").scenario);

        let mut real = Simulation::new(Arc::clone(&scenario), &files).expect("it begins");
        let mut placed = Placed::default();
        real.advance(Time::from_ms(3_600_000), &mut placed).expect("it ends");

        let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("it begins");
        let at = Time::from_ms(1_499_999);
        simulation.advance(at, &mut ()).expect("it goes on");
        let asked = Asked {
            flavor: FlavorId::from_row(0),
            instances: comer.instances,
            like: Some(DemandId::from_row(1)),
            buffer: 0.0,
        };
        let left = headroom::left(&scenario, simulation.state(), at, &asked);
        prop_assert_eq!(left.fits, placed.0);
        // Rules aside there is never less room than that, nor is a resource short for what fits.
        prop_assert!(left.room >= u64::from(left.fits));
        prop_assert!(left.has_room(&scenario, &asked) == (left.fits == comer.instances));
    }
}

#[test]
fn spare_hosts_are_as_many_as_can_be_lost() {
    // Six hosts of 16; VMs of 10, so that none shares a host: as many hosts are spare as are empty.
    for taken in 0..=6_u32 {
        let text = format!(
            "name = \"x\"\nduration = \"1 h\"\n\
             [host-models.m]\ncpu = 16\nmemory = \"64 GiB\"\n\
             [[pools]]\nname = \"p\"\nhosts = {{ model = \"m\", count = 6 }}\n\
             [flavors.ten]\ncpu = 10\nmemory = \"4 GiB\"\n\
             [[demand]]\nname = \"d\"\nflavor = \"ten\"\nalive = {taken}\n"
        );
        let input = Input { file: "x.toml", text: &text, overrides: &[] };
        let files = MemoryFiles::default();
        let scenario = Arc::new(read(&input, &files).expect("our own").scenario);
        let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("it begins");
        simulation.advance(Time::from_ms(1), &mut ()).expect("it goes on");
        let mut losses = Losses::new(&scenario, simulation.state(), Time::from_ms(1));
        // The fullest are lost first: three of three leave three empty; of four, two hold two.
        let spare = headroom::spare_hosts(&mut losses);
        let expected = match taken {
            0 => headroom::SPARE_MAX,
            _ => 6 - taken,
        };
        assert_eq!(spare, expected, "{taken}");
    }
}
