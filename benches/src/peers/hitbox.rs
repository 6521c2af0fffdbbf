//! hitbox over moka. It keeps bytes, so that it decodes on every hit and cannot share; bincode is the quicker of its
//! formats. Its keys are objects of its own, which the caller of a string key has to build.

use std::time::SystemTime;

use hitbox_backend::CacheBackend;
use hitbox_backend::format::BincodeFormat;
use hitbox_core::{CacheContext, CacheKey, CacheState, CacheValue, KeyPart};
use hitbox_moka::MokaBackend;

use super::Peer;
use crate::time::TIMEOUT;
use crate::values::Sample;

/// hitbox's moka backend.
pub(crate) struct Hitbox(MokaBackend<BincodeFormat>);

fn key_of(key: &str) -> CacheKey {
    CacheKey::new("", 0, vec![KeyPart::new(key, None::<&str>)])
}

impl<T: Sample> Peer<T> for Hitbox {
    fn with_capacity(entries: usize) -> Self {
        Self(MokaBackend::builder().max_entries(entries as u64).value_format(BincodeFormat).build())
    }

    async fn set(&self, key: &str, value: &T) {
        let value = CacheValue::new(value.clone(), Some((SystemTime::now() + TIMEOUT).into()), None);
        let stored = self.0.set::<T>(&key_of(key), &value, &mut CacheContext::default().boxed()).await;
        stored.expect("memory has no reason to fail");
    }

    async fn get(&self, key: &str) -> Option<T> {
        let found = self.0.get::<T>(&key_of(key), &mut CacheContext::default().boxed()).await;
        match found.expect("memory has no reason to fail")?.cache_state() {
            CacheState::Actual(value) | CacheState::Stale(value) => Some(value.into_inner()),
            CacheState::Expired(_) => None,
        }
    }

    async fn settle(&self) {
        self.0.cache().run_pending_tasks().await;
    }
}
