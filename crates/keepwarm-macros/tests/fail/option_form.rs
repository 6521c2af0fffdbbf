use keepwarm::{cached, memoize};

#[cached(timeout)]
fn first(id: u64) -> u64 {
    id
}

#[cached(skip = id)]
fn second(id: u64) -> u64 {
    id
}

#[cached(none = 0)]
fn third(id: u64) -> Option<u64> {
    Some(id)
}

#[cached(key = 7)]
fn fourth(id: u64) -> u64 {
    id
}

#[cached(tags = "user:{id}")]
fn fifth(id: u64) -> u64 {
    id
}

#[memoize(max_size = 0)]
fn sixth(id: u64) -> u64 {
    id
}

fn main() {}
