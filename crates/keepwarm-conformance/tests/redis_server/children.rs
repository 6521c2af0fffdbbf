//! Processes of a test's own: this test binary starts itself again, to run one test that is nobody's otherwise.

use std::process::{Command, ExitStatus, Stdio};
use std::time::Instant;

use keepwarm_conformance::kit::PATIENCE;
use keepwarm_conformance::servers::RedisServer;

/// Where a process that plays `part` finds its server; `None` in every other.
pub(crate) fn playing(part: &str) -> Option<String> {
    let played = std::env::var("KEEPWARM_TEST_PART").ok()?;
    std::env::var("KEEPWARM_TEST_URL").ok().filter(|_| played == part)
}

/// Runs the test `name` in a process of its own, as `part`, and waits for its end.
pub(crate) fn play(server: &RedisServer, name: &str, part: &str) -> ExitStatus {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env("KEEPWARM_TEST_URL", server.url(0))
        .env("KEEPWARM_TEST_PART", part)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begin.elapsed() > 2 * PATIENCE {
            child.kill().unwrap();
            panic!("{part}: the process hangs");
        }
        std::thread::sleep(keepwarm::millis(5));
    }
}
