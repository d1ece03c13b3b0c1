//! A rollout in words and charts: what there is of each version over time, and the room that is
//! left under it.

use crate::cards::{Card, Mood};
use crate::chart::{Chart, Line, Span};
use fleetcast_core::report::rollouts::{RolloutReport, TimelineRow};
use fleetcast_core::words;

/// From its beginning until the last room was given back, ms after the run's start.
pub fn span(rollout: &RolloutReport) -> Span {
    let ms = |s: f64| (s * 1e3).round() as u64;
    let from_ms = ms(rollout.at.at_s);
    let last_s = rollout.timeline.last().map_or(0.0, |row| row.t);
    let length_ms = ms(rollout.released_s.max(rollout.duration_s).max(last_s)).max(1);
    Span { from_ms, to_ms: from_ms + length_ms }
}

/// What became of it, in a sentence.
pub fn verdict(rollout: &RolloutReport) -> String {
    let RolloutReport { service, from, to, strategy, outcome, .. } = rollout;
    let took = words::duration(rollout.duration_s);
    let way = if rollout.takes_back { "goes back" } else { "goes" };
    let went = if rollout.takes_back { "went back" } else { "went" };
    match (outcome.as_str(), &rollout.turned_back_because) {
        ("complete", _) => format!("{service} {went} from {from} to {to} by {strategy} in {took}."),
        (_, Some(why)) => {
            format!(
                "{service} did not get from {from} to {to}: {strategy} turned back, since {why}."
            )
        }
        _ => {
            let so_far = "when the run ended";
            format!(
                "{service} {way} from {from} to {to} by {strategy}, and was {outcome} {so_far}, after {took}."
            )
        }
    }
}

/// What it took, and what users noticed.
pub fn cards(rollout: &RolloutReport) -> Vec<Card> {
    let instances = u64::from(rollout.instances);
    let good_if = |is_good: bool| if is_good { Mood::Good } else { Mood::Bad };
    let missed = rollout.unavailable_instance_s;
    let mut cards = vec![
        Card {
            label: "Fewest in service",
            value: format!("{} of {}", rollout.min_available, rollout.instances),
            more: match missed > 0.0 {
                true => format!("users missed {} of one instance", words::duration(missed)),
                false => "users missed nothing".to_owned(),
            },
            mood: good_if(missed <= 0.0),
        },
        Card {
            label: "Slots at the peak",
            value: words::count(rollout.peak_slots.into()),
            more: format!(
                "{} more than its {}; {} were free when it began",
                words::count(rollout.surge_peak.into()),
                words::plural(instances, "instance"),
                words::count(rollout.free_slots),
            ),
            mood: Mood::Plain,
        },
        Card {
            label: "Without room at most",
            value: words::plural(rollout.pending_peak.into(), "instance"),
            more: match rollout.forecast.as_str() {
                "fits" => "as could be said beforehand: it fits".to_owned(),
                "slower" => "as could be said beforehand: it goes slower than it might".to_owned(),
                "deadlock" => "it could be said beforehand: it would come to a stop".to_owned(),
                other => other.to_owned(),
            },
            mood: good_if(rollout.pending_peak == 0),
        },
        Card {
            label: "Both versions",
            value: words::duration(rollout.mixed_s),
            more: "users met the old and the new one".to_owned(),
            mood: Mood::Plain,
        },
    ];
    if rollout.turned_back_because.is_some() || rollout.takes_back {
        let was_met = rollout.exposure_s > 0.0;
        let image = if rollout.takes_back { &rollout.from } else { &rollout.to };
        cards.push(Card {
            label: "Met what was taken back",
            value: if was_met { words::duration(rollout.exposure_s) } else { "nobody".to_owned() },
            more: match rollout.exposed_requests.filter(|_| was_met) {
                Some(requests) => {
                    format!("of all users' time on {image}: {} requests", words::amount(requests))
                }
                None if was_met => format!("of all users' time on {image}"),
                None => format!("no user was served by {image}"),
            },
            mood: good_if(!was_met),
        });
    }
    cards
}

/// Its instances over time, and the free slots under them. Empty where its course is not told.
pub fn charts(rollout: &RolloutReport) -> Vec<Chart> {
    let Some(last) = rollout.timeline.last() else { return Vec::new() };
    let whole = span(rollout);
    // What there is stays until the next row: a step, two points.
    let mut times_ms = Vec::new();
    let mut rows: Vec<&TimelineRow> = Vec::new();
    for row in &rollout.timeline {
        let at_ms = whole.from_ms + (row.t * 1e3).round() as u64;
        if let Some(before) = rows.last().copied() {
            times_ms.push(at_ms);
            rows.push(before);
        }
        times_ms.push(at_ms);
        rows.push(row);
    }
    times_ms.push(whole.to_ms.max(times_ms.last().copied().unwrap_or(0)));
    rows.push(last);

    let line = |name: &str, colour, value: fn(&TimelineRow) -> u64| {
        Line::new(name, rows.iter().map(|row| value(row) as f64).collect(), colour)
    };
    let booting = |row: &TimelineRow| {
        u64::from(row.new.saturating_sub(row.new_ready).saturating_sub(row.pending))
    };
    let instances = [
        line("old", 5, |row| row.old.into()),
        line("new, in service", 2, |row| row.new_available.into()).area(),
        line("new, booting", 0, booting),
        line("terminating", 1, |row| row.terminating.into()),
        line("without room", 4, |row| row.pending.into()),
    ];
    let says_something = |line: &Line| line.values.iter().any(|value| *value > 0.0);
    let chart = |id, title: &str, unit: &str, lines| Chart {
        id,
        title: title.to_owned(),
        unit: unit.to_owned(),
        times_ms: times_ms.clone(),
        lines,
    };
    vec![
        chart(
            "instances",
            "Instances of each version",
            "instances",
            instances.into_iter().filter(says_something).collect(),
        ),
        chart(
            "slots",
            "Room for more instances in the fleet",
            "slots",
            vec![line("free", 3, |row| row.free_slots).area()],
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleetcast_core::report::Moment;

    fn row(t: f64, old: u32, new: u32, new_available: u32) -> TimelineRow {
        TimelineRow {
            t,
            old,
            old_available: old,
            new,
            new_ready: new_available,
            new_available,
            terminating: 0,
            pending: 0,
            used: old + new,
            weight: None,
            free_slots: 9,
        }
    }

    fn rollout() -> RolloutReport {
        RolloutReport {
            number: 0,
            service: "web".into(),
            strategy: "rolling".into(),
            from: "v1".into(),
            to: "v2".into(),
            takes_back: false,
            at: Moment { at_s: 100.0, date: "2026-01-01T00:01:40".into() },
            outcome: "complete".into(),
            turned_back_because: None,
            instances: 2,
            duration_s: 60.0,
            released_s: 90.0,
            overdue_s: None,
            turn_back_s: None,
            peak_slots: 3,
            surge_peak: 1,
            pending_peak: 0,
            min_available: 2,
            unavailable_instance_s: 0.0,
            surge_instance_s: 30.0,
            mixed_s: 30.0,
            exposure_s: 0.0,
            exposed_requests: None,
            free_slots: 10,
            forecast: "fits".into(),
            waits: Vec::new(),
            timeline: vec![row(0.0, 2, 1, 0), row(30.0, 1, 1, 1), row(60.0, 0, 2, 2)],
        }
    }

    #[test]
    fn what_there_is_stays_until_the_next_row() {
        let charts = charts(&rollout());
        let [instances, slots] = charts.as_slice() else { panic!("two charts: {charts:?}") };
        assert_eq!(instances.times_ms, [100_000, 130_000, 130_000, 160_000, 160_000, 190_000]);
        let lines: Vec<_> =
            instances.lines.iter().map(|l| (l.name.as_str(), &l.values[..])).collect();
        let old = ("old", &[2.0, 2.0, 1.0, 1.0, 0.0, 0.0][..]);
        let new = ("new, in service", &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0][..]);
        let booting = ("new, booting", &[1.0, 1.0, 0.0, 0.0, 0.0, 0.0][..]);
        assert_eq!(lines, [old, new, booting]);
        assert_eq!(slots.lines[0].values, [9.0; 6]);
        // The cursor reads what is there from an instant on.
        assert_eq!(instances.said(&instances.lines[0], 130_000), "1 instances");
        assert_eq!(super::charts(&RolloutReport { timeline: Vec::new(), ..rollout() }), []);
    }

    #[test]
    fn the_answer_comes_first() {
        assert_eq!(verdict(&rollout()), "web went from v1 to v2 by rolling in 60 s.");
        let turned = RolloutReport {
            outcome: "turned back".into(),
            turned_back_because: Some("an analysis found the image bad".into()),
            ..rollout()
        };
        let said = "web did not get from v1 to v2: rolling turned back, since an analysis found the image bad.";
        assert_eq!(verdict(&turned), said);
        assert_eq!((cards(&rollout()).len(), cards(&turned).len()), (4, 5));
        let late = RolloutReport { outcome: "overdue".into(), ..rollout() };
        assert!(verdict(&late).ends_with("and was overdue when the run ended, after 60 s."));
    }
}
