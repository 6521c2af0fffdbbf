//! Layers lie around a backend and have the same verbs: they forward to the inner one and add one thing of their own.
//!
//! Own state lives in the layer; what a stack can do is asked of the inner one.
//!
//! Around a store that can fail lie, from the inside out, a deadline for each call, a breaker, and (where the alias asks for
//! it) degrading; around all of them, a near tier.

mod background;
mod breaker;
mod deadline;
mod degrade;
mod guarded;
mod tiered;

pub use breaker::{Breaker, Breaking};
pub use deadline::{CallDeadline, Limited};
pub use degrade::{Degrade, Degraded};
pub use guarded::{Guard, Guarded, Nested};
pub use tiered::{Tiered, Tiers};

use std::ops::Deref;
use std::sync::Arc;

use crate::backend::{Backend, DynBackend};

/// A store with the layers around it; cheap to clone, and clones share it.
#[derive(Clone)]
pub struct Stack(Arc<dyn DynBackend>);

impl Stack {
    /// A stack of one backend.
    pub fn new(backend: impl Backend) -> Self {
        Self(Arc::new(backend))
    }

    pub(crate) fn into_inner(self) -> Arc<dyn DynBackend> {
        self.0
    }
}

impl Deref for Stack {
    type Target = dyn DynBackend;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// Something to lay around a backend.
pub trait Layer {
    /// What it becomes: the layer's own state and the inner stack.
    type Wrapped: Backend;

    /// Lays it around `inner`.
    fn wrap(self, inner: Stack) -> Self::Wrapped;
}
