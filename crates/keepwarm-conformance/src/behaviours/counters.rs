//! incr, decr, create-or-increment, rate limits, one caller at a time. How they fare in a crowd is in `races`.

use keepwarm::{ErrorKind, Timeout, Ttl, hours, secs};

use crate::case::{cases, err, ok, run};
use crate::subject::Subject;

cases! {
    incr_and_decr_count;
    incr_by_a_negative_number_counts_down;
    incr_by_zero_reads;
    incr_of_a_missing_key_fails_and_makes_nothing;
    incr_of_a_text_fails_and_leaves_it;
    incr_of_digits_in_a_text_fails_and_leaves_it;
    incr_of_a_float_fails_and_leaves_it;
    incr_of_a_bool_fails_and_leaves_it;
    incr_of_a_null_fails_and_leaves_it;
    incr_of_a_list_fails_and_leaves_it;
    decr_goes_below_zero;
    decr_starts_below_zero;
    incr_keeps_the_deadline [ManualClock];
    incr_keeps_never;
    incr_keeps_the_tags [Markers];
    incr_beyond_64_bits_fails_and_leaves_the_number;
    decr_beyond_64_bits_fails_and_leaves_the_number;
    decr_by_the_least_number_fails_where_it_must;
    a_counter_reads_as_any_integer_type_it_fits;
    every_integer_type_is_a_counter;
    create_or_increment_creates_and_counts [ManualClock];
    create_or_increment_sets_the_timeout_only_once [ManualClock];
    create_or_increment_of_a_text_fails_and_leaves_it;
    create_or_increment_with_timeout_zero_keeps_nothing;
    create_or_decrement_creates_and_counts;
    create_or_increment_beyond_64_bits_makes_nothing;
    a_page_view_counter_keeps_its_day [ManualClock];
    an_error_names_verb_backend_and_key [PlainKeys];
    rate_limit_allows_exactly_the_limit;
    rate_limit_begins_again_after_its_period [ManualClock];
    rate_limit_tells_when_it_ends [ManualClock];
    rate_limit_keys_are_told_apart;
    rate_limit_of_zero_allows_nobody;
    a_rate_limit_written_by_hand_works_as_in_django [ManualClock];
}

// covers: R79
async fn incr_and_decr_count(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    assert_eq!(ok!(on, cache.incr("counter", 1)), 1);
    assert_eq!(ok!(on, cache.incr("counter", 5)), 6);
    assert_eq!(ok!(on, cache.decr("counter", 2)), 4);
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(4));
}

// covers: R79
async fn incr_by_a_negative_number_counts_down(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &10_i64));
    assert_eq!(ok!(on, cache.incr("counter", -3)), 7);
    assert_eq!(ok!(on, cache.decr("counter", -4)), 11);
}

// covers: R79
async fn incr_by_zero_reads(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &10_i64));
    assert_eq!(ok!(on, cache.incr("counter", 0)), 10);
}

// covers: R80
async fn incr_of_a_missing_key_fails_and_makes_nothing(on: &Subject) {
    let cache = on.cache();
    assert_eq!(err!(on, cache.incr("missing", 1)).kind(), ErrorKind::Missing);
    assert_eq!(err!(on, cache.decr("missing", 1)).kind(), ErrorKind::Missing);
    assert!(!ok!(on, cache.has_key("missing")));
}

/// Counting fails on this value and leaves it.
macro_rules! is_no_counter {
    ($on:expr, $value:expr, $type:ty) => {{
        let cache = $on.cache();
        let value: $type = $value;
        ok!($on, cache.set("key", &value));
        for error in [
            err!($on, cache.incr("key", 1)),
            err!($on, cache.decr("key", 1)),
            err!($on, cache.incr("key", 1).or_insert(0, Timeout::Default)),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotAnInteger);
            assert!(!error.is_transient());
        }
        assert_eq!(ok!($on, cache.get::<$type>("key")), Some(value));
    }};
}

// covers: R81
async fn incr_of_a_text_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, "abc".to_owned(), String);
}

// covers: R81
async fn incr_of_digits_in_a_text_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, "5".to_owned(), String);
}

// covers: R81
async fn incr_of_a_float_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, 1.5, f64);
    is_no_counter!(on, 2.0, f64);
}

// covers: R81
async fn incr_of_a_bool_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, true, bool);
}

// covers: R81
async fn incr_of_a_null_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, None, Option<i64>);
}

// covers: R81
async fn incr_of_a_list_fails_and_leaves_it(on: &Subject) {
    is_no_counter!(on, vec![1, 2], Vec<i64>);
}

// covers: R82
async fn decr_goes_below_zero(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &1_i64));
    assert_eq!(ok!(on, cache.decr("counter", 5)), -4);
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(-4));
    assert_eq!(ok!(on, cache.incr("counter", 5)), 1);
}

// covers: R82
async fn decr_starts_below_zero(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &-3_i64));
    assert_eq!(ok!(on, cache.decr("counter", 1)), -4);
}

// covers: R85
async fn incr_keeps_the_deadline(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64).timeout(secs(60)));
    on.advance(secs(20));
    ok!(on, cache.incr("counter", 1));
    assert_eq!(ok!(on, cache.ttl("counter")), Ttl::Left(secs(40)));
    ok!(on, cache.decr("counter", 1));
    assert_eq!(ok!(on, cache.ttl("counter")), Ttl::Left(secs(40)));
    on.advance(secs(40));
    assert_eq!(err!(on, cache.incr("counter", 1)).kind(), ErrorKind::Missing);
}

// covers: R85
async fn incr_keeps_never(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64).timeout(Timeout::Never));
    ok!(on, cache.incr("counter", 1));
    assert_eq!(ok!(on, cache.ttl("counter")), Ttl::Never);
}

// covers: R85 R171
async fn incr_keeps_the_tags(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64).tags(["tag"]));
    ok!(on, cache.incr("counter", 1));
    ok!(on, cache.invalidate_tag("tag"));
    assert_eq!(ok!(on, cache.get::<i64>("counter")), None);
}

// covers: R86
async fn incr_beyond_64_bits_fails_and_leaves_the_number(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &(i64::MAX - 1)));
    assert_eq!(ok!(on, cache.incr("counter", 1)), i64::MAX);
    assert_eq!(err!(on, cache.incr("counter", 1)).kind(), ErrorKind::Overflow);
    assert_eq!(err!(on, cache.incr("counter", i64::MAX)).kind(), ErrorKind::Overflow);
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(i64::MAX));
}

// covers: R86
async fn decr_beyond_64_bits_fails_and_leaves_the_number(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &i64::MIN));
    assert_eq!(err!(on, cache.decr("counter", 1)).kind(), ErrorKind::Overflow);
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(i64::MIN));
}

// covers: R86
async fn decr_by_the_least_number_fails_where_it_must(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &0_i64));
    assert_eq!(err!(on, cache.decr("counter", i64::MIN)).kind(), ErrorKind::Overflow);
    assert_eq!(ok!(on, cache.incr("counter", i64::MIN)), i64::MIN);
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(i64::MIN));
}

// covers: R87
async fn a_counter_reads_as_any_integer_type_it_fits(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("counter", &299_i64));
    ok!(on, cache.incr("counter", 1));
    assert_eq!(ok!(on, cache.get::<i64>("counter")), Some(300));
    assert_eq!(ok!(on, cache.get::<u16>("counter")), Some(300));
    assert_eq!(ok!(on, cache.get::<usize>("counter")), Some(300));
    assert_eq!(ok!(on, cache.get::<u8>("counter")), None, "300 is no u8, and must not become 44");
}

// covers: R79 R87
async fn every_integer_type_is_a_counter(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("i8", &-1_i8));
    ok!(on, cache.set("i16", &-1_i16));
    ok!(on, cache.set("i32", &-1_i32));
    ok!(on, cache.set("i64", &-1_i64));
    ok!(on, cache.set("isize", &-1_isize));
    for key in ["i8", "i16", "i32", "i64", "isize"] {
        assert_eq!(ok!(on, cache.incr(key, 2)), 1, "{key}");
    }
    ok!(on, cache.set("u8", &1_u8));
    ok!(on, cache.set("u16", &1_u16));
    ok!(on, cache.set("u32", &1_u32));
    ok!(on, cache.set("u64", &1_u64));
    ok!(on, cache.set("usize", &1_usize));
    for key in ["u8", "u16", "u32", "u64", "usize"] {
        assert_eq!(ok!(on, cache.decr(key, 2)), -1, "{key}");
    }
}

// covers: R88
async fn create_or_increment_creates_and_counts(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.incr("views", 1).or_insert(0, secs(60))), 1);
    assert_eq!(ok!(on, cache.ttl("views")), Ttl::Left(secs(60)));
    assert_eq!(ok!(on, cache.incr("views", 1).or_insert(0, secs(60))), 2);
    assert_eq!(ok!(on, cache.incr("seeded", 5).or_insert(100, Timeout::Never)), 105);
    assert_eq!(ok!(on, cache.ttl("seeded")), Ttl::Never);
}

// covers: R85 R88
async fn create_or_increment_sets_the_timeout_only_once(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.incr("views", 1).or_insert(0, secs(60)));
    on.advance(secs(20));
    ok!(on, cache.incr("views", 1).or_insert(0, secs(600)));
    assert_eq!(ok!(on, cache.ttl("views")), Ttl::Left(secs(40)));
}

// covers: R81 R88
async fn create_or_increment_of_a_text_fails_and_leaves_it(on: &Subject) {
    let cache = on.cache();
    ok!(on, cache.set("views", "many"));
    assert_eq!(err!(on, cache.incr("views", 1).or_insert(0, secs(60))).kind(), ErrorKind::NotAnInteger);
    assert_eq!(ok!(on, cache.get::<String>("views")).as_deref(), Some("many"));
}

// covers: R45 R88
async fn create_or_increment_with_timeout_zero_keeps_nothing(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.incr("views", 1).or_insert(10, Timeout::ZERO)), 11);
    assert!(!ok!(on, cache.has_key("views")));
    ok!(on, cache.set("views", &1_i64));
    assert_eq!(ok!(on, cache.incr("views", 1).or_insert(10, Timeout::ZERO)), 2);
    assert_eq!(ok!(on, cache.get::<i64>("views")), Some(2), "or_insert is about creating, not about what is there");
}

// covers: R88
async fn create_or_decrement_creates_and_counts(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.decr("stock", 1).or_insert(10, secs(60))), 9);
    assert_eq!(ok!(on, cache.decr("stock", 1).or_insert(10, secs(60))), 8);
}

// covers: R86 R88
async fn create_or_increment_beyond_64_bits_makes_nothing(on: &Subject) {
    let cache = on.cache();
    assert_eq!(err!(on, cache.incr("views", 1).or_insert(i64::MAX, secs(60))).kind(), ErrorKind::Overflow);
    assert!(!ok!(on, cache.has_key("views")));
}

// covers: R88
async fn a_page_view_counter_keeps_its_day(on: &Subject) {
    let cache = on.cache();
    for view in 1..=24 {
        assert_eq!(ok!(on, cache.incr("views:article:7", 1).or_insert(0, hours(24))), view);
        on.advance(hours(1));
    }
    assert_eq!(ok!(on, cache.incr("views:article:7", 1).or_insert(0, hours(24))), 1, "the day is over");
}

// covers: R80 R205
async fn an_error_names_verb_backend_and_key(on: &Subject) {
    let cache = on.cache();
    let error = err!(on, cache.decr("missing", 1));
    assert_eq!(error.verb(), Some("decr"));
    assert_eq!(error.backend(), Some(cache.backend_kind()));
    assert_eq!(error.key(), Some(cache.make_key("missing", None).expect("a plain key").as_str()));
    let line = error.to_string();
    assert!(line.starts_with("decr ") && line.contains("missing") && !line.contains('\n'), "{line:?}");
}

// covers: R89
async fn rate_limit_allows_exactly_the_limit(on: &Subject) {
    let cache = on.cache();
    for left in (0..5).rev() {
        let answer = ok!(on, cache.rate_limit("api:7", 5, secs(60)));
        assert!(answer.allowed);
        assert_eq!(answer.remaining, left);
    }
    for _ in 0..3 {
        let answer = ok!(on, cache.rate_limit("api:7", 5, secs(60)));
        assert!(!answer.allowed);
        assert_eq!(answer.remaining, 0);
    }
}

// covers: R85 R89
async fn rate_limit_begins_again_after_its_period(on: &Subject) {
    let cache = on.cache();
    for _ in 0..5 {
        assert!(ok!(on, cache.rate_limit("api:7", 5, secs(60))).allowed);
        on.advance(secs(10));
    }
    assert!(
        !ok!(on, cache.rate_limit("api:7", 5, secs(60))).allowed,
        "counting does not prolong, refusing does not either"
    );
    on.advance(secs(11));
    let answer = ok!(on, cache.rate_limit("api:7", 5, secs(60)));
    assert!(answer.allowed);
    assert_eq!(answer.remaining, 4);
}

// covers: R89
async fn rate_limit_tells_when_it_ends(on: &Subject) {
    let cache = on.cache();
    assert_eq!(ok!(on, cache.rate_limit("api:7", 1, secs(60))).reset_after, secs(60));
    on.advance(secs(15));
    assert_eq!(ok!(on, cache.rate_limit("api:7", 1, secs(60))).reset_after, secs(45));
}

// covers: R89
async fn rate_limit_keys_are_told_apart(on: &Subject) {
    let cache = on.cache();
    assert!(ok!(on, cache.rate_limit("api:7", 1, secs(60))).allowed);
    assert!(ok!(on, cache.rate_limit("api:8", 1, secs(60))).allowed);
    assert!(!ok!(on, cache.rate_limit("api:7", 1, secs(60))).allowed);
}

// covers: R89
async fn rate_limit_of_zero_allows_nobody(on: &Subject) {
    let cache = on.cache();
    let answer = ok!(on, cache.rate_limit("api:7", 0, secs(60)));
    assert!(!answer.allowed);
    assert_eq!(answer.remaining, 0);
}

// covers: R89 R85
async fn a_rate_limit_written_by_hand_works_as_in_django(on: &Subject) {
    let cache = on.cache();
    let mut allowed = 0;
    for _ in 0..12 {
        let may = match ok!(on, cache.get::<i64>("rate_limit:7")) {
            None => {
                ok!(on, cache.set("rate_limit:7", &9_i64).timeout(secs(3600)));
                true
            }
            Some(left) if left <= 0 => false,
            Some(_) => {
                ok!(on, cache.decr("rate_limit:7", 1));
                true
            }
        };
        allowed += usize::from(may);
        on.advance(secs(1));
    }
    assert_eq!(allowed, 10);
    assert_eq!(ok!(on, cache.ttl("rate_limit:7")), Ttl::Left(secs(3600 - 12)));
}
