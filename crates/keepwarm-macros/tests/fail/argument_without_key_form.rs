use keepwarm::{cached, memoize};

struct Pool;

#[cached(timeout = "1h")]
async fn user(db: &Pool, id: u64) -> u64 {
    let Pool = db;
    id
}

#[memoize]
fn square(db: &Pool, id: u64) -> u64 {
    let Pool = db;
    id * id
}

fn main() {}
