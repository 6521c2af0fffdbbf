use keepwarm::{cached, memoize};

#[cached(timeout = "1h")]
fn push(list: &mut Vec<u64>) -> usize {
    list.push(1);
    list.len()
}

struct Counter(u64);

impl Counter {
    #[cached(timeout = "1h")]
    fn next(&mut self) -> u64 {
        self.0 += 1;
        self.0
    }

    #[memoize]
    fn get(&self) -> u64 {
        self.0
    }
}

fn main() {}
