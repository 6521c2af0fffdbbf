//! What a breaker makes of the calls it let through.

/// So many calls are looked back on.
const WINDOW: u32 = u32::BITS;

/// The last calls.
#[derive(Debug, Default)]
pub(super) struct Judge {
    /// A bit for each call, the last one lowest: set for one that failed or was slow.
    bad: u32,
    /// How many calls there were, up to the window.
    seen: u32,
    /// How many failed since one did not.
    failures: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judgement {
    Closed,
    Open,
}

impl Judge {
    /// A call failed; so many failures in a row are enough.
    pub(super) fn failed(&mut self, enough: u32) -> Judgement {
        self.failures = self.failures.saturating_add(1);
        let windowed = self.note(true);
        if self.failures >= enough { Judgement::Open } else { windowed }
    }

    /// A call was answered, perhaps slowly.
    pub(super) fn answered(&mut self, slow: bool) -> Judgement {
        self.failures = 0;
        self.note(slow)
    }

    fn note(&mut self, bad: bool) -> Judgement {
        self.bad = self.bad << 1 | u32::from(bad);
        self.seen = (self.seen + 1).min(WINDOW);
        let half = self.seen == WINDOW && self.bad.count_ones() >= WINDOW / 2;
        if half { Judgement::Open } else { Judgement::Closed }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_in_a_row_open_and_an_answer_in_between_begins_the_row_anew() {
        let mut judge = Judge::default();
        assert_eq!([judge.failed(3), judge.failed(3)], [Judgement::Closed; 2]);
        assert_eq!(judge.answered(false), Judgement::Closed);
        assert_eq!([judge.failed(3), judge.failed(3)], [Judgement::Closed; 2]);
        assert_eq!(judge.failed(3), Judgement::Open);
    }

    #[test]
    fn half_of_a_full_window_of_slow_answers_opens() {
        let mut judge = Judge::default();
        let judgements: Vec<_> = (0..WINDOW).map(|call| judge.answered(call % 2 == 0)).collect();
        assert!(judgements[..31].iter().all(|&judgement| judgement == Judgement::Closed), "{judgements:?}");
        assert_eq!(judgements[31], Judgement::Open);
    }

    #[test]
    fn a_few_slow_answers_among_many_do_not() {
        let mut judge = Judge::default();
        assert!((0..1000).all(|call| judge.answered(call % 3 == 0) == Judgement::Closed));
    }
}
