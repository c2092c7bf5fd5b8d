//! Carrying a plan out: write, read back, repeat within bounds, tell.

mod blocks;
mod security;

use super::plan::{Phase, changed};
use super::report::{Failure, Left, Outcome, Report, Step, StepResult, What, reader_error_name};
use super::survey::{Survey, again, may_pass, occupant};
use super::{LockChoice, MARK, Request, TRIES_MAX};
use crate::rfid::{ReaderError, TagReader, Uii};

/// Runs the phases, then sets the security state and locks, as asked.
pub(super) fn run(
    reader: &mut dyn TagReader,
    request: &Request<'_>,
    survey: &Survey,
    phases: Vec<Phase>,
) -> Report {
    let mut steps: Vec<Step> = phases.iter().map(step).collect();
    let data_steps = steps.len();
    if request.security.is_some() && request.image.uii.is_none() {
        let used =
            [(request.profile.afi_secured.is_some(), What::Afi), (request.profile.eas, What::Eas)];
        steps.extend(used.into_iter().filter(|(used, _)| *used).map(|(_, w)| Step::new(w, vec![])));
    }
    if request.lock == LockChoice::ForEver {
        steps.push(Step::new(What::Lock, lock_blocks(request, survey)));
    }
    let mut run = Run { reader, request, survey, steps };
    let outcome = run.all(&phases, data_steps);
    Report { uid: request.uid, found: Some(survey.found.clone()), steps: run.steps, outcome }
}

/// Blocks that the image names for locking and the tag has.
fn lock_blocks(request: &Request<'_>, survey: &Survey) -> Vec<u8> {
    let named = request.image.lock.iter().cloned().flatten();
    let there = named.filter(|&n| n < usize::from(survey.found.blocks));
    there.filter_map(|n| u8::try_from(n).ok()).collect()
}

fn step(phase: &Phase) -> Step {
    match phase {
        Phase::Mark => Step::new(What::Mark, vec![0]),
        Phase::Data(blocks) | Phase::InOrder(blocks) => Step::new(What::Data, blocks.clone()),
        Phase::Dsfid(_) | Phase::NoDsfid => Step::new(What::Dsfid, vec![]),
        Phase::Head => Step::new(What::Identifier, vec![0]),
        Phase::UiiMark(_) => Step::new(What::Mark, vec![]),
        Phase::UiiBehind(_) => Step::new(What::Uii, vec![]),
        Phase::UiiHead(_) => Step::new(What::Identifier, vec![]),
    }
}

struct Run<'a> {
    reader: &'a mut dyn TagReader,
    request: &'a Request<'a>,
    survey: &'a Survey,
    steps: Vec<Step>,
}

impl Run<'_> {
    fn all(&mut self, phases: &[Phase], data_steps: usize) -> Outcome {
        for (at, phase) in phases.iter().enumerate() {
            if let Err(error) = self.phase(at, phase) {
                return self.failed(at, phases, error);
            }
        }
        for at in data_steps..self.steps.len() {
            let done = match self.steps.get(at).map(|step| step.what) {
                Some(What::Afi) => self.afi(at),
                Some(What::Eas) => self.eas(at),
                _ => self.lock(at),
            };
            if let Err(error) = done {
                self.end(at, StepResult::Failed);
                return self.failure(at, &error, Left::New);
            }
        }
        match self.steps.iter().any(|step| step.result == StepResult::Done) {
            true => Outcome::Written,
            false => Outcome::Unchanged,
        }
    }

    fn phase(&mut self, at: usize, phase: &Phase) -> Result<(), ReaderError> {
        let survey = self.survey;
        match phase {
            Phase::NoDsfid => {
                self.end(at, StepResult::NotThere);
                return Ok(());
            }
            Phase::Mark => self.write(at, &MARK, &[0])?,
            Phase::Data(blocks) => self.write(at, &survey.new, blocks)?,
            Phase::InOrder(blocks) => {
                for &block in blocks {
                    self.write(at, &survey.new, &[block])?;
                }
            }
            Phase::Dsfid(dsfid) => self.dsfid(at, *dsfid)?,
            Phase::Head => self.write(at, &survey.new, &[0])?,
            Phase::UiiMark(uii) | Phase::UiiBehind(uii) | Phase::UiiHead(uii) => {
                self.uii(at, uii)?;
            }
        }
        self.end(at, StepResult::Done);
        Ok(())
    }

    /// Repeats a write that a register read-back confirms.
    fn until(
        &mut self,
        at: usize,
        mut write: impl FnMut(&mut dyn TagReader) -> Result<(), ReaderError>,
        mut holds: impl FnMut(&mut dyn TagReader) -> Result<bool, ReaderError>,
    ) -> Result<(), ReaderError> {
        let mut last = ReaderError::NotWritten;
        for _ in 0..TRIES_MAX {
            self.count_try(at);
            let written = write(self.reader);
            match again(|| holds(self.reader)) {
                // Only the answer was lost.
                Ok(true) => return Ok(()),
                Ok(false) => last = written.err().unwrap_or(ReaderError::NotWritten),
                Err(error) => last = written.err().unwrap_or(error),
            }
            if !may_pass(&last) {
                break;
            }
        }
        Err(last)
    }

    fn dsfid(&mut self, at: usize, dsfid: u8) -> Result<(), ReaderError> {
        let uid = self.request.uid;
        self.until(
            at,
            |reader| reader.write_dsfid(uid, dsfid),
            |reader| Ok(reader.dsfid(uid)? == dsfid),
        )
    }

    fn uii(&mut self, at: usize, uii: &Uii) -> Result<(), ReaderError> {
        let uid = self.request.uid;
        self.until(at, |reader| reader.write_uii(uid, uii), |reader| Ok(reader.uii(uid)? == *uii))
    }

    fn count_try(&mut self, at: usize) {
        if let Some(step) = self.steps.get_mut(at) {
            step.tries += 1;
        }
    }

    fn end(&mut self, at: usize, result: StepResult) {
        if let Some(step) = self.steps.get_mut(at) {
            step.result = result;
        }
    }

    fn failure(&self, at: usize, error: &ReaderError, left: Left) -> Outcome {
        Outcome::Failed(Failure {
            step: self.steps.get(at).map(|step| step.what),
            error: reader_error_name(error),
            detail: error.to_string(),
            left,
        })
    }

    /// A phase failed: puts back what was there when the tag is there and refuses for good, and
    /// says what the tag is now.
    fn failed(&mut self, at: usize, phases: &[Phase], error: ReaderError) -> Outcome {
        self.end(at, StepResult::Failed);
        let mut left = left(at, phases);
        if self.request.image.uii.is_none() && !error.is_gone() {
            if !may_pass(&error) {
                let done = self.restore(phases).is_ok();
                let mut step = Step::new(What::Restore, vec![]);
                step.result = if done { StepResult::Done } else { StepResult::Failed };
                self.steps.push(step);
            }
            left = self.look().unwrap_or(left);
        }
        self.failure(at, &error, left)
    }

    /// What the tag is, where it answers and is clearly one thing.
    fn look(&mut self) -> Option<Left> {
        let uid = self.request.uid;
        let count = super::survey::count(self.survey.old.len());
        let memory = again(|| self.reader.read_blocks(uid, 0, count)).ok()?;
        let dsfid = match self.survey.found.dsfid {
            Some(_) => Some(again(|| self.reader.dsfid(uid)).ok()?),
            None => None,
        };
        if memory == self.survey.old && dsfid == self.survey.found.dsfid {
            Some(Left::Before)
        } else if memory == self.survey.new
            && (dsfid.is_none() || dsfid == self.request.image.dsfid)
        {
            Some(Left::New)
        } else {
            occupant(&memory, dsfid).is_none().then_some(Left::NoItem)
        }
    }

    /// Writes back what differs from before, block 0 last, blocks in an order in falling number or
    /// the reverse of how they were written.
    fn restore(&mut self, phases: &[Phase]) -> Result<(), ReaderError> {
        let (uid, survey) = (self.request.uid, self.survey);
        let count = super::survey::count(survey.old.len());
        let now = again(|| self.reader.read_blocks(uid, 0, count))?;
        let mut back = changed(&now, &survey.old);
        let written = phases.iter().find_map(|phase| match phase {
            Phase::InOrder(blocks) => Some(blocks),
            _ => None,
        });
        let place = |n: &u8| written.and_then(|blocks| blocks.iter().position(|m| m == n));
        back.sort_by_key(|n| (*n == 0, std::cmp::Reverse(place(n))));
        // The DSFID goes back before block 0, or with the blocks where block 0 stays.
        let head = back.pop_if(|n| *n == 0);
        // A step of its own takes the count of tries.
        let at = self.steps.len();
        for block in back {
            self.write(at, &survey.old, &[block])?;
        }
        if let Some(dsfid) = survey.found.dsfid
            && again(|| self.reader.dsfid(uid))? != dsfid
        {
            self.dsfid(at, dsfid)?;
        }
        head.map_or(Ok(()), |block| self.write(at, &survey.old, &[block]))
    }
}

/// What the tag can be when this phase failed and the tag does not answer any more.
fn left(at: usize, phases: &[Phase]) -> Left {
    let has_head = phases.iter().any(|phase| matches!(phase, Phase::Head | Phase::UiiHead(_)));
    let in_order = phases.iter().any(|phase| matches!(phase, Phase::InOrder(_)));
    match phases.get(at) {
        _ if in_order => Left::BeforeNoItemOrNew,
        Some(Phase::Mark | Phase::UiiMark(_)) => Left::BeforeOrNoItem,
        Some(Phase::Head | Phase::UiiHead(_)) if at > 0 => Left::NoItemOrNew,
        _ if has_head && at > 0 => Left::NoItem,
        // Nothing marked it: it was no item before, or one write decides.
        _ if has_head && !matches!(phases.get(at), Some(Phase::UiiHead(_))) => Left::NoItem,
        _ => Left::BeforeOrNew,
    }
}
