//! The coordinator's side: two processes as one stage.

use std::cell::{RefCell, RefMut};
use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::rc::Rc;
use std::time::Duration;

use super::{Answer, Order, PLACE, What, World};
use crate::schedules::explorer::{Play, Stepped};
use crate::schedules::stage::{Invalidation, Reading};

/// A process, and what it answered last.
struct Process {
    child: Child,
    orders: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    last: Answer,
}

impl Process {
    fn start(place: &str) -> Self {
        let program = std::env::current_exe().expect("the program knows where it lies");
        let mut command = Command::new(program);
        command.env(PLACE, place).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("this program can be started again");
        let answers = BufReader::new(child.stdout.take().expect("it is piped"));
        let orders = child.stdin.take();
        let last = Answer { standing: Vec::new(), is_done: true, sleepers: 0, world: World::FIRST, stale: Vec::new() };
        Self { child, orders, answers, last }
    }

    /// Says what is to be done, and waits until it is done and the process is at rest.
    fn order(&mut self, order: &Order) {
        let line = serde_json::to_string(order).expect("an order can be written");
        let orders = self.orders.as_mut().expect("it is open until the end");
        writeln!(orders, "{line}").expect("the process listens");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the process answers");
        self.last = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the process has ended, or answered {line:?} to {order:?}: {error}"));
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It ends with its orders.
        self.orders.take();
        let _ = self.child.wait();
    }
}

/// The two processes of a stage.
pub(super) struct Pair {
    processes: [Process; 2],
    world: World,
}

impl Pair {
    pub(super) fn start(place: &str) -> Self {
        Self { processes: [Process::start(place), Process::start(place)], world: World::FIRST }
    }

    /// Begins a play over an emptied store, in processes that have played before.
    pub(super) fn begin(pair: &Rc<RefCell<Self>>, reading: Reading, invalidation: Invalidation) -> Playing {
        let mut both = pair.borrow_mut();
        both.world = World::FIRST;
        both.order(0, What::Begin { reading, invalidation, first: true });
        both.order(1, What::Begin { reading, invalidation, first: false });
        drop(both);
        Playing { pair: Rc::clone(pair) }
    }

    fn order(&mut self, process: usize, what: What) {
        self.processes[process].order(&Order { what, world: self.world });
        self.world = self.processes[process].last.world;
    }
}

/// A play in both.
pub(super) struct Playing {
    pair: Rc<RefCell<Pair>>,
}

impl Playing {
    fn pair(&self) -> RefMut<'_, Pair> {
        self.pair.borrow_mut()
    }
}

impl Stepped for Playing {
    fn settle(&mut self) {
        // Each has come to rest before it answered.
    }

    fn standing(&mut self) -> usize {
        self.pair().processes.iter().map(|process| process.last.standing.len()).sum()
    }

    fn let_go(&mut self, place: usize) -> String {
        let mut pair = self.pair();
        let in_first = pair.processes[0].last.standing.len();
        let (process, place) = if place < in_first { (0, place) } else { (1, place - in_first) };
        let name = format!("process {}, {}", process + 1, pair.processes[process].last.standing[place]);
        pair.order(process, What::LetGo(place));
        name
    }

    fn is_done(&mut self) -> bool {
        self.pair().processes.iter().all(|process| process.last.is_done)
    }

    fn sleepers(&mut self) -> usize {
        self.pair().processes.iter().map(|process| process.last.sleepers).sum()
    }

    fn advance(&mut self, time: Duration) {
        let millis = u64::try_from(time.as_millis()).expect("a short time");
        let mut pair = self.pair();
        pair.order(0, What::Pass(millis));
        pair.order(1, What::Pass(millis));
    }
}

impl Play for Playing {
    fn scene(&mut self) -> &mut dyn Stepped {
        self
    }

    fn finish(self: Box<Self>) -> Vec<String> {
        let mut pair = self.pair();
        let mut stale = Vec::new();
        for process in 0..2 {
            pair.order(process, What::Finish);
            stale.append(&mut pair.processes[process].last.stale);
        }
        stale
    }
}
