//! Files that are not as they were written.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use keepwarm_engine::{Options, Store};

use crate::support::{Dice, add, directory, held, number, options, set, times, value};

const PAGE: usize = 4096;
const KEYS: u64 = 300;

/// Every file of a store with its bytes.
type Snapshot = HashMap<PathBuf, Vec<u8>>;

fn snapshot(directory: &Path) -> Snapshot {
    let mut files = Snapshot::new();
    for entry in fs::read_dir(directory).expect("it is there").flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(snapshot(&path));
        } else {
            files.insert(path.clone(), fs::read(&path).expect("it can be read"));
        }
    }
    files
}

/// Puts files in place, in the same files, so that they keep their numbers.
fn restore(directory: &Path, files: &Snapshot) {
    for path in snapshot(directory).keys().filter(|path| !files.contains_key(*path)) {
        fs::remove_file(path).expect("it is there");
    }
    for (path, bytes) in files {
        fs::create_dir_all(path.parent().expect("it lies in a directory")).expect("it can be made");
        fs::write(path, bytes).expect("it can be written");
    }
}

fn of_boot(directory: &Path, boot: u64) -> Options {
    Options { boot: Some([boot, 0]), ..options(directory) }
}

/// Writes for a while; what is there then.
fn work(store: &Store, dice: &mut Dice, rounds: u64, model: &mut HashMap<String, u64>) {
    for _ in 0..rounds {
        let key = format!("key{}", dice.roll(KEYS));
        let version = model.get(&key).map_or(1, |version| version + 1);
        let length = if dice.roll(40) == 0 { dice.roll(400_000) } else { dice.roll(3000) };
        set(store, &key, &value(&key, version, length as usize)).expect("the store works");
        model.insert(key, version);
        if dice.roll(8) == 0 {
            add(store, "count");
        }
    }
}

/// Each page from an older or a newer moment of one run, as a disk may have them when the power goes.
fn mixed(older: &Snapshot, newer: &Snapshot, dice: &mut Dice) -> Snapshot {
    let mut mixed = newer.clone();
    for (path, bytes) in &mut mixed {
        let Some(old) = older.get(path) else { continue };
        for (page, old) in bytes.chunks_mut(PAGE).zip(old.chunks(PAGE)) {
            if page.len() == old.len() && dice.roll(2) == 0 {
                page.copy_from_slice(old);
            }
        }
    }
    mixed
}

/// After a power loss within a run nothing is believed: everything is a miss, and the store works.
pub(crate) fn power_losses() -> Result<(), String> {
    let directory = directory();
    let mut dice = Dice(3);
    for round in 0..times(40, 1000) {
        let boot = 1 + round * 2;
        let (older, newer, files) = {
            let store = Store::new(of_boot(directory.path(), boot));
            let mut model = HashMap::new();
            work(&store, &mut dice, 100, &mut model);
            let older = snapshot(directory.path());
            work(&store, &mut dice, 100, &mut model);
            let newer = snapshot(directory.path());
            let files = mixed(&older, &newer, &mut dice);
            (older, newer, files)
        };
        assert!(older.len() >= 3 && newer.len() >= 3);
        restore(directory.path(), &files);
        let store = Store::new(of_boot(directory.path(), boot + 1));
        for key in 0..KEYS {
            assert_eq!(held(&store, &format!("key{key}")), None, "an old value after a power loss");
        }
        assert_eq!(number(&store, "count"), None);
        work(&store, &mut dice, 20, &mut HashMap::new());
        // Closed in order, it is there after the next boot.
        set(&store, "kept", &value("kept", round, 1000)).expect("the store works");
        let count = add(&store, "count");
        store.close();
        let next = Store::new(of_boot(directory.path(), boot + 2));
        assert_eq!(held(&next, "kept"), Some(round));
        assert_eq!(number(&next, "count"), Some(count));
        next.clear_store(1).expect("the store works");
    }
    Ok(())
}

/// Pages of moments that no disk would mix: it may be an older value then, but never a torn one, and never a crash.
pub(crate) fn mixed_pages() -> Result<(), String> {
    let directory = directory();
    let mut dice = Dice(5);
    let mut model = HashMap::new();
    let moment = |boot: u64, dice: &mut Dice, model: &mut HashMap<String, u64>| {
        let store = Store::new(of_boot(directory.path(), boot));
        work(&store, dice, 150, model);
        store.close();
        snapshot(directory.path())
    };
    let mut older = moment(1, &mut dice, &mut model);
    for round in 0..times(30, 1000) {
        let newer = moment(1, &mut dice, &mut model);
        restore(directory.path(), &mixed(&older, &newer, &mut dice));
        let store = Store::new(of_boot(directory.path(), 1 + dice.roll(2)));
        for key in 0..KEYS {
            // Panics on wrong bytes.
            let version = held(&store, &format!("key{key}"));
            assert!(version.is_none_or(|version| version <= model[&format!("key{key}")]), "round {round}");
        }
        work(&store, &mut dice, 50, &mut HashMap::new());
        store.close();
        restore(directory.path(), &newer);
        older = newer;
    }
    Ok(())
}

/// Bits flipped and files cut, anywhere.
pub(crate) fn flips_and_cuts() -> Result<(), String> {
    let directory = directory();
    let mut dice = Dice(9);
    let mut model = HashMap::new();
    let store = Store::new(options(directory.path()));
    work(&store, &mut dice, 2000, &mut model);
    store.close();
    let whole = snapshot(directory.path());
    let names: Vec<_> = whole.keys().cloned().collect();
    for round in 0..times(200, 5000) {
        let mut torn = whole.clone();
        let bytes = torn.get_mut(&names[dice.roll(names.len() as u64) as usize]).expect("it is one of them");
        match dice.roll(4) {
            0 => bytes.truncate(dice.roll(bytes.len() as u64) as usize),
            1 => {
                let at = dice.roll(bytes.len() as u64) as usize;
                let end = (at + dice.roll(9000) as usize).min(bytes.len());
                bytes[at..end].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8);
            }
            // Where the heads are, most of the time.
            kind => {
                for _ in 0..=dice.roll(40) {
                    let most = if kind == 2 { 512.min(bytes.len()) } else { bytes.len() };
                    bytes[dice.roll(most as u64) as usize] ^= 1 << dice.roll(8);
                }
            }
        }
        restore(directory.path(), &torn);
        let count = number(&Store::new(options(directory.path())), "count");
        let store = Store::new(options(directory.path()));
        for key in 0..KEYS {
            let key = format!("key{key}");
            if let Some(version) = held(&store, &key) {
                assert_eq!(Some(&version), model.get(&key), "round {round}: an old value came back");
            }
        }
        assert!(count.is_none_or(|count| count > 0 && count < 2000), "round {round}: {count:?}");
        for number in 0..100 {
            let key = format!("new{number}");
            set(&store, &key, &value(&key, round, 500)).expect("the store works");
            assert_eq!(held(&store, &key), Some(round), "round {round}");
        }
        store.close();
    }
    Ok(())
}
