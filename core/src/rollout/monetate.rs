//! Monetate's twelve steps: from frozen code to a new image in front of everybody.
//!
//! The text leaves open whether users are cut over to a few instances first, and the rest follows
//! when the test in production has passed, or to a whole new stack at once: [`Cutover`] is both
//! readings. The old stack runs until the last step, so going back is a change at the load
//! balancer.

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
    /// How long each stage is worked on, ms, without boots.
    pub work_ms: [u64; 13],
    /// How long each stage waits before it begins, ms.
    pub wait_ms: [u64; 13],
    /// How long an instance boots, ms.
    pub boot_ms: u64,
    /// Where it fails.
    pub fails_in: Option<Stage>,
    /// Which reading.
    pub cutover: Cutover,
}

/// What there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacks {
    /// Instances of the old stack.
    pub old: u32,
    /// Instances of the new stack.
    pub new: u32,
    /// Instances of the old stack that serve.
    pub lb_old: u32,
    /// Instances of the new stack that serve.
    pub lb_new: u32,
}

impl Stacks {
    /// The new stack's share of the requests, from 0 to 1.
    pub fn new_share(&self) -> f64 {
        match self.lb_old + self.lb_new {
            0 => 0.0,
            all => f64::from(self.lb_new) / f64::from(all),
        }
    }
}

/// A stage that was gone through; going back has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which; `None`: users go back to the old stack.
    pub stage: Option<Stage>,
    /// From when, ms.
    pub from_ms: u64,
    /// Until when, ms.
    pub until_ms: u64,
    /// Whether it succeeded.
    pub is_ok: bool,
    /// What there is at its end.
    pub stacks: Stacks,
    /// Slots held meanwhile.
    pub used: u32,
}

/// How a pipeline ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The new image is in front of everybody.
    Complete,
    /// It failed, and no user met it.
    StoppedBeforeProduction,
    /// It failed, and users went back to the old stack.
    RolledBack,
}

/// A pipeline from beginning to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The stages.
    pub stages: Vec<Done>,
    /// How it ended.
    pub outcome: Outcome,
    /// From beginning to end, ms.
    pub lead_ms: u64,
    /// The same without waits, ms.
    pub work_ms: u64,
    /// When the first user met the new stack, ms.
    pub first_user_ms: Option<u64>,
    /// The share of the requests that the first instances serve, from 0 to 1.
    pub first_share: f64,
    /// How long users met a version that failed, ms.
    pub bad_exposure_ms: u64,
}

impl Pipeline {
    /// How a stage changes what there is.
    pub fn after(&self, stage: Stage, stacks: Stacks) -> Stacks {
        let first = match self.cutover {
            Cutover::Partial => self.few,
            Cutover::Full => self.replicas,
        };
        match (stage, self.cutover) {
            (Stage::Launch, _) => Stacks { new: 1, ..stacks },
            (Stage::StartServices, _) => Stacks { new: first, ..stacks },
            (Stage::Cutover, Cutover::Partial) => Stacks { lb_new: first, ..stacks },
            (Stage::Cutover, Cutover::Full) => Stacks { lb_new: first, lb_old: 0, ..stacks },
            (Stage::Expand, _) => {
                Stacks { new: self.replicas, lb_new: self.replicas, lb_old: 0, ..stacks }
            }
            (Stage::ShutDownOld, _) => Stacks { old: 0, ..stacks },
            _ => stacks,
        }
    }

    /// Goes through the stages.
    pub fn run(&self) -> Run {
        let mut stacks = Stacks { old: self.replicas, new: 0, lb_old: self.replicas, lb_new: 0 };
        let (mut now_ms, mut waited_ms) = (0, 0);
        let mut run = Run {
            stages: Vec::new(),
            outcome: Outcome::Complete,
            lead_ms: 0,
            work_ms: 0,
            first_user_ms: None,
            first_share: 0.0,
            bad_exposure_ms: 0,
        };
        let is_there = |stage: &Stage| self.cutover == Cutover::Partial || *stage != Stage::Expand;
        for (row, stage) in Stage::ALL.into_iter().enumerate().filter(|(_, stage)| is_there(stage))
        {
            let before = stacks;
            stacks = self.after(stage, before);
            let boots = stacks.new > before.new;
            let from_ms = now_ms + self.wait_ms[row];
            waited_ms += self.wait_ms[row];
            now_ms = from_ms + self.work_ms[row] + if boots { self.boot_ms } else { 0 };
            let is_ok = self.fails_in != Some(stage);
            run.stages.push(Done {
                stage: Some(stage),
                from_ms,
                until_ms: now_ms,
                is_ok,
                stacks,
                // What goes in a stage holds its slots until the end of it.
                used: before.old + stacks.new,
            });
            if stage == Stage::Cutover {
                run.first_user_ms = Some(now_ms);
                run.first_share = stacks.new_share();
            }
            if !is_ok {
                self.go_back(&mut run, now_ms);
                break;
            }
        }
        run.lead_ms = now_ms;
        run.work_ms = now_ms - waited_ms;
        run
    }

    fn go_back(&self, run: &mut Run, now_ms: u64) {
        let Some(first_user_ms) = run.first_user_ms else {
            run.outcome = Outcome::StoppedBeforeProduction;
            return;
        };
        run.outcome = Outcome::RolledBack;
        run.bad_exposure_ms = now_ms - first_user_ms;
        let stacks = Stacks { old: self.replicas, new: 0, lb_old: self.replicas, lb_new: 0 };
        run.stages.push(Done {
            stage: None,
            from_ms: now_ms,
            until_ms: now_ms,
            is_ok: true,
            stacks,
            used: self.replicas,
        });
    }
}
