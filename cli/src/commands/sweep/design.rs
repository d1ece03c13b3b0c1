//! The design: which runs there are. A run's number says all about it, whoever runs it.

use super::vary::Factor;
use crate::end::End;
use crate::scenario::change;
use crate::store::Batch;
use fleetcast_core::read::Override;
use fleetcast_core::words;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// The most runs of a sweep.
pub(super) const RUNS_MAX: u64 = 1_000_000;
/// The most keys that vary.
const KEYS_MAX: usize = 32;
/// The name of its file.
const FILE: &str = "design.json";
/// The largest such file, bytes.
const BYTES_MAX: u64 = 64 << 20;

/// What makes a sweep the one that it is: `design.json` in its folder. With the same design, the
/// same run has the same result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Design {
    /// The version of the program.
    pub fleetcast: String,
    /// What the scenario is called.
    pub name: String,
    /// A hash of its text.
    pub scenario: String,
    /// What `--set`, `--policy` and `--seed` change: `key=value`.
    pub set: Vec<String>,
    /// Hashes of the files that it names.
    pub files: BTreeMap<String, String>,
    /// The keys that vary, as typed.
    pub vary: Vec<Factor>,
    /// Of a random design: how many points.
    pub random: Option<u32>,
    /// The scenario's seed, which draws a random design, and is the first of each point.
    pub seed: u64,
    /// With how many seeds each point is run.
    pub seeds: u32,
    /// How many expectations the scenario has.
    pub expectations: usize,
    /// The key figures that are told of unless others are asked for.
    pub shown: Vec<String>,
    /// The key figures of a row.
    pub metrics: Vec<String>,
}

impl Design {
    /// Says whether such keys can vary together.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(&self) -> Result<(), End> {
        if self.vary.len() > KEYS_MAX {
            let hint = "leave out those that matter least";
            return Err(End::input("more than 32 keys vary", hint));
        }
        for (row, factor) in self.vary.iter().enumerate() {
            let key = &factor.key;
            if self.vary[..row].iter().any(|other| other.key == *key) {
                let hint = "give all its values in one: `--vary KEY=V1,V2`";
                return Err(End::input(format!("`{key}` varies twice"), hint));
            }
            if key == "seed" {
                let hint = "`--seed 7 --seeds 20` runs each point with the seeds 7 to 26";
                return Err(End::input("`seed` does not vary like other keys", hint));
            }
            if super::row::FIXED.contains(&key.as_str()) || self.metrics.contains(key) {
                let message = format!("`{key}` is the name of another column of the results");
                return Err(End::input(message, "vary a key inside it"));
            }
            if factor.count().is_none() && self.random.is_none() {
                let message = format!("`{factor}` does not say how many values");
                let hint =
                    format!("`--vary '{factor}/5'`, or `--random N` for values drawn from it");
                return Err(End::input(message, hint));
            }
        }
        if self.random.is_some() && self.vary.is_empty() {
            let hint =
                "`--vary KEY=FROM..TO`; for runs that differ in their seed only, `--seeds N`";
            return Err(End::input("`--random` has nothing to draw: no key varies", hint));
        }
        let counts = self.vary.iter().map(|factor| factor.count().unwrap_or(1) as u64);
        let points = self.random.map_or_else(|| counts.fold(1, u64::saturating_mul), u64::from);
        let runs = points.saturating_mul(u64::from(self.seeds));
        if points == 0 || runs > RUNS_MAX {
            return Err(End::input(
                format!("{} runs are more than a sweep may have, 1,000,000", words::count(runs)),
                "fewer values or seeds; or `--random N`: so many points, drawn from all of them",
            ));
        }
        if self.seed.checked_add(u64::from(self.seeds)).is_none_or(|last| last > i64::MAX as u64) {
            return Err(End::input("the seeds are too large", "a smaller `--seed`"));
        }
        Ok(())
    }

    /// How many points there are.
    pub(super) fn points(&self) -> u32 {
        self.random.unwrap_or_else(|| {
            self.vary.iter().map(|factor| factor.count().unwrap_or(1) as u32).product()
        })
    }

    /// How many runs: each point with each seed.
    pub(super) fn runs(&self) -> u32 {
        self.points() * self.seeds
    }

    /// The seed of a run.
    pub(super) fn seed(&self, run: u32) -> u64 {
        self.seed + u64::from(run % self.seeds)
    }

    /// The values of a point, in the order of the keys. In a grid the last key changes first.
    pub(super) fn values(&self, point: u32) -> Vec<String> {
        if let Some(points) = self.random {
            let drawn = |factor: &Factor| factor.drawn(point, points, self.seed);
            return self.vary.iter().map(drawn).collect();
        }
        let mut rest = point as usize;
        let mut values: Vec<_> = self
            .vary
            .iter()
            .rev()
            .map(|factor| {
                let count = factor.count().unwrap_or(1);
                let row = rest % count;
                rest /= count;
                factor.value(row)
            })
            .collect();
        values.reverse();
        values
    }

    /// What a point changes in the scenario.
    pub(super) fn changes(&self, values: &[String]) -> Vec<Override> {
        self.vary.iter().zip(values).map(|(factor, value)| change(&factor.key, value)).collect()
    }

    /// A number for it: rows of another design have another.
    pub(super) fn hash(&self) -> u64 {
        xxh3_64(self.json().as_bytes())
    }

    fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("our own types are JSON") + "\n"
    }

    /// The design in a folder; `None` if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is none.
    pub(super) fn load(folder: &Path) -> Result<Option<Self>, End> {
        let path = folder.join(FILE);
        let size = match std::fs::metadata(&path) {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(End::files("read", path.display(), &error)),
        };
        let text = if size <= BYTES_MAX {
            std::fs::read_to_string(&path)
                .map_err(|error| End::files("read", path.display(), &error))?
        } else {
            String::new()
        };
        let broken = |why: String| {
            let message = format!("`{}` is not the design of a sweep: {why}", path.display());
            End::input(message, "give the sweep another folder, or remove this one")
        };
        let design: Self =
            serde_json::from_str(&text).map_err(|error| broken(error.to_string()))?;
        let is_sound = design.seeds > 0 && design.check().is_ok();
        is_sound.then_some(Some(design)).ok_or_else(|| broken("its runs cannot be".to_owned()))
    }

    /// Puts it into its folder, or finds it there.
    ///
    /// # Errors
    /// Another sweep is there.
    pub(super) fn settle(&self, folder: &Path) -> Result<(), End> {
        if let Some(there) = Self::load(folder)? {
            return self.same(&there, folder);
        }
        std::fs::create_dir_all(folder)
            .map_err(|error| End::files("make the folder", folder.display(), &error))?;
        let mut batch = Batch::default();
        batch.add(&folder.join(FILE), |out| out.write_all(self.json().as_bytes()))?;
        batch.publish()
    }

    /// Checks that another design is this one.
    ///
    /// # Errors
    /// What differs.
    pub(super) fn same(&self, there: &Self, folder: &Path) -> Result<(), End> {
        if self == there {
            return Ok(());
        }
        let differs = [
            (self.fleetcast != there.fleetcast, "the version of fleetcast"),
            (self.scenario != there.scenario, "the scenario's text"),
            (self.set != there.set, "what is set on the command line"),
            (self.files != there.files, "the files that the scenario names"),
            (self.vary != there.vary, "what varies"),
            (self.random != there.random, "the number of points drawn"),
            ((self.seed, self.seeds) != (there.seed, there.seeds), "the seeds"),
            (self.metrics != there.metrics, "the key figures"),
        ];
        let differs: Vec<_> =
            differs.iter().filter(|(differs, _)| *differs).map(|(_, what)| *what).collect();
        let what = if differs.is_empty() { "its design".to_owned() } else { differs.join(", ") };
        let message = format!("`{}` holds another sweep; what differs: {what}", folder.display());
        let hint = "repeat the command that began it to go on with it; for this sweep, give another \
                    folder: `--out DIR`";
        Err(End::input(message, hint))
    }
}
