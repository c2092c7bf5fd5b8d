//! Who is here: card, scanned number, PIN.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use ui::view::{Advice, Purpose, Touch};

use super::rules::secs;
use super::types::Proof;
use super::{Answer, Ask, Asked, ItemId, NoAnswer, Patron, PatronAnswer, Phase, Station};
use crate::clock::Now;
use crate::privacy::{PatronId, Secret};

/// Most digits of a PIN.
const PIN_MAX: usize = 12;
/// Wrong PINs within [`PIN_WINDOW`] that lock a card here (patron-experience.md `pin_locked`).
const PIN_TRIES: usize = 5;
/// Window for counting wrong PINs.
const PIN_WINDOW: Duration = Duration::from_secs(60);
/// How long a card is locked here.
const PIN_LOCK: Duration = Duration::from_secs(300);
/// Most cards followed for wrong PINs; the oldest is forgotten first.
const PIN_CARDS_MAX: usize = 64;

/// The identify page.
pub(super) struct Identify {
    pub(super) purpose: Purpose,
    pub(super) busy: bool,
    pub(super) problem: Option<Advice>,
    pub(super) since: Duration,
    card: Option<PatronId>,
    pin: Option<Secret>,
    tries: u8,
}

impl Identify {
    /// Whose answer that is, and whether it shows that the card was rightly used here.
    pub(super) fn proves(&self, answer: &PatronAnswer) -> Option<(PatronId, bool)> {
        let proved = self.pin.is_none() || answer.pin_ok == Some(true);
        Some((self.card.clone()?, proved))
    }
}

/// The PIN page.
pub(super) struct Pin {
    pub(super) purpose: Purpose,
    pub(super) digits: String,
    pub(super) busy: bool,
    pub(super) problem: Option<Advice>,
    pub(super) tries: u8,
    pub(super) since: Duration,
    card: PatronId,
}

impl Drop for Pin {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.digits);
    }
}

impl Pin {
    pub(super) fn tries_left(&self) -> Option<u8> {
        (self.tries > 0)
            .then(|| u8::try_from(PIN_TRIES).unwrap_or(u8::MAX).saturating_sub(self.tries))
    }
}

/// Counts wrong PINs per card. Cards are kept as hashes under a key drawn at start, so that the
/// memory of a station at rest holds no card number.
#[derive(Default)]
pub(super) struct PinGuard {
    key: RandomState,
    wrong: HashMap<u64, Vec<Duration>>,
    locked: HashMap<u64, Duration>,
}

impl PinGuard {
    fn minutes_locked(&self, card: &PatronId, now: Duration) -> Option<u32> {
        let until = *self.locked.get(&self.key.hash_one(card.expose()))?;
        let left = until.checked_sub(now).filter(|left| !left.is_zero())?;
        u32::try_from(left.as_secs().div_ceil(60)).ok()
    }

    fn wrong(&mut self, card: &PatronId, now: Duration) {
        let card = self.key.hash_one(card.expose());
        if self.wrong.len() >= PIN_CARDS_MAX && !self.wrong.contains_key(&card) {
            self.wrong.clear();
        }
        let times = self.wrong.entry(card).or_default();
        times.retain(|&t| now.saturating_sub(t) < PIN_WINDOW);
        times.push(now);
        if times.len() >= PIN_TRIES {
            self.wrong.remove(&card);
            self.locked.retain(|_, &mut until| until > now);
            if self.locked.len() >= PIN_CARDS_MAX
                && let Some(oldest) =
                    self.locked.iter().min_by_key(|(_, until)| **until).map(|(&c, _)| c)
            {
                self.locked.remove(&oldest);
            }
            self.locked.insert(card, now + PIN_LOCK);
        }
    }
}

impl Station {
    pub(super) fn open_identify(&mut self, purpose: Purpose, problem: Option<Advice>, now: Now) {
        self.drop_identify();
        let page = Identify {
            purpose,
            busy: false,
            problem,
            since: now.mono,
            card: None,
            pin: None,
            tries: 0,
        };
        self.turn_to(Phase::Identify(page), now);
    }

    /// An answer about one card must never be taken for an answer about the next.
    pub(super) fn drop_identify(&mut self) {
        self.asks.retain(|_, asked| *asked != Asked::Identify);
    }

    /// Two cards lay there, and one left: the other is the reader's.
    pub(super) fn card_gone(&mut self, now: Now) {
        let Phase::Identify(page) = &mut self.phase else { return };
        let first = self.pad.cards().next();
        let several = self.pad.cards().any(|card| Some(card) != first);
        if page.problem != Some(Advice::TwoCards) || several {
            return;
        }
        page.problem = None;
        if let Some(card) = self.pad.fresh_card().cloned() {
            self.card_shown(card, Proof::Held, now);
        }
    }

    /// The library system does not say who this is.
    pub(super) fn tick_identify(&mut self, now: Now) {
        let Phase::Identify(page) = &self.phase else { return };
        if page.busy && now.mono >= page.since + secs(self.rules.times.ils_s) {
            let purpose = page.purpose;
            self.open_identify(purpose, Some(Advice::IlsDown), now);
        }
    }

    /// A scanned text: a card where it looks like one, an item otherwise.
    pub(super) fn on_scan(&mut self, text: &str, now: Now) {
        if self.session_open() {
            self.stir(now);
        }
        let text = text.trim();
        if self.rules.is_card(text) {
            return self.card_shown(PatronId::new(text), Proof::Copied, now);
        }
        match ItemId::new(text) {
            Ok(_) if matches!(self.phase, Phase::Identify(_)) => {
                self.problem(Advice::CardIsItem);
            }
            Ok(item) => self.scanned_item(item, now),
            Err(_) => self.problem(Advice::CardUnread),
        }
    }

    /// A card, or what stands for one, was shown to a device of its own.
    pub(super) fn on_card(&mut self, patron: PatronId, proof: Proof, now: Now) {
        if self.session_open() {
            self.stir(now);
        }
        self.card_shown(patron, proof, now);
    }

    /// Something was shown that is no card here.
    pub(super) fn on_no_card(&mut self, advice: Advice, now: Now) {
        let Some(purpose) = self.wants_card() else { return };
        self.card_problem(purpose, advice, now);
    }

    fn problem(&mut self, advice: Advice) {
        if let Phase::Identify(page) = &mut self.phase
            && !page.busy
        {
            page.problem = Some(advice);
        }
    }

    /// A card is here.
    pub(super) fn card_shown(&mut self, card: PatronId, proof: Proof, now: Now) {
        let Some(purpose) = self.wants_card() else { return };
        if !card.is_well_formed() {
            return self.card_problem(purpose, Advice::CardUnread, now);
        }
        if self.pad.cards().any(|other| *other != card) {
            return self.card_problem(purpose, Advice::TwoCards, now);
        }
        if let Some(minutes) = self.pins.minutes_locked(&card, now.mono) {
            return self.card_problem(purpose, Advice::PinLocked { minutes }, now);
        }
        if !self.link.online {
            return self.card_offline(purpose, card, proof, now);
        }
        let ask_pin = self.rules.pin.asks(proof);
        self.stir(now);
        if ask_pin {
            let digits = String::new();
            let (busy, problem, tries, since) = (false, None, 0, now.mono);
            let page = Pin { purpose, digits, busy, problem, tries, since, card };
            self.turn_to(Phase::Pin(page), now);
        } else {
            self.check_card(purpose, card, None, 0, now);
        }
    }

    pub(super) fn card_problem(&mut self, purpose: Purpose, advice: Advice, now: Now) {
        self.stats.refused += 1;
        self.open_identify(purpose, Some(advice), now);
    }

    fn check_card(
        &mut self,
        purpose: Purpose,
        card: PatronId,
        pin: Option<Secret>,
        tries: u8,
        now: Now,
    ) {
        self.drop_identify();
        let page = Identify {
            purpose,
            busy: true,
            problem: None,
            since: now.mono,
            card: Some(card.clone()),
            pin: pin.clone(),
            tries,
        };
        self.turn_to(Phase::Identify(page), now);
        let loans = purpose == Purpose::Account;
        self.ask(Asked::Identify, Ask::Patron { patron: card, pin, loans });
    }

    pub(super) fn identified(&mut self, answer: Result<Answer, NoAnswer>, now: Now) {
        let Phase::Identify(page) = &mut self.phase else { return };
        let purpose = page.purpose;
        let (Some(card), pin, tries) = (page.card.take(), page.pin.take(), page.tries) else {
            return;
        };
        let Ok(Answer::Patron(answer)) = answer else {
            return self.open_identify(purpose, Some(Advice::IlsDown), now);
        };
        if !answer.known {
            return self.card_problem(purpose, Advice::CardUnknown, now);
        }
        // A PIN that was asked for and not confirmed has not proved anything.
        if pin.is_some() && answer.pin_ok != Some(true) {
            return self.pin_refused(purpose, card, tries, now);
        }
        if let Some(block) = answer.block
            && purpose == Purpose::Borrow
        {
            return self.card_problem(purpose, block, now);
        }
        self.patron = Some(Patron {
            masked_name: answer.name.masked(),
            id: card,
            on_loan: answer.on_loan,
            limit: answer.limit,
        });
        match purpose {
            Purpose::Borrow => self.open_borrow(now),
            Purpose::Account => self.open_loans(answer.loans, now),
        }
    }

    fn pin_refused(&mut self, purpose: Purpose, card: PatronId, tries: u8, now: Now) {
        self.pins.wrong(&card, now.mono);
        if let Some(minutes) = self.pins.minutes_locked(&card, now.mono) {
            return self.card_problem(purpose, Advice::PinLocked { minutes }, now);
        }
        let (digits, busy) = (String::new(), false);
        let (problem, tries) = (Some(Advice::PinWrong), tries.saturating_add(1));
        let page = Pin { purpose, digits, busy, problem, tries, since: now.mono, card };
        self.turn_to(Phase::Pin(page), now);
    }

    pub(super) fn pin_touch(&mut self, touch: Touch, now: Now) {
        let Phase::Pin(page) = &mut self.phase else { return };
        page.since = now.mono;
        match touch {
            Touch::Digit(d) if d <= 9 && page.digits.len() < PIN_MAX => {
                page.problem = None;
                page.digits.push(char::from(b'0' + d));
            }
            Touch::Delete => {
                page.digits.pop();
            }
            Touch::Ok if !page.digits.is_empty() => {
                let pin = Secret::new(page.digits.as_str());
                let (purpose, card, tries) = (page.purpose, page.card.clone(), page.tries);
                self.check_card(purpose, card, Some(pin), tries, now);
            }
            _ => {}
        }
    }

    /// Nobody came, or nobody typed.
    pub(super) fn identify_deadline(&self) -> Option<Duration> {
        match &self.phase {
            Phase::Identify(page) if !page.busy => {
                Some(page.since + secs(self.rules.times.identify_s))
            }
            Phase::Identify(page) => Some(page.since + secs(self.rules.times.ils_s)),
            Phase::Pin(page) => Some(page.since + secs(self.rules.times.pin_s)),
            Phase::Choose => Some(self.idle_from + secs(self.rules.times.identify_s)),
            _ => None,
        }
    }
}
