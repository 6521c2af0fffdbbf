//! "Did you mean": lists of known names, and the one that a misspelt name is closest to.

/// The known name that `given` is probably meant to be.
fn closest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    // A third of the name may be wrong: one slip in `db`, three in `cull_frequency`.
    let most = (given.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase()), name))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// What follows "is not known" in a message: the name that was probably meant, and every known one.
pub(crate) fn known<'a>(given: &str, names: impl IntoIterator<Item = &'a str> + Clone) -> String {
    let all = list(names.clone());
    match closest(given, names) {
        Some(name) => format!("; did you mean `{name}`? Known are: {all}"),
        None => format!("; known are: {all}"),
    }
}

/// `a, b, c`, or what to say when there is none.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<_> = names.into_iter().collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
