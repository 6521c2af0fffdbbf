//! A value in the very form in which stores keep it: the way in and out for bindings to other languages.

use std::any::{Any, TypeId};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Error as _, Serialize, Serializer};

use super::{Payload, Value};

/// A value that its owner encodes and decodes: every verb hands its payload through as it is.
///
/// For bindings to other languages, whose values are no Rust types: `get::<Raw>` gives what lies in the store, a number,
/// bytes with their codec or an object, and nothing of it is decoded; `set` stores it so. All else is as for any other
/// type: `get_or_set::<Raw>` computes once, tags and leases fence. What is stored as [`Payload::Object`] must be an object
/// that such a binding made, and the store one that [keeps objects](crate::backend::Abilities::keeps_objects).
///
/// It goes through a cache only; on its own it is no serde type, and says so.
///
/// ```
/// use keepwarm::codec::Codec;
/// use keepwarm::{Cache, Payload, Raw};
///
/// let cache = Cache::memory();
/// let bytes = Codec::Json.encode("Ada").unwrap();
/// cache.set("name", &Raw(Payload::bytes(Codec::Json, bytes))).wait()?;
/// assert_eq!(cache.get::<String>("name").wait()?.as_deref(), Some("Ada"));
///
/// cache.set("number", &7).wait()?;
/// let raw = cache.get::<Raw>("number").wait()?.expect("it was just set");
/// assert!(matches!(raw.0, Payload::Integer(7)));
/// # Ok::<(), keepwarm::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Raw(pub Payload);

impl Raw {
    /// Whether a verb's type is this one; known when the verb is compiled.
    #[inline]
    pub(super) fn is<T: 'static>() -> bool {
        TypeId::of::<T>() == TypeId::of::<Self>()
    }

    /// The payload as the verb's type, which [is](Self::is) this one.
    #[inline]
    pub(super) fn of<T: Value>(payload: Payload) -> T {
        let mut raw = Some(Self(payload));
        let any: &mut dyn Any = &mut raw;
        any.downcast_mut::<Option<T>>().and_then(Option::take).expect("the type was compared")
    }

    /// The payload of the verb's value, whose type [is](Self::is) this one.
    #[inline]
    pub(super) fn out_of<T: Value>(value: T) -> Payload {
        let mut value = Some(value);
        let any: &mut dyn Any = &mut value;
        any.downcast_mut::<Option<Self>>().and_then(Option::take).expect("the type was compared").0
    }
}

const NO_SERDE: &str = "a raw value is stored and read by a cache; it is no serde type on its own";

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, _serializer: S) -> Result<S::Ok, S::Error> {
        Err(S::Error::custom(NO_SERDE))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(_deserializer: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(NO_SERDE))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::codec::Codec;
    use crate::payload::Object;
    use crate::{Cache, Error, ErrorKind};

    /// What a binding keeps; it cannot be encoded, so that every test here would fail if it were.
    struct Foreign(AtomicUsize);

    impl Object for Foreign {
        fn encode(&self, _codec: Codec) -> crate::Result<bytes::Bytes> {
            Err(Error::new(ErrorKind::Encode, "never"))
        }

        fn encoded(&self, codec: Codec) -> crate::Result<crate::codec::Encoded> {
            self.encode(codec).map(crate::codec::Encoded::new)
        }

        fn weight(&self) -> usize {
            8
        }

        fn type_name(&self) -> &'static str {
            "foreign"
        }
    }

    fn number(raw: &Raw) -> usize {
        let Payload::Object(object) = &raw.0 else { panic!("{raw:?} is no object") };
        let any: &(dyn Any + Send + Sync) = &**object;
        any.downcast_ref::<Foreign>().expect("it is the one that was stored").0.load(Ordering::Relaxed)
    }

    fn foreign(number: usize) -> Raw {
        Raw(Payload::Object(Arc::new(Foreign(AtomicUsize::new(number)))))
    }

    #[test]
    fn a_foreign_object_goes_in_and_out_of_every_verb_as_it_is() {
        let cache = Cache::memory();
        cache.set("set", &foreign(1)).tags(["tag"]).wait().unwrap();
        assert_eq!(number(&cache.get::<Raw>("set").wait().unwrap().unwrap()), 1);
        assert_eq!(number(&cache.get_arc::<Raw>("set").wait().unwrap().unwrap()), 1);
        assert_eq!(number(&cache.get_many::<Raw, _>(["set"]).wait().unwrap()["set"]), 1);
        let computed = cache.get_or_set("computed", || async { foreign(2) }).wait().unwrap();
        assert_eq!(number(&computed), 2);
        assert_eq!(number(&cache.get_or_set("computed", || async { foreign(3) }).wait().unwrap()), 2);
        cache.set_many([("many", &foreign(4))]).wait().unwrap();
        assert_eq!(number(&cache.get::<Raw>("many").wait().unwrap().unwrap()), 4);
        cache.invalidate_tag("tag").wait().unwrap();
        assert!(cache.get::<Raw>("set").wait().unwrap().is_none());
    }

    /// Reads what has this number, as a binding does that knows its own alone.
    fn only(number_of_its_own: usize) -> crate::cache::Reader {
        Arc::new(move |_, payload| match number(&Raw(payload.clone())) {
            number if number == number_of_its_own => Ok(payload),
            _ => Err(crate::Undecodable("another one's".to_owned()).into()),
        })
    }

    #[test]
    fn what_a_binding_cannot_decode_is_computed_anew_and_counted_as_a_miss() {
        let cache = Cache::memory();
        for key in ["one", "two"] {
            cache.set(key, &foreign(1)).wait().unwrap();
        }
        let fetched = cache.get_or_set("one", || async { foreign(7) }).read_with(only(7)).wait().unwrap();
        assert_eq!(number(&fetched), 7);
        let fetched = cache.get_or_set("one", || async { foreign(8) }).read_with(only(7)).wait().unwrap();
        assert_eq!(number(&fetched), 7, "it was replaced, and is a hit");
        let load = |missing: Vec<String>| async move {
            assert_eq!(missing, ["two"]);
            missing.into_iter().map(|name| (name, foreign(7))).collect()
        };
        let many = cache.get_or_set_many(["one", "two"], load).read_with(only(7)).wait().unwrap();
        assert_eq!((number(&many["one"]), number(&many["two"])), (7, 7));
        let why = cache.explain("one").read_with(only(9)).wait().unwrap();
        assert_eq!(why.would_miss, Some(crate::entry::MissReason::Undecodable));
        assert_eq!(cache.explain("one").read_with(only(7)).wait().unwrap().would_miss, None);
        let stats = cache.stats().wait().unwrap();
        assert_eq!((stats.hits, stats.computations), (2, 2));
        assert_eq!(stats.missed(crate::entry::MissReason::Undecodable), stats.misses());
    }

    #[test]
    fn a_hit_that_is_taken_back_is_a_miss() {
        let cache = Cache::memory();
        cache.set("key", &foreign(1)).wait().unwrap();
        cache.get::<Raw>("key").wait().unwrap();
        cache.unreadable(true);
        cache.get::<Raw>("key").wait().unwrap();
        cache.unreadable(false);
        let stats = cache.stats().wait().unwrap();
        assert_eq!((stats.hits, stats.misses()), (0, 1));
    }

    #[test]
    fn a_number_is_a_counter() {
        let cache = Cache::memory();
        cache.set("counter", &Raw(Payload::Integer(41))).wait().unwrap();
        assert_eq!(cache.incr("counter", 1).wait().unwrap(), 42);
        assert!(matches!(cache.get::<Raw>("counter").wait().unwrap(), Some(Raw(Payload::Integer(42)))));
    }
}
