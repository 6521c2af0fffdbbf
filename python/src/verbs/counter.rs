//! `incr`, `decr`, `incr_version`, `decr_version`, `rate_limit`.

use keepwarm::cache::RateLimited;
use keepwarm::key::Version;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyInt;

use super::at_version;
use crate::arguments::{TimeoutArgument, duration, text};
use crate::core::Core;
use crate::errors::Failure;
use crate::face::{Face, answer_lent, both_faces};

type Any<'py> = Bound<'py, PyAny>;

both_faces! {
    /// Adds to an integer and gives the new one, atomically; its deadline stays. With `default`, a missing key starts from
    /// there and lives for `timeout`, in the same step; without, it is a `ValueError`.
    #[pyo3(signature = (key, delta = None, version = None, *, default = None, timeout = TimeoutArgument::LEFT_OUT))]
    fn incr | aincr(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        delta: Option<&Any<'py>>,
        version: Option<&Any<'py>>,
        default: Option<i64>,
        timeout: TimeoutArgument,
    ) |face| {
        count(slf, face, 1, key, delta, version, default.map(|initial| (initial, timeout)))
    }

    /// Subtracts; otherwise as `incr`.
    #[pyo3(signature = (key, delta = None, version = None, *, default = None, timeout = TimeoutArgument::LEFT_OUT))]
    fn decr | adecr(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        delta: Option<&Any<'py>>,
        version: Option<&Any<'py>>,
        default: Option<i64>,
        timeout: TimeoutArgument,
    ) |face| {
        count(slf, face, -1, key, delta, version, default.map(|initial| (initial, timeout)))
    }

    /// Moves an entry to a later version, with what it lives still, and gives that version.
    #[pyo3(signature = (key, delta = 1, version = None))]
    fn incr_version | aincr_version(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        delta: i64,
        version: Option<&Any<'py>>,
    ) |face| {
        move_version(slf, face, key, delta, version)
    }

    /// Moves an entry to an earlier version; otherwise as `incr_version`.
    #[pyo3(signature = (key, delta = 1, version = None))]
    fn decr_version | adecr_version(
        slf: &Bound<'py, Self>,
        key: &Any<'py>,
        delta: i64,
        version: Option<&Any<'py>>,
    ) |face| {
        move_version(slf, face, key, -delta, version)
    }

    /// Counts a call of `key`, of which `limit` are allowed in `period` seconds. The answer has `allowed`, `remaining` and
    /// `reset_after`, and is true where the call is allowed.
    fn rate_limit | arate_limit(slf: &Bound<'py, Self>, key: &Any<'py>, limit: u64, period: TimeoutArgument) |face| {
        rate_limit(slf, face, key, limit, period)
    }
}

/// Shows a number.
fn number(py: Python<'_>, number: i64) -> PyResult<Any<'_>> {
    Ok(number.into_pyobject(py)?.into_any())
}

/// A delta of 64 bits; what is larger cannot be added without leaving them.
fn amount(py: Python<'_>, sign: i64, delta: Option<&Any<'_>>) -> PyResult<i64> {
    let Some(delta) = delta.filter(|delta| !delta.is_none()) else { return Ok(sign) };
    if !delta.is_instance_of::<PyInt>() {
        return Err(PyTypeError::new_err("a counter counts in whole numbers"));
    }
    match delta.extract::<i64>().ok().and_then(|delta| delta.checked_mul(sign)) {
        Some(delta) => Ok(delta),
        None => Err(crate::errors::named(py, "CounterOverflow", "the number would leave 64 bits")?),
    }
}

fn count<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    sign: i64,
    key: &Any<'py>,
    delta: Option<&Any<'py>>,
    version: Option<&Any<'py>>,
    create: Option<(i64, TimeoutArgument)>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let delta = amount(py, sign, delta)?;
    let lent = Core::lend(slf, key, version)?;
    match create {
        None => answer_lent!(face, py, lent, |cache, key| cache.incr(key, delta), number),
        Some((initial, timeout)) => {
            answer_lent!(face, py, lent, |cache, key| cache.incr(key, delta).or_insert(initial, timeout.0), number)
        }
    }
}

fn move_version<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    key: &Any<'py>,
    delta: i64,
    version: Option<&Any<'py>>,
) -> PyResult<Any<'py>> {
    let alias = slf.get().alias()?;
    let version = crate::arguments::version(version)?;
    if !alias.plain {
        return move_by_hand(slf, face, key, delta, version);
    }
    let (key, cache, rewriter) = (text(key)?, alias.cache.clone(), alias.values.rewriter());
    face.answer(
        slf.py(),
        &cache,
        |cache| async move {
            Ok::<_, Failure>(at_version!(cache.incr_version(&key, delta).rewrite_with(rewriter), version)?)
        },
        |py, version: i64| Ok(version.into_pyobject(py)?.into_any()),
    )
}

fn shown_version<'py>(py: Python<'py>, version: &Version) -> PyResult<Any<'py>> {
    match version.number() {
        Some(number) => Ok(number.into_pyobject(py)?.into_any()),
        None => Ok(version.to_string().into_pyobject(py)?.into_any()),
    }
}

/// Where keys are made in Python, the store cannot know that two of them are versions of one: the entry is read and written
/// again, with what it lives still.
fn move_by_hand<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    key: &Any<'py>,
    delta: i64,
    version: Option<Version>,
) -> PyResult<Any<'py>> {
    let py = slf.py();
    let own = version.unwrap_or_else(|| {
        slf.get().alias().map_or_else(|_| Version::default(), |alias| alias.cache.version().clone())
    });
    let Some(number) = own.number().and_then(|number| number.checked_add(delta)) else {
        return Err(PyTypeError::new_err("only a version that is a number can be moved"));
    };
    let from = Core::name(slf, key, Some(&shown_version(py, &own)?))?;
    let to = Core::name(slf, key, Some(&number.into_pyobject(py)?.into_any()))?;
    let (rewriter, stored) = (slf.get().alias()?.values.rewriter(), (from.stored(py)?, to.stored(py)?));
    face.answer(
        py,
        &from.cache.clone(),
        |cache| async move {
            let timeout = match cache.ttl(&from.key).await? {
                keepwarm::Ttl::Left(left) => keepwarm::Timeout::After(left),
                _ => keepwarm::Timeout::Never,
            };
            let Some(raw) = cache.get::<keepwarm::Raw>(&from.key).await? else {
                let error = keepwarm::Error::new(keepwarm::ErrorKind::Missing, "there is no such key");
                return Err(Failure::Cache(error.with_verb("incr_version").with_key(&from.key)));
            };
            let raw = keepwarm::Raw(rewriter(&stored.0, &stored.1, raw.0));
            cache.set(&to.key, &raw).timeout(timeout).await?;
            cache.delete(&from.key).await?;
            Ok(number)
        },
        |py, number: i64| Ok(number.into_pyobject(py)?.into_any()),
    )
}

fn rate_limit<'py>(
    slf: &Bound<'py, Core>,
    face: Face,
    key: &Any<'py>,
    limit: u64,
    period: TimeoutArgument,
) -> PyResult<Any<'py>> {
    let period = duration("a period", period)?;
    let name = Core::name(slf, key, None)?;
    face.answer(
        slf.py(),
        &name.cache.clone(),
        |cache| async move { Ok::<_, Failure>(cache.rate_limit(&name.key, limit, period).await?) },
        |py, answer| Ok(Bound::new(py, RateLimit::from(answer))?.into_any()),
    )
}

/// What `rate_limit` found. It is true where the call is allowed.
#[pyclass(frozen, eq, module = "keepwarm._native")]
#[derive(PartialEq)]
pub(crate) struct RateLimit {
    /// Whether this call is within the limit.
    #[pyo3(get)]
    allowed: bool,
    /// How many more are, in this period.
    #[pyo3(get)]
    remaining: u64,
    /// In how many seconds the next period begins.
    #[pyo3(get)]
    reset_after: f64,
}

impl From<RateLimited> for RateLimit {
    fn from(found: RateLimited) -> Self {
        Self { allowed: found.allowed, remaining: found.remaining, reset_after: found.reset_after.as_secs_f64() }
    }
}

#[pymethods]
impl RateLimit {
    fn __bool__(&self) -> bool {
        self.allowed
    }

    fn __repr__(&self) -> String {
        let Self { allowed, remaining, reset_after } = self;
        let allowed = if *allowed { "True" } else { "False" };
        format!("RateLimit(allowed={allowed}, remaining={remaining}, reset_after={reset_after})")
    }
}
