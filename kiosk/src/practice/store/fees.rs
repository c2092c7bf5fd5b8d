//! Money owed and paid. Nothing is deleted; a fee can be cancelled.

use rusqlite::{OptionalExtension, params};

use super::{StoreError, Tx, time_text};
use crate::practice::model::LocalTime;
use crate::practice::money::Fen;

/// A fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeeRow {
    /// Its row, told as CG.
    pub id: i64,
    /// What is left to pay.
    pub amount: Fen,
    /// SIP2 fee type.
    pub fee_type: String,
    /// Barcode it is for.
    pub item: Option<String>,
}

impl Tx<'_> {
    /// What a patron owes: fees that stand less payments.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn balance(&self, patron: &str) -> Result<Fen, StoreError> {
        let fen = self
            .0
            .prepare_cached(
                "SELECT (SELECT coalesce(sum(amount), 0) FROM fees
                         WHERE patron = ?1 AND cancelled_at IS NULL)
                      - (SELECT coalesce(sum(amount), 0) FROM payments WHERE patron = ?1)",
            )?
            .query_row([patron], |row| row.get(0))?;
        Ok(Fen(fen))
    }

    /// What is left to pay of a patron's fees, the oldest first. Payments for a named fee go there,
    /// all others to the oldest.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn fees_of(&self, patron: &str) -> Result<Vec<FeeRow>, StoreError> {
        let mut statement = self.0.prepare_cached(
            "SELECT id, amount - (SELECT coalesce(sum(amount), 0) FROM payments WHERE fee = fees.id),
                    fee_type, item FROM fees
             WHERE patron = ?1 AND cancelled_at IS NULL ORDER BY id",
        )?;
        let rows = statement.query_map([patron], |row| {
            Ok(FeeRow {
                id: row.get(0)?,
                amount: Fen(row.get(1)?),
                fee_type: row.get(2)?,
                item: row.get(3)?,
            })
        })?;
        let mut fees = rows.collect::<Result<Vec<_>, _>>()?;
        // What was paid beyond the named fees, cancelled ones included: the balance decides.
        let owed = fees.iter().fold(Fen::ZERO, |sum, fee| sum + fee.amount);
        let mut spare = owed - self.balance(patron)?;
        for fee in &mut fees {
            let part = spare.min(fee.amount).max(Fen::ZERO);
            fee.amount = fee.amount - part;
            spare = spare - part;
        }
        fees.retain(|fee| fee.amount > Fen::ZERO);
        Ok(fees)
    }

    /// Records a fee.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn add_fee(
        &self,
        patron: &str,
        amount: Fen,
        fee_type: &str,
        item: Option<&str>,
        loan: Option<i64>,
        now: LocalTime,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO fees (patron, amount, fee_type, item, loan, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![patron, amount.0, fee_type, item, loan, time_text(now)])?;
        Ok(())
    }

    /// Cancels the fees of a loan, for an undone return.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn cancel_fees_of_loan(&self, loan: i64, now: LocalTime) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE fees SET cancelled_at = ?2 WHERE loan = ?1 AND cancelled_at IS NULL",
            )?
            .execute(params![loan, time_text(now)])?;
        Ok(())
    }

    /// The payment booked under a transaction number: who paid how much.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn payment(&self, transaction_id: &str) -> Result<Option<(String, Fen)>, StoreError> {
        Ok(self
            .0
            .prepare_cached("SELECT patron, amount FROM payments WHERE transaction_id = ?1")?
            .query_row([transaction_id], |row| Ok((row.get(0)?, Fen(row.get(1)?))))
            .optional()?)
    }

    /// Books a payment.
    ///
    /// # Errors
    /// [`StoreError::Sql`], also when the transaction number is used already.
    pub fn add_payment(
        &self,
        patron: &str,
        amount: Fen,
        fee: Option<i64>,
        transaction_id: Option<&str>,
        now: LocalTime,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO payments (patron, amount, fee, transaction_id, made_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![patron, amount.0, fee, transaction_id, time_text(now)])?;
        Ok(())
    }
}
