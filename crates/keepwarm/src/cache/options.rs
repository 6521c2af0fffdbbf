//! The options that several builders have: version, timeout, tags. Written once.

/// `.version(..)`: for every builder with a `version` field.
macro_rules! version_option {
    ($(impl[$($generic:tt)*] $builder:ty;)+) => {$(
        impl<$($generic)*> $builder {
            /// Uses this version of the key instead of the alias' own.
            #[must_use = "a verb does nothing unless it is awaited"]
            pub fn version(mut self, version: impl Into<$crate::key::Version>) -> Self {
                self.version = Some(version.into());
                self
            }
        }
    )+};
}

/// `.timeout(..)`: for every builder with a `timeout` field.
macro_rules! timeout_option {
    ($(impl[$($generic:tt)*] $builder:ty;)+) => {$(
        impl<$($generic)*> $builder {
            /// Lets the entry live this long instead of the alias' own timeout; zero is not kept at all.
            #[must_use = "a verb does nothing unless it is awaited"]
            pub fn timeout(mut self, timeout: impl Into<$crate::expiry::Timeout>) -> Self {
                self.timeout = timeout.into();
                self
            }
        }
    )+};
}

/// `.tags(..)`: for every builder with a `tags` field.
macro_rules! tags_option {
    ($(impl[$($generic:tt)*] $builder:ty;)+) => {$(
        impl<$($generic)*> $builder {
            /// Ties the entry to these tags: invalidating any of them makes it a miss. Writing the key again without
            /// them unties it.
            #[must_use = "a verb does nothing unless it is awaited"]
            pub fn tags<I>(mut self, tags: I) -> Self
            where
                I: IntoIterator,
                I::Item: AsRef<str>,
            {
                self.tags.extend(tags.into_iter().map(|tag| self.cache.tag(tag.as_ref())));
                self
            }
        }
    )+};
}

pub(crate) use {tags_option, timeout_option, version_option};
