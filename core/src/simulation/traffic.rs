//! Traffic of services on the fleet: what of it is served, and instances that come and go with it.
//!
//! Traffic is looked at once a period; what is served is summed up from one change of the
//! instances to the next, so nothing is lost between two looks. While a rollout is under way the
//! number of instances stays as it is: the next look after it decides again.

use super::{Event, Simulation};
use crate::autoscale::{Memory, Seen};
use crate::fact::Fact;
use crate::observe::Observer;
use crate::rollout::plan::Version;
use crate::scenario::ServiceId;
use crate::time::{MINUTE_MS, Time};
use crate::traffic::Stretch;
use std::collections::VecDeque;

/// Between two looks at a service that follows no rule, ms.
const LOOK_MS: u64 = MINUTE_MS;

/// What is known of a service's traffic since it was last looked at.
#[derive(Debug, Default)]
pub(super) struct Follower {
    looked_at: Time,
    /// Until when all below is summed up.
    measured_at: Time,
    /// Instances that have served since then, and those that held room.
    serving: u32,
    used: u32,
    /// Thousandths of requests.
    requests_milli: u64,
    unserved_milli: u64,
    overload_ms: u64,
    instance_ms: u64,
    memory: Memory,
    /// When more instances were asked for, and how many are to be available then.
    asked: VecDeque<(Time, u32)>,
}

impl Simulation {
    /// The first look at each service that has traffic.
    pub(super) fn begin_traffic(&mut self) {
        let scenario = self.scenario.clone();
        for (row, service) in scenario.services.iter().enumerate() {
            if service.traffic.is_some() {
                let id = ServiceId::from_row(row);
                self.services.list[row].follower = Some(Box::default());
                self.measure(Time::ZERO, id);
                self.look_later(Time::ZERO, id);
            }
        }
    }

    fn look_later(&mut self, now: Time, service: ServiceId) {
        let rule = &self.scenario.services[service.row()].autoscale;
        let period_ms = rule.map_or(LOOK_MS, |rule| rule.period_ms);
        if now < self.end() {
            self.agenda.push(now.after(period_ms).min(self.end()), Event::Follow(service));
        }
    }

    /// Sums up what was served until now, before other instances serve.
    pub(super) fn measure(&mut self, now: Time, service: ServiceId) {
        let running = &mut self.services.list[service.row()];
        let (serving, used) = (running.serving(), running.used);
        let traffic = self.scenario.services[service.row()].traffic.as_ref();
        let Some((traffic, follower)) = traffic.zip(running.follower.as_mut()) else { return };
        let ms = now.since_ms(follower.measured_at);
        if ms > 0 {
            let start_in_week_ms = self.scenario.calendar.start_in_week_ms();
            let rate = |at: Time| traffic.at(start_in_week_ms, at.ms());
            let rates = [rate(follower.measured_at), rate(now)];
            let capacity = f64::from(follower.serving) * traffic.per_instance;
            let served = Stretch { rates, capacity, ms }.served();
            follower.requests_milli += milli(served.requests);
            follower.unserved_milli += milli(served.unserved);
            follower.overload_ms += libm::round(served.overload_ms) as u64;
            follower.instance_ms += u64::from(follower.used) * ms;
        }
        follower.measured_at = now;
        (follower.serving, follower.used) = (serving, used);
    }

    /// A look at a service: what was served is told, and its rule says how many it is to have.
    pub(super) fn follow_traffic(
        &mut self,
        now: Time,
        service: ServiceId,
        observer: &mut impl Observer,
    ) {
        self.measure(now, service);
        let scenario = self.scenario.clone();
        let rule = &scenario.services[service.row()];
        let running = &mut self.services.list[service.row()];
        let [old, _] = running.counts;
        let is_held = running.under_way.is_some();
        let Some((traffic, follower)) = rule.traffic.as_ref().zip(running.follower.as_mut()) else {
            return;
        };
        let fact = Fact::TrafficServed {
            service,
            lasts_ms: now.since_ms(follower.looked_at),
            requests_milli: std::mem::take(&mut follower.requests_milli),
            unserved_milli: std::mem::take(&mut follower.unserved_milli),
            overload_ms: std::mem::take(&mut follower.overload_ms),
            instance_ms: std::mem::take(&mut follower.instance_ms),
            serving: follower.serving,
        };
        follower.looked_at = now;
        observer.hear(now, &fact, &self.state);
        if let Some(rule) = rule.autoscale.filter(|_| !is_held) {
            let busy = traffic.busy(scenario.calendar.start_in_week_ms(), now.ms());
            let seen = Seen { now, wanted: old.wanted, available: old.available, busy };
            let to = rule.decide(&seen, &mut follower.memory);
            if to > old.wanted {
                follower.asked.push_back((now, to));
            } else if to < old.wanted {
                follower.asked.clear();
            }
            self.scale(now, service, old.wanted, to, observer);
        }
        self.look_later(now, service);
    }

    fn scale(
        &mut self,
        now: Time,
        service: ServiceId,
        from: u32,
        to: u32,
        observer: &mut impl Observer,
    ) {
        if from == to {
            return;
        }
        observer.hear(now, &Fact::Autoscaled { service, from, to }, &self.state);
        let image = self.services.list[service.row()].image;
        for _ in from..to {
            self.make_instance(now, service, Version::Old, image, observer);
        }
        self.terminate_instances(now, service, Version::Old, from.saturating_sub(to), observer);
    }

    /// Another instance is available: perhaps the last that was asked for.
    pub(super) fn note_scaled_out(
        &mut self,
        now: Time,
        service: ServiceId,
        observer: &mut impl Observer,
    ) {
        let running = &mut self.services.list[service.row()];
        let available = running.counts[Version::Old.row()].available;
        let Some(follower) = &mut running.follower else { return };
        while let Some((asked_at, _)) = follower.asked.pop_front_if(|(_, to)| *to <= available) {
            let fact = Fact::ScaledOut { service, took_ms: now.since_ms(asked_at) };
            observer.hear(now, &fact, &self.state);
        }
    }
}

fn milli(count: f64) -> u64 {
    libm::round(count * 1_000.0) as u64
}
