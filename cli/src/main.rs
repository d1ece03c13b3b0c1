//! The command line.
//!
//! What was typed ([`args`]) becomes something ready to work ([`scenario`]), then a command does
//! it. Data goes to stdout, talk to stderr; [`end`] says how a command can end.

mod args;
mod builtin;
mod chart;
mod commands;
mod end;
mod lines;
mod page;
mod problems;
mod results;
mod runs;
mod scenario;
mod sensitivity;
mod store;
mod typed;

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args::Args { command } = args::Args::parse();
    end::exit_code(command.run())
}
