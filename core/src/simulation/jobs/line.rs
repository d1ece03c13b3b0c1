//! The queue: who waits, in the order in which they are looked at.
//!
//! Whoever starts mostly stands in front: so rows there are passed by, and only cleared away once they
//! are the larger part. Taking out so many costs what they are, not what stays.

use super::Queued;
use crate::jobs::queue::Waiting;
use crate::resources::Amounts;

/// All jobs that wait.
#[derive(Debug, Default)]
pub(super) struct Line {
    rows: Vec<Queued>,
    /// The same as disciplines see it.
    waiting: Vec<Waiting<Amounts>>,
    /// So many rows in front have left.
    gone: usize,
}

impl Line {
    /// Who waits.
    pub(super) fn rows(&self) -> &[Queued] {
        &self.rows[self.gone..]
    }

    /// The same, as disciplines see it.
    pub(super) fn waiting(&self) -> &[Waiting<Amounts>] {
        &self.waiting[self.gone..]
    }

    /// A job takes its place by rank.
    pub(super) fn enter(&mut self, queued: Queued) {
        let place = self.rows().partition_point(|other| other.key() < queued.key());
        self.rows.insert(self.gone + place, queued);
        self.waiting.insert(self.gone + place, queued.waiting());
    }

    /// Puts them in another order.
    pub(super) fn sort_by(&mut self, compare: impl FnMut(&Queued, &Queued) -> std::cmp::Ordering) {
        self.rows[self.gone..].sort_by(compare);
        let rows = self.rows[self.gone..].iter();
        self.waiting[self.gone..].iter_mut().zip(rows).for_each(|(waiting, queued)| {
            *waiting = queued.waiting();
        });
    }

    /// Those in these rows, which ascend, leave.
    pub(super) fn leave(&mut self, rows: &[usize]) {
        let in_front = rows.iter().enumerate().take_while(|(place, row)| place == *row).count();
        let behind: Vec<usize> = rows[in_front..].iter().map(|row| self.gone + row).collect();
        close_up(&mut self.rows, &behind);
        close_up(&mut self.waiting, &behind);
        self.gone += in_front;
        if self.gone > self.rows.len() / 2 {
            self.rows.drain(..self.gone);
            self.waiting.drain(..self.gone);
            self.gone = 0;
        }
    }
}

/// Takes rows, which ascend, out of a list: those behind the first of them move up.
fn close_up<T: Copy>(list: &mut Vec<T>, rows: &[usize]) {
    let Some(mut to) = rows.first().copied() else { return };
    for (place, row) in rows.iter().enumerate() {
        let until = rows.get(place + 1).copied().unwrap_or(list.len());
        list.copy_within(row + 1..until, to);
        to += until - row - 1;
    }
    list.truncate(to);
}

#[cfg(test)]
mod tests {
    use super::close_up;

    #[test]
    fn gaps_are_closed_wherever_they_are() {
        for gone in 0u32..64 {
            let rows: Vec<usize> = (0..6).filter(|row| gone >> row & 1 == 1).collect();
            let mut list: Vec<usize> = (0..6).collect();
            close_up(&mut list, &rows);
            let stays: Vec<usize> = (0..6).filter(|row| !rows.contains(row)).collect();
            assert_eq!(list, stays, "{rows:?}");
        }
    }
}
