//! A policy of the scenario's own: rules, weighted scores, filters, expressions.

use super::check::{Check, Table};
use super::fields::{Field, NORMALISERS, SCORES, TIES, placement, rule, scorer};
use super::findings::At;
use super::tree::{Node, Value};
use crate::expression::{Expression, Mistake, Wrong};
use crate::resources::Kinds;
use crate::scenario::{
    Compose, Formula, LabelId, Measure, Norm, Order, RULES_MAX, Rule, Score, Ties, Variable,
    Weighted,
};

/// What a scenario says of a policy of its own, whether it uses it or not.
pub(crate) struct Parts {
    rules: Vec<Rule>,
    scores: Vec<Weighted>,
    filters: Vec<Formula>,
    pub(crate) ties: Ties,
}

/// Reads all of it.
pub(crate) fn read_parts(
    check: &mut Check<'_>,
    table: &Table<'_>,
    kinds: &Kinds,
    labels: &[String],
) -> Option<Parts> {
    let mut reader = Reader { check, kinds, labels };
    let rules = reader.several(table, &placement::RULES, Reader::read_rule);
    let scores = reader.several(table, &placement::SCORES, Reader::read_scorer);
    let filters = reader.several(table, &placement::FILTERS, |reader, node| {
        reader.read_formula(placement::FILTERS.key, node)
    });
    let ties = match table.get(&placement::TIES) {
        Some(node) => match check.choice(placement::TIES.key, node, "way with ties", TIES) {
            Some("random") => Some(Ties::Random),
            Some(_) => Some(Ties::LowestIndex),
            None => None,
        },
        None => Some(Ties::LowestIndex),
    };
    Some(Parts { rules: rules?, scores: scores?, filters: filters?, ties: ties? })
}

impl Parts {
    pub(crate) fn by_rules(
        self,
        check: &mut Check<'_>,
        at: At,
        measure: Measure,
    ) -> Option<Compose> {
        let Self { rules, filters, ties, .. } = self;
        is_some(check, at, &placement::RULES, rules.len()).then_some(Compose {
            filters,
            order: Order::Rules(rules),
            measure,
            ties,
        })
    }

    pub(crate) fn by_scores(
        self,
        check: &mut Check<'_>,
        at: At,
        measure: Measure,
    ) -> Option<Compose> {
        let Self { scores, filters, ties, .. } = self;
        is_some(check, at, &placement::SCORES, scores.len()).then_some(Compose {
            filters,
            order: Order::Scores(scores),
            measure,
            ties,
        })
    }
}

/// Whether there are any; a finding if not.
fn is_some(check: &mut Check<'_>, at: At, field: &Field, count: usize) -> bool {
    if count == 0 {
        let hint = format!("add `{} = {}`", field.key, field.example);
        check.error_hint(at, format!("the policy `{0}` has no {0}", field.key), hint);
    }
    count > 0
}

struct Reader<'c, 'a> {
    check: &'c mut Check<'a>,
    kinds: &'c Kinds,
    labels: &'c [String],
}

impl Reader<'_, '_> {
    /// A list of few things.
    fn several<T>(
        &mut self,
        table: &Table<'_>,
        field: &'static Field,
        read: impl Fn(&mut Self, &Node) -> Option<T>,
    ) -> Option<Vec<T>> {
        let Some(node) = table.get(field) else { return Some(Vec::new()) };
        let Value::List(nodes) = &node.value else {
            let message = format!("`{}` is a list, not {}", field.key, node.kind());
            let hint = format!("write it like `{}`", field.example);
            self.check.error_hint(node.at, message, hint);
            return None;
        };
        if nodes.len() > RULES_MAX {
            let (key, count) = (field.key, nodes.len());
            let message = format!("there are at most {RULES_MAX} {key}, not {count}");
            self.check.error(node.at, message);
            return None;
        }
        // All are read, so that all problems are told.
        let all: Vec<Option<T>> = nodes.iter().map(|node| read(self, node)).collect();
        all.into_iter().collect()
    }

    fn read_rule(&mut self, node: &Node) -> Option<Rule> {
        let table = self.check.open(placement::RULES.key, node, node.at, &[&rule::SECTION])?;
        let name = table.must(self.check, &rule::SCORE);
        let name = name.and_then(|node| self.check.choice(rule::SCORE.key, node, "score", SCORES));
        let quantum = match table.get(&rule::QUANTUM) {
            Some(node) => self.check.positive(rule::QUANTUM.key, node, 1e15).map(Some),
            None => Some(None),
        };
        let score = self.named_score(&table, name, (&rule::KEY, &rule::VALUE));
        Some(Rule { score: score?, quantum: quantum? })
    }

    fn read_scorer(&mut self, node: &Node) -> Option<Weighted> {
        use scorer::{EXPRESSION, KEY, NORMALISE, SCORE, VALUE, WEIGHT};
        let table = self.check.open(placement::SCORES.key, node, node.at, &[&scorer::SECTION])?;
        let weight = match table.get(&WEIGHT) {
            Some(node) => self.check.number(WEIGHT.key, node, -1e6, 1e6),
            None => Some(1.0),
        };
        let is_normalised = match table.get(&NORMALISE) {
            Some(node) => {
                let way = self.check.choice(NORMALISE.key, node, "normalisation", NORMALISERS);
                way.map(|way| way == "min-max")
            }
            None => Some(true),
        };
        let score = match (table.get(&SCORE), table.get(&EXPRESSION)) {
            (Some(node), None) => {
                let name = self.check.choice(SCORE.key, node, "score", SCORES);
                self.named_score(&table, name, (&KEY, &VALUE))
            }
            (None, Some(node)) => {
                let formula = self.read_formula(EXPRESSION.key, node);
                self.has_no_label(&table, (&KEY, &VALUE)).then_some(formula?).map(Score::Expression)
            }
            (None, None) => {
                let message = "this score has neither a `score` nor an `expression`";
                self.check.error_hint(
                    table.at,
                    message,
                    format!("add `score = {}`", SCORE.example),
                );
                None
            }
            (Some(_), Some(_)) => {
                let message = "a score is a `score` or an `expression`, not both";
                self.check.error_hint(table.at_key(&EXPRESSION), message, "make it two of them");
                None
            }
        };
        Some(Weighted { score: score?, weight: weight?, is_normalised: is_normalised? })
    }

    fn has_no_label(
        &mut self,
        table: &Table<'_>,
        (key, value): (&'static Field, &'static Field),
    ) -> bool {
        let is_so = table.get(key).is_none() && table.get(value).is_none();
        if !is_so {
            let message = "`key` and `value` are for the score `label`";
            self.check.error_hint(table.at, message, "delete them");
        }
        is_so
    }

    fn named_score(
        &mut self,
        table: &Table<'_>,
        name: Option<&'static str>,
        fields: (&'static Field, &'static Field),
    ) -> Option<Score> {
        let text = |check: &mut Check<'_>, field: &'static Field| {
            table.get(field).map(|node| check.name(field.key, node).map(str::to_owned))
        };
        let (key, value) = (text(self.check, fields.0), text(self.check, fields.1));
        let label = match (name?, key, value) {
            ("label", Some(key), Some(value)) => {
                let label = format!("{}={}", key?, value?);
                let row = self.labels.binary_search(&label).ok();
                if row.is_none() && !self.check.findings.has_errors() {
                    let message = format!("no host has the label `{label}`");
                    self.check.warning(table.at, message, "the score decides nothing");
                }
                row.map(LabelId::from_row)
            }
            ("label", ..) => {
                let example = "{ score = \"label\", key = \"gen\", value = \"g2\" }";
                let message = "a score about a label has a `key` and a `value`";
                self.check.error_hint(table.at, message, format!("write it like `{example}`"));
                return None;
            }
            _ => self.has_no_label(table, fields).then_some(None)?,
        };
        Some(match name? {
            "best-fit" | "best-fit-l1" => Score::BestFit(Norm::L1),
            "worst-fit" | "worst-fit-l1" => Score::WorstFit(Norm::L1),
            "best-fit-l2" => Score::BestFit(Norm::L2),
            "worst-fit-l2" => Score::WorstFit(Norm::L2),
            "best-fit-linf" => Score::BestFit(Norm::Linf),
            "worst-fit-linf" => Score::WorstFit(Norm::Linf),
            "dot-product" => Score::DotProduct,
            "norm-greedy" => Score::NormGreedy,
            "cosine" => Score::Cosine,
            "tetris" => Score::Tetris,
            "epvm" => Score::Epvm,
            "balance-fit" => Score::BalanceFit,
            "label" => Score::Label(label),
            "non-empty" => Score::NonEmpty,
            "extension" => Score::Extension,
            "image-locality" => Score::ImageLocality,
            _ => unreachable!("the choice is one of those above"),
        })
    }

    fn read_formula(&mut self, key: &str, node: &Node) -> Option<Formula> {
        let text = self.check.text(key, node)?;
        let known = self.variables();
        let row_of = |name: &str| known.iter().position(|(known, _)| known == name);
        let expression = match Expression::parse(text, &row_of) {
            Ok(expression) => expression,
            Err(mistake) => {
                self.tell(node, text, mistake, &known);
                return None;
            }
        };
        let nobody_asks = expression.names().find(|row| known[*row].1 == Variable::Nothing);
        if let Some(row) = nobody_asks
            && !self.check.findings.has_errors()
        {
            let name = &known[row].0;
            let message = format!("no demand asks for that, so `{name}` is always 0");
            self.check.warning(node.at, message, "take it out");
        }
        let variables = known.into_iter().map(|(_, variable)| variable).collect();
        Some(Formula { expression, variables })
    }

    fn tell(&mut self, node: &Node, text: &str, mistake: Mistake, known: &[(String, Variable)]) {
        let Mistake { range, what } = mistake;
        // Where the text stands as it is, the very place is known.
        let at = match node.at {
            At::Text { start, end } if end - start == text.len() + 2 => {
                let last = range.end.max(range.start + 1).min(text.len() + 1);
                At::Text { start: start + 1 + range.start, end: start + 1 + last }
            }
            at => at,
        };
        match what {
            Wrong::Name(name) => {
                let known = known.iter().map(|(name, _)| name.as_str());
                self.check.unknown_name(at, "value", &name, known);
            }
            Wrong::Text(what) => {
                let hint = format!("write it like `{}`", scorer::EXPRESSION.example);
                self.check.error_hint(at, format!("this is no expression: {what}"), hint);
            }
        }
    }

    /// What an expression can use, by name.
    fn variables(&self) -> Vec<(String, Variable)> {
        const OF_HOST: &[(&str, Variable)] = &[
            ("vms", Variable::Vms),
            ("hosts", Variable::Hosts),
            ("price", Variable::Price),
            ("index", Variable::Index),
            ("age_days", Variable::Age),
            ("stay_hours", Variable::Stay),
            ("extension_hours", Variable::Extension),
        ];
        type OfColumn = fn(usize) -> Variable;
        const OF_RESOURCE: &[(&str, OfColumn)] = &[
            ("free", Variable::Free),
            ("left", Variable::Left),
            ("used", Variable::Used),
            ("capacity", Variable::Capacity),
            ("total", Variable::Total),
            ("asked", Variable::Asked),
        ];
        let of_resource = |name: String| {
            let column = self.kinds.column(&name);
            let word = name.replace('-', "_");
            OF_RESOURCE.iter().map(move |(what, variable)| {
                (format!("{what}_{word}"), column.map_or(Variable::Nothing, variable))
            })
        };
        let of_resources = self.check.kind_names().into_iter().flat_map(of_resource);
        let of_host = OF_HOST.iter().map(|(name, variable)| ((*name).to_owned(), *variable));
        of_resources.chain(of_host).collect()
    }
}
