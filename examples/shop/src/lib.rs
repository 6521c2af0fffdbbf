//! A ticket shop on real flights: how a web application uses Keepwarm, and the demo that `make demo` runs.
//!
//! Read [`catalogue`] first: all caching is there. The rest is a small shop as any other.

pub mod arguments;
pub mod catalogue;
mod charts;
mod dashboard;
mod data;
pub mod database;
pub mod drive;
pub mod failure;
pub mod filter;
pub mod histogram;
pub mod model;
mod pages;
pub mod table;
mod telemetry;
pub mod web;
