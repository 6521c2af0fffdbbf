//! Pictures, drawn on the server as SVG and coloured by the style sheet.

use maud::{Markup, html};

/// One bar of a chart.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    /// What it says when it is pointed at, and, in `rows`, beside it.
    pub(crate) title: String,
    /// Its colour, by name.
    pub(crate) class: &'static str,
}

/// Upright bars, labelled below, up to `highest`.
pub(crate) fn columns(bars: &[Bar], highest: f64) -> Markup {
    const WIDTH: f64 = 480.0;
    const HEIGHT: f64 = 130.0;
    let step = WIDTH / bars.len().max(1) as f64;
    let room = (step * 0.22).min(10.0);
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", HEIGHT + 20.0)) role="img" {
            @for (index, bar) in bars.iter().enumerate() {
                @let height = if highest > 0.0 { (bar.value / highest).clamp(0.0, 1.0) * HEIGHT } else { 0.0 };
                @let x = index as f64 * step;
                g.(bar.class) {
                    title { (bar.label) ": " (bar.title) }
                    rect.track x=(number(x + room / 2.0)) y="0" width=(number(step - room)) height=(number(HEIGHT)) rx="3" {}
                    rect x=(number(x + room / 2.0)) y=(number(HEIGHT - height)) width=(number(step - room)) height=(number(height)) rx="3" {}
                    text x=(number(x + step / 2.0)) y=(number(HEIGHT + 15.0)) text-anchor="middle" { (bar.label) }
                }
            }
        }
    }
}

/// Lying bars, each with its label before and its title behind it.
pub(crate) fn rows(bars: &[Bar]) -> Markup {
    let highest = bars.iter().map(|bar| bar.value).fold(0.0, f64::max);
    html! {
        div.rows {
            @for bar in bars {
                @let width = if highest > 0.0 { bar.value / highest * 100.0 } else { 0.0 };
                div.row {
                    span { (bar.label) }
                    span.meter { span.(bar.class) style=(format!("width:{}%", number(width))) {} }
                    span.small { (bar.title) }
                }
            }
        }
    }
}

/// A line over time, the newest value on the right, from 0 to `highest`. Where there is no value, the line has a gap.
pub(crate) fn line(values: &[Option<f64>], room_for: usize, highest: f64, marks: [&str; 3]) -> Markup {
    const WIDTH: f64 = 640.0;
    const HEIGHT: f64 = 150.0;
    let room_for = room_for.max(values.len()).max(2);
    let step = WIDTH / (room_for - 1) as f64;
    let first = (room_for - values.len()) as f64 * step;
    let point = |index: usize, value: f64| {
        let share = if highest > 0.0 { (value / highest).clamp(0.0, 1.0) } else { 0.0 };
        (first + index as f64 * step, HEIGHT - share * HEIGHT)
    };
    let mut stroke = String::new();
    let mut area = String::new();
    for run in runs(values) {
        let points: Vec<(f64, f64)> = run.iter().map(|(index, value)| point(*index, *value)).collect();
        let (Some((from, _)), Some((to, _))) = (points.first(), points.last()) else { continue };
        let path = points.iter().map(|(x, y)| format!("{} {}", number(*x), number(*y))).collect::<Vec<_>>().join(" L");
        stroke.push_str(&format!("M{path} "));
        area.push_str(&format!("M{} {HEIGHT} L{path} L{} {HEIGHT} Z ", number(*from), number(*to)));
    }
    html! {
        svg.chart.time viewBox=(format!("0 -8 {} {}", WIDTH + 44.0, HEIGHT + 16.0)) role="img" {
            @for (index, mark) in marks.into_iter().enumerate() {
                @let y = HEIGHT * index as f64 / 2.0;
                line.grid x1="0" x2=(number(WIDTH)) y1=(number(y)) y2=(number(y)) {}
                text x=(number(WIDTH + 6.0)) y=(number(y + 4.0)) { (mark) }
            }
            path.area d=(area) {}
            path.stroke d=(stroke) {}
        }
    }
}

/// The stretches in which there are values, with their places.
fn runs(values: &[Option<f64>]) -> Vec<Vec<(usize, f64)>> {
    let mut runs: Vec<Vec<(usize, f64)>> = vec![Vec::new()];
    for (index, value) in values.iter().enumerate() {
        match value {
            Some(value) => runs.last_mut().expect("there is one from the start").push((index, *value)),
            None => runs.push(Vec::new()),
        }
    }
    runs
}

/// A coordinate, with as much of it as can be seen.
fn number(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_gaps_where_nothing_was_measured() {
        let drawn = line(&[Some(1.0), None, Some(0.5), Some(0.0)], 4, 1.0, ["100%", "50%", "0%"]).into_string();
        let stroke = drawn.split("class=\"stroke\" d=\"").nth(1).unwrap();
        assert_eq!(stroke.split('"').next().unwrap().trim(), "M0.0 0.0 M426.7 75.0 L640.0 150.0");
    }

    #[test]
    fn charts_of_nothing_are_charts() {
        assert!(columns(&[], 0.0).into_string().starts_with("<svg"));
        assert!(line(&[], 0, 0.0, ["", "", ""]).into_string().starts_with("<svg"));
        assert!(rows(&[]).into_string().starts_with("<div"));
    }
}
