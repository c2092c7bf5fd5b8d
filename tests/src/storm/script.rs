//! A storm as data: what readers do and what breaks, and when. Drawn from a seed, kept in a file,
//! shortened when it fails.

use serde::{Deserialize, Serialize};

use super::library::{ITEMS, PATRONS};
use super::pad::WriteFault;
use super::rng::Rng;

/// How the station and its library are set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The library system recognises repeated requests.
    pub duplicates: bool,
    /// Books are lent at one touch for all.
    pub confirm: bool,
    /// A loan whose tag cannot be released is taken back.
    pub undo: bool,
    /// A book laid on the start screen is returned.
    pub returns_at_once: bool,
    /// Scanned cards need a PIN.
    pub pin: bool,
    /// An unanswered receipt question means paper.
    pub paper: bool,
    /// There is a printer.
    pub printer: bool,
    /// The station may lend while the library system is away.
    #[serde(default)]
    pub lends_off_line: bool,
    /// Connections to the library system at once.
    #[serde(default = "one")]
    pub links: u8,
    /// The station is slow to take what the link tells, and then takes several answers together.
    #[serde(default)]
    pub gathers: bool,
}

fn one() -> u8 {
    1
}

/// What a finger does. Those about a line take the first that offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tap {
    /// Borrow.
    Borrow,
    /// Return.
    GiveBack,
    /// Loans.
    Account,
    /// Finish.
    Finish,
    /// Back.
    Back,
    /// Receipt on paper.
    Paper,
    /// Receipt on the phone.
    Phone,
    /// No receipt.
    NoReceipt,
    /// Go on from the finish page.
    More,
    /// Take a loan back.
    Undo,
    /// Yes to a line's question.
    Yes,
    /// No to it.
    No,
    /// Renew a loan.
    Renew,
    /// Renew all.
    RenewAll,
    /// As many as the station found.
    Count,
    /// One more than that.
    CountMore,
    /// The PIN of a patron, digit by digit, and OK.
    Pin(u8),
    /// Still here.
    Continue,
    /// End now.
    EndNow,
    /// The other language and back.
    Language,
}

/// What breaks, for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The connection is lost after so many more bytes to the library system.
    CutUp(u16),
    /// The same in the other direction.
    CutDown(u16),
    /// No network for so many milliseconds.
    NetworkDown(u32),
    /// Answers take so many milliseconds longer, for a while.
    Slow(u32),
    /// The next answer comes twice.
    Twice,
    /// The next answer comes after the one behind it.
    Swapped,
    /// Bytes of the next answers are changed.
    Garbled(u8),
    /// The next answer carries another digit.
    WrongDigit,
    /// The next answer carries a wrong checksum.
    WrongSum,
    /// The next changes are made and not answered.
    Silent(u8),
    /// The next answer is made, and the connection closed instead.
    ClosedBefore,
    /// The next requests are answered "send again", not worked on.
    Again(u8),
    /// The library system says yes to everything, for so many milliseconds.
    SaysYes(u32),
    /// It says no to everything.
    SaysNo(u32),
    /// It closes after each answer.
    Closes(u32),
    /// It says that it is off line.
    SaysOffline(u32),
    /// It is down for so many milliseconds; its ledger is kept.
    LibraryDown(u32),
    /// The power goes at the `n`th write or sync of the disk from now.
    CutAtWrite(u16),
    /// The power goes now and stays away for so many milliseconds.
    PowerCut(u32),
    /// The disk is full.
    DiskFull(u32),
    /// So many writes or syncs fail.
    DiskFails(u8),
    /// The next security write.
    Write(WriteFault),
    /// The reader is unplugged.
    ReaderGone(u32),
    /// No paper.
    PaperOut(u32),
    /// The printer dies after so many more printed bytes.
    PrinterDies(u16),
    /// The printer says nothing.
    PrinterSilent(u32),
    /// The wall clock is set by so many seconds.
    Clock(i32),
}

impl Fault {
    /// Name in tables.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CutUp(_) => "connection lost in a request",
            Self::CutDown(_) => "connection lost in an answer",
            Self::NetworkDown(_) => "network away",
            Self::Slow(_) => "answers late",
            Self::Twice => "answer twice",
            Self::Swapped => "answers in other order",
            Self::Garbled(_) => "answer garbled",
            Self::WrongDigit => "answer with wrong digit",
            Self::WrongSum => "answer with wrong checksum",
            Self::Silent(_) => "done, not answered",
            Self::ClosedBefore => "done, closed instead",
            Self::Again(_) => "answered: send again",
            Self::SaysYes(_) => "library says yes to everything",
            Self::SaysNo(_) => "library says no to everything",
            Self::Closes(_) => "library closes after each answer",
            Self::SaysOffline(_) => "library says it is off line",
            Self::LibraryDown(_) => "library restarted",
            Self::CutAtWrite(_) => "power cut at a disk write",
            Self::PowerCut(_) => "power cut",
            Self::DiskFull(_) => "disk full",
            Self::DiskFails(_) => "disk fails",
            Self::Write(WriteFault::PulledBefore) => "tag pulled before the write",
            Self::Write(WriteFault::PulledAfter) => "tag pulled after the write",
            Self::Write(WriteFault::Torn) => "tag half written",
            Self::Write(WriteFault::Refused) => "tag write refused",
            Self::Write(WriteFault::LateAnswer) => "tag answers too late",
            Self::ReaderGone(_) => "reader unplugged",
            Self::PaperOut(_) => "paper out",
            Self::PrinterDies(_) => "printer dies",
            Self::PrinterSilent(_) => "printer silent",
            Self::Clock(_) => "wall clock set",
        }
    }
}

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// A finger.
    Tap(Tap),
    /// A patron holds a card at the pad for a moment.
    Card(u8),
    /// A card is scanned.
    ScanCard(u8),
    /// A book is laid down.
    Lay(u8),
    /// Both parts of the set are laid down.
    LaySet,
    /// A book is taken away.
    Lift(u8),
    /// Everything is taken away.
    LiftAll,
    /// A book's number is scanned.
    Scan(u8),
    /// Something breaks.
    Fault(Fault),
    /// Nothing.
    Wait,
}

/// An act, so many milliseconds after the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Milliseconds.
    pub after: u32,
    /// What.
    #[serde(rename = "do")]
    pub act: Act,
}

/// A whole storm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// Chance below the script: delays, split segments, what a disk keeps.
    pub seed: u64,
    /// Set-up.
    pub setup: Setup,
    /// What happens.
    pub steps: Vec<Step>,
}

/// Draws scripts.
struct Author {
    rng: Rng,
    steps: Vec<Step>,
    /// Faults in a hundred acts.
    faults: u64,
}

impl Script {
    /// The storm of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let setup = Setup {
            duplicates: rng.chance(50),
            confirm: rng.chance(25),
            undo: rng.chance(30),
            returns_at_once: rng.chance(30),
            pin: rng.chance(50),
            paper: rng.chance(40),
            printer: rng.chance(80),
            lends_off_line: rng.chance(50),
            links: if rng.chance(30) { 2 } else { 1 },
            gathers: rng.chance(50),
        };
        let faults = *rng.pick(&[0, 6, 12, 20, 30]);
        let sessions = rng.range(1, 4);
        let mut author = Author { rng, steps: Vec::new(), faults };
        for _ in 0..sessions {
            if setup.lends_off_line && author.rng.chance(40) {
                author.away();
            }
            author.session();
        }
        Self { seed, setup, steps: author.steps }
    }
}

impl Author {
    fn act(&mut self, after: u64, act: Act) {
        if self.rng.chance(self.faults) {
            let fault = self.fault();
            let early = self.rng.below(after + 1);
            self.push(early, Act::Fault(fault));
            return self.push(after - early, act);
        }
        self.push(after, act);
    }

    fn push(&mut self, after: u64, act: Act) {
        self.steps.push(Step { after: u32::try_from(after).unwrap_or(u32::MAX), act });
    }

    fn tap(&mut self, after: u64, tap: Tap) {
        self.act(after, Act::Tap(tap));
    }

    fn book(&mut self) -> u8 {
        u8::try_from(self.rng.range(1, u64::from(ITEMS))).unwrap_or(1)
    }

    fn patron(&mut self) -> u8 {
        u8::try_from(self.rng.below(PATRONS.len() as u64)).unwrap_or(0)
    }

    /// A pause of somebody who acts quickly, or slowly.
    fn pause(&mut self) -> u64 {
        match self.rng.below(10) {
            0..=5 => self.rng.range(100, 1_500),
            6..=8 => self.rng.range(1_500, 6_000),
            _ => self.rng.range(6_000, 25_000),
        }
    }

    /// The library system is away long enough for the station to go on alone.
    fn away(&mut self) {
        let ms = self.rng.range(20_000, 400_000);
        self.push(100, Act::Fault(Fault::NetworkDown(u32::try_from(ms).unwrap_or(u32::MAX))));
        let after = self.rng.range(5_000, 15_000);
        self.push(after, Act::Tap(Tap::Language));
    }

    fn session(&mut self) {
        match self.rng.below(10) {
            0..=4 => self.borrow(),
            5..=7 => self.give_back(),
            8 => self.account(),
            _ => self.anything(),
        }
        // Some walk away without a word.
        let leave = if self.rng.chance(15) { self.rng.range(90_000, 200_000) } else { 16_000 };
        let gap = self.rng.range(500, leave);
        self.act(gap, Act::LiftAll);
        self.push(300, Act::Wait);
    }

    fn identify(&mut self) -> u8 {
        let who = self.patron();
        let after = self.pause();
        if self.rng.chance(20) {
            self.act(after, Act::ScanCard(who));
            self.tap(1_200, Tap::Pin(who));
        } else {
            self.act(after, Act::Card(who));
        }
        who
    }

    fn lay_some(&mut self) {
        for _ in 0..self.rng.range(1, 3) {
            let (n, after) = (self.book(), self.pause());
            match self.rng.below(20) {
                0 => self.act(after, Act::LaySet),
                1 => self.act(after, Act::Scan(n)),
                _ => self.act(after, Act::Lay(n)),
            }
            if self.rng.chance(10) {
                let after = self.rng.range(50, 2_500);
                self.act(after, Act::Lift(n));
            }
        }
    }

    fn borrow(&mut self) {
        if self.rng.chance(60) {
            self.tap(300, Tap::Borrow);
        }
        self.identify();
        self.lay_some();
        let after = self.rng.range(800, 4_000);
        self.tap(after, Tap::Borrow);
        if self.rng.chance(20) {
            let (after, tap) = (self.pause(), *self.rng.pick(&[Tap::Undo, Tap::Yes, Tap::No]));
            self.tap(after, tap);
        }
        self.finish();
    }

    fn give_back(&mut self) {
        if self.rng.chance(70) {
            self.tap(300, Tap::GiveBack);
        }
        self.lay_some();
        self.finish();
    }

    fn account(&mut self) {
        self.tap(300, Tap::Account);
        self.push(200, Act::Wait);
        // Most loans are the first patron's.
        self.act(900, Act::Card(0));
        let after = self.pause();
        self.tap(after, Tap::RenewAll);
        let after = self.pause();
        self.tap(after, Tap::Renew);
        self.finish();
    }

    fn finish(&mut self) {
        let after = self.pause() + 1_000;
        self.tap(after, Tap::Finish);
        self.tap(700, Tap::Count);
        if self.rng.chance(20) {
            self.tap(700, Tap::CountMore);
        }
        let receipt = match self.rng.below(20) {
            0 => Tap::Phone,
            1..=5 => Tap::NoReceipt,
            _ => Tap::Paper,
        };
        self.tap(1_500, receipt);
        if self.rng.chance(15) {
            let after = self.rng.range(800, 4_000);
            self.tap(after, *self.rng.clone().pick(&[Tap::Paper, Tap::More]));
        }
        if self.rng.chance(60) {
            self.tap(2_500, Tap::Finish);
        }
    }

    fn anything(&mut self) {
        const TAPS: [Tap; 16] = [
            Tap::Borrow,
            Tap::GiveBack,
            Tap::Account,
            Tap::Finish,
            Tap::Back,
            Tap::Paper,
            Tap::More,
            Tap::Undo,
            Tap::Yes,
            Tap::Renew,
            Tap::RenewAll,
            Tap::Count,
            Tap::CountMore,
            Tap::Continue,
            Tap::EndNow,
            Tap::Language,
        ];
        for _ in 0..self.rng.range(4, 14) {
            let (n, who, after) = (self.book(), self.patron(), self.pause());
            let act = match self.rng.below(12) {
                0..=4 => Act::Tap(*self.rng.pick(&TAPS)),
                5..=7 => Act::Lay(n),
                8 => Act::Lift(n),
                9 => Act::Card(who),
                10 => Act::Scan(n),
                _ => Act::LaySet,
            };
            self.act(after, act);
        }
    }

    fn fault(&mut self) -> Fault {
        let short = u32::try_from(self.rng.range(200, 9_000)).unwrap_or(200);
        let long = u32::try_from(self.rng.range(5_000, 150_000)).unwrap_or(5_000);
        let span = if self.rng.chance(70) { short } else { long };
        let bytes = u16::try_from(self.rng.below(220)).unwrap_or(0);
        let few = u8::try_from(self.rng.range(1, 4)).unwrap_or(1);
        match self.rng.below(34) {
            0 | 1 => Fault::CutUp(bytes),
            2 | 3 => Fault::CutDown(bytes),
            4 => Fault::NetworkDown(span),
            5 => Fault::Slow(u32::try_from(self.rng.range(500, 40_000)).unwrap_or(500)),
            6 => Fault::Twice,
            7 => Fault::Swapped,
            8 => Fault::Garbled(few),
            9 => Fault::WrongDigit,
            10 => Fault::WrongSum,
            11 | 12 => Fault::Silent(few),
            13 => Fault::ClosedBefore,
            14 => Fault::Again(few),
            15 => Fault::SaysYes(short),
            16 => Fault::SaysNo(short),
            17 => Fault::Closes(span),
            18 => Fault::SaysOffline(span),
            19 => Fault::LibraryDown(span),
            20..=22 => Fault::CutAtWrite(u16::try_from(self.rng.below(30)).unwrap_or(0)),
            23 => Fault::PowerCut(span),
            24 => Fault::DiskFull(span),
            25 => Fault::DiskFails(few),
            26..=28 => Fault::Write(*self.rng.pick(&[
                WriteFault::PulledBefore,
                WriteFault::PulledAfter,
                WriteFault::Torn,
                WriteFault::Refused,
                WriteFault::LateAnswer,
            ])),
            29 => Fault::ReaderGone(span),
            30 => Fault::PaperOut(span),
            31 => Fault::PrinterDies(bytes),
            32 => Fault::PrinterSilent(span),
            _ => {
                let by = i32::try_from(self.rng.range(60, 100_000)).unwrap_or(60);
                Fault::Clock(if self.rng.chance(50) { by } else { -by })
            }
        }
    }
}
