//! Card readers behind PC/SC (pcscd): the UID of the card that lies on one.
//!
//! The UID is asked for by `FF CA 00 00 00` (PC/SC part 3, get data), which every contactless
//! reader with a CCID driver answers by itself. A contact card or a reader without that command
//! gives [`ReaderError::Unsupported`].
//!
//! Calls into the service have no time-out of their own, so a thread makes them and is waited for
//! with a bound. A thread that hangs is left behind; while it does, every call is
//! [`ReaderError::Silent`].
//!
//! UNCONFIRMED: in which order readers give the UID of an ISO 15693 card (here the side with `E0`
//! is the front); that a card of ISO 14443 type B gives its PUPI, which may be another one each
//! time and cannot be told from a UID of 4 bytes.

use std::ffi::{CStr, CString};
use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError};
use std::thread;
use std::time::{Duration, Instant};

use pcsc::{Context, Disposition, Error, Protocols, ReaderState, Scope, ShareMode, State};

use super::card;
use super::{Air, ReaderError, ReaderInfo, Seen, TagReader, UNKNOWN_HERE, Uid};

pub use super::setup::PCSC_MODEL as MODEL;

/// Longest wait for the service, in all. A card in a contactless reader answers in some 100 ms.
pub const CALL_WAIT: Duration = Duration::from_secs(3);

/// Get data, UID.
const GET_UID: [u8; 5] = [0xFF, 0xCA, 0x00, 0x00, 0x00];

/// Room for a UID and its status.
const ANSWER_MAX: usize = 64;

/// Status word of success.
const DONE: [u8; 2] = [0x90, 0x00];

/// What the thread is asked.
#[derive(Clone, Copy)]
enum Job {
    /// The reader's full name.
    Name,
    /// The card's UID.
    Uid,
}

enum Done {
    Name(String),
    Uid(Option<Seen>),
}

type Answer = (u64, Result<Done, ReaderError>);

/// A PC/SC reader: lists at most one card, by its UID.
pub struct PcscReader {
    jobs: SyncSender<(u64, Job)>,
    answers: Receiver<Answer>,
    number: u64,
    random_uids_seen: u64,
}

impl PcscReader {
    /// The first reader whose name contains these words; nothing is asked yet.
    ///
    /// # Errors
    /// No thread could be started.
    pub fn new(name: &str) -> io::Result<Self> {
        let (jobs, to_do) = mpsc::sync_channel(1);
        // Room for an answer that nobody waits for any more and one that somebody does.
        let (done, answers) = mpsc::sync_channel(2);
        let mut service = Service { name: name.to_owned(), context: None };
        thread::Builder::new().name("pcsc".into()).spawn(move || {
            for (number, job) in to_do {
                if done.send((number, service.work(job))).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { jobs, answers, number: 0, random_uids_seen: 0 })
    }

    /// How many random UIDs were left out of listings since the start.
    #[must_use]
    pub fn random_uids_seen(&self) -> u64 {
        self.random_uids_seen
    }

    fn ask(&mut self, job: Job) -> Result<Done, ReaderError> {
        let started = Instant::now();
        let silent = || {
            let waited_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            ReaderError::Silent { waited_ms }
        };
        self.number += 1;
        match self.jobs.try_send((self.number, job)) {
            Ok(()) => {}
            // The thread hangs in an older call.
            Err(TrySendError::Full(_)) => return Err(silent()),
            Err(TrySendError::Disconnected(_)) => return Err(ended()),
        }
        let until = started + CALL_WAIT;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok((number, answer)) if number == self.number => return answer,
                // To a call that was given up.
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Err(silent()),
                Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            }
        }
    }
}

fn ended() -> ReaderError {
    ReaderError::Gone(io::ErrorKind::BrokenPipe.into())
}

/// The thread's side.
struct Service {
    name: String,
    context: Option<Context>,
}

impl Service {
    fn work(&mut self, job: Job) -> Result<Done, ReaderError> {
        let result = self.try_work(job);
        if matches!(&result, Err(error) if error.is_gone()) {
            self.context = None;
        }
        result
    }

    fn try_work(&mut self, job: Job) -> Result<Done, ReaderError> {
        let context = match &self.context {
            Some(context) => context.clone(),
            None => {
                let context = Context::establish(Scope::User).map_err(reader_error)?;
                self.context.insert(context).clone()
            }
        };
        let reader = find(&context, &self.name)?;
        match job {
            Job::Name => Ok(Done::Name(reader.to_string_lossy().into_owned())),
            Job::Uid => Ok(Done::Uid(uid_on(&context, reader)?)),
        }
    }
}

fn find(context: &Context, name: &str) -> Result<CString, ReaderError> {
    let readers = match context.list_readers_owned() {
        Ok(readers) => readers,
        Err(Error::NoReadersAvailable) => Vec::new(),
        Err(error) => return Err(reader_error(error)),
    };
    if let Some(found) = readers.iter().find(|reader| reader.to_string_lossy().contains(name)) {
        return Ok(found.clone());
    }
    let known: Vec<_> = readers.iter().map(|reader| reader.to_string_lossy()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let text = format!("no card reader with {name:?} in its name; there are: {known}");
    Err(ReaderError::Gone(io::Error::new(io::ErrorKind::NotFound, text)))
}

fn uid_on(context: &Context, reader: CString) -> Result<Option<Seen>, ReaderError> {
    if !has_card(context, reader.clone())? {
        return Ok(None);
    }
    match exchange(context, &reader) {
        Ok(answer) => seen(&answer).map(Some),
        Err(error) if has_left(error) => Ok(None),
        // A card on its way gives any error.
        Err(_) if !has_card(context, reader)? => Ok(None),
        Err(error) => Err(reader_error(error)),
    }
}

fn has_card(context: &Context, reader: CString) -> Result<bool, ReaderError> {
    let mut states = [ReaderState::new(reader, State::UNAWARE)];
    // Unaware: answers at once.
    context.get_status_change(Duration::ZERO, &mut states).map_err(reader_error)?;
    Ok(states.iter().any(|state| state.event_state().contains(State::PRESENT)))
}

fn exchange(context: &Context, reader: &CStr) -> Result<Vec<u8>, Error> {
    let card = context.connect(reader, ShareMode::Shared, Protocols::ANY)?;
    let mut buf = [0; ANSWER_MAX];
    let answer = card.transmit(&GET_UID, &mut buf).map(<[u8]>::to_vec);
    // The card may have left meanwhile.
    let _ = card.disconnect(Disposition::LeaveCard);
    answer
}

/// The card's answer to [`GET_UID`].
fn seen(answer: &[u8]) -> Result<Seen, ReaderError> {
    let (uid, status) =
        answer.split_last_chunk::<2>().ok_or(ReaderError::Garbled("answer without a status"))?;
    if *status != DONE {
        return Err(ReaderError::Unsupported { code: status[0] });
    }
    let (uid, air) = match *uid {
        [0xE0, ..] if uid.len() == 8 => (uid.to_vec(), Air::Iso15693),
        [.., 0xE0] if uid.len() == 8 => (uid.iter().rev().copied().collect(), Air::Iso15693),
        _ if matches!(uid.len(), 4 | 7 | 10) => (uid.to_vec(), Air::Iso14443),
        _ => return Err(ReaderError::Garbled("a UID of a length that no card has")),
    };
    let uid = Uid::new(&uid).ok_or(ReaderError::Garbled("a UID of a length that no card has"))?;
    Ok(Seen { uid, air, dsfid: None })
}

/// Whether the card was taken away, or is on its way.
fn has_left(error: Error) -> bool {
    matches!(
        error,
        Error::NoSmartcard
            | Error::RemovedCard
            | Error::ResetCard
            | Error::UnpoweredCard
            | Error::UnresponsiveCard
    )
}

fn reader_error(error: Error) -> ReaderError {
    let gone = |kind, text: &str| ReaderError::Gone(io::Error::new(kind, text));
    match error {
        Error::NoService | Error::ServiceStopped => gone(
            io::ErrorKind::NotConnected,
            "the smart card service does not run: start pcscd (systemctl start pcscd.socket)",
        ),
        Error::NoAccess => gone(
            io::ErrorKind::PermissionDenied,
            "this user may not use the smart card service (polkit, org.debian.pcsc-lite)",
        ),
        Error::UnknownReader | Error::ReaderUnavailable | Error::NoReadersAvailable => {
            gone(io::ErrorKind::NotFound, "the card reader is gone")
        }
        Error::InvalidHandle | Error::Shutdown | Error::SystemCancelled => {
            gone(io::ErrorKind::BrokenPipe, "the smart card service was restarted")
        }
        // The last byte tells the error: 0B is a card that another program holds.
        other => ReaderError::Refused { code: (other as u32).to_be_bytes()[3] },
    }
}

impl TagReader for PcscReader {
    /// The reader's full name stands for its firmware, which PC/SC does not tell.
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        match self.ask(Job::Name)? {
            Done::Name(firmware) => Ok(ReaderInfo { model: MODEL, firmware }),
            Done::Uid(_) => Err(ReaderError::Garbled("answer of another kind")),
        }
    }

    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        match self.ask(Job::Uid)? {
            Done::Uid(Some(seen)) if card::is_random(&seen) => {
                self.random_uids_seen = self.random_uids_seen.saturating_add(1);
                Ok(Vec::new())
            }
            Done::Uid(seen) => Ok(seen.into_iter().collect()),
            Done::Name(_) => Err(ReaderError::Garbled("answer of another kind")),
        }
    }

    fn read_blocks(&mut self, _: Uid, _: u8, _: u8) -> Result<Vec<u8>, ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn write_blocks(&mut self, _: Uid, _: u8, _: &[u8]) -> Result<(), ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn afi(&mut self, _: Uid) -> Result<u8, ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn write_afi(&mut self, _: Uid, _: u8) -> Result<(), ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn eas(&mut self, _: Uid) -> Result<bool, ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn write_eas(&mut self, _: Uid, _: bool) -> Result<(), ReaderError> {
        Err(UNKNOWN_HERE)
    }

    fn write_dsfid(&mut self, _: Uid, _: u8) -> Result<(), ReaderError> {
        Err(UNKNOWN_HERE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let uid = |answer: &[u8]| seen(answer).map(|s| (s.uid.to_string(), s.air));
        let e0 = ("E00401003123AA26".to_owned(), Air::Iso15693);
        let ok = uid(&[0xDE, 0xAD, 0xBE, 0xEF, 0x90, 0x00]).unwrap();
        assert_eq!(ok, ("DEADBEEF".to_owned(), Air::Iso14443));
        let front = [0xE0, 0x04, 0x01, 0x00, 0x31, 0x23, 0xAA, 0x26, 0x90, 0x00];
        assert_eq!(uid(&front).unwrap(), e0);
        let back = [0x26, 0xAA, 0x23, 0x31, 0x00, 0x01, 0x04, 0xE0, 0x90, 0x00];
        assert_eq!(uid(&back).unwrap(), e0);
        assert!(matches!(uid(&[0x6A, 0x81]), Err(ReaderError::Unsupported { code: 0x6A })));
        for bad in [&[0x90][..], &[], &[0x90, 0x00], &[1, 2, 3, 0x90, 0x00]] {
            assert!(matches!(uid(bad), Err(ReaderError::Garbled(_))), "{bad:?}");
        }
    }

    #[test]
    fn errors() {
        assert!(reader_error(Error::NoService).is_gone());
        assert!(reader_error(Error::UnknownReader).is_gone());
        let held = reader_error(Error::SharingViolation);
        assert!(matches!(held, ReaderError::Refused { code: 0x0B }), "{held:?}");
    }
}
