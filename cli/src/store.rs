//! Files that are there whole or not at all.
//!
//! A run that is killed leaves what was there before it. While it runs, its rows go to a file
//! without a name ([`spool`]); at the end every result is written beside its place under a
//! name of its own, brought to disk, and only then renamed ([`Batch::publish`]).

use crate::end::End;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file without a name in `folder`: gone when the process is, however that ends.
pub(crate) fn spool(folder: &Path) -> Result<File, End> {
    tempfile::tempfile_in(folder)
        .map_err(|error| End::files("write into", folder.display(), &error))
}

/// Copies a spool from its beginning.
pub(crate) fn pour(spool: &mut File, into: &mut dyn Write) -> io::Result<()> {
    spool.rewind()?;
    io::copy(spool, into).map(drop)
}

/// The folder that a path lies in.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A folder for results. If we had to make it and nothing is put into it, it goes again.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    is_ours: bool,
}

impl Folder {
    /// Makes it where there is none.
    pub(crate) fn make(path: &Path) -> Result<Self, End> {
        let is_ours = !path.exists();
        let made = fs::create_dir_all(path);
        made.map_err(|error| End::files("make the folder", path.display(), &error))?;
        Ok(Self { path: path.to_owned(), is_ours })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.is_ours {
            // Fails when there is something in it, which is what we want.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

/// Results that appear together, once all of them are on disk.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    written: Vec<(NamedTempFile, PathBuf)>,
    stale: Vec<PathBuf>,
}

impl Batch {
    /// Writes one, under a name of its own for now.
    pub(crate) fn add(
        &mut self,
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), End> {
        let written = Self::write(path, write);
        let file = written.map_err(|error| End::files("write", path.display(), &error))?;
        self.written.push((file, path.to_owned()));
        Ok(())
    }

    /// Lets go of what an earlier run left under this name, once the others are in place.
    pub(crate) fn remove(&mut self, path: &Path) {
        self.stale.push(path.to_owned());
    }

    fn write(
        path: &Path,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<NamedTempFile> {
        if path.is_dir() {
            return Err(io::Error::other("it is a folder"));
        }
        let mut options = tempfile::Builder::new();
        options.prefix(".fleetcast-").suffix(".tmp");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            options.permissions(fs::Permissions::from_mode(0o666)); // The umask takes its part.
        }
        let file = options.tempfile_in(folder_of(path))?;
        let mut buffer = BufWriter::with_capacity(1 << 16, file);
        write(&mut buffer)?;
        let file = buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.as_file().sync_all()?;
        Ok(file)
    }

    /// Puts all of them into place. What was there under their names is replaced.
    pub(crate) fn publish(self) -> Result<(), End> {
        for (file, path) in self.written {
            let put = file.persist(&path).map_err(|error| error.error);
            put.map_err(|error| End::files("write", path.display(), &error))?;
            // The name is as lasting as the bytes only once the folder is on disk too. Not every
            // system can do that, and the file is whole without it.
            let _ = File::open(folder_of(&path)).and_then(|folder| folder.sync_all());
        }
        for path in self.stale {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(End::files("remove", path.display(), &error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).expect("the folder is there");
        let names = entries.map(|entry| entry.expect("readable").file_name());
        let mut names: Vec<_> = names.map(|name| name.to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    #[test]
    fn results_appear_together_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        fs::write(&a, "before").expect("writable");

        let mut batch = Batch::default();
        batch.add(&a, |out| out.write_all(b"after")).expect("written");
        batch.add(&b, |_| Err(io::Error::other("disk full"))).expect_err("it fails");
        drop(batch);
        assert_eq!(names(folder.path()), ["a"]);
        assert_eq!(fs::read_to_string(&a).expect("readable"), "before");

        let mut batch = Batch::default();
        batch.add(&a, |out| out.write_all(b"after")).expect("written");
        batch.add(&b, |out| out.write_all(b"new")).expect("written");
        batch.publish().expect("published");
        assert_eq!(names(folder.path()), ["a", "b"]);
        assert_eq!(fs::read_to_string(&a).expect("readable"), "after");
    }

    #[test]
    fn a_folder_made_for_nothing_goes_again() {
        let parent = tempfile::tempdir().expect("a folder");
        let path = parent.path().join("out");
        drop(Folder::make(&path).ok());
        assert!(!path.exists());
        let folder = Folder::make(&path).expect("made");
        fs::write(folder.path().join("x"), "").expect("writable");
        drop(folder);
        assert!(path.exists());
    }
}
