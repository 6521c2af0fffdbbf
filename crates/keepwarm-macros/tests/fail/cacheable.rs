use keepwarm::Cacheable;

#[derive(Cacheable)]
#[cacheable(versoin = 2)]
struct Misspelled {
    id: u64,
}

#[derive(Cacheable)]
#[cacheable(version = "two")]
struct NoNumber {
    id: u64,
}

#[derive(Cacheable)]
union Either {
    id: u64,
    bits: f64,
}

fn main() {
    let _ = (Misspelled { id: 1 }.id, NoNumber { id: 1 }.id, Either { bits: 1.0 });
}
