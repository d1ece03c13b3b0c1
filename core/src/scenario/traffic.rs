//! Traffic: how many requests the users of a service send, and the rule by which it grows and
//! shrinks with them.

use super::{Curve, Season};

/// The requests of a service's users.
#[derive(Clone, Debug, PartialEq)]
pub struct Traffic {
    /// Requests per ms before season and flash crowds.
    pub per_ms: Curve,
    /// What multiplies them by hour, day and at events.
    pub season: Season,
    /// Flash crowds; where two meet, both multiply.
    pub flashes: Vec<Flash>,
    /// Requests per ms that one instance can serve; above 0.
    pub per_instance: f64,
}

/// A crowd that comes all of a sudden: requests double again and again, stay, and halve as fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Flash {
    /// When it begins, ms.
    pub at_ms: u64,
    /// How long requests take to double, ms; 1 or more.
    pub doubles_every_ms: u64,
    /// Until they are so many times as many; 1 or more.
    pub to: f64,
    /// How long they stay at that, ms.
    pub lasts_ms: u64,
}

/// How a service follows its traffic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Autoscale {
    /// By which rule.
    pub rule: ScaleRule,
    /// How busy its instances are to be, above 0, at most 1.
    pub target: f64,
    /// Never fewer instances, 1 or more.
    pub min: u32,
    /// Never more.
    pub max: u32,
    /// Between two looks, ms; 1 s or more.
    pub period_ms: u64,
    /// How far from the target changes nothing, as a share of it.
    pub tolerance: f64,
    /// How long fewer instances must have been enough before any goes, ms.
    pub calm_ms: u64,
}

/// A rule of autoscaling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScaleRule {
    /// The horizontal pod autoscaler of Kubernetes.
    Hpa,
    /// Target tracking, as the scaling groups of clouds have it.
    TargetTracking,
}

impl ScaleRule {
    /// As in a scenario.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hpa => "hpa",
            Self::TargetTracking => "target-tracking",
        }
    }

    /// Between two looks unless something else is said, ms: 15 s as Kubernetes has it, 1 min as
    /// clouds measure.
    pub const fn period_ms(self) -> u64 {
        match self {
            Self::Hpa => 15_000,
            Self::TargetTracking => 60_000,
        }
    }

    /// How long fewer must have been enough, unless something else is said, ms: 5 min as
    /// Kubernetes has it, 15 min as the alarms of target tracking.
    pub const fn calm_ms(self) -> u64 {
        match self {
            Self::Hpa => 300_000,
            Self::TargetTracking => 900_000,
        }
    }
}
