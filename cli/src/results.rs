//! What a run leaves in files. `docs/RESULTS.md` is the contract for all of it.

pub(crate) mod facts;
mod host_facts;
pub(crate) mod parquet;
pub(crate) mod placements;
pub(crate) mod series;
