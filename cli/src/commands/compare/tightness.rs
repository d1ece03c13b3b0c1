//! How tight an interval is to be, and how many seeds that takes.

use crate::end::End;
use fleetcast_core::comparison::Runs;
use fleetcast_core::report::Metric;
use fleetcast_core::units::{Length, shorten};

/// The least seeds that are believed to say how wide an interval is.
const SEEDS_MIN: usize = 10;

/// How wide half an interval may be.
#[derive(Debug)]
pub(super) struct Tightness {
    /// As it was typed.
    pub typed: String,
    half: Half,
}

#[derive(Debug)]
enum Half {
    /// In the metric's unit; of a share, 0..=1.
    Own(f64),
    /// Of the first variant's mean.
    Share(f64),
}

impl Tightness {
    /// `±0.1pp`, `5%`, `10 s`, `3`.
    pub(super) fn parse(typed: &str, metric: &Metric) -> Result<Self, End> {
        let text = typed.trim().trim_start_matches(['±', '+', '-']).trim();
        let number = |text: &str| {
            text.trim().parse::<f64>().ok().filter(|value| *value > 0.0 && value.is_finite())
        };
        let half = match metric.of {
            Some(_) => {
                text.strip_suffix("pp").and_then(number).map(|value| Half::Own(value / 100.0))
            }
            None => match text.strip_suffix('%') {
                Some(share) => number(share).map(|value| Half::Share(value / 100.0)),
                None if metric.name.starts_with("time-") => {
                    let length = Length::parse(text).ok().map(|length| length.ms() as f64 / 1e3);
                    length.filter(|s| *s > 0.0).or_else(|| number(text)).map(Half::Own)
                }
                None => number(text).map(Half::Own),
            },
        };
        let half = half.ok_or_else(|| {
            let example = match metric.of {
                Some(of) => {
                    format!("it is a share of {of}: write points of a percentage, like `0.1pp`")
                }
                None if metric.name.starts_with("time-") => {
                    "write it like `10 s` or `5%`".to_owned()
                }
                None => "write it like `3` or `5%`".to_owned(),
            };
            let message = format!("`{}` is not a width of `{}`", shorten(typed), metric.name);
            End::input(message, example)
        })?;
        Ok(Self { typed: typed.trim().to_owned(), half })
    }

    /// How many seeds it takes by what is known; `None` once it is tight enough. Widths shrink with
    /// the root of the number; a tenth is added, since a guess that is too low costs a round.
    pub(super) fn seeds_for(&self, runs: &Runs) -> Option<usize> {
        let seeds = runs.seeds();
        if seeds < SEEDS_MIN {
            return Some(SEEDS_MIN);
        }
        let (half, mean) = runs.half_width()?;
        let wanted = match self.half {
            Half::Own(value) => value,
            Half::Share(share) => share * mean.abs(),
        };
        if half <= wanted {
            return None;
        }
        let ratio = (half / wanted).min(1e3);
        let more = (seeds as f64 * ratio * ratio * 1.1).ceil() as usize;
        Some(more.clamp(seeds + 1, seeds * 4))
    }
}
