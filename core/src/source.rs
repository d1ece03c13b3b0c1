//! Where text comes from: the caller fetches, the core only reads.

use std::io::Read;

/// Opens the files that a scenario names (traces, inventories, lifetimes). The command line
/// opens them beside the scenario; the web app has them in memory; tests write them as literals.
pub trait Files {
    /// A reader over the file's bytes, exactly as stored (gzip is recognised by the core).
    /// Called more than once for one name: first to check the file, then to run it.
    ///
    /// # Errors
    /// What stood in the way, as a sentence without the name: `no such file`.
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String>;
}

/// A place without files: every scenario that names one is told so.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn open(&self, _name: &str) -> Result<Box<dyn Read>, String> {
        Err("there are no files here".to_owned())
    }
}

/// Files held in memory, by name.
#[derive(Clone, Debug, Default)]
pub struct MemoryFiles {
    files: std::collections::BTreeMap<String, std::sync::Arc<[u8]>>,
}

impl MemoryFiles {
    /// Adds a file, or puts another in its place.
    pub fn insert(&mut self, name: impl Into<String>, bytes: impl Into<std::sync::Arc<[u8]>>) {
        self.files.insert(name.into(), bytes.into());
    }
}

impl Files for MemoryFiles {
    fn open(&self, name: &str) -> Result<Box<dyn Read>, String> {
        let bytes = self.files.get(name).ok_or("no such file")?.clone();
        Ok(Box::new(std::io::Cursor::new(bytes)))
    }
}
