//! What `size` says.

use super::{Fleet, RulePrice, Sized};
use crate::lines::{self, line};
use fleetcast_core::words::{self, amount, count, percent, plural};

/// The answer in one sentence.
pub(super) fn sentence(sized: &Sized) -> String {
    if let Some(mix) = &sized.mix {
        let parts = mix.hosts.iter().filter(|(_, hosts)| *hosts > 0);
        let parts: Vec<String> = parts
            .map(|(model, hosts)| format!("{} of {model}", plural((*hosts).into(), "host")))
            .collect();
        let proof = match (mix.is_proved, mix.price_bound) {
            (true, _) => "; no cheaper mix will do".to_owned(),
            (false, Some(bound)) => format!("; no mix is below {}", amount(bound)),
            (false, None) => String::new(),
        };
        return format!(
            "{} are the cheapest mix found, {} in all{proof}{}",
            parts.join(" and "),
            amount(mix.price),
            seeds(sized)
        );
    }
    let fleet = sized.fleets.iter().min_by_key(|fleet| fleet.hosts.unwrap_or(u32::MAX));
    let Some(Fleet { model, hosts: Some(hosts), lower_bound, binding, misses, .. }) = fleet else {
        let misses = sized.fleets.first().map(|fleet| fleet.misses.join("; ")).unwrap_or_default();
        return format!("no number of hosts will do: {misses}, however many there are");
    };
    let binding = match binding {
        Some(binding) => format!("; {binding} binds"),
        None => String::new(),
    };
    let bound = match lower_bound {
        bound if bound == hosts => "; no policy does with fewer".to_owned(),
        0 => String::new(),
        bound => format!("; no policy does with fewer than {}", count((*bound).into())),
    };
    let fewer = match misses.first() {
        Some(missed) if *hosts > 1 => format!("; one fewer misses {missed}"),
        _ => String::new(),
    };
    format!(
        "{} of {model} will do{}{binding}{bound}{fewer}",
        plural((*hosts).into(), "host"),
        seeds(sized)
    )
}

fn seeds(sized: &Sized) -> String {
    match sized.seeds {
        1 => String::new(),
        seeds => format!(" with each of {seeds} seeds"),
    }
}

/// The sentence, the fleets, the mix, the rules.
pub(super) fn text(sized: &Sized) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&sized.answer));
    line(&mut text, "");
    let has_prices = sized.fleets.iter().any(|fleet| fleet.price > 0.0);
    let mut table = lines::table();
    table.set_header([
        "Fleet",
        "Hosts",
        "At least",
        "Binds",
        if has_prices { "Price" } else { "" },
    ]);
    for fleet in &sized.fleets {
        table.add_row([
            format!("{} alone", fleet.model),
            fleet.hosts.map_or("-".to_owned(), |hosts| count(hosts.into())),
            if fleet.lower_bound > 0 { count(fleet.lower_bound.into()) } else { "-".to_owned() },
            fleet.binding.clone().unwrap_or_else(|| "-".to_owned()),
            if fleet.price > 0.0 { amount(fleet.price) } else { String::new() },
        ]);
    }
    if let Some(mix) = &sized.mix {
        let counts: Vec<String> =
            mix.hosts.iter().map(|(_, hosts)| count((*hosts).into())).collect();
        let names: Vec<&str> = mix.hosts.iter().map(|(model, _)| model.as_str()).collect();
        table.add_row([
            names.join(" + "),
            counts.join(" + "),
            String::new(),
            String::new(),
            amount(mix.price),
        ]);
    }
    lines::rows(&mut text, &table);
    if !sized.rule_prices.is_empty() {
        line(&mut text, "");
        lines::rows(&mut text, &prices(&sized.rule_prices));
    }
    line(&mut text, "");
    for note in notes(sized) {
        lines::prose(&mut text, &note);
    }
    text
}

fn prices(rules: &[RulePrice]) -> comfy_table::Table {
    let mut table = lines::table();
    let has_money = rules.iter().any(|rule| rule.costs.is_some());
    table.set_header([
        "Without the rule",
        "Hosts",
        "It costs",
        if has_money { "Price" } else { "" },
    ]);
    for rule in rules {
        let costs = match rule.costs_hosts {
            Some(0) => "nothing".to_owned(),
            Some(hosts) if hosts < 0 => {
                format!("saves {}", plural(hosts.unsigned_abs(), "host"))
            }
            Some(hosts) => plural(hosts.unsigned_abs(), "host"),
            None => "-".to_owned(),
        };
        table.add_row([
            rule.rule.clone(),
            rule.hosts.map_or("-".to_owned(), |hosts| count(hosts.into())),
            costs,
            rule.costs.map_or(String::new(), amount),
        ]);
    }
    table
}

/// How it was found, and what it does not say.
fn notes(sized: &Sized) -> Vec<String> {
    let mut notes = Vec::new();
    notes.push(match sized.seeds {
        1 => "Nothing that matters is drawn at random: one run says it.".to_owned(),
        seeds => format!(
            "Held with each of {seeds} seeds: 95 % sure that it holds with {} of all seeds or more (--sure 95% asks for more).",
            percent(sized.sure_share)
        ),
    });
    let is_exhaustive =
        sized.fleets.iter().all(|fleet| fleet.is_exhaustive || fleet.hosts.is_none());
    notes.push(match is_exhaustive {
        true => "Every number of hosts from the lower bound on was tried.".to_owned(),
        false => "Found by halves: packing has anomalies, so a smaller fleet that will do is not ruled out.".to_owned(),
    });
    if sized.mix.is_none() && sized.fleets.len() > 1 {
        notes.push("No mix: every model needs a `price`, one of them alone must do, and the scenario must have one pool.".to_owned());
    }
    if !sized.left_out.is_empty() {
        notes.push(format!(
            "Left out, being about the fleet itself: {}.",
            sized.left_out.join(", ")
        ));
    }
    notes
}
