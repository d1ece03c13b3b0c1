//! An order plan in words: the answer, the orders, and the plans side by side.

use super::lead_time::LeadTime;
use super::{Candidate, Order, OrderPlan};
use crate::lines::{self, line};
use fleetcast_core::words::{self, count, plural};

/// How many orders the answer names.
const NAMED_MAX: usize = 3;

/// The answer in one sentence.
pub(super) fn sentence(plan: &OrderPlan) -> String {
    let sure = words::percent(plan.sure);
    if plan.is_hopeless {
        return format!(
            "no order helps: in {} of {} futures the expectations are missed with any number of hosts ({})",
            plan.hopeless,
            plan.seen,
            plan.hopeless_misses.join("; "),
        );
    }
    let what = match plan.orders.as_slice() {
        [] => "nothing has to be ordered".to_owned(),
        orders => {
            let named: Vec<String> = orders.iter().take(NAMED_MAX).map(in_words).collect();
            let hosts: u64 = orders.iter().map(|order| u64::from(order.hosts)).sum();
            let more = match orders.len() - named.len() {
                0 => String::new(),
                more => format!(
                    " and {} more, {} in all",
                    plural(more as u64, "order"),
                    plural(hosts, "host")
                ),
            };
            format!("order {}{more}", named.join(", "))
        }
    };
    if plan.tested == 0 {
        let late = match plan.late_hosts {
            0 => String::new(),
            hosts => {
                format!(": {} had to be ordered before the start", plural(hosts.into(), "host"))
            }
        };
        let why = if plan.late_hosts > 0 { "too late" } else { "no plan was found" };
        return format!(
            "{why} to be {sure} sure{late}; {what}, and the expectations hold in {} of {} futures",
            plan.learned - plan.failed - plan.hopeless,
            plan.learned,
        );
    }
    let held =
        format!("holds in {} of {} futures that it was not made from", plan.held, plan.tested);
    match plan.is_proved {
        true => format!("{what}; {held}: at least {sure} of all, 95% sure"),
        false => format!("{what}; {held}: too few to promise {sure}"),
    }
}

fn in_words(order: &Order) -> String {
    format!("{} of {} by {}", plural(order.hosts.into(), "host"), order.model, order.date)
}

/// The answer, the orders, and the plans side by side.
pub(super) fn text(plan: &OrderPlan, is_miss_priced: bool) -> String {
    let mut text = String::new();
    lines::headline(&mut text, &words::capitalised(&plan.answer));
    if !plan.orders.is_empty() {
        line(&mut text, "");
        let mut table = lines::table();
        table.set_header(["Order by", "Hosts", "In all", "Model"]);
        let mut sum = 0;
        for Order { date, hosts, model, .. } in &plan.orders {
            sum += u64::from(*hosts);
            let date = date.replace('T', " ");
            table.add_row([date, count((*hosts).into()), count(sum), model.clone()]);
        }
        lines::rows(&mut text, &table);
    }
    if !plan.plans.is_empty() {
        line(&mut text, "");
        plans(&mut text, plan, is_miss_priced);
    }
    line(&mut text, "");
    for note in notes(plan) {
        lines::prose(&mut text, &note);
    }
    text
}

/// Plans side by side.
fn plans(text: &mut String, plan: &OrderPlan, is_miss_priced: bool) {
    let has_price = plan.plans.iter().any(|of| of.price > 0.0);
    let mut table = lines::table();
    let mut header = vec!["Plan", "Hosts"];
    header.extend(has_price.then_some("Price"));
    header.extend(["Host-months", "In use", "Holds", "Largest regret", "Mean", ""]);
    table.set_header(header);
    for of in &plan.plans {
        let is_least = plan.least_regret.as_deref() == Some(&of.name);
        let mark = match (is_least, of.may_be_chosen) {
            (true, _) => "← least regret",
            (false, false) => "misses too often",
            (false, true) => "",
        };
        let mut row = vec![of.name.clone(), count(of.hosts)];
        row.extend(has_price.then(|| words::amount(of.price)));
        row.extend([
            words::amount(of.host_months.round()),
            words::percent(of.used),
            format!("{} of {}", of.held, plan.tested),
            regret(of, of.largest_regret),
            regret(of, of.mean_regret),
            mark.to_owned(),
        ]);
        table.add_row(row);
    }
    lines::rows(text, &table);
    line(text, "");
    let unit = match has_price {
        true => {
            "what the plan's hosts cost while they are there (their price, written off over `useful-life`)"
        }
        false => "host-months",
    };
    let misses = match is_miss_priced {
        true => "a miss costs what `--miss` says",
        false => "futures that a plan misses do not count, and who misses too many is not chosen",
    };
    let about = format!(
        "Regret: {unit}, less those of the cheapest plan that holds in that future; {misses}. In use: the \
         scarcest resource, on average."
    );
    lines::prose(text, &about);
}

fn regret(of: &Candidate, value: f64) -> String {
    if of.held == 0 { "–".to_owned() } else { words::amount(value.round()) }
}

/// What the reader should know.
fn notes(plan: &OrderPlan) -> Vec<String> {
    let tests = match plan.tests {
        0 => String::new(),
        tests if plan.tested == 0 => {
            format!("; {} of earlier plans failed", plural(tests.into(), "test"))
        }
        1 => format!("; tested on {} others", plan.tested),
        tests => format!("; the last of {tests} tests had {} others", plan.tested),
    };
    let mut notes = vec![format!("Made from {}{tests}.", plural(plan.learned.into(), "future"))];
    if let Some(of) = &plan.validated {
        notes.push(format!(
            "In {} futures more it holds in {}: {} (95% interval {} to {}).",
            count(of.futures.into()),
            count(of.held.into()),
            words::percent(f64::from(of.held) / f64::from(of.futures)),
            words::percent(of.low),
            words::percent(of.high),
        ));
    }
    match plan.uncertain.as_slice() {
        [] => notes.push(
            "Nothing is uncertain but chance: say what else is with [[uncertain]].".to_owned(),
        ),
        keys => notes.push(format!("Uncertain: {}.", keys.join(", "))),
    }
    if !plan.left_out.is_empty() {
        notes
            .push(format!("Left out, being about the fleet itself: {}.", plan.left_out.join(", ")));
    }
    if plan.failed > 0 && plan.tested > 0 {
        notes.push(format!("It does not hold in {} of those it was made from.", plan.failed));
    }
    notes
}

/// The plan as a scenario has it.
pub(super) fn toml(plan: &OrderPlan, lead_time: &LeadTime) -> String {
    let mut text = String::new();
    line(&mut text, &format!("# {}", words::capitalised(&plan.answer)));
    line(&mut text, "# Paste it into the scenario, in the place of `[procurement]` of this pool.");
    for row in
        lead_time.to_do().iter().flat_map(|to_do| words::wrap(&words::capitalised(to_do), 96))
    {
        line(&mut text, &format!("# {row}"));
    }
    for Order { date, hosts, model, .. } in &plan.orders {
        line(&mut text, "");
        line(&mut text, "[[order]]");
        line(&mut text, &format!("at        = {date:?}"));
        line(&mut text, &format!("hosts     = {hosts}"));
        line(&mut text, &format!("model     = {model:?}"));
        line(&mut text, &format!("pool      = {:?}", plan.pool));
        if let Some(toml) = lead_time.toml() {
            line(&mut text, &format!("lead-time = {toml}"));
        }
    }
    text
}
