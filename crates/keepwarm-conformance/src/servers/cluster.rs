//! A cluster of three masters, each with a replica.

use std::thread;
use std::time::{Duration, Instant};

use super::RedisServer;
use super::process::free_port;
use crate::kit::PATIENCE;

/// How many slots a cluster has.
const SLOTS: u32 = 16384;

/// Three masters that share the slots, and a replica of each.
#[derive(Debug)]
pub struct RedisCluster {
    masters: Vec<RedisServer>,
    replicas: Vec<RedisServer>,
}

fn wait(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

impl RedisCluster {
    /// Starts one, and waits until all its nodes agree.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start() -> Self {
        let node = || {
            let bus = free_port().to_string();
            let server = RedisServer::start_with(&[
                "--cluster-enabled",
                "yes",
                "--cluster-node-timeout",
                "800",
                "--cluster-port",
                &bus,
                "--repl-diskless-sync-delay",
                "0",
            ]);
            (server, bus)
        };
        let nodes: Vec<_> = (0..6).map(|_| node()).collect();
        for (at, (server, _)) in nodes.iter().enumerate() {
            server.ask(&["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]);
            if at < 3 {
                let first = SLOTS * at as u32 / 3;
                let last = SLOTS * (at as u32 + 1) / 3 - 1;
                server.ask(&["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &last.to_string()]);
            }
        }
        let (first, _) = &nodes[0];
        for (server, bus) in &nodes[1..] {
            first.ask(&["CLUSTER", "MEET", "127.0.0.1", &server.port().to_string(), bus]);
        }
        wait("all nodes know each other", || {
            nodes.iter().all(|(server, _)| {
                let info = server.ask(&["CLUSTER", "INFO"]);
                info.contains("cluster_known_nodes:6\r\n") && info.contains("cluster_state:ok")
            })
        });
        let mut masters: Vec<RedisServer> = nodes.into_iter().map(|(server, _)| server).collect();
        let replicas = masters.split_off(3);
        for (master, replica) in masters.iter().zip(&replicas) {
            let id = master.ask(&["CLUSTER", "MYID"]);
            wait("the replica knows its master", || replica.try_ask(&["CLUSTER", "REPLICATE", &id]).is_ok());
        }
        let cluster = Self { masters, replicas };
        wait("the replicas follow", || {
            cluster
                .replicas
                .iter()
                .all(|replica| replica.ask(&["INFO", "replication"]).contains("master_link_status:up"))
        });
        cluster
    }

    /// Its URL, by two of its nodes.
    pub fn url(&self) -> String {
        format!("redis+cluster://127.0.0.1:{},127.0.0.1:{}", self.masters[0].port(), self.masters[1].port())
    }

    /// The servers that were masters at the start.
    pub fn masters(&self) -> &[RedisServer] {
        &self.masters
    }

    /// Removes everything.
    pub fn flush(&self) {
        for server in self.masters.iter().chain(&self.replicas) {
            // Replicas refuse, and follow.
            let _ = server.try_ask(&["FLUSHALL"]);
        }
    }

    /// Begins to move a slot: new keys of it go to the other master, old ones are still here.
    pub fn begin_to_move(&self, slot: u16, from: usize, to: usize) {
        let ids: Vec<String> = self.masters.iter().map(|master| master.ask(&["CLUSTER", "MYID"])).collect();
        let slot = slot.to_string();
        self.masters[to].ask(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &ids[from]]);
        self.masters[from].ask(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &ids[to]]);
    }

    /// Moves the keys of a slot.
    pub fn move_keys(&self, slot: u16, from: usize, to: usize) {
        let keys = self.masters[from].ask(&["CLUSTER", "GETKEYSINSLOT", &slot.to_string(), "10000"]);
        let port = self.masters[to].port().to_string();
        for key in keys.lines() {
            self.masters[from].ask(&["MIGRATE", "127.0.0.1", &port, key, "0", "5000"]);
        }
    }

    /// Ends the move of a slot.
    pub fn end_moving(&self, slot: u16, to: usize) {
        let id = self.masters[to].ask(&["CLUSTER", "MYID"]);
        for master in std::iter::once(&self.masters[to]).chain(&self.masters) {
            master.ask(&["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &id]);
        }
    }

    /// Kills a master.
    pub fn kill(&mut self, master: usize) {
        self.masters[master].kill();
    }
}
