//! What differs on UHF tags: the identifier is in the UII, the security state too.

use super::found::{Content, Occupant};
use super::{Request, UII_MARK};
use crate::rfid::Uii;
use crate::rfid::security::Security;
use crate::rfid::tagdata;

/// Protocol control word: an AFI stands in its low byte (rfid-data.md section 7).
const TOGGLE: u16 = 0x0100;
/// First payload byte of the university format: the item is on loan (section 8).
const ON_LOAN: u8 = 0x80;
/// First payload byte of a tag from the factory (section 8).
const FACTORY: u8 = 0xE2;
/// Name of the content where no decoder is asked.
const MODEL: &str = "uii";

/// What stands in a UII, as far as it must be known before overwriting: somebody or nobody.
pub(super) fn content(uii: &Uii) -> Content {
    let nobody = |why| Content::NoItem(why);
    match uii.bytes.first() {
        None => nobody("blank"),
        _ if uii.bytes.starts_with(&UII_MARK) => nobody("interrupted"),
        _ if uii.bytes.iter().all(|&b| b == 0) => nobody("blank"),
        Some(&FACTORY) if uii.pc & TOGGLE == 0 => nobody("blank"),
        // Somebody's, also where no library knows the format.
        Some(_) => match tagdata::decode_uhf(uii, None, None) {
            Ok(data) => Content::of(&Ok(data)),
            Err(_) => Content::Occupied(Occupant::unnamed(MODEL)),
        },
    }
}

/// Whether both name the same item in the same format; the security state may differ.
pub(super) fn is_same(a: &Uii, b: &Uii) -> bool {
    let plain = |uii: &Uii| with_state(uii.clone(), Some(0), false);
    plain(a) == plain(b)
}

/// The image's UII in the state asked for.
pub(super) fn wanted(uii: &Uii, request: &Request<'_>) -> Uii {
    let Some(security) = request.security else { return uii.clone() };
    let afi = match security {
        Security::Secured => request.profile.afi_secured,
        Security::Released => request.profile.afi_released,
    };
    with_state(uii.clone(), afi, security == Security::Released)
}

fn with_state(mut uii: Uii, afi: Option<u8>, on_loan: bool) -> Uii {
    if uii.pc & TOGGLE != 0 {
        if let Some(afi) = afi {
            uii.pc = uii.pc & 0xFF00 | u16::from(afi);
        }
    } else if let Some(first) = uii.bytes.first_mut() {
        *first = *first & !ON_LOAN | if on_loan { ON_LOAN } else { 0 };
    }
    uii
}

/// The same UII with its first word replaced by the mark.
pub(super) fn marked(mut uii: Uii) -> Uii {
    for (byte, mark) in uii.bytes.iter_mut().zip(UII_MARK) {
        *byte = mark;
    }
    uii
}

/// Words, the protocol control word counted, that differ.
pub(super) fn differing_words(a: &Uii, b: &Uii) -> usize {
    let words = a.bytes.len().max(b.bytes.len()).div_ceil(2);
    let word = |uii: &Uii, n: usize| uii.bytes.get(2 * n..2 * n + 2).map(<[u8]>::to_vec);
    usize::from(a.pc != b.pc) + (0..words).filter(|&n| word(a, n) != word(b, n)).count()
}
