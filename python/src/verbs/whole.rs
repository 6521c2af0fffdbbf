//! Verbs on the whole alias, or on many keys by what they are: `clear`, tags, patterns, `stats`, `explain`, `close`.

use keepwarm::cache::Explanation;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use serde::Serialize;

use super::at_version;
use super::read::nothing;
use crate::arguments::text;
use crate::core::Core;
use crate::errors::Failure;
use crate::face::{Face, both_faces};

type Any<'py> = Bound<'py, PyAny>;

both_faces! {
    /// Removes every entry of this alias' key prefix, all versions, and nobody else's; with `everything`, the whole store.
    #[pyo3(signature = (*, everything = false))]
    fn clear | aclear(slf: &Bound<'py, Self>, everything: bool) |face| {
        clear(slf, face, everything)
    }

    /// On a namespace: makes every entry of it a miss.
    fn invalidate | ainvalidate(slf: &Bound<'py, Self>) |face| {
        clear(slf, face, false)
    }

    /// Makes every entry with this tag a miss.
    fn invalidate_tag | ainvalidate_tag(slf: &Bound<'py, Self>, tag: &Any<'py>) |face| {
        invalidate(slf, face, vec![text(tag)?])
    }

    /// Makes every entry with any of these tags a miss.
    fn invalidate_tags | ainvalidate_tags(slf: &Bound<'py, Self>, tags: &Any<'py>) |face| {
        invalidate(slf, face, crate::arguments::tags(Some(tags))?)
    }

    /// The keys of this alias that match a pattern of `*`, `?` and `[...]`.
    #[pyo3(signature = (pattern = "*", version = None))]
    fn keys | akeys(slf: &Bound<'py, Self>, pattern: &str, version: Option<&Any<'py>>) |face| {
        keys(slf, face, pattern, version)
    }

    /// Removes the keys of this alias that match a pattern; how many they were. It scans the store: a tag or a namespace
    /// is the cheaper way.
    #[pyo3(signature = (pattern, version = None))]
    fn delete_pattern | adelete_pattern(slf: &Bound<'py, Self>, pattern: &str, version: Option<&Any<'py>>) |face| {
        delete_pattern(slf, face, pattern, version)
    }

    /// What this alias has done, and what its store holds, as a dict.
    fn stats | astats(slf: &Bound<'py, Self>) |face| {
        stats(slf, face)
    }

    /// Where an entry is, how long it lives, what it stands under, and why a read would miss it; as a dict.
    #[pyo3(signature = (key, version = None))]
    fn explain | aexplain(slf: &Bound<'py, Self>, key: &Any<'py>, version: Option<&Any<'py>>) |face| {
        explain(slf, face, key, version)
    }

    /// Gives back connections and files; the cache works again afterwards.
    #[pyo3(signature = (**_options))]
    fn close | aclose(slf: &Bound<'py, Self>, _options: Option<&Bound<'py, PyDict>>) |face| {
        close(slf, face)
    }
}

#[pymethods]
impl Core {
    /// Sets this alias' counters to zero.
    fn reset_stats(&self) -> PyResult<()> {
        self.alias()?.cache.reset_stats();
        Ok(())
    }
}

fn clear<'py>(slf: &Bound<'py, Core>, face: Face, everything: bool) -> PyResult<Any<'py>> {
    let cache = &slf.get().alias()?.cache;
    let verb = |cache: keepwarm::Cache| async move {
        let clear = if everything { cache.clear_store() } else { cache.clear() };
        Ok::<_, Failure>(clear.await?)
    };
    face.answer(slf.py(), cache, verb, nothing)
}

fn invalidate<'py>(slf: &Bound<'py, Core>, face: Face, tags: Vec<String>) -> PyResult<Any<'py>> {
    let cache = &slf.get().alias()?.cache;
    face.answer(slf.py(), cache, |cache| async move { Ok::<_, Failure>(cache.invalidate_tags(tags).await?) }, nothing)
}

fn keys<'py>(slf: &Bound<'py, Core>, face: Face, pattern: &str, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
    let (pattern, version) = (pattern.to_owned(), crate::arguments::version(version)?);
    face.answer(
        slf.py(),
        &slf.get().alias()?.cache,
        |cache| async move { Ok::<_, Failure>(at_version!(cache.keys(&pattern), version)?) },
        |py, keys| Ok(PyList::new(py, keys)?.into_any()),
    )
}

fn delete_pattern<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    pattern: &str,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let (pattern, version) = (pattern.to_owned(), crate::arguments::version(version)?);
    face.answer(
        slf.py(),
        &slf.get().alias()?.cache,
        |cache| async move { Ok::<_, Failure>(at_version!(cache.delete_pattern(&pattern), version)?) },
        |py, count: usize| Ok(count.into_pyobject(py)?.into_any()),
    )
}

fn stats<'py>(slf: &Bound<'py, Core>, face: Face) -> PyResult<Any<'py>> {
    face.answer(
        slf.py(),
        &slf.get().alias()?.cache,
        |cache| async move { Ok::<_, Failure>(cache.stats().await?) },
        |py, stats| {
            let shown = plain(py, &stats)?;
            shown.set_item("misses", stats.misses())?;
            shown.set_item("hit_rate", stats.hit_rate())?;
            // A dict of the reasons instead of a list of pairs.
            let reasons = PyDict::from_sequence(&shown.get_item("misses_by_reason")?)?;
            shown.set_item("misses_by_reason", reasons)?;
            shown.set_item("prometheus", stats.prometheus())?;
            Ok(shown)
        },
    )
}

fn explain<'py>(slf: &Bound<'py, Core>, face: Face, key: &Any<'py>, version: Option<&Any<'py>>) -> PyResult<Any<'py>> {
    let name = Core::name(slf, key, version)?;
    let reader = slf.get().alias()?.values.reader();
    face.answer(
        slf.py(),
        &name.cache.clone(),
        |cache| async move { Ok::<_, Failure>(at_version!(cache.explain(&name.key).read_with(reader), name.version)?) },
        |py, explanation: Explanation| {
            let shown = plain(py, &explanation)?;
            shown.set_item("text", explanation.to_string())?;
            Ok(shown)
        },
    )
}

fn close<'py>(slf: &Bound<'py, Core>, face: Face) -> PyResult<Any<'py>> {
    face.answer(
        slf.py(),
        &slf.get().alias()?.cache,
        |cache| async move { Ok::<_, Failure>(cache.close().await?) },
        nothing,
    )
}

/// What serde shows, as Python's own values.
fn plain<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Any<'py>> {
    let text = serde_json::to_string(value)
        .map_err(|error| pyo3::exceptions::PyRuntimeError::new_err(format!("cannot be shown: {error}")))?;
    py.import("json")?.call_method1("loads", (text,))
}
