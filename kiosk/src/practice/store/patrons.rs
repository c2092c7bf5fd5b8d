//! Readers.

use jiff::civil::Date;
use rusqlite::{OptionalExtension, params};

use super::secret::verify_secret;
use super::{StoreError, Tx, count, time_text};
use crate::practice::model::{CardState, Language, LocalTime};
use crate::practice::money::Fen;
use crate::practice::rules::Card;
use crate::privacy::{PatronId, PersonalName};

/// A reader with what the account holds at one moment.
#[derive(Debug, Clone)]
pub struct Patron {
    /// Number.
    pub number: PatronId,
    /// Name.
    pub name: PersonalName,
    /// Class code.
    pub class: String,
    /// Holds allowed.
    pub hold_limit: u32,
    /// Language of screen messages when the station asks in none.
    pub language: Language,
    /// What the rules look at.
    pub card: Card,
}

impl Tx<'_> {
    /// Finds a reader; `now` decides what is overdue.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn patron(&self, number: &str, now: LocalTime) -> Result<Option<Patron>, StoreError> {
        type Row = (String, String, i64, i64, i64, String, Option<String>, String, String);
        let row: Option<Row> = self
            .0
            .prepare_cached(
                "SELECT name, class, loan_limit, hold_limit, fee_limit, expires, born, state,
                        language FROM patrons WHERE number = ?1",
            )?
            .query_row([number], |row| {
                Ok((
                    row.get(0)?,
                    row.get(1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                    row.get(5)?,
                    row.get(6)?,
                    row.get(7)?,
                    row.get(8)?,
                ))
            })
            .optional()?;
        let Some((name, class, loan_limit, hold_limit, fee_limit, expires, born, state, language)) =
            row
        else {
            return Ok(None);
        };
        let (loans, overdue): (i64, i64) = self
            .0
            .prepare_cached(
                "SELECT count(*), coalesce(sum(due < ?2), 0) FROM loans
                 WHERE patron = ?1 AND closed_at IS NULL",
            )?
            .query_row(params![number, time_text(now)], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let born = born.as_deref().map(read_date).transpose()?;
        Ok(Some(Patron {
            number: PatronId::new(number),
            name: PersonalName::new(name),
            class,
            hold_limit: count(hold_limit),
            language: if language == Language::En.name() { Language::En } else { Language::Zh },
            card: Card {
                state: CardState::from_name(&state)
                    .ok_or(StoreError::Damaged { what: "card state" })?,
                expires: read_date(&expires)?,
                born,
                loans: count(loans),
                loan_limit: count(loan_limit),
                overdue: count(overdue),
                fees: self.balance(number)?,
                fee_limit: Fen(fee_limit),
            },
        }))
    }

    /// Whether a PIN is right.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn pin_matches(&self, number: &str, pin: &str) -> Result<bool, StoreError> {
        let row: Option<(Vec<u8>, Vec<u8>)> = self
            .0
            .prepare_cached("SELECT salt, hash FROM patrons WHERE number = ?1")?
            .query_row([number], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        Ok(row.is_some_and(|(salt, hash)| verify_secret(pin, &salt, &hash)))
    }

    /// Sets the state of a card.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn set_card_state(&self, number: &str, state: CardState) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE patrons SET state = ?2 WHERE number = ?1")?
            .execute([number, state.name()])?;
        Ok(())
    }
}

fn read_date(text: &str) -> Result<Date, StoreError> {
    text.parse().map_err(|_| StoreError::Damaged { what: "date of a card" })
}
