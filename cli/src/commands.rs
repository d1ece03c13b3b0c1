//! The commands, one file each.

pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod completions;
pub(crate) mod defrag;
pub(crate) mod explain;
pub(crate) mod headroom;
pub(crate) mod list;
mod moment;
pub(crate) mod order;
pub(crate) mod rollout;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sensitivity;
pub(crate) mod size;
pub(crate) mod survive;
pub(crate) mod sweep;
