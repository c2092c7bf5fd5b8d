#!/bin/sh
# Lets two foreign programs judge the PN532 simulator over a pty: nfcpy 1.0.4, and libnfc's nfc-list
# where it is installed (Debian package libnfc-bin).
#
#   tests/judges/pn532_judge.sh [WORKDIR]
#
# Needs python3 with venv and a package registry. Builds what it needs with cargo.
# Exit status: 0 all agree, 1 a disagreement, 2 a tool could not be installed.
set -eu
export PYTHONDONTWRITEBYTECODE=1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

(cd "$root" && cargo build -q -p drivers --features sim --bin jiehuan-sim)
if [ ! -x "$work/venv-nfc/bin/python" ]; then
  python3 -m venv "$work/venv-nfc" || exit 2
fi
"$work/venv-nfc/bin/pip" install -q "nfcpy==1.0.4" "pyserial==3.5" || exit 2

failed=0
"$work/venv-nfc/bin/python" "$root/tests/judges/pn532_judge.py" \
  --sim "$target/debug/jiehuan-sim" --work "$work" || failed=1
if [ "$failed" -eq 0 ]; then echo "pn532 judge: all agree"; else echo "pn532 judge: DISAGREEMENT"; fi
exit "$failed"
