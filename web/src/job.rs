//! Work that takes long, in slices: a run with its frames, the log of a host, the account of a
//! decision. Between two slices the worker listens.

use crate::ask::Ask;
use crate::protocol::{Fate, HostStory, Outline, Stay, Turned, TurnedAway};
use fleetcast_core::explain::{Explanation, place};
use fleetcast_core::fact::RequestId;
use fleetcast_core::frames::Camera;
use fleetcast_core::observe::{
    self, Fingerprint, HostLog, Observer, SeriesRecorder, Summary, turned_away,
};
use fleetcast_core::problem::Problems;
use fleetcast_core::report::{Report, Series};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::simulation::Simulation;
use fleetcast_core::source::MemoryFiles;
use fleetcast_core::state::{HostId, HostStatus};
use fleetcast_core::time::Time;
use fleetcast_core::units::format_amount;
use fleetcast_core::verdict::{self, reason_name};
use std::sync::Arc;

/// How much memory the frames of all runs that are shown together may take, bytes.
pub const FILM_BYTES_MAX: u64 = 96 << 20;

/// Says whether the slice is over; is asked every ms or so.
pub type IsOver<'a> = &'a mut dyn FnMut() -> bool;

/// A simulation that is advanced a bit at a time.
#[derive(Debug)]
struct Runner {
    simulation: Simulation,
    now: Time,
    /// How far one step goes, ms: as far as takes about a ms.
    step_ms: u64,
}

impl Runner {
    fn new(scenario: &Arc<Scenario>, files: &MemoryFiles) -> Result<Self, Problems> {
        let simulation = Simulation::new(Arc::clone(scenario), files)?;
        let step_ms = (scenario.duration_ms / 65_536).max(1);
        Ok(Self { simulation, now: Time::ZERO, step_ms })
    }

    /// Goes on up to `until` at most; whether it came there before the slice was over.
    fn advance(
        &mut self,
        until: Time,
        observer: &mut impl Observer,
        is_over: IsOver<'_>,
    ) -> Result<bool, Problems> {
        loop {
            let to = until.min(self.now.after(self.step_ms));
            let before = self.simulation.requests_arrived();
            self.simulation.advance(to, observer)?;
            self.now = to;
            // The clock is asked every few hundred requests: that is well below a ms of work.
            match self.simulation.requests_arrived() - before {
                0..64 => self.step_ms = self.step_ms.saturating_mul(2),
                64..512 => {}
                _ => self.step_ms = (self.step_ms / 2).max(1),
            }
            if to == until {
                return Ok(true);
            }
            if is_over() {
                return Ok(false);
            }
        }
    }
}

/// A run of a scenario.
#[derive(Debug)]
pub struct Run {
    scenario: Arc<Scenario>,
    runner: Runner,
    camera: Option<Camera>,
    observers: ((Summary, Fingerprint), (SeriesRecorder, observe::TurnedAway)),
}

/// What a run comes to.
#[derive(Debug)]
pub struct Ended {
    /// The answer.
    pub report: Report,
    /// Its course.
    pub series: Series,
    /// Who was turned away.
    pub turned_away: TurnedAway,
}

impl Run {
    /// A run that has not begun.
    ///
    /// # Errors
    /// What is wrong with the scenario.
    pub fn new(ask: &Ask, film_bytes: u64) -> Result<Self, Problems> {
        let scenario = Arc::new(ask.read()?.scenario);
        let runner = Runner::new(&scenario, &ask.files)?;
        let camera = (film_bytes > 0)
            .then(|| Camera::new(&scenario, usize::try_from(film_bytes).unwrap_or(usize::MAX)));
        let observers = (
            (Summary::new(&scenario), Fingerprint::new()),
            (SeriesRecorder::new(&scenario), observe::TurnedAway::new(&scenario)),
        );
        Ok(Self { scenario, runner, camera, observers })
    }

    /// What runs.
    pub fn scenario(&self) -> &Arc<Scenario> {
        &self.scenario
    }

    /// Whether frames are taken of it.
    pub fn is_filmed(&self) -> bool {
        self.camera.is_some()
    }

    /// Until when it has come.
    pub fn now(&self) -> Time {
        self.runner.now
    }

    /// Goes on until it ends, which it says, or the slice is over. Frames are appended to `out`.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn go_on(&mut self, out: &mut Vec<u8>, is_over: IsOver<'_>) -> Result<bool, Problems> {
        let end = self.runner.simulation.end();
        loop {
            let due = self.camera.as_ref().map_or(Some(end), Camera::next);
            let Some(due) = due else { return Ok(true) };
            if !self.runner.advance(due, &mut self.observers, is_over)? {
                return Ok(false);
            }
            match &mut self.camera {
                None => return Ok(true),
                Some(camera) => {
                    let counts = self.observers.0.0.total;
                    let simulation = &self.runner.simulation;
                    let (state, own) = (simulation.state(), simulation.host_images());
                    camera.shoot(state, counts, simulation.images(), own).write(out);
                }
            }
            if is_over() {
                return Ok(false);
            }
        }
    }

    /// The answer, when it has ended.
    pub fn report(&self) -> Report {
        let (summary, fingerprint) = &self.observers.0;
        verdict::report(&self.scenario, summary, fingerprint.hex())
    }

    /// What it comes to, when it has ended.
    pub fn ended(&self) -> Ended {
        let (series, turned_away) = &self.observers.1;
        Ended {
            report: self.report(),
            series: series.series(),
            turned_away: told(&self.scenario, turned_away),
        }
    }
}

/// What the page needs to know of a scenario.
pub fn outline(scenario: &Scenario) -> Outline {
    let kinds = 0..scenario.kinds.len();
    let kind = |column| (scenario.kinds.name(column).into(), scenario.kinds.unit(column).into());
    let names = scenario.hosts.iter().map(|host| host.name.as_deref().unwrap_or_default().into());
    let has_names = scenario.hosts.iter().any(|host| host.name.is_some());
    Outline {
        name: scenario.name.clone(),
        question: scenario.question.clone(),
        start: scenario.calendar.start.to_string(),
        duration_ms: scenario.duration_ms,
        policy: scenario.placement.policy.name().to_owned(),
        seed: scenario.seed,
        kinds: kinds.clone().map(kind).collect(),
        zones: scenario.zones.clone(),
        racks: scenario.racks.iter().map(|r| (r.name.clone(), r.zone.row() as u32)).collect(),
        host_types: scenario
            .host_types
            .iter()
            .map(|host_type| {
                let model = &scenario.models[host_type.model.row()];
                let pool = scenario.pools[host_type.pool.row()].name.clone();
                (model.name.clone(), pool, model.effective[kinds.clone()].to_vec())
            })
            .collect(),
        host_names: if has_names { names.collect() } else { Vec::new() },
        images: scenario.images.iter().map(|image| image.name.clone()).collect(),
        host_images: scenario.host_rollouts.images.clone(),
        has_failures: scenario.failures.is_some(),
        demands: scenario.demands.iter().map(|demand| demand.name.clone()).collect(),
    }
}

fn told(scenario: &Scenario, away: &observe::TurnedAway) -> TurnedAway {
    let reasons: Vec<_> = away.by_reason().keys().copied().collect();
    let kept = away.kept().iter().map(|turned| Turned {
        request: turned.request,
        at_ms: turned.at.ms(),
        reason: reasons.iter().position(|reason| *reason == turned.reason).unwrap_or(0) as u32,
        fate: match turned.fate {
            turned_away::Fate::Waits => Fate::Waits,
            turned_away::Fate::Refused => Fate::Refused,
            turned_away::Fate::Lost(by) => Fate::Lost(by.0),
        },
    });
    let by_reason = away.by_reason().iter();
    TurnedAway {
        step_ms: away.step_ms(),
        kept: kept.collect(),
        by_reason: by_reason
            .map(|(reason, counts)| (reason_name(&scenario.kinds, *reason), counts.clone()))
            .collect(),
        total: away.total(),
    }
}

/// The log of one host, from a run of its own.
#[derive(Debug)]
pub struct Look {
    scenario: Arc<Scenario>,
    runner: Runner,
    log: HostLog,
}

impl Look {
    /// A look that has not begun.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn new(scenario: &Arc<Scenario>, files: &MemoryFiles, host: u32) -> Result<Self, Problems> {
        let runner = Runner::new(scenario, files)?;
        let log = HostLog::new(HostId::from_row(host as usize));
        Ok(Self { scenario: Arc::clone(scenario), runner, log })
    }

    /// Goes on until it has seen everything, which it says, or the slice is over.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn go_on(&mut self, is_over: IsOver<'_>) -> Result<bool, Problems> {
        let end = self.runner.simulation.end();
        self.runner.advance(end, &mut self.log, is_over)
    }

    /// The host's story; `None` if there never was such a host.
    pub fn story(&self) -> Option<HostStory> {
        let (host, state) = (self.log.host(), self.runner.simulation.state());
        if host.row() >= state.hosts.rows() {
            return None;
        }
        let kinds = &self.scenario.kinds;
        let takes = |stay: &observe::host_log::Stay| {
            let columns = (0..kinds.len()).filter(|column| stay.takes[*column] != 0);
            let parts = columns.map(|c| format_amount(kinds.name(c), kinds.unit(c), stay.takes[c]));
            parts.collect::<Vec<_>>().join(", ")
        };
        let stays = self.log.stays().iter().map(|stay| Stay {
            request: stay.request,
            demand: stay.demand.row() as u32,
            takes: takes(stay),
            from_ms: stay.from.ms(),
            until_ms: stay.until.map(Time::ms),
        });
        Some(HostStory {
            host: host.row() as u32,
            place: place(&self.scenario, state, host),
            stays: stays.collect(),
            more: self.log.more(),
            milestones_ms: self.log.milestones().map(|at| at.map(Time::ms)),
        })
    }

    /// Whether the host has left service in the end.
    pub fn has_left(&self) -> bool {
        let hosts = &self.runner.simulation.state().hosts;
        self.log.host().row() < hosts.rows() && hosts.status(self.log.host()) == HostStatus::Retired
    }
}

/// The account of a decision, from a run of its own that stops there.
#[derive(Debug)]
pub struct Account {
    runner: Runner,
    request: u64,
    at: Time,
}

impl Account {
    /// An account that is not yet given.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn new(
        scenario: &Arc<Scenario>,
        files: &MemoryFiles,
        request: u64,
        at: Time,
    ) -> Result<Self, Problems> {
        let mut runner = Runner::new(scenario, files)?;
        runner.simulation.ask_about(RequestId(request));
        Ok(Self { runner, request, at })
    }

    /// Goes on until it can tell or the slice is over. `Some(None)`: there is no such request.
    ///
    /// # Errors
    /// A trace cannot be read any more.
    pub fn go_on(
        &mut self,
        is_over: IsOver<'_>,
    ) -> Result<Option<Option<Box<Explanation>>>, Problems> {
        let before = Time::from_ms(self.at.ms().saturating_sub(1));
        if self.at > Time::ZERO && !self.runner.advance(before, &mut (), is_over)? {
            return Ok(self.runner.simulation.take_explained().map(Some));
        }
        let is_it = |number: RequestId, _: Option<&str>| number.0 == self.request;
        let found = self.runner.simulation.advance_to_request(is_it, &mut ())?;
        let simulation = &mut self.runner.simulation;
        let account = found.map(|undecided| Box::new(simulation.explain(&undecided)));
        Ok(Some(account.or_else(|| simulation.take_explained())))
    }
}
