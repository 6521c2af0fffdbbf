//! The settings of Redis, in Django's words, django-redis' and our own.

use std::time::Duration;

use parking_lot::Mutex;

use super::Options;
use super::resilience::Near;
use super::sources::refusal;
use crate::backends::redis::{Redis, RedisOptions};
use crate::cache::CacheBuilder;
use crate::clock::Clock;
use crate::error::Result;
use crate::stats::events;

/// What an alias asks for.
pub(crate) type Planned = RedisOptions;

/// The stores of one set of settings: aliases that ask for the same one share its connections.
#[derive(Default)]
pub(crate) struct Stores(Mutex<Vec<(RedisOptions, Redis)>>);

pub(super) fn plan(options: &Options, deadline: Option<Duration>) -> Result<Planned> {
    let refuse = |message: &str| Err(refusal(format!("alias `{}`: {message}", options.alias())));
    let (url, location) = (options.text("url")?, options.texts("location")?);
    let (host, port) = (options.text("host")?, options.whole("port", 1)?);
    let named = [url.is_some(), location.is_some(), host.is_some() || port.is_some()];
    if named.iter().filter(|&&named| named).count() > 1 {
        return refuse("url, location and host say the same thing; give one of them");
    }
    let urls = match (url, location) {
        (Some(url), _) => vec![url],
        (None, Some(urls)) if urls.iter().all(String::is_empty) => vec!["redis://".to_owned()],
        (None, Some(urls)) => urls,
        (None, None) => {
            let port = port.unwrap_or(6379);
            if port > u64::from(u16::MAX) {
                return refuse("a port is at most 65535");
            }
            let host = host.unwrap_or_else(|| "localhost".to_owned());
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            vec![format!("redis://{host}:{port}")]
        }
    };
    let failed = |error: crate::error::Error| refusal(format!("alias `{}`: {error}", options.alias()));
    let mut redis = RedisOptions::urls(urls.iter().map(String::as_str)).map_err(failed)?;
    redis = options.text("username")?.into_iter().fold(redis, RedisOptions::username);
    redis = options.text("password")?.into_iter().fold(redis, RedisOptions::password);
    redis = options.text("sentinel_password")?.into_iter().fold(redis, RedisOptions::sentinel_password);
    if let Some(database) = options.whole("db", 0)? {
        let Ok(database) = i64::try_from(database) else { return refuse("there is no database of this number") };
        redis = redis.database(database);
    }
    redis = options.duration("socket_connect_timeout")?.into_iter().fold(redis, RedisOptions::connect_timeout);
    redis = options.duration("socket_timeout")?.or(deadline).into_iter().fold(redis, RedisOptions::socket_timeout);
    redis = options.truth("retry_on_timeout")?.into_iter().fold(redis, RedisOptions::retry_on_timeout);
    if let Some(connections) = options.whole("max_connections", 1)? {
        redis = redis.max_connections(usize::try_from(connections).unwrap_or(usize::MAX));
    }
    redis = options.text("ssl_ca_certs")?.into_iter().fold(redis, RedisOptions::authorities);
    redis = match (options.text("ssl_certfile")?, options.text("ssl_keyfile")?) {
        (None, None) => redis,
        (Some(certificate), Some(key)) => redis.identity(certificate, key),
        _ => return refuse("ssl_certfile and ssl_keyfile go together"),
    };
    if !redis.can_be_watched() && options.whole("near_max_entries", 1)?.is_some() {
        return refuse(
            "near_max_entries: there is no near tier over a cluster yet, because nothing would tell it what changes there",
        );
    }
    if let Some(class) = options.text("client_class")? {
        events::ignored(options.alias(), "client_class", &class);
    }
    Ok(redis)
}

impl Stores {
    /// Puts the store into a builder.
    pub(super) fn lay(&self, builder: CacheBuilder, planned: &Planned, clock: &Clock) -> CacheBuilder {
        builder.backend(self.store(planned, clock))
    }

    /// Lays a near tier around what the builder has, which the same store tells what changes.
    pub(super) fn lay_near(
        &self,
        builder: CacheBuilder,
        planned: &Planned,
        near: &Near,
        clock: &Clock,
    ) -> CacheBuilder {
        builder.layer(near.tier(self.store(planned, clock)).clock(clock.clone()))
    }

    fn store(&self, planned: &Planned, clock: &Clock) -> Redis {
        let mut stores = self.0.lock();
        if let Some((_, redis)) = stores.iter().find(|(options, _)| options == planned) {
            return redis.clone();
        }
        let redis = Redis::new(planned, clock.clone());
        stores.push((planned.clone(), redis.clone()));
        redis
    }
}
