//! From what was typed to a scenario ready to run.

use crate::builtin::{self, Builtin};
use crate::end::{End, tell, why};
use crate::problems;
use fleetcast_core::futures::{self, Future};
use fleetcast_core::problem::Problems;
use fleetcast_core::read::{Input, Override, Read, read};
use fleetcast_core::scenario::Scenario;
use fleetcast_core::sensitivity::{self, Numbers};
use fleetcast_core::source::Files;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The longest scenario text, bytes.
const TEXT_BYTES_MAX: u64 = 4 << 20;

/// Which scenario, and what to change in it.
#[derive(Debug, clap::Args)]
pub(crate) struct ScenarioArgs {
    /// A scenario file, `-` for stdin, or the name of a scenario in the box (`fleetcast list`)
    scenario: String,

    #[command(flatten)]
    changes: Changes,
}

/// What to change in a scenario.
#[derive(Debug, clap::Args)]
pub(crate) struct Changes {
    /// Change a key of the scenario: `--set duration='"2 years"'`, `--set pools.main.zones=3`
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_override)]
    overrides: Vec<(String, String)>,

    /// Use this placement policy (the same as `--set placement.policy=NAME`)
    #[arg(long, value_name = "NAME")]
    policy: Option<String>,

    /// Use this seed (the same as `--set seed=N`)
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

/// What puts a value in the place of the file's.
pub(crate) fn change(key: &str, value: impl ToString) -> Override {
    Override { key: key.to_owned(), value: value.to_string() }
}

pub(crate) fn parse_override(typed: &str) -> Result<(String, String), String> {
    match typed.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => {
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write `key=value`, for example `duration=\"2 years\"`".to_owned()),
    }
}

/// A scenario's text, and where its files are.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The file, as the user called it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// What to change in it.
    pub overrides: Vec<Override>,
    /// Where the files are that it names.
    pub files: Folder,
}

impl ScenarioArgs {
    /// The scenario, and where it came from. Warnings are told.
    pub(crate) fn load(&self) -> Result<(Source, Scenario), End> {
        let source = self.fetch()?;
        let read = source.read().map_err(|wrong| source.tell(&wrong))?;
        tell(&problems::draw(&read.warnings));
        Ok((source, read.scenario))
    }

    /// Fetches the text.
    pub(crate) fn fetch(&self) -> Result<Source, End> {
        Source::fetch(&self.scenario, self.changes.list())
    }
}

impl Changes {
    /// All of them, in the order typed; `--policy` and `--seed` after `--set`.
    pub(crate) fn list(&self) -> Vec<Override> {
        let set = self.overrides.iter().map(|(key, value)| change(key, value));
        set.chain(self.policy.iter().map(|name| change("placement.policy", name)))
            .chain(self.seed.iter().map(|seed| change("seed", seed)))
            .collect()
    }
}

impl Source {
    /// Fetches the text of a file, of stdin (`-`) or of a scenario in the box.
    pub(crate) fn fetch(typed: &str, overrides: Vec<Override>) -> Result<Self, End> {
        let (file, bytes, files) = if typed == "-" {
            let bytes = read_at_most(&mut io::stdin().lock());
            let bytes = bytes.map_err(|error| End::files("read", "stdin", &error))?;
            // Nothing in TOML begins with a brace.
            let is_json = bytes.trim_ascii_start().starts_with(b"{");
            let file = if is_json { "stdin.json" } else { "stdin" };
            (file.to_owned(), bytes, Folder::beside(Path::new("")))
        } else if !Path::new(typed).exists()
            && let Some(builtin) = builtin::find(typed)
        {
            let file = format!("{}.toml", builtin.name);
            (file, builtin.text.as_bytes().to_vec(), Folder::of_builtin(builtin))
        } else {
            let path = Path::new(typed);
            let bytes = open(path).and_then(|mut file| read_at_most(&mut file));
            let bytes = bytes.map_err(|error| not_readable(typed, &error))?;
            (typed.to_owned(), bytes, Folder::beside(path.parent().unwrap_or(path)))
        };
        if bytes.len() as u64 > TEXT_BYTES_MAX {
            return Err(End::input(
                format!("`{file}` is larger than 4 MiB"),
                "a scenario holds rules, not rows: put hosts and requests into CSV files and \
                 name them (`hosts = \"hosts.csv\"`, `trace = \"requests.csv\"`)",
            ));
        }
        let text = String::from_utf8(bytes).map_err(|error| not_text(&file, &error))?;
        Ok(Self { file, text, overrides, files })
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// All its problems.
    pub(crate) fn read(&self) -> Result<Read, Problems> {
        self.read_with(&[])
    }

    /// The same with more changes, which go before those typed.
    ///
    /// # Errors
    /// All its problems.
    pub(crate) fn read_with(&self, more: &[Override]) -> Result<Read, Problems> {
        self.read_from(more, &self.files)
    }

    /// The same, with its files from somewhere else.
    ///
    /// # Errors
    /// All its problems.
    pub(crate) fn read_from(&self, more: &[Override], files: &dyn Files) -> Result<Read, Problems> {
        let Self { file, text, overrides, .. } = self;
        let overrides = &[overrides, more].concat();
        read(&Input { file, text, overrides }, files)
    }

    /// The same in a future: what is uncertain is drawn, before anything else is changed.
    ///
    /// # Errors
    /// All its problems.
    pub(crate) fn read_future(
        &self,
        scenario: &Scenario,
        future: Future,
        more: &[Override],
    ) -> Result<Read, Problems> {
        let Self { file, text, overrides, files } = self;
        let drawn = futures::changes(scenario, future);
        let overrides = &[&drawn, overrides.as_slice(), more].concat();
        read(&Input { file, text, overrides }, files)
    }

    /// The numbers in it that are turned to see what matters.
    pub(crate) fn numbers(&self) -> Numbers {
        let Self { file, text, overrides, files } = self;
        sensitivity::numbers(&Input { file, text, overrides }, files)
    }

    /// Draws its problems on stderr, with their number last.
    pub(crate) fn tell(&self, wrong: &Problems) -> End {
        let number = wrong.list.len() as u64 + wrong.more;
        let count = problems::sentence(&problems::count(number, &self.file), None);
        tell(&(problems::draw(wrong) + &count));
        End::Told
    }
}

/// Up to one byte more than a scenario may have.
fn read_at_most(reader: &mut dyn io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(TEXT_BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file for reading; a folder is none.
fn open(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    Ok(file)
}

fn not_readable(typed: &str, error: &io::Error) -> End {
    let end = End::files("read", typed, error);
    if error.kind() != io::ErrorKind::NotFound {
        return end;
    }
    end.hinting(format!("a path, `-`, or a scenario in the box: {}", builtin::names()))
}

fn not_text(file: &str, error: &std::string::FromUtf8Error) -> End {
    let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
    let line = valid.iter().filter(|&&byte| byte == b'\n').count() + 1;
    let byte = error.as_bytes()[valid.len()];
    End::input(
        format!("`{file}` is not UTF-8 text: byte 0x{byte:02x} in line {line}"),
        "save it as UTF-8",
    )
}

/// The folder in which a scenario's files are looked for.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    /// Whether the scenario came out of the box, without its files.
    is_builtin: bool,
}

impl Folder {
    fn beside(path: &Path) -> Self {
        Self { path: path.to_owned(), is_builtin: false }
    }

    /// A scenario in the box carries no traces. In a copy of the repository they are at hand.
    fn of_builtin(builtin: &Builtin) -> Self {
        let folder = Path::new("scenarios");
        let is_here = folder.join(builtin.name).with_extension("toml").exists();
        Self { path: if is_here { folder.to_owned() } else { PathBuf::new() }, is_builtin: true }
    }
}

impl Files for Folder {
    fn open(&self, name: &str) -> Result<Box<dyn io::Read>, String> {
        match open(&self.path.join(name)) {
            Ok(file) => Ok(Box::new(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.is_builtin => {
                Err(format!(
                    "no such file (a scenario in the box comes without its files: run it inside a \
                 copy of the repository, or put `{name}` here)"
                ))
            }
            Err(error) => Err(why(&error)),
        }
    }
}
