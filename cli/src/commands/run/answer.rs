//! The answer in the terminal: the verdict, what was expected, the key figures, a chart, the
//! orders.

use super::{Results, energy, host_rollouts, outages};
use crate::chart;
use crate::lines::{self, line};
use anstyle::{AnsiColor, Style};
use fleetcast_core::report::pools::PoolReport;
use fleetcast_core::report::rollouts::RolloutReport;
use fleetcast_core::report::{Contrast, Order, Report, Stranding, Utilisation};
use fleetcast_core::verdict::reason_words;
use fleetcast_core::words;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many orders are shown.
const ORDERS_SHOWN: usize = 5;

/// How many rollouts are shown, and of a single one how many rows.
const ROLLOUTS_SHOWN: usize = 8;

/// All of it, with colour; what prints it takes the colour out where it is not wanted.
pub(super) fn text(results: &Results) -> String {
    let report = &results.report;
    let mut text = String::new();
    head(&mut text, report);
    figures(&mut text, report);
    if let Some(resource) = &report.scarcest {
        let calendar = &results.scenario.calendar;
        let duration_ms = results.scenario.duration_ms;
        let chart = chart::draw(&results.series, resource, calendar, duration_ms);
        if !chart.is_empty() {
            line(&mut text, "");
            text.push_str(&chart);
        }
    }
    rollouts(&mut text, report);
    for row in host_rollouts::lines(report) {
        line(&mut text, &row);
    }
    orders(&mut text, report);
    let repeat = format!(
        "seed {}, fingerprint {}, fleetcast {}",
        report.seed, report.fingerprint, report.version
    );
    line(&mut text, "");
    line(&mut text, &dim(&repeat));
    text
}

/// The scenario, the verdict, and the expectations with it: they are the verdict on the verdict.
fn head(text: &mut String, report: &Report) {
    line(text, &dim(&report.scenario));
    if !report.question.is_empty() {
        for row in words::wrap(&report.question, 80) {
            line(text, &dim(&row));
        }
    }
    line(text, "");
    for row in words::wrap(&words::capitalised(&report.verdict), 80) {
        line(text, &style(&row, Style::new().bold()));
    }
    if !report.expectations.is_empty() {
        line(text, "");
    }
    for expectation in &report.expectations {
        let (mark, word, color) = match expectation.held {
            true => ("✓", "held  ", AnsiColor::Green),
            false => ("✗", "missed", AnsiColor::Red),
        };
        let mark = style(&format!("{mark} {word}"), color.on_default().bold());
        line(text, &format!("{mark}  {}: {}", expectation.expected, expectation.found));
    }
    line(text, "");
}

fn figures(text: &mut String, report: &Report) {
    let rows = rows(report);
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, value) in &rows {
        let value = words::wrap(value, 80 - 2 - width);
        line(text, &format!("{name:width$}  {}", value.join(&format!("\n{:1$}", "", width + 2))));
    }
}

/// The key figures: what it is called, and what it is. The page shows the same.
pub(crate) fn rows(report: &Report) -> Vec<(String, String)> {
    let mut rows: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, value: String| rows.push((name.to_owned(), value));
    add(
        "Run",
        format!(
            "{} from {}, policy {}",
            words::duration(report.duration_s),
            words::day(&report.start),
            report.policy
        ),
    );
    add("Hosts", hosts(report));
    add("Hosts used", hosts_used(report));
    for pool in &report.pools {
        add(&format!("Pool {}", pool.name), of_pool(pool));
    }
    if let Some(contrast) = &report.contrast {
        add("Empty hosts", contrasted(contrast));
    }
    add("Requests", requests(report));
    if let Some(reasons) = reasons(&report.refused_by) {
        add("Refused", reasons);
    }
    if let Some(reasons) = reasons(&report.waited_by) {
        add("Had to wait", reasons);
    }
    if let Some(first) = &report.first_full {
        let stranded = match &report.stranding_first_full {
            Some(full) => format!("; stranded then: {}", stranded(full)),
            None => String::new(),
        };
        add("First full", first.date.replace('T', " ") + &stranded);
    }
    add(
        "VMs alive",
        format!(
            "{} at most, {} on average, {} at the end",
            words::count(report.peak_alive),
            words::amount(report.mean_alive),
            words::count(report.alive)
        ),
    );
    for (resource, utilisation) in &report.utilisation {
        let scarcest = report.scarcest.as_ref() == Some(resource);
        let mark = if scarcest { ", the scarcest" } else { "" };
        add(
            &words::capitalised(&words::resource(resource)),
            format!("{}{mark}", utilised(utilisation)),
        );
    }
    if let Some(end) = &report.stranding {
        let more = match end.vms_more {
            0 => "nothing of the mix fits".to_owned(),
            more => format!("{} of the mix still fit", words::plural(more, "VM")),
        };
        add("Stranded", format!("{} at the end; {more}", stranded(end)));
    }
    let ready = &report.time_to_ready_s;
    if ready.max > 0.0 {
        add(
            "Time to ready",
            format!(
                "{} median, {} p95, {} p99, {} at most{}",
                words::duration(ready.p50),
                words::duration(ready.p95),
                words::duration(ready.p99),
                words::duration(ready.max),
                super::desks::reserve(report)
            ),
        );
    }
    if report.rollout_totals.rollouts > 0 {
        add("Rollouts", rolled_out(report));
    }
    if let Some(said) = host_rollouts::figure(report) {
        add("Host rollouts", said);
    }
    let more = super::desks::rows(report).into_iter().chain(super::jobs::rows(report));
    for (name, value) in more.chain(super::memory::rows(report)) {
        add(&name, value);
    }
    if let Some(failures) = &report.failures {
        outages::rows(failures).into_iter().for_each(|(name, value)| add(name, value));
    }
    if !report.orders.is_empty() {
        let hosts = report.orders.iter().map(|order| order.hosts).sum();
        let price = match report.ordered_price {
            0.0 => String::new(),
            price => format!(", price {}", words::amount(price)),
        };
        add(
            "Orders",
            format!(
                "{} for {}{price}",
                words::count(report.orders.len() as u64),
                words::plural(hosts, "host")
            ),
        );
    }
    energy::rows(report).into_iter().for_each(|(name, value)| add(name, value));
    rows
}

fn rolled_out(report: &Report) -> String {
    let totals = &report.rollout_totals;
    let mut said = format!(
        "{}: {} complete, {} turned back",
        words::count(totals.rollouts),
        words::count(totals.complete),
        words::count(totals.turned_back)
    );
    if totals.under_way > 0 {
        said += &format!(", {} not done at the end", words::count(totals.under_way));
    }
    if totals.overdue > 0 {
        said += &format!("; {} overdue on the way", words::count(totals.overdue));
    }
    said + &format!("; the longest took {}", words::duration(totals.longest_s))
}

fn hosts(report: &Report) -> String {
    if report.hosts == report.hosts_at_start && report.hosts == report.peak_hosts {
        return format!("{} throughout", words::count(report.hosts));
    }
    let peak = if report.peak_hosts > report.hosts.max(report.hosts_at_start) {
        format!(", {} at most", words::count(report.peak_hosts))
    } else {
        String::new()
    };
    let (start, end) = (words::count(report.hosts_at_start), words::count(report.hosts));
    format!("{start} at the start, {end} at the end{peak}")
}

/// With what any policy would need, so that the reader sees what a better one could save.
fn hosts_used(report: &Report) -> String {
    let bound = match report.hosts_lower_bound {
        Some(bound) if bound > 0 && report.peak_hosts_used > bound => format!(
            " ({} above the {} that any policy needs)",
            words::percent(report.peak_hosts_used as f64 / bound as f64 - 1.0),
            words::count(bound)
        ),
        Some(bound) if bound > 0 => " (no policy needs fewer)".to_owned(),
        _ => String::new(),
    };
    let (most, mean) =
        (words::count(report.peak_hosts_used), words::amount(report.mean_hosts_used));
    format!("{most} at most{bound}, {mean} on average")
}

/// What the policy gains over another one, and how sure that is.
fn contrasted(contrast: &Contrast) -> String {
    let Contrast { policy, difference, mean_empty_hosts, .. } = contrast;
    let than = match *difference {
        more if more >= 0.0 => format!("{} more than with {policy}", words::amount(more)),
        fewer => format!("{} fewer than with {policy}", words::amount(-fewer)),
    };
    let sure = match &contrast.interval {
        None => "; the run is too short to say how sure that is".to_owned(),
        Some(interval) => format!(
            " (95% intervals, paired over {} of {}: {} to {} by bootstrap, {} to {} by Student; \
             above 0 in {} of them)",
            words::plural(interval.blocks, "block"),
            words::duration(interval.block_s),
            signed(interval.low),
            signed(interval.high),
            signed(interval.student_low),
            signed(interval.student_high),
            words::count(interval.above)
        ),
    };
    let refused = match (contrast.refused, contrast.refused_other) {
        (one, other) if one == other => String::new(),
        (one, other) => {
            format!("; {} refused, with {policy} {}", words::count(one), words::count(other))
        }
    };
    format!("{} on average, {than}{sure}{refused}", words::amount(*mean_empty_hosts))
}

fn signed(amount: f64) -> String {
    let sign = if amount < 0.0 { "−" } else { "" };
    format!("{sign}{}", words::amount(amount.abs()))
}

fn requests(report: &Report) -> String {
    let waiting = match report.waiting {
        0 => String::new(),
        waiting => format!(", {} still waiting", words::count(waiting)),
    };
    let refused = match report.refused {
        0 => "none refused".to_owned(),
        refused => format!(
            "{} refused ({})",
            words::count(refused),
            words::percent_of(refused, report.requests)
        ),
    };
    let withdrawn = match report.withdrawn {
        0 => String::new(),
        withdrawn => format!(", {} not wanted any more", words::count(withdrawn)),
    };
    let (requests, placed) = (words::count(report.requests), words::count(report.placed));
    let at_desks = match report.provisioning.as_ref().map_or(0, |desks| desks.at_desks) {
        0 => String::new(),
        at_desks => format!(", {} still at desks", words::count(at_desks)),
    };
    format!("{requests}: {placed} placed, {refused}{waiting}{withdrawn}{at_desks}")
}

/// Why, the most frequent reason first; `None` when there is none.
pub(super) fn reasons(counts: &BTreeMap<String, u64>) -> Option<String> {
    let mut reasons: Vec<_> = counts.iter().collect();
    reasons.sort_by_key(|(_, count)| Reverse(**count));
    let said = reasons
        .into_iter()
        .map(|(reason, number)| format!("{} {}", words::count(*number), reason_words(reason)));
    let said = said.collect::<Vec<_>>().join(", ");
    (!said.is_empty()).then_some(said)
}

fn utilised(utilisation: &Utilisation) -> String {
    let (factor, unit) = words::scale(&utilisation.unit, utilisation.peak_used as f64);
    format!(
        "{} on average, {} at most ({} {unit})",
        words::percent(utilisation.mean),
        words::percent(utilisation.peak),
        words::amount(utilisation.peak_used as f64 / factor)
    )
}

/// What of the free capacity the mix cannot use, most first.
fn stranded(stranding: &Stranding) -> String {
    let mut resources: Vec<_> =
        stranding.resources.iter().filter(|(_, of)| of.stranded > 0).collect();
    resources.sort_by(|a, b| b.1.share.total_cmp(&a.1.share));
    let said = resources.into_iter().map(|(name, of)| {
        let most = of.because.iter().max_by(|a, b| a.1.cmp(b.1).then(b.0.cmp(a.0)));
        let why = most.map_or("", |(why, _)| why.as_str());
        let why = match why {
            "pool" => "in a pool that nobody asks for".to_owned(),
            "labels" => "without the labels asked for".to_owned(),
            "forbidden-labels" => "with labels that are forbidden".to_owned(),
            "taints" => "with taints that nobody tolerates".to_owned(),
            "cordoned" => "on hosts that are leaving".to_owned(),
            "gpu-devices" => "since the free GPUs lie in pieces".to_owned(),
            "numa-cells" => "since each NUMA cell has too little".to_owned(),
            same if same == name => "in pieces too small".to_owned(),
            short => format!("for want of {}", words::resource(&short.replace('+', " and "))),
        };
        let share = words::percent(of.share);
        format!("{share} of {}, {why}", words::resource(name))
    });
    let said = said.collect::<Vec<_>>().join("; ");
    if said.is_empty() { "nothing".to_owned() } else { said }
}

fn orders(text: &mut String, report: &Report) {
    if report.orders.is_empty() {
        return;
    }
    let mut table = lines::table();
    table.set_header(["Order by", "In service", "Hosts", "Model", "Pool"]);
    for Order { ordered, due, hosts, model, pool } in report.orders.iter().take(ORDERS_SHOWN) {
        let hosts = words::count(*hosts);
        table.add_row([words::day(&ordered.date), words::day(&due.date), &hosts, model, pool]);
    }
    line(text, "");
    lines::rows(text, &table);
    if let Some(more @ 1..) = report.orders.len().checked_sub(ORDERS_SHOWN) {
        line(
            text,
            &dim(&format!(
                "… and {} (`--json` or `--out` has all)",
                words::plural(more as u64, "more order")
            )),
        );
    }
}

/// The rollouts, one a row, and of each that did not just get through why.
fn rollouts(text: &mut String, report: &Report) {
    if report.rollouts.is_empty() {
        return;
    }
    let mut table = lines::table();
    table.set_header(["Rollout", "Service", "To", "How", "Outcome", "Took", "Slots", "Serving"]);
    for rollout in report.rollouts.iter().take(ROLLOUTS_SHOWN) {
        table.add_row([
            rollout.at.date.replace('T', " "),
            rollout.service.clone(),
            rollout.to.clone(),
            rollout.strategy.clone(),
            rollout.outcome.clone(),
            words::duration(rollout.duration_s),
            format!("{} at most", words::count(rollout.peak_slots.into())),
            format!("{} at least", words::count(rollout.min_available.into())),
        ]);
    }
    line(text, "");
    lines::rows(text, &table);
    let told = report.rollouts.iter().filter_map(|one| Some((one, why(one)?)));
    for (rollout, why) in told.take(ROLLOUTS_SHOWN) {
        let said = format!("{}, {}: {why}.", rollout.service, rollout.at.date.replace('T', " "));
        lines::prose(text, &words::capitalised(&said));
    }
    let all = report.rollout_totals.rollouts as usize;
    if let Some(more @ 1..) = all.checked_sub(ROLLOUTS_SHOWN) {
        let more = words::plural(more as u64, "more rollout");
        line(text, &dim(&format!("… and {more} (`--json` or `--out` has the details)")));
    }
}

/// What is to be said of a rollout beyond that it got through; `None`: nothing.
pub(crate) fn why(rollout: &RolloutReport) -> Option<String> {
    let mut parts = Vec::new();
    if let Some(because) = &rollout.turned_back_because {
        parts.push(format!("turned back, since {because}"));
    }
    if rollout.takes_back {
        parts.push(format!("takes {} back, which was found bad in production", rollout.from));
    }
    if rollout.turned_back_because.is_some() || rollout.takes_back {
        let requests = rollout.exposed_requests.map(|count| {
            format!(", {} requests", words::count(count.round() as u64)) //
        });
        let exposed = words::duration(rollout.exposure_s);
        let image = if rollout.takes_back { &rollout.from } else { &rollout.to };
        if rollout.exposure_s > 0.0 {
            let requests = requests.unwrap_or_default();
            parts.push(format!("users met {image} for {exposed} of full traffic{requests}"));
        } else {
            parts.push(format!("no user met {image}"));
        }
    }
    if let Some(s) = rollout.turn_back_s.filter(|s| *s > 0.0) {
        parts.push(format!("the way back took {}", words::duration(s)));
    }
    if let Some(s) = rollout.overdue_s.filter(|_| rollout.turned_back_because.is_none()) {
        parts.push(format!("it made no progress and was overdue after {}", words::duration(s)));
    }
    let free = match rollout.free_slots {
        0 => "there was no room for one more instance".to_owned(),
        free => format!("there was room for {}", words::plural(free, "more instance")),
    };
    let waited_s = rollout.waited_for_room_s();
    match rollout.forecast.as_str() {
        "deadlock" if waited_s.is_some() && rollout.outcome != "complete" => {
            parts.push(format!("this could be foreseen: when it began, {free}"));
        }
        "slower" => parts.push(format!("slower than it could be: when it began, {free}")),
        _ => {}
    }
    if let Some(s) = waited_s {
        parts.push(format!("it waited {} for room", words::duration(s)));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn dim(text: &str) -> String {
    style(text, Style::new().dimmed())
}

fn style(text: &str, style: Style) -> String {
    if text.is_empty() { String::new() } else { format!("{style}{text}{style:#}") }
}

/// A pool where something goes from one to another.
fn of_pool(pool: &PoolReport) -> String {
    let start = words::plural(pool.hosts_at_start, "host");
    let hosts = match pool.hosts_at_start == pool.hosts {
        true => format!("{start} at the start and at the end"),
        false => format!("{start} at the start, {} at the end", words::count(pool.hosts)),
    };
    let fullest = match (&pool.fullest_of, &pool.fullest_at) {
        (Some(of), Some(at)) if pool.fullest > 0.0 => {
            format!("; {} of {of} taken on {}", words::percent(pool.fullest), words::day(&at.date))
        }
        _ => String::new(),
    };
    format!("{hosts}, {} used at most{fullest}", words::count(pool.peak_hosts_used))
}
