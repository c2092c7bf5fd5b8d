//! Ledger, journal, tags, paper and screen, read from their files after everything has ended, and
//! compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use drivers::sim::tags;
use kiosk::journal::{Journal, Row, Sealer};
use kiosk::practice::{self, LedgerEntry, Practice};

use super::plant::Plant;
use super::visit::POOL;
use super::{Claim, Figures};

/// AFI of a book on loan, as the station is configured.
const RELEASED: u8 = 0xC2;

/// Kinds of the ledger and of the journal that belong together.
const KINDS: [(&str, &[&str]); 4] = [
    ("checkout", &["loan"]),
    ("checkin", &["return", "taken_in"]),
    ("renew", &["renewal"]),
    ("cancel", &["loan_cancelled", "return_cancelled"]),
];

fn journal(path: &Path) -> Vec<Row> {
    if !path.exists() {
        return Vec::new();
    }
    let sealer = Sealer::ephemeral().expect("random bytes");
    let journal = Journal::open_read_only(path, sealer).expect("the journal opens");
    let mut rows = Vec::new();
    loop {
        let page = journal.page(rows.last().map_or(0, |row: &Row| row.id)).expect("a page");
        if page.is_empty() {
            return rows;
        }
        rows.extend(page);
    }
}

/// Units without an outcome, and (`true`) items whose tag is owed something.
pub(super) fn open(plant: &Plant) -> Vec<(String, bool)> {
    let open = |row: &Row| ["intent", "unsure", "queued"].contains(&row.state.as_str());
    let owed = |row: &Row| ["pending", "repair"].contains(&row.tag.as_str());
    let rows = journal(&plant.journal());
    let mut list: Vec<_> =
        rows.iter().filter(|row| open(row)).map(|row| (row.item.clone(), false)).collect();
    // Only the last unit of an item can still owe its tag something.
    let last: BTreeMap<&str, &Row> = rows.iter().map(|row| (row.item.as_str(), row)).collect();
    list.extend(last.values().filter(|row| owed(row)).map(|row| (row.item.clone(), true)));
    list
}

pub(super) fn compare(
    plant: &Plant,
    claims: &BTreeMap<Claim, String>,
) -> Result<Figures, Vec<String>> {
    let rows = journal(&plant.journal());
    let library = Practice::start(practice::Config {
        database: practice::Location::File(plant.database()),
        ..practice::Config::default()
    })
    .map_err(|error| vec![error.to_string()])?;
    let ledger = library.ledger().map_err(|error| vec![error.to_string()])?;
    let slips = slips(&plant.receipts());
    let state = |name: &str| rows.iter().filter(|row| row.state == name).count();
    let mut found = Vec::new();
    for name in ["intent", "unsure", "queued"] {
        if state(name) > 0 {
            found.push(format!("{} units {name}", state(name)));
        }
    }
    for item in POOL {
        units_agree(item, &rows, &ledger, &mut found);
    }
    tags_agree(&plant.tags_file(), &rows, &ledger, &mut found);
    paper_agrees(&slips, &rows, &mut found);
    screen_agrees(claims, &rows, &ledger, &mut found);
    let printed = printed(plant);
    if printed > slips.len() as u64 {
        found.push(format!("the journal says {printed} slips, on paper are {}", slips.len()));
    }
    let of = |kinds: &[&str]| ledger.iter().filter(|e| kinds.contains(&e.kind.name())).count();
    let figures = Figures {
        loans: of(KINDS[0].1),
        returns: of(KINDS[1].1),
        units: rows.len(),
        for_staff: state("for_staff"),
        noted: ledger.iter().filter(|e| e.at != e.event_at).count(),
        slips: slips.len(),
        claims: claims.len(),
        tags: POOL.len(),
    };
    if found.is_empty() { Ok(figures) } else { Err(found) }
}

fn printed(plant: &Plant) -> u64 {
    let sealer = Sealer::ephemeral().expect("random bytes");
    let journal = Journal::open_read_only(&plant.journal(), sealer);
    journal.and_then(|journal| journal.figures(0)).map_or(0, |figures| figures.receipts)
}

fn in_ledger(ledger: &[LedgerEntry], item: &str, kinds: &[&str]) -> usize {
    let of = |e: &&LedgerEntry| e.item.as_deref() == Some(item) && kinds.contains(&e.kind.name());
    ledger.iter().filter(of).count()
}

/// What the library system did is what the journal says it did, in the same order and once each.
/// What is left to staff may have been done or not.
fn units_agree(item: &str, rows: &[Row], ledger: &[LedgerEntry], found: &mut Vec<String>) {
    for (kind, names) in KINDS {
        let state = |state: &str| {
            let of = |row: &&Row| row.item == item && row.kind == kind && row.state == state;
            rows.iter().filter(of).count()
        };
        let (sure, perhaps) = (state("accepted"), state("for_staff"));
        let done = in_ledger(ledger, item, names);
        // A return that was found out to need none leaves no entry.
        let least = if kind == "checkin" { 0 } else { sure };
        if !(least..=sure + perhaps).contains(&done) {
            found.push(format!(
                "{item}: {done} {kind} in the ledger, {sure} in the journal, {perhaps} for staff"
            ));
        }
    }
    if rows.iter().any(|row| row.item == item && row.state == "for_staff") {
        return;
    }
    let of_item = |row: &&Row| row.item == item && row.state == "accepted";
    let journal = moves(rows.iter().filter(of_item).map(|row| row.kind.as_str()));
    let of_item = |e: &&LedgerEntry| e.item.as_deref() == Some(item);
    let ledger = moves(ledger.iter().filter(of_item).map(|e| e.kind.name()));
    if journal != ledger {
        found.push(format!("{item}: the ledger says {ledger:?}, the journal {journal:?}"));
    }
}

/// Out and in, in order. Coming in twice is coming in; all books were in at first.
fn moves<'a>(kinds: impl Iterator<Item = &'a str>) -> Vec<&'static str> {
    let mut moves = Vec::new();
    for kind in kinds {
        match kind {
            "checkout" | "loan" => moves.push("out"),
            "checkin" | "return" | "taken_in" if moves.last() == Some(&"out") => moves.push("in"),
            _ => {}
        }
    }
    moves
}

/// A tag is released if and only if its book is on loan. What is left to staff is theirs.
fn tags_agree(file: &Path, rows: &[Row], ledger: &[LedgerEntry], found: &mut Vec<String>) {
    let tags = match tags::read(file) {
        Ok(tags) => tags,
        Err(error) => return found.push(error.to_string()),
    };
    for item in POOL {
        let staff = |row: &Row| row.item == item && row.state == "for_staff";
        let Some(placed) = tags.iter().find(|placed| placed.tag.id == item) else {
            found.push(format!("{item}: no tag"));
            continue;
        };
        let moves = ["loan", "return", "loan_cancelled", "return_cancelled"];
        let last = ledger
            .iter()
            .rev()
            .find(|e| e.item.as_deref() == Some(item) && moves.contains(&e.kind.name()));
        let lent = last.is_some_and(|e| ["loan", "return_cancelled"].contains(&e.kind.name()));
        let tag = &placed.tag;
        let released = tag.afi == RELEASED && !tag.eas;
        let secured = tag.afi != RELEASED && tag.eas;
        let right = if lent { released } else { secured };
        if !right && !rows.iter().any(staff) {
            let (afi, eas) = (tag.afi, tag.eas);
            found.push(format!("{item}: lent {lent}, its tag has AFI {afi:02X}, EAS {eas}"));
        }
    }
}

/// The texts of all slips.
fn slips(dir: &Path) -> Vec<(PathBuf, String)> {
    let mut slips = Vec::new();
    for life in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        for file in std::fs::read_dir(life.path()).into_iter().flatten().flatten() {
            let path = file.path();
            if path.extension().is_some_and(|ext| ext == "txt") {
                let text = std::fs::read_to_string(&path).unwrap_or_default();
                slips.push((path, text));
            }
        }
    }
    slips
}

/// Titles, as the library system told them.
fn titles(rows: &[Row]) -> BTreeMap<&str, &str> {
    rows.iter().filter_map(|row| Some((row.item.as_str(), row.title.as_deref()?))).collect()
}

/// No slip names an item that its session did not lend, take back or note.
fn paper_agrees(slips: &[(PathBuf, String)], rows: &[Row], found: &mut Vec<String>) {
    let titles = titles(rows);
    for (path, slip) in slips {
        let session: Vec<&Row> = rows.iter().filter(|row| slip.contains(&row.session)).collect();
        for item in POOL {
            let named = slip.contains(item) || titles.get(item).is_some_and(|t| slip.contains(t));
            let done = session.iter().any(|row| row.item == item && row.state == "accepted");
            if named && !done {
                found.push(format!("{}: names {item}, which was not done", path.display()));
            }
        }
    }
}

/// The screen said borrowed or returned no more often than it was so.
fn screen_agrees(
    claims: &BTreeMap<Claim, String>,
    rows: &[Row],
    ledger: &[LedgerEntry],
    found: &mut Vec<String>,
) {
    let titles = titles(rows);
    for item in POOL {
        let names = [Some(item), titles.get(item).copied()];
        for (returned, kinds) in [(false, KINDS[0].1), (true, KINDS[1].1)] {
            let of = |(claim, title): &(&Claim, &String)| {
                claim.returned == returned && names.contains(&Some(title.as_str()))
            };
            let (said, done) = (claims.iter().filter(of).count(), in_ledger(ledger, item, kinds));
            if said > done {
                found
                    .push(format!("{item}: the screen said {said} times {kinds:?}, so was {done}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, kind: &str, state: &str, tag: &str) -> Row {
        Row {
            id,
            session: "7K4-M92".to_owned(),
            kind: kind.to_owned(),
            item: POOL[0].to_owned(),
            at: "2026-11-26T10:00:00".to_owned(),
            state: state.to_owned(),
            reason: None,
            title: Some("三国演义".to_owned()),
            tag: tag.to_owned(),
            due: None,
            remark: None,
        }
    }

    #[test]
    fn coming_in_twice_is_coming_in_and_going_out_twice_is_not_going_out() {
        let of = |kinds: &[&'static str]| moves(kinds.iter().copied());
        assert_eq!(of(&["checkin", "checkout", "checkin", "checkin"]), ["out", "in"]);
        assert_eq!(of(&["taken_in", "loan", "return", "taken_in"]), ["out", "in"]);
        assert_eq!(of(&["loan", "loan"]), ["out", "out"]);
    }

    #[test]
    fn a_loan_that_the_ledger_does_not_know_is_found() {
        let mut found = Vec::new();
        units_agree(POOL[0], &[row(1, "checkout", "accepted", "secured")], &[], &mut found);
        assert!(!found.is_empty());
        found.clear();
        units_agree(POOL[0], &[row(1, "checkout", "refused", "none")], &[], &mut found);
        assert!(found.is_empty(), "{found:?}");
    }

    #[test]
    fn a_slip_that_names_what_was_not_done_is_found() {
        let slip = |text: &str| vec![(PathBuf::from("0001.txt"), text.to_owned())];
        for (state, right) in [("accepted", true), ("refused", false), ("intent", false)] {
            let mut found = Vec::new();
            let rows = [row(1, "checkout", state, "secured")];
            paper_agrees(&slip("凭条 7K4-M92\n三国演义"), &rows, &mut found);
            assert_eq!(found.is_empty(), right, "{state}: {found:?}");
        }
    }

    #[test]
    fn a_screen_that_said_more_than_was_so_is_found() {
        let claim = |returned| Claim { life: 1, session: 1, line: 1, returned };
        let claims = BTreeMap::from([(claim(false), "三国演义".to_owned())]);
        let mut found = Vec::new();
        screen_agrees(&claims, &[row(1, "checkout", "accepted", "secured")], &[], &mut found);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}
