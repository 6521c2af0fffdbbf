//! How much memory a value occupies, its heap included, counted without allocating.
//!
//! A bound in bytes is only worth something if what is counted is what the allocator hands out. Rust has no way to ask a
//! value for its heap, but every cached value is a serde type: a [`counter`] that writes nothing is shown all of its
//! parts, and [`heap`] knows what the usual containers allocate for them. A derive macro of our own would be more exact,
//! but would shut out every type that the user did not write.
//!
//! What serde does not show is not counted: spare capacity, skipped fields, and the counters of shared pointers. Text
//! that is not on the heap (`&'static str`, inline strings) is counted as if it were. So the weight is an estimate; the
//! test beside it holds it against a counting allocator.

mod collections;
mod counter;
mod heap;

use serde::Serialize;

/// About how many bytes of memory `value` occupies: its own size and its heap.
///
/// A type whose `Serialize` fails is counted by its own size alone: it is to be refused where it is encoded, not here.
pub(crate) fn weigh<T: Serialize>(value: &T) -> usize {
    counter::field(value).map_or(size_of::<T>(), |part| part.inline.saturating_add(part.heap))
}

#[cfg(test)]
mod tests {
    use serde::ser::{Error, SerializeMap, SerializeSeq};
    use serde::{Serialize, Serializer};

    use super::weigh;

    struct Refuses;

    impl Serialize for Refuses {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("never"))
        }
    }

    /// Says that it has more parts than it shows, and a value without a key.
    struct Lies;

    impl Serialize for Lies {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(Some(usize::MAX))?;
            map.serialize_value(&1)?;
            map.end()
        }
    }

    struct Endless;

    impl Serialize for Endless {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut sequence = serializer.serialize_seq(Some(usize::MAX))?;
            sequence.serialize_element("one")?;
            sequence.end()
        }
    }

    #[test]
    fn a_type_that_refuses_counts_by_its_size() {
        assert_eq!(weigh(&Refuses), 0);
        assert_eq!(weigh(&("text".to_owned(), vec![Refuses])), size_of::<(String, Vec<Refuses>)>());
        assert_eq!(weigh(&std::cell::RefCell::new(1_u32)), size_of::<std::cell::RefCell<u32>>());
    }

    #[test]
    fn a_type_that_lies_does_not_panic() {
        assert!(weigh(&Lies) < 200);
        assert!(weigh(&Endless) < 200);
    }

    #[test]
    fn plain_values_are_exact() {
        assert_eq!(weigh(&7_u8), 1);
        assert_eq!(weigh(&7_i64), 8);
        assert_eq!(weigh(&7_u128), 16);
        assert_eq!(weigh(&Some(1.5)), 16);
        assert_eq!(weigh(&()), 0);
        assert_eq!(weigh(&String::new()), 24);
        assert_eq!(weigh(&[0_u16; 32]), 64);
        assert_eq!(weigh(&std::net::Ipv6Addr::LOCALHOST), 16);
    }

    #[test]
    fn megabytes_are_weighed_by_their_length() {
        let bytes = vec![1_u8; 64 << 20];
        assert_eq!(weigh(&bytes), 24 + (64 << 20) + 16);
    }
}
