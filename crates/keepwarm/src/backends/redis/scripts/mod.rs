//! What has to be decided where the entry lies, in Lua. Each script is loaded by its first call and called by its hash
//! from then on.

use std::sync::LazyLock;

/// A script as the server knows it.
#[derive(Debug)]
pub(super) struct Script {
    pub(super) text: String,
    pub(super) hash: String,
}

impl Script {
    fn alone(text: &str) -> Self {
        Self { hash: redis::Script::new(text).get_hash().to_owned(), text: text.to_owned() }
    }

    fn new(body: &str) -> Self {
        Self::alone(&[include_str!("prelude.lua"), body].concat())
    }
}

macro_rules! scripts {
    ($($name:ident = $file:literal;)*) => {$(
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!($file)));
    )*};
}

scripts! {
    ADD = "add.lua";
    ALIVE = "alive.lua";
    ENTRIES = "entries.lua";
    ENTRY = "entry.lua";
    LEASE = "lease.lua";
    PUT = "put.lua";
    RELEASE = "release.lua";
    REMOVE = "remove.lua";
    REMOVE_MANY = "remove_many.lua";
    SWEEP = "sweep.lua";
    TOUCH = "touch.lua";
}

// These need nothing of what the others share.
pub(super) static LOCK: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("lock.lua")));
pub(super) static SWAP: LazyLock<Script> = LazyLock::new(|| Script::alone(include_str!("swap.lua")));
