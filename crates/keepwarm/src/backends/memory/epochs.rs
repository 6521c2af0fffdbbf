//! How often each scope was cleared: what an entry is held against.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::RwLock;

/// So many scopes are found without a lock; a process has a handful of key prefixes.
const DIRECT_SCOPES: usize = 64;

/// How often each scope was cleared.
pub(super) struct Epochs {
    direct: [AtomicU32; DIRECT_SCOPES],
    /// The scopes beyond; an `Arc` each, so that the lock is held only to find it.
    more: RwLock<Vec<Arc<AtomicU32>>>,
}

impl Epochs {
    pub(super) fn new() -> Self {
        Self { direct: [const { AtomicU32::new(0) }; DIRECT_SCOPES], more: RwLock::default() }
    }

    #[inline]
    pub(super) fn of(&self, scope: u32) -> u32 {
        self.with(scope, |epoch| epoch.load(Ordering::SeqCst))
    }

    #[inline]
    pub(super) fn with<T>(&self, scope: u32, look: impl FnOnce(&AtomicU32) -> T) -> T {
        match self.direct.get(scope as usize) {
            Some(epoch) => look(epoch),
            None => look(&self.beyond(scope as usize - DIRECT_SCOPES)),
        }
    }

    #[cold]
    fn beyond(&self, index: usize) -> Arc<AtomicU32> {
        if let Some(epoch) = self.more.read().get(index) {
            return Arc::clone(epoch);
        }
        let mut more = self.more.write();
        if more.len() <= index {
            more.resize_with(index + 1, Arc::default);
        }
        Arc::clone(&more[index])
    }
}
