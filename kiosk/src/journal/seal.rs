//! Patron numbers on disk: sealed with a key that lives outside the data directory.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::Aead;
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::privacy::PatronId;
use crate::session::CardKey;

/// Bytes of the key file.
const KEY_LEN: usize = 32;
/// What the lists' key is derived for.
const CARDS_LABEL: &[u8] = b"jiehuan cards off line 1";
/// What the key's mark is derived for.
const MARK_LABEL: &[u8] = b"jiehuan key mark 1";
/// Bytes of the nonce in front of each sealed value (XChaCha20).
const NONCE_LEN: usize = 24;

/// The key could not be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Reading or making the file failed.
    #[error(
        "key file {path}: {source}; give the station's user a directory it may write, or an existing key file"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// Not a key.
    #[error(
        "key file {path} has {len} bytes, not {KEY_LEN}: it is not a key of this station; restore the right file, or remove it together with the journal"
    )]
    Length {
        /// The file.
        path: PathBuf,
        /// Its length.
        len: usize,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes")]
    Random,
}

/// A sealed value that does not open under this key.
#[derive(Debug, thiserror::Error)]
#[error("a sealed patron number does not open with this key")]
pub struct SealError;

/// Seals and opens patron numbers, and hashes cards for the lists.
#[derive(Clone)]
pub struct Sealer {
    cipher: XChaCha20Poly1305,
    cards: CardKey,
    mark: i32,
}

impl Sealer {
    /// Takes the key from a file; makes it (mode 0600) when it is not there.
    ///
    /// # Errors
    /// [`KeyError`] naming the file.
    pub fn from_file(path: &Path) -> Result<Self, KeyError> {
        let io = |source| KeyError::Io { path: path.to_owned(), source };
        let mut key = Zeroizing::new(Vec::new());
        match File::open(path) {
            Ok(mut file) => {
                file.read_to_end(&mut key).map_err(io)?;
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                key.resize(KEY_LEN, 0);
                getrandom::fill(&mut key).map_err(|_| KeyError::Random)?;
                let mut file = OpenOptions::new()
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(path)
                    .map_err(io)?;
                file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
            }
            Err(e) => return Err(io(e)),
        }
        let len = key.len();
        let cipher = XChaCha20Poly1305::new_from_slice(&key)
            .map_err(|_| KeyError::Length { path: path.to_owned(), len })?;
        let cards = card_key(&key);
        Ok(Self { cipher, cards, mark: mark(&key) })
    }

    /// A key that is forgotten with the process.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn ephemeral() -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; KEY_LEN]);
        getrandom::fill(key.as_mut_slice()).map_err(|_| KeyError::Random)?;
        let cipher =
            XChaCha20Poly1305::new_from_slice(key.as_slice()).map_err(|_| KeyError::Random)?;
        let cards = card_key(key.as_slice());
        Ok(Self { cipher, cards, mark: mark(key.as_slice()) })
    }

    /// The key of the lists.
    #[must_use]
    pub fn cards(&self) -> &CardKey {
        &self.cards
    }

    /// Tells this key from others, and nothing of it; never 0.
    pub(super) fn mark(&self) -> i32 {
        self.mark
    }

    /// Seals a number: nonce, then ciphertext with tag.
    ///
    /// # Errors
    /// [`SealError`] when the system gives no random bytes.
    pub fn seal(&self, patron: &PatronId) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        getrandom::fill(&mut nonce).map_err(|_| SealError)?;
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), patron.expose().as_bytes())
            .map_err(|_| SealError)?;
        let mut out = nonce.to_vec();
        out.extend(sealed);
        Ok(out)
    }

    /// Opens a sealed number.
    ///
    /// # Errors
    /// [`SealError`] for a damaged value or another key.
    pub fn open(&self, sealed: &[u8]) -> Result<PatronId, SealError> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError)?;
        let clear = self.cipher.decrypt(&XNonce::from(*nonce), body).map_err(|_| SealError)?;
        let clear = Zeroizing::new(clear);
        Ok(PatronId::new(std::str::from_utf8(&clear).map_err(|_| SealError)?))
    }
}

/// The lists' own key, from the station's: neither tells the other.
fn card_key(key: &[u8]) -> CardKey {
    CardKey::new(derive(key, CARDS_LABEL))
}

/// 0 stands for no mark.
fn mark(key: &[u8]) -> i32 {
    let [a, b, c, d, ..] = *derive(key, MARK_LABEL);
    i32::from_be_bytes([a, b, c, d]) | 1
}

fn derive(key: &[u8], label: &[u8]) -> Zeroizing<[u8; KEY_LEN]> {
    let mut derived = Zeroizing::new([0; KEY_LEN]);
    // HMAC takes keys of any length.
    if let Ok(mac) = Hmac::<Sha256>::new_from_slice(key) {
        derived.copy_from_slice(&mac.chain_update(label).finalize().into_bytes());
    }
    derived
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sealer")
    }
}
