//! Leases that were asked for and never seen: a caller who had no more time may have been granted one all the same, and
//! nobody else would compute the value until it ran out.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::background::Job;
use super::script_call::Arguments;
use super::scripts;
use super::store::Store;
use crate::entry::Stamp;
use crate::error::{ErrorKind, Result};
use crate::key::{Key, Scope};

/// A server that does not answer is asked again after this, and then after twice as long, up to the second.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// A lease that somebody may hold without knowing.
#[derive(Debug)]
pub(super) struct Unseen {
    key: String,
    scope: Scope,
    stamp: Stamp,
    /// When it has run out by itself, if it was granted.
    over: Instant,
}

/// Held while a lease is asked for. Dropped before the answer came, it has the lease given back.
pub(super) struct Asked<'s> {
    store: &'s Arc<Store>,
    unseen: Option<Unseen>,
}

impl<'s> Asked<'s> {
    pub(super) fn new(store: &'s Arc<Store>, key: &Key<'_>, stamp: Stamp, length: Duration) -> Self {
        let (key, scope) = (key.as_str().to_owned(), key.scope().clone());
        Self { store, unseen: Some(Unseen { key, scope, stamp, over: Instant::now() + length }) }
    }

    /// What the server says is known: nothing is left to be given back, unless it is not known what it did.
    pub(super) fn answered<T>(mut self, answer: Result<T>) -> Result<T> {
        let is_known = answer
            .as_ref()
            .map_or_else(|error| !matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection), |_| true);
        if is_known {
            self.unseen = None;
        }
        answer
    }
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        if let Some(unseen) = self.unseen.take() {
            self.store.later(Job::GiveBack(unseen));
        }
    }
}

impl Store {
    /// Gives a lease back, if it was granted. Behind the question, since that may still lie before the server: over a new
    /// connection, which the server turns to later.
    pub(super) fn give_back(self: &Arc<Self>, unseen: &Unseen) {
        let key = Key::new(&unseen.key, &unseen.scope);
        let mut pause = PAUSE;
        while Instant::now() < unseen.over {
            let arguments = Arguments::default().and(&unseen.stamp.0.to_le_bytes()[..]);
            let given = crate::blocking::drive(self.on_entry(&scripts::RELEASE, &key, &[], arguments, true));
            match given {
                Err(error) if matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Connection) => {}
                _ => return,
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
