//! Device simulators.
//!
//! They speak a device's real protocol on a real transport (pty, TCP) at the device's real
//! speed, inside a test or as the program `jiehuan-sim`, and carry knobs for what goes wrong in
//! the field. A simulator shares no codec with the driver it answers.

pub mod cli;
pub mod cli_reader;
pub mod control_lines;
pub mod field;
pub mod floor;
pub mod gen2;
pub mod idcard;
pub mod listen;
pub mod pn5180;
pub mod printer;
pub mod reader;
pub mod scanner;
mod shared;
pub mod tags;
