//! ISO 28560-3 and the Danish model DS/INF 163-1: fixed layout (rfid-data.md section 5).

mod basic;
mod blocks;
mod decode;
mod encode;
mod fields;
#[cfg(test)]
mod tests;
mod view;

pub(super) use basic::{
    BASIC_LEN, Basic, CRC_AT, ID_AT, LONG_ID_MARK, OWNER_AT, PREFIX_LEN, SHORT_LEN,
    text as text_field,
};
pub(super) use decode::{decode, need};
pub use encode::{Layout, NibbleOrder, encode};
pub use view::ByteOrder;
pub(super) use view::View;
