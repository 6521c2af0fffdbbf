//! Between the pages and the database: everything a page reads goes through the cache here, and the one edit there is
//! takes from the cache whatever it changed. Read this file to see how an application uses Keepwarm.
//!
//! What is kept, and what takes it away:
//!
//! | key | value | gone with |
//! |---|---|---|
//! | `flight:{id}` | a flight | its edit, by name |
//! | `listing(..)` | which flights are on a page of a list | tag `fares`, if the list is made by fares |
//! | namespace `search` | which flights were found for a text | any edit of a note: the whole namespace |
//! | `destinations` | the front page's grid, with cheapest fares | tag `fares` |
//! | `destination:{code}`, `ladder:{code}` | a destination's flights and fares | tag `to:{code}` |
//! | `report:{id}` | how a flight kept its times in 2013 | nothing: that year is over |
//! | `bestsellers`, `facets` | likewise | nothing |
//! | `views:{id}` | a counter | its day |
//! | `most-viewed` | made of the counters every few seconds, under a lock | |

use std::collections::HashMap;
use std::sync::Arc;

use keepwarm::cache::RateLimited;
use keepwarm::{Cache, FetchError, Timeout, cached, hours, mins, secs};

use crate::database::Database;
use crate::database::edit::Edited;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::model::{Destination, DestinationPage, Edit, Facets, FareLadder, Flight, Listing, Record, Report};

/// Raised when the shape of `Facets` changes, so that a new program does not read what an old one wrote, nor the other
/// way round while both run.
const FACETS_VERSION: i64 = 2;

/// How many flights the front page shows in each row, and how many destinations.
pub(crate) const ROW: usize = 6;
const DESTINATIONS: u32 = 12;

/// Whether an edit takes from the cache what it changed. Off is a broken shop: it is there to show that the driver and
/// the tests notice.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Invalidation {
    /// As it must be.
    #[default]
    On,
    /// Pages go stale.
    Off,
}

/// The shop's goods: the database, seen through the cache. Clones share both.
#[derive(Debug, Clone)]
pub struct Catalogue {
    database: Database,
    cache: Cache,
    invalidation: Invalidation,
    ids: Arc<[u32]>,
}

impl Catalogue {
    /// A catalogue of what is in `database`, kept warm in `cache`. With [`Cache::dummy`] every read is the database's.
    ///
    /// # Errors
    /// When SQLite fails.
    pub async fn new(database: Database, cache: Cache, invalidation: Invalidation) -> Result<Self, Failure> {
        let ids = database.ids_by_popularity().await?.into();
        Ok(Self { database, cache, invalidation, ids })
    }

    /// The cache, for its statistics.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// The database, for its count of queries.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Every flight's id, most flown first.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// One flight.
    pub(crate) async fn flight(&self, id: u32) -> Result<Flight, Failure> {
        let database = self.database.clone();
        // `None` is kept as well: asking twice for a flight that does not exist costs one query.
        let flight = self.cache.get_or_try_set(&flight_key(id), move || async move { database.flight(id).await }).await;
        flight.map_err(failed)?.ok_or(Failure::NotFound)
    }

    /// Several flights, by id. What is missing in the cache is fetched in one query.
    pub(crate) async fn flights(&self, ids: Vec<u32>) -> Result<HashMap<u32, Flight>, Failure> {
        let keys: HashMap<String, u32> = ids.into_iter().map(|id| (flight_key(id), id)).collect();
        let database = self.database.clone();
        let by_key = Arc::new(keys);
        let keys = Arc::clone(&by_key);
        let found = self
            .cache
            .get_or_try_set_many(by_key.keys(), move |missing| {
                let wanted = missing.iter().filter_map(|key| keys.get(key).copied()).collect();
                let database = database.clone();
                async move {
                    let flights = database.flights(wanted).await?;
                    Ok::<_, rusqlite::Error>(flights.into_iter().map(|flight| (flight_key(flight.id), Some(flight))).collect())
                }
            })
            .await
            .map_err(failed)?;
        Ok(found.into_iter().filter_map(|(key, flight)| Some((*by_key.get(&key)?, flight?))).collect())
    }

    /// A page of the list: which flights, and the flights.
    pub(crate) async fn list(&self, filter: Filter) -> Result<(Listing, HashMap<u32, Flight>), Failure> {
        let listing = listing(self.clone(), filter).await?;
        self.with_flights(listing).await
    }

    /// What is found for a text. Any note may be what a search found, or what it will find: a changed note ends them all.
    pub(crate) async fn search(&self, text: &str) -> Result<(Listing, HashMap<u32, Flight>), Failure> {
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let listing = found(self.clone(), text).await?;
        self.with_flights(listing).await
    }

    async fn with_flights(&self, listing: Listing) -> Result<(Listing, HashMap<u32, Flight>), Failure> {
        let flights = self.flights(ids_of(&listing.records)).await?;
        Ok((listing, flights))
    }

    /// How a flight kept its times: the slow one.
    pub(crate) async fn report(&self, id: u32) -> Result<Report, Failure> {
        report(self.clone(), id).await?.ok_or(Failure::NotFound)
    }

    /// The page of a destination.
    pub(crate) async fn destination(&self, code: &str) -> Result<DestinationPage, Failure> {
        destination(self.clone(), code.to_owned()).await?.ok_or(Failure::NotFound)
    }

    /// The fares to a destination.
    pub(crate) async fn fare_ladder(&self, code: &str) -> Result<FareLadder, Failure> {
        fare_ladder(self.clone(), code.to_owned()).await
    }

    /// The destinations with the most flights.
    pub(crate) async fn destinations(&self) -> Result<Vec<Destination>, Failure> {
        let database = self.database.clone();
        let destinations =
            self.cache.get_or_try_set("destinations", move || async move { database.destinations(DESTINATIONS).await });
        destinations.tags(["fares"]).timeout(hours(1)).await.map_err(failed)
    }

    /// What can be chosen in the filters. It does not change while the shop is open.
    pub(crate) async fn facets(&self) -> Result<Facets, Failure> {
        let database = self.database.clone();
        let facets = self.cache.get_or_try_set("facets", move || async move { database.facets().await });
        facets.timeout(Timeout::Never).version(FACETS_VERSION).await.map_err(failed)
    }

    /// The flights that sold the most seats in 2013.
    pub(crate) async fn bestsellers(&self) -> Result<(Vec<Record>, HashMap<u32, Flight>), Failure> {
        let database = self.database.clone();
        let records = self.cache.get_or_try_set("bestsellers", move || async move { database.bestsellers(ROW as u32).await });
        let records: Vec<Record> = records.timeout(hours(6)).await.map_err(failed)?;
        let flights = self.flights(ids_of(&records)).await?;
        Ok((records, flights))
    }

    /// Counts a look at a flight; how many there were today.
    pub(crate) async fn viewed(&self, id: u32) -> Result<i64, Failure> {
        Ok(self.cache.incr(&views_key(id), 1).or_insert(0, hours(24)).await?)
    }

    /// The flights that are looked at most, with how often, and the flights.
    pub(crate) async fn most_viewed(&self) -> Result<(Vec<(u32, i64)>, HashMap<u32, Flight>), Failure> {
        let known = self.cache.get::<Vec<(u32, i64)>>("most-viewed").await?;
        // A store that keeps nothing has neither counters nor locks.
        let due = self.cache.abilities().keeps && !self.cache.has_key("most-viewed:fresh").await?;
        // Whoever gets the lock counts anew; all others go on with what there is, instead of queueing for a list that
        // is only a few seconds younger. `get_or_set` would make the first visitors after each expiry wait.
        let counted = match due {
            true => self.count_views().await?,
            false => None,
        };
        let ranking = counted.or(known).unwrap_or_default();
        let flights = self.flights(ranking.iter().map(|(id, _)| *id).collect()).await?;
        Ok((ranking, flights))
    }

    async fn count_views(&self) -> Result<Option<Vec<(u32, i64)>>, Failure> {
        let Some(lock) = self.cache.lock("most-viewed").timeout(secs(10)).try_now().await? else { return Ok(None) };
        let viewed = self.cache.keys("views:*").await?;
        let views = self.cache.get_many::<i64, _>(viewed).await?;
        let id = |key: &str| key.strip_prefix("views:")?.parse().ok();
        let mut ranking: Vec<(u32, i64)> = views.iter().filter_map(|(key, views)| Some((id(key)?, *views))).collect();
        ranking.sort_by_key(|(id, views)| (-views, *id));
        ranking.truncate(ROW);
        self.cache.set("most-viewed", &ranking).timeout(Timeout::Never).await?;
        self.cache.set("most-viewed:fresh", &true).timeout(secs(5)).await?;
        lock.release().await?;
        Ok(Some(ranking))
    }

    /// Whether this visitor may edit once more, of so many times a minute.
    pub(crate) async fn may_edit(&self, visitor: &str, a_minute: u64) -> Result<RateLimited, Failure> {
        Ok(self.cache.rate_limit(&format!("edit:{visitor}"), a_minute, mins(1)).await?)
    }

    /// A flight as it is in the database, for the form: an editor must not start from what may have been overtaken.
    pub(crate) async fn flight_to_edit(&self, id: u32) -> Result<Flight, Failure> {
        self.database.flight(id).await?.ok_or(Failure::NotFound)
    }

    /// Edits a flight. When this returns, no page shows what was there before.
    pub(crate) async fn edit(&self, id: u32, edit: Edit) -> Result<Edited, Failure> {
        let catalogue = self.clone();
        // In a task of its own: a visitor who closes the browser after the commit must not stop the invalidation.
        let task = tokio::spawn(async move {
            let edited = catalogue.database.edit(id, edit).await?;
            if let (Edited::Done(flights), Invalidation::On) = (&edited, catalogue.invalidation) {
                catalogue.forget(&flights.0, &flights.1).await?;
            }
            Ok(edited)
        });
        task.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
    }

    /// Takes from the cache what an edit changed. The commit comes first: whoever computes from what was there before
    /// it is overtaken by this, and their result is not kept.
    async fn forget(&self, before: &Flight, after: &Flight) -> Result<(), Failure> {
        self.cache.delete(&flight_key(after.id)).await?;
        let mut tags = vec![format!("to:{}", after.destination)];
        if before.fare != after.fare {
            tags.push("fares".to_owned());
        }
        self.cache.invalidate_tags(tags).await?;
        if before.note != after.note {
            self.cache.namespace("search").invalidate().await?;
        }
        Ok(())
    }
}

#[cached(timeout = "1h", cache = catalogue.cache, skip(catalogue), tags = listing_tags(&filter))]
async fn listing(catalogue: Catalogue, filter: Filter) -> Result<Listing, Failure> {
    Ok(catalogue.database.listing(&filter).await?)
}

fn listing_tags(filter: &Filter) -> Vec<&'static str> {
    if filter.depends_on_fares() { vec!["fares"] } else { Vec::new() }
}

#[cached(timeout = "10m", cache = catalogue.cache.namespace("search"), skip(catalogue))]
async fn found(catalogue: Catalogue, text: String) -> Result<Listing, Failure> {
    Ok(catalogue.database.search(&text).await?)
}

#[cached(timeout = "6h", key = "report:{id}", cache = catalogue.cache, skip(catalogue))]
async fn report(catalogue: Catalogue, id: u32) -> Result<Option<Report>, Failure> {
    Ok(catalogue.database.report(id).await?)
}

#[cached(timeout = "1h", key = "destination:{code}", cache = catalogue.cache, skip(catalogue), tags = ["to:{code}"])]
async fn destination(catalogue: Catalogue, code: String) -> Result<Option<DestinationPage>, Failure> {
    Ok(catalogue.database.destination(&code).await?)
}

#[cached(timeout = "1h", key = "ladder:{code}", cache = catalogue.cache, skip(catalogue), tags = ["to:{code}"])]
async fn fare_ladder(catalogue: Catalogue, code: String) -> Result<FareLadder, Failure> {
    Ok(catalogue.database.fare_ladder(&code).await?)
}

fn ids_of(records: &[Record]) -> Vec<u32> {
    records.iter().map(|record| record.id).collect()
}

fn flight_key(id: u32) -> String {
    format!("flight:{id}")
}

fn views_key(id: u32) -> String {
    format!("views:{id}")
}

fn failed(error: FetchError<rusqlite::Error>) -> Failure {
    match error {
        FetchError::Cache(error) => Failure::Cache(error),
        FetchError::Loader(error) => Failure::Database(error),
    }
}
