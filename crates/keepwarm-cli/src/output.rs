//! Answers on standard output: for people, or one JSON document for programs.

use std::fmt::Display;
use std::io::{self, BufWriter, Write};

use serde_json::Value;

/// Where a command writes its answer.
pub(crate) struct Output<W: Write> {
    json: bool,
    to: BufWriter<W>,
}

impl<W: Write> Output<W> {
    pub(crate) fn new(json: bool, to: W) -> Self {
        Self { json, to: BufWriter::new(to) }
    }

    /// Whether the answer is for a program.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// The whole answer, in both forms.
    pub(crate) fn tell(&mut self, human: impl Display, program: Value) -> io::Result<()> {
        if self.json { writeln!(self.to, "{program}") } else { self.line(human) }
    }

    /// A line for people.
    pub(crate) fn line(&mut self, human: impl Display) -> io::Result<()> {
        let text = human.to_string();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        if text.is_empty() { Ok(()) } else { writeln!(self.to, "{text}") }
    }

    /// Bytes for people as they are, an end of line behind them: a stored empty text is an empty line.
    pub(crate) fn value(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.to, "{text}")
    }

    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
