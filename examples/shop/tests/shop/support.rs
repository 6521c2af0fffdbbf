//! Opening a small shop and visiting it.

use keepwarm::Cache;
use shop::catalogue::{Catalogue, Invalidation};
use shop::database::Database;
use shop::drive::{Answer, Client, encode, revisions};
use shop::model::Flight;
use shop::web::Server;

/// Enough flights for every page to have some.
pub(crate) const EVERY: usize = 20;

/// A shop that is open, and somebody in it.
pub(crate) struct Visit {
    pub(crate) catalogue: Catalogue,
    pub(crate) server: Server,
    client: Client,
}

pub(crate) async fn visit() -> Visit {
    open(Cache::memory(), Invalidation::On, 10_000).await
}

pub(crate) async fn open(cache: Cache, invalidation: Invalidation, edits_a_minute: u64) -> Visit {
    let database = Database::create(EVERY).unwrap();
    let catalogue = Catalogue::new(database, cache, invalidation).await.unwrap();
    let server = Server::open(catalogue.clone(), 0, edits_a_minute).await.unwrap();
    let client = Client::new(server.address());
    Visit { catalogue, server, client }
}

impl Visit {
    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.client.get(path).await.unwrap()
    }

    /// A page that must be there.
    pub(crate) async fn page(&mut self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(
            answer.body.starts_with("<!DOCTYPE html>") && answer.body.ends_with("</html>"),
            "{path} is a whole page"
        );
        answer.body
    }

    /// Sends the form; the status of the answer.
    pub(crate) async fn edit(&mut self, id: u32, revision: u32, fare: &str, note: &str) -> Answer {
        let form = format!("revision={revision}&fare={}&note={}", encode(fare), encode(note));
        self.client.post(&format!("/flights/{id}/edit"), form).await.unwrap()
    }

    /// The most popular flight, which is on the front page as well.
    pub(crate) async fn bestseller(&self) -> Flight {
        let id = self.catalogue.ids()[0];
        self.catalogue.database().flight(id).await.unwrap().unwrap()
    }
}

/// The revision that a page shows of a flight, if the flight is on it.
pub(crate) fn revision_on(page: &str, id: u32) -> Option<u32> {
    revisions(page).into_iter().find(|(found, _)| *found == id).map(|(_, revision)| revision)
}
