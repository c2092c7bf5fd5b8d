//! What can be made to go wrong with the chip itself.

/// One fault of the chip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChipFault {
    /// BUSY stays high from the so many-th frame sent into the air on, until RESET_N.
    BusyStuck {
        /// Frames sent before.
        after: u32,
    },
    /// The chip starts anew in the so many-th frame sent into the air, as after a dip of its
    /// supply.
    Reset {
        /// Frames sent before.
        after: u32,
    },
    /// Too hot from the so many-th frame on: the field goes off and cannot be switched on until
    /// faults are cleared.
    Hot {
        /// Frames sent before.
        after: u32,
    },
    /// So many commands to send are refused with GENERAL_ERROR.
    GeneralError {
        /// How many.
        times: u32,
    },
    /// MISO says FF and nothing is done, until faults are cleared.
    Deaf,
}

/// The faults in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Faults {
    /// Frames until it strikes.
    pub(super) busy_stuck: Option<u32>,
    pub(super) reset: Option<u32>,
    pub(super) hot: Option<u32>,
    pub(super) general_errors: u32,
    pub(super) deaf: bool,
}

impl Faults {
    pub(super) fn put(&mut self, fault: ChipFault) {
        match fault {
            ChipFault::BusyStuck { after } => self.busy_stuck = Some(after),
            ChipFault::Reset { after } => self.reset = Some(after),
            ChipFault::Hot { after } => self.hot = Some(after),
            ChipFault::GeneralError { times } => self.general_errors = times,
            ChipFault::Deaf => self.deaf = true,
        }
    }
}

/// Counts down; `true` when it strikes now.
pub(super) fn strikes(count: &mut Option<u32>) -> bool {
    match count {
        Some(0) => {
            *count = None;
            true
        }
        Some(left) => {
            *left -= 1;
            false
        }
        None => false,
    }
}
