#!/bin/sh
# Runs every fuzz target for so many seconds, from its seeds. Used by CI; see README.md.
#
#   tests/fuzz/run.sh SECONDS [TARGET ...]
#
# Exit code: 0 when nothing was found, 1 when a target found something (its input is in
# artifacts/), 2 for a wrong call or a failed build.
set -u

# Longest time one input may take, in seconds, and most memory, in MiB.
TIMEOUT_S=10
RSS_MIB=2048

case "${1:-}" in
'' | *[!0-9]* | 0)
    echo "usage: $0 SECONDS [TARGET ...]" >&2
    exit 2
    ;;
esac
seconds=$1
shift

cd "$(dirname "$0")" || exit 2
# The stable compiler accepts the sanitizer's flags only so.
export RUSTC_BOOTSTRAP=1
if ! command -v cargo-fuzz >/dev/null; then
    cargo install --locked cargo-fuzz || exit 2
fi
cargo fuzz build --fuzz-dir . || exit 2
if [ $# -eq 0 ]; then
    # One target a line, names without blanks.
    # shellcheck disable=SC2046
    set -- $(cargo fuzz list --fuzz-dir .)
fi

# Two at a time: each target keeps one core busy.
JOBS=${FUZZ_JOBS:-2}
logs=$(mktemp -d) || exit 2
trap 'rm -rf "$logs"' EXIT

fuzz_one() {
    target=$1
    # The most a tag can have; texts and streams find all they can in less.
    case "$target" in
    tag_*) max_len=8192 ;;
    *) max_len=4096 ;;
    esac
    mkdir -p "corpus/$target"
    # What is new goes into corpus/, never into the seeds.
    if cargo fuzz run --fuzz-dir . "$target" "corpus/$target" "seeds/$target" -- \
        -max_total_time="$seconds" -timeout="$TIMEOUT_S" -rss_limit_mb="$RSS_MIB" \
        -max_len="$max_len" -print_final_stats=1 >"$logs/$target" 2>&1; then
        executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$logs/$target")
        echo "== $target: $seconds s, ${executions:-?} executions, nothing found"
    else
        echo "== $target: FOUND SOMETHING"
        tail -n 60 "$logs/$target"
        touch "$logs/found"
    fi
}

running=0
for target in "$@"; do
    fuzz_one "$target" &
    running=$((running + 1))
    if [ "$running" -ge "$JOBS" ]; then
        wait
        running=0
    fi
done
wait
[ ! -e "$logs/found" ]
