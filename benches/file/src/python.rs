//! The peers that are driven from Python, in an environment of their own.

use std::path::Path;
use std::process::Command;

use crate::report::Report;

/// Runs `peers.py` in the environment that `KEEPWARM_BENCH_PYTHON` names; without one its figures are left out.
pub(crate) fn run(report: &mut Report, place: &Path, quick: bool) {
    let Some(python) = std::env::var_os("KEEPWARM_BENCH_PYTHON") else {
        println!("diskcache and Django are left out: KEEPWARM_BENCH_PYTHON names no Python that has them");
        return;
    };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py");
    let output = Command::new(python).arg(script).arg(place).args(quick.then_some("--quick")).output();
    let output = output.expect("Python can be started");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let found: (String, usize, String, f64) = serde_json::from_str(line).expect("a line of figures");
        report.add(&found.0, found.1, &found.2, found.3);
    }
}
