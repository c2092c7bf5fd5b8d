//! ISO 28560-2 (GB/T 35660.2): elements in object encoding (rfid-data.md section 4).

mod decode;
mod encode;
mod need;
mod scan;
#[cfg(test)]
mod tests;

pub(super) use decode::{decode, decode_behind, first_element, is_good_element};
pub(super) use encode::encode_behind;
pub use encode::{Clear, ContentRule, Encoded, Layout, encode};
pub(super) use need::{end_of_data, need, need_behind};
