use std::fmt::Display;
use std::pin::Pin;

use keepwarm::cached;

#[cached(timeout = "1h")]
fn nothing(id: u64) {
    drop(id);
}

#[cached(timeout = "1h")]
fn borrowed(text: &str) -> Option<&str> {
    Some(text)
}

#[cached(timeout = "1h")]
fn unnamed(id: u64) -> impl Display {
    id
}

#[cached(timeout = "1h")]
fn boxed(id: u64) -> Pin<Box<dyn Future<Output = u64> + Send>> {
    Box::pin(async move { id })
}

#[cached(timeout = "1h")]
const fn constant(id: u64) -> u64 {
    id
}

fn main() {}
