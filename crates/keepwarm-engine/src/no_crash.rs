//! Nothing, where no test asks for crashes.

#[inline]
pub(crate) fn point() {}
