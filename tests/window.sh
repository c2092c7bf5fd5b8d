#!/usr/bin/env bash
# The real window under Xvfb: a person clicks a card, lays three books, finishes and prints. What
# is judged is the paper: it can only list three titles if the library said yes, the tags read
# back released, and the printer confirmed.
#   tests/window.sh [PROGRAM] [PICTURES_DIR]     default: target/debug/jiehuan, no pictures kept
# Needs xvfb, xdotool, imagemagick and the X11 client libraries winit loads.
set -euo pipefail
cd "$(dirname "$0")/.."
program=${1:-target/debug/jiehuan}
keep=${2:-}
[ -x "$program" ] || cargo build -p kiosk
work=$(mktemp -d)
pids=()
finish() { for p in "${pids[@]}"; do kill "$p" 2>/dev/null || true; done; rm -rf "$work"; }
trap finish EXIT
fail() { printf 'window: %s\n' "$1" >&2; sed 's/^/  program: /' "$work/log" >&2 || true; exit 1; }

# Any free display number; Xvfb says which.
Xvfb -displayfd 3 -screen 0 1700x1000x24 3>"$work/display" >/dev/null 2>&1 &
pids+=($!)
until_true() { # seconds what command...
  local until=$((SECONDS + $1)) what=$2; shift 2
  until "$@"; do [ "$SECONDS" -lt "$until" ] || fail "waited for $what"; read -rt 0.1 <> <(:) || true; done
}
until_true 20 "the display" test -s "$work/display"
DISPLAY=:$(cat "$work/display"); export DISPLAY

"$program" demo --out "$work/out" >"$work/log" 2>&1 &
pids+=($!)
window() { id=$(xdotool search --name '^Jiehuan Workbench$' 2>/dev/null | tail -n 1); [ -n "$id" ]; }
until_true 60 "the window" window
# A window has a name before it can be pictured.
shoot() { import -silent -window "$id" -crop "$1" +repage "$work/look.png" 2>/dev/null; }
look() { until_true 20 "a picture of the window" shoot "$1"; md5sum <"$work/look.png"; }
# The same picture for two seconds, and another than before.
still() { # region seconds before
  local before=$3 now same=0
  local until=$((SECONDS + $2))
  now=$(look "$1")
  while :; do
    read -rt 0.25 <> <(:) || true
    local next; next=$(look "$1")
    if [ "$next" = "$now" ]; then same=$((same + 1)); else same=0; now=$next; fi
    if [ "$same" -ge 8 ] && [ "$now" != "$before" ]; then return 0; fi
    [ "$SECONDS" -lt "$until" ] || fail "the window does not come to rest"
  done
}
click() { xdotool mousemove --window "$id" "$1" "$2" click 1; }
picture() { [ -z "$keep" ] || { mkdir -p "$keep"; import -silent -window "$id" "$keep/$1.png"; }; }

head=250x70+45+45 button=200x60+280+752
still "$head" 60 none; picture 1-attract
before=$(look "$head"); click 594 153; still "$head" 20 "$before"
before=$(look "$button")
for x in 559 605 651; do click "$x" 360; done
still "$button" 40 "$before"; picture 2-borrow
before=$(look "$head"); click 370 781; still "$head" 20 "$before"; picture 3-count
before=$(look "$head"); click 394 242; still "$head" 20 "$before"; picture 4-finish
click 125 502
receipt="$work/out/receipts/0001.txt"
until_true 30 "the receipt" test -s "$receipt"
lines=$(grep -c '20[0-9][0-9]-[01][0-9]-[0-3][0-9]$' "$receipt" || true)
for title in '三体' '小王子' '平凡的世界'; do grep -q "$title" "$receipt" || fail "$title is not on the receipt"; done
[ "$lines" -ge 3 ] || fail "the receipt has $lines due dates"
! grep -q '张三\|0200001234' "$receipt" || fail "the receipt names the reader"
picture 5-receipt
kill -0 "${pids[1]}" || fail "the program ended"
echo "window: three books borrowed, the receipt has them"
