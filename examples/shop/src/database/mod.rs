//! The database: a SQLite file in WAL mode, a few readers, one writer, and a count of every query. The file is temporary,
//! or kept where several copies of the program find it.

pub mod edit;
mod flights;
mod load;
mod places;
mod report;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{CachedStatement, Connection, OpenFlags, Params, Row};
use tempfile::{NamedTempFile, TempDir};
use tokio::sync::Semaphore;

/// A handle on the shop's database. Clones share it; a temporary file is deleted with the last one.
#[derive(Clone)]
pub struct Database(Arc<Shared>);

struct Shared {
    // Before `folder`, because fields are dropped in order and a file is deleted more politely when it is closed.
    readers: Mutex<Vec<Connection>>,
    writer: Mutex<Connection>,
    reader_free: Semaphore,
    queries: AtomicU64,
    identity: i64,
    _folder: Option<TempDir>,
}

impl Database {
    /// Makes a temporary file and loads the data set into it: the whole of it, or with `every` only each n-th flight, which
    /// is what a test that wants to start in a moment asks for. Blocks for a second or two.
    ///
    /// # Errors
    /// When the temporary file cannot be made or filled.
    pub fn create(every: usize) -> Result<Self, rusqlite::Error> {
        let folder =
            TempDir::with_prefix("keepwarm-shop-").map_err(|error| unable_to_open(&std::env::temp_dir(), &error))?;
        let file = folder.path().join("shop.sqlite");
        fill(&file, every)?;
        Self::open(&file, Some(folder))
    }

    /// Opens the file, which outlives the program and may be open in several copies of it; makes it as
    /// [`create`](Self::create) does if there is none.
    ///
    /// # Errors
    /// When the file cannot be opened, or made and filled.
    pub fn keep(file: &Path, every: usize) -> Result<Self, rusqlite::Error> {
        if !file.exists() {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            let unable = |error: std::io::Error| unable_to_open(folder, &error);
            std::fs::create_dir_all(folder).map_err(unable)?;
            // Filled beside it and put in its place whole: of copies that begin together all go on with the first one's, and
            // one that is killed meanwhile leaves no half of a database.
            let made = NamedTempFile::new_in(folder).map_err(unable)?;
            fill(made.path(), every)?;
            match made.persist_noclobber(file) {
                Ok(_) => {}
                Err(taken) if taken.error.kind() == ErrorKind::AlreadyExists => {}
                Err(other) => return Err(unable(other.error)),
            }
        }
        Self::open(file, None)
    }

    fn open(file: &Path, folder: Option<TempDir>) -> Result<Self, rusqlite::Error> {
        let writer = Connection::open(file)?;
        writer.execute_batch("PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;")?;
        let identity = writer.query_one("SELECT number FROM identity", (), |row| row.get(0))?;
        // Queries are work for processors, not for a disk: more readers than processors would only queue elsewhere.
        let count = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let readers = (0..count).map(|_| open_reader(file)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self(Arc::new(Shared {
            reader_free: Semaphore::new(readers.len()),
            readers: Mutex::new(readers),
            writer: Mutex::new(writer),
            queries: AtomicU64::new(0),
            identity,
            _folder: folder,
        })))
    }

    /// A number that no other database has: what a shared cache holds of another one is not about this one.
    pub fn identity(&self) -> i64 {
        self.0.identity
    }

    /// How many statements were run since the start.
    pub fn queries(&self) -> u64 {
        self.0.queries.load(Ordering::Relaxed)
    }

    /// Runs `work` with a reader, on a thread that may block.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, rusqlite::Error> {
        let shared = self.0.clone();
        // Waiting for a reader here, and not on the blocking thread, keeps a burst of requests from taking all of those.
        let permit = self.0.reader_free.acquire().await.expect("the semaphore is never closed");
        let result = blocking(move || {
            let connection = lock(&shared.readers).pop().expect("there are as many readers as permits");
            let borrowed = Borrowed { connection: Some(connection), shared: &shared };
            let connection = borrowed.connection.as_ref().expect("given back only when dropped");
            work(&Session { connection, queries: &shared.queries })
        })
        .await;
        drop(permit);
        result
    }

    /// Runs `work` with the writer, one at a time.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Session<'_>) -> Result<T, rusqlite::Error> + Send + 'static,
    ) -> Result<T, rusqlite::Error> {
        let shared = self.0.clone();
        blocking(move || {
            let connection = lock(&shared.writer);
            work(&Session { connection: &connection, queries: &shared.queries })
        })
        .await
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Database").field("queries", &self.queries()).finish_non_exhaustive()
    }
}

/// A connection that counts what is asked of it.
struct Session<'a> {
    connection: &'a Connection,
    queries: &'a AtomicU64,
}

impl Session<'_> {
    fn statement(&self, sql: &str) -> Result<CachedStatement<'_>, rusqlite::Error> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        self.connection.prepare_cached(sql)
    }

    fn all<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<Vec<T>, rusqlite::Error> {
        self.statement(sql)?.query_map(parameters, read)?.collect()
    }

    fn one<T>(
        &self,
        sql: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> Result<T, rusqlite::Error>,
    ) -> Result<T, rusqlite::Error> {
        self.statement(sql)?.query_one(parameters, read)
    }
}

/// Gives the reader back even when a query panics.
struct Borrowed<'a> {
    connection: Option<Connection>,
    shared: &'a Shared,
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        lock(&self.shared.readers).extend(self.connection.take());
    }
}

/// Makes a database in a file that nobody else has open. It is in WAL mode from the start, because changing the mode needs
/// the file alone.
fn fill(file: &Path, every: usize) -> Result<(), rusqlite::Error> {
    let mut writer = Connection::open(file)?;
    writer.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;")?;
    load::load(&mut writer, every.max(1))?;
    writer.close().map_err(|(_, error)| error)
}

fn open_reader(file: &Path) -> Result<Connection, rusqlite::Error> {
    let reader = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    reader.execute_batch("PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 268435456;")?;
    reader.set_prepared_statement_cache_capacity(64);
    Ok(reader)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(value) => value,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// A panic in a query leaves no half-done change behind (SQLite rolls it back), so the lock is still good.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unable_to_open(folder: &Path, error: &std::io::Error) -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(
        rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
        Some(format!("{}: {error}", PathBuf::from(folder).display())),
    )
}
