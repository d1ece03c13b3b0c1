//! Energy: what hosts draw, and what that costs.

use super::check::{Check, Table, node_text};
use super::fields::{EMPTY_HOSTS, Field, POWER_MODELS, carbon, energy, host_model, power, root};
use super::findings::At;
use super::fleet::{Fleet, Model};
use super::load::factors;
use super::tree::{Node, Value};
use crate::grid::{self, Grid, MG_MAX};
use crate::intensities::read_intensities;
use crate::power::Model as Curve;
use crate::problem::Problems;
use crate::resources::{Builtin, Kinds};
use crate::scenario::energy::WATTS_MAX;
use crate::scenario::{Energy, Power, Upkeep};
use crate::time::{DAY_MS, HOUR_MS};
use crate::units::{self, shorten};
use std::collections::BTreeSet;

/// The points of a measured host: SPECpower has eleven.
const POINTS_MAX: usize = 101;

/// The longest run with months of its own: a century of hours.
const MONTHLY_MS_MAX: u64 = 1_000_000 * HOUR_MS;

/// The column of a file that says g of CO2e a kWh, where the scenario does not.
const COLUMN: &str = "g_per_kwh";

/// Reads what hosts of a model cost beside their price.
pub(crate) fn read_upkeep(check: &mut Check<'_>, table: &Table<'_>, has_price: bool) -> Upkeep {
    use host_model::{EMBODIED, POWER, USEFUL_LIFE};
    let power = table.get(&POWER).and_then(|node| read_power(check, node));
    let embodied = table.get(&EMBODIED).and_then(|node| {
        let kg = check.number(EMBODIED.key, node, 0.0, 1e6)?;
        Some(libm::round(kg * 1e3) as u64)
    });
    let life_ms = table.get(&USEFUL_LIFE).and_then(|node| {
        if !has_price && table.get(&EMBODIED).is_none() {
            let message = format!("`{}` decides nothing: nothing is written off", USEFUL_LIFE.key);
            check.warning(table.at_key(&USEFUL_LIFE), message, "add a `price`, or `embodied`");
        }
        check.length_ms(USEFUL_LIFE.key, node, DAY_MS)
    });
    Upkeep { power, life_ms: life_ms.unwrap_or(Upkeep::LIFE_MS), embodied_g: embodied.unwrap_or(0) }
}

fn read_power(check: &mut Check<'_>, node: &Node) -> Option<Power> {
    use power::{ALPHA, CALIBRATION, DVFS, IDLE, MODEL, PEAK, POINTS};
    let table = check.open(host_model::POWER.key, node, node.at, &[&power::SECTION])?;
    if let Some(points) = table.get(&POINTS) {
        let others = [&IDLE, &PEAK, &MODEL, &CALIBRATION, &ALPHA, &DVFS];
        refuse(check, &table, &others, "points say it all");
        return read_points(check, points);
    }
    let idle = table.must(check, &IDLE);
    let peak = table.must(check, &PEAK);
    let idle_w = idle.and_then(|node| watts(check, IDLE.key, node));
    let peak_w = peak.and_then(|node| watts(check, PEAK.key, node));
    if let (Some(low), Some(high)) = (idle_w, peak_w)
        && low > high
    {
        let message = "an idle host draws more than a busy one";
        check.error_hint(table.at_key(&IDLE), message, "`peak` is at least `idle`");
        return None;
    }
    let name = match table.get(&MODEL) {
        Some(node) => check.choice(MODEL.key, node, "power model", POWER_MODELS)?,
        None => "linear",
    };
    let of_others: &[&'static Field] = match name {
        "mse" => &[&ALPHA, &DVFS],
        "asymptotic" => &[&CALIBRATION],
        _ => &[&CALIBRATION, &ALPHA, &DVFS],
    };
    refuse(check, &table, of_others, &format!("`model` is `{name}`"));
    let model = match name {
        "constant" => Curve::Constant,
        "sqrt" => Curve::Sqrt,
        "square" => Curve::Square,
        "cubic" => Curve::Cubic,
        "mse" => {
            let calibration = match table.get(&CALIBRATION) {
                Some(node) => check.positive(CALIBRATION.key, node, 100.0)?,
                None => 1.4,
            };
            Curve::Mse { calibration }
        }
        "asymptotic" => {
            let alpha = table.must(check, &ALPHA);
            let alpha = alpha.and_then(|node| check.positive(ALPHA.key, node, 100.0))?;
            let has_dvfs = match table.get(&DVFS) {
                Some(node) => check.flag(DVFS.key, node)?,
                None => false,
            };
            Curve::Asymptotic { alpha, has_dvfs }
        }
        _ => Curve::Linear,
    };
    Some(Power { model, idle_w: idle_w?, peak_w: peak_w? })
}

/// Keys that say nothing beside another.
fn refuse(check: &mut Check<'_>, table: &Table<'_>, fields: &[&'static Field], why: &str) {
    for field in fields {
        if table.get(field).is_some() {
            let message = format!("`{}` says nothing here: {why}", field.key);
            check.error_hint(table.at_key(field), message, "delete it");
        }
    }
}

fn read_points(check: &mut Check<'_>, node: &Node) -> Option<Power> {
    let key = power::POINTS.key;
    let nodes = check.list(key, node, false);
    if !(2..=POINTS_MAX).contains(&nodes.len()) {
        let message = format!("`{key}` has 2 to {POINTS_MAX} values, from idle to full use");
        check.error_hint(node.at, message, "SPECpower measures eleven, at 0%, 10%, … 100%");
        return None;
    }
    let points: Vec<Option<f64>> = nodes.iter().map(|node| watts(check, key, node)).collect();
    let points: Vec<f64> = points.into_iter().collect::<Option<_>>()?;
    let (idle_w, peak_w) = (points[0], points[points.len() - 1]);
    Some(Power { model: Curve::Measured(points), idle_w, peak_w })
}

/// A power in W, at most [`WATTS_MAX`].
fn watts(check: &mut Check<'_>, key: &str, node: &Node) -> Option<f64> {
    let text = match &node.value {
        Value::Number(text) | Value::Text(text) => text,
        _ => {
            let message = format!("`{key}` is a power, not {}", node.kind());
            check.error_hint(node.at, message, "write it like `\"350 W\"`");
            return None;
        }
    };
    match units::parse_watts(text) {
        Ok(watts) if watts <= WATTS_MAX => Some(watts),
        Ok(_) => {
            let message = format!("`{}` is more than 100 kW", shorten(text));
            check.error_hint(node.at, message, "it is the power of one host");
            None
        }
        Err(mistake) => {
            check.mistake(node.at, mistake);
            None
        }
    }
}

/// Reads what energy costs; once the run's length is known.
pub(crate) fn read_energy(
    check: &mut Check<'_>,
    node: Option<&Node>,
    fleet: &Fleet,
    kinds: &Kinds,
) -> Option<Energy> {
    let is_known = warn_of_power(check, fleet, kinds);
    let Some(node) = node else { return Some(Energy::default()) };
    use energy::{BUSY, CARBON, EMPTY_HOSTS as EMPTY, PRICE, PUE};
    let table = check.open(root::ENERGY.key, node, node.at, &[&energy::SECTION])?;
    if !is_known && !check.findings.has_errors() {
        let message = "`[energy]` decides nothing: it is not known what any host draws";
        let hint = "say it in a host model: `power = { idle = \"100 W\", peak = \"350 W\" }`";
        check.warning(table.at, message, hint);
    }
    let pue = match table.get(&PUE) {
        Some(node) => check.number(PUE.key, node, 1.0, 10.0),
        None => Some(1.0),
    };
    let price = match table.get(&PRICE) {
        Some(node) => check.number(PRICE.key, node, 0.0, 1e9).map(Some),
        None => Some(None),
    };
    let grid = match table.get(&CARBON) {
        Some(node) => read_carbon(check, node).map(Some),
        None => Some(None),
    };
    let busy = match table.get(&BUSY) {
        Some(node) => check.share(BUSY.key, node).filter(|share| {
            if *share > 1.0 {
                check.error(node.at, format!("`{}` is at most 100%", BUSY.key));
            }
            *share <= 1.0
        }),
        None => Some(1.0),
    };
    let switches_off = match table.get(&EMPTY) {
        Some(node) => check.choice(EMPTY.key, node, "state", EMPTY_HOSTS).map(|off| off == "off"),
        None => Some(false),
    };
    Some(Energy { pue: pue?, price: price?, grid: grid?, busy: busy?, switches_off: switches_off? })
}

/// Whether it is known what any host draws; if so, of which it is not.
fn warn_of_power(check: &mut Check<'_>, fleet: &Fleet, kinds: &Kinds) -> bool {
    let models = fleet.types.iter().map(|host_type| &fleet.models[host_type.model]);
    let (known, unknown): (Vec<&Model>, Vec<&Model>) =
        models.partition(|model| model.upkeep.power.is_some());
    if known.is_empty() {
        return fleet.models.iter().any(|model| model.upkeep.power.is_some());
    }
    let names: BTreeSet<&str> = unknown.iter().map(|model| model.name.as_str()).collect();
    for name in names {
        let message = format!("hosts of `{}` count as drawing nothing", shorten(name));
        let hint = "say what they draw with `power` in their host model; hosts of an inventory have \
                    one through its column `model`";
        check.warning(At::File, message, hint);
    }
    if kinds.column(Builtin::Cpu.name()).is_none() && !check.findings.has_errors() {
        let message = "no request asks for cpu, so all hosts draw what idle ones do";
        check.warning(At::File, message, "let flavors ask for `cpu`");
    }
    true
}

/// The carbon of a kWh: a number, a region, or a table.
fn read_carbon(check: &mut Check<'_>, node: &Node) -> Option<Grid> {
    use carbon::{DAILY, FILE, LEVEL, MONTHLY};
    if !matches!(node.value, Value::Table(_)) {
        return read_level(check, energy::CARBON.key, node).map(Grid::constant);
    }
    let table = check.open(energy::CARBON.key, node, node.at, &[&carbon::SECTION])?;
    if let Some(file) = table.get(&FILE) {
        refuse(check, &table, &[&LEVEL, &DAILY, &MONTHLY], "a file says it all");
        return read_file(check, &table, file);
    }
    refuse(check, &table, &[&carbon::COLUMN], "there is no `file`");
    let level = table.must(check, &LEVEL);
    let level = level.and_then(|node| read_level(check, LEVEL.key, node));
    let daily: [f64; 24] = match table.get(&DAILY) {
        Some(node) => read_factors(check, DAILY.key, node)?,
        None => [1.0; 24],
    };
    let monthly: Option<[f64; 12]> = match table.get(&MONTHLY) {
        Some(node) => Some(read_factors(check, MONTHLY.key, node)?),
        None => None,
    };
    shaped(check, node, level?, &daily, monthly.as_ref())
}

/// g of CO2e a kWh, or the name of a region: in mg.
fn read_level(check: &mut Check<'_>, key: &str, node: &Node) -> Option<u32> {
    match &node.value {
        Value::Number(_) => {
            let grams = check.number(key, node, 0.0, f64::from(MG_MAX) / 1e3)?;
            Some(libm::round(grams * 1e3) as u32)
        }
        Value::Text(name) => {
            let known = grid::region(name);
            if known.is_none() {
                let regions = grid::REGIONS.iter().map(|(region, _)| *region);
                let message = format!("no region is called `{}`", shorten(name));
                let hint = match check.alike(name, regions) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => "use one of AWS, Azure or GCP as in `eu-central-1`, or g of CO2e a kWh"
                        .to_owned(),
                };
                check.error_hint(node.at, message, hint);
            }
            known
        }
        _ => {
            let message = format!("`{key}` is not {}", node_text(node));
            let hint = "write g of CO2e a kWh like `412`, or a region like `\"eu-central-1\"`";
            check.error_hint(node.at, message, hint);
            None
        }
    }
}

/// Factors with a mean of 1.
fn read_factors<const N: usize>(check: &mut Check<'_>, key: &str, node: &Node) -> Option<[f64; N]> {
    if !matches!(node.value, Value::List(_)) {
        let message = format!("`{key}` is a list of {N} numbers, not {}", node.kind());
        check.error(node.at, message);
        return None;
    }
    let factors: [f64; N] = factors(check, key, node)?;
    let mean = factors.iter().sum::<f64>() / N as f64;
    Some(factors.map(|factor| factor / mean))
}

/// A level that goes up and down with the hours and the months of the scenario's clock.
fn shaped(
    check: &mut Check<'_>,
    node: &Node,
    level_mg: u32,
    daily: &[f64; 24],
    monthly: Option<&[f64; 12]>,
) -> Option<Grid> {
    let start = check.calendar.start;
    let into_hour_ms = start.duration_since(start.date().at(start.hour(), 0, 0, 0)).as_millis();
    let into_hour_ms = u64::try_from(into_hour_ms).unwrap_or(0);
    let mut is_too_much = false;
    let mut mg = |factor: f64| {
        let mg = libm::round(f64::from(level_mg) * factor);
        is_too_much |= mg > f64::from(MG_MAX);
        mg.min(f64::from(MG_MAX)) as u32
    };
    let hour = u64::from(start.hour().unsigned_abs());
    let grid = match monthly {
        None => {
            let steps: Vec<u32> = daily.iter().map(|factor| mg(*factor)).collect();
            Grid::steps(HOUR_MS, hour * HOUR_MS + into_hour_ms, &steps)
        }
        Some(monthly) => {
            let run_ms = check.run_ms();
            if run_ms > MONTHLY_MS_MAX {
                let message = "months can only be told apart in runs of up to a century";
                check.error_hint(node.at, message, "shorten the run, or delete `monthly`");
                return None;
            }
            let hours = (into_hour_ms + run_ms) / HOUR_MS + 1;
            let step = |number: u64| {
                let at = check.calendar.at(crate::time::Time::from_ms(number * HOUR_MS));
                let month = monthly[usize::from(at.month().unsigned_abs()) - 1];
                mg(month * daily[((hour + number) % 24) as usize])
            };
            Grid::steps(HOUR_MS, into_hour_ms, &(0..hours).map(step).collect::<Vec<_>>())
        }
    };
    if is_too_much {
        check.error(node.at, "this comes to more than 10,000 g a kWh");
        return None;
    }
    Some(grid)
}

/// Rows over and over again: the run begins at the row of its start, or, if the file does not go
/// so far, in one of its repetitions.
fn read_file(check: &mut Check<'_>, table: &Table<'_>, node: &Node) -> Option<Grid> {
    let column = match table.get(&carbon::COLUMN) {
        Some(node) => check.name(carbon::COLUMN.key, node)?,
        None => COLUMN,
    };
    let name = check.file(carbon::FILE.key, node)?;
    let reader = check.open_file(node, name)?;
    let mut problems = Problems::default();
    let read = read_intensities(name, column, reader, &mut problems);
    check.findings.adopt(node.at, problems);
    let read = read?;
    let round_ms = read.step_ms * read.mg.len() as u64;
    let since_first = -i128::from(check.calendar.ms_until(read.first));
    let offset_ms = u64::try_from(since_first.rem_euclid(i128::from(round_ms))).unwrap_or(0);
    let is_covered =
        since_first >= 0 && since_first + i128::from(check.run_ms()) <= i128::from(round_ms);
    if !is_covered && !round_ms.is_multiple_of(DAY_MS) {
        let message = format!("`{name}` is repeated, and does not cover whole days");
        let hint = "then its hours drift away from those of the run: give it whole days, best a \
                    whole year";
        check.warning(node.at, message, hint);
    }
    Some(Grid::steps(read.step_ms, offset_ms, &read.mg))
}
