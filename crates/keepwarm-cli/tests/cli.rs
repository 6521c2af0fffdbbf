//! The real binary: what it prints, where, and how it exits.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

/// A command line without anything of the tester's own environment that keepwarm reads.
fn command(line: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keepwarm"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("KEEPWARM_")) {
        command.env_remove(name);
    }
    command.args(line);
    command
}

fn run(line: &[&str]) -> (i32, String, String) {
    read(command(line).output().unwrap())
}

fn read(output: Output) -> (i32, String, String) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn json(line: &[&str]) -> (i32, Value) {
    let (code, out, err) = run(&[line, &["--json"]].concat());
    (code, serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}: {out:?} {err:?}")))
}

fn settings(directory: &Path, text: &str) -> String {
    let path = directory.join("keepwarm.toml");
    fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn check_says_of_every_alias_whether_it_works() {
    let directory = tempfile::tempdir().unwrap();
    let file = settings(
        directory.path(),
        "[caches.default]\nbackend = 'memory'\n[caches.off]\nbackend = 'dummy'\n[caches.short]\nbackend = 'memory'\ntimeout = 0",
    );
    let (code, out, err) = run(&["check", "--settings", &file]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let lines: Vec<_> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{out}");
    assert!(lines[0].starts_with("default ") && lines[0].contains("memory") && lines[0].contains("ok"), "{out}");
    assert!(lines[1].starts_with("off ") && lines[1].contains("dummy") && lines[1].contains("ok"), "{out}");
    let (code, report) = json(&["check", "--settings", &file, "--cache", "off"]);
    assert_eq!((code, &report["ok"], &report["aliases"][0]["backend"]), (0, &json!(true), &json!("dummy")));
    assert_eq!(json(&["check"]).1["aliases"][0]["alias"], "default", "without settings, the default in memory");
}

#[test]
fn check_refuses_wrong_settings_with_exit_code_2() {
    let directory = tempfile::tempdir().unwrap();
    for (text, reason) in [
        ("[caches.default]\nbackend = 'memroy'", "did you mean `memory`?"),
        ("[caches.default]\nbackend = 'memory'\nmax_entires = 5", "did you mean `max_entries`?"),
        ("[caches.pages]\nbackend = 'memory'", "lack the alias `default`"),
        ("[caches.default]\nbackend = 'memory'\nkey_function = 'a.b'", "not registered"),
    ] {
        let file = settings(directory.path(), text);
        let (code, out, err) = run(&["check", "--settings", &file]);
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        assert!(err.starts_with("keepwarm: ") && err.contains(reason) && err.lines().count() == 1, "{err}");
        let (code, out, err) = run(&["check", "--json", "--settings", &file]);
        assert_eq!((code, out.as_str()), (2, ""));
        let error: Value = serde_json::from_str(&err).unwrap();
        assert!(error["error"]["message"].as_str().unwrap().contains(reason), "{error}");
    }
    let (code, _, err) = run(&["check", "--settings", "absent.toml"]);
    assert!(code == 2 && err.contains("absent.toml"), "{err}");
}

#[test]
fn the_environment_is_read_as_a_program_reads_it() {
    let with = |variables: &[(&str, &str)]| read(command(&["check"]).envs(variables.iter().copied()).output().unwrap());
    let (code, out, _) = with(&[("KEEPWARM_URL", "dummy://"), ("KEEPWARM_PAGES_URL", "memory://?timeout=1h")]);
    assert!(code == 0 && out.contains("dummy") && out.contains("pages"), "{out}");
    let (code, _, err) = with(&[("KEEPWARM_URI", "dummy://")]);
    assert!(code == 2 && err.contains("KEEPWARM_URI") && err.contains("did you mean `KEEPWARM_URL`?"), "{err}");
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_refused_by_its_name() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let output = command(&["check"]).env("KEEPWARM_URL", OsStr::from_bytes(b"memory://\xff")).output().unwrap();
    let (code, _, err) = read(output);
    assert!(code == 2 && err.contains("the variable KEEPWARM_URL is not UTF-8"), "{err}");
}

#[test]
fn a_miss_is_exit_code_1_and_a_private_store_is_noted_for_people() {
    let (code, out, err) = run(&["get", "absent"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(
        err.contains("note: the memory store lives in this process") && err.contains("absent is not there"),
        "{err}"
    );
    assert_eq!(json(&["get", "absent"]), (1, json!({"key": "absent", "found": false, "value": null})));
    assert_eq!(json(&["delete", "absent"]), (1, json!({"key": "absent", "deleted": false})));
    assert_eq!(json(&["ttl", "absent"]), (1, json!({"key": "absent", "state": "absent", "seconds": null})));
    assert_eq!(json(&["touch", "absent", "1m"]), (1, json!({"key": "absent", "touched": false})));
    assert_eq!(json(&["keys"]), (0, json!({"keys": []})));
    assert_eq!(json(&["clear"]), (0, json!({"cleared": "prefix"})));
    assert_eq!(json(&["invalidate-tag", "a", "b"]), (0, json!({"invalidated": ["a", "b"]})));
    assert_eq!(json(&["explain", "absent"]).1["stored_key"], ":1:absent");
    assert_eq!(json(&["explain", "absent", "--key-version", "beta"]).1["stored_key"], ":beta:absent");
    assert_eq!(json(&["stats"]).1["hits"], 0);
    let (code, _, err) = run(&["incr", "absent"]);
    assert!(code == 1 && err.contains("absent"), "{err}");
    assert_eq!(json(&["incr", "views", "2", "--or-insert", "40"]), (0, json!({"key": "views", "value": 42})));
}

#[test]
fn set_takes_text_json_and_standard_input() {
    assert_eq!(json(&["set", "key", "text"]), (0, json!({"key": "key", "stored": true, "reason": null})));
    assert_eq!(json(&["set", "key", "-1", "--timeout", "never"]).0, 0);
    let (code, report) = json(&["set", "key", "text", "--cache", "dummy://"]);
    assert_eq!((code, &report["stored"]), (1, &json!(false)));
    let (code, _, err) = run(&["set", "key", "{", "--json-value"]);
    assert!(code == 2 && err.contains("not JSON"), "{err}");
    let through_a_pipe = |bytes: &[u8], line: &[&str]| {
        let mut child =
            command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(bytes).unwrap();
        read(child.wait_with_output().unwrap())
    };
    assert_eq!(through_a_pipe(b"[1, 2]", &["set", "key", "-", "--json-value"]).0, 0);
    let (code, _, err) = through_a_pipe(b"\xff", &["set", "key", "-"]);
    assert!(code == 2 && err.contains("UTF-8"), "{err}");
}

#[test]
fn a_wrong_command_line_is_exit_code_2() {
    for (line, reason) in [
        (&["delte", "key"][..], "'delete'"),
        (&["get"], "<KEY>"),
        (&["set", "key", "value", "--timeout", "fast"], "is not a timeout"),
        (&["set", "key", "value", "--timeout=-1"], "is not a timeout"),
        (&["bench", "--seconds", "0"], "1..=60"),
        (&["bench", "--keys", "99999999"], "1..=1000000"),
        (&["get", "key", "--cache", "nope"], "The connection 'nope' doesn't exist. The settings name: default"),
        (&["get", "key", "--cache", "memory://?timeot=1"], "did you mean `timeout`?"),
        (&["get", "key", "--cache", "memory://", "--settings", "x.toml"], "give one of them"),
    ] {
        let (code, out, err) = run(line);
        assert_eq!((code, out.as_str()), (2, ""), "{line:?}");
        assert!(err.contains(reason), "{line:?}: {err}");
    }
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, 0);
    for known in ["memory", "dummy", "invalidate-tag", "Exit codes:", "a store failed"] {
        assert!(out.contains(known), "{known}: {out}");
    }
}

#[test]
fn bench_is_bounded_and_prints_throughput_and_percentiles() {
    let line = ["bench", "--seconds", "1", "--keys", "100", "--threads", "2", "--writes", "50"];
    let (code, report) = json(&line);
    assert_eq!((code, &report["backend"], &report["hit_rate"]), (0, &json!("memory"), &json!(1.0)));
    assert!(report["operations_per_second"].as_f64().unwrap() > 0.0);
    for verb in ["get_nanoseconds", "set_nanoseconds"] {
        assert!(report[verb]["p50"].as_u64() <= report[verb]["p999"].as_u64(), "{report}");
        assert!(report[verb]["p50"].as_u64().unwrap() > 0, "{report}");
    }
    let (code, out, err) = run(&["bench", "--seconds", "1", "--cache", "dummy://", "--writes", "0"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("0.0 % hits") && out.contains("p99.9") && out.contains("operations/s"), "{out}");
}

#[test]
fn options_are_listed_for_people_for_programs_and_as_the_page() {
    let (code, out, _) = run(&["options"]);
    assert!(code == 0 && out.contains("cull_frequency") && out.contains("key_prefix"), "{out}");
    let (_, report) = json(&["options"]);
    assert_eq!(report["backends"][0]["name"], "memory");
    let (_, page, _) = run(&["options", "--markdown"]);
    assert_eq!(page, keepwarm::settings::reference());
}

#[test]
fn a_reader_that_has_read_enough_is_no_error() {
    let mut child = command(&["options"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let (code, _, err) = read(child.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (0, ""));
}
