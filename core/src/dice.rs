//! Dice: one independent stream of random numbers for each named purpose.
//!
//! A stream's numbers depend on the scenario's seed and on the stream's name, and on nothing
//! else: adding a demand, or another policy, leaves all other draws as they were.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// A stream of random numbers.
pub type Stream = ChaCha8Rng;

/// The stream of a purpose, such as `arrivals/web`.
pub fn stream(seed: u64, name: &str) -> Stream {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(xxh3_64_with_seed(name.as_bytes(), seed));
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn a_stream_is_its_seed_and_its_name() {
        let draw = |seed, name| stream(seed, name).next_u64();
        assert_eq!(draw(1, "arrivals/web"), draw(1, "arrivals/web"));
        assert_ne!(draw(1, "arrivals/web"), draw(2, "arrivals/web"));
        assert_ne!(draw(1, "arrivals/web"), draw(1, "lifetimes/web"));
    }
}
