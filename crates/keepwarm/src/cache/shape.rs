//! The form in which a caller gets a value: one of its own, or shared with the store.

use std::sync::Arc;

use crate::payload::{Payload, Unreadable, Value};

/// How a binding decodes what it stored as [`Raw`](crate::Raw), given the stored key: the payload in a form that need not be
/// decoded again, or why it is no value of the binding's. It may run on any thread, and under none of the cache's locks.
pub type Reader = Arc<dyn Fn(&str, Payload) -> Result<Payload, Unreadable> + Send + Sync>;

/// Opens a payload, after the binding's reader where there is one.
pub(crate) fn read<T: Value, S: Shape<T>>(
    reader: Option<&Reader>,
    key: &str,
    payload: Payload,
) -> Result<S::Form, Unreadable> {
    S::open(match reader {
        Some(reader) => reader(key, payload)?,
        None => payload,
    })
}

/// The form in which a caller gets the value.
pub trait Shape<T: Value>: 'static {
    /// The form.
    type Form: Send + 'static;

    /// From what lies in the store.
    fn open(payload: Payload) -> Result<Self::Form, Unreadable>;
    /// From an object that is shared with the store.
    fn shared(value: Arc<T>) -> Self::Form;
    /// From what was computed.
    fn computed(value: Arc<T>) -> Self::Form;
    /// From what was decoded for this caller.
    fn decoded(value: T) -> Self::Form;
}

/// A value of one's own.
pub struct Owned;

impl<T: Value> Shape<T> for Owned {
    type Form = T;

    #[inline]
    fn open(payload: Payload) -> Result<T, Unreadable> {
        payload.into_value()
    }

    #[inline]
    fn shared(value: Arc<T>) -> T {
        T::clone(&value)
    }

    fn computed(value: Arc<T>) -> T {
        Arc::unwrap_or_clone(value)
    }

    #[inline]
    fn decoded(value: T) -> T {
        value
    }
}

/// A value shared with the store.
pub struct Shared;

impl<T: Value> Shape<T> for Shared {
    type Form = Arc<T>;

    #[inline]
    fn open(payload: Payload) -> Result<Arc<T>, Unreadable> {
        payload.into_arc()
    }

    #[inline]
    fn shared(value: Arc<T>) -> Arc<T> {
        value
    }

    fn computed(value: Arc<T>) -> Arc<T> {
        value
    }

    fn decoded(value: T) -> Arc<T> {
        Arc::new(value)
    }
}
