//! The command line of keepwarm. See the README for its commands and exit codes.

mod arguments;
mod bench;
mod commands;
mod failure;
mod open;
mod output;

use std::io;
use std::process::ExitCode;

use clap::Parser;

use arguments::Arguments;
use output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut output = Output::new(arguments.json, io::stdout().lock());
    let done = commands::run(&arguments, &mut output).and_then(|answer| Ok(output.finish().map(|()| answer)?));
    match done {
        Ok(answer) => answer.into(),
        Err(failure) => failure.report(arguments.json),
    }
}
