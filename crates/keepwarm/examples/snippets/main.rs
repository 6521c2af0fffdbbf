//! The Rust reading of every Python block that documents Django's cache and its relatives: one function each, named after its
//! block. `python/tests/seeds` runs the blocks themselves, and checks that each has its twin here or waits by name.
//!
//! ```sh
//! cargo run -p keepwarm --features file,redis --example snippets     # runs all of them, and names them
//! ```

mod async_framework;
mod low_level;
mod low_level_async;
mod low_level_keys;
mod low_level_patterns;
mod short;
mod skill;

use std::error::Error;

/// What a snippet gives: nothing, or what went wrong.
pub(crate) type Outcome = Result<(), Box<dyn Error + Send + Sync>>;

/// Lists the snippets of a file under the names of their blocks; each is run by the program, and is a test.
macro_rules! snippets {
    ($($block:literal $function:ident),+ $(,)?) => {
        /// Runs the snippets of this file one after the other.
        pub(crate) async fn run() -> crate::Outcome {
            $(
                $function().await?;
                println!("{} {}", $block, stringify!($function).replace('_', " "));
            )+
            Ok(())
        }

        #[cfg(test)]
        mod tests {
            $(
                #[tokio::test]
                async fn $function() -> crate::Outcome {
                    super::$function().await
                }
            )+
        }
    };
}
use snippets;

#[tokio::main]
async fn main() -> Outcome {
    async_framework::run().await?;
    low_level::run().await?;
    low_level_async::run().await?;
    low_level_keys::run().await?;
    low_level_patterns::run().await?;
    skill::run().await?;
    short::run().await
}
