//! The command line.

use std::path::PathBuf;

/// What is printed for `--help` and after a mistake.
pub(crate) const USAGE: &str = "\
Measures Keepwarm beside its peers, as ratios taken in one process.

Usage: keepwarm-benches [FILTER] [OPTIONS]

  FILTER            only groups whose name contains this text
  --lane TEXT       only contenders whose name contains this text (and the one that ratios are taken to)
  --quick           fewer rounds
  --traces DIR      where the request traces lie (or KEEPWARM_TRACES; default: ../shared/data/traces)
  --json FILE       write every figure as JSON
  --markdown FILE   write the tables as Markdown
  --help            print this
";

/// The command line, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    pub(crate) filter: Option<String>,
    pub(crate) lane: Option<String>,
    pub(crate) quick: bool,
    pub(crate) traces: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
    pub(crate) markdown: Option<PathBuf>,
    pub(crate) help: bool,
    /// Set by this program when it starts itself to see how much memory one contender takes.
    pub(crate) memory_child: Option<String>,
}

impl Arguments {
    /// Reads the arguments after the program's name.
    pub(crate) fn read(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut read = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--quick" => read.quick = true,
                "--help" | "-h" => read.help = true,
                "--lane" => read.lane = Some(value()?),
                "--traces" => read.traces = Some(value()?.into()),
                "--json" => read.json = Some(value()?.into()),
                "--markdown" => read.markdown = Some(value()?.into()),
                crate::memory::CHILD => read.memory_child = Some(value()?),
                option if option.starts_with('-') => return Err(format!("there is no option {option}")),
                _ if read.filter.is_some() => return Err(format!("a second filter: {argument}")),
                _ => read.filter = Some(argument),
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        Arguments::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_filter_and_options_in_any_order() {
        let arguments = read("--quick hits --json out.json").unwrap();
        assert_eq!(arguments.filter.as_deref(), Some("hits"));
        assert_eq!(arguments.json, Some(PathBuf::from("out.json")));
        assert!(arguments.quick);
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(read("--quik").unwrap_err(), "there is no option --quik");
        assert_eq!(read("--json").unwrap_err(), "--json needs a value");
        assert_eq!(read("hits memory").unwrap_err(), "a second filter: memory");
    }
}
