//! One key out of many parts, for people who make keys by hand.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// A key of 64 hexadecimal digits out of any number of parts; two different lists of parts never give the same key.
///
/// Joining by a colon, which is what one writes by hand, makes one key of `["a:b"]` and `["a", "b"]`. Here the length goes
/// before each part. The algorithm, the same in Rust and Python: for each part, its length in bytes of UTF-8 in decimal,
/// a colon, the bytes, a comma; the key is the SHA-256 of all that in lower-case hexadecimal. In Python:
///
/// ```python
/// text = b"".join(b"%d:%s," % (len(part), part) for part in (part.encode() for part in parts))
/// key = hashlib.sha256(text).hexdigest()
/// ```
///
/// ```
/// use keepwarm::key::make_hashed_key;
///
/// let key = make_hashed_key(["user", "7", "orders"]);
/// assert_eq!(key, "2fb2d3d89aadcc4a708efe22641e599dfb23191070f96a5e9c7e13cf2091835b");
/// assert_ne!(make_hashed_key(["a:b"]), make_hashed_key(["a", "b"]));
/// ```
#[must_use]
pub fn make_hashed_key(parts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let mut hasher = Sha256::new();
    let mut length = String::new();
    for part in parts {
        let part = part.as_ref();
        length.clear();
        // Writing into a String cannot fail.
        let _ = write!(length, "{}:", part.len());
        hasher.update(length.as_bytes());
        hasher.update(part.as_bytes());
        hasher.update(b",");
    }
    let mut key = String::with_capacity(64);
    super::push_hexadecimal(&mut key, &hasher.finalize());
    key
}
