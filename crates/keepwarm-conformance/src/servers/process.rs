//! A process that ends with the one that started it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A server's process, behind a shell that waits for the end of its own input: when nobody holds that open any more,
/// because the value was dropped or the test process is gone, it kills the server.
#[derive(Debug)]
pub(super) struct Process {
    guardian: Child,
    pid: Pid,
}

impl Process {
    pub(super) fn start(directory: &Path, command: &[String]) -> Self {
        let script = r#""$@" >>log 2>&1 </dev/null & echo $!; read -r _; kill -CONT $! 2>/dev/null; kill -KILL $! 2>/dev/null; wait"#;
        let mut guardian = Command::new("sh")
            .args(["-c", script, "guardian"])
            .args(command)
            .current_dir(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell can be started");
        let mut line = String::new();
        let output = guardian.stdout.take().expect("it was asked for");
        BufReader::new(output).read_line(&mut line).expect("the guardian tells the server's process id");
        let pid = line.trim().parse().ok().and_then(Pid::from_raw).expect("a process id is a number");
        Self { guardian, pid }
    }

    pub(super) fn id(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    pub(super) fn signal(&self, signal: Signal) {
        // One that is gone already needs no signal.
        let _ = kill_process(self.pid, signal);
    }

    /// Kills it and waits until it is gone.
    pub(super) fn kill(&mut self) {
        if let Some(mut input) = self.guardian.stdin.take() {
            let _ = input.write_all(b"end\n");
        }
        let _ = self.guardian.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port of the loopback address that nobody listens on now.
///
/// # Panics
/// When the machine has none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("the machine has a free port");
    listener.local_addr().expect("a listener has an address").port()
}
