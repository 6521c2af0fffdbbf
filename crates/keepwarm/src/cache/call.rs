//! How a builder becomes a future: one way for all verbs.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::blocking::poll_once;

/// A boxed future of a verb that really waits.
pub(crate) type Waiting<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The beginning of a verb: its answer, or the future of one.
pub enum Begun<'a, T> {
    /// Done, without an allocation.
    Ready(T),
    /// To be waited for.
    Waits(Waiting<'a, T>),
}

/// A builder that can be awaited.
pub trait Verb<'a>: Sized {
    /// What it answers.
    type Output;

    /// The answer, where the store has it at hand; otherwise pending, with nothing done. Asked before anything else, and
    /// where the builder lies: moving it, and the state of a future, would cost more than the lookup of a hit in memory.
    /// A [`Poll`], so that the answer is written where the caller's own poll wants it.
    fn at_once(&self) -> Poll<Self::Output>;

    /// Begins; not called before the first poll.
    fn begin(self) -> Begun<'a, Self::Output>;
}

/// Polls a future of a store that never waits on the stack; boxes any other.
#[inline]
pub(crate) fn begin<'a, T>(never_waits: bool, future: impl Future<Output = T> + Send + 'a) -> Begun<'a, T> {
    if never_waits { Begun::Ready(poll_once(future)) } else { Begun::Waits(Box::pin(future)) }
}

/// The future of a verb that answers a `T`. It does nothing before it is polled.
///
/// What `V` has to be is asked where it is made, and stands neither on the type nor on the implementation of [`Future`]: where
/// a task that awaits a verb must be `Send`, the compiler would have to prove it for any two lifetimes, and cannot
/// (rust-lang/rust#102211). On the implementation it would not be asked for that by an `.await`, but by all that joins futures,
/// as `try_join!`. What it takes from `V` it therefore holds as two functions.
#[must_use = "a verb does nothing unless it is awaited"]
pub struct Call<'a, V, T> {
    verb: Option<V>,
    at_once: fn(&V) -> Poll<T>,
    begin: fn(V) -> Begun<'a, T>,
    waiting: Option<Waiting<'a, T>>,
}

impl<'a, V: Verb<'a, Output = T>, T> Call<'a, V, T> {
    #[inline]
    pub(crate) fn new(verb: V) -> Self {
        Self { verb: Some(verb), at_once: V::at_once, begin: V::begin, waiting: None }
    }
}

// The verb is moved out at the first poll and never pinned.
impl<V, T> Unpin for Call<'_, V, T> {}

impl<V, T> Future for Call<'_, V, T> {
    type Output = T;

    #[inline]
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // One place for the answer from here to the store: reading in one piece what was just written in several holds the processor up.
        let this = self.get_mut();
        let mut answer = this.verb.as_ref().map_or(Poll::Pending, this.at_once);
        if answer.is_pending() {
            answer = this.go_on(context);
        }
        answer
    }
}

impl<V, T> Call<'_, V, T> {
    /// Everything but an answer that was at hand.
    #[inline(never)]
    fn go_on(&mut self, context: &mut Context<'_>) -> Poll<T> {
        if let Some(verb) = self.verb.take() {
            match (self.begin)(verb) {
                Begun::Ready(answer) => return Poll::Ready(answer),
                Begun::Waits(future) => self.waiting = Some(future),
            }
        }
        self.waiting.as_mut().expect("a verb is not polled after it was ready").as_mut().poll(context)
    }
}

/// Makes a builder with an `async fn run(self)` awaitable, and gives it its blocking end. `[now]` behind the output: it has
/// a `now(&self)` that is asked first, as [`Verb::at_once`].
macro_rules! awaitable {
    (@now $this:ident) => { std::task::Poll::Pending };
    (@now $this:ident $now:ident) => { $this.$now() };
    ($(impl[$($generic:tt)*] $builder:ty => $output:ty $([$now:ident])? $(where [$($bounds:tt)+])?;)+) => {$(
        impl<$($generic)*> $crate::cache::call::Verb<'a> for $builder $(where $($bounds)+)? {
            type Output = $output;

            #[inline]
            fn at_once(&self) -> std::task::Poll<$output> {
                $crate::cache::call::awaitable!(@now self $($now)?)
            }

            #[inline]
            fn begin(self) -> $crate::cache::call::Begun<'a, $output> {
                $crate::cache::call::begin(self.cache.never_waits(), self.run())
            }
        }

        impl<$($generic)*> std::future::IntoFuture for $builder $(where $($bounds)+)? {
            type Output = $output;
            type IntoFuture = $crate::cache::call::Call<'a, Self, $output>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                $crate::cache::call::Call::new(self)
            }
        }

        impl<$($generic)*> $builder $(where $($bounds)+)? {
            /// The same on this thread, without a runtime; see [`blocking`](crate#blocking).
            #[inline]
            pub fn wait(self) -> $output {
                if let std::task::Poll::Ready(answer) = $crate::cache::call::Verb::at_once(&self) {
                    return answer;
                }
                if self.cache.never_waits() {
                    $crate::blocking::poll_once(self.run())
                } else {
                    $crate::blocking::drive(self.run())
                }
            }
        }
    )+};
}

pub(crate) use awaitable;
