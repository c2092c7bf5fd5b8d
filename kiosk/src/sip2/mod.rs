//! SIP2, the 3M Standard Interchange Protocol 2.00 between the station and the library system.
//!
//! - [`wire`]: bytes: framing, checksum, borrowed views, the writer
//! - [`charset`], [`field`], [`date`], [`codes`]: what stands inside a message
//! - [`message`]: one typed struct per message, both directions
//! - [`describe`]: the only form in which messages reach a log or a screen
//! - [`profile`]: how one library system differs from the next; [`systems`]: those known by name
//! - [`probe`]: which of them answers at an address
//! - [`link`]: the session with the library system as a state machine without clock or socket
//! - [`pool`]: several of them to one library system, as one
//! - [`conn`]: the sockets around it
//!
//! Facts and section numbers are those of the project's SIP2 reference (`sip2.md`).

pub mod charset;
pub mod codes;
pub mod conn;
pub mod date;
pub mod describe;
pub mod field;
pub mod link;
pub mod message;
pub mod pool;
pub mod probe;
pub mod profile;
pub mod systems;
pub mod wire;

pub use charset::Charset;
pub use conn::{SipConfig, SipHandle};
pub use date::{Due, DueDate, SipDate, Zone};
pub use field::FieldId;
pub use link::{Answer, LinkState, LinkStatus, Outcome, Priority, RequestId};
pub use message::{Received, Request, Response};
pub use profile::Profile;
pub use wire::{Code, DecodeError, ErrorDetection, Framer, MessageView, Sequence};
