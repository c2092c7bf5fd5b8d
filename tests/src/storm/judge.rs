//! The judges. They look at the library system's ledger, at tags, at the journal file opened
//! afresh, at paper, at the wire and at what the screen showed; they never ask the station.

use std::collections::{BTreeMap, BTreeSet};

use kiosk::journal::Row;
use kiosk::practice::{Kind, LedgerEntry};
use kiosk::session::{JobKind, Record, TxnOutcome};
use kiosk::sip2::Request;
use ui::view::{LineState, LoanState, Receipt, Screen, View};

use super::library::{self, Exchange, PATRONS};
use super::pad::Field;

/// What is known of one item from outside.
#[derive(Debug, Clone, Default)]
struct Known {
    /// Who has it, by the ledger.
    lent: Option<String>,
    /// Entries of each kind.
    ledger: BTreeMap<&'static str, u32>,
    /// The library system said yes once and did nothing.
    lied: bool,
    /// It was named by the scanner: its tag may be elsewhere.
    scanned: bool,
    /// It was lent off line once.
    lent_here: bool,
}

/// The judges' memory.
#[derive(Debug, Default)]
pub struct Judge {
    items: BTreeMap<String, Known>,
    /// The first thing found wrong.
    pub failure: Option<String>,
    /// Lines judged, by station start and line.
    lines: BTreeMap<(u32, u32), LineState>,
    /// Loans shown as renewed, likewise.
    renewed: BTreeSet<(u32, u32)>,
    /// The last request of each connection, and whether it was answered.
    last: BTreeMap<u64, (Vec<u8>, bool)>,
    /// The item of each return in the journal that is not settled.
    returns: BTreeMap<u64, String>,
    /// Returns noted and not settled yet.
    noted: BTreeSet<u64>,
    /// Units that were found out, which the disk did not take: they are not posted any more.
    decided: BTreeSet<u64>,
    /// Units the library system has heard of as noted off line.
    posted: BTreeSet<u64>,
    /// An answer carried another digit than its request.
    pub wrong_digit: bool,
    /// An answer came behind the next, or again.
    pub held_back: bool,
    /// Items of loans by their unit, and which of them are noted off line and not posted yet.
    loans: BTreeMap<u64, String>,
    lent_here: BTreeSet<u64>,
    /// Loans noted off line, for tables.
    pub noted_loans: u64,
    /// Figures for tables.
    pub claims: u64,
    /// Every kind of entry in the ledger.
    pub ledger: BTreeMap<&'static str, u64>,
    /// Duplicates are recognised by the library system.
    pub duplicates: bool,
}

/// A claim of the screen that the journal must hold, durably.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Item.
    pub item: String,
    /// What is claimed.
    pub what: LineState,
}

impl Judge {
    /// A judge who knows what was on loan before.
    #[must_use]
    pub fn new(lent: Vec<(String, String)>, duplicates: bool) -> Self {
        let mut judge = Self { duplicates, ..Self::default() };
        for (item, patron) in lent {
            judge.items.entry(item).or_default().lent = Some(patron);
        }
        judge
    }

    /// Something is wrong. The first counts.
    pub fn fail(&mut self, what: impl Into<String>) {
        if self.failure.is_none() {
            self.failure = Some(what.into());
        }
    }

    fn item(&mut self, item: &str) -> &mut Known {
        self.items.entry(item.to_owned()).or_default()
    }

    /// An item was named by the scanner.
    pub fn scanned(&mut self, item: &str) {
        self.item(item).scanned = true;
    }

    fn is_lent(&self, item: &str) -> bool {
        self.items.get(item).is_some_and(|known| known.lent.is_some())
    }

    fn is_lied(&self, item: &str) -> bool {
        self.items.get(item).is_some_and(|known| known.lied)
    }

    /// The ledger grew.
    pub fn booked(&mut self, entries: Vec<LedgerEntry>) {
        for entry in entries {
            let Some(item) = entry.item else { continue };
            *self.ledger.entry(entry.kind.name()).or_default() += 1;
            let known = self.item(&item);
            *known.ledger.entry(entry.kind.name()).or_default() += 1;
            match entry.kind {
                Kind::Loan => known.lent = entry.patron.map(|p| p.expose().to_owned()),
                Kind::Return | Kind::LoanCancelled | Kind::TakenIn => known.lent = None,
                _ => {}
            }
        }
    }

    /// The station starts anew: what its disk kept counts, be it more than was confirmed.
    pub fn resumed(&mut self, rows: &[Row]) {
        let open = |row: &&Row| matches!(row.state.as_str(), "intent" | "unsure" | "queued");
        let returns = rows.iter().filter(|row| row.kind == "checkin").filter(open);
        let unit = |row: &Row| u64::try_from(row.id).unwrap_or(0);
        self.decided.clear();
        self.noted = returns.clone().filter(|r| r.state == "queued").map(unit).collect();
        self.returns = returns.map(|row| (unit(row), row.item.clone())).collect();
        let loans = rows.iter().filter(|row| row.kind == "checkout").filter(open);
        self.lent_here = loans.clone().filter(|r| r.state == "queued").map(unit).collect();
        self.noted.extend(&self.lent_here);
        self.loans = loans.map(|row| (unit(row), row.item.clone())).collect();
    }

    /// A loan of this item is noted off line and not posted yet.
    fn is_lent_here(&self, item: &str) -> bool {
        self.lent_here.iter().any(|unit| self.loans.get(unit).is_some_and(|of| of == item))
    }

    /// Something is in the journal.
    pub fn recorded(&mut self, records: &[Record]) {
        for record in records {
            match record {
                Record::Intent { txn, item, kind: JobKind::Checkin, .. } => {
                    self.returns.insert(txn.0, item.to_string());
                }
                Record::Intent { txn, item, kind: JobKind::Checkout, .. } => {
                    self.loans.insert(txn.0, item.to_string());
                }
                Record::Outcome { txn, outcome: TxnOutcome::Queued { .. } } => {
                    self.noted.insert(txn.0);
                }
                Record::Outcome { txn, outcome: TxnOutcome::LentHere { .. } } => {
                    self.noted.insert(txn.0);
                    self.noted_loans += u64::from(self.lent_here.insert(txn.0));
                    if let Some(item) = self.loans.get(&txn.0).cloned() {
                        self.item(&item).lent_here = true;
                    }
                }
                Record::Outcome { outcome: TxnOutcome::Unsure, .. } => {}
                Record::Outcome { txn, .. } => {
                    self.returns.remove(&txn.0);
                    self.loans.remove(&txn.0);
                    self.lent_here.remove(&txn.0);
                    self.noted.remove(&txn.0);
                }
                _ => {}
            }
        }
    }

    /// The disk did not take how these ended. The station knows, until its power goes.
    pub fn decided(&mut self, records: &[Record]) {
        for record in records {
            match record {
                Record::Outcome {
                    outcome:
                        TxnOutcome::Unsure | TxnOutcome::Queued { .. } | TxnOutcome::LentHere { .. },
                    ..
                } => {}
                Record::Outcome { txn, .. } => {
                    self.decided.insert(txn.0);
                }
                _ => {}
            }
        }
    }

    /// What was noted off line is posted, as the library system hears it: in the order it happened.
    /// What was noted before is settled, found out or was heard before.
    fn posted(&mut self, request: &[u8]) {
        // The no block flag: Checkin at 2, Checkout at 3 (SIP2 2.00, messages 09 and 11).
        let units = match request {
            [b'0', b'9', b'Y', ..] => &self.returns,
            [b'1', b'1', _, b'Y', ..] => &self.loans,
            _ => return,
        };
        let Some(item) = library::field(request, "AB") else { return };
        let Some((&mine, _)) = units.iter().find(|unit| *unit.1 == item) else { return };
        let known = |unit: &&u64| self.posted.contains(*unit) || self.decided.contains(*unit);
        let before = self.noted.range(..mine).find(|unit| !known(unit)).copied();
        self.posted.insert(mine);
        if let Some(before) = before {
            self.fail(format!("unit {mine} is posted before unit {before}"));
        }
    }

    /// The station asks something. What was noted off line is handed to the link only when nothing
    /// noted before it about the same item waits.
    pub fn asked(&mut self, request: &Request) {
        let (units, item) = match request {
            Request::Checkin(m) if m.no_block => (&self.returns, &m.item_identifier),
            Request::Checkout(m) if m.no_block => (&self.loans, &m.item_identifier),
            _ => return,
        };
        let Some((&mine, _)) = units.iter().find(|unit| unit.1 == item) else { return };
        let same = |unit: &&u64| {
            let of = self.returns.get(*unit).or_else(|| self.loans.get(*unit));
            of == Some(item)
        };
        if let Some(before) = self.noted.range(..mine).find(same) {
            self.fail(format!("unit {mine} is told before unit {before} of its item is settled"));
        }
    }

    /// A message reached the library system. While one is unanswered, nothing else may come on its
    /// connection than the same bytes again.
    pub fn heard(&mut self, connection: u64, exchange: &Exchange) {
        let request = &exchange.request;
        self.posted(request);
        let (before, answered) = self.last.entry(connection).or_insert((Vec::new(), true));
        if before != request {
            // An old answer about the same thing, held back, that carries the digit of a question
            // which changes nothing cannot be told from its own.
            let asks = before.starts_with(b"63") || before.starts_with(b"17");
            let taken = asks && self.wrong_digit && self.held_back;
            let goodbye = before.starts_with(b"35");
            let open = !*answered && !request.starts_with(b"97") && !goodbye && !taken;
            let code = String::from_utf8_lossy(&before[..2.min(before.len())]).into_owned();
            if !request.starts_with(b"97") {
                (*before, *answered) = (request.clone(), false);
            }
            if open {
                self.fail(format!("an unanswered {code} was not repeated as it was"));
            }
        }
        if exchange.lied
            && let Some(item) = library::field(request, "AB")
        {
            self.item(&item).lied = true;
        }
    }

    /// Bytes reached the station.
    pub fn answered(&mut self, connection: u64) {
        if let Some((_, answered)) = self.last.get_mut(&connection) {
            *answered = true;
        }
    }

    /// Tags were written towards "released".
    pub fn released(&mut self, field: &mut Field) {
        for uid in std::mem::take(&mut field.released) {
            let Some(item) = field.tags.get(&uid).and_then(|tag| tag.item.clone()) else {
                self.fail(format!("{uid}, which is no book, was released"));
                continue;
            };
            if !self.is_lent(&item) && !self.is_lied(&item) && !self.is_lent_here(&item) {
                self.fail(format!("{item} was released without a loan"));
            }
        }
    }

    /// Everything on a new view that claims something; the claims still to be found in the journal.
    pub fn viewed(&mut self, view: &View, boot: u32, field: &Field) -> Vec<Claim> {
        let shown = format!("{view:?}");
        self.no_trace("the screen", &shown);
        let mut claims = Vec::new();
        let lines = match &view.screen {
            Screen::Borrow(work) | Screen::GiveBack(work) => &work.lines[..],
            Screen::Finish(finish) => &finish.not_done[..],
            _ => &[],
        };
        for line in lines {
            let before = self.lines.insert((boot, line.id), line.state);
            let done = matches!(
                line.state,
                LineState::Borrowed | LineState::Returned | LineState::Renewed | LineState::Queued
            );
            if !done || before == Some(line.state) {
                continue;
            }
            let Some(item) = number(&line.title) else {
                self.fail(format!("a line without a number: {:?}", line.title));
                continue;
            };
            self.claims += 1;
            let loan = matches!(view.screen, Screen::Borrow(_));
            self.claimed(&item, line.state, loan, field);
            claims.push(Claim { item, what: line.state });
        }
        if let Screen::Loans(loans) = &view.screen {
            for loan in loans.loans.iter().filter(|l| l.state == LoanState::Renewed) {
                let Some(item) = number(&loan.title) else { continue };
                // Pages come and go; the ledger is looked at whenever the claim stands there.
                if self.count(&item, "renewal") == 0 && !self.is_lied(&item) {
                    self.fail(format!("{item} is shown as renewed and is not"));
                }
                if self.renewed.insert((boot, loan.id)) {
                    self.claims += 1;
                }
            }
        }
        claims
    }

    fn count(&self, item: &str, kind: &str) -> u32 {
        self.items.get(item).and_then(|k| k.ledger.get(kind)).copied().unwrap_or(0)
    }

    /// A line says that it is done: ledger and tag must say so now.
    fn claimed(&mut self, item: &str, what: LineState, loan: bool, field: &Field) {
        let here = self.is_lent_here(item);
        let known = self.items.get(item).cloned().unwrap_or_default();
        let mut tags = field.tags.values().filter(|tag| tag.item.as_deref() == Some(item));
        let fail = match what {
            LineState::Borrowed | LineState::Renewed if known.lent.is_none() && !known.lied => {
                Some("is shown as lent and the ledger has no loan")
            }
            LineState::Borrowed if !known.scanned && !tags.all(|t| t.is_released()) => {
                Some("is shown as lent and its tag is not released")
            }
            LineState::Queued if loan && known.lent.is_none() && !known.lied && !here => {
                Some("is shown as lent off line and nothing is noted")
            }
            LineState::Queued if loan => (!known.scanned && !tags.all(|t| t.is_released()))
                .then_some("is shown as lent off line and its tag is not released"),
            LineState::Returned if known.lent.is_some() && !known.lied => {
                Some("is shown as returned and the ledger has it on loan")
            }
            LineState::Returned | LineState::Queued
                if !known.scanned && !tags.all(|t| t.is_secured()) =>
            {
                Some("is shown as returned or noted and its tag is not secured")
            }
            _ => None,
        };
        if let Some(fail) = fail {
            self.fail(format!("{item} {fail}"));
        }
    }

    /// What the screen claims must be in the journal as the worst power cut would leave it.
    pub fn journaled(&mut self, claims: &[Claim], rows: &[Row]) {
        for Claim { item, what } in claims {
            let fits = |row: &&Row| {
                let settled = matches!(row.tag.as_str(), "none" | "secured");
                let (kind, state) = (row.kind.as_str(), row.state.as_str());
                row.item == *item
                    && match what {
                        LineState::Borrowed => {
                            (kind, state) == ("checkout", "accepted") && settled
                                || (kind, state) == ("checkout", "refused")
                                // Taken back in vain: the loan stands.
                                || kind == "cancel" && state != "accepted"
                        }
                        LineState::Returned => {
                            (kind, state) == ("checkin", "accepted") && row.tag != "pending"
                        }
                        LineState::Renewed => (kind, state) == ("renew", "accepted") && settled,
                        _ => {
                            matches!(state, "queued" | "accepted")
                                && row.tag != "pending"
                                && (kind == "checkin" || kind == "checkout" && row.due.is_some())
                        }
                    }
            };
            if !rows.iter().any(|row| fits(&row)) {
                self.fail(format!("{item} is shown as {what:?} and the journal would not know it"));
            }
        }
    }

    /// A slip goes to the printer: what it says must be so.
    pub fn slip(&mut self, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes).into_owned();
        self.no_trace("paper", &text);
        for line in text.lines() {
            let Some(item) = number(line) else { continue };
            let (lent, lied) = (self.is_lent(&item), self.is_lied(&item));
            if lied {
                continue;
            }
            if line.contains("returned") && lent {
                self.fail(format!("paper says {item} is returned and the ledger has it on loan"));
            }
            let here = self.items.get(&item).is_some_and(|known| known.lent_here);
            if line.contains("due 2") && !lent && !here {
                self.fail(format!("paper says {item} is lent and the ledger has no loan"));
            }
        }
    }

    /// What the screen says of the receipt.
    pub fn receipt(&mut self, view: &View, whole: usize) {
        if let Screen::Finish(finish) = &view.screen
            && finish.receipt == Receipt::Printed
            && whole == 0
        {
            self.fail("a receipt is said to be printed and no slip came out");
        }
    }

    /// No name, number or PIN may stand there.
    pub fn no_trace(&mut self, place: &str, text: &str) {
        for patron in PATRONS {
            for secret in [patron.number, patron.name, patron.pin] {
                if text.contains(secret) {
                    self.fail(format!("a patron's data is in {place}"));
                }
            }
        }
    }

    /// All is well again and everybody has left: nothing may be open, lost or double.
    pub fn end(&mut self, rows: &[Row], repairs: &BTreeSet<String>, field: &Field) {
        for row in rows {
            let open = matches!(row.state.as_str(), "intent" | "unsure" | "queued");
            if open || row.tag == "pending" {
                self.fail(format!("unit {} of {} is still open: {row:?}", row.id, row.item));
            }
        }
        let items: BTreeSet<String> =
            self.items.keys().cloned().chain(rows.iter().map(|row| row.item.clone())).collect();
        for item in &items {
            if self.is_lied(item) {
                continue;
            }
            let of_item: Vec<&Row> = rows.iter().filter(|row| row.item == *item).collect();
            self.balance(item, &of_item);
            self.tags_at_end(item, &of_item, repairs, field);
        }
    }

    /// Journal and ledger of one item.
    fn balance(&mut self, item: &str, rows: &[&Row]) {
        let count = |kind: &str, state: &str| {
            let fits = |row: &&&Row| row.kind == kind && row.state == state;
            u32::try_from(rows.iter().filter(fits).count()).unwrap_or(u32::MAX)
        };
        // Lent off line to a reader who had it already: nothing was left to do.
        let already = |row: &Row| row.remark.as_deref().is_some_and(|r| r.contains("already"));
        // Found out afterwards, an older loan or return cannot be told from the one asked for.
        let guessed = |kind: &str| {
            let fits = |row: &&&Row| {
                row.kind == kind && row.state == "accepted" && (row.title.is_none() || already(row))
            };
            u32::try_from(rows.iter().filter(fits).count()).unwrap_or(u32::MAX)
        };
        let ledger = |kind: &str| self.count(item, kind);
        let taken_in = ledger("taken_in");
        // Without duplicate protection a repeated return is taken in once more, which does nothing.
        let again = if self.duplicates { 0 } else { taken_in };
        let back = ledger("return") + taken_in;
        // A loan noted off line of what the reader had already is taken for a renewal; one that was
        // found out cannot be told from it.
        let maybe = |row: &&&Row| {
            row.kind == "checkout" && row.due.is_some() && (row.title.is_none() || already(row))
        };
        let noted = rows.iter().filter(maybe).count();
        let noted = u32::try_from(noted).unwrap_or(u32::MAX);
        let pairs = [
            ("checkout", ledger("loan"), 0),
            ("renew", ledger("renewal"), noted),
            ("checkin", back, again),
            ("cancel", ledger("loan_cancelled"), 0),
        ];
        let mut wrong = Vec::new();
        for (kind, booked, spare) in pairs {
            let accepted = count(kind, "accepted");
            let staff = count(kind, "for_staff");
            if booked > accepted + staff + spare {
                wrong.push(format!(
                    "{item}: the ledger has {booked} of kind {kind}, the journal knows {accepted} and {staff} for staff"
                ));
            }
            if accepted > booked + guessed(kind) {
                wrong.push(format!(
                    "{item}: the journal has {accepted} of kind {kind} accepted, the ledger {booked}"
                ));
            }
        }
        for wrong in wrong {
            self.fail(wrong);
        }
    }

    fn tags_at_end(
        &mut self,
        item: &str,
        rows: &[&Row],
        repairs: &BTreeSet<String>,
        field: &Field,
    ) {
        let known = self.items.get(item).cloned().unwrap_or_default();
        if rows.is_empty() || known.scanned {
            return;
        }
        let staff = rows.iter().any(|row| row.state == "for_staff");
        // Lent off line and refused afterwards: staff have it, and the reader the book.
        if rows.iter().any(|row| row.state == "for_staff" && row.due.is_some()) {
            return;
        }
        for (uid, tag) in field.tags.iter().filter(|(_, tag)| tag.item.as_deref() == Some(item)) {
            let right = if known.lent.is_some() { tag.is_released() } else { tag.is_secured() };
            // Where staff decide, armed is the safe side.
            let safe = staff && tag.is_secured();
            if !right && !safe && !repairs.contains(&uid.to_string()) {
                self.fail(format!(
                    "{item}: lent {}, its tag released {}, and not on the repair list; {rows:?}",
                    known.lent.is_some(),
                    tag.is_released()
                ));
            }
        }
    }
}

/// The item number in a text.
fn number(text: &str) -> Option<String> {
    let at = text.find("YZ0")?;
    text.get(at..at + 9).map(str::to_owned)
}
