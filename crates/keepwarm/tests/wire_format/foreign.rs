//! What Django's RedisCache and django-redis left in a store that Keepwarm takes over: numbers are read, pickles are a
//! clean miss, and nothing is ever unpickled.

use keepwarm::backends::custom::Adapter;
use keepwarm::clock::Clock;
use keepwarm::entry::MissReason;
use keepwarm::{Cache, wire};

use super::byte_store::ByteStore;
use super::pickles::PICKLES;
use super::stored;

// covers: R207
#[test]
fn a_pickle_of_django_is_a_counted_miss_and_is_replaced() {
    for (protocol, value, pickle) in PICKLES {
        let name = format!("{value} in protocol {protocol}");
        assert!(wire::decode(&stored("myapp:1:key"), pickle.to_vec().into(), &Clock::system()).is_err(), "{name}");
        let store = ByteStore::from_iter([("myapp:1:key".to_owned(), pickle.to_vec())]);
        let cache = Cache::builder().backend(Adapter::new(store)).key_prefix("myapp").build().unwrap();
        assert_eq!(cache.get::<serde_json::Value>("key").wait().unwrap(), None, "{name}");
        assert_eq!(cache.stats().wait().unwrap().missed(MissReason::Undecodable), 1, "{name}");
        assert_eq!(cache.explain("key").wait().unwrap().would_miss, Some(MissReason::Undecodable), "{name}");
        assert!(cache.incr("key", 1).wait().is_err(), "{name}");
        assert_eq!(cache.get_or_set("key", || async { 7 }).wait().unwrap(), 7, "{name}");
        assert_eq!(cache.get::<i64>("key").wait().unwrap(), Some(7), "{name}");
    }
}
