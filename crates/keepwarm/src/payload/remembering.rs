//! An encoded value that remembers what it was decoded into, for a store in this process that holds what another one
//! encoded: it is decoded for the first reader, and handed out shared to all later ones.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::{Object, Payload, Unreadable, Value};
use crate::codec::{Codec, Encoded, decode_as};
use crate::error::{Error, ErrorKind, Result};

pub(crate) struct Remembering {
    codec: Codec,
    encoded: Encoded,
    /// Of the type of the first reader; readers of another type decode for themselves.
    decoded: OnceLock<Arc<dyn Object>>,
}

impl Remembering {
    /// The value as the type that it was decoded into before; decodes nothing, so that it may be asked under a lock.
    pub(super) fn remembered<T: Value>(object: &(dyn Any + Send + Sync)) -> Option<Arc<T>> {
        let decoded = object.downcast_ref::<Self>()?.decoded.get()?;
        let decoded: Arc<dyn Any + Send + Sync> = Arc::<dyn Object>::clone(decoded);
        decoded.downcast().ok()
    }

    /// What it keeps, as it is; `None` where the object is not an encoded value.
    pub(super) fn kept(object: &(dyn Any + Send + Sync)) -> Option<(Codec, Encoded)> {
        let kept = object.downcast_ref::<Self>()?;
        Some((kept.codec, kept.encoded.clone()))
    }

    /// The value, decoded; `None` where the object is not an encoded value.
    pub(super) fn open<T: Value>(object: &(dyn Any + Send + Sync)) -> Option<Result<Arc<T>, Unreadable>> {
        let kept = object.downcast_ref::<Self>()?;
        Some(decode_as::<T>(kept.codec, (&kept.encoded).into()).map(|value| {
            let value = Arc::new(value);
            // Of two first readers the second one's is its own.
            let _ = kept.decoded.set(Arc::<T>::clone(&value));
            value
        }))
    }
}

impl Object for Remembering {
    fn encode(&self, codec: Codec) -> Result<Bytes> {
        let Encoded { bytes, .. } = self.encoded(codec)?;
        Ok(bytes)
    }

    fn encoded(&self, codec: Codec) -> Result<Encoded> {
        if codec == self.codec {
            return Ok(self.encoded.clone());
        }
        let reason = format!("it is encoded as {} already", self.codec.name());
        Err(Error::new(ErrorKind::Encode, reason))
    }

    fn weight(&self) -> usize {
        // As bytes, and about as much again for what they are decoded into.
        size_of::<Self>() + self.encoded.len() * 2
    }

    fn type_name(&self) -> &'static str {
        self.decoded.get().map_or("(encoded)", |decoded| (**decoded).type_name())
    }
}

impl Payload {
    /// The payload as a store in the process keeps it best: bytes become an object that is decoded once.
    pub(crate) fn remembering(self) -> Self {
        match self {
            Self::Bytes(codec, encoded) => {
                Self::Object(Arc::new(Remembering { codec, encoded: *encoded, decoded: OnceLock::new() }))
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload::Raw;

    fn payload(value: &str) -> Payload {
        Payload::bytes(Codec::MessagePack, Codec::MessagePack.encode(value).unwrap()).remembering()
    }

    #[test]
    fn it_is_decoded_once_and_handed_out_shared() {
        let first = payload("value");
        let (second, third) = (first.clone(), first.clone());
        let first = first.into_arc::<String>().unwrap();
        assert_eq!(*first, "value");
        assert!(Arc::ptr_eq(&first, &second.into_arc::<String>().unwrap()));
        assert_eq!(third.into_value::<String>().unwrap(), "value");
    }

    #[test]
    fn another_type_is_decoded_for_its_own_reader() {
        let payload = payload("value");
        assert_eq!(payload.clone().into_value::<String>().unwrap(), "value");
        assert_eq!(*payload.clone().into_arc::<Option<String>>().unwrap(), Some("value".to_owned()));
        assert!(payload.clone().into_value::<i32>().is_err());
        assert_eq!(payload.into_value::<String>().unwrap(), "value");
    }

    #[test]
    fn a_binding_gets_what_it_decodes_itself() {
        let Raw(Payload::Bytes(codec, encoded)) = payload("value").into_value::<Raw>().unwrap() else {
            panic!("it is no bytes")
        };
        assert_eq!(codec.decode::<String>(&encoded).unwrap(), "value");
    }

    #[test]
    fn bytes_that_are_no_value_stay_undecodable() {
        let payload = Payload::bytes(Codec::MessagePack, &b"\xdb\x7f\xff\xff\xffx"[..]).remembering();
        assert!(payload.clone().into_value::<String>().is_err());
        assert!(payload.into_arc::<String>().is_err());
    }
}
