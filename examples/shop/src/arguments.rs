//! The command line.

use std::path::PathBuf;

use lexopt::prelude::*;

/// What `--help` prints.
pub const HELP: &str = "\
A ticket shop on real flights, kept warm by Keepwarm.

Drives itself over HTTP, first uncached, then with a cold and with a warm cache, prints a table, and stays open.
Exits with 1 if any answer was stale or any request failed.

Usage: shop [options]

  --port PORT              where it stays open, on 127.0.0.1 (default: any free port)
  --cache URL              the cache, as Keepwarm's settings write it (default: memory://)
  --database FILE          where the database is kept, made if it is not there (default: a temporary one for a cache in
                           memory; for one that is shared, one for all who name this cache, in the temporary directory)
  --requests COUNT         what each drive does, in visits (default: 3000)
  --clients COUNT          how many visitors there are at once (default: 8)
  --seed NUMBER            which visits these are (default: 1)
  --once                   ends after the table
  --serve                  only opens the shop, without driving it
  --without-invalidation   lets edits leave the cache as it is, to see the stale answers counted
  --help                   prints this
";

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arguments {
    /// The port; 0 is any free one.
    pub port: u16,
    /// The URL of the cache.
    pub cache: String,
    /// Where the database is kept, if that was said.
    pub database: Option<PathBuf>,
    /// How many visits a drive makes.
    pub requests: usize,
    /// How many visitors there are.
    pub clients: usize,
    /// Which visits they make.
    pub seed: u64,
    /// Whether to end after the table.
    pub once: bool,
    /// Whether to skip the drives.
    pub serve: bool,
    /// Whether edits take from the cache what they changed.
    pub invalidation: bool,
    /// Whether to print the help and nothing else.
    pub help: bool,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            port: 0,
            cache: "memory://".to_owned(),
            database: None,
            requests: 3_000,
            clients: 8,
            seed: 1,
            once: false,
            serve: false,
            invalidation: true,
            help: false,
        }
    }
}

impl Arguments {
    /// Reads a command line, without the program's name.
    ///
    /// # Errors
    /// On an unknown option, a missing value or one of the wrong kind.
    pub fn parse(line: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, lexopt::Error> {
        let mut arguments = Self::default();
        let mut parser = lexopt::Parser::from_args(line);
        while let Some(argument) = parser.next()? {
            match argument {
                Long("port") => arguments.port = parser.value()?.parse()?,
                Long("cache") => arguments.cache = parser.value()?.string()?,
                Long("database") => arguments.database = Some(parser.value()?.into()),
                Long("requests") => arguments.requests = parser.value()?.parse()?,
                Long("clients") => arguments.clients = parser.value()?.parse()?,
                Long("seed") => arguments.seed = parser.value()?.parse()?,
                Long("once") => arguments.once = true,
                Long("serve") => arguments.serve = true,
                Long("without-invalidation") => arguments.invalidation = false,
                Short('h') | Long("help") => arguments.help = true,
                _ => return Err(argument.unexpected()),
            }
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Arguments, lexopt::Error> {
        Arguments::parse(line.split_whitespace().map(Into::into))
    }

    #[test]
    fn options_are_read() {
        let read =
            parse("--port 8080 --cache memory://?max_entries=10 --requests=7 --once --without-invalidation").unwrap();
        let expected = Arguments {
            port: 8080,
            cache: "memory://?max_entries=10".into(),
            requests: 7,
            once: true,
            invalidation: false,
            ..Arguments::default()
        };
        assert_eq!(read, expected);
        assert_eq!(parse("").unwrap(), Arguments::default());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(parse("--prot 8080").unwrap_err().to_string(), "invalid option '--prot'");
        assert!(parse("--port eighty").unwrap_err().to_string().contains("eighty"));
        assert!(parse("--port").is_err());
    }
}
