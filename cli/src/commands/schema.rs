//! `fleetcast schema`: the JSON Schema of scenario files.

use crate::end::{End, say_json};

/// Nothing to choose.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  fleetcast schema > fleetcast.schema.json   then name it in a scenario's first line,
                                             `#:schema fleetcast.schema.json`")]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<(), End> {
    say_json(&fleetcast_core::read::schema())
}
