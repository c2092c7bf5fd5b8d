//! A part 3 tag's bytes, in tag order or with every 4-byte block reversed.

/// Order of bytes inside the 4-byte blocks; some writers store each block reversed
/// (rfid-data.md 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ByteOrder {
    /// As the standard has it.
    #[default]
    Straight,
    /// Every 4-byte block back to front.
    Reversed,
}

/// Bytes of a block on the tag.
pub(super) const BLOCK: usize = 4;

#[derive(Clone, Copy)]
pub(in crate::rfid::tagdata) struct View<'a> {
    memory: &'a [u8],
    order: ByteOrder,
}

impl<'a> View<'a> {
    pub(in crate::rfid::tagdata) fn new(memory: &'a [u8], order: ByteOrder) -> Self {
        Self { memory, order }
    }

    /// Bytes readable; a block not read whole cannot be reversed.
    pub(super) fn len(self) -> usize {
        match self.order {
            ByteOrder::Straight => self.memory.len(),
            ByteOrder::Reversed => self.memory.len() / BLOCK * BLOCK,
        }
    }

    /// Bytes of the tag that must be read for the first `len` of this order.
    pub(super) fn to_read(self, len: usize) -> usize {
        match self.order {
            ByteOrder::Straight => len,
            ByteOrder::Reversed => len.next_multiple_of(BLOCK),
        }
    }

    pub(super) fn get(self, at: usize) -> Option<u8> {
        if at >= self.len() {
            return None;
        }
        let at = match self.order {
            ByteOrder::Straight => at,
            ByteOrder::Reversed => at / BLOCK * BLOCK + (BLOCK - 1 - at % BLOCK),
        };
        self.memory.get(at).copied()
    }

    /// Copies from `at` into `to`; bytes past the end stay as they are.
    pub(in crate::rfid::tagdata) fn copy(self, at: usize, to: &mut [u8]) {
        for (byte, at) in to.iter_mut().zip(at..) {
            if let Some(read) = self.get(at) {
                *byte = read;
            }
        }
    }
}

/// Turns a tag's image from one order into the other.
pub(super) fn reverse_blocks(memory: &mut [u8]) {
    memory.chunks_exact_mut(BLOCK).for_each(<[u8]>::reverse);
}
