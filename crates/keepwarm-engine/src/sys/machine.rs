//! The machine: its boot, its uptime, its randomness.

use std::time::Duration;

/// Which run of the kernel this is; `None` where it does not say. Containers of one kernel agree.
pub(crate) fn boot() -> Option<[u64; 2]> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
    let number = u128::from_str_radix(&digits, 16).ok()?;
    Some([number as u64, (number >> 64) as u64])
}

/// How long the machine has been up, suspended time included, and the same in every container. It never steps.
#[cfg(target_os = "linux")]
pub(crate) fn uptime() -> Duration {
    use std::sync::LazyLock;

    use rustix::time::{ClockId, clock_gettime};

    /// What this process's time namespace adds to the machine's own clock, in nanoseconds.
    static ADDED: LazyLock<i128> = LazyLock::new(|| {
        let offsets = std::fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
        let boottime = offsets.lines().find_map(|line| line.strip_prefix("boottime"));
        let mut numbers =
            boottime.unwrap_or_default().split_whitespace().map(|number| number.parse().unwrap_or(0_i128));
        numbers.next().unwrap_or(0) * 1_000_000_000 + numbers.next().unwrap_or(0)
    });
    let time = clock_gettime(ClockId::Boottime);
    let nanoseconds = i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec) - *ADDED;
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(0))
}

/// Where there is no such clock, the wall clock stands in: only systems on which every start is a new boot come here.
#[cfg(not(target_os = "linux"))]
pub(crate) fn uptime() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// The number of the user whose program this is.
pub fn user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// A number that nobody has had before: 64 random bits of the kernel, which a fork does not repeat.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    fill(&mut bytes);
    u64::from_le_bytes(bytes)
}

#[cfg(target_os = "linux")]
fn fill(bytes: &mut [u8; 8]) {
    use rustix::rand::{GetRandomFlags, getrandom};
    // Up to 256 bytes come whole or not at all; what interrupts it passes.
    while !matches!(getrandom(&mut *bytes, GetRandomFlags::empty()), Ok(8)) {}
}

#[cfg(not(target_os = "linux"))]
fn fill(bytes: &mut [u8; 8]) {
    use std::io::Read;
    let mut source = std::fs::File::open("/dev/urandom").expect("every Unix has a source of random numbers");
    source.read_exact(bytes).expect("the source of random numbers has no end");
}
