//! Writing blocks until they read back as wanted.

use super::Run;
use crate::rfid::ReaderError;
use crate::rfid::program::survey::{again, may_pass};
use crate::rfid::program::{BLOCK_LEN, TRIES_MAX};

impl Run<'_> {
    /// Writes these blocks of `target` and compares them; what does not hold is written again.
    pub(super) fn write(
        &mut self,
        at: usize,
        target: &[u8],
        blocks: &[u8],
    ) -> Result<(), ReaderError> {
        let mut pending = blocks.to_vec();
        let mut last = ReaderError::NotWritten;
        for _ in 0..TRIES_MAX {
            self.count_try(at);
            let written = self.write_once(target, &pending);
            let read = self.differing(target, &pending);
            last = match (written, read) {
                (written, Ok(differing)) => {
                    self.confirm(at, &pending, &differing);
                    pending = differing;
                    if pending.is_empty() {
                        return Ok(());
                    }
                    written.err().unwrap_or(ReaderError::NotWritten)
                }
                (Err(error), Err(_)) | (Ok(()), Err(error)) => error,
            };
            if !may_pass(&last) {
                break;
            }
        }
        Err(last)
    }

    fn write_once(&mut self, target: &[u8], blocks: &[u8]) -> Result<(), ReaderError> {
        for run in runs(blocks) {
            let data: Vec<u8> = run.iter().flat_map(|&n| block(target, n)).copied().collect();
            if let Some(&first) = run.first() {
                self.reader.write_blocks(self.request.uid, first, &data)?;
            }
        }
        Ok(())
    }

    /// Which of these blocks do not hold the wanted content. One read from the first to the last.
    fn differing(&mut self, target: &[u8], blocks: &[u8]) -> Result<Vec<u8>, ReaderError> {
        let uid = self.request.uid;
        let (Some(&first), Some(&last)) = (blocks.iter().min(), blocks.iter().max()) else {
            return Ok(Vec::new());
        };
        let read = again(|| self.reader.read_blocks(uid, first, (last - first).saturating_add(1)))?;
        let holds = |n: &u8| block(&read, n - first) == block(target, *n);
        Ok(blocks.iter().copied().filter(|n| !holds(n)).collect())
    }

    fn confirm(&mut self, at: usize, tried: &[u8], differing: &[u8]) {
        let Some(step) = self.steps.get_mut(at) else { return };
        step.confirmed.extend(tried.iter().filter(|n| !differing.contains(n)));
    }
}

/// The bytes of one block; none past the end.
fn block(memory: &[u8], n: u8) -> &[u8] {
    let start = usize::from(n) * BLOCK_LEN;
    memory.get(start..start + BLOCK_LEN).unwrap_or_default()
}

/// Runs of blocks that follow each other.
fn runs(blocks: &[u8]) -> impl Iterator<Item = &[u8]> {
    blocks.chunk_by(|a, b| a.checked_add(1) == Some(*b))
}
