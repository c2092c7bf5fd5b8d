//! Items.

use rusqlite::{OptionalExtension, Row, params};

use super::{StoreError, Tx};
use crate::practice::model::Circulation;

/// An item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Barcode.
    pub barcode: String,
    /// Title.
    pub title: String,
    /// Author.
    pub author: String,
    /// Call number.
    pub call_number: String,
    /// ISIL of the owner.
    pub owner: String,
    /// Home branch.
    pub home: String,
    /// Branch it stands in, or left last.
    pub at: String,
    /// Branch it is on its way to.
    pub transit_to: Option<String>,
    /// SIP2 media type.
    pub media: String,
    /// What may be done with it.
    pub circulation: Circulation,
    /// Youngest age.
    pub age_from: Option<u8>,
    /// Own loan period in days.
    pub loan_days: Option<u16>,
    /// Pieces of a set.
    pub parts: u16,
    /// What message 19 stored.
    pub properties: String,
}

const COLUMNS: &str = "barcode, title, author, call_number, owner, home, at, transit_to, media,
    circulation, age_from, loan_days, parts, properties";

fn item(row: &Row<'_>) -> rusqlite::Result<Item> {
    let circulation: String = row.get(9)?;
    Ok(Item {
        barcode: row.get(0)?,
        title: row.get(1)?,
        author: row.get(2)?,
        call_number: row.get(3)?,
        owner: row.get(4)?,
        home: row.get(5)?,
        at: row.get(6)?,
        transit_to: row.get(7)?,
        media: row.get(8)?,
        // An unknown word can only come from another hand: such an item is not lent.
        circulation: Circulation::from_name(&circulation).unwrap_or(Circulation::Withdrawn),
        age_from: row.get(10)?,
        loan_days: row.get(11)?,
        parts: row.get(12)?,
        properties: row.get(13)?,
    })
}

impl Tx<'_> {
    /// Finds an item by its barcode.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn item(&self, barcode: &str) -> Result<Option<Item>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!("SELECT {COLUMNS} FROM items WHERE barcode = ?1"))?
            .query_row([barcode], item)
            .optional()?)
    }

    /// Finds the copy of a title with the shortest queue of holds, copies on the shelf first.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn item_by_title(&self, title: &str) -> Result<Option<Item>, StoreError> {
        Ok(self
            .0
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM items WHERE title = ?1 AND circulation = 'normal' ORDER BY
                 (SELECT count(*) FROM holds WHERE holds.item = barcode
                    AND state IN ('waiting', 'ready')),
                 (SELECT count(*) FROM loans WHERE loans.item = barcode AND closed_at IS NULL),
                 barcode LIMIT 1"
            ))?
            .query_row([title], item)
            .optional()?)
    }

    /// Records where an item is after it was handed in.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn place_item(
        &self,
        barcode: &str,
        at: &str,
        transit_to: Option<&str>,
    ) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE items SET at = ?2, transit_to = ?3 WHERE barcode = ?1")?
            .execute(params![barcode, at, transit_to])?;
        Ok(())
    }

    /// Stores item properties (CH of message 19).
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn set_properties(&self, barcode: &str, properties: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE items SET properties = ?2 WHERE barcode = ?1")?
            .execute([barcode, properties])?;
        Ok(())
    }
}
