//! Inventories: the hosts of a pool from a CSV file, one a row.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::Read;

use crate::columns::{Header, Numbers, Sizes, own_sizes, sizes};
use crate::decimal::{Measure, Round};
use crate::problem::{Problem, Problems};
use crate::resources::{Builtin, DEVICE_MILLI, DEVICES_MAX};
use crate::scenario::HOSTS_MAX;
use crate::table::{Part, Table, count, report, shown, without_errors};
use crate::time::{DAY_MS, TIME_MS_MAX};

/// One host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InventoryHost {
    /// What it is called; no other host of the file is called so.
    pub name: String,
    /// What machine it is.
    pub model: Option<String>,
    /// What it has, in the order of [`Builtin::ALL`](crate::resources::Builtin::ALL); 0 where the
    /// file does not say. All 0, also in `own`, only with a model.
    pub amounts: [i64; 5],
    /// What it has of the scenario's own kinds, in the scenario's order.
    pub own: Vec<i64>,
    /// The pool it is in.
    pub pool: Option<String>,
    /// The zone it stands in.
    pub zone: Option<String>,
    /// The rack it stands in.
    pub rack: Option<String>,
    /// How old it is at the start, ms.
    pub age_ms: u64,
    /// Its labels, key and value, in column order.
    pub labels: Vec<(String, String)>,
    /// Its taints, the same way.
    pub taints: Vec<(String, String)>,
    /// Its soft taints, the same way.
    pub soft_taints: Vec<(String, String)>,
    /// The line of the file, from 1.
    pub line: u32,
}

/// Reads a whole inventory and adds all that is wrong with it to `problems`. `None` if there is
/// an error in it. A fraction of a MiB, GiB or Mbit/s is not counted: a host does not have it.
pub fn read_inventory(
    file: &str,
    reader: Box<dyn Read>,
    own_kinds: &[String],
    problems: &mut Problems,
) -> Option<Vec<InventoryHost>> {
    read_at_most(HOSTS_MAX, file, reader, own_kinds, problems)
}

fn read_at_most(
    hosts_max: u64,
    file: &str,
    reader: Box<dyn Read>,
    own_kinds: &[String],
    problems: &mut Problems,
) -> Option<Vec<InventoryHost>> {
    without_errors(problems, |problems| {
        let mut table = Table::open(file, reader, hosts_max)
            .map_err(|problem| report(problems, || problem))
            .ok()?;
        let columns = Columns::pick(&table, own_kinds, problems)?;
        // With a wrong header, every row would be wrong.
        if problems.has_errors() {
            return None;
        }
        let mut hosts = Vec::new();
        let mut lines: BTreeMap<String, u32> = BTreeMap::new();
        let mut has_rows = false;
        while let Some(row) = table.next_row() {
            has_rows = true;
            if let Err(problem) = row {
                report(problems, || problem);
                continue;
            }
            let Some(host) = columns.read(&table, own_kinds.len(), problems) else { continue };
            match lines.entry(host.name.clone()) {
                Entry::Vacant(entry) => {
                    entry.insert(host.line);
                }
                Entry::Occupied(entry) => {
                    report(problems, || columns.second(&table, &host.name, *entry.get()));
                }
            }
            hosts.push(host);
        }
        if !has_rows {
            let hint = "below the names of the columns comes one line a host";
            report(problems, || table.problem_of_file("there are no rows", Some(hint)));
        }
        Some(hosts)
    })
}

/// Where things stand in a row.
struct Columns {
    name: usize,
    model: Option<usize>,
    sizes: Vec<Sizes>,
    own: Vec<(usize, Numbers)>,
    pool: Option<usize>,
    zone: Option<usize>,
    rack: Option<usize>,
    age: Option<Numbers>,
    labels: Vec<(usize, String)>,
    taints: Vec<(usize, String)>,
    soft_taints: Vec<(usize, String)>,
}

impl Columns {
    /// `None` without names.
    fn pick(table: &Table, own_kinds: &[String], problems: &mut Problems) -> Option<Self> {
        let mut header = Header::new(table, problems);
        let name = header.one("name", table, problems);
        let model = header.one("model", table, problems);
        let sizes = sizes(&mut header, Round::Down, table, problems);
        let pool = header.one("pool", table, problems);
        let zone = header.one("zone", table, problems);
        let rack = header.one("rack", table, problems);
        let age = header.one("age_days", table, problems);
        let labels = header.prefixed("label:");
        let taints = header.prefixed("taint:");
        let soft_taints = header.prefixed("soft-taint:");
        let own = own_sizes(&mut header, own_kinds, table, problems);

        for (column, key) in labels.iter().chain(&taints).chain(&soft_taints) {
            if key.trim().is_empty() {
                let hint = "write the key behind it: `label:gen`";
                let part = Part::Field(*column);
                report(problems, || table.problem(part, "this label has no key", hint));
            }
        }
        if name.is_none() {
            let hint = "every host has a name of its own";
            header.missing(&["name"], "there is no column `name`", hint, table, problems);
        }
        if model.is_none() && sizes.is_empty() && own.is_empty() {
            let message = "no column says how large the hosts are";
            let hint = "sizes need `cpu` and `mem_mib` (or `mem_gib`), or a `model`";
            let names = ["model", "cpu", "mem_mib", "mem_gib"];
            header.missing(&names, message, hint, table, problems);
        }
        header.warn_unused(table, problems);

        let age = age.map(|column| Numbers {
            column,
            measure: Measure { per_one: DAY_MS, round: Round::Half, units_max: TIME_MS_MAX },
            hint: "days such as `400` or `0.5`, at most 1,000 years",
        });
        Some(Self {
            name: name?,
            model,
            sizes,
            own,
            pool,
            zone,
            rack,
            age,
            labels,
            taints,
            soft_taints,
        })
    }

    /// The host of the record at hand; `None` if something is wrong with it.
    fn read(&self, table: &Table, own: usize, problems: &mut Problems) -> Option<InventoryHost> {
        let before = count(problems);
        let mut amounts = [0; 5];
        for Sizes { kind, numbers } in &self.sizes {
            let amount = numbers.read(table, problems).or_zero() as i64;
            amounts[*kind as usize] = amount;
            if *kind == Builtin::Gpu {
                check_gpus(amount, numbers.column, table, problems);
            }
        }
        let mut own = vec![0; own];
        for (kind, numbers) in &self.own {
            own[*kind] = numbers.read(table, problems).or_zero() as i64;
        }
        let age_ms = self.age.map_or(0, |numbers| numbers.read(table, problems).or_zero());

        let mut text = |column: usize| match table.name(column) {
            Ok(name) => name.map(str::to_owned),
            Err(problem) => {
                report(problems, || problem);
                None
            }
        };
        let name = text(self.name);
        let model = self.model.and_then(&mut text);
        let pool = self.pool.and_then(&mut text);
        let zone = self.zone.and_then(&mut text);
        let rack = self.rack.and_then(&mut text);
        let mut marks = |columns: &[(usize, String)]| {
            let named =
                columns.iter().filter_map(|(column, key)| Some((key.clone(), text(*column)?)));
            named.collect::<Vec<_>>()
        };
        let labels = marks(&self.labels);
        let taints = marks(&self.taints);
        let soft_taints = marks(&self.soft_taints);
        if count(problems) > before {
            return None;
        }

        let Some(name) = name else {
            let part = Part::Field(self.name);
            let hint = "every host has a name of its own";
            report(problems, || table.problem(part, "this host has no name", hint));
            return None;
        };
        if model.is_none() && amounts == [0; 5] && own.iter().all(|&amount| amount == 0) {
            let message = "nothing says how large this host is";
            let hint = "give it a `model`, or amounts above 0";
            report(problems, || table.problem(Part::Start, message, hint));
            return None;
        }
        let line = table.line();
        Some(InventoryHost {
            name,
            model,
            amounts,
            own,
            pool,
            zone,
            rack,
            age_ms,
            labels,
            taints,
            soft_taints,
            line,
        })
    }

    /// The error about a name that another line has too.
    #[cold]
    fn second(&self, table: &Table, name: &str, first: u32) -> Box<Problem> {
        let message = format!("a second host is called `{}`", shown(name.as_bytes()));
        let hint = format!("the first is in line {first}; every host has a name of its own");
        table.problem(Part::Field(self.name), message, &hint)
    }
}

/// A host has whole GPUs, and not too many of them.
fn check_gpus(amount: i64, column: usize, table: &Table, problems: &mut Problems) {
    let part = Part::Field(column);
    if amount % DEVICE_MILLI != 0 {
        let message = format!("`{}` is not a whole number of GPUs", shown(table.field(column)));
        let hint = "only a request can be for a part of one";
        report(problems, || table.problem(part, message, hint));
    } else if amount > DEVICES_MAX as i64 * DEVICE_MILLI {
        let message = format!("a host has at most {DEVICES_MAX} GPUs");
        report(problems, || table.problem(part, message, ""));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::table::testing::{gzip, reader, short};

    /// The hosts, one a line, or the problems.
    #[track_caller]
    fn check(csv: &str, expected: &str) {
        assert_eq!(read(csv.as_bytes(), HOSTS_MAX), expected, "{csv}");
    }

    fn read(bytes: &[u8], hosts_max: u64) -> String {
        let mut problems = Problems::default();
        let own = ["slots".to_owned()];
        let Some(hosts) = read_at_most(hosts_max, "h.csv", reader(bytes), &own, &mut problems)
        else {
            return short(&problems);
        };
        let shown = hosts.iter().map(|host| {
            let mut line = format!("{}@{} {:?}", host.name, host.line, host.amounts);
            let places = [("m", &host.model), ("p", &host.pool), ("z", &host.zone)];
            for (letter, name) in places.iter().chain(&[("r", &host.rack)]) {
                if let Some(name) = name {
                    line += &format!(" {letter}={name}");
                }
            }
            for (key, value) in &host.labels {
                line += &format!(" {key}:{value}");
            }
            if host.own[0] > 0 {
                line += &format!(" slots {}", host.own[0]);
            }
            if host.age_ms > 0 {
                line += &format!(" {} ms old", host.age_ms);
            }
            line
        });
        shown.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn hosts_are_read_in_file_order() {
        check(
            "name,cpu,mem_mib\nb,16,98304\n\na,0.5,1.9",
            "b@2 [16000, 98304, 0, 0, 0]\na@4 [500, 1, 0, 0, 0]",
        );
        check(
            "name,model,pool,zone,rack,age_days,label:gen,slots,gpu,label:ssd\n\
             h1,compute,kvm,z1,r1,1.5,g1,110,8,\n\
             h2,compute,,,,,,,,yes\n",
            "h1@2 [0, 0, 0, 0, 8000] m=compute p=kvm z=z1 r=r1 gen:g1 slots 110 129600000 ms old\n\
             h2@3 [0, 0, 0, 0, 0] m=compute ssd:yes",
        );
    }

    #[test]
    fn wrong_hosts_are_reported() {
        check(
            "name,cpu,mem_mib,model,age_days\na,1,1,,\na,1,1,,\n,1,1,,\nb,,,,\nc,0,,,\nd,x,-1,,nan\n",
            "3:1+1 a second host is called `a` (the first is in line 2; every host has a name of its own)\n\
             4:1+1 this host has no name (every host has a name of its own)\n\
             5:1+1 nothing says how large this host is (give it a `model`, or amounts above 0)\n\
             6:1+1 nothing says how large this host is (give it a `model`, or amounts above 0)\n\
             7:3+1 `x` is not a number (a number of vCPU such as `4` or `0.5`, to the thousandth, at most 2^50 of these)\n\
             7:5+2 `-1` is below 0 (a plain number such as `4096`, at most 2^50 MiB; the column's name says the unit)\n\
             7:9+3 `nan` is not a finite number (days such as `400` or `0.5`, at most 1,000 years)",
        );
    }

    #[test]
    fn a_host_has_whole_gpus() {
        check(
            "name,cpu,gpu\na,1,0.5\nb,1,65\nc,1,x",
            "2:5+3 `0.5` is not a whole number of GPUs (only a request can be for a part of one)\n\
             3:5+2 a host has at most 64 GPUs\n\
             4:5+1 `x` is not a number (GPUs in `gpu`, such as `0.25`, or thousandths in `gpu_milli`, such as `250`)",
        );
    }

    #[test]
    fn wrong_headers_are_reported() {
        check(
            "host,label:,modell\nx,y,z",
            "1:6+6 this label has no key (write the key behind it: `label:gen`)\n\
             1:1+1 there is no column `name` (every host has a name of its own)\n\
             1:13+6 no column says how large the hosts are (rename `modell` to `model`)\n\
             warning 1:1+4 columns not used: host, modell (did you mean `model`?)",
        );
        check(
            "name,cpu\n",
            "0:0+1 there are no rows (below the names of the columns comes one line a host)",
        );
        check(
            "",
            "0:0+1 the file is empty (the first line names the columns, then comes one line a row)",
        );
    }

    #[test]
    fn hosts_are_bounded() {
        let found = read(b"name,cpu\na,1\nb,1\nc,1\n", 2);
        assert_eq!(found, "4:1+1 the file has more than 2 rows (split it, or take a sample)");
        assert_eq!(read(&gzip(b"name,cpu\na,1\n"), 1), "a@2 [1000, 0, 0, 0, 0]");
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_inventory_or_a_problem(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            read(&bytes, HOSTS_MAX);
            read(&[b"name,cpu,label:a,age_days\n", &bytes[..]].concat(), HOSTS_MAX);
        }
    }
}
