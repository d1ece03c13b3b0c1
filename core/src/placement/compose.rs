//! Rules: a scenario's own policy, one score after another.
//!
//! Hosts are compared by the first rule, on ties by the next; a rule with a quantum compares
//! `floor(score / quantum)`, so that near equals tie. Source: Hadary et al., "Protean" (OSDI 2020),
//! which orders preference rules like this and draws among the last ties.
//! Good for: saying what matters in which order. Bad for: a rule behind one that never ties does
//! nothing. Floats, in the order of the formulas; less is better, and scores of policies that
//! take the most are negated. Ties go to the lowest index. Cost: one pass over the hosts or their
//! classes; over the hosts if a rule asks for more than a class knows (`non-empty`, `extension`).

use super::fractions::{Float, Fractions};
use super::{Query, epvm, lifetimes, scan};
use crate::resources::Amounts;
use crate::scenario::{Compose, LabelId, Norm, RULES_MAX, Rule, Scenario, Score};
use crate::state::{Columns, HostId, State};

/// Rules, ready to decide.
#[derive(Debug)]
pub struct Composed {
    rules: Vec<Rule>,
    /// Shares by the scenario's measure, and by the host's own capacity.
    fractions: Fractions,
    own: Fractions,
    /// By host type.
    labels: Vec<Vec<LabelId>>,
    by_host: bool,
}

impl Composed {
    /// A scenario's rules.
    pub fn new(scenario: &Scenario, compose: &Compose, own: Fractions) -> Self {
        let needs_host = |rule: &Rule| matches!(rule.score, Score::NonEmpty | Score::Extension);
        Self {
            rules: compose.rules.clone(),
            fractions: Fractions::new(scenario, &compose.measure),
            own,
            labels: scenario.host_types.iter().map(|t| t.labels.clone()).collect(),
            by_host: compose.rules.iter().any(needs_host),
        }
    }

    /// The host that comes first by the rules.
    pub fn choose(&self, state: &State, query: &Query) -> Option<HostId> {
        let base = epvm::base_of(state, None);
        let rank = |asked: &Amounts, columns: &Columns, row: usize, host: Option<HostId>| {
            let mut rank = [Float::new(0.0); RULES_MAX];
            for (rank, rule) in rank.iter_mut().zip(&self.rules) {
                let score = match (&rule.score, host) {
                    (Score::NonEmpty, Some(host)) => {
                        f64::from(u8::from(state.hosts.vm_count(host) == 0))
                    }
                    (Score::Extension, Some(host)) => {
                        lifetimes::extension_ms(state, query, host) as f64
                    }
                    (score, _) => self.score(score, base, asked, columns, row),
                };
                *rank = Float::new(match rule.quantum {
                    Some(quantum) => libm::floor(score / quantum),
                    None => score,
                });
            }
            rank
        };
        let columns = state.hosts.columns();
        match self.by_host {
            true => scan::least_host(state, query.ask, |asked, host| {
                rank(asked, columns, host.row(), Some(host))
            }),
            false => {
                scan::least(state, query.ask, |asked, columns, row| rank(asked, columns, row, None))
            }
        }
    }

    /// A score that a row says all about.
    fn score(
        &self,
        score: &Score,
        base: f64,
        asked: &Amounts,
        columns: &Columns,
        row: usize,
    ) -> f64 {
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
                let labels = &self.labels[columns.host_type(row).row()];
                let has_it = label.is_some_and(|label| labels.contains(&label));
                f64::from(u8::from(!has_it))
            }
            Score::NonEmpty | Score::Extension => 0.0,
        }
    }
}
