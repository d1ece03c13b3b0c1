//! What boots need from others, and how often they are tried.

use super::check::{Check, Table};
use super::fields::{dependency, image, outage, root};
use super::tree::{Node, Value};
use crate::provisioning::dependency::expected_outages;
use crate::scenario::{Dependency, DependencyId, Tries};
use crate::time::SECOND_MS;
use crate::units::shorten;
use std::collections::BTreeMap;

/// The most outages that are to be expected of a dependency in a run.
const OUTAGES_MAX: f64 = 1e7;

/// The most outages that a dependency lists.
const KNOWN_MAX: usize = 1_000;

/// The most that one image needs.
const NEEDS_MAX: usize = 127;

/// Dependencies so far.
#[derive(Default)]
pub(crate) struct Dependencies {
    pub(crate) list: Vec<Dependency>,
    rows: BTreeMap<String, usize>,
}

impl Dependencies {
    /// Reads them all.
    pub(crate) fn read(&mut self, check: &mut Check<'_>, node: &Node) {
        let key = root::DEPENDENCIES.key;
        let Some(entries) = node.table() else {
            let message = format!("`{key}` is a table of dependencies, not {}", node.kind());
            check.error_hint(node.at, message, format!("write it like `[{key}.apt-mirror]`"));
            return;
        };
        for entry in entries {
            let is_name = check.is_name("dependency", &entry.key, entry.key_at);
            let sections = [&dependency::SECTION];
            let Some(table) = check.open(&entry.key, &entry.node, entry.key_at, &sections) else {
                continue;
            };
            let dependency = read_dependency(check, &entry.key, &table);
            // A name that is there is known, whatever is wrong with the rest.
            self.rows.insert(entry.key.clone(), self.list.len());
            self.list.extend(dependency.filter(|_| is_name));
        }
    }

    /// Reads how often an image's boot is tried.
    pub(crate) fn read_tries(&self, check: &mut Check<'_>, table: &Table<'_>) -> Option<Tries> {
        let needs = match table.get(&image::DEPENDS_ON) {
            Some(node) => self.read_needs(check, node),
            None => Some(Vec::new()),
        };
        let fails = match table.get(&image::BOOT_FAILS) {
            Some(node) => share(check, image::BOOT_FAILS.key, node),
            None => Some(0.0),
        };
        let most = match table.get(&image::ATTEMPTS) {
            Some(node) => {
                let most = check.whole(image::ATTEMPTS.key, node, 1, 1_000_000);
                most.map(|most| u32::try_from(most).ok())
            }
            None => Some(None),
        };
        let again_ms = match table.get(&image::RETRY_AFTER) {
            Some(node) => check.length_ms(image::RETRY_AFTER.key, node, SECOND_MS),
            None => Some(Tries::AGAIN_MS),
        };
        let tries = Tries { needs: needs?, fails: fails?, most: most?, again_ms: again_ms? };
        for field in [&image::ATTEMPTS, &image::RETRY_AFTER] {
            if table.get(field).is_some() && !tries.matter() {
                let message = format!("`{}` decides nothing: every boot succeeds", field.key);
                let hint = "say what it needs with `depends-on`, or how often it fails with \
                            `boot-fails`";
                check.warning(table.at_key(field), message, hint);
            }
        }
        Some(tries)
    }

    fn read_needs(&self, check: &mut Check<'_>, node: &Node) -> Option<Vec<DependencyId>> {
        let key = image::DEPENDS_ON.key;
        let Value::List(nodes) = &node.value else {
            let message = format!("`{key}` is a list of dependencies, not {}", node.kind());
            let hint = format!("write it like `{key} = {}`", image::DEPENDS_ON.example);
            check.error_hint(node.at, message, hint);
            return None;
        };
        if nodes.len() > NEEDS_MAX {
            check.error(node.at, format!("`{key}` has more than {NEEDS_MAX} entries"));
            return None;
        }
        let mut needs = Vec::new();
        for node in nodes {
            let Some(name) = check.name(key, node) else { continue };
            let Some(row) = self.rows.get(name).copied() else {
                let known = self.rows.keys().map(String::as_str);
                check.unknown_name(node.at, "dependency", name, known);
                continue;
            };
            let id = DependencyId::from_row(row);
            if needs.contains(&id) {
                let message = format!("`{}` is there twice", shorten(name));
                check.error_hint(node.at, message, "name each dependency once");
            }
            needs.push(id);
        }
        (needs.len() == nodes.len()).then_some(needs)
    }
}

fn read_dependency(check: &mut Check<'_>, name: &str, table: &Table<'_>) -> Option<Dependency> {
    let availability = match table.get(&dependency::AVAILABILITY) {
        Some(node) => share(check, dependency::AVAILABILITY.key, node).filter(|share| {
            let is_ever = *share > 0.0;
            if !is_ever {
                let message = "what is never there lets nothing boot";
                check.error_hint(node.at, message, "give a share above 0%");
            }
            is_ever
        }),
        None => Some(1.0),
    };
    let outage_ms = match table.get(&dependency::OUTAGE) {
        Some(node) => check.length_ms(dependency::OUTAGE.key, node, SECOND_MS).map(Some),
        None => Some(None),
    };
    let fetch_ms = match table.get(&dependency::FETCH) {
        Some(node) => check.length_ms(dependency::FETCH.key, node, 0),
        None => Some(0),
    };
    let known = match table.get(&dependency::OUTAGES) {
        Some(node) => read_known(check, node),
        None => Some(Vec::new()),
    };
    let (availability, outage_ms, known) = (availability?, outage_ms?, known?);
    let expected = outage_ms.map_or(0.0, |ms| expected_outages(availability, ms, check.run_ms()));
    if expected > OUTAGES_MAX {
        let message = "more than 10 million outages are to be expected";
        check.error_hint(table.at, message, "lengthen `outage`, or shorten the run");
    }
    if availability == 1.0 && outage_ms.is_some() {
        let message = "`outage` decides nothing: it is always there";
        check.warning(table.at_key(&dependency::OUTAGE), message, "lower its `availability`");
    }
    Some(Dependency { name: name.to_owned(), availability, outage_ms, known, fetch_ms: fetch_ms? })
}

/// Outages that are known, by when they begin.
fn read_known(check: &mut Check<'_>, node: &Node) -> Option<Vec<(u64, u64)>> {
    let key = dependency::OUTAGES.key;
    let nodes = check.list(key, node, false);
    if nodes.len() > KNOWN_MAX {
        check.error(node.at, format!("`{key}` has more than {KNOWN_MAX} entries"));
        return None;
    }
    let mut known: Vec<(u64, u64)> = Vec::new();
    for node in nodes {
        let table = check.open(key, node, node.at, &[&outage::SECTION])?;
        let at = table.must(check, &outage::AT);
        let at_ms = at.and_then(|node| check.time_ms(outage::AT.key, node));
        let lasts = table.must(check, &outage::LASTS);
        let lasts_ms = lasts.and_then(|node| check.length_ms(outage::LASTS.key, node, 1));
        let (from, lasts_ms) = (at_ms?, lasts_ms?);
        let to = from.saturating_add(lasts_ms);
        if known.iter().any(|other| from < other.1 && other.0 < to) {
            let hint = "make one of both";
            check.error_hint(node.at, "it has begun before another is over", hint);
        }
        known.push((from, to));
    }
    known.sort_unstable();
    Some(known)
}

/// A share of at most 1.
fn share(check: &mut Check<'_>, key: &str, node: &Node) -> Option<f64> {
    let share = check.share(key, node)?;
    if share > 1.0 {
        check.error(node.at, format!("`{key}` is at most 100%"));
        return None;
    }
    Some(share)
}
