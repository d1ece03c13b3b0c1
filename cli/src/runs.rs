//! Many runs at once: on all cores, in memory bounded by the cores.

use crate::end::{End, tell};
use crate::problems;
use crate::scenario::Source;
use crate::typed;
use fleetcast_core::futures::Future;
use fleetcast_core::problem::Problems;
use fleetcast_core::read::{Override, Read};
use fleetcast_core::report::{METRICS, Metric, Report};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation;
use indicatif::{ProgressBar, ProgressStyle};
use rayon::iter::{IndexedParallelIterator as _, IntoParallelIterator as _, ParallelIterator as _};
use std::sync::Arc;

/// How many runs go at a time.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Cores {
    /// How many runs go at a time; else as many as there are cores
    #[arg(long, short, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

impl Cores {
    /// All of them.
    pub(crate) const ALL: Self = Self { jobs: None };

    /// Does `work` with each number below `count`, as many at a time as there are cores. The
    /// results are in the order of the numbers; the first that fails ends all.
    pub(crate) fn each<T: Send>(
        self,
        count: usize,
        bar: &ProgressBar,
        work: impl Fn(usize) -> Result<T, End> + Sync,
    ) -> Result<Vec<T>, End> {
        let threads = self.jobs.map_or(0, usize::from); // 0: rayon counts the cores.
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| {
            End::input(format!("no threads to run on: {error}"), "try with `--jobs 1`")
        })?;
        let one = |number| {
            let result = work(number);
            bar.inc(1);
            result
        };
        // One at a time is handed out: runs are long, and their lengths differ.
        pool.install(|| (0..count).into_par_iter().with_max_len(1).map(one).collect())
    }
}

/// One of many runs: the scenario with such changes, and with what its seed draws of what is uncertain.
pub(crate) fn future(source: &Source, changes: &[Override]) -> Result<Scenario, Problems> {
    let Read { scenario, .. } = source.read_with(changes)?;
    if scenario.uncertain.is_empty() {
        return Ok(scenario);
    }
    let future = Future::Seed(scenario.seed);
    Ok(source.read_future(&scenario, future, changes)?.scenario)
}

/// Runs it.
pub(crate) fn run(source: &Source, changes: &[Override]) -> Result<Report, End> {
    simulate(source, future(source, changes).map_err(|wrong| source.tell(&wrong))?)
}

/// The same with the file's own values: nothing uncertain is drawn.
pub(crate) fn as_written(source: &Source, changes: &[Override]) -> Result<Report, End> {
    let read = source.read_with(changes).map_err(|wrong| source.tell(&wrong))?;
    simulate(source, read.scenario)
}

/// One run.
pub(crate) fn simulate(source: &Source, scenario: Scenario) -> Result<Report, End> {
    simulation::run(&Arc::new(scenario), &source.files)
        .map_err(|wrong| broke(source, &problems::draw(&wrong)))
}

/// The key figure of that name.
pub(crate) fn metric(name: &str) -> Result<&'static Metric, End> {
    let row = typed::row("key figure", name, METRICS.iter().map(|metric| metric.name))?;
    Ok(&METRICS[row])
}

/// A file changed or went away while it was run: it was right when it was checked.
pub(crate) fn broke(source: &Source, drawn: &str) -> End {
    tell(drawn);
    End::Files(crate::end::Complaint {
        message: format!("the run of {} stopped: a file can no longer be read", source.file),
        hint: None,
    })
}

/// On stderr, and only if that is a terminal.
pub(crate) fn bar(runs: usize, is_quiet: bool) -> ProgressBar {
    if is_quiet {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} runs  {eta} left");
    let style = style.expect("our template is right").progress_chars("━╸ ");
    ProgressBar::new(runs as u64).with_style(style)
}
