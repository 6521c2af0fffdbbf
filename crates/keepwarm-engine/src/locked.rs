//! The lock of a mapped file: who holds it may write there.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::members::Membership;
use crate::sys::allocate;
use crate::words::Words;

/// So often the word is looked at before the thread lets others run, and so often before it sleeps.
const SPINS: u32 = 100;
const YIELDS: u32 = 150;

/// A holder that has held on for so long is asked after: whether it still lives.
const DOUBT: Duration = Duration::from_millis(1);

/// What is mapped, and where in it its lock lies.
pub(crate) trait Lockable {
    type Words: Words;

    fn lock(&self) -> (&Self::Words, usize);
}

/// A mapped file whose lock is held to write there, first among the threads of this process and then among processes.
///
/// The lock is a word with its holder's number, or 0. One compare-and-swap takes it, a store lets it go: no system call,
/// where the kernel's own lock costs two. Somebody who has waited asks the kernel whether the holder lives, and takes the
/// lock from a dead one. The numbers never come back, so that the swap can succeed only while the dead one's is there.
pub(crate) struct Locked<T> {
    pub(crate) inner: T,
    file: Arc<File>,
    path: PathBuf,
    threads: Mutex<()>,
    member: Arc<Membership>,
}

impl<T: Lockable> Locked<T> {
    pub(crate) fn new(inner: T, file: Arc<File>, path: PathBuf, member: Arc<Membership>) -> Self {
        Self { inner, file, path, threads: Mutex::new(()), member }
    }

    /// Does something with the lock held.
    pub(crate) fn with<R>(&self, patience: Duration, work: impl FnOnce(&T) -> R) -> Result<R> {
        let Some(_thread) = self.threads.try_lock().or_else(|| self.threads.try_lock_for(patience)) else {
            return Err(Error::Locked { file: self.path.clone(), waited: patience });
        };
        let (words, at) = self.inner.lock();
        if !take(words, at, 0, self.member.number()) {
            wait(words, at, &self.member, &self.path, patience)?;
        }
        let _held = Held { words, at };
        Ok(work(&self.inner))
    }

    /// Takes room in the file.
    pub(crate) fn allocate(&self, at: usize, length: usize) -> bool {
        allocate(&self.file, at, length).is_ok()
    }
}

struct Held<'w, W: Words> {
    words: &'w W,
    at: usize,
}

impl<W: Words> Drop for Held<'_, W> {
    fn drop(&mut self) {
        self.words.store(self.at, 0, Release);
    }
}

/// Takes the lock from `holder`, 0 being nobody. Who has it sees all that its last holder did.
#[inline]
fn take(words: &impl Words, at: usize, holder: u64, number: u64) -> bool {
    let taken = words.exchange(at, holder, number);
    words.fence(Acquire);
    taken
}

#[cold]
fn wait(words: &impl Words, at: usize, member: &Membership, path: &Path, patience: Duration) -> Result<()> {
    let begun = Instant::now();
    let (mut suspect, mut since) = (0, begun);
    // Waiting has an end: a holder that is stopped must not stop everybody.
    for round in 0_u32.. {
        let holder = words.load(at, Relaxed);
        if holder == 0 {
            if take(words, at, 0, member.number()) {
                return Ok(());
            }
        } else if holder != suspect {
            (suspect, since) = (holder, Instant::now());
        } else if round >= SPINS && since.elapsed() >= DOUBT {
            if !member.lives(holder) && take(words, at, holder, member.number()) {
                return Ok(());
            }
            since = Instant::now() + DOUBT * (round / 8).min(50);
        }
        let waited = begun.elapsed();
        if waited >= patience {
            return Err(Error::Locked { file: path.to_owned(), waited });
        }
        match round {
            ..SPINS => std::hint::spin_loop(),
            SPINS..YIELDS => thread::yield_now(),
            _ => thread::sleep(Duration::from_micros(u64::from((round - YIELDS).min(40)) * 25 + 25)),
        }
    }
    unreachable!("the patience ends before the rounds")
}

/// The lock in every order that the memory model allows.
#[cfg(all(test, not(miri)))]
mod model {
    use loom::sync::Arc;

    use super::*;
    use crate::modelled::{Modelled, Without};
    use crate::words::WORD;

    const DEAD: u64 = 9;

    /// Two that find the lock of a dead one, and add to the same word under it.
    fn both_count(without: Without) {
        loom::model(move || {
            let words = Arc::new(Modelled::new([(0, DEAD), (WORD, 0)], without));
            let count = |words: &Modelled, number: u64| {
                while !take(words, 0, words.load(0, Relaxed) & DEAD, number) {
                    loom::thread::yield_now();
                }
                let _held = Held { words, at: 0 };
                words.store(WORD, words.load(WORD, Relaxed) + 1, Relaxed);
            };
            let other = loom::thread::spawn({
                let words = Arc::clone(&words);
                move || count(&words, 2)
            });
            count(&words, 4);
            other.join().unwrap();
            assert_eq!(words.load(WORD, Relaxed), 2, "one of them has not seen what the other did");
        });
    }

    #[test]
    fn one_holds_it_at_a_time_and_sees_what_the_last_one_did() {
        both_count(Without::Nothing);
    }

    #[test]
    #[should_panic(expected = "one of them has not seen")]
    fn the_model_notices_a_lock_that_orders_nothing() {
        both_count(Without::Fence(Acquire));
    }
}
