//! The scenarios in the box.

/// A scenario that is part of the program.
#[derive(Debug)]
pub(crate) struct Builtin {
    /// What to type.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it answers.
    pub question: &'static str,
    /// The file.
    pub text: &'static str,
}

/// All of them, by name; made by `build.rs` from `scenarios/*.toml`.
pub(crate) const ALL: &[Builtin] = include!(concat!(env!("OUT_DIR"), "/builtin.rs"));

/// Those that teams told in public; each has a page in `docs/stories`.
const STORIES: [&str; 6] =
    ["data-mesh", "hubspot", "mallcz", "mercadolibre", "monetate", "tickets"];

impl Builtin {
    /// Whether a team told it in public.
    pub(crate) fn is_story(&self) -> bool {
        STORIES.contains(&self.name)
    }
}

/// The one of this name.
pub(crate) fn find(name: &str) -> Option<&'static Builtin> {
    ALL.iter().find(|builtin| builtin.name == name)
}

/// The names, in a sentence.
pub(crate) fn names() -> String {
    ALL.iter().map(|builtin| format!("`{}`", builtin.name)).collect::<Vec<_>>().join(", ")
}
