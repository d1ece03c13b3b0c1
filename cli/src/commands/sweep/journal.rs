//! The journal: a line for each run that is done, written when it is done.
//!
//! Each process writes files of its own and reads everybody's, so that nothing is lost and nothing
//! run twice, whoever is killed when. A line is `CHECKSUM,ROW`: one that was torn when its writer
//! was killed, or that belongs to another design, has not its checksum and does not count.

use super::shard::Shard;
use crate::end::{Complaint, End};
use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// The folder of journals inside that of the results.
const FOLDER: &str = "journal";
/// The longest line, bytes.
const LINE_MAX: u64 = 1 << 20;
/// How many journals are open at a time while rows are fetched.
const OPEN_MAX: usize = 64;
/// How often lines are brought to disk: what power that fails can cost.
const SYNC: Duration = Duration::from_secs(1);

/// What writes.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    shard: Shard,
    /// Of the design.
    seed: u64,
    /// Only once there is something to write.
    file: Option<(File, Instant)>,
    /// Held until the process ends, however it does.
    _lock: File,
}

impl Journal {
    /// Makes the folder, and sees to it that nobody else works on this shard in it.
    ///
    /// # Errors
    /// Somebody else does, or the folder cannot be written.
    pub(super) fn open(folder: &Path, shard: Shard, seed: u64) -> Result<Self, End> {
        let journals = folder.join(FOLDER);
        fs::create_dir_all(&journals)
            .map_err(|error| End::files("make the folder", journals.display(), &error))?;
        let path = journals.join(format!("{}-of-{}.lock", shard.number, shard.of));
        let lock = File::options().create(true).append(true).open(&path);
        let lock = lock.map_err(|error| End::files("write", path.display(), &error))?;
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => {
                let (of, folder) = (shard.of, folder.display());
                let whose = if of == 1 { String::new() } else { format!("shard {shard} of ") };
                return Err(End::Files(Complaint {
                    message: format!("another process works on {whose}the sweep in `{folder}`"),
                    hint: Some("let it end, or end it".to_owned()),
                }));
            }
            // Some file systems have no locks. Then who starts a shard twice runs it twice, and the
            // results are the same.
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        Ok(Self { folder: journals, shard, seed, file: None, _lock: lock })
    }

    /// Writes a row: whole, as far as the system lets us.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn add(&mut self, row: &[u8]) -> Result<(), End> {
        self.write(row).map_err(|error| End::files("write into", self.folder.display(), &error))
    }

    fn write(&mut self, row: &[u8]) -> io::Result<()> {
        let (file, synced) = match &mut self.file {
            Some(file) => file,
            none => none.insert((Self::create(&self.folder, self.shard)?, Instant::now())),
        };
        let mut line = format!("{:016x},", xxh3_64_with_seed(row, self.seed)).into_bytes();
        line.extend_from_slice(row);
        file.write_all(&line)?;
        if synced.elapsed() >= SYNC {
            file.sync_data()?;
            *synced = Instant::now();
        }
        Ok(())
    }

    /// A new file, behind those that are there.
    fn create(folder: &Path, shard: Shard) -> io::Result<File> {
        let mut number = 1;
        loop {
            let name = format!("{}-of-{}.{number}.csv", shard.number, shard.of);
            match File::options().append(true).create_new(true).open(folder.join(name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
                done => return done,
            }
        }
    }

    /// Brings all to disk.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn finish(self) -> Result<(), End> {
        let synced = self.file.map_or(Ok(()), |(file, _)| file.sync_all());
        synced.map_err(|error| End::files("write into", self.folder.display(), &error))
    }
}

/// Where the rows of a sweep are: 16 bytes a run.
#[derive(Debug)]
pub(super) struct Rows {
    files: Vec<PathBuf>,
    /// By run: where its line is, and its checksum.
    places: Vec<Option<Place>>,
    /// How many runs are there.
    pub done: u32,
    /// How many lines do not count.
    pub damaged: u64,
    /// Into how many shards it was split at most.
    pub of: u32,
    open: VecDeque<(u32, BufReader<File>)>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// File number × 2⁴⁰ + offset of the row in it, + 1 so that `None` takes no room.
    at: std::num::NonZeroU64,
    checksum: u64,
}

/// Bits of an offset: journals of up to a terabyte.
const OFFSET_BITS: u32 = 40;

impl Rows {
    /// Reads all journals in such folders.
    ///
    /// # Errors
    /// One cannot be read, or two disagree.
    pub(super) fn find(folders: &[PathBuf], runs: u32, seed: u64) -> Result<Self, End> {
        let mut rows = Self {
            files: Vec::new(),
            places: vec![None; runs as usize],
            done: 0,
            damaged: 0,
            of: 1,
            open: VecDeque::new(),
        };
        for folder in folders {
            for path in journals(&folder.join(FOLDER))? {
                rows.read(path, seed)?;
            }
        }
        Ok(rows)
    }

    fn read(&mut self, path: PathBuf, seed: u64) -> Result<(), End> {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let shard = name.split('.').next().and_then(Shard::parse);
        self.of = self.of.max(shard.map_or(1, |shard| shard.of));
        let cannot = |error: io::Error| End::files("read", path.display(), &error);
        let mut file = BufReader::with_capacity(1 << 16, File::open(&path).map_err(cannot)?);
        let number = self.files.len() as u64;
        let (mut line, mut offset) = (Vec::new(), 0_u64);
        loop {
            line.clear();
            let bytes = file.by_ref().take(LINE_MAX).read_until(b'\n', &mut line);
            let bytes = bytes.map_err(cannot)? as u64;
            if bytes == 0 {
                break;
            }
            match checked(&line, seed).filter(|(run, ..)| (*run as usize) < self.places.len()) {
                None => self.damaged += 1,
                Some((run, checksum, skipped)) => {
                    let at = (number << OFFSET_BITS) + offset + skipped as u64 + 1;
                    let at = std::num::NonZeroU64::new(at).expect("at least 1");
                    match &self.places[run as usize] {
                        None => {
                            self.places[run as usize] = Some(Place { at, checksum });
                            self.done += 1;
                        }
                        Some(known) if known.checksum == checksum => {}
                        Some(known) => {
                            let other = &self.files[(known.at.get() >> OFFSET_BITS) as usize];
                            return Err(disagree(run, other, &path));
                        }
                    }
                }
            }
            offset += bytes;
        }
        self.files.push(path);
        Ok(())
    }

    /// Whether a run is there.
    pub(super) fn has(&self, run: u32) -> bool {
        self.places[run as usize].is_some()
    }

    /// The runs that are not there.
    pub(super) fn missing(&self) -> impl Iterator<Item = u32> {
        (0_u32..).zip(&self.places).filter_map(|(run, place)| place.is_none().then_some(run))
    }

    /// Fetches the row of a run that is there.
    ///
    /// # Errors
    /// Its journal has gone or changed since it was found.
    pub(super) fn fetch(&mut self, run: u32, row: &mut Vec<u8>) -> io::Result<()> {
        let place = self.places[run as usize].ok_or(io::ErrorKind::NotFound)?;
        let at = place.at.get() - 1;
        let number = (at >> OFFSET_BITS) as u32;
        let opened = match self.open.iter().position(|(open, _)| *open == number) {
            Some(row) => row,
            None => {
                if self.open.len() == OPEN_MAX {
                    self.open.pop_front();
                }
                let file = File::open(&self.files[number as usize])?;
                self.open.push_back((number, BufReader::new(file)));
                self.open.len() - 1
            }
        };
        let (_, file) = &mut self.open[opened];
        file.seek(SeekFrom::Start(at & ((1 << OFFSET_BITS) - 1)))?;
        row.clear();
        file.take(LINE_MAX).read_until(b'\n', row).map(drop)
    }
}

/// The journals in a folder, by name.
fn journals(folder: &Path) -> Result<Vec<PathBuf>, End> {
    let cannot = |error: io::Error| End::files("read", folder.display(), &error);
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(cannot)?,
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(cannot)?.path();
        if path.extension().is_some_and(|extension| extension == "csv") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The run of a line, its checksum, and where its row begins; `None` if it does not count.
fn checked(line: &[u8], seed: u64) -> Option<(u32, u64, usize)> {
    let (checksum, row) = line.split_at_checked(17)?;
    let checksum = std::str::from_utf8(checksum).ok()?.strip_suffix(',')?;
    let checksum = u64::from_str_radix(checksum, 16).ok()?;
    let run = row.split(|byte| *byte == b',').next()?;
    let run = std::str::from_utf8(run).ok()?.parse().ok()?;
    let is_whole = row.ends_with(b"\n") && xxh3_64_with_seed(row, seed) == checksum;
    is_whole.then_some((run, checksum, 17))
}

fn disagree(run: u32, one: &Path, other: &Path) -> End {
    End::Files(Complaint {
        message: format!(
            "run {run} has two results: one in `{}`, another in `{}`",
            one.display(),
            other.display()
        ),
        hint: Some(
            "the same run gives the same result, so they come from different builds of fleetcast, \
             or a file of the scenario was changed: remove the journals that are wrong"
                .to_owned(),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEED: u64 = 7;

    fn journal(folder: &Path, number: u32, of: u32) -> Journal {
        Journal::open(folder, Shard { number, of }, SEED).expect("it can be opened")
    }

    fn find(folder: &Path) -> Rows {
        Rows::find(&[folder.to_owned()], 4, SEED).expect("they can be read")
    }

    #[test]
    fn a_torn_line_does_not_count_and_its_run_is_written_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        let mut first = journal(folder, 1, 1);
        for row in ["0,a\n", "1,b\n"] {
            first.add(row.as_bytes()).expect("written");
        }
        drop(first);
        let path = folder.join("journal/1-of-1.1.csv");
        let whole = fs::read(&path).expect("it is there");
        for length in 0..whole.len() {
            fs::write(&path, &whole[..length]).expect("writable");
            let rows = find(folder);
            let lines = whole[..length].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(rows.done as usize, lines, "{length} of {}", whole.len());
            assert_eq!(rows.missing().count(), 4 - lines);
        }
        journal(folder, 1, 1).add(b"1,b\n").expect("written");
        let mut rows = find(folder);
        assert_eq!((rows.done, rows.damaged), (2, 1));
        let mut row = Vec::new();
        rows.fetch(1, &mut row).expect("it is there");
        assert_eq!(row, b"1,b\n");
    }

    #[test]
    fn rows_of_another_design_do_not_count_and_two_results_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let folder = folder.path();
        journal(folder, 1, 2).add(b"0,a\n").expect("written");
        let other = Rows::find(&[folder.to_owned()], 4, SEED + 1).expect("they can be read");
        assert_eq!((other.done, other.damaged, other.of), (0, 1, 2));
        journal(folder, 2, 2).add(b"0,a\n").expect("written");
        assert_eq!(find(folder).done, 1);
        journal(folder, 2, 2).add(b"0,z\n").expect("written");
        let two = Rows::find(&[folder.to_owned()], 4, SEED).expect_err("they disagree");
        assert!(format!("{two:?}").contains("run 0 has two results"));
    }

    #[test]
    fn two_do_not_work_on_one_shard() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = journal(folder.path(), 1, 2);
        let other = journal(folder.path(), 2, 2);
        let again = Journal::open(folder.path(), Shard { number: 1, of: 2 }, SEED);
        assert!(format!("{again:?}").contains("another process works on shard 1 of 2 of"));
        drop((first, other));
        journal(folder.path(), 1, 2);
    }
}
