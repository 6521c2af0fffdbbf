use keepwarm::cached;

#[derive(Clone)]
struct User(u64);

#[cached(timeout = "1h")]
async fn user(id: u64) -> Result<User, std::io::Error> {
    Ok(User(id))
}

#[cached(timeout = "1h")]
fn plain(id: u64) -> User {
    User(id)
}

fn main() {}
