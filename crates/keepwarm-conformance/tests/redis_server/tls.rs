//! TLS, with certificates made for the test.

use std::path::Path;
use std::process::Command;

use keepwarm_conformance::servers::{RedisServer, free_port};

use crate::{cache_of, kind, options_of};

fn openssl(directory: &Path, arguments: &str) {
    let done = Command::new("openssl").args(arguments.split(' ')).current_dir(directory).output().unwrap();
    assert!(done.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&done.stderr));
}

// covers: R15
#[test]
fn both_faces_speak_tls_to_a_server_that_is_known_and_to_no_other() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path();
    std::fs::write(directory.join("names"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n").unwrap();
    openssl(directory, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=authority");
    openssl(directory, "req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=server");
    openssl(
        directory,
        "x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt",
    );
    let path = |name: &str| directory.join(name).to_str().unwrap().to_owned();
    let port = free_port();
    let _server = RedisServer::start_with(&[
        "--tls-port",
        &port.to_string(),
        "--tls-cert-file",
        &path("server.crt"),
        "--tls-key-file",
        &path("server.key"),
        "--tls-ca-cert-file",
        &path("ca.crt"),
        "--tls-auth-clients",
        "optional",
    ]);
    let url = format!("rediss://127.0.0.1:{port}/1");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let known = options_of(&url).authorities(path("ca.crt"));
    for options in [known.clone(), known.identity(path("server.crt"), path("server.key"))] {
        let cache = cache_of(&options);
        let text = "x".repeat(300_000);
        cache.set("text", &text).wait().unwrap();
        assert_eq!(cache.get::<String>("text").wait().unwrap().as_ref(), Some(&text));
        assert_eq!(runtime.block_on(async { cache.get::<String>("text").await }).unwrap().as_ref(), Some(&text));
    }
    let stranger = cache_of(&options_of(&url));
    assert_eq!(kind(stranger.get::<String>("text").wait()), keepwarm::ErrorKind::Connection);
    assert!(runtime.block_on(async { stranger.get::<String>("text").await }).is_err());
    let missing = cache_of(&options_of(&url).authorities(path("nothing.crt")));
    assert_eq!(kind(missing.get::<String>("text").wait()), keepwarm::ErrorKind::Configuration);
}

// covers: R15
#[test]
fn a_socket_of_this_machine_works_like_any_other() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("redis.sock");
    let _server = RedisServer::start_with(&["--unixsocket", socket.to_str().unwrap()]);
    let cache = cache_of(&options_of(&format!("unix://{}?db=2", socket.display())));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    cache.set("key", "value").wait().unwrap();
    assert_eq!(cache.get::<String>("key").wait().unwrap().as_deref(), Some("value"));
    assert_eq!(runtime.block_on(async { cache.get::<String>("key").await }).unwrap().as_deref(), Some("value"));
}
