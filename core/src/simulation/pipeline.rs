//! Desks: what lies between a request and its placement. It comes to a desk, is approved, stands in
//! the queue, is taken up by an operator, and goes on to the next desk, or to be placed.
//!
//! People work on a clock that stands still outside of their hours. All that is drawn for a request
//! is drawn when it arrives.

use super::{Arrived, Comes, Event, Simulation};
use crate::dice;
use crate::fact::{Fact, Stage, Stages};
use crate::observe::Observer;
use crate::scenario::{Desk, DeskId, Distribution, Scenario};
use crate::state::VmId;
use crate::time::Time;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A request at desks: a row, used again after its placement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TicketId(u32);

impl TicketId {
    fn row(self) -> usize {
        self.0 as usize
    }
}

/// All desks and the requests at them.
#[derive(Debug)]
pub(super) struct Pipeline {
    /// By demand: the desks on its way.
    ways: Vec<Way>,
    desks: Vec<Team>,
    tickets: Vec<Option<Ticket>>,
    free: Vec<TicketId>,
    queued_next: u64,
}

/// The desks on the way of a demand's requests.
#[derive(Debug)]
struct Way {
    legs: Vec<Leg>,
    /// From when on they go there; `None`: never.
    from: Option<Time>,
}

/// The dice of one stop.
#[derive(Debug)]
struct Leg {
    approval: dice::Stream,
    hands_on: dice::Stream,
}

/// The operators of a desk.
#[derive(Debug)]
struct Team {
    /// How many have nothing to do; `None`: there are always more.
    idle: Option<u32>,
    /// Who stands in the queue, first to be taken up first: by class, then as they came.
    queue: BTreeSet<(i64, u64, TicketId)>,
    /// Whether somebody will look at the queue when the desk opens.
    will_open: bool,
}

/// A request at a desk, or on its way from the last one to a host.
#[derive(Debug)]
struct Ticket {
    arrived: Arrived,
    /// The stop at which it is, from 0.
    stop: usize,
    /// When it came to where it is: to the desk, into its queue, or into somebody's hands.
    since: Time,
    /// What it takes at each stop: to approve it, and by an operator; ms of working time.
    takes: Vec<[u64; 2]>,
    stages: Stages,
}

/// A ticket at the desk of its stop.
#[derive(Clone, Copy, Debug)]
struct Here {
    arrived: Arrived,
    desk: DeskId,
    approval_ms: u64,
    work_ms: u64,
    since: Time,
}

impl Pipeline {
    /// `None` where no request goes to a desk.
    pub(super) fn new(scenario: &Scenario) -> Option<Self> {
        let has_desks = scenario.demands.iter().any(|demand| !demand.stops.is_empty());
        let way = |demand: &crate::scenario::Demand| {
            let dice = |what: &str, desk: &str| {
                dice::stream(scenario.seed, &format!("{what}/{}/{desk}", demand.name))
            };
            let legs = demand.stops.iter().map(|stop| Leg {
                approval: dice("approvals", &stop.name),
                hands_on: dice("hands-on", &stop.name),
            });
            Way { legs: legs.collect(), from: demand.desks_from() }
        };
        let team =
            |desk: &Desk| Team { idle: desk.operators, queue: BTreeSet::new(), will_open: false };
        has_desks.then(|| Self {
            ways: scenario.demands.iter().map(way).collect(),
            desks: scenario.desks.iter().map(team).collect(),
            tickets: Vec::new(),
            free: Vec::new(),
            queued_next: 0,
        })
    }

    fn ticket(&mut self, id: TicketId) -> &mut Ticket {
        self.tickets[id.row()].as_mut().expect("a ticket is kept until its request is placed")
    }

    fn write(&mut self, ticket: Ticket) -> TicketId {
        if let Some(id) = self.free.pop() {
            self.tickets[id.row()] = Some(ticket);
            return id;
        }
        let row = u32::try_from(self.tickets.len()).expect("fewer requests wait than 4 billion");
        self.tickets.push(Some(ticket));
        TicketId(row)
    }

    fn tear_up(&mut self, id: TicketId) -> Ticket {
        self.free.push(id);
        self.tickets[id.row()].take().expect("a ticket is torn up once")
    }

    /// Who is to be taken up next, if an operator has nothing to do.
    fn next(&mut self, desk: DeskId) -> Option<TicketId> {
        let team = &mut self.desks[desk.row()];
        if team.idle == Some(0) {
            return None;
        }
        let (_, _, ticket) = team.queue.pop_first()?;
        team.idle = team.idle.map(|idle| idle - 1);
        Some(ticket)
    }
}

impl Simulation {
    /// Whether a request that has arrived goes to a desk before it is placed.
    #[inline]
    pub(super) fn goes_to_desks(&self, arrived: &Arrived) -> bool {
        self.pipeline.as_ref().is_some_and(|pipeline| {
            let way = &pipeline.ways[arrived.demand.row()];
            way.from.is_some_and(|from| arrived.at >= from)
        })
    }

    fn pipeline(&mut self) -> &mut Pipeline {
        self.pipeline.as_mut().expect("there are desks")
    }

    /// Where a ticket is, and what it takes there; `None` behind the last desk.
    fn here(&self, id: TicketId) -> Option<Here> {
        let pipeline = self.pipeline.as_ref().expect("there are desks");
        let ticket = pipeline.tickets[id.row()].as_ref().expect("it is not placed yet");
        let Ticket { arrived, stop, since, ref takes, .. } = *ticket;
        let stops = &self.scenario.demands[arrived.demand.row()].stops;
        let desk = stops.get(stop)?.team(arrived.ask.tenant);
        let [approval_ms, work_ms] = takes[stop];
        Some(Here { arrived, desk, approval_ms, work_ms, since })
    }

    /// A request comes to its first desk.
    pub(super) fn submit(&mut self, arrived: Arrived, observer: &mut impl Observer) {
        let scenario = Arc::clone(&self.scenario);
        let pipeline = self.pipeline();
        let stops = &scenario.demands[arrived.demand.row()].stops;
        let legs = &mut pipeline.ways[arrived.demand.row()].legs;
        let takes = stops.iter().zip(legs).map(|(stop, leg)| {
            let desk = &scenario.desks[stop.team(arrived.ask.tenant).row()];
            let draw = |of: &Distribution, dice: &mut dice::Stream| of.draw(dice);
            [draw(&desk.approval, &mut leg.approval), draw(&desk.hands_on, &mut leg.hands_on)]
        });
        let takes = takes.collect();
        let (since, stages) = (arrived.at, Stages::default());
        let id = pipeline.write(Ticket { arrived, stop: 0, since, takes, stages });
        let ticket = pipeline.ticket(id);
        ticket.arrived.ticket = Some(id);
        self.come_to_desk(arrived.at, id, observer);
    }

    /// A ticket comes to the desk of its stop.
    fn come_to_desk(&mut self, now: Time, id: TicketId, observer: &mut impl Observer) {
        self.pipeline().ticket(id).since = now;
        let here = self.here(id).expect("it is at a desk");
        let desk = &self.scenario.desks[here.desk.row()];
        let approved = desk.hours.after(now, here.approval_ms);
        let looked_at = match desk.every_ms {
            Some(every_ms) => Time::from_ms(approved.ms().next_multiple_of(every_ms)),
            None => approved,
        };
        if looked_at == now {
            self.approve(now, id, observer);
        } else {
            self.agenda.push(looked_at, Event::Approve(id));
        }
    }

    /// A ticket may be worked on: it joins the queue.
    pub(super) fn approve(&mut self, now: Time, id: TicketId, observer: &mut impl Observer) {
        let here = self.here(id).expect("it is at a desk");
        let Here { arrived, desk, approval_ms, work_ms, since } = here;
        let Desk { hours, is_by_priority, .. } = &self.scenario.desks[desk.row()];
        let class = if *is_by_priority { -i64::from(arrived.priority) } else { 0 };
        let worked_ms = hours.between_ms(since, now);
        let pipeline = self.pipeline.as_mut().expect("there are desks");
        let queued = pipeline.queued_next;
        pipeline.queued_next += 1;
        pipeline.desks[desk.row()].queue.insert((class, queued, id));
        let kept = pipeline.ticket(id);
        kept.stages.add(Stage::Approval, approval_ms);
        kept.stages.add(Stage::Queue, worked_ms - approval_ms);
        kept.stages.add(Stage::OffHours, now.since_ms(since) - worked_ms);
        kept.since = now;
        let request = arrived.request;
        observer.hear(now, &Fact::Approved { request, desk, work_ms }, &self.state);
        self.take_up(now, desk, observer);
    }

    /// A desk opens.
    pub(super) fn open(&mut self, now: Time, desk: DeskId, observer: &mut impl Observer) {
        self.pipeline().desks[desk.row()].will_open = false;
        self.take_up(now, desk, observer);
    }

    /// Operators who have nothing to do take up tickets, once the desk is open.
    fn take_up(&mut self, now: Time, desk: DeskId, observer: &mut impl Observer) {
        let hours = self.scenario.desks[desk.row()].hours;
        if !hours.is_open(now) {
            let team = &mut self.pipeline().desks[desk.row()];
            if !team.will_open && !team.queue.is_empty() {
                team.will_open = true;
                self.agenda.push(hours.opens(now), Event::Open(desk));
            }
            return;
        }
        while let Some(id) = self.pipeline().next(desk) {
            let ticket = self.pipeline().ticket(id);
            let queued_ms = hours.between_ms(ticket.since, now);
            ticket.stages.add(Stage::Queue, queued_ms);
            ticket.stages.add(Stage::OffHours, now.since_ms(ticket.since) - queued_ms);
            ticket.since = now;
            let [_, work_ms] = ticket.takes[ticket.stop];
            let request = ticket.arrived.request;
            self.agenda.push(hours.after(now, work_ms), Event::HandOff(id));
            observer.hear(now, &Fact::TakenUp { request, desk, queued_ms }, &self.state);
        }
    }

    /// An operator is done with a ticket, and takes up another.
    pub(super) fn hand_off(&mut self, now: Time, id: TicketId, observer: &mut impl Observer) {
        let Here { arrived, desk, work_ms, since, .. } = self.here(id).expect("it is at a desk");
        let pipeline = self.pipeline();
        let ticket = pipeline.ticket(id);
        ticket.stages.add(Stage::HandsOn, work_ms);
        ticket.stages.add(Stage::OffHours, now.since_ms(since) - work_ms);
        ticket.stop += 1;
        let team = &mut pipeline.desks[desk.row()];
        team.idle = team.idle.map(|idle| idle + 1);
        let request = arrived.request;
        let to = self.here(id).map(|next| next.desk);
        observer.hear(now, &Fact::HandedOff { request, desk, to }, &self.state);
        self.take_up(now, desk, observer);
        if to.is_some() {
            self.come_to_desk(now, id, observer);
        } else if self.watched.as_ref().is_some_and(|(watched, _)| *watched == request) {
            self.undecided = Some((now, arrived));
        } else {
            self.settle(now, &arrived, observer);
        }
    }

    /// A request is not to be placed any more.
    pub(super) fn tear_up(&mut self, id: TicketId) {
        self.pipeline().tear_up(id);
    }

    /// A request is placed: where its time went so far.
    pub(super) fn stages_until(&mut self, now: Time, arrived: &Arrived) -> Stages {
        let mut stages = match arrived.ticket {
            Some(ticket) => self.pipeline().tear_up(ticket).stages,
            None => Stages::default(),
        };
        stages.add(Stage::Room, now.since_ms(arrived.at) - stages.total_ms());
        stages
    }

    /// A VM boots for so long: tells where its request's time went. One whose VM lost its host had its
    /// account before.
    pub(super) fn account(
        &mut self,
        now: Time,
        arrived: &Arrived,
        vm: VmId,
        mut stages: Stages,
        boot_ms: u64,
        observer: &mut impl Observer,
    ) {
        if arrived.comes != Comes::First {
            return;
        }
        stages.add(Stage::Boot, boot_ms);
        let Arrived { request, demand, .. } = *arrived;
        observer.hear(now, &Fact::Provisioned { request, demand, vm, stages }, &self.state);
    }
}
