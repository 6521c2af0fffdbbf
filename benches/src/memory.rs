//! Resident memory of a million entries. Each contender fills its cache in a process of its own; what the same process
//! takes without a cache is subtracted, and so are the bytes of the keys and values themselves.

use std::fs;
use std::process::Command;

use crate::executor::drive;
use crate::keys::{KEY_BYTES, write_key};
use crate::peers::{Cachet, Foyer, Hitbox, Keepwarm, Moka, Peer, Raw};
use crate::report::Report;
use crate::rounds::median;
use crate::table::Table;
use crate::values::{Record, Sample, Text};

/// The option by which this program starts itself.
pub(crate) const CHILD: &str = "--memory-child";

const ENTRIES: u64 = 1_000_000;
const VALUE_BYTES: usize = 100;

/// Chance spreads keys unevenly over shards: a little room keeps nearly all of them.
const CAPACITY: usize = (ENTRIES + ENTRIES / 50) as usize;

/// By name: fill a cache, tell how much memory there is and how many entries are left.
type Filling = fn() -> (u64, u64);

/// One list for the parent, which starts them, and the child, which is one of them.
const CONTENDERS: [(&str, Filling, Filling); 6] = [
    ("quick_cache + deadline", fill::<Record, Raw<Record>>, fill::<Text, Raw<Text>>),
    ("keepwarm", fill::<Record, Keepwarm>, fill::<Text, Keepwarm>),
    ("moka", fill::<Record, Moka<Record>>, fill::<Text, Moka<Text>>),
    ("foyer", fill::<Record, Foyer<Record>>, fill::<Text, Foyer<Text>>),
    ("cachet", fill::<Record, Cachet<Record>>, fill::<Text, Cachet<Text>>),
    ("hitbox-moka", fill::<Record, Hitbox>, fill::<Text, Hitbox>),
];

const NOTHING: &str = "nothing";

pub(crate) fn run(report: &mut Report) {
    if !report.wants("memory") {
        return;
    }
    let runs = if report.quick() { 1 } else { 3 };
    let mut table = Table::new(["contender", "100 bytes flat, overhead", "100 bytes of text, overhead"]);
    for (name, _, _) in CONTENDERS {
        let mut overhead = |kind: &str| {
            let measured = median((0..runs).filter_map(|_| overhead_of(name, kind)).collect());
            report.figure(format!("memory/{kind}/{name}"), measured);
            format!("{measured:.0}")
        };
        let (flat, text) = (overhead(Record::NAME), overhead(Text::NAME));
        table.row([name.to_owned(), flat, text]);
    }
    let notes = vec![format!(
        "Bytes an entry beside its key of {KEY_BYTES} and value of {VALUE_BYTES} bytes, at {ENTRIES} entries. A text has a heap \
         block of its own. hitbox keeps values encoded, which is shorter for some."
    )];
    report.section("memory", &table, notes);
}

/// Bytes an entry beside its key and value; `None`, with a word on standard error, when a child failed.
fn overhead_of(contender: &str, kind: &str) -> Option<f64> {
    let (with, entries) = start(&format!("{kind}/{contender}"))?;
    let (without, _) = start(NOTHING)?;
    Some((with.saturating_sub(without)) as f64 / entries as f64 - (KEY_BYTES + VALUE_BYTES) as f64)
}

fn start(child: &str) -> Option<(u64, u64)> {
    let output = Command::new(std::env::current_exe().ok()?).args([CHILD, child]).output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.split_whitespace().map(str::parse::<u64>).collect::<Result<Vec<_>, _>>().ok();
    let Some([bytes, entries]) = answer.as_deref() else {
        eprintln!("the memory of {child} was not measured: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    };
    Some((*bytes, *entries))
}

/// What the child does: prints its resident bytes and how many entries there are.
pub(crate) fn child(name: &str) {
    let filling = CONTENDERS.iter().find_map(|(contender, record, text)| match name.split_once('/')? {
        (kind, wanted) if wanted == *contender && kind == Record::NAME => Some(*record),
        (kind, wanted) if wanted == *contender && kind == Text::NAME => Some(*text),
        _ => None,
    });
    let (bytes, entries) = match filling {
        Some(fill) => fill(),
        None if name == NOTHING => (resident_bytes(), 0),
        None => panic!("there is no contender {name}"),
    };
    println!("{bytes} {entries}");
}

fn fill<T: Sample, P: Peer<T>>() -> (u64, u64) {
    let peer = P::with_capacity(CAPACITY);
    let mut key = String::with_capacity(KEY_BYTES);
    drive(async {
        for id in 0..ENTRIES {
            key.clear();
            write_key(&mut key, id);
            peer.set(&key, &T::of(id)).await;
        }
        peer.settle().await;
        // Before counting: a cache that remembers its reads must not be charged for ours.
        let bytes = resident_bytes();
        let mut entries = 0;
        for id in 0..ENTRIES {
            key.clear();
            write_key(&mut key, id);
            entries += u64::from(peer.get(&key).await.is_some());
        }
        (bytes, entries)
    })
}

/// The resident set of this process in bytes.
fn resident_bytes() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = resident.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.expect("the system tells the resident set of a process (Linux only)") * 1024
}
