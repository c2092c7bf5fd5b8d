#!/bin/sh
# Lets a foreign SIP2 server judge a whole station: pysip2 0.1.0, with and without error detection,
# killed between doing and saying.
#
#   tests/judges/sip2_judge.sh [WORKDIR]
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

(cd "$root" && cargo build -q -p tests --bin e2e-jiehuan)
if [ ! -x "$work/venv-sip2/bin/python" ]; then
  python3 -m venv "$work/venv-sip2" || exit 2
fi
"$work/venv-sip2/bin/pip" install -q "pysip2==0.1.0" "anyio==4.16.0" || exit 2

failed=0
"$work/venv-sip2/bin/python" "$root/tests/judges/sip2_judge.py" \
  --jiehuan "$target/debug/e2e-jiehuan" --work "$work" || failed=1
if [ "$failed" -eq 0 ]; then echo "sip2 judge: all agree"; else echo "sip2 judge: DISAGREEMENT"; fi
exit "$failed"
