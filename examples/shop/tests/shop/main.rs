//! The shop from outside: over HTTP, on a port of its own, with a twentieth of the flights.

mod copies;
mod dashboard;
mod driver;
mod edits;
mod file_shared;
mod hostile;
mod pages;
mod program;
mod redis_shared;
mod support;
