//! Any bytes as the answer of an ISO 15693 tag: nothing panics, and what was understood is written
//! and read the same. The first byte is the number of blocks asked for.
#![no_main]

use drivers::rfid::iso15693::Request;
use drivers::rfid::iso15693::reply::{self, Found, SystemInformation};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let [count, bytes @ ..] = input else { return };
    let count = usize::from(*count);
    if let Some(found) = Found::parse(bytes) {
        assert_eq!(found.uid[0], 0xE0);
    }
    for option in [false, true] {
        if let Ok(blocks) = reply::blocks(bytes, count, option) {
            assert_eq!(blocks.data.len(), 4 * count);
            assert_eq!(blocks.locked.len(), if option { count } else { 0 });
        }
    }
    if let Ok(locked) = reply::security(bytes, count) {
        assert_eq!(locked.len(), count);
    }
    let _ = reply::done(bytes);
    if let Ok(info) = SystemInformation::parse(bytes) {
        assert_eq!(SystemInformation::parse(&info.emit()), Ok(info));
    }
    if let Some(request) = Request::parse(bytes) {
        assert_eq!(request.emit(), bytes);
    }
});
