//! Reading and writing codes of a few bits, most significant bit first.

/// Takes codes of up to 8 bits off a byte string.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() * 8 - self.at
    }

    /// The next `width` (1..=8) bits, or `None` when fewer are left.
    pub(super) fn take(&mut self, width: usize) -> Option<u8> {
        if self.left() < width {
            return None;
        }
        let byte = self.at / 8;
        let next = self.bytes.get(byte + 1).copied().unwrap_or(0);
        let pair = u16::from_be_bytes([self.bytes[byte], next]);
        let code = (pair << (self.at % 8)) >> (16 - width);
        self.at += width;
        u8::try_from(code).ok()
    }

    /// Whether every bit left is 1; true when none is left.
    pub(super) fn only_ones_left(&self) -> bool {
        let byte = self.at / 8;
        let Some((&first, rest)) = self.bytes.get(byte..).and_then(<[u8]>::split_first) else {
            return true;
        };
        first | !(0xFF >> (self.at % 8)) == 0xFF && rest.iter().all(|&b| b == 0xFF)
    }

    /// Whether every bit left is 0; true when none is left.
    pub(super) fn only_zeros_left(&self) -> bool {
        let byte = self.at / 8;
        let Some((&first, rest)) = self.bytes.get(byte..).and_then(<[u8]>::split_first) else {
            return true;
        };
        first & (0xFF >> (self.at % 8)) == 0 && rest.iter().all(|&b| b == 0)
    }
}

/// Packs codes of up to 8 bits.
#[derive(Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    bits: usize,
}

impl BitWriter {
    pub(super) fn put(&mut self, code: u8, width: usize) {
        for bit in (0..width).rev() {
            if self.bits.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if code >> bit & 1 == 1
                && let Some(last) = self.bytes.last_mut()
            {
                *last |= 0x80 >> (self.bits % 8);
            }
            self.bits += 1;
        }
    }

    /// Completes the last byte with the first bits of `fill`, as many as fit.
    pub(super) fn finish(mut self, fill: u8) -> Vec<u8> {
        let used = self.bits % 8;
        if used > 0
            && let Some(last) = self.bytes.last_mut()
        {
            *last |= fill >> used;
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_as_written() {
        for width in 1..=8 {
            let codes: Vec<u8> =
                (0..20_u8).map(|i| i.wrapping_mul(37) & (0xFF >> (8 - width))).collect();
            let mut writer = BitWriter::default();
            codes.iter().for_each(|&code| writer.put(code, width));
            let bytes = writer.finish(0xFF);
            let mut reader = BitReader::new(&bytes);
            for &code in &codes {
                assert_eq!(reader.take(width), Some(code));
            }
            assert!(reader.only_ones_left());
        }
    }

    #[test]
    fn the_rest_is_told_apart() {
        let mut reader = BitReader::new(&[0b1010_0000, 0]);
        assert!(!reader.only_zeros_left());
        reader.take(3);
        assert!(reader.only_zeros_left() && !reader.only_ones_left());
        assert_eq!(reader.take(8), Some(0));
        assert_eq!(reader.take(6), None);
    }
}
