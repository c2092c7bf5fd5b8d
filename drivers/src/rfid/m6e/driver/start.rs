//! From a module in any state to one that is set up.

use super::{M6eReader, OTHER_KIND};
use crate::port::Port;
use crate::rfid::ReaderError;
use crate::rfid::m6e::wire::{Command, Op, Opaque, Reply, Status};

/// Bits of "which program runs" that tell, and their value in the boot loader (vendor's source;
/// a Nano in its application answered 52).
const PROGRAM: u8 = 0x03;
const BOOT_LOADER: u8 = 0x01;

/// Option "report each tag once".
const OPTION_READ_FILTER: u8 = 0x0C;

impl<P: Port> M6eReader<P> {
    /// Sets the module up when that was not done, or may have been forgotten.
    pub(super) fn ready(&mut self) -> Result<(), ReaderError> {
        if self.link.in_step() && self.up.is_some() {
            return Ok(());
        }
        self.up = None;
        self.link.settle()?;
        self.boot()?;
        let Reply::Version { info, .. } = self.link.ask(&Command::Version)? else {
            return Err(OTHER_KIND);
        };
        for command in self.settings() {
            match self.link.ask(&command)? {
                Reply::Done { .. } => {}
                Reply::Failed { op, status, .. } => {
                    tracing::warn!(op, %status, "the module refuses a setting of its profile");
                    return Err(super::reader_error(status));
                }
                _ => return Err(OTHER_KIND),
            }
        }
        self.up = Some(info);
        Ok(())
    }

    /// A module with a boot loader starts in it and knows little there. The vendor's own program
    /// asks which of the two runs and boots only out of the loader.
    fn boot(&mut self) -> Result<(), ReaderError> {
        let asked = Command::Get { op: Op::GetProgram, data: Opaque::default() };
        match self.link.ask(&asked)? {
            Reply::Done { data, .. }
                if data.first().is_some_and(|p| p & PROGRAM != BOOT_LOADER) =>
            {
                return Ok(());
            }
            Reply::Done { .. } | Reply::Failed { .. } => {}
            _ => return Err(OTHER_KIND),
        }
        match self.link.ask(&Command::BootFirmware)? {
            Reply::Version { .. } | Reply::Done { .. } => Ok(()),
            Reply::Failed { status: Status::INVALID_OPCODE | Status::UNIMPLEMENTED, .. } => Ok(()),
            Reply::Failed { status, .. } => Err(super::reader_error(status)),
            _ => Err(OTHER_KIND),
        }
    }

    fn settings(&self) -> [Command; 7] {
        let profile = &self.profile;
        let (tx, rx) = (profile.antenna, profile.antenna);
        [
            Command::SetRegion(profile.region.code()),
            Command::use_gen2(),
            Command::SetAntenna { tx, rx },
            Command::SetSearchAntenna { tx, rx },
            Command::SetReadPower(profile.read_power_cdbm),
            Command::SetWritePower(profile.write_power_cdbm),
            Command::SetOption { key: OPTION_READ_FILTER, value: u8::from(profile.report_once) },
        ]
    }
}
