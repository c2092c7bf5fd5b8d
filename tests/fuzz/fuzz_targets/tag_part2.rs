//! Any bytes as a tag of one model: no panic, no hang, never a blank identifier.
#![no_main]

use drivers::rfid::tagdata::{Extent, Model, TagError, decode, decode_extent};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|memory: &[u8]| {
    let hint = Some(Model::Iso28560Part2);
    if let Ok(tag) = decode(memory, None, hint) {
        if let Some(id) = tag.identifier() {
            assert!(!id.trim().is_empty() && !id.chars().any(char::is_control));
        }
        // A prefix never tells another identifier than the whole.
        for len in [8, 16, 32, 64] {
            let Some(part) = memory.get(..len) else { break };
            match decode_extent(part, Extent::Prefix, None, hint) {
                Ok(early) => assert_eq!(early.identifier(), tag.identifier()),
                Err(TagError::MoreNeeded { at_least }) => assert!(at_least > len),
                Err(_) => {}
            }
        }
    }
});
