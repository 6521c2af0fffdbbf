//! The program as `make demo` runs it.

use std::io::{BufReader, Read};
use std::process::{Command, Output, Stdio};

use crate::copies::line_with;

fn shop(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shop")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn once_drives_prints_the_table_and_ends_well() {
    let output = shop(&["--once", "--requests", "150"]);
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{printed}{}", text(&output.stderr));
    for expected in [
        "uncached",
        "cached, cold",
        "cached, warm",
        "requests/s",
        "p50",
        "p99",
        "database queries",
        "hit rate",
        "/keepwarm",
    ] {
        assert!(printed.contains(expected), "{expected} in {printed}");
    }
    let row = |name: &str| -> Vec<String> {
        let line = printed.lines().find(|line| line.trim_start().starts_with(name)).unwrap();
        line.split_whitespace().skip(name.split(' ').count()).map(str::to_owned).collect()
    };
    assert_eq!(row("stale answers"), ["0", "0", "0"]);
    assert_eq!(row("failed requests"), ["0", "0", "0"]);
}

#[test]
fn stale_answers_end_it_with_an_error() {
    let output = shop(&["--once", "--requests", "300", "--without-invalidation"]);
    assert_eq!(output.status.code(), Some(1), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("shows revision"));
}

#[test]
fn mistakes_are_explained() {
    let output = shop(&["--prot", "80"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("--prot") && text(&output.stderr).contains("Usage: shop"));
    let output = shop(&["--once", "--cache", "nowhere://"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("memory"), "the known ones are listed: {}", text(&output.stderr));
    assert!(text(&shop(&["--help"]).stdout).contains("--without-invalidation"));
}

#[cfg(unix)]
#[test]
fn an_interruption_ends_it_cleanly() {
    let folder = tempfile::tempdir().unwrap();
    let mut running = Command::new(env!("CARGO_BIN_EXE_shop"))
        .arg("--serve")
        .env("TMPDIR", folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut printed = BufReader::new(running.stdout.take().unwrap());
    line_with(&mut printed, "until Ctrl-C");
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "the database is there");
    let killed = Command::new("kill").args(["-INT", &running.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    assert!(running.wait().unwrap().success());
    assert!(rest.contains("Closing."));
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "and it is gone");
}
