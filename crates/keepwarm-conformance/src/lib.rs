//! Keepwarm's conformance suite and test kit.
#![warn(dead_code)]

mod behaviours;
mod case;
mod face;
pub mod kit;
mod need;
mod samples;
pub mod schedules;
pub mod servers;
mod settings;
mod subject;
mod suite;
mod target;

pub use face::Face;
pub use suite::Suite;
pub use target::{Setup, Target};
