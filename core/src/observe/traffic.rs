//! What users asked of a service, and what they got.

use super::Durations;
use crate::fact::Fact;

/// The traffic of one service.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Thousandths of requests.
    pub requests_milli: u64,
    /// Those that nobody could serve.
    pub unserved_milli: u64,
    /// How long there were more than could be served, ms.
    pub overload_ms: u64,
    /// The longest time in which each look found an overload, ms.
    pub longest_overload_ms: u64,
    this_overload_ms: u64,
    /// Instances that held room × ms.
    pub instance_ms: u64,
    /// How long it was looked at, ms.
    pub lasts_ms: u64,
    /// The most instances that served, and the fewest.
    pub serving_most: u32,
    /// The fewest instances that served.
    pub serving_least: Option<u32>,
    /// How often its rule asked for more instances.
    pub scale_outs: u64,
    /// How often for fewer.
    pub scale_ins: u64,
    /// From the look that asked for more until they were available.
    pub took: Durations,
}

impl Traffic {
    /// A fact about this service.
    pub fn hear(&mut self, fact: &Fact<'_>) {
        match *fact {
            Fact::TrafficServed {
                lasts_ms,
                requests_milli,
                unserved_milli,
                overload_ms,
                instance_ms,
                serving,
                ..
            } => {
                self.requests_milli += requests_milli;
                self.unserved_milli += unserved_milli;
                self.overload_ms += overload_ms;
                let goes_on = if overload_ms > 0 { self.this_overload_ms } else { 0 };
                self.this_overload_ms = goes_on + overload_ms;
                self.longest_overload_ms = self.longest_overload_ms.max(self.this_overload_ms);
                self.instance_ms += instance_ms;
                self.lasts_ms += lasts_ms;
                self.serving_most = self.serving_most.max(serving);
                self.serving_least = Some(self.serving_least.unwrap_or(serving).min(serving));
            }
            Fact::Autoscaled { from, to, .. } => {
                self.scale_outs += u64::from(to > from);
                self.scale_ins += u64::from(to < from);
            }
            Fact::ScaledOut { took_ms, .. } => self.took.add(took_ms),
            _ => {}
        }
    }
}
