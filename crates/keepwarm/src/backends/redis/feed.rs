//! Being told what changes: RESP3 client tracking in broadcast mode, over a connection of its own.

use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use super::Redis;
use super::failure::Failure;
use super::link::{Patience, Socket};
use super::names;
use super::servers::Servers;
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
            if let redis::Value::ServerError(error) = answer {
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
    let mut frames = Frames::default();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match socket.read_some(&mut buffer, &Patience::of(HEARTBEAT)) {
            Ok(0) => return Ok(()),
            Ok(length) => {
                heard = Instant::now();
                frames.add(&buffer[..length]);
                while let Some(frame) = frames.next().map_err(|()| Failure::TimedOut)? {
                    let Some(watcher) = watcher.upgrade() else { return Ok(()) };
                    pass_on(&frame, &*watcher);
                }
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

fn pass_on(frame: &Frame, watcher: &dyn Watcher) {
    let Frame::List(parts) = frame else { return };
    let [Frame::Text(word), keys] = &parts[..] else { return };
    if word != b"invalidate" {
        return;
    }
    let Frame::List(keys) = keys else { return watcher.changed(Change::Everything) };
    for key in keys {
        let Frame::Text(key) = key else { continue };
        // Keys that are no text are not ours.
        if let Ok(key) = std::str::from_utf8(key)
            && let Some(change) = change(key)
        {
            watcher.changed(change);
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

/// What comes over the connection. Read here and not by the crate's parser, which loses its place when a read times out.
#[derive(Debug, PartialEq, Eq)]
enum Frame {
    Text(Vec<u8>),
    List(Vec<Frame>),
    /// Anything that says nothing here: nothing, numbers, errors.
    Other,
}

#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    read: usize,
}

impl Frames {
    fn add(&mut self, bytes: &[u8]) {
        self.bytes.drain(..std::mem::take(&mut self.read));
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame that is there as a whole; `Err` when this is no such protocol.
    fn next(&mut self) -> Result<Option<Frame>, ()> {
        let mut at = self.read;
        let frame = frame(&self.bytes, &mut at, 0)?;
        if frame.is_some() {
            self.read = at;
        }
        Ok(frame)
    }
}

/// How deep lists may lie in one another: a server that says more is none.
const DEEPEST: usize = 8;

fn frame(bytes: &[u8], at: &mut usize, depth: usize) -> Result<Option<Frame>, ()> {
    let Some(end) = bytes[*at..].windows(2).position(|pair| pair == b"\r\n") else { return Ok(None) };
    let line = &bytes[*at..*at + end];
    let mut next = *at + end + 2;
    let Some((kind, rest)) = line.split_first() else { return Err(()) };
    let number = || std::str::from_utf8(rest).ok().and_then(|digits| digits.parse::<i64>().ok()).ok_or(());
    let found = match kind {
        b'+' => Frame::Text(rest.to_vec()),
        b'$' | b'=' | b'!' => match usize::try_from(number()?) {
            Err(_) => Frame::Other,
            Ok(length) => {
                let Some(text) = bytes.get(next..next.saturating_add(length).saturating_add(2)) else {
                    return Ok(None);
                };
                next += length + 2;
                Frame::Text(text[..length].to_vec())
            }
        },
        b'*' | b'>' | b'~' | b'%' => match usize::try_from(number()?) {
            Err(_) => Frame::Other,
            Ok(_) if depth == DEEPEST => return Err(()),
            Ok(count) => {
                let count = if *kind == b'%' { count.saturating_mul(2) } else { count };
                let mut parts = Vec::new();
                for _ in 0..count {
                    match frame(bytes, &mut next, depth + 1)? {
                        Some(part) => parts.push(part),
                        None => return Ok(None),
                    }
                }
                Frame::List(parts)
            }
        },
        b'-' | b':' | b'_' | b'#' | b',' | b'(' => Frame::Other,
        _ => return Err(()),
    };
    *at = next;
    Ok(Some(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_whole_however_they_are_cut() {
        let said = b">2\r\n$10\r\ninvalidate\r\n*1\r\n$3\r\nfoo\r\n+PONG\r\n>2\r\n$10\r\ninvalidate\r\n_\r\n";
        let text = |text: &[u8]| Frame::Text(text.to_vec());
        let all = [
            Frame::List(vec![text(b"invalidate"), Frame::List(vec![text(b"foo")])]),
            text(b"PONG"),
            Frame::List(vec![text(b"invalidate"), Frame::Other]),
        ];
        for cut in 1..said.len() {
            let mut frames = Frames::default();
            let mut found = Vec::new();
            for part in said.chunks(cut) {
                frames.add(part);
                while let Some(frame) = frames.next().unwrap() {
                    found.push(frame);
                }
            }
            assert_eq!(found, all, "in parts of {cut}");
        }
        let mut frames = Frames::default();
        frames.add(b"HTTP/1.1 400 Bad Request\r\n");
        assert_eq!(frames.next(), Err(()));
    }

    #[test]
    fn keys_of_records_are_told_as_what_they_are() {
        assert_eq!(change("myapp:1:user"), Some(Change::Key("myapp:1:user")));
        assert_eq!(change("keepwarm:tag:myapp:tag:news"), Some(Change::Marker("myapp:tag:news")));
        assert_eq!(change("keepwarm:scope:myapp"), Some(Change::Scope("myapp")));
        assert_eq!(change("keepwarm:clearing:myapp"), None);
    }
}
