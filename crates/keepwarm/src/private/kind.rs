//! What of a function's result is kept: all of it, only `Ok`, or only `Some`.

use std::convert::Infallible;
use std::marker::PhantomData;

/// Splits results of type `R` into what is kept and what only its caller gets.
#[diagnostic::on_unimplemented(
    message = "`none = false` needs a function that returns an `Option`",
    label = "this is neither `Option<T>` nor `Result<Option<T>, E>`",
    note = "remove `none = false`, or return an `Option`"
)]
pub trait Kind<R> {
    /// What is stored, and read back from the store.
    type Kept;
    /// What is never stored: an error, or a `None` that is not to be kept.
    type Aside;

    fn split(result: R) -> Result<Self::Kept, Self::Aside>;
    fn join(result: Result<Self::Kept, Self::Aside>) -> R;
    /// Whether this says that there is no value any more, so that an old one must go. An error says nothing.
    fn is_absence(aside: &Self::Aside) -> bool;
}

/// Every result is kept.
pub struct Plain;

impl<T> Kind<T> for Plain {
    type Kept = T;
    type Aside = Infallible;

    fn split(result: T) -> Result<T, Infallible> {
        Ok(result)
    }

    fn join(result: Result<T, Infallible>) -> T {
        result.unwrap_or_else(|never| match never {})
    }

    fn is_absence(aside: &Infallible) -> bool {
        match *aside {}
    }
}

/// An error is not kept.
pub struct OnlyOk;

impl<T, E> Kind<Result<T, E>> for OnlyOk {
    type Kept = T;
    type Aside = E;

    fn split(result: Result<T, E>) -> Result<T, E> {
        result
    }

    fn join(result: Result<T, E>) -> Result<T, E> {
        result
    }

    fn is_absence(_: &E) -> bool {
        false
    }
}

/// Neither an error nor a `None` is kept. What is kept is still an `Option`, so that entries stay readable when
/// `none = false` is added or removed.
pub struct OnlySome;

impl<T> Kind<Option<T>> for OnlySome {
    type Kept = Option<T>;
    type Aside = ();

    fn split(result: Option<T>) -> Result<Option<T>, ()> {
        if result.is_some() { Ok(result) } else { Err(()) }
    }

    fn join(result: Result<Option<T>, ()>) -> Option<T> {
        result.unwrap_or(None)
    }

    fn is_absence(&(): &()) -> bool {
        true
    }
}

impl<T, E> Kind<Result<Option<T>, E>> for OnlySome {
    type Kept = Option<T>;
    type Aside = Option<E>;

    fn split(result: Result<Option<T>, E>) -> Result<Option<T>, Option<E>> {
        match result {
            Ok(Some(value)) => Ok(Some(value)),
            Ok(None) => Err(None),
            Err(error) => Err(Some(error)),
        }
    }

    fn join(result: Result<Option<T>, Option<E>>) -> Result<Option<T>, E> {
        match result {
            Ok(value) => Ok(value),
            Err(None) => Ok(None),
            Err(Some(error)) => Err(error),
        }
    }

    fn is_absence(aside: &Option<E>) -> bool {
        aside.is_none()
    }
}

/// Chooses the kind by the type: the method of `Returned<Result<..>>` itself goes before the one that all types have.
pub struct Returned<R: ?Sized>(PhantomData<R>);

impl<R: ?Sized> Returned<R> {
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Returned<Result<T, E>> {
    pub fn kind(self) -> OnlyOk {
        OnlyOk
    }
}

/// The kind of every type that has none of its own.
pub trait AnyKind: Sized {
    fn kind(self) -> Plain {
        Plain
    }
}

impl<R: ?Sized> AnyKind for Returned<R> {}
