//! The simulated printer's own CODE128: data bytes of GS k to bars. Written apart from the driver's
//! drawing, from the width table of ISO/IEC 15417, so that a mistake in one shows.

/// Element widths of symbol values 0 to 105 (bar, space, bar, space, bar, space).
const WIDTHS: &str = "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 \
221312 231212 112232 122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 \
312131 311222 321122 321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 \
112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 \
211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 \
431111 111224 111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 \
241211 221114 413111 241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 \
421211 212141 214121 412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 \
311141 411131 211412 211214 211232";
const STOP: &str = "2331112";

/// The bars of GS k m = 49h data (`{A`, `{B`, `{C` and escapes), or `None` when a printer would
/// print nothing. Elements alternate bar and space, widths in modules; then the shown text.
pub(super) fn code128(data: &[u8]) -> Option<(Vec<u8>, String)> {
    let mut values = Vec::new();
    let mut shown = String::new();
    let mut set = 0;
    let mut at = 0;
    while at < data.len() {
        let byte = data[at];
        if byte == b'{' {
            let code = *data.get(at + 1)?;
            at += 2;
            match (code, values.is_empty()) {
                (b'A'..=b'C', true) => values.push(u32::from(103 + code - b'A')),
                (b'A', false) => values.push(101),
                (b'B', false) => values.push(100),
                (b'C', false) => values.push(99),
                (b'{', false) if set == b'B' => {
                    values.push(u32::from(b'{' - 0x20));
                    shown.push('{');
                    continue;
                }
                _ => return None,
            }
            set = code;
            continue;
        }
        at += 1;
        match set {
            b'A' if byte < 0x60 => {
                values.push(u32::from(if byte < 0x20 { byte + 64 } else { byte - 0x20 }));
                shown.push(char::from(byte.max(0x20)));
            }
            b'B' if (0x20..0x80).contains(&byte) => {
                values.push(u32::from(byte - 0x20));
                shown.push(char::from(byte));
            }
            b'C' if byte < 100 => {
                values.push(u32::from(byte));
                shown.push_str(&format!("{byte:02}"));
            }
            _ => return None,
        }
    }
    let first = *values.first()?;
    let weighted: u32 = (1..).zip(&values[1..]).map(|(weight, value)| weight * value).sum();
    values.push((first + weighted) % 103);
    let table: Vec<&str> = WIDTHS.split_whitespace().collect();
    let mut widths: Vec<u8> = Vec::new();
    for value in values {
        widths.extend(table.get(usize::try_from(value).ok()?)?.bytes().map(|w| w - b'0'));
    }
    widths.extend(STOP.bytes().map(|w| w - b'0'));
    Some((widths, shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_drivers_drawing_and_this_one_agree() {
        for text in ["YZ0001234", "a{b}~ !", "A"] {
            let (widths, shown) =
                code128(format!("{{B{}", text.replace('{', "{{")).as_bytes()).expect("printable");
            assert_eq!(shown, text);
            let mut bars = Vec::new();
            for (at, width) in widths.iter().enumerate() {
                bars.extend((0..*width).map(|_| at % 2 == 0));
            }
            assert_eq!(bars, crate::printer::code128::modules(text).unwrap());
        }
        let (widths, shown) = code128(&[b'{', b'C', 12, 34]).unwrap();
        assert_eq!(shown, "1234");
        let bars: u32 = widths.iter().map(|w| u32::from(*w)).sum();
        assert_eq!(bars as usize, crate::printer::code128::modules("1234").unwrap().len());
    }

    #[test]
    fn content_a_printer_refuses() {
        for data in [&b""[..], b"YZ1", b"{", b"{BYZ\x01", b"{Z1"] {
            assert_eq!(code128(data), None, "{data:02X?}");
        }
    }
}
