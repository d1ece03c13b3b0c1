//! What was typed and must be found in a scenario: names, and shares to be sure of.

use crate::end::End;
use fleetcast_core::scenario::{PoolId, Scenario};
use fleetcast_core::{units, words};

/// The most names that a hint lists.
const NAMES_MAX: usize = 20;

/// The row of a name. `what` says what kind of thing has it: `service`, `host model`.
///
/// # Errors
/// If nothing has that name; the hint has the one that may be meant, or all.
pub(crate) fn row<'n>(
    what: &str,
    typed: &str,
    names: impl Iterator<Item = &'n str> + Clone,
) -> Result<usize, End> {
    names.clone().position(|name| name == typed).ok_or_else(|| {
        let hint = match words::alike(typed, names.clone()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("there are {}", list(names)),
        };
        End::input(format!("no {what} is called `{}`", units::shorten(typed)), hint)
    })
}

/// Names for a hint.
pub(crate) fn list<'n>(mut names: impl Iterator<Item = &'n str>) -> String {
    let mut shown: Vec<&str> = names.by_ref().take(NAMES_MAX).collect();
    if names.next().is_some() {
        shown.push("…");
    }
    shown.join(", ")
}

/// The pool that is meant: the one that was named, or the only one.
pub(crate) fn pool(typed: Option<&str>, scenario: &Scenario) -> Result<PoolId, End> {
    let names = || scenario.pools.iter().map(|pool| pool.name.as_str());
    match typed {
        None if scenario.pools.len() == 1 => Ok(PoolId::from_row(0)),
        None => Err(End::input(
            "which pool? there are several",
            format!("add `--pool NAME`; there are {}", list(names())),
        )),
        Some(typed) => row("pool", typed, names()).map(PoolId::from_row),
    }
}

/// `--sure`: a share of all seeds or futures, 0.5..=0.999.
pub(crate) fn sure(typed: &str) -> Result<f64, End> {
    match units::parse_share(typed) {
        Ok(share) if (0.5..=0.999).contains(&share) => Ok(share),
        _ => Err(End::input(
            format!("`{}` is not a share to be sure of", units::shorten(typed)),
            "write it like `95%`, from 50% to 99.9%",
        )),
    }
}
