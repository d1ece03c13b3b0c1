//! Layouts: how what is free lies inside a host (on which devices, in which cells), each distinct
//! layout once while a host has it.
//!
//! A host whose amounts may lie anywhere has the plain layout and pays nothing for this. For a
//! filter, a score and a class, two hosts with one layout are alike; whose part is which is known
//! only to the owner of the parts ([`super::Devices`]).

use crate::scenario::id;
use std::collections::BTreeMap;
use std::sync::Arc;

id!(/** A row of [`Layouts`], used again once no host has it. */ LayoutId, "y", u32);

impl LayoutId {
    /// Of a host without parts.
    pub const PLAIN: Self = Self(0);
}

/// All layouts that hosts have.
#[derive(Clone, Debug)]
pub struct Layouts {
    rows: Vec<Row>,
    vacant: Vec<LayoutId>,
    by_parts: BTreeMap<Arc<[i64]>, LayoutId>,
}

#[derive(Clone, Debug)]
struct Row {
    parts: Arc<[i64]>,
    holders: u32,
}

impl Default for Layouts {
    fn default() -> Self {
        let parts: Arc<[i64]> = Arc::new([]);
        Self {
            rows: vec![Row { parts: Arc::clone(&parts), holders: 1 }],
            vacant: Vec::new(),
            by_parts: BTreeMap::from([(parts, LayoutId::PLAIN)]),
        }
    }
}

impl Layouts {
    /// What is free in each part of a host, in the order in which the owner of the parts tells
    /// them so that like hosts are equal. Of devices: ascending.
    #[inline]
    pub fn parts(&self, layout: LayoutId) -> &Arc<[i64]> {
        &self.rows[layout.row()].parts
    }

    /// How many layouts some host has, the plain one included.
    pub fn held(&self) -> usize {
        self.rows.len() - self.vacant.len()
    }

    /// One more host has these parts.
    pub(super) fn hold(&mut self, parts: &[i64]) -> LayoutId {
        if let Some(known) = self.by_parts.get(parts) {
            self.rows[known.row()].holders += 1;
            return *known;
        }
        let row = Row { parts: parts.into(), holders: 1 };
        let parts = Arc::clone(&row.parts);
        let id = match self.vacant.pop() {
            Some(id) => {
                self.rows[id.row()] = row;
                id
            }
            None => {
                self.rows.push(row);
                LayoutId::from_row(self.rows.len() - 1)
            }
        };
        self.by_parts.insert(parts, id);
        id
    }

    /// One host less has it.
    pub(super) fn release(&mut self, layout: LayoutId) {
        if layout == LayoutId::PLAIN {
            return;
        }
        let row = &mut self.rows[layout.row()];
        row.holders -= 1;
        if row.holders == 0 {
            self.by_parts.remove(&row.parts);
            self.vacant.push(layout);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_are_one_layout_until_nobody_has_it() {
        let mut layouts = Layouts::default();
        let (a, b) = (layouts.hold(&[0, 1_000]), layouts.hold(&[0, 1_000]));
        assert_eq!((a, layouts.held()), (b, 2));
        layouts.release(a);
        assert_eq!(**layouts.parts(b), [0, 1_000]);
        layouts.release(b);
        layouts.release(LayoutId::PLAIN);
        assert_eq!(layouts.held(), 1);
        assert_eq!(layouts.hold(&[7]), a, "the row is used again");
        assert_eq!(layouts.hold(&[]), LayoutId::PLAIN);
    }
}
