//! Power of d choices: the best of a few hosts drawn at random.
//!
//! d draws with replacement among the hosts that fit; of those the one that will have most left
//! (or least), as in [`super::best_fit`] by the sum of shares. Source: Mitzenmacher, "The Power of
//! Two Choices in Randomized Load Balancing" (2001); Nomad looks at two for a batch job.
//! Good for: level load without looking at all hosts. Bad for: density. Cost: a draw costs as
//! much as one of [`super::random`]. Ties go to the earliest draw.

use super::random::below;
use super::scan::Fitting;
use super::shares::{Shares, with_scale};
use crate::scenario::Norm;
use crate::state::{Ask, HostId, State};
use rand::Rng;

/// The host that is best of so many draws. Nothing is drawn when nobody has room.
pub fn choose(
    state: &State,
    ask: Ask,
    (draws, prefers_most): (u32, bool),
    shares: &Shares,
    dice: &mut dyn Rng,
) -> Option<HostId> {
    let fitting = Fitting::new(state, ask);
    let count = fitting.count();
    if count == 0 {
        return None;
    }
    let (asked, columns) = (&state.shapes.get(ask.shape).amounts, state.hosts.columns());
    with_scale!(shares, scale => {
        let mut best = None;
        for _ in 0..draws {
            let host = fitting.nth(below(dice, count));
            let left = scale.left(Norm::L1, asked, columns, host.row());
            let is_better = best.as_ref().is_none_or(|(most, _)| match prefers_most {
                true => left > *most,
                false => left < *most,
            });
            if is_better {
                best = Some((left, host));
            }
        }
        best.map(|(_, host)| host)
    })
}
