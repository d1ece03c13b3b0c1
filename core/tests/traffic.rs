//! Traffic of services through the engine: what is served, and instances that follow it.

use fleetcast_core::read::{Input, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{ImageId, Scenario, ServiceId};
use fleetcast_core::simulation::run;
use fleetcast_core::source::{MemoryFiles, NoFiles};
use fleetcast_core::time::{HOUR_MS, Time};
use fleetcast_core::traffic::headroom;
use fleetcast_core::trials::{self, Question};
use std::sync::Arc;

/// One service on hosts enough, with this traffic and rule.
fn scenario(duration: &str, boot: &str, instances: u32, keys: &str) -> Scenario {
    let text = format!(
        "name = 'traffic'\nstart = '2025-01-06'\nduration = '{duration}'\nresources = ['slots']\n\
         [host-models.large]\nslots = 1000\n\
         [[pools]]\nname = 'all'\nhosts = {{ model = 'large', count = 100 }}\n\
         [flavors.one]\nslots = 1\n[images.web]\nboot = '{boot}'\n\
         [[service]]\nname = 'web'\nimage = 'web'\nflavor = 'one'\ninstances = {instances}\n{keys}\n"
    );
    let input = Input { file: "traffic.toml", text: &text, overrides: &[] };
    match read(&input, &MemoryFiles::default()) {
        Ok(read) => read.scenario,
        Err(problems) => panic!("{text}\n{problems:#?}"),
    }
}

fn report(duration: &str, boot: &str, instances: u32, keys: &str) -> Report {
    let scenario = scenario(duration, boot, instances, keys);
    run(&Arc::new(scenario), &MemoryFiles::default()).expect("there are no files")
}

fn near(found: f64, expected: f64, relative: f64) {
    let off = (found - expected).abs();
    assert!(off <= relative * expected.abs() + 1e-6, "{found}, not {expected}");
}

#[test]
fn what_is_above_capacity_is_not_served() {
    // 10 instances serve 100 per second; for 2 hours of a day there come 150.
    let keys = "traffic = { rate = '75 per second', per-instance = '10 per second', \
                season = { events = [{ at = '10 hours', lasts = '2 hours', factor = 2 }] } }";
    let report = report("1 day", "1 min", 10, keys);
    let web = &report.traffic[0];
    near(web.requests, 75.0 * 86_400.0 + 75.0 * 7_200.0, 1e-3);
    near(web.unserved, 50.0 * 7_200.0, 0.02);
    near(web.overload_s, 7_200.0, 0.02);
    near(web.longest_overload_s, 7_200.0, 0.02);
    near(web.instance_hours, 240.0, 1e-9);
    assert_eq!((web.min_serving, web.peak_serving, web.scale_outs), (10, 10, 0));
}

/// Traffic that doubles every 10 minutes, and instances that serve a look and a boot later: a
/// target that leaves 2^(R/D) − 1 is enough, and one that leaves less is not.
#[test]
fn headroom_is_what_the_closed_form_says() {
    for (boot_min, expected) in [(1, 0.1487), (10, 1.1435)] {
        let needed = headroom((boot_min + 1) * 60_000, 600_000);
        near(needed, expected, 1e-3);
        let unserved = |headroom: f64| {
            let target = 100.0 / (1.0 + headroom);
            let instances = (2_000.0 * (1.0 + headroom)).ceil();
            let keys = format!(
                "traffic = {{ rate = '2000 per second', per-instance = '1 per second', \
                 flash = {{ at = '0 s', doubles-every = '10 min', to = 16 }} }}\n\
                 autoscale = {{ rule = 'target-tracking', target = '{target:.4}%', max = 90000 }}"
            );
            let boot = format!("{boot_min} min");
            let web = report("35 min", &boot, instances as u32, &keys).traffic[0].clone();
            near(web.scale_out_s.max, boot_min as f64 * 60.0, 1e-9);
            web.unserved / web.requests
        };
        assert_eq!(unserved(needed * 1.02), 0.0);
        assert!(unserved(needed * 0.95) > 0.0);
        assert!(unserved(needed * 0.5) > unserved(needed * 0.8));
    }
}

#[test]
fn instances_follow_the_day() {
    let keys = "traffic = { rate = '600 per second', per-instance = '10 per second', \
                season = { daily = { peak = 1.8, trough = 0.35 } } }\n\
                autoscale = { rule = 'hpa', target = '60%', min = 20, max = 400 }";
    let report = report("3 days", "1 min", 100, keys);
    let web = &report.traffic[0];
    assert_eq!(web.unserved, 0.0);
    // As many as the traffic wants on average; within the tolerance fewer at the peak.
    assert!((100.0..120.0).contains(&web.mean_instances), "{web:?}");
    assert!((164..=200).contains(&web.peak_serving), "{web:?}");
    assert!((30..=45).contains(&web.min_serving), "{web:?}");
    assert!(web.scale_outs > 10 && web.scale_ins > 10);
}

#[test]
fn while_a_rollout_is_under_way_the_number_stays() {
    // Traffic doubles while a rollout takes an hour: only then more are asked for.
    let keys = "traffic = { rate = '100 per second', per-instance = '10 per second', \
                flash = { at = '1 hour', doubles-every = '10 min', to = 2, lasts = '5 hours' } }\n\
                autoscale = { rule = 'target-tracking', target = '50%', max = 400 }\n\
                [[rollout]]\nservice = 'web'\nimage = 'web'\nat = '1 hour'\n\
                strategy = { name = 'red-black', keep-old = '1 hour' }";
    let report = report("5 hours", "1 min", 20, keys);
    let web = &report.traffic[0];
    assert_eq!((web.peak_serving, web.scale_outs), (40, 1), "{web:?}");
    assert_eq!(web.unserved, 0.0);
}

/// A rollout is measured by the instances that the rule wanted when it began, not by those that the
/// file begins with: in the run, and where it is only tried.
#[test]
fn a_rollout_goes_by_the_instances_that_there_are() {
    let keys = "traffic = { rate = '100 per second', per-instance = '10 per second', \
                flash = { at = '1 hour', doubles-every = '10 min', to = 4, lasts = '8 hours' } }\n\
                autoscale = { rule = 'target-tracking', target = '50%', max = 400 }\n\
                [[rollout]]\nservice = 'web'\nimage = 'web'\nat = '3 hours'\n\
                strategy = { name = 'rolling', max-surge = '10%', max-unavailable = 0 }";
    let rollout = &report("5 hours", "1 min", 20, keys).rollouts[0];
    assert_eq!((rollout.instances, rollout.surge_peak, rollout.min_available), (80, 8, 80));
    assert_eq!((rollout.peak_slots, rollout.unavailable_instance_s), (88, 0.0));

    let scenario = scenario("5 hours", "1 min", 20, keys);
    let question = Question {
        service: ServiceId::from_row(0),
        image: ImageId::from_row(0),
        at: Time::from_ms(3 * HOUR_MS),
        strategies: vec![scenario.rollouts[0].strategy.clone()],
        found_bad_after_ms: 300_000,
    };
    let tried = trials::compare(&scenario, &NoFiles, &question).expect("there are no files");
    assert_eq!((tried[0].went.replicas, tried[0].wants), (80, 8));
    let week = trials::best_hour(&scenario, &NoFiles, &question).expect("there are no files");
    assert_eq!(week.hours.iter().map(|hour| hour.wants).collect::<Vec<_>>(), [8, 8]);
    let account = trials::account(&scenario, &question, &tried, &week);
    assert!(account.answer.contains("80 of 80 instances serve at least"), "{}", account.answer);
    let bad = account.strategies[0].bad_image;
    near(bad.requests.expect("there is traffic"), 400.0 * bad.exposure_s, 1e-9);
}
