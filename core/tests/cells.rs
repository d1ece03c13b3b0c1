//! NUMA cells, judged by a plain second account, and by hand.

mod common;

use common::{add_hosts, bare, padded};
use fleetcast_core::dice::{self, Stream};
use fleetcast_core::fact::Reason;
use fleetcast_core::observe::Summary;
use fleetcast_core::placement::Placer;
use fleetcast_core::read::{Input, read};
use fleetcast_core::resources::{Builtin, Kinds};
use fleetcast_core::scenario::*;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::{Ask, HostId, Predicate, Search, Spot, State, Vm, VmId};
use fleetcast_core::time::Time;
use rand::RngExt;
use std::sync::Arc;

/// CPU and memory.
type Size = [i64; 2];

/// What a request wants: how much, in how many cells (0: it does not say).
#[derive(Clone, Copy, Debug)]
struct Want {
    size: Size,
    cells: usize,
}

/// What a host has left, in sum and in each cell.
#[derive(Clone, Debug, PartialEq)]
struct Plain {
    free: Size,
    empty_cell: Size,
    cells: Vec<Size>,
}

fn covers(has: Size, wants: Size) -> bool {
    has[0] >= wants[0] && has[1] >= wants[1]
}

impl Plain {
    fn new(cells: usize, each: Size) -> Self {
        let free = each.map(|each| each * cells.max(1) as i64);
        Self { free, empty_cell: each, cells: vec![each; cells] }
    }

    /// The cells that a request takes, and how much of each; `None`: there is no room.
    fn spot(&self, want: Want) -> Option<(Vec<usize>, Size)> {
        if !covers(self.free, want.size) {
            return None;
        }
        if self.cells.is_empty() {
            return (want.cells < 2).then_some((Vec::new(), [0, 0]));
        }
        let all_of = |count: usize| self.empty_cell.map(|each| each * count as i64);
        let count = match want.cells {
            0 => (1..=self.cells.len()).find(|count| covers(all_of(*count), want.size))?,
            declared => declared,
        };
        let each = want.size.map(|amount| (amount + count as i64 - 1) / count as i64);
        let mut order: Vec<usize> = (0..self.cells.len()).collect();
        order.retain(|cell| covers(self.cells[*cell], each));
        order.sort_by_key(|cell| (self.cells[*cell], *cell));
        order.truncate(count);
        order.sort_unstable();
        (order.len() == count).then_some((order, each))
    }

    fn change(&mut self, want: Want, (cells, each): &(Vec<usize>, Size), sign: i64) {
        for kind in 0..2 {
            self.free[kind] += sign * want.size[kind];
            cells.iter().for_each(|cell| self.cells[*cell][kind] += sign * each[kind]);
        }
    }
}

fn kinds() -> Kinds {
    let kinds = [Builtin::Cpu, Builtin::Memory];
    Kinds::new(kinds.map(|kind| (kind.name().to_owned(), kind.unit().to_owned())).into())
}

fn fleet(dice: &mut Stream) -> (Scenario, Vec<Plain>) {
    let mut scenario = bare(&[]);
    scenario.kinds = kinds();
    let mut hosts = Vec::new();
    for _ in 0..dice.random_range(1..=3) {
        let cells = [0, 2, 2, 3, 4][dice.random_range(0..5usize)];
        let host = Plain::new(cells, [dice.random_range(3..=10), dice.random_range(3..=10)]);
        let count = dice.random_range(1..=5);
        add_hosts(&mut scenario, &host.free, count);
        scenario.models.last_mut().expect("just added").cells = cells as u8;
        hosts.extend(vec![host; count]);
    }
    (scenario, hosts)
}

fn want(dice: &mut Stream) -> Want {
    let cells = [0, 0, 0, 1, 2, 3][dice.random_range(0..6usize)];
    let step = cells.max(1) as i64;
    let most = if cells > 1 { 4 } else { 12 };
    let size = [0, 0].map(|_| {
        let most = dice.random_range(1..=most);
        step * dice.random_range(1..=most)
    });
    Want { size, cells }
}

fn ask(state: &mut State, want: Want) -> Ask {
    let predicate = Predicate { cells: want.cells as u8, ..Predicate::default() };
    let predicate = state.predicate(predicate);
    state.ask_of(&padded(&want.size), predicate, TenantId::from_row(0))
}

fn start(state: &mut State, ask: Ask, host: HostId) -> VmId {
    state.start(Vm { request: 0, placed: Time::ZERO, host, ask, demand: DemandId::from_row(0) })
}

/// The same twice, by a scan and by classes, and the account.
struct Twin {
    states: [State; 2],
    plain: Vec<Plain>,
}

/// A VM alive: its row, its host, what it wanted and what it took.
type Alive = (VmId, usize, Want, (Vec<usize>, Size));

impl Twin {
    fn check(&self) {
        for state in &self.states {
            for (host, plain) in state.hosts.ids().zip(&self.plain) {
                let free = [0, 1].map(|column| state.hosts.free(host, column));
                assert_eq!((free, state.cells.left(host)), (plain.free, &plain.cells[..]));
                let mut ascending = plain.cells.clone();
                ascending.sort_unstable();
                let parts = state.layouts.parts(state.hosts.cells(host));
                assert_eq!(**parts, *ascending.as_flattened());
            }
        }
    }

    /// A VM sets out for a host and gets there, or not.
    fn migrate(&mut self, vm: &mut Alive, to: usize, has_arrived: bool) {
        let Some(there) = self.plain[to].spot(vm.2) else { return };
        self.states.iter_mut().for_each(|state| state.begin_move(vm.0, HostId::from_row(to)));
        self.plain[to].change(vm.2, &there, -1);
        self.check();
        self.states.iter_mut().for_each(|state| {
            state.end_move(vm.0, has_arrived);
        });
        if has_arrived {
            self.plain[vm.1].change(vm.2, &vm.3, 1);
            (vm.1, vm.3) = (to, there);
        } else {
            self.plain[to].change(vm.2, &there, 1);
        }
    }

    /// VMs are lifted and put back: all is as it was.
    fn lift(&mut self, vms: &[VmId]) {
        for state in &mut self.states {
            let spots: Vec<Spot> = vms.iter().map(|vm| state.lift(*vm)).collect();
            for (vm, spot) in vms.iter().zip(spots) {
                let host = state.vms.get(*vm).host;
                state.put(*vm, host, spot);
            }
        }
    }
}

/// Arrivals, moves and departures at random, and each of them thrice.
fn live(case: u64) -> [usize; 3] {
    let dice = &mut dice::stream(case, "cells");
    let (mut scenario, plain) = fleet(dice);
    let is_first_fit = case.is_multiple_of(2);
    if !is_first_fit {
        scenario.placement.policy = Policy::BestFit(FitBy::Shares);
    }
    let states = [Search::Hosts, Search::Classes].map(|search| {
        let mut state = State::new(&scenario);
        state.search(search);
        for spec in &scenario.hosts {
            state.add_host(spec.host_type, spec.rack, 0);
        }
        state
    });
    let placer = Placer::new(&scenario);
    let mut twin = Twin { states, plain };
    let mut alive: Vec<Alive> = Vec::new();
    let mut counts = [0; 3];
    for _ in 0..120 {
        match dice.random_range(0..10u8) {
            0..3 if !alive.is_empty() => {
                let (id, host, want, took) = alive.swap_remove(dice.random_range(0..alive.len()));
                for state in &mut twin.states {
                    let vm = state.end(id);
                    state.forget(vm.ask);
                }
                twin.plain[host].change(want, &took, 1);
            }
            3 if !alive.is_empty() => {
                let (row, to) =
                    (dice.random_range(0..alive.len()), dice.random_range(0..twin.plain.len()));
                if alive[row].1 != to {
                    twin.migrate(&mut alive[row], to, dice.random_range(0..2u8) == 0);
                    counts[2] += 1;
                }
            }
            4 => {
                let vms: Vec<VmId> = alive.iter().map(|vm| vm.0).take(3).collect();
                twin.lift(&vms);
            }
            _ => {
                let want = want(dice);
                let fitting =
                    (0..twin.plain.len()).filter(|host| twin.plain[*host].spot(want).is_some());
                let fitting: Vec<usize> = fitting.collect();
                let asks = twin.states.each_mut().map(|state| ask(state, want));
                let mut decide =
                    |which: usize| placer.decide(&twin.states[which], asks[which], dice);
                let (found, by_classes) = (decide(0), decide(1));
                assert_eq!(found, by_classes, "{want:?} {:?}", twin.plain);
                match found {
                    Ok(host) => {
                        assert!(fitting.contains(&host.row()));
                        assert!(!is_first_fit || host.row() == fitting[0]);
                        let took = twin.plain[host.row()].spot(want).expect("it fits");
                        let ids =
                            [0, 1].map(|which| start(&mut twin.states[which], asks[which], host));
                        assert_eq!(ids[0], ids[1]);
                        for state in &twin.states {
                            assert_eq!(state.cells.of(ids[0]).iter().collect::<Vec<_>>(), took.0);
                        }
                        twin.plain[host.row()].change(want, &took, -1);
                        alive.push((ids[0], host.row(), want, took));
                        counts[0] += 1;
                    }
                    Err(reason) => {
                        assert!(fitting.is_empty());
                        let is_in_pieces =
                            twin.plain.iter().any(|host| covers(host.free, want.size));
                        assert_eq!(reason == Reason::Cells, is_in_pieces, "{reason:?}");
                        counts[1] += usize::from(is_in_pieces);
                        twin.states.iter_mut().zip(asks).for_each(|(state, ask)| state.forget(ask));
                    }
                }
            }
        }
        twin.check();
    }
    for (id, ..) in alive {
        for state in &mut twin.states {
            let vm = state.end(id);
            state.forget(vm.ask);
        }
    }
    let empty: std::collections::BTreeSet<Vec<Size>> = twin
        .plain
        .iter()
        .map(|host| vec![host.empty_cell; host.cells.len()])
        .chain([vec![]])
        .collect();
    twin.states.iter().for_each(|state| assert_eq!(state.layouts.held(), empty.len()));
    counts
}

#[test]
fn two_thousand_random_fleets_agree_with_a_plain_account() {
    let mut sums = [0; 3];
    for case in 0..2_000 {
        let counts = live(case);
        sums.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
    }
    let [placed, in_pieces, moves] = sums;
    println!("{placed} placed, {in_pieces} refused for their cells, {moves} moves");
    assert!(placed > 40_000 && in_pieces > 2_000 && moves > 5_000, "all come often: {sums:?}");
}

/// One host of 8 cpu and 16 GiB; requests, flavors a second apart, that stay.
fn world(model: &str, requests: &str) -> (Arc<Scenario>, MemoryFiles) {
    let text = format!(
        "name = \"cells\"\nduration = \"100 s\"\n\
         [host-models.m]\ncpu = 8\nmemory = \"16 GiB\"\n{model}\n\
         [[pools]]\nname = \"p\"\nhosts = {{ model = \"m\", count = 1 }}\n\
         [flavors]\n\
         three = {{ cpu = 3, memory = \"1 GiB\" }}\n\
         two = {{ cpu = 2, memory = \"1 GiB\" }}\n\
         five = {{ cpu = 5, memory = \"1 GiB\" }}\n\
         five-in-one = {{ cpu = 5, memory = \"1 GiB\", numa-cells = 1 }}\n\
         pair = {{ cpu = 2, memory = \"2 GiB\", numa-cells = 2 }}\n\
         four = {{ cpu = 4, memory = \"4 GiB\", numa-cells = 4 }}\n\
         fat = {{ cpu = 1, memory = \"9 GiB\" }}\n\
         [[demand]]\nname = \"vms\"\ntrace = \"vms.csv\"\n"
    );
    let mut csv = String::from("arrival_s,flavor\n");
    for (second, flavor) in requests.split_whitespace().enumerate() {
        csv += &format!("{second},{flavor}\n");
    }
    let mut files = MemoryFiles::default();
    files.insert("vms.csv".to_owned(), csv.into_bytes());
    let read = read(&Input { file: "cells.toml", text: &text, overrides: &[] }, &files);
    let scenario = Arc::new(read.unwrap_or_else(|problems| panic!("{problems:?}")).scenario);
    (scenario, files)
}

/// Who was refused, and why.
#[track_caller]
fn check(model: &str, requests: &str, expected: &[(&str, u64)]) {
    let (scenario, files) = world(model, requests);
    let mut summary = Summary::new(&scenario);
    let mut simulation = Simulation::new(Arc::clone(&scenario), &files).expect("files are there");
    simulation.advance(simulation.end(), &mut summary).expect("the trace can be read");
    let report = fleetcast_core::verdict::report(&scenario, &summary, String::new());
    let refused: Vec<(&str, u64)> =
        report.refused_by.iter().map(|(reason, count)| (&**reason, *count)).collect();
    assert_eq!(refused, expected, "{requests}");
}

const CELLS: &str = "numa-cells = 2";

#[test]
fn what_is_free_in_two_cells_is_not_free_in_one() {
    // 3 and 3 lie in the first cell and the second; 2 cpu are left, one in each.
    check(CELLS, "three three two", &[("numa-cells", 1)]);
    check("", "three three two", &[]);
    // 2 and 2 lie in one cell: best fit keeps the other whole.
    check(CELLS, "two two three", &[]);
    // One cpu in each of two cells is what `pair` wants.
    check(CELLS, "three three pair", &[]);
}

#[test]
fn what_is_larger_than_a_cell_lies_in_the_fewest_unless_it_says_otherwise() {
    // 2.5 cpu in each of two cells: 1.5 are left of each.
    check(CELLS, "five two", &[("numa-cells", 1)]);
    check(CELLS, "five pair", &[]);
    check(CELLS, "five-in-one", &[("numa-cells", 1)]);
    check("", "five-in-one", &[]);
    // By memory: 9 GiB in cells of 8 GiB.
    check(CELLS, "fat three three", &[]);
    check(CELLS, "three fat two", &[]);
}

#[test]
fn who_wants_several_cells_wants_hosts_that_have_them() {
    check("", "pair", &[("numa-cells", 1)]);
    check(CELLS, "four", &[("numa-cells", 1)]);
    check("numa-cells = 4", "four", &[]);
    check("numa-cells = 4", "two two two two pair", &[("cpu", 1)]);
}

#[test]
fn what_would_make_room_lies_in_cells() {
    let more = |model: &str, requests: &str| {
        let (scenario, files) = world(model, requests);
        let mut simulation = Simulation::new(scenario, &files).expect("files are there");
        let last = requests.split_whitespace().count() as u64 - 1;
        let stopped = simulation.advance_to_request(|request, _| request.0 == last, &mut ());
        let undecided = stopped.expect("the trace can be read").expect("it comes");
        let changes = simulation.explain(&undecided).changes;
        changes.first().map(|change| change.sentence().to_owned())
    };
    let said = |sentence: &str| Some(sentence.to_owned());
    let cell = ", in the NUMA cells that have most left";
    // One cpu is left in each cell.
    assert_eq!(
        more(CELLS, "three three two"),
        said(&format!("`h0` would take it with 1 vCPU more free{cell}"))
    );
    // 3 and 3 in one cell each, then 3 in one again: 2 more there, though 2 are free in sum.
    assert_eq!(
        more(CELLS, "three three three"),
        said(&format!("`h0` would take it with 2 vCPU more free{cell}"))
    );
    // No room helps a host with too few cells.
    assert!(!more(CELLS, "four").is_some_and(|sentence| sentence.contains("more free")));
}
