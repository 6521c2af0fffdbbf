//! Servers that are none: hostile ones, ones that never answer, addresses where nothing is. Each gives a clear error in time.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use keepwarm::backends::redis::RedisOptions;
use keepwarm::{Cache, millis};

use crate::cache_of;
use crate::failures::{in_time, runtime};

/// What systems wait for a connection by themselves is minutes; a resolver alone takes 5 or 10 seconds.
const LONGEST: Duration = Duration::from_secs(4);

/// A server that says `answer` to whatever it is asked, or nothing.
fn hostile(answer: &'static [u8], slowly: bool) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().take(40) {
            let Ok(mut stream) = stream else { return };
            thread::spawn(move || {
                let mut buffer = [0; 4096];
                while stream.read(&mut buffer).is_ok_and(|length| length > 0) {
                    for part in answer.chunks(if slowly { 1 } else { usize::MAX }) {
                        if stream.write_all(part).is_err() {
                            return;
                        }
                        if slowly {
                            thread::sleep(millis(50));
                        }
                    }
                }
            });
        }
    });
    port
}

#[test]
fn a_hostile_server_gets_an_error_out_of_us_and_no_hang() {
    let runtime = runtime();
    for (answer, slowly) in [
        (&b""[..], false),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", false),
        (b"\x00\xff\xfe garbage \r\n\r\n\r\n", false),
        (b"*2\r\n$-1\r\n$999999999\r\nshort\r\n", false),
        (b"*99999999\r\n", false),
        (b"+OK\r\n+OK\r\n", false),
        (b"$5\r\nwrong\r\n", false),
        (b":1\r\n", false),
        (b"*1\r\n*1\r\n*1\r\n*1\r\n$1\r\na\r\n", false),
        (b"-ERR no\r\n", false),
        (b"*2\r\n$100\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true),
    ] {
        let url = format!("redis://127.0.0.1:{}", hostile(answer, slowly));
        let cache: Cache = cache_of(&RedisOptions::url(&url).unwrap());
        let what = String::from_utf8_lossy(answer);
        // A read may be a miss: nothing that makes sense was found. It is never a value, a panic or a hang.
        let waited = in_time(&what, || cache.get::<String>("key").wait());
        assert!(!matches!(waited, Ok(Some(_))), "{what}");
        let awaited = in_time(&what, || runtime.block_on(async { cache.get::<String>("key").await }));
        assert!(!matches!(awaited, Ok(Some(_))), "{what}");
        let _ = in_time(&what, || cache.set("key", "value").wait());
        assert!(in_time(&what, || cache.incr("key", 1).wait()).is_err(), "{what}");
        let _ = in_time(&what, || cache.add("key", "value").wait());
    }
}

/// An address that swallows what is sent to it: a listener whose queue is full.
fn black_hole() -> (TcpListener, Vec<TcpStream>, SocketAddr) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    // Makes the queue as short as can be.
    rustix::net::listen(&listener, 0).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, millis(300)) {
        queued.push(stream);
        assert!(queued.len() < 1000, "the queue is never full");
    }
    (listener, queued, address)
}

/// Both faces, a read and a write, at an address where nobody answers.
fn fails_in_time(host: &str) {
    let options = RedisOptions::url(&format!("redis://{host}/0")).unwrap();
    let cache = cache_of(&options.connect_timeout(millis(300)).socket_timeout(millis(300)));
    let runtime = runtime();
    for _ in 0..3 {
        let begin = Instant::now();
        let waited = cache.get::<String>("key").wait().unwrap_err();
        assert!(waited.is_transient(), "{host}: {waited}");
        assert!(begin.elapsed() < LONGEST, "{host}: a blocking get took {:?}", begin.elapsed());
        let begin = Instant::now();
        let awaited = runtime.block_on(async { cache.get::<String>("key").await }).unwrap_err();
        assert!(awaited.is_transient(), "{host}: {awaited}");
        assert!(begin.elapsed() < LONGEST, "{host}: an awaited get took {:?}", begin.elapsed());
        assert!(cache.set("key", "value").wait().unwrap_err().is_transient());
    }
    // As settings make it, the request does not even notice but for a deadline.
    let cache = Cache::from_url(&format!("redis://{host}/0?on_error=degrade")).unwrap();
    let begin = Instant::now();
    for _ in 0..100 {
        assert_eq!(cache.get_or_set("key", || async { 5 }).wait().unwrap(), 5);
        assert_eq!(runtime.block_on(async { cache.get_or_set("key", || async { 5 }).await }).unwrap(), 5);
    }
    assert!(begin.elapsed() < LONGEST, "{host}: 200 requests took {:?}", begin.elapsed());
    // A resolver that still looks for the name must not hold up the end of the test.
    runtime.shutdown_background();
}

// covers: R136
#[test]
fn an_address_that_answers_nothing_fails_within_the_timeouts() {
    let (_listener, _queued, address) = black_hole();
    fails_in_time(&address.to_string());
}

// covers: R136
#[test]
fn a_name_that_nobody_knows_fails_within_the_timeouts_however_long_the_resolver_takes() {
    fails_in_time("no-such-host.invalid:6379");
}
