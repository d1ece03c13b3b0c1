//! Painting the fleet map, as pixels. A host is a square that fills from below as its resource is
//! taken, so that the map reads without colour too: hollow is empty, filled with an eye is full,
//! striped is draining.

use crate::map::Map;
use fleetcast_core::frames::{Frame, IMAGES_MIXED, LOAD_FULL, LOAD_OVER, NewHost, Status};

/// A colour: red, green, blue.
pub type Rgb = [u8; 3];

/// A host of which some resource is taken to this load or more is full: 95 %.
pub const FULL_FROM: u8 = 238;

/// What colour and filling stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ColourBy {
    /// The resource of which most is taken, host by host.
    #[default]
    Fullest,
    /// The resource of this column.
    Kind(usize),
    /// Colour is the host's age; the filling stays that of the fullest resource.
    Age,
    /// Colour and weave are the image that its services' instances run, checks are several; the
    /// filling stays that of the fullest resource.
    Image,
    /// The same for the image of its own that the host runs.
    HostImage,
}

/// How many images have a colour of their own; then the colours begin again.
pub const IMAGE_COLOURS: usize = 6;

/// Light or dark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Palette {
    /// Behind everything.
    pub surface: Rgb,
    /// What is free on a host.
    pub track: Rgb,
    /// Outlines and stripes.
    pub line: Rgb,
    /// From little taken to all, getting darker (by night lighter); then what is oversold.
    pub load: [(u8, Rgb); 6],
    /// From new to old.
    pub age: [(u8, Rgb); 2],
    /// Of images, by row.
    pub images: [Rgb; IMAGE_COLOURS],
}

/// On paper.
pub const LIGHT: Palette = Palette {
    surface: [255, 255, 255],
    track: [226, 232, 238],
    line: [124, 138, 153],
    load: [
        (0, [194, 226, 221]),
        (80, [120, 190, 196]),
        (160, [63, 147, 179]),
        (225, [42, 95, 152]),
        (LOAD_FULL, [40, 44, 102]),
        (LOAD_OVER, [178, 60, 46]),
    ],
    age: [(0, [143, 205, 170]), (250, [84, 48, 122])],
    images: [
        [32, 98, 143],
        [168, 84, 15],
        [44, 122, 82],
        [122, 61, 143],
        [178, 60, 46],
        [80, 96, 110],
    ],
};

/// At night.
pub const DARK: Palette = Palette {
    surface: [21, 27, 34],
    track: [42, 52, 62],
    line: [120, 136, 152],
    load: [
        (0, [31, 68, 76]),
        (80, [36, 104, 124]),
        (160, [50, 149, 181]),
        (225, [120, 195, 230]),
        (LOAD_FULL, [228, 242, 255]),
        (LOAD_OVER, [236, 110, 86]),
    ],
    age: [(0, [74, 140, 106]), (250, [190, 150, 232])],
    images: [
        [108, 184, 224],
        [231, 163, 92],
        [111, 203, 154],
        [199, 155, 221],
        [240, 138, 120],
        [169, 183, 196],
    ],
};

impl Palette {
    /// The colour of a load.
    pub fn of_load(&self, load: u8) -> Rgb {
        between(&self.load, load)
    }

    /// The colour of a host's image code, as in [`Frame::images`].
    pub fn of_image(&self, code: u8) -> Rgb {
        match code {
            0 | IMAGES_MIXED => self.line,
            code => self.images[usize::from(code - 1) % IMAGE_COLOURS],
        }
    }

    /// The colour of an age, in parts of [`LOAD_FULL`] of the oldest.
    pub fn of_age(&self, age: u8) -> Rgb {
        between(&self.age, age)
    }
}

/// What a square is filled with, so that images can be told apart without colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Weave {
    /// Colour all over.
    #[default]
    Plain,
    /// Lines across.
    Rows,
    /// Lines down.
    Columns,
    /// Both, by turns.
    Checks,
}

impl Weave {
    /// That of a host's image code, as in [`Frame::images`].
    pub fn of_image(code: u8) -> Self {
        match code {
            0 => Self::Plain,
            IMAGES_MIXED => Self::Checks,
            code => [Self::Plain, Self::Rows, Self::Columns][usize::from(code - 1) % 3],
        }
    }

    fn has_gap(self, x: usize, y: usize) -> bool {
        match self {
            Self::Plain => false,
            Self::Rows => y % 3 == 1,
            Self::Columns => x % 3 == 1,
            Self::Checks => (x / 2 + y / 2) % 2 == 1,
        }
    }
}

fn between(stops: &[(u8, Rgb)], value: u8) -> Rgb {
    let above = stops.iter().position(|(at, _)| *at >= value).unwrap_or(stops.len() - 1);
    let (to_at, to) = stops[above];
    let (from_at, from) = stops[above.saturating_sub(1)];
    if to_at <= from_at {
        return to;
    }
    let mix = |from: u8, to: u8| {
        let (from, to) = (i32::from(from), i32::from(to));
        let part = i32::from(value.min(to_at)) - i32::from(from_at);
        (from + (to - from) * part / i32::from(to_at - from_at)).clamp(0, 255) as u8
    };
    [0, 1, 2].map(|i| mix(from[i], to[i]))
}

/// What a host looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Not there.
    None,
    /// Hollow.
    Empty,
    /// Filled up to its load.
    Part,
    /// Filled, with an eye.
    Full,
    /// Filled up to its load, with stripes.
    Draining,
    /// Crossed out.
    Down,
}

/// The mark of a host in a frame.
pub fn mark(frame: &Frame, host: usize) -> Mark {
    match frame.status.get(host) {
        None | Some(Status::Gone) => Mark::None,
        Some(Status::Draining) => Mark::Draining,
        Some(Status::Down) => Mark::Down,
        Some(Status::Up) if fullest(frame, host) >= FULL_FROM => Mark::Full,
        Some(Status::Up) if frame.vms[host] == 0 => Mark::Empty,
        Some(Status::Up) => Mark::Part,
    }
}

/// The load of the resource of which most is taken.
pub fn fullest(frame: &Frame, host: usize) -> u8 {
    (0..frame.used.len()).map(|column| frame.load_of(column, host)).max().unwrap_or(0)
}

/// The picture of the map, kept from frame to frame: only what changed is painted again.
#[derive(Clone, Debug, Default)]
pub struct Picture {
    /// Red, green, blue, alpha; row by row.
    pub pixels: Vec<u8>,
    width: usize,
    /// How many pixels a side of a map's pixel has.
    scale: u32,
    /// By host: what is painted.
    painted: Vec<u32>,
    /// By code: the square, once it was needed.
    squares: Vec<Option<Box<[u8]>>>,
}

const CODES: usize = 6 << 12;
const UNPAINTED: u32 = u32::MAX;

impl Picture {
    /// An empty picture of a map, `scale` times as large.
    pub fn new(map: &Map, scale: u32, palette: &Palette) -> Self {
        let width = (map.width * scale) as usize;
        let height = (map.height * scale) as usize;
        let [r, g, b] = palette.surface;
        Self {
            pixels: [r, g, b, 255].repeat(width * height),
            width,
            scale,
            painted: vec![UNPAINTED; map.corners.len()],
            squares: vec![None; CODES],
        }
    }

    /// Paints a frame; how many hosts had to be painted. Hosts that the map does not have yet are
    /// left out.
    pub fn paint(
        &mut self,
        map: &Map,
        frame: &Frame,
        hosts: &[NewHost],
        by: ColourBy,
        palette: &Palette,
    ) -> usize {
        let oldest_ms = match by {
            ColourBy::Age => oldest_ms(frame, hosts),
            _ => 1,
        };
        let mut changed = 0;
        for (host, &(x, y)) in map.corners.iter().enumerate() {
            let mark = mark(frame, host);
            let (height, colour) = match (mark, by) {
                (Mark::None, _) => (0, 0),
                (_, ColourBy::Kind(column)) if column < frame.used.len() => {
                    let load = frame.load_of(column, host);
                    (load, load)
                }
                (_, ColourBy::Image) => {
                    let image = frame.images.get(host).copied().unwrap_or(0);
                    (fullest(frame, host), image)
                }
                (_, ColourBy::HostImage) => {
                    let image = frame.host_images.get(host).copied().unwrap_or(0);
                    (fullest(frame, host), image)
                }
                (_, ColourBy::Age) => {
                    let age = age_ms(frame, &hosts[host]);
                    let part = age.saturating_mul(i64::from(LOAD_FULL)) / oldest_ms.max(1);
                    (fullest(frame, host), part.clamp(0, i64::from(LOAD_FULL)) as u8)
                }
                _ => {
                    let load = fullest(frame, host);
                    (load, load)
                }
            };
            // Four loads share a square, but for those of a full and of an oversold host.
            let part = |load: u8| match load {
                LOAD_FULL.. => u32::from(load - LOAD_FULL).min(1) + 62,
                load => u32::from(load >> 2).min(61),
            };
            let shade = match (by, colour) {
                (ColourBy::Image | ColourBy::HostImage, IMAGES_MIXED) => 63,
                // Colours and weaves begin again after as many.
                (ColourBy::Image | ColourBy::HostImage, 1..) => {
                    (u32::from(colour) - 1) % IMAGE_COLOURS as u32 + 1
                }
                _ => part(colour),
            };
            let code = (mark as u32) << 12 | part(height) << 6 | shade;
            if self.painted[host] == code {
                continue;
            }
            self.painted[host] = code;
            changed += 1;
            let side = (map.ink() * self.scale) as usize;
            let square = self.squares[code as usize].get_or_insert_with(|| {
                let (ramp, weave) = match by {
                    ColourBy::Age => (palette.of_age(colour), Weave::Plain),
                    ColourBy::Image | ColourBy::HostImage => {
                        (palette.of_image(colour), Weave::of_image(colour))
                    }
                    _ => (palette.of_load(colour), Weave::Plain),
                };
                square(side, mark, height, (ramp, weave), palette)
            });
            let corner = (y * self.scale) as usize * self.width + (x * self.scale) as usize;
            for (row, line) in square.chunks_exact(4 * side).enumerate() {
                let at = 4 * (corner + row * self.width);
                self.pixels[at..at + 4 * side].copy_from_slice(line);
            }
        }
        changed
    }
}

fn age_ms(frame: &Frame, host: &NewHost) -> i64 {
    i64::try_from(frame.at_ms).unwrap_or(i64::MAX).saturating_sub(host.born_ms)
}

/// The age of the oldest host in service, ms.
pub fn oldest_ms(frame: &Frame, hosts: &[NewHost]) -> i64 {
    let here = frame.status.iter().zip(hosts).filter(|(status, _)| **status != Status::Gone);
    here.map(|(_, host)| age_ms(frame, host)).max().unwrap_or(1).max(1)
}

/// One host's pixels.
fn square(
    side: usize,
    mark: Mark,
    load: u8,
    (ramp, weave): (Rgb, Weave),
    palette: &Palette,
) -> Box<[u8]> {
    let filled = match load {
        0 => 0,
        LOAD_FULL.. => side,
        load => (usize::from(load) * side).div_ceil(usize::from(LOAD_FULL)).clamp(1, side - 1),
    };
    let eye = if side >= 4 { (side / 3).max(1) } else { 1 };
    let eye = (side - eye) / 2..(side - eye) / 2 + eye;
    let rim = (side / 16).max(1);
    let period = if side >= 8 { side / 2 } else { 3 };
    let mut pixels = Vec::with_capacity(4 * side * side);
    for y in 0..side {
        for x in 0..side {
            let is_rim = x < rim || y < rim || x >= side - rim || y >= side - rim;
            let is_filled = y >= side - filled;
            let ramp = if weave.has_gap(x, y) { palette.track } else { ramp };
            let colour = match mark {
                Mark::None => palette.surface,
                Mark::Empty if is_rim => palette.track,
                Mark::Empty => palette.surface,
                Mark::Full if eye.contains(&x) && eye.contains(&y) => palette.surface,
                Mark::Full => ramp,
                Mark::Down if x == y || x + y + 1 == side => palette.line,
                Mark::Down => palette.surface,
                Mark::Draining if (x + y) % period < period.div_ceil(3) => palette.line,
                Mark::Part | Mark::Draining if is_filled => ramp,
                Mark::Part | Mark::Draining => palette.track,
            };
            let [r, g, b] = colour;
            pixels.extend([r, g, b, 255]);
        }
    }
    pixels.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use fleetcast_core::scenario::{HostTypeId, RackId};

    /// Pixels as letters: `.` surface, `-` track, `/` line, `#` ramp.
    fn drawn(side: usize, mark: Mark, load: u8) -> String {
        let ramp = LIGHT.of_load(load);
        letters(&square(side, mark, load, (ramp, Weave::Plain), &LIGHT), side, ramp)
    }

    fn letters(pixels: &[u8], side: usize, ramp: Rgb) -> String {
        let letter = |pixel: &[u8]| match [pixel[0], pixel[1], pixel[2]] {
            colour if colour == ramp => '#',
            colour if colour == LIGHT.surface => '.',
            colour if colour == LIGHT.track => '-',
            colour if colour == LIGHT.line => '/',
            other => panic!("{other:?} is none of the palette's"),
        };
        let lines = pixels.chunks_exact(4 * side);
        let line = |line: &[u8]| line.chunks_exact(4).map(letter).collect::<String>();
        lines.map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn states_can_be_told_apart_without_colour() {
        assert_eq!(drawn(5, Mark::Empty, 0), "-----\n-...-\n-...-\n-...-\n-----");
        assert_eq!(drawn(5, Mark::Part, 125), "-----\n-----\n#####\n#####\n#####");
        assert_eq!(drawn(5, Mark::Full, 250), "#####\n#####\n##.##\n#####\n#####");
        assert_eq!(drawn(5, Mark::Draining, 125), "/--/-\n--/--\n#/##/\n/##/#\n##/##");
        assert_eq!(drawn(5, Mark::Down, 0), "/.../\n././.\n../..\n././.\n/.../");
        for side in [3, 4, 6, 13, 25] {
            let marks =
                [Mark::None, Mark::Empty, Mark::Part, Mark::Full, Mark::Draining, Mark::Down];
            let ink = |mark| drawn(side, mark, 100);
            for (row, mark) in marks.into_iter().enumerate() {
                for other in &marks[..row] {
                    assert_ne!(ink(mark), ink(*other), "{mark:?} and {other:?} at {side} px");
                }
            }
        }
    }

    #[test]
    fn images_can_be_told_apart_without_colour() {
        let drawn = |code| {
            let ramp = LIGHT.of_image(1);
            let weave = Weave::of_image(code);
            letters(&square(6, Mark::Full, LOAD_FULL, (ramp, weave), &LIGHT), 6, ramp)
        };
        assert_eq!(drawn(2).lines().next_back(), Some("######"));
        assert_eq!(drawn(2).lines().nth(1), Some("------"));
        assert_eq!(drawn(3).lines().next(), Some("#-##-#"));
        assert_eq!(drawn(IMAGES_MIXED).lines().next(), Some("##--##"));
        assert_eq!(drawn(1).lines().next(), Some("######"));
        assert_eq!((drawn(4), drawn(7)), (drawn(1), drawn(1)));
        let mut frame = frame(0, &[200, 200]);
        frame.images = vec![1, 2];
        let host =
            NewHost { rack: RackId::from_row(0), host_type: HostTypeId::from_row(0), born_ms: 0 };
        let map = Map::new(&["z".into()], &[("r".into(), 0)], &[host; 2], 200, 100);
        let mut picture = Picture::new(&map, 1, &LIGHT);
        assert_eq!(picture.paint(&map, &frame, &[host; 2], ColourBy::Image, &LIGHT), 2);
        frame.images = vec![1, IMAGES_MIXED];
        assert_eq!(picture.paint(&map, &frame, &[host; 2], ColourBy::Image, &LIGHT), 1);
        let mut picture = Picture::new(&map, 1, &LIGHT);
        let by = ColourBy::HostImage;
        frame.host_images = vec![1, 1];
        assert_eq!(picture.paint(&map, &frame, &[host; 2], by, &LIGHT), 2);
        // A host has got another image.
        frame.host_images = vec![1, 2];
        assert_eq!(picture.paint(&map, &frame, &[host; 2], by, &LIGHT), 1);
    }

    #[test]
    fn only_what_is_full_is_filled_to_the_brim() {
        assert!(drawn(8, Mark::Part, 249).starts_with("--------\n"));
        assert!(drawn(8, Mark::Part, 1).ends_with("\n########"));
        assert!(!drawn(8, Mark::Part, 0).contains('#'));
    }

    fn frame(at_ms: u64, loads: &[u8]) -> Frame {
        Frame {
            at_ms,
            used: vec![0],
            capacity: vec![0],
            status: vec![Status::Up; loads.len()],
            vms: loads.iter().map(|load| u16::from(*load > 0)).collect(),
            load: loads.to_vec(),
            ..Frame::default()
        }
    }

    #[test]
    fn a_picture_paints_what_changed() {
        let host = |born_ms| NewHost {
            rack: RackId::from_row(0),
            host_type: HostTypeId::from_row(0),
            born_ms,
        };
        let hosts = [host(0), host(0), host(-500)];
        let map = Map::new(&["z".into()], &[("r".into(), 0)], &hosts, 200, 100);
        let mut picture = Picture::new(&map, 1, &LIGHT);
        let mut paint = |frame: &Frame, by| {
            let changed = picture.paint(&map, frame, &hosts, by, &LIGHT);
            let mut whole = Picture::new(&map, 1, &LIGHT);
            whole.paint(&map, frame, &hosts, by, &LIGHT);
            assert!(whole.pixels == picture.pixels, "the same as painted from nothing");
            changed
        };
        assert_eq!(paint(&frame(0, &[0, 100, 250]), ColourBy::Fullest), 3);
        assert_eq!(paint(&frame(1, &[0, 100, 250]), ColourBy::Fullest), 0);
        assert_eq!(paint(&frame(2, &[0, 120, 250]), ColourBy::Kind(0)), 1);
        // A host that is not there yet has no pixels.
        assert_eq!(paint(&frame(3, &[0, 120]), ColourBy::Kind(0)), 1);
    }

    #[test]
    fn colours_go_from_stop_to_stop() {
        assert_eq!(LIGHT.of_load(0), LIGHT.load[0].1);
        assert_eq!(LIGHT.of_load(80), LIGHT.load[1].1);
        assert_eq!(LIGHT.of_load(LOAD_FULL), LIGHT.load[4].1);
        assert_eq!(LIGHT.of_load(LOAD_OVER), LIGHT.load[5].1);
        assert_eq!(LIGHT.of_age(0), LIGHT.age[0].1);
    }
}
