//! [`Pn532Reader`]: the chip as a [`TagReader`].

use super::bus::Bus;
use super::link::Link;
use super::setup::Pn532Setup;
use super::wire::{Command, Firmware, Reply, TARGETS_MAX, Target};
use crate::rfid::card;
use crate::rfid::{Air, ReaderError, ReaderInfo, Seen, TagReader, UNKNOWN_HERE, Uid};

/// Model name in configuration.
pub const MODEL: &str = "pn532";

/// IC of a PN532 in its firmware version.
const IC: u8 = 0x32;

/// Release with target 0: all.
const ALL_TARGETS: u8 = 0;

/// Low bits of a status byte: the error; 0 is done.
const STATUS_ERROR: u8 = 0x3F;

/// A PN532: patron cards of ISO 14443 type A, by their UID.
///
/// It lists at most two cards, since the chip cannot more. Random UIDs (4 bytes, first 08) are
/// left out of every listing and counted: they are others each time. After an answer that is
/// missing, damaged or repeated, the next call first ends whatever the chip does and sets it up
/// again, so that a late answer is never taken for a new one.
///
/// The chip's checksums are sums of 8 bits: two bits damaged the opposite way pass them. A number
/// that opens an account should have been listed twice.
pub struct Pn532Reader<B: Bus> {
    link: Link<B>,
    random_uids_seen: u64,
}

impl<B: Bus> Pn532Reader<B> {
    /// Takes a way to the chip; nothing is sent yet.
    pub fn new(bus: B, setup: Pn532Setup) -> Self {
        Self { link: Link::new(bus, setup), random_uids_seen: 0 }
    }

    /// How many random UIDs were left out of listings since the start, each listing by itself.
    #[must_use]
    pub fn random_uids_seen(&self) -> u64 {
        self.random_uids_seen
    }

    /// Lets all cards go, so that the next listing finds them anew.
    fn release(&mut self) -> Result<(), ReaderError> {
        match self.link.ask(&Command::Release { target: ALL_TARGETS })? {
            Reply::Status { status, .. } if status & STATUS_ERROR == 0 => Ok(()),
            Reply::Status { status, .. } => {
                Err(ReaderError::Refused { code: status & STATUS_ERROR })
            }
            _ => Err(OTHER_KIND),
        }
    }

    fn keep(&mut self, targets: Vec<Target>) -> Vec<Seen> {
        let mut found: Vec<Seen> = Vec::with_capacity(targets.len());
        for target in targets {
            let seen = Seen { uid: target.uid, air: Air::Iso14443, dsfid: None };
            if card::is_random(&seen) {
                self.random_uids_seen = self.random_uids_seen.saturating_add(1);
                tracing::debug!("a card with a random UID was left out");
            } else if !found.contains(&seen) {
                found.push(seen);
            }
        }
        found
    }
}

const OTHER_KIND: ReaderError = ReaderError::Garbled("answer of another kind");

impl<B: Bus> TagReader for Pn532Reader<B> {
    fn identify(&mut self) -> Result<ReaderInfo, ReaderError> {
        match self.link.ask(&Command::GetFirmwareVersion)? {
            Reply::Firmware(Firmware { ic: IC, version, revision, .. }) => {
                Ok(ReaderInfo { model: MODEL, firmware: format!("{version}.{revision}") })
            }
            Reply::Firmware(Firmware { ic, .. }) => Err(ReaderError::Unsupported { code: ic }),
            _ => Err(OTHER_KIND),
        }
    }

    fn inventory(&mut self) -> Result<Vec<Seen>, ReaderError> {
        let reply = self.link.ask(&Command::ListTypeA { max: TARGETS_MAX })?;
        let Reply::Targets(targets) = reply else { return Err(OTHER_KIND) };
        if targets.is_empty() {
            return Ok(Vec::new());
        }
        match self.release() {
            Err(error) if error.is_gone() => return Err(error),
            // The listing is good all the same; the next call sets the chip up again.
            Err(error) => tracing::debug!(%error, "cards were not released"),
            Ok(()) => {}
        }
        Ok(self.keep(targets))
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
