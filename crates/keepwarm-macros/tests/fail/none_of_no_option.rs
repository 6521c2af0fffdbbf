use keepwarm::cached;

#[cached(timeout = "1h", none = false)]
async fn user(id: u64) -> Result<u64, std::io::Error> {
    Ok(id)
}

fn main() {}
