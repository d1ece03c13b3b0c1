//! The files of a run: rows are written while it runs, and everything appears at its end.

use super::Results;
use crate::end::End;
use crate::results::facts::Facts;
use crate::results::placements::Placements;
use crate::results::{parquet, series};
use crate::store::{Batch, Folder, folder_of, pour, spool};
use fleetcast_core::fact::Fact;
use fleetcast_core::scenario::Scenario;
use fleetcast_core::time::Time;
use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// What was asked for with `--out` and `--placements`.
pub(super) struct Outputs {
    folder: Option<(Folder, Facts<BufWriter<File>>)>,
    placements: Option<(PathBuf, Placements<BufWriter<File>>)>,
    /// The first thing that went wrong while writing rows.
    error: Option<(&'static str, io::Error)>,
}

impl Outputs {
    /// Makes sure, before anything is simulated, that there is a place to write.
    pub(super) fn open(out: Option<&Path>, placements: Option<&Path>) -> Result<Self, End> {
        let folder = match out {
            None => None,
            Some(path) => {
                let folder = Folder::make(path)?;
                let rows = BufWriter::new(spool(folder.path())?);
                let facts = Facts::new(rows);
                let facts = facts.map_err(|error| End::files("write", "facts.csv.gz", &error))?;
                Some((folder, facts))
            }
        };
        let placements = match placements {
            None => None,
            Some(path) => {
                let rows = BufWriter::new(spool(&spool_folder(path))?);
                let rows = Placements::new(rows);
                let rows = rows.map_err(|error| End::files("write", path.display(), &error))?;
                Some((path.to_owned(), rows))
            }
        };
        Ok(Self { folder, placements, error: None })
    }

    /// Hears a fact. After an error nothing more is written; [`Self::check`] tells it.
    pub(super) fn hear(&mut self, now: Time, fact: &Fact<'_>, scenario: &Scenario) {
        if self.error.is_some() {
            return;
        }
        if let Some((_, facts)) = &mut self.folder
            && let Err(error) = facts.hear(now, fact, scenario)
        {
            self.error = Some(("facts.csv.gz", error));
        }
        if let Some((_, placements)) = &mut self.placements
            && let Err(error) = placements.hear(now, fact)
        {
            self.error = Some(("placements", error));
        }
    }

    /// Whether all rows so far could be written.
    pub(super) fn check(&mut self) -> Result<(), End> {
        match self.error.take() {
            None => Ok(()),
            Some((name, error)) => Err(End::files("write", name, &error)),
        }
    }

    /// Writes what is still to be written, and puts everything into place.
    pub(super) fn publish(
        self,
        results: &Results,
        page: impl FnOnce() -> String,
    ) -> Result<(), End> {
        let mut batch = Batch::default();
        if let Some((folder, facts)) = self.folder {
            let path = |name: &str| folder.path().join(name);
            let mut facts = finished(facts.finish(), "facts.csv.gz")?;
            batch.add(&path("facts.csv.gz"), |out| pour(&mut facts, out))?;
            batch.add(&path("series.csv"), |out| {
                series::write(&results.series, &results.scenario, out)
            })?;
            batch.add(&path("series.parquet"), |out| {
                let bytes = parquet::bytes(&results.series, &results.scenario);
                out.write_all(&bytes.map_err(io::Error::other)?)
            })?;
            batch.add(&path("report.html"), |out| out.write_all(page().as_bytes()))?;
            batch.add(&path("summary.json"), |out| {
                serde_json::to_writer_pretty(&mut *out, &results.report)?;
                out.write_all(b"\n")
            })?;
            if let Some(found) = &results.sensitivity {
                batch.add(&path("sensitivity.json"), |out| {
                    serde_json::to_writer_pretty(&mut *out, found)?;
                    out.write_all(b"\n")
                })?;
            } else {
                // An earlier run's would not be of this summary.
                batch.remove(&path("sensitivity.json"));
            }
            place(self.placements, &mut batch)?;
            batch.publish()
        } else {
            place(self.placements, &mut batch)?;
            batch.publish()
        }
    }
}

/// Adds the placements to the batch, or sends them where no file can be renamed to.
fn place(
    placements: Option<(PathBuf, Placements<BufWriter<File>>)>,
    batch: &mut Batch,
) -> Result<(), End> {
    let Some((path, rows)) = placements else { return Ok(()) };
    let mut rows = finished(rows.finish(), "placements")?;
    let failed = |error: io::Error| End::files("write", path.display(), &error);
    if path.as_os_str() == "-" {
        let mut out = io::stdout().lock();
        pour(&mut rows, &mut out).and_then(|()| out.flush()).map_err(failed)
    } else if is_device(&path) {
        let mut device = File::options().write(true).open(&path).map_err(failed)?;
        pour(&mut rows, &mut device).map_err(failed)
    } else {
        batch.add(&path, |out| pour(&mut rows, out))
    }
}

fn finished(rows: io::Result<BufWriter<File>>, name: &str) -> Result<File, End> {
    rows.and_then(|rows| rows.into_inner().map_err(io::IntoInnerError::into_error))
        .map_err(|error| End::files("write", name, &error))
}

/// Whether something other than a file is there (`/dev/null`, a pipe): it is written to, never
/// replaced.
fn is_device(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Where the rows for `path` are kept while it runs: beside it, or, when they go elsewhere in the
/// end, where the system keeps temporary files.
fn spool_folder(path: &Path) -> PathBuf {
    let goes_elsewhere = path.as_os_str() == "-" || is_device(path);
    if goes_elsewhere { std::env::temp_dir() } else { folder_of(path).to_owned() }
}
