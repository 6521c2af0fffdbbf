//! Keepwarm's conformance suite and test kit.
#![warn(dead_code)]

#[cfg(feature = "suite")]
mod behaviours;
#[cfg(feature = "suite")]
mod case;
#[cfg(feature = "suite")]
mod face;
pub mod kit;
#[cfg(feature = "suite")]
mod need;
#[cfg(feature = "suite")]
mod samples;
#[cfg(feature = "suite")]
pub mod schedules;
pub mod servers;
#[cfg(feature = "suite")]
mod settings;
#[cfg(feature = "suite")]
mod subject;
#[cfg(feature = "suite")]
mod suite;
#[cfg(feature = "suite")]
mod target;

#[cfg(feature = "suite")]
pub use face::Face;
#[cfg(feature = "suite")]
pub use suite::Suite;
#[cfg(feature = "suite")]
pub use target::{Setup, Target};
