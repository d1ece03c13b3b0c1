//! `fleetcast completions`: what a shell needs to complete our commands.

use crate::end::{End, say};
use clap::CommandFactory as _;
use clap_complete::Shell;

/// Which shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  fleetcast completions bash > ~/.local/share/bash-completion/completions/fleetcast
  fleetcast completions zsh  > ~/.zfunc/_fleetcast
  fleetcast completions fish > ~/.config/fish/completions/fleetcast.fish")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args) -> Result<(), End> {
    let mut script = Vec::new();
    let mut command = crate::args::Args::command();
    clap_complete::generate(args.shell, &mut command, "fleetcast", &mut script);
    say(&String::from_utf8(script).expect("a completion script is text"))
}
