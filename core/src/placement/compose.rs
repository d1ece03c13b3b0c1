//! Compose: a scenario's own policy, of filters, and of scores one after another or added up.
//!
//! *Rules*: hosts are compared by the first rule, on ties by the next; a rule with a quantum
//! compares `floor(score / quantum)`, so that near equals tie. Source: Hadary et al., "Protean"
//! (OSDI 2020), which orders preference rules like this and draws among the last ties.
//! Good for: saying what matters in which order. Bad for: a rule behind one that never ties does
//! nothing.
//!
//! *Scores*: each score is brought to 0..=1 over the hosts that are candidates, 1 for the best of
//! them (if all are alike: 0), multiplied by its weight, and added up in the order of the file;
//! the highest sum wins. A score can be left as it is. What is infinite counts as the best or the
//! worst of its column, what is not a number as the worst. Kubernetes and Nova work so, each with
//! a normalisation of its own. Good for: trading one wish off against another.
//!
//! *Filters*: a host is a candidate if it takes the ask and no filter is 0 (or not a number).
//!
//! Floats, in the order of the formulas. Ties go to the lowest index, or to any of the tied hosts,
//! each as likely. Cost: one pass over the hosts or their classes, two for scores; over the hosts
//! if something asks for more than a class knows (`non-empty`, `extension`, `image-locality`, the names of an
//! expression that belong to one host alone).

use super::account::{Account, Cell, Scorer, Wants};
use super::filters::Filter;
use super::fractions::{Float, Fractions};
use super::kubernetes::images;
use super::random::below;
use super::scan::Candidate;
use super::{Query, best_fit, epvm, lifetimes, scan};
use crate::resources::{Amounts, Kinds};
use crate::scenario::{
    Compose, Formula, LabelId, Norm, Order, RULES_MAX, Rule, Scenario, Score, Ties, Variable,
    Weighted,
};
use crate::state::{Columns, HostId, State};
use crate::time::{DAY_MS, HOUR_MS};
use rand::Rng;
use std::cmp::Reverse;

/// A policy of the scenario's own, ready to decide.
#[derive(Debug)]
pub struct Composed {
    compose: Compose,
    /// Shares by the scenario's measure, and by the host's own capacity.
    fractions: Fractions,
    own: Fractions,
    types: Vec<Type>,
    /// By column: how many of the unit of amounts are one of the unit of expressions.
    units: Vec<f64>,
    by_host: bool,
}

/// What scores know of a host type.
#[derive(Debug)]
struct Type {
    labels: Vec<LabelId>,
    total: Amounts,
    price: f64,
}

/// A host, or one of several that are alike, and an ask.
#[derive(Clone, Copy)]
struct Look<'a> {
    state: &'a State,
    query: &'a Query,
    asked: &'a Amounts,
    /// The base of `epvm`.
    base: f64,
    columns: &'a Columns,
    row: usize,
    /// Where it is looked at host by host.
    host: Option<HostId>,
}

type Rank = [Float; RULES_MAX];

impl Composed {
    /// A scenario's policy.
    pub fn new(scenario: &Scenario, compose: &Compose, own: Fractions) -> Self {
        let types = scenario.host_types.iter().map(|host_type| {
            let model = &scenario.models[host_type.model.row()];
            Type {
                labels: host_type.labels.clone(),
                total: model.total,
                price: model.price_cents as f64 / 100.0,
            }
        });
        let kinds = &scenario.kinds;
        Self {
            fractions: Fractions::new(scenario, &compose.measure),
            own,
            types: types.collect(),
            units: (0..kinds.len()).map(|column| per_unit(kinds, column)).collect(),
            by_host: needs_hosts(compose),
            compose: compose.clone(),
        }
    }

    /// The host that the policy takes. Draws only among several that tie, if ties are random.
    pub fn choose(&self, state: &State, query: &Query, dice: &mut dyn Rng) -> Option<HostId> {
        let lowest = self.compose.ties == Ties::LowestIndex;
        let mut filter = Filter::new(state, query.ask);
        let tied = match &self.compose.order {
            Order::Rules(rules) if lowest && self.compose.filters.is_empty() => {
                return self.first_by(rules, state, query);
            }
            Order::Rules(rules) => {
                let candidates = self.candidates(state, query, &mut filter);
                let rank = |c: &Candidate| self.rank(rules, &self.look(state, query, c));
                let ranks: Vec<Rank> = candidates.iter().map(rank).collect();
                least(&candidates, &ranks)
            }
            Order::Scores(scores) => {
                let candidates = self.candidates(state, query, &mut filter);
                let columns = self.columns(scores, state, query, &candidates);
                let totals = totals(scores, &columns, candidates.len()).into_iter();
                least(&candidates, &totals.map(Reverse).collect::<Vec<_>>())
            }
        };
        let first = tied.iter().map(|candidate| candidate.host).min()?;
        if lowest {
            return Some(first);
        }
        let hosts = match self.by_host {
            true => tied.iter().map(|candidate| candidate.host).collect(),
            false => scan::alike(state, &filter, &tied),
        };
        match hosts.len() {
            1 => Some(first),
            several => Some(hosts[below(dice, several)]),
        }
    }

    /// What the policy thinks of hosts that take the ask.
    pub fn account(
        &self,
        state: &State,
        query: &Query,
        hosts: &[HostId],
        tell: &Tell<'_>,
    ) -> Account {
        match &self.compose.order {
            Order::Rules(rules) => self.account_of_rules(rules, state, query, hosts, tell),
            Order::Scores(scores) => self.account_of_scores(scores, state, query, hosts, tell),
        }
    }

    fn account_of_rules(
        &self,
        rules: &[Rule],
        state: &State,
        query: &Query,
        hosts: &[HostId],
        tell: &Tell<'_>,
    ) -> Account {
        let scorers = rules.iter().map(|rule| tell.scorer(&rule.score, None)).collect();
        Account::compared(scorers, hosts, |host| {
            let look = self.look_at(state, query, host);
            let cell = |rule: &Rule| {
                let cost = self.cost(&rule.score, &look);
                let normalised = rule.quantum.map(|quantum| libm::floor(cost / quantum));
                Cell { raw: natural(&rule.score, cost), normalised, weighted: None }
            };
            rules.iter().map(cell).collect()
        })
    }

    fn account_of_scores(
        &self,
        scores: &[Weighted],
        state: &State,
        query: &Query,
        hosts: &[HostId],
        tell: &Tell<'_>,
    ) -> Account {
        // Over hosts, so that each has a row; normalised they are as over classes.
        let filter = Filter::new(state, query.ask);
        let mut all: Vec<HostId> =
            scan::hosts(state, &filter).iter().map(|candidate| candidate.host).collect();
        all.retain(|host| self.passes(&self.look_at(state, query, *host)));
        let most = all.iter().map(|host| filter.wish(*host)).max();
        all.retain(|host| Some(filter.wish(*host)) == most);
        let column = |weighted: &Weighted| {
            let cost = |host| self.cost(&weighted.score, &self.look_at(state, query, host));
            let merits = all.iter().map(|host| merit(&weighted.score, cost(*host)));
            normalised(weighted, merits.collect())
        };
        let columns: Vec<Vec<f64>> = scores.iter().map(column).collect();
        let scorers = scores.iter().map(|s| tell.scorer(&s.score, Some(s.weight))).collect();
        Account::summed(scorers, hosts, |host| {
            let place = all.binary_search(&host).ok();
            let look = self.look_at(state, query, host);
            let cell = |(weighted, column): (&Weighted, &Vec<f64>)| {
                let raw = natural(&weighted.score, self.cost(&weighted.score, &look));
                match place {
                    Some(place) => Cell::weighted(raw, column[place], weighted.weight),
                    None => Cell::plain(raw),
                }
            };
            scores.iter().zip(&columns).map(cell).collect()
        })
    }

    /// Whether the scenario's own filters turn away some of the hosts that take the ask.
    pub fn has_filters(&self) -> bool {
        !self.compose.filters.is_empty()
    }

    fn first_by(&self, rules: &[Rule], state: &State, query: &Query) -> Option<HostId> {
        let base = epvm::base_of(state, None);
        let host_columns = state.hosts.columns();
        let look = |asked: &Amounts, columns: &Columns, row, host| {
            let look = Look { state, query, asked, base, columns, row, host };
            self.rank(rules, &look)
        };
        match self.by_host {
            true => scan::least_host(state, query.ask, |asked, host| {
                look(asked, host_columns, host.row(), Some(host))
            }),
            false => {
                scan::least(state, query.ask, |asked, columns, row| look(asked, columns, row, None))
            }
        }
    }

    fn rank(&self, rules: &[Rule], look: &Look<'_>) -> Rank {
        let mut rank = [Float::new(0.0); RULES_MAX];
        for (rank, rule) in rank.iter_mut().zip(rules) {
            let score = self.cost(&rule.score, look);
            *rank = Float::new(match rule.quantum {
                Some(quantum) => libm::floor(score / quantum),
                None => score,
            });
        }
        rank
    }

    /// All that take the ask and pass the scenario's filters; of these the most welcome, to whom
    /// `filter` is narrowed.
    fn candidates(&self, state: &State, query: &Query, filter: &mut Filter<'_>) -> Vec<Candidate> {
        let mut candidates = match self.by_host {
            true => scan::hosts(state, filter),
            false => scan::candidates(state, filter),
        };
        if self.has_filters() {
            candidates.retain(|candidate| self.passes(&self.look(state, query, candidate)));
        }
        let (candidates, narrowed) = match self.by_host && filter.has_wishes() {
            true => {
                let most = candidates.iter().map(|candidate| filter.wish(candidate.host)).max();
                candidates.retain(|candidate| Some(filter.wish(candidate.host)) == most);
                (candidates, *filter)
            }
            false => scan::welcome(state, *filter, candidates),
        };
        *filter = narrowed;
        candidates
    }

    fn passes(&self, look: &Look<'_>) -> bool {
        self.compose.filters.iter().all(|filter| {
            let value = self.value(filter, look);
            value != 0.0 && !value.is_nan()
        })
    }

    /// By score, what counts of each candidate.
    fn columns(
        &self,
        scores: &[Weighted],
        state: &State,
        query: &Query,
        candidates: &[Candidate],
    ) -> Vec<Vec<f64>> {
        let column = |weighted: &Weighted| {
            let of = |candidate: &Candidate| {
                let look = self.look(state, query, candidate);
                merit(&weighted.score, self.cost(&weighted.score, &look))
            };
            normalised(weighted, candidates.iter().map(of).collect())
        };
        scores.iter().map(column).collect()
    }

    fn look<'a>(&self, state: &'a State, query: &'a Query, candidate: &Candidate) -> Look<'a> {
        match self.by_host {
            true => self.look_at(state, query, candidate.host),
            false => Look {
                columns: scan::columns(state),
                row: candidate.row,
                host: None,
                ..self.look_at(state, query, candidate.host)
            },
        }
    }

    fn look_at<'a>(&self, state: &'a State, query: &'a Query, host: HostId) -> Look<'a> {
        Look {
            state,
            query,
            asked: &state.shapes.get(query.ask.shape).amounts,
            base: epvm::base_of(state, None),
            columns: state.hosts.columns(),
            row: host.row(),
            host: Some(host),
        }
    }

    /// A score as a cost: the least is best. Of an expression, its value.
    fn cost(&self, score: &Score, look: &Look<'_>) -> f64 {
        let Look { state, query, asked, base, columns, row, host } = *look;
        let fractions = &self.fractions;
        match score {
            Score::BestFit(norm) => fractions.left(*norm, asked, columns, row),
            Score::WorstFit(norm) => -fractions.left(*norm, asked, columns, row),
            Score::DotProduct => -fractions.alignment(asked, columns, row),
            Score::NormGreedy => fractions.left(Norm::L2, asked, columns, row),
            Score::Cosine => -fractions.cosine(asked, columns, row),
            Score::Tetris => -self.own.alignment(asked, columns, row),
            Score::Epvm => self.own.opportunity_cost(base, asked, columns, row),
            Score::BalanceFit => self.own.imbalance(asked, columns, row),
            Score::Label(label) => {
                let labels = &self.types[columns.host_type(row).row()].labels;
                let has_it = label.is_some_and(|label| labels.contains(&label));
                f64::from(u8::from(!has_it))
            }
            Score::NonEmpty => {
                host.map_or(0.0, |host| f64::from(u8::from(state.hosts.vm_count(host) == 0)))
            }
            Score::Extension => {
                host.map_or(0.0, |host| lifetimes::extension_ms(state, query, host) as f64)
            }
            Score::ImageLocality => {
                let image = state.shapes.predicate(query.ask.shape).image;
                let score = |(host, image)| images::of_host(state, host, image);
                -(host.zip(image).map_or(0, score) as f64)
            }
            Score::Expression(formula) => self.value(formula, look),
        }
    }

    fn value(&self, formula: &Formula, look: &Look<'_>) -> f64 {
        formula.expression.value(|row| self.variable(formula.variables[row], look))
    }

    fn variable(&self, variable: Variable, look: &Look<'_>) -> f64 {
        let Look { state, query, asked, columns, row, host, .. } = *look;
        let host_type = columns.host_type(row);
        let in_unit = |column: usize, amount: i64| amount as f64 / self.units[column];
        let effective = state.hosts.effective_of(host_type);
        match variable {
            Variable::Free(column) => in_unit(column, columns.free(row, column)),
            Variable::Left(column) => in_unit(column, columns.free(row, column) - asked[column]),
            Variable::Used(column) => {
                in_unit(column, effective[column] - columns.free(row, column))
            }
            Variable::Capacity(column) => in_unit(column, effective[column]),
            Variable::Total(column) => in_unit(column, self.types[host_type.row()].total[column]),
            Variable::Asked(column) => in_unit(column, asked[column]),
            Variable::Price => self.types[host_type.row()].price,
            Variable::Hosts => f64::from(state.hosts.total().hosts),
            Variable::Stay if query.stay_ms == u64::MAX => f64::INFINITY,
            Variable::Stay => query.stay_ms as f64 / HOUR_MS as f64,
            Variable::Vms => host.map_or(0.0, |host| f64::from(state.hosts.vm_count(host))),
            Variable::Index => host.map_or(0.0, |host| host.row() as f64),
            Variable::Age => {
                host.map_or(0.0, |host| state.hosts.age_ms(host, query.now) as f64 / DAY_MS as f64)
            }
            Variable::Extension => {
                host.map_or(0.0, |host| lifetimes::extension_hours(state, query, host))
            }
            Variable::Nothing => 0.0,
        }
    }
}

/// How scores are told.
#[derive(Clone, Copy, Debug)]
pub struct Tell<'a> {
    /// All labels, by row.
    pub labels: &'a [String],
    /// The resources.
    pub kinds: &'a Kinds,
}

impl Tell<'_> {
    fn scorer(&self, score: &Score, weight: Option<f64>) -> Scorer {
        let (name, words) = self.words(score);
        let wants = match is_turned(score) || matches!(score, Score::Expression(_)) {
            true => Wants::Most,
            false => Wants::Least,
        };
        Scorer { name, words, wants, weight }
    }

    fn words(&self, score: &Score) -> (String, String) {
        let left = |norm: &Norm| best_fit::norm_words(*norm);
        let norm_name = |base: &str, norm: &Norm| match norm {
            Norm::L1 => base.to_owned(),
            Norm::L2 => format!("{base}-l2"),
            Norm::Linf => format!("{base}-linf"),
        };
        let (name, words) = match score {
            Score::BestFit(norm) => return (norm_name("best-fit", norm), left(norm).to_owned()),
            Score::WorstFit(norm) => return (norm_name("worst-fit", norm), left(norm).to_owned()),
            Score::Label(label) => {
                let label = label.map_or("", |label| &self.labels[label.row()]);
                return ("label".to_owned(), format!("0 with the label `{label}`, else 1"));
            }
            Score::Expression(formula) => {
                let text = formula.expression.text().to_owned();
                return ("expression".to_owned(), text);
            }
            Score::DotProduct => ("dot-product", "what is asked × what is free"),
            Score::NormGreedy => ("norm-greedy", left(&Norm::L2)),
            Score::Cosine => ("cosine", "the cosine between what is asked and what is free"),
            Score::Tetris => ("tetris", "what is asked × what is free, as shares of the host"),
            Score::Epvm => ("epvm", "the rise of the opportunity cost"),
            Score::BalanceFit => ("balance-fit", "the largest share left less the smallest"),
            Score::NonEmpty => ("non-empty", "0 with a VM, else 1"),
            Score::ImageLocality => ("image-locality", "0 to 100, by the image that is there"),
            Score::Extension => ("extension", "ms by which the host's last end is put off"),
        };
        (name.to_owned(), words.to_owned())
    }
}

/// Whether hosts have to be looked at one by one.
fn needs_hosts(compose: &Compose) -> bool {
    let is_of_host = |variable: Variable| {
        matches!(variable, Variable::Vms | Variable::Index | Variable::Age | Variable::Extension)
    };
    let formula_needs = |formula: &Formula| formula.uses().any(is_of_host);
    let needs = |score: &Score| match score {
        Score::NonEmpty | Score::Extension | Score::ImageLocality => true,
        Score::Expression(formula) => formula_needs(formula),
        _ => false,
    };
    compose.filters.iter().any(formula_needs)
        || match &compose.order {
            Order::Rules(rules) => rules.iter().any(|rule| needs(&rule.score)),
            Order::Scores(scores) => scores.iter().any(|weighted| needs(&weighted.score)),
        }
}

fn per_unit(kinds: &Kinds, column: usize) -> f64 {
    match kinds.unit(column) {
        "milli-vCPU" | "milli-GPU" => 1_000.0,
        "MiB" => 1_024.0,
        _ => 1.0,
    }
}

/// Whether a cost is the negative of what its policy takes the most of.
fn is_turned(score: &Score) -> bool {
    matches!(
        score,
        Score::WorstFit(_)
            | Score::DotProduct
            | Score::Cosine
            | Score::Tetris
            | Score::ImageLocality
    )
}

/// A cost as its formula stands.
fn natural(score: &Score, cost: f64) -> f64 {
    if is_turned(score) { -cost } else { cost }
}

/// A cost as something of which the most is best.
fn merit(score: &Score, cost: f64) -> f64 {
    if matches!(score, Score::Expression(_)) { cost } else { -cost }
}

/// Brought to 0..=1 over all of them, unless the scenario wants it as it is.
fn normalised(weighted: &Weighted, mut merits: Vec<f64>) -> Vec<f64> {
    if !weighted.is_normalised {
        return merits;
    }
    let finite = || merits.iter().copied().filter(|merit| merit.is_finite());
    let least = finite().fold(f64::INFINITY, |least, x| if x < least { x } else { least });
    let most = finite().fold(f64::NEG_INFINITY, |most, x| if x > most { x } else { most });
    for merit in &mut merits {
        *merit = match *merit {
            x if x == f64::INFINITY => 1.0,
            x if !x.is_finite() || most == least => 0.0,
            x => (x - least) / (most - least),
        };
    }
    merits
}

/// By candidate, the weighted sum.
fn totals(scores: &[Weighted], columns: &[Vec<f64>], count: usize) -> Vec<Float> {
    let total = |place: usize| {
        let parts = scores.iter().zip(columns).map(|(weighted, of)| weighted.weight * of[place]);
        let sum = parts.fold(0.0, |sum, part| sum + part);
        Float::new(if sum.is_nan() { f64::NEG_INFINITY } else { sum })
    };
    (0..count).map(total).collect()
}

/// Those with the least rank.
fn least<R: Ord>(candidates: &[Candidate], ranks: &[R]) -> Vec<Candidate> {
    let Some(least) = ranks.iter().min() else { return Vec::new() };
    let tied = candidates.iter().zip(ranks).filter(|(_, rank)| *rank == least);
    tied.map(|(candidate, _)| *candidate).collect()
}
