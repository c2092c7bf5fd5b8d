//! Looking at a tag without changing it: content, registers, security state and locks together.

use serde::Serialize;

use super::found::{Content, Found};
use super::survey;
use crate::rfid::security::SecurityProfile;
use crate::rfid::tagdata::{self, Model, TagData, TagError, same_isil};
use crate::rfid::{ReaderError, TagReader, Uid, Uii};

/// Blocks read of a tag that does not say how many it has.
const BLOCKS_USUAL: usize = 28;

/// What a tag should be; what is `None` is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Expected {
    /// Data model.
    pub model: Option<Model>,
    /// Identifier.
    pub identifier: Option<String>,
    /// Owner's ISIL.
    pub owner: Option<String>,
}

/// A tag's security state by its two features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The gate alarms.
    Secured,
    /// The gate is silent.
    Released,
    /// AFI and EAS say different things: to be repaired.
    Disagrees,
    /// An AFI that is neither of the site's.
    Foreign,
}

/// A tag as it was read, whole.
#[derive(Debug)]
pub struct Whole {
    /// Content, registers, locks.
    pub found: Found,
    /// What it decodes as.
    pub data: Result<TagData, TagError>,
    /// User memory.
    pub memory: Vec<u8>,
    /// UHF: what it says of itself.
    pub uii: Option<Uii>,
    /// Security state, where it carries one.
    pub state: Option<State>,
}

/// Reads everything. No effect on the tag.
///
/// # Errors
/// The reader's error.
pub fn read_whole(
    reader: &mut dyn TagReader,
    uid: Uid,
    profile: &SecurityProfile,
) -> Result<Whole, ReaderError> {
    let memory = survey::memory(reader, uid, BLOCKS_USUAL)?;
    let uii = match survey::again(|| reader.uii(uid)) {
        Ok(uii) => Some(uii),
        Err(ReaderError::Unsupported { .. }) => None,
        Err(error) => return Err(error),
    };
    let register = |reader: &mut dyn TagReader, ask: fn(&mut dyn TagReader, Uid) -> _| {
        survey::register(reader, uid, |reader| ask(reader, uid))
    };
    let (dsfid, data) = match &uii {
        Some(uii) => (None, tagdata::decode_uhf(uii, Some(&memory), None)),
        None => {
            let dsfid = register(reader, |reader, uid| reader.dsfid(uid))?;
            (dsfid, tagdata::decode(&memory, dsfid, None))
        }
    };
    // Before the AFI, which a tag that is gone does not tell.
    let eas = match profile.eas {
        true => survey::register(reader, uid, |reader| reader.eas(uid))?,
        false => None,
    };
    let afi = register(reader, |reader, uid| reader.afi(uid))?;
    let locked = match survey::again(|| reader.locked(uid, 0, survey::count(memory.len()))) {
        Ok(locked) => {
            Some((0..=u8::MAX).zip(locked).filter_map(|(n, is)| is.then_some(n)).collect())
        }
        Err(_) => None,
    };
    let content = Content::of(&data);
    let blocks = u16::from(survey::count(memory.len()));
    let on_loan = data.as_ref().ok().and_then(|data| data.uhf?.on_loan);
    let state = state(profile, afi, eas, on_loan);
    let found = Found { content, dsfid, afi, eas, blocks, locked };
    Ok(Whole { found, data, memory, uii, state })
}

fn state(
    profile: &SecurityProfile,
    afi: Option<u8>,
    eas: Option<bool>,
    on_loan: Option<bool>,
) -> Option<State> {
    if let Some(on_loan) = on_loan {
        return Some(if on_loan { State::Released } else { State::Secured });
    }
    let by_afi = match (afi, profile.afi_secured, profile.afi_released) {
        (Some(afi), Some(secured), _) if afi == secured => Some(State::Secured),
        (Some(afi), _, Some(released)) if afi == released => Some(State::Released),
        (Some(_), Some(_), Some(_)) => Some(State::Foreign),
        _ => None,
    };
    let by_eas = eas.map(|on| if on { State::Secured } else { State::Released });
    match (by_afi, by_eas) {
        (Some(afi), Some(eas)) if afi != eas && afi != State::Foreign => Some(State::Disagrees),
        (Some(afi), _) => Some(afi),
        (None, eas) => eas,
    }
}

/// Everything that is not as it should be, by name: the decoder's problems and errors, and
/// `wrong_model`, `wrong_identifier`, `wrong_owner`, `wrong_dsfid`, `security_disagrees`,
/// `foreign_afi`.
#[must_use]
pub fn problems(whole: &Whole, expected: &Expected) -> Vec<&'static str> {
    let mut found = Vec::new();
    match &whole.data {
        Err(error) => found.push(error.name()),
        Ok(data) => {
            found.extend(data.problems.iter().map(|problem| problem.name()));
            if expected.model.is_some_and(|model| model != data.model) {
                found.push("wrong_model");
            }
            if expected.identifier.is_some() && expected.identifier.as_deref() != data.identifier()
            {
                found.push("wrong_identifier");
            }
            if let Some(owner) = &expected.owner
                && !data.owner().is_some_and(|there| same_isil(there, owner))
            {
                found.push("wrong_owner");
            }
            let dsfid = match data.model {
                Model::Iso28560Part2 => Some(tagdata::DSFID_PART2),
                Model::Iso28560Part3 => Some(tagdata::DSFID_PART3),
                _ => None,
            };
            if let (Some(wanted), Some(there)) = (dsfid, whole.found.dsfid)
                && wanted != there
            {
                found.push("wrong_dsfid");
            }
        }
    }
    match whole.state {
        Some(State::Disagrees) => found.push("security_disagrees"),
        Some(State::Foreign) => found.push("foreign_afi"),
        _ => {}
    }
    found
}
