//! Any bytes as bank 01 and user bank of a UHF tag: no panic, no hang, and what was understood is
//! written and read the same.
#![no_main]

use drivers::rfid::Uii;
use drivers::rfid::tagdata::{
    ElementId, Extent, ImageOptions, Model, Need, Value, decode_uhf, decode_uhf_extent, encode,
    uhf, user_bank_needed,
};
use libfuzzer_sys::fuzz_target;

/// Room for anything an input decodes to, in bytes.
const MEMORY: usize = 8192;

fuzz_target!(|input: &[u8]| {
    let _ = uhf::parse_mb01(input);
    let [high, low, rest @ ..] = input else { return };
    let pc = u16::from_be_bytes([*high, *low]);
    let len = (2 * usize::from(pc >> 11)).min(rest.len());
    let (bytes, user) = rest.split_at(len);
    let uii = Uii { pc, bytes: bytes.to_vec() };
    for hint in [None, Some(Model::Iso28560Part4), Some(Model::Gaoxiao)] {
        let _ = decode_uhf_extent(&uii, Some(user), Extent::Prefix, hint);
        let Ok(mut tag) = decode_uhf(&uii, Some(user), hint) else { continue };
        let id = tag.identifier().expect("always an identifier").to_owned();
        assert!(!id.trim().is_empty() && !id.chars().any(char::is_control));
        tag.elements.retain(|e| e.value != Value::Damaged && e.id != ElementId::ContentParameter);
        // A refusal is an answer too: foreign writers store things that ours does not.
        let Ok(image) = encode(&tag, &ImageOptions::new(MEMORY)) else { continue };
        let written = image.uii.expect("a UHF model");
        let read = decode_uhf(&written, Some(&image.memory), Some(tag.model)).expect("own writing");
        assert_eq!(read.identifier(), Some(id.as_str()));
    }
    if let Need::AtLeast(more) = user_bank_needed(&uii, user) {
        assert!(more > user.len());
    }
});
