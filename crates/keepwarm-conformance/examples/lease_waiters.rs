//! What waiting for another process's computation costs on Redis: looking again in growing pauses, as `get_or_set` does, beside
//! being told by the server's publishing. Prints commands to the server for each wait, and how long after the value was there
//! its waiter had it. The decision that came of it is in ARCHITECTURE.md.
//!
//! `cargo run --release -p keepwarm-conformance --features redis --example lease_waiters`

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use keepwarm::backends::redis::{Redis, RedisConnection, RedisOptions};
use keepwarm::clock::Clock;
use keepwarm::{Cache, millis};
use keepwarm_conformance::kit::Latch;
use keepwarm_conformance::servers::RedisServer;

const LENGTHS: [Duration; 4] = [millis(3), millis(30), millis(300), millis(3000)];

fn rounds(length: Duration) -> usize {
    (Duration::from_secs(6).as_millis() / length.as_millis()).clamp(3, 40) as usize
}

fn cache(server: &RedisServer) -> Cache {
    let options =
        RedisOptions::url(&server.url(0)).expect("the URL of a server").socket_timeout(Duration::from_secs(10));
    Cache::builder().backend(Redis::new(&options, Clock::system())).build().expect("the defaults fit together")
}

/// How many commands the server has carried out, scripts counted as one.
fn commands(server: &RedisServer) -> u64 {
    let text = server.ask(&["INFO", "commandstats"]);
    let of = |name: &str| -> u64 {
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.and_then(|rest| rest.split(',').next()?.parse().ok()).unwrap_or(0)
    };
    // Reads outside of scripts are `MGET` as those inside are: a look of a waiter is one `EVALSHA`.
    of("evalsha") + of("eval") + of("subscribe") + of("unsubscribe") + of("publish") + of("get")
}

fn middle(mut times: Vec<Duration>) -> (Duration, Duration) {
    times.sort();
    (times[times.len() / 2], times[times.len() - 1])
}

/// One computes for so long, another waits as `get_or_set` waits.
fn looking_again(server: &RedisServer, length: Duration) {
    let (one, other) = (cache(server), cache(server));
    let (mut late, mut asked) = (Vec::new(), 0);
    for round in 0..rounds(length) {
        let key = format!("looking{}:{round}", length.as_millis());
        let begun = Latch::new();
        let before = commands(server);
        let (computed, waited) = thread::scope(|scope| {
            let computes = scope.spawn({
                let (one, key, begun) = (&one, &key, begun.clone());
                move || {
                    let loader = move || async move {
                        begun.open();
                        thread::sleep(length);
                        1_u64
                    };
                    one.get_or_set(key, loader).wait().expect("the server answers");
                    Instant::now()
                }
            });
            begun.wait();
            other.get_or_set(&key, || async { 2_u64 }).wait().expect("the server answers");
            let waited = Instant::now();
            (computes.join().expect("it computes"), waited)
        });
        // The lease and the fill of the one who computed, and this very question.
        asked += commands(server) - before - 2;
        late.push(waited.saturating_duration_since(computed));
    }
    let count = rounds(length) as f64;
    let (median, worst) = middle(late);
    println!(
        "looking again  {length:>6?}  {:>6.1} commands  {median:>9.1?} median  {worst:>9.1?} worst",
        asked as f64 / count
    );
}

/// The same with a subscription: subscribe, look once more, be told, look.
fn being_told(server: &RedisServer, length: Duration) {
    let (mut late, mut asked) = (Vec::new(), 0);
    let ask = |connection: &mut RedisConnection, words: &[&str]| -> redis::Value {
        let mut command = redis::cmd(words[0]);
        for word in &words[1..] {
            command.arg(*word);
        }
        command.query(connection).expect("the server answers")
    };
    let mut filler = cache(server).redis().expect("it is Redis").connection_wait().expect("it can be reached");
    let mut reader = cache(server).redis().expect("it is Redis").connection_wait().expect("it can be reached");
    let client = redis::Client::open(server.url(0)).expect("the URL of a server");
    for _ in 0..rounds(length) {
        let before = commands(server);
        let mut listener = client.get_connection().expect("it can be reached");
        let (told, tells) = mpsc::channel();
        let filled = thread::scope(|scope| {
            let (ready, is_ready) = mpsc::channel();
            scope.spawn({
                let (listener, reader, ask) = (&mut listener, &mut reader, &ask);
                move || {
                    let mut subscription = listener.as_pubsub();
                    subscription.subscribe("filled").expect("the server answers");
                    ask(reader, &["GET", "value"]);
                    ready.send(()).expect("somebody listens");
                    subscription.get_message().expect("the server tells");
                    ask(reader, &["GET", "value"]);
                    told.send(Instant::now()).expect("somebody listens");
                    subscription.unsubscribe("filled").expect("the server answers");
                }
            });
            is_ready.recv().expect("it waits");
            thread::sleep(length);
            ask(&mut filler, &["PUBLISH", "filled", "1"]);
            Instant::now()
        });
        late.push(tells.recv().expect("it was told").saturating_duration_since(filled));
        asked += commands(server) - before;
    }
    let count = rounds(length) as f64;
    let (median, worst) = middle(late);
    println!(
        "being told     {length:>6?}  {:>6.1} commands  {median:>9.1?} median  {worst:>9.1?} worst",
        asked as f64 / count
    );
}

fn main() {
    let server = RedisServer::start();
    println!("load {}", std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim());
    for length in LENGTHS {
        looking_again(&server, length);
        being_told(&server, length);
    }
}
