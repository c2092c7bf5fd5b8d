//! A tag as the module reports it: metadata as asked for, then what the tag itself said.

use super::{Fields, Opaque, WireError};
use crate::rfid::Uii;

/// Which metadata stand in front of a tag (readers.md 5.2; the order is that of the bits).
pub mod metadata {
    /// How often it was read.
    pub const READ_COUNT: u16 = 0x0001;
    /// Signal strength.
    pub const RSSI: u16 = 0x0002;
    /// Antenna, sending one in the high nibble.
    pub const ANTENNA: u16 = 0x0004;
    /// Carrier frequency in kHz.
    pub const FREQUENCY: u16 = 0x0008;
    /// Milliseconds since the search began.
    pub const TIMESTAMP: u16 = 0x0010;
    /// Phase of the answer.
    pub const PHASE: u16 = 0x0020;
    /// Protocol of the tag.
    pub const PROTOCOL: u16 = 0x0040;
    /// Data of a command done within the search.
    pub const DATA: u16 = 0x0080;
    /// State of the module's pins.
    pub const GPIO: u16 = 0x0100;
    /// All of them, as in every capture.
    pub const ALL: u16 = 0x01FF;
}

/// Bits of a length that says "the command within the search failed" instead.
const DATA_FAILED: u16 = 0x8000;

/// PC word: an extended word (XPC) follows it (ISO/IEC 18000-63, 6.3.2.1.2.5).
const PC_EXTENDED: u16 = 0x0200;

/// One tag of a search.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TagRecord {
    /// How often it was read in this search.
    pub read_count: u8,
    /// Signal strength in dBm.
    pub rssi_dbm: i8,
    /// Antenna: sending one in the high nibble, receiving one in the low.
    pub antenna: u8,
    /// Carrier in kHz.
    pub frequency_khz: u32,
    /// Milliseconds since the search, or the last keep-alive, began.
    pub timestamp_ms: u32,
    /// Phase of the answer.
    pub phase: u16,
    /// Protocol; 05 is Gen2.
    pub protocol: u8,
    /// Length in bits of `data`, or an error's mark.
    pub data_bits: u16,
    /// Data of a command done within the search; empty without one.
    pub data: Opaque,
    /// State of the pins.
    pub gpio: u8,
    /// What the tag said, its checksum left out: PC word, extended word, UII.
    pub said: Opaque,
    /// The tag's own checksum.
    pub tag_crc: u16,
}

impl TagRecord {
    /// PC word and UII; `None` when the record holds less than the PC word says.
    #[must_use]
    pub fn uii(&self) -> Option<Uii> {
        let (pc, rest) = self.said.split_first_chunk::<2>()?;
        let pc = u16::from_be_bytes(*pc);
        let len = usize::from(pc >> 11) * 2;
        let extended = pc & PC_EXTENDED != 0 && rest.len() >= len + 2;
        let bytes = rest.get(if extended { 2 } else { 0 }..)?.get(..len)?.to_vec();
        Some(Uii { pc, bytes })
    }

    pub(super) fn parse(f: &mut Fields<'_>, flags: u16) -> Result<Self, WireError> {
        if flags & !metadata::ALL != 0 {
            return Err(f.value("metadata flags", (flags >> 8) as u8));
        }
        let has = |flag| flags & flag != 0;
        let mut record = Self::default();
        if has(metadata::READ_COUNT) {
            record.read_count = f.u8("read count")?;
        }
        if has(metadata::RSSI) {
            record.rssi_dbm = i8::from_be_bytes(f.array("RSSI")?);
        }
        if has(metadata::ANTENNA) {
            record.antenna = f.u8("antenna")?;
        }
        if has(metadata::FREQUENCY) {
            let [a, b, c] = f.array("frequency")?;
            record.frequency_khz = u32::from_be_bytes([0, a, b, c]);
        }
        if has(metadata::TIMESTAMP) {
            record.timestamp_ms = u32::from_be_bytes(f.array("timestamp")?);
        }
        if has(metadata::PHASE) {
            record.phase = f.u16("phase")?;
        }
        if has(metadata::PROTOCOL) {
            record.protocol = f.u8("protocol")?;
        }
        if has(metadata::DATA) {
            record.data_bits = f.u16("data length")?;
            record.data = Opaque(f.take(record.data_len(), "data")?.to_vec());
        }
        if has(metadata::GPIO) {
            record.gpio = f.u8("pins")?;
        }
        record.parse_tag(f)?;
        Ok(record)
    }

    fn parse_tag(&mut self, f: &mut Fields<'_>) -> Result<(), WireError> {
        let bits = f.u16("tag length")?;
        // PC word and checksum are the least, and everything comes in whole words.
        if bits < 32 || bits % 16 != 0 {
            return Err(f.value("tag length", bits as u8));
        }
        self.said = Opaque(f.take(usize::from(bits / 8) - 2, "tag")?.to_vec());
        self.tag_crc = f.u16("tag checksum")?;
        Ok(())
    }

    fn data_len(&self) -> usize {
        match self.data_bits {
            DATA_FAILED.. => 0,
            bits => usize::from(bits).div_ceil(8),
        }
    }

    pub(super) fn push(&self, flags: u16, out: &mut Vec<u8>) {
        let mut some = |flag: u16, bytes: &[u8]| {
            if flags & flag != 0 {
                out.extend_from_slice(bytes);
            }
        };
        some(metadata::READ_COUNT, &[self.read_count]);
        some(metadata::RSSI, &self.rssi_dbm.to_be_bytes());
        some(metadata::ANTENNA, &[self.antenna]);
        let [_, frequency @ ..] = self.frequency_khz.to_be_bytes();
        some(metadata::FREQUENCY, &frequency);
        some(metadata::TIMESTAMP, &self.timestamp_ms.to_be_bytes());
        some(metadata::PHASE, &self.phase.to_be_bytes());
        some(metadata::PROTOCOL, &[self.protocol]);
        some(metadata::DATA, &self.data_bits.to_be_bytes());
        some(metadata::DATA, &self.data);
        some(metadata::GPIO, &[self.gpio]);
        out.extend(((self.said.len() + 2) as u16 * 8).to_be_bytes());
        out.extend_from_slice(&self.said);
        out.extend(self.tag_crc.to_be_bytes());
    }
}
