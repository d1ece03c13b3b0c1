//! Host classes: hosts that no policy can tell apart but by their index.
//!
//! Two hosts that take VMs, are of one type and have the same free, lying in the same way, are in
//! one class: a filter and a score say the same of both. A fleet of any size has a few hundred classes (they are set by
//! the sizes of VMs, not by the number of hosts), so a decision looks at classes, and takes the
//! lowest index of the best. Decisions are those of the scan over all hosts.

use super::columns::Likeness;
use super::members::Members;
use super::screen::Screen;
use super::{Columns, HostId, push_snugly};
use crate::resources::{Amounts, KINDS_MAX};
use hashbrown::HashTable;
use xxhash_rust::xxh3::xxh3_64;

/// A host that is in no class: it takes no VMs.
const NO_CLASS: u32 = u32::MAX;

/// All classes that have a host, and rows to be used again.
#[derive(Clone, Debug)]
pub struct Classes {
    columns: Columns,
    /// The same, rounded, and the first member of each.
    screen: Screen,
    /// By class; empty for a row to be used again.
    members: Vec<Members>,
    vacant: Vec<u32>,
    /// Classes by what hosts are, how what is free lies, and free.
    by_key: HashTable<u32>,
    /// By host.
    class_of: Vec<u32>,
}

impl Classes {
    /// No hosts yet; none will ever have more of a kind than `most`.
    pub(super) fn new(kinds: usize, most: &Amounts) -> Self {
        Self {
            columns: Columns::new(kinds),
            screen: Screen::new(&most[..kinds]),
            members: Vec::new(),
            vacant: Vec::new(),
            by_key: HashTable::new(),
            class_of: Vec::new(),
        }
    }

    /// How many classes have a host.
    pub fn filled(&self) -> usize {
        self.members.len() - self.vacant.len()
    }

    /// What scorers may look at, by class row. A row without members is to be passed over.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// Which rows can have room at all, and the first member of each.
    pub fn screen(&self) -> &Screen {
        &self.screen
    }

    /// The hosts of a class, ascending.
    pub fn members(&self, row: usize) -> &Members {
        &self.members[row]
    }

    /// Puts a host into the class of what it now is; `free` is `None` if it takes no VMs.
    pub(super) fn update(&mut self, host: HostId, what: Likeness, free: Option<&Amounts>) {
        if self.class_of.len() <= host.row() {
            (self.class_of.len()..=host.row())
                .for_each(|_| push_snugly(&mut self.class_of, NO_CLASS));
        }
        let new = free.map_or(NO_CLASS, |free| self.class(what, free));
        let old = std::mem::replace(&mut self.class_of[host.row()], new);
        if old == new {
            return;
        }
        if new != NO_CLASS {
            let row = new as usize;
            self.members[row].insert(host);
            if self.screen.first(row).is_none_or(|first| host < first) {
                self.screen.set_first(row, Some(host));
            }
        }
        if old != NO_CLASS {
            let row = old as usize;
            self.members[row].remove(host);
            if self.screen.first(row) == Some(host) {
                let first = self.members[row].first();
                self.screen.set_first(row, first);
                if first.is_none() {
                    self.drop_class(old);
                }
            }
        }
    }

    /// The class of hosts like this, new if there is none.
    fn class(&mut self, what: Likeness, free: &Amounts) -> u32 {
        let kinds = self.columns.kinds();
        let hash = hash_of(what, free, kinds);
        let columns = &self.columns;
        let is_it = |class: &u32| {
            let row = *class as usize;
            columns.is(row, what.host_type, free) && columns.likeness(row) == what
        };
        if let Some(known) = self.by_key.find(hash, is_it) {
            return *known;
        }
        let class = match self.vacant.pop() {
            Some(class) => {
                self.columns.set(class as usize, what.host_type, free);
                class
            }
            None => {
                self.columns.push(what.host_type, free);
                self.members.push(Members::default());
                u32::try_from(self.members.len() - 1).expect("there are no more classes than hosts")
            }
        };
        self.columns.set_layout(class as usize, what.layout);
        self.columns.set_cells(class as usize, what.cells);
        self.screen.set_free(class as usize, free);
        let columns = &self.columns;
        let rehash = |class: &u32| hash_of_row(columns, *class as usize);
        self.by_key.insert_unique(hash, class, rehash);
        class
    }

    fn drop_class(&mut self, class: u32) {
        let row = class as usize;
        let hash = hash_of_row(&self.columns, row);
        if let Ok(entry) = self.by_key.find_entry(hash, |other| *other == class) {
            entry.remove();
        }
        self.vacant.push(class);
    }
}

fn hash_of_row(columns: &Columns, row: usize) -> u64 {
    hash_of(columns.likeness(row), &columns.amounts(row), columns.kinds())
}

fn hash_of(what: Likeness, free: &Amounts, kinds: usize) -> u64 {
    let mut bytes = [0; 8 * (KINDS_MAX + 1)];
    let cells = (what.cells.row() as u64).rotate_left(48);
    let first = (what.host_type.row() as u64 | (what.layout.row() as u64) << 32) ^ cells;
    bytes[..8].copy_from_slice(&first.to_le_bytes());
    for (chunk, amount) in bytes[8..].chunks_exact_mut(8).zip(&free[..kinds]) {
        chunk.copy_from_slice(&amount.to_le_bytes());
    }
    xxh3_64(&bytes[..8 * (kinds + 1)])
}
