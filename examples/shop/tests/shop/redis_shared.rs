//! Copies of the program over one server.

use keepwarm_conformance::servers::RedisServer;

use crate::copies;

/// Patient, for machines under load; a holder of a lease that was killed holds the others up for a second.
fn cache(server: &RedisServer) -> String {
    format!("{}?lease=1s&deadline=30&socket_timeout=30", server.url(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_share_a_server() {
    let server = RedisServer::start();
    copies::two_copies_share(&cache(&server)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_copies_with_near_tiers_share_a_server() {
    let server = RedisServer::start();
    copies::a_second_copy_is_warm(&format!("{}&near_max_entries=1000", cache(&server))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_copy_leaves_a_warm_server() {
    let server = RedisServer::start();
    copies::a_killed_copy_leaves_a_warm_cache(&cache(&server)).await;
}
