use keepwarm::{cached, memoize};

#[cached(tiemout = "1h", kee = "user:{id}", elephant)]
fn user(id: u64) -> u64 {
    id
}

#[memoize(max_sise = 10)]
fn square(id: u64) -> u64 {
    id * id
}

fn main() {}
