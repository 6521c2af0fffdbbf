//! The table at the end of the drives.

use crate::drive::Outcome;
use crate::pages::{duration, thousands};

/// A drive and what it cost.
#[derive(Debug)]
pub struct Drive {
    /// Its name at the top of its column.
    pub name: &'static str,
    /// What came of it.
    pub outcome: Outcome,
    /// Database queries it took.
    pub queries: u64,
    /// Reads of the cache that found what they looked for, and those that did not.
    pub reads: (u64, u64),
}

/// The drives side by side, and how the last compares with the first.
pub fn table(drives: &[Drive]) -> String {
    let mut rows = vec![header(drives)];
    let mut row = |name: &str, compare: Option<&dyn Fn(&Drive) -> f64>, write: &dyn Fn(&Drive) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(drives.iter().map(write));
        cells.push(compare.map_or_else(String::new, |value| ratio(drives, value)));
        rows.push(cells);
    };
    let quantile = |drive: &Drive, share| drive.outcome.latencies.quantile(share);
    row("requests", None, &|drive| thousands(drive.outcome.latencies.count()));
    row("requests/s", Some(&|drive| drive.outcome.rate()), &|drive| thousands(drive.outcome.rate().round() as u64));
    row("p50", Some(&|drive| quantile(drive, 0.5).as_secs_f64()), &|drive| duration(quantile(drive, 0.5)));
    row("p99", Some(&|drive| quantile(drive, 0.99).as_secs_f64()), &|drive| duration(quantile(drive, 0.99)));
    row("database queries", Some(&|drive| drive.queries as f64), &|drive| thousands(drive.queries));
    row("hit rate", None, &|drive| hit_rate(drive.reads));
    row("edits", None, &|drive| thousands(drive.outcome.edits));
    row("revisions checked", None, &|drive| thousands(drive.outcome.checked));
    row("stale answers", None, &|drive| thousands(drive.outcome.stale));
    row("failed requests", None, &|drive| thousands(drive.outcome.failed));
    render(&rows)
}

fn hit_rate((hits, misses): (u64, u64)) -> String {
    match hits + misses {
        0 => "–".to_owned(),
        reads => format!("{:.1} %", hits as f64 / reads as f64 * 100.0),
    }
}

fn header(drives: &[Drive]) -> Vec<String> {
    let names = drives.iter().map(|drive| drive.name.to_owned());
    std::iter::once(String::new()).chain(names).chain([String::new()]).collect()
}

fn ratio(drives: &[Drive], value: &dyn Fn(&Drive) -> f64) -> String {
    let [first, .., last] = drives else { return String::new() };
    let (first, last) = (value(first), value(last));
    match (first, last) {
        _ if first <= 0.0 || last <= 0.0 => String::new(),
        _ if last > first => format!("× {:.1}", last / first),
        _ => format!("÷ {:.1}", first / last),
    }
}

fn render(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let mut text = String::new();
    for (index, row) in rows.iter().enumerate() {
        let cells: Vec<String> = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(column, (cell, width))| if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") })
            .collect();
        text.push_str(format!("  {}", cells.join("   ")).trim_end());
        text.push('\n');
        if index == 0 {
            text.push_str(&format!("  {}\n", "─".repeat(widths.iter().sum::<usize>() + 3 * (columns.max(1) - 1))));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["", "one", ""], ["name", "10", "× 2"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(render(&rows), "         one\n  ────────────────\n  name    10   × 2\n");
    }
}
