use keepwarm::cached;

struct Opaque;

#[cached(key = "user:{user}")]
fn unknown_name(user_id: u64) -> u64 {
    user_id
}

#[cached(key = "user:{user_id", tags = ["{}", "user:{other}"])]
fn syntax(user_id: u64) -> u64 {
    user_id
}

#[cached(key = "user:{user_id.abs()}")]
fn more_than_a_field(user_id: i64) -> i64 {
    user_id
}

#[cached(key = "{self.tenant}:{user_id}")]
fn no_self(user_id: i64) -> i64 {
    user_id
}

#[cached(key = "user:{opaque}")]
fn without_display(opaque: Opaque) -> u64 {
    let Opaque = opaque;
    1
}

fn main() {}
