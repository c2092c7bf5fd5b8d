//! Encryption of the connection to the library system: TLS 1.2 or 1.3 against a pinned CA, with a
//! certificate of the station where the library system asks for one (sip2.md section 9). There is
//! no way to trust what was not pinned.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{AlertDescription, CertificateError, ClientConfig, Error, RootCertStore};
use serde::Deserialize;

/// `[library.tls]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsFiles {
    /// Certificates (PEM) of the CA that signed the library system's; nothing else is trusted.
    pub ca_file: PathBuf,
    /// Name in the library system's certificate, where it is not the host of the address.
    #[serde(default)]
    pub server_name: Option<String>,
    /// The station's own certificate (PEM), those it was signed with behind it.
    #[serde(default)]
    pub client_cert_file: Option<PathBuf>,
    /// Its key (PEM).
    #[serde(default)]
    pub client_key_file: Option<PathBuf>,
}

/// Files that make no encryption.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file.
    #[error("{path}: {source}; it must be a PEM file the station may read")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: pem::Error,
    },
    /// A file without what it is for.
    #[error("{path} holds no certificate")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// One of two files that belong together.
    #[error("client_cert_file and client_key_file belong together: give both or none")]
    Half,
    /// A name.
    #[error("{0:?} is no host name; give server_name as it stands in the certificate")]
    Name(String),
    /// What the files hold does not fit.
    #[error("the certificates of library.tls cannot be used: {0}")]
    Unfit(#[from] Error),
}

impl TlsFiles {
    /// Every file named.
    pub fn paths(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [Some(&mut self.ca_file), self.client_cert_file.as_mut(), self.client_key_file.as_mut()]
            .into_iter()
            .flatten()
    }
}

/// Encryption made ready.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

/// Without the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files. `host` is what the certificate must name, unless they say otherwise.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load(files: &TlsFiles, host: &str) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&files.ca_file)? {
            roots.add(certificate)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match (&files.client_cert_file, &files.client_key_file) {
            (None, None) => builder.with_no_client_auth(),
            (Some(chain), Some(key_file)) => {
                let key = PrivateKeyDer::from_pem_file(key_file)
                    .map_err(|source| TlsError::File { path: key_file.clone(), source })?;
                builder.with_client_auth_cert(certificates(chain)?, key)?
            }
            _ => return Err(TlsError::Half),
        };
        let name = files.server_name.as_deref().unwrap_or(host);
        let name =
            ServerName::try_from(name.to_owned()).map_err(|_| TlsError::Name(name.to_owned()))?;
        Ok(Self { config: Arc::new(config), name })
    }

    pub(super) fn connector(&self) -> (tokio_rustls::TlsConnector, ServerName<'static>) {
        (Arc::clone(&self.config).into(), self.name.clone())
    }

    /// One connection's encryption, for blocking sockets.
    ///
    /// # Errors
    /// What the library of encryption says.
    pub fn client(&self) -> Result<rustls::ClientConnection, Error> {
        rustls::ClientConnection::new(Arc::clone(&self.config), self.name.clone())
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let failed = |source| TlsError::File { path: path.to_owned(), source };
    let found: Result<Vec<_>, _> = CertificateDer::pem_file_iter(path).map_err(failed)?.collect();
    match found.map_err(failed)? {
        found if found.is_empty() => Err(TlsError::Empty { path: path.to_owned() }),
        found => Ok(found),
    }
}

/// Why an encrypted connection was not made or was lost, where that is known, with what to do.
#[must_use]
pub fn trouble(error: &io::Error) -> Option<&'static str> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the library system's certificate has expired; the library must renew it (or this station's clock is wrong)"
            }
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                "the library system's certificate is not valid yet; set this station's clock"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "the library system's certificate is for another name; set library.tls.server_name to the name in it, if that is the right server"
            }
            _ => {
                "the library system's certificate was not signed by the CA in library.tls.ca_file; get the right CA from the library"
            }
        },
        Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::AccessDenied,
        ) => {
            "the library system does not accept this station's certificate or wants one; set library.tls.client_cert_file and client_key_file"
        }
        Error::InvalidMessage(_) => {
            "what answers there does not speak TLS; check the port, or remove [library.tls]"
        }
        Error::PeerIncompatible(_) => {
            "the library system offers no TLS 1.2 or 1.3; it must be brought up to date"
        }
        _ => return None,
    })
}
