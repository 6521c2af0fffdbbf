//! Addresses of servers, and the URLs that name them.

use std::fmt;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use super::options::{Login, Topology, refuse};
use crate::error::Result;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Address {
    /// A host and a port, with TLS or without.
    Tcp { host: String, port: u16, tls: bool },
    /// A socket of this machine.
    Unix(PathBuf),
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port, .. } => write!(formatter, "{host}:{port}"),
            Self::Unix(path) => write!(formatter, "{}", path.display()),
        }
    }
}

const REDIS_PORT: u16 = 6379;
const SENTINEL_PORT: u16 = 26379;

/// What the documentation of Sentinel calls its service.
const USUAL_SERVICE: &str = "mymaster";

/// What the documentation of Redis calls its socket.
const USUAL_SOCKET: &str = "/run/redis.sock";

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Server,
    Socket,
    Sentinel,
    Cluster,
}

/// What a scheme says: what it names, and whether with TLS.
fn scheme(name: &str) -> Option<(Kind, bool)> {
    Some(match name {
        "redis" | "valkey" => (Kind::Server, false),
        "rediss" | "valkeys" => (Kind::Server, true),
        "unix" | "redis+unix" => (Kind::Socket, false),
        "redis+sentinel" | "valkey+sentinel" => (Kind::Sentinel, false),
        "rediss+sentinel" | "valkeys+sentinel" => (Kind::Sentinel, true),
        "redis+cluster" | "valkey+cluster" => (Kind::Cluster, false),
        "rediss+cluster" | "valkeys+cluster" => (Kind::Cluster, true),
        _ => return None,
    })
}

/// Reads URLs: what is before a host is the login, what is behind it the database.
pub(super) fn parse<'u>(urls: impl IntoIterator<Item = &'u str>) -> Result<(Topology, Login)> {
    let mut found: Option<(Kind, bool)> = None;
    let mut addresses = Vec::new();
    let (mut login, mut service) = (Login::default(), None);
    for url in urls.into_iter().flat_map(split) {
        let wrong = |reason: &str| refuse(format!("the URL `{}` {reason}", without_login(url)));
        let (kind, tls, rest) = match (url.split_once("://"), found) {
            (Some((name, rest)), _) => {
                let (kind, tls) = scheme(&name.to_ascii_lowercase()).ok_or_else(|| {
                    wrong("is none of redis://, rediss://, unix://, valkey://, redis+sentinel:// and redis+cluster://")
                })?;
                (kind, tls, rest)
            }
            // A further host of the URL before.
            (None, Some((kind, tls))) => (kind, tls, url),
            (None, None) => return Err(wrong("has no `://`")),
        };
        if found.is_some_and(|(first, _)| first != kind) {
            return Err(wrong("is of another kind than the one before it"));
        }
        found = Some((kind, tls));
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("db", number)) => {
                    login.database = number.parse().map_err(|_| wrong("has a db that is no number"))?
                }
                Some(("username", text)) => login.username = Some(decode(text).ok_or_else(|| wrong("is not UTF-8"))?),
                Some(("password", text)) => login.password = Some(decode(text).ok_or_else(|| wrong("is not UTF-8"))?),
                _ => return Err(wrong("has a query; only db, username and password are known there")),
            }
        }
        // The last `@`: a password that should have been encoded may hold one.
        let (user, place) = rest.rsplit_once('@').map_or((None, rest), |(user, place)| (Some(user), place));
        if let Some(user) = user {
            let (name, password) = user.split_once(':').map_or((user, None), |(name, password)| (name, Some(password)));
            let text = |text: &str| decode(text).ok_or_else(|| wrong("is not UTF-8 where it is percent-decoded"));
            login.username = Some(text(name)?).filter(|name| !name.is_empty());
            login.password = password.map(text).transpose()?;
        }
        if kind == Kind::Socket {
            let path = decode(place).ok_or_else(|| wrong("is not UTF-8 where it is percent-decoded"))?;
            addresses.push(Address::Unix(if path.is_empty() { USUAL_SOCKET.into() } else { path.into() }));
            continue;
        }
        let mut parts = place.split('/');
        let host = parts.next().unwrap_or_default();
        let mut behind: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
        if kind == Kind::Sentinel && !behind.is_empty() {
            service = Some(decode(behind.remove(0)).ok_or_else(|| wrong("is not UTF-8"))?);
        }
        match behind[..] {
            [] => {}
            [number] => login.database = number.parse().map_err(|_| wrong("has a database that is no number"))?,
            _ => return Err(wrong("has more behind its host than a database")),
        }
        let usual = if kind == Kind::Sentinel { SENTINEL_PORT } else { REDIS_PORT };
        let (host, port) = host_and_port(host, usual).ok_or_else(|| wrong("has a port that is no number"))?;
        addresses.push(Address::Tcp { host, port, tls });
    }
    let Some((kind, _)) = found else { return Err(refuse("no server is named")) };
    if login.database < 0 {
        return Err(refuse("a database has no number below 0"));
    }
    let topology = match kind {
        Kind::Server | Kind::Socket => Topology::Fixed(addresses),
        Kind::Cluster if login.database != 0 => {
            return Err(refuse("a cluster has one database, 0"));
        }
        Kind::Cluster => Topology::Cluster(addresses),
        Kind::Sentinel => {
            Topology::Sentinel { sentinels: addresses, service: service.unwrap_or_else(|| USUAL_SERVICE.to_owned()) }
        }
    };
    Ok((topology, login))
}

/// A URL as an error may show it.
fn without_login(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, place))) => {
            format!("{scheme}://***@{}", place.split('?').next().unwrap_or_default())
        }
        (_, Some((_, place))) => format!("***@{place}"),
        _ => url.split('?').next().unwrap_or_default().to_owned(),
    }
}

/// The parts of a list. A comma may also stand in a password: then what follows has an `@` and what is before it has none.
fn split(urls: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(urls);
    std::iter::from_fn(move || {
        let text = rest?;
        let separator = |(at, character): (usize, char)| {
            let within_user = text[at..].split_once("://").map_or(&text[at..], |(before, _)| before).contains('@')
                && !text[..at].contains('@');
            (matches!(character, ',' | ';') && !within_user).then_some(at)
        };
        match text.char_indices().find_map(separator) {
            Some(at) => {
                rest = Some(&text[at + 1..]);
                Some(&text[..at])
            }
            None => rest.take(),
        }
    })
    .map(str::trim)
    .filter(|url| !url.is_empty())
}

fn host_and_port(text: &str, usual: u16) -> Option<(String, u16)> {
    let named = |host: &str| if host.is_empty() { "localhost".to_owned() } else { host.to_owned() };
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        let port = port.strip_prefix(':').map_or(Some(usual), |port| port.parse().ok())?;
        return Some((host.to_owned(), port));
    }
    match text.rsplit_once(':') {
        Some((host, port)) => Some((named(host), port.parse().ok()?)),
        None => Some((named(text), usual)),
    }
}

fn decode(text: &str) -> Option<String> {
    percent_decode_str(text).decode_utf8().ok().map(|text| text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16, tls: bool) -> Address {
        Address::Tcp { host: host.to_owned(), port, tls }
    }

    // covers: R15
    #[test]
    fn urls_name_servers_logins_and_databases() {
        let parse = |url| parse([url]).unwrap();
        assert_eq!(parse("redis://"), (Topology::Fixed(vec![tcp("localhost", 6379, false)]), Login::default()));
        let (topology, login) = parse("rediss://Ada:p%40ss:w@cache.example:7000/3");
        assert_eq!(topology, Topology::Fixed(vec![tcp("cache.example", 7000, true)]));
        assert_eq!(login.username.as_deref(), Some("Ada"));
        assert_eq!(login.password.as_deref(), Some("p@ss:w"));
        assert_eq!(login.database, 3);
        let (topology, login) = parse("redis://:secret@one:1/2;redis://:secret@two:2/2");
        assert_eq!(topology, Topology::Fixed(vec![tcp("one", 1, false), tcp("two", 2, false)]));
        assert_eq!((login.username, login.password.as_deref()), (None, Some("secret")));
        let (topology, login) = parse("unix:///var/run/redis.sock?db=4");
        assert_eq!((topology, login.database), (Topology::Fixed(vec![Address::Unix("/var/run/redis.sock".into())]), 4));
        let (topology, _) = parse("redis+sentinel://one,two:26380/main/1");
        let sentinels = vec![tcp("one", 26379, false), tcp("two", 26380, false)];
        assert_eq!(topology, Topology::Sentinel { sentinels, service: "main".to_owned() });
        let (topology, _) = parse("valkey+cluster://[::1]:7000,b");
        assert_eq!(topology, Topology::Cluster(vec![tcp("::1", 7000, false), tcp("b", 6379, false)]));
        let (_, login) = parse("redis://user:a,b;c@host");
        assert_eq!(login.password.as_deref(), Some("a,b;c"));
    }

    #[test]
    fn what_is_no_such_url_is_refused_without_its_password() {
        for url in [
            "host:6379",
            "http://host",
            "redis://:secret@host:port",
            "redis://:secret@host/one",
            "redis://:secret@host/1/2",
            "redis://:secret@host?speed=1",
            "redis+cluster://:secret@host/1",
            "redis://one,unix:///two",
            "redis://host/-1",
            "",
        ] {
            let message = parse([url]).unwrap_err().to_string();
            assert!(!message.contains("secret"), "{message}");
        }
    }
}
