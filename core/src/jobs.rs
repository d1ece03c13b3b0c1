//! Jobs: batch work that is there until it is done. Which of a queue start next, and how a gang of
//! tasks is placed all at once.

pub mod gang;
pub mod queue;
pub mod offers;
pub mod reclaim;
