//! A Redis server.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use super::process::{Process, free_port};
use super::talk;
use crate::kit::PATIENCE;

/// The program that tests start: `redis-server`, or what `KEEPWARM_TEST_SERVER` names, as `valkey-server`.
pub(super) fn program() -> String {
    std::env::var("KEEPWARM_TEST_SERVER").unwrap_or_else(|_| "redis-server".to_owned())
}

/// Whether a server can be started here at all; `scripts/test.py` installs one.
pub fn is_installed() -> bool {
    std::process::Command::new(program()).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// A server of one's own, without persistence, on the loopback address.
///
/// ```no_run
/// use keepwarm_conformance::servers::RedisServer;
///
/// let server = RedisServer::start();
/// assert_eq!(server.ask(&["PING"]), "PONG");
/// ```
#[derive(Debug)]
pub struct RedisServer {
    process: Option<Process>,
    port: u16,
    directory: TempDir,
    arguments: Vec<String>,
}

impl RedisServer {
    /// Starts one.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts one with further arguments, as `redis-server` takes them.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_with(arguments: &[&str]) -> Self {
        // Between finding a port free and the server's taking it, somebody else may.
        for _ in 0..5 {
            let mut server = Self {
                process: None,
                port: free_port(),
                directory: tempfile::tempdir().expect("a temporary directory can be made"),
                arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            };
            if server.try_start() {
                return server;
            }
        }
        panic!("no {} can be started; `scripts/test.py` installs Redis", program())
    }

    fn try_start(&mut self) -> bool {
        let mut command: Vec<String> =
            ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"].map(str::to_owned).to_vec();
        command.insert(0, program());
        command.extend(["--port".to_owned(), self.port.to_string(), "--daemonize".to_owned(), "no".to_owned()]);
        command.extend(self.arguments.iter().cloned());
        let process = Process::start(self.directory.path(), &command);
        let begin = Instant::now();
        self.process = Some(process);
        while begin.elapsed() < PATIENCE / 3 {
            match self.try_ask(&["PING"]) {
                Ok(answer) if answer == "PONG" && self.is_ours() => return true,
                // With a password it lets nobody in, but it is there.
                Err(error) if error.to_string().starts_with("NOAUTH") => return true,
                _ => {}
            }
            if self.log().contains("Address already in use") {
                return false;
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    fn is_ours(&self) -> bool {
        let id = self.process.as_ref().map_or(0, Process::id);
        self.try_ask(&["INFO", "server"]).is_ok_and(|text| text.contains(&format!("process_id:{id}\r\n")))
    }

    /// What it has written to its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }

    /// Its directory.
    pub fn directory(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// The port it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its process id.
    ///
    /// # Panics
    /// When it does not run.
    pub fn id(&self) -> i32 {
        self.process.as_ref().expect("the server runs").id()
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: u32) -> String {
        format!("redis://127.0.0.1:{}/{database}", self.port)
    }

    /// Asks it over a connection of its own; lists come with a line for each part.
    ///
    /// # Panics
    /// When it answers with an error, or not.
    pub fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// The same where the answer may be an error.
    ///
    /// # Errors
    /// What it answers, or what keeps it from answering.
    pub fn try_ask(&self, words: &[&str]) -> std::io::Result<String> {
        talk::ask(self.port, &[words])
    }

    /// The same about one of its databases.
    ///
    /// # Panics
    /// When it answers with an error, or not.
    pub fn ask_in(&self, database: u32, words: &[&str]) -> String {
        let answer = talk::ask(self.port, &[&["SELECT", &database.to_string()], words]);
        answer.unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    /// One of the figures of `INFO`.
    ///
    /// # Panics
    /// When there is none of this name.
    pub fn figure(&self, name: &str) -> u64 {
        let text = self.ask(&["INFO", "everything"]);
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or_else(|| panic!("no figure {name}"))
    }

    /// Waits until so many replicas have all that was written here so far.
    ///
    /// By the offsets they report and not by `WAIT`, which waits for what its own connection wrote: on a new one, nothing.
    ///
    /// # Panics
    /// When they do not get there.
    pub fn wait_for_replicas(&self, count: usize) {
        let written = self.figure("master_repl_offset");
        let caught_up = |line: &str| {
            let offset = line.split(',').find_map(|field| field.strip_prefix("offset="));
            line.starts_with("slave")
                && offset.and_then(|offset| offset.parse().ok()).is_some_and(|at: u64| at >= written)
        };
        let begin = Instant::now();
        while self.ask(&["INFO", "replication"]).lines().filter(|line| caught_up(line)).count() < count {
            assert!(begin.elapsed() < PATIENCE, "waited in vain until {count} replicas have caught up");
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills it, as a crash would.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again on the same port, empty.
    ///
    /// # Panics
    /// When somebody else has taken the port.
    pub fn restart(&mut self) {
        self.kill();
        assert!(self.try_start(), "the server cannot be started again: {}", self.log());
    }

    /// Stops its process in its tracks: connections stay open and nobody answers.
    pub fn stall(&self) {
        if let Some(process) = &self.process {
            process.signal(Signal::STOP);
        }
    }

    /// Lets it go on.
    pub fn resume(&self) {
        if let Some(process) = &self.process {
            process.signal(Signal::CONT);
        }
    }
}
