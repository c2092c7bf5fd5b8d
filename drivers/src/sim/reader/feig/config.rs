//! Configuration blocks (readers.md 2.2 to 2.4): CFG1 line, CFG5 anticollision. They can be read
//! and written; only ONT has an effect here (the simulated line's speed is the simulator's own).
//! Byte numbers count from 0: a captured write of CFG1 has 08 (38400) at 2, 01 (even) at 3.

const BLOCK: usize = 14;
/// Blocks the simulated reader has; others are reserved. Real numbers UNCONFIRMED.
const BLOCKS: usize = 16;

const EEPROM: u8 = 0x80;
const ALL: u8 = 0x40;
const NUMBER: u8 = 0x3F;

const LINE: usize = 1;
const BAUD_BYTE: usize = 2;
const BAUD_38400: u8 = 0x08;
const TRANS_FORM_BYTE: usize = 3;
const PARITY_EVEN: u8 = 0x01;
/// In 100 ms, low byte of two.
const RESPONSE_TIME_BYTE: usize = 7;
const RESPONSE_TIME_1S: u8 = 0x0A;

const ANTICOLLISION: usize = 5;
const ONT_BYTE: usize = 11;
const ONT: u8 = 0x01;
const ACOLL: u8 = 0x04;

const RESERVED_READ: u8 = 0x15;
const RESERVED_WRITE: u8 = 0x16;

type Blocks = [[u8; BLOCK]; BLOCKS];

fn factory(ont: bool) -> Blocks {
    let mut blocks = [[0; BLOCK]; BLOCKS];
    blocks[LINE][BAUD_BYTE] = BAUD_38400;
    blocks[LINE][TRANS_FORM_BYTE] = PARITY_EVEN;
    blocks[LINE][RESPONSE_TIME_BYTE] = RESPONSE_TIME_1S;
    blocks[ANTICOLLISION][ONT_BYTE] = ACOLL | if ont { ONT } else { 0 };
    blocks
}

pub(super) struct Config {
    factory: Blocks,
    ram: Blocks,
    eeprom: Blocks,
}

impl Config {
    pub(super) fn new(ont: bool) -> Self {
        let factory = factory(ont);
        Self { factory, ram: factory, eeprom: factory }
    }

    pub(super) fn ont(&self) -> bool {
        self.ram[ANTICOLLISION][ONT_BYTE] & ONT != 0
    }

    /// What a restart does.
    pub(super) fn reload(&mut self) {
        self.ram = self.eeprom;
    }

    /// `80`: the block, or a status.
    pub(super) fn read(&self, address: u8) -> Result<[u8; BLOCK], u8> {
        let from = if address & EEPROM != 0 { &self.eeprom } else { &self.ram };
        from.get(usize::from(address & NUMBER)).copied().ok_or(RESERVED_READ)
    }

    /// `81`. A block written to EEPROM holds from the next restart on: a captured host restarts the
    /// reader after it.
    pub(super) fn write(&mut self, address: u8, block: [u8; BLOCK]) -> Result<(), u8> {
        let to = if address & EEPROM != 0 { &mut self.eeprom } else { &mut self.ram };
        *to.get_mut(usize::from(address & NUMBER)).ok_or(RESERVED_WRITE)? = block;
        Ok(())
    }

    /// `82`: RAM to EEPROM.
    pub(super) fn save(&mut self, address: u8) -> Result<(), u8> {
        copy(&self.ram, &mut self.eeprom, address)
    }

    /// `83`: factory values.
    pub(super) fn reset(&mut self, address: u8) -> Result<(), u8> {
        let to = if address & EEPROM != 0 { &mut self.eeprom } else { &mut self.ram };
        copy(&self.factory, to, address)
    }
}

fn copy(from: &Blocks, to: &mut Blocks, address: u8) -> Result<(), u8> {
    if address & ALL != 0 {
        *to = *from;
        return Ok(());
    }
    let number = usize::from(address & NUMBER);
    match (from.get(number), to.get_mut(number)) {
        (Some(from), Some(to)) => {
            *to = *from;
            Ok(())
        }
        _ => Err(RESERVED_WRITE),
    }
}
