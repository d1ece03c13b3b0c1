//! `--placements`: one row a request, saying which host took it, in the order of decision.

use fleetcast_core::fact::Fact;
use fleetcast_core::time::Time;
use fleetcast_core::words::seconds;
use std::collections::BTreeMap;
use std::io::{self, Write};

/// Writes the rows as it hears of the decisions.
#[derive(Debug)]
pub(crate) struct Placements<W: Write> {
    csv: csv::Writer<W>,
    /// Names of the requests not yet decided, by number.
    undecided: BTreeMap<u64, Option<String>>,
}

impl<W: Write> Placements<W> {
    /// Begins with the header.
    pub(crate) fn new(out: W) -> io::Result<Self> {
        let mut csv = csv::Writer::from_writer(out);
        csv.write_record(["request", "host", "placed_s"])?;
        Ok(Self { csv, undecided: BTreeMap::new() })
    }

    /// Hears a fact. A request that still waits at the end was placed nowhere.
    pub(crate) fn hear(&mut self, now: Time, fact: &Fact<'_>) -> io::Result<()> {
        match *fact {
            Fact::Requested { request, name, .. } => {
                self.undecided.insert(request.0, name.map(str::to_owned));
                Ok(())
            }
            Fact::Placed { request, host, .. } => {
                self.row(request.0, &host.row().to_string(), &seconds(now.ms()))
            }
            Fact::Refused { request, .. } => self.row(request.0, "", ""),
            Fact::Ended => {
                while let Some((&request, _)) = self.undecided.first_key_value() {
                    self.row(request, "", "")?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn row(&mut self, request: u64, host: &str, placed_s: &str) -> io::Result<()> {
        let name = self.undecided.remove(&request).flatten();
        let name = name.unwrap_or_else(|| request.to_string());
        Ok(self.csv.write_record([name.as_str(), host, placed_s])?)
    }

    /// The rest of it, written.
    pub(crate) fn finish(self) -> io::Result<W> {
        self.csv.into_inner().map_err(|error| error.into_error())
    }
}
