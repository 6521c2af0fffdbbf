//! Leases that were granted to somebody who had stopped waiting.

use keepwarm::{Cache, ErrorKind};
use keepwarm_conformance::kit::until;
use keepwarm_conformance::servers::RedisServer;

use crate::cache;

#[test]
fn a_lease_that_its_asker_did_not_see_is_given_back() {
    let server = RedisServer::start();
    let hasty = Cache::from_url(&format!("{}?deadline=1s&socket_timeout=120s&lease=1h", server.url(0))).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Scripts are loaded, and writes wait from here on: the lease is asked for and not answered.
    runtime.block_on(async { hasty.get_or_set("other", || async { 1 }).await }).unwrap();
    server.ask(&["CLIENT", "PAUSE", "600000", "WRITE"]);
    let failed = runtime.block_on(async { hasty.get_or_set("key", || async { 1 }).await }).unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Timeout, "{failed}");
    server.ask(&["CLIENT", "UNPAUSE"]);
    until("the lease was given back", || server.ask(&["EXISTS", ":1:key"]) == "0");
    assert_eq!(cache(&server).get_or_set("key", || async { 2 }).wait().unwrap(), 2);
}
