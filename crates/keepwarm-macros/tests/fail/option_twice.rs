use keepwarm::cached;

#[cached(timeout = "1h", ttl = 3600)]
fn user(id: u64) -> u64 {
    id
}

fn main() {}
