//! A job: the bytes of one slip, its id and what its end looks like.

use std::fmt;

/// First of the printable bytes an id is made of (1.2: `20..7E`; the space is left out).
const FIRST: u8 = 0x21;
/// How many bytes an id position can take.
const RADIX: u32 = 0x7E - 0x20;

/// A job's id on the wire: four printable bytes (1.2, process id).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct JobId([u8; 4]);

impl JobId {
    /// An id from its four bytes, if each is in `20..7E`.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 4]) -> Option<Self> {
        bytes.iter().all(|byte| (0x20..=0x7E).contains(byte)).then_some(Self(bytes))
    }

    /// The four bytes.
    #[must_use]
    pub fn bytes(self) -> [u8; 4] {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

/// Hands out ids: two bytes for the boot, two counting, so a late answer to an earlier boot's job
/// is not taken for one of ours (1.6 rule 3). Repeats after 8836 jobs, long after any answer.
#[derive(Debug, Clone)]
pub struct JobIds {
    boot: u32,
    next: u32,
}

impl JobIds {
    /// Ids for a boot named by any number that differs from boot to boot (its random id, say).
    #[must_use]
    pub fn new(boot: u32) -> Self {
        Self { boot, next: 0 }
    }

    /// The next id.
    pub fn next_id(&mut self) -> JobId {
        let count = self.next;
        self.next = (self.next + 1) % (RADIX * RADIX);
        JobId([digit(self.boot / RADIX), digit(self.boot), digit(count / RADIX), digit(count)])
    }
}

fn digit(value: u32) -> u8 {
    FIRST + u8::try_from(value % RADIX).expect("the radix is below 256")
}

/// What the composer had to change; for diagnostics, never for the reader of a slip.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Notes {
    /// Characters replaced by □ or `?` because neither ROM nor font had them.
    pub replaced_characters: u32,
    /// Text lines drawn as dots.
    pub drawn_lines: u32,
    /// Barcodes and QR codes too wide for the paper, printed as their text.
    pub codes_as_text: u32,
}

/// A finished job: written once, never changed.
#[derive(Clone, PartialEq, Eq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Everything from initialisation to the end marker.
    pub bytes: Vec<u8>,
    /// Dot rows sent as picture, which make printing slower (1.5).
    pub raster_rows: u32,
    /// What was changed on the way.
    pub notes: Notes,
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id)
            .field("bytes", &self.bytes.len())
            .field("raster_rows", &self.raster_rows)
            .field("notes", &self.notes)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_differ_within_a_boot_and_between_boots() {
        let (mut one, mut two) = (JobIds::new(7), JobIds::new(8));
        let ids: HashSet<JobId> = (0..8000).flat_map(|_| [one.next_id(), two.next_id()]).collect();
        assert_eq!(ids.len(), 16_000);
        assert!(ids.iter().all(|id| JobId::from_bytes(id.bytes()).is_some()));
        assert_eq!(JobId::from_bytes([0x30, 0x30, 0x1F, 0x31]), None);
    }
}
