use keepwarm::cached;

#[cached(timeout = "1h", cache = 7)]
fn user(id: u64) -> u64 {
    id
}

fn main() {}
