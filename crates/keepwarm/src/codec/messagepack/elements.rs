//! The parts of arrays and maps.

use serde::de::value::Error as Fault;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::decoder::Decoder;

/// The elements of an array, or the keys and values of a map, that are left.
pub(super) struct Elements<'a, 'de> {
    pub(super) decoder: &'a mut Decoder<'de>,
    pub(super) left: usize,
}

impl Elements<'_, '_> {
    /// No more than there can be: each takes a byte. The count may be a lie.
    fn at_most(&self) -> usize {
        self.left.min(self.decoder.rest.len())
    }
}

impl<'de> SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.at_most())
    }
}

impl<'de> MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = Fault;

    #[inline]
    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Fault> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        seed.deserialize(&mut *self.decoder).map(Some)
    }

    #[inline]
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Fault> {
        seed.deserialize(&mut *self.decoder)
    }

    #[inline]
    fn size_hint(&self) -> Option<usize> {
        Some(self.at_most())
    }
}
