//! A store of four methods behind the adapter.

#[path = "custom_backend/contract.rs"]
mod contract;
#[path = "custom_backend/failures.rs"]
mod failures;
#[path = "custom_backend/invalidation.rs"]
mod invalidation;
#[path = "custom_backend/races.rs"]
mod races;
#[path = "custom_backend/store.rs"]
mod store;
#[path = "custom_backend/through_the_cache.rs"]
mod through_the_cache;
#[path = "custom_backend/verbs.rs"]
mod verbs;
