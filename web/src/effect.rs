//! What the page wants done outside: by its workers and by the browser.

use crate::protocol::ToWorker;
use std::rc::Rc;

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say something to a worker, with bytes beside it.
    Send(usize, ToWorker, Option<Rc<[u8]>>),
    /// Let a lane's frames go: others will come.
    NewFilm(usize),
    /// Let go of the worker of a lane and start another.
    Restart(usize),
    /// Ask for a check once no key was pressed for a moment.
    CheckSoon,
    /// Fetch a file of the box.
    Fetch(String),
    /// Save a text as a JSON file of this name.
    Save(String, String),
    /// Show another instant.
    Show(u64),
    /// Put a link with this fragment into the address and the clipboard.
    Link(String),
    /// Empty the address's fragment.
    ClearLink,
    /// Remember this fragment, or forget all.
    Remember(Option<String>),
    /// Light or dark from now on; remembered if asked.
    Theme(Theme),
    /// Move the focus to what a new screen is about.
    FocusMain,
}

/// A file that scenarios may name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// As the scenario writes it.
    pub name: String,
    /// What is in it.
    pub bytes: Rc<[u8]>,
    /// Whether a person opened it; else it is the box's.
    pub is_own: bool,
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The next one.
    pub fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The one with this name.
    pub fn of(name: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.name() == name)
    }
}
