//! Request traces of production systems, or a Zipf stream where there are none.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use lzma_rust2::XzReader;

use crate::keys::Zipf;

/// The requests of one system, in order.
#[derive(Debug)]
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) requests: Vec<u32>,
    pub(crate) distinct: usize,
}

/// Four traces of the cache2k project (headissue GmbH / Jens Wilke, CC BY 4.0): two web sites, an object cache twice.
const NAMES: [&str; 4] = ["web07", "web12", "orm-night", "orm-busy"];

/// Longer traces are cut: the ratios do not move any more.
const LONGEST: usize = 2_000_000;

const VARIABLE: &str = "KEEPWARM_TRACES";

/// Beside the workspace, wherever the program is started.
const BESIDE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/traces");

/// The traces, or one stream in their place; and a remark when they were not found.
pub(crate) fn load(directory: Option<&Path>) -> (Vec<Trace>, Option<String>) {
    let directory = directory
        .map(Path::to_owned)
        .or_else(|| std::env::var_os(VARIABLE).map(PathBuf::from))
        .unwrap_or_else(|| PathBuf::from(BESIDE));
    let traces: io::Result<Vec<Trace>> = NAMES.iter().map(|name| read(&directory, name)).collect();
    match traces {
        Ok(traces) => (traces, None),
        Err(error) => {
            let remark = format!(
                "The request traces were not found ({error}): a Zipf stream stands in. Name their directory with \
                 --traces or {VARIABLE}."
            );
            eprintln!("{remark}");
            (vec![stand_in()], Some(remark))
        }
    }
}

/// 32-bit big-endian object ids, xz-compressed.
fn read(directory: &Path, name: &str) -> io::Result<Trace> {
    let file = BufReader::new(File::open(directory.join(format!("{name}.trace.xz")))?);
    let mut bytes = Vec::new();
    XzReader::new(file, true).take(LONGEST as u64 * 4).read_to_end(&mut bytes)?;
    let ids = bytes.chunks_exact(4).map(|id| u32::from_be_bytes([id[0], id[1], id[2], id[3]]));
    Ok(Trace::of(name, ids.collect()))
}

fn stand_in() -> Trace {
    let mut zipf = Zipf::new(50_000, 0.8, 0x5eed);
    Trace::of("zipf 0.8", (0..1_000_000).map(|_| zipf.next() as u32).collect())
}

impl Trace {
    fn of(name: &str, requests: Vec<u32>) -> Self {
        let distinct = requests.iter().collect::<HashSet<_>>().len();
        Self { name: name.to_owned(), requests, distinct }
    }
}
