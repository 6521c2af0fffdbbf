//! Being told what changes: RESP3 client tracking in broadcast mode, over a connection of its own.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use redis::{PushKind, Value};

use super::Redis;
use super::failure::Failure;
use super::link::{Patience, Socket};
use super::names;
use super::servers::{Servers, bytes};
use super::store::Store;
use crate::backend::{Change, Feed, Watcher};

/// How often a quiet connection is asked whether it still stands.
const HEARTBEAT: Duration = Duration::from_millis(250);

/// How long the answer to that may take.
const SILENCE: Duration = Duration::from_secs(1);

/// Between two tries to connect.
const PAUSE: Duration = Duration::from_millis(50);

impl Feed for Redis {
    /// A thread of its own, which ends when the watcher is gone. A cluster is not watched: each of its nodes tells only of
    /// its own keys.
    fn watch(&self, watcher: Weak<dyn Watcher>) {
        let store = Arc::downgrade(&self.0);
        let listen = move || listen(&store, &watcher);
        // Without a thread nothing is ever told, and the watcher never hears that it is being told.
        let _ = thread::Builder::new().name("keepwarm-feed".to_owned()).spawn(listen);
    }
}

fn listen(store: &Weak<Store>, watcher: &Weak<dyn Watcher>) {
    loop {
        let connected = {
            let Some(store) = store.upgrade() else { return };
            if watcher.strong_count() == 0 || matches!(store.servers, Servers::Cluster(_)) {
                return;
            }
            connect(&store)
        };
        if let Ok(mut socket) = connected {
            {
                let Some(watcher) = watcher.upgrade() else { return };
                watcher.watching();
            }
            let _ended = tell(&mut socket, watcher);
            let Some(watcher) = watcher.upgrade() else { return };
            watcher.lost();
        }
        thread::sleep(PAUSE);
    }
}

/// A connection that the server has promised to tell.
fn connect(store: &Store) -> Result<Socket, Failure> {
    let masters = crate::blocking::drive(store.servers.masters());
    let Some(master) = masters.ok().and_then(|masters| masters.into_iter().next()) else {
        return Err(Failure::TimedOut);
    };
    let patience = Patience::of(SILENCE);
    let mut socket = master.open(&patience)?;
    for words in [&["HELLO", "3"][..], &["CLIENT", "TRACKING", "ON", "BCAST"]] {
        let command = super::link::packed(words).get_packed_command();
        for answer in socket.ask(&command, 1, &patience)? {
            if let Value::ServerError(error) = answer {
                return Err(Failure::Refused(error.into()));
            }
        }
    }
    Ok(socket)
}

/// Passes news on until the connection is in doubt or nobody listens.
fn tell(socket: &mut Socket, watcher: &Weak<dyn Watcher>) -> Result<(), Failure> {
    let ping = super::link::packed(&["PING"]).get_packed_command();
    let mut heard = Instant::now();
    loop {
        match socket.hear(&Patience::of(HEARTBEAT)) {
            Ok(said) => {
                heard = Instant::now();
                let Some(watcher) = watcher.upgrade() else { return Ok(()) };
                pass_on(said, &*watcher);
            }
            Err(Failure::TimedOut) => {
                if heard.elapsed() >= SILENCE || watcher.strong_count() == 0 {
                    return Ok(());
                }
                socket.send(&ping, &Patience::of(HEARTBEAT))?;
            }
            Err(failure) => return Err(failure),
        }
    }
}

fn pass_on(said: Value, watcher: &dyn Watcher) {
    let Value::Push { kind: PushKind::Invalidate, data } = said else { return };
    for keys in data {
        // No list of keys: all of them.
        let Value::Array(keys) = keys else { return watcher.changed(Change::Everything) };
        for key in keys.into_iter().filter_map(bytes) {
            // Keys that are no text are not ours.
            if let Some(change) = std::str::from_utf8(&key).ok().and_then(change) {
                watcher.changed(change);
            }
        }
    }
}

fn change(key: &str) -> Option<Change<'_>> {
    if let Some(name) = key.strip_prefix(names::TAG).or_else(|| key.strip_prefix(names::NAMESPACE)) {
        return Some(Change::Marker(name));
    }
    if let Some(prefix) = key.strip_prefix(names::SCOPE) {
        return Some(Change::Scope(prefix));
    }
    let internal = ["keepwarm:clearing:", "keepwarm:sweep:", "keepwarm.refresh."];
    (!internal.iter().any(|lead| key.starts_with(lead))).then_some(Change::Key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_records_are_told_as_what_they_are() {
        assert_eq!(change("myapp:1:user"), Some(Change::Key("myapp:1:user")));
        assert_eq!(change("keepwarm:tag:myapp:tag:news"), Some(Change::Marker("myapp:tag:news")));
        assert_eq!(change("keepwarm:scope:myapp"), Some(Change::Scope("myapp")));
        assert_eq!(change("keepwarm:clearing:myapp"), None);
    }
}
