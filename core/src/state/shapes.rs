//! Shapes: what a request asks of a host, each distinct ask once while someone holds it.
//!
//! The part of an ask that no placement changes (pool, labels) is a *predicate*, decided once for
//! each host type: that is how an operator thinks of it, and a fleet has few types.

use crate::resources::Amounts;
use crate::scenario::{HostType, HostTypeId, LabelId, PoolId, Scenario, id};
use std::collections::BTreeMap;

id!(/** A row of [`Shapes`], used again once nobody holds it. */ ShapeId, "s", u32);
id!(/** A predicate of [`Shapes`]. */ PredicateId, "k", u32);

/// What a request asks of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How much.
    pub amounts: Amounts,
    /// Of which hosts.
    pub predicate: PredicateId,
    holders: u32,
}

/// What a predicate says of a host type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeVerdict {
    /// Such hosts will do.
    Admitted,
    /// They are of another pool.
    WrongPool,
    /// They lack a label.
    LabelMissing,
}

type PredicateKey = (Option<PoolId>, Vec<LabelId>);

/// All shapes that somebody holds.
#[derive(Clone, Debug)]
pub struct Shapes {
    rows: Vec<Shape>,
    vacant: Vec<ShapeId>,
    by_ask: BTreeMap<(Amounts, PredicateId), ShapeId>,
    host_types: Vec<HostType>,
    by_predicate: BTreeMap<PredicateKey, PredicateId>,
    pools: Vec<Option<PoolId>>,
    /// By predicate.
    labels: Vec<Vec<LabelId>>,
    /// By predicate, by host type.
    verdicts: Vec<Vec<TypeVerdict>>,
}

impl Shapes {
    /// None yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            rows: Vec::new(),
            vacant: Vec::new(),
            by_ask: BTreeMap::new(),
            host_types: scenario.host_types.clone(),
            by_predicate: BTreeMap::new(),
            pools: Vec::new(),
            labels: Vec::new(),
            verdicts: Vec::new(),
        }
    }

    /// How many shapes somebody holds.
    pub fn held(&self) -> usize {
        self.rows.len() - self.vacant.len()
    }

    /// A shape that somebody holds.
    #[inline]
    pub fn get(&self, shape: ShapeId) -> &Shape {
        &self.rows[shape.row()]
    }

    /// What a shape's predicate says, by host type.
    #[inline]
    pub fn verdicts(&self, shape: ShapeId) -> &[TypeVerdict] {
        &self.verdicts[self.get(shape).predicate.row()]
    }

    /// What a predicate says, by host type.
    pub fn verdicts_of(&self, predicate: PredicateId) -> &[TypeVerdict] {
        &self.verdicts[predicate.row()]
    }

    /// The pool that a shape must run in; `None`: any.
    pub fn pool(&self, shape: ShapeId) -> Option<PoolId> {
        self.pools[self.get(shape).predicate.row()]
    }

    /// The labels that a shape's host must have.
    pub fn labels(&self, shape: ShapeId) -> &[LabelId] {
        &self.labels[self.get(shape).predicate.row()]
    }

    /// The labels that a shape asks for and hosts of a type lack.
    pub fn labels_missing(
        &self,
        shape: ShapeId,
        host_type: HostTypeId,
    ) -> impl Iterator<Item = LabelId> {
        let has = &self.host_types[host_type.row()].labels;
        self.labels(shape).iter().copied().filter(|label| !has.contains(label))
    }

    /// The predicate for hosts of a pool (or any) that have all these labels.
    pub(crate) fn predicate(&mut self, pool: Option<PoolId>, labels: &[LabelId]) -> PredicateId {
        let key = (pool, labels.to_vec());
        if let Some(known) = self.by_predicate.get(&key) {
            return *known;
        }
        let verdict = |host_type: &HostType| match pool {
            Some(pool) if pool != host_type.pool => TypeVerdict::WrongPool,
            _ if labels.iter().all(|label| host_type.labels.contains(label)) => {
                TypeVerdict::Admitted
            }
            _ => TypeVerdict::LabelMissing,
        };
        let id = PredicateId::from_row(self.verdicts.len());
        self.pools.push(pool);
        self.labels.push(labels.to_vec());
        self.verdicts.push(self.host_types.iter().map(verdict).collect());
        self.by_predicate.insert(key, id);
        id
    }

    /// One more holder of this ask.
    pub(crate) fn hold(&mut self, amounts: &Amounts, predicate: PredicateId) -> ShapeId {
        if let Some(known) = self.by_ask.get(&(*amounts, predicate)) {
            self.rows[known.row()].holders += 1;
            return *known;
        }
        let shape = Shape { amounts: *amounts, predicate, holders: 1 };
        let id = match self.vacant.pop() {
            Some(id) => {
                self.rows[id.row()] = shape;
                id
            }
            None => {
                self.rows.push(shape);
                ShapeId::from_row(self.rows.len() - 1)
            }
        };
        self.by_ask.insert((*amounts, predicate), id);
        id
    }

    /// One more holder of a shape that is held.
    #[inline]
    pub(crate) fn hold_again(&mut self, shape: ShapeId) {
        self.rows[shape.row()].holders += 1;
    }

    /// One holder less; the last one takes the shape along.
    #[inline]
    pub(crate) fn release(&mut self, id: ShapeId) {
        let shape = &mut self.rows[id.row()];
        shape.holders -= 1;
        if shape.holders == 0 {
            self.by_ask.remove(&(shape.amounts, shape.predicate));
            self.vacant.push(id);
        }
    }
}
