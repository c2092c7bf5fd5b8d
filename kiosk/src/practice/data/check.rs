//! Checks the entries against each other and turns them into records.

use std::collections::{HashMap, HashSet};

use jiff::ToSpan;
use jiff::civil::Date;

use super::FORMAT;
use super::entries::{
    AccountEntry, BranchEntry, ClassEntry, File, HoldEntry, ItemEntry, LoanEntry, PatronEntry,
};
use super::error::Problems;
use super::records::{Data, HoldRecord, ItemRecord, LoanRecord, PatronRecord};
use crate::practice::model::Circulation;
use crate::practice::money::Fen;
use crate::practice::rules::{MAX_PERIOD_DAYS, Policy};

/// Longest text of one field, in characters; the shortest limit known of SIP2 values is 255
/// (sip2.md section 1).
const MAX_TEXT_CHARS: usize = 255;

/// Most a relative date may lie from today, in days.
const MAX_RELATIVE_DAYS: i64 = 36_500;

/// Checks everything; `None` when a required single entry is missing. The caller looks at
/// `problems` for the rest.
pub(super) fn check(raw: File, today: Date, problems: &mut Problems) -> Option<Data> {
    let mut check = Check { problems, today, known: Known::default() };
    if raw.format != Some(FORMAT) {
        check.problems.add("file", "format", format!("must be {FORMAT}"));
    }
    let policy = raw.rules.unwrap_or_default();
    check.policy(&policy);
    let accounts = check.accounts(raw.accounts);
    let classes = check.classes(raw.classes);
    let branches = check.branches(raw.branches);
    let items = check.items(raw.items);
    let patrons = check.patrons(raw.patrons, &classes);
    let loans = check.loans(raw.loans, &items);
    let holds = check.holds(raw.holds, &items, &loans);
    if raw.institution.is_none() {
        check.problems.add("file", "institution", "is missing: give the id stations use, as YZLIB");
    }
    if raw.library.is_none() {
        check.problems.add("file", "library", "is missing: give { \"zh\": …, \"en\": … }");
    }
    let (institution, library) = (raw.institution?, raw.library?);
    check.text("file", "institution", &institution, Empty::Refused);
    check.text("library", "zh", &library.zh, Empty::Refused);
    check.text("library", "en", &library.en, Empty::Refused);
    Some(Data {
        institution,
        library_zh: library.zh,
        library_en: library.en,
        policy,
        accounts,
        branches,
        patrons,
        items,
        loans,
        holds,
    })
}

/// Whether a field may be empty.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Empty {
    Allowed,
    Refused,
}

#[derive(Default)]
struct Known {
    branches: HashSet<String>,
    patrons: HashSet<String>,
    items: HashSet<String>,
}

struct Check<'a> {
    problems: &'a mut Problems,
    today: Date,
    known: Known,
}

impl Check<'_> {
    fn text(&mut self, entry: &str, field: &str, text: &str, empty: Empty) {
        if text.trim().is_empty() {
            if empty == Empty::Refused {
                self.problems.add(entry, field, "is empty: fill it in");
            }
        } else if text.chars().any(|c| c == '|' || c.is_control()) {
            self.problems.add(
                entry,
                field,
                "holds a | or a control character, which SIP2 cannot carry: remove it",
            );
        } else if text.chars().count() > MAX_TEXT_CHARS {
            self.problems.add(
                entry,
                field,
                format!("is longer than {MAX_TEXT_CHARS} characters: shorten it"),
            );
        }
    }

    fn date(&mut self, entry: &str, field: &str, text: &str) -> Option<Date> {
        let relative = text.starts_with(['+', '-']).then(|| text.parse::<i64>().ok()).flatten();
        let date = match relative {
            Some(days) if days.abs() <= MAX_RELATIVE_DAYS => {
                self.today.checked_add(days.days()).ok()
            }
            Some(_) => None,
            None => text.parse::<Date>().ok(),
        };
        if date.is_none() {
            self.problems.add(
                entry,
                field,
                "is not a date: write 2026-12-31, or +3 or -40 for days from today",
            );
        }
        date
    }

    fn money(&mut self, entry: &str, field: &str, text: &str) -> Fen {
        Fen::parse(text).unwrap_or_else(|| {
            self.problems.add(entry, field, "is not an amount: write it like \"3.50\"");
            Fen::ZERO
        })
    }

    fn once(&mut self, entry: &str, field: &str, fresh: bool) {
        if !fresh {
            self.problems.add(entry, field, "is used twice: give every entry its own");
        }
    }

    fn branch(&mut self, entry: &str, field: &str, code: &str) {
        if !self.known.branches.contains(code) {
            self.problems.add(
                entry,
                field,
                format!("names no branch ({code}): correct it or add it to branches"),
            );
        }
    }

    fn policy(&mut self, policy: &Policy) {
        for (field, days) in [("loan_days", policy.loan_days), ("renew_days", policy.renew_days)] {
            if days == 0 || days > MAX_PERIOD_DAYS {
                self.problems.add("rules", field, format!("must be 1 to {MAX_PERIOD_DAYS} days"));
            }
        }
    }

    fn accounts(&mut self, raw: Vec<(usize, AccountEntry)>) -> Vec<AccountEntry> {
        let mut seen = HashSet::new();
        let mut out = Vec::with_capacity(raw.len());
        for (index, account) in raw {
            let entry = format!("accounts[{index}] ({})", account.user);
            self.text(&entry, "user", &account.user, Empty::Refused);
            self.text(&entry, "password", &account.password, Empty::Refused);
            self.once(&entry, "user", seen.insert(account.user.clone()));
            out.push(account);
        }
        out
    }

    fn classes(&mut self, raw: Vec<(usize, ClassEntry)>) -> HashMap<String, (ClassEntry, Fen)> {
        let mut out = HashMap::new();
        for (index, class) in raw {
            let entry = format!("classes[{index}] ({})", class.code);
            self.text(&entry, "code", &class.code, Empty::Refused);
            self.text(&entry, "zh", &class.zh, Empty::Refused);
            self.text(&entry, "en", &class.en, Empty::Refused);
            let fee_limit = self.money(&entry, "fee_limit", &class.fee_limit);
            let previous = out.insert(class.code.clone(), (class, fee_limit));
            self.once(&entry, "code", previous.is_none());
        }
        out
    }

    fn branches(&mut self, raw: Vec<(usize, BranchEntry)>) -> Vec<BranchEntry> {
        if raw.is_empty() {
            self.problems.add("branches", "", "is empty: name at least the main library");
        }
        let mut out = Vec::with_capacity(raw.len());
        for (index, branch) in raw {
            let entry = format!("branches[{index}] ({})", branch.code);
            self.text(&entry, "code", &branch.code, Empty::Refused);
            self.text(&entry, "zh", &branch.zh, Empty::Refused);
            self.text(&entry, "en", &branch.en, Empty::Refused);
            let fresh = self.known.branches.insert(branch.code.clone());
            self.once(&entry, "code", fresh);
            out.push(branch);
        }
        out
    }

    fn items(&mut self, raw: Vec<(usize, ItemEntry)>) -> Vec<ItemRecord> {
        let mut out = Vec::with_capacity(raw.len());
        for (index, item) in raw {
            let entry = format!("items[{index}] ({})", item.barcode);
            self.text(&entry, "barcode", &item.barcode, Empty::Refused);
            self.text(&entry, "title", &item.title, Empty::Refused);
            self.text(&entry, "author", &item.author, Empty::Allowed);
            self.text(&entry, "call_number", &item.call_number, Empty::Allowed);
            self.text(&entry, "owner", &item.owner, Empty::Refused);
            self.branch(&entry, "home", &item.home);
            let at = item.at.clone().unwrap_or_else(|| item.home.clone());
            if item.at.is_some() {
                self.branch(&entry, "at", &at);
            }
            if item.loan_days.is_some_and(|days| days == 0 || days > MAX_PERIOD_DAYS) {
                let advice = format!("must be 1 to {MAX_PERIOD_DAYS} days");
                self.problems.add(&entry, "loan_days", advice);
            }
            if item.parts == Some(0) {
                self.problems.add(&entry, "parts", "must be 1 or more");
            }
            let fresh = self.known.items.insert(item.barcode.clone());
            self.once(&entry, "barcode", fresh);
            out.push(ItemRecord { entry: item, at });
        }
        out
    }

    fn patrons(
        &mut self,
        raw: Vec<(usize, PatronEntry)>,
        classes: &HashMap<String, (ClassEntry, Fen)>,
    ) -> Vec<PatronRecord> {
        let mut out = Vec::with_capacity(raw.len());
        for (index, patron) in raw {
            let entry = format!("patrons[{index}]");
            self.text(&entry, "number", &patron.number, Empty::Refused);
            self.text(&entry, "name", &patron.name, Empty::Refused);
            self.text(&entry, "pin", &patron.pin, Empty::Allowed);
            let fresh = self.known.patrons.insert(patron.number.clone());
            self.once(&entry, "number", fresh);
            let expires = self.date(&entry, "expires", &patron.expires);
            let born = patron.born.as_deref().and_then(|text| self.date(&entry, "born", text));
            let fees = self.fees(&entry, &patron);
            let Some((class, fee_limit)) = classes.get(&patron.class) else {
                self.problems.add(&entry, "class", "names no class: correct it or add it");
                continue;
            };
            let Some(expires) = expires else { continue };
            out.push(PatronRecord {
                number: patron.number,
                name: patron.name,
                pin: patron.pin,
                class: patron.class,
                loan_limit: patron.loan_limit.unwrap_or(class.loan_limit),
                hold_limit: class.hold_limit,
                fee_limit: *fee_limit,
                expires,
                born,
                state: patron.state,
                language: patron.language,
                fees,
            });
        }
        out
    }

    fn fees(&mut self, entry: &str, patron: &PatronEntry) -> Vec<(Fen, String, Option<String>)> {
        let mut out = Vec::with_capacity(patron.fees.len());
        for fee in &patron.fees {
            let amount = self.money(entry, "fees.amount", &fee.amount);
            let fee_type = fee.fee_type.clone().unwrap_or_else(|| "04".to_owned());
            if fee_type.len() != 2 || !fee_type.bytes().all(|b| b.is_ascii_digit()) {
                self.problems.add(entry, "fees.type", "must be two digits, 01 to 09");
            }
            if let Some(item) = &fee.item
                && !self.known.items.contains(item)
            {
                self.problems.add(entry, "fees.item", format!("names no item ({item})"));
            }
            out.push((amount, fee_type, fee.item.clone()));
        }
        out
    }

    fn loans(&mut self, raw: Vec<(usize, LoanEntry)>, items: &[ItemRecord]) -> Vec<LoanRecord> {
        let fixed: HashSet<&str> = items
            .iter()
            .filter(|item| {
                matches!(item.entry.circulation, Circulation::Withdrawn | Circulation::NotForLoan)
            })
            .map(|item| item.entry.barcode.as_str())
            .collect();
        let mut lent = HashSet::new();
        let mut out = Vec::with_capacity(raw.len());
        for (index, loan) in raw {
            let entry = format!("loans[{index}] ({})", loan.item);
            self.both(&entry, &loan.item, &loan.patron);
            if fixed.contains(loan.item.as_str()) {
                self.problems.add(&entry, "item", "cannot be on loan: it does not circulate");
            }
            self.once(&entry, "item", lent.insert(loan.item.clone()));
            let day = self.date(&entry, "lent", &loan.lent);
            let due = self.date(&entry, "due", &loan.due);
            let (Some(day), Some(due)) = (day, due) else { continue };
            if due < day {
                self.problems.add(&entry, "due", "lies before lent: correct one of them");
            }
            if day > self.today {
                self.problems.add(&entry, "lent", "lies in the future: correct it");
            }
            out.push(LoanRecord {
                item: loan.item,
                patron: loan.patron,
                // A loan of today must not lie ahead of the clock: the day's first minute.
                lent_at: day.at(0, 0, 0, 0),
                due: due.at(23, 59, 0, 0),
                renewals: loan.renewals,
            });
        }
        out
    }

    fn holds(
        &mut self,
        raw: Vec<(usize, HoldEntry)>,
        items: &[ItemRecord],
        loans: &[LoanRecord],
    ) -> Vec<HoldRecord> {
        let at: HashMap<&str, &str> =
            items.iter().map(|item| (item.entry.barcode.as_str(), item.at.as_str())).collect();
        let lent: HashMap<&str, &str> =
            loans.iter().map(|loan| (loan.item.as_str(), loan.patron.as_str())).collect();
        let mut queued = HashSet::new();
        let mut seen = HashSet::new();
        let mut out = Vec::with_capacity(raw.len());
        for (index, hold) in raw {
            let entry = format!("holds[{index}] ({})", hold.item);
            self.both(&entry, &hold.item, &hold.patron);
            self.branch(&entry, "pickup", &hold.pickup);
            self.once(&entry, "patron", seen.insert((hold.item.clone(), hold.patron.clone())));
            let borrower = lent.get(hold.item.as_str()).copied();
            if borrower == Some(hold.patron.as_str()) {
                self.problems.add(&entry, "patron", "has this item on loan: remove the hold");
            }
            let first = queued.insert(hold.item.clone());
            let here = at.get(hold.item.as_str()).is_some_and(|at| *at == hold.pickup);
            if hold.ready && (borrower.is_some() || !first || !here) {
                self.problems.add(
                    &entry,
                    "ready",
                    "needs the first hold of an item that is in and at the pickup branch",
                );
            }
            out.push(HoldRecord {
                item: hold.item,
                patron: hold.patron,
                pickup: hold.pickup,
                ready: hold.ready,
            });
        }
        out
    }

    fn both(&mut self, entry: &str, item: &str, patron: &str) {
        if !self.known.items.contains(item) {
            self.problems.add(entry, "item", "names no item: correct it or add it to items");
        }
        if !self.known.patrons.contains(patron) {
            self.problems.add(entry, "patron", "names no patron: correct it or add it to patrons");
        }
    }
}
