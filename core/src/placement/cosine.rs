//! Cosine: the smallest angle between what is asked and what is free, whatever their sizes.
//!
//! Maximise `Σ x_r y_r / (‖x‖ ‖y‖)`, `x = d / N`, `y = free / N`; 0 when either is nothing.
//! Source: a common variant of the dot product (Gabay and Zaourar 2016 compare such measures).
//! Good for: keeping resources in proportion. Bad for: density, since it does not see how full a
//! host is. Floats, in the order of the formula; ties go to the lowest index. Cost: one pass over
//! the hosts or their classes.

use super::fractions::{Float, Fractions};
use super::scan;
use crate::state::{Ask, HostId, State};
use std::cmp::Reverse;

/// The host with the largest cosine.
pub fn choose(state: &State, ask: Ask, fractions: &Fractions) -> Option<HostId> {
    scan::least(state, ask, |asked, columns, row| {
        Reverse(Float::new(fractions.cosine(asked, columns, row)))
    })
}
