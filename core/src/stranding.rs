//! Stranding: free capacity that the scenario's own requests cannot use.
//!
//! The mix of requests seen so far is put on each host, in proportion, until nothing of it fits;
//! what is free then is stranded, and the reason is what kept the mix's commonest request out. A
//! group's limits are left out: they bind the members of a group, not the mix.

use crate::fact::Reason;
use crate::resources::Amounts;
use crate::scenario::HostTypeId;
use crate::state::cells::{CellNeed, Cells};
use crate::state::columns::Likeness;
use crate::state::devices::Portion;
use crate::state::shapes::{PredicateId, Shape, TypeVerdict};
use crate::state::{HostStatus, State};
use std::collections::BTreeMap;

/// The most requests that [`Mix`] remembers.
const SAMPLE_MAX: usize = 1_024;
/// The most distinct requests that are put on hosts: the commonest.
pub const WANTED_MAX: usize = 16;
/// So many VMs go on a host one by one; if still more fit, the rest goes by the most of each.
const FILL_STEPS_MAX: u64 = 4_096;

/// The requests of a run, by a sample: every n-th, n growing with the run.
#[derive(Clone, Debug)]
pub struct Mix {
    sample: Vec<(Amounts, PredicateId)>,
    stride: u64,
    seen: u64,
    next: u64,
}

/// A request of the mix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// How much; not nothing.
    pub amounts: Amounts,
    /// On which hosts.
    pub predicate: PredicateId,
    /// How many of the sample are like this, at least 1.
    pub weight: u64,
}

impl Default for Mix {
    fn default() -> Self {
        Self { sample: Vec::new(), stride: 1, seen: 0, next: 0 }
    }
}

impl Mix {
    /// One more request.
    #[inline]
    pub fn add(&mut self, shape: &Shape) {
        if self.seen == self.next {
            self.next += self.stride;
            self.sample.push((shape.amounts, shape.predicate));
            if self.sample.len() == SAMPLE_MAX {
                let mut is_kept = false;
                self.sample.retain(|_| {
                    is_kept = !is_kept;
                    is_kept
                });
                // The sample is of even length: its last was dropped, and the next is kept.
                self.stride *= 2;
            }
        }
        self.seen += 1;
    }

    /// The commonest requests, at most [`WANTED_MAX`], most first.
    pub fn wanted(&self) -> Vec<Wanted> {
        let mut counts: BTreeMap<(Amounts, PredicateId), u64> = BTreeMap::new();
        for asked in self.sample.iter().filter(|(amounts, _)| *amounts != Amounts::default()) {
            *counts.entry(*asked).or_default() += 1;
        }
        let wanted = |((amounts, predicate), weight)| Wanted { amounts, predicate, weight };
        let mut wanted: Vec<Wanted> = counts.into_iter().map(wanted).collect();
        wanted.sort_by_key(|wanted| std::cmp::Reverse(wanted.weight));
        wanted.truncate(WANTED_MAX);
        wanted
    }
}

/// What is free, and what of it the mix can use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// How many VMs of the mix fit, in proportion, until nothing does.
    pub more: u64,
    /// What the hosts in service can give out.
    pub capacity: Amounts,
    /// What is free of it.
    pub free: Amounts,
    /// What the mix leaves, by what keeps its commonest request out.
    pub stranded: BTreeMap<Reason, Amounts>,
    /// The mix, and how many of each fit if only such come.
    pub fits: Vec<(Wanted, u64)>,
}

/// What is left of one host.
#[derive(Clone, Debug)]
struct Left {
    amounts: Amounts,
    /// The column of GPUs, and what is left of each device, ascending.
    gpu: Option<usize>,
    devices: Vec<i64>,
    /// CPU and memory left in each NUMA cell.
    cells: Vec<[i64; 2]>,
}

/// What one VM of the mix takes of a host of one type.
#[derive(Clone, Copy, Debug)]
struct Piece<'w> {
    amounts: &'w Amounts,
    cells: CellNeed,
}

/// What one host comes to.
#[derive(Clone, Debug)]
struct Filled {
    more: u64,
    left: Left,
    reason: Reason,
    fits: Vec<u64>,
}

/// The account of a fleet at one instant. Cost: one pass over the hosts, and filling one host of
/// each kind that differs in what it is or has free.
pub fn account(state: &State, wanted: &[Wanted]) -> Account {
    let hosts = &state.hosts;
    let mut account =
        Account { fits: wanted.iter().map(|wanted| (*wanted, 0)).collect(), ..Account::default() };
    let mut alike: BTreeMap<(Likeness, Amounts), Filled> = BTreeMap::new();
    for host in hosts.ids() {
        let free = hosts.columns().amounts(host.row()).map(|free| free.max(0));
        let (left, reason) = match hosts.status(host) {
            HostStatus::Retired | HostStatus::Down => continue,
            HostStatus::Cordoned | HostStatus::Draining => (free, Reason::Cordoned),
            HostStatus::Up => {
                let what = hosts.columns().likeness(host.row());
                let filled = alike.entry((what, free)).or_insert_with(|| {
                    let devices = state.layouts.parts(what.layout).to_vec();
                    let cells = state.layouts.parts(what.cells).as_chunks().0.to_vec();
                    let left = Left { amounts: free, gpu: state.devices.column(), devices, cells };
                    fill(state, what.host_type, left, wanted)
                });
                account.more += filled.more;
                for (fits, more) in account.fits.iter_mut().zip(&filled.fits) {
                    fits.1 += more;
                }
                (filled.left.amounts, filled.reason)
            }
        };
        add(&mut account.capacity, hosts.effective(host), hosts.kinds());
        add(&mut account.free, &free, hosts.kinds());
        add(account.stranded.entry(reason).or_default(), &left, hosts.kinds());
    }
    account
}

fn add(sum: &mut Amounts, amounts: &Amounts, kinds: usize) {
    for (sum, amount) in sum.iter_mut().zip(amounts).take(kinds) {
        *sum += amount;
    }
}

/// Puts the mix on one host: always the request that lags most behind its share.
fn fill(state: &State, host_type: HostTypeId, free: Left, wanted: &[Wanted]) -> Filled {
    let verdict = |wanted: &Wanted| state.shapes.verdicts_of(wanted.predicate)[host_type.row()];
    let is_admitted = |wanted: &Wanted| verdict(wanted) == TypeVerdict::Admitted;
    let need = |wanted: &Wanted| {
        let declared = state.shapes.predicate_of(wanted.predicate).cells;
        state.cells.need(host_type, &wanted.amounts, declared)
    };
    let fits = |wanted: &Wanted| match is_admitted(wanted) {
        true => free.room(Piece { amounts: &wanted.amounts, cells: need(wanted) }),
        false => 0,
    };
    let mut filled = Filled {
        more: 0,
        reason: Reason::Pool,
        fits: wanted.iter().map(fits).collect(),
        left: free.clone(),
    };
    let admitted: Vec<(u64, Piece<'_>)> = wanted
        .iter()
        .filter(|wanted| is_admitted(wanted))
        .map(|wanted| (wanted.weight, Piece { amounts: &wanted.amounts, cells: need(wanted) }))
        .collect();
    let Some((_, commonest)) = admitted.first() else {
        if wanted.iter().any(|wanted| verdict(wanted) == TypeVerdict::LabelMissing) {
            filled.reason = Reason::Labels;
        }
        return filled;
    };
    let mut credit: Vec<i128> = vec![0; admitted.len()];
    while filled.more < FILL_STEPS_MAX {
        let mut all = 0;
        let mut first: Option<usize> = None;
        for (row, (weight, piece)) in admitted.iter().enumerate() {
            if filled.left.fits(*piece) {
                all += i128::from(*weight);
                credit[row] += i128::from(*weight);
                first = first.filter(|first| credit[*first] >= credit[row]).or(Some(row));
            }
        }
        let Some(first) = first else { break };
        credit[first] -= all;
        filled.take(admitted[first].1, 1);
    }
    for (_, piece) in &admitted {
        filled.take(*piece, filled.left.room(*piece));
    }
    let short = (0..state.hosts.kinds())
        .filter(|column| commonest.amounts[*column] > filled.left.amounts[*column])
        .fold(0, |short, column| short | 1_u8 << column);
    filled.reason = match short {
        0 if filled.left.room_on_devices(filled.left.portion(commonest.amounts)) > 0 => {
            Reason::Cells
        }
        0 => Reason::Devices,
        short => Reason::Short(short),
    };
    filled
}

impl Filled {
    fn take(&mut self, piece: Piece<'_>, number: u64) {
        self.more += number;
        self.left.take(piece.amounts, number);
        self.left.take_cells(piece.cells, number);
    }
}

impl Left {
    /// How many of these fit, of which there can be no end if they take nothing.
    fn room(&self, piece: Piece<'_>) -> u64 {
        let room = self.room_in_sum(piece.amounts);
        match piece.cells {
            CellNeed { count: 0, .. } | CellNeed { count: 1.., each: [0, 0] } => room,
            // In one cell each: in which order does not matter.
            CellNeed { count: 1, each } => {
                let by = |left: i64, each: i64| if each > 0 { left / each } else { i64::MAX };
                let cells = self.cells.iter();
                let room_in = |left: &[i64; 2]| by(left[0], each[0]).min(by(left[1], each[1]));
                room.min(cells.map(room_in).sum::<i64>().unsigned_abs())
            }
            need => {
                let mut trial = self.cells.clone();
                let mut found = 0;
                while found < room && need.fits(trial.as_flattened()) {
                    take_cells(&mut trial, need);
                    found += 1;
                }
                found
            }
        }
    }

    /// Whether one of these fits.
    fn fits(&self, piece: Piece<'_>) -> bool {
        self.room_in_sum(piece.amounts) > 0 && piece.cells.fits(self.cells.as_flattened())
    }

    /// So many take NUMA cells, one after another, by the usual rule.
    fn take_cells(&mut self, need: CellNeed, number: u64) {
        if need.count > 0 && need.each != [0, 0] {
            (0..number).for_each(|_| take_cells(&mut self.cells, need));
        }
    }

    /// How many of this size fit but for NUMA cells.
    fn room_in_sum(&self, amounts: &Amounts) -> u64 {
        let asked = self.amounts.iter().zip(amounts).filter(|(_, amount)| **amount > 0);
        let by_amount = asked.map(|(free, amount)| (free / amount).max(0).unsigned_abs()).min();
        by_amount.unwrap_or(0).min(self.room_on_devices(self.portion(amounts)))
    }

    fn portion(&self, amounts: &Amounts) -> Portion {
        self.gpu.map_or(Portion::default(), |column| Portion::of(amounts[column]))
    }

    fn room_on_devices(&self, portion: Portion) -> u64 {
        let on_one = |left: &i64| (left / portion.each).unsigned_abs();
        match portion.count {
            0 => u64::MAX,
            1 => self.devices.iter().map(on_one).sum(),
            count => self.devices.iter().map(on_one).sum::<u64>() / count as u64,
        }
    }

    /// So many of this size go on the host, on the devices of the usual rule: those with least
    /// left that have enough, which after taking some have still less.
    fn take(&mut self, amounts: &Amounts, number: u64) {
        for (left, amount) in self.amounts.iter_mut().zip(amounts) {
            *left -= amount * number as i64;
        }
        let Portion { count, each } = self.portion(amounts);
        if count == 0 || number == 0 {
            return;
        }
        let mut portions = number as i64 * count as i64;
        for left in self.devices.iter_mut().filter(|left| **left >= each) {
            let taken = portions.min(*left / each);
            *left -= taken * each;
            portions -= taken;
        }
        self.devices.sort_unstable();
    }
}

fn take_cells(cells: &mut [[i64; 2]], need: CellNeed) {
    for cell in Cells::best_fit(cells, need).iter() {
        cells[cell][0] -= need.each[0];
        cells[cell][1] -= need.each[1];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_what_the_scarcest_resource_allows() {
        let amounts = |cpu, memory| {
            let mut amounts = Amounts::default();
            (amounts[0], amounts[1]) = (cpu, memory);
            amounts
        };
        let room = |free, asked| {
            let left = Left { amounts: free, gpu: None, devices: Vec::new(), cells: Vec::new() };
            left.room_in_sum(&asked)
        };
        assert_eq!(room(amounts(8, 9), amounts(2, 4)), 2);
        assert_eq!(room(amounts(8, 0), amounts(2, 0)), 4);
        assert_eq!(room(amounts(1, 9), amounts(2, 4)), 0);
    }

    #[test]
    fn cells_have_room_as_vms_come_one_after_another() {
        let amounts = [3, 0, 0, 0, 0, 0, 0, 0];
        let left = Left {
            amounts: [16, 0, 0, 0, 0, 0, 0, 0],
            gpu: None,
            devices: Vec::new(),
            cells: vec![[2, 0], [6, 0], [8, 0]],
        };
        let room = |count, each| {
            let cells = CellNeed { count, each: [each, 0] };
            left.room(Piece { amounts: &amounts, cells })
        };
        assert_eq!([room(0, 0), room(1, 3), room(1, 7), room(1, 9)], [5, 4, 1, 0]);
        // The first two take the cells with 2 and 6, then nothing has as much beside the last.
        assert_eq!([room(2, 2), room(2, 3), room(3, 2), room(3, 3)], [3, 2, 1, 0]);
    }

    #[test]
    fn gpus_have_room_device_by_device() {
        let amounts = |gpu| [gpu, 0, 0, 0, 0, 0, 0, 0];
        let devices = vec![300, 600, 1_000, 1_000];
        let mut left = Left { amounts: amounts(2_900), gpu: Some(0), devices, cells: Vec::new() };
        let room = [300, 400, 700, 1_000, 2_000].map(|gpu| left.room_in_sum(&amounts(gpu)));
        assert_eq!(room, [9, 5, 2, 2, 1]);
        left.take(&amounts(400), 2);
        assert_eq!((left.amounts[0], &left.devices[..]), (2_100, &[200, 300, 600, 1_000][..]));
        left.take(&amounts(1_000), 1);
        assert_eq!(left.devices, [0, 200, 300, 600]);
        assert_eq!(left.room_in_sum(&amounts(700)), 0, "1.1 GPUs are free, in pieces");
    }
}
