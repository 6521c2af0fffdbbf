//! Speed, memory and hit ratio of Keepwarm beside its peers. See `--help`, and docs/benchmarks.md for what it printed.

mod arguments;
mod executor;
mod hit_ratio;
mod invalidation;
mod keys;
mod memory;
mod peers;
mod report;
mod rounds;
mod stampede;
mod table;
mod targets;
mod time;
mod traces;
mod values;
mod workloads;

use std::process::ExitCode;

use crate::arguments::{Arguments, USAGE};
use crate::report::Report;

fn main() -> ExitCode {
    let arguments = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => arguments,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    if arguments.help {
        print!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    if let Some(contender) = &arguments.memory_child {
        memory::child(contender);
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new(arguments);
    workloads::reads::run(&mut report);
    workloads::verbs::run(&mut report);
    workloads::eviction::run(&mut report);
    invalidation::run(&mut report);
    stampede::run(&mut report);
    hit_ratio::run(&mut report);
    memory::run(&mut report);
    match report.finish() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("the report could not be written: {error}");
            ExitCode::FAILURE
        }
    }
}
