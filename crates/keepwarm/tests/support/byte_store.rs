//! A user's store of bytes that does nothing but keep them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use keepwarm::backends::custom::{Custom, CustomError};

#[derive(Default)]
pub(crate) struct ByteStore(Mutex<BTreeMap<String, Vec<u8>>>);

impl ByteStore {
    pub(crate) fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.0.lock().unwrap()
    }
}

impl FromIterator<(String, Vec<u8>)> for ByteStore {
    fn from_iter<I: IntoIterator<Item = (String, Vec<u8>)>>(entries: I) -> Self {
        Self(Mutex::new(entries.into_iter().collect()))
    }
}

impl Custom for ByteStore {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, CustomError> {
        Ok(self.entries().get(key).cloned())
    }

    async fn set(&self, key: &str, value: Vec<u8>, _timeout: Option<Duration>) -> Result<(), CustomError> {
        self.entries().insert(key.to_owned(), value);
        Ok(())
    }

    async fn delete(&self, key: &str) -> Result<bool, CustomError> {
        Ok(self.entries().remove(key).is_some())
    }

    async fn clear(&self) -> Result<(), CustomError> {
        self.entries().clear();
        Ok(())
    }
}
