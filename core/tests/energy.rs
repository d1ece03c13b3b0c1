//! Energy, carbon and cost: by closed forms, and by a second account that walks over all hosts.

mod common;
#[path = "common/fleets.rs"]
mod fleets;
#[path = "common/ledger.rs"]
mod ledger;

use fleetcast_core::fact::Fact;
use fleetcast_core::grid::Grid;
use fleetcast_core::observe::{Energy, Fingerprint, Observer, Summary};
use fleetcast_core::power::{Model, watts, watts_or_off};
use fleetcast_core::read::{Input, Override, read};
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{Power, Scenario};
use fleetcast_core::simulation::{self, Simulation};
use fleetcast_core::source::{Files, MemoryFiles};
use fleetcast_core::state::{HostStatus, State};
use fleetcast_core::time::{HOUR_MS, Time, YEAR_MS};
use proptest::prelude::*;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

/// Ten hosts of 10 vCPU that draw 100 to 300 W, for 100 hours.
fn text(more: &str) -> String {
    format!(
        "name = 'e'\nduration = '100 h'\n\
         host-models.m = {{ cpu = 10, price = 8766, useful-life = '1 year', \
         power = {{ idle = '100 W', peak = '0.3 kW' }} }}\n\
         flavors.f = {{ cpu = 2 }}\n\
         [[pools]]\nname = 'p'\nhosts = {{ model = 'm', count = 10 }}\n\
         [[demand]]\nname = 'd'\nflavor = 'f'\nalive = 20\n{more}"
    )
}

fn scenario(text: &str, files: &dyn Files) -> Scenario {
    let input = Input { file: "e.toml", text, overrides: &[] };
    read(&input, files).unwrap_or_else(|problems| panic!("{problems:#?}")).scenario
}

fn run_with(text: &str, files: &dyn Files) -> Report {
    simulation::run(&Arc::new(scenario(text, files)), files).expect("no file goes away")
}

fn run(text: &str) -> Report {
    run_with(text, &MemoryFiles::default())
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs(), "{found}, not {expected}");
}

#[test]
fn a_constant_load_draws_what_the_formula_says() {
    // 20 VMs of 2 vCPU fill four hosts, as first-fit places them; six are idle.
    let report = run(&text("[energy]\npue = 1.5\nprice = 0.2\ncarbon = 400\n"));
    let energy = report.energy.expect("power is known");
    near(energy.hosts_kwh, (4.0 * 0.3 + 6.0 * 0.1) * 100.0);
    near(energy.kwh, 180.0 * 1.5);
    near(energy.mean_kw, 1.8);
    near(energy.peak_kw, 1.8);
    near(energy.carbon_kg.expect("the grid is known"), 270.0 * 0.4);
    near(energy.carbon_g_per_kwh.expect("the grid is known"), 400.0);
    let cost = report.cost.expect("there are prices");
    // 8,766 h are a year: each host costs 1 an hour.
    near(cost.hosts, 1_000.0);
    near(cost.energy, 54.0);
    near(cost.per_vm_hour.expect("there are VMs"), 1_054.0 / 2_000.0);
    near(cost.per_vcpu_hour.expect("there are VMs"), 1_054.0 / 4_000.0);
}

#[test]
fn hosts_without_vms_can_be_off() {
    let report = run(&text("[energy]\nempty-hosts = 'off'\n"));
    near(report.energy.expect("power is known").hosts_kwh, 4.0 * 0.3 * 100.0);
}

#[test]
fn cpu_that_is_given_out_need_not_be_at_work() {
    let report = run(&text("[energy]\nbusy = '25%'\n"));
    near(report.energy.expect("power is known").mean_kw, 10.0 * 0.1 + 4.0 * 0.25 * 0.2);
}

#[test]
fn with_the_linear_model_energy_goes_by_the_mean_use_whatever_the_policy() {
    let demand = "lifetime = { distribution = 'exponential', mean = '3 h' }\n";
    for policy in ["first-fit", "worst-fit", "random"] {
        let report = run(&text(&format!("{demand}[placement]\npolicy = '{policy}'\n")));
        let mean = report.utilisation["cpu"].mean;
        let kw = report.energy.expect("power is known").mean_kw;
        assert!((kw - (1.0 + 2.0 * mean)).abs() < 1e-4, "{policy}: {kw} at {mean}");
    }
}

#[test]
fn carbon_follows_the_hours_of_the_grid() {
    // 04:30 to 08:30 of a day whose hours go from 0 to 23 g.
    let hours: Vec<String> = (0..24).map(|hour| hour.to_string()).collect();
    let shape = format!("carbon = {{ level = 11.5, daily = [{}] }}", hours.join(", "));
    let at = |start: &str, energy: &str| {
        let text = text(&format!("[energy]\n{energy}\n"));
        format!("start = {start}\n{text}").replace("100 h", "4 h")
    };
    let report = run(&at("2024-03-01T04:30:00", &shape));
    let expected = 1.8 * (4.0 * 0.5 + 5.0 + 6.0 + 7.0 + 8.0 * 0.5) / 1e3;
    near(report.energy.expect("power is known").carbon_kg.expect("it is known"), expected);

    // The same from a file, which is repeated in both directions.
    let rows = (0..24).map(|hour| format!("2023-01-01T{hour:02}:00:00,{hour}\n"));
    let file = format!("time,nl\n{}", rows.collect::<String>());
    let mut files = MemoryFiles::default();
    files.insert("grid.csv", file.into_bytes());
    for start in ["2024-03-01T04:30:00", "2023-01-01T04:30:00", "1999-12-31T04:30:00"] {
        let text = at(start, "carbon = { file = 'grid.csv', column = 'nl' }");
        let energy = run_with(&text, &files).energy.expect("power is known");
        near(energy.carbon_kg.expect("it is known"), expected);
    }

    // Months: the run goes over the end of February of a leap year.
    let months = "carbon = { level = 100, monthly = [1, 2, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1] }";
    let energy = run(&at("2024-02-29T21:15:00", months)).energy.expect("power is known");
    near(energy.carbon_kg.expect("it is known"), 1.8 * 2.75 * 200.0 / 1e3);
}

#[test]
fn a_host_is_written_off_once() {
    // Half of its life is over at the start, so the other half is all that is left.
    let aged = "hosts = { model = 'm', count = 10, age = '0.5 years' }";
    let text = text("").replace("hosts = { model = 'm', count = 10 }", aged);
    let text =
        text.replace("100 h", "1 year").replace("price = 8766", "price = 8766, embodied = 1000");
    let report = run(&text);
    near(report.cost.expect("there is a price").hosts, 10.0 * 8_766.0 / 2.0);
    near(report.energy.expect("power is known").embodied_kg, 10.0 * 500.0);
}

#[test]
fn who_says_nothing_of_power_and_prices_gets_nothing() {
    let text = text("").replace("price = 8766, useful-life = '1 year', ", "");
    let cut = text.find(" power =").expect("it is there");
    let end = text[cut..].find(" } }").expect("it ends") + cut;
    let report = run(&format!("{}{}", text[..cut].trim_end_matches([',', ' ']), &text[end + 2..]));
    assert_eq!((report.energy, report.cost), (None, None));
}

/// What all hosts draw, by the VMs that are on them or on their way there.
fn walk(scenario: &Scenario, state: &State) -> i64 {
    let cpu = scenario.kinds.column("cpu");
    let mut used = vec![(0_i64, 0_u32); state.hosts.rows()];
    let mut add = |host: fleetcast_core::state::HostId, ask: fleetcast_core::state::Ask| {
        let amounts = state.shapes.get(ask.shape).amounts;
        used[host.row()].0 += cpu.map_or(0, |column| amounts[column]);
        used[host.row()].1 += 1;
    };
    state.vms.iter().for_each(|(_, vm)| add(vm.host, vm.ask));
    state.moves.iter().for_each(|(vm, to)| add(to, state.vms.get(vm).ask));
    let of = |host| {
        let model = scenario.host_types[state.hosts.host_type(host).row()].model;
        let model = &scenario.models[model.row()];
        let Some(Power { model: curve, idle_w, peak_w }) = &model.upkeep.power else { return 0 };
        if matches!(state.hosts.status(host), HostStatus::Down | HostStatus::Retired) {
            return 0;
        }
        let (taken, vms) = used[fleetcast_core::state::HostId::row(host)];
        let all = cpu.map_or(0, |column| model.effective[column]);
        let share = if all > 0 { taken as f64 / all as f64 } else { 0.0 } * scenario.energy.busy;
        let draws = match scenario.energy.switches_off {
            true if vms == 0 => watts_or_off(curve, *idle_w, *peak_w, 0.0),
            _ => watts(curve, *idle_w, *peak_w, share),
        };
        libm::round(draws * 1e3) as i64
    };
    state.hosts.ids().map(of).sum()
}

/// A second account: what was drawn after the last fact of an instant holds until the next.
struct Judge {
    scenario: Arc<Scenario>,
    since: Time,
    drawn_mw: i64,
    energy: i128,
    carbon: i128,
    /// Hosts that have not left: model, and when it was made.
    hosts: Vec<(usize, i64)>,
    /// By model.
    lives_ms: Vec<u128>,
}

impl Judge {
    fn new(scenario: &Arc<Scenario>) -> Self {
        Self {
            scenario: Arc::clone(scenario),
            since: Time::ZERO,
            drawn_mw: 0,
            energy: 0,
            carbon: 0,
            hosts: Vec::new(),
            lives_ms: vec![0; scenario.models.len()],
        }
    }
}

impl Observer for Judge {
    fn hear(&mut self, now: Time, _: &Fact<'_>, state: &State) {
        let ms = now.since_ms(self.since);
        self.energy += i128::from(self.drawn_mw) * i128::from(ms);
        if let Some(grid) = &self.scenario.energy.grid {
            // ms by ms: no prefix sums.
            let sum: u64 = (self.since.ms()..now.ms()).map(|ms| grid.at(ms)).sum();
            self.carbon += i128::from(self.drawn_mw) * i128::from(sum);
        }
        // Of each host that has not left, what of this time lies within its useful life.
        for (model, born_ms) in &self.hosts {
            let life_ms = self.scenario.models[*model].upkeep.life_ms as i64;
            let until = (now.ms() as i64).min(born_ms.saturating_add(life_ms));
            let from = (self.since.ms() as i64).max(*born_ms);
            self.lives_ms[*model] += u128::try_from(until - from).unwrap_or(0);
        }
        let hosts = &state.hosts;
        let model = |host| self.scenario.host_types[hosts.host_type(host).row()].model.row();
        let here = hosts.ids().filter(|host| hosts.status(*host) != HostStatus::Retired);
        self.hosts = here.map(|host| (model(host), hosts.born_ms(host))).collect();
        self.drawn_mw = walk(&self.scenario, state);
        self.since = now;
    }
}

fn agree(scenario: Arc<Scenario>, files: &dyn Files) {
    let mut observers = (Energy::new(&scenario).expect("power is known"), Judge::new(&scenario));
    let mut simulation = Simulation::new(Arc::clone(&scenario), files).expect("files are there");
    simulation.advance(simulation.end(), &mut observers).expect("files are there");
    let (energy, judge) = observers;
    let end = simulation.end();
    assert_eq!(energy.drawn.area(end), judge.energy);
    assert_eq!(energy.drawn.value, judge.drawn_mw);
    let by_model: i128 = energy.by_model.iter().map(|level| level.area(end)).sum();
    assert_eq!(by_model, judge.energy);
    assert_eq!(energy.carbon_area(end).unwrap_or(0), judge.carbon);
    assert_eq!(energy.used_ms, judge.lives_ms);
}

/// How hosts of each model draw, and what the grid is like.
fn powered() -> impl Strategy<Value = (Vec<Option<Power>>, bool, f64, Vec<u32>, u64)> {
    let curve = prop_oneof![
        Just(Model::Linear),
        Just(Model::Sqrt),
        Just(Model::Cubic),
        Just(Model::Mse { calibration: 1.4 }),
        Just(Model::Asymptotic { alpha: 0.3, has_dvfs: true }),
        Just(Model::Measured(vec![50.0, 90.5, 100.0, 333.3])),
    ];
    let power = (curve, 0.0..200.0f64, 0.0..500.0f64).prop_map(|(model, idle_w, more)| Power {
        model,
        idle_w,
        peak_w: idle_w + more,
    });
    let powers = prop::collection::vec(prop::option::weighted(0.8, power), 4);
    let grid = prop::collection::vec(0..1_000_000u32, 1..6);
    (powers, any::<bool>(), 0.0..=1.0f64, grid, 1..9_999u64)
}

fn with_power(
    scenario: &Scenario,
    (powers, switches_off, busy, grid, step_ms): (Vec<Option<Power>>, bool, f64, Vec<u32>, u64),
) -> Arc<Scenario> {
    let mut scenario = scenario.clone();
    for (row, model) in scenario.models.iter_mut().enumerate() {
        model.upkeep.power = powers[row % powers.len()].clone();
        model.upkeep.life_ms = [step_ms, 3 * step_ms, 5 * YEAR_MS][row % 3];
    }
    if !scenario.draws_power() {
        let power = Power { model: Model::Linear, idle_w: 10.0, peak_w: 20.0 };
        scenario.models[0].upkeep.power = Some(power);
    }
    scenario.energy.switches_off = switches_off;
    scenario.energy.busy = busy;
    scenario.energy.grid = Some(Grid::steps(step_ms, step_ms / 3, &grid));
    Arc::new(scenario)
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::with_cases(48) })]

    #[test]
    fn the_sum_of_changes_is_what_a_walk_over_all_hosts_finds(
        fleet in fleets::fleets(),
        power in powered(),
    ) {
        agree(with_power(&fleet.scenario, power), &fleet.files);
    }

    #[test]
    fn it_is_where_hosts_fail_and_vms_move(fleet in ledger::failing(), power in powered()) {
        agree(with_power(&fleet.scenario, power), &fleet.files);
    }
}

/// The files beside the scenarios.
struct Beside;

fn beside(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name)
}

impl Files for Beside {
    fn open(&self, name: &str) -> Result<Box<dyn std::io::Read>, String> {
        let file = File::open(beside(name)).map_err(|error| error.to_string())?;
        Ok(Box::new(std::io::BufReader::new(file)))
    }
}

/// What is drawn, held against the walk at so many instants of a run; facts stay as they are.
fn held_at(name: &str, set: &[(&str, &str)], looks: u64) {
    let text = std::fs::read_to_string(beside(name)).expect("the scenario is there");
    let set =
        set.iter().map(|(key, value)| Override { key: (*key).into(), value: (*value).into() });
    let overrides: Vec<Override> = set.collect();
    let input = Input { file: name, text: &text, overrides: &overrides };
    let plain = read(&input, &Beside).unwrap_or_else(|problems| panic!("{problems:#?}")).scenario;
    let power = Power { model: Model::Sqrt, idle_w: 100.0, peak_w: 350.0 };
    let powers = (vec![Some(power)], true, 0.8, vec![400_000], HOUR_MS);
    let scenario = with_power(&plain, powers);
    let mut observers = (Energy::new(&scenario).expect("power is known"), Fingerprint::new());
    let mut simulation = Simulation::new(Arc::clone(&scenario), &Beside).expect("files are there");
    for look in 1..=looks {
        let until = Time::from_ms(scenario.duration_ms * look / looks);
        simulation.advance(until, &mut observers).expect("files are there");
        let walked = walk(&scenario, simulation.state());
        assert_eq!(observers.0.drawn.value, walked, "{name} at {} ms", until.ms());
    }
    let mut fingerprint = Fingerprint::new();
    let mut simulation = Simulation::new(Arc::new(plain), &Beside).expect("files are there");
    simulation.advance(simulation.end(), &mut fingerprint).expect("files are there");
    assert_eq!(observers.1.hex(), fingerprint.hex(), "{name}");
}

#[test]
fn it_is_where_hosts_get_images_and_pools_change() {
    held_at("host-image.toml", &[], 5_000);
    held_at("mallcz.toml", &[], 500);
    held_at("rolling-at-peak.toml", &[], 500);
    held_at("batch.toml", &[("duration", "2 days")], 200);
    held_at("two-levels.toml", &[("duration", "2 days")], 200);
}

#[test]
fn the_summary_has_the_same() {
    let scenario = Arc::new(scenario(&text("[energy]\ncarbon = 1\n"), &MemoryFiles::default()));
    let mut observers = (Summary::new(&scenario), Energy::new(&scenario).expect("power is known"));
    let mut simulation =
        Simulation::new(Arc::clone(&scenario), &MemoryFiles::default()).expect("no file is named");
    simulation.advance(simulation.end(), &mut observers).expect("no file is named");
    let end = simulation.end();
    let summed = observers.0.energy.expect("power is known");
    assert_eq!(summed.drawn, observers.1.drawn);
    assert_eq!(summed.carbon_area(end), observers.1.carbon_area(end));
    assert_eq!(summed.used_ms, observers.1.used_ms);
}
