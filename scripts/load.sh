#!/bin/sh
# Large inputs, whose results are known: right counts, time and memory.
#
# usage: scripts/load.sh [--scale X] [BUILD [CASE...]]
#
#   scripts/load.sh                            all of them with build-test/: half an hour or more, 20 GB of memory
#   scripts/load.sh --scale 0.001 build        all, a thousandth of each
#   scripts/load.sh build frames beyond        only these cases
#
#   frames                10^9 frames through a pipe
#   beyond                2^32 empty frames through a pipe, and a small capture behind them
#   conversations-10M, -50M, -100M, and the first two with -without-verdicts: as many conversations of one frame
#   files                 100,000 files of one frame, as one capture
#   interfaces            a pcapng with 10^6 interfaces
#
# BUILD: a build with tracegen (the option bench). Ends with 0 only when all counts are right.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

help_if_asked "$@"
exec_measured load "$@"
