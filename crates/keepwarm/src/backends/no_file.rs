//! In place of the file store, where the program was built without it.

use crate::cache::CacheBuilder;
use crate::error::{Error, ErrorKind, Result};
use crate::settings::Options;

/// What nobody can ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileOptions {}

/// Refuses.
pub(crate) fn plan(options: &Options) -> Result<FileOptions> {
    let message = format!("alias `{}`: this program was built without keepwarm's feature `file`", options.alias());
    Err(Error::new(ErrorKind::Unsupported, message))
}

impl CacheBuilder {
    pub(crate) fn file(self, options: FileOptions) -> Self {
        match options {}
    }
}
