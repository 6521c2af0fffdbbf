//! Counting in many processes.

use keepwarm_engine::Store;

use crate::children::{child, command};
use crate::support::{CANNOT, add, directory, number, options, times};

fn total(store: &Store) -> i64 {
    ["a", "b", "c"].into_iter().map(|key| number(store, key).unwrap_or(0)).sum()
}

pub(crate) fn eight_processes() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let each = times(3000, 100_000);
    let children: Vec<_> = (0..8).map(|_| child(&["count", place, &each.to_string()])).collect();
    for mut child in children {
        assert!(child.wait().expect("it is ours").success());
    }
    assert_eq!(total(&Store::new(options(directory.path()))), 8 * each as i64);
    Ok(())
}

/// Two processes with the same number, which a lock by process number would take for one.
pub(crate) fn two_namespaces() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().to_str().expect("a plain path");
    let each = times(3000, 100_000).to_string();
    let inside = || {
        let plain = command(&["count", place, &each]);
        let mut command = std::process::Command::new("unshare");
        command.args(["--pid", "--fork", "--"]).arg(plain.get_program()).args(plain.get_args());
        command.stderr(std::process::Stdio::piped()).spawn()
    };
    let (Ok(first), Ok(second)) = (inside(), inside()) else { return Err(format!("{CANNOT}there is no unshare")) };
    for child in [first, second] {
        let output = child.wait_with_output().expect("it is ours");
        let said = String::from_utf8_lossy(&output.stderr);
        if said.contains("Operation not permitted") {
            return Err(format!("{CANNOT}process namespaces need more rights"));
        }
        assert!(output.status.success(), "{said}");
    }
    assert_eq!(total(&Store::new(options(directory.path()))), 2 * each.parse::<i64>().expect("a number"));
    Ok(())
}

/// A process that forks while its threads count; parent and children count on with the same handle.
#[allow(unsafe_code, reason = "the standard library has no fork")]
pub(crate) fn forked() -> Result<(), String> {
    let directory = directory();
    let store = Store::new(options(directory.path()));
    let each = times(2000, 50_000) as i64;
    let children = times(4, 40) as i64;
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (0..each).for_each(|_| {
                add(&store, "a");
            })
        });
        for _ in 0..children {
            // SAFETY: the child uses the store and the allocator, whose locks glibc keeps sound across a fork, and leaves
            // by `_exit`, without the parent's destructors.
            let pid = unsafe { libc::fork() };
            assert!(pid >= 0, "a process can be forked");
            if pid == 0 {
                let counted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                    (0..each).for_each(|_| {
                        add(&store, "b");
                    })
                }));
                // SAFETY: ends the child here and now.
                unsafe { libc::_exit(i32::from(counted.is_err())) };
            }
            add(&store, "c");
            let mut status = 0;
            // SAFETY: waits for the child just forked.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            assert_eq!(status, 0, "the child could count");
        }
    });
    assert_eq!(total(&store), each + children * each + children);
    Ok(())
}
