//! The table.

use std::fmt;

use crate::rounds::Turns;

#[derive(Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
    /// Shown beside what is bounded.
    None,
}

#[derive(Debug)]
struct Row {
    what: String,
    figures: String,
    value: f64,
    bound: Bound,
}

impl Row {
    fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtMost(most) => self.value <= most,
            Bound::AtLeast(least) => self.value >= least,
            Bound::None => true,
        }
    }
}

/// What was measured so far.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Row>);

impl Report {
    fn add(&mut self, what: impl Into<String>, figures: String, value: f64, bound: Bound) {
        let row = Row { what: what.into(), figures, value, bound };
        eprintln!("{row}");
        self.0.push(row);
    }

    /// How long one takes beside the other.
    pub(crate) fn times(&mut self, what: &str, ours: &Turns, theirs: &Turns, most: Option<f64>) {
        let figures = format!(
            "{:.2} / {:.2} us p50; CPU {:.2} / {:.2} us",
            ours.value(),
            theirs.value(),
            ours.cpu(),
            theirs.cpu()
        );
        self.add(what, figures, ours.ratio(theirs), most.map_or(Bound::None, Bound::AtMost));
    }

    /// How many one does beside the other.
    pub(crate) fn rates(&mut self, what: &str, ours: &Turns, theirs: &Turns, least: Option<f64>) {
        let figures = format!("{:.0} / {:.0} per s; CPU {:.2} us", ours.value(), theirs.value(), ours.cpu());
        self.add(what, figures, ours.ratio(theirs), least.map_or(Bound::None, Bound::AtLeast));
    }

    /// Something that is at most so much by itself.
    pub(crate) fn at_most(&mut self, what: impl Into<String>, unit: &str, value: f64, most: f64) {
        self.add(what, unit.to_owned(), value, Bound::AtMost(most));
    }

    pub(crate) fn is_met(&self) -> bool {
        self.0.iter().all(Row::is_met)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, figures, value, bound } = self;
        let (bound, met) = match bound {
            Bound::AtMost(most) => (format!("at most {most}"), if self.is_met() { "met" } else { "NOT met" }),
            Bound::AtLeast(least) => (format!("at least {least}"), if self.is_met() { "met" } else { "NOT met" }),
            Bound::None => (String::new(), ""),
        };
        write!(formatter, "| {what} | {figures} | {value:.2} | {bound} | {met} |")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "\n| what | figures | ratio or value | bound | |\n|---|---|---|---|---|")?;
        self.0.iter().try_for_each(|row| writeln!(formatter, "{row}"))
    }
}
