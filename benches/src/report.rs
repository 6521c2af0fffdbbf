//! Collects what was measured; prints it as it comes, and writes it as JSON and Markdown at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;

use serde_json::{Value, json};

use crate::arguments::Arguments;
use crate::rounds::{Outcome, median};
use crate::table::Table;
use crate::targets;

/// A titled table with remarks.
#[derive(Debug)]
struct Section {
    title: String,
    table: String,
    notes: Vec<String>,
}

/// What a run measured.
#[derive(Debug)]
pub(crate) struct Report {
    arguments: Arguments,
    outcomes: Vec<Outcome>,
    figures: BTreeMap<String, f64>,
    sections: Vec<Section>,
}

impl Report {
    pub(crate) fn new(arguments: Arguments) -> Self {
        Self { arguments, outcomes: Vec::new(), figures: BTreeMap::new(), sections: Vec::new() }
    }

    pub(crate) fn arguments(&self) -> &Arguments {
        &self.arguments
    }

    pub(crate) fn quick(&self) -> bool {
        self.arguments.quick
    }

    /// Whether the group was asked for.
    pub(crate) fn wants(&self, group: &str) -> bool {
        let wanted = self.arguments.filter.as_deref().is_none_or(|filter| group.contains(filter));
        if wanted {
            eprintln!("measuring {group} ...");
        }
        wanted
    }

    /// Whether the contender was asked for; the one that ratios are taken to always is.
    pub(crate) fn wants_lane(&self, lane: &str, base: &str) -> bool {
        lane == base || self.arguments.lane.as_deref().is_none_or(|wanted| lane.contains(wanted))
    }

    pub(crate) fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    pub(crate) fn figures(&self) -> &BTreeMap<String, f64> {
        &self.figures
    }

    /// A figure that stands by itself.
    pub(crate) fn figure(&mut self, name: impl Into<String>, value: f64) {
        self.figures.insert(name.into(), value);
    }

    /// A group of lanes.
    pub(crate) fn outcome(&mut self, outcome: Outcome) {
        let mut table = Table::new(["contender", "ratio", "middle half", "ns"]);
        for (lane, rounds) in &outcome.lanes {
            let ratio = outcome.ratio(lane, &outcome.base).unwrap_or(f64::NAN);
            let (low, high) = outcome.spread(lane, &outcome.base).unwrap_or((f64::NAN, f64::NAN));
            table.row([
                lane.clone(),
                format!("{ratio:.2}"),
                format!("{low:.2} to {high:.2}"),
                format!("{:.0}", median(rounds.clone())),
            ]);
        }
        self.section(outcome.group.clone(), &table, outcome.notes.clone());
        self.outcomes.push(outcome);
    }

    /// A table of its own kind.
    pub(crate) fn section(&mut self, title: impl Into<String>, table: &Table, notes: Vec<String>) {
        let section = Section { title: title.into(), table: table.to_string(), notes };
        print!("{}", section.text());
        self.sections.push(section);
    }

    /// Prints the targets, and writes the files that were asked for.
    pub(crate) fn finish(&self) -> io::Result<()> {
        let verdicts = targets::judge(self);
        if !verdicts.is_empty() {
            print!("\n## Targets\n\n{}", targets::table(&verdicts));
        }
        if let Some(path) = &self.arguments.json {
            fs::write(path, serde_json::to_string_pretty(&self.json(&verdicts))? + "\n")?;
        }
        if let Some(path) = &self.arguments.markdown {
            fs::write(path, self.markdown(&verdicts))?;
        }
        Ok(())
    }

    fn json(&self, verdicts: &[targets::Verdict]) -> Value {
        let lane = |outcome: &Outcome, name: &str, rounds: &[f64]| {
            let spread = outcome.spread(name, &outcome.base);
            json!({
                "name": name,
                "ratio": outcome.ratio(name, &outcome.base),
                "quartiles": spread.map(|(low, high)| [low, high]),
                "nanoseconds": median(rounds.to_vec()),
            })
        };
        let group = |outcome: &Outcome| {
            let lanes: Vec<Value> = outcome.lanes.iter().map(|(name, rounds)| lane(outcome, name, rounds)).collect();
            json!({ "group": outcome.group, "base": outcome.base, "lanes": lanes, "notes": outcome.notes })
        };
        let verdict = |verdict: &targets::Verdict| {
            json!({
                "target": verdict.name,
                "measured": verdict.measured,
                "limit": verdict.limit,
                "met": verdict.is_met(),
            })
        };
        json!({
            "machine": machine(),
            "targets": verdicts.iter().map(verdict).collect::<Vec<_>>(),
            "groups": self.outcomes.iter().map(group).collect::<Vec<_>>(),
            "figures": self.figures,
        })
    }

    fn markdown(&self, verdicts: &[targets::Verdict]) -> String {
        let mut text = include_str!("preface.md").to_owned();
        let _ = write!(text, "\nMeasured on {}.\n\n## Targets\n\n{}", machine(), targets::table(verdicts));
        for section in &self.sections {
            text.push_str(&section.text());
        }
        text
    }
}

impl Section {
    fn text(&self) -> String {
        let mut text = format!("\n## {}\n\n{}", self.title, self.table);
        for note in &self.notes {
            let _ = write!(text, "\n{note}\n");
        }
        text
    }
}

/// What the figures were taken on, as far as the system tells.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, name)| name.trim());
    format!("{cores} cores of {model}")
}
