//! Disks that are full, directories that are gone or cannot be written.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use keepwarm_engine::{Error, Options, Store, Stored};

use crate::children::child;
use crate::support::{CANNOT, directory, held, options, set, value};

/// A file system in memory of this many bytes; unmounted when it is dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    fn new(bytes: u64) -> Result<Self, String> {
        let place = tempfile::tempdir().expect("a directory can be made");
        let size = format!("size={bytes}");
        match Command::new("mount").args(["-t", "tmpfs", "-o", &size, "keepwarm-test"]).arg(place.path()).output() {
            Ok(output) if output.status.success() => Ok(Self(place)),
            _ => Err(format!("{CANNOT}mounting a file system needs more rights")),
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).output();
    }
}

pub(crate) fn full() -> Result<(), String> {
    let disk = Disk::new(3 << 20)?;
    let place = disk.path().join("store");
    // In a process of its own: a write into a hole of a full disk would end it by SIGBUS.
    let output = child(&["fill", place.to_str().expect("a plain path")]).wait_with_output().expect("it is ours");
    assert!(output.status.success(), "{:?}", output.status);
    let store = Store::new(Options { max_bytes: 64 << 20, ..Options::new(&place) });
    set(&store, "key", &value("key", 1, 100)).expect("a full disk is no error");
    // The rest of the disk, to the last byte.
    let filler = disk.path().join("filler");
    let _ = std::fs::write(&filler, vec![1; 3 << 20]);
    assert_eq!(held(&store, "key"), Some(1));
    // Too large for the logs, as far as they could grow: refused, and the older value with it.
    set(&store, "large", &value("large", 1, 10)).expect("a full disk is no error");
    assert_eq!(set(&store, "large", &value("large", 2, 7 << 20)).expect("a full disk is no error"), Stored::NoRoom);
    assert_eq!(held(&store, "large"), None);
    for round in 0..2000 {
        set(&store, "key", &value("key", round, 3000)).expect("a full disk is no error");
        assert_eq!(held(&store, "key"), Some(round));
    }
    let other = Store::new(options(&disk.path().join("other")));
    assert!(matches!(other.open(), Err(Error::Io { .. })), "there is no room for another store");
    std::fs::remove_file(&filler).expect("it is there");
    let output = Command::new("mount").args(["-o", "remount,size=40m"]).arg(disk.path()).output();
    assert!(output.is_ok_and(|output| output.status.success()));
    other.open().expect("there is room again");
    assert_eq!(set(&store, "large", &value("large", 3, 7 << 20)).expect("there is room again"), Stored::Stored);
    assert_eq!(held(&store, "large"), Some(3));
    Ok(())
}

pub(crate) fn removed() -> Result<(), String> {
    let directory = directory();
    let place = directory.path().join("store");
    let store = Store::new(Options { look: Duration::ZERO, ..options(&place) });
    let other = Store::new(Options { look: Duration::ZERO, ..options(&place) });
    for round in 0..20 {
        set(&store, "key", &value("key", round, 100)).expect("the store works");
        assert_eq!(held(&other, "key"), Some(round));
        std::fs::remove_dir_all(&place).expect("it is there");
        assert_eq!(held(&other, "key"), None);
        set(&other, "key", &value("key", round + 100, 100)).expect("it is made again");
        assert_eq!(held(&store, "key"), Some(round + 100));
    }
    Ok(())
}

pub(crate) fn read_only() -> Result<(), String> {
    let disk = Disk::new(4 << 20)?;
    let place = disk.path().join("store");
    drop(Store::new(options(&place)).open());
    let remount = |how: &str| {
        let output = Command::new("mount").args(["-o", how]).arg(disk.path()).output();
        assert!(output.is_ok_and(|output| output.status.success()));
    };
    remount("remount,ro");
    let error = Store::new(options(&place)).open().expect_err("nothing can be written");
    assert!(error.to_string().contains("cannot open"), "{error}");
    let error = Store::new(options(&disk.path().join("new"))).open().expect_err("nothing can be written");
    assert!(error.to_string().contains("cannot make the directory"), "{error}");
    remount("remount,rw");
    Store::new(options(&place)).open().expect("it can be written again");
    Ok(())
}
