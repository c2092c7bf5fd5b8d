//! A receipt printer: answers status questions, prints while it has paper and power, and says when
//! a slip has come out. It can run out of paper or die in the middle of one.

/// A slip on paper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    /// The id its end marker carried.
    pub id: [u8; 4],
    /// Every byte that was printed.
    pub bytes: Vec<u8>,
}

/// The printer.
#[derive(Debug, Default)]
pub struct Paper {
    /// Slips that came out whole.
    pub slips: Vec<Slip>,
    /// No paper.
    pub out: bool,
    /// Its link breaks after so many more printed bytes.
    pub dies_after: Option<usize>,
    /// No link can be opened.
    pub gone: bool,
    /// Takes bytes and says nothing.
    pub silent: bool,
    /// Received, not printed.
    buffer: Vec<u8>,
    /// Printed of the slip in hand.
    printed: Vec<u8>,
    asb: bool,
}

/// What came of bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Bytes it answers.
    pub answer: Vec<u8>,
    /// The link broke.
    pub broke: bool,
}

const MARKER: [u8; 7] = [0x1D, 0x28, 0x48, 0x06, 0x00, 0x30, 0x30];

impl Paper {
    /// Bytes of a slip that is not whole.
    #[must_use]
    pub fn partial(&self) -> &[u8] {
        &self.printed
    }

    /// Takes bytes from the link.
    pub fn receive(&mut self, bytes: &[u8]) -> Heard {
        let mut heard = Heard::default();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at..] {
                [0x10, 0x04, n @ 1..=4, ..] => {
                    heard.answer.push(self.status(n));
                    at += 3;
                }
                [0x10, 0x05, 2, ..] => {
                    self.buffer.clear();
                    self.printed.clear();
                    at += 3;
                }
                [0x1D, 0x61, n, ..] => {
                    self.asb = n != 0;
                    heard.answer.extend(self.automatic());
                    at += 3;
                }
                [byte, ..] => {
                    self.buffer.push(byte);
                    at += 1;
                }
                [] => break,
            }
        }
        self.print(&mut heard);
        if self.silent {
            heard.answer.clear();
        }
        heard
    }

    /// Paper in, or out; what it says by itself.
    pub fn set_out(&mut self, out: bool) -> Heard {
        self.out = out;
        let mut heard = Heard::default();
        if self.asb {
            heard.answer.extend(self.automatic());
        }
        self.print(&mut heard);
        heard
    }

    /// Power off and on: what was in the buffer is gone.
    pub fn reset(&mut self) {
        self.buffer.clear();
        self.printed.clear();
        self.asb = false;
    }

    fn print(&mut self, heard: &mut Heard) {
        while !self.out && !self.buffer.is_empty() {
            if self.dies_after == Some(0) {
                self.dies_after = None;
                self.reset();
                heard.broke = true;
                return;
            }
            if let Some(n) = &mut self.dies_after {
                *n -= 1;
            }
            if let Some(rest) = self.buffer.strip_prefix(&MARKER[..])
                && let Some((id, _)) = rest.split_first_chunk::<4>()
            {
                let id = *id;
                self.buffer.drain(..MARKER.len() + 4);
                let bytes = std::mem::take(&mut self.printed);
                self.slips.push(Slip { id, bytes });
                heard.answer.extend([&[0x37, 0x22][..], &id, &[0]].concat());
            } else if self.buffer.len() < MARKER.len() + 4
                && MARKER.starts_with(&self.buffer[..1])
                && self.buffer.iter().zip(MARKER).all(|(a, b)| *a == b)
            {
                // A marker that has not come whole.
                return;
            } else {
                self.printed.push(self.buffer.remove(0));
            }
        }
    }

    fn status(&self, n: u8) -> u8 {
        let bit = |on: bool, mask: u8| if on { mask } else { 0 };
        0x12 | match n {
            1 => 0x04 | bit(self.out, 0x08),
            2 => bit(self.out, 0x20),
            3 => 0,
            _ => bit(self.out, 0x60),
        }
    }

    fn automatic(&self) -> [u8; 4] {
        let bit = |on: bool, mask: u8| if on { mask } else { 0 };
        [0x10 | bit(self.out, 0x08), 0, bit(self.out, 0x0F), 0]
    }
}
