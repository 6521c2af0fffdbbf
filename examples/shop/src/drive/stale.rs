//! Which revisions a page shows, and which it must show at least.

use std::sync::atomic::{AtomicU32, Ordering};

/// For each flight, the newest revision whose edit has been answered.
#[derive(Debug)]
pub(super) struct Newest(Vec<AtomicU32>);

impl Newest {
    pub(super) fn new(highest_id: u32) -> Self {
        Self((0..=highest_id).map(|_| AtomicU32::new(0)).collect())
    }

    /// The edit that made this revision has been answered.
    pub(super) fn answered(&self, id: u32, revision: u32) {
        if let Some(newest) = self.0.get(id as usize) {
            newest.fetch_max(revision, Ordering::SeqCst);
        }
    }

    /// What a page must show at least, if it is asked for now.
    pub(super) fn snapshot(&self) -> Vec<u32> {
        self.0.iter().map(|newest| newest.load(Ordering::SeqCst)).collect()
    }
}

/// The flights on a page, with their revisions.
pub fn revisions(body: &str) -> Vec<(u32, u32)> {
    body.split("data-flight=\"")
        .skip(1)
        .filter_map(|rest| {
            let (id, rest) = rest.split_once('"')?;
            let (revision, _) = rest.strip_prefix(" data-revision=\"")?.split_once('"')?;
            Some((id.parse().ok()?, revision.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_flights_of_a_page_are_read() {
        let page = "<a data-flight=\"7\" data-revision=\"3\">..</a><form data-flight=\"12\" data-revision=\"0\">";
        assert_eq!(revisions(page), [(7, 3), (12, 0)]);
        assert_eq!(revisions("<p>none</p>"), []);
    }

    #[test]
    fn a_late_answer_to_an_early_edit_takes_nothing_back() {
        let newest = Newest::new(2);
        newest.answered(2, 5);
        newest.answered(2, 4);
        assert_eq!(newest.snapshot(), [0, 0, 5]);
    }
}
