//! Splits a byte stream into messages (sip2.md section 1, "Terminator", "Length", "TCP").

/// Longest message accepted, in bytes. Item lists exceed 1 KiB easily; sip2.md section 1 asks for
/// at least 64 KiB.
pub const FRAME_MAX: usize = 64 * 1024;

/// A line that is no message because it never ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("message longer than {FRAME_MAX} bytes without a terminator; skipping to the next one")]
pub struct FrameError;

/// An incremental splitter. CR, LF and CRLF all end a message; empty lines are dropped, which also
/// takes care of a leading LF.
///
/// Call [`Framer::next_line`] until it gives `None` after every [`Framer::push`]: then never more
/// than one unfinished message and one pushed piece are held.
#[derive(Debug, Default)]
pub struct Framer {
    buffer: Vec<u8>,
    /// Start of the unfinished line.
    start: usize,
    /// Bytes of `buffer` known to hold no terminator after `start`.
    scanned: usize,
    /// Whether the rest of an over-long line is being dropped.
    skipping: bool,
    /// Whether empty lines are given too.
    empty: bool,
}

impl Framer {
    /// An empty splitter.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that gives empty lines too, for a server that answers them.
    #[must_use]
    pub fn with_empty_lines() -> Self {
        Self { empty: true, ..Self::default() }
    }

    /// Takes bytes from the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The next whole message without its terminator, or `None` until more bytes come.
    ///
    /// # Errors
    /// [`FrameError`] once per over-long line; the line after it is read again.
    pub fn next_line(&mut self) -> Option<Result<&[u8], FrameError>> {
        loop {
            let Some(found) = self.find_terminator() else { return self.unfinished() };
            let line = self.start..found;
            self.start = found + 1;
            self.scanned = self.start;
            if std::mem::take(&mut self.skipping) || line.is_empty() && !self.empty {
                continue;
            }
            if line.len() > FRAME_MAX {
                return Some(Err(FrameError));
            }
            return Some(Ok(&self.buffer[line]));
        }
    }

    /// Forgets everything held, as after a lost connection.
    pub fn clear(&mut self) {
        *self = Self { empty: self.empty, ..Self::default() };
    }

    /// Bytes of an unfinished message held.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len() - self.start
    }

    fn find_terminator(&mut self) -> Option<usize> {
        let found = self.buffer[self.scanned..].iter().position(|b| matches!(b, b'\r' | b'\n'));
        let found = found.map(|at| self.scanned + at);
        self.scanned = found.unwrap_or(self.buffer.len());
        found
    }

    fn unfinished(&mut self) -> Option<Result<&[u8], FrameError>> {
        if self.skipping {
            self.start = self.buffer.len();
        } else if self.pending() > FRAME_MAX {
            self.skipping = true;
            self.start = self.buffer.len();
            return Some(Err(FrameError));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<Result<Vec<u8>, FrameError>> {
        let mut framer = Framer::new();
        let mut out = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(line) = framer.next_line() {
                out.push(line.map(<[u8]>::to_vec));
            }
        }
        out
    }

    #[test]
    fn every_line_end_is_understood() {
        let stream = b"\n941\r\n96\n97\r\r\n\r941\r";
        let whole = lines(&[stream]);
        assert_eq!(whole.len(), 4, "{whole:?}");
        assert_eq!(whole[3].as_deref(), Ok(&b"941"[..]));
        for cut in 0..stream.len() {
            assert_eq!(lines(&[&stream[..cut], &stream[cut..]]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = stream.chunks(1).collect();
        assert_eq!(lines(&bytes), whole);
    }

    #[test]
    fn empty_lines_are_given_where_they_are_wanted() {
        let mut framer = Framer::with_empty_lines();
        framer.push(b"\r941\r\n");
        let mut lines = Vec::new();
        while let Some(line) = framer.next_line() {
            lines.push(line.map(<[u8]>::to_vec));
        }
        assert_eq!(lines, [Ok(vec![]), Ok(b"941".to_vec()), Ok(vec![])]);
    }

    #[test]
    fn an_endless_line_is_dropped_and_the_next_read() {
        let long = vec![b'x'; FRAME_MAX + 1];
        let out = lines(&[&long, &long, b"tail\r941\r"]);
        assert_eq!(out, [Err(FrameError), Ok(b"941".to_vec())]);
        let out = lines(&[&[&long[..], b"\r941\r"].concat()]);
        assert_eq!(out, [Err(FrameError), Ok(b"941".to_vec())]);
        let fits = [&long[..FRAME_MAX], b"\r"].concat();
        assert_eq!(lines(&[&fits]), [Ok(long[..FRAME_MAX].to_vec())]);
    }

    #[test]
    fn an_endless_line_is_not_held() {
        let mut framer = Framer::new();
        for _ in 0..100 {
            framer.push(&[b'x'; 4096]);
            while framer.next_line().is_some() {}
            assert!(framer.pending() <= FRAME_MAX);
        }
    }
}
