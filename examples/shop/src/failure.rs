//! What can go wrong with a request, and what the visitor is told.

use std::fmt;
use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use crate::pages;

/// Why there is no page.
#[derive(Debug)]
pub enum Failure {
    /// There is nothing at this address.
    NotFound,
    /// The form was filled in in a way that cannot be.
    Invalid(&'static str),
    /// Too many edits; how long to wait.
    TooManyEdits(Duration),
    /// SQLite failed.
    Database(rusqlite::Error),
    /// The cache failed.
    Cache(keepwarm::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<keepwarm::Error> for Failure {
    fn from(error: keepwarm::Error) -> Self {
        Self::Cache(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => formatter.write_str("there is nothing at this address"),
            Self::Invalid(reason) => formatter.write_str(reason),
            Self::TooManyEdits(wait) => write!(formatter, "too many edits, try again in {} seconds", wait.as_secs() + 1),
            Self::Database(error) => write!(formatter, "the database failed: {error}"),
            Self::Cache(error) => write!(formatter, "the cache failed: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, title, text) = match &self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Nothing here", "This flight, page or city is not on our board."),
            Self::Invalid(reason) => (StatusCode::UNPROCESSABLE_ENTITY, "That cannot be", *reason),
            Self::TooManyEdits(_) => {
                (StatusCode::TOO_MANY_REQUESTS, "A little slower, please", "You have edited a great deal in the last minute.")
            }
            Self::Database(_) | Self::Cache(_) => {
                // The visitor learns that it is not their fault, the operator what it was.
                eprintln!("{self}");
                (StatusCode::INTERNAL_SERVER_ERROR, "That went wrong", "It is not your fault. Please try again.")
            }
        };
        let mut response = (status, Html(pages::message(title, text).into_string())).into_response();
        if let Self::TooManyEdits(wait) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs() + 1));
        }
        response
    }
}
