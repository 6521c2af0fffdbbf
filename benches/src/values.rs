//! What is cached: a small struct, a nested one of about a kibibyte, and the hundred bytes that memory is measured with.

use hitbox_core::{CachePolicy, CacheValue, CacheableResponse, EntityPolicyConfig, ResponseCachePolicy};
use hitbox_core::{Predicate, predicate::PredicateResult};
use serde::{Deserialize, Serialize};

/// A value that every contender can hold. hitbox wants a trait of its own on it, which the macro below fills in.
pub(crate) trait Sample:
    keepwarm::Value + CacheableResponse<Cached = Self, Subject = Self> + std::fmt::Debug + PartialEq
{
    /// Its name in the tables.
    const NAME: &'static str;

    /// The value that belongs to a key.
    fn of(id: u64) -> Self;

    /// One field of it: enough to prove that the right value came back, too little to be measured.
    fn id(&self) -> u64;
}

/// A row of a user table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Small {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) email: String,
}

impl Sample for Small {
    const NAME: &'static str = "small";

    fn of(id: u64) -> Self {
        Self { id, name: format!("Customer Number {id}"), email: format!("customer.{id}@example.org") }
    }

    fn id(&self) -> u64 {
        self.id
    }
}

/// An order with its lines: 22 allocations, about a kibibyte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Nested {
    id: u64,
    customer: Small,
    shipping: Address,
    billing: Address,
    lines: Vec<Line>,
    remark: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Address {
    street: String,
    city: String,
    country: String,
    postcode: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line {
    product: u64,
    title: String,
    quantity: u32,
    cents: u64,
    taxed: bool,
}

impl Address {
    fn of(id: u64) -> Self {
        Self {
            street: format!("{} Long Acre, Staircase {}", id % 200, id % 7),
            city: format!("Market Town {}", id % 500),
            country: "United Kingdom of somewhere".to_owned(),
            postcode: format!("WC{} {}LX", id % 10, id % 9),
        }
    }
}

impl Sample for Nested {
    const NAME: &'static str = "nested";

    fn of(id: u64) -> Self {
        let line = |number: u64| Line {
            product: id.wrapping_mul(31).wrapping_add(number),
            title: format!("Product {number} of order {id}, blue, large"),
            quantity: (id % 5) as u32 + 1,
            cents: id % 100_000,
            taxed: number % 2 == 0,
        };
        Self {
            id,
            customer: Small::of(id),
            shipping: Address::of(id),
            billing: Address::of(id / 2),
            lines: (0..8).map(line).collect(),
            remark: Some(format!("Leave it with the neighbour, please; order {id}.")),
        }
    }

    fn id(&self) -> u64 {
        self.id
    }
}

/// Exactly a hundred bytes without a pointer: what is left over in the memory table is the cache's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Record([u32; 25]);

impl Sample for Record {
    const NAME: &'static str = "record";

    fn of(id: u64) -> Self {
        Self([id as u32; 25])
    }

    fn id(&self) -> u64 {
        u64::from(self.0[0])
    }
}

/// A hundred bytes of text, with a heap block of its own, as most cached values have.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Text(String);

impl Sample for Text {
    const NAME: &'static str = "text";

    fn of(id: u64) -> Self {
        Self(format!("{id:0>100}"))
    }

    fn id(&self) -> u64 {
        self.0.parse().unwrap_or(u64::MAX)
    }
}

macro_rules! cacheable_as_it_is {
    ($($type:ty),*) => {$(
        impl CacheableResponse for $type {
            type Cached = Self;
            type Subject = Self;
            type IntoCachedFuture = std::future::Ready<CachePolicy<Self, Self>>;
            type FromCachedFuture = std::future::Ready<Self>;

            async fn cache_policy<P>(self, predicates: P, _config: &EntityPolicyConfig) -> ResponseCachePolicy<Self>
            where
                P: Predicate<Subject = Self::Subject> + Send + Sync,
            {
                match predicates.check(self).await {
                    PredicateResult::Cacheable(value) => CachePolicy::Cacheable(CacheValue::new(value, None, None)),
                    PredicateResult::NonCacheable(value) => CachePolicy::NonCacheable(value),
                }
            }

            fn into_cached(self) -> Self::IntoCachedFuture {
                std::future::ready(CachePolicy::Cacheable(self))
            }

            fn from_cached(cached: Self) -> Self::FromCachedFuture {
                std::future::ready(cached)
            }
        }
    )*};
}

cacheable_as_it_is!(Small, Nested, Record, Text);
