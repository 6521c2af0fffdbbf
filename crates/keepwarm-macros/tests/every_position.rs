//! Where a cached function can stand, and what it can take.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

use keepwarm::{cached, memoize};
use serde::Serialize;
use serde::de::DeserializeOwned;

mod inner {
    use super::*;

    #[cached(timeout = "1h")]
    pub(super) fn in_a_module(id: u64) -> u64 {
        id
    }
}

#[expect(clippy::needless_lifetimes, reason = "a written lifetime is what is tested")]
#[cached(timeout = "1h")]
fn generic<'a, T>(text: &'a str, value: T) -> Vec<T>
where
    T: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
{
    vec![value; text.len()]
}

#[cached(timeout = "1h")]
async fn lifetimes<'a>(first: &'a str, second: Cow<'a, str>, third: Option<&[u8]>) -> usize {
    first.len() + second.len() + third.map_or(0, <[u8]>::len)
}

#[cached(timeout = "1h")]
async fn owned(first: Arc<str>, second: BTreeMap<String, (u8, char)>, third: [u16; 4]) -> usize {
    first.len() + second.len() + third.len()
}

#[cached(timeout = "1h")]
async fn recursive(number: u64) -> u64 {
    if number < 2 { number } else { recursive_boxed(number - 1).await + 1 }
}

fn recursive_boxed(number: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(recursive(number))
}

#[memoize]
async fn recursive_in_memory(number: u64) -> u64 {
    if number < 2 { number } else { Box::pin(recursive_in_memory(number - 1)).await + 1 }
}

#[cached(timeout = "1h", skip(callback))]
async fn calls_back(id: u64, callback: impl Fn(&mut u64) + Send + Sync) -> u64 {
    let mut changed = id;
    callback(&mut changed);
    changed
}

struct Stack<T>(Vec<T>);

impl<T> Stack<T>
where
    T: Serialize + Sync,
{
    #[cached(timeout = "1h")]
    async fn height(&self, of: &str) -> usize {
        self.0.len() + of.len()
    }
}

fn needs_send<T: Send>(value: T) -> T {
    value
}

#[tokio::test(flavor = "current_thread")]
async fn a_cached_function_can_stand_anywhere() {
    #[derive(Clone, serde::Serialize, serde::Deserialize)]
    struct Local(u8);

    #[cached(timeout = "1h")]
    fn in_a_function(local: Local) -> Local {
        local
    }

    assert_eq!(inner::in_a_module(1), 1);
    assert_eq!(generic("ab", 7), [7, 7]);
    assert!(generic::invalidate("ab", 7).unwrap());
    assert_eq!(needs_send(lifetimes("a", Cow::Borrowed("b"), Some(&[1]))).await, 3);
    assert_eq!(needs_send(owned("a".into(), BTreeMap::new(), [0; 4])).await, 5);
    assert_eq!(recursive(5).await, 5);
    assert_eq!(recursive_in_memory(5).await, 5);
    assert_eq!(needs_send(calls_back(1, |number| *number += 1)).await, 2);
    assert_eq!(needs_send(Stack(vec![1]).height("a")).await, 2);
    assert_eq!(in_a_function(Local(7)).0, 7);
    assert!(in_a_function::invalidate(Local(7)).unwrap());
}
