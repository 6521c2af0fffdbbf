//! `make bench-redis`: what a cache on Redis costs beside what the wire costs.
//!
//! What is compared takes turns, round by round, on one machine against one server, and what counts is the median of the
//! rounds' ratios: a round is disturbed for both sides alike. `ARGS=--quick` takes fewer and shorter rounds.

mod outages;
mod peers;
mod report;
mod rounds;
mod sizes;
mod speed;
mod time;

use std::process::ExitCode;
use std::time::Duration;

use keepwarm::{Cache, Timeout};
use keepwarm_conformance::servers::RedisServer;

use report::Report;
use rounds::Rounds;

/// What everything is measured with.
pub(crate) struct Bench {
    pub(crate) server: RedisServer,
    pub(crate) cache: Cache,
    pub(crate) names: Vec<String>,
    pub(crate) rounds: Rounds,
}

/// What measures a part of it.
type Part = fn(&Bench, &mut Report);

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap_or_default().trim().to_owned()
}

fn main() -> ExitCode {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let only: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let rounds =
        if quick { Rounds::new(5, Duration::from_millis(200)) } else { Rounds::new(15, Duration::from_millis(400)) };
    let server = RedisServer::start();
    // As settings lay it, but patient: a busy machine is to be seen in the figures, and not as a breaker that opens.
    let url = format!("{}?deadline=10&socket_timeout=10", server.url(0));
    let cache = Cache::from_url(&url).expect("the URL of a server");
    let value = "x".repeat(100);
    let names: Vec<String> = (0..100).map(|number| format!("key{number}")).collect();
    let set = |name: &str| cache.set(name, &value).timeout(Timeout::Never).wait().expect("the server answers");
    set("key");
    for name in &names {
        set(name);
    }
    cache.set("tagged", &value).timeout(Timeout::Never).tags(["tag"]).wait().expect("the server answers");
    println!("load at the start: {}", load());
    let bench = Bench { server, cache, names, rounds };
    let mut report = Report::default();
    let parts: [(&str, Part); 5] = [
        ("lone", speed::lone_callers),
        ("many", speed::many_tasks),
        ("near", speed::near),
        ("sizes", sizes::envelopes),
        ("outages", outages::all),
    ];
    for (name, part) in parts {
        if only.is_empty() || only.iter().any(|wanted| wanted == name) {
            part(&bench, &mut report);
        }
    }
    println!("{report}");
    println!("load at the end: {}", load());
    if report.is_met() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
