//! Rollouts: planners let loose on services, among everything else that happens on the fleet.
//!
//! A planner is asked at the end of each instant at which something changed for its service, and
//! when the time comes that it waits for. The order is the timeline's ([`crate::rollout`]): what
//! terminates ends, what boots ends, who waits gets room, then the planner acts until it has no
//! more to say, and room that it frees is given on at once.

use super::{Event, Simulation};
use crate::dice;
use crate::fact::{Fact, RolloutId, WhyBack};
use crate::observe::Observer;
use crate::rollout::analysis::Verdict;
use crate::rollout::chosen;
use crate::rollout::plan::{Action, Balancers, Plan, Planner, Status, Version, View, Wait};
use crate::rollout::timeline::{Outcome, Row};
use crate::scenario::{ImageId, ServiceId, Strategy};
use crate::time::Time;
use rand::RngExt;

/// More actions than this at one instant: the planner contradicts itself.
const ACTIONS_MAX: usize = 1 << 20;

/// A rollout that is to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Due {
    /// Its row among the scenario's rollouts.
    plan: u32,
    /// To which image.
    to: ImageId,
    /// Whether it takes back one whose image was found bad.
    is_way_back: bool,
}

/// A rollout whose image will be found bad.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    service: ServiceId,
    bad: ImageId,
    /// What takes it back.
    back: Due,
}

/// A rollout that has begun.
#[derive(Debug)]
pub(super) struct UnderWay {
    id: RolloutId,
    due: Due,
    from: ImageId,
    began: Time,
    planner: Box<dyn Planner>,
    status: Status,
    /// What [`Status::progress_at`] was last judged by.
    seen: [u32; 4],
    /// How it ended; it is over once nothing terminates any more.
    outcome: Option<Outcome>,
    row: Option<Row>,
    wait: Option<Wait>,
    /// When it will be asked anyhow.
    look_at: Option<Time>,
    /// Whether the new version has served users.
    is_exposed: bool,
    /// What the last check said, and where the rollout stood then.
    checked: Option<(Standing, bool)>,
}

impl UnderWay {
    /// The image that it brings.
    pub(super) fn to(&self) -> ImageId {
        self.due.to
    }
}

/// Where a rollout stands: steps done, checks failed, and the new version's share. Each standing is
/// checked once, however often the planner is asked.
type Standing = (usize, u32, Option<u32>);

impl UnderWay {
    /// Instances that serve users, of so many of each version that are available.
    pub(super) fn serving(&self, old: u32, new: u32) -> u32 {
        let [old_most, new_most] = self.status.serving;
        match self.status.weight {
            Some(0) => old.min(old_most),
            Some(weight) if weight >= 100 => new.min(new_most),
            _ => old.min(old_most) + new.min(new_most),
        }
    }
}

impl Simulation {
    /// The planner of a service's rollout is asked once all else is done at this instant.
    pub(super) fn ask_rollout(&mut self, now: Time, service: ServiceId) {
        if self.services.list[service.row()].follower.is_some() {
            self.measure(now, service);
        }
        let running = &mut self.services.list[service.row()];
        if running.under_way.is_some() && !running.is_asked {
            running.is_asked = true;
            self.agenda.push(now, Event::Consult(service));
        }
    }

    /// A rollout of the scenario is due.
    pub(super) fn roll_out(&mut self, now: Time, plan: u32, observer: &mut impl Observer) {
        let rollout = &self.scenario.rollouts[plan as usize];
        let service = rollout.service;
        let number = match rollout.every_ms {
            0 => 0,
            every_ms => now.since_ms(Time::from_ms(rollout.at_ms)) / every_ms,
        };
        if number + 1 < u64::from(rollout.times) {
            self.agenda.push(now.after(rollout.every_ms), Event::RollOut(plan));
        }
        let due = Due { plan, to: rollout.image, is_way_back: false };
        self.services.list[service.row()].queue.push_back(due);
        self.begin_rollout(now, service, observer);
    }

    /// Begins the rollout that has been due for longest, unless one is under way.
    fn begin_rollout(&mut self, now: Time, service: ServiceId, observer: &mut impl Observer) {
        let running = &mut self.services.list[service.row()];
        if running.under_way.is_some() {
            return;
        }
        let Some(due) = running.queue.pop_front() else { return };
        let leftover = running.counts[Version::New.row()].wanted;
        let scenario = self.scenario.clone();
        let replicas = self.replicas(service);
        let strategy = &scenario.rollouts[due.plan as usize].strategy;
        let from = self.services.list[service.row()].image;
        let verdict = || match self.passes_a_check(service, due.to) {
            true => Verdict::Successful,
            false => Verdict::Failed,
        };
        let planner = chosen::planner(strategy, replicas, now, verdict);
        let id = RolloutId(self.services.rollouts_begun);
        self.services.rollouts_begun += 1;
        let (plan, to, is_way_back) = (due.plan, due.to, due.is_way_back);
        let ask = self.ask_of_service(service);
        let fact = Fact::RolloutStarted {
            rollout: id,
            service,
            plan,
            from,
            to,
            is_way_back,
            ask,
            replicas,
        };
        observer.hear(now, &fact, &self.state);
        // What is left of one that was turned back makes room first.
        self.terminate_instances(now, service, Version::New, leftover, observer);
        let running = &mut self.services.list[service.row()];
        let status = Status::new(planner.as_ref(), now);
        let mut under_way = Box::new(UnderWay {
            id,
            due,
            from,
            began: now,
            planner,
            status,
            seen: [0; 4],
            outcome: None,
            row: None,
            wait: None,
            look_at: None,
            is_exposed: false,
            checked: None,
        });
        under_way.seen = running.progress(&status);
        running.under_way = Some(under_way);
        self.consult(now, service, observer);
    }

    /// How many instances a service is to have, rollouts apart: as many as its rule wanted last, if
    /// it has one.
    pub(crate) fn replicas(&self, service: ServiceId) -> u32 {
        let rule = &self.scenario.services[service.row()];
        match rule.autoscale {
            Some(_) => self.services.list[service.row()].counts[Version::Old.row()].wanted,
            None => rule.instances,
        }
    }

    /// What one check of an image says.
    fn passes_a_check(&mut self, service: ServiceId, image: ImageId) -> bool {
        let fails = self.scenario.images[image.row()].defects.fails_checks;
        fails <= 0.0 || self.services.list[service.row()].defect_dice.random::<f64>() >= fails
    }

    /// What a check of a rollout's new version says as the rollout stands.
    fn is_good(&mut self, service: ServiceId, under_way: &mut UnderWay) -> bool {
        let status = &under_way.status;
        let standing = (status.step, status.failed_checks, status.weight);
        if let Some((_, is_good)) = under_way.checked.filter(|(last, _)| *last == standing) {
            return is_good;
        }
        let is_good = self.passes_a_check(service, under_way.due.to);
        under_way.checked = Some((standing, is_good));
        is_good
    }

    /// The planner of a service's rollout acts until it has no more to say.
    pub(super) fn consult(&mut self, now: Time, service: ServiceId, observer: &mut impl Observer) {
        self.services.list[service.row()].is_asked = false;
        let Some(mut under_way) = self.services.list[service.row()].under_way.take() else {
            return;
        };
        self.act_on(now, service, &mut under_way, observer);
        self.write_row(now, service, &mut under_way, observer);
        let running = &mut self.services.list[service.row()];
        if under_way.outcome.is_none() || running.terminating > 0 {
            running.under_way = Some(under_way);
            // Who serves may have changed without any instance.
            self.measure(now, service);
            return;
        }
        let fact = Fact::RolloutReleased { rollout: under_way.id };
        observer.hear(now, &fact, &self.state);
        if under_way.outcome == Some(Outcome::Complete) {
            self.services.settle_on(service, under_way.due.to);
        }
        self.measure(now, service);
        self.begin_rollout(now, service, observer);
    }

    fn act_on(
        &mut self,
        now: Time,
        service: ServiceId,
        under_way: &mut UnderWay,
        observer: &mut impl Observer,
    ) {
        self.note_progress(now, service, under_way);
        for _ in 0..ACTIONS_MAX {
            if under_way.outcome.is_some() {
                return;
            }
            let is_good = self.is_good(service, under_way);
            let running = &self.services.list[service.row()];
            let [old, new] = running.counts;
            let (terminating, status) = (running.terminating, under_way.status);
            let rollout = under_way.id;
            let strategy = &self.scenario.rollouts[under_way.due.plan as usize].strategy;
            let balancers = self.balancers(service, strategy, status.asked_at, now);
            let view = View { now, old, new, terminating, balancers, is_good, status };
            match under_way.planner.plan(&view) {
                Plan::Do(actions) => {
                    for action in actions {
                        self.act(now, service, under_way, action, observer);
                        self.note_progress(now, service, under_way);
                    }
                }
                Plan::Wait(wait, until) => {
                    if under_way.wait.replace(wait) != Some(wait) {
                        observer.hear(now, &Fact::RolloutWaits { rollout, wait }, &self.state);
                    }
                    let until = until.filter(|until| *until > now);
                    if until.is_some() && until != under_way.look_at {
                        under_way.look_at = until;
                        self.agenda.push(until.unwrap_or(now), Event::Consult(service));
                    }
                    return;
                }
                Plan::Done => {
                    let outcome = match status.turned_back_at {
                        Some(_) => Outcome::TurnedBack,
                        None => Outcome::Complete,
                    };
                    under_way.outcome = Some(outcome);
                    let fact = Fact::RolloutEnded { rollout, outcome };
                    observer.hear(now, &fact, &self.state);
                }
            }
        }
        assert!(under_way.outcome.is_some(), "a planner comes to an end");
    }

    fn act(
        &mut self,
        now: Time,
        service: ServiceId,
        under_way: &mut UnderWay,
        action: Action,
        observer: &mut impl Observer,
    ) {
        let rollout = under_way.id;
        let is_overdue = under_way.status.overdue_at == Some(now);
        let strategy = &self.scenario.rollouts[under_way.due.plan as usize].strategy;
        let asked_at = under_way.status.asked_at;
        let is_reverted = self.balancers(service, strategy, asked_at, now) == Balancers::Reverted;
        under_way.status.note(action, now);
        match action {
            Action::Scale(version, to) => {
                let from = self.services.list[service.row()].counts[version.row()].wanted;
                let fact = Fact::RolloutScaled { rollout, version, from, to };
                observer.hear(now, &fact, &self.state);
                let image = match version {
                    Version::Old => self.services.list[service.row()].image,
                    Version::New => under_way.due.to,
                };
                for _ in from..to {
                    self.make_instance(now, service, version, image, observer);
                }
                let surplus = from.saturating_sub(to);
                self.terminate_instances(now, service, version, surplus, observer);
            }
            Action::Route(weight) => {
                observer.hear(now, &Fact::RolloutRouted { rollout, weight }, &self.state);
            }
            Action::Serve(version, most) => {
                let fact = Fact::RolloutServes { rollout, version, most };
                observer.hear(now, &fact, &self.state);
            }
            Action::NextStep => {
                let step = u32::try_from(under_way.status.step - 1).expect("steps are few");
                observer.hear(now, &Fact::RolloutStep { rollout, step }, &self.state);
            }
            Action::FailCheck => {
                let failed = under_way.status.failed_checks;
                observer.hear(now, &Fact::RolloutCheckFailed { rollout, failed }, &self.state);
            }
            Action::TurnBack => {
                let strategy = &self.scenario.rollouts[under_way.due.plan as usize].strategy;
                let reason = match strategy {
                    _ if is_overdue => WhyBack::Deadline,
                    Strategy::Rolling { .. } => WhyBack::Undone,
                    _ if is_reverted => WhyBack::Balancers,
                    Strategy::Singularity { .. } if self.has_failed(service) => WhyBack::Failed,
                    _ => WhyBack::Analysis,
                };
                self.turn_back(now, service, under_way, reason, observer);
            }
            Action::ReportOverdue => {
                observer.hear(now, &Fact::RolloutOverdue { rollout }, &self.state);
            }
            Action::AskBalancers | Action::Look => {}
        }
    }

    /// How a request to the load balancers stands that was sent at a time. Whether it fails is of a
    /// stream named by the service and that time.
    fn balancers(
        &self,
        service: ServiceId,
        strategy: &Strategy,
        asked_at: Option<Time>,
        now: Time,
    ) -> Balancers {
        let mut balancer = chosen::balancer(strategy);
        if let (Some(at), Strategy::Singularity { agents, .. }) = (asked_at, strategy)
            && agents.fails_ppm > 0
        {
            let name = &self.scenario.services[service.row()].name;
            let name = format!("balancers/{name}/{}", at.ms());
            let luck: f64 = dice::stream(self.scenario.seed, &name).random();
            balancer.fails = luck < chosen::balancers_fail(strategy);
            balancer.revert_ms = agents.revert_ms;
        }
        balancer.stands(asked_at, now)
    }

    /// Whether instances of the new version have failed for good.
    fn has_failed(&self, service: ServiceId) -> bool {
        self.services.list[service.row()].counts[Version::New.row()].failed > 0
    }

    fn turn_back(
        &mut self,
        now: Time,
        service: ServiceId,
        under_way: &mut UnderWay,
        reason: WhyBack,
        observer: &mut impl Observer,
    ) {
        under_way.seen = self.services.list[service.row()].progress(&under_way.status);
        let fact = Fact::RolledBack { rollout: under_way.id, reason };
        observer.hear(now, &fact, &self.state);
    }

    /// Progress as Kubernetes has it: more of the target, fewer of the other version, more that
    /// are ready or available of either.
    fn note_progress(&mut self, now: Time, service: ServiceId, under_way: &mut UnderWay) {
        let was = under_way.seen;
        let is = self.services.list[service.row()].progress(&under_way.status);
        if is[0] > was[0] || is[1] < was[1] || is[2] > was[2] || is[3] > was[3] {
            under_way.status.progress_at = now;
        }
        under_way.seen = is;
    }

    fn write_row(
        &mut self,
        now: Time,
        service: ServiceId,
        under_way: &mut UnderWay,
        observer: &mut impl Observer,
    ) {
        let running = &self.services.list[service.row()];
        let [old, new] = running.counts;
        let row = Row {
            at: Time::from_ms(now.since_ms(under_way.began)),
            old: old.wanted,
            old_available: old.available,
            old_serving: old.available.min(under_way.status.serving[0]),
            new: new.wanted,
            new_ready: new.ready,
            new_available: new.available,
            new_serving: new.available.min(under_way.status.serving[1]),
            terminating: running.terminating,
            pending: old.pending + new.pending,
            used: running.used,
            weight: under_way.status.weight,
        };
        let last = under_way.row.replace(row);
        if last.is_some_and(|last| Row { at: row.at, ..last } == row) {
            return;
        }
        let fact = Fact::RolloutStands { rollout: under_way.id, row };
        observer.hear(now, &fact, &self.state);
        self.expose(now, service, under_way, &row);
    }

    /// The new version may serve users now for the first time: then it is known when it will be
    /// found bad, if it will.
    fn expose(&mut self, now: Time, service: ServiceId, under_way: &mut UnderWay, row: &Row) {
        if under_way.is_exposed || row.new_share() <= 0.0 {
            return;
        }
        under_way.is_exposed = true;
        let defects = self.scenario.images[under_way.due.to.row()].defects;
        let due = under_way.due;
        let is_news = !due.is_way_back && under_way.from != due.to;
        if let Some(ms) = defects.found_bad_after_ms.filter(|_| is_news) {
            let RolloutId(number) = under_way.id;
            self.agenda.push(now.after(ms), Event::FoundBad(number));
            let back = Due { to: under_way.from, is_way_back: true, ..due };
            self.services.watched.insert(number, Watched { service, bad: due.to, back });
        }
    }

    /// What a rollout brought is found bad: it turns back, or another takes it back.
    pub(super) fn find_bad(&mut self, now: Time, number: u32, observer: &mut impl Observer) {
        let Some(watched) = self.services.watched.remove(&number) else { return };
        let service = watched.service;
        let running = &mut self.services.list[service.row()];
        let is_it = |under_way: &mut Box<UnderWay>| {
            under_way.id == RolloutId(number)
                && under_way.outcome.is_none()
                && under_way.status.turned_back_at.is_none()
        };
        if let Some(mut under_way) = running.under_way.take_if(is_it) {
            under_way.status.note(Action::TurnBack, now);
            self.turn_back(now, service, &mut under_way, WhyBack::FoundBad, observer);
            self.services.list[service.row()].under_way = Some(under_way);
            self.consult(now, service, observer);
            return;
        }
        let is_ending = |under_way: &UnderWay| {
            under_way.id == RolloutId(number) && under_way.outcome == Some(Outcome::Complete)
        };
        let runs_it = match &running.under_way {
            Some(under_way) => is_ending(under_way),
            None => running.image == watched.bad,
        };
        if runs_it {
            running.queue.push_front(watched.back);
            self.begin_rollout(now, service, observer);
        }
    }
}
