//! A backend whose verbs can be held and let go: "slow", without a test having to sleep.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};

use keepwarm::backend::Abilities;
use keepwarm::layers::{Layer, Stack};
use keepwarm::{Backend, Result};
use parking_lot::{Condvar, Mutex};

use super::{Answer, Call, PATIENCE, Probe, Probed, Shared as Inner};

/// A backend whose verbs wait at a [`Gate`].
pub type Delaying<B> = Probed<B, Gate>;

type Rule = dyn Fn(&Call) -> bool + Send + Sync;

/// Where calls are held, before they take effect, until a test lets them go. Clones are the same gate; it begins open.
#[derive(Clone, Default)]
pub struct Gate(Arc<Shared>);

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    arrived: Condvar,
}

#[derive(Default)]
struct State {
    rule: Option<Arc<Rule>>,
    held: Vec<Held>,
    next: u64,
}

struct Held {
    number: u64,
    call: Call,
    waker: Waker,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gate").field("held", &self.held()).finish()
    }
}

impl Gate {
    /// An open gate.
    pub fn new() -> Self {
        Self::default()
    }

    /// A delaying backend around `inner`.
    pub fn around<B: Backend>(&self, inner: B) -> Delaying<B> {
        Probed::around(inner, self.clone())
    }

    /// From now on holds the calls for which `rule` is true; it replaces an earlier rule, and lets nobody go.
    pub fn hold(&self, rule: impl Fn(&Call) -> bool + Send + Sync + 'static) {
        self.0.state.lock().rule = Some(Arc::new(rule));
    }

    /// Lets everybody go and holds nobody from now on.
    pub fn open(&self) {
        let held = {
            let mut state = self.0.state.lock();
            state.rule = None;
            std::mem::take(&mut state.held)
        };
        held.into_iter().for_each(|held| held.waker.wake());
    }

    /// Lets the one go that has been held longest, and holds others as before. False when nobody is held.
    pub fn release_one(&self) -> bool {
        let first = {
            let mut state = self.0.state.lock();
            if state.held.is_empty() { None } else { Some(state.held.remove(0)) }
        };
        first.is_some_and(|held| {
            held.waker.wake();
            true
        })
    }

    /// The calls that are held now, the longest held first.
    pub fn held(&self) -> Vec<Call> {
        self.0.state.lock().held.iter().map(|held| held.call.clone()).collect()
    }

    /// Blocks this thread until `count` calls are held.
    ///
    /// # Panics
    /// When they are not after half a minute.
    pub fn wait_until_held(&self, count: usize) {
        let mut state = self.0.state.lock();
        while state.held.len() < count {
            let timed_out = self.0.arrived.wait_for(&mut state, PATIENCE).timed_out();
            assert!(!timed_out, "{} calls came to the gate, {count} were waited for", state.held.len());
        }
    }

    /// Waits at the gate if the rule holds the call.
    async fn pass(&self, call: &Call) {
        let rule = self.0.state.lock().rule.clone();
        if !rule.is_some_and(|rule| rule(call)) {
            return;
        }
        let mut place = Place { gate: self, number: None };
        poll_fn(|context| {
            let mut state = self.0.state.lock();
            match place.number {
                None => {
                    let number = state.next;
                    state.next += 1;
                    state.held.push(Held { number, call: call.clone(), waker: context.waker().clone() });
                    place.number = Some(number);
                    self.0.arrived.notify_all();
                    Poll::Pending
                }
                Some(number) => match state.held.iter_mut().find(|held| held.number == number) {
                    Some(held) => {
                        held.waker.clone_from(context.waker());
                        Poll::Pending
                    }
                    None => Poll::Ready(()),
                },
            }
        })
        .await;
    }
}

/// A held call's place; a call that is dropped while it is held gives it up.
struct Place<'a> {
    gate: &'a Gate,
    number: Option<u64>,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.gate.0.state.lock().held.retain(|held| held.number != number);
        }
    }
}

impl Layer for Gate {
    type Wrapped = Probed<Inner, Self>;

    fn wrap(self, inner: Stack) -> Self::Wrapped {
        Probed::around(inner.into(), self)
    }
}

impl Probe for Gate {
    fn waits(&self) -> bool {
        true
    }

    fn abilities(&self, inner: Abilities) -> Abilities {
        inner
    }

    async fn before(&self, call: &Call) -> Result<()> {
        self.pass(call).await;
        Ok(())
    }

    async fn after(&self, _call: &Call) -> Result<()> {
        Ok(())
    }

    fn distort(&self, _call: &Call, _answer: Answer<'_>) {}
}
