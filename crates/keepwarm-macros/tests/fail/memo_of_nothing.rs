use keepwarm::memoize;

const NONE: usize = 0;

#[memoize(max_size = NONE)]
fn square(number: u64) -> u64 {
    number * number
}

fn main() {}
