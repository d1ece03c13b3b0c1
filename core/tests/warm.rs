//! Placement that looks at what hosts have of images.

use fleetcast_core::fact::Fact;
use fleetcast_core::observe::{Observer, Transcript};
use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::{Simulation, run};
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::state::{Search, State};
use fleetcast_core::time::Time;
use std::sync::Arc;

fn scenario(text: &str, files: &MemoryFiles) -> Arc<Scenario> {
    let input = Input { file: "t.toml", text, overrides: &[] };
    let read = read(&input, files).unwrap_or_else(|problems| panic!("{problems:#?}"));
    Arc::new(read.scenario)
}

/// Four hosts, and VMs of one image or another, by seconds after the start: `a b a`. Where they go.
#[track_caller]
fn check(placement: &str, demand: &str, vms: &str, expected: &str) {
    let mut files = MemoryFiles::default();
    let mut demands = String::new();
    for image in ["a", "b", "c"] {
        let mut trace = String::from("arrival_s,lifetime_s,vcpu,mem_mib\n");
        for (place, _) in vms.split(' ').enumerate().filter(|(_, vm)| *vm == image) {
            trace += &format!("{},50000,1,1\n", 100 * (place + 1));
        }
        files.insert(format!("{image}.csv"), trace.clone().into_bytes());
        if trace.lines().count() > 1 {
            demands += &format!(
                "[[demand]]\nname = '{image}'\nimage = '{image}'\ntrace = '{image}.csv'\n{demand}\n"
            );
        }
    }
    let text = format!(
        "name = 'warm'\n[host-models.m]\ncpu = 4\nmemory = '8 GiB'\n\
         [[pools]]\nname = 'p'\nhosts = {{ model = 'm', count = 3 }}\n\
         [[pools]]\nname = 'q'\nhosts = {{ model = 'm', count = 1, labels = {{ disk = 'ssd' }} }}\n\
         [distribution]\nmode = 'registry'\nregistry = '1 GiB/s'\nhost = '1 GiB/s'\n\
         [images.a]\nlayers = {{ base = '400 MiB', app = '200 MiB' }}\n\
         [images.b]\nlayers = {{ base = '400 MiB', other = '300 MiB' }}\n\
         [images.c]\nsize = '100 MiB'\n[placement]\n{placement}\n{demands}"
    );
    let scenario = scenario(&text, &files);
    for search in [Search::Hosts, Search::Classes] {
        let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("all is there");
        simulation.search(search);
        let mut hosts = Hosts::default();
        simulation.advance(simulation.end(), &mut hosts).expect("all is there");
        assert_eq!(hosts.0.trim(), expected, "{placement}, {search:?}");
    }
}

#[derive(Default)]
struct Hosts(String);

impl Observer for Hosts {
    fn hear(&mut self, _: Time, fact: &Fact<'_>, _: &State) {
        if let Fact::Placed { host, .. } = fact {
            self.0 += &format!("{host} ");
        }
    }
}

#[test]
fn a_vm_goes_where_its_image_is() {
    // Most room first: without the image the second goes elsewhere.
    check("policy = 'worst-fit'", "", "a a a", "h0 h1 h2");
    check("policy = 'worst-fit'\nprefer-warm = true", "", "a a a", "h0 h0 h0");
    // Until there is no room.
    check("policy = 'worst-fit'\nprefer-warm = true", "", "a a a a a", "h0 h0 h0 h0 h1");
}

#[test]
fn a_layer_that_is_there_is_better_than_none() {
    // The one in common with `a` makes h0 lack less of `b`; `c` has nothing there.
    check("policy = 'worst-fit'\nprefer-warm = true", "", "a c b c", "h0 h1 h0 h1");
}

#[test]
fn what_a_demand_prefers_counts_before() {
    let likes = "prefers = [{ labels = { disk = 'ssd' }, weight = 1 }]";
    check("policy = 'first-fit'\nprefer-warm = true", likes, "a a", "h3 h3");
}

/// Kubernetes' plugin alone: an image counts by the share of hosts that have it, and one of 600 MiB
/// on one of four hosts counts 600 ÷ 4 of 23 to 1,000 MiB.
#[test]
fn image_locality_is_that_of_kubernetes() {
    let plugin = "policy = 'kubernetes'\nplugins = { image-locality = 1 }";
    check(plugin, "", "a a a", "h0 h0 h0");
    // An image of 100 MiB on a quarter of the hosts counts 25 MiB of 23 to 1,000: 0 points, as on
    // none. So the first host is as good.
    check(plugin, "", "a c c b", "h0 h0 h0 h0");
    let worst = "scores = [{ score = 'image-locality', weight = 1, normalise = 'none' }, \
                 { score = 'worst-fit', weight = 1 }]";
    check(worst, "", "a a a", "h0 h0 h0");
    let nearly = "scores = [{ score = 'image-locality', weight = 0.01, normalise = 'none' }, \
                  { score = 'worst-fit', weight = 1 }]";
    check(nearly, "", "a a a", "h0 h1 h2");
}

#[test]
fn the_account_tells_the_points() {
    let text = "name = 'warm'\nduration = '1 h'\n[host-models.m]\ncpu = 4\n[[pools]]\nname = 'p'\n\
                hosts = { model = 'm', count = 4 }\n[flavors.f]\ncpu = 1\n[distribution]\n\
                mode = 'p2p'\n[images.a]\nsize = '600 MiB'\n[[demand]]\nname = 'd'\nflavor = 'f'\n\
                image = 'a'\nlifetime = '1 day'\n\
                alive = { curve = 'steps', from = 1, steps = [{ at = '10 min', to = 2 }] }\n\
                [placement]\npolicy = 'kubernetes'\n";
    let mut simulation = Simulation::new(scenario(text, &MemoryFiles::default()), &NoFiles)
        .expect("no file is named");
    let undecided = simulation
        .advance_to_request(|id, _| id.0 == 1, &mut ())
        .expect("no trace is read")
        .expect("it comes");
    let account = simulation.explain(&undecided).scores.expect("it scores");
    let column = account.scorers.iter().position(|of| of.name == "ImageLocality").expect("one");
    let raw: Vec<f64> = account.rows.iter().map(|row| row.cells[column].raw).collect();
    // (600 ÷ 4 − 23) ÷ (1,000 − 23) = 12.9 %.
    assert_eq!(raw.iter().filter(|points| **points == 12.0).count(), 1, "{raw:?}");
    assert_eq!(raw.iter().filter(|points| **points == 0.0).count(), 3, "{raw:?}");
}

/// VMs of five images come and go, caches are small: the index decides as the scan does.
#[test]
fn the_index_decides_as_the_scan() {
    let images: String = (0..5)
        .map(|n| {
            format!(
                "[images.i{n}]\nlayers = {{ base = '300 MiB', l{n} = '{} MiB', m{} = '50 MiB' }}\n",
                100 + 60 * n,
                n % 2
            )
        })
        .collect();
    let demands: String = (0..5)
        .map(|n| {
            format!(
                "[[demand]]\nname = 'd{n}'\nflavors = {{ f = 1, g = 1 }}\nimage = 'i{n}'\n\
                 rate = '60 per hour'\nlifetime = {{ distribution = 'exponential', mean = '1 h' }}\n"
            )
        })
        .collect();
    let mut fetched = Vec::new();
    for placement in [
        "policy = 'first-fit'",
        "policy = 'last-fit'",
        "policy = 'next-fit'",
        "policy = 'next-fit-closed'",
        "policy = 'round-robin'",
        "policy = 'move-to-front'",
        "policy = 'random'",
        "policy = 'power-of-d'",
        "policy = 'best-fit'",
        "policy = 'worst-fit'",
        "policy = 'dot-product'",
        "policy = 'cosine'",
        "policy = 'epvm'",
        "policy = 'balance-fit'",
        "policy = 'greedy-extension'",
        "policy = 'lifetime-bucket'",
        "policy = 'nova'",
        "policy = 'nomad'",
        "policy = 'fgd'",
        "policy = 'kubernetes'",
        "rules = [{ score = 'image-locality' }, { score = 'best-fit' }]",
        "rules = [{ score = 'best-fit', quantum = 0.25 }]\nties = 'random'",
        "scores = [{ score = 'image-locality' }, { score = 'worst-fit', weight = 2 }]",
    ] {
        let is_own = placement.contains("image-locality") || placement.contains("kubernetes");
        for warm in ["", "\nprefer-warm = true"] {
            if is_own && !warm.is_empty() {
                continue;
            }
            let text = format!(
                "name = 't'\nduration = '6 h'\n[host-models.m]\ncpu = 8\n[host-models.n]\ncpu = 12\n\
                 [[pools]]\nname = 'p'\nhosts = {{ model = 'm', count = 30 }}\n\
                 [[pools]]\nname = 'q'\nhosts = {{ model = 'n', count = 15 }}\n\
                 [flavors.f]\ncpu = 1\n[flavors.g]\ncpu = 3\n\
                 [distribution]\nmode = 'p2p'\ncache = '700 MiB'\n{images}\n\
                 [placement]\n{placement}{warm}\n{demands}"
            );
            let scenario = scenario(&text, &MemoryFiles::default());
            let told = |search| {
                let mut simulation =
                    Simulation::new(Arc::clone(&scenario), &NoFiles).expect("no file is named");
                simulation.search(search);
                let mut transcript = Transcript::default();
                simulation.advance(simulation.end(), &mut transcript).expect("no trace is read");
                transcript
            };
            assert!(told(Search::Hosts) == told(Search::Classes), "{placement}{warm}");
            let report = run(&scenario, &NoFiles).expect("no file is named");
            let pulls = report.provisioning.and_then(|all| all.pulls).expect("they are told");
            fetched.push(pulls.fetched_gib);
            if !warm.is_empty() {
                let [cold, warm] = fetched[fetched.len() - 2..] else { unreachable!() };
                // Closed, it fills up at once and goes back to none.
                let is_less = warm < cold || placement.contains("closed");
                assert!(is_less, "{placement}: {warm} of {cold} GiB");
            }
        }
    }
}
