//! What a memoized function remembers.
//!
//! Not a [`Cache`](crate::Cache): a memo never leaves the process, so its values need not be encodable (a compiled
//! pattern, a template, an `Arc`), and a hit is a clone.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use lru::LruCache;
use parking_lot::{Mutex, ReentrantMutex};

use crate::clock::Clock;
use crate::error::Error;
use crate::expiry::{Deadline, Timeout};

use super::kind::Kind;

/// How a memoized function does, as its `cache_info()` tells.
///
/// ```
/// #[keepwarm::memoize(max_size = 2)]
/// fn square(number: u64) -> u64 {
///     number * number
/// }
///
/// square(3);
/// square(3);
/// let info = square::cache_info();
/// assert_eq!((info.hits, info.misses, info.size, info.max_size), (1, 1, 1, 2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheInfo {
    /// How often a result was there, or another caller's was waited for.
    pub hits: u64,
    /// How often the body ran.
    pub misses: u64,
    /// How many results are kept, also expired ones that nobody asked for since.
    pub size: usize,
    /// How many results are kept at most.
    pub max_size: usize,
}

/// The results of one function, the least recently used ones going first.
pub struct Memo {
    max_size: usize,
    timeout: Timeout,
    clock: Clock,
    state: Mutex<State>,
}

struct State {
    results: LruCache<String, Kept>,
    /// The computations under way. Apart from the results, so that a failed or dropped one never takes a place.
    computing: HashMap<String, Arc<dyn Any + Send + Sync>>,
    /// Counts `clear`s: what was computed before one is not kept after it.
    generation: u64,
    hits: u64,
    misses: u64,
}

struct Kept {
    /// Of any type, because a generic function has one memo for all its instances.
    value: Arc<dyn Any + Send + Sync>,
    deadline: Deadline,
}

/// Where the callers of one computation wait in line. An async caller must not block its thread ...
type AsyncLine<T> = tokio::sync::Mutex<Option<Arc<T>>>;
/// ... and a blocking one may call itself with the same arguments, which must not wait for itself.
type BlockingLine<T> = ReentrantMutex<RefCell<Option<Arc<T>>>>;

enum Lookup<'a, T, L> {
    Found(Arc<T>),
    Missing(Turn<'a, L>),
}

impl Memo {
    pub fn new(max_size: usize, timeout: impl Into<Timeout>) -> Self {
        Self::with_clock(max_size, timeout.into(), Clock::system())
    }

    fn with_clock(max_size: usize, timeout: Timeout, clock: Clock) -> Self {
        let state = State {
            // Bounded by hand: with a capacity it would reserve room for all results at once.
            results: LruCache::unbounded(),
            computing: HashMap::new(),
            generation: 0,
            hits: 0,
            misses: 0,
        };
        Self { max_size, timeout, clock, state: Mutex::new(state) }
    }

    /// The result of an async function for these arguments. Callers who miss together wait for one of them; if it
    /// fails or is dropped, the next one computes.
    pub async fn remember<K, R, F, Fut>(&self, _: K, key: Result<String, Error>, body: F) -> R
    where
        K: Kind<R>,
        K::Kept: Clone + Send + Sync + 'static,
        F: FnOnce() -> Fut,
        Fut: Future<Output = R>,
    {
        let Ok(key) = key else {
            return body().await;
        };
        let turn = match self.look_up::<K::Kept, AsyncLine<K::Kept>>(key) {
            Lookup::Found(value) => return K::join(Ok(K::Kept::clone(&value))),
            Lookup::Missing(turn) => turn,
        };
        let mut line = turn.line.lock().await;
        if let Some(value) = &*line {
            self.state.lock().hits += 1;
            return K::join(Ok(K::Kept::clone(value)));
        }
        self.state.lock().misses += 1;
        let result = K::split(body().await).map(|value| {
            let value = Arc::new(value);
            *line = Some(value.clone());
            turn.keep(value.clone());
            K::Kept::clone(&value)
        });
        K::join(result)
    }

    /// The result of a blocking function for these arguments; callers of other threads wait as in [`remember`](Self::remember).
    pub fn remember_blocking<K, R>(&self, _: K, key: Result<String, Error>, body: impl FnOnce() -> R) -> R
    where
        K: Kind<R>,
        K::Kept: Clone + Send + Sync + 'static,
    {
        let Ok(key) = key else {
            return body();
        };
        let turn = match self.look_up::<K::Kept, BlockingLine<K::Kept>>(key) {
            Lookup::Found(value) => return K::join(Ok(K::Kept::clone(&value))),
            Lookup::Missing(turn) => turn,
        };
        let line = turn.line.lock();
        let waited_for = line.borrow().clone();
        if let Some(value) = waited_for {
            self.state.lock().hits += 1;
            return K::join(Ok(K::Kept::clone(&value)));
        }
        self.state.lock().misses += 1;
        let result = K::split(body()).map(|value| {
            let value = Arc::new(value);
            *line.borrow_mut() = Some(value.clone());
            turn.keep(value.clone());
            K::Kept::clone(&value)
        });
        K::join(result)
    }

    pub fn clear(&self) {
        let mut state = self.state.lock();
        state.results.clear();
        state.computing.clear();
        state.generation += 1;
        (state.hits, state.misses) = (0, 0);
    }

    pub fn info(&self) -> CacheInfo {
        let state = self.state.lock();
        CacheInfo { hits: state.hits, misses: state.misses, size: state.results.len(), max_size: self.max_size }
    }

    fn look_up<T, L>(&self, key: String) -> Lookup<'_, T, L>
    where
        T: Send + Sync + 'static,
        L: Default + Send + Sync + 'static,
    {
        let mut state = self.state.lock();
        if let Some(Kept { value, deadline }) = state.results.get(&key) {
            // Another type under one key would be two types of one name in a generic function: not a hit.
            if !deadline.has_passed(self.clock.now())
                && let Ok(value) = value.clone().downcast()
            {
                state.hits += 1;
                return Lookup::Found(value);
            }
            state.results.pop(&key);
        }
        let line = state.computing.entry(key.clone()).or_insert_with(|| Arc::new(L::default())).clone();
        let line = line.downcast().unwrap_or_default();
        Lookup::Missing(Turn { memo: self, generation: state.generation, key, line })
    }
}

/// One caller's place in the line for a computation.
struct Turn<'a, L> {
    memo: &'a Memo,
    key: String,
    generation: u64,
    line: Arc<L>,
}

impl<L> Turn<'_, L> {
    fn keep(&self, value: Arc<dyn Any + Send + Sync>) {
        let memo = self.memo;
        let deadline = memo.timeout.deadline(memo.clock.now());
        let mut state = memo.state.lock();
        let Some(deadline) = deadline.filter(|_| state.generation == self.generation) else {
            return;
        };
        state.results.put(self.key.clone(), Kept { value, deadline });
        if state.results.len() > memo.max_size {
            state.results.pop_lru();
        }
    }
}

impl<L> Drop for Turn<'_, L> {
    fn drop(&mut self) {
        let mut state = self.memo.state.lock();
        // The last one in line takes the line away: the map's and this one's are the only references left, and new ones
        // are only made under this lock.
        let ours = state.computing.get(&self.key).is_some_and(|line| {
            std::ptr::addr_eq(Arc::as_ptr(line), Arc::as_ptr(&self.line)) && Arc::strong_count(line) == 2
        });
        if ours {
            state.computing.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;
    use crate::__private::{OnlyOk, Plain};
    use crate::clock::ManualClock;

    fn ask(memo: &Memo, key: &str, value: u32) -> u32 {
        memo.remember_blocking(Plain, Ok(key.into()), || value)
    }

    // covers: R154
    #[test]
    fn the_least_recently_used_result_goes_first() {
        let memo = Memo::new(2, Timeout::Never);
        ask(&memo, "a", 1);
        ask(&memo, "b", 2);
        assert_eq!(ask(&memo, "a", 9), 1);
        ask(&memo, "c", 3);
        assert_eq!(ask(&memo, "a", 9), 1);
        assert_eq!(ask(&memo, "b", 9), 9);
        assert_eq!(memo.info(), CacheInfo { hits: 2, misses: 4, size: 2, max_size: 2 });
    }

    // covers: R154
    #[test]
    fn results_expire() {
        let clock = ManualClock::new();
        let memo = Memo::with_clock(10, Timeout::After(Duration::from_secs(60)), Clock::manual(&clock));
        assert_eq!(ask(&memo, "a", 1), 1);
        clock.advance(Duration::from_secs(59));
        assert_eq!(ask(&memo, "a", 2), 1);
        clock.advance(Duration::from_secs(1));
        assert_eq!(ask(&memo, "a", 3), 3);
    }

    #[test]
    fn what_was_computed_before_a_clear_is_not_kept_after_it() {
        let memo = Memo::new(10, Timeout::Never);
        let during = memo.remember_blocking(Plain, Ok("a".into()), || {
            memo.clear();
            1
        });
        assert_eq!(during, 1);
        assert_eq!(ask(&memo, "a", 2), 2);
    }

    #[test]
    fn errors_and_panics_leave_nothing_behind() {
        let memo = Memo::new(10, Timeout::Never);
        let failed: Result<u32, &str> = memo.remember_blocking(OnlyOk, Ok("a".into()), || Err("no"));
        assert_eq!(failed, Err("no"));
        let panicking =
            std::panic::AssertUnwindSafe(|| memo.remember_blocking(Plain, Ok("a".into()), || -> u32 { panic!() }));
        assert!(std::panic::catch_unwind(panicking).is_err());
        assert!(memo.state.lock().computing.is_empty());
        assert_eq!(memo.info().size, 0);
        assert_eq!(ask(&memo, "a", 3), 3);
    }

    #[test]
    fn a_function_that_calls_itself_with_the_same_arguments_does_not_wait_for_itself() {
        let memo = Memo::new(10, Timeout::Never);
        let depth = Cell::new(0);
        fn descend(memo: &Memo, depth: &Cell<u32>) -> u32 {
            memo.remember_blocking(Plain, Ok("a".into()), || {
                depth.set(depth.get() + 1);
                if depth.get() < 3 { descend(memo, depth) } else { 7 }
            })
        }
        assert_eq!(descend(&memo, &depth), 7);
    }

    #[test]
    fn threads_that_miss_together_compute_once() {
        let memo = Memo::new(10, Timeout::Never);
        let runs = AtomicUsize::new(0);
        let together = Barrier::new(8);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    together.wait();
                    let value = memo.remember_blocking(Plain, Ok("a".into()), || runs.fetch_add(1, Ordering::SeqCst));
                    assert_eq!(value, 0);
                });
            }
        });
        assert_eq!(runs.load(Ordering::SeqCst), 1);
        assert_eq!(memo.info(), CacheInfo { hits: 7, misses: 1, size: 1, max_size: 10 });
        assert!(memo.state.lock().computing.is_empty());
    }

    #[tokio::test]
    async fn when_the_computing_caller_is_dropped_the_next_one_computes() {
        let memo = Memo::new(10, Timeout::Never);
        let never = memo.remember(Plain, Ok("a".into()), || std::future::pending::<u32>());
        let mut never = Box::pin(never);
        assert!(is_pending(&mut never).await);
        let mut waiter = Box::pin(memo.remember(Plain, Ok("a".into()), || async { 2_u32 }));
        assert!(is_pending(&mut waiter).await);
        drop(never);
        assert_eq!(waiter.await, 2);
        assert!(memo.state.lock().computing.is_empty());
    }

    /// Polls once; whether it is still pending.
    async fn is_pending<F: Future + Unpin>(future: &mut F) -> bool {
        std::future::poll_fn(|context| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_pending())
        })
        .await
    }

    #[test]
    fn two_types_under_one_key_are_not_mixed_up() {
        let memo = Memo::new(10, Timeout::Never);
        assert_eq!(memo.remember_blocking(Plain, Ok("a".into()), || 1_u8), 1);
        assert_eq!(memo.remember_blocking(Plain, Ok("a".into()), || String::from("b")), "b");
    }
}
