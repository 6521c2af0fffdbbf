//! TLS by rustls, with the ring provider.

use std::sync::{Arc, OnceLock};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::backends::redis::failure::Failure;
use crate::backends::redis::options::Trust;

fn unusable(what: &str, error: impl std::fmt::Display) -> Failure {
    Failure::Settings(format!("{what}: {error}"))
}

/// What all connections of a store share: reading the authorities takes milliseconds.
#[derive(Debug, Default)]
pub(super) struct Tls(OnceLock<Arc<ClientConfig>>);

impl Tls {
    pub(super) fn config(&self, trust: &Trust) -> Result<Arc<ClientConfig>, Failure> {
        if let Some(config) = self.0.get() {
            return Ok(Arc::clone(config));
        }
        let config = read(trust)?;
        Ok(Arc::clone(self.0.get_or_init(|| config)))
    }

    /// The session of one blocking connection.
    pub(super) fn session(&self, host: &str, trust: &Trust) -> Result<ClientConnection, Failure> {
        ClientConnection::new(self.config(trust)?, server_name(host)?).map_err(|error| unusable("TLS", error))
    }
}

fn read(trust: &Trust) -> Result<Arc<ClientConfig>, Failure> {
    let mut roots = RootCertStore::empty();
    match &trust.authorities {
        Some(file) => {
            let certificates = CertificateDer::pem_file_iter(file)
                .and_then(Iterator::collect::<Result<Vec<_>, _>>)
                .map_err(|error| unusable(&format!("the file of authorities {}", file.display()), error))?;
            roots.add_parsable_certificates(certificates);
        }
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable("TLS", error))?
        .with_root_certificates(roots);
    let config = match &trust.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = CertificateDer::pem_file_iter(certificate)
                .and_then(Iterator::collect)
                .map_err(|error| unusable(&format!("the certificate {}", certificate.display()), error))?;
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|error| unusable(&format!("the key {}", key.display()), error))?;
            builder.with_client_auth_cert(chain, key).map_err(|error| unusable("the certificate and its key", error))?
        }
    };
    Ok(Arc::new(config))
}

pub(super) fn server_name(host: &str) -> Result<ServerName<'static>, Failure> {
    ServerName::try_from(host.to_owned()).map_err(|error| unusable(&format!("the host {host}"), error))
}
