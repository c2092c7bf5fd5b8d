//! Words of one tag's banks, read and written.

use super::known::{Tag, Trust};
use super::{BAD_PARAMETER, M6eReader, OTHER_KIND, WORD_LEN};
use crate::port::Port;
use crate::rfid::m6e::profile::Select;
use crate::rfid::m6e::timing::WRITE_WORD_MS;
use crate::rfid::m6e::wire::{Access, Bank, Command, Opaque, Password, Reply, Selection};
use crate::rfid::{ReaderError, Uid, Uii};

/// Words read by one command: 32 were captured; what more a module allows is UNCONFIRMED.
const READ_WORDS_MAX: usize = 32;

/// Word of bank 01 where the PC word stands, behind the checksum.
const PC_ADDRESS: u32 = 1;

impl<P: Port> M6eReader<P> {
    /// What is known of a tag. Looks for it when nothing is, or when a write of its EPC failed
    /// on the way.
    pub(super) fn tag(&mut self, uid: Uid) -> Result<&mut Tag, ReaderError> {
        if self.known.tag(uid).is_none_or(|tag| tag.trust == Trust::Torn) {
            self.list()?;
        }
        self.known.tag(uid).filter(|tag| tag.trust != Trust::Torn).ok_or(ReaderError::NoTag)
    }

    /// How a command names this tag now, and the password it needs.
    fn access(&mut self, uid: Uid, password: Password) -> Result<Access, ReaderError> {
        let epc = self.tag(uid)?.uii.bytes.clone();
        let selection = match self.profile.select {
            Select::Epc => Selection::Epc(Opaque(epc)),
            Select::Tid => Selection::Tid(Opaque(uid.bytes().to_vec())),
            Select::Nothing if self.heard == 1 => Selection::Any,
            Select::Nothing => {
                tracing::warn!(heard = self.heard, "m6e.select is nothing: only for one tag alone");
                return Err(BAD_PARAMETER);
            }
        };
        Ok(Access { selection, password })
    }

    /// Reads some words by one command; 0 for all that follow.
    fn read_some(
        &mut self,
        uid: Uid,
        bank: Bank,
        address: u32,
        words: u8,
    ) -> Result<Vec<u8>, ReaderError> {
        // Nothing that is read here can be behind a password.
        let access = self.access(uid, Password(0))?;
        let timeout_ms = self.profile.access_timeout_ms;
        match self.ask(&Command::ReadData { timeout_ms, access, bank, address, words })? {
            Reply::Data { data, .. }
                if words == 0 || data.len() == usize::from(words) * WORD_LEN =>
            {
                Ok(data.to_vec())
            }
            Reply::Data { .. } => Err(ReaderError::Garbled("another number of words than asked")),
            _ => Err(OTHER_KIND),
        }
    }

    pub(super) fn read_user(
        &mut self,
        uid: Uid,
        address: u32,
        words: usize,
    ) -> Result<Vec<u8>, ReaderError> {
        let mut data = Vec::with_capacity(words * WORD_LEN);
        let mut next = address;
        while data.len() < words * WORD_LEN {
            let some = (words - data.len() / WORD_LEN).min(READ_WORDS_MAX) as u8;
            data.extend(self.read_some(uid, Bank::User, next, some)?);
            next += u32::from(some);
        }
        Ok(data)
    }

    /// Bytes of the user bank.
    pub(super) fn user_len(&mut self, uid: Uid) -> Result<usize, ReaderError> {
        match self.read_some(uid, Bank::User, 0, 0) {
            Ok(data) => Ok(data.len()),
            Err(ReaderError::NoMemory) => Ok(0),
            Err(error) => Err(error),
        }
    }

    fn write_some(
        &mut self,
        access: Access,
        bank: Bank,
        address: u32,
        data: &[u8],
    ) -> Result<(), ReaderError> {
        let words = (data.len() / WORD_LEN) as u16;
        let timeout_ms = self.profile.access_timeout_ms.saturating_add(words * WRITE_WORD_MS);
        let data = Opaque(data.to_vec());
        self.done(&Command::WriteData { timeout_ms, access, bank, address, data })
    }

    pub(super) fn write_user(
        &mut self,
        uid: Uid,
        address: u32,
        data: &[u8],
    ) -> Result<(), ReaderError> {
        let step = usize::from(self.profile.write_words.max(1));
        for (i, some) in data.chunks(step * WORD_LEN).enumerate() {
            let access = self.access(uid, self.profile.access_password)?;
            self.write_some(access, Bank::User, address + (i * step) as u32, some)?;
        }
        Ok(())
    }

    pub(super) fn read_pc(&mut self, uid: Uid) -> Result<u16, ReaderError> {
        match self.read_some(uid, Bank::Uii, PC_ADDRESS, 1)?[..] {
            [high, low] => Ok(u16::from_be_bytes([high, low])),
            _ => Err(OTHER_KIND),
        }
    }

    /// PC word and UII from the tag itself.
    pub(super) fn read_uii(&mut self, uid: Uid) -> Result<Uii, ReaderError> {
        let mut words = 1 + self.tag(uid)?.uii.bytes.len() / WORD_LEN;
        // Once more when the PC word says another length than expected.
        for _ in 0..2 {
            let data = self.read_some(uid, Bank::Uii, PC_ADDRESS, words as u8)?;
            let Some((pc, rest)) = data.split_first_chunk::<2>() else { return Err(OTHER_KIND) };
            let pc = u16::from_be_bytes(*pc);
            let len = usize::from(pc >> 11);
            if let Some(bytes) = rest.get(..len * WORD_LEN) {
                let uii = Uii { pc, bytes: bytes.to_vec() };
                let tag = self.tag(uid)?;
                tag.uii = uii.clone();
                tag.trust = Trust::Heard;
                return Ok(uii);
            }
            words = 1 + len;
        }
        Err(ReaderError::Garbled("the UII's length changed while it was read"))
    }

    /// Writes the PC word alone. The EPC stays, so the tag stays known whatever comes of it.
    pub(super) fn write_pc(&mut self, uid: Uid, pc: u16) -> Result<(), ReaderError> {
        let access = self.access(uid, self.profile.access_password)?;
        let tag = self.tag(uid)?;
        tag.trust = Trust::Written;
        let before = std::mem::replace(&mut tag.uii.pc, pc);
        let result = self.write_some(access, Bank::Uii, PC_ADDRESS, &pc.to_be_bytes());
        if let (Err(_), Some(tag)) = (&result, self.known.tag(uid)) {
            tag.uii.pc = before;
        }
        result
    }

    /// Writes the words of bank 01 that are not as wanted; the PC word, with it the length, last.
    /// Every command names the tag by what stands in its memory by then.
    pub(super) fn write_changed(&mut self, uid: Uid, want: &Uii) -> Result<(), ReaderError> {
        let before = self.tag(uid)?.uii.clone();
        let words_want = words(want);
        let mut now = words(&before);
        let mut changed: Vec<usize> =
            (1..words_want.len()).filter(|&i| now.get(i) != words_want.get(i)).collect();
        if before.pc != want.pc {
            changed.push(0);
        }
        for run in runs(&changed, usize::from(self.profile.write_words.max(1))) {
            let access = self.access(uid, self.profile.access_password)?;
            if let Some(tag) = self.known.tag(uid) {
                tag.trust = Trust::Torn;
            }
            let (first, end) = (run.start, run.end);
            let data = words_want.get(first..end).unwrap_or_default().as_flattened();
            self.write_some(access, Bank::Uii, PC_ADDRESS + first as u32, data)?;
            now.resize(now.len().max(end), [0; WORD_LEN]);
            for i in run {
                if let (Some(place), Some(word)) = (now.get_mut(i), words_want.get(i)) {
                    *place = *word;
                }
            }
            if let Some(tag) = self.known.tag(uid) {
                tag.uii = uii(&now);
                tag.trust = Trust::Written;
            }
        }
        Ok(())
    }
}

/// PC word and UII as they stand in bank 01.
fn words(uii: &Uii) -> Vec<[u8; WORD_LEN]> {
    let (bytes, _) = uii.bytes.as_chunks::<WORD_LEN>();
    [&[uii.pc.to_be_bytes()], bytes].concat()
}

/// The UII of these words: as many as the PC word says.
fn uii(words: &[[u8; WORD_LEN]]) -> Uii {
    let Some((pc, rest)) = words.split_first() else { return Uii::default() };
    let pc = u16::from_be_bytes(*pc);
    let len = usize::from(pc >> 11).min(rest.len());
    Uii { pc, bytes: rest.get(..len).unwrap_or_default().as_flattened().to_vec() }
}

/// Neighbours together, at most `most` in one.
fn runs(words: &[usize], most: usize) -> Vec<std::ops::Range<usize>> {
    let mut runs: Vec<std::ops::Range<usize>> = Vec::new();
    for &word in words {
        match runs.last_mut() {
            Some(run) if run.end == word && run.len() < most => run.end += 1,
            _ => runs.push(word..word + 1),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_written_together() {
        let check = |words: &[usize], most, expected: &[(usize, usize)]| {
            let found: Vec<_> = runs(words, most).iter().map(|run| (run.start, run.end)).collect();
            assert_eq!(found, expected, "{words:?}");
        };
        check(&[], 2, &[]);
        check(&[1, 2, 3, 5, 0], 2, &[(1, 3), (3, 4), (5, 6), (0, 1)]);
        check(&[1, 2, 3], 8, &[(1, 4)]);
    }

    #[test]
    fn a_shorter_pc_word_cuts_the_uii() {
        let long = Uii { pc: 0x1107, bytes: vec![1, 2, 3, 4] };
        assert_eq!(uii(&words(&long)), long);
        assert_eq!(uii(&[[0x09, 0x07], [1, 2], [3, 4]]).bytes, [1, 2]);
    }
}
