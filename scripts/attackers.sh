#!/bin/sh
# What attackers would send: processor time a frame, peak memory, and what it is counted as.
#
# usage: scripts/attackers.sh [--scale X] [BUILD [CASE...]]
#
#   scripts/attackers.sh                           all of it with build-test/: some minutes
#   scripts/attackers.sh --scale 0.01 build        a hundredth of the frames
#   scripts/attackers.sh build collisions floods   only these
#
# Cases: collisions, floods, tunnels, tunnels-60, icmp, extension-headers, tcp-options, hop-by-hop, first-fragments,
# large-fragments, overlapping, backwards, completed, bomb-gzip, bomb-zstd, windows. docs/security.md has the table of a dated run.
# Ends with 0 only when each is within its limits.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
scale=1
if [ "${1-}" = --scale ]; then
  scale=${2:?a factor}
  shift 2
fi
build=${1:-$root/build-test}
[ $# -eq 0 ] || shift
[ -x "$build/bench/tracegen" ] || fail "$build has no bench/tracegen; see scripts/test.sh"
exec python3 "$root/scripts/attackers.py" --scale "$scale" "$build" "$@"
