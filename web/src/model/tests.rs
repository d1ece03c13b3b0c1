use super::*;
use crate::ask::Ask;
use crate::compare::Change;
use crate::desk::Desk;
use crate::sheet::Table;
use fleetcast_core::comparison::{self, Runs};
use fleetcast_core::read::Override;

/// A page with its workers, without a browser: effects are carried out at once.
#[derive(Default)]
struct Page {
    model: Model,
    desks: BTreeMap<usize, Desk>,
    links: Vec<String>,
    remembered: Option<String>,
    fetches: Vec<String>,
}

impl Page {
    fn new() -> Self {
        Self::default()
    }

    fn send(&mut self, msg: Msg) {
        let mut effects = self.model.update(msg);
        while !effects.is_empty() {
            let effect = effects.remove(0);
            let more = self.carry_out(effect);
            effects.extend(more);
        }
    }

    fn carry_out(&mut self, effect: Effect) -> Vec<Effect> {
        let mut effects = Vec::new();
        match effect {
            Effect::Send(lane, message, bytes) => {
                let desk = self.desks.entry(lane).or_default();
                let bytes = bytes.map_or_else(Vec::new, |bytes| bytes.to_vec());
                let answers = desk.hear(message, bytes);
                for (answer, _) in answers {
                    effects.extend(self.model.update(Msg::Heard(lane, Box::new(answer))));
                }
            }
            Effect::Restart(lane) => drop(self.desks.remove(&lane)),
            Effect::CheckSoon => effects.extend(self.model.update(Msg::Check)),
            Effect::Link(fragment) => self.links.push(fragment),
            Effect::Remember(fragment) => self.remembered = fragment,
            Effect::Fetch(name) => self.fetches.push(name),
            _ => {}
        }
        effects
    }

    /// Lets all workers finish.
    fn finish(&mut self) {
        while let Some(lane) = self.desks.iter().find(|(_, d)| d.is_busy()).map(|(lane, _)| *lane) {
            let answers = self.desks.get_mut(&lane).expect("it is there").work(&mut || false);
            for (answer, _) in answers {
                self.send(Msg::Heard(lane, Box::new(answer)));
            }
        }
    }
}

#[test]
fn one_click_leads_to_a_verdict() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: true });
    assert_eq!(page.model.screen, Screen::Replay);
    assert!(page.model.run.course.is_under_way());
    page.finish();
    assert_eq!(page.model.run.course, Course::Ended);
    let report = page.model.run.report.clone().unwrap();
    assert!(report.verdict.starts_with("fits until "), "{}", report.verdict);
    assert_eq!(page.model.at_ms, page.model.whole().to_ms);
    assert!(page.model.run.charts.len() >= 4);
}

#[test]
fn a_scenario_of_the_box_is_opened_once_its_text_has_come() {
    let mut model = Model::default();
    let asked = model.update(Msg::Take { file: "first.toml", runs: false });
    assert!(asked.iter().any(|effect| matches!(effect, Effect::Send(0, ToWorker::Text { .. }, _))));
    assert_eq!((model.opens(), model.is_open), (Some("first.toml"), false));
    let told = |file: &str| FromWorker::Text { file: file.to_owned(), text: "name = 1".to_owned() };
    model.update(Msg::Heard(0, Box::new(told("azure.toml"))));
    assert!(!model.is_open, "that is another");
    model.update(Msg::Heard(0, Box::new(told("first.toml"))));
    assert_eq!((model.opens(), model.written.text.as_str()), (None, "name = 1"));
    // What was opened meanwhile stays.
    model.update(Msg::Take { file: "first.toml", runs: true });
    model.update(Msg::Opened("mine.toml".into(), b"name = 2".as_slice().into()));
    model.update(Msg::Heard(0, Box::new(told("first.toml"))));
    assert_eq!((model.written.text.as_str(), &model.run.course), ("name = 2", &Course::None));
    model.update(Msg::Take { file: "first.toml", runs: true });
    assert_eq!(model.run.course, Course::Reading);
    model.update(Msg::Cancel);
    model.update(Msg::Heard(0, Box::new(told("first.toml"))));
    assert_eq!((model.written.text.as_str(), &model.run.course), ("name = 2", &Course::None));
}

#[test]
fn an_error_stands_at_its_line_until_it_is_mended() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    let right = page.model.written.text.clone();
    page.send(Msg::Edit(right.replace("count = 20", "count = twenty")));
    assert!(page.model.is_wrong());
    let line = right.lines().position(|line| line.contains("count = 20")).unwrap() as u32 + 1;
    assert!(page.model.problems_by_line().contains_key(&line));
    page.send(Msg::Run);
    assert_eq!(page.model.run.course, Course::None, "what is wrong is not run");
    assert_eq!(page.model.screen, Screen::Choose);
    assert!(!page.model.checked.knobs.is_empty(), "knobs stay while one types");
    page.send(Msg::Edit(right));
    assert!(!page.model.is_wrong() && page.model.problems_by_line().is_empty());
    page.send(Msg::Run);
    page.finish();
    assert_eq!(page.model.run.course, Course::Ended);
}

#[test]
fn a_knob_is_an_override_and_leaves_the_text_alone() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    let text = page.model.written.text.clone();
    page.send(Msg::Turn("seed".into(), KnobKind::Whole, "7".into()));
    page.send(Msg::Turn("seed".into(), KnobKind::Whole, "8".into()));
    page.send(Msg::Turn("placement.policy".into(), KnobKind::Policy, "worst-fit".into()));
    assert_eq!((page.model.written.sets.len(), &page.model.written.text), (2, &text));
    page.send(Msg::Run);
    page.finish();
    let report = page.model.run.report.clone().unwrap();
    assert_eq!((report.seed, report.policy.as_str()), (8, "worst-fit"));
    page.send(Msg::TurnBack);
    assert!(page.model.written.sets.is_empty());
}

#[test]
fn a_run_is_cancelled_and_what_it_said_later_is_not_heard() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: true });
    page.send(Msg::Cancel);
    assert!(matches!(page.model.run.course, Course::Cancelled(_)));
    let outline = Outline::default();
    page.send(Msg::Heard(0, Box::new(FromWorker::Begun { id: 99, outline })));
    assert!(matches!(page.model.run.course, Course::Cancelled(_)));
    page.send(Msg::Run);
    page.finish();
    assert_eq!(page.model.run.course, Course::Ended);
}

#[test]
fn hosts_and_refusals_are_explained() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: true });
    page.finish();
    page.send(Msg::PointHost(4));
    page.finish();
    assert!(
        matches!(&page.model.pointed, Pointed::Host(4, Some(story)) if story.place.name == "h4")
    );
    let turned = page.model.run.away.clone().unwrap().kept[0].clone();
    page.send(Msg::PointRefusal(turned.request, turned.at_ms));
    page.finish();
    let Pointed::Refusal(_, _, Some(account)) = &page.model.pointed else {
        panic!("there is an account: {:?}", page.model.pointed)
    };
    assert_eq!((account.funnel.fit, account.funnel.in_service), (0, 20));
    page.send(Msg::PointAway);
    assert_eq!(page.model.pointed, Pointed::Nothing);
}

#[test]
fn a_run_says_what_it_takes_for_granted_and_how_to_have_it_again() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    page.send(Msg::Turn("placement.policy".into(), KnobKind::Policy, "worst-fit".into()));
    page.send(Msg::Run);
    page.finish();
    let assumed = &page.model.run.assumed;
    let policy = ("Placement".to_owned(), "worst-fit".to_owned());
    assert!(assumed.said.contains(&policy) && !assumed.left_out.is_empty(), "{assumed:?}");
    assert_eq!(
        tell::command(&page.model.run.written),
        "fleetcast run first.toml --set 'placement.policy=\"worst-fit\"'"
    );
}

#[test]
fn numbers_are_turned_beside_the_run_and_go_with_it() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: true });
    page.finish();
    page.send(Msg::WhatIf);
    assert_eq!(page.model.run.what_if, WhatIf::Running(0.0));
    // What a person points at meanwhile is told by another worker.
    page.send(Msg::PointHost(4));
    page.finish();
    assert!(matches!(&page.model.pointed, Pointed::Host(4, Some(_))));
    let WhatIf::Ended(found) = &page.model.run.what_if else {
        panic!("it ended: {:?}", page.model.run.what_if)
    };
    assert!(found.answer.starts_with("What moves refused most is"), "{}", found.answer);
    assert!(!page.desks.contains_key(&WHAT_IF_LANE), "its worker is let go");
    page.send(Msg::WhatIf);
    page.send(Msg::NoWhatIf);
    assert_eq!(page.model.run.what_if, WhatIf::None);
    page.send(Msg::WhatIf);
    page.send(Msg::Run);
    assert!(!page.desks.contains_key(&WHAT_IF_LANE), "it was of another run");
    page.finish();
    assert_eq!((&page.model.run.course, &page.model.run.what_if), (&Course::Ended, &WhatIf::None));
}

#[test]
fn a_link_opens_in_a_page_that_knows_nothing_and_runs_nothing() {
    let mut page = Page::new();
    page.send(Msg::Opened(
        "r.csv".into(),
        b"arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n".as_slice().into(),
    ));
    page.send(Msg::Turn("seed".into(), KnobKind::Whole, "7".into()));
    page.send(Msg::Share);
    let fragment = page.links.pop().unwrap();

    let mut other = Page::new();
    other.send(Msg::Link(fragment));
    assert_eq!(other.model.written, page.model.written);
    assert_eq!((other.model.screen, &other.model.run.course), (Screen::Choose, &Course::None));
    assert!(!other.model.is_wrong(), "{:?}", other.model.checked.problems);
    other.send(Msg::Run);
    other.finish();
    assert_eq!(other.model.run.report.as_ref().unwrap().requests, 1);
}

#[test]
fn a_wrong_link_or_file_is_told_and_changes_nothing() {
    let mut page = Page::new();
    for fragment in ["1.AAAA", "nonsense", "<script>alert(1)</script>"] {
        page.send(Msg::Link(fragment.into()));
        assert!(page.model.notice.as_ref().is_some_and(|notice| notice.is_error));
        assert!(!page.model.is_open && page.model.run.course == Course::None);
    }
    page.send(Msg::Opened("a.png".into(), b"x".as_slice().into()));
    assert!(page.model.notice.as_ref().is_some_and(|notice| notice.is_error));
    assert!(!page.model.is_open);
}

#[test]
fn a_run_waits_for_the_files_of_the_box() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "azure.toml", runs: true });
    assert_eq!(page.model.run.course, Course::Fetching);
    let name = page.fetches.pop().unwrap();
    let rows = b"arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n60,,2,1024\n".as_slice();
    page.send(Msg::Fetched(name, rows.into()));
    page.finish();
    assert_eq!(page.model.run.report.as_ref().unwrap().requests, 2);
    page.send(Msg::NotFetched("x".into(), "no network".into()));
    assert!(page.model.notice.as_ref().unwrap().text.contains("no network"));
}

#[test]
fn nothing_is_remembered_unless_asked() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    page.send(Msg::Edit("name = 1".into()));
    assert_eq!(page.remembered, None);
    page.send(Msg::Keep(true));
    let fragment = page.remembered.clone().unwrap();
    let mut later = Page::new();
    later.send(Msg::Remembered(fragment));
    assert_eq!((later.model.written.text.as_str(), later.model.is_kept), ("name = 1", true));
    later.send(Msg::Keep(false));
    assert_eq!(later.remembered, None);
}

#[test]
fn two_policies_are_compared_over_seeds() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    page.send(Msg::Go(Screen::Compare));
    page.send(Msg::Compare(Change::Policy(0, "best-fit".into())));
    page.send(Msg::Compare(Change::Seeds(3)));
    page.send(Msg::Compare(Change::Run));
    assert!(page.model.compare.is_running());
    page.finish();
    assert!(!page.model.compare.is_running());
    let compare = &page.model.compare;
    for variant in &compare.variants {
        let seeds: Vec<u64> = variant.runs.iter().map(|run| run.seed).collect();
        assert_eq!(seeds, [1, 2, 3]);
        let of_first = compare.variants[0].runs.iter().map(|run| run.requests);
        assert!(of_first.eq(variant.runs.iter().map(|run| run.requests)), "the same demand");
    }
    // It is the comparison that the core makes of the same runs.
    let text = &page.model.written.text;
    let report = |policy: &str, seed: u64| {
        let set = |key: &str, value: String| Override { key: key.to_owned(), value };
        let policy = set("placement.policy", format!("{policy:?}"));
        let mut ask = Ask::of("first.toml", text);
        ask.overrides.extend([policy, set("seed", seed.to_string())]);
        ask.run().unwrap()
    };
    let scenario = Ask::of("first.toml", text).read().unwrap().scenario;
    let names = ["best-fit", "worst-fit"];
    let mut runs = Runs::new(names.map(str::to_owned).to_vec(), comparison::metrics(&scenario));
    for seed in 1..=3 {
        runs.add(&names.map(|policy| runs.measure(&report(policy, seed))));
    }
    let table = compare.table.clone().unwrap();
    assert_eq!(*table, Table::of(&runs.compare(&scenario)));
    assert_eq!(table.names, names);
    assert!(table.answer.contains("3 seeds"), "{}", table.answer);
    let refused = table.rows.iter().find(|row| row.what.starts_with("Requests refused")).unwrap();
    assert!(refused.cells.iter().all(|cell| cell.figure.ends_with('%')));
    assert!(refused.cells[0].change.is_empty() && !refused.cells[1].change.is_empty());
}

#[test]
fn a_variant_that_is_wrong_says_why_and_the_others_run() {
    let mut page = Page::new();
    page.send(Msg::Take { file: "first.toml", runs: false });
    page.send(Msg::Go(Screen::Compare));
    page.send(Msg::Compare(Change::Add));
    page.send(Msg::Compare(Change::Set(2, "pools.main.hosts.count=-3".into())));
    page.send(Msg::Compare(Change::Run));
    page.finish();
    let variants = &page.model.compare.variants;
    assert_eq!(variants[0].runs.len(), 5);
    assert!(variants[2].runs.is_empty() && variants[2].wrong.is_some());
    let table = page.model.compare.table.clone().unwrap();
    assert_eq!(table.names, ["as written", "worst-fit"]);
    page.send(Msg::Compare(Change::Remove(2)));
    assert_eq!(page.model.compare.variants.len(), 2);
    assert_eq!(page.model.compare.table, None, "lanes are by row");
}

#[test]
fn a_worker_that_breaks_down_is_replaced_with_its_files() {
    let mut page = Page::new();
    page.send(Msg::Opened(
        "r.csv".into(),
        b"arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n".as_slice().into(),
    ));
    let effects = page.model.update(Msg::Died(0, "out of memory".into()));
    assert!(matches!(effects[0], Effect::Restart(0)));
    assert!(
        matches!(&effects[1], Effect::Send(0, ToWorker::File { name }, Some(_)) if name == "r.csv")
    );
    assert_eq!(page.model.run.course, Course::Failed("out of memory".into()));
}
