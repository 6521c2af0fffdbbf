//! Contenders made into lanes.

use std::sync::Arc;
use std::thread;

use crate::executor::{drive, runtime};
use crate::keys::{Batch, key_of};
use crate::peers::{Peer, SharingPeer};
use crate::rounds::Lane;
use crate::values::Sample;

/// A cache with every key of the key space in it.
pub(crate) fn filled<T: Sample, P: Peer<T>>(keys: usize, capacity: usize) -> Arc<P> {
    let peer = P::with_capacity(capacity);
    drive(async {
        for id in 0..keys as u64 {
            peer.set(&key_of(id), &T::of(id)).await;
        }
        peer.settle().await;
    });
    Arc::new(peer)
}

async fn get_all<T: Sample, P: Peer<T>>(peer: &P, batch: &Batch) -> u64 {
    let mut sum = 0_u64;
    for key in batch.keys() {
        if let Some(value) = peer.get(key).await {
            sum = sum.wrapping_add(value.id());
        }
    }
    sum
}

async fn share_all<T: Sample, P: SharingPeer<T>>(peer: &P, batch: &Batch) -> u64 {
    let mut sum = 0_u64;
    for key in batch.keys() {
        if let Some(value) = peer.get_shared(key).await {
            sum = sum.wrapping_add(value.id());
        }
    }
    sum
}

/// Reads that copy the value out.
pub(crate) fn get<T: Sample, P: Peer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    Lane::new(name, move |batch| drive(get_all::<T, P>(&peer, batch)))
}

/// Reads that share the value.
pub(crate) fn get_shared<T: Sample, P: SharingPeer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    Lane::new(name, move |batch| drive(share_all::<T, P>(&peer, batch)))
}

/// The same inside tokio.
pub(crate) fn get_shared_in_tokio<T: Sample, P: SharingPeer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    Lane::new(name, move |batch| runtime().block_on(share_all::<T, P>(&peer, batch)))
}

/// The same on two threads at once, which begin at different ends of the batch.
pub(crate) fn get_shared_twice<T: Sample, P: SharingPeer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    let lane = Lane::new(name, move |batch| {
        let share_from = |start: usize| {
            drive(async {
                let mut sum = 0_u64;
                for index in 0..batch.len() {
                    if let Some(value) = peer.get_shared(batch.key((start + index) % batch.len())).await {
                        sum = sum.wrapping_add(value.id());
                    }
                }
                sum
            })
        };
        on_two_threads(batch, share_from) / 2
    });
    lane.operations_per_key(2.0)
}

/// Nine reads, then a write; returns how many reads hit.
pub(crate) fn blend<T: Sample, P: Peer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    let values = written::<T>();
    Lane::new(name, move |batch| drive(blend_from::<T, P>(&peer, batch, 0, &values)))
}

/// The same on two threads at once.
pub(crate) fn blend_twice<T: Sample, P: Peer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    let values = written::<T>();
    let lane = Lane::new(name, move |batch| {
        on_two_threads(batch, |start| drive(blend_from::<T, P>(&peer, batch, start, &values)))
    });
    lane.operations_per_key(2.0)
}

/// Overwrites.
pub(crate) fn set<T: Sample, P: Peer<T>>(name: &str, peer: &Arc<P>) -> Lane {
    let peer = Arc::clone(peer);
    let values = written::<T>();
    Lane::new(name, move |batch| {
        drive(async {
            for (index, key) in batch.keys().enumerate() {
                peer.set(key, &values[index % values.len()]).await;
            }
            batch.sum()
        })
    })
}

async fn blend_from<T: Sample, P: Peer<T>>(peer: &P, batch: &Batch, start: usize, values: &[T]) -> u64 {
    let mut hits = 0;
    for index in 0..batch.len() {
        let key = batch.key((start + index) % batch.len());
        if index % 10 == 9 {
            peer.set(key, &values[index % values.len()]).await;
        } else {
            hits += u64::from(peer.get(key).await.is_some());
        }
    }
    hits
}

/// Values to write, made beforehand: making one costs everybody more than storing it.
fn written<T: Sample>() -> Vec<T> {
    (0..64).map(T::of).collect()
}

fn on_two_threads(batch: &Batch, work: impl Fn(usize) -> u64 + Sync) -> u64 {
    thread::scope(|scope| {
        let other = scope.spawn(|| work(batch.len() / 2));
        work(0) + other.join().expect("a lane does not panic")
    })
}
