//! `make demo`: drives the shop uncached and cached, prints what it made of that, and leaves it open.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use keepwarm::backend::Sharing;
use keepwarm::settings::AliasSettings;
use keepwarm::{Cache, Caches};
use shop::arguments::{Arguments, HELP};
use shop::catalogue::{Catalogue, Invalidation};
use shop::database::Database;
use shop::drive::{Workload, drive};
use shop::table::{Drive, table};
use shop::web::Server;

/// How often one visitor may edit in a minute. All visitors of a drive come from one address.
const EDITS_A_MINUTE: u64 = 10_000;

/// How long visitors who are still in are waited for.
const CLOSING: Duration = Duration::from_secs(5);

/// What shells say for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

type Failed = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = match Arguments::parse(std::env::args_os().skip(1)) {
        Ok(arguments) => arguments,
        Err(error) => {
            eprintln!("{error}\n\n{HELP}");
            return ExitCode::from(2);
        }
    };
    if arguments.help {
        print!("{HELP}");
        return ExitCode::SUCCESS;
    }
    match run(&arguments).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}

async fn run(arguments: &Arguments) -> Result<ExitCode, Failed> {
    // Whatever is dropped on an interruption closes its connections and deletes its files.
    let (shop, clean) = tokio::select! {
        driven = open_and_drive(arguments) => driven?,
        () = interrupted() => {
            eprintln!("Stopped.");
            return Ok(ExitCode::from(INTERRUPTED));
        }
    };
    if !arguments.once {
        println!("Open at http://{}/ until Ctrl-C.", shop.server.address());
        interrupted().await;
        println!("\nClosing.");
    }
    shop.close().await?;
    Ok(if clean { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The open shop, and whether all answers were right.
async fn open_and_drive(arguments: &Arguments) -> Result<(Shop, bool), Failed> {
    // Before anything takes long: a mistake in the settings is said at once.
    let cache = Cache::from_url(&arguments.cache)?;
    let invalidation = if arguments.invalidation { Invalidation::On } else { Invalidation::Off };
    let mut drives = Vec::new();
    if !arguments.serve {
        let shop = open(temporary().await?, Cache::dummy(), invalidation, 0).await?;
        drives.push(phase("uncached", arguments, &shop, arguments.seed).await?);
        shop.close().await?;
    }
    let (database, cache) = kept(arguments, cache).await?;
    let shop = open(database, cache, invalidation, arguments.port).await?;
    println!("The shop is open at http://{0}/ and its cache at http://{0}/keepwarm", shop.server.address());
    if !arguments.serve {
        drives.push(phase("cached, cold", arguments, &shop, arguments.seed).await?);
        // Other visits to the same shop: what they find warm is what is popular, not what these very visits asked for.
        drives.push(phase("cached, warm", arguments, &shop, arguments.seed.wrapping_add(1)).await?);
    }
    let clean = report(&drives);
    Ok((shop, clean))
}

struct Shop {
    catalogue: Catalogue,
    server: Server,
}

impl Shop {
    async fn close(self) -> Result<(), Failed> {
        match tokio::time::timeout(CLOSING, self.server.close()).await {
            Ok(result) => Ok(result?),
            // Somebody does not let go of a page; the program ends all the same.
            Err(_) => Ok(()),
        }
    }
}

/// A database of its own, which nobody has edited yet.
async fn temporary() -> Result<Database, Failed> {
    Ok(tokio::task::spawn_blocking(|| Database::create(1)).await??)
}

/// The database of the cached shop, and the cache. A cache that outlives the program, or that copies of it share, needs a
/// database that does the same. What it holds of another database has another version.
async fn kept(arguments: &Arguments, cache: Cache) -> Result<(Database, Cache), Failed> {
    let shared = cache.abilities().sharing != Sharing::Process;
    let Some(file) = arguments.database.clone().or_else(|| shared.then(|| place_for(&arguments.cache))) else {
        return Ok((temporary().await?, cache));
    };
    let database = tokio::task::spawn_blocking(move || Database::keep(&file, 1)).await??;
    let settings = AliasSettings::from_url(&arguments.cache)?.with("version", database.identity());
    Ok((database, Caches::builder().alias("default", settings).build()?.get("default")?))
}

/// Where all copies of the program find the database that belongs to a cache.
fn place_for(cache: &str) -> PathBuf {
    let mut hasher = DefaultHasher::new();
    cache.hash(&mut hasher);
    std::env::temp_dir().join(format!("keepwarm-shop-{:016x}", hasher.finish())).join("shop.sqlite")
}

async fn open(database: Database, cache: Cache, invalidation: Invalidation, port: u16) -> Result<Shop, Failed> {
    let catalogue = Catalogue::new(database, cache, invalidation).await?;
    let server = Server::open(catalogue.clone(), port, EDITS_A_MINUTE).await?;
    Ok(Shop { catalogue, server })
}

async fn phase(name: &'static str, arguments: &Arguments, shop: &Shop, seed: u64) -> Result<Drive, Failed> {
    let database = shop.catalogue.database();
    let mut flights = database.flights(shop.catalogue.ids().to_vec()).await?;
    let rank = |id: u32| shop.catalogue.ids().iter().position(|other| *other == id);
    flights.sort_by_cached_key(|flight| rank(flight.id));
    let workload = Workload::new(&flights, arguments.requests, seed)?;

    let bar = Arc::new(progress_bar(name, workload.requests()));
    let moved = Arc::clone(&bar);
    let (queries, stats) = (database.queries(), shop.catalogue.cache().stats().await?);
    let outcome = drive(&[shop.server.address()], &workload, arguments.clients, move || moved.inc(1)).await;
    bar.finish();
    let after = shop.catalogue.cache().stats().await?;
    let reads = (after.hits - stats.hits, after.misses() - stats.misses());
    Ok(Drive { name, outcome, queries: database.queries() - queries, reads })
}

fn progress_bar(name: &'static str, requests: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix:>12} [{bar:40}] {pos}/{len} requests, {per_sec}, {elapsed}");
    let bar = ProgressBar::new(requests as u64).with_prefix(name);
    bar.with_style(style.expect("the template is a good one").progress_chars("█▌ "))
}

/// Prints the table and what went wrong; whether nothing did.
fn report(drives: &[Drive]) -> bool {
    if drives.is_empty() {
        return true;
    }
    println!("\n{}", table(drives));
    for drive in drives {
        for example in &drive.outcome.examples {
            println!("  {}: {example}", drive.name);
        }
    }
    drives.iter().all(|drive| drive.outcome.is_clean())
}

/// Waits for Ctrl-C, or for whoever ends programs politely.
async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}
