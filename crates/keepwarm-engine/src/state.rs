//! A store that is open: its files, mapped.

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use crate::error::{Error, Result};
use crate::head::{self, Head, Read, Run, VERSION};
use crate::map::Map;
use crate::markers::{self, Markers};
use crate::options::{Layout, Options, PAGE};
use crate::shard::Shard;
use crate::side;
use crate::sys::{
    Here, allocate, boot, identity, lock, make_directory, open, random, refuse_network, share, try_lock, unlock, uptime,
};

const STORE: &str = "keepwarm.store";
const MARKERS: &str = "keepwarm.markers";

/// A file whose lock is held to write what it maps, first among the threads of this process and then among processes.
pub(crate) struct Locked<T> {
    pub(crate) inner: T,
    file: Arc<File>,
    path: PathBuf,
    threads: Mutex<()>,
}

impl<T> Locked<T> {
    /// Does something with the lock held.
    pub(crate) fn with<R>(&self, patience: Duration, work: impl FnOnce(&T) -> R) -> Result<R> {
        struct Held<'a>(&'a File);
        impl Drop for Held<'_> {
            fn drop(&mut self) {
                unlock(self.0);
            }
        }
        let Some(_thread) = self.threads.try_lock().or_else(|| self.threads.try_lock_for(patience)) else {
            return Err(Error::Locked { file: self.path.clone(), waited: patience });
        };
        lock(&self.file, &self.path, patience)?;
        let _held = Held(&self.file);
        Ok(work(&self.inner))
    }

    /// Takes room in the file.
    pub(crate) fn allocate(&self, at: usize, length: usize) -> bool {
        allocate(&self.file, at, length).is_ok()
    }
}

/// Everything of an open store.
pub(crate) struct State {
    pub(crate) here: Here,
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
        let files = Files { directory: &options.directory, head: &head };
        let Some(markers) = files.markers()? else { return Ok(Attempt::Again) };
        let mut shards = Vec::new();
        for index in 0..head.layout.shards {
            let Some(shard) = files.shard(index)? else { return Ok(Attempt::Again) };
            shards.push(shard);
        }
        let side = side::Folder::new(&options.directory, head.layout.side_bytes);
        let here = Here::new().map_err(failed("map a page beside"))?;
        let looked = AtomicU64::new(0);
        let durable = options.durable;
        let state =
            Self { here, head, run, shards, markers, side, looked, page, file, identity, path: path.clone(), durable };
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
        if !self.here.is_same() || !self.is_current() || !try_lock(&self.file, &self.path).unwrap_or(false) {
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

fn is_still(path: &Path, identity: (u64, u64)) -> bool {
    std::fs::symlink_metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == identity)
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn unix_millis() -> u64 {
    millis(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// The files of a store.
struct Files<'f> {
    directory: &'f Path,
    head: &'f Head,
}

impl Files<'_> {
    fn shard_path(&self, index: usize) -> PathBuf {
        self.directory.join(format!("keepwarm.{index:02}"))
    }

    fn markers_path(&self) -> PathBuf {
        self.directory.join(MARKERS)
    }

    fn map(&self, path: PathBuf, length: usize) -> Result<Option<(Arc<File>, PathBuf, Map)>> {
        let file = open(&path)?;
        // A file that is too short would end the process at the first access beyond its end.
        if file.metadata().map_err(Error::io("look at", &path))?.len() != length as u64 {
            return Ok(None);
        }
        let map = Map::new(&file, length).map_err(Error::io("map", &path))?;
        Ok(Some((Arc::new(file), path, map)))
    }

    fn shard(&self, index: usize) -> Result<Option<Locked<Shard<Map>>>> {
        let layout = self.head.layout;
        let Some((file, path, map)) = self.map(self.shard_path(index), layout.shard_length())? else { return Ok(None) };
        let room = Arc::clone(&file);
        let inner = Shard::new(map, layout, Box::new(move |at, length| allocate(&room, at, length).is_ok()));
        Ok(Some(Locked { inner, file, path, threads: Mutex::new(()) }))
    }

    fn markers(&self) -> Result<Option<Locked<Markers<Map>>>> {
        let buckets = self.head.layout.markers;
        let Some((file, path, map)) = self.map(self.markers_path(), markers::length(buckets))? else { return Ok(None) };
        Ok(Some(Locked { inner: Markers::new(map, buckets), file, path, threads: Mutex::new(()) }))
    }

    /// Makes a file of zeros of this length, alone with it.
    fn empty(&self, path: &Path, length: usize) -> Result<()> {
        let file = open(path)?;
        let emptied = file.set_len(0).and_then(|()| file.set_len(length as u64));
        emptied.map_err(Error::io("make", path))
    }

    fn make_shard(&self, index: usize) -> Result<()> {
        self.empty(&self.shard_path(index), self.head.layout.shard_length())?;
        match self.shard(index)? {
            Some(shard) if shard.inner.make(self.head.store ^ index as u64) => Ok(()),
            _ => Err(Error::io("make room for", self.shard_path(index))(std::io::ErrorKind::StorageFull.into())),
        }
    }

    fn make_markers(&self) -> Result<()> {
        let path = self.markers_path();
        self.empty(&path, markers::length(self.head.layout.markers))?;
        match self.markers()? {
            Some(markers) if markers.allocate(0, markers::FIRST) => {
                markers.inner.make(self.head.store);
                Ok(())
            }
            _ => Err(Error::io("make room for", path)(std::io::ErrorKind::StorageFull.into())),
        }
    }

    /// Makes whatever is missing or damaged anew.
    fn mend(&self) -> Result<()> {
        if !self.markers()?.is_some_and(|markers| markers.inner.is_of(self.head.store)) {
            self.make_markers()?;
        }
        for index in 0..self.head.layout.shards {
            let owner = self.head.store ^ index as u64;
            if !self.shard(index)?.is_some_and(|shard| shard.inner.is_sound(owner)) {
                self.make_shard(index)?;
            }
        }
        Ok(())
    }

    fn make(&self) -> Result<()> {
        self.make_markers()?;
        (0..self.head.layout.shards).try_for_each(|index| self.make_shard(index))?;
        // Shards of a store that had more of them.
        for index in self.head.layout.shards.. {
            if std::fs::remove_file(self.shard_path(index)).is_err() {
                return Ok(());
            }
        }
        Ok(())
    }
}

/// Makes the store ready, with its lock held alone: nobody else has it open.
///
/// What was written in this run of the machine is kept, however its writers ended: what they had written is in the
/// kernel's memory, whole. What was written before is kept only if it was closed in order: the disk may have an arbitrary
/// mixture of older and newer pages of it otherwise, each of them whole, and old values among them.
fn prepare(options: &Options, file: &File, path: &Path, number: u64) -> Result<()> {
    let failed = |what| Error::io(what, path);
    if file.metadata().map_err(failed("look at"))?.len() < PAGE as u64 {
        file.set_len(PAGE as u64).map_err(failed("make"))?;
    }
    allocate(file, 0, PAGE).map_err(failed("make room for"))?;
    let page = Map::new(file, PAGE).map_err(failed("map"))?;
    let wanted = Layout::of(options.max_bytes, options.max_entries);
    let found = match head::read(&page) {
        Read::OtherVersion(found) => return Err(Error::Version { file: path.to_owned(), found, known: VERSION }),
        Read::Head(head) if head.layout == wanted => head::run(&page).map(|run| (head, run)),
        Read::Head(_) | Read::Nothing => None,
    };
    let now = options.boot.or_else(boot);
    let uptime = millis(uptime());
    let kept = found.and_then(|(head, run)| {
        let same_run = now == Some(run.boot) && run.file == number;
        let base = if same_run {
            run.base
        } else {
            // Time goes on from where it was, whatever the wall clock was set to meanwhile.
            unix_millis().max(head::closed(&page)?).wrapping_sub(uptime)
        };
        // Not the next number: a disk that kept the order of nothing might have this run's records under the last one's.
        let session = (run.session + 1 + random() % u64::from(u16::MAX - 1)) % u64::from(u16::MAX);
        Some((head, base, session))
    });
    let begin = |base, session| {
        head::begin(&page, &Run { boot: now.unwrap_or_else(fresh), file: number, session, base });
        if options.durable { page.sync().map_err(failed("write")) } else { Ok(()) }
    };
    if let Some((head, base, session)) = kept {
        // On the disk before anything else changes there: after a power loss nothing of this is taken for closed.
        begin(base, session)?;
        return Files { directory: &options.directory, head: &head }.mend();
    }
    let head = Head { layout: wanted, seed: random(), store: random() };
    Files { directory: &options.directory, head: &head }.make()?;
    side::Folder::new(&options.directory, 0).remove_all();
    head::write(&page, &head);
    begin(unix_millis().wrapping_sub(uptime), 1)
}

/// Where the kernel does not say which run it is, each opening is one of its own.
fn fresh() -> [u64; 2] {
    [random(), random()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_made_and_opened_again() {
        let directory = std::env::temp_dir().join(format!("keepwarm-state-{:016x}", random()));
        let options = Options { max_bytes: 1 << 20, ..Options::new(&directory) };
        let first = State::open(&options).unwrap();
        let second = State::open(&options).unwrap();
        assert_eq!(first.head, second.head);
        assert_eq!(first.run, second.run);
        let second_session = second.run.session;
        drop((first, second));
        let third = State::open(&options).unwrap();
        assert_ne!(third.run.session, second_session);
        assert_eq!(head::closed(&third.page), None);
        drop(third);
        std::fs::remove_dir_all(directory).unwrap();
    }
}
