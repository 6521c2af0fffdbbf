use keepwarm::cached;

#[cached(timeout = "1h")]
struct User {
    id: u64,
}

fn main() {}
