#!/bin/sh
# Lets two foreign programs judge the receipt printer: python-escpos 3.1 and receiptio 2.1.2.
#
#   tests/judges/escpos_judge.sh [WORKDIR]
#
# Needs python3 with venv, node with npm, and package registries. Builds what it needs with cargo.
# Exit status: 0 all agree, 1 a disagreement, 2 a tool could not be installed.
set -eu
export PYTHONDONTWRITEBYTECODE=1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=${1:-$(mktemp -d)}
mkdir -p "$work"
work=$(cd "$work" && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

(cd "$root" && cargo build -q -p drivers --features sim --bin jiehuan-sim --example sample_slip)
sim=$target/debug/jiehuan-sim
sample=$target/debug/examples/sample_slip

if [ ! -x "$work/venv/bin/python" ]; then
  python3 -m venv "$work/venv" || exit 2
fi
"$work/venv/bin/pip" install -q "python-escpos==3.1" "zxing-cpp==2.3.0" || exit 2
if [ ! -d "$work/node_modules/receiptio" ]; then
  (cd "$work" && npm install --silent --no-audit --no-fund --omit=optional --ignore-scripts \
    "receiptio@2.1.2" "receiptline@4.0.4") || exit 2
fi

failed=0
"$work/venv/bin/python" "$root/tests/judges/escpos_judge.py" --sample "$sample" --sim "$sim" --work "$work" ||
  failed=1
"$work/venv/bin/python" "$root/tests/judges/receiptio_judge.py" --sim "$sim" --work "$work" || failed=1

if [ "$failed" -eq 0 ]; then echo "escpos judge: all agree"; else echo "escpos judge: DISAGREEMENT"; fi
exit "$failed"
