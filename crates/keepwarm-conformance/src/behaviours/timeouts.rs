//! Timeouts: one meaning of default, never, zero, negative and fractions in every verb that takes one, and an expired
//! entry that no verb sees.

use std::collections::HashMap;
use std::time::Duration;

use keepwarm::{Cache, ErrorKind, Timeout, Ttl, hours, millis, mins, secs};

use crate::case::{cases, err, ok, run};
use crate::samples::{Runs, in_order, map};
use crate::subject::Subject;

cases! {
    default_is_the_alias_timeout_in_every_verb [ManualClock];
    the_alias_timeout_is_300_seconds_unless_it_is_set [ManualClock];
    an_alias_timeout_of_never_keeps_for_ever [ManualClock];
    an_alias_timeout_of_zero_keeps_nothing;
    never_is_never_in_every_verb [ManualClock];
    zero_keeps_nothing_in_every_verb;
    zero_removes_what_was_there_in_every_verb_that_replaces;
    a_negative_timeout_is_zero_in_every_verb;
    a_duration_is_counted_from_now_in_every_verb [ManualClock];
    an_entry_is_there_before_its_deadline_and_gone_at_it [ManualClock];
    a_fraction_of_a_second_is_honoured_in_every_verb [ManualClock, FineTimeouts];
    one_millisecond_is_honoured [ManualClock, FineTimeouts];
    more_than_30_days_are_honoured [ManualClock];
    a_timeout_beyond_the_clock_is_never [ManualClock];
    an_infinite_timeout_is_never_in_every_verb [ManualClock];
    a_timeout_of_nan_is_refused_and_nothing_is_lost;
    a_second_set_starts_the_time_again [ManualClock];
    a_second_set_without_a_timeout_takes_the_default [ManualClock];
    ttl_tells_what_is_left [ManualClock];
    ttl_of_never_and_of_missing_are_told_apart;
    expired_is_invisible_to_get [ManualClock];
    expired_is_invisible_to_get_arc [ManualClock];
    expired_is_invisible_to_get_many [ManualClock];
    expired_is_invisible_to_has_key [ManualClock];
    expired_is_invisible_to_add [ManualClock];
    expired_is_invisible_to_replace [ManualClock];
    expired_is_invisible_to_incr [ManualClock];
    expired_is_invisible_to_create_or_increment [ManualClock];
    expired_is_invisible_to_touch [ManualClock];
    expired_is_invisible_to_expire_and_persist [ManualClock];
    expired_is_invisible_to_delete [ManualClock];
    expired_is_invisible_to_delete_many [ManualClock];
    expired_is_invisible_to_ttl [ManualClock];
    expired_is_invisible_to_keys [ManualClock, Scans, PlainKeys];
    expired_is_invisible_to_delete_pattern [ManualClock, Scans, PlainKeys];
    expired_is_invisible_to_get_or_set [ManualClock];
    expired_is_invisible_to_get_or_set_many [ManualClock];
    expired_is_invisible_to_update [ManualClock];
    expired_is_invisible_to_incr_version [ManualClock];
    expired_is_invisible_to_tags [ManualClock, Markers];
    expired_is_invisible_to_namespaces [ManualClock, Markers];
    a_step_of_the_wall_clock_changes_no_life [ManualClock];
    touch_starts_the_time_again [ManualClock];
    touch_keeps_value_tags_and_version [ManualClock, Markers];
    touch_by_default_takes_the_alias_timeout [ManualClock];
    touch_never_makes_permanent_and_is_true_for_what_is [ManualClock];
    touch_zero_and_negative_is_true_and_removes;
    touch_of_a_missing_key_is_false_and_makes_nothing;
    expire_gives_another_deadline [ManualClock];
    persist_makes_permanent [ManualClock];
    reading_does_not_prolong [ManualClock];
}

/// Every verb that gives an entry a timeout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writer {
    Set,
    Add,
    Replace,
    SetMany,
    GetOrSet,
    GetOrTrySet,
    GetOrSetMany,
    Refresh,
    CreateOrIncrement,
    Touch,
    Expire,
}

impl Writer {
    const ALL: [Self; 11] = [
        Self::Set,
        Self::Add,
        Self::Replace,
        Self::SetMany,
        Self::GetOrSet,
        Self::GetOrTrySet,
        Self::GetOrSetMany,
        Self::Refresh,
        Self::CreateOrIncrement,
        Self::Touch,
        Self::Expire,
    ];

    /// Whether it replaces a live entry, and does not leave it alone.
    fn replaces(self) -> bool {
        matches!(self, Self::Set | Self::Replace | Self::SetMany | Self::Refresh | Self::Touch | Self::Expire)
    }

    /// Whether it needs a live entry.
    fn needs_one(self) -> bool {
        matches!(self, Self::Replace | Self::Touch | Self::Expire)
    }

    async fn write(self, on: &Subject, cache: &Cache, key: &str, timeout: Timeout) {
        let runs = Runs::new();
        match self {
            Self::Set => drop(ok!(on, cache.set(key, &1_i64).timeout(timeout))),
            Self::Add => drop(ok!(on, cache.add(key, &1_i64).timeout(timeout))),
            Self::Replace => drop(ok!(on, cache.replace(key, &1_i64).timeout(timeout))),
            Self::SetMany => drop(ok!(on, cache.set_many([(key, &1_i64)]).timeout(timeout))),
            Self::GetOrSet => drop(ok!(on, cache.get_or_set(key, runs.giving(1_i64)).timeout(timeout))),
            Self::GetOrTrySet => {
                let loader = runs.giving(Ok::<_, String>(1_i64));
                let _ = ok!(on, cache.get_or_try_set(key, loader).timeout(timeout));
            }
            Self::GetOrSetMany => {
                let values = HashMap::from([(key.to_owned(), 1_i64)]);
                let loader = move |_missing: Vec<String>| std::future::ready(values.clone());
                drop(ok!(on, cache.get_or_set_many([key], loader).timeout(timeout)));
            }
            Self::Refresh => drop(ok!(on, cache.refresh(key, runs.giving(1_i64)).timeout(timeout))),
            Self::CreateOrIncrement => drop(ok!(on, cache.incr(key, 1).or_insert(0, timeout))),
            Self::Touch => drop(ok!(on, cache.touch(key, timeout))),
            Self::Expire => drop(ok!(on, cache.expire(key, timeout))),
        }
    }
}

/// What is left to an entry that each verb has written with this timeout over a fresh key.
async fn lives(on: &Subject, cache: &Cache, timeout: Timeout) -> Vec<(Writer, Ttl)> {
    let mut lives = Vec::new();
    for writer in Writer::ALL {
        let key = format!("{writer:?}");
        if writer.needs_one() {
            ok!(on, cache.set(&key, &0_i64).timeout(mins(7)));
        }
        writer.write(on, cache, &key, timeout).await;
        lives.push((writer, ok!(on, cache.ttl(&key))));
    }
    lives
}

fn all(ttl: Ttl) -> Vec<(Writer, Ttl)> {
    Writer::ALL.map(|writer| (writer, ttl)).to_vec()
}

// covers: R42 R50 R71
async fn default_is_the_alias_timeout_in_every_verb(on: &Subject) {
    let cache = on.alias(|builder| builder.timeout(secs(77)));
    assert_eq!(lives(on, &cache, Timeout::Default).await, all(Ttl::Left(secs(77))));
}

// covers: R10 R42
async fn the_alias_timeout_is_300_seconds_unless_it_is_set(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(300)));
}

// covers: R10 R42 R44
async fn an_alias_timeout_of_never_keeps_for_ever(on: &Subject) {
    let cache = on.alias(|builder| builder.timeout(Timeout::Never));
    assert_eq!(lives(on, &cache, Timeout::Default).await, all(Ttl::Never));
}

// covers: R10 R45
async fn an_alias_timeout_of_zero_keeps_nothing(on: &Subject) {
    let cache = on.alias(|builder| builder.timeout(Timeout::ZERO));
    assert_eq!(lives(on, &cache, Timeout::Default).await, all(Ttl::Absent));
}

// covers: R44 R95
async fn never_is_never_in_every_verb(on: &Subject) {
    let cache = on.cache();
    assert_eq!(lives(on, &cache, Timeout::Never).await, all(Ttl::Never));
    on.advance(hours(24 * 365 * 50));
    for writer in Writer::ALL {
        assert!(ok!(on, cache.has_key(&format!("{writer:?}"))), "{writer:?}");
    }
}

// covers: R45 R55 R95
async fn zero_keeps_nothing_in_every_verb(on: &Subject) {
    let cache = on.cache();
    assert_eq!(lives(on, &cache, Timeout::ZERO).await, all(Ttl::Absent));
    for writer in Writer::ALL {
        assert_eq!(ok!(on, cache.get::<i64>(&format!("{writer:?}"))), None, "{writer:?}");
    }
}

// covers: R45 R59 R76
async fn zero_removes_what_was_there_in_every_verb_that_replaces(on: &Subject) {
    let cache = on.cache();
    for writer in Writer::ALL {
        let key = format!("{writer:?}");
        ok!(on, cache.set(&key, &41_i64));
        writer.write(on, &cache, &key, Timeout::ZERO).await;
        let expected = match writer {
            _ if writer.replaces() => None,
            Writer::CreateOrIncrement => Some(42),
            _ => Some(41),
        };
        assert_eq!(ok!(on, cache.get::<i64>(&key)), expected, "{writer:?}");
    }
}

// covers: R46 R95
async fn a_negative_timeout_is_zero_in_every_verb(on: &Subject) {
    let cache = on.cache();
    for seconds in [-0.001, -5.0, f64::MIN, f64::NEG_INFINITY] {
        let timeout = Timeout::from_secs(seconds).expect("a negative timeout is one");
        assert_eq!(lives(on, &cache, timeout).await, all(Ttl::Absent), "{seconds}");
    }
}

// covers: R43 R48 R71 R95
async fn a_duration_is_counted_from_now_in_every_verb(on: &Subject) {
    let cache = on.cache();
    assert_eq!(lives(on, &cache, secs(60).into()).await, all(Ttl::Left(secs(60))));
    on.advance(secs(59));
    for writer in Writer::ALL {
        assert_eq!(ok!(on, cache.ttl(&format!("{writer:?}"))), Ttl::Left(secs(1)), "{writer:?}");
        assert!(ok!(on, cache.has_key(&format!("{writer:?}"))), "{writer:?}");
    }
    on.advance(secs(2));
    for writer in Writer::ALL {
        assert_eq!(ok!(on, cache.get::<i64>(&format!("{writer:?}"))), None, "{writer:?}");
    }
}

// covers: R43
async fn an_entry_is_there_before_its_deadline_and_gone_at_it(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(60)));
    on.advance(secs(60) - on.abilities().resolution.max(Duration::from_nanos(1)));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
    on.advance(on.abilities().resolution.max(Duration::from_nanos(1)));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R47 R95
async fn a_fraction_of_a_second_is_honoured_in_every_verb(on: &Subject) {
    let cache = on.cache();
    let timeout = Timeout::from_secs(0.4).expect("a number");
    assert_eq!(lives(on, &cache, timeout).await, all(Ttl::Left(millis(400))));
    on.advance(millis(390));
    for writer in Writer::ALL {
        assert!(ok!(on, cache.has_key(&format!("{writer:?}"))), "{writer:?}");
    }
    on.advance(millis(20));
    for writer in Writer::ALL {
        assert!(!ok!(on, cache.has_key(&format!("{writer:?}"))), "{writer:?}");
    }
}

// covers: R47
async fn one_millisecond_is_honoured(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(millis(1)));
    assert!(ok!(on, cache.has_key("key")));
    on.advance(millis(11));
    assert!(!ok!(on, cache.has_key("key")));
}

// covers: R51
async fn more_than_30_days_are_honoured(on: &Subject) {
    let cache = on.cache();
    for days in [31, 400, 36_500] {
        let timeout = hours(24 * days);
        assert_eq!(lives(on, &cache, timeout.into()).await, all(Ttl::Left(timeout)), "{days} days");
        ok!(on, cache.delete_many(Writer::ALL.map(|writer| format!("{writer:?}"))));
    }
    ok!(on, cache.set("month", "value").timeout(hours(24 * 31)));
    on.advance(hours(24 * 31) - secs(1));
    assert!(ok!(on, cache.has_key("month")));
    on.advance(secs(2));
    assert!(!ok!(on, cache.has_key("month")));
}

// covers: R44 R51
async fn a_timeout_beyond_the_clock_is_never(on: &Subject) {
    let cache = on.cache();
    assert_eq!(lives(on, &cache, Timeout::After(Duration::MAX)).await, all(Ttl::Never));
}

// covers: R44
async fn an_infinite_timeout_is_never_in_every_verb(on: &Subject) {
    let cache = on.cache();
    for seconds in [f64::INFINITY, f64::MAX] {
        let timeout = Timeout::from_secs(seconds).expect("an infinite timeout is one");
        assert_eq!(lives(on, &cache, timeout).await, all(Ttl::Never), "{seconds}");
        ok!(on, cache.delete_many(Writer::ALL.map(|writer| format!("{writer:?}"))));
    }
}

// covers: R49
async fn a_timeout_of_nan_is_refused_and_nothing_is_lost(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value"));
    let error = Timeout::from_secs(f64::NAN).expect_err("NaN means nothing");
    assert_eq!(error.kind(), ErrorKind::InvalidTimeout);
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R43
async fn a_second_set_starts_the_time_again(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first").timeout(secs(60)));
    on.advance(secs(50));
    ok!(on, cache.set("key", "second").timeout(secs(60)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
    on.advance(secs(50));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("second"));
}

// covers: R42
async fn a_second_set_without_a_timeout_takes_the_default(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "first").timeout(Timeout::Never));
    ok!(on, cache.set("key", "second"));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(300)));
}

// covers: R53
async fn ttl_tells_what_is_left(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(60)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
    on.advance(secs(20));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(40)));
    on.advance(secs(40));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Absent);
}

// covers: R53 R55
async fn ttl_of_never_and_of_missing_are_told_apart(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(Timeout::Never));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Never);
    assert_eq!(ok!(on, cache.ttl("missing")), Ttl::Absent);
}

/// A cache with an entry of 5 seconds, 6 seconds later, and one that lives.
async fn with_an_expired_entry(on: &Subject) -> Cache {
    let cache = on.cache();
    ok!(on, cache.set("expired", &1_i64).timeout(secs(5)));
    ok!(on, cache.set("live", &2_i64).timeout(secs(60)));
    on.advance(secs(6));
    cache
}

// covers: R52
async fn expired_is_invisible_to_get(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
    assert_eq!(ok!(on, cache.get::<i64>("live")), Some(2));
}

// covers: R52
async fn expired_is_invisible_to_get_arc(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.get_arc::<i64>("expired")), None);
    assert_eq!(ok!(on, cache.get_arc::<i64>("live")).as_deref(), Some(&2));
}

// covers: R52
async fn expired_is_invisible_to_get_many(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(in_order(ok!(on, cache.get_many::<i64, _>(["expired", "live"]))), map([("live", 2)]));
}

// covers: R52
async fn expired_is_invisible_to_has_key(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(!ok!(on, cache.has_key("expired")));
    assert!(ok!(on, cache.has_key("live")));
}

// covers: R52 R57
async fn expired_is_invisible_to_add(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(ok!(on, cache.add("expired", &3_i64)));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), Some(3));
    assert_eq!(ok!(on, cache.ttl("expired")), Ttl::Left(secs(300)));
}

// covers: R52
async fn expired_is_invisible_to_replace(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(!ok!(on, cache.replace("expired", &3_i64)));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
}

// covers: R52 R80
async fn expired_is_invisible_to_incr(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(err!(on, cache.incr("expired", 1)).kind(), ErrorKind::Missing);
    assert_eq!(err!(on, cache.decr("expired", 1)).kind(), ErrorKind::Missing);
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
}

// covers: R52 R88
async fn expired_is_invisible_to_create_or_increment(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.incr("expired", 1).or_insert(10, secs(30))), 11);
    assert_eq!(ok!(on, cache.ttl("expired")), Ttl::Left(secs(30)));
}

// covers: R52 R73
async fn expired_is_invisible_to_touch(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(!ok!(on, cache.touch("expired", secs(60))));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
    assert!(!ok!(on, cache.touch("expired", Timeout::Never)));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
}

// covers: R52
async fn expired_is_invisible_to_expire_and_persist(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(!ok!(on, cache.expire("expired", secs(60))));
    assert!(!ok!(on, cache.persist("expired")));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), None);
}

// covers: R30 R52
async fn expired_is_invisible_to_delete(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert!(!ok!(on, cache.delete("expired")));
    assert!(ok!(on, cache.delete("live")));
}

// covers: R52
async fn expired_is_invisible_to_delete_many(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.delete_many(["expired", "live", "missing"])), 1);
}

// covers: R52 R53
async fn expired_is_invisible_to_ttl(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.ttl("expired")), Ttl::Absent);
    assert_eq!(ok!(on, cache.ttl("live")), Ttl::Left(secs(54)));
}

// covers: R52 R115
async fn expired_is_invisible_to_keys(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.keys("*")), ["live"]);
}

// covers: R52 R116
async fn expired_is_invisible_to_delete_pattern(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(ok!(on, cache.delete_pattern("*")), 1);
    assert_eq!(ok!(on, cache.get::<i64>("live")), None);
}

// covers: R52 R62
async fn expired_is_invisible_to_get_or_set(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    let runs = Runs::new();
    assert_eq!(ok!(on, cache.get_or_set("expired", runs.giving(9_i64))), 9);
    assert_eq!(ok!(on, cache.get_or_set("live", runs.giving(9_i64))), 2);
    assert_eq!(runs.count(), 1);
    assert_eq!(ok!(on, cache.get::<i64>("expired")), Some(9));
}

// covers: R52 R98
async fn expired_is_invisible_to_get_or_set_many(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    let loader = |missing: Vec<String>| {
        assert_eq!(missing, ["expired"]);
        std::future::ready(HashMap::from([("expired".to_owned(), 9_i64)]))
    };
    let values = ok!(on, cache.get_or_set_many(["expired", "live"], loader));
    assert_eq!(in_order(values), map([("expired", 9), ("live", 2)]));
}

// covers: R52
async fn expired_is_invisible_to_update(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    let change = |old: Option<i64>| Some(old.map_or(5, |old| old + 1));
    assert_eq!(ok!(on, cache.update("expired", change)), Some(5));
    assert_eq!(ok!(on, cache.get::<i64>("expired")), Some(5));
}

// covers: R52 R103
async fn expired_is_invisible_to_incr_version(on: &Subject) {
    let cache = with_an_expired_entry(on).await;
    assert_eq!(err!(on, cache.incr_version("expired", 1)).kind(), ErrorKind::Missing);
    assert_eq!(ok!(on, cache.get::<i64>("expired").version(on.settings().version + 1)), None);
}

// covers: R52 R171
async fn expired_is_invisible_to_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("short", &1_i64).tags(["tag"]).timeout(secs(5)));
    ok!(on, cache.set("long", &2_i64).tags(["tag"]).timeout(secs(60)));
    on.advance(secs(6));
    assert_eq!(ok!(on, cache.get::<i64>("short")), None);
    assert_eq!(ok!(on, cache.get::<i64>("long")), Some(2));
    ok!(on, cache.set("short", &3_i64).timeout(secs(60)));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<i64>("short")), Some(3), "the expired entry's tag has no hold on its successor");
    assert_eq!(ok!(on, cache.get::<i64>("long")), None);
}

// covers: R52 R106
async fn expired_is_invisible_to_namespaces(on: &Subject) {
    let cache = on.cache();
    let products = cache.namespace("product");
    ok!(on, products.set("7", &1_i64).timeout(secs(5)));
    on.advance(secs(6));
    assert_eq!(ok!(on, products.get::<i64>("7")), None);
    assert!(ok!(on, products.add("7", &2_i64)));
    assert_eq!(ok!(on, products.get::<i64>("7")), Some(2));
}

// covers: R54
async fn a_step_of_the_wall_clock_changes_no_life(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(60)));
    on.clock().step_wall(hours(24 * 365));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(60)));
    on.advance(secs(59));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
    on.advance(secs(2));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R72
async fn touch_starts_the_time_again(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(60)));
    on.advance(secs(50));
    assert!(ok!(on, cache.touch("key", secs(300))));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(300)));
    on.advance(secs(299));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
    on.advance(secs(2));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
}

// covers: R72
async fn touch_keeps_value_tags_and_version(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").version(7).tags(["tag"]).timeout(secs(60)));
    assert!(ok!(on, cache.touch("key", secs(300)).version(7)));
    assert_eq!(ok!(on, cache.get::<String>("key").version(7)).as_deref(), Some("value"));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<String>("key").version(7)), None);
}

// covers: R74
async fn touch_by_default_takes_the_alias_timeout(on: &Subject) {
    let cache = on.alias(|builder| builder.timeout(secs(77)));
    ok!(on, cache.set("key", "value").timeout(secs(5)));
    assert!(ok!(on, cache.touch("key", Timeout::Default)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(77)));
}

// covers: R75
async fn touch_never_makes_permanent_and_is_true_for_what_is(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(60)));
    assert!(ok!(on, cache.touch("key", Timeout::Never)));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Never);
    assert!(ok!(on, cache.touch("key", Timeout::Never)));
    on.advance(hours(24 * 365));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
}

// covers: R76
async fn touch_zero_and_negative_is_true_and_removes(on: &Subject) {
    let cache = on.cache();
    for seconds in [0.0, -5.0] {
        ok!(on, cache.set("key", "value"));
        let timeout = Timeout::from_secs(seconds).expect("a number");
        assert!(ok!(on, cache.touch("key", timeout)), "{seconds}");
        assert_eq!(ok!(on, cache.get::<String>("key")), None, "{seconds}");
        assert!(!ok!(on, cache.touch("key", timeout)), "{seconds}");
    }
}

// covers: R73
async fn touch_of_a_missing_key_is_false_and_makes_nothing(on: &Subject) {
    let cache = on.cache();
    for timeout in [Timeout::Default, Timeout::Never, Timeout::ZERO, Timeout::After(secs(60))] {
        assert!(!ok!(on, cache.touch("missing", timeout)), "{timeout:?}");
        assert!(!ok!(on, cache.has_key("missing")), "{timeout:?}");
    }
}

// covers: R53
async fn expire_gives_another_deadline(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(Timeout::Never));
    assert!(ok!(on, cache.expire("key", secs(10))));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Left(secs(10)));
    on.advance(secs(11));
    assert_eq!(ok!(on, cache.get::<String>("key")), None);
    assert!(!ok!(on, cache.expire("key", secs(10))));
}

// covers: R53
async fn persist_makes_permanent(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", "value").timeout(secs(10)));
    assert!(ok!(on, cache.persist("key")));
    assert_eq!(ok!(on, cache.ttl("key")), Ttl::Never);
    on.advance(hours(24));
    assert_eq!(ok!(on, cache.get::<String>("key")).as_deref(), Some("value"));
    assert!(!ok!(on, cache.persist("missing")));
}

// covers: R43
async fn reading_does_not_prolong(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("key", &1_i64).timeout(secs(60)));
    for _ in 0..6 {
        assert_eq!(ok!(on, cache.get::<i64>("key")), Some(1));
        assert_eq!(ok!(on, cache.get_or_set("key", Runs::new().giving(9_i64))), 1);
        assert!(ok!(on, cache.has_key("key")));
        on.advance(secs(10));
    }
    assert_eq!(ok!(on, cache.get::<i64>("key")), None);
}
