//! What a scenario takes for granted, in words: its own values, and what it leaves out.
//!
//! A reader of a report has not read the file. Here stands what would change the answer if it were otherwise:
//! demand, how long it stays, hosts, how soon more of them come, rules, and what fails. What the file does
//! not say is said too.

use crate::resources::Amounts;
use crate::scenario::batch::JobSource;
use crate::scenario::{
    Arrivals, Curve, Demand, Distribution, HostModel, PlannedOrder, Pool, Procurement, Scenario,
    Service, Step, TenantRules, WhenFull,
};
use crate::time::{DAY_MS, HOUR_MS, SECOND_MS, Time, YEAR_MS};
use crate::units::{format_amount, format_duration_ms, format_share};
use crate::words::{amount, count, duration, plural};

/// Of what there is more, the rest is counted.
const EACH_MAX: usize = 8;

/// One line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// What it is about: `Demand`, `Lead time`, …
    pub about: String,
    /// What is taken for granted.
    pub says: String,
}

/// The most lines of a file that are quoted.
const MARKED_MAX: usize = 200;

/// The lines of a scenario's text whose comment calls them an assumption, in a word or by the mark
/// `[A]`; the first of many.
pub fn marked(text: &str) -> Vec<&str> {
    let is_assumption = |line: &&str| {
        let comment = line.split_once('#').map_or("", |(_, comment)| comment);
        comment.contains("[A]") || comment.to_lowercase().contains("assum")
    };
    text.lines().map(str::trim).filter(is_assumption).take(MARKED_MAX).collect()
}

/// What the scenario says, and what it leaves to defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assumptions {
    /// What it says.
    pub said: Vec<Assumption>,
    /// What it leaves out, as sentences.
    pub left_out: Vec<String>,
}

/// The assumptions of a scenario.
pub fn assumptions(scenario: &Scenario) -> Assumptions {
    let mut all = Assumptions::default();
    let span = duration(scenario.duration_ms as f64 / 1e3);
    let start = scenario.calendar.date(Time::ZERO);
    all.add("Run", vec![format!("{span} from {start}, seed {}", scenario.seed)]);
    let own = scenario.demands.iter().filter(|demand| {
        !matches!(demand.arrivals, Arrivals::Jobs(_) | Arrivals::Instances(_)) //
    });
    all.add("Demand", own.map(|demand| of_demand(scenario, demand)).collect());
    let services = scenario.services.iter().map(|service| of_service(scenario, service));
    all.add("Services", services.collect());
    all.add("Batch work", jobs(scenario));
    all.add("Host models", scenario.models.iter().map(|model| of_model(scenario, model)).collect());
    let pools = scenario.pools.iter().enumerate();
    all.add("Hosts", pools.map(|(row, pool)| of_pool(scenario, row, pool)).collect());
    let growth = scenario.growth.iter().map(|growth| {
        let host_type = &scenario.host_types[growth.host_type.row()];
        let (pool, model) =
            (&scenario.pools[host_type.pool.row()], &scenario.models[host_type.model.row()]);
        format!(
            "{}: {}, of {}",
            pool.name,
            curve(scenario, &growth.curve, amount, " hosts"),
            model.name
        )
    });
    all.add("Hosts by plan", growth.collect());
    all.add("Orders", scenario.procurement.iter().map(|rule| of_orders(scenario, rule)).collect());
    all.add(
        "Orders by date",
        scenario.orders.iter().map(|order| by_date(scenario, order)).collect(),
    );
    all.add("Desks", desks(scenario));
    all.add("Failures", failures(scenario));
    all.add("Energy", energy(scenario));
    let rollouts = scenario.rollouts.iter().map(|rollout| {
        let service = &scenario.services[rollout.service.row()].name;
        let image = &scenario.images[rollout.image.row()].name;
        let times = if rollout.times > 1 {
            let every = format_duration_ms(rollout.every_ms);
            format!(", {} times, every {every}", count(rollout.times.into()))
        } else {
            String::new()
        };
        format!("{service} to {image}, {}{times}", rollout.strategy.name())
    });
    all.add("Rollouts", rollouts.collect());
    let placement = &scenario.placement;
    let preempts =
        if placement.preemption { ", which pushes out VMs of lower priority" } else { "" };
    all.add("Placement", vec![format!("{}{preempts}", placement.policy.name())]);
    let expected = scenario.expectations.len() as u64;
    if expected > 0 {
        all.add(
            "Rules",
            vec![format!("{} must hold: they stand above", plural(expected, "expectation"))],
        );
    }
    all.left_out = left_out(scenario);
    all
}

impl Assumptions {
    /// The first of several, and how many there are more.
    fn add(&mut self, about: &str, mut list: Vec<String>) {
        let more = list.len().saturating_sub(EACH_MAX);
        list.truncate(EACH_MAX);
        if more > 0 {
            list.push(format!("… and {} more in the scenario", count(more as u64)));
        }
        let lines = list.into_iter().map(|says| Assumption { about: about.to_owned(), says });
        self.said.extend(lines);
    }
}

fn of_demand(scenario: &Scenario, demand: &Demand) -> String {
    let mut parts = vec![match &demand.arrivals {
        Arrivals::Alive(alive) => curve(scenario, alive, amount, " VMs alive"),
        Arrivals::Rate { per_ms, season } => {
            let is_even = season.hourly == [1.0; 24] && season.daily == [1.0; 7];
            let varies = if is_even { "" } else { ", more and less by the hour and day" };
            let events = if season.events.is_empty() { "" } else { ", more or less at events" };
            let hours = if season.hours.is_some() { ", in working hours" } else { "" };
            format!("requests at {}", curve(scenario, per_ms, rate, "")) + varies + events + hours
        }
        Arrivals::Trace(file) => {
            return format!(
                "{}: the {} of {}",
                demand.name,
                plural(file.rows, "request"),
                file.file
            );
        }
        Arrivals::Jobs(_) | Arrivals::Instances(_) => return demand.name.clone(),
    }];
    parts.push(mix(scenario, demand));
    parts.push(match demand.lifetime {
        Distribution::Constant(u64::MAX) => "stay for good".to_owned(),
        ref lifetime => format!("stay {}", spread(lifetime)),
    });
    if demand.boot != Distribution::Constant(0) {
        parts.push(format!("boot in {}", spread(&demand.boot)));
    }
    parts.extend(demand.pool.map(|pool| format!("in pool {}", scenario.pools[pool.row()].name)));
    parts.push(match demand.when_full {
        WhenFull::Refuse => "refused where nothing fits".to_owned(),
        WhenFull::Wait { ms_max: u64::MAX } => "wait where nothing fits".to_owned(),
        WhenFull::Wait { ms_max } => {
            format!("wait {} where nothing fits", format_duration_ms(ms_max))
        }
    });
    format!("{}: {}", demand.name, parts.join("; "))
}

/// The flavors asked for, by weight.
fn mix(scenario: &Scenario, demand: &Demand) -> String {
    let whole: f64 = demand.mix.iter().map(|(_, weight)| weight).sum();
    let mut flavors = demand.mix.iter().take(EACH_MAX).map(|(flavor, weight)| {
        let flavor = &scenario.flavors[flavor.row()];
        let size = amounts(scenario, &flavor.amounts);
        match demand.mix.len() {
            1 => format!("{} ({size})", flavor.name),
            _ => format!("{} {} ({size})", format_share(weight / whole), flavor.name),
        }
    });
    let mut text = flavors.by_ref().collect::<Vec<_>>().join(", ");
    if demand.mix.len() > EACH_MAX {
        text += &format!(" and {} more", demand.mix.len() - EACH_MAX);
    }
    text
}

fn of_service(scenario: &Scenario, service: &Service) -> String {
    let image = &scenario.images[service.image.row()];
    let mut text = format!(
        "{}: {} of {}, which boots in {}; {}",
        service.name,
        plural(service.instances.into(), "instance"),
        image.name,
        spread(&image.boot),
        mix(scenario, &scenario.demands[service.demand.row()]),
    );
    if service.traffic.is_some() {
        text += match service.autoscale {
            Some(_) => "; instances follow the traffic",
            None => "; as many whatever the traffic",
        };
    }
    text
}

fn jobs(scenario: &Scenario) -> Vec<String> {
    let Some(batch) = &scenario.batch else { return Vec::new() };
    let stream = |stream: &crate::scenario::JobStream| {
        let name = &scenario.demands[stream.demand.row()].name;
        match &stream.source {
            JobSource::Swf(file) => {
                format!("{name}: the {} of {}", plural(file.jobs, "job"), file.file)
            }
            JobSource::Drawn(drawn) => format!(
                "{name}: jobs at {}, each running {}",
                curve(scenario, &drawn.per_ms, rate, ""),
                spread(&drawn.run)
            ),
        }
    };
    let mut list: Vec<String> = batch.streams.iter().map(stream).collect();
    let scheduler = &batch.scheduler;
    list.push(format!("order {}, backfill {}", scheduler.order.name(), scheduler.backfill.name()));
    list
}

fn of_model(scenario: &Scenario, model: &HostModel) -> String {
    let kinds = &scenario.kinds;
    let given = (0..kinds.len()).filter(|column| model.effective[*column] != model.total[*column]);
    let given = given.map(|column| {
        format_amount(kinds.name(column), kinds.unit(column), model.effective[column])
    });
    let given = given.collect::<Vec<_>>().join(" and ");
    let given = match given.as_str() {
        "" => String::new(),
        given => format!(", of which {given} can be given out after reserve and overcommit"),
    };
    format!("{}: {}{given}", model.name, amounts(scenario, &model.total))
}

fn of_pool(scenario: &Scenario, row: usize, pool: &Pool) -> String {
    let hosts = scenario.hosts.iter().filter(|host| {
        scenario.host_types[host.host_type.row()].pool.row() == row //
    });
    let mut models: Vec<(&str, u64)> = Vec::new();
    for host in hosts {
        let model = scenario.host_types[host.host_type.row()].model.row();
        let name = scenario.models[model].name.as_str();
        match models.iter_mut().find(|(known, _)| *known == name) {
            Some((_, number)) => *number += 1,
            None => models.push((name, 1)),
        }
    }
    let models =
        models.iter().take(EACH_MAX).map(|(name, number)| format!("{} of {name}", count(*number)));
    let models = models.collect::<Vec<_>>().join(", ");
    let models = if models.is_empty() { "no hosts".to_owned() } else { models };
    let zones: std::collections::BTreeSet<_> =
        pool.racks.iter().map(|rack| scenario.racks[rack.row()].zone).collect();
    format!(
        "{}: {models} at the start, in {} of {}",
        pool.name,
        plural(pool.racks.len() as u64, "rack"),
        plural(zones.len() as u64, "zone"),
    )
}

fn of_orders(scenario: &Scenario, rule: &Procurement) -> String {
    let host_type = &scenario.host_types[rule.host_type.row()];
    let most =
        rule.hosts_max.map_or(String::new(), |most| format!(", up to {}", count(most.into())));
    format!(
        "{}: {} of {} at a time once more than {} is committed{most}; looked at every {}; in service after {}",
        scenario.pools[host_type.pool.row()].name,
        count(rule.batch.into()),
        scenario.models[host_type.model.row()].name,
        format_share(rule.trigger),
        format_duration_ms(rule.review_ms).trim_start_matches("1 "),
        spread(&rule.lead_time),
    )
}

fn by_date(scenario: &Scenario, order: &PlannedOrder) -> String {
    let host_type = &scenario.host_types[order.host_type.row()];
    format!(
        "{}: {} of {} on {}, in service after {}",
        scenario.pools[host_type.pool.row()].name,
        count(order.hosts.into()),
        scenario.models[host_type.model.row()].name,
        scenario.calendar.date(Time::from_ms(order.at_ms)),
        spread(&order.lead_time),
    )
}

fn desks(scenario: &Scenario) -> Vec<String> {
    let desk = |desk: &crate::scenario::Desk| {
        let operators = match desk.operators {
            Some(number) => plural(number.into(), "operator"),
            None => "as many operators as tickets".to_owned(),
        };
        format!("{}: {operators}, each ticket takes {}", desk.name, spread(&desk.hands_on))
    };
    scenario.desks.iter().map(desk).collect()
}

fn failures(scenario: &Scenario) -> Vec<String> {
    let Some(failures) = &scenario.failures else { return Vec::new() };
    let a_year = |per_ms: f64| format_share(per_ms * YEAR_MS as f64);
    let mut list = Vec::new();
    let most = failures.hosts_per_ms.iter().copied().fold(0.0, f64::max);
    if most > 0.0 {
        let how = if failures.replacement.is_some() {
            "replaced".to_owned()
        } else {
            format!("repaired in {}", spread(&failures.repair))
        };
        list.push(format!("{} of the hosts a year, {how}", a_year(most)));
    }
    if failures.racks_per_ms > 0.0 {
        list.push(format!(
            "{} of the racks a year, for {}",
            a_year(failures.racks_per_ms),
            spread(&failures.rack_repair)
        ));
    }
    if failures.zones_per_ms > 0.0 {
        list.push(format!(
            "{} of the zones a year, for {}",
            a_year(failures.zones_per_ms),
            spread(&failures.zone_repair)
        ));
    }
    if !failures.outages.is_empty() {
        list.push(format!("{} of a file", plural(failures.outages.len() as u64, "outage")));
    }
    list
}

fn energy(scenario: &Scenario) -> Vec<String> {
    if !scenario.draws_power() {
        return Vec::new();
    }
    let energy = &scenario.energy;
    let price = energy.price.map_or(String::new(), |price| format!(", {} a kWh", amount(price)));
    let empty = if energy.switches_off { ", hosts without VMs off" } else { "" };
    let busy = format_share(energy.busy);
    vec![format!(
        "PUE {}{price}, {busy} of the CPU that is given out at work{empty}",
        amount(energy.pue)
    )]
}

/// What the file does not say, and what that means.
fn left_out(scenario: &Scenario) -> Vec<String> {
    let mut list = Vec::new();
    let mut add = |is_left_out: bool, says: &str| {
        if is_left_out {
            list.push(says.to_owned());
        }
    };
    add(scenario.failures.is_none(), "No host, rack or zone fails.");
    add(
        scenario.procurement.is_empty() && scenario.growth.is_empty() && scenario.orders.is_empty(),
        "No hosts are added: nobody orders any, and no plan brings any.",
    );
    let asks =
        |demand: &&Demand| matches!(demand.arrivals, Arrivals::Alive(_) | Arrivals::Rate { .. });
    let mut own = scenario.demands.iter().filter(asks).peekable();
    let is_at_once =
        own.peek().is_some() && own.all(|demand| demand.boot == Distribution::Constant(0));
    add(is_at_once, "VMs are ready at the instant at which they are placed.");
    add(
        scenario.defrag.every_ms.is_none(),
        "VMs stay on their hosts: nothing is moved to make room.",
    );
    add(
        scenario.models.iter().all(|model| model.retire_after_ms.is_none()),
        "Hosts never grow too old.",
    );
    add(
        scenario
            .tenant_rules
            .iter()
            .all(|rules| rules.vms_max == u64::MAX && rules.quota == TenantRules::NONE.quota),
        "No tenant has a quota.",
    );
    list
}

/// Amounts of the kinds asked for, but those that are 0.
fn amounts(scenario: &Scenario, of: &Amounts) -> String {
    let kinds = &scenario.kinds;
    let some = (0..kinds.len()).filter(|column| of[*column] > 0);
    let some = some.map(|column| format_amount(kinds.name(column), kinds.unit(column), of[column]));
    some.collect::<Vec<_>>().join(", ")
}

/// So many per second, hour or day: the unit in which it is a figure of one or more.
fn rate(per_ms: f64) -> String {
    let units = [("second", SECOND_MS), ("hour", HOUR_MS), ("day", DAY_MS)];
    let fits = units.iter().find(|(_, ms)| per_ms * *ms as f64 >= 1.0).unwrap_or(&units[2]);
    format!("{} per {}", amount(per_ms * fits.1 as f64), fits.0)
}

/// What the curve is of, and its course.
fn curve(scenario: &Scenario, curve: &Curve, says: fn(f64) -> String, noun: &str) -> String {
    let over = |over_ms: u64| match over_ms >= scenario.duration_ms {
        true => "over the run".to_owned(),
        false => format!("within {}", format_duration_ms(over_ms)),
    };
    let to = |from: f64, to: f64| format!("{} to {}{noun}", says(from), says(to));
    match curve {
        Curve::Constant(value) => format!("{}{noun}", says(*value)),
        Curve::Linear { from, to: end, over_ms } => {
            format!("{}, in a straight line {}", to(*from, *end), over(*over_ms))
        }
        Curve::Exponential { from, to: end, over_ms } => {
            format!("{}, by the same share each day {}", to(*from, *end), over(*over_ms))
        }
        Curve::Logistic { from, to: end, over_ms, ceiling } => format!(
            "{}, along a logistic curve {} (ceiling {})",
            to(*from, *end),
            over(*over_ms),
            says(*ceiling)
        ),
        Curve::Steps(steps) => {
            let step = |step: &Step| match step.at_ms {
                0 => format!("{}{noun}", says(step.value)),
                at_ms => {
                    let date = scenario.calendar.date(Time::from_ms(at_ms));
                    format!("{} from {date}", says(step.value))
                }
            };
            steps.iter().take(EACH_MAX).map(step).collect::<Vec<_>>().join(", then ")
        }
    }
}

fn spread(of: &Distribution) -> String {
    // What was computed is no exact length.
    let length = |ms: f64| duration(ms / 1e3);
    match of {
        Distribution::Constant(ms) => format_duration_ms(*ms),
        Distribution::Exponential { mean_ms } => {
            format!("{} on average (exponential)", length(*mean_ms))
        }
        Distribution::Lognormal { mu, sigma } => {
            format!("{} at the median (lognormal, σ {})", length(libm::exp(*mu)), amount(*sigma))
        }
        Distribution::Weibull { shape, .. } => {
            format!("{} on average (Weibull, shape {})", length(of.mean_ms()), amount(*shape))
        }
        Distribution::Mixture(parts) => {
            format!("{} on average (a mixture of {})", length(of.mean_ms()), parts.len())
        }
        Distribution::Sample(values) => {
            let values = plural(values.len() as u64, "value");
            format!("{} on average ({values} of a file)", length(of.mean_ms()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumptions_are_the_lines_that_say_so() {
        let text = "a = 1 # measured\nlead-time = \"70 days\"  # assumption: as in 2011\n# [A] b\n";
        assert_eq!(marked(text), ["lead-time = \"70 days\"  # assumption: as in 2011", "# [A] b"]);
    }
}
