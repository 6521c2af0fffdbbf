//! What servers tell of themselves, as `INFO` gives it.

use crate::backend::{ServerFigures, ServerVersion};

/// One of the figures.
pub(super) fn figure(text: &str, name: &str) -> Option<u64> {
    word(text, name)?.parse().ok()
}

fn word<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

/// All servers' figures together.
pub(super) fn sum(texts: &[String]) -> Option<ServerFigures> {
    texts.iter().map(|text| one(text)).reduce(|all, one| ServerFigures {
        servers: all.servers + one.servers,
        version: all.version.min(one.version),
        uptime_seconds: all.uptime_seconds.min(one.uptime_seconds),
        used_memory: all.used_memory + one.used_memory,
        max_memory: all.max_memory + one.max_memory,
        connected_clients: all.connected_clients + one.connected_clients,
        operations_per_second: all.operations_per_second + one.operations_per_second,
        hits: all.hits + one.hits,
        misses: all.misses + one.misses,
        evicted_keys: all.evicted_keys + one.evicted_keys,
        expired_keys: all.expired_keys + one.expired_keys,
    })
}

fn one(text: &str) -> ServerFigures {
    let figure = |name| figure(text, name).unwrap_or(0);
    ServerFigures {
        servers: 1,
        // Valkey says for old clients' sake which Redis it is like, and its own version beside it.
        version: version(word(text, "valkey_version").or_else(|| word(text, "redis_version")).unwrap_or_default()),
        uptime_seconds: figure("uptime_in_seconds"),
        used_memory: figure("used_memory"),
        max_memory: figure("maxmemory"),
        connected_clients: figure("connected_clients"),
        operations_per_second: figure("instantaneous_ops_per_sec"),
        hits: figure("keyspace_hits"),
        misses: figure("keyspace_misses"),
        evicted_keys: figure("evicted_keys"),
        expired_keys: figure("expired_keys"),
    }
}

fn version(text: &str) -> ServerVersion {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut part = || parts.next().unwrap_or(0);
    ServerVersion(part(), part(), part())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_of_several_servers_are_added_up() {
        let one = "# Server\r\nredis_version:7.0.15\r\nuptime_in_seconds:90\r\nused_memory:1000\r\nmaxmemory:0\r\n\
                   used_memory_human:1K\r\nkeyspace_hits:5\r\nevicted_keys:1\r\n";
        let other = "redis_version:7.2.4\r\nvalkey_version:8.1.0\r\nuptime_in_seconds:50\r\nused_memory:500\r\nkeyspace_hits:2\r\n";
        let all = sum(&[one.to_owned(), other.to_owned()]).unwrap();
        assert_eq!((all.servers, all.uptime_seconds, all.used_memory, all.hits), (2, 50, 1500, 7));
        assert_eq!((all.version, all.evicted_keys), (ServerVersion(7, 0, 15), 1));
        assert_eq!(sum(&[other.to_owned()]).unwrap().version.to_string(), "8.1.0");
        assert_eq!(sum(&[]), None);
    }
}
