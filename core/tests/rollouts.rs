//! What holds in every rollout, whatever is rolled out on whatever: on random services, strategies
//! and fleets.

use fleetcast_core::rollout::analysis::{Check, Verdict};
use fleetcast_core::rollout::blue_green::{BlueGreen, Promotion};
use fleetcast_core::rollout::canary::{Canary, Step};
use fleetcast_core::rollout::figures::Figures;
use fleetcast_core::rollout::flagger::{Flagger, Weights};
use fleetcast_core::rollout::hosts::{Host, HostRollout};
use fleetcast_core::rollout::limits::{Amount, Limits};
use fleetcast_core::rollout::monetate::{Cutover, Pipeline};
use fleetcast_core::rollout::plan::{Deadline, Planner, Wait};
use fleetcast_core::rollout::recreate::Recreate;
use fleetcast_core::rollout::rolling::{Forecast, Rolling};
use fleetcast_core::rollout::routed::Routed;
use fleetcast_core::rollout::singularity::{Acceptance, Deploy, Groups};
use fleetcast_core::rollout::spinnaker::RedBlack;
use fleetcast_core::rollout::timeline::{self, Balancer, Checks, Outcome, Run, Service};
use fleetcast_core::time::Time;
use proptest::prelude::*;

/// Boots that all succeed, each as long as it likes.
fn healthy() -> impl Strategy<Value = Service> {
    let boots = prop::collection::vec(0u64..200, 1..8);
    (1u32..25, boots, 0u64..3, 0u64..3).prop_map(|(replicas, boots, min_ready, grace)| {
        let boots: Vec<_> = boots.into_iter().map(Some).collect();
        Service {
            replicas,
            old_boot_ms: boots.iter().rev().copied().collect(),
            new_boot_ms: boots,
            min_ready_ms: min_ready * 15,
            grace_ms: grace * 40,
            ..Service::default()
        }
    })
}

fn limits(replicas: u32, (surge, unavailable): (u32, u32)) -> Limits {
    Limits::rounded(replicas, Amount::Count(surge), Amount::Count(unavailable))
}

fn rolling(service: &Service, sizes: (u32, u32)) -> Rolling {
    let replicas = service.replicas;
    Rolling { replicas, limits: limits(replicas, sizes), deadline: None, undo_at: None }
}

/// Steps of which one analysis may send the rollout back.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    let check = |(ms, is_good)| {
        let verdict = if is_good { Verdict::Successful } else { Verdict::Failed };
        Step::Analysis(Check { ms, verdict })
    };
    let step = prop_oneof![
        3 => (0u32..=100).prop_map(Step::SetWeight),
        1 => (0u64..300).prop_map(|ms| Step::Pause(Some(ms))),
        2 => (0u64..300, prop::bool::weighted(0.8)).prop_map(check),
    ];
    prop::collection::vec(step, 0..6)
}

fn runs(planner: &dyn Planner, service: &Service) -> Run {
    let run = timeline::run(planner, service);
    assert_eq!(run, timeline::run(planner, service), "one input has one answer");
    let rows = &run.rows;
    assert!(rows.windows(2).all(|pair| pair[0].at < pair[1].at), "time goes on: {rows:?}");
    for row in rows {
        let held = row.old + row.new - row.pending + row.terminating;
        assert_eq!(held, row.used, "a slot is held by an instance: {row:?}");
        assert!(row.new_available <= row.new_ready && row.new_ready <= row.new, "{row:?}");
        assert!(service.capacity.is_none_or(|slots| row.used <= slots), "{row:?}");
    }
    run
}

/// Whether nothing is left but one version, whole and available.
fn is_whole(run: &Run, replicas: u32, is_new: bool) -> bool {
    let last = run.rows.last().expect("there is a row");
    let (there, gone) = if is_new { (last.new, last.old) } else { (last.old, last.new) };
    let available = if is_new { last.new_available } else { last.old_available };
    (there, available, gone, last.terminating, last.used) == (replicas, replicas, 0, 0, replicas)
}

fn keeps(run: &Run, replicas: u32, limits: Limits) {
    for row in &run.rows {
        let available = row.old_available + row.new_available;
        assert!(available >= replicas - limits.unavailable, "too few: {row:?} of {limits:?}");
        assert!(row.used - row.terminating <= replicas + limits.surge, "too many: {row:?}");
    }
}

proptest! {
    #[test]
    fn a_rolling_update_keeps_its_limits_and_gets_there(
        service in healthy(),
        sizes in (0u32..9, 0u32..9),
    ) {
        let planner = rolling(&service, sizes);
        let run = runs(&planner, &service);
        keeps(&run, service.replicas, planner.limits);
        prop_assert_eq!(run.outcome, Outcome::Complete);
        prop_assert!(is_whole(&run, service.replicas, true));
    }

    #[test]
    fn constant_boots_come_in_waves(
        service in healthy(),
        boot in 1u64..100,
        sizes in (0u32..9, 0u32..9),
    ) {
        let service = Service { new_boot_ms: vec![Some(boot)], ..service };
        let planner = rolling(&service, sizes);
        let run = runs(&planner, &service);
        let wave = planner.limits.surge + planner.limits.unavailable;
        let waves = u64::from(service.replicas.div_ceil(wave));
        prop_assert_eq!(run.ended_at.ms(), waves * (boot + service.min_ready_ms));
    }

    #[test]
    fn an_undone_update_ends_where_it_began(
        service in healthy(),
        sizes in (0u32..9, 0u32..9),
        undo_ms in 0u64..400,
        is_bad in any::<bool>(),
    ) {
        let boots = if is_bad { vec![Some(20), None] } else { service.new_boot_ms.clone() };
        let service = Service { new_boot_ms: boots, ..service };
        let undo_at = Some(Time::from_ms(undo_ms));
        let planner = Rolling { undo_at, ..rolling(&service, sizes) };
        let run = runs(&planner, &service);
        keeps(&run, service.replicas, planner.limits);
        let has_turned_back = run.outcome == Outcome::TurnedBack;
        prop_assert!(has_turned_back || run.ended_at.ms() <= undo_ms);
        prop_assert!(is_whole(&run, service.replicas, !has_turned_back));
    }

    #[test]
    fn a_bad_image_is_turned_back_at_its_deadline(
        service in healthy(),
        sizes in (0u32..9, 0u32..9),
        deadline_ms in 1u64..500,
    ) {
        let service = Service { new_boot_ms: vec![None], ..service };
        let deadline = Deadline { ms: deadline_ms, turns_back: true };
        let planner = Rolling { deadline: Some(deadline), ..rolling(&service, sizes) };
        let run = runs(&planner, &service);
        keeps(&run, service.replicas, planner.limits);
        prop_assert_eq!(run.outcome, Outcome::TurnedBack);
        prop_assert_eq!(run.turned_back_at, Some(Time::from_ms(deadline_ms)));
        prop_assert!(is_whole(&run, service.replicas, false));
        prop_assert_eq!(Figures::new(&run, service.replicas).exposure_ms, 0.0);
    }

    /// What is said before the run is what the run shows.
    #[test]
    fn a_deadlock_is_foreseen(
        service in healthy(),
        sizes in (0u32..5, 0u32..3),
        free in 0u32..5,
    ) {
        let replicas = service.replicas;
        // A boot that takes no time would be over before anybody saw who had no slot.
        let boots = service.new_boot_ms.iter().map(|ms| ms.max(&Some(1)).to_owned()).collect();
        let capacity = Some(replicas + free);
        let service = Service { capacity, new_boot_ms: boots, ..service };
        let planner = rolling(&service, sizes);
        let run = runs(&planner, &service);
        let missing = run.rows.iter().map(|row| row.pending).max();
        match planner.forecast(free) {
            Forecast::Deadlock => {
                prop_assert_eq!(run.outcome, Outcome::Stuck);
                let lacks_slots = matches!(run.stuck_on(), Some(Wait::Slots { .. }));
                prop_assert!(lacks_slots, "{:?}", run.waits);
                let last = run.rows.last().expect("there is a row");
                prop_assert_eq!(last.old_available, replicas, "and users notice nothing");
            }
            Forecast::Slower { .. } => {
                prop_assert_eq!(run.outcome, Outcome::Complete);
                prop_assert!(missing > Some(0), "it had to wait");
            }
            Forecast::Fits => {
                prop_assert_eq!(run.outcome, Outcome::Complete);
                prop_assert!(missing == Some(0) || service.grace_ms > 0);
            }
        }
        prop_assert!(run.rows.iter().all(|row| row.used <= replicas + free));
    }

    #[test]
    fn a_canary_keeps_its_limits_and_ends_whole(
        service in healthy(),
        sizes in (0u32..6, 0u32..6),
        steps in steps(),
    ) {
        let replicas = service.replicas;
        let planner = Canary { replicas, limits: limits(replicas, sizes), steps };
        let run = runs(&planner, &service);
        keeps(&run, replicas, planner.limits);
        let goes_back = run.turned_back_at.is_some();
        let outcome = if goes_back { Outcome::TurnedBack } else { Outcome::Complete };
        prop_assert_eq!(run.outcome, outcome);
        prop_assert!(is_whole(&run, replicas, !goes_back));
    }

    #[test]
    fn with_a_router_nobody_misses_an_instance(
        service in healthy(),
        steps in steps(),
        shrinks_old in any::<bool>(),
    ) {
        let replicas = service.replicas;
        let planner = Routed {
            replicas,
            steps,
            shrinks_old,
            scale_down_delay_ms: 30,
            abort_scale_down_delay_ms: 30,
        };
        let run = runs(&planner, &service);
        prop_assert!(run.rows.iter().all(|row| row.serving() >= replicas), "{:?}", run.rows);
        prop_assert!(run.rows.iter().all(|row| row.used - row.terminating <= 2 * replicas));
        let goes_back = run.turned_back_at.is_some();
        prop_assert!(is_whole(&run, replicas, !goes_back));
        if goes_back && !shrinks_old {
            prop_assert_eq!(Figures::new(&run, replicas).turn_back_ms, Some(0));
        }
    }

    #[test]
    fn blue_green_serves_by_one_whole_stack(
        service in healthy(),
        preview in 0u32..30,
        checks in prop::array::uniform2(prop::option::of((0u64..300, any::<bool>()))),
        after_ms in 0u64..300,
    ) {
        let replicas = service.replicas;
        let [before, after] = checks.map(|check| check.map(|(ms, is_good)| {
            let verdict = if is_good { Verdict::Successful } else { Verdict::Failed };
            Check { ms, verdict }
        }));
        let planner = BlueGreen {
            replicas,
            preview,
            before,
            promotion: Promotion::After(after_ms),
            after,
            scale_down_delay_ms: 30,
            abort_scale_down_delay_ms: 30,
            deadline: Some(Deadline { ms: 600, turns_back: false }),
        };
        let run = runs(&planner, &service);
        prop_assert!(run.rows.iter().all(|row| row.serving() == replicas));
        prop_assert!(run.rows.iter().all(|row| !row.is_mixed()));
        let is_good = |check: Option<Check>| {
            check.is_none_or(|check| check.verdict == Verdict::Successful)
        };
        prop_assert!(is_whole(&run, replicas, is_good(before) && is_good(after)));
        let figures = Figures::new(&run, replicas);
        if !is_good(before) {
            prop_assert_eq!(figures.exposure_ms, 0.0);
        }
        prop_assert_eq!(figures.turn_back_ms, run.turned_back_at.map(|_| 0));
        prop_assert_eq!(run.overdue_at, None);
    }

    /// Bad images, and slots that are short: it may stop, but then it says on what.
    #[test]
    fn whatever_happens_a_rollout_comes_to_rest(
        service in healthy(),
        boots in prop::collection::vec(prop::option::weighted(0.7, 0u64..200), 1..8),
        free in prop::option::of(0u32..6),
        sizes in (0u32..6, 0u32..6),
        steps in steps(),
        shrinks_old in any::<bool>(),
        bad_in_step in prop::option::of(0usize..26),
    ) {
        let replicas = service.replicas;
        let capacity = free.map(|free| replicas + free);
        let service = Service { new_boot_ms: boots, capacity, ..service };
        let limits = limits(replicas, sizes);
        let delays = (30, 30);
        let flagger = Flagger {
            interval_ms: 50,
            threshold: 1,
            weights: Weights::Steps { step: 20, max: 50 },
            step_weight_promotion: 0,
            replicas,
            canary_replicas: replicas,
            primary: limits,
            deadline_ms: 300,
        };
        let deploy = Deploy {
            replicas,
            poll_ms: 50,
            is_balanced: true,
            groups: Some(Groups { size: 1, cycles: 2 }),
            acceptance: Acceptance::Checks,
            overdue_ms: 300,
        };
        let red_black = RedBlack {
            replicas,
            percentages: vec![20, 50],
            delay_before_cleanup_ms: 30,
            scale_down_ms: Some(30),
        };
        let pipeline = Pipeline {
            replicas,
            few: 2,
            work_ms: [10; 13],
            wait_ms: [3; 13],
            fails_in: None,
            cutover: Cutover::Partial,
        };
        let checks = Checks { bad_in_step: bad_in_step.into_iter().collect(), ..Checks::default() };
        let service = Service { checks, ..service };
        let planners: [Box<dyn Planner>; 8] = [
            Box::new(flagger),
            Box::new(deploy),
            Box::new(red_black),
            Box::new(pipeline),
            Box::new(rolling(&service, sizes)),
            Box::new(Recreate { replicas }),
            Box::new(Canary { replicas, limits, steps: steps.clone() }),
            Box::new(Routed {
                replicas,
                steps,
                shrinks_old,
                scale_down_delay_ms: delays.0,
                abort_scale_down_delay_ms: delays.1,
            }),
        ];
        for planner in planners {
            let run = runs(planner.as_ref(), &service);
            let is_done = matches!(run.outcome, Outcome::Complete | Outcome::TurnedBack);
            prop_assert_eq!(run.stuck_on().is_none(), is_done);
            if run.outcome == Outcome::TurnedBack {
                prop_assert!(is_whole(&run, replicas, false), "{:?}", run.rows.last());
            }
        }
    }

    #[test]
    fn to_recreate_takes_no_slot_more(service in healthy()) {
        let replicas = service.replicas;
        let run = runs(&Recreate { replicas }, &service);
        prop_assert!(is_whole(&run, replicas, true));
        let figures = Figures::new(&run, replicas);
        prop_assert_eq!((figures.surge_peak, figures.mixed_ms), (0, 0));
    }

    #[test]
    fn flagger_takes_its_looks(
        boot in 0u64..400,
        roll in 0u64..400,
        step in 1u32..60,
        max in 1u32..=100,
        interval in 10u64..100,
    ) {
        let flagger = Flagger {
            interval_ms: interval,
            threshold: 1,
            weights: Weights::Steps { step, max },
            step_weight_promotion: 0,
            replicas: 3,
            canary_replicas: 3,
            primary: Limits { surge: 3, unavailable: 0 },
            deadline_ms: 10_000,
        };
        let boots = [[boot; 3], [roll; 3]].concat().into_iter().map(Some).collect();
        let service = Service { replicas: 3, new_boot_ms: boots, ..Service::default() };
        let run = runs(&flagger, &service);
        prop_assert_eq!(run.outcome, Outcome::Complete);
        prop_assert!(is_whole(&run, 3, true));
        let ready = boot.div_ceil(interval).max(1);
        let weights = u64::from(max.div_ceil(step));
        let rolled = roll.div_ceil(interval).max(1);
        prop_assert_eq!(run.ended_at.ms(), (ready + weights + rolled + 1) * interval);
    }

    #[test]
    fn an_atomic_deploy_takes_its_polls_and_a_failed_one_changes_nothing(
        replicas in 1u32..20,
        boot in 1u64..500,
        apply in 1u64..500,
        poll in 1u64..60,
        balancers_fail in any::<bool>(),
    ) {
        let deploy = Deploy {
            replicas,
            poll_ms: poll,
            is_balanced: true,
            groups: None,
            acceptance: Acceptance::None,
            overdue_ms: 10_000,
        };
        let balancer = Balancer { apply_ms: apply, revert_ms: 3, fails: balancers_fail };
        let new_boot_ms = vec![Some(boot)];
        let service = Service { replicas, new_boot_ms, balancer, ..Service::default() };
        let run = runs(&deploy, &service);
        prop_assert!(run.rows.iter().all(|row| row.serving() == replicas));
        if balancers_fail {
            prop_assert_eq!(run.outcome, Outcome::TurnedBack);
            prop_assert!(run.rows.iter().all(|row| row.new_serving == 0 && row.old == replicas));
            prop_assert!(is_whole(&run, replicas, false));
        } else {
            let polls = boot.div_ceil(poll) + apply.div_ceil(poll) + 1;
            prop_assert_eq!((run.outcome, run.ended_at.ms()), (Outcome::Complete, polls * poll));
            prop_assert!(is_whole(&run, replicas, true));
        }
    }

    #[test]
    fn no_vm_is_lost_on_the_way_to_a_new_host_image(
        hosts in prop::collection::vec((prop::collection::vec(1u64..40, 0..5), 0u8..3), 1..9),
        batch in 1usize..4,
        parallel_per_host in 1usize..3,
        prefers_updated in any::<bool>(),
    ) {
        let host = |(row, (vms, domain)): (usize, (Vec<u64>, u8))| {
            let mut vms = vms;
            while vms.iter().sum::<u64>() > 64 {
                vms.pop();
            }
            Host { name: format!("h{row}"), domain: format!("r{domain}"), capacity: 64, vms }
        };
        let hosts: Vec<Host> = hosts.into_iter().enumerate().map(host).collect();
        let rollout = HostRollout {
            batch,
            migrate_ms_per_unit: 8,
            parallel_per_host,
            parallel: None,
            reimage_ms: 100,
            prefers_updated,
        };
        let sizes = |hosts: &[Host]| {
            let mut sizes: Vec<u64> = hosts.iter().flat_map(|host| host.vms.clone()).collect();
            sizes.sort_unstable();
            sizes
        };
        let run = rollout.run(hosts.clone());
        prop_assert_eq!(sizes(&run.hosts), sizes(&hosts));
        for host in &run.hosts {
            prop_assert!(host.vms.iter().sum::<u64>() <= host.capacity);
        }
        match run.stuck {
            None => prop_assert_eq!(run.hosts_done, hosts.len()),
            Some(stuck) => {
                prop_assert!(run.hosts_done < hosts.len());
                prop_assert!(run.hosts[stuck.host].vms.contains(&stuck.size));
            }
        }
    }
}
