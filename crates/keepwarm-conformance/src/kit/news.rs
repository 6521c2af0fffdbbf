//! A store that tells what changes in it, when a test lets it.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use keepwarm::backend::{Abilities, Change, Feed, Watcher};
use keepwarm::layers::{Layer, Stack};
use keepwarm::{Backend, Result};
use parking_lot::Mutex;

use super::{Answer, Call, Probe, Probed, Shared, Verb};

/// A backend that tells what is written to it, by whomever.
pub type Telling<B> = Probed<B, News>;

/// What changes in a [`Telling`] store, as a [`Feed`] under a test's control; clones are the same.
///
/// It begins connected and tells at once, before the verb that changes something has answered. A test may hold the news back
/// and let them go one after the other, lose the connection, or have it fall silent.
///
/// ```
/// use keepwarm::backends::memory::Memory;
/// use keepwarm::layers::Tiered;
/// use keepwarm::{Cache, MemoryOptions};
/// use keepwarm_conformance::kit::{News, Shared};
///
/// let news = News::new();
/// let store = Shared::new(news.around(Memory::new(&MemoryOptions::new(), Default::default())));
/// let near = Cache::builder().backend(store.clone()).layer(Tiered::new(news.clone())).build()?;
/// let other = Cache::builder().backend(store).build()?;
/// other.set("key", &1).wait()?;
/// assert_eq!(near.get::<i32>("key").wait()?, Some(1));
/// news.hold();
/// other.set("key", &2).wait()?;
/// assert_eq!(near.get::<i32>("key").wait()?, Some(1), "the news is not in yet");
/// news.deliver();
/// assert_eq!(near.get::<i32>("key").wait()?, Some(2));
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct News(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    listeners: Vec<Listener>,
    hold: bool,
    silent: bool,
    lost: bool,
}

struct Listener {
    watcher: Weak<dyn Watcher>,
    news: VecDeque<Told>,
}

#[derive(Clone)]
enum Told {
    Key(String),
    Marker(String),
    Scope(String),
    Everything,
}

impl Told {
    fn change(&self) -> Change<'_> {
        match self {
            Self::Key(text) => Change::Key(text),
            Self::Marker(name) => Change::Marker(name),
            Self::Scope(prefix) => Change::Scope(prefix),
            Self::Everything => Change::Everything,
        }
    }
}

impl std::fmt::Debug for News {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("News").field("held", &self.held()).finish()
    }
}

impl News {
    /// Connected, and telling at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// A telling backend around `inner`.
    pub fn around<B: Backend>(&self, inner: B) -> Telling<B> {
        Probed::around(inner, self.clone())
    }

    /// From now on the news wait until they are delivered.
    pub fn hold(&self) {
        self.0.lock().hold = true;
    }

    /// How many news wait, of the listener that has the most.
    pub fn held(&self) -> usize {
        self.0.lock().listeners.iter().map(|listener| listener.news.len()).max().unwrap_or(0)
    }

    /// Delivers what waits, and goes on holding back what comes.
    pub fn deliver(&self) {
        while self.deliver_one() {}
    }

    /// Delivers the oldest news of each listener; false when there was none.
    pub fn deliver_one(&self) -> bool {
        let due: Vec<_> = {
            let mut state = self.0.lock();
            let next = |listener: &mut Listener| Some((listener.watcher.clone(), listener.news.pop_front()?));
            state.listeners.iter_mut().filter_map(next).collect()
        };
        // Not under the lock: who is told may ask.
        for (watcher, told) in &due {
            if let Some(watcher) = watcher.upgrade() {
                watcher.changed(told.change());
            }
        }
        !due.is_empty()
    }

    /// Tells everybody at once that this stored key changed, whether it did or not.
    pub fn tell(&self, key: &str) {
        self.tell_all(|watcher| watcher.changed(Change::Key(key)));
    }

    /// The connection breaks: what happens from here on is not told, nor what waited, and the listeners know.
    pub fn lose(&self) {
        self.0.lock().lost = true;
        self.tell_all(|watcher| watcher.lost());
    }

    /// The connection is there again.
    pub fn reconnect(&self) {
        let mut state = self.0.lock();
        state.lost = false;
        state.silent = false;
        state.listeners.iter_mut().for_each(|listener| listener.news.clear());
        drop(state);
        self.tell_all(|watcher| watcher.watching());
    }

    /// From here on nothing is told any more, and nobody knows.
    pub fn fall_silent(&self) {
        self.0.lock().silent = true;
    }

    fn tell_all(&self, tell: impl Fn(&dyn Watcher)) {
        let watchers: Vec<_> = self.0.lock().listeners.iter().map(|listener| listener.watcher.clone()).collect();
        watchers.iter().filter_map(Weak::upgrade).for_each(|watcher| tell(&*watcher));
    }

    fn note(&self, told: &Told) {
        let mut state = self.0.lock();
        if state.lost || state.silent {
            return;
        }
        state.listeners.retain(|listener| listener.watcher.strong_count() > 0);
        state.listeners.iter_mut().for_each(|listener| listener.news.push_back(told.clone()));
        let hold = state.hold;
        drop(state);
        if !hold {
            self.deliver();
        }
    }
}

impl Feed for News {
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        let mut state = self.0.lock();
        state.listeners.push(Listener { watcher: watcher.clone(), news: VecDeque::new() });
        let lost = state.lost;
        drop(state);
        if let Some(watcher) = watcher.upgrade().filter(|_| !lost) {
            watcher.watching();
        }
    }
}

impl Layer for News {
    type Wrapped = Probed<Shared, Self>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        Probed::around(inner.into(), self)
    }
}

impl Probe for News {
    fn waits(&self) -> bool {
        false
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    async fn after(&self, call: &Call) -> Result<()> {
        let named = |kind: fn(String) -> Told| call.names.iter().cloned().map(kind).collect();
        let told: Vec<Told> = match call.verb {
            Verb::Put | Verb::PutMany | Verb::Remove | Verb::RemoveMany | Verb::AddTo | Verb::Tally | Verb::Touch => {
                named(Told::Key)
            }
            Verb::Renew => named(Told::Marker),
            Verb::Clear => named(Told::Scope),
            Verb::ClearStore => vec![Told::Everything],
            _ => Vec::new(),
        };
        told.iter().for_each(|told| self.note(told));
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}
