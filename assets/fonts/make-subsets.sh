#!/bin/sh
# Makes the embedded subsets from Debian's fonts-noto-cjk and fonts-noto-cjk-extra with fonttools (pyftsubset).
# GB 2312, ASCII, Latin-1, Latin Extended-A and general punctuation; face 2 of the collection is "Noto Sans CJK SC".
set -eu
here=$(cd "$(dirname "$0")" && pwd)
from=${1:-/usr/share/fonts/opentype/noto}
set=$(mktemp)
python3 - >"$set" <<'PY'
chars = set(chr(c) for c in list(range(0x20, 0x7F)) + list(range(0xA0, 0x180)) + list(range(0x2010, 0x2040)))
for hi in range(0xA1, 0xF8):
    for lo in range(0xA1, 0xFF):
        try:
            chars.add(bytes([hi, lo]).decode("gb2312"))
        except UnicodeDecodeError:
            pass
chars.update("￥¥€·…—“”‘’〓□→←↑↓✓✕•")
print("".join(sorted(chars)))
PY
for weight in Regular Bold; do
  pyftsubset "$from/NotoSansCJK-$weight.ttc" --font-number=2 --text-file="$set" \
    --output-file="$here/NotoSansCJKsc-$weight-subset.otf" --layout-features='kern,liga,vert' --no-hinting
done
rm -f "$set"
# Digits of the count, in the heaviest weight; its family name is "Noto Sans CJK SC Black".
pyftsubset "$from/NotoSansCJK-Black.ttc" --font-number=2 --text="0123456789" \
  --output-file="$here/NotoSansCJKsc-Black-digits.otf" --layout-features='kern' --no-hinting
# Latin titles lying on the workbench's spines, and the font of last resort of `screens::fonts`.
pyftsubset "$from/NotoSansCJK-Bold.ttc" --font-number=2 --unicodes=U+20-7E,U+A0-17F,U+2018-201D,U+2026 \
  --output-file="$here/NotoSansCJKsc-Bold-latin.otf" --layout-features='kern' --no-hinting
