//! What the chip does with each host interface command (readers.md section 4.2).

use std::time::Duration;

use super::chip::{BUSY_LONG, Chip, FRAME_MAX};
use super::memory::{
    BAD_MOMENT, BAD_PARAMETER, BAD_SYNTAX, CRC_RX, CRC_TX, IRQ_CLEAR, IRQ_FIELD_OFF, IRQ_GENERAL,
    IRQ_HOT, IRQ_IDLE, IRQ_STATUS, RF_STATUS, RX_STATUS, SYSTEM_CONFIG, SYSTEM_STATUS, TX_CONFIG,
    TX_CONFIG_14443, TX_CONFIG_15693,
};
use super::radio::{Protocol, Sending};
use crate::sim::field::Field;

/// Most bytes of one frame into the air.
const TX_BUFFER: usize = 260;
/// Most bytes of one answer.
const RX_BUFFER: usize = 508;

impl Chip {
    pub(super) fn command(&mut self, mosi: &[u8], field: &mut Field, now: Duration) {
        let done = match mosi {
            _ if mosi.len() > FRAME_MAX => Err(BAD_SYNTAX),
            [code @ 0..=2, register, value @ ..] => match value.try_into() {
                Ok(value) => {
                    self.change(*register, code + 1, u32::from_le_bytes(value), field, now)
                }
                Err(_) => Err(BAD_SYNTAX),
            },
            [0x03, actions @ ..] => self.change_several(actions, field, now),
            [0x04, register] => self.answer_registers(&[*register]),
            [0x05, registers @ ..] if (1..=18).contains(&registers.len()) => {
                self.answer_registers(registers)
            }
            [0x06, address, data @ ..] => self.write_eeprom(*address, data, now),
            [0x07, address, len] => self.read_eeprom(*address, *len),
            [0x09, last_bits @ 0..=7, data @ ..] if data.len() <= TX_BUFFER => {
                self.send(*last_bits, data, field, now)
            }
            [0x0A, 0x00] => {
                self.answer = Some(self.radio.received.iter().copied().take(RX_BUFFER).collect());
                Ok(())
            }
            [0x11, tx, rx] => self.load_rf(*tx, *rx, now),
            [0x16, 0 | 1] => self.field_on(field, now),
            [0x17, _] => {
                self.field_off(field);
                self.registers.raise(IRQ_FIELD_OFF);
                self.busy_until = now + BUSY_LONG;
                Ok(())
            }
            [0..=7 | 9 | 0x0A | 0x11 | 0x16 | 0x17, ..] => Err(BAD_PARAMETER),
            _ => Err(BAD_SYNTAX),
        };
        if let Err(status) = done {
            self.refuse(status);
        }
    }

    fn refuse(&mut self, status: u32) {
        self.registers.set(SYSTEM_STATUS, status);
        self.registers.raise(IRQ_GENERAL);
    }

    /// Actions: 1 write, 2 or, 3 and.
    fn change(
        &mut self,
        register: u8,
        action: u8,
        value: u32,
        field: &mut Field,
        now: Duration,
    ) -> Result<(), u32> {
        let old = self.registers.get(register).ok_or(BAD_PARAMETER)?;
        let new = match action {
            1 => value,
            2 => old | value,
            3 => old & value,
            _ => return Err(BAD_PARAMETER),
        };
        match register {
            IRQ_CLEAR => {
                let left = self.registers.of(IRQ_STATUS) & !new;
                self.registers.set(IRQ_STATUS, left);
            }
            // Read only.
            IRQ_STATUS | RX_STATUS | RF_STATUS | SYSTEM_STATUS => {}
            SYSTEM_CONFIG if new & 0x100 != 0 => self.start_anew(field, now),
            SYSTEM_CONFIG => {
                self.registers.set(SYSTEM_CONFIG, new);
                match (old & 7, new & 7) {
                    (_, 0) => {
                        if old & 7 != 0 {
                            self.registers.raise(IRQ_IDLE);
                        }
                        self.radio.idle();
                    }
                    (0, 3) => self.radio.transceive(),
                    _ => {}
                }
            }
            _ => self.registers.set(register, new),
        }
        Ok(())
    }

    fn change_several(
        &mut self,
        actions: &[u8],
        field: &mut Field,
        now: Duration,
    ) -> Result<(), u32> {
        let (actions, rest) = actions.as_chunks::<6>();
        if !rest.is_empty() || !(1..=42).contains(&actions.len()) {
            return Err(BAD_SYNTAX);
        }
        for &[register, action, a, b, c, d] in actions {
            self.change(register, action, u32::from_le_bytes([a, b, c, d]), field, now)?;
        }
        Ok(())
    }

    fn answer_registers(&mut self, registers: &[u8]) -> Result<(), u32> {
        let mut bytes = Vec::new();
        for &register in registers {
            let value = match register {
                RF_STATUS => self.radio.status(),
                _ => self.registers.get(register).ok_or(BAD_PARAMETER)?,
            };
            bytes.extend(value.to_le_bytes());
        }
        self.answer = Some(bytes);
        Ok(())
    }

    fn read_eeprom(&mut self, address: u8, len: u8) -> Result<(), u32> {
        let start = usize::from(address);
        let bytes = self.eeprom.get(start..start + usize::from(len)).ok_or(BAD_PARAMETER)?;
        self.answer = Some(bytes.to_vec());
        Ok(())
    }

    fn write_eeprom(&mut self, address: u8, data: &[u8], now: Duration) -> Result<(), u32> {
        let start = usize::from(address);
        let place = self.eeprom.get_mut(start..start + data.len()).ok_or(BAD_PARAMETER)?;
        place.copy_from_slice(data);
        self.busy_until = now + BUSY_LONG;
        Ok(())
    }

    fn load_rf(&mut self, tx: u8, rx: u8, now: Duration) -> Result<(), u32> {
        let (protocol, tx_config) = match (tx, rx) {
            (0x0D | 0x0E, 0x8D) => (Protocol::Iso15693, TX_CONFIG_15693),
            (0x00, 0x80) => (Protocol::Iso14443A, TX_CONFIG_14443),
            (0x00..=0x1C | 0xFF, 0x80..=0x9C | 0xFF) => (Protocol::Other, 0),
            _ => return Err(BAD_PARAMETER),
        };
        self.radio.protocol = protocol;
        self.registers.set(TX_CONFIG, tx_config);
        self.registers.set(CRC_TX, 1);
        self.registers.set(CRC_RX, 1);
        self.busy_until = now + BUSY_LONG;
        Ok(())
    }

    fn field_on(&mut self, field: &mut Field, now: Duration) -> Result<(), u32> {
        self.busy_until = now + BUSY_LONG;
        if self.radio.hot {
            self.registers.raise(IRQ_HOT);
            return Ok(());
        }
        field.set_power(true);
        self.radio.field_comes_on(now);
        Ok(())
    }

    fn field_off(&mut self, field: &mut Field) {
        field.set_power(false);
        self.radio.field_goes_off();
    }

    fn send(
        &mut self,
        last_bits: u8,
        data: &[u8],
        field: &mut Field,
        now: Duration,
    ) -> Result<(), u32> {
        self.sends += 1;
        if super::fault::strikes(&mut self.faults.busy_stuck) {
            self.busy_stuck = true;
        }
        if super::fault::strikes(&mut self.faults.reset) {
            self.start_anew(field, now);
            return Ok(());
        }
        if super::fault::strikes(&mut self.faults.hot) {
            self.radio.hot = true;
            self.field_off(field);
            self.registers.raise(IRQ_HOT);
        }
        if self.faults.general_errors > 0 {
            self.faults.general_errors -= 1;
            return Err(BAD_MOMENT);
        }
        if !self.radio.waits_to_transmit() {
            return Err(BAD_MOMENT);
        }
        let sending = Sending {
            data,
            last_bits,
            tx_config: self.registers.of(TX_CONFIG),
            crc_tx: self.registers.of(CRC_TX) & 1 != 0,
            crc_rx: self.registers.of(CRC_RX) & 1 != 0,
            slow: self.slow,
            garbled_per_mille: self.garbled_per_mille,
        };
        self.radio.send(sending, field, &mut self.rng, now);
        Ok(())
    }
}
