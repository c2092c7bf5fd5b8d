//! AFI, EAS and locks: last of all, each read back.

use super::Run;
use crate::rfid::program::TRIES_MAX;
use crate::rfid::program::report::StepResult;
use crate::rfid::program::survey::{again, may_pass};
use crate::rfid::security::{self, Security};
use crate::rfid::{LockTarget, ReaderError};

impl Run<'_> {
    pub(super) fn afi(&mut self, at: usize) -> Result<(), ReaderError> {
        let (uid, profile) = (self.request.uid, self.request.profile);
        let wanted = match self.request.security {
            Some(Security::Released) => profile.afi_released,
            _ => profile.afi_secured,
        };
        let Some(afi) = wanted.filter(|_| wanted != self.survey.found.afi) else {
            self.end(at, StepResult::NotNeeded);
            return Ok(());
        };
        self.until(at, |reader| reader.write_afi(uid, afi), |reader| Ok(reader.afi(uid)? == afi))?;
        self.end(at, StepResult::Done);
        Ok(())
    }

    /// The bit, and then the whole state once more: a tag that is gone may read as EAS off.
    pub(super) fn eas(&mut self, at: usize) -> Result<(), ReaderError> {
        let (uid, profile) = (self.request.uid, self.request.profile);
        let want = self.request.security.unwrap_or(Security::Secured);
        let on = want == Security::Secured;
        if self.survey.found.eas == Some(on) {
            self.end(at, StepResult::NotNeeded);
            return Ok(());
        }
        self.until(
            at,
            |reader| reader.write_eas(uid, on),
            |reader| {
                if on { reader.eas(uid) } else { security::verify(reader, uid, profile, want) }
            },
        )?;
        self.end(at, StepResult::Done);
        Ok(())
    }

    /// Locks the step's blocks, for ever. Those locked already stay so.
    pub(super) fn lock(&mut self, at: usize) -> Result<(), ReaderError> {
        let before = self.survey.found.locked.clone();
        let is_locked = |n: &u8| before.as_ref().is_some_and(|locked| locked.contains(n));
        let blocks = self.steps.get(at).map(|step| step.blocks.clone()).unwrap_or_default();
        let open: Vec<u8> = blocks.iter().copied().filter(|n| !is_locked(n)).collect();
        if open.is_empty() {
            self.end(at, StepResult::NotNeeded);
            return Ok(());
        }
        for block in open {
            self.lock_block(at, block, before.is_some())?;
            if let Some(step) = self.steps.get_mut(at) {
                step.confirmed.push(block);
            }
        }
        self.end(at, StepResult::Done);
        Ok(())
    }

    fn lock_block(&mut self, at: usize, block: u8, can_ask: bool) -> Result<(), ReaderError> {
        let uid = self.request.uid;
        let mut last = ReaderError::NotWritten;
        for _ in 0..TRIES_MAX {
            self.count_try(at);
            let locked = self.reader.lock(uid, LockTarget::Block(block));
            if can_ask {
                match again(|| self.reader.locked(uid, block, 1)) {
                    Ok(is) if is.first() == Some(&true) => return Ok(()),
                    Ok(_) => last = locked.err().unwrap_or(ReaderError::NotWritten),
                    Err(error) => last = locked.err().unwrap_or(error),
                }
            } else {
                match locked {
                    // Locked already: an earlier try, whose answer was lost, did it.
                    Ok(()) | Err(ReaderError::Locked) => return Ok(()),
                    Err(error) => last = error,
                }
            }
            if !may_pass(&last) {
                break;
            }
        }
        Err(last)
    }
}
