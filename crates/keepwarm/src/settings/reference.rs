//! The reference of all settings, as Markdown, written from the one list of kinds.

use std::fmt::Write as _;

use crate::backend::{BackendOption, COMMON_OPTIONS, KINDS, Takes};

/// Every option of every backend of this build, as Markdown. `docs/settings.md` is this text.
///
/// ```
/// assert!(keepwarm::settings::reference().contains("`max_entries`"));
/// ```
pub fn reference() -> String {
    let mut page = String::from("# Settings\n\n");
    page.push_str(include_str!("reference.md"));
    page.push('\n');
    page.push_str(
        include_str!("settings.md")
            .trim_start_matches("# Where")
            .replacen(" settings", "## Where settings", 1)
            .as_str(),
    );
    page.push_str("\n## Options of every alias\n\n");
    table(&mut page, COMMON_OPTIONS);
    for kind in KINDS {
        let _ = write!(page, "\n## `{}`: {}\n\n", kind.name, kind.summary);
        let quoted = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let schemes: Vec<_> = kind.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
        let schemes: Vec<_> = schemes.iter().map(String::as_str).collect();
        let _ = writeln!(page, "Also called {}. In a URL: {}.", quoted(kind.dotted), quoted(&schemes));
        if let Some(option) = kind.url_name {
            let _ = writeln!(page, "The part of a URL between `//` and `?` is its `{option}`.");
        }
        page.push('\n');
        if kind.options.is_empty() {
            page.push_str("It takes no options of its own.\n");
        } else {
            table(&mut page, kind.options);
        }
    }
    page
}

fn table(page: &mut String, options: &[BackendOption]) {
    page.push_str("| option | Django | takes | without it | |\n|---|---|---|---|---|\n");
    for BackendOption { name, takes, default, summary } in options {
        let takes = describe(*takes).replace('|', "\\|");
        let _ = writeln!(page, "| `{name}` | `{}` | {takes} | {default} | {summary} |", name.to_uppercase());
    }
}

fn describe(takes: Takes) -> String {
    takes.describe().replace('"', "`")
}
