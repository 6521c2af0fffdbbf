//! The one place where a backend's futures are boxed, and where they are not.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::{
    Abilities, Backend, Claim, Count, Housekeeping, Inspection, Lease, Locked, Locking, Lookup, Page, Put, Size, When,
};
use crate::blocking::poll_once;
use crate::entry::{Entry, Generation, Marker, Stamp};
use crate::error::Result;
use crate::expiry::Deadline;
use crate::key::{Key, Parts, Pattern, Scope};
use crate::payload::{Glimpse, Payload};

/// The answer of a verb of a [`DynBackend`]: there already, or a boxed future.
pub enum Reply<'a, T> {
    /// The answer, without a box.
    Ready(Result<T>),
    /// The answer was taken.
    Taken,
    /// The answer is waited for.
    Waits(Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>),
}

impl<'a, T> Reply<'a, T> {
    /// Polls a future that never waits on the stack, boxes any other.
    #[inline]
    pub fn of(never_waits: bool, future: impl Future<Output = Result<T>> + Send + 'a) -> Self {
        if never_waits { Self::Ready(poll_once(future)) } else { Self::Waits(Box::pin(future)) }
    }
}

impl<T: Unpin> Future for Reply<'_, T> {
    type Output = Result<T>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Waits(future) => future.as_mut().poll(context),
            Self::Ready(_) | Self::Taken => match std::mem::replace(self.get_mut(), Self::Taken) {
                Self::Ready(answer) => Poll::Ready(answer),
                _ => panic!("a reply is not polled after it was ready"),
            },
        }
    }
}

macro_rules! dyn_backend {
    ($( $(#[$doc:meta])* fn $verb:ident(&self $(, $argument:ident: $type:ty)*) -> $answer:ty; )*) => {
        /// [`Backend`] with its types erased. Nobody implements it: every backend has it.
        pub trait DynBackend: Send + Sync {
            /// The backend itself, for what only its own type can do.
            fn as_any(&self) -> &dyn std::any::Any;
            /// See [`Backend::kind`].
            fn kind(&self) -> &'static str;
            /// See [`Backend::abilities`].
            fn abilities(&self) -> Abilities;
            /// See [`Backend::housekeeping`].
            fn housekeeping(&self) -> Housekeeping;
            /// See [`Backend::glance`].
            fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>>;
            /// See [`Backend::add_in_place`].
            fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64>;
            /// See [`Backend::remove_at_once`].
            fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool>;
            /// See [`Backend::put_at_once`].
            fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>>;
            $( $(#[$doc])* fn $verb<'a>(&'a self $(, $argument: $type)*) -> Reply<'a, $answer>; )*
        }

        impl<B: Backend> DynBackend for B {
            fn as_any(&self) -> &dyn std::any::Any {
                self
            }

            fn kind(&self) -> &'static str {
                Backend::kind(self)
            }

            fn abilities(&self) -> Abilities {
                Backend::abilities(self)
            }

            fn housekeeping(&self) -> Housekeeping {
                Backend::housekeeping(self)
            }

            #[inline]
            fn glance(&self, key: &Parts<'_>, see: &mut dyn FnMut(Glimpse<'_>)) -> Option<Lookup<()>> {
                Backend::glance(self, key, see)
            }

            #[inline]
            fn add_in_place(&self, key: &Parts<'_>, delta: i64) -> Option<i64> {
                Backend::add_in_place(self, key, delta)
            }

            #[inline]
            fn remove_at_once(&self, key: &Parts<'_>) -> Option<bool> {
                Backend::remove_at_once(self, key)
            }

            #[inline]
            fn put_at_once(&self, key: &Parts<'_>, value: Glimpse<'_>, deadline: Deadline) -> Option<Result<Put>> {
                Backend::put_at_once(self, key, value, deadline)
            }

            $(
                #[inline]
                fn $verb<'a>(&'a self $(, $argument: $type)*) -> Reply<'a, $answer> {
                    Reply::of(Backend::abilities(self).never_waits, Backend::$verb(self $(, $argument)*))
                }
            )*
        }
    };
}

dyn_backend! {
    /// See [`Backend::get`].
    fn get(&self, key: &'a Key<'a>, hint: &'a [Marker]) -> Lookup<Payload>;
    /// See [`Backend::get_many`].
    fn get_many(&self, keys: &'a [Key<'a>], hint: &'a [Marker]) -> Vec<Lookup<Payload>>;
    /// See [`Backend::entry`].
    fn entry(&self, key: &'a Key<'a>, hint: &'a [Marker]) -> Lookup<Entry>;
    /// See [`Backend::entries`].
    fn entries(&self, keys: &'a [Key<'a>], hint: &'a [Marker]) -> Vec<Lookup<Entry>>;
    /// See [`Backend::put`].
    fn put(&self, key: &'a Key<'a>, entry: Entry, when: When) -> Put;
    /// See [`Backend::put_many`].
    fn put_many(&self, entries: Vec<(Key<'a>, Entry)>) -> Vec<Put>;
    /// See [`Backend::remove`].
    fn remove(&self, key: &'a Key<'a>, when: When) -> bool;
    /// See [`Backend::remove_many`].
    fn remove_many(&self, keys: &'a [Key<'a>]) -> usize;
    /// See [`Backend::add_to`].
    fn add_to(&self, key: &'a Key<'a>, delta: i64, create: Option<Entry>) -> Count;
    /// See [`Backend::tally`].
    fn tally(&self, key: &'a Key<'a>, delta: i64, create: Entry) -> (Count, Deadline);
    /// See [`Backend::lock`].
    fn lock(&self, key: &'a Key<'a>, owner: &'a str, locking: Locking) -> Locked;
    /// See [`Backend::touch`].
    fn touch(&self, key: &'a Key<'a>, deadline: Deadline) -> bool;
    /// See [`Backend::lease`].
    fn lease(&self, key: &'a Key<'a>, markers: &'a [Marker], length: Duration, claim: Claim) -> Lease;
    /// See [`Backend::release`].
    fn release(&self, key: &'a Key<'a>, stamp: Stamp) -> ();
    /// See [`Backend::generations`].
    fn generations(&self, markers: &'a [Marker]) -> Vec<Generation>;
    /// See [`Backend::renew`].
    fn renew(&self, markers: &'a [Marker]) -> ();
    /// See [`Backend::clear`].
    fn clear(&self, scope: &'a Scope) -> ();
    /// See [`Backend::clear_store`].
    fn clear_store(&self) -> ();
    /// See [`Backend::scan`].
    fn scan(&self, scope: &'a Scope, pattern: &'a Pattern, from: u64) -> Page;
    /// See [`Backend::inspect`].
    fn inspect(&self, key: &'a Key<'a>) -> Option<Inspection>;
    /// See [`Backend::size`].
    fn size(&self) -> Size;
    /// See [`Backend::close`].
    fn close(&self) -> ();
}
