//! What is sent to one server in one trip.

use redis::{Cmd, Pipeline};

/// Commands that go together, and whether sending them twice does no harm.
#[derive(Debug, Clone, Default)]
pub(in crate::backends::redis) struct Request {
    commands: Pipeline,
    repeatable: bool,
}

impl Request {
    /// Commands that may be sent again when it is not known whether they were carried out.
    pub(in crate::backends::redis) fn repeatable() -> Self {
        Self { commands: Pipeline::new(), repeatable: true }
    }

    /// Commands that must not be carried out twice.
    pub(in crate::backends::redis) fn once() -> Self {
        Self { commands: Pipeline::new(), repeatable: false }
    }

    /// With one more command.
    pub(in crate::backends::redis) fn and(mut self, command: Cmd) -> Self {
        self.commands.add_command(command);
        self
    }

    /// The same for a slot that is being moved here.
    pub(in crate::backends::redis) fn asking(&self) -> Self {
        let asked = Self { commands: Pipeline::new(), repeatable: self.repeatable };
        self.commands.cmd_iter().fold(asked, |asked, command| asked.and(redis::cmd("ASKING")).and(command.clone()))
    }

    pub(in crate::backends::redis) fn is_repeatable(&self) -> bool {
        self.repeatable
    }

    pub(super) fn len(&self) -> usize {
        self.commands.len()
    }

    pub(super) fn packed(&self) -> Vec<u8> {
        self.commands.get_packed_pipeline()
    }
}

/// A command of these words.
pub(in crate::backends::redis) fn packed(words: &[&str]) -> Cmd {
    let mut command = redis::cmd(words[0]);
    for word in &words[1..] {
        command.arg(*word);
    }
    command
}
