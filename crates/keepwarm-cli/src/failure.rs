//! What ends a command: an answer, or a failure with its exit code.

use std::error::Error as _;
use std::io;
use std::process::ExitCode;

use keepwarm::ErrorKind;
use serde_json::json;

/// Exit codes and what they mean, for the help.
pub(crate) const EXIT_CODES: [(u8, &str); 4] = [
    (YES, "done, or yes"),
    (NO, "no: a miss, nothing deleted, a value refused, a counter that cannot count"),
    (USAGE, "the command line or the settings are wrong"),
    (STORE, "a store failed"),
];

const YES: u8 = 0;
const NO: u8 = 1;
const USAGE: u8 = 2;
const STORE: u8 = 3;

/// What a command that could do its work has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done, or it is so.
    Yes,
    /// It is not so: a miss, nothing deleted.
    No,
    /// A store failed, and the command has already told which: `check`.
    Failed,
}

impl From<bool> for Answer {
    fn from(yes: bool) -> Self {
        if yes { Self::Yes } else { Self::No }
    }
}

impl From<Answer> for ExitCode {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Yes => YES,
            Answer::No => NO,
            Answer::Failed => STORE,
        }
        .into()
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
pub(crate) struct Failure {
    code: u8,
    kind: String,
    message: String,
}

impl Failure {
    /// The command line asks for something that makes no sense.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { code: USAGE, kind: "Usage".to_owned(), message: message.into() }
    }

    /// Adds what the command line knows and the library does not.
    pub(crate) fn with_hint(mut self, hint: &str) -> Self {
        self.message = format!("{} {hint}", self.message);
        self
    }

    /// Prints it on standard error and gives its exit code.
    pub(crate) fn report(self, json: bool) -> ExitCode {
        if self.code != YES {
            if json {
                eprintln!("{}", json!({"error": {"kind": self.kind, "message": self.message}}));
            } else {
                eprintln!("keepwarm: {}", self.message);
            }
        }
        self.code.into()
    }
}

impl From<keepwarm::Error> for Failure {
    fn from(error: keepwarm::Error) -> Self {
        let code = match error.kind() {
            ErrorKind::Missing | ErrorKind::NotAnInteger | ErrorKind::Overflow | ErrorKind::Encode => NO,
            ErrorKind::Configuration
            | ErrorKind::InvalidBackend
            | ErrorKind::InvalidKey
            | ErrorKind::InvalidTimeout
            | ErrorKind::Unsupported => USAGE,
            _ => STORE,
        };
        Self { code, kind: format!("{:?}", error.kind()), message: error.to_string() }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            // Whoever reads has read enough, as `head` does.
            return Self { code: YES, kind: String::new(), message: String::new() };
        }
        let source = error.source().map_or_else(String::new, |source| format!(": {source}"));
        Self { code: USAGE, kind: "Io".to_owned(), message: format!("{error}{source}") }
    }
}
