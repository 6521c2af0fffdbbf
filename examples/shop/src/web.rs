//! The web server: addresses, forms and answers. What a page says stands in `pages`, where it comes from in `catalogue`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{ConnectInfo, Form, MatchedPath, Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::catalogue::Catalogue;
use crate::dashboard;
use crate::database::edit::Edited;
use crate::failure::Failure;
use crate::filter::Filter;
use crate::model::Edit;
use crate::pages;
use crate::telemetry::{SAMPLE, Telemetry};

/// The longest note, and the longest text to search for, in characters.
const LONGEST_NOTE: usize = 200;
const LONGEST_SEARCH: usize = 80;

/// The dearest ticket, in dollars.
const HIGHEST_FARE: u32 = 9_999;

/// The pages that are measured.
const PAGES: [&str; 6] = ["/", "/flights", "/flights/{id}", "/flights/{id}/edit", "/to/{code}", "/search"];

#[derive(Clone)]
struct Shop(Arc<Inside>);

struct Inside {
    catalogue: Catalogue,
    telemetry: Telemetry,
    edits_a_minute: u64,
}

/// A shop that is open. Dropping it closes it as well, only less politely than [`close`](Server::close).
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    closing: watch::Sender<bool>,
    serving: JoinHandle<std::io::Result<()>>,
    sampling: JoinHandle<()>,
}

impl Server {
    /// Opens the shop on 127.0.0.1; port 0 is any free one. Each visitor may edit `edits_a_minute` times a minute.
    ///
    /// # Errors
    /// When the port is taken.
    pub async fn open(catalogue: Catalogue, port: u16, edits_a_minute: u64) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port)).await?;
        let address = listener.local_addr()?;
        let shop = Shop(Arc::new(Inside { catalogue, telemetry: Telemetry::new(&PAGES), edits_a_minute }));
        let (closing, mut closed) = watch::channel(false);
        let sampling = tokio::spawn(sample(shop.clone()));
        let service = router(shop).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            let closed = async move {
                // An error says that the sender is gone, and with it the `Server`.
                let _ = closed.wait_for(|closing| *closing).await;
            };
            axum::serve(listener, service).with_graceful_shutdown(closed).await
        });
        Ok(Self { address, closing, serving, sampling })
    }

    /// Where it is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Takes no new visitors, serves those who are in, and ends.
    ///
    /// # Errors
    /// When the server failed earlier.
    pub async fn close(mut self) -> std::io::Result<()> {
        self.closing.send_replace(true);
        match (&mut self.serving).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.sampling.abort();
    }
}

async fn sample(shop: Shop) {
    let mut ticks = tokio::time::interval(SAMPLE);
    loop {
        ticks.tick().await;
        if let Err(error) = shop.0.telemetry.sample(&shop.0.catalogue).await {
            eprintln!("{error}");
        }
    }
}

fn router(shop: Shop) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/flights", get(list))
        .route("/flights/{id}", get(detail))
        .route("/flights/{id}/edit", get(form).post(edit))
        .route("/to/{code}", get(destination))
        .route("/search", get(search))
        .route("/keepwarm", get(whole_dashboard))
        .route("/keepwarm/panels", get(panels))
        .route("/style.css", get(style))
        .route("/icon.svg", get(icon))
        .fallback(async || Failure::NotFound)
        .layer(middleware::from_fn_with_state(shop.clone(), measure))
        .with_state(shop)
}

async fn measure(State(shop): State<Shop>, page: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let response = next.run(request).await;
    if let Some(page) = page {
        shop.0.telemetry.answered(page.as_str(), started.elapsed());
    }
    response
}

type Page = Result<Html<String>, Failure>;

fn page(markup: maud::Markup) -> Page {
    Ok(Html(markup.into_string()))
}

async fn home(State(Shop(shop)): State<Shop>) -> Page {
    let started = Instant::now();
    let catalogue = &shop.catalogue;
    // Together: over a network they would otherwise wait for each other, one trip after the other.
    let (bestsellers, most_viewed, destinations) =
        tokio::try_join!(catalogue.bestsellers(), catalogue.most_viewed(), catalogue.destinations())?;
    page(pages::home(started, &bestsellers, &most_viewed, &destinations))
}

async fn list(State(Shop(shop)): State<Shop>, Query(pairs): Query<Vec<(String, String)>>) -> Page {
    let started = Instant::now();
    let filter = Filter::from_pairs(&pairs);
    let (facets, (listing, flights)) = tokio::try_join!(shop.catalogue.facets(), shop.catalogue.list(filter.clone()))?;
    page(pages::list(started, &filter, &facets, &listing, &flights))
}

async fn detail(State(Shop(shop)): State<Shop>, Path(id): Path<String>) -> Page {
    let started = Instant::now();
    let flight = shop.catalogue.flight(flight_id(&id)?).await?;
    let catalogue = &shop.catalogue;
    let (report, ladder, there, views) = tokio::try_join!(
        catalogue.report(flight.id),
        catalogue.fare_ladder(&flight.destination),
        catalogue.destination(&flight.destination),
        catalogue.viewed(flight.id),
    )?;
    page(pages::detail(started, &flight, &report, ladder, &there, views))
}

async fn destination(State(Shop(shop)): State<Shop>, Path(code): Path<String>) -> Page {
    let started = Instant::now();
    let code = crate::filter::code(&code).ok_or(Failure::NotFound)?;
    page(pages::destination(started, &shop.catalogue.destination(&code).await?))
}

#[derive(Deserialize)]
struct Search {
    #[serde(default)]
    q: String,
}

async fn search(State(Shop(shop)): State<Shop>, Query(Search { q }): Query<Search>) -> Page {
    let started = Instant::now();
    let text: String = q.trim().chars().take(LONGEST_SEARCH).collect();
    let (listing, flights) = shop.catalogue.search(&text).await?;
    page(pages::search(started, &text, &listing, &flights))
}

async fn form(State(Shop(shop)): State<Shop>, Path(id): Path<String>) -> Page {
    let started = Instant::now();
    page(pages::form(started, &shop.catalogue.flight_to_edit(flight_id(&id)?).await?, false))
}

#[derive(Deserialize)]
struct Filled {
    fare: String,
    note: String,
    revision: String,
}

async fn edit(
    State(Shop(shop)): State<Shop>,
    ConnectInfo(visitor): ConnectInfo<SocketAddr>,
    Path(id): Path<String>,
    Form(filled): Form<Filled>,
) -> Result<Response, Failure> {
    let started = Instant::now();
    let id = flight_id(&id)?;
    let edit = checked(filled)?;
    let limit = shop.catalogue.may_edit(&visitor.ip().to_string(), shop.edits_a_minute).await?;
    if !limit.allowed {
        return Err(Failure::TooManyEdits(limit.reset_after));
    }
    match shop.catalogue.edit(id, edit).await? {
        Edited::Done(_) => Ok(Redirect::to(&format!("/flights/{id}")).into_response()),
        Edited::Overtaken(now) => {
            Ok((StatusCode::CONFLICT, Html(pages::form(started, &now, true).into_string())).into_response())
        }
        Edited::Unknown => Err(Failure::NotFound),
    }
}

fn checked(filled: Filled) -> Result<Edit, Failure> {
    let fare = filled.fare.trim().parse().ok().filter(|fare| (1..=HIGHEST_FARE).contains(fare));
    let fare = fare.ok_or(Failure::Invalid("A fare is a whole number of dollars, from 1 to 9,999."))?;
    let revision =
        filled.revision.parse().map_err(|_| Failure::Invalid("The form has lost the revision it was made from."))?;
    // Browsers send line breaks as two characters; a note is one line anyway.
    let note = filled.note.split_whitespace().collect::<Vec<_>>().join(" ");
    if note.chars().count() > LONGEST_NOTE {
        return Err(Failure::Invalid("A note has 200 characters at most."));
    }
    Ok(Edit { fare, note, revision })
}

/// Read by hand, because an address that is no number is a page that does not exist, and not a malformed request.
fn flight_id(text: &str) -> Result<u32, Failure> {
    text.parse().map_err(|_| Failure::NotFound)
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    key: String,
}

async fn whole_dashboard(State(Shop(shop)): State<Shop>, Query(Asked { key }): Query<Asked>) -> Page {
    let started = Instant::now();
    let cache = shop.catalogue.cache();
    let explanation = if key.is_empty() { None } else { Some(cache.explain(&key).await?) };
    let stats = cache.stats().await?;
    let queries = shop.catalogue.database().queries();
    page(dashboard::whole(started, &stats, &shop.telemetry, queries, (&key, explanation.as_ref())))
}

async fn panels(State(Shop(shop)): State<Shop>) -> Page {
    let stats = shop.catalogue.cache().stats().await?;
    page(dashboard::panels(&stats, &shop.telemetry, shop.catalogue.database().queries()))
}

async fn style() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "max-age=3600")], include_str!("assets/style.css"))
}

async fn icon() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "image/svg+xml"), (header::CACHE_CONTROL, "max-age=3600")],
        include_str!("assets/icon.svg"),
    )
}
