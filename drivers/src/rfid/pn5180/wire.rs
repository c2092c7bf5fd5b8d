//! Host interface commands and registers (readers.md sections 4.2 and 4.3, [D S5]).

/// Most bytes of one frame into the air.
pub const TX_MAX: usize = 260;
/// Most bytes of one answer.
pub const RX_MAX: usize = 508;
/// Most actions of one WRITE_REGISTER_MULTIPLE.
pub const ACTIONS_MAX: usize = 42;
/// Most registers of one READ_REGISTER_MULTIPLE.
pub const REGISTERS_MAX: usize = 18;

/// Register addresses used here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Register {
    /// Command, crypto, soft reset.
    SystemConfig = 0x00,
    /// What happened since it was cleared: [`irq`].
    IrqStatus = 0x02,
    /// Ones clear.
    IrqClear = 0x03,
    /// Checksum of what is received; bit 0.
    CrcRxConfig = 0x12,
    /// What was received: [`RxStatus`].
    RxStatus = 0x13,
    /// What is sent around the data.
    TxConfig = 0x18,
    /// Checksum of what is sent; bit 0.
    CrcTxConfig = 0x19,
    /// Field and transceiver: [`RfStatus`].
    RfStatus = 0x1D,
    /// Why a command was refused.
    SystemStatus = 0x24,
}

/// Bits of IRQ_STATUS.
pub mod irq {
    /// An answer has ended.
    pub const RX: u32 = 1 << 0;
    /// The frame is sent.
    pub const TX: u32 = 1 << 1;
    /// Idle; also after a reset.
    pub const IDLE: u32 = 1 << 2;
    /// The field is off.
    pub const RF_OFF: u32 = 1 << 8;
    /// The field is on.
    pub const RF_ON: u32 = 1 << 9;
    /// An answer has begun.
    pub const RX_SOF: u32 = 1 << 14;
    /// Too hot: the chip has switched its field off.
    pub const TEMPERATURE: u32 = 1 << 16;
    /// A command was refused.
    pub const GENERAL_ERROR: u32 = 1 << 17;
    /// All bits there are; a status with others is no status.
    pub const ALL: u32 = 0x000F_FFFF;
}

/// SYSTEM_CONFIG: everything but the command.
pub const COMMAND_IDLE: u32 = 0xFFFF_FFF8;
/// SYSTEM_CONFIG: the command transceive.
pub const COMMAND_TRANSCEIVE: u32 = 0x0000_0003;
/// SYSTEM_CONFIG: everything but MFC_CRYPTO_ON.
pub const CRYPTO_OFF: u32 = 0xFFFF_FFBF;
/// TX_CONFIG: no data and no start mark, so that only an EOF is sent.
pub const TX_EOF_ONLY: u32 = 0xFFFF_FB3F;
/// Bit 0 of the checksum registers.
pub const CRC_ON: u32 = 0x0000_0001;

/// What is done to a register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It becomes this.
    Write(u32),
    /// These bits are set.
    Or(u32),
    /// Only these bits stay.
    And(u32),
}

impl Action {
    fn code(self) -> (u8, u32) {
        match self {
            Self::Write(value) => (1, value),
            Self::Or(mask) => (2, mask),
            Self::And(mask) => (3, mask),
        }
    }
}

/// One register changed by its own command.
#[must_use]
pub fn change(register: Register, action: Action) -> Vec<u8> {
    let (code, value) = action.code();
    let mut bytes = vec![code - 1, register as u8];
    bytes.extend(value.to_le_bytes());
    bytes
}

/// Several registers changed by one command, in order; what is past [`ACTIONS_MAX`] is left out.
#[must_use]
pub fn change_all(actions: &[(Register, Action)]) -> Vec<u8> {
    let mut bytes = vec![0x03];
    for (register, action) in actions.iter().take(ACTIONS_MAX) {
        let (code, value) = action.code();
        bytes.extend([*register as u8, code]);
        bytes.extend(value.to_le_bytes());
    }
    bytes
}

/// Asks for one register.
#[must_use]
pub fn read_register(register: Register) -> [u8; 2] {
    [0x04, register as u8]
}

/// Asks for several registers; what is past [`REGISTERS_MAX`] is left out.
#[must_use]
pub fn read_registers(registers: &[Register]) -> Vec<u8> {
    let mut bytes = vec![0x05];
    bytes.extend(registers.iter().take(REGISTERS_MAX).map(|r| *r as u8));
    bytes
}

/// Asks for bytes of the EEPROM.
#[must_use]
pub fn read_eeprom(address: u8, len: u8) -> [u8; 3] {
    [0x07, address, len]
}

/// Sends data into the air; `last_bits` are the bits of the last byte, 0 for all 8.
#[must_use]
pub fn send_data(last_bits: u8, data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x09, last_bits & 0x07];
    bytes.extend(data.iter().take(TX_MAX));
    bytes
}

/// Asks for what was received.
pub const READ_DATA: [u8; 2] = [0x0A, 0x00];
/// Loads the configuration of ISO 15693, 100 % ASK, 26 kbit/s.
pub const LOAD_ISO15693: [u8; 3] = [0x11, 0x0D, 0x8D];
/// Loads the configuration of ISO 14443A, 106 kbit/s.
pub const LOAD_ISO14443A: [u8; 3] = [0x11, 0x00, 0x80];
/// Switches the field on.
pub const RF_ON: [u8; 2] = [0x16, 0x00];
/// Switches the field off.
pub const RF_OFF: [u8; 2] = [0x17, 0x00];
/// EEPROM: product version, firmware version, EEPROM version, two bytes each, minor first.
pub const EEPROM_VERSIONS: u8 = 0x10;

/// RX_STATUS taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RxStatus {
    /// Bytes received.
    pub len: usize,
    /// Valid bits of the last byte, 0 for all 8.
    pub last_bits: u8,
    /// Checksum or parity is wrong.
    pub integrity: bool,
    /// The frame breaks the protocol.
    pub protocol: bool,
    /// The first bit in which answers collided, from the start of the answer.
    pub collision: Option<u8>,
}

impl RxStatus {
    /// Reads the register.
    #[must_use]
    pub fn parse(value: u32) -> Self {
        let bit = |n: u32| value >> n & 1 != 0;
        Self {
            len: (value & 0x1FF) as usize,
            last_bits: (value >> 13 & 0x07) as u8,
            integrity: bit(16),
            protocol: bit(17),
            collision: bit(18).then_some((value >> 19 & 0x7F) as u8),
        }
    }
}

/// What of RF_STATUS is looked at here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RfStatus {
    /// State of the transceiver: 1 waits to transmit, 4 waits for data.
    pub transceiver: u8,
    /// The chip's own field is on.
    pub field_on: bool,
}

impl RfStatus {
    /// Reads the register.
    #[must_use]
    pub fn parse(value: u32) -> Self {
        Self { transceiver: (value >> 24 & 0x07) as u8, field_on: value >> 17 & 1 != 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        text.split_whitespace().map(|b| u8::from_str_radix(b, 16).unwrap()).collect()
    }

    /// MOSI bytes of readers.md section 4.4.
    #[test]
    fn pinned_commands() {
        assert_eq!(read_register(Register::IrqStatus), hex("04 02")[..]);
        let all = Action::Write(0xFFFF_FFFF);
        assert_eq!(change(Register::IrqClear, all), hex("00 03 FF FF FF FF"));
        let idle = change(Register::SystemConfig, Action::And(COMMAND_IDLE));
        assert_eq!(idle, hex("02 00 F8 FF FF FF"));
        let transceive = change(Register::SystemConfig, Action::Or(COMMAND_TRANSCEIVE));
        assert_eq!(transceive, hex("01 00 03 00 00 00"));
        assert_eq!(send_data(0, &[0x26, 0x01, 0x00]), hex("09 00 26 01 00"));
        assert_eq!(send_data(0, &[0x06, 0x01, 0x00]), hex("09 00 06 01 00"));
        assert_eq!(send_data(0, &[]), hex("09 00"));
        assert_eq!(send_data(7, &[0x26]), hex("09 07 26"));
        assert_eq!(LOAD_ISO15693[..], hex("11 0D 8D"));
        assert_eq!(LOAD_ISO14443A[..], hex("11 00 80"));
        assert_eq!(RF_ON[..], hex("16 00"));
        let eof = change(Register::TxConfig, Action::And(TX_EOF_ONLY));
        assert_eq!(eof, hex("02 18 3F FB FF FF"));
        assert_eq!(
            change(Register::SystemConfig, Action::And(CRYPTO_OFF)),
            hex("02 00 BF FF FF FF")
        );
    }

    /// Action codes of WRITE_REGISTER_MULTIPLE: 1 write, 2 or, 3 and.
    #[test]
    fn several_registers_at_once() {
        let actions = [
            (Register::IrqClear, Action::Write(0x000F_FFFF)),
            (Register::SystemConfig, Action::And(COMMAND_IDLE)),
            (Register::SystemConfig, Action::Or(COMMAND_TRANSCEIVE)),
        ];
        let bytes = "03 03 01 FF FF 0F 00 00 03 F8 FF FF FF 00 02 03 00 00 00";
        assert_eq!(change_all(&actions), hex(bytes));
        let registers = [Register::IrqStatus, Register::RxStatus, Register::RfStatus];
        assert_eq!(read_registers(&registers), hex("05 02 13 1D"));
        assert_eq!(change_all(&[actions[0]; 100]).len(), 1 + 6 * ACTIONS_MAX);
    }

    /// The real log of readers.md section 4.4 [K].
    #[test]
    fn real_status() {
        let status = u32::from_le_bytes([0x07, 0x40, 0x00, 0x00]);
        assert_eq!(status, irq::RX | irq::TX | irq::IDLE | irq::RX_SOF);
        let rx = RxStatus::parse(u32::from_le_bytes([0x0A, 0x00, 0x00, 0x00]));
        assert_eq!((rx.len, rx.collision, rx.integrity), (10, None, false));
        let rx = RxStatus::parse(18 << 19 | 1 << 18 | 1 << 16 | 5 << 13 | 9);
        assert_eq!((rx.len, rx.last_bits, rx.collision, rx.integrity), (9, 5, Some(18), true));
    }
}
