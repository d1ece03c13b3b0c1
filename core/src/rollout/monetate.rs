//! Monetate's twelve steps: from frozen code to a new image in front of everybody.
//!
//! The text leaves open whether users are cut over to a few instances first, and the rest follows
//! when the test in production has passed, or to a whole new stack at once: [`Cutover`] is both
//! readings. The old stack runs until the last step, so going back is a change at the load
//! balancer.

use super::plan::{Action, EVERY, Plan, Planner, Version, View, Wait, back};
use super::timeline::Run;
use crate::time::Time;

/// How users get to the new stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cutover {
    /// A few instances join the old ones; the rest comes after the test in production.
    Partial,
    /// As many as the old stack has replace it.
    Full,
}

/// The steps, in order. `Expand` is no step of its own in the text, and only for
/// [`Cutover::Partial`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// The code is frozen.
    Freeze,
    /// It gets a tag.
    Tag,
    /// It is built.
    Build,
    /// The build is tested.
    TestBuild,
    /// The image is made.
    Image,
    /// It is configured.
    Configure,
    /// One instance is started.
    Launch,
    /// It is tested.
    TestImage,
    /// More are started.
    StartServices,
    /// Users come to them.
    Cutover,
    /// They are tested with users.
    TestProduction,
    /// All others are started, and users come to none but the new.
    Expand,
    /// The old stack goes.
    ShutDownOld,
}

impl Stage {
    /// All, in order.
    pub const ALL: [Self; 13] = [
        Self::Freeze,
        Self::Tag,
        Self::Build,
        Self::TestBuild,
        Self::Image,
        Self::Configure,
        Self::Launch,
        Self::TestImage,
        Self::StartServices,
        Self::Cutover,
        Self::TestProduction,
        Self::Expand,
        Self::ShutDownOld,
    ];

    /// As scenarios write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Freeze => "freeze",
            Self::Tag => "tag",
            Self::Build => "build",
            Self::TestBuild => "test_build",
            Self::Image => "image",
            Self::Configure => "configure",
            Self::Launch => "launch",
            Self::TestImage => "test_image",
            Self::StartServices => "start_services",
            Self::Cutover => "cutover",
            Self::TestProduction => "test_production",
            Self::Expand => "expand",
            Self::ShutDownOld => "shut_down_old",
        }
    }
}

/// A pipeline. Times of stages are in the order of [`Stage::ALL`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// Instances of the old stack.
    pub replicas: u32,
    /// Instances of the new stack that users meet first.
    pub few: u32,
    /// How long each stage is worked on, ms, once its instances have booted.
    pub work_ms: [u64; 13],
    /// How long each stage waits before it begins, ms.
    pub wait_ms: [u64; 13],
    /// Where it fails, whatever the image is like. An image that does not pass its checks fails
    /// in the first test after its launch.
    pub fails_in: Option<Stage>,
    /// Which reading.
    pub cutover: Cutover,
}

impl Pipeline {
    /// The stages that there are, in order.
    pub fn stages(&self) -> impl Iterator<Item = Stage> {
        let is_partial = self.cutover == Cutover::Partial;
        Stage::ALL.into_iter().filter(move |stage| is_partial || *stage != Stage::Expand)
    }

    /// The stage that runs when so many steps are done; none: all are done.
    pub fn stage(&self, steps_done: usize) -> Option<Stage> {
        self.stages().nth(steps_done / 2)
    }

    /// How many instances of the new stack there are from a stage on.
    fn wanted(&self, stage: Stage) -> u32 {
        match (stage, self.cutover) {
            (Stage::Launch | Stage::TestImage, _) => 1.min(self.replicas),
            (_, Cutover::Full) if stage >= Stage::StartServices => self.replicas,
            _ if stage >= Stage::Expand => self.replicas,
            _ if stage >= Stage::StartServices => self.few.min(self.replicas),
            _ => 0,
        }
    }

    /// A stage ends: who serves from now on, and what goes.
    fn end(&self, stage: Stage) -> Vec<Action> {
        let new = Action::Serve(Version::New, self.wanted(stage));
        let without_old = Action::Serve(Version::Old, 0);
        let mut actions = match (stage, self.cutover) {
            (Stage::Cutover, Cutover::Partial) => vec![new],
            (Stage::Cutover, Cutover::Full) | (Stage::Expand, _) => vec![new, without_old],
            (Stage::ShutDownOld, _) => vec![Action::Scale(Version::Old, 0)],
            _ => Vec::new(),
        };
        actions.push(Action::NextStep);
        actions
    }

    fn fails(&self, stage: Stage, view: &View) -> bool {
        let is_test = matches!(stage, Stage::TestImage | Stage::TestProduction);
        self.fails_in == Some(stage) || (is_test && !view.is_good)
    }
}

impl Planner for Pipeline {
    /// Two steps a stage: it is waited for, with its instances; and it is worked on.
    fn plan(&self, view: &View) -> Plan {
        let (step, since) = (view.status.step, view.status.step_since);
        if view.status.turned_back_at.is_some() {
            return back(self.replicas, view);
        }
        let Some(stage) = self.stage(step) else { return Plan::Done };
        let row = stage as usize;
        if step % 2 == 0 {
            let from = since.after(self.wait_ms[row]);
            let wanted = self.wanted(stage);
            let missing = wanted.saturating_sub(view.new.available);
            if view.now < from {
                Plan::wait(Wait::Pause(from))
            } else if view.new.wanted < wanted {
                Plan::act(Action::Scale(Version::New, wanted))
            } else if missing > 0 {
                Plan::wait(view.wait_for(Version::New, missing))
            } else {
                Plan::act(Action::NextStep)
            }
        } else {
            let until = since.after(self.work_ms[row]);
            if view.now < until {
                Plan::wait(Wait::Work(until))
            } else if self.fails(stage, view) {
                Plan::act(Action::TurnBack)
            } else {
                Plan::Do(self.end(stage))
            }
        }
    }

    fn first_serving(&self) -> [u32; 2] {
        [EVERY, 0]
    }
}

/// A stage that was gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub stage: Stage,
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// Whether it succeeded.
    pub is_ok: bool,
    /// Instances of the old and of the new stack at its end.
    pub wanted: [u32; 2],
    /// Those of them that serve.
    pub serving: [u32; 2],
    /// The most slots held meanwhile.
    pub used: u32,
}

impl Pipeline {
    /// The stages of a run that were ended, as a table.
    pub fn table(&self, run: &Run) -> Vec<Done> {
        let (mut wanted, mut caps) = ([self.replicas, 0], self.first_serving());
        let (mut steps, mut since) = (0usize, run.rows.first().map_or(Time::ZERO, |row| row.at));
        let mut table = Vec::new();
        for (until, action) in run.actions.iter().copied() {
            match action {
                Action::Scale(version, count) => wanted[version.row()] = count,
                Action::Serve(version, count) => caps[version.row()] = count,
                Action::NextStep => steps += 1,
                _ => {}
            }
            let is_ok = action != Action::TurnBack;
            let is_end = !is_ok || (action == Action::NextStep && steps % 2 == 0);
            let stage = self.stage(if is_ok { steps.saturating_sub(1) } else { steps });
            let Some(stage) = stage.filter(|_| is_end) else { continue };
            let from = since.after(self.wait_ms[stage as usize]).min(until);
            let serving = [0, 1].map(|row| wanted[row].min(caps[row]));
            let used = used_between(run, from, until);
            table.push(Done { stage, from, until, is_ok, wanted, serving, used });
            since = until;
            if !is_ok {
                break;
            }
        }
        table
    }
}

/// The most slots held from a time until another, without what is let go of or taken then.
fn used_between(run: &Run, from: Time, until: Time) -> u32 {
    let first = run.rows.partition_point(|row| row.at <= from).saturating_sub(1);
    let behind = run.rows.partition_point(|row| row.at < until).max(first + 1);
    let rows = run.rows.get(first..behind).unwrap_or_default();
    rows.iter().map(|row| row.used).max().unwrap_or(0)
}
