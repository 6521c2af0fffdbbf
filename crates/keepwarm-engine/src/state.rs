//! A store that is open: its files, mapped.

use std::fs::File;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::head::{self, Head, Read, Run, VERSION};
use crate::locked::Locked;
use crate::map::Map;
use crate::markers::Markers;
use crate::members::Membership;
use crate::options::{Options, PAGE};
use crate::prepare::{Files, prepare};
use crate::shard::Shard;
use crate::side;
use crate::sys::{boot, identity, is_still, make_directory, open, refuse_network, share, try_lock, uptime};

const STORE: &str = "keepwarm.store";

/// Everything of an open store.
pub(crate) struct State {
    pub(crate) member: Arc<Membership>,
    pub(crate) head: Head,
    pub(crate) run: Run,
    pub(crate) shards: Vec<Locked<Shard<Map>>>,
    pub(crate) markers: Locked<Markers<Map>>,
    pub(crate) side: side::Folder,
    /// When the directory was last looked at, in the caller's time.
    pub(crate) looked: AtomicU64,
    page: Map,
    file: File,
    identity: (u64, u64),
    path: PathBuf,
    durable: bool,
}

/// What a directory is found to be.
enum Attempt {
    Open(Box<State>),
    /// Removed, or not ready yet: to be looked at again.
    Again,
}

impl State {
    pub(crate) fn open(options: &Options) -> Result<Self> {
        make_directory(&options.directory)?;
        refuse_network(&options.directory)?;
        let begun = Instant::now();
        loop {
            match Self::attempt(options)? {
                Attempt::Open(state) => return Ok(*state),
                Attempt::Again if begun.elapsed() > options.patience => {
                    let file = options.directory.join(STORE);
                    return Err(Error::Locked { file, waited: begun.elapsed() });
                }
                Attempt::Again => {
                    std::thread::sleep(Duration::from_millis(1));
                    make_directory(&options.directory)?;
                }
            }
        }
    }

    fn attempt(options: &Options) -> Result<Attempt> {
        let path = options.directory.join(STORE);
        let file = open(&path)?;
        let alone = try_lock(&file, &path)?;
        if !alone {
            share(&file, &path, options.patience)?;
        }
        let failed = |what| Error::io(what, path.clone());
        let identity = identity(&file).map_err(failed("look at"))?;
        if !is_still(&path, identity) {
            return Ok(Attempt::Again);
        }
        if alone {
            prepare(options, &file, &path, identity.1)?;
            // Between the two somebody else may get it alone, and finds it prepared.
            share(&file, &path, options.patience)?;
        }
        if file.metadata().map_err(failed("look at"))?.len() < PAGE as u64 {
            return Ok(Attempt::Again);
        }
        let page = Map::new(&file, PAGE).map_err(failed("map"))?;
        let head = match head::read(&page) {
            Read::Head(head) => head,
            Read::OtherVersion(found) => return Err(Error::Version { file: path, found, known: VERSION }),
            Read::Nothing => return Ok(Attempt::Again),
        };
        let Some(run) = head::run(&page) else { return Ok(Attempt::Again) };
        // Closed, or of another run of the machine, though somebody is there: they are about to prepare it, or to end. (A
        // process that is being started holds its parent's files for a moment.) To write into a store that counts as closed
        // would have it believed after a power loss.
        let is_other_run = options.boot.or_else(boot).is_some_and(|now| now != run.boot) || run.file != identity.1;
        if is_other_run || head::closed(&page).is_some() {
            return Ok(Attempt::Again);
        }
        let files = Files { directory: &options.directory, head: &head };
        let member = Arc::new(Membership::join(&options.directory)?);
        let Some(markers) = files.markers()? else { return Ok(Attempt::Again) };
        let markers = markers.shared(&member);
        let mut shards = Vec::new();
        for index in 0..head.layout.shards {
            let Some(shard) = files.shard(index)? else { return Ok(Attempt::Again) };
            shards.push(shard.shared(&member));
        }
        let side = side::Folder::new(&options.directory, head.layout.side_bytes);
        let looked = AtomicU64::new(0);
        let durable = options.durable;
        let state = Self {
            member,
            head,
            run,
            shards,
            markers,
            side,
            looked,
            page,
            file,
            identity,
            path: path.clone(),
            durable,
        };
        state.sweep_side(alone);
        Ok(Attempt::Open(Box::new(state)))
    }

    /// Removes side files that nothing leads to: their writers died. Young ones may be on their way.
    fn sweep_side(&self, alone: bool) {
        self.side.sweep(alone, |hash, id| {
            let has = self
                .shard(hash)
                .with(Duration::from_millis(100), |shard| shard.enter(&self.markers.inner, 0).has_side(hash, id));
            has.unwrap_or(true)
        });
    }

    /// The shard of a key, by bits that choose neither bucket nor tag.
    #[inline]
    pub(crate) fn shard(&self, hash: u64) -> &Locked<Shard<Map>> {
        &self.shards[(hash >> 40) as usize & (self.shards.len() - 1)]
    }

    /// Whether the directory still holds the files that are open here.
    pub(crate) fn is_current(&self) -> bool {
        is_still(&self.path, self.identity)
    }

    /// Nobody may use the state any more: if nobody else has the store open either, it is closed in order.
    fn close(&self) {
        // In a forked child the files are the parent's.
        if !self.member.is_here() || !self.is_current() || !try_lock(&self.file, &self.path).unwrap_or(false) {
            return;
        }
        if self.durable {
            let synced = self.shards.iter().all(|shard| shard.inner.words().sync().is_ok())
                && self.markers.inner.words().sync().is_ok();
            if !synced {
                return;
            }
        }
        head::close(&self.page, self.run.base.wrapping_add(millis(uptime())));
        if self.durable {
            let _ = self.page.sync();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_made_and_opened_again() {
        let directory = tempfile::tempdir().unwrap();
        let options = Options { max_bytes: 1 << 20, ..Options::new(directory.path()) };
        let first = State::open(&options).unwrap();
        let second = State::open(&options).unwrap();
        assert_eq!(first.head, second.head);
        assert_eq!(first.run, second.run);
        let second_session = second.run.session;
        drop((first, second));
        let third = State::open(&options).unwrap();
        assert_ne!(third.run.session, second_session);
        assert_eq!(head::closed(&third.page), None);
    }
    #[test]
    fn a_closed_store_is_prepared_before_it_is_used() {
        let directory = tempfile::tempdir().unwrap();
        let patience = Duration::from_millis(20);
        let options = Options { max_bytes: 1 << 20, patience, ..Options::new(directory.path()) };
        drop(State::open(&options).unwrap());
        // As a process that is being started while the last one closes the store.
        let path = directory.path().join(STORE);
        let theirs = open(&path).unwrap();
        share(&theirs, &path, patience).unwrap();
        assert!(matches!(State::open(&options), Err(Error::Locked { .. })), "it counts as closed");
        drop(theirs);
        assert_eq!(head::closed(&State::open(&options).unwrap().page), None);
    }
}
