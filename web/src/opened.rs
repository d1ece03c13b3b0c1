//! Files that a person opens or drops: a scenario is opened; for rows (requests or hosts) a
//! scenario is written that asks something of them.

use flate2::read::GzDecoder;
use std::io::Read as _;

/// The largest file that is taken, bytes.
pub const FILE_BYTES_MAX: u64 = 512 << 20;
/// The largest scenario, bytes.
const SCENARIO_BYTES_MAX: usize = 4 << 20;

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// A scenario: its text.
    Scenario(String),
    /// Rows.
    Rows {
        /// What they are: `a trace`, `an inventory`.
        kind: &'static str,
        /// A scenario with them.
        scenario: String,
    },
}

/// Looks into a file.
///
/// # Errors
/// It is nothing that Fleetcast reads; a sentence.
pub fn open(name: &str, bytes: &[u8]) -> Result<Opened, String> {
    let lower = name.to_lowercase();
    if lower.ends_with(".toml") || lower.ends_with(".json") {
        if bytes.len() > SCENARIO_BYTES_MAX {
            return Err(format!(
                "`{name}` is larger than 4 MiB: a scenario holds rules, not rows; requests and \
                 hosts go into CSV files"
            ));
        }
        let text = std::str::from_utf8(bytes)
            .map_err(|_| format!("`{name}` is not UTF-8 text: save it as UTF-8"))?;
        return Ok(Opened::Scenario(text.to_owned()));
    }
    if !lower.ends_with(".csv") && !lower.ends_with(".csv.gz") && !lower.ends_with(".gz") {
        return Err(format!(
            "`{name}` is neither a scenario (.toml, .json) nor a table of requests or hosts \
             (.csv, .csv.gz)"
        ));
    }
    let start = crate::ask::sample(bytes);
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let header = String::from_utf8_lossy(header).to_lowercase();
    let columns: Vec<&str> = header.split(',').map(|c| c.trim().trim_matches('"')).collect();
    let has = |column: &str| columns.contains(&column);
    if has("arrival_s") {
        return Ok(Opened::Rows { kind: "a trace", scenario: for_trace(name) });
    }
    if has("name") && (has("cpu") || has("model") || has("mem_mib") || has("mem_gib")) {
        return Ok(Opened::Rows { kind: "an inventory", scenario: for_inventory(name) });
    }
    Err(format!(
        "`{name}` has neither the columns of a trace (arrival_s, departure_s, vcpu, mem_mib) nor \
         of an inventory (name, cpu, mem_mib)"
    ))
}

/// What the scenario for a table is called.
pub fn scenario_name(name: &str) -> String {
    let stem = name.trim_end_matches(".gz").trim_end_matches(".csv");
    format!("{stem}.toml")
}

/// A file's text, unpacked if it is gzipped; at most 16 MiB of it.
pub fn plain(bytes: &[u8]) -> Vec<u8> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return bytes.to_vec();
    }
    let mut text = Vec::new();
    // What is broken stays as it is: whoever reads it will say so.
    match GzDecoder::new(bytes).take(16 << 20).read_to_end(&mut text) {
        Ok(_) => text,
        Err(_) => bytes.to_vec(),
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => quoted.push_str(&format!("\\u{:04x}", letter as u32)),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

fn for_trace(name: &str) -> String {
    format!(
        r#"name     = {title}
question = "Do these requests fit, and what runs out first?"
start    = "2026-01-01"          # the date of arrival_s = 0

[host-models.server]             # your machine
cpu        = 64
memory     = "512 GiB"
overcommit = {{ cpu = 2.0 }}

[[pools]]
name  = "main"
zones = 2
racks-per-zone = 2
hosts = {{ model = "server", count = 40 }}

[[demand]]
name  = "requests"
trace = {file}

[placement]
policy = "best-fit"
"#,
        title = quoted(&format!("The requests of {name}")),
        file = quoted(name),
    )
}

fn for_inventory(name: &str) -> String {
    format!(
        r#"name     = {title}
question = "How long does the fleet hold if demand grows like this?"
start    = "2026-01-01"
duration = "1 year"

[[pools]]
name  = "main"
hosts = {file}

[flavors.standard]               # a typical VM of yours
cpu    = 4
memory = "16 GiB"

[[demand]]
name     = "vms"
flavor   = "standard"
alive    = {{ curve = "linear", from = 100, to = 400 }}
lifetime = {{ distribution = "exponential", mean = "90 days" }}

[placement]
policy = "best-fit"
"#,
        title = quoted(&format!("The hosts of {name}")),
        file = quoted(name),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ask::Ask;
    use fleetcast_core::problem::Problems;

    fn check_runs(name: &str, rows: &str) {
        let Ok(Opened::Rows { scenario, .. }) = open(name, rows.as_bytes()) else {
            panic!("{name} is rows")
        };
        let mut ask = Ask::of(&scenario_name(name), &scenario);
        ask.files.insert(name, rows.as_bytes());
        assert_eq!(ask.check(), Problems::default());
        assert!(ask.run().unwrap().requests > 0);
    }

    #[test]
    fn a_table_comes_with_a_scenario_that_runs() {
        check_runs("r.csv", "arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n60,120,2,1024\n");
        check_runs("h.csv", "name,cpu,mem_mib\na,16,65536\nb,16,65536\n");
        check_runs("we \"ird\\.csv", "arrival_s,departure_s,vcpu,mem_mib\n0,90,1,1024\n");
    }

    #[test]
    fn what_is_nothing_of_ours_is_said() {
        let check = |name: &str, bytes: &[u8], expected: &str| {
            let why = open(name, bytes).unwrap_err();
            assert!(why.contains(expected), "{why}");
        };
        check("a.png", b"", "neither a scenario");
        check("a.csv", b"x,y\n1,2\n", "neither the columns of a trace");
        check("a.csv.gz", &[0x1f, 0x8b, 8, 0, 0], "neither the columns of a trace");
        check("a.toml", &[0xff, 0xfe], "UTF-8");
        check("a.toml", &vec![b' '; SCENARIO_BYTES_MAX + 1], "larger than 4 MiB");
    }
}
