//! One visitor's connection: HTTP/1.1, kept open from request to request as a browser does.

use std::fmt::Display;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The page.
    pub body: String,
}

/// A visitor.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl Client {
    /// A visitor of the shop at this address, who has not come in yet.
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None }
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// When no whole answer came, in words.
    pub async fn get(&mut self, path: &str) -> Result<Answer, String> {
        self.send(Method::GET, path, String::new()).await
    }

    /// Sends a filled-in form. A redirection is returned and not followed.
    ///
    /// # Errors
    /// When no whole answer came, in words.
    pub async fn post(&mut self, path: &str, form: String) -> Result<Answer, String> {
        self.send(Method::POST, path, form).await
    }

    async fn send(&mut self, method: Method, path: &str, body: String) -> Result<Answer, String> {
        let connection = match self.connection.take().filter(|connection| !connection.is_closed()) {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.address.to_string())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(body))
            .map_err(text)?;
        // Put back only after a whole answer: a connection on which one failed is not used again.
        let mut connection = connection;
        let response = connection.send_request(request).await.map_err(text)?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.map_err(text)?.to_bytes();
        // The server may still be about to take the connection back for the next request.
        if connection.ready().await.is_ok() {
            self.connection = Some(connection);
        }
        Ok(Answer { status, body: String::from_utf8(body.to_vec()).map_err(text)? })
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let stream = TcpStream::connect(self.address).await.map_err(text)?;
        stream.set_nodelay(true).map_err(text)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(text)?;
        // It ends with the sender; what goes wrong on it, the sender reports.
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
