//! Links: a whole scenario in an address's fragment, which browsers never send to a server.
//!
//! `#1.` and the base64url of the deflated JSON of what is shared. Whoever opens a link did not
//! write it, so nothing in it is trusted: it has at most so many characters, becomes at most so
//! many bytes, and is then a text like any other, checked before it is run, and run by a person.

use crate::protocol::Written;
use flate2::Compression;
use flate2::read::{DeflateDecoder, DeflateEncoder};
use serde::{Deserialize, Serialize};
use std::io::Read as _;

/// The longest fragment, characters: what chats and mails still carry.
pub const LINK_CHARS_MAX: usize = 32_000;
/// The most that a link may become, bytes.
pub const SHARED_BYTES_MAX: usize = 1 << 20;
/// What a fragment of this version begins with.
const MARK: &str = "1.";

/// What a link holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shared {
    /// The scenario.
    pub written: Written,
    /// Files that it names and that are not in the box: name and text.
    #[serde(default)]
    pub files: Vec<(String, String)>,
}

/// The fragment, without `#`.
///
/// # Errors
/// It would be too long; a sentence.
pub fn fragment(shared: &Shared) -> Result<String, String> {
    let json = serde_json::to_vec(shared).expect("texts are plain data");
    let mut packed = Vec::new();
    DeflateEncoder::new(json.as_slice(), Compression::best())
        .read_to_end(&mut packed)
        .expect("memory can be read");
    let fragment = format!("{MARK}{}", base64url(&packed));
    if json.len() > SHARED_BYTES_MAX || fragment.len() > LINK_CHARS_MAX {
        return Err(format!(
            "a link holds up to {LINK_CHARS_MAX} characters, and this scenario takes {}: \
             download it and send the file",
            fragment.len()
        ));
    }
    Ok(fragment)
}

/// What a fragment (without `#`) holds.
///
/// # Errors
/// It is no link of ours, cut off, or too large; a sentence.
pub fn open(fragment: &str) -> Result<Shared, String> {
    let text = fragment
        .strip_prefix(MARK)
        .ok_or("this link is none of Fleetcast's, or of a newer version")?;
    if fragment.len() > LINK_CHARS_MAX {
        return Err("this link is longer than Fleetcast makes them".to_owned());
    }
    const CUT: &str = "this link is damaged; perhaps its end is missing";
    let packed = from_base64url(text).ok_or(CUT)?;
    let mut json = Vec::new();
    let bound = SHARED_BYTES_MAX as u64 + 1;
    DeflateDecoder::new(packed.as_slice()).take(bound).read_to_end(&mut json).map_err(|_| CUT)?;
    if json.len() > SHARED_BYTES_MAX {
        return Err("this link holds more than Fleetcast puts into one".to_owned());
    }
    let shared: Shared = serde_json::from_slice(&json).map_err(|_| CUT)?;
    if shared.written.sets.len() > 64 || shared.files.len() > 16 {
        return Err("this link holds more than Fleetcast puts into one".to_owned());
    }
    Ok(shared)
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn base64url(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let at = |i: usize| u32::from(three.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for digit in 0..=three.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

fn from_base64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    for four in text.as_bytes().chunks(4) {
        let mut bits = 0;
        for (place, letter) in four.iter().enumerate() {
            let digit = DIGITS.iter().position(|digit| digit == letter)? as u32;
            bits |= digit << (18 - 6 * place);
        }
        if four.len() == 1 {
            return None;
        }
        bytes.extend(&bits.to_be_bytes()[1..four.len()]);
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;

    fn shared(text: &str) -> Shared {
        let sets = vec![("seed".to_owned(), "7".to_owned())];
        let written = Written { file: "a.toml".into(), text: text.into(), sets };
        Shared { written, files: vec![("r.csv".into(), "a\n1\n".into())] }
    }

    #[test]
    fn a_link_gives_back_what_it_was_made_of() {
        for builtin in builtin::ALL {
            let shared = shared(builtin.text());
            let fragment = fragment(&shared).unwrap();
            // Compressed, though written in letters: shorter than what it holds.
            let most = 400 + builtin.text().len() * 2 / 3;
            assert!(fragment.len() < most, "{} of {most} characters", fragment.len());
            assert_eq!(open(&fragment), Ok(shared));
        }
        for length in 0..9 {
            let bytes: Vec<u8> = (0..length).map(|i: u8| i.wrapping_mul(41)).collect();
            assert_eq!(from_base64url(&base64url(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn a_damaged_link_is_told_and_never_believed() {
        let whole = fragment(&shared(builtin::ALL[0].text())).unwrap();
        for length in 0..whole.len() {
            assert!(open(&whole[..length]).is_err(), "cut to {length}");
        }
        for wrong in ["", "1.", "2.abcd", "1.%%%%", "1.a", "1.AAAA", "<script>", "1.é"] {
            assert!(open(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_link_cannot_blow_up() {
        let bomb = shared(&" ".repeat(SHARED_BYTES_MAX));
        assert!(fragment(&bomb).unwrap_err().starts_with("a link holds up to"));
        let json = serde_json::to_vec(&bomb).unwrap();
        let mut packed = Vec::new();
        DeflateEncoder::new(json.as_slice(), Compression::best()).read_to_end(&mut packed).unwrap();
        let fragment = format!("{MARK}{}", base64url(&packed));
        assert!(fragment.len() < LINK_CHARS_MAX);
        assert_eq!(
            open(&fragment),
            Err("this link holds more than Fleetcast puts into one".into())
        );
        let long = format!("{MARK}{}", "A".repeat(LINK_CHARS_MAX));
        assert!(open(&long).unwrap_err().contains("longer"));
    }
}
