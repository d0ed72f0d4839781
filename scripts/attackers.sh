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
exec_measured attackers "$@"
