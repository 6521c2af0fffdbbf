//! `options`: the backends and what each takes, from the one list.

use std::io::Write;

use keepwarm::backend::{BackendOption, COMMON_OPTIONS, KINDS};
use serde_json::{Value, json};

use crate::failure::{Answer, Failure};
use crate::output::Output;

/// Lists the backends and their options.
pub(super) fn options<W: Write>(markdown: bool, output: &mut Output<W>) -> Result<Answer, Failure> {
    if markdown {
        output.line(keepwarm::settings::reference())?;
        return Ok(Answer::Yes);
    }
    let mut text = "every backend\n".to_owned();
    list(&mut text, COMMON_OPTIONS);
    for kind in KINDS {
        text.push_str(&format!("\n{}: {}\n", kind.name, kind.summary));
        list(&mut text, kind.options);
    }
    let kinds: Vec<_> = KINDS
        .iter()
        .map(|kind| {
            json!({
                "name": kind.name,
                "summary": kind.summary,
                "schemes": kind.schemes,
                "also": kind.dotted,
                "options": kind.options.iter().map(program).collect::<Vec<_>>(),
            })
        })
        .collect();
    let common: Vec<_> = COMMON_OPTIONS.iter().map(program).collect();
    output.tell(text, json!({"common": common, "backends": kinds}))?;
    Ok(Answer::Yes)
}

fn list(text: &mut String, options: &[BackendOption]) {
    for option in options {
        text.push_str(&format!("  {:<16} {}\n", option.name, option.summary));
        text.push_str(&format!("  {:<16} {}; without it: {}\n", "", option.takes.describe(), option.default));
    }
}

fn program(option: &BackendOption) -> Value {
    json!({
        "name": option.name,
        "takes": option.takes.describe(),
        "default": option.default,
        "summary": option.summary,
    })
}
