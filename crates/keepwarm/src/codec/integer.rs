//! Which values are integers: those travel as plain decimals, so that native counters and other clients work.

use std::any::TypeId;

use serde::Serialize;

/// The number in `value`, when its owned type `T` is an integer type and the number fits 64 signed bits.
///
/// Decided by type, not by looking at the encoded form: a struct that happens to serialise as a number stays what it is.
#[inline]
pub(crate) fn integer<V: ?Sized + Serialize, T: 'static>(value: &V) -> Option<i64> {
    let is = |candidate: TypeId| TypeId::of::<T>() == candidate;
    let is_integer = is(TypeId::of::<i64>())
        || is(TypeId::of::<i32>())
        || is(TypeId::of::<u32>())
        || is(TypeId::of::<u64>())
        || is(TypeId::of::<usize>())
        || is(TypeId::of::<isize>())
        || is(TypeId::of::<i16>())
        || is(TypeId::of::<u16>())
        || is(TypeId::of::<i8>())
        || is(TypeId::of::<u8>());
    if !is_integer {
        return None;
    }
    // The type check is folded away at compile time; the number is then read through serde, which needs no unsafe cast.
    serde_json::to_value(value).ok()?.as_i64()
}
