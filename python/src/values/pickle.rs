//! Pickles, and the signature under which they lie in a store that others can write to; see "Signed pickles" in
//! docs/wire-format.md.

use hmac::{Hmac, KeyInit, Mac};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use sha2::Sha256;

use super::types::Types;

/// How long a signature is.
const SIGNATURE: usize = 32;

pub(super) fn pickled<'py>(value: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
    let types = Types::get(value.py())?;
    Ok(types.dumps.bind(value.py()).call1((value, &types.protocol))?.cast_into()?)
}

pub(super) fn unpickled<'py>(pickle: &Bound<'py, PyBytes>) -> PyResult<Bound<'py, PyAny>> {
    Types::get(pickle.py())?.loads.bind(pickle.py()).call1((pickle,))
}

/// The keys of an alias: the first one signs, each of them is believed.
pub(crate) struct Signing(Vec<[u8; SIGNATURE]>);

impl Signing {
    /// From the keys as settings give them.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = &'a str>) -> Self {
        let derived =
            |key: &str| authenticated(key.as_bytes(), &[b"keepwarm pickle v1"]).finalize().into_bytes().into();
        Self(keys.into_iter().map(derived).collect())
    }

    /// A signature and the pickle behind it; `None` without a key.
    pub(super) fn signed(&self, stored_key: &str, pickle: &[u8]) -> Option<Vec<u8>> {
        let mut signed = signature(self.0.first()?, stored_key, pickle).finalize().into_bytes().to_vec();
        signed.extend_from_slice(pickle);
        Some(signed)
    }

    /// The pickle behind a signature of one of the keys for this very entry.
    pub(super) fn checked<'a>(&self, stored_key: &str, signed: &'a [u8]) -> Option<&'a [u8]> {
        let (given, pickle) = signed.split_at_checked(SIGNATURE)?;
        // Compared in constant time.
        let holds = |key: &[u8; SIGNATURE]| signature(key, stored_key, pickle).verify_slice(given).is_ok();
        self.0.iter().any(holds).then_some(pickle)
    }
}

fn signature(key: &[u8], stored_key: &str, pickle: &[u8]) -> Hmac<Sha256> {
    authenticated(key, &[&(stored_key.len() as u64).to_le_bytes(), stored_key.as_bytes(), pickle])
}

fn authenticated(key: &[u8], parts: &[&[u8]]) -> Hmac<Sha256> {
    let mut code = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length will do");
    parts.iter().for_each(|part| code.update(part));
    code
}
