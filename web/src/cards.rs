//! The verdict in five cards: what a planner asks first; and a sixth, where it is known what hosts draw.

use fleetcast_core::report::Report;
use fleetcast_core::time::Calendar;
use fleetcast_core::verdict::reason_words;
use fleetcast_core::words;

/// One card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// What it is about.
    pub label: &'static str,
    /// The answer.
    pub value: String,
    /// What goes with it.
    pub more: String,
    /// Whether that is good, bad, or neither.
    pub mood: Mood,
}

/// How an answer is to be taken. Said in words as well: colour is never the only sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As hoped.
    Good,
    /// Something is to be done.
    Bad,
    /// A fact.
    Plain,
}

/// The cards of a report.
pub fn cards(report: &Report, calendar: &Calendar) -> Vec<Card> {
    let first =
        [fits(report, calendar), left(report), order(report), ready(report), refused(report)];
    first.into_iter().chain(energy(report)).collect()
}

fn fits(report: &Report, calendar: &Calendar) -> Card {
    let end = calendar.at(fleetcast_core::time::Time::from_ms((report.duration_s * 1e3) as u64));
    let (value, more, mood) = match &report.first_full {
        None if report.requests == 0 => {
            ("nothing asked".to_owned(), "no request arrived".to_owned(), Mood::Plain)
        }
        None => ("to the end".to_owned(), format!("{}, when the run ends", end.date()), Mood::Good),
        Some(full) => {
            let counts = if report.refused > 0 { &report.refused_by } else { &report.waited_by };
            let most = counts.iter().max_by_key(|(_, count)| **count);
            let why = most.map_or(String::new(), |(name, _)| reason_words(name));
            let date = match report.duration_s < 30.0 * 86_400.0 {
                true => full.date.replace('T', " ").chars().take(16).collect(),
                false => words::day(&full.date).to_owned(),
            };
            (date, format!("then requests find no host {why}"), Mood::Bad)
        }
    };
    Card { label: "Fits until", value, more, mood }
}

fn left(report: &Report) -> Card {
    let label = "Capacity left at the end";
    let used =
        report.scarcest.as_ref().and_then(|name| Some((name, report.utilisation.get(name)?)));
    let Some((name, used)) = used else {
        return Card {
            label,
            value: "all".into(),
            more: "nothing is taken".into(),
            mood: Mood::Plain,
        };
    };
    let more = format!(
        "of {}, which runs out first; {} taken at its peak",
        words::resource(name),
        words::percent(used.peak)
    );
    Card { label, value: words::percent((1.0 - used.end).max(0.0)), more, mood: Mood::Plain }
}

fn order(report: &Report) -> Card {
    let label = "Order by";
    const HINT: &str = "order more hosts by ";
    let hinted = report.verdict.split("; ").find_map(|part| part.strip_prefix(HINT));
    let (value, more, mood) = match (report.orders.first(), hinted) {
        (Some(first), _) => {
            let hosts = report.orders.iter().map(|order| order.hosts).sum();
            let orders = words::plural(report.orders.len() as u64, "order");
            let price = match report.ordered_price {
                0.0 => String::new(),
                price => format!(", price {}", words::amount(price)),
            };
            let more = format!("{} in {orders}{price}", words::plural(hosts, "host"));
            (words::day(&first.ordered.date).to_owned(), more, Mood::Plain)
        }
        (None, Some(date)) => {
            let more = "for hosts to be there when the fleet is full".to_owned();
            (date.to_owned(), more, Mood::Bad)
        }
        (None, None) if report.first_full.is_some() => {
            ("before the start".to_owned(), "or change what is asked for".to_owned(), Mood::Bad)
        }
        (None, None) => ("no order needed".to_owned(), "everything fits".to_owned(), Mood::Good),
    };
    Card { label, value, more, mood }
}

fn ready(report: &Report) -> Card {
    let times = &report.time_to_ready_s;
    let mut more = format!(
        "median {}, 99th percentile {}",
        words::duration(times.p50),
        words::duration(times.p99)
    );
    let boots = report.provisioning.as_ref().and_then(|all| all.boots.as_ref());
    if let Some(boots) = boots.filter(|boots| boots.failed > 0) {
        let failed = words::percent_of(boots.failed, boots.tries);
        more += &format!("; {failed} of the boot attempts failed");
        if boots.given_up > 0 {
            more += &format!(", {} given up", words::plural(boots.given_up, "boot"));
        }
    }
    let value = words::duration(times.p95);
    Card { label: "Request to ready, p95", value, more, mood: Mood::Plain }
}

fn refused(report: &Report) -> Card {
    let waited: u64 = report.waited_by.values().sum();
    let mut more =
        format!("{} of {} requests", words::count(report.refused), words::count(report.requests));
    if waited > 0 {
        more += &format!("; {} had to wait", words::count(waited));
    }
    if report.waiting > 0 {
        more += &format!(", {} still do", words::count(report.waiting));
    }
    let mood = if report.refused + waited == 0 { Mood::Good } else { Mood::Bad };
    Card { label: "Refused", value: words::percent_of(report.refused, report.requests), more, mood }
}

fn energy(report: &Report) -> Option<Card> {
    let energy = report.energy.as_ref()?;
    let mut more = format!("hosts draw {} on average", words::power(energy.mean_kw));
    if energy.all_carbon_kg() > 0.0 {
        more += &format!("; {} of CO2e", words::mass(energy.all_carbon_kg()));
    }
    if let Some(cost) = &report.cost {
        more += &format!("; with hosts, it costs {}", words::amount(cost.total));
    }
    Some(Card { label: "Energy", value: words::energy(energy.kwh), more, mood: Mood::Plain })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Ask;
    use crate::builtin;

    fn check(file: &str, expected: &[&str]) {
        let ask = Ask::of(file, builtin::find(file).unwrap().text());
        let scenario = ask.read().unwrap().scenario;
        let said = cards(&ask.run().unwrap(), &scenario.calendar);
        let said: Vec<String> = said
            .into_iter()
            .map(|card| format!("{}: {}; {}", card.label, card.value, card.more))
            .collect();
        assert_eq!(said, expected);
    }

    #[test]
    fn a_fleet_that_runs_out_says_when_and_what_to_do() {
        check(
            "first.toml",
            &[
                "Fits until: 2026-04-22; then requests find no host for not enough cpu",
                "Capacity left at the end: 0%; of CPU, which runs out first; 100% taken at its peak",
                "Order by: 2026-02-21; for hosts to be there when the fleet is full",
                "Request to ready, p95: 0 s; median 0 s, 99th percentile 0 s",
                "Refused: 31.1%; 176 of 566 requests",
            ],
        );
    }

    #[test]
    fn a_fleet_that_is_ordered_in_time_says_so() {
        check(
            "mercadolibre.toml",
            &[
                "Fits until: to the end; 2014-07-01, when the run ends",
                "Capacity left at the end: 10.5%; of memory, which runs out first; 90.5% taken at its peak",
                "Order by: 2011-07-18; 2,440 hosts in 61 orders, price 12,688,000",
                "Request to ready, p95: 10 s; median 10 s, 99th percentile 10 s",
                "Refused: 0%; 0 of 52,284 requests",
                "Energy: 2.13 GWh; hosts draw 44.9 kW on average; 850 t of CO2e; with hosts, it costs 1,936,322",
            ],
        );
    }
}
