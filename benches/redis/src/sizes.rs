//! What an entry takes on the server beside its value.

use keepwarm::codec::Codec;
use keepwarm::{Timeout, secs};

use crate::Bench;
use crate::report::Report;

pub(crate) fn envelopes(bench: &Bench, report: &mut Report) {
    let value = "x".repeat(100);
    let encoded = Codec::MessagePack.encode(&value).expect("a text can be encoded").len();
    let mut most = 0;
    for timeout in [Timeout::Never, Timeout::from(secs(300)), Timeout::from(secs(30 * 24 * 3600))] {
        bench.cache.set("sized", &value).timeout(timeout).wait().expect("the server answers");
        let stored: usize = bench.server.ask(&["STRLEN", ":1:sized"]).trim().parse().expect("a length");
        most = most.max(stored - encoded);
    }
    report.at_most("envelope of an untagged entry", "bytes above its encoded value", most as f64, 32.0);
}
