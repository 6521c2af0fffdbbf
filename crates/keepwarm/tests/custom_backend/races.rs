//! Threads, tasks, cancelled calls and panics: atomic verbs stay atomic, and nothing stays locked.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use keepwarm::backend::{Backend, Claim, Count, Lease, Lookup, Put, When};
use keepwarm::entry::{Entry, MissReason};
use keepwarm::key::{Key, Scope};

use crate::store::{Bench, KEY, tag};

const WORKERS: usize = 8;
const ROUNDS: usize = 50;

/// Runs `work` in several tasks on several threads and gives their answers.
async fn race<F: Future<Output = T> + Send + 'static, T: Send + 'static>(
    bench: &Arc<Bench>,
    work: impl Fn(Arc<Bench>) -> F,
) -> Vec<T> {
    let tasks: Vec<_> = (0..WORKERS).map(|_| tokio::spawn(work(Arc::clone(bench)))).collect();
    let mut answers = Vec::new();
    for task in tasks {
        answers.push(task.await.unwrap());
    }
    answers
}

// covers: R83 R84
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_count_is_lost() {
    let bench = Arc::new(Bench::new());
    race(&bench, |bench| async move {
        for _ in 0..ROUNDS {
            let create = Some(bench.integer(0));
            assert!(matches!(bench.backend.add_to(&bench.key(KEY), 1, create).await.unwrap(), Count::Now(_)));
        }
    })
    .await;
    assert_eq!(bench.read(KEY).await, Ok((WORKERS * ROUNDS) as i64));
}

// covers: R83
#[test]
fn no_count_is_lost_among_threads_without_a_runtime() {
    let bench = Arc::new(Bench::new());
    let cache = keepwarm::Cache::builder().backend(bench.backend.clone()).clock(bench.clock.clone()).build().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    cache.incr("views", 1).or_insert(0, keepwarm::Timeout::Never).wait().unwrap();
                }
            });
        }
    });
    assert_eq!(cache.get::<i64>("views").wait().unwrap(), Some((WORKERS * ROUNDS) as i64));
}

// covers: R58
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_adds_wins() {
    let bench = Arc::new(Bench::new());
    for round in 0..ROUNDS {
        let key = format!("myapp:1:add{round}");
        let puts = race(&bench, |bench| {
            let key = key.clone();
            async move { bench.put(&key, bench.integer(1), When::Absent).await }
        })
        .await;
        assert_eq!(puts.iter().filter(|put| put.is_stored()).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn compare_and_swap_loses_nothing() {
    let bench = Arc::new(Bench::new());
    bench.put(KEY, bench.integer(0), When::Always).await;
    race(&bench, |bench| async move {
        for _ in 0..10 {
            loop {
                let Lookup::Hit(entry) = bench.get(KEY).await else { panic!("a miss") };
                let keepwarm::Payload::Integer(number) = entry.payload else { panic!("no integer") };
                let stored = bench.put(KEY, bench.integer(number + 1), When::Unchanged(entry.stamp)).await;
                if stored.is_stored() {
                    break;
                }
            }
        }
    })
    .await;
    assert_eq!(bench.read(KEY).await, Ok((WORKERS * 10) as i64));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_of_many_gets_the_lease_and_one_remove_counts() {
    let bench = Arc::new(Bench::new());
    for _ in 0..ROUNDS {
        let leases = race(&bench, |bench| async move {
            let (key, markers) = (bench.key(KEY), [tag("t")]);
            bench.backend.lease(&key, &markers, Duration::from_secs(9), Claim::Missing).await.unwrap()
        })
        .await;
        let mut fences = leases.into_iter().filter_map(|lease| match lease {
            Lease::Granted(fence) => Some(fence),
            _ => None,
        });
        let fence = fences.next().expect("somebody computes");
        assert!(fences.next().is_none(), "two compute");
        assert_eq!(bench.put(KEY, bench.integer(1), When::Unchanged(fence.stamp)).await, Put::Stored);
        let removed =
            race(&bench, |bench| async move { bench.backend.remove(&bench.key(KEY), When::Always).await.unwrap() });
        assert_eq!(removed.await.into_iter().filter(|removed| *removed).count(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_markers_of_many_callers_are_the_same() {
    let bench = Arc::new(Bench::new());
    for round in 0..ROUNDS {
        let name = format!("tag{round}");
        let generations = race(&bench, |bench| {
            let markers = [tag(&name), tag("common")];
            async move { bench.backend.generations(&markers).await.unwrap() }
        })
        .await;
        assert!(generations.windows(2).all(|pair| pair[0] == pair[1]), "{generations:?}");
    }
}

/// After an invalidation has returned, nobody reads what was stored before it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_read_after_it_was_invalidated() {
    let bench = Arc::new(Bench::new());
    for round in 0..ROUNDS as i64 {
        let marks = bench.marks(&[tag("news")]).await;
        let writers = race(&bench, |bench| {
            let entry = Entry { marks: marks.clone(), ..bench.integer(round) };
            async move { bench.put(KEY, entry, When::Always).await }
        });
        let invalidate = async {
            if round % 2 == 0 {
                bench.backend.renew(&[tag("news")]).await.unwrap();
            } else {
                bench.backend.clear(&bench.scope).await.unwrap();
                bench.backend.renew(&[tag("news")]).await.unwrap();
            }
            bench.read(KEY).await
        };
        let (_, read) = tokio::join!(writers, invalidate);
        assert!(read.is_err(), "{read:?} was read after round {round} was invalidated");
        assert!(bench.read(KEY).await.is_err(), "a late writer stored an old value");
    }
}

// covers: R122
#[tokio::test]
async fn a_dropped_call_gives_its_lock_back() {
    let bench = Bench::new();
    bench.put(KEY, bench.integer(1), When::Always).await;
    let fence = match bench.backend.lease(&bench.key(KEY), &[], Duration::from_secs(9), Claim::Refresh).await {
        Ok(Lease::Granted(fence)) => fence,
        other => panic!("{other:?}"),
    };
    let (key, markers) = (bench.key(KEY), [tag("news")]);
    bench.shelf.stalls.store(true, Ordering::SeqCst);
    tokio::select! {
        _ = bench.put(KEY, bench.integer(2), When::Always) => panic!("it stalls"),
        () = bench.shelf.stalled.notified() => {}
    }
    tokio::select! {
        _ = bench.backend.add_to(&key, 1, None) => panic!("it stalls"),
        () = bench.shelf.stalled.notified() => {}
    }
    tokio::select! {
        _ = bench.backend.renew(&markers) => panic!("it stalls"),
        () = bench.shelf.stalled.notified() => {}
    }
    bench.shelf.stalls.store(false, Ordering::SeqCst);
    assert_eq!(bench.read(KEY).await, Ok(1), "nothing was half-done");
    assert_eq!(bench.put(KEY, bench.integer(3), When::Unchanged(fence.stamp)).await, Put::Stored);
    bench.backend.renew(&[tag("news")]).await.unwrap();
}

#[tokio::test]
async fn a_write_that_was_dropped_half_way_has_ended_the_lease() {
    // Whether the store took the bytes is the store's secret, so an older value must not be stored over them.
    let bench = Bench::new();
    let lease = bench.backend.lease(&bench.key(KEY), &[], Duration::from_secs(9), Claim::Missing).await;
    let Ok(Lease::Granted(fence)) = lease else { panic!("{lease:?}") };
    bench.shelf.stalls.store(true, Ordering::SeqCst);
    tokio::select! {
        _ = bench.put(KEY, bench.integer(2), When::Always) => panic!("it stalls"),
        () = bench.shelf.stalled.notified() => {}
    }
    bench.shelf.stalls.store(false, Ordering::SeqCst);
    assert!(!bench.put(KEY, bench.integer(1), When::Unchanged(fence.stamp)).await.is_stored());
}

#[tokio::test]
async fn a_waiter_that_goes_away_is_not_waited_for() {
    let bench = Arc::new(Bench::new());
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.shelf.stalls.store(true, Ordering::SeqCst);
    let put = |number| {
        let bench = Arc::clone(&bench);
        tokio::spawn(async move { bench.put(KEY, bench.integer(number), When::Always).await })
    };
    let holder = put(2);
    bench.shelf.stalled.notified().await;
    let waiter = put(3);
    let last = put(4);
    tokio::task::yield_now().await;
    waiter.abort();
    bench.shelf.stalls.store(false, Ordering::SeqCst);
    holder.abort();
    assert_eq!(last.await.unwrap(), Put::Stored);
    assert_eq!(bench.read(KEY).await, Ok(4));
}

#[tokio::test]
async fn a_panic_passes_through_and_poisons_nothing() {
    let bench = Arc::new(Bench::new());
    bench.put(KEY, bench.integer(1), When::Always).await;
    bench.shelf.panics.store(true, Ordering::SeqCst);
    for verb in 0..6 {
        let bench = Arc::clone(&bench);
        let task = tokio::spawn(async move {
            let scope = Scope::new("myapp");
            let key = Key::new(KEY, &scope);
            match verb {
                0 => drop(bench.backend.get(&key, &[]).await),
                1 => drop(bench.backend.put(&key, bench.integer(2), When::Present).await),
                2 => drop(bench.backend.add_to(&key, 1, None).await),
                3 => drop(bench.backend.remove(&key, When::Always).await),
                4 => drop(bench.backend.renew(&[tag("news")]).await),
                _ => drop(bench.backend.lease(&key, &[tag("news")], Duration::from_secs(9), Claim::Missing).await),
            }
        });
        assert!(task.await.unwrap_err().is_panic());
    }
    bench.shelf.panics.store(false, Ordering::SeqCst);
    assert_eq!(bench.read(KEY).await, Ok(1));
    assert_eq!(bench.put(KEY, bench.integer(2), When::Present).await, Put::Stored);
    assert_eq!(bench.backend.add_to(&bench.key(KEY), 1, None).await.unwrap(), Count::Now(3));
    bench.backend.renew(&[tag("news")]).await.unwrap();
    assert!(bench.backend.remove(&bench.key(KEY), When::Always).await.unwrap());
    assert_eq!(bench.read(KEY).await, Err(MissReason::Absent));
}
