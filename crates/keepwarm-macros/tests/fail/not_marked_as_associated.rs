use keepwarm::cached;

struct Users;

impl Users {
    #[cached(timeout = "1h")]
    fn find(id: u64) -> u64 {
        id
    }
}

fn main() {}
