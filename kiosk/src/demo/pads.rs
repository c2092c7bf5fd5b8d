//! The simulated readers of a rig as one place where books are laid and lifted by name.
//!
//! A tag is one thing: where it is laid on another reader than before, its state goes with it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use drivers::rfid::Air;
use drivers::rfid::security::SecurityProfile;
use drivers::sim::field::TagState;
use drivers::sim::reader::{Fault, ReaderSim, SimError};

use super::trouble::{RigError, from_part};

/// Simulated readers in the order of configuration; `None` for a real one.
pub struct SimPads {
    sims: Vec<Option<ReaderSim>>,
    /// Which reader has a tag's present state.
    homes: Mutex<HashMap<String, usize>>,
}

impl SimPads {
    /// These readers.
    #[must_use]
    pub fn new(sims: Vec<Option<ReaderSim>>) -> Self {
        Self { sims, homes: Mutex::new(HashMap::new()) }
    }

    /// The reader of that number, when it is simulated.
    #[must_use]
    pub fn sim(&self, number: usize) -> Option<&ReaderSim> {
        self.sims.get(number)?.as_ref()
    }

    /// Every simulated reader.
    pub fn all(&self) -> impl Iterator<Item = &ReaderSim> {
        self.sims.iter().flatten()
    }

    fn with_tag(&self, id: &str) -> Vec<usize> {
        let has = |place: &Option<ReaderSim>| place.as_ref().is_some_and(|p| p.tag(id).is_ok());
        (0..self.sims.len()).filter(|&number| has(&self.sims[number])).collect()
    }

    fn unknown(&self, id: &str) -> RigError {
        match self.all().next().map(|sim| sim.tag(id)) {
            None => RigError::Real("reader"),
            Some(Err(error)) => from_part(error),
            Some(Ok(_)) => RigError::Sim(format!("no reader sees {id}")),
        }
    }

    /// Lays tags down. With several readers they are spread over those that can see them.
    ///
    /// # Errors
    /// [`RigError`] for real readers and unknown tags; some may lie there then.
    pub fn lay(&self, ids: &[impl AsRef<str>]) -> Result<(), RigError> {
        for (i, id) in ids.iter().enumerate() {
            let id = id.as_ref();
            let places = self.with_tag(id);
            let Some(&place) = places.get(i % places.len().max(1)) else {
                return Err(self.unknown(id));
            };
            let mut homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
            let old = homes.insert(id.to_owned(), place).filter(|old| *old != place);
            if let (Some(from), Some(to)) = (old.and_then(|o| self.sim(o)), self.sim(place)) {
                from.lift(&[id]).map_err(from_part)?;
                to.put_tag(from.tag(id).map_err(from_part)?).map_err(from_part)?;
            }
            if let Some(sim) = self.sim(place) {
                sim.lay(&[id]).map_err(from_part)?;
            }
        }
        Ok(())
    }

    /// Takes tags off wherever they lie.
    ///
    /// # Errors
    /// [`RigError`] for real readers and unknown tags.
    pub fn lift(&self, ids: &[impl AsRef<str>]) -> Result<(), RigError> {
        for id in ids {
            let places = self.with_tag(id.as_ref());
            if places.is_empty() {
                return Err(self.unknown(id.as_ref()));
            }
            for sim in places.into_iter().filter_map(|place| self.sim(place)) {
                sim.lift(&[id.as_ref()]).map_err(from_part)?;
            }
        }
        Ok(())
    }

    /// A tag's present state.
    ///
    /// # Errors
    /// [`RigError`] for real readers and unknown tags.
    pub fn tag(&self, id: &str) -> Result<TagState, RigError> {
        let homes = self.homes.lock().unwrap_or_else(PoisonError::into_inner);
        let place = homes.get(id).copied().or_else(|| self.with_tag(id).first().copied());
        let sim = place.and_then(|place| self.sim(place)).ok_or_else(|| self.unknown(id))?;
        sim.tag(id).map_err(from_part)
    }

    /// Whether a tag lies on any reader.
    #[must_use]
    pub fn is_on_pad(&self, id: &str) -> bool {
        self.all().any(|sim| sim.is_on_pad(id))
    }

    /// Names of all tags that lie somewhere.
    #[must_use]
    pub fn on_pad(&self) -> Vec<String> {
        self.all().flat_map(ReaderSim::on_pad).collect()
    }

    /// A fault in every simulated reader that knows what it speaks of.
    ///
    /// # Errors
    /// [`RigError`] when none does.
    pub fn set_fault(&self, fault: &Fault) -> Result<(), RigError> {
        let results: Vec<Result<(), SimError>> =
            self.all().map(|sim| sim.set_fault(fault.clone())).collect();
        if results.iter().any(Result::is_ok) {
            return Ok(());
        }
        match results.into_iter().next() {
            Some(result) => result.map_err(from_part),
            None => Err(RigError::Real("reader")),
        }
    }

    /// Ends all faults.
    ///
    /// # Errors
    /// [`RigError`] for a real reader, or one that cannot be plugged in again.
    pub fn clear_faults(&self) -> Result<(), RigError> {
        if self.all().next().is_none() {
            return Err(RigError::Real("reader"));
        }
        self.all().try_for_each(|sim| sim.clear_faults().map_err(from_part))
    }
}

/// Whether the gate would be silent for this tag.
#[must_use]
pub fn is_in_state(tag: &TagState, profile: &SecurityProfile, released: bool) -> bool {
    let want = if released { profile.afi_released } else { profile.afi_secured };
    if tag.chip.air() == Air::Gen2 {
        // rfid-data.md sections 7 and 8: the AFI in the control word, or bit 7 of the first byte.
        return if tag.uii.pc & 0x0100 != 0 {
            want.is_none_or(|afi| tag.uii.pc & 0xFF == u16::from(afi))
        } else {
            tag.uii.bytes.first().is_some_and(|byte| (byte & 0x80 != 0) == released)
        };
    }
    want.is_none_or(|afi| tag.afi == afi) && (!profile.eas || tag.eas != released)
}
