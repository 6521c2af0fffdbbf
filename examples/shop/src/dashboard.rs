//! `/keepwarm`: what the cache did and how fast the shop answered, as pictures that renew themselves.

use std::time::{Duration, Instant};

use keepwarm::Stats;
use maud::{Markup, PreEscaped, html};

use crate::charts::{self, Bar};
use crate::pages::{duration, layout, thousands};
use crate::telemetry::{Sample, Telemetry};

/// How many seconds are drawn.
const SHOWN: usize = 120;

/// Fetches the panels anew every second while somebody looks. Without scripts, the page is reloaded instead.
const RENEW: &str = "setInterval(async () => { \
    if (document.hidden) return; \
    try { \
        const answer = await fetch('/keepwarm/panels'); \
        if (answer.ok) document.getElementById('panels').innerHTML = await answer.text(); \
        document.getElementById('panels').classList.toggle('gone', !answer.ok); \
    } catch { document.getElementById('panels').classList.add('gone'); } \
}, 1000)";

/// The whole page.
pub(crate) fn whole(started: Instant, stats: &Stats, telemetry: &Telemetry, queries: u64) -> Markup {
    let body = html! {
        h1 { "Cache " small { (stats.backend) " · alias " (stats.name) } }
        div #panels { (panels(stats, telemetry, queries)) }
        noscript { meta http-equiv="refresh" content="5"; }
        script { (PreEscaped(RENEW)) }
    };
    layout("Cache", "", started, body)
}

/// What changes.
pub(crate) fn panels(stats: &Stats, telemetry: &Telemetry, queries: u64) -> Markup {
    let history = telemetry.history();
    let shown = &history[history.len().saturating_sub(SHOWN)..];
    let answers = telemetry.answers();
    html! {
        section.figures.wide {
            div.figure { b { (stats.hit_rate().map_or_else(|| "–".to_owned(), percent)) } span { "hit rate" } }
            div.figure { b { (thousands(answers.count())) } span { "pages in " (duration(telemetry.up())) } }
            div.figure { b { (duration(answers.quantile(0.5))) } span { "median answer" } }
            div.figure { b { (duration(answers.quantile(0.99))) } span { "99 of 100 within" } }
            div.figure { b { (thousands(queries)) } span { "database queries" } }
            div.figure { b { (stats.entries.map_or_else(|| "–".to_owned(), thousands)) } span { "entries" @if let Some(bytes) = stats.bytes { ", " (thousands(bytes / 1024)) " KiB" } } }
        }
        div.columns {
            section.panel.wide { h2 { "Hit rate " small { "the last two minutes" } } (hit_rate(shown)) }
            section.panel { h2 { "Pages a second" } (a_second(shown, |sample| sample.answers)) }
            section.panel { h2 { "Database queries a second" } (a_second(shown, |sample| sample.queries)) }
            section.panel { h2 { "Why reads missed" } (misses(stats)) }
            section.panel { h2 { "How long pages took " small { "up to" } } (latencies(telemetry)) }
            section.panel { h2 { "Counted" } (counted(stats)) }
            section.panel { h2 { "Page by page" } (by_page(telemetry)) }
        }
    }
}

fn hit_rate(samples: &[Sample]) -> Markup {
    let rates: Vec<Option<f64>> = samples
        .iter()
        .map(|sample| {
            let reads = sample.hits + sample.misses;
            (reads > 0).then(|| sample.hits as f64 / reads as f64)
        })
        .collect();
    charts::line(&rates, SHOWN, 1.0, ["100%", "50%", "0%"])
}

fn a_second(samples: &[Sample], of: impl Fn(&Sample) -> u64) -> Markup {
    let highest = round_up(samples.iter().map(&of).max().unwrap_or(0));
    let values: Vec<Option<f64>> = samples.iter().map(|sample| Some(of(sample) as f64)).collect();
    charts::line(&values, SHOWN, highest as f64, [&thousands(highest), &thousands(highest / 2), "0"])
}

/// The next 2, 4 or 10 times a power of ten, so that the scale is a round number and does not move all the time.
fn round_up(value: u64) -> u64 {
    let mut unit = 1;
    loop {
        if let Some(round) = [2, 4, 10].into_iter().map(|step| step * unit).find(|round| *round >= value) {
            return round;
        }
        unit *= 10;
    }
}

fn misses(stats: &Stats) -> Markup {
    let total = stats.misses();
    let bars: Vec<Bar> = stats
        .misses_by_reason
        .iter()
        .map(|(reason, count)| Bar {
            label: reason.name().replace('_', " "),
            value: *count as f64,
            title: thousands(*count),
            class: "plain",
        })
        .collect();
    html! {
        (charts::rows(&bars))
        p.small { (thousands(total)) " misses, " (thousands(stats.hits)) " hits" }
    }
}

fn latencies(telemetry: &Telemetry) -> Markup {
    let doublings = telemetry.answers().doublings();
    let highest = doublings.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let bars: Vec<Bar> = doublings
        .iter()
        .map(|(until, count)| Bar {
            label: short(*until),
            value: *count as f64,
            title: format!("{} pages", thousands(*count)),
            class: "plain",
        })
        .collect();
    charts::columns(&bars, highest as f64)
}

/// A duration in as few letters as fit below a bar.
fn short(duration: Duration) -> String {
    let micros = duration.as_micros();
    match micros {
        ..1_000 => format!("{micros}µ"),
        ..1_000_000 => format!("{}m", micros.div_ceil(1_000)),
        _ => format!("{}s", micros.div_ceil(1_000_000)),
    }
}

fn counted(stats: &Stats) -> Markup {
    let rows = [
        ("values stored", stats.sets),
        ("values computed", stats.computations),
        ("callers who waited for another's computation", stats.waits),
        ("computed values overtaken by an edit, not kept", stats.overtaken),
        ("entries deleted by name", stats.deletes),
        ("values refused by the store", stats.refusals),
        ("entries evicted for lack of room", stats.evictions),
        ("entries expired and swept", stats.expirations),
        ("failures of the store", stats.errors),
    ];
    html! {
        table { tbody { @for (name, count) in rows { tr { td { (name) } td.number { (thousands(count)) } } } } }
    }
}

fn by_page(telemetry: &Telemetry) -> Markup {
    html! {
        table {
            thead { tr { th { "Page" } th.number { "Answers" } th.number { "Median" } th.number { "99 %" } } }
            tbody {
                @for (page, answers) in telemetry.by_page() {
                    tr {
                        td { (page) }
                        td.number { (thousands(answers.count())) }
                        td.number { (duration(answers.quantile(0.5))) }
                        td.number { (duration(answers.quantile(0.99))) }
                    }
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        for (value, round) in [(0, 2), (2, 2), (3, 4), (9, 10), (11, 20), (399, 400), (4_001, 10_000)] {
            assert_eq!(round_up(value), round);
        }
    }

    #[test]
    fn bars_have_short_labels() {
        let labels = [64, 2_048, 33_554_432].map(|micros| short(Duration::from_micros(micros)));
        assert_eq!(labels, ["64µ", "3m", "34s"]);
    }
}
