//! The lists for off-line work, on disk: cards as keyed hashes, items somebody waits for.

use jiff::civil::{Date, DateTime};
use rusqlite::{Connection, params};

use super::damage::is_no_value_of_ours;
use super::{Journal, JournalError};
use crate::privacy::PatronId;
use crate::session::{
    CARDS_MAX, CardHash, CardRow, HASH_LEN, HELD_MAX, ItemId, Lists, OfflineRules,
};

/// What an import brings. What is `None` stays as it is.
#[derive(Debug, Default)]
pub struct Import {
    /// Cards the library lets borrow off line, all of them.
    pub cards: Option<Vec<PatronId>>,
    /// Cards the library lets borrow nothing, besides those known.
    pub blocked: Option<Vec<PatronId>>,
    /// Items somebody waits for, all of them.
    pub held: Option<Vec<ItemId>>,
}

/// How much the lists hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct ListFigures {
    /// Cards identified here.
    pub seen: u64,
    /// Cards on the library's list.
    pub allowed: u64,
    /// Cards that may not borrow.
    pub blocked: u64,
    /// Items somebody waits for.
    pub held: u64,
}

type CardLine = (Vec<u8>, Option<String>, bool, bool, Option<String>, Option<String>, u8);

/// A row whose values are none that the station writes; any other trouble is an error.
fn sensible<T>(row: rusqlite::Result<T>) -> Option<rusqlite::Result<T>> {
    if let Err(error) = &row
        && is_no_value_of_ours(error)
    {
        tracing::warn!("a row of the lists makes no sense");
        return None;
    }
    Some(row)
}

impl Journal {
    /// The lists, newest first within their bounds. A row that makes no sense is left out: what
    /// is not known is not lent to.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn lists(&self) -> Result<Lists, JournalError> {
        let mut query = self.db.prepare(
            "SELECT card, seen, allowed, blocked, until, lent_on, lent FROM card
             ORDER BY seen DESC LIMIT ?1",
        )?;
        let cards: Vec<CardLine> = query
            .query_map([bound(CARDS_MAX)], |r| {
                Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?))
            })?
            .filter_map(sensible)
            .collect::<Result<_, _>>()?;
        let mut query = self.db.prepare("SELECT item, day FROM held ORDER BY day DESC LIMIT ?1")?;
        let held: Vec<(String, String)> = query
            .query_map([bound(HELD_MAX)], |r| Ok((r.get(0)?, r.get(1)?)))?
            .filter_map(sensible)
            .collect::<Result<_, _>>()?;
        let held = held
            .into_iter()
            .filter_map(|(item, day)| Some((ItemId::new(item).ok()?, day.parse().ok()?)));
        Ok(Lists::new(self.sealer.cards().clone(), cards.into_iter().filter_map(card), held))
    }

    /// The newest moment of any unit.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn newest(&self) -> Result<Option<DateTime>, JournalError> {
        let at: Option<String> = self.db.query_row("SELECT max(at) FROM txn", [], |r| r.get(0))?;
        Ok(at.and_then(|at| at.parse().ok()))
    }

    /// A number that changes when another process wrote to the file (an import).
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn version_of_others(&self) -> Result<i64, JournalError> {
        Ok(self.db.query_row("PRAGMA data_version", [], |r| r.get(0))?)
    }

    /// How much the lists hold.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn list_figures(&self) -> Result<ListFigures, JournalError> {
        let of = |sql: &str| -> Result<u64, JournalError> {
            let n: i64 = self.db.query_row(sql, [], |r| r.get(0))?;
            Ok(u64::try_from(n).unwrap_or(0))
        };
        Ok(ListFigures {
            seen: of("SELECT count(*) FROM card WHERE seen IS NOT NULL")?,
            allowed: of("SELECT count(*) FROM card WHERE allowed")?,
            blocked: of("SELECT count(*) FROM card WHERE blocked")?,
            held: of("SELECT count(*) FROM held")?,
        })
    }

    /// Takes the library's own lists, all or nothing. Cards are hashed; their numbers stay in the
    /// file they came from.
    ///
    /// # Errors
    /// [`JournalError`]; [`JournalError::ListTooLong`] for more than the station remembers.
    pub fn import_lists(&mut self, import: &Import, today: Date) -> Result<(), JournalError> {
        let too_long = |what, found, most| JournalError::ListTooLong { what, found, most };
        for cards in [&import.cards, &import.blocked].into_iter().flatten() {
            if cards.len() > CARDS_MAX {
                return Err(too_long("cards", cards.len(), CARDS_MAX));
            }
        }
        if let Some(held) = import.held.as_ref().filter(|held| held.len() > HELD_MAX) {
            return Err(too_long("held items", held.len(), HELD_MAX));
        }
        let key = self.sealer.cards().clone();
        let tx = self.db.transaction()?;
        if let Some(cards) = &import.cards {
            tx.execute("UPDATE card SET allowed = 0", [])?;
            let mut put = tx.prepare(
                "INSERT INTO card (card, allowed) VALUES (?1, 1)
                 ON CONFLICT (card) DO UPDATE SET allowed = 1",
            )?;
            for card in cards {
                put.execute([key.hash(card).0])?;
            }
        }
        if let Some(cards) = &import.blocked {
            let mut put = tx.prepare(
                "INSERT INTO card (card, blocked, seen) VALUES (?1, 1, ?2)
                 ON CONFLICT (card) DO UPDATE SET blocked = 1",
            )?;
            for card in cards {
                put.execute(params![key.hash(card).0, today.to_string()])?;
            }
        }
        if let Some(held) = &import.held {
            tx.execute("DELETE FROM held", [])?;
            let mut put = tx.prepare("INSERT OR REPLACE INTO held (item, day) VALUES (?1, ?2)")?;
            for item in held {
                put.execute([item.as_str(), today.to_string().as_str()])?;
            }
        }
        tx.commit()?;
        Ok(())
    }

    /// Forgets cards and held items older than the rules allow, and the oldest above the bounds.
    /// Returns how many rows went.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn forget_lists(
        &mut self,
        today: Date,
        rules: &OfflineRules,
    ) -> Result<usize, JournalError> {
        let before = |days: u16| {
            let days = jiff::Span::new().days(i64::from(days));
            today.checked_sub(days).map_or_else(|_| String::new(), |day| day.to_string())
        };
        let tx = self.db.transaction()?;
        let mut gone = tx.execute(
            "DELETE FROM card WHERE NOT allowed AND coalesce(seen, '') < ?1",
            [before(rules.seen_days)],
        )?;
        gone += tx.execute("DELETE FROM held WHERE day < ?1", [before(rules.held_days)])?;
        gone += tx.execute(
            "DELETE FROM card WHERE card IN
                 (SELECT card FROM card ORDER BY seen DESC LIMIT -1 OFFSET ?1)",
            [bound(CARDS_MAX)],
        )?;
        gone += tx.execute(
            "DELETE FROM held WHERE item IN
                 (SELECT item FROM held ORDER BY day DESC LIMIT -1 OFFSET ?1)",
            [bound(HELD_MAX)],
        )?;
        tx.commit()?;
        Ok(gone)
    }
}

fn bound(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn card(line: CardLine) -> Option<(CardHash, CardRow)> {
    let (card, seen, allowed, blocked, until, lent_on, lent) = line;
    let card: [u8; HASH_LEN] = card.try_into().ok()?;
    let day = |text: Option<String>| text.map(|text| text.parse::<Date>()).transpose().ok();
    let row = CardRow {
        seen: day(seen)?,
        allowed,
        blocked,
        until: day(until)?,
        lent_on: day(lent_on)?,
        lent,
    };
    Some((CardHash(card), row))
}

/// What is known of a card now. Whether it is on the library's list only an import says.
pub(super) fn put_card(db: &Connection, card: CardHash, row: CardRow) -> rusqlite::Result<()> {
    let text = |day: Option<Date>| day.map(|day| day.to_string());
    db.prepare_cached(
        "INSERT INTO card (card, seen, blocked, until, lent_on, lent)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (card) DO UPDATE SET seen = ?2, blocked = ?3, until = ?4, lent_on = ?5,
             lent = ?6",
    )?
    .execute(params![
        card.0,
        text(row.seen),
        row.blocked,
        text(row.until),
        text(row.lent_on),
        row.lent
    ])?;
    Ok(())
}

/// Whether somebody waits for an item now.
pub(super) fn put_held(db: &Connection, item: &ItemId, day: Option<Date>) -> rusqlite::Result<()> {
    match day {
        Some(day) => db
            .prepare_cached("INSERT OR REPLACE INTO held (item, day) VALUES (?1, ?2)")?
            .execute([item.as_str(), day.to_string().as_str()])?,
        None => db.prepare_cached("DELETE FROM held WHERE item = ?1")?.execute([item.as_str()])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::Sealer;
    use crate::session::Record;

    const CARD: &str = "0200001234";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn on_disk(dir: &std::path::Path) -> Journal {
        let sealer = Sealer::from_file(&dir.join("key")).unwrap();
        Journal::open(&dir.join("journal.sqlite"), sealer).unwrap()
    }

    #[test]
    fn cards_are_known_after_a_restart_and_stand_nowhere_in_clear() {
        let dir = tempfile::tempdir().unwrap();
        let mut journal = on_disk(dir.path());
        let card = journal.sealer.cards().hash(&CARD.into());
        let row = CardRow {
            seen: Some(day("2026-11-20")),
            until: Some(day("2027-01-01")),
            lent_on: Some(day("2026-11-21")),
            lent: 3,
            ..CardRow::default()
        };
        let item = ItemId::new("YZ0000001").unwrap();
        let held = Record::Held { item: item.clone(), day: Some(day("2026-11-20")) };
        journal.write(&[Record::Card { card, row }, held]).unwrap();
        drop(journal);
        let journal = on_disk(dir.path());
        let lists = journal.lists().unwrap();
        assert_eq!(lists.card(&CARD.into()), Some(row));
        assert_eq!(lists.card(&"0200005678".into()), None);
        assert!(lists.is_held(&item));
        drop(journal);
        for file in std::fs::read_dir(dir.path()).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(CARD.len()).any(|w| w == CARD.as_bytes()));
        }
        // Another station's key does not know the card.
        std::fs::write(dir.path().join("key"), [7; 32]).unwrap();
        assert_eq!(on_disk(dir.path()).lists().unwrap().card(&CARD.into()), None);
    }

    #[test]
    fn an_import_replaces_the_library_s_own_lists_and_is_seen_by_the_station() {
        let dir = tempfile::tempdir().unwrap();
        let station = on_disk(dir.path());
        let before = station.version_of_others().unwrap();
        let mut tool = on_disk(dir.path());
        let cards = |numbers: &[&str]| Some(numbers.iter().map(|&n| n.into()).collect());
        let held = Some(vec![ItemId::new("YZ0000009").unwrap()]);
        let import = Import { cards: cards(&[CARD, "1"]), blocked: cards(&["1", "2"]), held };
        tool.import_lists(&import, day("2026-11-20")).unwrap();
        assert_ne!(station.version_of_others().unwrap(), before);
        let lists = station.lists().unwrap();
        assert!(lists.card(&CARD.into()).unwrap().allowed);
        let one = lists.card(&"1".into()).unwrap();
        assert!(one.allowed && one.blocked, "a block is not lifted by a list");
        let figures = station.list_figures().unwrap();
        assert_eq!((figures.allowed, figures.blocked, figures.held), (2, 2, 1));
        let import = Import { cards: cards(&[]), ..Import::default() };
        tool.import_lists(&import, day("2026-11-21")).unwrap();
        assert_eq!(tool.list_figures().unwrap().allowed, 0);
        assert_eq!(tool.list_figures().unwrap().held, 1, "what is not imported stays");
        let long = vec![PatronId::new("9"); CARDS_MAX + 1];
        let import = Import { cards: Some(long), ..Import::default() };
        assert!(tool.import_lists(&import, day("2026-11-21")).is_err());
    }

    #[test]
    fn what_is_old_is_forgotten() {
        let mut journal = Journal::in_memory().unwrap();
        let rules = OfflineRules::default();
        let key = journal.sealer.cards().clone();
        let row = |seen: &str| CardRow { seen: Some(day(seen)), ..CardRow::default() };
        let card = |n: &str, seen: &str| Record::Card { card: key.hash(&n.into()), row: row(seen) };
        let held = |n: u8, on: &str| Record::Held {
            item: ItemId::new(format!("YZ{n}")).unwrap(),
            day: Some(day(on)),
        };
        journal.write(&[card("1", "2026-08-01"), card("2", "2026-11-01")]).unwrap();
        journal.write(&[held(1, "2026-10-01"), held(2, "2026-11-20")]).unwrap();
        assert_eq!(journal.forget_lists(day("2026-11-22"), &rules).unwrap(), 2);
        let figures = journal.list_figures().unwrap();
        assert_eq!((figures.seen, figures.held), (1, 1));
    }
}
