//! Keepwarm.
