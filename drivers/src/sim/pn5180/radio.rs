//! The transceiver and the field of the chip.

use std::time::Duration;

use super::memory::{
    IRQ_FIELD_ON, IRQ_RX_END, IRQ_SOF, IRQ_TX_END, RX_STATUS, Registers, TX_DATA_AND_START,
};
use crate::sim::field::{Field, Heard, Reception, Rng, air};

/// From RF_ON to TX_RFON_IRQ. UNCONFIRMED.
const FIELD_RISE: Duration = Duration::from_micros(150);
/// From field on until a tag listens (ISO/IEC 15693-3, recalled, UNCONFIRMED).
const TAG_START: Duration = Duration::from_millis(1);
/// From the field's power-up until an ISO 14443A card listens (recalled, UNCONFIRMED).
const CARD_START: Duration = Duration::from_millis(5);

/// Which RF configuration is loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Protocol {
    /// None yet.
    #[default]
    Nothing,
    Iso15693,
    Iso14443A,
    /// One that no tag here answers.
    Other,
}

/// State of the transceiver, as in RF_STATUS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum State {
    #[default]
    Idle = 0,
    WaitTransmit = 1,
    Transmitting = 2,
    WaitForData = 4,
    Receiving = 5,
}

/// What SEND_DATA finds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sending<'a> {
    pub(super) data: &'a [u8],
    pub(super) last_bits: u8,
    pub(super) tx_config: u32,
    pub(super) crc_tx: bool,
    pub(super) crc_rx: bool,
    pub(super) slow: Duration,
    pub(super) garbled_per_mille: u16,
}

/// An answer on its way.
#[derive(Debug)]
struct Coming {
    begins: Duration,
    ends: Duration,
    bytes: Vec<u8>,
    rx_status: u32,
}

#[derive(Debug, Default)]
pub(super) struct Radio {
    pub(super) protocol: Protocol,
    pub(super) hot: bool,
    pub(super) received: Vec<u8>,
    state: State,
    /// Since when the field is on.
    on_since: Option<Duration>,
    /// When to say that the field is on.
    on_told_at: Option<Duration>,
    sent_at: Option<Duration>,
    coming: Option<Coming>,
    /// End of the last answer of an ISO 15693 tag.
    last_answer: Option<Duration>,
}

impl Radio {
    /// As after a reset; heat stays.
    pub(super) fn new(hot: bool) -> Self {
        Self { hot, ..Self::default() }
    }

    pub(super) fn waits_to_transmit(&self) -> bool {
        self.state == State::WaitTransmit
    }

    /// The command idle: what was on its way is not heard.
    pub(super) fn idle(&mut self) {
        self.state = State::Idle;
        self.sent_at = None;
        if self.coming.take().is_some() {
            // Nobody heard it; whether its tag still speaks is not modelled.
            self.last_answer = None;
        }
    }

    pub(super) fn transceive(&mut self) {
        self.state = State::WaitTransmit;
    }

    pub(super) fn field_comes_on(&mut self, now: Duration) {
        self.on_since.get_or_insert(now);
        self.on_told_at = Some(now + FIELD_RISE);
    }

    pub(super) fn field_goes_off(&mut self) {
        self.on_since = None;
        self.on_told_at = None;
        self.coming = None;
    }

    /// RF_STATUS: state of the transceiver, own field on.
    pub(super) fn status(&self) -> u32 {
        (self.state as u32) << 24 | u32::from(self.on_since.is_some()) << 17
    }

    pub(super) fn pass(&mut self, registers: &mut Registers, now: Duration) {
        if self.on_told_at.is_some_and(|at| at <= now) {
            self.on_told_at = None;
            registers.raise(IRQ_FIELD_ON);
        }
        if self.sent_at.is_some_and(|at| at <= now) {
            self.sent_at = None;
            self.state = State::WaitForData;
            registers.raise(IRQ_TX_END);
        }
        let Some(coming) = self.coming.take_if(|coming| coming.begins <= now) else { return };
        self.state = State::Receiving;
        registers.raise(IRQ_SOF);
        if coming.ends > now {
            self.coming = Some(coming);
            return;
        }
        self.state = State::WaitTransmit;
        self.received = coming.bytes;
        registers.set(RX_STATUS, coming.rx_status);
        registers.raise(IRQ_RX_END);
    }

    /// Sends a frame; what the tags do with it they do now, what is heard comes in time.
    pub(super) fn send(
        &mut self,
        sending: Sending<'_>,
        field: &mut Field,
        rng: &mut Rng,
        now: Duration,
    ) {
        let mut reception = self.ask_field(sending, field, now);
        if sending.garbled_per_mille > 0 {
            garble(&mut reception.heard, sending.garbled_per_mille, rng);
        }
        let sent_at = now + reception.request;
        self.state = State::Transmitting;
        self.sent_at = Some(sent_at);
        self.received.clear();
        let mark = match self.protocol {
            Protocol::Iso15693 => air::RETURN_SOF,
            _ => Duration::ZERO,
        };
        let starts = sent_at + reception.wait + sending.slow;
        self.coming = heard_as(&reception, sending.crc_rx).map(|(bytes, rx_status)| Coming {
            begins: starts + mark,
            ends: starts + reception.answer,
            bytes,
            rx_status,
        });
        if let (Some(coming), Protocol::Iso15693) = (&self.coming, self.protocol) {
            self.last_answer = Some(coming.ends);
        }
    }

    fn ask_field(&self, sending: Sending<'_>, field: &mut Field, now: Duration) -> Reception {
        let start = match self.protocol {
            Protocol::Iso14443A => CARD_START,
            _ => TAG_START,
        };
        let powered = self.on_since.is_some_and(|since| now >= since + start);
        // Sooner than t2 after an answer no tag listens.
        let rested = self.last_answer.is_none_or(|end| now >= end + air::T2);
        let deaf = !powered || !rested;
        let eof_only = sending.tx_config & TX_DATA_AND_START == 0;
        match self.protocol {
            _ if deaf => silence(sending),
            Protocol::Iso15693 if eof_only => field.eof(),
            Protocol::Iso15693 if sending.crc_tx && !sending.data.is_empty() => {
                field.request(sending.data)
            }
            Protocol::Iso14443A => field.request_a(sending.data, sending.last_bits, sending.crc_tx),
            _ => silence(sending),
        }
    }
}

fn silence(sending: Sending<'_>) -> Reception {
    Reception {
        heard: Heard::Nothing,
        last_bits: 0,
        crc: false,
        request: air::request(sending.data.len() as u32),
        wait: Duration::ZERO,
        answer: Duration::ZERO,
    }
}

/// Bytes in the buffer and RX_STATUS; `None` when nothing is heard.
fn heard_as(reception: &Reception, crc_rx: bool) -> Option<(Vec<u8>, u32)> {
    /// Checksum or parity is wrong.
    const INTEGRITY: u32 = 1 << 16;
    const COLLISION: u32 = 1 << 18;
    let (mut bytes, mut flags) = match &reception.heard {
        Heard::Nothing => return None,
        Heard::Frame(bytes) => (bytes.clone(), 0),
        Heard::BadCrc(bytes) => (bytes.clone(), INTEGRITY),
        Heard::Collision { bit, bytes } => {
            let place = u32::from(*bit).min(0x7F) << 19;
            (bytes.clone(), COLLISION | INTEGRITY | place)
        }
    };
    match (reception.crc, crc_rx) {
        // The checksum is not looked at: it stands in the buffer.
        (true, false) => bytes.extend([0xC5, 0xC5]),
        // Looked for and not there.
        (false, true) => flags |= INTEGRITY,
        _ => {}
    }
    let status = bytes.len() as u32 & 0x1FF | u32::from(reception.last_bits & 7) << 13 | flags;
    Some((bytes, status))
}

/// A flipped bit on the air is a bad checksum.
fn garble(heard: &mut Heard, per_mille: u16, rng: &mut Rng) {
    if let Heard::Frame(bytes) = heard {
        let mut hit = false;
        for byte in bytes.iter_mut() {
            if rng.below(1000) < u32::from(per_mille) {
                *byte ^= 1 << rng.below(8);
                hit = true;
            }
        }
        if hit {
            *heard = Heard::BadCrc(std::mem::take(bytes));
        }
    }
}
