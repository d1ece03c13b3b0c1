//! Which of the runs are for this process.

use crate::end::End;
use std::fmt;

/// The most shards.
pub(super) const SHARDS_MAX: u32 = 1_000_000;

/// One of several shares: every `of`th run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Shard {
    /// Which, from 1.
    pub number: u32,
    /// Of how many.
    pub of: u32,
}

impl Shard {
    /// All of it.
    pub(super) const WHOLE: Self = Self { number: 1, of: 1 };

    /// What was typed: `3/8`, or `auto`, for what a workload manager says in the environment.
    ///
    /// # Errors
    /// Why it says nothing.
    pub(super) fn of(
        typed: Option<&str>,
        shards: Option<u32>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, End> {
        match typed {
            None => Ok(Self::WHOLE),
            Some("auto") => Self::auto(shards, variable),
            Some(typed) => Self::parse(typed).ok_or_else(|| {
                End::input(
                    format!("`{typed}` is not a shard"),
                    "`--shard 3/8` is the third of eight; `--shard auto` asks Slurm or Kubernetes",
                )
            }),
        }
    }

    /// Reads `3/8`, or the beginning of a journal's name, `3-of-8`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (number, of) = text.split_once('/').or_else(|| text.split_once("-of-"))?;
        let shard = Self { number: number.trim().parse().ok()?, of: of.trim().parse().ok()? };
        let is_one = (1..=shard.of).contains(&shard.number) && shard.of <= SHARDS_MAX;
        is_one.then_some(shard)
    }

    fn auto(shards: Option<u32>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, End> {
        let number = |name: &str| -> Result<Option<u32>, End> {
            let Some(text) = variable(name) else { return Ok(None) };
            let number = text.trim().parse().map_err(|_| {
                let hint = format!("give the shard yourself: `--shard 1/{}`", shards.unwrap_or(8));
                End::input(format!("`{name}` is `{text}`, and not a number"), hint)
            });
            number.map(Some)
        };
        let (index, of) = if let Some(task) = number("SLURM_ARRAY_TASK_ID")? {
            let first = number("SLURM_ARRAY_TASK_MIN")?.unwrap_or(0);
            let step = number("SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let of = shards.map_or_else(|| number("SLURM_ARRAY_TASK_COUNT"), |of| Ok(Some(of)))?;
            // Who says how many there are numbers them from 0, whichever of them run.
            let index = if shards.is_some() { task } else { task.saturating_sub(first) / step };
            (index, of)
        } else if let Some(index) = number("JOB_COMPLETION_INDEX")? {
            (index, shards)
        } else {
            return Err(End::input(
                "`--shard auto` finds no task: neither `SLURM_ARRAY_TASK_ID` nor \
                 `JOB_COMPLETION_INDEX` is set",
                "it is for a Slurm job array and a Kubernetes Indexed Job; elsewhere say which: \
                 `--shard 3/8`",
            ));
        };
        let Some(of) = of else {
            let hint = "say how many there are: `--shards 8`";
            return Err(End::input("`--shard auto` finds no number of shards", hint));
        };
        if index >= of || of > SHARDS_MAX {
            return Err(End::input(
                format!(
                    "this is task {index}, and tasks of {of} shards go from 0 to {}",
                    of.max(1) - 1
                ),
                format!("`--shards {}`, or fewer tasks", u64::from(index) + 1),
            ));
        }
        Ok(Self { number: index + 1, of })
    }

    /// How many of so many runs are in it.
    pub(super) fn count(self, runs: u32) -> u32 {
        (runs + self.of - self.number) / self.of
    }

    /// The number of its run `row`.
    pub(super) fn run(self, row: u32) -> u32 {
        row * self.of + self.number - 1
    }

    /// Whose a run is, of so many.
    pub(super) fn owner(run: u32, of: u32) -> u32 {
        run % of + 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {}", self.number, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(variables: &[(&str, &str)], shards: Option<u32>, expected: &str) {
        let variable = |name: &str| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        let found = match Shard::of(Some("auto"), shards, variable) {
            Ok(shard) => shard.to_string(),
            Err(End::Input(complaint)) => complaint.message,
            Err(other) => panic!("{other:?}"),
        };
        assert!(found.starts_with(expected), "{found}");
    }

    #[test]
    fn slurm_and_kubernetes_say_which_it_is() {
        let slurm = [("SLURM_ARRAY_TASK_ID", "5"), ("SLURM_ARRAY_TASK_COUNT", "8")];
        check(&slurm, None, "6 of 8");
        let from_1 = [slurm[0], slurm[1], ("SLURM_ARRAY_TASK_MIN", "1")];
        check(&from_1, None, "5 of 8");
        check(&from_1, Some(6), "6 of 6");
        let by_5 = [("SLURM_ARRAY_TASK_ID", "15"), ("SLURM_ARRAY_TASK_STEP", "5"), slurm[1]];
        check(&by_5, None, "4 of 8");
        check(&[("JOB_COMPLETION_INDEX", "0")], Some(4), "1 of 4");
    }

    #[test]
    fn what_they_do_not_say_is_asked_for() {
        check(&[], Some(8), "`--shard auto` finds no task");
        check(&[("JOB_COMPLETION_INDEX", "0")], None, "`--shard auto` finds no number of shards");
        check(&[("JOB_COMPLETION_INDEX", "4")], Some(4), "this is task 4, and tasks of 4 shards");
        check(&[("JOB_COMPLETION_INDEX", "x")], Some(4), "`JOB_COMPLETION_INDEX` is `x`");
    }

    #[test]
    fn each_run_is_in_one_shard() {
        for of in 1..6 {
            let shards = (1..=of).map(|number| Shard { number, of });
            let mut runs: Vec<u32> = shards
                .flat_map(|shard| (0..shard.count(11)).map(move |row| shard.run(row)))
                .collect();
            runs.sort_unstable();
            assert_eq!(runs, (0..11).collect::<Vec<_>>());
        }
        assert_eq!(["0/3", "4/3", "1", "a/b", "1/0"].map(Shard::parse), [None; 5]);
        assert_eq!(Shard::owner(Shard { number: 3, of: 8 }.run(5), 8), 3);
    }
}
