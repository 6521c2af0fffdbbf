//! A master, two replicas, and a sentinel that watches them.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::RedisServer;
use super::process::{Process, free_port};
use super::talk;
use crate::kit::PATIENCE;

/// A service of three servers under Sentinel.
#[derive(Debug)]
pub struct RedisSentinel {
    // First, so that it does not fail over while the others are stopped.
    _sentinel: Process,
    _directory: TempDir,
    port: u16,
    servers: Vec<RedisServer>,
}

impl RedisSentinel {
    /// Starts them.
    ///
    /// # Panics
    /// When they cannot be started.
    pub fn start() -> Self {
        let quick = ["--repl-diskless-sync-delay", "0", "--databases", "64"];
        let master = RedisServer::start_with(&quick);
        let address = format!("127.0.0.1 {}", master.port());
        let replica = || {
            let mut arguments = quick.to_vec();
            arguments.extend(["--replicaof", &address]);
            RedisServer::start_with(&arguments)
        };
        let servers = vec![replica(), replica(), master];
        let port = free_port();
        let directory = tempfile::tempdir().expect("a temporary directory can be made");
        let settings = format!(
            "port {port}\nbind 127.0.0.1\nsentinel monitor main {address} 1\nsentinel down-after-milliseconds main 500\n\
             sentinel failover-timeout main 2000\nsentinel parallel-syncs main 2\n"
        );
        let file = directory.path().join("sentinel.conf");
        fs::write(&file, settings).expect("the directory is ours");
        let file = file.to_str().expect("a temporary directory's name is text").to_owned();
        let sentinel = Process::start(directory.path(), &[super::redis::program(), file, "--sentinel".to_owned()]);
        let service = Self { _sentinel: sentinel, _directory: directory, port, servers };
        service.wait("the sentinel knows the replicas", || {
            let known = service.try_ask(&["SENTINEL", "REPLICAS", "main"]).unwrap_or_default();
            service.servers[..2].iter().all(|server| known.lines().any(|line| line == server.port().to_string()))
                && known.matches("\nok\n").count() >= 2
        });
        service
    }

    fn wait(&self, what: &str, condition: impl Fn() -> bool) {
        let begin = Instant::now();
        while !condition() {
            assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn try_ask(&self, words: &[&str]) -> std::io::Result<String> {
        talk::ask(self.port, &[words])
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: u32) -> String {
        format!("redis+sentinel://127.0.0.1:{}/main/{database}", self.port)
    }

    /// The server that the sentinel takes for the master now.
    ///
    /// # Panics
    /// When there is none.
    pub fn master(&mut self) -> &mut RedisServer {
        let port = self.master_port();
        self.servers.iter_mut().find(|server| server.port() == port).expect("the master is one of ours")
    }

    fn master_port(&self) -> u16 {
        let address = self.try_ask(&["SENTINEL", "GET-MASTER-ADDR-BY-NAME", "main"]).expect("the sentinel answers");
        address.lines().last().and_then(|port| port.parse().ok()).expect("the sentinel knows a master")
    }

    /// Has another server take over, without anything lost, and waits until it has.
    ///
    /// # Panics
    /// When none does.
    pub fn fail_over(&self) {
        let old = self.master_port();
        let master = self.servers.iter().find(|server| server.port() == old).expect("the master is one of ours");
        master.wait_for_replicas(self.servers.len() - 1);
        self.wait("the sentinel begins", || self.try_ask(&["SENTINEL", "FAILOVER", "main"]).is_ok());
        self.wait("another is the master", || self.master_port() != old);
        self.wait("the old one follows", || {
            master.try_ask(&["INFO", "replication"]).is_ok_and(|text| text.contains("role:slave"))
        });
    }
}
