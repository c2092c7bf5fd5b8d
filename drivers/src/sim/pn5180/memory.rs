//! Registers and EEPROM of the chip (readers.md sections 4.2 and 4.3).

/// Registers 00 to 25.
const REGISTERS: usize = 0x26;

pub(super) const SYSTEM_CONFIG: u8 = 0x00;
pub(super) const IRQ_STATUS: u8 = 0x02;
pub(super) const IRQ_CLEAR: u8 = 0x03;
pub(super) const CRC_RX: u8 = 0x12;
pub(super) const RX_STATUS: u8 = 0x13;
pub(super) const TX_CONFIG: u8 = 0x18;
pub(super) const CRC_TX: u8 = 0x19;
pub(super) const RF_STATUS: u8 = 0x1D;
pub(super) const SYSTEM_STATUS: u8 = 0x24;

pub(super) const IRQ_RX_END: u32 = 0x0000_0001;
pub(super) const IRQ_TX_END: u32 = 0x0000_0002;
pub(super) const IRQ_IDLE: u32 = 0x0000_0004;
pub(super) const IRQ_FIELD_OFF: u32 = 0x0000_0100;
pub(super) const IRQ_FIELD_ON: u32 = 0x0000_0200;
pub(super) const IRQ_SOF: u32 = 0x0000_4000;
pub(super) const IRQ_HOT: u32 = 0x0001_0000;
pub(super) const IRQ_GENERAL: u32 = 0x0002_0000;

/// SYSTEM_STATUS: parameter, syntax and semantic error.
pub(super) const BAD_PARAMETER: u32 = 0x100;
pub(super) const BAD_SYNTAX: u32 = 0x080;
pub(super) const BAD_MOMENT: u32 = 0x040;

/// TX_CONFIG as the RF configuration of ISO 15693 brings it: data, start and stop symbols on.
/// The value is not in readers.md: UNCONFIRMED.
pub(super) const TX_CONFIG_15693: u32 = 0x0000_07C0;
/// The same for ISO 14443A; UNCONFIRMED.
pub(super) const TX_CONFIG_14443: u32 = 0x0000_0440;
/// Data enable and start symbol of TX_CONFIG; without them only an EOF is sent.
pub(super) const TX_DATA_AND_START: u32 = 0x0000_04C0;

#[derive(Debug)]
pub(super) struct Registers([u32; REGISTERS]);

impl Registers {
    /// As after a reset.
    pub(super) fn new() -> Self {
        Self([0; REGISTERS])
    }

    pub(super) fn get(&self, address: u8) -> Option<u32> {
        self.0.get(usize::from(address)).copied()
    }

    /// The value of a register that exists.
    pub(super) fn of(&self, address: u8) -> u32 {
        self.get(address).unwrap_or(0)
    }

    pub(super) fn set(&mut self, address: u8, value: u32) {
        if let Some(register) = self.0.get_mut(usize::from(address)) {
            *register = value;
        }
    }

    pub(super) fn raise(&mut self, irq: u32) {
        self.set(IRQ_STATUS, self.of(IRQ_STATUS) | irq);
    }
}

/// Bytes of the EEPROM.
const EEPROM: usize = 255;

/// Die id, product 4.0, firmware 4.0, EEPROM 145.0, IDLE IRQ after a start.
pub(super) fn eeprom() -> [u8; EEPROM] {
    let mut bytes = [0; EEPROM];
    for (place, byte) in bytes.iter_mut().zip(0xA0..0xB0) {
        *place = byte;
    }
    bytes[0x10..0x16].copy_from_slice(&[0x00, 0x04, 0x00, 0x04, 0x00, 0x91]);
    bytes[0x16] = 1;
    bytes
}
