//! The futures of a scenario, in which plans are run on all cores.

use super::lead_time::LeadTime;
use crate::end::End;
use crate::problems;
use crate::runs::{self, Cores};
use crate::scenario::{Source, change};
use fleetcast_core::futures::Future;
use fleetcast_core::order_plan::{Leads, Made, Need, Outcome, Plan, Reviews, Runs};
use fleetcast_core::read::Override;
use fleetcast_core::report::Report;
use fleetcast_core::scenario::{
    Distribution, HOSTS_MAX, HostTypeId, PlannedOrder, PoolId, Procurement, Scenario,
};
use fleetcast_core::simulation;
use fleetcast_core::sizing;
use fleetcast_core::time::{DAY_MS, MINUTE_MS, MONTH_MS};
use indicatif::ProgressBar;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// The rules by which hosts come when a future needs them, from lenient to strict: at once, when so much
/// of the scarcest resource is committed.
const TRIGGERS: [f64; 14] =
    [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];

/// How many futures are run before it is asked whether one has failed.
const BUNDLE: usize = 8;

/// Hosts of all the futures that are kept read.
const KEPT_HOSTS_MAX: usize = 4_000_000;

/// A scenario's futures, with hosts of one model to be ordered for one pool.
pub(super) struct World<'s> {
    source: &'s Source,
    scenario: &'s Scenario,
    pool: PoolId,
    model: String,
    /// What is appended so that there is something to order.
    offer: Override,
    reviews: Reviews,
    /// Hosts in all, if the pool's rule has a bound.
    hosts_max: Option<u32>,
    price_cents: u64,
    life_ms: u64,
    cores: Cores,
    bar: ProgressBar,
    kept: Mutex<BTreeMap<Future, Arc<Prepared>>>,
    /// Expectations of the fleet itself.
    pub(super) left_out: Vec<String>,
}

/// A future, ready to get its orders.
struct Prepared {
    scenario: Scenario,
    host_type: HostTypeId,
    lead_time: Distribution,
    /// The same by the model alone.
    models_lead_time: Distribution,
}

impl<'s> World<'s> {
    /// # Errors
    /// If there is no such model, or the scenario cannot have it.
    pub(super) fn new(
        source: &'s Source,
        scenario: &'s Scenario,
        pool: PoolId,
        model: &str,
        reviews: &Reviews,
        cores: Cores,
        is_quiet: bool,
    ) -> Result<Self, End> {
        let pool_name = &scenario.pools[pool.row()].name;
        let value =
            format!("{{ at = \"0 s\", hosts = 1, pool = {pool_name:?}, model = {model:?} }}");
        let offer = change(&format!("order.{}", scenario.orders.len()), value);
        let rule = scenario.procurement.iter().find(|rule| {
            let host_type = &scenario.host_types[rule.host_type.row()];
            host_type.pool == pool && scenario.models[host_type.model.row()].name == model
        });
        let bar = if is_quiet { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
        let mut world = Self {
            source,
            scenario,
            pool,
            model: model.to_owned(),
            offer,
            reviews: reviews.clone(),
            hosts_max: rule.and_then(|rule| rule.hosts_max),
            price_cents: 0,
            life_ms: 1,
            cores,
            bar,
            kept: Mutex::default(),
            left_out: Vec::new(),
        };
        let first = world.prepared(Future::Likely)?;
        let bought = first.scenario.host_types[first.host_type.row()].model;
        let bought = &first.scenario.models[bought.row()];
        world.price_cents = bought.price_cents;
        world.life_ms = bought.upkeep.life_ms;
        world.left_out = sizing::goals(&mut scenario.clone()).left_out;
        Ok(world)
    }

    /// Whether seeds draw anything but chance.
    pub(super) fn is_uncertain(&self) -> bool {
        !self.scenario.uncertain.is_empty()
    }

    /// A future, read: with something to order, without the pool's rules for orders.
    fn prepared(&self, future: Future) -> Result<Arc<Prepared>, End> {
        if let Some(known) = self.kept.lock().expect("no run panics").get(&future) {
            return Ok(Arc::clone(known));
        }
        let mut more = vec![self.offer.clone()];
        if let Future::Seed(seed) = future {
            more.push(change("seed", seed));
        }
        let read = self.source.read_future(self.scenario, future, &more);
        let mut scenario = read.map_err(|wrong| self.source.tell(&wrong))?.scenario;
        let offered = scenario.orders.pop().expect("the offer is the last order");
        let is_ours = |of: &Procurement| of.host_type == offered.host_type;
        let rule = scenario.procurement.iter().find(|of| is_ours(of));
        let models_lead_time = offered.lead_time;
        let lead_time =
            rule.map_or_else(|| models_lead_time.clone(), |rule| rule.lead_time.clone());
        let types = &scenario.host_types;
        scenario.procurement.retain(|of| types[of.host_type.row()].pool != self.pool);
        sizing::goals(&mut scenario);
        let host_type = offered.host_type;
        let prepared = Arc::new(Prepared { scenario, host_type, lead_time, models_lead_time });
        let mut kept = self.kept.lock().expect("no run panics");
        if (kept.len() + 1) * prepared.scenario.hosts.len().max(1_000) <= KEPT_HOSTS_MAX {
            kept.insert(future, Arc::clone(&prepared));
        }
        Ok(prepared)
    }

    fn run(&self, scenario: Scenario) -> Result<Report, End> {
        simulation::run(&Arc::new(scenario), &self.source.files)
            .map_err(|wrong| runs::broke(self.source, &problems::draw(&wrong)))
    }

    /// A future with the plan's orders.
    fn with(&self, prepared: &Prepared, plan: &Plan, reviews: &Reviews) -> Scenario {
        let mut scenario = prepared.scenario.clone();
        let order = |(at_ms, hosts)| PlannedOrder {
            host_type: prepared.host_type,
            at_ms,
            hosts,
            lead_time: prepared.lead_time.clone(),
        };
        scenario.orders.extend(plan.orders(reviews).map(order));
        scenario
    }

    /// When a future needs its hosts by a rule.
    fn by_rule(&self, prepared: &Prepared, rule: usize) -> Result<Option<Need>, End> {
        let mut scenario = prepared.scenario.clone();
        scenario.procurement.push(Procurement {
            host_type: prepared.host_type,
            trigger: TRIGGERS[rule],
            batch: 1,
            hosts_max: self.hosts_max,
            lead_time: Distribution::Constant(0),
            review_ms: (scenario.duration_ms / 1_000).clamp(MINUTE_MS, DAY_MS),
        });
        let mut theirs: Vec<(u64, u64)> =
            scenario.orders.iter().map(|of| (of.at_ms, of.hosts.into())).collect();
        let report = self.run(scenario)?;
        let mut need = Need { at_ms: Vec::new(), rule };
        let model = &self.model;
        let pool = &self.scenario.pools[self.pool.row()].name;
        for order in &report.orders {
            let at_ms = (order.ordered.at_s * 1_000.0).round() as u64;
            // What the file orders by date comes anyway.
            if let Some(row) = theirs.iter().position(|of| *of == (at_ms, order.hosts)) {
                theirs.swap_remove(row);
            } else if order.model == *model && order.pool == *pool {
                need.at_ms.extend((0..order.hosts.min(HOSTS_MAX)).map(|_| at_ms));
            }
        }
        Ok(report.is_held().then_some(need))
    }

    /// The most lenient rule from `first` on that holds, and when hosts come by it; by halves, since a
    /// stricter rule nearly always holds where a more lenient one does.
    fn need(&self, future: Future, first: usize) -> Result<Option<Need>, End> {
        let prepared = self.prepared(future)?;
        if first == 0 && self.run(prepared.scenario.clone())?.is_held() {
            return Ok(Some(Need { at_ms: Vec::new(), rule: 0 }));
        }
        if first >= TRIGGERS.len() {
            return Ok(None);
        }
        let (mut low, mut high) = (first, TRIGGERS.len() - 1);
        let mut found = None;
        while low <= high {
            let middle = low + (high - low) / 2;
            match self.by_rule(&prepared, middle)? {
                Some(need) => {
                    found = Some(need);
                    if middle == first {
                        break;
                    }
                    high = middle - 1;
                }
                None => low = middle + 1,
            }
        }
        Ok(found)
    }

    /// What a plan comes to in each of these futures; and how much of the scarcest resource is in use,
    /// on average.
    pub(super) fn outcomes(
        &self,
        plan: &Plan,
        of: &[Future],
        reviews: &Reviews,
        end_ms: u64,
    ) -> Result<(Vec<Outcome>, f64), End> {
        self.bar.set_message("plans side by side");
        let each = self.cores.each(of.len(), &ProgressBar::hidden(), |row| {
            let prepared = self.prepared(of[row])?;
            let report = self.run(self.with(&prepared, plan, reviews))?;
            let host_ms = plan.host_ms(reviews, &self.leads_of(&prepared), end_ms);
            let cost = match self.price_cents {
                0 => host_ms / MONTH_MS as f64,
                cents => host_ms / self.life_ms as f64 * cents as f64 / 100.0,
            };
            let used = report.scarcest.as_ref().map_or(0.0, |name| report.utilisation[name].mean);
            Ok((Outcome { holds: report.is_held(), cost }, used))
        })?;
        let used = each.iter().map(|(_, used)| used).sum::<f64>() / each.len().max(1) as f64;
        Ok((each.into_iter().map(|(outcome, _)| outcome).collect(), used))
    }

    /// Host-months of a plan until the end, on average over these futures.
    pub(super) fn host_months(
        &self,
        plan: &Plan,
        of: &[Future],
        reviews: &Reviews,
        end_ms: u64,
    ) -> f64 {
        let each = of.iter().filter_map(|of| {
            let prepared = self.prepared(*of).ok()?;
            Some(plan.host_ms(reviews, &self.leads_of(&prepared), end_ms))
        });
        each.sum::<f64>() / MONTH_MS as f64 / of.len().max(1) as f64
    }

    /// What the hosts of a plan cost to buy.
    pub(super) fn bought(&self, plan: &Plan, reviews: &Reviews) -> f64 {
        let hosts = plan.batches() as f64 * f64::from(reviews.batch);
        hosts * self.price_cents as f64 / 100.0
    }

    /// How long an order takes at each review.
    fn leads_of(&self, prepared: &Prepared) -> Leads {
        let mut scenario = prepared.scenario.clone();
        let theirs = scenario.orders.len();
        scenario.orders.extend(self.reviews.at_ms.iter().map(|at_ms| PlannedOrder {
            host_type: prepared.host_type,
            at_ms: *at_ms,
            hosts: 1,
            lead_time: prepared.lead_time.clone(),
        }));
        (theirs..scenario.orders.len()).map(|row| simulation::lead_ms(&scenario, row)).collect()
    }

    /// What the plan's orders say of their lead time.
    pub(super) fn lead_time(&self) -> Result<LeadTime, End> {
        let futures: &[Future] = match self.is_uncertain() {
            true => &[Future::Likely, Future::Low, Future::High],
            false => &[Future::Likely],
        };
        let each = futures.iter().map(|of| {
            let prepared = self.prepared(*of)?;
            Ok((prepared.lead_time.clone(), prepared.models_lead_time.clone()))
        });
        Ok(LeadTime::of(&each.collect::<Result<Vec<_>, End>>()?))
    }

    /// What is missed where no number of hosts helps, or where the plan fails.
    pub(super) fn misses(&self, made: &Made) -> Result<Vec<String>, End> {
        let report = match (made.hopeless.first(), made.failed.first()) {
            (Some(of), _) => self.run(self.prepared(*of)?.scenario.clone())?,
            (None, Some(of)) => {
                let prepared = self.prepared(*of)?;
                self.run(self.with(&prepared, &made.plan, &self.reviews))?
            }
            (None, None) => return Ok(Vec::new()),
        };
        let missed = report.expectations.iter().filter(|expectation| !expectation.held);
        Ok(missed.map(|of| format!("{}: {}", of.expected, of.found)).collect())
    }
}

impl Runs for World<'_> {
    type Error = End;

    fn needs(&mut self, of: &[(Future, usize)]) -> Result<Vec<Option<Need>>, End> {
        self.bar.set_message(format!("when {} futures need hosts", of.len()));
        let ticking = self.bar.clone();
        self.cores.each(of.len(), &ticking, |row| self.need(of[row].0, of[row].1))
    }

    fn leads(&mut self, of: Future) -> Result<Leads, End> {
        Ok(self.leads_of(&*self.prepared(of)?))
    }

    fn fails(&mut self, plan: &Plan, of: &[Future], is_first: bool) -> Result<Vec<Future>, End> {
        let hosts = plan.batches() * u64::from(self.reviews.batch);
        self.bar.set_message(format!("{hosts} hosts of {}", self.model));
        let mut failed = Vec::new();
        // The first that failed before comes alone: where it fails again, the others need not be run.
        let (head, rest) = of.split_at(if is_first { of.len().min(1) } else { 0 });
        let bundles = head.chunks(1).chain(rest.chunks(if is_first { BUNDLE } else { usize::MAX }));
        for bundle in bundles {
            let held = self.cores.each(bundle.len(), &self.bar.clone(), |row| {
                let prepared = self.prepared(bundle[row])?;
                Ok(self.run(self.with(&prepared, plan, &self.reviews))?.is_held())
            })?;
            let missed = bundle.iter().zip(held).filter(|(_, held)| !held);
            failed.extend(missed.map(|(of, _)| *of));
            if is_first && !failed.is_empty() {
                break;
            }
        }
        Ok(failed)
    }
}

impl Drop for World<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
