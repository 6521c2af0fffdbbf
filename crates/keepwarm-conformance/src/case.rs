//! A case: one named trial of one behaviour, over a fresh store.

use std::fmt::{Debug, Display};
use std::future::Future;
use std::pin::Pin;

use crate::need::Need;
use crate::subject::Subject;

/// A case, as its file's list names it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) needs: &'static [Need],
    pub(crate) run: for<'s> fn(&'s Subject) -> Pin<Box<dyn Future<Output = ()> + 's>>,
}

impl Case {
    /// Every need; a case that says nothing of the store needs one that keeps what it is given.
    pub(crate) fn keeps(&self) -> bool {
        !self.needs.iter().any(|need| matches!(need, Need::KeepsNothing | Need::AnyStore))
    }
}

/// The list of a file's cases, from which the suite, its names and its skips follow. A case that is in no list is unused
/// code, which this crate denies.
macro_rules! cases {
    ($($name:ident $([$($need:expr),+])?;)+) => {
        pub(crate) const CASES: &[$crate::case::Case] = {
            #[allow(unused_imports)]
            use $crate::need::Need::*;
            &[$(
                $crate::case::Case {
                    name: stringify!($name),
                    needs: &[$($($need),+)?],
                    run: |subject| Box::pin($name(subject)),
                },
            )+]
        };
    };
}

/// Carries out a verb in the subject's face: awaits it, or has it driven on this thread. A macro and not a function,
/// because each verb's builder is a type of its own with a `wait` of its own.
macro_rules! run {
    ($on:expr, $verb:expr) => {
        // A match, so that what the builder borrows lives on.
        match $verb {
            verb => {
                if $on.is_blocking() {
                    verb.wait()
                } else {
                    verb.await
                }
            }
        }
    };
}

/// Ends a case whose verb failed. Not written out in the macro, which is used more than a thousand times.
#[cold]
#[track_caller]
pub(crate) fn failed(verb: &str, error: &dyn Display) -> ! {
    panic!("{verb} failed: {error}")
}

/// Ends a case whose verb did not fail.
#[cold]
#[track_caller]
pub(crate) fn did_not_fail(verb: &str, answer: &dyn Debug) -> ! {
    panic!("{verb} did not fail but answered {answer:?}")
}

/// Carries out a verb that must succeed.
macro_rules! ok {
    ($on:expr, $verb:expr) => {
        match run!($on, $verb) {
            Ok(answer) => answer,
            Err(error) => $crate::case::failed(stringify!($verb), &error),
        }
    };
}

/// Carries out a verb that must fail, and gives its error.
macro_rules! err {
    ($on:expr, $verb:expr) => {
        match run!($on, $verb) {
            Ok(answer) => $crate::case::did_not_fail(stringify!($verb), &answer),
            Err(error) => error,
        }
    };
}

pub(crate) use {cases, err, ok, run};
