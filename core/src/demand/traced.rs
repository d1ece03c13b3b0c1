//! A trace's rows as requests, streamed: one row at a time is held, unless the file has to be
//! sorted.

use super::predictions::{Predictor, believed_ms};
use super::{FOR_GOOD_MS, Request, Size};
use crate::dice;
use crate::problem::{Problem, Problems};
use crate::resources::{Builtin, KINDS_MAX};
use crate::scenario::{Demand, DemandId, FlavorId, PoolId, Scenario, TenantId, TraceFile};
use crate::source::Files;
use crate::state::groups::GroupKey;
use crate::time::Time;
use crate::trace::{self, Row, Rows};
use std::collections::BTreeMap;

/// A traced demand's requests.
pub struct Traced {
    id: DemandId,
    demand: Demand,
    rows: Source,
    /// The row that comes next: one row's room serves all.
    row: Row,
    has_row: bool,
    /// The column of each builtin kind, and of each of the scenario's own.
    builtin_columns: [Option<usize>; Builtin::ALL.len()],
    own_columns: Vec<usize>,
    tenants: BTreeMap<String, TenantId>,
    pools: BTreeMap<String, PoolId>,
    flavors: BTreeMap<String, FlavorId>,
    boot_dice: dice::Stream,
    predictor: Option<Predictor>,
}

/// Where the rows are.
enum Source {
    /// In the file.
    Streamed(Box<Rows>),
    /// In memory, sorted.
    Held(std::vec::IntoIter<Row>),
}

impl Source {
    /// Reads the next row into `row`; whether there was one.
    fn next_into(&mut self, row: &mut Row) -> Result<bool, Problem> {
        match self {
            Self::Streamed(rows) => Ok(rows.next_into(row).transpose()?.is_some()),
            Self::Held(rows) => Ok(rows.next().map(|next| *row = next).is_some()),
        }
    }
}

impl std::fmt::Debug for Traced {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Traced").field("demand", &self.demand.name).finish_non_exhaustive()
    }
}

impl Traced {
    /// The first row of a trace that was checked.
    ///
    /// # Errors
    /// If it cannot be opened any more or is no longer what was checked.
    pub fn new(
        scenario: &Scenario,
        id: DemandId,
        demand: &Demand,
        trace: &TraceFile,
        files: &dyn Files,
    ) -> Result<Self, Problems> {
        let kinds = &scenario.kinds;
        let is_own = |name: &&str| Builtin::ALL.iter().all(|kind| kind.name() != *name);
        let own: Vec<String> = (0..kinds.len())
            .map(|column| kinds.name(column))
            .filter(is_own)
            .map(str::to_owned)
            .collect();
        let reader = files
            .open(&trace.file)
            .map_err(|why| Problem::of_file(&trace.file, format!("cannot read it again: {why}")))?;
        let rows = trace::rows(&trace.file, reader, &own)?;
        let rows = if trace.is_sorted {
            Source::Streamed(Box::new(rows))
        } else {
            let mut held = rows.collect::<Result<Vec<Row>, Problem>>()?;
            held.sort_by_key(|row| row.arrival_ms);
            Source::Held(held.into_iter())
        };
        fn by_name<'a, Id>(
            names: impl Iterator<Item = &'a String>,
            id: impl Fn(usize) -> Id,
        ) -> BTreeMap<String, Id> {
            names.enumerate().map(|(row, name)| (name.clone(), id(row))).collect()
        }
        let mut traced = Self {
            id,
            demand: demand.clone(),
            rows,
            row: Row::default(),
            has_row: false,
            builtin_columns: Builtin::ALL.map(|kind| kinds.column(kind.name())),
            own_columns: own.iter().filter_map(|name| kinds.column(name)).collect(),
            tenants: by_name(scenario.tenants.iter(), TenantId::from_row),
            pools: by_name(scenario.pools.iter().map(|pool| &pool.name), PoolId::from_row),
            flavors: by_name(scenario.flavors.iter().map(|f| &f.name), FlavorId::from_row),
            boot_dice: dice::stream(scenario.seed, &format!("boots/{}", demand.name)),
            predictor: Predictor::of(scenario, &demand.name),
        };
        traced.has_row = traced.rows.next_into(&mut traced.row)?;
        Ok(traced)
    }

    /// When the next row's request arrives; `None` after the last.
    pub fn next_at(&self) -> Option<Time> {
        self.has_row.then(|| Time::from_ms(self.row.arrival_ms))
    }

    /// The next row's request. There is one.
    ///
    /// # Errors
    /// If the file cannot be read any more.
    pub fn make(&mut self, request: &mut Request) -> Result<(), Problem> {
        let row = &self.row;
        let mut amounts = [0; KINDS_MAX];
        for (column, amount) in self.builtin_columns.iter().zip(row.amounts) {
            if let Some(column) = column {
                amounts[*column] = amount;
            }
        }
        for (column, amount) in self.own_columns.iter().zip(row.own) {
            amounts[*column] = amount;
        }
        let flavor = row.flavor.as_ref().and_then(|name| self.flavors.get(&**name));
        let size = match flavor {
            Some(flavor) if amounts == [0; KINDS_MAX] => Size::Flavor(*flavor),
            _ => Size::Own(amounts),
        };
        let tenant = row.tenant.as_ref().and_then(|name| self.tenants.get(&**name));
        let pool = row.pool.as_ref().and_then(|name| self.pools.get(&**name));
        let key = |name: &Option<Box<str>>| match name {
            Some(name) => GroupKey::Named(self.id, name.clone()),
            None => GroupKey::Number(self.id, 0),
        };
        let stay_ms = row.departure_ms.map_or(FOR_GOOD_MS, |ms| ms - row.arrival_ms);
        *request = Request {
            at: Time::from_ms(row.arrival_ms),
            demand: self.id,
            tenant: tenant.copied().unwrap_or(self.demand.tenant),
            size,
            pool: pool.copied().or(self.demand.pool),
            group: self.demand.group.map(|_| key(&row.group)),
            stay_ms,
            believed_ms: believed_ms(&mut self.predictor, stay_ms),
            priority: row.priority.unwrap_or(self.demand.priority),
            boot_ms: self.demand.boot.draw(&mut self.boot_dice),
            name: row.name.clone(),
        };
        self.has_row = self.rows.next_into(&mut self.row)?;
        Ok(())
    }
}
