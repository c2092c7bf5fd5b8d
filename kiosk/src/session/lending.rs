//! What may be lent without the library system: a pure decision over the station's lists
//! (patron-experience.md section 12).

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use ui::view::Advice;

use super::ItemId;
use super::lists::{CardRow, Lists};
use super::rules::PinRule;
use crate::privacy::PatronId;

/// What may be lent without the library system (`[session.offline]`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OfflineRules {
    /// Whether anything is. The library decides; without its word only returns are taken.
    pub lending: bool,
    /// How long the library system must be away first, in seconds.
    pub after_s: u16,
    /// Most items in one session.
    pub items_per_session: u8,
    /// Most items for one card in a day.
    pub items_per_day: u8,
    /// Days since a card was last identified here, on line.
    pub seen_days: u16,
    /// Days until what is lent is due. UNCONFIRMED for every library: the shortest of its periods.
    pub loan_days: u16,
    /// Days for which it is remembered that an item is held, unless told otherwise.
    pub held_days: u16,
}

impl Default for OfflineRules {
    fn default() -> Self {
        Self {
            lending: false,
            after_s: 30,
            items_per_session: 2,
            items_per_day: 5,
            seen_days: 90,
            loan_days: 14,
            held_days: 30,
        }
    }
}

impl OfflineRules {
    /// What cannot be, as sentences.
    #[must_use]
    pub fn problems(&self, pin: PinRule) -> Vec<String> {
        let ranges: [(&str, u16, u16, u16); 6] = [
            ("after_s", self.after_s, 5, 600),
            ("items_per_session", self.items_per_session.into(), 1, 20),
            ("items_per_day", self.items_per_day.into(), 1, 50),
            ("seen_days", self.seen_days, 1, 366),
            ("loan_days", self.loan_days, 1, 120),
            ("held_days", self.held_days, 1, 366),
        ];
        let outside = |(name, value, low, high): (&str, u16, u16, u16)| {
            (!(low..=high).contains(&value))
                .then(|| format!("session.offline.{name} = {value} is outside {low} to {high}"))
        };
        let mut problems: Vec<String> = ranges.into_iter().filter_map(outside).collect();
        if self.lending && pin == PinRule::Always {
            problems.push(
                "session.offline.lending: with session.pin = \"always\" nothing can be lent off line, because nobody can check a PIN then; write lending = false"
                    .to_owned(),
            );
        }
        problems
    }

    /// Whether this card may borrow without the library system's word.
    ///
    /// # Errors
    /// [`Never`], when not.
    pub fn may_borrow(&self, row: Option<CardRow>, today: Date) -> Result<CardRow, Never> {
        let row = row.ok_or(Never::CardNotKnown)?;
        if row.blocked || row.until.is_some_and(|end| end < today) {
            return Err(Never::CardBlocked);
        }
        let since = jiff::Span::new().days(i64::from(self.seen_days));
        // A card seen in the future was seen under a wrong clock.
        let fresh = row.seen.is_some_and(|seen| {
            seen <= today && today.checked_sub(since).is_ok_and(|first| seen >= first)
        });
        if !(fresh || row.allowed) {
            return Err(Never::CardNotKnown);
        }
        if row.lent_on(today) >= self.items_per_day {
            return Err(Never::DayFull);
        }
        Ok(row)
    }

    /// Whether this loan may be noted, and until when.
    ///
    /// # Errors
    /// [`Never`], when not.
    pub fn may_lend(&self, loan: &Wish<'_>, lists: &Lists, today: Date) -> Result<Date, Never> {
        if !self.lending {
            return Err(Never::Off);
        }
        self.may_borrow(lists.card(loan.card), today)?;
        if loan.in_session >= u32::from(self.items_per_session) {
            return Err(Never::SessionFull);
        }
        if !loan.tagged || loan.no_loan {
            return Err(Never::NotByTag);
        }
        if lists.is_held(loan.item) {
            return Err(Never::Held);
        }
        if loan.owed {
            return Err(Never::Owed);
        }
        let period = jiff::Span::new().days(i64::from(self.loan_days));
        today.checked_add(period).map_err(|_| Never::Off)
    }
}

/// A loan somebody wants while the library system is away.
#[derive(Debug, Clone, Copy)]
pub struct Wish<'a> {
    /// Whose.
    pub card: &'a PatronId,
    /// What.
    pub item: &'a ItemId,
    /// All its tags are ours and lie here.
    pub tagged: bool,
    /// A tag says it is not to be lent.
    pub no_loan: bool,
    /// Loans noted in this session.
    pub in_session: u32,
    /// A loan of it is noted, or nobody knows how it stands.
    pub owed: bool,
}

/// Why something is not lent off line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Never {
    /// Lending off line is not wanted here.
    Off,
    /// Not seen lately, and not on the library's list.
    CardNotKnown,
    /// Blocked or expired.
    CardBlocked,
    /// The card had its items for today.
    DayFull,
    /// The session had its items.
    SessionFull,
    /// No tag of ours, or one that forbids it.
    NotByTag,
    /// Somebody waits for it.
    Held,
    /// A loan of it is noted already, or its state is not known.
    Owed,
}

impl Never {
    pub(super) fn advice(self) -> Advice {
        match self {
            Self::Held => Advice::HeldOther,
            _ => Advice::OfflineLimit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{CardKey, CardRow};
    use zeroize::Zeroizing;

    const CARD: &str = "0200001234";

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn today() -> Date {
        day("2026-11-22")
    }

    fn seen(on: &str) -> CardRow {
        CardRow { seen: Some(day(on)), ..CardRow::default() }
    }

    fn rules() -> OfflineRules {
        OfflineRules { lending: true, ..OfflineRules::default() }
    }

    #[test]
    fn which_cards_may_borrow() {
        let good = seen("2026-11-20");
        for (row, expected) in [
            (None, Err(Never::CardNotKnown)),
            (Some(good), Ok(())),
            (Some(CardRow::default()), Err(Never::CardNotKnown)),
            (Some(CardRow { allowed: true, ..CardRow::default() }), Ok(())),
            (Some(seen("2026-08-24")), Ok(())),
            (Some(seen("2026-08-23")), Err(Never::CardNotKnown)),
            (Some(seen("2026-11-23")), Err(Never::CardNotKnown)),
            (Some(CardRow { blocked: true, ..good }), Err(Never::CardBlocked)),
            (Some(CardRow { blocked: true, allowed: true, ..good }), Err(Never::CardBlocked)),
            (Some(CardRow { until: Some(day("2026-11-21")), ..good }), Err(Never::CardBlocked)),
            (Some(CardRow { until: Some(today()), ..good }), Ok(())),
            (Some(CardRow { lent_on: Some(today()), lent: 4, ..good }), Ok(())),
            (Some(CardRow { lent_on: Some(today()), lent: 5, ..good }), Err(Never::DayFull)),
            (Some(CardRow { lent_on: Some(day("2026-11-21")), lent: 5, ..good }), Ok(())),
        ] {
            let told = rules().may_borrow(row, today());
            assert_eq!(told, expected.map(|()| row.unwrap()), "{row:?}");
        }
    }

    #[test]
    fn which_items_are_lent_and_until_when() {
        let key = CardKey::new(Zeroizing::new([7; 32]));
        let (card, item) = (PatronId::new(CARD), ItemId::new("YZ0000001").unwrap());
        let held = ItemId::new("YZ0000002").unwrap();
        let cards = [(key.hash(&card), seen("2026-11-20"))];
        let lists = Lists::new(key, cards, [(held.clone(), today())]);
        let wish = Wish {
            card: &card,
            item: &item,
            tagged: true,
            no_loan: false,
            in_session: 1,
            owed: false,
        };
        let other = PatronId::new("0200005678");
        for (wish, expected) in [
            (wish, Ok(day("2026-12-06"))),
            (Wish { in_session: 2, ..wish }, Err(Never::SessionFull)),
            (Wish { tagged: false, ..wish }, Err(Never::NotByTag)),
            (Wish { no_loan: true, ..wish }, Err(Never::NotByTag)),
            (Wish { item: &held, ..wish }, Err(Never::Held)),
            (Wish { owed: true, ..wish }, Err(Never::Owed)),
            (Wish { card: &other, ..wish }, Err(Never::CardNotKnown)),
        ] {
            assert_eq!(rules().may_lend(&wish, &lists, today()), expected, "{wish:?}");
        }
        let off = OfflineRules::default();
        assert_eq!(off.may_lend(&wish, &lists, today()), Err(Never::Off));
    }
}
