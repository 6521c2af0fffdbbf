//! What a child process does.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use keepwarm_engine::{Condition, Lease, Options, Store, crash};

use crate::support::{Dice, add, directory, held, options, scope, set, value};

/// Starts a child with a role and its arguments.
pub(crate) fn child(line: &[&str]) -> Child {
    command(line).spawn().expect("a process can be started")
}

pub(crate) fn command(line: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the program knows where it lies"));
    command.arg("--child").args(line).stdout(Stdio::piped()).stdin(Stdio::null());
    command
}

/// Waits until a child has said a line, and gives it.
pub(crate) fn heard(child: &mut Child) -> String {
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().expect("it is piped")).read_line(&mut line).expect("it is text");
    line
}

/// Plays a role.
pub(crate) fn play(line: &[String]) -> ExitCode {
    // A gate that fails leaves nobody behind: a stopped child would hold the runner's output open for ever.
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).expect("a number");
    let argument = |index: usize| line.get(index).map_or("", String::as_str);
    let number = |index: usize| argument(index).parse::<u64>().expect("a number");
    let store = Store::new(options(Path::new(argument(1))));
    match argument(0) {
        "write" => {
            let counts = Store::new(options(&Path::new(argument(1)).join("counts")));
            write(&store, &counts, number(2));
        }
        "die" => die(&store, number(2), number(3), number(4)),
        "count" => (0..number(2)).for_each(|round| {
            add(&store, ["a", "b", "c"][round as usize % 3]);
        }),
        "read" => read(&store),
        "stop" => stop(&store, number(2)),
        "fill" => fill(argument(1)),
        "fork" => fork_and_die(&store, number(2)),
        "lease" => lease(&store),
        "touch" => crate::memory::touch(argument(1), number(2)),
        other => panic!("there is no role {other}"),
    }
    ExitCode::SUCCESS
}

/// Says that something was acknowledged.
pub(crate) fn say(what: &str, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what} {number}").expect("somebody listens");
}

/// Writes until it is killed: large and small values, counts, removals.
fn write(store: &Store, counts: &Store, seed: u64) {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9) | 1);
    for round in 1.. {
        let key = format!("key{}", dice.roll(400));
        match dice.roll(8) {
            0 => {
                let count = add(counts, "count");
                say("count", count as u64);
            }
            1 => drop(store.remove(scope(), key.as_bytes(), Condition::Always, 1).expect("the store works")),
            _ => {
                let length = if dice.roll(50) == 0 { dice.roll(90_000) } else { dice.roll(3000) };
                set(store, &key, &value(&key, seed << 32 | round, length as usize)).expect("the store works");
            }
        }
    }
}

/// Does a few things, and dies after so many stores to memory. What it has done it says.
fn die(store: &Store, seed: u64, stores: u64, rounds: u64) {
    store.open().expect("the store works");
    crash::kill_after(stores as u32);
    let mut dice = Dice(seed | 1);
    for round in 0..rounds {
        let key = format!("key{}", dice.roll(30));
        match dice.roll(6) {
            0 => {
                let count = add(store, "count");
                say("count", count as u64);
            }
            1 => {
                store.remove(scope(), key.as_bytes(), Condition::Always, 1).expect("the store works");
                say(&format!("{key} removed"), 0);
            }
            2 => drop(store.touch(scope(), key.as_bytes(), 1 << 40, 1).expect("the store works")),
            3 => drop(store.lease(scope(), b"leased", 1000, true, 1).expect("the store works")),
            _ => {
                let version = seed << 16 | round;
                set(store, &key, &value(&key, version, dice.roll(20_000) as usize)).expect("the store works");
                say(&key, version);
            }
        }
    }
    say("done", 0);
}

/// Reads and checks until it is killed.
fn read(store: &Store) {
    // Opening takes a lock, by design: a process that is stopped meanwhile holds others up that open.
    store.open().expect("the store works");
    say("reads", 0);
    for round in 0_u64.. {
        held(store, &format!("key{}", round % 400));
    }
}

/// Stops in the middle of writing.
fn stop(store: &Store, stores: u64) {
    store.open().expect("the store works");
    say("stops", 0);
    crash::stop_after(stores as u32);
    set(store, "key", &value("key", 1, 100)).expect("the store works");
    say("went on", 0);
}

/// Forks a child that does nothing, and dies in the middle of a write. The child says when it is there, and ends when nobody
/// listens any more.
#[allow(unsafe_code, reason = "the standard library has no fork")]
fn fork_and_die(store: &Store, stores: u64) {
    store.open().expect("the store works");
    // SAFETY: there is one thread; the child calls what may be called after a fork, and never returns.
    let pid = unsafe { libc::fork() };
    assert!(pid >= 0, "a process can be forked");
    if pid == 0 {
        // SAFETY: as above: write and read are allowed, of a byte on the stack.
        unsafe {
            let mut byte = b'\n';
            libc::write(1, (&raw const byte).cast(), 1);
            libc::read(0, (&raw mut byte).cast(), 1);
            libc::_exit(0);
        }
    }
    crash::kill_after(stores as u32);
    set(store, "key", &value("key", 1, 100)).expect("the store works");
    say("was not killed", 0);
}

/// Takes a lease, and computes for ever.
fn lease(store: &Store) {
    let lease = store.lease(scope(), b"leased", 1 << 40, false, 1).expect("the store works");
    assert!(matches!(lease, Lease::Granted(_)), "{lease:?}");
    say("leased", 1);
    loop {
        std::thread::park();
    }
}

/// Writes far more than the disk holds, and checks what it reads.
fn fill(place: &str) {
    let store = Store::new(Options { max_bytes: 64 << 20, ..Options::new(place) });
    for round in 0..20_000_u64 {
        let key = format!("key{}", round % 4000);
        set(&store, &key, &value(&key, round, 2000)).expect("a full disk is no error");
        held(&store, &format!("key{}", round * 7 % 4000));
    }
    // Nothing else on the disk is touched.
    drop(directory());
    say("filled", 0);
}
