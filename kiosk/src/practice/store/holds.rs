//! Holds.

use rusqlite::{Row, params};

use super::{StoreError, Tx, read_time, time_text};
use crate::practice::model::LocalTime;
use crate::privacy::PatronId;

/// The state of a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldState {
    /// In the queue.
    Waiting,
    /// The item waits on the hold shelf.
    Ready,
    /// Fulfilled by a loan.
    Filled,
    /// Given up.
    Cancelled,
}

impl HoldState {
    fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Ready => "ready",
            Self::Filled => "filled",
            Self::Cancelled => "cancelled",
        }
    }
}

/// An open hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldRow {
    /// Its row.
    pub id: i64,
    /// Barcode.
    pub item: String,
    /// Who waits.
    pub patron: PatronId,
    /// Pickup branch.
    pub pickup: String,
    /// Whether the item waits on the hold shelf.
    pub ready: bool,
    /// When it was placed there.
    pub ready_since: Option<LocalTime>,
}

const COLUMNS: &str = "id, item, patron, pickup, state, ready_since";

/// Open holds: those on the shelf first, then by age.
const OPEN: &str = "state IN ('waiting', 'ready') ORDER BY state = 'waiting', id";

fn hold(row: &Row<'_>) -> rusqlite::Result<(HoldRow, Option<String>)> {
    let state: String = row.get(4)?;
    let hold = HoldRow {
        id: row.get(0)?,
        item: row.get(1)?,
        patron: PatronId::new(row.get::<_, String>(2)?),
        pickup: row.get(3)?,
        ready: state == HoldState::Ready.name(),
        ready_since: None,
    };
    Ok((hold, row.get(5)?))
}

impl Tx<'_> {
    fn holds_where(&self, column: &str, value: &str) -> Result<Vec<HoldRow>, StoreError> {
        let mut statement = self.0.prepare_cached(&format!(
            "SELECT {COLUMNS} FROM holds WHERE {column} = ?1 AND {OPEN}"
        ))?;
        let rows = statement.query_map([value], hold)?.collect::<Result<Vec<_>, _>>()?;
        rows.into_iter()
            .map(|(hold, since)| {
                let since = since.map(|text| read_time(&text, "time of a hold")).transpose()?;
                Ok(HoldRow { ready_since: since, ..hold })
            })
            .collect()
    }

    /// The queue of an item, whose turn it is first.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn holds_on(&self, item: &str) -> Result<Vec<HoldRow>, StoreError> {
        self.holds_where("item", item)
    }

    /// A patron's open holds.
    ///
    /// # Errors
    /// [`StoreError`] when the database fails or is damaged.
    pub fn holds_of(&self, patron: &str) -> Result<Vec<HoldRow>, StoreError> {
        self.holds_where("patron", patron)
    }

    /// Puts a fulfilled hold back, for an undone loan: on the shelf again when its pickup branch is
    /// `here`, else into the queue.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn restore_hold(&self, id: i64, here: &str, now: LocalTime) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE holds SET state = iif(pickup = ?2, 'ready', 'waiting'),
                    ready_since = iif(pickup = ?2, ?3, NULL)
                 WHERE id = ?1 AND state = 'filled'",
            )?
            .execute(params![id, here, time_text(now)])?;
        Ok(())
    }

    /// Places a hold at the end of the queue.
    ///
    /// # Errors
    /// [`StoreError::Sql`], also when the patron has one on the item already.
    pub fn add_hold(
        &self,
        patron: &str,
        item: &str,
        pickup: &str,
        expires: Option<LocalTime>,
        now: LocalTime,
    ) -> Result<i64, StoreError> {
        self.0
            .prepare_cached(
                "INSERT INTO holds (item, patron, pickup, state, placed_at, expires)
                 VALUES (?1, ?2, ?3, 'waiting', ?4, ?5)",
            )?
            .execute(params![item, patron, pickup, time_text(now), expires.map(time_text)])?;
        Ok(self.0.last_insert_rowid())
    }

    /// Moves a hold to another state.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn set_hold_state(
        &self,
        id: i64,
        state: HoldState,
        now: LocalTime,
    ) -> Result<(), StoreError> {
        let since = (state == HoldState::Ready).then(|| time_text(now));
        self.0
            .prepare_cached("UPDATE holds SET state = ?2, ready_since = ?3 WHERE id = ?1")?
            .execute(params![id, state.name(), since])?;
        Ok(())
    }

    /// Ends holds that are wanted no longer (BW of message 15).
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn expire_holds(&self, now: LocalTime) -> Result<(), StoreError> {
        self.0
            .prepare_cached(
                "UPDATE holds SET state = 'cancelled'
                 WHERE state IN ('waiting', 'ready') AND expires < ?1",
            )?
            .execute([time_text(now)])?;
        Ok(())
    }

    /// Changes the pickup branch of a hold.
    ///
    /// # Errors
    /// [`StoreError::Sql`].
    pub fn set_pickup(&self, id: i64, pickup: &str) -> Result<(), StoreError> {
        self.0
            .prepare_cached("UPDATE holds SET pickup = ?2 WHERE id = ?1")?
            .execute(params![id, pickup])?;
        Ok(())
    }
}
