//! Keepwarm's conformance suite and test kit.
#![deny(dead_code)]

pub mod kit;
