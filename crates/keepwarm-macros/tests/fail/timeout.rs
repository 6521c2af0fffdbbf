use keepwarm::cached;

#[cached(timeout = "soon")]
fn first(id: u64) -> u64 {
    id
}

#[cached(timeout = "1.5h")]
fn second(id: u64) -> u64 {
    id
}

#[cached(timeout = 0)]
fn third(id: u64) -> u64 {
    id
}

#[cached(timeout = -1)]
fn fourth(id: u64) -> u64 {
    id
}

#[cached(timeout = None)]
fn fifth(id: u64) -> u64 {
    id
}

fn main() {}
