//! The peers that are driven from Python, in an environment of their own: a process that is told what to do line by line,
//! so that they take their turns like the others.

use std::io::{BufRead, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::alone::VERBS;
use crate::report::Report;

pub(crate) struct Python {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Python {
    /// Starts `peers.py` in the environment that `KEEPWARM_BENCH_PYTHON` names; without one its figures are left out.
    pub(crate) fn start(place: &Path) -> Option<Self> {
        let Some(python) = std::env::var_os("KEEPWARM_BENCH_PYTHON") else {
            println!("diskcache and Django are left out: KEEPWARM_BENCH_PYTHON names no Python that has them");
            return None;
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/peers.py");
        let mut command = Command::new(python);
        command.arg(script).arg(place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("Python can be started");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let orders = child.stdin.take();
        Some(Self { child, orders, answers })
    }

    fn ask(&mut self, order: &str) -> Vec<(String, Vec<f64>)> {
        writeln!(self.orders.as_mut().expect("it is open until the end"), "{order}").expect("it listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("it answers");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{order}: {line:?}: {error}"))
    }

    /// Makes stores with so many values of this size.
    pub(crate) fn fill(&mut self, size: usize, keys: usize) {
        self.ask(&format!("fill {size} {keys}"));
    }

    /// One round over what was filled last.
    pub(crate) fn round(&mut self, report: &mut Report, size: usize, round: usize) {
        for (name, figures) in self.ask("round") {
            for (verb, figure) in VERBS.iter().zip(figures) {
                report.add(&name, size, verb, round, figure);
            }
        }
    }

    /// Four writers at once.
    pub(crate) fn four(&mut self, report: &mut Report, round: usize) {
        for (name, figures) in self.ask("four") {
            for (verb, figure) in ["4 processes: set/s", "4 processes: set p99"].iter().zip(figures) {
                report.add(&name, 1 << 10, verb, round, figure);
            }
        }
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // It ends with its orders.
        self.orders.take();
        let _ = self.child.wait();
    }
}
