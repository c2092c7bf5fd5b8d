//! PINs and passwords: stored as a salted SHA-256, compared without telling where they differ.

use sha2::{Digest, Sha256};

/// Bytes of salt.
const SALT_LEN: usize = 16;

/// Bytes of a hash.
const HASH_LEN: usize = 32;

/// Hashes a secret with a fresh salt; salt first, then hash.
///
/// A PIN has too few digits for any hash to hide it from someone who holds the file; the hash keeps
/// it out of backups, screens and careless queries.
#[must_use]
pub fn hash_secret(secret: &str) -> ([u8; SALT_LEN], [u8; HASH_LEN]) {
    let mut salt = [0; SALT_LEN];
    getrandom::fill(&mut salt).expect("the system always has random bytes once it has booted");
    (salt, digest(&salt, secret))
}

/// Whether a secret is the one hashed. Looks at every byte whatever it finds.
#[must_use]
pub fn verify_secret(secret: &str, salt: &[u8], hash: &[u8]) -> bool {
    let found = digest(salt, secret);
    let differences = found.iter().zip(hash).fold(0u8, |differences, (a, b)| differences | (a ^ b));
    hash.len() == HASH_LEN && differences == 0
}

fn digest(salt: &[u8], secret: &str) -> [u8; HASH_LEN] {
    let mut hasher = Sha256::new();
    hasher.update(salt);
    hasher.update(secret.as_bytes());
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_secret_passes() {
        let (salt, hash) = hash_secret("1234");
        assert!(verify_secret("1234", &salt, &hash));
        assert!(!verify_secret("1235", &salt, &hash));
        assert!(!verify_secret("", &salt, &hash));
        assert!(!verify_secret("1234", &salt, &hash[..31]));
    }

    #[test]
    fn equal_pins_look_different_in_the_database() {
        assert_ne!(hash_secret("1234"), hash_secret("1234"));
    }
}
