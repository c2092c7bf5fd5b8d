//! Any bytes as a tag of ISO 28560-3: no panic, no hang, never a blank identifier, and no identifier
//! from a basic block whose check does not hold.
#![no_main]

use drivers::rfid::tagdata::{Extent, Model, TagError, decode, decode_extent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|memory: &[u8]| {
    let hint = Some(Model::Iso28560Part3);
    if let Ok(tag) = decode(memory, None, hint) {
        if let Some(id) = tag.identifier() {
            assert!(!id.trim().is_empty() && !id.chars().any(char::is_control));
        }
        // One flipped bit of the identifier is noticed, unless the other byte order holds.
        let mut damaged = memory.to_vec();
        if let Some(byte) = damaged.get_mut(5) {
            *byte ^= 0x01;
            if let Ok(other) = decode(&damaged, None, hint) {
                assert_ne!(other, tag);
            }
        }
    }
    if let Err(TagError::MoreNeeded { at_least }) =
        decode_extent(memory, Extent::Prefix, None, hint)
    {
        assert!(at_least > memory.len());
    }
});
