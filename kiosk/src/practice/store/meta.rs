//! What the library is: institution, names, branches, rules, station logins.

use rusqlite::OptionalExtension;

use super::secret::verify_secret;
use super::{Store, StoreError, Tx};
use crate::practice::model::Language;
use crate::practice::rules::Policy;
use crate::sip2::Charset;

/// A branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Code.
    pub code: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
}

/// The library; read once, since only a data file changes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Library {
    /// Institution id (AO).
    pub institution: String,
    /// Chinese name.
    pub zh: String,
    /// English name.
    pub en: String,
    /// Branches, the main library first; never empty.
    pub branches: Vec<Branch>,
    /// The rules' figures.
    pub policy: Policy,
    /// Whether stations must log in: accounts exist.
    pub has_accounts: bool,
}

impl Library {
    /// The branch of a code, or of a station's location code that starts with it (`YZ-MAIN-01`
    /// stands in `YZ-MAIN`).
    #[must_use]
    pub fn branch_of(&self, location: &str) -> Option<&Branch> {
        self.branches
            .iter()
            .filter(|branch| {
                location
                    .strip_prefix(branch.code.as_str())
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
            })
            .max_by_key(|branch| branch.code.len())
    }

    /// A branch's name for a reader; the code when it is not known.
    #[must_use]
    pub fn branch_name<'a>(&'a self, code: &'a str, language: Language) -> &'a str {
        self.branches.iter().find(|branch| branch.code == code).map_or(
            code,
            |branch| match language {
                Language::Zh => &branch.zh,
                Language::En => &branch.en,
            },
        )
    }
}

impl Store {
    /// Reads the library.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn library(&mut self) -> Result<Library, StoreError> {
        self.write(|tx| {
            let policy = tx.meta("policy")?;
            let mut statement =
                tx.0.prepare("SELECT code, zh, en FROM branches ORDER BY position")?;
            let branches = statement
                .query_map([], |row| {
                    Ok(Branch { code: row.get(0)?, zh: row.get(1)?, en: row.get(2)? })
                })?
                .collect::<Result<Vec<_>, _>>()?;
            let accounts: i64 =
                tx.0.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?;
            Ok(Library {
                institution: tx.meta("institution")?,
                zh: tx.meta("library_zh")?,
                en: tx.meta("library_en")?,
                branches,
                policy: serde_json::from_str(&policy)
                    .map_err(|_| StoreError::Damaged { what: "set of rules" })?,
                has_accounts: accounts > 0,
            })
        })
    }
}

impl Tx<'_> {
    fn meta(&self, key: &str) -> Result<String, StoreError> {
        self.0
            .query_row("SELECT value FROM meta WHERE key = ?1", [key], |row| row.get(0))
            .optional()?
            .ok_or(StoreError::Damaged { what: "description of the library" })
    }

    /// Checks a station's login; the account's character set when it has its own.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails. `Ok(None)` is a wrong user or password.
    pub fn login(&self, user: &str, password: &str) -> Result<Option<Option<Charset>>, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>, Option<String>)> = self
            .0
            .prepare_cached("SELECT salt, hash, charset FROM accounts WHERE user = ?1")?
            .query_row([user], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((salt, hash, charset)) = row else { return Ok(None) };
        if !verify_secret(password, &salt, &hash) {
            return Ok(None);
        }
        let charset = charset
            .map(|name| serde_json::from_value(serde_json::Value::String(name)))
            .transpose()
            .map_err(|_| StoreError::Damaged { what: "character set" })?;
        Ok(Some(charset))
    }
}
