//! Shapes: what a request asks of a host, each distinct ask once while someone holds it.
//!
//! The part of an ask that no placement changes (pool, labels, taints) is a *predicate*, decided
//! once for each host type: that is how an operator thinks of it, and a fleet has few types.

use crate::resources::Amounts;
use crate::scenario::{
    HostRules, HostType, HostTypeId, ImageId, LabelId, PoolId, Scenario, Selector, TaintId, id,
};
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

/// Which hosts will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Predicate {
    /// Hosts of this pool; `None`: of any.
    pub pool: Option<PoolId>,
    /// Hosts that have all these labels.
    pub labels: Vec<LabelId>,
    /// What else they must be, or had better be.
    pub rules: HostRules,
    /// NUMA cells that the VM takes there; 0: it does not say.
    pub cells: u8,
    /// What the VM runs, where decisions look at what hosts have of it.
    pub image: Option<ImageId>,
}

/// What a predicate says of a host type. A type that several rules turn away is turned away by
/// the first in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeVerdict {
    /// Such hosts will do.
    Admitted,
    /// They are of another pool.
    WrongPool,
    /// They lack a label.
    LabelMissing,
    /// They have a label that is forbidden.
    LabelForbidden,
    /// They have a taint that is not tolerated.
    Tainted,
}

/// How welcome a host type is to a predicate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wish {
    /// Weights of the preferences that it meets, summed.
    pub labels: i64,
    /// How many soft taints it has that are not tolerated.
    pub taints: i64,
}

impl Wish {
    /// Both in one number, the more the better: a taint counts 1 against it.
    #[inline]
    pub fn sum(self) -> i64 {
        self.labels - self.taints
    }
}

/// All shapes that somebody holds.
#[derive(Clone, Debug)]
pub struct Shapes {
    rows: Vec<Shape>,
    vacant: Vec<ShapeId>,
    by_ask: BTreeMap<(Amounts, PredicateId), ShapeId>,
    host_types: Vec<HostType>,
    /// By taint.
    is_hard: Vec<bool>,
    by_predicate: BTreeMap<Predicate, PredicateId>,
    predicates: Vec<Judged>,
}

/// A predicate, and what it says of each host type.
#[derive(Clone, Debug)]
struct Judged {
    predicate: Predicate,
    verdicts: Vec<TypeVerdict>,
    /// Empty where all types are as welcome.
    wishes: Vec<Wish>,
}

impl Shapes {
    /// None yet.
    pub fn new(scenario: &Scenario) -> Self {
        Self {
            rows: Vec::new(),
            vacant: Vec::new(),
            by_ask: BTreeMap::new(),
            host_types: scenario.host_types.clone(),
            is_hard: scenario.taints.iter().map(|taint| taint.is_hard).collect(),
            by_predicate: BTreeMap::new(),
            predicates: Vec::new(),
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

    /// Which hosts will do for a shape.
    #[inline]
    pub fn predicate(&self, shape: ShapeId) -> &Predicate {
        &self.judged(shape).predicate
    }

    #[inline]
    fn judged(&self, shape: ShapeId) -> &Judged {
        &self.predicates[self.get(shape).predicate.row()]
    }

    /// A predicate of a known id.
    #[inline]
    pub fn predicate_of(&self, predicate: PredicateId) -> &Predicate {
        &self.predicates[predicate.row()].predicate
    }

    /// What a shape's predicate says, by host type.
    #[inline]
    pub fn verdicts(&self, shape: ShapeId) -> &[TypeVerdict] {
        &self.judged(shape).verdicts
    }

    /// What a predicate says, by host type.
    pub fn verdicts_of(&self, predicate: PredicateId) -> &[TypeVerdict] {
        &self.predicates[predicate.row()].verdicts
    }

    /// How welcome each host type is to a shape; `None` where all are the same.
    #[inline]
    pub fn wishes(&self, shape: ShapeId) -> Option<&[Wish]> {
        let wishes = &self.judged(shape).wishes;
        (!wishes.is_empty()).then_some(wishes)
    }

    /// The pool that a shape must run in; `None`: any.
    pub fn pool(&self, shape: ShapeId) -> Option<PoolId> {
        self.predicate(shape).pool
    }

    /// The labels that a shape's host must have.
    pub fn labels(&self, shape: ShapeId) -> &[LabelId] {
        &self.predicate(shape).labels
    }

    /// What a shape asks for and hosts of a type lack: each of these would need one of its labels.
    pub fn labels_missing(&self, shape: ShapeId, host_type: HostTypeId) -> Vec<Vec<LabelId>> {
        missing(self.predicate(shape), &self.host_types[host_type.row()])
    }

    /// The labels that hosts of a type have and a shape forbids.
    pub fn labels_forbidden(
        &self,
        shape: ShapeId,
        host_type: HostTypeId,
    ) -> impl Iterator<Item = LabelId> {
        forbidden(self.predicate(shape), &self.host_types[host_type.row()])
    }

    /// The hard taints of hosts of a type that a shape does not tolerate.
    pub fn taints_in_the_way(
        &self,
        shape: ShapeId,
        host_type: HostTypeId,
    ) -> impl Iterator<Item = TaintId> {
        let taints = untolerated(self.predicate(shape), &self.host_types[host_type.row()]);
        taints.filter(|taint| self.is_hard[taint.row()])
    }

    fn verdict(&self, predicate: &Predicate, host_type: &HostType) -> TypeVerdict {
        let is_hard = |taint: TaintId| self.is_hard[taint.row()];
        if predicate.pool.is_some_and(|pool| pool != host_type.pool) {
            TypeVerdict::WrongPool
        } else if !missing(predicate, host_type).is_empty() {
            TypeVerdict::LabelMissing
        } else if forbidden(predicate, host_type).next().is_some() {
            TypeVerdict::LabelForbidden
        } else if untolerated(predicate, host_type).any(is_hard) {
            TypeVerdict::Tainted
        } else {
            TypeVerdict::Admitted
        }
    }

    fn wish(&self, predicate: &Predicate, host_type: &HostType) -> Wish {
        let prefers = predicate.rules.prefers.iter();
        let met = prefers.filter(|preference| preference.selector.selects(&host_type.labels));
        let taints = untolerated(predicate, host_type).filter(|taint| !self.is_hard[taint.row()]);
        Wish { labels: met.map(|met| met.weight).sum(), taints: taints.count() as i64 }
    }

    /// The id of a predicate.
    pub(crate) fn intern(&mut self, predicate: Predicate) -> PredicateId {
        if let Some(known) = self.by_predicate.get(&predicate) {
            return *known;
        }
        let id = PredicateId::from_row(self.predicates.len());
        let verdict = |host_type: &HostType| self.verdict(&predicate, host_type);
        let verdicts = self.host_types.iter().map(verdict).collect();
        let wish = |host_type: &HostType| self.wish(&predicate, host_type);
        let mut wishes: Vec<Wish> = self.host_types.iter().map(wish).collect();
        if wishes.iter().all(|wish| *wish == wishes[0]) {
            wishes.clear();
        }
        self.predicates.push(Judged { predicate: predicate.clone(), verdicts, wishes });
        self.by_predicate.insert(predicate, id);
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
    #[inline(always)]
    pub(crate) fn release(&mut self, id: ShapeId) {
        let shape = &mut self.rows[id.row()];
        shape.holders -= 1;
        if shape.holders == 0 {
            self.drop_row(id);
        }
    }

    #[inline(never)]
    fn drop_row(&mut self, id: ShapeId) {
        let shape = &self.rows[id.row()];
        self.by_ask.remove(&(shape.amounts, shape.predicate));
        self.vacant.push(id);
    }
}

/// What a predicate asks for and a host type has no label of.
fn missing(predicate: &Predicate, host_type: &HostType) -> Vec<Vec<LabelId>> {
    let single = predicate.labels.iter().map(|label| vec![*label]);
    let Selector(several) = &predicate.rules.requires;
    let has = |label: &LabelId| host_type.labels.contains(label);
    single.chain(several.iter().cloned()).filter(|any| !any.iter().any(has)).collect()
}

fn forbidden(predicate: &Predicate, host_type: &HostType) -> impl Iterator<Item = LabelId> {
    let forbids = predicate.rules.forbids.iter().copied();
    forbids.filter(|label| host_type.labels.contains(label))
}

fn untolerated(predicate: &Predicate, host_type: &HostType) -> impl Iterator<Item = TaintId> {
    let tolerates = &predicate.rules.tolerates;
    host_type.taints.iter().copied().filter(|taint| !tolerates.contains(taint))
}
