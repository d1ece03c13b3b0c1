//! Frames: the fleet at regular instants, as columns of bytes, for who watches a run.
//!
//! A [`Camera`] says when the next frame is due; whoever runs the simulation advances to that
//! instant and lets it look at the state. So a frame costs the run nothing between two of them,
//! and no fact can be forgotten. A [`Film`] keeps the frames. Both are bounded: when the frames
//! take more bytes than they may, every second one goes and the camera takes half as many.

use crate::observe::summary::Counts;
use crate::scenario::{HostImageId, HostTypeId, ImageId, RackId, Scenario};
use crate::state::{HostId, HostStatus, State};
use crate::time::Time;

/// The most frames of a run, beside its last instant.
pub const FRAMES_MAX: u64 = 1_024;
/// [`Frame::load`] of a host of which everything is taken.
pub const LOAD_FULL: u8 = 250;
/// [`Frame::load`] of a host that has given out more than it has.
pub const LOAD_OVER: u8 = 251;

/// [`Frame::images`] of a host whose instances run several images. Images from row 253 on are
/// told as one.
pub const IMAGES_MIXED: u8 = 255;

/// The fleet at one instant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// When, ms after the start.
    pub at_ms: u64,
    /// How far frames are apart from here on, ms: who keeps frames drops those at other instants.
    pub step_ms: u64,
    /// Hosts in service.
    pub hosts: u64,
    /// Hosts with a VM on them.
    pub hosts_used: u64,
    /// VMs alive.
    pub alive: u64,
    /// Requests waiting.
    pub waiting: u64,
    /// Requests so far.
    pub requests: u64,
    /// Requests that found a host so far.
    pub placed: u64,
    /// Requests refused so far.
    pub refused: u64,
    /// What is taken, by column.
    pub used: Vec<i64>,
    /// What hosts in service can give out, by column.
    pub capacity: Vec<i64>,
    /// Hosts that came since the last frame.
    pub new_hosts: Vec<NewHost>,
    /// By host: what it does.
    pub status: Vec<Status>,
    /// By host: how many VMs are on it, at most 65,535.
    pub vms: Vec<u16>,
    /// Column by column, by host: the share taken of what the host can give out, in parts of
    /// [`LOAD_FULL`]; 0 only if nothing is taken, full only if nothing is left.
    pub load: Vec<u8>,
    /// By host: the image that services' instances on it run, its row and 1; 0 where there are
    /// none, [`IMAGES_MIXED`] where there are several. Empty where no host has any.
    pub images: Vec<u8>,
    /// By host: the image of its own that it runs, its row and 1, 254 at most. Empty where hosts have
    /// none.
    pub host_images: Vec<u8>,
}

/// What stays the same of a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewHost {
    /// Where it stands.
    pub rack: RackId,
    /// What it is.
    pub host_type: HostTypeId,
    /// Born so many ms after the start; negative before it.
    pub born_ms: i64,
}

/// What a host does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Status {
    /// Takes VMs.
    #[default]
    Up = 0,
    /// Takes no new VMs: it leaves service when empty, or comes back.
    Draining = 1,
    /// Has left service.
    Gone = 2,
    /// Has failed, and is out of service until it is repaired or replaced.
    Down = 3,
}

impl Status {
    const ALL: [Self; 4] = [Self::Up, Self::Draining, Self::Gone, Self::Down];
}

impl From<HostStatus> for Status {
    fn from(status: HostStatus) -> Self {
        match status {
            HostStatus::Up => Self::Up,
            HostStatus::Cordoned | HostStatus::Draining => Self::Draining,
            HostStatus::Retired => Self::Gone,
            HostStatus::Down => Self::Down,
        }
    }
}

impl Frame {
    /// The load of a host, as in [`Self::load`].
    pub fn load_of(&self, column: usize, host: usize) -> u8 {
        self.load[column * self.status.len() + host]
    }

    /// Bytes that it takes, about.
    pub fn bytes(&self) -> usize {
        let images = self.images.len() + self.host_images.len();
        256 + self.status.len() + 2 * self.vms.len() + self.load.len() + images
    }

    /// Appends it as bytes: numbers little-endian, columns behind their lengths.
    pub fn write(&self, out: &mut Vec<u8>) {
        let counts = [self.hosts, self.hosts_used, self.alive, self.waiting];
        let sums = [self.requests, self.placed, self.refused];
        let hosts = self.status.len();
        let images = [self.images.len(), self.host_images.len()];
        let lengths = [self.used.len(), self.new_hosts.len(), hosts, images[0], images[1]];
        let head = [self.at_ms, self.step_ms].into_iter().chain(counts).chain(sums);
        for number in head.chain(lengths.map(|length| length as u64)) {
            out.extend(number.to_le_bytes());
        }
        for amount in self.used.iter().chain(&self.capacity) {
            out.extend(amount.to_le_bytes());
        }
        for host in &self.new_hosts {
            out.extend((host.rack.row() as u32).to_le_bytes());
            out.extend((host.host_type.row() as u32).to_le_bytes());
            out.extend(host.born_ms.to_le_bytes());
        }
        out.extend(self.status.iter().map(|status| *status as u8));
        out.extend(self.vms.iter().flat_map(|vms| vms.to_le_bytes()));
        out.extend(&self.load);
        out.extend(&self.images);
        out.extend(&self.host_images);
    }

    /// Reads what [`Self::write`] wrote and moves `bytes` behind it; `None` if that is no frame.
    pub fn read(bytes: &mut &[u8]) -> Option<Self> {
        let mut head = [0; 14];
        for number in &mut head {
            *number = u64::from_le_bytes(take(bytes)?);
        }
        let [at_ms, step_ms, hosts, hosts_used, alive, waiting, requests, placed, refused, ..] =
            head;
        let [kinds, new_hosts, rows, images, host_images] =
            [head[9], head[10], head[11], head[12], head[13]].map(|n| n as usize);
        // Nothing is made room for before it is known to be there.
        let size = kinds.checked_mul(16)?.checked_add(new_hosts.checked_mul(16)?)?;
        let size = size.checked_add(rows.checked_mul(kinds.checked_add(3)?)?)?;
        let size = size.checked_add(images)?.checked_add(host_images)?;
        if bytes.len() < size {
            return None;
        }
        let mut amounts = |count: usize| -> Option<Vec<i64>> {
            (0..count).map(|_| Some(i64::from_le_bytes(take(bytes)?))).collect()
        };
        let (used, capacity) = (amounts(kinds)?, amounts(kinds)?);
        let mut new_host = || {
            Some(NewHost {
                rack: RackId::from_row(u32::from_le_bytes(take(bytes)?) as usize),
                host_type: HostTypeId::from_row(u32::from_le_bytes(take(bytes)?) as usize),
                born_ms: i64::from_le_bytes(take(bytes)?),
            })
        };
        let new_hosts = (0..new_hosts).map(|_| new_host()).collect::<Option<Vec<_>>>()?;
        let (status, rest) = bytes.split_at(rows);
        let status: Option<Vec<_>> =
            status.iter().map(|code| Status::ALL.get(usize::from(*code)).copied()).collect();
        let (vms, rest) = rest.split_at(2 * rows);
        let vms = vms.as_chunks().0.iter().map(|two| u16::from_le_bytes(*two)).collect();
        let (load, rest) = rest.split_at(kinds * rows);
        let (images, rest) = rest.split_at(images);
        let (host_images, rest) = rest.split_at(host_images);
        *bytes = rest;
        Some(Self {
            at_ms,
            step_ms,
            hosts,
            hosts_used,
            alive,
            waiting,
            requests,
            placed,
            refused,
            used,
            capacity,
            new_hosts,
            status: status?,
            vms,
            load: load.to_vec(),
            images: images.to_vec(),
            host_images: host_images.to_vec(),
        })
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*number)
}

/// Takes the frames of a run.
#[derive(Clone, Debug)]
pub struct Camera {
    step_ms: u64,
    next_ms: Option<u64>,
    end_ms: u64,
    bytes_max: usize,
    /// What was taken and is kept: when, and how many bytes.
    kept: Vec<(u64, usize)>,
    hosts_told: usize,
}

impl Camera {
    /// For the frames of a run, which together are to take `bytes_max` bytes at most.
    pub fn new(scenario: &Scenario, bytes_max: usize) -> Self {
        let end_ms = scenario.duration_ms;
        Self {
            step_ms: end_ms.div_ceil(FRAMES_MAX).max(1),
            next_ms: Some(0),
            end_ms,
            bytes_max,
            kept: Vec::new(),
            hosts_told: 0,
        }
    }

    /// When the next frame is due: up to and with this instant everything has to have happened.
    /// `None` after the last.
    pub fn next(&self) -> Option<Time> {
        self.next_ms.map(Time::from_ms)
    }

    /// Takes the frame that is due. `images`: the hosts of services' instances, and what each runs;
    /// `host_images`: the images of the hosts' own, by host, if they have any.
    pub fn shoot(
        &mut self,
        state: &State,
        counts: Counts,
        images: impl Iterator<Item = (HostId, ImageId)>,
        host_images: Option<&[HostImageId]>,
    ) -> Frame {
        let at_ms = self.next_ms.unwrap_or(self.end_ms);
        let mut frame = look(state, counts, at_ms, self.hosts_told);
        frame.images = image_codes(state.hosts.rows(), images);
        let own = host_images.into_iter().flatten().map(|image| image_code(image.row()));
        frame.host_images = own.collect();
        self.hosts_told = state.hosts.rows();
        self.kept.push((at_ms, frame.bytes()));
        while self.kept.iter().map(|(_, bytes)| bytes).sum::<usize>() > self.bytes_max
            && self.step_ms < self.end_ms
        {
            self.step_ms *= 2;
            self.kept.retain(|(at_ms, _)| at_ms.is_multiple_of(self.step_ms));
        }
        frame.step_ms = self.step_ms;
        self.next_ms = (at_ms < self.end_ms)
            .then(|| ((at_ms / self.step_ms + 1) * self.step_ms).min(self.end_ms));
        frame
    }
}

fn look(state: &State, counts: Counts, at_ms: u64, hosts_told: usize) -> Frame {
    let (hosts, total) = (&state.hosts, state.hosts.total());
    let kinds = hosts.kinds();
    let mut load = Vec::with_capacity(kinds * hosts.rows());
    for column in 0..kinds {
        load.extend(hosts.ids().map(|host| {
            let effective = hosts.effective(host)[column];
            load_code(effective - hosts.free(host, column), effective)
        }));
    }
    let new_host = |host| NewHost {
        rack: hosts.rack(host),
        host_type: hosts.host_type(host),
        born_ms: hosts.born_ms(host),
    };
    Frame {
        at_ms,
        step_ms: 0,
        hosts: total.hosts.into(),
        hosts_used: total.hosts_used.into(),
        alive: state.vms.alive() as u64,
        waiting: state.waiting,
        requests: counts.requests,
        placed: counts.placed,
        refused: counts.refused,
        used: total.used[..kinds].to_vec(),
        capacity: total.capacity[..kinds].to_vec(),
        new_hosts: hosts.ids().skip(hosts_told).map(new_host).collect(),
        status: hosts.ids().map(|host| hosts.status(host).into()).collect(),
        vms: hosts.ids().map(|h| u16::try_from(hosts.vm_count(h)).unwrap_or(u16::MAX)).collect(),
        load,
        images: Vec::new(),
        host_images: Vec::new(),
    }
}

/// By host: see [`Frame::images`].
fn image_codes(hosts: usize, images: impl Iterator<Item = (HostId, ImageId)>) -> Vec<u8> {
    let mut codes = Vec::new();
    for (host, image) in images {
        if codes.is_empty() {
            codes = vec![0; hosts];
        }
        let code = image_code(image.row());
        let known = &mut codes[host.row()];
        *known = if *known == 0 || *known == code { code } else { IMAGES_MIXED };
    }
    codes
}

/// An image as a byte: its row and 1, the last ones as one.
fn image_code(row: usize) -> u8 {
    u8::try_from(row + 1).unwrap_or(u8::MAX).min(IMAGES_MIXED - 1)
}

/// A share as a byte: see [`Frame::load`].
fn load_code(taken: i64, effective: i64) -> u8 {
    if taken <= 0 {
        return 0;
    }
    if taken > effective {
        return LOAD_OVER;
    }
    if taken == effective {
        return LOAD_FULL;
    }
    // Nearly all amounts are small, and a division of 64 bits is much sooner done than one of 128.
    let code = match taken <= i64::MAX / i64::from(LOAD_FULL) {
        true => taken * i64::from(LOAD_FULL) / effective,
        false => taken / (effective / i64::from(LOAD_FULL)),
    };
    u8::try_from(code).unwrap_or(LOAD_FULL).clamp(1, LOAD_FULL - 1)
}

/// The frames of a run, as far as they are kept.
#[derive(Clone, Debug, Default)]
pub struct Film {
    frames: Vec<Frame>,
    hosts: Vec<NewHost>,
}

impl Film {
    /// One more frame, later than all before it.
    pub fn push(&mut self, mut frame: Frame) {
        self.hosts.append(&mut frame.new_hosts);
        if self.frames.last().is_some_and(|last| last.step_ms != frame.step_ms) {
            self.frames.retain(|kept| kept.at_ms.is_multiple_of(frame.step_ms));
        }
        self.frames.push(frame);
    }

    /// The frames, in order of time.
    pub fn frames(&self) -> &[Frame] {
        &self.frames
    }

    /// What stays the same of each host, those that left included.
    pub fn hosts(&self) -> &[NewHost] {
        &self.hosts
    }

    /// The row of the last frame that is not after `at_ms`; 0 before the first.
    pub fn row_at(&self, at_ms: u64) -> usize {
        self.frames.partition_point(|frame| frame.at_ms <= at_ms).saturating_sub(1)
    }

    /// The last frame that is not after `at_ms`, or the first.
    pub fn at(&self, at_ms: u64) -> Option<&Frame> {
        self.frames.get(self.row_at(at_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Summary;
    use crate::read::{Input, read};
    use crate::simulation::Simulation;
    use crate::source::NoFiles;
    use std::sync::Arc;

    const SCENARIO: &str = r#"
name = "growth"
duration = "1024 h"
[host-models.m]
cpu = 4
retire-after = "600 h"
[[pools]]
name = "p"
hosts = { model = "m", count = 10 }
growth = { curve = "linear", from = 10, to = 200 }
[flavors.f]
cpu = 1
[[demand]]
name = "d"
flavor = "f"
alive = { curve = "linear", from = 20, to = 400 }
lifetime = { distribution = "exponential", mean = "50 h" }
"#;

    /// Runs the scenario; the film, and the most bytes that it ever held.
    fn filmed(bytes_max: usize) -> (Film, usize) {
        let input = Input { file: "s.toml", text: SCENARIO, overrides: &[] };
        let read = read(&input, &NoFiles);
        let scenario = Arc::new(read.map_err(|p| format!("{p:?}")).unwrap().scenario);
        let mut simulation = Simulation::new(Arc::clone(&scenario), &NoFiles).unwrap();
        let mut summary = Summary::new(&scenario);
        let mut camera = Camera::new(&scenario, bytes_max);
        let (mut film, mut most) = (Film::default(), 0);
        while let Some(at) = camera.next() {
            simulation.advance(at, &mut summary).unwrap();
            let frame = {
                let own = simulation.host_images();
                camera.shoot(simulation.state(), summary.total, simulation.images(), own)
            };
            let mut bytes = Vec::new();
            frame.write(&mut bytes);
            assert_eq!(Frame::read(&mut bytes.as_slice()).as_ref(), Some(&frame));
            let images = vec![1; frame.status.len()];
            let with_images = Frame { images, host_images: vec![2; 3], ..frame.clone() };
            let mut more = Vec::new();
            with_images.write(&mut more);
            assert_eq!(Frame::read(&mut more.as_slice()), Some(with_images));
            assert_eq!(Frame::read(&mut &bytes[..bytes.len() - 1]), None);
            film.push(frame);
            most = most.max(film.frames().iter().map(Frame::bytes).sum());
        }
        let last = film.frames().last().unwrap();
        assert_eq!((last.requests, last.at_ms), (summary.total.requests, scenario.duration_ms));
        assert_eq!(film.hosts().len(), last.status.len());
        (film, most)
    }

    #[test]
    fn a_film_goes_from_the_start_to_the_end_in_equal_steps() {
        let (film, _) = filmed(usize::MAX);
        let hours: Vec<u64> = film.frames().iter().map(|f| f.at_ms / 3_600_000).collect();
        assert_eq!(hours, (0..=1_024).collect::<Vec<_>>());
        assert_eq!(film.at(90 * 60_000).unwrap().at_ms, 3_600_000);
    }

    #[test]
    fn a_film_that_may_take_less_has_fewer_frames_of_the_same_things() {
        let (whole, bytes) = filmed(usize::MAX);
        let (thin, most) = filmed(bytes / 5);
        assert!(most <= bytes / 5 + whole.frames().last().unwrap().bytes());
        assert!((100..300).contains(&thin.frames().len()), "{}", thin.frames().len());
        for frame in thin.frames() {
            let same = whole.at(frame.at_ms).unwrap();
            assert_eq!((same.at_ms, &same.load), (frame.at_ms, &frame.load));
        }
        assert_eq!(thin.hosts(), whole.hosts());
    }

    #[test]
    fn a_frame_adds_up() {
        let (film, _) = filmed(usize::MAX);
        for frame in film.frames() {
            let vms: u64 = frame.vms.iter().map(|vms| u64::from(*vms)).sum();
            assert_eq!(vms, frame.alive);
            let in_service = frame.status.iter().filter(|status| **status != Status::Gone);
            assert_eq!(in_service.count() as u64, frame.hosts);
            for host in 0..frame.status.len() {
                let expected = u64::from(frame.vms[host]) * u64::from(LOAD_FULL) / 4;
                assert_eq!(u64::from(frame.load_of(0, host)), expected);
            }
        }
    }

    #[test]
    fn a_host_tells_which_image_it_runs() {
        let on = |host: usize, image: usize| (HostId::from_row(host), ImageId::from_row(image));
        let codes = |list: &[(HostId, ImageId)]| image_codes(4, list.iter().copied());
        assert_eq!(codes(&[]), [0; 0]);
        let some = [on(0, 0), on(0, 0), on(2, 1), on(3, 0), on(3, 1), on(3, 0)];
        assert_eq!(codes(&some), [1, 0, 2, IMAGES_MIXED]);
        assert_eq!(codes(&[on(1, 400)]), [0, 254, 0, 0]);
    }

    #[test]
    fn only_nothing_is_nothing_and_only_all_is_all() {
        assert_eq!(load_code(0, 1_000_000), 0);
        assert_eq!(load_code(1, 1_000_000), 1);
        assert_eq!(load_code(999_999, 1_000_000), LOAD_FULL - 1);
        assert_eq!(load_code(1_000_000, 1_000_000), LOAD_FULL);
        assert_eq!(load_code(1_000_001, 1_000_000), LOAD_OVER);
        assert_eq!(load_code(0, 0), 0);
    }
}
