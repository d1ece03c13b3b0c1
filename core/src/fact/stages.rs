//! What a request's time goes to.

/// A part of the way from a request to a VM that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Somebody looks whether it is to be.
    Approval,
    /// It waits for an operator, or for the day on which they take up tickets.
    Queue,
    /// An operator is at it.
    HandsOn,
    /// Nobody is at work.
    OffHours,
    /// It waits for room.
    Room,
    /// Its host fetches its image.
    Pull,
    /// Tries to boot it have failed.
    Retries,
    /// The VM boots.
    Boot,
}

impl Stage {
    /// In order of time: a stage's position is its row.
    pub const ALL: [Self; 8] = [
        Self::Approval,
        Self::Queue,
        Self::HandsOn,
        Self::OffHours,
        Self::Room,
        Self::Pull,
        Self::Retries,
        Self::Boot,
    ];

    /// Its name in reports.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Approval => "approval",
            Self::Queue => "queue",
            Self::HandsOn => "hands-on",
            Self::OffHours => "off-hours",
            Self::Room => "room",
            Self::Pull => "pull",
            Self::Retries => "retries",
            Self::Boot => "boot",
        }
    }
}

/// How long each stage took, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stages([u64; Stage::ALL.len()]);

impl Stages {
    /// How long a stage took.
    pub fn ms(&self, stage: Stage) -> u64 {
        self.0[stage as usize]
    }

    /// A stage took so much longer.
    pub fn add(&mut self, stage: Stage, ms: u64) {
        self.0[stage as usize] += ms;
    }

    /// All of it.
    pub fn total_ms(&self) -> u64 {
        self.0.iter().sum()
    }

    /// What of it was spent at desks in working hours.
    pub fn at_desks_ms(&self) -> u64 {
        [Stage::Approval, Stage::Queue, Stage::HandsOn].map(|stage| self.ms(stage)).iter().sum()
    }
}
