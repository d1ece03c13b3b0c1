//! How a command ends: the exit codes, and what is said on the way out.

use std::io::{self, Write as _};
use std::process::ExitCode;

/// Why a command did not end with everything in order.
#[derive(Debug)]
pub(crate) enum End {
    /// It ran, and an expectation was missed. Exit code 1.
    Missed,
    /// What the user wrote is wrong, and it has been said where and why. Exit code 2.
    Told,
    /// What the user typed is wrong. Exit code 2.
    Input(Complaint),
    /// Something could not be read or written. Exit code 3.
    Files(Complaint),
    /// Nobody reads our output any more: there is nothing left to do, and nothing wrong.
    NobodyListens,
}

/// A sentence for stderr: lower case, no full stop.
#[derive(Debug)]
pub(crate) struct Complaint {
    /// What is wrong.
    pub message: String,
    /// The way out, where we know one.
    pub hint: Option<String>,
}

impl End {
    /// Something that the user typed is wrong.
    pub(crate) fn input(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Input(Complaint { message: message.into(), hint: Some(hint.into()) })
    }

    /// `what` (`cannot read`, `cannot write`) failed on `name`.
    pub(crate) fn files(what: &str, name: impl std::fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Self::NobodyListens;
        }
        let message = format!("cannot {what} `{name}`: {}", why(error));
        Self::Files(Complaint { message, hint: None })
    }

    /// The same, with a hint.
    pub(crate) fn hinting(mut self, hint: impl Into<String>) -> Self {
        if let Self::Input(complaint) | Self::Files(complaint) = &mut self {
            complaint.hint = Some(hint.into());
        }
        self
    }
}

/// The system's sentence about an error, without its number, in lower case.
pub(crate) fn why(error: &io::Error) -> String {
    if error.kind() == io::ErrorKind::NotFound {
        return "no such file".to_owned();
    }
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_lowercase().collect::<String>() + letters.as_str()
    })
}

/// Writes to stdout, whole; colour is taken out unless a terminal wants it.
pub(crate) fn say(text: &str) -> Result<(), End> {
    let mut out = anstream::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| End::files("write to", "stdout", &error))
}

/// Writes a value to stdout as JSON, indented, with a line end.
pub(crate) fn say_json(value: &impl serde::Serialize) -> Result<(), End> {
    let json = serde_json::to_string_pretty(value).expect("our own types are JSON");
    say(&(json + "\n"))
}

/// Writes to stderr. If nobody listens there, there is nobody to tell.
pub(crate) fn tell(text: &str) {
    let _ = anstream::stderr().lock().write_all(text.as_bytes());
}

/// Says what is left to say, and gives the exit code.
pub(crate) fn exit_code(result: Result<(), End>) -> ExitCode {
    let (code, complaint) = match result {
        Ok(()) | Err(End::NobodyListens) => (0, None),
        Err(End::Missed) => (1, None),
        Err(End::Told) => (2, None),
        Err(End::Input(complaint)) => (2, Some(complaint)),
        Err(End::Files(complaint)) => (3, Some(complaint)),
    };
    if let Some(Complaint { message, hint }) = complaint {
        tell(&crate::problems::sentence(&message, hint.as_deref()));
    }
    ExitCode::from(code)
}
