//! The lead time of the plan's orders, as a scenario has it.

use fleetcast_core::read::{Input, read};
use fleetcast_core::scenario::Distribution;
use fleetcast_core::source::NoFiles;

/// What each `[[order]]` of a plan says of its lead time.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum LeadTime {
    /// Nothing: it is the model's.
    OfModel,
    /// This value, in TOML.
    Written(String),
    /// This value, but the scenario is not sure of it.
    Uncertain(String),
    /// There is one that cannot be written here.
    Elsewhere,
}

impl LeadTime {
    /// From what orders take and what they would take by their model, in each of some futures of which
    /// the first is the likeliest.
    pub(super) fn of(futures: &[(Distribution, Distribution)]) -> Self {
        let is_of_model = futures.iter().all(|(ours, models)| ours == models);
        if is_of_model {
            return Self::OfModel;
        }
        let is_sure = futures.windows(2).all(|pair| pair[0].0 == pair[1].0);
        match futures.first().and_then(|(ours, _)| written(ours)) {
            Some(toml) if is_sure => Self::Written(toml),
            Some(toml) => Self::Uncertain(toml),
            None => Self::Elsewhere,
        }
    }

    /// The value, where there is one to be written.
    pub(super) fn toml(&self) -> Option<&str> {
        match self {
            Self::Written(toml) | Self::Uncertain(toml) => Some(toml),
            Self::OfModel | Self::Elsewhere => None,
        }
    }

    /// What the reader has to do by hand, so that the orders take as long as in the futures they were
    /// tested in.
    pub(super) fn to_do(&self) -> Option<&'static str> {
        match self {
            Self::OfModel | Self::Written(_) => None,
            Self::Uncertain(_) => Some(
                "the lead time of `[procurement]` is uncertain: move its `[[uncertain]]` to the orders, \
                 one for each (`key = \"order.0.lead-time\"`), all with one `name`",
            ),
            Self::Elsewhere => Some(
                "move `lead-time` of `[procurement]` into each `[[order]]`: without it an order takes as \
                 long as its model says, and the plan was tested with the other",
            ),
        }
    }
}

/// A distribution in TOML; `None` where it does not read back to exactly the same.
fn written(of: &Distribution) -> Option<String> {
    let toml = candidate(of)?;
    (read_back(&toml)? == *of).then_some(toml)
}

fn candidate(of: &Distribution) -> Option<String> {
    Some(match of {
        Distribution::Constant(ms) => format!("\"{}\"", length(*ms)),
        Distribution::Exponential { mean_ms } => {
            format!("{{ distribution = \"exponential\", mean = \"{}\" }}", length(whole(*mean_ms)?))
        }
        Distribution::Lognormal { mu, sigma } => lognormal(*mu, *sigma)?,
        Distribution::Weibull { shape, scale_ms } => {
            let scale = length(whole(*scale_ms)?);
            format!("{{ distribution = \"weibull\", shape = {shape:?}, scale = \"{scale}\" }}")
        }
        Distribution::Mixture(parts) => {
            let part = |(weight, of): &(f64, Distribution)| {
                let toml = match of {
                    Distribution::Constant(ms) => {
                        format!("{{ distribution = \"constant\", value = \"{}\" }}", length(*ms))
                    }
                    of => candidate(of)?,
                };
                Some(format!("{{ weight = {weight:?}, {}", toml.strip_prefix("{ ")?))
            };
            let parts: Vec<String> = parts.iter().map(part).collect::<Option<_>>()?;
            format!("{{ distribution = \"mixture\", of = [{}] }}", parts.join(", "))
        }
        // The name of its file is not known any more.
        Distribution::Sample(_) => return None,
    })
}

/// By median and sigma; where that is not the same, by mean and cv.
fn lognormal(mu: f64, sigma: f64) -> Option<String> {
    let is_same = |toml: &String| {
        read_back(toml).is_some_and(|read| read == Distribution::Lognormal { mu, sigma })
    };
    let median = length(mu.exp().round() as u64);
    let by_median =
        format!("{{ distribution = \"lognormal\", median = \"{median}\", sigma = {sigma:?} }}");
    if is_same(&by_median) {
        return Some(by_median);
    }
    let mean = length((mu + sigma * sigma / 2.0).exp().round() as u64);
    let cv = (sigma * sigma).exp_m1().sqrt();
    // It was typed with few digits.
    let mut by_mean = (1..=9_usize).map(|digits| {
        let cv = format!("{cv:.digits$}");
        format!("{{ distribution = \"lognormal\", mean = \"{mean}\", cv = {cv} }}")
    });
    by_mean.find(is_same)
}

fn whole(ms: f64) -> Option<u64> {
    (ms.fract() == 0.0 && (1.0..=1e15).contains(&ms)).then_some(ms as u64)
}

/// A length of time in the largest unit in which it is whole.
fn length(ms: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("days", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    match UNITS.iter().find(|(_, unit)| ms.is_multiple_of(*unit)) {
        Some(_) if ms == 0 => "0 s".to_owned(),
        Some(("days", unit)) if ms == *unit => "1 day".to_owned(),
        Some((name, unit)) => format!("{} {name}", ms / unit),
        None => format!("{ms} ms"),
    }
}

/// What the value is read as, in the smallest scenario that has an order.
fn read_back(toml: &str) -> Option<Distribution> {
    let text = format!(
        "name = 'n'\nduration = '1 day'\nhost-models.m = {{ cpu = 1 }}\nflavors.f = {{ cpu = 1 }}\n\
         pools = [{{ name = 'p', hosts = {{ model = 'm', count = 1 }} }}]\n\
         demand = [{{ name = 'd', flavors = {{ f = 1 }}, rate = '1 per day', lifetime = '1 day' }}]\n\
         order = [{{ at = '0 s', hosts = 1, lead-time = {toml} }}]\n"
    );
    let input = Input { file: "order.toml", text: &text, overrides: &[] };
    let read = read(&input, &NoFiles).ok()?;
    Some(read.scenario.orders.first()?.lead_time.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_distribution_reads_back_to_the_same() {
        for toml in [
            r#""0 s""#,
            r#""1500 ms""#,
            r#""10 weeks""#,
            r#"{ distribution = "exponential", mean = "40 days" }"#,
            r#"{ distribution = "lognormal", median = "60 days", sigma = 0.3 }"#,
            r#"{ distribution = "lognormal", mean = "61 days", cv = 0.35 }"#,
            r#"{ distribution = "weibull", shape = 1.5, scale = "50 days" }"#,
            r#"{ distribution = "mixture", of = [
                { weight = 9, distribution = "constant", value = "30 days" },
                { weight = 1, distribution = "lognormal", median = "90 days", sigma = 0.25 } ] }"#,
        ] {
            let read = read_back(&toml.replace('\n', " ")).expect(toml);
            let written = written(&read).expect(toml);
            assert_eq!(read_back(&written), Some(read), "{written}");
        }
        assert_eq!(length(70 * 86_400_000), "70 days");
    }

    #[test]
    fn what_cannot_be_written_is_said() {
        let (file, day) = (Distribution::Sample(vec![1, 2]), Distribution::Constant(86_400_000));
        let hour = Distribution::Constant(3_600_000);
        let of_rule = LeadTime::of(&[(file, day.clone())]);
        assert_eq!((of_rule.toml(), of_rule.to_do().is_some()), (None, true));
        assert_eq!(LeadTime::of(&[(day.clone(), day.clone())]), LeadTime::OfModel);
        let sure = LeadTime::of(&[(day.clone(), day.clone()), (day.clone(), hour.clone())]);
        assert_eq!(sure, LeadTime::Written("\"1 day\"".to_owned()));
        let unsure = LeadTime::of(&[(day.clone(), day.clone()), (hour, day)]);
        assert_eq!((unsure.toml(), unsure.to_do().is_some()), (Some("\"1 day\""), true));
    }
}
